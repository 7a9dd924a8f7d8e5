/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What closes in the kernel and is nobody's any more: block policies of a backend that has ended,
 * however it did. They stand until they are set again by somebody, or released.
 */
#ifndef RVL_SA_XFRM_LEFTOVERS_H
#define RVL_SA_XFRM_LEFTOVERS_H

#include "host/sa/xfrm_rule.h"

struct xfrm_leftovers;

/*
 * The right to be the only one in this network namespace: a descriptor, which gives it up when it
 * is closed; -EALREADY when somebody has it, or -errno.
 */
int xfrm_leftovers_lock(void);

/*
 * Take over all that there is: what lets something out without an SA goes, all else blocks, and
 * states go. Tags of rules from *tag on are free. 0 or -errno.
 */
int xfrm_leftovers_take(struct xfrm_netlink *netlink, struct xfrm_leftovers **leftovers,
			uint32_t *tag);

/* They stay in the kernel. NULL is fine. */
void xfrm_leftovers_free(struct xfrm_leftovers *leftovers);

/* A rule has been set that does what some of them do: those go. */
void xfrm_leftovers_replace(struct xfrm_leftovers *leftovers, const struct xfrm_rule *rule);

/* Somebody may have taken them away: they are set again. -errno, the first one: some are not. */
int xfrm_leftovers_restore(struct xfrm_leftovers *leftovers);

/* Remove them; told() hears of each. 0 or -errno. */
int xfrm_leftovers_release(struct xfrm_leftovers *leftovers, rvl_backend_told_fn *told,
			   void *context);

#endif
