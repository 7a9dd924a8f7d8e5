// SPDX-License-Identifier: BSD-2-Clause
/* Children that traffic brings up: what data threads' traps catch begins a negotiation. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/raveld/daemon.h"

/* A wish is where it is for as long as it has a trap. */
static uint64_t trap_of(const struct wish *w)
{
	return (uint64_t)(uintptr_t)w;
}

int traps_set(struct daemon *d, struct wish *w)
{
	struct rvl_backend_error error = {""};
	int err;

	if (rvl_traps_is_set(rvl_sad_traps(d->sad), trap_of(w))) {
		traps_listen(d, w);
		return 0;
	}
	err = protect_trap(d, w, trap_of(w), &error);
	if (err)
		log_error(&d->log,
			  "%s:%u: connections.%s.children.%s: its traffic can't bring it "
			  "up: %s",
			  w->child->file, w->child->line, w->connection->name, w->child->name,
			  error.text);
	return err;
}

void traps_remove(struct daemon *d, struct wish *w)
{
	w->sprung = false;
	agenda_listen(&d->agenda, w, 0);
	rvl_sad_untrap(d->sad, trap_of(w));
}

bool traps_is_set(struct daemon *d, const struct wish *w)
{
	return rvl_traps_is_set(rvl_sad_traps(d->sad), trap_of(w));
}

void traps_listen(struct daemon *d, struct wish *w)
{
	agenda_listen(&d->agenda, w, 0);
	rvl_traps_listen(rvl_sad_traps(d->sad), trap_of(w));
	rvl_sad_listen(d->sad, trap_of(w));
}

void traps_release(struct daemon *d, struct wish *w)
{
	w->sprung = false;
	agenda_listen(&d->agenda, w, 0);
	rvl_traps_release(rvl_sad_traps(d->sad), trap_of(w));
	rvl_sad_listen(d->sad, trap_of(w));
	if (d->datapath && rvl_traps_released(rvl_sad_traps(d->sad)))
		datapath_wake(d->datapath);
}

void traps_give_up(struct daemon *d, struct wish *w, uint64_t listen_at)
{
	w->sprung = false;
	agenda_listen(&d->agenda, w, listen_at);
	rvl_traps_give_up(rvl_sad_traps(d->sad), trap_of(w));
}

void traps_give_up_all(struct daemon *d)
{
	for (size_t i = 0; i < d->wish_count; i++)
		traps_give_up(d, d->wishes[i], 0);
}

/* One end of a packet, as a traffic selector: its port if it shows one (RFC 7296, section 2.9). */
static struct ike_ts end_of(const struct rvl_ip *packet, const struct rvl_addr *address,
			    uint16_t port)
{
	bool ports = packet->ports == RVL_PORTS_BOTH;
	struct ike_ts ts = {
		.family = address->family,
		.protocol = packet->protocol,
		.port_first = ports ? port : 0,
		.port_last = ports ? port : UINT16_MAX,
	};

	memcpy(ts.first, address->octets, sizeof(ts.first));
	memcpy(ts.last, address->octets, sizeof(ts.last));
	return ts;
}

static void spring(struct daemon *d, struct wish *w, const struct rvl_ip *packet)
{
	char local[IKE_TS_TEXT], remote[IKE_TS_TEXT];

	w->packet[0] = end_of(packet, &packet->src, packet->src_port);
	w->packet[1] = end_of(packet, &packet->dst, packet->dst_port);
	ike_ts_text(&w->packet[0], local, sizeof(local));
	ike_ts_text(&w->packet[1], remote, sizeof(remote));
	log_info(&d->log, "%s.%s: traffic from %s to %s needs it", w->connection->name,
		 w->child->name, local, remote);
	negotiation_spring(d, w);
}

static void on_sprung(uv_async_t *async)
{
	struct daemon *d = async->data;
	struct rvl_ip packet;
	uint64_t id;

	while (rvl_traps_next(rvl_sad_traps(d->sad), &id, &packet))
		if (!d->stopping)
			spring(d, (struct wish *)(uintptr_t)id, &packet);
	negotiation_settle(d);
}

void traps_sprung(void *context)
{
	uv_async_send(&((struct daemon *)context)->sprung_async);
}

int traps_start(struct daemon *d)
{
	int err = uv_async_init(&d->loop, &d->sprung_async, on_sprung);

	d->sprung_async.data = d;
	for (size_t i = 0; !err && i < d->wish_count; i++)
		if (d->wishes[i]->child->start >= CONF_START_TRAP)
			err = traps_set(d, d->wishes[i]);
	return err;
}
