// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/xfrm_notice.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/sa/netlink_socket.h"
#include "host/sa/xfrm_netlink.h"
#include "host/sa/xfrm_rule.h"

#define QUEUE (4 << 20) /* a thousand SAs may be at their end in one moment */

int xfrm_notice_open(void)
{
	static const int groups[] = {XFRMNLGRP_ACQUIRE, XFRMNLGRP_EXPIRE, XFRMNLGRP_SA,
				     XFRMNLGRP_POLICY, XFRMNLGRP_MAPPING};

	return rvl_netlink_told(NETLINK_XFRM, groups, sizeof(groups) / sizeof(groups[0]), QUEUE);
}

static bool read_expiry(const struct nlmsghdr *message, struct xfrm_notice *notice)
{
	struct xfrm_user_expire body;

	if (!xfrm_netlink_body(message, &body, sizeof(body)))
		return false;
	*notice = (struct xfrm_notice){
		.type = body.hard ? XFRM_NOTICE_HARD : XFRM_NOTICE_SOFT,
		.dst = xfrm_address_of(&body.state.id.daddr, body.state.family),
		.spi = ntohl(body.state.id.spi),
		.packets = body.state.curlft.packets,
		.bytes = body.state.curlft.bytes,
	};
	return notice->spi;
}

static bool read_mapping(const struct nlmsghdr *message, struct xfrm_notice *notice)
{
	struct xfrm_user_mapping body;

	if (!xfrm_netlink_body(message, &body, sizeof(body)))
		return false;
	*notice = (struct xfrm_notice){
		.type = XFRM_NOTICE_MOVED,
		.dst = xfrm_address_of(&body.id.daddr, body.id.family),
		.spi = ntohl(body.id.spi),
		.src = xfrm_address_of(&body.new_saddr, body.id.family),
		.src_port = ntohs(body.new_sport),
	};
	return true;
}

/* Of the policy's only template; 0: it isn't there. */
static uint32_t reqid_of(const struct nlmsghdr *message)
{
	const struct nlattr *attr =
		xfrm_netlink_attr(message, sizeof(struct xfrm_user_acquire), XFRMA_TMPL);
	struct xfrm_user_tmpl tmpl;

	if (!attr || mnl_attr_get_payload_len(attr) < sizeof(tmpl))
		return 0;
	memcpy(&tmpl, mnl_attr_get_payload(attr), sizeof(tmpl));
	return tmpl.reqid;
}

static uint32_t cpu_of(const struct nlmsghdr *message)
{
	const struct nlattr *attr =
		xfrm_netlink_attr(message, sizeof(struct xfrm_user_acquire), RVL_XFRMA_SA_PCPU);

	return attr && mnl_attr_get_payload_len(attr) >= sizeof(uint32_t) ? mnl_attr_get_u32(attr)
									  : RVL_CPU_ANY;
}

static bool read_acquire(const struct nlmsghdr *message, struct xfrm_notice *notice)
{
	struct xfrm_user_acquire body;
	uint16_t sport, dport;
	uint8_t protocol;
	bool types;

	if (!xfrm_netlink_body(message, &body, sizeof(body)))
		return false;
	sport = ntohs(body.sel.sport);
	dport = ntohs(body.sel.dport);
	protocol = body.sel.proto;
	types = rvl_ip_has_types(protocol);
	*notice = (struct xfrm_notice){
		.type = XFRM_NOTICE_ACQUIRE,
		.scope = xfrm_scope_get(message, sizeof(body)),
		.reqid = reqid_of(message),
		.cpu = cpu_of(message),
		.packet =
			{
				.src = xfrm_address_of(&body.sel.saddr, body.sel.family),
				.dst = xfrm_address_of(&body.sel.daddr, body.sel.family),
				.protocol = protocol,
				.src_port = types ? (uint16_t)(sport << 8 | (dport & 0xff)) : sport,
				.dst_port = types ? 0 : dport,
				.ports = rvl_ip_has_ports(protocol) ? RVL_PORTS_BOTH
					 : types		    ? RVL_PORTS_SRC
								    : RVL_PORTS_UNSEEN,
			},
	};
	return true;
}

static bool read_deletion(const struct nlmsghdr *message, struct xfrm_notice *notice)
{
	struct xfrm_usersa_id body;

	if (!xfrm_netlink_body(message, &body, sizeof(body)))
		return false;
	*notice = (struct xfrm_notice){
		.type = XFRM_NOTICE_HARD,
		.dst = xfrm_address_of(&body.daddr, body.family),
		.spi = ntohl(body.spi),
	};
	return notice->spi;
}

/* One that was named by its index doesn't say what it was. */
static bool may_be_ours(const struct nlmsghdr *message)
{
	struct xfrm_userpolicy_id body;

	return xfrm_netlink_body(message, &body, sizeof(body)) &&
	       (body.index || xfrm_rule_is_ours(&body.sel));
}

static bool read_one(const struct nlmsghdr *message, uint32_t port, struct xfrm_notice *notice)
{
	bool ours = message->nlmsg_pid == port;

	*notice = (struct xfrm_notice){0};
	switch (message->nlmsg_type) {
	case XFRM_MSG_EXPIRE:
		return read_expiry(message, notice);
	case XFRM_MSG_MAPPING:
		return read_mapping(message, notice);
	case XFRM_MSG_ACQUIRE:
		return read_acquire(message, notice);
	case XFRM_MSG_DELSA:
		return !ours && read_deletion(message, notice);
	case XFRM_MSG_FLUSHSA:
		notice->type = XFRM_NOTICE_STATES;
		return !ours;
	case XFRM_MSG_DELPOLICY:
		notice->type = XFRM_NOTICE_POLICIES;
		return !ours && may_be_ours(message);
	case XFRM_MSG_FLUSHPOLICY:
		notice->type = XFRM_NOTICE_POLICIES;
		return !ours;
	default:
		return false;
	}
}

int xfrm_notice_next(int fd, uint32_t port, struct xfrm_notice *notice)
{
	_Alignas(struct nlmsghdr) char room[8192];

	for (;;) {
		struct sockaddr_nl from = {0};
		socklen_t from_len = sizeof(from);
		ssize_t n =
			recvfrom(fd, room, sizeof(room), 0, (struct sockaddr *)&from, &from_len);

		if (n < 0 && errno == ENOBUFS) {
			*notice = (struct xfrm_notice){.type = XFRM_NOTICE_LOST};
			return 1;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return 0;
		/* The kernel puts one notice into a datagram; nobody else is heard. */
		if (!from.nl_pid && mnl_nlmsg_ok((const struct nlmsghdr *)room, (int)n) &&
		    read_one((const struct nlmsghdr *)room, port, notice))
			return 1;
	}
}
