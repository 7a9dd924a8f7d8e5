/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Primitives that cost next to nothing, in place of the crypto library's: linked by --wrap into the
 * simulation, whose millions of handshakes would be spent in them. They do what the core relies on
 * and no more: whatever depends on a key, a nonce or an octet of a message changes with it, both
 * ends of a key exchange get the same, and what was changed on its way doesn't open.
 */
#ifndef RAVELIN_TESTS_IKE_CHEAP_CRYPTO_H
#define RAVELIN_TESTS_IKE_CHEAP_CRYPTO_H

#include "host/ike/cipher.h"

/* A sum of octets that goes on from another. */
uint64_t cheap_sum(uint64_t sum, const void *data, size_t len);

/* Is told of each message that is sealed, with its IV. */
extern void (*cheap_sealed)(const struct ike_cipher *c, struct ike_slice iv);

/* While it is set, secrets that are compared are equal: whoever runs believes everything. */
extern bool cheap_trust;

#endif
