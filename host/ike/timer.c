/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/ike/timer.h"

#include <errno.h>
#include <stdlib.h>

#include "host/ike/sa.h"

enum { HEAP_FIRST = 256 };

int ike_timers_reserve(struct ike_engine *e, unsigned count)
{
	struct ike_heap *h = &e->timers;

	if (h->reserved + count > h->room) {
		uint32_t room = h->room ? h->room * 2 : HEAP_FIRST;
		struct ike_timer **list = realloc(h->list, room * sizeof(struct ike_timer *));

		if (!list)
			return -ENOMEM;
		h->list = list;
		h->room = room;
	}
	h->reserved += count;
	return 0;
}

static void put(struct ike_heap *h, uint32_t index, struct ike_timer *t)
{
	h->list[index - 1] = t;
	t->index = index;
}

static void up(struct ike_heap *h, struct ike_timer *t)
{
	uint32_t i = t->index;

	while (i > 1 && h->list[i / 2 - 1]->at > t->at) {
		put(h, i, h->list[i / 2 - 1]);
		i /= 2;
	}
	put(h, i, t);
}

static void down(struct ike_heap *h, struct ike_timer *t)
{
	uint32_t i = t->index;

	for (;;) {
		uint32_t below = 2 * i;

		if (below > h->count)
			break;
		if (below < h->count && h->list[below]->at < h->list[below - 1]->at)
			below++;
		if (h->list[below - 1]->at >= t->at)
			break;
		put(h, i, h->list[below - 1]);
		i = below;
	}
	put(h, i, t);
}

static void take_out(struct ike_heap *h, struct ike_timer *t)
{
	struct ike_timer *last = h->list[--h->count];

	if (last != t) {
		put(h, t->index, last);
		up(h, last);
		down(h, last);
	}
	t->index = 0;
}

void ike_timer_set(struct ike_engine *e, struct ike_timer *t, uint64_t at)
{
	struct ike_heap *h = &e->timers;

	t->at = at;
	if (at == IKE_NEVER) {
		if (t->index)
			take_out(h, t);
		return;
	}
	if (!t->index)
		put(h, ++h->count, t);
	up(h, t);
	down(h, t);
}

void ike_timers_release(struct ike_engine *e, struct ike_timer *timers, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		ike_timer_set(e, &timers[i], IKE_NEVER);
	e->timers.reserved -= count;
}

/* What is due, by kind */

static struct ike_sa *sa_of(struct ike_timer *t)
{
	return IKE_OWNER(t - t->kind, struct ike_sa, timers);
}

static void sa_rekey(struct ike_engine *e, struct ike_timer *t, uint64_t now)
{
	ike_sa_rekey(e, sa_of(t), now);
}

static void sa_reauth(struct ike_engine *e, struct ike_timer *t, uint64_t now)
{
	ike_sa_renew(e, sa_of(t), now, "reauth_time is over");
}

static void sa_life(struct ike_engine *e, struct ike_timer *t, uint64_t now)
{
	ike_sa_over(e, sa_of(t), now);
}

static void fragments(struct ike_engine *e, struct ike_timer *t, uint64_t now)
{
	(void)now;
	ike_fragments_drop(e, sa_of(t)->in.waiting);
	ike_fragments_drop(e, sa_of(t)->out.waiting);
}

static struct ike_child *child_of(struct ike_timer *t)
{
	return IKE_OWNER(t - (t->kind - IKE_TIMER_CHILD_REKEY), struct ike_child, timers);
}

static void child_due(struct ike_engine *e, struct ike_timer *t, uint64_t now)
{
	ike_child_due(e, child_of(t), now);
}

static void child_life(struct ike_engine *e, struct ike_timer *t, uint64_t now)
{
	ike_child_expired(e, child_of(t), now);
}

static void child_confirm(struct ike_engine *e, struct ike_timer *t, uint64_t now)
{
	ike_child_listen(e, child_of(t), now);
}

static void job_lost(struct ike_engine *e, struct ike_timer *t, uint64_t now)
{
	ike_job_lost(e, IKE_OWNER(t, struct ike_waiter, timer), now);
}

static void sa_expired(struct ike_engine *e, struct ike_timer *t, uint64_t now)
{
	(void)now;
	ike_sa_expired(e, sa_of(t));
}

static void retransmit(struct ike_engine *e, struct ike_timer *t, uint64_t now)
{
	ike_retransmit(e, sa_of(t), now);
}

static void keepalive(struct ike_engine *e, struct ike_timer *t, uint64_t now)
{
	ike_path_keepalive(e, sa_of(t), now);
}

static void liveness(struct ike_engine *e, struct ike_timer *t, uint64_t now)
{
	ike_liveness_due(e, sa_of(t), now);
}

static void probe(struct ike_engine *e, struct ike_timer *t, uint64_t now)
{
	ike_probe_due(e, sa_of(t), now);
}

static void childless(struct ike_engine *e, struct ike_timer *t, uint64_t now)
{
	ike_sa_delete(e, sa_of(t), now, "it has had no Child SA for a minute");
}

static void (*const handlers[IKE_TIMER_KINDS])(struct ike_engine *, struct ike_timer *,
					       uint64_t) = {
	[IKE_TIMER_EXPIRE] = sa_expired,     [IKE_TIMER_RETRANSMIT] = retransmit,
	[IKE_TIMER_KEEPALIVE] = keepalive,   [IKE_TIMER_LIVENESS] = liveness,
	[IKE_TIMER_CHILDLESS] = childless,   [IKE_TIMER_REKEY] = sa_rekey,
	[IKE_TIMER_REAUTH] = sa_reauth,	     [IKE_TIMER_LIFE] = sa_life,
	[IKE_TIMER_FRAGMENTS] = fragments,   [IKE_TIMER_PROBE] = probe,
	[IKE_TIMER_JOB] = job_lost,	     [IKE_TIMER_CHILD_REKEY] = child_due,
	[IKE_TIMER_CHILD_LIFE] = child_life, [IKE_TIMER_CHILD_CONFIRM] = child_confirm,
};

uint64_t ike_next_deadline(const struct ike_engine *e)
{
	return e->timers.count ? e->timers.list[0]->at : IKE_NEVER;
}

void ike_tick(struct ike_engine *e, uint64_t now)
{
	e->now = now;
	while (ike_next_deadline(e) <= now) {
		struct ike_timer *t = e->timers.list[0];

		ike_timer_set(e, t, IKE_NEVER);
		handlers[t->kind](e, t, now);
	}
	ike_reap(e);
}
