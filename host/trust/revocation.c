// SPDX-License-Identifier: BSD-2-Clause
#include "host/trust/revocation.h"

#include <openssl/x509v3.h>
#include <stdio.h>

#include "host/ike/job.h"
#include "host/trust/list.h"
#include "host/trust/ocsp.h"

enum { PLACES_MAX = 4 }; /* of a kind that a certificate's are asked of */

/* Does it say where a list, or OCSP, is to be had? */
static bool names_a_place(const X509 *cert)
{
	AUTHORITY_INFO_ACCESS *access = X509_get_ext_d2i(cert, NID_info_access, NULL, NULL);
	bool named = X509_get_ext_by_NID(cert, NID_crl_distribution_points, -1) >= 0;

	for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(access); i++)
		named |= OBJ_obj2nid(sk_ACCESS_DESCRIPTION_value(access, i)->method) == NID_ad_OCSP;
	AUTHORITY_INFO_ACCESS_free(access);
	return named;
}

/* -------------------------------------------------------------------------- lists that are known
 */

/* A list that is too old still says who was revoked by then: that is looked for next. */
static int judge(int ok, X509_STORE_CTX *context)
{
	struct trust_pass *pass = X509_STORE_CTX_get_app_data(context);
	const int depth = X509_STORE_CTX_get_error_depth(context);
	const int error = X509_STORE_CTX_get_error(context);

	if (ok)
		return ok;
	switch (error) {
	case X509_V_ERR_UNABLE_TO_GET_CRL:
	case X509_V_ERR_CRL_NOT_YET_VALID:
	case X509_V_ERR_CRL_HAS_EXPIRED:
		if (depth < 0 || depth >= TRUST_DEPTH_MAX + 2)
			return 0;
		if (!pass->errors[depth])
			pass->errors[depth] = error;
		return 1;
	default:
		return 0;
	}
}

void trust_revocation_watch(X509_STORE_CTX *context, struct trust_pass *pass)
{
	X509_STORE_CTX_set_app_data(context, pass);
	X509_STORE_CTX_set_verify_cb(context, judge);
	X509_STORE_CTX_set0_crls(context, pass->lists);
	X509_STORE_CTX_set_flags(context, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
}

bool trust_revocation_is_asked(const struct trust_revocation *r)
{
	return r->asked != CONF_REVOCATION_RELAXED || sk_X509_CRL_num(r->lists) > 0 ||
	       r->sent.len || r->errand;
}

/* ------------------------------------------------------------------------------ places that know
 */

/* One certificate that is asked about. */
struct question {
	X509 *cert;
	X509 *issuer;
	STACK_OF(X509_CRL) * lists;
	struct trust_errand *errand; /* or NULL */
	time_t now;
	bool waits;		 /* for something that is to be had */
	char why[TRUST_WHY_MAX]; /* nothing is known: what has failed last */
};

/* Something was learned: it is kept under that name. */
static void keep(const struct question *q, const uint8_t key[TRUST_WANT_KEY],
		 struct trust_fact *fact)
{
	if (q->errand)
		trust_known_put(q->errand->known, key, fact, q->now);
}

static void keep_failure(struct question *q, const uint8_t key[TRUST_WANT_KEY])
{
	struct trust_fact *fact = trust_fact_new(q->now, q->now + TRUST_FAILURE_S);

	if (!fact)
		return;
	snprintf(fact->why, sizeof(fact->why), "%s", q->why);
	keep(q, key, fact);
	trust_fact_release(fact);
}

static struct trust_fact *read_reply(struct question *q, enum trust_source source,
				     const struct trust_reply *reply)
{
	const struct ike_slice body = ike_buffer_slice(&reply->body);

	if (reply->error) {
		snprintf(q->why, sizeof(q->why), "%s", reply->why);
		return NULL;
	}
	return source == TRUST_LIST ? trust_list_read(body, q->issuer, q->now, q->why)
				    : trust_ocsp_read(body, ike_buffer_slice(&reply->post), q->cert,
						      q->issuer, q->lists, q->now, q->why);
}

static void want(struct question *q, enum trust_source source, const char *uri,
		 const uint8_t key[TRUST_WANT_KEY])
{
	struct ike_buffer post = {0};

	if (source == TRUST_OCSP && trust_ocsp_request(q->cert, q->issuer, &post))
		return;
	q->waits |= trust_errand_want(q->errand, key, uri, &post);
}

static struct trust_fact *take_reply(struct question *q, enum trust_source source,
				     const struct trust_want *wanted,
				     const uint8_t key[TRUST_WANT_KEY])
{
	struct trust_fact *fact = read_reply(q, source, wanted->reply);

	if (!fact)
		keep_failure(q, key);
	else if (source == TRUST_LIST)
		keep(q, key, fact);
	return fact;
}

/* The fact under this name, or what is made of what has come. Where nothing has been tried it is
 * wanted, if it may be. */
static struct trust_fact *look(struct question *q, enum trust_source source, const char *uri,
			       bool may_want)
{
	const struct trust_want *wanted;
	uint8_t key[TRUST_WANT_KEY];
	struct trust_fact *fact;

	if (!trust_known_key(source, uri, q->issuer, source == TRUST_OCSP ? q->cert : NULL, key))
		return NULL;
	fact = trust_known_find(q->errand->known, key, q->now);
	if (fact && *fact->why) {
		snprintf(q->why, sizeof(q->why), "%s", fact->why);
		trust_fact_release(fact);
		return NULL;
	}
	if (fact)
		return fact;
	wanted = trust_errand_find(q->errand, key);
	if (wanted && wanted->reply)
		return take_reply(q, source, wanted, key);
	if (!wanted && may_want)
		want(q, source, uri, key);
	return NULL;
}

/* What OCSP says of one certificate is the same wherever it was had. */
static void keep_status(const struct question *q, struct trust_fact *fact)
{
	uint8_t key[TRUST_WANT_KEY];

	if (trust_known_key(TRUST_OCSP, "", q->issuer, q->cert, key))
		keep(q, key, fact);
}

static struct trust_fact *known_status(const struct question *q)
{
	uint8_t key[TRUST_WANT_KEY];

	if (!q->errand || !trust_known_key(TRUST_OCSP, "", q->issuer, q->cert, key))
		return NULL;
	return trust_known_find(q->errand->known, key, q->now);
}

/* RFC 4806: what the peer has sent is as good as what is fetched. */
static struct trust_fact *sent_status(struct question *q, struct ike_slice sent)
{
	struct ike_cursor c = ike_cursor(sent);
	struct trust_fact *fact = NULL;

	while (!fact && ike_cursor_left(&c)) {
		struct ike_slice one = ike_get_slice(&c, ike_get_u16(&c));

		if (!ike_cursor_ok(&c))
			break;
		fact = trust_ocsp_read(one, ike_slice(NULL, 0), q->cert, q->issuer, q->lists,
				       q->now, q->why);
	}
	if (fact)
		keep_status(q, fact);
	return fact;
}

typedef size_t places_fn(X509 *cert, char **uris, size_t max);

static size_t list_places(X509 *cert, char **uris, size_t max)
{
	return trust_list_places(cert, uris, max);
}

/* All places of a kind are asked at once, once none of them has said anything yet; the first that
 * does is believed. */
static struct trust_fact *ask(struct question *q, enum trust_source source)
{
	places_fn *places = source == TRUST_OCSP ? trust_ocsp_places : list_places;
	struct trust_fact *fact = NULL;
	char *uris[PLACES_MAX];
	size_t count = q->errand ? places(q->cert, uris, PLACES_MAX) : 0;

	for (size_t i = 0; !fact && i < 2 * count; i++)
		fact = look(q, source, uris[i % count], i >= count);
	for (size_t i = 0; i < count; i++)
		OPENSSL_free(uris[i]);
	return fact;
}

/* Takes the fact. */
static enum trust_status status_of(struct trust_fact *fact)
{
	const enum trust_status status = fact ? fact->status : TRUST_UNKNOWN;

	trust_fact_release(fact);
	return status;
}

static enum trust_status by_ocsp(struct question *q)
{
	struct trust_fact *fact = ask(q, TRUST_OCSP);

	if (fact)
		keep_status(q, fact);
	return status_of(fact);
}

static enum trust_status by_list(struct question *q)
{
	struct trust_fact *fact = ask(q, TRUST_LIST);
	enum trust_status status =
		fact ? trust_list_says(fact->list, q->cert, q->issuer, q->why) : TRUST_UNKNOWN;

	trust_fact_release(fact);
	return status;
}

/* What is there already is free, so that one who is revoked is refused whoever says so. */
static enum trust_status by_what_is_there(struct question *q, struct ike_slice sent)
{
	struct trust_fact *known = known_status(q);
	struct trust_fact *fact = known ? NULL : sent_status(q, sent);

	return status_of(known ? known : fact);
}

/* Nothing is asked of lists before it is known that OCSP doesn't say it. */
static enum trust_status by_places(struct question *q)
{
	enum trust_status status = by_ocsp(q);

	return status == TRUST_UNKNOWN && !q->waits ? by_list(q) : status;
}

static bool may_be_unknown(const struct trust_revocation *r, const X509 *cert)
{
	return r->asked == CONF_REVOCATION_RELAXED ||
	       (r->asked == CONF_REVOCATION_IFURI && !names_a_place(cert));
}

static void refuse(char fault[IKE_REASON_MAX], const char *why)
{
	snprintf(fault, IKE_REASON_MAX, "its certificate isn't trusted: %.120s", why);
}

/* error: OpenSSL's, of lists that are known; 0: such a list says that it isn't revoked. */
static bool one_is_refused(const struct trust_revocation *r, struct question *q, int error,
			   char fault[IKE_REASON_MAX])
{
	enum trust_status status = by_what_is_there(q, r->sent);

	if (status == TRUST_UNKNOWN && error)
		status = by_places(q);
	if (status == TRUST_REVOKED) {
		refuse(fault, X509_verify_cert_error_string(X509_V_ERR_CERT_REVOKED));
		return true;
	}
	if (status == TRUST_GOOD || !error || q->waits || may_be_unknown(r, q->cert))
		return false;
	refuse(fault, *q->why ? q->why : X509_verify_cert_error_string(error));
	return true;
}

bool trust_revocation_refuses(const struct trust_revocation *r, STACK_OF(X509) * chain,
			      const struct trust_pass *pass, char fault[IKE_REASON_MAX])
{
	bool refused = false, waits = false;

	/* The authority that is trusted is the last. */
	for (int i = 0; !refused && i + 1 < sk_X509_num(chain); i++) {
		const int error = pass ? pass->errors[i] : X509_V_ERR_UNABLE_TO_GET_CRL;
		struct question q = {.cert = sk_X509_value(chain, i),
				     .issuer = sk_X509_value(chain, i + 1),
				     .lists = r->lists,
				     .errand = r->errand,
				     .now = time(NULL)};

		refused = one_is_refused(r, &q, error, fault);
		waits |= q.waits;
	}
	if (refused || !waits)
		return refused;
	r->errand->waits = true;
	fault[0] = 0;
	return true;
}

struct trust_fact *trust_revocation_of_own(X509 *cert, X509 *issuer, struct trust_errand *errand)
{
	struct question q = {.cert = cert, .issuer = issuer, .errand = errand, .now = time(NULL)};
	struct trust_fact *fact = known_status(&q);

	if (fact)
		return fact;
	fact = ask(&q, TRUST_OCSP);
	if (fact)
		keep_status(&q, fact);
	errand->waits |= q.waits;
	return fact;
}
