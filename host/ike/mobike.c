/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses that change while an IKE SA goes on (RFC 4555):
 *
 *   in IKE_AUTH, both ways    N(MOBIKE_SUPPORTED), N(ADDITIONAL_IP4_ADDRESS, an address of ours)
 * ... who began:   HDR, SK {N(UPDATE_SA_ADDRESSES), N(NAT_DETECTION_*_IP)}   -->
 *                           <--  HDR, SK {N(NAT_DETECTION_*_IP)}
 *                           <--  HDR, SK {N(UNACCEPTABLE_ADDRESSES)}
 *   who answered:  HDR, SK {N(ADDITIONAL_IP4_ADDRESS, ...) ...}  -->   <--  HDR, SK {}
 *   is it there:   HDR, SK {N(COOKIE2)}                     -->   <--  HDR, SK {N(COOKIE2)}
 *
 * Who began decides over which addresses the IKE SA goes. When those of the host change, or the
 * peer doesn't answer, it asks by a job which ways there are. If another one is the best, or nobody
 * knows whether the path still works, requests go over those until one of them is answered. That is
 * the path then; the peer is told, and once it has answered Child SAs follow.
 *
 * Who answered moves when it is told. Where no NAT is between, the message itself names the address
 * that it is from; else it is asked there first, as the message may have been caught and sent from
 * elsewhere (section 3.7). It doesn't guess from where messages come (section 3.8), but when it
 * isn't answered, and a NAT is before the peer, it asks also where the last one came from.
 */
#include <errno.h>
#include <stdlib.h>

#include "host/ike/sa.h"

static const struct ike_slice nothing;

/* Addresses of ours */

static bool is_allowed(const struct ike_sa *sa, const struct ike_addr *local)
{
	return ike_hosts_match(&sa->conn->local, local);
}

static bool is_among(const struct ike_own_addr *own, unsigned count, const struct ike_addr *addr)
{
	for (unsigned i = 0; i < count; i++) {
		if (ike_addr_same_ip(&own[i].addr, addr))
			return true;
	}
	return false;
}

static bool is_own(const struct ike_engine *e, const struct ike_addr *addr)
{
	return is_among(e->own, e->own_count, addr);
}

/* Is there one of these that requests go out from? */
static bool can_send(const struct ike_sa *sa, const struct ike_own_addr *own, unsigned count)
{
	bool can = !sa->ways && is_among(own, count, &sa->path.local);

	for (unsigned i = 0; sa->ways && i < sa->ways->count; i++)
		can |= is_among(own, count, &sa->ways->list[i].pair.local);
	return can;
}

/* Section 3.3: all but the one in use. */
static void write_own(struct ike_builder *b, const struct ike_engine *e, const struct ike_sa *sa)
{
	unsigned count = 0;

	if (!e->own_changes)
		return;
	for (unsigned i = 0; i < e->own_count && count < IKE_PEER_ADDRESSES_MAX; i++) {
		const struct ike_addr *addr = &e->own[i].addr;

		if (!e->own[i].offered || !is_allowed(sa, addr) ||
		    ike_addr_same_ip(addr, &sa->path.local))
			continue;
		ike_write_notify(b, IKE_PROTO_NONE, nothing,
				 addr->family == 6 ? IKE_N_ADDITIONAL_IP6_ADDRESS
						   : IKE_N_ADDITIONAL_IP4_ADDRESS,
				 ike_slice(addr->ip, ike_addr_len(addr)));
		count++;
	}
	if (!count)
		ike_write_bare_notify(b, IKE_N_NO_ADDITIONAL_ADDRESSES);
}

/* Is there nothing to send from? Then nobody can answer, and that lasts until one comes back. */
bool ike_mobike_has_no_address(const struct ike_engine *e, const struct ike_sa *sa)
{
	return sa->mobike && sa->state == IKE_STATE_ESTABLISHED && e->own_changes &&
	       !can_send(sa, e->own, e->own_count);
}

/* The peer's addresses */

static bool is_known(const struct ike_mobike *m, const struct ike_addr *addr)
{
	for (unsigned i = 0; i < m->remote_count; i++) {
		if (ike_addr_same_ip(&m->remotes[i], addr))
			return true;
	}
	return false;
}

/* Of too many the last one gives way. */
static void know(struct ike_mobike *m, const struct ike_addr *addr)
{
	if (is_known(m, addr))
		return;
	if (m->remote_count == IKE_PEER_ADDRESSES_MAX)
		m->remote_count--;
	m->remotes[m->remote_count++] = *addr;
}

static bool parse_additional(const struct ike_notify *n, struct ike_addr *out)
{
	*out = (struct ike_addr){.family = n->type == IKE_N_ADDITIONAL_IP6_ADDRESS ? 6 : 4};
	if (n->data.len != ike_addr_len(out))
		return false;
	memcpy(out->ip, n->data.data, n->data.len);
	return true;
}

/*
 * Section 3.6: what a message says takes the place of all that is known; the address that it comes
 * from is another one. False: it says nothing.
 */
static bool read_addresses(struct ike_mobike *m, const struct ike_in *in)
{
	struct ike_payload p;
	bool said = false;

	for (struct ike_walk w = ike_payloads_walk(&in->payloads); ike_payloads_next(&w, &p);) {
		struct ike_addr addr;
		struct ike_notify n;

		if (p.type != IKE_PAYLOAD_NOTIFY || ike_parse_notify(p.body, &n) ||
		    n.type < IKE_N_ADDITIONAL_IP4_ADDRESS || n.type > IKE_N_NO_ADDITIONAL_ADDRESSES)
			continue;
		if (!said) {
			m->remotes[0] = in->remote;
			m->remote_count = 1;
		}
		said = true;
		if (n.type != IKE_N_NO_ADDITIONAL_ADDRESSES &&
		    m->remote_count < IKE_PEER_ADDRESSES_MAX && parse_additional(&n, &addr))
			know(m, &addr);
	}
	return said;
}

/* Both can */

void ike_mobike_offer(struct ike_builder *b, const struct ike_engine *e, const struct ike_sa *sa)
{
	ike_write_bare_notify(b, IKE_N_MOBIKE_SUPPORTED);
	write_own(b, e, sa);
	if (sa->mobike)
		sa->mobike->told = e->own_changes;
}

static void ways_known(struct ike_engine *e, struct ike_waiter *waiter, uint64_t now,
		       struct ike_job *job);

/* Does the peer say in IKE_AUTH that it can? */
void ike_mobike_agree(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in)
{
	struct ike_mobike *m;
	struct ike_notify n;

	if (sa->mobike || !ike_find_notify(&in->payloads, IKE_N_MOBIKE_SUPPORTED, &n))
		return;
	m = calloc(1, sizeof(*m));
	if (!m) {
		e->stats.drop_memory++;
		return;
	}
	m->sa = sa;
	m->waiter.done = ways_known;
	m->told = e->own_changes;
	read_addresses(m, in);
	sa->mobike = m;
}

/* It is established. Addresses may have changed in the midst of it. */
void ike_mobike_settle(struct ike_engine *e, struct ike_sa *sa)
{
	if (!sa->mobike)
		return;
	sa->mobike->settled = ike_path_pair(sa);
	/* IKE_AUTH from behind a NAT may have been copied, too. */
	sa->mobike->checking = !sa->began && ike_path_may_be_elsewhere(sa);
	sa->mobike->asked = (struct ike_way){.pair = sa->mobike->settled};
	if (e->own_changes && !is_own(e, &sa->path.local))
		ike_mobike_ask(e, sa, e->now);
}

/* NULL is fine. */
void ike_mobike_free(struct ike_engine *e, struct ike_sa *sa)
{
	if (!sa->mobike)
		return;
	ike_waiter_cancel(e, &sa->mobike->waiter);
	free(sa->mobike->unwanted);
	OPENSSL_cleanse(sa->mobike, sizeof(*sa->mobike));
	free(sa->mobike);
	sa->mobike = NULL;
}

static struct ike_task *queued_update(const struct ike_sa *sa)
{
	struct ike_task *task = sa->out.queue;

	while (task && !ike_task_is(task, IKE_EXCHANGE_ADDRESSES))
		task = task->next;
	return task;
}

static void queue_update(struct ike_engine *e, struct ike_sa *sa)
{
	struct ike_task *queued = queued_update(sa);

	if (queued)
		ike_task_drop(e, queued, "there is a newer one");
	if (!ike_task_queue_first(e, sa, IKE_EXCHANGE_ADDRESSES))
		ike_sa_down(e, sa, "out of memory");
}

/* This IKE SA or the successor that goes on with it; NULL: there is no MOBIKE. */
struct ike_sa *ike_mobike_heir(const struct ike_engine *e, struct ike_sa *sa)
{
	struct ike_sa *heir = sa->mobike ? sa : ike_sa_find_id(e, sa->successor);

	return heir && heir->mobike ? heir : NULL;
}

/* A successor goes on with all of it. What is out in the old one isn't sent again. */
void ike_mobike_succeed(struct ike_engine *e, struct ike_sa *old, struct ike_sa *sa)
{
	ike_path_drop_ways(sa);
	sa->ways = old->ways;
	old->ways = NULL;
	sa->mobike = old->mobike;
	old->mobike = NULL;
	if (sa->ways || ike_task_is(old->out.task, IKE_EXCHANGE_LIVENESS))
		ike_liveness_check(e, sa);
	if (!sa->mobike)
		return;
	sa->mobike->sa = sa;
	sa->mobike->checking = false;
	if (ike_task_is(old->out.task, IKE_EXCHANGE_ADDRESSES))
		queue_update(e, sa);
}

/* Who began: which way? */

void ike_mobike_ask(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	struct ike_mobike *m = sa->mobike;
	struct ike_ways_job *ask;
	struct ike_job *job;

	if (m->waiter.token) {
		m->again = true;
		return;
	}
	job = ike_job_new(e, IKE_JOB_WAYS);
	if (!job)
		return;
	ask = &job->ways;
	memcpy(ask->connection, sa->conn->name, sizeof(ask->connection));
	if (sa->conn->local.count == 1)
		ask->local = ike_hosts_first_address(&sa->conn->local);
	ask->remotes[ask->remote_count++] = sa->path.remote;
	for (unsigned i = 0; sa->began && i < m->remote_count; i++) {
		if (ask->remote_count < IKE_PEER_ADDRESSES_MAX &&
		    !ike_addr_same_ip(&m->remotes[i], &sa->path.remote))
			ask->remotes[ask->remote_count++] = m->remotes[i];
	}
	ike_job_send(e, sa, &m->waiter, now, job);
}

/* Without an answer for a while: the path may be dead. Who answered has asked for ways when its
 * address went: that may have failed. */
void ike_mobike_unanswered(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	if (!sa->mobike || sa->state != IKE_STATE_ESTABLISHED)
		return;
	sa->mobike->unanswered |= sa->began;
	if (sa->began || ike_mobike_has_no_address(e, sa))
		ike_mobike_ask(e, sa, now);
}

/* The path is another one now: the peer is told before all else (section 3.5). */
void ike_mobike_moved(struct ike_engine *e, struct ike_sa *sa)
{
	sa->mobike->moves++;
	if (sa->mobike->remote_count)
		know(sa->mobike, &sa->path.remote);
	queue_update(e, sa);
}

/*
 * The peer asks over another way than the path. Every address of ours answers, so it may take that
 * way for the path, and whoever answered it there has to say which one is. Not before all else: as
 * long as the peer hears of an update over several ways, it asks over several.
 *
 * Who answered follows no such message (section 3.8). But the peer's NAT may have another mapping,
 * which not every peer tells: the path is asked whether it still works, and without an answer the
 * other way is asked, too.
 */
void ike_mobike_elsewhere(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	struct ike_sa *heir = ike_mobike_heir(e, sa);

	if (heir->state != IKE_STATE_ESTABLISHED)
		return;
	if (!heir->began && ike_path_may_be_elsewhere(heir))
		ike_liveness_check(e, heir);
	if (heir->began && !queued_update(heir))
		ike_task_queue(e, heir, IKE_EXCHANGE_ADDRESSES);
	if (heir != sa)
		ike_sa_advance(e, heir, now);
}

static bool same_ips(const struct ike_pair *a, const struct ike_pair *b)
{
	return ike_addr_same_ip(&a->local, &b->local) && ike_addr_same_ip(&a->remote, &b->remote);
}

/* With the ports that it would have. False: it isn't to be used, or is one of `ways`. */
static bool take_way(const struct ike_engine *e, const struct ike_sa *sa,
		     const struct ike_pair *pair, const struct ike_way *ways, unsigned count,
		     struct ike_way *out)
{
	const struct ike_path *path = &sa->path;
	struct ike_pair p = *pair;

	if (p.local.family != p.remote.family || !p.local.family || !is_allowed(sa, &p.local))
		return false;
	for (unsigned i = 0; i < sa->mobike->refused; i++) {
		if (same_ips(&p, &sa->mobike->unwanted[i]))
			return false;
	}
	for (unsigned i = 0; i < count; i++) {
		if (same_ips(&p, &ways[i].pair))
			return false;
	}
	p.local.port = path->local.port;
	p.remote.port = path->remote.port;
	p.local.tcp = p.remote.tcp = path->local.tcp;
	if (p.local.port == e->config.port_natt && !ike_addr_same_ip(&p.remote, &path->remote))
		p.remote.port = IKE_PORT_NATT;
	*out = (struct ike_way){.pair = p};
	return true;
}

/* Requests go over these: the one that is out, or one that asks just that. */
static void search(struct ike_engine *e, struct ike_sa *sa, uint64_t now,
		   const struct ike_way *ways, unsigned count)
{
	ike_path_try(e, sa, ways, count);
	if (!sa->out.task)
		ike_liveness_check(e, sa);
	ike_resend(e, sa, now);
	ike_sa_advance(e, sa, now);
}

/* There is no choice. */
static void go(struct ike_engine *e, struct ike_sa *sa, uint64_t now, const struct ike_way *way)
{
	ike_path_drop_ways(sa);
	ike_path_move(e, sa, way);
	if (sa->state == IKE_STATE_DEAD)
		return;
	ike_resend(e, sa, now);
	ike_sa_advance(e, sa, now);
}

/* The path is as good as any. What wasn't answered meanwhile may be by now. */
static void stay(struct ike_engine *e, struct ike_sa *sa)
{
	ike_path_drop_ways(sa);
	if (sa->out.tries)
		ike_repeat(e, sa);
}

static bool is_tried(const struct ike_sa *sa, const struct ike_way *way)
{
	for (unsigned i = 0; sa->ways && i < sa->ways->count; i++) {
		if (ike_pair_equal(&sa->ways->list[i].pair, &way->pair))
			return true;
	}
	return false;
}

/* The best one is asked already: the search isn't begun anew. */
static void go_on(struct ike_engine *e, struct ike_sa *sa, const struct ike_way *ways,
		  unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		ike_path_add(e, sa, &ways[i]);
	ike_repeat(e, sa);
}

/* Nobody knows which of them works, the path included. What is out doesn't count as sent anew. */
static void widen(struct ike_engine *e, struct ike_sa *sa, uint64_t now, const struct ike_way *ways,
		  unsigned count)
{
	const struct ike_way path = {.pair = ike_path_pair(sa)};
	bool more = false;

	ike_path_add(e, sa, &path);
	for (unsigned i = 0; i < count; i++)
		more |= ike_path_add(e, sa, &ways[i]);
	if (!sa->out.task)
		ike_liveness_check(e, sa);
	if (more && sa->out.request.data)
		ike_send_again(e, sa, now);
	ike_sa_advance(e, sa, now);
}

static void choose(struct ike_engine *e, struct ike_sa *sa, uint64_t now,
		   const struct ike_way *ways, unsigned count, bool unanswered)
{
	const struct ike_pair path = ike_path_pair(sa);
	bool best = ike_pair_equal(&ways[0].pair, &path);

	if (unanswered && (count > 1 || !best))
		widen(e, sa, now, ways, count);
	else if (unanswered)
		return;
	else if (best)
		stay(e, sa);
	else if (count == 1 && sa->began)
		go(e, sa, now, &ways[0]);
	else if (is_tried(sa, &ways[0]))
		go_on(e, sa, ways, count);
	else
		search(e, sa, now, ways, count);
}

static void ways_known(struct ike_engine *e, struct ike_waiter *waiter, uint64_t now,
		       struct ike_job *job)
{
	struct ike_mobike *m = IKE_OWNER(waiter, struct ike_mobike, waiter);
	struct ike_sa *sa = m->sa;
	struct ike_way ways[IKE_WAYS_MAX];
	bool unanswered = m->unanswered;
	unsigned count = 0;

	if (m->again) {
		m->again = false;
		ike_mobike_ask(e, sa, now);
		return;
	}
	m->unanswered = false;
	if (job->error || sa->state != IKE_STATE_ESTABLISHED || ike_sa_ending(sa))
		return;
	for (unsigned i = 0; i < job->ways.count && i < IKE_WAYS_MAX; i++)
		count += is_allowed(sa, &job->ways.ways[i].local) &&
			 take_way(e, sa, &job->ways.ways[i], ways, count, &ways[count]);
	if (count)
		choose(e, sa, now, ways, count, unanswered);
}

/* What isn't there any more is no way. */
static void drop_lost_ways(const struct ike_engine *e, struct ike_sa *sa)
{
	struct ike_ways *w = sa->ways;
	unsigned kept = 0;

	for (unsigned i = 0; w && i < w->count; i++) {
		if (is_own(e, &w->list[i].pair.local))
			w->list[kept++] = w->list[i];
	}
	if (w && kept)
		w->count = kept;
	else
		ike_path_drop_ways(sa);
}

/*
 * Addresses or routes of this host have changed. Who has something to send from again begins to
 * count anew; no other change lengthens what is waited for, or where many come nobody was ever
 * dead.
 */
static void roam(struct ike_engine *e, struct ike_sa *sa, uint64_t now, bool could_send)
{
	struct ike_mobike *m = sa->mobike;
	bool lost = m && !is_own(e, &sa->path.local), back;

	drop_lost_ways(e, sa);
	back = !could_send && can_send(sa, e->own, e->own_count);
	if (m)
		m->refused = 0;
	if (m && !sa->began && m->told != e->own_changes)
		queue_update(e, sa);
	if (back && sa->out.tries)
		ike_resend(e, sa, now);
	if (m && (sa->began || lost))
		ike_mobike_ask(e, sa, now);
	else if (sa->out.tries)
		ike_repeat(e, sa);
	ike_sa_advance(e, sa, now);
}

static bool same_own(const struct ike_engine *e, const struct ike_own_addr *own, unsigned count)
{
	bool same = e->own_changes && count == e->own_count;

	for (unsigned i = 0; same && i < count; i++)
		same = ike_addr_same_ip(&own[i].addr, &e->own[i].addr) &&
		       own[i].offered == e->own[i].offered;
	return same;
}

int ike_roam(struct ike_engine *e, uint64_t now, const struct ike_own_addr *own, unsigned count)
{
	struct ike_own_addr *copy = calloc(count + 1, sizeof(*copy)), *before = e->own;
	unsigned before_count = e->own_count;
	bool unknown = !e->own_changes;

	e->now = now;
	if (!copy)
		return -ENOMEM;
	for (unsigned i = 0; i < count; i++)
		copy[i] = own[i];
	e->own_changes += !same_own(e, own, count);
	e->own = copy;
	e->own_count = count;
	for (struct ike_sa *sa = e->all; sa; sa = sa->links.next) {
		if (sa->state == IKE_STATE_ESTABLISHED && !ike_sa_ending(sa))
			roam(e, sa, now, unknown || can_send(sa, before, before_count));
	}
	free(before);
	ike_reap(e);
	return 0;
}

/* The exchange: ours */

enum ike_step ike_addresses_start(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				  uint64_t now)
{
	struct ike_addresses_task *t = IKE_OWNER(task, struct ike_addresses_task, task);
	const struct ike_pair path = ike_path_pair(sa);
	struct ike_mobike *m = sa->mobike;
	struct ike_builder b;

	if (!m || (!sa->began && m->told == e->own_changes))
		return IKE_DONE;
	t->moves = m->moves;
	t->told = e->own_changes;
	ike_build_chain(&b, e->inner, sizeof(e->inner));
	if (sa->began) {
		ike_write_bare_notify(&b, IKE_N_UPDATE_SA_ADDRESSES);
		if (sa->path.natt)
			ike_nat_write(&b, sa, &path, sa->conn->encap);
	}
	if (m->told != e->own_changes)
		write_own(&b, e, sa);
	return ike_request(e, sa, now, &b);
}

static void remember_seen(struct ike_sa *sa, const struct ike_nat_hashes *hashes)
{
	memcpy(sa->mobike->seen, hashes->dest, sizeof(sa->mobike->seen));
	sa->mobike->seen_spi = ike_sa_our_spi(sa);
}

/* Back to where Child SAs are; unless there is yet another way. */
static void refused(struct ike_engine *e, struct ike_sa *sa, uint64_t now, uint16_t type)
{
	struct ike_mobike *m = sa->mobike;

	ike_log(e, IKE_LOG_WARNING, sa, "the peer refuses these addresses: %s",
		ike_notify_name(type));
	if (!m->unwanted)
		m->unwanted = calloc(IKE_WAYS_MAX, sizeof(*m->unwanted));
	if (m->unwanted && m->refused < IKE_WAYS_MAX)
		m->unwanted[m->refused++] = ike_path_pair(sa);
	sa->path.local = m->settled.local;
	sa->path.remote = m->settled.remote;
	ike_probe_begin(e, sa, now);
	if (!m->unwanted || m->refused == IKE_WAYS_MAX)
		return;
	m->unanswered = true;
	ike_mobike_ask(e, sa, now);
}

static void settle(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in)
{
	struct ike_mobike *m = sa->mobike;
	char text[IKE_ADDR_TEXT];
	struct ike_nat_hashes hashes;

	ike_nat_read(in, &hashes);
	if (hashes.seen) {
		sa->path.nat_local = !hashes.dest_fits;
		sa->path.nat_remote = !hashes.source_fits;
		remember_seen(sa, &hashes);
	}
	m->settled = ike_path_pair(sa);
	ike_addr_text(&sa->path.local, text, sizeof(text));
	ike_log(e, IKE_LOG_INFO, sa, "goes on from %s port %u%s", text, sa->path.local.port,
		ike_path_encap(e, &sa->path) ? ", ESP in UDP" : "");
	ike_path_tell(e, sa);
	/* A NAT, or the answer to a copy that came another way? The next one tells. */
	if (hashes.seen && !(hashes.dest_fits && hashes.source_fits))
		ike_liveness_check(e, sa);
}

enum ike_step ike_addresses_response(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				     struct ike_in *in)
{
	const struct ike_addresses_task *t = IKE_OWNER(task, struct ike_addresses_task, task);
	struct ike_mobike *m = sa->mobike;
	uint16_t error = ike_first_error(&in->payloads);

	if (ike_is_refused(e, sa, in) || !m) /* its successor asks again */
		return IKE_DONE;
	m->told = t->told;
	if (!sa->began || t->moves != m->moves) /* nothing follows, or another one */
		return IKE_DONE;
	if (error)
		refused(e, sa, in->now, error);
	else
		settle(e, sa, in);
	return IKE_DONE;
}

/* Is the peer there, and what does it see of us? */

/*
 * Who began says what it sees itself as. Who answered does so to a peer behind a NAT, which sees
 * the same of us over all ways: libreswan returns no COOKIE2 without it.
 */
static bool tells_what_it_is(const struct ike_sa *sa)
{
	if (!sa->path.natt || sa->began)
		return sa->path.natt;
	for (unsigned i = 0; sa->ways && i < sa->ways->count; i++) {
		if (!ike_addr_equal(&sa->ways->list[i].pair.local, &sa->path.local))
			return false;
	}
	return sa->mobike->cookie_out && sa->path.nat_remote;
}

void ike_mobike_write_check(struct ike_engine *e, struct ike_sa *sa, struct ike_builder *b)
{
	const struct ike_pair path = ike_path_pair(sa);
	struct ike_mobike *m = sa->mobike;

	if (!m)
		return;
	m->cookie_out =
		sa->ways && !ike_random_fill(&e->config.random, m->cookie2, IKE_COOKIE2_LEN);
	if (m->cookie_out)
		ike_write_notify(b, IKE_PROTO_NONE, nothing, IKE_N_COOKIE2,
				 ike_slice(m->cookie2, IKE_COOKIE2_LEN));
	if (tells_what_it_is(sa))
		ike_nat_write(b, sa, &path, sa->conn->encap);
}

/* The first hash in an IKE SA says which mapping there is: that of IKE_SA_INIT is of port 500, and
 * that of a predecessor of other SPIs. */
static bool has_changed(const struct ike_sa *sa, const struct ike_nat_hashes *hashes)
{
	const struct ike_mobike *m = sa->mobike;

	if (hashes->dest_fits == sa->path.nat_local || hashes->source_fits == sa->path.nat_remote)
		return true;
	return !hashes->dest_fits && m->seen_spi == ike_sa_our_spi(sa) &&
	       memcmp(m->seen, hashes->dest, sizeof(m->seen)) != 0;
}

/*
 * Section 3.8: who is behind a NAT asks what it is seen as, whatever else is heard. Perhaps there
 * is none: the answer told of a copy that came from elsewhere, by another way or by somebody.
 */
bool ike_mobike_asks_often(const struct ike_sa *sa)
{
	return sa->mobike && sa->began && sa->path.nat_local;
}

/* Section 3.8: a NAT has come or gone, or its mapping has changed. */
void ike_mobike_checked(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in)
{
	struct ike_mobike *m = sa->mobike;
	bool spread = sa->out.spread;
	struct ike_nat_hashes hashes;
	struct ike_notify n;

	if (!m || sa->state != IKE_STATE_ESTABLISHED)
		return;
	if (m->cookie_out) { /* section 3.7 */
		m->cookie_out = false;
		if (!ike_find_notify(&in->payloads, IKE_N_COOKIE2, &n) ||
		    !ike_slice_equal(n.data, ike_slice(m->cookie2, IKE_COOKIE2_LEN))) {
			ike_sa_delete(e, sa, in->now, "peer's COOKIE2 isn't the one that was sent");
			return;
		}
	}
	ike_nat_read(in, &hashes);
	if (!sa->began || !hashes.seen)
		return;
	if (has_changed(sa, &hashes)) {
		ike_log(e, IKE_LOG_INFO, sa,
			"a NAT on the way has come, gone or changed its mapping");
		ike_mobike_moved(e, sa);
	} else if (spread && !(hashes.dest_fits && hashes.source_fits)) {
		/* The peer has answered the copy that came first, perhaps over another way. */
		ike_liveness_check(e, sa);
	} else {
		remember_seen(sa, &hashes);
	}
}

/* The peer's */

/* IKE over port 500 doesn't move ESP in UDP, which has but one port. */
static bool is_acceptable(const struct ike_engine *e, const struct ike_sa *sa,
			  const struct ike_addr *local)
{
	return is_allowed(sa, local) &&
	       (sa->path.local.port != e->config.port_natt || local->port == e->config.port_natt);
}

/* Section 3.9 */
static uint16_t judge(const struct ike_engine *e, const struct ike_sa *sa, const struct ike_in *in)
{
	uint8_t addresses[2 * 16 + 2 * 2];
	struct ike_writer w = ike_writer(addresses, sizeof(addresses));
	struct ike_notify n;

	ike_put(&w, in->remote.ip, ike_addr_len(&in->remote));
	ike_put(&w, in->local.ip, ike_addr_len(&in->local));
	ike_put_u16(&w, in->remote.port);
	ike_put_u16(&w, in->local.port);
	if (ike_find_notify(&in->payloads, IKE_N_NO_NATS_ALLOWED, &n) &&
	    !ike_slice_equal(n.data, ike_written(&w)))
		return IKE_N_UNEXPECTED_NAT_DETECTED;
	return is_acceptable(e, sa, &in->local) ? 0 : IKE_N_UNACCEPTABLE_ADDRESSES;
}

/* What an INFORMATIONAL request asks for, into its answer. Is it to move to where that came from?
 */
bool ike_mobike_answer(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in,
		       struct ike_builder *b)
{
	const struct ike_pair pair = {.local = in->local, .remote = in->remote};
	struct ike_nat_hashes hashes;
	struct ike_notify n;
	bool update;
	uint16_t error;

	if (!sa->mobike)
		return false;
	update = !sa->began && ike_find_notify(&in->payloads, IKE_N_UPDATE_SA_ADDRESSES, &n);
	error = update ? judge(e, sa, in) : 0;
	ike_nat_read(in, &hashes);
	if (error) {
		ike_log(e, IKE_LOG_WARNING, sa, "its update of addresses is refused: %s",
			ike_notify_name(error));
		ike_write_bare_notify(b, error);
	} else if (hashes.seen) {
		ike_nat_write(b, sa, &pair, sa->conn->encap);
	}
	if (ike_find_notify(&in->payloads, IKE_N_COOKIE2, &n))
		ike_write_notify(b, IKE_PROTO_NONE, nothing, IKE_N_COOKIE2, n.data);
	return update && !error;
}

/* The address of ours that the hash is of, if it isn't the one that the message came to; or NULL.
 */
static const struct ike_addr *meant(const struct ike_engine *e, const struct ike_sa *sa,
				    const struct ike_nat_hashes *hashes, uint16_t port)
{
	for (unsigned i = 0; i < e->own_count && hashes->seen && !hashes->dest_fits; i++) {
		struct ike_addr addr = e->own[i].addr;

		addr.port = port;
		if (ike_nat_names(sa, hashes->dest, &addr))
			return &e->own[i].addr;
	}
	return NULL;
}

static void follow(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in)
{
	const struct ike_pair path = ike_path_pair(sa);
	struct ike_mobike *m = sa->mobike;
	const struct ike_addr *other;
	struct ike_nat_hashes hashes;

	ike_nat_read(in, &hashes);
	other = meant(e, sa, &hashes, in->local.port);
	m->asked = (struct ike_way){
		.pair = {.local = in->local, .remote = in->remote},
		.judged = hashes.seen,
		.nat_local = hashes.seen && !hashes.dest_fits && !other,
		.nat_remote = hashes.seen && !hashes.source_fits,
	};
	/* It goes over several ways, and this copy was faster than the one over the way it is
	 * about. */
	if (other) {
		m->asked.pair.local = *other;
		m->asked.pair.local.port = in->local.port;
	}
	if (hashes.seen && hashes.source_fits) {
		ike_path_drop_ways(sa);
		ike_path_move(e, sa, &m->asked);
		return;
	}
	m->checking = true;
	memcpy(m->named, hashes.source, sizeof(m->named));
	if (ike_pair_equal(&m->asked.pair, &path) && m->asked.nat_remote == sa->path.nat_remote &&
	    m->asked.nat_local == sa->path.nat_local) {
		ike_path_drop_ways(sa); /* an answer over another one is of no account any more */
		return;
	}
	ike_path_try(e, sa, &m->asked, 1);
	ike_liveness_check(e, sa);
}

/* What the request asked for, once it is answered. */
void ike_mobike_do(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in, bool update)
{
	const struct ike_pair path = ike_path_pair(sa), from = {in->local, in->remote};

	if (!sa->mobike || sa->state != IKE_STATE_ESTABLISHED)
		return;
	if (read_addresses(sa->mobike, in) && sa->began) {
		/* From elsewhere: perhaps the one in use has gone, or somebody has copied it. */
		sa->mobike->unanswered |= !ike_pair_equal(&from, &path);
		ike_mobike_ask(e, sa, in->now);
	}
	if (update)
		follow(e, sa, in);
}

/*
 * The request that asked to move comes again, from elsewhere: who was the first with it may only
 * have copied it. Where a hash says so, this is where it is from; else it is asked there as well.
 */
void ike_mobike_again(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in)
{
	const struct ike_way path = {.pair = ike_path_pair(sa)};
	struct ike_way way = sa->mobike->asked;

	if (!sa->mobike->checking || !is_acceptable(e, sa, &in->local) ||
	    !ike_addr_equal(&in->local, &way.pair.local))
		return;
	way.pair = (struct ike_pair){.local = in->local, .remote = in->remote};
	if (way.judged && ike_nat_names(sa, sa->mobike->named, &in->remote)) {
		way.nat_remote = false;
		sa->mobike->checking = false;
		ike_path_drop_ways(sa);
		ike_path_move(e, sa, &way);
		return;
	}
	if (!sa->ways)
		ike_path_add(e, sa, &path);
	if (!ike_path_add(e, sa, &way))
		return;
	if (sa->out.request.data)
		ike_repeat_over(e, sa, &way.pair);
	else
		ike_liveness_check(e, sa);
	ike_sa_advance(e, sa, in->now);
}
