/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which packets are led to which table of ways: by source, protocol and ports as selectors have
 * them, so that nothing else goes the way of a tunnel. In a table it is the destination that
 * counts, and there the narrowest network.
 *
 * What comes in by raveld's own netdev is led there whatever its source: a tunnel may have brought
 * it, whose own network is gone.
 *
 * Selectors that differ in nothing but their source share a table where one source holds the other;
 * those without protocol and ports come after those with. What sends without a source, as the host
 * itself does mostly, is led to the table of each where an address of the host's is a source that
 * the tunnel takes, and to a dead end where there is none: it doesn't go elsewhere.
 *
 * A rule of the kernel's sees ports of whole packets, from 1 to 65534. What doesn't show them (a
 * later fragment that is forwarded, and there the first one), or shows others, may be the tunnel's,
 * and is led there. Types of ICMP messages are seen by no rule: all of the protocol is led there.
 *
 * The kernel walks rules one after the other. With more than STEERS_MAX of a family all of it is
 * led to one table, whatever its source, protocol and ports.
 */
#ifndef RVL_RAVELD_STEERING_H
#define RVL_RAVELD_STEERING_H

#include "host/conf/conf.h"
#include "host/raveld/remains.h"
#include "host/sa/inbound.h"

#define STEERS_MAX 64

/* Rules in their order, by what is added to the priority that is configured. */
enum steering_stage {
	IKE = -14,
	KEPT = -13,	   /* what isn't a shunt's, though it is within one (shunts.h) */
	BROUGHT = -12,	   /* what a tunnel has brought, past the next ones */
	PASSED = -11,	   /* what passes its own way */
	PASSED_SKIP = -10, /* IPv6: what has another source goes on behind the next one */
	PASSED_NEW = -9,   /* what has no source yet */
	DROPPED = -8,	   /* what is to be dropped, */
	DROPPED_SEEN = -7, /* what of it shows its ports goes on behind the next one */
	DROPPED_UNSEEN = -6,
	FLOWS = -5,	   /* protocols and ports that are seen, by source */
	FLOWS_SKIP = -4,   /* IPv6: what has another source goes on behind the next ones */
	FLOWS_NEW = -3,	   /* IPv6: what has no source yet */
	FLOWS_SEEN = -2,   /* what shows its ports goes on behind the next ones */
	FLOWS_UNSEEN = -1, /* what doesn't */
	PLAIN = 0,	   /* the same without protocol and ports */
	PLAIN_SKIP = 1,
	PLAIN_NEW = 2,
	EXEMPT = 3,	/* what is thrown finds what is connected, */
	EXEMPT_END = 4, /* or nothing */
};

struct steer {
	struct rvl_selector what; /* its destination is everything */
	bool unseen;		  /* only what doesn't show its ports */
	uint32_t table;
	uint32_t closed_table; /* with nothing but dead ends */
};

struct steering {
	struct steer *list;
	size_t count;
	bool crowded[2]; /* IPv4, IPv6: one stands for all of it */
};

void steering_free(struct steering *steering);

/* One more selector that is configured: all of them come before what follows. 0 or -ENOMEM. */
int steering_add(struct steering *steering, const struct rvl_selector *selector);

/* A rule of this stage that says nothing of packets but their family. */
struct netlink_rule steering_rule(const struct conf_daemon *conf, enum steering_stage stage,
				  uint8_t family, enum netlink_rule_type type);

/* This rule leads to those of another stage, to one that says nothing. 0 or -ENOMEM. */
int steering_goto(const struct conf_daemon *conf, struct netlink_rule rule, enum steering_stage to,
		  struct remains *wanted);

/* What rules can say of these ports: all but 0 and 65535. False: none are left. */
bool steering_ports(uint16_t first, uint16_t last, struct netlink_ports *ports);

/* Give each its table: the one that it had, `first` to one of each family, others a number that
 * depends on what it is. */
void steering_settle(struct steering *steering, const struct steering *before, uint32_t first);

/* One for a selector that only an SA has taught, which may be one that there is. -E2BIG: there are
 * too many others; -ENOMEM. */
int steering_learn(struct steering *steering, const struct rvl_selector *selector, uint32_t first);

/* The one that leads packets of this selector; NULL: none does. */
const struct steer *steering_of(const struct steering *steering,
				const struct rvl_selector *selector);

/* Has the host an address that is a source of it? */
bool steering_has_source(const struct steer *steer, const struct rvl_local *local);

/* All rules that are wanted, where `ends` has routes in their tables. 0 or -ENOMEM. */
int steering_rules(const struct steering *steering, const struct rvl_local *local,
		   const struct remains *ends, const struct conf_daemon *conf,
		   struct remains *wanted);

#endif
