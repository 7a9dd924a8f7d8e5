/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IKE_AUTH with a pre-shared key (RFC 7296, sections 1.2 and 2.15):
 *
 *   HDR, SK {IDi, [IDr,] AUTH, [CP(CFG_REQUEST),] [SAi2, TSi, TSr,] [N(INITIAL_CONTACT)]}  -->
 *                                  <--  HDR, SK {IDr, AUTH, [CP(CFG_REPLY),] [SAr2, TSi, TSr]}
 *                                  <--  HDR, SK {IDr, AUTH, N(no Child SA because ...)}
 *                                  <--  HDR, SK {IDr, AUTH, N(REDIRECT)}      (RFC 5685)
 *                                  <--  HDR, SK {N(AUTHENTICATION_FAILED)}
 *
 * The responder's data path has the Child SA before the response leaves.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/ike/sa.h"

static const struct ike_slice nothing;
static const char second_sa[] = "it has an IKE SA already (unique = keep)";

static void id_body_write(struct ike_writer *w, const struct ike_id *id)
{
	ike_put_u8(w, id->type);
	ike_put_be(w, 0, 3);
	ike_put_slice(w, ike_id_slice(id));
}

/* AUTH of one side, over the ID payload's body as it is on the wire. */
static int compute_auth(const struct ike_sa *sa, bool of_initiator, struct ike_slice psk,
			struct ike_slice id_body, uint8_t out[IKE_PRF_MAX])
{
	const struct ike_buffer *first =
		of_initiator ? &sa->handshake->init_request : &sa->handshake->init_response;
	const struct ike_handshake *h = sa->handshake;
	struct ike_slice nonce =
		of_initiator ? ike_slice(h->nr, h->nr_len) : ike_slice(h->ni, h->ni_len);

	return ike_keys_auth_psk(sa->suite.prf, psk, ike_slice(first->data, first->len), nonce,
				 of_initiator ? h->auth_keys.sk_pi : h->auth_keys.sk_pr, id_body,
				 out);
}

static int write_own_auth(struct ike_builder *b, const struct ike_sa *sa, const struct ike_id *id,
			  const struct ike_psk *psk)
{
	uint8_t id_body[4 + IKE_ID_MAX], auth[IKE_PRF_MAX];
	struct ike_writer w = ike_writer(id_body, sizeof(id_body));
	int err;

	id_body_write(&w, id);
	err = compute_auth(sa, sa->initiator, ike_slice(psk->key, psk->len), ike_written(&w), auth);
	if (!err)
		ike_write_auth(b, IKE_AUTH_PSK, ike_slice(auth, ike_prf_len(sa->suite.prf)));
	OPENSSL_cleanse(auth, sizeof(auth));
	return err;
}

/*
 * Check the peer's AUTH. Without a key, one that nobody has is used instead, so that an unknown
 * identity takes the same steps as a wrong key.
 */
static bool peer_authentic(const struct ike_engine *e, const struct ike_sa *sa,
			   const struct ike_psk *psk, struct ike_slice id_body,
			   struct ike_slice auth_body)
{
	uint8_t expected[IKE_PRF_MAX];
	struct ike_slice key;
	struct ike_auth auth;
	bool ok;

	key = psk ? ike_slice(psk->key, psk->len)
		  : ike_slice(e->nobodys_key, sizeof(e->nobodys_key));
	ok = ike_parse_auth(auth_body, &auth) == 0 && auth.method == IKE_AUTH_PSK &&
	     auth.data.len == ike_prf_len(sa->suite.prf) &&
	     compute_auth(sa, !sa->initiator, key, id_body, expected) == 0 &&
	     CRYPTO_memcmp(expected, auth.data.data, auth.data.len) == 0;
	OPENSSL_cleanse(expected, sizeof(expected));
	return ok && psk;
}

static int parse_peer_id(const struct ike_payloads *p, uint8_t type, struct ike_slice *body,
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
	ike_buffer_free(&auth->request);
}

/* Initiator: build. */

/* True when nothing here knows of another IKE SA with this peer, be it on its way. */
static bool first_contact(const struct ike_engine *e, const struct ike_sa *sa,
			  const struct ike_id *local_id)
{
	if (sa->conn->unique == IKE_UNIQUE_NEVER || sa->conn->references > 2)
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

enum ike_step ike_auth_start(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			     uint64_t now)
{
	char local[IKE_ID_TEXT], remote[IKE_ID_TEXT], reason[IKE_REASON_MAX];
	struct ike_auth_task *auth = IKE_OWNER(task, struct ike_auth_task, task);
	struct ike_id local_id = ike_connection_local_id(sa->conn, &sa->path.local);
	struct ike_id expected = expected_peer(e, sa, &local_id);
	const struct ike_psk *psk = ike_psk_find(e, &local_id, &expected);
	const char *nothing_to_offer;
	struct ike_builder b;

	if (ike_id_keep(&sa->local_id, &local_id)) {
		ike_sa_down(e, sa, "out of memory");
		return IKE_DONE;
	}
	if (!psk) {
		ike_id_text(&local_id, local, sizeof(local));
		ike_id_text(&expected, remote, sizeof(remote));
		snprintf(reason, sizeof(reason), "no pre-shared key for %.64s and %.64s", local,
			 remote);
		ike_sa_down(e, sa, reason);
		return IKE_DONE;
	}
	sa->childless = sa->handshake->childless && (sa->conn->childless == IKE_CHILDLESS_PREFER ||
						     sa->conn->childless == IKE_CHILDLESS_FORCE);
	if (sa->conn->childless == IKE_CHILDLESS_FORCE && !sa->childless) {
		ike_sa_down(e, sa, "peer has no IKE SAs without a Child SA (childless = force)");
		return IKE_DONE;
	}
	ike_build_chain(&b, e->inner, sizeof(e->inner));
	ike_write_id(&b, IKE_PAYLOAD_IDI, local_id.type, ike_id_slice(&local_id));
	if (ike_id_is_one(&sa->conn->remote_id))
		ike_write_id(&b, IKE_PAYLOAD_IDR, expected.type, ike_id_slice(&expected));
	if (write_own_auth(&b, sa, &local_id, psk)) {
		ike_sa_down(e, sa, "could not build IKE_AUTH");
		return IKE_DONE;
	}
	ike_qcd_write(e, &b, sa);
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

enum ike_step ike_auth_response(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				struct ike_in *in)
{
	struct ike_auth_task *auth = IKE_OWNER(task, struct ike_auth_task, task);
	char text[IKE_ID_TEXT], reason[IKE_REASON_MAX];
	struct ike_slice id_body, auth_body;
	struct ike_id id, local_id = ike_id_kept(sa->local_id);
	struct ike_id expected = expected_peer(e, sa, &local_id);
	enum ike_step step = IKE_DONE;
	struct ike_child *child;
	const struct ike_psk *psk;
	struct ike_notify n;
	uint16_t error;

	if (ike_payloads_count(&in->payloads, IKE_PAYLOAD_AUTH) == 0) {
		error = ike_first_error(&in->payloads);
		if (error == IKE_N_AUTHENTICATION_FAILED)
			e->stats.auth_failed++;
		snprintf(reason, sizeof(reason), "%s%s%s",
			 error ? ike_notify_name(error) : "peer sent no AUTH",
			 error ? " from peer" : "",
			 error == IKE_N_AUTHENTICATION_FAILED ? ike_explain(error) : "");
		ike_sa_down(e, sa, reason);
		return IKE_DONE;
	}
	if (parse_peer_id(&in->payloads, IKE_PAYLOAD_IDR, &id_body, &id) ||
	    ike_payloads_one(&in->payloads, IKE_PAYLOAD_AUTH, &auth_body))
		return reject_responder(e, sa, in->now, "peer's IKE_AUTH response is malformed");
	ike_id_text(&id, text, sizeof(text));
	if (!ike_id_matches(&sa->conn->remote_id, &id)) {
		snprintf(reason, sizeof(reason), "peer is \"%.64s\", which isn't who it should be",
			 text);
		return reject_responder(e, sa, in->now, reason);
	}
	/*
	 * Where any identity will do, it must be one of those that our own AUTH was meant for: not
	 * everybody who has some key here is the host that was called.
	 */
	psk = ike_psk_find(e, &local_id, &id);
	if (!ike_psk_same(psk, ike_psk_find(e, &local_id, &expected)))
		psk = NULL;
	if (!peer_authentic(e, sa, psk, id_body, auth_body)) {
		snprintf(reason, sizeof(reason), "peer \"%.64s\" failed to authenticate: %s", text,
			 "wrong pre-shared key?");
		return reject_responder(e, sa, in->now, reason);
	}
	if (ike_id_keep(&sa->remote_id, &id))
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

/* Responder: process. */

static enum ike_step reject_initiator(struct ike_engine *e, struct ike_sa *sa,
				      const struct ike_id *id, const char *why)
{
	char text[IKE_ID_TEXT];

	e->stats.auth_failed++;
	ike_id_text(id, text, sizeof(text));
	ike_log(e, IKE_LOG_WARNING, sa, "authentication of \"%.64s\" failed: %s", text, why);
	ike_respond_notify(e, sa, IKE_AUTH, IKE_N_AUTHENTICATION_FAILED, nothing);
	ike_sa_refused(e, sa, "authentication failed");
	return IKE_DONE;
}

static enum ike_step reject_syntax(struct ike_engine *e, struct ike_sa *sa)
{
	ike_respond_notify(e, sa, IKE_AUTH, IKE_N_INVALID_SYNTAX, nothing);
	ike_sa_refused(e, sa, "peer's IKE_AUTH request is malformed");
	return IKE_DONE;
}

/*
 * The older IKE SA of this connection with this peer stays, and this one isn't wanted. A peer that
 * says INITIAL_CONTACT doesn't have it any more, and one that begins at the very same place, long
 * after, renews it.
 */
static bool not_unique(const struct ike_engine *e, const struct ike_sa *sa, bool initial_contact)
{
	const struct ike_sa *other = NULL;

	if (sa->conn->unique != IKE_UNIQUE_KEEP || initial_contact)
		return false;
	while ((other = ike_peer_same(e, sa, other))) {
		if (other->conn == sa->conn && !ike_sa_may_be_renewed_by(other, sa))
			return true;
	}
	return false;
}

/*
 * Choose a Child SA for what the initiator asks for, if need be from another connection between
 * the same identities: they differ in nothing that has been said so far.
 */
static uint16_t choose_child(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in,
			     const struct ike_id *wanted, struct ike_child **child,
			     const char **name)
{
	struct ike_connection *first = sa->conn, *other = NULL;
	uint16_t refusal = ike_child_accept(e, sa, in, NULL, false, 0, child, name);
	const char *other_name;

	while ((refusal == IKE_N_TS_UNACCEPTABLE || refusal == IKE_N_NO_PROPOSAL_CHOSEN) &&
	       (other = ike_connection_alike(e, sa, first, wanted, other))) {
		ike_sa_hold(e, sa, other);
		if (ike_child_accept(e, sa, in, NULL, false, 0, child, &other_name) == 0)
			return 0;
		ike_sa_hold(e, sa, first);
	}
	return refusal;
}

/* Responder: build, once it is known what becomes of the Child SA. */

static enum ike_step answer(struct ike_engine *e, struct ike_sa *sa, struct ike_auth_task *auth,
			    uint64_t now)
{
	const struct ike_id local_id = ike_id_kept(sa->local_id),
			    remote_id = ike_id_kept(sa->remote_id);
	const struct ike_psk *psk = ike_psk_find(e, &local_id, &remote_id);
	struct ike_child *child = ike_child_find_id(e, auth->child_id);
	struct ike_builder b;
	bool led;

	if (not_unique(e, sa, auth->initial_contact)) /* it came up while the data path was busy */
		return reject_initiator(e, sa, &remote_id, second_sa);
	ike_build_chain(&b, e->inner, sizeof(e->inner));
	ike_write_id(&b, IKE_PAYLOAD_IDR, local_id.type, ike_id_slice(&local_id));
	if (!psk || write_own_auth(&b, sa, &local_id, psk)) {
		ike_sa_down(e, sa, "the pre-shared key is gone");
		return IKE_DONE;
	}
	ike_qcd_write(e, &b, sa);
	ike_sync_offer(&b, sa);
	if (auth->asked)
		ike_lease_answer(&b, auth->asked, auth->given);
	if (child) {
		ike_child_answer(&b, child);
		ike_child_answer_ts(&b, child);
	} else if (auth->refusal) {
		ike_write_bare_notify(&b, auth->refusal);
	} else if (auth->redirect) {
		ike_redirect_write(&b, sa);
	}
	if (!sa->conn->mobike)
		ike_mobike_free(e, sa);
	if (sa->mobike)
		ike_mobike_offer(&b, e, sa);
	led = !child || ike_child_lead(e, child, now) == 0;
	ike_respond(e, sa, IKE_AUTH, &b);
	if (sa->state == IKE_STATE_DEAD)
		return IKE_DONE;
	ike_sa_established(e, sa, now, auth->initial_contact);
	ike_handshake_free(sa);
	if (auth->redirect)
		ike_redirect_told(e, sa, now);
	if (!led)
		ike_delete_child(e, child, "out of memory");
	else if (child)
		ike_child_told(e, child, now);
	return IKE_DONE;
}

static enum ike_step data_path_answered(struct ike_engine *e, struct ike_sa *sa,
					struct ike_task *task, uint64_t now, struct ike_job *job)
{
	struct ike_auth_task *auth = IKE_OWNER(task, struct ike_auth_task, task);
	struct ike_child *child = ike_child_find_id(e, auth->child_id);

	if (job->error)
		auth->refusal = IKE_N_NO_ADDITIONAL_SAS;
	if (job->error && child)
		ike_child_remove(e, child, now, job->reason);
	return answer(e, sa, auth, now);
}

/* RFC 6023, section 3: neither SA nor traffic selectors. */
static bool is_childless(const struct ike_in *in)
{
	return !ike_payloads_count(&in->payloads, IKE_PAYLOAD_SA) &&
	       !ike_payloads_count(&in->payloads, IKE_PAYLOAD_TSI) &&
	       !ike_payloads_count(&in->payloads, IKE_PAYLOAD_TSR);
}

static enum ike_step accept_child(struct ike_engine *e, struct ike_sa *sa,
				  struct ike_auth_task *auth, struct ike_in *in,
				  const struct ike_id *wanted)
{
	const struct ike_handshake *h = sa->handshake;
	struct ike_child *child;
	char reason[IKE_REASON_MAX];
	const char *name;

	if (sa->childless)
		return answer(e, sa, auth, in->now);
	if (sa->conn->childless == IKE_CHILDLESS_FORCE) {
		ike_log(e, IKE_LOG_WARNING, sa, "a Child SA in IKE_AUTH is refused: %s",
			"childless = force");
		auth->refusal = IKE_N_NO_ADDITIONAL_SAS;
		return answer(e, sa, auth, in->now);
	}
	auth->refusal = choose_child(e, sa, in, wanted, &child, &name);
	if (auth->refusal == IKE_N_INVALID_SYNTAX)
		return reject_syntax(e, sa);
	if (auth->refusal) {
		snprintf(reason, sizeof(reason), "refused with %s", ike_notify_name(auth->refusal));
		ike_log(e, IKE_LOG_WARNING, sa, "child %s: %s", name, reason);
		ike_emit_child_failed(e, sa, name, reason);
		return answer(e, sa, auth, in->now);
	}
	auth->child_id = child->id;
	sa->state = IKE_STATE_INSTALLING;
	ike_timer_set(e, &sa->timers[IKE_TIMER_EXPIRE], in->now + e->config.half_open_timeout_ms);
	if (ike_child_derive(child, NULL, ike_slice(h->ni, h->ni_len), ike_slice(h->nr, h->nr_len),
			     false) ||
	    ike_child_bring(e, child, in->now, IKE_LEVEL_OUTBOUND, &auth->task)) {
		auth->refusal = IKE_N_NO_ADDITIONAL_SAS;
		ike_child_remove(e, child, in->now, "key derivation failed");
		return answer(e, sa, auth, in->now);
	}
	return ike_task_wait(&auth->task, data_path_answered);
}

/* It is known what addresses the peer gets, if any: its request is read on. */
static enum ike_step leased(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			    uint64_t now, struct ike_job *job)
{
	struct ike_auth_task *auth = IKE_OWNER(task, struct ike_auth_task, task);
	const struct ike_slice chain = ike_slice(auth->request.data, auth->request.len);
	struct ike_in in = {.now = now};
	struct ike_id wanted = {.type = IKE_ID_ANY};
	struct ike_slice body;

	auth->given = malloc(sizeof(*auth->given));
	auth->refusal = IKE_N_INTERNAL_ADDRESS_FAILURE;
	if (!auth->given || !ike_lease_given(e, sa, job)) {
		free(auth->given);
		auth->given = NULL;
		return answer(e, sa, auth, now);
	}
	*auth->given = job->lease.given;
	auth->refusal = IKE_N_NO_ADDITIONAL_SAS;
	if (ike_sa_ending(sa) || ike_payloads_parse(chain, auth->first, &in.payloads))
		return answer(e, sa, auth, now);
	auth->refusal = 0;
	parse_peer_id(&in.payloads, IKE_PAYLOAD_IDR, &body, &wanted);
	return accept_child(e, sa, auth, &in, &wanted);
}

/* The connection whose pools the peer's addresses come from: of those that it may mean, the first
 * that has some. */
static bool hold_one_that_leases(struct ike_engine *e, struct ike_sa *sa,
				 const struct ike_id *wanted)
{
	struct ike_connection *conn = sa->conn, *other = NULL;

	while (!conn->leases && (other = ike_connection_alike(e, sa, sa->conn, wanted, other)))
		conn = other;
	if (conn->leases)
		ike_sa_hold(e, sa, conn);
	return conn->leases;
}

/* The answer waits for addresses. */
static enum ike_step ask_for_lease(struct ike_engine *e, struct ike_sa *sa,
				   struct ike_auth_task *auth, struct ike_in *in,
				   const struct ike_id *wanted)
{
	auth->refusal = IKE_N_INTERNAL_ADDRESS_FAILURE;
	if (!hold_one_that_leases(e, sa, wanted)) {
		ike_lease_refused(e, sa, "no pools are configured");
		return answer(e, sa, auth, in->now);
	}
	auth->first = in->payloads.first;
	sa->state = IKE_STATE_INSTALLING;
	if (ike_buffer_set(&auth->request, in->payloads.chain) ||
	    ike_lease_request(e, sa, &auth->task, in->now, auth->asked, auth->initial_contact))
		return answer(e, sa, auth, in->now);
	ike_timer_set(e, &sa->timers[IKE_TIMER_EXPIRE],
		      IKE_NEVER); /* the job has a time of its own */
	return ike_task_wait(&auth->task, leased);
}

/* What the peer asks for in a configuration payload, if it does. 0, INVALID_SYNTAX or -ENOMEM. */
static int read_question(struct ike_auth_task *auth, const struct ike_in *in)
{
	struct ike_slice body;
	struct ike_cp cp;

	if (!ike_payloads_count(&in->payloads, IKE_PAYLOAD_CP))
		return 0;
	if (ike_payloads_one(&in->payloads, IKE_PAYLOAD_CP, &body) || ike_parse_cp(body, &cp))
		return IKE_N_INVALID_SYNTAX;
	if (cp.type != IKE_CP_REQUEST)
		return 0;
	auth->asked = malloc(sizeof(*auth->asked));
	return auth->asked ? ike_settings_read(&cp, auth->asked) : -ENOMEM;
}

static enum ike_step accept_initiator(struct ike_engine *e, struct ike_sa *sa,
				      struct ike_auth_task *auth, struct ike_in *in,
				      const struct ike_id *wanted)
{
	int err = read_question(auth, in);

	sa->childless = is_childless(in);
	if (err > 0 || (sa->childless && sa->conn->childless == IKE_CHILDLESS_NEVER))
		return reject_syntax(e, sa); /* childless: as if it had never been heard of */
	if (err) {
		ike_sa_down(e, sa, "out of memory");
		return IKE_DONE;
	}
	if (auth->asked && auth->asked->vip_count)
		return ask_for_lease(e, sa, auth, in, wanted);
	return accept_child(e, sa, auth, in, wanted);
}

/* For an operator: which identities there were, and which there should have been. */
static const char *why_not(const struct ike_sa *sa, const struct ike_connection *conn,
			   const struct ike_psk *psk, const struct ike_id *wanted,
			   char why[IKE_REASON_MAX])
{
	char ours[IKE_ID_TEXT], theirs[IKE_ID_TEXT], asked[IKE_ID_TEXT];
	struct ike_id local = ike_connection_local_id(sa->conn, &sa->path.local);

	ike_id_text(&local, ours, sizeof(ours));
	ike_id_text(&sa->conn->remote_id, theirs, sizeof(theirs));
	ike_id_text(wanted, asked, sizeof(asked));
	if (!conn)
		snprintf(why, IKE_REASON_MAX,
			 "no connection for this identity, that asks for \"%.40s\" (\"%.40s\" "
			 "expects \"%.40s\")",
			 asked, ours, theirs);
	else
		snprintf(why, IKE_REASON_MAX,
			 psk ? "wrong pre-shared key? (we are \"%.64s\")"
			     : "no pre-shared key for it and \"%.64s\"",
			 ours);
	return why;
}

enum ike_step ike_auth_request(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			       struct ike_in *in)
{
	struct ike_auth_task *auth = IKE_OWNER(task, struct ike_auth_task, task);
	struct ike_slice id_body, idr_body, auth_body;
	struct ike_connection *conn;
	const struct ike_psk *psk = NULL;
	struct ike_id id, local_id = {.type = IKE_ID_ANY}, wanted = local_id;
	struct ike_notify n;
	char why[IKE_REASON_MAX];
	bool authentic;

	/* The initiator may have moved to port 4500 (section 2.23). */
	ike_half_open_remove(e, sa);
	sa->path.local = in->local;
	sa->path.remote = in->remote;
	if (parse_peer_id(&in->payloads, IKE_PAYLOAD_IDI, &id_body, &id) ||
	    ike_payloads_count(&in->payloads, IKE_PAYLOAD_IDR) > 1 ||
	    ike_payloads_count(&in->payloads, IKE_PAYLOAD_AUTH) > 1 ||
	    (ike_payloads_count(&in->payloads, IKE_PAYLOAD_IDR) == 1 &&
	     parse_peer_id(&in->payloads, IKE_PAYLOAD_IDR, &idr_body, &wanted)))
		return reject_syntax(e, sa);
	if (ike_payloads_one(&in->payloads, IKE_PAYLOAD_AUTH, &auth_body))
		return reject_initiator(e, sa, &id, "it wants EAP, which isn't configured");
	conn = ike_connection_for_ids(e, sa, &id, &wanted);
	if (conn) {
		ike_sa_hold(e, sa, conn);
		local_id = ike_connection_local_id(conn, &sa->path.local);
		psk = ike_psk_find(e, &local_id, &id);
	}
	authentic = peer_authentic(e, sa, psk, id_body, auth_body);
	if (!authentic)
		return reject_initiator(e, sa, &id, why_not(sa, conn, psk, &wanted, why));
	if (ike_id_keep(&sa->local_id, &local_id) || ike_id_keep(&sa->remote_id, &id)) {
		ike_sa_down(e, sa, "out of memory");
		return IKE_DONE;
	}
	ike_qcd_learn(sa, &in->payloads);
	ike_sync_agree(sa, &in->payloads);
	auth->initial_contact = ike_find_notify(&in->payloads, IKE_N_INITIAL_CONTACT, &n);
	ike_mobike_agree(e, sa, in);
	/* Where several connections fit, which one is meant is known with the Child SA. */
	if (!ike_connection_alike(e, sa, sa->conn, &wanted, NULL) &&
	    not_unique(e, sa, auth->initial_contact))
		return reject_initiator(e, sa, &id, second_sa);
	auth->redirect = ike_redirect_peer(sa);
	return auth->redirect ? answer(e, sa, auth, in->now)
			      : accept_initiator(e, sa, auth, in, &wanted);
}
