/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hosts that are clusters: a member takes over an IKE SA, knowing less than the engine that has it.
 * Until the peer has answered, which is no member itself then, it neither says nor hears anything
 * else there.
 *
 * All that its cluster has answered got to the peer, and it has nothing out itself: of what was
 * done and not heard of, nobody could know.
 */
#include "tests/ike/world.h"

enum { DELTA_MAX = 100000, AHEAD_MAX = 8, BEHIND_MAX = 4 };

static struct host *peer_of(struct world *w, const struct ike_sa *sa, struct ike_sa **theirs)
{
	for (unsigned i = 0; i < w->hosts; i++) {
		struct host *h = &w->host[i];

		*theirs = host_works(h)
				  ? ike_sa_find(h->engine, sa->initiator ? sa->spi_r : sa->spi_i)
				  : NULL;
		if (*theirs && (*theirs)->spi_i == sa->spi_i && (*theirs)->spi_r == sa->spi_r)
			return h;
	}
	return NULL;
}

static bool is_settled(const struct ike_sa *sa)
{
	return sa->state == IKE_STATE_ESTABLISHED && !sa->in.task && !sa->ways &&
	       !sa->predecessor && !sa->successor;
}

/* It calls where the peer was last, and in a connection of another member it can't. */
static bool stays(const struct host *h)
{
	return !h->other.family && !h->nat.present;
}

static bool can_take_over(const struct host *h, const struct ike_sa *sa, const struct host *peer,
			  const struct ike_sa *theirs)
{
	return peer && peer->member.ike_id != theirs->id && sa->syncs && !h->other.family &&
	       !sa->path.local.tcp && stays(peer) && is_settled(sa) && is_settled(theirs) &&
	       !sa->out.task && theirs->out.next_id == sa->in.next_id &&
	       theirs->in.next_id == sa->out.next_id;
}

static void say(struct host *h, const struct ike_sa *sa)
{
	const struct world *w = h->world;

	h->member.due = w->now + w->retransmit_ms / 2;
	ike_emit_message(h->engine, &sa->path.local, &sa->path.remote, &h->member.request);
	host_drain(h);
}

/* Above its own requests and what a member before it has said; nor 0, of which there is an answer.
 */
static uint32_t least_id(const struct ike_sa *sa, const struct ike_sa *theirs)
{
	uint32_t next = sa->out.next_id;

	return next + (!next || (theirs->synced && theirs->synced->highest == next));
}

static void begin(struct host *h, struct ike_sa *sa, const struct host *peer,
		  const struct ike_sa *theirs)
{
	struct world *w = h->world;
	struct sync s = {
		.next = least_id(sa, theirs) + (uint32_t)rng_below(&w->rng, AHEAD_MAX),
		.expected = sa->in.next_id,
		.delta = rng_percent(&w->rng, 50) ? (uint32_t)rng_below(&w->rng, DELTA_MAX) : 0,
	};
	uint32_t behind = (uint32_t)rng_below(&w->rng, BEHIND_MAX);

	rng_bytes(&w->rng, s.nonce, sizeof(s.nonce));
	s.expected -= behind < s.expected ? behind : s.expected;
	world_trace(w, h->index, "another member takes over; its next ID is", s.next);
	member_begin(&h->member, h->engine, sa, &s);
	h->member.since = w->now;
	/* Silence is waited for less. */
	if (w->hints)
		world_interrupt(w, h->index, peer->index, 0);
	say(h, sa);
}

void world_take_over(struct world *w, unsigned host)
{
	struct host *h = &w->host[host];
	struct ike_sa *theirs;

	if (!host_works(h) || h->member.ike_id)
		return;
	for (struct ike_sa *sa = h->engine->all; sa; sa = sa->links.next) {
		struct host *peer = peer_of(w, sa, &theirs);

		if (can_take_over(h, sa, peer, theirs)) {
			begin(h, sa, peer, theirs);
			return;
		}
	}
}

static bool is_in(const struct host *h, struct ike_slice message)
{
	const struct ike_sa *sa =
		h->member.ike_id ? ike_sa_find_id(h->engine, h->member.ike_id) : NULL;
	struct ike_header hdr;

	return sa && ike_header_parse(message, &hdr) == 0 && hdr.spi_i == sa->spi_i &&
	       hdr.spi_r == sa->spi_r;
}

bool takeover_holds(const struct host *h, struct ike_slice message)
{
	const struct ike_buffer *own = &h->member.request;

	return is_in(h, message) &&
	       (message.len != own->len || memcmp(message.data, own->data, own->len) != 0);
}

bool takeover_hears(struct host *h, struct ike_slice message)
{
	if (!is_in(h, message))
		return false;
	if (member_hears(&h->member, h->engine, message)) {
		world_trace(h->world, h->index, "the member has its answer", 0);
		h->world->takeovers++;
	}
	return true;
}

/* As long as the peer is waited for otherwise. */
void takeover_wake(struct host *h)
{
	struct member *m = &h->member;
	struct ike_sa *sa;

	if (!m->ike_id || m->due > h->world->now)
		return;
	sa = ike_sa_find_id(h->engine, m->ike_id);
	if (sa && h->world->now - m->since < h->world->patience) {
		say(h, sa);
		return;
	}
	if (sa)
		ike_sa_down(h->engine, sa, "the peer doesn't answer the member that took over");
	member_end(m);
	ike_reap(h->engine);
	host_drain(h);
}
