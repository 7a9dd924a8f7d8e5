// SPDX-License-Identifier: BSD-2-Clause
#include "host/esp/fragment.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "host/esp/ip.h"

#define UNIT 8 /* offsets count so many octets */
#define FRAGMENT_HEADER 8
#define FRAME_MAX 65535
#define OPTION_END 0
#define OPTION_NOP 1
#define OPTION_COPIED 0x80

/* What is cut, and how a header of a fragment is written. */
struct cut {
	const uint8_t *packet;
	const uint8_t *payload;
	size_t payload_len;
	size_t mtu;
	size_t first_offset; /* of a fragment that is cut further */
	bool more;	     /* the same: others come behind it */
	uint32_t id;
	size_t header_len;	 /* of the first fragment, */
	size_t later_header_len; /* and of the others */
	uint8_t later_header[60];
};

/* The options that every fragment has, padded. Returns the header's length, 0: they make no sense.
 */
static size_t later_header_ipv4(const uint8_t *packet, size_t header_len, uint8_t *out)
{
	size_t at = RVL_IP_HEADER, len = RVL_IP_HEADER;

	memcpy(out, packet, RVL_IP_HEADER);
	while (at < header_len && packet[at] != OPTION_END) {
		size_t option = packet[at] == OPTION_NOP ? 1
				: at + 1 < header_len	 ? packet[at + 1]
							 : 0;

		if (!option || (option == 1 && packet[at] != OPTION_NOP) ||
		    at + option > header_len)
			return 0;
		if (packet[at] & OPTION_COPIED) {
			memcpy(out + len, packet + at, option);
			len += option;
		}
		at += option;
	}
	while (len % 4)
		out[len++] = OPTION_END;
	out[0] = (uint8_t)(4 << 4 | len / 4);
	return len;
}

static bool begin_ipv4(struct cut *c, const uint8_t *packet, size_t len)
{
	struct rvl_ip ip;
	uint16_t place;

	if (!rvl_ip_parse(&ip, packet, len) || c->mtu < RVL_FRAGMENT_MTU_MIN)
		return false;
	place = rvl_get_be16(packet + 6);
	c->header_len = ip.header_len;
	c->payload = packet + ip.header_len;
	c->payload_len = ip.total_len - ip.header_len;
	c->first_offset = (size_t)(place & RVL_IP_FRAGMENT_OFFSET) * UNIT;
	c->more = place & RVL_IP_MF;
	c->later_header_len = later_header_ipv4(packet, ip.header_len, c->later_header);
	return c->later_header_len;
}

static bool begin_ipv6(struct cut *c, const uint8_t *packet, size_t len)
{
	if (len < RVL_IPV6_HEADER || c->mtu < RVL_FRAGMENT_IPV6_MTU_MIN ||
	    RVL_IPV6_HEADER + (size_t)rvl_get_be16(packet + 4) > len)
		return false;
	c->header_len = c->later_header_len = RVL_IPV6_HEADER + FRAGMENT_HEADER;
	c->payload = packet + RVL_IPV6_HEADER;
	c->payload_len = rvl_get_be16(packet + 4);
	return true;
}

static void put_ipv4(const struct cut *c, uint8_t *out, size_t offset, size_t part, bool more)
{
	size_t header = offset ? c->later_header_len : c->header_len;

	memcpy(out, offset ? c->later_header : c->packet, header);
	rvl_put_be16(out + 2, (uint16_t)(header + part));
	rvl_put_be16(out + 6,
		     (uint16_t)((more ? RVL_IP_MF : 0) | (c->first_offset + offset) / UNIT));
	rvl_put_be16(out + 10, 0);
	rvl_put_be16(out + 10, rvl_ip_checksum(out, header));
}

static void put_ipv6(const struct cut *c, uint8_t *out, size_t offset, size_t part, bool more)
{
	uint8_t *fragment = out + RVL_IPV6_HEADER;

	memcpy(out, c->packet, RVL_IPV6_HEADER);
	rvl_put_be16(out + 4, (uint16_t)(FRAGMENT_HEADER + part));
	fragment[0] = out[6];
	out[6] = RVL_IP_PROTO_FRAGMENT;
	fragment[1] = 0;
	rvl_put_be16(fragment + 2, (uint16_t)(offset | more));
	rvl_put_be32(fragment + 4, c->id);
}

static int cut_all(const struct cut *c, rvl_fragment_fn *emit, void *context)
{
	uint8_t out[FRAME_MAX];
	size_t offset = 0;
	int err = 0;

	while (!err && offset < c->payload_len) {
		size_t header = offset ? c->later_header_len : c->header_len;
		size_t room = c->mtu - header, part = c->payload_len - offset;
		bool last = part <= room;

		if (!last)
			part = room / UNIT * UNIT;
		if (c->packet[0] >> 4 == 4)
			put_ipv4(c, out, offset, part, !last || c->more);
		else
			put_ipv6(c, out, offset, part, !last);
		memcpy(out + header, c->payload + offset, part);
		err = emit(context, out, header + part);
		offset += part;
	}
	return err;
}

int rvl_fragment(const uint8_t *packet, size_t len, size_t mtu, uint32_t id, rvl_fragment_fn *emit,
		 void *context)
{
	struct cut c = {.packet = packet, .mtu = mtu < FRAME_MAX ? mtu : FRAME_MAX, .id = id};

	if (!len || !(packet[0] >> 4 == 4   ? begin_ipv4(&c, packet, len)
		      : packet[0] >> 4 == 6 ? begin_ipv6(&c, packet, len)
					    : false))
		return -EINVAL;
	return cut_all(&c, emit, context);
}
