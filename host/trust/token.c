// SPDX-License-Identifier: BSD-2-Clause
#include "host/trust/token.h"

#include <errno.h>
#include <libp11.h>
#include <openssl/err.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a maker of tokens. */
struct module {
	char path[CONF_PATH_MAX];
	PKCS11_CTX *context;
	PKCS11_SLOT *slots;
	unsigned int slot_count;
	struct module *next;
};

/*
 * Those that have given a key. A module may be initialized once a process, and its keys, which
 * handshakes hold, must not outlive it. The lock guards all but what keys do.
 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct module *modules;

static int fail(char fault[TRUST_TOKEN_FAULT], const char *what)
{
	snprintf(fault, TRUST_TOKEN_FAULT, "%s", what);
	ERR_clear_error();
	return -EINVAL;
}

/* With the module's own word. */
static int fail_because(char fault[TRUST_TOKEN_FAULT], const char *what)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	snprintf(fault, TRUST_TOKEN_FAULT, "%s%s%.100s", what, why ? ": " : "", why ? why : "");
	ERR_clear_error();
	return -EINVAL;
}

static void module_free(struct module *m)
{
	if (m->slots)
		PKCS11_release_all_slots(m->context, m->slots, m->slot_count);
	PKCS11_CTX_unload(m->context);
	PKCS11_CTX_free(m->context);
	free(m);
}

static int module_new(const char *path, struct module **out, char fault[TRUST_TOKEN_FAULT])
{
	struct module *m = calloc(1, sizeof(*m));
	PKCS11_CTX *context = m ? PKCS11_CTX_new() : NULL;
	int err;

	if (!context) {
		free(m);
		return -ENOMEM;
	}
	if (PKCS11_CTX_load(context, path)) {
		PKCS11_CTX_free(context);
		free(m);
		return fail_because(fault, "its module can't be loaded");
	}
	snprintf(m->path, sizeof(m->path), "%s", path);
	m->context = context;
	if (!PKCS11_enumerate_slots(context, &m->slots, &m->slot_count)) {
		*out = m;
		return 0;
	}
	err = fail_because(fault, "its module doesn't say what tokens there are");
	module_free(m);
	return err;
}

static struct module *module_find(const char *path)
{
	struct module *m = modules;

	while (m && strcmp(m->path, path))
		m = m->next;
	return m;
}

/* The slot of this number; or the one with a token, if there is one alone. */
static int find_token(const struct module *m, const struct conf_token *token, PKCS11_SLOT **out,
		      char fault[TRUST_TOKEN_FAULT])
{
	unsigned int found = 0;

	for (unsigned int i = 0; i < m->slot_count; i++) {
		PKCS11_SLOT *slot = &m->slots[i];

		if (!slot->token || !slot->token->initialized ||
		    (token->has_slot && PKCS11_get_slotid_from_slot(slot) != token->slot))
			continue;
		*out = slot;
		found++;
	}
	if (found == 1)
		return 0;
	if (!found)
		return fail(fault, token->has_slot ? "there is no token in this slot"
						   : "there is no token");
	snprintf(fault, TRUST_TOKEN_FAULT, "there are %u tokens: which one is it (slot)?", found);
	return -EINVAL;
}

/* A token counts wrong PINs, and a daemon that is started again and again would lock it. */
static int log_in(PKCS11_SLOT *slot, const struct conf_token *token, char fault[TRUST_TOKEN_FAULT])
{
	char pin[IKE_SECRET_MAX + 1];
	int logged_in = 0, err;

	if (!slot->token->loginRequired)
		return 0;
	if (PKCS11_is_logged_in(slot, 0, &logged_in))
		return fail_because(fault, "its token can't be asked");
	if (logged_in)
		return 0;
	if (slot->token->userPinFinalTry)
		return fail(fault,
			    "its token was told so many wrong PINs that one try is left, which "
			    "is for a person");
	memcpy(pin, token->pin.data, token->pin.len);
	pin[token->pin.len] = 0;
	err = PKCS11_login(slot, 0, pin);
	OPENSSL_cleanse(pin, sizeof(pin));
	return err ? fail_because(fault, "its token doesn't let us in") : 0;
}

static int find_key(PKCS11_SLOT *slot, const struct conf_token *token, EVP_PKEY **out,
		    char fault[TRUST_TOKEN_FAULT])
{
	const struct ike_secret *handle = &token->handle;
	PKCS11_KEY *keys = NULL;
	unsigned int count = 0;

	if (PKCS11_enumerate_keys(slot->token, &keys, &count))
		return fail_because(fault, "its token doesn't say what keys there are");
	*out = NULL;
	for (unsigned int i = 0; i < count && !*out; i++)
		if (keys[i].id_len == handle->len && !memcmp(keys[i].id, handle->data, handle->len))
			*out = PKCS11_get_private_key(&keys[i]);
	return *out ? 0 : fail(fault, "its token has no private key of this handle");
}

static int key_of(const struct module *m, const struct conf_token *token, EVP_PKEY **key,
		  char fault[TRUST_TOKEN_FAULT])
{
	PKCS11_SLOT *slot;
	int err = find_token(m, token, &slot, fault);

	if (!err)
		err = log_in(slot, token, fault);
	return err ? err : find_key(slot, token, key, fault);
}

int trust_token_key(const struct conf_token *token, EVP_PKEY **key, char fault[TRUST_TOKEN_FAULT])
{
	struct module *m;
	int err = 0;

	pthread_mutex_lock(&lock);
	m = module_find(token->module);
	if (m) {
		err = key_of(m, token, key, fault);
	} else if (!(err = module_new(token->module, &m, fault))) {
		err = key_of(m, token, key, fault);
		if (err) {
			module_free(m);
		} else {
			m->next = modules;
			modules = m;
		}
	}
	pthread_mutex_unlock(&lock);
	return err;
}
