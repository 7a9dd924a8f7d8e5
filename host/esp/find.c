// SPDX-License-Identifier: BSD-2-Clause
#include "host/esp/esp.h"
#include "host/esp/ip.h"

#define TEXT_MIN 4
#define ICV_MIN 8

/* A datagram that lies in its packet, over IPv6, may not do without a sum (RFC 8200, 8.1). */
static bool udp6_wrong(const uint8_t *ip, const uint8_t *udp, size_t payload)
{
	return !rvl_get_be16(udp + 6) || rvl_udp6_checksum(ip, udp, RVL_UDP_HEADER + payload);
}

/* Length of the UDP payload at p + at, or 0 when the UDP header's length doesn't fit its packet. */
static size_t udp_payload(const uint8_t *p, size_t at, size_t end)
{
	size_t len = rvl_get_be16(p + at + 4);

	if (len < RVL_UDP_HEADER || at + len > end)
		return 0;
	return len - RVL_UDP_HEADER;
}

/* Of ESP with whatever algorithms: all that it consists of is a multiple of 4. */
static bool esp_len_valid(size_t len)
{
	return len >= RVL_ESP_HEADER + TEXT_MIN + ICV_MIN && len % 4 == 0;
}

/* ESP or AH at its place: SPI and sequence number, if they are there. */
static bool read_numbers(struct rvl_esp_place *place, const uint8_t *p, size_t len)
{
	size_t at = place->esp + (place->protocol == RVL_PROTOCOL_AH ? 4 : 0);

	if (len < at + RVL_ESP_HEADER)
		return false;
	place->spi = rvl_get_be32(p + at);
	place->seq = rvl_get_be32(p + at + 4);
	return true;
}

/* A keepalive is one octet; four octets of zero mark IKE (RFC 3948, section 2). */
static bool is_esp_in_udp(const struct rvl_esp_place *place, const uint8_t *udp, uint16_t udp_port)
{
	return rvl_get_be16(udp + 2) == udp_port && place->spi &&
	       rvl_get_be16(udp + 4) >= RVL_UDP_HEADER + 4;
}

enum rvl_esp_find rvl_esp_find(struct rvl_esp_place *place, const struct rvl_buf *pkt,
			       uint16_t udp_port)
{
	const uint8_t *p = rvl_buf_data(pkt);
	struct rvl_ip outer;
	bool encap, ah;

	/* What has segments left is to go on to elsewhere. */
	if (!rvl_ip_read(&outer, p, pkt->len) || outer.onward)
		return RVL_ESP_ABSENT;
	encap = outer.protocol == RVL_IP_PROTO_UDP;
	ah = outer.protocol == RVL_IP_PROTO_AH;
	if (!encap && !ah && outer.protocol != RVL_IP_PROTO_ESP)
		return RVL_ESP_ABSENT;
	*place = (struct rvl_esp_place){
		.protocol = ah ? RVL_PROTOCOL_AH : RVL_PROTOCOL_ESP,
		.src = outer.src,
		.dst = outer.dst,
		.src_port = encap ? outer.src_port : 0,
		.outer_tos = outer.tos,
		.encap = encap,
		.header = outer.header_len,
		.esp = outer.header_len + (encap ? RVL_UDP_HEADER : 0),
	};
	if (!encap && outer.fragment)
		return RVL_ESP_FRAGMENT;
	if (outer.later_fragment || !read_numbers(place, p, pkt->len) ||
	    (encap && !is_esp_in_udp(place, p + place->header, udp_port)))
		return RVL_ESP_ABSENT;
	if (outer.fragment)
		return RVL_ESP_FRAGMENT;
	if (outer.total_len >= place->esp && outer.total_len <= pkt->len)
		place->len = encap ? udp_payload(p, place->header, outer.total_len)
				   : outer.total_len - place->esp;
	/* How long AH is, its SA says. */
	place->malformed = !place->len || (!ah && !esp_len_valid(place->len));
	if (outer.dst.family == 4)
		place->bad_checksum = rvl_ip_checksum(p, outer.header_len) != 0;
	else
		place->bad_checksum =
			encap && !place->malformed && udp6_wrong(p, p + place->header, place->len);
	return RVL_ESP_FOUND;
}
