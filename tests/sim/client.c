/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/sim/client.h"

#include <errno.h>
#include <linux/vfio.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/patience.h"

static void pump(struct client *c)
{
	if (c->pump)
		c->pump(c->ctx);
}

bool client_connect(struct client *c, const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	c->next_id = 1;
	c->reply_size = 0;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return false;
	if (connect(c->fd, (struct sockaddr *)&addr, sizeof(addr))) {
		client_close(c);
		return false;
	}
	pump(c);
	return true;
}

void client_close(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	pump(c);
}

bool client_send_raw(struct client *c, const void *data, size_t len, const int *fds, unsigned count)
{
	union {
		char buf[CMSG_SPACE(sizeof(int) * 64)];
		struct cmsghdr align;
	} control;
	struct iovec iov = {.iov_base = (void *)data, .iov_len = len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (count) {
		struct cmsghdr *h;

		memset(&control, 0, sizeof(control));
		msg.msg_control = control.buf;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * count);
		h = CMSG_FIRSTHDR(&msg);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int) * count);
		memcpy(CMSG_DATA(h), fds, sizeof(int) * count);
	}
	while (iov.iov_len) {
		ssize_t n = sendmsg(c->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN) {
			struct pollfd room = {.fd = c->fd, .events = POLLOUT};

			pump(c);
			if (poll(&room, 1, patience_ms()) != 1)
				return false;
			continue;
		}
		if (n < 0)
			return false;
		iov.iov_base = (char *)iov.iov_base + n;
		iov.iov_len -= (size_t)n;
		msg.msg_control = NULL;
		msg.msg_controllen = 0;
	}
	pump(c);
	return true;
}

int client_send(struct client *c, unsigned command, uint32_t flags, const void *payload, size_t len,
		const int *fds, unsigned count)
{
	static uint8_t buf[(1U << 20) + 8192];
	struct rvl_vfio_user_hdr hdr = {.id = c->next_id++,
					.command = (uint16_t)command,
					.size = (uint32_t)(sizeof(hdr) + len),
					.flags = flags};

	memcpy(buf, &hdr, sizeof(hdr));
	if (len)
		memcpy(buf + sizeof(hdr), payload, len);
	return client_send_raw(c, buf, hdr.size, fds, count) ? hdr.id : -1;
}

static int receive(struct client *c, void *to, size_t len)
{
	size_t have = 0;

	while (have < len) {
		struct pollfd there = {.fd = c->fd, .events = POLLIN};
		ssize_t n;

		if (poll(&there, 1, 0) == 0)
			pump(c);
		if (poll(&there, 1, patience_ms()) != 1)
			return -ETIMEDOUT;
		n = recv(c->fd, (char *)to + have, len - have, 0);
		if (n <= 0)
			return -ECONNRESET;
		have += (size_t)n;
	}
	return 0;
}

int client_receive(struct client *c, int id, unsigned command)
{
	struct rvl_vfio_user_hdr hdr;
	int rc;

	if (id < 0)
		return -ECONNRESET;
	rc = receive(c, &hdr, sizeof(hdr));
	if (rc)
		return rc;
	if (hdr.id != id || hdr.command != command || hdr.size < sizeof(hdr) ||
	    hdr.size - sizeof(hdr) > sizeof(c->reply) ||
	    (hdr.flags & ~RVL_VFIO_USER_ERROR) != RVL_VFIO_USER_REPLY)
		return -EPROTO;
	c->reply_size = hdr.size - sizeof(hdr);
	rc = receive(c, c->reply, c->reply_size);
	if (rc)
		return rc;
	if (hdr.flags & RVL_VFIO_USER_ERROR)
		return c->reply_size == 0 && hdr.error ? -(int)hdr.error : -EPROTO;
	return hdr.error == 0 ? 0 : -EPROTO;
}

bool client_hears_nothing(struct client *c)
{
	struct pollfd there = {.fd = c->fd, .events = POLLIN};

	pump(c);
	return poll(&there, 1, 0) == 0;
}

int client_call(struct client *c, unsigned command, const void *payload, size_t len, const int *fds,
		unsigned count)
{
	return client_receive(c, client_send(c, command, 0, payload, len, fds, count), command);
}

int client_version(struct client *c)
{
	static const char json[] =
		"{\"capabilities\": {\"max_msg_fds\": 8, \"max_data_xfer_size\": "
		"1048576, \"write_multiple\": true}}";
	struct {
		struct rvl_vfio_user_version version;
		char json[sizeof(json)];
	} m = {.version = {0, 0}};

	memcpy(m.json, json, sizeof(json));
	return client_call(c, RVL_VFIO_USER_VERSION, &m, sizeof(m.version) + sizeof(json), NULL, 0);
}

int client_read(struct client *c, unsigned region, uint64_t offset, void *data, uint32_t count)
{
	struct rvl_vfio_user_access a = {.offset = offset, .region = region, .count = count};
	int rc = client_call(c, RVL_VFIO_USER_REGION_READ, &a, sizeof(a), NULL, 0);

	if (rc)
		return rc;
	if (c->reply_size != sizeof(a) + count || memcmp(c->reply, &a, sizeof(a)) != 0)
		return -EPROTO;
	memcpy(data, c->reply + sizeof(a), count);
	return 0;
}

static int send_write(struct client *c, uint32_t flags, unsigned region, uint64_t offset,
		      const void *data, uint32_t count)
{
	struct {
		struct rvl_vfio_user_access a;
		uint8_t data[4096];
	} m = {.a = {.offset = offset, .region = region, .count = count}};

	memcpy(m.data, data, count);
	return client_send(c, RVL_VFIO_USER_REGION_WRITE, flags, &m, sizeof(m.a) + count, NULL, 0);
}

int client_write(struct client *c, unsigned region, uint64_t offset, const void *data,
		 uint32_t count)
{
	int rc = client_receive(c, send_write(c, 0, region, offset, data, count),
				RVL_VFIO_USER_REGION_WRITE);

	if (rc)
		return rc;
	return c->reply_size == sizeof(struct rvl_vfio_user_access) ? 0 : -EPROTO;
}

int client_post(struct client *c, unsigned region, uint64_t offset, const void *data,
		uint32_t count)
{
	return send_write(c, RVL_VFIO_USER_NO_REPLY, region, offset, data, count) < 0 ? -ECONNRESET
										      : 0;
}

int client_map(struct client *c, int fd, uint64_t offset, uint64_t bus, uint64_t size)
{
	struct rvl_vfio_user_dma_map m = {.argsz = sizeof(m),
					  .flags = RVL_VFIO_USER_DMA_READABLE |
						   RVL_VFIO_USER_DMA_WRITABLE,
					  .offset = offset,
					  .address = bus,
					  .size = size};

	return client_call(c, RVL_VFIO_USER_DMA_MAP, &m, sizeof(m), &fd, fd >= 0 ? 1 : 0);
}

int client_unmap(struct client *c, uint64_t bus, uint64_t size)
{
	struct rvl_vfio_user_dma_unmap m = {.argsz = sizeof(m), .address = bus, .size = size};
	int rc = client_call(c, RVL_VFIO_USER_DMA_UNMAP, &m, sizeof(m), NULL, 0);

	if (rc)
		return rc;
	return c->reply_size == sizeof(m) && memcmp(c->reply, &m, sizeof(m)) == 0 ? 0 : -EPROTO;
}

int client_set_irqs(struct client *c, uint32_t flags, uint32_t start, uint32_t count,
		    const int *fds, unsigned fd_count)
{
	struct rvl_vfio_user_set_irqs m = {.argsz = sizeof(m),
					   .flags = flags,
					   .index = VFIO_PCI_MSIX_IRQ_INDEX,
					   .start = start,
					   .count = count};

	return client_call(c, RVL_VFIO_USER_SET_IRQS, &m, sizeof(m), fds, fd_count);
}
