/* SPDX-License-Identifier: BSD-2-Clause */
/* Everything at once, at random. */
#include "tests/rtl/queue/queue_bench.h"

struct soak {
	unsigned int disable_per_mille, unreadable_pct;
	bool armed[PAIRS_MAX];
	unsigned int irqs_seen[PAIRS_MAX];
};

static void open_at_random(struct bench *b, struct soak *s, unsigned int q)
{
	unsigned int tx = 3 + bench_random(b, 6), rx = 3 + bench_random(b, 6);

	/* large enough, or smaller than both together */
	pair_open(b, q, tx, rx, bench_chance(b, 50) ? 9 : 3 + bench_random(b, 3));
	s->armed[q] = false;
}

static enum tx_kind kind_at_random(struct bench *b, const struct soak *s)
{
	if (bench_chance(b, 8))
		return bench_chance(b, 70) ? TX_BAD : TX_UNSUPPORTED;
	return bench_chance(b, s->unreadable_pct) ? TX_UNREADABLE : TX_GOOD;
}

static unsigned int length_at_random(struct bench *b, unsigned int log2)
{
	unsigned int most = BUFFERS_SIZE >> log2 < MAX_FRAME ? BUFFERS_SIZE >> log2 : MAX_FRAME;

	switch (bench_random(b, 8)) {
	case 0:
		return 14 + bench_random(b, most - 14);
	case 1:
		return 1500;
	default:
		return 14 + bench_random(b, 200);
	}
}

static void serve_pair(struct bench *b, struct soak *s, unsigned int q)
{
	struct pair *p = &b->pair[q];
	unsigned int n;

	if (!p->on) {
		if (bench_chance(b, 20))
			open_at_random(b, s, q);
		return;
	}
	if (bench_random(b, 1000) < s->disable_per_mille) {
		pair_close(b, q);
		return;
	}
	if (bench_chance(b, 50)) {
		for (n = bench_random(b, 1 + pair_tx_room(p)); n; n--)
			pair_tx_put(b, q, length_at_random(b, p->tx_log2), kind_at_random(b, s));
		pair_tx_doorbell(b, q);
	}
	if (bench_chance(b, 50)) {
		for (n = bench_random(b, 1 + pair_rx_room(p)); n; n--)
			pair_rx_put(b, q, 100 + bench_random(b, 1900), bench_chance(b, 5));
		pair_rx_doorbell(b, q);
	}
	/* armed, it sleeps until its interrupt comes */
	if (s->armed[q] && b->irqs[q + 1] == s->irqs_seen[q])
		return;
	s->armed[q] = false;
	n = pair_poll(b, q, bench_chance(b, 70) ? UINT32_MAX : 1 + bench_random(b, 8));
	s->irqs_seen[q] = b->irqs[q + 1];
	s->armed[q] = bench_chance(b, 30);
	if (n || s->armed[q])
		pair_cq_doorbell(b, q, s->armed[q]);
}

static void change_pace(struct bench *b)
{
	static const unsigned int pct[] = {5, 30, 70, 100};

	b->wr_ready_pct = pct[bench_random(b, 4)];
	b->htx_ready_pct = pct[bench_random(b, 4)];
	b->read_req_ready_pct = pct[bench_random(b, 4)];
	b->read_gap_pct = bench_random(b, 60);
	b->read_latency_min = bench_random(b, 2) * bench_random(b, 200);
	b->read_latency = 1 + bench_random(b, 100);
	b->hrx_pct = 1 + bench_random(b, 2) * bench_random(b, 99);
	b->hrx_gap_pct = bench_random(b, 50);
	b->hrx_max = 14 + bench_random(b, 3) * 900;
	b->cnt_pct = bench_random(b, 2) * bench_random(b, 50);
	b->ev_pct = bench_random(b, 5);
}

static void soak(struct bench *b, struct soak *s, unsigned int rounds)
{
	uint64_t lost;

	b->rx_queues = b->pairs;
	reg_write(b, RVL_REG_RX_QUEUES, b->pairs);
	reg_write(b, RVL_REG_CONTROL, 1);
	cmd_open(b, 3, 0);
	evt_open(b, 4, 0);
	while (rounds--) {
		if (rounds % 50 == 0)
			change_pace(b);
		b->hrx_left = 20;
		b->ev_left = 5;
		for (unsigned int q = 0; q < b->pairs; q++)
			serve_pair(b, s, q);
		if (bench_chance(b, 50))
			cmd_post(b, false);
		cmd_poll(b);
		if (evt_poll(b))
			reg_write(b, RVL_REG_EVT_HEAD, b->evt_head);
		bench_run(b, bench_random(b, 200));
	}
	b->hrx_left = 0;
	b->ev_left = 0;
	b->cnt_pct = 0;
	b->wr_ready_pct = b->htx_ready_pct = b->read_req_ready_pct = 100;
	for (unsigned int q = 0; q < b->pairs; q++)
		if (b->pair[q].on)
			pair_close(b, q);
	bench_until_idle(b, 200000);
	cmd_poll(b);
	evt_poll(b);
	CHECK_EQ(b, b->cmd_done, b->cmd_tail);
	CHECK_EQ(b, b->htx_frames, b->tx_completed);
	lost = counter_read(b, RVL_CNT_EVENTS_LOST);
	CHECK_EQ(b, b->evt_number + lost, b->ev_sent + b->evt_queue_errors);
	b->cnt[RVL_CNT_EVENTS_LOST] = lost;
	b->cnt[RVL_CNT_RX_DROP_NO_BUFFER] = counter_read(b, RVL_CNT_RX_DROP_NO_BUFFER);
	b->cnt[RVL_CNT_RX_DROP_TOO_BIG] = counter_read(b, RVL_CNT_RX_DROP_TOO_BIG);
	CHECK_EQ(b,
		 b->cnt[RVL_CNT_RX_PASS] + b->cnt[RVL_CNT_RX_DECRYPTED] +
			 b->cnt[RVL_CNT_RX_DROP_NO_BUFFER] + b->cnt[RVL_CNT_RX_DROP_TOO_BIG],
		 b->hrx_serial);
	counters_check(b);
	CHECK(b, b->htx_frames > 100);
	CHECK(b, b->cnt[RVL_CNT_RX_PASS] > 100);
}

static void every_frame_is_delivered_or_counted(struct bench *b)
{
	struct soak s = {.disable_per_mille = 0, .unreadable_pct = 5};

	soak(b, &s, 3000);
}

static void queues_stop_and_start_in_the_middle_of_traffic(struct bench *b)
{
	struct soak s = {.disable_per_mille = 30, .unreadable_pct = 5};

	soak(b, &s, 3000);
	for (unsigned int q = 0; q < b->pairs; q++)
		CHECK_EQ(b, reg_read(b, RVL_REG_Q_STATUS(q)) & 1, 1);
}

static void an_idle_device_stays_as_it_is(struct bench *b)
{
	struct queue_out then;

	reg_write(b, RVL_REG_CONTROL, 1);
	cmd_open(b, 3, 0);
	evt_open(b, 3, 0);
	pair_open(b, 0, 4, 4, 5);
	for (unsigned int i = 0; i < 12; i++) {
		pair_rx_put(b, 0, 600, false);
		pair_tx_put(b, 0, 60, TX_GOOD);
	}
	pair_rx_doorbell(b, 0);
	pair_tx_doorbell(b, 0);
	pair_cq_doorbell(b, 0, true);
	cmd_post(b, false);
	bench_until_idle(b, 10000);
	then = b->out;
	for (unsigned int i = 0; i < 2000; i++) {
		bench_cycle(b);
		CHECK(b,
		      b->out.idle && !b->out.wr_valid && !b->out.rd_req_valid && !b->out.htx_valid);
		CHECK_EQ(b, b->out.rd_req_tag, then.rd_req_tag);
	}
	CHECK_EQ(b, b->htx_frames, 12);
	CHECK_EQ(b, cmd_poll(b), 1);
}

static void a_reset_in_the_middle_of_traffic_leaves_a_working_device(struct bench *b)
{
	for (unsigned int n = 0; n < 20; n++) {
		reg_write(b, RVL_REG_CONTROL, 1);
		b->rx_queues = 1;
		pair_open(b, 0, 6, 6, 7);
		for (unsigned int i = 0; i < 60; i++) {
			pair_tx_put(b, 0, length_at_random(b, 6), TX_GOOD);
			pair_rx_put(b, 0, 700, false);
		}
		pair_tx_doorbell(b, 0);
		pair_rx_doorbell(b, 0);
		b->hrx_left = 30;
		bench_run(b, bench_random(b, 1500));
		b->mem_used = 64; /* the driver forgets its rings, too */
		bench_reset(b, false);
		CHECK(b,
		      b->out.idle && !b->out.wr_valid && !b->out.rd_req_valid && !b->out.htx_valid);
		b->htx_frames = b->tx_completed = 0;
	}
	reg_write(b, RVL_REG_CONTROL, 1);
	pair_open(b, 0, 4, 4, 5);
	pair_tx_put(b, 0, 3000, TX_GOOD);
	pair_tx_doorbell(b, 0);
	bench_until_idle(b, 10000);
	pair_poll(b, 0, UINT32_MAX);
	CHECK_EQ(b, b->htx_frames, 1);
	CHECK_EQ(b, b->tx_completed, 1);
	counters_check(b);
}

#define TEST(name)                                                                                 \
	{                                                                                          \
#name, name                                                                        \
	}
const struct queue_test queue_tests_all[] = {
	TEST(every_frame_is_delivered_or_counted),
	TEST(queues_stop_and_start_in_the_middle_of_traffic),
	TEST(an_idle_device_stays_as_it_is),
	TEST(a_reset_in_the_middle_of_traffic_leaves_a_working_device),
	{NULL, NULL},
};
