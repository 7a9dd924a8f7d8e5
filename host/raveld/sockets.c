// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/raveld/endpoint.h"

#define MARKER 4
#define DATAGRAM_MAX 65536
#define BATCH 32 /* datagrams of a lane a turn, so that other work has its turn too */
#define LANES (RVL_LANES - RVL_LANE_PEERS)
#define QUEUED 4096	       /* at most of what has come on one while nobody read */
#define PORTS 4		       /* two of each family */
#define PEERS_BUFFER (8 << 20) /* answers of 10,000 peers that all were asked something */

struct lane {
	struct port *port;
	int fd;		 /* -1: there is none of this family */
	uint32_t missed; /* as the kernel counts, when last looked at */
	uv_poll_t poll;
};

struct port {
	struct sockets *sockets;
	uint8_t family;
	uint16_t number;
	bool marked;
	bool encap; /* what has no marker is the kernel's */
	struct lane lanes[LANES];
};

/* Of either family. */
union packet_info {
	struct cmsghdr align;
	char room[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

/* Room for what is received at once. */
struct batch {
	struct mmsghdr messages[BATCH];
	struct iovec parts[BATCH];
	union endpoint from[BATCH];
	union packet_info control[BATCH];
	uint8_t room[BATCH][DATAGRAM_MAX];
};

struct sockets {
	const struct log *log;
	sockets_receive_fn *receive;
	void *context;
	struct port ports[PORTS];
	int open_handles;
	struct sockets_counters counters;
	struct batch batch;
};

/* Where a datagram was sent to, but for the port; false when it isn't said. */
static bool local_of(struct msghdr *message, struct ike_addr *local)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		struct in6_pktinfo info6;
		struct in_pktinfo info;

		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			local->family = 4;
			memcpy(local->ip, &info.ipi_addr, 4);
			return true;
		}
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&info6, CMSG_DATA(c), sizeof(info6));
			local->family = 6;
			memcpy(local->ip, &info6.ipi6_addr, 16);
			return true;
		}
	}
	return false;
}

/* Send from this address. */
static void put_local(struct msghdr *message, const struct ike_addr *local)
{
	struct cmsghdr *c = message->msg_control;
	struct in6_pktinfo info6 = {0};
	struct in_pktinfo info = {0};

	if (local->family == 4) {
		memcpy(&info.ipi_spec_dst, local->ip, 4);
		c->cmsg_level = IPPROTO_IP;
		c->cmsg_type = IP_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(c), &info, sizeof(info));
		message->msg_controllen = CMSG_SPACE(sizeof(info));
	} else {
		memcpy(&info6.ipi6_addr, local->ip, 16);
		c->cmsg_level = IPPROTO_IPV6;
		c->cmsg_type = IPV6_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(info6));
		memcpy(CMSG_DATA(c), &info6, sizeof(info6));
		message->msg_controllen = CMSG_SPACE(sizeof(info6));
	}
}

static void receive_datagram(struct port *port, const struct ike_addr *remote,
			     const struct ike_addr *local, struct ike_slice data)
{
	static const uint8_t marker[MARKER];
	struct sockets *s = port->sockets;

	if (port->marked && (data.len < MARKER || memcmp(data.data, marker, MARKER) != 0)) {
		s->counters.ignored++;
		return;
	}
	if (port->marked)
		data = ike_slice(data.data + MARKER, data.len - MARKER);
	s->counters.received++;
	s->receive(s->context, local, remote, data);
}

static void receive_one(struct port *port, struct mmsghdr *m)
{
	const union endpoint *from = m->msg_hdr.msg_name;
	struct ike_addr local = {.port = port->number}, remote = endpoint_address(from);

	if ((m->msg_hdr.msg_flags & MSG_TRUNC) || remote.family != port->family ||
	    !local_of(&m->msg_hdr, &local) || endpoint_is_link_local(&local) ||
	    endpoint_is_link_local(&remote))
		port->sockets->counters.ignored++;
	else
		receive_datagram(port, &remote, &local,
				 ike_slice(m->msg_hdr.msg_iov->iov_base, m->msg_len));
}

/* There is room for so many again. */
static void clear(struct batch *b, int count)
{
	for (int i = 0; i < count; i++) {
		b->parts[i] = (struct iovec){b->room[i], DATAGRAM_MAX};
		b->messages[i].msg_hdr = (struct msghdr){
			.msg_name = &b->from[i],
			.msg_namelen = sizeof(b->from[i]),
			.msg_iov = &b->parts[i],
			.msg_iovlen = 1,
			.msg_control = &b->control[i],
			.msg_controllen = sizeof(b->control[i]),
		};
	}
}

/* What has come, a batch at most. Returns how many datagrams. */
static int receive_batch(struct lane *lane)
{
	struct batch *b = &lane->port->sockets->batch;
	int count = lane->fd < 0 ? 0 : recvmmsg(lane->fd, b->messages, BATCH, 0, NULL);

	for (int i = 0; i < count; i++)
		receive_one(lane->port, &b->messages[i]);
	clear(b, count);
	return count > 0 ? count : 0;
}

/* Peers first, to whichever port they and others have come. */
static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct lane *lane = poll->data;
	struct port *ports = lane->port->sockets->ports;

	(void)status;
	(void)events;
	for (int i = 0; i < PORTS && lane != lane->port->lanes; i++)
		receive_batch(ports[i].lanes);
	receive_batch(lane);
}

/* IKE messages may need fragments (RFC 7296, section 2): over IPv4 DF isn't set, and over IPv6 the
 * kernel makes them to fit the way. */
static int set_options(const struct port *port, int fd)
{
	int on = 1, discover = IP_PMTUDISC_DONT;

	if (port->family == 6)
		return setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) ||
		       setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
	return setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) ||
	       setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &discover, sizeof(discover));
}

/* The socket or -errno; one that shares its port doesn't find that taken by others that do. */
static int bind_socket(const struct port *port, bool share)
{
	const struct ike_addr all = {.family = port->family, .port = port->number};
	union endpoint any;
	socklen_t len = endpoint_of(&all, &any);
	int fd = socket(any.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
	int err;

	if (fd < 0)
		return -errno;
	if (!set_options(port, fd) &&
	    (!share || !setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on))) &&
	    !bind(fd, &any.any, len))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* Is the port nobody's? */
static int check_free(const struct port *port)
{
	int fd = bind_socket(port, false);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* Who was asked answers at once, all that were asked at the same time. Without the privilege it is
 * what the system allows. */
static void widen(int fd)
{
	const int room = PEERS_BUFFER;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
}

/* RFC 3948, section 2.2: what has no non-ESP marker is ESP, or a keepalive. */
static int set_encap(int fd)
{
	const int type = UDP_ENCAP_ESPINUDP;

	return setsockopt(fd, IPPROTO_UDP, UDP_ENCAP, &type, sizeof(type));
}

static int open_lane(struct sockets *s, uv_loop_t *loop, struct lane *lane)
{
	struct port *port = lane->port;
	bool first = lane == port->lanes;
	int err;

	lane->fd = bind_socket(port, true);
	if (lane->fd < 0)
		return lane->fd;
	if (first)
		widen(lane->fd);
	err = port->encap && set_encap(lane->fd) ? -errno : 0;
	/* What they share is there once the first is bound. */
	if (!err)
		err = first ? rvl_lane_sort_datagrams(lane->fd, port->marked) : 0;
	if (!err)
		err = uv_poll_init(loop, &lane->poll, lane->fd);
	if (!err)
		err = uv_poll_start(&lane->poll, UV_READABLE, on_readable);
	if (err) {
		close(lane->fd);
		lane->fd = -1;
		return err;
	}
	lane->poll.data = lane;
	s->open_handles++;
	return 0;
}

static int open_port(struct sockets *s, uv_loop_t *loop, struct port *port)
{
	int err = check_free(port);

	if (err == -EAFNOSUPPORT && port->family == 6)
		return 0;
	for (int i = 0; i < LANES && !err; i++)
		err = open_lane(s, loop, &port->lanes[i]);
	if (err)
		log_error(s->log, "UDP port %u: %s%s", port->number, strerror(-err),
			  err == -EADDRINUSE ? " (is another IKE daemon running?)"
			  : err == -EACCES   ? " (CAP_NET_BIND_SERVICE is needed)"
					     : "");
	return err;
}

static void on_closed(uv_handle_t *handle)
{
	struct lane *lane = handle->data;
	struct sockets *s = lane->port->sockets;

	close(lane->fd);
	if (--s->open_handles == 0)
		free(s);
}

static struct lane *lane_at(struct sockets *s, int n)
{
	return &s->ports[n / LANES].lanes[n % LANES];
}

void sockets_close(struct sockets *s)
{
	if (!s)
		return;
	if (!s->open_handles)
		free(s);
	else
		for (int i = 0; i < PORTS * LANES; i++)
			if (lane_at(s, i)->fd >= 0)
				uv_close((uv_handle_t *)&lane_at(s, i)->poll, on_closed);
}

int sockets_open(uv_loop_t *loop, uint16_t port, uint16_t port_nat, bool encap,
		 const struct log *log, sockets_receive_fn *receive, void *context,
		 struct sockets **out)
{
	struct sockets *s = calloc(1, sizeof(*s));
	int err = 0;

	if (!s)
		return -ENOMEM;
	s->log = log;
	s->receive = receive;
	s->context = context;
	clear(&s->batch, BATCH);
	for (int i = 0; i < PORTS; i++)
		s->ports[i] = (struct port){
			.sockets = s,
			.family = i < 2 ? 4 : 6,
			.number = i % 2 ? port_nat : port,
			.marked = i % 2,
			.encap = encap && i % 2,
		};
	for (int i = 0; i < PORTS * LANES; i++)
		*lane_at(s, i) = (struct lane){.port = &s->ports[i / LANES], .fd = -1};
	for (int i = 0; !err && i < PORTS; i++)
		err = open_port(s, loop, &s->ports[i]);
	if (err) {
		sockets_close(s);
		return err;
	}
	if (s->ports[PORTS - 1].lanes[0].fd < 0)
		log_info(log, "this machine has no IPv6: IKE over IPv4 alone");
	*out = s;
	return 0;
}

static struct port *port_from(struct sockets *s, const struct ike_addr *local)
{
	struct port *port = &s->ports[local->family == 4 ? 0 : 2];

	return local->port == port[1].number ? &port[1] : port;
}

void sockets_send(struct sockets *s, const struct ike_addr *local, const struct ike_addr *remote,
		  bool marker, struct ike_slice datagram)
{
	static uint8_t zeros[MARKER];
	struct port *port = port_from(s, local);
	union packet_info control = {.room = {0}};
	union endpoint to;
	char text[IKE_ADDR_TEXT];
	int error;
	struct iovec parts[2] = {{zeros, marker ? MARKER : 0},
				 {(void *)(uintptr_t)datagram.data, datagram.len}};
	struct msghdr message = {
		.msg_name = &to,
		.msg_namelen = endpoint_of(remote, &to),
		.msg_iov = parts,
		.msg_iovlen = 2,
		.msg_control = &control,
	};

	put_local(&message, local);
	if (sendmsg(port->lanes[0].fd, &message, 0) >= 0) {
		s->counters.sent++;
		return;
	}
	error = errno;
	s->counters.send_errors++;
	ike_addr_text(remote, text, sizeof(text));
	log_debug(s->log, "can't send to %s: %s", text, strerror(error));
}

void sockets_receive(struct sockets *s)
{
	for (int i = 0; i < LANES * PORTS; i++)
		for (int n = 0; n < QUEUED / BATCH; n++)
			if (!receive_batch(&s->ports[i % PORTS].lanes[i / PORTS]))
				break;
}

void sockets_count(struct sockets *s)
{
	for (int i = 0; i < PORTS * LANES; i++) {
		struct lane *lane = lane_at(s, i);
		uint32_t missed = lane->fd < 0 ? 0 : rvl_lane_missed(lane->fd);

		s->counters.missed[RVL_LANE_PEERS + i % LANES] += (uint32_t)(missed - lane->missed);
		lane->missed = missed;
	}
}

struct sockets_counters sockets_counters(struct sockets *s)
{
	sockets_count(s);
	return s->counters;
}
