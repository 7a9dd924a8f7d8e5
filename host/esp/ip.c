// SPDX-License-Identifier: BSD-2-Clause
#include "host/esp/ip.h"

#include <arpa/inet.h>
#include <string.h>

#define EXTENSION_HEADERS_MAX 8
#define IPV6_FRAGMENT_OFFSET 0xfff8
#define IPV6_FRAGMENT_MORE 1
#define ICMP_HEADER 8		   /* of an error, before what it quotes */
#define ICMPV6_DISCOVERY_FIRST 133 /* router solicitation, to */
#define ICMPV6_DISCOVERY_LAST 137  /* redirect */
#define LINK_HOPS 255		   /* that it still has who hasn't crossed a router */
#define ICMPV6_INFORMATIONAL 128   /* and above: no errors (RFC 4443, section 2.1) */

bool rvl_ip_has_ports(uint8_t protocol)
{
	switch (protocol) {
	case RVL_IP_PROTO_TCP:
	case RVL_IP_PROTO_UDP:
	case RVL_IP_PROTO_DCCP:
	case RVL_IP_PROTO_SCTP:
	case RVL_IP_PROTO_UDP_LITE:
		return true;
	default:
		return false;
	}
}

bool rvl_ip_has_types(uint8_t protocol)
{
	return protocol == RVL_IP_PROTO_ICMP || protocol == RVL_IP_PROTO_ICMPV6 ||
	       protocol == RVL_IP_PROTO_MOBILITY;
}

bool rvl_ip_is_extension(uint8_t protocol)
{
	return protocol == RVL_IP_PROTO_HOP_BY_HOP || protocol == RVL_IP_PROTO_ROUTING ||
	       protocol == RVL_IP_PROTO_FRAGMENT || protocol == RVL_IP_PROTO_DESTINATION;
}

static bool read_ipv4(struct rvl_ip *ip, const uint8_t *p, size_t len)
{
	uint16_t fragment;

	if (len < RVL_IP_HEADER)
		return false;
	*ip = (struct rvl_ip){
		.src = rvl_addr_of_ipv4(rvl_get_be32(p + 12)),
		.dst = rvl_addr_of_ipv4(rvl_get_be32(p + 16)),
		.header_len = (size_t)(p[0] & 15) * 4,
		.total_len = rvl_get_be16(p + 2),
		.tos = p[1],
		.protocol = p[9],
	};
	fragment = rvl_get_be16(p + 6);
	ip->df = fragment & RVL_IP_DF;
	ip->later_fragment = fragment & RVL_IP_FRAGMENT_OFFSET;
	ip->fragment = ip->later_fragment || (fragment & RVL_IP_MF);
	return ip->header_len >= RVL_IP_HEADER;
}

/* Past the extension header that lies behind what was read. False: it isn't all there. */
static bool skip_extension(struct rvl_ip *ip, const uint8_t *p, size_t len)
{
	const uint8_t *header = p + ip->header_len;
	uint16_t fragment;

	if (len < ip->header_len + 8)
		return false;
	if (ip->protocol == RVL_IP_PROTO_FRAGMENT) {
		fragment = rvl_get_be16(header + 2);
		ip->fragment |= fragment & (IPV6_FRAGMENT_OFFSET | IPV6_FRAGMENT_MORE);
		ip->later_fragment |= fragment & IPV6_FRAGMENT_OFFSET;
		ip->header_len += 8;
	} else {
		ip->onward |= ip->protocol == RVL_IP_PROTO_ROUTING && header[3];
		ip->header_len += (header[1] + 1u) * 8;
	}
	ip->protocol = header[0];
	return true;
}

static bool read_ipv6(struct rvl_ip *ip, const uint8_t *p, size_t len)
{
	if (len < RVL_IPV6_HEADER)
		return false;
	*ip = (struct rvl_ip){
		.src = rvl_addr_of_ipv6(p + 8),
		.dst = rvl_addr_of_ipv6(p + 24),
		.header_len = RVL_IPV6_HEADER,
		.total_len = RVL_IPV6_HEADER + rvl_get_be16(p + 4),
		.tos = (uint8_t)(rvl_get_be16(p) >> 4),
		.protocol = p[6],
	};
	for (int i = 0; rvl_ip_is_extension(ip->protocol) && !ip->later_fragment; i++)
		if (i == EXTENSION_HEADERS_MAX || !skip_extension(ip, p, len))
			return false;
	return true;
}

static bool is_link_local(const struct rvl_addr *address)
{
	return address->octets[0] == 0xfe && (address->octets[1] & 0xc0) == 0x80;
}

/* Of the scopes interface and link. */
static bool is_link_multicast(const struct rvl_addr *address)
{
	return address->octets[0] == 0xff && (address->octets[1] & 0xf) <= 2;
}

/* Whole messages: those in fragments aren't taken as such (RFC 6980). */
static bool is_discovery(const struct rvl_ip *ip, uint8_t hops)
{
	const uint16_t type = ip->src_port >> 8;

	return hops == LINK_HOPS && ip->protocol == RVL_IP_PROTO_ICMPV6 && !ip->fragment &&
	       ip->ports == RVL_PORTS_SRC && type >= ICMPV6_DISCOVERY_FIRST &&
	       type <= ICMPV6_DISCOVERY_LAST;
}

/* The first octets of the upper header, if they are there. */
static void read_ports(struct rvl_ip *ip, const uint8_t *p, size_t len)
{
	const uint8_t *upper = p + ip->header_len;
	size_t end = ip->header_len + 4;

	if (ip->later_fragment || ip->total_len < end || len < end)
		return;
	if (rvl_ip_has_ports(ip->protocol)) {
		ip->ports = RVL_PORTS_BOTH;
		ip->src_port = rvl_get_be16(upper);
		ip->dst_port = rvl_get_be16(upper + 2);
	} else if (rvl_ip_has_types(ip->protocol)) {
		ip->ports = RVL_PORTS_SRC;
		ip->src_port = ip->protocol == RVL_IP_PROTO_MOBILITY ? (uint16_t)(upper[2] << 8)
								     : rvl_get_be16(upper);
	}
}

bool rvl_ip_read(struct rvl_ip *ip, const uint8_t *p, size_t len)
{
	uint8_t version = len ? p[0] >> 4 : 0;

	if (version == 4 ? !read_ipv4(ip, p, len) : version != 6 || !read_ipv6(ip, p, len))
		return false;
	read_ports(ip, p, len);
	ip->on_link = version == 6 && (is_link_local(&ip->src) || is_link_local(&ip->dst) ||
				       is_link_multicast(&ip->dst) || is_discovery(ip, p[7]));
	return true;
}

/* total: octets that the packet has, of which len are there. */
static bool parse(struct rvl_ip *ip, const uint8_t *p, size_t len, size_t total)
{
	return rvl_ip_read(ip, p, len) && ip->header_len <= len &&
	       ip->total_len >= ip->header_len && ip->total_len <= total;
}

bool rvl_ip_parse(struct rvl_ip *ip, const uint8_t *p, size_t len)
{
	return parse(ip, p, len, len);
}

bool rvl_ip_parse_quoted(struct rvl_ip *ip, const uint8_t *p, size_t len)
{
	return parse(ip, p, len, SIZE_MAX);
}

/* Destination unreachable, source quench, redirect, time exceeded, parameter problem. */
static bool is_icmp_error(uint8_t type)
{
	return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

size_t rvl_ip_quote(const struct rvl_ip *ip, const uint8_t *p)
{
	const size_t quote = ip->header_len + ICMP_HEADER;
	bool error = false;

	if (ip->later_fragment || ip->total_len < quote)
		return 0;
	if (ip->protocol == RVL_IP_PROTO_ICMP)
		error = is_icmp_error(p[ip->header_len]);
	else if (ip->protocol == RVL_IP_PROTO_ICMPV6)
		error = p[ip->header_len] < ICMPV6_INFORMATIONAL;
	return error ? quote : 0;
}

struct rvl_ip rvl_ip_reverse(const struct rvl_ip *ip)
{
	struct rvl_ip reverse = *ip;

	reverse.src = ip->dst;
	reverse.dst = ip->src;
	reverse.src_port = ip->dst_port;
	reverse.dst_port = ip->src_port;
	if (ip->ports == RVL_PORTS_SRC || ip->ports == RVL_PORTS_DST)
		reverse.ports = ip->ports == RVL_PORTS_SRC ? RVL_PORTS_DST : RVL_PORTS_SRC;
	return reverse;
}

/* Words as the machine reads them: a sum in either order is the other one's with its octets swapped
 * (RFC 1071, section 2). Which half of a sum a word is in doesn't matter once it is folded. */
static uint64_t add(uint64_t sum, const uint8_t *p, size_t len)
{
	uint32_t word = 0;

	for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		sum += word;
	}
	word = 0;
	memcpy(&word, p, len);
	return sum + word;
}

uint16_t rvl_ip_sum(uint32_t sum, const uint8_t *p, size_t len)
{
	uint64_t octets = add(0, p, len);

	while (octets >> 16)
		octets = (octets & 0xffff) + (octets >> 16);
	sum = (sum & 0xffff) + (sum >> 16) + ntohs((uint16_t)octets);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

uint16_t rvl_ip_checksum(const uint8_t *p, size_t len)
{
	return (uint16_t)~rvl_ip_sum(0, p, len);
}

uint16_t rvl_upper_sum(const uint8_t *ip, uint8_t protocol, size_t len)
{
	const bool ipv6 = ip[0] >> 4 == 6;

	return rvl_ip_sum((uint32_t)len + protocol, ip + (ipv6 ? 8 : 12), ipv6 ? 32 : 8);
}

uint16_t rvl_udp6_checksum(const uint8_t *ip, const uint8_t *udp, size_t len)
{
	return (uint16_t)~rvl_ip_sum(rvl_upper_sum(ip, RVL_IP_PROTO_UDP, len), udp, len);
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

void rvl_ip_set_tos(uint8_t *p, uint8_t tos)
{
	uint16_t before = rvl_get_be16(p);
	uint32_t sum;

	if (p[0] >> 4 == 6) {
		rvl_put_be16(p, (uint16_t)((before & 0xf00f) | tos << 4));
		return;
	}
	if (p[1] == tos)
		return;
	p[1] = tos;
	sum = (uint16_t)~rvl_get_be16(p + 10);
	sum += (uint16_t)~before;
	sum += rvl_get_be16(p);
	rvl_put_be16(p + 10, fold(sum));
}

int rvl_ecn_decap(uint8_t inner, uint8_t outer)
{
	static const int8_t table[4][4] = {
		/* outer:            Not-ECT ECT(1) ECT(0) CE */
		[RVL_ECN_NOT_ECT] = {0, 0, 0, -1},
		[RVL_ECN_ECT1] = {1, 1, 1, 3},
		[RVL_ECN_ECT0] = {2, 1, 2, 3},
		[RVL_ECN_CE] = {3, 3, 3, 3},
	};

	return table[inner & RVL_ECN_MASK][outer & RVL_ECN_MASK];
}
