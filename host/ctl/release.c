// SPDX-License-Identifier: BSD-2-Clause
#include "host/ctl/release.h"

#include <stdio.h>

#include "host/raveld/released.h"

/* One that listens elsewhere holds closed what is to stay so. */
static int find_daemon(struct remains_daemon *daemon)
{
	struct netlink *netlink;
	int found = netlink_open(&netlink);

	if (found)
		return found;
	found = remains_find_daemon(netlink, daemon);
	netlink_close(netlink);
	return found;
}

json_t *release_without_daemon(void)
{
	struct released released = released_nothing();
	struct remains_daemon daemon;
	char text[256];
	int err = find_daemon(&daemon);

	if (err > 0) {
		json_decref(released.list);
		snprintf(text, sizeof(text),
			 "raveld is running: %s is its, and it is reached by --socket %s",
			 daemon.netdev, daemon.socket);
		return json_pack("{s:b, s:s}", "ok", 0, "error", text);
	}
	if (!err)
		err = released_all(&released);
	return released_answer(&released, err, "raveld isn't running, and what it left is removed",
			       "raveld isn't running, and has left nothing");
}
