/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of revoked certificates that were fetched (RFC 5280, section 6.3). */
#ifndef RVL_TRUST_LIST_H
#define RVL_TRUST_LIST_H

#include <openssl/x509v3.h>

#include "host/trust/known.h"

/* By which hash a signature is, if it isn't one that says more than a name: no MD5, no SHA-1. */
bool trust_signature_is_weak(const X509_ALGOR *algorithm);

/* Of an X.509 time. False: it is none. */
bool trust_time_of(const ASN1_TIME *from, time_t *out);

/*
 * Is it, all of it and in DER, a whole list that this one has signed, and in force? NULL: *why says
 * what it isn't.
 */
struct trust_fact *trust_list_read(struct ike_slice der, X509 *issuer, time_t now,
				   char why[TRUST_WHY_MAX]);

/* What does the list say of a certificate of this issuer's? UNKNOWN: *why says why nothing. */
enum trust_status trust_list_says(X509_CRL *list, X509 *cert, X509 *issuer,
				  char why[TRUST_WHY_MAX]);

/* The places where a certificate says that it is: up to `max` URIs of HTTP, each to be freed by
 * OPENSSL_free(). */
size_t trust_list_places(const X509 *cert, char **uris, size_t max);

/* A URI of HTTP, as far as one looks at it before it is fetched, to be freed by OPENSSL_free().
 * NULL: the name is none. */
char *trust_uri_of(const GENERAL_NAME *name);

#endif
