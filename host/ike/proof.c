/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AUTH (RFC 7296, section 2.15): by a shared key, which is computed here, or by a signature (RFC
 * 7427), which jobs make and judge. CERT, CERTREQ and SIGNATURE_HASH_ALGORITHMS go with the latter.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/ike/sa.h"

static const struct ike_slice nothing;

static void write_id_body(struct ike_writer *w, const struct ike_id *id)
{
	ike_put_u8(w, id->type);
	ike_put_be(w, 0, 3);
	ike_put_slice(w, ike_id_slice(id));
}

/* What AUTH of one side is over, besides its ID payload's body as it is on the wire. */
struct signed_parts {
	struct ike_slice first_message;
	struct ike_slice nonce;
	const uint8_t *sk_p;
};

static struct signed_parts parts_of(const struct ike_sa *sa, bool of_initiator)
{
	const struct ike_handshake *h = sa->handshake;

	if (of_initiator)
		return (struct signed_parts){ike_buffer_slice(&h->init_request),
					     ike_slice(h->nr, h->nr_len), h->auth_keys.sk_pi};
	return (struct signed_parts){ike_buffer_slice(&h->init_response),
				     ike_slice(h->ni, h->ni_len), h->auth_keys.sk_pr};
}

/* By a shared key */

static int compute_psk(const struct ike_sa *sa, bool of_initiator, struct ike_slice psk,
		       struct ike_slice id_body, uint8_t out[IKE_PRF_MAX])
{
	const struct signed_parts parts = parts_of(sa, of_initiator);

	return ike_keys_auth_psk(sa->suite.prf, psk, parts.first_message, parts.nonce, parts.sk_p,
				 id_body, out);
}

static int compute_own(const struct ike_sa *sa, const struct ike_id *id, struct ike_slice key,
		       uint8_t out[IKE_PRF_MAX])
{
	uint8_t id_body[4 + IKE_ID_MAX];
	struct ike_writer w = ike_writer(id_body, sizeof(id_body));

	write_id_body(&w, id);
	return compute_psk(sa, sa->initiator, key, ike_written(&w), out);
}

/* The data of our AUTH, as this identity. */
int ike_proof_key_data(const struct ike_sa *sa, const struct ike_id *id, struct ike_slice key,
		       struct ike_buffer *out)
{
	uint8_t auth[IKE_PRF_MAX];
	int err = compute_own(sa, id, key, auth);

	return err ? err : ike_buffer_set(out, ike_slice(auth, ike_prf_len(sa->suite.prf)));
}

static int write_by(struct ike_builder *b, const struct ike_sa *sa, const struct ike_id *id,
		    struct ike_slice key, uint8_t method)
{
	uint8_t auth[IKE_PRF_MAX];
	int err = compute_own(sa, id, key, auth);

	if (!err)
		ike_write_auth(b, method, ike_slice(auth, ike_prf_len(sa->suite.prf)));
	OPENSSL_cleanse(auth, sizeof(auth));
	return err;
}

/* Our AUTH, as this identity. */
int ike_proof_write_key(struct ike_builder *b, const struct ike_sa *sa, const struct ike_id *id,
			struct ike_slice key)
{
	return write_by(b, sa, id, key, IKE_AUTH_PSK);
}

static bool holds(const struct ike_sa *sa, struct ike_slice key, struct ike_slice id_body,
		  struct ike_slice auth_body, uint8_t method)
{
	uint8_t expected[IKE_PRF_MAX];
	struct ike_auth auth;
	bool ok;

	ok = ike_parse_auth(auth_body, &auth) == 0 && auth.method == method &&
	     auth.data.len == ike_prf_len(sa->suite.prf) &&
	     compute_psk(sa, !sa->initiator, key, id_body, expected) == 0 &&
	     CRYPTO_memcmp(expected, auth.data.data, auth.data.len) == 0;
	OPENSSL_cleanse(expected, sizeof(expected));
	return ok;
}

/* Is the peer's AUTH made with it? */
bool ike_proof_holds_key(const struct ike_sa *sa, struct ike_slice key, struct ike_slice id_body,
			 struct ike_slice auth_body)
{
	return holds(sa, key, id_body, auth_body, IKE_AUTH_PSK);
}

/*
 * Check the peer's AUTH. Without a key, one that nobody has is used instead, so that an unknown
 * identity takes the same steps as a wrong key.
 */
bool ike_proof_holds_psk(const struct ike_engine *e, const struct ike_sa *sa,
			 const struct ike_psk *psk, struct ike_slice id_body,
			 struct ike_slice auth_body)
{
	const struct ike_slice key = psk ? ike_slice(psk->key, psk->len)
					 : ike_slice(e->nobodys_key, sizeof(e->nobodys_key));

	return ike_proof_holds_key(sa, key, id_body, auth_body) && psk;
}

/* By nothing (RFC 7619, section 2.1): what anybody in this IKE SA can reckon. */

static struct ike_slice nobodys_key(const struct ike_sa *sa, bool of_initiator)
{
	return ike_slice(parts_of(sa, of_initiator).sk_p, ike_prf_len(sa->suite.prf));
}

/* Is the peer, who says that it is nobody, at least the other end? */
bool ike_proof_holds_null(const struct ike_sa *sa, struct ike_slice id_body,
			  struct ike_slice auth_body)
{
	return holds(sa, nobodys_key(sa, !sa->initiator), id_body, auth_body, IKE_AUTH_NULL);
}

/* By a signature */

static int set_octets(const struct ike_sa *sa, bool of_initiator, struct ike_slice id_body,
		      struct ike_buffer *octets)
{
	const struct signed_parts parts = parts_of(sa, of_initiator);

	return ike_keys_signed_octets(sa->suite.prf, parts.first_message, parts.nonce, parts.sk_p,
				      id_body, octets);
}

/* Takes the job. */
static enum ike_step send_job(struct ike_engine *e, struct ike_task *task, uint64_t now,
			      struct ike_job *job, ike_resume_fn *resume)
{
	if (!ike_job_send(e, task->sa, &task->waiter, now, job))
		return ike_task_wait(task, resume);
	ike_sa_down(e, task->sa, "out of memory");
	return IKE_DONE;
}

static enum ike_step no_memory(struct ike_engine *e, struct ike_task *task, struct ike_job *job)
{
	ike_job_free(job);
	ike_sa_down(e, task->sa, "out of memory");
	return IKE_DONE;
}

/* Have our AUTH made, as this identity. */
enum ike_step ike_proof_sign(struct ike_engine *e, struct ike_task *task, uint64_t now,
			     const struct ike_id *id, ike_resume_fn *resume)
{
	const struct ike_sa *sa = task->sa;
	const struct ike_handshake *h = sa->handshake;
	struct ike_job *job = ike_job_new(e, IKE_JOB_SIGN);
	uint8_t id_body[4 + IKE_ID_MAX];
	struct ike_writer w = ike_writer(id_body, sizeof(id_body));

	write_id_body(&w, id);
	if (!job || set_octets(sa, sa->initiator, ike_written(&w), &job->sign.octets) ||
	    ike_buffer_set(&job->sign.authorities, ike_buffer_slice(&h->authorities)))
		return no_memory(e, task, job);
	snprintf(job->sign.connection, sizeof(job->sign.connection), "%s", sa->conn->name);
	job->sign.hashes = h->hashes;
	job->sign.send = sa->conn->auth.send_cert;
	job->sign.certs_asked = h->certs_asked;
	job->sign.raw_asked = h->raw_asked;
	job->sign.ocsp_asked = h->ocsp_asked && sa->conn->auth.tells_ocsp;
	return send_job(e, task, now, job, resume);
}

/* Those that are encoded so, and one more than there may be; whoever verifies counts them. */
static int collect_certs(const struct ike_payloads *p, uint8_t encoding, struct ike_buffer *out)
{
	struct ike_writer w = ike_writer(malloc(p->chain.len), p->chain.len);
	struct ike_payload payload;
	struct ike_cert cert;
	unsigned count = 0;

	if (!w.data)
		return -ENOMEM;
	for (struct ike_walk walk = ike_payloads_walk(p);
	     count <= IKE_CERTS_MAX && ike_payloads_next(&walk, &payload);) {
		if (payload.type != IKE_PAYLOAD_CERT || ike_parse_cert(payload.body, &cert) ||
		    cert.encoding != encoding)
			continue;
		ike_put_u16(&w, (uint16_t)cert.data.len);
		ike_put_slice(&w, cert.data);
		count++;
	}
	*out = (struct ike_buffer){.data = w.data, .len = w.len};
	return 0;
}

/* RFC 7670, section 3: the first, if there is one. */
static int find_raw_key(const struct ike_payloads *p, struct ike_buffer *out)
{
	struct ike_payload payload;
	struct ike_cert cert;

	for (struct ike_walk walk = ike_payloads_walk(p); ike_payloads_next(&walk, &payload);) {
		if (payload.type == IKE_PAYLOAD_CERT && !ike_parse_cert(payload.body, &cert) &&
		    cert.encoding == IKE_CERT_RAW_PUBLIC_KEY)
			return ike_buffer_set(out, cert.data);
	}
	return 0;
}

/*
 * Have the peer's AUTH judged: is it this identity that signed, and may it be the peer of this
 * connection? NULL is nobody's, which takes the same way.
 */
enum ike_step ike_proof_verify(struct ike_engine *e, struct ike_task *task, const struct ike_in *in,
			       const struct ike_connection *conn, const struct ike_id *id,
			       struct ike_slice id_body, struct ike_slice auth_body,
			       ike_resume_fn *resume)
{
	const struct ike_sa *sa = task->sa;
	struct ike_job *job = ike_job_new(e, IKE_JOB_VERIFY);
	struct ike_auth auth = {0};

	ike_parse_auth(auth_body, &auth); /* what is malformed is of no method */
	if (!job || set_octets(sa, !sa->initiator, id_body, &job->verify.octets) ||
	    ike_buffer_set(&job->verify.data, auth.data) ||
	    collect_certs(&in->payloads, IKE_CERT_X509_SIGNATURE, &job->verify.certs) ||
	    collect_certs(&in->payloads, IKE_CERT_OCSP, &job->verify.ocsp) ||
	    find_raw_key(&in->payloads, &job->verify.raw_key))
		return no_memory(e, task, job);
	if (conn)
		snprintf(job->verify.connection, sizeof(job->verify.connection), "%s", conn->name);
	job->verify.id = *id;
	job->verify.hashes = sa->handshake->hashes;
	job->verify.method = auth.method;
	return send_job(e, task, in->now, job, resume);
}

/* Keep what a job has made. */
void ike_proof_take(struct ike_proof *proof, struct ike_job *job)
{
	proof->method = job->sign.method;
	proof->data = job->sign.data;
	proof->certs = job->sign.certs;
	proof->raw_key = job->sign.raw_key;
	proof->ocsp = job->sign.ocsp;
	job->sign.data = job->sign.certs = job->sign.raw_key = job->sign.ocsp =
		(struct ike_buffer){0};
}

void ike_proof_free(struct ike_proof *proof)
{
	ike_buffer_free(&proof->data);
	ike_buffer_free(&proof->certs);
	ike_buffer_free(&proof->raw_key);
	ike_buffer_free(&proof->ocsp);
	proof->method = 0;
}

/* Our own first (section 3.6). */
void ike_proof_write_certs(struct ike_builder *b, const struct ike_proof *proof)
{
	struct ike_cursor c = ike_cursor(ike_buffer_slice(&proof->certs));

	while (ike_cursor_left(&c)) {
		size_t len = ike_get_u16(&c);

		ike_write_cert(b, IKE_PAYLOAD_CERT, IKE_CERT_X509_SIGNATURE,
			       ike_get_slice(&c, len));
	}
	if (proof->ocsp.len)
		ike_write_cert(b, IKE_PAYLOAD_CERT, IKE_CERT_OCSP, ike_buffer_slice(&proof->ocsp));
	if (proof->raw_key.len)
		ike_write_cert(b, IKE_PAYLOAD_CERT, IKE_CERT_RAW_PUBLIC_KEY,
			       ike_buffer_slice(&proof->raw_key));
}

/*
 * Our AUTH, as this identity, in the way that the connection says: by the signature, which must
 * have been made, by the key for this peer, which must be there, or by nothing.
 */
int ike_proof_write(struct ike_builder *b, const struct ike_engine *e, const struct ike_sa *sa,
		    const struct ike_proof *proof, const struct ike_id *id,
		    const struct ike_id *peer)
{
	const bool sign = sa->conn->auth.local == IKE_BY_SIGNATURE;
	const struct ike_psk *psk = sign ? NULL : ike_psk_find(e, id, peer);

	if (sa->conn->auth.local == IKE_BY_NULL)
		return write_by(b, sa, id, nobodys_key(sa, sa->initiator), IKE_AUTH_NULL);
	if (!sign)
		return psk ? ike_proof_write_key(b, sa, id, ike_slice(psk->key, psk->len))
			   : -ENOENT;
	if (!proof->method)
		return -ENOENT;
	ike_write_auth(b, proof->method, ike_buffer_slice(&proof->data));
	return 0;
}

/* What each side has for the other's signature */

/* RFC 7427, section 4 */
void ike_proof_write_hashes(struct ike_builder *b)
{
	static const uint8_t hashes[] = {0, IKE_HASH_SHA2_256, 0, IKE_HASH_SHA2_384,
					 0, IKE_HASH_SHA2_512, 0, IKE_HASH_IDENTITY};

	ike_write_notify(b, IKE_PROTO_NONE, nothing, IKE_N_SIGNATURE_HASH_ALGORITHMS,
			 ike_slice(hashes, sizeof(hashes)));
}

void ike_proof_learn_hashes(struct ike_sa *sa, const struct ike_payloads *p)
{
	struct ike_cursor c;
	struct ike_notify n;

	sa->handshake->hashes = 0;
	if (!ike_find_notify(p, IKE_N_SIGNATURE_HASH_ALGORITHMS, &n))
		return;
	c = ike_cursor(n.data);
	while (ike_cursor_left(&c)) {
		uint16_t hash = ike_get_u16(&c);

		if (hash < 16)
			sa->handshake->hashes |= (uint16_t)(1u << hash);
	}
}

/* What will do of the peer's: certificates below these authorities, a public key alone; and whether
 * OCSP's answer is wanted with the former: of any responder, as it is judged here (RFC 4806,
 * section 4.1). */
void ike_proof_write_requests(struct ike_builder *b, const struct ike_buffer *authorities, bool raw,
			      bool ocsp)
{
	if (authorities->len)
		ike_write_cert(b, IKE_PAYLOAD_CERTREQ, IKE_CERT_X509_SIGNATURE,
			       ike_buffer_slice(authorities));
	if (authorities->len && ocsp)
		ike_write_cert(b, IKE_PAYLOAD_CERTREQ, IKE_CERT_OCSP, nothing);
	if (raw)
		ike_write_cert(b, IKE_PAYLOAD_CERTREQ, IKE_CERT_RAW_PUBLIC_KEY, nothing);
}

/* Of all requests; the authorities are those for certificates of X.509. What doesn't fit says no
 * more than that one is wanted.
 */
void ike_proof_learn_requests(struct ike_sa *sa, const struct ike_payloads *p)
{
	uint8_t all[IKE_AUTHORITIES_MAX * IKE_AUTHORITY_LEN];
	struct ike_handshake *h = sa->handshake;
	struct ike_writer w = ike_writer(all, sizeof(all));
	struct ike_payload payload;
	struct ike_cert request;

	h->certs_asked = h->raw_asked = h->ocsp_asked = false;
	for (struct ike_walk walk = ike_payloads_walk(p); ike_payloads_next(&walk, &payload);) {
		struct ike_cursor c;

		if (payload.type != IKE_PAYLOAD_CERTREQ || ike_parse_cert(payload.body, &request))
			continue;
		h->raw_asked |= request.encoding == IKE_CERT_RAW_PUBLIC_KEY;
		h->ocsp_asked |= request.encoding == IKE_CERT_OCSP;
		if (request.encoding != IKE_CERT_X509_SIGNATURE)
			continue;
		h->certs_asked = true;
		c = ike_cursor(request.data);
		while (ike_cursor_left(&c) >= IKE_AUTHORITY_LEN && w.len < sizeof(all))
			ike_put_slice(&w, ike_get_slice(&c, IKE_AUTHORITY_LEN));
	}
	if (w.len)
		ike_buffer_set(&h->authorities,
			       ike_written(&w)); /* without memory: none is known */
}

int ike_engine_set_authorities(struct ike_engine *e, struct ike_slice authorities, bool raw,
			       bool ocsp)
{
	if (ike_buffer_set(&e->authorities, authorities))
		return -ENOMEM;
	e->asks_raw = raw;
	e->asks_ocsp = ocsp;
	return 0;
}
