/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fields of an IPv4 header that IPsec reads and writes (RFC 791), checksums, and the rules for
 * ECN in tunnels (RFC 6040).
 *
 * Addresses and ports are in host byte order throughout the host code; only these functions and
 * the packets themselves know network order.
 */
#ifndef RVL_ESP_IP_H
#define RVL_ESP_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RVL_IP_HEADER 20
#define RVL_IPV6_HEADER 40
#define RVL_UDP_HEADER 8
#define RVL_IP_PROTO_ICMP 1
#define RVL_IP_PROTO_TCP 6
#define RVL_IP_PROTO_UDP 17
#define RVL_IP_PROTO_DCCP 33
#define RVL_IP_PROTO_ESP 50
#define RVL_IP_PROTO_SCTP 132
#define RVL_IP_PROTO_UDP_LITE 136
#define RVL_IP_DF 0x4000
#define RVL_IP_MF 0x2000
#define RVL_IP_FRAGMENT_OFFSET 0x1fff
#define RVL_ECN_MASK 3
#define RVL_ECN_NOT_ECT 0
#define RVL_ECN_ECT1 1
#define RVL_ECN_ECT0 2
#define RVL_ECN_CE 3

static inline uint16_t rvl_get_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t rvl_get_be32(const uint8_t *p)
{
	return (uint32_t)rvl_get_be16(p) << 16 | rvl_get_be16(p + 2);
}

static inline void rvl_put_be16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void rvl_put_be32(uint8_t *p, uint32_t v)
{
	rvl_put_be16(p, (uint16_t)(v >> 16));
	rvl_put_be16(p + 2, (uint16_t)v);
}

/* What a validated IPv4 header says. ports is false when the packet shows none. */
struct rvl_ip {
	uint32_t src;
	uint32_t dst;
	size_t header_len;
	size_t total_len;
	uint16_t src_port;
	uint16_t dst_port;
	uint8_t protocol;
	uint8_t tos;
	bool fragment;	     /* MF set or offset not 0 */
	bool later_fragment; /* offset not 0: the transport header is elsewhere */
	bool df;
	bool ports;
};

/*
 * Read the header of the packet at p, of which len octets are there. Fails (false) unless the
 * version is 4, IHL at least 5, and header length <= total length <= len.
 * The header checksum is the receiving stack's to judge and isn't looked at.
 */
bool rvl_ip_parse(struct rvl_ip *ip, const uint8_t *p, size_t len);

/* The same of a packet that an ICMP error quotes: at least its header is there, and its first 8
 * octets tell of ports. */
bool rvl_ip_parse_quoted(struct rvl_ip *ip, const uint8_t *p, size_t len);

/* Source and destination exchanged: what an answer looks like. */
struct rvl_ip rvl_ip_reverse(const struct rvl_ip *ip);

/* Does an ICMP message of this type quote the packet that it is about (RFC 1122, section 3.2.2)? */
bool rvl_icmp_is_error(uint8_t type);

/* Does its header begin with a source and a destination port (RFC 4301, section 4.4.1.1)? */
bool rvl_ip_has_ports(uint8_t protocol);

/* The Internet checksum (RFC 1071) over len octets, len even. */
uint16_t rvl_ip_checksum(const uint8_t *p, size_t len);

/*
 * The checksum of the UDP datagram of len octets, len even, with the pseudo header of the IPv6
 * packet at ip (RFC 8200, section 8.1): what belongs into a field that is 0, and 0 where it is
 * filled in and right.
 */
uint16_t rvl_udp6_checksum(const uint8_t *ip, const uint8_t *udp, size_t len);

/* Replace the TOS octet of the header at p and update its checksum (RFC 1624, equation 3). */
void rvl_ip_set_tos(uint8_t *p, uint8_t tos);

/*
 * ECN of the packet that leaves a tunnel (RFC 6040, figure 4), or -1 when it must be dropped: the
 * outer header reports congestion that the inner packet can't carry.
 */
int rvl_ecn_decap(uint8_t inner, uint8_t outer);

#endif
