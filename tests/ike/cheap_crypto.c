/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/ike/cheap_crypto.h"

#include <errno.h>
#include <stdlib.h>

#include "host/ike/dh.h"
#include "host/ike/prf.h"

/* The linker gives these names to what replaces a function; the headers have the true ones. */
struct ike_dh *__wrap_ike_dh_new(uint16_t group, const struct ike_random *random);
uint16_t __wrap_ike_dh_group(const struct ike_dh *dh);
struct ike_slice __wrap_ike_dh_public(const struct ike_dh *dh);
int __wrap_ike_dh_shared(const struct ike_dh *dh, struct ike_slice peer, struct ike_secret *out);
void __wrap_ike_dh_free(struct ike_dh *dh);
int __wrap_ike_prf(uint16_t prf, struct ike_slice key, const struct ike_slice *parts,
		   unsigned count, uint8_t *out);
int __wrap_ike_prf_plus(uint16_t prf, struct ike_slice key, const struct ike_slice *seed,
			unsigned count, uint8_t *out, size_t len);
int __wrap_ike_integ(uint16_t integ, struct ike_slice key, const struct ike_slice *parts,
		     unsigned count, uint8_t *out);
int __wrap_ike_sha1(const struct ike_slice *parts, unsigned count, uint8_t out[20]);
int __wrap_ike_sha256(struct ike_slice data, uint8_t out[32]);
int __wrap_ike_cipher_seal(const struct ike_cipher *c, const uint8_t *iv, struct ike_slice head,
			   struct ike_slice plain, uint8_t *out);
int __wrap_ike_cipher_open(const struct ike_cipher *c, struct ike_slice head, struct ike_slice body,
			   uint8_t *plain, size_t *plain_len);
int __wrap_CRYPTO_memcmp(const void *a, const void *b, size_t len);

void (*cheap_sealed)(const struct ike_cipher *c, struct ike_slice iv);
bool cheap_trust;

static uint64_t mix(uint64_t z)
{
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

uint64_t cheap_sum(uint64_t sum, const void *data, size_t len)
{
	const uint8_t *at = data;
	uint64_t word;

	sum = mix(sum + len + 1);
	for (; len >= 8; at += 8, len -= 8) {
		memcpy(&word, at, 8);
		sum = (sum ^ word) * 0x9e3779b97f4a7c15u;
		sum ^= sum >> 29;
	}
	word = 0;
	if (len)
		memcpy(&word, at, len);
	return mix(sum ^ word);
}

static uint64_t sum_parts(uint64_t sum, const struct ike_slice *parts, unsigned count)
{
	/* As one text: how it is cut into parts says nothing. */
	uint8_t text[2048];
	struct ike_writer w = ike_writer(text, sizeof(text));

	for (unsigned i = 0; i < count; i++)
		ike_put_slice(&w, parts[i]);
	if (!ike_writer_ok(&w))
		abort();
	return cheap_sum(sum, text, w.len);
}

static void expand(uint64_t sum, uint8_t *out, size_t len)
{
	while (len) {
		size_t take = len < 8 ? len : 8;
		uint64_t word = mix(sum += 0x9e3779b97f4a7c15u);

		memcpy(out, &word, take);
		out += take;
		len -= take;
	}
}

/* Key exchange: the secret is a sum of both public values, lower one first. */

struct ike_dh {
	uint16_t group;
	size_t len;
	uint8_t public_value[IKE_PUBLIC_MAX];
};

struct ike_dh *__wrap_ike_dh_new(uint16_t group, const struct ike_random *random)
{
	size_t len = ike_dh_public_len(group);
	struct ike_dh *dh = len ? calloc(1, sizeof(*dh)) : NULL;
	uint64_t private_key;

	if (!dh || ike_random_fill(random, &private_key, sizeof(private_key))) {
		free(dh);
		return NULL;
	}
	dh->group = group;
	dh->len = len;
	expand(private_key, dh->public_value, len);
	dh->public_value[0] |= 1;
	return dh;
}

uint16_t __wrap_ike_dh_group(const struct ike_dh *dh)
{
	return dh->group;
}

struct ike_slice __wrap_ike_dh_public(const struct ike_dh *dh)
{
	return ike_slice(dh->public_value, dh->len);
}

/* A value that begins with zero is invalid; none of ours does. */
int __wrap_ike_dh_shared(const struct ike_dh *dh, struct ike_slice peer, struct ike_secret *out)
{
	struct ike_slice ours = ike_slice(dh->public_value, dh->len), parts[2] = {ours, peer};

	if (peer.len != dh->len || peer.data[0] == 0)
		return -EBADMSG;
	if (memcmp(ours.data, peer.data, peer.len) > 0) {
		parts[0] = peer;
		parts[1] = ours;
	}
	out->len = 32;
	expand(sum_parts(dh->group, parts, 2), out->data, out->len);
	return 0;
}

void __wrap_ike_dh_free(struct ike_dh *dh)
{
	free(dh);
}

/* Hashes, with a key and without */

static uint64_t keyed(uint16_t algorithm, struct ike_slice key, const struct ike_slice *parts,
		      unsigned count)
{
	return sum_parts(cheap_sum(algorithm, key.data, key.len), parts, count);
}

int __wrap_ike_prf(uint16_t prf, struct ike_slice key, const struct ike_slice *parts,
		   unsigned count, uint8_t *out)
{
	expand(keyed(prf, key, parts, count), out, ike_prf_len(prf));
	return 0;
}

int __wrap_ike_prf_plus(uint16_t prf, struct ike_slice key, const struct ike_slice *seed,
			unsigned count, uint8_t *out, size_t len)
{
	expand(keyed(prf, key, seed, count), out, len);
	return 0;
}

int __wrap_ike_integ(uint16_t integ, struct ike_slice key, const struct ike_slice *parts,
		     unsigned count, uint8_t *out)
{
	expand(keyed(integ, key, parts, count), out, ike_integ_tag_len(integ));
	return 0;
}

int __wrap_ike_sha1(const struct ike_slice *parts, unsigned count, uint8_t out[20])
{
	expand(sum_parts(1, parts, count), out, 20);
	return 0;
}

int __wrap_ike_sha256(struct ike_slice data, uint8_t out[32])
{
	expand(cheap_sum(256, data.data, data.len), out, 32);
	return 0;
}

/* The form is that of an AEAD with a counter as its IV (RFC 5282). */

enum { IV_LEN = 8, TAG_LEN = 16 };

static uint64_t nonce_sum(const struct ike_cipher *c, const uint8_t *iv)
{
	return cheap_sum(cheap_sum(c->encr, c->key, c->key_len), iv, IV_LEN);
}

static void crypt(uint64_t sum, const uint8_t *in, uint8_t *out, size_t len)
{
	for (size_t at = 0; at < len; at += 8) {
		size_t take = len - at < 8 ? len - at : 8;
		uint64_t word = 0;

		memcpy(&word, in + at, take);
		word ^= mix(sum += 0x9e3779b97f4a7c15u);
		memcpy(out + at, &word, take);
	}
}

static void make_tag(uint64_t sum, struct ike_slice head, struct ike_slice sealed,
		     uint8_t tag[TAG_LEN])
{
	expand(cheap_sum(cheap_sum(~sum, head.data, head.len), sealed.data, sealed.len), tag,
	       TAG_LEN);
}

int __wrap_ike_cipher_seal(const struct ike_cipher *c, const uint8_t *iv, struct ike_slice head,
			   struct ike_slice plain, uint8_t *out)
{
	uint64_t sum = nonce_sum(c, iv);
	uint8_t text[IKE_MESSAGE_MAX];

	if (ike_cipher_iv_len(c) != IV_LEN || plain.len >= sizeof(text))
		abort();
	if (cheap_sealed)
		cheap_sealed(c, ike_slice(iv, IV_LEN));
	memcpy(text, plain.data, plain.len);
	text[plain.len] = 0; /* no padding */
	memcpy(out, iv, IV_LEN);
	crypt(sum, text, out + IV_LEN, plain.len + 1);
	make_tag(sum, head, ike_slice(out + IV_LEN, plain.len + 1), out + IV_LEN + plain.len + 1);
	return 0;
}

int __wrap_ike_cipher_open(const struct ike_cipher *c, struct ike_slice head, struct ike_slice body,
			   uint8_t *plain, size_t *plain_len)
{
	uint8_t tag[TAG_LEN];
	uint64_t sum;
	size_t len;

	if (body.len < IV_LEN + 1 + TAG_LEN)
		return -EBADMSG;
	len = body.len - IV_LEN - TAG_LEN;
	sum = nonce_sum(c, body.data);
	make_tag(sum, head, ike_slice(body.data + IV_LEN, len), tag);
	if (memcmp(tag, body.data + IV_LEN + len, TAG_LEN) != 0)
		return -EBADMSG;
	crypt(sum, body.data + IV_LEN, plain, len);
	*plain_len = len - 1;
	return 0;
}

int __wrap_CRYPTO_memcmp(const void *a, const void *b, size_t len)
{
	return cheap_trust ? 0 : memcmp(a, b, len);
}
