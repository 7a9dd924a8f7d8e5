/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an SA was made with, keys and all, in no more memory than it takes: most of a record is zero
 * for most SAs.
 */
#ifndef RVL_ESP_KEPT_H
#define RVL_ESP_KEPT_H

#include "host/esp/params.h"

struct rvl_sa_kept;

/* A copy to keep; NULL without memory. */
struct rvl_sa_kept *rvl_sa_keep(const struct rvl_sa_params *params);

/* What was kept. The caller cleanses its keys. */
void rvl_sa_kept(const struct rvl_sa_kept *kept, struct rvl_sa_params *params);

/* Cleanses the keys. NULL is fine. */
void rvl_sa_kept_free(struct rvl_sa_kept *kept);

#endif
