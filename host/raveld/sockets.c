// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MARKER 4
#define DATAGRAM_MAX 65536
#define BATCH 32 /* datagrams a turn, so that other work has its turn too */

struct port {
	struct sockets *sockets;
	int fd;
	uint16_t number;
	bool marked;
	uv_poll_t poll;
};

struct sockets {
	const struct log *log;
	sockets_receive_fn *receive;
	void *context;
	struct port ports[2];
	int open_handles;
	struct sockets_counters counters;
	uint8_t room[DATAGRAM_MAX];
};

static struct sockaddr_in to_sockaddr(const struct ike_addr *addr)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(addr->port)};

	memcpy(&in.sin_addr, addr->ip, 4);
	return in;
}

static struct ike_addr from_parts(const struct in_addr *ip, uint16_t port)
{
	struct ike_addr addr = {.family = 4, .port = port};

	memcpy(addr.ip, ip, 4);
	return addr;
}

static bool local_of(struct msghdr *message, struct in_addr *local)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		struct in_pktinfo info;

		if (c->cmsg_level != IPPROTO_IP || c->cmsg_type != IP_PKTINFO)
			continue;
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		*local = info.ipi_addr;
		return true;
	}
	return false;
}

static void receive_datagram(struct port *port, const struct sockaddr_in *from,
			     const struct in_addr *to, size_t len)
{
	struct sockets *s = port->sockets;
	struct ike_addr local = from_parts(to, port->number);
	struct ike_addr remote = from_parts(&from->sin_addr, ntohs(from->sin_port));
	struct ike_slice data = ike_slice(s->room, len);

	if (port->marked) {
		static const uint8_t marker[MARKER];

		if (len < MARKER || memcmp(s->room, marker, MARKER) != 0) {
			s->counters.ignored++;
			return;
		}
		data = ike_slice(s->room + MARKER, len - MARKER);
	}
	s->counters.received++;
	s->receive(s->context, &local, &remote, data);
}

/* One datagram; false when there is none. */
static bool receive_one(struct port *port)
{
	struct sockets *s = port->sockets;
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(struct in_pktinfo))];
	} control;
	struct iovec part = {s->room, sizeof(s->room)};
	struct sockaddr_in from = {0};
	struct msghdr message = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct in_addr local;
	ssize_t len = recvmsg(port->fd, &message, 0);

	if (len < 0)
		return errno != EAGAIN && errno != EINTR && errno != EBADF;
	if ((message.msg_flags & MSG_TRUNC) || message.msg_namelen != sizeof(from) ||
	    !local_of(&message, &local))
		s->counters.ignored++;
	else
		receive_datagram(port, &from, &local, (size_t)len);
	return true;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct port *port = poll->data;

	(void)status;
	(void)events;
	for (int i = 0; i < BATCH && receive_one(port); i++)
		;
}

static int open_port(struct sockets *s, uv_loop_t *loop, struct port *port)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port->number)};
	int on = 1, discover = IP_PMTUDISC_DONT, err;

	port->sockets = s;
	port->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (port->fd < 0) {
		log_error(s->log, "UDP socket: %s", strerror(errno));
		return -errno;
	}
	/* IKE messages may need fragments (RFC 7296, section 2): DF isn't set. */
	if (setsockopt(port->fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) ||
	    setsockopt(port->fd, IPPROTO_IP, IP_MTU_DISCOVER, &discover, sizeof(discover)) ||
	    bind(port->fd, (struct sockaddr *)&any, sizeof(any))) {
		err = -errno;
		log_error(s->log, "UDP port %u: %s%s", port->number, strerror(-err),
			  err == -EADDRINUSE ? " (is another IKE daemon running?)"
			  : err == -EACCES   ? " (CAP_NET_BIND_SERVICE is needed)"
					     : "");
		close(port->fd);
		return err;
	}
	err = uv_poll_init(loop, &port->poll, port->fd);
	if (!err)
		err = uv_poll_start(&port->poll, UV_READABLE, on_readable);
	if (err) {
		log_error(s->log, "UDP port %u: %s", port->number, uv_strerror(err));
		close(port->fd);
		return err;
	}
	port->poll.data = port;
	s->open_handles++;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct port *port = handle->data;
	struct sockets *s = port->sockets;

	close(port->fd);
	if (--s->open_handles == 0)
		free(s);
}

void sockets_close(struct sockets *s)
{
	int count = s ? s->open_handles : 0;

	for (int i = 0; i < count; i++)
		uv_close((uv_handle_t *)&s->ports[i].poll, on_closed);
}

int sockets_open(uv_loop_t *loop, uint16_t port, uint16_t port_nat, const struct log *log,
		 sockets_receive_fn *receive, void *context, struct sockets **out)
{
	struct sockets *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->log = log;
	s->receive = receive;
	s->context = context;
	s->ports[0].number = port;
	s->ports[1].number = port_nat;
	s->ports[1].marked = true;
	err = open_port(s, loop, &s->ports[0]);
	if (err) {
		free(s);
		return err;
	}
	err = open_port(s, loop, &s->ports[1]);
	if (err) {
		sockets_close(s);
		return err;
	}
	*out = s;
	return 0;
}

void sockets_send(struct sockets *s, const struct ike_addr *local, const struct ike_addr *remote,
		  bool marker, struct ike_slice datagram)
{
	static uint8_t zeros[MARKER];
	struct port *port = local->port == s->ports[1].number ? &s->ports[1] : &s->ports[0];
	struct sockaddr_in to = to_sockaddr(remote);
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(struct in_pktinfo))];
	} control = {.room = {0}};
	struct iovec parts[2] = {{zeros, marker ? MARKER : 0},
				 {(void *)(uintptr_t)datagram.data, datagram.len}};
	struct msghdr message = {
		.msg_name = &to,
		.msg_namelen = sizeof(to),
		.msg_iov = parts,
		.msg_iovlen = 2,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct in_pktinfo info = {0};

	memcpy(&info.ipi_spec_dst, local->ip, 4);
	control.align.cmsg_level = IPPROTO_IP;
	control.align.cmsg_type = IP_PKTINFO;
	control.align.cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(&control.align), &info, sizeof(info));
	if (sendmsg(port->fd, &message, 0) >= 0) {
		s->counters.sent++;
		return;
	}
	s->counters.send_errors++;
	log_debug(s->log, "can't send to %u.%u.%u.%u: %s", remote->ip[0], remote->ip[1],
		  remote->ip[2], remote->ip[3], strerror(errno));
}

struct sockets_counters sockets_counters(const struct sockets *s)
{
	return s->counters;
}
