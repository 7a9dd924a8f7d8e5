/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ravelsim through vfio-user (QEMU, docs/interop/vfio-user.rst, version 0.0).
 *
 * One request at a time, under a lock; each reply is waited for with a bound. A server that closes
 * the socket, doesn't answer in time, or breaks the protocol is gone: its socket is shut down and
 * every later call fails at once. Nothing the server sends is used before its length is checked.
 */
#include <fcntl.h>
#include <linux/vfio.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "transport.h"
#include "vfio_user_proto.h"

/* What a message unasked for may hold at most; a reply is bounded by its buffer. */
#define MESSAGE_MAX                                                                                \
	(sizeof(struct rvl_vfio_user_hdr) + sizeof(struct rvl_vfio_user_access) + (1U << 20))
#define ACCESS_MAX 4096
#define REPLY_FDS_MAX 8

struct client {
	struct rvl_transport base;
	pthread_mutex_t lock;
	int sock;
	bool gone;
	bool posted; /* writes need no answer */
	uint16_t id;
	uint32_t timeout_ms;
	uint64_t region_size[VFIO_PCI_NUM_REGIONS];
};

static struct client *client_of(struct rvl_transport *t)
{
	return (struct client *)t;
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* The stream can't be used any more. */
static int give_up(struct client *c, int code)
{
	c->gone = true;
	shutdown(c->sock, SHUT_RDWR);
	return code;
}

static int wait_for(const struct client *c, short events, uint64_t deadline)
{
	struct pollfd p = {.fd = c->sock, .events = events};

	for (;;) {
		uint64_t now = now_ms();
		int ret = poll(&p, 1, now < deadline ? (int)(deadline - now) : 0);

		if (ret > 0)
			return 0;
		if (!ret)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

/* All of it, in as many pieces as it takes; fd goes with the first octet. */
static int send_all(struct client *c, struct iovec *iov, size_t count, int fd, uint64_t deadline)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = count};

	if (fd >= 0) {
		struct cmsghdr *cmsg;

		msg.msg_control = control.space;
		msg.msg_controllen = sizeof(control.space);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	}
	while (msg.msg_iovlen) {
		ssize_t sent = sendmsg(c->sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0) {
			int ret;

			if (errno == EINTR)
				continue;
			if (errno != EAGAIN)
				return -ENODEV;
			ret = wait_for(c, POLLOUT, deadline);
			if (ret)
				return ret;
			continue;
		}
		msg.msg_control = NULL;
		msg.msg_controllen = 0;
		while (msg.msg_iovlen && (size_t)sent >= msg.msg_iov->iov_len) {
			sent -= (ssize_t)msg.msg_iov->iov_len;
			msg.msg_iov++;
			msg.msg_iovlen--;
		}
		if (msg.msg_iovlen) {
			msg.msg_iov->iov_base = (uint8_t *)msg.msg_iov->iov_base + sent;
			msg.msg_iov->iov_len -= (size_t)sent;
		}
	}
	return 0;
}

/* Descriptors that came along are of no use here: not to be leaked either. */
static void close_fds(struct msghdr *msg)
{
	struct cmsghdr *cmsg;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		size_t i;

		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		for (i = 0; CMSG_LEN((i + 1) * sizeof(int)) <= cmsg->cmsg_len; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(fd));
			close(fd);
		}
	}
}

static int receive_all(struct client *c, void *data, size_t len, uint64_t deadline)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(REPLY_FDS_MAX * sizeof(int))];
	} control;

	while (len) {
		struct iovec iov = {.iov_base = data, .iov_len = len};
		struct msghdr msg = {
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control.space,
			.msg_controllen = sizeof(control.space),
		};
		ssize_t got = recvmsg(c->sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

		if (got > 0) {
			close_fds(&msg);
			data = (uint8_t *)data + got;
			len -= (size_t)got;
		} else if (!got) {
			return -ENODEV;
		} else if (errno == EAGAIN) {
			int ret = wait_for(c, POLLIN, deadline);

			if (ret)
				return ret;
		} else if (errno != EINTR) {
			return -ENODEV;
		}
	}
	return 0;
}

static int discard(struct client *c, size_t len, uint64_t deadline)
{
	uint8_t sink[512];
	int ret = 0;

	while (len && !ret) {
		size_t part = len < sizeof(sink) ? len : sizeof(sink);

		ret = receive_all(c, sink, part, deadline);
		len -= part;
	}
	return ret;
}

/*
 * A command from the server: it wants to reach memory over the socket. We gave it descriptors for
 * all there is, so the answer is an error.
 */
static int refuse_command(struct client *c, const struct rvl_vfio_user_hdr *in, uint64_t deadline)
{
	struct rvl_vfio_user_hdr out = {
		.id = in->id,
		.command = in->command,
		.size = sizeof(out),
		.flags = RVL_VFIO_USER_REPLY | RVL_VFIO_USER_ERROR,
		.error = ENOTSUP,
	};
	struct iovec iov = {.iov_base = &out, .iov_len = sizeof(out)};
	int ret = discard(c, in->size - sizeof(*in), deadline);

	if (ret || (in->flags & RVL_VFIO_USER_NO_REPLY))
		return ret;
	return send_all(c, &iov, 1, -1, deadline);
}

/* The next header; commands of the server are answered on the way. */
static int receive_reply_header(struct client *c, struct rvl_vfio_user_hdr *hdr, uint64_t deadline)
{
	for (;;) {
		int ret = receive_all(c, hdr, sizeof(*hdr), deadline);

		if (ret)
			return ret;
		if (hdr->size < sizeof(*hdr) || hdr->size > MESSAGE_MAX)
			return -EPROTO;
		switch (hdr->flags & RVL_VFIO_USER_TYPE) {
		case RVL_VFIO_USER_REPLY:
			return 0;
		case RVL_VFIO_USER_COMMAND:
			ret = refuse_command(c, hdr, deadline);
			if (ret)
				return ret;
			break;
		default:
			return -EPROTO;
		}
	}
}

/* A request: its fixed part, data after it, a descriptor with it; and where its reply goes. */
struct request {
	uint16_t command;
	const void *fixed;
	size_t fixed_len;
	const void *data;
	size_t data_len;
	int fd;
	bool no_reply;
	void *reply;
	size_t reply_min; /* fewer octets than this are against the protocol */
	size_t reply_max; /* room */
	size_t reply_len; /* out */
};

static int receive_reply(struct client *c, struct request *r, uint16_t id, uint64_t deadline,
			 int *error)
{
	struct rvl_vfio_user_hdr hdr;
	int ret = receive_reply_header(c, &hdr, deadline);

	if (ret)
		return ret;
	if (hdr.id != id || hdr.command != r->command)
		return -EPROTO;
	r->reply_len = hdr.size - sizeof(hdr);
	if (hdr.flags & RVL_VFIO_USER_ERROR) {
		*error = hdr.error >= 1 && hdr.error < 4096 ? -(int)hdr.error : -EIO;
		return discard(c, r->reply_len, deadline);
	}
	if (r->reply_len < r->reply_min || r->reply_len > r->reply_max)
		return -EPROTO;
	return receive_all(c, r->reply, r->reply_len, deadline);
}

static int call(struct client *c, struct request *r)
{
	struct rvl_vfio_user_hdr hdr = {
		.command = r->command,
		.size = (uint32_t)(sizeof(hdr) + r->fixed_len + r->data_len),
		.flags = RVL_VFIO_USER_COMMAND | (r->no_reply ? RVL_VFIO_USER_NO_REPLY : 0),
	};
	struct iovec iov[3] = {
		{.iov_base = &hdr, .iov_len = sizeof(hdr)},
		{.iov_base = (void *)r->fixed, .iov_len = r->fixed_len},
		{.iov_base = (void *)r->data, .iov_len = r->data_len},
	};
	uint64_t deadline;
	int error = 0;
	int ret;

	pthread_mutex_lock(&c->lock);
	if (c->gone) {
		pthread_mutex_unlock(&c->lock);
		return -ENODEV;
	}
	deadline = now_ms() + c->timeout_ms;
	hdr.id = c->id++;
	ret = send_all(c, iov, 3, r->fd, deadline);
	if (!ret && !r->no_reply)
		ret = receive_reply(c, r, hdr.id, deadline, &error);
	if (ret)
		ret = give_up(c, ret);
	pthread_mutex_unlock(&c->lock);
	return ret ? ret : error;
}

static int access_check(const struct client *c, unsigned int region, uint64_t offset, uint32_t len)
{
	if (region >= VFIO_PCI_NUM_REGIONS || len > ACCESS_MAX || len > c->region_size[region] ||
	    offset > c->region_size[region] - len)
		return -EINVAL;
	return 0;
}

static int user_read(struct rvl_transport *t, unsigned int region, uint64_t offset, void *data,
		     uint32_t len)
{
	struct client *c = client_of(t);
	struct rvl_vfio_user_access access = {.offset = offset, .region = region, .count = len};
	struct {
		struct rvl_vfio_user_access access;
		uint8_t data[ACCESS_MAX];
	} reply;
	struct request r = {
		.command = RVL_VFIO_USER_REGION_READ,
		.fixed = &access,
		.fixed_len = sizeof(access),
		.fd = -1,
		.reply = &reply,
		.reply_min = sizeof(access) + len,
		.reply_max = sizeof(access) + len,
	};
	int ret = access_check(c, region, offset, len);

	if (!ret)
		ret = call(c, &r);
	if (!ret)
		memcpy(data, reply.data, len);
	return ret;
}

static int user_write(struct rvl_transport *t, unsigned int region, uint64_t offset,
		      const void *data, uint32_t len)
{
	struct client *c = client_of(t);
	struct rvl_vfio_user_access access = {.offset = offset, .region = region, .count = len};
	struct rvl_vfio_user_access reply;
	struct request r = {
		.command = RVL_VFIO_USER_REGION_WRITE,
		.fixed = &access,
		.fixed_len = sizeof(access),
		.data = data,
		.data_len = len,
		.fd = -1,
		/* Only memory writes are posted on PCI. */
		.no_reply = c->posted && region != VFIO_PCI_CONFIG_REGION_INDEX,
		.reply = &reply,
		.reply_min = sizeof(reply),
		.reply_max = sizeof(reply),
	};
	int ret = access_check(c, region, offset, len);

	return ret ? ret : call(c, &r);
}

static int user_dma_map(struct rvl_transport *t, void *mem, int fd, uint64_t fd_offset,
			uint64_t bus, uint64_t size)
{
	struct rvl_vfio_user_dma_map map = {
		.argsz = sizeof(map),
		.flags = RVL_VFIO_USER_DMA_READABLE | RVL_VFIO_USER_DMA_WRITABLE,
		.offset = fd_offset,
		.address = bus,
		.size = size,
	};
	struct request r = {
		.command = RVL_VFIO_USER_DMA_MAP,
		.fixed = &map,
		.fixed_len = sizeof(map),
		.fd = fd,
	};

	(void)mem;
	return call(client_of(t), &r);
}

static int user_dma_unmap(struct rvl_transport *t, uint64_t bus, uint64_t size)
{
	struct rvl_vfio_user_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.address = bus,
		.size = size,
	};
	struct rvl_vfio_user_dma_unmap reply;
	struct request r = {
		.command = RVL_VFIO_USER_DMA_UNMAP,
		.fixed = &unmap,
		.fixed_len = sizeof(unmap),
		.fd = -1,
		.reply = &reply,
		.reply_max = sizeof(reply),
	};

	return call(client_of(t), &r);
}

/* One vector a message: a receiver must take one descriptor, more are its choice. */
static int user_set_irqs(struct rvl_transport *t, const int *fds, unsigned int count)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < count && !ret; i++) {
		struct rvl_vfio_user_set_irqs set = {
			.argsz = sizeof(set),
			.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
			.index = VFIO_PCI_MSIX_IRQ_INDEX,
			.start = i,
			.count = 1,
		};
		struct request r = {
			.command = RVL_VFIO_USER_SET_IRQS,
			.fixed = &set,
			.fixed_len = sizeof(set),
			.fd = fds[i],
		};

		ret = call(client_of(t), &r);
	}
	return ret;
}

static int user_reset(struct rvl_transport *t)
{
	struct request r = {.command = RVL_VFIO_USER_RESET, .fd = -1};

	return call(client_of(t), &r);
}

static int user_service(struct rvl_transport *t)
{
	struct client *c = client_of(t);
	struct rvl_vfio_user_hdr hdr;
	int ret = 0;

	pthread_mutex_lock(&c->lock);
	if (c->gone)
		ret = -ENODEV;
	/* Whoever waits for a reply holds the lock, so what is here now came unasked. */
	while (!ret && !wait_for(c, POLLIN, 0)) {
		uint64_t deadline = now_ms() + c->timeout_ms;

		ret = receive_all(c, &hdr, sizeof(hdr), deadline);
		if (!ret && (hdr.size < sizeof(hdr) || hdr.size > MESSAGE_MAX ||
			     (hdr.flags & RVL_VFIO_USER_TYPE) != RVL_VFIO_USER_COMMAND))
			ret = -EPROTO;
		if (!ret)
			ret = refuse_command(c, &hdr, deadline);
		if (ret)
			give_up(c, ret);
	}
	pthread_mutex_unlock(&c->lock);
	return ret ? -ENODEV : 0;
}

static void user_close(struct rvl_transport *t)
{
	struct client *c = client_of(t);

	if (c->sock >= 0)
		close(c->sock);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static const struct rvl_transport_ops user_ops = {
	.read = user_read,
	.write = user_write,
	.dma_map = user_dma_map,
	.dma_unmap = user_dma_unmap,
	.set_irqs = user_set_irqs,
	.reset = user_reset,
	.service = user_service,
	.close = user_close,
};

static int connect_to(struct client *c, const char *path, struct rvl_dev_error *err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int ret = 0;

	if (!*path || strlen(path) >= sizeof(addr.sun_path))
		return rvl_fail(err, -EINVAL, "socket path \"%s\" is empty or too long", path);
	strcpy(addr.sun_path, path);
	c->sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->sock < 0 || connect(c->sock, (struct sockaddr *)&addr, sizeof(addr)))
		ret = -errno;
	if (ret)
		return rvl_fail(err, ret, "can't connect to %s: %s", path, strerror(-ret));
	c->base.poll_fd = c->sock;
	return 0;
}

static int negotiate(struct client *c, struct rvl_dev_error *err)
{
	static const char capabilities[] =
		"{\"capabilities\":{\"max_msg_fds\":1,\"max_data_xfer_size\":1048576,"
		"\"max_dma_maps\":65535,\"pgsizes\":4096,\"write_multiple\":false}}";
	struct rvl_vfio_user_version version = {0, 0};
	struct {
		struct rvl_vfio_user_version version;
		char json[4096];
	} reply = {0};
	struct request r = {
		.command = RVL_VFIO_USER_VERSION,
		.fixed = &version,
		.fixed_len = sizeof(version),
		.data = capabilities,
		.data_len = sizeof(capabilities),
		.fd = -1,
		.reply = &reply,
		.reply_min = sizeof(version),
		.reply_max = sizeof(reply),
	};
	int ret = call(c, &r);

	if (ret == -ETIMEDOUT)
		return rvl_fail(err, ret,
				"no version within %u ms: does somebody else have it open?",
				c->timeout_ms);
	if (ret)
		return rvl_fail(err, ret, "vfio-user server doesn't agree on version 0.0: %s",
				strerror(-ret));
	if (reply.version.major || reply.version.minor)
		return rvl_fail(err, -EPROTO, "vfio-user server speaks version %u.%u, expected 0.0",
				reply.version.major, reply.version.minor);
	return 0;
}

static int read_regions(struct client *c, unsigned int count, struct rvl_dev_error *err)
{
	unsigned int i;

	c->posted = true;
	for (i = 0; i < VFIO_PCI_NUM_REGIONS && i < count; i++) {
		struct rvl_vfio_user_region_info info = {.argsz = sizeof(info), .index = i};
		struct rvl_vfio_user_region_info reply = {0};
		struct request r = {
			.command = RVL_VFIO_USER_GET_REGION_INFO,
			.fixed = &info,
			.fixed_len = sizeof(info),
			.fd = -1,
			.reply = &reply,
			.reply_max = sizeof(reply),
		};
		int ret = call(c, &r);

		if (ret)
			return rvl_fail(err, ret, "vfio-user server, region %u: %s", i,
					strerror(-ret));
		c->region_size[i] = reply.size;
		/* A region that is mapped can be changed without a message, so order is lost. */
		if (reply.flags & VFIO_REGION_INFO_FLAG_MMAP)
			c->posted = false;
	}
	if (c->region_size[VFIO_PCI_BAR0_REGION_INDEX] < RVL_BAR0_SIZE)
		return rvl_fail(err, -ENODEV, "BAR0 has %llu octets, expected %u",
				(unsigned long long)c->region_size[VFIO_PCI_BAR0_REGION_INDEX],
				RVL_BAR0_SIZE);
	return 0;
}

static int read_info(struct client *c, struct rvl_dev_error *err)
{
	struct rvl_vfio_user_info info = {.argsz = sizeof(info)};
	struct rvl_vfio_user_info reply = {0};
	struct rvl_vfio_user_irq_info irq = {.argsz = sizeof(irq),
					     .index = VFIO_PCI_MSIX_IRQ_INDEX};
	struct rvl_vfio_user_irq_info irq_reply = {0};
	struct request r = {
		.command = RVL_VFIO_USER_GET_INFO,
		.fixed = &info,
		.fixed_len = sizeof(info),
		.fd = -1,
		.reply = &reply,
		.reply_min = sizeof(reply),
		.reply_max = sizeof(reply),
	};
	struct request q = {
		.command = RVL_VFIO_USER_GET_IRQ_INFO,
		.fixed = &irq,
		.fixed_len = sizeof(irq),
		.fd = -1,
		.reply = &irq_reply,
		.reply_min = sizeof(irq_reply),
		.reply_max = sizeof(irq_reply),
	};
	int ret = call(c, &r);

	if (ret)
		return rvl_fail(err, ret, "vfio-user server, device: %s", strerror(-ret));
	if (!(reply.flags & VFIO_DEVICE_FLAGS_PCI))
		return rvl_fail(err, -ENODEV, "what the vfio-user server has is no PCI device");
	ret = read_regions(c, reply.regions, err);
	if (ret)
		return ret;
	ret = call(c, &q);
	if (ret)
		return rvl_fail(err, ret, "vfio-user server, MSI-X: %s", strerror(-ret));
	if (!irq_reply.count || !(irq_reply.flags & VFIO_IRQ_INFO_EVENTFD))
		return rvl_fail(err, -ENODEV, "the device has no MSI-X");
	c->base.vectors = irq_reply.count;
	return 0;
}

int rvl_vfio_user_open(const char *path, uint32_t timeout_ms, struct rvl_transport **transport,
		       struct rvl_dev_error *err)
{
	struct client *c = calloc(1, sizeof(*c));
	int ret;

	if (!c)
		return -ENOMEM;
	c->base.ops = &user_ops;
	c->sock = -1;
	c->timeout_ms = timeout_ms;
	pthread_mutex_init(&c->lock, NULL);
	ret = connect_to(c, path, err);
	if (!ret)
		ret = negotiate(c, err);
	if (!ret)
		ret = read_info(c, err);
	if (ret) {
		user_close(&c->base);
		return ret;
	}
	*transport = &c->base;
	return 0;
}
