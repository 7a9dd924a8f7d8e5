/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "Packet too big": destination unreachable with fragmentation needed and DF set (RFC 792; RFC
 * 1191, section 4), and ICMPv6 packet too big (RFC 4443, section 3.2).
 */
#ifndef RVL_ESP_ICMP_H
#define RVL_ESP_ICMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Octets that a message of ours has at most (RFC 1812, section 4.3.2.3; RFC 4443, section 2.4). */
#define RVL_ICMP_TOO_BIG_MAX 1280

/*
 * Write to out, which has room for RVL_ICMP_TOO_BIG_MAX octets, what the sender of the IPv4 or IPv6
 * packet at packet, of which len octets are there, is told: at most mtu octets. It comes from where
 * the packet goes to, and quotes it. Returns the message's length, or 0 where none may be sent (RFC
 * 1122, section 3.2.2; RFC 4443, section 2.4): about an error, a later fragment, what goes to or
 * comes from no single host, or no IP packet.
 */
size_t rvl_icmp_too_big(uint8_t *out, const uint8_t *packet, size_t len, uint32_t mtu);

struct rvl_icmp_told {
	uint32_t mtu;	       /* of the next hop; 0: it doesn't say (RFC 1191, section 5) */
	const uint8_t *quoted; /* within the message: from its IP header on, maybe cut */
	size_t quoted_len;
};

/* Is the packet at packet such a message, whole and with its checksum right? */
bool rvl_icmp_is_too_big(const uint8_t *packet, size_t len, struct rvl_icmp_told *told);

/* The largest size below len that links commonly have (RFC 1191, section 7.1): what to try where a
 * message doesn't say. */
uint32_t rvl_icmp_plateau_below(size_t len);

#endif
