// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/shunts.h"

#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "host/raveld/steering.h"
#include "host/sa/selector.h"

static bool prefixes_meet(const struct rvl_prefix *a, const struct rvl_prefix *b)
{
	return rvl_prefix_over(a, b) || rvl_prefix_over(b, a);
}

/* Of two ranges; OPAQUE meets whatever doesn't show its ports. */
static bool ports_meet(uint16_t first, uint16_t last, uint16_t other_first, uint16_t other_last)
{
	return first > last || other_first > other_last ||
	       (first <= other_last && other_first <= last);
}

/* May a packet be of both? */
static bool meet(const struct rvl_selector *a, const struct rvl_selector *b)
{
	return rvl_selector_family(a) == rvl_selector_family(b) &&
	       prefixes_meet(&a->src, &b->src) && prefixes_meet(&a->dst, &b->dst) &&
	       (a->any_protocol || b->any_protocol || a->protocol == b->protocol) &&
	       ports_meet(a->src_port_first, a->src_port_last, b->src_port_first,
			  b->src_port_last) &&
	       ports_meet(a->dst_port_first, a->dst_port_last, b->dst_port_first, b->dst_port_last);
}

/* As the data path has it. */
static uint32_t order_of(const struct shunt *shunt)
{
	return shunt->pass ? rvl_selector_pass_priority(&shunt->what)
			   : rvl_selector_priority(&shunt->what, RVL_DISCARD);
}

static bool is_before(const struct shunt *shunt, const struct rvl_selector *protected)
{
	return order_of(shunt) < rvl_selector_priority(protected, RVL_PROTECT);
}

/* What rules can say of its protocol and ports. False: they can't. */
static bool say(const struct rvl_selector *what, struct netlink_rule *rule)
{
	rule->protocol = what->any_protocol ? 0 : what->protocol;
	if (rvl_selector_any_port(what))
		return true;
	return !rvl_selector_opaque(what) && rvl_ip_has_ports(what->protocol) &&
	       steering_ports(what->src_port_first, what->src_port_last, &rule->sport) &&
	       steering_ports(what->dst_port_first, what->dst_port_last, &rule->dport);
}

static void add(struct shunts *s, const struct conf_shunt *conf)
{
	struct rvl_selectors selectors;
	struct netlink_rule any;

	/* Those of interfaces and marks are led by whoever made these. What a data path can't have
	 * is refused there. */
	if (conf_labels_lead(&conf->labels) ||
	    rvl_selectors_of(&conf->local_ts, &conf->remote_ts, &selectors))
		return;
	for (size_t i = 0; i < selectors.count; i++) {
		if (!say(&selectors.list[i], &any))
			continue;
		if (s->count == SHUNTS_MAX) {
			s->beyond = s->beyond ? s->beyond : conf;
			return;
		}
		s->list[s->count++] = (struct shunt){
			.what = selectors.list[i],
			.conf = conf,
			.pass = conf->pass,
		};
	}
}

/* Is a drop around it? */
static bool is_within_drop(const struct shunts *s, const struct shunt *pass)
{
	for (size_t i = 0; i < s->count; i++)
		if (!s->list[i].pass && meet(&s->list[i].what, &pass->what) &&
		    order_of(pass) < order_of(&s->list[i]))
			return true;
	return false;
}

void shunts_configure(struct shunts *s, const struct conf *conf)
{
	*s = (struct shunts){.count = 0};
	for (size_t i = 0; i < conf->connection_count; i++)
		for (size_t k = 0; k < conf->connections[i].shunt_count; k++)
			add(s, &conf->connections[i].shunts[k]);
	for (size_t i = 0; i < s->count; i++)
		s->list[i].needed = !s->list[i].pass || is_within_drop(s, &s->list[i]);
}

void shunts_pass_by(struct shunts *s, const struct rvl_selector *wide)
{
	for (size_t i = 0; i < s->count; i++)
		if (!s->list[i].needed && meet(&s->list[i].what, wide))
			s->list[i].needed = is_before(&s->list[i], wide);
}

static bool is_kept(const struct shunts *s, const struct rvl_selector *what)
{
	for (size_t i = 0; i < s->kept_count; i++)
		if (rvl_selector_equal(&s->kept[i], what))
			return true;
	return false;
}

void shunts_keep(struct shunts *s, const struct rvl_selector *narrow)
{
	bool wanted = false;
	bool room = s->kept_count < SHUNTS_KEPT_MAX || is_kept(s, narrow);

	for (size_t i = 0; i < s->count; i++) {
		struct shunt *shunt = &s->list[i];

		if (!shunt->needed || shunt->crowded || !meet(&shunt->what, narrow) ||
		    is_before(shunt, narrow))
			continue;
		wanted = true;
		shunt->crowded = !room;
	}
	if (!wanted || is_kept(s, narrow))
		return;
	s->changes++;
	if (room)
		s->kept[s->kept_count++] = *narrow;
}

/* Has it rules? */
static bool counts(const struct shunt *shunt)
{
	return shunt->needed && !shunt->crowded;
}

bool shunts_shut(const struct shunts *s, struct rvl_prefix network)
{
	for (size_t i = 0; i < s->count; i++)
		if (!s->list[i].pass && counts(&s->list[i]) &&
		    prefixes_meet(&s->list[i].what.dst, &network))
			return true;
	return false;
}

/* ----------------------------------------------------------------------------------------- rules
 */

/* For whom rules are made. */
struct making {
	const struct shunts *shunts;
	const struct rvl_local *local;
	const struct conf_daemon *conf;
	struct remains *wanted;
	int err;
};

static void want(struct making *m, const struct netlink_rule *rule)
{
	if (!m->err)
		m->err = remains_want_rule(m->wanted, rule);
}

static void want_goto(struct making *m, struct netlink_rule rule, enum steering_stage to)
{
	if (!m->err)
		m->err = steering_goto(m->conf, rule, to, m->wanted);
}

/* Of all sources and ports: a packet that shows neither may be of it. */
static void want_kept(struct making *m, const struct rvl_selector *what, enum steering_stage to)
{
	struct netlink_rule rule =
		steering_rule(m->conf, KEPT, rvl_selector_family(what), NETLINK_GOTO);

	rule.dst = what->dst;
	rule.protocol = what->any_protocol ? 0 : what->protocol;
	want_goto(m, rule, to);
}

/* The data path judges what goes on. */
static void want_brought(struct making *m, uint8_t family)
{
	struct netlink_rule rule = steering_rule(m->conf, BROUGHT, family, NETLINK_GOTO);

	if (!m->conf->netdev[0])
		return;
	snprintf(rule.iif, sizeof(rule.iif), "%s", m->conf->netdev);
	want_goto(m, rule, DROPPED);
}

/* Has the host an address that is within, or one that isn't? */
static bool has_own(const struct making *m, const struct rvl_prefix *prefix, bool within)
{
	for (size_t i = 0; i < m->local->address_count; i++) {
		const struct rvl_addr *own = &m->local->addresses[i];

		if (own->family == prefix->address.family && !rvl_addr_is_loopback(own) &&
		    rvl_prefix_holds(prefix, own) == within)
			return true;
	}
	return false;
}

/* What the host itself sends without a source passes if it may have one of the shunt's, and is
 * dropped if it can have no other. */
static bool has_unsourced(const struct making *m, const struct shunt *shunt)
{
	const struct rvl_prefix *src = &shunt->what.src;

	return src->len && has_own(m, src, true) && (shunt->pass || !has_own(m, src, false));
}

static struct netlink_rule rule_of(const struct making *m, const struct shunt *shunt,
				   enum steering_stage stage)
{
	struct netlink_rule rule = steering_rule(m->conf, stage, rvl_selector_family(&shunt->what),
						 shunt->pass ? NETLINK_LOOKUP : NETLINK_PROHIBIT);

	rule.src = shunt->what.src;
	rule.dst = shunt->what.dst;
	rule.table = shunt->pass ? RT_TABLE_MAIN : 0;
	say(&shunt->what, &rule);
	return rule;
}

/* What is to be dropped and within what passes. */
static void want_drops_kept(struct making *m, const struct shunt *pass)
{
	for (size_t i = 0; i < m->shunts->count; i++) {
		const struct shunt *drop = &m->shunts->list[i];

		if (!drop->pass && counts(drop) && meet(&drop->what, &pass->what) &&
		    order_of(drop) < order_of(pass))
			want_kept(m, &drop->what, DROPPED);
	}
}

static void want_unseen(struct making *m, const struct shunt *drop)
{
	struct netlink_rule rule = rule_of(m, drop, DROPPED_UNSEEN);
	struct netlink_rule skip = steering_rule(m->conf, DROPPED_SEEN,
						 rvl_selector_family(&drop->what), NETLINK_GOTO);

	skip.protocol = rule.protocol;
	steering_ports(1, UINT16_MAX, &skip.dport);
	want_goto(m, skip, FLOWS);
	rule.sport = rule.dport = (struct netlink_ports){0, 0};
	want(m, &rule);
}

/* Of what the host itself sends. */
static void want_unsourced(struct making *m, struct netlink_rule rule)
{
	const struct rvl_addr none = {.family = 4};
	struct netlink_rule skip;

	rule.src = rvl_prefix_host(&none);
	if (rule.type == NETLINK_LOOKUP)
		rule.priority = steering_rule(m->conf, PASSED_NEW, 4, rule.type).priority;
	if (rule.dst.address.family == 6) {
		/* Any source that there is, is in one of these two. */
		skip = steering_rule(m->conf, PASSED_SKIP, 6, NETLINK_GOTO);
		skip.src.len = 1;
		want_goto(m, skip, DROPPED);
		skip.src.address.octets[0] = 0x80;
		want_goto(m, skip, DROPPED);
		rule.src = rvl_prefix_all(6);
	}
	want(m, &rule);
}

static void want_pass(struct making *m, const struct shunt *pass)
{
	const struct netlink_rule rule = rule_of(m, pass, PASSED);

	want_brought(m, rule.dst.address.family);
	want_drops_kept(m, pass);
	want(m, &rule);
	if (has_unsourced(m, pass))
		want_unsourced(m, rule);
}

static void want_drop(struct making *m, const struct shunt *drop)
{
	struct netlink_rule rule = rule_of(m, drop, DROPPED);
	const bool unsourced = has_unsourced(m, drop);

	rule.unsourced = unsourced && rule.dst.address.family == 6;
	want(m, &rule);
	if (unsourced && rule.dst.address.family == 4)
		want_unsourced(m, rule);
	if (!rvl_selector_any_port(&drop->what))
		want_unseen(m, drop);
}

int shunts_rules(const struct shunts *s, bool open, const struct rvl_local *local,
		 const struct conf_daemon *conf, struct remains *wanted)
{
	struct making m = {.shunts = s, .local = local, .conf = conf, .wanted = wanted};
	bool any = false;

	for (size_t i = 0; i < s->count; i++) {
		const struct shunt *shunt = &s->list[i];

		/* Where ESP is the kernel's, its policies drop. */
		if (!counts(shunt) || (shunt->pass ? !open : !conf->netdev[0]))
			continue;
		if (shunt->pass)
			want_pass(&m, shunt);
		else
			want_drop(&m, shunt);
		any = true;
	}
	for (size_t i = 0; any && i < s->kept_count; i++)
		want_kept(&m, &s->kept[i], FLOWS);
	return m.err;
}
