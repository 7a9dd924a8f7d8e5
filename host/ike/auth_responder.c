/* SPDX-License-Identifier: BSD-2-Clause */
/* IKE_AUTH as responder: the exchange is drawn in exchange_auth.c. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/ike/sa.h"

static const struct ike_slice nothing;
static const char second_sa[] = "it has an IKE SA already (unique = keep)";

/* Responder: process. */

void ike_auth_note_failure(struct ike_engine *e, const struct ike_sa *sa, const struct ike_id *id,
			   const char *why)
{
	char text[IKE_ID_TEXT];

	e->stats.auth_failed++;
	ike_id_text(id, text, sizeof(text));
	ike_log(e, IKE_LOG_WARNING, sa, "authentication of \"%.64s\" failed: %s", text, why);
}

enum ike_step ike_auth_reject_initiator(struct ike_engine *e, struct ike_sa *sa,
					const struct ike_id *id, const char *why)
{
	ike_auth_note_failure(e, sa, id, why);
	ike_respond_notify(e, sa, IKE_AUTH, IKE_N_AUTHENTICATION_FAILED, nothing);
	ike_sa_refused(e, sa, "authentication failed");
	return IKE_DONE;
}

enum ike_step ike_auth_reject_syntax(struct ike_engine *e, struct ike_sa *sa)
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

/* Who we are; who has come in by EAP has been told that before. */
static int write_proof(const struct ike_engine *e, const struct ike_sa *sa,
		       const struct ike_auth_task *auth, struct ike_builder *b,
		       const struct ike_id *local_id, const struct ike_id *remote_id)
{
	if (auth->eap)
		return ike_eap_write_proof(b, sa, auth->eap, local_id);
	ike_write_id(b, IKE_PAYLOAD_IDR, local_id->type, ike_id_slice(local_id));
	ike_proof_write_certs(b, &auth->proof);
	return ike_proof_write(b, e, sa, &auth->proof, local_id, remote_id);
}

static enum ike_step answer(struct ike_engine *e, struct ike_sa *sa, struct ike_auth_task *auth,
			    uint64_t now)
{
	const struct ike_id local_id = ike_id_kept(sa->local_id),
			    remote_id = ike_id_kept(sa->remote_id);
	struct ike_child *child = ike_child_find_id(e, auth->child_id);
	struct ike_builder b;
	bool led;

	if (not_unique(e, sa, auth->initial_contact)) /* it came up while the data path was busy */
		return ike_auth_reject_initiator(e, sa, &remote_id, second_sa);
	ike_build_chain(&b, e->inner, sizeof(e->inner));
	if (write_proof(e, sa, auth, &b, &local_id, &remote_id)) {
		ike_sa_down(e, sa, "what proves who we are is gone");
		return IKE_DONE;
	}
	ike_ppk_write_accepted(&b, sa);
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
		return ike_auth_reject_syntax(e, sa);
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
	struct ike_in in;
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
	if (ike_sa_ending(sa) || ike_auth_reread_message(auth, now, &in))
		return answer(e, sa, auth, now);
	auth->refusal = 0;
	ike_auth_parse_peer_id(&in.payloads, IKE_PAYLOAD_IDR, &body, &wanted);
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
	sa->state = IKE_STATE_INSTALLING;
	if (ike_auth_keep_message(auth, in) ||
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
		return ike_auth_reject_syntax(e,
					      sa); /* childless: as if it had never been heard of */
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

/* It is who it says, and we have what proves that we are who we say. */
static enum ike_step go_on(struct ike_engine *e, struct ike_sa *sa, struct ike_auth_task *auth,
			   struct ike_in *in)
{
	struct ike_id id = ike_id_kept(sa->remote_id), wanted = {.type = IKE_ID_ANY};
	struct ike_slice body;
	struct ike_notify n;

	if (sa->conn->auth.remote_follows && !auth->eap)
		return ike_eap_await(e, sa, auth, in);
	ike_auth_parse_peer_id(&in->payloads, IKE_PAYLOAD_IDR, &body, &wanted);
	ike_qcd_learn(sa, &in->payloads);
	ike_sync_agree(sa, &in->payloads);
	auth->initial_contact = ike_find_notify(&in->payloads, IKE_N_INITIAL_CONTACT, &n);
	ike_mobike_agree(e, sa, in);
	/* Where several connections fit, which one is meant is known with the Child SA. */
	if (!ike_connection_alike(e, sa, sa->conn, &wanted, NULL) &&
	    not_unique(e, sa, auth->initial_contact))
		return ike_auth_reject_initiator(e, sa, &id, second_sa);
	auth->redirect = ike_redirect_peer(sa);
	return auth->redirect ? answer(e, sa, auth, in->now)
			      : accept_initiator(e, sa, auth, in, &wanted);
}

static enum ike_step answer_signed(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				   uint64_t now, struct ike_job *job)
{
	struct ike_auth_task *auth = IKE_OWNER(task, struct ike_auth_task, task);
	const struct ike_id id = ike_id_kept(sa->remote_id);
	char reason[IKE_REASON_MAX];
	struct ike_in in;

	if (job->error)
		return ike_auth_reject_initiator(e, sa, &id, ike_auth_why_not_signed(job, reason));
	if (ike_auth_reread_message(auth, now, &in))
		return ike_auth_reject_syntax(e, sa);
	ike_proof_take(&auth->proof, job);
	return go_on(e, sa, auth, &in);
}

/* It is who it says. */
enum ike_step ike_auth_authenticated(struct ike_engine *e, struct ike_sa *sa,
				     struct ike_auth_task *auth, struct ike_in *in,
				     const struct ike_id *id)
{
	const struct ike_id local_id = ike_connection_local_id(sa->conn, &sa->path.local);

	ike_half_open_remove(e, sa);
	if (ike_id_keep(&sa->local_id, &local_id) || ike_id_keep(&sa->remote_id, id)) {
		ike_sa_down(e, sa, "out of memory");
		return IKE_DONE;
	}
	/* To one that comes in by EAP we have proved ourselves before. */
	if (auth->eap || sa->conn->auth.local != IKE_BY_SIGNATURE)
		return go_on(e, sa, auth, in);
	ike_proof_learn_requests(sa, &in->payloads);
	if (!auth->message.data && ike_auth_keep_message(auth, in)) {
		ike_sa_down(e, sa, "out of memory");
		return IKE_DONE;
	}
	return ike_proof_sign(e, &auth->task, in->now, &local_id, answer_signed);
}

static enum ike_step initiator_verified(struct ike_engine *e, struct ike_sa *sa,
					struct ike_task *task, uint64_t now, struct ike_job *job)
{
	struct ike_auth_task *auth = IKE_OWNER(task, struct ike_auth_task, task);
	struct ike_slice id_body;
	struct ike_in in;
	struct ike_id id;

	ike_half_open_computing(e, sa, false);
	if (ike_auth_reread_message(auth, now, &in) ||
	    ike_auth_parse_peer_id(&in.payloads, IKE_PAYLOAD_IDI, &id_body, &id))
		return ike_auth_reject_syntax(e, sa);
	if (job->error || !*job->verify.connection)
		return ike_auth_reject_initiator(e, sa, &id, ike_auth_why_not_believed(job));
	if (auth->lacks_ppk)
		return ike_auth_reject_initiator(e, sa, &id, auth->lacks_ppk);
	return ike_auth_authenticated(e, sa, auth, &in, &id);
}

/* Until it is known who it is it stays half-open. */
static enum ike_step verify_initiator(struct ike_engine *e, struct ike_sa *sa,
				      struct ike_auth_task *auth, struct ike_in *in,
				      const struct ike_connection *conn, const struct ike_id *id,
				      struct ike_slice id_body, struct ike_slice auth_body)
{
	if (ike_auth_keep_message(auth, in) || ike_half_open_add(e, sa)) {
		ike_sa_down(e, sa, "out of memory");
		return IKE_DONE;
	}
	ike_half_open_computing(e, sa, true);
	return ike_proof_verify(e, &auth->task, in, conn, id, id_body, auth_body,
				initiator_verified);
}

/* A method that nobody has is one that fails as a signature. */
static enum ike_proof_kind kind_of(struct ike_slice auth_body)
{
	struct ike_auth auth;

	if (ike_parse_auth(auth_body, &auth))
		return IKE_BY_SIGNATURE;
	if (auth.method == IKE_AUTH_PSK)
		return IKE_BY_PSK;
	return auth.method == IKE_AUTH_NULL ? IKE_BY_NULL : IKE_BY_SIGNATURE;
}

/* By nothing: where a connection is for nobody, whose identity says so (RFC 7619, section 2.2). */
static enum ike_step take_nobody(struct ike_engine *e, struct ike_sa *sa,
				 struct ike_auth_task *auth, struct ike_in *in,
				 const struct ike_connection *conn, const struct ike_id *id,
				 struct ike_slice id_body, struct ike_slice auth_body)
{
	if (!ike_proof_holds_null(sa, id_body, auth_body) || !conn)
		return ike_auth_reject_initiator(e, sa, id,
						 conn ? "wrong AUTH"
						      : "it doesn't prove who it is (auth = null)");
	return ike_auth_authenticated(e, sa, auth, in, id);
}

/* By a pre-shared key. conn NULL: nobody's. */
static enum ike_step hold_to_key(struct ike_engine *e, struct ike_sa *sa,
				 struct ike_auth_task *auth, struct ike_in *in,
				 const struct ike_connection *conn, const struct ike_id *id,
				 const struct ike_id *wanted, struct ike_slice id_body,
				 struct ike_slice auth_body)
{
	const struct ike_psk *psk = NULL;
	char why[IKE_REASON_MAX];

	if (conn) {
		const struct ike_id local_id = ike_connection_local_id(conn, &sa->path.local);

		psk = ike_psk_find(e, &local_id, id);
	}
	if (!ike_proof_holds_psk(e, sa, psk, id_body, auth_body))
		return ike_auth_reject_initiator(e, sa, id, why_not(sa, conn, psk, wanted, why));
	if (auth->lacks_ppk)
		return ike_auth_reject_initiator(e, sa, id, auth->lacks_ppk);
	return ike_auth_authenticated(e, sa, auth, in, id);
}

enum ike_step ike_auth_request(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			       struct ike_in *in)
{
	struct ike_auth_task *auth = IKE_OWNER(task, struct ike_auth_task, task);
	struct ike_id id, wanted = {.type = IKE_ID_ANY};
	struct ike_slice id_body, idr_body, auth_body;
	struct ike_buffer other = {0};
	struct ike_connection *conn;
	struct ike_notify n;
	enum ike_step step;
	struct ike_peer_proof how = {0};

	/* The initiator may have moved to port 4500 (section 2.23). */
	ike_half_open_remove(e, sa);
	sa->path.local = in->local;
	sa->path.remote = in->remote;
	if (auth->eap)
		return ike_eap_request(e, sa, auth, in);
	if (ike_auth_parse_peer_id(&in->payloads, IKE_PAYLOAD_IDI, &id_body, &id) ||
	    ike_payloads_count(&in->payloads, IKE_PAYLOAD_IDR) > 1 ||
	    ike_payloads_count(&in->payloads, IKE_PAYLOAD_AUTH) > 1 ||
	    (ike_payloads_count(&in->payloads, IKE_PAYLOAD_IDR) == 1 &&
	     ike_auth_parse_peer_id(&in->payloads, IKE_PAYLOAD_IDR, &idr_body, &wanted)))
		return ike_auth_reject_syntax(e, sa);
	if (!ike_payloads_count(&in->payloads, IKE_PAYLOAD_AUTH))
		return ike_eap_accept(e, sa, auth, in, &id, &wanted, id_body);
	ike_payloads_one(&in->payloads, IKE_PAYLOAD_AUTH, &auth_body);
	how.kind = kind_of(auth_body);
	how.follows = ike_find_notify(&in->payloads, IKE_N_ANOTHER_AUTH_FOLLOWS, &n);
	conn = ike_connection_for_ids(e, sa, &id, &wanted, &how);
	if (conn)
		ike_sa_hold(e, sa, conn);
	auth_body = ike_ppk_accept(e, sa, conn, in, auth_body, &other, &auth->lacks_ppk);
	if (how.kind == IKE_BY_NULL)
		step = take_nobody(e, sa, auth, in, conn, &id, id_body, auth_body);
	else if (how.kind == IKE_BY_PSK)
		step = hold_to_key(e, sa, auth, in, conn, &id, &wanted, id_body, auth_body);
	else
		step = verify_initiator(e, sa, auth, in, conn, &id, id_body, auth_body);
	ike_buffer_free(&other);
	return step;
}
