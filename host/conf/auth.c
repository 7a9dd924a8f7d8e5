// SPDX-License-Identifier: BSD-2-Clause
/* Sections local* and remote*: who each side is, and how it proves that. */
#include <stdlib.h>
#include <string.h>

#include "host/conf/bind.h"
#include "host/eap/method.h"
#include "host/radius/relay.h"

#define FILES_MAX 16
#define BITS_MAX 16384
#define ROUND_MAX 65535

static int set_id(const struct conf_value *v, void *object)
{
	return conf_value_id(v, ((struct conf_auth *)object)->id);
}

static int set_eap_id(const struct conf_value *v, void *object)
{
	struct conf_auth *auth = object;

	auth->has_eap_id = *v->key->value;
	return conf_value_id(v, &auth->eap_id);
}

/* It is read before: which of two comes first must be known. */
static int set_round(const struct conf_value *v, void *object)
{
	(void)v;
	(void)object;
	return 0;
}

static int set_aaa_id(const struct conf_value *v, void *object)
{
	return conf_value_id(v, &((struct conf_auth *)object)->aaa_id);
}

/* ---------------------------------------------------------------------------------------- auth */

static const struct {
	const char *word;
	enum conf_scheme scheme;
} schemes[] = {
	{"rsa", CONF_RSA},	   {"rsa/pss", CONF_RSA_PSS}, {"ecdsa", CONF_ECDSA},
	{"ed25519", CONF_ED25519}, {"ed448", CONF_ED448},
};

static const struct {
	const char *word;
	enum ike_hash hash;
} hashes[] = {
	{"sha256", IKE_HASH_SHA2_256},
	{"sha384", IKE_HASH_SHA2_384},
	{"sha512", IKE_HASH_SHA2_512},
};

static int set_bits(const struct conf_value *v, struct conf_auth *auth, unsigned long bits,
		    const enum conf_scheme *scheme)
{
	if (scheme && (*scheme == CONF_RSA || *scheme == CONF_RSA_PSS)) {
		if (bits < 2048)
			return conf_value_fail(v, "RSA with fewer than 2048 bits isn't supported");
		auth->rsa_bits = (uint16_t)bits;
		return 0;
	}
	if (!scheme || *scheme != CONF_ECDSA)
		return conf_value_fail(v, "%lu doesn't follow \"rsa\" or \"ecdsa\"", bits);
	auth->ecdsa_bits = (uint16_t)bits;
	return 0;
}

/* A word between dashes; numbers are about the scheme before them. */
static int add_word(const struct conf_value *v, struct conf_auth *auth, const char *word,
		    const enum conf_scheme **last)
{
	unsigned long bits;

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (!strcmp(word, schemes[i].word)) {
			auth->schemes |= (uint8_t)(1u << schemes[i].scheme);
			*last = &schemes[i].scheme;
			return 0;
		}
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
		if (!strcmp(word, hashes[i].word)) {
			auth->hashes |= (uint16_t)(1u << hashes[i].hash);
			return 0;
		}
	if (ike_number_parse(word, BITS_MAX, &bits))
		return set_bits(v, auth, bits, *last);
	return conf_value_fail(
		v,
		"\"%.40s\" isn't supported (psk; null; eap; pubkey, rsa, rsa/pss, ecdsa, "
		"ed25519, ed448, with -sha256, -sha384, -sha512)",
		word);
}

/* "eap": all that give a key; or the one that is named, which may be one that gives none. */
static int set_eap(const struct conf_value *v, struct conf_auth *auth)
{
	static const struct {
		const char *word;
		uint8_t methods;
	} words[] = {
		{"eap", EAP_KEYED},
		{"eap-mschapv2", 1 << EAP_METHOD_MSCHAPV2},
		{"eap-gtc", 1 << EAP_METHOD_GTC},
		{"eap-tls", 1 << EAP_METHOD_TLS},
		{"eap-radius", EAP_RELAYED},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(v->key->value, words[i].word)) {
			auth->eap = words[i].methods;
			return 0;
		}
	return conf_value_fail(
		v, "\"%.40s\" isn't supported (eap, eap-mschapv2, eap-gtc, eap-tls, eap-radius)",
		v->key->value);
}

/* "eap-mschapv2", "psk", "pubkey", "rsa-sha256", "ecdsa-384", "ed25519", "rsa/pss-sha512",
 * "rsa-4096-sha384-sha512", "pubkey-sha256", also after "ike:". */
static int set_auth(const struct conf_value *v, void *object)
{
	struct conf_auth *auth = object;
	const char *text = v->key->value;
	const enum conf_scheme *last = NULL;
	bool any = false, first = true;

	auth->eap = 0;
	auth->pubkey = false;
	auth->null = !strcmp(text, "null");
	if (auth->null)
		return 0;
	if (!strncmp(text, "eap", 3))
		return set_eap(v, auth);
	auth->pubkey = strcmp(text, "psk") != 0;
	if (!auth->pubkey)
		return 0;
	if (!strncmp(text, "ike:", 4))
		text += 4;
	for (size_t len; first || *text; text += len + (text[len] == '-'), first = false) {
		char word[16];
		int err;

		len = strcspn(text, "-");
		if (len >= sizeof(word))
			return conf_value_fail(v, "\"%.40s\" isn't supported (psk, pubkey)", text);
		memcpy(word, text, len);
		word[len] = 0;
		if (first && !strcmp(word, "pubkey")) {
			any = true;
			continue;
		}
		err = add_word(v, auth, word, &last);
		if (err)
			return err;
	}
	return any || auth->schemes
		       ? 0
		       : conf_value_fail(v, "\"%.40s\" says no kind of key (pubkey, rsa, ...)",
					 v->key->value);
}

/* --------------------------------------------------------------------------------------- files */

static void clear(struct conf_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		free(files->list[i]);
	free(files->list);
	*files = (struct conf_files){0};
}

void conf_auth_clear(struct conf_auth *auth)
{
	clear(&auth->certs);
	clear(&auth->cacerts);
	clear(&auth->pubkeys);
	clear(&auth->groups);
}

static int add_file(const struct conf_value *v, const char *item, void *context)
{
	struct conf_files *files = context;
	char **list;

	if (files->count == FILES_MAX)
		return conf_value_fail(v, "more than %d files", FILES_MAX);
	list = realloc(files->list, (files->count + 1) * sizeof(char *));
	if (!list)
		return conf_value_fail(v, "out of memory");
	files->list = list;
	list[files->count] = strdup(item);
	if (!list[files->count])
		return conf_value_fail(v, "out of memory");
	files->count++;
	return 0;
}

static int set_files(const struct conf_value *v, struct conf_files *files)
{
	clear(files);
	files->file = v->key->file;
	files->line = v->key->line;
	return conf_value_list(v, add_file, files);
}

static int set_certs(const struct conf_value *v, void *object)
{
	return set_files(v, &((struct conf_auth *)object)->certs);
}

static int set_cacerts(const struct conf_value *v, void *object)
{
	return set_files(v, &((struct conf_auth *)object)->cacerts);
}

static int set_pubkeys(const struct conf_value *v, void *object)
{
	return set_files(v, &((struct conf_auth *)object)->pubkeys);
}

static int set_groups(const struct conf_value *v, void *object)
{
	struct conf_files *groups = &((struct conf_auth *)object)->groups;
	int err;

	clear(groups);
	err = *v->key->value ? set_files(v, groups) : 0;
	if (!err && groups->count > RADIUS_GROUPS_MAX)
		err = conf_value_fail(v, "more than %d groups", RADIUS_GROUPS_MAX);
	for (size_t i = 0; !err && i < groups->count; i++)
		if (strlen(groups->list[i]) >= RADIUS_GROUP_MAX)
			err = conf_value_fail(v, "\"%.40s...\" is longer than %d characters",
					      groups->list[i], RADIUS_GROUP_MAX - 1);
	return err;
}

static int set_revocation(const struct conf_value *v, void *object)
{
	static const char *const words[] = {"relaxed", "ifuri", "strict", NULL};
	unsigned int at;
	int err = conf_value_word(v, words, &at);

	if (!err)
		((struct conf_auth *)object)->revocation = (enum conf_revocation)at;
	return err;
}

/* ------------------------------------------------------------------------------------ a section */

static const struct conf_binding local_keys[] = {
	{"auth", set_auth, false},     {"id", set_id, false},
	{"certs", set_certs, false},   {"pubkeys", set_pubkeys, false},
	{"eap_id", set_eap_id, false}, {"aaa_id", set_aaa_id, false},
	{"round", set_round, false},   {NULL, NULL, false},
};

static const struct conf_binding remote_keys[] = {
	{"auth", set_auth, false},	 {"id", set_id, false},
	{"eap_id", set_eap_id, false},	 {"round", set_round, false},
	{"certs", set_certs, false},	 {"cacerts", set_cacerts, false},
	{"pubkeys", set_pubkeys, false}, {"revocation", set_revocation, false},
	{"groups", set_groups, false},	 {NULL, NULL, false},
};

/* What doesn't go together. */
static int check(const struct conf_section *section, bool local, const struct conf_auth *auth,
		 struct conf_error *error)
{
	const bool by_tls = auth->eap & 1 << EAP_METHOD_TLS;

	if (!conf_key_find(section, "auth"))
		return conf_fail_section(error, section, "needs the key \"auth\"");
	if (auth->null && conf_key_find(section, "id"))
		return conf_fail_key(error, section, conf_key_find(section, "id"),
				     "auth = null is nobody, who has no identity");
	if (local && auth->id->pattern)
		return conf_fail_key(error, section, conf_key_find(section, "id"),
				     "\"%.64s\" stands for many identities, and we have one",
				     conf_key_find(section, "id")->value);
	if (local && by_tls && !auth->certs.count)
		return conf_fail_section(error, section, "auth = eap-tls needs the key \"certs\"");
	if (local && auth->pubkey && !auth->certs.count && !auth->pubkeys.count)
		return conf_fail_section(error, section,
					 "auth = %s needs the key \"certs\" or \"pubkeys\"",
					 conf_key_find(section, "auth")->value);
	if (by_tls && auth->pubkeys.count)
		return conf_fail_key(error, section, conf_key_find(section, "pubkeys"),
				     "TLS takes certificates (certs)");
	if (!auth->pubkey && !by_tls &&
	    (auth->certs.count || auth->cacerts.count || auth->pubkeys.count))
		return conf_fail_section(error, section,
					 "auth = %s has neither certificates nor public keys",
					 conf_key_find(section, "auth")->value);
	if (local && auth->eap & EAP_RELAYED)
		return conf_fail_key(error, section, conf_key_find(section, "auth"),
				     "eap-radius is for who asks, not for who is asked");
	if (auth->groups.count && !(auth->eap & EAP_RELAYED))
		return conf_fail_key(error, section, conf_key_find(section, "groups"),
				     "groups are what RADIUS servers say (auth = eap-radius)");
	if (!auth->eap && auth->has_eap_id)
		return conf_fail_key(error, section, conf_key_find(section, "eap_id"),
				     "it is for auth = eap");
	if (!by_tls && auth->aaa_id.type != IKE_ID_ANY)
		return conf_fail_key(error, section, conf_key_find(section, "aaa_id"),
				     "it is for auth = eap-tls");
	if (local && auth->eap && !(by_tls && !auth->has_eap_id && auth->id->type == IKE_ID_ANY) &&
	    !ike_id_is_one(auth->has_eap_id ? &auth->eap_id : auth->id))
		return conf_fail_section(error, section,
					 "auth = %s needs the key \"eap_id\" or \"id\" of one user",
					 conf_key_find(section, "auth")->value);
	/* Nothing but this says whose it is. */
	if (!local && auth->pubkeys.count && !ike_id_is_one(auth->id))
		return conf_fail_key(error, section, conf_key_find(section, "pubkeys"),
				     "public keys are of one peer: they need the key \"id\"");
	return 0;
}

enum { ROUNDS = 2 };

/* The sections of one side in the order of their rounds (`round`), and that of the file. */
static int find_rounds(const struct conf_section *section, const char *prefix,
		       const struct conf_section *rounds[ROUNDS], size_t *count,
		       struct conf_error *error)
{
	unsigned long numbers[ROUNDS] = {0};

	*count = 0;
	for (size_t i = 0; i < section->section_count; i++) {
		const struct conf_section *child = section->sections[i];
		const struct conf_key *key = conf_key_find(child, "round");

		if (strncmp(child->name, prefix, strlen(prefix)))
			continue;
		if (*count == ROUNDS)
			return conf_fail_section(error, child,
						 "a third round of authentication isn't supported");
		rounds[*count] = child;
		if (key && !ike_number_parse(key->value, ROUND_MAX, &numbers[*count]))
			return conf_fail_key(error, child, key,
					     "\"%.40s\" isn't a number from 0 to %d", key->value,
					     ROUND_MAX);
		(*count)++;
	}
	if (*count == ROUNDS && numbers[1] < numbers[0]) {
		const struct conf_section *first = rounds[1];

		rounds[1] = rounds[0];
		rounds[0] = first;
	}
	return 0;
}

static int bind_round(const struct conf_section *section, bool local, struct ike_id *id,
		      struct conf_auth *auth, struct conf_error *error)
{
	static const char *const no_sections[] = {NULL};
	int err;

	auth->id = id;
	err = conf_only_sections(section, no_sections, conf_absent_auth_sections, error);
	if (!err)
		err = conf_bind(section, local ? local_keys : remote_keys,
				local ? conf_absent_local : conf_absent_remote, auth, error);
	if (!err)
		err = check(section, local, auth, error);
	if (!err && auth->null)
		*id = (struct ike_id){.type = IKE_ID_NULL};
	auth->id = NULL;
	return err;
}

/* RFC 4739: certificates or a pre-shared key first, then who uses them. */
static int check_rounds(const struct conf_section *const rounds[ROUNDS],
			const struct conf_auth *first, const struct conf_auth *next,
			struct conf_error *error)
{
	if (first->eap || first->null)
		return conf_fail_key(error, rounds[0], conf_key_find(rounds[0], "auth"),
				     "of two rounds of authentication the first one is psk or "
				     "pubkey");
	if (!next->eap || next->eap & 1 << EAP_METHOD_TLS)
		return conf_fail_key(error, rounds[1], conf_key_find(rounds[1], "auth"),
				     "of two rounds of authentication the second one is eap, "
				     "eap-mschapv2, eap-gtc or eap-radius");
	return 0;
}

int conf_bind_auth(const struct conf_section *section, bool local, bool *seen,
		   struct conf_connection *c, struct conf_error *error)
{
	struct conf_auth *first = local ? &c->local_auth : &c->remote_auth,
			 *next = local ? &c->local_next : &c->remote_next;
	const struct conf_section *rounds[ROUNDS];
	size_t count;
	int err = find_rounds(section, local ? "local" : "remote", rounds, &count, error);

	*seen = count;
	if (!err && count)
		err = bind_round(rounds[0], local, local ? &c->local_id : &c->remote_id, first,
				 error);
	if (!err && count == ROUNDS)
		err = bind_round(rounds[1], local, local ? &c->local_next_id : &c->remote_next_id,
				 next, error);
	return !err && count == ROUNDS ? check_rounds(rounds, first, next, error) : err;
}
