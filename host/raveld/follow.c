// SPDX-License-Identifier: BSD-2-Clause
/* The kernel's notices: what is local changes, and what was set may be taken away. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "host/raveld/daemon.h"

int follow_refresh(struct daemon *d)
{
	int err = closing_refresh(d->closing);

	if (err)
		return err;
	err = rvl_inbound_set_local(rvl_sad_inbound(d->sad), closing_local(d->closing));
	if (err)
		log_error(&d->log, "what is local isn't known to the data path: %s",
			  strerror(-err));
	return err;
}

static void on_notice(uv_poll_t *poll, int status, int events)
{
	struct daemon *d = poll->data;
	struct netlink_changes changes =
		netlink_take_changes(d->notices_fd, routes_ifindex(d->routes));

	(void)status;
	(void)events;
	if (changes.local || changes.taken)
		follow_refresh(d);
	if (changes.hops)
		routes_follow(d->routes);
	if (changes.link || changes.local || changes.taken)
		routes_restore(d->routes);
}

int follow_start(struct daemon *d)
{
	int err;

	d->notices_fd = netlink_watch();
	err = d->notices_fd < 0 ? d->notices_fd : 0;
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
