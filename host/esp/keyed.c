// SPDX-License-Identifier: BSD-2-Clause
#include "host/esp/keyed.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "host/esp/provider.h"

#define BLOCK_MAX 16

struct rvl_algorithm {
	EVP_CIPHER *cipher; /* keeps the provider */
	void *context;	    /* the provider's */
	OSSL_FUNC_cipher_newctx_fn *new_context;
	OSSL_FUNC_cipher_freectx_fn *free_context;
	OSSL_FUNC_cipher_encrypt_init_fn *seal;
	OSSL_FUNC_cipher_decrypt_init_fn *open;
	OSSL_FUNC_cipher_update_fn *update;
	OSSL_FUNC_cipher_final_fn *final;
	OSSL_FUNC_cipher_get_ctx_params_fn *get;
};

static void take_functions(struct rvl_algorithm *a, const OSSL_PROVIDER *provider, const char *name)
{
	const OSSL_DISPATCH *f = rvl_provider_functions(provider, OSSL_OP_CIPHER, name);

	for (; f && f->function_id; f++) {
		if (f->function_id == OSSL_FUNC_CIPHER_NEWCTX)
			a->new_context = OSSL_FUNC_cipher_newctx(f);
		else if (f->function_id == OSSL_FUNC_CIPHER_FREECTX)
			a->free_context = OSSL_FUNC_cipher_freectx(f);
		else if (f->function_id == OSSL_FUNC_CIPHER_ENCRYPT_INIT)
			a->seal = OSSL_FUNC_cipher_encrypt_init(f);
		else if (f->function_id == OSSL_FUNC_CIPHER_DECRYPT_INIT)
			a->open = OSSL_FUNC_cipher_decrypt_init(f);
		else if (f->function_id == OSSL_FUNC_CIPHER_UPDATE)
			a->update = OSSL_FUNC_cipher_update(f);
		else if (f->function_id == OSSL_FUNC_CIPHER_FINAL)
			a->final = OSSL_FUNC_cipher_final(f);
		else if (f->function_id == OSSL_FUNC_CIPHER_GET_CTX_PARAMS)
			a->get = OSSL_FUNC_cipher_get_ctx_params(f);
	}
}

const struct rvl_algorithm *rvl_algorithm_fetch(const char *name)
{
	struct rvl_algorithm *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	if (a->cipher) {
		const OSSL_PROVIDER *provider = EVP_CIPHER_get0_provider(a->cipher);

		take_functions(a, provider, name);
		a->context = OSSL_PROVIDER_get0_provider_ctx(provider);
	}
	if (a->new_context && a->free_context && a->seal && a->open && a->update && a->final &&
	    a->get)
		return a;
	EVP_CIPHER_free(a->cipher);
	free(a);
	return NULL;
}

static bool begin(struct rvl_keyed *k, const uint8_t *key, size_t len, const uint8_t *iv,
		  size_t iv_len, const OSSL_PARAM *params)
{
	return (k->seal ? k->algorithm->seal : k->algorithm->open)(k->context, key, len, iv, iv_len,
								   params) == 1;
}

bool rvl_keyed_init(struct rvl_keyed *k, const struct rvl_algorithm *algorithm, const uint8_t *key,
		    size_t len, bool seal)
{
	unsigned int padding = 0; /* with it the last block of what is opened is held back */
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_uint(OSSL_CIPHER_PARAM_PADDING, &padding),
		OSSL_PARAM_construct_end(),
	};

	*k = (struct rvl_keyed){algorithm, NULL, seal};
	if (!algorithm)
		return false;
	k->context = algorithm->new_context(algorithm->context);
	if (k->context && begin(k, key, len, NULL, 0, params))
		return true;
	rvl_keyed_free(k);
	return false;
}

void rvl_keyed_free(struct rvl_keyed *k)
{
	if (k->context)
		k->algorithm->free_context(k->context);
	k->context = NULL;
}

bool rvl_keyed_start(struct rvl_keyed *k, const uint8_t *iv, size_t iv_len, const uint8_t *tag,
		     size_t tag_len)
{
	/* The library takes it as what it doesn't write to. */
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG,
						  (void *)(uintptr_t)tag, tag_len),
		OSSL_PARAM_construct_end(),
	};

	return begin(k, NULL, 0, iv, iv_len, tag ? params : NULL);
}

bool rvl_keyed_add(struct rvl_keyed *k, uint8_t *out, const uint8_t *in, size_t len)
{
	size_t n;

	return k->algorithm->update(k->context, out, &n, len, in, len) == 1;
}

bool rvl_keyed_end(struct rvl_keyed *k, uint8_t *tag, size_t tag_len)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag, tag_len),
		OSSL_PARAM_construct_end(),
	};
	uint8_t rest[BLOCK_MAX];
	size_t n;

	return k->algorithm->final(k->context, rest, &n, sizeof(rest)) == 1 &&
	       (!tag || k->algorithm->get(k->context, params) == 1);
}
