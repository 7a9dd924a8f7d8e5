/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All IKE SAs: by our SPI; the half-open ones also by the peer's address, which both finds a
 * retransmitted IKE_SA_INIT and counts how many an address has; and a heap of deadlines.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "host/ike/sa.h"

enum { TABLE_FIRST = 64 };

/* The key is secret, so that nobody can aim at one chain. */
static uint64_t mix(const struct ike_engine *e, uint64_t v)
{
	v = (v ^ e->hash_key) * 0x9e3779b97f4a7c15u;
	v ^= v >> 32;
	v = (v ^ (e->hash_key >> 7)) * 0xd6e8feb86659fd93u;
	return v ^ v >> 29;
}

static unsigned spi_slot(const struct ike_engine *e, uint64_t spi)
{
	return (unsigned)mix(e, spi) & (e->table_size - 1);
}

static unsigned ip_slot(const struct ike_engine *e, const struct ike_addr *addr)
{
	uint64_t high, low;

	memcpy(&high, addr->ip, 8);
	memcpy(&low, addr->ip + 8, 8);
	return (unsigned)mix(e, mix(e, high) ^ low) & (e->table_size - 1);
}

uint64_t ike_sa_our_spi(const struct ike_sa *sa)
{
	return sa->initiator ? sa->spi_i : sa->spi_r;
}

static unsigned id_slot(const struct ike_engine *e, uint64_t id)
{
	return (unsigned)id & (e->table_size - 1); /* ours, one after the other */
}

static unsigned peer_slot(const struct ike_engine *e, const struct ike_id *remote)
{
	uint64_t h = remote->type;

	for (unsigned i = 0; i < remote->len; i++)
		h = mix(e, h ^ (uint64_t)tolower(remote->data[i]));
	return (unsigned)h & (e->table_size - 1);
}

struct tables {
	struct ike_sa **by_spi, **by_id, **by_peer, **half_open;
	struct ike_child **child_by_id;
};

static bool tables_alloc(struct tables *t, unsigned size)
{
	t->by_spi = calloc(size, sizeof(*t->by_spi));
	t->by_id = calloc(size, sizeof(*t->by_id));
	t->by_peer = calloc(size, sizeof(*t->by_peer));
	t->half_open = calloc(size, sizeof(*t->half_open));
	t->child_by_id = calloc(size, sizeof(*t->child_by_id));
	if (t->by_spi && t->by_id && t->by_peer && t->half_open && t->child_by_id)
		return true;
	free(t->by_spi);
	free(t->by_id);
	free(t->by_peer);
	free(t->half_open);
	free(t->child_by_id);
	return false;
}

static void tables_use(struct ike_engine *e, const struct tables *t, unsigned size)
{
	free(e->by_spi);
	free(e->by_id);
	free(e->by_peer);
	free(e->half_open);
	free(e->child_by_id);
	e->by_spi = t->by_spi;
	e->by_id = t->by_id;
	e->by_peer = t->by_peer;
	e->half_open = t->half_open;
	e->child_by_id = t->child_by_id;
	e->table_size = size;
}

int ike_table_init(struct ike_engine *e)
{
	struct tables t;

	if (!tables_alloc(&t, TABLE_FIRST))
		return -ENOMEM;
	tables_use(e, &t, TABLE_FIRST);
	return 0;
}

static void sa_free(struct ike_sa *sa)
{
	while (sa->children) {
		struct ike_child *child = sa->children;

		sa->children = child->next;
		ike_action_free(child->remove);
		free(child);
	}
	ike_sa_free_handshake(sa);
	ike_buffer_free(&sa->request);
	ike_buffer_free(&sa->response);
	if (sa->conn)
		ike_connection_release(sa->conn);
	OPENSSL_cleanse(sa, sizeof(*sa));
	free(sa);
}

void ike_table_free(struct ike_engine *e)
{
	while (e->all) {
		struct ike_sa *sa = e->all;

		e->all = sa->all_next;
		sa_free(sa);
	}
	tables_use(e, &(struct tables){0}, 0);
	free(e->heap);
}

static void link_spi(struct ike_engine *e, struct ike_sa *sa)
{
	struct ike_sa **slot = &e->by_spi[spi_slot(e, ike_sa_our_spi(sa))];

	sa->by_spi_next = *slot;
	*slot = sa;
	slot = &e->by_id[id_slot(e, sa->id)];
	sa->by_id_next = *slot;
	*slot = sa;
}

static void link_half_open(struct ike_engine *e, struct ike_sa *sa)
{
	struct ike_sa **slot = &e->half_open[ip_slot(e, &sa->remote)];

	sa->half_open_next = *slot;
	*slot = sa;
}

static void link_peer(struct ike_engine *e, struct ike_sa *sa)
{
	struct ike_sa **slot = &e->by_peer[peer_slot(e, &sa->remote_id)];

	sa->by_peer_next = *slot;
	*slot = sa;
}

void ike_child_link(struct ike_engine *e, struct ike_child *child)
{
	struct ike_child **slot = &e->child_by_id[id_slot(e, child->id)];

	child->by_id_next = *slot;
	*slot = child;
}

/* Twice the chains when there are as many IKE SAs; without memory the chains just get longer. */
static void grow(struct ike_engine *e)
{
	unsigned size = e->table_size * 2;
	struct tables t;

	if (!tables_alloc(&t, size))
		return;
	tables_use(e, &t, size);
	for (struct ike_sa *sa = e->all; sa; sa = sa->all_next) {
		link_spi(e, sa);
		if (sa->half_open)
			link_half_open(e, sa);
		if (sa->by_peer)
			link_peer(e, sa);
		for (struct ike_child *child = sa->children; child; child = child->next)
			ike_child_link(e, child);
	}
}

void ike_child_unlink(struct ike_engine *e, struct ike_child *child)
{
	struct ike_child **at = &e->child_by_id[id_slot(e, child->id)];

	while (*at != child)
		at = &(*at)->by_id_next;
	*at = child->by_id_next;
}

struct ike_child *ike_child_find_id(const struct ike_engine *e, uint64_t id)
{
	struct ike_child *child = e->child_by_id[id_slot(e, id)];

	while (child && child->id != id)
		child = child->by_id_next;
	return child;
}

void ike_peer_link(struct ike_engine *e, struct ike_sa *sa)
{
	link_peer(e, sa);
	sa->by_peer = true;
}

struct ike_sa *ike_peer_find(const struct ike_engine *e, const struct ike_id *local,
			     const struct ike_id *remote, const struct ike_sa *after)
{
	struct ike_sa *sa = after ? after->by_peer_next : e->by_peer[peer_slot(e, remote)];

	while (sa && (sa->state == IKE_STATE_DEAD || !ike_id_equal(&sa->remote_id, remote) ||
		      !ike_id_equal(&sa->local_id, local)))
		sa = sa->by_peer_next;
	return sa;
}

struct ike_sa *ike_sa_find(const struct ike_engine *e, uint64_t our_spi)
{
	struct ike_sa *sa = e->by_spi[spi_slot(e, our_spi)];

	while (sa && (ike_sa_our_spi(sa) != our_spi || sa->state == IKE_STATE_DEAD))
		sa = sa->by_spi_next;
	return sa;
}

struct ike_sa *ike_sa_find_id(const struct ike_engine *e, uint64_t id)
{
	struct ike_sa *sa = e->by_id[id_slot(e, id)];

	while (sa && (sa->id != id || sa->state == IKE_STATE_DEAD))
		sa = sa->by_id_next;
	return sa;
}

struct ike_sa *ike_half_open_find(const struct ike_engine *e, const struct ike_in *in,
				  const uint8_t digest[32], unsigned *same_ip)
{
	struct ike_sa *found = NULL;

	*same_ip = 0;
	for (struct ike_sa *sa = e->half_open[ip_slot(e, &in->remote)]; sa;
	     sa = sa->half_open_next) {
		if (!ike_addr_same_ip(&sa->remote, &in->remote))
			continue;
		++*same_ip;
		if (sa->spi_i == in->hdr.spi_i && memcmp(sa->request_digest, digest, 32) == 0)
			found = sa;
	}
	return found;
}

void ike_half_open_add(struct ike_engine *e, struct ike_sa *sa)
{
	link_half_open(e, sa);
	sa->half_open = true;
	e->half_open_count++;
}

void ike_half_open_remove(struct ike_engine *e, struct ike_sa *sa)
{
	struct ike_sa **at;

	if (!sa->half_open)
		return;
	at = &e->half_open[ip_slot(e, &sa->remote)];
	while (*at != sa)
		at = &(*at)->half_open_next;
	*at = sa->half_open_next;
	sa->half_open = false;
	e->half_open_count--;
}

struct ike_sa *ike_sa_new(struct ike_engine *e, uint64_t now, bool initiator)
{
	struct ike_sa *sa;
	uint64_t spi = 0;

	if (e->heap_len == e->heap_cap) {
		size_t cap = e->heap_cap ? e->heap_cap * 2 : TABLE_FIRST;
		struct ike_sa **heap = realloc(e->heap, cap * sizeof(*heap));

		if (!heap)
			return NULL;
		e->heap = heap;
		e->heap_cap = cap;
	}
	do {
		if (ike_random_fill(&e->config.random, &spi, sizeof(spi)))
			return NULL;
	} while (spi == 0 || ike_sa_find(e, spi));
	sa = calloc(1, sizeof(*sa));
	if (!sa)
		return NULL;
	sa->id = ++e->last_id;
	sa->initiator = initiator;
	if (initiator)
		sa->spi_i = spi;
	else
		sa->spi_r = spi;
	sa->created_at = now;
	sa->last_heard_at = now;
	sa->expire_at = sa->keepalive_at = sa->retransmit_at = IKE_NEVER;
	sa->childless_until = IKE_NEVER;
	sa->deadline = IKE_NEVER;
	if (e->sa_count >= e->table_size)
		grow(e);
	link_spi(e, sa);
	sa->all_next = e->all;
	if (e->all)
		e->all->all_prev = sa;
	e->all = sa;
	e->sa_count++;
	e->heap[e->heap_len++] = sa;
	sa->heap_index = e->heap_len;
	return sa;
}

static void heap_put(struct ike_engine *e, size_t index, struct ike_sa *sa)
{
	e->heap[index - 1] = sa;
	sa->heap_index = index;
}

static void heap_up(struct ike_engine *e, struct ike_sa *sa)
{
	size_t i = sa->heap_index;

	while (i > 1 && e->heap[i / 2 - 1]->deadline > sa->deadline) {
		heap_put(e, i, e->heap[i / 2 - 1]);
		i /= 2;
	}
	heap_put(e, i, sa);
}

static void heap_down(struct ike_engine *e, struct ike_sa *sa)
{
	size_t i = sa->heap_index;

	for (;;) {
		size_t child = 2 * i;

		if (child > e->heap_len)
			break;
		if (child < e->heap_len && e->heap[child]->deadline < e->heap[child - 1]->deadline)
			child++;
		if (e->heap[child - 1]->deadline >= sa->deadline)
			break;
		heap_put(e, i, e->heap[child - 1]);
		i = child;
	}
	heap_put(e, i, sa);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void ike_sa_reschedule(struct ike_engine *e, struct ike_sa *sa)
{
	uint64_t at = earlier(earlier(sa->retransmit_at, sa->expire_at),
			      earlier(sa->keepalive_at, sa->childless_until));

	if (sa->state == IKE_STATE_ESTABLISHED && sa->task == IKE_TASK_NONE &&
	    sa->conn->dpd_delay_ms)
		at = earlier(at, ike_later(sa->last_heard_at, sa->conn->dpd_delay_ms));
	if (sa->state == IKE_STATE_DEAD)
		at = IKE_NEVER;
	sa->deadline = at;
	heap_up(e, sa);
	heap_down(e, sa);
}

static void heap_remove(struct ike_engine *e, struct ike_sa *sa)
{
	struct ike_sa *last = e->heap[--e->heap_len];

	if (last == sa)
		return;
	heap_put(e, sa->heap_index, last);
	heap_up(e, last);
	heap_down(e, last);
}

void ike_reap(struct ike_engine *e)
{
	while (e->dead) {
		struct ike_sa *sa = e->dead, **at;

		e->dead = sa->dead_next;
		at = &e->by_spi[spi_slot(e, ike_sa_our_spi(sa))];
		while (*at != sa)
			at = &(*at)->by_spi_next;
		*at = sa->by_spi_next;
		at = &e->by_id[id_slot(e, sa->id)];
		while (*at != sa)
			at = &(*at)->by_id_next;
		*at = sa->by_id_next;
		if (sa->by_peer) {
			at = &e->by_peer[peer_slot(e, &sa->remote_id)];
			while (*at != sa)
				at = &(*at)->by_peer_next;
			*at = sa->by_peer_next;
		}
		if (sa->all_prev)
			sa->all_prev->all_next = sa->all_next;
		else
			e->all = sa->all_next;
		if (sa->all_next)
			sa->all_next->all_prev = sa->all_prev;
		heap_remove(e, sa);
		e->sa_count--;
		sa_free(sa);
	}
}
