// SPDX-License-Identifier: BSD-2-Clause
/* What the daemon knows, as JSON: keys in kebab case; names of counters as they are written. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/raveld/daemon.h"

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

json_t *report_number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

json_t *report_address(const struct ike_addr *addr)
{
	char text[IKE_ADDR_TEXT];

	ike_addr_text(addr, text, sizeof(text));
	return json_string(text);
}

json_t *report_identity(const struct ike_id *id)
{
	char text[IKE_ID_TEXT];

	ike_id_text(id, text, sizeof(text));
	return json_string(text);
}

static void add_counter(void *context, const char *name, uint64_t value)
{
	json_object_set_new(context, name, report_number(value));
}

static json_t *ike_stats(struct daemon *d)
{
	const struct ike_stats *s = ike_engine_stats(d->engine);
	struct sockets_counters c = sockets_counters(d->sockets);
	struct streams_counters tcp = streams_counters(d->streams);
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
	add_counter(o, "leases_given", s->leases_given);
	add_counter(o, "leases_refused", s->leases_refused);
	add_counter(o, "cookies_sent", s->cookies_sent);
	add_counter(o, "cookies_wrong", s->cookies_wrong);
	add_counter(o, "puzzles_sent", s->puzzles_sent);
	add_counter(o, "puzzles_solved", s->puzzles_solved);
	add_counter(o, "puzzles_wrong", s->puzzles_wrong);
	add_counter(o, "puzzles_met", s->puzzles_met);
	add_counter(o, "puzzles_done", s->puzzles_done);
	add_counter(o, "qcd_proofs", s->qcd_proofs);
	add_counter(o, "qcd_wrong", s->qcd_wrong);
	add_counter(o, "redirects_sent", s->redirects_sent);
	add_counter(o, "redirects_met", s->redirects_met);
	add_counter(o, "redirects_followed", s->redirects_followed);
	add_counter(o, "half_open_evicted", s->half_open_evicted);
	add_counter(o, "syncs", s->syncs);
	add_counter(o, "probes", s->probes);
	add_counter(o, "probes_lost", s->probes_lost);
	add_counter(o, "hints", s->hints);
	add_counter(o, "drop_malformed", s->drop_malformed);
	add_counter(o, "drop_unknown_spi", s->drop_unknown_spi);
	add_counter(o, "drop_integrity", s->drop_integrity);
	add_counter(o, "drop_message_id", s->drop_message_id);
	add_counter(o, "drop_state", s->drop_state);
	add_counter(o, "drop_limit", s->drop_limit);
	add_counter(o, "drop_memory", s->drop_memory);
	add_counter(o, "drop_hint", s->drop_hint);
	add_counter(o, "drop_sync", s->drop_sync);
	add_counter(o, "fragments_in", s->fragments_in);
	add_counter(o, "fragments_out", s->fragments_out);
	add_counter(o, "reassembled", s->reassembled);
	add_counter(o, "drop_fragment_unasked", s->drop_fragment_unasked);
	add_counter(o, "drop_fragment_malformed", s->drop_fragment_malformed);
	add_counter(o, "drop_fragment_duplicate", s->drop_fragment_duplicate);
	add_counter(o, "drop_fragment_total", s->drop_fragment_total);
	add_counter(o, "drop_fragment_incomplete", s->drop_fragment_incomplete);
	add_counter(o, "drop_fragment_limit", s->drop_fragment_limit);
	add_counter(o, "tcp_accepted", tcp.accepted);
	add_counter(o, "tcp_made", tcp.made);
	add_counter(o, "tcp_received", tcp.received);
	add_counter(o, "tcp_sent", tcp.sent);
	add_counter(o, "tcp_received_esp", tcp.received_esp);
	add_counter(o, "tcp_sent_esp", tcp.sent_esp);
	add_counter(o, "tcp_refused", tcp.refused);
	add_counter(o, "tcp_idle", tcp.idle);
	add_counter(o, "tcp_malformed", tcp.malformed);
	add_counter(o, "tcp_drop_absent", tcp.drop_absent);
	add_counter(o, "tcp_drop_full", tcp.drop_full);
	add_counter(o, "socket_received", c.received);
	add_counter(o, "socket_sent", c.sent);
	add_counter(o, "socket_send_errors", c.send_errors);
	add_counter(o, "socket_ignored", c.ignored);
	add_counter(o, "socket_missed", c.missed[RVL_LANE_PEERS]);
	add_counter(o, "socket_missed_returned", c.missed[RVL_LANE_RETURNED]);
	add_counter(o, "socket_missed_strangers", c.missed[RVL_LANE_STRANGERS]);
	return o;
}

/* device: counters of the data path, which may drop in the host's stead. */
static json_t *host_stats(struct daemon *d, const json_t *device)
{
	const uint64_t selectors =
		(uint64_t)json_integer_value(json_object_get(device, "rx_drop_selectors"));
	struct rvl_inbound_counters in = rvl_inbound_counters(rvl_sad_inbound(d->sad));
	struct rvl_trap_counters traps = rvl_traps_counters(rvl_sad_traps(d->sad));
	struct rvl_fit_counters fit = rvl_fit_counters(rvl_sad_fit(d->sad));
	struct datapath_counters c = datapath_counters(d->datapath);
	json_t *o = json_object();

	add_counter(o, "tx_frames", c.host_tx_frames);
	add_counter(o, "tx_large", c.host_tx_large);
	add_counter(o, "tx_errors", c.host_tx_errors);
	add_counter(o, "tx_drop_backlog", c.host_tx_dropped);
	add_counter(o, "tx_drop_decrypted", in.drop_decrypted);
	add_counter(o, "tx_cut", fit.cut);
	add_counter(o, "tx_fragments", c.host_tx_fragments);
	add_counter(o, "tx_fragments_lost", c.host_tx_full);
	add_counter(o, "tx_ike_fragments", c.host_tx_ike_fragments);
	add_counter(o, "tx_probes", c.host_tx_probes);
	add_counter(o, "tx_probe_parts", c.host_tx_probe_parts);
	add_counter(o, "tx_probe_fragments", c.host_tx_probe_fragments);
	add_counter(o, "tx_too_big_told", fit.told);
	add_counter(o, "tx_drop_too_big", fit.untold);
	add_counter(o, "handed_over", c.host_handed);
	add_counter(o, "handed_over_lost", c.host_handed_lost);
	add_counter(o, "tx_drop_handed_over", c.host_tx_handed_lost);
	add_counter(o, "rx_drop_handed_over", c.host_rx_handed_lost);
	add_counter(o, "tx_trap_held", traps.held);
	add_counter(o, "tx_trap_dropped", traps.dropped);
	add_counter(o, "rx_frames", c.host_rx_frames);
	add_counter(o, "rx_large", c.host_rx_large);
	add_counter(o, "rx_errors", c.host_rx_errors);
	add_counter(o, "rx_accepted_protected", in.accepted_protected);
	add_counter(o, "rx_accepted_clear", in.accepted_clear);
	add_counter(o, "rx_drop_selector", in.drop_selector + selectors);
	add_counter(o, "rx_drop_policy", in.drop_clear);
	add_counter(o, "rx_drop_malformed", in.drop_malformed);
	add_counter(o, "rx_drop_fragmented_esp", c.host_rx_unverified);
	add_counter(o, "rx_drop_stream_full", c.host_rx_stream_full);
	add_counter(o, "rx_put_together", c.pieces.whole);
	add_counter(o, "rx_drop_fragment_refused", c.pieces.refused);
	add_counter(o, "rx_drop_fragment_overlap", c.pieces.overlaps);
	add_counter(o, "rx_drop_fragment_timeout", c.pieces.timeouts);
	add_counter(o, "rx_drop_fragment_limit", c.pieces.evicted);
	add_counter(o, "rx_path_hints", fit.hints);
	add_counter(o, "rx_path_hints_lost", fit.lost);
	add_counter(o, "mss_clamped", fit.clamped);
	return o;
}

json_t *report_stats(struct daemon *d)
{
	json_t *o = json_object(), *device = json_object();

	if (d->backend->ops->counters(d->backend, add_counter, device) < 0)
		json_object_set_new(o, "device-error",
				    json_string(d->backend->ops->dead(d->backend) ?: "no answer"));
	json_object_set_new(o, "device", device);
	if (d->datapath)
		json_object_set_new(o, "host", host_stats(d, device));
	json_object_set_new(o, "ike", ike_stats(d));
	return o;
}

json_t *report_nic(struct daemon *d)
{
	const char *dead = d->backend->ops->dead(d->backend);
	struct rvl_backend_info info;
	json_t *o = json_object();
	char mac[24], algorithms[1024];

	d->backend->ops->info(d->backend, &info);
	rvl_abilities_algorithms(&info.abilities, algorithms, sizeof(algorithms));
	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", info.mac[0], info.mac[1],
		 info.mac[2], info.mac[3], info.mac[4], info.mac[5]);
	json_object_set_new(o, "backend", json_string(info.kind));
	json_object_set_new(o, "device", json_string(info.device));
	if (info.pci_id[0]) {
		json_object_set_new(o, "pci-id", json_string(info.pci_id));
		json_object_set_new(o, "abi-major", report_number(info.abi_major));
		json_object_set_new(o, "abi-minor", report_number(info.abi_minor));
		json_object_set_new(o, "octets-per-cycle", report_number(info.beat));
	}
	json_object_set_new(o, "state", json_string(dead ? dead : "working"));
	if (info.link)
		json_object_set_new(o, "link", json_string(info.link));
	if (d->backend->frames) {
		json_object_set_new(o, "netdev", json_string(d->conf->daemon.netdev));
		json_object_set_new(o, "mac", json_string(mac));
		json_object_set_new(o, "mtu", report_number(d->mtu));
		json_object_set_new(o, "max-frame", report_number(info.max_frame));
	}
	json_object_set_new(o, "algorithms", json_string(algorithms));
	json_object_set_new(o, "queue-pairs", report_number(info.queue_pairs));
	json_object_set_new(o, "replay-window-max", report_number(info.abilities.window));
	json_object_set_new(o, "policies", report_number(info.policies));
	json_object_set_new(o, "policies-used", report_number(rvl_sad_policy_count(d->sad)));
	json_object_set_new(o, "outbound-sas", report_number(info.outbound_sas));
	json_object_set_new(o, "outbound-sas-used",
			    report_number(rvl_sad_sa_count(d->sad, RVL_OUTBOUND)));
	json_object_set_new(o, "inbound-sas", report_number(info.inbound_sas));
	json_object_set_new(o, "inbound-sas-used",
			    report_number(rvl_sad_sa_count(d->sad, RVL_INBOUND)));
	return o;
}

struct pool_report {
	const struct conf *conf;
	json_t **leases; /* of each pool, and behind them those of none */
	uint64_t *online;
};

static void report_lease(void *context, const struct conf_pool *pool, const struct ike_addr *addr,
			 const struct ike_id *id, bool online)
{
	struct pool_report *r = context;
	size_t at = pool ? (size_t)(pool - r->conf->pools) : r->conf->pool_count;
	json_t *o = json_object();

	json_object_set_new(o, "address", report_address(addr));
	json_object_set_new(o, "identity", report_identity(id));
	json_object_set_new(o, "online", json_boolean(online));
	json_array_append_new(r->leases[at], o);
	r->online[at] += online;
}

static json_t *report_pool(const struct conf_pool *pool, json_t *leases, uint64_t online)
{
	json_t *o = json_object();

	json_object_set_new(o, "name", json_string(pool ? pool->name : ""));
	json_object_set_new(o, "addrs", json_string(pool ? pool->addrs : ""));
	json_object_set_new(o, "size", report_number(pool ? pool->size : 0));
	json_object_set_new(o, "online", report_number(online));
	json_object_set_new(o, "offline", report_number(json_array_size(leases) - online));
	json_object_set_new(o, "leases", leases);
	return o;
}

/* What was given of a pool that isn't configured any more comes last, under no name. */
json_t *report_pools(struct daemon *d)
{
	size_t count = d->conf->pool_count;
	struct pool_report r = {
		.conf = d->conf,
		.leases = calloc(count + 1, sizeof(json_t *)),
		.online = calloc(count + 1, sizeof(*r.online)),
	};
	json_t *o = NULL, *array;

	if (r.leases && r.online) {
		o = json_object();
		array = json_array();
		for (size_t i = 0; i <= count; i++)
			r.leases[i] = json_array();
		pools_list(d->pools, report_lease, &r);
		for (size_t i = 0; i < count; i++)
			json_array_append_new(
				array, report_pool(&d->conf->pools[i], r.leases[i], r.online[i]));
		if (json_array_size(r.leases[count]))
			json_array_append_new(array,
					      report_pool(NULL, r.leases[count], r.online[count]));
		else
			json_decref(r.leases[count]);
		json_object_set_new(o, "pools", array);
	}
	free(r.leases);
	free(r.online);
	return o;
}
