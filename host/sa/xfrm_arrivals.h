/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What may arrive on inbound SAs, as rules of the kernel: one for each selector that SAs have. The
 * kernel takes a packet of a selector from the SAs of one reqid, which are those that take each
 * other's place: of others that have it too, the newest ones'.
 */
#ifndef RVL_SA_XFRM_ARRIVALS_H
#define RVL_SA_XFRM_ARRIVALS_H

#include "host/sa/xfrm_rule.h"

struct xfrm_arrivals;
struct xfrm_claim;

/* What one SA has of them. The first three are set before it is added. */
struct xfrm_claims {
	struct xfrm_state state;
	unsigned int ifindex; /* whose NIC has it; 0: none */
	struct rvl_scopes scopes;
	size_t count;
	struct xfrm_claim *list;
};

/* What is given stays the caller's. NULL without memory. */
struct xfrm_arrivals *xfrm_arrivals_new(struct xfrm_netlink *netlink, struct xfrm_tags *tags);

/* All claims are dropped by now. NULL is fine. */
void xfrm_arrivals_free(struct xfrm_arrivals *arrivals);

/* Take these from the SA of the claims, which stay where they are. -errno with *error set: it has
 * none. */
int xfrm_arrivals_add(struct xfrm_arrivals *arrivals, struct xfrm_claims *claims,
		      const struct rvl_selectors *selectors, struct rvl_backend_error *error);

/* -errno with *error set: some policy stays in the kernel. */
int xfrm_arrivals_drop(struct xfrm_arrivals *arrivals, struct xfrm_claims *claims,
		       struct rvl_backend_error *error);

/* While it is shut nothing arrives on SAs of this reqid. Rules that are theirs go, and come back.
 * -errno with *error set: some of them aren't as they should be. */
int xfrm_arrivals_shut(struct xfrm_arrivals *arrivals, uint32_t reqid, bool shut,
		       struct rvl_backend_error *error);

/* Somebody may have taken them away: they are set again. -errno, the first one: some are not. */
int xfrm_arrivals_restore(struct xfrm_arrivals *arrivals);

#endif
