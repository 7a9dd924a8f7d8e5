// SPDX-License-Identifier: BSD-2-Clause
#include "host/trust/ocsp.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "host/trust/certificate.h"
#include "host/trust/list.h"
#include "host/trust/signature.h"

enum {
	SKEW_S = 300,  /* that the responder's clock may be ahead */
	FRESH_S = 300, /* that an answer does which doesn't say for how long */
};

/* ---------------------------------------------------------------------------------------- question
 */

/* By SHA-1, which every responder knows (RFC 5019, section 2.1.1); it is a name here. */
static bool add_question(OCSP_REQUEST *request, X509 *cert, X509 *issuer)
{
	OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), cert, issuer);

	if (id && OCSP_request_add0_id(request, id))
		return true;
	OCSP_CERTID_free(id);
	return false;
}

int trust_ocsp_request(X509 *cert, X509 *issuer, struct ike_buffer *out)
{
	OCSP_REQUEST *request = OCSP_REQUEST_new();
	unsigned char *der = NULL;
	int len = -1, err = -ENOMEM;

	if (request && add_question(request, cert, issuer) &&
	    OCSP_request_add1_nonce(request, NULL, -1) == 1)
		len = i2d_OCSP_REQUEST(request, &der);
	if (len > 0)
		err = ike_buffer_set(out, ike_slice(der, (size_t)len));
	OPENSSL_free(der);
	OCSP_REQUEST_free(request);
	ERR_clear_error();
	return err;
}

size_t trust_ocsp_places(X509 *cert, char **uris, size_t max)
{
	AUTHORITY_INFO_ACCESS *access = X509_get_ext_d2i(cert, NID_info_access, NULL, NULL);
	size_t count = 0;

	for (int i = 0; count < max && i < sk_ACCESS_DESCRIPTION_num(access); i++) {
		const ACCESS_DESCRIPTION *one = sk_ACCESS_DESCRIPTION_value(access, i);
		char *uri = OBJ_obj2nid(one->method) == NID_ad_OCSP ? trust_uri_of(one->location)
								    : NULL;

		if (uri)
			uris[count++] = uri;
	}
	AUTHORITY_INFO_ACCESS_free(access);
	return count;
}

/* ------------------------------------------------------------------------------------------ answer
 */

/* What is judged, and by what. */
struct reading {
	OCSP_BASICRESP *basic;
	X509 *cert;
	X509 *issuer;
	STACK_OF(X509_CRL) * lists;
	time_t now;
};

static OCSP_BASICRESP *decode(struct ike_slice der, const char **fault)
{
	const unsigned char *at = der.data;
	OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)der.len);
	OCSP_BASICRESP *basic = NULL;

	if (!response || at != der.data + der.len)
		*fault = "what it has isn't an answer of OCSP";
	else if (OCSP_response_status(response) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
		*fault = "OCSP answers that it doesn't answer";
	else if (!(basic = OCSP_response_get1_basic(response)))
		*fault = "OCSP's answer is of an unknown kind";
	OCSP_RESPONSE_free(response);
	return basic;
}

/* Is it the one that the answer says it is from? */
static bool is_responder(const OCSP_BASICRESP *basic, X509 *cert)
{
	const ASN1_OCTET_STRING *key = NULL;
	const X509_NAME *name = NULL;
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (OCSP_resp_get0_id(basic, &key, &name) != 1)
		return false;
	if (name)
		return X509_NAME_cmp(name, X509_get_subject_name(cert)) == 0;
	return X509_pubkey_digest(cert, EVP_sha1(), hash, &len) == 1 &&
	       ASN1_STRING_length(key) == (int)len &&
	       !memcmp(ASN1_STRING_get0_data(key), hash, len);
}

/* RFC 6960, section 4.2.2.2: by the issuer itself, for that. Any purpose isn't that one. */
static bool is_delegate(const struct reading *r, X509 *cert)
{
	struct trust_pass pass = {.lists = r->lists};
	char fault[TRUST_FAULT];
	X509_STORE *store;
	bool good;

	if (!(X509_get_extension_flags(cert) & EXFLAG_XKUSAGE) ||
	    !(X509_get_extended_key_usage(cert) & XKU_OCSP_SIGN) ||
	    !(X509_get_key_usage(cert) & KU_DIGITAL_SIGNATURE) ||
	    X509_get_extension_flags(cert) & (EXFLAG_INVALID | EXFLAG_CRITICAL) ||
	    trust_key_fault(X509_get0_pubkey(cert)) || !trust_cert_issued(r->issuer, cert))
		return false;
	store = X509_STORE_new();
	good = store && X509_STORE_add_cert(store, r->issuer) == 1 &&
	       trust_cert_is_trusted(cert, store, NULL,
				     sk_X509_CRL_num(r->lists) > 0 ? &pass : NULL, NULL, fault);
	X509_STORE_free(store);
	return good;
}

/* The issuer, or a delegate among those that came with the answer. NULL: nobody who may be. */
static X509 *signer_of(const struct reading *r)
{
	const STACK_OF(X509) *sent = OCSP_resp_get0_certs(r->basic);

	if (is_responder(r->basic, r->issuer))
		return r->issuer;
	for (int i = 0; i < sk_X509_num(sent) && i < IKE_CERTS_MAX; i++) {
		X509 *cert = sk_X509_value(sent, i);

		if (is_responder(r->basic, cert) && is_delegate(r, cert))
			return cert;
	}
	return NULL;
}

/* Whose it is has been judged; OpenSSL does the arithmetic. */
static bool is_signed_by(OCSP_BASICRESP *basic, X509 *signer)
{
	STACK_OF(X509) *only = sk_X509_new_null();
	bool good = only && sk_X509_push(only, signer) &&
		    OCSP_basic_verify(basic, only, NULL, OCSP_NOINTERN | OCSP_NOVERIFY) == 1;

	sk_X509_free(only);
	return good;
}

static bool has_unknown_critical(OCSP_BASICRESP *basic)
{
	for (int i = 0; i < OCSP_BASICRESP_get_ext_count(basic); i++)
		if (X509_EXTENSION_get_critical(OCSP_BASICRESP_get_ext(basic, i)) &&
		    OCSP_BASICRESP_get_ext_by_NID(basic, NID_id_pkix_OCSP_Nonce, -1) != i)
			return true;
	return false;
}

/* One that comes without is as good: many are made before they are asked for. */
static bool has_other_nonce(OCSP_BASICRESP *basic, struct ike_slice der)
{
	const unsigned char *at = der.data;
	OCSP_REQUEST *request = der.len ? d2i_OCSP_REQUEST(NULL, &at, (long)der.len) : NULL;
	bool other = der.len && (!request || OCSP_check_nonce(request, basic) == 0);

	OCSP_REQUEST_free(request);
	return other;
}

static bool is_about(const OCSP_SINGLERESP *single, X509 *cert, X509 *issuer)
{
	const OCSP_CERTID *id = OCSP_SINGLERESP_get0_id(single);
	const EVP_MD *hash;
	ASN1_OBJECT *oid;
	OCSP_CERTID *own;
	bool same;

	if (OCSP_id_get0_info(NULL, &oid, NULL, NULL, (OCSP_CERTID *)(uintptr_t)id) != 1)
		return false;
	hash = EVP_get_digestbyobj(oid);
	own = hash ? OCSP_cert_to_id(hash, cert, issuer) : NULL;
	same = own && OCSP_id_cmp(own, id) == 0;
	OCSP_CERTID_free(own);
	return same;
}

/* NULL: it is in force. */
static const char *time_fault(const ASN1_GENERALIZEDTIME *this, const ASN1_GENERALIZEDTIME *next,
			      time_t now, time_t *since, time_t *until)
{
	if (!trust_time_of(this, since))
		return "OCSP's answer doesn't say from when it is";
	*until = *since + FRESH_S;
	if (next && !trust_time_of(next, until))
		return "OCSP's answer doesn't say until when it holds";
	if (*since > now + SKEW_S)
		return "OCSP's answer isn't in force yet";
	return now >= *until ? "OCSP's answer has expired" : NULL;
}

static bool single_has_critical(OCSP_SINGLERESP *single)
{
	for (int i = 0; i < OCSP_SINGLERESP_get_ext_count(single); i++)
		if (X509_EXTENSION_get_critical(OCSP_SINGLERESP_get_ext(single, i)))
			return true;
	return false;
}

static enum trust_status status_of(OCSP_SINGLERESP *single, time_t now, time_t *since,
				   time_t *until, const char **fault)
{
	ASN1_GENERALIZEDTIME *revoked, *this, *next;
	int reason, status = OCSP_single_get0_status(single, &reason, &revoked, &this, &next);
	const char *time = time_fault(this, next, now, since, until);

	if (single_has_critical(single)) {
		*fault = "OCSP's answer has a critical extension";
		return TRUST_UNKNOWN;
	}
	if (status == V_OCSP_CERTSTATUS_REVOKED) {
		if (time)
			*until = now + TRUST_FAILURE_S;
		return TRUST_REVOKED;
	}
	*fault = time ? time : "OCSP doesn't know the certificate";
	return !time && status == V_OCSP_CERTSTATUS_GOOD ? TRUST_GOOD : TRUST_UNKNOWN;
}

/* Of several that are about it the worst counts. */
static struct trust_fact *find_status(const struct reading *r, const char **fault)
{
	enum trust_status status = TRUST_UNKNOWN;
	time_t since = 0, until = 0;
	struct trust_fact *fact;

	*fault = "OCSP's answer is about another certificate";
	for (int i = 0; status != TRUST_REVOKED && i < OCSP_resp_count(r->basic); i++) {
		OCSP_SINGLERESP *single = OCSP_resp_get0(r->basic, i);
		enum trust_status said;
		time_t from = 0, to = 0;

		if (!is_about(single, r->cert, r->issuer))
			continue;
		said = status_of(single, r->now, &from, &to, fault);
		if (said == TRUST_UNKNOWN)
			continue;
		status = said;
		since = from;
		until = to;
	}
	if (status == TRUST_UNKNOWN)
		return NULL;
	fact = trust_fact_new(since, until);
	if (fact)
		fact->status = status;
	else
		*fault = "out of memory";
	return fact;
}

static const char *fault_of(const struct reading *r, struct ike_slice request)
{
	X509 *signer;

	if (trust_signature_is_weak(OCSP_resp_get0_tbs_sigalg(r->basic)))
		return "OCSP's answer is signed by a hash that is too weak";
	signer = signer_of(r);
	if (!signer)
		return "OCSP's answer is by one who may not give it";
	if (!is_signed_by(r->basic, signer))
		return "the signature of OCSP's answer is wrong";
	if (has_unknown_critical(r->basic))
		return "OCSP's answer has a critical extension";
	return has_other_nonce(r->basic, request) ? "OCSP's answer has another nonce" : NULL;
}

struct trust_fact *trust_ocsp_read(struct ike_slice response, struct ike_slice request, X509 *cert,
				   X509 *issuer, STACK_OF(X509_CRL) * lists, time_t now,
				   char why[TRUST_WHY_MAX])
{
	struct reading r = {.cert = cert, .issuer = issuer, .lists = lists, .now = now};
	struct trust_fact *fact = NULL;
	const char *fault = NULL;

	r.basic = decode(response, &fault);
	if (!fault)
		fault = fault_of(&r, request);
	if (!fault)
		fact = find_status(&r, &fault);
	if (fact && ike_buffer_set(&fact->response, response)) {
		trust_fact_release(fact);
		fact = NULL;
		fault = "out of memory";
	}
	OCSP_BASICRESP_free(r.basic);
	ERR_clear_error();
	if (!fact)
		snprintf(why, TRUST_WHY_MAX, "%s", fault);
	return fact;
}
