// SPDX-License-Identifier: BSD-2-Clause
/* Child SAs between the core, the data path and the routes. */
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>

#include "host/raveld/daemon.h"

/* What the data path ought not to do any more and does is ended with it. */
static void check_sad(struct daemon *d)
{
	if (!rvl_sad_broken(d->sad) || d->stopping)
		return;
	log_error(&d->log, "the data path keeps what it must give up: ending");
	daemon_stop(d, EXIT_FAILURE);
}

/* Of what goes through it. */
static unsigned int families_of(const struct ike_ts_list *list)
{
	unsigned int families = 0;

	for (unsigned int i = 0; i < list->count; i++)
		families |= list->list[i].family == 6 ? RVL_FAMILY_IPV6 : RVL_FAMILY_IPV4;
	return families;
}

/* One of the two SAs of a child. False: keys that don't fit its algorithms. */
static bool sa_params(const struct ike_child_job *job, enum rvl_direction direction,
		      struct rvl_sa_params *p)
{
	const struct ike_child_policy *policy = &job->policy;
	const struct ike_ts_list local_ts = ike_ts_kept(job->local_ts);
	bool out = direction == RVL_OUTBOUND;
	const struct ike_child_keys *keys = out ? &job->keys_out : &job->keys_in;

	*p = (struct rvl_sa_params){
		.direction = direction,
		.protocol =
			job->suite.protocol == IKE_PROTO_AH ? RVL_PROTOCOL_AH : RVL_PROTOCOL_ESP,
		.mode = job->mode,
		.spi = out ? job->spi_out : job->spi_in,
		.src = ike_addr_ip(out ? &job->local : &job->remote),
		.dst = ike_addr_ip(out ? &job->remote : &job->local),
		.inner = families_of(&local_ts),
		.encr = job->suite.encr,
		.integ = job->suite.integ,
		.esn = job->suite.esn == IKE_ESN_YES,
		.encap = job->encap,
		.stream = job->local.tcp,
		.src_port = out && (job->encap || job->local.tcp) ? job->local.port
			    : job->encap			  ? job->remote.port
								  : 0,
		.dst_port = out && (job->encap || job->local.tcp) ? job->remote.port : 0,
		.df = policy->copy_df ? RVL_ESP_DF_COPY : RVL_ESP_DF_CLEAR,
		.fixed_dscp = !policy->copy_dscp_out,
		.copy_dscp_in = !out && policy->copy_dscp_in,
		.no_ecn = policy->no_ecn,
		.tfc = out && job->tfc ? policy->tfc : 0,
		.first_seq = out,
		.replay_window = out ? 0 : policy->replay_window,
		.lifetime =
			{
				.soft_bytes = policy->rekey_bytes,
				.hard_bytes = policy->life_bytes,
				.soft_packets = policy->rekey_packets,
				.hard_packets = policy->life_packets,
			},
	};
	/* The peer's checksums are over the addresses that it knows. */
	if (!out && job->original.local.family) {
		p->original_src = ike_addr_ip(&job->original.remote);
		p->original_dst = ike_addr_ip(&job->original.local);
	}
	return rvl_suite_set_keys(p, keys->encr, keys->encr_len, keys->integ, keys->integ_len);
}

static uint64_t hash_of(uint64_t hash, const char *name)
{
	for (const char *c = name; *c; c++)
		hash = (hash ^ (uint8_t)*c) * 0x100000001b3u;
	return hash;
}

/* The peer, by where it is and its connection; over IPv6 a /64 is one place. */
static uint64_t owner_of(const struct ike_child_job *job)
{
	const struct rvl_addr remote = ike_addr_ip(&job->remote);
	const struct rvl_prefix place = rvl_prefix_of(&remote, remote.family == 6 ? 64 : 32);

	return hash_of(rvl_prefix_hash(&place), job->connection);
}

static enum rvl_offload offload_of(const struct daemon *d, const struct ike_child_job *job)
{
	const struct wish *w = wishes_find(d, job->connection, job->child);

	/* A NIC doesn't choose among SAs. */
	if (!w || job->group)
		return RVL_OFFLOAD_NO;
	switch (w->child->offload) {
	case CONF_OFFLOAD_NO:
		return RVL_OFFLOAD_NO;
	case CONF_OFFLOAD_CRYPTO:
		return RVL_OFFLOAD_CRYPTO;
	case CONF_OFFLOAD_PACKET:
		return RVL_OFFLOAD_PACKET;
	case CONF_OFFLOAD_AUTO:
		return RVL_OFFLOAD_AUTO;
	}
	return RVL_OFFLOAD_NO;
}

static int receive(struct daemon *d, const struct ike_child_job *job,
		   struct rvl_backend_error *error)
{
	const struct ike_ts_list local_ts = ike_ts_kept(job->local_ts);
	const struct ike_ts_list remote_ts = ike_ts_kept(job->remote_ts);
	struct rvl_child child = {
		.id = job->child_id,
		.replaces = job->replaces,
		.owner = owner_of(job),
		.local_ts = &local_ts,
		.remote_ts = &remote_ts,
		.offload = offload_of(d, job),
		.labels = job->policy.labels,
		.kind = hash_of(1, job->child),
		.ike = job->line,
		.group = job->group,
		.cpu = job->cpu,
	};
	int err;

	if (sa_params(job, RVL_INBOUND, &child.in) && sa_params(job, RVL_OUTBOUND, &child.out))
		err = rvl_sad_child_inbound(d->sad, &child, error);
	else
		err = rvl_backend_fail(error, -EOPNOTSUPP, "keys of another length");
	OPENSSL_cleanse(&child, sizeof(child));
	return err;
}

/* What is sent its way by a route into an XFRM interface, or by a mark, is the operator's to say.
 */
static bool finds_its_way(const struct daemon *d, uint64_t child_id)
{
	static const struct rvl_scope none;
	const struct rvl_scopes *scopes = rvl_sad_child_scopes(d->sad, child_id);

	return scopes && !rvl_scope_equal(&scopes->out, &none);
}

/*
 * Without a way its traffic would go elsewhere. The way first: it may not be had, and one that this
 * one is to replace goes on then.
 */
static int use(struct daemon *d, const struct ike_child_job *job, char reason[ROUTES_REASON],
	       struct rvl_backend_error *error)
{
	const struct ike_ts_list local_ts = ike_ts_kept(job->local_ts);
	const struct ike_ts_list remote_ts = ike_ts_kept(job->remote_ts);
	int err = finds_its_way(d, job->child_id)
			  ? 0
			  : routes_add(d->routes, &job->remote, &local_ts, &remote_ts, reason);

	return err ? err : rvl_sad_child_use(d->sad, job->child_id, error);
}

static void account_for(struct daemon *d, uint64_t child_id)
{
	struct ike_child_info child;
	struct ike_sa_info sa;

	if (ike_find_child(d->engine, child_id, &sa, &child))
		accounting_add_child(d->accounting, &sa, child_id);
}

void children_count(void *context, uint64_t child_id, struct accounting_traffic *traffic)
{
	struct daemon *d = context;
	struct rvl_backend_error error = {""};
	struct rvl_sa_stats in, out;

	if (rvl_sad_child_query(d->sad, child_id, &in, &out, &error))
		return;
	*traffic = (struct accounting_traffic){in.packets, in.bytes, out.packets, out.bytes};
}

void children_do(struct daemon *d, struct ike_job *job)
{
	struct rvl_backend_error error = {""};
	char reason[ROUTES_REASON] = "";

	if (d->stopping) {
		job->error = -ESHUTDOWN;
		snprintf(job->reason, sizeof(job->reason), "raveld is ending");
		return;
	}
	switch (job->type) {
	case IKE_JOB_CHILD_INBOUND:
		job->error = receive(d, &job->child, &error);
		if (!job->error)
			account_for(d, job->child.child_id);
		break;
	case IKE_JOB_CHILD_OUTBOUND:
		job->error = rvl_sad_child_outbound(d->sad, job->child.child_id, &error);
		break;
	default:
		job->error = use(d, &job->child, reason, &error);
		break;
	}
	if (*error.text && job->error)
		log_error(&d->log, "%s: the data path refuses the SA: %s", job->child.child,
			  error.text);
	snprintf(job->reason, sizeof(job->reason), "%s", *error.text ? error.text : reason);
	check_sad(d);
}

void children_remove(struct daemon *d, const struct ike_child_removed *removed)
{
	struct rvl_backend_error error = {""};
	int err;

	accounting_remove_child(d->accounting, removed->child_id);
	err = rvl_sad_child_remove(d->sad, removed->child_id, &error);
	/* -ENOENT: it never got in. An SPI that the data path may still have isn't used again. */
	if (!err || err == -ENOENT)
		rvl_sad_release_spi(d->sad, removed->spi_in);
	else if (!d->backend->ops->dead(d->backend))
		log_error(&d->log, "SA %08x isn't taken out of the data path: %s", removed->spi_in,
			  error.text);
	check_sad(d);
}

/* An SA whose numbers only its NIC knows can't be made anew, but may have a successor. */
static bool is_rekeyed_instead(struct daemon *d, uint64_t child_id, int err)
{
	struct ike_child_info child;
	struct ike_sa_info sa;

	if (err != -ESTALE)
		return false;
	err = ike_rekey_child(d->engine, uv_now(&d->loop), child_id);
	/* It has one by now, or is about to have one; but not one that is only being made. */
	return !err || (err == -EBUSY && ike_find_child(d->engine, child_id, &sa, &child) &&
			child.state >= IKE_CHILD_INSTALLED);
}

/* A cluster's member that took over wants packets with numbers that none before it can have seen.
 */
bool children_skip(struct daemon *d, const struct ike_child_skip *skip)
{
	struct rvl_backend_error error = {""};
	int err = rvl_sad_child_skip(d->sad, skip->child_id, skip->packets, &error);

	if (is_rekeyed_instead(d, skip->child_id, err)) {
		log_info(&d->log,
			 "SA %08x: its peer wants %u sequence numbers left out, and it is "
			 "rekeyed: %s",
			 skip->spi_out, skip->packets, error.text);
		err = 0;
	} else if (err)
		log_info(&d->log,
			 "SA %08x: its peer wants %u sequence numbers left out, and it is "
			 "given up: %s",
			 skip->spi_out, skip->packets, error.text);
	else
		log_info(&d->log, "SA %08x: %u sequence numbers are left out, as its peer wants",
			 skip->spi_out, skip->packets);
	check_sad(d);
	return !err;
}

/* An address or port of an end is another one, or a NAT has come or gone. */
bool children_move(struct daemon *d, const struct ike_child_change *change)
{
	struct rvl_backend_error error = {""};
	char reason[ROUTES_REASON] = "", text[IKE_ADDR_TEXT];
	struct ike_child_info child;
	struct ike_sa_info sa;
	int err = rvl_sad_child_move(d->sad, change->child_id, &change->local, &change->remote,
				     change->encap, &error);

	ike_addr_text(&change->remote, text, sizeof(text));
	if (is_rekeyed_instead(d, change->child_id, err)) {
		log_info(&d->log, "SA %08x: its peer is at %s port %u now, and it is rekeyed: %s",
			 change->spi_in, text, change->remote.port, error.text);
		return true;
	}
	if (err)
		snprintf(reason, sizeof(reason), "%s", error.text);
	else if (!finds_its_way(d, change->child_id) &&
		 ike_find_child(d->engine, change->child_id, &sa, &child))
		err = routes_add(d->routes, &change->remote, &child.local_ts, &child.remote_ts,
				 reason);
	if (!err)
		log_info(&d->log, "SA %08x: its peer is at %s port %u now", change->spi_in, text,
			 change->remote.port);
	else
		log_info(&d->log, "SA %08x: its peer is at %s port %u now, and it is given up: %s",
			 change->spi_in, text, change->remote.port, reason);
	return !err;
}
