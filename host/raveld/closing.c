// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/closing.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/raveld/local.h"
#include "host/raveld/needless.h"
#include "host/raveld/peers.h"
#include "host/raveld/shunts.h"
#include "host/raveld/steering.h"
#include "host/sa/selector.h"

#define DEAD_END_METRIC UINT32_MAX

struct closing {
	const struct conf *conf;
	const struct log *log;
	struct netlink *netlink;
	struct remains_daemon other;
	bool ike;
	struct rvl_local local;
	struct steering steering;
	struct shunts shunts;
	struct remains ends;	 /* dead ends that are wanted: */
	size_t named_count;	 /* so many that the configuration names, then what SAs do */
	struct remains standing; /* all that we have set */
	struct peers peers;
};

int closing_open(const struct conf *conf, const struct log *log, struct closing **out)
{
	struct closing *c = calloc(1, sizeof(*c));
	int err = c ? netlink_open(&c->netlink) : -ENOMEM;

	if (!err)
		err = remains_find_daemon(c->netlink, &c->other);
	if (err < 0) {
		log_error(log, "netlink: %s", strerror(-err));
		closing_close(c);
		return err;
	}
	c->conf = conf;
	c->log = log;
	*out = c;
	return 0;
}

/* IKE, or what is configured to pass: as long as raveld runs. */
static bool lets_out(const struct netlink_rule *rule)
{
	return rule->type == NETLINK_LOOKUP && rule->table == RT_TABLE_MAIN;
}

/* Does it lead past those that pass or drop? Without them it says nothing. */
static bool is_past_shunts(const struct closing *c, const struct netlink_rule *rule)
{
	return (rule->type == NETLINK_GOTO || rule->type == NETLINK_NOP) &&
	       rule->priority <= c->conf->daemon.routing_priority + (uint32_t)FLOWS;
}

static bool drops(const struct remains *remains, uint8_t family)
{
	for (size_t i = 0; i < remains->rule_count; i++)
		if (remains->rules[i].type == NETLINK_PROHIBIT &&
		    remains->rules[i].dst.address.family == family)
			return true;
	return false;
}

void closing_close(struct closing *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->standing.rule_count; i++)
		if (lets_out(&c->standing.rules[i]))
			netlink_delete_rule(c->netlink, &c->standing.rules[i]);
	for (size_t i = 0; i < c->standing.rule_count; i++)
		if (is_past_shunts(c, &c->standing.rules[i]) &&
		    !drops(&c->standing, c->standing.rules[i].dst.address.family))
			netlink_delete_rule(c->netlink, &c->standing.rules[i]);
	netlink_close(c->netlink);
	local_free(&c->local);
	steering_free(&c->steering);
	remains_free(&c->ends);
	remains_free(&c->standing);
	peers_free(&c->peers);
	free(c);
}

struct netlink *closing_netlink(const struct closing *c)
{
	return c->netlink;
}

const struct remains_daemon *closing_other(const struct closing *c)
{
	return c->other.netdev[0] ? &c->other : NULL;
}

const struct rvl_local *closing_local(const struct closing *c)
{
	return &c->local;
}

/* The networks that the configuration names. */
static int take_named(const struct closing *c, struct rvl_local *local)
{
	local->named = malloc((c->named_count + 1) * sizeof(*local->named));
	if (!local->named)
		return -ENOMEM;
	for (size_t i = 0; i < c->named_count; i++)
		local->named[i] = c->ends.routes[i].dst;
	local->named_count = c->named_count;
	return 0;
}

static bool has_network(const struct rvl_local *local, struct rvl_prefix network)
{
	for (size_t i = 0; i < local->network_count; i++)
		if (rvl_prefix_equal(&local->networks[i], &network))
			return true;
	return false;
}

/* ----------------------------------------------------------------------------- what is wanted */

static struct netlink_route dead_end(uint32_t table, struct rvl_prefix network)
{
	return (struct netlink_route){
		.type = NETLINK_UNREACHABLE,
		.table = table,
		.dst = network,
		.metric = DEAD_END_METRIC,
	};
}

/* Of the dead ends, one that the configuration names. */
static bool names(const void *context, uint32_t number)
{
	return number < ((const struct closing *)context)->named_count;
}

/* The length of the narrowest configured network that holds this one; -1: there is none. */
static int narrowest_named(const struct closing *c, struct rvl_prefix network)
{
	uint32_t number;

	return prefix_map_over(&c->ends.by_network, network, names, c, &number)
		       ? c->ends.routes[number].dst.len
		       : -1;
}

/* Is it the network of a configured selector? */
static bool is_named(const struct closing *c, struct rvl_prefix network)
{
	return narrowest_named(c, network) == network.len;
}

/* Does a connected network need a way past a dead end? found: what an earlier configuration has
 * left, too. */
static bool is_exempt(const struct closing *c, struct rvl_prefix network,
		      const struct remains *found)
{
	return !is_named(c, network) &&
	       (remains_shut(&c->ends, network) || remains_shut(found, network));
}

bool closing_exempts(const struct closing *c, struct rvl_prefix network)
{
	int connected = -1;

	for (size_t i = 0; i < c->local.network_count; i++)
		if (c->local.networks[i].len > connected &&
		    rvl_prefix_over(&c->local.networks[i], &network))
			connected = c->local.networks[i].len;
	return connected >= 0 && connected > narrowest_named(c, network);
}

/* Past the dead ends of each table that shut it. */
static int want_throws(struct rvl_prefix network, const struct remains *shutting,
		       struct remains *wanted)
{
	int err = 0;

	for (size_t i = 0; !err && i < shutting->route_count; i++) {
		const struct netlink_route *end = &shutting->routes[i];
		const struct netlink_route throw = {
			.type = NETLINK_THROW,
			.table = end->table,
			.dst = network,
		};

		if (end->type == NETLINK_UNREACHABLE && rvl_prefix_over(&end->dst, &network) &&
		    !remains_has_route(wanted, &throw))
			err = remains_add_route(wanted, &throw);
	}
	return err;
}

/* What is thrown finds the network in table main, or nothing: when the network goes, a way that is
 * wider, such as the default route, doesn't take its place before we know. */
static int want_exemption(const struct closing *c, struct rvl_prefix network,
			  const struct remains *ends, const struct remains *found,
			  struct remains *wanted)
{
	const struct conf_daemon *conf = &c->conf->daemon;
	struct netlink_rule rule =
		steering_rule(conf, EXEMPT, network.address.family, NETLINK_AT_LEAST);
	int err = want_throws(network, ends, wanted);

	rule.table = RT_TABLE_MAIN;
	rule.number = network.len;
	rule.dst = network;
	if (!err)
		err = want_throws(network, found, wanted);
	/* Two interfaces may be in one network. */
	if (err || remains_has_rule(wanted, &rule))
		return err;
	err = remains_add_rule(wanted, &rule);
	rule = steering_rule(conf, EXEMPT_END, network.address.family, NETLINK_NOT_FURTHER);
	rule.dst = network;
	return err ? err : remains_add_rule(wanted, &rule);
}

static bool has_netdev(const struct closing *c)
{
	return c->conf->daemon.netdev[0];
}

/* Dead ends, and those for what the host itself sends where it has no source that the tunnel takes.
 */
static int want_ends(const struct closing *c, struct remains *wanted)
{
	int err = 0;

	for (size_t i = 0; !err && i < c->ends.route_count; i++)
		err = remains_add_route(wanted, &c->ends.routes[i]);
	for (size_t k = 0; !err && k < c->steering.count; k++) {
		const struct steer *steer = &c->steering.list[k];

		if (steer->unseen || steering_has_source(steer, &c->local))
			continue;
		for (size_t i = 0; !err && i < c->ends.route_count; i++) {
			struct netlink_route end = c->ends.routes[i];

			if (end.table != steer->table ||
			    end.dst.address.family != rvl_selector_family(&steer->what))
				continue;
			end.table = steer->closed_table;
			err = remains_add_route(wanted, &end);
		}
	}
	return err;
}

/* What closes is wanted, or found. */
struct closed {
	const struct closing *closing;
	const struct remains *found;
};

/* Is any way there closed? All of a family are asked for by its length, 0. */
static bool is_shut(const void *context, struct rvl_prefix network)
{
	const struct closed *closed = context;
	const struct closing *c = closed->closing;

	if (shunts_shut(&c->shunts, network))
		return true;
	return network.len ? remains_shut(&c->ends, network) || remains_shut(closed->found, network)
			   : remains_shut_any(&c->ends, network.address.family) ||
				     remains_shut_any(closed->found, network.address.family);
}

static int want_all(const struct closing *c, const struct remains *found, struct remains *wanted)
{
	const struct closed closed = {c, found};
	struct remains ends = {0};
	/* The kernel's policies close where ESP is the kernel's: what has no route finds none. */
	int err = has_netdev(c) ? want_ends(c, wanted) : 0;

	if (!err)
		err = want_ends(c, &ends);
	if (!err && c->ike)
		err = peers_rules(&c->peers, is_shut, &closed, c->conf, wanted);
	for (size_t i = 0; !err && i < c->local.network_count; i++)
		if (is_exempt(c, c->local.networks[i], found))
			err = want_exemption(c, c->local.networks[i], &ends, found, wanted);
	remains_free(&ends);
	if (!err)
		err = shunts_rules(&c->shunts, c->ike, &c->local, &c->conf->daemon, wanted);
	return err ? err
		   : steering_rules(&c->steering, &c->local, &c->ends, &c->conf->daemon, wanted);
}

/* ------------------------------------------------------------------------- the kernel follows */

static int failed(const struct closing *c, const char *text, int err)
{
	log_error(c->log, "can't set `%s`: %s%s", text, strerror(-err),
		  err == -EPERM ? " (CAP_NET_ADMIN is needed)" : "");
	return err;
}

/* Other rules only let something pass these. */
static bool is_closing_rule(const struct netlink_rule *rule)
{
	return (rule->type == NETLINK_LOOKUP && !lets_out(rule)) ||
	       rule->type == NETLINK_PROHIBIT || rule->type == NETLINK_GOTO ||
	       rule->type == NETLINK_NOP;
}

static void tell_of_return(const struct closing *c, bool stood, const char *text)
{
	if (stood)
		log_warning(c->log, "`%s` was removed, and is set again", text);
}

/* Rules of one kind: they let something past what closes, close, lead past others that do, or let
 * out what those before them have left. */
enum kind { OPENS, CLOSES, SKIPS, PASSES };

static enum kind kind_of(const struct netlink_rule *rule)
{
	if (rule->type == NETLINK_GOTO)
		return SKIPS;
	if (is_closing_rule(rule))
		return CLOSES;
	return lets_out(rule) && !peers_is_rule(rule) ? PASSES : OPENS;
}

static int set_rules(const struct closing *c, const struct remains *found,
		     const struct remains *wanted, enum kind kind)
{
	char text[REMAINS_TEXT];

	for (size_t i = 0; i < wanted->rule_count; i++) {
		const struct netlink_rule *rule = &wanted->rules[i];
		int err;

		if (kind_of(rule) != kind || remains_has_rule(found, rule))
			continue;
		remains_rule_text(rule, text);
		tell_of_return(c, remains_has_rule(&c->standing, rule), text);
		err = netlink_add_rule(c->netlink, rule);
		if (err)
			return failed(c, text, err);
	}
	return 0;
}

static int set_routes(const struct closing *c, const struct remains *found,
		      const struct remains *wanted)
{
	char text[REMAINS_TEXT];

	for (size_t i = 0; i < wanted->route_count; i++) {
		const struct netlink_route *route = &wanted->routes[i];
		int err;

		if (remains_has_route(found, route))
			continue;
		remains_route_text(route, text);
		tell_of_return(c, remains_has_route(&c->standing, route), text);
		err = netlink_set_route(c->netlink, route);
		if (err)
			return failed(c, text, err);
	}
	return 0;
}

/* What is not to be shut in has its way out before that is done. */
static int set_missing(const struct closing *c, const struct remains *found,
		       const struct remains *wanted)
{
	int err = set_rules(c, found, wanted, OPENS);

	if (!err)
		err = set_routes(c, found, wanted);
	if (!err)
		err = set_rules(c, found, wanted, CLOSES);
	if (!err)
		err = set_rules(c, found, wanted, SKIPS);
	return err ? err : set_rules(c, found, wanted, PASSES);
}

/* Who lets something out that isn't to be let out any more goes at once; what closes stays. */
static void remove_ways_out(const struct closing *c, const struct remains *found,
			    const struct remains *wanted)
{
	for (size_t i = 0; i < found->route_count; i++)
		if (found->routes[i].type == NETLINK_THROW &&
		    !remains_has_route(wanted, &found->routes[i]))
			netlink_delete_route(c->netlink, &found->routes[i]);
	for (size_t i = 0; i < found->rule_count; i++)
		if (!is_closing_rule(&found->rules[i]) &&
		    !remains_has_rule(wanted, &found->rules[i]))
			netlink_delete_rule(c->netlink, &found->rules[i]);
}

/* Of what is left, what is in the way of what is wanted. */
static void remove_needless(const struct closing *c, const struct remains *found,
			    const struct remains *wanted)
{
	for (size_t i = 0; i < found->route_count; i++)
		if (found->routes[i].type == NETLINK_UNREACHABLE &&
		    !remains_has_route(wanted, &found->routes[i]) &&
		    needless_route(&found->routes[i], wanted))
			netlink_delete_route(c->netlink, &found->routes[i]);
	for (size_t i = 0; i < found->rule_count; i++)
		if (is_closing_rule(&found->rules[i]) &&
		    !remains_has_rule(wanted, &found->rules[i]) &&
		    needless_rule(&found->rules[i], wanted))
			netlink_delete_rule(c->netlink, &found->rules[i]);
}

/* Does any shunt count, or one that is left and drops? */
static bool has_shunts(const struct remains *found, const struct remains *wanted, uint8_t family)
{
	for (size_t i = 0; i < wanted->rule_count; i++)
		if (kind_of(&wanted->rules[i]) == PASSES &&
		    wanted->rules[i].dst.address.family == family)
			return true;
	for (size_t i = 0; i < found->rule_count; i++)
		if (found->rules[i].type == NETLINK_PROHIBIT &&
		    found->rules[i].dst.address.family == family &&
		    !needless_rule(&found->rules[i], wanted))
			return true;
	return drops(wanted, family);
}

/* With the last shunt. */
static void remove_past_shunts(const struct closing *c, const struct remains *found,
			       const struct remains *wanted)
{
	for (size_t i = 0; i < found->rule_count; i++)
		if (is_past_shunts(c, &found->rules[i]) &&
		    !has_shunts(found, wanted, found->rules[i].dst.address.family))
			netlink_delete_rule(c->netlink, &found->rules[i]);
}

static int sync_kernel(struct closing *c)
{
	struct remains found, wanted = {0};
	int err;

	if (!c->conf->daemon.install_routes)
		return 0;
	err = remains_read(c->netlink, &found);
	if (!err)
		err = want_all(c, &found, &wanted);
	if (err) {
		log_error(c->log, "routes and rules can't be read: %s", strerror(-err));
	} else {
		if (!closing_other(c))
			remove_ways_out(c, &found, &wanted);
		err = set_missing(c, &found, &wanted);
		if (!err && !closing_other(c)) {
			remove_needless(c, &found, &wanted);
			remove_past_shunts(c, &found, &wanted);
		}
	}
	remains_free(&found);
	if (err) {
		remains_free(&wanted);
		return err;
	}
	remains_free(&c->standing);
	c->standing = wanted;
	return 0;
}

static void warn_of_named(const struct closing *c, struct rvl_prefix network)
{
	const struct netlink_route end = dead_end(c->conf->daemon.routing_table, network);
	char text[REMAINS_TEXT];

	remains_route_text(&end, text);
	log_warning(c->log,
		    "a remote selector names a network that is connected to this host: it goes "
		    "into the tunnel (%s)",
		    text);
}

int closing_refresh(struct closing *c)
{
	struct rvl_local local = {0};
	int err = local_read(c->netlink, &c->conf->daemon, &local);

	if (!err)
		err = take_named(c, &local);
	if (err) {
		log_error(c->log, "local networks can't be read: %s", strerror(-err));
		local_free(&local);
		return err;
	}
	for (size_t i = 0; i < local.network_count; i++) {
		struct rvl_prefix network = local.networks[i];

		if (is_named(c, network) && !has_network(&c->local, network))
			warn_of_named(c, network);
	}
	local_free(&c->local);
	c->local = local;
	return sync_kernel(c);
}

/* --------------------------------------------------------------------- what is to be closed */

/* What of both ends is known: of ours, an address that isn't may be any of the peer's family. */
static struct ike_ts_list known_local(const struct ike_ts_list *local_ts)
{
	struct ike_ts_list out = {.count = 0};

	for (unsigned int i = 0; i < local_ts->count; i++) {
		const struct ike_ts *ts = &local_ts->list[i];

		if (!ts->dynamic && ts->family) {
			ike_ts_add(&out, ts);
			continue;
		}
		for (uint8_t family = 4; family <= 6; family += 2) {
			struct ike_ts any = *ts;

			any.dynamic = false;
			any.family = family;
			memset(any.first, 0, sizeof(any.first));
			memset(any.last, 0, sizeof(any.last));
			memset(any.last, 0xff, family == 4 ? 4 : 16);
			ike_ts_add(&out, &any);
		}
	}
	return out;
}

static struct ike_ts_list known_remote(const struct ike_ts_list *remote_ts)
{
	struct ike_ts_list out = {.count = 0};

	for (unsigned int i = 0; i < remote_ts->count; i++)
		if (!remote_ts->list[i].dynamic && remote_ts->list[i].family)
			out.list[out.count++] = remote_ts->list[i];
	return out;
}

/* None at all are no failure: of one end too little is known. */
static int selectors_of(const struct ike_ts_list *local_ts, const struct ike_ts_list *remote_ts,
			struct rvl_selectors *selectors)
{
	const struct ike_ts_list local = known_local(local_ts), remote = known_remote(remote_ts);
	int err = rvl_selectors_of(&local, &remote, selectors);

	if (err == -EINVAL)
		selectors->count = 0;
	return err == -EINVAL ? 0 : err;
}

/* learned: what a wider one closes already needs none of its own. All shunts are known. */
static int add_end(struct closing *c, const struct rvl_selector *selector, bool learned)
{
	const struct steer *steer;
	struct netlink_route end;
	int err =
		learned ? steering_learn(&c->steering, selector, c->conf->daemon.routing_table) : 0;

	if (err)
		return err;
	shunts_keep(&c->shunts, selector);
	steer = steering_of(&c->steering, selector);
	end = dead_end(steer->table, selector->dst);
	if (learned ? remains_narrowest(&c->ends, steer->table, selector->dst) != NULL
		    : remains_has_route(&c->ends, &end))
		return 0;
	return remains_add_route(&c->ends, &end);
}

static int add_ends(struct closing *c, const struct ike_ts_list *local_ts,
		    const struct ike_ts_list *remote_ts, bool learned)
{
	struct rvl_selectors selectors;
	int err = selectors_of(local_ts, remote_ts, &selectors);

	for (size_t i = 0; !err && i < selectors.count; i++)
		err = add_end(c, &selectors.list[i], learned);
	return err;
}

/* Its selectors, as far as they are known without an SA. */
static int flows_of(const struct closing *c, const struct conf_connection *connection,
		    const struct conf_child *child, struct rvl_selectors *selectors)
{
	const struct ike_addr unknown = {0};
	const struct ike_ts_list local = conf_local_ts(connection, child, &unknown);
	const struct ike_ts_list remote = conf_remote_ts(c->conf, connection, child);

	selectors->count = 0;
	return conf_labels_lead(&child->labels) ? 0 : selectors_of(&local, &remote, selectors);
}

/* Who leads there is to be known before what it leads to. */
static int add_children(struct closing *c, const struct conf_connection *connection, bool ends)
{
	struct rvl_selectors selectors;
	int err = 0;

	for (size_t i = 0; !err && i < connection->child_count; i++) {
		const struct conf_child *child = &connection->children[i];

		err = flows_of(c, connection, child, &selectors);
		for (size_t k = 0; !err && k < selectors.count; k++) {
			if (!ends)
				shunts_pass_by(&c->shunts, &selectors.list[k]);
			err = ends ? add_end(c, &selectors.list[k], false)
				   : steering_add(&c->steering, &selectors.list[k]);
		}
		if (err)
			log_error(c->log,
				  "%s:%u: connections.%s.%s: can't close for its remote "
				  "networks: %s",
				  connection->file, connection->line, connection->name, child->name,
				  err == -E2BIG ? "too many" : strerror(-err));
	}
	return err;
}

/* Of what closes, all that isn't wanted. */
static int find_others(struct closing *c, struct remains *others)
{
	struct remains found;
	int err = remains_read(c->netlink, &found);

	*others = (struct remains){0};
	for (size_t i = 0; !err && i < found.rule_count; i++)
		if (is_closing_rule(&found.rules[i]) &&
		    !remains_has_rule(&c->standing, &found.rules[i]))
			err = remains_add_rule(others, &found.rules[i]);
	for (size_t i = 0; !err && i < found.route_count; i++)
		if (found.routes[i].type == NETLINK_UNREACHABLE &&
		    !remains_has_route(&c->standing, &found.routes[i]))
			err = remains_add_route(others, &found.routes[i]);
	remains_free(&found);
	return err;
}

static void warn_of(const struct closing *c, const char *text)
{
	log_warning(c->log,
		    "`%s` is left of an earlier configuration, and stays until `ravelctl release`",
		    text);
}

int closing_warn_of_others(struct closing *c)
{
	char text[REMAINS_TEXT];
	struct remains others;
	int err = find_others(c, &others);

	for (size_t i = 0; !err && i < others.rule_count; i++) {
		remains_rule_text(&others.rules[i], text);
		warn_of(c, text);
	}
	for (size_t i = 0; !err && i < others.route_count; i++) {
		remains_route_text(&others.routes[i], text);
		warn_of(c, text);
	}
	remains_free(&others);
	return err;
}

static int configure(struct closing *c, const struct steering *before)
{
	const struct conf *conf = c->conf;
	int err = 0;

	shunts_configure(&c->shunts, conf);
	for (size_t i = 0; !err && i < conf->connection_count; i++) {
		err = peers_add_hosts(&c->peers, &conf->connections[i].remote);
		if (err)
			log_error(c->log, "out of memory");
		else
			err = add_children(c, &conf->connections[i], false);
	}
	if (err)
		return err;
	steering_settle(&c->steering, before, conf->daemon.routing_table);
	for (size_t i = 0; !err && i < conf->connection_count; i++)
		err = add_children(c, &conf->connections[i], true);
	return err;
}

static void warn_of_shunt(const struct closing *c, const struct conf_shunt *shunt)
{
	log_warning(c->log,
		    "%s:%u: children.%s: it would take too many rules: only what is led to a "
		    "tunnel %s",
		    shunt->file, shunt->line, shunt->name,
		    shunt->pass ? "passes, and by its way" : "is dropped");
}

static void warn_of_shunts(const struct closing *c)
{
	for (size_t i = 0; i < c->shunts.count; i++)
		if (c->shunts.list[i].crowded)
			warn_of_shunt(c, c->shunts.list[i].conf);
	if (c->shunts.beyond)
		warn_of_shunt(c, c->shunts.beyond);
}

int closing_configure(struct closing *c)
{
	struct steering steering = c->steering;
	struct remains before = c->ends;
	struct shunts shunts = c->shunts;
	int err;

	c->ends = (struct remains){0};
	c->steering = (struct steering){0};
	err = configure(c, &steering);
	if (err) {
		remains_free(&c->ends);
		steering_free(&c->steering);
		c->ends = before;
		c->steering = steering;
		c->shunts = shunts;
		return err;
	}
	warn_of_shunts(c);
	remains_free(&before);
	steering_free(&steering);
	c->named_count = c->ends.route_count;
	return 0;
}

int closing_learn(struct closing *c, const struct ike_ts_list *local_ts,
		  const struct ike_ts_list *remote_ts)
{
	return add_ends(c, local_ts, remote_ts, true);
}

int closing_close_configured(struct closing *c, bool ike)
{
	int err;

	c->ike = ike;
	err = closing_configure(c);
	if (!err)
		err = closing_refresh(c);
	return err || closing_other(c) ? err : closing_warn_of_others(c);
}

int closing_reach(struct closing *c, const struct ike_addr *peer)
{
	size_t before = c->peers.count;
	int err = peers_add(&c->peers, peer);

	return err || before == c->peers.count ? err : sync_kernel(c);
}

uint32_t closing_table(const struct closing *c, const struct rvl_selector *selector)
{
	const struct steer *steer = steering_of(&c->steering, selector);

	return steer ? steer->table : c->conf->daemon.routing_table;
}

int closing_add(struct closing *c, const struct ike_ts_list *local_ts,
		const struct ike_ts_list *remote_ts)
{
	size_t before = c->ends.route_count;
	unsigned int changes = c->shunts.changes;
	int err = add_ends(c, local_ts, remote_ts, true);

	if (err || (before == c->ends.route_count && changes == c->shunts.changes))
		return err;
	return sync_kernel(c);
}

int closing_release_others(struct closing *c, remains_told_fn *told, void *context)
{
	struct remains others;
	int err = find_others(c, &others);

	if (!err)
		err = remains_release(c->netlink, &others, told, context);
	remains_free(&others);
	return err;
}
