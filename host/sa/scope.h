/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scopes by number, which selectors carry: what tells flows of the same packets apart in a kernel
 * (host/esp/label.h). Number 0 is none. A number is somebody's for as long as it is held.
 */
#ifndef RVL_SA_SCOPE_H
#define RVL_SA_SCOPE_H

#include "host/esp/label.h"

struct rvl_scope_table;

/* NULL without memory. */
struct rvl_scope_table *rvl_scope_table_new(void);
void rvl_scope_table_free(struct rvl_scope_table *table);

/* The number of these, held once more. 0, -ENOSPC or -ENOMEM. */
int rvl_scope_take(struct rvl_scope_table *table, const struct rvl_scopes *scopes,
		   uint16_t *number);

void rvl_scope_hold(struct rvl_scope_table *table, uint16_t number);
void rvl_scope_drop(struct rvl_scope_table *table, uint16_t number);

/* Of one that is held. */
const struct rvl_scopes *rvl_scope_of(const struct rvl_scope_table *table, uint16_t number);

/* Call fn() with the number of each whose outbound scope it is (of zeros: also 0), until it returns
 * true: did it? It must neither take nor drop any. */
typedef bool rvl_scope_each_fn(void *context, uint16_t number);
bool rvl_scope_each(const struct rvl_scope_table *table, const struct rvl_scope *out,
		    rvl_scope_each_fn *fn, void *context);

#endif
