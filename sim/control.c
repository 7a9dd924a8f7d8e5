/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/control.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sim/listener.h"

struct client {
	int fd; /* -1: free */
	size_t in_len;
	bool skipping; /* the rest of a line that was too long */
	bool ended;    /* sends no more */
	char *out;     /* the answer that is leaving, with its newline */
	size_t out_len, out_sent;
	char in[RVL_CONTROL_LINE];
};

struct rvl_control {
	struct rvl_listener listener;
	int epoll_fd;
	unsigned count;
	rvl_control_fn *handle;
	void *ctx;
	struct client clients[RVL_CONTROL_CLIENTS];
};

static void watch(struct rvl_control *c, int fd, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.fd = fd};

	if (epoll_ctl(c->epoll_fd, EPOLL_CTL_MOD, fd, &ev) && errno == ENOENT)
		epoll_ctl(c->epoll_fd, EPOLL_CTL_ADD, fd, &ev);
}

static void drop(struct rvl_control *c, struct client *p)
{
	close(p->fd);
	free(p->out);
	p->fd = -1;
	p->out = NULL;
	c->count--;
	watch(c, c->listener.fd, EPOLLIN);
}

static void accept_clients(struct rvl_control *c)
{
	while (c->count < RVL_CONTROL_CLIENTS) {
		int fd = accept4(c->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		struct client *p = c->clients;

		if (fd < 0)
			return;
		while (p->fd >= 0)
			p++;
		p->fd = fd;
		p->in_len = p->out_len = p->out_sent = 0;
		p->skipping = p->ended = false;
		c->count++;
		watch(c, fd, EPOLLIN);
	}
	watch(c, c->listener.fd, 0);
}

/* Send what is left of an answer. Returns whether it has all left. */
static bool flush(struct rvl_control *c, struct client *p)
{
	while (p->out) {
		ssize_t n = send(p->fd, p->out + p->out_sent, p->out_len - p->out_sent,
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			watch(c, p->fd, EPOLLOUT);
			return false;
		}
		if (n < 0) {
			drop(c, p);
			return false;
		}
		p->out_sent += (size_t)n;
		if (p->out_sent < p->out_len)
			continue;
		free(p->out);
		p->out = NULL;
		watch(c, p->fd, EPOLLIN);
	}
	return true;
}

static void answer(struct rvl_control *c, struct client *p, const char *line, size_t len)
{
	char *text = c->handle(c->ctx, line, len), *whole;

	whole = text ? realloc(text, strlen(text) + 2) : NULL;
	if (!whole) {
		free(text);
		drop(c, p);
		return;
	}
	p->out = whole;
	p->out_len = strlen(whole) + 1;
	p->out_sent = 0;
	whole[p->out_len - 1] = '\n';
	flush(c, p);
}

/* Fill the buffer as far as there is something. */
static void receive(struct rvl_control *c, struct client *p)
{
	while (!p->ended && p->in_len < sizeof(p->in)) {
		ssize_t n = recv(p->fd, p->in + p->in_len, sizeof(p->in) - p->in_len, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n < 0) {
			drop(c, p);
			return;
		}
		if (n == 0)
			p->ended = true;
		p->in_len += (size_t)n;
	}
}

/* One line of what was received. Returns whether there was one. */
static bool take_line(struct rvl_control *c, struct client *p)
{
	char *end = memchr(p->in, '\n', p->in_len);
	size_t len = end ? (size_t)(end - p->in) + 1 : 0, left = p->in_len - len;
	bool skipping = p->skipping;

	if (!end && (p->in_len < sizeof(p->in)) && !skipping) {
		/* A last line without its newline is none. */
		if (p->ended)
			drop(c, p);
		return false;
	}
	if (!end) {
		p->skipping = true;
		p->in_len = 0;
		if (!skipping)
			answer(c, p, NULL, RVL_CONTROL_LINE);
		else if (p->ended)
			drop(c, p);
		return !skipping;
	}
	p->skipping = false;
	if (!skipping)
		answer(c, p, p->in, len - 1);
	if (p->fd < 0)
		return true;
	memmove(p->in, p->in + len, left);
	p->in_len = left;
	return true;
}

unsigned rvl_control_work(struct rvl_control *c)
{
	struct epoll_event ev[RVL_CONTROL_CLIENTS + 1];
	unsigned i, handled = 0;

	/* Only so that the descriptor falls silent: who is ready is found out by trying. */
	if (epoll_wait(c->epoll_fd, ev, RVL_CONTROL_CLIENTS + 1, 0) < 0)
		return 0;
	accept_clients(c);
	for (i = 0; i < RVL_CONTROL_CLIENTS; i++) {
		struct client *p = &c->clients[i];

		if (p->fd < 0 || !flush(c, p))
			continue;
		receive(c, p);
		if (p->fd >= 0 && take_line(c, p))
			handled++;
	}
	return handled;
}

int rvl_control_fd(const struct rvl_control *c)
{
	return c->epoll_fd;
}

int rvl_control_create(struct rvl_control **control, const char *path, rvl_control_fn *handle,
		       void *ctx, char *err, unsigned err_size)
{
	struct rvl_control *c = calloc(1, sizeof(*c));
	unsigned i;
	int rc;

	*control = NULL;
	snprintf(err, err_size, "%s: out of memory", path);
	if (!c)
		return -ENOMEM;
	c->listener.fd = -1;
	c->handle = handle;
	c->ctx = ctx;
	for (i = 0; i < RVL_CONTROL_CLIENTS; i++)
		c->clients[i].fd = -1;
	c->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	rc = c->epoll_fd < 0 ? -errno : rvl_listener_open(&c->listener, path, 8, err, err_size);
	if (rc) {
		rvl_control_destroy(c);
		return rc;
	}
	watch(c, c->listener.fd, EPOLLIN);
	*control = c;
	return 0;
}

void rvl_control_destroy(struct rvl_control *c)
{
	unsigned i;

	if (!c)
		return;
	for (i = 0; i < RVL_CONTROL_CLIENTS; i++)
		if (c->clients[i].fd >= 0)
			drop(c, &c->clients[i]);
	rvl_listener_close(&c->listener);
	if (c->epoll_fd >= 0)
		close(c->epoll_fd);
	free(c);
}
