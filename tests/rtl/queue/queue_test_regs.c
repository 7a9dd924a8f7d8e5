/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers, counters, reset. */
#include "tests/rtl/queue/queue_bench.h"

static void capability_registers_say_what_was_built(struct bench *b)
{
	CHECK_EQ(b, reg_read(b, RVL_REG_ID), RVL_MAGIC);
	CHECK_EQ(b, reg_read(b, RVL_REG_ABI),
		 RVL_PUT(ABI_MAJOR, RVL_ABI_MAJOR) | RVL_PUT(ABI_MINOR, RVL_ABI_MINOR));
	CHECK_EQ(b, reg_read(b, RVL_REG_FEATURES),
		 RVL_FEATURES_ESP_MASK | RVL_FEATURES_TUNNEL_V4_MASK | RVL_FEATURES_UDP_ENCAP_MASK |
			 RVL_FEATURES_AES_GCM_128_MASK | RVL_FEATURES_AES_GCM_256_MASK |
			 RVL_FEATURES_VLAN_MASK | RVL_FEATURES_IPV6_MASK |
			 RVL_FEATURES_AES_GCM_192_MASK | RVL_FEATURES_IMPLICIT_IV_MASK |
			 RVL_FEATURES_TRANSPORT_MASK | RVL_FEATURES_ESN_MASK |
			 RVL_FEATURES_AH_MASK | RVL_FEATURES_GMAC_MASK |
			 RVL_FEATURES_UDP_PORTS_MASK | RVL_FEATURES_SELECTORS_MASK |
			 RVL_FEATURES_MOVES_MASK | RVL_FEATURES_ICV_SHORT_MASK);
	CHECK_EQ(b, reg_read(b, RVL_REG_QUEUES),
		 RVL_PUT(QUEUES_VECTORS, b->pairs + 1) | RVL_PUT(QUEUES_PAIRS, b->pairs));
	CHECK_EQ(b, reg_read(b, RVL_REG_RINGS),
		 RVL_PUT(RINGS_TX_LOG2_MAX, 15) | RVL_PUT(RINGS_RX_LOG2_MAX, 15) |
			 RVL_PUT(RINGS_CQ_LOG2_MAX, 15));
	CHECK_EQ(b, reg_read(b, RVL_REG_CONTROL_RINGS),
		 RVL_PUT(CONTROL_RINGS_CMD_LOG2_MAX, 15) | RVL_PUT(CONTROL_RINGS_EVT_LOG2_MAX, 15));
	CHECK_EQ(b, reg_read(b, RVL_REG_OUTBOUND_SAS), 1024);
	CHECK_EQ(b, reg_read(b, RVL_REG_INBOUND_SAS), 1024);
	CHECK_EQ(b, reg_read(b, RVL_REG_LINK), 0);
	CHECK_EQ(b, reg_read(b, RVL_REG_POLICY_COUNT), 64);
	CHECK_EQ(b, reg_read(b, RVL_REG_REPLAY_WINDOW), 4096);
	CHECK_EQ(b, reg_read(b, RVL_REG_STALL_CYCLES), 250000);
	CHECK_EQ(b, reg_read(b, RVL_REG_DATAPATH),
		 RVL_PUT(DATAPATH_MAX_FRAME, MAX_FRAME) | RVL_PUT(DATAPATH_BEAT, b->beat));
	CHECK_EQ(b, reg_read(b, RVL_REG_STATUS), 1);
	CHECK_EQ(b, reg_read(b, RVL_REG_RX_QUEUES), 1);
	CHECK_EQ(b, reg_read(b, RVL_REG_PORT_MAX_FRAME), 9234);
	CHECK_EQ(b, reg_read(b, RVL_REG_MAC_LO), 0x44332211);
	CHECK_EQ(b, reg_read(b, RVL_REG_MAC_HI), 0x6655);
}

/* Each register that holds what is written, with the bits that it holds. */
struct held {
	uint32_t reg, mask;
};

static const struct held held[] = {
	{RVL_REG_PORT_MAX_FRAME, 0xffff},
	{RVL_REG_CMD_BASE_LO, 0xffffff00},
	{RVL_REG_CMD_BASE_HI, 0xffffffff},
	{RVL_REG_CMD_CPL_BASE_LO, 0xffffff80},
	{RVL_REG_CMD_CPL_BASE_HI, 0xffffffff},
	{RVL_REG_CMD_TAIL, 0xffff},
	{RVL_REG_EVT_BASE_LO, 0xffffffc0},
	{RVL_REG_EVT_BASE_HI, 0xffffffff},
	{RVL_REG_EVT_HEAD, 0xffff},
	{RVL_REG_TX_BASE_LO(0), 0xffffffc0},
	{RVL_REG_TX_BASE_HI(0), 0xffffffff},
	{RVL_REG_TX_TAIL(0), 0xffff},
	{RVL_REG_RX_BASE_LO(0), 0xffffffc0},
	{RVL_REG_RX_BASE_HI(0), 0xffffffff},
	{RVL_REG_RX_TAIL(0), 0xffff},
	{RVL_REG_CQ_BASE_LO(0), 0xffffffc0},
	{RVL_REG_CQ_BASE_HI(0), 0xffffffff},
	{RVL_REG_CQ_HEAD(0), 0x8000ffff},
};
#define HELD (sizeof(held) / sizeof(held[0]))

static uint32_t held_reg(struct bench *b, size_t i, unsigned int q)
{
	(void)b;
	return held[i].reg + (held[i].reg >= 0x1000 ? q * RVL_QP_STRIDE : 0);
}

static void registers_hold_the_octets_that_are_enabled(struct bench *b)
{
	uint32_t want[PAIRS_MAX][HELD] = {{0}};

	for (unsigned int q = 0; q < b->pairs; q++)
		for (size_t i = 0; i < HELD; i++)
			want[q][i] = held[i].reg == RVL_REG_PORT_MAX_FRAME ? 9234 : 0;
	for (unsigned int n = 0; n < 2000; n++) {
		unsigned int q = bench_random(b, b->pairs), be = bench_random(b, 16);
		size_t i = bench_random(b, HELD);
		uint32_t v = bench_random(b, UINT32_MAX), mask = 0;

		for (unsigned int k = 0; k < 4; k++)
			mask |= be >> k & 1 ? 0xffu << (8 * k) : 0;
		reg_write_be(b, held_reg(b, i, q), v, be);
		for (unsigned int r = 0; r < b->pairs; r++)
			if (r == q || held[i].reg < 0x1000)
				want[r][i] = ((want[r][i] & ~mask) | (v & mask)) & held[i].mask;
		i = bench_random(b, HELD);
		q = bench_random(b, b->pairs);
		CHECK_EQ(b, reg_read(b, held_reg(b, i, q)), want[q][i]);
	}
}

static bool known(struct bench *b, uint32_t reg)
{
	uint32_t low = reg & 0xff;

	if (reg >= RVL_COUNTER_OFFSET)
		return reg < RVL_COUNTER_OFFSET + RVL_CNT_NUM * RVL_COUNTER_STRIDE;
	if (reg < 0x74)
		return true;
	if (reg < 0x1000)
		return reg >= 0x80 && reg < 0x98;
	if (reg >= 0x1000 + b->pairs * RVL_QP_STRIDE)
		return false;
	return low < 0x14 || (low >= 0x20 && low < 0x34) || (low >= 0x40 && low < 0x54) ||
	       (low >= 0x60 && low < 0x68);
}

static void unknown_addresses_read_0_and_ignore_writes(struct bench *b)
{
	for (uint32_t reg = 0; reg < RVL_BAR0_SIZE;
	     reg += reg < 0x2000 ? 4 : 4 + 4 * bench_random(b, 9)) {
		if (known(b, reg))
			continue;
		reg_write(b, reg, 0xffffffff);
		CHECK_EQ(b, reg_read(b, reg), 0);
	}
	capability_registers_say_what_was_built(b);
	for (unsigned int q = 0; q < b->pairs; q++)
		for (size_t i = 0; i < HELD; i++)
			CHECK_EQ(b, reg_read(b, held_reg(b, i, q)),
				 held[i].reg == RVL_REG_PORT_MAX_FRAME ? 9234 : 0);
}

static void read_only_registers_ignore_writes(struct bench *b)
{
	static const uint32_t ro[] = {
		RVL_REG_ID,	     RVL_REG_ABI,	   RVL_REG_QUEUES,
		RVL_REG_STATUS,	     RVL_REG_DATAPATH,	   RVL_REG_MAC_LO,
		RVL_REG_RINGS,	     RVL_REG_LINK,	   RVL_REG_CONTROL_RINGS,
		RVL_REG_INBOUND_SAS, RVL_REG_OUTBOUND_SAS, RVL_REG_CMD_HEAD,
		RVL_REG_EVT_TAIL,    RVL_REG_TX_HEAD(0),   RVL_REG_RX_HEAD(0),
		RVL_REG_CQ_TAIL(0),  RVL_REG_Q_STATUS(0)};

	for (size_t i = 0; i < sizeof(ro) / sizeof(ro[0]); i++) {
		uint32_t was = reg_read(b, ro[i]);

		reg_write(b, ro[i], ~was);
		CHECK_EQ(b, reg_read(b, ro[i]), was);
	}
	for (unsigned int i = 0; i < RVL_CNT_NUM; i++) {
		reg_write(b, RVL_COUNTER_OFFSET + 8 * i, 5);
		reg_write(b, RVL_COUNTER_OFFSET + 8 * i + 4, 5);
		CHECK_EQ(b, counter_read(b, i), 0);
	}
}

static void rx_queues_out_of_range_is_refused(struct bench *b)
{
	reg_write(b, RVL_REG_RX_QUEUES, b->pairs);
	CHECK_EQ(b, reg_read(b, RVL_REG_RX_QUEUES), b->pairs);
	reg_write(b, RVL_REG_RX_QUEUES, 0);
	reg_write(b, RVL_REG_RX_QUEUES, b->pairs + 1);
	reg_write(b, RVL_REG_RX_QUEUES, 0x10000 + b->pairs);
	CHECK_EQ(b, reg_read(b, RVL_REG_RX_QUEUES), b->pairs);
}

static void a_ring_size_out_of_range_refuses_enable(struct bench *b)
{
	static const uint32_t bad[] = {0, 1, 2, 16, 31, 32, 0x103, 0x80000003};

	for (unsigned int which = 0; which < 3; which++) {
		for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
			reg_write(b, RVL_REG_TX_SIZE(0), which == 0 ? bad[i] : 3);
			reg_write(b, RVL_REG_RX_SIZE(0), which == 1 ? bad[i] : 15);
			reg_write(b, RVL_REG_CQ_SIZE(0), which == 2 ? bad[i] : 4);
			reg_write(b, RVL_REG_Q_CONTROL(0), 0x101);
			CHECK_EQ(b, reg_read(b, RVL_REG_Q_CONTROL(0)), 0x100);
		}
	}
	reg_write(b, RVL_REG_CQ_SIZE(0), 4);
	reg_write(b, RVL_REG_Q_CONTROL(0), 0x101);
	CHECK_EQ(b, reg_read(b, RVL_REG_Q_CONTROL(0)), 0x101);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		reg_write(b, RVL_REG_CMD_SIZE, bad[i]);
		reg_write(b, RVL_REG_CMD_CONTROL, 1);
		CHECK_EQ(b, reg_read(b, RVL_REG_CMD_CONTROL), 0);
		reg_write(b, RVL_REG_EVT_SIZE, bad[i]);
		reg_write(b, RVL_REG_EVT_CONTROL, 1);
		CHECK_EQ(b, reg_read(b, RVL_REG_EVT_CONTROL), 0);
	}
}

static void a_vector_that_does_not_exist_refuses_enable(struct bench *b)
{
	uint32_t first = b->pairs + 1; /* that isn't one */

	reg_write(b, RVL_REG_TX_SIZE(0), 3);
	reg_write(b, RVL_REG_RX_SIZE(0), 3);
	reg_write(b, RVL_REG_CQ_SIZE(0), 4);
	reg_write(b, RVL_REG_CMD_SIZE, 3);
	reg_write(b, RVL_REG_EVT_SIZE, 3);
	for (size_t i = 0; i < 3; i++) {
		static const uint32_t control[] = {RVL_REG_Q_CONTROL(0), RVL_REG_CMD_CONTROL,
						   RVL_REG_EVT_CONTROL};

		reg_write(b, control[i], 1 | first << 8);
		CHECK_EQ(b, reg_read(b, control[i]), first << 8);
		reg_write(b, control[i], 1 | 255 << 8);
		CHECK_EQ(b, reg_read(b, control[i]), 255 << 8);
		reg_write(b, control[i], 1 | (first - 1) << 8);
		CHECK_EQ(b, reg_read(b, control[i]), 1 | (first - 1) << 8);
		/* of one that is on, it stays */
		reg_write(b, control[i], 1 | first << 8);
		CHECK_EQ(b, reg_read(b, control[i]), 1 | (first - 1) << 8);
		reg_write(b, control[i], 1);
		CHECK_EQ(b, reg_read(b, control[i]), 1);
	}
}

static void bases_and_sizes_stay_while_a_ring_is_on(struct bench *b)
{
	static const struct {
		uint32_t control, reg[9];
	} rings[] = {
		{RVL_REG_Q_CONTROL(0),
		 {RVL_REG_TX_BASE_LO(0), RVL_REG_TX_BASE_HI(0), RVL_REG_TX_SIZE(0),
		  RVL_REG_RX_BASE_LO(0), RVL_REG_RX_BASE_HI(0), RVL_REG_RX_SIZE(0),
		  RVL_REG_CQ_BASE_LO(0), RVL_REG_CQ_BASE_HI(0), RVL_REG_CQ_SIZE(0)}},
		{RVL_REG_CMD_CONTROL,
		 {RVL_REG_CMD_BASE_LO, RVL_REG_CMD_BASE_HI, RVL_REG_CMD_CPL_BASE_LO,
		  RVL_REG_CMD_CPL_BASE_HI, RVL_REG_CMD_SIZE}},
		{RVL_REG_EVT_CONTROL, {RVL_REG_EVT_BASE_LO, RVL_REG_EVT_BASE_HI, RVL_REG_EVT_SIZE}},
	};

	for (size_t i = 0; i < 3; i++) {
		for (size_t k = 0; k < 9 && rings[i].reg[k]; k++)
			reg_write(b, rings[i].reg[k], 8);
		/* the low halves are aligned, so they hold 0 */
		for (unsigned int on = 0; on < 2; on++) {
			reg_write(b, rings[i].control, on);
			for (size_t k = 0; k < 9 && rings[i].reg[k]; k++) {
				uint32_t was = reg_read(b, rings[i].reg[k]);

				reg_write(b, rings[i].reg[k], 0x1009);
				CHECK_EQ(b, reg_read(b, rings[i].reg[k]) == was, on);
				reg_write(b, rings[i].reg[k], 8);
			}
		}
	}
}

static void cycles_count_from_power_on_and_read_as_one(struct bench *b)
{
	uint32_t low = reg_read(b, RVL_REG_CYCLES_LO);

	/* read in the second of an access's three cycles */
	CHECK_EQ(b, low, b->cycles_register - 2);
	CHECK_EQ(b, reg_read(b, RVL_REG_CYCLES_HI), 0);
	bench_run(b, 1000);
	bench_reset(b, false);
	low = reg_read(b, RVL_REG_CYCLES_LO);
	CHECK(b, low > 1000);
	CHECK_EQ(b, low, b->cycles_register - 2);
	bench_reset(b, true);
	CHECK(b, reg_read(b, RVL_REG_CYCLES_LO) < 32);
}

static void counters_that_move_together_all_count(struct bench *b)
{
	b->cnt_pct = 70;
	bench_run(b, 5000);
	b->cnt_pct = 100;
	bench_run(b, 1000);
	b->cnt_pct = 0;
	bench_run(b, 4);
	counters_check(b);
	CHECK(b, b->cnt[RVL_CNT_PCIE_BAD_REQUEST] > 3000);
}

static void the_high_half_of_a_counter_belongs_to_the_low_half_read_before(struct bench *b)
{
	uint32_t low, other;
	uint64_t then;

	CHECK_EQ(b, reg_read(b, RVL_COUNTER_OFFSET + 8 * RVL_CNT_RX_BYTES + 4), 0);
	while (b->cnt[RVL_CNT_RX_BYTES] < 0xff000000) {
		b->cnt_pct = 100;
		bench_cycle(b);
	}
	b->cnt_pct = 0;
	bench_run(b, 4);
	then = b->cnt[RVL_CNT_RX_BYTES];
	low = reg_read(b, RVL_COUNTER_OFFSET + 8 * RVL_CNT_RX_BYTES);
	CHECK_EQ(b, low, (uint32_t)then);
	while (b->cnt[RVL_CNT_RX_BYTES] < 0x101000000) {
		b->cnt_pct = 100;
		bench_cycle(b);
	}
	b->cnt_pct = 0;
	bench_run(b, 4);
	other = reg_read(b, RVL_COUNTER_OFFSET + 8 * RVL_CNT_RX_FRAMES);
	CHECK_EQ(b, reg_read(b, RVL_COUNTER_OFFSET + 8 * RVL_CNT_RX_BYTES + 4), 0);
	CHECK_EQ(b, reg_read(b, RVL_COUNTER_OFFSET + 8 * RVL_CNT_RX_FRAMES + 4), 0);
	CHECK_EQ(b, other, b->cnt[RVL_CNT_RX_FRAMES]);
	counters_check(b);
}

static void a_reset_leaves_nothing_of_before(struct bench *b)
{
	for (unsigned int q = 0; q < b->pairs; q++)
		for (size_t i = 0; i < HELD; i++)
			reg_write(b, held_reg(b, i, q), 0xffffffff);
	reg_write(b, RVL_REG_CQ_HEAD(0), 7);
	pair_open(b, 0, 4, 4, 5);
	b->cnt_pct = 50;
	bench_run(b, 100);
	b->cnt_pct = 0;
	pair_rx_put(b, 0, 1000, false);
	pair_rx_doorbell(b, 0);
	bench_run(b, 200);
	reg_write(b, RVL_REG_CONTROL, 1);
	CHECK_EQ(b, reg_read(b, RVL_REG_CONTROL), 1);
	CHECK(b, b->out.ctl_enable && !b->out.soft_reset);
	reg_write(b, RVL_REG_CONTROL, 2);
	CHECK_EQ(b, reg_read(b, RVL_REG_STATUS), 4);
	CHECK(b, b->out.soft_reset);
	b->in.ipsec_ready = false;
	bench_reset(b, false);
	CHECK(b, !b->out.soft_reset && !b->out.ctl_enable);
	CHECK_EQ(b, reg_read(b, RVL_REG_STATUS), 4);
	b->in.ipsec_ready = true;
	capability_registers_say_what_was_built(b);
	for (uint32_t reg = 0x40; reg < 0x1000 + b->pairs * RVL_QP_STRIDE; reg += 4) {
		if (reg >= RVL_REG_INBOUND_SAS && reg <= RVL_REG_STALL_CYCLES)
			continue; /* of no ring */
		bool status = reg >= 0x1000 && (reg & 0xff) == 0x64;

		CHECK_EQ(b, reg_read(b, reg), status ? 1 : 0);
	}
	for (unsigned int i = 0; i < RVL_CNT_NUM; i++)
		CHECK_EQ(b, reg_read(b, RVL_COUNTER_OFFSET + 8 * i + 4), 0);
	counters_check(b);
	bench_until_idle(b, 10);
}

static void an_answer_from_before_a_reset_is_taken_and_forgotten(struct bench *b)
{
	unsigned int limit = 10;

	b->in.rd_rsp_valid = b->in.rd_rsp_sop = b->in.rd_rsp_eop = true;
	do {
		CHECK(b, limit--);
		queue_dut_settle(b->dut, &b->in, &b->out);
		queue_dut_edge(b->dut);
	} while (!b->out.rd_rsp_ready);
	b->in.rd_rsp_valid = false;
	bench_until_idle(b, 10);
}

#define TEST(name)                                                                                 \
	{                                                                                          \
#name, name                                                                        \
	}
const struct queue_test queue_tests_regs[] = {
	TEST(capability_registers_say_what_was_built),
	TEST(registers_hold_the_octets_that_are_enabled),
	TEST(unknown_addresses_read_0_and_ignore_writes),
	TEST(read_only_registers_ignore_writes),
	TEST(rx_queues_out_of_range_is_refused),
	TEST(a_ring_size_out_of_range_refuses_enable),
	TEST(a_vector_that_does_not_exist_refuses_enable),
	TEST(bases_and_sizes_stay_while_a_ring_is_on),
	TEST(cycles_count_from_power_on_and_read_as_one),
	TEST(counters_that_move_together_all_count),
	TEST(the_high_half_of_a_counter_belongs_to_the_low_half_read_before),
	TEST(a_reset_leaves_nothing_of_before),
	TEST(an_answer_from_before_a_reset_is_taken_and_forgotten),
	{NULL, NULL},
};
