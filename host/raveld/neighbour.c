// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/neighbour.h"

#include "host/esp/ip.h"

#define ETHERNET 14
#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_ARP 0x0806
#define ETHERTYPE_IPV6 0x86dd
#define SOLICITATION 135
#define ADVERTISEMENT 136
#define SOLICITATION_LEN 24
#define ADVERTISEMENT_LEN 32 /* with an option */
#define FLAGS 0xe0000000u    /* a router, asked for, and to replace what was known */
#define HOPS 255
#define ARP_REQUEST 1
#define ARP_REPLY 2

/* Before the IPv4 address. */
static const uint8_t stands_for_ipv4[12] = {0xfe, 0x80, [10] = 0x5e, [11] = 0xfe};

struct rvl_addr neighbour_of(const struct rvl_addr *hop)
{
	struct rvl_addr out = {.family = 6};

	memcpy(out.octets, stands_for_ipv4, sizeof(stands_for_ipv4));
	memcpy(out.octets + 12, hop->octets, 4);
	return out;
}

/* What a neighbour solicitation asks for; NULL: it is none. */
static const uint8_t *asked_for(const uint8_t *frame, size_t len)
{
	const uint8_t *ip = frame + ETHERNET, *message = ip + RVL_IPV6_HEADER;

	if (len < ETHERNET + RVL_IPV6_HEADER + SOLICITATION_LEN ||
	    rvl_get_be16(frame + 12) != ETHERTYPE_IPV6 || ip[6] != RVL_IP_PROTO_ICMPV6 ||
	    ip[7] != HOPS || message[0] != SOLICITATION)
		return NULL;
	return message + 8;
}

/* As a probe has it (RFC 5227, section 2.1.1): which of the host's addresses asks isn't known here,
 * and the answer goes by the sender's MAC address. */
static void write_request(uint8_t *frame, const uint8_t target[4])
{
	static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	uint8_t *arp = frame + ETHERNET;

	/* One neighbour that is known is asked alone. */
	if (frame[0] & 1)
		memcpy(frame, broadcast, 6);
	rvl_put_be16(frame + 12, ETHERTYPE_ARP);
	rvl_put_be16(arp, 1);
	rvl_put_be16(arp + 2, ETHERTYPE_IPV4);
	arp[4] = 6;
	arp[5] = 4;
	rvl_put_be16(arp + 6, ARP_REQUEST);
	memcpy(arp + 8, frame + 6, 6);
	memset(arp + 14, 0, 10);
	memcpy(arp + 24, target, 4);
}

bool neighbour_ask(struct neighbour *n, uint8_t *frame, size_t *len)
{
	const uint8_t *asked = asked_for(frame, *len);
	uint8_t target[4];

	if (!asked || memcmp(asked, stands_for_ipv4, sizeof(stands_for_ipv4)) != 0)
		return false;
	memcpy(target, asked + 12, sizeof(target));
	memcpy(n->mac, frame + 6, sizeof(n->mac));
	memcpy(n->address, frame + ETHERNET + 8, sizeof(n->address));
	n->asked = true;
	write_request(frame, target);
	*len = NEIGHBOUR_REQUEST;
	return true;
}

static bool is_reply(const uint8_t *frame, size_t len)
{
	const uint8_t *arp = frame + ETHERNET;

	return len >= NEIGHBOUR_REQUEST && rvl_get_be16(frame + 12) == ETHERTYPE_ARP &&
	       rvl_get_be16(arp) == 1 && rvl_get_be16(arp + 2) == ETHERTYPE_IPV4 && arp[4] == 6 &&
	       arp[5] == 4 && rvl_get_be16(arp + 6) == ARP_REPLY;
}

/* The message at p with the pseudo header of the IPv6 packet at ip (RFC 4443, section 2.3). */
static void put_checksum(const uint8_t *ip, uint8_t *p, size_t len)
{
	uint32_t sum = (uint32_t)len + RVL_IP_PROTO_ICMPV6;

	sum += (uint16_t)~rvl_ip_checksum(ip + 8, 32);
	sum += (uint16_t)~rvl_ip_checksum(p, len);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	rvl_put_be16(p + 2, (uint16_t)~sum);
}

bool neighbour_answer(const struct neighbour *n, const uint8_t *frame, size_t len,
		      uint8_t out[NEIGHBOUR_ADVERTISEMENT])
{
	uint8_t *ip = out + ETHERNET, *message = ip + RVL_IPV6_HEADER;
	const uint8_t *sender = frame + ETHERNET + 8;

	if (!n->asked || !is_reply(frame, len))
		return false;
	memset(out, 0, NEIGHBOUR_ADVERTISEMENT);
	memcpy(out, n->mac, 6);
	memcpy(out + 6, sender, 6);
	rvl_put_be16(out + 12, ETHERTYPE_IPV6);
	ip[0] = 6 << 4;
	rvl_put_be16(ip + 4, ADVERTISEMENT_LEN);
	ip[6] = RVL_IP_PROTO_ICMPV6;
	ip[7] = HOPS;
	memcpy(ip + 8, stands_for_ipv4, sizeof(stands_for_ipv4));
	memcpy(ip + 20, sender + 6, 4);
	memcpy(ip + 24, n->address, sizeof(n->address));
	message[0] = ADVERTISEMENT;
	rvl_put_be32(message + 4, FLAGS);
	memcpy(message + 8, ip + 8, 16);
	message[24] = 2; /* the target's link-layer address, in units of 8 octets */
	message[25] = 1;
	memcpy(message + 26, sender, 6);
	put_checksum(ip, message, ADVERTISEMENT_LEN);
	return true;
}
