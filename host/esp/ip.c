// SPDX-License-Identifier: BSD-2-Clause
#include "host/esp/ip.h"

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

bool rvl_icmp_is_error(uint8_t type)
{
	/* Destination unreachable, source quench, redirect, time exceeded, parameter problem. */
	return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

/* total: octets that the packet has, of which len are there. */
static bool parse(struct rvl_ip *ip, const uint8_t *p, size_t len, size_t total)
{
	uint16_t fragment;

	if (len < RVL_IP_HEADER || p[0] >> 4 != 4)
		return false;
	*ip = (struct rvl_ip){
		.header_len = (size_t)(p[0] & 15) * 4,
		.total_len = rvl_get_be16(p + 2),
		.tos = p[1],
		.protocol = p[9],
		.src = rvl_get_be32(p + 12),
		.dst = rvl_get_be32(p + 16),
	};
	if (ip->header_len < RVL_IP_HEADER || ip->header_len > len ||
	    ip->total_len < ip->header_len || ip->total_len > total)
		return false;
	fragment = rvl_get_be16(p + 6);
	ip->df = fragment & RVL_IP_DF;
	ip->later_fragment = fragment & RVL_IP_FRAGMENT_OFFSET;
	ip->fragment = ip->later_fragment || (fragment & RVL_IP_MF);
	if (!ip->later_fragment && rvl_ip_has_ports(ip->protocol) &&
	    ip->total_len >= ip->header_len + 4 && len >= ip->header_len + 4) {
		ip->ports = true;
		ip->src_port = rvl_get_be16(p + ip->header_len);
		ip->dst_port = rvl_get_be16(p + ip->header_len + 2);
	}
	return true;
}

bool rvl_ip_parse(struct rvl_ip *ip, const uint8_t *p, size_t len)
{
	return parse(ip, p, len, len);
}

bool rvl_ip_parse_quoted(struct rvl_ip *ip, const uint8_t *p, size_t len)
{
	return parse(ip, p, len, UINT16_MAX);
}

struct rvl_ip rvl_ip_reverse(const struct rvl_ip *ip)
{
	struct rvl_ip reverse = *ip;

	reverse.src = ip->dst;
	reverse.dst = ip->src;
	reverse.src_port = ip->dst_port;
	reverse.dst_port = ip->src_port;
	return reverse;
}

/* Two words at a time: which half of the sum a word is in doesn't matter once it is folded. */
static uint64_t add(uint64_t sum, const uint8_t *p, size_t len)
{
	for (; len >= 4; p += 4, len -= 4)
		sum += rvl_get_be32(p);
	return len ? sum + rvl_get_be16(p) : sum;
}

static uint16_t fold(uint64_t sum)
{
	sum = (sum & UINT32_MAX) + (sum >> 32);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint16_t rvl_ip_checksum(const uint8_t *p, size_t len)
{
	return fold(add(0, p, len));
}

uint16_t rvl_udp6_checksum(const uint8_t *ip, const uint8_t *udp, size_t len)
{
	const uint8_t *addresses = ip + 8;
	uint64_t sum = add(len + RVL_IP_PROTO_UDP, addresses, 32);

	return fold(add(sum, udp, len));
}

void rvl_ip_set_tos(uint8_t *p, uint8_t tos)
{
	uint16_t before = rvl_get_be16(p);
	uint32_t sum;

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
