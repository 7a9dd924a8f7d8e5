/* SPDX-License-Identifier: BSD-2-Clause */
/* Transmit and receive rings with their completions. */
#include <string.h>

#include "tests/rtl/queue/queue_bench.h"

static void enable(struct bench *b)
{
	reg_write(b, RVL_REG_CONTROL, 1);
}

static void poll_tx(struct bench *b, unsigned int q, unsigned int limit)
{
	while (b->pair[q].tx_done != b->pair[q].tx_tail) {
		if (!limit--)
			bench_fail(b, "pair %u: %u of %u descriptors completed", q,
				   b->pair[q].tx_done, b->pair[q].tx_tail);
		bench_run(b, 10);
		if (pair_poll(b, q, UINT32_MAX))
			pair_cq_doorbell(b, q, false);
	}
}

static void finish(struct bench *b)
{
	bench_until_idle(b, 200000);
	CHECK_EQ(b, b->htx_frames, b->tx_completed);
	counters_check(b);
}

static void frames_leave_as_they_lie_in_memory(struct bench *b)
{
	static const unsigned int lens[] = {14,	 15,  16,  17,	 63,   64,  65,
					    127, 128, 129, 1500, 9233, 9234};

	enable(b);
	pair_open(b, 0, 6, 3, 7);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		pair_tx_put(b, 0, lens[i], TX_GOOD);
	for (unsigned int i = 0; i < 40; i++)
		pair_tx_put(b, 0, 14 + bench_random(b, 2000), TX_GOOD);
	pair_tx_doorbell(b, 0);
	poll_tx(b, 0, 10000);
	finish(b);
	CHECK_EQ(b, b->htx_frames, 53);
}

static void nothing_is_taken_before_the_device_is_enabled(struct bench *b)
{
	pair_open(b, 0, 3, 3, 4);
	pair_tx_put(b, 0, 100, TX_GOOD);
	pair_tx_doorbell(b, 0);
	bench_run(b, 1000);
	CHECK_EQ(b, b->htx_frames, 0);
	bench_until_idle(b, 10);
	enable(b);
	poll_tx(b, 0, 100);
	finish(b);
}

static void queues_take_turns(struct bench *b)
{
	for (unsigned int q = 0; q < b->pairs; q++) {
		pair_open(b, q, 6, 3, 7);
		for (unsigned int i = 0; i < 64; i++)
			pair_tx_put(b, q, 1000, TX_GOOD);
		pair_tx_doorbell(b, q);
	}
	bench_until_idle(b, 2000);
	enable(b);
	while (b->htx_frames < 60 * b->pairs) {
		uint64_t least = UINT64_MAX, most = 0;

		bench_cycle(b);
		for (unsigned int q = 0; q < b->pairs; q++) {
			least = b->htx_pair[q] < least ? b->htx_pair[q] : least;
			most = b->htx_pair[q] > most ? b->htx_pair[q] : most;
		}
		CHECK(b, most - least <= 1);
	}
	for (unsigned int q = 0; q < b->pairs; q++)
		poll_tx(b, q, 10000);
	finish(b);
}

static void a_ring_larger_than_the_cache_is_read_as_it_is_used(struct bench *b)
{
	pair_open(b, 0, 8, 8, 9);
	for (unsigned int i = 0; i < 256; i++) {
		pair_tx_put(b, 0, 14 + bench_random(b, 100), TX_GOOD);
		pair_rx_put(b, 0, 1000, false);
	}
	pair_tx_doorbell(b, 0);
	pair_rx_doorbell(b, 0);
	bench_until_idle(b, 2000);
	CHECK_EQ(b, b->desc_reads, 8);
	enable(b);
	b->hrx_pct = 10;
	b->hrx_left = 256;
	while (b->hrx_left || b->hrx_open)
		bench_cycle(b);
	bench_until_idle(b, 200000);
	CHECK_EQ(b, pair_poll(b, 0, UINT32_MAX), 512);
	CHECK_EQ(b, b->desc_reads, 32);
	finish(b);
}

static void bad_descriptors_complete_in_their_place(struct bench *b)
{
	enable(b);
	pair_open(b, 0, 6, 3, 7);
	for (unsigned int i = 0; i < 400; i++) {
		if (!pair_tx_room(&b->pair[0])) {
			pair_tx_doorbell(b, 0);
			poll_tx(b, 0, 10000);
		}
		pair_tx_put(b, 0, 14 + bench_random(b, 300),
			    bench_chance(b, 50)	  ? TX_BAD
			    : bench_chance(b, 30) ? TX_UNSUPPORTED
						  : TX_GOOD);
	}
	for (unsigned int i = 0; i < 64 && pair_tx_room(&b->pair[0]); i++)
		pair_tx_put(b, 0, 14, TX_BAD);
	pair_tx_doorbell(b, 0);
	poll_tx(b, 0, 10000);
	finish(b);
	CHECK(b, b->cnt[RVL_CNT_TX_DROP_DESC] > 150);
}

static void a_frame_that_cannot_be_read_is_dropped_alone(struct bench *b)
{
	enable(b);
	pair_open(b, 0, 6, 3, 7);
	for (unsigned int i = 0; i < 600; i++) {
		if (!pair_tx_room(&b->pair[0])) {
			pair_tx_doorbell(b, 0);
			poll_tx(b, 0, 10000);
		}
		pair_tx_put(b, 0, 14 + bench_random(b, 4000),
			    bench_chance(b, 40) ? TX_UNREADABLE : TX_GOOD);
	}
	pair_tx_doorbell(b, 0);
	poll_tx(b, 0, 10000);
	finish(b);
	CHECK(b, b->cnt[RVL_CNT_TX_DROP_DMA] > 150);
}

static void a_descriptor_that_cannot_be_read_stops_its_queue_alone(struct bench *b)
{
	unsigned int bad = b->pairs - 1;

	enable(b);
	evt_open(b, 4, 0);
	for (unsigned int q = 0; q < b->pairs; q++)
		pair_open(b, q, 5, 5, 6);
	host_perm(b, b->pair[bad].tx_ring + 20 * sizeof(struct rvl_tx_desc),
		  sizeof(struct rvl_tx_desc), PERM_FAIL);
	for (unsigned int q = 0; q < b->pairs; q++) {
		for (unsigned int i = 0; i < 32; i++)
			pair_tx_put(b, q, 100, TX_GOOD);
		pair_tx_doorbell(b, q);
	}
	for (unsigned int q = 0; q < bad; q++)
		poll_tx(b, q, 10000);
	bench_until_idle(b, 10000);
	CHECK_EQ(b, reg_read(b, RVL_REG_Q_STATUS(bad)), 3);
	CHECK_EQ(b, evt_poll(b), 1);
	CHECK_EQ(b, b->evt_queue_errors, 1);
	CHECK_EQ(b, b->irqs[0], 1);
	pair_poll(b, bad, UINT32_MAX);
	CHECK(b, b->pair[bad].tx_done <= 16);
	pair_close(b, bad);
	CHECK_EQ(b, reg_read(b, RVL_REG_Q_STATUS(bad)), 3);
	pair_open(b, bad, 5, 5, 6);
	CHECK_EQ(b, reg_read(b, RVL_REG_Q_STATUS(bad)), 1);
	pair_tx_put(b, bad, 100, TX_GOOD);
	pair_tx_doorbell(b, bad);
	poll_tx(b, bad, 10000);
	finish(b);
}

static void descriptors_are_read_in_batches_and_frames_without_waiting(struct bench *b)
{
	uint64_t start;

	enable(b);
	pair_open(b, 0, 6, 3, 7);
	b->read_req_ready_pct = 100;
	b->read_gap_pct = 0;
	b->wr_ready_pct = 100;
	b->htx_ready_pct = 100;
	for (unsigned int i = 0; i < 64; i++)
		pair_tx_put(b, 0, 128, TX_GOOD);
	b->read_latency_min = 400;
	pair_tx_doorbell(b, 0);
	start = b->cycle;
	while (b->htx_frames < 64)
		bench_cycle(b);
	CHECK(b, b->cycle - start < 2000);
	CHECK_EQ(b, b->desc_reads, 4);
	CHECK(b, b->read_max > 24);
	poll_tx(b, 0, 100);
	finish(b);
}

static void transmit_waits_for_room_in_the_completion_ring(struct bench *b)
{
	enable(b);
	pair_open(b, 0, 6, 3, 3);
	for (unsigned int i = 0; i < 50; i++)
		pair_tx_put(b, 0, 60, bench_chance(b, 30) ? TX_BAD : TX_GOOD);
	pair_tx_doorbell(b, 0);
	bench_run(b, 2000);
	bench_until_idle(b, 10);
	CHECK_EQ(b, reg_read(b, RVL_REG_CQ_TAIL(0)), 8);
	while (b->pair[0].tx_done < 50) {
		pair_poll(b, 0, 1 + bench_random(b, 8));
		pair_cq_doorbell(b, 0, false);
		bench_run(b, bench_random(b, 200));
	}
	finish(b);
}

static void pointers_wrap_at_16_bits(struct bench *b)
{
	unsigned int total = 0;

	enable(b);
	pair_open(b, 0, 3, 4, 5);
	b->read_latency = 5;
	b->read_gap_pct = 0;
	b->wr_ready_pct = 100;
	b->hrx_max = 80;
	b->hrx_pct = 10;
	while (total < 66000 || b->pair[0].rx_done > 60000 || b->cnt[RVL_CNT_RX_PASS] < 33000) {
		struct pair *p = &b->pair[0];

		while (pair_tx_room(p)) {
			pair_tx_put(b, 0, 14 + bench_random(b, 4),
				    bench_chance(b, 2) ? TX_BAD : TX_GOOD);
			total++;
		}
		pair_tx_doorbell(b, 0);
		while (pair_rx_room(p))
			pair_rx_put(b, 0, 80, false);
		pair_rx_doorbell(b, 0);
		b->hrx_left = 8;
		bench_run(b, 40);
		if (pair_poll(b, 0, UINT32_MAX))
			pair_cq_doorbell(b, 0, false);
	}
	poll_tx(b, 0, 100);
	b->hrx_left = 0;
	bench_until_idle(b, 10000);
	pair_poll(b, 0, UINT32_MAX);
	b->cnt[RVL_CNT_RX_DROP_NO_BUFFER] = counter_read(b, RVL_CNT_RX_DROP_NO_BUFFER);
	CHECK_EQ(b,
		 b->cnt[RVL_CNT_RX_PASS] + b->cnt[RVL_CNT_RX_DECRYPTED] +
			 b->cnt[RVL_CNT_RX_DROP_NO_BUFFER],
		 b->hrx_serial);
	finish(b);
}

static void a_stalled_wire_holds_frames_but_no_answers(struct bench *b)
{
	enable(b);
	pair_open(b, 0, 6, 3, 7);
	b->htx_ready_pct = 0;
	for (unsigned int i = 0; i < 64; i++)
		pair_tx_put(b, 0, 2000, TX_GOOD);
	pair_tx_doorbell(b, 0);
	bench_run(b, 20000);
	pair_poll(b, 0, UINT32_MAX);
	CHECK(b, b->pair[0].tx_done >= 14 && b->pair[0].tx_done <= 17); /* what 32 KiB hold */
	CHECK_EQ(b, b->read_count, 0);
	b->htx_ready_pct = 50;
	poll_tx(b, 0, 10000);
	finish(b);
}

/* ---------------------------------------------------------------------------------- receive */

static void receive(struct bench *b, unsigned int frames)
{
	b->hrx_left = frames;
	while (b->hrx_left || b->hrx_open)
		bench_cycle(b);
	bench_until_idle(b, 200000);
	for (unsigned int q = 0; q < b->pairs; q++)
		if (b->pair[q].on)
			pair_poll(b, q, UINT32_MAX);
}

static void frames_reach_the_queue_of_their_hash(struct bench *b)
{
	static const unsigned int lens[] = {14, 63, 64, 65, 1500, 9234};

	b->rx_queues = b->pairs;
	reg_write(b, RVL_REG_RX_QUEUES, b->pairs);
	for (unsigned int q = 0; q < b->pairs; q++) {
		pair_open(b, q, 3, 6, 7);
		for (unsigned int i = 0; i < 64; i++)
			pair_rx_put(b, q, 9234, false);
		pair_rx_doorbell(b, q);
	}
	bench_run(b, 500);
	for (unsigned int n = 0; n < 6; n++) {
		b->hrx_min = b->hrx_max = lens[n];
		b->hrx_pct = 20;
		receive(b, n == 5 ? 3 : 10);
	}
	for (unsigned int q = 0; q < b->pairs; q++)
		CHECK(b, b->pair[q].rx_done > 0);
	CHECK_EQ(b, b->cnt[RVL_CNT_RX_PASS] + b->cnt[RVL_CNT_RX_DECRYPTED], 53);
	finish(b);
}

static void a_frame_without_a_descriptor_is_dropped_and_counted(struct bench *b)
{
	receive(b, 5); /* the queue is off */
	pair_open(b, 0, 3, 3, 4);
	receive(b, 5); /* its ring is empty */
	pair_rx_put(b, 0, 1000, false);
	pair_rx_put(b, 0, 1000, false);
	pair_rx_doorbell(b, 0);
	b->hrx_pct = 2;
	receive(b, 5); /* two fit */
	CHECK_EQ(b, b->cnt[RVL_CNT_RX_PASS] + b->cnt[RVL_CNT_RX_DECRYPTED], 2);
	b->cnt[RVL_CNT_RX_DROP_NO_BUFFER] = 13;
	finish(b);
}

static void a_frame_too_big_for_the_buffer_leaves_it_in_place(struct bench *b)
{
	pair_open(b, 0, 3, 3, 4);
	pair_rx_put(b, 0, 99, false);
	pair_rx_doorbell(b, 0);
	b->hrx_min = 100;
	receive(b, 4);
	CHECK_EQ(b, reg_read(b, RVL_REG_RX_HEAD(0)), 0);
	b->hrx_min = b->hrx_max = 99;
	receive(b, 1);
	CHECK_EQ(b, b->pair[0].rx_done, 1);
	b->cnt[RVL_CNT_RX_DROP_TOO_BIG] = 4;
	finish(b);
}

static void a_frame_waits_for_a_descriptor_on_its_way(struct bench *b)
{
	pair_open(b, 0, 3, 6, 7);
	b->hrx_min = b->hrx_max = 64;
	b->hrx_pct = 100;
	b->read_frozen = true;
	for (unsigned int i = 0; i < 30; i++)
		pair_rx_put(b, 0, 64, false);
	pair_rx_doorbell(b, 0);
	b->hrx_left = 30;
	bench_run(b, 3000);
	CHECK_EQ(b, b->pair[0].cq_written, 0);
	CHECK_EQ(b, b->hrx_left, 0);
	b->read_frozen = false;
	bench_until_idle(b, 10000);
	pair_poll(b, 0, UINT32_MAX);
	CHECK_EQ(b, b->pair[0].rx_done, 30);
	finish(b);
}

static void the_wait_for_a_descriptor_ends(struct bench *b)
{
	pair_open(b, 0, 3, 6, 7);
	b->read_frozen = true;
	pair_rx_put(b, 0, 700, false);
	pair_rx_doorbell(b, 0);
	b->hrx_left = 1;
	bench_run(b, 16000);
	CHECK_EQ(b, counter_read(b, RVL_CNT_RX_DROP_NO_BUFFER), 0);
	bench_run(b, 1000);
	CHECK_EQ(b, counter_read(b, RVL_CNT_RX_DROP_NO_BUFFER), 1);
	b->cnt[RVL_CNT_RX_DROP_NO_BUFFER] = 1;
	b->read_frozen = false;
	receive(b, 1);
	CHECK_EQ(b, b->pair[0].rx_done, 1);
	finish(b);
}

static void bad_receive_descriptors_complete_and_the_next_is_used(struct bench *b)
{
	unsigned int bad = 0;

	pair_open(b, 0, 3, 6, 7);
	for (unsigned int i = 0; i < 64; i++) {
		bool is_bad = i < 63 && bench_chance(b, 40);

		bad += is_bad;
		pair_rx_put(b, 0, 600, is_bad);
	}
	pair_rx_doorbell(b, 0);
	b->hrx_pct = 5;
	receive(b, 64 - bad);
	CHECK_EQ(b, b->pair[0].rx_done, 64);
	finish(b);
}

static void receive_drops_when_the_completion_ring_is_full(struct bench *b)
{
	pair_open(b, 0, 3, 5, 3);
	for (unsigned int i = 0; i < 32; i++)
		pair_rx_put(b, 0, 600, false);
	pair_rx_doorbell(b, 0);
	bench_run(b, 300);
	b->hrx_pct = 5;
	receive(b, 20);
	CHECK_EQ(b, b->pair[0].rx_done, 8);
	pair_cq_doorbell(b, 0, false);
	receive(b, 3);
	CHECK_EQ(b, b->pair[0].rx_done, 11);
	b->cnt[RVL_CNT_RX_DROP_NO_BUFFER] = 12;
	finish(b);
}

static void a_host_that_takes_no_writes_does_not_hold_up_the_wire(struct bench *b)
{
	pair_open(b, 0, 3, 6, 7);
	for (unsigned int i = 0; i < 64; i++)
		pair_rx_put(b, 0, 1000, false);
	pair_rx_doorbell(b, 0);
	bench_run(b, 500);
	b->wr_frozen = true;
	b->hrx_min = b->hrx_max = 1000;
	b->hrx_pct = 100;
	b->hrx_left = 300;
	while (b->hrx_left || b->hrx_open)
		bench_cycle(b); /* hrx_ready is checked in each */
	bench_run(b, 1000);
	b->wr_frozen = false;
	bench_until_idle(b, 10000);
	receive(b, 5);
	b->cnt[RVL_CNT_RX_DROP_NO_BUFFER] = 305 - b->pair[0].rx_done;
	CHECK(b, b->pair[0].rx_done >= 5 + 32 && b->pair[0].rx_done < 50);
	finish(b);
}

static void a_receive_descriptor_that_cannot_be_read_stops_receiving(struct bench *b)
{
	evt_open(b, 3, b->pairs);
	pair_open(b, 0, 3, 5, 6);
	for (unsigned int i = 0; i < 20; i++)
		pair_rx_put(b, 0, 600, false);
	host_perm(b, b->pair[0].rx_ring + 17 * sizeof(struct rvl_rx_desc), 1, PERM_FAIL);
	pair_rx_doorbell(b, 0);
	bench_until_idle(b, 1000);
	CHECK_EQ(b, reg_read(b, RVL_REG_Q_STATUS(0)), 5);
	receive(b, 4);
	b->cnt[RVL_CNT_RX_DROP_NO_BUFFER] = 4;
	CHECK_EQ(b, evt_poll(b), 1);
	CHECK_EQ(b, b->evt_queue_errors, 1);
	CHECK_EQ(b, b->irqs[b->pairs], 1);
	pair_close(b, 0);
	pair_open(b, 0, 3, 5, 6);
	pair_rx_put(b, 0, 600, false);
	pair_rx_doorbell(b, 0);
	receive(b, 1);
	CHECK_EQ(b, b->pair[0].rx_done, 1);
	finish(b);
}

static void frames_received_before_an_sa_was_deleted_are_completed_first(struct bench *b)
{
	enable(b);
	cmd_open(b, 4, 0);
	pair_open(b, 0, 3, 8, 9);
	b->hrx_only_q = 0;
	b->hrx_max = 300;
	b->hrx_pct = 100;
	b->cmd_delete_pct = 100;
	for (unsigned int round = 0; round < 20; round++) {
		unsigned int frames = 1 + bench_random(b, 60), late;

		while (pair_rx_room(&b->pair[0]))
			pair_rx_put(b, 0, 300, bench_chance(b, 20));
		pair_rx_doorbell(b, 0);
		b->wr_ready_pct = 100;
		bench_until_idle(b, 20000);
		b->wr_ready_pct = round % 2 ? 10 : 60;
		b->hrx_left = frames;
		while (b->hrx_left || b->hrx_open)
			bench_cycle(b);
		cmd_post(b, false);
		for (late = 0; !cmd_poll(b); late++) {
			CHECK(b, late < 100000);
			bench_cycle(b);
		}
		pair_poll(b, 0, UINT32_MAX);
		CHECK_EQ(b, b->cnt[RVL_CNT_RX_PASS] + b->cnt[RVL_CNT_RX_DECRYPTED], b->hrx_serial);
		pair_cq_doorbell(b, 0, false);
		bench_until_idle(b, 20000);
	}
	finish(b);
}

#define TEST(name)                                                                                 \
	{                                                                                          \
#name, name                                                                        \
	}
const struct queue_test queue_tests_frames[] = {
	TEST(frames_leave_as_they_lie_in_memory),
	TEST(nothing_is_taken_before_the_device_is_enabled),
	TEST(queues_take_turns),
	TEST(a_ring_larger_than_the_cache_is_read_as_it_is_used),
	TEST(bad_descriptors_complete_in_their_place),
	TEST(a_frame_that_cannot_be_read_is_dropped_alone),
	TEST(a_descriptor_that_cannot_be_read_stops_its_queue_alone),
	TEST(descriptors_are_read_in_batches_and_frames_without_waiting),
	TEST(transmit_waits_for_room_in_the_completion_ring),
	TEST(pointers_wrap_at_16_bits),
	TEST(a_stalled_wire_holds_frames_but_no_answers),
	TEST(frames_reach_the_queue_of_their_hash),
	TEST(a_frame_without_a_descriptor_is_dropped_and_counted),
	TEST(a_frame_too_big_for_the_buffer_leaves_it_in_place),
	TEST(a_frame_waits_for_a_descriptor_on_its_way),
	TEST(the_wait_for_a_descriptor_ends),
	TEST(bad_receive_descriptors_complete_and_the_next_is_used),
	TEST(receive_drops_when_the_completion_ring_is_full),
	TEST(a_host_that_takes_no_writes_does_not_hold_up_the_wire),
	TEST(a_receive_descriptor_that_cannot_be_read_stops_receiving),
	TEST(frames_received_before_an_sa_was_deleted_are_completed_first),
	{NULL, NULL},
};
