/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets to the kernel (netlink(7)), of whatever it is asked or tells. */
#ifndef RVL_SA_NETLINK_SOCKET_H
#define RVL_SA_NETLINK_SOCKET_H

#include <libmnl/libmnl.h>
#include <stddef.h>

/* To ask: an answer is waited for at most so long. 0 or -errno. */
int rvl_netlink_asking(int protocol, unsigned int seconds, struct mnl_socket **out);

/* To be told of these groups: a non-blocking descriptor, with a queue of so many octets (0: the
 * system's default), or -errno. */
int rvl_netlink_told(int protocol, const int *groups, size_t count, int queue);

#endif
