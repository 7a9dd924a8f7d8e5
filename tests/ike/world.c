/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/ike/world.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/ike/cheap_crypto.h"
#include "tests/ike/eap_party.h"
#include "tests/ike/invariants.h"
#include "tests/ike/signer.h"

enum {
	STOPPED_QUEUE = 24, /* datagrams that a socket keeps for who doesn't read */
	CONNECTIONS_MAX = 64,
};

/* What has happened */

static void print_line(const struct trace *t)
{
	char from[IKE_ADDR_TEXT], to[IKE_ADDR_TEXT];

	fprintf(stderr, "#   %8llu  host %u  ", (unsigned long long)t->at, t->host);
	if (t->kind == TRACE_EVENT) {
		fprintf(stderr, "%s (%llu)\n", t->text, (unsigned long long)t->value);
		return;
	}
	ike_addr_text(&t->from, from, sizeof(from));
	ike_addr_text(&t->to, to, sizeof(to));
	fprintf(stderr, "%s %s:%u -> %s:%u %s %s %u of %08llx%s\n",
		t->kind == TRACE_SENT ? "sends   " : "receives", from, t->from.port, to, t->to.port,
		ike_exchange_name(t->exchange),
		t->flags & IKE_FLAG_RESPONSE ? "response" : "request", t->message_id,
		(unsigned long long)(t->spi_i >> 32), t->text);
}

static void trace(struct world *w, const struct trace *t)
{
	w->trace[w->traced++ % TRACE_MAX] = *t;
	if (w->verbose)
		print_line(t);
}

void world_trace(struct world *w, unsigned host, const char *text, uint64_t value)
{
	struct trace t = {
		.at = w->now,
		.kind = TRACE_EVENT,
		.host = host,
		.text = text,
		.value = value,
	};

	trace(w, &t);
}

static void trace_datagram(struct world *w, enum trace_kind kind, unsigned host,
			   const struct datagram *d, const char *text)
{
	struct trace t = {
		.at = w->now,
		.kind = kind,
		.host = host,
		.from = d->from,
		.to = d->to,
		.text = text,
	};
	struct ike_header hdr;

	if (ike_header_parse(ike_slice(d->data, d->len), &hdr) == 0) {
		t.exchange = hdr.exchange;
		t.flags = hdr.flags;
		t.message_id = hdr.message_id;
		t.spi_i = hdr.spi_i;
	}
	trace(w, &t);
	w->digest = cheap_sum(w->digest ^ w->now, d->data, d->len);
}

static void print_trace(const struct world *w)
{
	unsigned first = w->traced > TRACE_MAX ? w->traced - TRACE_MAX : 0;

	for (unsigned i = first; i < w->traced && !w->verbose; i++)
		print_line(&w->trace[i % TRACE_MAX]);
}

void world_fail(struct world *w, const char *fmt, ...)
{
	va_list ap;

	if (w->failed)
		return;
	w->failed = true;
	print_trace(w);
	fprintf(stderr, "# seed=%llu, %llu ms: ", (unsigned long long)w->seed,
		(unsigned long long)w->now);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

/* Who may fail, and until when */

void world_interrupt(struct world *w, unsigned a, unsigned b, uint64_t ms)
{
	for (unsigned f = 0; f < FLOWS_MAX; f++) {
		const struct peering *p = &w->peering[f / CHILDREN_PER_PEERING];
		struct flow *flow = &w->flow[f];

		if (!flow->exists ||
		    !((p->host[0] == a && p->host[1] == b) || (p->host[0] == b && p->host[1] == a)))
			continue;
		flow->watched = false;
		flow->interruptions++;
		if (flow->suspended < w->now + ms + w->settle)
			flow->suspended = w->now + ms + w->settle;
	}
}

void world_interrupt_all(struct world *w, unsigned host, uint64_t ms)
{
	for (unsigned i = 0; i < w->hosts; i++)
		world_interrupt(w, host, i, ms);
}

/* Is it longer than what is surely waited for? */
static bool outlasts(const struct world *w, uint64_t ms)
{
	return ms > w->patience / 3;
}

/* Silence is waited for less where somebody forges hints. */
static bool outlasts_silent(const struct world *w, uint64_t ms)
{
	return outlasts(w, ms) || (w->hints && ms > IKE_HINT_PATIENCE_MS / 3);
}

/* Addresses */

uint64_t host_now(const struct host *h)
{
	return h->world->now + h->ahead;
}

bool host_works(const struct host *h)
{
	return h->engine && h->away <= h->world->now;
}

struct ike_addr host_outside(const struct host *h, bool natt)
{
	struct ike_addr addr = h->nat.present ? h->nat.outside : h->addr;

	addr.port = natt ? IKE_PORT_NATT : IKE_PORT;
	if (h->nat.present)
		addr.port = h->nat.port[natt];
	return addr;
}

bool host_has(const struct host *h, const struct ike_addr *local)
{
	return (!h->lost[0] && ike_addr_same_ip(local, &h->addr)) ||
	       (!h->lost[1] && h->other.family && ike_addr_same_ip(local, &h->other));
}

struct ike_addr host_seen_as(const struct host *h, const struct ike_addr *local)
{
	struct ike_addr seen = h->other.family && ike_addr_same_ip(local, &h->other)
				       ? *local
				       : host_outside(h, local->port == IKE_PORT_NATT);

	seen.tcp = local->tcp;
	if (local->tcp && !local->port)
		seen.port = h->tcp_port;
	return seen;
}

bool host_roams(const struct host *h)
{
	return h->nat.present || (h->other.family && h->index);
}

/* Who gets what is sent in a connection: who has made it, or who listens. */
static struct host *host_connected(struct world *w, const struct ike_addr *to,
				   struct ike_addr *local)
{
	for (unsigned i = 0; i < w->hosts; i++) {
		struct host *h = &w->host[i];
		const struct ike_addr first = host_outside(h, true);
		const bool made = to->port == h->tcp_port;

		*local = *to;
		if (made)
			local->port = 0;
		else if (to->port != IKE_PORT_NATT || h->nat.present)
			continue;
		if (h->other.family && !h->lost[1] && ike_addr_same_ip(to, &h->other))
			return h;
		if (h->lost[0] || !ike_addr_same_ip(to, &first))
			continue;
		memcpy(local->ip, h->addr.ip, sizeof(local->ip));
		return h;
	}
	return NULL;
}

/* Who gets what is sent there, and as what it comes in; NULL: nobody. */
static struct host *host_at(struct world *w, const struct ike_addr *to, struct ike_addr *local)
{
	if (to->tcp)
		return host_connected(w, to, local);
	for (unsigned i = 0; i <= HOSTS_MAX; i++) {
		struct host *h = &w->host[i];

		if (i >= w->hosts && i != IMPOSTOR)
			continue;
		if (h->other.family && !h->lost[1] && ike_addr_same_ip(to, &h->other)) {
			*local = *to;
			return h;
		}
		for (unsigned natt = 0; natt < 2 && !h->lost[0]; natt++) {
			struct ike_addr outside = host_outside(h, natt);

			if (!ike_addr_equal(&outside, to))
				continue;
			*local = h->addr;
			local->port = natt ? IKE_PORT_NATT : IKE_PORT;
			return h;
		}
	}
	return NULL;
}

/* Flows */

unsigned flow_of(const char *child)
{
	unsigned peering, number;

	if (sscanf(child, "p%uc%u", &peering, &number) != 2)
		abort();
	return peering * CHILDREN_PER_PEERING + number;
}

unsigned flow_peer(const struct world *w, unsigned flow, unsigned host)
{
	const struct peering *p = &w->peering[flow / CHILDREN_PER_PEERING];

	return p->host[p->host[0] == host];
}

const struct esp *sending(const struct host *h, unsigned flow)
{
	const struct esp *best = NULL;

	for (unsigned i = 0; i < h->esp_count; i++) {
		const struct esp *c = &h->esp[i];

		if (c->flow == flow && c->used && (!best || c->used > best->used))
			best = c;
	}
	return best;
}

const struct esp *find_esp(const struct host *h, uint32_t spi_in)
{
	for (unsigned i = 0; i < h->esp_count; i++) {
		if (h->esp[i].spi_in == spi_in)
			return &h->esp[i];
	}
	return NULL;
}

static struct esp *find_child(struct host *h, uint64_t id)
{
	for (unsigned i = 0; i < h->esp_count; i++) {
		if (h->esp[i].child_id == id)
			return &h->esp[i];
	}
	return NULL;
}

/* The network */

void world_post(struct world *w, const struct datagram *d, uint64_t delay)
{
	struct datagram *q = &w->queue[w->queued];

	if (w->queued == DATAGRAMS_MAX) {
		world_fail(w, "a storm: %u datagrams are on their way", w->queued);
		return;
	}
	w->queued++;
	*q = *d;
	q->due = w->now + delay;
	q->order = w->order++;
	q->data = malloc(d->len ? d->len : 1);
	memcpy(q->data, d->data, d->len);
}

static uint64_t draw_delay(struct world *w)
{
	return w->delay_min + rng_below(&w->rng, w->delay_max - w->delay_min + 1);
}

static bool is_cut(struct world *w, const struct host *from, const struct ike_addr *to)
{
	struct ike_addr local;
	const struct host *h = host_at(w, to, &local);

	return h && h->index < HOSTS_MAX && from->index < HOSTS_MAX &&
	       w->cut[from->index][h->index] > w->now;
}

/* Is it larger than what comes through, and may not be cut? */
static bool is_too_large(struct world *w, const struct host *from, const struct ike_send *s)
{
	size_t len = (s->local.family == 6 ? 40 : 20) + 8 + (s->marker ? 4 : 0) + s->data.len;
	struct ike_addr local;
	const struct host *h = host_at(w, &s->remote, &local);

	bool loses_cuts;

	if (s->packets == IKE_PACKETS_WHOLE && len > LINK)
		world_fail(w, "host %u sends more than its link takes", from->index);
	if (!h || h->index >= HOSTS_MAX || from->index >= HOSTS_MAX || s->local.tcp)
		return false;
	loses_cuts = w->loses_cuts[from->index][h->index];
	if (s->packets == IKE_PACKETS_CUT)
		return loses_cuts;
	return len > w->way[from->index][h->index] &&
	       (s->packets == IKE_PACKETS_WHOLE || loses_cuts);
}

static void transmit(struct host *h, const struct ike_send *s)
{
	struct world *w = h->world;
	bool natt = s->local.port == IKE_PORT_NATT;
	struct datagram d = {
		.from = h->index == IMPOSTOR ? s->local : host_seen_as(h, &s->local),
		.to = s->remote,
		.forged = h->index == IMPOSTOR,
		.data = (uint8_t *)s->data.data,
		.len = s->data.len,
	};

	if (takeover_holds(h, s->data))
		return;
	w->sent++;
	if (s->data.len == 1) /* a keepalive, the only one without a marker on 4500 */
		return;
	if (!d.forged && !host_has(h, &s->local)) /* the kernel refuses */
		return;
	if (s->marker != natt)
		world_fail(w, "the marker doesn't go with the port");
	if (d.forged) {
		world_post(w, &d, 0);
		return;
	}
	/* Nor does the attacker see it, who could bring it past the narrow place. */
	if (is_too_large(w, h, s)) {
		trace_datagram(w, TRACE_SENT, h->index, &d, ", too large");
		return;
	}
	attacker_see(w, &d);
	if (is_cut(w, h, &d.to)) {
		trace_datagram(w, TRACE_SENT, h->index, &d, ", cut");
		return;
	}
	if (rng_percent(&w->rng, w->loss)) {
		trace_datagram(w, TRACE_SENT, h->index, &d, ", lost");
		return;
	}
	trace_datagram(w, TRACE_SENT, h->index, &d, "");
	world_post(w, &d, draw_delay(w));
	if (rng_percent(&w->rng, w->duplicate))
		world_post(w, &d, draw_delay(w));
}

static unsigned oldest(const struct world *w)
{
	unsigned best = 0;

	for (unsigned i = 1; i < w->queued; i++) {
		const struct datagram *d = &w->queue[i], *b = &w->queue[best];

		if (d->due < b->due || (d->due == b->due && d->order < b->order))
			best = i;
	}
	return best;
}

static void deliver(struct world *w)
{
	unsigned i = oldest(w);
	struct datagram d = w->queue[i];
	struct ike_addr local;
	struct host *h = host_at(w, &d.to, &local);

	if (h && h->engine && h->away > w->now && h->waiting < STOPPED_QUEUE) {
		h->waiting++;
		w->queue[i].due = h->away;
		return;
	}
	w->queue[i] = w->queue[--w->queued];
	d.from.tcp = d.to.tcp; /* whoever says that he is there */
	if (h && host_works(h)) {
		const struct ike_slice message = ike_slice(d.data, d.len);

		trace_datagram(w, TRACE_RECEIVED, h->index, &d, d.forged ? ", forged" : "");
		cheap_trust = h->index == IMPOSTOR;
		if (!takeover_hears(h, message))
			ike_receive(h->engine, host_now(h), &local, &d.from, message);
		cheap_trust = false;
		host_drain(h);
	}
	free(d.data);
}

/* The data path */

static uint32_t alloc_spi(void *context, uint32_t replaces)
{
	struct host *h = context;

	(void)replaces;
	h->spis_out++;
	return h->next_spi++;
}

static void release_spi(void *context, uint32_t spi)
{
	(void)spi;
	((struct host *)context)->spis_out--;
}

/* The one that routes prefer, if it has that. */
static struct ike_addr preferred(const struct host *h)
{
	bool other = h->other.family && !h->lost[1] && (h->prefers_other || h->lost[0]);

	return other ? h->other : h->addr;
}

/* The attacker's is whichever he takes, and of who roams the one that routes prefer. */
static bool local_address(void *context, const struct ike_addr *remote, struct ike_addr *local)
{
	const struct host *h = context;

	(void)remote;
	*local = h->index == IMPOSTOR ? h->taken : host_roams(h) ? preferred(h) : h->addr;
	return local->family;
}

/* Has the peer sent on it, and did it get here? Only at times there is traffic. */
static uint32_t link_mtu(void *context, const struct ike_addr *local)
{
	(void)context;
	(void)local;
	return LINK;
}

static void learn_path(struct host *h, const struct ike_path_mtu *path)
{
	struct ike_addr local;
	const struct host *peer = host_at(h->world, &path->remote, &local);

	if (peer && peer->index < HOSTS_MAX)
		h->told[peer->index] = (struct told){path->octets, h->world->now};
}

static bool heard(void *context, uint64_t child_id)
{
	struct host *h = context;
	struct world *w = h->world;
	const struct esp *child = find_child(h, child_id), *from;
	const struct host *peer;
	struct ike_addr local;

	if (!child || !rng_percent(&h->rng, 30))
		return false;
	peer = &w->host[flow_peer(w, child->flow, h->index)];
	from = sending(peer, child->flow);
	return from && from->spi_out == child->spi_in && host_works(peer) &&
	       w->cut[peer->index][h->index] <= w->now && host_at(w, &from->remote, &local) == h;
}

static void learn(struct host *h, const struct ike_child_job *job)
{
	const struct esp *old = find_child(h, job->replaces);
	struct esp *child;

	if (h->esp_count == ESP_MAX) {
		world_fail(h->world, "host %u: Child SAs pile up in its data path", h->index);
		return;
	}
	child = &h->esp[h->esp_count++];
	*child = (struct esp){
		.child_id = job->child_id,
		.flow = flow_of(job->child),
		.line = old ? old->line : job->child_id,
		.spi_in = job->spi_in,
		.spi_out = job->spi_out,
		.local = job->local,
		.remote = job->remote,
		.encap = job->encap,
		.suite = job->suite,
		.mode = job->mode,
		.keys_in = job->keys_in,
		.keys_out = job->keys_out,
	};
	h->world->ah += job->suite.protocol == IKE_PROTO_AH;
	h->world->extended += job->suite.esn == IKE_ESN_YES;
	h->world->transport += job->mode == RVL_TRANSPORT;
	h->world->in_tcp += job->local.tcp;
	check_keys_fresh(h, child);
	check_address(h, child, false);
	world_trace(h->world, h->index, "has made the Child SA", child->spi_in);
}

/*
 * From whatever had it, be it that both hosts have begun and the flow has two for a while. Of
 * those that replace each other one is in use. When that goes, the flow goes back to the one of
 * others that had it before.
 */
static void lead(struct host *h, struct esp *child)
{
	struct world *w = h->world;
	const struct esp *before = sending(h, child->flow);

	/* Before it is up on both sides, what is sent may come to where its SA is still made. */
	if (before && w->flow[child->flow].watched && !w->flow[child->flow].bound)
		h->left[child->flow] = (struct left){.spi_out = before->spi_out, .at = w->now};
	for (unsigned i = 0; i < h->esp_count; i++) {
		if (h->esp[i].line == child->line)
			h->esp[i].used = 0;
	}
	child->used = ++h->uses;
	world_trace(w, h->index, "leads its flow to the Child SA", child->spi_in);
}

/* The steps of a Child SA come in their order, each once the one before is answered. */
static void install(struct host *h, const struct ike_job *job, int error)
{
	struct esp *child = find_child(h, job->child.child_id);

	switch (job->type) {
	case IKE_JOB_CHILD_INBOUND:
		if (child)
			world_fail(h->world, "host %u: a Child SA is made twice", h->index);
		else
			learn(h, &job->child);
		break;
	case IKE_JOB_CHILD_OUTBOUND:
		if (!child || !child->receives || child->ready)
			world_fail(h->world, "host %u: outbound before inbound", h->index);
		else
			child->ready = true;
		break;
	default:
		if (!child || !child->ready)
			world_fail(h->world, "host %u: in use before it can send", h->index);
		else if (!error)
			lead(h, child);
		break;
	}
}

static bool is_of_child(const struct ike_job *job)
{
	return !ike_job_is_work(job) && !ike_job_is_proof(job) && job->type != IKE_JOB_WAYS &&
	       job->type != IKE_JOB_LEASE && job->type != IKE_JOB_RESOLVE;
}

static bool is_last_step(const struct ike_job *job)
{
	return job->type == IKE_JOB_CHILD_USE;
}

/* Does its failure cost what both sides have already? */
static bool is_vital(const struct ike_job *job)
{
	return ike_job_is_work(job) || ike_job_is_proof(job) || job->type == IKE_JOB_WAYS ||
	       is_last_step(job);
}

/*
 * Mostly soon; refused, late or never at times. What is vital fails only where the world says so,
 * and then the flows of the two hosts may.
 */
static void draw_answer(struct host *h, struct pending *p)
{
	struct world *w = h->world;
	bool may_fail = !w->calm || !is_vital(p->job);
	uint64_t delay = rng_below(&h->rng, w->job_delay + 1);

	p->due = w->now + delay;
	if (rng_percent(&h->rng, w->late))
		p->due = w->now + (may_fail && rng_percent(&h->rng, 20)
					   ? 50000 + rng_below(&h->rng, 40000)
					   : rng_below(&h->rng, w->patience / 6));
	if (may_fail && !ike_job_is_work(p->job) && rng_percent(&h->rng, w->refused))
		p->error = -ENOSPC;
	if (may_fail && rng_percent(&h->rng, w->never))
		p->due = IKE_NEVER;
	delay = p->due - w->now;
	if (outlasts(w, delay) || (p->error && is_last_step(p->job)))
		world_interrupt_all(w, h->index, delay > 60000 ? 60000 : delay);
}

/* Addresses */

static struct world_lease *find_lease(struct host *h, const struct ike_addr *addr)
{
	for (unsigned i = 0; i < h->lease_count; i++) {
		if (ike_addr_same_ip(&h->leases[i].addr, addr))
			return &h->leases[i];
	}
	return NULL;
}

static bool find_address(struct host *h, const struct ike_lease_job *job, struct ike_addr *addr)
{
	const struct world_lease *old;

	*addr = job->asked.vips[0];
	old = find_lease(h, addr);
	if (!ike_addr_is_zero(addr) && (!old || old->lease_id == job->replaces))
		return true;
	for (unsigned i = 0; i < h->lease_count && job->replaces; i++) {
		*addr = h->leases[i].addr;
		if (h->leases[i].lease_id == job->replaces)
			return true;
	}
	for (unsigned i = 1; i <= h->pool; i++) {
		*addr = (struct ike_addr){.family = 4,
					  .ip = {10, 200, (uint8_t)h->index, (uint8_t)i}};
		if (!find_lease(h, addr))
			return true;
	}
	return false;
}

static unsigned peer_of_lease(const struct host *h, const struct ike_lease_job *l)
{
	unsigned peering = (unsigned)atoi(l->connection + 1);

	return flow_peer(h->world, peering * CHILDREN_PER_PEERING, h->index);
}

/*
 * Who renews an IKE SA keeps its address, but not if its NAT has a new mapping in the midst of it:
 * then nobody knows that it is the same one, and the flow is another one by its new address. When
 * it is asked for, that is: the old one may be heard of from there a moment later.
 */
static bool is_from_elsewhere(const struct host *h, const struct ike_lease_job *l)
{
	const struct ike_sa *sa = ike_sa_find_id(h->engine, l->lease_id);
	const unsigned peer = peer_of_lease(h, l);

	for (const struct ike_sa *other = h->engine->all; sa && other; other = other->links.next) {
		if (other != sa && other->lease && !other->lease->ours && other->remote_id &&
		    atoi((const char *)other->remote_id->data + strlen("host")) == (int)peer &&
		    !ike_addr_equal(&other->path.remote, &sa->path.remote))
			return true;
	}
	return false;
}

/* A lease may pass from one IKE SA to another of the same peer, and to nobody else. */
static void lease(struct host *h, struct ike_job *job, bool elsewhere)
{
	struct world *w = h->world;
	struct ike_lease_job *l = &job->lease;
	struct world_lease *given = &h->leases[h->lease_count];

	if (!l->lease_id) { /* given back before it was answered */
		job->error = -ECANCELED;
		return;
	}
	*given = (struct world_lease){
		.lease_id = l->lease_id,
		.peer = peer_of_lease(h, l),
	};
	for (unsigned i = 0; i < h->lease_count; i++) {
		if (h->leases[i].lease_id == l->replaces && h->leases[i].peer != given->peer)
			world_fail(w, "host %u: a lease passes to another peer", h->index);
		w->passed_on += h->leases[i].lease_id == l->replaces;
	}
	if (!l->replaces && elsewhere)
		world_interrupt(w, h->index, given->peer, 0);
	if (!find_address(h, l, &given->addr)) {
		job->error = -EADDRNOTAVAIL;
		return;
	}
	if (h->lease_count++ == LEASES_MAX - 1)
		world_fail(w, "host %u: leases pile up", h->index);
	w->leased++;
	l->given.vips[l->given.vip_count++] = given->addr;
	world_trace(w, h->index, "gives an address", given->addr.ip[3]);
}

/* Of those that it has given, or of its own. */
static void release(struct host *h, uint64_t lease_id, bool ours)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < h->lease_count; i++) {
		if (h->leases[i].lease_id != lease_id)
			h->leases[kept++] = h->leases[i];
	}
	h->vips -= ours;
	h->lease_count = kept;
	for (unsigned i = 0; i < h->job_count; i++) {
		struct ike_job *job = h->jobs[i].job;

		if (job->type == IKE_JOB_LEASE && job->lease.lease_id == lease_id)
			job->lease.lease_id = 0;
	}
}

/* Late or never at times; nothing that there is depends on it. */
static void draw_lookup(struct host *h, struct pending *p)
{
	struct world *w = h->world;

	p->due = w->now + rng_below(&h->rng, w->job_delay + 1);
	if (rng_percent(&h->rng, w->late))
		p->due = w->now + rng_below(&h->rng, 90000);
	if (rng_percent(&h->rng, w->refused))
		p->error = -ENOENT;
	if (rng_percent(&h->rng, w->never))
		p->due = IKE_NEVER;
}

/* At times a name still stands for where somebody else is by now. */
static void look_up(struct host *h, struct ike_resolve_job *job)
{
	struct world *w = h->world;
	unsigned host = HOSTS_MAX;

	if (sscanf(job->name, "host%u.test", &host) != 1 || host >= w->hosts) {
		world_fail(w, "host %u: looks for %s", h->index, job->name);
		return;
	}
	if (rng_percent(&h->rng, w->stray))
		host = (unsigned)rng_below(&h->rng, w->hosts);
	job->list[job->count++] = w->host[host].addr;
	if (rng_percent(&h->rng, w->stray))
		job->list[job->count++] = w->host[rng_below(&h->rng, w->hosts)].addr;
}

static void take_job(struct host *h, struct ike_action *a)
{
	struct pending *p = &h->jobs[h->job_count];

	if (h->job_count == JOBS_MAX) {
		world_fail(h->world, "host %u: jobs pile up", h->index);
		return;
	}
	h->job_count++;
	*p = (struct pending){.job = a->job, .due = h->world->now};
	a->job = NULL;
	if (h->index == IMPOSTOR)
		return;
	if (p->job->type == IKE_JOB_RESOLVE) {
		draw_lookup(h, p);
		return;
	}
	if (p->job->type == IKE_JOB_LEASE)
		p->elsewhere = is_from_elsewhere(h, &p->job->lease);
	draw_answer(h, p);
	if (is_of_child(p->job))
		install(h, p->job, p->error);
}
/* From each address that it has, the one that it prefers first. */
static void find_ways(const struct host *h, struct ike_ways_job *ways)
{
	const struct ike_addr first = preferred(h), *second = &h->addr;

	if (ike_addr_same_ip(&first, second))
		second = &h->other;
	for (unsigned r = 0; r < ways->remote_count && ways->count < IKE_WAYS_MAX; r++) {
		if (host_has(h, &first))
			ways->ways[ways->count++] = (struct ike_pair){first, ways->remotes[r]};
		if (second->family && host_has(h, second) && ways->count < IKE_WAYS_MAX)
			ways->ways[ways->count++] = (struct ike_pair){*second, ways->remotes[r]};
	}
}

/* The impostor has no key that anybody believes, and believes everything. */
static void sign_or_judge(const struct host *h, struct ike_job *job)
{
	signer_run(job, h->index == IMPOSTOR ? "his" : "what all of them sign with");
	if (h->index == IMPOSTOR)
		job->error = 0;
}

/* Who initiates comes in as the host that it is, or as a user of that name. */
static void speak_eap(const struct host *h, struct ike_job *job)
{
	const bool impostor = h->index == IMPOSTOR;
	struct eap_party party = {.password = impostor ? "his" : "what all of them know"};
	const struct host *server;
	const struct peering *p;
	unsigned number, client;
	char user[32];

	if (sscanf(job->eap.connection, "p%u", &number) != 1)
		abort();
	p = &h->world->peering[number];
	client = p->host[p->initiates[1]];
	server = &h->world->host[p->host[p->initiates[0]]];
	snprintf(user, sizeof(user), server->eap_asks ? "user%u" : "host%u.example.org", client);
	party.methods = server->eap_methods;
	party.asks = server->eap_asks;
	party.user = user;
	cheap_trust = impostor;
	eap_party_run(&party, job);
	cheap_trust = false;
	h->world->by_eap += !impostor && job->eap.server && job->eap.verdict == IKE_EAP_DONE;
}

static void answer(struct host *h, unsigned index)
{
	struct pending p = h->jobs[index];
	struct esp *child;

	h->jobs[index] = h->jobs[--h->job_count];
	if (ike_job_is_work(p.job))
		ike_job_run(p.job);
	else if (p.job->type == IKE_JOB_EAP)
		speak_eap(h, p.job);
	else if (ike_job_is_proof(p.job))
		sign_or_judge(h, p.job);
	else if (p.job->type == IKE_JOB_WAYS && !p.error)
		find_ways(h, &p.job->ways);
	else if (p.job->type == IKE_JOB_LEASE && !p.error)
		lease(h, p.job, p.elsewhere);
	if (p.job->type == IKE_JOB_RESOLVE && !p.error)
		look_up(h, &p.job->resolve);
	if (p.error) {
		p.job->error = p.error;
		strcpy(p.job->reason, "no room in the NIC");
	}
	if (p.job->type == IKE_JOB_CHILD_INBOUND && !p.error) {
		child = find_child(h, p.job->child.child_id);
		if (child)
			child->receives = true;
	}
	cheap_trust = h->index == IMPOSTOR;
	ike_job_done(h->engine, host_now(h), p.job);
	cheap_trust = false;
}

static void remove_child(struct host *h, const struct ike_child_removed *removed)
{
	struct esp *child = find_child(h, removed->child_id);

	if (!child || child->spi_in != removed->spi_in) {
		world_fail(h->world, "host %u: removes what it hasn't", h->index);
		return;
	}
	world_trace(h->world, h->index, "removes the Child SA", child->spi_in);
	check_nothing_on_its_way(h, child);
	OPENSSL_cleanse(child, sizeof(*child));
	*child = h->esp[--h->esp_count];
	h->spis_out--;
}

static void update(struct host *h, const struct ike_child_change *change)
{
	struct world *w = h->world;
	struct esp *child = find_child(h, change->child_id);

	if (!child) {
		world_fail(h->world, "host %u: moves what it hasn't", h->index);
		return;
	}
	child->local = change->local;
	child->remote = change->remote;
	child->encap = change->encap;
	w->moved++;
	check_address(h, child, true);
}

static void skip(struct host *h, const struct ike_child_skip *skip)
{
	const struct esp *child = find_child(h, skip->child_id);

	if (!child || child->spi_out != skip->spi_out)
		world_fail(h->world, "host %u: leaves out numbers of what it hasn't", h->index);
	h->world->skipped++;
}

/* He has no data path and does his jobs at once. */
static void act_as_impostor(struct host *h, struct ike_action *a)
{
	if (a->type == IKE_ACTION_SEND)
		transmit(h, &a->send);
	else if (a->type == IKE_ACTION_JOB)
		take_job(h, a);
}

static void act(struct host *h, struct ike_action *a)
{
	struct world *w = h->world;
	unsigned flow;

	if (h->index == IMPOSTOR) {
		act_as_impostor(h, a);
		return;
	}
	switch (a->type) {
	case IKE_ACTION_SEND:
		transmit(h, &a->send);
		break;
	case IKE_ACTION_REACH: /* it can */
		break;
	case IKE_ACTION_JOB:
		flow = is_of_child(a->job) ? flow_of(a->job->child.child) : FLOWS_MAX;
		take_job(h, a);
		if (flow < FLOWS_MAX) {
			check_flow(w, flow);
			check_ends_agree(h, flow);
		}
		break;
	case IKE_ACTION_CHILD_REMOVE:
		remove_child(h, &a->removed);
		check_flows(h);
		break;
	case IKE_ACTION_CHILD_UPDATE:
		update(h, &a->change);
		break;
	case IKE_ACTION_CHILD_SKIP:
		skip(h, &a->skip);
		break;
	case IKE_ACTION_IKE_UP:
		world_trace(w, h->index, "IKE SA up", a->event.ike_id);
		w->established++;
		check_authenticated(h, a->event.ike_id);
		break;
	case IKE_ACTION_IKE_REKEYED:
		w->ike_rekeyed++;
		world_trace(w, h->index, "IKE SA rekeyed", a->event.ike_id);
		break;
	case IKE_ACTION_IKE_DOWN:
		world_trace(w, h->index, "IKE SA down", a->event.ike_id);
		break;
	case IKE_ACTION_CHILD_UP:
		world_trace(w, h->index, "Child SA up", a->event.child_id);
		break;
	case IKE_ACTION_CHILD_REKEYED:
		w->rekeyed++;
		world_trace(w, h->index, "Child SA rekeyed", a->event.child_id);
		break;
	case IKE_ACTION_CHILD_DOWN:
		world_trace(w, h->index, "Child SA down", a->event.child_id);
		break;
	case IKE_ACTION_PATH_MTU:
		learn_path(h, &a->path_mtu);
		break;
	case IKE_ACTION_LEASED:
		h->vips++;
		break;
	case IKE_ACTION_RELEASED:
		release(h, a->released.lease_id, a->released.ours);
		break;
	case IKE_ACTION_LOG:
		if (w->verbose)
			fprintf(stderr, "#   %8llu  host %u  %s\n", (unsigned long long)w->now,
				h->index, a->log.text);
		break;
	}
}

/* The first job that is due, or job_count. */
static unsigned due_job(const struct host *h)
{
	unsigned i = 0;

	while (i < h->job_count && h->jobs[i].due > h->world->now)
		i++;
	return i;
}

void host_drain(struct host *h)
{
	struct ike_action *a;
	unsigned i;

	do {
		while ((a = ike_next_action(h->engine))) {
			act(h, a);
			ike_action_free(a);
		}
		i = due_job(h);
		if (i < h->job_count)
			answer(h, i);
	} while (!h->world->failed && (i < h->job_count || h->engine->actions));
}

/* Lives */

static bool has_begun(const struct world *w, unsigned host)
{
	return host < w->hosts || host == IMPOSTOR;
}

static void must(int err, const char *what)
{
	if (err) {
		fprintf(stderr, "%s: %d\n", what, err);
		abort();
	}
}

static void add_proposals(const char *list, uint8_t protocol, struct ike_proposal *out,
			  unsigned *count)
{
	char text[256], error[256], *save, *word;

	snprintf(text, sizeof(text), "%s", list);
	for (word = strtok_r(text, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		bool ah = strncmp(word, "ah:", 3) == 0;

		must(ike_proposal_parse(ah ? word + 3 : word, ah ? IKE_PROTO_AH : protocol,
					&out[(*count)++], error, sizeof(error)),
		     word);
	}
}

static void set_id(struct ike_id *id, unsigned host)
{
	char text[32], error[256];

	snprintf(text, sizeof(text), "host%u.example.org", host);
	must(ike_id_parse(text, id, error, sizeof(error)), text);
}

/* 10.HOST.FLOW.0/24 */
static void set_ts(struct ike_ts_list *list, unsigned host, unsigned flow)
{
	struct ike_ts *ts = &list->list[list->count++];

	*ts = (struct ike_ts){
		.family = 4,
		.port_last = 65535,
		.first = {10, (uint8_t)host, (uint8_t)flow, 0},
		.last = {10, (uint8_t)host, (uint8_t)flow, 255},
	};
}

/* Between the hosts themselves a port tells flows apart: that of ours is the same as the peer's. */
static void set_port(struct ike_ts_list *list, unsigned flow)
{
	list->list[list->count++] = (struct ike_ts){
		.dynamic = true,
		.protocol = 17,
		.port_first = (uint16_t)(1000 + flow),
		.port_last = (uint16_t)(1000 + flow),
	};
}

/* The one that is given its address has it as its only selector, on both sides. */
static void set_lease(const struct peering *p, unsigned side, struct ike_connection *conn)
{
	bool client = p->initiates[side];

	conn->leases = !client;
	conn->vip_count = client;
	conn->vips[0] = p->wish;
	for (unsigned c = 0; c < conn->child_count; c++) {
		struct ike_child_config *child = &conn->children[c];

		*(client ? &child->local_ts : &child->remote_ts) = (struct ike_ts_list){.count = 0};
	}
}

static struct name dns_name(unsigned host)
{
	struct name name;

	snprintf(name.text, sizeof(name.text), "host%u.test", host);
	return name;
}

/* The attacker has those of all hosts, with names of his own. */
struct name connection_name(unsigned peering, unsigned side, bool impostor)
{
	struct name name;

	snprintf(name.text, sizeof(name.text), impostor ? "p%us%u" : "p%u", peering, side);
	return name;
}

static enum ike_proof_kind proof_of(const struct world *w, const struct peering *p, unsigned side)
{
	if (p->eap && p->initiates[side])
		return IKE_BY_EAP;
	return w->host[p->host[side]].signs ? IKE_BY_SIGNATURE : IKE_BY_PSK;
}

/* What one side of a peering has of it. The attacker has no address of his own. */
static struct ike_connection *connection_of(const struct host *h, unsigned number, unsigned side)
{
	const struct world *w = h->world;
	const struct peering *p = &w->peering[number];
	const struct host *self = &w->host[p->host[side]], *peer = &w->host[p->host[!side]];
	struct ike_connection *conn;
	char name[16];

	conn = ike_connection_new(connection_name(number, side, h->index == IMPOSTOR).text);
	if (h == self && !h->other.family)
		ike_hosts_set(&conn->local, &h->addr);
	if (!host_roams(peer) && p->named[side] && h == self)
		ike_hosts_add(&conn->remote, dns_name(peer->index).text);
	else if (!host_roams(peer))
		ike_hosts_set(&conn->remote, &peer->addr);
	else if (side)
		ike_hosts_add(&conn->remote, peer->addr.family == 4 ? "%any4" : "%any6");
	conn->mobike = p->mobike;
	conn->tcp = p->tcp;
	conn->auth.local = proof_of(w, p, side);
	conn->auth.remote = proof_of(w, p, !side);
	conn->auth.send_cert = IKE_SEND_CERT_ALWAYS;
	set_id(&conn->local_id, self->index);
	set_id(&conn->remote_id, peer->index);
	add_proposals(p->ike[side], IKE_PROTO_IKE, conn->proposals, &conn->proposal_count);
	conn->dpd_delay_ms = p->dpd_ms[side];
	conn->probe_ms = p->probe_ms[side];
	conn->rekey_ms = p->ike_rekey_ms[side];
	conn->rand_ms = p->rand_ms[side];
	conn->retransmit_ms = w->retransmit_ms;
	conn->retransmit_percent = 100;
	conn->retransmit_tries = w->tries;
	conn->unique = p->unique;
	for (unsigned c = 0; c < p->children; c++) {
		unsigned flow = number * CHILDREN_PER_PEERING + c;
		struct ike_child_config *child;

		snprintf(name, sizeof(name), "p%uc%u", number, c);
		child = ike_connection_add_child(conn, name);
		add_proposals(p->esp[side], IKE_PROTO_ESP, child->proposals,
			      &child->proposal_count);
		child->mode = p->mode;
		if (p->mode == RVL_TRANSPORT) {
			set_port(&child->local_ts, flow);
			set_port(&child->remote_ts, flow);
		} else {
			set_ts(&child->local_ts, self->index, flow);
			set_ts(&child->remote_ts, peer->index, flow);
		}
		child->rekey_ms = p->rekey_ms[side];
		child->rand_ms = p->rand_ms[side];
	}
	if (p->leases)
		set_lease(p, side, conn);
	return conn;
}

static bool has_side(const struct host *h, unsigned number, unsigned side)
{
	return h->index == IMPOSTOR || h->world->peering[number].host[side] == h->index;
}

static void add_connection(struct host *h, unsigned number, unsigned side)
{
	struct ike_connection *conn = connection_of(h, number, side);

	must(ike_engine_add_connection(h->engine, conn), conn->name);
}

static void add_secret(struct host *h)
{
	static const char secret[] = "what all of them know", wrong[] = "what he believes";
	const char *psk = h->index == IMPOSTOR ? wrong : secret;

	must(ike_engine_add_psk(h->engine, NULL, 0, ike_slice(psk, strlen(psk))), "psk");
}

static int fill(void *context, void *out, size_t len)
{
	struct rng *r = context;
	uint8_t *at = out;

	for (; len >= 8; at += 8, len -= 8) {
		uint64_t word = rng_next(r);

		memcpy(at, &word, 8);
	}
	if (len) {
		uint64_t word = rng_next(r);

		memcpy(at, &word, len);
	}
	return 0;
}

/* Its core is told what it has. */
static void roam(struct host *h)
{
	struct ike_own_addr own[2];
	unsigned count = 0;

	if (!h->lost[0])
		own[count++] = (struct ike_own_addr){h->addr, true};
	if (h->other.family && !h->lost[1])
		own[count++] = (struct ike_own_addr){h->other, true};
	must(ike_roam(h->engine, host_now(h), own, count), "roam");
}

static void boot(struct host *h)
{
	struct world *w = h->world;
	struct ike_engine_config config = {
		.random = {.fill = fill, .context = &h->rng},
		.alloc_spi = alloc_spi,
		.release_spi = release_spi,
		.heard = heard,
		.local_address = local_address,
		.link_mtu = link_mtu,
		.context = h,
		.cookie_always = h->cookies,
		.redirect_ms = UINT32_MAX, /* who can't go where it is sent stays */
		.qcd_secret = h->crash_tokens ? h->qcd_secret : NULL,
		.fragment_size = h->fragment_size,
		.limits = {.half_open = HALF_OPEN_MAX,
			   .puzzle_threshold = h->puzzles ? 3 : IKE_NO_LIMIT,
			   .puzzle_threshold_ip = h->puzzles ? 2 : IKE_NO_LIMIT,
			   .puzzle_difficulty = 5,
			   .puzzle_effort = h->solves ? 0 : IKE_NO_LIMIT},
		.log_level = w->verbose ? IKE_LOG_DEBUG : IKE_LOG_ERROR,
	};

	h->engine = ike_engine_new(&config);
	if (!h->engine)
		abort();
	h->began = w->now;
	for (unsigned i = 0; i < 2 * w->peerings; i++) {
		if (has_side(h, i / 2, i % 2))
			add_connection(h, i / 2, i % 2);
	}
	add_secret(h);
	roam(h);
}

/* Without a word to anybody. */
static void end(struct host *h)
{
	for (unsigned i = 0; i < h->job_count; i++)
		ike_job_free(h->jobs[i].job);
	h->job_count = 0;
	member_end(&h->member);
	ike_engine_free(h->engine);
	h->engine = NULL;
	OPENSSL_cleanse(h->esp, h->esp_count * sizeof(h->esp[0]));
	h->esp_count = 0;
	h->spis_out = 0;
	h->lease_count = 0;
	h->vips = 0;
	memset(h->told, 0, sizeof(h->told));
}

void world_begin(struct world *w)
{
	check_begin(w);
	w->verbose = getenv("IKE_TEST_LOG");
	for (unsigned i = 0; i <= HOSTS_MAX; i++) {
		struct host *h = &w->host[i];

		h->world = w;
		h->rng.state = rng_next(&w->rng);
		h->next_spi = 0x1000 * (i + 1);
	}
	for (unsigned i = 0; i < HOSTS_MAX * HOSTS_MAX; i++)
		w->loses_cuts[i / HOSTS_MAX][i % HOSTS_MAX] = rng_percent(&w->rng, 20);
	for (unsigned i = 0; i < HOSTS_MAX; i++)
		world_narrow(w, i);
	for (unsigned i = 0; i <= HOSTS_MAX; i++) {
		if (has_begun(w, i))
			boot(&w->host[i]);
	}
}

void world_free(struct world *w)
{
	for (unsigned i = 0; i <= HOSTS_MAX; i++)
		end(&w->host[i]);
	for (unsigned i = 0; i < w->queued; i++)
		free(w->queue[i].data);
	attacker_forget(w);
	check_end(w);
	free(w);
}

/* What happens to them */

struct connections {
	unsigned count;
	struct ike_pair list[CONNECTIONS_MAX];
};

/* Of those that it has made, each once. */
static void note_connection(void *context, const struct ike_pair *pair)
{
	struct connections *made = context;
	unsigned i = 0;

	while (i < made->count && !ike_pair_equal(&made->list[i], pair))
		i++;
	if (i == made->count && i < CONNECTIONS_MAX && !pair->local.port)
		made->list[made->count++] = *pair;
}

/* All that it has made have ended, and it makes others from now on. */
static void cut_connections(struct host *h)
{
	struct connections made = {0};

	h->tcp_port = (uint16_t)(50000 + rng_below(&h->world->rng, 10000));
	if (!host_works(h))
		return;
	ike_each_connected(h->engine, note_connection, &made);
	if (!made.count)
		return;
	world_trace(h->world, h->index, "its connections are cut; the next is from port",
		    h->tcp_port);
	for (unsigned i = 0; i < made.count; i++)
		ike_disconnected(h->engine, host_now(h), &made.list[i]);
	host_drain(h);
}

void world_rebind(struct world *w, unsigned host)
{
	struct nat *nat = &w->host[host].nat;

	cut_connections(&w->host[host]);
	if (!nat->present)
		return;
	if (rng_percent(&w->rng, 30))
		nat->outside.ip[ike_addr_len(&nat->outside) - 1] =
			(uint8_t)(1 + rng_below(&w->rng, 250));
	nat->port[0] = (uint16_t)(10000 + rng_below(&w->rng, 20000));
	nat->port[1] = (uint16_t)(30000 + rng_below(&w->rng, 20000));
	world_trace(w, host, "its NAT has new mappings; the port is", nat->port[1]);
	/* Of a message that is copied from elsewhere, the first counts as where it comes from. */
	if (w->attacks)
		world_interrupt_all(w, host, 0);
}

/* Whom it asks over another way than before it waits for as long as ever. */
static void be_patient_anew(struct host *h, const struct ike_addr *before, const bool had[ESP_MAX])
{
	const struct ike_addr now = preferred(h);

	for (unsigned i = 0; i < h->esp_count; i++) {
		if (h->esp[i].alone_at &&
		    (!ike_addr_same_ip(before, &now) || had[i] != host_has(h, &h->esp[i].local)))
			h->esp[i].alone_at = h->world->now;
	}
}

void world_redirect(struct world *w, unsigned host, uint64_t ike_id, unsigned peer)
{
	struct host *h = &w->host[host];
	struct ike_hosts to = {0};

	if (h->nat.present)
		return; /* nobody knows what it is called out there */
	must(ike_hosts_set(&to, h->other.family && rng_percent(&w->rng, 50) ? &h->other : &h->addr),
	     "a gateway");
	if (ike_redirect(h->engine, host_now(h), ike_id, &to) == 0)
		world_trace(w, host, "redirects a peer", peer);
	ike_hosts_clear(&to);
}

/* Of the first host the first address stays, which others begin with. */
void world_move(struct world *w, unsigned host)
{
	struct host *h = &w->host[host];
	unsigned which = host ? (unsigned)rng_below(&w->rng, 2) : 1;
	const struct ike_addr before = preferred(h);
	bool had[ESP_MAX];

	if (!h->other.family)
		return;
	for (unsigned i = 0; i < h->esp_count; i++)
		had[i] = host_has(h, &h->esp[i].local);
	if (rng_percent(&w->rng, 30)) {
		h->prefers_other = !h->prefers_other;
		world_trace(w, host, "has other routes", h->prefers_other);
	} else {
		h->lost[which] = !h->lost[which];
		h->lost[!which] &= !h->lost[which];
		world_trace(w, host, "has other addresses; lost", h->lost[0] + 2u * h->lost[1]);
	}
	be_patient_anew(h, &before, had);
	roam(h);
	host_drain(h);
	/* As with a mapping; and silence is waited for less. */
	if (w->attacks)
		world_interrupt_all(w, host, 0);
}

void world_cut(struct world *w, unsigned from, unsigned to, uint64_t ms)
{
	w->cut[from][to] = w->now + ms;
	world_trace(w, from, "is cut off from a host; for ms", ms);
	if (outlasts_silent(w, ms))
		world_interrupt(w, from, to, ms);
}

void world_narrow(struct world *w, unsigned from)
{
	for (unsigned to = 0; to < HOSTS_MAX; to++) {
		uint32_t least = w->loses_cuts[from][to]	? 1300
				 : w->host[to].addr.family == 6 ? 1280
								: 576;

		w->way[from][to] = rng_percent(&w->rng, 50)
					   ? LINK
					   : least + (uint32_t)rng_below(&w->rng, LINK - least);
	}
	w->narrowed_at[from] = w->now;
	world_trace(w, from, "its ways take others than before", 0);
}

void world_stop(struct world *w, unsigned host, uint64_t ms)
{
	world_trace(w, host, "is stopped; for ms", ms);
	w->host[host].away = w->now + ms;
	w->host[host].waiting = 0;
	if (outlasts_silent(w, ms))
		world_interrupt_all(w, host, ms);
}

void world_leap(struct world *w, unsigned host, uint64_t ms)
{
	world_trace(w, host, "its clock leaps; by ms", ms);
	w->host[host].ahead += ms;
	w->host[host].leapt = w->now;
	if (outlasts(w, ms))
		world_interrupt_all(w, host, 0);
}

void world_restart(struct world *w, unsigned host, uint64_t ms)
{
	struct host *h = &w->host[host];

	world_trace(w, host, "restarts; it takes ms", ms);
	end(h);
	h->away = w->now + ms;
	world_interrupt_all(w, host, ms);
}

static void adjust(struct host *h, unsigned number, unsigned side)
{
	struct peering *p = &h->world->peering[number];
	struct rng *r = &h->world->rng;
	struct ike_connection *conn;

	p->rekey_ms[side] = rng_percent(r, 80) ? 5000 + rng_below(r, 40000) : 0;
	p->ike_rekey_ms[side] = rng_percent(r, 60) ? 10000 + rng_below(r, 80000) : 0;
	p->rand_ms[side] = rng_percent(r, 70) ? rng_below(r, 4000) : 0;
	conn = connection_of(h, number, side);
	must(ike_engine_update_connection(h->engine, host_now(h), conn), conn->name);
}

struct of_connection {
	const char *name;
	uint64_t ids[ESP_MAX];
	unsigned count;
};

static void note_sa(void *context, const struct ike_sa_info *sa, const struct ike_child_info *child)
{
	struct of_connection *of = context;

	if (!child && strcmp(sa->connection, of->name) == 0 && of->count < ESP_MAX)
		of->ids[of->count++] = sa->id;
}

static void replace(struct host *h, unsigned number, unsigned side)
{
	struct name name = connection_name(number, side, false);
	struct of_connection of = {.name = name.text};

	ike_list(h->engine, note_sa, &of);
	must(ike_engine_remove_connection(h->engine, name.text), name.text);
	add_connection(h, number, side);
	for (unsigned i = 0; i < of.count; i++)
		ike_terminate(h->engine, host_now(h), of.ids[i]);
}

void world_reload(struct world *w, unsigned host, bool anew)
{
	struct host *h = &w->host[host];

	world_trace(w, host, "is configured anew; what there is goes", anew);
	for (unsigned i = 0; i < 2 * w->peerings; i++) {
		if (has_side(h, i / 2, i % 2))
			(anew ? replace : adjust)(h, i / 2, i % 2);
	}
	ike_engine_clear_psks(h->engine);
	add_secret(h);
	if (anew)
		world_interrupt_all(w, host, 0);
	host_drain(h);
}

void world_initiate(struct world *w)
{
	for (unsigned f = 0; f < FLOWS_MAX; f++) {
		const struct peering *p = &w->peering[f / CHILDREN_PER_PEERING];

		for (unsigned side = 0; side < 2 && w->flow[f].exists; side++) {
			struct host *h = &w->host[p->host[side]];
			/* Others are called as what they are known by. */
			char conn[16], child[16];
			uint64_t id;
			int err;

			if (!p->initiates[side] || !host_works(h) || sending(h, f))
				continue;
			snprintf(conn, sizeof(conn), "p%u", f / CHILDREN_PER_PEERING);
			snprintf(child, sizeof(child), "%sc%u", conn, f % CHILDREN_PER_PEERING);
			err = ike_initiate(h->engine, host_now(h), conn, child, NULL, &id);
			if (err && err != -EALREADY && err != -EISCONN && err != -EBUSY)
				world_fail(w, "host %u can't begin %s: %d", h->index, child, err);
			host_drain(h);
		}
	}
}

/* Time */

static uint64_t next_of(const struct host *h)
{
	uint64_t at = IKE_NEVER, deadline;

	if (!h->engine)
		return h->away;
	deadline = ike_next_deadline(h->engine);
	if (deadline != IKE_NEVER)
		at = deadline > h->ahead ? deadline - h->ahead : 0;
	for (unsigned i = 0; i < h->job_count; i++) {
		if (h->jobs[i].due < at)
			at = h->jobs[i].due;
	}
	if (h->member.ike_id && h->member.due < at)
		at = h->member.due;
	return at < h->away ? h->away : at;
}

static void wake(struct host *h)
{
	struct world *w = h->world;

	if (h->away > w->now || next_of(h) > w->now)
		return;
	if (!h->engine) {
		boot(h);
		world_trace(w, h->index, "has started", 0);
		return;
	}
	ike_tick(h->engine, host_now(h));
	host_drain(h);
	takeover_wake(h);
}

static uint64_t next_event(const struct world *w)
{
	uint64_t at = w->queued ? w->queue[oldest(w)].due : IKE_NEVER;

	for (unsigned i = 0; i <= HOSTS_MAX; i++) {
		uint64_t next = has_begun(w, i) ? next_of(&w->host[i]) : IKE_NEVER;

		if (next < at)
			at = next;
	}
	return at;
}

void world_run(struct world *w, uint64_t until)
{
	uint64_t at;

	while (!w->failed && (at = next_event(w)) <= until) {
		if (at > w->now)
			w->now = at;
		if (w->queued && w->queue[oldest(w)].due <= w->now) {
			deliver(w);
			continue;
		}
		for (unsigned i = 0; i <= HOSTS_MAX && !w->failed; i++) {
			if (has_begun(w, i))
				wake(&w->host[i]);
		}
	}
	w->now = until;
}
