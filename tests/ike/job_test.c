/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jobs that come back late, in any order, or not at all, and what else happens meanwhile. Also what
 * waiting is made of: timers and tables.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/ike/pair.h"

static void begin(void)
{
	net = net_new(11, &SIDE_A, &SIDE_B);
}

static void assert_both_up(void)
{
	assert_int_equal(a()->child_up, 1);
	assert_int_equal(b()->child_up, 1);
	assert_true(children_agree(present_child(a()), present_child(b())));
}

/*
 *   A  IKE_SA_INIT -->        B   exchanges keys ...
 *      IKE_SA_INIT -->            again: nothing
 *      <-- IKE_SA_INIT            once
 */
static void a_retransmission_while_keys_are_exchanged_is_ignored(void **state)
{
	(void)state;
	begin();
	b()->ke_holds = true;
	start(net, 0);
	pass_time(29000); /* three retransmissions */
	assert_int_equal(net->sent, 4);
	assert_int_equal(b()->engine->sa_count, 1);
	assert_int_equal(b()->job_count, 1);
	assert_int_equal(ike_engine_stats(b()->engine)->retransmissions_in, 3);
	b()->ke_holds = false;
	node_drain(b());
	net_settle(net);
	assert_both_up();
	assert_int_equal(net->sent, 4 + 3);
}

static void keys_that_take_seconds_are_waited_for_on_both_sides(void **state)
{
	(void)state;
	begin();
	a()->ke_delay = 9000;
	b()->ke_delay = 11000;
	start(net, 0);
	pass_time(60000);
	assert_both_up();
	assert_int_equal(a()->ike_up + b()->ike_up, 2);
}

static void a_job_that_never_comes_back_ends_the_attempt_after_its_time(void **state)
{
	(void)state;
	/* stage: the key pair, then the shared secret */
	for (unsigned stage = 0; stage < 2; stage++) {
		begin();
		a()->ke_holds = stage == 0;
		start(net, 0);
		a()->ke_holds = true;
		net_settle(net);
		assert_int_equal(a()->job_count, 1);
		pass_time(59999);
		assert_int_equal(a()->ike_down, 0);
		pass_time(1);
		assert_int_equal(a()->ike_down, 1);
		assert_string_equal(a()->ike_reason, stage ? "no shared secret was computed in time"
							   : "no key pair was made in time");
		assert_true(nothing_left(a()));
		/* and when it does after all, nobody waits for it */
		a()->ke_holds = false;
		node_drain(a());
		assert_int_equal(net->queued, 0);
		assert_true(nothing_left(a()));
		teardown(state);
	}
}

/* Also the initiator's: B has the Child SA by then and is told. */
static void a_data_path_that_never_answers_an_initiator_loses_it_the_child_sa(void **state)
{
	(void)state;
	begin();
	start(net, 0);
	a()->install_holds = true;
	net_settle(net);
	assert_int_equal(a()->ike_up, 1);
	assert_int_equal(a()->child_up, 0);
	pass_time(60000);
	assert_string_equal(a()->child_reason, "the data path did not answer");
	assert_string_equal(b()->child_reason, "deleted by peer");
	assert_null(present_child(a()));
	assert_int_equal(a()->spis_out + b()->spis_out, 0);
}

/* Eight handshakes at once, whose jobs on both sides are answered in an order of chance. */
static void jobs_come_back_in_any_order(void **state)
{
	enum { CONNECTIONS = 8 };
	struct rng r = {4};
	char name[8];
	uint64_t id;

	(void)state;
	begin();
	a()->ke_holds = b()->ke_holds = a()->install_holds = b()->install_holds = true;
	for (unsigned i = 0; i < CONNECTIONS; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		add_alike(a(), name, "c")->unique = IKE_UNIQUE_NEVER;
		assert_int_equal(ike_initiate(a()->engine, net->now, name, "c", NULL, &id), 0);
	}
	node_drain(a());
	assert_int_equal(a()->job_count, CONNECTIONS);
	while (a()->job_count || b()->job_count || net->queued) {
		struct node *node = &net->node[rng_below(&r, 2)];

		if (node->job_count)
			node_answer(node, (unsigned)rng_below(&r, node->job_count));
		node_drain(node);
		if (rng_percent(&r, 30))
			net_settle(net);
	}
	assert_int_equal(a()->child_up, CONNECTIONS);
	assert_int_equal(b()->child_up, CONNECTIONS);
	for (unsigned i = 0; i < CONNECTIONS; i++) {
		unsigned matched = 0;

		for (unsigned k = 0; k < CONNECTIONS; k++)
			matched += children_agree(&a()->children[i], &b()->children[k]);
		assert_int_equal(matched, 1);
	}
}

static void an_end_while_a_job_is_out_leaves_nothing_behind(void **state)
{
	(void)state;
	/* stage: how many messages went before, with a job out at one of both */
	for (unsigned stage = 0; stage < 4; stage++) {
		begin();
		a()->ke_holds = stage == 0;
		b()->install_holds = stage == 3;
		start(net, 0);
		for (unsigned i = 0; i < stage; i++) {
			struct packet p = net_take(net);

			a()->ke_holds |= stage == 2 && i == 1;
			b()->ke_holds |= stage == 1;
			net_deliver(net, &p);
			packet_free(&p);
		}
		assert_int_equal(a()->job_count + b()->job_count, 1);
		for (unsigned i = 0; i < 2; i++) {
			ike_terminate_all(net->node[i].engine, net->now);
			net->node[i].ke_holds = net->node[i].install_holds = false;
			node_drain(&net->node[i]);
		}
		pass_time(600000);
		assert_int_equal(a()->child_up + b()->child_up, 0);
		assert_true(nothing_left(a()) && nothing_left(b()));
		teardown(state);
	}
}

/* Work for strangers must not hold up that for peers who have authenticated. */
static void jobs_say_whether_they_are_a_strangers(void **state)
{
	struct packet p;

	(void)state;
	begin();
	a()->ke_holds = b()->ke_holds = true;
	b()->install_holds = true;
	start(net, 0);
	assert_false(a()->jobs[0].job->stranger);
	a()->ke_holds = false;
	node_drain(a());
	p = net_take(net);
	net_deliver(net, &p);
	packet_free(&p);
	assert_true(b()->jobs[0].job->stranger);
	b()->ke_holds = false;
	node_drain(b());
	net_settle(net);
	assert_int_equal(b()->jobs[0].job->type, IKE_JOB_CHILD_INBOUND);
	assert_false(b()->jobs[0].job->stranger);
}

/*
 * The responder's data path has both directions before the response, and is asked to lead the flows
 * there just before it leaves; how long that takes is nothing to the peer.
 */
static void a_child_sa_is_made_in_three_steps(void **state)
{
	static const enum ike_job_type steps[] = {IKE_JOB_CHILD_INBOUND, IKE_JOB_CHILD_OUTBOUND,
						  IKE_JOB_CHILD_USE};

	(void)state;
	begin();
	b()->install_holds = true;
	start(net, 0);
	net_settle(net);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(b()->job_count, 1);
		assert_int_equal(b()->jobs[0].job->type, steps[i]);
		assert_int_equal(net->queued, 0);
		assert_int_equal(a()->child_up, i == 2);
		assert_int_equal(b()->jobs[0].sent, 3); /* IKE_SA_INIT, its response, IKE_AUTH */
		node_answer(b(), 0);
		node_drain(b());
		net_settle(net);
	}
	assert_both_up();
	assert_true(present_child(b())->used && present_child(a())->used);
}

static void every_step_that_the_data_path_refuses_is_undone(void **state)
{
	(void)state;
	for (unsigned side = 0; side < 2; side++) {
		for (unsigned step = 0; step < 3; step++) {
			struct node *node;

			begin();
			node = &net->node[side];
			node->install_holds = true;
			start(net, 0);
			net_settle(net);
			for (unsigned i = 0; i <= step; i++) {
				node->install_error = i == step ? -28 : 0;
				node_answer(node, 0);
				node_drain(node);
				net_settle(net);
			}
			assert_string_equal(node->child_reason, "no room in the NIC");
			assert_int_equal(node->child_up, 0);
			assert_null(present_child(a()));
			assert_null(present_child(b()));
			assert_int_equal(a()->spis_out + b()->spis_out, 0);
			assert_int_equal(a()->ike_down + b()->ike_down, 0);
			teardown(state);
		}
	}
}

struct thing {
	struct ike_link link;
	unsigned number;
};

static void a_table_gives_the_newest_of_a_hash_first_however_it_grows(void **state)
{
	enum { THINGS = 5000, HASHES = 1000 };
	struct thing *things = calloc(THINGS, sizeof(*things));
	struct ike_table t;

	(void)state;
	assert_int_equal(ike_table_init(&t), 0);
	for (unsigned i = 0; i < THINGS; i++) {
		things[i].number = i;
		ike_table_add(&t, &things[i].link, i % HASHES * 0x100000001u);
	}
	for (unsigned i = 0; i < THINGS; i += 3) {
		ike_table_remove(&t, &things[i].link);
		ike_table_remove(&t, &things[i].link);
	}
	assert_int_equal(t.count, THINGS - (THINGS + 2) / 3);
	for (unsigned h = 0; h < HASHES; h++) {
		struct ike_link *l = ike_table_first(&t, h * 0x100000001u);

		for (unsigned i = THINGS - HASHES + h; i < THINGS; i -= HASHES) {
			if (i % 3 == 0)
				continue;
			assert_ptr_equal(l, &things[i].link);
			l = ike_table_next(l);
		}
		assert_null(l);
	}
	ike_table_free(&t);
	free(things);
}

static void timers_lie_in_the_order_of_their_time(void **state)
{
	enum { TIMERS = 3000 };
	struct ike_timer *timers = calloc(TIMERS, sizeof(*timers));
	struct rng r = {5};
	struct ike_engine *e;
	unsigned running = 0;
	uint64_t last = 0;

	(void)state;
	begin();
	e = a()->engine;
	for (unsigned i = 0; i < TIMERS; i++)
		assert_int_equal(ike_timers_reserve(e, 1), 0);
	for (unsigned i = 0; i < 3 * TIMERS; i++)
		ike_timer_set(e, &timers[rng_below(&r, TIMERS)],
			      rng_percent(&r, 20) ? IKE_NEVER : rng_below(&r, 1000));
	for (unsigned i = 0; i < TIMERS; i++)
		running += timers[i].index != 0;
	assert_int_equal(e->timers.count, running);
	while (e->timers.count) {
		struct ike_timer *t = e->timers.list[0];

		assert_true(t->at >= last && ike_next_deadline(e) == t->at);
		last = t->at;
		ike_timer_set(e, t, IKE_NEVER);
		running--;
	}
	assert_int_equal(running, 0);
	ike_timers_release(e, timers, TIMERS);
	free(timers);
}

int main(void)
{
#define T(name) cmocka_unit_test_teardown(name, teardown)
	static const struct CMUnitTest tests[] = {
		T(a_retransmission_while_keys_are_exchanged_is_ignored),
		T(keys_that_take_seconds_are_waited_for_on_both_sides),
		T(a_job_that_never_comes_back_ends_the_attempt_after_its_time),
		T(a_data_path_that_never_answers_an_initiator_loses_it_the_child_sa),
		T(jobs_come_back_in_any_order),
		T(an_end_while_a_job_is_out_leaves_nothing_behind),
		T(jobs_say_whether_they_are_a_strangers),
		T(a_child_sa_is_made_in_three_steps),
		T(every_step_that_the_data_path_refuses_is_undone),
		T(a_table_gives_the_newest_of_a_hash_first_however_it_grows),
		T(timers_lie_in_the_order_of_their_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
