/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is fetched, for libFuzzer: frames of raveld-fetch, lists and answers of OCSP. The first
 * octet says which; a list or an answer is as it is, or what is to be signed of it is signed by who
 * may do that. `make fuzz` runs it.
 *
 * What isn't signed by the issuer says nothing, and what it has signed says what it may.
 */
#include <openssl/ocsp.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "host/fetch/frame.h"
#include "host/trust/list.h"
#include "host/trust/ocsp.h"

enum { FRAMES, LIST, SIGNED_LIST, ANSWER, SIGNED_ANSWER, KINDS };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static EVP_PKEY *key;
static X509 *issuer, *cert;

static void check(bool holds)
{
	if (!holds)
		abort();
}

static X509 *make(const char *name, long serial, const char *basic)
{
	X509 *made = X509_new();
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, basic);

	X509_set_version(made, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(made), serial);
	X509_gmtime_adj(X509_getm_notBefore(made), -3600);
	X509_gmtime_adj(X509_getm_notAfter(made), 1 << 30);
	X509_set_pubkey(made, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_ASC,
				   (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(made, X509_get_subject_name(issuer ? issuer : made));
	X509_add_ext(made, extension, -1);
	X509_EXTENSION_free(extension);
	check(X509_sign(made, key, EVP_sha256()) > 0);
	return made;
}

static void set_up(void)
{
	if (cert)
		return;
	key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	issuer = make("authority", 1, "critical,CA:TRUE");
	cert = make("host", 2, "critical,CA:FALSE");
}

/* As they come from a process that may be anybody's by now. */
static void take_frames(struct ike_slice octets)
{
	struct fetch_inbox inbox = {.most = 4096};
	int got = 0;

	while (octets.len && got >= 0) {
		struct fetch_request request;
		struct fetch_reply reply;
		size_t len;
		uint8_t *at;

		check(!fetch_inbox_room(&inbox, &at, &len) && len);
		if (len > octets.len)
			len = octets.len;
		memcpy(at, octets.data, len);
		octets = ike_slice(octets.data + len, octets.len - len);
		got = fetch_inbox_took(&inbox, len);
		check(inbox.frame.len <= inbox.most && inbox.room <= inbox.most);
		if (got <= 0)
			continue;
		if (!fetch_reply_read(ike_buffer_slice(&inbox.frame), &reply))
			check(reply.data.len <= inbox.frame.len - FETCH_REPLY_HEADER);
		if (!fetch_request_read(ike_buffer_slice(&inbox.frame), &request))
			check(request.uri.len && request.uri.len <= FETCH_URI_MAX &&
			      !memchr(request.uri.data, 0, request.uri.len));
		fetch_inbox_clear(&inbox);
	}
	fetch_inbox_clear(&inbox);
}

static void take_list(struct ike_slice der, bool may_be_good)
{
	char why[TRUST_WHY_MAX] = "";
	const time_t now = time(NULL);
	struct trust_fact *fact = trust_list_read(der, issuer, now, why);

	check(fact ? may_be_good : *why);
	if (!fact)
		return;
	check(fact->since <= now && now < fact->until);
	trust_list_says(fact->list, cert, issuer, why);
	trust_fact_release(fact);
}

static void sign_list(struct ike_slice octets)
{
	const unsigned char *at = octets.data;
	X509_CRL *list = d2i_X509_CRL(NULL, &at, (long)octets.len);
	unsigned char *der = NULL;
	int len;

	if (!list)
		return;
	X509_CRL_set_issuer_name(list, X509_get_subject_name(issuer));
	if (X509_CRL_sign(list, key, EVP_sha256()) > 0 && (len = i2d_X509_CRL(list, &der)) > 0)
		take_list(ike_slice(der, (size_t)len), true);
	OPENSSL_free(der);
	X509_CRL_free(list);
}

static void take_answer(struct ike_slice der, bool may_be_good)
{
	char why[TRUST_WHY_MAX] = "";
	const time_t now = time(NULL);
	struct trust_fact *fact =
		trust_ocsp_read(der, ike_slice(NULL, 0), cert, issuer, NULL, now, why);

	check(fact ? may_be_good : *why);
	if (!fact)
		return;
	check(fact->status != TRUST_UNKNOWN && now < fact->until);
	trust_fact_release(fact);
}

static void sign_answer(struct ike_slice octets)
{
	const unsigned char *at = octets.data;
	OCSP_BASICRESP *basic = d2i_OCSP_BASICRESP(NULL, &at, (long)octets.len);
	OCSP_RESPONSE *response = NULL;
	unsigned char *der = NULL;
	int len;

	if (basic && OCSP_basic_sign(basic, issuer, key, EVP_sha256(), NULL, 0) == 1)
		response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	if (response && (len = i2d_OCSP_RESPONSE(response, &der)) > 0)
		take_answer(ike_slice(der, (size_t)len), true);
	OPENSSL_free(der);
	OCSP_RESPONSE_free(response);
	OCSP_BASICRESP_free(basic);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ike_slice rest = ike_slice(data + 1, size ? size - 1 : 0);

	set_up();
	if (!size)
		return 0;
	switch (data[0] % KINDS) {
	case FRAMES:
		take_frames(rest);
		break;
	case LIST:
		take_list(rest, false);
		break;
	case SIGNED_LIST:
		sign_list(rest);
		break;
	case ANSWER:
		take_answer(rest, false);
		break;
	default:
		sign_answer(rest);
	}
	return 0;
}
