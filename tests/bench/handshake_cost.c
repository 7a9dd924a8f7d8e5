// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the crypto library takes for the operations of one handshake as responder (x25519,
 * PRF_HMAC_SHA2_256, AES-GCM-256, PSK, one Child SA): the operations alone, one after the other,
 * with contexts that are made once, as `openssl speed` measures them. Prints JSON: microseconds.
 *
 * usage: handshake_cost
 */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SECONDS 0.02
#define KEY_MAX 64

/*
 * Octets of key and text of each HMAC of a handshake: SKEYSEED, SK_* (six blocks of prf+), AUTH of
 * the initiator and ours (three each), KEYMAT (three blocks).
 */
static const struct {
	unsigned key;
	unsigned text;
} macs[] = {
	{64, 32}, {32, 81},  {32, 113}, {32, 113}, {32, 113}, {32, 113}, {32, 113}, {34, 17},
	{32, 20}, {32, 340}, {34, 17},	{32, 25},  {32, 270}, {32, 65},	 {32, 97},  {32, 97},
};

static const struct {
	unsigned head; /* additional data */
	unsigned text;
} sealed[] = {{32, 160}, {32, 160}};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void check(int ok, const char *what)
{
	if (ok <= 0) {
		fprintf(stderr, "handshake_cost: %s failed\n", what);
		exit(1);
	}
}

/* A key pair from a private value: what generating one costs without the random numbers. */
static void make_key_pair(void *context)
{
	uint8_t public_value[32];
	size_t len = sizeof(public_value);
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, context, 32);

	check(key && EVP_PKEY_get_raw_public_key(key, public_value, &len), "a key pair");
	EVP_PKEY_free(key);
}

static void derive_secret(void *context)
{
	uint8_t secret[32];
	size_t len = sizeof(secret);

	check(EVP_PKEY_derive(context, secret, &len), "a shared secret");
}

static void compute_macs(void *context)
{
	static uint8_t text[512];
	uint8_t out[EVP_MAX_MD_SIZE];
	size_t len;

	for (size_t i = 0; i < sizeof(macs) / sizeof(macs[0]); i++)
		check(EVP_MAC_init(context, text, macs[i].key, NULL) &&
			      EVP_MAC_update(context, text, macs[i].text) &&
			      EVP_MAC_final(context, out, &len, sizeof(out)),
		      "HMAC");
}

/* Each message has another key, so that the key is set each time. */
static void seal(void *context)
{
	static uint8_t key[32], iv[12], text[512];
	uint8_t tag[16];
	int n;

	for (size_t i = 0; i < sizeof(sealed) / sizeof(sealed[0]); i++)
		check(EVP_EncryptInit_ex(context, NULL, NULL, key, iv) &&
			      EVP_EncryptUpdate(context, NULL, &n, text, (int)sealed[i].head) &&
			      EVP_EncryptUpdate(context, text, &n, text, (int)sealed[i].text) &&
			      EVP_EncryptFinal_ex(context, text, &n) &&
			      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, sizeof(tag), tag),
		      "AES-GCM");
}

static double microseconds(void (*operation)(void *context), void *context)
{
	double begin = now(), end;
	unsigned count = 0;

	do {
		for (unsigned i = 0; i < 16; i++)
			operation(context);
		count += 16;
		end = now();
	} while (end - begin < SECONDS);
	return 1e6 * (end - begin) / count;
}

int main(void)
{
	static uint8_t private_value[32] = {1};
	OSSL_PARAM digest[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, "SHA256", 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY *ours = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	EVP_PKEY *theirs = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	EVP_PKEY_CTX *derivation = EVP_PKEY_CTX_new(ours, NULL);
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *mac = EVP_MAC_CTX_new(hmac);
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();

	check(ours && theirs && derivation && EVP_PKEY_derive_init(derivation) > 0 &&
		      EVP_PKEY_derive_set_peer(derivation, theirs) > 0,
	      "X25519");
	check(mac && EVP_MAC_CTX_set_params(mac, digest), "HMAC");
	check(cipher && EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, NULL, NULL), "AES-GCM");
	printf("{\"key-pair\": %.3f", microseconds(make_key_pair, private_value));
	printf(", \"shared-secret\": %.3f", microseconds(derive_secret, derivation));
	printf(", \"prf\": %.3f", microseconds(compute_macs, mac));
	printf(", \"seal\": %.3f}\n", microseconds(seal, cipher));
	EVP_CIPHER_CTX_free(cipher);
	EVP_MAC_CTX_free(mac);
	EVP_MAC_free(hmac);
	EVP_PKEY_CTX_free(derivation);
	EVP_PKEY_free(theirs);
	EVP_PKEY_free(ours);
	return 0;
}
