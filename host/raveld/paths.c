// SPDX-License-Identifier: BSD-2-Clause
/* What paths take, as routers say and probes find. */
#include "host/raveld/daemon.h"

static void learn(struct daemon *d, const struct rvl_fit_hint *hint)
{
	const struct ike_addr local = ike_addr_of(&hint->local, 0);
	const struct ike_addr remote = ike_addr_of(&hint->remote, 0);
	char text[IKE_ADDR_TEXT];
	size_t mtu;

	/* Who quotes an SPI of ours has seen our packets (RFC 4301, section 8.2.1). */
	if (!ike_has_outbound(d->engine, hint->spi, &local, &remote))
		return;
	mtu = rvl_fit_learn(rvl_sad_fit(d->sad), hint, uv_hrtime() / 1000000);
	ike_addr_text(&remote, text, sizeof(text));
	if (mtu)
		log_info(&d->log, "packets to %s may have %zu octets, says a router on the way",
			 text, mtu);
}

uint32_t paths_link_mtu(void *context, const struct ike_addr *local)
{
	const struct daemon *d = context;

	(void)local; /* all of them are on the wire */
	return d->wire_mtu;
}

void paths_learn(struct daemon *d, const struct ike_path_mtu *path)
{
	const struct rvl_addr remote = ike_addr_ip(&path->remote);
	const uint64_t hold_ms = path->hold_ms > RVL_FIT_MS ? path->hold_ms : RVL_FIT_MS;
	char text[IKE_ADDR_TEXT];

	if (!rvl_fit_set(rvl_sad_fit(d->sad), &remote, path->octets, path->lost,
			 uv_hrtime() / 1000000, hold_ms))
		return;
	ike_addr_text(&path->remote, text, sizeof(text));
	log_info(&d->log, "packets to %s may have %u octets, as a probe has shown", text,
		 path->octets);
}

static void on_hinted(uv_async_t *async)
{
	struct daemon *d = async->data;
	struct rvl_fit_hint hint;

	while (rvl_fit_next(rvl_sad_fit(d->sad), &hint))
		if (!d->stopping)
			learn(d, &hint);
}

void paths_hinted(void *context)
{
	uv_async_send(&((struct daemon *)context)->hinted_async);
}

int paths_start(struct daemon *d)
{
	d->hinted_async.data = d;
	rvl_fit_set_link(rvl_sad_fit(d->sad), d->wire_mtu, d->conf->daemon.mss_clamp);
	return uv_async_init(&d->loop, &d->hinted_async, on_hinted);
}
