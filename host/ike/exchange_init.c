/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IKE_SA_INIT (RFC 7296, section 1.2), with its detours:
 *
 *   HDR, [N(COOKIE), [PS]], SAi1, KEi, Ni, N(NAT..)  -->
 *                                              <--  HDR, N(COOKIE)              (section 2.6)
 *                                              <--  HDR, N(COOKIE), N(PUZZLE)   (RFC 8019)
 *                                              <--  HDR, N(INVALID_KE_PAYLOAD)  (section 1.3)
 *                                              <--  HDR, N(REDIRECT)            (RFC 5685)
 *                                              <--  HDR, SAr1, KEr, Nr, N(NAT..), [N(PUZZLE)]
 */
#include <errno.h>
#include <stdio.h>

#include "host/ike/sa.h"

static const struct ike_slice nothing;

static struct ike_slice ni_of(const struct ike_sa *sa)
{
	return ike_slice(sa->handshake->ni, sa->handshake->ni_len);
}

static struct ike_slice nr_of(const struct ike_sa *sa)
{
	return ike_slice(sa->handshake->nr, sa->handshake->nr_len);
}

static int derive(struct ike_sa *sa, const struct ike_secret *shared)
{
	return ike_keys_derive(&sa->suite, shared, ni_of(sa), nr_of(sa), sa->spi_i, sa->spi_r,
			       &sa->keys, &sa->handshake->auth_keys);
}

/* RFC 7383, section 2.3: both say so. */
static bool agree_on_fragments(const struct ike_sa *sa, const struct ike_in *in)
{
	struct ike_notify n;

	return sa->conn->fragmentation != IKE_FRAGMENTATION_NO &&
	       ike_find_notify(&in->payloads, IKE_N_IKEV2_FRAGMENTATION_SUPPORTED, &n);
}

/* Initiator: build. */

static enum ike_step fail(struct ike_engine *e, struct ike_sa *sa, const char *reason)
{
	ike_sa_down(e, sa, reason);
	return IKE_DONE;
}

static enum ike_step send_init(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	struct ike_header hdr = ike_sa_header(sa, IKE_SA_INIT, false, 0);
	struct ike_handshake *h = sa->handshake;
	const struct ike_pair pair = ike_path_pair(sa);
	struct ike_proposals own;
	struct ike_builder b;

	ike_connection_proposals(sa->conn, &own);
	ike_build_message(&b, e->out, sizeof(e->out), &hdr);
	if (h->cookie_len)
		ike_write_notify(&b, IKE_PROTO_NONE, nothing, IKE_N_COOKIE,
				 ike_slice(h->cookie, h->cookie_len));
	if (h->solved)
		ike_write_solution(&b, ike_slice(h->solution, sizeof(h->solution)));
	ike_write_sa(&b, own.list, own.count, nothing);
	ike_write_ke(&b, ike_dh_group(h->dh), ike_dh_public(h->dh));
	ike_write_nonce(&b, ni_of(sa));
	ike_nat_write(&b, sa, &pair, sa->conn->encap);
	if (sa->conn->fragmentation != IKE_FRAGMENTATION_NO)
		ike_write_bare_notify(&b, IKE_N_IKEV2_FRAGMENTATION_SUPPORTED);
	if (sa->conn->auth.local == IKE_BY_SIGNATURE || sa->conn->auth.remote == IKE_BY_SIGNATURE)
		ike_proof_write_hashes(&b);
	ike_ppk_offer(&b, sa);
	ike_redirect_write_support(e, sa, &b);
	if (ike_build_finish(&b) || ike_buffer_set(&h->init_request, ike_written(&b.w)))
		return fail(e, sa, "could not build IKE_SA_INIT");
	return ike_send_request(e, sa, now, ike_written(&b.w));
}

static enum ike_step have_key_pair(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				   uint64_t now, struct ike_job *job)
{
	(void)task;
	if (job->error)
		return fail(e, sa,
			    job->error == -ETIMEDOUT ? "no key pair was made in time"
						     : "could not make a key pair");
	sa->handshake->dh = job->ke.dh;
	job->ke.dh = NULL;
	return send_init(e, sa, now);
}

static enum ike_step make_key_pair(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				   uint64_t now, uint16_t group)
{
	ike_dh_free(sa->handshake->dh);
	sa->handshake->dh = NULL;
	ike_timer_set(e, &sa->timers[IKE_TIMER_RETRANSMIT], IKE_NEVER);
	return ike_task_ke(e, task, now, group, NULL, nothing, have_key_pair);
}

/* Both ends are known. */
enum ike_step ike_init_begin(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			     uint64_t now)
{
	struct ike_handshake *h = sa->handshake;
	struct ike_proposals own;
	uint16_t group = IKE_GROUP_NONE;

	ike_connection_proposals(sa->conn, &own);
	for (unsigned i = own.list[0].count; i-- > 0;) {
		if (own.list[0].transforms[i].type == IKE_TRANSFORM_KE)
			group = own.list[0].transforms[i].id;
	}
	h->ni_len = IKE_NONCE_LEN;
	if (ike_random_fill(&e->config.random, h->ni, h->ni_len))
		return fail(e, sa, "the random generator failed");
	return make_key_pair(e, sa, task, now, group);
}

enum ike_step ike_init_start(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			     uint64_t now)
{
	return ike_way_find(e, sa, task, now);
}

/* Initiator: process. None of this is authentic yet. */

/*
 * Anybody can send an error (section 2.21.1), so one is remembered and the message dropped. Only
 * when nothing better comes within IKE_INIT_ERROR_MS it is why the attempt failed.
 */
static enum ike_step suspect(struct ike_engine *e, struct ike_sa *sa, uint64_t now,
			     const char *reason)
{
	struct ike_handshake *h = sa->handshake;

	if (!*h->reason) {
		ike_log(e, IKE_LOG_DEBUG, sa, "%s: waiting for a better answer", reason);
		snprintf(h->reason, sizeof(h->reason), "%s", reason);
		ike_timer_set(e, &sa->timers[IKE_TIMER_EXPIRE], now + IKE_INIT_ERROR_MS);
	}
	return IKE_MORE;
}

static enum ike_step retry_with_group(struct ike_engine *e, struct ike_sa *sa,
				      struct ike_task *task, uint64_t now, struct ike_slice data)
{
	struct ike_cursor c = ike_cursor(data);
	uint16_t group = ike_get_u16(&c);
	struct ike_proposals own;
	bool offered = false;

	ike_connection_proposals(sa->conn, &own);
	for (unsigned i = 0; i < own.count; i++)
		offered |= ike_proposal_has(&own.list[i], IKE_TRANSFORM_KE, group);
	if (ike_cursor_ok(&c) && group == ike_dh_group(sa->handshake->dh))
		return IKE_MORE; /* late, for a request before this one */
	if (++sa->handshake->init_rounds > IKE_INIT_ROUNDS_MAX)
		return suspect(e, sa, now, "peer asks for another group again and again");
	if (!ike_cursor_ok(&c) || !offered)
		return suspect(
			e, sa, now,
			"INVALID_KE_PAYLOAD from peer: it wants a group that wasn't proposed");
	ike_log(e, IKE_LOG_DEBUG, sa, "peer prefers group %s",
		ike_algorithm_name(IKE_TRANSFORM_KE, group));
	return make_key_pair(e, sa, task, now, group);
}

static const char *not_solved(const struct ike_job *job)
{
	return job->error == -ETIMEDOUT ? "no time" : "it has no solution";
}

static void keep_solution(struct ike_engine *e, struct ike_sa *sa, const struct ike_job *job)
{
	memcpy(sa->handshake->solution, job->puzzle.keys, sizeof(sa->handshake->solution));
	sa->handshake->solved = true;
	e->stats.puzzles_done++;
}

/* The next slice, if it isn't solved yet; without a solution it goes on, too. */
static enum ike_step puzzle_done(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				 uint64_t now, struct ike_job *job)
{
	if (job->error == -EAGAIN)
		return ike_task_puzzle(e, task, now, &job->puzzle, puzzle_done);
	if (job->error)
		ike_log(e, IKE_LOG_WARNING, sa, "the peer's puzzle is not solved: %s",
			not_solved(job));
	else
		keep_solution(e, sa, job);
	return send_init(e, sa, now);
}

/* Is the peer's puzzle one that we solve? */
static bool read_puzzle(struct ike_engine *e, const struct ike_sa *sa, struct ike_slice data,
			struct ike_puzzle *puzzle)
{
	unsigned effort = e->config.limits.puzzle_effort;
	struct ike_cursor c = ike_cursor(data);

	e->stats.puzzles_met++;
	puzzle->prf = ike_get_u16(&c);
	puzzle->difficulty = ike_get_u8(&c);
	if (!ike_cursor_ok(&c) || !ike_prf_len(puzzle->prf) || effort == IKE_NO_LIMIT ||
	    puzzle->difficulty > effort) {
		ike_log(e, IKE_LOG_WARNING, sa,
			"peer is under load and gives a puzzle of %u zero bits, which isn't "
			"solved (puzzle_effort)",
			puzzle->difficulty);
		return false;
	}
	return true;
}

static enum ike_step solve(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			   uint64_t now, const struct ike_puzzle *puzzle, ike_resume_fn *done)
{
	const struct ike_puzzle_search search = {.puzzle = *puzzle};

	ike_log(e, IKE_LOG_DEBUG, sa, "peer is under load: solving a puzzle of %u zero bits",
		puzzle->difficulty);
	ike_timer_set(e, &sa->timers[IKE_TIMER_RETRANSMIT], IKE_NEVER);
	return ike_task_puzzle(e, task, now, &search, done);
}

/* RFC 8019, section 7.1.2, for the cookie that it came with. */
static enum ike_step meet_puzzle(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				 uint64_t now, struct ike_slice data)
{
	const struct ike_handshake *h = sa->handshake;
	unsigned effort = e->config.limits.puzzle_effort;
	struct ike_puzzle puzzle = {.len = h->cookie_len};

	if (!read_puzzle(e, sa, data, &puzzle))
		return send_init(e, sa, now);
	if (!puzzle.difficulty)
		puzzle.difficulty = (uint8_t)(effort < IKE_PUZZLE_FREE ? effort : IKE_PUZZLE_FREE);
	memcpy(puzzle.string, h->cookie, h->cookie_len);
	return solve(e, sa, task, now, &puzzle, puzzle_done);
}

static enum ike_step retry_with_cookie(struct ike_engine *e, struct ike_sa *sa,
				       struct ike_task *task, uint64_t now, struct ike_slice cookie,
				       const struct ike_notify *puzzle)
{
	struct ike_handshake *h = sa->handshake;

	if (ike_slice_equal(cookie, ike_slice(h->cookie, h->cookie_len)))
		return IKE_MORE; /* late, for a request before this one */
	if (++h->init_rounds > IKE_INIT_ROUNDS_MAX)
		return suspect(e, sa, now, "peer asks for a cookie again and again");
	memcpy(h->cookie, cookie.data, cookie.len);
	h->cookie_len = cookie.len;
	h->solved = false;
	return puzzle ? meet_puzzle(e, sa, task, now, puzzle->data) : send_init(e, sa, now);
}

/* A first message again, to where the peer sends us. */
static enum ike_step go_elsewhere(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				  uint64_t now, const struct ike_notify *n)
{
	struct ike_handshake *h = sa->handshake;
	const char *wrong = ike_redirect_take(e, sa, now, n);

	if (wrong)
		return suspect(e, sa, now, wrong);
	h->cookie_len = 0;
	h->solved = false;
	h->init_rounds = 0;
	h->reason[0] = 0;
	ike_timer_set(e, &sa->timers[IKE_TIMER_EXPIRE], IKE_NEVER);
	ike_timer_set(e, &sa->timers[IKE_TIMER_RETRANSMIT], IKE_NEVER);
	sa->path = (struct ike_path){.remote = ike_redirect_addr(sa->redirect)};
	return ike_way_find(e, sa, task, now);
}

/* Was the response a detour or an error? Then *step is what it led to. */
static bool process_notifies(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			     const struct ike_in *in, enum ike_step *step)
{
	char reason[IKE_REASON_MAX];
	struct ike_payload p;
	struct ike_notify n, puzzle;
	bool cookie = ike_find_notify(&in->payloads, IKE_N_COOKIE, &n);
	bool has_puzzle = ike_find_notify(&in->payloads, IKE_N_PUZZLE, &puzzle);

	if (cookie && n.data.len >= 1 && n.data.len <= IKE_COOKIE_MAX) {
		*step = retry_with_cookie(e, sa, task, in->now, n.data,
					  has_puzzle ? &puzzle : NULL);
		return true;
	}
	if (has_puzzle) /* for IKE_AUTH; in anything but the answer it is of no account (7.1.2) */
		return false;
	if (ike_find_notify(&in->payloads, IKE_N_REDIRECT, &n) &&
	    ike_redirect_is_for(&n, ni_of(sa))) {
		*step = go_elsewhere(e, sa, task, in->now, &n);
		return true;
	}
	if (ike_find_notify(&in->payloads, IKE_N_INVALID_KE_PAYLOAD, &n)) {
		*step = retry_with_group(e, sa, task, in->now, n.data);
		return true;
	}
	for (struct ike_walk w = ike_payloads_walk(&in->payloads); ike_payloads_next(&w, &p);) {
		if (p.type != IKE_PAYLOAD_NOTIFY || ike_parse_notify(p.body, &n) ||
		    n.type >= IKE_N_STATUS_FIRST)
			continue;
		snprintf(reason, sizeof(reason), "%s from peer in IKE_SA_INIT%s",
			 ike_notify_name(n.type),
			 n.type == IKE_N_NO_PROPOSAL_CHOSEN ? ": it accepts none of our IKE "
							      "proposals, or has no connection for "
							      "our address"
							    : "");
		*step = suspect(e, sa, in->now, reason);
		return true;
	}
	return false;
}

/* The answer was good: on to IKE_AUTH. */
static enum ike_step go_on(struct ike_engine *e, struct ike_sa *sa)
{
	ike_nat_float(e, sa);
	ike_request_done(e, sa);
	sa->handshake->reason[0] = 0;
	ike_timer_set(e, &sa->timers[IKE_TIMER_EXPIRE], IKE_NEVER);
	if (!ike_task_queue(e, sa, IKE_EXCHANGE_AUTH))
		return fail(e, sa, "out of memory");
	return IKE_DONE;
}

/* Nobody listens to an IKE_AUTH without the solution (RFC 8019, section 7.2.4). */
static enum ike_step auth_puzzle_done(struct ike_engine *e, struct ike_sa *sa,
				      struct ike_task *task, uint64_t now, struct ike_job *job)
{
	char reason[IKE_REASON_MAX];

	if (job->error == -EAGAIN)
		return ike_task_puzzle(e, task, now, &job->puzzle, auth_puzzle_done);
	if (job->error) {
		snprintf(reason, sizeof(reason), "the peer's puzzle for IKE_AUTH is not solved: %s",
			 not_solved(job));
		return fail(e, sa, reason);
	}
	keep_solution(e, sa, job);
	return go_on(e, sa);
}

/* RFC 8019, section 7.2.3 */
static enum ike_step solve_for_auth(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				    uint64_t now)
{
	struct ike_puzzle puzzle = {
		.prf = sa->handshake->puzzle_prf,
		.difficulty = sa->handshake->puzzle_difficulty,
	};
	struct ike_writer w = ike_writer(puzzle.string, sizeof(puzzle.string));

	ike_put_slice(&w, nr_of(sa));
	ike_put_u64(&w, sa->spi_r);
	puzzle.len = w.len;
	return solve(e, sa, task, now, &puzzle, auth_puzzle_done);
}

static enum ike_step have_secret(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				 uint64_t now, struct ike_job *job)
{
	struct ike_handshake *h = sa->handshake;

	h->dh = job->ke.dh;
	job->ke.dh = NULL;
	if (job->error == -EBADMSG) { /* RFC 6989, section 2.5 */
		sa->spi_r = 0;
		return suspect(e, sa, now, "peer sent an invalid public value in KE");
	}
	if (job->error == -ETIMEDOUT)
		return fail(e, sa, "no shared secret was computed in time");
	if (job->error || derive(sa, &job->ke.shared))
		return fail(e, sa, "key derivation failed");
	return h->puzzle_difficulty ? solve_for_auth(e, sa, task, now) : go_on(e, sa);
}

/* One for IKE_AUTH, whose difficulty is never ours to choose (RFC 8019, section 7.2.1.1)? False: it
 * isn't to be solved. */
static bool take_auth_puzzle(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in)
{
	struct ike_puzzle puzzle = {0};
	struct ike_notify n;
	bool given = ike_find_notify(&in->payloads, IKE_N_PUZZLE, &n);
	bool good = !given || (read_puzzle(e, sa, n.data, &puzzle) && puzzle.difficulty);

	sa->handshake->puzzle_prf = puzzle.prf;
	sa->handshake->puzzle_difficulty = good ? puzzle.difficulty : 0;
	return good;
}

enum ike_step ike_init_response(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				struct ike_in *in)
{
	struct ike_slice sa_body, ke_body, nonce_body, nonce;
	struct ike_handshake *h = sa->handshake;
	struct ike_sa_payload answer;
	struct ike_proposals own;
	enum ike_step step;
	struct ike_notify n;
	struct ike_dh *dh;
	struct ike_ke ke;
	uint64_t spi;

	if (ike_message_parse(in->datagram, in->hdr.next_payload, &in->payloads) ||
	    in->payloads.encrypted_type) {
		e->stats.drop_malformed++;
		return IKE_MORE;
	}
	if (process_notifies(e, sa, task, in, &step))
		return step;
	if (in->hdr.spi_r == 0 || ike_payloads_one(&in->payloads, IKE_PAYLOAD_SA, &sa_body) ||
	    ike_payloads_one(&in->payloads, IKE_PAYLOAD_KE, &ke_body) ||
	    ike_payloads_one(&in->payloads, IKE_PAYLOAD_NONCE, &nonce_body) ||
	    ike_parse_sa(sa_body, &answer) || ike_parse_ke(ke_body, &ke) ||
	    ike_parse_nonce(nonce_body, &nonce)) {
		e->stats.drop_malformed++;
		return IKE_MORE;
	}
	ike_connection_proposals(sa->conn, &own);
	if (ike_proposal_check_answer(IKE_PURPOSE_INIT, own.list, own.count, &answer, &sa->suite,
				      &spi) ||
	    sa->suite.group != ke.group || ke.group != ike_dh_group(h->dh))
		return suspect(e, sa, in->now, "peer chose an IKE proposal that wasn't offered");
	if (ke.data.len != ike_dh_public_len(ke.group))
		return suspect(e, sa, in->now, "peer sent an invalid public value in KE");
	if (!take_auth_puzzle(e, sa, in))
		return suspect(e, sa, in->now,
			       "peer gives a puzzle for IKE_AUTH that isn't to be solved");
	if (ike_buffer_set(&h->init_response, in->datagram))
		return fail(e, sa, "out of memory");
	sa->spi_r = in->hdr.spi_r;
	memcpy(h->nr, nonce.data, nonce.len);
	h->nr_len = nonce.len;
	ike_nat_detect(sa, in);
	h->childless = ike_find_notify(&in->payloads, IKE_N_CHILDLESS_IKEV2_SUPPORTED, &n);
	h->rounds = ike_find_notify(&in->payloads, IKE_N_MULTIPLE_AUTH_SUPPORTED, &n);
	ike_proof_learn_hashes(sa, &in->payloads);
	ike_proof_learn_requests(sa, &in->payloads);
	ike_ppk_agree(sa, in);
	sa->fragmentation = agree_on_fragments(sa, in);
	dh = h->dh;
	h->dh = NULL;
	return ike_task_ke(e, task, in->now, ke.group, dh, ke.data, have_secret);
}

/* Responder: process and build. No state before the request has proved worth it. */

/* Says no, and logs it, as often as answers to what anybody can send are allowed. */
static void refuse(struct ike_engine *e, const struct ike_in *in, uint16_t type,
		   struct ike_slice data)
{
	char from[IKE_ADDR_TEXT];

	if (!ike_answer_allowed(e, in->now)) {
		ike_be_wary(e, in->now);
		e->stats.drop_limit++;
		return;
	}
	ike_addr_text(&in->remote, from, sizeof(from));
	ike_log(e, IKE_LOG_INFO, NULL, "IKE_SA_INIT of %s answered with %s", from,
		ike_notify_name(type));
	ike_answer_plain(e, in, 0, type, data);
}

static int build_response(struct ike_engine *e, struct ike_sa *sa, const struct ike_dh *dh)
{
	struct ike_header hdr = ike_sa_header(sa, IKE_SA_INIT, true, 0);
	const struct ike_pair pair = ike_path_pair(sa);
	struct ike_builder b;

	ike_build_message(&b, e->out, sizeof(e->out), &hdr);
	ike_write_sa_answer(&b, &sa->suite, nothing);
	ike_write_ke(&b, ike_dh_group(dh), ike_dh_public(dh));
	ike_write_nonce(&b, nr_of(sa));
	ike_nat_write(&b, sa, &pair, sa->conn->encap);
	ike_proof_write_requests(&b, &e->authorities, e->asks_raw, e->asks_ocsp);
	if (sa->handshake->hashes)
		ike_proof_write_hashes(&b);
	ike_ppk_write_heeded(&b, sa);
	if (sa->conn->childless != IKE_CHILDLESS_NEVER)
		ike_write_bare_notify(&b, IKE_N_CHILDLESS_IKEV2_SUPPORTED);
	ike_write_bare_notify(&b, IKE_N_MULTIPLE_AUTH_SUPPORTED);
	if (sa->fragmentation)
		ike_write_bare_notify(&b, IKE_N_IKEV2_FRAGMENTATION_SUPPORTED);
	if (ike_build_finish(&b))
		return -EMSGSIZE;
	if (ike_buffer_set(&sa->in.response, ike_written(&b.w)))
		return -ENOMEM;
	return ike_buffer_set(&sa->handshake->init_response, ike_written(&b.w));
}

static enum ike_step answer(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			    uint64_t now, struct ike_job *job)
{
	struct ike_in in = {.now = now, .local = sa->in.local, .remote = sa->in.remote};

	(void)task;
	ike_half_open_computing(e, sa, false);
	if (job->error == -EBADMSG) { /* RFC 6989, section 2.5 */
		in.hdr = ike_sa_header(sa, IKE_SA_INIT, false, 0);
		in.hdr.flags = IKE_FLAG_INITIATOR;
		refuse(e, &in, IKE_N_INVALID_SYNTAX, nothing);
		/* It has cost a key pair: it counts as half-open as long as any other. */
		ike_sa_refused(e, sa, "peer sent an invalid public value in KE");
		return IKE_DONE;
	}
	if (job->error || derive(sa, &job->ke.shared) || build_response(e, sa, job->ke.dh))
		return fail(e, sa, "could not answer IKE_SA_INIT");
	ike_emit_send(e, &in.local, &in.remote, in.local.port == e->config.port_natt,
		      ike_slice(sa->in.response.data, sa->in.response.len));
	return IKE_DONE;
}

/* The group of the suite is that of its KE payload, which is the only one by now. */
enum ike_step ike_init_request(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			       struct ike_in *in)
{
	struct ike_slice body = nothing;
	struct ike_ke ke = {0};

	ike_payloads_one(&in->payloads, IKE_PAYLOAD_KE, &body);
	ike_parse_ke(body, &ke);
	ike_half_open_computing(e, sa, true);
	return ike_task_ke(e, task, in->now, ke.group, NULL, ke.data, answer);
}

static void accept(struct ike_engine *e, struct ike_in *in, struct ike_connection *conn,
		   const struct ike_suite *suite, struct ike_slice ni, bool solved)
{
	struct ike_sa *sa = ike_sa_new(e, in->now, false);
	struct ike_handshake *h;

	if (!sa) {
		e->stats.drop_memory++;
		return;
	}
	h = sa->handshake;
	sa->spi_i = in->hdr.spi_i;
	sa->path.local = sa->in.local = in->local;
	sa->path.remote = sa->in.remote = in->remote;
	sa->suite = *suite;
	sa->links.solved = solved;
	sa->in.next_id = 1;
	memcpy(h->ni, ni.data, ni.len);
	h->ni_len = ni.len;
	h->nr_len = IKE_NONCE_LEN;
	ike_timer_set(e, &sa->timers[IKE_TIMER_EXPIRE], in->now + e->config.half_open_timeout_ms);
	ike_sa_hold(e, sa, conn);
	ike_nat_detect(sa, in);
	sa->fragmentation = agree_on_fragments(sa, in);
	sa->redirectable = ike_redirect_supported(in);
	ike_proof_learn_hashes(sa, &in->payloads);
	ike_ppk_heed(e, sa, in);
	sa->in.task = ike_task_new(e, sa, &ike_exchanges[IKE_EXCHANGE_INIT]);
	if (!sa->in.task || ike_half_open_add(e, sa) ||
	    ike_random_fill(&e->config.random, h->nr, h->nr_len) ||
	    ike_sha256(in->datagram, sa->in.digest) ||
	    ike_buffer_set(&h->init_request, in->datagram))
		ike_sa_down(e, sa, "could not answer IKE_SA_INIT");
	else
		ike_task_take(e, sa->in.task, in);
}

/* Section 2.1: the same request gets the same response, once there is one. */
static void again(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in)
{
	const struct ike_buffer *response = &sa->in.response;

	e->stats.retransmissions_in++;
	if (sa->state != IKE_STATE_HALF_OPEN || !response->data)
		return;
	if (ike_rate_allows(&sa->in.again, in->now))
		ike_emit_send(e, &in->local, &in->remote, in->local.port == e->config.port_natt,
			      ike_slice(response->data, response->len));
	else
		e->stats.drop_limit++;
}

/* A stranger's request: no state before it has proved worth it. */
void ike_init_receive(struct ike_engine *e, struct ike_in *in)
{
	struct ike_slice sa_body, ke_body, nonce_body, nonce;
	uint8_t wanted[2];
	struct ike_writer w = ike_writer(wanted, sizeof(wanted));
	struct ike_connection *conn;
	struct ike_sa_payload offer;
	struct ike_suite suite;
	struct ike_sa *known;
	uint64_t solved;
	struct ike_ke ke;
	int err;

	if (e->stopping) {
		e->stats.drop_state++;
		return;
	}
	if (in->datagram.len > IKE_INIT_MESSAGE_MAX) {
		e->stats.drop_malformed++;
		return;
	}
	known = ike_half_open_find(e, in);
	if (known) {
		again(e, known, in);
		return;
	}
	err = ike_message_parse(in->datagram, in->hdr.next_payload, &in->payloads);
	if (err == IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD) {
		refuse(e, in, (uint16_t)err, ike_slice(&in->payloads.unsupported, 1));
		return;
	}
	/* Section 3.10.1: INVALID_SYNTAX isn't sent for what nobody has authenticated. */
	if (err || in->payloads.encrypted_type ||
	    ike_payloads_one(&in->payloads, IKE_PAYLOAD_SA, &sa_body) ||
	    ike_payloads_one(&in->payloads, IKE_PAYLOAD_KE, &ke_body) ||
	    ike_payloads_one(&in->payloads, IKE_PAYLOAD_NONCE, &nonce_body) ||
	    ike_parse_nonce(nonce_body, &nonce)) {
		e->stats.drop_malformed++;
		return;
	}
	if (!ike_admit(e, in, nonce, &solved))
		return;
	if (ike_parse_sa(sa_body, &offer) || ike_parse_ke(ke_body, &ke)) {
		e->stats.drop_malformed++;
		return;
	}
	if (ike_redirect_stranger(e, in, nonce) || ike_lookup_first(e, in))
		return;
	conn = ike_connection_for_offer(e, in, &offer, ke.group, &suite);
	if (!conn) {
		refuse(e, in, IKE_N_NO_PROPOSAL_CHOSEN, nothing);
		return;
	}
	if (suite.group != ke.group) {
		/* A step of the negotiation, and shorter than what asks for it: not to be starved.
		 */
		if (!ike_rate_allows(&e->groups, in->now))
			ike_be_wary(e, in->now);
		ike_put_u16(&w, suite.group);
		ike_answer_plain(e, in, 0, IKE_N_INVALID_KE_PAYLOAD, ike_written(&w));
		return;
	}
	if (ke.data.len != ike_dh_public_len(ke.group)) {
		refuse(e, in, IKE_N_INVALID_SYNTAX, nothing);
		return;
	}
	if (ike_admit_sa(e, solved))
		accept(e, in, conn, &suite, nonce, solved);
}
