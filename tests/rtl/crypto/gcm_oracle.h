/* SPDX-License-Identifier: BSD-2-Clause */
/* AES-GCM by OpenSSL: what the engine is compared with. */
#ifndef RVL_TESTS_GCM_ORACLE_H
#define RVL_TESTS_GCM_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gcm_oracle;

struct gcm_oracle *gcm_oracle_new(void);
void gcm_oracle_free(struct gcm_oracle *o);

/* Encrypts text of len octets into out; tag gets 16 octets. key has 32 octets, or 16. */
void gcm_oracle_seal(struct gcm_oracle *o, unsigned int key_len, const uint8_t *key,
		     const uint8_t nonce[12], const uint8_t *aad, size_t aad_len,
		     const uint8_t *text, size_t len, uint8_t *out, uint8_t tag[16]);

/* Decrypts; false when the tag (of tag_len octets) is not right. out may be NULL when len is 0. */
bool gcm_oracle_open(struct gcm_oracle *o, unsigned int key_len, const uint8_t *key,
		     const uint8_t nonce[12], const uint8_t *aad, size_t aad_len,
		     const uint8_t *text, size_t len, const uint8_t *tag, size_t tag_len,
		     uint8_t *out);

/* One block of AES. */
void gcm_oracle_block(unsigned int key_len, const uint8_t *key, const uint8_t in[16],
		      uint8_t out[16]);

#endif
