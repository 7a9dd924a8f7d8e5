// SPDX-License-Identifier: BSD-2-Clause
/* What is wanted of each configured child, and what the core has to know of the configuration. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/ike/ability.h"
#include "host/raveld/daemon.h"
#include "host/trust/trust.h"

static void name_of(const char *connection, const char *child, char name[2 * CONF_NAME_MAX])
{
	snprintf(name, 2 * CONF_NAME_MAX, "%s.%s", connection, child);
}

struct wish *wishes_find(const struct daemon *d, const char *connection, const char *child)
{
	char name[2 * CONF_NAME_MAX];
	struct wish *found;

	name_of(connection, child, name);
	HASH_FIND_STR(d->wishes_by_name, name, found);
	return found;
}

struct wish *wishes_add(struct daemon *d, const struct conf_connection *connection,
			const struct conf_child *child)
{
	struct wish *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	if (agenda_reserve(&d->agenda, HASH_COUNT(d->wishes_by_name) + 1)) {
		free(w);
		return NULL;
	}
	name_of(connection->name, child->name, w->name);
	w->connection = connection;
	w->child = child;
	HASH_ADD_STR(d->wishes_by_name, name, w);
	if (w->hh.tbl)
		return w;
	free(w);
	return NULL;
}

bool wish_starts(const struct wish *w)
{
	return w->child->start == CONF_START_START || w->child->start == CONF_START_TRAP_START;
}

int wishes_make(struct daemon *d)
{
	size_t count = 0;

	for (size_t i = 0; i < d->conf->connection_count; i++)
		count += d->conf->connections[i].child_count;
	d->wishes = calloc(count + 1, sizeof(struct wish *));
	if (!d->wishes)
		return -ENOMEM;
	for (size_t i = 0; i < d->conf->connection_count; i++) {
		const struct conf_connection *c = &d->conf->connections[i];

		for (size_t k = 0; k < c->child_count; k++) {
			struct wish *w = wishes_add(d, c, &c->children[k]);

			if (!w)
				return -ENOMEM;
			w->wanted = w->child->start == CONF_START_START;
			agenda_retry(&d->agenda, w, wish_starts(w)); /* at once */
			d->wishes[d->wish_count++] = w;
		}
	}
	return 0;
}

void wishes_free(struct daemon *d)
{
	HASH_CLEAR(hh, d->wishes_by_name);
	for (size_t i = 0; i < d->wish_count; i++)
		free(d->wishes[i]);
	free(d->wishes);
	agenda_free(&d->agenda);
}

/* Of what nobody chose that comes first which the preferred data path has, where it may be its. */
static void prefer(const struct rvl_abilities *preferred, const struct conf_child *from,
		   struct ike_child_config *to)
{
	struct ike_proposal first = to->proposals[0];

	if (!(from->default_proposals & 1) || from->offload == CONF_OFFLOAD_NO ||
	    to->proposal_count == IKE_CONFIG_PROPOSALS_MAX ||
	    !(preferred->modes >> from->mode & 1) || !ike_proposal_fit(&first, preferred))
		return;
	memmove(&to->proposals[1], &to->proposals[0],
		to->proposal_count * sizeof(to->proposals[0]));
	to->proposals[0] = first;
	to->proposal_count++;
}

static enum ike_proof_kind proof_kind(const struct conf_auth *auth)
{
	if (auth->eap)
		return IKE_BY_EAP;
	if (auth->null)
		return IKE_BY_NULL;
	return auth->pubkey ? IKE_BY_SIGNATURE : IKE_BY_PSK;
}

static int fill_connection(const struct daemon *d, struct ike_connection *conn,
			   const struct conf_connection *c)
{
	const struct conf_daemon *daemon = &d->conf->daemon;
	struct rvl_backend_info info;

	d->backend->ops->info(d->backend, &info);
	if (daemon->retransmit_timeout)
		conn->retransmit_ms = (uint64_t)daemon->retransmit_timeout * 1000;
	if (daemon->retransmit_tries)
		conn->retransmit_tries = daemon->retransmit_tries;
	if (ike_hosts_copy(&conn->local, &c->local) || ike_hosts_copy(&conn->remote, &c->remote) ||
	    ike_hosts_copy(&conn->redirect_to, &c->redirect_to))
		return -ENOMEM;
	conn->remote_port = c->remote_port;
	conn->tcp = c->tcp;
	conn->tcp_port = c->remote_port_tcp;
	conn->local_id = c->local_id;
	conn->remote_id = c->remote_id;
	conn->local_next_id = c->local_next_id;
	conn->remote_next_id = c->remote_next_id;
	conn->auth.local = proof_kind(&c->local_auth);
	conn->auth.remote = proof_kind(&c->remote_auth);
	conn->auth.local_follows = c->local_next.eap;
	conn->auth.remote_follows = c->remote_next.eap;
	conn->auth.send_cert = c->send_cert;
	conn->auth.credentials = trust_credentials(c);
	if (ike_buffer_set(&conn->auth.authorities, trust_authorities(d->trust, c->name)))
		return -ENOMEM;
	conn->auth.asks_raw = trust_asks_raw(d->trust, c->name);
	conn->auth.asks_ocsp = c->asks_ocsp;
	conn->auth.tells_ocsp = c->tells_ocsp;
	conn->ppk_id = c->ppk_id;
	conn->ppk_required = c->ppk_required;
	conn->encap = c->encap;
	conn->mobike = c->mobike;
	conn->dpd_delay_ms = (uint64_t)c->dpd_delay * 1000;
	conn->probe_ms = (uint64_t)c->mtu_probe_interval * 1000;
	conn->rekey_ms = (uint64_t)c->rekey_time * 1000;
	conn->rand_ms = (uint64_t)c->rand_time * 1000;
	conn->reauth_ms = (uint64_t)c->reauth_time * 1000;
	conn->over_ms = (uint64_t)c->over_time * 1000;
	conn->proposal_count = c->proposal_count;
	memcpy(conn->proposals, c->proposals, sizeof(conn->proposals));
	conn->unique = c->unique;
	conn->childless = c->childless;
	conn->fragmentation = c->fragmentation;
	conn->vip_count = c->vip_count;
	memcpy(conn->vips, c->vips, sizeof(conn->vips));
	conn->leases = c->pool_count > 0;
	for (size_t i = 0; i < c->child_count; i++) {
		const struct conf_child *from = &c->children[i];
		const struct wish *w = wishes_find(d, c->name, from->name);
		struct ike_child_config *to;

		if (w->failed)
			continue;
		to = ike_connection_add_child(conn, from->name);
		if (!to)
			return -ENOMEM;
		to->proposal_count = from->proposal_count;
		memcpy(to->proposals, from->proposals, sizeof(to->proposals));
		if (info.preferred)
			prefer(info.preferred, from, to);
		to->mode = from->mode;
		to->local_ts = from->local_ts;
		to->remote_ts = from->remote_ts;
		to->rekey_ms = (uint64_t)from->rekey_time * 1000;
		to->rand_ms = (uint64_t)from->rand_time * 1000;
		to->life_ms = (uint64_t)from->life_time * 1000;
		to->policy = (struct ike_child_policy){
			.replay_window = from->replay_window,
			.copy_df = from->df == CONF_DF_COPY,
			.copy_dscp_out = from->copy_dscp & CONF_DSCP_OUT,
			.copy_dscp_in = from->copy_dscp & CONF_DSCP_IN,
			.no_ecn = from->no_ecn,
			.tfc = from->tfc,
			.rekey_bytes = from->rekey_bytes,
			.life_bytes = from->life_bytes,
			.rekey_packets = from->rekey_packets,
			.life_packets = from->life_packets,
			.labels = from->labels,
			.per_cpu = from->per_cpu,
		};
	}
	return 0;
}

static int give_connection(struct daemon *d, const struct conf_connection *c, bool update)
{
	struct ike_connection *conn = ike_connection_new(c->name);
	int err = conn ? fill_connection(d, conn, c) : -ENOMEM;

	if (!err && update)
		err = ike_engine_update_connection(d->engine, uv_now(&d->loop), conn);
	else if (!err)
		err = ike_engine_add_connection(d->engine, conn);
	if (err)
		ike_connection_free(conn);
	return err;
}

int wishes_add_connection(struct daemon *d, const struct conf_connection *c)
{
	return give_connection(d, c, false);
}

int wishes_update_connection(struct daemon *d, const struct conf_connection *c)
{
	return give_connection(d, c, true);
}

int wishes_add_secrets(struct daemon *d)
{
	int failed = ike_engine_set_authorities(d->engine, trust_all_authorities(d->trust),
						trust_any_asks_raw(d->trust),
						trust_any_asks_ocsp(d->trust));

	if (failed)
		return failed;
	for (size_t i = 0; i < d->conf->secret_count; i++) {
		struct conf_secret *s = &d->conf->secrets[i];
		int err = ike_engine_add_psk(d->engine, s->owners, (unsigned int)s->owner_count,
					     ike_secret_slice(&s->secret));

		if (err)
			return err;
		ike_secret_clear(&s->secret);
	}
	for (size_t i = 0; i < d->conf->ppk_count; i++) {
		struct conf_secret *s = &d->conf->ppks[i];
		int err = 0;

		for (size_t k = 0; k < s->owner_count && !err; k++)
			err = ike_engine_add_ppk(d->engine, &s->owners[k],
						 ike_secret_slice(&s->secret));
		if (err)
			return err;
		ike_secret_clear(&s->secret);
	}
	return 0;
}
