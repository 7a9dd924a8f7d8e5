/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IKE_AUTH with pre-shared keys or signatures (RFC 7296, sections 1.2 and 2.15; EAP's is in eap.c):
 *
 *   HDR, SK {IDi, [CERT ...,] [CERTREQ,] [IDr,] AUTH,
 *            [CP(CFG_REQUEST),] [SAi2, TSi, TSr,] [N(INITIAL_CONTACT)]}  -->
 *                      <--  HDR, SK {IDr, [CERT ...,] AUTH, [CP(CFG_REPLY),] [SAr2, TSi, TSr]}
 *                      <--  HDR, SK {IDr, [CERT ...,] AUTH, N(no Child SA because ...)}
 *                                  <--  HDR, SK {IDr, AUTH, N(REDIRECT)}      (RFC 5685)
 *                                  <--  HDR, SK {N(AUTHENTICATION_FAILED)}
 *
 * The responder's data path has the Child SA before the response leaves.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/ike/sa.h"

static const char no_ppk[] = "peer doesn't have the post-quantum pre-shared key (ppk_required)";

int ike_auth_parse_peer_id(const struct ike_payloads *p, uint8_t type, struct ike_slice *body,
			   struct ike_id *id)
{
	struct ike_id_payload payload;

	if (ike_payloads_one(p, type, body) || ike_parse_id(*body, &payload) ||
	    ike_id_set(id, payload.type, payload.data))
		return IKE_N_INVALID_SYNTAX;
	return 0;
}

void ike_auth_forget(struct ike_engine *e, struct ike_task *task)
{
	struct ike_auth_task *auth = IKE_OWNER(task, struct ike_auth_task, task);

	(void)e;
	free(auth->asked);
	free(auth->given);
	ike_buffer_free(&auth->message);
	ike_proof_free(&auth->proof);
	ike_buffer_free(&auth->without_ppk);
	ike_eap_free(auth->eap);
}

/* Something is waited for before the peer's message is read on. 0 or -ENOMEM. */
int ike_auth_keep_message(struct ike_auth_task *auth, const struct ike_in *in)
{
	auth->first = in->payloads.first;
	auth->way = (struct ike_pair){.local = in->local, .remote = in->remote};
	return ike_buffer_set(&auth->message, in->payloads.chain);
}

/* The message again, which has been read before. */
int ike_auth_reread_message(const struct ike_auth_task *auth, uint64_t now, struct ike_in *in)
{
	*in = (struct ike_in){.now = now, .local = auth->way.local, .remote = auth->way.remote};
	return ike_payloads_parse(ike_buffer_slice(&auth->message), auth->first, &in->payloads);
}

/* Initiator: build. */

/* True when nothing here knows of another IKE SA with this peer, be it on its way. */
static bool first_contact(const struct ike_engine *e, const struct ike_sa *sa,
			  const struct ike_id *local_id)
{
	if (local_id->type == IKE_ID_NULL || sa->conn->unique == IKE_UNIQUE_NEVER ||
	    sa->conn->references > 2)
		return false; /* the engine and this IKE SA hold the connection, and so does another
			       */
	if (ike_connection_is_shared(e, sa->conn))
		return false;
	if (ike_half_open_from(e, &sa->path.remote))
		return false;
	if (!ike_id_is_one(&sa->conn->remote_id))
		return e->sa_count == 1;
	return !ike_peer_find(e, local_id, &sa->conn->remote_id, NULL);
}

/*
 * Whose key to use before the responder has said who it is: where it is one of many, the key that
 * says the same of whose it is, or else the one of its address.
 */
static struct ike_id expected_peer(const struct ike_engine *e, const struct ike_sa *sa,
				   const struct ike_id *local_id)
{
	const struct ike_id *configured = &sa->conn->remote_id;

	return ike_id_is_one(configured) ||
			       (configured->pattern && ike_psk_find(e, local_id, configured))
		       ? *configured
		       : ike_id_from_addr(&sa->path.remote);
}

/* All is there for the request. */
static enum ike_step send_request(struct ike_engine *e, struct ike_sa *sa,
				  struct ike_auth_task *auth, uint64_t now)
{
	const struct ike_authentication *how = &sa->conn->auth;
	struct ike_id local_id = ike_id_kept(sa->local_id);
	struct ike_id expected = expected_peer(e, sa, &local_id);
	const char *nothing_to_offer;
	struct ike_builder b;

	ike_build_chain(&b, e->inner, sizeof(e->inner));
	ike_write_id(&b, IKE_PAYLOAD_IDI, local_id.type, ike_id_slice(&local_id));
	ike_proof_write_certs(&b, &auth->proof);
	if (how->remote == IKE_BY_SIGNATURE)
		ike_proof_write_requests(&b, &how->authorities, how->asks_raw, how->asks_ocsp);
	if (ike_id_is_one(&sa->conn->remote_id) && how->remote != IKE_BY_NULL)
		ike_write_id(&b, IKE_PAYLOAD_IDR, expected.type, ike_id_slice(&expected));
	if (ike_is_eap_alone(how))
		ike_write_bare_notify(&b, IKE_N_EAP_ONLY_AUTHENTICATION);
	if (how->local_follows) {
		ike_write_bare_notify(&b, IKE_N_MULTIPLE_AUTH_SUPPORTED);
		ike_write_bare_notify(&b, IKE_N_ANOTHER_AUTH_FOLLOWS);
	}
	if (how->local != IKE_BY_EAP) {
		if (ike_proof_write(&b, e, sa, &auth->proof, &local_id, &expected)) {
			ike_sa_down(e, sa, "what proves who we are is gone");
			return IKE_DONE;
		}
		ike_ppk_write(&b, sa, ike_buffer_slice(&auth->without_ppk));
		ike_qcd_write(e, &b, sa);
	}
	ike_sync_offer(&b, sa);
	if (ike_lease_wanted(sa))
		ike_lease_ask(e, sa, &b);
	if (!sa->childless) {
		auth->child_id = sa->children->id;
		nothing_to_offer = ike_child_offer(e, &b, sa->children, false);
		if (nothing_to_offer) {
			ike_sa_down(e, sa, nothing_to_offer);
			return IKE_DONE;
		}
		ike_child_offer_ts(&b, sa->children);
	}
	if (first_contact(e, sa, &local_id))
		ike_write_bare_notify(&b, IKE_N_INITIAL_CONTACT);
	if (sa->conn->mobike)
		ike_mobike_offer(&b, e, sa);
	sa->state = IKE_STATE_AUTHENTICATING;
	return ike_request(e, sa, now, &b);
}

/* Why there is no signature, for an operator. */
const char *ike_auth_why_not_signed(const struct ike_job *job, char reason[IKE_REASON_MAX])
{
	const char *why = job->error == -ETIMEDOUT ? "not in time" : job->reason;

	snprintf(reason, IKE_REASON_MAX, "could not sign: %.150s", *why ? why : "it failed");
	return reason;
}

/* The PPK is put in force, once our AUTH by this key is made without it, too. 0 or -errno. */
int ike_auth_apply_ppk(struct ike_sa *sa, struct ike_auth_task *auth, struct ike_slice key)
{
	const struct ike_id local_id = ike_id_kept(sa->local_id);
	int err = 0;

	if (!ike_ppk_is_prepared(sa))
		return 0;
	if (!sa->conn->ppk_required)
		err = ike_proof_key_data(sa, &local_id, key, &auth->without_ppk);
	if (!err)
		ike_ppk_put_in_force(sa);
	return err;
}

static enum ike_step have_signature(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				    uint64_t now, struct ike_job *job)
{
	struct ike_auth_task *auth = IKE_OWNER(task, struct ike_auth_task, task);
	char reason[IKE_REASON_MAX];

	if (job->error) {
		ike_sa_down(e, sa, ike_auth_why_not_signed(job, reason));
		return IKE_DONE;
	}
	ike_proof_take(&auth->proof, job);
	return send_request(e, sa, auth, now);
}

/* The same with the PPK follows. */
static enum ike_step have_signature_without(struct ike_engine *e, struct ike_sa *sa,
					    struct ike_task *task, uint64_t now,
					    struct ike_job *job)
{
	struct ike_auth_task *auth = IKE_OWNER(task, struct ike_auth_task, task);
	const struct ike_id local_id = ike_id_kept(sa->local_id);
	char reason[IKE_REASON_MAX];

	if (job->error) {
		ike_sa_down(e, sa, ike_auth_why_not_signed(job, reason));
		return IKE_DONE;
	}
	auth->without_ppk = job->sign.data;
	job->sign.data = (struct ike_buffer){0};
	ike_ppk_put_in_force(sa);
	return ike_proof_sign(e, task, now, &local_id, have_signature);
}

static enum ike_step sign(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			  uint64_t now, const struct ike_id *local_id)
{
	bool without = ike_ppk_is_prepared(sa) && !sa->conn->ppk_required;

	if (ike_ppk_is_prepared(sa) && !without)
		ike_ppk_put_in_force(sa);
	return ike_proof_sign(e, task, now, local_id,
			      without ? have_signature_without : have_signature);
}

/* By a shared key, or, with EAP, not yet. */
static enum ike_step prove_by_key(struct ike_engine *e, struct ike_sa *sa,
				  struct ike_auth_task *auth, uint64_t now,
				  const struct ike_id *local_id)
{
	const struct ike_id expected = expected_peer(e, sa, local_id);
	const struct ike_psk *psk = ike_psk_find(e, local_id, &expected);

	if (sa->conn->auth.local == IKE_BY_PSK && psk &&
	    ike_auth_apply_ppk(sa, auth, ike_slice(psk->key, psk->len))) {
		ike_sa_down(e, sa, "out of memory");
		return IKE_DONE;
	}
	return send_request(e, sa, auth, now);
}

/* Is there a key, if a way needs one? Else *reason. */
static bool has_psk(const struct ike_engine *e, const struct ike_sa *sa,
		    const struct ike_id *local_id, char reason[IKE_REASON_MAX])
{
	const struct ike_id expected = expected_peer(e, sa, local_id);
	char local[IKE_ID_TEXT], remote[IKE_ID_TEXT];

	if ((sa->conn->auth.local != IKE_BY_PSK && sa->conn->auth.remote != IKE_BY_PSK) ||
	    ike_psk_find(e, local_id, &expected))
		return true;
	ike_id_text(local_id, local, sizeof(local));
	ike_id_text(&expected, remote, sizeof(remote));
	snprintf(reason, IKE_REASON_MAX, "no pre-shared key for %.64s and %.64s", local, remote);
	return false;
}

enum ike_step ike_auth_start(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			     uint64_t now)
{
	struct ike_auth_task *auth = IKE_OWNER(task, struct ike_auth_task, task);
	struct ike_id local_id = ike_connection_local_id(sa->conn, &sa->path.local);
	char reason[IKE_REASON_MAX];
	const char *lacks;

	if (ike_id_keep(&sa->local_id, &local_id)) {
		ike_sa_down(e, sa, "out of memory");
		return IKE_DONE;
	}
	lacks = ike_ppk_prepare(e, sa);
	if (lacks) {
		ike_sa_down(e, sa, lacks);
		return IKE_DONE;
	}
	if (!has_psk(e, sa, &local_id, reason)) {
		ike_sa_down(e, sa, reason);
		return IKE_DONE;
	}
	if (sa->conn->auth.local_follows && !sa->handshake->rounds) {
		ike_sa_down(e, sa, "peer takes one round of authentication alone (RFC 4739)");
		return IKE_DONE;
	}
	sa->childless = sa->handshake->childless && (sa->conn->childless == IKE_CHILDLESS_PREFER ||
						     sa->conn->childless == IKE_CHILDLESS_FORCE);
	if (sa->conn->childless == IKE_CHILDLESS_FORCE && !sa->childless) {
		ike_sa_down(e, sa, "peer has no IKE SAs without a Child SA (childless = force)");
		return IKE_DONE;
	}
	return sa->conn->auth.local == IKE_BY_SIGNATURE ? sign(e, sa, task, now, &local_id)
							: prove_by_key(e, sa, auth, now, &local_id);
}

/* Initiator: process. */

/*
 * The responder isn't who it should be. It believes that the IKE SA is up, so it is told by an
 * INFORMATIONAL exchange (section 2.21.2).
 */
static enum ike_step reject_responder(struct ike_engine *e, struct ike_sa *sa, uint64_t now,
				      const char *reason)
{
	struct ike_task *task;

	e->stats.auth_failed++;
	sa->state = IKE_STATE_REFUSED;
	ike_tasks_drop(e, sa, reason);
	task = ike_task_queue(e, sa, IKE_EXCHANGE_REFUSE);
	if (!task) {
		ike_sa_down(e, sa, reason);
		return IKE_DONE;
	}
	ike_delete_because(task, reason);
	ike_timer_set(e, &sa->timers[IKE_TIMER_EXPIRE], now + e->config.delete_timeout_ms);
	return IKE_DONE;
}

/* Only now may it be spoken of: a further request says that the peer may send on it. */
static enum ike_step child_is_there(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				    uint64_t now, struct ike_job *job)
{
	struct ike_child *child =
		ike_child_find_id(e, IKE_OWNER(task, struct ike_auth_task, task)->child_id);

	(void)sa;
	(void)now;
	if (job->error && child)
		ike_delete_child(e, child, job->reason);
	return IKE_DONE;
}

static enum ike_step complete_child(struct ike_engine *e, struct ike_sa *sa,
				    struct ike_auth_task *auth, struct ike_child *child,
				    const struct ike_in *in)
{
	const struct ike_handshake *h = sa->handshake;
	char reason[IKE_REASON_MAX];
	uint16_t error = ike_first_error(&in->payloads);

	if (error == IKE_N_SINGLE_PAIR_REQUIRED && ike_pairs_split(e, sa, child, in->now))
		return IKE_DONE;
	if (error) {
		snprintf(reason, sizeof(reason), "%s from peer%s", ike_notify_name(error),
			 ike_explain(error));
		ike_log(e, IKE_LOG_WARNING, sa, "child %s: %s", child->config->name, reason);
		ike_child_remove(e, child, in->now, reason);
		return IKE_DONE;
	}
	if (ike_sa_has_lost(e, sa)) {
		ike_sa_lost(e, sa, in->now);
		return IKE_DONE;
	}
	error = ike_child_complete(e, child, in, false);
	if (!error &&
	    ike_child_derive(child, NULL, ike_slice(h->ni, h->ni_len), ike_slice(h->nr, h->nr_len),
			     true) == 0 &&
	    ike_child_bring(e, child, in->now, IKE_LEVEL_USE, &auth->task) == 0)
		return ike_task_wait(&auth->task, child_is_there);
	/* The peer thinks it is up: take it back. */
	snprintf(reason, sizeof(reason), "peer's answer for the Child SA is unacceptable (%s)",
		 error ? ike_notify_name(error) : "key derivation failed");
	ike_delete_child(e, child, reason);
	return IKE_DONE;
}

/* Without an address there is nothing to be had of it. */
static enum ike_step no_lease(struct ike_engine *e, struct ike_sa *sa, struct ike_child *child,
			      uint64_t now, const char *reason)
{
	ike_log(e, IKE_LOG_WARNING, sa, "%s", reason);
	if (child)
		ike_child_remove(e, child, now, reason);
	ike_sa_delete(e, sa, now, reason);
	return IKE_DONE;
}

/* It is who it should be. */
enum ike_step ike_auth_accept_responder(struct ike_engine *e, struct ike_sa *sa,
					struct ike_auth_task *auth, struct ike_in *in,
					const struct ike_id *id)
{
	enum ike_step step = IKE_DONE;
	char reason[IKE_REASON_MAX];
	struct ike_child *child;
	struct ike_notify n;

	if (ike_id_keep(&sa->remote_id, id))
		return reject_responder(e, sa, in->now, "out of memory");
	if (ike_find_notify(&in->payloads, IKE_N_REDIRECT, &n))
		return ike_redirect_auth(e, sa, in->now, &n);
	ike_qcd_learn(sa, &in->payloads);
	ike_sync_agree(sa, &in->payloads);
	if (sa->conn->mobike)
		ike_mobike_agree(e, sa, in);
	ike_sa_established(e, sa, in->now, false);
	child = sa->childless ? sa->children : ike_child_find_id(e, auth->child_id);
	if (ike_lease_wanted(sa) && !ike_lease_take(e, sa, &in->payloads, reason))
		step = no_lease(e, sa, child, in->now, reason);
	else if (child && !sa->childless)
		step = complete_child(e, sa, auth, child, in);
	else if (child && !ike_child_ask_again(e, child))
		ike_child_remove(e, child, in->now, "out of memory");
	sa->childless = false; /* what we have begun is for Child SAs */
	ike_handshake_free(sa);
	return step;
}

/* It is who it should be, and now it may be our turn. */
static enum ike_step believe_responder(struct ike_engine *e, struct ike_sa *sa,
				       struct ike_auth_task *auth, struct ike_in *in,
				       const struct ike_id *id)
{
	const struct ike_authentication *how = &sa->conn->auth;
	struct ike_notify n;

	if (ike_find_notify(&in->payloads, IKE_N_REDIRECT, &n))
		return ike_auth_accept_responder(e, sa, auth, in, id);
	if (ike_find_notify(&in->payloads, IKE_N_ANOTHER_AUTH_FOLLOWS, &n))
		return ike_auth_not_authentic(e, sa, in->now, id,
					      "it would prove itself once more");
	if (how->local_follows)
		return ike_eap_follow(e, sa, auth, in, id);
	return how->local == IKE_BY_EAP ? ike_eap_start(e, sa, auth, in, id)
					: ike_auth_accept_responder(e, sa, auth, in, id);
}

enum ike_step ike_auth_not_authentic(struct ike_engine *e, struct ike_sa *sa, uint64_t now,
				     const struct ike_id *id, const char *why)
{
	char text[IKE_ID_TEXT], reason[IKE_REASON_MAX];

	ike_id_text(id, text, sizeof(text));
	snprintf(reason, sizeof(reason), "peer \"%.64s\" failed to authenticate: %.90s", text, why);
	return reject_responder(e, sa, now, reason);
}

/* Why a signature isn't believed, for an operator. */
const char *ike_auth_why_not_believed(const struct ike_job *job)
{
	if (job->error == -ETIMEDOUT)
		return "its signature wasn't verified in time";
	return *job->reason ? job->reason : "its signature could not be verified";
}

static enum ike_step responder_verified(struct ike_engine *e, struct ike_sa *sa,
					struct ike_task *task, uint64_t now, struct ike_job *job)
{
	struct ike_auth_task *auth = IKE_OWNER(task, struct ike_auth_task, task);
	struct ike_slice id_body;
	struct ike_in in;
	struct ike_id id;

	if (ike_auth_reread_message(auth, now, &in) ||
	    ike_auth_parse_peer_id(&in.payloads, IKE_PAYLOAD_IDR, &id_body, &id))
		return reject_responder(e, sa, now, "peer's IKE_AUTH response is malformed");
	if (job->error)
		return ike_auth_not_authentic(e, sa, now, &id, ike_auth_why_not_believed(job));
	return believe_responder(e, sa, auth, &in, &id);
}

/*
 * Where any identity will do, it must be one of those that our own AUTH was meant for: not
 * everybody who has some key here is the host that was called.
 */
static const struct ike_psk *psk_of_responder(const struct ike_engine *e, const struct ike_sa *sa,
					      const struct ike_id *id)
{
	const struct ike_id local_id = ike_id_kept(sa->local_id);
	const struct ike_id expected = expected_peer(e, sa, &local_id);
	const struct ike_psk *psk = ike_psk_find(e, &local_id, id);

	return ike_psk_same(psk, ike_psk_find(e, &local_id, &expected)) ? psk : NULL;
}

/* There is no AUTH: an error says why. */
enum ike_step ike_auth_refused(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in)
{
	uint16_t error = ike_first_error(&in->payloads);
	char reason[IKE_REASON_MAX];

	if (error == IKE_N_AUTHENTICATION_FAILED)
		e->stats.auth_failed++;
	snprintf(reason, sizeof(reason), "%s%s%s",
		 error ? ike_notify_name(error) : "peer sent no AUTH", error ? " from peer" : "",
		 error == IKE_N_AUTHENTICATION_FAILED ? ike_explain(error) : "");
	ike_sa_down(e, sa, reason);
	return IKE_DONE;
}

enum ike_step ike_auth_response(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				struct ike_in *in)
{
	struct ike_auth_task *auth = IKE_OWNER(task, struct ike_auth_task, task);
	const bool alone = ike_is_eap_alone(&sa->conn->auth);
	char text[IKE_ID_TEXT], reason[IKE_REASON_MAX];
	struct ike_slice id_body, auth_body;
	struct ike_id id;

	if (auth->eap)
		return ike_eap_response(e, sa, auth, in);
	sa->handshake->puzzle_difficulty = 0; /* it goes with the first message alone */
	if (!ike_payloads_count(&in->payloads, IKE_PAYLOAD_AUTH) &&
	    !(alone && ike_payloads_count(&in->payloads, IKE_PAYLOAD_EAP)))
		return ike_auth_refused(e, sa, in);
	if (ike_auth_parse_peer_id(&in->payloads, IKE_PAYLOAD_IDR, &id_body, &id) ||
	    (!alone && ike_payloads_one(&in->payloads, IKE_PAYLOAD_AUTH, &auth_body)))
		return reject_responder(e, sa, in->now, "peer's IKE_AUTH response is malformed");
	ike_id_text(&id, text, sizeof(text));
	if (!ike_id_matches(&sa->conn->remote_id, &id)) {
		snprintf(reason, sizeof(reason), "peer is \"%.64s\", which isn't who it should be",
			 text);
		return reject_responder(e, sa, in->now, reason);
	}
	if (alone && ike_payloads_count(&in->payloads, IKE_PAYLOAD_AUTH))
		return ike_auth_not_authentic(e, sa, in->now, &id,
					      "it doesn't prove itself by EAP alone (RFC 5998)");
	if (alone)
		return ike_eap_start(e, sa, auth, in, &id);
	if (!ike_ppk_settle(sa, in))
		return reject_responder(e, sa, in->now, no_ppk);
	if (sa->conn->auth.remote == IKE_BY_SIGNATURE)
		return ike_auth_keep_message(auth, in)
			       ? reject_responder(e, sa, in->now, "out of memory")
			       : ike_proof_verify(e, task, in, sa->conn, &id, id_body, auth_body,
						  responder_verified);
	if (sa->conn->auth.remote == IKE_BY_NULL)
		return ike_proof_holds_null(sa, id_body, auth_body)
			       ? believe_responder(e, sa, auth, in, &id)
			       : ike_auth_not_authentic(e, sa, in->now, &id, "wrong AUTH");
	if (!ike_proof_holds_psk(e, sa, psk_of_responder(e, sa, &id), id_body, auth_body))
		return ike_auth_not_authentic(e, sa, in->now, &id, "wrong pre-shared key?");
	return believe_responder(e, sa, auth, in, &id);
}
