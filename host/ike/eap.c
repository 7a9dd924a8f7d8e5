/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EAP inside IKE_AUTH (RFC 7296, section 2.16). What its messages say is known to jobs alone:
 *
 *   HDR, SK {IDi, [CERTREQ,] [IDr,] [CP(CFG_REQUEST),] SAi2, TSi, TSr}  -->
 *                                    <--  HDR, SK {IDr, [CERT,] AUTH, EAP}
 *   HDR, SK {EAP}  -->               <--  HDR, SK {EAP}      as often as the method wants
 *                                    <--  HDR, SK {EAP(Success)}
 *   HDR, SK {AUTH}  -->              <--  HDR, SK {AUTH, [CP(CFG_REPLY),] SAr2, TSi, TSr}
 *
 * With a round of another kind before it (RFC 4739), in which both have proved themselves, it
 * begins with the identity of this one, over which the AUTH at its end is:
 *
 *   HDR, SK {IDi, [CERT,] AUTH, N(MULTIPLE_AUTH_SUPPORTED), N(ANOTHER_AUTH_FOLLOWS),
 *            SAi2, TSi, TSr}  -->    <--  HDR, SK {IDr, [CERT,] AUTH}
 *   HDR, SK {IDi}  -->               <--  HDR, SK {EAP}      and so on as above
 *
 * The responder has proved itself before the initiator says anything; unless both agree that the
 * method proves it, too (RFC 5998), whose key makes both AUTH at the end:
 *
 *   HDR, SK {IDi, [IDr,] N(EAP_ONLY_AUTHENTICATION), SAi2, TSi, TSr}  -->
 *                                    <--  HDR, SK {IDr, EAP}            and so on as above
 *
 * The initiator is a stranger, whose IKE SA is half-open, until its AUTH has been verified; of its
 * first message no more is kept than what is read then.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/ike/sa.h"

enum {
	ROUNDS_MAX = 40, /* messages of the peer's in one run */
	KEPT_MAX = 4096, /* octets of the first message that are kept for a stranger */
};

static const struct ike_slice nothing;

struct ike_eap_run {
	struct ike_eap_session *session; /* NULL while a job has it */
	bool over;			 /* the method is done, and the peer's AUTH is due */
	bool of_nobody;
	bool second;	    /* a round of another kind was before it */
	bool due;	    /* its ID payload hasn't come */
	bool refused;	    /* the method has said so, and it was noted */
	uint8_t identifier; /* of the peer's last message */
	unsigned rounds;
	struct ike_user *user;	   /* as whom the peer comes in, once it does */
	struct ike_buffer id_body; /* of the peer's ID payload, which its AUTH is over */
	size_t msk_len;
	uint8_t msk[IKE_MSK_MAX];
};

void ike_eap_free(struct ike_eap_run *run)
{
	if (!run)
		return;
	ike_eap_session_free(run->session);
	ike_buffer_free(&run->id_body);
	ike_user_free(run->user);
	OPENSSL_cleanse(run, sizeof(*run));
	free(run);
}

static int run_begin(struct ike_auth_task *auth, struct ike_slice id_body)
{
	auth->eap = calloc(1, sizeof(*auth->eap));
	return auth->eap ? ike_buffer_set(&auth->eap->id_body, id_body) : -ENOMEM;
}

static enum ike_step out_of_memory(struct ike_engine *e, struct ike_sa *sa)
{
	ike_sa_down(e, sa, "out of memory");
	return IKE_DONE;
}

/* Have the peer's message judged, and ours made. As server without one it begins. */
static enum ike_step ask(struct ike_engine *e, struct ike_sa *sa, struct ike_auth_task *auth,
			 uint64_t now, const struct ike_id *id, struct ike_slice message,
			 ike_resume_fn *resume)
{
	struct ike_eap_run *run = auth->eap;
	struct ike_job *job = ike_job_new(e, IKE_JOB_EAP);

	if (!job || ike_buffer_set(&job->eap.in, message)) {
		ike_job_free(job);
		return out_of_memory(e, sa);
	}
	job->eap.random = e->config.random;
	snprintf(job->eap.connection, sizeof(job->eap.connection), "%s", sa->conn->name);
	job->eap.server = !sa->initiator;
	job->eap.of_nobody = run->of_nobody;
	job->eap.id = *id;
	job->eap.local = sa->path.local;
	job->eap.remote = sa->path.remote;
	job->eap.session = run->session;
	run->session = NULL;
	if (ike_job_send(e, sa, &auth->task.waiter, now, job))
		return out_of_memory(e, sa);
	return ike_task_wait(&auth->task, resume);
}

/* Who the peer says it is in this round, if it has. */
static void read_id(const struct ike_eap_run *run, struct ike_id *id)
{
	struct ike_id_payload payload;

	*id = (struct ike_id){.type = IKE_ID_ANY};
	if (!ike_parse_id(ike_buffer_slice(&run->id_body), &payload))
		ike_id_set(id, payload.type, payload.data);
}

/* Who we are in this round. */
static struct ike_id own_id(const struct ike_sa *sa, const struct ike_eap_run *run)
{
	const struct ike_id *next = &sa->conn->local_next_id;

	return run->second && sa->initiator && next->type != IKE_ID_ANY ? *next
									: ike_id_kept(sa->local_id);
}

/* What is left of a job that has come back, but for its message. 0 or -ENOMEM. */
static int take(struct ike_eap_run *run, struct ike_job *job)
{
	struct ike_eap_job *eap = &job->eap;

	run->session = eap->session;
	eap->session = NULL;
	run->over = eap->verdict == IKE_EAP_DONE;
	if (!run->over)
		return 0;
	run->msk_len = eap->msk_len;
	memcpy(run->msk, eap->msk, sizeof(run->msk));
	if (run->second && eap->identity.type == IKE_ID_ANY)
		read_id(run, &eap->identity);
	run->user = ike_user_new(&eap->identity, &eap->grant);
	return run->user ? 0 : -ENOMEM;
}

static void write_message(struct ike_builder *b, const struct ike_buffer *message)
{
	struct ike_eap eap;

	if (message->len && !ike_parse_eap(ike_buffer_slice(message), &eap))
		ike_write_eap(b, &eap);
}

/* The peer's next message: the only EAP payload, and no AUTH beside it. */
static bool read_message(struct ike_eap_run *run, const struct ike_in *in, struct ike_slice *out)
{
	return ike_payloads_one(&in->payloads, IKE_PAYLOAD_EAP, out) == 0 &&
	       ike_payloads_count(&in->payloads, IKE_PAYLOAD_AUTH) == 0 &&
	       out->len <= IKE_EAP_MAX && ++run->rounds <= ROUNDS_MAX;
}

/* What AUTH of one side is made with: the method's key, or else SK_pi or SK_pr. */
static struct ike_slice key_of(const struct ike_sa *sa, const struct ike_eap_run *run,
			       bool of_initiator)
{
	const struct ike_auth_keys *keys = &sa->handshake->auth_keys;

	return run->msk_len ? ike_slice(run->msk, run->msk_len)
			    : ike_slice(of_initiator ? keys->sk_pi : keys->sk_pr,
					ike_prf_len(sa->suite.prf));
}

/* Our AUTH once the method is done, as this identity. */
int ike_eap_write_proof(struct ike_builder *b, const struct ike_sa *sa,
			const struct ike_eap_run *run, const struct ike_id *id)
{
	return ike_proof_write_key(b, sa, id, key_of(sa, run, sa->initiator));
}

/* Does the peer's AUTH hold? Not before the method is done, nor of whom no connection is for. */
static bool is_proved(const struct ike_sa *sa, const struct ike_eap_run *run,
		      struct ike_slice auth_body)
{
	return run->over && !run->of_nobody &&
	       (run->msk_len || !ike_is_eap_alone(&sa->conn->auth)) &&
	       ike_proof_holds_key(sa, key_of(sa, run, !sa->initiator),
				   ike_buffer_slice(&run->id_body), auth_body);
}

/* Responder */

/*
 * Of the first message what is read once the peer has proved itself. Authorities, of which it may
 * name many, are known by then.
 */
static int keep_first(struct ike_auth_task *auth, const struct ike_in *in)
{
	uint8_t octets[KEPT_MAX];
	struct ike_builder b;
	struct ike_payload payload;
	struct ike_in kept = *in;

	ike_build_chain(&b, octets, sizeof(octets));
	for (struct ike_walk w = ike_payloads_walk(&in->payloads);
	     ike_payloads_next(&w, &payload);) {
		if (payload.type == IKE_PAYLOAD_CERT || payload.type == IKE_PAYLOAD_CERTREQ ||
		    payload.type == IKE_PAYLOAD_VENDOR || payload.type == IKE_PAYLOAD_EAP)
			continue;
		ike_build_begin(&b, payload.type);
		ike_put_slice(&b.w, payload.body);
		ike_build_end(&b);
	}
	if (!ike_writer_ok(&b.w) || ike_payloads_parse(ike_written(&b.w), b.first, &kept.payloads))
		return -EMSGSIZE;
	return ike_auth_keep_message(auth, &kept);
}

/* As whom the peer has come in, as far as it has said. */
static struct ike_id known_as(const struct ike_auth_task *auth, const struct ike_job *job)
{
	struct ike_id id;

	if (job && !job->error && job->eap.identity.type != IKE_ID_ANY)
		return job->eap.identity;
	read_id(auth->eap, &id);
	return id;
}

/* Once: a method may have a word of its own for it, after which some peers are heard of no more. */
static void note_failure(struct ike_engine *e, struct ike_sa *sa, struct ike_auth_task *auth,
			 const struct ike_job *job, const char *why)
{
	const struct ike_id id = known_as(auth, job);
	char reason[IKE_REASON_MAX];

	snprintf(reason, sizeof(reason), "%s: %.120s", job && !job->error ? job->eap.method : "EAP",
		 why);
	if (!auth->eap->refused)
		ike_auth_note_failure(e, sa, &id, reason);
	auth->eap->refused = true;
}

/* Whatever has failed: the peer is told nothing but that it has. */
static enum ike_step fail(struct ike_engine *e, struct ike_sa *sa, struct ike_auth_task *auth,
			  const struct ike_job *job, const char *why)
{
	const struct ike_eap failure = {.code = IKE_EAP_FAILURE,
					.identifier = auth->eap->identifier};
	struct ike_builder b;

	note_failure(e, sa, auth, job, why);
	ike_build_chain(&b, e->inner, sizeof(e->inner));
	ike_write_eap(&b, &failure);
	ike_respond(e, sa, IKE_AUTH, &b);
	ike_sa_refused(e, sa, "authentication failed");
	return IKE_DONE;
}

/* Who we are, and what proves it to the peer, if not EAP. False: nothing does any more, and the IKE
 * SA is down. */
static bool write_proof(struct ike_engine *e, struct ike_sa *sa, struct ike_auth_task *auth,
			struct ike_builder *b, const struct ike_id *peer)
{
	const struct ike_id local_id = ike_id_kept(sa->local_id);

	ike_write_id(b, IKE_PAYLOAD_IDR, local_id.type, ike_id_slice(&local_id));
	if (ike_is_eap_alone(&sa->conn->auth))
		return true;
	ike_proof_write_certs(b, &auth->proof);
	if (ike_proof_write(b, e, sa, &auth->proof, &local_id, peer)) {
		ike_sa_down(e, sa, "what proves who we are is gone");
		return false;
	}
	ike_proof_free(&auth->proof);
	return true;
}

static enum ike_step answered(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			      uint64_t now, struct ike_job *job)
{
	struct ike_auth_task *auth = IKE_OWNER(task, struct ike_auth_task, task);
	bool first = auth->eap->rounds == 0 && !auth->eap->second;
	struct ike_id peer;
	struct ike_builder b;

	(void)now;
	ike_half_open_computing(e, sa, false);
	if (job->error || job->eap.verdict == IKE_EAP_FAILED)
		return fail(e, sa, auth, job,
			    job->error == -ETIMEDOUT ? "there was no answer"
			    : *job->reason	     ? job->reason
						     : "it failed");
	if (*job->reason)
		note_failure(e, sa, auth, job, job->reason);
	if (take(auth->eap, job))
		return out_of_memory(e, sa);
	ike_build_chain(&b, e->inner, sizeof(e->inner));
	if (first) {
		peer = known_as(auth, NULL);
		if (!write_proof(e, sa, auth, &b, &peer))
			return IKE_DONE;
	}
	write_message(&b, &job->eap.out);
	ike_respond(e, sa, IKE_AUTH, &b);
	return sa->state == IKE_STATE_DEAD ? IKE_DONE : IKE_MORE;
}

/* Our own proof is there; the method begins. */
static enum ike_step begin(struct ike_engine *e, struct ike_sa *sa, struct ike_auth_task *auth,
			   uint64_t now)
{
	const struct ike_id id = known_as(auth, NULL);

	return ask(e, sa, auth, now, &id, nothing, answered);
}

static enum ike_step have_signature(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				    uint64_t now, struct ike_job *job)
{
	struct ike_auth_task *auth = IKE_OWNER(task, struct ike_auth_task, task);
	const struct ike_id id = known_as(auth, NULL);
	char reason[IKE_REASON_MAX];

	if (job->error)
		return ike_auth_reject_initiator(e, sa, &id, ike_auth_why_not_signed(job, reason));
	ike_proof_take(&auth->proof, job);
	return begin(e, sa, auth, now);
}

/*
 * The initiator's first message is without AUTH. One whose identity no connection is for goes the
 * same way as all others, and fails in the end.
 */
enum ike_step ike_eap_accept(struct ike_engine *e, struct ike_sa *sa, struct ike_auth_task *auth,
			     struct ike_in *in, const struct ike_id *id,
			     const struct ike_id *wanted, struct ike_slice id_body)
{
	struct ike_notify n;
	const struct ike_peer_proof how = {
		.kind = IKE_BY_EAP,
		.alone = ike_find_notify(&in->payloads, IKE_N_EAP_ONLY_AUTHENTICATION, &n),
	};
	struct ike_connection *conn = ike_connection_for_ids(e, sa, id, wanted, &how);
	const bool of_nobody = !conn;
	struct ike_id local_id;

	if (!conn)
		conn = ike_connection_for_ids(e, sa, NULL, wanted, &how);
	if (!conn)
		return ike_auth_reject_initiator(
			e, sa, id,
			how.alone
				? "it wants EAP, which isn't configured"
				: "it wants EAP and another proof of ours, which isn't configured");
	ike_sa_hold(e, sa, conn);
	local_id = ike_connection_local_id(conn, &sa->path.local);
	ike_proof_learn_requests(sa, &in->payloads);
	if (run_begin(auth, id_body) || ike_id_keep(&sa->local_id, &local_id) ||
	    ike_half_open_add(e, sa))
		return out_of_memory(e, sa);
	auth->eap->of_nobody = of_nobody;
	if (keep_first(auth, in))
		return ike_auth_reject_syntax(e, sa);
	if (conn->auth.local == IKE_BY_PSK && !ike_psk_find(e, &local_id, id))
		return ike_auth_reject_initiator(e, sa, id,
						 "no pre-shared key to prove who we are");
	ike_half_open_computing(e, sa, true);
	return conn->auth.local == IKE_BY_SIGNATURE
		       ? ike_proof_sign(e, &auth->task, in->now, &local_id, have_signature)
		       : begin(e, sa, auth, in->now);
}

/*
 * The initiator has proved itself in another way, and says that this one follows: it is told who
 * we are, and nothing is agreed on.
 */
enum ike_step ike_eap_await(struct ike_engine *e, struct ike_sa *sa, struct ike_auth_task *auth,
			    struct ike_in *in)
{
	const struct ike_id peer = ike_id_kept(sa->remote_id);
	struct ike_builder b;

	if (run_begin(auth, nothing) || ike_half_open_add(e, sa))
		return out_of_memory(e, sa);
	auth->eap->second = auth->eap->due = true;
	if (keep_first(auth, in))
		return ike_auth_reject_syntax(e, sa);
	ike_build_chain(&b, e->inner, sizeof(e->inner));
	if (!write_proof(e, sa, auth, &b, &peer))
		return IKE_DONE;
	ike_respond(e, sa, IKE_AUTH, &b);
	return sa->state == IKE_STATE_DEAD ? IKE_DONE : IKE_MORE;
}

/* Who it is in this round. Another than it may be goes the same way, and fails in the end. */
static enum ike_step begin_second(struct ike_engine *e, struct ike_sa *sa,
				  struct ike_auth_task *auth, const struct ike_in *in)
{
	struct ike_slice body;
	struct ike_id id;

	if (ike_auth_parse_peer_id(&in->payloads, IKE_PAYLOAD_IDI, &body, &id) ||
	    ike_payloads_count(&in->payloads, IKE_PAYLOAD_EAP))
		return ike_auth_reject_syntax(e, sa);
	if (ike_payloads_count(&in->payloads, IKE_PAYLOAD_AUTH))
		return ike_auth_reject_initiator(e, sa, &id, "its second round isn't EAP");
	if (ike_buffer_set(&auth->eap->id_body, body))
		return out_of_memory(e, sa);
	auth->eap->due = false;
	auth->eap->of_nobody = !ike_id_matches(&sa->conn->remote_next_id, &id);
	ike_half_open_computing(e, sa, true);
	return begin(e, sa, auth, in->now);
}

/* The peer's AUTH is there: its first message is read on. */
static enum ike_step prove(struct ike_engine *e, struct ike_sa *sa, struct ike_auth_task *auth,
			   const struct ike_in *in)
{
	struct ike_buffer other = {0};
	struct ike_slice body;
	struct ike_notify n;
	struct ike_in first;
	const char *lacks;
	struct ike_id id;
	bool proved;

	auth->way = (struct ike_pair){.local = in->local, .remote = in->remote};
	if (ike_auth_reread_message(auth, in->now, &first) ||
	    ike_auth_parse_peer_id(&first.payloads, IKE_PAYLOAD_IDI, &body, &id))
		return ike_auth_reject_syntax(e, sa);
	if (ike_payloads_one(&in->payloads, IKE_PAYLOAD_AUTH, &body))
		return ike_auth_reject_syntax(e, sa);
	body = ike_ppk_accept(e, sa, sa->conn, in, body, &other, &lacks);
	proved = is_proved(sa, auth->eap, body);
	ike_buffer_free(&other);
	if (!proved || lacks)
		return ike_auth_reject_initiator(e, sa, &id,
						 proved ? lacks : "wrong AUTH after EAP");
	if (ike_find_notify(&in->payloads, IKE_N_ANOTHER_AUTH_FOLLOWS, &n))
		return ike_auth_reject_initiator(e, sa, &id,
						 "it would prove itself once more than it is to");
	ike_qcd_learn(sa, &in->payloads);
	sa->user = auth->eap->user;
	auth->eap->user = NULL;
	if (sa->user->grant.session_s)
		sa->user->until = in->now + 1000ull * sa->user->grant.session_s;
	return ike_auth_authenticated(e, sa, auth, &first, &id);
}

/* Another message of the same exchange, which may come from where the first one didn't. */
enum ike_step ike_eap_request(struct ike_engine *e, struct ike_sa *sa, struct ike_auth_task *auth,
			      struct ike_in *in)
{
	struct ike_eap_run *run = auth->eap;
	struct ike_slice message;
	struct ike_eap eap;
	struct ike_id id;

	if (ike_half_open_add(e, sa))
		return out_of_memory(e, sa);
	if (run->due)
		return begin_second(e, sa, auth, in);
	if (ike_payloads_count(&in->payloads, IKE_PAYLOAD_AUTH))
		return prove(e, sa, auth, in);
	if (!read_message(run, in, &message) || ike_parse_eap(message, &eap) || run->over)
		return fail(e, sa, auth, NULL,
			    run->rounds > ROUNDS_MAX ? "too many messages"
						     : "a message is out of place");
	run->identifier = eap.identifier;
	ike_half_open_computing(e, sa, true);
	id = known_as(auth, NULL);
	return ask(e, sa, auth, in->now, &id, message, answered);
}

/* Initiator */

static enum ike_step give_up(struct ike_engine *e, struct ike_sa *sa, const char *what,
			     const char *why)
{
	char reason[IKE_REASON_MAX];

	e->stats.auth_failed++;
	snprintf(reason, sizeof(reason), "%s: %.90s", what, why);
	ike_sa_down(e, sa, reason);
	return IKE_DONE;
}

static enum ike_step give_up_as(struct ike_engine *e, struct ike_sa *sa, const struct ike_job *job)
{
	char text[IKE_ID_TEXT], what[IKE_REASON_MAX];

	ike_id_text(&job->eap.identity, text, sizeof(text));
	snprintf(what, sizeof(what), "%s failed as %.64s", job->eap.method, text);
	return give_up(e, sa, what, job->reason);
}

static enum ike_step replied(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			     uint64_t now, struct ike_job *job)
{
	struct ike_auth_task *auth = IKE_OWNER(task, struct ike_auth_task, task);
	const struct ike_id local_id = own_id(sa, auth->eap);
	struct ike_builder b;

	if (job->error)
		return give_up(e, sa, "EAP failed",
			       job->error == -ETIMEDOUT ? "there was no answer" : job->reason);
	if (job->eap.verdict == IKE_EAP_FAILED)
		return give_up_as(e, sa, job);
	if (take(auth->eap, job))
		return out_of_memory(e, sa);
	ike_build_chain(&b, e->inner, sizeof(e->inner));
	if (!auth->eap->over) {
		write_message(&b, &job->eap.out);
		return ike_request(e, sa, now, &b);
	}
	if (ike_auth_apply_ppk(sa, auth, key_of(sa, auth->eap, true)) ||
	    ike_eap_write_proof(&b, sa, auth->eap, &local_id)) {
		ike_sa_down(e, sa, "could not build a request");
		return IKE_DONE;
	}
	ike_ppk_write(&b, sa, ike_buffer_slice(&auth->without_ppk));
	ike_qcd_write(e, &b, sa);
	return ike_request(e, sa, now, &b);
}

static enum ike_step reply(struct ike_engine *e, struct ike_sa *sa, struct ike_auth_task *auth,
			   const struct ike_in *in)
{
	const struct ike_id local_id = own_id(sa, auth->eap);
	struct ike_slice message;

	if (!ike_payloads_count(&in->payloads, IKE_PAYLOAD_EAP))
		return ike_auth_refused(e, sa, in);
	if (!read_message(auth->eap, in, &message))
		return give_up(e, sa, "EAP failed",
			       auth->eap->rounds > ROUNDS_MAX ? "too many messages"
							      : "a message is out of place");
	return ask(e, sa, auth, in->now, &local_id, message, replied);
}

/* So have both, and this follows: it is to know as whom. */
enum ike_step ike_eap_follow(struct ike_engine *e, struct ike_sa *sa, struct ike_auth_task *auth,
			     const struct ike_in *in, const struct ike_id *id)
{
	struct ike_id own;
	struct ike_slice body;
	struct ike_builder b;

	if (ike_payloads_one(&in->payloads, IKE_PAYLOAD_IDR, &body) || run_begin(auth, body) ||
	    ike_id_keep(&sa->remote_id, id))
		return out_of_memory(e, sa);
	auth->eap->second = true;
	own = own_id(sa, auth->eap);
	ike_build_chain(&b, e->inner, sizeof(e->inner));
	ike_write_id(&b, IKE_PAYLOAD_IDI, own.type, ike_id_slice(&own));
	return ike_request(e, sa, in->now, &b);
}

/* The responder, who is this one or says so, begins. */
enum ike_step ike_eap_start(struct ike_engine *e, struct ike_sa *sa, struct ike_auth_task *auth,
			    const struct ike_in *in, const struct ike_id *id)
{
	const struct ike_id local_id = ike_id_kept(sa->local_id);
	struct ike_slice body, message;

	if (ike_payloads_one(&in->payloads, IKE_PAYLOAD_IDR, &body) || run_begin(auth, body) ||
	    ike_id_keep(&sa->remote_id, id))
		return out_of_memory(e, sa);
	auth->eap->rounds = 1;
	if (ike_payloads_one(&in->payloads, IKE_PAYLOAD_EAP, &message) || message.len > IKE_EAP_MAX)
		return give_up(e, sa, "EAP failed", "the responder doesn't begin");
	return ask(e, sa, auth, in->now, &local_id, message, replied);
}

enum ike_step ike_eap_response(struct ike_engine *e, struct ike_sa *sa, struct ike_auth_task *auth,
			       struct ike_in *in)
{
	const struct ike_id id = ike_id_kept(sa->remote_id);
	struct ike_slice auth_body;

	if (!auth->eap->over)
		return reply(e, sa, auth, in);
	if (!ike_payloads_count(&in->payloads, IKE_PAYLOAD_AUTH))
		return ike_auth_refused(e, sa, in);
	if (!ike_ppk_settle(sa, in))
		return ike_auth_not_authentic(e, sa, in->now, &id,
					      "it doesn't have the post-quantum pre-shared key "
					      "(ppk_required)");
	if (ike_payloads_one(&in->payloads, IKE_PAYLOAD_AUTH, &auth_body) ||
	    !is_proved(sa, auth->eap, auth_body))
		return ike_auth_not_authentic(e, sa, in->now, &id, "wrong AUTH after EAP");
	return ike_auth_accept_responder(e, sa, auth, in, &id);
}
