/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * INFORMATIONAL (RFC 7296, section 1.4): is the peer alive, and deletion.
 *
 *   HDR, SK {[N(QCD_TOKEN)]}        -->    <--  HDR, SK {}            (RFC 6290)
 *   HDR, SK {D(ESP, our SPIs)}      -->    <--  HDR, SK {D(ESP, theirs)}     (or AH)
 *   HDR, SK {D(IKE)}                -->    <--  HDR, SK {}
 *   HDR, SK {N(AUTHENTICATION_FAILED)} --> <--  HDR, SK {}
 *   HDR, SK {N(REDIRECT)}           -->    <--  HDR, SK {}            (RFC 5685)
 */
#include <stdio.h>

#include "host/ike/sa.h"

static const struct ike_slice nothing;

/* Ours: is the peer alive? */

/* Ask as soon as may be, whatever was heard before. */
void ike_liveness_check(struct ike_engine *e, struct ike_sa *sa)
{
	const struct ike_task *task = sa->out.queue;

	while (task && !ike_task_is(task, IKE_EXCHANGE_LIVENESS))
		task = task->next;
	if (!task && sa->state == IKE_STATE_ESTABLISHED)
		ike_task_queue(e, sa, IKE_EXCHANGE_LIVENESS);
}

static bool has_sent_traffic(const struct ike_engine *e, const struct ike_sa *sa)
{
	bool heard = false;

	/* It may come over another mapping than the one that we send to. */
	if (sa->path.nat_remote && !e->config.tells_moves)
		return false;
	for (const struct ike_child *child = sa->children; child && e->config.heard;
	     child = child->next)
		heard |= child->level >= IKE_LEVEL_INBOUND &&
			 e->config.heard(e->config.context, child->id);
	return heard;
}

/* Any request of ours that is out asks as well. */
void ike_liveness_due(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	struct ike_timer *timer = &sa->timers[IKE_TIMER_LIVENESS];
	bool often = ike_mobike_asks_often(sa);
	uint64_t due = ike_later(often ? sa->asked_at : sa->last_heard_at, sa->conn->dpd_delay_ms);

	if (due > now) {
		ike_timer_set(e, timer, due);
		return;
	}
	ike_timer_set(e, timer, ike_later(now, sa->conn->dpd_delay_ms));
	if (!often && has_sent_traffic(e, sa))
		sa->last_heard_at = now;
	else if (!sa->out.task)
		ike_liveness_check(e, sa);
	ike_sa_advance(e, sa, now);
}

enum ike_step ike_liveness_start(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				 uint64_t now)
{
	struct ike_builder b;

	(void)task;
	sa->asked_at = now;
	ike_build_chain(&b, e->inner, sizeof(e->inner));
	if (sa->owes_token)
		ike_qcd_write(e, &b, sa);
	ike_mobike_write_check(e, sa, &b);
	return ike_request(e, sa, now, &b);
}

/* Section 2.21.3: fatal on both sides. */
bool ike_is_refused(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in)
{
	struct ike_notify n;
	bool refused = ike_find_notify(&in->payloads, IKE_N_INVALID_SYNTAX, &n);

	if (refused)
		ike_sa_down(e, sa, "INVALID_SYNTAX from peer");
	return refused;
}

enum ike_step ike_liveness_response(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				    struct ike_in *in)
{
	uint64_t wait = e->config.job_timeout_ms;

	(void)task;
	sa->owes_token = false;
	/* Its data path may take as long as ours for what it was told of. */
	if (!ike_is_refused(e, sa, in) && sa->asked_at > wait)
		ike_child_confirm(e, sa, sa->asked_at - wait, in->now);
	ike_mobike_checked(e, sa, in);
	return IKE_DONE;
}

/* Ours: delete Child SAs */

static struct ike_delete_task *delete_of(struct ike_task *task)
{
	return IKE_OWNER(task, struct ike_delete_task, task);
}

const char *ike_delete_reason(const struct ike_task *task)
{
	return IKE_OWNER(task, const struct ike_delete_task, task)->reason;
}

void ike_delete_because(struct ike_task *task, const char *reason)
{
	snprintf(delete_of(task)->reason, IKE_REASON_MAX, "%s", reason);
}

void ike_delete_forget(struct ike_engine *e, struct ike_task *task)
{
	struct ike_delete_task *d = delete_of(task);

	while (d->also) {
		struct ike_delete_task *other = d->also;

		d->also = other->also;
		other->also = NULL;
		ike_task_free(e, &other->task);
	}
}

static bool is_queued(const struct ike_sa *sa, const struct ike_child *child)
{
	for (struct ike_task *task = sa->out.queue; task; task = task->next) {
		if (ike_task_is(task, IKE_EXCHANGE_DELETE_CHILD) &&
		    delete_of(task)->child_id == child->id)
			return true;
	}
	return false;
}

/* Delete a Child SA and tell the peer, before all else; one that is being deleted already goes on.
 */
void ike_delete_child(struct ike_engine *e, struct ike_child *child, const char *reason)
{
	struct ike_sa *sa = child->sa;
	struct ike_task *task;

	if (child->state >= IKE_CHILD_DELETING || is_queued(sa, child))
		return;
	/* Any other request would say that it is there. */
	task = ike_task_queue_first(e, sa, IKE_EXCHANGE_DELETE_CHILD);
	if (!task) {
		ike_sa_down(e, sa, reason);
		return;
	}
	delete_of(task)->child_id = child->id;
	ike_delete_because(task, reason);
}

/* All that wait for it go into one message. */
static void gather(struct ike_sa *sa, struct ike_delete_task *d)
{
	struct ike_task **at = &sa->out.queue;

	while (*at) {
		struct ike_task *task = *at;

		if (!ike_task_is(task, IKE_EXCHANGE_DELETE_CHILD)) {
			at = &task->next;
			continue;
		}
		*at = task->next;
		delete_of(task)->also = d->also;
		d->also = delete_of(task);
	}
}

/* SPIs of Child SAs by their protocol, for delete payloads. */
struct spis {
	uint8_t octets[2][4 * IKE_CHILDREN_MAX];
	struct ike_writer esp;
	struct ike_writer ah;
};

static void spis_begin(struct spis *s)
{
	s->esp = ike_writer(s->octets[0], sizeof(s->octets[0]));
	s->ah = ike_writer(s->octets[1], sizeof(s->octets[1]));
}

static void spis_add(struct spis *s, const struct ike_child *child)
{
	ike_put_u32(child->suite.protocol == IKE_PROTO_AH ? &s->ah : &s->esp, child->spi_in);
}

static void spis_write(struct ike_builder *b, const struct spis *s)
{
	if (s->esp.len)
		ike_write_delete(b, IKE_PROTO_ESP, 4, (uint16_t)(s->esp.len / 4),
				 ike_written(&s->esp));
	if (s->ah.len)
		ike_write_delete(b, IKE_PROTO_AH, 4, (uint16_t)(s->ah.len / 4),
				 ike_written(&s->ah));
}

enum ike_step ike_delete_child_start(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				     uint64_t now)
{
	struct ike_builder b;
	struct spis spis = {.octets = {{0}}};

	spis_begin(&spis);
	gather(sa, delete_of(task));
	for (struct ike_delete_task *d = delete_of(task); d; d = d->also) {
		struct ike_child *child = ike_child_find_id(e, d->child_id);

		if (!child || child->state == IKE_CHILD_LINGERING)
			continue; /* the peer was faster */
		ike_child_yield(e, child, now);
		child->state = IKE_CHILD_DELETING;
		spis_add(&spis, child);
	}
	if (!spis.esp.len && !spis.ah.len)
		return IKE_DONE;
	ike_build_chain(&b, e->inner, sizeof(e->inner));
	spis_write(&b, &spis);
	return ike_request(e, sa, now, &b);
}

enum ike_step ike_delete_child_response(struct ike_engine *e, struct ike_sa *sa,
					struct ike_task *task, struct ike_in *in)
{
	if (ike_is_refused(e, sa, in))
		return IKE_DONE;
	for (struct ike_delete_task *d = delete_of(task); d; d = d->also) {
		struct ike_child *child = ike_child_find_id(e, d->child_id);

		if (child && child->state == IKE_CHILD_DELETING)
			ike_child_retire(e, child, in->now, d->reason);
	}
	return IKE_DONE;
}

/* Ours: delete the IKE SA, or say that the peer isn't who it should be */

enum ike_step ike_delete_ike_start(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				   uint64_t now)
{
	struct ike_builder b;

	(void)task;
	ike_build_chain(&b, e->inner, sizeof(e->inner));
	ike_write_delete(&b, IKE_PROTO_IKE, 0, 0, nothing);
	return ike_request(e, sa, now, &b);
}

enum ike_step ike_refuse_start(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			       uint64_t now)
{
	struct ike_builder b;

	(void)task;
	ike_build_chain(&b, e->inner, sizeof(e->inner));
	ike_write_bare_notify(&b, IKE_N_AUTHENTICATION_FAILED);
	return ike_request(e, sa, now, &b);
}

/* Whatever it says: this IKE SA is over. */
enum ike_step ike_delete_ike_response(struct ike_engine *e, struct ike_sa *sa,
				      struct ike_task *task, struct ike_in *in)
{
	(void)in;
	ike_sa_down(e, sa, ike_delete_reason(task));
	return IKE_DONE;
}

/* The peer's */

/* One that the peer knows, too. */
struct ike_child *ike_child_find_spi(struct ike_sa *sa, uint8_t protocol, uint32_t spi)
{
	struct ike_child *child = sa->children;

	while (child &&
	       (child->spi_out != spi || child->suite.protocol != protocol ||
		child->state == IKE_CHILD_REQUESTED || child->state == IKE_CHILD_LINGERING))
		child = child->next;
	return child;
}

/*
 * The peer deletes its inbound SPIs; ours of the same Child SAs go with them. One that we are
 * deleting as well isn't answered with: our own request says it (section 1.4.1).
 */
static void delete_children(struct ike_engine *e, struct ike_sa *sa, uint64_t now,
			    const struct ike_delete *d, struct spis *answer)
{
	struct ike_cursor c = ike_cursor(d->spis);

	for (unsigned i = 0; i < d->count; i++) {
		uint32_t spi = ike_get_u32(&c);
		struct ike_child *child = ike_child_find_spi(sa, d->protocol, spi);

		if (!child) {
			ike_child_note_unknown(sa, spi);
			continue;
		}
		if (child->state != IKE_CHILD_DELETING) {
			spis_add(answer, child);
			child->cause = IKE_CAUSE_PEER;
		}
		ike_child_retire(e, child, now, "deleted by peer");
	}
}

enum ike_step ike_informational_request(struct ike_engine *e, struct ike_sa *sa,
					struct ike_task *task, struct ike_in *in)
{
	struct spis answer = {.octets = {{0}}};
	const char *down = NULL;
	struct ike_builder b;
	bool moves;
	struct ike_payload p;
	struct ike_delete d;
	struct ike_notify n;

	(void)task;
	spis_begin(&answer);
	for (struct ike_walk w = ike_payloads_walk(&in->payloads); ike_payloads_next(&w, &p);) {
		if (p.type == IKE_PAYLOAD_DELETE && ike_parse_delete(p.body, &d)) {
			ike_respond_notify(e, sa, IKE_INFORMATIONAL, IKE_N_INVALID_SYNTAX, nothing);
			ike_sa_down(e, sa, "peer sent a malformed delete");
			return IKE_DONE;
		}
	}
	for (struct ike_walk w = ike_payloads_walk(&in->payloads); ike_payloads_next(&w, &p);) {
		if (p.type == IKE_PAYLOAD_DELETE && ike_parse_delete(p.body, &d) == 0 &&
		    d.protocol == IKE_PROTO_IKE)
			down = "deleted by peer";
	}
	if (!down)
		ike_sa_decided(e, sa, in->now);
	for (struct ike_walk w = ike_payloads_walk(&in->payloads); ike_payloads_next(&w, &p);) {
		if (p.type == IKE_PAYLOAD_DELETE && ike_parse_delete(p.body, &d) == 0 &&
		    ike_protocol_is_child(d.protocol))
			delete_children(e, sa, in->now, &d, &answer);
	}
	if (ike_find_notify(&in->payloads, IKE_N_AUTHENTICATION_FAILED, &n))
		down = "AUTHENTICATION_FAILED from peer: wrong key, certificate or identity?";
	ike_build_chain(&b, e->inner, sizeof(e->inner));
	spis_write(&b, &answer);
	moves = ike_mobike_answer(e, sa, in, &b);
	ike_respond(e, sa, IKE_INFORMATIONAL, &b);
	if (!down)
		ike_mobike_do(e, sa, in, moves);
	if (!down)
		ike_hint_inside(e, sa, in);
	if (!down)
		ike_redirect_asked(e, sa, in);
	ike_qcd_learn(sa, &in->payloads);
	if (down && sa->state != IKE_STATE_DELETING)
		sa->cause = IKE_CAUSE_PEER;
	if (down)
		ike_sa_down(e, sa, down);
	return IKE_DONE;
}
