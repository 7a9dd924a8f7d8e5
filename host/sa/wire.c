// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/if_addr.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/esp/ip.h"
#include "host/sa/fanout.h"
#include "host/sa/ingress.h"
#include "host/sa/train.h"
#include "host/sa/wire_was.h"

#define ETHERNET_HEADER_MAX 22 /* with two VLAN tags */
#define RECEIVE_BUFFER (4 << 20)
#define LANE_BUFFER (1 << 20) /* of those of who hasn't authenticated */

/* What keeps the kernel's stack away from the wire. */
static const struct {
	const char *path;
	const char *value;
} settings[RVL_WIRE_SETTINGS] = {
	{"/proc/sys/net/ipv4/conf/%s/rp_filter", "1"},
	{"/proc/sys/net/ipv4/conf/%s/arp_ignore", "8"},
	{"/proc/sys/net/ipv6/conf/%s/disable_ipv6", "1"},
};

struct rvl_wire {
	char name[IFNAMSIZ];
	int fd[RVL_LANES]; /* of the first thread; the first one sends, too */
	int ike;	   /* epoll of all but the first */
	unsigned int threads;
	int more[RVL_FANOUT_MAX]; /* frames of other threads, by thread; each sends, too */
	struct rvl_ring *rings[RVL_LANES], *more_rings[RVL_FANOUT_MAX]; /* of these */
	atomic_bool trains; /* the kernel takes them, or it isn't known yet */
	unsigned int mtu;
	uint8_t mac[6];
	struct rvl_wire_was was;
};

int rvl_backend_fail(struct rvl_backend_error *error, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	return err;
}

static int read_file(const char *path, char *value, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;
	int err;

	if (fd < 0)
		return -errno;
	n = read(fd, value, size - 1);
	err = n < 0 ? -errno : 0;
	close(fd);
	value[n > 0 ? n : 0] = 0;
	value[strcspn(value, "\n")] = 0;
	return err;
}

static int write_file(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = write(fd, value, strlen(value)) < 0 ? -errno : 0;
	close(fd);
	return err;
}

static void path_of(const struct rvl_wire *wire, int setting, char path[128])
{
	snprintf(path, 128, settings[setting].path, wire->name);
}

/* A kernel without IPv6 has nothing to keep away. */
static bool is_missing(int err, const char *path)
{
	return err == -ENOENT && strstr(path, "ipv6");
}

static int read_settings(struct rvl_wire *wire, struct rvl_backend_error *error)
{
	char path[128];

	for (int i = 0; i < RVL_WIRE_SETTINGS; i++) {
		int err;

		path_of(wire, i, path);
		err = read_file(path, wire->was.settings[i], RVL_WIRE_SETTING);
		if (err && !is_missing(err, path))
			return rvl_backend_fail(error, err, "%s: %s", path, strerror(-err));
	}
	return 0;
}

static int apply_settings(struct rvl_wire *wire, struct rvl_backend_error *error)
{
	char path[128];

	for (int i = 0; i < RVL_WIRE_SETTINGS; i++) {
		int err;

		path_of(wire, i, path);
		err = write_file(path, settings[i].value);
		if (err && !is_missing(err, path))
			return rvl_backend_fail(error, err, "%s: %s", path, strerror(-err));
	}
	return 0;
}

static void restore_settings(struct rvl_wire *wire)
{
	char path[128];

	for (int i = 0; i < RVL_WIRE_SETTINGS; i++) {
		path_of(wire, i, path);
		if (wire->was.settings[i][0])
			write_file(path, wire->was.settings[i]);
	}
}

static void name_request(const struct rvl_wire *wire, struct ifreq *request)
{
	memset(request, 0, sizeof(*request));
	strcpy(request->ifr_name, wire->name);
}

static bool has_gro(struct rvl_wire *wire)
{
	struct ethtool_value value = {.cmd = ETHTOOL_GGRO};
	struct ifreq request;

	name_request(wire, &request);
	request.ifr_data = (char *)&value;
	return !ioctl(wire->fd[RVL_LANE_FRAMES], SIOCETHTOOL, &request) && value.data;
}

/* Generic receive offload; there are interfaces without. */
static void set_gro(struct rvl_wire *wire, bool on)
{
	struct ethtool_value value = {.cmd = ETHTOOL_SGRO, .data = on};
	struct ifreq request;

	name_request(wire, &request);
	request.ifr_data = (char *)&value;
	ioctl(wire->fd[RVL_LANE_FRAMES], SIOCETHTOOL, &request);
}

static int read_flags(const struct rvl_wire *wire, struct ifreq *request)
{
	name_request(wire, request);
	return ioctl(wire->fd[RVL_LANE_FRAMES], SIOCGIFFLAGS, request) ? -errno : 0;
}

static int set_up(struct rvl_wire *wire, bool up)
{
	struct ifreq request;
	int err = read_flags(wire, &request);

	if (err || !!(request.ifr_flags & IFF_UP) == up)
		return err;
	request.ifr_flags = (short)(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
	return ioctl(wire->fd[RVL_LANE_FRAMES], SIOCSIFFLAGS, &request) ? -errno : 0;
}

/* What it was: as somebody says who has died since, or as it is now. It is written down before
 * anything changes. */
static int remember(struct rvl_wire *wire, struct rvl_backend_error *error)
{
	struct ifreq request;
	int known = rvl_wire_was_read(wire->name, &wire->was), err;

	if (known < 0)
		return rvl_backend_fail(error, known, "%s: its alias: %s", wire->name,
					strerror(-known));
	if (known)
		return 0;
	err = read_settings(wire, error);
	if (err)
		return err;
	err = read_flags(wire, &request);
	wire->was.down = !err && !(request.ifr_flags & IFF_UP);
	wire->was.gro = has_gro(wire);
	wire->was.filters = rvl_ingress_is_used(if_nametoindex(wire->name));
	if (!err)
		err = rvl_wire_was_write(wire->name, &wire->was);
	return err ? rvl_backend_fail(error, err, "%s: what it was can't be kept: %s", wire->name,
				      strerror(-err))
		   : 0;
}

static void put_back(struct rvl_wire *wire)
{
	if (!wire->was.filters)
		rvl_ingress_open(if_nametoindex(wire->name));
	if (wire->was.down)
		set_up(wire, false);
	if (wire->was.gro)
		set_gro(wire, true);
	restore_settings(wire);
	rvl_wire_was_undo(wire->name, &wire->was);
}

/* One that somebody has set, which would be lost; a link-local one is the kernel's, and comes again
 * by itself, as does what routers advertise. */
static bool has_ipv6(const struct rvl_wire *wire)
{
	FILE *file = fopen("/proc/net/if_inet6", "re");
	unsigned int scope, flags;
	char name[IFNAMSIZ];
	bool found = false;

	while (file && !found &&
	       fscanf(file, "%*32s %*x %*x %x %x %15s", &scope, &flags, name) == 3)
		found = !scope && (flags & IFA_F_PERMANENT) && !strcmp(name, wire->name);
	if (file)
		fclose(file);
	return found;
}

static int check_no_address(const struct rvl_wire *wire, struct rvl_backend_error *error)
{
	struct ifaddrs *all, *a;
	int err = 0;

	if (getifaddrs(&all))
		return rvl_backend_fail(error, -errno, "getifaddrs: %s", strerror(errno));
	for (a = all; a && !err; a = a->ifa_next)
		if (a->ifa_addr && a->ifa_addr->sa_family == AF_INET &&
		    !strcmp(a->ifa_name, wire->name))
			err = rvl_backend_fail(error, -EADDRINUSE,
					       "%s has an IPv4 address: give it to raveld's netdev "
					       "instead",
					       wire->name);
	freeifaddrs(all);
	if (!err && has_ipv6(wire))
		err = rvl_backend_fail(error, -EADDRINUSE,
				       "%s has an IPv6 address: give it to raveld's netdev instead",
				       wire->name);
	return err;
}

static int read_properties(struct rvl_wire *wire, struct rvl_backend_error *error)
{
	struct ifreq request;

	name_request(wire, &request);
	if (ioctl(wire->fd[RVL_LANE_FRAMES], SIOCGIFHWADDR, &request))
		return rvl_backend_fail(error, -errno, "%s: %s", wire->name, strerror(errno));
	if (request.ifr_hwaddr.sa_family != 1)
		return rvl_backend_fail(error, -EINVAL, "%s isn't an Ethernet interface",
					wire->name);
	memcpy(wire->mac, request.ifr_hwaddr.sa_data, sizeof(wire->mac));
	name_request(wire, &request);
	if (ioctl(wire->fd[RVL_LANE_FRAMES], SIOCGIFMTU, &request))
		return rvl_backend_fail(error, -errno, "%s: %s", wire->name, strerror(errno));
	wire->mtu = (unsigned int)request.ifr_mtu;
	return 0;
}

static int bind_packet_socket(const struct rvl_wire *wire, int fd, int size, struct rvl_ring **ring,
			      struct rvl_backend_error *error)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET,
				      .sll_protocol = htons(ETH_P_ALL),
				      .sll_ifindex = (int)if_nametoindex(wire->name)};
	int on = 1, err;

	if (!address.sll_ifindex)
		return rvl_backend_fail(error, -ENODEV, "%s: no such interface", wire->name);
	err = rvl_ring_open(fd, wire->mtu + ETHERNET_HEADER_MAX, (size_t)size, ring);
	if (err)
		return rvl_backend_fail(error, err, "%s: ring of %d octets: %s", wire->name, size,
					strerror(-err));
	if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return rvl_backend_fail(error, -errno, "%s: %s", wire->name, strerror(errno));
	/* For what is longer than a slot: more room is better, but not needed. */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return 0;
}

static int bind_lane(struct rvl_wire *wire, enum rvl_lane lane, struct rvl_backend_error *error)
{
	struct epoll_event event = {.events = EPOLLIN};
	int err = bind_packet_socket(wire, wire->fd[lane],
				     lane <= RVL_LANE_PEERS ? RECEIVE_BUFFER : LANE_BUFFER,
				     &wire->rings[lane], error);

	if (!err && lane != RVL_LANE_FRAMES &&
	    epoll_ctl(wire->ike, EPOLL_CTL_ADD, wire->fd[lane], &event))
		err = rvl_backend_fail(error, -errno, "%s: %s", wire->name, strerror(errno));
	return err;
}

/* Until it has joined the others it would have what they have, and takes nothing. */
static int bind_more(struct rvl_wire *wire, uint16_t port, uint16_t port_natt,
		     struct rvl_backend_error *error)
{
	int64_t group;
	int err = 0;

	if (wire->threads == 1)
		return 0;
	group = rvl_fanout_open(wire->fd[RVL_LANE_FRAMES], wire->threads,
				port_natt ? port_natt : RVL_ESP_PORT);
	if (group < 0)
		return rvl_backend_fail(error, (int)group, "%s: packet fanout: %s", wire->name,
					strerror((int)-group));
	for (unsigned int i = 1; i < wire->threads && !err; i++) {
		err = bind_packet_socket(wire, wire->more[i], RECEIVE_BUFFER, &wire->more_rings[i],
					 error);
		if (err)
			break;
		err = rvl_fanout_join(wire->more[i], group);
		if (!err)
			err = rvl_lane_take_frames(wire->more[i], RVL_LANE_FRAMES, port, port_natt);
		if (err)
			rvl_backend_fail(error, err, "%s: packet fanout: %s", wire->name,
					 strerror(-err));
	}
	return err;
}

static void close_sockets(struct rvl_wire *wire)
{
	for (int lane = 0; lane < RVL_LANES; lane++) {
		rvl_ring_close(wire->rings[lane]);
		if (wire->fd[lane] >= 0)
			close(wire->fd[lane]);
	}
	for (unsigned int i = 1; i < wire->threads; i++) {
		rvl_ring_close(wire->more_rings[i]);
		if (wire->more[i] >= 0)
			close(wire->more[i]);
	}
	if (wire->ike >= 0)
		close(wire->ike);
}

static int open_packet_socket(void)
{
	return socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* Nothing comes in before they are bound. */
static int open_sockets(struct rvl_wire *wire, uint16_t port, uint16_t port_natt,
			struct rvl_backend_error *error)
{
	int err = 0;

	wire->ike = epoll_create1(EPOLL_CLOEXEC);
	if (wire->ike < 0)
		err = -errno;
	for (int lane = 0; lane < RVL_LANES; lane++) {
		wire->fd[lane] = open_packet_socket();
		if (!err)
			err = wire->fd[lane] < 0
				      ? -errno
				      : rvl_lane_take_frames(wire->fd[lane], (enum rvl_lane)lane,
							     port, port_natt);
	}
	for (unsigned int i = 1; i < wire->threads; i++) {
		wire->more[i] = open_packet_socket();
		if (!err)
			err = wire->more[i] < 0 ? -errno : rvl_lane_take_none(wire->more[i]);
	}
	if (!err)
		return 0;
	close_sockets(wire);
	return rvl_backend_fail(error, err, "packet socket on %s: %s%s", wire->name, strerror(-err),
				err == -EPERM ? " (CAP_NET_RAW is needed)" : "");
}

int rvl_wire_open(const char *name, uint16_t port, uint16_t port_natt, unsigned int threads,
		  struct rvl_wire **out, struct rvl_backend_error *error)
{
	struct rvl_wire *wire = calloc(1, sizeof(*wire));
	int err;

	if (!wire)
		return rvl_backend_fail(error, -ENOMEM, "out of memory");
	snprintf(wire->name, sizeof(wire->name), "%s", name);
	wire->threads = threads;
	atomic_init(&wire->trains, true);
	err = open_sockets(wire, port, port_natt, error);
	if (err)
		goto free_wire;
	err = if_nametoindex(name) ? 0 : -ENODEV;
	if (err) {
		rvl_backend_fail(error, err, "%s: no such interface", name);
		goto close_fd;
	}
	err = read_properties(wire, error);
	if (!err)
		err = check_no_address(wire, error);
	if (err)
		goto close_fd;
	err = remember(wire, error);
	if (err)
		goto close_fd;
	err = apply_settings(wire, error);
	if (err)
		goto restore;
	set_gro(wire, false);
	/* There are kernels without. */
	if (!wire->was.filters)
		rvl_ingress_shut(if_nametoindex(name));
	err = set_up(wire, true);
	if (err) {
		rvl_backend_fail(error, err, "%s: can't be set up: %s", name, strerror(-err));
		goto restore;
	}
	for (int lane = 0; lane < RVL_LANES && !err; lane++)
		err = bind_lane(wire, (enum rvl_lane)lane, error);
	if (!err)
		err = bind_more(wire, port, port_natt, error);
	if (err)
		goto restore;
	*out = wire;
	return 0;

restore:
	put_back(wire);
close_fd:
	close_sockets(wire);
free_wire:
	free(wire);
	return err;
}

void rvl_wire_close(struct rvl_wire *wire)
{
	put_back(wire);
	close_sockets(wire);
	free(wire);
}

int rvl_wire_fd(const struct rvl_wire *wire, unsigned int thread)
{
	return thread ? wire->more[thread] : wire->fd[RVL_LANE_FRAMES];
}

int rvl_wire_ike_fd(const struct rvl_wire *wire)
{
	return wire->ike;
}

const uint8_t *rvl_wire_mac(const struct rvl_wire *wire)
{
	return wire->mac;
}

unsigned int rvl_wire_mtu(const struct rvl_wire *wire)
{
	return wire->mtu;
}

/* What is given to the kernel in one call: messages, each of one frame or of a train of them. */
struct sending {
	struct mmsghdr messages[RVL_WIRE_BATCH];
	struct rvl_train trains[RVL_WIRE_BATCH];
	int firsts[RVL_WIRE_BATCH]; /* frame of each */
	int counts[RVL_WIRE_BATCH];
	int count;
	struct iovec parts[RVL_WIRE_BATCH];
	int part_count;
};

static void add_message(struct sending *s, const struct rvl_buf *frames, int first, int count)
{
	struct iovec *parts = s->parts + s->part_count;
	struct rvl_train *train = &s->trains[s->count];

	for (int i = 0; i < count; i++) {
		const struct rvl_buf *frame = &frames[first + i];
		size_t skip = i ? train->front : 0;

		parts[i] = (struct iovec){rvl_buf_data(frame) + skip, frame->len - skip};
	}
	/* One part is less work for the kernel than two. */
	parts[0].iov_base = (uint8_t *)parts[0].iov_base - sizeof(train->header);
	parts[0].iov_len += sizeof(train->header);
	memcpy(parts[0].iov_base, &train->header, sizeof(train->header));
	s->messages[s->count].msg_hdr =
		(struct msghdr){.msg_iov = parts, .msg_iovlen = (size_t)count};
	s->firsts[s->count] = first;
	s->counts[s->count++] = count;
	s->part_count += count;
}

static void add_messages(const struct rvl_wire *wire, struct sending *s, struct rvl_buf *frames,
			 const bool *trains, int count)
{
	const bool taken = atomic_load_explicit(&wire->trains, memory_order_relaxed);
	int n;

	s->count = s->part_count = 0;
	for (int first = 0; first < count; first += n) {
		struct rvl_train *train = &s->trains[s->count];
		int alike = 0;

		train->header = (struct virtio_net_hdr){0};
		while (taken && first + alike < count && trains[first + alike])
			alike++;
		n = alike ? rvl_train_make(train, frames + first, alike) : 1;
		add_message(s, frames, first, n);
	}
}

int rvl_wire_send(struct rvl_wire *wire, unsigned int thread, struct rvl_buf *frames,
		  const bool *trains, int count)
{
	struct sending s;
	int lost = 0, at = 0, more;

	add_messages(wire, &s, frames, trains, count);
	while (at < s.count) {
		int n = sendmmsg(rvl_wire_fd(wire, thread), s.messages + at,
				 (unsigned int)(s.count - at), 0);

		if (n < 0 && (errno == ENXIO || errno == ENODEV))
			return -ENODEV;
		if (n < 0 && errno == EINVAL && s.counts[at] > 1)
			break;
		/* It is about the first of them, and the others may pass. */
		lost += n < 0 ? s.counts[at] : 0;
		at += n < 0 ? 1 : n;
	}
	if (at == s.count)
		return lost;
	/* A kernel that doesn't know trains: one by one, from now on. */
	atomic_store(&wire->trains, false);
	for (int i = at; i < s.count; i++)
		if (s.counts[i] > 1)
			rvl_train_undo(&s.trains[i], &frames[s.firsts[i]]);
	more = rvl_wire_send(wire, thread, frames + s.firsts[at], trains + s.firsts[at],
			     count - s.firsts[at]);
	return more < 0 ? more : lost + more;
}

bool rvl_wire_gone(const struct rvl_wire *wire)
{
	struct sockaddr_ll address = {.sll_ifindex = 0};
	socklen_t len = sizeof(address);

	/* The kernel unbinds the socket from an interface that goes. */
	return !getsockname(wire->fd[RVL_LANE_FRAMES], (struct sockaddr *)&address, &len) &&
	       address.sll_ifindex <= 0;
}

int rvl_wire_receive(struct rvl_wire *wire, unsigned int thread, enum rvl_lane lane,
		     struct rvl_received *received, int count)
{
	int n = rvl_ring_receive(thread ? wire->more_rings[thread] : wire->rings[lane], received,
				 count);

	return n == -ENETDOWN && rvl_wire_gone(wire) ? -ENODEV : n;
}

uint32_t rvl_wire_missed(struct rvl_wire *wire, enum rvl_lane lane)
{
	uint32_t missed = rvl_ring_missed(wire->rings[lane]);

	for (unsigned int i = 1; i < wire->threads && lane == RVL_LANE_FRAMES; i++)
		missed += rvl_ring_missed(wire->more_rings[i]);
	return missed;
}
