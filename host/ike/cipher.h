/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Protection of the SK payload (RFC 7296, section 3.14; RFC 5282 and RFC 7634 for AEAD).
 *
 * The body of an SK payload is IV | ciphertext | tag. All ways in which opening can fail look the
 * same: the tag is checked over everything before any of it is decrypted or its padding looked at.
 */
#ifndef RAVELIN_HOST_IKE_CIPHER_H
#define RAVELIN_HOST_IKE_CIPHER_H

#include "host/ike/cursor.h"
#include "host/ike/wire.h"

enum { IKE_CIPHER_KEY_MAX = 36, IKE_INTEG_KEY_MAX = 64, IKE_IV_MAX = 16 };

struct ike_cipher {
	uint16_t encr;
	uint16_t encr_bits;
	uint16_t integ;
	uint8_t key_len; /* with the 4 octets of salt of an AEAD */
	uint8_t integ_key_len;
	uint8_t key[IKE_CIPHER_KEY_MAX];
	uint8_t integ_key[IKE_INTEG_KEY_MAX];
};

/* Octets of keying material for an encryption algorithm, salt included; 0 for none, and for an
 * unknown one. */
size_t ike_encr_key_len(uint16_t encr, uint16_t encr_bits);

size_t ike_cipher_iv_len(const struct ike_cipher *c);

/* How long the SK body gets for `plain_len` octets of payloads. */
size_t ike_cipher_sealed_len(const struct ike_cipher *c, size_t plain_len);

/*
 * Seal.
 *
 * iv    ike_cipher_iv_len() octets, used once with this key: a counter for an AEAD,
 *       unpredictable for CBC
 * head  the message up to the SK body, as it will be sent
 * out   ike_cipher_sealed_len() octets, which follow `head` on the wire
 *
 * Returns 0, -EIO when the crypto library fails, -EINVAL for an unknown algorithm.
 */
int ike_cipher_seal(const struct ike_cipher *c, const uint8_t *iv, struct ike_slice head,
		    struct ike_slice plain, uint8_t *out);

/*
 * Open an SK body into `plain`, which has room for body.len octets.
 * Returns 0 with *plain_len without padding, or -EBADMSG whatever was wrong.
 */
int ike_cipher_open(const struct ike_cipher *c, struct ike_slice head, struct ike_slice body,
		    uint8_t *plain, size_t *plain_len);

#endif
