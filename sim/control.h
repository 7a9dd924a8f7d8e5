/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A UNIX stream socket with a line for each request and a line for each answer, for several clients
 * at a time. What the lines mean is the handler's. A client that does not read its answers is not
 * read from either; a line that is too long is answered with an error and skipped. Nothing grows
 * beyond RVL_CONTROL_LINE for each of RVL_CONTROL_CLIENTS clients; further ones wait.
 */
#ifndef RVL_SIM_CONTROL_H
#define RVL_SIM_CONTROL_H

#include <stddef.h>

#define RVL_CONTROL_CLIENTS 8U
#define RVL_CONTROL_LINE 65536U /* octets of a request, with its newline */

struct rvl_control;

/*
 * A request, without its newline; it may hold any octets. NULL with len RVL_CONTROL_LINE: one that
 * was too long. Returns the answer, without a newline, to be freed; NULL: out of memory, and the
 * client is disconnected.
 */
typedef char *rvl_control_fn(void *ctx, const char *line, size_t len);

/* As rvl_vfio_user_create: 0, or -errno with a sentence in err. */
int rvl_control_create(struct rvl_control **control, const char *path, rvl_control_fn *handle,
		       void *ctx, char *err, unsigned err_size);
void rvl_control_destroy(struct rvl_control *c); /* NULL is allowed */

/* An epoll descriptor that is readable when rvl_control_work() has something to do. */
int rvl_control_fd(const struct rvl_control *c);

/* Handle what is there: at most one request of each client. Returns how many were handled. */
unsigned rvl_control_work(struct rvl_control *c);

#endif
