// SPDX-License-Identifier: BSD-2-Clause
// The path of Ethernet frames: policies, SAs, VLAN tags, and counters that add up.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/esp/engine.h"

#define ROOM 4096
#define LOCAL 0xc0000201u
#define REMOTE 0xc0000202u
#define NET_A 0x0a010000u
#define NET_B 0x0a020000u

static uint64_t seed = 0x5eed4303;

struct frame {
	struct rvl_buf buf;
	uint8_t room[ROOM];
};

static uint32_t random32(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

/* An IPv4 frame with the given number of VLAN tags, ports in its first payload octets. */
static void make(struct frame *frame, int tags, uint32_t src, uint32_t dst, uint8_t protocol,
		 uint16_t sport, uint16_t dport, uint16_t fragment, size_t payload)
{
	uint8_t *p = frame->room + 64;
	size_t at = 12;

	frame->buf = (struct rvl_buf){frame->room, ROOM, 64, 0};
	memset(p, 0x22, 12);
	for (int i = 0; i < tags; i++) {
		rvl_put_be16(p + at, i + 1 < tags ? 0x88a8 : 0x8100);
		rvl_put_be16(p + at + 2, (uint16_t)(100 + i));
		at += 4;
	}
	rvl_put_be16(p + at, 0x0800);
	at += 2;
	memset(p + at, 0, 20);
	p[at] = 0x45;
	rvl_put_be16(p + at + 2, (uint16_t)(20 + payload));
	rvl_put_be16(p + at + 6, fragment);
	p[at + 8] = 64;
	p[at + 9] = protocol;
	rvl_put_be32(p + at + 12, src);
	rvl_put_be32(p + at + 16, dst);
	rvl_put_be16(p + at + 10, rvl_ip_checksum(p + at, 20));
	for (size_t i = 0; i < payload; i++)
		p[at + 20 + i] = (uint8_t)random32();
	if (payload >= 4) {
		rvl_put_be16(p + at + 20, sport);
		rvl_put_be16(p + at + 22, dport);
	}
	frame->buf.len = at + 20 + payload;
	while (frame->buf.len < 60)
		p[frame->buf.len++] = 0;
}

static struct rvl_engine *new_engine(uint16_t max_frame)
{
	const struct rvl_engine_config config = {.outbound_sas = 64,
						 .inbound_sas = 64,
						 .policies = 16,
						 .ipv6 = true,
						 .max_frame = max_frame};
	struct rvl_engine *engine = rvl_engine_new(&config);

	assert_non_null(engine);
	return engine;
}

/* In UDP or not, over IPv6 or IPv4, by its index. */
static struct rvl_sa_params params_of(enum rvl_direction direction, uint16_t index)
{
	static const uint8_t local[16] = {0x20, 1, 0x0d, 0xb8, [15] = 1};
	static const uint8_t remote[16] = {0x20, 1, 0x0d, 0xb8, [15] = 2};
	struct rvl_sa_params params = {
		.direction = direction,
		.spi = 0x1000u + index,
		.src = index & 4 ? rvl_addr_of_ipv6(local) : rvl_addr_of_ipv4(LOCAL),
		.dst = index & 4 ? rvl_addr_of_ipv6(remote) : rvl_addr_of_ipv4(REMOTE),
		.inner = RVL_FAMILY_IPV4,
		.encr = IKE_ENCR_AES_GCM_16,
		.encr_key_len = index & 1 ? 16 : 32,
		.encap = index & 2,
		.src_port = index & 2 ? 4500 : 0,
		.dst_port = index & 2 ? 4500 : 0,
		.replay_window = direction == RVL_INBOUND ? 64 : 0,
	};

	memset(params.encr_key, index + 1, sizeof(params.encr_key));
	return params;
}

static void add_sa(struct rvl_engine *engine, enum rvl_direction direction, uint16_t index)
{
	const struct rvl_sa_params params = params_of(direction, index);

	assert_int_equal(rvl_engine_sa_add(engine, index, &params, 0), 0);
}

static void add_policy(struct rvl_engine *engine, uint16_t index, uint32_t priority,
		       enum rvl_action action, uint8_t protocol, uint16_t dport, uint16_t sa)
{
	struct rvl_policy policy = {.priority = priority, .action = action, .sa = sa};

	policy.selector = rvl_selector_any(4);
	if (action == RVL_PROTECT) {
		policy.selector.src = rvl_prefix_ipv4(NET_A, 16);
		policy.selector.dst = rvl_prefix_ipv4(NET_B, 16);
	}
	if (protocol) {
		policy.selector.any_protocol = false;
		policy.selector.protocol = protocol;
	}
	if (dport)
		policy.selector.dst_port_first = policy.selector.dst_port_last = dport;
	assert_int_equal(rvl_engine_policy_set(engine, index, &policy), 0);
}

static struct rvl_engine_result send_frame(struct rvl_engine *engine, struct frame *frame)
{
	return rvl_engine_tx(engine, 0, &frame->buf, RVL_ENGINE_NO_SA);
}

static void frame_comes_back_with_its_ethernet_header(void **state)
{
	struct rvl_engine *a = new_engine(0), *b = new_engine(0);
	static struct frame frame;

	(void)state;
	for (uint16_t i = 0; i < 64; i++) {
		add_sa(a, RVL_OUTBOUND, i);
		add_sa(b, RVL_INBOUND, i);
	}
	add_policy(a, 3, 10, RVL_PROTECT, 0, 0, 0);
	for (int i = 0; i < 1000; i++) {
		uint16_t sa = (uint16_t)(random32() % 64);
		size_t payload = i < 200 ? (size_t)i : random32() % 1400;
		size_t ether, len;
		uint8_t copy[ROOM];
		struct rvl_engine_result r;

		make(&frame, i % 3, NET_A + 1, NET_B + 1, 17, 1, 2, 0, payload);
		ether = 14 + (size_t)(i % 3) * 4;
		len = ether + 20 + payload;
		memcpy(copy, rvl_buf_data(&frame.buf), len);
		r = rvl_engine_tx(a, 0, &frame.buf, sa);
		assert_int_equal(r.verdict, RVL_ENGINE_DONE);
		assert_memory_equal(rvl_buf_data(&frame.buf), copy, ether - 2);
		assert_int_equal(rvl_get_be16(rvl_buf_data(&frame.buf) + ether - 2),
				 sa & 4 ? 0x86dd : 0x0800);
		r = rvl_engine_rx(b, 0, &frame.buf);
		assert_int_equal(r.verdict, RVL_ENGINE_DONE);
		assert_int_equal(r.sa, sa);
		assert_int_equal(r.encap, !!(sa & 2));
		assert_int_equal(frame.buf.len, len);
		assert_memory_equal(rvl_buf_data(&frame.buf), copy, len);
	}
	rvl_engine_free(a);
	rvl_engine_free(b);
}

/* A data path that has no ESP over IPv6 says so, and doesn't look at it; and an EtherType that the
 * packet doesn't agree with is none. */
static void ipv6_passes_where_there_is_none(void **state)
{
	const struct rvl_engine_config config = {.outbound_sas = 8, .inbound_sas = 8};
	const struct rvl_sa_params params = params_of(RVL_INBOUND, 4);
	static const uint16_t types[] = {0x0800, 0x86dd};
	static struct frame frame;

	(void)state;
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		for (int type = 0; type < 2; type++) {
			struct rvl_engine *from = new_engine(0), *both = new_engine(0);
			struct rvl_engine *ipv4 = rvl_engine_new(&config);

			add_sa(from, RVL_OUTBOUND, ipv6 ? 4 : 0);
			assert_int_equal(rvl_engine_sa_add(ipv4, 4, &params, 0), -EINVAL);
			make(&frame, 1, NET_A + 1, NET_B + 1, 17, 1, 2, 0, 100);
			rvl_engine_tx(from, 0, &frame.buf, ipv6 ? 4 : 0);
			rvl_put_be16(rvl_buf_data(&frame.buf) + 16, types[type]);
			assert_int_equal(rvl_engine_rx(ipv4, 0, &frame.buf).verdict,
					 RVL_ENGINE_PASS);
			assert_int_equal(rvl_engine_counters(ipv4)->rx_sa_miss, !ipv6 && !type);
			assert_int_equal(rvl_engine_rx(both, 0, &frame.buf).verdict,
					 RVL_ENGINE_PASS);
			assert_int_equal(rvl_engine_counters(both)->rx_sa_miss, ipv6 == type);
			rvl_engine_free(from);
			rvl_engine_free(both);
			rvl_engine_free(ipv4);
		}
	}
}

static void policies_decide_by_priority_then_index(void **state)
{
	struct rvl_engine *engine = new_engine(0);
	static struct frame frame;

	(void)state;
	add_sa(engine, RVL_OUTBOUND, 0);
	add_policy(engine, 5, 100, RVL_PROTECT, 0, 0, 0);
	add_policy(engine, 7, 50, RVL_BYPASS, 17, 500, 0);
	add_policy(engine, 2, 200, RVL_DISCARD, 0, 0, 0);
	make(&frame, 0, NET_A + 1, NET_B + 1, 6, 1000, 80, 0, 40);
	assert_int_equal(send_frame(engine, &frame).verdict, RVL_ENGINE_DONE);
	make(&frame, 0, NET_A + 1, NET_B + 1, 17, 500, 500, 0, 40);
	assert_int_equal(send_frame(engine, &frame).verdict, RVL_ENGINE_PASS);
	make(&frame, 0, LOCAL, REMOTE, 6, 1, 2, 0, 40);
	assert_int_equal(send_frame(engine, &frame).drop, RVL_DROP_POLICY);
	add_policy(engine, 4, 100, RVL_DISCARD, 6, 0, 0);
	make(&frame, 0, NET_A + 1, NET_B + 1, 6, 1000, 80, 0, 40);
	assert_int_equal(send_frame(engine, &frame).drop, RVL_DROP_POLICY);
	assert_int_equal(rvl_engine_policy_clear(engine, 4), 0);
	assert_int_equal(rvl_engine_policy_clear(engine, 4), -ENOENT);
	assert_int_equal(rvl_engine_policy_clear(engine, 16), -EINVAL);
	make(&frame, 0, NET_A + 1, NET_B + 1, 6, 1000, 80, 0, 40);
	assert_int_equal(send_frame(engine, &frame).verdict, RVL_ENGINE_DONE);
	/* What isn't IPv4 is nobody's. */
	make(&frame, 0, NET_A + 1, NET_B + 1, 6, 1000, 80, 0, 40);
	rvl_put_be16(rvl_buf_data(&frame.buf) + 12, 0x0806);
	assert_int_equal(send_frame(engine, &frame).verdict, RVL_ENGINE_PASS);
	rvl_engine_free(engine);
}

static void protected_flow_never_leaves_in_clear(void **state)
{
	struct rvl_engine *engine = new_engine(400);
	static struct frame frame;

	(void)state;
	add_policy(engine, 1, 100, RVL_PROTECT, 6, 80, 9);
	add_policy(engine, 0, 50, RVL_BYPASS, 17, 500, 0);
	make(&frame, 0, NET_A + 1, NET_B + 1, 6, 1000, 80, 0, 40);
	assert_int_equal(send_frame(engine, &frame).drop, RVL_DROP_NO_SA);
	add_sa(engine, RVL_OUTBOUND, 9);
	make(&frame, 0, NET_A + 1, NET_B + 1, 6, 1000, 80, 0, 40);
	assert_int_equal(send_frame(engine, &frame).verdict, RVL_ENGINE_DONE);
	/* A later fragment shows no ports: it is protected, and doesn't win the bypass. */
	make(&frame, 0, NET_A + 1, NET_B + 1, 6, 1000, 443, 0x0010, 40);
	assert_int_equal(send_frame(engine, &frame).verdict, RVL_ENGINE_DONE);
	add_policy(engine, 2, 200, RVL_PROTECT, 17, 0, 9);
	make(&frame, 0, NET_A + 1, NET_B + 1, 17, 500, 500, 0x0010, 40);
	assert_int_equal(send_frame(engine, &frame).verdict, RVL_ENGINE_DONE);
	make(&frame, 0, NET_A + 1, NET_B + 1, 17, 500, 500, 0, 40);
	assert_int_equal(send_frame(engine, &frame).verdict, RVL_ENGINE_PASS);
	/* The same for a segment too short to show them. */
	make(&frame, 0, NET_A + 1, NET_B + 1, 6, 0, 0, 0, 2);
	assert_int_equal(send_frame(engine, &frame).verdict, RVL_ENGINE_DONE);
	make(&frame, 0, NET_A + 1, NET_B + 1, 6, 1000, 443, 0, 40);
	assert_int_equal(send_frame(engine, &frame).verdict, RVL_ENGINE_PASS);
	make(&frame, 0, NET_A + 1, NET_B + 1, 6, 1000, 80, 0, 370);
	assert_int_equal(send_frame(engine, &frame).drop, RVL_DROP_TOO_BIG);
	make(&frame, 0, NET_A + 1, NET_B + 1, 6, 1000, 80, 0, 40);
	rvl_buf_data(&frame.buf)[14] = 0x44;
	assert_int_equal(send_frame(engine, &frame).drop, RVL_DROP_MALFORMED);
	make(&frame, 0, NET_A + 1, NET_B + 1, 6, 1000, 80, 0, 40);
	frame.buf.len = 70;
	assert_int_equal(send_frame(engine, &frame).drop, RVL_DROP_MALFORMED);
	assert_int_equal(rvl_engine_sa_delete(engine, RVL_OUTBOUND, 9), 0);
	assert_int_equal(rvl_engine_sa_delete(engine, RVL_OUTBOUND, 9), -ENOENT);
	make(&frame, 0, NET_A + 1, NET_B + 1, 6, 1000, 80, 0, 40);
	assert_int_equal(send_frame(engine, &frame).drop, RVL_DROP_NO_SA);
	rvl_engine_free(engine);
}

static void no_rule_is_bypassed_behind_a_third_vlan_tag(void **state)
{
	struct rvl_engine *engine = new_engine(0);
	struct rvl_engine_result result;
	static struct frame frame;

	(void)state;
	for (int tags = 0; tags < 6; tags++) {
		make(&frame, tags, NET_A, NET_B, 17, 1, 2, 0, 100);
		result = rvl_engine_tx(engine, 0, &frame.buf, RVL_ENGINE_NO_SA);
		assert_int_equal(result.verdict, tags < 3 ? RVL_ENGINE_PASS : RVL_ENGINE_DROP);
		if (tags >= 3)
			assert_int_equal(result.drop, RVL_DROP_MALFORMED);
	}
	assert_int_equal(rvl_engine_counters(engine)->tx_drops[RVL_DROP_MALFORMED], 3);
	/* Not IPv4, and with two tags: nothing that rules are about. */
	make(&frame, 2, NET_A, NET_B, 17, 1, 2, 0, 100);
	rvl_put_be16(rvl_buf_data(&frame.buf) + 20, 0x0806);
	result = rvl_engine_tx(engine, 0, &frame.buf, RVL_ENGINE_NO_SA);
	assert_int_equal(result.verdict, RVL_ENGINE_PASS);
	rvl_engine_free(engine);
}

static void inbound_sas_are_found_by_destination_and_spi(void **state)
{
	struct rvl_engine *engine = new_engine(0);
	struct rvl_sa_params params = {.direction = RVL_INBOUND,
				       .spi = 0x1234,
				       .src = rvl_addr_of_ipv4(9),
				       .dst = rvl_addr_of_ipv4(1),
				       .inner = RVL_FAMILY_IPV4,
				       .encr = IKE_ENCR_AES_GCM_16,
				       .encr_key_len = 16,
				       .replay_window = 32};

	(void)state;
	assert_int_equal(rvl_engine_sa_add(engine, 0, &params, 0), 0);
	assert_int_equal(rvl_engine_sa_add(engine, 0, &params, 0), -EBUSY);
	assert_int_equal(rvl_engine_sa_add(engine, 1, &params, 0), -EEXIST);
	assert_int_equal(rvl_engine_sa_add(engine, 64, &params, 0), -EINVAL);
	params.dst = rvl_addr_of_ipv4(2);
	assert_int_equal(rvl_engine_sa_add(engine, 1, &params, 0), 0);
	params.dst = rvl_addr_of_ipv4(3);
	assert_int_equal(rvl_engine_sa_add(engine, 2, &params, 0), 0);
	assert_int_equal(rvl_engine_sa_delete(engine, RVL_INBOUND, 1), 0);
	params.dst = rvl_addr_of_ipv4(1);
	assert_int_equal(rvl_engine_sa_add(engine, 3, &params, 0), -EEXIST);
	params.dst = rvl_addr_of_ipv4(2);
	assert_int_equal(rvl_engine_sa_add(engine, 3, &params, 0), 0);
	rvl_engine_free(engine);
}

/* Random frames through two engines, in both directions, good and bad. */
static void counters_add_up_to_what_went_in(void **state)
{
	struct rvl_engine *a = new_engine(900), *b = new_engine(0);
	const struct rvl_engine_counters *tx = rvl_engine_counters(a);
	const struct rvl_engine_counters *rx = rvl_engine_counters(b);
	uint64_t tx_sum, rx_sum;
	static struct frame frame;

	(void)state;
	for (uint16_t i = 0; i < 8; i++) {
		add_sa(a, RVL_OUTBOUND, i);
		if (i != 5)
			add_sa(b, RVL_INBOUND, i);
	}
	add_policy(a, 0, 1, RVL_BYPASS, 17, 500, 0);
	add_policy(a, 1, 2, RVL_PROTECT, 6, 0, 1);
	add_policy(a, 2, 3, RVL_PROTECT, 17, 80, 5);
	add_policy(a, 3, 4, RVL_DISCARD, 1, 0, 0);
	add_policy(a, 4, 5, RVL_PROTECT, 0, 0, 20);
	for (int i = 0; i < 20000; i++) {
		static const uint8_t protocols[] = {1, 6, 17, 50, 99};
		uint32_t sa = random32() % 8 ? RVL_ENGINE_NO_SA : random32() % 10;
		struct rvl_buf last;

		make(&frame, (int)(random32() % 4), NET_A + random32() % 3,
		     NET_B + (random32() % 8 ? 1 : 0x10000), protocols[random32() % 5], 5,
		     random32() & 1 ? 80 : 500, random32() % 16 ? 0 : 0x10, random32() % 1000);
		if (random32() % 16 == 0)
			frame.buf.len = random32() % (frame.buf.len + 1);
		if (rvl_engine_tx(a, 0, &frame.buf, sa).verdict == RVL_ENGINE_DROP)
			continue;
		if (random32() % 8 == 0 && frame.buf.len)
			rvl_buf_data(&frame.buf)[random32() % frame.buf.len] ^= 1u
										<< random32() % 8;
		if (random32() % 16 == 0)
			frame.buf.len = random32() % (frame.buf.len + 1);
		last = frame.buf;
		if (rvl_engine_rx(b, 0, &frame.buf).verdict == RVL_ENGINE_DROP && random32() & 1)
			rvl_engine_rx(b, 0, &last);
	}
	tx_sum = tx->tx_bypass + tx->tx_protected;
	rx_sum = rx->rx_pass + rx->rx_decrypted;
	for (int i = 0; i < RVL_DROP_COUNT; i++) {
		tx_sum += tx->tx_drops[i];
		rx_sum += rx->rx_drops[i];
	}
	assert_int_equal(tx->tx_frames, tx_sum);
	assert_int_equal(rx->rx_frames, rx_sum);
	assert_true(tx->tx_drops[RVL_DROP_POLICY] && tx->tx_drops[RVL_DROP_NO_SA] &&
		    tx->tx_drops[RVL_DROP_TOO_BIG] && tx->tx_drops[RVL_DROP_MALFORMED]);
	assert_true(rx->rx_sa_miss && rx->rx_drops[RVL_DROP_ICV] &&
		    rx->rx_drops[RVL_DROP_CHECKSUM] && rx->rx_drops[RVL_DROP_MALFORMED]);
	assert_true(rx->rx_decrypted && rx->rx_pass && tx->tx_bypass);
	rvl_engine_free(a);
	rvl_engine_free(b);
}

/* That of an IPv4 address, or the IPv6 one that begins and ends with the same octets. */
static struct rvl_addr address_of(bool ipv6, uint32_t address)
{
	struct rvl_addr addr = rvl_addr_of_ipv4(address);

	if (ipv6) {
		addr.family = 6;
		addr.octets[15] = (uint8_t)address;
	}
	return addr;
}

static struct rvl_prefix network_of(bool ipv6, uint32_t address)
{
	static const uint8_t ipv4_lens[] = {0, 8, 24, 31, 32};
	static const uint8_t ipv6_lens[] = {0, 32, 64, 127, 128};
	const struct rvl_addr addr = address_of(ipv6, address);
	size_t at = random32() % 5;

	return rvl_prefix_of(&addr, ipv6 ? ipv6_lens[at] : ipv4_lens[at]);
}

/* Of few addresses, lengths and ports, so that they often meet. */
static struct rvl_policy random_policy(void)
{
	const bool ipv6 = random32() % 2;
	struct rvl_policy policy = {
		.priority = random32() % 4,
		.selector = rvl_selector_any(ipv6 ? 6 : 4),
		.action = RVL_BYPASS + random32() % 3,
	};
	struct rvl_selector *s = &policy.selector;

	s->src = network_of(ipv6, NET_A + random32() % 4);
	s->dst = network_of(ipv6, NET_B + random32() % 4);
	if (random32() % 2) {
		s->any_protocol = false;
		s->protocol = RVL_IP_PROTO_UDP;
		s->dst_port_first = (uint16_t)(random32() % 4);
		s->dst_port_last = (uint16_t)(s->dst_port_first + random32() % 4);
	}
	return policy;
}

/* The lowest priority that matches, then the lowest index, by a walk over all. */
static const struct rvl_policy *walk(const struct rvl_policy *all, size_t count,
				     const struct rvl_ip *ip)
{
	const struct rvl_policy *best = NULL;

	for (size_t i = 0; i < count; i++)
		if (all[i].action && (!best || all[i].priority < best->priority) &&
		    rvl_selector_match(&all[i].selector, ip, all[i].action != RVL_BYPASS))
			best = &all[i];
	return best;
}

static bool is_discard(const void *context, const struct rvl_policy *policy)
{
	(void)context;
	return policy->action == RVL_DISCARD;
}

static void check_equal_and_over(const struct rvl_spd *spd, const struct rvl_policy *all,
				 size_t count)
{
	const struct rvl_selector part = random_policy().selector;
	const struct rvl_policy *equal = rvl_spd_equal(spd, &part);
	const struct rvl_policy *over = rvl_spd_over(spd, &part, is_discard, NULL);
	bool any_equal = false, any_over = false;

	for (size_t i = 0; i < count; i++) {
		if (!all[i].action)
			continue;
		any_equal |= rvl_selector_equal(&part, &all[i].selector);
		any_over |= all[i].action == RVL_DISCARD &&
			    rvl_selector_within(&part, &all[i].selector);
	}
	assert_int_equal(equal != NULL, any_equal);
	assert_int_equal(over != NULL, any_over);
	assert_true(!equal || rvl_selector_equal(&part, &equal->selector));
	assert_true(!over ||
		    (over->action == RVL_DISCARD && rvl_selector_within(&part, &over->selector)));
}

static void policy_look_up_agrees_with_a_walk_over_all(void **state)
{
	enum { POLICIES = 200 };
	struct rvl_policy all[POLICIES] = {0}; /* action 0: an empty slot */
	struct rvl_spd *spd = rvl_spd_new(POLICIES);

	(void)state;
	assert_non_null(spd);
	for (int round = 0; round < 20000; round++) {
		size_t at = random32() % POLICIES;
		const struct rvl_policy *found, *want;
		const bool ipv6 = random32() % 2;
		struct rvl_ip ip = {
			.src = address_of(ipv6, NET_A + random32() % 5),
			.dst = address_of(ipv6, NET_B + random32() % 5),
			.protocol = random32() % 4 ? RVL_IP_PROTO_UDP : RVL_IP_PROTO_ICMP,
			.ports = random32() % 8 ? RVL_PORTS_BOTH : RVL_PORTS_UNSEEN,
			.dst_port = (uint16_t)(random32() % 6),
		};

		if (random32() % 2) {
			all[at] = random_policy();
			assert_int_equal(rvl_spd_set(spd, at, &all[at]), 0);
		} else {
			assert_int_equal(rvl_spd_clear(spd, at), all[at].action ? 0 : -ENOENT);
			all[at].action = 0;
		}
		found = rvl_spd_lookup(spd, &ip);
		want = walk(all, POLICIES, &ip);
		assert_true(!found == !want);
		if (found)
			assert_memory_equal(found, want, sizeof(*found));
		check_equal_and_over(spd, all, POLICIES);
	}
	rvl_spd_free(spd);
}

/* Which is taken is known by that there can't be another. */
static void inbound_sas_are_found_in_a_table_that_has_grown(void **state)
{
	enum { SAS = 1000, APART = 7 };
	const struct rvl_engine_config config = {.inbound_sas = SAS * APART};
	struct rvl_engine *engine = rvl_engine_new(&config);
	struct rvl_sa_params params = {.direction = RVL_INBOUND,
				       .inner = RVL_FAMILY_IPV4,
				       .encr = IKE_ENCR_AES_GCM_16,
				       .encr_key_len = 16};

	(void)state;
	assert_non_null(engine);
	params.dst = rvl_addr_of_ipv4(LOCAL);
	params.src = rvl_addr_of_ipv4(REMOTE);
	for (uint32_t i = 0; i < SAS; i++) {
		params.spi = 0x1000 + i * 3;
		assert_int_equal(rvl_engine_sa_add(engine, i * APART, &params, 0), 0);
	}
	for (uint32_t i = 1; i < SAS; i += 2)
		assert_int_equal(rvl_engine_sa_delete(engine, RVL_INBOUND, i * APART), 0);
	for (uint32_t i = 0; i < SAS; i++) {
		params.spi = 0x1000 + i * 3;
		assert_int_equal(rvl_engine_sa_add(engine, i * APART + 1, &params, 0),
				 i % 2 ? 0 : -EEXIST);
	}
	assert_int_equal(rvl_engine_sa_add(engine, SAS * APART, &params, 0), -EINVAL);
	rvl_engine_free(engine);
}

/* Its frame is as it was, and nobody has counted it. */
static void what_is_another_threads_is_given_back(void **state)
{
	const struct rvl_engine_config config = {
		.outbound_sas = 8, .inbound_sas = 8, .policies = 8, .threads = 3, .ipv6 = true};
	struct rvl_engine *near = rvl_engine_new(&config), *far = rvl_engine_new(&config);

	(void)state;
	for (uint16_t i = 0; i < 8; i++) {
		const struct rvl_sa_params out = params_of(RVL_OUTBOUND, i),
					   in = params_of(RVL_INBOUND, i);

		assert_int_equal(rvl_engine_sa_add(near, i, &out, 3), -EINVAL);
		assert_int_equal(rvl_engine_sa_add(near, i, &out, i % 3), 0);
		assert_int_equal(rvl_engine_sa_add(far, i, &in, (i + 1) % 3), 0);
	}
	for (uint16_t i = 0; i < 8; i++) {
		const unsigned int owner = i % 3, other = (owner + 1) % 3;
		struct rvl_engine_counters counted = {0}, after = {0};
		struct rvl_engine_result result;
		struct frame frame = {0}, before;

		add_policy(near, 0, 1, RVL_PROTECT, 0, 0, i);
		make(&frame, 0, NET_A | 1, NET_B | 1, RVL_IP_PROTO_UDP, 1, 2, 0, 100);
		before = frame;
		rvl_engine_add_counters(near, other, &counted);
		assert_int_equal(rvl_engine_owner(near, rvl_buf_data(&frame.buf), frame.buf.len),
				 owner);
		result = rvl_engine_tx(near, other, &frame.buf, RVL_ENGINE_NO_SA);
		assert_int_equal(result.verdict, RVL_ENGINE_ELSEWHERE);
		assert_int_equal(result.owner, owner);
		assert_memory_equal(frame.room, before.room, sizeof(before.room));
		result = rvl_engine_tx(near, other, &frame.buf, i);
		assert_int_equal(result.verdict, RVL_ENGINE_ELSEWHERE);
		assert_int_equal(rvl_esp_sa_seq(rvl_engine_sa(near, RVL_OUTBOUND, i)), 0);
		rvl_engine_add_counters(near, other, &after);
		assert_memory_equal(&after, &counted, sizeof(after));
		result = rvl_engine_tx(near, owner, &frame.buf, RVL_ENGINE_NO_SA);
		assert_int_equal(result.verdict, RVL_ENGINE_DONE);
		before = frame;
		result = rvl_engine_rx(far, owner, &frame.buf);
		assert_int_equal(result.verdict, RVL_ENGINE_ELSEWHERE);
		assert_int_equal(result.owner, other);
		assert_int_equal(frame.buf.len, before.buf.len);
		assert_memory_equal(frame.room, before.room, sizeof(before.room));
		result = rvl_engine_rx(far, other, &frame.buf);
		assert_int_equal(result.verdict, RVL_ENGINE_DONE);
	}
	rvl_engine_free(near);
	rvl_engine_free(far);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frame_comes_back_with_its_ethernet_header),
		cmocka_unit_test(ipv6_passes_where_there_is_none),
		cmocka_unit_test(policies_decide_by_priority_then_index),
		cmocka_unit_test(protected_flow_never_leaves_in_clear),
		cmocka_unit_test(no_rule_is_bypassed_behind_a_third_vlan_tag),
		cmocka_unit_test(inbound_sas_are_found_by_destination_and_spi),
		cmocka_unit_test(counters_add_up_to_what_went_in),
		cmocka_unit_test(policy_look_up_agrees_with_a_walk_over_all),
		cmocka_unit_test(inbound_sas_are_found_in_a_table_that_has_grown),
		cmocka_unit_test(what_is_another_threads_is_given_back),
	};
	uint64_t start = argc > 1 ? strtoull(argv[1], NULL, 0) : seed;
	int failed;

	seed = start;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (failed)
		fprintf(stderr, "seed=%llu\n", (unsigned long long)start);
	return failed;
}
