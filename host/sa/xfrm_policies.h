/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A data path's policies as rules of the kernel. In front of each lie rules for what is connected
 * to the host (host/sa/inbound.h says when it is exempt): before all that the policy has, and
 * behind all that is narrower than it. Not so where a scope says which packets it is about: those
 * were sent its way on purpose, as by a route into an XFRM interface, whose own network is
 * connected, too.
 */
#ifndef RVL_SA_XFRM_POLICIES_H
#define RVL_SA_XFRM_POLICIES_H

#include "host/sa/inbound.h"
#include "host/sa/xfrm_leftovers.h"
#include "host/sa/xfrm_rule.h"

struct xfrm_policies;

/* At most so many. What is given stays the caller's. NULL without memory. */
struct xfrm_policies *xfrm_policies_new(struct xfrm_netlink *netlink, struct xfrm_tags *tags,
					struct xfrm_leftovers *leftovers, uint32_t most);

/* What discards stays in the kernel, and all else goes. NULL is fine. */
void xfrm_policies_free(struct xfrm_policies *policies);

/* As the backend's policy_set and policy_clear. With RVL_PROTECT: the state that it leads to, and
 * the interface whose NIC does that; 0: none. */
int xfrm_policies_set(struct xfrm_policies *policies, const struct rvl_policy *policy,
		      const struct rvl_scopes *scopes, const struct xfrm_state *state,
		      unsigned int ifindex, uint32_t *index, struct rvl_backend_error *error);
int xfrm_policies_clear(struct xfrm_policies *policies, uint32_t index,
			struct rvl_backend_error *error);

/*
 * The NIC of this interface is to protect these flows: what passes in clear and lies within one of
 * them must pass it, too, for it judges by itself. From then on that goes for what is set later, as
 * long as a policy leads to it. -errno with *error set: it doesn't take all of it.
 */
int xfrm_policies_pass(struct xfrm_policies *policies, const struct rvl_selectors *flows,
		       unsigned int ifindex, struct rvl_backend_error *error);

/* As the backend's. */
int xfrm_policies_set_local(struct xfrm_policies *policies, const struct rvl_local *local,
			    struct rvl_backend_error *error);

/* Somebody may have taken them away: they are set again. -errno, the first one: some are not. */
int xfrm_policies_restore(struct xfrm_policies *policies);

#endif
