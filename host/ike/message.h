/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The IKE header and the chain of payloads (RFC 7296, sections 3.1 and 3.2).
 *
 * Parsing checks a chain once, however long it is, and leaves the octets where they came in; a walk
 * then gives payload after payload as slices of them, for each payload's own parser (payload.h).
 * Parsers return 0 or the error notify that describes what is wrong. Writing goes through a builder
 * that fills in "next payload" and lengths.
 */
#ifndef RAVELIN_HOST_IKE_MESSAGE_H
#define RAVELIN_HOST_IKE_MESSAGE_H

#include "host/ike/cursor.h"
#include "host/ike/wire.h"

struct ike_header {
	uint64_t spi_i;
	uint64_t spi_r;
	uint8_t next_payload;
	uint8_t major;
	uint8_t minor;
	uint8_t exchange;
	uint8_t flags;
	uint32_t message_id;
	uint32_t length;
};

struct ike_payload {
	uint8_t type;
	uint8_t next; /* as its header says: after it, or inside it when it is SK or SKF */
	bool critical;
	struct ike_slice body; /* without the generic header */
};

/* A chain of payloads that holds together: good for as long as its octets stay where they are. */
struct ike_payloads {
	struct ike_slice chain; /* empty when the parser refused it */
	uint8_t first;
	uint8_t unsupported;	    /* the type, when it says UNSUPPORTED_CRITICAL_PAYLOAD */
	uint8_t encrypted_type;	    /* IKE_PAYLOAD_SK, IKE_PAYLOAD_SKF or 0 */
	uint8_t inner_first;	    /* the type of the first payload inside that one */
	struct ike_slice encrypted; /* and its body */
	uint64_t types;		    /* of those that are known: the bit of a type's number */
};

/* Where a walk along a chain has come to. */
struct ike_walk {
	struct ike_cursor at;
	uint8_t next; /* the type of what is there; IKE_PAYLOAD_NONE at the end */
};

/*
 * Read a header. Only the length of 28 octets is needed here; whether `length` fits the datagram
 * and whether the version is ours is the caller's to judge. Returns 0 or INVALID_SYNTAX.
 */
int ike_header_parse(struct ike_slice message, struct ike_header *out);

/*
 * Check a chain of payloads, the first being of type `first`. The chain must end exactly where the
 * octets end, and SK or SKF ends it (section 3.14). Unknown payloads are passed over, or refused
 * when critical (section 2.5). Returns 0, INVALID_SYNTAX or UNSUPPORTED_CRITICAL_PAYLOAD.
 */
int ike_payloads_parse(struct ike_slice chain, uint8_t first, struct ike_payloads *out);

/* The same of all that follows the header of a message, which has been checked. */
int ike_message_parse(struct ike_slice message, uint8_t first, struct ike_payloads *out);

/*
 * From the first payload to the last; those of unknown types are left out.
 *
 *	for (struct ike_walk w = ike_payloads_walk(p); ike_payloads_next(&w, &payload);)
 */
struct ike_walk ike_payloads_walk(const struct ike_payloads *p);
bool ike_payloads_next(struct ike_walk *walk, struct ike_payload *out);

/* How many payloads of a type there are. */
unsigned ike_payloads_count(const struct ike_payloads *p, uint8_t type);

/* The body of the only payload of a type. INVALID_SYNTAX when there is none or a second one. */
int ike_payloads_one(const struct ike_payloads *p, uint8_t type, struct ike_slice *body);

struct ike_builder {
	struct ike_writer w;
	uint8_t first; /* the type of the first payload, for chains without a header */
	bool has_header;
	size_t next_at; /* offset of the octet that names the next payload; 0: `first` does */
	size_t payload_at;
};

/* Begin a message in a buffer that the caller owns; next_payload and length get filled in. */
void ike_build_message(struct ike_builder *b, void *buf, size_t cap, const struct ike_header *hdr);

/* Begin a chain without a header: what goes inside an SK payload. */
void ike_build_chain(struct ike_builder *b, void *buf, size_t cap);

/* Bracket a payload's body, which the caller writes to b->w. */
void ike_build_begin(struct ike_builder *b, uint8_t type);
void ike_build_end(struct ike_builder *b);

/* Fill in the message's length. Returns 0 or -EMSGSIZE when the buffer was too small. */
int ike_build_finish(struct ike_builder *b);

#endif
