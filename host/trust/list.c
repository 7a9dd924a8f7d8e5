// SPDX-License-Identifier: BSD-2-Clause
#include "host/trust/list.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "host/fetch/frame.h"

static bool is_weak_hash(int nid)
{
	return nid == NID_md2 || nid == NID_md4 || nid == NID_md5 || nid == NID_sha1 ||
	       nid == NID_ripemd160 || nid == NID_mdc2;
}

/* RSASSA-PSS names its hash in parameters; none is SHA-1 (RFC 4055, section 3.1). */
static bool is_weak_pss(const X509_ALGOR *algorithm)
{
	RSA_PSS_PARAMS *pss =
		ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(RSA_PSS_PARAMS), algorithm->parameter);
	bool weak = true;

	if (pss && pss->hashAlgorithm)
		weak = is_weak_hash(OBJ_obj2nid(pss->hashAlgorithm->algorithm));
	RSA_PSS_PARAMS_free(pss);
	return weak;
}

bool trust_signature_is_weak(const X509_ALGOR *algorithm)
{
	const ASN1_OBJECT *oid;
	int hash, nid;

	X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
	nid = OBJ_obj2nid(oid);
	if (nid == NID_rsassaPss)
		return is_weak_pss(algorithm);
	return !OBJ_find_sigid_algs(nid, &hash, NULL) || is_weak_hash(hash);
}

bool trust_time_of(const ASN1_TIME *from, time_t *out)
{
	struct tm tm;

	if (!from || ASN1_TIME_to_tm(from, &tm) != 1)
		return false;
	*out = timegm(&tm);
	return true;
}

static X509_CRL *decode(struct ike_slice der)
{
	const unsigned char *at = der.data;
	X509_CRL *list = d2i_X509_CRL(NULL, &at, (long)der.len);

	if (list && at == der.data + der.len)
		return list;
	X509_CRL_free(list);
	ERR_clear_error();
	return NULL;
}

/* NULL: nothing. Whoever has it fetched for another issuer, or before it was renewed, hasn't got
 * what was asked for. */
static const char *fault_of(X509_CRL *list, X509 *issuer, time_t now, time_t *since, time_t *until)
{
	const X509_ALGOR *algorithm;

	if (X509_NAME_cmp(X509_CRL_get_issuer(list), X509_get_subject_name(issuer)) != 0)
		return "the list is another authority's";
	X509_CRL_get0_signature(list, NULL, &algorithm);
	if (trust_signature_is_weak(algorithm))
		return "the list is signed by a hash that is too weak";
	if (X509_CRL_verify(list, X509_get0_pubkey(issuer)) != 1)
		return "the list's signature is wrong";
	if (X509_CRL_get_ext_by_NID(list, NID_delta_crl, -1) >= 0)
		return "the list is only of changes";
	if (!trust_time_of(X509_CRL_get0_lastUpdate(list), since))
		return "the list doesn't say from when it is";
	/* RFC 5280, section 5.1.2.5: it must. */
	if (!trust_time_of(X509_CRL_get0_nextUpdate(list), until))
		return "the list doesn't say until when it holds";
	if (now < *since)
		return "the list isn't in force yet";
	return now >= *until ? "the list has expired" : NULL;
}

struct trust_fact *trust_list_read(struct ike_slice der, X509 *issuer, time_t now,
				   char why[TRUST_WHY_MAX])
{
	X509_CRL *list = decode(der);
	time_t since = 0, until = 0;
	const char *fault =
		list ? fault_of(list, issuer, now, &since, &until) : "what it has isn't a list";
	struct trust_fact *fact = fault ? NULL : trust_fact_new(since, until);

	ERR_clear_error();
	if (fact) {
		fact->list = list;
		return fact;
	}
	snprintf(why, TRUST_WHY_MAX, "%s", fault ? fault : "out of memory");
	X509_CRL_free(list);
	return NULL;
}

/* An expired list still says who was revoked by then: that is looked for next. */
static int pass_by(int ok, X509_STORE_CTX *context)
{
	int *first = X509_STORE_CTX_get_app_data(context), error;

	if (ok)
		return ok;
	error = X509_STORE_CTX_get_error(context);
	if (!*first)
		*first = error;
	return error == X509_V_ERR_CRL_HAS_EXPIRED || error == X509_V_ERR_CRL_NOT_YET_VALID;
}

/* Scopes, critical extensions and whatever else a list may say are OpenSSL's to know. */
static int verify(X509_STORE_CTX *context, X509_STORE *store, X509 *cert,
		  STACK_OF(X509_CRL) * lists, int *first)
{
	if (X509_STORE_CTX_init(context, store, cert, NULL) != 1)
		return X509_V_ERR_OUT_OF_MEM;
	X509_STORE_CTX_set_app_data(context, first);
	X509_STORE_CTX_set_verify_cb(context, pass_by);
	X509_STORE_CTX_set0_crls(context, lists);
	X509_STORE_CTX_set_flags(context, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_CRL_CHECK);
	return X509_verify_cert(context) == 1 ? *first : X509_STORE_CTX_get_error(context);
}

enum trust_status trust_list_says(X509_CRL *list, X509 *cert, X509 *issuer, char why[TRUST_WHY_MAX])
{
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	STACK_OF(X509_CRL) *lists = sk_X509_CRL_new_null();
	X509_STORE *store = X509_STORE_new();
	int first = 0, error = X509_V_ERR_OUT_OF_MEM;

	if (context && lists && store && sk_X509_CRL_push(lists, list) &&
	    X509_STORE_add_cert(store, issuer) == 1)
		error = verify(context, store, cert, lists, &first);
	X509_STORE_CTX_free(context);
	X509_STORE_free(store);
	sk_X509_CRL_free(lists);
	ERR_clear_error();
	if (!error)
		return TRUST_GOOD;
	if (error == X509_V_ERR_CERT_REVOKED)
		return TRUST_REVOKED;
	snprintf(why, TRUST_WHY_MAX, "%s", X509_verify_cert_error_string(error));
	return TRUST_UNKNOWN;
}

static bool is_http(const char *uri)
{
	if (strncasecmp(uri, "http://", 7) != 0 || strlen(uri) > FETCH_URI_MAX)
		return false;
	for (; *uri; uri++)
		if (*uri <= ' ' || *uri > '~')
			return false;
	return true;
}

char *trust_uri_of(const GENERAL_NAME *name)
{
	const ASN1_STRING *text = name->d.ia5;
	char *uri;

	if (name->type != GEN_URI)
		return NULL;
	uri = OPENSSL_strndup((const char *)ASN1_STRING_get0_data(text),
			      (size_t)ASN1_STRING_length(text));
	/* A NUL inside would hide what follows. */
	if (uri && strlen(uri) == (size_t)ASN1_STRING_length(text) && is_http(uri))
		return uri;
	OPENSSL_free(uri);
	return NULL;
}

/* All that a point has is of one list, and other issuers' lists aren't taken. */
static size_t take_point(const DIST_POINT *point, char **uris, size_t max)
{
	size_t count = 0;

	if (point->CRLissuer || point->reasons || !point->distpoint || point->distpoint->type)
		return 0;
	for (int i = 0; i < sk_GENERAL_NAME_num(point->distpoint->name.fullname); i++) {
		char *uri = count < max ? trust_uri_of(sk_GENERAL_NAME_value(
						  point->distpoint->name.fullname, i))
					: NULL;

		if (uri)
			uris[count++] = uri;
	}
	return count;
}

size_t trust_list_places(const X509 *cert, char **uris, size_t max)
{
	CRL_DIST_POINTS *points = X509_get_ext_d2i(cert, NID_crl_distribution_points, NULL, NULL);
	size_t count = 0;

	for (int i = 0; i < sk_DIST_POINT_num(points); i++)
		count += take_point(sk_DIST_POINT_value(points, i), uris + count, max - count);
	CRL_DIST_POINTS_free(points);
	return count;
}
