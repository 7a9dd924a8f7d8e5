/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What keeps protected flows from another way out, with or without a raveld: the rule that leads
 * to a table of our own, and in it a dead end for each remote network, with the largest metric, so
 * that the way into the tunnel stands before it as long as there is one. It is set before all else
 * and stays when raveld ends, however it ends; only an operator takes it away.
 *
 * In front of the dead ends lie throw routes: a network that is connected to the host stays
 * reachable though a remote network holds it. Two rules after ours see to it that what is thrown
 * reaches just that network, or nothing once it is gone. Of a connected and a configured network
 * the narrower one decides; when they are the same, the selector names it and it is protected. What
 * is connected behind our own netdev isn't exempt: that is the wire, and policies judge what goes
 * there.
 *
 * And as long as raveld runs, IKE finds its peer in table main although a remote network holds the
 * peer: by rules for our two UDP ports, which is what the bypass policies of the data path say too.
 */
#ifndef RVL_RAVELD_CLOSING_H
#define RVL_RAVELD_CLOSING_H

#include "host/conf/conf.h"
#include "host/raveld/log.h"
#include "host/raveld/remains.h"
#include "host/sa/inbound.h"

struct closing;

/* Nothing is set yet. 0, or -errno with the reason in the log. */
int closing_open(const struct conf *conf, const struct log *log, struct closing **closing);

/* Takes away the rules for IKE, and leaves the rest. NULL is fine. */
void closing_close(struct closing *closing);

/* Routes and addresses are changed through this one. */
struct netlink *closing_netlink(const struct closing *closing);

/* Whoever runs in this network namespace, other than us; NULL: nobody, and what isn't wanted and
 * lets something out is ours to remove. */
const struct remains_daemon *closing_other(const struct closing *closing);

/*
 * Close for all that the configuration names, and warn of what else is closed. ike: let IKE reach
 * its peers. 0, or -errno with the reason in the log.
 */
int closing_close_configured(struct closing *closing, bool ike);

/*
 * The configuration is another one now: all of it is to be closed for, and what SAs taught only as
 * far as closing_learn() says so again. closing_refresh() does it then; dead ends that aren't
 * wanted any more stand until they are released, and peers are reached as before. 0, or -errno with
 * the reason in the log: what was to be closed for is as it was.
 */
int closing_configure(struct closing *closing);
int closing_learn(struct closing *closing, const struct ike_ts_list *local_ts,
		  const struct ike_ts_list *remote_ts);

/* Say what is closed and not wanted. 0 or -errno. */
int closing_warn_of_others(struct closing *closing);

/* Let IKE reach this peer, too; and close for what goes to these networks, too. The same. */
int closing_reach(struct closing *closing, const struct ike_addr *peer);
int closing_add(struct closing *closing, const struct ike_ts_list *local_ts,
		const struct ike_ts_list *remote_ts);

/* Where ways for this selector belong, for which it is closed. */
uint32_t closing_table(const struct closing *closing, const struct rvl_selector *selector);

/* Read anew what is local, and what has been set: what is missing is set. The same. */
int closing_refresh(struct closing *closing);

/* What is local, as closing_refresh() found it. */
const struct rvl_local *closing_local(const struct closing *closing);

/* Is all of the network in a connected one that is exempt, so that no way into a tunnel is to stand
 * before it? */
bool closing_exempts(const struct closing *closing, struct rvl_prefix network);

/* Remove what today's configuration and SAs don't name. 0 or -errno; told of each. */
int closing_release_others(struct closing *closing, remains_told_fn *told, void *context);

#endif
