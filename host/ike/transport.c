/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Transport mode: the Child SA is between the two hosts themselves (RFC 7296, section 1.3.1).
 *
 *   HDR, SK {..., SA, TSi(A), TSr(B), N(USE_TRANSPORT_MODE)}  -->
 *                                 <--  HDR, SK {..., SA, TSi(A), TSr(B), N(USE_TRANSPORT_MODE)}
 *                                 <--  HDR, SK {..., SA, TSi(A), TSr(B)}        tunnel mode instead
 *
 * Behind a NAT each side knows a host by another address. What it receives is of that address, and
 * each takes its own instead; what it was is over what checksums inside are made (section 2.23.1).
 */
#include <errno.h>
#include <stdlib.h>

#include "host/ike/sa.h"

bool ike_transport_wanted(const struct ike_engine *e, const struct ike_sa *sa,
			  const struct ike_child_config *config)
{
	bool nat = sa->path.nat_local || sa->path.nat_remote;

	return config->mode == RVL_TRANSPORT && e->can.modes >> RVL_TRANSPORT & 1 &&
	       (!nat || e->can.nat_transport);
}

/* What of selectors is of one host. */
struct ike_ts_list ike_transport_hosts(const struct ike_ts_list *list, const struct ike_addr *host)
{
	struct ike_ts only = {.family = host->family, .port_last = UINT16_MAX};
	struct ike_ts_list out = {.count = 0};

	memcpy(only.first, host->ip, sizeof(only.first));
	memcpy(only.last, host->ip, sizeof(only.last));
	ike_ts_narrow(&only, list, &out);
	return out;
}

/* A peer's selectors, of our end and of its, as we know the two. */
void ike_transport_substitute(const struct ike_sa *sa, struct ike_ts_payload *ours,
			      struct ike_ts_payload *theirs)
{
	if (sa->path.nat_local)
		ike_ts_payload_substitute(ours, &sa->path.local);
	if (sa->path.nat_remote)
		ike_ts_payload_substitute(theirs, &sa->path.remote);
}

/* What the ends are for the peer, before that. 0 or -ENOMEM. */
int ike_transport_keep_original(struct ike_child *child, const struct ike_ts_payload *ours,
				const struct ike_ts_payload *theirs)
{
	const struct ike_path *path = &child->sa->path;
	const struct ike_pair original = {
		.local = ike_ts_payload_host(ours),
		.remote = ike_ts_payload_host(theirs),
	};

	if (!(path->nat_local || path->nat_remote) ||
	    (ike_addr_same_ip(&original.local, &path->local) &&
	     ike_addr_same_ip(&original.remote, &path->remote)))
		return 0;
	child->original = malloc(sizeof(*child->original));
	if (!child->original)
		return -ENOMEM;
	*child->original = original;
	return 0;
}

static bool is_of(const struct ike_ts_kept *list, const struct ike_addr *host)
{
	return list->count && list->list[0].family == host->family &&
	       memcmp(list->list[0].first, host->ip, sizeof(host->ip)) == 0;
}

/*
 * Why can't it go on where its IKE SA is now? Between other hosts a Child SA in transport mode is
 * another one: RFC 4555 moves none. And AH is over the addresses that a NAT changes.
 */
const char *ike_child_misplaced(const struct ike_engine *e, const struct ike_child *child)
{
	const struct ike_path *path = &child->sa->path;

	if (child->suite.protocol == IKE_PROTO_AH && path->local.tcp)
		return "AH doesn't go in TCP";
	if (child->suite.protocol == IKE_PROTO_AH && ike_path_encap(e, path))
		return "AH doesn't pass the NAT that is on the way now";
	if (child->mode == RVL_TRANSPORT &&
	    !(is_of(child->local_ts, &path->local) && is_of(child->remote_ts, &path->remote)))
		return "in transport mode it doesn't move to other addresses";
	return NULL;
}

/* One that may have its flow here, or is going to: its successor, or what it was to succeed. */
static bool has_other(const struct ike_engine *e, const struct ike_child *child)
{
	for (const struct ike_child *c = child->sa->children; c; c = c->next) {
		if (c != child && c->config == child->config && c->state <= IKE_CHILD_REKEYED &&
		    !ike_child_misplaced(e, c) &&
		    (child->mode == RVL_TRANSPORT || ike_child_is_within(child, c)))
			return true;
	}
	return false;
}

/* Then it is deleted, and who began the IKE SA makes another one there, if none is being made. */
bool ike_child_has_to_stay(struct ike_engine *e, struct ike_child *child)
{
	struct ike_sa *sa = child->sa;
	const char *why = ike_child_misplaced(e, child);

	if (!why || child->state >= IKE_CHILD_DELETING)
		return why;
	ike_log(e, IKE_LOG_INFO, sa, "child %s: %s", child->config->name, why);
	if (sa->began && !has_other(e, child) && !ike_child_is_queued(sa, child->config))
		ike_child_queue_instead(e, sa, child->config);
	ike_delete_child(e, child, why);
	return true;
}
