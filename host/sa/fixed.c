// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/fixed.h"

#include <errno.h>
#include <stdlib.h>
#include <utlist.h>

#include "host/sa/hash.h"

/* Discards that only past flows had: the newest so many stay. */
#define IDLE_MAX 64

struct rvl_fixed {
	struct rvl_selector selector; /* an rvl_selector_key() */
	uint16_t policy;
	bool learned;
	bool kept;
	bool named;   /* unless learned */
	size_t flows; /* that it holds */
	struct rvl_fixed *prev;
	struct rvl_fixed *next;
	UT_hash_handle hh;
};

struct rvl_fixed_table {
	struct rvl_policies *policies;
	struct rvl_inbound *inbound;
	struct rvl_fixed *bypasses; /* by selector */
	struct rvl_fixed *discards; /* by selector */
	struct rvl_fixed *idle;	    /* learned and without flows, the longest first */
	size_t idle_count;
};

struct rvl_fixed_table *rvl_fixed_table_new(struct rvl_policies *policies,
					    struct rvl_inbound *inbound)
{
	struct rvl_fixed_table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->policies = policies;
	table->inbound = inbound;
	return table;
}

static void free_all(struct rvl_fixed *head)
{
	struct rvl_fixed *fixed = head, *next;

	HASH_CLEAR(hh, head);
	for (; fixed; fixed = next) {
		next = fixed->hh.next;
		free(fixed);
	}
}

void rvl_fixed_table_free(struct rvl_fixed_table *table)
{
	if (!table)
		return;
	free_all(table->bypasses);
	free_all(table->discards);
	free(table);
}

size_t rvl_fixed_count(const struct rvl_fixed_table *table)
{
	return HASH_COUNT(table->bypasses) + HASH_COUNT(table->discards);
}

static struct rvl_fixed *find(struct rvl_fixed *head, const struct rvl_selector *selector)
{
	const struct rvl_selector key = rvl_selector_key(selector);
	struct rvl_fixed *fixed;

	HASH_FIND(hh, head, &key, sizeof(key), fixed);
	return fixed;
}

static int add(struct rvl_fixed_table *table, const struct rvl_selector *selector,
	       enum rvl_action action, struct rvl_fixed **out, struct rvl_backend_error *error)
{
	const struct rvl_policy policy = {
		.priority = rvl_selector_priority(selector, action),
		.selector = *selector,
		.action = action,
	};
	struct rvl_fixed **head = action == RVL_BYPASS ? &table->bypasses : &table->discards;
	struct rvl_fixed *fixed = calloc(1, sizeof(*fixed));
	struct rvl_backend_error ignored = {""};
	int err;

	if (!fixed)
		return rvl_backend_fail(error, -ENOMEM, "out of memory");
	fixed->selector = rvl_selector_key(selector);
	fixed->policy = RVL_BACKEND_ANY;
	fixed->named = true;
	HASH_ADD(hh, *head, selector, sizeof(fixed->selector), fixed);
	if (!fixed->hh.tbl) {
		err = rvl_backend_fail(error, -ENOMEM, "out of memory");
		goto free_fixed;
	}
	/* What the inbound half believes to be protected is let out to its policy. */
	err = rvl_policies_set(table->policies, &policy, &fixed->policy, error);
	if (err)
		goto leave_table;
	err = rvl_inbound_add(table->inbound, selector, action == RVL_BYPASS);
	if (err) {
		rvl_backend_fail(error, err, "out of memory");
		goto clear_policy;
	}
	*out = fixed;
	return 0;

clear_policy:
	rvl_policies_clear(table->policies, fixed->policy, &ignored);
leave_table:
	HASH_DELETE(hh, *head, fixed);
free_fixed:
	free(fixed);
	return err;
}

static void leave_idle(struct rvl_fixed_table *table, struct rvl_fixed *fixed)
{
	DL_DELETE(table->idle, fixed);
	table->idle_count--;
}

int rvl_fixed_add(struct rvl_fixed_table *table, const struct rvl_selector *selector,
		  enum rvl_action action, struct rvl_backend_error *error)
{
	struct rvl_fixed *fixed =
		find(action == RVL_BYPASS ? table->bypasses : table->discards, selector);

	if (!fixed)
		return add(table, selector, action, &fixed, error);
	if (fixed->learned && !fixed->flows)
		leave_idle(table, fixed);
	fixed->learned = false;
	fixed->named = true;
	return 0;
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

/* An idle discard goes. -errno: it stays, and discards as before. */
static int remove_idle(struct rvl_fixed_table *table, struct rvl_fixed *fixed)
{
	struct rvl_backend_error ignored = {""};
	int err = clear(table, fixed, false, &ignored);

	if (err)
		return err;
	leave_idle(table, fixed);
	HASH_DELETE(hh, table->discards, fixed);
	free(fixed);
	return 0;
}

void rvl_fixed_unname(struct rvl_fixed_table *table)
{
	for (struct rvl_fixed *f = table->bypasses; f; f = f->hh.next)
		f->named = false;
	for (struct rvl_fixed *f = table->discards; f; f = f->hh.next)
		f->named = false;
}

static bool is_within_named(const struct rvl_fixed_table *table, const struct rvl_fixed *fixed)
{
	for (const struct rvl_fixed *f = table->discards; f; f = f->hh.next)
		if (f->named && !f->learned && rvl_selector_within(&fixed->selector, &f->selector))
			return true;
	return false;
}

void rvl_fixed_absorb_unnamed(struct rvl_fixed_table *table)
{
	struct rvl_fixed *fixed = table->discards, *next;

	for (; fixed; fixed = next) {
		next = fixed->hh.next;
		if (fixed->named || fixed->learned || !is_within_named(table, fixed))
			continue;
		fixed->learned = true;
		fixed->kept = false;
		if (fixed->flows)
			continue;
		DL_APPEND(table->idle, fixed);
		table->idle_count++;
		remove_idle(table, fixed);
	}
}

static int release_unnamed(struct rvl_fixed_table *table, enum rvl_action action,
			   rvl_fixed_told_fn *told, void *context, struct rvl_backend_error *error)
{
	bool bypass = action == RVL_BYPASS;
	struct rvl_fixed **head = bypass ? &table->bypasses : &table->discards;
	struct rvl_fixed *fixed = *head, *next;
	int err = 0;

	for (; fixed; fixed = next) {
		int kept;

		next = fixed->hh.next;
		if (fixed->named || fixed->learned)
			continue;
		if (fixed->flows) {
			fixed->learned = fixed->kept = true;
			continue;
		}
		kept = clear(table, fixed, bypass, error);
		err = err ? err : kept;
		if (kept)
			continue;
		told(context, &fixed->selector, action);
		HASH_DELETE(hh, *head, fixed);
		free(fixed);
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

bool rvl_fixed_make_room(struct rvl_fixed_table *table)
{
	return table->idle && !remove_idle(table, table->idle);
}

static struct rvl_fixed *find_holding(const struct rvl_fixed_table *table,
				      const struct rvl_selector *flow)
{
	struct rvl_fixed *found = find(table->discards, flow);

	for (struct rvl_fixed *f = table->discards; f && !found; f = f->hh.next)
		if (rvl_selector_within(flow, &f->selector))
			found = f;
	return found;
}

int rvl_fixed_hold(struct rvl_fixed_table *table, const struct rvl_selector *flow,
		   struct rvl_fixed **fixed, struct rvl_backend_error *error)
{
	struct rvl_fixed *found = find_holding(table, flow);
	int err = 0;

	if (found && found->learned && !found->flows)
		leave_idle(table, found);
	if (!found) {
		do {
			err = add(table, flow, RVL_DISCARD, &found, error);
		} while (err == -ENOSPC && rvl_fixed_make_room(table));
		if (err)
			return err;
		found->learned = true;
	}
	found->flows++;
	*fixed = found;
	return 0;
}

void rvl_fixed_release(struct rvl_fixed_table *table, struct rvl_fixed *fixed)
{
	if (--fixed->flows || !fixed->learned)
		return;
	DL_APPEND(table->idle, fixed);
	table->idle_count++;
	if (!fixed->kept)
		remove_idle(table, fixed);
	while (table->idle_count > IDLE_MAX && rvl_fixed_make_room(table))
		;
}

void rvl_fixed_keep(struct rvl_fixed *fixed)
{
	fixed->kept = true;
}
