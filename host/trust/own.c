// SPDX-License-Identifier: BSD-2-Clause
/* Our own side: which certificate or key signs for us, and what of it a peer is sent. */
#include <errno.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "host/trust/certificate.h"
#include "host/trust/private.h"
#include "host/trust/revocation.h"
#include "host/trust/signature.h"

enum { OCSP_SENT_MAX = 8192 }; /* octets of an answer that goes along with our certificates */

static bool has_authority(struct ike_slice authorities, X509 *cert)
{
	uint8_t hash[IKE_AUTHORITY_LEN];
	bool found = false;

	if (!trust_cert_authority(cert, hash))
		return false;
	for (size_t i = 0; i + IKE_AUTHORITY_LEN <= authorities.len; i += IKE_AUTHORITY_LEN)
		found |= !memcmp(authorities.data + i, hash, IKE_AUTHORITY_LEN);
	return found;
}

/* Who issued it, among what there is; NULL: it did itself, or nobody knows. */
static X509 *issuer_of(const struct trust *t, const struct trust_set *own, X509 *cert)
{
	const STACK_OF(X509) * places[] = {own->certs, t->common.certs};

	if (trust_cert_issued(cert, cert))
		return NULL;
	for (size_t p = 0; p < 2; p++)
		for (int i = 0; i < sk_X509_num(places[p]); i++) {
			X509 *other = sk_X509_value(places[p], i);

			if (other != cert && trust_cert_issued(other, cert))
				return other;
		}
	return NULL;
}

/* Does its chain lead to one that the peer trusts? */
static bool suits(const struct trust *t, const struct trust_set *own, X509 *cert,
		  struct ike_slice authorities)
{
	for (unsigned int n = 0; cert && n < IKE_CERTS_MAX; n++) {
		cert = issuer_of(t, own, cert);
		if (cert && has_authority(authorities, cert))
			return true;
	}
	return false;
}

static bool put_cert(struct ike_writer *w, X509 *cert)
{
	unsigned char *der = NULL;
	int len = i2d_X509(cert, &der);
	bool ok = len > 0 && len <= UINT16_MAX;

	if (ok) {
		ike_put_u16(w, (uint16_t)len);
		ike_put(w, der, (size_t)len);
	}
	OPENSSL_free(der);
	return ok && ike_writer_ok(w);
}

STACK_OF(X509) * trust_chain_of(const struct trust *t, const struct trust_set *own, X509 *cert)
{
	STACK_OF(X509) *chain = sk_X509_new_null();

	for (unsigned int n = 1; chain && n < IKE_CERTS_MAX; n++) {
		cert = issuer_of(t, own, cert);
		if (!cert || trust_cert_issued(cert, cert))
			break;
		if (!sk_X509_push(chain, cert)) {
			sk_X509_free(chain);
			return NULL;
		}
	}
	return chain;
}

/* It and those between it and an authority that the peer has, or that is its own. */
static int write_certs(const struct trust *t, const struct trust_set *own, X509 *cert,
		       struct ike_sign_job *job)
{
	const struct ike_slice authorities = ike_buffer_slice(&job->authorities);
	uint8_t octets[IKE_MESSAGE_MAX];
	struct ike_writer w = ike_writer(octets, sizeof(octets));
	STACK_OF(X509) *chain = trust_chain_of(t, own, cert);
	bool fits = put_cert(&w, cert);

	if (!chain)
		return -ENOMEM;
	for (int i = 0; fits && i < sk_X509_num(chain); i++) {
		if (has_authority(authorities, sk_X509_value(chain, i)))
			break;
		fits = put_cert(&w, sk_X509_value(chain, i));
	}
	sk_X509_free(chain);
	return fits ? ike_buffer_set(&job->certs, ike_written(&w)) : -EMSGSIZE;
}

static int sign_by(const struct trust *t, const struct trust_connection *c, EVP_PKEY *public_key,
		   struct ike_sign_job *job)
{
	ike_buffer_free(&job->data); /* of before, if the errand has waited */
	return trust_sign(trust_find_key(t, public_key), &c->local, job->hashes,
			  ike_buffer_slice(&job->octets), &job->method, &job->data);
}

/* RFC 4806: nobody is kept waiting for more than one answer, and without it the peer asks itself.
 */
static int write_ocsp(const struct trust *t, const struct trust_set *own, X509 *cert,
		      struct trust_errand *errand, struct ike_sign_job *job)
{
	X509 *issuer = issuer_of(t, own, cert);
	struct trust_fact *fact = issuer ? trust_revocation_of_own(cert, issuer, errand) : NULL;
	int err = 0;

	if (fact && fact->response.len <= OCSP_SENT_MAX)
		err = ike_buffer_set(&job->ocsp, ike_buffer_slice(&fact->response));
	trust_fact_release(fact);
	return err;
}

static int sign_with(const struct trust *t, const struct trust_connection *c, X509 *cert,
		     struct trust_errand *errand, struct ike_sign_job *job)
{
	int err = sign_by(t, c, X509_get0_pubkey(cert), job);

	if (!err && ike_sign_job_sends(job, job->certs_asked))
		err = write_certs(t, c->own, cert, job);
	if (!err && job->ocsp_asked && errand && ike_sign_job_sends(job, job->certs_asked))
		err = write_ocsp(t, c->own, cert, errand, job);
	return err;
}

/* The first that leads to an authority of the peer's, or else the first that it can verify. */
static int sign_with_cert(const struct trust *t, const struct trust_connection *c,
			  struct trust_errand *errand, struct ike_sign_job *job)
{
	const struct ike_slice authorities = ike_buffer_slice(&job->authorities);
	int err = -EOPNOTSUPP;

	for (unsigned int pass = authorities.len ? 0 : 1; err == -EOPNOTSUPP && pass < 2; pass++)
		for (size_t i = 0; err == -EOPNOTSUPP && i < c->own->file_count; i++) {
			X509 *cert = sk_X509_value(c->own->certs, c->own->files[i].first);

			if (pass || suits(t, c->own, cert, authorities))
				err = sign_with(t, c, cert, errand, job);
		}
	return err;
}

static int write_raw_key(const EVP_PKEY *key, struct ike_buffer *out)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key, &der);
	int err = len > 0 ? ike_buffer_set(out, ike_slice(der, (size_t)len)) : -EINVAL;

	OPENSSL_free(der);
	return err;
}

/* The first that the peer can verify. */
static int sign_with_raw_key(const struct trust *t, const struct trust_connection *c,
			     struct ike_sign_job *job)
{
	int err = -EOPNOTSUPP;

	for (size_t i = 0; err == -EOPNOTSUPP && i < c->own_raw.count; i++) {
		err = sign_by(t, c, c->own_raw.list[i], job);
		if (!err && ike_sign_job_sends(job, job->raw_asked))
			err = write_raw_key(c->own_raw.list[i], &job->raw_key);
	}
	return err;
}

/* By a certificate, unless there is none or the peer takes nothing but a public key. */
int trust_sign_as(const struct trust *t, struct ike_sign_job *job, struct trust_errand *errand,
		  char reason[IKE_REASON_MAX])
{
	const struct trust_connection *c = trust_find(t, job->connection);
	bool raw = c && c->own_raw.count && (!c->own || (job->raw_asked && !job->certs_asked));
	int err;

	if (!c || !c->local.pubkey || (!c->own && !c->own_raw.count)) {
		snprintf(reason, IKE_REASON_MAX,
			 "no certificate or public key of its connection is configured");
		return -ENOENT;
	}
	err = raw ? sign_with_raw_key(t, c, job) : sign_with_cert(t, c, errand, job);
	if (err == -EOPNOTSUPP)
		snprintf(reason, IKE_REASON_MAX,
			 "the peer knows none of the signatures that the key and local.auth allow");
	return err;
}
