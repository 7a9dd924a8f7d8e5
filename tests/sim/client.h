/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A vfio-user client for tests: it sends whatever it is told to, well formed or not. The real
 * client is driver/user's.
 */
#ifndef RVL_TESTS_SIM_CLIENT_H
#define RVL_TESTS_SIM_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "driver/user/vfio_user_proto.h"

struct client {
	int fd;
	uint16_t next_id;
	void (*pump)(void *ctx); /* lets a server in this process work; NULL for another process */
	void *ctx;
	uint8_t reply[(1U << 20) + 64];
	size_t reply_size; /* of the last reply's payload */
};

/* Connect; false if nobody listens on path. */
bool client_connect(struct client *c, const char *path);
void client_close(struct client *c);

/* Send octets as they are, with file descriptors. False if the server has closed. */
bool client_send_raw(struct client *c, const void *data, size_t len, const int *fds,
		     unsigned count);

/* Send a command; returns its message ID, or -1. */
int client_send(struct client *c, unsigned command, uint32_t flags, const void *payload, size_t len,
		const int *fds, unsigned count);

/*
 * Receive the reply to message id of this command: checks the header, keeps the payload in
 * c->reply. Returns 0, the negative errno that the reply carries, or -ECONNRESET when the server
 * has closed, -EPROTO when the header is wrong, -ETIMEDOUT after 20 s.
 */
int client_receive(struct client *c, int id, unsigned command);

/* Whether the server, given the chance, sends nothing. */
bool client_hears_nothing(struct client *c);

/* client_send and client_receive. */
int client_call(struct client *c, unsigned command, const void *payload, size_t len, const int *fds,
		unsigned count);

/* The commands that tests use often; returns as client_call. */
int client_version(struct client *c);
int client_read(struct client *c, unsigned region, uint64_t offset, void *data, uint32_t count);
int client_write(struct client *c, unsigned region, uint64_t offset, const void *data,
		 uint32_t count);
int client_post(struct client *c, unsigned region, uint64_t offset, const void *data,
		uint32_t count);
int client_map(struct client *c, int fd, uint64_t offset, uint64_t bus, uint64_t size);
int client_unmap(struct client *c, uint64_t bus, uint64_t size);
int client_set_irqs(struct client *c, uint32_t flags, uint32_t start, uint32_t count,
		    const int *fds, unsigned fd_count);

#endif
