/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way to begin: which of the peer's addresses, from which of ours. A try goes to one address or
 * name of the list, and when it comes to nothing, the next try to the next one; a name is looked up
 * at each try, and its addresses are taken in turn likewise. What has worked stays.
 */
#include <errno.h>
#include <stdio.h>

#include "host/ike/sa.h"

/* Where the next try goes; NULL: nowhere. */
static const struct ike_host *target(const struct ike_connection *conn)
{
	for (unsigned i = 0; i < conn->remote.count; i++) {
		unsigned at = (conn->target + i) % conn->remote.count;

		if (ike_host_is_one(&conn->remote.list[at]))
			return &conn->remote.list[at];
	}
	return NULL;
}

void ike_way_text(const struct ike_connection *conn, char *out, size_t len)
{
	const struct ike_host *host = target(conn);

	if (host)
		ike_host_text(host, out, len);
	else
		snprintf(out, len, "its peer");
}

/* A try has come to nothing. */
void ike_way_failed(struct ike_connection *conn)
{
	const struct ike_host *host = target(conn);

	if (!host || ++conn->target_address < conn->target_addresses)
		return;
	conn->target = (unsigned)(host - conn->remote.list) + 1;
	conn->target_address = conn->target_addresses = 0;
}

/* Ours where the list has none that is one; nothing of a subnet or range is gone from otherwise. */
static bool any_of_ours(const struct ike_engine *e, const struct ike_connection *conn,
			struct ike_path *path)
{
	struct ike_addr local = {0};

	if (!e->config.local_address ||
	    !e->config.local_address(e->config.context, &path->remote, &local) ||
	    local.family != path->remote.family || !ike_hosts_match(&conn->local, &local))
		return false;
	path->local = local;
	return true;
}

/* The first of our list that goes with the peer's address; NULL: none is one. */
static const struct ike_host *source(const struct ike_connection *conn,
				     const struct ike_addr *remote)
{
	for (unsigned i = 0; i < conn->local.count; i++) {
		const struct ike_host *host = &conn->local.list[i];

		if (ike_host_is_one(host) &&
		    (!host->range.family || host->range.family == remote->family))
			return host;
	}
	return NULL;
}

/* Our end, where that takes no lookup. 0, or -EADDRNOTAVAIL. */
static int find_source(const struct ike_engine *e, const struct ike_connection *conn,
		       struct ike_path *path)
{
	const struct ike_host *host = source(conn, &path->remote);

	if (!host)
		return any_of_ours(e, conn, path) ? 0 : -EADDRNOTAVAIL;
	if (!host->name)
		path->local = ike_host_addr(host);
	return 0;
}

/*
 * All that is known without a lookup; an end of family 0 takes one. 0, -EDESTADDRREQ: the peer may
 * be anywhere; -EADDRNOTAVAIL: there is no address of ours to go from.
 */
int ike_way_begin(const struct ike_engine *e, struct ike_connection *conn, struct ike_path *path)
{
	const struct ike_host *host = target(conn);
	int err;

	if (!host)
		return -EDESTADDRREQ;
	if (host->name)
		return 0;
	path->remote = ike_host_addr(host);
	err = find_source(e, conn, path);
	if (err)
		ike_way_failed(conn);
	return err;
}

static enum ike_step fail(struct ike_engine *e, struct ike_sa *sa, const char *format,
			  const char *what)
{
	char reason[IKE_REASON_MAX];

	snprintf(reason, sizeof(reason), format, what);
	ike_sa_down(e, sa, reason);
	return IKE_DONE;
}

static enum ike_step look_up(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			     uint64_t now, const struct ike_host *host, ike_resume_fn *resume)
{
	if (ike_resolve(e, sa, &task->waiter, now, host))
		return fail(e, sa, "%s", "out of memory");
	return ike_task_wait(task, resume);
}

/* Both ends are known, and with them what `dynamic` is. */
static enum ike_step go(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			uint64_t now)
{
	const struct ike_init_task *init = IKE_OWNER(task, struct ike_init_task, task);
	int err = ike_child_select(e, sa->children, &init->ask);
	struct ike_action *reach;

	if (err)
		return fail(e, sa, "%s",
			    err == -EAFNOSUPPORT ? ike_child_no_ts(sa->children->config)
						 : "out of memory");
	ike_path_begin(e, sa);
	if (sa->redirect && (reach = ike_emit(e, IKE_ACTION_REACH)))
		reach->reach = ike_path_pair(sa);
	return ike_init_begin(e, sa, task, now);
}

static enum ike_step have_source(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				 uint64_t now, struct ike_job *job)
{
	if (!ike_resolved(job))
		return fail(e, sa, "our end: %s", ike_resolve_reason(job));
	sa->path.local = job->resolve.list[0];
	return go(e, sa, task, now);
}

/* The peer's address is known. */
static enum ike_step go_on(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			   uint64_t now)
{
	const struct ike_host *host = source(sa->conn, &sa->path.remote);
	char text[IKE_ADDR_TEXT];

	if (find_source(e, sa->conn, &sa->path)) {
		ike_addr_text(&sa->path.remote, text, sizeof(text));
		return fail(e, sa, "no address of ours leads to %s", text);
	}
	if (!sa->path.local.family) {
		struct ike_host same_family = *host;

		same_family.range.family = sa->path.remote.family;
		return look_up(e, sa, task, now, &same_family, have_source);
	}
	return go(e, sa, task, now);
}

static enum ike_step have_target(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				 uint64_t now, struct ike_job *job)
{
	struct ike_connection *conn = sa->conn;
	char text[IKE_ADDR_TEXT];
	unsigned at = 0;

	if (!ike_resolved(job))
		return fail(e, sa, "%s", ike_resolve_reason(job));
	if (!sa->redirect) {
		conn->target_addresses = job->resolve.count;
		if (conn->target_address >= conn->target_addresses)
			conn->target_address = 0;
		at = conn->target_address;
	}
	sa->path.remote = job->resolve.list[at];
	ike_addr_text(&sa->path.remote, text, sizeof(text));
	ike_log(e, IKE_LOG_DEBUG, sa, "%s is %s", job->resolve.name, text);
	return go_on(e, sa, task, now);
}

/* Look up what isn't known of the way, and begin the exchange then. Who was sent to a gateway goes
 * there instead. */
enum ike_step ike_way_find(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			   uint64_t now)
{
	const struct ike_host *host = sa->redirect ? &sa->redirect->to.list[0] : target(sa->conn);

	if (sa->path.local.family)
		return ike_init_begin(e, sa, task, now);
	if (sa->path.remote.family)
		return go_on(e, sa, task, now);
	return look_up(e, sa, task, now, host, have_target);
}
