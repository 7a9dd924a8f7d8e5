// SPDX-License-Identifier: BSD-2-Clause
/*
 * What an operator asks to be rekeyed is begun some at a time: messages of very many at once would
 * take the place of packets in the queues on their way.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/raveld/daemon.h"

#define AT_ONCE 64
#define PAUSE_MS 10

static void forget(struct rekeying *r)
{
	free(r->list);
	r->list = NULL;
	r->count = r->next = 0;
}

static bool begin(struct daemon *d, const struct named_sa *sa)
{
	uint64_t now = uv_now(&d->loop);

	return sa->ike ? !ike_rekey(d->engine, now, sa->id)
		       : !ike_rekey_child(d->engine, now, sa->id);
}

static void on_timer(uv_timer_t *timer);

/* Of those that wait; how many. */
static size_t begin_some(struct daemon *d)
{
	struct rekeying *r = &d->rekeying;
	size_t begun = 0;

	while (r->next < r->count && begun < AT_ONCE)
		begun += begin(d, &r->list[r->next++]);
	if (r->next < r->count)
		uv_timer_start(&r->timer, on_timer, PAUSE_MS, 0);
	else
		forget(r);
	return begun;
}

static void on_timer(uv_timer_t *timer)
{
	struct daemon *d = timer->data;

	begin_some(d);
	negotiation_settle(d);
}

void rekeying_open(struct daemon *d)
{
	uv_timer_init(&d->loop, &d->rekeying.timer);
	d->rekeying.timer.data = d;
}

void rekeying_stop(struct daemon *d)
{
	if (d->rekeying.list)
		uv_timer_stop(&d->rekeying.timer);
	forget(&d->rekeying);
}

int rekeying_add(struct daemon *d, const struct named_sa *list, size_t count)
{
	struct rekeying *r = &d->rekeying;
	bool waits = r->count;
	struct named_sa *grown = realloc(r->list, (r->count + count + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	r->list = grown;
	memcpy(grown + r->count, list, count * sizeof(*list));
	r->count += count;
	/* Their turn comes. */
	if (waits)
		return 0;
	return begin_some(d) ? 0 : -EBUSY;
}
