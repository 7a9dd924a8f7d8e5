// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/local.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>

/* Interfaces, by their indices. */
struct set {
	unsigned int *list;
	size_t count;
};

static int add(struct set *set, unsigned int ifindex)
{
	unsigned int *grown = realloc(set->list, (set->count + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	set->list = grown;
	grown[set->count++] = ifindex;
	return 0;
}

static bool has(const struct set *set, unsigned int ifindex)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->list[i] == ifindex)
			return true;
	return false;
}

struct reading {
	struct rvl_local *local;
	unsigned int netdev; /* 0: it isn't there */
	struct set wire;     /* our netdev, what is made on it, and what it is a port of */
	struct set down;     /* nobody sends from their addresses */
};

static int take_link(void *context, const struct netlink_link *link)
{
	struct reading *r = context;
	int err = link->up ? 0 : add(&r->down, link->ifindex);

	if (!err && r->netdev && link->ifindex == r->netdev && link->master)
		err = add(&r->wire, link->master);
	if (!err && r->netdev && (link->ifindex == r->netdev || link->below == r->netdev))
		err = add(&r->wire, link->ifindex);
	return err;
}

static int take_address(void *context, unsigned int ifindex, const struct rvl_addr *address)
{
	struct reading *r = context;
	struct rvl_local *local = r->local;
	struct rvl_addr *grown;

	if (has(&r->down, ifindex))
		return 0;
	grown = realloc(local->addresses, (local->address_count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	local->addresses = grown;
	grown[local->address_count++] = *address;
	return 0;
}

static int take_network(void *context, const struct netlink_route *route)
{
	struct reading *r = context;
	struct rvl_local *local = r->local;
	struct rvl_prefix *grown;

	if (has(&r->wire, route->ifindex))
		return 0;
	grown = realloc(local->networks, (local->network_count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	local->networks = grown;
	grown[local->network_count++] = route->dst;
	return 0;
}

int local_read(struct netlink *netlink, const struct conf_daemon *conf, struct rvl_local *local)
{
	struct reading r = {.local = local, .netdev = if_nametoindex(conf->netdev)};
	int err;

	*local = (struct rvl_local){0};
	err = netlink_links(netlink, take_link, &r);
	if (!err)
		err = netlink_addresses(netlink, take_address, &r);
	if (!err && conf->exempt_connected)
		err = netlink_connected(netlink, take_network, &r);
	free(r.wire.list);
	free(r.down.list);
	return err;
}

void local_free(struct rvl_local *local)
{
	free(local->addresses);
	free(local->networks);
	free(local->named);
	*local = (struct rvl_local){0};
}
