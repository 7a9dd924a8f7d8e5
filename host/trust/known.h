/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What was fetched, or sent by peers, and judged: lists and answers of OCSP for as long as they are
 * in force, and failures for a moment. Any number of threads may use it at once.
 */
#ifndef RVL_TRUST_KNOWN_H
#define RVL_TRUST_KNOWN_H

#include <openssl/x509.h>
#include <time.h>

#include "host/trust/errand.h"

enum {
	TRUST_FAILURE_S = 30, /* that what has failed isn't tried again */
};

/* Is a certificate revoked? */
enum trust_status { TRUST_UNKNOWN, TRUST_GOOD, TRUST_REVOKED };

enum trust_source { TRUST_OCSP, TRUST_LIST };

/* It never changes. */
struct trust_fact {
	atomic_uint references;
	time_t since; /* thisUpdate; */
	time_t until; /* it holds before that */
	/* One of these: */
	X509_CRL *list;
	enum trust_status status; /* of one certificate, and the answer that says so */
	struct ike_buffer response;
	char why[TRUST_WHY_MAX]; /* it couldn't be had */
};

/* NULL without memory. */
struct trust_known *trust_known_new(void);
void trust_known_free(struct trust_known *known); /* NULL is fine */

/*
 * Under which name something is known: what this URI says of this issuer, and, by OCSP, of this
 * certificate. uri "": what anybody says. The issuer is meant by its name and its key: whoever has
 * the name alone says nothing of what the other one issues. False without memory.
 */
bool trust_known_key(enum trust_source source, const char *uri, X509 *issuer, const X509 *cert,
		     uint8_t key[TRUST_WANT_KEY]);

/* With references = 1. NULL without memory. */
struct trust_fact *trust_fact_new(time_t since, time_t until);
void trust_fact_release(struct trust_fact *fact); /* NULL is fine */

/* Held for the caller; NULL: nothing that holds now. */
struct trust_fact *trust_known_find(struct trust_known *known, const uint8_t key[TRUST_WANT_KEY],
				    time_t now);

/* Unless something younger is known that holds. The caller's reference stays. Without memory
 * nothing is kept. */
void trust_known_put(struct trust_known *known, const uint8_t key[TRUST_WANT_KEY],
		     struct trust_fact *fact, time_t now);

#endif
