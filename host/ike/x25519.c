/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/ike/x25519.h"

#include <errno.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "host/esp/provider.h"

static const char name[] = "X25519";

const uint8_t ike_x25519_base_point[IKE_X25519_LEN] = {9};

/* The provider's functions for keys and for exchanges, which stay as long as the process lives. */
static struct {
	EVP_KEYMGMT *keys; /* keeps the provider */
	bool complete;
	void *context;
	OSSL_FUNC_keymgmt_new_fn *key_new;
	OSSL_FUNC_keymgmt_free_fn *key_free;
	OSSL_FUNC_keymgmt_import_fn *key_import;
	OSSL_FUNC_keyexch_newctx_fn *exchange_new;
	OSSL_FUNC_keyexch_freectx_fn *exchange_free;
	OSSL_FUNC_keyexch_init_fn *exchange_init;
	OSSL_FUNC_keyexch_set_peer_fn *exchange_set_peer;
	OSSL_FUNC_keyexch_derive_fn *exchange_derive;
} provider;

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void find(void)
{
	const OSSL_PROVIDER *of;
	const OSSL_DISPATCH *f;

	provider.keys = EVP_KEYMGMT_fetch(NULL, name, NULL);
	of = provider.keys ? EVP_KEYMGMT_get0_provider(provider.keys) : NULL;
	f = of ? rvl_provider_functions(of, OSSL_OP_KEYMGMT, name) : NULL;
	for (; f && f->function_id; f++) {
		if (f->function_id == OSSL_FUNC_KEYMGMT_NEW)
			provider.key_new = OSSL_FUNC_keymgmt_new(f);
		else if (f->function_id == OSSL_FUNC_KEYMGMT_FREE)
			provider.key_free = OSSL_FUNC_keymgmt_free(f);
		else if (f->function_id == OSSL_FUNC_KEYMGMT_IMPORT)
			provider.key_import = OSSL_FUNC_keymgmt_import(f);
	}
	f = of ? rvl_provider_functions(of, OSSL_OP_KEYEXCH, name) : NULL;
	for (; f && f->function_id; f++) {
		if (f->function_id == OSSL_FUNC_KEYEXCH_NEWCTX)
			provider.exchange_new = OSSL_FUNC_keyexch_newctx(f);
		else if (f->function_id == OSSL_FUNC_KEYEXCH_FREECTX)
			provider.exchange_free = OSSL_FUNC_keyexch_freectx(f);
		else if (f->function_id == OSSL_FUNC_KEYEXCH_INIT)
			provider.exchange_init = OSSL_FUNC_keyexch_init(f);
		else if (f->function_id == OSSL_FUNC_KEYEXCH_SET_PEER)
			provider.exchange_set_peer = OSSL_FUNC_keyexch_set_peer(f);
		else if (f->function_id == OSSL_FUNC_KEYEXCH_DERIVE)
			provider.exchange_derive = OSSL_FUNC_keyexch_derive(f);
	}
	provider.context = of ? OSSL_PROVIDER_get0_provider_ctx(of) : NULL;
	provider.complete = provider.key_new && provider.key_free && provider.key_import &&
			    provider.exchange_new && provider.exchange_free &&
			    provider.exchange_init && provider.exchange_set_peer &&
			    provider.exchange_derive;
}

/* A key of the provider's, of a public value and perhaps a private one; NULL: failed. */
static void *key_of(const uint8_t *private_value, const uint8_t *public_value)
{
	OSSL_PARAM params[3] = {
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
						  (void *)(uintptr_t)public_value, IKE_X25519_LEN),
		OSSL_PARAM_construct_end(),
		OSSL_PARAM_construct_end(),
	};
	void *key = provider.key_new(provider.context);

	if (private_value)
		params[1] = OSSL_PARAM_construct_octet_string(
			OSSL_PKEY_PARAM_PRIV_KEY, (void *)(uintptr_t)private_value, IKE_X25519_LEN);
	if (key && provider.key_import(key,
				       private_value ? OSSL_KEYMGMT_SELECT_KEYPAIR
						     : OSSL_KEYMGMT_SELECT_PUBLIC_KEY,
				       params))
		return key;
	provider.key_free(key);
	return NULL;
}

/*
 * It is the provider's exchange. The key has zeros for a public value, at which no exchange looks,
 * lest the library compute that too.
 */
struct ike_x25519 *ike_x25519_new(const uint8_t private_value[IKE_X25519_LEN])
{
	static const uint8_t zeros[IKE_X25519_LEN];
	void *exchange = NULL, *key;

	if (pthread_once(&once, find) || !provider.complete)
		return NULL;
	key = key_of(private_value, zeros);
	exchange = key ? provider.exchange_new(provider.context) : NULL;
	if (exchange && !provider.exchange_init(exchange, key, NULL)) {
		provider.exchange_free(exchange);
		exchange = NULL;
	}
	provider.key_free(key);
	return exchange;
}

void ike_x25519_free(struct ike_x25519 *x)
{
	if (x)
		provider.exchange_free(x);
}

int ike_x25519_derive(struct ike_x25519 *x, const uint8_t peer[IKE_X25519_LEN],
		      uint8_t out[IKE_X25519_LEN])
{
	void *key = key_of(NULL, peer);
	size_t len;
	int err = -EIO;

	if (key && provider.exchange_set_peer(x, key))
		err = provider.exchange_derive(x, out, &len, IKE_X25519_LEN) ? 0 : -EBADMSG;
	provider.key_free(key);
	return err;
}
