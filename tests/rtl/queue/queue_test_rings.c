/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupts, the command ring, the event ring. */
#include "tests/rtl/queue/queue_bench.h"

static unsigned int irqs(const struct bench *b)
{
	unsigned int n = 0;

	for (unsigned int v = 0; v < 256; v++)
		n += b->irqs[v];
	return n;
}

static void send(struct bench *b, unsigned int q, unsigned int n)
{
	while (n--)
		pair_tx_put(b, q, 64, TX_GOOD);
	pair_tx_doorbell(b, q);
}

static void an_armed_queue_interrupts_once(struct bench *b)
{
	unsigned int q = b->pairs - 1;

	reg_write(b, RVL_REG_CONTROL, 1);
	pair_open(b, q, 4, 4, 5);
	send(b, q, 3);
	bench_until_idle(b, 1000);
	CHECK_EQ(b, irqs(b), 0); /* not armed */
	pair_poll(b, q, UINT32_MAX);
	pair_cq_doorbell(b, q, true);
	CHECK_EQ(b, reg_read(b, RVL_REG_CQ_HEAD(q)), 0x80000003);
	bench_run(b, 100);
	CHECK_EQ(b, irqs(b), 0); /* armed, nothing new */
	send(b, q, 5);
	bench_until_idle(b, 1000);
	CHECK_EQ(b, b->irqs[q + 1], 1);
	CHECK_EQ(b, irqs(b), 1);
	CHECK_EQ(b, reg_read(b, RVL_REG_CQ_HEAD(q)), 3);
	send(b, q, 2);
	bench_until_idle(b, 1000);
	CHECK_EQ(b, irqs(b), 1);
	pair_cq_doorbell(b, q, true); /* there are entries beyond it already */
	bench_run(b, 50);
	CHECK_EQ(b, irqs(b), 2);
	CHECK_EQ(b, reg_read(b, RVL_REG_CQ_HEAD(q)), 3);
	pair_poll(b, q, UINT32_MAX);
	pair_cq_doorbell(b, q, true);
	pair_cq_doorbell(b, q, false); /* disarmed */
	send(b, q, 1);
	bench_until_idle(b, 1000);
	CHECK_EQ(b, irqs(b), 2);
	/* a write of the pointer alone leaves the arm as it is */
	pair_poll(b, q, UINT32_MAX);
	pair_cq_doorbell(b, q, true);
	reg_write_be(b, RVL_REG_CQ_HEAD(q), b->pair[q].cq_head, 0x3);
	send(b, q, 1);
	bench_until_idle(b, 1000);
	CHECK_EQ(b, irqs(b), 3);
}

/* The driver sleeps after each arm until the interrupt: one that is missed is a hang. */
static void an_interrupt_is_never_missed(struct bench *b)
{
	unsigned int seen = 0, rounds = 0;

	reg_write(b, RVL_REG_CONTROL, 1);
	pair_open(b, 0, 5, 4, 6);
	b->read_latency = 8;
	while (rounds++ < 3000) {
		unsigned int limit = 2000, n = 1 + bench_random(b, 3);

		if (pair_tx_room(&b->pair[0]) > n)
			send(b, 0, n);
		bench_run(b, bench_random(b, 24));
		pair_poll(b, 0, UINT32_MAX);
		pair_cq_doorbell(b, 0, true);
		while (b->pair[0].tx_done != b->pair[0].tx_tail) {
			while (b->irqs[1] == seen) {
				if (!limit--)
					bench_fail(b, "round %u: no interrupt", rounds);
				bench_cycle(b);
			}
			seen = b->irqs[1];
			pair_poll(b, 0, UINT32_MAX);
			pair_cq_doorbell(b, 0, true);
		}
	}
}

static void an_interrupt_follows_its_data(struct bench *b)
{
	reg_write(b, RVL_REG_CONTROL, 1);
	pair_open(b, 0, 5, 4, 6);
	b->wr_frozen = true;
	pair_cq_doorbell(b, 0, true);
	send(b, 0, 20);
	bench_run(b, 500);
	b->wr_frozen = false;
	b->wr_ready_pct = 5;
	while (!b->irqs[1])
		bench_cycle(b);
	CHECK(b, b->pair[0].cq_written > 0);
}

static void a_pair_that_is_not_at_rest_is_not_enabled(struct bench *b)
{
	reg_write(b, RVL_REG_CONTROL, 1);
	pair_open(b, 0, 4, 4, 5);
	b->wr_frozen = true;
	send(b, 0, 4);
	bench_run(b, 500);
	reg_write(b, RVL_REG_Q_CONTROL(0), 0);
	reg_write(b, RVL_REG_Q_CONTROL(0), 1);
	CHECK_EQ(b, reg_read(b, RVL_REG_Q_CONTROL(0)), 0);
	CHECK_EQ(b, reg_read(b, RVL_REG_Q_STATUS(0)), 0);
	b->wr_frozen = false;
	bench_until_idle(b, 1000);
	CHECK_EQ(b, reg_read(b, RVL_REG_Q_STATUS(0)), 1);
	pair_close(b, 0);
	pair_open(b, 0, 4, 4, 5);
}

static void completions_that_follow_each_other_share_a_write(struct bench *b)
{
	unsigned int writes = 0, was = 0;

	reg_write(b, RVL_REG_CONTROL, 1);
	pair_open(b, 0, 6, 3, 7);
	b->wr_frozen = true;
	send(b, 0, 64);
	bench_run(b, 4000);
	b->wr_frozen = false;
	while (b->pair[0].cq_written < 64) {
		bench_cycle(b);
		writes += b->pair[0].cq_written != was;
		was = b->pair[0].cq_written;
	}
	CHECK(b, writes <= 64 * sizeof(struct rvl_cq_entry) / b->beat + 2);
	pair_poll(b, 0, UINT32_MAX);
	CHECK_EQ(b, b->pair[0].tx_done, 64);
}

/* --------------------------------------------------------------------------------- commands */

static void commands_complete_in_order(struct bench *b)
{
	unsigned int posted = 0, done = 0;

	cmd_open(b, 3, b->pairs);
	while (done < 300) {
		if (posted < 300 && bench_chance(b, 50))
			posted += cmd_post(b, false);
		bench_run(b, bench_random(b, 150));
		done += cmd_poll(b);
	}
	CHECK_EQ(b, reg_read(b, RVL_REG_CMD_HEAD), 300);
	CHECK_EQ(b, b->irqs[b->pairs], 300);
	CHECK_EQ(b, b->cmds, 300);
	bench_until_idle(b, 10);
}

static void a_command_that_cannot_be_read_stops_the_ring(struct bench *b)
{
	cmd_open(b, 3, 0);
	cmd_post(b, false);
	cmd_post(b, true);
	cmd_post(b, false);
	bench_until_idle(b, 10000);
	CHECK_EQ(b, cmd_poll(b), 1);
	CHECK_EQ(b, reg_read(b, RVL_REG_CMD_HEAD), 0x80000001);
	CHECK_EQ(b, b->cmds, 1);
	reg_write(b, RVL_REG_CMD_CONTROL, 0);
	CHECK_EQ(b, reg_read(b, RVL_REG_CMD_CONTROL), 0);
	cmd_open(b, 4, 0);
	CHECK_EQ(b, reg_read(b, RVL_REG_CMD_HEAD), 0);
	for (unsigned int i = 0; i < 16; i++)
		CHECK(b, cmd_post(b, false));
	bench_until_idle(b, 100000);
	CHECK_EQ(b, cmd_poll(b), 16);
}

static void a_command_under_way_completes_after_disable(struct bench *b)
{
	for (unsigned int n = 0; n < 100; n++) {
		unsigned int before, limit = 5000;

		cmd_open(b, 3, 0);
		before = b->cmds;
		for (unsigned int i = 0; i < 4; i++)
			cmd_post(b, false);
		bench_run(b, bench_random(b, 300));
		reg_write(b, RVL_REG_CMD_CONTROL, 0);
		while (reg_read(b, RVL_REG_CMD_CONTROL))
			CHECK(b, limit--);
		host_perm(b, b->cmd_ring, 64 * sizeof(struct rvl_cmd), 0);
		host_perm(b, b->cmd_cpl_ring, 64 * sizeof(struct rvl_cmd_cpl), 0);
		CHECK_EQ(b, cmd_poll(b), b->cmds - before);
		CHECK_EQ(b, reg_read(b, RVL_REG_CMD_HEAD), b->cmds - before);
		bench_until_idle(b, 100);
	}
}

static void a_restart_while_a_command_is_under_way_begins_afresh(struct bench *b)
{
	cmd_open(b, 3, 0);
	b->cmd_frozen = true;
	cmd_post(b, false);
	bench_run(b, 300);
	CHECK(b, b->out.cmd_valid);
	reg_write(b, RVL_REG_CMD_CONTROL, 0);
	CHECK_EQ(b, reg_read(b, RVL_REG_CMD_CONTROL), 1); /* not at rest */
	reg_write(b, RVL_REG_CMD_CONTROL, 1);
	b->cmd_frozen = false;
	bench_until_idle(b, 1000);
	CHECK_EQ(b, cmd_poll(b), 1);
	CHECK_EQ(b, reg_read(b, RVL_REG_CMD_HEAD), 0);
	CHECK_EQ(b, reg_read(b, RVL_REG_CMD_TAIL), 0);
	CHECK_EQ(b, reg_read(b, RVL_REG_CMD_CONTROL), 1);
	cmd_open(b, 3, 0); /* enabled already: nothing changes */
	cmd_post(b, false);
	bench_until_idle(b, 1000);
	CHECK_EQ(b, cmd_poll(b), 1);
}

/* ----------------------------------------------------------------------------------- events */

static void events_arrive_numbered_and_timed(struct bench *b)
{
	unsigned int got = 0;

	evt_open(b, 4, 1);
	b->ev_pct = 4;
	b->ev_left = 400;
	while (got < 400) {
		unsigned int n;

		bench_run(b, 20);
		n = evt_poll(b);
		got += n;
		if (n)
			reg_write(b, RVL_REG_EVT_HEAD, b->evt_head);
	}
	CHECK_EQ(b, reg_read(b, RVL_REG_EVT_TAIL), 400);
	CHECK_EQ(b, b->irqs[1], 400);
	bench_until_idle(b, 10);
	counters_check(b);
}

static void events_without_room_are_lost_and_counted(struct bench *b)
{
	b->ev_left = 10; /* the ring is off */
	bench_run(b, 200);
	CHECK_EQ(b, counter_read(b, RVL_CNT_EVENTS_LOST), 10);
	evt_open(b, 3, 0);
	b->ev_left = 20;
	bench_run(b, 1000);
	CHECK_EQ(b, counter_read(b, RVL_CNT_EVENTS_LOST), 22);
	CHECK_EQ(b, evt_poll(b), 8);
	reg_write(b, RVL_REG_EVT_HEAD, b->evt_head);
	/* a host that takes no writes: what does not fit on chip is lost */
	b->wr_frozen = true;
	b->ev_pct = 100;
	b->ev_left = 40;
	bench_run(b, 100);
	b->wr_frozen = false;
	bench_until_idle(b, 1000);
	CHECK_EQ(b, evt_poll(b), 8);
	b->cnt[RVL_CNT_EVENTS_LOST] = 22 + 32;
	counters_check(b);
	/* off and on: from zero */
	reg_write(b, RVL_REG_EVT_CONTROL, 0);
	CHECK_EQ(b, reg_read(b, RVL_REG_EVT_CONTROL), 0);
	evt_open(b, 3, 0);
	b->ev_left = 3;
	bench_run(b, 100);
	CHECK_EQ(b, evt_poll(b), 3);
	CHECK_EQ(b, reg_read(b, RVL_REG_EVT_TAIL), 3);
}

static void a_link_that_changes_is_an_event(struct bench *b)
{
	b->in.link = true; /* the ring is off */
	bench_until_idle(b, 100);
	CHECK_EQ(b, counter_read(b, RVL_CNT_EVENTS_LOST), 1);
	CHECK_EQ(b, reg_read(b, RVL_REG_LINK), RVL_LINK_UP_MASK);
	evt_open(b, 4, 1);
	bench_run(b, 100);
	CHECK_EQ(b, evt_poll(b), 0);
	for (unsigned int n = 1; n <= 10; n++) {
		b->in.link = n % 2 == 0;
		/* beside events of others, which go first */
		b->ev_pct = 100;
		b->ev_left = n % 3;
		bench_until_idle(b, 500);
		CHECK_EQ(b, evt_poll(b), 1 + n % 3);
		CHECK_EQ(b, b->evt_links, n);
		CHECK_EQ(b, b->evt_link, n % 2 == 0);
		CHECK_EQ(b, reg_read(b, RVL_REG_LINK), n % 2 == 0);
		reg_write(b, RVL_REG_EVT_HEAD, b->evt_head);
	}
	/* a reset doesn't report what was so before */
	bench_reset(b, false);
	evt_open(b, 4, 1);
	bench_run(b, 100);
	CHECK_EQ(b, evt_poll(b), 0);
	CHECK_EQ(b, counter_read(b, RVL_CNT_EVENTS_LOST), 0);
	CHECK_EQ(b, reg_read(b, RVL_REG_LINK), RVL_LINK_UP_MASK);
}

#define TEST(name)                                                                                 \
	{                                                                                          \
#name, name                                                                        \
	}
const struct queue_test queue_tests_rings[] = {
	TEST(an_armed_queue_interrupts_once),
	TEST(an_interrupt_is_never_missed),
	TEST(an_interrupt_follows_its_data),
	TEST(a_pair_that_is_not_at_rest_is_not_enabled),
	TEST(completions_that_follow_each_other_share_a_write),
	TEST(commands_complete_in_order),
	TEST(a_command_that_cannot_be_read_stops_the_ring),
	TEST(a_command_under_way_completes_after_disable),
	TEST(a_restart_while_a_command_is_under_way_begins_afresh),
	TEST(events_arrive_numbered_and_timed),
	TEST(events_without_room_are_lost_and_counted),
	TEST(a_link_that_changes_is_an_event),
	{NULL, NULL},
};
