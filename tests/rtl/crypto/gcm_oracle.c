// SPDX-License-Identifier: BSD-2-Clause
#include "tests/rtl/crypto/gcm_oracle.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

struct gcm_oracle {
	EVP_CIPHER *aes[3]; /* 128, 192, 256 */
	EVP_CIPHER_CTX *ctx;
};

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	printf("Bail out! OpenSSL: %s\n", what);
	exit(1);
}

struct gcm_oracle *gcm_oracle_new(void)
{
	struct gcm_oracle *o = calloc(1, sizeof(*o));

	must(o, "memory");
	o->aes[0] = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
	o->aes[1] = EVP_CIPHER_fetch(NULL, "AES-192-GCM", NULL);
	o->aes[2] = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	o->ctx = EVP_CIPHER_CTX_new();
	must(o->aes[0] && o->aes[1] && o->aes[2] && o->ctx, "no AES-GCM");
	return o;
}

void gcm_oracle_free(struct gcm_oracle *o)
{
	EVP_CIPHER_CTX_free(o->ctx);
	for (int i = 0; i < 3; i++)
		EVP_CIPHER_free(o->aes[i]);
	free(o);
}

void gcm_oracle_seal(struct gcm_oracle *o, unsigned int key_len, const uint8_t *key,
		     const uint8_t nonce[12], const uint8_t *aad, size_t aad_len,
		     const uint8_t *text, size_t len, uint8_t *out, uint8_t tag[16])
{
	int n;

	must(EVP_EncryptInit_ex2(o->ctx, o->aes[key_len / 8 - 2], key, nonce, NULL), "init");
	if (aad_len)
		must(EVP_EncryptUpdate(o->ctx, NULL, &n, aad, (int)aad_len), "aad");
	if (len)
		must(EVP_EncryptUpdate(o->ctx, out, &n, text, (int)len), "text");
	must(EVP_EncryptFinal_ex(o->ctx, tag, &n), "final");
	must(EVP_CIPHER_CTX_ctrl(o->ctx, EVP_CTRL_AEAD_GET_TAG, 16, tag), "tag");
}

bool gcm_oracle_open(struct gcm_oracle *o, unsigned int key_len, const uint8_t *key,
		     const uint8_t nonce[12], const uint8_t *aad, size_t aad_len,
		     const uint8_t *text, size_t len, const uint8_t *tag, size_t tag_len,
		     uint8_t *out)
{
	uint8_t rest[16];
	int n;

	must(EVP_DecryptInit_ex2(o->ctx, o->aes[key_len / 8 - 2], key, nonce, NULL), "init");
	if (aad_len)
		must(EVP_DecryptUpdate(o->ctx, NULL, &n, aad, (int)aad_len), "aad");
	if (len)
		must(EVP_DecryptUpdate(o->ctx, out, &n, text, (int)len), "text");
	must(EVP_CIPHER_CTX_ctrl(o->ctx, EVP_CTRL_AEAD_SET_TAG, (int)tag_len, (void *)tag), "tag");
	return EVP_DecryptFinal_ex(o->ctx, rest, &n) > 0;
}

void gcm_oracle_block(unsigned int key_len, const uint8_t *key, const uint8_t in[16],
		      uint8_t out[16])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	must(ctx, "memory");
	must(EVP_EncryptInit_ex2(ctx,
				 key_len == 32	 ? EVP_aes_256_ecb()
				 : key_len == 24 ? EVP_aes_192_ecb()
						 : EVP_aes_128_ecb(),
				 key, NULL, NULL),
	     "init");
	must(EVP_CIPHER_CTX_set_padding(ctx, 0), "padding");
	must(EVP_EncryptUpdate(ctx, out, &n, in, 16), "block");
	EVP_CIPHER_CTX_free(ctx);
}
