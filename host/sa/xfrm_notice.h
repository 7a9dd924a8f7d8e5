/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel's IPsec tells without being asked. */
#ifndef RVL_SA_XFRM_NOTICE_H
#define RVL_SA_XFRM_NOTICE_H

#include <stdbool.h>
#include <stdint.h>

#include "host/esp/addr.h"
#include "host/esp/ip.h"
#include "host/esp/label.h"

enum xfrm_notice_type {
	XFRM_NOTICE_SOFT, /* a state is near its end, */
	XFRM_NOTICE_HARD, /* or at it */
	XFRM_NOTICE_MOVED,
	XFRM_NOTICE_ACQUIRE, /* a packet has found a policy and no state */
	XFRM_NOTICE_STATES,  /* somebody else has deleted some */
	XFRM_NOTICE_POLICIES,
	XFRM_NOTICE_LOST, /* some notices were */
};

struct xfrm_notice {
	enum xfrm_notice_type type;
	/* Of a state: */
	struct rvl_addr dst;
	uint32_t spi;
	uint64_t packets; /* that it has passed */
	uint64_t bytes;
	struct rvl_addr src; /* where its packets come from now */
	uint16_t src_port;
	struct rvl_ip packet;	/* that acquires, */
	struct rvl_scope scope; /* by a policy of this scope, */
	uint32_t reqid;		/* whose states have this one, and none of this processor */
	uint32_t cpu;
};

/* A descriptor that is readable when there are notices, to be closed; or -errno. */
int xfrm_notice_open(void);

/* 1 and *notice, which isn't of what port (xfrm_netlink_port()) did; 0 when there is none. */
int xfrm_notice_next(int fd, uint32_t port, struct xfrm_notice *notice);

#endif
