/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/vfio_user.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sim/vfio_user_conn.h"

#define MAX_LOGGED_REFUSALS 20

static void log_line(struct rvl_vfio_user *s, const char *text)
{
	s->device.ops->log(s->device.ctx, text);
}

static void close_fds(struct rvl_vfio_user *s)
{
	unsigned i;

	for (i = 0; i < s->fd_count; i++)
		if (s->fds[i] >= 0)
			close(s->fds[i]);
	s->fd_count = 0;
	s->fds_lost = false;
}

static void watch(struct rvl_vfio_user *s, int fd, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.fd = fd};

	if (epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, fd, &ev) && errno == ENOENT)
		epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &ev);
}

static void disconnect(struct rvl_vfio_user *s, const char *why)
{
	char text[160];

	snprintf(text, sizeof(text), "vfio-user: client disconnected: %s", why);
	log_line(s, text);
	close_fds(s);
	rvl_vfio_user_drop_client_state(s);
	if (s->versioned)
		s->device.ops->detach(s->device.ctx);
	close(s->client_fd);
	s->client_fd = -1;
	s->versioned = false;
	s->hang_up = false;
	s->refusals = 0;
	s->in_have = 0;
	s->out_size = 0;
	s->out_sent = 0;
	watch(s, s->listener.fd, EPOLLIN);
}

static bool accept_client(struct rvl_vfio_user *s)
{
	int fd = accept4(s->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return false;
	s->client_fd = fd;
	watch(s, s->listener.fd, 0);
	watch(s, fd, EPOLLIN);
	log_line(s, "vfio-user: client connected");
	return true;
}

/* Send what is left of the reply. Returns whether it has all left. */
static bool flush(struct rvl_vfio_user *s)
{
	while (s->out_sent < s->out_size) {
		ssize_t n = send(s->client_fd, s->out + s->out_sent, s->out_size - s->out_sent,
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			watch(s, s->client_fd, EPOLLOUT);
			return false;
		}
		if (n < 0) {
			disconnect(s, strerror(errno));
			return false;
		}
		s->out_sent += (uint32_t)n;
	}
	if (s->out_size) {
		s->out_size = 0;
		s->out_sent = 0;
		watch(s, s->client_fd, EPOLLIN);
	}
	if (s->hang_up) {
		disconnect(s, "no version in common");
		return false;
	}
	return true;
}

static void take_fds(struct rvl_vfio_user *s, struct msghdr *msg)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t i, n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (s->fd_count < RVL_VFIO_USER_MAX_FDS) {
				s->fds[s->fd_count++] = fd;
			} else {
				close(fd);
				s->fds_lost = true;
			}
		}
	}
	if (msg->msg_flags & MSG_CTRUNC)
		s->fds_lost = true;
}

/*
 * Receive up to `want` octets of the message in all. Never reads beyond it, so that descriptors
 * belong to the message they came with. Returns whether it is there.
 */
static bool receive(struct rvl_vfio_user *s, uint32_t want)
{
	while (s->in_have < want) {
		union {
			char buf[CMSG_SPACE(sizeof(int) * RVL_VFIO_USER_MAX_FDS)];
			struct cmsghdr align;
		} control;
		struct iovec iov = {.iov_base = s->in + s->in_have, .iov_len = want - s->in_have};
		struct msghdr msg = {.msg_iov = &iov,
				     .msg_iovlen = 1,
				     .msg_control = control.buf,
				     .msg_controllen = sizeof(control.buf)};
		ssize_t n = recvmsg(s->client_fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return false;
		if (n < 0) {
			disconnect(s, strerror(errno));
			return false;
		}
		take_fds(s, &msg);
		if (n == 0) {
			disconnect(s,
				   s->in_have ? "end of stream inside a message" : "end of stream");
			return false;
		}
		s->in_have += (uint32_t)n;
	}
	return true;
}

static void refuse(struct rvl_vfio_user *s, unsigned command, int err, const char *reason)
{
	char text[200];

	if (s->refusals++ > MAX_LOGGED_REFUSALS)
		return;
	if (s->refusals > MAX_LOGGED_REFUSALS)
		snprintf(text, sizeof(text),
			 "vfio-user: further refused messages of this client are not logged");
	else
		snprintf(text, sizeof(text), "vfio-user: %s refused: %s%s%s",
			 rvl_vfio_user_command_name(command), strerror(-err), reason ? ": " : "",
			 reason ? reason : "");
	log_line(s, text);
}

static void handle(struct rvl_vfio_user *s)
{
	struct rvl_vfio_user_hdr hdr, reply;
	const char *reason = NULL;
	int size;

	memcpy(&hdr, s->in, sizeof(hdr));
	size = rvl_vfio_user_handle(s, &reason);
	if (size < 0)
		refuse(s, hdr.command, size, reason);
	close_fds(s);
	s->in_have = 0;
	if (hdr.flags & RVL_VFIO_USER_NO_REPLY) {
		flush(s);
		return;
	}
	reply = (struct rvl_vfio_user_hdr){.id = hdr.id,
					   .command = hdr.command,
					   .size = sizeof(reply),
					   .flags = RVL_VFIO_USER_REPLY};
	if (size < 0) {
		reply.flags |= RVL_VFIO_USER_ERROR;
		reply.error = (uint32_t)-size;
	} else {
		reply.size += (uint32_t)size;
	}
	memcpy(s->out, &reply, sizeof(reply));
	s->out_size = reply.size;
	flush(s);
}

unsigned rvl_vfio_user_work(struct rvl_vfio_user *s, unsigned limit)
{
	unsigned done;

	for (done = 0; done < limit; done++) {
		struct rvl_vfio_user_hdr hdr;

		if (s->client_fd < 0 && !accept_client(s))
			break;
		if (!flush(s) || !receive(s, sizeof(hdr)))
			break;
		memcpy(&hdr, s->in, sizeof(hdr));
		if (hdr.size < sizeof(hdr) || hdr.size > RVL_VFIO_USER_MAX_MESSAGE) {
			disconnect(s, "message of an impossible length");
			continue;
		}
		if ((hdr.flags & RVL_VFIO_USER_TYPE) != RVL_VFIO_USER_COMMAND) {
			disconnect(s, "message that is not a command");
			continue;
		}
		if (!receive(s, hdr.size))
			break;
		handle(s);
	}
	return done;
}

bool rvl_vfio_user_irq(struct rvl_vfio_user *s, unsigned vector)
{
	const uint64_t one = 1;
	struct pollfd room;

	if (vector >= s->device.vectors || s->irq_fds[vector] < 0)
		return false;
	/* A client that lets the counter fill up has an interrupt pending anyway: never block on
	 * it. */
	room = (struct pollfd){.fd = s->irq_fds[vector], .events = POLLOUT};
	if (poll(&room, 1, 0) == 1 && room.revents & POLLOUT)
		return write(s->irq_fds[vector], &one, sizeof(one)) == sizeof(one);
	return true;
}

bool rvl_vfio_user_connected(const struct rvl_vfio_user *s)
{
	return s->client_fd >= 0;
}

int rvl_vfio_user_fd(const struct rvl_vfio_user *s)
{
	return s->epoll_fd;
}

int rvl_vfio_user_create(struct rvl_vfio_user **server, const char *path,
			 const struct rvl_vfio_user_device *device, char *err, unsigned err_size)
{
	struct rvl_vfio_user *s = calloc(1, sizeof(*s));
	unsigned i;
	int rc;

	err[0] = '\0';
	*server = NULL;
	if (!s)
		return -ENOMEM;
	s->device = *device;
	s->listener.fd = -1;
	s->client_fd = -1;
	s->epoll_fd = -1;
	s->in = malloc(RVL_VFIO_USER_MAX_MESSAGE);
	s->out = malloc(RVL_VFIO_USER_MAX_MESSAGE);
	s->irq_fds = calloc(device->vectors, sizeof(*s->irq_fds));
	rc = -ENOMEM;
	if (!s->in || !s->out || !s->irq_fds)
		goto fail;
	for (i = 0; i < device->vectors; i++)
		s->irq_fds[i] = -1;
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	rc = s->epoll_fd < 0 ? -errno : rvl_listener_open(&s->listener, path, 1, err, err_size);
	if (rc)
		goto fail;
	watch(s, s->listener.fd, EPOLLIN);
	*server = s;
	return 0;
fail:
	if (!err[0])
		snprintf(err, err_size, "%s: %s", path, strerror(-rc));
	rvl_vfio_user_destroy(s);
	return rc;
}

void rvl_vfio_user_destroy(struct rvl_vfio_user *s)
{
	if (!s)
		return;
	if (s->client_fd >= 0)
		disconnect(s, "the simulator ends");
	rvl_listener_close(&s->listener);
	if (s->epoll_fd >= 0)
		close(s->epoll_fd);
	free(s->maps);
	free(s->irq_fds);
	free(s->in);
	free(s->out);
	free(s);
}
