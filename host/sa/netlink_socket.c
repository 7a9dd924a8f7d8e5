// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/netlink_socket.h"

#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int rvl_netlink_asking(int protocol, unsigned int seconds, struct mnl_socket **out)
{
	const struct timeval limit = {.tv_sec = seconds};
	struct mnl_socket *asking = mnl_socket_open2(protocol, SOCK_CLOEXEC);
	int err;

	if (!asking)
		return -errno;
	if (mnl_socket_bind(asking, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    setsockopt(mnl_socket_get_fd(asking), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit))) {
		err = -errno;
		mnl_socket_close(asking);
		return err;
	}
	*out = asking;
	return 0;
}

int rvl_netlink_told(int protocol, const int *groups, size_t count, int queue)
{
	const struct sockaddr_nl address = {.nl_family = AF_NETLINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	int err;

	if (fd < 0)
		return -errno;
	if (queue)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &queue, sizeof(queue));
	err = bind(fd, (const struct sockaddr *)&address, sizeof(address));
	for (size_t i = 0; !err && i < count; i++)
		err = setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i],
				 sizeof(groups[i]));
	if (!err)
		return fd;
	err = -errno;
	close(fd);
	return err;
}
