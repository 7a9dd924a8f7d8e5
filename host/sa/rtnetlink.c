// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/rtnetlink.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

ssize_t rvl_rtnetlink_ask(const struct nlmsghdr *request, struct nlmsghdr *answer, size_t size)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = send(fd, request, request->nlmsg_len, 0) < 0 ? -1 : recv(fd, answer, size, 0);
	n = n < 0 ? -errno : n;
	close(fd);
	if (n < 0)
		return n;
	if (!NLMSG_OK(answer, (size_t)n))
		return -EBADMSG;
	if (answer->nlmsg_type == NLMSG_ERROR && ((struct nlmsgerr *)NLMSG_DATA(answer))->error)
		return ((struct nlmsgerr *)NLMSG_DATA(answer))->error;
	return n;
}

struct rtattr *rvl_rtnetlink_put(struct nlmsghdr *request, unsigned short type, const void *data,
				 size_t len)
{
	struct rtattr *attribute =
		(struct rtattr *)(void *)((char *)request + NLMSG_ALIGN(request->nlmsg_len));

	attribute->rta_type = type;
	attribute->rta_len = (unsigned short)RTA_LENGTH(len);
	if (data)
		memcpy(RTA_DATA(attribute), data, len);
	request->nlmsg_len =
		NLMSG_ALIGN(request->nlmsg_len) + (uint32_t)RTA_ALIGN(attribute->rta_len);
	return attribute;
}

void rvl_rtnetlink_end(struct nlmsghdr *request, struct rtattr *outer)
{
	outer->rta_len = (unsigned short)((char *)request + request->nlmsg_len - (char *)outer);
}
