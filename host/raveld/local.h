/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is the host's own, as the kernel says it: addresses that it can use now, and networks that
 * are connected to it, but for those behind raveld's netdev, which are the wire's.
 */
#ifndef RVL_RAVELD_LOCAL_H
#define RVL_RAVELD_LOCAL_H

#include "host/conf/conf.h"
#include "host/raveld/netlink.h"
#include "host/sa/inbound.h"

/* What is named isn't known here. 0, or -errno; to be freed in any case. */
int local_read(struct netlink *netlink, const struct conf_daemon *conf, struct rvl_local *local);
void local_free(struct rvl_local *local);

#endif
