/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CREATE_CHILD_SA for a Child SA (RFC 7296, sections 1.3.1 and 1.3.3): another one, or a successor.
 *
 *   HDR, SK {[N(REKEY_SA, old SPI),] SA, Ni, [KEi,] TSi, TSr}  -->
 *                                    <--  HDR, SK {SA, Nr, [KEr,] TSi, TSr}
 *                                    <--  HDR, SK {N(INVALID_KE_PAYLOAD, group)}
 *                                    <--  HDR, SK {N(why not)}
 *
 * A rekeying loses no packet because of its order: the responder receives on the new one before it
 * answers; the initiator moves its flows there, and only then deletes the old one; by that the
 * responder knows that it may follow. The old one goes on receiving for a while on both sides.
 *
 * Both may begin at once (section 2.8.1). Each then has two exchanges with four nonces; the one
 * with the lowest has lost, and who began it deletes what it made.
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

void ike_child_forget(struct ike_engine *e, struct ike_task *task)
{
	(void)e;
	ike_dh_free(of(task)->dh);
}

static struct ike_slice ni_of(const struct ike_create_task *t)
{
	return ike_slice(t->ni, t->ni_len);
}

static struct ike_slice nr_of(const struct ike_create_task *t)
{
	return ike_slice(t->nr, t->nr_len);
}

bool ike_nonce_lower(struct ike_slice a, struct ike_slice b)
{
	int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);

	return order ? order < 0 : a.len < b.len;
}

static struct ike_slice lower_nonce(const struct ike_create_task *t)
{
	return ike_nonce_lower(ni_of(t), nr_of(t)) ? ni_of(t) : nr_of(t);
}

/* The peer is at the same: who wins is known once ours is answered. */
void ike_rival_note(struct ike_create_task *ours, const struct ike_create_task *theirs)
{
	struct ike_slice nonce = lower_nonce(theirs);

	ours->rival_id = theirs->made_id;
	memcpy(ours->rival_nonce, nonce.data, nonce.len);
	ours->rival_len = nonce.len;
}

/* It came to nothing. */
void ike_rival_forget(struct ike_sa *sa, const struct ike_create_task *theirs)
{
	struct ike_task *task = sa->out.task;

	if ((ike_task_is(task, IKE_EXCHANGE_REKEY_CHILD) ||
	     ike_task_is(task, IKE_EXCHANGE_REKEY_IKE)) &&
	    of(task)->rival_id == theirs->made_id)
		of(task)->rival_id = 0;
}

/* Was the peer's the better one? It may have been replaced in its turn by now. */
bool ike_rival_won(const struct ike_create_task *ours)
{
	return ours->rival_id &&
	       ike_nonce_lower(lower_nonce(ours), ike_slice(ours->rival_nonce, ours->rival_len));
}

/* Our successor comes to nothing. The old one goes on, unless the peer has made another. */
static void carry_on(struct ike_engine *e, const struct ike_create_task *t, uint64_t now)
{
	struct ike_child *old = t->old_id ? ike_child_find_id(e, t->old_id) : NULL, *next;

	if (!old || (old->state != IKE_CHILD_REKEYING && old->state != IKE_CHILD_REKEYED))
		return;
	if (old->successor == t->made_id)
		old->successor = 0;
	next = ike_child_successor(e, old);
	if (next) {
		old->successor = next->id;
		old->state = IKE_CHILD_REKEYED;
		return;
	}
	old->state = IKE_CHILD_INSTALLED;
	ike_child_later(e, old, now);
	ike_sa_won(e, old->sa, now); /* what another IKE SA has as well goes now */
}

/* Ours: build */

static enum ike_step give_up(struct ike_engine *e, struct ike_sa *sa, struct ike_create_task *t,
			     uint64_t now, const char *reason);

static enum ike_step send(struct ike_engine *e, struct ike_sa *sa, struct ike_create_task *t,
			  uint64_t now)
{
	struct ike_child *child = ike_child_find_id(e, t->made_id);
	const struct ike_child *old = t->old_id ? ike_child_find_id(e, t->old_id) : NULL;
	struct ike_builder b;
	const char *nothing_to_offer;
	uint8_t spi[4];
	struct ike_writer w = ike_writer(spi, sizeof(spi));

	if (!child || (t->old_id && (!old || old->state != IKE_CHILD_REKEYING)))
		return give_up(e, sa, t, now, "it is gone meanwhile");
	ike_build_chain(&b, e->inner, sizeof(e->inner));
	if (old) {
		ike_put_u32(&w, old->spi_in);
		ike_write_notify(&b, old->suite.protocol, ike_written(&w), IKE_N_REKEY_SA, nothing);
	}
	nothing_to_offer = ike_child_offer(e, &b, child, true);
	if (nothing_to_offer)
		return give_up(e, sa, t, now, nothing_to_offer);
	ike_write_nonce(&b, ni_of(t));
	if (t->dh)
		ike_write_ke(&b, ike_dh_group(t->dh), ike_dh_public(t->dh));
	ike_child_offer_ts(&b, child);
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

static enum ike_step begin(struct ike_engine *e, struct ike_sa *sa, struct ike_create_task *t,
			   uint64_t now, uint16_t group)
{
	ike_dh_free(t->dh);
	t->dh = NULL;
	if (group == IKE_GROUP_NONE)
		return send(e, sa, t, now);
	return ike_task_ke(e, &t->task, now, group, NULL, nothing, have_key_pair);
}

/* NULL: no memory. */
static struct ike_create_task *queue(struct ike_engine *e, struct ike_sa *sa,
				     const struct ike_child_config *config)
{
	struct ike_task *task = ike_task_queue(e, sa, IKE_EXCHANGE_NEW_CHILD);

	if (!task)
		return NULL;
	of(task)->config = config;
	return of(task);
}

/* Another Child SA in an IKE SA, once its turn has come. False: no memory. */
bool ike_child_queue(struct ike_engine *e, struct ike_sa *sa, const struct ike_child_config *config,
		     const struct ike_ask *ask)
{
	struct ike_create_task *t = queue(e, sa, config);

	if (t && ask)
		t->ask = *ask;
	return t;
}

/* The same in the place of one that has to go, unless its flow is had in this IKE SA by then. */
bool ike_child_queue_instead(struct ike_engine *e, struct ike_sa *sa,
			     const struct ike_child_config *config)
{
	struct ike_create_task *t = queue(e, sa, config);

	if (t)
		t->instead = true;
	return t;
}

/* Is there one in this IKE SA that may stay? */
static bool is_had(struct ike_engine *e, const struct ike_sa *sa,
		   const struct ike_child_config *config)
{
	for (const struct ike_child *c = sa->children; c; c = c->next) {
		if (c->config == config && !c->alone && c->state <= IKE_CHILD_REKEYED &&
		    !ike_child_misplaced(e, c))
			return true;
	}
	return false;
}

bool ike_child_is_queued(const struct ike_sa *sa, const struct ike_child_config *config)
{
	for (struct ike_task *task = sa->out.queue; task; task = task->next) {
		if (ike_task_is(task, IKE_EXCHANGE_NEW_CHILD) && of(task)->config == config)
			return true;
	}
	return false;
}

bool ike_child_resource_is_queued(const struct ike_sa *sa, uint64_t group, uint32_t cpu)
{
	for (struct ike_task *task = sa->out.queue; task; task = task->next) {
		if (ike_task_is(task, IKE_EXCHANGE_NEW_CHILD) && of(task)->ask.group == group &&
		    of(task)->ask.cpu == cpu)
			return true;
	}
	return false;
}

/* One that the peer had no time for is asked for again. False: no memory. */
bool ike_child_ask_again(struct ike_engine *e, struct ike_child *child)
{
	struct ike_create_task *t = queue(e, child->sa, child->config);

	if (t)
		t->made_id = child->id;
	return t;
}

/* Is its rekeying going to be begun? */
bool ike_child_rekey_is_queued(const struct ike_child *child)
{
	for (struct ike_task *task = child->sa->out.queue; task; task = task->next) {
		if (ike_task_is(task, IKE_EXCHANGE_REKEY_CHILD) && of(task)->old_id == child->id)
			return true;
	}
	return false;
}

/* Is the peer's own request about this one being worked on? */
static bool peer_is_at_it(const struct ike_sa *sa, uint64_t old_id)
{
	return old_id && ike_task_is(sa->in.task, IKE_EXCHANGE_NEW_CHILD) &&
	       of(sa->in.task)->old_id == old_id;
}

/* Those of the one that it replaces or is beside (RFC 9611, section 4: identical ones), or what is
 * configured. */
static int set_ts(const struct ike_engine *e, struct ike_child *child, const struct ike_child *old,
		  const struct ike_ask *ask)
{
	struct ike_ts_list local, remote;

	if (!old && child->group)
		old = ike_resource_sibling(child->sa, child->group, child);
	if (!old)
		return ike_child_select(e, child, ask);
	child->alone = old->alone;
	local = ike_ts_kept(old->local_ts);
	remote = ike_ts_kept(old->remote_ts);
	return ike_child_set_ts(child, &local, &remote);
}

enum ike_step ike_child_start(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			      uint64_t now)
{
	struct ike_create_task *t = of(task);
	struct ike_child *old = t->old_id ? ike_child_find_id(e, t->old_id) : NULL, *child;
	/* The next try is in another one (operator.c). */
	const bool full = !old && !t->made_id && !t->instead && ike_sa_is_full(sa);
	int err;

	if (t->old_id &&
	    (!old || old->state != IKE_CHILD_INSTALLED || peer_is_at_it(sa, t->old_id)))
		return IKE_DONE; /* done with already, or about to be */
	if (t->instead && is_had(e, sa, t->config))
		return IKE_DONE; /* a rekeying was faster */
	if (t->ask.group && (full || !ike_resource_sibling(sa, t->ask.group, NULL) ||
			     ike_resource_is_had(sa, t->ask.group, t->ask.cpu)))
		return IKE_DONE; /* the data path asks again */
	if (old && ike_sa_is_renewed(e, sa)) {
		ike_child_later(e, old, now);
		return IKE_DONE;
	}
	child = t->made_id ? ike_child_find_id(e, t->made_id)
		: full	   ? NULL
			   : ike_child_new(e, sa, t->config, old);
	if (t->made_id && !child)
		return IKE_DONE; /* it was to be asked for again, and isn't wanted any more */
	if (child && t->ask.group) {
		child->group = t->ask.group;
		child->cpu = t->ask.cpu;
	}
	t->ni_len = IKE_NONCE_LEN;
	err = child ? set_ts(e, child, old, &t->ask) : -ENOSPC;
	if (err || ike_random_fill(&e->config.random, t->ni, t->ni_len)) {
		if (old)
			ike_child_later(e, old, now);
		else if (!t->ask.group)
			ike_emit_child_failed(
				e, sa, t->config->name,
				err == -EAFNOSUPPORT ? ike_child_no_ts(t->config)
				: full ? "the IKE SA has as many Child SAs as it may have"
				       : "no room for another SA in the data path");
		if (child)
			ike_child_remove(e, child, now, "it could not be begun");
		return IKE_DONE;
	}
	t->made_id = child->id;
	if (old) {
		old->state = IKE_CHILD_REKEYING;
		child->predecessor = old->id;
	}
	return begin(e, sa, t, now, ike_child_group(e, child));
}

/* Ours: process */

/* The new one comes to nothing; an old one goes on, and another try follows. */
static enum ike_step give_up(struct ike_engine *e, struct ike_sa *sa, struct ike_create_task *t,
			     uint64_t now, const char *reason)
{
	struct ike_child *child = ike_child_find_id(e, t->made_id);

	ike_log(e, IKE_LOG_WARNING, sa, "child %s: %s: %s", t->config->name, t->task.exchange->name,
		reason);
	carry_on(e, t, now);
	if (child)
		ike_child_remove(e, child, now, reason);
	return IKE_DONE;
}

/* The peer has forgotten the old one: without it, begin anew. */
static enum ike_step not_found(struct ike_engine *e, struct ike_sa *sa, struct ike_create_task *t,
			       uint64_t now)
{
	struct ike_child *old = ike_child_find_id(e, t->old_id);
	struct ike_child *child = ike_child_find_id(e, t->made_id);

	/* Where the peer has replaced it (and our request was late), all is well. */
	if (!old || old->state != IKE_CHILD_REKEYING)
		return give_up(e, sa, t, now, "the peer was faster");
	ike_child_queue(e, sa, t->config, NULL);
	if (child)
		ike_child_remove(e, child, now, "the peer doesn't know the old one");
	ike_child_remove(e, old, now, "the peer doesn't know it any more");
	return IKE_DONE;
}

/*
 * The peer makes no more in this IKE SA (sections 1.3 and 4). Another Child SA is had by another
 * IKE SA, and a successor by one in the place of this one; but it may be that the peer's data path
 * was full, so a successor is asked for twice. False: neither is begun.
 */
static bool no_more(struct ike_engine *e, struct ike_sa *sa, struct ike_create_task *t,
		    uint64_t now)
{
	struct ike_child *child = ike_child_find_id(e, t->made_id);
	struct ike_start start = {
		.conn = sa->conn,
		.config = t->config,
		.pair = ike_path_pair(sa),
		.ask = &t->ask,
	};
	bool again = sa->no_more, renewed;
	uint64_t id;

	sa->no_more = true;
	if (ike_sa_ending(sa) || !ike_sa_can_be_begun_again(sa) || sa->renews ||
	    (t->old_id && !again))
		return false;
	if (t->old_id) {
		give_up(e, sa, t, now, "the peer makes no more in this IKE SA");
		ike_sa_renew(e, sa, now, "the peer makes no more in it");
		return true;
	}
	renewed = ike_sa_renewal_takes(e, sa, t->config, &t->ask, now);
	if (!renewed && ike_sa_begin(e, now, &start, &id))
		return false;
	ike_log(e, IKE_LOG_INFO, sa, "child %s: the peer makes no more in this IKE SA: %s",
		t->config->name, renewed ? "it is had in the new one" : "another one is begun");
	if (child)
		ike_child_remove(e, child, now, NULL);
	return true;
}

static enum ike_step refused(struct ike_engine *e, struct ike_sa *sa, struct ike_create_task *t,
			     const struct ike_in *in, uint16_t error)
{
	struct ike_child *child = ike_child_find_id(e, t->made_id);
	char reason[IKE_REASON_MAX];
	struct ike_notify n;
	uint64_t siblings;

	if (error == IKE_N_INVALID_KE_PAYLOAD &&
	    ike_find_notify(&in->payloads, IKE_N_INVALID_KE_PAYLOAD, &n)) {
		struct ike_cursor c = ike_cursor(n.data);
		uint16_t group = ike_get_u16(&c);

		if (ike_cursor_ok(&c) && ike_child_offers_group(t->config, group) &&
		    t->rounds++ < ROUNDS_MAX)
			return begin(e, sa, t, in->now, group);
	}
	if (error == IKE_N_CHILD_SA_NOT_FOUND && t->old_id)
		return not_found(e, sa, t, in->now);
	if (error == IKE_N_TEMPORARY_FAILURE && !t->old_id) {
		ike_log(e, IKE_LOG_INFO, sa, "child %s: the peer is busy, it is asked again",
			t->config->name);
		if (child)
			ike_child_later(e, child, in->now);
		return IKE_DONE;
	}
	/* RFC 9611, section 5: no more for processors than there are; those that have none have the
	 * one for all. */
	if (child && child->resource && child->cpu != RVL_CPU_ANY &&
	    (error == IKE_N_TS_MAX_QUEUE || error == IKE_N_NO_ADDITIONAL_SAS)) {
		ike_log(e, IKE_LOG_INFO, sa, "child %s: the peer has no more for processors (%s)",
			t->config->name, ike_notify_name(error));
		siblings = child->group;
		ike_child_remove(e, child, in->now, NULL);
		ike_resource_set_full(sa, siblings, true);
		return IKE_DONE;
	}
	if (error == IKE_N_NO_ADDITIONAL_SAS && no_more(e, sa, t, in->now))
		return IKE_DONE;
	if (error == IKE_N_SINGLE_PAIR_REQUIRED && child && !t->old_id &&
	    ike_pairs_split(e, sa, child, in->now))
		return IKE_DONE;
	snprintf(reason, sizeof(reason), "%s from peer%s", ike_notify_name(error),
		 ike_explain(error));
	return give_up(e, sa, t, in->now, reason);
}

/* The peer thinks that the new one is up: take it back. */
static enum ike_step take_back(struct ike_engine *e, const struct ike_create_task *t, uint64_t now,
			       const char *reason)
{
	struct ike_child *child = ike_child_find_id(e, t->made_id);

	carry_on(e, t, now);
	if (child)
		ike_delete_child(e, child, reason);
	return IKE_DONE;
}

/* The flows are on the new one. */
static enum ike_step in_use(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			    uint64_t now, struct ike_job *job)
{
	struct ike_create_task *t = of(task);
	struct ike_child *old = t->old_id ? ike_child_find_id(e, t->old_id) : NULL;

	(void)sa;
	if (job->error)
		return take_back(e, t, now, job->reason);
	if (old && old->state == IKE_CHILD_REKEYED) /* the peer hasn't deleted it meanwhile */
		ike_delete_child(e, old, "replaced");
	return IKE_DONE;
}

/* The peer has deleted what we don't know: its delete may have overtaken its response. */
void ike_child_note_unknown(struct ike_sa *sa, uint32_t spi)
{
	struct ike_task *task = sa->out.task;

	if (ike_task_is(task, IKE_EXCHANGE_NEW_CHILD) ||
	    ike_task_is(task, IKE_EXCHANGE_REKEY_CHILD))
		of(task)->unknown_spis[of(task)->unknown_count++ % IKE_UNKNOWN_SPIS] = spi;
}

static bool is_deleted(const struct ike_create_task *t, const struct ike_child *child)
{
	for (unsigned i = 0; i < IKE_UNKNOWN_SPIS && i < t->unknown_count; i++) {
		if (t->unknown_spis[i] == child->spi_out)
			return true;
	}
	return false;
}

static enum ike_step made(struct ike_engine *e, struct ike_sa *sa, struct ike_create_task *t,
			  uint64_t now, const struct ike_secret *shared)
{
	struct ike_child *old = t->old_id ? ike_child_find_id(e, t->old_id) : NULL;
	struct ike_child *child = ike_child_find_id(e, t->made_id);

	if (!child)
		return IKE_DONE;
	if (is_deleted(t, child))
		return give_up(e, sa, t, now, "deleted by peer");
	if (ike_rival_won(t)) {
		ike_log(e, IKE_LOG_DEBUG, sa, "child %s: both rekeyed it, the peer's stays",
			t->config->name);
		return take_back(e, t, now, "the peer's simultaneous one stays");
	}
	if (old && old->state <= IKE_CHILD_REKEYED) {
		old->state = IKE_CHILD_REKEYED;
		old->successor = child->id;
	}
	if (ike_child_derive(child, shared, ni_of(t), nr_of(t), true) ||
	    ike_child_bring(e, child, now, IKE_LEVEL_USE, &t->task))
		return take_back(e, t, now, "key derivation failed");
	return ike_task_wait(&t->task, in_use);
}

static enum ike_step have_secret(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				 uint64_t now, struct ike_job *job)
{
	if (!job->error)
		return made(e, sa, of(task), now, &job->ke.shared);
	return take_back(e, of(task), now,
			 job->error == -EBADMSG ? "peer sent an invalid public value in KE"
						: "no shared secret was computed");
}

/* Has the answer a KE payload of this group, of the right length? */
static bool find_ke(const struct ike_in *in, uint16_t group, struct ike_ke *ke)
{
	struct ike_slice body;

	return ike_payloads_one(&in->payloads, IKE_PAYLOAD_KE, &body) == 0 &&
	       ike_parse_ke(body, ke) == 0 && ke->group == group &&
	       ke->data.len == ike_dh_public_len(group);
}

enum ike_step ike_child_response(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				 struct ike_in *in)
{
	struct ike_create_task *t = of(task);
	struct ike_child *child = ike_child_find_id(e, t->made_id);
	struct ike_child *old = t->old_id ? ike_child_find_id(e, t->old_id) : NULL;
	uint16_t error = ike_first_error(&in->payloads), group;
	struct ike_slice body, nonce;
	struct ike_dh *dh = t->dh;
	struct ike_ke ke;

	if (error == IKE_N_INVALID_SYNTAX) { /* section 2.21.3: fatal in both */
		ike_sa_down(e, sa, "INVALID_SYNTAX from peer");
		return IKE_DONE;
	}
	if (error)
		return refused(e, sa, t, in, error);
	if (!child)
		return IKE_DONE;
	sa->no_more = false;
	if (ike_payloads_one(&in->payloads, IKE_PAYLOAD_NONCE, &body) ||
	    ike_parse_nonce(body, &nonce)) {
		ike_sa_down(e, sa, "peer's CREATE_CHILD_SA response is malformed");
		return IKE_DONE;
	}
	memcpy(t->nr, nonce.data, nonce.len);
	t->nr_len = nonce.len;
	error = ike_child_complete(e, child, in, true);
	group = child->suite.group;
	/* From here on the peer's own attempt comes too late to be another. */
	if (old && old->state == IKE_CHILD_REKEYING)
		old->state = IKE_CHILD_REKEYED;
	if (error || (group && (!dh || ike_dh_group(dh) != group || !find_ke(in, group, &ke))))
		return take_back(e, t, in->now, "peer's answer for the Child SA is unacceptable");
	if (!group)
		return made(e, sa, t, in->now, NULL);
	t->dh = NULL;
	return ike_task_ke(e, task, in->now, group, dh, ke.data, have_secret);
}

/* The peer's */

static enum ike_step refuse(struct ike_engine *e, struct ike_sa *sa, uint16_t type,
			    struct ike_slice data)
{
	return ike_respond_notify(e, sa, IKE_CREATE_CHILD_SA, type, data);
}

static const char *const deleted_meanwhile = "it was deleted while it was made";

/* The Child SA that is being made for the peer; NULL: it isn't to be any more. */
static struct ike_child *wanted(const struct ike_engine *e, const struct ike_create_task *t)
{
	struct ike_child *child = ike_child_find_id(e, t->made_id);

	return child && child->state < IKE_CHILD_DELETING ? child : NULL;
}

/* What was begun for the peer comes to nothing. */
static enum ike_step abandon(struct ike_engine *e, struct ike_sa *sa, struct ike_create_task *t,
			     uint64_t now, uint16_t type, const char *reason)
{
	struct ike_child *child = ike_child_find_id(e, t->made_id);

	refuse(e, sa, type, nothing);
	if (type == IKE_N_INVALID_SYNTAX) /* section 2.21.3: fatal on both sides */
		ike_sa_down(e, sa, reason);
	if (sa->state == IKE_STATE_DEAD)
		return IKE_DONE;
	ike_rival_forget(sa, t);
	if (child)
		ike_child_remove(e, child, now, reason);
	return IKE_DONE;
}

static enum ike_step answer(struct ike_engine *e, struct ike_sa *sa, struct ike_create_task *t,
			    uint64_t now)
{
	struct ike_child *child = ike_child_find_id(e, t->made_id);
	struct ike_child *old = t->old_id ? ike_child_find_id(e, t->old_id) : NULL;
	struct ike_builder b;
	bool led;

	ike_build_chain(&b, e->inner, sizeof(e->inner));
	ike_child_answer(&b, child);
	ike_write_nonce(&b, nr_of(t));
	if (t->dh)
		ike_write_ke(&b, ike_dh_group(t->dh), ike_dh_public(t->dh));
	ike_child_answer_ts(&b, child);
	led = t->old_id || ike_child_lead(e, child, now) == 0;
	ike_respond(e, sa, IKE_CREATE_CHILD_SA, &b);
	if (sa->state == IKE_STATE_DEAD)
		return IKE_DONE;
	if (!led)
		ike_delete_child(e, child, "out of memory");
	else if (!t->old_id)
		ike_child_told(e, child, now);
	if (!t->old_id)
		return IKE_DONE;
	if (old && old->state == IKE_CHILD_INSTALLED) {
		old->state = IKE_CHILD_REKEYED;
		old->successor = child->id; /* in place of one of ours that has come to nothing */
	}
	/* A successor is used once the peer has deleted the old one, unless ours has taken over. */
	if (!old || old->state == IKE_CHILD_LINGERING)
		ike_child_told(e, child, now);
	return IKE_DONE;
}

static enum ike_step data_path_answered(struct ike_engine *e, struct ike_sa *sa,
					struct ike_task *task, uint64_t now, struct ike_job *job)
{
	struct ike_create_task *t = of(task);
	const struct ike_child *child = wanted(e, t);

	if (!job->error && child)
		return answer(e, sa, t, now);
	if (job->error && child)
		return abandon(e, sa, t, now, IKE_N_NO_ADDITIONAL_SAS, job->reason);
	return abandon(e, sa, t, now, IKE_N_TEMPORARY_FAILURE, deleted_meanwhile);
}

static enum ike_step install(struct ike_engine *e, struct ike_sa *sa, struct ike_create_task *t,
			     uint64_t now, const struct ike_secret *shared)
{
	struct ike_child *child = wanted(e, t);

	if (child && ike_child_derive(child, shared, ni_of(t), nr_of(t), false) == 0 &&
	    ike_child_bring(e, child, now, IKE_LEVEL_OUTBOUND, &t->task) == 0)
		return ike_task_wait(&t->task, data_path_answered);
	if (child)
		return abandon(e, sa, t, now, IKE_N_NO_ADDITIONAL_SAS, "key derivation failed");
	return abandon(e, sa, t, now, IKE_N_TEMPORARY_FAILURE, deleted_meanwhile);
}

static enum ike_step have_both(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			       uint64_t now, struct ike_job *job)
{
	struct ike_create_task *t = of(task);

	if (job->error == -EBADMSG) /* RFC 6989, section 2.5 */
		return abandon(e, sa, t, now, IKE_N_INVALID_SYNTAX,
			       "peer's public value in KE is invalid");
	if (job->error)
		return abandon(e, sa, t, now, IKE_N_TEMPORARY_FAILURE, "the key exchange failed");
	t->dh = job->ke.dh;
	job->ke.dh = NULL;
	return install(e, sa, t, now, &job->ke.shared);
}

/* The Child SA that is to be replaced, or why not (sections 2.25.1 and 2.25.2). */
static uint16_t find_old(struct ike_sa *sa, const struct ike_notify *n, struct ike_child **old)
{
	struct ike_cursor c = ike_cursor(n->spi);
	uint32_t spi = ike_get_u32(&c);

	*old = ike_cursor_ok(&c) && n->spi.len == 4 ? ike_child_find_spi(sa, n->protocol, spi)
						    : NULL;
	/* It may be the one that the peer has made for us: its request has overtaken its response.
	 */
	if (!*old && (ike_task_is(sa->out.task, IKE_EXCHANGE_NEW_CHILD) ||
		      ike_task_is(sa->out.task, IKE_EXCHANGE_REKEY_CHILD)))
		return IKE_N_TEMPORARY_FAILURE;
	if (!*old)
		return IKE_N_CHILD_SA_NOT_FOUND;
	return (*old)->state == IKE_CHILD_INSTALLED || (*old)->state == IKE_CHILD_REKEYING
		       ? 0
		       : IKE_N_TEMPORARY_FAILURE;
}

static enum ike_step malformed(struct ike_engine *e, struct ike_sa *sa)
{
	refuse(e, sa, IKE_N_INVALID_SYNTAX, nothing);
	ike_sa_down(e, sa, "peer's CREATE_CHILD_SA request is malformed");
	return IKE_DONE;
}

static enum ike_step accept(struct ike_engine *e, struct ike_sa *sa, struct ike_create_task *t,
			    struct ike_in *in, struct ike_child *old, const struct ike_ke *ke)
{
	struct ike_child *child;
	uint8_t wanted[2];
	struct ike_writer w = ike_writer(wanted, sizeof(wanted));
	const char *name;
	uint16_t error = ike_child_accept(e, sa, in, old, true, ke->group, &child, &name);

	if (error == IKE_N_INVALID_SYNTAX)
		return malformed(e, sa);
	if (error) {
		ike_log(e, IKE_LOG_WARNING, sa, "child %s: refused with %s", name,
			ike_notify_name(error));
		return refuse(e, sa, error, nothing);
	}
	t->made_id = child->id;
	if (child->suite.group && child->suite.group != ke->group) {
		ike_put_u16(&w, child->suite.group);
		refuse(e, sa, IKE_N_INVALID_KE_PAYLOAD, ike_written(&w));
		child->predecessor = old ? old->id : 0;
		if (sa->state != IKE_STATE_DEAD)
			ike_child_remove(e, child, in->now, "the peer has chosen another group");
		return IKE_DONE;
	}
	if (child->suite.group && ke->data.len != ike_dh_public_len(ke->group)) {
		child->predecessor = old ? old->id : 0;
		return malformed(e, sa);
	}
	if (old) {
		child->alone = old->alone;
		child->predecessor = old->id;
		old->successor = child->id;
		t->old_id = old->id;
		if (ike_task_is(sa->out.task, IKE_EXCHANGE_REKEY_CHILD) &&
		    of(sa->out.task)->old_id == old->id)
			ike_rival_note(of(sa->out.task), t);
	}
	if (!child->suite.group)
		return install(e, sa, t, in->now, NULL);
	return ike_task_ke(e, &t->task, in->now, ke->group, NULL, ke->data, have_both);
}

/* Is it about the IKE SA itself? Nothing else is offered with that protocol. */
static bool offers_ike(const struct ike_in *in, struct ike_sa_payload *offer)
{
	struct ike_received_proposal first;
	struct ike_cursor c;
	struct ike_slice body;

	if (ike_payloads_one(&in->payloads, IKE_PAYLOAD_SA, &body) || ike_parse_sa(body, offer))
		return false;
	c = ike_cursor(offer->proposals);
	return ike_next_proposal(&c, &first) && first.protocol == IKE_PROTO_IKE;
}

enum ike_step ike_create_child_request(struct ike_engine *e, struct ike_sa *sa,
				       struct ike_task *task, struct ike_in *in)
{
	struct ike_create_task *t = of(task);
	struct ike_slice body, nonce;
	struct ike_child *old = NULL;
	struct ike_sa_payload offer;
	struct ike_ke ke = {0};
	struct ike_notify n;
	uint16_t error = 0;

	if (ike_payloads_one(&in->payloads, IKE_PAYLOAD_NONCE, &body) ||
	    ike_parse_nonce(body, &nonce) ||
	    ike_payloads_count(&in->payloads, IKE_PAYLOAD_KE) > 1 ||
	    (ike_payloads_one(&in->payloads, IKE_PAYLOAD_KE, &body) == 0 &&
	     ike_parse_ke(body, &ke)))
		return malformed(e, sa);
	ike_sa_decided(e, sa, in->now);
	if (sa->state != IKE_STATE_ESTABLISHED)
		return refuse(e, sa, IKE_N_TEMPORARY_FAILURE, nothing);
	memcpy(t->ni, nonce.data, nonce.len);
	t->ni_len = nonce.len;
	t->nr_len = IKE_NONCE_LEN;
	if (ike_random_fill(&e->config.random, t->nr, t->nr_len))
		return refuse(e, sa, IKE_N_TEMPORARY_FAILURE, nothing);
	if (offers_ike(in, &offer))
		return ike_rekey_request(e, sa, task, in, &offer);
	if (ike_find_notify(&in->payloads, IKE_N_REKEY_SA, &n))
		error = find_old(sa, &n, &old);
	/* Section 2.25.2: the successor of the IKE SA is to have it, or the one in its place. */
	if (!error &&
	    (ike_task_is(sa->out.task, IKE_EXCHANGE_REKEY_IKE) || ike_sa_is_renewed(e, sa)))
		error = IKE_N_TEMPORARY_FAILURE;
	if (error)
		return refuse(e, sa, error, nothing);
	return accept(e, sa, t, in, old, &ke);
}
