/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets cut to what a link or a tunnel takes (RFC 791, section 3.2; RFC 8200, section 4.5).
 */
#ifndef RVL_ESP_FRAGMENT_H
#define RVL_ESP_FRAGMENT_H

#include <stddef.h>
#include <stdint.h>

/* The least that every link takes whole (RFC 791, section 3.1; RFC 8200, section 5). */
#define RVL_FRAGMENT_MTU_MIN 68
#define RVL_FRAGMENT_IPV6_MTU_MIN 1280

/* A fragment, good until it returns: 0, or a negative errno, which ends the cutting. */
typedef int rvl_fragment_fn(void *context, const uint8_t *packet, size_t len);

/*
 * Cut the IPv4 or IPv6 packet at packet, of which len octets are there, to fragments of at most mtu
 * octets, the first one first. A fragment is cut further; of options those go along that say so.
 * DF is the caller's to judge, and is cleared. An IPv6 packet is the host's own, with no extension
 * headers that go before a fragment header; id names it (an IPv4 packet has its own).
 *
 * Returns 0, -EINVAL for what is no such packet or an mtu below the above, or what emit() returned.
 */
int rvl_fragment(const uint8_t *packet, size_t len, size_t mtu, uint32_t id, rvl_fragment_fn *emit,
		 void *context);

#endif
