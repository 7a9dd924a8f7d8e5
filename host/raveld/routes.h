/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way into the tunnels: routes to the remote networks in a table of their own, through the
 * netdev and via the peer's next hop, so that frames carry the right MAC addresses; and the rule
 * that leads to the table. They stay until the end: a flow whose SA is down is discarded by its
 * policy and doesn't find another way out.
 */
#ifndef RVL_RAVELD_ROUTES_H
#define RVL_RAVELD_ROUTES_H

#include "host/conf/conf.h"
#include "host/ike/addr.h"
#include "host/ike/ts.h"
#include "host/raveld/log.h"

struct routes;

/*
 * Give the netdev its addresses, add the rule. Returns 0, or -errno with the reason in the log.
 * What the configuration says isn't wanted isn't done.
 */
int routes_open(const struct conf_daemon *conf, const struct log *log, struct routes **routes);

/* Removes rule and routes. NULL is fine. */
void routes_close(struct routes *routes);

/*
 * Lead to the remote networks of a child by its peer; its local selectors say which source
 * addresses suit. Failures are logged: as warnings, or below when `try` says that it is early.
 */
void routes_add(struct routes *routes, const struct ike_addr *peer,
		const struct ike_ts_list *local_ts, const struct ike_ts_list *remote_ts, bool try);

#endif
