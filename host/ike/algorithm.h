/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Algorithms of the crypto library, looked up once: by name it takes longer than to hash a short
 * text. They hold no secret and never change, so all engines and threads share them.
 */
#ifndef RAVELIN_HOST_IKE_ALGORITHM_H
#define RAVELIN_HOST_IKE_ALGORITHM_H

#include <openssl/evp.h>
#include <stdint.h>

/* SHA-1 or SHA-2 of so many octets. NULL for an unknown one, or where the library lacks it. */
const EVP_MD *ike_algorithm_hash(size_t len);

/* By its number and key length; NULL as above. */
const EVP_CIPHER *ike_algorithm_cipher(uint16_t encr, uint16_t encr_bits);

#endif
