/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DNS names in the lists of connections, for a peer that begins: which connection it belongs to may
 * depend on what they stand for now. Its first message waits for that, be it for a while.
 *
 * Anybody can make us look: each name is looked up once in IKE_LOOKUP_FRESH_MS at most, a few at a
 * time, and only so many messages wait.
 */
#include <stdio.h>
#include <stdlib.h>

#include "host/ike/sa.h"

/* What a name stands for. */
struct ike_lookup {
	struct ike_waiter waiter;
	struct ike_lookup *next, **at; /* of all in the engine */
	const struct ike_host *host;
	uint64_t known_at; /* 0: it was never looked up */
	unsigned count;
	struct ike_addr list[IKE_RESOLVED_MAX];
};

/* The first message of a stranger. */
struct ike_held {
	struct ike_held *next;
	struct ike_in in;
	uint8_t datagram[];
};

static void done(struct ike_engine *e, struct ike_waiter *waiter, uint64_t now,
		 struct ike_job *job);

/* Names of a list, from now on. Returns 0 or -1 without memory; what there is goes with the list.
 */
static int begin(struct ike_engine *e, struct ike_hosts *hosts)
{
	for (unsigned i = 0; i < hosts->count; i++) {
		struct ike_lookup *lookup;

		if (!hosts->list[i].name)
			continue;
		lookup = calloc(1, sizeof(*lookup));
		if (!lookup)
			return -1;
		lookup->host = &hosts->list[i];
		lookup->waiter.done = done;
		lookup->next = e->lookups;
		lookup->at = &e->lookups;
		if (lookup->next)
			lookup->next->at = &lookup->next;
		e->lookups = lookup;
		hosts->list[i].lookup = lookup;
	}
	return 0;
}

/* Who began will ask again. */
static void drop_held(struct ike_engine *e)
{
	while (e->held) {
		struct ike_held *held = e->held;

		e->held = held->next;
		e->held_count--;
		e->stats.drop_limit++;
		free(held);
	}
}

static void end(struct ike_engine *e, struct ike_hosts *hosts)
{
	for (unsigned i = 0; i < hosts->count; i++) {
		struct ike_lookup *lookup = hosts->list[i].lookup;

		if (!lookup)
			continue;
		if (lookup->waiter.token)
			e->lookups_out--;
		ike_waiter_cancel(e, &lookup->waiter);
		*lookup->at = lookup->next;
		if (lookup->next)
			lookup->next->at = lookup->at;
		free(lookup);
		hosts->list[i].lookup = NULL;
	}
}

/* Its names count no more. Nobody waits where nothing is asked. */
void ike_lookups_end(struct ike_engine *e, struct ike_connection *conn)
{
	end(e, &conn->local);
	end(e, &conn->remote);
	if (!e->lookups_out)
		drop_held(e);
}

int ike_lookups_begin(struct ike_engine *e, struct ike_connection *conn)
{
	if (begin(e, &conn->local) == 0 && begin(e, &conn->remote) == 0)
		return 0;
	ike_lookups_end(e, conn);
	return -1;
}

bool ike_lookup_has(const struct ike_lookup *lookup, const struct ike_addr *addr)
{
	for (unsigned i = 0; i < lookup->count; i++) {
		if (ike_addr_same_ip(&lookup->list[i], addr))
			return true;
	}
	return false;
}

static bool is_fresh(const struct ike_lookup *lookup, uint64_t now)
{
	return lookup->known_at && now - lookup->known_at < IKE_LOOKUP_FRESH_MS;
}

/* As many as may be out at a time. */
static void look_up_more(struct ike_engine *e, uint64_t now)
{
	for (struct ike_lookup *l = e->lookups; l && e->lookups_out < IKE_LOOKUPS_MAX;
	     l = l->next) {
		if (l->waiter.token || is_fresh(l, now))
			continue;
		l->known_at = now; /* also if it can't be asked for */
		if (ike_resolve(e, NULL, &l->waiter, now, l->host) == 0)
			e->lookups_out++;
	}
}

/* Is it held already, and how many of this site are? */
static bool find_held(const struct ike_engine *e, const struct ike_in *in, unsigned *same_site)
{
	bool found = false;

	*same_site = 0;
	for (const struct ike_held *h = e->held; h; h = h->next) {
		*same_site += ike_same_site(&h->in.remote, &in->remote);
		found |= h->in.hdr.spi_i == in->hdr.spi_i &&
			 ike_addr_equal(&h->in.remote, &in->remote) &&
			 ike_slice_equal(h->in.datagram, in->datagram);
	}
	return found;
}

/* False: there is no room. */
static bool hold(struct ike_engine *e, const struct ike_in *in)
{
	struct ike_held **at = &e->held, *held;
	unsigned same_site;

	if (find_held(e, in, &same_site)) {
		e->stats.retransmissions_in++;
		return true;
	}
	if (e->held_count == IKE_HELD_MAX || same_site == IKE_HELD_PER_SITE)
		return false;
	held = malloc(sizeof(*held) + in->datagram.len);
	if (!held)
		return false;
	memcpy(held->datagram, in->datagram.data, in->datagram.len);
	held->next = NULL;
	held->in = (struct ike_in){
		.now = in->now,
		.local = in->local,
		.remote = in->remote,
		.hdr = in->hdr,
		.datagram = ike_slice(held->datagram, in->datagram.len),
		.waited = true,
	};
	while (*at)
		at = &(*at)->next;
	*at = held;
	e->held_count++;
	return true;
}

/*
 * A stranger: has a name come to stand for its address? True: the message waits for the answer, or
 * was dropped because too many do, and no connection has its address anyhow.
 */
bool ike_lookup_first(struct ike_engine *e, const struct ike_in *in)
{
	if (!e->lookups || in->waited)
		return false;
	look_up_more(e, in->now);
	if (!e->lookups_out)
		return false;
	if (hold(e, in))
		return true;
	if (ike_connection_is_at(e, &in->remote))
		return false;
	e->stats.drop_limit++;
	return true;
}

/* Those that needn't wait any more: all names are known, or it takes too long. */
static void go_on(struct ike_engine *e, uint64_t now)
{
	struct ike_held **at = &e->held, *held, *ready = NULL, **end_of_ready = &ready;

	while ((held = *at)) {
		if (e->lookups_out && now - held->in.now < e->config.half_open_timeout_ms) {
			at = &held->next;
			continue;
		}
		*at = held->next;
		held->next = NULL;
		*end_of_ready = held;
		end_of_ready = &held->next;
		e->held_count--;
	}
	while ((held = ready)) {
		ready = held->next;
		held->in.now = now;
		ike_init_receive(e, &held->in);
		free(held);
	}
}

static void done(struct ike_engine *e, struct ike_waiter *waiter, uint64_t now, struct ike_job *job)
{
	struct ike_lookup *lookup = IKE_OWNER(waiter, struct ike_lookup, waiter);

	e->lookups_out--;
	lookup->known_at = now;
	lookup->count = 0;
	if (!ike_resolved(job)) {
		ike_log(e, IKE_LOG_WARNING, NULL, "%s: %s", lookup->host->name,
			ike_resolve_reason(job));
	} else {
		lookup->count = job->resolve.count;
		memcpy(lookup->list, job->resolve.list, sizeof(lookup->list));
	}
	if (e->held)
		look_up_more(e, now);
	go_on(e, now);
}
