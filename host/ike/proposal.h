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

/* A proposal of ours. Transforms of one type are alternatives, the first being preferred. */
struct ike_proposal {
	uint8_t protocol; /* IKE_PROTO_IKE or IKE_PROTO_ESP */
	unsigned count;
	struct ike_transform transforms[IKE_PROPOSAL_TRANSFORMS_MAX];
};

struct ike_received_proposal {
	uint8_t number;
	uint8_t protocol;
	struct ike_slice spi;
	unsigned first; /* index into ike_sa_payload.transforms */
	unsigned count;
};

struct ike_sa_payload {
	unsigned proposal_count;
	unsigned transform_count;
	struct ike_received_proposal proposals[IKE_PROPOSALS_MAX];
	struct ike_transform transforms[IKE_TRANSFORMS_MAX];
};

/* What was agreed on. Key lengths are in bits; 0 and IKE_INTEG_NONE where there is none. */
struct ike_suite {
	uint8_t protocol;
	uint8_t number;
	uint16_t encr;
	uint16_t encr_bits;
	uint16_t prf;
	uint16_t integ;
	uint16_t group;
};

/*
 * Parse a proposal as swanctl.conf writes it: "aes256gcm16-prfsha384-x25519",
 * "aes128-sha256-modp2048", "aes256gcm16". For IKE, a missing PRF follows from the integrity
 * algorithm. Returns 0, or -EINVAL with what is wrong in `error`: unknown algorithm "aes512".
 */
int ike_proposal_parse(const char *text, uint8_t protocol, struct ike_proposal *out, char *error,
		       size_t error_len);

enum { IKE_PROPOSAL_DEFAULTS = 2 };

/* What is proposed where nothing is configured. Returns their number (at most the above). */
unsigned ike_proposal_defaults(uint8_t protocol, struct ike_proposal out[IKE_PROPOSAL_DEFAULTS]);

/* A copy of a proposal without transforms of one type, as IKE_AUTH leaves out key exchange. */
struct ike_proposal ike_proposal_without(const struct ike_proposal *p, uint8_t type);

bool ike_proposal_has(const struct ike_proposal *p, uint8_t type, uint16_t id);

/*
 * Choose among what the peer offers, in our order of preference. ignore_ke leaves transforms of
 * type KE out of the comparison (IKE_AUTH, section 1.2). The peer's SPI is in *spi.
 * `prefer_group`, when not 0, is taken where both sides have it, which saves a round trip.
 * Returns 0 or NO_PROPOSAL_CHOSEN.
 */
int ike_proposal_select(const struct ike_proposal *own, unsigned own_count,
			const struct ike_sa_payload *peer, uint16_t prefer_group, bool ignore_ke,
			struct ike_suite *suite, struct ike_slice *spi);

/*
 * Check an answer to our offer: exactly one proposal, one transform of each type, and all of them
 * offered (section 2.7). Returns 0 or NO_PROPOSAL_CHOSEN.
 */
int ike_proposal_check_answer(const struct ike_proposal *own, unsigned own_count,
			      const struct ike_sa_payload *answer, bool ignore_ke,
			      struct ike_suite *suite, struct ike_slice *spi);

/* The suite as a proposal with one transform of each type: what an answer carries. */
struct ike_proposal ike_suite_proposal(const struct ike_suite *suite);

/* "AES_GCM_16-256/PRF_HMAC_SHA2_384/X25519". */
void ike_suite_text(const struct ike_suite *suite, char *out, size_t len);

/* "aes512" is unknown; NULL when there is no such algorithm. */
const char *ike_algorithm_name(uint8_t type, uint16_t id);

bool ike_encr_is_aead(uint16_t encr);

#endif
