// SPDX-License-Identifier: BSD-2-Clause
/* What holds before the first SA is up: configured flows are discarded, IKE passes. */
#include <errno.h>
#include <string.h>

#include "host/raveld/daemon.h"

/* Our addresses on the way to a peer. */
struct own {
	size_t count;
	struct ike_addr list[CONF_ADDRESSES_MAX + 1];
};

static void add_own(struct own *own, const struct ike_addr *addr)
{
	for (size_t i = 0; i < own->count; i++)
		if (ike_addr_same_ip(&own->list[i], addr))
			return;
	own->list[own->count++] = *addr;
}

/* The configured one; or the one that the route takes and all of the netdev, for a peer that
 * begins may come to any of them. */
static struct own own_addresses(const struct daemon *d, const struct conf_connection *c)
{
	const struct conf_daemon *daemon = &d->conf->daemon;
	struct own own = {.count = 0};
	struct ike_addr addr;

	if (c->local.family) {
		add_own(&own, &c->local);
		return own;
	}
	if (c->remote.family && routes_local_address(d->routes, &c->remote, &addr))
		add_own(&own, &addr);
	for (size_t i = 0; i < daemon->address_count; i++) {
		addr = (struct ike_addr){.family = 4, .port = daemon->port};
		memcpy(addr.ip, daemon->addresses[i].ip, 4);
		add_own(&own, &addr);
	}
	return own;
}

/* The selectors that are known before there is an SA. */
static struct ike_ts_list concrete(const struct ike_ts_list *configured, const struct ike_addr *end)
{
	struct ike_ts_list all = ike_ts_resolve(configured, end), out = {.count = 0};

	for (unsigned int i = 0; i < all.count; i++)
		if (!all.list[i].dynamic && all.list[i].family == 4)
			out.list[out.count++] = all.list[i];
	return out;
}

static int protect_child(struct daemon *d, const struct conf_connection *c,
			 const struct conf_child *child, const struct own *own,
			 struct rvl_backend_error *error)
{
	struct ike_ts_list remote = concrete(&child->remote_ts, &c->remote);
	int err = 0;

	if (!remote.count || remote.count < child->remote_ts.count)
		log_warning(&d->log,
			    "%s.%s: not all of its remote selectors are known before its SA is up: "
			    "until then nothing is discarded for those",
			    c->name, child->name);
	for (size_t i = 0; !err && remote.count && i < own->count; i++) {
		struct ike_ts_list local = concrete(&child->local_ts, &own->list[i]);

		if (local.count)
			err = rvl_sad_protect(d->sad, &local, &remote, error);
	}
	return err;
}

int protect_trap(struct daemon *d, const struct wish *w, uint64_t id,
		 struct rvl_backend_error *error)
{
	const struct ike_ts_list remote = concrete(&w->child->remote_ts, &w->connection->remote);
	const struct own own = own_addresses(d, w->connection);
	int err = 0;

	for (size_t i = 0; !err && remote.count && i < own.count; i++) {
		const struct ike_ts_list local = concrete(&w->child->local_ts, &own.list[i]);

		if (local.count)
			err = rvl_sad_trap(d->sad, id, &local, &remote, error);
	}
	return err;
}

static int protect_connection(struct daemon *d, const struct conf_connection *c,
			      const struct own *own)
{
	struct rvl_backend_error error = {""};
	int err = 0;

	if (!own->count)
		err = rvl_backend_fail(&error, -EADDRNOTAVAIL,
				       "no local address is known: set its local_addrs, or address "
				       "in section raveld");
	for (size_t i = 0; !err && i < own->count; i++)
		err = rvl_sad_bypass_ike(d->sad, &own->list[i], &c->remote, d->conf->daemon.port,
					 d->conf->daemon.port_nat, &error);
	for (size_t i = 0; !err && i < c->child_count; i++)
		err = protect_child(d, c, &c->children[i], own, &error);
	if (err)
		log_error(&d->log, "%s:%u: connections.%s: %s", c->file, c->line, c->name,
			  error.text);
	return err;
}

/* Ways in where the peer is known. */
static void add_routes(struct daemon *d, const struct conf_connection *c, const struct own *own)
{
	for (size_t i = 0; c->remote.family && i < c->child_count; i++) {
		struct ike_ts_list local = concrete(&c->children[i].local_ts, &own->list[0]);
		struct ike_ts_list remote = concrete(&c->children[i].remote_ts, &c->remote);
		char reason[ROUTES_REASON] = "";

		if (local.count && remote.count &&
		    routes_add(d->routes, &c->remote, &local, &remote, reason))
			log_debug(&d->log, "%s.%s: %s", c->name, c->children[i].name, reason);
	}
}

int protect_all(struct daemon *d)
{
	size_t count = d->conf->connection_count;
	int err = 0;

	for (size_t i = 0; i < d->wish_count; i++) {
		struct own own = own_addresses(d, d->wishes[i]->connection);

		if (own.count)
			d->wishes[i]->local = own.list[0];
	}
	for (size_t i = 0; !err && i < count; i++) {
		struct own own = own_addresses(d, &d->conf->connections[i]);

		err = protect_connection(d, &d->conf->connections[i], &own);
	}
	for (size_t i = 0; !err && i < d->wish_count; i++) {
		const struct wish *w = d->wishes[i];
		struct own own = {.count = 1, .list = {w->local}};

		if (w->child == w->connection->children)
			add_routes(d, w->connection, &own);
	}
	return err;
}

bool protect_local_address(struct daemon *d, const struct wish *w, struct ike_addr *local)
{
	const struct conf_connection *c = w->connection;
	struct rvl_backend_error error = {""};

	*local = w->local;
	if (!c->remote.family)
		return false;
	if (c->local.family)
		return true;
	if (!routes_local_address(d->routes, &c->remote, local))
		return false;
	/* It may be a new one. */
	if (rvl_sad_bypass_ike(d->sad, local, &c->remote, d->conf->daemon.port,
			       d->conf->daemon.port_nat, &error))
		log_warning(&d->log, "%s: IKE may not pass: %s", c->name, error.text);
	return true;
}
