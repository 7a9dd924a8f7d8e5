/* SPDX-License-Identifier: BSD-2-Clause */
/* What the running kernel's IPsec can do, found out by trying. */
#ifndef RVL_SA_XFRM_ABILITIES_H
#define RVL_SA_XFRM_ABILITIES_H

#include "host/esp/abilities.h"
#include "host/sa/backend.h"
#include "host/sa/xfrm_netlink.h"

/* 0; or -EOPNOTSUPP with *error set: it has no ESP. */
int xfrm_abilities_find(struct xfrm_netlink *netlink, struct rvl_abilities *abilities,
			struct rvl_backend_error *error);

#endif
