// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REPLY_TIMEOUT_MS 2000

struct netlink {
	struct mnl_socket *socket;
	unsigned int portid;
	uint32_t sequence;
	char room[8192];
};

int netlink_open(struct netlink **out)
{
	const struct timeval limit = {.tv_sec = REPLY_TIMEOUT_MS / 1000};
	struct netlink *netlink = calloc(1, sizeof(*netlink));

	if (!netlink)
		return -ENOMEM;
	netlink->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!netlink->socket || mnl_socket_bind(netlink->socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    setsockopt(mnl_socket_get_fd(netlink->socket), SOL_SOCKET, SO_RCVTIMEO, &limit,
		       sizeof(limit))) {
		int err = -errno;

		netlink_close(netlink);
		return err;
	}
	netlink->portid = mnl_socket_get_portid(netlink->socket);
	*out = netlink;
	return 0;
}

void netlink_close(struct netlink *netlink)
{
	if (!netlink)
		return;
	if (netlink->socket)
		mnl_socket_close(netlink->socket);
	free(netlink);
}

static struct nlmsghdr *start(struct netlink *netlink, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(netlink->room);

	message->nlmsg_type = type;
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	message->nlmsg_seq = ++netlink->sequence;
	return message;
}

static void put_address(struct nlmsghdr *message, uint16_t type, uint32_t address)
{
	mnl_attr_put_u32(message, type, htonl(address));
}

/* Send, and hand what comes back to the callback; the kernel's error is returned. */
static int talk(struct netlink *netlink, const struct nlmsghdr *message, mnl_cb_t callback,
		void *context)
{
	uint32_t sequence = message->nlmsg_seq;
	ssize_t n;
	int ret;

	if (mnl_socket_sendto(netlink->socket, message, message->nlmsg_len) < 0)
		return -errno;
	do {
		n = mnl_socket_recvfrom(netlink->socket, netlink->room, sizeof(netlink->room));
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		ret = mnl_cb_run(netlink->room, (size_t)n, sequence, netlink->portid, callback,
				 context);
		/* An answer to an earlier question, which gave up waiting. */
		if (ret < 0 && errno == EPROTO)
			ret = MNL_CB_OK;
	} while (ret > MNL_CB_STOP);
	return ret < 0 ? -errno : 0;
}

int netlink_add_address(struct netlink *netlink, unsigned int ifindex, uint32_t address,
			uint8_t prefix_len)
{
	struct nlmsghdr *message =
		start(netlink, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
	struct ifaddrmsg *body = mnl_nlmsg_put_extra_header(message, sizeof(*body));

	body->ifa_family = AF_INET;
	body->ifa_prefixlen = prefix_len;
	body->ifa_index = ifindex;
	put_address(message, IFA_LOCAL, address);
	put_address(message, IFA_ADDRESS, address);
	if (prefix_len < 31)
		put_address(message, IFA_BROADCAST, address | UINT32_MAX >> prefix_len);
	return talk(netlink, message, NULL, NULL);
}

static int change_route(struct netlink *netlink, uint16_t type, uint16_t flags,
			const struct netlink_route *route)
{
	struct nlmsghdr *message = start(netlink, type, (uint16_t)(NLM_F_ACK | flags));
	struct rtmsg *body = mnl_nlmsg_put_extra_header(message, sizeof(*body));

	body->rtm_family = AF_INET;
	body->rtm_dst_len = route->dst_len;
	body->rtm_table = RT_TABLE_UNSPEC;
	body->rtm_protocol = RTPROT_STATIC;
	body->rtm_scope = RT_SCOPE_UNIVERSE;
	body->rtm_type = route->unreachable ? RTN_UNREACHABLE : RTN_UNICAST;
	mnl_attr_put_u32(message, RTA_TABLE, route->table);
	put_address(message, RTA_DST, route->dst);
	mnl_attr_put_u32(message, RTA_PRIORITY, route->metric);
	if (route->unreachable)
		return talk(netlink, message, NULL, NULL);
	put_address(message, RTA_GATEWAY, route->gateway);
	mnl_attr_put_u32(message, RTA_OIF, route->ifindex);
	if (route->source)
		put_address(message, RTA_PREFSRC, route->source);
	return talk(netlink, message, NULL, NULL);
}

int netlink_set_route(struct netlink *netlink, const struct netlink_route *route)
{
	return change_route(netlink, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, route);
}

int netlink_delete_route(struct netlink *netlink, const struct netlink_route *route)
{
	return change_route(netlink, RTM_DELROUTE, 0, route);
}

static int take_route(const struct nlmsghdr *message, void *context)
{
	struct netlink_route *found = context;
	const struct nlattr *attr;

	if (message->nlmsg_type != RTM_NEWROUTE)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, message, sizeof(struct rtmsg))
	{
		if (mnl_attr_validate(attr, MNL_TYPE_U32) < 0)
			continue;
		if (mnl_attr_get_type(attr) == RTA_GATEWAY)
			found->gateway = ntohl(mnl_attr_get_u32(attr));
		if (mnl_attr_get_type(attr) == RTA_OIF)
			found->ifindex = mnl_attr_get_u32(attr);
		if (mnl_attr_get_type(attr) == RTA_TABLE)
			found->table = mnl_attr_get_u32(attr);
	}
	return MNL_CB_STOP;
}

int netlink_find_route(struct netlink *netlink, struct netlink_route *route)
{
	struct nlmsghdr *message = start(netlink, RTM_GETROUTE, 0);
	struct rtmsg *body = mnl_nlmsg_put_extra_header(message, sizeof(*body));

	body->rtm_family = AF_INET;
	body->rtm_dst_len = 32;
	body->rtm_flags = RTM_F_LOOKUP_TABLE;
	put_address(message, RTA_DST, route->dst);
	route->gateway = route->dst;
	route->ifindex = 0;
	return talk(netlink, message, take_route, route);
}

int netlink_watch_links(void)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd < 0 ? -errno : fd;
}

bool netlink_link_changed(int fd, unsigned int ifindex)
{
	bool changed = false;
	char room[8192];

	for (;;) {
		ssize_t n = recv(fd, room, sizeof(room), 0);
		const struct nlmsghdr *message = (const struct nlmsghdr *)room;
		int left = (int)n;

		if (n < 0 && errno == EINTR)
			continue;
		/* Some were lost: anything may have happened. */
		if (n < 0)
			return changed || errno == ENOBUFS;
		for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
			const struct ifinfomsg *body = mnl_nlmsg_get_payload(message);

			changed |= message->nlmsg_type == RTM_NEWLINK &&
				   mnl_nlmsg_get_payload_len(message) >= sizeof(*body) &&
				   (unsigned int)body->ifi_index == ifindex;
		}
	}
}

static int change_rule(struct netlink *netlink, uint16_t type, uint16_t flags, uint32_t table,
		       uint32_t priority)
{
	struct nlmsghdr *message = start(netlink, type, (uint16_t)(NLM_F_ACK | flags));
	struct fib_rule_hdr *body = mnl_nlmsg_put_extra_header(message, sizeof(*body));

	body->family = AF_INET;
	body->action = FR_ACT_TO_TBL;
	mnl_attr_put_u32(message, FRA_TABLE, table);
	mnl_attr_put_u32(message, FRA_PRIORITY, priority);
	return talk(netlink, message, NULL, NULL);
}

int netlink_add_rule(struct netlink *netlink, uint32_t table, uint32_t priority)
{
	return change_rule(netlink, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, table, priority);
}

int netlink_delete_rule(struct netlink *netlink, uint32_t table, uint32_t priority)
{
	return change_rule(netlink, RTM_DELRULE, 0, table, priority);
}
