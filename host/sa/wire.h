/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A network interface taken over as the port to the wire: whole frames in and out, and the kernel's
 * own stack kept from them.
 */
#ifndef RVL_SA_WIRE_H
#define RVL_SA_WIRE_H

#include "host/sa/backend.h"
#include "host/sa/lane.h"

struct rvl_wire;

/*
 * Take over the interface, which has no address that anybody set. It is set up if it wasn't; strict
 * reverse path filtering, no answers to ARP and no IPv6 keep the kernel from taking frames that are
 * ours to judge; receive offloads that merge frames are switched off. Closing puts all that back,
 * as it was before whoever had it last and didn't.
 * Frames wait in lanes; port and port_natt are IKE's.
 */
int rvl_wire_open(const char *name, uint16_t port, uint16_t port_natt, struct rvl_wire **wire,
		  struct rvl_backend_error *error);
void rvl_wire_close(struct rvl_wire *wire);

/* Readable while there are frames in any lane. */
int rvl_wire_fd(const struct rvl_wire *wire);
const uint8_t *rvl_wire_mac(const struct rvl_wire *wire);
unsigned int rvl_wire_mtu(const struct rvl_wire *wire);

/* 0, or -errno: -EAGAIN and -ENOBUFS pass, -ENXIO and -ENETDOWN say the interface is gone. */
int rvl_wire_send(struct rvl_wire *wire, const uint8_t *frame, size_t len);

/*
 * Has the interface been removed? Its socket tells once, with -ENETDOWN, when it is set down for
 * that, which may be before it is gone: look again.
 */
bool rvl_wire_gone(const struct rvl_wire *wire);

/*
 * The next frame of a lane, at most size octets, with VLAN tags as they were on the wire. Returns
 * its length, 0 for one that was cut or isn't for us, or -errno (-EAGAIN: there is none).
 */
int rvl_wire_receive(struct rvl_wire *wire, enum rvl_lane lane, uint8_t *frame, size_t size);

/* How many frames of a lane had no place in its queue, modulo 2^32. */
uint32_t rvl_wire_missed(const struct rvl_wire *wire, enum rvl_lane lane);

#endif
