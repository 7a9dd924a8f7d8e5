/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CREATE_CHILD_SA for the IKE SA itself (RFC 7296, sections 1.3.2 and 2.18):
 *
 *   HDR, SK {SA(our new SPI), Ni, KEi}  -->
 *                                      <--  HDR, SK {SA(theirs), Nr, KEr}
 *                                      <--  HDR, SK {N(INVALID_KE_PAYLOAD, group)}
 *                                      <--  HDR, SK {N(why not)}
 *
 * The successor takes over Child SAs and what waits in the queue; the old one is deleted by who
 * began. Of two at once the exchange with the lowest nonce has lost (section 2.8.2): who began it
 * deletes what it made.
 */
#include <errno.h>
#include <stdio.h>

#include "host/ike/sa.h"

enum { ROUNDS_MAX = 4 };

static const struct ike_slice nothing;

static struct ike_create_task *of(struct ike_task *task)
{
	return IKE_OWNER(task, struct ike_create_task, task);
}

/* What is being made goes with the task, unless it has become something. */
void ike_rekey_forget(struct ike_engine *e, struct ike_task *task)
{
	struct ike_sa *made = ike_sa_find_id(e, of(task)->made_id);

	ike_dh_free(of(task)->dh);
	if (made && made->state == IKE_STATE_CONNECTING)
		ike_sa_down(e, made, "the rekeying was given up");
}

static struct ike_slice ni_of(const struct ike_create_task *t)
{
	return ike_slice(t->ni, t->ni_len);
}

static struct ike_slice nr_of(const struct ike_create_task *t)
{
	return ike_slice(t->nr, t->nr_len);
}

static struct ike_slice spi_octets(uint64_t spi, uint8_t out[8])
{
	struct ike_writer w = ike_writer(out, 8);

	ike_put_u64(&w, spi);
	return ike_written(&w);
}

/* An IKE SA that is going to be the successor: it has all that doesn't change. */
static struct ike_sa *successor_of(struct ike_engine *e, const struct ike_sa *sa, uint64_t now,
				   bool initiator)
{
	struct ike_sa *made = ike_sa_new(e, now, initiator);
	const struct ike_id local_id = ike_id_kept(sa->local_id),
			    remote_id = ike_id_kept(sa->remote_id);

	if (!made)
		return NULL;
	made->state = IKE_STATE_CONNECTING;
	made->predecessor = sa->id;
	ike_sa_hold(e, made, sa->conn);
	if (ike_id_keep(&made->local_id, &local_id) || ike_id_keep(&made->remote_id, &remote_id) ||
	    (sa->user && !(made->user = ike_user_copy(sa->user)))) {
		ike_sa_down(e, made, "out of memory");
		return NULL;
	}
	made->path = sa->path;
	made->childless = sa->childless;
	ike_sync_succeed(sa, made);
	made->fragmentation = sa->fragmentation;
	made->fragment_size = sa->fragment_size;
	made->began = sa->began;
	made->has_ppk = sa->has_ppk;
	made->begun_spi = sa->begun_spi;
	made->redirectable = sa->redirectable;
	made->leave_at = sa->leave_at;
	made->authenticated_at = sa->authenticated_at;
	return made;
}

static int derive(const struct ike_sa *old, struct ike_sa *made, const struct ike_create_task *t,
		  const struct ike_secret *shared)
{
	int err = ike_keys_rekey(old->suite.prf, &old->keys, &made->suite, shared, ni_of(t),
				 nr_of(t), made->spi_i, made->spi_r, &made->keys);

	/* There is no AUTH any more that would need them. */
	ike_handshake_free(made);
	return err;
}

/* Ours: build */

/* The old one goes on, and another try follows; unless the peer has made a successor meanwhile. */
static enum ike_step give_up(struct ike_engine *e, struct ike_sa *sa,
			     const struct ike_create_task *t, uint64_t now, const char *reason)
{
	struct ike_sa *rival = t->rival_id ? ike_sa_find_id(e, t->rival_id) : NULL;

	ike_log(e, IKE_LOG_WARNING, sa, "the IKE SA isn't rekeyed: %s", reason);
	if (rival)
		ike_sa_decided(e, rival, now);
	else if (!sa->successor)
		ike_sa_rekey_later(e, sa, now);
	return IKE_DONE;
}

static enum ike_step send(struct ike_engine *e, struct ike_sa *sa, struct ike_create_task *t,
			  uint64_t now)
{
	const struct ike_sa *made = ike_sa_find_id(e, t->made_id);
	struct ike_proposals own;
	struct ike_builder b;
	uint8_t spi[8];

	if (!made)
		return give_up(e, sa, t, now, "the successor is gone");
	ike_connection_proposals(sa->conn, &own);
	ike_build_chain(&b, e->inner, sizeof(e->inner));
	ike_write_sa(&b, own.list, own.count, spi_octets(made->spi_i, spi));
	ike_write_nonce(&b, ni_of(t));
	ike_write_ke(&b, ike_dh_group(t->dh), ike_dh_public(t->dh));
	return ike_request(e, sa, now, &b);
}

static enum ike_step have_key_pair(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				   uint64_t now, struct ike_job *job)
{
	if (job->error)
		return give_up(e, sa, of(task), now, "no key pair was made");
	of(task)->dh = job->ke.dh;
	job->ke.dh = NULL;
	return send(e, sa, of(task), now);
}

/* Not beside work on a Child SA that the peer has asked for: it would be the old one's. */
enum ike_step ike_rekey_start(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			      uint64_t now)
{
	struct ike_create_task *t = of(task);
	struct ike_sa *made;

	if (sa->successor)
		return IKE_DONE;
	if (ike_task_is(sa->in.task, IKE_EXCHANGE_NEW_CHILD) || ike_sa_is_renewed(e, sa)) {
		ike_sa_rekey_later(e, sa, now);
		return IKE_DONE;
	}
	made = successor_of(e, sa, now, true);
	if (!made)
		return give_up(e, sa, t, now, "no memory");
	t->made_id = made->id;
	t->ni_len = IKE_NONCE_LEN;
	if (ike_random_fill(&e->config.random, t->ni, t->ni_len))
		return give_up(e, sa, t, now, "the random generator failed");
	return ike_task_ke(e, task, now, sa->suite.group, NULL, nothing, have_key_pair);
}

/* Ours: process */

static enum ike_step refused(struct ike_engine *e, struct ike_sa *sa, struct ike_create_task *t,
			     const struct ike_in *in, uint16_t error)
{
	char reason[IKE_REASON_MAX];
	struct ike_proposals own;
	struct ike_notify n;
	bool offered = false;

	if (error == IKE_N_INVALID_KE_PAYLOAD &&
	    ike_find_notify(&in->payloads, IKE_N_INVALID_KE_PAYLOAD, &n)) {
		struct ike_cursor c = ike_cursor(n.data);
		uint16_t group = ike_get_u16(&c);

		ike_connection_proposals(sa->conn, &own);
		for (unsigned i = 0; i < own.count; i++)
			offered |= ike_proposal_has(&own.list[i], IKE_TRANSFORM_KE, group);
		if (ike_cursor_ok(&c) && offered && t->rounds++ < ROUNDS_MAX) {
			ike_dh_free(t->dh);
			t->dh = NULL;
			return ike_task_ke(e, &t->task, in->now, group, NULL, nothing,
					   have_key_pair);
		}
	}
	snprintf(reason, sizeof(reason), "%s from peer", ike_notify_name(error));
	give_up(e, sa, t, in->now, reason);
	if (error == IKE_N_NO_ADDITIONAL_SAS && sa->no_more)
		ike_sa_renew(e, sa, in->now, "the peer rekeys nothing");
	sa->no_more |= error == IKE_N_NO_ADDITIONAL_SAS;
	return IKE_DONE;
}

/* It has come to nothing here, but the peer believes in it. */
static void take_back(struct ike_engine *e, struct ike_sa *made, uint64_t now, const char *reason)
{
	made->state = IKE_STATE_ESTABLISHED;
	ike_sa_delete(e, made, now, reason);
}

static enum ike_step have_secret(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				 uint64_t now, struct ike_job *job)
{
	struct ike_create_task *t = of(task);
	struct ike_sa *made = ike_sa_find_id(e, t->made_id);
	struct ike_sa *rival = t->rival_id ? ike_sa_find_id(e, t->rival_id) : NULL;

	if (!made)
		return give_up(e, sa, t, now, "the successor is gone");
	if (job->error || derive(sa, made, t, &job->ke.shared)) {
		/* The peer has moved everything to what can't be had here. */
		ike_sa_delete(e, sa, now,
			      job->error == -EBADMSG ? "peer sent an invalid public value in KE"
						     : "no keys were computed");
		return IKE_DONE;
	}
	if (ike_sa_ending(sa)) {
		take_back(e, made, now, "the IKE SA that it was to replace is being deleted");
		sa->successor = rival ? rival->id : 0; /* which ends with it */
		return IKE_DONE;
	}
	if (sa->state == IKE_STATE_REKEYED || ike_rival_won(t)) {
		ike_log(e, IKE_LOG_DEBUG, sa, "both rekeyed the IKE SA, the peer's stays");
		take_back(e, made, now, "the peer's simultaneous one stays");
		/* The peer's may still be in the making, or have come to nothing. */
		sa->successor = rival ? rival->id : 0;
		if (rival)
			ike_sa_decided(e, rival, now);
		return IKE_DONE;
	}
	/* The peer deletes its own, or was too late to make it its own. */
	if (rival)
		ike_timer_set(e, &rival->timers[IKE_TIMER_EXPIRE],
			      now + e->config.half_open_timeout_ms);
	ike_sa_succeed(e, sa, made, now);
	ike_sa_delete(e, sa, now, "replaced");
	ike_qcd_owe(e, made, now);
	return IKE_DONE;
}

enum ike_step ike_rekey_response(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				 struct ike_in *in)
{
	struct ike_create_task *t = of(task);
	struct ike_sa *made = ike_sa_find_id(e, t->made_id);
	uint16_t error = ike_first_error(&in->payloads);
	struct ike_slice sa_body, nonce_body, ke_body, nonce;
	struct ike_sa_payload answer;
	struct ike_proposals own;
	struct ike_dh *dh = t->dh;
	struct ike_ke ke;
	uint64_t spi;

	if (error == IKE_N_INVALID_SYNTAX) { /* section 2.21.3: fatal in both */
		ike_sa_down(e, sa, "INVALID_SYNTAX from peer");
		return IKE_DONE;
	}
	if (error)
		return refused(e, sa, t, in, error);
	if (!made)
		return give_up(e, sa, t, in->now, "the successor is gone");
	ike_connection_proposals(sa->conn, &own);
	if (ike_payloads_one(&in->payloads, IKE_PAYLOAD_SA, &sa_body) ||
	    ike_payloads_one(&in->payloads, IKE_PAYLOAD_NONCE, &nonce_body) ||
	    ike_payloads_one(&in->payloads, IKE_PAYLOAD_KE, &ke_body) ||
	    ike_parse_sa(sa_body, &answer) || ike_parse_nonce(nonce_body, &nonce) ||
	    ike_parse_ke(ke_body, &ke) ||
	    ike_proposal_check_answer(IKE_PURPOSE_REKEY, own.list, own.count, &answer, &made->suite,
				      &spi) ||
	    made->suite.group != ke.group || ke.group != ike_dh_group(dh) ||
	    ke.data.len != ike_dh_public_len(ke.group)) {
		ike_sa_delete(e, sa, in->now, "peer's answer to the rekeying is unacceptable");
		return IKE_DONE;
	}
	made->spi_r = spi;
	ike_qcd_learn(made, &in->payloads);
	memcpy(t->nr, nonce.data, nonce.len);
	t->nr_len = nonce.len;
	t->dh = NULL;
	/* From here on the peer's own attempt comes too late to be another. */
	sa->successor = made->id;
	return ike_task_ke(e, task, in->now, ke.group, dh, ke.data, have_secret);
}

/* The peer's */

static enum ike_step refuse(struct ike_engine *e, struct ike_sa *sa, uint16_t type,
			    struct ike_slice data)
{
	return ike_respond_notify(e, sa, IKE_CREATE_CHILD_SA, type, data);
}

/* RFC 7296, section 2.21.3: fatal on both sides. */
static enum ike_step malformed(struct ike_engine *e, struct ike_sa *sa)
{
	refuse(e, sa, IKE_N_INVALID_SYNTAX, nothing);
	ike_sa_down(e, sa, "peer's public value in KE is invalid");
	return IKE_DONE;
}

static enum ike_step answer(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			    uint64_t now, struct ike_job *job)
{
	struct ike_create_task *t = of(task);
	struct ike_sa *made = ike_sa_find_id(e, t->made_id);
	bool ours = ike_task_is(sa->out.task, IKE_EXCHANGE_REKEY_IKE);
	struct ike_builder b;
	uint8_t spi[8];

	if (job->error == -EBADMSG) /* RFC 6989, section 2.5 */
		return malformed(e, sa);
	/* One that is deleted meanwhile, or whose successor is made already, gets no other. */
	if (!made || job->error || sa->state != IKE_STATE_ESTABLISHED || ike_sa_ending(sa) ||
	    derive(sa, made, t, &job->ke.shared)) {
		refuse(e, sa, IKE_N_TEMPORARY_FAILURE, nothing);
		ike_rival_forget(sa, t);
		if (made)
			ike_sa_down(e, made, "the key exchange failed");
		return IKE_DONE;
	}
	ike_build_chain(&b, e->inner, sizeof(e->inner));
	ike_write_sa_answer(&b, &made->suite, spi_octets(made->spi_r, spi));
	ike_write_nonce(&b, nr_of(t));
	ike_write_ke(&b, ike_dh_group(job->ke.dh), ike_dh_public(job->ke.dh));
	ike_qcd_write(e, &b, made);
	ike_respond(e, sa, IKE_CREATE_CHILD_SA, &b);
	if (sa->state == IKE_STATE_DEAD)
		return IKE_DONE;
	made->state = IKE_STATE_ESTABLISHED;
	if (!ours) /* against one of ours it may yet lose */
		ike_sa_succeed(e, sa, made, now);
	return IKE_DONE;
}

enum ike_step ike_rekey_request(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				struct ike_in *in, const struct ike_sa_payload *offer)
{
	struct ike_create_task *t = of(task);
	struct ike_slice body;
	uint8_t wanted[2];
	struct ike_writer w = ike_writer(wanted, sizeof(wanted));
	struct ike_proposals own;
	struct ike_suite suite;
	struct ike_sa *made;
	struct ike_ke ke;
	uint64_t spi;

	if (ike_sa_is_busy(sa) || ike_sa_is_renewed(e, sa) || e->sa_count >= e->config.max_sas)
		return refuse(e, sa, IKE_N_TEMPORARY_FAILURE, nothing);
	if (ike_payloads_one(&in->payloads, IKE_PAYLOAD_KE, &body) || ike_parse_ke(body, &ke))
		return refuse(e, sa, IKE_N_NO_PROPOSAL_CHOSEN, nothing);
	ike_connection_proposals(sa->conn, &own);
	if (ike_proposal_select(IKE_PURPOSE_REKEY, own.list, own.count, offer, ke.group, &suite,
				&spi))
		return refuse(e, sa, IKE_N_NO_PROPOSAL_CHOSEN, nothing);
	if (suite.group != ke.group) {
		ike_put_u16(&w, suite.group);
		return refuse(e, sa, IKE_N_INVALID_KE_PAYLOAD, ike_written(&w));
	}
	if (ke.data.len != ike_dh_public_len(ke.group))
		return malformed(e, sa);
	made = successor_of(e, sa, in->now, false);
	if (!made)
		return refuse(e, sa, IKE_N_TEMPORARY_FAILURE, nothing);
	made->spi_i = spi;
	made->suite = suite;
	t->made_id = made->id;
	sa->successor = made->id;
	if (ike_task_is(sa->out.task, IKE_EXCHANGE_REKEY_IKE))
		ike_rival_note(of(sa->out.task), t);
	return ike_task_ke(e, task, in->now, ke.group, NULL, ke.data, answer);
}
