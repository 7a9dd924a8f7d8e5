/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Key exchange: MODP (RFC 3526), ECP (RFC 5903), Curve25519 and Curve448 (RFC 8031), with the
 * checks of RFC 6989 on what the peer sends.
 *
 * ike_dh_new() and ike_dh_shared() are the only expensive steps of a handshake and depend on
 * nothing but their arguments, so either may run on another thread: one at a time with a key pair.
 */
#ifndef RAVELIN_HOST_IKE_DH_H
#define RAVELIN_HOST_IKE_DH_H

#include "host/ike/cursor.h"
#include "host/ike/random.h"
#include "host/ike/secret.h"
#include "host/ike/wire.h"

struct ike_dh; /* a private key and its public value */

/* Octets of a public value as the KE payload carries it; 0 for an unknown group. */
size_t ike_dh_public_len(uint16_t group);

/* A fresh key pair. NULL when the group is unknown, the generator fails or memory is short. */
struct ike_dh *ike_dh_new(uint16_t group, const struct ike_random *random);

/* The key pair of a given private value (network order; not for Curve25519/448: their own order).
 */
struct ike_dh *ike_dh_from_private(uint16_t group, struct ike_slice private_key);

uint16_t ike_dh_group(const struct ike_dh *dh);
struct ike_slice ike_dh_public(const struct ike_dh *dh);

/*
 * The shared secret as SKEYSEED wants it: padded to the modulus, or the x coordinate.
 * Returns 0, or -EBADMSG when the peer's value has the wrong length or fails RFC 6989's checks
 * (MODP: 1 < y < p - 1; ECP: coordinates below p and on the curve; Curve25519/448: the result
 * isn't zero), -EIO when the crypto library fails.
 */
int ike_dh_shared(const struct ike_dh *dh, struct ike_slice peer, struct ike_secret *out);

/* Erases the private key. NULL is fine. */
void ike_dh_free(struct ike_dh *dh);

#endif
