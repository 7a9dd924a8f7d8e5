/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What comes in fragments from the wire to an address of the host's and can't be judged before it
 * is whole: ESP and AH, which nobody can verify in pieces (RFC 4303, section 3.4.1), and UDP, whose
 * later fragments don't show that they are IKE. All else is put together by the host's own stack.
 *
 * It belongs to one data thread.
 */
#ifndef RVL_SA_PIECES_H
#define RVL_SA_PIECES_H

#include "host/esp/reassembly.h"
#include "host/sa/inbound.h"

struct rvl_pieces;

enum rvl_pieces_result {
	RVL_PIECES_ELSE, /* no such fragment: as it is */
	RVL_PIECES_HELD, /* or refused: nothing is left to do */
	RVL_PIECES_WHOLE,
};

/* What is local the inbound half knows, which stays the caller's. NULL without memory. */
struct rvl_pieces *rvl_pieces_new(struct rvl_inbound *inbound);

/* NULL is fine. */
void rvl_pieces_free(struct rvl_pieces *pieces);

/* A frame in clear from the wire. RVL_PIECES_WHOLE: *whole is the frame that would have come in one
 * piece, with 64 octets of room at least in front, and the callee's until the next call. */
enum rvl_pieces_result rvl_pieces_take(struct rvl_pieces *pieces, const uint8_t *frame, size_t len,
				       uint64_t now_ms, struct rvl_buf *whole);

/* Any thread's. */
struct rvl_reassembly_counters rvl_pieces_counters(struct rvl_pieces *pieces);

#endif
