// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/trap.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "host/esp/engine.h"
#include "host/esp/grow.h"
#include "host/sa/hash.h"

struct held {
	struct held *prev;
	struct held *next;
	size_t len;
	uint8_t frame[];
};

#define NONE UINT32_MAX

enum state { LISTENING, SPRUNG, TOLD, DEAF };

struct trap {
	uint64_t id;
	enum state state;
	struct rvl_ip packet; /* that sprang it */
	struct held *held;
	size_t count;
	uint32_t first;	   /* of its places, or NONE */
	struct trap *prev; /* in traps->sprung */
	struct trap *next;
	UT_hash_handle hh;
};

/* A place for a selector. */
struct place {
	struct trap *trap; /* NULL: it is free */
	uint32_t next;	   /* of the same trap, or NONE */
	struct rvl_selector selector;
};

struct rvl_traps {
	struct rvl_policies *policies;
	atomic_bool any;
	atomic_size_t released_count;
	pthread_mutex_t lock; /* guards all below */
	struct trap *traps;   /* by id */
	struct trap *sprung;  /* and not told of, the first one first */
	struct rvl_spd *spd;  /* a discard for each selector, its sa the place */
	struct place *places;
	size_t made;	    /* of those, so far */
	uint32_t selectors; /* places from here on are free; */
	uint32_t gaps;	    /* so many are before, */
	uint32_t gap_at;    /* the next one to be found from here on */
	uint32_t room;
	size_t held; /* frames, with those released */
	struct held *released;
	struct rvl_trap_counters counters;
};

struct rvl_traps *rvl_traps_new(struct rvl_policies *policies, uint32_t selectors)
{
	struct rvl_traps *traps = calloc(1, sizeof(*traps));

	if (!traps)
		return NULL;
	traps->policies = policies;
	traps->room = selectors;
	traps->spd = rvl_spd_new(selectors);
	if (!traps->spd) {
		free(traps);
		return NULL;
	}
	pthread_mutex_init(&traps->lock, NULL);
	return traps;
}

static void free_held(struct held *head)
{
	struct held *next;

	for (; head; head = next) {
		next = head->next;
		free(head);
	}
}

void rvl_traps_free(struct rvl_traps *traps)
{
	struct trap *trap, *next;

	if (!traps)
		return;
	trap = traps->traps;
	HASH_CLEAR(hh, traps->traps);
	for (; trap; trap = next) {
		next = trap->hh.next;
		free_held(trap->held);
		free(trap);
	}
	free_held(traps->released);
	free(traps->places);
	rvl_spd_free(traps->spd);
	pthread_mutex_destroy(&traps->lock);
	free(traps);
}

/* ---- All below, up to the next line like this: with the lock held. */

static struct trap *find(const struct rvl_traps *traps, uint64_t id)
{
	struct trap *trap;

	HASH_FIND(hh, traps->traps, &id, sizeof(id), trap);
	return trap;
}

static struct trap *make(struct rvl_traps *traps, uint64_t id)
{
	struct trap *trap = calloc(1, sizeof(*trap));

	if (!trap)
		return NULL;
	trap->id = id;
	trap->first = NONE;
	HASH_ADD(hh, traps->traps, id, sizeof(trap->id), trap);
	if (trap->hh.tbl)
		return trap;
	free(trap);
	return NULL;
}

/* Behind all others as long as there is room, for the first one has a flow. */
static uint32_t take_place(struct rvl_traps *traps)
{
	if (traps->selectors < traps->room)
		return traps->selectors++;
	do {
		traps->gap_at = (traps->gap_at + 1) % traps->room;
	} while (traps->places[traps->gap_at].trap);
	traps->gaps--;
	return traps->gap_at;
}

static void leave_place(struct rvl_traps *traps, uint32_t at)
{
	traps->places[at].trap = NULL;
	traps->gaps++;
	while (traps->selectors && !traps->places[traps->selectors - 1].trap) {
		traps->selectors--;
		traps->gaps--;
	}
}

static int watch(struct rvl_traps *traps, struct trap *trap, const struct rvl_selector *selector)
{
	uint32_t at = take_place(traps);
	const struct rvl_policy policy = {
		.priority = rvl_selector_priority(selector, RVL_DISCARD),
		.selector = *selector,
		.action = RVL_DISCARD,
		.sa = at,
	};
	struct place *grown = rvl_grow(traps->places, &traps->made, at, sizeof(*grown));

	if (!grown) {
		traps->selectors--; /* it is the last one */
		return -ENOMEM;
	}
	traps->places = grown;
	if (rvl_spd_set(traps->spd, at, &policy)) {
		leave_place(traps, at);
		return -ENOMEM;
	}
	rvl_scope_hold(rvl_policies_scopes(traps->policies), selector->scope);
	traps->places[at] =
		(struct place){.trap = trap, .next = trap->first, .selector = *selector};
	trap->first = at;
	return 0;
}

/* Down to the place that was its first one before, or NONE. */
static void unwatch(struct rvl_traps *traps, struct trap *trap, uint32_t before)
{
	while (trap->first != before) {
		uint32_t at = trap->first;

		trap->first = traps->places[at].next;
		rvl_spd_clear(traps->spd, at);
		rvl_scope_drop(rvl_policies_scopes(traps->policies),
			       traps->places[at].selector.scope);
		leave_place(traps, at);
	}
}

/* All of them or none. */
static int watch_all(struct rvl_traps *traps, struct trap *trap,
		     const struct rvl_selectors *selectors)
{
	uint32_t before = trap->first;
	int err = 0;

	for (size_t i = 0; !err && i < selectors->count; i++)
		err = watch(traps, trap, &selectors->list[i]);
	if (err)
		unwatch(traps, trap, before);
	return err;
}

static void become(struct rvl_traps *traps, struct trap *trap, enum state state)
{
	if (trap->state == SPRUNG)
		DL_DELETE(traps->sprung, trap);
	if (state == SPRUNG)
		DL_APPEND(traps->sprung, trap);
	trap->state = state;
}

/* What it holds, which goes nowhere; it is deaf. */
static struct held *lose(struct rvl_traps *traps, struct trap *trap)
{
	struct held *lost = trap->held;

	become(traps, trap, DEAF);
	traps->held -= trap->count;
	traps->counters.dropped += trap->count;
	trap->held = NULL;
	trap->count = 0;
	return lost;
}

/* A narrower policy that discards has the packet for itself. */
static struct trap *trap_for(const struct rvl_traps *traps, const struct rvl_ip *ip,
			     uint32_t priority)
{
	const struct rvl_policy *policy = rvl_spd_lookup(traps->spd, ip);

	return policy && policy->priority == priority ? traps->places[policy->sa].trap : NULL;
}

static void hold(struct rvl_traps *traps, struct trap *trap, const uint8_t *frame, size_t len)
{
	struct held *held = NULL;

	if (trap->count < RVL_TRAP_FRAMES && traps->held < RVL_TRAPS_FRAMES)
		held = malloc(sizeof(*held) + len);
	if (!held) {
		traps->counters.dropped++;
		return;
	}
	held->len = len;
	memcpy(held->frame, frame, len);
	DL_APPEND(trap->held, held);
	trap->count++;
	traps->held++;
	traps->counters.held++;
}

/* ---- */

int rvl_traps_add(struct rvl_traps *traps, uint64_t id, const struct rvl_selectors *selectors,
		  struct rvl_backend_error *error)
{
	struct trap *trap, *made = NULL;
	int err = 0;

	pthread_mutex_lock(&traps->lock);
	if (selectors->count > traps->room - traps->selectors + traps->gaps)
		err = -ENOSPC;
	trap = err ? NULL : find(traps, id);
	if (!err && !trap)
		trap = made = make(traps, id);
	if (!err)
		err = trap ? watch_all(traps, trap, selectors) : -ENOMEM;
	if (err && made)
		HASH_DELETE(hh, traps->traps, made);
	pthread_mutex_unlock(&traps->lock);
	if (!err) {
		atomic_store(&traps->any, true);
		return 0;
	}
	free(made);
	if (err == -ENOMEM)
		return rvl_backend_fail(error, err, "out of memory");
	return rvl_backend_fail(error, err, "no room for more than %u flows with a trap",
				traps->room);
}

bool rvl_traps_next(struct rvl_traps *traps, uint64_t *id, struct rvl_ip *packet)
{
	struct trap *trap;

	pthread_mutex_lock(&traps->lock);
	trap = traps->sprung;
	if (trap) {
		become(traps, trap, TOLD);
		*id = trap->id;
		*packet = trap->packet;
	}
	pthread_mutex_unlock(&traps->lock);
	return trap;
}

void rvl_traps_release(struct rvl_traps *traps, uint64_t id)
{
	struct trap *trap;

	pthread_mutex_lock(&traps->lock);
	trap = find(traps, id);
	if (trap) {
		become(traps, trap, LISTENING);
		DL_CONCAT(traps->released, trap->held);
		atomic_fetch_add(&traps->released_count, trap->count);
		trap->held = NULL;
		trap->count = 0;
	}
	pthread_mutex_unlock(&traps->lock);
}

void rvl_traps_give_up(struct rvl_traps *traps, uint64_t id)
{
	struct held *lost = NULL;
	struct trap *trap;

	pthread_mutex_lock(&traps->lock);
	trap = find(traps, id);
	if (trap)
		lost = lose(traps, trap);
	pthread_mutex_unlock(&traps->lock);
	free_held(lost);
}

void rvl_traps_remove(struct rvl_traps *traps, uint64_t id)
{
	struct held *lost = NULL;
	struct trap *trap;

	pthread_mutex_lock(&traps->lock);
	trap = find(traps, id);
	if (trap) {
		lost = lose(traps, trap);
		unwatch(traps, trap, NONE);
		HASH_DELETE(hh, traps->traps, trap);
	}
	pthread_mutex_unlock(&traps->lock);
	free_held(lost);
	free(trap);
}

void rvl_traps_listen(struct rvl_traps *traps, uint64_t id)
{
	struct trap *trap;

	pthread_mutex_lock(&traps->lock);
	trap = find(traps, id);
	if (trap && trap->state == DEAF)
		become(traps, trap, LISTENING);
	pthread_mutex_unlock(&traps->lock);
}

bool rvl_traps_is_set(struct rvl_traps *traps, uint64_t id)
{
	bool set;

	pthread_mutex_lock(&traps->lock);
	set = find(traps, id);
	pthread_mutex_unlock(&traps->lock);
	return set;
}

struct rvl_trap_counters rvl_traps_counters(struct rvl_traps *traps)
{
	struct rvl_trap_counters counters;

	pthread_mutex_lock(&traps->lock);
	counters = traps->counters;
	pthread_mutex_unlock(&traps->lock);
	return counters;
}

/* With its frame, which is held, or NULL. */
static bool take(struct rvl_traps *traps, const struct rvl_ip *ip, const uint8_t *frame, size_t len,
		 bool *sprung)
{
	struct trap *trap;
	uint32_t priority;

	*sprung = false;
	if (!rvl_policies_discard(traps->policies, ip, &priority))
		return false;
	pthread_mutex_lock(&traps->lock);
	trap = trap_for(traps, ip, priority);
	if (trap && trap->state == DEAF)
		trap = NULL;
	if (trap) {
		*sprung = trap->state == LISTENING;
		if (*sprung) {
			trap->packet = *ip;
			become(traps, trap, SPRUNG);
		}
		if (frame)
			hold(traps, trap, frame, len);
	}
	pthread_mutex_unlock(&traps->lock);
	return trap;
}

bool rvl_traps_catch(struct rvl_traps *traps, const uint8_t *frame, size_t len, bool *sprung)
{
	struct rvl_ip ip;
	size_t l3;

	*sprung = false;
	return atomic_load(&traps->any) && rvl_frame_parse(frame, len, &ip, &l3) == RVL_FRAME_IP &&
	       take(traps, &ip, frame, len, sprung);
}

bool rvl_traps_spring(struct rvl_traps *traps, const struct rvl_ip *packet)
{
	bool sprung;

	take(traps, packet, NULL, 0, &sprung);
	return sprung;
}

void rvl_traps_each(struct rvl_traps *traps, uint64_t id, rvl_traps_each_fn *fn, void *context)
{
	struct trap *trap;

	pthread_mutex_lock(&traps->lock);
	trap = find(traps, id);
	for (uint32_t at = trap ? trap->first : NONE; at != NONE; at = traps->places[at].next)
		fn(context, &traps->places[at].selector);
	pthread_mutex_unlock(&traps->lock);
}

bool rvl_traps_released(const struct rvl_traps *traps)
{
	return atomic_load(&traps->released_count);
}

size_t rvl_traps_take(struct rvl_traps *traps, rvl_traps_mine_fn *mine, void *context,
		      uint8_t *frame)
{
	struct held *held;
	size_t len = 0;

	pthread_mutex_lock(&traps->lock);
	held = traps->released;
	while (held && mine && !mine(context, held->frame, held->len))
		held = held->next;
	if (held) {
		DL_DELETE(traps->released, held);
		atomic_fetch_sub(&traps->released_count, 1);
		traps->held--;
		len = held->len;
		memcpy(frame, held->frame, len);
	}
	pthread_mutex_unlock(&traps->lock);
	free(held);
	return len;
}
