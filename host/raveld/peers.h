/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where IKE is to reach its peers although a tunnel takes what goes there: by rules for our own
 * ports, which is what the bypass policies of the data path say too.
 */
#ifndef RVL_RAVELD_PEERS_H
#define RVL_RAVELD_PEERS_H

#include "host/conf/conf.h"
#include "host/raveld/remains.h"

struct peers {
	bool any[2]; /* of IPv4, of IPv6: they may come from anywhere; then the list doesn't count
		      */
	struct rvl_prefix *list;
	size_t count;
	struct prefix_map known;
};

void peers_free(struct peers *peers);

/* One more; of family 0: any. 0 or -ENOMEM. */
int peers_add(struct peers *peers, const struct ike_addr *peer);

/* Those of a connection. Where they are no addresses, they may be anywhere. The same. */
int peers_add_hosts(struct peers *peers, const struct ike_hosts *hosts);

/* Is something closed there? */
typedef bool peers_shut_fn(const void *context, struct rvl_prefix network);

/* Is this such a rule? */
bool peers_is_rule(const struct netlink_rule *rule);

/* All rules that are wanted. The same. */
int peers_rules(const struct peers *peers, peers_shut_fn *shut, const void *context,
		const struct conf *conf, struct remains *wanted);

#endif
