/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Traps: flows whose traffic begins the negotiation of their SA. As long as the data path discards
 * a packet of such a flow, the host holds it instead, and tells of the first one (RFC 4301, section
 * 4.4.1: what matches a policy that protects and finds no SA; RFC 7296, section 2.9: the peer is
 * told what the packet is).
 *
 * A trap listens; the first packet springs it. From then on it holds what comes, so far as there is
 * room, until it is told what became of the negotiation: what it holds is released to the data
 * path, and it listens again, or it is given up, and the trap is deaf until it is told to listen:
 * packets are discarded.
 *
 * One control thread sets traps, data threads catch.
 */
#ifndef RVL_SA_TRAP_H
#define RVL_SA_TRAP_H

#include "host/sa/policies.h"
#include "host/sa/selector.h"

/* Frames that one trap holds, and all together. */
#define RVL_TRAP_FRAMES 64
#define RVL_TRAPS_FRAMES 1024

struct rvl_traps;

struct rvl_trap_counters {
	uint64_t held;	  /* frames in all */
	uint64_t dropped; /* given up, or there was no room */
};

/* The policies stay the caller's; there is room for so many selectors. NULL without memory. */
struct rvl_traps *rvl_traps_new(struct rvl_policies *policies, uint32_t selectors);

/* What they hold is lost. NULL is fine. */
void rvl_traps_free(struct rvl_traps *traps);

/* ---- the control thread's */

/* From now on these flows are watched too, for the trap of this id. Of two that watch one flow, the
 * one that came first has it (or, once all room was used up, either of them). 0, or -errno with
 * *error set: nothing has changed. */
int rvl_traps_add(struct rvl_traps *traps, uint64_t id, const struct rvl_selectors *selectors,
		  struct rvl_backend_error *error);

/* There is no such trap any more: its flows are discarded, and what it holds is dropped. Nothing
 * happens if there was none. */
void rvl_traps_remove(struct rvl_traps *traps, uint64_t id);

/* The next trap that is sprung and hasn't been told of, and what sprang it. False: there is none.
 */
bool rvl_traps_next(struct rvl_traps *traps, uint64_t *id, struct rvl_ip *packet);

/* What it holds goes to the data path, or nowhere. Nothing happens if there is no such trap. */
void rvl_traps_release(struct rvl_traps *traps, uint64_t id);
void rvl_traps_give_up(struct rvl_traps *traps, uint64_t id);
void rvl_traps_listen(struct rvl_traps *traps, uint64_t id);

/* Is a trap of this id set? */
bool rvl_traps_is_set(struct rvl_traps *traps, uint64_t id);

/* A packet has come to the data path that would be caught, and was lost there. True: its trap is
 * sprung. */
bool rvl_traps_spring(struct rvl_traps *traps, const struct rvl_ip *packet);

/* What the trap of this id watches. The callback must not use the traps. */
typedef void rvl_traps_each_fn(void *context, const struct rvl_selector *selector);
void rvl_traps_each(struct rvl_traps *traps, uint64_t id, rvl_traps_each_fn *fn, void *context);

struct rvl_trap_counters rvl_traps_counters(struct rvl_traps *traps);

/* Is there a frame to be sent? Any thread's to ask. */
bool rvl_traps_released(const struct rvl_traps *traps);

/* ---- data threads' */

/* Is the frame held, or dropped for want of room? *sprung: rvl_traps_next() has something new. */
bool rvl_traps_catch(struct rvl_traps *traps, const uint8_t *frame, size_t len, bool *sprung);

/* Take the next one that is mine (NULL: all are), of at most RVL_BACKEND_FRAME octets: its length,
 * or 0. The callback must not use the traps. */
typedef bool rvl_traps_mine_fn(void *context, const uint8_t *frame, size_t len);
size_t rvl_traps_take(struct rvl_traps *traps, rvl_traps_mine_fn *mine, void *context,
		      uint8_t *frame);

#endif
