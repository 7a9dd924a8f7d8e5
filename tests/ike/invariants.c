/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/ike/invariants.h"

#include <stdlib.h>

#include "tests/ike/cheap_crypto.h"

/* What was used, as sums of 64 bits: too few of them to meet by chance */

enum { USED_FIRST = 256 };

static struct world *watched; /* by cheap_sealed() */

/* False: it was there. */
static bool put(struct used *u, uint64_t sum)
{
	uint64_t i = sum & (u->size - 1);

	for (; u->slots[i]; i = (i + 1) & (u->size - 1)) {
		if (u->slots[i] == sum)
			return false;
	}
	u->slots[i] = sum;
	u->count++;
	return true;
}

static bool use(struct used *u, uint64_t sum)
{
	if (u->count * 2 >= u->size) {
		struct used larger = {.size = u->size * 2};

		larger.slots = calloc(larger.size, sizeof(*larger.slots));
		for (unsigned i = 0; i < u->size; i++) {
			if (u->slots[i])
				put(&larger, u->slots[i]);
		}
		free(u->slots);
		*u = larger;
	}
	return put(u, sum ? sum : 1);
}

static void sealed(const struct ike_cipher *c, struct ike_slice iv)
{
	uint64_t sum = cheap_sum(cheap_sum(1, c->key, c->key_len), iv.data, iv.len);

	if (!use(&watched->used, sum))
		world_fail(watched, "a (key, IV) pair of IKE is used twice");
}

void check_begin(struct world *w)
{
	w->used.size = USED_FIRST;
	w->used.slots = calloc(w->used.size, sizeof(*w->used.slots));
	watched = w;
	cheap_sealed = sealed;
}

void check_end(struct world *w)
{
	free(w->used.slots);
	cheap_sealed = NULL;
	watched = NULL;
}

static uint64_t sum_of_keys(uint64_t seed, const struct ike_child_keys *keys)
{
	return cheap_sum(cheap_sum(seed, keys->encr, keys->encr_len), keys->integ, keys->integ_len);
}

/* ESP counts from 1 with each key, so a key that comes again is its IVs again. */
void check_keys_fresh(struct host *h, const struct esp *child)
{
	struct used *u = &h->world->used;

	if (!use(u, sum_of_keys(2, &child->keys_out)) || !use(u, sum_of_keys(3, &child->keys_in)))
		world_fail(h->world, "host %u: a key of ESP is used twice", h->index);
}

/* Flows */

static const char *broken(const struct world *w, unsigned flow, unsigned from_host)
{
	const struct esp *from = sending(&w->host[from_host], flow), *to;

	if (!from)
		return "has no SA to send on";
	to = find_esp(&w->host[flow_peer(w, flow, from_host)], from->spi_out);
	if (!to || to->flow != flow || !to->receives)
		return "sends what the other can't receive";
	return NULL;
}

static const struct esp *other_end(const struct world *w, const struct host *h,
				   const struct esp *child)
{
	const struct host *peer = &w->host[flow_peer(w, child->flow, h->index)];
	const struct esp *other = find_esp(peer, child->spi_out);

	return other && other->spi_out == child->spi_in ? other : NULL;
}

/* Both send on it, and it is complete at both ends. */
static bool is_up(const struct world *w, unsigned flow)
{
	const struct peering *p = &w->peering[flow / CHILDREN_PER_PEERING];

	for (unsigned side = 0; side < 2; side++) {
		const struct host *h = &w->host[p->host[side]];
		const struct esp *from = sending(h, flow);
		const struct esp *to = from ? other_end(w, h, from) : NULL;

		if (!to || !to->used || !to->receives)
			return false;
	}
	return true;
}

void check_flow(struct world *w, unsigned flow)
{
	struct flow *f = &w->flow[flow];
	const struct peering *p = &w->peering[flow / CHILDREN_PER_PEERING];

	if (!f->watched)
		f->watched = w->now >= f->suspended && is_up(w, flow);
	for (unsigned i = 0; i < 2 && f->watched; i++) {
		const char *wrong = broken(w, flow, p->host[i]);

		if (wrong && f->bound) {
			f->watched = false;
			f->interruptions++;
		} else if (wrong)
			world_fail(w, "flow p%uc%u: host %u %s", flow / CHILDREN_PER_PEERING,
				   flow % CHILDREN_PER_PEERING, p->host[i], wrong);
	}
}

void check_flows(struct host *h)
{
	struct world *w = h->world;

	for (unsigned f = 0; f < FLOWS_MAX; f++) {
		const struct peering *p = &w->peering[f / CHILDREN_PER_PEERING];

		if (w->flow[f].exists && (p->host[0] == h->index || p->host[1] == h->index))
			check_flow(w, f);
	}
}

void check_nothing_on_its_way(struct host *h, const struct esp *child)
{
	struct world *w = h->world;
	const struct host *peer = &w->host[flow_peer(w, child->flow, h->index)];
	const struct left *left = &peer->left[child->flow];
	uint64_t longest = w->delay_max < ON_ITS_WAY_MS ? w->delay_max : ON_ITS_WAY_MS;

	if (w->flow[child->flow].watched && left->spi_out == child->spi_in &&
	    w->now < left->at + longest && (!h->leapt || w->now > h->leapt + ON_ITS_WAY_MS))
		world_fail(w, "host %u: what is on its way can't be received any more", h->index);
}

/* Two ends */

static bool same_keys(const struct ike_child_keys *a, const struct ike_child_keys *b)
{
	return a->encr_len + a->integ_len && a->encr_len == b->encr_len &&
	       a->integ_len == b->integ_len && memcmp(a->encr, b->encr, a->encr_len) == 0 &&
	       memcmp(a->integ, b->integ, a->integ_len) == 0;
}

static bool same_suite(const struct ike_suite *a, const struct ike_suite *b)
{
	return a->protocol == b->protocol && a->encr == b->encr && a->encr_bits == b->encr_bits &&
	       a->integ == b->integ && a->esn == b->esn;
}

void check_ends_agree(struct host *h, unsigned flow)
{
	struct world *w = h->world;

	for (unsigned i = 0; i < h->esp_count; i++) {
		const struct esp *a = &h->esp[i], *b;

		b = a->flow == flow ? other_end(w, h, a) : NULL;
		if (b &&
		    (!same_keys(&a->keys_in, &b->keys_out) ||
		     !same_keys(&a->keys_out, &b->keys_in) || a->flow != b->flow ||
		     !same_suite(&a->suite, &b->suite) || a->mode != b->mode ||
		     (!w->peering[flow / CHILDREN_PER_PEERING].mobike && a->encap != b->encap)))
			world_fail(w, "host %u: the two ends of a Child SA differ", h->index);
	}
}

/* Who has the other end of an IKE SA: any of the hosts, or the attacker. */
static const struct ike_sa *other_ike_end(const struct world *w, const struct ike_sa *sa,
					  unsigned *host)
{
	for (unsigned i = 0; i <= HOSTS_MAX; i++) {
		const struct ike_engine *e = w->host[i].engine;
		const struct ike_sa *other =
			e ? ike_sa_find(e, sa->initiator ? sa->spi_r : sa->spi_i) : NULL;

		if (other && other->initiator != sa->initiator && other->spi_i == sa->spi_i) {
			*host = i;
			return other;
		}
	}
	return NULL;
}

static bool same_ike_keys(const struct ike_sa *a, const struct ike_sa *b)
{
	return a->keys.prf_len == b->keys.prf_len &&
	       memcmp(a->keys.sk_d, b->keys.sk_d, a->keys.prf_len) == 0 &&
	       memcmp(a->keys.initiator.key, b->keys.initiator.key, a->keys.initiator.key_len) ==
		       0 &&
	       memcmp(a->keys.responder.key, b->keys.responder.key, a->keys.responder.key_len) == 0;
}

void check_ike_keys_agree(struct world *w)
{
	for (unsigned i = 0; i < w->hosts; i++) {
		const struct ike_engine *e = w->host[i].engine;

		for (const struct ike_sa *sa = e ? e->all : NULL; sa; sa = sa->links.next) {
			const struct ike_sa *other;
			unsigned host;

			if (sa->state != IKE_STATE_ESTABLISHED || !sa->initiator)
				continue;
			other = other_ike_end(w, sa, &host);
			if (other && other->state == IKE_STATE_ESTABLISHED &&
			    !same_ike_keys(sa, other))
				world_fail(w, "host %u: the two ends of an IKE SA differ", i);
		}
	}
}

/* Of a responder, who is the first to know that it is up. */
static uint64_t sum_of(unsigned host, const struct ike_sa *sa)
{
	return cheap_sum(4 + host, sa->keys.sk_d, sa->keys.prf_len);
}

void check_authenticated(struct host *h, uint64_t ike_id)
{
	struct world *w = h->world;
	const struct ike_sa *sa = ike_sa_find_id(h->engine, ike_id), *other;
	unsigned peer, host = HOSTS_MAX;

	if (!sa)
		return; /* it has ended already */
	peer = flow_peer(w, (unsigned)atoi(sa->conn->name + 1) * CHILDREN_PER_PEERING, h->index);
	if (sa->initiator) {
		if (use(&w->used, sum_of(peer, sa)))
			world_fail(w, "host %u: an IKE SA is up of which host %u knows nothing",
				   h->index, peer);
		return;
	}
	use(&w->used, sum_of(h->index, sa));
	/* The initiator may have given up, or started anew. */
	other = other_ike_end(w, sa, &host);
	if (other && host != peer)
		world_fail(w, "host %u: an IKE SA is up with who isn't host %u", h->index, peer);
	else if (other && !same_ike_keys(sa, other))
		world_fail(w, "host %u: an IKE SA is up whose ends differ", h->index);
}

/* Whether a host has or had this address. Those of a NAT have 24 bits in common. */
static bool was_there(const struct host *h, const struct ike_addr *addr)
{
	struct ike_addr theirs = host_outside(h, false);

	if (h->other.family && ike_addr_same_ip(addr, &h->other))
		return true;
	return memcmp(theirs.ip, addr->ip, h->nat.present ? 3 : 4) == 0;
}

void check_address(struct host *h, struct esp *child, bool moved)
{
	struct world *w = h->world;
	const struct host *peer = &w->host[flow_peer(w, child->flow, h->index)];

	if (was_there(peer, &child->remote)) {
		child->astray_at = 0;
		return;
	}
	if (!child->astray_at || w->now < w->flow[child->flow].suspended)
		child->astray_at = w->now;
	if (moved || !(peer->nat.present || child->remote.tcp) ||
	    w->now - child->astray_at > w->alone)
		world_fail(w, "host %u: sends to an address that host %u never had", h->index,
			   peer->index);
}

void check_addresses(struct world *w)
{
	for (unsigned i = 0; i < w->hosts; i++) {
		for (unsigned k = 0; k < w->host[i].esp_count; k++)
			check_address(&w->host[i], &w->host[i].esp[k], false);
	}
}

/* Bounds */

static bool may_be_alone(const struct world *w, const struct host *h, struct esp *child)
{
	if (other_end(w, h, child) || !host_works(h)) {
		child->alone_at = 0;
		return true;
	}
	if (!child->alone_at)
		child->alone_at = w->now;
	return w->now - child->alone_at <= w->alone;
}

void check_dead_go(struct world *w)
{
	for (unsigned i = 0; i < w->hosts; i++) {
		struct host *h = &w->host[i];

		for (unsigned k = 0; k < h->esp_count; k++) {
			if (!may_be_alone(w, h, &h->esp[k]))
				world_fail(w, "host %u: an SA whose other end is gone stays", i);
		}
	}
}

static unsigned connections_of(const struct world *w, unsigned host)
{
	unsigned count = 0;

	for (unsigned i = 0; i < w->peerings; i++)
		count += w->peering[i].host[0] == host || w->peering[i].host[1] == host;
	return count;
}

void check_bounded(struct world *w)
{
	for (unsigned i = 0; i < w->hosts; i++) {
		const struct host *h = &w->host[i];
		const struct ike_engine *e = h->engine;
		unsigned connections = connections_of(w, i);

		if (!e)
			continue;
		if (e->half_open.count > HALF_OPEN_MAX)
			world_fail(w, "host %u: half-open IKE SAs pile up", i);
		/* And as many successors that are being made. */
		if (e->sa_count - e->half_open.count > 2 * IKE_SAS_PER_PEER_MAX * connections)
			world_fail(w, "host %u: IKE SAs pile up", i);
		if (e->children.count > 12 * CHILDREN_PER_PEERING * connections)
			world_fail(w, "host %u: Child SAs pile up", i);
		if (h->spis_out < 0 || h->spis_out != (int)e->children.count)
			world_fail(w, "host %u: SPIs are lost", i);
	}
}

/* Addresses */

static bool is_given(const struct host *h, const struct ike_sa *sa)
{
	for (unsigned i = 0; i < h->lease_count; i++) {
		if (h->leases[i].lease_id == sa->lease->release->released.lease_id &&
		    ike_addr_same_ip(&h->leases[i].addr, &sa->lease->vips[0]))
			return true;
	}
	return false;
}

static bool is_had(const struct host *h, uint64_t lease_id)
{
	for (const struct ike_sa *sa = h->engine->all; sa; sa = sa->links.next) {
		if (sa->lease && !sa->lease->ours &&
		    sa->lease->release->released.lease_id == lease_id)
			return true;
	}
	return false;
}

static void check_given(struct world *w, const struct host *h)
{
	for (const struct ike_sa *sa = h->engine->all; sa; sa = sa->links.next) {
		unsigned host;
		const struct ike_sa *other = other_ike_end(w, sa, &host);

		if (!sa->lease || !sa->lease->vip_count || sa->state != IKE_STATE_ESTABLISHED)
			continue;
		if (!sa->lease->ours && !is_given(h, sa))
			world_fail(w, "host %u: an IKE SA has an address that isn't its peer's",
				   h->index);
		/* One that isn't decided upon yet has none. */
		if (other && other->state == IKE_STATE_ESTABLISHED && !other->predecessor &&
		    (!other->lease ||
		     !ike_addr_same_ip(&other->lease->vips[0], &sa->lease->vips[0])))
			world_fail(w, "host %u: the two ends of an IKE SA have other addresses",
				   h->index);
	}
}

void check_leases(struct world *w)
{
	for (unsigned i = 0; i < w->hosts; i++) {
		const struct host *h = &w->host[i];

		if (!host_works(h))
			continue;
		check_given(w, h);
		for (unsigned k = 0; k < h->lease_count; k++) {
			if (!is_had(h, h->leases[k].lease_id))
				world_fail(w, "host %u: a lease outlives its IKE SA", i);
			for (unsigned m = 0; m < k; m++) {
				if (ike_addr_same_ip(&h->leases[k].addr, &h->leases[m].addr) &&
				    h->leases[k].peer != h->leases[m].peer)
					world_fail(w, "host %u: two peers have one address", i);
			}
		}
	}
}

/* The end */

static bool goes_where_it_should(const struct world *w, const struct host *h,
				 const struct esp *child)
{
	const struct host *peer = &w->host[flow_peer(w, child->flow, h->index)];
	const struct esp *other = other_end(w, h, child);
	struct ike_addr theirs;

	if (!other || !host_has(peer, &other->local))
		return false;
	/* Who is always faster with copies of messages can have one see a NAT that isn't there. */
	if (other->encap != child->encap && !w->attacked)
		return false;
	theirs = host_seen_as(peer, &other->local);
	return child->encap || child->local.tcp ? ike_addr_equal(&child->remote, &theirs)
						: ike_addr_same_ip(&child->remote, &theirs);
}

/* One that was refused counts as half-open until its time is over. */
static bool half_open_stays(const struct host *h)
{
	const struct ike_engine *e = h->engine;

	for (const struct ike_sa *sa = e->all; sa; sa = sa->links.next) {
		if (sa->links.source &&
		    host_now(h) - sa->created_at > e->config.half_open_timeout_ms)
			return true;
	}
	return false;
}

void check_recovered(struct world *w)
{
	for (unsigned f = 0; f < FLOWS_MAX; f++) {
		const struct peering *p = &w->peering[f / CHILDREN_PER_PEERING];

		for (unsigned side = 0; side < 2 && w->flow[f].exists; side++) {
			struct host *h = &w->host[p->host[side]];
			const char *wrong = broken(w, f, h->index);

			if (wrong)
				world_fail(w, "flow p%uc%u doesn't come back: host %u %s",
					   f / CHILDREN_PER_PEERING, f % CHILDREN_PER_PEERING,
					   h->index, wrong);
			else if (!goes_where_it_should(w, h, sending(h, f)))
				world_fail(w, "flow p%uc%u: host %u sends to where nobody is",
					   f / CHILDREN_PER_PEERING, f % CHILDREN_PER_PEERING,
					   h->index);
			check_ends_agree(h, f);
		}
	}
	for (unsigned i = 0; i < w->hosts; i++) {
		if (half_open_stays(&w->host[i]))
			world_fail(w, "host %u: half-open IKE SAs stay", i);
	}
}

/* Has it probed for long enough? */
static bool is_searched(const struct host *h, const char *connection, uint64_t ms)
{
	for (const struct ike_sa *sa = h->engine->all; sa; sa = sa->links.next) {
		if (sa->state == IKE_STATE_ESTABLISHED && !sa->path.local.tcp && !sa->ways &&
		    strcmp(sa->conn->name, connection) == 0 &&
		    sa->established_at + ms < host_now(h) &&
		    sa->conn->unprobed_until + ms < host_now(h))
			return true;
	}
	return false;
}

/* Is one at it, perhaps another IKE SA with the same peer? What that knows so far counts. */
static bool is_searching(const struct host *h)
{
	const struct ike_sa *sa = h->engine->all;

	while (sa && !(sa->state == IKE_STATE_ESTABLISHED && sa->probe && sa->probe->searching))
		sa = sa->links.next;
	return sa;
}

void check_paths(struct world *w)
{
	for (unsigned i = 0; i < 2 * w->peerings; i++) {
		const struct peering *p = &w->peering[i / 2];
		const struct host *h = &w->host[p->host[i % 2]];
		unsigned peer = p->host[!(i % 2)];
		const struct told *told = &h->told[peer];
		uint32_t way = w->way[h->index][peer];
		const uint64_t search_ms = SEARCH_MS + SEARCH_AGAIN * p->probe_ms[i % 2];

		if (!p->probe_ms[i % 2] ||
		    !is_searched(h, connection_name(i / 2, i % 2, false).text, search_ms))
			continue;
		if (w->loses_cuts[h->index][peer] && told->octets)
			world_fail(w, "host %u probes the way to %u", h->index, peer);
		if (w->loses_cuts[h->index][peer] || w->narrowed_at[h->index] + search_ms > w->now)
			continue;
		if (told->at + 4 * p->probe_ms[i % 2] + SEARCH_MS < w->now)
			world_fail(w, "host %u doesn't know what the way to %u takes", h->index,
				   peer);
		else if (told->octets > way ||
			 (told->octets + NOT_LOOKED_FOR < way && !is_searching(h)))
			world_fail(w, "host %u knows of %u octets to %u, and it is %u", h->index,
				   told->octets, peer, way);
	}
}

void check_nothing_left(struct world *w)
{
	for (unsigned i = 0; i < w->hosts; i++) {
		const struct host *h = &w->host[i];
		const struct ike_engine *e = h->engine;

		if (e->sa_count || e->half_open.count || e->timers.count || e->timers.reserved ||
		    e->waiters.count || e->children.count || e->outbound.count || e->all ||
		    h->spis_out || h->esp_count || h->lease_count || h->vips ||
		    e->fragments[0].memory || e->fragments[1].memory ||
		    ike_next_deadline(e) != IKE_NEVER)
			world_fail(w, "host %u: something is left", i);
		for (unsigned k = 0; k < e->connection_count; k++) {
			if (e->connections[k]->references != 1)
				world_fail(w, "host %u: a connection is held", i);
		}
	}
}
