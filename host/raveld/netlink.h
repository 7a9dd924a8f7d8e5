/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses, routes and the routing rule, by rtnetlink. IPv4 addresses are in host order. */
#ifndef RVL_RAVELD_NETLINK_H
#define RVL_RAVELD_NETLINK_H

#include <stdbool.h>
#include <stdint.h>

struct netlink;

/* 0 or -errno */
int netlink_open(struct netlink **netlink);
void netlink_close(struct netlink *netlink);

/* All return 0 or -errno, as the kernel answers. */
int netlink_add_address(struct netlink *netlink, unsigned int ifindex, uint32_t address,
			uint8_t prefix_len);

struct netlink_route {
	bool unreachable; /* a dead end, for which only table, dst and metric count */
	uint32_t metric;  /* of two for one destination the lower one is taken */
	uint32_t table;
	uint32_t dst;
	uint8_t dst_len;
	uint32_t gateway;
	uint32_t source; /* 0: none */
	unsigned int ifindex;
};

/* Add or replace, and delete. */
int netlink_set_route(struct netlink *netlink, const struct netlink_route *route);
int netlink_delete_route(struct netlink *netlink, const struct netlink_route *route);

/* How the kernel reaches route->dst, into table, gateway (dst itself when it is on the link) and
 * ifindex. */
int netlink_find_route(struct netlink *netlink, struct netlink_route *route);

/* A non-blocking descriptor that is readable when some interface has changed; to be closed. */
int netlink_watch_links(void);

/* Take from it what has come. Has the interface changed, as far as can be said? */
bool netlink_link_changed(int fd, unsigned int ifindex);

/* "from all lookup table"; -EEXIST when there is one of this priority. */
int netlink_add_rule(struct netlink *netlink, uint32_t table, uint32_t priority);
int netlink_delete_rule(struct netlink *netlink, uint32_t table, uint32_t priority);

#endif
