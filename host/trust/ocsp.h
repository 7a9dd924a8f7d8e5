/* SPDX-License-Identifier: BSD-2-Clause */
/* OCSP (RFC 6960), by OpenSSL as far as it is about how it is written. */
#ifndef RVL_TRUST_OCSP_H
#define RVL_TRUST_OCSP_H

#include "host/trust/known.h"

/* The question whether a certificate is revoked, with a nonce. 0 or -ENOMEM. */
int trust_ocsp_request(X509 *cert, X509 *issuer, struct ike_buffer *out);

/*
 * What does the answer say of this certificate? It must be signed by the issuer, or by one to whom
 * the issuer itself has given that task (section 4.2.2.2) and who isn't in these lists, be about
 * this certificate, and be in force; where it has a nonce, that of the request, if there was one.
 * An answer that doesn't say until when it holds does for a few minutes. One that says "revoked"
 * needn't be in force.
 *
 * NULL: it says neither good nor revoked, and *why says why not.
 */
struct trust_fact *trust_ocsp_read(struct ike_slice response, struct ike_slice request, X509 *cert,
				   X509 *issuer, STACK_OF(X509_CRL) * lists, time_t now,
				   char why[TRUST_WHY_MAX]);

/* As trust_list_places(). */
size_t trust_ocsp_places(X509 *cert, char **uris, size_t max);

#endif
