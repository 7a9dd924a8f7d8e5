/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of an IKE SA and of the Child SAs in it. */
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
	default:
		return "DELETING";
	}
}

void ike_connection_release(struct ike_connection *conn)
{
	if (--conn->references == 0)
		ike_connection_free(conn);
}

void ike_sa_hold(struct ike_sa *sa, struct ike_connection *conn)
{
	if (sa->conn == conn)
		return;
	if (sa->conn)
		ike_connection_release(sa->conn);
	sa->conn = conn;
	conn->references++;
}

/* Is there a NAT, or does one of the two pretend so? Both sides see the same. */
bool ike_sa_nat(const struct ike_sa *sa)
{
	return sa->nat_local || sa->nat_remote || (sa->natt && sa->pretended);
}

/* ESP in UDP goes where IKE goes: an IKE SA that never moved to port 4500 has none. */
bool ike_sa_encap(const struct ike_engine *e, const struct ike_sa *sa)
{
	return ike_sa_nat(sa) && sa->local.port == e->config.port_natt;
}

void ike_sa_free_handshake(struct ike_sa *sa)
{
	ike_dh_free(sa->dh);
	sa->dh = NULL;
	ike_buffer_free(&sa->init_request);
	ike_buffer_free(&sa->init_response);
	OPENSSL_cleanse(sa->keys.sk_pi, sizeof(sa->keys.sk_pi));
	OPENSSL_cleanse(sa->keys.sk_pr, sizeof(sa->keys.sk_pr));
}

struct ike_child *ike_child_new(struct ike_engine *e, struct ike_sa *sa,
				const struct ike_child_config *config)
{
	struct ike_child *child;
	uint32_t spi;

	if (sa->child_count == IKE_CHILDREN_MAX)
		return NULL;
	spi = e->config.alloc_spi(e->config.context);
	if (!spi)
		return NULL;
	child = calloc(1, sizeof(*child));
	if (!child) {
		e->config.release_spi(e->config.context, spi);
		return NULL;
	}
	child->id = ++e->last_id;
	child->sa = sa;
	child->config = config;
	child->spi_in = spi;
	child->next = sa->children;
	sa->children = child;
	sa->child_count++;
	ike_child_link(e, child);
	return child;
}

static struct ike_child_change change_of(const struct ike_engine *e, const struct ike_child *child)
{
	return (struct ike_child_change){
		.child_id = child->id,
		.spi_in = child->spi_in,
		.spi_out = child->spi_out,
		.encap = ike_sa_encap(e, child->sa),
		.local = child->sa->local,
		.remote = child->sa->remote,
	};
}

void ike_child_remove(struct ike_engine *e, struct ike_child *child, const char *reason)
{
	struct ike_child **at = &child->sa->children;

	if (child->remove) {
		child->remove->change = change_of(e, child);
		ike_action_queue(e, child->remove);
	} else {
		e->config.release_spi(e->config.context, child->spi_in);
	}
	ike_emit_event(e, IKE_ACTION_CHILD_DOWN, child->sa, child, reason);
	while (*at != child)
		at = &(*at)->next;
	*at = child->next;
	child->sa->child_count--;
	ike_child_unlink(e, child);
	free(child);
}

/*
 * Derive a Child SA's keys and hand it to the data path, for which nothing is queued unless all of
 * it worked. The CHILD_REMOVE is made now: later there may be no memory for it.
 */
int ike_child_install(struct ike_engine *e, struct ike_child *child)
{
	struct ike_sa *sa = child->sa;
	struct ike_action *a = ike_action_new(e, IKE_ACTION_CHILD_INSTALL);
	struct ike_action *removal = ike_action_new(e, IKE_ACTION_CHILD_REMOVE);
	struct ike_child_install *i;
	int err = -ENOMEM;

	if (!a || !removal)
		goto undo;
	i = &a->install;
	err = ike_keys_derive_child(sa->suite.prf, &sa->keys, &child->suite,
				    ike_slice(sa->ni, sa->ni_len), ike_slice(sa->nr, sa->nr_len),
				    sa->initiator ? &i->keys_out : &i->keys_in,
				    sa->initiator ? &i->keys_in : &i->keys_out);
	if (err)
		goto undo;
	i->child_id = child->id;
	i->ike_id = sa->id;
	strcpy(i->connection, sa->conn->name);
	strcpy(i->child, child->config->name);
	i->local = sa->local;
	i->remote = sa->remote;
	i->encap = ike_sa_encap(e, sa);
	i->suite = child->suite;
	i->spi_in = child->spi_in;
	i->spi_out = child->spi_out;
	i->local_ts = child->local_ts;
	i->remote_ts = child->remote_ts;
	i->replay_window = child->config->replay_window;
	child->remove = removal;
	child->state = IKE_CHILD_INSTALLING;
	ike_action_queue(e, a);
	return 0;
undo:
	ike_action_free(a);
	ike_action_free(removal);
	return err;
}

void ike_sa_down(struct ike_engine *e, struct ike_sa *sa, const char *reason)
{
	char why[IKE_REASON_MAX];

	if (sa->state == IKE_STATE_DEAD)
		return;
	snprintf(why, sizeof(why), "%s", reason); /* it may lie in sa->reason */
	while (sa->children)
		ike_child_remove(e, sa->children, why);
	ike_half_open_remove(e, sa);
	if (sa->initiator || sa->connected)
		ike_emit_event(e, IKE_ACTION_IKE_DOWN, sa, NULL, why);
	ike_log(e, sa->initiator || sa->connected ? IKE_LOG_INFO : IKE_LOG_DEBUG, sa, "down: %s",
		why);
	sa->state = IKE_STATE_DEAD;
	sa->dead_next = e->dead;
	e->dead = sa;
	ike_sa_reschedule(e, sa);
}

/*
 * Responder: IKE_AUTH came to nothing. The IKE SA goes on counting as half-open for its address
 * until its time is over, so that failing costs as much as never coming back; all it does meanwhile
 * is to answer a retransmission.
 */
void ike_sa_refused(struct ike_engine *e, struct ike_sa *sa, const char *reason)
{
	if (sa->state == IKE_STATE_DEAD)
		return;
	while (sa->children)
		ike_child_remove(e, sa->children, reason);
	ike_log(e, IKE_LOG_DEBUG, sa, "refused: %s", reason);
	snprintf(sa->reason, sizeof(sa->reason), "%s", reason);
	ike_sa_free_handshake(sa);
	sa->state = IKE_STATE_HALF_OPEN;
	sa->auth_failed = true;
	sa->expire_at = sa->created_at + e->config.half_open_timeout_ms;
	if (!sa->half_open)
		ike_half_open_add(e, sa);
	ike_sa_reschedule(e, sa);
}

/*
 * INITIAL_CONTACT says that the peer has no other IKE SA with us (section 2.4). One that was
 * established after this handshake began is younger than the claim and stays.
 */
static void supersede(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	struct ike_sa *other = NULL;
	bool replace = sa->conn->unique == IKE_UNIQUE_REPLACE;
	bool believe = sa->peer_initial_contact && sa->conn->unique != IKE_UNIQUE_NEVER;

	if (!replace && !believe)
		return;
	while ((other = ike_peer_find(e, &sa->local_id, &sa->remote_id, other))) {
		if (other == sa || other->established_at > sa->created_at)
			continue;
		if (believe)
			ike_sa_down(e, other, "the peer started anew (INITIAL_CONTACT)");
		else
			ike_sa_delete(e, other, now, "replaced by a newer IKE SA of this peer");
	}
}

static bool same_child(const struct ike_sa *a, const struct ike_sa *b)
{
	if (strcmp(a->conn->name, b->conn->name) != 0)
		return false;
	if (!a->children || !b->children)
		return !a->children && !b->children;
	return strcmp(a->children->config->name, b->children->config->name) == 0;
}

/*
 * A peer that forgets its IKE SAs and never says so can't make us keep them without end. Those for
 * other children don't count: each child has an IKE SA of its own.
 */
static void delete_surplus(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	struct ike_sa *other = NULL, *oldest = NULL;
	unsigned count = 0;

	while ((other = ike_peer_find(e, &sa->local_id, &sa->remote_id, other))) {
		if (other->delete_wanted || !same_child(other, sa))
			continue;
		count++;
		if (!oldest || other->established_at < oldest->established_at ||
		    (other->established_at == oldest->established_at && other->id < oldest->id))
			oldest = other;
	}
	if (count > IKE_SAS_PER_PEER_MAX)
		ike_sa_delete(e, oldest, now, "the peer has too many newer ones");
}

void ike_sa_established(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	char local[IKE_ID_TEXT], remote[IKE_ID_TEXT];

	sa->state = IKE_STATE_ESTABLISHED;
	sa->established_at = now;
	sa->last_heard_at = now;
	sa->connected = true;
	sa->expire_at = sa->delete_wanted ? sa->expire_at : IKE_NEVER;
	ike_half_open_remove(e, sa);
	ike_sa_free_handshake(sa);
	if (sa->initiator)
		e->stats.established_initiator++;
	else
		e->stats.established_responder++;
	if (sa->nat_local)
		sa->keepalive_at = ike_later(now, e->config.keepalive_ms);
	ike_id_text(&sa->local_id, local, sizeof(local));
	ike_id_text(&sa->remote_id, remote, sizeof(remote));
	ike_emit_event(e, IKE_ACTION_IKE_UP, sa, NULL, NULL);
	ike_log(e, IKE_LOG_INFO, sa, "established between %.64s and %.64s", local, remote);
	ike_peer_link(e, sa);
	supersede(e, sa, now);
	delete_surplus(e, sa, now);
}

/* Delete an IKE SA and tell the peer, as soon as no other request of ours is on its way. */
void ike_sa_delete(struct ike_engine *e, struct ike_sa *sa, uint64_t now, const char *reason)
{
	if (sa->state == IKE_STATE_DEAD || sa->delete_wanted)
		return;
	snprintf(sa->reason, sizeof(sa->reason), "%s", reason);
	if (sa->state == IKE_STATE_CONNECTING || sa->state == IKE_STATE_HALF_OPEN) {
		ike_sa_down(e, sa, sa->reason); /* nothing that the peer would have to forget */
		return;
	}
	sa->delete_wanted = true;
	sa->expire_at = now + e->config.delete_timeout_ms;
	ike_sa_advance(e, sa, now);
}

/* Start the next request of our own if there is one to start. */
void ike_sa_advance(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	enum ike_task task = IKE_TASK_NONE;

	/* CREATE_CHILD_SA is declined, so without a Child SA it is good for nothing any more. */
	if (sa->state == IKE_STATE_ESTABLISHED && !sa->children && !sa->delete_wanted &&
	    sa->childless_until == IKE_NEVER)
		sa->childless_until = now + IKE_CHILDLESS_MS;
	if (sa->state == IKE_STATE_ESTABLISHED && sa->task == IKE_TASK_NONE) {
		if (sa->delete_wanted) {
			task = IKE_TASK_DELETE_IKE;
			sa->state = IKE_STATE_DELETING;
		} else if (sa->dpd_wanted) {
			task = IKE_TASK_DPD;
		}
		for (struct ike_child *child = sa->children; child; child = child->next) {
			if (task == IKE_TASK_NONE && child->state == IKE_CHILD_DELETE_QUEUED)
				task = IKE_TASK_DELETE_CHILDREN;
		}
	}
	if (task != IKE_TASK_NONE && ike_informational_start(e, sa, now, task))
		ike_sa_down(e, sa, "could not build a request");
	if (sa->state != IKE_STATE_DEAD)
		ike_sa_reschedule(e, sa);
}

static void move(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in)
{
	struct ike_action *a;

	sa->remote = in->remote;
	sa->local = in->local;
	for (struct ike_child *child = sa->children; child; child = child->next) {
		if (!child->remove)
			continue;
		a = ike_emit(e, IKE_ACTION_CHILD_UPDATE);
		if (a)
			a->change = change_of(e, child);
	}
}

static bool came_over(const struct ike_in *in, const struct ike_addr *local,
		      const struct ike_addr *remote)
{
	return ike_addr_equal(&in->local, local) && ike_addr_equal(&in->remote, remote);
}

/*
 * Follow a peer behind a NAT whose mapping changed (section 2.23). Without a NAT, or behind one
 * ourselves, addresses stay what they were.
 *
 * One authentic and fresh message isn't enough: somebody on the way may have caught it and sent it
 * from elsewhere. A request of ours goes to both places then, and where its answer comes from
 * decides. An answer to such a request raises no new doubt, so this ends.
 */
void ike_sa_move(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in)
{
	bool answer = in->hdr.flags & IKE_FLAG_RESPONSE;
	bool asked = sa->moving;

	if (!sa->nat_remote || sa->nat_local)
		return;
	if (answer)
		sa->moving = false;
	if (came_over(in, &sa->local, &sa->remote))
		return;
	if (answer && asked) {
		if (came_over(in, &sa->moving_local, &sa->moving_remote))
			move(e, sa, in);
		return;
	}
	sa->moving = true;
	sa->moving_local = in->local;
	sa->moving_remote = in->remote;
	sa->dpd_wanted = true;
}
