// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/flow.h"

#include <errno.h>
#include <stdlib.h>
#include <utlist.h>

#include "host/sa/hash.h"

struct rvl_flow {
	struct rvl_selector selector; /* an rvl_selector_key() */
	struct rvl_fixed *fixed;      /* that holds it */
	bool borrows;		      /* the policy of that */
	uint32_t policy;	      /* of its own; RVL_BACKEND_ANY: none */
	uint32_t claims;
	struct rvl_claim *used; /* those of them that are, the last use first */
	/* Whom the policy leads to. Without one it discards: the data path didn't take it back. */
	const struct rvl_claims *owner;
	UT_hash_handle hh;
};

struct rvl_claim {
	struct rvl_flow *flow;
	const struct rvl_claims *of;
	struct rvl_claim *prev; /* in flow->used */
	struct rvl_claim *next;
};

struct rvl_flow_table {
	struct rvl_policies *policies;
	struct rvl_fixed_table *fixed;
	struct rvl_flow *flows; /* by selector */
	bool beneath;		/* what holds a flow has to stay beneath its policy */
	size_t policy_count;
	bool broken;
};

struct rvl_flow_table *rvl_flow_table_new(struct rvl_policies *policies,
					  struct rvl_fixed_table *fixed, bool beneath)
{
	struct rvl_flow_table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->policies = policies;
	table->fixed = fixed;
	table->beneath = beneath;
	return table;
}

void rvl_flow_table_free(struct rvl_flow_table *table)
{
	struct rvl_flow *flow, *next;

	if (!table)
		return;
	flow = table->flows;
	HASH_CLEAR(hh, table->flows);
	for (; flow; flow = next) {
		next = flow->hh.next;
		free(flow);
	}
	free(table);
}

bool rvl_flows_broken(const struct rvl_flow_table *table)
{
	return table->broken;
}

size_t rvl_flows_policy_count(const struct rvl_flow_table *table)
{
	return table->policy_count;
}

/* ----------------------------------------------------------------------------- joining, parting */

static struct rvl_flow *find(const struct rvl_flow_table *table, const struct rvl_selector *key)
{
	struct rvl_flow *flow;

	HASH_FIND(hh, table->flows, key, sizeof(*key), flow);
	return flow;
}

static int add(struct rvl_flow_table *table, const struct rvl_selector *key, uint64_t owner,
	       struct rvl_flow **out, struct rvl_backend_error *error)
{
	struct rvl_flow *flow = calloc(1, sizeof(*flow));
	int err;

	if (!flow)
		return rvl_backend_fail(error, -ENOMEM, "out of memory");
	flow->selector = *key;
	flow->policy = RVL_BACKEND_ANY;
	HASH_ADD(hh, table->flows, selector, sizeof(flow->selector), flow);
	if (!flow->hh.tbl) {
		err = rvl_backend_fail(error, -ENOMEM, "out of memory");
		goto free_flow;
	}
	err = rvl_fixed_hold(table->fixed, key, owner, &flow->fixed, error);
	if (err)
		goto leave_table;
	flow->borrows = !table->beneath && rvl_fixed_is_of(flow->fixed, key);
	*out = flow;
	return 0;

leave_table:
	HASH_DELETE(hh, table->flows, flow);
free_flow:
	free(flow);
	return err;
}

static void part(struct rvl_flow_table *table, struct rvl_flow *flow)
{
	if (--flow->claims || flow->policy != RVL_BACKEND_ANY)
		return;
	HASH_DELETE(hh, table->flows, flow);
	rvl_fixed_release(table->fixed, flow->fixed);
	free(flow);
}

int rvl_flows_join(struct rvl_flow_table *table, struct rvl_claims *claims,
		   const struct rvl_selectors *selectors, uint64_t owner,
		   struct rvl_backend_error *error)
{
	int err = 0;

	claims->list = calloc(selectors->count, sizeof(*claims->list));
	if (!claims->list)
		return rvl_backend_fail(error, -ENOMEM, "out of memory");
	for (size_t i = 0; i < selectors->count; i++) {
		const struct rvl_selector key = rvl_selector_key(&selectors->list[i]);
		struct rvl_flow *flow = find(table, &key);

		if (!flow)
			err = add(table, &key, owner, &flow, error);
		if (err)
			break;
		flow->claims++;
		claims->list[claims->count++] = (struct rvl_claim){.flow = flow, .of = claims};
	}
	if (err)
		rvl_flows_part(table, claims);
	return err;
}

void rvl_flows_part(struct rvl_flow_table *table, struct rvl_claims *claims)
{
	while (claims->count)
		part(table, claims->list[--claims->count].flow);
	free(claims->list);
	claims->list = NULL;
}

void rvl_flows_selectors(const struct rvl_claims *claims, struct rvl_selectors *out)
{
	out->count = claims->count;
	for (size_t i = 0; i < claims->count; i++)
		out->list[i] = claims->list[i].flow->selector;
}

uint16_t rvl_flows_scope(const struct rvl_claims *claims)
{
	return claims->list[0].flow->selector.scope;
}

/* ------------------------------------------------------------------------------- who has a flow */

static int set_policy(struct rvl_flow_table *table, struct rvl_flow *flow, enum rvl_action action,
		      uint32_t sa, struct rvl_backend_error *error)
{
	const struct rvl_policy policy = {
		/* It is the same one that protects now and discards then. */
		.priority = rvl_selector_priority(&flow->selector, RVL_PROTECT),
		.selector = flow->selector,
		.action = action,
		.sa = sa,
	};
	bool is_new = flow->policy == RVL_BACKEND_ANY;
	int err;

	if (flow->borrows)
		return rvl_fixed_lend(table->fixed, flow->fixed, action, sa, error);
	err = rvl_policies_set(table->policies, &policy, &flow->policy, error);
	table->policy_count += !err && is_new;
	return err;
}

static int lead(struct rvl_flow_table *table, struct rvl_flow *flow,
		const struct rvl_claims *claims, struct rvl_backend_error *error)
{
	int err = set_policy(table, flow, RVL_PROTECT, claims->sa, error);

	if (!err)
		flow->owner = claims;
	return err;
}

/* Leave the flow to the discard that holds it. A policy that the data path doesn't take back
 * discards from now on; if it doesn't even take that, it leads to an SA that is going to be
 * another's. */
static int end(struct rvl_flow_table *table, struct rvl_flow *flow, struct rvl_backend_error *error)
{
	struct rvl_backend_error ignored = {""};
	int err = 0;

	flow->owner = NULL;
	if (flow->borrows) {
		err = rvl_fixed_take_back(table->fixed, flow->fixed, error);
		table->broken |= err != 0;
		return err;
	}
	if (flow->policy != RVL_BACKEND_ANY) {
		err = rvl_policies_clear(table->policies, flow->policy, error);
		table->policy_count -= !err;
	}
	if (!err)
		flow->policy = RVL_BACKEND_ANY;
	else if (set_policy(table, flow, RVL_DISCARD, 0, &ignored))
		table->broken = true;
	return err;
}

/* To the claims used last of those that are still used. */
static int pass_on(struct rvl_flow_table *table, struct rvl_flow *flow,
		   struct rvl_backend_error *error)
{
	struct rvl_backend_error ignored = {""};

	for (const struct rvl_claim *claim = flow->used; claim; claim = claim->next)
		if (!lead(table, flow, claim->of, &ignored))
			return 0;
	return end(table, flow, error);
}

int rvl_flows_use(struct rvl_flow_table *table, struct rvl_claims *claims, uint32_t sa,
		  struct rvl_backend_error *error)
{
	struct rvl_backend_error ignored = {""};
	int err = 0;

	claims->sa = sa;
	for (size_t i = 0; i < claims->count; i++) {
		err = lead(table, claims->list[i].flow, claims, error);
		if (!err)
			continue;
		while (i-- > 0)
			pass_on(table, claims->list[i].flow, &ignored);
		return err;
	}
	for (size_t i = 0; i < claims->count; i++) {
		struct rvl_claim *claim = &claims->list[i];

		if (claims->used)
			DL_DELETE(claim->flow->used, claim);
		DL_PREPEND(claim->flow->used, claim);
		rvl_fixed_keep(claim->flow->fixed);
	}
	claims->used = true;
	return 0;
}

int rvl_flows_retire(struct rvl_flow_table *table, struct rvl_claims *claims,
		     struct rvl_backend_error *error)
{
	int first = 0;

	/* A selector may be there twice: none of the claims is left before a flow is passed on. */
	for (size_t i = 0; claims->used && i < claims->count; i++)
		DL_DELETE(claims->list[i].flow->used, &claims->list[i]);
	claims->used = false;
	for (size_t i = 0; i < claims->count; i++) {
		struct rvl_flow *flow = claims->list[i].flow;
		int err = flow->owner == claims ? pass_on(table, flow, error) : 0;

		first = first ? first : err;
	}
	return first;
}

int rvl_flows_stop(struct rvl_flow_table *table, const struct rvl_claims *claims,
		   struct rvl_backend_error *error)
{
	int err = 0;

	for (size_t i = 0; !err && i < claims->count; i++)
		if (claims->list[i].flow->owner == claims)
			err = set_policy(table, claims->list[i].flow, RVL_DISCARD, 0, error);
	return err;
}

int rvl_flows_resume(struct rvl_flow_table *table, struct rvl_claims *claims, uint32_t sa,
		     struct rvl_backend_error *error)
{
	int err = 0;

	claims->sa = sa;
	for (size_t i = 0; !err && i < claims->count; i++)
		if (claims->list[i].flow->owner == claims)
			err = lead(table, claims->list[i].flow, claims, error);
	return err;
}
