// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/vips.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct vip {
	struct ike_addr address;
	unsigned int leases; /* that have it */
	bool foreign;	     /* the host had it already: it isn't ours to take away */
	struct vip *next;
};

struct lease {
	struct ike_leased leased;
	struct lease *next;
};

struct vips {
	const struct conf *conf;
	struct routes *routes;
	struct resolver *resolver;
	const struct log *log;
	struct vip *list;
	struct lease *leases;
};

struct vips *vips_new(const struct conf *conf, struct routes *routes, struct resolver *resolver,
		      const struct log *log)
{
	struct vips *v = calloc(1, sizeof(*v));

	if (v) {
		v->conf = conf;
		v->routes = routes;
		v->resolver = resolver;
		v->log = log;
	}
	return v;
}

void vips_free(struct vips *v)
{
	while (v && v->list) {
		struct vip *vip = v->list;

		v->list = vip->next;
		free(vip);
	}
	while (v && v->leases) {
		struct lease *lease = v->leases;

		v->leases = lease->next;
		free(lease);
	}
	free(v);
}

static struct vip *find(const struct vips *v, const struct ike_addr *address)
{
	struct vip *vip = v->list;

	while (vip && !ike_addr_same_ip(&vip->address, address))
		vip = vip->next;
	return vip;
}

static int add(struct vips *v, const struct ike_addr *address)
{
	struct vip *vip = find(v, address);
	int err;

	if (!vip) {
		vip = calloc(1, sizeof(*vip));
		if (!vip)
			return -ENOMEM;
		vip->address = *address;
		err = routes_add_address(v->routes, address);
		vip->foreign = err == -EEXIST;
		if (err && !vip->foreign) {
			free(vip);
			return err;
		}
		LL_PREPEND(v->list, vip);
	}
	vip->leases++;
	return 0;
}

static void drop(struct vips *v, const struct ike_addr *address)
{
	struct vip *vip = find(v, address);
	char text[IKE_ADDR_TEXT];
	int err;

	if (!vip || --vip->leases)
		return;
	err = vip->foreign ? 0 : routes_remove_address(v->routes, address);
	ike_addr_text(address, text, sizeof(text));
	if (err && err != -EADDRNOTAVAIL)
		log_error(v->log, "%s can't be taken from the netdev: %s", text, strerror(-err));
	LL_DELETE(v->list, vip);
	free(vip);
}

static void say(const struct vips *v, const struct ike_leased *leased)
{
	const struct ike_settings *s = &leased->settings;
	char text[IKE_ADDR_TEXT];

	for (unsigned int i = 0; i < s->vip_count; i++) {
		ike_addr_text(&s->vips[i], text, sizeof(text));
		log_info(v->log, "%s: our address behind the peer is %s", leased->connection, text);
	}
}

/* ---------------------------------------------------------------------------------- DNS servers */

/* Is it reached through a tunnel of the connection? Elsewhere it would be asked in clear. */
static bool is_behind(const struct conf *conf, const char *connection, const struct ike_addr *dns)
{
	const struct ike_ts host = {.family = dns->family, .port_last = UINT16_MAX};
	struct ike_ts_list server = {.count = 1, .list = {host}};
	const struct conf_connection *c = conf_find_connection(conf, connection);

	memcpy(server.list[0].first, dns->ip, sizeof(dns->ip));
	memcpy(server.list[0].last, dns->ip, sizeof(dns->ip));
	for (size_t i = 0; c && i < c->child_count; i++) {
		const struct ike_ts_list remote = conf_remote_ts(conf, c, &c->children[i]);

		if (ike_ts_subset(&server, &remote))
			return true;
	}
	return false;
}

static void add_server(const struct ike_addr *dns, struct ike_settings *wanted)
{
	for (unsigned int i = 0; i < wanted->dns_count; i++)
		if (ike_addr_same_ip(&wanted->dns[i], dns))
			return;
	if (wanted->dns_count < IKE_SERVERS_MAX)
		wanted->dns[wanted->dns_count++] = *dns;
}

static void add_domain(const char *domain, struct ike_settings *wanted)
{
	for (unsigned int i = 0; i < wanted->domain_count; i++)
		if (!strcmp(wanted->domains[i], domain))
			return;
	if (wanted->domain_count < IKE_DOMAINS_MAX)
		strcpy(wanted->domains[wanted->domain_count++], domain);
}

/* What a lease adds. False: it has no server that can be asked. */
static bool add_lease(const struct vips *v, const struct ike_leased *leased,
		      struct ike_settings *wanted)
{
	const struct ike_settings *s = &leased->settings;
	bool any = false;

	for (unsigned int i = 0; i < s->dns_count; i++) {
		if (!is_behind(v->conf, leased->connection, &s->dns[i]))
			continue;
		add_server(&s->dns[i], wanted);
		any = true;
	}
	for (unsigned int i = 0; any && i < s->domain_count; i++)
		add_domain(s->domains[i], wanted);
	return any;
}

/* What all leases say together. The servers of one that has no domains have all names. */
static void tell_resolver(const struct vips *v)
{
	struct ike_settings wanted = {0};
	bool all = false;

	if (!v->resolver)
		return;
	for (const struct lease *lease = v->leases; lease; lease = lease->next)
		if (add_lease(v, &lease->leased, &wanted))
			all |= !lease->leased.settings.domain_count;
	if (all)
		wanted.domain_count = 0;
	resolver_set(v->resolver, &wanted);
}

static void warn_of_servers(const struct vips *v, const struct ike_leased *leased)
{
	for (unsigned int i = 0; v->resolver && i < leased->settings.dns_count; i++) {
		char text[IKE_ADDR_TEXT];

		if (is_behind(v->conf, leased->connection, &leased->settings.dns[i]))
			continue;
		ike_addr_text(&leased->settings.dns[i], text, sizeof(text));
		log_warning(v->log,
			    "%s: DNS server %s isn't within the peer's networks (remote_ts), so it "
			    "isn't asked",
			    leased->connection, text);
	}
}

/* -------------------------------------------------------------------------------- taking, giving
 */

void vips_take(struct vips *v, const struct ike_leased *leased)
{
	const struct ike_settings *s = &leased->settings;
	struct lease *lease = malloc(sizeof(*lease));
	char text[IKE_ADDR_TEXT];

	say(v, leased);
	if (!lease) {
		log_error(v->log, "%s: out of memory", leased->connection);
		return;
	}
	lease->leased = *leased;
	LL_PREPEND(v->leases, lease);
	for (unsigned int i = 0; i < s->vip_count; i++) {
		int err = add(v, &s->vips[i]);

		ike_addr_text(&s->vips[i], text, sizeof(text));
		if (err)
			log_error(v->log, "%s: %s can't be added to the netdev: %s",
				  leased->connection, text, strerror(-err));
	}
	warn_of_servers(v, leased);
	tell_resolver(v);
}

static struct lease *find_lease(const struct vips *v, uint64_t lease_id)
{
	struct lease *lease = v->leases;

	while (lease && lease->leased.lease_id != lease_id)
		lease = lease->next;
	return lease;
}

void vips_give_back(struct vips *v, uint64_t lease_id)
{
	struct lease *lease = find_lease(v, lease_id);

	if (!lease)
		return;
	for (unsigned int i = 0; i < lease->leased.settings.vip_count; i++)
		drop(v, &lease->leased.settings.vips[i]);
	LL_DELETE(v->leases, lease);
	free(lease);
	tell_resolver(v);
}

const struct ike_settings *vips_settings(const struct vips *v, uint64_t lease_id)
{
	const struct lease *lease = find_lease(v, lease_id);

	return lease ? &lease->leased.settings : NULL;
}
