/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which connections a peer may belong to, found without a look at all of them: by one of its
 * addresses, by its identity, and those whose peer may be elsewhere. A hub has very many of the
 * last kind that differ in nothing that an IKE_SA_INIT could tell: for that one of each kind does.
 */
#include <errno.h>
#include <stdlib.h>

#include "host/ike/sa.h"

/* One address of a connection's peer. */
struct ike_place {
	struct ike_link by_remote;
	struct ike_connection *conn;
};

/* Connections whose peer may be elsewhere, of the same ends and proposals. */
struct ike_kind {
	struct ike_link by_ends;
	struct ike_kind *next, **at;	     /* of all in the engine */
	struct ike_connection *first, *last; /* in their order */
};

static bool has_name(const struct ike_hosts *hosts)
{
	for (unsigned i = 0; i < hosts->count; i++) {
		if (hosts->list[i].name)
			return true;
	}
	return false;
}

/* What a name stands for is known of each by itself. */
static bool same_kind(const struct ike_connection *a, const struct ike_connection *b)
{
	return ike_hosts_equal(&a->local, &b->local) && ike_hosts_equal(&a->remote, &b->remote) &&
	       !has_name(&a->local) && !has_name(&a->remote) &&
	       ike_proposals_equal(a->proposals, a->proposal_count, b->proposals,
				   b->proposal_count);
}

static uint64_t hash_hosts(const struct ike_engine *e, uint64_t h, const struct ike_hosts *hosts)
{
	for (unsigned i = 0; i < hosts->count; i++) {
		const struct ike_range *range = &hosts->list[i].range;
		struct ike_addr first = {.family = range->family};

		memcpy(first.ip, range->first, sizeof(first.ip));
		h = (h << 7 | h >> 57) ^ ike_ip_hash(e, &first);
	}
	return h;
}

static uint64_t hash_ends(const struct ike_engine *e, const struct ike_connection *conn)
{
	return hash_hosts(e, hash_hosts(e, conn->proposal_count, &conn->local), &conn->remote);
}

static struct ike_kind *kind_of(struct ike_engine *e, const struct ike_connection *conn)
{
	uint64_t hash = hash_ends(e, conn);
	struct ike_link *l = ike_table_first(&e->by_ends, hash);
	struct ike_kind *kind;

	for (; l; l = ike_table_next(l)) {
		kind = IKE_OWNER(l, struct ike_kind, by_ends);
		if (same_kind(kind->first, conn))
			return kind;
	}
	kind = calloc(1, sizeof(*kind));
	if (!kind)
		return NULL;
	kind->next = e->kinds;
	kind->at = &e->kinds;
	if (kind->next)
		kind->next->at = &kind->next;
	e->kinds = kind;
	ike_table_add(&e->by_ends, &kind->by_ends, hash);
	return kind;
}

static int join_kind(struct ike_engine *e, struct ike_connection *conn)
{
	struct ike_kind *kind = kind_of(e, conn);
	struct ike_connection *before;

	if (!kind)
		return -ENOMEM;
	/* A new one is the last. */
	before = kind->last;
	while (before && before->order > conn->order)
		before = before->kind_prev;
	conn->kind = kind;
	conn->kind_prev = before;
	conn->kind_next = before ? before->kind_next : kind->first;
	*(before ? &before->kind_next : &kind->first) = conn;
	*(conn->kind_next ? &conn->kind_next->kind_prev : &kind->last) = conn;
	return 0;
}

static void leave_kind(struct ike_engine *e, struct ike_connection *conn)
{
	struct ike_kind *kind = conn->kind;

	if (!kind)
		return;
	*(conn->kind_prev ? &conn->kind_prev->kind_next : &kind->first) = conn->kind_next;
	*(conn->kind_next ? &conn->kind_next->kind_prev : &kind->last) = conn->kind_prev;
	conn->kind = NULL;
	if (kind->first)
		return;
	*kind->at = kind->next;
	if (kind->next)
		kind->next->at = kind->at;
	ike_table_remove(&e->by_ends, &kind->by_ends);
	free(kind);
}

/* To be found by what is known of the peer; its order is. 0 or -ENOMEM. */
int ike_connection_place(struct ike_engine *e, struct ike_connection *conn)
{
	conn->places = calloc(conn->remote.count + 1, sizeof(*conn->places));
	if (!conn->places)
		return -ENOMEM;
	if (ike_lookups_begin(e, conn) ||
	    (!ike_hosts_are_addresses(&conn->remote) && join_kind(e, conn))) {
		ike_connection_unplace(e, conn);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < conn->remote.count; i++) {
		struct ike_addr addr = ike_host_addr(&conn->remote.list[i]);

		if (!ike_host_is_address(&conn->remote.list[i]))
			continue;
		conn->places[i].conn = conn;
		ike_table_add(&e->by_remote, &conn->places[i].by_remote, ike_ip_hash(e, &addr));
	}
	ike_table_add(&e->by_remote_id, &conn->by_remote_id, ike_id_hash(e, &conn->remote_id));
	return 0;
}

/* Not any more. */
void ike_connection_unplace(struct ike_engine *e, struct ike_connection *conn)
{
	ike_lookups_end(e, conn);
	for (unsigned i = 0; i < conn->remote.count && conn->places; i++)
		ike_table_remove(&e->by_remote, &conn->places[i].by_remote);
	free(conn->places);
	conn->places = NULL;
	ike_table_remove(&e->by_remote_id, &conn->by_remote_id);
	leave_kind(e, conn);
}

/* All whose peer may be at an address: those that name it, then those of more than addresses. */
struct ike_candidates ike_candidates_at(const struct ike_engine *e, const struct ike_addr *remote)
{
	return (struct ike_candidates){
		.link = ike_table_first(&e->by_remote, ike_ip_hash(e, remote)),
		.kind = e->kinds,
	};
}

static struct ike_connection *next_named(struct ike_candidates *c)
{
	struct ike_link *link = c->link;

	c->link = ike_table_next(link);
	return IKE_OWNER(link, struct ike_place, by_remote)->conn;
}

struct ike_connection *ike_candidates_next(struct ike_candidates *c)
{
	struct ike_connection *conn;

	if (c->link)
		return next_named(c);
	if (!c->of_kind && c->kind) {
		c->of_kind = c->kind->first;
		c->kind = c->kind->next;
	}
	conn = c->of_kind;
	if (conn)
		c->of_kind = conn->kind_next;
	return conn;
}

/* Of those of one kind the first alone. */
struct ike_connection *ike_candidates_next_kind(struct ike_candidates *c)
{
	const struct ike_kind *kind = c->kind;

	if (c->link)
		return next_named(c);
	if (!kind)
		return NULL;
	c->kind = kind->next;
	return kind->first;
}

/* The next one after `after` that is for just this identity of a peer. */
struct ike_connection *ike_connection_of_id(const struct ike_engine *e, const struct ike_id *remote,
					    const struct ike_connection *after)
{
	struct ike_link *l = after ? ike_table_next(&after->by_remote_id)
				   : ike_table_first(&e->by_remote_id, ike_id_hash(e, remote));

	while (l &&
	       !ike_id_equal(&IKE_OWNER(l, struct ike_connection, by_remote_id)->remote_id, remote))
		l = ike_table_next(l);
	return l ? IKE_OWNER(l, struct ike_connection, by_remote_id) : NULL;
}

/* Has it IKE SAs, and may their peer be this one's, too, as far as it is known where that is? */
static bool may_share_peer(const struct ike_connection *conn, const struct ike_connection *other)
{
	return other != conn && other->references > 1 && !ike_id_is_one(&other->remote_id) &&
	       ike_hosts_overlap(&other->remote, &conn->remote);
}

static bool shares_host(const struct ike_engine *e, const struct ike_connection *conn,
			const struct ike_host *host)
{
	const struct ike_addr addr = ike_host_addr(host);
	struct ike_candidates c = ike_candidates_at(e, &addr);
	const struct ike_connection *other;

	/* Others have a name only if they are elsewhere, and an address only where it is found. */
	if (host->name)
		c.link = NULL;
	else
		c.kind = NULL;
	while ((other = ike_candidates_next(&c))) {
		if (may_share_peer(conn, other))
			return true;
	}
	return false;
}

/* May it be that another connection is about to reach the same peer? */
bool ike_connection_is_shared(const struct ike_engine *e, const struct ike_connection *conn)
{
	const struct ike_connection *other = NULL;

	while ((other = ike_connection_of_id(e, &conn->remote_id, other))) {
		if (other != conn && other->references > 1)
			return true;
	}
	for (unsigned i = 0; i < conn->remote.count; i++) {
		if (ike_host_is_one(&conn->remote.list[i]) &&
		    shares_host(e, conn, &conn->remote.list[i]))
			return true;
	}
	return false;
}
