/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who signs for us, and whom we trust: the certificates and private keys that a configuration
 * names, read once. It never changes, and any number of threads may use it at once; a reload makes
 * another.
 *
 * Files are looked for where swanctl has them, below the folder of the configuration: certificates
 * in x509, authorities in x509ca, lists of what is revoked in x509crl, public
 * keys in pubkey, and private keys in private, rsa, ecdsa
 * and pkcs8. What is in
 * x509ca is trusted by all connections that name no cacerts.
 */
#ifndef RVL_TRUST_TRUST_H
#define RVL_TRUST_TRUST_H

#include <time.h>

#include "host/conf/conf.h"
#include "host/ike/job.h"
#include "host/trust/errand.h"

struct trust;

/*
 * Read what a configuration names. Connections that say nothing of who we are become the subject of
 * their certificate. 0, or -errno with *error set: the first thing that is wrong, by file, line and
 * key.
 */
int trust_load(struct conf *conf, struct trust **out, struct conf_error *error);

/* It is freed, and its keys erased, with the last that holds it. NULL is fine. */
struct trust *trust_hold(struct trust *trust);
void trust_release(struct trust *trust);

/*
 * Do a job, IKE_JOB_SIGN or IKE_JOB_VERIFY, on any thread, and set its answer. If the errand waits
 * then, it has none: it is to be done again with what has come. Without an errand (NULL) nothing is
 * fetched.
 */
void trust_run(const struct trust *trust, struct trust_errand *errand, struct ike_job *job);

/* Authorities, as the core tells peers of them: of one connection, and of all together; none where
 * no certificates are to be asked for. */
struct ike_slice trust_authorities(const struct trust *trust, const char *connection);
struct ike_slice trust_all_authorities(const struct trust *trust);

/* Is the peer to be asked for a public key without a certificate (RFC 7670): of one connection, and
 * of any? */
bool trust_asks_raw(const struct trust *trust, const char *connection);
bool trust_any_asks_raw(const struct trust *trust);

/* Is any peer to be asked for what OCSP says of its certificate? */
bool trust_any_asks_ocsp(const struct trust *trust);

/* Is equal where connections have the same certificates, keys, authorities and users of EAP. */
uint64_t trust_credentials(const struct conf_connection *c);

/* Call each() for what expires before `before`, or has. */
void trust_expiring(const struct trust *trust, time_t before,
		    void (*each)(void *context, const char *path, time_t at), void *context);

#endif
