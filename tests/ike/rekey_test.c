/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rekeying, message by message: in either role, by both at once, with loss, reordering and refusals
 * (RFC 7296, sections 2.8 and 2.25). At every moment each side must have something to send on that
 * the other can receive: the harness ends the test at the first at which that isn't so.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/ike/steps.h"

/* One Child SA, the same on both sides, and not the one that it was. */
static void assert_rekeyed(uint32_t old_spi)
{
	const struct installed *x = sending_child(a()), *y = sending_child(b());

	assert_true(x && y && children_agree(x, y));
	assert_int_not_equal(x->sa.spi_in, old_spi);
	assert_true(x->up && y->up);
	assert_int_equal(a()->child_down + b()->child_down, 0);
	pass_time(IKE_LINGER_MS);
	assert_int_equal(receiving(a()), 1);
	assert_int_equal(receiving(b()), 1);
	assert_int_equal(a()->spis_out, 1);
	assert_int_equal(b()->spis_out, 1);
	assert_int_equal(a()->ike_down + b()->ike_down, 0);
	/* and it is one that can be rekeyed in its turn */
	old_spi = x->sa.spi_in;
	rekey(a());
	net_settle(net);
	assert_int_not_equal(sending_child(a())->sa.spi_in, old_spi);
	assert_true(children_agree(sending_child(a()), sending_child(b())));
}

/*
 *   A  CREATE_CHILD_SA N(REKEY_SA) -->   B   receives on the new one
 *      <-- CREATE_CHILD_SA                   A sends on it
 *      INFORMATIONAL D(old) -->              B sends on it
 *      <-- INFORMATIONAL D(old)
 */
static void either_side_rekeys_without_a_gap(void **state)
{
	(void)state;
	for (unsigned side = 0; side < 2; side++) {
		uint32_t old, new;

		establish(&SIDE_A, &SIDE_B);
		old = sending_child(a())->sa.spi_in;
		rekey(&net->node[side]);
		assert_int_equal(net->queued, 1);
		deliver_to(1 - side);
		/* The responder receives on both, and sends on the old one. */
		assert_int_equal(receiving(&net->node[1 - side]), 2);
		new = sending_child(&net->node[1 - side])->sa.spi_in;
		deliver_to(side);
		assert_int_equal(sending_child(&net->node[1 - side])->sa.spi_in, new);
		assert_int_equal(receiving(&net->node[side]), 2);
		deliver_to(1 - side);
		assert_int_not_equal(sending_child(&net->node[1 - side])->sa.spi_in, new);
		deliver_to(side);
		assert_int_equal(net->queued, 0);
		assert_int_equal(a()->rekeyed, 1);
		assert_int_equal(b()->rekeyed, 1);
		assert_rekeyed(old);
		teardown(state);
	}
}

static void the_old_one_goes_on_receiving_for_a_while(void **state)
{
	(void)state;
	establish(&SIDE_A, &SIDE_B);
	rekey(a());
	net_settle(net);
	assert_int_equal(receiving(a()), 2);
	assert_int_equal(receiving(b()), 2);
	pass_time(IKE_LINGER_MS - 1);
	assert_int_equal(receiving(a()) + receiving(b()), 4);
	pass_time(1);
	assert_int_equal(receiving(a()) + receiving(b()), 2);
}

static void a_rekeying_with_a_key_exchange_of_its_own(void **state)
{
	static const char *const groups[] = {"aes256gcm16-x25519", "aes128gcm16-ecp384",
					     "aes256gcm16-modp2048"};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct side one = SIDE_A, two = SIDE_B;
		uint32_t old;

		one.esp = two.esp = groups[i];
		establish(&one, &two);
		old = sending_child(a())->sa.spi_in;
		rekey(b());
		net_settle(net);
		assert_int_not_equal(sending_child(a())->sa.suite.group, IKE_GROUP_NONE);
		assert_rekeyed(old);
		teardown(state);
	}
}

/* <-- N(INVALID_KE_PAYLOAD) and once more */
static void another_group_than_the_first_is_agreed_on(void **state)
{
	struct side one = SIDE_A, two = SIDE_B;
	uint32_t old;

	(void)state;
	one.esp = "aes256gcm16-ecp256-x25519";
	two.esp = "aes256gcm16-x25519";
	establish(&one, &two);
	old = sending_child(a())->sa.spi_in;
	net->sent = 0;
	rekey(a());
	net_settle(net);
	assert_int_equal(net->sent, 6);
	assert_int_equal(sending_child(b())->sa.suite.group, IKE_GROUP_X25519);
	assert_rekeyed(old);
}

/*
 * Both at once, and the two requests cross:
 *
 *   A  CREATE_CHILD_SA 1 -->  <-- CREATE_CHILD_SA 2   B
 *      <-- response 1    response 2 -->
 *
 * in each order of what follows, until one remains.
 */
static void of_two_rekeyings_at_once_one_remains(void **state)
{
	unsigned won[2] = {0, 0};

	(void)state;
	for (unsigned run = 0; run < 200; run++) {
		struct rng r = {run};
		uint32_t old;

		net = net_new(1000 + run, &SIDE_A, &SIDE_B);
		start(net, 0);
		net_settle(net);
		net->watch_flow = true;
		old = sending_child(a())->sa.spi_in;
		rekey(a());
		rekey(b());
		assert_int_equal(net->queued, 2);
		while (net->queued) {
			unsigned to = (unsigned)rng_below(&r, 2);

			if (waits_for(net, to))
				deliver_to(to);
		}
		assert_true(children_agree(sending_child(a()), sending_child(b())));
		won[a()->rekeyed == 1 && sending_child(a())->sa.spi_in % 2]++;
		assert_int_equal(a()->rekeyed, 1);
		assert_int_equal(b()->rekeyed, 1);
		assert_rekeyed(old);
		teardown(state);
	}
	assert_true(won[0] && won[1]);
}

/* The exchange with the lowest of the four nonces has lost. */
static void the_lowest_nonce_loses(void **state)
{
	unsigned won[2] = {0, 0};

	(void)state;
	for (unsigned run = 0; run < 20; run++) {
		const struct ike_create_task *one, *two;
		uint64_t made_by_a;
		bool a_loses;

		net = net_new(500 + run, &SIDE_A, &SIDE_B);
		start(net, 0);
		net_settle(net);
		rekey(a());
		rekey(b());
		deliver_to(0);
		deliver_to(1);
		/* Each has noted the lower nonce of the other's exchange. */
		one = (const void *)only_sa(net, 0)->out.task;
		two = (const void *)only_sa(net, 1)->out.task;
		assert_int_equal(one->rival_len, 32);
		assert_int_equal(two->rival_len, 32);
		a_loses = memcmp(two->rival_nonce, one->rival_nonce, 32) < 0;
		made_by_a = one->made_id;
		net_settle(net);
		assert_int_equal(sending_child(a())->sa.child_id == made_by_a, !a_loses);
		won[a_loses]++;
		teardown(state);
	}
	assert_true(won[0] && won[1]);
}

/*
 * A's request is lost, so B sees no collision (section 2.8.1):
 *
 *   A  CREATE_CHILD_SA 1 --X
 *      <-- CREATE_CHILD_SA 2             B
 *      response 2 -->
 *      <-- INFORMATIONAL D(old)
 *      response -->
 *      CREATE_CHILD_SA 1, again -->
 *      <-- N(CHILD_SA_NOT_FOUND)
 */
static void a_lost_request_of_a_collision_is_told_that_it_is_late(void **state)
{
	uint32_t old;

	(void)state;
	establish(&SIDE_A, &SIDE_B);
	old = sending_child(a())->sa.spi_in;
	rekey(a());
	rekey(b());
	lose_for(1);
	deliver_to(0);
	deliver_to(1);
	deliver_to(0);
	deliver_to(1);
	assert_int_equal(net->queued, 0);
	pass_time(4000); /* the retransmission */
	net_settle(net);
	assert_int_equal(a()->rekeyed, 1);
	assert_rekeyed(old);
}

/* The responses of a collision are lost, one or both, and come with the retransmissions. */
static void lost_responses_of_a_collision_change_nothing(void **state)
{
	(void)state;
	for (unsigned losses = 1; losses < 4; losses++) {
		uint32_t old;

		establish(&SIDE_A, &SIDE_B);
		old = sending_child(a())->sa.spi_in;
		rekey(a());
		rekey(b());
		deliver_to(0);
		deliver_to(1);
		for (unsigned to = 0; to < 2; to++) {
			if (losses & 1u << to)
				lose_for(to);
		}
		pass_time(30000);
		net_settle(net);
		assert_int_equal(a()->rekeyed, 1);
		assert_int_equal(b()->rekeyed, 1);
		assert_rekeyed(old);
		teardown(state);
	}
}

/* B sends on the old one until A's delete is there, and then on the new one, though A isn't told.
 */
static void lost_deletes_are_repeated_and_cost_nothing(void **state)
{
	uint32_t old, sent_on;

	(void)state;
	establish(&SIDE_A, &SIDE_B);
	old = sending_child(a())->sa.spi_in;
	sent_on = sending_child(b())->sa.spi_in;
	rekey(a());
	deliver_to(1);
	deliver_to(0);
	lose_for(1);
	net->down = true;
	pass_time(4000);
	assert_int_equal(sending_child(b())->sa.spi_in, sent_on);
	net->down = false;
	net->delay_min = net->delay_max = 100;
	pass_time(7200);
	deliver_to(1);
	assert_int_not_equal(sending_child(b())->sa.spi_in, sent_on);
	lose_for(0);
	assert_int_equal(receiving(a()), 2);
	net->delay_min = net->delay_max = 0;
	pass_time(20000);
	assert_rekeyed(old);
}

/* A's data path refuses the new one: it is taken back, and another try follows. */
static void a_refused_successor_leaves_the_old_one_in_use(void **state)
{
	(void)state;
	for (unsigned side = 0; side < 2; side++) {
		uint32_t old;

		establish(&SIDE_A, &SIDE_B);
		old = sending_child(a())->sa.spi_in;
		net->node[side].install_error = -28;
		rekey(a());
		net_settle(net);
		assert_int_equal(sending_child(a())->sa.spi_in, old);
		assert_int_equal(receiving(a()), 1);
		assert_int_equal(receiving(b()), 1);
		assert_int_equal(a()->child_down + b()->child_down, 0);
		net->node[side].install_error = 0;
		pass_time(IKE_RETRY_MS + IKE_RETRY_RAND_MS);
		assert_int_equal(a()->rekeyed, 1);
		assert_rekeyed(old);
		teardown(state);
	}
}

/* B forgot the Child SA without a word. */
static void a_child_sa_that_the_peer_forgot_is_made_anew(void **state)
{
	struct ike_child *child;

	(void)state;
	establish(&SIDE_A, &SIDE_B);
	net->watch_flow = false;
	child = ike_child_find_id(b()->engine, sending_child(b())->sa.child_id);
	ike_child_remove(b()->engine, child, net->now, "forgotten");
	node_drain(b());
	assert_int_equal(ike_rekey_child(a()->engine, net->now, sending_child(a())->sa.child_id),
			 0);
	node_drain(a());
	net_settle(net);
	assert_int_equal(a()->child_down, 1);
	assert_int_equal(a()->child_up, 2);
	assert_true(children_agree(sending_child(a()), sending_child(b())));
}

/* Section 2.25.1: the peer deletes what we are rekeying. */
static void a_delete_that_crosses_the_rekeying_is_followed_by_a_new_one(void **state)
{
	(void)state;
	establish(&SIDE_A, &SIDE_B);
	net->watch_flow = false;
	rekey(a());
	ike_terminate_child(b()->engine, net->now, sending_child(b())->sa.child_id);
	node_drain(b());
	net_settle(net);
	pass_time(30000);
	/* In whatever order: nothing half-made is left. */
	assert_int_equal(receiving(a()), receiving(b()));
	if (sending_child(a()))
		assert_true(children_agree(sending_child(a()), sending_child(b())));
	ike_terminate_all(a()->engine, net->now);
	node_drain(a());
	net_settle(net);
	assert_true(nothing_left(a()) && nothing_left(b()));
}

/*
 * Another way to rekey, which libreswan takes:
 *
 *   A  INFORMATIONAL D(old) -->          B
 *      <-- INFORMATIONAL D(old)
 *      CREATE_CHILD_SA -->
 *      <-- CREATE_CHILD_SA
 */
static void a_peer_that_deletes_first_gets_another_child_sa_at_once(void **state)
{
	uint64_t id, before;

	(void)state;
	for (unsigned side = 0; side < 2; side++) {
		struct node *node;

		establish(&SIDE_A, &SIDE_B);
		node = &net->node[side];
		net->watch_flow = false;
		before = net->now;
		ike_terminate_child(node->engine, net->now, sending_child(node)->sa.child_id);
		node_drain(node);
		net_settle(net);
		assert_int_equal(receiving(a()) + receiving(b()), 0);
		assert_int_equal(ike_initiate(node->engine, net->now, "net", "c", NULL, &id), 0);
		node_drain(node);
		net_settle(net);
		assert_int_equal(net->now, before);
		assert_true(children_agree(sending_child(a()), sending_child(b())));
		assert_true(sending_child(a())->up && sending_child(b())->up);
		assert_int_equal(a()->ike_up + b()->ike_up, 2);
		/* The IKE SA isn't one without a Child SA any more. */
		pass_time(2 * IKE_CHILDLESS_MS);
		assert_int_equal(a()->ike_down + b()->ike_down, 0);
		teardown(state);
	}
}

/* The IKE SA itself */

/* One IKE SA, which has the Child SA, and takes what comes in either direction. */
static void assert_ike_rekeyed(void)
{
	uint32_t spi = sending_child(a())->sa.spi_in;
	const struct ike_sa *x, *y;

	pass_time(35000); /* one that lost and can't be deleted any more is forgotten */
	x = only_sa(net, 0);
	y = only_sa(net, 1);
	assert_true(x->spi_i == y->spi_i && x->spi_r == y->spi_r);
	assert_memory_equal(&x->keys.sk_d, &y->keys.sk_d, sizeof(x->keys.sk_d));
	assert_int_equal(x->state, IKE_STATE_ESTABLISHED);
	assert_int_equal(y->state, IKE_STATE_ESTABLISHED);
	assert_int_equal(x->child_count, 1);
	assert_int_equal(y->child_count, 1);
	assert_int_equal(a()->ike_down + b()->ike_down, 0);
	assert_int_equal(a()->child_down + b()->child_down, 0);
	assert_int_equal(a()->ike_rekeyed, b()->ike_rekeyed);
	assert_true(children_agree(sending_child(a()), sending_child(b())));
	for (unsigned i = 0; i < 2; i++) {
		rekey(&net->node[i]);
		net_settle(net);
		assert_int_not_equal(sending_child(a())->sa.spi_in, spi);
		spi = sending_child(a())->sa.spi_in;
		assert_true(children_agree(sending_child(a()), sending_child(b())));
		pass_time(IKE_LINGER_MS);
	}
	net->watch_flow = false;
	ike_terminate_all(a()->engine, net->now);
	node_drain(a());
	net_settle(net);
	assert_true(nothing_left(a()) && nothing_left(b()));
	assert_int_equal(a()->ike_down, 1);
	assert_int_equal(b()->ike_down, 1);
}

/*
 *   A  CREATE_CHILD_SA SA(new SPI) -->   B
 *      <-- CREATE_CHILD_SA                   both have the Child SA under the new one
 *      INFORMATIONAL D(IKE), old -->
 *      <-- INFORMATIONAL, old
 */
static void either_side_rekeys_the_ike_sa(void **state)
{
	(void)state;
	for (unsigned side = 0; side < 2; side++) {
		uint64_t old;

		establish(&SIDE_A, &SIDE_B);
		old = only_sa(net, 0)->spi_i;
		net->sent = 0;
		rekey_ike(&net->node[side]);
		net_settle(net);
		assert_int_equal(net->sent, 4);
		assert_int_not_equal(only_sa(net, 0)->spi_i, old);
		assert_int_equal(only_sa(net, side)->initiator, true);
		assert_ike_rekeyed();
		teardown(state);
	}
}

static void two_rekeyings_of_the_ike_sa_at_once_leave_one(void **state)
{
	unsigned won[2] = {0, 0};

	(void)state;
	for (unsigned run = 0; run < 200; run++) {
		struct rng r = {run};

		net = net_new(2000 + run, &SIDE_A, &SIDE_B);
		start(net, 0);
		net_settle(net);
		net->watch_flow = true;
		rekey_ike(a());
		rekey_ike(b());
		while (net->queued) {
			unsigned to = (unsigned)rng_below(&r, 2);

			if (waits_for(net, to))
				deliver_to(to);
		}
		won[only_sa(net, 0)->initiator]++;
		assert_ike_rekeyed();
		teardown(state);
	}
	assert_true(won[0] && won[1]);
}

/* A's request is lost, and B, which sees no collision, deletes the old one (section 2.8.2). */
static void a_lost_request_of_an_ike_collision_ends_with_the_old_one(void **state)
{
	(void)state;
	establish(&SIDE_A, &SIDE_B);
	rekey_ike(a());
	rekey_ike(b());
	lose_for(1);
	net_settle(net);
	pass_time(30000);
	assert_ike_rekeyed();
}

/* B is about to rekey the Child SA when A's rekeying of the IKE SA comes, and the other way round.
 */
static void rekeying_both_at_once_ends_well_in_every_order(void **state)
{
	(void)state;
	for (unsigned run = 0; run < 300; run++) {
		struct rng r = {run};

		net = net_new(3000 + run, &SIDE_A, &SIDE_B);
		start(net, 0);
		net_settle(net);
		net->watch_flow = true;
		net->node[0].ke_delay = net->node[1].ke_delay = run % 3 * 50;
		net->node[0].install_delay = net->node[1].install_delay = run % 5 * 30;
		rekey_ike(&net->node[run % 2]);
		rekey(&net->node[run / 2 % 2]);
		if (run % 7 == 0)
			rekey_ike(&net->node[1 - run % 2]);
		for (unsigned step = 0; step < 400; step++) {
			unsigned to = (unsigned)rng_below(&r, 2);

			if (waits_for(net, to))
				deliver_to(to);
			net->now += rng_below(&r, 20);
			for (unsigned i = 0; i < 2; i++) {
				ike_tick(net->node[i].engine, net->now);
				node_drain(&net->node[i]);
			}
		}
		net->node[0].ke_delay = net->node[1].ke_delay = 0;
		net->node[0].install_delay = net->node[1].install_delay = 0;
		pass_time(60000);
		assert_true(a()->ike_rekeyed >= 1);
		assert_true(a()->rekeyed >= 1);
		assert_ike_rekeyed();
		teardown(state);
	}
}

/* By time: with jitter, before the end, for ever. */
static void lifetimes_rekey_for_ever_without_a_gap(void **state)
{
	struct side one = SIDE_A, two = SIDE_B;

	(void)state;
	one.rekey_ms = two.rekey_ms = 60000;
	one.rand_ms = two.rand_ms = 10000;
	one.life_ms = two.life_ms = 70000;
	establish(&one, &two);
	pass_time(3600000);
	assert_int_equal(a()->child_down + b()->child_down, 0);
	assert_in_range(a()->rekeyed, 60, 72);
	assert_int_equal(a()->rekeyed, b()->rekeyed);
	assert_true(children_agree(sending_child(a()), sending_child(b())));
}

int main(void)
{
#define T(name) cmocka_unit_test_teardown(name, teardown)
	static const struct CMUnitTest tests[] = {
		T(either_side_rekeys_without_a_gap),
		T(the_old_one_goes_on_receiving_for_a_while),
		T(a_rekeying_with_a_key_exchange_of_its_own),
		T(another_group_than_the_first_is_agreed_on),
		T(of_two_rekeyings_at_once_one_remains),
		T(the_lowest_nonce_loses),
		T(a_lost_request_of_a_collision_is_told_that_it_is_late),
		T(lost_responses_of_a_collision_change_nothing),
		T(lost_deletes_are_repeated_and_cost_nothing),
		T(a_refused_successor_leaves_the_old_one_in_use),
		T(a_child_sa_that_the_peer_forgot_is_made_anew),
		T(a_delete_that_crosses_the_rekeying_is_followed_by_a_new_one),
		T(a_peer_that_deletes_first_gets_another_child_sa_at_once),
		T(either_side_rekeys_the_ike_sa),
		T(two_rekeyings_of_the_ike_sa_at_once_leave_one),
		T(a_lost_request_of_an_ike_collision_ends_with_the_old_one),
		T(rekeying_both_at_once_ends_well_in_every_order),
		T(lifetimes_rekey_for_ever_without_a_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
