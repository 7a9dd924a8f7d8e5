// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/remains.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIAS "raveld, control socket "

/* A list with room for one more, doubled whenever the count is a power of two; NULL without
 * memory. */
static void *grow(void *list, size_t count, size_t size)
{
	if (count & (count - 1))
		return list;
	return realloc(list, (count ? count * 2 : 1) * size);
}

int remains_add_rule(struct remains *remains, const struct netlink_rule *rule)
{
	struct netlink_rule *grown = grow(remains->rules, remains->rule_count, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	remains->rules = grown;
	grown[remains->rule_count++] = *rule;
	return 0;
}

int remains_add_route(struct remains *remains, const struct netlink_route *route)
{
	struct netlink_route *grown = grow(remains->routes, remains->route_count, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	remains->routes = grown;
	if (prefix_map_add(&remains->by_network, route->dst, (uint32_t)remains->route_count))
		return -ENOMEM;
	grown[remains->route_count++] = *route;
	return 0;
}

bool remains_has_rule(const struct remains *remains, const struct netlink_rule *rule)
{
	for (size_t i = 0; i < remains->rule_count; i++) {
		if (netlink_rule_equal(&remains->rules[i], rule))
			return true;
	}
	return false;
}

int remains_want_rule(struct remains *remains, const struct netlink_rule *rule)
{
	return remains_has_rule(remains, rule) ? 0 : remains_add_rule(remains, rule);
}

bool remains_has_route(const struct remains *remains, const struct netlink_route *route)
{
	uint32_t number;
	size_t at = 0;

	while (prefix_map_next(&remains->by_network, route->dst, &at, &number)) {
		const struct netlink_route *r = &remains->routes[number];

		if (r->type == route->type && r->table == route->table &&
		    r->metric == route->metric)
			return true;
	}
	return false;
}

static bool is_dead_end(const void *context, uint32_t number)
{
	const struct remains *remains = context;

	return remains->routes[number].type == NETLINK_UNREACHABLE;
}

bool remains_shut(const struct remains *remains, struct rvl_prefix network)
{
	uint32_t number;

	return prefix_map_over(&remains->by_network, network, is_dead_end, remains, &number);
}

bool remains_shut_any(const struct remains *remains, uint8_t family)
{
	for (size_t i = 0; i < remains->route_count; i++)
		if (remains->routes[i].type == NETLINK_UNREACHABLE &&
		    remains->routes[i].dst.address.family == family)
			return true;
	return false;
}

struct in_table {
	const struct remains *remains;
	uint32_t table;
};

static bool is_in_table(const void *context, uint32_t number)
{
	const struct in_table *in = context;

	return in->remains->routes[number].table == in->table;
}

const struct netlink_route *remains_narrowest(const struct remains *remains, uint32_t table,
					      struct rvl_prefix network)
{
	const struct in_table in = {remains, table};
	uint32_t number;

	return prefix_map_over(&remains->by_network, network, is_in_table, &in, &number)
		       ? &remains->routes[number]
		       : NULL;
}

static int take_rule(void *context, const struct netlink_rule *rule)
{
	return remains_add_rule(context, rule);
}

static int take_route(void *context, const struct netlink_route *route)
{
	return remains_add_route(context, route);
}

int remains_read(struct netlink *netlink, struct remains *remains)
{
	int err;

	*remains = (struct remains){0};
	err = netlink_own_rules(netlink, take_rule, remains);
	return err ? err : netlink_own_routes(netlink, take_route, remains);
}

void remains_free(struct remains *remains)
{
	free(remains->rules);
	free(remains->routes);
	prefix_map_free(&remains->by_network);
	*remains = (struct remains){0};
}

static void table_text(uint32_t table, char text[16])
{
	if (table == RT_TABLE_MAIN)
		snprintf(text, 16, "main");
	else
		snprintf(text, 16, "%u", table);
}

/* A text that grows, within its room. */
struct words {
	char *text;
	size_t len;
};

static void __attribute__((format(printf, 2, 3))) say(struct words *words, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(words->text + words->len, REMAINS_TEXT - words->len, format, args);
	va_end(args);
	words->len += n > 0 ? (size_t)n : 0;
	if (words->len >= REMAINS_TEXT)
		words->len = REMAINS_TEXT - 1;
}

static void say_ports(struct words *words, const char *name, const struct netlink_ports *ports)
{
	if (ports->last)
		say(words, " %s %u", name, ports->first);
	if (ports->last != ports->first)
		say(words, "-%u", ports->last);
}

static const char *protocol_name(uint8_t protocol, char number[4])
{
	static const struct {
		uint8_t number;
		const char *name;
	} names[] = {{1, "icmp"}, {6, "tcp"}, {17, "udp"}, {58, "ipv6-icmp"}, {132, "sctp"}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].number == protocol)
			return names[i].name;
	snprintf(number, 4, "%u", protocol);
	return number;
}

void remains_rule_text(const struct netlink_rule *rule, char text[REMAINS_TEXT])
{
	char from[RVL_PREFIX_TEXT] = "all", to[RVL_PREFIX_TEXT], table[16], number[4];
	struct words words = {.text = text};

	if (rule->src.len)
		rvl_prefix_text(&rule->src, from);
	rvl_prefix_text(&rule->dst, to);
	table_text(rule->table, table);
	say(&words, "rule %u: from %s", rule->priority, from);
	if (rule->dst.len)
		say(&words, " to %s", to);
	if (*rule->iif)
		say(&words, " iif %s", rule->iif);
	if (rule->protocol)
		say(&words, " ipproto %s", protocol_name(rule->protocol, number));
	say_ports(&words, "sport", &rule->sport);
	say_ports(&words, "dport", &rule->dport);
	switch (rule->type) {
	case NETLINK_LOOKUP:
		say(&words, " lookup %s", table);
		if (rule->passing)
			say(&words, " suppress_ifgroup %u", rule->passing);
		break;
	case NETLINK_AT_LEAST:
		say(&words, " lookup %s suppress_prefixlength %d", table, (int)rule->number - 1);
		break;
	case NETLINK_NOT_FURTHER:
		say(&words, " unreachable");
		break;
	case NETLINK_PROHIBIT:
		say(&words, " prohibit");
		break;
	case NETLINK_GOTO:
		say(&words, " goto %u", rule->number);
		break;
	case NETLINK_NOP:
		say(&words, " nop");
		break;
	}
}

void remains_route_text(const struct netlink_route *route, char text[REMAINS_TEXT])
{
	static const char *const types[] = {
		[NETLINK_VIA] = "",
		[NETLINK_UNREACHABLE] = "unreachable ",
		[NETLINK_THROW] = "throw ",
	};
	char to[RVL_PREFIX_TEXT];

	rvl_prefix_text(&route->dst, to);
	snprintf(text, REMAINS_TEXT, "%s%s table %u", types[route->type], to, route->table);
}

int remains_release(struct netlink *netlink, const struct remains *remains, remains_told_fn *told,
		    void *context)
{
	char text[REMAINS_TEXT];
	int err = 0;

	for (size_t i = 0; !err && i < remains->rule_count; i++) {
		err = netlink_delete_rule(netlink, &remains->rules[i]);
		/* Somebody else was faster. */
		if (err == -ENOENT)
			err = 0;
		remains_rule_text(&remains->rules[i], text);
		told(context, text, err);
	}
	for (size_t i = 0; !err && i < remains->route_count; i++) {
		err = netlink_delete_route(netlink, &remains->routes[i]);
		if (err == -ESRCH)
			err = 0;
		remains_route_text(&remains->routes[i], text);
		told(context, text, err);
	}
	return err;
}

int remains_mark_daemon(struct netlink *netlink, unsigned int ifindex, const char *socket)
{
	char alias[sizeof(ALIAS) + sizeof(((struct remains_daemon *)0)->socket)];

	snprintf(alias, sizeof(alias), ALIAS "%s", socket);
	return netlink_mark(netlink, ifindex, alias, NETDEV_GROUP);
}

static int look_at_link(void *context, const struct netlink_link *link)
{
	struct remains_daemon *daemon = context;

	if (strncmp(link->alias, ALIAS, strlen(ALIAS)) != 0)
		return 0;
	snprintf(daemon->netdev, sizeof(daemon->netdev), "%s", link->name);
	snprintf(daemon->socket, sizeof(daemon->socket), "%s", link->alias + strlen(ALIAS));
	return 0;
}

int remains_find_daemon(struct netlink *netlink, struct remains_daemon *daemon)
{
	int err;

	*daemon = (struct remains_daemon){0};
	err = netlink_links(netlink, look_at_link, daemon);
	return err ? err : daemon->netdev[0] != 0;
}
