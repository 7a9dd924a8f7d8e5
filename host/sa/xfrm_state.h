/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's states, which are SAs (RFC 4301, section 4.4.2), as messages. */
#ifndef RVL_SA_XFRM_STATE_H
#define RVL_SA_XFRM_STATE_H

#include "host/esp/suite.h"
#include "host/sa/backend.h"
#include "host/sa/xfrm_netlink.h"

/* Whatever daemon of ours it is: the upper octet of a state's reqid, by which policies name it. */
#define XFRM_REQID_OURS 0x52000000u
#define XFRM_REQID_MASK 0xff000000u

/* How to name one. */
struct xfrm_state {
	enum rvl_protocol protocol;
	enum rvl_mode mode;
	struct rvl_addr src;
	struct rvl_addr dst;
	uint32_t spi;
	uint32_t reqid;
	struct rvl_mark mark;
	bool shared;  /* a policy leads to all of its reqid, each packet to that of its processor */
	bool asks;    /* shared: and asks for that of a processor that has none */
	uint32_t cpu; /* of an outbound one that is to be added; or RVL_CPU_ANY */
};

/* Whose work it is. */
struct xfrm_place {
	enum rvl_offload offload; /* not RVL_OFFLOAD_AUTO */
	unsigned int ifindex;	  /* with an offload */
};

/* Has the kernel a name for it? Then it may have it. */
bool xfrm_state_names_encr(const struct rvl_encr *encr);
bool xfrm_state_names_integ(const struct rvl_integ *integ);

/* selector: the only one that it has, or NULL for one that policies alone judge. 0 or
 * -errno with *error set. */
int xfrm_state_add(struct xfrm_netlink *netlink, const struct xfrm_state *state,
		   const struct rvl_sa_params *params, const struct rvl_selector *selector,
		   const struct xfrm_place *place, struct rvl_backend_error *error);

/* 0, -ESRCH when it isn't there, or -errno. */
int xfrm_state_delete(struct xfrm_netlink *netlink, const struct xfrm_state *state);

/* What the kernel has counted. out: its own direction. The same errors. */
int xfrm_state_query(struct xfrm_netlink *netlink, const struct xfrm_state *state, bool out,
		     struct rvl_sa_stats *stats);

/* Has the kernel such an attribute of it? What it doesn't know it leaves out in silence; and so may
 * drivers what is to be a NIC's. */
bool xfrm_state_has(struct xfrm_netlink *netlink, const struct xfrm_state *state, uint16_t type);

/* Delete all of ours that somebody has left. 0 or -errno. */
int xfrm_state_delete_ours(struct xfrm_netlink *netlink);

uint8_t xfrm_protocol(const struct xfrm_state *state);
uint8_t xfrm_mode(const struct xfrm_state *state);

#endif
