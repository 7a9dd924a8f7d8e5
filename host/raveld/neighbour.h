/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPv6 by next hops that are IPv4's. What goes into a tunnel leaves under the Ethernet header that
 * the kernel gives it, by the way to the peer; but the kernel has no IPv6 route by an IPv4 next
 * hop. So the route leads by a link-local address that stands for it, and who asks for that one's
 * neighbour is answered by ARP: a neighbour solicitation becomes an ARP request, and the reply an
 * advertisement as well.
 *
 * It belongs to the first data thread.
 */
#ifndef RVL_RAVELD_NEIGHBOUR_H
#define RVL_RAVELD_NEIGHBOUR_H

#include <stddef.h>

#include "host/esp/addr.h"

/* Octets of a frame. */
#define NEIGHBOUR_REQUEST 42
#define NEIGHBOUR_ADVERTISEMENT 86

/* The address that stands for an IPv4 next hop: fe80::5efe:192.0.2.2 for 192.0.2.2 (the interface
 * identifiers of RFC 5214, section 6.1). */
struct rvl_addr neighbour_of(const struct rvl_addr *hop);

/* Who asked last. Zeroed before the first one. */
struct neighbour {
	uint8_t mac[6];
	uint8_t address[16];
	bool asked;
};

/* A frame from the host: does it ask for such an address? Then it is an ARP request, of *len
 * octets, afterwards; it has room for NEIGHBOUR_REQUEST. */
bool neighbour_ask(struct neighbour *neighbour, uint8_t *frame, size_t *len);

/* A frame from the wire: is it an ARP reply that may be the answer? Then out is what the host is
 * told besides. */
bool neighbour_answer(const struct neighbour *neighbour, const uint8_t *frame, size_t len,
		      uint8_t out[NEIGHBOUR_ADVERTISEMENT]);

#endif
