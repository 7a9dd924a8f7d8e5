// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/routes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/esp/ip.h"
#include "host/raveld/netlink.h"
#include "host/sa/selector.h"

struct routes {
	const struct log *log;
	const struct conf_daemon *conf;
	struct netlink *netlink;
	char netdev[16];
	unsigned int ifindex;
	uint32_t table;
	uint32_t priority;
	bool wanted;
	bool own_rule;
	struct netlink_route *list; /* that were set */
	size_t count;
	struct netlink_route *hops; /* to peers, as the kernel knew them without us */
	size_t hop_count;
	uv_poll_t links;
	int links_fd;
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

static void on_link_change(uv_poll_t *poll, int status, int events)
{
	struct routes *r = poll->data;

	(void)status;
	(void)events;
	if (!netlink_link_changed(r->links_fd, r->ifindex))
		return;
	for (size_t i = 0; i < r->count; i++) {
		int err = netlink_set_route(r->netlink, &r->list[i]);

		/* Down: there is a next time. */
		if (err)
			log_debug(r->log, "%s: routes can't be set: %s", r->netdev, strerror(-err));
	}
}

static int watch_links(struct routes *r, uv_loop_t *loop)
{
	int err;

	r->links_fd = netlink_watch_links();
	if (r->links_fd < 0)
		return r->links_fd;
	err = uv_poll_init(loop, &r->links, r->links_fd);
	if (err) {
		close(r->links_fd);
		r->links_fd = -1;
		return err;
	}
	r->links.data = r;
	return uv_poll_start(&r->links, UV_READABLE, on_link_change);
}

int routes_open(uv_loop_t *loop, const struct conf_daemon *conf, const struct log *log,
		struct routes **out)
{
	struct routes *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	r->log = log;
	r->conf = conf;
	r->table = conf->routing_table;
	r->priority = conf->routing_priority;
	r->wanted = conf->install_routes;
	r->links_fd = -1;
	strcpy(r->netdev, conf->netdev);
	r->ifindex = if_nametoindex(conf->netdev);
	err = netlink_open(&r->netlink);
	if (!err)
		err = watch_links(r, loop);
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

static void on_links_closed(uv_handle_t *handle)
{
	struct routes *r = handle->data;

	close(r->links_fd);
	free(r);
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
	free(r->hops);
	if (r->links_fd >= 0)
		uv_close((uv_handle_t *)&r->links, on_links_closed);
	else
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

/* A list of routes with room for one more; NULL without memory. */
static struct netlink_route *grow(struct netlink_route **list, size_t count)
{
	struct netlink_route *grown = realloc(*list, (count + 1) * sizeof(*grown));

	if (grown)
		*list = grown;
	return grown;
}

/* Whatever the kernel has by now, it has this one afterwards. */
static int set(struct routes *r, const struct netlink_route *route)
{
	struct netlink_route *mine;
	size_t at = 0;
	int err;

	while (at < r->count &&
	       (r->list[at].dst != route->dst || r->list[at].dst_len != route->dst_len ||
		r->list[at].metric != route->metric))
		at++;
	mine = at < r->count ? r->list : grow(&r->list, r->count);
	if (!mine)
		return -ENOMEM;
	err = netlink_set_route(r->netlink, route);
	if (err)
		return err;
	mine[at] = *route;
	r->count += at == r->count;
	return 0;
}

static bool leads_to(const struct netlink_route *route, uint32_t address)
{
	return !route->dst_len || !((route->dst ^ address) >> (32 - route->dst_len));
}

static const struct netlink_route *known_hop(const struct routes *r, uint32_t peer)
{
	for (size_t i = 0; i < r->hop_count; i++)
		if (r->hops[i].dst == peer)
			return &r->hops[i];
	return NULL;
}

static bool on_link(const struct routes *r, uint32_t peer)
{
	for (size_t i = 0; i < r->conf->address_count; i++) {
		const struct conf_address *a = &r->conf->addresses[i];
		const struct netlink_route net = {.dst = rvl_get_be32(a->ip),
						  .dst_len = a->prefix_len};

		if (leads_to(&net, peer))
			return true;
	}
	return false;
}

void routes_learn(struct routes *r, const struct ike_addr *peer)
{
	struct netlink_route hop = {.dst = rvl_get_be32(peer->ip)};

	if (!r->wanted || known_hop(r, hop.dst))
		return;
	/* Dead ends of one that was killed may be all that the kernel says. */
	if (on_link(r, hop.dst)) {
		hop.gateway = hop.dst;
		hop.ifindex = r->ifindex;
	} else if (netlink_find_route(r->netlink, &hop) || hop.table == r->table) {
		return;
	}
	if (grow(&r->hops, r->hop_count))
		r->hops[r->hop_count++] = hop;
}

static int find_hop(const struct routes *r, uint32_t peer, struct netlink_route *hop)
{
	const struct netlink_route *known = known_hop(r, peer);
	int err;

	*hop = (struct netlink_route){.dst = peer};
	err = netlink_find_route(r->netlink, hop);
	/* What we made of it ourselves says nothing new. */
	if (known && (err || hop->table == r->table)) {
		*hop = *known;
		err = 0;
	}
	return err;
}

int routes_add(struct routes *r, const struct ike_addr *peer, const struct ike_ts_list *local_ts,
	       const struct ike_ts_list *remote_ts, char reason[ROUTES_REASON])
{
	struct netlink_route route = {.table = r->table}, hop;
	struct rvl_selectors selectors;
	char text[INET_ADDRSTRLEN];
	int err;

	if (!r->wanted || rvl_selectors_of(local_ts, remote_ts, &selectors))
		return 0;
	text_of(rvl_get_be32(peer->ip), text);
	err = find_hop(r, rvl_get_be32(peer->ip), &hop);
	if (err) {
		snprintf(reason, ROUTES_REASON, "no route to the peer %s: %s", text,
			 strerror(-err));
		return err;
	}
	if (hop.ifindex != r->ifindex) {
		snprintf(reason, ROUTES_REASON, "the route to the peer %s doesn't lead through %s",
			 text, r->netdev);
		return -ENETUNREACH;
	}
	route.gateway = hop.gateway;
	route.ifindex = hop.ifindex;
	route.source = find_source(local_ts);
	for (size_t i = 0; !err && i < selectors.count; i++) {
		route.dst = selectors.list[i].dst;
		route.dst_len = selectors.list[i].dst_len;
		err = set(r, &route);
		if (!err)
			continue;
		text_of(route.dst, text);
		snprintf(reason, ROUTES_REASON, "can't add a route to %s/%u: %s", text,
			 route.dst_len, strerror(-err));
	}
	return err;
}

static int block(struct routes *r, const struct ike_addr *peer, const struct netlink_route *route)
{
	uint32_t address = peer ? rvl_get_be32(peer->ip) : 0;
	const struct netlink_route *hop = peer ? known_hop(r, address) : NULL;
	char text[INET_ADDRSTRLEN];
	int err;

	text_of(route->dst, text);
	if (peer ? leads_to(route, address) && (!hop || hop->ifindex != r->ifindex)
		 : !route->dst_len) {
		log_warning(r->log,
			    "%s/%u holds the peer, and no way to it through %s is known: while %s "
			    "is down, another interface may be taken",
			    text, route->dst_len, r->netdev, r->netdev);
		netlink_delete_route(r->netlink, route);
		return 0;
	}
	err = set(r, route);
	if (err)
		log_error(r->log, "can't add an unreachable route to %s/%u: %s", text,
			  route->dst_len, strerror(-err));
	return err;
}

int routes_block(struct routes *r, const struct ike_addr *peer, const struct ike_ts_list *remote_ts)
{
	struct netlink_route route = {.table = r->table, .unreachable = true, .metric = UINT32_MAX};
	struct ike_ts_list any = {.count = 1, .list = {{.family = 4, .port_last = UINT16_MAX}}};
	struct rvl_selectors selectors;
	int err = 0;

	memset(any.list[0].last, 0xff, 4);
	if (!r->wanted || rvl_selectors_of(&any, remote_ts, &selectors))
		return 0;
	for (size_t i = 0; !err && i < selectors.count; i++) {
		route.dst = selectors.list[i].dst;
		route.dst_len = selectors.list[i].dst_len;
		err = block(r, peer, &route);
	}
	return err;
}

bool routes_cover(const struct routes *r, const struct ike_addr *addr)
{
	for (size_t i = 0; i < r->count; i++)
		if (leads_to(&r->list[i], rvl_get_be32(addr->ip)))
			return true;
	return false;
}
