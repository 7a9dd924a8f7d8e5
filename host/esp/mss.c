// SPDX-License-Identifier: BSD-2-Clause
#include "host/esp/mss.h"

#include "host/esp/ip.h"

#define TCP_HEADER 20
#define TCP_FLAGS 13
#define TCP_SYN 2
#define TCP_CHECKSUM 16
#define OPTION_END 0
#define OPTION_NOP 1
#define OPTION_MSS 2
#define MSS_MIN 64 /* less says nothing of a path any more */

/* Octets before the TCP header, which is all there; 0: it isn't, or not one. */
static size_t ip_header(const uint8_t *packet, size_t len)
{
	size_t header, total;

	if (len >= RVL_IP_HEADER && packet[0] >> 4 == 4) {
		header = (size_t)(packet[0] & 15) * 4;
		total = rvl_get_be16(packet + 2);
		if (header < RVL_IP_HEADER || packet[9] != RVL_IP_PROTO_TCP ||
		    rvl_get_be16(packet + 6) & (RVL_IP_MF | RVL_IP_FRAGMENT_OFFSET))
			return 0;
	} else if (len >= RVL_IPV6_HEADER && packet[0] >> 4 == 6) {
		header = RVL_IPV6_HEADER;
		total = header + rvl_get_be16(packet + 4);
		if (packet[6] != RVL_IP_PROTO_TCP)
			return 0;
	} else {
		return 0;
	}
	return total <= len && total >= header + TCP_HEADER ? header : 0;
}

bool rvl_mss_is_syn(const uint8_t *packet, size_t len)
{
	size_t header = ip_header(packet, len);

	return header && packet[header + TCP_FLAGS] & TCP_SYN;
}

/* RFC 1624, equation 3. */
static void replace(uint8_t *tcp, size_t at, uint16_t value)
{
	uint16_t old = rvl_get_be16(tcp + at);
	uint32_t sum = (uint16_t)~rvl_get_be16(tcp + TCP_CHECKSUM);

	/* At an odd place its octets are in the others' columns. */
	if (at % 2) {
		old = (uint16_t)(old << 8 | old >> 8);
		sum += (uint16_t)(value << 8 | value >> 8);
	} else {
		sum += value;
	}
	sum += (uint16_t)~old;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	rvl_put_be16(tcp + TCP_CHECKSUM, (uint16_t)~sum);
	rvl_put_be16(tcp + at, value);
}

/* Where the size stands in the TCP header; 0: nowhere. */
static size_t find_mss(const uint8_t *tcp, size_t len)
{
	size_t at = TCP_HEADER, end = (size_t)(tcp[12] >> 4) * 4;

	if (end > len)
		return 0;
	while (at < end && tcp[at] != OPTION_END) {
		size_t option = tcp[at] == OPTION_NOP ? 1 : at + 1 < end ? tcp[at + 1] : 0;

		if (!option || at + option > end)
			return 0;
		if (tcp[at] == OPTION_MSS && option == 4)
			return at + 2;
		if (tcp[at] != OPTION_NOP && option < 2)
			return 0;
		at += option;
	}
	return 0;
}

bool rvl_mss_clamp(uint8_t *packet, size_t len, size_t mtu)
{
	size_t header = ip_header(packet, len);
	size_t around = (packet[0] >> 4 == 6 ? RVL_IPV6_HEADER : RVL_IP_HEADER) + TCP_HEADER;
	size_t most = mtu > around + MSS_MIN ? mtu - around : MSS_MIN;
	size_t at = header ? find_mss(packet + header, len - header) : 0;

	if (!at || rvl_get_be16(packet + header + at) <= most)
		return false;
	replace(packet + header, at, (uint16_t)most);
	return true;
}
