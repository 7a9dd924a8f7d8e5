/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ways of what is configured to pass or to be dropped (mode = pass, mode = drop), where a tunnel's
 * way is wider: what passes finds its own in table main, whatever interface that leads by, and what
 * is to be dropped has none. In the data path the narrowest selector decides about a packet; so it
 * is here, by rules before all that lead to a tunnel:
 *
 * KEPT: what is narrower than a shunt that it is within, or as narrow, isn't the shunt's, whatever
 * its source and ports: it is led as if there were none.
 *
 * BROUGHT: what a tunnel has brought is the data path's to judge, and doesn't pass.
 *
 * PASSED: by table main.
 *
 * DROPPED: prohibited; of a port also what a router sees no ports of.
 *
 * Only what lies within something wider that is protected or dropped needs to be led past it. A
 * rule can say neither types of ICMP messages nor OPAQUE ports: such a shunt has none, and what is
 * led to the netdev passes or is dropped there. So it is with more than SHUNTS_MAX, and with one
 * that has more than KEPT_MAX others within it, for the kernel walks its rules.
 */
#ifndef RVL_RAVELD_SHUNTS_H
#define RVL_RAVELD_SHUNTS_H

#include "host/conf/conf.h"
#include "host/raveld/remains.h"
#include "host/sa/inbound.h"

#define SHUNTS_MAX 64
#define SHUNTS_KEPT_MAX 64

struct shunt {
	struct rvl_selector what;
	const struct conf_shunt *conf;
	bool pass;    /* else drop */
	bool needed;  /* it is within something wider */
	bool crowded; /* it has no rules, as they would be too many */
};

struct shunts {
	struct shunt list[SHUNTS_MAX];
	size_t count;
	struct rvl_selector kept[SHUNTS_KEPT_MAX];
	size_t kept_count;
	const struct conf_shunt *beyond; /* the first one that there was no room for; or NULL */
	unsigned int changes;		 /* by shunts_keep() */
};

/* All that are configured. Nothing is within or around them yet. */
void shunts_configure(struct shunts *shunts, const struct conf *conf);

/* This is protected: what of shunts is within it needs a way past it, */
void shunts_pass_by(struct shunts *shunts, const struct rvl_selector *wide);

/* and what of it is within shunts isn't theirs. All of the above come before. */
void shunts_keep(struct shunts *shunts, const struct rvl_selector *narrow);

/* May all that goes to this network be dropped? */
bool shunts_shut(const struct shunts *shunts, struct rvl_prefix network);

/* All rules that are wanted: ways out only if `open`. 0 or -ENOMEM. */
int shunts_rules(const struct shunts *shunts, bool open, const struct rvl_local *local,
		 const struct conf_daemon *conf, struct remains *wanted);

#endif
