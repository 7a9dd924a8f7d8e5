// SPDX-License-Identifier: BSD-2-Clause
/*
 * Children that have the same flows at once, each for a processor but one, which is for all that
 * have none (RFC 9611). A policy leads to all outbound SAs of a group, and which of them a packet
 * takes is the data path's to say. Linux, as of 7.3, doesn't quite say what it means to:
 *
 * - Of the SA of a processor and the one for all it may take the newer one, by the second: its list
 *   turns round whenever its table grows. So those of processors are made anew when the one for all
 *   is.
 * - It goes on with the SA that it once took by a policy, though there is a better one by now. So
 *   the policy is written again. What can't be helped: while one processor takes the SA for all,
 *   others that have their own may take that, too.
 * - Once it has asked for the SA of a processor, it drops what that one sends until it is there, or
 *   for half a minute, though there is the one for all. So policies stop asking as soon as they
 *   have, and go on when what they have asked for is there, or that time is over.
 */
#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <utlist.h>

#include "host/sa/sad_private.h"

static void update(struct rvl_sad *sad, struct group *group);

int rvl_sad_group_join(struct rvl_sad *sad, uint64_t id, struct child *c)
{
	struct group *group;

	if (!id)
		return 0;
	HASH_FIND(hh, sad->groups, &id, sizeof(id), group);
	if (!group) {
		group = calloc(1, sizeof(*group));
		if (!group)
			return -ENOMEM;
		group->id = id;
		HASH_ADD(hh, sad->groups, id, sizeof(group->id), group);
		if (!group->hh.tbl) {
			free(group);
			return -ENOMEM;
		}
		group->number = ++sad->lines;
	}
	DL_APPEND(group->children, c);
	c->group = group;
	return 0;
}

void rvl_sad_group_leave(struct rvl_sad *sad, struct child *c)
{
	struct group *group = c->group;

	if (!group)
		return;
	DL_DELETE(group->children, c);
	if (group->children) {
		update(sad, group);
		return;
	}
	HASH_DELETE(hh, sad->groups, group);
	free(group);
}

static uint64_t bit_of(uint32_t cpu)
{
	return 1ull << cpu % 64;
}

static uint64_t *word_of(struct group *group, uint32_t cpu)
{
	return &group->asked[cpu % RVL_GROUP_CPUS / 64];
}

static bool waits(const struct group *group)
{
	uint64_t any = 0;

	for (size_t i = 0; i < RVL_GROUP_CPUS / 64; i++)
		any |= group->asked[i];
	return any;
}

/* The policy that leads there, from now on and for the first time. */
static void write_policy(struct rvl_sad *sad, struct group *group)
{
	struct rvl_backend_error ignored = {""};

	for (struct child *c = group->children; c; c = c->next)
		if (c->shares && c->out.there)
			rvl_flows_resume(sad->flows, &c->claims, c->out.place.index, &ignored);
}

/* One that can't be written asks as before, and is written again with the next change. */
static void let_ask(struct rvl_sad *sad, struct group *group, bool asks)
{
	const struct rvl_backend_ops *ops = sad->backend->ops;

	if (group->asks == asks)
		return;
	group->asks = asks;
	for (struct child *c = group->children; c; c = c->next)
		if (c->shares && c->out.there)
			ops->sa_ask(sad->backend, c->out.place.index, asks);
	write_policy(sad, group);
}

/* Not yet one for each. */
static bool has_use_for_more(const struct rvl_sad *sad, const struct group *group)
{
	uint64_t had[RVL_GROUP_CPUS / 64] = {0};
	uint32_t cpus = 0;

	for (const struct child *c = group->children; c; c = c->next) {
		uint64_t *word = &had[c->cpu % RVL_GROUP_CPUS / 64];

		if (!c->shares || c->cpu == RVL_CPU_ANY)
			continue;
		cpus += !(*word & bit_of(c->cpu));
		*word |= bit_of(c->cpu);
	}
	return cpus < sad->can.per_cpu;
}

static void update(struct rvl_sad *sad, struct group *group)
{
	let_ask(sad, group, !group->full && !waits(group) && has_use_for_more(sad, group));
}

/* Its outbound SA is made anew as one of the group's, or as one that nothing leads to. */
static int make_anew(struct rvl_sad *sad, struct child *c, bool shares,
		     struct rvl_backend_error *error)
{
	struct rvl_sa_params out;
	int err;

	rvl_sa_kept(c->out.kept, &out);
	c->shares = shares;
	err = rvl_sad_renew(sad, &c->out, &out, c->shared ? RVL_SEQUENCE_MARGIN : 0, error);
	OPENSSL_cleanse(&out, sizeof(out));
	c->shared |= shares;
	return err;
}

int rvl_sad_group_share(struct rvl_sad *sad, struct child *c, struct rvl_backend_error *error)
{
	int err;

	if (!c->group || c->shares)
		return 0;
	if (c->cpu == RVL_CPU_ANY)
		rvl_sad_group_hold(sad, c);
	err = make_anew(sad, c, true, error);
	if (err)
		c->shares = false;
	return err;
}

/* Another one of its line is shared by now. Where it can't be made anew it goes. */
void rvl_sad_group_unshare(struct rvl_sad *sad, struct child *c)
{
	struct rvl_backend_error ignored = {""};

	if (!c->group || !c->shares)
		return;
	if (c->out.there && make_anew(sad, c, false, &ignored) && c->out.there)
		rvl_sad_undo(sad, &c->out);
	c->shares = false;
}

/* It is about to be removed: there is room for another one. */
void rvl_sad_group_part(struct child *c)
{
	if (c->group && c->shares)
		c->group->full = false;
	c->shares = false;
}

/* Its SA is about to change: nothing is asked for until rvl_sad_group_settle(). */
void rvl_sad_group_hold(struct rvl_sad *sad, struct child *c)
{
	if (!c->group)
		return;
	let_ask(sad, c->group, false);
	c->group->newer |= c->cpu == RVL_CPU_ANY;
}

/* Those of processors are to be newer than this. */
static void refresh(struct rvl_sad *sad, struct group *group)
{
	struct rvl_backend_error ignored = {""};

	for (struct child *c = group->children; c; c = c->next) {
		if (!c->shares || !c->out.there || c->cpu == RVL_CPU_ANY)
			continue;
		if (make_anew(sad, c, true, &ignored))
			rvl_sad_group_unshare(sad, c);
	}
}

void rvl_sad_group_settle(struct rvl_sad *sad, struct child *c)
{
	if (!c->group)
		return;
	if (c->group->newer) {
		refresh(sad, c->group);
		write_policy(sad, c->group);
	}
	c->group->newer = false;
	if (c->shares && c->cpu != RVL_CPU_ANY)
		*word_of(c->group, c->cpu) &= ~bit_of(c->cpu);
	update(sad, c->group);
}

/* ------------------------------------------------------------------------ what the data path asks
 */

bool rvl_sad_child_of_acquire(const struct rvl_sad *sad, const struct rvl_backend_event *event,
			      uint64_t *id)
{
	for (const struct group *group = sad->groups; event->line && group;
	     group = group->hh.next) {
		if (group->number != event->line)
			continue;
		*id = group->children->id;
		return true;
	}
	return false;
}

static struct group *group_of(const struct rvl_sad *sad, uint64_t id)
{
	struct child *c;

	HASH_FIND(hh, sad->children, &id, sizeof(id), c);
	return c ? c->group : NULL;
}

void rvl_sad_asked(struct rvl_sad *sad, uint64_t id, uint32_t cpu, bool full)
{
	struct group *group = group_of(sad, id);

	if (!group || cpu == RVL_CPU_ANY)
		return;
	*word_of(group, cpu) |= bit_of(cpu);
	group->full |= full;
	group->old = false;
	update(sad, group);
}

bool rvl_sad_hear(struct rvl_sad *sad)
{
	bool more = false;

	for (struct group *group = sad->groups; group; group = group->hh.next) {
		if (!waits(group))
			continue;
		more |= !group->old;
		for (size_t i = 0; group->old && i < RVL_GROUP_CPUS / 64; i++)
			group->asked[i] = 0;
		group->old = true;
		update(sad, group);
	}
	return more;
}
