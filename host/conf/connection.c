// SPDX-License-Identifier: BSD-2-Clause
/* Sections connections.*: an IKE SA, how it authenticates, and its children. */
#include <stdlib.h>
#include <string.h>

#include "host/conf/bind.h"
#include "host/eap/method.h"

#define DPD_DELAY 30
#define REKEY_TIME (4 * 3600)
#define UNSET UINT32_MAX /* more than any time that can be written */

static int add_host(const struct conf_value *v, const char *item, void *context)
{
	struct ike_hosts *hosts = context;
	const char *wrong = ike_hosts_add(hosts, item);
	struct ike_addr addr;

	if (wrong)
		return conf_value_fail(v, "\"%.60s\" %s", item, wrong);
	if (!ike_host_is_address(&hosts->list[hosts->count - 1]))
		return 0;
	addr = ike_host_addr(&hosts->list[hosts->count - 1]);
	return conf_check_addr(v, item, &addr);
}

static int set_hosts(const struct conf_value *v, struct ike_hosts *hosts)
{
	ike_hosts_clear(hosts);
	return conf_value_list(v, add_host, hosts);
}

static int set_local_addrs(const struct conf_value *v, void *object)
{
	return set_hosts(v, &((struct conf_connection *)object)->local);
}

static int set_remote_addrs(const struct conf_value *v, void *object)
{
	return set_hosts(v, &((struct conf_connection *)object)->remote);
}

static int set_redirect_to(const struct conf_value *v, void *object)
{
	return conf_bind_gateway(v, &((struct conf_connection *)object)->redirect_to);
}

static int set_local_port(const struct conf_value *v, void *object)
{
	return conf_value_port(v, &((struct conf_connection *)object)->local_port);
}

static int set_remote_port(const struct conf_value *v, void *object)
{
	return conf_value_port(v, &((struct conf_connection *)object)->remote_port);
}

static int set_tcp(const struct conf_value *v, void *object)
{
	/* In the order of the enum. */
	static const char *const words[] = {"no", "fallback", "yes", NULL};
	unsigned int at;
	int err = conf_value_word(v, words, &at);

	if (!err)
		((struct conf_connection *)object)->tcp = (enum ike_tcp)at;
	return err;
}

static int set_remote_port_tcp(const struct conf_value *v, void *object)
{
	return conf_value_port(v, &((struct conf_connection *)object)->remote_port_tcp);
}

static int set_proposals(const struct conf_value *v, void *object)
{
	struct conf_connection *c = object;

	struct conf_proposals proposals;
	int err = conf_bind_proposals(v, IKE_PROTO_IKE, &proposals);

	if (!err) {
		c->proposal_count = proposals.count;
		memcpy(c->proposals, proposals.list, sizeof(c->proposals));
	}
	return err;
}

static int set_encap(const struct conf_value *v, void *object)
{
	return conf_value_bool(v, &((struct conf_connection *)object)->encap);
}

static int set_mobike(const struct conf_value *v, void *object)
{
	return conf_value_bool(v, &((struct conf_connection *)object)->mobike);
}

static int set_ppk_id(const struct conf_value *v, void *object)
{
	struct conf_connection *c = object;
	int err = conf_value_id(v, &c->ppk_id);

	if (err)
		return err;
	if (c->ppk_id.pattern || (c->ppk_id.type == IKE_ID_ANY && *v->key->value))
		return conf_value_fail(v, "\"%.64s\" isn't the identity of one key", v->key->value);
	return 0;
}

static int set_ppk_required(const struct conf_value *v, void *object)
{
	return conf_value_bool(v, &((struct conf_connection *)object)->ppk_required);
}

static int set_mtu_probe_interval(const struct conf_value *v, void *object)
{
	return conf_value_time(v, &((struct conf_connection *)object)->mtu_probe_interval);
}

static int set_dpd_delay(const struct conf_value *v, void *object)
{
	return conf_value_time(v, &((struct conf_connection *)object)->dpd_delay);
}

static int set_rekey_time(const struct conf_value *v, void *object)
{
	return conf_value_time(v, &((struct conf_connection *)object)->rekey_time);
}

static int set_rand_time(const struct conf_value *v, void *object)
{
	return conf_value_time(v, &((struct conf_connection *)object)->rand_time);
}

static int set_over_time(const struct conf_value *v, void *object)
{
	return conf_value_time(v, &((struct conf_connection *)object)->over_time);
}

static int set_reauth_time(const struct conf_value *v, void *object)
{
	return conf_value_time(v, &((struct conf_connection *)object)->reauth_time);
}

static int set_keyingtries(const struct conf_value *v, void *object)
{
	uint64_t n;
	int err = conf_value_number(v, 0, 1000000, &n);

	if (!err)
		((struct conf_connection *)object)->keyingtries = (uint32_t)n;
	return err;
}

static int set_childless(const struct conf_value *v, void *object)
{
	/* In the order of the enum. */
	static const char *const words[] = {"allow", "never", "prefer", "force", NULL};
	unsigned int at;
	int err = conf_value_word(v, words, &at);

	if (!err)
		((struct conf_connection *)object)->childless = (enum ike_childless)at;
	return err;
}

static int set_fragmentation(const struct conf_value *v, void *object)
{
	/* In the order of the enum. strongSwan's `force` is for IKEv1. */
	static const char *const words[] = {"yes", "accept", "no", NULL};
	unsigned int at;
	int err = conf_value_word(v, words, &at);

	if (!err)
		((struct conf_connection *)object)->fragmentation = (enum ike_fragmentation)at;
	return err;
}

static int set_unique(const struct conf_value *v, void *object)
{
	static const char *const words[] = {"no", "never", "keep", "replace", NULL};
	unsigned int at;
	int err = conf_value_word(v, words, &at);

	if (!err)
		((struct conf_connection *)object)->unique = (enum ike_unique)at;
	return err;
}

static int set_send_cert(const struct conf_value *v, void *object)
{
	/* In the order of the enum. */
	static const char *const words[] = {"ifasked", "always", "never", NULL};
	unsigned int at;
	int err = conf_value_word(v, words, &at);

	if (!err)
		((struct conf_connection *)object)->send_cert = (enum ike_send_cert)at;
	return err;
}

static int set_ocsp(const struct conf_value *v, void *object)
{
	static const char *const words[] = {"never", "reply", "request", "both", NULL};
	struct conf_connection *c = object;
	unsigned int at;
	int err = conf_value_word(v, words, &at);

	if (err)
		return err;
	c->tells_ocsp = at & 1;
	c->asks_ocsp = at & 2;
	return 0;
}

static int set_send_certreq(const struct conf_value *v, void *object)
{
	return conf_value_bool(v, &((struct conf_connection *)object)->send_certreq);
}

static int add_vip(const struct conf_value *v, const char *item, void *object)
{
	struct conf_connection *c = object;
	struct ike_addr vip;

	if (c->vip_count == IKE_VIPS_MAX)
		return conf_value_fail(v, "more than %d addresses", IKE_VIPS_MAX);
	if (ike_addr_parse(item, &vip) || !vip.family)
		return conf_value_fail(v, "\"%.60s\" isn't an IP address (any: 0.0.0.0, ::)", item);
	if (!ike_addr_is_zero(&vip) && !ike_addr_is_host(&vip))
		return conf_value_fail(v, "\"%.60s\" isn't an address that a host may have", item);
	c->vips[c->vip_count++] = vip;
	return 0;
}

static int set_vips(const struct conf_value *v, void *object)
{
	((struct conf_connection *)object)->vip_count = 0;
	return conf_value_list(v, add_vip, object);
}

static int add_pool(const struct conf_value *v, const char *item, void *object)
{
	struct conf_connection *c = object;

	if (c->pool_count == CONF_POOLS_MAX)
		return conf_value_fail(v, "more than %d pools", CONF_POOLS_MAX);
	if (strlen(item) >= CONF_NAME_MAX)
		return conf_value_fail(v, "\"%.60s...\" is no pool's name", item);
	strcpy(c->pools[c->pool_count++], item);
	return 0;
}

static int set_pools(const struct conf_value *v, void *object)
{
	((struct conf_connection *)object)->pool_count = 0;
	return conf_value_list(v, add_pool, object);
}

static int set_if_id_in(const struct conf_value *v, void *object)
{
	return conf_bind_if_id(v, &((struct conf_connection *)object)->if_id_in);
}

static int set_if_id_out(const struct conf_value *v, void *object)
{
	return conf_bind_if_id(v, &((struct conf_connection *)object)->if_id_out);
}

static const struct conf_binding keys[] = {
	{"local_addrs", set_local_addrs, false},
	{"remote_addrs", set_remote_addrs, false},
	{"local_port", set_local_port, false},
	{"remote_port", set_remote_port, false},
	{"tcp", set_tcp, false},
	{"remote_port_tcp", set_remote_port_tcp, false},
	{"proposals", set_proposals, false},
	{"encap", set_encap, false},
	{"dpd_delay", set_dpd_delay, false},
	{"mtu_probe_interval", set_mtu_probe_interval, false},
	{"rekey_time", set_rekey_time, false},
	{"rand_time", set_rand_time, false},
	{"reauth_time", set_reauth_time, false},
	{"over_time", set_over_time, false},
	{"unique", set_unique, false},
	{"childless", set_childless, false},
	{"keyingtries", set_keyingtries, false},
	{"ppk_id", set_ppk_id, false},
	{"ppk_required", set_ppk_required, false},
	{"mobike", set_mobike, false},
	{"redirect_to", set_redirect_to, false},
	{"fragmentation", set_fragmentation, false},
	{"send_cert", set_send_cert, false},
	{"send_certreq", set_send_certreq, false},
	{"ocsp", set_ocsp, false},
	{"vips", set_vips, false},
	{"pools", set_pools, false},
	{"if_id_in", set_if_id_in, false},
	{"if_id_out", set_if_id_out, false},
	{NULL, NULL, false},
};

uint8_t conf_connection_family(const struct conf_connection *c)
{
	uint8_t local = ike_hosts_family(&c->local);

	return local ? local : ike_hosts_family(&c->remote);
}

static bool has_dynamic(const struct ike_ts_list *list)
{
	for (unsigned int i = 0; i < list->count; i++)
		if (list->list[i].dynamic)
			return true;
	return false;
}

/* Can a packet be of both ends? Of which family `dynamic` is isn't known. */
static bool has_pair(const struct conf_child *child)
{
	const struct ike_ts_list *local = &child->local_ts, *remote = &child->remote_ts;

	for (unsigned int i = 0; i < local->count; i++)
		for (unsigned int k = 0; k < remote->count; k++)
			if (local->list[i].family == remote->list[k].family)
				return true;
	return !local->count || !remote->count || has_dynamic(local) || has_dynamic(remote);
}

static bool has_only_ah(const struct conf_child *child)
{
	return child->proposals[0].protocol == IKE_PROTO_AH;
}

/* May one of the selectors be of one of these hosts, as far as they are known? */
static bool has_host(const struct ike_ts_list *list, const struct ike_hosts *hosts)
{
	if (!ike_hosts_are_addresses(hosts))
		return true;
	for (unsigned int i = 0; i < list->count; i++) {
		const struct ike_ts *ts = &list->list[i];

		for (unsigned int k = 0; k < hosts->count; k++) {
			const struct ike_addr host = ike_host_addr(&hosts->list[k]);

			if (ts->dynamic || (ts->family == host.family &&
					    memcmp(ts->first, host.ip, sizeof(host.ip)) <= 0 &&
					    memcmp(host.ip, ts->last, sizeof(host.ip)) <= 0))
				return true;
		}
	}
	return false;
}

/* What doesn't go together with what the connection says. */
static int check_mode(const struct conf_section *section, const struct conf_connection *c,
		      const struct conf_child *child, struct conf_error *error)
{
	if (child->mode == RVL_TRANSPORT && (c->vip_count || c->pool_count))
		return conf_fail_section(error, section,
					 "mode = transport is between the two hosts themselves, "
					 "and %s is for addresses behind them",
					 c->vip_count ? "vips" : "pools");
	if (child->mode == RVL_TRANSPORT &&
	    !(has_host(&child->local_ts, &c->local) && has_host(&child->remote_ts, &c->remote)))
		return conf_fail_section(error, section,
					 "mode = transport is between the two hosts themselves, "
					 "and local_ts or remote_ts has none of their addresses");
	if (has_only_ah(child) && c->encap)
		return conf_fail_section(error, section,
					 "encap = yes puts ESP into UDP, and AH can't be");
	if (has_only_ah(child) && c->tcp == IKE_TCP_YES)
		return conf_fail_section(error, section,
					 "tcp = yes puts ESP into TCP, and AH can't be");
	return 0;
}

/* The key by which the child is to begin by itself; NULL: it isn't. */
static const char *begins(const struct conf_child *child)
{
	if (child->start != CONF_START_NONE)
		return "start_action";
	if (child->dpd_action == CONF_DPD_TRAP)
		return "dpd_action";
	return child->close_action != CONF_CLOSE_NONE ? "close_action" : NULL;
}

/* The key by which its traffic is to begin it; NULL: it isn't. */
static const char *is_trapped(const struct conf_child *child)
{
	if (child->start >= CONF_START_TRAP)
		return "start_action";
	if (child->dpd_action == CONF_DPD_TRAP)
		return "dpd_action";
	return child->close_action == CONF_CLOSE_TRAP ? "close_action" : NULL;
}

/* The action that would wait for a packet from an address that isn't known before there is an SA;
 * NULL: there is none. */
static const char *traps_without_address(const struct conf_connection *c,
					 const struct conf_child *child)
{
	return c->vip_count && has_dynamic(&child->local_ts) ? is_trapped(child) : NULL;
}

/* What it needs to know of the peer; its traffic is led to the peer's next hop. */
static int check_peer(const struct conf_section *section, const struct conf_child *child,
		      const struct ike_hosts *remote, struct conf_error *error)
{
	bool address = ike_hosts_first_address(remote).family;
	const char *key = address ? NULL : is_trapped(child), *what = "an address in ";

	if (!ike_hosts_has_one(remote)) {
		key = begins(child);
		what = "";
	}
	return key ? conf_fail_section(error, section, "%s = %s needs %sremote_addrs", key,
				       conf_key_find(section, key)->value, what)
		   : 0;
}

/* What is negotiated, held against what the connection says. */
static int check_child(const struct conf_section *section, const struct conf_connection *connection,
		       const struct conf_child *child, struct conf_error *error)
{
	int err = check_peer(section, child, &connection->remote, error);
	const char *key;

	if (!err && !has_pair(child))
		err = conf_fail_section(error, section,
					"local_ts and remote_ts are of two families");
	if (!err)
		err = check_mode(section, connection, child, error);
	if (err)
		return err;
	key = conf_labels_are_given(&child->labels) ? NULL : is_trapped(child);
	if (key)
		return conf_fail_section(error, section,
					 "%s = %s doesn't go with unique marks and if_ids, which "
					 "nobody knows before there is an SA",
					 key, conf_key_find(section, key)->value);
	key = traps_without_address(connection, child);
	return key ? conf_fail_section(error, section,
				       "%s = %s needs a local_ts that isn't dynamic, as the "
				       "address is the peer's to give (vips)",
				       key, conf_key_find(section, key)->value)
		   : 0;
}

static bool sets_marks(const struct rvl_labels *labels)
{
	return labels->mark_in_sa || labels->set_mark_in.mask || labels->set_mark_out.mask;
}

/* As with strongSwan, only an action puts it in force. */
static int add_shunt(const struct conf_section *section, struct conf_connection *connection,
		     const struct conf_child *child, struct conf_error *error)
{
	const char *word = child->shunting == CONF_PASS ? "pass" : "drop";
	struct conf_shunt *shunt = &connection->shunts[connection->shunt_count++];

	if (child->start == CONF_START_NONE)
		return conf_fail_section(error, section, "mode = %s needs start_action = trap",
					 word);
	if (has_dynamic(&child->local_ts) || has_dynamic(&child->remote_ts))
		return conf_fail_section(error, section,
					 "mode = %s needs local_ts and remote_ts that aren't "
					 "dynamic",
					 word);
	if (!has_pair(child))
		return conf_fail_section(error, section,
					 "local_ts and remote_ts are of two families");
	if (!conf_labels_are_given(&child->labels) || sets_marks(&child->labels))
		return conf_fail_section(error, section,
					 "mode = %s has no SA, for which marks and if_ids are "
					 "chosen, or which sets marks",
					 word);
	*shunt = (struct conf_shunt){
		.file = child->file,
		.line = child->line,
		.pass = child->shunting == CONF_PASS,
		.local_ts = child->local_ts,
		.remote_ts = child->remote_ts,
		.labels = child->labels,
	};
	strcpy(shunt->name, child->name);
	return 0;
}

static int bind_children(const struct conf_section *section, struct conf_connection *connection,
			 struct conf_error *error)
{
	const struct conf_section *children = conf_section_find(section, "children");
	size_t count = children ? children->section_count : 0;

	if (!count)
		return conf_fail_section(error, section,
					 "needs at least one child in \"children\"");
	if (children->key_count)
		return conf_fail_key(error, children, &children->keys[0], "unknown key");
	connection->children = calloc(count, sizeof(*connection->children));
	if (!connection->children)
		return conf_fail_section(error, section, "out of memory");
	for (size_t i = 0; i < count; i++) {
		struct conf_child *child = &connection->children[connection->child_count];
		int err = conf_bind_child(children->sections[i], child, error);

		conf_finish_labels(connection, &child->labels);
		if (!err && child->shunting && !connection->shunts) {
			connection->shunts = calloc(count, sizeof(*connection->shunts));
			if (!connection->shunts)
				return conf_fail_section(error, section, "out of memory");
		}
		if (!err && child->shunting)
			err = add_shunt(children->sections[i], connection, child, error);
		else if (!err)
			err = check_child(children->sections[i], connection, child, error);
		if (err)
			return err;
		connection->child_count += !child->shunting;
	}
	return 0;
}

/* What isn't configured follows from what is. */
static int finish_times(const struct conf_section *section, struct conf_connection *c,
			struct conf_error *error)
{
	uint32_t longest = c->rekey_time > c->reauth_time ? c->rekey_time : c->reauth_time;
	uint32_t shortest = c->rekey_time && (!c->reauth_time || c->rekey_time < c->reauth_time)
				    ? c->rekey_time
				    : c->reauth_time;

	if (c->over_time == UNSET)
		c->over_time = longest / 10;
	if (c->rand_time == UNSET)
		c->rand_time = c->over_time < shortest ? c->over_time : shortest;
	if (c->rekey_time && c->rand_time > c->rekey_time)
		return conf_fail_section(error, section, "rand_time is beyond rekey_time");
	if (c->reauth_time && c->rand_time > c->reauth_time)
		return conf_fail_section(error, section, "rand_time is beyond reauth_time");
	return 0;
}

static int check_families(const struct conf_section *section, const struct conf_connection *c,
			  struct conf_error *error)
{
	uint8_t local = ike_hosts_family(&c->local), remote = ike_hosts_family(&c->remote);

	if (local && remote && local != remote)
		return conf_fail_section(error, section,
					 "local_addrs is IPv%u and remote_addrs IPv%u", local,
					 remote);
	return 0;
}

/* What nobody can't have (RFC 7619): a name to be unique by, and a word that is meant for one
 * alone. */
static int check_null(const struct conf_section *section, const struct conf_connection *c,
		      struct conf_error *error)
{
	if (!c->local_auth.null && !c->remote_auth.null)
		return 0;
	if (c->ppk_required || c->ppk_id.type != IKE_ID_ANY)
		return conf_fail_section(error, section,
					 "ppk_id and ppk_required don't go with auth = null");
	if (c->remote_auth.null &&
	    (c->unique == IKE_UNIQUE_KEEP || c->unique == IKE_UNIQUE_REPLACE))
		return conf_fail_section(error, section,
					 "unique needs peers that are somebody, not auth = null");
	if (c->local_auth.eap || c->remote_auth.eap || c->local_next.eap || c->remote_next.eap)
		return conf_fail_section(error, section,
					 "who comes in by EAP does so to one that isn't auth = "
					 "null");
	return 0;
}

/* By a method that proves both sides (RFC 5998): of ours EAP-TLS does. */
static int check_eap_alone(const struct conf_section *section, const struct conf_connection *c,
			   struct conf_error *error)
{
	const uint8_t by_tls = 1 << EAP_METHOD_TLS;

	if (c->local_next.eap || c->remote_next.eap || c->local_auth.eap != by_tls ||
	    c->remote_auth.eap != by_tls)
		return conf_fail_section(error, section,
					 "one side has to prove who it is otherwise than by EAP, "
					 "unless both do it by eap-tls");
	if (c->local_auth.aaa_id.type != IKE_ID_ANY)
		return conf_fail_section(error, section,
					 "aaa_id doesn't go with eap-tls on both sides: the server "
					 "in TLS is the peer itself (remote.id)");
	return 0;
}

/* Who comes in by EAP begins, and to one who proves himself otherwise (RFC 7296, section 2.16). */
static int check_eap(const struct conf_section *section, const struct conf_connection *c,
		     struct conf_error *error)
{
	bool server = c->remote_auth.eap || c->remote_next.eap;

	if (server && (c->local_auth.eap || c->local_next.eap)) {
		int err = check_eap_alone(section, c, error);

		if (err)
			return err;
		server = !ike_id_is_one(&c->remote_id);
	}
	if ((c->local_next.eap || c->remote_next.eap) &&
	    (c->ppk_required || c->ppk_id.type != IKE_ID_ANY))
		return conf_fail_section(error, section,
					 "ppk_id and ppk_required don't go with two rounds of "
					 "authentication");
	for (size_t i = 0; server && i < c->child_count; i++) {
		const struct conf_child *child = &c->children[i];

		if (child->start != CONF_START_NONE || child->dpd_action != CONF_DPD_CLEAR ||
		    child->close_action != CONF_CLOSE_NONE)
			return conf_fail_section(
				error, section,
				"child %s: start_action, dpd_action and close_action would "
				"begin, and a peer that comes in by EAP begins itself",
				child->name);
	}
	return 0;
}

int conf_bind_connection(const struct conf_section *section, struct conf_connection *c,
			 struct conf_error *error)
{
	static const char *const sections[] = {"local*", "remote*", "children", NULL};
	bool local, remote;
	int err;

	*c = (struct conf_connection){
		.file = section->file,
		.line = section->line,
		.mobike = true,
		.send_certreq = true,
		.tells_ocsp = true,
		.dpd_delay = DPD_DELAY,
		.rekey_time = REKEY_TIME,
		.rand_time = UNSET,
		.over_time = UNSET,
	};
	c->proposal_count = ike_proposal_defaults(IKE_PROTO_IKE, c->proposals);
	err = conf_bind_name(section, c->name, error);
	if (!err)
		err = conf_only_sections(section, sections, conf_absent_none, error);
	if (!err)
		err = conf_bind(section, keys, conf_absent_connection, c, error);
	if (!err)
		err = check_families(section, c, error);
	if (!err)
		err = conf_bind_auth(section, true, &local, c, error);
	if (!err)
		err = conf_bind_auth(section, false, &remote, c, error);
	if (!err)
		err = bind_children(section, c, error);
	/* Shunts are nobody's. */
	if (!err && c->child_count && !(local && remote))
		err = conf_fail_section(error, section, "needs a section \"%s\"",
					local ? "remote" : "local");
	if (!err)
		err = check_null(section, c, error);
	if (!err)
		err = check_eap(section, c, error);
	if (!err && c->vip_count && !ike_hosts_has_one(&c->remote))
		err = conf_fail_section(error, section, "vips needs remote_addrs");
	return err ? err : finish_times(section, c, error);
}
