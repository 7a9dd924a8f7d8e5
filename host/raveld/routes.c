// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/routes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "host/esp/ip.h"
#include "host/raveld/netlink.h"
#include "host/sa/selector.h"

struct routes {
	const struct log *log;
	struct netlink *netlink;
	char netdev[16];
	unsigned int ifindex;
	uint32_t table;
	uint32_t priority;
	bool wanted;
	bool own_rule;
	struct netlink_route *list;
	size_t count;
};

static void text_of(uint32_t address, char out[INET_ADDRSTRLEN])
{
	uint32_t net = htonl(address);

	inet_ntop(AF_INET, &net, out, INET_ADDRSTRLEN);
}

static int add_addresses(struct routes *r, const struct conf_daemon *conf)
{
	for (size_t i = 0; i < conf->address_count; i++) {
		const struct conf_address *a = &conf->addresses[i];
		int err = netlink_add_address(r->netlink, r->ifindex, rvl_get_be32(a->ip),
					      a->prefix_len);

		if (err) {
			log_error(r->log, "%s: can't add address %u.%u.%u.%u/%u: %s", r->netdev,
				  a->ip[0], a->ip[1], a->ip[2], a->ip[3], a->prefix_len,
				  strerror(-err));
			return err;
		}
	}
	return 0;
}

static int add_rule(struct routes *r)
{
	int err = netlink_add_rule(r->netlink, r->table, r->priority);

	if (err && err != -EEXIST) {
		log_error(r->log, "can't add the rule `from all lookup %u priority %u`: %s",
			  r->table, r->priority, strerror(-err));
		return err;
	}
	r->own_rule = !err;
	return 0;
}

int routes_open(const struct conf_daemon *conf, const struct log *log, struct routes **out)
{
	struct routes *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	r->log = log;
	r->table = conf->routing_table;
	r->priority = conf->routing_priority;
	r->wanted = conf->install_routes;
	strcpy(r->netdev, conf->netdev);
	r->ifindex = if_nametoindex(conf->netdev);
	err = netlink_open(&r->netlink);
	if (err)
		log_error(log, "netlink: %s", strerror(-err));
	if (!err)
		err = add_addresses(r, conf);
	if (!err && r->wanted)
		err = add_rule(r);
	if (err) {
		routes_close(r);
		return err;
	}
	*out = r;
	return 0;
}

void routes_close(struct routes *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->count; i++)
		netlink_delete_route(r->netlink, &r->list[i]);
	if (r->own_rule)
		netlink_delete_rule(r->netlink, r->table, r->priority);
	netlink_close(r->netlink);
	free(r->list);
	free(r);
}

static bool within(uint32_t address, const struct ike_ts_list *list)
{
	for (unsigned int i = 0; i < list->count; i++)
		if (list->list[i].family == 4 && address >= rvl_get_be32(list->list[i].first) &&
		    address <= rvl_get_be32(list->list[i].last))
			return true;
	return false;
}

/* One of the host's addresses that the tunnel takes as source; 0 when there is none. */
static uint32_t find_source(const struct ike_ts_list *local_ts)
{
	uint32_t source = 0;
	struct ifaddrs *all;

	if (getifaddrs(&all))
		return 0;
	for (struct ifaddrs *a = all; a && !source; a = a->ifa_next) {
		struct sockaddr_in in;

		if (!a->ifa_addr || a->ifa_addr->sa_family != AF_INET)
			continue;
		memcpy(&in, a->ifa_addr, sizeof(in));
		if (ntohl(in.sin_addr.s_addr) >> 24 != 127 &&
		    within(ntohl(in.sin_addr.s_addr), local_ts))
			source = ntohl(in.sin_addr.s_addr);
	}
	freeifaddrs(all);
	return source;
}

static bool have_route(struct routes *r, const struct netlink_route *route)
{
	for (size_t i = 0; i < r->count; i++) {
		struct netlink_route *mine = &r->list[i];

		if (mine->dst != route->dst || mine->dst_len != route->dst_len)
			continue;
		if (mine->gateway == route->gateway && mine->source == route->source)
			return true;
		/* It is going to be replaced. */
		*mine = r->list[--r->count];
		return false;
	}
	return false;
}

static int set_route(struct routes *r, const struct netlink_route *route)
{
	struct netlink_route *grown;
	int err;

	if (have_route(r, route))
		return 0;
	grown = realloc(r->list, (r->count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	r->list = grown;
	err = netlink_set_route(r->netlink, route);
	if (!err)
		r->list[r->count++] = *route;
	return err;
}

void routes_add(struct routes *r, const struct ike_addr *peer, const struct ike_ts_list *local_ts,
		const struct ike_ts_list *remote_ts, bool try)
{
	enum log_level level = try ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING;
	struct netlink_route route = {.table = r->table, .ifindex = r->ifindex};
	struct rvl_selectors selectors;
	char text[INET_ADDRSTRLEN];
	unsigned int ifindex;
	int err;

	if (!r->wanted || rvl_selectors_of(local_ts, remote_ts, &selectors))
		return;
	text_of(rvl_get_be32(peer->ip), text);
	err = netlink_find_route(r->netlink, rvl_get_be32(peer->ip), &route.gateway, &ifindex);
	if (err) {
		log_write(r->log, level, "no route to the peer %s: %s", text, strerror(-err));
		return;
	}
	if (ifindex != r->ifindex) {
		log_write(r->log, level,
			  "the route to the peer %s doesn't lead through %s; none added for it",
			  text, r->netdev);
		return;
	}
	route.source = find_source(local_ts);
	for (size_t i = 0; i < selectors.count; i++) {
		route.dst = selectors.list[i].dst;
		route.dst_len = selectors.list[i].dst_len;
		err = set_route(r, &route);
		if (!err)
			continue;
		text_of(route.dst, text);
		log_write(r->log, level, "can't add a route to %s/%u: %s", text, route.dst_len,
			  strerror(-err));
	}
}
