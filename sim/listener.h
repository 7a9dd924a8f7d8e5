/* SPDX-License-Identifier: BSD-2-Clause */
/* A UNIX stream socket that listens at a path, for its owner alone. */
#ifndef RVL_SIM_LISTENER_H
#define RVL_SIM_LISTENER_H

#include <sys/types.h>

struct rvl_listener {
	int fd; /* not blocking; -1: closed */
	char path[108];
	dev_t dev; /* of the socket at path, so that only our own is removed */
	ino_t ino;
};

/*
 * Listen on path, mode 0600. A socket that nobody listens on is removed first. Returns 0, or -errno
 * with a sentence in err: -EADDRINUSE (somebody listens there), -ENAMETOOLONG, -EEXIST (the path is
 * something other than a socket), or what the system says.
 */
int rvl_listener_open(struct rvl_listener *l, const char *path, int backlog, char *err,
		      unsigned err_size);

/* Close, and remove the socket if it is still ours. */
void rvl_listener_close(struct rvl_listener *l);

#endif
