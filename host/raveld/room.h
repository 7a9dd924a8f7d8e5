/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a configuration takes of a data path, counted without one: a policy for each flow and each
 * of IKE's ways, and an SA each way for a child.
 */
#ifndef RVL_RAVELD_ROOM_H
#define RVL_RAVELD_ROOM_H

#include "host/conf/conf.h"
#include "host/sa/backend.h"

struct routes;

struct room {
	size_t policies; /* whose selectors are known without an SA */
	size_t unknown;	 /* children that take another one once they have an SA */
	size_t children;
};

/* routes: they say which of the host's addresses leads to a peer; NULL: what isn't configured isn't
 * known. can: of the data path. -errno with *error set: what it hasn't at all. */
int room_count(struct conf *conf, struct routes *routes, const struct rvl_abilities *can,
	       struct room *room, struct conf_error *error);

/* -ENOSPC with *error set: the NIC hasn't room for it. 0: it has, or, where *warning isn't empty,
 * has it not always. */
int room_check(const struct room *room, const struct rvl_backend_info *nic,
	       struct conf_error *warning, struct conf_error *error);

#endif
