/* SPDX-License-Identifier: BSD-2-Clause */
/* The maximum segment size that TCP tells at the begin of a connection (RFC 9293, section 3.7.1).
 */
#ifndef RVL_ESP_MSS_H
#define RVL_ESP_MSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Does the IPv4 or IPv6 packet at packet, of which len octets are there, begin or accept a
 * connection? One that hides it behind IPv6 extension headers, or in fragments, doesn't count. */
bool rvl_mss_is_syn(const uint8_t *packet, size_t len);

/* Lower the size that such a packet tells so that packets of its family have at most mtu octets
 * (RFC 6691, section 2). False: it tells no more, or nothing. */
bool rvl_mss_clamp(uint8_t *packet, size_t len, size_t mtu);

#endif
