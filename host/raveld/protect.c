// SPDX-License-Identifier: BSD-2-Clause
/* What holds before the first SA is up: configured flows are discarded, IKE passes. */
#include <errno.h>
#include <string.h>

#include "host/raveld/daemon.h"
#include "host/raveld/room.h"

/* Our addresses on the way to a peer. */
struct own {
	size_t count;
	struct ike_addr list[CONF_ADDRESSES_MAX + IKE_HOSTS_MAX];
};

static void add_own(struct own *own, const struct ike_addr *addr)
{
	for (size_t i = 0; i < own->count; i++)
		if (ike_addr_same_ip(&own->list[i], addr))
			return;
	own->list[own->count++] = *addr;
}

/* As many as there is room for. */
static void add_local(const struct daemon *d, uint8_t family, struct own *own)
{
	const struct rvl_local *local = closing_local(d->closing);

	for (size_t i = 0; i < local->address_count; i++) {
		const struct rvl_addr *ip = &local->addresses[i];
		const struct ike_addr addr = ike_addr_of(ip, d->conf->daemon.port);

		if (own->count < sizeof(own->list) / sizeof(own->list[0]) &&
		    !rvl_addr_is_loopback(ip) && (!family || family == ip->family))
			add_own(own, &addr);
	}
}

/* The configured ones; or the one that the route takes and all of the netdev that may be meant, for
 * a peer that begins may come to any of them. */
static struct own own_addresses(const struct daemon *d, const struct conf_connection *c)
{
	const struct conf_daemon *daemon = &d->conf->daemon;
	const uint8_t family = conf_connection_family(c);
	struct own own = {.count = 0};
	struct ike_addr addr, remote = ike_hosts_first_address(&c->remote);

	for (unsigned int i = 0; i < c->local.count; i++) {
		addr = ike_host_addr(&c->local.list[i]);
		if (ike_host_is_address(&c->local.list[i]))
			add_own(&own, &addr);
	}
	if (ike_hosts_are_addresses(&c->local))
		return own;
	if (d->routes && remote.family && routes_local_address(d->routes, &remote, &addr))
		add_own(&own, &addr);
	for (size_t i = 0; i < daemon->address_count; i++) {
		addr = ike_addr_of(&daemon->addresses[i].ip, daemon->port);
		if (!family || family == addr.family)
			add_own(&own, &addr);
	}
	if (!d->backend->frames)
		add_local(d, family, &own);
	return own;
}

/* Of these selectors, those that are known before there is an SA. */
static struct ike_ts_list known(const struct ike_ts_list *all)
{
	struct ike_ts_list out = {.count = 0};

	for (unsigned int i = 0; i < all->count; i++)
		if (!all->list[i].dynamic && all->list[i].family)
			out.list[out.count++] = all->list[i];
	return out;
}

/* Does anything match both ends? */
static bool share_family(const struct ike_ts_list *local, const struct ike_ts_list *remote)
{
	for (unsigned int i = 0; i < local->count; i++)
		for (unsigned int k = 0; k < remote->count; k++)
			if (local->list[i].family == remote->list[k].family)
				return true;
	return false;
}

static struct ike_ts_list local_of(const struct conf_connection *c, const struct conf_child *child,
				   const struct ike_addr *own)
{
	const struct ike_ts_list all = conf_local_ts(c, child, own);

	return known(&all);
}

static struct ike_ts_list remote_of(const struct conf *conf, const struct conf_connection *c,
				    const struct conf_child *child)
{
	const struct ike_ts_list all = conf_remote_ts(conf, c, child);

	return known(&all);
}

static int discard(struct daemon *d, const struct wish *w, const struct own *own,
		   const struct ike_ts_list *remote, struct rvl_backend_error *error)
{
	const struct rvl_scopes scopes = conf_given_scopes(&w->child->labels);
	int err = 0;

	if (!conf_labels_are_given(&w->child->labels))
		return 0;
	for (size_t i = 0; !err && i < own->count; i++) {
		struct ike_ts_list local = local_of(w->connection, w->child, &own->list[i]);

		if (share_family(&local, remote))
			err = rvl_sad_protect(d->sad, &scopes, &local, remote, error);
	}
	return err;
}

int protect_trap(struct daemon *d, const struct wish *w, uint64_t id,
		 struct rvl_backend_error *error)
{
	const struct ike_ts_list remote = remote_of(d->conf, w->connection, w->child);
	const struct rvl_scopes scopes = conf_given_scopes(&w->child->labels);
	const struct own own = own_addresses(d, w->connection);
	int err = 0;

	for (size_t i = 0; !err && i < own.count; i++) {
		const struct ike_ts_list local = local_of(w->connection, w->child, &own.list[i]);

		if (share_family(&local, &remote))
			err = rvl_sad_trap(d->sad, id, &scopes, &local, &remote, error);
	}
	return err;
}

static int no_address(struct rvl_backend_error *error)
{
	return rvl_backend_fail(error, -EADDRNOTAVAIL,
				"no local address is known: set its local_addrs, or address in "
				"section raveld");
}

static struct rvl_ike_ports ports_of(const struct conf *conf)
{
	const struct conf_daemon *daemon = &conf->daemon;
	struct rvl_ike_ports ports = {
		.udp = {daemon->port, daemon->port_nat},
		.tcp = daemon->port_tcp,
		.tcp_remote_count = conf->tcp_port_count,
	};

	memcpy(ports.tcp_remote, conf->tcp_ports, sizeof(ports.tcp_remote));
	return ports;
}

/* To the peer's addresses; to all, where it may have another one. */
static int let_ike_pass(struct daemon *d, const struct conf_connection *c, const struct own *own,
			struct rvl_backend_error *error)
{
	bool known = ike_hosts_are_addresses(&c->remote);
	const struct rvl_ike_ports ports = ports_of(d->conf);
	unsigned int peers = known ? c->remote.count : 1;
	int err = own->count ? 0 : no_address(error);

	for (size_t i = 0; !err && i < own->count * peers; i++) {
		struct ike_addr peer = {0};

		if (known)
			peer = ike_host_addr(&c->remote.list[i % peers]);
		if (peer.family && peer.family != own->list[i / peers].family)
			continue;
		err = rvl_sad_bypass_ike(d->sad, &own->list[i / peers], &peer, &ports, error);
	}
	return err;
}

int protect_check(struct daemon *d, const struct conf *conf, const struct conf_connection *c,
		  const struct conf_child *child, struct rvl_backend_error *error)
{
	const struct own own = own_addresses(d, c);
	const struct ike_ts_list remote = remote_of(conf, c, child);
	int err = own.count ? 0 : no_address(error);

	for (size_t i = 0; !err && i < own.count; i++) {
		const struct ike_ts_list local = local_of(c, child, &own.list[i]);

		if (share_family(&local, &remote))
			err = rvl_sad_can_protect(d->sad, &local, &remote, error);
	}
	return err;
}

int protect_wish(struct daemon *d, struct wish *w, struct rvl_backend_error *error)
{
	const struct conf_connection *c = w->connection;
	const struct own own = own_addresses(d, c);
	const struct ike_ts_list remote = remote_of(d->conf, c, w->child);
	int err = let_ike_pass(d, c, &own, error);

	if (err)
		return err;
	w->local = own.list[0];
	if (!conf_labels_are_given(&w->child->labels))
		log_info(&d->log,
			 "%s: its marks or if_ids are chosen once its SA is up: until then nothing "
			 "is discarded for it",
			 w->name);
	else if (!remote.count || remote.count < w->child->remote_ts.count)
		log_warning(&d->log,
			    "%s: not all of its remote selectors are known before its SA is up: "
			    "until then nothing is discarded for those",
			    w->name);
	return discard(d, w, &own, &remote, error);
}

/* What it has of its routes, as far as that is known without an SA. False: nothing. */
static bool known_ways(const struct daemon *d, const struct wish *w, struct ike_addr *peer,
		       struct ike_ts_list *local, struct ike_ts_list *remote)
{
	if (conf_labels_lead(&w->child->labels))
		return false;
	*peer = ike_hosts_first_address(&w->connection->remote);
	*local = local_of(w->connection, w->child, &w->local);
	*remote = remote_of(d->conf, w->connection, w->child);
	return peer->family && share_family(local, remote);
}

void protect_lead(struct daemon *d, const struct wish *w)
{
	struct ike_ts_list local, remote;
	char reason[ROUTES_REASON] = "";
	struct ike_addr peer;

	if (known_ways(d, w, &peer, &local, &remote) && routes_lack(d->routes, &local, &remote) &&
	    routes_add(d->routes, &peer, &local, &remote, reason))
		log_debug(&d->log, "%s: %s", w->name, reason);
}

void protect_forget(struct daemon *d, const struct wish *w)
{
	struct ike_ts_list local, remote;
	struct ike_addr peer;

	if (known_ways(d, w, &peer, &local, &remote))
		routes_forget(d->routes, &local, &remote);
}

/* look: without doing anything. */
static int each_shunt(struct daemon *d, const struct conf *conf, bool look,
		      struct conf_error *error)
{
	struct rvl_backend_error reason = {""};
	int err = 0;

	for (size_t i = 0; !err && i < conf->connection_count; i++) {
		const struct conf_connection *c = &conf->connections[i];

		for (size_t k = 0; !err && k < c->shunt_count; k++) {
			const struct conf_shunt *s = &c->shunts[k];
			const struct rvl_scopes scopes = conf_given_scopes(&s->labels);

			if (look)
				err = rvl_sad_can_protect(d->sad, &s->local_ts, &s->remote_ts,
							  &reason);
			else if (s->pass)
				err = rvl_sad_pass(d->sad, &scopes, &s->local_ts, &s->remote_ts,
						   &reason);
			else
				err = rvl_sad_protect(d->sad, &scopes, &s->local_ts, &s->remote_ts,
						      &reason);
			if (err)
				snprintf(error->text, sizeof(error->text),
					 "%s:%u: connections.%s.children.%s: %s", s->file, s->line,
					 c->name, s->name, reason.text);
		}
	}
	return err;
}

int protect_beforehand(const struct conf *conf, struct rvl_sad *sad, const struct log *log)
{
	static const struct ike_ts_list any = {
		.count = 2,
		.list = {{.family = 4, .port_last = UINT16_MAX, .last = {255, 255, 255, 255}},
			 {.family = 6,
			  .port_last = UINT16_MAX,
			  .last = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
				   255, 255, 255}}},
	};
	struct rvl_backend_error error = {""};
	int err = 0;

	for (size_t i = 0; !err && i < conf->connection_count; i++) {
		const struct conf_connection *c = &conf->connections[i];

		for (size_t k = 0; !err && k < c->child_count; k++) {
			const struct ike_ts_list remote = remote_of(conf, c, &c->children[k]);
			const struct rvl_labels *labels = &c->children[k].labels;
			const struct rvl_scopes scopes = conf_given_scopes(labels);

			if (remote.count && conf_labels_are_given(labels))
				err = rvl_sad_protect(sad, &scopes, &any, &remote, &error);
			if (err)
				log_error(log, "%s:%u: connections.%s.children.%s: %s",
					  c->children[k].file, c->children[k].line, c->name,
					  c->children[k].name, error.text);
		}
	}
	return err;
}

/* IKE SAs that there are go on. */
static void name_ike_sa(void *context, const struct ike_sa_info *sa,
			const struct ike_child_info *child)
{
	struct daemon *d = context;
	struct rvl_backend_error ignored = {""};

	const struct rvl_ike_ports ports = ports_of(d->conf);

	if (!child)
		rvl_sad_bypass_ike(d->sad, &sa->local, &sa->remote, &ports, &ignored);
}

/* All that is configured now, and nothing else. */
static void name_all(struct daemon *d)
{
	struct conf_error ignored = {""};

	rvl_sad_unname(d->sad);
	for (size_t i = 0; i < d->wish_count; i++) {
		const struct wish *w = d->wishes[i];
		struct own own = own_addresses(d, w->connection);
		const struct ike_ts_list remote = remote_of(d->conf, w->connection, w->child);
		struct rvl_backend_error reason = {""};

		/* The address may have been another one. What can't be had isn't there, either. */
		if (w->local.family)
			add_own(&own, &w->local);
		let_ike_pass(d, w->connection, &own, &reason);
		discard(d, w, &own, &remote, &reason);
	}
	each_shunt(d, d->conf, false, &ignored);
	ike_list(d->engine, name_ike_sa, d);
}

int protect_check_shunts(struct daemon *d, const struct conf *conf, struct conf_error *error)
{
	return each_shunt(d, conf, true, error);
}

int protect_shunts(struct daemon *d, struct conf_error *error)
{
	struct rvl_backend_error reason = {""};
	int err = each_shunt(d, d->conf, false, error), kept;

	name_all(d);
	kept = rvl_sad_end_passes(d->sad, &reason);
	if (kept && !err)
		snprintf(error->text, sizeof(error->text), "what passed before: %s", reason.text);
	return err ? err : kept;
}

int protect_try(struct daemon *d, size_t *children, size_t *unknown, struct conf_error *error)
{
	*children = *unknown = 0;
	for (size_t i = 0; i < d->conf->connection_count; i++) {
		const struct conf_connection *c = &d->conf->connections[i];

		for (size_t k = 0; k < c->child_count; k++) {
			struct wish w = {.connection = c, .child = &c->children[k]};
			const struct ike_ts_list remote = remote_of(d->conf, c, w.child);
			struct rvl_backend_error reason = {""};
			int err = protect_wish(d, &w, &reason);

			++*children;
			*unknown += !remote.count || remote.count < w.child->remote_ts.count;
			/* What isn't configured may be known once there are routes. */
			if (!err || (err == -EADDRNOTAVAIL && !d->routes))
				continue;
			snprintf(error->text, sizeof(error->text),
				 "%s:%u: connections.%s.children.%s: %s", w.child->file,
				 w.child->line, c->name, w.child->name, reason.text);
			return err;
		}
	}
	return each_shunt(d, d->conf, false, error);
}

/* Has the NIC room for what is configured? */
static int look_for_room(struct daemon *d)
{
	struct conf_error warning = {""}, error = {""};
	struct rvl_backend_info info;
	struct room room;
	int err;

	if (d->conf->daemon.backend != CONF_BACKEND_USER)
		return 0;
	d->backend->ops->info(d->backend, &info);
	err = room_count(d->conf, d->routes, &info.abilities, &room, &error);
	if (!err)
		err = room_check(&room, &info, &warning, &error);
	if (err)
		log_error(&d->log, "%s", error.text);
	else if (warning.text[0])
		log_warning(&d->log, "%s", warning.text);
	return err;
}

int protect_all(struct daemon *d)
{
	struct conf_error error_of_shunts = {""};
	struct rvl_backend_error error = {""};
	int err = look_for_room(d);

	for (size_t i = 0; !err && i < d->wish_count; i++) {
		const struct conf_connection *c = d->wishes[i]->connection;

		err = protect_wish(d, d->wishes[i], &error);
		if (err)
			log_error(&d->log, "%s:%u: connections.%s: %s", c->file, c->line, c->name,
				  error.text);
	}
	if (!err) {
		err = protect_shunts(d, &error_of_shunts);
		if (err)
			log_error(&d->log, "%s", error_of_shunts.text);
	}
	/* Ways in where the peer is known. */
	for (size_t i = 0; !err && i < d->wish_count; i++)
		protect_lead(d, d->wishes[i]);
	return err;
}

void protect_absorb(struct daemon *d)
{
	name_all(d);
	rvl_sad_absorb(d->sad);
}

int protect_release(struct daemon *d, rvl_sad_told_fn *told, void *context,
		    struct rvl_backend_error *error)
{
	name_all(d);
	return rvl_sad_release(d->sad, told, context, error);
}

static void warn_of(struct daemon *d, const struct ike_addr *remote, const char *why)
{
	char text[IKE_ADDR_TEXT];

	ike_addr_text(remote, text, sizeof(text));
	log_warning(&d->log, "IKE to %s may not pass: %s", text, why);
}

/* A tunnel that holds the peer isn't the way to it. */
static void let_out(struct daemon *d, const struct ike_addr *remote)
{
	int err = closing_reach(d->closing, remote);

	if (err)
		warn_of(d, remote, strerror(-err));
}

static void let_through(struct daemon *d, const struct ike_addr *local,
			const struct ike_addr *remote)
{
	const struct rvl_ike_ports ports = ports_of(d->conf);
	struct rvl_backend_error error = {""};

	if (rvl_sad_bypass_ike(d->sad, local, remote, &ports, &error))
		warn_of(d, remote, error.text);
}

void protect_reach(struct daemon *d, const struct ike_addr *local, const struct ike_addr *remote)
{
	let_out(d, remote);
	let_through(d, local, remote);
}

bool protect_local_address(struct daemon *d, const struct ike_addr *remote, struct ike_addr *local)
{
	let_out(d, remote);
	if (!routes_local_address(d->routes, remote, local))
		return false;
	let_through(d, local, remote);
	return true;
}
