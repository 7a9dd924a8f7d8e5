// SPDX-License-Identifier: BSD-2-Clause
#include "host/trust/certificate.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "host/ike/dn.h"
#include "host/trust/signature.h"

enum { LEVEL = 2 /* 112 bits: no SHA-1, no RSA below 2048 bits */ };

static struct ike_slice octets_of(const ASN1_STRING *s)
{
	return ike_slice(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
}

static bool same_name(struct ike_slice a, struct ike_slice b)
{
	return a.len && a.len == b.len &&
	       strncasecmp((const char *)a.data, (const char *)b.data, a.len) == 0 &&
	       !memchr(a.data, 0, a.len);
}

static bool is_alt_name(const GENERAL_NAME *name, const struct ike_id *id)
{
	struct ike_slice wanted = ike_id_slice(id);
	int type;
	const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);

	switch (id->type) {
	case IKE_ID_FQDN:
		return type == GEN_DNS && same_name(octets_of(value), wanted);
	case IKE_ID_RFC822_ADDR:
		return type == GEN_EMAIL && same_name(octets_of(value), wanted);
	case IKE_ID_IPV4_ADDR:
	case IKE_ID_IPV6_ADDR:
		return type == GEN_IPADD && ike_slice_equal(octets_of(value), wanted);
	default:
		return false;
	}
}

static bool is_subject(X509 *cert, const struct ike_id *id)
{
	unsigned char *der = NULL;
	int len = i2d_X509_NAME(X509_get_subject_name(cert), &der);
	unsigned wildcards = 0;
	bool same = len > 0 &&
		    ike_dn_matches(ike_slice(der, (size_t)len), ike_id_slice(id), &wildcards) &&
		    !wildcards;

	OPENSSL_free(der);
	return same;
}

bool trust_cert_is_of(X509 *cert, const struct ike_id *id)
{
	GENERAL_NAMES *names;
	bool found = false;

	if (id->type == IKE_ID_DER_ASN1_DN)
		return is_subject(cert, id);
	names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; !found && i < sk_GENERAL_NAME_num(names); i++)
		found = is_alt_name(sk_GENERAL_NAME_value(names, i), id);
	GENERAL_NAMES_free(names);
	return found;
}

static bool fail(char fault[TRUST_FAULT], const char *why)
{
	snprintf(fault, TRUST_FAULT, "%s", why);
	return false;
}

/* Those of IPsec, old and new, any, and of TLS, which many authorities know alone. */
static bool has_purpose(X509 *cert)
{
	static const int purposes[] = {NID_anyExtendedKeyUsage, NID_ipsec_IKE, NID_ipsecEndSystem,
				       NID_ipsecTunnel,		NID_ipsecUser, NID_server_auth,
				       NID_client_auth};
	int critical;
	EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i(cert, NID_ext_key_usage, &critical, NULL);
	bool found = !usages && critical == -1; /* there is none */

	for (int i = 0; i < sk_ASN1_OBJECT_num(usages); i++)
		for (size_t k = 0; k < sizeof(purposes) / sizeof(purposes[0]); k++)
			found |= OBJ_obj2nid(sk_ASN1_OBJECT_value(usages, i)) == purposes[k];
	EXTENDED_KEY_USAGE_free(usages);
	return found;
}

bool trust_cert_may_sign(X509 *cert, char fault[TRUST_FAULT])
{
	const char *wrong = trust_key_fault(X509_get0_pubkey(cert));
	uint32_t flags = X509_get_extension_flags(cert), usage = X509_get_key_usage(cert);

	if (wrong)
		return fail(fault, wrong);
	if (flags & (EXFLAG_INVALID | EXFLAG_CRITICAL))
		return fail(fault, "its certificate has extensions that are malformed or critical "
				   "and unknown");
	if (!(usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)))
		return fail(fault, "its certificate's key usage isn't signatures");
	if (!has_purpose(cert))
		return fail(fault, "its certificate's extended key usage isn't IKE");
	if (X509_cmp_current_time(X509_get0_notBefore(cert)) >= 0)
		return fail(fault, "its certificate isn't valid yet");
	if (X509_cmp_current_time(X509_get0_notAfter(cert)) <= 0)
		return fail(fault, "its certificate has expired");
	return true;
}

/* Of all that lead to the authority; lengths are judged by the level of security. */
static bool keys_are_good(STACK_OF(X509) * chain, char fault[TRUST_FAULT])
{
	for (int i = 1; i < sk_X509_num(chain); i++) {
		EVP_PKEY *key = X509_get0_pubkey(sk_X509_value(chain, i));
		const char *wrong = key && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA
					    ? trust_key_fault(key)
					    : NULL;

		if (!key || wrong)
			return fail(fault, key ? wrong : "an authority's key can't be read");
	}
	return true;
}

bool trust_cert_is_trusted(X509 *cert, X509_STORE *store, STACK_OF(X509) * others,
			   struct trust_pass *pass, STACK_OF(X509) * *chain,
			   char fault[TRUST_FAULT])
{
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *param;
	bool good = false;

	if (!context || X509_STORE_CTX_init(context, store, cert, others) != 1) {
		X509_STORE_CTX_free(context);
		return fail(fault, "out of memory");
	}
	param = X509_STORE_CTX_get0_param(context);
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT | X509_V_FLAG_PARTIAL_CHAIN);
	X509_VERIFY_PARAM_set_depth(param, TRUST_DEPTH_MAX);
	X509_VERIFY_PARAM_set_auth_level(param, LEVEL);
	if (pass)
		trust_revocation_watch(context, pass);
	if (X509_verify_cert(context) == 1)
		good = keys_are_good(X509_STORE_CTX_get0_chain(context), fault);
	else
		snprintf(fault, TRUST_FAULT, "its certificate isn't trusted: %.100s",
			 X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
	if (good && chain) {
		*chain = X509_STORE_CTX_get1_chain(context);
		good = *chain || fail(fault, "out of memory");
	}
	X509_STORE_CTX_free(context);
	ERR_clear_error();
	return good;
}

bool trust_cert_authority(X509 *cert, uint8_t out[IKE_AUTHORITY_LEN])
{
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
	unsigned int size = 0;
	bool ok = len > 0 && EVP_Digest(der, (size_t)len, out, &size, EVP_sha1(), NULL) == 1 &&
		  size == IKE_AUTHORITY_LEN;

	OPENSSL_free(der);
	return ok;
}

bool trust_cert_issued(X509 *issuer, X509 *cert)
{
	return X509_check_issued(issuer, cert) == X509_V_OK;
}
