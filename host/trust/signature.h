/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signatures of IKE_AUTH: RFC 7427 with RSA (PKCS#1 v1.5, PSS), ECDSA (P-256, P-384, P-521),
 * Ed25519 and Ed448 (RFC 8420); for peers without it RSA with SHA-1 (RFC 7296) and ECDSA by RFC
 * 4754.
 */
#ifndef RVL_TRUST_SIGNATURE_H
#define RVL_TRUST_SIGNATURE_H

#include <openssl/evp.h>

#include "host/conf/conf.h"
#include "host/ike/buffer.h"

enum {
	TRUST_RSA_MIN = 2048, /* bits */
	TRUST_RSA_MAX = 16384,
};

/*
 * Is it a key that signatures are taken of? Of RSA the modulus is odd and of a length within
 * bounds, and the exponent odd and above 1. NULL, or what is wrong with it.
 */
const char *trust_key_fault(EVP_PKEY *key);

/*
 * Sign with the best that this key, what is configured and the peer have in common.
 *
 * hashes  of the peer: 1 << enum ike_hash; 0: it doesn't know RFC 7427
 * data    of the AUTH payload; the caller frees it
 *
 * 0, -EOPNOTSUPP (nothing in common), -ENOMEM or -EIO.
 */
int trust_sign(EVP_PKEY *key, const struct conf_auth *auth, uint16_t hashes,
	       struct ike_slice octets, uint8_t *method, struct ike_buffer *data);

/* Has somebody with this key signed, by what is configured? NULL, or what is wrong. */
const char *trust_verify(EVP_PKEY *key, const struct conf_auth *auth, uint16_t hashes,
			 struct ike_slice octets, uint8_t method, struct ike_slice data);

#endif
