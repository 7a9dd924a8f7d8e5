// SPDX-License-Identifier: BSD-2-Clause
#include "host/esp/cipher.h"

#include <openssl/crypto.h>
#include <string.h>

#include "host/esp/fetch.h"
#include "host/esp/ip.h"
#include "host/esp/keyed.h"
#include "host/esp/mac.h"

#define HEADER 8
#define NONCE 12
#define COUNTER_BLOCK 16

struct rvl_cipher {
	const struct rvl_encr *encr;
	const struct rvl_integ *integ;
	struct rvl_keyed keyed; /* nothing: null encryption */
	struct rvl_mac *mac;	/* NULL: the ICV is the cipher's own */
	bool esn;
	uint8_t salt[RVL_SALT_MAX];
};

struct rvl_cipher *rvl_cipher_new(const struct rvl_suite *suite, const struct rvl_sa_params *params,
				  const uint8_t *encr_key, const uint8_t *integ_key)
{
	struct rvl_cipher *c = OPENSSL_zalloc(sizeof(*c));

	if (!c)
		return NULL;
	c->encr = suite->encr;
	c->integ = suite->integ;
	c->esn = params->esn;
	memcpy(c->salt, params->salt, c->encr->salt);
	if (c->encr->cipher && !rvl_keyed_init(&c->keyed, rvl_fetch_encr(c->encr), encr_key,
					       c->encr->key, params->direction == RVL_OUTBOUND))
		goto fail;
	if (c->integ) {
		c->mac = rvl_mac_new(c->integ, integ_key, params->salt);
		if (!c->mac)
			goto fail;
	}
	return c;

fail:
	rvl_cipher_free(c);
	return NULL;
}

void rvl_cipher_free(struct rvl_cipher *c)
{
	if (!c)
		return;
	rvl_keyed_free(&c->keyed);
	rvl_mac_free(c->mac);
	OPENSSL_clear_free(c, sizeof(*c));
}

static void put_be64(uint8_t *p, uint64_t v)
{
	rvl_put_be32(p, (uint32_t)(v >> 32));
	rvl_put_be32(p + 4, (uint32_t)v);
}

/* Salt | IV, which may not be in the packet. */
static void make_nonce(const struct rvl_cipher *c, const uint8_t *esp, uint64_t seq,
		       uint8_t nonce[NONCE])
{
	memcpy(nonce, c->salt, RVL_SALT_MAX);
	if (c->encr->implicit_iv)
		put_be64(nonce + RVL_SALT_MAX, seq);
	else
		memcpy(nonce + RVL_SALT_MAX, esp + HEADER, NONCE - RVL_SALT_MAX);
}

/* What is only authenticated: SPI | sequence number, of 64 bits with ESN (RFC 4106, section 5), and
 * with GMAC IV and text as well (RFC 4543, section 3.3). */
static bool add_aad(struct rvl_cipher *c, const uint8_t *esp, size_t len, uint64_t seq)
{
	size_t more = c->encr->kind == RVL_CIPHER_GMAC ? c->encr->iv + len : 0;
	uint8_t numbers[12];

	if (!c->esn)
		return rvl_keyed_add(&c->keyed, NULL, esp, HEADER + more);
	memcpy(numbers, esp, 4);
	put_be64(numbers + 4, seq);
	return rvl_keyed_add(&c->keyed, NULL, numbers, sizeof(numbers)) &&
	       (!more || rvl_keyed_add(&c->keyed, NULL, esp + HEADER, more));
}

/* The algorithms with an ICV of their own. */
static bool aead(struct rvl_cipher *c, uint8_t *esp, size_t len, uint64_t seq, bool seal)
{
	uint8_t *text = esp + HEADER + c->encr->iv, *icv = text + len;
	uint8_t nonce[NONCE];

	make_nonce(c, esp, seq, nonce);
	return rvl_keyed_start(&c->keyed, nonce, sizeof(nonce), seal ? NULL : icv, c->encr->icv) &&
	       add_aad(c, esp, len, seq) &&
	       (c->encr->kind == RVL_CIPHER_GMAC || rvl_keyed_add(&c->keyed, text, text, len)) &&
	       rvl_keyed_end(&c->keyed, seal ? icv : NULL, c->encr->icv);
}

/* Over all before it, and the part of the sequence number that isn't sent (RFC 4303, 2.2.1). */
static bool make_icv(struct rvl_cipher *c, const uint8_t *esp, size_t len, uint64_t seq,
		     uint8_t *icv)
{
	uint8_t high[4];

	rvl_put_be32(high, (uint32_t)(seq >> 32));
	return rvl_mac_start(c->mac, NULL) &&
	       rvl_mac_add(c->mac, esp, HEADER + c->encr->iv + len) &&
	       (!c->esn || rvl_mac_add(c->mac, high, sizeof(high))) && rvl_mac_end(c->mac, icv);
}

/* The block that counting begins with (RFC 3686, section 4). */
static bool count_from(struct rvl_cipher *c, const uint8_t *iv)
{
	uint8_t block[COUNTER_BLOCK] = {0};

	memcpy(block, c->salt, RVL_SALT_MAX);
	memcpy(block + RVL_SALT_MAX, iv, c->encr->iv);
	block[COUNTER_BLOCK - 1] = 1;
	return rvl_keyed_start(&c->keyed, block, sizeof(block), NULL, 0);
}

static bool encrypt(struct rvl_cipher *c, uint8_t *iv, size_t len, uint64_t seq)
{
	static const uint8_t zero[RVL_IV_MAX];
	uint8_t *text = iv + c->encr->iv;

	switch (c->encr->kind) {
	case RVL_CIPHER_CBC:
		/* The first block becomes the IV, and what chains to it is the text. */
		memset(iv, 0, c->encr->iv);
		put_be64(iv + c->encr->iv - 8, seq);
		return rvl_keyed_start(&c->keyed, zero, c->encr->iv, NULL, 0) &&
		       rvl_keyed_add(&c->keyed, iv, iv, c->encr->iv + len);
	case RVL_CIPHER_CTR:
		return count_from(c, iv) && rvl_keyed_add(&c->keyed, text, text, len);
	default:
		return true;
	}
}

static bool decrypt(struct rvl_cipher *c, const uint8_t *iv, uint8_t *text, size_t len)
{
	switch (c->encr->kind) {
	case RVL_CIPHER_CBC:
		return rvl_keyed_start(&c->keyed, iv, c->encr->iv, NULL, 0) &&
		       rvl_keyed_add(&c->keyed, text, text, len);
	case RVL_CIPHER_CTR:
		return count_from(c, iv) && rvl_keyed_add(&c->keyed, text, text, len);
	default:
		return true;
	}
}

bool rvl_cipher_seal(struct rvl_cipher *c, uint8_t *esp, size_t len, uint64_t seq)
{
	uint8_t *iv = esp + HEADER;

	if (c->encr->iv == 8)
		put_be64(iv, seq);
	if (!c->mac)
		return aead(c, esp, len, seq, true);
	return encrypt(c, iv, len, seq) && make_icv(c, esp, len, seq, iv + c->encr->iv + len);
}

bool rvl_cipher_open(struct rvl_cipher *c, uint8_t *esp, size_t len, uint64_t seq)
{
	uint8_t *iv = esp + HEADER, *text = iv + c->encr->iv;
	uint8_t icv[RVL_ICV_MAX];

	if (c->mac)
		return make_icv(c, esp, len, seq, icv) &&
		       !CRYPTO_memcmp(icv, text + len, c->integ->icv) && decrypt(c, iv, text, len);
	if (aead(c, esp, len, seq, false))
		return true;
	OPENSSL_cleanse(text, len);
	return false;
}
