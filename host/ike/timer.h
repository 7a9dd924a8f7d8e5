/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timers: each IKE SA and each Child SA has an array of them by kind, and one handler a kind does
 * what is due. Those that run lie in one heap.
 */
#ifndef RAVELIN_HOST_IKE_TIMER_H
#define RAVELIN_HOST_IKE_TIMER_H

#include <stdint.h>

struct ike_engine;

enum ike_timer_kind {
	IKE_TIMER_EXPIRE,     /* a state that must not last: half-open, refused, deleting */
	IKE_TIMER_RETRANSMIT, /* of our outstanding request */
	IKE_TIMER_KEEPALIVE,  /* of a NAT's mapping */
	IKE_TIMER_LIVENESS,   /* ask whether the peer lives */
	IKE_TIMER_CHILDLESS,  /* without a Child SA */
	IKE_TIMER_REKEY,      /* make a successor */
	IKE_TIMER_REAUTH,     /* make one from the beginning */
	IKE_TIMER_LIFE,	      /* the end, if there is none by then */
	IKE_TIMER_FRAGMENTS,  /* of messages that stay incomplete */
	IKE_TIMER_PROBE,      /* ask what the path takes */
	IKE_SA_TIMERS,

	IKE_TIMER_JOB = IKE_SA_TIMERS, /* one that never comes back */

	IKE_TIMER_CHILD_REKEY,	 /* of a Child SA: make a successor */
	IKE_TIMER_CHILD_LIFE,	 /* its end, if there is none by then */
	IKE_TIMER_CHILD_CONFIRM, /* look whether the peer sends on it */
	IKE_TIMER_KINDS,
	IKE_CHILD_TIMERS = IKE_TIMER_KINDS - IKE_TIMER_CHILD_REKEY,
};

struct ike_timer {
	uint64_t at;
	uint32_t index; /* in the heap, from 1; 0: it doesn't run */
	uint8_t kind;
};

struct ike_heap {
	struct ike_timer **list;
	uint32_t count;
	uint32_t room;
	uint32_t reserved; /* timers that there are, running or not */
};

/* Room for `count` more timers, so that setting one never fails. Returns 0 or -ENOMEM. */
int ike_timers_reserve(struct ike_engine *e, unsigned count);

/* They stop, and their room is free. */
void ike_timers_release(struct ike_engine *e, struct ike_timer *timers, unsigned count);

/* Due at a time of ike_tick()'s clock, instead of any other; IKE_NEVER stops it. */
void ike_timer_set(struct ike_engine *e, struct ike_timer *t, uint64_t at);

#endif
