/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a packet socket receives, in memory that the kernel shares with us (packet(7),
 * PACKET_RX_RING, version 2): a slot for each frame, in the order in which they came, which is ours
 * until it is given back. A frame that is longer than a slot waits in the socket's queue besides,
 * and is read from there when its slot has its turn.
 *
 * It belongs to one thread.
 */
#ifndef RVL_SA_RING_H
#define RVL_SA_RING_H

#include <linux/virtio_net.h>
#include <stddef.h>
#include <stdint.h>

#include "host/esp/buf.h"

struct rvl_ring;

/* What was received, until its slot is given back. */
struct rvl_received {
	struct rvl_buf frame; /* with RVL_ESP_HEADROOM before it; empty: it was cut */
	/* What a neighbour on the same machine (veth, a virtual machine) has left to an interface
	 * that doesn't do it either: see segments.h. */
	struct virtio_net_hdr left;
};

/*
 * For a packet socket of whole frames that isn't bound yet and stays the caller's, of so many
 * octets in all; longest: a frame that has room in a slot. Returns 0 or -errno.
 */
int rvl_ring_open(int fd, size_t longest, size_t octets, struct rvl_ring **ring);

/* What was there is erased. NULL is fine. */
void rvl_ring_close(struct rvl_ring *ring);

/*
 * The next frames, at most so many, with VLAN tags as they were on the wire. Those of the call
 * before are given back. Of longer ones there is but one at a time, the last. Returns how many, or
 * -errno: -EAGAIN if there is none, or what has happened to the interface.
 */
int rvl_ring_receive(struct rvl_ring *ring, struct rvl_received *received, int count);

/* How many frames had no slot, modulo 2^32. Whoever asks: one at a time. */
uint32_t rvl_ring_missed(struct rvl_ring *ring);

#endif
