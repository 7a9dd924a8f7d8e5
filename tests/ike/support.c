/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/ike/support.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/ike/signer.h"

uint64_t rng_next(struct rng *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15u; /* splitmix64 */

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

uint64_t rng_below(struct rng *r, uint64_t n)
{
	return n ? rng_next(r) % n : 0;
}

bool rng_percent(struct rng *r, unsigned percent)
{
	return rng_below(r, 100) < percent;
}

void rng_bytes(struct rng *r, void *out, size_t len)
{
	uint8_t *o = out;

	for (size_t i = 0; i < len; i++)
		o[i] = (uint8_t)rng_next(r);
}

int rng_fill(void *rng, void *out, size_t len)
{
	rng_bytes(rng, out, len);
	return 0;
}

uint64_t seed_of(int argc, char **argv, uint64_t fallback, bool *given)
{
	const char *text = argc > 1 ? argv[1] : getenv("SEED");

	*given = text && *text;
	if (!*given)
		return fallback;
	if (strncmp(text, "seed=", 5) == 0)
		text += 5;
	return strtoull(text, NULL, 0);
}

size_t from_hex(const char *hex, uint8_t *out, size_t cap)
{
	size_t n = 0;
	unsigned v;

	while (*hex && n < cap) {
		if (*hex == ' ') {
			hex++;
			continue;
		}
		if (sscanf(hex, "%2x", &v) != 1)
			abort();
		out[n++] = (uint8_t)v;
		hex += 2;
	}
	return n;
}

const struct side SIDE_A = {
	.ike = "aes256gcm16-prfsha384-x25519",
	.esp = "aes256gcm16",
	.id = "moon.example.org",
	.peer_id = "sun.example.org",
	.psk = "a shared secret",
	.local_ts = "10.1.0.0/16",
	.remote_ts = "10.2.0.0/16",
};

const struct side SIDE_B = {
	.ike = "aes256gcm16-prfsha384-x25519",
	.esp = "aes256gcm16",
	.id = "sun.example.org",
	.peer_id = "moon.example.org",
	.psk = "a shared secret",
	.local_ts = "10.2.0.0/16",
	.remote_ts = "10.1.0.0/16",
};

static uint32_t alloc_spi(void *context, uint32_t replaces)
{
	struct node *node = context;

	(void)replaces;
	node->spis_out++;
	return node->next_spi++;
}

static void release_spi(void *context, uint32_t spi)
{
	struct node *node = context;

	(void)spi;
	node->spis_out--;
}

static bool heard(void *context, uint64_t child_id)
{
	(void)child_id;
	return ((struct node *)context)->traffic;
}

static bool local_address(void *context, const struct ike_addr *remote, struct ike_addr *local)
{
	const struct node *node = context;

	*local = node->addr;
	return node->has_route && remote->family == local->family;
}

static uint32_t link_mtu(void *context, const struct ike_addr *local)
{
	(void)local;
	return ((const struct node *)context)->link;
}

static void check(int err, const char *what, const char *error)
{
	if (err) {
		fprintf(stderr, "%s: %s\n", what, error);
		abort();
	}
}

/* "aes256gcm16", or of AH: "ah:sha256". */
static void add_esp(struct ike_child_config *child, const char *word)
{
	bool ah = strncmp(word, "ah:", 3) == 0;
	char error[256];

	check(ike_proposal_parse(ah ? word + 3 : word, ah ? IKE_PROTO_AH : IKE_PROTO_ESP,
				 &child->proposals[child->proposal_count++], error, sizeof(error)),
	      "esp", error);
}

static const uint8_t authority_octets[IKE_AUTHORITY_LEN] = "whom they all trust";

static void configure(struct node *node, const struct node *peer, const struct side *s)
{
	struct ike_connection *conn = ike_connection_new("net");
	struct ike_child_config *child = ike_connection_add_child(conn, "c");
	const struct ike_slice authority = ike_slice(authority_octets, sizeof(authority_octets));
	char error[256], list[512], *save, *word;

	check(ike_hosts_set(&conn->local, &node->addr), "local", "");
	check(ike_hosts_set(&conn->remote, &peer->addr), "remote", "");
	if (s->id)
		check(ike_id_parse(s->id, &conn->local_id, error, sizeof(error)), "id", error);
	if (s->peer_id)
		check(ike_id_parse(s->peer_id, &conn->remote_id, error, sizeof(error)), "id",
		      error);
	snprintf(list, sizeof(list), "%s", s->ike ? s->ike : "");
	for (word = strtok_r(list, ",", &save); word; word = strtok_r(NULL, ",", &save))
		check(ike_proposal_parse(word, IKE_PROTO_IKE,
					 &conn->proposals[conn->proposal_count++], error,
					 sizeof(error)),
		      "ike", error);
	snprintf(list, sizeof(list), "%s", s->esp ? s->esp : "");
	for (word = strtok_r(list, ",", &save); word; word = strtok_r(NULL, ",", &save))
		add_esp(child, word);
	snprintf(list, sizeof(list), "%s", s->local_ts ? s->local_ts : "");
	for (word = strtok_r(list, ",", &save); word; word = strtok_r(NULL, ",", &save))
		check(ike_ts_parse(word, &child->local_ts.list[child->local_ts.count++], error,
				   sizeof(error)),
		      "ts", error);
	snprintf(list, sizeof(list), "%s", s->remote_ts ? s->remote_ts : "");
	for (word = strtok_r(list, ",", &save); word; word = strtok_r(NULL, ",", &save))
		check(ike_ts_parse(word, &child->remote_ts.list[child->remote_ts.count++], error,
				   sizeof(error)),
		      "ts", error);
	child->mode = s->mode;
	conn->rekey_ms = s->ike_rekey_ms;
	conn->rand_ms = s->rand_ms;
	child->rekey_ms = s->rekey_ms;
	child->rand_ms = s->rand_ms;
	child->life_ms = s->life_ms;
	conn->encap = s->encap;
	conn->mobike = s->mobike;
	conn->tcp = s->tcp;
	conn->dpd_delay_ms = s->dpd_ms;
	conn->probe_ms = s->probe_ms;
	conn->unique = s->unique;
	conn->fragmentation = s->fragmentation;
	conn->childless = s->childless;
	conn->reauth_ms = s->reauth_ms;
	conn->leases = s->leases;
	conn->auth.local = s->by_eap ? IKE_BY_EAP : s->sign ? IKE_BY_SIGNATURE : IKE_BY_PSK;
	conn->auth.remote = s->asks_eap ? IKE_BY_EAP : s->verify ? IKE_BY_SIGNATURE : IKE_BY_PSK;
	if (s->null) {
		conn->auth.local = IKE_BY_NULL;
		conn->local_id = (struct ike_id){.type = IKE_ID_NULL};
	}
	if (s->takes_null) {
		conn->auth.remote = IKE_BY_NULL;
		conn->remote_id = (struct ike_id){.type = IKE_ID_NULL};
	}
	conn->auth.local_follows = s->next;
	conn->auth.remote_follows = s->asks_next;
	if (s->next_id)
		check(ike_id_parse(s->next_id,
				   s->next ? &conn->local_next_id : &conn->remote_next_id, error,
				   sizeof(error)),
		      "next_id", error);
	node->eap = s->eap;
	conn->auth.send_cert = s->send_cert;
	node->signing_key = s->signing_key ? s->signing_key : "what all of them sign with";
	conn->auth.asks_raw = s->verify && s->raw;
	conn->auth.asks_ocsp = s->ocsp;
	conn->auth.tells_ocsp = !s->mute;
	if (s->verify && s->raw)
		check(ike_engine_set_authorities(node->engine, ike_slice(NULL, 0), true, false),
		      "public keys", "");
	else if (s->verify && !s->silent)
		check(ike_buffer_set(&conn->auth.authorities, authority) ||
			      ike_engine_set_authorities(node->engine, authority, false, s->ocsp),
		      "authorities", "");
	snprintf(list, sizeof(list), "%s", s->vips ? s->vips : "");
	for (word = strtok_r(list, ",", &save); word; word = strtok_r(NULL, ",", &save))
		check(ike_addr_parse(word, &conn->vips[conn->vip_count++]), "vips", word);
	if (s->ppk_id)
		check(ike_id_parse(s->ppk_id, &conn->ppk_id, error, sizeof(error)), "ppk_id", "");
	conn->ppk_required = s->ppk_required;
	check(ike_engine_add_connection(node->engine, conn), "connection", "");
	if (s->ppk) {
		struct ike_id id;

		check(ike_id_parse(s->ppk_id ? s->ppk_id : "main", &id, error, sizeof(error)) ||
			      ike_engine_add_ppk(node->engine, &id,
						 ike_slice(s->ppk, strlen(s->ppk))),
		      "ppk", "");
	}
	if (s->psk)
		check(ike_engine_add_psk(node->engine, NULL, 0, ike_slice(s->psk, strlen(s->psk))),
		      "psk", "");
}

struct net *net_new(uint64_t seed, const struct side *a, const struct side *b)
{
	struct net *n = calloc(1, sizeof(*n));
	const struct side *sides[2] = {a, b};

	n->now = 1000;
	n->rng.state = seed;
	for (unsigned i = 0; i < 2; i++) {
		struct node *node = &n->node[i];
		struct ike_engine_config config = {
			.random = {.fill = rng_fill, .context = &node->rng},
			.alloc_spi = alloc_spi,
			.release_spi = release_spi,
			.heard = heard,
			.local_address = local_address,
			.link_mtu = link_mtu,
			.context = node,
			.cookie_always = sides[i]->cookie,
			.limits.half_open_per_ip = sides[i]->max_half_open,
			.fragment_size = sides[i]->fragment_size,
			.qcd_secret = sides[i]->qcd_secret,
			.log_level = IKE_LOG_DEBUG,
		};

		node->net = n;
		node->link = 1500;
		node->way = UINT32_MAX;
		node->rng.state = rng_next(&n->rng);
		node->next_spi = 0x1000 * (i + 1);
		node->addr = (struct ike_addr){.family = 4, .ip = {192, 0, 2, (uint8_t)(i + 1)}};
		if (sides[i]->ipv6)
			node->addr = (struct ike_addr){
				.family = 6,
				.ip = {0x20, 1, 0x0d, 0xb8, [15] = (uint8_t)(i + 1)},
			};
		node->engine = ike_engine_new(&config);
		if (!node->engine)
			abort();
	}
	configure(&n->node[0], &n->node[1], a);
	configure(&n->node[1], &n->node[0], b);
	return n;
}

void packet_free(struct packet *p)
{
	free(p->data);
	p->data = NULL;
}

void net_free(struct net *n)
{
	for (unsigned i = 0; i < n->queued; i++)
		packet_free(&n->queue[i]);
	for (unsigned i = 0; i < 2; i++) {
		for (unsigned k = 0; k < n->node[i].job_count; k++)
			ike_job_free(n->node[i].jobs[k].job);
		ike_engine_free(n->node[i].engine);
	}
	OPENSSL_cleanse(n, sizeof(*n));
	free(n);
}

static bool comes_through(const struct node *node, const struct ike_addr *addr)
{
	return !(node->dead[0] && ike_addr_same_ip(addr, &node->addr)) &&
	       !(node->dead[1] && ike_addr_same_ip(addr, &node->other));
}

static bool is_lost(const struct node *node, const struct ike_addr *addr)
{
	return (node->lost[0] && ike_addr_same_ip(addr, &node->addr)) ||
	       (node->lost[1] && ike_addr_same_ip(addr, &node->other));
}

static bool has(const struct node *node, const struct ike_addr *addr)
{
	return (!node->lost[0] && ike_addr_same_ip(addr, &node->addr)) ||
	       (!node->lost[1] && node->other.family && ike_addr_same_ip(addr, &node->other));
}

/*
 * Who gets what is sent there, and as what it comes in; NULL: nobody. An address that none of them
 * ever had is one where a test says that A is.
 */
static const struct node *find(const struct net *n, const struct ike_addr *to,
			       struct ike_addr *local)
{
	bool known = false;

	for (unsigned i = 0; i < 2; i++) {
		const struct node *node = &n->node[i];

		*local = *to;
		known |= ike_addr_same_ip(to, &node->addr) || ike_addr_same_ip(to, &node->other);
		if (node->nat.family && ike_addr_same_ip(to, &node->nat)) {
			*local = has(node, &node->addr) ? node->addr : node->other;
			local->port = (uint16_t)(to->port - node->nat.port);
			if (local->port != IKE_PORT && local->port != IKE_PORT_NATT)
				return NULL;
		} else if (node->nat.family) {
			continue;
		}
		if (has(node, local))
			return node;
	}
	return known ? NULL : &n->node[0];
}

static void enqueue(struct net *n, const struct node *from, const struct ike_send *s)
{
	struct ike_addr local, remote = s->local;
	const struct node *to = find(n, &s->remote, &local);
	struct packet *p;

	/* Who has made the connection knows its own end as port 0; of one that is no more nothing
	 * comes. */
	if (to && local.tcp && s->local.port) {
		if (local.port != to->tcp_port)
			return;
		local.port = 0;
	}
	if (!to || (to->deaf && !local.tcp) || is_lost(from, &s->local) ||
	    !comes_through(from, &s->local) || !comes_through(to, &local))
		return;
	if (s->local.tcp && !s->local.port) {
		remote.port = from->tcp_port;
	} else if (from->nat.family) {
		remote = from->nat;
		remote.port = (uint16_t)(from->nat.port + s->local.port);
	}

	if (n->queued == NET_PACKETS) {
		fprintf(stderr, "a storm: %u datagrams wait\n", n->queued);
		abort();
	}
	p = &n->queue[n->queued++];
	*p = (struct packet){
		.due = n->now + n->delay_min + rng_below(&n->rng, n->delay_max - n->delay_min + 1),
		.order = n->order++,
		.to = (unsigned)(to - n->node),
		.local = local,
		.remote = remote,
		.packets = s->packets,
		.data = malloc(s->data.len),
		.len = s->data.len,
	};
	memcpy(p->data, s->data.data, s->data.len);
}

static bool is_nowhere(const struct ike_addr *addr)
{
	return addr->family == 4 && memcmp(addr->ip, (const uint8_t[]){198, 18}, 2) == 0;
}

/* Of a datagram in its packet. */
static uint32_t packet_len(const struct ike_send *s)
{
	return (s->local.family == 6 ? 40 : 20) + 8 + (s->marker ? 4 : 0) + (uint32_t)s->data.len;
}

/* Nobody cuts what is too large. */
static bool is_lost_on_way(const struct node *node, const struct ike_send *s)
{
	return s->packets == IKE_PACKETS_CUT ? node->loses_cuts : packet_len(s) > node->way;
}

static void transmit(struct node *node, const struct ike_send *s)
{
	struct net *n = node->net;

	n->sent++;
	/* The marker goes with the port, and only a keepalive has none on 4500. */
	if (s->data.len == 1) {
		node->keepalives++;
		return;
	}
	if (s->marker != (s->local.port == IKE_PORT_NATT))
		abort();
	if (s->packets == IKE_PACKETS_WHOLE && packet_len(s) > node->link)
		abort();
	if (is_lost_on_way(node, s) || n->down || is_nowhere(&s->remote) ||
	    rng_percent(&n->rng, n->loss))
		return;
	enqueue(n, node, s);
	if (rng_percent(&n->rng, n->duplicate))
		enqueue(n, node, s);
}

static struct installed *find_child(struct node *node, uint64_t id)
{
	for (unsigned i = 0; i < node->child_count; i++) {
		if (node->children[i].sa.child_id == id)
			return &node->children[i];
	}
	return NULL;
}

static void learn(struct child_sa *sa, const struct ike_child_job *job)
{
	*sa = (struct child_sa){
		.child_id = job->child_id,
		.local = job->local,
		.remote = job->remote,
		.encap = job->encap,
		.suite = job->suite,
		.mode = job->mode,
		.original = job->original,
		.tfc = job->tfc,
		.spi_in = job->spi_in,
		.spi_out = job->spi_out,
		.keys_in = job->keys_in,
		.keys_out = job->keys_out,
		.local_ts = ike_ts_kept(job->local_ts),
		.remote_ts = ike_ts_kept(job->remote_ts),
	};
	strcpy(sa->connection, job->connection);
	strcpy(sa->child, job->child);
}

/* The place of one that has gone, if there is no other. */
static struct installed *room_for_child(struct node *node)
{
	if (node->child_count < NODE_CHILDREN)
		return &node->children[node->child_count++];
	for (unsigned i = 0; i < node->child_count; i++) {
		if (!node->children[i].present)
			return &node->children[i];
	}
	abort();
}

/* The steps of a Child SA come in their order, each once the one before is answered. */
static void install(struct node *node, const struct ike_job *job)
{
	struct installed *child = find_child(node, job->child.child_id);

	switch (job->type) {
	case IKE_JOB_CHILD_INBOUND:
		if (child)
			abort();
		child = room_for_child(node);
		*child = (struct installed){.present = true};
		learn(&child->sa, &job->child);
		break;
	case IKE_JOB_CHILD_OUTBOUND:
		if (!child || !child->present || child->outbound)
			abort();
		child->outbound = true;
		break;
	default:
		if (!child || !child->outbound)
			abort();
		child->used = ++node->net->uses;
		break;
	}
}

static struct given *lease_of(struct node *node, const struct ike_addr *addr)
{
	for (unsigned i = 0; i < NODE_LEASES; i++) {
		if (node->leases[i].lease_id && ike_addr_same_ip(&node->leases[i].addr, addr))
			return &node->leases[i];
	}
	return NULL;
}

static void give(struct node *node, struct ike_lease_job *job, const struct ike_addr *addr)
{
	unsigned i = 0;

	while (node->leases[i].lease_id)
		i++;
	node->leases[i] = (struct given){.lease_id = job->lease_id, .addr = *addr};
	job->given.vips[job->given.vip_count++] = *addr;
}

/* The address of the pool with this number. */
static struct ike_addr address_of(uint8_t family, unsigned number)
{
	struct ike_addr addr = {.family = family, .ip = {10, 3, 0, (uint8_t)number}};

	if (family == 6)
		addr = (struct ike_addr){
			.family = 6,
			.ip = {0x20, 1, 0x0d, 0xb8, 0, 3, [15] = (uint8_t)number},
		};
	return addr;
}

/* What is wished for if it is nobody's, or theirs whom this one replaces; or what that has, or the
 * first that is nobody's. */
static bool find_address(struct node *node, const struct ike_lease_job *job,
			 const struct ike_addr *wish, struct ike_addr *addr)
{
	const struct given *old = lease_of(node, wish);

	*addr = *wish;
	if (!ike_addr_is_zero(wish) && (!old || old->lease_id == job->replaces))
		return true;
	for (unsigned i = 0; i < NODE_LEASES && job->replaces; i++) {
		*addr = node->leases[i].addr;
		if (node->leases[i].lease_id == job->replaces && addr->family == wish->family)
			return true;
	}
	for (unsigned number = 1; number <= node->pool; number++) {
		*addr = address_of(wish->family, number);
		if (!lease_of(node, addr))
			return true;
	}
	return false;
}

static void lease(struct node *node, struct ike_job *job)
{
	struct ike_lease_job *l = &job->lease;
	struct ike_addr addr;

	if (!l->lease_id) { /* given back before it was answered */
		job->error = -ECANCELED;
		return;
	}
	node->asked = *l;
	l->given = node->beside;
	for (unsigned i = 0; i < l->asked.vip_count; i++) {
		if (find_address(node, l, &l->asked.vips[i], &addr))
			give(node, l, &addr);
	}
	job->error = l->given.vip_count ? 0 : -EADDRNOTAVAIL;
	if (job->error)
		strcpy(job->reason, "the pool is exhausted");
}

static void take_back(struct node *node, uint64_t lease_id)
{
	for (unsigned i = 0; i < NODE_LEASES; i++) {
		if (node->leases[i].lease_id == lease_id)
			node->leases[i].lease_id = 0;
	}
	for (unsigned i = 0; i < node->job_count; i++) {
		struct ike_job *job = node->jobs[i].job;

		if (job->type == IKE_JOB_LEASE && job->lease.lease_id == lease_id)
			job->lease.lease_id = 0;
	}
	node->released++;
}

unsigned leases_out(const struct node *node)
{
	unsigned count = 0;

	for (unsigned i = 0; i < NODE_LEASES; i++)
		count += node->leases[i].lease_id != 0;
	return count;
}

static void take_job(struct node *node, struct ike_action *a)
{
	struct waiting_job *w = &node->jobs[node->job_count++];

	if (node->job_count == NODE_JOBS)
		abort();
	*w = (struct waiting_job){.job = a->job, .due = node->net->now, .sent = node->net->sent};
	a->job = NULL;
	if (w->job->type == IKE_JOB_WAYS)
		return;
	if (ike_job_is_work(w->job) || ike_job_is_proof(w->job)) {
		w->due += node->ke_delay;
	} else if (w->job->type == IKE_JOB_RESOLVE) {
		node->lookups++;
	} else {
		w->due += node->install_delay;
		if (w->job->type != IKE_JOB_LEASE)
			install(node, w->job);
	}
}

/* Does it wait for nothing but its time? */
static bool free_to_go(const struct node *node, const struct waiting_job *w)
{
	switch (w->job->type) {
	case IKE_JOB_KE:
	case IKE_JOB_PUZZLE:
		return !node->ke_holds;
	case IKE_JOB_WAYS:
		return !node->ways_hold;
	case IKE_JOB_LEASE:
		return !node->lease_holds;
	case IKE_JOB_RESOLVE:
		return !node->names_hold;
	case IKE_JOB_EAP:
		return !node->eap_holds;
	case IKE_JOB_SIGN:
	case IKE_JOB_VERIFY:
		return !node->signer_holds;
	default:
		return !node->install_holds;
	}
}

/* From each of its addresses to each of the peer's, as far as it knows them. */
static void find_ways(const struct node *node, struct ike_ways_job *ways)
{
	for (unsigned r = 0; r < ways->remote_count; r++) {
		for (unsigned i = 0; i < 2; i++) {
			const struct ike_addr *addr =
				(i == 0) != node->prefers_other ? &node->addr : &node->other;

			if (addr->family && has(node, addr) && ways->count < IKE_WAYS_MAX &&
			    (!ways->local.family || ike_addr_same_ip(&ways->local, addr)))
				ways->ways[ways->count++] =
					(struct ike_pair){*addr, ways->remotes[r]};
		}
	}
}

void node_roam(struct node *node)
{
	struct ike_own_addr own[2];
	unsigned count = 0;

	if (!node->lost[0])
		own[count++] = (struct ike_own_addr){.addr = node->addr, .offered = true};
	if (node->other.family && !node->lost[1])
		own[count++] = (struct ike_own_addr){.addr = node->other, .offered = true};
	check(ike_roam(node->engine, node->net->now, own, count), "roam", "");
	node_drain(node);
}

/* By what the node's names stand for now. */
static void resolve(const struct node *node, struct ike_job *job)
{
	job->error = -ENOENT;
	for (unsigned i = 0; i < NODE_NAMES; i++) {
		const struct dns_name *name = &node->names[i];

		if (!name->text || strcmp(name->text, job->resolve.name) != 0)
			continue;
		job->error = 0;
		job->resolve.count = name->count;
		memcpy(job->resolve.list, name->list, sizeof(name->list));
	}
	if (job->error)
		snprintf(job->reason, sizeof(job->reason), "%s isn't resolved", job->resolve.name);
}

static void answer(struct node *node, struct ike_job *job)
{
	if (ike_job_is_work(job)) {
		ike_job_run(job);
	} else if (job->type == IKE_JOB_LEASE) {
		lease(node, job);
	} else if (job->type == IKE_JOB_WAYS) {
		find_ways(node, &job->ways);
	} else if (job->type == IKE_JOB_RESOLVE) {
		resolve(node, job);
	} else if (job->type == IKE_JOB_EAP) {
		eap_party_run(&node->eap, job);
	} else if (ike_job_is_proof(job)) {
		node->answers += job->type == IKE_JOB_VERIFY && job->verify.ocsp.len;
		signer_run(job, node->signing_key);
	} else {
		job->error =
			node->use_works && job->type == IKE_JOB_CHILD_USE ? 0 : node->install_error;
		if (job->error)
			strcpy(job->reason, "no room in the NIC");
	}
	ike_job_done(node->engine, node->net->now, job);
}

static void act(struct node *node, struct ike_action *a)
{
	struct installed *child;

	switch (a->type) {
	case IKE_ACTION_SEND:
		transmit(node, &a->send);
		break;
	case IKE_ACTION_PATH_MTU:
		node->path_mtu = a->path_mtu;
		node->path_mtus++;
		break;
	case IKE_ACTION_REACH:
		node->reached = a->reach.remote;
		break;
	case IKE_ACTION_JOB:
		take_job(node, a);
		break;
	case IKE_ACTION_CHILD_REMOVE:
		child = find_child(node, a->removed.child_id);
		if (!child || !child->present || child->sa.spi_in != a->removed.spi_in)
			abort();
		child->present = child->outbound = child->up = false;
		child->used = 0;
		node->spis_out--;
		break;
	case IKE_ACTION_CHILD_UPDATE:
		child = find_child(node, a->change.child_id);
		if (!child || !child->present)
			abort();
		child->sa.local = a->change.local;
		child->sa.remote = a->change.remote;
		child->sa.encap = a->change.encap;
		node->updates++;
		break;
	case IKE_ACTION_CHILD_SKIP:
		child = find_child(node, a->skip.child_id);
		if (!child || !child->present || child->sa.spi_out != a->skip.spi_out)
			abort();
		child->skipped += a->skip.packets;
		break;
	case IKE_ACTION_IKE_UP:
		node->ike_up++;
		node->ike_id = a->event.ike_id;
		break;
	case IKE_ACTION_IKE_DOWN:
		node->ike_down++;
		strcpy(node->ike_reason, a->event.reason);
		if (!*a->event.reason)
			abort();
		break;
	case IKE_ACTION_CHILD_UP:
		child = find_child(node, a->event.child_id);
		if (!child || !child->present)
			abort();
		child->up = true;
		node->child_up++;
		break;
	case IKE_ACTION_IKE_REKEYED:
		if (node->ike_id == a->event.old_id)
			node->ike_id = a->event.ike_id;
		node->ike_rekeyed++;
		break;
	case IKE_ACTION_CHILD_REKEYED:
		child = find_child(node, a->event.child_id);
		if (!child || !child->outbound)
			abort();
		child->up = true;
		child = find_child(node, a->event.old_id);
		if (child)
			child->up = false;
		node->rekeyed++;
		break;
	case IKE_ACTION_CHILD_DOWN:
		node->child_down++;
		strcpy(node->child_reason, a->event.reason);
		node->child_cause = a->event.cause;
		strcpy(node->child_name, a->event.child);
		if (!*a->event.reason)
			abort();
		break;
	case IKE_ACTION_LEASED:
		node->leased = a->leased;
		node->leased_count++;
		break;
	case IKE_ACTION_RELEASED:
		take_back(node, a->released.lease_id);
		break;
	case IKE_ACTION_LOG:
		if (getenv("IKE_TEST_LOG"))
			fprintf(stderr, "# %6llu node %u: %s\n", (unsigned long long)node->net->now,
				(unsigned)(node - node->net->node), a->log.text);
		break;
	}
}

const struct installed *sending_child(const struct node *node)
{
	const struct installed *best = NULL;

	for (unsigned i = 0; i < node->child_count; i++) {
		const struct installed *c = &node->children[i];

		if (c->used && (!best || c->used > best->used))
			best = c;
	}
	return best;
}

unsigned receiving(const struct node *node)
{
	unsigned count = 0;

	for (unsigned i = 0; i < node->child_count; i++)
		count += node->children[i].present;
	return count;
}

static void check_flow(const struct net *n)
{
	for (unsigned i = 0; i < 2 && n->watch_flow; i++) {
		const struct installed *from = sending_child(&n->node[i]);
		const struct node *to = &n->node[1 - i];
		bool received = false;

		for (unsigned k = 0; from && k < to->child_count; k++)
			received |= to->children[k].present &&
				    to->children[k].sa.spi_in == from->sa.spi_out;
		if (received)
			continue;
		fprintf(stderr, "# seed=%llu, %llu ms: node %u %s\n", (unsigned long long)n->seed,
			(unsigned long long)n->now, i,
			from ? "sends what the other can't receive" : "has nothing to send on");
		abort();
	}
}

void node_answer(struct node *node, unsigned index)
{
	struct ike_job *job = node->jobs[index].job;

	memmove(&node->jobs[index], &node->jobs[index + 1],
		(--node->job_count - index) * sizeof(node->jobs[0]));
	answer(node, job);
}

void node_drain(struct node *node)
{
	struct ike_action *a;
	bool again = true;

	while (again) {
		again = false;
		while ((a = ike_next_action(node->engine))) {
			act(node, a);
			ike_action_free(a);
			check_flow(node->net);
		}
		for (unsigned i = 0; i < node->job_count && !again; i++) {
			again = node->jobs[i].due <= node->net->now &&
				free_to_go(node, &node->jobs[i]);
			if (again)
				node_answer(node, i);
		}
	}
}

void net_deliver(struct net *n, const struct packet *p)
{
	ike_receive(n->node[p->to].engine, n->now, &p->local, &p->remote,
		    ike_slice(p->data, p->len));
	node_drain(&n->node[p->to]);
}

static unsigned oldest(const struct net *n)
{
	unsigned best = 0;

	for (unsigned i = 1; i < n->queued; i++) {
		if (n->queue[i].due < n->queue[best].due ||
		    (n->queue[i].due == n->queue[best].due &&
		     n->queue[i].order < n->queue[best].order))
			best = i;
	}
	return best;
}

struct packet net_take(struct net *n)
{
	struct packet p;
	unsigned i;

	if (!n->queued) {
		fprintf(stderr, "no datagram waits\n");
		abort();
	}
	i = oldest(n);
	p = n->queue[i];
	n->queue[i] = n->queue[--n->queued];
	return p;
}

void net_put(struct net *n, const struct packet *p)
{
	n->queue[n->queued++] = *p;
}

bool waits_for(const struct net *n, unsigned node)
{
	for (unsigned i = 0; i < n->queued; i++) {
		if (n->queue[i].to == node)
			return true;
	}
	return false;
}

void net_settle(struct net *n)
{
	for (unsigned steps = 0; n->queued; steps++) {
		struct packet p = net_take(n);

		if (steps > 10000)
			abort();
		net_deliver(n, &p);
		packet_free(&p);
	}
}

uint64_t net_next(const struct net *n)
{
	uint64_t at = n->queued ? n->queue[oldest(n)].due : IKE_NEVER;

	for (unsigned i = 0; i < 2; i++) {
		uint64_t deadline = ike_next_deadline(n->node[i].engine);

		if (deadline < at)
			at = deadline;
		for (unsigned k = 0; k < n->node[i].job_count; k++) {
			const struct waiting_job *w = &n->node[i].jobs[k];

			if (free_to_go(&n->node[i], w) && w->due < at)
				at = w->due;
		}
	}
	return at;
}

void net_run(struct net *n, uint64_t until)
{
	uint64_t at;

	while ((at = net_next(n)) <= until) {
		if (at > n->now)
			n->now = at;
		if (n->queued && n->queue[oldest(n)].due <= n->now) {
			struct packet p = net_take(n);

			net_deliver(n, &p);
			packet_free(&p);
			continue;
		}
		for (unsigned i = 0; i < 2; i++) {
			ike_tick(n->node[i].engine, n->now);
			node_drain(&n->node[i]);
		}
	}
	if (until != IKE_NEVER)
		n->now = until;
}

uint64_t start(struct net *n, unsigned node)
{
	uint64_t id = 0;
	int err = ike_initiate(n->node[node].engine, n->now, "net", "c", NULL, &id);

	if (err && err != -EISCONN && err != -EALREADY) /* as responder it may have it */
		abort();
	node_drain(&n->node[node]);
	return id;
}

struct ike_connection *add_alike(struct node *node, const char *name, const char *child)
{
	struct ike_connection *first = node->engine->connections[0];
	struct ike_connection *conn = ike_connection_new(name);
	struct ike_child_config *config;

	*conn = *first;
	conn->local = conn->remote = (struct ike_hosts){0};
	check(ike_hosts_copy(&conn->local, &first->local), "local", "");
	check(ike_hosts_copy(&conn->remote, &first->remote), "remote", "");
	conn->auth.authorities = (struct ike_buffer){0};
	conn->children = NULL;
	conn->child_count = 0;
	strcpy(conn->name, name);
	config = ike_connection_add_child(conn, child);
	*config = first->children[0];
	strcpy(config->name, child);
	check(ike_engine_add_connection(node->engine, conn), "connection", name);
	return conn;
}

static void hosts_of(struct ike_hosts *hosts, const char *text)
{
	char list[512], *save, *word;

	ike_hosts_clear(hosts);
	snprintf(list, sizeof(list), "%s", text);
	for (word = strtok_r(list, ", ", &save); word; word = strtok_r(NULL, ", ", &save))
		check(ike_hosts_add(hosts, word) != NULL, "host", word);
}

void set_hosts(struct node *node, struct ike_connection *conn, const char *local,
	       const char *remote)
{
	ike_connection_unplace(node->engine, conn);
	if (local)
		hosts_of(&conn->local, local);
	if (remote)
		hosts_of(&conn->remote, remote);
	check(ike_connection_place(node->engine, conn), "connection", conn->name);
}

void terminate_each(struct node *node)
{
	struct ike_sa *next;

	for (struct ike_sa *sa = node->engine->all; sa; sa = next) {
		next = sa->links.next;
		ike_terminate(node->engine, node->net->now, sa->id);
	}
	node_drain(node);
}

struct ike_sa *only_sa(struct net *n, unsigned node)
{
	struct ike_sa *sa = n->node[node].engine->all;

	if (!sa || sa->links.next)
		abort();
	return sa;
}

struct installed *present_child(struct node *node)
{
	for (unsigned i = node->child_count; i-- > 0;) {
		if (node->children[i].present)
			return &node->children[i];
	}
	return NULL;
}

static bool same_keys(const struct ike_child_keys *a, const struct ike_child_keys *b)
{
	return a->encr_len == b->encr_len && a->integ_len == b->integ_len &&
	       a->encr_len + a->integ_len > 0 && memcmp(a->encr, b->encr, a->encr_len) == 0 &&
	       memcmp(a->integ, b->integ, a->integ_len) == 0;
}

static bool same_suite(const struct ike_suite *a, const struct ike_suite *b)
{
	return a->protocol == b->protocol && a->encr == b->encr && a->encr_bits == b->encr_bits &&
	       a->integ == b->integ && a->esn == b->esn;
}

bool children_agree(const struct installed *a, const struct installed *b)
{
	return a->sa.spi_in == b->sa.spi_out && a->sa.spi_out == b->sa.spi_in &&
	       same_keys(&a->sa.keys_in, &b->sa.keys_out) &&
	       same_keys(&a->sa.keys_out, &b->sa.keys_in) &&
	       !same_keys(&a->sa.keys_in, &a->sa.keys_out) &&
	       same_suite(&a->sa.suite, &b->sa.suite) && a->sa.mode == b->sa.mode &&
	       a->sa.encap == b->sa.encap && ike_ts_subset(&a->sa.local_ts, &b->sa.remote_ts) &&
	       ike_ts_subset(&b->sa.remote_ts, &a->sa.local_ts) &&
	       ike_ts_subset(&a->sa.remote_ts, &b->sa.local_ts) &&
	       ike_ts_subset(&b->sa.local_ts, &a->sa.remote_ts);
}

bool nothing_left(const struct node *node)
{
	const struct ike_engine *e = node->engine;

	return e->sa_count == 0 && e->half_open.count == 0 && e->timers.count == 0 &&
	       e->timers.reserved == 0 && e->waiters.count == 0 && e->children.count == 0 &&
	       e->outbound.count == 0 && !e->fragments[0].memory && !e->fragments[1].memory &&
	       !e->all && node->spis_out == 0 && ike_next_deadline(e) == IKE_NEVER &&
	       e->connections[0]->references == 1;
}

struct packet forge(struct net *n, unsigned node, uint8_t exchange, bool response, uint32_t id,
		    struct ike_builder *inner)
{
	struct ike_engine *e = n->node[node].engine;
	struct ike_sa *sa = e->all;
	struct ike_header hdr = ike_sa_header(sa, exchange, response, id);
	struct ike_buffer message = {0};
	struct packet p = {.to = 1 - node, .local = sa->path.remote, .remote = sa->path.local};

	if (ike_seal(e, sa, &hdr, inner, SIZE_MAX, &message))
		abort();
	p.data = message.data;
	p.len = message.len;
	return p;
}

void send_fragments(struct net *n, unsigned node, uint8_t exchange, bool response, uint32_t id,
		    struct ike_builder *inner, size_t room)
{
	struct ike_engine *e = n->node[node].engine;
	struct ike_sa *sa = e->all;
	struct ike_header hdr = ike_sa_header(sa, exchange, response, id);
	struct packet p = {.to = 1 - node, .local = sa->path.remote, .remote = sa->path.local};
	struct ike_buffer message = {0};

	if (ike_seal(e, sa, &hdr, inner, room, &message))
		abort();
	for (size_t at = 0; at < message.len; at += p.len) {
		p.data = message.data + at;
		ike_header_parse(ike_slice(p.data, message.len - at), &hdr);
		p.len = hdr.length;
		net_deliver(n, &p);
	}
	ike_buffer_free(&message);
}

void send_raw(struct net *n, unsigned to, const void *data, size_t len, uint16_t port)
{
	struct packet p = {.to = to, .local = n->node[to].addr, .remote = n->node[1 - to].addr};

	p.local.port = p.remote.port = port;
	p.data = malloc(len ? len : 1);
	p.len = len;
	if (len)
		memcpy(p.data, data, len);
	net_deliver(n, &p);
	packet_free(&p);
}

unsigned payload_total(const struct ike_payloads *p)
{
	struct ike_payload payload;
	unsigned n = 0;

	for (struct ike_walk w = ike_payloads_walk(p); ike_payloads_next(&w, &payload);)
		n++;
	return n;
}

struct ike_payload payload_at(const struct ike_payloads *p, unsigned index)
{
	struct ike_walk w = ike_payloads_walk(p);
	struct ike_payload payload;

	for (unsigned i = 0; i <= index; i++) {
		if (!ike_payloads_next(&w, &payload)) {
			fprintf(stderr, "no payload %u\n", index);
			abort();
		}
	}
	return payload;
}
