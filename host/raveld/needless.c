// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/needless.h"

#include <linux/rtnetlink.h>

bool needless_route(const struct netlink_route *route, const struct remains *wanted)
{
	const struct netlink_route *narrowest = remains_narrowest(wanted, route->table, route->dst);

	return narrowest && narrowest->type == NETLINK_UNREACHABLE &&
	       narrowest->dst.len < route->dst.len;
}

static bool same_ports(const struct netlink_ports *a, const struct netlink_ports *b)
{
	return a->first == b->first && a->last == b->last;
}

/* Is all of it led to a wanted dead end? */
static bool is_led(const struct netlink_rule *rule, const struct remains *wanted)
{
	const struct netlink_ports any = {0, 0};

	for (size_t i = 0; i < wanted->rule_count; i++) {
		const struct netlink_rule *lead = &wanted->rules[i];
		const struct netlink_route *end;

		if (lead->type != NETLINK_LOOKUP || lead->table == RT_TABLE_MAIN || *lead->iif ||
		    !rvl_prefix_over(&lead->src, &rule->src) ||
		    (lead->protocol && lead->protocol != rule->protocol) ||
		    !(same_ports(&lead->sport, &rule->sport) || same_ports(&lead->sport, &any)) ||
		    !(same_ports(&lead->dport, &rule->dport) || same_ports(&lead->dport, &any)))
			continue;
		end = remains_narrowest(wanted, lead->table, rule->dst);
		if (end && end->type == NETLINK_UNREACHABLE)
			return true;
	}
	return false;
}

/* Is it about what has no source yet, over IPv4? */
static bool is_unsourced(const struct netlink_rule *rule)
{
	const struct rvl_addr none = {.family = 4};
	const struct rvl_prefix host = rvl_prefix_host(&none);

	return rvl_prefix_equal(&rule->src, &host);
}

/* Does a wanted one say the same, but for where it leads, or for what has no source? */
static bool is_replaced(const struct netlink_rule *rule, const struct remains *wanted)
{
	const bool drops = rule->type == NETLINK_PROHIBIT;
	struct netlink_rule other = *rule;

	if (!drops && rule->type != NETLINK_LOOKUP)
		return false;
	for (size_t i = 0; i < wanted->rule_count; i++) {
		other.table = wanted->rules[i].table;
		other.unsourced = wanted->rules[i].unsourced;
		if (drops && is_unsourced(rule))
			other.src = wanted->rules[i].src;
		if (netlink_rule_equal(&other, &wanted->rules[i]))
			return true;
	}
	return false;
}

bool needless_rule(const struct netlink_rule *rule, const struct remains *wanted)
{
	return is_replaced(rule, wanted) ||
	       (rule->type == NETLINK_PROHIBIT && is_led(rule, wanted));
}
