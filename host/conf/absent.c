// SPDX-License-Identifier: BSD-2-Clause
#include "host/conf/absent.h"

#include <stdio.h>
#include <string.h>

static const char no_cert_sections[] = "certificates are named in the keys certs and cacerts";
static const char no_pkcs12[] = "keys in PKCS#12 aren't supported";
static const char no_ikev1[] = "it is for IKEv1, which isn't supported";

const struct conf_absent conf_absent_connection[] = {
	{"version", "2 0", no_ikev1},
	{"aggressive", "no", no_ikev1},
	{"pull", "yes", no_ikev1},
	{"dpd_timeout", "0",
	 "it is for IKEv1, which isn't supported (for IKEv2: retransmit_timeout and "
	 "retransmit_tries in section raveld)"},
	{"dscp", "0", "another DSCP for IKE isn't supported"},
	{"mediation", "no", "mediation isn't supported"},
	{"mediated_by", "", "mediation isn't supported"},
	{"mediation_peer", "", "mediation isn't supported"},
	{NULL, NULL, NULL},
};

const struct conf_absent conf_absent_local[] = {
	{"xauth_id", "", no_ikev1},
	{NULL, NULL, NULL},
};

const struct conf_absent conf_absent_remote[] = {
	{"ca_id", "", "authorities by their names aren't supported (cacerts)"},
	{"cert_policy", "", "policies of certificates aren't supported"},
	{NULL, NULL, NULL},
};

const struct conf_absent conf_absent_child[] = {
	{"sha256_96", "no", "HMAC-SHA-256 with 96 bits isn't supported"},
	{"rand_bytes", "0", "rekey_bytes is a fixed limit"},
	{"rand_packets", "0", "rekey_packets is a fixed limit"},
	{"updown", "", "scripts aren't supported"},
	{"hostaccess", "no", "scripts aren't supported"},
	{"policies", "yes", "an SA without its policies isn't supported"},
	{"policies_fwd_out", "no", "policies of forwarding aren't supported"},
	{"ipcomp", "no", "IPComp isn't supported"},
	{"inactivity", "0", "an end for inactivity isn't supported"},
	{"reqid", "0", "fixed reqids aren't supported"},
	{"priority", "0", "fixed priorities aren't supported"},
	{"interface", "", "policies of an interface aren't supported"},
	{"label", "", "security labels aren't supported"},
	{"label_mode", "system", "security labels aren't supported"},
	{NULL, NULL, NULL},
};

const struct conf_absent conf_absent_none[] = {{NULL, NULL, NULL}};

const struct conf_absent conf_absent_auth_sections[] = {
	{"cert*", "", no_cert_sections},
	{"cacert*", "", no_cert_sections},
	{NULL, NULL, NULL},
};

const struct conf_absent conf_absent_secret_sections[] = {
	{"xauth*", "", no_ikev1},
	{"ntlm*", "", "hashes of passwords aren't supported (eap*)"},
	{"pkcs12*", "", no_pkcs12},
	{NULL, NULL, NULL},
};

const struct conf_absent conf_absent_top_sections[] = {
	{"authorities", "", "places to ask beside those that certificates name aren't supported"},
	{NULL, NULL, NULL},
};

const struct conf_absent *conf_absent_find(const struct conf_absent *table, const char *name)
{
	for (; table->name; table++) {
		size_t len = strcspn(table->name, "*");

		if (table->name[len] ? !strncmp(table->name, name, len)
				     : !strcmp(table->name, name))
			return table;
	}
	return NULL;
}

/* "0", "0s", "000000", "0x0": nothing of a number, whatever its unit. */
static bool is_zero(const char *value)
{
	size_t zeros = strspn(value, "0");

	if (!zeros)
		return false;
	value += zeros;
	if (*value == 'x')
		return zeros == 1 && value[1] && is_zero(value + 1);
	return !*value || (strchr("smhdkg", *value) && !value[1]);
}

static bool is_taken(const char *value, const char *word, size_t len)
{
	bool means;

	if (len == 1 && *word == '0')
		return is_zero(value);
	if ((len == 2 && !strncmp(word, "no", 2)) || (len == 3 && !strncmp(word, "yes", 3)))
		return conf_word_bool(value, &means) && means == (len == 3);
	return strlen(value) == len && !strncmp(value, word, len);
}

int conf_absent_key(const struct conf_absent *absent, const struct conf_value *v)
{
	const char *word = absent->taken;

	if (!*v->key->value)
		return 0;
	for (size_t len; *word; word += len + (word[len] == ' ')) {
		len = strcspn(word, " ");
		if (is_taken(v->key->value, word, len))
			return 0;
	}
	if (!*absent->taken)
		return conf_value_fail(v, "%s; leave the key out", absent->words);
	return conf_value_fail(v, "%s; leave the key out or set it to %.*s", absent->words,
			       (int)strcspn(absent->taken, " "), absent->taken);
}

int conf_absent_section(const struct conf_absent *absent, const struct conf_section *section,
			struct conf_error *error)
{
	if (!section->key_count && !section->section_count)
		return 0;
	return conf_fail_section(error, section, "%s; leave the section out", absent->words);
}
