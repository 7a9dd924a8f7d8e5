/* SPDX-License-Identifier: BSD-2-Clause */
/* The connections of an engine, and which of them a peer belongs to. */
#include <errno.h>
#include <stdlib.h>

#include "host/ike/sa.h"

void ike_connection_proposals(const struct ike_connection *conn, struct ike_proposals *out)
{
	out->list = conn->proposals;
	out->count = conn->proposal_count;
	if (!out->count) {
		out->count = ike_proposal_defaults(IKE_PROTO_IKE, out->defaults);
		out->list = out->defaults;
	}
}

struct ike_connection *ike_connection_find(const struct ike_engine *e, const char *name)
{
	struct ike_link *l = ike_table_first(&e->by_name, ike_name_hash(e, name));

	while (l && strcmp(IKE_OWNER(l, struct ike_connection, by_name)->name, name) != 0)
		l = ike_table_next(l);
	return l ? IKE_OWNER(l, struct ike_connection, by_name) : NULL;
}

int ike_engine_add_connection(struct ike_engine *e, struct ike_connection *conn)
{
	struct ike_connection **list;

	if (ike_connection_find(e, conn->name))
		return -EEXIST;
	list = realloc(e->connections, (e->connection_count + 1) * sizeof(struct ike_connection *));
	if (!list)
		return -ENOMEM;
	e->connections = list;
	list[e->connection_count++] = conn;
	ike_table_add(&e->by_name, &conn->by_name, ike_name_hash(e, conn->name));
	conn->references = 1;
	return 0;
}

int ike_engine_remove_connection(struct ike_engine *e, const char *name)
{
	struct ike_connection *conn = ike_connection_find(e, name);
	unsigned i = 0;

	if (!conn)
		return -ENOENT;
	while (e->connections[i] != conn)
		i++;
	e->connection_count--;
	memmove(&e->connections[i], &e->connections[i + 1],
		(e->connection_count - i) * sizeof(struct ike_connection *));
	ike_table_remove(&e->by_name, &conn->by_name);
	ike_connection_release(conn);
	return 0;
}

static bool fits_addresses(const struct ike_connection *conn, const struct ike_addr *local,
			   const struct ike_addr *remote)
{
	return ike_addr_matches(&conn->local, local) && ike_addr_matches(&conn->remote, remote);
}

/* Responder, IKE_SA_INIT: only addresses and the offer are known. */
struct ike_connection *ike_connection_for_offer(const struct ike_engine *e, const struct ike_in *in,
						const struct ike_sa_payload *offer,
						uint16_t prefer_group, struct ike_suite *suite)
{
	for (unsigned i = 0; i < e->connection_count; i++) {
		struct ike_connection *conn = e->connections[i];
		struct ike_proposals own;
		uint64_t spi;

		ike_connection_proposals(conn, &own);
		if (fits_addresses(conn, &in->local, &in->remote) &&
		    ike_proposal_select(IKE_PURPOSE_INIT, own.list, own.count, offer, prefer_group,
					suite, &spi) == 0)
			return conn;
	}
	return NULL;
}

struct ike_id ike_connection_local_id(const struct ike_connection *conn,
				      const struct ike_addr *local)
{
	return conn->local_id.type == IKE_ID_ANY ? ike_id_from_addr(local) : conn->local_id;
}

/* Would this connection have agreed on what IKE_SA_INIT chose? */
static bool allows_suite(const struct ike_connection *conn, const struct ike_suite *s)
{
	struct ike_proposals own;

	ike_connection_proposals(conn, &own);
	for (unsigned i = 0; i < own.count; i++) {
		if (ike_proposal_allows(&own.list[i], s))
			return true;
	}
	return false;
}

/*
 * Responder, IKE_AUTH: the identities decide; `local` is the one that the initiator asks for, or
 * any. A connection that names the peer is preferred to one for everybody.
 */
struct ike_connection *ike_connection_for_ids(const struct ike_engine *e, const struct ike_sa *sa,
					      const struct ike_id *remote,
					      const struct ike_id *local)
{
	struct ike_connection *best = NULL;
	int best_score = -1;

	for (unsigned i = 0; i < e->connection_count; i++) {
		struct ike_connection *conn = e->connections[i];
		struct ike_id ours = ike_connection_local_id(conn, &sa->path.local);
		unsigned match = ike_id_match(&conn->remote_id, remote);
		int score = (int)(2 * match) + (conn->remote.family != 0);

		if (match && score > best_score &&
		    fits_addresses(conn, &sa->path.local, &sa->path.remote) &&
		    ike_id_matches(local, &ours) && allows_suite(conn, &sa->suite)) {
			best = conn;
			best_score = score;
		}
	}
	return best;
}

/* The next connection after `after` that for_ids() could have given as well as `conn`. */
struct ike_connection *ike_connection_alike(const struct ike_engine *e, const struct ike_sa *sa,
					    const struct ike_connection *conn,
					    const struct ike_id *local,
					    const struct ike_connection *after)
{
	const struct ike_id own = ike_id_kept(sa->local_id), remote = ike_id_kept(sa->remote_id);

	for (unsigned i = 0; i < e->connection_count; i++) {
		struct ike_connection *other = e->connections[i];
		struct ike_id ours = ike_connection_local_id(other, &sa->path.local);

		if (after) {
			if (other == after)
				after = NULL;
			continue;
		}
		if (other != conn &&
		    ike_id_match(&other->remote_id, &remote) ==
			    ike_id_match(&conn->remote_id, &remote) &&
		    (other->remote.family != 0) == (conn->remote.family != 0) &&
		    fits_addresses(other, &sa->path.local, &sa->path.remote) &&
		    ike_id_equal(&ours, &own) && ike_id_matches(local, &ours) &&
		    allows_suite(other, &sa->suite))
			return other;
	}
	return NULL;
}
