/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses, routes and routing rules, by rtnetlink. Of which family a route or a rule is, its
 * destination says. */
#ifndef RVL_RAVELD_NETLINK_H
#define RVL_RAVELD_NETLINK_H

#include <stdbool.h>
#include <stdint.h>

#include "host/esp/prefix.h"

/* The routing protocol that all routes and rules set here carry, and nobody else's: whatever else
 * is in a table, ours are found. */
#define NETLINK_PROTOCOL 143

struct netlink;

/* All return 0 or -errno, as the kernel answers. */
int netlink_open(struct netlink **netlink);
void netlink_close(struct netlink *netlink);

/* One of IPv6 can be used at once: nobody is asked whether he has it, too. */
int netlink_add_address(struct netlink *netlink, unsigned int ifindex,
			const struct rvl_addr *address, uint8_t prefix_len);

/* -EADDRNOTAVAIL: it isn't there. */
int netlink_delete_address(struct netlink *netlink, unsigned int ifindex,
			   const struct rvl_addr *address, uint8_t prefix_len);

enum netlink_route_type {
	NETLINK_VIA,
	NETLINK_UNREACHABLE, /* a dead end */
	NETLINK_THROW,	     /* what it leads to is looked for in the rules' next table */
};

struct netlink_route {
	enum netlink_route_type type; /* the last three members are NETLINK_VIA's */
	uint32_t table;
	struct rvl_prefix dst;
	uint32_t metric;	 /* of two for one destination the lower one is taken */
	struct rvl_addr gateway; /* of IPv4's it may be IPv6 */
	struct rvl_addr source;	 /* family 0: none */
	unsigned int ifindex;
};

/* Add or replace, and delete one of ours. */
int netlink_set_route(struct netlink *netlink, const struct netlink_route *route);
int netlink_delete_route(struct netlink *netlink, const struct netlink_route *route);

struct netlink_hop {
	struct rvl_addr gateway; /* the destination itself when it is on the link */
	struct rvl_addr source;	 /* family 0: none */
	unsigned int ifindex;
};

/* How the kernel reaches an address of either family from UDP port `port` of ours, and from this
 * source, unless that is NULL; -EINVAL when it isn't the host's. */
int netlink_find_hop(struct netlink *netlink, uint16_t port, const struct rvl_addr *dst,
		     const struct rvl_addr *source, struct netlink_hop *hop);

enum netlink_rule_type {
	NETLINK_LOOKUP,	     /* in a table */
	NETLINK_AT_LEAST,    /* so if the route found there has a prefix of this length or longer */
	NETLINK_NOT_FURTHER, /* unreachable */
	NETLINK_PROHIBIT,    /* the same, of what may not be */
	NETLINK_GOTO,	     /* the rules of another priority, of which there is one, are next */
	NETLINK_NOP,	     /* where such a one leads */
};

/* By which the host itself sends. */
#define NETLINK_OWN "lo"

/* From the first to the last; 0: any. */
struct netlink_ports {
	uint16_t first;
	uint16_t last;
};

/* Of what it says of packets all has to hold. */
struct netlink_rule {
	enum netlink_rule_type type;
	uint32_t priority;
	uint32_t table;	 /* with NETLINK_LOOKUP and NETLINK_AT_LEAST */
	uint32_t number; /* length, or priority */
	/* Both of one family, of length 0: any. IPv4's 0.0.0.0/32 is what has no source yet; IPv6
	 * matches such by no source at all. */
	struct rvl_prefix src;
	struct rvl_prefix dst;
	char iif[16];	  /* of what comes in by this interface, NETLINK_OWN or "": any */
	uint32_t passing; /* unless 0: what a way by an interface of this group is found for goes on
			   */
	bool unsourced;	  /* IPv6: what has no source yet is as good as what is within src */
	uint8_t protocol; /* 0: any */
	struct netlink_ports sport;
	struct netlink_ports dport;
};

bool netlink_rule_equal(const struct netlink_rule *a, const struct netlink_rule *b);

/* One beside others' that say the same. */
int netlink_add_rule(struct netlink *netlink, const struct netlink_rule *rule);
int netlink_delete_rule(struct netlink *netlink, const struct netlink_rule *rule);

/* Listings end at the first error, the callback's too. It must not use the netlink. */
typedef int netlink_route_fn(void *context, const struct netlink_route *route);
typedef int netlink_rule_fn(void *context, const struct netlink_rule *rule);
typedef int netlink_address_fn(void *context, unsigned int ifindex, const struct rvl_addr *address);

struct netlink_link {
	unsigned int ifindex;
	unsigned int below;  /* what it is made on (a VLAN, say), and */
	unsigned int master; /* the bridge or bond that it is a port of; 0: nothing */
	const char *name;
	const char *alias; /* or "" */
	bool up;
};

typedef int netlink_link_fn(void *context, const struct netlink_link *link);

/* Those of NETLINK_PROTOCOL, in any table, of both families. */
int netlink_own_routes(struct netlink *netlink, netlink_route_fn *fn, void *context);
int netlink_own_rules(struct netlink *netlink, netlink_rule_fn *fn, void *context);

/* Connected networks: what the kernel itself put into table main for an interface's address, but
 * for those that are only for a link. */
int netlink_connected(struct netlink *netlink, netlink_route_fn *fn, void *context);

/* The host's own addresses, of either family; without those of a link. */
int netlink_addresses(struct netlink *netlink, netlink_address_fn *fn, void *context);

/* Interfaces, and giving one an alias and a group. */
int netlink_links(struct netlink *netlink, netlink_link_fn *fn, void *context);
int netlink_mark(struct netlink *netlink, unsigned int ifindex, const char *alias, uint32_t group);

/* A non-blocking descriptor that is readable when something of the following may have changed; to
 * be closed. */
int netlink_watch(void);

struct netlink_changes {
	bool link;  /* the interface asked about */
	bool local; /* addresses and connected networks */
	bool taken; /* a route or rule of ours is gone */
	bool hops;  /* others' routes of either family, or rules, so next hops */
};

/* Take from it what has come: true is "may be". */
struct netlink_changes netlink_take_changes(int fd, unsigned int ifindex);

#endif
