/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Puzzles (RFC 8019, sections 4.4 and 7.1.3): find four keys of a PRF such that each result over a
 * given string ends with so many zero bits. Checking costs four PRFs, solving 4 * 2^difficulty.
 *
 * The string is the cookie that came with the puzzle, or, of one for IKE_AUTH, Nr | SPIr (section
 * 7.2.3). We solve both, and give only the former: what IKE_AUTH would cost us, the shared secret
 * and the keys, we have computed by then, and keep.
 */
#ifndef RAVELIN_HOST_IKE_PUZZLE_H
#define RAVELIN_HOST_IKE_PUZZLE_H

#include "host/ike/cursor.h"
#include "host/ike/wire.h"

enum {
	IKE_PUZZLE_KEYS = 4,
	IKE_PUZZLE_KEY_LEN = 4,	 /* of those that we find */
	IKE_PUZZLE_SLICE = 4096, /* keys tried in one piece of work: some milliseconds */
	IKE_PUZZLE_MOST = 26,	 /* zero bits that we ever look for */
	IKE_PUZZLE_STRING_MAX = IKE_NONCE_MAX + 8,
};

struct ike_puzzle {
	uint16_t prf;
	uint8_t difficulty; /* zero bits */
	size_t len;
	uint8_t string[IKE_PUZZLE_STRING_MAX];
};

/* A search, one slice of it after the other. */
struct ike_puzzle_search {
	struct ike_puzzle puzzle;
	uint32_t next; /* the key to be tried */
	unsigned found;
	uint8_t keys[IKE_PUZZLE_KEYS * IKE_PUZZLE_KEY_LEN];
};

/*
 * Go on for a slice. Returns 0 when there are four keys, -EAGAIN when there may be, -ENOENT when it
 * has taken eight times as long as it should, -EIO when the crypto library fails.
 */
int ike_puzzle_work(struct ike_puzzle_search *search);

/*
 * The zero bits that a solution has, which is what the worst of its keys gives. -EINVAL: it isn't
 * four different keys of the same length, from one octet to what the PRF prefers (section 8.2).
 * -EIO: the crypto library fails.
 */
int ike_puzzle_solved(uint16_t prf, struct ike_slice string, struct ike_slice solution);

#endif
