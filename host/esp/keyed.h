/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A cipher of the library's with a key, by the functions that its provider has
 * (provider-cipher(7)). EVP_CIPHER_CTX, which stands before them, looks up lengths by name several
 * times a packet.
 */
#ifndef RVL_ESP_KEYED_H
#define RVL_ESP_KEYED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An algorithm: its functions, which stay as long as the process lives. */
struct rvl_algorithm;

/* By the library's name. NULL where it doesn't have it. */
const struct rvl_algorithm *rvl_algorithm_fetch(const char *name);

struct rvl_keyed {
	const struct rvl_algorithm *algorithm;
	void *context; /* NULL: there is none */
	bool seal;     /* or open */
};

/* Without padding of its own. False: the key isn't one of the algorithm's, or there is no memory;
 * there is nothing to free then. */
bool rvl_keyed_init(struct rvl_keyed *k, const struct rvl_algorithm *algorithm, const uint8_t *key,
		    size_t len, bool seal);
/* The key is erased. Zeros are fine. */
void rvl_keyed_free(struct rvl_keyed *k);

/* A message begins. tag: what an AEAD that opens it is to find at its end, of so many octets; else
 * NULL. These three return false where the library refuses. */
bool rvl_keyed_start(struct rvl_keyed *k, const uint8_t *iv, size_t iv_len, const uint8_t *tag,
		     size_t tag_len);
/* out: len octets, which may be in itself; NULL: what is only authenticated. */
bool rvl_keyed_add(struct rvl_keyed *k, uint8_t *out, const uint8_t *in, size_t len);
/* tag: room for what an AEAD that seals has made; else NULL. False also where the tag is another.
 */
bool rvl_keyed_end(struct rvl_keyed *k, uint8_t *tag, size_t tag_len);

#endif
