/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proposals: as configured, as received, and how one is chosen (RFC 7296, sections 2.7 and 3.3).
 */
#ifndef RAVELIN_HOST_IKE_PROPOSAL_H
#define RAVELIN_HOST_IKE_PROPOSAL_H

#include "host/ike/cursor.h"
#include "host/ike/wire.h"

struct ike_transform {
	uint8_t type;
	bool usable; /* false: it came with an attribute that is not understood */
	uint16_t id;
	uint16_t key_bits; /* 0: no key length attribute */
};

enum { IKE_PROPOSAL_TRANSFORMS_MAX = 24 };

/*
 * A proposal of ours. Transforms of one type are alternatives, the first being preferred. Its
 * ciphers are all AEADs or all not, as RFC 7296, section 3.3, has it.
 */
struct ike_proposal {
	uint8_t protocol; /* IKE_PROTO_IKE, IKE_PROTO_ESP or IKE_PROTO_AH */
	unsigned count;
	struct ike_transform transforms[IKE_PROPOSAL_TRANSFORMS_MAX];
};

/* An SA payload that holds together: the octets of its proposals, for ike_next_proposal(). */
struct ike_sa_payload {
	struct ike_slice proposals;
};

struct ike_received_proposal {
	uint8_t number;
	uint8_t protocol;
	uint8_t transform_count;
	struct ike_slice spi;
	struct ike_slice transforms; /* for ike_next_transform() */
};

/*
 * What was agreed on. Key lengths are in bits; IDs are 0 where there is none: IKE_ENCR_NONE,
 * IKE_INTEG_NONE, IKE_GROUP_NONE, IKE_ESN_NO.
 */
struct ike_suite {
	uint8_t protocol;
	uint8_t number; /* of the proposal */
	uint8_t types;	/* whose transforms an answer has: 1 << type */
	uint16_t encr;
	uint16_t encr_bits;
	uint16_t prf;
	uint16_t integ;
	uint16_t group;
	uint16_t esn;
};

/* What an SA payload is for, which says how its proposals look (section 3.3.1). */
enum ike_purpose {
	IKE_PURPOSE_INIT,  /* IKE_SA_INIT: no SPI, with key exchange */
	IKE_PURPOSE_REKEY, /* CREATE_CHILD_SA for an IKE SA: SPI of 8 octets, with key exchange */
	IKE_PURPOSE_AUTH, /* IKE_AUTH, for ESP or AH: SPI of 4 octets, no key exchange (section 1.2)
			   */
	IKE_PURPOSE_CHILD, /* CREATE_CHILD_SA for them: SPI of 4 octets, key exchange if both want
			    */
};

/*
 * Parse a proposal as swanctl.conf writes it: "aes256gcm16-prfsha384-x25519",
 * "aes128-sha256-modp2048", "aes256gcm16", for AH "sha256-esn". For IKE, a missing PRF follows
 * from the integrity algorithm. Returns 0, or -EINVAL with what is wrong in `error`: unknown
 * algorithm "aes512".
 */
int ike_proposal_parse(const char *text, uint8_t protocol, struct ike_proposal *out, char *error,
		       size_t error_len);

enum { IKE_PROPOSAL_DEFAULTS = 2 };

/* What is proposed where nothing is configured. Returns their number (at most the above). */
unsigned ike_proposal_defaults(uint8_t protocol, struct ike_proposal out[IKE_PROPOSAL_DEFAULTS]);

/* A copy of a proposal without transforms of one type, as IKE_AUTH leaves out key exchange. */
struct ike_proposal ike_proposal_without(const struct ike_proposal *p, uint8_t type);

bool ike_proposal_has(const struct ike_proposal *p, uint8_t type, uint16_t id);

/* Take a transform out, if it is there. */
void ike_proposal_remove(struct ike_proposal *p, uint8_t type, uint16_t id);

/* Are they the same proposals with the same transforms, all in the same order? */
bool ike_proposals_equal(const struct ike_proposal *a, unsigned a_count,
			 const struct ike_proposal *b, unsigned b_count);

/*
 * Responder: choose among what the peer offers, in our order of preference.
 *
 * own    ours, of ESP and AH as alternatives; KE transforms in them count for nothing in
 * IKE_PURPOSE_AUTH group  of the peer's KE payload, taken where both sides have it, which saves a
 * round trip; IKE_GROUP_NONE when it sent none. When suite->group is another one after all, and not
 *        IKE_GROUP_NONE, the answer is INVALID_KE_PAYLOAD with suite->group (section 1.3).
 * spi    the peer's, in host order; 0 in IKE_PURPOSE_INIT
 *
 * A proposal is passed over when its protocol or SPI isn't one for this purpose or when it has a
 * transform of a type that isn't known for its protocol; a transform, when its ID or an attribute
 * isn't known (section 3.3.6). A side without INTEG or KE means NONE; one without ESN, the number
 * that isn't extended, though section 3.3.3 wants that said. An AEAD goes without INTEG whatever
 * else of that type is offered (RFC 5282, section 8).
 *
 * It takes one pass over the payload for each proposal of ours.
 * Returns 0, or NO_PROPOSAL_CHOSEN with *suite and *spi in no particular state.
 */
int ike_proposal_select(enum ike_purpose purpose, const struct ike_proposal *own,
			unsigned own_count, const struct ike_sa_payload *peer, uint16_t group,
			struct ike_suite *suite, uint64_t *spi);

/*
 * Initiator: check an answer to our offer `own`, which ike_write_sa() numbered from 1: exactly one
 * proposal under the number of one of ours, at most one transform of each type, and all of them
 * offered (section 2.7). NONE for INTEG and KE, and the ESN that isn't extended, may be left out
 * or added where it is what we meant. Whether suite->group is that of our KE payload is the
 * caller's to see. Returns as ike_proposal_select() does.
 */
int ike_proposal_check_answer(enum ike_purpose purpose, const struct ike_proposal *own,
			      unsigned own_count, const struct ike_sa_payload *answer,
			      struct ike_suite *suite, uint64_t *spi);

/* Would this proposal of ours have let a suite be chosen? */
bool ike_proposal_allows(const struct ike_proposal *own, const struct ike_suite *suite);

/*
 * The suite as a proposal: what an answer carries. It has one transform of each type that the
 * proposal had which was chosen, NONE where that was offered (section 2.7).
 */
struct ike_proposal ike_suite_proposal(const struct ike_suite *suite);

/* "AES_GCM_16-256/PRF_HMAC_SHA2_384/CURVE_25519", "AES_CBC-128/HMAC_SHA2_256_128/ESN". */
void ike_suite_text(const struct ike_suite *suite, char *out, size_t len);

/* "AES_GCM_16"; "NONE" for ID 0 and for what has no name here. Never NULL. */
const char *ike_algorithm_name(uint8_t type, uint16_t id);

bool ike_encr_is_aead(uint16_t encr);

/* ESP or AH: of a Child SA. */
bool ike_protocol_is_child(uint8_t protocol);

#endif
