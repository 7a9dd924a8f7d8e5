// SPDX-License-Identifier: BSD-2-Clause
/* Sections secrets.ike* and secrets.eap*: pre-shared keys and passwords, and whose they are. No
 * message here shows a secret. */
#include <ctype.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "host/conf/bind.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int set_hex(const struct conf_value *v, const char *text, struct ike_secret *secret)
{
	size_t len = strlen(text);

	if (len % 2 || len / 2 > IKE_SECRET_MAX)
		return conf_value_fail(v, "the hexadecimal secret has a wrong length");
	for (size_t i = 0; i < len; i += 2) {
		int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);

		if (high < 0 || low < 0)
			return conf_value_fail(v, "the secret after 0x isn't hexadecimal");
		secret->data[secret->len++] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

static int base64_digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static int set_base64(const struct conf_value *v, const char *text, struct ike_secret *secret)
{
	size_t len = strlen(text), digits;
	uint32_t bits = 0;
	unsigned int have = 0;

	for (digits = len; digits && text[digits - 1] == '=' && len - digits < 2;)
		digits--;
	if (len % 4 || digits / 4 * 3 + 3 > IKE_SECRET_MAX)
		return conf_value_fail(v, "the base64 secret has a wrong length");
	for (size_t i = 0; i < digits; i++) {
		int digit = base64_digit(text[i]);

		if (digit < 0) {
			OPENSSL_cleanse(&bits, sizeof(bits));
			return conf_value_fail(v, "the secret after 0s isn't base64");
		}
		bits = bits << 6 | (uint32_t)digit;
		have += 6;
		if (have >= 8) {
			have -= 8;
			secret->data[secret->len++] = (uint8_t)(bits >> have);
		}
	}
	OPENSSL_cleanse(&bits, sizeof(bits));
	return 0;
}

int conf_bind_octets(const struct conf_value *v, struct ike_secret *secret)
{
	const char *text = v->key->value;
	int err = 0;

	secret->len = 0;
	if (!strncmp(text, "0x", 2)) {
		err = set_hex(v, text + 2, secret);
	} else if (!strncmp(text, "0s", 2)) {
		err = set_base64(v, text + 2, secret);
	} else if (strlen(text) > IKE_SECRET_MAX) {
		err = conf_value_fail(v, "the secret is longer than %d octets", IKE_SECRET_MAX);
	} else {
		secret->len = strlen(text);
		memcpy(secret->data, text, secret->len);
	}
	if (!err && !secret->len)
		err = conf_value_fail(v, "the secret is empty");
	return err;
}

static int set_secret(const struct conf_value *v, void *object)
{
	return conf_bind_octets(v, &((struct conf_secret *)object)->secret);
}

/* Taken as it is. */
static int set_words(const struct conf_value *v, struct ike_secret *secret)
{
	secret->len = strlen(v->key->value);
	if (secret->len > IKE_SECRET_MAX)
		return conf_value_fail(v, "the secret is longer than %d octets", IKE_SECRET_MAX);
	memcpy(secret->data, v->key->value, secret->len);
	return 0;
}

static int set_passphrase(const struct conf_value *v, void *object)
{
	return set_words(v, &((struct conf_private *)object)->secret);
}

static int set_file(const struct conf_value *v, void *object)
{
	struct conf_private *private = object;

	return conf_value_text(v, private->path, sizeof(private->path));
}

int conf_bind_private(const struct conf_section *section, struct conf_private *private,
		      struct conf_error *error)
{
	static const struct conf_binding private_keys[] = {
		{"file", set_file, false},
		{"secret", set_passphrase, false},
		{NULL, NULL, false},
	};
	static const char *const no_sections[] = {NULL};
	int err;

	*private = (struct conf_private){.file = section->file, .line = section->line};
	err = conf_bind_name(section, private->name, error);
	if (!err)
		err = conf_only_sections(section, no_sections, conf_absent_none, error);
	if (!err)
		err = conf_bind(section, private_keys, conf_absent_none, private, error);
	if (!err && !private->path[0])
		err = conf_fail_section(error, section, "needs the key \"file\"");
	return err;
}

static int set_module(const struct conf_value *v, void *object)
{
	struct conf_token *token = object;

	if (*v->key->value != '/')
		return conf_value_fail(v, "\"%.64s\" isn't a path from / on", v->key->value);
	return conf_value_text(v, token->module, sizeof(token->module));
}

static int set_slot(const struct conf_value *v, void *object)
{
	struct conf_token *token = object;

	token->has_slot = true;
	if (!ike_number_parse(v->key->value, ULONG_MAX, &token->slot))
		return conf_value_fail(v, "\"%.40s\" isn't a slot's number", v->key->value);
	return 0;
}

static int set_handle(const struct conf_value *v, void *object)
{
	const char *text = v->key->value;
	struct ike_secret *handle = &((struct conf_token *)object)->handle;

	handle->len = 0;
	if (!*text || set_hex(v, text + (strncmp(text, "0x", 2) ? 0 : 2), handle))
		return conf_value_fail(v, "\"%.64s\" isn't a key's CKA_ID in hexadecimal", text);
	return 0;
}

static int set_pin(const struct conf_value *v, void *object)
{
	return set_words(v, &((struct conf_token *)object)->pin);
}

int conf_bind_token(const struct conf_section *section, struct conf_token *token,
		    struct conf_error *error)
{
	static const struct conf_binding token_keys[] = {
		{"module", set_module, false}, {"slot", set_slot, false},
		{"handle", set_handle, false}, {"pin", set_pin, false},
		{NULL, NULL, false},
	};
	static const char *const no_sections[] = {NULL}, *const needed[] = {"module", "handle"};
	int err;

	*token = (struct conf_token){.file = section->file, .line = section->line};
	err = conf_bind_name(section, token->name, error);
	if (!err)
		err = conf_only_sections(section, no_sections, conf_absent_none, error);
	if (!err)
		err = conf_bind(section, token_keys, conf_absent_none, token, error);
	for (size_t i = 0; !err && i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!conf_key_find(section, needed[i]))
			err = conf_fail_section(error, section, "needs the key \"%s\"", needed[i]);
	return err;
}

static int add_owner(const struct conf_value *v, void *object)
{
	struct conf_secret *secret = object;
	int err;

	if (secret->owner_count == CONF_OWNERS_MAX)
		return conf_value_fail(v, "more than %d identities", CONF_OWNERS_MAX);
	err = conf_value_id(v, &secret->owners[secret->owner_count]);
	secret->owner_count += !err;
	return err;
}

/* Base32 (RFC 4648, section 6), as applications on phones take it: in groups, or small letters. At
 * least 128 bits (RFC 4226, section 4, R6). */
static int set_totp(const struct conf_value *v, void *object)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	struct conf_secret *user = object;
	uint32_t bits = 0;
	unsigned int have = 0;

	user->totp_len = 0;
	for (const char *at = v->key->value; *at && *at != '='; at++) {
		const char *digit = strchr(digits, toupper((unsigned char)*at));

		if (*at == ' ' || *at == '-')
			continue;
		if (!digit || user->totp_len == CONF_TOTP_MAX)
			return conf_value_fail(v,
					       digit ? "the key of one-time codes is longer than "
						       "64 octets"
						     : "the key of one-time codes isn't base32");
		bits = bits << 5 | (uint32_t)(digit - digits);
		have += 5;
		if (have >= 8) {
			have -= 8;
			user->totp[user->totp_len++] = (uint8_t)(bits >> have);
		}
	}
	OPENSSL_cleanse(&bits, sizeof(bits));
	return user->totp_len >= 16
		       ? 0
		       : conf_value_fail(v, "the key of one-time codes has fewer than 128 bits");
}

static const struct conf_binding keys[] = {
	{"secret", set_secret, false},
	{"id", add_owner, true},
	{NULL, NULL, false},
};

static const struct conf_binding user_keys[] = {
	{"secret", set_secret, false},
	{"id", add_owner, true},
	{"totp", set_totp, false},
	{NULL, NULL, false},
};

static int bind_secret(const struct conf_section *section, const struct conf_binding *bindings,
		       struct conf_secret *secret, struct conf_error *error)
{
	static const char *const no_sections[] = {NULL};
	int err;

	*secret = (struct conf_secret){.file = section->file, .line = section->line};
	err = conf_bind_name(section, secret->name, error);
	if (!err)
		err = conf_only_sections(section, no_sections, conf_absent_none, error);
	if (!err)
		err = conf_bind(section, bindings, conf_absent_none, secret, error);
	if (!err && !secret->secret.len)
		err = conf_fail_section(error, section, "needs the key \"secret\"");
	return err;
}

int conf_bind_secret(const struct conf_section *section, struct conf_secret *secret,
		     struct conf_error *error)
{
	return bind_secret(section, keys, secret, error);
}

/* Each named, and at least one. why: what is wrong with many. */
static int check_owners(const struct conf_section *section, const struct conf_secret *secret,
			const char *why, struct conf_error *error)
{
	if (!secret->owner_count)
		return conf_fail_section(error, section, "needs the key \"id\"");
	for (size_t i = 0; i < secret->owner_count; i++)
		if (!ike_id_is_one(&secret->owners[i]))
			return conf_fail_section(error, section, "an id stands for many, and %s",
						 why);
	return 0;
}

int conf_bind_ppk(const struct conf_section *section, struct conf_secret *secret,
		  struct conf_error *error)
{
	int err = bind_secret(section, keys, secret, error);

	return err ? err : check_owners(section, secret, "is of this key alone", error);
}

int conf_bind_user(const struct conf_section *section, struct conf_secret *secret,
		   struct conf_error *error)
{
	int err = bind_secret(section, user_keys, secret, error);

	if (!err)
		err = check_owners(section, secret, "a password is of those who are named", error);
	if (!err && secret->totp_len && secret->secret.len > IKE_SECRET_MAX - CONF_CODE_LEN)
		err = conf_fail_key(error, section, conf_key_find(section, "secret"),
				    "with a code behind it the secret is longer than %d octets",
				    IKE_SECRET_MAX);
	return err;
}
