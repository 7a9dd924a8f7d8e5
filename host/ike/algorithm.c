/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/ike/algorithm.h"

#include <pthread.h>

#include "host/ike/wire.h"

static struct {
	size_t len; /* octets of what it gives */
	const char *name;
	EVP_MD *hash;
} hashes[] = {
	{20, "SHA1", NULL},
	{32, "SHA256", NULL},
	{48, "SHA384", NULL},
	{64, "SHA512", NULL},
};

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

static pthread_once_t fetched = PTHREAD_ONCE_INIT;

static void fetch(void)
{
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
		hashes[i].hash = EVP_MD_fetch(NULL, hashes[i].name, NULL);
	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++)
		ciphers[i].cipher = EVP_CIPHER_fetch(NULL, ciphers[i].name, NULL);
}

const EVP_MD *ike_algorithm_hash(size_t len)
{
	pthread_once(&fetched, fetch);
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		if (hashes[i].len == len)
			return hashes[i].hash;
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
