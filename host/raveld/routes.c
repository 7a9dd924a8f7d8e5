// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/routes.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/esp/ip.h"
#include "host/raveld/neighbour.h"
#include "host/raveld/netlink.h"
#include "host/sa/hash.h"
#include "host/sa/selector.h"

/* Of a route: what tells ways apart, without octets between. */
struct way_key {
	struct rvl_prefix network;
	uint8_t table[4];
};

struct way {
	struct way_key key;
	struct netlink_route route;
	struct ike_addr peer;	      /* whose next hop it leads by */
	struct ike_ts_kept *local_ts; /* what its source must suit */
	bool forgotten;
	UT_hash_handle hh;
};

struct routes {
	const struct log *log;
	const struct conf_daemon *conf;
	struct closing *closing;
	struct netlink *netlink;
	unsigned int ifindex;
	struct way *ways; /* that were set, by network and table */
};

/* The netdev has IPv6, though others may not, and keeps its addresses while it is down. */
static int enable_ipv6(const struct routes *r)
{
	static const struct {
		const char *name;
		char value;
	} settings[] = {{"disable_ipv6", '0'}, {"keep_addr_on_down", '1'}};

	/* Other interfaces are as their owner wants them. */
	if (!r->ifindex)
		return 0;
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		char path[96];
		int fd, err;

		snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/%s", r->conf->netdev,
			 settings[i].name);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		err = fd < 0 || write(fd, &settings[i].value, 1) != 1 ? -errno : 0;
		if (fd >= 0)
			close(fd);
		if (err)
			return err;
	}
	return 0;
}

static int add_address(const struct routes *r, const struct conf_address *address)
{
	int err = address->ip.family == 6 ? enable_ipv6(r) : 0;

	return err ? err
		   : netlink_add_address(r->netlink, r->ifindex, &address->ip, address->prefix_len);
}

static int add_addresses(struct routes *r)
{
	const struct conf_daemon *conf = r->conf;

	for (size_t i = 0; i < conf->address_count; i++) {
		const struct conf_address *a = &conf->addresses[i];
		char text[INET6_ADDRSTRLEN];
		int err = add_address(r, a);

		if (!err)
			continue;
		inet_ntop(a->ip.family == 4 ? AF_INET : AF_INET6, a->ip.octets, text, sizeof(text));
		log_error(r->log, "%s: can't add address %s/%u: %s%s", conf->netdev, text,
			  a->prefix_len, strerror(-err),
			  err == -ENOENT ? " (this machine has no IPv6)" : "");
		return err;
	}
	return 0;
}

struct stale {
	size_t count;
	struct netlink_route *list;
};

static int take_stale(void *context, const struct netlink_route *route)
{
	struct stale *stale = context;
	struct netlink_route *grown;

	if (route->type != NETLINK_VIA)
		return 0;
	grown = realloc(stale->list, (stale->count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	stale->list = grown;
	grown[stale->count++] = *route;
	return 0;
}

/* Without a netdev no interface takes along what one that ended has left. */
static int remove_ways(const struct routes *r)
{
	struct stale stale = {0};
	int err = netlink_own_routes(r->netlink, take_stale, &stale);

	for (size_t i = 0; i < stale.count; i++)
		netlink_delete_route(r->netlink, &stale.list[i]);
	free(stale.list);
	if (err)
		log_error(r->log, "routes can't be read: %s", strerror(-err));
	return err;
}

int routes_open(const struct conf_daemon *conf, const struct log *log, struct closing *closing,
		struct routes **out)
{
	struct routes *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	r->log = log;
	r->conf = conf;
	r->closing = closing;
	r->netlink = closing_netlink(closing);
	*out = r;
	if (!conf->netdev[0])
		return remove_ways(r);
	r->ifindex = if_nametoindex(conf->netdev);
	err = remains_mark_daemon(r->netlink, r->ifindex, conf->socket);
	if (err)
		log_error(log, "%s: can't be marked as raveld's: %s", conf->netdev, strerror(-err));
	else
		err = add_addresses(r);
	if (err) {
		routes_close(r);
		*out = NULL;
	}
	return err;
}

void routes_close(struct routes *r)
{
	struct way *way = r ? r->ways : NULL, *next;

	if (!r)
		return;
	if (!r->ifindex)
		remove_ways(r);
	HASH_CLEAR(hh, r->ways);
	for (; way; way = next) {
		next = way->hh.next;
		free(way->local_ts);
		free(way);
	}
	free(r);
}

unsigned int routes_ifindex(const struct routes *r)
{
	return r->ifindex;
}

/* Without a netdev an address is on no wire. */
static unsigned int home_of_addresses(const struct routes *r)
{
	return r->ifindex ? r->ifindex : if_nametoindex("lo");
}

/* Is it the netdev? Without one each interface is as good. */
static bool is_ours(const struct routes *r, unsigned int ifindex)
{
	return !r->ifindex || ifindex == r->ifindex;
}

int routes_add_address(struct routes *r, const struct ike_addr *address)
{
	const struct rvl_local *local = closing_local(r->closing);
	const struct rvl_addr ip = ike_addr_ip(address);

	for (size_t i = 0; i < local->address_count; i++)
		if (rvl_addr_equal(&local->addresses[i], &ip))
			return -EEXIST;
	if (ip.family == 6) {
		int err = enable_ipv6(r);

		if (err)
			return err;
	}
	return netlink_add_address(r->netlink, home_of_addresses(r), &ip,
				   rvl_family_bits(ip.family));
}

int routes_remove_address(struct routes *r, const struct ike_addr *address)
{
	const struct rvl_addr ip = ike_addr_ip(address);

	return netlink_delete_address(r->netlink, home_of_addresses(r), &ip,
				      rvl_family_bits(ip.family));
}

static bool within(const struct rvl_addr *address, const struct ike_ts_list *list)
{
	const size_t len = address->family == 4 ? 4 : 16;

	for (unsigned int i = 0; i < list->count; i++)
		if (list->list[i].family == address->family &&
		    memcmp(address->octets, list->list[i].first, len) >= 0 &&
		    memcmp(address->octets, list->list[i].last, len) <= 0)
			return true;
	return false;
}

/* One of the host's addresses that the tunnel takes as source; of family 0 when there is none. */
static struct rvl_addr find_source(const struct routes *r, uint8_t family,
				   const struct ike_ts_list *local_ts)
{
	const struct rvl_local *local = closing_local(r->closing);

	for (size_t i = 0; i < local->address_count; i++) {
		const struct rvl_addr *address = &local->addresses[i];

		if (address->family == family && !rvl_addr_is_loopback(address) &&
		    within(address, local_ts))
			return *address;
	}
	return (struct rvl_addr){0};
}

/* Set the route, unless it would lead what is connected into the tunnel. */
static int apply(struct routes *r, const struct netlink_route *route)
{
	struct netlink_route any = *route;
	int err;

	if (!closing_exempts(r->closing, route->dst))
		return netlink_set_route(r->netlink, route);
	/* It may have been set with another source. */
	any.source = (struct rvl_addr){0};
	err = netlink_delete_route(r->netlink, &any);
	return err == -ESRCH ? 0 : err;
}

static struct way_key key_of(const struct rvl_prefix *network, uint32_t table)
{
	struct way_key key = {.network = *network};

	static_assert(sizeof(key) == sizeof(*network) + sizeof(table), "no octets between");
	memcpy(key.table, &table, sizeof(table));
	return key;
}

static struct way *way_to(const struct routes *r, const struct rvl_prefix *network, uint32_t table)
{
	const struct way_key key = key_of(network, table);
	struct way *way;

	HASH_FIND(hh, r->ways, &key, sizeof(key), way);
	return way;
}

static struct way *way_new(struct routes *r, const struct rvl_prefix *network, uint32_t table)
{
	struct way *way = calloc(1, sizeof(*way));

	if (!way)
		return NULL;
	way->key = key_of(network, table);
	HASH_ADD(hh, r->ways, key, sizeof(way->key), way);
	if (way->hh.tbl)
		return way;
	free(way);
	return NULL;
}

static void way_free(struct routes *r, struct way *way)
{
	HASH_DELETE(hh, r->ways, way);
	free(way->local_ts);
	free(way);
}

/* Whatever the kernel has by now, it has this one afterwards. */
static int set(struct routes *r, const struct netlink_route *route, const struct ike_addr *peer,
	       const struct ike_ts_list *local_ts)
{
	struct ike_ts_kept *kept = ike_ts_keep(local_ts);
	struct way *way;
	int err;

	way = way_to(r, &route->dst, route->table);
	if (!way)
		way = way_new(r, &route->dst, route->table);
	err = way && kept ? apply(r, route) : -ENOMEM;
	if (err) {
		free(kept);
		if (way && !way->local_ts)
			way_free(r, way);
		return err;
	}
	free(way->local_ts);
	way->local_ts = kept;
	way->route = *route;
	way->peer = *peer;
	way->forgotten = false;
	return 0;
}

void routes_restore(struct routes *r)
{
	for (struct way *way = r->ways; way; way = way->hh.next) {
		const struct ike_ts_list local_ts = ike_ts_kept(way->local_ts);
		int err;

		way->route.source = find_source(r, way->route.dst.address.family, &local_ts);
		err = apply(r, &way->route);
		/* Down: there is a next time. */
		if (err)
			log_debug(r->log, "%s: routes can't be set: %s", r->conf->netdev,
				  strerror(-err));
	}
}

/* As an IKE message of ours finds it; source NULL: from where the kernel chooses. */
static int find_hop(const struct routes *r, const struct ike_addr *peer,
		    const struct ike_addr *source, struct netlink_hop *hop)
{
	const struct rvl_addr dst = ike_addr_ip(peer);
	const struct rvl_addr src = source ? ike_addr_ip(source) : dst;

	if (src.family != dst.family)
		return -EAFNOSUPPORT;
	return netlink_find_hop(r->netlink, r->conf->port, &dst, source ? &src : NULL, hop);
}

/* The next hop of a route; there is no IPv6 one by IPv4. */
static struct rvl_addr gateway_of(const struct netlink_hop *hop, const struct rvl_prefix *dst)
{
	return dst->address.family == 6 && hop->gateway.family == 4 ? neighbour_of(&hop->gateway)
								    : hop->gateway;
}

void routes_follow(struct routes *r)
{
	struct rvl_addr gateway;
	struct ike_addr peer = {0};
	struct netlink_hop hop;
	char text[IKE_ADDR_TEXT];
	bool found = false;
	int err;

	for (struct way *way = r->ways; way; way = way->hh.next) {
		/* Many a peer has more than one. */
		if (!ike_addr_same_ip(&peer, &way->peer)) {
			peer = way->peer;
			found = !find_hop(r, &peer, NULL, &hop);
		}
		/* Without a next hop through the netdev the old one is as good as any. */
		if (!found || !is_ours(r, hop.ifindex))
			continue;
		gateway = gateway_of(&hop, &way->route.dst);
		if (rvl_addr_equal(&gateway, &way->route.gateway))
			continue;
		way->route.gateway = gateway;
		way->route.ifindex = hop.ifindex;
		ike_addr_text(&peer, text, sizeof(text));
		err = apply(r, &way->route);
		if (err)
			log_warning(r->log, "%s: a route can't follow the next hop of %s: %s",
				    r->conf->netdev, text, strerror(-err));
		else
			log_debug(r->log, "%s has another next hop now", text);
	}
}

bool routes_local_address(const struct routes *r, const struct ike_addr *peer,
			  struct ike_addr *local)
{
	struct netlink_hop hop;

	if (find_hop(r, peer, NULL, &hop) || !hop.source.family)
		return false;
	*local = ike_addr_of(&hop.source, r->conf->port);
	return true;
}

/* From `source`, or what the kernel chooses, if there is room and it isn't known already. */
static void find_way(const struct routes *r, const struct ike_addr *peer,
		     const struct ike_addr *source, struct ike_ways_job *ways)
{
	struct ike_pair way = {.remote = *peer};
	struct netlink_hop hop;

	if (ways->count == IKE_WAYS_MAX || find_hop(r, peer, source, &hop) || !hop.source.family ||
	    !is_ours(r, hop.ifindex))
		return;
	way.local = ike_addr_of(&hop.source, 0);
	for (unsigned int i = 0; i < ways->count; i++)
		if (ike_addr_same_ip(&ways->ways[i].local, &way.local) &&
		    ike_addr_same_ip(&ways->ways[i].remote, peer))
			return;
	ways->ways[ways->count++] = way;
}

struct own {
	const struct routes *routes;
	unsigned int loopback;
	struct ike_own_addr *list;
	unsigned int count;
};

static int add_own(void *context, unsigned int ifindex, const struct rvl_addr *address)
{
	struct own *own = context;
	struct ike_own_addr *grown =
		realloc(own->list, (own->count + 1) * sizeof(struct ike_own_addr));

	if (!grown)
		return -ENOMEM;
	own->list = grown;
	grown[own->count++] = (struct ike_own_addr){
		.addr = ike_addr_of(address, 0),
		.offered = is_ours(own->routes, ifindex) && ifindex != own->loopback,
	};
	return 0;
}

struct ike_own_addr *routes_own_addresses(const struct routes *r, unsigned int *count)
{
	struct own own = {
		.routes = r, .loopback = if_nametoindex("lo"), .list = malloc(sizeof(*own.list))};

	if (!own.list || netlink_addresses(r->netlink, add_own, &own)) {
		free(own.list);
		return NULL;
	}
	*count = own.count;
	return own.list;
}

void routes_find_ways(const struct routes *r, struct ike_ways_job *ways)
{
	const struct ike_addr *only = ways->local.family ? &ways->local : NULL;
	unsigned int count = 0;
	struct ike_own_addr *own;

	for (unsigned int i = 0; i < ways->remote_count; i++)
		find_way(r, &ways->remotes[i], only, ways);
	own = only ? NULL : routes_own_addresses(r, &count);
	for (unsigned int i = 0; own && i < ways->remote_count; i++)
		for (unsigned int k = 0; k < count; k++)
			if (own[k].offered)
				find_way(r, &ways->remotes[i], &own[k].addr, ways);
	free(own);
}

/* With a netdev frames must find it. The kernel's ESP takes packets wherever they are sent, if only
 * they are sent, and from an address that suits. */
static bool is_needed(const struct routes *r, const struct netlink_route *route,
		      const struct ike_ts_list *local_ts)
{
	struct rvl_addr dst = route->dst.address;
	struct netlink_hop hop;

	if (r->ifindex)
		return true;
	/* An address that packets may have. */
	if (route->dst.len < rvl_family_bits(dst.family))
		dst.octets[dst.family == 6 ? 15 : 3] |= 1;
	if (netlink_find_hop(r->netlink, 0, &dst, NULL, &hop))
		return true;
	return route->source.family && !within(&hop.source, local_ts);
}

int routes_add(struct routes *r, const struct ike_addr *peer, const struct ike_ts_list *local_ts,
	       const struct ike_ts_list *remote_ts, char reason[ROUTES_REASON])
{
	struct netlink_route route = {.type = NETLINK_VIA};
	struct rvl_selectors selectors;
	char text[IKE_ADDR_TEXT];
	struct netlink_hop hop;
	int err;

	if (!r->conf->install_routes || rvl_selectors_of(local_ts, remote_ts, &selectors))
		return 0;
	ike_addr_text(peer, text, sizeof(text));
	err = closing_reach(r->closing, peer);
	if (!err)
		err = find_hop(r, peer, NULL, &hop);
	if (err) {
		snprintf(reason, ROUTES_REASON, "no route to the peer %s: %s", text,
			 strerror(-err));
		return err;
	}
	if (!is_ours(r, hop.ifindex)) {
		snprintf(reason, ROUTES_REASON, "the route to the peer %s doesn't lead through %s",
			 text, r->conf->netdev);
		return -ENETUNREACH;
	}
	err = closing_add(r->closing, local_ts, remote_ts);
	if (err) {
		snprintf(reason, ROUTES_REASON, "other ways to its networks can't be closed: %s",
			 strerror(-err));
		return err;
	}
	route.ifindex = hop.ifindex;
	for (size_t i = 0; !err && i < selectors.count; i++) {
		const uint8_t family = rvl_selector_family(&selectors.list[i]);

		route.dst = selectors.list[i].dst;
		route.table = closing_table(r->closing, &selectors.list[i]);
		route.gateway = gateway_of(&hop, &route.dst);
		route.source = find_source(r, family, local_ts);
		if (!is_needed(r, &route, local_ts))
			continue;
		if (family == 6)
			err = enable_ipv6(r);
		if (err)
			break;
		err = set(r, &route, peer, local_ts);
		if (!err)
			continue;
		rvl_prefix_text(&route.dst, text);
		snprintf(reason, ROUTES_REASON, "can't add a route to %s: %s", text,
			 strerror(-err));
	}
	return err;
}

static struct way *way_of(const struct routes *r, const struct rvl_selector *selector)
{
	return way_to(r, &selector->dst, closing_table(r->closing, selector));
}

void routes_forget(struct routes *r, const struct ike_ts_list *local_ts,
		   const struct ike_ts_list *remote_ts)
{
	struct rvl_selectors selectors;

	if (rvl_selectors_of(local_ts, remote_ts, &selectors))
		return;
	for (size_t i = 0; i < selectors.count; i++) {
		struct way *way = way_of(r, &selectors.list[i]);

		if (way)
			way->forgotten = true;
	}
}

bool routes_lack(const struct routes *r, const struct ike_ts_list *local_ts,
		 const struct ike_ts_list *remote_ts)
{
	struct rvl_selectors selectors;

	if (rvl_selectors_of(local_ts, remote_ts, &selectors))
		return false;
	for (size_t i = 0; i < selectors.count; i++) {
		const struct way *way = way_of(r, &selectors.list[i]);

		if (!way || way->forgotten)
			return true;
	}
	return false;
}

void routes_remove(struct routes *r)
{
	struct way *way = r->ways, *next;

	for (; way; way = next) {
		int err;

		next = way->hh.next;
		if (!way->forgotten)
			continue;
		err = netlink_delete_route(r->netlink, &way->route);
		/* Where it led, the data path discards. */
		if (err && err != -ESRCH)
			log_warning(r->log, "%s: a route can't be removed: %s", r->conf->netdev,
				    strerror(-err));
		way_free(r, way);
	}
}
