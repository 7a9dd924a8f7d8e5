/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Algorithms of the crypto library, looked up once: by name it takes longer than to hash a short
 * text. They hold no key and never change, so all engines and threads share them.
 */
#ifndef RAVELIN_HOST_IKE_ALGORITHM_H
#define RAVELIN_HOST_IKE_ALGORITHM_H

#include <openssl/evp.h>
#include <stdint.h>

/* NULL for what the library doesn't have. */
const EVP_MD *ike_algorithm_sha1(void);
const EVP_MD *ike_algorithm_sha256(void);

/* HMAC with a hash of so many octets, without a key: to be duplicated. */
const EVP_MAC_CTX *ike_algorithm_hmac(size_t hash_len);

/* By its number and key length; NULL for an unknown one, too. */
const EVP_CIPHER *ike_algorithm_cipher(uint16_t encr, uint16_t encr_bits);

#endif
