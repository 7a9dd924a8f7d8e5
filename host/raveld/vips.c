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
	struct routes *routes;
	const struct log *log;
	struct vip *list;
	struct lease *leases;
};

struct vips *vips_new(struct routes *routes, const struct log *log)
{
	struct vips *v = calloc(1, sizeof(*v));

	if (v) {
		v->routes = routes;
		v->log = log;
	}
	return v;
}

void vips_free(struct vips *v)
{
	struct lease *lease, *next_lease;
	struct vip *vip, *next;

	if (!v)
		return;
	LL_FOREACH_SAFE(v->list, vip, next)
		free(vip);
	LL_FOREACH_SAFE(v->leases, lease, next_lease)
		free(lease);
	free(v);
}

static struct vip *find(const struct vips *v, const struct ike_addr *address)
{
	struct vip *vip;

	LL_FOREACH(v->list, vip)
		if (ike_addr_same_ip(&vip->address, address))
			return vip;
	return NULL;
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
		log_info(v->log, "%s: our address behind the peer is %s%s", leased->connection,
			 text,
			 s->vips[i].family == 6 ? ", which isn't used: IPv6 isn't supported" : "");
	}
}

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
		int err = s->vips[i].family == 4 ? add(v, &s->vips[i]) : 0;

		ike_addr_text(&s->vips[i], text, sizeof(text));
		if (err)
			log_error(v->log, "%s: %s can't be added to the netdev: %s",
				  leased->connection, text, strerror(-err));
	}
}

static struct lease *find_lease(const struct vips *v, uint64_t lease_id)
{
	struct lease *lease;

	LL_FOREACH(v->leases, lease)
		if (lease->leased.lease_id == lease_id)
			return lease;
	return NULL;
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
}

const struct ike_settings *vips_settings(const struct vips *v, uint64_t lease_id)
{
	const struct lease *lease = find_lease(v, lease_id);

	return lease ? &lease->leased.settings : NULL;
}
