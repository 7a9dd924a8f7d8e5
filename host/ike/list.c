/* SPDX-License-Identifier: BSD-2-Clause */
/* What there is to be seen. */
#include "host/ike/sa.h"

static struct ike_sa_info describe_sa(const struct ike_sa *sa)
{
	return (struct ike_sa_info){
		.id = sa->id,
		.connection = sa->conn ? sa->conn->name : "",
		.state = sa->state,
		.initiator = sa->initiator,
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.local = sa->path.local,
		.remote = sa->path.remote,
		.local_id = ike_id_kept(sa->local_id),
		.remote_id = ike_id_kept(sa->remote_id),
		.ppk = sa->has_ppk,
		.remote_eap_id = ike_id_kept(ike_sa_eap_id(sa)),
		.grant = sa->user ? &sa->user->grant : NULL,
		.suite = sa->suite,
		.nat_local = sa->path.nat_local,
		.nat_remote = sa->path.nat_remote,
		.created_at = sa->created_at,
		.established_at = sa->established_at,
		.last_heard_at = sa->last_heard_at,
		.child_count = sa->child_count,
		.vip_count = sa->lease ? sa->lease->vip_count : 0,
		.vips = sa->lease ? sa->lease->vips : NULL,
		.vips_ours = sa->lease && sa->lease->ours,
		.lease_id = sa->lease ? sa->lease->release->released.lease_id : 0,
	};
}

static struct ike_child_info describe_child(const struct ike_engine *e,
					    const struct ike_child *child)
{
	return (struct ike_child_info){
		.id = child->id,
		.name = child->config->name,
		.state = child->state,
		.suite = child->suite,
		.mode = child->mode,
		.spi_in = child->spi_in,
		.spi_out = child->spi_out,
		.encap = ike_path_encap(e, &child->sa->path),
		.tcp = child->sa->path.local.tcp,
		.local_ts = ike_ts_kept(child->local_ts),
		.remote_ts = ike_ts_kept(child->remote_ts),
		.more_ts = child->more_ts,
		.group = child->group,
		.cpu = child->cpu,
		.installed_at = child->installed_at,
	};
}

bool ike_find_child(const struct ike_engine *e, uint64_t child_id, struct ike_sa_info *sa,
		    struct ike_child_info *child)
{
	const struct ike_child *found = ike_child_find_id(e, child_id);

	if (!found)
		return false;
	*sa = describe_sa(found->sa);
	*child = describe_child(e, found);
	return true;
}

bool ike_has_outbound(const struct ike_engine *e, uint32_t spi, const struct ike_addr *local,
		      const struct ike_addr *remote)
{
	const struct ike_child *child = ike_child_find_outbound(e, spi, remote);

	return child && ike_addr_same_ip(&child->sa->path.local, local);
}

static void show(const struct ike_engine *e, const struct ike_sa *sa, ike_list_fn *fn,
		 void *context)
{
	struct ike_sa_info info = describe_sa(sa);

	fn(context, &info, NULL);
	for (const struct ike_child *child = sa->children; child; child = child->next) {
		struct ike_child_info c = describe_child(e, child);

		fn(context, &info, &c);
	}
}

void ike_list(const struct ike_engine *e, ike_list_fn *fn, void *context)
{
	for (const struct ike_sa *sa = e->all; sa; sa = sa->links.next)
		show(e, sa, fn, context);
}

void ike_list_connection(const struct ike_engine *e, const char *name, ike_list_fn *fn,
			 void *context)
{
	const struct ike_connection *conn = ike_connection_find(e, name);
	const struct ike_sa *sa = NULL;

	while (conn && (sa = ike_conn_find(e, conn, sa)))
		show(e, sa, fn, context);
}

void ike_listing_begin(struct ike_engine *e, struct ike_listing *listing)
{
	*listing = (struct ike_listing){.next = e->oldest, .other = e->listings};
	e->listings = listing;
}

bool ike_listing_next(const struct ike_engine *e, struct ike_listing *listing, ike_list_fn *fn,
		      void *context)
{
	const struct ike_sa *sa = listing->next;

	if (!sa)
		return false;
	listing->next = sa->links.prev;
	show(e, sa, fn, context);
	return true;
}

void ike_listing_end(struct ike_engine *e, struct ike_listing *listing)
{
	struct ike_listing **at = &e->listings;

	while (*at != listing)
		at = &(*at)->other;
	*at = listing->other;
}

/* It goes: none is to show it next. */
void ike_listings_pass(struct ike_engine *e, const struct ike_sa *sa)
{
	for (struct ike_listing *l = e->listings; l; l = l->other) {
		if (l->next == sa)
			l->next = sa->links.prev;
	}
}
