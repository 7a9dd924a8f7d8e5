/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lanes: what comes from the network waits in queues of its own kind, so that a flood of one kind
 * takes no other's place. The kernel sorts, by a filter on sockets: anybody can send an
 * IKE_SA_INIT, whoever returns a cookie was there before, and IKE SAs that are there have SPIs.
 */
#ifndef RVL_SA_LANE_H
#define RVL_SA_LANE_H

#include <stdbool.h>
#include <stdint.h>

/* The most worthy first. */
enum rvl_lane {
	RVL_LANE_FRAMES,    /* all but IKE */
	RVL_LANE_PEERS,	    /* IKE: responses, and requests to an SPI of somebody's */
	RVL_LANE_RETURNED,  /* requests that begin with a notify, as those with a cookie do */
	RVL_LANE_STRANGERS, /* all other requests without a responder's SPI */
	RVL_LANES,
};

/*
 * A packet socket receives Ethernet frames of this lane only. IKE is what goes to one of the two
 * UDP ports, over IPv4 in one piece or over IPv6 without other headers. Returns 0 or -errno.
 */
int rvl_lane_take_frames(int fd, enum rvl_lane lane, uint16_t port, uint16_t port_natt);

/* Or none at all, until it has another lane. The same. */
int rvl_lane_take_none(int fd);

/*
 * For UDP sockets that are bound to the same port by SO_REUSEPORT, in the order of the lanes, from
 * RVL_LANE_PEERS on, which takes what is no IKE message, too. Any of them; marked: IKE messages
 * have a non-ESP marker (RFC 3948). Returns 0 or -errno.
 */
int rvl_lane_sort_datagrams(int fd, bool marked);

/* How many packets had no place in the socket's queue, modulo 2^32. */
uint32_t rvl_lane_missed(int fd);

#endif
