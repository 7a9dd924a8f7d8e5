// SPDX-License-Identifier: BSD-2-Clause
// What headers of both families say, and which packets selectors match (RFC 4301, section 4.4.1).
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/esp/spd.h"

enum { ROOM = 512 };

static uint64_t seed = 0x6f1d4301;

static uint32_t random32(void)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	return (uint32_t)(z >> 32);
}

/* A packet that grows header by header. */
struct packet {
	uint8_t p[ROOM];
	size_t len;
	size_t next; /* where the next header's number goes */
};

/* 2001:db8::1 to 2001:db8::2. */
static struct packet ipv6(void)
{
	static const uint8_t addresses[32] = {0x20, 1, 0x0d, 0xb8, [15] = 1,
					      0x20, 1, 0x0d, 0xb8, [31] = 2};
	struct packet packet = {.p = {0x6b, 0x8f, 0xff, 0xff}, .len = RVL_IPV6_HEADER, .next = 6};

	packet.p[7] = 64;
	memcpy(packet.p + 8, addresses, sizeof(addresses));
	return packet;
}

/* A header of these octets, the first being the next header's number if it is an extension. */
static uint8_t *add(struct packet *packet, uint8_t number, const uint8_t *octets, size_t len)
{
	uint8_t *header = packet->p + packet->len;

	assert_true(packet->len + len <= ROOM);
	packet->p[packet->next] = number;
	packet->next = packet->len;
	memcpy(header, octets, len);
	packet->len += len;
	rvl_put_be16(packet->p + 4, (uint16_t)(packet->len - RVL_IPV6_HEADER));
	return header;
}

static void options(struct packet *packet, uint8_t number, uint8_t units)
{
	uint8_t octets[64] = {0, units};

	add(packet, number, octets, 8 * (units + 1u));
}

static void fragment(struct packet *packet, uint16_t offset, bool more)
{
	uint8_t octets[8] = {0};

	rvl_put_be16(octets + 2, (uint16_t)(offset << 3 | more));
	add(packet, RVL_IP_PROTO_FRAGMENT, octets, sizeof(octets));
}

static void routing(struct packet *packet, uint8_t left)
{
	const uint8_t octets[8] = {0, 0, 2, left};

	add(packet, RVL_IP_PROTO_ROUTING, octets, sizeof(octets));
}

static void udp(struct packet *packet, uint16_t src, uint16_t dst)
{
	uint8_t octets[12] = {0};

	rvl_put_be16(octets, src);
	rvl_put_be16(octets + 2, dst);
	add(packet, RVL_IP_PROTO_UDP, octets, sizeof(octets));
}

static struct rvl_ip parsed(const struct packet *packet)
{
	struct rvl_ip ip;

	assert_true(rvl_ip_parse(&ip, packet->p, packet->len));
	return ip;
}

static void extension_headers_are_walked_to_the_upper_one(void **state)
{
	struct packet packet = ipv6();
	struct rvl_ip ip;

	(void)state;
	options(&packet, RVL_IP_PROTO_HOP_BY_HOP, 0);
	options(&packet, RVL_IP_PROTO_DESTINATION, 3);
	routing(&packet, 0);
	fragment(&packet, 0, false);
	options(&packet, RVL_IP_PROTO_DESTINATION, 1);
	udp(&packet, 1000, 53);
	ip = parsed(&packet);
	assert_int_equal(ip.src.family, 6);
	assert_int_equal(ip.src.octets[15], 1);
	assert_int_equal(ip.dst.octets[15], 2);
	assert_int_equal(ip.header_len, packet.len - 12);
	assert_int_equal(ip.total_len, packet.len);
	assert_int_equal(ip.protocol, RVL_IP_PROTO_UDP);
	assert_int_equal(ip.tos, 0xb8);
	assert_int_equal(ip.ports, RVL_PORTS_BOTH);
	assert_int_equal(ip.src_port, 1000);
	assert_int_equal(ip.dst_port, 53);
	/* One that is whole, though it has a fragment header (RFC 6946). */
	assert_false(ip.fragment || ip.later_fragment || ip.onward);
	/* Octets behind it, as Ethernet has them. */
	assert_true(rvl_ip_parse(&ip, packet.p, packet.len + 6));
	assert_false(rvl_ip_parse(&ip, packet.p, packet.len - 1));
	/* Not all of its headers are there. */
	for (size_t len = 0; len < packet.len - 12 - 8; len++)
		assert_false(rvl_ip_read(&ip, packet.p, len));
}

static void a_chain_of_headers_has_an_end(void **state)
{
	struct packet packet = ipv6();
	struct rvl_ip ip;

	(void)state;
	for (int i = 0; i < 8; i++)
		options(&packet, RVL_IP_PROTO_DESTINATION, 0);
	udp(&packet, 1, 2);
	assert_true(rvl_ip_parse(&ip, packet.p, packet.len));
	packet = ipv6();
	for (int i = 0; i < 9; i++)
		options(&packet, RVL_IP_PROTO_DESTINATION, 0);
	udp(&packet, 1, 2);
	assert_false(rvl_ip_parse(&ip, packet.p, packet.len));
	assert_false(rvl_ip_read(&ip, packet.p, packet.len));
}

static void fragments_show_their_ports_once(void **state)
{
	struct packet packet = ipv6();
	struct rvl_ip ip;

	(void)state;
	fragment(&packet, 0, true);
	udp(&packet, 1, 2);
	ip = parsed(&packet);
	assert_true(ip.fragment && !ip.later_fragment && ip.ports == RVL_PORTS_BOTH);
	packet = ipv6();
	fragment(&packet, 8, false);
	udp(&packet, 1, 2);
	ip = parsed(&packet);
	assert_true(ip.fragment && ip.later_fragment && ip.ports == RVL_PORTS_UNSEEN);
	assert_int_equal(ip.protocol, RVL_IP_PROTO_UDP);
	/* What it begins with is the middle of something. */
	packet = ipv6();
	fragment(&packet, 8, true);
	options(&packet, RVL_IP_PROTO_DESTINATION, 7);
	ip = parsed(&packet);
	assert_true(ip.later_fragment);
	assert_int_equal(ip.protocol, RVL_IP_PROTO_DESTINATION);
	assert_int_equal(ip.header_len, RVL_IPV6_HEADER + 8);
}

static void a_packet_with_segments_left_goes_onward(void **state)
{
	struct packet packet = ipv6();

	(void)state;
	routing(&packet, 1);
	udp(&packet, 1, 2);
	assert_true(parsed(&packet).onward);
}

static void types_stand_for_ports(void **state)
{
	static const uint8_t echo[8] = {128, 3}, home[8] = {59, 0, 5};
	struct packet packet = ipv6();
	struct rvl_ip ip, back;

	(void)state;
	add(&packet, RVL_IP_PROTO_ICMPV6, echo, sizeof(echo));
	ip = parsed(&packet);
	assert_int_equal(ip.ports, RVL_PORTS_SRC);
	assert_int_equal(ip.src_port, 128 << 8 | 3);
	back = rvl_ip_reverse(&ip);
	assert_int_equal(back.ports, RVL_PORTS_DST);
	assert_int_equal(back.dst_port, 128 << 8 | 3);
	back = rvl_ip_reverse(&back);
	assert_memory_equal(&back.ports, &ip.ports, sizeof(ip.ports));
	packet = ipv6();
	add(&packet, RVL_IP_PROTO_MOBILITY, home, sizeof(home));
	ip = parsed(&packet);
	assert_int_equal(ip.ports, RVL_PORTS_SRC);
	assert_int_equal(ip.src_port, 5 << 8);
}

/* With the addresses of its ends and its hop limit. */
static struct rvl_ip message(uint8_t src, uint8_t dst, uint16_t dst_scope, uint8_t type,
			     uint8_t hops)
{
	const uint8_t octets[8] = {type};
	struct packet packet = ipv6();

	packet.p[7] = hops;
	packet.p[8] = src;
	packet.p[9] = src == 0xfe ? 0x80 : 1;
	packet.p[24] = dst;
	packet.p[25] = (uint8_t)dst_scope;
	add(&packet, RVL_IP_PROTO_ICMPV6, octets, sizeof(octets));
	return parsed(&packet);
}

static void what_is_for_the_link_is_no_selectors(void **state)
{
	static const struct {
		uint8_t src, dst, dst_scope, type, hops;
		bool on_link;
	} cases[] = {
		{0x20, 0x20, 0, 128, 64, false},    /* a ping */
		{0xfe, 0x20, 0, 128, 64, true},	    /* between neighbours */
		{0x20, 0xfe, 0xbf, 129, 64, true},  /* fe80::/10 */
		{0x20, 0xfe, 0xc0, 129, 64, false}, /* site-local */
		{0x20, 0xff, 0x01, 143, 1, true},   /* multicast: of an interface, */
		{0x20, 0xff, 0x12, 143, 1, true},   /* of a link, */
		{0x20, 0xff, 0x05, 143, 1, false},  /* and further */
		{0x20, 0x20, 0, 132, 255, false},   /* discovery */
		{0x20, 0x20, 0, 133, 255, true},    {0x20, 0x20, 0, 135, 255, true},
		{0x20, 0x20, 0, 137, 255, true},    {0x20, 0x20, 0, 138, 255, false},
		{0x20, 0x20, 0, 135, 254, false}, /* that has crossed a router */
	};
	const struct rvl_selector any = rvl_selector_any(6);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct rvl_ip ip = message(cases[i].src, cases[i].dst, cases[i].dst_scope,
						 cases[i].type, cases[i].hops);

		if (ip.on_link != cases[i].on_link)
			fail_msg("case %zu", i);
		assert_int_equal(rvl_selector_match(&any, &ip, true), !ip.on_link);
	}
}

static void errors_quote_what_they_are_about(void **state)
{
	(void)state;
	for (unsigned int type = 0; type < 256; type++) {
		const uint8_t message[48] = {(uint8_t)type};
		struct packet packet = ipv6();
		struct rvl_ip ip;

		options(&packet, RVL_IP_PROTO_HOP_BY_HOP, 0);
		add(&packet, RVL_IP_PROTO_ICMPV6, message, sizeof(message));
		ip = parsed(&packet);
		assert_int_equal(rvl_ip_quote(&ip, packet.p), type < 128 ? 40 + 8 + 8 : 0);
		packet = ipv6();
		add(&packet, RVL_IP_PROTO_ICMPV6, message, 7);
		ip = parsed(&packet);
		assert_int_equal(rvl_ip_quote(&ip, packet.p), 0);
	}
}

static void traffic_class_is_written_and_nothing_else(void **state)
{
	struct packet packet = ipv6(), before = packet;

	(void)state;
	rvl_ip_set_tos(packet.p, 0x5a);
	assert_int_equal(packet.p[0] >> 4, 6);
	assert_int_equal(rvl_get_be32(packet.p) & 0xfffff, 0xfffff);
	assert_int_equal(rvl_get_be32(packet.p) >> 20 & 0xff, 0x5a);
	rvl_ip_set_tos(packet.p, 0xb8);
	assert_memory_equal(packet.p, before.p, sizeof(packet.p));
}

/* ------------------------------------------------------------------------------- what matches */

static struct rvl_selector udp_to(uint16_t first, uint16_t last)
{
	struct rvl_selector s = rvl_selector_any(6);

	s.any_protocol = false;
	s.protocol = RVL_IP_PROTO_UDP;
	s.dst_port_first = first;
	s.dst_port_last = last;
	return s;
}

static void a_selector_matches_its_family_alone(void **state)
{
	const struct rvl_selector four = rvl_selector_any(4), six = rvl_selector_any(6);
	struct rvl_selector mixed = six;
	struct packet packet = ipv6();
	struct rvl_ip ip;

	(void)state;
	udp(&packet, 1, 2);
	ip = parsed(&packet);
	assert_true(rvl_selector_match(&six, &ip, false));
	assert_false(rvl_selector_match(&four, &ip, true));
	assert_false(rvl_selector_equal(&four, &six));
	assert_false(rvl_selector_within(&four, &six) || rvl_selector_within(&six, &four));
	mixed.src = four.src;
	assert_true(rvl_selector_valid(&six));
	assert_false(rvl_selector_valid(&mixed));
}

static void what_is_not_seen_is_matched_by_what_protects(void **state)
{
	const struct rvl_selector dns = udp_to(53, 53);
	const struct rvl_selector opaque = udp_to(RVL_PORT_OPAQUE_FIRST, RVL_PORT_OPAQUE_LAST);
	const struct rvl_selector all = udp_to(0, UINT16_MAX);
	struct packet packet = ipv6();
	struct rvl_ip ip;

	(void)state;
	assert_true(rvl_selector_valid(&opaque));
	udp(&packet, 1, 53);
	ip = parsed(&packet);
	assert_true(rvl_selector_match(&dns, &ip, false));
	assert_false(rvl_selector_match(&opaque, &ip, true));
	assert_true(rvl_selector_match(&all, &ip, false));
	packet = ipv6();
	fragment(&packet, 8, true);
	udp(&packet, 1, 1);
	ip = parsed(&packet);
	assert_true(rvl_selector_match(&dns, &ip, true));
	assert_false(rvl_selector_match(&dns, &ip, false));
	assert_true(rvl_selector_match(&opaque, &ip, false));
	assert_true(rvl_selector_match(&all, &ip, false));
	/* A later fragment that begins with more extension headers may be of any protocol. */
	packet = ipv6();
	fragment(&packet, 8, true);
	options(&packet, RVL_IP_PROTO_DESTINATION, 0);
	ip = parsed(&packet);
	assert_true(rvl_selector_match(&dns, &ip, true));
	assert_true(rvl_selector_match(&all, &ip, true));
	assert_false(rvl_selector_match(&dns, &ip, false));
	assert_false(rvl_selector_match(&all, &ip, false));
	/* OPAQUE is among all, and nothing else. */
	assert_true(rvl_selector_within(&opaque, &all));
	assert_false(rvl_selector_within(&all, &opaque));
	assert_false(rvl_selector_within(&opaque, &dns) || rvl_selector_within(&dns, &opaque));
	assert_true(rvl_selector_within(&opaque, &opaque));
}

/* RFC 4301, section 4.4.1.3: each end's are the types that it sends. */
static void a_type_is_its_senders(void **state)
{
	static const uint8_t request[8] = {128}, reply[8] = {129};
	struct rvl_selector pings = rvl_selector_any(6), back;
	struct packet packet = ipv6();
	struct rvl_ip ip, reverse;

	(void)state;
	pings.any_protocol = false;
	pings.protocol = RVL_IP_PROTO_ICMPV6;
	pings.src_port_first = 128 << 8;
	pings.src_port_last = 128 << 8 | 255;
	pings.dst_port_first = 129 << 8;
	pings.dst_port_last = 129 << 8 | 255;
	back = rvl_selector_reverse(&pings);
	add(&packet, RVL_IP_PROTO_ICMPV6, request, sizeof(request));
	ip = parsed(&packet);
	reverse = rvl_ip_reverse(&ip);
	assert_true(rvl_selector_match(&pings, &ip, false));
	assert_true(rvl_selector_match(&back, &reverse, false));
	assert_false(rvl_selector_match(&back, &ip, true));
	packet = ipv6();
	add(&packet, RVL_IP_PROTO_ICMPV6, reply, sizeof(reply));
	ip = parsed(&packet);
	assert_false(rvl_selector_match(&pings, &ip, true));
	assert_true(rvl_selector_match(&back, &ip, false));
	/* Who is to send nothing has OPAQUE. */
	pings.src_port_first = RVL_PORT_OPAQUE_FIRST;
	pings.src_port_last = RVL_PORT_OPAQUE_LAST;
	assert_false(rvl_selector_match(&pings, &ip, true));
	/* Types are no ports to who names no protocol. */
	pings = rvl_selector_any(6);
	pings.src_port_last = UINT16_MAX - 1;
	assert_false(rvl_selector_match(&pings, &ip, true));
}

/* Whatever the octets are, what is told lies within them. */
static void random_octets_are_read_within_their_bounds(void **state)
{
	static const uint8_t numbers[] = {0, 43, 44, 60, 17, 58, 135, 50};

	(void)state;
	for (int round = 0; round < 200000; round++) {
		size_t len = random32() % 120;
		uint8_t *p = malloc(len ? len : 1);
		struct rvl_ip ip;

		for (size_t i = 0; i < len; i++)
			p[i] = random32() % 3 ? (uint8_t)(random32() % 8 * (random32() % 2))
					      : numbers[random32() % 8];
		if (len)
			p[0] = (uint8_t)((random32() % 2 ? 0x40 : 0x60) | random32() % 16);
		if (len > 6) {
			rvl_put_be16(p + 4, (uint16_t)(random32() % 90));
			p[6] = numbers[random32() % 8];
		}
		if (rvl_ip_read(&ip, p, len) && rvl_ip_parse(&ip, p, len)) {
			assert_true(ip.header_len <= ip.total_len && ip.total_len <= len);
			assert_true(rvl_ip_quote(&ip, p) <= ip.total_len);
		}
		free(p);
	}
}

/* Networks in a row, which is how they are given out: of as many places as there are, none has
 * many, whether the low half of a hash is taken or both are folded. */
static void hashes_of_networks_spread(void **state)
{
	enum { NETWORKS = 16384 };
	static uint8_t places[2][NETWORKS];

	(void)state;
	for (int kind = 0; kind < 4; kind++) {
		memset(places, 0, sizeof(places));
		for (uint32_t i = 0; i < NETWORKS; i++) {
			uint8_t octets[16] = {0x20, 1, 0x0d, 0xb8};
			struct rvl_prefix network;
			struct rvl_addr address;
			uint64_t hash;

			rvl_put_be32(octets + (kind == 2 ? 4 : 12), i);
			address = kind < 2 ? rvl_addr_of_ipv4(0x0a000000 + (i << (kind ? 8 : 0)))
					   : rvl_addr_of_ipv6(octets);
			network = rvl_prefix_of(&address, (const uint8_t[]){32, 24, 64, 128}[kind]);
			hash = rvl_prefix_hash(&network);
			assert_true(++places[0][hash % NETWORKS] <= 12);
			assert_true(++places[1][(hash ^ hash >> 32) % NETWORKS] <= 12);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(extension_headers_are_walked_to_the_upper_one),
		cmocka_unit_test(a_chain_of_headers_has_an_end),
		cmocka_unit_test(fragments_show_their_ports_once),
		cmocka_unit_test(a_packet_with_segments_left_goes_onward),
		cmocka_unit_test(types_stand_for_ports),
		cmocka_unit_test(what_is_for_the_link_is_no_selectors),
		cmocka_unit_test(errors_quote_what_they_are_about),
		cmocka_unit_test(traffic_class_is_written_and_nothing_else),
		cmocka_unit_test(a_selector_matches_its_family_alone),
		cmocka_unit_test(what_is_not_seen_is_matched_by_what_protects),
		cmocka_unit_test(a_type_is_its_senders),
		cmocka_unit_test(random_octets_are_read_within_their_bounds),
		cmocka_unit_test(hashes_of_networks_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
