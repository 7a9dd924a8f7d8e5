// SPDX-License-Identifier: BSD-2-Clause
/* Commands: every status, and SAs that come and go under traffic. */
#include <stdio.h>
#include <string.h>

#include "host/esp/ip.h"
#include "tests/rtl/ipsec/ipsec_tests.h"

static unsigned int run(struct bench *b, const struct rvl_cmd *good, size_t at, uint8_t value)
{
	uint8_t cmd[sizeof(*good)];

	memcpy(cmd, good, sizeof(cmd));
	cmd[at] = value;
	return bench_command(b, cmd);
}

static unsigned int run_flags(struct bench *b, const struct rvl_cmd *good, uint32_t set,
			      uint32_t clear)
{
	struct rvl_cmd cmd = *good;

	cmd.sa_flags = (cmd.sa_flags & ~clear) | set;
	return bench_command(b, &cmd);
}

/* Octets that have to be zero in an SA_ADD outbound, with AES-128 and none of the flags that fill
 * others. */
static bool reserved(size_t at)
{
	static const struct {
		size_t from, to;
	} fields[] = {
		{offsetof(struct rvl_cmd, function), offsetof(struct rvl_cmd, tag)},
		{offsetof(struct rvl_cmd, rsvd0), offsetof(struct rvl_cmd, sa_flags)},
		{offsetof(struct rvl_cmd, src) + 4, offsetof(struct rvl_cmd, dst)},
		{offsetof(struct rvl_cmd, dst) + 4, offsetof(struct rvl_cmd, udp_sport)},
		{offsetof(struct rvl_cmd, key) + 16, offsetof(struct rvl_cmd, seq)},
		{offsetof(struct rvl_cmd, sel_src), sizeof(struct rvl_cmd)},
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (at >= fields[i].from && at < fields[i].to)
			return true;
	return false;
}

void every_status_of_sa_commands_is_answered(struct bench *b)
{
	struct rvl_sa_params out = peer_params_ipv4(&b->random, RVL_OUTBOUND, 256);
	struct rvl_sa_params in = peer_params_ipv4(&b->random, RVL_INBOUND, 256);
	struct rvl_cmd good, cmd;

	out.encr = in.encr = IKE_ENCR_AES_GCM_16;
	out.encr_key_len = in.encr_key_len = 16;
	out.encap = true;
	out.fixed_dscp = false;
	out.dscp = 0;
	out.df = RVL_ESP_DF_COPY;
	in.encap = false;
	good = peer_sa_add(7, &out);
	CHECK_EQ(b, run(b, &good, 0, 0x77), RVL_CMD_STATUS_BAD_OPCODE);
	for (size_t at = 1; at < sizeof(good); at++) {
		if (reserved(at))
			CHECK_EQ(b, run(b, &good, at, 1), RVL_CMD_STATUS_RESERVED);
	}
	for (unsigned int bit = 0; bit < 32; bit++) {
		if (!(0xe7ffffffu >> bit & 1)) /* no flag, or one that needs SELECTORS */
			CHECK_EQ(b, run_flags(b, &good, 1u << bit, 0), RVL_CMD_STATUS_RESERVED);
	}
	CHECK_EQ(b, run(b, &good, offsetof(struct rvl_cmd, index) + 1, 4),
		 RVL_CMD_STATUS_BAD_INDEX);
	CHECK_EQ(b, run(b, &good, offsetof(struct rvl_cmd, index) + 2, 1),
		 RVL_CMD_STATUS_BAD_INDEX);
	CHECK_EQ(b, run_flags(b, &good, 0x30, 0), RVL_CMD_STATUS_BAD_FLAGS);
	CHECK_EQ(b, run_flags(b, &good, RVL_SA_FLAG_ICV_8 | RVL_SA_FLAG_ICV_12, 0),
		 RVL_CMD_STATUS_BAD_FLAGS);
	CHECK_EQ(b, run_flags(b, &good, RVL_SA_FLAG_GMAC | RVL_SA_FLAG_ICV_8, 0),
		 RVL_CMD_STATUS_BAD_FLAGS);
	CHECK_EQ(b, run_flags(b, &good, RVL_SA_FLAG_GMAC | RVL_SA_FLAG_IMPLICIT_IV, 0),
		 RVL_CMD_STATUS_BAD_FLAGS);
	CHECK_EQ(b, run_flags(b, &good, RVL_SA_FLAG_AH | RVL_SA_FLAG_GMAC, 0),
		 RVL_CMD_STATUS_BAD_FLAGS);
	CHECK_EQ(b, run_flags(b, &good, 0x0100, 0), RVL_CMD_STATUS_BAD_FLAGS);
	CHECK_EQ(b, run_flags(b, &good, 0, 0xff0000), RVL_CMD_STATUS_BAD_FLAGS);
	cmd = good;
	cmd.spi = 255;
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_BAD_SPI);
	cmd = good;
	cmd.soft_bytes = 11;
	cmd.hard_bytes = 10;
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_BAD_LIMITS);
	cmd = good;
	cmd.soft_packets = 1ull << 40;
	cmd.hard_packets = 10;
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_BAD_LIMITS);
	cmd = good;
	cmd.seq = 0;
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_BAD_SEQ);
	cmd.seq = 1ull << 32;
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_BAD_SEQ);
	cmd = good;
	cmd.window = 64;
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_BAD_WINDOW);
	cmd = good;
	cmd.udp_sport = 0;
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_BAD_PORT);
	CHECK_EQ(b, run_flags(b, &good, 0, RVL_SA_FLAG_UDP), RVL_CMD_STATUS_BAD_PORT);
	cmd = peer_sa_command(RVL_CMD_OP_SA_DELETE, false, 7);
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_NOT_FOUND);
	CHECK_EQ(b, bench_command(b, &good), RVL_CMD_STATUS_OK);
	CHECK_EQ(b, bench_command(b, &good), RVL_CMD_STATUS_IN_USE);
	CHECK_EQ(b, run(b, &cmd, 12, 1), RVL_CMD_STATUS_RESERVED);
	CHECK_EQ(b, run(b, &cmd, 8, 2), RVL_CMD_STATUS_RESERVED);
	CHECK_EQ(b, run(b, &cmd, sizeof(cmd) - 1, 1), RVL_CMD_STATUS_RESERVED);
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_OK);
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_NOT_FOUND);

	good = peer_sa_add(9, &in);
	CHECK_EQ(b, run_flags(b, &good, 0x10, 0), RVL_CMD_STATUS_BAD_FLAGS);
	CHECK_EQ(b, run_flags(b, &good, 0x400000, 0), RVL_CMD_STATUS_BAD_FLAGS);
	cmd = good;
	cmd.window = 31;
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_BAD_WINDOW);
	cmd.window = 4097;
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_BAD_WINDOW);
	CHECK_EQ(b, bench_command(b, &good), RVL_CMD_STATUS_OK);
	good.index = rvl_cpu_to_le24(10);
	CHECK_EQ(b, bench_command(b, &good), RVL_CMD_STATUS_DUPLICATE);
	good.spi++;
	CHECK_EQ(b, bench_command(b, &good), RVL_CMD_STATUS_OK);
	cmd = peer_sa_command(RVL_CMD_OP_SA_QUERY, true, 10);
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_OK);
	cmd = peer_sa_command(RVL_CMD_OP_SA_QUERY, false, 10);
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_NOT_FOUND);
	cmd = (struct rvl_cmd){.opcode = RVL_CMD_OP_NOP, .tag = 0x1234};
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_OK);
	CHECK_EQ(b, run(b, &cmd, 4, 1), RVL_CMD_STATUS_RESERVED);
}

void every_status_of_policy_commands_is_answered(struct bench *b)
{
	struct rvl_policy policy = {.selector = rvl_selector_any(4), .action = RVL_DISCARD};
	struct rvl_cmd_policy good, cmd;

	policy.selector.src = rvl_prefix_ipv4(0x0a000000, 8);
	good = peer_policy_set(63, &policy);
	cmd = good;
	cmd.rsvd3[sizeof(cmd.rsvd3) - 1] = 1;
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_RESERVED);
	cmd = good;
	cmd.flags |= 4;
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_RESERVED);
	cmd = good;
	cmd.src[4] = 1;
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_RESERVED);
	cmd = good;
	cmd.index = rvl_cpu_to_le24(64);
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_BAD_INDEX);
	cmd = good;
	cmd.action = RVL_POLICY_ACTION_PROTECT;
	cmd.sa = rvl_cpu_to_le24(1024);
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_BAD_INDEX);
	cmd = good;
	cmd.action = 0;
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_BAD_ACTION);
	cmd.action = 4;
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_BAD_ACTION);
	cmd = good;
	cmd.src[1] = 1;
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_BAD_PREFIX);
	cmd = good;
	cmd.dst_len = 33;
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_BAD_PREFIX);
	cmd = good;
	cmd.sport_lo = 2;
	cmd.sport_hi = 1;
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_BAD_RANGE);
	cmd = (struct rvl_cmd_policy){.opcode = RVL_CMD_OP_POLICY_CLEAR, .index = {{63}}};
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_NOT_FOUND);
	CHECK_EQ(b, bench_command(b, &good), RVL_CMD_STATUS_OK);
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_OK);
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_NOT_FOUND);
	cmd.action = 1;
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_RESERVED);
}

void what_a_command_has_room_for_and_the_block_lacks_is_unsupported(struct bench *b)
{
	struct rvl_sa_params out = peer_params_ipv4(&b->random, RVL_OUTBOUND, 256);
	struct rvl_sa_params in = peer_params_ipv4(&b->random, RVL_INBOUND, 256);
	struct rvl_policy policy = {.selector = rvl_selector_any(6), .action = RVL_DISCARD};
	struct rvl_cmd good, good_in, cmd;
	struct rvl_cmd_policy rule;

	/* of IPv6 what goes in UDP */
	out.encap = in.encap = true;
	good = peer_sa_add(7, &out);
	good_in = peer_sa_add(7, &in);
	CHECK_EQ(b, run_flags(b, &good, RVL_SA_FLAG_IPV6, 0), RVL_CMD_STATUS_UNSUPPORTED);
	CHECK_EQ(b, run_flags(b, &good_in, RVL_SA_FLAG_IPV6, 0), RVL_CMD_STATUS_UNSUPPORTED);
	/* AH with another algorithm than GMAC */
	cmd = good;
	cmd.udp_sport = cmd.udp_dport = 0;
	CHECK_EQ(b, run_flags(b, &cmd, RVL_SA_FLAG_AH, RVL_SA_FLAG_UDP),
		 RVL_CMD_STATUS_UNSUPPORTED);
	cmd = good_in;
	cmd.udp_sport = 0;
	CHECK_EQ(b, run_flags(b, &cmd, RVL_SA_FLAG_AH, RVL_SA_FLAG_UDP),
		 RVL_CMD_STATUS_UNSUPPORTED);
	CHECK_EQ(b, run_flags(b, &good_in, 0, RVL_SA_FLAG_UDP), RVL_CMD_STATUS_BAD_PORT);
	cmd = good;
	cmd.path_mtu = 1400;
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_UNSUPPORTED);
	cmd = good;
	cmd.mss = 1300;
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_UNSUPPORTED);
	cmd = good_in;
	cmd.mss = 1300;
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_BAD_FLAGS);
	/* with what these flags fill */
	cmd = good_in;
	cmd.sa_flags |= RVL_SA_FLAG_ESN | RVL_SA_FLAG_IPV6 | RVL_SA_FLAG_SELECTORS |
			RVL_SA_FLAG_SEL_IPV6 | RVL_SA_FLAG_SEL_ANY_PROTO;
	cmd.seq = 1ull << 40;
	cmd.src[15] = cmd.dst[15] = cmd.sel_src[15] = cmd.sel_dst[15] = 1;
	cmd.sel_src_len = cmd.sel_dst_len = 128;
	cmd.sel_sport_hi = cmd.sel_dport_hi = 0xffff;
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_UNSUPPORTED);
	CHECK_EQ(b, run_flags(b, &good, RVL_SA_FLAG_SELECTORS, 0), RVL_CMD_STATUS_BAD_FLAGS);
	rule = peer_policy_set(3, &policy);
	rule.src[15] = 1;
	rule.src_len = 129;
	CHECK_EQ(b, bench_command(b, &rule), RVL_CMD_STATUS_BAD_PREFIX);
	rule.src_len = 127;
	CHECK_EQ(b, bench_command(b, &rule), RVL_CMD_STATUS_BAD_PREFIX);
	rule.src_len = 128;
	CHECK_EQ(b, bench_command(b, &rule), RVL_CMD_STATUS_OK);
	/* nothing was done */
	cmd = peer_sa_command(RVL_CMD_OP_SA_QUERY, true, 7);
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_NOT_FOUND);
	cmd = peer_sa_command(RVL_CMD_OP_SA_QUERY, false, 7);
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_NOT_FOUND);
	CHECK_EQ(b, bench_command(b, &good), RVL_CMD_STATUS_OK);
	CHECK_EQ(b, bench_command(b, &good_in), RVL_CMD_STATUS_OK);
}

void what_is_wrong_with_a_selector_is_answered(struct bench *b)
{
	struct rvl_sa_params in = peer_params_ipv4(&b->random, RVL_INBOUND, 256);
	struct rvl_cmd good = peer_sa_add(7, &in), cmd;

	good.sa_flags |= RVL_SA_FLAG_SELECTORS;
	good.sel_sport_hi = good.sel_dport_hi = 0xffff;
	cmd = good;
	cmd.sel_src[4] = 1;
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_RESERVED);
	cmd = good;
	cmd.sel_rsvd = 1;
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_RESERVED);
	cmd = good;
	cmd.sel_dst_len = 33;
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_BAD_PREFIX);
	cmd.sa_flags |= RVL_SA_FLAG_SEL_IPV6;
	cmd.sel_dst_len = 129;
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_BAD_PREFIX);
	cmd.sel_dst_len = 127;
	cmd.sel_dst[15] = 1;
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_BAD_PREFIX);
	cmd = good;
	cmd.sel_dport_lo = 2;
	cmd.sel_dport_hi = 1;
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_BAD_RANGE);
	CHECK_EQ(b, bench_command(b, &good), RVL_CMD_STATUS_OK);
}

static size_t esp_frame(struct bench *b, uint8_t *frame, const struct rvl_sa_params *sa,
			uint32_t seq)
{
	uint8_t packet[PEER_FRAME_MAX];
	struct peer_ip ip = peer_random_ip(&b->random, peer_below(&b->random, 300));
	struct peer_seal how = peer_seal_plain(seq);
	size_t len = peer_packet(&b->random, packet, &ip);
	size_t at = peer_ethernet(&b->random, frame, peer_outer_type(sa), 0);

	return at + peer_seal(frame + at, sa, &how, packet, len);
}

void all_inbound_slots_find_room_in_the_table(struct bench *b)
{
	static struct rvl_sa_params sa[BENCH_SAS];
	uint8_t frame[PEER_FRAME_MAX];
	struct rvl_addr dst[2] = {rvl_addr_of_ipv4(peer_u32(&b->random)),
				  peer_address(true, peer_u32(&b->random))};

	for (uint16_t i = 0; i < BENCH_SAS; i++) {
		sa[i] = peer_params(&b->random, RVL_INBOUND,
				    b->random.state & 1 ? 256 + i : peer_u32(&b->random) | 256);
		if (peer_below(&b->random, 2))
			sa[i].dst = dst[sa[i].dst.family == 6];
		bench_sa_add(b, i, &sa[i]);
	}
	for (uint16_t i = 0; i < BENCH_SAS; i++)
		bench_rx(b, frame, esp_frame(b, frame, &sa[i], 1));
	bench_settle(b);
	CHECK_EQ(b, b->received, BENCH_SAS);
	for (uint16_t i = 0; i < BENCH_SAS; i += 2)
		bench_sa_delete(b, true, i);
	for (uint16_t i = 0; i < BENCH_SAS; i++)
		bench_rx(b, frame, esp_frame(b, frame, &sa[i], 2));
	bench_settle(b);
	CHECK_EQ(b, rvl_engine_counters(b->model)->rx_sa_miss, BENCH_SAS / 2);
}

/* What an SPI adds to its row in a lookup table of 1,024 SAs, as ravelin_ipsec_lookup has it: each
 * bit is the parity of the name under the hash, of which the SPI is at the low end. */
static uint32_t row_of(uint32_t spi, uint64_t hash)
{
	uint32_t row = 0;

	for (unsigned int i = 0; i < 9; i++)
		row |= (uint32_t)__builtin_parityll(spi & hash >> i) << i;
	return row;
}

static uint32_t rows_of(uint32_t spi)
{
	return row_of(spi, 0x85a308d313198a2e) << 9 | row_of(spi, 0xa4093822299f31d0);
}

void a_ninth_sa_in_the_same_two_rows_finds_no_room(struct bench *b)
{
	struct rvl_sa_params sa = peer_params(&b->random, RVL_INBOUND, 256);
	uint32_t rows = rows_of(sa.spi);
	uint8_t frame[PEER_FRAME_MAX];
	struct rvl_cmd cmd;
	uint16_t index = 0;

	/* The destination is always the same, and adds the same. */
	for (uint32_t spi = 256; index < 8; spi++) {
		if (rows_of(spi) != rows)
			continue;
		sa.spi = spi;
		bench_sa_add(b, index++, &sa);
		bench_rx(b, frame, esp_frame(b, frame, &sa, 1));
	}
	do
		sa.spi++;
	while (rows_of(sa.spi) != rows);
	cmd = peer_sa_add(8, &sa);
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_TABLE_FULL);
	bench_rx(b, frame, esp_frame(b, frame, &sa, 1));
	bench_settle(b);
	CHECK_EQ(b, rvl_engine_counters(b->model)->rx_sa_miss, 1);
	bench_sa_delete(b, true, 5);
	bench_sa_add(b, 8, &sa);
	bench_rx(b, frame, esp_frame(b, frame, &sa, 1));
	bench_settle(b);
	CHECK_EQ(b, b->received, 1);
}

/* After the completion nothing of the SA comes out any more, with traffic all the while. */
void a_deleted_sa_has_left_when_its_command_completes(struct bench *b)
{
	uint8_t frame[PEER_FRAME_MAX];
	struct ipsec_dut_frame out;

	b->loose = true;
	for (int round = 0; round < 40; round++) {
		struct rvl_sa_params sa = peer_params(&b->random, RVL_OUTBOUND, 500);
		struct rvl_sa_params in = peer_params(&b->random, RVL_INBOUND, 600);
		struct rvl_cmd add = peer_sa_add(3, &sa), add_in = peer_sa_add(3, &in);
		struct rvl_cmd gone = peer_sa_command(RVL_CMD_OP_SA_DELETE, false, 3);
		struct rvl_cmd gone_in = peer_sa_command(RVL_CMD_OP_SA_DELETE, true, 3);
		uint64_t late;

		ipsec_dut_set_stalls(b->dut, 0, (unsigned int)round * 2);
		CHECK_EQ(b, bench_command(b, &add), RVL_CMD_STATUS_OK);
		CHECK_EQ(b, bench_command(b, &add_in), RVL_CMD_STATUS_OK);
		for (uint32_t i = 0; i < 120; i++) {
			struct peer_ip ip = peer_random_ip(&b->random, peer_below(&b->random, 300));
			size_t at = peer_ethernet(&b->random, frame, peer_type(&ip), 0);

			at += peer_packet(&b->random, frame + at, &ip);
			ipsec_dut_host(b->dut, frame, at, 3);
			ipsec_dut_wire(b->dut, frame, esp_frame(b, frame, &in, i + 1), false);
		}
		for (int i = 0; i < 100; i++)
			ipsec_dut_step(b->dut);
		CHECK_EQ(b, bench_command(b, &gone), RVL_CMD_STATUS_OK);
		while (ipsec_dut_take_port(b->dut, &out))
			b->sent++;
		for (int i = 0; i < 300; i++)
			ipsec_dut_step(b->dut);
		CHECK(b, !ipsec_dut_take_port(b->dut, &out));
		CHECK_EQ(b, bench_command(b, &gone_in), RVL_CMD_STATUS_OK);
		while (ipsec_dut_take_host(b->dut, &out))
			b->received++;
		late = 0;
		CHECK(b, ipsec_dut_run(b->dut, BENCH_CYCLES));
		while (ipsec_dut_take_host(b->dut, &out))
			late += out.decrypted;
		CHECK_EQ(b, late, 0);
		CHECK(b, !ipsec_dut_take_port(b->dut, &out));
		CHECK_EQ(b,
			 bench_count(b, RVL_CNT_TX_PROTECTED) +
				 bench_count(b, RVL_CNT_TX_DROP_NO_SA),
			 120 * (uint64_t)(round + 1));
	}
}

/* One that no rule concerns. */
static size_t plain_frame(struct bench *b, uint8_t *frame, size_t octets)
{
	struct peer_ip ip = peer_random_ip(&b->random, octets);
	size_t at = peer_ethernet(&b->random, frame, peer_type(&ip), 0);

	return at + peer_packet(&b->random, frame + at, &ip);
}

/*
 * The wire takes nothing, while it is offered the first beat of a frame, one of its middle or its
 * last. A command that waits for frames to leave drops them. What was offered still leaves, its
 * frame ends in error, and what comes then is whole.
 */
void a_wire_that_takes_nothing_holds_no_command_for_ever(struct bench *b)
{
	struct rvl_policy rule = {.selector = rvl_selector_any(4), .action = RVL_BYPASS};
	struct rvl_cmd_policy set = peer_policy_set(1, &rule);
	uint8_t frame[PEER_FRAME_MAX];
	struct ipsec_dut_frame out;
	uint64_t sent = 0, left = 0, cut = 0;

	b->loose = true;
	for (unsigned int round = 0; round < 36; round++) {
		struct rvl_sa_params sa = peer_params(&b->random, RVL_OUTBOUND, 500);
		struct rvl_cmd add = peer_sa_add(3, &sa), other = peer_sa_add(4, &sa);
		struct rvl_cmd gone = peer_sa_command(RVL_CMD_OP_SA_DELETE, false, 3);
		struct rvl_cmd gone_too = peer_sa_command(RVL_CMD_OP_SA_DELETE, false, 4);
		const void *commands[] = {&gone, &other, &set};
		uint64_t before = ipsec_dut_spoilt(b->dut);
		uint64_t stalled = bench_count(b, RVL_CNT_TX_DROP_STALLED);
		unsigned int frames = round % 3 ? 1200 : 120;

		CHECK_EQ(b, bench_command(b, &add), RVL_CMD_STATUS_OK);
		/* Long ones fill the engine; of short ones some aren't decided yet. */
		for (unsigned int i = 0; i < frames; i++)
			ipsec_dut_host(b->dut, frame, plain_frame(b, frame, round % 3 ? 90 : 1380),
				       i % 3 ? 3 : IPSEC_DUT_NO_SA);
		sent += frames;
		for (unsigned int i = 0; i < 60 + round * 3; i++)
			ipsec_dut_step(b->dut);
		ipsec_dut_hold(b->dut, 1);
		for (unsigned int i = 0; i < 2500; i++)
			ipsec_dut_step(b->dut);
		CHECK_EQ(b, bench_command(b, commands[round % 3]), RVL_CMD_STATUS_OK);
		ipsec_dut_hold(b->dut, 0);
		CHECK(b, ipsec_dut_run(b->dut, BENCH_CYCLES));
		while (ipsec_dut_take_port(b->dut, &out))
			left++;
		cut += ipsec_dut_spoilt(b->dut) - before;
		CHECK(b, ipsec_dut_spoilt(b->dut) - before <= 1);
		CHECK_EQ(b,
			 left + bench_count(b, RVL_CNT_TX_DROP_STALLED) +
				 bench_count(b, RVL_CNT_TX_DROP_NO_SA),
			 sent);
		CHECK(b, bench_count(b, RVL_CNT_TX_DROP_STALLED) > stalled);
		CHECK_EQ(b,
			 bench_count(b, RVL_CNT_TX_BYPASS) + bench_count(b, RVL_CNT_TX_PROTECTED),
			 left);
		CHECK(b, !ipsec_dut_fault(b->dut));
		for (int i = 0; i < 8; i++) {
			size_t len = plain_frame(b, frame, 1380);

			ipsec_dut_host(b->dut, frame, len, IPSEC_DUT_NO_SA);
			CHECK(b, ipsec_dut_run(b->dut, BENCH_CYCLES));
			CHECK(b, ipsec_dut_take_port(b->dut, &out));
			CHECK(b, out.len == len && !memcmp(out.data, frame, len));
		}
		sent += 8, left += 8;
		if (round % 3)
			CHECK_EQ(b, bench_command(b, &gone), RVL_CMD_STATUS_OK);
		if (round % 3 == 1)
			CHECK_EQ(b, bench_command(b, &gone_too), RVL_CMD_STATUS_OK);
	}
	CHECK(b, cut > 8);
	CHECK_EQ(b, bench_count(b, RVL_CNT_TX_DROP_PARITY), 0);
	bench_reset(b);
}

void sas_come_and_go_at_the_same_index(struct bench *b)
{
	uint8_t frame[PEER_FRAME_MAX];

	for (int round = 0; round < 60; round++) {
		struct rvl_sa_params out = peer_params(&b->random, RVL_OUTBOUND, 500);
		struct rvl_sa_params in = peer_params(&b->random, RVL_INBOUND, 600);
		uint16_t index = (uint16_t)peer_below(&b->random, 3);

		bench_sa_add(b, index, &out);
		bench_sa_add(b, index, &in);
		for (uint32_t i = 1; i < 20; i++) {
			struct peer_ip ip = peer_random_ip(&b->random, peer_below(&b->random, 100));
			size_t at = peer_ethernet(&b->random, frame, peer_type(&ip), 0);

			at += peer_packet(&b->random, frame + at, &ip);
			bench_tx(b, frame, at, index);
			bench_rx(b, frame, esp_frame(b, frame, &in, i));
		}
		bench_settle(b);
		bench_sa_delete(b, false, index);
		bench_sa_delete(b, true, index);
	}
}

void reset_erases_sas_rules_and_frames(struct bench *b)
{
	struct rvl_policy discard = {.selector = rvl_selector_any(4), .action = RVL_DISCARD};
	struct rvl_sa_params out = peer_params(&b->random, RVL_OUTBOUND, 500);
	struct rvl_sa_params in = peer_params(&b->random, RVL_INBOUND, 600);
	struct rvl_cmd query = peer_sa_command(RVL_CMD_OP_SA_QUERY, false, 1);
	uint8_t frame[PEER_FRAME_MAX];

	for (int round = 0; round < 5; round++) {
		bench_sa_add(b, 1, &out);
		bench_sa_add(b, 1, &in);
		bench_policy(b, 0, &discard);
		for (uint32_t i = 1; i < 100; i++)
			bench_rx(b, frame, esp_frame(b, frame, &in, i));
		for (uint32_t i = 0; i < 20 + peer_below(&b->random, 300); i++)
			ipsec_dut_step(b->dut);
		bench_reset(b);
		CHECK_EQ(b, bench_command(b, &query), RVL_CMD_STATUS_NOT_FOUND);
		for (uint32_t i = 1; i < 30; i++) {
			struct peer_ip ip = peer_random_ip(&b->random, 40);
			size_t at = peer_ethernet(&b->random, frame, peer_type(&ip), 0);

			at += peer_packet(&b->random, frame + at, &ip);
			bench_tx(b, frame, at, i & 1 ? 1 : IPSEC_DUT_NO_SA);
			bench_rx(b, frame, esp_frame(b, frame, &in, i));
		}
		bench_settle(b);
	}
}

/* What a broken block would do, and that the bench sees it. */
void each_mutation_shows(struct bench *b)
{
	struct rvl_sa_params out = peer_params_ipv4(&b->random, RVL_OUTBOUND, 500);
	struct rvl_sa_params in = peer_params_ipv4(&b->random, RVL_INBOUND, 600);
	uint8_t frame[PEER_FRAME_MAX];
	uint32_t last = 0, repeated = 0;
	struct ipsec_dut_frame sent;
	size_t len;

	out.encap = false;
	in.encap = false;
	bench_sa_add(b, 1, &out);
	bench_sa_add(b, 1, &in);
	b->loose = true;

	ipsec_dut_set_mutation(b->dut, 1);
	len = esp_frame(b, frame, &in, 1);
	for (int i = 0; i < 10; i++)
		ipsec_dut_wire(b->dut, frame, len, false);
	bench_settle(b);
	CHECK_EQ(b, b->received, 10);

	ipsec_dut_set_mutation(b->dut, 2);
	frame[len - 1] ^= 1;
	ipsec_dut_wire(b->dut, frame, len, false);
	bench_settle(b);
	CHECK_EQ(b, b->received, 1);

	ipsec_dut_set_mutation(b->dut, 3);
	for (int i = 0; i < 64; i++) {
		struct peer_ip ip = {.src = 1, .dst = 2, .protocol = 1, .payload = 64};
		size_t at = peer_ethernet(&b->random, frame, 0x0800, 0);

		at += peer_packet(&b->random, frame + at, &ip);
		ipsec_dut_host(b->dut, frame, at, 1);
	}
	CHECK(b, ipsec_dut_run(b->dut, BENCH_CYCLES));
	while (ipsec_dut_take_port(b->dut, &sent)) {
		uint32_t seq = rvl_get_be32(sent.data + 14 + 20 + 4);

		repeated += seq == last;
		last = seq;
	}
	CHECK_EQ(b, repeated, 4);
}

/* Cycles for frames of one size without stalls, in frames of the block's own interval. */
static uint64_t interval(struct bench *b, size_t payload, bool inbound, struct rvl_sa_params *in,
			 uint32_t *seq)
{
	const int frames = 200;
	uint8_t frame[PEER_FRAME_MAX], packet[PEER_FRAME_MAX];
	uint64_t start = ipsec_dut_cycles(b->dut);

	for (int i = 0; i < frames; i++) {
		struct peer_ip ip = {.src = 1, .dst = 2, .protocol = 1, .payload = payload - 20};
		struct peer_seal how = peer_seal_plain(++*seq);
		size_t len = peer_packet(&b->random, packet, &ip);
		size_t at =
			peer_ethernet(&b->random, frame, inbound ? peer_outer_type(in) : 0x0800, 0);

		if (inbound) {
			/* of transport mode what lies behind the header */
			size_t from = in->mode == RVL_TRANSPORT ? 20 : 0;

			bench_rx(b, frame,
				 at + peer_seal(frame + at, in, &how, packet + from, len - from));
		} else {
			memcpy(frame + at, packet, len);
			bench_tx(b, frame, at + len, 1);
		}
	}
	bench_settle(b);
	return (ipsec_dut_cycles(b->dut) - start - 60) * 100 / (uint64_t)frames;
}

static void rates(struct bench *b, const char *form, struct rvl_sa_params *out,
		  struct rvl_sa_params *in, size_t around)
{
	static const size_t sizes[] = {46, 110, 256, 576, 1400};
	unsigned int beat = ipsec_dut_octets();
	uint32_t seq = 0;

	bench_reset(b);
	bench_sa_add(b, 1, out);
	bench_sa_add(b, 1, in);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t beats = (sizes[i] + 14 + around + beat) / beat;
		uint64_t tx = interval(b, sizes[i], false, in, &seq);
		uint64_t rx = interval(b, sizes[i], true, in, &seq);

		printf("# %s, inner %zu octets: %llu.%02llu cycles a frame sent, %llu.%02llu "
		       "received, "
		       "%llu beats\n",
		       form, sizes[i], (unsigned long long)tx / 100, (unsigned long long)tx % 100,
		       (unsigned long long)rx / 100, (unsigned long long)rx % 100,
		       (unsigned long long)beats);
		CHECK(b, tx <= (beats + 2) * 100);
		CHECK(b, rx <= (beats + 2) * 100);
	}
}

void frames_of_one_sa_follow_each_other_at_the_rate_of_their_beats(struct bench *b)
{
	struct rvl_sa_params out = peer_params_ipv4(&b->random, RVL_OUTBOUND, 500);
	struct rvl_sa_params in = peer_params_ipv4(&b->random, RVL_INBOUND, 600);

	out.encap = false;
	in.encap = false;
	rates(b, "IPv4", &out, &in, 56);
	out = peer_params_ipv6(&b->random, RVL_OUTBOUND, 500);
	in = peer_params_ipv6(&b->random, RVL_INBOUND, 600);
	rates(b, "IPv6", &out, &in, 76);
	out = peer_params_ipv4(&b->random, RVL_OUTBOUND, 500);
	in = peer_params_ipv4(&b->random, RVL_INBOUND, 600);
	out.encap = false;
	in.encap = false;
	peer_transport(&out);
	peer_transport(&in);
	rates(b, "IPv4, transport mode", &out, &in, 36);
	out = peer_params_ipv6(&b->random, RVL_OUTBOUND, 500);
	in = peer_params_ipv6(&b->random, RVL_INBOUND, 600);
	out.encr = in.encr = IKE_ENCR_AES_GCM_16_IIV;
	out.encr_key_len = in.encr_key_len = 24;
	out.esn = in.esn = true;
	rates(b, "IPv6, AES-GCM-192, ESN, implicit IV", &out, &in, 68);
	out = peer_params_ipv4(&b->random, RVL_OUTBOUND, 500);
	in = peer_params_ipv4(&b->random, RVL_INBOUND, 600);
	out.encap = false;
	in.encap = false;
	out.esn = in.esn = true;
	peer_gmac(&out);
	peer_gmac(&in);
	rates(b, "IPv4, AES-GMAC, ESN", &out, &in, 56);
	peer_ah(&out);
	peer_ah(&in);
	rates(b, "IPv4, AH, ESN", &out, &in, 56);
}
