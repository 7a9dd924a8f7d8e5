/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What raveld has set in the kernel's routing and what outlives it: rules, dead ends, throw routes,
 * all of NETLINK_PROTOCOL; and whether there is a raveld at the moment. raveld and ravelctl both
 * look at it this way, so that neither has to know what the other one, or an earlier one with
 * another configuration, has done.
 */
#ifndef RVL_RAVELD_REMAINS_H
#define RVL_RAVELD_REMAINS_H

#include <stddef.h>

#include "host/raveld/netlink.h"
#include "host/raveld/prefix_map.h"

struct remains {
	struct netlink_rule *rules;
	size_t rule_count;
	struct netlink_route *routes;
	size_t route_count;
	struct prefix_map by_network; /* routes */
};

/* Read all there is; to be freed also on error. 0 or -errno. */
int remains_read(struct netlink *netlink, struct remains *remains);
void remains_free(struct remains *remains);

/* 0 or -ENOMEM. */
int remains_add_rule(struct remains *remains, const struct netlink_rule *rule);
int remains_add_route(struct remains *remains, const struct netlink_route *route);

/* The same, unless it is there. */
int remains_want_rule(struct remains *remains, const struct netlink_rule *rule);

/* Is one like it among them? Of a route its type, table, destination and metric count. */
bool remains_has_rule(const struct remains *remains, const struct netlink_rule *rule);
bool remains_has_route(const struct remains *remains, const struct netlink_route *route);

/* Is there a dead end for all of this network? One of this family? */
bool remains_shut(const struct remains *remains, struct rvl_prefix network);
bool remains_shut_any(const struct remains *remains, uint8_t family);

/* Of the routes in a table to all of this network, one of the narrowest; NULL: there is none. */
const struct netlink_route *remains_narrowest(const struct remains *remains, uint32_t table,
					      struct rvl_prefix network);

/* As `ip rule` and `ip route` write them, with their table. */
#define REMAINS_TEXT 256
void remains_rule_text(const struct netlink_rule *rule, char text[REMAINS_TEXT]);
void remains_route_text(const struct netlink_route *route, char text[REMAINS_TEXT]);

/* Told of each that was removed, and of one that couldn't be (err not 0), which ends it. */
typedef void remains_told_fn(void *context, const char *text, int err);

/* Remove these: rules first, for they alone make the routes count. 0 or -errno. */
int remains_release(struct netlink *netlink, const struct remains *remains, remains_told_fn *told,
		    void *context);

/* A running raveld marks its netdev, which is alone in its group. */
#define NETDEV_GROUP 4303
struct remains_daemon {
	char netdev[16];
	char socket[108]; /* where ravelctl reaches it */
};

int remains_mark_daemon(struct netlink *netlink, unsigned int ifindex, const char *socket);

/* 1: one runs, and *daemon is set; 0: none; or -errno. */
int remains_find_daemon(struct netlink *netlink, struct remains_daemon *daemon);

#endif
