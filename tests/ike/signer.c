/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/ike/signer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/ike/prf.h"

static const uint8_t cert[] = {0, 4, 'c', 'e', 'r', 't'};
static const uint8_t answer[] = {0, 5, 'c', 'l', 'e', 'a', 'n'};
static const uint8_t raw_key[] = "a public key";

static void signature(const char *key, struct ike_slice octets, uint8_t out[32])
{
	uint8_t text[96];
	struct ike_writer w = ike_writer(text, sizeof(text));

	if (ike_sha256(octets, out))
		abort();
	ike_put(&w, out, 32);
	ike_put(&w, key, strlen(key));
	if (!ike_writer_ok(&w) || ike_sha256(ike_written(&w), out))
		abort();
}

static void sign(struct ike_sign_job *job, const char *key)
{
	uint8_t data[32];

	signature(key, ike_buffer_slice(&job->octets), data);
	job->method = job->hashes ? IKE_AUTH_SIGNATURE : IKE_AUTH_RSA;
	if (ike_buffer_set(&job->data, ike_slice(data, sizeof(data))) ||
	    (ike_sign_job_sends(job, job->certs_asked) &&
	     ike_buffer_set(&job->certs, ike_slice(cert, sizeof(cert)))) ||
	    (job->ocsp_asked && ike_buffer_set(&job->ocsp, ike_slice(answer + 2, 5))) ||
	    (job->raw_asked && ike_sign_job_sends(job, true) &&
	     ike_buffer_set(&job->raw_key, ike_slice(raw_key, sizeof(raw_key)))))
		abort();
}

static int verify(const struct ike_verify_job *job, const char *key)
{
	uint8_t data[32];

	if (!*job->connection || job->method != (job->hashes ? IKE_AUTH_SIGNATURE : IKE_AUTH_RSA) ||
	    (!ike_slice_equal(ike_buffer_slice(&job->certs), ike_slice(cert, sizeof(cert))) &&
	     !ike_slice_equal(ike_buffer_slice(&job->raw_key),
			      ike_slice(raw_key, sizeof(raw_key)))))
		return -EACCES;
	if (job->ocsp.len &&
	    !ike_slice_equal(ike_buffer_slice(&job->ocsp), ike_slice(answer, sizeof(answer))))
		return -EACCES;
	signature(key, ike_buffer_slice(&job->octets), data);
	return ike_slice_equal(ike_buffer_slice(&job->data), ike_slice(data, sizeof(data)))
		       ? 0
		       : -EACCES;
}

void signer_run(struct ike_job *job, const char *key)
{
	job->error = 0;
	if (job->type == IKE_JOB_SIGN)
		sign(&job->sign, key);
	else
		job->error = verify(&job->verify, key);
	if (job->error)
		strcpy(job->reason, "the signature is wrong");
}
