// SPDX-License-Identifier: BSD-2-Clause
// SAs and policies on the software data path, on a veth pair in a network namespace of its own.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/raveld/sad_bed.h"

static void newest_sa_of_a_flow_has_its_traffic(void **state)
{
	struct ike_ts_list local = ts_of("10.1.0.0/16"), remote = ts_of("10.2.0.0/16"),
			   narrow = ts_of("10.2.0.0/24");
	struct rvl_backend_error error = {""};
	struct rvl_child first = child_of(1, &local, &remote),
			 second = child_of(2, &local, &remote),
			 third = child_of(3, &local, &narrow);
	struct bed *bed = *state;

	assert_int_equal(spi_on_the_wire(bed), 1);
	assert_int_equal(rvl_sad_protect(bed->sad, NULL, &local, &remote, &error), 0);
	assert_int_equal(rvl_sad_protect(bed->sad, NULL, &local, &remote, &error), 0);
	assert_int_equal(rvl_sad_policy_count(bed->sad), 1);
	assert_int_equal(spi_on_the_wire(bed), 0);
	assert_int_equal(add_child(bed->sad, &first, &error), 0);
	assert_int_equal(spi_on_the_wire(bed), 0x20001);
	assert_int_equal(add_child(bed->sad, &second, &error), 0);
	assert_int_equal(spi_on_the_wire(bed), 0x20002);
	assert_int_equal(rvl_sad_policy_count(bed->sad), 1);
	assert_int_equal(add_child(bed->sad, &third, &error), 0);
	assert_int_equal(spi_on_the_wire(bed), 0x20003);
	assert_int_equal(rvl_sad_child_remove(bed->sad, 3, &error), 0);
	assert_int_equal(rvl_sad_child_remove(bed->sad, 2, &error), 0);
	assert_int_equal(spi_on_the_wire(bed), 0x20001);
	assert_int_equal(add_child(bed->sad, &second, &error), 0);
	assert_int_equal(rvl_sad_child_remove(bed->sad, 1, &error), 0);
	assert_int_equal(spi_on_the_wire(bed), 0x20002);
	assert_int_equal(rvl_sad_child_remove(bed->sad, 2, &error), 0);
	assert_int_equal(rvl_sad_child_remove(bed->sad, 2, &error), -ENOENT);
	assert_int_equal(spi_on_the_wire(bed), 0);
	assert_int_equal(rvl_sad_policy_count(bed->sad), 1);
	assert_int_equal(rvl_sad_child_count(bed->sad), 0);
}

static void in_udp(struct rvl_child *child, uint16_t port)
{
	child->in.encap = child->out.encap = true;
	child->in.src_port = child->out.src_port = child->out.dst_port = port;
}

static void child_that_is_refused_leaves_nothing(void **state)
{
	struct ike_ts_list local = ts_of("10.1.0.0/16"), remote = ts_of("10.2.0.0/16"),
			   six = ts_of("fec0::/64");
	struct rvl_backend_error error = {""};
	struct rvl_child good = child_of(1, &local, &remote), bad;
	struct bed *bed = *state;

	assert_int_equal(rvl_sad_protect(bed->sad, NULL, &local, &remote, &error), 0);
	assert_int_equal(add_child(bed->sad, &good, &error), 0);
	bad = child_of(1, &local, &remote);
	assert_int_equal(add_child(bed->sad, &bad, &error), -EEXIST);
	bad = child_of(2, &local, &remote);
	bad.in.spi = good.in.spi;
	assert_int_equal(add_child(bed->sad, &bad, &error), -EEXIST);
	bad = child_of(2, &local, &six);
	assert_int_equal(add_child(bed->sad, &bad, &error), -EINVAL);
	bad = child_of(2, &local, &remote);
	bad.in.encr_key_len = 28;
	assert_int_equal(add_child(bed->sad, &bad, &error), -EOPNOTSUPP);
	bad = child_of(2, &local, &remote);
	bad.out.spi = 255;
	assert_int_equal(add_child(bed->sad, &bad, &error), -EINVAL);
	assert_int_equal(spi_on_the_wire(bed), 0x20001);
	assert_int_equal(rvl_sad_child_count(bed->sad), 1);
	bad = child_of(2, &local, &remote);
	assert_int_equal(add_child(bed->sad, &bad, &error), 0);
}

/* More selectors than there are policies: refused half-way, and taken back. */
static void child_beyond_the_policy_table_is_taken_back(void **state)
{
	struct ike_ts_list remote = ts_of("10.2.0.0/16"), all = ts_of("10.0.0.0/8"), local = {0};
	struct rvl_backend_error error = {""};
	struct bed *bed = *state;
	uint64_t id = 0;
	int err = 0;

	assert_int_equal(rvl_sad_protect(bed->sad, NULL, &all, &remote, &error), 0);
	while (!err && id < 2000) {
		local.count = 16;
		for (unsigned int i = 0; i < 16; i++) {
			unsigned int n = 16 * (unsigned int)id + i;
			char text[32];

			snprintf(text, sizeof(text), "10.%u.%u.0/24", n >> 8, n & 255);
			local.list[i] = ts_of(text).list[0];
		}
		struct rvl_child child = child_of(++id, &local, &remote);

		/* 15 fit on the last one, before the 16th doesn't */
		err = add_child(bed->sad, &child, &error);
	}
	assert_int_equal(err, -ENOSPC);
	assert_non_null(strstr(error.text, "16384 policies"));
	assert_int_equal(id, BED_POLICIES / 16);
	assert_int_equal(rvl_sad_policy_count(bed->sad), 1 + 16 * (id - 1));
	assert_int_equal(rvl_sad_child_count(bed->sad), id - 1);
}

/* What `dynamic` stands for is known with the first SA: from then on it is held. */
static void flow_that_nothing_held_is_held_after_its_sa(void **state)
{
	struct ike_ts_list local = ts_of("10.1.0.0/16"), remote = ts_of("10.2.0.0/16"),
			   narrow = ts_of("10.2.0.0/24"), wide = ts_of("0.0.0.0/0");
	struct rvl_backend_error error = {""};
	struct rvl_child child = child_of(1, &local, &remote), inner = child_of(2, &local, &narrow);
	struct bed *bed = *state;

	assert_true(clear_comes_in(bed, 1024));
	assert_int_equal(add_child(bed->sad, &child, &error), 0);
	assert_int_equal(rvl_sad_policy_count(bed->sad), 1);
	assert_int_equal(add_child(bed->sad, &inner, &error), 0);
	assert_int_equal(rvl_sad_policy_count(bed->sad), 2);
	assert_int_equal(rvl_sad_child_remove(bed->sad, 1, &error), 0);
	assert_int_equal(rvl_sad_child_remove(bed->sad, 2, &error), 0);
	assert_int_equal(rvl_sad_policy_count(bed->sad), 1);
	assert_int_equal(spi_on_the_wire(bed), 0);
	assert_false(clear_comes_in(bed, 1024));
	inner.in.encr_key_len = 0;
	assert_int_equal(add_child(bed->sad, &inner, &error), -EOPNOTSUPP);
	inner = child_of(2, &wide, &wide);
	inner.out.spi = 255;
	assert_int_equal(add_child(bed->sad, &inner, &error), -EINVAL);
	assert_int_equal(rvl_sad_policy_count(bed->sad), 1);
}

/* Peers that come and go with an address of their own each. */
static void discards_of_past_children_stay(void **state)
{
	struct ike_ts_list local = ts_of("10.1.0.0/16"), remote = ts_of("10.2.0.0/16");
	struct rvl_backend_error error = {""};
	struct bed *bed = *state;
	struct rvl_child last;

	for (unsigned int i = 0; i < 300; i++) {
		struct rvl_child child;
		char text[32];

		snprintf(text, sizeof(text), "10.3.%u.%u/32", i / 100, i % 100);
		remote = ts_of(text);
		child = child_of(i + 1, &local, &remote);
		assert_int_equal(add_child(bed->sad, &child, &error), 0);
		assert_int_equal(rvl_sad_child_remove(bed->sad, i + 1, &error), 0);
		assert_int_equal(rvl_sad_policy_count(bed->sad), i + 1);
	}
	/* What is full has no room for another child. */
	for (unsigned int i = 300; i < BED_POLICIES; i++) {
		struct rvl_child child;
		char text[32];

		snprintf(text, sizeof(text), "10.3.%u.%u/32", i / 100, i % 100);
		remote = ts_of(text);
		child = child_of(i + 1, &local, &remote);
		assert_int_equal(add_child(bed->sad, &child, &error), 0);
	}
	assert_int_equal(rvl_sad_policy_count(bed->sad), BED_POLICIES);
	remote = ts_of("10.2.0.0/16");
	last = child_of(20000, &local, &remote);
	assert_int_equal(add_child(bed->sad, &last, &error), -ENOSPC);
	assert_int_equal(rvl_sad_child_count(bed->sad), BED_POLICIES - 300);
	assert_int_equal(rvl_sad_sa_count(bed->sad, RVL_OUTBOUND), BED_POLICIES - 300);
	assert_int_equal(rvl_sad_sa_count(bed->sad, RVL_INBOUND), BED_POLICIES - 300);
}

static void ike_passes_from_own_addresses_only(void **state)
{
	struct ike_ts_list local = ts_of("10.1.0.0/16"), remote = ts_of("10.2.0.0/16");
	struct ike_addr any = {0}, own = addr_of("192.0.2.1"), in = addr_of("10.1.0.1");
	struct rvl_backend_error error = {""};
	struct bed *bed = *state;
	uint8_t frame[256];

	assert_int_equal(rvl_sad_protect(bed->sad, NULL, &local, &remote, &error), 0);
	assert_int_equal(rvl_sad_bypass_ike(bed->sad, &any, &any, &ike_ports, &error), -EINVAL);
	assert_int_equal(rvl_sad_policy_count(bed->sad), 1);
	assert_int_equal(rvl_sad_bypass_ike(bed->sad, &own, &any, &ike_ports, &error), 0);
	assert_int_equal(spi_from_port(bed, 4500, frame), 0);
	assert_false(clear_comes_in(bed, 4500));
	assert_int_equal(rvl_sad_bypass_ike(bed->sad, &in, &any, &ike_ports, &error), 0);
	assert_int_equal(spi_from_port(bed, 4500, frame), 1);
	assert_int_equal(spi_from_port(bed, 4501, frame), 0);
	assert_true(clear_comes_in(bed, 4500));
	assert_false(clear_comes_in(bed, 4501));
}

/* The same selector may be let through and held: which of them counts is their priority's matter.
 */
static void same_selector_with_another_action_is_another_policy(void **state)
{
	struct ike_ts_list local = ts_of("10.1.0.1/32[udp/4500]"), remote = ts_of("10.2.0.1[udp]");
	struct ike_addr own = addr_of("10.1.0.1"), peer = addr_of("10.2.0.1");
	struct rvl_backend_error error = {""};
	struct bed *bed = *state;
	uint8_t frame[256];

	assert_int_equal(rvl_sad_protect(bed->sad, NULL, &local, &remote, &error), 0);
	assert_int_equal(spi_from_port(bed, 4500, frame), 0);
	assert_int_equal(rvl_sad_bypass_ike(bed->sad, &own, &peer, &ike_ports, &error), 0);
	assert_int_equal(rvl_sad_policy_count(bed->sad), 3);
	assert_int_equal(spi_from_port(bed, 4500, frame), 1);
}

/* A NAT moves the peer: what follows goes there, with sequence numbers that were never used. */
static void sa_moves_to_other_addresses_without_using_a_sequence_number_twice(void **state)
{
	struct ike_ts_list local = ts_of("10.1.0.0/16"), remote = ts_of("10.2.0.0/16");
	struct ike_addr own = addr_of("192.0.2.1"), there = addr_of("192.0.2.3");
	struct rvl_sa_stats in, out;
	struct rvl_backend_error error = {""};
	struct rvl_child child = child_of(1, &local, &remote);
	struct bed *bed = *state;
	uint8_t frame[256];

	own.port = 4500;
	in_udp(&child, 4500);
	there.port = 31337;
	child.in.lifetime.hard_packets = child.out.lifetime.hard_packets = 5;
	assert_int_equal(add_child(bed->sad, &child, &error), 0);
	for (uint32_t i = 1; i <= 3; i++) {
		spi_from_port(bed, 1024, frame);
		assert_int_equal(rvl_get_be32(frame + 46), i);
	}
	assert_int_equal(rvl_get_be32(frame + 30), 0xc0000202);
	assert_int_equal(rvl_sad_child_move(bed->sad, 2, &own, &there, true, &error), -ENOENT);
	assert_int_equal(rvl_sad_child_move(bed->sad, 1, &own, &there, true, &error), 0);
	spi_from_port(bed, 1024, frame);
	assert_int_equal(rvl_get_be32(frame + 30), 0xc0000203);
	assert_int_equal(rvl_get_be16(frame + 36), 31337);
	assert_int_equal(rvl_get_be32(frame + 42), 0x20001);
	assert_true(rvl_get_be32(frame + 46) > 0x10000);
	assert_int_equal(rvl_sad_child_query(bed->sad, 1, &in, &out, &error), 0);
	assert_int_equal(out.packets, 4);
	/* What is the same is left as it is. */
	assert_int_equal(rvl_sad_child_move(bed->sad, 1, &own, &there, true, &error), 0);
	/* The NAT has gone. Its lifetime goes on where it was. */
	assert_int_equal(rvl_sad_child_move(bed->sad, 1, &own, &there, false, &error), 0);
	spi_from_port(bed, 1024, frame);
	assert_int_equal(frame[23], 50);
	assert_int_equal(rvl_get_be32(frame + 34), 0x20001);
	assert_in_range(rvl_get_be32(frame + 38), 0x20003, 0x20007);
	assert_int_equal(spi_from_port(bed, 1024, frame), 0);
	assert_int_equal(rvl_sad_child_move(bed->sad, 1, &own, &there, true, &error), -EKEYEXPIRED);
	assert_int_equal(spi_from_port(bed, 1024, frame), 0);
	assert_int_equal(rvl_sad_child_remove(bed->sad, 1, &error), 0);
	assert_int_equal(rvl_sad_sa_count(bed->sad, RVL_OUTBOUND), 0);
}

/* The peer wants all that follows to be further up: by so many, and by what may be under way. */
static void sa_goes_on_with_sequence_numbers_further_up(void **state)
{
	struct ike_ts_list local = ts_of("10.1.0.0/16"), remote = ts_of("10.2.0.0/16");
	struct rvl_child child = child_of(1, &local, &remote);
	struct rvl_backend_error error = {""};
	struct rvl_sa_stats in, out;
	struct bed *bed = *state;
	uint8_t frame[256];

	child.in.lifetime.hard_packets = child.out.lifetime.hard_packets = 6;
	assert_int_equal(rvl_sad_child_skip(bed->sad, 1, 10, &error), -ENOENT);
	assert_int_equal(rvl_sad_child_inbound(bed->sad, &child, &error), 0);
	assert_int_equal(rvl_sad_child_skip(bed->sad, 1, 0xf0000000, &error), 0);
	assert_int_equal(rvl_sad_child_outbound(bed->sad, 1, &error), 0);
	assert_int_equal(rvl_sad_child_use(bed->sad, 1, &error), 0);
	for (uint32_t i = 1; i <= 2; i++) {
		spi_from_port(bed, 1024, frame);
		assert_int_equal(rvl_get_be32(frame + 38), i);
	}
	assert_int_equal(rvl_sad_child_skip(bed->sad, 1, 10, &error), 0);
	spi_from_port(bed, 1024, frame);
	assert_int_equal(rvl_get_be32(frame + 34), 0x20001);
	assert_int_equal(rvl_get_be32(frame + 38), 0x10003);
	assert_int_equal(rvl_sad_child_skip(bed->sad, 1, 0xc0000000, &error), 0);
	spi_from_port(bed, 1024, frame);
	assert_int_equal(rvl_get_be32(frame + 38), 0xc0010004);
	assert_int_equal(rvl_sad_child_query(bed->sad, 1, &in, &out, &error), 0);
	assert_int_equal(out.packets, 4);
	/* So many aren't left. */
	assert_int_equal(rvl_sad_child_skip(bed->sad, 1, 0x3ffe0000, &error), -EKEYEXPIRED);
	assert_string_equal(error.text, "it is near its end");
	assert_int_equal(spi_from_port(bed, 1024, frame), 0);
	assert_int_equal(rvl_sad_child_skip(bed->sad, 1, UINT32_MAX, &error), -EKEYEXPIRED);
	assert_int_equal(rvl_sad_child_remove(bed->sad, 1, &error), 0);
}

static void child_between_ipv6_hosts(void **state)
{
	struct ike_ts_list local = ts_of("10.1.0.0/16"), remote = ts_of("10.2.0.0/16");
	const struct ike_addr own = addr_of("2001:db8::1"), peer = addr_of("2001:db8::2"),
			      there = addr_of("2001:db8::3"), four = addr_of("192.0.2.2");
	const struct ike_addr any = {0};
	struct rvl_backend_error error = {""};
	struct rvl_child child = child_of(1, &local, &remote);
	struct bed *bed = *state;
	uint8_t frame[256];

	child.in.dst = child.out.src = ike_addr_ip(&own);
	child.in.src = child.out.dst = ike_addr_ip(&four);
	assert_int_equal(add_child(bed->sad, &child, &error), -EOPNOTSUPP);
	assert_string_equal(error.text, "outer addresses of two families");
	/* Whatever else of IPv6 is protected, IKE passes by its two ports. */
	assert_int_equal(rvl_sad_protect(bed->sad, NULL, &local, &remote, &error), 0);
	assert_int_equal(rvl_sad_bypass_ike(bed->sad, &own, &peer, &ike_ports, &error), 0);
	assert_int_equal(rvl_sad_bypass_ike(bed->sad, &own, &any, &ike_ports, &error), 0);
	assert_int_equal(rvl_sad_bypass_ike(bed->sad, &four, &peer, &ike_ports, &error), -EINVAL);
	assert_int_equal(rvl_sad_policy_count(bed->sad), 1 + 2 + 2);
	child.in.src = child.out.dst = ike_addr_ip(&peer);
	assert_int_equal(add_child(bed->sad, &child, &error), 0);
	assert_int_equal(spi_from_port(bed, 1024, frame), 0x20001);
	assert_memory_equal(frame + 22, own.ip, 16);
	assert_memory_equal(frame + 38, peer.ip, 16);
	assert_int_equal(rvl_sad_child_move(bed->sad, 1, &own, &four, false, &error), -EOPNOTSUPP);
	assert_int_equal(rvl_sad_child_move(bed->sad, 1, &own, &there, false, &error), 0);
	assert_int_equal(spi_from_port(bed, 1024, frame), 0x20001);
	assert_memory_equal(frame + 38, there.ip, 16);
	assert_int_equal(rvl_sad_child_remove(bed->sad, 1, &error), 0);
	assert_int_equal(spi_from_port(bed, 1024, frame), BED_HELD);
}

static void look_for_clear(struct bed *bed)
{
	assert_int_not_equal(spi_on_the_wire(bed), BED_CLEAR);
	assert_false(clear_comes_in(bed, 1024));
	bed->looks++;
}

static void policy_that_stays_discards_instead(void **state)
{
	struct ike_ts_list local = ts_of("10.1.0.0/16"), remote = ts_of("10.2.0.0/16"),
			   wide = ts_of("10.2.0.0/15");
	struct rvl_backend_error error = {""};
	struct rvl_child child = child_of(1, &local, &remote);
	struct bed *bed = *state;

	assert_int_equal(rvl_sad_protect(bed->sad, NULL, &local, &wide, &error), 0);
	assert_int_equal(add_child(bed->sad, &child, &error), 0);
	bed->no_clear = true;
	assert_int_equal(rvl_sad_child_remove(bed->sad, 1, &error), -EIO);
	assert_string_equal(error.text, "a policy that stays");
	assert_false(rvl_sad_broken(bed->sad));
	assert_int_equal(spi_on_the_wire(bed), 0);
	/* It serves the next SA. */
	assert_int_equal(add_child(bed->sad, &child, &error), 0);
	assert_int_equal(rvl_sad_policy_count(bed->sad), 2);
	assert_int_equal(spi_on_the_wire(bed), 0x20001);
	bed->no_discard = true;
	assert_int_equal(rvl_sad_child_remove(bed->sad, 1, &error), -EIO);
	assert_true(rvl_sad_broken(bed->sad));
}

/* Its policy is the flow's: there is none to take back, and one that goes on leading breaks it. */
static void policy_that_holds_and_protects_is_never_taken_back(void **state)
{
	struct rvl_backend_error error = {""};
	struct bed *bed = *state;

	bed->no_clear = true;
	bed->watch = look_for_clear;
	for (int i = 0; i < 2; i++) {
		take_steps(bed, 1, 0, 3);
		assert_int_equal(spi_on_the_wire(bed), BED_OUT + 1);
		assert_counts(bed, 1, 1, 1, 1);
		child_remove(bed, 1);
		assert_int_equal(spi_on_the_wire(bed), BED_HELD);
		assert_counts(bed, 0, 0, 0, 1);
	}
	assert_int_equal(bed->looks, 2 * 6);
	take_steps(bed, 1, 0, 3);
	bed->no_discard = true;
	assert_int_equal(rvl_sad_child_remove(bed->sad, 1, &error), -EIO);
	assert_true(rvl_sad_broken(bed->sad));
	bed->no_clear = bed->no_discard = false;
}

static void sa_that_stays_is_told_and_counted(void **state)
{
	struct ike_ts_list local = ts_of("10.1.0.0/16"), remote = ts_of("10.2.0.0/16");
	struct rvl_backend_error error = {""};
	struct rvl_child child = child_of(1, &local, &remote);
	struct bed *bed = *state;

	assert_int_equal(add_child(bed->sad, &child, &error), 0);
	bed->no_delete = true;
	assert_int_equal(rvl_sad_child_remove(bed->sad, 1, &error), -EIO);
	assert_string_equal(error.text, "an SA that stays");
	assert_false(rvl_sad_broken(bed->sad));
	assert_int_equal(rvl_sad_child_count(bed->sad), 0);
	assert_int_equal(rvl_sad_sa_count(bed->sad, RVL_INBOUND), 1);
	assert_int_equal(spi_on_the_wire(bed), 0);
}

/* More SAs reach their lifetime at once than there is room for events. */
static void no_event_is_lost(void **state)
{
	enum { COUNT = 700 };
	struct bed *bed = *state;
	const struct rvl_backend_ops *ops = bed->backend->ops;
	struct rvl_policy policy = {.selector = rvl_selector_any(4), .action = RVL_PROTECT};
	struct rvl_sa_params params = {.direction = RVL_OUTBOUND,
				       .src = rvl_addr_of_ipv4(0xc0000201),
				       .dst = rvl_addr_of_ipv4(0xc0000202),
				       .inner = RVL_FAMILY_IPV4,
				       .encr = IKE_ENCR_AES_GCM_16,
				       .encr_key_len = 16,
				       .lifetime.hard_packets = 1};
	struct rvl_backend_error error = {""};
	struct rvl_backend_event event;
	static bool seen[COUNT];
	uint32_t index = RVL_BACKEND_ANY, gone = 0;
	int events = 0;

	for (uint32_t i = 0; i < COUNT; i++) {
		params.spi = 0x1000 + i;
		assert_int_equal(ops->sa_add(bed->backend, &params, NULL, &policy.sa, &error), 0);
		assert_int_equal(ops->policy_set(bed->backend, &policy,
						 &(const struct rvl_scopes){0}, &index, &error),
				 0);
		assert_int_equal(spi_on_the_wire(bed), params.spi);
		gone = policy.sa;
	}
	assert_int_equal(ops->sa_delete(bed->backend, RVL_OUTBOUND, gone, &error), 0);
	for (; ops->next_event(bed->backend, &event) > 0; events++) {
		assert_int_equal(event.events, RVL_ESP_EVENT_HARD_PACKETS);
		assert_in_range(event.spi, 0x1000, 0x1000 + COUNT - 2);
		assert_false(seen[event.spi - 0x1000]);
		seen[event.spi - 0x1000] = true;
	}
	assert_int_equal(events, COUNT - 1);
}

static void swallow(void *context, uint8_t *frame, size_t len, uint32_t sa)
{
	(void)context;
	(void)frame;
	(void)len;
	(void)sa;
}

/* ESP in UDP comes in on the port that was asked for. */
static void udp_port_of_esp_is_the_configured_one(void **state)
{
	struct ike_ts_list local = ts_of("10.1.0.0/16"), remote = ts_of("10.2.0.0/16");
	struct rvl_backend_error error = {""};
	struct rvl_child out = child_of(1, &local, &remote), in = child_of(2, &remote, &local);
	struct rvl_backend *backend;
	struct bed *bed = *state;
	struct rvl_sa_stats s, ignored;
	struct rvl_sad *sad;
	uint8_t frame[256];

	assert_int_equal(bed_open("wire1", 500, 5000, &backend, &error), 0);
	sad = rvl_sad_new(backend);
	assert_non_null(sad);
	in_udp(&out, 5000);
	in.in = out.out;
	in.in.direction = RVL_INBOUND;
	in.out = out.in;
	in.out.direction = RVL_OUTBOUND;
	assert_int_equal(add_child(bed->sad, &out, &error), 0);
	assert_int_equal(add_child(sad, &in, &error), 0);
	assert_false(rvl_sad_child_heard(sad, 2));
	spi_from_port(bed, 1024, frame);
	assert_int_equal(rvl_get_be16(frame + 36), 5000);
	backend->frames->ops->poll(backend->frames, swallow, NULL);
	assert_int_equal(rvl_sad_child_query(sad, 2, &s, &ignored, &error), 0);
	assert_int_equal(s.packets, 1);
	assert_true(rvl_sad_child_heard(sad, 2));
	assert_false(rvl_sad_child_heard(sad, 2));
	assert_false(rvl_sad_child_heard(sad, 3));
	rvl_sad_free(sad);
	backend->ops->close(backend);
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void spis_never_collide(void **state)
{
	static uint32_t spis[BED_SAS];
	struct bed *bed = *state;

	for (int i = 0; i < BED_SAS; i++) {
		spis[i] = rvl_sad_alloc_spi(bed->sad, 0);
		assert_true(spis[i] >= RVL_SPI_MIN);
	}
	assert_int_equal(rvl_sad_alloc_spi(bed->sad, 0), 0);
	rvl_sad_release_spi(bed->sad, spis[17]);
	spis[17] = rvl_sad_alloc_spi(bed->sad, 0);
	assert_int_not_equal(spis[17], 0);
	qsort(spis, BED_SAS, sizeof(spis[0]), compare);
	for (int i = 1; i < BED_SAS; i++)
		assert_int_not_equal(spis[i], spis[i - 1]);
}

static void count(void *context, const struct rvl_selector *selector,
		  const struct rvl_scopes *scopes, enum rvl_action action)
{
	(void)scopes;
	(void)selector;
	*(unsigned int *)context += action == RVL_DISCARD ? 1 : 100;
}

static int release(struct bed *bed, unsigned int *released)
{
	struct rvl_backend_error error = {""};

	*released = 0;
	return rvl_sad_release(bed->sad, count, released, &error);
}

/* Of what was configured, that stays which is configured again, and what a child has. */
static void what_is_not_named_again_is_open_once_it_is_released(void **state)
{
	const struct ike_addr own = addr_of("10.1.0.1"), peer = addr_of("10.2.0.1");
	const struct ike_ts_list local = ts_of("10.1.0.0/16"), remote = ts_of("10.2.0.0/16");
	const struct ike_ts_list other = ts_of("10.3.0.0/16");
	struct rvl_backend_error error = {""};
	struct bed *bed = *state;
	unsigned int released;

	assert_int_equal(rvl_sad_protect(bed->sad, NULL, &local, &other, &error), 0);
	assert_int_equal(rvl_sad_bypass_ike(bed->sad, &own, &peer, &ike_ports, &error), 0);
	assert_counts(bed, 0, 0, 0, 4);
	rvl_sad_unname(bed->sad);
	assert_int_equal(spi_on_the_wire(bed), BED_HELD);
	assert_int_equal(rvl_sad_bypass_ike(bed->sad, &own, &peer, &ike_ports, &error), 0);
	assert_int_equal(rvl_sad_protect(bed->sad, NULL, &local, &remote, &error), 0);
	assert_int_equal(release(bed, &released), 0);
	assert_int_equal(released, 1);
	assert_counts(bed, 0, 0, 0, 3);
	assert_int_equal(spi_on_the_wire(bed), BED_HELD);
	assert_false(clear_comes_in(bed, 53));
	take_steps(bed, 1, 0, 3);
	rvl_sad_unname(bed->sad);
	bed->no_clear = true;
	assert_int_not_equal(release(bed, &released), 0);
	assert_counts(bed, 1, 1, 1, 3);
	bed->no_clear = false;
	assert_int_equal(release(bed, &released), 0);
	assert_int_equal(released, 200);
	assert_counts(bed, 1, 1, 1, 1);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 1);
	/* It is held after its child, until it is released. Named once more, it is configured as
	 * ever. */
	child_remove(bed, 1);
	assert_int_equal(spi_on_the_wire(bed), BED_HELD);
	assert_false(clear_comes_in(bed, 53));
	rvl_sad_unname(bed->sad);
	assert_int_equal(release(bed, &released), 0);
	assert_counts(bed, 0, 0, 0, 0);
	assert_int_equal(rvl_sad_protect(bed->sad, NULL, &local, &remote, &error), 0);
	assert_int_equal(spi_on_the_wire(bed), BED_HELD);
	rvl_sad_unname(bed->sad);
	assert_int_equal(release(bed, &released), 0);
	assert_counts(bed, 0, 0, 0, 0);
	assert_int_equal(spi_on_the_wire(bed), BED_CLEAR);
	assert_true(clear_comes_in(bed, 53));
}

/* A narrower discard of before would have packets of what is protected now. */
static void what_is_hidden_by_an_earlier_discard_is_not_for_long(void **state)
{
	const struct ike_ts_list local = ts_of("10.1.0.0/16"), narrow = ts_of("10.2.0.0/24");
	const struct ike_ts_list other = ts_of("10.3.0.0/16"), remote = ts_of("10.2.0.0/16");
	struct rvl_backend_error error = {""};
	struct bed *bed = *state;

	for (unsigned int flows = 0; flows < 2; flows++) {
		assert_int_equal(rvl_sad_protect(bed->sad, NULL, &local, &narrow, &error), 0);
		assert_int_equal(rvl_sad_protect(bed->sad, NULL, &local, &other, &error), 0);
		bed->theirs = narrow;
		if (flows)
			take_steps(bed, 2, 0, 3);
		bed->theirs = remote;
		take_steps(bed, 1, 0, 3);
		assert_int_equal(spi_on_the_wire(bed), flows ? BED_OUT + 2 : BED_HELD);
		rvl_sad_unname(bed->sad);
		assert_int_equal(rvl_sad_protect(bed->sad, NULL, &local, &remote, &error), 0);
		rvl_sad_absorb(bed->sad);
		if (flows) {
			assert_int_equal(spi_on_the_wire(bed), BED_OUT + 2);
			child_remove(bed, 2);
		}
		assert_int_equal(spi_on_the_wire(bed), BED_OUT + 1);
		assert_counts(bed, 1, 1, 1, 2);
		child_remove(bed, 1);
		assert_int_equal(spi_on_the_wire(bed), BED_HELD);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(newest_sa_of_a_flow_has_its_traffic, bed_set_up,
						bed_tear_down),
		cmocka_unit_test_setup_teardown(child_that_is_refused_leaves_nothing, bed_set_up,
						bed_tear_down),
		cmocka_unit_test_setup_teardown(child_beyond_the_policy_table_is_taken_back,
						bed_set_up, bed_tear_down),
		cmocka_unit_test_setup_teardown(flow_that_nothing_held_is_held_after_its_sa,
						bed_set_up, bed_tear_down),
		cmocka_unit_test_setup_teardown(discards_of_past_children_stay, bed_set_up,
						bed_tear_down),
		cmocka_unit_test_setup_teardown(ike_passes_from_own_addresses_only, bed_set_up,
						bed_tear_down),
		cmocka_unit_test_setup_teardown(same_selector_with_another_action_is_another_policy,
						bed_set_up, bed_tear_down),
		cmocka_unit_test_setup_teardown(
			sa_moves_to_other_addresses_without_using_a_sequence_number_twice,
			bed_set_up, bed_tear_down),
		cmocka_unit_test_setup_teardown(sa_goes_on_with_sequence_numbers_further_up,
						bed_set_up, bed_tear_down),
		cmocka_unit_test_setup_teardown(child_between_ipv6_hosts, bed_set_up,
						bed_tear_down),
		cmocka_unit_test_setup_teardown(policy_that_stays_discards_instead, bed_set_up,
						bed_tear_down),
		PROTECTED(policy_that_holds_and_protects_is_never_taken_back),
		cmocka_unit_test_setup_teardown(sa_that_stays_is_told_and_counted, bed_set_up,
						bed_tear_down),
		cmocka_unit_test_setup_teardown(no_event_is_lost, bed_set_up, bed_tear_down),
		cmocka_unit_test_setup_teardown(udp_port_of_esp_is_the_configured_one, bed_set_up,
						bed_tear_down),
		cmocka_unit_test_setup_teardown(spis_never_collide, bed_set_up, bed_tear_down),
		PROTECTED(what_is_not_named_again_is_open_once_it_is_released),
		PROTECTED(what_is_hidden_by_an_earlier_discard_is_not_for_long),
	};

	if (geteuid()) {
		printf("1..0 # skip network namespaces need root\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
