/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses that peers have given us: on the netdev, with a prefix of 32 bits, as long as a lease
 * has them. They go with the netdev if raveld dies.
 */
#ifndef RVL_RAVELD_VIPS_H
#define RVL_RAVELD_VIPS_H

#include "host/ike/ike.h"
#include "host/raveld/log.h"
#include "host/raveld/routes.h"

struct vips;

/* NULL without memory. The routes stay the caller's. */
struct vips *vips_new(struct routes *routes, const struct log *log);

/* The addresses stay until the netdev goes. NULL is fine. */
void vips_free(struct vips *vips);

/* A peer has given us what there is in it; from now on it is ours. */
void vips_take(struct vips *vips, const struct ike_leased *leased);

/* It isn't any more. */
void vips_give_back(struct vips *vips, uint64_t lease_id);

/* What came with a lease; NULL: it is none of ours. */
const struct ike_settings *vips_settings(const struct vips *vips, uint64_t lease_id);

#endif
