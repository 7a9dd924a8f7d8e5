// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/peers.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "host/raveld/steering.h"

void peers_free(struct peers *p)
{
	free(p->list);
	prefix_map_free(&p->known);
	*p = (struct peers){0};
}

bool peers_is_rule(const struct netlink_rule *rule)
{
	return rule->type == NETLINK_LOOKUP && rule->table == RT_TABLE_MAIN &&
	       !strcmp(rule->iif, NETLINK_OWN);
}

int peers_add(struct peers *p, const struct ike_addr *peer)
{
	const struct rvl_addr address = ike_addr_ip(peer);
	const struct rvl_prefix host = rvl_prefix_host(&address);
	struct rvl_prefix *grown;
	uint32_t number;
	size_t at = 0;

	if (!peer->family)
		p->any[0] = p->any[1] = true;
	if (!peer->family || p->any[peer->family == 6])
		return 0;
	if (prefix_map_next(&p->known, host, &at, &number))
		return 0;
	grown = realloc(p->list, (p->count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	p->list = grown;
	if (prefix_map_add(&p->known, host, 0))
		return -ENOMEM;
	grown[p->count++] = host;
	return 0;
}

int peers_add_hosts(struct peers *p, const struct ike_hosts *hosts)
{
	const struct ike_addr any = {0};
	int err = hosts->count ? 0 : peers_add(p, &any);

	for (unsigned int i = 0; !err && i < hosts->count; i++) {
		const struct ike_host *host = &hosts->list[i];
		struct ike_addr peer = ike_host_addr(host);

		err = peers_add(p, ike_host_is_address(host) ? &peer : &any);
	}
	return err;
}

/* IKE to a peer, or (of length 0) to any. */
static int want_ike(const struct conf *c, struct rvl_prefix peer, struct remains *wanted)
{
	const struct conf_daemon *conf = &c->daemon;
	struct netlink_rule rule = steering_rule(conf, IKE, peer.address.family, NETLINK_LOOKUP);
	int err;

	rule.table = RT_TABLE_MAIN;
	rule.dst = peer;
	strcpy(rule.iif, NETLINK_OWN);
	rule.protocol = IPPROTO_UDP;
	rule.sport = (struct netlink_ports){conf->port, conf->port};
	err = remains_add_rule(wanted, &rule);
	rule.sport = (struct netlink_ports){conf->port_nat, conf->port_nat};
	if (!err)
		err = remains_add_rule(wanted, &rule);
	rule.protocol = IPPROTO_TCP;
	rule.sport = (struct netlink_ports){conf->port_tcp, conf->port_tcp};
	if (!err && conf->port_tcp)
		err = remains_add_rule(wanted, &rule);
	rule.sport = (struct netlink_ports){0};
	for (size_t i = 0; !err && i < c->tcp_port_count; i++) {
		rule.dport = (struct netlink_ports){c->tcp_ports[i], c->tcp_ports[i]};
		err = remains_add_rule(wanted, &rule);
	}
	return err;
}

int peers_rules(const struct peers *p, peers_shut_fn *shut, const void *context,
		const struct conf *conf, struct remains *wanted)
{
	int err = 0;

	for (uint8_t family = 4; !err && family <= 6; family += 2) {
		const struct rvl_prefix all = rvl_prefix_all(family);

		if (p->any[family == 6] && shut(context, all))
			err = want_ike(conf, all, wanted);
	}
	for (size_t i = 0; !err && i < p->count; i++)
		if (!p->any[p->list[i].address.family == 6] && shut(context, p->list[i]))
			err = want_ike(conf, p->list[i], wanted);
	return err;
}
