// SPDX-License-Identifier: BSD-2-Clause
/*
 * Many peers of one gateway in one process: each an initiator with an address, an identity and an
 * inner address of its own, all of them connections of one IKE core, which rekeys, answers and
 * retransmits as ever. Packets go through software ESP.
 *
 * Peer N, from 0 on, is at OUTER + N, has the identity tN.example.org and the inner address
 * INNER + N, and asks for a tunnel to TARGET's network, ESP in UDP. The outer addresses must all be
 * local.
 *
 * usage: peers GATEWAY OUTER INNER TARGET SECRET
 *
 * Commands come on standard input, one a line, and each is answered by a line of JSON once it is
 * done:
 *
 *   up FIRST COUNT AT_ONCE       tunnels of these peers, so many at once
 *   rekey FIRST COUNT AT_ONCE    their Child SAs; rekey-ike: their IKE SAs
 *   await COUNT                  the gateway rekeys: until that many Child SAs were, since the
 * start echo FIRST COUNT RATE        from now on so many echo requests a second, by one peer after
 * the other, to TARGET quiet                        no more of them, once all were answered or a
 * second has passed count                        what there is
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "host/esp/esp.h"
#include "host/esp/grow.h"
#include "host/esp/ip.h"
#include "host/ike/ike.h"

#define SPI_FIRST 0x10000u
#define MARKER 4
#define DATAGRAM_MAX 4096
#define BATCH 256	  /* of datagrams, between two looks at the clock */
#define ECHO_BURST 64	  /* at most, when the clock has run ahead */
#define PATIENCE_MS 60000 /* for the last answers */
#define SOCKET_BUFFER (64 << 20)
#define ECHO_DATA 56

enum { IKE_SOCKET, NATT_SOCKET, SOCKETS };

/* A Child SA, by its place, which its SPI says. */
struct child {
	uint64_t id;
	uint32_t peer;
	struct rvl_esp_sa *in;
	struct rvl_esp_sa *out;
	uint32_t next; /* of its peer, or of those that are free: its place plus 1 */
};

/* A peer. */
struct tunnel {
	bool known; /* to the core */
	uint64_t ike_id;
	uint64_t child_id; /* 0: it isn't up */
	/* Places of its Child SAs plus 1: */
	uint32_t newest;
	uint32_t sending;
};

enum work { NOTHING, UP, REKEY, REKEY_IKE, AWAIT, QUIET };

struct peers {
	struct ike_engine *engine;
	int fd[SOCKETS];
	struct ike_addr gateway;
	uint32_t outer;
	uint32_t inner;
	uint32_t target;
	struct tunnel *tunnels;
	size_t tunnel_room;
	struct child *children;
	size_t child_room;
	uint32_t child_end;
	uint32_t free_child; /* place plus 1 */

	enum work work;
	uint64_t begun;
	uint64_t cost_begun;
	uint32_t next, end; /* peers that are to begin yet */
	uint32_t at_once;
	uint32_t under_way;
	uint64_t target_count;

	uint64_t up, down, rekeyed, ike_rekeyed;
	uint32_t echo_first, echo_count, echo_rate, echo_at;
	uint64_t echo_begun; /* ms; 0: none is sent */
	uint64_t echo_due;   /* since then */
	uint64_t sent, answered, unsent, refused;
	uint64_t last_answer;
};

static void fail(const char *what)
{
	fprintf(stderr, "peers: %s\n", what);
	exit(1);
}

static void check(bool good, const char *what)
{
	if (!good)
		fail(what);
}

static uint64_t clock_ms(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static uint64_t now(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

/* --------------------------------------------------------------------------------- the data path
 */

static uint32_t place_of(uint32_t spi)
{
	return spi - SPI_FIRST;
}

static struct child *child_at(struct peers *p, uint32_t spi)
{
	uint32_t place = place_of(spi);

	return place < p->child_end ? &p->children[place] : NULL;
}

static uint32_t alloc_spi(void *context, uint32_t replaces)
{
	struct peers *p = context;
	uint32_t place = p->free_child;

	(void)replaces;
	if (place) {
		p->free_child = p->children[place - 1].next;
		return SPI_FIRST + place - 1;
	}
	p->children = rvl_grow(p->children, &p->child_room, p->child_end, sizeof(*p->children));
	check(p->children, "out of memory");
	return SPI_FIRST + p->child_end++;
}

static void release_spi(void *context, uint32_t spi)
{
	struct peers *p = context;
	struct child *child = child_at(p, spi);

	*child = (struct child){.next = p->free_child};
	p->free_child = place_of(spi) + 1;
}

static struct rvl_sa_params params_of(const struct ike_child_job *job, enum rvl_direction direction)
{
	const struct ike_child_keys *keys =
		direction == RVL_INBOUND ? &job->keys_in : &job->keys_out;
	struct rvl_sa_params params = {
		.direction = direction,
		.spi = direction == RVL_INBOUND ? job->spi_in : job->spi_out,
		.src = ike_addr_ip(direction == RVL_INBOUND ? &job->remote : &job->local),
		.dst = ike_addr_ip(direction == RVL_INBOUND ? &job->local : &job->remote),
		.inner = RVL_FAMILY_IPV4,
		.encr = IKE_ENCR_AES_GCM_16,
		.encap = true,
		.src_port = direction == RVL_INBOUND ? job->remote.port : job->local.port,
		.dst_port = direction == RVL_INBOUND ? 0 : job->remote.port,
		.replay_window = direction == RVL_INBOUND ? 64 : 0,
	};

	check(rvl_suite_set_keys(&params, keys->encr, keys->encr_len, NULL, 0), "no keys");
	return params;
}

static uint32_t peer_of(const char *connection)
{
	return (uint32_t)strtoul(connection + 1, NULL, 10);
}

static void receive_on(struct peers *p, const struct ike_child_job *job)
{
	struct rvl_sa_params in = params_of(job, RVL_INBOUND), out = params_of(job, RVL_OUTBOUND);
	struct child *child = child_at(p, job->spi_in);
	uint32_t peer = peer_of(job->connection);

	/* Keys to send are only here. */
	check(!rvl_esp_sa_new(&in, &child->in) && !rvl_esp_sa_new(&out, &child->out), "no SA");
	child->id = job->child_id;
	child->peer = peer;
	child->next = p->tunnels[peer].newest;
	p->tunnels[peer].newest = place_of(job->spi_in) + 1;
}

static void send_on(struct peers *p, const struct ike_child_job *job)
{
	struct tunnel *tunnel = &p->tunnels[peer_of(job->connection)];
	uint32_t at = tunnel->newest;

	while (at && p->children[at - 1].id != job->child_id)
		at = p->children[at - 1].next;
	tunnel->sending = at;
}

static void remove_child(struct peers *p, uint32_t spi)
{
	struct child *child = child_at(p, spi);
	struct tunnel *tunnel = &p->tunnels[child->peer];
	uint32_t *at = &tunnel->newest, place = place_of(spi) + 1;

	if (child->id) {
		while (*at != place)
			at = &p->children[*at - 1].next;
		*at = child->next;
		if (tunnel->sending == place)
			tunnel->sending = 0;
	}
	rvl_esp_sa_free(child->in);
	rvl_esp_sa_free(child->out);
	release_spi(p, spi);
}

static uint16_t checksum(const uint8_t *data, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += rvl_get_be16(data + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void send_datagram(struct peers *p, int which, const struct ike_addr *from,
			  const struct ike_addr *to, const void *head, size_t head_len,
			  const void *data, size_t len)
{
	struct sockaddr_in remote = {.sin_family = AF_INET, .sin_port = htons(to->port)};
	struct iovec parts[] = {{(void *)(uintptr_t)head, head_len},
				{(void *)(uintptr_t)data, len}};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct in_pktinfo))] = {0};
	struct msghdr message = {
		.msg_name = &remote,
		.msg_namelen = sizeof(remote),
		.msg_iov = parts,
		.msg_iovlen = 2,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);
	struct in_pktinfo info = {0};

	memcpy(&remote.sin_addr, to->ip, 4);
	memcpy(&info.ipi_spec_dst, from->ip, 4);
	c->cmsg_level = IPPROTO_IP;
	c->cmsg_type = IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(c), &info, sizeof(info));
	/* What is lost is sent again, or counted. */
	p->refused += sendmsg(p->fd[which], &message, 0) < 0;
}

/* The gateway answers it, and who sends knows by the peer's address whose it was. */
static void send_echo(struct peers *p, uint32_t peer)
{
	enum { INNER = RVL_IP_HEADER + 8 + ECHO_DATA, OUTER = RVL_IP_HEADER + 8 };
	uint8_t room[RVL_ESP_HEADROOM + INNER + RVL_ESP_TAILROOM] = {0};
	struct rvl_buf packet = {room, sizeof(room), RVL_ESP_HEADROOM, INNER};
	uint8_t *ip = rvl_buf_data(&packet), *icmp = ip + RVL_IP_HEADER;
	const struct tunnel *tunnel = &p->tunnels[peer];
	const struct rvl_sa_params *params;
	struct ike_addr from, to;
	struct child *child;

	if (!tunnel->sending) {
		p->unsent++;
		return;
	}
	child = &p->children[tunnel->sending - 1];
	ip[0] = 0x45;
	rvl_put_be16(ip + 2, INNER);
	ip[8] = 64;
	ip[9] = RVL_IP_PROTO_ICMP;
	rvl_put_be32(ip + 12, p->inner + peer);
	rvl_put_be32(ip + 16, p->target);
	rvl_put_be16(ip + 10, checksum(ip, RVL_IP_HEADER));
	icmp[0] = 8;
	rvl_put_be32(icmp + 4, (uint32_t)p->sent);
	rvl_put_be16(icmp + 2, checksum(icmp, 8 + ECHO_DATA));
	check(!rvl_esp_encap(child->out, &packet), "a packet can't be protected");
	params = rvl_esp_sa_params(child->out);
	from = ike_addr_of(&params->src, params->src_port);
	to = ike_addr_of(&params->dst, params->dst_port);
	p->sent++;
	send_datagram(p, NATT_SOCKET, &from, &to, rvl_buf_data(&packet) + OUTER, packet.len - OUTER,
		      NULL, 0);
}

static void send_echoes(struct peers *p, uint64_t at)
{
	uint64_t due = (at - p->echo_begun) * p->echo_rate / 1000;

	for (unsigned n = 0; p->echo_due < due && n < ECHO_BURST; n++, p->echo_due++) {
		send_echo(p, p->echo_first + p->echo_at);
		p->echo_at = (p->echo_at + 1) % p->echo_count;
	}
}

/* ESP of 4 octets of SPI and so on, in a buffer that is the caller's. */
static void receive_esp(struct peers *p, const struct ike_addr *from, uint8_t *esp, size_t len)
{
	struct rvl_buf packet = {esp, len, 0, len};
	struct rvl_esp_place place = {
		.src = ike_addr_ip(from),
		.src_port = from->port,
		.spi = rvl_get_be32(esp),
		.seq = rvl_get_be32(esp + 4),
		.encap = true,
		.len = len,
	};
	struct child *child = child_at(p, place.spi);

	if (!child || !child->in || len % 4 || len < 48 ||
	    rvl_esp_decap(child->in, &place, &packet) != RVL_DROP_NONE)
		return;
	if (packet.len >= RVL_IP_HEADER + 8 && rvl_buf_data(&packet)[RVL_IP_HEADER] == 0)
		p->answered++;
	p->last_answer = now();
}

/* ---------------------------------------------------------------------------------------- the core
 */

static int fill(void *context, void *out, size_t len)
{
	(void)context;
	return getrandom(out, len, 0) == (ssize_t)len ? 0 : -EIO;
}

static void act(struct peers *p, struct ike_action *a)
{
	static const uint8_t marker[MARKER];
	struct tunnel *t;

	switch (a->type) {
	case IKE_ACTION_SEND:
		send_datagram(p, a->send.local.port == IKE_PORT ? IKE_SOCKET : NATT_SOCKET,
			      &a->send.local, &a->send.remote, marker, a->send.marker ? MARKER : 0,
			      a->send.data.data, a->send.data.len);
		break;
	case IKE_ACTION_JOB:
		if (ike_job_is_work(a->job))
			ike_job_run(a->job);
		else if (a->job->type == IKE_JOB_CHILD_INBOUND)
			receive_on(p, &a->job->child);
		else if (a->job->type == IKE_JOB_CHILD_USE)
			send_on(p, &a->job->child);
		ike_job_done(p->engine, now(), a->job);
		a->job = NULL;
		break;
	case IKE_ACTION_CHILD_REMOVE:
		remove_child(p, a->removed.spi_in);
		break;
	case IKE_ACTION_CHILD_UP:
		t = &p->tunnels[peer_of(a->event.connection)];
		t->ike_id = a->event.ike_id;
		t->child_id = a->event.child_id;
		p->up++;
		p->under_way -= p->work == UP;
		break;
	case IKE_ACTION_CHILD_REKEYED:
		p->tunnels[peer_of(a->event.connection)].child_id = a->event.child_id;
		p->rekeyed++;
		p->under_way -= p->work == REKEY;
		break;
	case IKE_ACTION_IKE_REKEYED:
		p->tunnels[peer_of(a->event.connection)].ike_id = a->event.ike_id;
		p->ike_rekeyed++;
		p->under_way -= p->work == REKEY_IKE;
		break;
	case IKE_ACTION_CHILD_DOWN:
		fprintf(stderr, "peers: %s is down: %s\n", a->event.connection, a->event.reason);
		p->down++;
		break;
	case IKE_ACTION_LOG:
		fprintf(stderr, "peers: %s\n", a->log.text);
		break;
	default:
		break;
	}
}

static void settle(struct peers *p)
{
	struct ike_action *a;

	while ((a = ike_next_action(p->engine))) {
		act(p, a);
		ike_action_free(a);
	}
}

/* ------------------------------------------------------------------------------------- commands */

static struct ike_ts_list one_range(uint32_t first, uint32_t last)
{
	struct ike_ts_list list = {
		.count = 1,
		.list = {{.family = 4, .port_first = 0, .port_last = UINT16_MAX}},
	};

	rvl_put_be32(list.list[0].first, first);
	rvl_put_be32(list.list[0].last, last);
	return list;
}

static void parse_proposal(const char *text, uint8_t protocol, struct ike_proposal *out,
			   unsigned *count)
{
	char error[128];

	check(!ike_proposal_parse(text, protocol, out, error, sizeof(error)), error);
	*count = 1;
}

static void make_known(struct peers *p, uint32_t peer)
{
	struct rvl_addr outer = rvl_addr_of_ipv4(p->outer + peer);
	struct ike_addr local = ike_addr_of(&outer, 0);
	struct ike_connection *conn;
	struct ike_child_config *child;
	char name[32], id[64], error[128];

	snprintf(name, sizeof(name), "t%u", peer);
	snprintf(id, sizeof(id), "t%u.example.org", peer);
	conn = ike_connection_new(name);
	check(conn, "out of memory");
	check(!ike_hosts_set(&conn->local, &local) && !ike_hosts_set(&conn->remote, &p->gateway) &&
		      !ike_id_parse(id, &conn->local_id, error, sizeof(error)) &&
		      !ike_id_parse("gateway.example.org", &conn->remote_id, error, sizeof(error)),
	      "a connection that can't be");
	conn->encap = true;
	conn->mobike = false;
	conn->dpd_delay_ms = 0;
	conn->rekey_ms = 0;
	conn->over_ms = 0;
	conn->unique = IKE_UNIQUE_NEVER;
	parse_proposal("aes256gcm16-prfsha256-x25519", IKE_PROTO_IKE, conn->proposals,
		       &conn->proposal_count);
	child = ike_connection_add_child(conn, "net");
	check(child, "out of memory");
	parse_proposal("aes256gcm16", IKE_PROTO_ESP, child->proposals, &child->proposal_count);
	child->local_ts = one_range(p->inner + peer, p->inner + peer);
	child->remote_ts = one_range(p->target & 0xffff0000, p->target | 0xffff);
	child->rekey_ms = 0;
	child->life_ms = 0;
	check(!ike_engine_add_connection(p->engine, conn), "a connection can't be added");
	p->tunnels = rvl_grow(p->tunnels, &p->tunnel_room, peer, sizeof(*p->tunnels));
	check(p->tunnels, "out of memory");
	p->tunnels[peer].known = true;
}

/* 0: it will be counted. */
static int begin_one(struct peers *p, uint32_t peer)
{
	char name[32];
	uint64_t id;

	switch (p->work) {
	case UP:
		if (peer >= p->tunnel_room || !p->tunnels[peer].known)
			make_known(p, peer);
		snprintf(name, sizeof(name), "t%u", peer);
		return ike_initiate(p->engine, now(), name, NULL, NULL, &id);
	case REKEY:
		return ike_rekey_child(p->engine, now(), p->tunnels[peer].child_id);
	default:
		return ike_rekey(p->engine, now(), p->tunnels[peer].ike_id);
	}
}

static void begin_more(struct peers *p)
{
	while (p->under_way < p->at_once && p->next < p->end) {
		uint32_t peer = p->next++;

		check(p->work == UP || (peer < p->tunnel_room && p->tunnels[peer].child_id),
		      "what isn't up can't be rekeyed");
		check(!begin_one(p, peer), "what the core doesn't begin");
		p->under_way++;
		settle(p);
	}
}

static void answer(struct peers *p, const char *what)
{
	const struct ike_stats *s = ike_engine_stats(p->engine);

	printf("{\"done\": \"%s\", \"seconds\": %.3f, \"cpu-seconds\": %.3f, \"up\": %llu, "
	       "\"down\": %llu, \"rekeyed\": %llu, \"ike-rekeyed\": %llu, \"ike-sas\": %u, "
	       "\"retransmissions\": %llu, \"sent\": %llu, \"answered\": %llu, \"unsent\": %llu, "
	       "\"refused\": %llu}\n",
	       what, (double)(now() - p->begun) / 1000,
	       (double)(clock_ms(CLOCK_PROCESS_CPUTIME_ID) - p->cost_begun) / 1000,
	       (unsigned long long)p->up, (unsigned long long)p->down,
	       (unsigned long long)p->rekeyed, (unsigned long long)p->ike_rekeyed,
	       ike_sa_count(p->engine), (unsigned long long)s->retransmissions_out,
	       (unsigned long long)p->sent, (unsigned long long)p->answered,
	       (unsigned long long)p->unsent, (unsigned long long)p->refused);
	fflush(stdout);
	p->work = NOTHING;
}

static void take_command(struct peers *p, const char *line)
{
	static const struct {
		const char *name;
		enum work work;
	} paced[] = {{"up", UP}, {"rekey", REKEY}, {"rekey-ike", REKEY_IKE}};
	unsigned long long a = 0, b = 0, c = 0;
	char name[32] = "";
	int count = sscanf(line, "%31s %llu %llu %llu", name, &a, &b, &c);

	check(p->work == NOTHING, "a command before the one before was done");
	p->begun = now();
	p->cost_begun = clock_ms(CLOCK_PROCESS_CPUTIME_ID);
	for (size_t i = 0; i < sizeof(paced) / sizeof(paced[0]); i++) {
		if (strcmp(name, paced[i].name) != 0)
			continue;
		check(count == 4 && b && c, "FIRST COUNT AT_ONCE");
		p->work = paced[i].work;
		p->next = (uint32_t)a;
		p->end = (uint32_t)(a + b);
		p->at_once = (uint32_t)c;
		p->under_way = 0;
		return;
	}
	if (!strcmp(name, "await") && count == 2) {
		p->work = AWAIT;
		p->target_count = a;
	} else if (!strcmp(name, "echo") && count == 4 && b && a + b <= p->tunnel_room) {
		p->echo_first = (uint32_t)a;
		p->echo_count = (uint32_t)b;
		p->echo_rate = (uint32_t)c;
		p->echo_at = 0;
		p->echo_due = 0;
		p->echo_begun = now();
		answer(p, name);
	} else if (!strcmp(name, "quiet")) {
		p->echo_begun = 0;
		p->work = QUIET;
		p->last_answer = now();
	} else {
		check(!strcmp(name, "count"), "no such command");
		answer(p, name);
	}
}

static void go_on(struct peers *p)
{
	static const char *const names[] = {
		[UP] = "up", [REKEY] = "rekey", [REKEY_IKE] = "rekey-ike"};

	switch (p->work) {
	case UP:
	case REKEY:
	case REKEY_IKE:
		begin_more(p);
		if (!p->under_way && p->next == p->end)
			answer(p, names[p->work]);
		break;
	case AWAIT:
		if (p->rekeyed >= p->target_count)
			answer(p, "await");
		break;
	case QUIET:
		if (p->answered >= p->sent || now() - p->last_answer > PATIENCE_MS)
			answer(p, "quiet");
		break;
	case NOTHING:
		break;
	}
}

/* ------------------------------------------------------------------------------------- the loop */

static void receive_one(struct peers *p, const struct ike_addr *local,
			const struct ike_addr *remote, uint8_t *data, size_t len)
{
	static const uint8_t marker[MARKER];

	if (local->port == IKE_PORT) {
		ike_receive(p->engine, now(), local, remote, ike_slice(data, len));
	} else if (len > MARKER && !memcmp(data, marker, MARKER)) {
		ike_receive(p->engine, now(), local, remote,
			    ike_slice(data + MARKER, len - MARKER));
	} else if (len > MARKER) {
		receive_esp(p, remote, data, len);
		return;
	}
	settle(p);
}

static void receive(struct peers *p, int which)
{
	static uint8_t room[DATAGRAM_MAX];

	for (unsigned n = 0; n < BATCH; n++) {
		_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct in_pktinfo))];
		struct ike_addr local = {.family = 4}, remote = {.family = 4};
		struct iovec part = {room, sizeof(room)};
		struct sockaddr_in from;
		struct msghdr message = {
			.msg_name = &from,
			.msg_namelen = sizeof(from),
			.msg_iov = &part,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control),
		};
		ssize_t len = recvmsg(p->fd[which], &message, MSG_DONTWAIT);
		struct cmsghdr *c = len < 0 ? NULL : CMSG_FIRSTHDR(&message);
		struct in_pktinfo info;

		if (!c)
			break;
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		memcpy(local.ip, &info.ipi_addr, 4);
		memcpy(remote.ip, &from.sin_addr, 4);
		local.port = which == IKE_SOCKET ? IKE_PORT : IKE_PORT_NATT;
		remote.port = ntohs(from.sin_port);
		receive_one(p, &local, &remote, room, (size_t)len);
	}
}

/* A line at a time; false at the end. */
static bool read_commands(struct peers *p)
{
	static char text[256];
	static size_t held;
	ssize_t len = read(STDIN_FILENO, text + held, sizeof(text) - 1 - held);
	char *end;

	if (len <= 0)
		return len < 0 && errno == EAGAIN;
	held += (size_t)len;
	text[held] = 0;
	while ((end = strchr(text, '\n'))) {
		*end = 0;
		take_command(p, text);
		held -= (size_t)(end + 1 - text);
		memmove(text, end + 1, held + 1);
	}
	return true;
}

static int wait_ms(const struct peers *p)
{
	uint64_t deadline = ike_next_deadline(p->engine), at = now();

	if (p->echo_begun)
		return 1;
	if (deadline <= at)
		return 0;
	return deadline - at < 1000 ? (int)(deadline - at) : 1000;
}

static void run(struct peers *p)
{
	struct pollfd fds[] = {{p->fd[IKE_SOCKET], POLLIN, 0},
			       {p->fd[NATT_SOCKET], POLLIN, 0},
			       {STDIN_FILENO, POLLIN, 0}};

	for (;;) {
		uint64_t at;

		go_on(p);
		if (poll(fds, 3, wait_ms(p)) < 0 && errno != EINTR)
			fail(strerror(errno));
		for (int i = 0; i < SOCKETS; i++)
			receive(p, i);
		at = now();
		if (p->echo_begun)
			send_echoes(p, at);
		if (at >= ike_next_deadline(p->engine)) {
			ike_tick(p->engine, at);
			settle(p);
		}
		if (fds[2].revents && !read_commands(p))
			return;
	}
}

static int open_socket(uint16_t port)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
	const int room = SOCKET_BUFFER, one = 1;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	check(fd >= 0 && !bind(fd, (struct sockaddr *)&any, sizeof(any)) &&
		      !setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one)) &&
		      !setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) &&
		      !setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)),
	      "no socket");
	return fd;
}

static uint32_t address_of(const char *text)
{
	struct in_addr address;

	check(inet_pton(AF_INET, text, &address) == 1, "no address");
	return ntohl(address.s_addr);
}

int main(int argc, char **argv)
{
	static struct peers p;
	const struct ike_engine_config config = {
		.random = {.fill = fill},
		.alloc_spi = alloc_spi,
		.release_spi = release_spi,
		.context = &p,
		.max_sas = 1000000,
		.keepalive_ms = IKE_NEVER,
		.log_level = IKE_LOG_WARNING,
	};
	const struct ike_id anybody = {0};
	struct rvl_addr gateway;

	if (argc != 6) {
		fprintf(stderr, "usage: peers GATEWAY OUTER INNER TARGET SECRET\n");
		return 2;
	}
	gateway = rvl_addr_of_ipv4(address_of(argv[1]));
	p.gateway = ike_addr_of(&gateway, 0);
	p.outer = address_of(argv[2]);
	p.inner = address_of(argv[3]);
	p.target = address_of(argv[4]);
	p.fd[IKE_SOCKET] = open_socket(IKE_PORT);
	p.fd[NATT_SOCKET] = open_socket(IKE_PORT_NATT);
	p.engine = ike_engine_new(&config);
	check(p.engine && !ike_engine_add_psk(p.engine, &anybody, 1,
					      ike_slice(argv[5], strlen(argv[5]))),
	      "no core");
	check(!fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK), "standard input");
	run(&p);
	ike_engine_free(p.engine);
	return 0;
}
