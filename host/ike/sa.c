/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of an IKE SA. */
#include "host/ike/sa.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

const char *ike_state_name(enum ike_state state)
{
	switch (state) {
	case IKE_STATE_CONNECTING:
		return "CONNECTING";
	case IKE_STATE_HALF_OPEN:
		return "HALF_OPEN";
	case IKE_STATE_AUTHENTICATING:
		return "AUTHENTICATING";
	case IKE_STATE_INSTALLING:
		return "INSTALLING";
	case IKE_STATE_ESTABLISHED:
		return "ESTABLISHED";
	case IKE_STATE_REFUSED:
		return "REFUSED";
	case IKE_STATE_REKEYED:
		return "REKEYED";
	case IKE_STATE_DELETING:
		return "DELETING";
	default:
		return "DEAD";
	}
}

const char *ike_child_state_name(enum ike_child_state state)
{
	switch (state) {
	case IKE_CHILD_REQUESTED:
		return "REQUESTED";
	case IKE_CHILD_INSTALLING:
		return "INSTALLING";
	case IKE_CHILD_INSTALLED:
		return "INSTALLED";
	case IKE_CHILD_REKEYING:
		return "REKEYING";
	case IKE_CHILD_REKEYED:
		return "REKEYED";
	case IKE_CHILD_LINGERING:
		return "LINGERING";
	default:
		return "DELETING";
	}
}

void ike_connection_release(struct ike_connection *conn)
{
	while (conn && --conn->references == 0) {
		struct ike_connection *before = conn->before;

		ike_connection_free(conn);
		conn = before;
	}
}

void ike_sa_hold(struct ike_engine *e, struct ike_sa *sa, struct ike_connection *conn)
{
	if (sa->conn == conn)
		return;
	if (sa->conn)
		ike_connection_release(sa->conn);
	sa->conn = conn;
	conn->references++;
	ike_conn_link(e, sa);
}

/* What only the handshake needed, erased. */
void ike_handshake_free(struct ike_sa *sa)
{
	struct ike_handshake *h = sa->handshake;

	sa->handshake = NULL;
	if (!h)
		return;
	ike_dh_free(h->dh);
	ike_buffer_free(&h->init_request);
	ike_buffer_free(&h->init_response);
	ike_buffer_free(&h->authorities);
	ike_mixed_free(h->mixed);
	OPENSSL_cleanse(h, sizeof(*h));
	free(h);
}

/* Did anybody hear of it, and does it end without a successor? */
static bool is_missed(const struct ike_sa *sa)
{
	return sa->connected ||
	       (sa->initiator && !sa->predecessor && !sa->successor && !sa->renews);
}

/*
 * It ends before its successor has taken over. One that the peer has made does so now: the peer has
 * deleted the old one while it wasn't decided whose stays. One that isn't complete ends with it.
 */
static void hand_over(struct ike_engine *e, struct ike_sa *sa)
{
	struct ike_sa *next = sa->successor ? ike_sa_find_id(e, sa->successor) : NULL,
		      *rival = NULL;

	if (ike_task_is(sa->out.task, IKE_EXCHANGE_REKEY_IKE))
		rival = ike_sa_find_id(
			e, IKE_OWNER(sa->out.task, struct ike_create_task, task)->rival_id);
	if (next && next->state == IKE_STATE_CONNECTING)
		ike_sa_down(e, next, "the IKE SA that it was to replace is gone");
	if (rival)
		next = rival;
	if (!next || next->state != IKE_STATE_ESTABLISHED)
		return;
	/* If it was to be deleted, what was to replace it isn't wanted either. */
	if (sa->state == IKE_STATE_DELETING && next->predecessor == sa->id)
		ike_sa_delete(e, next, sa->last_heard_at, "its predecessor is deleted");
	if (sa->state != IKE_STATE_ESTABLISHED)
		return;
	ike_liveness_check(e, next); /* it may be that the peer is dead */
	ike_sa_succeed(e, sa, next, sa->last_heard_at);
}

/* It ends before it has taken over: what it was to replace goes on. */
static void release(struct ike_engine *e, const struct ike_sa *sa)
{
	struct ike_sa *old = ike_sa_find_id(e, sa->predecessor);

	if (old && old->successor == sa->id)
		old->successor = 0;
}

void ike_sa_down(struct ike_engine *e, struct ike_sa *sa, const char *reason)
{
	char why[IKE_REASON_MAX];
	bool said;

	if (sa->state == IKE_STATE_DEAD)
		return;
	snprintf(why, sizeof(why), "%s", reason); /* it may lie in what is about to be freed */
	hand_over(e, sa);
	release(e, sa);
	said = is_missed(sa);
	if (sa->trying)
		ike_way_failed(sa->conn);
	sa->state = IKE_STATE_DEAD;
	ike_sa_renewal_leave(e, sa);
	while (sa->children) {
		if (!ike_child_linger_on(e, sa->children, e->now))
			ike_child_remove(e, sa->children, e->now, why);
	}
	ike_lease_end(e, sa);
	ike_tasks_drop(e, sa, why);
	ike_half_open_remove(e, sa);
	for (unsigned kind = 0; kind < IKE_SA_TIMERS; kind++)
		ike_timer_set(e, &sa->timers[kind], IKE_NEVER);
	if (said)
		ike_emit_event(e, IKE_ACTION_IKE_DOWN, sa, NULL, why);
	ike_log(e, said ? IKE_LOG_INFO : IKE_LOG_DEBUG, sa, "down: %s", why);
	sa->links.dead_next = e->dead;
	e->dead = sa;
}

/*
 * Responder: IKE_AUTH came to nothing. The IKE SA goes on counting as half-open for its address
 * until its time is over, so that failing costs as much as never coming back; all it does meanwhile
 * is to answer a retransmission. Where something is at work in all others there is no place for it.
 */
void ike_sa_refused(struct ike_engine *e, struct ike_sa *sa, const char *reason)
{
	if (sa->state == IKE_STATE_DEAD)
		return;
	sa->state = IKE_STATE_REFUSED;
	while (sa->children)
		ike_child_remove(e, sa->children, e->now, reason);
	ike_lease_end(e, sa);
	ike_tasks_drop(e, sa, reason);
	ike_log(e, IKE_LOG_DEBUG, sa, "refused: %s", reason);
	snprintf(sa->handshake->reason, sizeof(sa->handshake->reason), "%s", reason);
	ike_timer_set(e, &sa->timers[IKE_TIMER_EXPIRE],
		      sa->created_at + e->config.half_open_timeout_ms);
	if (!sa->links.source && (!ike_half_open_room(e) || ike_half_open_add(e, sa)))
		ike_sa_down(e, sa, reason);
}

/* Do both serve the same purpose? Other children of a connection, or other connections, are no
 * duplicates. */
static bool same_child(const struct ike_sa *a, const struct ike_sa *b)
{
	if (strcmp(a->conn->name, b->conn->name) != 0)
		return false;
	if (!a->children || !b->children)
		return !a->children && !b->children;
	return strcmp(a->children->config->name, b->children->config->name) == 0;
}

/*
 * Once the new one is known to have all of it. Who has begun that deletes the old one itself, if it
 * renews it; and if the peer holds that both were begun at once it may delete either: a further
 * request in ours tells it that we have that.
 */
static void end_soon(struct ike_engine *e, struct ike_sa *old, struct ike_sa *sa, uint64_t now)
{
	struct ike_sa *ours = old->initiator ? old : sa;

	old->superseded_by = sa->id;
	ike_timer_set(e, &old->timers[IKE_TIMER_LIFE], now + IKE_REPLACED_MS);
	if (old->initiator == sa->initiator)
		return;
	ike_liveness_check(e, ours);
	ike_sa_advance(e, ours, now);
}

/* Whoever begins where the peer of an older one is, when that had long been up, may be that peer.
 */
bool ike_sa_may_be_renewed_by(const struct ike_sa *old, const struct ike_sa *sa)
{
	return ike_addr_equal(&old->path.remote, &sa->path.remote) &&
	       old->authenticated_at < sa->created_at;
}

/* Nor does the peer know a successor of it that has taken over thereby. */
static void forget(struct ike_engine *e, struct ike_sa *sa)
{
	static const char reason[] = "the peer started anew (INITIAL_CONTACT)";
	struct ike_sa *successor;

	ike_sa_down(e, sa, reason);
	successor = ike_sa_find_id(e, sa->successor);
	if (successor)
		ike_sa_down(e, successor, reason);
}

/*
 * INITIAL_CONTACT says that the peer has no other IKE SA with us (section 2.4). One that was
 * established after this handshake began is younger than the claim and stays.
 */
static void supersede(struct ike_engine *e, struct ike_sa *sa, uint64_t now, bool initial_contact)
{
	struct ike_sa *other = NULL;
	bool keep = sa->conn->unique == IKE_UNIQUE_KEEP;
	bool replace = keep || sa->conn->unique == IKE_UNIQUE_REPLACE;
	bool believe = initial_contact && sa->conn->unique != IKE_UNIQUE_NEVER;

	if (!replace && !believe)
		return;
	while ((other = ike_peer_same(e, sa, other))) {
		if (other == sa || other->authenticated_at > sa->created_at ||
		    (!believe && !same_child(other, sa)) ||
		    (!believe && keep && !ike_sa_may_be_renewed_by(other, sa)))
			continue;
		if (believe)
			forget(e, other);
		else
			end_soon(e, other, sa, now);
	}
}

/* The pairs of a child are one each. */
static bool is_same(const struct ike_child *a, const struct ike_child *b)
{
	const struct ike_ts_list local = ike_ts_kept(b->local_ts),
				 remote = ike_ts_kept(b->remote_ts);

	return a->config == b->config &&
	       (!a->alone || !b->alone ||
		ike_child_carries(a, (struct ike_ts[]){local.list[0], remote.list[0]}));
}

static bool leads(const struct ike_sa *sa, const struct ike_child *what)
{
	for (const struct ike_child *child = sa->children; child; child = child->next) {
		if (is_same(child, what) && child->level == IKE_LEVEL_USE && child->confirmed &&
		    child->state <= IKE_CHILD_REKEYED)
			return true;
	}
	return false;
}

/* Is a new Child SA asked for in it, by either, or going to be? */
bool ike_sa_gets_more(const struct ike_sa *sa)
{
	return ike_task_is(sa->in.task, IKE_EXCHANGE_NEW_CHILD) ||
	       ike_task_find(sa, IKE_EXCHANGE_NEW_CHILD);
}

/* Has it all that the other has, and is going to have? */
bool ike_sa_covers(const struct ike_sa *sa, const struct ike_sa *other)
{
	for (const struct ike_child *child = other->children; child; child = child->next) {
		if (child->state < IKE_CHILD_DELETING && !leads(sa, child))
			return false;
	}
	return other->children && !ike_sa_gets_more(other);
}

/* One that the peer began while we began this one, or the other way round. */
static struct ike_sa *crossed(const struct ike_engine *e, const struct ike_sa *sa,
			      const struct ike_sa *after)
{
	struct ike_sa *other = (struct ike_sa *)after;

	while ((other = ike_peer_same(e, sa, other))) {
		if (other->began != sa->began && !other->predecessor &&
		    other->authenticated_at >= sa->created_at &&
		    sa->authenticated_at >= other->created_at && !ike_sa_ending(other))
			return other;
	}
	return NULL;
}

static bool loses(const struct ike_sa *sa, const struct ike_sa *other)
{
	return sa->outdone != other->outdone ? sa->outdone : sa->begun_spi < other->begun_spi;
}

/* Of ours that are not up yet each is to go that the peer's wins against. The peer may have renewed
 * that by then, and doesn't think of ours any more. */
static void outdo(const struct ike_engine *e, const struct ike_sa *sa)
{
	struct ike_sa *other = NULL;

	while ((other = ike_begun_find(e, sa->conn, other))) {
		if (other->created_at <= sa->authenticated_at && other->spi_i < sa->begun_spi)
			other->outdone = true;
	}
}

/*
 * Where both sides have begun one at the same time, the one whose initiator had the lower SPI goes,
 * also if either has been rekeyed since; perhaps only one side can tell that it was at the same
 * time. Is it this one? Then the flow had better not be led there.
 */
bool ike_sa_has_lost(const struct ike_engine *e, const struct ike_sa *sa)
{
	const struct ike_sa *other = NULL;

	while (sa->conn->unique != IKE_UNIQUE_NEVER && (other = crossed(e, sa, other))) {
		if (loses(sa, other) && ike_sa_covers(other, sa))
			return true;
	}
	return false;
}

static const char both_began[] = "both sides have begun one at the same time";

void ike_sa_lost(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	ike_sa_leave(e, sa, now, both_began);
}

/* What the other one has as well goes: if that is all of it, so does the IKE SA. */
void ike_sa_cede(struct ike_engine *e, struct ike_sa *sa, const struct ike_sa *other, uint64_t now,
		 const char *reason)
{
	if (ike_sa_covers(other, sa)) {
		ike_sa_leave(e, sa, now, reason);
		return;
	}
	for (struct ike_child *c = sa->children; c; c = c->next) {
		if (c->state == IKE_CHILD_INSTALLED && leads(other, c))
			ike_delete_child(e, c, reason);
		if (sa->state == IKE_STATE_DEAD)
			return;
	}
	ike_sa_advance(e, sa, now);
}

/* A flow has been led there: of what crossed it, that may go which has nothing of its own. */
void ike_sa_won(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	struct ike_sa *other = NULL;

	while (sa->conn->unique != IKE_UNIQUE_NEVER && !ike_sa_ending(sa) &&
	       (other = crossed(e, sa, other))) {
		if (loses(other, sa))
			ike_sa_cede(e, other, sa, now, both_began);
		else
			ike_sa_cede(e, sa, other, now, both_began);
	}
}

/*
 * A peer that forgets its IKE SAs and never says so can't make us keep them without end. Where many
 * may have one identity (`never`), they are no surplus.
 */
static void delete_surplus(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	struct ike_sa *other = NULL, *oldest = NULL;
	unsigned count = 0;

	if (sa->conn->unique == IKE_UNIQUE_NEVER)
		return;
	while ((other = ike_peer_same(e, sa, other))) {
		if (ike_sa_ending(other) || !same_child(other, sa))
			continue;
		count++;
		if (!oldest || other->established_at < oldest->established_at ||
		    (other->established_at == oldest->established_at && other->id < oldest->id))
			oldest = other;
	}
	if (count > IKE_SAS_PER_PEER_MAX)
		ike_sa_delete(e, oldest, now, "the peer has too many newer ones");
}

/* From when it was established, but a rekeying proves no identity anew. */
static uint64_t end_of_life(const struct ike_sa *sa)
{
	const struct ike_connection *conn = sa->conn;
	uint64_t rekey_at = conn->rekey_ms ? sa->established_at + conn->rekey_ms : 0;
	uint64_t reauth_at = conn->reauth_ms ? sa->authenticated_at + conn->reauth_ms : 0;
	uint64_t last_at = rekey_at > reauth_at ? rekey_at : reauth_at, end;

	end = last_at && conn->over_ms ? last_at + conn->over_ms : IKE_NEVER;
	if (sa->user && sa->user->until < end)
		end = sa->user->until;
	return sa->leave_at && sa->leave_at < end ? sa->leave_at : end;
}

static void set_lifetimes(struct ike_engine *e, struct ike_sa *sa)
{
	const struct ike_connection *conn = sa->conn;
	uint64_t rekey_at = conn->rekey_ms ? sa->established_at + conn->rekey_ms : 0;
	uint64_t reauth_at = conn->reauth_ms ? sa->authenticated_at + conn->reauth_ms : 0;

	if (rekey_at)
		ike_timer_set(e, &sa->timers[IKE_TIMER_REKEY],
			      rekey_at - ike_jitter(e, conn->rand_ms));
	sa->reauth_at = reauth_at && sa->began ? reauth_at : IKE_NEVER;
	if (sa->reauth_at != IKE_NEVER && !sa->redirect)
		ike_timer_set(e, &sa->timers[IKE_TIMER_REAUTH],
			      reauth_at - ike_jitter(e, conn->rand_ms));
	ike_timer_set(e, &sa->timers[IKE_TIMER_LIFE], end_of_life(sa));
}

/* What runs while it is established. */
void ike_sa_alive(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	const struct ike_connection *conn = sa->conn;

	if (ike_path_keeps_open(&sa->path))
		ike_timer_set(e, &sa->timers[IKE_TIMER_KEEPALIVE],
			      ike_later(now, e->config.keepalive_ms));
	if (conn->dpd_delay_ms)
		ike_timer_set(e, &sa->timers[IKE_TIMER_LIVENESS],
			      ike_later(now, conn->dpd_delay_ms));
	if (!sa->children && !sa->childless && sa->timers[IKE_TIMER_CHILDLESS].at == IKE_NEVER)
		ike_timer_set(e, &sa->timers[IKE_TIMER_CHILDLESS], now + IKE_CHILDLESS_MS);
	set_lifetimes(e, sa);
	ike_sa_renewal_left(e, sa, now);
}

/* The one that is to take its place, or its successor; NULL: it has gone, or goes itself. */
static const struct ike_sa *superseder(const struct ike_engine *e, const struct ike_sa *sa)
{
	const struct ike_sa *other = ike_sa_find_id(e, sa->superseded_by);

	while (other && other->successor && ike_sa_find_id(e, other->successor))
		other = ike_sa_find_id(e, other->successor);
	return other && !ike_sa_ending(other) ? other : NULL;
}

/* Its lifetime is over; or another was to take its place, which may not have all of it yet. */
void ike_sa_over(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	const struct ike_sa *other = superseder(e, sa);
	uint64_t end = end_of_life(sa);

	if (end <= now || !sa->superseded_by) {
		ike_sa_delete(e, sa, now,
			      sa->leave_at && sa->leave_at <= now
				      ? "its peer was redirected to another gateway"
			      : sa->user && sa->user->until <= now
				      ? "the time is over for which its peer was let in"
				      : "its lifetime is over");
	} else if (other && ike_sa_covers(other, sa)) {
		ike_sa_delete(e, sa, now, "replaced by a newer IKE SA of this peer");
	} else if (other) {
		sa->superseded_by = other->id;
		end = end < now + IKE_REPLACED_MS ? end : now + IKE_REPLACED_MS;
		ike_timer_set(e, &sa->timers[IKE_TIMER_LIFE], end);
	} else {
		sa->superseded_by = 0;
		ike_timer_set(e, &sa->timers[IKE_TIMER_LIFE], end);
	}
}

/* Up to `most`, of chance; without any when the generator fails. */
uint64_t ike_jitter(struct ike_engine *e, uint64_t most)
{
	uint64_t value;

	if (!most || ike_random_fill(&e->config.random, &value, sizeof(value)))
		return 0;
	return value % (most + 1);
}

bool ike_sa_is_full(const struct ike_sa *sa)
{
	return sa->child_count >= IKE_CHILDREN_MAX / 2;
}

/* Not while another one takes its place or is to, nor before it has that of another one. */
bool ike_sa_can_be_rekeyed(const struct ike_sa *sa)
{
	return sa->state == IKE_STATE_ESTABLISHED && !ike_sa_ending(sa) && !sa->successor &&
	       !sa->predecessor && !ike_task_find(sa, IKE_EXCHANGE_REKEY_IKE);
}

void ike_sa_rekey(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	if (!ike_sa_can_be_rekeyed(sa))
		return;
	if (!ike_task_queue(e, sa, IKE_EXCHANGE_REKEY_IKE))
		ike_sa_rekey_later(e, sa, now);
	ike_sa_advance(e, sa, now);
}

/* Another try after one that came to nothing, not at once and not at the peer's very moment. */
void ike_sa_rekey_later(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	ike_timer_set(e, &sa->timers[IKE_TIMER_REKEY],
		      now + IKE_RETRY_MS + ike_jitter(e, IKE_RETRY_RAND_MS));
}

/* How long a request of ours is repeated, and so, presumably, one of the peer's. */
uint64_t ike_patience(const struct ike_connection *conn)
{
	uint64_t wait = conn->retransmit_ms, sum = wait;

	for (unsigned i = 0; i < conn->retransmit_tries; i++) {
		wait = wait * conn->retransmit_percent / 100;
		sum += wait;
	}
	return sum;
}

/* Everything that the old one has is the successor's now; the old one is only to be deleted. */
void ike_sa_succeed(struct ike_engine *e, struct ike_sa *old, struct ike_sa *sa, uint64_t now)
{
	struct ike_child **last = &sa->children;
	struct ike_task **at = &sa->out.queue;
	struct ike_action *a;

	old->state = IKE_STATE_REKEYED;
	old->successor = sa->id;
	old->connected = false;
	sa->state = IKE_STATE_ESTABLISHED;
	sa->connected = true;
	sa->established_at = sa->last_heard_at = now;
	/* The peer may have moved since it was begun, or be suspected to, or heard elsewhere. */
	sa->path = old->path;
	if (!sa->in.remote.family) {
		sa->in.local = old->in.local;
		sa->in.remote = old->in.remote;
	}
	ike_mobike_succeed(e, old, sa);
	ike_timer_set(e, &sa->timers[IKE_TIMER_EXPIRE], IKE_NEVER);
	while (*last)
		last = &(*last)->next;
	*last = old->children;
	for (struct ike_child *child = old->children; child; child = child->next)
		child->sa = sa;
	sa->child_count += old->child_count;
	old->children = NULL;
	old->child_count = 0;
	sa->lease = old->lease;
	old->lease = NULL;
	while (*at)
		at = &(*at)->next;
	while (old->out.queue) {
		struct ike_task *task = old->out.queue;

		old->out.queue = task->next;
		task->next = NULL;
		if (ike_task_is(task, IKE_EXCHANGE_REKEY_IKE)) { /* it is */
			ike_task_free(e, task);
			continue;
		}
		task->sa = sa;
		*at = task;
		at = &task->next;
	}
	/* Its minute goes on: rekeying doesn't make it good for anything. */
	if (!sa->children)
		ike_timer_set(e, &sa->timers[IKE_TIMER_CHILDLESS],
			      old->timers[IKE_TIMER_CHILDLESS].at);
	/* So does what renews it. */
	ike_timer_set(e, &sa->timers[IKE_TIMER_REAUTH], old->timers[IKE_TIMER_REAUTH].at);
	ike_probe_succeed(e, old, sa, now);
	for (unsigned kind = 0; kind < IKE_SA_TIMERS; kind++)
		ike_timer_set(e, &old->timers[kind], IKE_NEVER);
	/* Until the peer deletes it, which may not have our answer yet. */
	ike_timer_set(e, &old->timers[IKE_TIMER_EXPIRE], now + ike_patience(old->conn));
	ike_table_remove(&e->by_peer, &old->links.by_peer);
	ike_peer_link(e, sa);
	ike_sa_renewal_moves(e, old, sa);
	ike_sa_alive(e, sa, now);
	a = ike_emit_event(e, IKE_ACTION_IKE_REKEYED, sa, NULL, NULL);
	if (a)
		a->event.old_id = old->id;
	sa->predecessor = 0;
	ike_log(e, IKE_LOG_INFO, sa, "has taken over from IKE SA %llu",
		(unsigned long long)old->id);
	ike_sa_advance(e, sa, now);
}

/*
 * The peer uses a successor of its making, so it is the one, if that wasn't sure yet. If the old
 * one is to be deleted, this is where the peer has all of it, and hears of the end.
 */
void ike_sa_decided(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	struct ike_sa *old = sa->predecessor ? ike_sa_find_id(e, sa->predecessor) : NULL;

	if (!old || sa->state != IKE_STATE_ESTABLISHED)
		return;
	if (old->state == IKE_STATE_ESTABLISHED)
		ike_sa_succeed(e, old, sa, now);
	else if (old->state == IKE_STATE_DELETING)
		ike_sa_delete(e, sa, now, "its predecessor is deleted");
}

/* The handshake is over; what it needed is the caller's to free. */
void ike_sa_established(struct ike_engine *e, struct ike_sa *sa, uint64_t now, bool initial_contact)
{
	bool ending = ike_sa_ending(sa);
	struct ike_id local_id = ike_id_kept(sa->local_id), remote_id = ike_id_kept(sa->remote_id),
		      eap_id = ike_id_kept(ike_sa_eap_id(sa));
	char local[IKE_ID_TEXT], remote[IKE_ID_TEXT], user[IKE_ID_TEXT];

	sa->state = ending ? IKE_STATE_DELETING : IKE_STATE_ESTABLISHED;
	sa->established_at = now;
	sa->last_heard_at = now;
	sa->connected = true;
	sa->trying = false;
	ike_redirect_free(sa->redirect); /* it has led here */
	sa->redirect = NULL;
	if (!ending)
		ike_timer_set(e, &sa->timers[IKE_TIMER_EXPIRE], IKE_NEVER);
	ike_half_open_remove(e, sa);
	ike_begun_remove(e, sa);
	if (sa->initiator)
		e->stats.established_initiator++;
	else
		e->stats.established_responder++;
	sa->authenticated_at = now;
	sa->began = sa->initiator;
	sa->begun_spi = sa->spi_i;
	if (!sa->began)
		outdo(e, sa);
	ike_mobike_settle(e, sa);
	ike_sa_alive(e, sa, now);
	ike_probe_begin(e, sa, now);
	ike_id_text(&local_id, local, sizeof(local));
	ike_id_text(&remote_id, remote, sizeof(remote));
	ike_emit_event(e, IKE_ACTION_IKE_UP, sa, NULL, NULL);
	ike_id_text(&eap_id, user, sizeof(user));
	ike_log(e, IKE_LOG_INFO, sa, "established between %.64s and %.64s%s%.64s", local, remote,
		ike_sa_eap_id(sa) ? " as " : "", ike_sa_eap_id(sa) ? user : "");
	ike_peer_link(e, sa);
	supersede(e, sa, now, initial_contact);
	delete_surplus(e, sa, now);
}

/* Is it being deleted, or going to be? */
bool ike_sa_ending(const struct ike_sa *sa)
{
	return sa->state == IKE_STATE_DELETING || sa->state == IKE_STATE_REFUSED ||
	       sa->state == IKE_STATE_DEAD || ike_task_find(sa, IKE_EXCHANGE_DELETE_IKE);
}

/* Sections 2.25.1 and 2.25.2: what stands in the way of replacing it? */
bool ike_sa_is_busy(const struct ike_sa *sa)
{
	if (sa->successor || ike_task_is(sa->out.task, IKE_EXCHANGE_NEW_CHILD) ||
	    ike_task_is(sa->out.task, IKE_EXCHANGE_REKEY_CHILD) ||
	    ike_task_is(sa->out.task, IKE_EXCHANGE_DELETE_CHILD))
		return true;
	for (const struct ike_child *child = sa->children; child; child = child->next) {
		if (child->waiter.token)
			return true;
	}
	return false;
}

/* Delete an IKE SA and tell the peer, as soon as no other request of ours is on its way. */
void ike_sa_delete(struct ike_engine *e, struct ike_sa *sa, uint64_t now, const char *reason)
{
	struct ike_task *task;

	sa->trying = false; /* it doesn't fail */
	if (ike_sa_ending(sa))
		return;
	/* The peer may have it already: what it is to replace sees to it that it hears of the end.
	 */
	if (sa->state == IKE_STATE_CONNECTING && sa->predecessor)
		return;
	if (sa->state == IKE_STATE_CONNECTING || sa->state == IKE_STATE_HALF_OPEN) {
		ike_sa_down(e, sa, reason); /* nothing that the peer would have to forget */
		return;
	}
	ike_tasks_drop(e, sa, reason);
	task = ike_task_queue(e, sa, IKE_EXCHANGE_DELETE_IKE);
	if (!task) {
		ike_sa_down(e, sa, reason);
		return;
	}
	ike_delete_because(task, reason);
	if (sa->state == IKE_STATE_ESTABLISHED || sa->state == IKE_STATE_REKEYED)
		sa->state = IKE_STATE_DELETING;
	for (struct ike_child *child = sa->children; child; child = child->next)
		ike_child_yield(e, child, now);
	ike_timer_set(e, &sa->timers[IKE_TIMER_EXPIRE], now + e->config.delete_timeout_ms);
	ike_sa_advance(e, sa, now);
}

/*
 * Delete one whose flows go on in another. The peer has that, too, but sends here until it hears of
 * the end: so it is told as often as of anything else.
 */
void ike_sa_leave(struct ike_engine *e, struct ike_sa *sa, uint64_t now, const char *reason)
{
	if (ike_sa_ending(sa))
		return;
	ike_sa_delete(e, sa, now, reason);
	if (sa->state == IKE_STATE_DELETING)
		ike_timer_set(e, &sa->timers[IKE_TIMER_EXPIRE], now + ike_patience(sa->conn));
}

/* Why it is to end, or NULL. */
static const char *known_reason(const struct ike_sa *sa)
{
	struct ike_task *task = ike_task_find(sa, IKE_EXCHANGE_DELETE_IKE);

	if (!task)
		task = ike_task_find(sa, IKE_EXCHANGE_REFUSE);
	if (task)
		return ike_delete_reason(task);
	return sa->handshake && *sa->handshake->reason ? sa->handshake->reason : NULL;
}

/* A state that must not last has lasted. */
void ike_sa_expired(struct ike_engine *e, struct ike_sa *sa)
{
	const char *reason = known_reason(sa);

	if (!reason)
		reason = sa->state == IKE_STATE_REKEYED ? "replaced"
			 : sa->state == IKE_STATE_INSTALLING
				 ? "the data path did not answer"
				 : "the initiator never came back with IKE_AUTH";
	ike_sa_down(e, sa, reason);
}

/* Our request was sent as often as may be. */
void ike_sa_unanswered(struct ike_engine *e, struct ike_sa *sa)
{
	const char *reason = known_reason(sa); /* an error that was suspected to be forged, say */
	char dead[IKE_REASON_MAX];

	e->stats.peers_dead++;
	ike_probe_unanswered(e, sa);
	sa->cause =
		sa->connected && sa->state != IKE_STATE_DELETING ? IKE_CAUSE_DEAD : IKE_CAUSE_OURS;
	snprintf(dead, sizeof(dead), "peer is dead: no answer to %s, sent %u times%s%s",
		 sa->out.task->exchange->name, sa->out.tries + 1,
		 sa->out.hint ? "; it seems to have started anew: " : "",
		 sa->out.hint ? ike_notify_name(sa->out.hint) : "");
	ike_sa_down(e, sa, reason ? reason : dead);
}
