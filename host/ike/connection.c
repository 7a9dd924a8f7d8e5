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
	conn->order = e->last_order + 1;
	if (ike_connection_place(e, conn))
		return -ENOMEM;
	list[e->connection_count++] = conn;
	ike_table_add(&e->by_name, &conn->by_name, ike_name_hash(e, conn->name));
	conn->references = 1;
	e->last_order++;
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
	ike_connection_unplace(e, conn);
	ike_connection_release(conn);
	return 0;
}

/* The more the better; 0: not there. */
enum { NOT_THERE = 0, ANYWHERE = 1, WITHIN = 2, EXACTLY = 256 };

static unsigned match_host(const struct ike_host *host, const struct ike_addr *addr)
{
	if (host->name)
		return host->lookup && ike_lookup_has(host->lookup, addr) ? EXACTLY : NOT_THERE;
	if (!host->range.family)
		return ANYWHERE;
	if (!ike_range_has(&host->range, addr))
		return NOT_THERE;
	return ike_host_is_address(host) ? EXACTLY : WITHIN + ike_range_common_bits(&host->range);
}

/* How well a list says that address: the smaller what it lies in, the better. */
unsigned ike_hosts_match(const struct ike_hosts *hosts, const struct ike_addr *addr)
{
	unsigned best = hosts->count ? NOT_THERE : ANYWHERE;

	for (unsigned i = 0; i < hosts->count; i++) {
		unsigned match = match_host(&hosts->list[i], addr);

		best = match > best ? match : best;
	}
	return best;
}

/* The same of both ends, the peer's before ours; 0: one of them isn't there. */
static unsigned match_ends(const struct ike_connection *conn, const struct ike_addr *local,
			   const struct ike_addr *remote)
{
	unsigned theirs = ike_hosts_match(&conn->remote, remote);
	unsigned ours = theirs ? ike_hosts_match(&conn->local, local) : NOT_THERE;

	return ours ? theirs * (EXACTLY + 1) + ours : 0;
}

/* May these be its ends? */
bool ike_connection_is_between(const struct ike_connection *conn, const struct ike_addr *local,
			       const struct ike_addr *remote)
{
	return match_ends(conn, local, remote) != 0;
}

/* Has a connection just this address for its peer? */
bool ike_connection_is_at(const struct ike_engine *e, const struct ike_addr *remote)
{
	struct ike_candidates c = ike_candidates_at(e, remote);

	while (c.link) {
		if (ike_hosts_match(&ike_candidates_next(&c)->remote, remote) == EXACTLY)
			return true;
	}
	return false;
}

/*
 * Responder, IKE_SA_INIT: only addresses and the offer are known. Of those that agree to the offer
 * the one that says most of where both ends are, and the first of several.
 */
struct ike_connection *ike_connection_for_offer(const struct ike_engine *e, const struct ike_in *in,
						const struct ike_sa_payload *offer,
						uint16_t prefer_group, struct ike_suite *suite)
{
	struct ike_candidates c = ike_candidates_at(e, &in->remote);
	struct ike_connection *best = NULL, *conn;
	unsigned best_match = 0;

	while ((conn = ike_candidates_next_kind(&c))) {
		unsigned match = match_ends(conn, &in->local, &in->remote);
		struct ike_proposals own;
		struct ike_suite agreed;
		uint64_t spi;

		if (!match || match < best_match ||
		    (match == best_match && conn->order >= best->order))
			continue;
		ike_connection_proposals(conn, &own);
		if (ike_proposal_select(IKE_PURPOSE_INIT, own.list, own.count, offer, prefer_group,
					&agreed, &spi))
			continue;
		best = conn;
		best_match = match;
		*suite = agreed;
	}
	return best;
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

/* What IKE_AUTH tells a connection by; the more the better, 0: not this one. */
static unsigned match_ids(const struct ike_connection *conn, const struct ike_sa *sa,
			  const struct ike_id *remote, const struct ike_id *local)
{
	struct ike_id ours = ike_connection_local_id(conn, &sa->path.local);
	unsigned theirs = remote ? ike_id_match(&conn->remote_id, remote) : 1, ends;

	if (!theirs || !ike_id_matches(local, &ours))
		return 0;
	ends = match_ends(conn, &sa->path.local, &sa->path.remote);
	if (!ends || !allows_suite(conn, &sa->suite))
		return 0;
	return theirs * (EXACTLY + 1) * (EXACTLY + 1) + ends;
}

/* What no other identity can come up to. */
enum { JUST_THIS_ID = IKE_ID_MATCH_EXACT * (EXACTLY + 1) * (EXACTLY + 1) };

/* The better match, of two as good the first that was added. */
static void prefer(struct ike_connection **best, unsigned *best_match, struct ike_connection *conn,
		   unsigned match)
{
	if (match > *best_match ||
	    (match && match == *best_match && conn->order < (*best)->order)) {
		*best = conn;
		*best_match = match;
	}
}

/* May we? Who is to come in by EAP begins itself; where that is both sides' proof, its method must
 * know whom to prove. */
bool ike_connection_begins(const struct ike_connection *conn)
{
	if (ike_is_eap_alone(&conn->auth))
		return ike_id_is_one(&conn->remote_id);
	return conn->auth.remote != IKE_BY_EAP && !conn->auth.remote_follows;
}

/* May it be the responder's, whose peer proves itself so? Who proves itself by EAP is who begins,
 * unless that is the responder's proof, too. */
static bool is_proved_by(const struct ike_connection *conn, const struct ike_peer_proof *how)
{
	return conn->auth.remote == how->kind && conn->auth.remote_follows == how->follows &&
	       !conn->auth.local_follows &&
	       (conn->auth.local != IKE_BY_EAP || (how->alone && ike_is_eap_alone(&conn->auth)));
}

/*
 * Responder, IKE_AUTH: the identities decide; `local` is the one that the initiator asks for, or
 * any; `remote` is NULL for what would be anybody's. Of those whose peer is to prove who it is as
 * this one does, the connection that says more of the peer is preferred: of who it is, then of
 * where.
 */
struct ike_connection *ike_connection_for_ids(const struct ike_engine *e, const struct ike_sa *sa,
					      const struct ike_id *remote,
					      const struct ike_id *local,
					      const struct ike_peer_proof *how)
{
	struct ike_connection *conn = NULL, *best = NULL;
	unsigned best_match = 0;
	struct ike_candidates c;

	while (remote && (conn = ike_connection_of_id(e, remote, conn)))
		if (is_proved_by(conn, how))
			prefer(&best, &best_match, conn, match_ids(conn, sa, remote, local));
	if (best_match >= JUST_THIS_ID)
		return best;
	c = ike_candidates_at(e, &sa->path.remote);
	while ((conn = ike_candidates_next(&c)))
		if (is_proved_by(conn, how))
			prefer(&best, &best_match, conn, match_ids(conn, sa, remote, local));
	return best;
}

/* Would what has convinced the one have convinced the other, and is our proof the same? */
static bool same_authentication(const struct ike_connection *a, const struct ike_connection *b)
{
	return a->auth.local == b->auth.local && a->auth.remote == b->auth.remote &&
	       a->auth.local_follows == b->auth.local_follows &&
	       a->auth.remote_follows == b->auth.remote_follows &&
	       ike_id_equal(&a->remote_next_id, &b->remote_next_id) &&
	       a->auth.credentials == b->auth.credentials && a->ppk_required == b->ppk_required &&
	       ike_id_equal(&a->ppk_id, &b->ppk_id);
}

/* The next connection after `after` that for_ids() could have given as well as `conn`. */
struct ike_connection *ike_connection_alike(const struct ike_engine *e, const struct ike_sa *sa,
					    const struct ike_connection *conn,
					    const struct ike_id *local,
					    const struct ike_connection *after)
{
	const struct ike_id own = ike_id_kept(sa->local_id), remote = ike_id_kept(sa->remote_id);
	const unsigned who = ike_id_match(&conn->remote_id, &remote),
		       where = ike_hosts_match(&conn->remote, &sa->path.remote);
	struct ike_candidates c = ike_candidates_at(e, &sa->path.remote);
	struct ike_connection *next = NULL, *other = NULL;

	while ((other = who == IKE_ID_MATCH_EXACT ? ike_connection_of_id(e, &remote, other)
						  : ike_candidates_next(&c))) {
		struct ike_id ours = ike_connection_local_id(other, &sa->path.local);

		if (other != conn && same_authentication(other, conn) &&
		    (!after || other->order > after->order) &&
		    (!next || other->order < next->order) && ike_id_equal(&ours, &own) &&
		    ike_id_match(&other->remote_id, &remote) == who &&
		    ike_hosts_match(&other->remote, &sa->path.remote) == where &&
		    match_ids(other, sa, &remote, local))
			next = other;
	}
	return next;
}
