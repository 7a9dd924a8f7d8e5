/* SPDX-License-Identifier: BSD-2-Clause */
/* Is a certificate revoked? By lists (CRLs, RFC 5280, section 6.3) that are known. */
#ifndef RVL_TRUST_REVOCATION_H
#define RVL_TRUST_REVOCATION_H

#include <openssl/x509_vfy.h>

#include "host/conf/conf.h"

struct trust_revocation {
	enum conf_revocation asked;
	STACK_OF(X509_CRL) * lists; /* of all authorities */
};

/* Can it have any effect? */
bool trust_revocation_is_asked(const struct trust_revocation *r);

/* Have a verification ask. r outlives it. */
void trust_revocation_ask(X509_STORE_CTX *context, const struct trust_revocation *r);

#endif
