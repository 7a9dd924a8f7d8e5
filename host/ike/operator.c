/* SPDX-License-Identifier: BSD-2-Clause */
/* The operator's wishes. */
#include <errno.h>

#include "host/ike/sa.h"

static const struct ike_child_config *find_child_config(const struct ike_connection *conn,
							const char *name)
{
	for (unsigned i = 0; i < conn->child_count; i++) {
		if (!name || strcmp(conn->children[i].name, name) == 0)
			return &conn->children[i];
	}
	return NULL;
}

/* One that is up may have been narrowed to flows that the packet isn't of. 0: there is none. */
static int look_for_child(const struct ike_engine *e, const struct ike_connection *conn,
			  const struct ike_child_config *config, const struct ike_ts packet[2])
{
	struct ike_child *child = NULL;
	struct ike_sa *sa = NULL;
	bool up = false;

	while ((child = ike_child_find_config(e, config, child))) {
		if (child->state >= IKE_CHILD_DELETING || ike_sa_ending(child->sa))
			continue;
		if (child->state < IKE_CHILD_INSTALLED)
			return -EALREADY;
		up |= packet ? ike_child_carries(child, packet)
			     : ike_pairs_complete(e, child->sa, config);
	}
	while ((sa = ike_conn_find(e, conn, sa))) {
		if (ike_child_is_queued(sa, config))
			return -EALREADY;
	}
	return up ? -EISCONN : 0;
}

/* One that another Child SA can be added to: now, or if there is none, once it is established. */
static struct ike_sa *sa_to_extend(const struct ike_engine *e, const struct ike_connection *conn)
{
	struct ike_sa *sa = NULL, *coming = NULL;

	while ((sa = ike_conn_find(e, conn, sa))) {
		if (ike_sa_is_full(sa))
			continue;
		if (sa->state == IKE_STATE_ESTABLISHED && !ike_sa_ending(sa))
			return sa;
		if (!coming && !ike_sa_ending(sa) &&
		    (sa->state == IKE_STATE_CONNECTING || sa->state == IKE_STATE_AUTHENTICATING))
			coming = sa;
	}
	return coming;
}

/* The first message of a new IKE SA. Ports follow from the connection. */
int ike_sa_begin(struct ike_engine *e, uint64_t now, const struct ike_start *start,
		 uint64_t *ike_id)
{
	static const struct ike_ask nothing_else;
	struct ike_sa *sa = ike_sa_new(e, now, true);
	struct ike_child *child;
	struct ike_task *task;
	int err;

	if (!sa) {
		ike_redirect_free(start->redirect);
		return -ENOMEM;
	}
	ike_sa_hold(e, sa, start->conn);
	ike_begun_link(e, sa);
	sa->redirect = start->redirect;
	sa->path.local = start->pair.local;
	sa->path.remote = start->pair.remote;
	ike_path_begin(e, sa);
	*ike_id = sa->id;
	child = ike_child_new(e, sa, start->config, NULL);
	task = ike_task_new(e, sa, &ike_exchanges[IKE_EXCHANGE_INIT]);
	err = child && task ? 0 : -ENOMEM;
	if (!err && start->pair.local.family)
		err = ike_child_select(e, child, start->ask ? start->ask : &nothing_else);
	if (err) {
		ike_task_free(e, task);
		ike_sa_down(e, sa, "could not begin");
		return child ? err : -ENOSPC;
	}
	if (start->ask)
		IKE_OWNER(task, struct ike_init_task, task)->ask = *start->ask;
	ike_task_begin(e, task, now);
	if (sa->state == IKE_STATE_DEAD)
		return -EIO;
	e->stats.initiated++;
	return 0;
}

static int extend(struct ike_engine *e, uint64_t now, struct ike_sa *sa,
		  const struct ike_child_config *config, const struct ike_ask *ask,
		  uint64_t *ike_id)
{
	*ike_id = sa->id;
	if (!ike_child_queue(e, sa, config, ask))
		return -ENOMEM;
	ike_sa_advance(e, sa, now);
	return 0;
}

/* A new IKE SA to where the connection may go next. */
static int try_next(struct ike_engine *e, uint64_t now, struct ike_connection *conn,
		    const struct ike_child_config *config, const struct ike_ask *ask,
		    uint64_t *ike_id)
{
	struct ike_start start = {.conn = conn, .config = config, .ask = ask};
	struct ike_path path = {0};
	struct ike_sa *sa;
	int err;

	if (!ike_connection_begins(conn))
		return -EOPNOTSUPP;
	if (e->sa_count >= e->config.max_sas)
		return -EBUSY;
	err = ike_way_begin(e, conn, &path);
	start.pair = (struct ike_pair){.local = path.local, .remote = path.remote};
	if (!err)
		err = ike_sa_begin(e, now, &start, ike_id);
	sa = err ? NULL : ike_sa_find_id(e, *ike_id);
	if (sa)
		sa->trying = true;
	return err;
}

void ike_next_peer(const struct ike_engine *e, const char *connection, char *out, size_t len)
{
	const struct ike_connection *conn = ike_connection_find(e, connection);

	if (conn)
		ike_way_text(conn, out, len);
	else if (len)
		*out = 0;
}

int ike_initiate(struct ike_engine *e, uint64_t now, const char *connection, const char *child_name,
		 const struct ike_ts packet[2], uint64_t *ike_id)
{
	struct ike_connection *conn = ike_connection_find(e, connection);
	const struct ike_child_config *config = conn ? find_child_config(conn, child_name) : NULL;
	struct ike_ask ask = {0};
	struct ike_sa *sa;
	int err;

	e->now = now;
	if (!config)
		return -ENOENT;
	if (packet)
		memcpy(ask.first, packet, sizeof(ask.first));
	if (e->stopping)
		return -ESHUTDOWN;
	err = look_for_child(e, conn, config, packet);
	if (err)
		return err;
	sa = sa_to_extend(e, conn);
	err = sa ? extend(e, now, sa, config, &ask, ike_id)
		 : try_next(e, now, conn, config, &ask, ike_id);
	ike_reap(e);
	return err;
}

int ike_terminate(struct ike_engine *e, uint64_t now, uint64_t ike_id)
{
	struct ike_sa *sa = ike_sa_find_id(e, ike_id);

	e->now = now;
	if (!sa)
		return -ENOENT;
	ike_sa_delete(e, sa, now, "deleted by the operator");
	ike_reap(e);
	return 0;
}

void ike_terminate_all(struct ike_engine *e, uint64_t now)
{
	uint64_t soon = now + e->config.delete_timeout_ms;

	e->now = now;
	e->stopping = true;
	for (struct ike_sa *sa = e->all; sa; sa = sa->links.next) {
		if (sa->state == IKE_STATE_INSTALLING) /* the peer doesn't think that it is up */
			ike_sa_down(e, sa, "shutting down");
		ike_sa_delete(e, sa, now, "shutting down");
		if (sa->state == IKE_STATE_DELETING && sa->timers[IKE_TIMER_EXPIRE].at > soon)
			ike_timer_set(e, &sa->timers[IKE_TIMER_EXPIRE], soon);
	}
	ike_reap(e);
}

int ike_terminate_child(struct ike_engine *e, uint64_t now, uint64_t child_id)
{
	struct ike_child *child = ike_child_find_id(e, child_id);
	struct ike_sa *sa;

	e->now = now;
	if (!child)
		return -ENOENT;
	if (child->sa->state != IKE_STATE_ESTABLISHED) /* nothing but this child is wanted of it */
		return ike_terminate(e, now, child->sa->id);
	sa = child->sa;
	ike_delete_child(e, child, "deleted by the operator");
	ike_sa_advance(e, sa, now);
	ike_reap(e);
	return 0;
}

bool ike_is_partial(const struct ike_engine *e, const char *connection, const char *child_name)
{
	const struct ike_connection *conn = ike_connection_find(e, connection);
	const struct ike_child_config *config = conn ? find_child_config(conn, child_name) : NULL;
	const struct ike_child *child = config ? ike_child_find_config(e, config, NULL) : NULL;

	return child && !ike_pairs_complete(e, child->sa, config);
}

unsigned ike_sa_count(const struct ike_engine *e)
{
	return e->sa_count;
}

int ike_rekey_child(struct ike_engine *e, uint64_t now, uint64_t child_id)
{
	struct ike_child *child = ike_child_find_id(e, child_id);

	e->now = now;
	if (!child)
		return -ENOENT;
	if (child->state != IKE_CHILD_INSTALLED || ike_sa_ending(child->sa) ||
	    ike_child_rekey_is_queued(child))
		return -EBUSY;
	ike_child_rekey(e, child, now);
	ike_reap(e);
	return 0;
}

int ike_rekey(struct ike_engine *e, uint64_t now, uint64_t ike_id)
{
	struct ike_sa *sa = ike_sa_find_id(e, ike_id);

	e->now = now;
	if (!sa)
		return -ENOENT;
	if (!ike_sa_can_be_rekeyed(sa))
		return -EBUSY;
	ike_sa_rekey(e, sa, now);
	ike_reap(e);
	return 0;
}
