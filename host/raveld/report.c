// SPDX-License-Identifier: BSD-2-Clause
/* What the daemon knows, as JSON: keys in kebab case; names of counters as they are written. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/raveld/daemon.h"

#define TEXT 128

json_t *report_text(const char *text)
{
	json_t *string = json_string(text);
	char *plain;

	if (string)
		return string;
	plain = strdup(text);
	for (char *p = plain; p && *p; p++)
		if (*p & 0x80)
			*p = '?';
	string = plain ? json_string(plain) : NULL;
	free(plain);
	return string;
}

static json_t *hex32(uint32_t value)
{
	char text[16];

	snprintf(text, sizeof(text), "%08x", value);
	return json_string(text);
}

static json_t *hex64(uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%016llx", (unsigned long long)value);
	return json_string(text);
}

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *address(const struct ike_addr *addr)
{
	char text[IKE_ADDR_TEXT];

	ike_addr_text(addr, text, sizeof(text));
	return json_string(text);
}

static json_t *identity(const struct ike_id *id)
{
	char text[IKE_ID_TEXT];

	ike_id_text(id, text, sizeof(text));
	return json_string(text);
}

static json_t *selectors(const struct ike_ts_list *list)
{
	json_t *array = json_array();

	for (unsigned int i = 0; i < list->count; i++) {
		char text[IKE_TS_TEXT];

		ike_ts_text(&list->list[i], text, sizeof(text));
		json_array_append_new(array, json_string(text));
	}
	return array;
}

static json_t *suite(const struct ike_suite *s)
{
	char text[TEXT];

	ike_suite_text(s, text, sizeof(text));
	return json_string(text);
}

static uint64_t seconds_since(const struct daemon *d, uint64_t then)
{
	uint64_t now = uv_now(&d->loop);

	return then && now > then ? (now - then) / 1000 : 0;
}

static void add_sa_stats(json_t *object, const char *suffix, const struct rvl_sa_stats *stats)
{
	const struct {
		const char *name;
		uint64_t value;
	} values[] = {
		{"packets", stats->packets},
		{"bytes", stats->bytes},
		{"sequence", stats->seq},
		{"drops-icv", stats->drop_icv},
		{"drops-replay", stats->drop_replay},
		{"drops-format", stats->drop_format},
		{"drops-limit", stats->drop_limit},
	};
	bool in = !strcmp(suffix, "in");

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		char key[32];

		/* What is received can fail in ways that what is sent can't. */
		if (!in && i >= 3 && i <= 5)
			continue;
		snprintf(key, sizeof(key), "%s-%s", values[i].name, suffix);
		json_object_set_new(object, key, number(values[i].value));
	}
}

struct listing {
	struct daemon *d;
	json_t *ike_sas;
	json_t *child_sas; /* of the IKE SA last seen */
};

static void list_child(struct listing *l, const struct ike_child_info *child)
{
	struct rvl_sa_stats in = {0}, out = {0};
	struct rvl_backend_error error = {""};
	json_t *o = json_object();

	json_object_set_new(o, "id", number(child->id));
	json_object_set_new(o, "name", json_string(child->name));
	json_object_set_new(o, "state", json_string(ike_child_state_name(child->state)));
	json_object_set_new(o, "mode", json_string("TUNNEL"));
	json_object_set_new(o, "protocol", json_string("ESP"));
	json_object_set_new(o, "encap", json_boolean(child->encap));
	json_object_set_new(o, "spi-in", hex32(child->spi_in));
	json_object_set_new(o, "spi-out", hex32(child->spi_out));
	json_object_set_new(o, "suite", suite(&child->suite));
	json_object_set_new(o, "installed-seconds",
			    number(seconds_since(l->d, child->installed_at)));
	if (child->state >= IKE_CHILD_INSTALLED &&
	    !rvl_sad_child_query(l->d->sad, child->id, &in, &out, &error)) {
		add_sa_stats(o, "in", &in);
		add_sa_stats(o, "out", &out);
	}
	json_object_set_new(o, "local-ts", selectors(&child->local_ts));
	json_object_set_new(o, "remote-ts", selectors(&child->remote_ts));
	json_object_set_new(o, "additional-ts-possible", json_boolean(child->more_ts));
	json_array_append_new(l->child_sas, o);
}

static void list_one(void *context, const struct ike_sa_info *sa,
		     const struct ike_child_info *child)
{
	struct listing *l = context;
	json_t *o;

	if (child) {
		list_child(l, child);
		return;
	}
	o = json_object();
	json_object_set_new(o, "id", number(sa->id));
	json_object_set_new(o, "connection", json_string(sa->connection));
	json_object_set_new(o, "state", json_string(ike_state_name(sa->state)));
	json_object_set_new(o, "initiator", json_boolean(sa->initiator));
	json_object_set_new(o, "local-host", address(&sa->local));
	json_object_set_new(o, "local-port", number(sa->local.port));
	json_object_set_new(o, "local-id", identity(&sa->local_id));
	json_object_set_new(o, "remote-host", address(&sa->remote));
	json_object_set_new(o, "remote-port", number(sa->remote.port));
	json_object_set_new(o, "remote-id", identity(&sa->remote_id));
	json_object_set_new(o, "initiator-spi", hex64(sa->spi_i));
	json_object_set_new(o, "responder-spi", hex64(sa->spi_r));
	json_object_set_new(o, "suite", suite(&sa->suite));
	json_object_set_new(o, "nat-local", json_boolean(sa->nat_local));
	json_object_set_new(o, "nat-remote", json_boolean(sa->nat_remote));
	json_object_set_new(o, "established-seconds",
			    number(seconds_since(l->d, sa->established_at)));
	l->child_sas = json_array();
	json_object_set_new(o, "child-sas", l->child_sas);
	json_array_append_new(l->ike_sas, o);
}

struct child_query {
	const char *connection;
	const char *child;
	bool up;
};

static void look_for_child(void *context, const struct ike_sa_info *sa,
			   const struct ike_child_info *child)
{
	struct child_query *q = context;

	if (child && !strcmp(sa->connection, q->connection) && !strcmp(child->name, q->child) &&
	    child->state == IKE_CHILD_INSTALLED)
		q->up = true;
}

bool report_child_is_up(struct daemon *d, const char *connection, const char *child)
{
	struct child_query q = {.connection = connection, .child = child};

	ike_list(d->engine, look_for_child, &q);
	return q.up;
}

static json_t *list_connections(struct daemon *d)
{
	struct wish **w = d->wishes; /* in the same order */
	json_t *array = json_array();

	for (size_t i = 0; i < d->conf->connection_count; i++) {
		const struct conf_connection *c = &d->conf->connections[i];
		json_t *o = json_object(), *children = json_array();

		for (size_t k = 0; k < c->child_count; k++) {
			const struct conf_child *child = &c->children[k];
			json_t *co = json_object();

			json_object_set_new(co, "name", json_string(child->name));
			json_object_set_new(
				co, "up",
				json_boolean(report_child_is_up(d, c->name, child->name)));
			json_object_set_new(co, "trap", json_boolean(traps_is_set(d, *w++)));
			json_object_set_new(co, "local-ts", selectors(&child->local_ts));
			json_object_set_new(co, "remote-ts", selectors(&child->remote_ts));
			json_array_append_new(children, co);
		}
		json_object_set_new(o, "name", json_string(c->name));
		json_object_set_new(o, "local-host", address(&c->local));
		json_object_set_new(o, "remote-host", address(&c->remote));
		json_object_set_new(o, "children", children);
		json_array_append_new(array, o);
	}
	return array;
}

json_t *report_list(struct daemon *d)
{
	struct listing l = {.d = d, .ike_sas = json_array()};
	json_t *o = json_object();

	ike_list(d->engine, list_one, &l);
	json_object_set_new(o, "ike-sas", l.ike_sas);
	json_object_set_new(o, "connections", list_connections(d));
	return o;
}

static void add_counter(void *context, const char *name, uint64_t value)
{
	json_object_set_new(context, name, number(value));
}

static json_t *ike_stats(struct daemon *d)
{
	const struct ike_stats *s = ike_engine_stats(d->engine);
	struct sockets_counters c = sockets_counters(d->sockets);
	json_t *o = json_object();

	add_counter(o, "datagrams_in", s->datagrams_in);
	add_counter(o, "datagrams_out", s->datagrams_out);
	add_counter(o, "retransmissions_in", s->retransmissions_in);
	add_counter(o, "retransmissions_out", s->retransmissions_out);
	add_counter(o, "initiated", s->initiated);
	add_counter(o, "established_initiator", s->established_initiator);
	add_counter(o, "established_responder", s->established_responder);
	add_counter(o, "auth_failed", s->auth_failed);
	add_counter(o, "peers_dead", s->peers_dead);
	add_counter(o, "cookies_sent", s->cookies_sent);
	add_counter(o, "cookies_wrong", s->cookies_wrong);
	add_counter(o, "hints", s->hints);
	add_counter(o, "drop_malformed", s->drop_malformed);
	add_counter(o, "drop_unknown_spi", s->drop_unknown_spi);
	add_counter(o, "drop_integrity", s->drop_integrity);
	add_counter(o, "drop_message_id", s->drop_message_id);
	add_counter(o, "drop_state", s->drop_state);
	add_counter(o, "drop_limit", s->drop_limit);
	add_counter(o, "drop_memory", s->drop_memory);
	add_counter(o, "drop_hint", s->drop_hint);
	add_counter(o, "fragments_in", s->fragments_in);
	add_counter(o, "fragments_out", s->fragments_out);
	add_counter(o, "reassembled", s->reassembled);
	add_counter(o, "drop_fragment_unasked", s->drop_fragment_unasked);
	add_counter(o, "drop_fragment_malformed", s->drop_fragment_malformed);
	add_counter(o, "drop_fragment_duplicate", s->drop_fragment_duplicate);
	add_counter(o, "drop_fragment_total", s->drop_fragment_total);
	add_counter(o, "drop_fragment_incomplete", s->drop_fragment_incomplete);
	add_counter(o, "drop_fragment_limit", s->drop_fragment_limit);
	add_counter(o, "socket_received", c.received);
	add_counter(o, "socket_sent", c.sent);
	add_counter(o, "socket_send_errors", c.send_errors);
	add_counter(o, "socket_ignored", c.ignored);
	return o;
}

static json_t *host_stats(struct daemon *d)
{
	struct rvl_inbound_counters in = rvl_inbound_counters(rvl_sad_inbound(d->sad));
	struct rvl_trap_counters traps = rvl_traps_counters(rvl_sad_traps(d->sad));
	struct datapath_counters c = datapath_counters(d->datapath);
	json_t *o = json_object();

	add_counter(o, "tx_frames", c.host_tx_frames);
	add_counter(o, "tx_errors", c.host_tx_errors);
	add_counter(o, "tx_drop_decrypted", in.drop_decrypted);
	add_counter(o, "tx_trap_held", traps.held);
	add_counter(o, "tx_trap_dropped", traps.dropped);
	add_counter(o, "rx_frames", c.host_rx_frames);
	add_counter(o, "rx_errors", c.host_rx_errors);
	add_counter(o, "rx_accepted_protected", in.accepted_protected);
	add_counter(o, "rx_accepted_clear", in.accepted_clear);
	add_counter(o, "rx_drop_selector", in.drop_selector);
	add_counter(o, "rx_drop_policy", in.drop_clear);
	add_counter(o, "rx_drop_malformed", in.drop_malformed);
	return o;
}

json_t *report_stats(struct daemon *d)
{
	json_t *o = json_object(), *device = json_object();

	if (d->backend->ops->counters(d->backend, add_counter, device) < 0)
		json_object_set_new(o, "device-error",
				    json_string(d->backend->ops->dead(d->backend) ?: "no answer"));
	json_object_set_new(o, "device", device);
	json_object_set_new(o, "host", host_stats(d));
	json_object_set_new(o, "ike", ike_stats(d));
	return o;
}

json_t *report_nic(struct daemon *d)
{
	const char *dead = d->backend->ops->dead(d->backend);
	struct rvl_backend_info info;
	json_t *o = json_object();
	char mac[24];

	d->backend->ops->info(d->backend, &info);
	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", info.mac[0], info.mac[1],
		 info.mac[2], info.mac[3], info.mac[4], info.mac[5]);
	json_object_set_new(o, "backend", json_string(info.kind));
	json_object_set_new(o, "device", json_string(info.device));
	if (info.pci_id[0]) {
		json_object_set_new(o, "pci-id", json_string(info.pci_id));
		json_object_set_new(o, "abi-major", number(info.abi_major));
		json_object_set_new(o, "abi-minor", number(info.abi_minor));
		json_object_set_new(o, "octets-per-cycle", number(info.beat));
	}
	json_object_set_new(o, "state", json_string(dead ? dead : "working"));
	json_object_set_new(o, "netdev", json_string(d->conf->daemon.netdev));
	json_object_set_new(o, "mac", json_string(mac));
	json_object_set_new(o, "mtu", number(d->mtu));
	json_object_set_new(o, "max-frame", number(info.max_frame));
	json_object_set_new(o, "algorithms", json_string(info.algorithms));
	json_object_set_new(o, "queue-pairs", number(info.queue_pairs));
	json_object_set_new(o, "replay-window-max", number(info.replay_window));
	json_object_set_new(o, "policies", number(info.policies));
	json_object_set_new(o, "policies-used", number(rvl_sad_policy_count(d->sad)));
	json_object_set_new(o, "outbound-sas", number(info.outbound_sas));
	json_object_set_new(o, "outbound-sas-used", number(rvl_sad_sa_count(d->sad, RVL_OUTBOUND)));
	json_object_set_new(o, "inbound-sas", number(info.inbound_sas));
	json_object_set_new(o, "inbound-sas-used", number(rvl_sad_sa_count(d->sad, RVL_INBOUND)));
	return o;
}
