/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses that peers have given us: on the netdev, with a prefix of 32 bits, as long as a lease
 * has them. They go with the netdev if raveld dies. DNS servers that come along are asked, those
 * that lie within the networks of the peer's connection.
 */
#ifndef RVL_RAVELD_VIPS_H
#define RVL_RAVELD_VIPS_H

#include "host/ike/ike.h"
#include "host/raveld/log.h"
#include "host/raveld/resolver.h"
#include "host/raveld/routes.h"

struct vips;

/* NULL without memory. The others stay the caller's; no resolver: DNS servers aren't asked. */
struct vips *vips_new(const struct conf *conf, struct routes *routes, struct resolver *resolver,
		      const struct log *log);

/* The addresses stay until the netdev goes. NULL is fine. */
void vips_free(struct vips *vips);

/* A peer has given us what there is in it; from now on it is ours. */
void vips_take(struct vips *vips, const struct ike_leased *leased);

/* It isn't any more. */
void vips_give_back(struct vips *vips, uint64_t lease_id);

/* What came with a lease; NULL: it is none of ours. */
const struct ike_settings *vips_settings(const struct vips *vips, uint64_t lease_id);

#endif
