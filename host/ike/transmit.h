/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages under protection: windows, fragments, and how often anything is sent. */
#ifndef RAVELIN_HOST_IKE_TRANSMIT_H
#define RAVELIN_HOST_IKE_TRANSMIT_H

#include "host/ike/exchange.h"
#include "host/ike/ike.h"
#include "host/ike/message.h"
#include "host/ike/payload.h"

struct ike_engine;
struct ike_in;
struct ike_sa;

enum {
	IKE_RATE_BURST = 20,	    /* of what anybody can make us do ... */
	IKE_RATE_INTERVAL_MS = 100, /* ... and how often once more */
};

/* How often anything may be done at others' bidding: IKE_RATE_BURST times, and again with time. */
struct ike_rate {
	unsigned spent;
	uint64_t refill_at;
};

/* Fragments (RFC 7383) */
enum {
	IKE_FRAGMENT_SIZE = 1280, /* of packets, where nothing else is said */
	IKE_SMALLER_AFTER = 3, /* retransmissions, ours or the peer's, until they become smaller */
	IKE_TCP_AFTER = 2,     /* retransmissions over UDP, until it is TCP */
	IKE_FRAGMENTS_MS = 60000, /* that a message waits for its next fragment */
	/* Octets of memory for all that wait, and for those of half-open IKE SAs. */
	IKE_FRAGMENTS_MEMORY = 64 << 20,
	IKE_FRAGMENTS_MEMORY_HALF_OPEN = 4 << 20,
};

struct ike_fragment {
	struct ike_fragment *next; /* by number */
	uint16_t number;
	size_t len;
	uint8_t data[]; /* of the payloads in it */
};

/* A message of which not all fragments are here yet (RFC 7383). Each was authentic. */
struct ike_fragments {
	struct ike_fragments *older, *newer; /* of the same queue */
	struct ike_fragments **owner;	     /* what points here in its IKE SA */
	struct ike_fragment *list;
	uint16_t count;
	uint16_t total;
	uint8_t exchange;
	uint8_t first;	    /* the type of the first payload */
	uint8_t digest[32]; /* of the datagram of the first one */
	bool half_open;	    /* of an IKE SA that was */
	size_t len;	    /* of all payloads */
	size_t memory;
};

struct ike_fragments_queue {
	struct ike_fragments *oldest, *newest;
	size_t memory;
};

/* The peer's requests (section 2.3): one at a time. */
struct ike_window_in {
	uint32_t next_id;
	struct ike_task *task;
	struct ike_buffer response; /* to the last one; empty while it waits */
	uint8_t digest[32];	    /* of the last one, or of its first fragment */
	struct ike_addr local;	    /* where it came in, */
	struct ike_addr remote;	    /* and from where */
	uint16_t fragments;	    /* of the last one; 1: it came whole */
	unsigned repeated;	    /* times that it came again and was answered, */
	struct ike_rate again;	    /* and how often it may be */
	struct ike_fragments *waiting;
};

/* Ours: one at a time, too. */
struct ike_window_out {
	uint32_t next_id; /* of the outstanding request, or of the next one */
	uint16_t tries;
	uint16_t most; /* tries, with a hint */
	struct ike_task *task;
	struct ike_task *queue;
	struct ike_buffer request; /* or its fragments, as they go out one after the other */
	uint64_t wait;		   /* until the next retransmission */
	uint32_t probe_ms;	   /* that an answer to a probe has to count; 0: it is too late */
	uint16_t hint;	   /* the notify that says that the peer has lost the IKE SA, or 0 */
	bool spread : 1;   /* it went over other ways than the path, too */
	bool is_probe : 1; /* of the path */
	uint8_t packets;   /* that it goes in: enum ike_packets */
	struct ike_fragments *waiting;
};

/* transmit.c: requests, responses, retransmission */
struct ike_header ike_sa_header(const struct ike_sa *sa, uint8_t exchange, bool response,
				uint32_t message_id);
int ike_seal(struct ike_engine *e, struct ike_sa *sa, const struct ike_header *hdr,
	     const struct ike_builder *inner, size_t room, struct ike_buffer *out);
void ike_emit_message(struct ike_engine *e, const struct ike_addr *local,
		      const struct ike_addr *remote, const struct ike_buffer *message);
void ike_smaller(struct ike_engine *e, struct ike_sa *sa, const struct ike_addr *local,
		 struct ike_buffer *message);
enum ike_step ike_send_request(struct ike_engine *e, struct ike_sa *sa, uint64_t now,
			       struct ike_slice message);
enum ike_step ike_request(struct ike_engine *e, struct ike_sa *sa, uint64_t now,
			  struct ike_builder *inner);
enum ike_step ike_request_probe(struct ike_engine *e, struct ike_sa *sa, uint64_t now,
				struct ike_builder *inner, enum ike_packets packets,
				uint32_t wait_ms);
uint32_t ike_packet_len(const struct ike_engine *e, const struct ike_sa *sa, size_t plain_len);
size_t ike_plain_within(const struct ike_engine *e, const struct ike_sa *sa, uint32_t size);
void ike_request_done(struct ike_engine *e, struct ike_sa *sa);
void ike_retransmit(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
void ike_resend(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
void ike_repeat(struct ike_engine *e, struct ike_sa *sa);
void ike_repeat_over(struct ike_engine *e, struct ike_sa *sa, const struct ike_pair *pair);
void ike_renumber(struct ike_engine *e, struct ike_sa *sa, uint64_t now, uint32_t id);
void ike_send_again(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
void ike_hasten(struct ike_engine *e, struct ike_sa *sa, uint64_t now, uint16_t hint);
enum ike_step ike_respond(struct ike_engine *e, struct ike_sa *sa, uint8_t exchange,
			  struct ike_builder *inner);
enum ike_step ike_respond_notify(struct ike_engine *e, struct ike_sa *sa, uint8_t exchange,
				 uint16_t type, struct ike_slice data);
void ike_answer_begin(struct ike_engine *e, struct ike_builder *b, const struct ike_in *in,
		      uint64_t spi_r);
void ike_answer_end(struct ike_engine *e, struct ike_builder *b, const struct ike_in *in);
void ike_answer_plain(struct ike_engine *e, const struct ike_in *in, uint64_t spi_r, uint16_t type,
		      struct ike_slice data);
bool ike_rate_allows(struct ike_rate *rate, uint64_t now);
bool ike_rate_has_left(struct ike_rate *rate, uint64_t now);
bool ike_answer_allowed(struct ike_engine *e, uint64_t now);

/* fragment.c: messages that come in pieces */
bool ike_fragment_take(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in,
		       uint8_t digest[32], uint8_t *first, size_t *len);
bool ike_fragment_asks_again(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in);
void ike_fragments_drop(struct ike_engine *e, struct ike_fragments *f);

#endif
