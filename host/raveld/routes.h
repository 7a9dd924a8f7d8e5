/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way into the tunnels: routes to the remote networks in a table of their own, through the
 * netdev and via the peer's next hop, so that frames carry the right MAC addresses; and the rule
 * that leads to the table. They stay until the end: a flow whose SA is down is discarded by its
 * policy and doesn't find another way out. When the netdev goes down the kernel forgets them; they
 * are set again when it is up.
 *
 * Below them, with the largest metric, each configured remote network has a dead end, which needs
 * no device: what is to be protected doesn't find another way out while the netdev is down, either.
 * A raveld that is killed leaves the rule and the dead ends behind, so nothing passes in clear. The
 * next one takes the dead ends over and removes them when it ends; the rule it leaves as it found
 * it.
 */
#ifndef RVL_RAVELD_ROUTES_H
#define RVL_RAVELD_ROUTES_H

#include <uv.h>

#include "host/conf/conf.h"
#include "host/ike/addr.h"
#include "host/ike/ts.h"
#include "host/raveld/log.h"

#define ROUTES_REASON 160

struct routes;

/*
 * Give the netdev its addresses, add the rule. Returns 0, or -errno with the reason in the log.
 * What the configuration says isn't wanted isn't done.
 */
int routes_open(uv_loop_t *loop, const struct conf_daemon *conf, const struct log *log,
		struct routes **routes);

/* Removes rule and routes; freed once the loop has run its close callbacks. NULL is fine. */
void routes_close(struct routes *routes);

/* Remember the peer's next hop, for the time when our own routes hide it. */
void routes_learn(struct routes *routes, const struct ike_addr *peer);

/*
 * Lead to the remote networks of a child by its peer; its local selectors say which source
 * addresses suit. 0, or -errno with the reason: their traffic wouldn't reach the tunnel.
 */
int routes_add(struct routes *routes, const struct ike_addr *peer,
	       const struct ike_ts_list *local_ts, const struct ike_ts_list *remote_ts,
	       char reason[ROUTES_REASON]);

/*
 * Dead ends for these networks. None for one that holds the peer (NULL: not known yet) as long as
 * its next hop isn't known, for no IKE would get there. -errno with the reason in the log.
 */
int routes_block(struct routes *routes, const struct ike_addr *peer,
		 const struct ike_ts_list *remote_ts);

/* Does one of our routes lead to this address? */
bool routes_cover(const struct routes *routes, const struct ike_addr *addr);

#endif
