// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/agenda.h"

#include "host/esp/grow.h"
#include "host/raveld/daemon.h"

int agenda_reserve(struct agenda *agenda, size_t wishes)
{
	struct wish **grown = rvl_grow(agenda->heap, &agenda->room, wishes, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	agenda->heap = grown;
	return 0;
}

void agenda_free(struct agenda *agenda)
{
	free(agenda->heap);
}

/* 0: not at all. */
static uint64_t due(const struct wish *w)
{
	if (!w->retry_at || !w->listen_at)
		return w->retry_at + w->listen_at;
	return w->retry_at < w->listen_at ? w->retry_at : w->listen_at;
}

static bool is_before(const struct wish *a, const struct wish *b)
{
	uint64_t x = due(a), y = due(b);

	return x != y ? x < y : a->planned < b->planned;
}

/* Places are from 1 on, so that 0 is none. */
static void put(struct agenda *agenda, size_t place, struct wish *w)
{
	agenda->heap[place - 1] = w;
	w->place = place;
}

static void rise(struct agenda *agenda, struct wish *w)
{
	size_t at = w->place;

	for (; at > 1 && is_before(w, agenda->heap[at / 2 - 1]); at /= 2)
		put(agenda, at, agenda->heap[at / 2 - 1]);
	put(agenda, at, w);
}

static void sink(struct agenda *agenda, struct wish *w)
{
	size_t at = w->place, below;

	for (; (below = 2 * at) <= agenda->count; at = below) {
		if (below < agenda->count &&
		    is_before(agenda->heap[below], agenda->heap[below - 1]))
			below++;
		if (!is_before(agenda->heap[below - 1], w))
			break;
		put(agenda, at, agenda->heap[below - 1]);
	}
	put(agenda, at, w);
}

/* What it is planned for has changed. */
static void move(struct agenda *agenda, struct wish *w)
{
	struct wish *last;

	if (due(w)) {
		w->planned = ++agenda->planned;
		if (!w->place)
			put(agenda, ++agenda->count, w);
		rise(agenda, w);
		sink(agenda, w);
		return;
	}
	if (!w->place)
		return;
	last = agenda->heap[--agenda->count];
	if (last != w) {
		put(agenda, w->place, last);
		rise(agenda, last);
		sink(agenda, last);
	}
	w->place = 0;
}

void agenda_retry(struct agenda *agenda, struct wish *w, uint64_t at)
{
	w->retry_at = at;
	move(agenda, w);
}

void agenda_listen(struct agenda *agenda, struct wish *w, uint64_t at)
{
	w->listen_at = at;
	move(agenda, w);
}

struct wish *agenda_first(const struct agenda *agenda, uint64_t *at)
{
	if (!agenda->count)
		return NULL;
	*at = due(agenda->heap[0]);
	return agenda->heap[0];
}
