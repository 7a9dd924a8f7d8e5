// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/released.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/sa/backend.h"

struct released released_nothing(void)
{
	return (struct released){.list = json_array()};
}

void released_told(void *context, const char *text, int err)
{
	struct released *released = context;

	if (err)
		snprintf(released->failed, sizeof(released->failed), "%s", text);
	else
		json_array_append_new(released->list, json_string(text));
}

json_t *released_answer(struct released *released, int err, const char *some, const char *none)
{
	char text[REMAINS_TEXT + 128];
	json_t *object;

	snprintf(text, sizeof(text), "can't remove %s%s%s: %s%s", released->failed[0] ? "`" : "",
		 released->failed[0] ? released->failed : "what is left",
		 released->failed[0] ? "`" : "", strerror(-err),
		 err == -EPERM ? " (CAP_NET_ADMIN is needed)" : "");
	if (err)
		object = json_pack("{s:b, s:s}", "ok", 0, "error", text);
	else
		object = json_pack("{s:b, s:s}", "ok", 1, "message",
				   json_array_size(released->list) ? some : none);
	json_object_set_new(object, "released", released->list);
	released->list = NULL;
	return object;
}

int released_all(struct released *released)
{
	struct netlink *netlink;
	struct remains remains;
	int err = netlink_open(&netlink);

	if (err)
		return err;
	err = remains_read(netlink, &remains);
	if (!err)
		err = remains_release(netlink, &remains, released_told, released);
	remains_free(&remains);
	netlink_close(netlink);
	return err ? err : rvl_backend_xfrm_release(released_told, released);
}
