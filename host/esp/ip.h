/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fields of IPv4 (RFC 791) and IPv6 headers (RFC 8200) that IPsec reads and writes, checksums,
 * and the rules for ECN in tunnels (RFC 6040).
 *
 * Ports are in host byte order throughout the host code; only these functions and the packets
 * themselves know network order.
 */
#ifndef RVL_ESP_IP_H
#define RVL_ESP_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/esp/addr.h"

#define RVL_IP_HEADER 20
#define RVL_IPV6_HEADER 40
#define RVL_UDP_HEADER 8
#define RVL_IP_PROTO_HOP_BY_HOP 0
#define RVL_IP_PROTO_ICMP 1
#define RVL_IP_PROTO_TCP 6
#define RVL_IP_PROTO_UDP 17
#define RVL_IP_PROTO_DCCP 33
#define RVL_IP_PROTO_ROUTING 43
#define RVL_IP_PROTO_FRAGMENT 44
#define RVL_IP_PROTO_ESP 50
#define RVL_IP_PROTO_AH 51
#define RVL_IP_PROTO_ICMPV6 58
#define RVL_IP_PROTO_DESTINATION 60
#define RVL_IP_PROTO_SCTP 132
#define RVL_IP_PROTO_MOBILITY 135
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

/* What of ports is seen. */
enum rvl_ports {
	RVL_PORTS_UNSEEN, /* none: there aren't any, or they are in another fragment */
	RVL_PORTS_BOTH,
	/* Of ICMP and mobility headers: the end that sends has type and code, type << 8 | code (RFC
	 * 4301, sections 4.4.1.1 and 4.4.1.3), and the other one nothing. */
	RVL_PORTS_SRC,
	RVL_PORTS_DST, /* the same, seen from the other end */
};

/* What a packet's headers say. */
struct rvl_ip {
	struct rvl_addr src; /* of one family */
	struct rvl_addr dst;
	uint16_t scope;	   /* of selectors that it is looked for in; 0: none */
	size_t header_len; /* of IPv6 with extension headers: where the upper one is */
	size_t total_len;
	enum rvl_ports ports;
	uint16_t src_port;
	uint16_t dst_port;
	/* The upper one: what lies behind hop-by-hop and destination options, routing and fragment
	 * headers (RFC 4301, section 4.4.1.1: AH and ESP count as upper ones). */
	uint8_t protocol;
	uint8_t tos;	     /* or traffic class */
	bool fragment;	     /* there are others */
	bool later_fragment; /* not the first one: what is behind the header isn't the upper one */
	bool df;	     /* IPv4's; IPv6 is never fragmented on its way (RFC 8200, section 5) */
	/* Only for the link that it is on, and no selector's: link-local addresses (RFC 4291) and
	 * neighbour discovery that can't have crossed a router (RFC 4861, section 6.1). */
	bool on_link;
	bool onward; /* a routing header has segments left: its destination isn't its last */
};

/*
 * Read what lies within the len octets at p, whether or not that is all of the packet. False: it
 * isn't IPv4 or IPv6, or not all of an IPv6 packet's extension headers are there, or there are more
 * than 8. Neither length nor checksum is judged: header_len of IPv4 may be too large for total_len,
 * and both for len.
 */
bool rvl_ip_read(struct rvl_ip *ip, const uint8_t *p, size_t len);

/*
 * The same of a whole packet, of which len octets are there: also false unless header length <=
 * total length <= len. An IPv4 header's checksum is the receiving stack's to judge.
 */
bool rvl_ip_parse(struct rvl_ip *ip, const uint8_t *p, size_t len);

/* The same of a packet that an ICMP error quotes: at least its header is there, and its first 8
 * octets tell of ports. */
bool rvl_ip_parse_quoted(struct rvl_ip *ip, const uint8_t *p, size_t len);

/* Source and destination exchanged: what an answer looks like. */
struct rvl_ip rvl_ip_reverse(const struct rvl_ip *ip);

/* The offset of the packet that an ICMP error is about and quotes (RFC 1122, section 3.2.2; RFC
 * 4443, section 2.1), *ip being what is known of the message at p; 0: it is no such message. */
size_t rvl_ip_quote(const struct rvl_ip *ip, const uint8_t *p);

/* Does its header begin with a source and a destination port (RFC 4301, section 4.4.1.1)? */
bool rvl_ip_has_ports(uint8_t protocol);

/* Do type and code, or a type alone, stand for its ports? */
bool rvl_ip_has_types(uint8_t protocol);

/* Is it one of the extension headers that are looked past? */
bool rvl_ip_is_extension(uint8_t protocol);

/* The one's complement sum (RFC 1071) of what was summed up before and len octets, of which an odd
 * last one is followed by 0. */
uint16_t rvl_ip_sum(uint32_t sum, const uint8_t *p, size_t len);

/* The same of the pseudo header of the IPv4 or IPv6 packet at ip, whose upper header and payload
 * have len octets (RFC 9293, section 3.1; RFC 8200, section 8.1). */
uint16_t rvl_upper_sum(const uint8_t *ip, uint8_t protocol, size_t len);

/* The Internet checksum (RFC 1071) over len octets. */
uint16_t rvl_ip_checksum(const uint8_t *p, size_t len);

/*
 * The checksum of the UDP datagram of len octets, len even, with the pseudo header of the IPv6
 * packet at ip (RFC 8200, section 8.1): what belongs into a field that is 0, and 0 where it is
 * filled in and right.
 */
uint16_t rvl_udp6_checksum(const uint8_t *ip, const uint8_t *udp, size_t len);

/* Replace the TOS octet of the IPv4 header at p and update its checksum (RFC 1624, equation 3), or
 * the traffic class of the IPv6 header. */
void rvl_ip_set_tos(uint8_t *p, uint8_t tos);

/*
 * ECN of the packet that leaves a tunnel (RFC 6040, figure 4), or -1 when it must be dropped: the
 * outer header reports congestion that the inner packet can't carry.
 */
int rvl_ecn_decap(uint8_t inner, uint8_t outer);

#endif
