/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way into the tunnels: routes to the remote networks in the table that closing.h closes,
 * through the netdev and via the peer's next hop, so that frames carry the right MAC addresses.
 * They stay until the netdev goes: a flow whose SA is down is discarded by its policy and doesn't
 * find another way out. When the netdev goes down the kernel forgets them, and they are set again
 * when it is up; meanwhile there are the dead ends below them. Without a netdev (backend xfrm) the
 * kernel's policies do all that; then there are routes only where it lacks one, and as long as
 * there is a raveld.
 */
#ifndef RVL_RAVELD_ROUTES_H
#define RVL_RAVELD_ROUTES_H

#include "host/conf/conf.h"
#include "host/ike/ike.h"
#include "host/ike/ts.h"
#include "host/raveld/closing.h"
#include "host/raveld/log.h"

#define ROUTES_REASON 160

struct routes;

/* Mark the netdev as raveld's and give it its addresses. Returns 0, or -errno with the reason in
 * the log. The closing stays the caller's. */
int routes_open(const struct conf_daemon *conf, const struct log *log, struct closing *closing,
		struct routes **routes);

/* NULL is fine. */
void routes_close(struct routes *routes);

/* The netdev's; 0: there is none. */
unsigned int routes_ifindex(const struct routes *routes);

/*
 * Give the netdev another address, with a prefix of 32 bits, and take it away. -EEXIST: the host
 * has it already; or -errno.
 */
int routes_add_address(struct routes *routes, const struct ike_addr *address);
int routes_remove_address(struct routes *routes, const struct ike_addr *address);

/* Set all that the kernel may have forgotten. */
void routes_restore(struct routes *routes);

/* Peers may have other next hops now: what led by the old ones leads by the new ones. */
void routes_follow(struct routes *routes);

/* Our address on the way to the peer, as the kernel chooses it for IKE; false when there is none.
 */
bool routes_local_address(const struct routes *routes, const struct ike_addr *peer,
			  struct ike_addr *local);

/*
 * From where the peer's addresses are reached through the netdev. The address that the kernel
 * chooses for each comes first, then the other ones that it would take.
 */
void routes_find_ways(const struct routes *routes, struct ike_ways_job *ways);

/* The host's addresses; peers may be told of those of the netdev. NULL without memory; the caller
 * frees it. */
struct ike_own_addr *routes_own_addresses(const struct routes *routes, unsigned int *count);

/*
 * Lead to the remote networks of a child by its peer, and close other ways to them; the local
 * selectors say which source addresses suit. Without a netdev only where the kernel has no way, or
 * one with another source. 0, or -errno with the reason: their traffic wouldn't
 * reach the tunnel. Nothing is done if the configuration doesn't want it.
 */
int routes_add(struct routes *routes, const struct ike_addr *peer,
	       const struct ike_ts_list *local_ts, const struct ike_ts_list *remote_ts,
	       char reason[ROUTES_REASON]);

/*
 * What leads to these networks isn't wanted any more, until it is by another routes_add(). Those
 * that nobody wants go by routes_remove(), for all that a child doesn't have leads nowhere.
 */
void routes_forget(struct routes *routes, const struct ike_ts_list *local_ts,
		   const struct ike_ts_list *remote_ts);
bool routes_lack(const struct routes *routes, const struct ike_ts_list *local_ts,
		 const struct ike_ts_list *remote_ts);
void routes_remove(struct routes *routes);

#endif
