// SPDX-License-Identifier: BSD-2-Clause
#include "host/esp/icmp.h"

#include <string.h>

#include "host/esp/ip.h"

#define HEADER 8 /* of both families' messages, before what they quote */
#define UNREACHABLE 3
#define FRAGMENTATION_NEEDED 4
#define IPV6_PACKET_TOO_BIG 2
#define IPV4_MESSAGE_MAX 576
#define TTL 64
#define IPV4_LOOPBACK 127 /* first octets */
#define IPV4_MULTICAST 224

/* Of octets, be they odd. */
static uint16_t sum_of(const uint8_t *p, size_t len, uint32_t sum)
{
	for (; len >= 2; p += 2, len -= 2)
		sum += rvl_get_be16(p);
	if (len)
		sum += (uint32_t)*p << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* With the pseudo header (RFC 8200, section 8.1). */
static uint16_t sum_ipv6(const uint8_t *ip, const uint8_t *message, size_t len)
{
	uint32_t sum = (uint32_t)len + RVL_IP_PROTO_ICMPV6;

	for (size_t i = 8; i < RVL_IPV6_HEADER; i += 2)
		sum += rvl_get_be16(ip + i);
	return sum_of(message, len, sum);
}

static bool is_one_host(const struct rvl_addr *a)
{
	static const uint8_t zeros[16];

	if (a->family == 6)
		return a->octets[0] != 0xff && memcmp(a->octets, zeros, sizeof(zeros));
	return a->octets[0] && a->octets[0] < IPV4_MULTICAST && a->octets[0] != IPV4_LOOPBACK;
}

/* To what goes to a group it could be said over IPv6 (RFC 4443, section 2.4 (e.3)), but by nobody.
 */
static bool may_be_told(const struct rvl_ip *ip, const uint8_t *packet)
{
	return !ip->later_fragment && is_one_host(&ip->src) && is_one_host(&ip->dst) &&
	       !rvl_ip_quote(ip, packet);
}

static size_t quote(const struct rvl_ip *ip, size_t header, size_t message_max)
{
	size_t most = message_max - header - HEADER;

	return ip->total_len < most ? ip->total_len : most;
}

static size_t too_big_ipv4(uint8_t *out, const uint8_t *packet, const struct rvl_ip *ip,
			   uint32_t mtu)
{
	size_t quoted = quote(ip, RVL_IP_HEADER, IPV4_MESSAGE_MAX);
	size_t total = RVL_IP_HEADER + HEADER + quoted;

	memset(out, 0, RVL_IP_HEADER + HEADER);
	out[0] = 0x45;
	out[1] = 0xc0; /* internetwork control (RFC 1812, section 4.3.2.5) */
	rvl_put_be16(out + 2, (uint16_t)total);
	out[8] = TTL;
	out[9] = RVL_IP_PROTO_ICMP;
	memcpy(out + 12, packet + 16, 4);
	memcpy(out + 16, packet + 12, 4);
	rvl_put_be16(out + 10, rvl_ip_checksum(out, RVL_IP_HEADER));
	out[20] = UNREACHABLE;
	out[21] = FRAGMENTATION_NEEDED;
	rvl_put_be16(out + 26, (uint16_t)(mtu < UINT16_MAX ? mtu : UINT16_MAX));
	memcpy(out + RVL_IP_HEADER + HEADER, packet, quoted);
	rvl_put_be16(out + 22, sum_of(out + RVL_IP_HEADER, HEADER + quoted, 0));
	return total;
}

static size_t too_big_ipv6(uint8_t *out, const uint8_t *packet, const struct rvl_ip *ip,
			   uint32_t mtu)
{
	size_t quoted = quote(ip, RVL_IPV6_HEADER, RVL_ICMP_TOO_BIG_MAX);
	uint8_t *message = out + RVL_IPV6_HEADER;

	memset(out, 0, RVL_IPV6_HEADER + HEADER);
	out[0] = 6 << 4;
	rvl_put_be16(out + 4, (uint16_t)(HEADER + quoted));
	out[6] = RVL_IP_PROTO_ICMPV6;
	out[7] = TTL;
	memcpy(out + 8, packet + 24, 16);
	memcpy(out + 24, packet + 8, 16);
	message[0] = IPV6_PACKET_TOO_BIG;
	rvl_put_be32(message + 4, mtu);
	memcpy(message + HEADER, packet, quoted);
	rvl_put_be16(message + 2, sum_ipv6(out, message, HEADER + quoted));
	return RVL_IPV6_HEADER + HEADER + quoted;
}

size_t rvl_icmp_too_big(uint8_t *out, const uint8_t *packet, size_t len, uint32_t mtu)
{
	struct rvl_ip ip;

	if (!rvl_ip_parse(&ip, packet, len) || !may_be_told(&ip, packet))
		return 0;
	return ip.src.family == 6 ? too_big_ipv6(out, packet, &ip, mtu)
				  : too_big_ipv4(out, packet, &ip, mtu);
}

static bool told_ipv4(const uint8_t *packet, size_t len, struct rvl_icmp_told *told)
{
	const uint8_t *message;
	struct rvl_ip ip;
	size_t size;

	if (!rvl_ip_parse(&ip, packet, len) || ip.protocol != RVL_IP_PROTO_ICMP || ip.fragment)
		return false;
	message = packet + ip.header_len;
	size = ip.total_len - ip.header_len;
	if (size < HEADER || message[0] != UNREACHABLE || message[1] != FRAGMENTATION_NEEDED ||
	    sum_of(message, size, 0))
		return false;
	*told = (struct rvl_icmp_told){rvl_get_be16(message + 6), message + HEADER, size - HEADER};
	return true;
}

static bool told_ipv6(const uint8_t *packet, size_t len, struct rvl_icmp_told *told)
{
	const uint8_t *message = packet + RVL_IPV6_HEADER;
	size_t size;

	if (len < RVL_IPV6_HEADER + HEADER || packet[6] != RVL_IP_PROTO_ICMPV6)
		return false;
	size = rvl_get_be16(packet + 4);
	if (size < HEADER || RVL_IPV6_HEADER + size > len || message[0] != IPV6_PACKET_TOO_BIG ||
	    message[1] || sum_ipv6(packet, message, size))
		return false;
	*told = (struct rvl_icmp_told){rvl_get_be32(message + 4), message + HEADER, size - HEADER};
	return true;
}

bool rvl_icmp_is_too_big(const uint8_t *packet, size_t len, struct rvl_icmp_told *told)
{
	switch (len ? packet[0] >> 4 : 0) {
	case 4:
		return told_ipv4(packet, len, told);
	case 6:
		return told_ipv6(packet, len, told);
	default:
		return false;
	}
}

uint32_t rvl_icmp_plateau_below(size_t len)
{
	static const uint16_t plateaus[] = {32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296};
	size_t i = 0;

	while (i + 1 < sizeof(plateaus) / sizeof(plateaus[0]) && plateaus[i] >= len)
		i++;
	return plateaus[i];
}
