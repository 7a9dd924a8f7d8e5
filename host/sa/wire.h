/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A network interface taken over as the port to the wire: whole frames in and out, and the kernel's
 * own stack kept from them.
 */
#ifndef RVL_SA_WIRE_H
#define RVL_SA_WIRE_H

#include "host/sa/backend.h"
#include "host/sa/lane.h"
#include "host/sa/ring.h"

struct rvl_wire;

/*
 * Take over the interface, which has no address that anybody set. It is set up if it wasn't; strict
 * reverse path filtering, no answers to ARP and no IPv6 keep the kernel from taking frames that are
 * ours to judge; receive offloads that merge frames are switched off. Closing puts all that back,
 * as it was before whoever had it last and didn't.
 * Frames wait in lanes; port and port_natt are IKE's. threads, at most RVL_FANOUT_MAX, have what
 * fanout.h says: the first one all lanes, the others frames, and each a number.
 */
int rvl_wire_open(const char *name, uint16_t port, uint16_t port_natt, unsigned int threads,
		  struct rvl_wire **wire, struct rvl_backend_error *error);
void rvl_wire_close(struct rvl_wire *wire);

/* Readable while the thread has frames of RVL_LANE_FRAMES; and while there are any in other lanes,
 * which are the first one's. */
int rvl_wire_fd(const struct rvl_wire *wire, unsigned int thread);
int rvl_wire_ike_fd(const struct rvl_wire *wire);
const uint8_t *rvl_wire_mac(const struct rvl_wire *wire);
unsigned int rvl_wire_mtu(const struct rvl_wire *wire);

/* Frames that are sent, or received, at once. */
#define RVL_WIRE_BATCH 64

/* What goes to the kernel with a frame that is sent. */
#define RVL_WIRE_HEADROOM sizeof(struct virtio_net_hdr)

/*
 * Send frames, at most a batch, in this order, each with RVL_WIRE_HEADROOM before it. trains: which
 * of them are ESP in UDP, whose checksum nobody needs, so that those that are alike may go as one
 * (train.h); their headers may be others afterwards. Returns how many frames the kernel didn't
 * take, or -ENODEV: the interface is gone.
 */
int rvl_wire_send(struct rvl_wire *wire, unsigned int thread, struct rvl_buf *frames,
		  const bool *trains, int count);

/*
 * Has the interface been removed? Its socket tells once, with -ENETDOWN, when it is set down for
 * that, which may be before it is gone: look again.
 */
bool rvl_wire_gone(const struct rvl_wire *wire);

/*
 * The next frames of a thread's lane, at most so many, until those after them are received
 * (ring.h). Returns how many, or -errno (-EAGAIN: there is none).
 */
int rvl_wire_receive(struct rvl_wire *wire, unsigned int thread, enum rvl_lane lane,
		     struct rvl_received *received, int count);

/* How many frames of a lane had no place in its queue, modulo 2^32. */
uint32_t rvl_wire_missed(struct rvl_wire *wire, enum rvl_lane lane);

#endif
