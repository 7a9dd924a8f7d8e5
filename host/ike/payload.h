/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bodies of all payloads of RFC 7296, section 3: parser and writer of each.
 *
 * A parser reads a body without its generic header and returns 0 or INVALID_SYNTAX; the slices it
 * gives point into that body. Of what there may be many in a payload, the parser checks all and
 * keeps none: an ike_next_...() function gives one after the other out of a cursor over them, and
 * false at the end. A writer appends a whole payload; failure shows at ike_build_finish().
 */
#ifndef RAVELIN_HOST_IKE_PAYLOAD_H
#define RAVELIN_HOST_IKE_PAYLOAD_H

#include "host/ike/message.h"
#include "host/ike/proposal.h"
#include "host/ike/ts.h"

struct ike_ke {
	uint16_t group;
	struct ike_slice data;
};

/* IDi and IDr: the whole body is what AUTH covers, so it is kept as well. */
struct ike_id_payload {
	uint8_t type;
	struct ike_slice data;
};

struct ike_cert {
	uint8_t encoding;
	struct ike_slice data;
};

struct ike_auth {
	uint8_t method;
	struct ike_slice data;
};

struct ike_notify {
	uint8_t protocol;
	uint16_t type;
	struct ike_slice spi;
	struct ike_slice data;
};

struct ike_delete {
	uint8_t protocol;
	uint8_t spi_size;
	uint16_t count;
	struct ike_slice spis; /* count * spi_size octets */
};

/* The selectors of TSi or TSr: up to 255, for ike_next_ts(). */
struct ike_ts_payload {
	struct ike_slice selectors;
	struct ike_addr host;	 /* where selectors that are this one address are taken to be */
	struct ike_addr instead; /* of this one; family 0: as they are */
};

struct ike_attribute {
	uint16_t type;
	struct ike_slice value;
};

struct ike_cp {
	uint8_t type;
	struct ike_slice attributes; /* for ike_next_attribute() */
};

struct ike_eap {
	uint8_t code;
	uint8_t identifier;
	struct ike_slice data; /* type and what follows; empty for success and failure */
};

struct ike_skf {
	uint16_t number;
	uint16_t total;
	struct ike_slice data;
};

int ike_parse_sa(struct ike_slice body, struct ike_sa_payload *out);
int ike_parse_ke(struct ike_slice body, struct ike_ke *out);
int ike_parse_id(struct ike_slice body, struct ike_id_payload *out);
int ike_parse_cert(struct ike_slice body, struct ike_cert *out); /* CERT and CERTREQ */
int ike_parse_auth(struct ike_slice body, struct ike_auth *out);
int ike_parse_nonce(struct ike_slice body, struct ike_slice *out);
int ike_parse_notify(struct ike_slice body, struct ike_notify *out);
int ike_parse_delete(struct ike_slice body, struct ike_delete *out);
int ike_parse_ts(struct ike_slice body, struct ike_ts_payload *out);
int ike_parse_cp(struct ike_slice body, struct ike_cp *out);
int ike_parse_eap(struct ike_slice body, struct ike_eap *out);
int ike_parse_skf(struct ike_slice body, struct ike_skf *out); /* RFC 7383, section 2.5 */

/* Over ike_sa_payload.proposals; then over ike_received_proposal.transforms. */
bool ike_next_proposal(struct ike_cursor *c, struct ike_received_proposal *out);
bool ike_next_transform(struct ike_cursor *c, struct ike_transform *out);

/* Over ike_ts_payload.selectors; those of a type that isn't a range of addresses are left out. */
bool ike_next_ts(struct ike_cursor *c, struct ike_ts *out);

/* Over ike_cp.attributes. */
bool ike_next_attribute(struct ike_cursor *c, struct ike_attribute *out);

/* The address that its first selector is; family 0: it is several. */
struct ike_addr ike_ts_payload_host(const struct ike_ts_payload *payload);

/* For all that follows: its selectors that are that address alone are of this one instead (section
 * 2.23.1). */
void ike_ts_payload_substitute(struct ike_ts_payload *payload, const struct ike_addr *instead);

/*
 * Responder: what the peer's selectors and a list of ours both allow; `out` may be that list.
 * Returns the number of selectors; 0: nothing in common.
 */
unsigned ike_ts_payload_narrow(const struct ike_ts_payload *peer, const struct ike_ts_list *own,
			       struct ike_ts_list *out);

/* Is the peer's first selector, which may be of the packet that it has, within what is ours? */
bool ike_ts_payload_takes_first(const struct ike_ts_payload *peer, const struct ike_ts_list *own);

/*
 * Initiator: the selectors of an answer, each of which must lie within one that was offered.
 * Returns 0 or TS_UNACCEPTABLE: also when there is none, and when more than IKE_TS_MAX are left
 * without those that others cover, since the peer would believe in more than we can keep to.
 */
int ike_ts_payload_check_answer(const struct ike_ts_payload *answer,
				const struct ike_ts_list *offered, struct ike_ts_list *out);

/*
 * Write an SA payload: an offer of proposals numbered from 1, or an answer with the one that was
 * chosen, under the number it had. `spi` goes into each: 0, 4 or 8 octets.
 */
void ike_write_sa(struct ike_builder *b, const struct ike_proposal *proposals, unsigned count,
		  struct ike_slice spi);
void ike_write_sa_answer(struct ike_builder *b, const struct ike_suite *suite,
			 struct ike_slice spi);
void ike_write_ke(struct ike_builder *b, uint16_t group, struct ike_slice data);
void ike_write_id(struct ike_builder *b, uint8_t payload, uint8_t type, struct ike_slice data);
void ike_write_cert(struct ike_builder *b, uint8_t payload, uint8_t encoding,
		    struct ike_slice data);
void ike_write_auth(struct ike_builder *b, uint8_t method, struct ike_slice data);
void ike_write_nonce(struct ike_builder *b, struct ike_slice nonce);
void ike_write_notify(struct ike_builder *b, uint8_t protocol, struct ike_slice spi, uint16_t type,
		      struct ike_slice data);
/* One that says all by its type, about the IKE SA or nothing. */
void ike_write_bare_notify(struct ike_builder *b, uint16_t type);
void ike_write_delete(struct ike_builder *b, uint8_t protocol, uint8_t spi_size, uint16_t count,
		      struct ike_slice spis);
void ike_write_solution(struct ike_builder *b, struct ike_slice keys); /* RFC 8019, section 8.2 */
void ike_write_vendor(struct ike_builder *b, struct ike_slice id);
/* The same of len octets, of which those behind the id are zero; of less, its begin. */
void ike_write_padding(struct ike_builder *b, struct ike_slice id, size_t len);
void ike_write_ts(struct ike_builder *b, uint8_t payload, const struct ike_ts_list *list);
void ike_write_cp(struct ike_builder *b, uint8_t type, const struct ike_attribute *attributes,
		  unsigned count);
void ike_write_eap(struct ike_builder *b, const struct ike_eap *eap);

/* The first notify of a type, if there is one. A malformed notify is not found. */
bool ike_find_notify(const struct ike_payloads *p, uint16_t type, struct ike_notify *out);

#endif
