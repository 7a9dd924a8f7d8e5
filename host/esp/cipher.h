/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Encryption and integrity of ESP packets (RFC 4303, section 3.2), as one operation over
 *
 *   SPI | sequence number | IV | text | ICV
 *
 * in place, where IV and ICV have the lengths of their rows in suite.h and the text is a multiple
 * of the block.
 *
 * IVs of counter modes are the sequence number, so none is used twice with a key. CBC's has to be
 * one that nobody can foresee (RFC 3602, section 3): it is the sequence number, a block of it,
 * encrypted with the packet's key (NIST SP 800-38A, appendix C, the first method).
 *
 * A packet with an integrity algorithm of its own is verified before any of it is decrypted. What
 * an AEAD algorithm refuses may have been decrypted meanwhile: the text is erased then.
 */
#ifndef RVL_ESP_CIPHER_H
#define RVL_ESP_CIPHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/esp/suite.h"

struct rvl_cipher;

/* For one direction. All but the keys is the SA's; keys have the lengths of their rows and are
 * copied. NULL without memory. */
struct rvl_cipher *rvl_cipher_new(const struct rvl_suite *suite, const struct rvl_sa_params *params,
				  const uint8_t *encr_key, const uint8_t *integ_key);

/* Cleanses the keys. NULL is fine. */
void rvl_cipher_free(struct rvl_cipher *cipher);

/*
 * esp: the packet from its SPI, with SPI and sequence number filled in; len: of the text; seq: the
 * whole sequence number, of 64 bits with ESN. Fails (false) when the library does, or, to open,
 * when the packet isn't authentic: then its text holds no plaintext.
 */
bool rvl_cipher_seal(struct rvl_cipher *cipher, uint8_t *esp, size_t len, uint64_t seq);
bool rvl_cipher_open(struct rvl_cipher *cipher, uint8_t *esp, size_t len, uint64_t seq);

#endif
