/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside of host/trust: what is known, and where it is read from. */
#ifndef RVL_TRUST_PRIVATE_H
#define RVL_TRUST_PRIVATE_H

#include <openssl/x509.h>
#include <stdatomic.h>

#include "host/sa/hash.h"
#include "host/trust/certificate.h"
#include "host/trust/file.h"
#include "host/trust/trust.h"

#define TRUST_PATH_MAX 512
#define TRUST_X509 "x509"
#define TRUST_X509CA "x509ca"
#define TRUST_PUBKEY "pubkey"
#define TRUST_X509CRL "x509crl"

/* A file of a set, whose certificates are there from `first` on. */
struct trust_file {
	char path[TRUST_PATH_MAX];
	int first;
};

/* The certificates of some files, as one key of the configuration names them. */
struct trust_set {
	char *name; /* folder and files */
	struct trust_file *files;
	size_t file_count;
	STACK_OF(X509) * certs;
	X509_STORE *store;
	struct ike_buffer hashes; /* as authorities */
	UT_hash_handle hh;
};

/* Public keys without certificates. */
struct trust_raw_keys {
	EVP_PKEY **list;
	size_t count;
};

struct trust_connection {
	char name[CONF_NAME_MAX];
	struct conf_auth local; /* without files */
	struct conf_auth remote;
	bool asks;		       /* for certificates, */
	bool asks_ocsp;		       /* and OCSP's answers about them */
	struct trust_set *own;	       /* or NULL */
	struct trust_set *pinned;      /* that the peer has one of, or NULL */
	struct trust_set *authorities; /* or NULL */
	struct trust_raw_keys own_raw;
	struct trust_raw_keys raw; /* that the peer has one of, */
	struct ike_id *raw_id;	   /* which it is then; NULL: there are none */
	UT_hash_handle hh;
};

struct trust {
	atomic_uint references;
	struct trust_connection *connections; /* by name; those without certificates aren't there */
	struct trust_set *sets;		      /* by name */
	struct trust_set common;	      /* all of x509ca */
	STACK_OF(X509_CRL) * lists;	      /* of who is revoked */
	EVP_PKEY **keys;
	size_t key_count;
	struct ike_buffer all; /* authorities that peers are told of */
};

/* Of a name in a folder beside the configuration, or absolute. -ENAMETOOLONG. */
int trust_path(const struct conf *conf, const char *folder, const char *name,
	       char out[TRUST_PATH_MAX]);

/* Of these files; NULL: there is none yet, or no memory for one. */
struct trust_set *trust_set_find(const struct trust *t, const struct conf_files *files,
				 const char *folder);
struct trust_set *trust_set_new(struct trust *t, const struct conf_files *files,
				const char *folder);

/* A file's certificates; 0 or -ENOMEM. */
int trust_set_add(struct trust_set *set, const char *path, STACK_OF(X509) * certs);

/* What is in the folders, and private keys that are named elsewhere, or in tokens. */
int trust_read_folders(struct trust *t, const struct conf *conf, struct conf_error *error);

/* The private key of a public one, or NULL. */
EVP_PKEY *trust_find_key(const struct trust *t, const EVP_PKEY *public_key);

/* A job, IKE_JOB_SIGN, as trust_run(). 0, or -errno with the reason, if there is one. */
int trust_sign_as(const struct trust *t, struct ike_sign_job *job, struct trust_errand *errand,
		  char reason[IKE_REASON_MAX]);

/* NULL: it has nothing to do with certificates. */
const struct trust_connection *trust_find(const struct trust *t, const char *name);

/* Those between one of our certificates and an authority, as far as they are known; theirs stay who
 * has them. NULL without memory. */
STACK_OF(X509) * trust_chain_of(const struct trust *t, const struct trust_set *own, X509 *cert);

/*
 * Is a peer's certificate one that this connection believes, with those that came with it? False:
 * the fault says why not. chain: the way from it to an authority, to be freed with all that is in
 * it, or NULL for one of remote.certs; none is asked for: NULL.
 */
bool trust_believes(const struct trust *t, const struct trust_connection *c, X509 *cert,
		    const STACK_OF(X509) * others, STACK_OF(X509) * *chain,
		    char fault[TRUST_FAULT]);

/*
 * Has one that is believed been revoked, or isn't known what must be? By the end, for a list may be
 * long, and only who is believed says where to ask: not before who has sent it is known to have its
 * key. sent: answers of OCSP that came with it. True without a fault: the errand waits. One of
 * remote.certs is trusted whatever is said.
 */
bool trust_revokes(const struct trust *t, const struct trust_connection *c, X509 *cert,
		   const STACK_OF(X509) * others, STACK_OF(X509) * chain, struct ike_slice sent,
		   struct trust_errand *errand, char fault[TRUST_FAULT]);

#endif
