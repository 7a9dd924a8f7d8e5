/* SPDX-License-Identifier: BSD-2-Clause */
/* Things by number: handles that are given and given again. */
#ifndef RVL_SA_XFRM_TABLE_H
#define RVL_SA_XFRM_TABLE_H

#include <errno.h>

#include "host/esp/grow.h"
#include "host/sa/indices.h"

/* Zeroed, but for indices.most, before it is used. */
struct xfrm_table {
	struct rvl_indices indices;
	void **list;
	size_t room; /* numbers that may be in use are below it */
};

static inline void *xfrm_table_at(const struct xfrm_table *table, uint32_t number)
{
	return number < table->room ? table->list[number] : NULL;
}

/* -ENOSPC or -ENOMEM: it isn't in. */
static inline int xfrm_table_add(struct xfrm_table *table, void *thing, uint32_t *number)
{
	int err = rvl_indices_take(&table->indices, number);
	void **grown;

	if (err)
		return err;
	grown = rvl_grow(table->list, &table->room, *number, sizeof(*table->list));
	if (!grown) {
		rvl_indices_give(&table->indices, *number);
		return -ENOMEM;
	}
	table->list = grown;
	table->list[*number] = thing;
	return 0;
}

static inline void xfrm_table_remove(struct xfrm_table *table, uint32_t number)
{
	table->list[number] = NULL;
	rvl_indices_give(&table->indices, number);
}

static inline void xfrm_table_free(struct xfrm_table *table)
{
	rvl_indices_free(&table->indices);
	free(table->list);
}

#endif
