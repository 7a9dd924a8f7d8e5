/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two halves of the vfio-user server share: vfio_user.c moves octets, vfio_user_msg.c
 * acts. */
#ifndef RVL_SIM_VFIO_USER_CONN_H
#define RVL_SIM_VFIO_USER_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "driver/user/vfio_user_proto.h"
#include "sim/listener.h"
#include "sim/vfio_user.h"

#define RVL_VFIO_USER_MAX_FDS 16	/* in one message */
#define RVL_VFIO_USER_MAX_DATA 1048576U /* of one access; the protocol's default */
#define RVL_VFIO_USER_MAX_MAPS 65535U	/* likewise */
#define RVL_VFIO_USER_MAX_MESSAGE (RVL_VFIO_USER_MAX_DATA + 4096U)

struct rvl_vfio_user_map {
	uint64_t bus, size;
	void *mem; /* NULL: not reachable */
};

struct rvl_vfio_user {
	struct rvl_vfio_user_device device;
	struct rvl_listener listener;
	int epoll_fd;

	int client_fd;	/* -1: none */
	bool versioned; /* a version is agreed on */
	bool hang_up;	/* no version can be: disconnect when the reply has left */
	unsigned refusals;

	/* The message that is arriving, and the file descriptors that came with it. */
	uint8_t *in;
	uint32_t in_have;
	int fds[RVL_VFIO_USER_MAX_FDS];
	unsigned fd_count;
	bool fds_lost; /* more came than there is room for */

	/* The reply that is leaving; the next message waits until it has left. */
	uint8_t *out;
	uint32_t out_size, out_sent;

	struct rvl_vfio_user_map *maps; /* by bus address */
	unsigned map_count, map_room;

	bool irq_enabled;
	int *irq_fds; /* one a vector, -1: none */
};

/*
 * Act on the message in server->in, which is whole and a command. Returns the size of the reply's
 * payload, which then stands in server->out behind the room for a header, or -errno with *reason
 * set to a sentence or left. Descriptors in server->fds that it keeps are set to -1.
 */
int rvl_vfio_user_handle(struct rvl_vfio_user *server, const char **reason);

/* Name of a command. */
const char *rvl_vfio_user_command_name(unsigned command);

/* Undo all that the client has set up. */
void rvl_vfio_user_drop_client_state(struct rvl_vfio_user *server);

#endif
