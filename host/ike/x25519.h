/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * X25519 (RFC 7748, section 6.1) with what the crypto library's provider has for it
 * (provider-keyexch(7)), in less time than the library's general functions take, which look the
 * algorithm up for each key. Any thread may call these.
 */
#ifndef RAVELIN_HOST_IKE_X25519_H
#define RAVELIN_HOST_IKE_X25519_H

#include <stdint.h>

#define IKE_X25519_LEN 32

/* Our private value; one thread's at a time. */
struct ike_x25519;

extern const uint8_t ike_x25519_base_point[IKE_X25519_LEN];

/* NULL: failed, or there is no X25519. */
struct ike_x25519 *ike_x25519_new(const uint8_t private_value[IKE_X25519_LEN]);
void ike_x25519_free(struct ike_x25519 *x);

/*
 * What it gives with a peer's public value. -EBADMSG when that is zero, which is the peer's doing;
 * -EIO.
 */
int ike_x25519_derive(struct ike_x25519 *x, const uint8_t peer[IKE_X25519_LEN],
		      uint8_t out[IKE_X25519_LEN]);

#endif
