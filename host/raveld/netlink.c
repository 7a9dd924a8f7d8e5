// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "host/sa/netlink_socket.h"

#define REPLY_TIMEOUT_S 2
#define DUMP_TRIES 5

struct netlink {
	struct mnl_socket *socket;
	unsigned int portid;
	uint32_t sequence;
	bool interrupted; /* the last listing, by a change */
	_Alignas(struct nlmsghdr) char room[32768];
};

int netlink_open(struct netlink **out)
{
	struct netlink *netlink = calloc(1, sizeof(*netlink));
	int on = 1, err;

	if (!netlink)
		return -ENOMEM;
	err = rvl_netlink_asking(NETLINK_ROUTE, REPLY_TIMEOUT_S, &netlink->socket);
	if (err) {
		free(netlink);
		return err;
	}
	/* Where the kernel knows it, it lists only what is asked for. */
	mnl_socket_setsockopt(netlink->socket, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
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

/* A listing that something changed under is heard to its end nevertheless: before that, the kernel
 * begins no other. */
static void note_interruption(struct netlink *netlink, size_t len)
{
	struct nlmsghdr *message = (struct nlmsghdr *)netlink->room;
	int left = (int)len;

	for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
		netlink->interrupted |= message->nlmsg_flags & NLM_F_DUMP_INTR;
		message->nlmsg_flags &= (uint16_t)~NLM_F_DUMP_INTR;
	}
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
		note_interruption(netlink, (size_t)n);
		ret = mnl_cb_run(netlink->room, (size_t)n, sequence, netlink->portid, callback,
				 context);
		/* An answer to an earlier question, which gave up waiting. */
		if (ret < 0 && errno == EPROTO)
			ret = MNL_CB_OK;
	} while (ret > MNL_CB_STOP);
	return ret < 0 ? -errno : 0;
}

static uint8_t family_of(const struct rvl_addr *address)
{
	return address->family == 4 ? AF_INET : AF_INET6;
}

static void put_addr(struct nlmsghdr *message, uint16_t type, const struct rvl_addr *address)
{
	mnl_attr_put(message, type, address->family == 4 ? 4 : 16, address->octets);
}

static int change_address(struct netlink *netlink, uint16_t type, uint16_t flags,
			  unsigned int ifindex, const struct rvl_addr *address, uint8_t prefix_len)
{
	struct nlmsghdr *message = start(netlink, type, (uint16_t)(NLM_F_ACK | flags));
	struct ifaddrmsg *body = mnl_nlmsg_put_extra_header(message, sizeof(*body));

	body->ifa_family = family_of(address);
	body->ifa_prefixlen = prefix_len;
	body->ifa_index = ifindex;
	body->ifa_flags = address->family == 6 ? IFA_F_NODAD : 0;
	put_addr(message, IFA_LOCAL, address);
	put_addr(message, IFA_ADDRESS, address);
	if (address->family == 4 && prefix_len < 31) {
		const struct rvl_prefix network = rvl_prefix_of(address, prefix_len);
		const struct rvl_addr broadcast = rvl_prefix_last(&network);

		put_addr(message, IFA_BROADCAST, &broadcast);
	}
	return talk(netlink, message, NULL, NULL);
}

int netlink_add_address(struct netlink *netlink, unsigned int ifindex,
			const struct rvl_addr *address, uint8_t prefix_len)
{
	return change_address(netlink, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, ifindex, address,
			      prefix_len);
}

int netlink_delete_address(struct netlink *netlink, unsigned int ifindex,
			   const struct rvl_addr *address, uint8_t prefix_len)
{
	return change_address(netlink, RTM_DELADDR, 0, ifindex, address, prefix_len);
}

int netlink_mark(struct netlink *netlink, unsigned int ifindex, const char *alias, uint32_t group)
{
	struct nlmsghdr *message = start(netlink, RTM_NEWLINK, NLM_F_ACK);
	struct ifinfomsg *body = mnl_nlmsg_put_extra_header(message, sizeof(*body));

	body->ifi_index = (int)ifindex;
	mnl_attr_put_str(message, IFLA_IFALIAS, alias);
	mnl_attr_put_u32(message, IFLA_GROUP, group);
	return talk(netlink, message, NULL, NULL);
}

/* Of another family than the route it goes in a form of its own. */
static void put_gateway(struct nlmsghdr *message, uint8_t family, const struct rvl_addr *gateway)
{
	struct {
		uint16_t family;
		uint8_t octets[16];
	} via = {.family = AF_INET6};

	if (gateway->family == family) {
		put_addr(message, RTA_GATEWAY, gateway);
		return;
	}
	memcpy(via.octets, gateway->octets, sizeof(via.octets));
	mnl_attr_put(message, RTA_VIA, sizeof(via), &via);
}

static int change_route(struct netlink *netlink, uint16_t type, uint16_t flags,
			const struct netlink_route *route)
{
	static const unsigned char types[] = {
		[NETLINK_VIA] = RTN_UNICAST,
		[NETLINK_UNREACHABLE] = RTN_UNREACHABLE,
		[NETLINK_THROW] = RTN_THROW,
	};
	struct nlmsghdr *message = start(netlink, type, (uint16_t)(NLM_F_ACK | flags));
	struct rtmsg *body = mnl_nlmsg_put_extra_header(message, sizeof(*body));

	body->rtm_family = family_of(&route->dst.address);
	body->rtm_dst_len = route->dst.len;
	body->rtm_table = RT_TABLE_UNSPEC;
	body->rtm_protocol = NETLINK_PROTOCOL;
	body->rtm_scope = RT_SCOPE_UNIVERSE;
	body->rtm_type = types[route->type];
	mnl_attr_put_u32(message, RTA_TABLE, route->table);
	put_addr(message, RTA_DST, &route->dst.address);
	mnl_attr_put_u32(message, RTA_PRIORITY, route->metric);
	if (route->type != NETLINK_VIA)
		return talk(netlink, message, NULL, NULL);
	if (route->gateway.family) /* what is to be deleted is known without */
		put_gateway(message, route->dst.address.family, &route->gateway);
	/* A dead end of ours may hold the next hop, and IPv6 would look for it there. */
	if (route->dst.address.family == 6)
		body->rtm_flags = RTNH_F_ONLINK;
	mnl_attr_put_u32(message, RTA_OIF, route->ifindex);
	if (route->source.family)
		put_addr(message, RTA_PREFSRC, &route->source);
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

static uint32_t u32_of(const struct nlattr *attr)
{
	return mnl_attr_validate(attr, MNL_TYPE_U32) < 0 ? 0 : mnl_attr_get_u32(attr);
}

/* False: it isn't one of this family. */
static bool read_addr(const struct nlattr *attr, uint8_t family, struct rvl_addr *out)
{
	size_t len = family == 4 ? 4 : 16;

	if (mnl_attr_get_payload_len(attr) != len)
		return false;
	*out = (struct rvl_addr){.family = family};
	memcpy(out->octets, mnl_attr_get_payload(attr), len);
	return true;
}

static uint8_t family_of_message(unsigned char family)
{
	return family == AF_INET6 ? 6 : 4;
}

/* A route message, as far as it has room here. */
static void read_route(const struct nlmsghdr *message, struct netlink_route *route)
{
	const struct rtmsg *body = mnl_nlmsg_get_payload(message);
	const uint8_t family = family_of_message(body->rtm_family);
	const struct nlattr *attr;

	*route = (struct netlink_route){
		.type = body->rtm_type == RTN_UNREACHABLE ? NETLINK_UNREACHABLE
			: body->rtm_type == RTN_THROW	  ? NETLINK_THROW
							  : NETLINK_VIA,
		.table = body->rtm_table,
		.dst = {{.family = family}, body->rtm_dst_len},
	};
	mnl_attr_for_each(attr, message, sizeof(*body))
	{
		switch (mnl_attr_get_type(attr)) {
		case RTA_DST:
			read_addr(attr, family, &route->dst.address);
			break;
		case RTA_TABLE:
			route->table = u32_of(attr);
			break;
		case RTA_PRIORITY:
			route->metric = u32_of(attr);
			break;
		case RTA_OIF:
			route->ifindex = u32_of(attr);
			break;
		}
	}
}

static int take_hop(const struct nlmsghdr *message, void *context)
{
	const struct rtmsg *body = mnl_nlmsg_get_payload(message);
	struct netlink_hop *hop = context;
	uint8_t family = hop->gateway.family;
	const struct nlattr *attr;

	if (message->nlmsg_type != RTM_NEWROUTE)
		return MNL_CB_OK;
	/* IPv6 answers so, where IPv4 refuses. */
	if (body->rtm_type != RTN_UNICAST && body->rtm_type != RTN_LOCAL) {
		errno = ENETUNREACH;
		return MNL_CB_ERROR;
	}
	mnl_attr_for_each(attr, message, sizeof(*body))
	{
		switch (mnl_attr_get_type(attr)) {
		case RTA_GATEWAY:
			read_addr(attr, family, &hop->gateway);
			break;
		case RTA_VIA:
			/* Of IPv4 over IPv6: two octets of family before it. */
			if (mnl_attr_get_payload_len(attr) == 18)
				hop->gateway = rvl_addr_of_ipv6(
					(const uint8_t *)mnl_attr_get_payload(attr) + 2);
			break;
		case RTA_PREFSRC:
			read_addr(attr, family, &hop->source);
			break;
		case RTA_OIF:
			hop->ifindex = u32_of(attr);
			break;
		}
	}
	return MNL_CB_STOP;
}

int netlink_find_hop(struct netlink *netlink, uint16_t port, const struct rvl_addr *dst,
		     const struct rvl_addr *source, struct netlink_hop *hop)
{
	struct nlmsghdr *message = start(netlink, RTM_GETROUTE, 0);
	struct rtmsg *body = mnl_nlmsg_put_extra_header(message, sizeof(*body));

	int err;

	*hop = (struct netlink_hop){.gateway = *dst};
	body->rtm_family = family_of(dst);
	body->rtm_dst_len = dst->family == 4 ? 32 : 128;
	put_addr(message, RTA_DST, dst);
	if (source) {
		body->rtm_src_len = body->rtm_dst_len;
		put_addr(message, RTA_SRC, source);
	}
	mnl_attr_put_u8(message, RTA_IP_PROTO, IPPROTO_UDP);
	mnl_attr_put_u16(message, RTA_SPORT, htons(port));
	err = talk(netlink, message, take_hop, hop);
	if (source)
		hop->source = *source;
	return err;
}

static bool ports_equal(const struct netlink_ports *a, const struct netlink_ports *b)
{
	return a->first == b->first && a->last == b->last;
}

bool netlink_rule_equal(const struct netlink_rule *a, const struct netlink_rule *b)
{
	return a->type == b->type && a->priority == b->priority && a->table == b->table &&
	       a->number == b->number && rvl_prefix_equal(&a->src, &b->src) &&
	       rvl_prefix_equal(&a->dst, &b->dst) && !strcmp(a->iif, b->iif) &&
	       a->passing == b->passing && a->unsourced == b->unsourced &&
	       a->protocol == b->protocol && ports_equal(&a->sport, &b->sport) &&
	       ports_equal(&a->dport, &b->dport);
}

static void put_ports(struct nlmsghdr *message, uint16_t type, const struct netlink_ports *ports)
{
	const struct fib_rule_port_range range = {ports->first, ports->last};

	if (ports->last)
		mnl_attr_put(message, type, sizeof(range), &range);
}

static int change_rule(struct netlink *netlink, uint16_t type, uint16_t flags,
		       const struct netlink_rule *rule)
{
	static const unsigned char actions[] = {
		[NETLINK_LOOKUP] = FR_ACT_TO_TBL,
		[NETLINK_AT_LEAST] = FR_ACT_TO_TBL,
		[NETLINK_NOT_FURTHER] = FR_ACT_UNREACHABLE,
		[NETLINK_PROHIBIT] = FR_ACT_PROHIBIT,
		[NETLINK_GOTO] = FR_ACT_GOTO,
		[NETLINK_NOP] = FR_ACT_NOP,
	};
	struct nlmsghdr *message = start(netlink, type, (uint16_t)(NLM_F_ACK | flags));
	struct fib_rule_hdr *body = mnl_nlmsg_put_extra_header(message, sizeof(*body));

	body->family = family_of(&rule->dst.address);
	body->action = actions[rule->type];
	body->flags = rule->unsourced ? FIB_RULE_FIND_SADDR : 0;
	mnl_attr_put_u32(message, FRA_PRIORITY, rule->priority);
	mnl_attr_put_u8(message, FRA_PROTOCOL, NETLINK_PROTOCOL);
	if (rule->src.len) {
		body->src_len = rule->src.len;
		put_addr(message, FRA_SRC, &rule->src.address);
	}
	if (rule->dst.len) {
		body->dst_len = rule->dst.len;
		put_addr(message, FRA_DST, &rule->dst.address);
	}
	if (*rule->iif)
		mnl_attr_put_strz(message, FRA_IIFNAME, rule->iif);
	if (rule->protocol)
		mnl_attr_put_u8(message, FRA_IP_PROTO, rule->protocol);
	put_ports(message, FRA_SPORT_RANGE, &rule->sport);
	put_ports(message, FRA_DPORT_RANGE, &rule->dport);
	if (rule->type == NETLINK_LOOKUP || rule->type == NETLINK_AT_LEAST)
		mnl_attr_put_u32(message, FRA_TABLE, rule->table);
	if (rule->type == NETLINK_AT_LEAST)
		mnl_attr_put_u32(message, FRA_SUPPRESS_PREFIXLEN, rule->number - 1);
	if (rule->passing)
		mnl_attr_put_u32(message, FRA_SUPPRESS_IFGROUP, rule->passing);
	if (rule->type == NETLINK_GOTO)
		mnl_attr_put_u32(message, FRA_GOTO, rule->number);
	return talk(netlink, message, NULL, NULL);
}

int netlink_add_rule(struct netlink *netlink, const struct netlink_rule *rule)
{
	return change_rule(netlink, RTM_NEWRULE, NLM_F_CREATE, rule);
}

int netlink_delete_rule(struct netlink *netlink, const struct netlink_rule *rule)
{
	return change_rule(netlink, RTM_DELRULE, 0, rule);
}

/* ------------------------------------------------------------------------------------- listings */

struct listing {
	netlink_route_fn *route;
	netlink_rule_fn *rule;
	netlink_address_fn *address;
	netlink_link_fn *link;
	void *context;
	int err;
};

/* One that was interrupted is asked for anew: what is listed twice does no harm. */
static int list(struct netlink *netlink, const struct nlmsghdr *message, mnl_cb_t callback,
		struct listing *listing)
{
	uint32_t len = message->nlmsg_len;
	char request[256];
	int err = 0;

	memcpy(request, message, len);
	for (int i = 0; i < DUMP_TRIES; i++) {
		struct nlmsghdr *again = (struct nlmsghdr *)netlink->room;

		memcpy(again, request, len);
		again->nlmsg_seq = ++netlink->sequence;
		netlink->interrupted = false;
		err = talk(netlink, again, callback, listing);
		if (listing->err)
			return listing->err;
		if (err || !netlink->interrupted)
			break;
	}
	return err;
}

static int next_or_stop(const struct listing *listing)
{
	return listing->err ? MNL_CB_ERROR : MNL_CB_OK;
}

static bool is_link_local(const struct rvl_addr *address)
{
	return address->family == 6 && address->octets[0] == 0xfe &&
	       (address->octets[1] & 0xc0) == 0x80;
}

/* IPv6 has no scopes of routes, but one to each address of its own, too, and one for each link; and
 * what a router announces is the kernel's as well. */
static bool is_connected(const struct nlmsghdr *message)
{
	const struct rtmsg *body = mnl_nlmsg_get_payload(message);
	struct netlink_route route;

	if (body->rtm_protocol != RTPROT_KERNEL || body->rtm_type != RTN_UNICAST ||
	    body->rtm_table != RT_TABLE_MAIN || (body->rtm_flags & RTM_F_CLONED))
		return false;
	if (body->rtm_family == AF_INET)
		return body->rtm_scope == RT_SCOPE_LINK;
	if (body->rtm_family != AF_INET6 || body->rtm_dst_len == 128)
		return false;
	read_route(message, &route);
	return !is_link_local(&route.dst.address);
}

static bool is_own(const struct nlmsghdr *message)
{
	const struct rtmsg *body = mnl_nlmsg_get_payload(message);

	return (body->rtm_family == AF_INET || body->rtm_family == AF_INET6) &&
	       body->rtm_protocol == NETLINK_PROTOCOL;
}

static bool is_others(const struct nlmsghdr *message)
{
	const struct rtmsg *body = mnl_nlmsg_get_payload(message);

	return body->rtm_protocol != NETLINK_PROTOCOL && body->rtm_table != RT_TABLE_LOCAL &&
	       !(body->rtm_flags & RTM_F_CLONED);
}

static int list_connected(const struct nlmsghdr *message, void *context)
{
	struct listing *listing = context;
	struct netlink_route route;

	if (message->nlmsg_type != RTM_NEWROUTE || !is_connected(message))
		return MNL_CB_OK;
	read_route(message, &route);
	listing->err = listing->route(listing->context, &route);
	return next_or_stop(listing);
}

static int list_own_route(const struct nlmsghdr *message, void *context)
{
	struct listing *listing = context;
	struct netlink_route route;

	if (message->nlmsg_type != RTM_NEWROUTE || !is_own(message))
		return MNL_CB_OK;
	read_route(message, &route);
	listing->err = listing->route(listing->context, &route);
	return next_or_stop(listing);
}

static int list_routes_of(struct netlink *netlink, unsigned char family, unsigned char table,
			  unsigned char protocol, mnl_cb_t callback, struct listing *listing)
{
	struct nlmsghdr *message = start(netlink, RTM_GETROUTE, NLM_F_DUMP);
	struct rtmsg *body = mnl_nlmsg_put_extra_header(message, sizeof(*body));
	int err;

	body->rtm_family = family;
	body->rtm_table = table;
	body->rtm_protocol = protocol;
	err = list(netlink, message, callback, listing);
	/* There is no such table before it has its first route. */
	return err == -ENOENT ? 0 : err;
}

/* A kernel without IPv6 has none of it. */
static int of_ipv6(int err)
{
	return err == -EAFNOSUPPORT || err == -EOPNOTSUPP ? 0 : err;
}

static int list_routes(struct netlink *netlink, unsigned char table, unsigned char protocol,
		       mnl_cb_t callback, struct listing *listing)
{
	int err = list_routes_of(netlink, AF_INET, table, protocol, callback, listing);

	return err ? err
		   : of_ipv6(list_routes_of(netlink, AF_INET6, table, protocol, callback, listing));
}

int netlink_own_routes(struct netlink *netlink, netlink_route_fn *fn, void *context)
{
	struct listing listing = {.route = fn, .context = context};

	return list_routes(netlink, RT_TABLE_UNSPEC, NETLINK_PROTOCOL, list_own_route, &listing);
}

int netlink_connected(struct netlink *netlink, netlink_route_fn *fn, void *context)
{
	struct listing listing = {.route = fn, .context = context};

	return list_routes(netlink, RT_TABLE_MAIN, RTPROT_KERNEL, list_connected, &listing);
}

static enum netlink_rule_type type_of_action(unsigned char action)
{
	switch (action) {
	case FR_ACT_UNREACHABLE:
		return NETLINK_NOT_FURTHER;
	case FR_ACT_PROHIBIT:
		return NETLINK_PROHIBIT;
	case FR_ACT_GOTO:
		return NETLINK_GOTO;
	case FR_ACT_NOP:
		return NETLINK_NOP;
	default:
		return NETLINK_LOOKUP;
	}
}

static struct netlink_ports ports_of(const struct nlattr *attr)
{
	struct fib_rule_port_range range = {0, 0};

	if (mnl_attr_get_payload_len(attr) >= sizeof(range))
		memcpy(&range, mnl_attr_get_payload(attr), sizeof(range));
	return (struct netlink_ports){range.start, range.end};
}

static uint8_t u8_of(const struct nlattr *attr)
{
	return mnl_attr_validate(attr, MNL_TYPE_U8) < 0 ? 0 : mnl_attr_get_u8(attr);
}

/* A rule message; false if it isn't one of ours. */
static bool read_rule(const struct nlmsghdr *message, struct netlink_rule *rule)
{
	const struct fib_rule_hdr *body = mnl_nlmsg_get_payload(message);
	const uint8_t family = family_of_message(body->family);
	const struct nlattr *attr;
	uint8_t protocol = 0;
	uint32_t suppressed;

	*rule = (struct netlink_rule){
		.type = type_of_action(body->action),
		.src = {{.family = family}, body->src_len},
		.dst = {{.family = family}, body->dst_len},
		.unsourced = body->flags & FIB_RULE_FIND_SADDR,
	};
	mnl_attr_for_each(attr, message, sizeof(*body))
	{
		switch (mnl_attr_get_type(attr)) {
		case FRA_TABLE:
			rule->table = u32_of(attr);
			break;
		case FRA_PRIORITY:
			rule->priority = u32_of(attr);
			break;
		case FRA_SRC:
			read_addr(attr, family, &rule->src.address);
			break;
		case FRA_DST:
			read_addr(attr, family, &rule->dst.address);
			break;
		case FRA_PROTOCOL:
			protocol = u8_of(attr);
			break;
		case FRA_IIFNAME:
			if (mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
				snprintf(rule->iif, sizeof(rule->iif), "%s",
					 mnl_attr_get_str(attr));
			break;
		case FRA_IP_PROTO:
			rule->protocol = u8_of(attr);
			break;
		case FRA_SPORT_RANGE:
			rule->sport = ports_of(attr);
			break;
		case FRA_DPORT_RANGE:
			rule->dport = ports_of(attr);
			break;
		case FRA_SUPPRESS_PREFIXLEN:
			suppressed = u32_of(attr);
			if (suppressed > rvl_family_bits(family))
				break;
			rule->type = NETLINK_AT_LEAST;
			rule->number = suppressed + 1;
			break;
		case FRA_SUPPRESS_IFGROUP:
			rule->passing = u32_of(attr) == UINT32_MAX ? 0 : u32_of(attr);
			break;
		case FRA_GOTO:
			rule->number = u32_of(attr);
			break;
		}
	}
	if (rule->type != NETLINK_LOOKUP && rule->type != NETLINK_AT_LEAST)
		rule->table = 0;
	return protocol == NETLINK_PROTOCOL;
}

static int list_own_rule(const struct nlmsghdr *message, void *context)
{
	struct listing *listing = context;
	struct netlink_rule rule;

	if (message->nlmsg_type != RTM_NEWRULE || !read_rule(message, &rule))
		return MNL_CB_OK;
	listing->err = listing->rule(listing->context, &rule);
	return next_or_stop(listing);
}

static int list_rules_of(struct netlink *netlink, unsigned char family, struct listing *listing)
{
	struct nlmsghdr *message = start(netlink, RTM_GETRULE, NLM_F_DUMP);
	struct fib_rule_hdr *body = mnl_nlmsg_put_extra_header(message, sizeof(*body));

	body->family = family;
	return list(netlink, message, list_own_rule, listing);
}

int netlink_own_rules(struct netlink *netlink, netlink_rule_fn *fn, void *context)
{
	struct listing listing = {.rule = fn, .context = context};
	int err = list_rules_of(netlink, AF_INET, &listing);

	return err ? err : of_ipv6(list_rules_of(netlink, AF_INET6, &listing));
}

/* IPv4 names its own end of a link apart; IPv6 has addresses that are only for a link, or not yet
 * to be used. */
static int list_address(const struct nlmsghdr *message, void *context)
{
	const struct ifaddrmsg *body = mnl_nlmsg_get_payload(message);
	bool ipv4 = body->ifa_family == AF_INET;
	struct listing *listing = context;
	const struct nlattr *attr;

	if (message->nlmsg_type != RTM_NEWADDR || (!ipv4 && body->ifa_family != AF_INET6) ||
	    (!ipv4 && (body->ifa_scope == RT_SCOPE_LINK || body->ifa_flags & IFA_F_TENTATIVE)))
		return MNL_CB_OK;
	mnl_attr_for_each(attr, message, sizeof(*body))
	{
		struct rvl_addr addr = {0};

		if (mnl_attr_get_type(attr) != (ipv4 ? IFA_LOCAL : IFA_ADDRESS))
			continue;
		read_addr(attr, ipv4 ? 4 : 6, &addr);
		if (addr.family)
			listing->err = listing->address(listing->context, body->ifa_index, &addr);
	}
	return next_or_stop(listing);
}

int netlink_addresses(struct netlink *netlink, netlink_address_fn *fn, void *context)
{
	struct nlmsghdr *message = start(netlink, RTM_GETADDR, NLM_F_DUMP);
	struct ifaddrmsg *body = mnl_nlmsg_put_extra_header(message, sizeof(*body));
	struct listing listing = {.address = fn, .context = context};

	body->ifa_family = AF_UNSPEC;
	return list(netlink, message, list_address, &listing);
}

static int list_link(const struct nlmsghdr *message, void *context)
{
	const struct ifinfomsg *body = mnl_nlmsg_get_payload(message);
	struct netlink_link link = {.name = "", .alias = ""};
	struct listing *listing = context;
	const struct nlattr *attr;

	if (message->nlmsg_type != RTM_NEWLINK)
		return MNL_CB_OK;
	link.ifindex = (unsigned int)body->ifi_index;
	link.up = body->ifi_flags & IFF_UP;
	mnl_attr_for_each(attr, message, sizeof(*body))
	{
		switch (mnl_attr_get_type(attr)) {
		case IFLA_IFNAME:
			if (mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
				link.name = mnl_attr_get_str(attr);
			break;
		case IFLA_IFALIAS:
			if (mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
				link.alias = mnl_attr_get_str(attr);
			break;
		case IFLA_LINK:
			link.below = u32_of(attr);
			break;
		case IFLA_MASTER:
			link.master = u32_of(attr);
			break;
		}
	}
	listing->err = listing->link(listing->context, &link);
	return next_or_stop(listing);
}

int netlink_links(struct netlink *netlink, netlink_link_fn *fn, void *context)
{
	struct nlmsghdr *message = start(netlink, RTM_GETLINK, NLM_F_DUMP);
	struct listing listing = {.link = fn, .context = context};

	mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
	return list(netlink, message, list_link, &listing);
}

/* ------------------------------------------------------------------------------------- notices */

int netlink_watch(void)
{
	static const int groups[] = {RTNLGRP_LINK,	RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE,
				     RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV6_ROUTE,
				     RTNLGRP_IPV6_RULE};

	return rvl_netlink_told(NETLINK_ROUTE, groups, sizeof(groups) / sizeof(groups[0]), 0);
}

static void take_change(const struct nlmsghdr *message, unsigned int ifindex,
			struct netlink_changes *changes)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);
	struct netlink_rule rule;
	size_t len = mnl_nlmsg_get_payload_len(message);

	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		/* Setting an interface down takes its networks without another word. */
		changes->local = true;
		changes->link |= message->nlmsg_type == RTM_NEWLINK && len >= sizeof(*link) &&
				 (unsigned int)link->ifi_index == ifindex;
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		changes->local = true;
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		if (len < sizeof(struct rtmsg))
			break;
		changes->local |= is_connected(message);
		changes->hops |= is_others(message);
		changes->taken |= message->nlmsg_type == RTM_DELROUTE && is_own(message);
		break;
	case RTM_DELRULE:
		changes->taken = true;
		changes->hops |= !read_rule(message, &rule);
		break;
	case RTM_NEWRULE:
		changes->hops |= !read_rule(message, &rule);
		break;
	}
}

struct netlink_changes netlink_take_changes(int fd, unsigned int ifindex)
{
	struct netlink_changes changes = {false, false, false, false};
	_Alignas(struct nlmsghdr) char room[32768];

	for (;;) {
		ssize_t n = recv(fd, room, sizeof(room), 0);
		const struct nlmsghdr *message = (const struct nlmsghdr *)room;
		int left = (int)n;

		if (n < 0 && errno == EINTR)
			continue;
		/* Some were lost: anything may have happened. */
		if (n < 0 && errno == ENOBUFS) {
			changes = (struct netlink_changes){true, true, true, true};
			continue;
		}
		if (n < 0)
			return changes;
		for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left))
			take_change(message, ifindex, &changes);
	}
}
