// SPDX-License-Identifier: BSD-2-Clause
#include "host/trust/revocation.h"

#include <openssl/x509v3.h>

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

/* May it stay unknown whether the certificate in question is revoked? Nobody asks that of the
 * authority that is trusted. */
static bool may_be_unknown(X509_STORE_CTX *context)
{
	const struct trust_revocation *r = X509_STORE_CTX_get_app_data(context);
	const int last = sk_X509_num(X509_STORE_CTX_get0_chain(context)) - 1;

	if (X509_STORE_CTX_get_error_depth(context) == last)
		return true;
	return r->asked == CONF_REVOCATION_RELAXED ||
	       (r->asked == CONF_REVOCATION_IFURI &&
		!names_a_place(X509_STORE_CTX_get_current_cert(context)));
}

/* A list that is too old still says who was revoked by then: that is looked for next. */
static int judge(int ok, X509_STORE_CTX *context)
{
	if (ok)
		return ok;
	switch (X509_STORE_CTX_get_error(context)) {
	case X509_V_ERR_UNABLE_TO_GET_CRL:
	case X509_V_ERR_CRL_NOT_YET_VALID:
	case X509_V_ERR_CRL_HAS_EXPIRED:
		return may_be_unknown(context);
	default:
		return 0;
	}
}

bool trust_revocation_is_asked(const struct trust_revocation *r)
{
	return r->asked != CONF_REVOCATION_RELAXED || sk_X509_CRL_num(r->lists) > 0;
}

void trust_revocation_ask(X509_STORE_CTX *context, const struct trust_revocation *r)
{
	X509_STORE_CTX_set_app_data(context, (void *)(uintptr_t)r);
	X509_STORE_CTX_set_verify_cb(context, judge);
	X509_STORE_CTX_set0_crls(context, r->lists);
	X509_STORE_CTX_set_flags(context, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
}
