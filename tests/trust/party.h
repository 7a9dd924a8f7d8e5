/* SPDX-License-Identifier: BSD-2-Clause */
/* Parties with keys and certificates, and a configuration in a folder of its own beside them. */
#ifndef RVL_TESTS_TRUST_PARTY_H
#define RVL_TESTS_TRUST_PARTY_H

#include <openssl/x509.h>
#include <stdio.h>

#include "host/trust/known.h"
#include "host/trust/trust.h"

enum { DAY = 86400, ALL = 1 << IKE_HASH_SHA2_256 | 1 << IKE_HASH_SHA2_384 };

struct party {
	X509 *cert;
	EVP_PKEY *key;
};

/* What makes one certificate another. */
struct kind {
	const char *name;  /* CN; NULL: "b" */
	const char *alt;   /* subjectAltName */
	const char *basic; /* basicConstraints; NULL: CA:FALSE */
	const char *usage; /* keyUsage */
	const char *eku;   /* NULL: none */
	const char *extra; /* name constraints */
	long from, to;	   /* seconds from now; 0: -1 and 30 days */
	const char *curve; /* or "RSA", of 2048 bits; NULL: P-256 */
	const char *crl;   /* cRLDistributionPoints; NULL: none */
	const char *info;  /* authorityInfoAccess */
};

/* issuer NULL: itself */
struct party make(const struct kind *kind, const struct party *issuer);
void party_free(struct party *party);

/* The folder, with those that swanctl has in it; folder_end() returns other than 0 if that fails.
 */
extern char folder[];
void folder_begin(void);
int folder_end(void);

/* Files in it. */
FILE *create(const char *name);
void write_cert(const char *name, const struct party *party);
void write_key(const char *name, const struct party *party, const char *passphrase);
void write_public_key(const char *name, const struct party *party);

/* With these lines in sections local, remote and secrets of a connection "gw". */
struct conf *read_conf(const char *local, const char *remote, const char *secrets);
struct trust *load(const char *local, const char *remote, const char *secrets);

/* An authority's list, from and to so many seconds from now; revoked NULL: nobody is. */
X509_CRL *make_list(const struct party *by, const struct party *revoked, long from, long to,
		    const struct party *signer);

/* Who is asked by HTTP: what is under this URI; nothing: it isn't there. */
struct network {
	struct trust_known *known;
	struct ike_buffer (*serve)(void *context, const char *uri, const struct ike_buffer *post);
	void *context;
};

/* What is wanted comes, or is said not to be there. */
void network_serve(struct trust_errand *errand, const struct network *network);

/* What a peer sends to be judged by. */
struct sent {
	const struct party *const *chain; /* certificates */
	unsigned count;
	const struct party *raw_key; /* NULL: none */
	struct ike_buffer
		ocsp; /* answers about them, each after its length in two octets; is freed */
	const struct network *network; /* NULL: nothing is fetched */
};

/* What is said of one that signs with this key, sends that, and says that it is `id`; empty: it is
 * believed. */
const char *judged(const struct trust *trust, const struct party *signer, const struct sent *sent,
		   const char *id);

/* What goes along with a signature of ours, of OCSP; to be freed. */
struct ike_buffer signed_ocsp(const struct trust *trust, bool asked, const struct network *network);

/* In DER, to be freed. */
struct ike_buffer public_key_of(const struct party *party);

/* Not loaded, with this in what is said. */
void refused(const char *local, const char *remote, const char *secrets, const char *why);

#endif
