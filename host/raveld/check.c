// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/check.h"

#include <errno.h>
#include <stdio.h>

#include "host/raveld/room.h"

/* Of the configured data path, before it is opened. */
static struct rvl_abilities abilities_of(const struct conf_daemon *daemon)
{
	switch (daemon->backend) {
	case CONF_BACKEND_SOFT:
	case CONF_BACKEND_JOINT:
		return rvl_esp_abilities;
	case CONF_BACKEND_XFRM:
		return rvl_backend_xfrm_abilities();
	default:
		return rvl_backend_user_abilities();
	}
}

/* To have it open is to have it alone, and it was reset for whoever comes next. */
static int ask_nic(const char *device, struct rvl_backend_info *info,
		   struct rvl_backend_error *reason)
{
	struct rvl_backend *nic;
	int err = rvl_backend_user_open(device, &nic, reason);

	if (err)
		return err;
	nic->ops->info(nic, info);
	nic->ops->close(nic);
	return 0;
}

static int refuse(const struct conf_error *error, int err)
{
	fprintf(stderr, "raveld: %s\n", error->text);
	return err;
}

int check(const char *path, struct conf *conf)
{
	const struct conf_daemon *daemon = &conf->daemon;
	const bool fills = daemon->backend == CONF_BACKEND_USER; /* else software has the rest */
	struct conf_error error = {""}, warning = {""};
	struct rvl_abilities can = abilities_of(daemon);
	struct rvl_backend_error reason = {""};
	struct rvl_backend_info nic;
	struct room room;
	bool asked = false;
	int err = conf_check_abilities(conf, &can, &error);

	if (!err && fills) {
		asked = !ask_nic(daemon->device, &nic, &reason);
		if (asked)
			can = nic.abilities;
	}
	if (!err && asked)
		err = conf_check_abilities(conf, &can, &error);
	if (!err)
		err = room_count(conf, NULL, &can, &room, &error);
	if (!err && asked)
		err = room_check(&room, &nic, &warning, &error);
	if (err)
		return refuse(&error, err);
	if (warning.text[0])
		fprintf(stderr, "raveld: warning: %s\n", warning.text);
	printf("%s: good: %zu connections, %zu secrets\n", path, conf->connection_count,
	       conf->secret_count + conf->user_count + conf->ppk_count);
	if (asked)
		printf("%s: %zu of %u policies of %s; %zu children, and %u SAs out, %u in\n", path,
		       room.policies, nic.policies, daemon->device, room.children, nic.outbound_sas,
		       nic.inbound_sas);
	else if (fills)
		printf("%s: %zu policies and %zu children, not held against the NIC: %s: %s\n",
		       path, room.policies, room.children, daemon->device, reason.text);
	return 0;
}
