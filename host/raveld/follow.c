// SPDX-License-Identifier: BSD-2-Clause
/* The kernel's notices: what is local changes, and what was set may be taken away. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/raveld/daemon.h"

#define BREATH_MS 200

int follow_refresh(struct daemon *d)
{
	struct rvl_backend_error error = {""};
	int err = closing_refresh(d->closing);

	if (err)
		return err;
	err = rvl_sad_set_local(d->sad, closing_local(d->closing), &error);
	if (err)
		log_error(&d->log, "what is local isn't known to the data path: %s", error.text);
	return err;
}

void follow_roam(struct daemon *d)
{
	unsigned int count = 0;
	struct ike_own_addr *own = routes_own_addresses(d->routes, &count);
	int err = own ? ike_roam(d->engine, uv_now(&d->loop), own, count) : -ENOMEM;

	free(own);
	if (err)
		log_error(&d->log, "what is local isn't known to the IKE core: %s", strerror(-err));
}

void follow_find_ways(struct daemon *d, struct ike_ways_job *ways)
{
	routes_find_ways(d->routes, ways);
	for (unsigned int i = 0; i < ways->count; i++)
		protect_reach(d, &ways->ways[i].local, &ways->ways[i].remote);
}

static void on_breath(uv_timer_t *timer);

/* At once, but what comes right after waits a moment: such notices come in bursts, and may come
 * without end. */
static void follow(struct daemon *d)
{
	const struct netlink_changes changes = d->changes;

	d->changes = (struct netlink_changes){false, false, false, false};
	if (changes.local || changes.taken)
		follow_refresh(d);
	if (changes.hops || changes.local)
		routes_follow(d->routes);
	if (changes.link || changes.local || changes.taken)
		routes_restore(d->routes);
	if (changes.link || changes.local || changes.taken || changes.hops)
		uv_timer_start(&d->breath, on_breath, BREATH_MS, 0);
	if (d->engine && !d->stopping && (changes.link || changes.local || changes.hops)) {
		uv_update_time(&d->loop);
		follow_roam(d);
		negotiation_settle(d);
	}
}

static void on_breath(uv_timer_t *timer)
{
	follow(timer->data);
}

static void on_notice(uv_poll_t *poll, int status, int events)
{
	struct daemon *d = poll->data;
	struct netlink_changes new = netlink_take_changes(d->notices_fd, routes_ifindex(d->routes));

	(void)status;
	(void)events;
	d->changes.link |= new.link;
	d->changes.local |= new.local;
	d->changes.taken |= new.taken;
	d->changes.hops |= new.hops;
	if (!uv_is_active((uv_handle_t *)&d->breath))
		follow(d);
}

int follow_start(struct daemon *d)
{
	int err;

	d->notices_fd = netlink_watch();
	err = d->notices_fd < 0 ? d->notices_fd : 0;
	uv_timer_init(&d->loop, &d->breath);
	d->breath.data = d;
	if (!err)
		err = uv_poll_init(&d->loop, &d->notices, d->notices_fd);
	if (!err) {
		d->notices.data = d;
		err = uv_poll_start(&d->notices, UV_READABLE, on_notice);
	}
	if (err) {
		log_error(&d->log, "netlink: %s", strerror(-err));
		return err;
	}
	/* Whatever changes from here on is told. */
	return follow_refresh(d);
}

void follow_stop(struct daemon *d)
{
	if (d->notices_fd >= 0)
		close(d->notices_fd);
}
