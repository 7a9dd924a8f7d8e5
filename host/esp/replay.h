/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Anti-replay window (RFC 4303, section 3.4.3), a ring of words as RFC 6479 has it.
 *
 * Two steps, because the ICV is known long after the sequence number: check on arrival may only
 * refuse; set after authentication decides and updates, so a forged packet can't move the window.
 */
#ifndef RVL_ESP_REPLAY_H
#define RVL_ESP_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#define RVL_REPLAY_WINDOW_MAX 4096

/* Words of 64 packets for a window: it begins and ends within one. */
#define RVL_REPLAY_WORDS(window) (((window) + 63) / 64 + 1)

struct rvl_replay {
	uint32_t window; /* packets behind the newest that are still accepted; 0 = no protection */
	uint32_t words;
	uint64_t newest;
	uint64_t *seen; /* the owner's */
};

/* window <= RVL_REPLAY_WINDOW_MAX; all numbers up to newest count as seen; seen:
 * RVL_REPLAY_WORDS(window) of them, which are initialized. */
void rvl_replay_init(struct rvl_replay *replay, uint32_t window, uint64_t newest, uint64_t *seen);

/*
 * The whole sequence number, of 64 bits, of which a packet carries the low half: the one that is in
 * the window or nearest beyond it (RFC 4303, appendix A2). Without a window: as with the largest
 * one. 0, which is never new, where it would be before the first.
 */
uint64_t rvl_replay_whole(const struct rvl_replay *replay, uint32_t low);

/* May a packet of this number be new? Sequence number 0 never is (RFC 4303, section 3.4.3). */
bool rvl_replay_check(const struct rvl_replay *replay, uint64_t seq);

/* Is this number one that the window can't tell apart from a replay: 0, or too old? */
bool rvl_replay_behind(const struct rvl_replay *replay, uint64_t seq);

/* The packet is authentic: false when its number was seen meanwhile or is too old, else recorded.
 */
bool rvl_replay_set(struct rvl_replay *replay, uint64_t seq);

#endif
