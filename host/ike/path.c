/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way to the peer: NAT detection, the move to port 4500, ways that may be better than the one
 * in use, and following a peer whose NAT's mapping changes (RFC 7296, section 2.23).
 */
#include <stdlib.h>

#include "host/ike/sa.h"

/* SHA-1(SPIi | SPIr | address | port) */
static int nat_hash(uint64_t spi_i, uint64_t spi_r, const struct ike_addr *addr, uint8_t out[20])
{
	uint8_t text[8 + 8 + 16 + 2];
	struct ike_writer w = ike_writer(text, sizeof(text));
	struct ike_slice part;

	ike_put_u64(&w, spi_i);
	ike_put_u64(&w, spi_r);
	ike_put(&w, addr->ip, ike_addr_len(addr));
	ike_put_u16(&w, addr->port);
	part = ike_written(&w);
	return ike_sha1(&part, 1, out);
}

void ike_nat_write(struct ike_builder *b, struct ike_sa *sa, const struct ike_pair *pair,
		   bool pretend)
{
	struct ike_addr source = pair->local;
	uint8_t hash[20];

	sa->path.pretended = pretend;
	if (pretend) {
		/* The hash of an address that nobody has: the peer sees a NAT before us. */
		memset(source.ip, 0, sizeof(source.ip));
		source.port = 0;
	}
	if (nat_hash(sa->spi_i, sa->spi_r, &source, hash))
		b->w.failed = true;
	ike_write_notify(b, IKE_PROTO_NONE, ike_slice(NULL, 0), IKE_N_NAT_DETECTION_SOURCE_IP,
			 ike_slice(hash, sizeof(hash)));
	if (nat_hash(sa->spi_i, sa->spi_r, &pair->remote, hash))
		b->w.failed = true;
	ike_write_notify(b, IKE_PROTO_NONE, ike_slice(NULL, 0), IKE_N_NAT_DETECTION_DESTINATION_IP,
			 ike_slice(hash, sizeof(hash)));
}

/* One of them: does it fit? The first is kept. */
static bool read_hash(struct ike_slice data, const uint8_t expected[20], bool *seen,
		      uint8_t first[20])
{
	if (!*seen && data.len == 20)
		memcpy(first, data.data, 20);
	*seen = true;
	return ike_slice_equal(data, ike_slice(expected, 20));
}

/* What the peer says of the addresses that a message came over. */
void ike_nat_read(const struct ike_in *in, struct ike_nat_hashes *out)
{
	bool source_seen = false, dest_seen = false;
	uint8_t source[20], dest[20];
	struct ike_payload payload;

	*out = (struct ike_nat_hashes){0};
	/* Hashed by the peer with the SPIs of the message it came in. */
	if (nat_hash(in->hdr.spi_i, in->hdr.spi_r, &in->remote, source) ||
	    nat_hash(in->hdr.spi_i, in->hdr.spi_r, &in->local, dest))
		return;
	for (struct ike_walk w = ike_payloads_walk(&in->payloads);
	     ike_payloads_next(&w, &payload);) {
		struct ike_notify n;

		if (payload.type != IKE_PAYLOAD_NOTIFY || ike_parse_notify(payload.body, &n))
			continue;
		if (n.type == IKE_N_NAT_DETECTION_SOURCE_IP)
			out->source_fits |= read_hash(n.data, source, &source_seen, out->source);
		else if (n.type == IKE_N_NAT_DETECTION_DESTINATION_IP)
			out->dest_fits |= read_hash(n.data, dest, &dest_seen, out->dest);
	}
	out->seen = source_seen && dest_seen;
}

/* Is the hash that of this address, in this IKE SA? */
bool ike_nat_names(const struct ike_sa *sa, const uint8_t hash[20], const struct ike_addr *addr)
{
	uint8_t expected[20];

	return nat_hash(sa->spi_i, sa->spi_r, addr, expected) == 0 &&
	       memcmp(expected, hash, sizeof(expected)) == 0;
}

void ike_nat_detect(struct ike_sa *sa, const struct ike_in *in)
{
	struct ike_nat_hashes hashes;

	ike_nat_read(in, &hashes);
	sa->path.natt = hashes.seen;
	sa->path.nat_remote = hashes.seen && !hashes.source_fits;
	sa->path.nat_local = hashes.seen && !hashes.dest_fits;
}

/* By TCP from here on: which port ours is, is the system's to say. */
void ike_path_connect(struct ike_sa *sa)
{
	const uint16_t port = sa->conn->tcp_port;

	sa->path.local.tcp = sa->path.remote.tcp = true;
	sa->path.local.port = 0;
	sa->path.remote.port = port ? port : IKE_PORT_NATT;
}

/*
 * Ports for the first message. Ours: on every port of a peer but 500 a message of IKE has the
 * marker that tells it from ESP (RFC 7296, section 2.23), and ours has it when it leaves port 4500.
 */
void ike_path_begin(const struct ike_engine *e, struct ike_sa *sa)
{
	struct ike_path *path = &sa->path;

	if (sa->conn->tcp == IKE_TCP_YES) {
		ike_path_connect(sa);
		return;
	}
	path->remote.port = sa->conn->remote_port ? sa->conn->remote_port : IKE_PORT;
	path->local.port = path->remote.port == IKE_PORT ? e->config.port : e->config.port_natt;
}

/* Whose addresses may change goes there as well: a NAT may come (RFC 4555, section 3.2). */
void ike_nat_float(struct ike_engine *e, struct ike_sa *sa)
{
	if (sa->path.local.tcp ||
	    (!ike_path_nat(&sa->path) && !(sa->path.natt && sa->conn->mobike)))
		return;
	sa->path.local.port = e->config.port_natt;
	if (sa->path.remote.port == IKE_PORT)
		sa->path.remote.port = IKE_PORT_NATT;
}

/* Is there a NAT, or does one of the two pretend so? Both sides see the same. */
bool ike_path_nat(const struct ike_path *path)
{
	return path->nat_local || path->nat_remote || (path->natt && path->pretended);
}

/* ESP in UDP goes where IKE goes: an IKE SA that never moved to port 4500 has none. */
bool ike_path_encap(const struct ike_engine *e, const struct ike_path *path)
{
	return !path->local.tcp && ike_path_nat(path) && path->local.port == e->config.port_natt;
}

/* Is a NAT before us to be kept open? One of TCP's isn't (RFC 9329, section 6). */
bool ike_path_keeps_open(const struct ike_path *path)
{
	return path->nat_local && !path->local.tcp;
}

struct ike_pair ike_path_pair(const struct ike_sa *sa)
{
	return (struct ike_pair){.local = sa->path.local, .remote = sa->path.remote};
}

static struct ike_pair pair_of(const struct ike_in *in)
{
	return (struct ike_pair){.local = in->local, .remote = in->remote};
}

static bool came_over(const struct ike_in *in, const struct ike_pair *pair)
{
	const struct ike_pair own = pair_of(in);

	return ike_pair_equal(&own, pair);
}

static bool came_over_path(const struct ike_sa *sa, const struct ike_in *in)
{
	const struct ike_pair path = ike_path_pair(sa);

	return came_over(in, &path);
}

/* Child SAs go where the IKE SA is, and a NAT before us is kept open. */
void ike_path_tell(struct ike_engine *e, struct ike_sa *sa)
{
	struct ike_timer *keepalive = &sa->timers[IKE_TIMER_KEEPALIVE];
	struct ike_action *a;

	for (struct ike_child *child = sa->children; child; child = child->next) {
		bool stays = child->remove && ike_child_has_to_stay(e, child);

		if (sa->state == IKE_STATE_DEAD)
			return;
		if (!child->remove || stays)
			continue;
		a = ike_emit(e, IKE_ACTION_CHILD_UPDATE);
		if (a)
			a->change = ike_child_change(e, child);
	}
	if (!ike_path_keeps_open(&sa->path))
		ike_timer_set(e, keepalive, IKE_NEVER);
	else if (keepalive->at == IKE_NEVER)
		ike_timer_set(e, keepalive, ike_later(e->now, e->config.keepalive_ms));
}

/* With MOBIKE who has begun tells the peer first (RFC 4555, section 3.5). */
void ike_path_move(struct ike_engine *e, struct ike_sa *sa, const struct ike_way *way)
{
	struct ike_path *path = &sa->path;
	bool is_other = !ike_addr_same_ip(&path->local, &way->pair.local) ||
			!ike_addr_same_ip(&path->remote, &way->pair.remote);

	path->local = way->pair.local;
	path->remote = way->pair.remote;
	if (is_other) {
		sa->fragment_size = 0; /* it was another way that lost larger ones */
		ike_probe_begin(e, sa, e->now);
	}
	if (way->judged) {
		path->nat_local = way->nat_local;
		path->nat_remote = way->nat_remote;
	}
	if (sa->mobike && sa->began)
		ike_mobike_moved(e, sa);
	else
		ike_path_tell(e, sa);
}

void ike_path_drop_ways(struct ike_sa *sa)
{
	free(sa->ways);
	sa->ways = NULL;
}

static struct ike_ways *some_ways(struct ike_engine *e, struct ike_sa *sa)
{
	if (!sa->ways)
		sa->ways = calloc(1, sizeof(*sa->ways));
	if (!sa->ways)
		e->stats.drop_memory++;
	return sa->ways;
}

/* From now on requests of ours go over these, and no others. */
void ike_path_try(struct ike_engine *e, struct ike_sa *sa, const struct ike_way *ways,
		  unsigned count)
{
	struct ike_ways *w = some_ways(e, sa);

	if (!w)
		return;
	w->asked = false;
	w->best_only = count > 1;
	w->count = count;
	memcpy(w->list, ways, count * sizeof(*ways));
}

/* Over this one as well. Of many the last gives way. False: it is tried already. */
bool ike_path_add(struct ike_engine *e, struct ike_sa *sa, const struct ike_way *way)
{
	struct ike_ways *w = some_ways(e, sa);
	unsigned i = 0;
	bool known;

	if (!w)
		return false;
	w->best_only = false;
	while (i < w->count && !ike_pair_equal(&w->list[i].pair, &way->pair))
		i++;
	known = i < w->count;
	if (i == IKE_WAYS_MAX)
		i--;
	else if (!known)
		w->count++;
	w->asked &= known;
	if (!known || way->judged)
		w->list[i] = *way;
	return !known;
}

/* The peer may have moved to where the message came from: it is asked there as well. */
static void suspect(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in)
{
	const struct ike_way path = {.pair = ike_path_pair(sa)}, way = {.pair = pair_of(in)};

	ike_path_add(e, sa, &path);
	ike_path_add(e, sa, &way);
}

/*
 * May its mapping change without a word? Not without a NAT; and who began it and is behind one
 * itself is who is to be followed.
 */
bool ike_path_may_be_elsewhere(const struct ike_sa *sa)
{
	if (sa->path.local.tcp)
		return sa->path.local.port; /* who has connected does so from any port */
	return sa->path.nat_remote && !(sa->path.nat_local && sa->began);
}

/*
 * Without an answer for a while: the peer may be where it was heard last, if a NAT before it has
 * changed its mapping. What is being deleted can be led nowhere any more, so its peer is told there
 * in any case.
 */
void ike_path_unanswered(struct ike_engine *e, struct ike_sa *sa)
{
	const struct ike_way heard = {.pair = {.local = sa->in.local, .remote = sa->in.remote}},
			     path = {.pair = ike_path_pair(sa)};
	bool ending = sa->state == IKE_STATE_DELETING;
	bool elsewhere = heard.pair.remote.family && (ending || ike_path_may_be_elsewhere(sa)) &&
			 heard.pair.local.port == path.pair.local.port &&
			 heard.pair.local.tcp == path.pair.local.tcp &&
			 !ike_pair_equal(&heard.pair, &path.pair);

	if (!ending && (!sa->mobike || sa->state != IKE_STATE_ESTABLISHED))
		return;
	if (elsewhere || sa->ways)
		ike_path_add(e, sa, &path);
	if (elsewhere)
		ike_path_add(e, sa, &heard);
}

/*
 * Only behind a NAT is a peer followed that says nothing, and never to another port of ours: ESP in
 * UDP has but one. With MOBIKE it says so (RFC 4555, section 3.8).
 */
static bool may_follow(const struct ike_sa *sa, const struct ike_in *in)
{
	return ike_path_may_be_elsewhere(sa) && !sa->mobike &&
	       in->local.port == sa->path.local.port && in->local.tcp == sa->path.local.tcp;
}

/*
 * A peer that has moved to the successor before we got its answer speaks of nothing else. What it
 * sends there can't be read yet, but where it comes from is where to ask for that answer.
 */
void ike_path_hint(struct ike_engine *e, const struct ike_sa *made, const struct ike_in *in)
{
	struct ike_sa *old = ike_sa_find_id(e, made->predecessor);

	if (old && (may_follow(old, in) || old->mobike) && !came_over_path(old, in))
		suspect(e, old, in);
}

/*
 * Did it go out before there was a doubt, so that its answer, which may be late, says nothing? It
 * does where it comes over another way than the path; and who has begun takes any way that works.
 */
static bool is_late(const struct ike_sa *sa, const struct ike_in *in, bool known)
{
	if (sa->ways->asked)
		return false;
	return !known || !sa->out.spread || (!sa->began && came_over_path(sa, in));
}

/* An answer: where it comes from is where the peer is, if it was asked there. */
static void decide(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in)
{
	struct ike_ways *ways = sa->ways;
	unsigned i = 0;

	while (i < ways->count && !came_over(in, &ways->list[i].pair))
		i++;
	if (is_late(sa, in, i < ways->count)) { /* the next one tells */
		ike_liveness_check(e, sa);
		return;
	}
	sa->ways = NULL;
	if (i < ways->count && (ways->list[i].judged || !came_over_path(sa, in)))
		ike_path_move(e, sa, &ways->list[i]);
	free(ways);
}

/*
 * Follow a peer behind a NAT whose mapping changed.
 *
 * One authentic and fresh message isn't enough: somebody on the way may have caught it and sent it
 * from elsewhere. A request of ours goes to both places then, and where its answer comes from
 * decides. An answer to such a request raises no new doubt, so this ends.
 */
void ike_path_follow(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in)
{
	bool answer = in->hdr.flags & IKE_FLAG_RESPONSE;

	if (answer && sa->ways) {
		decide(e, sa, in);
	} else if (came_over_path(sa, in)) {
		return;
	} else if (!answer && ike_mobike_heir(e, sa)) {
		ike_mobike_elsewhere(e, sa, in->now);
	} else if (may_follow(sa, in)) {
		suspect(e, sa, in);
		ike_liveness_check(e, sa);
	}
}

/*
 * A request that comes again, from elsewhere: who was the first with it may only have copied it, or
 * who is now. Each is asked where it is. With MOBIKE the peer may ask over several ways, also for a
 * successor that has taken over here.
 */
void ike_path_again(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in)
{
	const struct ike_sa *heir = ike_mobike_heir(e, sa);

	if (came_over_path(sa, in))
		return;
	if (heir && heir->began) {
		ike_mobike_elsewhere(e, sa, in->now);
		ike_sa_advance(e, sa, in->now);
	} else if (sa->state != IKE_STATE_ESTABLISHED) {
		return;
	} else if (sa->mobike) {
		ike_mobike_again(e, sa, in);
	} else if (may_follow(sa, in)) {
		const struct ike_way way = {.pair = pair_of(in)};

		if (!sa->ways) {
			suspect(e, sa, in);
			ike_liveness_check(e, sa);
			ike_sa_advance(e, sa, in->now);
		} else if (ike_path_add(e, sa, &way) && sa->out.request.data) {
			ike_repeat_over(e, sa, &way.pair);
		}
	}
}

/* With MOBIKE other addresses are the peer's to tell; a NAT may give it another port. */
void ike_seen_elsewhere(struct ike_engine *e, uint64_t now, uint64_t child_id,
			const struct ike_addr *from)
{
	const struct ike_child *child = ike_child_find_id(e, child_id);
	struct ike_sa *sa = child ? child->sa : NULL;
	const struct ike_in in = {.local = sa ? sa->path.local : *from, .remote = *from};

	e->now = now;
	if (!sa || sa->state != IKE_STATE_ESTABLISHED || sa->ways ||
	    !ike_path_may_be_elsewhere(sa) || ike_addr_equal(from, &sa->path.remote) ||
	    (sa->mobike && !ike_addr_same_ip(from, &sa->path.remote)))
		return;
	suspect(e, sa, &in);
	ike_liveness_check(e, sa);
	ike_sa_advance(e, sa, now);
	ike_reap(e);
}

void ike_each_connected(const struct ike_engine *e, ike_connected_fn *fn, void *context)
{
	for (const struct ike_sa *sa = e->all; sa; sa = sa->links.next) {
		const struct ike_pair path = ike_path_pair(sa);

		if (path.local.tcp &&
		    (sa->state == IKE_STATE_ESTABLISHED || sa->state == IKE_STATE_DELETING))
			fn(context, &path);
	}
}

/*
 * Who connected connects again, and what says so is a message (RFC 9329, section 6.1). To the other
 * side that is a NAT with another mapping, as the port of who connects is one that it doesn't know.
 */
void ike_disconnected(struct ike_engine *e, uint64_t now, const struct ike_pair *pair)
{
	e->now = now;
	for (struct ike_sa *sa = e->all; sa; sa = sa->links.next) {
		const struct ike_pair path = ike_path_pair(sa);

		if (sa->state != IKE_STATE_ESTABLISHED || ike_sa_ending(sa) ||
		    !ike_pair_equal(&path, pair))
			continue;
		if (sa->mobike)
			ike_mobike_moved(e, sa);
		else
			ike_liveness_check(e, sa);
		ike_sa_advance(e, sa, now);
	}
	ike_reap(e);
}

void ike_path_keepalive(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	static const uint8_t one = 0xff; /* RFC 3948, section 2.3: no marker before it */

	ike_emit_send(e, &sa->path.local, &sa->path.remote, false, ike_slice(&one, 1));
	ike_timer_set(e, &sa->timers[IKE_TIMER_KEEPALIVE], ike_later(now, e->config.keepalive_ms));
}
