// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/fixed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/sa/hash.h"
#include "host/sa/selector_map.h"

/* The part of all policies that one owner's learned discards are at most. */
#define OWNERS_SHARE 4

/* Of whom discards were learned. */
struct owner {
	uint64_t id;
	size_t discards;
	UT_hash_handle hh;
};

struct rvl_fixed {
	struct rvl_selector selector;
	uint32_t policy;
	uint32_t place; /* in its map */
	bool learned;
	bool kept;
	bool named;	     /* unless learned */
	struct owner *owner; /* NULL: it was never learned */
	size_t flows;	     /* that it holds */
	bool lent;	     /* its policy is its flow's */
	bool trap;	     /* and waits for packets while it isn't */
};

struct rvl_fixed_table {
	struct rvl_policies *policies;
	struct rvl_inbound *inbound;
	struct rvl_selector_map bypasses;
	struct rvl_selector_map discards;
	struct rvl_selector_map passes;
	struct owner *owners; /* that have any */
	size_t share;	      /* of each */
};

struct rvl_fixed_table *rvl_fixed_table_new(struct rvl_policies *policies, uint32_t room,
					    struct rvl_inbound *inbound)
{
	struct rvl_fixed_table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->policies = policies;
	table->inbound = inbound;
	table->share = room / OWNERS_SHARE ? room / OWNERS_SHARE : 1;
	if (!rvl_selector_map_init(&table->bypasses, false) &&
	    !rvl_selector_map_init(&table->discards, true) &&
	    !rvl_selector_map_init(&table->passes, false))
		return table;
	rvl_fixed_table_free(table);
	return NULL;
}

static void free_all(struct rvl_selector_map *map)
{
	struct rvl_fixed *fixed;
	uint32_t place = 0;

	while ((fixed = rvl_selector_map_next(map, &place)))
		free(fixed);
	rvl_selector_map_free(map);
}

void rvl_fixed_table_free(struct rvl_fixed_table *table)
{
	struct owner *owner, *next;

	if (!table)
		return;
	owner = table->owners;
	HASH_CLEAR(hh, table->owners);
	for (; owner; owner = next) {
		next = owner->hh.next;
		free(owner);
	}
	free_all(&table->bypasses);
	free_all(&table->discards);
	free_all(&table->passes);
	free(table);
}

size_t rvl_fixed_count(const struct rvl_fixed_table *table)
{
	return rvl_selector_map_count(&table->bypasses) + rvl_selector_map_count(&table->discards) +
	       rvl_selector_map_count(&table->passes);
}

static struct rvl_selector_map *map_of(struct rvl_fixed_table *table, enum rvl_action action)
{
	return action == RVL_BYPASS ? &table->bypasses : &table->discards;
}

/* What is in one of the maps does in the data path. */
static struct rvl_policy policy_of(const struct rvl_fixed_table *table,
				   const struct rvl_selector_map *map,
				   const struct rvl_selector *selector)
{
	enum rvl_action action = map == &table->discards ? RVL_DISCARD : RVL_BYPASS;

	return (struct rvl_policy){
		.priority = map == &table->passes ? rvl_selector_pass_priority(selector)
						  : rvl_selector_priority(selector, action),
		.selector = *selector,
		.action = action,
	};
}

static int add_inbound(struct rvl_fixed_table *table, const struct rvl_selector_map *map,
		       const struct rvl_selector *selector)
{
	if (map == &table->passes)
		return rvl_inbound_pass(table->inbound, selector);
	return rvl_inbound_add(table->inbound, selector, map == &table->bypasses);
}

static void free_one(struct rvl_fixed_table *table, struct rvl_fixed *fixed)
{
	rvl_scope_drop(rvl_policies_scopes(table->policies), fixed->selector.scope);
	free(fixed);
}

static int add(struct rvl_fixed_table *table, struct rvl_selector_map *map,
	       const struct rvl_selector *selector, struct rvl_fixed **out,
	       struct rvl_backend_error *error)
{
	const struct rvl_policy policy = policy_of(table, map, selector);
	struct rvl_fixed *fixed = calloc(1, sizeof(*fixed));
	struct rvl_backend_error ignored = {""};
	int err;

	if (!fixed)
		return rvl_backend_fail(error, -ENOMEM, "out of memory");
	fixed->selector = *selector;
	fixed->policy = RVL_BACKEND_ANY;
	fixed->named = true;
	rvl_scope_hold(rvl_policies_scopes(table->policies), selector->scope);
	err = rvl_selector_map_add(map, selector, fixed, &fixed->place);
	if (err) {
		rvl_backend_fail(error, err, "out of memory");
		goto free_fixed;
	}
	/* What the inbound half believes to be protected is let out to its policy. */
	err = rvl_policies_set(table->policies, &policy, &fixed->policy, error);
	if (err)
		goto leave_table;
	err = add_inbound(table, map, selector);
	if (err) {
		rvl_backend_fail(error, err, "out of memory");
		goto clear_policy;
	}
	*out = fixed;
	return 0;

clear_policy:
	rvl_policies_clear(table->policies, fixed->policy, &ignored);
leave_table:
	rvl_selector_map_remove(map, fixed->place);
free_fixed:
	free_one(table, fixed);
	return err;
}

/* There, or new; NULL without memory. */
static struct owner *owner_of(struct rvl_fixed_table *table, uint64_t id)
{
	struct owner *owner;

	HASH_FIND(hh, table->owners, &id, sizeof(id), owner);
	if (owner)
		return owner;
	owner = calloc(1, sizeof(*owner));
	if (!owner)
		return NULL;
	owner->id = id;
	HASH_ADD(hh, table->owners, id, sizeof(owner->id), owner);
	if (owner->hh.tbl)
		return owner;
	free(owner);
	return NULL;
}

static void drop_if_idle(struct rvl_fixed_table *table, struct owner *owner)
{
	if (!owner || owner->discards)
		return;
	HASH_DELETE(hh, table->owners, owner);
	free(owner);
}

/* It is nobody's any more. */
static void disown(struct rvl_fixed_table *table, struct rvl_fixed *fixed)
{
	if (!fixed->owner)
		return;
	fixed->owner->discards--;
	drop_if_idle(table, fixed->owner);
	fixed->owner = NULL;
}

int rvl_fixed_add(struct rvl_fixed_table *table, const struct rvl_selector *selector,
		  enum rvl_action action, struct rvl_backend_error *error)
{
	struct rvl_fixed *fixed = rvl_selector_map_equal(map_of(table, action), selector);

	if (!fixed)
		return add(table, map_of(table, action), selector, &fixed, error);
	fixed->learned = false;
	fixed->named = true;
	disown(table, fixed);
	return 0;
}

int rvl_fixed_trap(struct rvl_fixed_table *table, const struct rvl_selector *selector, bool trap,
		   struct rvl_backend_error *error)
{
	struct rvl_fixed *fixed = rvl_selector_map_equal(&table->discards, selector);

	if (!fixed)
		return 0;
	fixed->trap = trap;
	return fixed->lent ? 0 : rvl_fixed_take_back(table, fixed, error);
}

/* Out of the data path. -errno: it stays, and does what it did. */
static int clear(struct rvl_fixed_table *table, const struct rvl_fixed *fixed, bool bypass,
		 struct rvl_backend_error *error)
{
	int err;

	rvl_inbound_remove(table->inbound, &fixed->selector, bypass);
	err = rvl_policies_clear(table->policies, fixed->policy, error);
	/* The room that it had is there. */
	if (err)
		rvl_inbound_add(table->inbound, &fixed->selector, bypass);
	return err;
}

static void forget(struct rvl_fixed_table *table, struct rvl_selector_map *map,
		   struct rvl_fixed *fixed)
{
	disown(table, fixed);
	rvl_selector_map_remove(map, fixed->place);
	free_one(table, fixed);
}

/* One that holds no flow goes; if the data path keeps it, it stays, and discards as before. */
static void remove_idle(struct rvl_fixed_table *table, struct rvl_fixed *fixed)
{
	struct rvl_backend_error ignored = {""};

	if (!clear(table, fixed, false, &ignored))
		forget(table, &table->discards, fixed);
}

int rvl_fixed_pass(struct rvl_fixed_table *table, const struct rvl_selector *selector,
		   struct rvl_backend_error *error)
{
	struct rvl_fixed *fixed = rvl_selector_map_equal(&table->passes, selector);

	if (!fixed)
		return add(table, &table->passes, selector, &fixed, error);
	fixed->named = true;
	return 0;
}

int rvl_fixed_end_unnamed_passes(struct rvl_fixed_table *table, struct rvl_backend_error *error)
{
	struct rvl_fixed *fixed;
	uint32_t place = 0;
	int err = 0;

	while ((fixed = rvl_selector_map_next(&table->passes, &place))) {
		int kept;

		if (fixed->named)
			continue;
		kept = rvl_policies_clear(table->policies, fixed->policy, error);
		err = err ? err : kept;
		if (kept)
			continue;
		rvl_inbound_pass_no_more(table->inbound, &fixed->selector);
		rvl_selector_map_remove(&table->passes, fixed->place);
		free_one(table, fixed);
	}
	return err;
}

static void unname(const struct rvl_selector_map *map)
{
	struct rvl_fixed *fixed;
	uint32_t place = 0;

	while ((fixed = rvl_selector_map_next(map, &place)))
		fixed->named = false;
}

void rvl_fixed_unname(struct rvl_fixed_table *table)
{
	unname(&table->bypasses);
	unname(&table->discards);
	unname(&table->passes);
}

static bool is_named(const void *thing)
{
	const struct rvl_fixed *fixed = thing;

	return fixed->named && !fixed->learned;
}

void rvl_fixed_absorb_unnamed(struct rvl_fixed_table *table)
{
	struct rvl_fixed *fixed;
	uint32_t place = 0;

	while ((fixed = rvl_selector_map_next(&table->discards, &place))) {
		if (fixed->named || fixed->learned ||
		    !rvl_selector_map_over(&table->discards, &fixed->selector, is_named))
			continue;
		fixed->learned = true;
		fixed->kept = false;
		if (!fixed->flows)
			remove_idle(table, fixed);
	}
}

static int release_unnamed(struct rvl_fixed_table *table, enum rvl_action action,
			   rvl_fixed_told_fn *told, void *context, struct rvl_backend_error *error)
{
	struct rvl_selector_map *map = map_of(table, action);
	struct rvl_fixed *fixed;
	uint32_t place = 0;
	int err = 0;

	while ((fixed = rvl_selector_map_next(map, &place))) {
		int kept;

		if (fixed->named && !fixed->learned)
			continue;
		if (fixed->flows) {
			fixed->learned = fixed->kept = true;
			continue;
		}
		kept = clear(table, fixed, action == RVL_BYPASS, error);
		err = err ? err : kept;
		if (kept)
			continue;
		told(context, &fixed->selector,
		     rvl_scope_of(rvl_policies_scopes(table->policies), fixed->selector.scope),
		     action);
		forget(table, map, fixed);
	}
	return err;
}

int rvl_fixed_release_unnamed(struct rvl_fixed_table *table, rvl_fixed_told_fn *told, void *context,
			      struct rvl_backend_error *error)
{
	int err = release_unnamed(table, RVL_BYPASS, told, context, error);
	int other = release_unnamed(table, RVL_DISCARD, told, context, error);

	return err ? err : other;
}

static bool any(const void *fixed)
{
	(void)fixed;
	return true;
}

/* One more that is learned, as far as its owner may have it. */
static int learn(struct rvl_fixed_table *table, const struct rvl_selector *flow, uint64_t id,
		 struct rvl_fixed **out, struct rvl_backend_error *error)
{
	struct owner *owner = owner_of(table, id);
	int err;

	if (!owner)
		return rvl_backend_fail(error, -ENOMEM, "out of memory");
	if (owner->discards >= table->share)
		return rvl_backend_fail(error, -ENOSPC,
					"its peer has had %zu flows that are held until `ravelctl "
					"release`, and no more are held for one peer",
					owner->discards);
	err = add(table, &table->discards, flow, out, error);
	if (err) {
		drop_if_idle(table, owner);
		return err;
	}
	(*out)->learned = true;
	(*out)->owner = owner;
	owner->discards++;
	return 0;
}

int rvl_fixed_hold(struct rvl_fixed_table *table, const struct rvl_selector *flow, uint64_t owner,
		   struct rvl_fixed **fixed, struct rvl_backend_error *error)
{
	struct rvl_fixed *found = rvl_selector_map_equal(&table->discards, flow);

	if (!found)
		found = rvl_selector_map_over(&table->discards, flow, any);
	if (!found) {
		int err = learn(table, flow, owner, &found, error);

		if (err)
			return err;
	}
	found->flows++;
	*fixed = found;
	return 0;
}

void rvl_fixed_release(struct rvl_fixed_table *table, struct rvl_fixed *fixed)
{
	if (!--fixed->flows && fixed->learned && !fixed->kept)
		remove_idle(table, fixed);
}

bool rvl_fixed_is_of(const struct rvl_fixed *fixed, const struct rvl_selector *flow)
{
	const struct rvl_selector own = rvl_selector_key(&fixed->selector);
	const struct rvl_selector key = rvl_selector_key(flow);

	return !memcmp(&own, &key, sizeof(own));
}

int rvl_fixed_lend(struct rvl_fixed_table *table, struct rvl_fixed *fixed, enum rvl_action action,
		   uint32_t sa, struct rvl_backend_error *error)
{
	const struct rvl_policy policy = {
		.priority = rvl_selector_priority(&fixed->selector, RVL_PROTECT),
		.selector = fixed->selector,
		.action = action,
		.sa = sa,
	};
	int err = rvl_policies_set(table->policies, &policy, &fixed->policy, error);

	fixed->lent |= !err;
	return err;
}

int rvl_fixed_take_back(struct rvl_fixed_table *table, struct rvl_fixed *fixed,
			struct rvl_backend_error *error)
{
	struct rvl_policy policy = policy_of(table, &table->discards, &fixed->selector);
	int err;

	policy.trap = fixed->trap;
	err = rvl_policies_set(table->policies, &policy, &fixed->policy, error);
	fixed->lent &= err != 0;
	return err;
}

void rvl_fixed_keep(struct rvl_fixed *fixed)
{
	fixed->kept = true;
}
