/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/ike/dn.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include <openssl/objects.h>
#include <openssl/x509.h>

/* What swanctl.conf calls otherwise than OpenSSL. */
static int nid_of(const char *attribute)
{
	static const struct {
		const char *name;
		int nid;
	} names[] = {
		{"C", NID_countryName},
		{"ST", NID_stateOrProvinceName},
		{"L", NID_localityName},
		{"O", NID_organizationName},
		{"OU", NID_organizationalUnitName},
		{"CN", NID_commonName},
		{"DC", NID_domainComponent},
		{"UID", NID_userId},
		{"S", NID_surname},
		{"SN", NID_serialNumber},
		{"serialNumber", NID_serialNumber},
		{"T", NID_title},
		{"D", NID_description},
		{"N", NID_name},
		{"G", NID_givenName},
		{"I", NID_initials},
		{"dnQualifier", NID_dnQualifier},
		{"E", NID_pkcs9_emailAddress},
		{"Email", NID_pkcs9_emailAddress},
		{"emailAddress", NID_pkcs9_emailAddress},
		{"UN", NID_pkcs9_unstructuredName},
		{"unstructuredName", NID_pkcs9_unstructuredName},
		{"UA", NID_pkcs9_unstructuredAddress},
		{"unstructuredAddress", NID_pkcs9_unstructuredAddress},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcasecmp(attribute, names[i].name) == 0)
			return names[i].nid;
	}
	return NID_undef;
}

/* The type that certificates have for it, too. */
static int string_type(int nid, const char *value)
{
	static const char printable[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					"0123456789 '()+,-./:=?";

	if (nid == NID_pkcs9_emailAddress || nid == NID_domainComponent)
		return V_ASN1_IA5STRING;
	return value[strspn(value, printable)] ? V_ASN1_UTF8STRING : V_ASN1_PRINTABLESTRING;
}

/* Of the text from *at up to `end`, without the blanks around it; false: there is nothing else. */
static bool take(const char **at, const char *end, char *out, size_t room)
{
	const char *start = *at, *last = end;

	while (start < last && *start == ' ')
		start++;
	while (last > start && last[-1] == ' ')
		last--;
	if (start == last || (size_t)(last - start) >= room)
		return false;
	memcpy(out, start, (size_t)(last - start));
	out[last - start] = 0;
	*at = *end ? end + 1 : end;
	return true;
}

static int add(X509_NAME *name, const char **at, char separator)
{
	const char *equals = strchr(*at, '='), *end = strchr(*at, separator);
	char attribute[32], value[256];
	int nid;

	if (!end)
		end = *at + strlen(*at);
	if (!equals || equals > end || !take(at, equals, attribute, sizeof(attribute)) ||
	    !take(at, end, value, sizeof(value)))
		return -EINVAL;
	nid = nid_of(attribute);
	return nid != NID_undef &&
			       X509_NAME_add_entry_by_NID(name, nid, string_type(nid, value),
							  (const unsigned char *)value, -1, -1, 0)
		       ? 0
		       : -EINVAL;
}

int ike_dn_parse(const char *text, uint8_t *out, size_t room, size_t *len)
{
	char separator = *text == '/' ? '/' : ',';
	X509_NAME *name = X509_NAME_new();
	int err = name ? 0 : -ENOMEM, size;

	text += separator == '/';
	do {
		if (!err)
			err = add(name, &text, separator);
	} while (!err && *text);
	size = err ? 0 : i2d_X509_NAME(name, NULL);
	if (size < 0)
		err = -EINVAL;
	else if ((size_t)size > room)
		err = -EMSGSIZE;
	if (!err)
		*len = (size_t)i2d_X509_NAME(name, &out);
	X509_NAME_free(name);
	return err;
}

/* All of it must be one name. */
static X509_NAME *decode(struct ike_slice der)
{
	const unsigned char *p = der.data;
	X509_NAME *name = d2i_X509_NAME(NULL, &p, (long)der.len);

	if (name && p != der.data + der.len) {
		X509_NAME_free(name);
		return NULL;
	}
	return name;
}

static bool is_wildcard(const X509_NAME_ENTRY *entry)
{
	const ASN1_STRING *value = X509_NAME_ENTRY_get_data(entry);

	return ASN1_STRING_length(value) == 1 && *ASN1_STRING_get0_data(value) == '*';
}

bool ike_dn_is_pattern(struct ike_slice der)
{
	X509_NAME *name = decode(der);
	bool pattern = false;

	for (int i = 0; name && i < X509_NAME_entry_count(name); i++)
		pattern |= is_wildcard(X509_NAME_get_entry(name, i));
	X509_NAME_free(name);
	return pattern;
}

/* Is each attribute an RDN of its own? */
static bool is_plain(const X509_NAME *name)
{
	for (int i = 0; i < X509_NAME_entry_count(name); i++) {
		if (X509_NAME_ENTRY_set(X509_NAME_get_entry(name, i)) != i)
			return false;
	}
	return true;
}

/*
 * Put a "*" wherever the pattern has one for the same attribute; then they compare equal. False
 * when memory is short, or they can't be compared so.
 */
static bool cover(X509_NAME *pattern, X509_NAME *name, unsigned *wildcards)
{
	int count = X509_NAME_entry_count(pattern);
	bool ok = count == X509_NAME_entry_count(name) && is_plain(pattern) && is_plain(name);

	for (int i = 0; ok && i < count; i++) {
		X509_NAME_ENTRY *from = X509_NAME_get_entry(pattern, i);
		X509_NAME_ENTRY *to = X509_NAME_get_entry(name, i);

		if (!is_wildcard(from) ||
		    OBJ_cmp(X509_NAME_ENTRY_get_object(from), X509_NAME_ENTRY_get_object(to)) != 0)
			continue;
		++*wildcards;
		X509_NAME_ENTRY_free(X509_NAME_delete_entry(name, i));
		ok = X509_NAME_add_entry(name, from, i, 0);
	}
	return ok;
}

bool ike_dn_matches(struct ike_slice pattern, struct ike_slice name, unsigned *wildcards)
{
	X509_NAME *p = decode(pattern), *n = decode(name);
	bool same;

	*wildcards = 0;
	same = p && n &&
	       (X509_NAME_cmp(p, n) == 0 || (cover(p, n, wildcards) && X509_NAME_cmp(p, n) == 0));
	X509_NAME_free(p);
	X509_NAME_free(n);
	return same;
}

bool ike_dn_text(struct ike_slice name, char *out, size_t len)
{
	X509_NAME *n = decode(name);
	BIO *text = BIO_new(BIO_s_mem());
	int written = -1;

	if (n && text && len &&
	    X509_NAME_print_ex(text, n, 0,
			       ASN1_STRFLGS_RFC2253 | XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_FN_SN) >= 0)
		written = BIO_read(text, out, (int)len - 1);
	if (written > 0)
		out[written] = 0;
	BIO_free(text);
	X509_NAME_free(n);
	return written > 0;
}
