/* SPDX-License-Identifier: BSD-2-Clause */
/* What is asked of a certificate: RFC 5280, and RFC 4945 for IKE. */
#ifndef RVL_TRUST_CERTIFICATE_H
#define RVL_TRUST_CERTIFICATE_H

#include <openssl/x509.h>

#include "host/ike/id.h"
#include "host/ike/job.h"
#include "host/trust/revocation.h"

enum { TRUST_FAULT = IKE_REASON_MAX };

/*
 * Is it this identity's? A name, an address or an email address must be a subjectAltName, octet by
 * octet but for the case of names; a distinguished name must be the subject.
 */
bool trust_cert_is_of(X509 *cert, const struct ike_id *id);

/* May its key sign IKE_AUTH, now? Keys, key usage (RFC 4945, section 5.1.3.2), extended key usage
 * (section 5.1.3.12), validity. False: *fault says why not. */
bool trust_cert_may_sign(X509 *cert, char fault[TRUST_FAULT]);

/*
 * Does a chain lead from it to one of the store's? `others` may be part of it: those that came with
 * it, and what is known. With a pass nobody on it is in these lists; NULL: that isn't asked for.
 * chain: where it goes, to be freed with all that is in it; or NULL. False: *fault says why not.
 */
bool trust_cert_is_trusted(X509 *cert, X509_STORE *store, STACK_OF(X509) * others,
			   struct trust_pass *pass, STACK_OF(X509) * *chain,
			   char fault[TRUST_FAULT]);

/* SHA-1 of its subjectPublicKeyInfo (RFC 7296, section 3.7). */
bool trust_cert_authority(X509 *cert, uint8_t out[IKE_AUTHORITY_LEN]);

/* Did this one issue that one, as far as names and extensions say? */
bool trust_cert_issued(X509 *issuer, X509 *cert);

#endif
