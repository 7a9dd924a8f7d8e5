/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/ike/cipher.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "host/ike/algorithm.h"
#include "host/ike/prf.h"
#include "host/ike/proposal.h"

enum { AEAD_TAG_LEN = 16, AEAD_IV_LEN = 8, AEAD_SALT_LEN = 4, CBC_BLOCK = 16 };

/* Salts: RFC 4106, section 8.1; RFC 3686, section 5.1; RFC 4543, section 3.2; RFC 7634, section 2.
 */
size_t ike_encr_key_len(uint16_t encr, uint16_t encr_bits)
{
	switch (encr) {
	case IKE_ENCR_AES_GCM_8:
	case IKE_ENCR_AES_GCM_12:
	case IKE_ENCR_AES_GCM_16:
	case IKE_ENCR_AES_GCM_16_IIV:
	case IKE_ENCR_NULL_AUTH_AES_GMAC:
	case IKE_ENCR_AES_CTR:
		return encr_bits / 8u + AEAD_SALT_LEN;
	case IKE_ENCR_AES_CBC:
		return encr_bits / 8u;
	case IKE_ENCR_CHACHA20_POLY1305:
	case IKE_ENCR_CHACHA20_POLY1305_IIV:
		return 32 + AEAD_SALT_LEN;
	default:
		return 0;
	}
}

static const EVP_CIPHER *algorithm(const struct ike_cipher *c)
{
	return ike_algorithm_cipher(c->encr, c->encr_bits);
}

size_t ike_cipher_iv_len(const struct ike_cipher *c)
{
	return ike_encr_is_aead(c->encr) ? AEAD_IV_LEN : CBC_BLOCK;
}

/* Payloads are followed by padding and its length. CBC needs whole blocks, an AEAD needs none. */
static size_t padding(const struct ike_cipher *c, size_t plain_len)
{
	if (ike_encr_is_aead(c->encr))
		return 0;
	return CBC_BLOCK - 1 - plain_len % CBC_BLOCK;
}

static size_t tag_len(const struct ike_cipher *c)
{
	return ike_encr_is_aead(c->encr) ? AEAD_TAG_LEN : ike_integ_tag_len(c->integ);
}

size_t ike_cipher_sealed_len(const struct ike_cipher *c, size_t plain_len)
{
	return ike_cipher_iv_len(c) + plain_len + padding(c, plain_len) + 1 + tag_len(c);
}

/* The nonce is the salt, which is the end of the key, and the IV of the message. */
static void aead_nonce(const struct ike_cipher *c, const uint8_t *iv, uint8_t nonce[12])
{
	memcpy(nonce, c->key + c->key_len - AEAD_SALT_LEN, AEAD_SALT_LEN);
	memcpy(nonce + AEAD_SALT_LEN, iv, AEAD_IV_LEN);
}

static int aead_seal(const struct ike_cipher *c, EVP_CIPHER_CTX *ctx, const uint8_t *iv,
		     struct ike_slice head, struct ike_slice plain, uint8_t *out)
{
	uint8_t nonce[12], trailer = 0;
	int n;

	aead_nonce(c, iv, nonce);
	if (!EVP_EncryptInit_ex(ctx, algorithm(c), NULL, c->key, nonce) ||
	    !EVP_EncryptUpdate(ctx, NULL, &n, head.data, (int)head.len))
		return -EIO;
	if (plain.len && !EVP_EncryptUpdate(ctx, out, &n, plain.data, (int)plain.len))
		return -EIO;
	if (!EVP_EncryptUpdate(ctx, out + plain.len, &n, &trailer, 1) ||
	    !EVP_EncryptFinal_ex(ctx, out + plain.len + 1, &n) ||
	    !EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_LEN, out + plain.len + 1))
		return -EIO;
	return 0;
}

static int cbc_seal(const struct ike_cipher *c, EVP_CIPHER_CTX *ctx, const uint8_t *iv,
		    struct ike_slice head, struct ike_slice plain, uint8_t *out)
{
	uint8_t trailer[CBC_BLOCK] = {0};
	size_t pad = padding(c, plain.len), len = plain.len + pad + 1;
	struct ike_slice parts[] = {head, ike_slice(iv, CBC_BLOCK), ike_slice(out, len)};
	int n, m, last;

	trailer[pad] = (uint8_t)pad;
	if (!EVP_EncryptInit_ex(ctx, algorithm(c), NULL, c->key, iv) ||
	    !EVP_CIPHER_CTX_set_padding(ctx, 0) ||
	    !EVP_EncryptUpdate(ctx, out, &n, plain.data, (int)plain.len) ||
	    !EVP_EncryptUpdate(ctx, out + n, &m, trailer, (int)pad + 1) ||
	    !EVP_EncryptFinal_ex(ctx, out + n + m, &last) || (size_t)(n + m + last) != len)
		return -EIO;
	return ike_integ(c->integ, ike_slice(c->integ_key, c->integ_key_len), parts, 3, out + len);
}

int ike_cipher_seal(const struct ike_cipher *c, const uint8_t *iv, struct ike_slice head,
		    struct ike_slice plain, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx;
	size_t iv_len = ike_cipher_iv_len(c);
	int err;

	if (!algorithm(c))
		return -EINVAL;
	ctx = EVP_CIPHER_CTX_new();
	if (!ctx)
		return -EIO;
	memcpy(out, iv, iv_len);
	if (ike_encr_is_aead(c->encr))
		err = aead_seal(c, ctx, iv, head, plain, out + iv_len);
	else
		err = cbc_seal(c, ctx, iv, head, plain, out + iv_len);
	EVP_CIPHER_CTX_free(ctx);
	return err;
}

static bool aead_open(const struct ike_cipher *c, EVP_CIPHER_CTX *ctx, struct ike_slice head,
		      const uint8_t *iv, struct ike_slice sealed, const uint8_t *tag,
		      uint8_t *plain)
{
	uint8_t nonce[12];
	int n;

	aead_nonce(c, iv, nonce);
	return EVP_DecryptInit_ex(ctx, algorithm(c), NULL, c->key, nonce) &&
	       EVP_DecryptUpdate(ctx, NULL, &n, head.data, (int)head.len) &&
	       EVP_DecryptUpdate(ctx, plain, &n, sealed.data, (int)sealed.len) &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG_LEN, (void *)tag) &&
	       EVP_DecryptFinal_ex(ctx, plain + n, &n) > 0;
}

static bool cbc_open(const struct ike_cipher *c, EVP_CIPHER_CTX *ctx, struct ike_slice head,
		     const uint8_t *iv, struct ike_slice sealed, const uint8_t *tag, uint8_t *plain)
{
	struct ike_slice parts[] = {head, ike_slice(iv, CBC_BLOCK), sealed};
	uint8_t expected[IKE_HASH_MAX];
	int n, m;

	if (ike_integ(c->integ, ike_slice(c->integ_key, c->integ_key_len), parts, 3, expected) ||
	    CRYPTO_memcmp(expected, tag, tag_len(c)) != 0)
		return false;
	return sealed.len % CBC_BLOCK == 0 &&
	       EVP_DecryptInit_ex(ctx, algorithm(c), NULL, c->key, iv) &&
	       EVP_CIPHER_CTX_set_padding(ctx, 0) &&
	       EVP_DecryptUpdate(ctx, plain, &n, sealed.data, (int)sealed.len) &&
	       EVP_DecryptFinal_ex(ctx, plain + n, &m) > 0;
}

int ike_cipher_open(const struct ike_cipher *c, struct ike_slice head, struct ike_slice body,
		    uint8_t *plain, size_t *plain_len)
{
	size_t iv_len = ike_cipher_iv_len(c), tag = tag_len(c);
	struct ike_slice sealed;
	EVP_CIPHER_CTX *ctx;
	bool ok;

	if (!algorithm(c) || body.len < iv_len + 1 + tag)
		return -EBADMSG;
	sealed = ike_slice(body.data + iv_len, body.len - iv_len - tag);
	ctx = EVP_CIPHER_CTX_new();
	if (!ctx)
		return -EBADMSG;
	if (ike_encr_is_aead(c->encr))
		ok = aead_open(c, ctx, head, body.data, sealed, sealed.data + sealed.len, plain);
	else
		ok = cbc_open(c, ctx, head, body.data, sealed, sealed.data + sealed.len, plain);
	EVP_CIPHER_CTX_free(ctx);
	/* The pad length is authentic by now: a bad one is the peer's bug, not a guess. */
	if (!ok || (size_t)plain[sealed.len - 1] + 1 > sealed.len) {
		OPENSSL_cleanse(plain, sealed.len);
		return -EBADMSG;
	}
	*plain_len = sealed.len - 1 - plain[sealed.len - 1];
	return 0;
}
