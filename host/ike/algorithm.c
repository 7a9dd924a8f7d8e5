/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/ike/algorithm.h"

#include <openssl/core_names.h>
#include <pthread.h>

#include "host/ike/wire.h"

static struct {
	size_t hash_len;
	const char *digest;
	EVP_MAC_CTX *hmac;
} macs[] = {{32, "SHA256", NULL}, {48, "SHA384", NULL}, {64, "SHA512", NULL}};

static struct {
	uint16_t encr;
	uint16_t bits;
	const char *name;
	EVP_CIPHER *cipher;
} ciphers[] = {
	{IKE_ENCR_AES_CBC, 128, "AES-128-CBC", NULL},
	{IKE_ENCR_AES_CBC, 192, "AES-192-CBC", NULL},
	{IKE_ENCR_AES_CBC, 256, "AES-256-CBC", NULL},
	{IKE_ENCR_AES_GCM_16, 128, "AES-128-GCM", NULL},
	{IKE_ENCR_AES_GCM_16, 192, "AES-192-GCM", NULL},
	{IKE_ENCR_AES_GCM_16, 256, "AES-256-GCM", NULL},
	{IKE_ENCR_CHACHA20_POLY1305, 0, "ChaCha20-Poly1305", NULL},
};

static EVP_MD *sha1;
static EVP_MD *sha256;
static pthread_once_t fetched = PTHREAD_ONCE_INIT;

static EVP_MAC_CTX *hmac_with(EVP_MAC *hmac, const char *digest)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)digest, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC_CTX *ctx = hmac ? EVP_MAC_CTX_new(hmac) : NULL;

	if (ctx && !EVP_MAC_CTX_set_params(ctx, params)) {
		EVP_MAC_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

static void fetch(void)
{
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);

	sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	for (size_t i = 0; i < sizeof(macs) / sizeof(macs[0]); i++)
		macs[i].hmac = hmac_with(hmac, macs[i].digest);
	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++)
		ciphers[i].cipher = EVP_CIPHER_fetch(NULL, ciphers[i].name, NULL);
	EVP_MAC_free(hmac);
}

const EVP_MD *ike_algorithm_sha1(void)
{
	pthread_once(&fetched, fetch);
	return sha1;
}

const EVP_MD *ike_algorithm_sha256(void)
{
	pthread_once(&fetched, fetch);
	return sha256;
}

const EVP_MAC_CTX *ike_algorithm_hmac(size_t hash_len)
{
	pthread_once(&fetched, fetch);
	for (size_t i = 0; i < sizeof(macs) / sizeof(macs[0]); i++) {
		if (macs[i].hash_len == hash_len)
			return macs[i].hmac;
	}
	return NULL;
}

const EVP_CIPHER *ike_algorithm_cipher(uint16_t encr, uint16_t encr_bits)
{
	pthread_once(&fetched, fetch);
	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++) {
		if (ciphers[i].encr == encr && (!ciphers[i].bits || ciphers[i].bits == encr_bits))
			return ciphers[i].cipher;
	}
	return NULL;
}
