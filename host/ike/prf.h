/* SPDX-License-Identifier: BSD-2-Clause */
/* HMAC, the PRFs of RFC 4868 and prf+ (RFC 7296, section 2.13). */
#ifndef RAVELIN_HOST_IKE_PRF_H
#define RAVELIN_HOST_IKE_PRF_H

#include <openssl/types.h>

#include "host/ike/cursor.h"
#include "host/ike/wire.h"

enum { IKE_PRF_MAX = 64, IKE_HASH_MAX = 64 };

/* Octets that a PRF gives and prefers as its key; 0 for an unknown one. */
size_t ike_prf_len(uint16_t prf);

/*
 * prf(key, part | part | ...). `out` has ike_prf_len() octets.
 * Returns 0, or -EIO when the crypto library fails; -EINVAL for an unknown PRF.
 */
int ike_prf(uint16_t prf, struct ike_slice key, const struct ike_slice *parts, unsigned count,
	    uint8_t *out);

/* The same with a context for several; freeing that erases what it has hashed. */
int ike_prf_next(EVP_MD_CTX *context, uint16_t prf, struct ike_slice key,
		 const struct ike_slice *parts, unsigned count, uint8_t *out);

/* prf+(key, seed parts), `len` octets of it; at most 255 blocks, else -EINVAL. */
int ike_prf_plus(uint16_t prf, struct ike_slice key, const struct ike_slice *seed, unsigned count,
		 uint8_t *out, size_t len);

/* Key length of an integrity algorithm, salt included, and of one that IKE uses itself that of its
 * tag, in octets; 0 for none or an unknown one. */
size_t ike_integ_key_len(uint16_t integ);
size_t ike_integ_tag_len(uint16_t integ);

/* The truncated tag over all parts; `out` has ike_integ_tag_len() octets. */
int ike_integ(uint16_t integ, struct ike_slice key, const struct ike_slice *parts, unsigned count,
	      uint8_t *out);

/* SHA-1 for NAT detection (section 2.23) and SHA-256 to recognise a retransmitted request. */
int ike_sha1(const struct ike_slice *parts, unsigned count, uint8_t out[20]);
int ike_sha256(struct ike_slice data, uint8_t out[32]);

#endif
