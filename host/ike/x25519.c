/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/ike/x25519.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <pthread.h>
#include <stdlib.h>

const uint8_t ike_x25519_base_point[IKE_X25519_LEN] = {9};

/* What a thread needs for a moment: there come to be as many as threads were here at once. */
struct tools {
	EVP_PKEY *peer; /* its value is set anew each time */
	EVP_PKEY_CTX *maker;
	struct tools *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct tools *idle;

static void tools_free(struct tools *tools)
{
	EVP_PKEY_CTX_free(tools->maker);
	EVP_PKEY_free(tools->peer);
	free(tools);
}

static struct tools *tools_new(void)
{
	struct tools *tools = calloc(1, sizeof(*tools));

	if (!tools)
		return NULL;
	tools->peer = EVP_PKEY_new_raw_public_key_ex(NULL, "X25519", NULL, ike_x25519_base_point,
						     IKE_X25519_LEN);
	tools->maker = tools->peer ? EVP_PKEY_CTX_new_from_pkey(NULL, tools->peer, NULL) : NULL;
	if (tools->maker && EVP_PKEY_fromdata_init(tools->maker) > 0)
		return tools;
	tools_free(tools);
	return NULL;
}

static struct tools *borrow(void)
{
	struct tools *tools;

	pthread_mutex_lock(&lock);
	tools = idle;
	if (tools)
		idle = tools->next;
	pthread_mutex_unlock(&lock);
	return tools ? tools : tools_new();
}

static void give_back(struct tools *tools)
{
	pthread_mutex_lock(&lock);
	tools->next = idle;
	idle = tools;
	pthread_mutex_unlock(&lock);
}

/* It is given zeros for a public value, lest the library compute that too. */
EVP_PKEY *ike_x25519_key(const uint8_t private_value[IKE_X25519_LEN])
{
	static const uint8_t zeros[IKE_X25519_LEN];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY,
						  (void *)(uintptr_t)private_value, IKE_X25519_LEN),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)zeros,
						  IKE_X25519_LEN),
		OSSL_PARAM_construct_end(),
	};
	struct tools *tools = borrow();
	EVP_PKEY *key = NULL;

	if (!tools)
		return NULL;
	if (EVP_PKEY_fromdata(tools->maker, &key, EVP_PKEY_KEYPAIR, params) <= 0)
		key = NULL;
	give_back(tools);
	return key;
}

int ike_x25519_derive(EVP_PKEY_CTX *exchange, const uint8_t peer[IKE_X25519_LEN],
		      uint8_t out[IKE_X25519_LEN])
{
	struct tools *tools = borrow();
	size_t len = IKE_X25519_LEN;
	int err = -EIO;

	if (!tools)
		return -EIO;
	if (EVP_PKEY_set1_encoded_public_key(tools->peer, peer, IKE_X25519_LEN) > 0 &&
	    EVP_PKEY_derive_set_peer_ex(exchange, tools->peer, 0) > 0)
		err = EVP_PKEY_derive(exchange, out, &len) > 0 ? 0 : -EBADMSG;
	give_back(tools);
	return err;
}
