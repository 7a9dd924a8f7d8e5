/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way to the peer: NAT detection, the move to port 4500, and following a peer whose NAT's
 * mapping changes (RFC 7296, section 2.23).
 */
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

void ike_nat_write(struct ike_builder *b, struct ike_sa *sa, bool pretend)
{
	struct ike_addr source = sa->path.local;
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
	if (nat_hash(sa->spi_i, sa->spi_r, &sa->path.remote, hash))
		b->w.failed = true;
	ike_write_notify(b, IKE_PROTO_NONE, ike_slice(NULL, 0), IKE_N_NAT_DETECTION_DESTINATION_IP,
			 ike_slice(hash, sizeof(hash)));
}

void ike_nat_detect(struct ike_sa *sa, const struct ike_payloads *p, const struct ike_in *in)
{
	bool source_seen = false, source_fits = false, dest_seen = false, dest_fits = false;
	uint8_t source[20], dest[20];
	struct ike_payload payload;

	/* Hashed by the peer with the SPIs of the message it came in. */
	if (nat_hash(in->hdr.spi_i, in->hdr.spi_r, &in->remote, source) ||
	    nat_hash(in->hdr.spi_i, in->hdr.spi_r, &in->local, dest))
		return;
	for (struct ike_walk w = ike_payloads_walk(p); ike_payloads_next(&w, &payload);) {
		struct ike_notify n;

		if (payload.type != IKE_PAYLOAD_NOTIFY || ike_parse_notify(payload.body, &n))
			continue;
		if (n.type == IKE_N_NAT_DETECTION_SOURCE_IP) {
			source_seen = true;
			source_fits |= ike_slice_equal(n.data, ike_slice(source, sizeof(source)));
		} else if (n.type == IKE_N_NAT_DETECTION_DESTINATION_IP) {
			dest_seen = true;
			dest_fits |= ike_slice_equal(n.data, ike_slice(dest, sizeof(dest)));
		}
	}
	sa->path.natt = source_seen && dest_seen;
	sa->path.nat_remote = sa->path.natt && !source_fits;
	sa->path.nat_local = sa->path.natt && !dest_fits;
}

void ike_nat_float(struct ike_engine *e, struct ike_sa *sa)
{
	if (!ike_path_nat(&sa->path))
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
	return ike_path_nat(path) && path->local.port == e->config.port_natt;
}

static void move(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in)
{
	struct ike_action *a;

	sa->path.remote = in->remote;
	sa->path.local = in->local;
	for (struct ike_child *child = sa->children; child; child = child->next) {
		if (!child->remove)
			continue;
		a = ike_emit(e, IKE_ACTION_CHILD_UPDATE);
		if (a)
			a->change = ike_child_change(e, child);
	}
}

static bool came_over(const struct ike_in *in, const struct ike_addr *local,
		      const struct ike_addr *remote)
{
	return ike_addr_equal(&in->local, local) && ike_addr_equal(&in->remote, remote);
}

/* May it have moved there? Requests of ours go there as well. */
static void suspect_move(struct ike_path *path, const struct ike_in *in)
{
	path->moving = true;
	path->moving_local = in->local;
	path->moving_remote = in->remote;
}

/*
 * May its mapping change without a word? Not without a NAT; and who began it and is behind one
 * itself is who is to be followed.
 */
static bool may_be_elsewhere(const struct ike_sa *sa)
{
	return sa->path.nat_remote && !(sa->path.nat_local && sa->began);
}

/*
 * A peer that has moved to the successor before we got its answer speaks of nothing else. What it
 * sends there can't be read yet, but where it comes from is where to ask for that answer.
 */
void ike_path_hint(struct ike_engine *e, const struct ike_sa *made, const struct ike_in *in)
{
	struct ike_sa *old = ike_sa_find_id(e, made->predecessor);

	if (old && may_be_elsewhere(old) && !came_over(in, &old->path.local, &old->path.remote))
		suspect_move(&old->path, in);
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
	struct ike_path *path = &sa->path;
	bool asked = path->moving;

	if (!may_be_elsewhere(sa))
		return;
	if (answer)
		path->moving = false;
	if (came_over(in, &path->local, &path->remote))
		return;
	if (answer && asked) {
		if (came_over(in, &path->moving_local, &path->moving_remote))
			move(e, sa, in);
		return;
	}
	suspect_move(path, in);
	ike_liveness_check(e, sa);
}

/*
 * A request that comes again, from elsewhere: who was the first with it may only have copied it.
 * Not while there is such a doubt already, or he could direct it.
 */
void ike_path_again(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in)
{
	if (sa->state != IKE_STATE_ESTABLISHED || sa->path.moving || !may_be_elsewhere(sa) ||
	    came_over(in, &sa->path.local, &sa->path.remote))
		return;
	suspect_move(&sa->path, in);
	ike_liveness_check(e, sa);
	ike_sa_advance(e, sa, in->now);
}

void ike_seen_elsewhere(struct ike_engine *e, uint64_t now, uint64_t child_id,
			const struct ike_addr *from)
{
	const struct ike_child *child = ike_child_find_id(e, child_id);
	struct ike_sa *sa = child ? child->sa : NULL;
	const struct ike_in in = {.local = sa ? sa->path.local : *from, .remote = *from};

	e->now = now;
	if (!sa || sa->state != IKE_STATE_ESTABLISHED || sa->path.moving || !may_be_elsewhere(sa) ||
	    ike_addr_equal(from, &sa->path.remote))
		return;
	suspect_move(&sa->path, &in);
	ike_liveness_check(e, sa);
	ike_sa_advance(e, sa, now);
	ike_reap(e);
}

void ike_path_keepalive(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	static const uint8_t one = 0xff; /* RFC 3948, section 2.3: no marker before it */

	ike_emit_send(e, &sa->path.local, &sa->path.remote, false, ike_slice(&one, 1));
	ike_timer_set(e, &sa->timers[IKE_TIMER_KEEPALIVE], ike_later(now, e->config.keepalive_ms));
}
