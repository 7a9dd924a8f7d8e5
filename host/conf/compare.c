// SPDX-License-Identifier: BSD-2-Clause
/* What has changed between two configurations, and what that means for what runs. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/conf/conf.h"

static enum conf_change change(bool replaced, bool adjusted)
{
	if (replaced)
		return CONF_REPLACED;
	return adjusted ? CONF_ADJUSTED : CONF_UNCHANGED;
}

static bool same_vips(const struct conf_connection *a, const struct conf_connection *b)
{
	bool same = a->vip_count == b->vip_count;

	for (unsigned int i = 0; same && i < a->vip_count; i++)
		same = ike_addr_equal(&a->vips[i], &b->vips[i]);
	return same;
}

static bool same_pools(const struct conf_connection *a, const struct conf_connection *b)
{
	bool same = a->pool_count == b->pool_count;

	for (size_t i = 0; same && i < a->pool_count; i++)
		same = !strcmp(a->pools[i], b->pools[i]);
	return same;
}

static bool same_files(const struct conf_files *a, const struct conf_files *b)
{
	bool same = a->count == b->count;

	for (size_t i = 0; same && i < a->count; i++)
		same = !strcmp(a->list[i], b->list[i]);
	return same;
}

static bool same_auth(const struct conf_auth *a, const struct conf_auth *b)
{
	return a->null == b->null && a->pubkey == b->pubkey && a->eap == b->eap &&
	       a->has_eap_id == b->has_eap_id && ike_id_equal(&a->eap_id, &b->eap_id) &&
	       ike_id_equal(&a->aaa_id, &b->aaa_id) && a->schemes == b->schemes &&
	       a->hashes == b->hashes && a->rsa_bits == b->rsa_bits &&
	       a->revocation == b->revocation && a->ecdsa_bits == b->ecdsa_bits &&
	       same_files(&a->certs, &b->certs) && same_files(&a->cacerts, &b->cacerts) &&
	       same_files(&a->pubkeys, &b->pubkeys) && same_files(&a->groups, &b->groups);
}

enum conf_change conf_compare_connection(const struct conf_connection *old,
					 const struct conf_connection *new)
{
	bool replaced = !ike_hosts_equal(&old->local, &new->local) ||
			!ike_hosts_equal(&old->remote, &new->remote) ||
			old->local_port != new->local_port ||
			old->remote_port != new->remote_port || old->tcp != new->tcp ||
			old->remote_port_tcp != new->remote_port_tcp ||
			!ike_id_equal(&old->local_id, &new->local_id) ||
			!ike_id_equal(&old->remote_id, &new->remote_id) ||
			!ike_proposals_equal(old->proposals, old->proposal_count, new->proposals,
					     new->proposal_count) ||
			!same_auth(&old->local_auth, &new->local_auth) ||
			!same_auth(&old->remote_auth, &new->remote_auth) ||
			!same_auth(&old->local_next, &new->local_next) ||
			!same_auth(&old->remote_next, &new->remote_next) ||
			!ike_id_equal(&old->local_next_id, &new->local_next_id) ||
			!ike_id_equal(&old->remote_next_id, &new->remote_next_id) ||
			!ike_id_equal(&old->ppk_id, &new->ppk_id) ||
			old->ppk_required != new->ppk_required || old->encap != new->encap ||
			!same_vips(old, new);
	bool adjusted = !ike_hosts_equal(&old->redirect_to, &new->redirect_to) ||
			old->send_cert != new->send_cert ||
			old->send_certreq != new->send_certreq ||
			old->asks_ocsp != new->asks_ocsp || old->tells_ocsp != new->tells_ocsp ||
			old->fragmentation != new->fragmentation || old->mobike != new->mobike ||
			old->dpd_delay != new->dpd_delay ||
			old->mtu_probe_interval != new->mtu_probe_interval ||
			old->rekey_time != new->rekey_time || old->rand_time != new->rand_time ||
			old->reauth_time != new->reauth_time || old->over_time != new->over_time ||
			old->unique != new->unique || old->childless != new->childless ||
			old->keyingtries != new->keyingtries || !same_pools(old, new);

	return change(replaced, adjusted);
}

static bool same_shunt(const struct conf_shunt *a, const struct conf_shunt *b)
{
	return a->pass == b->pass && rvl_labels_equal(&a->labels, &b->labels) &&
	       ike_ts_lists_equal(&a->local_ts, &b->local_ts) &&
	       ike_ts_lists_equal(&a->remote_ts, &b->remote_ts);
}

bool conf_shunts_are_same(const struct conf *old, const struct conf *new)
{
	bool same = old->connection_count == new->connection_count;

	for (size_t i = 0; same && i < new->connection_count; i++) {
		const struct conf_connection *a = &old->connections[i], *b = &new->connections[i];

		same = a->shunt_count == b->shunt_count;
		for (size_t k = 0; same && k < b->shunt_count; k++)
			same = same_shunt(&a->shunts[k], &b->shunts[k]);
	}
	return same;
}

bool conf_pools_are_same(const struct conf *old, const struct conf *new)
{
	bool same = old->pool_count == new->pool_count;

	for (size_t i = 0; same && i < new->pool_count; i++) {
		const struct conf_pool *pool = conf_find_pool(old, new->pools[i].name);

		same = pool && rvl_addr_equal(&pool->first, &new->pools[i].first) &&
		       pool->size == new->pools[i].size &&
		       !memcmp(&pool->network, &new->pools[i].network, sizeof(pool->network));
	}
	return same;
}

enum conf_change conf_compare_child(const struct conf_child *old, const struct conf_child *new)
{
	bool replaced = old->mode != new->mode || old->per_cpu != new->per_cpu ||
			!rvl_labels_equal(&old->labels, &new->labels) ||
			!ike_ts_lists_equal(&old->local_ts, &new->local_ts) ||
			!ike_ts_lists_equal(&old->remote_ts, &new->remote_ts) ||
			!ike_proposals_equal(old->proposals, old->proposal_count, new->proposals,
					     new->proposal_count);
	bool adjusted =
		old->start != new->start || old->dpd_action != new->dpd_action ||
		old->close_action != new->close_action || old->rekey_time != new->rekey_time ||
		old->rand_time != new->rand_time || old->life_time != new->life_time ||
		old->life_bytes != new->life_bytes || old->life_packets != new->life_packets ||
		old->rekey_bytes != new->rekey_bytes || old->rekey_packets != new->rekey_packets ||
		old->replay_window != new->replay_window || old->df != new->df ||
		old->copy_dscp != new->copy_dscp || old->no_ecn != new->no_ecn ||
		old->tfc != new->tfc || old->offload != new->offload;

	return change(replaced, adjusted);
}

static bool same_addresses(const struct conf_daemon *a, const struct conf_daemon *b)
{
	bool same = a->address_count == b->address_count;

	for (size_t i = 0; same && i < a->address_count; i++)
		same = rvl_addr_equal(&a->addresses[i].ip, &b->addresses[i].ip) &&
		       a->addresses[i].prefix_len == b->addresses[i].prefix_len;
	return same;
}

int conf_check_daemon(const struct conf_daemon *old, const struct conf_daemon *new,
		      struct conf_error *error)
{
	const struct {
		const char *key;
		bool same;
	} fixed[] = {
		{"backend", old->backend == new->backend},
		{"device", !strcmp(old->device, new->device)},
		{"wire", !strcmp(old->wire, new->wire)},
		{"netdev", !strcmp(old->netdev, new->netdev)},
		{"address", same_addresses(old, new)},
		{"mtu", old->mtu == new->mtu},
		{"data_threads", old->data_threads == new->data_threads},
		{"mss_clamp", old->mss_clamp == new->mss_clamp},
		{"socket", !strcmp(old->socket, new->socket)},
		{"qcd_secret", !strcmp(old->qcd_secret, new->qcd_secret)},
		{"leases", !strcmp(old->leases, new->leases)},
		{"port", old->port == new->port},
		{"port_nat_t", old->port_nat == new->port_nat},
		{"port_tcp", old->port_tcp == new->port_tcp},
		{"dns", old->dns == new->dns},
		{"install_routes", old->install_routes == new->install_routes},
		{"routing_table", old->routing_table == new->routing_table},
		{"routing_table_prio", old->routing_priority == new->routing_priority},
	};

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		if (fixed[i].same)
			continue;
		snprintf(error->text, sizeof(error->text),
			 "%s:%u: raveld.%s: changed, and needs a restart", new->file, new->line,
			 fixed[i].key);
		return -EINVAL;
	}
	return 0;
}
