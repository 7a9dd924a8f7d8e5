// SPDX-License-Identifier: BSD-2-Clause
// Selectors from IKE's ranges, the inbound half of the SPD, and what must not leave again.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/esp/kept.h"
#include "host/sa/backend.h"
#include "host/sa/inbound.h"
#include "host/sa/indices.h"
#include "host/sa/selector.h"
#include "host/sa/spis.h"

static uint64_t seed = 0x5eed4303;

static uint32_t random32(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

static struct ike_ts_list ts_of(const char *text)
{
	struct ike_ts_list list = {.count = 1};
	char reason[128];

	if (ike_ts_parse(text, &list.list[0], reason, sizeof(reason)))
		fail_msg("%s", reason);
	return list;
}

static struct rvl_selectors selectors_of(const char *local, const char *remote)
{
	struct ike_ts_list l = ts_of(local), r = ts_of(remote);
	struct rvl_selectors selectors;

	assert_int_equal(rvl_selectors_of(&l, &r, &selectors), 0);
	return selectors;
}

static void prefixes_stay_prefixes(void **state)
{
	struct rvl_selectors s = selectors_of("10.1.0.0/16[tcp/80]", "0.0.0.0/0[tcp]");
	char text[128];

	(void)state;
	assert_int_equal(s.count, 1);
	rvl_selector_text(&s.list[0], text, sizeof(text));
	assert_string_equal(text, "10.1.0.0/16 -> 0.0.0.0/0 proto 6 ports 80-80 -> 0-65535");
	s = selectors_of("255.255.255.255/32", "0.0.0.0/32");
	assert_int_equal(s.count, 1);
	assert_int_equal(s.list[0].src.len, 32);
	s = selectors_of("2001:db8::/32[tcp/80]", "::/0[tcp]");
	assert_int_equal(s.count, 1);
	rvl_selector_text(&s.list[0], text, sizeof(text));
	assert_string_equal(text, "2001:db8::/32 -> ::/0 proto 6 ports 80-80 -> 0-65535");
	s = selectors_of("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", "::/128");
	assert_int_equal(s.count, 1);
	assert_int_equal(s.list[0].src.len, 128);
}

static void what_selectors_cannot_say_is_refused(void **state)
{
	struct ike_ts_list net = ts_of("10.0.0.0/8"), six = ts_of("fec0::/64"),
			   tcp = ts_of("10.0.0.0/8[tcp]"), udp = ts_of("10.0.0.0/8[udp]"),
			   gre = ts_of("10.0.0.0/8[47/1]"), any = ts_of("10.0.0.0/8[any/1]"),
			   odd = ts_of("10.0.0.0/8[tcp/opaque]"), wide = {.count = 8};
	struct rvl_selectors out;

	(void)state;
	odd.list[0].port_last = 1;
	assert_int_equal(rvl_selectors_of(&gre, &net, &out), -EOPNOTSUPP);
	assert_int_equal(rvl_selectors_of(&net, &any, &out), -EOPNOTSUPP);
	assert_int_equal(rvl_selectors_of(&odd, &net, &out), -EOPNOTSUPP);
	assert_int_equal(rvl_selectors_of(&udp, &tcp, &out), -EINVAL);
	assert_int_equal(rvl_selectors_of(&net, &six, &out), -EINVAL);
	for (unsigned int i = 0; i < wide.count; i++)
		wide.list[i] = ts_of("0.0.0.1-255.255.255.254").list[0];
	assert_int_equal(rvl_selectors_of(&wide, &wide, &out), -E2BIG);
	wide.list[0] = ts_of("::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe").list[0];
	wide.count = 1;
	assert_int_equal(rvl_selectors_of(&wide, &six, &out), -E2BIG);
}

/* Of lists of both families. */
static void selectors_pair_within_their_family(void **state)
{
	struct ike_ts_list local = ts_of("10.1.0.0/16"), remote = ts_of("2001:db8:2::/48");
	struct rvl_selectors out;
	char text[128];

	(void)state;
	local.list[local.count++] = ts_of("2001:db8:1::/48").list[0];
	remote.list[remote.count++] = ts_of("10.2.0.0/16").list[0];
	assert_int_equal(rvl_selectors_of(&local, &remote, &out), 0);
	assert_int_equal(out.count, 2);
	rvl_selector_text(&out.list[0], text, sizeof(text));
	assert_string_equal(text, "10.1.0.0/16 -> 10.2.0.0/16");
	rvl_selector_text(&out.list[1], text, sizeof(text));
	assert_string_equal(text, "2001:db8:1::/48 -> 2001:db8:2::/48");
}

/* Each address of a small space is in exactly as many prefixes as in the range: one or none. */
static void ranges_become_prefixes_that_cover_them_exactly(void **state)
{
	struct ike_ts_list one = ts_of("192.0.2.1/32");

	(void)state;
	for (int round = 0; round < 300; round++) {
		uint32_t base = round % 3 == 0 ? 0 : round % 3 == 1 ? 0xffffff00 : 0x0a010000;
		uint32_t first = base + random32() % 256, last = base + random32() % 256;
		struct ike_ts_list range = one;
		struct rvl_selectors s;

		if (first > last) {
			uint32_t swap = first;

			first = last;
			last = swap;
		}
		rvl_put_be32(range.list[0].first, first);
		rvl_put_be32(range.list[0].last, last);
		assert_int_equal(rvl_selectors_of(&range, &one, &s), 0);
		for (uint32_t i = 0; i < 256; i++) {
			struct rvl_ip ip = {.src = rvl_addr_of_ipv4(base + i),
					    .dst = rvl_addr_of_ipv4(0xc0000201),
					    .protocol = 1};
			int hits = 0;

			for (size_t k = 0; k < s.count; k++) {
				assert_true(rvl_selector_valid(&s.list[k]));
				hits += rvl_selector_match(&s.list[k], &ip, false);
			}
			assert_int_equal(hits, base + i >= first && base + i <= last);
		}
	}
}

/* A number of so few values that two are often alike, or next to each other. */
static struct rvl_addr near_address(bool six)
{
	struct rvl_addr address = rvl_addr_of_ipv4(0x0a010000 + random32() % 16);

	if (six)
		address = (struct rvl_addr){
			.family = 6, .octets = {[7] = random32() % 2, [15] = random32() % 16}};
	return address;
}

static struct rvl_selectors near_selectors(bool six)
{
	static const uint8_t protocols[] = {1, 6, 17, 47, 58, 135};
	static const uint16_t ranges[][2] = {{0, UINT16_MAX},
					     {80, 80},
					     {1, 200},
					     {150, 300},
					     {RVL_PORT_OPAQUE_FIRST, RVL_PORT_OPAQUE_LAST}};
	struct rvl_selectors s = {.count = 1 + random32() % 4};

	for (size_t i = 0; i < s.count; i++) {
		const struct rvl_addr src = near_address(six), dst = near_address(six);
		const uint8_t bits = rvl_family_bits(src.family);
		const uint16_t *sports = ranges[random32() % 5], *dports = ranges[random32() % 5];
		const uint8_t protocol = protocols[random32() % 6];
		const bool any = random32() % 4 == 0;
		const bool ported =
			!any && (rvl_ip_has_ports(protocol) || rvl_ip_has_types(protocol));

		s.list[i] = (struct rvl_selector){
			.src = rvl_prefix_of(&src, bits - random32() % 6),
			.dst = rvl_prefix_of(&dst, bits - random32() % 6),
			.any_protocol = any,
			.protocol = protocol,
			.src_port_first = ported ? sports[0] : 0,
			.src_port_last = ported ? sports[1] : UINT16_MAX,
			.dst_port_first = ported ? dports[0] : 0,
			.dst_port_last = ported ? dports[1] : UINT16_MAX,
		};
	}
	return s;
}

static void joined_selectors_are_never_narrower(void **state)
{
	static const enum rvl_ports shown[] = {RVL_PORTS_UNSEEN, RVL_PORTS_SRC, RVL_PORTS_BOTH};
	static const uint8_t protocols[] = {1, 6, 17, 47, 58, 135};
	int matched = 0, others = 0;

	(void)state;
	for (int round = 0; round < 50000; round++) {
		const bool six = round % 2;
		const struct rvl_selectors s = near_selectors(six);
		struct rvl_ip ip = {.src = near_address(six),
				    .dst = near_address(six),
				    .protocol = protocols[random32() % 6],
				    .src_port = random32() % 320,
				    .dst_port = random32() % 320};
		struct rvl_selector one;
		bool may = false;

		ip.ports = rvl_ip_has_ports(ip.protocol)   ? shown[random32() % 2 * 2]
			   : rvl_ip_has_types(ip.protocol) ? shown[random32() % 2]
							   : RVL_PORTS_UNSEEN;
		assert_true(rvl_selectors_join(&s, &one));
		assert_true(rvl_selector_valid(&one));
		assert_true(rvl_selector_any_port(&one) || rvl_ip_has_ports(one.protocol));
		for (size_t i = 0; i < s.count; i++)
			may |= rvl_selector_match(&s.list[i], &ip, true);
		if (may && !rvl_selector_match(&one, &ip, true))
			fail_msg("round %d: what may arrive is refused", round);
		matched += may;
		others += !rvl_selector_match(&one, &ip, true);
	}
	assert_true(matched > 1000 && others > 1000);
}

static void joined_selectors_are_as_narrow_as_one_can_be(void **state)
{
	static const struct {
		const char *local, *remote, *joined;
	} cases[] = {
		{"10.1.0.0/16[tcp/80]", "10.2.0.0/16[tcp]",
		 "10.1.0.0/16 -> 10.2.0.0/16 proto 6 ports 80-80 -> 0-65535"},
		{"10.1.0.5-10.1.0.9", "10.2.0.0/16", "10.1.0.0/28 -> 10.2.0.0/16"},
		{"10.1.0.0/16[icmp/2048]", "10.2.0.0/16[icmp]",
		 "10.1.0.0/16 -> 10.2.0.0/16 proto 1"},
		{"2001:db8:1::/48", "::/0", "2001:db8:1::/48 -> ::/0"},
	};
	struct rvl_selectors both = selectors_of("10.1.0.0/16", "10.2.0.0/16"), more;
	struct rvl_selector one;
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		more = selectors_of(cases[i].local, cases[i].remote);
		assert_true(rvl_selectors_join(&more, &one));
		rvl_selector_text(&one, text, sizeof(text));
		assert_string_equal(text, cases[i].joined);
	}
	both.list[both.count++] = more.list[0];
	assert_false(rvl_selectors_join(&both, &one));
}

static void equal_selectors_have_equal_keys(void **state)
{
	struct rvl_selectors s = selectors_of("10.1.0.0/16[tcp/80]", "10.2.0.0/16[tcp]");
	struct rvl_selector any = rvl_selector_any(4), other = any, key, other_key;

	(void)state;
	key = rvl_selector_key(&s.list[0]);
	assert_true(rvl_selector_equal(&key, &s.list[0]));
	assert_memory_equal(&key, &s.list[0], sizeof(key));
	/* The protocol says nothing where any is meant. */
	other.protocol = 17;
	key = rvl_selector_key(&any);
	other_key = rvl_selector_key(&other);
	assert_true(rvl_selector_equal(&any, &other));
	assert_memory_equal(&key, &other_key, sizeof(key));
}

static void narrower_policies_come_first(void **state)
{
	static const char *const locals[] = {"10.1.0.1/32[tcp/80]", "10.1.0.1/32[tcp]",
					     "10.1.0.1/32",	    "10.1.0.0/31[tcp/80]",
					     "10.1.0.0/16",	    "0.0.0.0/0"};
	uint32_t last = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(locals) / sizeof(locals[0]); i++) {
		struct rvl_selectors s = selectors_of(locals[i], "10.2.0.0/16");
		uint32_t protect = rvl_selector_priority(&s.list[0], RVL_PROTECT);
		uint32_t discard = rvl_selector_priority(&s.list[0], RVL_DISCARD);

		assert_true(rvl_selector_priority(&s.list[0], RVL_BYPASS) < protect);
		assert_true(last < protect);
		assert_true(protect < discard);
		last = discard;
	}
}

static size_t frame_of(uint8_t *p, uint32_t src, uint32_t dst, uint8_t protocol, uint16_t sport,
		       uint16_t dport)
{
	memset(p, 0, 60);
	rvl_put_be16(p + 12, 0x0800);
	p[14] = 0x45;
	rvl_put_be16(p + 16, 40);
	p[23] = protocol;
	rvl_put_be32(p + 26, src);
	rvl_put_be32(p + 30, dst);
	rvl_put_be16(p + 34, sport);
	rvl_put_be16(p + 36, dport);
	return 60;
}

#define LOCAL 0x0a010005u
#define REMOTE 0x0a020005u

static void verified_packet_must_match_its_sa(void **state)
{
	struct rvl_inbound *in = rvl_inbound_new(16);
	struct rvl_selectors s = selectors_of("10.1.0.0/16[tcp]", "10.2.0.0/16[tcp/80]");
	uint8_t p[64];
	size_t len;

	(void)state;
	assert_int_equal(rvl_inbound_set_sa(in, 3, &s), 0);
	assert_int_equal(rvl_inbound_set_sa(in, 16, &s), -EINVAL);
	len = frame_of(p, REMOTE, LOCAL, 6, 80, 1000);
	assert_true(rvl_inbound_check(in, p, len, 3));
	assert_false(rvl_inbound_check(in, p, len, 4));
	assert_false(rvl_inbound_check(in, p, len, 1000));
	len = frame_of(p, REMOTE, LOCAL, 6, 81, 1000);
	assert_false(rvl_inbound_check(in, p, len, 3));
	len = frame_of(p, REMOTE, LOCAL, 17, 80, 1000);
	assert_false(rvl_inbound_check(in, p, len, 3));
	len = frame_of(p, LOCAL, REMOTE, 6, 80, 1000);
	assert_false(rvl_inbound_check(in, p, len, 3));
	len = frame_of(p, REMOTE, 0x0a030000, 6, 80, 1000);
	assert_false(rvl_inbound_check(in, p, len, 3));
	/* A later fragment hides its ports; the SA vouches for it. */
	len = frame_of(p, REMOTE, LOCAL, 6, 1, 2);
	rvl_put_be16(p + 20, 5);
	assert_true(rvl_inbound_check(in, p, len, 3));
	p[14] = 0x46;
	assert_false(rvl_inbound_check(in, p, 33, 3));
	rvl_inbound_clear_sa(in, 3);
	len = frame_of(p, REMOTE, LOCAL, 6, 80, 1000);
	assert_false(rvl_inbound_check(in, p, len, 3));
	assert_int_equal(rvl_inbound_counters(in).accepted_protected, 2);
	assert_int_equal(rvl_inbound_counters(in).drop_selector, 8);
	rvl_inbound_free(in);
}

static void clear_packet_must_not_match_what_protects(void **state)
{
	struct rvl_inbound *in = rvl_inbound_new(16);
	struct rvl_selectors s = selectors_of("10.1.0.0/16[tcp]", "10.2.0.0/16[tcp/80]");
	struct rvl_selectors ike = selectors_of("10.1.0.5[udp/500]", "10.2.0.0/16[udp]");
	struct rvl_selectors all = selectors_of("0.0.0.0/0", "0.0.0.0/0");
	uint8_t p[64];
	size_t len;

	(void)state;
	len = frame_of(p, REMOTE, LOCAL, 6, 80, 1000);
	assert_true(rvl_inbound_check(in, p, len, RVL_BACKEND_CLEAR));
	assert_int_equal(rvl_inbound_add(in, &s.list[0], false), 0);
	assert_int_equal(rvl_inbound_add(in, &s.list[0], false), 0);
	assert_false(rvl_inbound_check(in, p, len, RVL_BACKEND_CLEAR));
	rvl_inbound_remove(in, &s.list[0], false);
	assert_false(rvl_inbound_check(in, p, len, RVL_BACKEND_CLEAR));
	len = frame_of(p, REMOTE, LOCAL, 6, 443, 1000);
	assert_true(rvl_inbound_check(in, p, len, RVL_BACKEND_CLEAR));
	/* A later fragment could be one of port 80. */
	rvl_put_be16(p + 20, 5);
	assert_false(rvl_inbound_check(in, p, len, RVL_BACKEND_CLEAR));
	rvl_inbound_remove(in, &s.list[0], false);
	assert_true(rvl_inbound_check(in, p, len, RVL_BACKEND_CLEAR));
	/* IKE passes though everything is protected; what only looks like it doesn't. */
	assert_int_equal(rvl_inbound_add(in, &all.list[0], false), 0);
	assert_int_equal(rvl_inbound_add(in, &ike.list[0], true), 0);
	len = frame_of(p, REMOTE, LOCAL, 17, 4000, 500);
	assert_true(rvl_inbound_check(in, p, len, RVL_BACKEND_CLEAR));
	len = frame_of(p, REMOTE, LOCAL, 17, 500, 501);
	assert_false(rvl_inbound_check(in, p, len, RVL_BACKEND_CLEAR));
	len = frame_of(p, REMOTE, LOCAL, 17, 4000, 500);
	rvl_put_be16(p + 20, 5);
	assert_false(rvl_inbound_check(in, p, len, RVL_BACKEND_CLEAR));
	/* ARP and such are nobody's business; a broken IPv4 header is. */
	rvl_put_be16(p + 12, 0x0806);
	assert_true(rvl_inbound_check(in, p, len, RVL_BACKEND_CLEAR));
	rvl_put_be16(p + 12, 0x0800);
	p[14] = 0x55;
	assert_false(rvl_inbound_check(in, p, len, RVL_BACKEND_CLEAR));
	assert_int_equal(rvl_inbound_counters(in).drop_malformed, 1);
	rvl_inbound_free(in);
}

/* Of what passes and what protects the narrower one decides, and of two alike what protects. */
static void what_passes_is_clear_unless_something_as_narrow_protects(void **state)
{
	struct rvl_inbound *in = rvl_inbound_new(16);
	struct rvl_selectors wide = selectors_of("10.0.0.0/8", "10.0.0.0/8");
	struct rvl_selectors middle = selectors_of("10.1.0.0/16", "10.2.0.0/16");
	struct rvl_selectors narrow = selectors_of("10.1.0.0/16", "10.2.0.0/16[tcp/80]");
	uint8_t p[64];
	size_t len = frame_of(p, REMOTE, LOCAL, 6, 80, 1000);

	(void)state;
	assert_int_equal(rvl_inbound_add(in, &middle.list[0], false), 0);
	assert_int_equal(rvl_inbound_pass(in, &wide.list[0]), 0);
	assert_false(rvl_inbound_check(in, p, len, RVL_BACKEND_CLEAR));
	assert_int_equal(rvl_inbound_pass(in, &middle.list[0]), 0);
	assert_false(rvl_inbound_check(in, p, len, RVL_BACKEND_CLEAR));
	assert_int_equal(rvl_inbound_pass(in, &narrow.list[0]), 0);
	assert_true(rvl_inbound_check(in, p, len, RVL_BACKEND_CLEAR));
	/* What isn't seen to be of that port isn't let in by it. */
	rvl_put_be16(p + 20, 5);
	assert_false(rvl_inbound_check(in, p, len, RVL_BACKEND_CLEAR));
	rvl_put_be16(p + 20, 0);
	assert_int_equal(rvl_inbound_add(in, &narrow.list[0], false), 0);
	assert_false(rvl_inbound_check(in, p, len, RVL_BACKEND_CLEAR));
	rvl_inbound_remove(in, &narrow.list[0], false);
	assert_true(rvl_inbound_check(in, p, len, RVL_BACKEND_CLEAR));
	rvl_inbound_pass_no_more(in, &narrow.list[0]);
	assert_false(rvl_inbound_check(in, p, len, RVL_BACKEND_CLEAR));
	rvl_inbound_free(in);
}

/* A gateway 10.1.0.1 with a LAN and a hub's peers: everything in 10.0.0.0/8 is remote to the LAN,
 * 10.5.0.0/16 is the network of one peer and 10.6.0.0/16 of another. */
static struct rvl_inbound *gateway(void)
{
	struct rvl_addr addresses[] = {rvl_addr_of_ipv4(0xc0000201), rvl_addr_of_ipv4(0x0a010001)};
	struct rvl_prefix networks[] = {rvl_prefix_ipv4(0x0a010000, 24),
					rvl_prefix_ipv4(0x0a040000, 16)};
	struct rvl_prefix named[] = {
		rvl_prefix_ipv4(0x0a000000, 8),	 rvl_prefix_ipv4(0x0a060000, 16),
		rvl_prefix_ipv4(0x0a050000, 16), rvl_prefix_ipv4(0x0a040100, 24),
		rvl_prefix_ipv4(0x0a040280, 25),
	};
	const struct rvl_local local = {addresses, 2, networks, 2, named, 5};
	const struct rvl_selectors all[] = {
		selectors_of("10.1.0.0/24", "10.0.0.0/8"),
		selectors_of("10.5.0.0/16", "10.6.0.0/16"),
		selectors_of("10.6.0.0/16[tcp]", "10.5.0.0/16[tcp/80]"),
		selectors_of("10.1.0.0/24", "10.4.1.0/24"),
		selectors_of("10.1.0.0/24", "10.4.2.128/25"),
		selectors_of("10.1.0.0/24", "10.4.3.0/24"), /* negotiated, not configured */
	};
	struct rvl_inbound *in = rvl_inbound_new(16);

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		assert_int_equal(rvl_inbound_add(in, &all[i].list[0], false), 0);
	assert_int_equal(rvl_inbound_set_sa(in, 0, &all[0]), 0);
	assert_int_equal(rvl_inbound_set_sa(in, 3, &all[3]), 0);
	assert_int_equal(rvl_inbound_set_sa(in, 5, &all[5]), 0);
	assert_int_equal(rvl_inbound_set_local(in, &local), 0);
	return in;
}

static void what_came_from_a_tunnel_leaves_only_protected(void **state)
{
	static const struct {
		uint32_t src;
		uint32_t dst;
		bool may;
	} cases[] = {
		{0x0a010009, 0x0a020009, true},	 /* the LAN to the tunnel */
		{0x0a010009, 0x08080808, true},	 /* the LAN to elsewhere */
		{0x0a020009, 0x0a010009, false}, /* the tunnel to a LAN that isn't there */
		{0x0a020009, 0x08080808, false}, /* the tunnel to elsewhere */
		{0x0a050009, 0x0a060009, true},	 /* one tunnel to the other */
		{0x0a050009, 0x0a070009, false}, /* one tunnel to none */
		{0xc0000201, 0x08080808, true},	 /* the host itself */
		{0x0a010001, 0x0a070009, true},
		{0x0a040009, 0x08080808, true},	 /* another connected network, wider than */
		{0x0a040109, 0x08080808, false}, /* the remote one in it, */
		{0x0a0402f0, 0x08080808, false}, /* and this one, */
		{0x0a040209, 0x08080808, true},	 /* but not this, */
		{0x0a040309, 0x08080808, true},	 /* nor what a peer has chosen */
		{0x00000000, 0xffffffff, true},	 /* who looks for an address */
		{0xc6336401, 0x0a010009, true},	 /* nobody's business */
	};
	struct rvl_inbound *in = gateway();
	uint64_t drops = 0;
	uint8_t p[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = frame_of(p, cases[i].src, cases[i].dst, 17, 1000, 2000);

		if (rvl_inbound_may_leave(in, p, len) != cases[i].may)
			fail_msg("case %zu", i);
		drops += !cases[i].may;
		/* Behind a VLAN tag, and two. */
		for (int tags = 1; tags <= 2; tags++) {
			uint8_t tagged[80];
			size_t more = (size_t)tags * 4;

			memset(tagged, 0, sizeof(tagged));
			for (int k = 0; k < tags; k++)
				rvl_put_be16(tagged + 12 + 4 * k, 0x8100);
			memcpy(tagged + 12 + more, p + 12, len - 12);
			if (rvl_inbound_may_leave(in, tagged, len + more) != cases[i].may)
				fail_msg("case %zu with %d tags", i, tags);
			drops += !cases[i].may;
		}
		/* A later fragment. */
		rvl_put_be16(p + 20, 5);
		if (rvl_inbound_may_leave(in, p, len) != cases[i].may)
			fail_msg("case %zu in fragments", i);
		drops += !cases[i].may;
	}
	assert_int_equal(rvl_inbound_counters(in).drop_decrypted, drops);
	rvl_inbound_free(in);
}

/* Protocols and ports tell what can have come from a tunnel, and what is protected. */
static void ports_tell_what_came_from_a_tunnel(void **state)
{
	struct rvl_inbound *in = rvl_inbound_new(1);
	struct rvl_selectors web = selectors_of("10.6.0.0/16[tcp]", "10.5.0.0/16[tcp/80]");
	uint8_t p[64];
	size_t len;

	(void)state;
	assert_int_equal(rvl_inbound_add(in, &web.list[0], false), 0);
	len = frame_of(p, 0x0a050009, 0x08080808, 6, 80, 2000);
	assert_false(rvl_inbound_may_leave(in, p, len));
	/* It may be one of port 80. */
	rvl_put_be16(p + 20, 5);
	assert_false(rvl_inbound_may_leave(in, p, len));
	len = frame_of(p, 0x0a050009, 0x08080808, 6, 81, 2000);
	assert_true(rvl_inbound_may_leave(in, p, len));
	len = frame_of(p, 0x0a050009, 0x08080808, 17, 80, 2000);
	assert_true(rvl_inbound_may_leave(in, p, len));
	/* The data path drops it. */
	len = frame_of(p, 0x0a050009, 0x08080808, 6, 80, 2000);
	p[14] = 0x55;
	assert_true(rvl_inbound_may_leave(in, p, len));
	rvl_put_be16(p + 12, 0x86dd);
	assert_true(rvl_inbound_may_leave(in, p, len));
	rvl_inbound_free(in);
}

/* The host's own errors quote what they are about. */
static void icmp_errors_about_what_came_from_a_tunnel_leave_only_protected(void **state)
{
	struct rvl_inbound *in = gateway();
	uint8_t p[128], quoted[64];
	size_t len = 14 + 20 + 8 + 28;

	(void)state;
	for (unsigned int type = 0; type < 20; type++) {
		bool error = type == 3 || type == 4 || type == 5 || type == 11 || type == 12;

		memset(p, 0, sizeof(p));
		frame_of(p, 0xc0000201, 0x0a020009, 1, (uint16_t)(type << 8), 0);
		rvl_put_be16(p + 16, (uint16_t)(len - 14));
		/* It was longer than what is quoted of it. */
		frame_of(quoted, 0x0a020009, 0x0a010009, 17, 1000, 2000);
		rvl_put_be16(quoted + 16, 1400);
		memcpy(p + 14 + 28, quoted + 14, 28);
		assert_int_equal(rvl_inbound_may_leave(in, p, len), !error);
		/* From the LAN's side it is protected. */
		rvl_put_be32(p + 26, 0x0a010001);
		assert_true(rvl_inbound_may_leave(in, p, len));
		rvl_put_be32(p + 26, 0xc0000201);
		/* About what came in clear, and about what only says to be a packet. */
		rvl_put_be32(p + 14 + 28 + 12, 0xc6336401);
		assert_true(rvl_inbound_may_leave(in, p, len));
		rvl_put_be32(p + 14 + 28 + 12, 0x0a020009);
		rvl_put_be16(p + 16, 20 + 8 + 19);
		assert_int_equal(rvl_inbound_may_leave(in, p, len), !error);
	}
	assert_int_equal(rvl_inbound_counters(in).drop_decrypted, 10);
	rvl_inbound_free(in);
}

static void a_tunnel_does_not_claim_what_is_connected(void **state)
{
	const struct rvl_local nothing = {0};
	struct rvl_inbound *in = gateway();
	uint8_t p[64];
	size_t len;

	(void)state;
	len = frame_of(p, 0x0a020009, 0x0a010009, 17, 1000, 2000);
	assert_true(rvl_inbound_check(in, p, len, 0));
	len = frame_of(p, 0x0a010007, 0x0a010009, 17, 1000, 2000);
	assert_false(rvl_inbound_check(in, p, len, 0));
	len = frame_of(p, 0x0a040009, 0x0a010009, 17, 1000, 2000);
	assert_false(rvl_inbound_check(in, p, len, 0));
	/* The narrower one decides. */
	len = frame_of(p, 0x0a040109, 0x0a010009, 17, 1000, 2000);
	assert_true(rvl_inbound_check(in, p, len, 3));
	len = frame_of(p, 0x0a040309, 0x0a010009, 17, 1000, 2000);
	assert_false(rvl_inbound_check(in, p, len, 5));
	assert_int_equal(rvl_inbound_counters(in).drop_selector, 3);
	/* Connected no more. */
	assert_int_equal(rvl_inbound_set_local(in, &nothing), 0);
	len = frame_of(p, 0x0a010007, 0x0a010009, 17, 1000, 2000);
	assert_true(rvl_inbound_check(in, p, len, 0));
	/* What protects is in clear nobody's, connected or not. */
	len = frame_of(p, 0x0a010007, 0x0a010009, 17, 1000, 2000);
	assert_false(rvl_inbound_check(in, p, len, RVL_BACKEND_CLEAR));
	rvl_inbound_free(in);
}

static void an_index_comes_again_as_late_as_can_be(void **state)
{
	enum { MOST = 3000 };
	struct rvl_indices indices = {.most = MOST};
	bool out[MOST] = {false};
	uint32_t index, first;

	(void)state;
	/* While there are fresh ones, some rest. */
	assert_int_equal(rvl_indices_take(&indices, &first), 0);
	rvl_indices_give(&indices, first);
	assert_false(rvl_indices_is_out(&indices, first));
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(rvl_indices_take(&indices, &index), 0);
		assert_int_not_equal(index, first);
		assert_true(rvl_indices_is_out(&indices, index));
		rvl_indices_give(&indices, index);
	}
	/* All are to be had, each once. */
	for (unsigned int i = 0; i < MOST; i++) {
		assert_int_equal(rvl_indices_take(&indices, &index), 0);
		assert_true(index < MOST && !out[index]);
		out[index] = true;
	}
	assert_int_equal(rvl_indices_count(&indices), MOST);
	assert_int_equal(rvl_indices_take(&indices, &index), -ENOSPC);
	/* The first one given back is the next. */
	rvl_indices_give(&indices, 7);
	rvl_indices_give(&indices, 5);
	assert_int_equal(rvl_indices_take(&indices, &index), 0);
	assert_int_equal(index, 7);
	assert_int_equal(rvl_indices_take(&indices, &index), 0);
	assert_int_equal(index, 5);
	rvl_indices_free(&indices);
}

/* Against a list, with SPIs that meet in few places. */
static void spis_are_given_and_taken(void **state)
{
	uint32_t there[500], draw = 4303;
	struct rvl_spis spis = {0};
	size_t count = 0;

	(void)state;
	assert_false(rvl_spis_have(&spis, 256));
	for (unsigned int step = 0; step < 100000; step++) {
		uint32_t spi;
		size_t at;

		draw = draw * 1664525 + 1013904223;
		spi = 1 + (draw >> 20) % 7 + ((draw >> 10) % 128 << 12);
		for (at = 0; at < count && there[at] != spi; at++)
			;
		assert_int_equal(rvl_spis_have(&spis, spi), at < count);
		if (at < count || (count && draw >> 31)) {
			at = at < count ? at : (draw >> 8) % count;
			rvl_spis_remove(&spis, there[at]);
			there[at] = there[--count];
		} else if (count < 500) {
			assert_int_equal(rvl_spis_add(&spis, spi), 0);
			there[count++] = spi;
		}
		assert_int_equal(spis.count, count);
		for (at = 0; !(step % 100) && at < count; at++)
			assert_true(rvl_spis_have(&spis, there[at]));
	}
	rvl_spis_remove(&spis, 5);
	rvl_spis_free(&spis);
}

static void what_an_sa_was_made_with_is_kept(void **state)
{
	struct rvl_sa_params params, again;
	uint8_t *octets = (uint8_t *)&params;
	struct rvl_sa_kept *kept;

	(void)state;
	for (unsigned int round = 0; round < 300; round++) {
		for (size_t i = 0; i < sizeof(params); i++)
			octets[i] = round ? (uint8_t)((i * 31 + round) % (round + 1)) : 0;
		kept = rvl_sa_keep(&params);
		assert_non_null(kept);
		rvl_sa_kept(kept, &again);
		assert_memory_equal(&again, &params, sizeof(params));
		rvl_sa_kept_free(kept);
	}
	rvl_sa_kept_free(NULL);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes_stay_prefixes),
		cmocka_unit_test(what_selectors_cannot_say_is_refused),
		cmocka_unit_test(selectors_pair_within_their_family),
		cmocka_unit_test(ranges_become_prefixes_that_cover_them_exactly),
		cmocka_unit_test(joined_selectors_are_never_narrower),
		cmocka_unit_test(joined_selectors_are_as_narrow_as_one_can_be),
		cmocka_unit_test(equal_selectors_have_equal_keys),
		cmocka_unit_test(narrower_policies_come_first),
		cmocka_unit_test(verified_packet_must_match_its_sa),
		cmocka_unit_test(clear_packet_must_not_match_what_protects),
		cmocka_unit_test(what_passes_is_clear_unless_something_as_narrow_protects),
		cmocka_unit_test(what_came_from_a_tunnel_leaves_only_protected),
		cmocka_unit_test(ports_tell_what_came_from_a_tunnel),
		cmocka_unit_test(icmp_errors_about_what_came_from_a_tunnel_leave_only_protected),
		cmocka_unit_test(a_tunnel_does_not_claim_what_is_connected),
		cmocka_unit_test(an_index_comes_again_as_late_as_can_be),
		cmocka_unit_test(spis_are_given_and_taken),
		cmocka_unit_test(what_an_sa_was_made_with_is_kept),
	};
	uint64_t start = argc > 1 ? strtoull(argv[1], NULL, 0) : seed;
	int failed;

	seed = start;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (failed)
		fprintf(stderr, "seed=%llu\n", (unsigned long long)start);
	return failed;
}
