/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All IKE SAs: by our SPI, by id and by both identities; the half-open ones also by the peer's
 * address and SPI, as a retransmitted IKE_SA_INIT has no other. All Child SAs: by id, by what they
 * are configured as, and by their outbound SPI.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "host/ike/sa.h"

/* The key is secret, so that nobody can aim at one chain. */
static uint64_t mix(const struct ike_engine *e, uint64_t v)
{
	v = (v ^ e->hash_key) * 0x9e3779b97f4a7c15u;
	v ^= v >> 32;
	v = (v ^ (e->hash_key >> 7)) * 0xd6e8feb86659fd93u;
	return v ^ v >> 29;
}

/* Of the address alone, whatever the port. */
uint64_t ike_ip_hash(const struct ike_engine *e, const struct ike_addr *addr)
{
	uint64_t high, low;

	memcpy(&high, addr->ip, 8);
	memcpy(&low, addr->ip + 8, 8);
	return mix(e, mix(e, high) ^ low);
}

/* Of one that is equal, the same. */
uint64_t ike_id_hash(const struct ike_engine *e, const struct ike_id *id)
{
	uint64_t h = id->type;

	for (unsigned i = 0; i < id->len;) {
		uint64_t word = 0;

		do {
			word = word << 8 | (uint64_t)tolower(id->data[i]);
		} while (++i < id->len && i % sizeof(word));
		h = mix(e, h ^ word);
	}
	return h;
}

uint64_t ike_name_hash(const struct ike_engine *e, const char *name)
{
	uint64_t h = 0;

	for (; *name; name++)
		h = mix(e, h ^ (uint64_t)(unsigned char)*name);
	return h;
}

static uint64_t hash_pointer(const struct ike_engine *e, const void *pointer)
{
	return mix(e, (uint64_t)(uintptr_t)pointer);
}

uint64_t ike_sa_our_spi(const struct ike_sa *sa)
{
	return sa->initiator ? sa->spi_i : sa->spi_r;
}

int ike_registry_init(struct ike_engine *e)
{
	struct ike_table *const tables[] = {
		&e->by_spi,	  &e->by_id,	&e->by_peer,   &e->by_conn,
		&e->half_open,	  &e->children, &e->instances, &e->waiters,
		&e->by_name,	  &e->outbound, &e->sources,   &e->by_remote,
		&e->by_remote_id, &e->by_ends,	&e->by_owner,  &e->begun};
	int err = 0;

	for (unsigned i = 0; i < sizeof(tables) / sizeof(tables[0]) && !err; i++)
		err = ike_table_init(tables[i]);
	return err;
}

/* Out of everything that leads to it, and freed. */
static void sa_free(struct ike_engine *e, struct ike_sa *sa)
{
	ike_table_remove(&e->by_spi, &sa->links.by_spi);
	ike_table_remove(&e->by_id, &sa->links.by_id);
	ike_table_remove(&e->by_peer, &sa->links.by_peer);
	ike_table_remove(&e->by_conn, &sa->links.by_conn);
	ike_half_open_remove(e, sa);
	ike_begun_remove(e, sa);
	ike_timers_release(e, sa->timers, IKE_SA_TIMERS);
	while (sa->children) {
		struct ike_child *child = sa->children;

		sa->children = child->next;
		ike_child_free(e, child);
	}
	ike_tasks_drop(e, sa, "freed");
	ike_task_free(e, sa->in.task);
	ike_task_free(e, sa->out.task);
	ike_handshake_free(sa);
	ike_lease_free(sa);
	ike_redirect_free(sa->redirect);
	free(sa->token);
	free(sa->probe);
	ike_path_drop_ways(sa);
	ike_mobike_free(e, sa);
	ike_sync_free(sa);
	ike_fragments_drop(e, sa->in.waiting);
	ike_fragments_drop(e, sa->out.waiting);
	ike_buffer_free(&sa->out.request);
	ike_buffer_free(&sa->in.response);
	free(sa->local_id);
	free(sa->remote_id);
	ike_user_free(sa->user);
	if (sa->conn)
		ike_connection_release(sa->conn);
	OPENSSL_cleanse(sa, sizeof(*sa));
	free(sa);
}

void ike_registry_free(struct ike_engine *e)
{
	/* None is found any more by what is freed with another. */
	for (struct ike_sa *sa = e->all; sa; sa = sa->links.next)
		sa->state = IKE_STATE_DEAD;
	while (e->all) {
		struct ike_sa *sa = e->all;

		e->all = sa->links.next;
		sa_free(e, sa);
	}
	ike_table_free(&e->by_spi);
	ike_table_free(&e->by_id);
	ike_table_free(&e->by_peer);
	ike_table_free(&e->by_conn);
	ike_table_free(&e->half_open);
	ike_table_free(&e->begun);
	ike_table_free(&e->sources);
	ike_table_free(&e->children);
	ike_table_free(&e->instances);
	ike_table_free(&e->outbound);
	ike_table_free(&e->waiters);
	ike_table_free(&e->by_name);
	ike_table_free(&e->by_remote);
	ike_table_free(&e->by_remote_id);
	ike_table_free(&e->by_ends);
	ike_table_free(&e->by_owner);
	free(e->timers.list);
}

struct ike_sa *ike_sa_new(struct ike_engine *e, uint64_t now, bool initiator)
{
	struct ike_sa *sa;
	uint64_t spi = 0;

	do {
		if (ike_random_fill(&e->config.random, &spi, sizeof(spi)))
			return NULL;
	} while (spi == 0 || ike_sa_find(e, spi));
	sa = calloc(1, sizeof(*sa));
	if (!sa)
		return NULL;
	sa->handshake = calloc(1, sizeof(*sa->handshake));
	if (!sa->handshake || ike_timers_reserve(e, IKE_SA_TIMERS)) {
		free(sa->handshake);
		free(sa);
		return NULL;
	}
	for (unsigned kind = 0; kind < IKE_SA_TIMERS; kind++)
		sa->timers[kind] = (struct ike_timer){.at = IKE_NEVER, .kind = (uint8_t)kind};
	sa->id = ++e->last_id;
	sa->initiator = initiator;
	sa->state = initiator ? IKE_STATE_CONNECTING : IKE_STATE_HALF_OPEN;
	if (initiator)
		sa->spi_i = spi;
	else
		sa->spi_r = spi;
	sa->created_at = now;
	sa->last_heard_at = now;
	ike_table_add(&e->by_spi, &sa->links.by_spi, mix(e, spi));
	ike_table_add(&e->by_id, &sa->links.by_id, sa->id);
	sa->links.next = e->all;
	if (e->all)
		e->all->links.prev = sa;
	else
		e->oldest = sa;
	e->all = sa;
	e->sa_count++;
	return sa;
}

struct ike_sa *ike_sa_find(const struct ike_engine *e, uint64_t our_spi)
{
	struct ike_link *l = ike_table_first(&e->by_spi, mix(e, our_spi));

	for (; l; l = ike_table_next(l)) {
		struct ike_sa *sa = IKE_OWNER(l, struct ike_sa, links.by_spi);

		if (ike_sa_our_spi(sa) == our_spi && sa->state != IKE_STATE_DEAD)
			return sa;
	}
	return NULL;
}

struct ike_sa *ike_sa_find_id(const struct ike_engine *e, uint64_t id)
{
	struct ike_link *l = ike_table_first(&e->by_id, id);
	struct ike_sa *sa = l ? IKE_OWNER(l, struct ike_sa, links.by_id) : NULL;

	return sa && sa->state != IKE_STATE_DEAD ? sa : NULL;
}

static uint64_t hash_ids(const struct ike_engine *e, const struct ike_id *local,
			 const struct ike_id *remote)
{
	return mix(e, ike_id_hash(e, local)) ^ ike_id_hash(e, remote);
}

void ike_peer_link(struct ike_engine *e, struct ike_sa *sa)
{
	const struct ike_id local = ike_id_kept(sa->local_id), remote = ike_sa_peer(sa);

	ike_table_add(&e->by_peer, &sa->links.by_peer, hash_ids(e, &local, &remote));
}

static bool is_between(const struct ike_sa *sa, const struct ike_id *local,
		       const struct ike_id *remote)
{
	const struct ike_id ours = ike_id_kept(sa->local_id), theirs = ike_sa_peer(sa);

	return ike_id_equal(&theirs, remote) && ike_id_equal(&ours, local);
}

/* The next IKE SA between these identities, the newest first. */
struct ike_sa *ike_peer_find(const struct ike_engine *e, const struct ike_id *local,
			     const struct ike_id *remote, const struct ike_sa *after)
{
	struct ike_link *l = after ? ike_table_next(&after->links.by_peer)
				   : ike_table_first(&e->by_peer, hash_ids(e, local, remote));

	for (; l; l = ike_table_next(l)) {
		struct ike_sa *sa = IKE_OWNER(l, struct ike_sa, links.by_peer);

		if (sa->state != IKE_STATE_DEAD && is_between(sa, local, remote))
			return sa;
	}
	return NULL;
}

/* The same between those of this one, which is among them once it is linked. Who has come in by EAP
 * isn't who has the same name otherwise, and who has none is no other (RFC 7619, section 2.3). */
struct ike_sa *ike_peer_same(const struct ike_engine *e, const struct ike_sa *sa,
			     const struct ike_sa *after)
{
	const struct ike_id local = ike_id_kept(sa->local_id), remote = ike_sa_peer(sa);
	struct ike_sa *other = (struct ike_sa *)after;

	if (remote.type == IKE_ID_NULL)
		return NULL;
	do
		other = ike_peer_find(e, &local, &remote, other);
	while (other && !ike_sa_eap_id(other) != !ike_sa_eap_id(sa));
	return other;
}

/* Again under another connection, if it has one already. */
void ike_conn_link(struct ike_engine *e, struct ike_sa *sa)
{
	ike_table_remove(&e->by_conn, &sa->links.by_conn);
	ike_table_add(&e->by_conn, &sa->links.by_conn, hash_pointer(e, sa->conn));
	if (sa->initiator && sa->links.pending.at)
		ike_begun_link(e, sa);
}

/* The next IKE SA of a connection, the newest first. */
struct ike_sa *ike_conn_find(const struct ike_engine *e, const struct ike_connection *conn,
			     const struct ike_sa *after)
{
	struct ike_link *l = after ? ike_table_next(&after->links.by_conn)
				   : ike_table_first(&e->by_conn, hash_pointer(e, conn));

	for (; l; l = ike_table_next(l)) {
		struct ike_sa *sa = IKE_OWNER(l, struct ike_sa, links.by_conn);

		if (sa->conn == conn && sa->state != IKE_STATE_DEAD)
			return sa;
	}
	return NULL;
}

/* Those that we have begun, until they are up: few, however many their connection has. */
void ike_begun_link(struct ike_engine *e, struct ike_sa *sa)
{
	ike_table_remove(&e->begun, &sa->links.pending);
	ike_table_add(&e->begun, &sa->links.pending, hash_pointer(e, sa->conn));
}

void ike_begun_remove(struct ike_engine *e, struct ike_sa *sa)
{
	if (sa->initiator)
		ike_table_remove(&e->begun, &sa->links.pending);
}

struct ike_sa *ike_begun_find(const struct ike_engine *e, const struct ike_connection *conn,
			      const struct ike_sa *after)
{
	struct ike_link *l = after ? ike_table_next(&after->links.pending)
				   : ike_table_first(&e->begun, hash_pointer(e, conn));

	for (; l; l = ike_table_next(l)) {
		struct ike_sa *sa = IKE_OWNER(l, struct ike_sa, links.pending);

		if (sa->conn == conn && sa->state != IKE_STATE_DEAD)
			return sa;
	}
	return NULL;
}

static uint64_t hash_half_open(const struct ike_engine *e, const struct ike_addr *remote,
			       uint64_t spi_i)
{
	return mix(e, ike_ip_hash(e, remote) ^ spi_i);
}

/* The one that was made for this very request. */
struct ike_sa *ike_half_open_find(const struct ike_engine *e, const struct ike_in *in)
{
	struct ike_link *l =
		ike_table_first(&e->half_open, hash_half_open(e, &in->remote, in->hdr.spi_i));
	uint8_t digest[32];

	if (!l || ike_sha256(in->datagram, digest))
		return NULL;
	for (; l; l = ike_table_next(l)) {
		struct ike_sa *sa = IKE_OWNER(l, struct ike_sa, links.pending);

		if (ike_addr_same_ip(&sa->path.remote, &in->remote) && sa->spi_i == in->hdr.spi_i &&
		    memcmp(sa->in.digest, digest, 32) == 0)
			return sa;
	}
	return NULL;
}

void ike_half_open_link(struct ike_engine *e, struct ike_sa *sa)
{
	ike_table_add(&e->half_open, &sa->links.pending,
		      hash_half_open(e, &sa->path.remote, sa->spi_i));
}

void ike_child_link(struct ike_engine *e, struct ike_child *child)
{
	ike_table_add(&e->children, &child->by_id, child->id);
	ike_table_add(&e->instances, &child->by_config, hash_pointer(e, child->config));
}

void ike_child_unlink(struct ike_engine *e, struct ike_child *child)
{
	ike_table_remove(&e->children, &child->by_id);
	ike_table_remove(&e->instances, &child->by_config);
	ike_table_remove(&e->outbound, &child->by_spi_out);
}

/* It is what something else is configured as. */
void ike_child_relink(struct ike_engine *e, struct ike_child *child,
		      const struct ike_child_config *config)
{
	ike_table_remove(&e->instances, &child->by_config);
	child->config = config;
	ike_table_add(&e->instances, &child->by_config, hash_pointer(e, config));
}

struct ike_child *ike_child_find_id(const struct ike_engine *e, uint64_t id)
{
	struct ike_link *l = ike_table_first(&e->children, id);

	return l ? IKE_OWNER(l, struct ike_child, by_id) : NULL;
}

/* The next Child SA of what is configured so, the newest first. */
struct ike_child *ike_child_find_config(const struct ike_engine *e,
					const struct ike_child_config *config,
					const struct ike_child *after)
{
	struct ike_link *l = after ? ike_table_next(&after->by_config)
				   : ike_table_first(&e->instances, hash_pointer(e, config));

	while (l && IKE_OWNER(l, struct ike_child, by_config)->config != config)
		l = ike_table_next(l);
	return l ? IKE_OWNER(l, struct ike_child, by_config) : NULL;
}

/* Its outbound SPI is known. */
void ike_child_link_outbound(struct ike_engine *e, struct ike_child *child)
{
	if (!child->by_spi_out.at)
		ike_table_add(&e->outbound, &child->by_spi_out, mix(e, child->spi_out));
}

/* The one that we send on to who is at that address, the newest of several. */
struct ike_child *ike_child_find_outbound(const struct ike_engine *e, uint32_t spi,
					  const struct ike_addr *remote)
{
	struct ike_link *l = ike_table_first(&e->outbound, mix(e, spi));

	for (; l; l = ike_table_next(l)) {
		struct ike_child *child = IKE_OWNER(l, struct ike_child, by_spi_out);

		if (child->spi_out == spi && child->state >= IKE_CHILD_INSTALLED &&
		    child->state <= IKE_CHILD_REKEYED &&
		    ike_addr_same_ip(&child->sa->path.remote, remote))
			return child;
	}
	return NULL;
}

void ike_reap(struct ike_engine *e)
{
	while (e->dead) {
		struct ike_sa *sa = e->dead;

		e->dead = sa->links.dead_next;
		ike_listings_pass(e, sa);
		if (sa->links.prev)
			sa->links.prev->links.next = sa->links.next;
		else
			e->all = sa->links.next;
		if (sa->links.next)
			sa->links.next->links.prev = sa->links.prev;
		else
			e->oldest = sa->links.prev;
		e->sa_count--;
		sa_free(e, sa);
	}
}
