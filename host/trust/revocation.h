/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is a certificate revoked? By lists (CRLs, RFC 5280, section 6.3) of the configuration, by answers
 * of OCSP (RFC 6960) that the peer has sent (RFC 4806) or that are fetched, and by lists that are.
 */
#ifndef RVL_TRUST_REVOCATION_H
#define RVL_TRUST_REVOCATION_H

#include <openssl/x509_vfy.h>

#include "host/conf/conf.h"
#include "host/ike/job.h"
#include "host/trust/known.h"

enum { TRUST_DEPTH_MAX = 8 };

/* What is asked, and who can be. */
struct trust_revocation {
	enum conf_revocation asked;
	STACK_OF(X509_CRL) * lists;  /* of all authorities */
	struct ike_slice sent;	     /* answers of OCSP, each after its length in two octets */
	struct trust_errand *errand; /* NULL: nothing is fetched */
};

/* A verification by lists that goes on where they say nothing. */
struct trust_pass {
	STACK_OF(X509_CRL) * lists;
	int errors[TRUST_DEPTH_MAX + 2]; /* by depth: the first of OpenSSL's; 0: not revoked */
};

/* Can it have any effect? */
bool trust_revocation_is_asked(const struct trust_revocation *r);

/* Have a verification go by lists. pass outlives it. */
void trust_revocation_watch(X509_STORE_CTX *context, struct trust_pass *pass);

/*
 * Is one of a chain that is trusted revoked, or isn't known what must be? That of an authority that
 * is trusted isn't asked for. pass: what lists have said of it; NULL: there are none. Places that
 * certificates name are asked, so none is that isn't trusted. False: all is well. True: *fault says
 * why; or the errand waits, and says what is to be had first.
 */
bool trust_revocation_refuses(const struct trust_revocation *r, STACK_OF(X509) * chain,
			      const struct trust_pass *pass, char fault[IKE_REASON_MAX]);

/* What OCSP says of a certificate of our own, as far as it is known or can be had. NULL: nothing,
 * or the errand waits. */
struct trust_fact *trust_revocation_of_own(X509 *cert, X509 *issuer, struct trust_errand *errand);

#endif
