/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * X25519 (RFC 7748, section 6.1) with what the crypto library has for it, in less time than its
 * general functions take, which look the algorithm up for each key. Any thread may call these.
 */
#ifndef RAVELIN_HOST_IKE_X25519_H
#define RAVELIN_HOST_IKE_X25519_H

#include <openssl/evp.h>
#include <stdint.h>

#define IKE_X25519_LEN 32

extern const uint8_t ike_x25519_base_point[IKE_X25519_LEN];

/* The caller's; it is for ike_x25519_derive() alone, as it has no public value. NULL: failed. */
EVP_PKEY *ike_x25519_key(const uint8_t private_value[IKE_X25519_LEN]);

/*
 * exchange: begun with a key of ours, and one thread's at a time. -EBADMSG when the result is zero,
 * which is the peer's doing; -EIO.
 */
int ike_x25519_derive(EVP_PKEY_CTX *exchange, const uint8_t peer[IKE_X25519_LEN],
		      uint8_t out[IKE_X25519_LEN]);

#endif
