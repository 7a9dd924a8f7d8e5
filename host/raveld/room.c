// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/room.h"

#include <errno.h>
#include <stdio.h>

#include "host/raveld/daemon.h"

/* A data path that only counts policies. */
struct counter {
	struct rvl_backend backend;
	struct rvl_frames frames;
	const struct rvl_abilities *can;
	uint32_t policies;
};

static void counter_info(struct rvl_backend *backend, struct rvl_backend_info *info)
{
	*info = (struct rvl_backend_info){
		.abilities = *((const struct counter *)backend)->can,
		.outbound_sas = RVL_SOFT_SAS,
		.inbound_sas = RVL_SOFT_SAS,
		.policies = RVL_SOFT_POLICIES,
	};
}

static int counter_policy_set(struct rvl_backend *backend, const struct rvl_policy *policy,
			      const struct rvl_scopes *scopes, uint32_t *index,
			      struct rvl_backend_error *error)
{
	struct counter *counter = (struct counter *)backend;

	(void)policy;
	(void)scopes;
	if (*index != RVL_BACKEND_ANY)
		return 0;
	if (counter->policies == RVL_SOFT_POLICIES)
		return rvl_backend_fail(error, -ENOSPC, "no room for more than %u policies",
					RVL_SOFT_POLICIES);
	*index = counter->policies++;
	return 0;
}

static int counter_policy_clear(struct rvl_backend *backend, uint32_t index,
				struct rvl_backend_error *error)
{
	(void)backend;
	(void)index;
	(void)error;
	return 0;
}

static const struct rvl_backend_ops counter_ops = {
	.info = counter_info,
	.policy_set = counter_policy_set,
	.policy_clear = counter_policy_clear,
};

int room_count(struct conf *conf, struct routes *routes, const struct rvl_abilities *can,
	       struct room *room, struct conf_error *error)
{
	struct counter counter = {
		.backend = {.ops = &counter_ops, .frames = &counter.frames},
		.can = can,
	};
	struct daemon d = {
		.conf = conf,
		.routes = routes,
		.backend = &counter.backend,
		.log = log_open(LOG_LEVEL_ERROR),
	};
	int err;

	*room = (struct room){0};
	d.sad = rvl_sad_new(d.backend);
	if (!d.sad) {
		snprintf(error->text, sizeof(error->text), "out of memory");
		return -ENOMEM;
	}
	err = protect_try(&d, &room->children, &room->unknown, error);
	room->policies = rvl_sad_policy_count(d.sad);
	rvl_sad_free(d.sad);
	return err;
}

int room_check(const struct room *room, const struct rvl_backend_info *nic,
	       struct conf_error *warning, struct conf_error *error)
{
	static const char elsewhere[] = "(backend user, soft has room for all)";
	const uint32_t sas =
		nic->inbound_sas < nic->outbound_sas ? nic->inbound_sas : nic->outbound_sas;

	warning->text[0] = '\0';
	if (room->policies > nic->policies) {
		snprintf(error->text, sizeof(error->text),
			 "the NIC has %u policies, and what is configured takes %zu %s",
			 nic->policies, room->policies, elsewhere);
		return -ENOSPC;
	}
	if (room->policies + room->unknown > nic->policies)
		snprintf(warning->text, sizeof(warning->text),
			 "the NIC has %u policies: what is configured takes %zu, and %zu children "
			 "take more once their selectors are known %s",
			 nic->policies, room->policies, room->unknown, elsewhere);
	else if (room->children >= sas)
		snprintf(warning->text, sizeof(warning->text),
			 "the NIC has %u SAs each way: of %zu children that are configured, %u can "
			 "be up at a time, as a rekey takes another one %s",
			 sas, room->children, sas - 1, elsewhere);
	return 0;
}
