/* SPDX-License-Identifier: BSD-2-Clause */
/* What is configured changes while there are IKE SAs. */
#include <errno.h>
#include <stdlib.h>

#include "host/ike/sa.h"

/* What a connection has become, and whether anything still is of what it was. */
struct update {
	struct ike_connection *conn;
	bool before;
};

/* The same child in what the connection has become; NULL: there is none. */
static const struct ike_child_config *find_same(const struct ike_connection *conn,
						const struct ike_child_config *config)
{
	for (unsigned i = 0; i < conn->child_count; i++) {
		const struct ike_child_config *c = &conn->children[i];

		if (strcmp(c->name, config->name) == 0 && c->mode == config->mode &&
		    ike_ts_lists_equal(&c->local_ts, &config->local_ts) &&
		    ike_ts_lists_equal(&c->remote_ts, &config->remote_ts) &&
		    ike_proposals_equal(c->proposals, c->proposal_count, config->proposals,
					config->proposal_count))
			return c;
	}
	return NULL;
}

/* What the task is about, if that is a Child SA; or NULL. */
static struct ike_create_task *about_child(struct ike_task *task)
{
	struct ike_create_task *t = NULL;

	if (ike_task_is(task, IKE_EXCHANGE_NEW_CHILD) ||
	    ike_task_is(task, IKE_EXCHANGE_REKEY_CHILD))
		t = IKE_OWNER(task, struct ike_create_task, task);
	return t && t->config ? t : NULL;
}

/* False: it is about a child that isn't there any more. */
static bool update_task(struct update *u, struct ike_task *task)
{
	struct ike_create_task *t = about_child(task);
	const struct ike_child_config *config = t ? find_same(u->conn, t->config) : NULL;

	if (config)
		t->config = config;
	return !t || config;
}

static void update_tasks(struct ike_engine *e, struct update *u, struct ike_sa *sa)
{
	struct ike_task *task = sa->out.queue;

	u->before |= !update_task(u, sa->in.task);
	u->before |= !update_task(u, sa->out.task);
	while (task) {
		struct ike_task *next = task->next;

		if (!update_task(u, task))
			ike_task_drop(e, task, "it isn't configured any more");
		task = next;
	}
}

static void update_sa(struct ike_engine *e, struct update *u, struct ike_sa *sa, uint64_t now)
{
	uint64_t dpd_delay_ms = sa->conn->dpd_delay_ms, probe_ms = sa->conn->probe_ms;

	for (struct ike_child *child = sa->children; child; child = child->next) {
		const struct ike_child_config *config = find_same(u->conn, child->config);

		u->before |= !config;
		if (config)
			ike_child_relink(e, child, config);
	}
	update_tasks(e, u, sa);
	ike_sa_hold(e, sa, u->conn);
	if (sa->state == IKE_STATE_ESTABLISHED && dpd_delay_ms != u->conn->dpd_delay_ms)
		ike_timer_set(e, &sa->timers[IKE_TIMER_LIVENESS],
			      u->conn->dpd_delay_ms ? ike_later(now, u->conn->dpd_delay_ms)
						    : IKE_NEVER);
	if (sa->state == IKE_STATE_ESTABLISHED && probe_ms != u->conn->probe_ms)
		ike_probe_begin(e, sa, now);
}

/* All of a connection, the oldest last, and how many; NULL without memory. */
static struct ike_sa **list_sas(const struct ike_engine *e, const struct ike_connection *conn,
				size_t *count)
{
	struct ike_sa **list, *sa = NULL;
	size_t i = 0;

	*count = 0;
	while ((sa = ike_conn_find(e, conn, sa)))
		++*count;
	list = calloc(*count + 1, sizeof(struct ike_sa *));
	while (list && (sa = ike_conn_find(e, conn, sa)))
		list[i++] = sa;
	return list;
}

int ike_engine_update_connection(struct ike_engine *e, uint64_t now, struct ike_connection *conn)
{
	struct ike_connection *old = ike_connection_find(e, conn->name);
	struct update u = {.conn = conn};
	struct ike_sa **sas;
	unsigned at = 0;
	size_t count;

	e->now = now;
	if (!old)
		return -ENOENT;
	conn->order = old->order;
	if (ike_connection_place(e, conn))
		return -ENOMEM;
	sas = list_sas(e, old, &count);
	if (!sas) {
		ike_connection_unplace(e, conn);
		return -ENOMEM;
	}
	ike_connection_unplace(e, old);
	if (ike_hosts_equal(&conn->remote, &old->remote)) {
		conn->target = old->target;
		conn->target_address = old->target_address;
		conn->target_addresses = old->target_addresses;
	}
	while (e->connections[at] != old)
		at++;
	e->connections[at] = conn;
	ike_table_remove(&e->by_name, &old->by_name);
	ike_table_add(&e->by_name, &conn->by_name, ike_name_hash(e, conn->name));
	conn->references = 1;
	/* The list of a connection has the newest first. */
	while (count--)
		update_sa(e, &u, sas[count], now);
	free(sas);
	if (u.before)
		conn->before = old;
	else
		ike_connection_release(old);
	return 0;
}

void ike_engine_set_log_level(struct ike_engine *e, enum ike_log_level level)
{
	e->config.log_level = level;
}

void ike_engine_set_fragment_size(struct ike_engine *e, uint16_t octets)
{
	e->config.fragment_size = octets ? octets : IKE_FRAGMENT_SIZE;
}

void ike_engine_set_redirects(struct ike_engine *e, bool ignore, uint64_t redirect_ms)
{
	e->config.ignore_redirects = ignore;
	e->config.redirect_ms = redirect_ms ? redirect_ms : IKE_REDIRECT_MS;
}

void ike_engine_set_keepalive(struct ike_engine *e, uint64_t now, uint64_t keepalive_ms)
{
	bool none = e->config.keepalive_ms == IKE_NEVER;

	e->config.keepalive_ms = keepalive_ms;
	for (struct ike_sa *sa = e->all; sa && none; sa = sa->links.next) {
		if (sa->state == IKE_STATE_ESTABLISHED && ike_path_keeps_open(&sa->path))
			ike_timer_set(e, &sa->timers[IKE_TIMER_KEEPALIVE],
				      ike_later(now, keepalive_ms));
	}
}
