/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A member of a cluster that takes over an IKE SA (RFC 6311), played on the engine that has it. The
 * windows of that are the member's from then on: set to what it knows, and then to what the peer
 * answers.
 */
#ifndef RAVELIN_TESTS_IKE_MEMBER_H
#define RAVELIN_TESTS_IKE_MEMBER_H

#include "tests/ike/support.h"

/* What it says: of the peer's next request it may know an older ID. */
struct sync {
	uint8_t nonce[4];
	uint32_t next;	   /* M1 */
	uint32_t expected; /* P1 */
	uint32_t delta;	   /* 0: none */
};

struct member {
	uint64_t ike_id; /* 0: none takes over */
	struct sync sync;
	struct ike_buffer request;
	uint64_t since, due;
};

/* An IKEV2_MESSAGE_ID_SYNC. */
void sync_write(struct ike_builder *b, const struct sync *s);

/* The same and, with a delta, an IPSEC_REPLAY_COUNTER_SYNC, as the request of who has the IKE SA.
 */
struct ike_buffer sync_request(struct ike_engine *e, struct ike_sa *sa, const struct sync *s);

/* Begin with that: what it knows of its own requests is ahead of all that were made. */
void member_begin(struct member *m, struct ike_engine *e, struct ike_sa *sa, const struct sync *s);
void member_end(struct member *m);

/*
 * Is the datagram the answer, and right? Then the windows are where it says, and nobody takes over
 * any more.
 */
bool member_hears(struct member *m, struct ike_engine *e, struct ike_slice datagram);

#endif
