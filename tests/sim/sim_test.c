/* SPDX-License-Identifier: BSD-2-Clause */
/* The whole chip in one process: registers, commands, interrupts, frames, resets, repetition. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/wire.h"
#include "tests/sim/machine.h"

#define BUFFER 2048U
#define BUFFERS 32U

static struct machine m;

static int setup(void **state)
{
	(void)state;
	machine_start(&m, NULL);
	return 0;
}

static int teardown(void **state)
{
	struct rvl_sim_stats s;

	(void)state;
	rvl_sim_stats(m.sim, &s);
	machine_stop(&m);
	if (s.wire_violations || s.pcie.violations) {
		print_message("%llu beats and %llu TLPs broke the rules\n",
			      (unsigned long long)s.wire_violations,
			      (unsigned long long)s.pcie.violations);
		return -1;
	}
	return 0;
}

static uint32_t reg(uint32_t offset)
{
	return rvl_sim_read32(m.sim, 0, offset);
}

static void registers_read_as_the_register_map_says(void **state)
{
	uint16_t half;
	uint8_t octet;

	(void)state;
	assert_int_equal(reg(RVL_REG_ID), RVL_MAGIC);
	assert_int_equal(reg(RVL_REG_ABI), RVL_ABI_MAJOR << 16 | RVL_ABI_MINOR);
	assert_int_equal(reg(RVL_REG_QUEUES) & RVL_QUEUES_PAIRS_MASK, 4);
	assert_int_equal(rvl_sim_vectors(m.sim), 5);
	assert_int_equal(reg(RVL_REG_STATUS) & RVL_STATUS_READY_MASK, RVL_STATUS_READY_MASK);
	assert_int_equal(reg(RVL_REG_MAC_LO), 0x4e4c5652);
	assert_int_equal(reg(RVL_REG_MAC_HI), 0x0100);
	/* Parts of a register */
	assert_int_equal(rvl_sim_read(m.sim, 0, RVL_REG_ID + 2, &half, 2), 0);
	assert_int_equal(half, RVL_MAGIC >> 16);
	rvl_sim_write32(m.sim, 0, RVL_REG_PORT_MAX_FRAME, 1514);
	octet = 0x7f;
	assert_int_equal(rvl_sim_write(m.sim, 0, RVL_REG_PORT_MAX_FRAME, &octet, 1), 0);
	assert_int_equal(reg(RVL_REG_PORT_MAX_FRAME), (1514 & 0xff00) | 0x7f);
}

static void reads_give_ones_while_memory_space_is_off(void **state)
{
	uint8_t command = 0;
	uint32_t v = 0;

	(void)state;
	rvl_sim_config_write(m.sim, 4, &command, 1);
	assert_int_equal(rvl_sim_read(m.sim, 0, RVL_REG_ID, &v, 4), -EIO);
	assert_int_equal(v, ~0U);
	assert_int_equal(rvl_sim_write(m.sim, 0, RVL_REG_PORT_MAX_FRAME, &v, 4), -EIO);
}

/* Rings by hand, as docs/registers.md describes them. */
static void nop_command_completes_and_raises_its_vector(void **state)
{
	uint64_t ring, cpl;
	struct rvl_cmd *cmd = (void *)machine_alloc(&m, 4096, &ring);
	const struct rvl_cmd_cpl *done = (const void *)machine_alloc(&m, 4096, &cpl);
	const uint32_t irq = 3;

	(void)state;
	rvl_sim_irq_connect(m.sim, irq, true);
	rvl_sim_write32(m.sim, 0, RVL_REG_CMD_BASE_LO, (uint32_t)ring);
	rvl_sim_write32(m.sim, 0, RVL_REG_CMD_BASE_HI, (uint32_t)(ring >> 32));
	rvl_sim_write32(m.sim, 0, RVL_REG_CMD_CPL_BASE_LO, (uint32_t)cpl);
	rvl_sim_write32(m.sim, 0, RVL_REG_CMD_CPL_BASE_HI, (uint32_t)(cpl >> 32));
	rvl_sim_write32(m.sim, 0, RVL_REG_CMD_SIZE, 4);
	rvl_sim_write32(m.sim, 0, RVL_REG_CMD_CONTROL,
			RVL_CMD_CONTROL_ENABLE_MASK | RVL_PUT(CMD_CONTROL_VECTOR, irq));
	cmd->opcode = RVL_CMD_OP_NOP;
	cmd->tag = rvl_cpu_to_le16(0x1234);
	rvl_sim_write32(m.sim, 0, RVL_REG_CMD_TAIL, 1);
	machine_settle(&m);
	assert_int_equal(done->status, RVL_CMD_STATUS_OK);
	assert_int_equal(done->opcode, RVL_CMD_OP_NOP);
	assert_int_equal(rvl_le16_to_cpu(done->tag), 0x1234);
	assert_int_equal(done->phase, RVL_PHASE_PASS);
	assert_int_equal(m.irqs[irq], 1);
	assert_int_equal(reg(RVL_REG_CMD_HEAD), 1);
	assert_int_equal(m.complaints, 0);
}

/* ----------------------------------------------------------------------------- with the driver */

struct nic {
	struct rvl_dev *dev;
	struct rvl_queue *queue;
	uint64_t tx_bus, rx_bus;
	uint8_t *tx, *rx;
};

static void open_nic(struct nic *n)
{
	const struct rvl_queue_options options = {.tx_log2 = 5, .rx_log2 = 5, .vector = 1};
	struct rvl_dev_error err = {""};
	uint32_t i;

	m.used = 0;
	if (rvl_dev_open(&m.os, NULL, &n->dev, &err) ||
	    rvl_queue_create(n->dev, 0, &options, &n->queue, &err))
		fail_msg("%s", err.text);
	n->tx = machine_alloc(&m, BUFFERS * BUFFER, &n->tx_bus);
	n->rx = machine_alloc(&m, BUFFERS * BUFFER, &n->rx_bus);
	for (i = 0; i < BUFFERS - 1; i++)
		assert_int_equal(
			rvl_queue_rx(n->queue, n->rx_bus + i * BUFFER, BUFFER, n->rx + i * BUFFER),
			0);
	rvl_queue_kick(n->queue);
	assert_int_equal(rvl_dev_enable(n->dev, true), 0);
	machine_settle(&m); /* the write is posted: a frame sent now would find the NIC off */
}

static void close_nic(struct nic *n)
{
	rvl_queue_destroy(n->queue);
	rvl_dev_close(n->dev);
}

static uint32_t make_frame(uint8_t *f, uint32_t number)
{
	uint32_t len = 60 + number * 97 % 1455, i;

	for (i = 0; i < len; i++)
		f[i] = (uint8_t)(number * 31 + i);
	f[0] = 2;
	f[12] = 0x88;
	f[13] = 0xb5;
	return len;
}

/* `count` frames each way at the same time; contents and order are compared. */
static void traffic(struct nic *n, uint32_t count)
{
	static uint8_t f[BUFFER];
	uint32_t sent = 0, put = 0, sent_back = 0, received = 0, rounds, len, i;
	unsigned first = m.wire_count;

	for (rounds = 0; sent_back < count || received < count; rounds++) {
		struct rvl_completion c[16];
		int k, got;

		assert_true(rounds < 20000);
		while (sent < count && rvl_queue_tx_room(n->queue)) {
			uint32_t slot = sent % BUFFERS;

			if (sent - sent_back == BUFFERS)
				break;
			len = make_frame(n->tx + slot * BUFFER, sent);
			assert_int_equal(rvl_queue_tx(n->queue, n->tx_bus + slot * BUFFER,
						      (uint16_t)len, RVL_NO_SA, NULL),
					 0);
			sent++;
		}
		while (put < count && put - received < BUFFERS / 2 && rvl_sim_rx_room(m.sim)) {
			len = make_frame(f, put++ + 1000);
			assert_int_equal(rvl_sim_rx(m.sim, f, len, false), 0);
		}
		rvl_queue_kick(n->queue);
		rvl_sim_step(m.sim, 100);
		got = rvl_queue_poll(n->queue, c, 16);
		assert_true(got >= 0);
		for (k = 0; k < got; k++) {
			assert_int_equal(c[k].status, RVL_CQ_STATUS_OK);
			if (!c[k].rx) {
				sent_back++;
				continue;
			}
			len = make_frame(f, received++ + 1000);
			assert_int_equal(c[k].len, len);
			assert_false(c[k].decrypted);
			assert_memory_equal(c[k].cookie, f, len);
			assert_int_equal(
				rvl_queue_rx(n->queue,
					     n->rx_bus + (uint64_t)((uint8_t *)c[k].cookie - n->rx),
					     BUFFER, c[k].cookie),
				0);
		}
	}
	machine_settle(&m);
	assert_int_equal(m.wire_count - first, count);
	for (i = 0; i < count && i < MACHINE_FRAMES; i++) {
		const struct machine_frame *w = &m.wire[(m.wire_count - 1 - i) % MACHINE_FRAMES];

		len = make_frame(f, count - 1 - i);
		assert_int_equal(w->len, len);
		assert_memory_equal(w->data, f, len);
	}
}

static void driver_finds_its_device(void **state)
{
	struct rvl_dev_error err = {""};
	struct rvl_dev *dev;

	(void)state;
	if (rvl_dev_open(&m.os, NULL, &dev, &err))
		fail_msg("%s", err.text);
	assert_int_equal(rvl_dev_caps(dev)->queue_pairs, 4);
	assert_int_equal(rvl_dev_nop(dev, &err), 0);
	rvl_dev_close(dev);
	assert_int_equal(m.complaints, 0);
}

static void unprotected_frames_cross_both_ways(void **state)
{
	uint64_t counters[RVL_CNT_NUM];
	struct nic n;

	(void)state;
	open_nic(&n);
	traffic(&n, 100);
	assert_int_equal(rvl_dev_counters(n.dev, counters), 0);
	assert_int_equal(counters[RVL_CNT_TX_FRAMES], 100);
	assert_int_equal(counters[RVL_CNT_TX_BYPASS], 100);
	assert_int_equal(counters[RVL_CNT_RX_FRAMES], 100);
	assert_int_equal(counters[RVL_CNT_RX_PASS], 100);
	close_nic(&n);
	assert_int_equal(m.complaints, 0);
}

static void frames_cross_whatever_host_and_wire_do(void **state)
{
	const char *given = getenv("SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : 1, last = given ? seed : seed + 5;

	(void)state;
	for (; seed <= last; seed++) {
		struct rvl_sim_options o = RVL_SIM_OPTIONS_DEFAULT;
		struct nic n;

		print_message("seed=%llu\n", (unsigned long long)seed);
		o.seed = seed;
		o.wire_idle_percent = (unsigned)(seed * 13 % 60);
		o.rootport = (struct rvl_rootport_policy){
			.latency_min = 10,
			.latency_max = (uint32_t)(50 + seed * 137 % 600),
			.reorder = true,
			.split_percent = (uint32_t)(seed * 29 % 100),
			.request_gap_percent = 20,
			.completion_gap_percent = 30,
			.write_stall_percent = 30,
			.read_stall_percent = 30,
			.completion_stall_percent = 30,
			.stall_cycles = 20};
		machine_stop(&m);
		machine_start(&m, &o);
		rvl_sim_set_payload(m.sim, seed % 6, (seed / 2) % 6);
		open_nic(&n);
		traffic(&n, 60);
		close_nic(&n);
		assert_int_equal(m.complaints, 0);
	}
}

static void interrupt_comes_once_when_armed_and_waits_while_masked(void **state)
{
	uint32_t pending;
	uint8_t control[2];
	struct nic n;

	(void)state;
	open_nic(&n);
	rvl_sim_irq_connect(m.sim, 1, true);
	traffic(&n, 3);
	assert_int_equal(m.irqs[1], 0);
	rvl_queue_arm(n.queue);
	traffic(&n, 3);
	assert_int_equal(m.irqs[1], 1);
	/* the vector's mask */
	rvl_sim_irq_mask(m.sim, 1, true);
	rvl_queue_arm(n.queue);
	traffic(&n, 3);
	assert_int_equal(m.irqs[1], 1);
	assert_int_equal(rvl_sim_read(m.sim, 2, RVL_MSIX_PBA_OFFSET, &pending, 4), 0);
	assert_int_equal(pending, 2);
	rvl_sim_irq_mask(m.sim, 1, false);
	machine_settle(&m);
	assert_int_equal(m.irqs[1], 2);
	assert_int_equal(rvl_sim_read32(m.sim, 2, RVL_MSIX_PBA_OFFSET), 0);
	/* the function's mask */
	rvl_sim_config_read(m.sim, RVL_CONFIG_MSIX + 2, control, 2);
	control[1] |= 0x40;
	rvl_sim_config_write(m.sim, RVL_CONFIG_MSIX + 2, control, 2);
	rvl_queue_arm(n.queue);
	traffic(&n, 3);
	assert_int_equal(m.irqs[1], 2);
	assert_int_equal(rvl_sim_read32(m.sim, 2, RVL_MSIX_PBA_OFFSET), 2);
	control[1] &= (uint8_t)~0x40;
	rvl_sim_config_write(m.sim, RVL_CONFIG_MSIX + 2, control, 2);
	machine_settle(&m);
	assert_int_equal(m.irqs[1], 3);
	close_nic(&n);
	assert_int_equal(m.complaints, 0);
}

static void memory_that_is_not_there_fails_the_frame_and_nothing_else(void **state)
{
	uint64_t counters[RVL_CNT_NUM];
	struct rvl_completion c;
	struct nic n;

	(void)state;
	open_nic(&n);
	assert_int_equal(rvl_queue_tx(n.queue, 0x1000, 700, RVL_NO_SA, NULL), 0);
	rvl_queue_kick(n.queue);
	machine_settle(&m);
	assert_int_equal(rvl_queue_poll(n.queue, &c, 1), 1);
	assert_int_equal(c.status, RVL_CQ_STATUS_DMA_ERROR);
	traffic(&n, 5);
	assert_int_equal(rvl_dev_counters(n.dev, counters), 0);
	assert_int_equal(counters[RVL_CNT_TX_DROP_DMA], 1);
	assert_true(counters[RVL_CNT_PCIE_READ_UR] > 0);
	close_nic(&n);
}

static uint64_t lost_on_the_wire(void)
{
	struct rvl_sim_stats stats;

	rvl_sim_stats(m.sim, &stats);
	return stats.wire_lost;
}

static void pull(struct nic *n, bool up)
{
	struct rvl_dev_event event;
	bool is = !up;

	rvl_sim_link(m.sim, up);
	machine_settle(&m);
	assert_int_equal(rvl_dev_link(n->dev, &is), 0);
	assert_int_equal(is, up);
	assert_int_equal(rvl_dev_next_event(n->dev, &event), 1);
	assert_int_equal(event.type, RVL_EVENT_LINK);
	assert_int_equal(event.value, up);
	assert_int_equal(rvl_dev_next_event(n->dev, &event), 0);
}

static void a_pulled_wire_is_told_and_takes_no_frame(void **state)
{
	static uint8_t f[BUFFER];
	struct rvl_completion c;
	struct nic n;
	unsigned first;

	(void)state;
	open_nic(&n);
	traffic(&n, 5);
	pull(&n, false);
	first = m.wire_count;
	assert_int_equal(rvl_queue_tx(n.queue, n.tx_bus, 700, RVL_NO_SA, NULL), 0);
	assert_int_equal(rvl_sim_rx(m.sim, f, make_frame(f, 1), false), 0);
	rvl_queue_kick(n.queue);
	machine_settle(&m);
	/* The NIC has done its part. */
	assert_int_equal(rvl_queue_poll(n.queue, &c, 1), 1);
	assert_true(!c.rx && c.status == RVL_CQ_STATUS_OK);
	assert_int_equal(rvl_queue_poll(n.queue, &c, 1), 0);
	assert_int_equal(m.wire_count, first);
	assert_int_equal(lost_on_the_wire(), 2);
	pull(&n, true);
	traffic(&n, 5);
	assert_int_equal(lost_on_the_wire(), 2);
	close_nic(&n);
	assert_int_equal(m.complaints, 0);
}

/* At many moments of a burst: what has begun to arrive ends damaged, the rest is lost. */
static void a_wire_pulled_while_frames_arrive_damages_one_at_most(void **state)
{
	static uint8_t f[BUFFER];
	uint32_t moment, i, cut = 0;

	(void)state;
	for (moment = 0; moment < 60; moment++) {
		uint64_t counters[RVL_CNT_NUM], lost = lost_on_the_wire();
		struct rvl_completion c[16];
		struct nic n;

		open_nic(&n);
		for (i = 0; i < 8; i++)
			assert_int_equal(rvl_sim_rx(m.sim, f, make_frame(f, 14 + i), false), 0);
		rvl_sim_step(m.sim, moment * 3);
		pull(&n, false);
		assert_int_equal(rvl_dev_counters(n.dev, counters), 0);
		assert_true(counters[RVL_CNT_RX_DROP_PORT] <= 1);
		cut += (uint32_t)counters[RVL_CNT_RX_DROP_PORT];
		assert_int_equal(counters[RVL_CNT_RX_FRAMES] + lost_on_the_wire() - lost, 8);
		assert_int_equal(rvl_queue_poll(n.queue, c, 16), counters[RVL_CNT_RX_PASS]);
		pull(&n, true);
		close_nic(&n);
	}
	assert_true(cut > 10);
	assert_int_equal(m.complaints, 0);
}

/* FLR at many moments of the same traffic; afterwards the NIC is as new. */
static void flr_in_the_middle_of_traffic_leaves_a_working_nic(void **state)
{
	static uint8_t f[BUFFER];
	uint32_t moment, i;

	(void)state;
	for (moment = 0; moment < 24; moment++) {
		struct nic n;
		uint32_t v;

		open_nic(&n);
		rvl_sim_irq_connect(m.sim, 1, true);
		rvl_queue_arm(n.queue);
		for (i = 0; i < 16; i++) {
			uint32_t len = make_frame(n.tx + i * BUFFER, i);

			rvl_queue_tx(n.queue, n.tx_bus + i * BUFFER, (uint16_t)len, RVL_NO_SA,
				     NULL);
			len = make_frame(f, i + 1000);
			rvl_sim_rx(m.sim, f, len, false);
		}
		rvl_queue_kick(n.queue);
		rvl_sim_step(m.sim, 20 + moment * 23);
		assert_int_equal(rvl_sim_flr(m.sim), 0);
		rvl_sim_config_read(m.sim, 4, &v, 4);
		assert_int_equal(v & 4, 0); /* no bus master */
		rvl_sim_step(m.sim, 2000);
		assert_int_equal(reg(RVL_REG_CONTROL), 0);
		assert_int_equal(reg(RVL_REG_Q_CONTROL(0)), 0);
		machine_settle(&m);
		rvl_sim_set_bus_master(m.sim, true);
		close_nic(&n);
		open_nic(&n);
		m.irqs[1] = 0;
		rvl_queue_arm(n.queue);
		traffic(&n, 4);
		assert_int_equal(m.irqs[1], 1);
		close_nic(&n);
	}
	assert_int_equal(m.complaints, 0);
}

static uint64_t run_once(uint64_t seed, uint64_t *cycles)
{
	struct rvl_sim_options o = RVL_SIM_OPTIONS_DEFAULT;
	struct rvl_sim_stats s;
	struct nic n;

	machine_stop(&m);
	o.seed = seed;
	o.wire_idle_percent = 20;
	o.rootport.latency_max = 500;
	o.rootport.reorder = true;
	o.rootport.split_percent = 50;
	o.rootport.write_stall_percent = 10;
	machine_start(&m, &o);
	open_nic(&n);
	traffic(&n, 40);
	close_nic(&n);
	rvl_sim_stats(m.sim, &s);
	*cycles = s.cycles;
	return s.hash;
}

static void same_calls_give_the_same_run(void **state)
{
	uint64_t c1, c2, c3;
	uint64_t first = run_once(7, &c1), second = run_once(7, &c2), other = run_once(8, &c3);

	(void)state;
	assert_true(first == second);
	assert_int_equal(c1, c2);
	assert_true(first != other);
}

static void no_cycle_passes_when_there_is_nothing_to_do(void **state)
{
	struct nic n;
	uint64_t cycle;

	(void)state;
	open_nic(&n);
	traffic(&n, 10);
	rvl_queue_arm(n.queue);
	machine_settle(&m);
	cycle = rvl_sim_cycle(m.sim);
	assert_true(rvl_sim_run(m.sim, 1000000));
	assert_int_equal(rvl_sim_cycle(m.sim), cycle);
	close_nic(&n);
}

static void impossible_frames_are_refused_at_the_wire(void **state)
{
	static uint8_t big[RVL_WIRE_MAX_FRAME + 1];
	unsigned i;

	(void)state;
	assert_int_equal(rvl_sim_rx(m.sim, big, 0, false), -EMSGSIZE);
	assert_int_equal(rvl_sim_rx(m.sim, big, sizeof(big), false), -EMSGSIZE);
	for (i = rvl_sim_rx_room(m.sim); i > 0; i--)
		assert_int_equal(rvl_sim_rx(m.sim, big, 60, false), 0);
	assert_int_equal(rvl_sim_rx(m.sim, big, 60, false), -EAGAIN);
	machine_settle(&m);
}

static void memory_map_has_no_room_for_interrupts_and_overlaps(void **state)
{
	struct rvl_dma_range r = {.bus = MACHINE_BUS + 4096, .size = 4096, .mem = m.memory};

	(void)state;
	assert_int_equal(rvl_sim_map(m.sim, &r), -EEXIST);
	r.bus = RVL_SIM_MSIX_ADDRESS - 4096 + 1;
	assert_int_equal(rvl_sim_map(m.sim, &r), -EINVAL);
	r.bus = 0;
	r.size = UINT64_MAX;
	assert_int_equal(rvl_sim_map(m.sim, &r), -EINVAL);
	assert_int_equal(rvl_sim_unmap(m.sim, 0, 1), -ENOENT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(registers_read_as_the_register_map_says),
		TEST(reads_give_ones_while_memory_space_is_off),
		TEST(nop_command_completes_and_raises_its_vector),
		TEST(driver_finds_its_device),
		TEST(unprotected_frames_cross_both_ways),
		TEST(frames_cross_whatever_host_and_wire_do),
		TEST(interrupt_comes_once_when_armed_and_waits_while_masked),
		TEST(memory_that_is_not_there_fails_the_frame_and_nothing_else),
		TEST(a_pulled_wire_is_told_and_takes_no_frame),
		TEST(a_wire_pulled_while_frames_arrive_damages_one_at_most),
		TEST(flr_in_the_middle_of_traffic_leaves_a_working_nic),
		TEST(same_calls_give_the_same_run),
		TEST(no_cycle_passes_when_there_is_nothing_to_do),
		TEST(impossible_frames_are_refused_at_the_wire),
		TEST(memory_map_has_no_room_for_interrupts_and_overlaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
