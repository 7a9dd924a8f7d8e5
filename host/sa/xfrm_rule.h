/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules: a policy of a data path as the kernel has it, in the directions that it is about. The
 * kernel takes ports by masks, so a range may be several policies there.
 *
 * The kernel has one policy for a selector, but compares a field of it that matches nothing (the
 * user's number): there each rule carries a tag of its own. So rules of one selector stand beside
 * each other, ordered by priority, each is changed in one step, what a device takes with it when it
 * goes down leaves those beneath it, and all of ours are found again, whoever made them.
 */
#ifndef RVL_SA_XFRM_RULE_H
#define RVL_SA_XFRM_RULE_H

#include "host/sa/backend.h"
#include "host/sa/indices.h"
#include "host/sa/xfrm_state.h"

#define XFRM_RULE_TAGS (1u << 24)
#define XFRM_RULE_PRIORITIES (1u << 20)

/* Directions, as bits: 1 << XFRM_POLICY_*. */
#define XFRM_RULE_OUT (1u << XFRM_POLICY_OUT)
#define XFRM_RULE_IN (1u << XFRM_POLICY_IN | 1u << XFRM_POLICY_FWD)

/* Where a rule stands among those that have to do with one priority of a data path's policies,
 * first one first. */
enum xfrm_order {
	XFRM_ORDER_EXEMPT,  /* what is connected to the host passes in clear */
	XFRM_ORDER_ARRIVAL, /* what inbound SAs have verified arrives */
	XFRM_ORDER_POLICY,  /* what the policy says */
	XFRM_ORDERS,
};

static inline uint32_t xfrm_rule_order(uint32_t priority, enum xfrm_order order)
{
	return priority * XFRM_ORDERS + order;
}

enum xfrm_rule_action { XFRM_RULE_ALLOW, XFRM_RULE_BLOCK, XFRM_RULE_PROTECT };

struct xfrm_rule {
	struct rvl_selector selector; /* seen from here, in all directions */
	struct rvl_scopes scopes;     /* of its packets */
	uint32_t tag;		      /* below XFRM_RULE_TAGS */
	uint32_t priority;	      /* below XFRM_RULE_PRIORITIES; the lowest number wins */
	unsigned int directions;
	enum xfrm_rule_action action;
	struct xfrm_state state; /* that protects; zeros: any */
	unsigned int ifindex;	 /* of the device that does it for OUT and IN; 0: none */
};

/* Which tags are in use: none below the first one is given. */
struct xfrm_tags {
	struct rvl_indices indices;
	uint32_t first;
};

/* Its tag is its own until it is given back. 0, -ENOSPC or -ENOMEM. */
int xfrm_tags_take(struct xfrm_tags *tags, struct xfrm_rule *rule);
void xfrm_tags_give(struct xfrm_tags *tags, const struct xfrm_rule *rule);

/* Set it, in the place of one with its selector and tag. -errno with *error set: some of its
 * directions may have it. */
int xfrm_rule_set(struct xfrm_netlink *netlink, const struct xfrm_rule *rule,
		  struct rvl_backend_error *error);

/* Remove it from these directions. One that isn't there is fine. 0 or -errno. */
int xfrm_rule_clear(struct xfrm_netlink *netlink, const struct xfrm_rule *rule,
		    unsigned int directions);

/* Does one policy of the kernel's say it? */
bool xfrm_rule_is_one(const struct rvl_selector *selector);

/* The selector of a rule that is one. inbound: the way back. */
void xfrm_rule_selector(const struct rvl_selector *selector, bool inbound,
			struct xfrm_selector *out);

/* Is it the selector of a rule of ours, whoever set it? */
bool xfrm_rule_is_ours(const struct xfrm_selector *selector);

/* What its scope is in a direction of the kernel's. */
const struct rvl_scope *xfrm_rule_scope(const struct xfrm_rule *rule, uint8_t direction);

/* What the kernel has of a rule: all of its policies in these directions, to the first error. */
typedef int xfrm_rule_each_fn(void *context, const struct xfrm_rule *rule,
			      const struct xfrm_selector *selector, uint8_t direction);
int xfrm_rule_each(const struct xfrm_rule *rule, unsigned int wanted, xfrm_rule_each_fn *fn,
		   void *context);

/* The kernel's policies that are ours, whoever set them. */
struct xfrm_remain {
	struct xfrm_userpolicy_info policy;
	struct rvl_scope scope;
	bool protects; /* it asks for an SA */
};

struct xfrm_remains {
	size_t count;
	size_t room;
	struct xfrm_remain *list;
};

/* Read them, to be freed also on error. 0 or -errno. */
int xfrm_remains_read(struct xfrm_netlink *netlink, struct xfrm_remains *remains);
void xfrm_remains_free(struct xfrm_remains *remains);

/* It blocks from now on; or it goes altogether. 0 or -errno. */
int xfrm_remains_close(struct xfrm_netlink *netlink, const struct xfrm_remain *remain);
int xfrm_remains_delete(struct xfrm_netlink *netlink, const struct xfrm_remain *remain);

/* The tag of its rule. */
uint32_t xfrm_remains_tag(const struct xfrm_remain *remain);

/* "block out 10.1.0.0/24 -> 10.2.0.0/24 if_id 5" */
#define XFRM_REMAINS_TEXT 208
void xfrm_remains_text(const struct xfrm_remain *remain, char text[XFRM_REMAINS_TEXT]);

#endif
