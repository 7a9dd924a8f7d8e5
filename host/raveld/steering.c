// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/steering.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Numbers of tables that nobody else uses, and the bit that tells those with only dead ends. */
#define TABLES 0x40000000u
#define CLOSED_TABLES 0x80000000u
#define PORT_LAST 65534 /* that a rule can speak of */

void steering_free(struct steering *steering)
{
	free(steering->list);
	*steering = (struct steering){0};
}

static uint8_t family_of(const struct steer *steer)
{
	return rvl_selector_family(&steer->what);
}

static bool is_plain(const struct steer *steer)
{
	return steer->what.any_protocol && rvl_selector_any_port(&steer->what);
}

/* What rules can say of the selector. */
static struct steer steer_of(const struct rvl_selector *selector)
{
	struct steer steer = {.what = *selector};
	struct rvl_selector *what = &steer.what;

	what->dst = rvl_prefix_all(rvl_selector_family(selector));
	if (what->any_protocol)
		what->protocol = 0;
	steer.unseen = rvl_selector_opaque(selector) && rvl_ip_has_ports(what->protocol);
	if (what->any_protocol || !rvl_ip_has_ports(what->protocol) || steer.unseen) {
		what->src_port_first = what->dst_port_first = 0;
		what->src_port_last = what->dst_port_last = UINT16_MAX;
	}
	return steer;
}

/* But for their source. */
static bool are_alike(const struct steer *a, const struct steer *b)
{
	struct rvl_selector what = a->what;

	what.src = b->what.src;
	return family_of(a) == family_of(b) && a->unseen == b->unseen &&
	       rvl_selector_equal(&what, &b->what);
}

static bool is_over(const struct steer *whole, const struct steer *part)
{
	return are_alike(whole, part) && rvl_prefix_over(&whole->what.src, &part->what.src);
}

static struct steer *find_over(const struct steering *s, const struct steer *part)
{
	for (size_t i = 0; i < s->count; i++)
		if (is_over(&s->list[i], part))
			return &s->list[i];
	return NULL;
}

static size_t count_of(const struct steering *s, uint8_t family)
{
	size_t count = 0;

	for (size_t i = 0; i < s->count; i++)
		count += family_of(&s->list[i]) == family;
	return count;
}

static int append(struct steering *s, const struct steer *steer)
{
	struct steer *grown = realloc(s->list, (s->count + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	s->list = grown;
	grown[s->count++] = *steer;
	return 0;
}

static void drop_all_of(struct steering *s, uint8_t family)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->count; i++)
		if (family_of(&s->list[i]) != family)
			s->list[kept++] = s->list[i];
	s->count = kept;
}

static void drop_within(struct steering *s, const struct steer *whole)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->count; i++)
		if (!is_over(whole, &s->list[i]))
			s->list[kept++] = s->list[i];
	s->count = kept;
}

int steering_add(struct steering *s, const struct rvl_selector *selector)
{
	struct steer steer = steer_of(selector);
	const uint8_t family = family_of(&steer);

	if (s->crowded[family == 6] || find_over(s, &steer))
		return 0;
	drop_within(s, &steer);
	if (count_of(s, family) == STEERS_MAX) {
		drop_all_of(s, family);
		s->crowded[family == 6] = true;
		steer = (struct steer){.what = rvl_selector_any(family)};
	}
	return append(s, &steer);
}

/* ---------------------------------------------------------------------------------------- tables
 */

static bool has_table(const struct steering *s, uint8_t family, uint32_t table)
{
	for (size_t i = 0; i < s->count; i++)
		if (family_of(&s->list[i]) == family && s->list[i].table == table)
			return true;
	return false;
}

/* The same for the same steer, whoever asks when. */
static uint32_t number_of(const struct steering *s, const struct steer *steer)
{
	const struct rvl_selector *what = &steer->what;
	const uint64_t ports[] = {what->src_port_first, what->src_port_last, what->dst_port_first,
				  what->dst_port_last};
	uint64_t hash = rvl_prefix_hash(&what->src) ^ (uint64_t)what->protocol << 8 ^
			(uint64_t)what->any_protocol << 1 ^ steer->unseen;
	uint32_t number;

	for (size_t i = 0; i < 4; i++)
		hash = (hash ^ ports[i]) * 0x9e3779b97f4a7c15u;
	number = (uint32_t)(hash >> 34);
	while (has_table(s, family_of(steer), TABLES | number))
		number = (number + 1) & (TABLES - 1);
	return TABLES | number;
}

static void give_table(struct steer *steer, uint32_t table)
{
	steer->table = table;
	steer->closed_table = table | CLOSED_TABLES;
}

static const struct steer *same_in(const struct steering *s, const struct steer *steer)
{
	for (size_t i = 0; i < s->count; i++)
		if (is_over(&s->list[i], steer) && is_over(steer, &s->list[i]))
			return &s->list[i];
	return NULL;
}

void steering_settle(struct steering *s, const struct steering *before, uint32_t first)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct steer *same = same_in(before, &s->list[i]);

		if (same)
			give_table(&s->list[i], same->table);
	}
	for (size_t i = 0; i < s->count; i++) {
		struct steer *steer = &s->list[i];

		if (steer->table)
			continue;
		give_table(steer, is_plain(steer) && !has_table(s, family_of(steer), first)
					  ? first
					  : number_of(s, steer));
	}
}

int steering_learn(struct steering *s, const struct rvl_selector *selector, uint32_t first)
{
	struct steer steer = steer_of(selector);
	const uint8_t family = family_of(&steer);

	if (steering_of(s, selector))
		return 0;
	if (count_of(s, family) == STEERS_MAX)
		return -E2BIG;
	give_table(&steer,
		   is_plain(&steer) && !has_table(s, family, first) ? first : number_of(s, &steer));
	return append(s, &steer);
}

/* Where all of it is led as well: the peer may have narrowed protocol and ports. */
const struct steer *steering_of(const struct steering *s, const struct rvl_selector *selector)
{
	const struct steer part = steer_of(selector);
	const struct steer *found = find_over(s, &part);

	for (size_t i = 0; !found && i < s->count; i++)
		if (!s->list[i].unseen && rvl_selector_within(&part.what, &s->list[i].what))
			found = &s->list[i];
	return found;
}

bool steering_has_source(const struct steer *steer, const struct rvl_local *local)
{
	for (size_t i = 0; i < local->address_count; i++)
		if (rvl_prefix_holds(&steer->what.src, &local->addresses[i]))
			return true;
	return false;
}

/* ----------------------------------------------------------------------------------------- rules
 */

/* For whom rules are made. */
struct making {
	const struct conf_daemon *conf;
	struct remains *wanted;
	int err;
};

struct netlink_rule steering_rule(const struct conf_daemon *conf, enum steering_stage stage,
				  uint8_t family, enum netlink_rule_type type)
{
	return (struct netlink_rule){
		.type = type,
		.priority = conf->routing_priority + (uint32_t)stage,
		.src = rvl_prefix_all(family),
		.dst = rvl_prefix_all(family),
	};
}

int steering_goto(const struct conf_daemon *conf, struct netlink_rule rule, enum steering_stage to,
		  struct remains *wanted)
{
	const struct netlink_rule target =
		steering_rule(conf, to, rule.dst.address.family, NETLINK_NOP);
	int err = remains_want_rule(wanted, &target);

	rule.type = NETLINK_GOTO;
	rule.number = target.priority;
	return err ? err : remains_want_rule(wanted, &rule);
}

static void want(struct making *m, const struct netlink_rule *rule)
{
	if (!m->err)
		m->err = remains_want_rule(m->wanted, rule);
}

/* Behind a stage, for what the rule says besides. */
static void want_skip(struct making *m, struct netlink_rule rule, enum steering_stage to)
{
	if (!m->err)
		m->err = steering_goto(m->conf, rule, to, m->wanted);
}

/* Are there any, of which rules can speak? */
static bool is_range(const struct netlink_ports *ports)
{
	return ports->first <= ports->last;
}

bool steering_ports(uint16_t first, uint16_t last, struct netlink_ports *ports)
{
	if (first == 0 && last == UINT16_MAX)
		*ports = (struct netlink_ports){0, 0};
	else
		*ports = (struct netlink_ports){first ? first : 1,
						last < PORT_LAST ? last : PORT_LAST};
	return is_range(ports);
}

static struct netlink_rule lookup(const struct making *m, const struct steer *steer,
				  enum steering_stage stage, uint32_t table)
{
	const struct rvl_selector *what = &steer->what;
	struct netlink_rule rule = steering_rule(m->conf, stage, family_of(steer), NETLINK_LOOKUP);

	rule.table = table;
	rule.protocol = what->any_protocol ? 0 : what->protocol;
	steering_ports(what->src_port_first, what->src_port_last, &rule.sport);
	steering_ports(what->dst_port_first, what->dst_port_last, &rule.dport);
	return rule;
}

/* What has no source yet: it will have one of the host's that the tunnel takes, or none. */
static void want_new(struct making *m, const struct steer *steer, enum steering_stage stage,
		     uint32_t table)
{
	const struct rvl_addr none = {.family = 4};
	struct netlink_rule rule = lookup(m, steer, stage, table), skip;

	if (family_of(steer) == 4) {
		rule.src = rvl_prefix_host(&none);
		want(m, &rule);
		return;
	}
	/* Where there is only a dead end, IPv6 takes a source that it may find another way for. */
	skip = rule;
	strcpy(skip.iif, NETLINK_OWN);
	skip.passing = NETDEV_GROUP;
	want(m, &skip);
	/* Any source that there is, is in one of these two. */
	skip = steering_rule(m->conf, stage + 1, 6, NETLINK_GOTO);
	skip.src.len = 1;
	want_skip(m, skip, stage + 3);
	skip.src.address.octets[0] = 0x80;
	want_skip(m, skip, stage + 3);
	rule.priority += 2;
	want(m, &rule);
}

/* What has come out of a tunnel and would go there as well is the data path's to judge, as its own
 * network may be gone. */
static void want_back(struct making *m, struct netlink_rule rule)
{
	rule.src = rvl_prefix_all(rule.src.address.family);
	snprintf(rule.iif, sizeof(rule.iif), "%s", m->conf->netdev);
	want(m, &rule);
}

static void want_unseen(struct making *m, const struct steer *steer)
{
	struct netlink_rule rule = lookup(m, steer, FLOWS_UNSEEN, steer->table);
	struct netlink_rule skip =
		steering_rule(m->conf, FLOWS_SEEN, family_of(steer), NETLINK_GOTO);

	skip.protocol = rule.protocol;
	skip.dport = (struct netlink_ports){1, PORT_LAST};
	want_skip(m, skip, PLAIN);
	rule.src = steer->what.src;
	rule.sport = rule.dport = (struct netlink_ports){0, 0};
	want(m, &rule);
}

static void want_steer(struct making *m, const struct steer *steer, bool has_source)
{
	const enum steering_stage stage = is_plain(steer) && !steer->unseen ? PLAIN : FLOWS;
	struct netlink_rule rule = lookup(m, steer, stage, steer->table);

	if (!steer->unseen && is_range(&rule.sport) && is_range(&rule.dport)) {
		rule.src = steer->what.src;
		want(m, &rule);
		if (rule.src.len) {
			want_back(m, rule);
			want_new(m, steer, stage, has_source ? steer->table : steer->closed_table);
		}
	}
	if (steer->unseen || !rvl_selector_any_port(&steer->what))
		want_unseen(m, steer);
}

static bool has_end(const struct remains *ends, const struct steer *steer)
{
	for (size_t i = 0; i < ends->route_count; i++)
		if (ends->routes[i].table == steer->table &&
		    ends->routes[i].dst.address.family == family_of(steer))
			return true;
	return false;
}

int steering_rules(const struct steering *s, const struct rvl_local *local,
		   const struct remains *ends, const struct conf_daemon *conf,
		   struct remains *wanted)
{
	struct making m = {.conf = conf, .wanted = wanted};

	for (size_t i = 0; i < s->count; i++)
		if (has_end(ends, &s->list[i]))
			want_steer(&m, &s->list[i], steering_has_source(&s->list[i], local));
	return m.err;
}
