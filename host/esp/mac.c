// SPDX-License-Identifier: BSD-2-Clause
#include "host/esp/mac.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "host/esp/fetch.h"

#define HASH_MAX 64
#define NONCE 12

struct rvl_mac {
	const struct rvl_integ *row;
	EVP_MAC_CTX *hmac;
	struct rvl_keyed gmac;
	uint8_t salt[RVL_SALT_MAX];
};

static bool key_hmac(struct rvl_mac *mac, const uint8_t *key)
{
	/* The library takes it as what it doesn't write to. */
	char *digest = (char *)(uintptr_t)mac->row->digest;
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};

	mac->hmac = EVP_MAC_CTX_new(rvl_fetch_hmac());
	return mac->hmac && EVP_MAC_init(mac->hmac, key, mac->row->key, params) == 1;
}

static bool key_gmac(struct rvl_mac *mac, const uint8_t *key)
{
	return rvl_keyed_init(&mac->gmac, rvl_fetch_gmac(mac->row), key, mac->row->key, true);
}

struct rvl_mac *rvl_mac_new(const struct rvl_integ *row, const uint8_t *key, const uint8_t *salt)
{
	struct rvl_mac *mac = OPENSSL_zalloc(sizeof(*mac));

	if (!mac)
		return NULL;
	mac->row = row;
	memcpy(mac->salt, salt, row->salt);
	if (row->digest ? key_hmac(mac, key) : key_gmac(mac, key))
		return mac;
	rvl_mac_free(mac);
	return NULL;
}

void rvl_mac_free(struct rvl_mac *mac)
{
	if (!mac)
		return;
	EVP_MAC_CTX_free(mac->hmac);
	rvl_keyed_free(&mac->gmac);
	OPENSSL_clear_free(mac, sizeof(*mac));
}

bool rvl_mac_start(struct rvl_mac *mac, const uint8_t *iv)
{
	uint8_t nonce[NONCE];

	if (mac->hmac)
		return EVP_MAC_init(mac->hmac, NULL, 0, NULL) == 1;
	memcpy(nonce, mac->salt, mac->row->salt);
	memcpy(nonce + mac->row->salt, iv, mac->row->iv);
	return rvl_keyed_start(&mac->gmac, nonce, sizeof(nonce), NULL, 0);
}

bool rvl_mac_add(struct rvl_mac *mac, const uint8_t *part, size_t len)
{
	if (mac->hmac)
		return EVP_MAC_update(mac->hmac, part, len) == 1;
	return rvl_keyed_add(&mac->gmac, NULL, part, len);
}

bool rvl_mac_end(struct rvl_mac *mac, uint8_t *icv)
{
	uint8_t hash[HASH_MAX];
	size_t len;

	if (mac->hmac) {
		if (EVP_MAC_final(mac->hmac, hash, &len, sizeof(hash)) != 1 || len < mac->row->icv)
			return false;
		memcpy(icv, hash, mac->row->icv);
		return true;
	}
	return rvl_keyed_end(&mac->gmac, icv, mac->row->icv);
}
