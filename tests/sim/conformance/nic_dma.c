/* SPDX-License-Identifier: BSD-2-Clause */
/* DMA_UNMAP, DEVICE_RESET and disconnection while the NIC reads and writes memory. */
#include "tests/sim/conformance/nic.h"

#include <stdlib.h>

#define FRAME 1500U
#define SLOT 2048U

/* RESET must be answered within QEMU's 5 s; the slowest model (with waves) does 40,000 cycles a
 * second. */
#define RESET_LIMIT 20000U

/* A read that is lost is given up after 1.07 times 250,000 cycles. */
#define RESET_LIMIT_LOST 300000U

/* Frames to send and buffers to receive into on all queues, and frames on the wire. */
static void load(struct nic *n)
{
	uint8_t frame[FRAME] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	uint32_t at = 0;
	unsigned q, i;

	assert_int_equal(rvl_dev_set_rx_queues(n->dev, NIC_QUEUES), 0);
	for (q = 0; q < NIC_QUEUES; q++) {
		for (i = 0; i < 16; i++) {
			assert_int_equal(
				rvl_queue_tx(n->queues[q], NIC_BUFFERS + at, FRAME, RVL_NO_SA, n),
				0);
			at += SLOT;
			assert_int_equal(rvl_queue_rx(n->queues[q], NIC_BUFFERS + at, SLOT, n), 0);
			at += SLOT;
		}
		rvl_queue_kick(n->queues[q]);
	}
	assert_true(at <= NIC_HALF);
	for (i = 0; i < 24; i++) {
		frame[12] = (uint8_t)i;
		assert_int_equal(rvl_sim_rx(n->sim, frame, sizeof(frame), false), 0);
	}
}

static struct rvl_sim_stats stats_of(struct nic *n)
{
	struct rvl_sim_stats s;

	rvl_sim_stats(n->sim, &s);
	return s;
}

/* Under load, at a moment at which it both reads and writes: `writes` more of its writes on. */
static void get_busy(struct nic *n, uint64_t writes)
{
	uint64_t from;
	unsigned i;

	load(n);
	from = stats_of(n).pcie.up_writes;
	for (i = 0; stats_of(n).pcie.up_writes < from + writes; i++) {
		assert_true(i < 100000);
		rvl_sim_step(n->sim, 1);
	}
	assert_false(rvl_sim_idle(n->sim));
}

static uint8_t *copy(const struct nic *n)
{
	uint8_t *memory = malloc(2 * NIC_HALF);

	memcpy(memory, n->rings, 2 * NIC_HALF);
	return memory;
}

static void memory_stays(struct nic *n, uint8_t *was, uint32_t from, uint32_t size)
{
	rvl_sim_run(n->sim, 1000000);
	assert_memory_equal(n->rings + from, was + from, size);
	free(was);
}

static void memory_is_not_touched_after_its_unmap(void **state)
{
	struct nic *n = *state;
	uint64_t moment;

	for (moment = 1; moment < 400; moment = moment * 2 + 3) {
		struct rvl_rootport_stats before, after;
		uint8_t *was;

		nic_start_driver(n);
		get_busy(n, moment);
		before = stats_of(n).pcie;
		assert_int_equal(client_unmap(&n->client, NIC_BUFFERS, NIC_HALF), 0);
		assert_int_equal(mappings_of("memfd:guest"), 2); /* ours, and the rings */
		was = copy(n);
		memory_stays(n, was, NIC_HALF, NIC_HALF);
		/* It did go on: what it asked for was no memory any more. */
		after = stats_of(n).pcie;
		assert_true(after.bad_reads + after.bad_writes >
			    before.bad_reads + before.bad_writes);
		assert_int_equal(client_map(&n->client, n->memfd, NIC_HALF, NIC_BUFFERS, NIC_HALF),
				 0);
		nic_stop_driver(n);
		nic_reset(n, false);
		nic_set_config(n, 0x04, 6);
	}
}

static void memory_is_not_touched_after_a_reset(void **state)
{
	struct nic *n = *state;
	uint64_t moment;
	unsigned flr = 0;

	nic_connect_vectors(n);
	for (moment = 1; moment < 400; moment = moment * 2 + 3) {
		for (flr = 0; flr < 2; flr++) {
			uint64_t cycles;

			nic_start_driver(n);
			get_busy(n, moment);
			cycles = nic_reset(n, flr);
			if (cycles > RESET_LIMIT)
				fail_msg("a reset took %llu cycles", (unsigned long long)cycles);
			nic_raised(n);
			memory_stays(n, copy(n), 0, 2 * NIC_HALF);
			assert_int_equal(nic_raised(n), 0);
			/* A new NIC, for a driver that begins anew. */
			assert_int_equal(nic_reg(n, RVL_REG_CMD_CONTROL), 0);
			assert_int_equal(nic_config(n, 0x04) & 4, 0);
			nic_set_config(n, 0x04, 6);
			assert_int_equal(rvl_dev_check(n->dev), -EIO);
			nic_stop_driver(n);
			nic_start_driver(n);
			nic_raise(n, 1);
			assert_int_equal(nic_raised(n) & 2, 2);
			nic_stop_driver(n);
		}
	}
	assert_int_equal(stats_of(n).pcie.violations, 0);
}

static void a_reset_does_not_wait_for_ever_for_reads_that_are_lost(void **state)
{
	const struct rvl_rootport_rule lost = {
		.fault = RVL_FAULT_LOST, .addr = NIC_BUFFERS, .size = NIC_HALF};
	struct nic *n = *state;
	uint64_t cycles;

	nic_start_driver(n);
	assert_int_equal(rvl_rootport_add_rule(rvl_sim_rootport(n->sim), &lost), 0);
	get_busy(n, 2);
	cycles = nic_reset(n, false);
	assert_in_range(cycles, RESET_LIMIT, RESET_LIMIT_LOST);
	rvl_rootport_clear_rules(rvl_sim_rootport(n->sim));
	nic_set_config(n, 0x04, 6);
	/* The tags of lost reads rest, and these may have been all that there are without this. */
	nic_set_config(n, NIC_DEVICE_CONTROL, NIC_EXTENDED_TAGS);
	nic_stop_driver(n);
	nic_start_driver(n);
	nic_raise(n, 1);
}

/* Messages of all kinds are answered while the NIC is busy, and a reset behind posted writes. */
static void messages_are_answered_under_load(void **state)
{
	struct rvl_vfio_user_info info = {.argsz = sizeof(info)};
	struct nic *n = *state;
	uint32_t i, v = 0x1000;

	nic_start_driver(n);
	get_busy(n, 5);
	for (i = 0; i < 50; i++) {
		assert_int_equal(nic_reg(n, RVL_REG_ID), RVL_MAGIC);
		assert_int_equal(client_call(&n->client, RVL_VFIO_USER_GET_INFO, &info,
					     sizeof(info), NULL, 0),
				 0);
		assert_int_equal(client_map(&n->client, n->memfd, 0, 0x300000000ULL, PAGE), 0);
		assert_int_equal(client_unmap(&n->client, 0x300000000ULL, PAGE), 0);
		rvl_sim_step(n->sim, 20);
	}
	for (i = 0; i < 200; i++)
		assert_int_equal(client_post(&n->client, 0, RVL_REG_CMD_BASE_HI, &v, 4), 0);
	assert_true(nic_reset(n, false) < RESET_LIMIT);
	assert_int_equal(nic_reg(n, RVL_REG_CMD_BASE_HI), 0);
	nic_set_config(n, 0x04, 6);
	assert_int_equal(n->complaints, 0);
}

static void memory_is_not_touched_after_its_client_has_gone(void **state)
{
	struct nic *n = *state;
	uint8_t *was;

	nic_connect_vectors(n);
	nic_start_driver(n);
	get_busy(n, 20);
	client_close(&n->client);
	assert_int_equal(mappings_of("memfd:guest"), 1); /* ours */
	nic_raised(n);
	was = copy(n);
	memory_stays(n, was, 0, 2 * NIC_HALF);
	assert_int_equal(nic_raised(n), 0);
	/* The next one finds it as after a reset, or where it was left, resets it and goes on. */
	nic_attach(n);
	assert_int_equal(nic_reg(n, RVL_REG_ID), RVL_MAGIC);
	assert_int_equal(nic_reg(n, RVL_REG_CMD_CONTROL) != 0, n->keeps);
	nic_stop_driver(n);
	nic_start_driver(n);
	nic_connect_vectors(n);
	nic_raised(n);
	nic_raise(n, 2);
	assert_int_equal(nic_raised(n), 1U << 2);
}

/* What is not mapped by a descriptor, or not for writing, the NIC can't reach; it is told so. */
static void memory_that_is_not_given_is_not_reached(void **state)
{
	struct rvl_vfio_user_dma_map m = {.argsz = sizeof(m),
					  .flags = RVL_VFIO_USER_DMA_READABLE,
					  .offset = NIC_HALF,
					  .address = NIC_BUFFERS,
					  .size = NIC_HALF};
	struct nic *n = *state;
	unsigned i;

	for (i = 0; i < 2; i++) {
		struct rvl_completion done[40];
		unsigned good = 0, bad = 0, k;
		int got;

		assert_int_equal(client_unmap(&n->client, NIC_BUFFERS, NIC_HALF), 0);
		/* First: may be read. Then: no descriptor at all. */
		assert_int_equal(client_call(&n->client, RVL_VFIO_USER_DMA_MAP, &m, sizeof(m),
					     &n->memfd, i == 0),
				 0);
		nic_start_driver(n);
		memset(n->buffers, 0xa5, NIC_HALF);
		load(n);
		memory_stays(n, copy(n), NIC_HALF, NIC_HALF);
		got = rvl_queue_poll(n->queues[0], done, 40);
		assert_true(got >= 16);
		for (k = 0; k < (unsigned)got; k++) {
			if (done[k].rx)
				continue;
			good += done[k].status == RVL_CQ_STATUS_OK;
			bad += done[k].status != RVL_CQ_STATUS_OK;
		}
		assert_int_equal(good, i == 0 ? 16 : 0);
		assert_int_equal(bad, i == 0 ? 0 : 16);
		nic_stop_driver(n);
	}
}

int nic_dma_tests(void)
{
	const struct CMUnitTest tests[] = {
		NIC_TEST(memory_is_not_touched_after_its_unmap),
		NIC_TEST(memory_is_not_touched_after_a_reset),
		NIC_TEST(a_reset_does_not_wait_for_ever_for_reads_that_are_lost),
		NIC_TEST(messages_are_answered_under_load),
		NIC_TEST(memory_is_not_touched_after_its_client_has_gone),
		NIC_KEEPING_TEST(memory_is_not_touched_after_its_client_has_gone),
		NIC_TEST(memory_that_is_not_given_is_not_reached),
	};

	return cmocka_run_group_tests_name("the NIC's DMA", tests, NULL, NULL);
}
