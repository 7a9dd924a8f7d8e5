// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/xfrm_policies.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/sa/xfrm_table.h"

/* A flow that is waited for has a template of these ends, which no packet takes. */
#define TRAP_END 0x7f000001u
#define TRAP_REQID (XFRM_REQID_OURS | 0x800000u)
#define TRAPS 0x7fffffu

struct policy {
	struct rvl_policy policy;
	struct xfrm_rule rule;
	size_t exempt_count;
	struct xfrm_rule *exempts;
};

struct xfrm_policies {
	struct xfrm_netlink *netlink;
	struct xfrm_tags *tags;
	struct xfrm_leftovers *leftovers;
	struct xfrm_table table;
	uint32_t traps; /* that were set, in turn */
	struct rvl_prefix *networks;
	size_t network_count;
	struct rvl_prefix *named;
	size_t named_count;
};

struct xfrm_policies *xfrm_policies_new(struct xfrm_netlink *netlink, struct xfrm_tags *tags,
					struct xfrm_leftovers *leftovers, uint32_t most)
{
	struct xfrm_policies *policies = calloc(1, sizeof(*policies));

	if (!policies)
		return NULL;
	policies->netlink = netlink;
	policies->tags = tags;
	policies->leftovers = leftovers;
	policies->table.indices.most = most;
	return policies;
}

/* --------------------------------------------------------------------------- what passes a NIC */

static bool share(const struct rvl_prefix *a, const struct rvl_prefix *b)
{
	return rvl_prefix_over(a, b) || rvl_prefix_over(b, a);
}

/* May a packet match both? */
static bool overlap(const struct rvl_selector *a, const struct rvl_selector *b)
{
	return share(&a->src, &b->src) && share(&a->dst, &b->dst) &&
	       (a->any_protocol || b->any_protocol || a->protocol == b->protocol);
}

/* Whose NIC protects what the selector is within; 0: none. */
static unsigned int device_for(const struct xfrm_policies *x, const struct rvl_selector *selector)
{
	for (uint32_t i = 0; i < x->table.room; i++) {
		const struct policy *p = xfrm_table_at(&x->table, i);

		if (p && p->rule.action == XFRM_RULE_PROTECT && p->rule.ifindex &&
		    overlap(&p->policy.selector, selector))
			return p->rule.ifindex;
	}
	return 0;
}

static int pass(struct xfrm_policies *x, struct xfrm_rule *rule, const struct rvl_selectors *flows,
		unsigned int ifindex, struct rvl_backend_error *error)
{
	const unsigned int before = rule->ifindex;
	bool within = false;
	int err;

	for (size_t i = 0; !within && i < flows->count; i++)
		within = overlap(&rule->selector, &flows->list[i]);
	if (!within || rule->action != XFRM_RULE_ALLOW || before == ifindex)
		return 0;
	rule->ifindex = ifindex;
	err = xfrm_rule_set(x->netlink, rule, error);
	if (err)
		rule->ifindex = before;
	return err;
}

int xfrm_policies_pass(struct xfrm_policies *x, const struct rvl_selectors *flows,
		       unsigned int ifindex, struct rvl_backend_error *error)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < x->table.room; i++) {
		struct policy *p = xfrm_table_at(&x->table, i);

		if (!p)
			continue;
		err = pass(x, &p->rule, flows, ifindex, error);
		for (size_t k = 0; !err && k < p->exempt_count; k++)
			err = pass(x, &p->exempts[k], flows, ifindex, error);
	}
	return err;
}

/* ------------------------------------------------------------------------ connected networks */

/* Does a configured network hold all of this one, and is it no wider than the connected one? */
static bool is_named(const struct xfrm_policies *x, const struct rvl_prefix *network,
		     const struct rvl_prefix *connected)
{
	for (size_t i = 0; i < x->named_count; i++)
		if (x->named[i].len >= connected->len && rvl_prefix_over(&x->named[i], network))
			return true;
	return false;
}

/* What of a policy's selector is exempt for the sake of a connected network. */
static bool exempt_by(const struct xfrm_policies *x, const struct rvl_selector *selector,
		      const struct rvl_prefix *connected, struct rvl_selector *exempt)
{
	const struct rvl_prefix *remote = &selector->dst;

	*exempt = *selector;
	if (selector->scope)
		return false;
	if (remote->len < connected->len && rvl_prefix_over(remote, connected)) {
		exempt->dst = *connected;
		return !is_named(x, connected, connected);
	}
	return rvl_prefix_over(connected, remote) && !is_named(x, remote, connected);
}

static void clear_exempts(struct xfrm_policies *x, struct policy *p)
{
	for (size_t i = 0; i < p->exempt_count; i++) {
		xfrm_rule_clear(x->netlink, &p->exempts[i], p->exempts[i].directions);
		xfrm_tags_give(x->tags, &p->exempts[i]);
	}
	free(p->exempts);
	p->exempts = NULL;
	p->exempt_count = 0;
}

static int add_exempt(struct xfrm_policies *x, struct policy *p,
		      const struct rvl_selector *selector, struct rvl_backend_error *error)
{
	struct xfrm_rule rule = {
		.selector = *selector,
		.priority = xfrm_rule_order(p->policy.priority, XFRM_ORDER_EXEMPT),
		.directions = XFRM_RULE_OUT | XFRM_RULE_IN,
		.action = XFRM_RULE_ALLOW,
		.ifindex = p->rule.ifindex ? p->rule.ifindex : device_for(x, selector),
	};
	struct xfrm_rule *grown =
		realloc(p->exempts, (p->exempt_count + 1) * sizeof(struct xfrm_rule));
	int err;

	if (!grown)
		return rvl_backend_fail(error, -ENOMEM, "out of memory");
	p->exempts = grown;
	err = xfrm_tags_take(x->tags, &rule);
	if (err)
		return rvl_backend_fail(error, err, "no room for another policy");
	grown[p->exempt_count++] = rule;
	return xfrm_rule_set(x->netlink, &rule, error);
}

/* -errno with *error set: some of them may not be exempt. */
static int set_exempts(struct xfrm_policies *x, struct policy *p, struct rvl_backend_error *error)
{
	struct rvl_selector exempt;
	int err = 0;

	if (p->policy.action == RVL_BYPASS)
		return 0;
	for (size_t i = 0; !err && i < x->network_count; i++)
		if (exempt_by(x, &p->policy.selector, &x->networks[i], &exempt))
			err = add_exempt(x, p, &exempt, error);
	return err;
}

static bool same_prefixes(const struct rvl_prefix *a, size_t a_count, const struct rvl_prefix *b,
			  size_t b_count)
{
	for (size_t i = 0; i < a_count && a_count == b_count; i++)
		if (!rvl_prefix_equal(&a[i], &b[i]))
			return false;
	return a_count == b_count;
}

static struct rvl_prefix *copy_prefixes(const struct rvl_prefix *list, size_t count)
{
	struct rvl_prefix *copy = malloc((count + 1) * sizeof(*copy));

	if (copy && count)
		memcpy(copy, list, count * sizeof(*copy));
	return copy;
}

int xfrm_policies_set_local(struct xfrm_policies *x, const struct rvl_local *local,
			    struct rvl_backend_error *error)
{
	struct rvl_prefix *networks, *named;
	int first = 0;

	if (same_prefixes(x->networks, x->network_count, local->networks, local->network_count) &&
	    same_prefixes(x->named, x->named_count, local->named, local->named_count))
		return 0;
	networks = copy_prefixes(local->networks, local->network_count);
	named = copy_prefixes(local->named, local->named_count);
	if (!networks || !named) {
		free(networks);
		free(named);
		return rvl_backend_fail(error, -ENOMEM, "out of memory");
	}
	free(x->networks);
	free(x->named);
	x->networks = networks;
	x->network_count = local->network_count;
	x->named = named;
	x->named_count = local->named_count;
	for (uint32_t i = 0; i < x->table.room; i++) {
		struct policy *p = xfrm_table_at(&x->table, i);
		int err;

		if (!p)
			continue;
		clear_exempts(x, p);
		err = set_exempts(x, p, error);
		first = first ? first : err;
	}
	return first;
}

/* -------------------------------------------------------------------------------- policies */

static void make_rule(const struct rvl_policy *policy, const struct rvl_scopes *scopes,
		      const struct xfrm_state *state, unsigned int ifindex, struct xfrm_rule *rule)
{
	rule->selector = policy->selector;
	rule->scopes = *scopes;
	rule->priority = xfrm_rule_order(policy->priority, XFRM_ORDER_POLICY);
	rule->directions = XFRM_RULE_OUT | XFRM_RULE_IN;
	rule->ifindex = policy->action == RVL_DISCARD ? 0 : ifindex;
	rule->state = (struct xfrm_state){.spi = 0};
	switch (policy->action) {
	case RVL_BYPASS:
		rule->action = XFRM_RULE_ALLOW;
		return;
	case RVL_DISCARD:
		rule->action = XFRM_RULE_BLOCK;
		return;
	case RVL_PROTECT:
		break;
	}
	rule->action = XFRM_RULE_PROTECT;
	rule->directions = XFRM_RULE_OUT;
	rule->state = *state;
}

/* The outbound half of a rule that blocks asks for an SA, which makes the kernel tell of it. One
 * that was told of is told of no more: each has a number of its own. */
static int set_trap(struct xfrm_policies *x, const struct xfrm_rule *rule,
		    struct rvl_backend_error *error)
{
	struct xfrm_rule trap = *rule;

	trap.directions = XFRM_RULE_OUT;
	trap.action = XFRM_RULE_PROTECT;
	trap.state = (struct xfrm_state){
		.src = rvl_addr_of_ipv4(TRAP_END),
		.dst = rvl_addr_of_ipv4(TRAP_END),
		.reqid = TRAP_REQID | (x->traps++ & TRAPS),
	};
	return xfrm_rule_set(x->netlink, &trap, error);
}

static int apply(struct xfrm_policies *x, const struct xfrm_rule *rule, bool trap,
		 struct rvl_backend_error *error)
{
	int err = xfrm_rule_set(x->netlink, rule, error);

	if (!err && trap)
		err = set_trap(x, rule, error);
	return err;
}

static int add_policy(struct xfrm_policies *x, struct policy *p, uint32_t *index,
		      struct rvl_backend_error *error)
{
	int err = xfrm_tags_take(x->tags, &p->rule);

	if (err)
		return rvl_backend_fail(error, err, "no room for another policy");
	err = xfrm_table_add(&x->table, p, index);
	if (err) {
		xfrm_tags_give(x->tags, &p->rule);
		return rvl_backend_fail(error, err, "no room for more than %u policies",
					x->table.indices.most);
	}
	err = apply(x, &p->rule, p->policy.trap, error);
	if (!err)
		err = set_exempts(x, p, error);
	if (!err)
		return 0;
	clear_exempts(x, p);
	xfrm_rule_clear(x->netlink, &p->rule, p->rule.directions);
	xfrm_table_remove(&x->table, *index);
	xfrm_tags_give(x->tags, &p->rule);
	*index = RVL_BACKEND_ANY;
	return err;
}

/* In one step for each of its directions; those that it has no more go last. */
static int change_policy(struct xfrm_policies *x, struct policy *p, const struct policy *new,
			 struct rvl_backend_error *error)
{
	struct rvl_backend_error ignored = {""};
	const unsigned int gone = p->rule.directions & ~new->rule.directions;
	int err = apply(x, &new->rule, new->policy.trap, error);

	if (err) {
		apply(x, &p->rule, p->policy.trap, &ignored);
		return err;
	}
	err = gone ? xfrm_rule_clear(x->netlink, &p->rule, gone) : 0;
	p->policy = new->policy;
	p->rule = new->rule;
	return err ? rvl_backend_fail(error, err, "a policy stays: %s", strerror(-err)) : 0;
}

static int check(const struct rvl_policy *policy, struct rvl_backend_error *error)
{
	if (!rvl_selector_valid(&policy->selector))
		return rvl_backend_fail(error, -EINVAL, "a policy that can't be");
	if (rvl_selector_opaque(&policy->selector))
		return rvl_backend_fail(error, -EOPNOTSUPP, "the kernel has no OPAQUE ports");
	return 0;
}

int xfrm_policies_set(struct xfrm_policies *x, const struct rvl_policy *policy,
		      const struct rvl_scopes *scopes, const struct xfrm_state *state,
		      unsigned int ifindex, uint32_t *index, struct rvl_backend_error *error)
{
	bool is_new = *index == RVL_BACKEND_ANY;
	struct policy new = {.policy = *policy}, *p;
	int err = check(policy, error);

	if (err)
		return err;
	if (policy->action == RVL_BYPASS)
		ifindex = device_for(x, &policy->selector);
	make_rule(policy, scopes, state, ifindex, &new.rule);
	p = is_new ? calloc(1, sizeof(*p)) : xfrm_table_at(&x->table, *index);
	if (!p)
		return is_new ? rvl_backend_fail(error, -ENOMEM, "out of memory")
			      : rvl_backend_fail(error, -ENOENT, "no policy %u", *index);
	if (is_new) {
		*p = new;
		err = add_policy(x, p, index, error);
		if (err)
			free(p);
	} else {
		new.rule.tag = p->rule.tag;
		err = change_policy(x, p, &new, error);
	}
	if (!err && policy->action == RVL_DISCARD)
		xfrm_leftovers_replace(x->leftovers, &p->rule);
	return err;
}

int xfrm_policies_clear(struct xfrm_policies *x, uint32_t index, struct rvl_backend_error *error)
{
	struct policy *p = xfrm_table_at(&x->table, index);
	int err = p ? xfrm_rule_clear(x->netlink, &p->rule, p->rule.directions) : -ENOENT;

	if (err)
		return rvl_backend_fail(error, err, "policy %u stays: %s", index, strerror(-err));
	clear_exempts(x, p);
	xfrm_table_remove(&x->table, index);
	xfrm_tags_give(x->tags, &p->rule);
	free(p);
	return 0;
}

int xfrm_policies_restore(struct xfrm_policies *x)
{
	struct rvl_backend_error ignored = {""};
	int first = 0;

	for (uint32_t i = 0; i < x->table.room; i++) {
		struct policy *p = xfrm_table_at(&x->table, i);
		int err;

		if (!p)
			continue;
		err = apply(x, &p->rule, p->policy.trap, &ignored);
		first = first ? first : err;
		for (size_t k = 0; k < p->exempt_count; k++) {
			err = xfrm_rule_set(x->netlink, &p->exempts[k], &ignored);
			first = first ? first : err;
		}
	}
	return first;
}

/* What lets something out goes, all else blocks. */
static void leave(struct xfrm_policies *x, struct policy *p)
{
	struct rvl_backend_error ignored = {""};

	clear_exempts(x, p);
	if (p->rule.action == XFRM_RULE_ALLOW) {
		xfrm_rule_clear(x->netlink, &p->rule, p->rule.directions);
		return;
	}
	p->rule.action = XFRM_RULE_BLOCK;
	p->rule.ifindex = 0;
	xfrm_rule_set(x->netlink, &p->rule, &ignored);
}

void xfrm_policies_free(struct xfrm_policies *x)
{
	if (!x)
		return;
	for (uint32_t i = 0; i < x->table.room; i++) {
		struct policy *p = xfrm_table_at(&x->table, i);

		if (p)
			leave(x, p);
		free(p);
	}
	xfrm_table_free(&x->table);
	free(x->networks);
	free(x->named);
	free(x);
}
