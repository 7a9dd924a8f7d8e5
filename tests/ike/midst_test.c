/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What happens in the midst of an exchange that makes or replaces an SA: deletes, ends, jobs that
 * come back late, refusals. Whatever it is, both sides end with the same, and nothing waits for
 * ever.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/ike/steps.h"

static void an_engine_may_be_freed_at_any_time(void **state)
{
	struct side one = SIDE_A, two = SIDE_B;
	uint64_t id;

	(void)state;
	one.rekey_ms = two.rekey_ms = 60000;
	one.ike_rekey_ms = two.ike_rekey_ms = 200000;
	for (unsigned stage = 0; stage < 4; stage++) {
		establish(&one, &two);
		for (unsigned i = 0; i < 2; i++)
			add_alike(&net->node[i], "other", "d");
		ike_initiate(a()->engine, net->now, "other", "d", NULL, &id);
		node_drain(a());
		rekey_ike(a());
		for (unsigned i = 0; i < stage && net->queued; i++)
			deliver_to(1 - i % 2);
		teardown(state);
	}
}

/* A deletes the IKE SA while its request to rekey it is out. */
static void an_ike_sa_that_is_being_deleted_gets_no_successor_of_ours(void **state)
{
	(void)state;
	establish(&SIDE_A, &SIDE_B);
	net->watch_flow = false;
	rekey_ike(a());
	deliver_to(1);
	ike_terminate(a()->engine, net->now, a()->ike_id);
	node_drain(a());
	net_settle(net);
	assert_all_gone(a());
	assert_true(nothing_left(b()));
}

/* B deletes it while it works on A's request, which is done before or after A's answer. */
static void an_ike_sa_that_is_being_deleted_gets_none_of_the_peers(void **state)
{
	uint64_t id;

	(void)state;
	for (unsigned late = 0; late < 2; late++) {
		establish(&SIDE_A, &SIDE_B);
		net->watch_flow = false;
		b()->ke_holds = true;
		rekey_ike(a());
		deliver_to(1);
		ike_terminate(b()->engine, net->now, b()->ike_id);
		node_drain(b());
		b()->ke_holds = late;
		node_drain(b());
		net_settle(net);
		b()->ke_holds = false;
		node_drain(b());
		net_settle(net);
		/* and the connection can be brought up again */
		net_run(net, net->now + 60000);
		assert_int_equal(ike_sa_count(b()->engine), 0);
		assert_int_equal(ike_initiate(b()->engine, net->now, "net", "c", NULL, &id), 0);
		node_drain(b());
		net_settle(net);
		assert_int_equal(b()->child_up, 2);
		assert_all_gone(b());
		teardown(state);
	}
}

/* Both rekey it, and A deletes it when it has answered B, and before B's answer comes. */
static void the_peers_successor_ends_with_what_is_deleted(void **state)
{
	(void)state;
	establish(&SIDE_A, &SIDE_B);
	net->watch_flow = false;
	rekey_ike(a());
	rekey_ike(b());
	deliver_to(0);
	deliver_to(1);
	ike_terminate(a()->engine, net->now, a()->ike_id);
	node_drain(a());
	deliver_to(0);
	net_settle(net);
	pass_time(60000);
	assert_true(nothing_left(a()) && nothing_left(b()));
}

/*
 * Nor is it rekeyed once more, though A is still asking for a successor of its own.
 *
 *   A                                     B
 *      CREATE_CHILD_SA (IKE) -->X
 *                        <-- CREATE_CHILD_SA (IKE)
 *      (the successor) -->                    takes over
 *                       X<-- D(IKE)
 *   is told to delete it
 *                        <-- CREATE_CHILD_SA (IKE), in the successor
 *      N(TEMPORARY_FAILURE) -->
 *      D(IKE) in the successor -->            all is gone
 */
static void what_the_peer_has_moved_to_is_where_it_hears_of_the_end(void **state)
{
	(void)state;
	establish(&SIDE_A, &SIDE_B);
	net->watch_flow = false;
	rekey_ike(a());
	lose_for(1);
	rekey_ike(b());
	deliver_to(0);
	deliver_to(1);
	lose_for(0);
	assert_int_equal(b()->ike_rekeyed, 1);
	ike_terminate(a()->engine, net->now, a()->ike_id);
	node_drain(a());
	assert_int_equal(net->queued, 0);
	rekey_ike(b());
	net_settle(net);
	assert_int_equal(b()->ike_rekeyed, 1);
	assert_int_equal(b()->ike_down, 1);
	assert_null(present_child(b()));
	pass_time(60000);
	assert_true(nothing_left(a()) && nothing_left(b()));
}

/* Nor by A, who doesn't know yet whether it is to stay: both rekey it, and B has A's answer. */
static void what_may_not_stay_is_not_rekeyed(void **state)
{
	const struct ike_sa *made;

	(void)state;
	establish(&SIDE_A, &SIDE_B);
	rekey_ike(a());
	rekey_ike(b());
	deliver_to(0);
	made = a()->engine->all;
	assert_int_equal(made->state, IKE_STATE_ESTABLISHED);
	assert_int_equal(made->predecessor, a()->ike_id);
	assert_int_equal(ike_rekey(a()->engine, net->now, made->id), -EBUSY);
	net_settle(net);
	pass_time(60000);
	rekey_ike(a());
	net_settle(net);
	assert_int_equal(ike_sa_count(a()->engine), 1);
	assert_int_equal(ike_sa_count(b()->engine), 1);
}

static void rekeyings_count_for_the_limit_of_ike_sas(void **state)
{
	(void)state;
	establish(&SIDE_A, &SIDE_B);
	net->watch_flow = false;
	b()->engine->config.max_sas = 10;
	for (unsigned i = 0; i < 30; i++) {
		ike_rekey(a()->engine, net->now, a()->ike_id);
		node_drain(a());
		if (waits_for(net, 1))
			deliver_to(1);
		if (waits_for(net, 0))
			deliver_to(0);
		while (waits_for(net, 1)) /* A never deletes the old one */
			lose_for(1);
	}
	assert_in_range(ike_sa_count(b()->engine), 2, 10);
}

/* A's key exchange for B's request comes back when A's own has won and the old one is gone. */
static void a_loser_that_is_answered_late_is_not_used(void **state)
{
	struct side one = SIDE_A, two = SIDE_B;

	(void)state;
	one.esp = two.esp = "aes256gcm16-x25519";
	for (uint64_t seed = 1; seed < 40; seed++) {
		net = net_new(seed, &one, &two);
		start(net, 0);
		net_settle(net);
		net->watch_flow = true;
		a()->ke_holds = true;
		rekey(a());
		node_answer(a(), 0);
		node_drain(a());
		rekey(b());
		deliver_to(0);
		deliver_to(1);
		deliver_to(0);
		node_answer(a(), 1);
		node_drain(a());
		while (net->queued)
			deliver_to(waits_for(net, 1));
		node_answer(a(), 0);
		node_drain(a());
		net_settle(net);
		a()->ke_holds = false;
		node_drain(a());
		pass_time(30000);
		assert_true(children_agree(sending_child(a()), sending_child(b())));
		teardown(state);
	}
}

/* A's data path refuses A's own one while it is still at B's, which B then deletes as the loser. */
static void one_whose_successors_all_come_to_nothing_goes_on(void **state)
{
	unsigned lost = 0;

	(void)state;
	for (uint64_t seed = 1; seed < 40; seed++) {
		net = net_new(seed, &SIDE_A, &SIDE_B);
		start(net, 0);
		net_settle(net);
		net->watch_flow = true;
		rekey(a());
		rekey(b());
		a()->install_holds = true;
		deliver_to(0);
		deliver_to(1);
		deliver_to(0);
		if (a()->job_count == 2) {
			lost++;
			a()->install_error = -ENOSPC;
			node_answer(a(), 1);
			a()->install_error = 0;
		}
		node_drain(a());
		while (a()->job_count) {
			node_answer(a(), 0);
			node_drain(a());
		}
		a()->install_holds = false;
		net_settle(net);
		pass_time(30000);
		for (unsigned i = 0; i < 2; i++) {
			assert_int_equal(only_sa(net, i)->child_count, 1);
			assert_int_equal(only_sa(net, i)->children->state, IKE_CHILD_INSTALLED);
		}
		assert_true(children_agree(sending_child(a()), sending_child(b())));
		teardown(state);
	}
	assert_in_range(lost, 5, 35);
}

static void the_same_of_the_ike_sa_makes_no_second_one(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed < 20; seed++) {
		net = net_new(seed, &SIDE_A, &SIDE_B);
		start(net, 0);
		net_settle(net);
		net->watch_flow = true;
		a()->ke_holds = true;
		rekey_ike(a());
		node_answer(a(), 0);
		node_drain(a());
		rekey_ike(b());
		deliver_to(0);
		deliver_to(1);
		deliver_to(0);
		node_answer(a(), 1);
		node_drain(a());
		while (a()->job_count) {
			node_answer(a(), 0);
			node_drain(a());
		}
		a()->ke_holds = false;
		net_settle(net);
		pass_time(200000);
		assert_int_equal(ike_sa_count(a()->engine), 1);
		assert_int_equal(ike_sa_count(b()->engine), 1);
		assert_int_equal(a()->ike_down + b()->ike_down, 0);
		net->watch_flow = false;
		assert_all_gone(a());
		teardown(state);
	}
}

static bool waits_for_data_path(const struct node *node)
{
	for (unsigned i = 0; i < node->job_count; i++) {
		if (node->jobs[i].job->type != IKE_JOB_KE)
			return true;
	}
	return false;
}

static void assert_goes_on(void)
{
	uint64_t id;

	a()->install_holds = b()->install_holds = false;
	node_drain(a());
	node_drain(b());
	net_settle(net);
	pass_time(30000);
	assert_null(only_sa(net, 0)->out.task);
	assert_null(only_sa(net, 1)->in.task);
	assert_int_equal(only_sa(net, 0)->child_count, only_sa(net, 1)->child_count);
	if (!ike_child_find_config(a()->engine, &a()->engine->connections[0]->children[1], NULL)) {
		assert_int_equal(ike_initiate(a()->engine, net->now, "net", "d", NULL, &id), 0);
		node_drain(a());
		net_settle(net);
	}
	assert_int_equal(only_sa(net, 0)->child_count, 2);
	assert_int_equal(only_sa(net, 1)->child_count, 2);
	net->watch_flow = false;
	assert_all_gone(a());
	assert_true(nothing_left(b()));
	assert_int_equal(a()->spis_out + b()->spis_out, 0);
}

/*
 *   A  CREATE_CHILD_SA -->                B
 *      <-- CREATE_CHILD_SA                    A's data path is at it ...
 *      <-- INFORMATIONAL D(it)
 */
static void a_new_child_sa_that_the_peer_deletes_while_it_is_made(void **state)
{
	const struct ike_child *child;

	(void)state;
	establish_one_of_two(&SIDE_A, &SIDE_B);
	a()->install_holds = true;
	ask_for_another();
	deliver_to(1);
	deliver_to(0);
	assert_true(waits_for_data_path(a()));
	child = ike_child_find_config(b()->engine, &b()->engine->connections[0]->children[1], NULL);
	ike_terminate_child(b()->engine, net->now, child->id);
	node_drain(b());
	net_settle(net);
	assert_int_equal(only_sa(net, 0)->child_count, 1);
	assert_int_equal(only_sa(net, 1)->child_count, 1);
	assert_goes_on();
}

/*
 * B deletes what A asks for while its own key exchange or its data path is at it: A is refused.
 *
 *   A  CREATE_CHILD_SA -->                B   works on it ...
 *      <-- INFORMATIONAL D(it)
 *      INFORMATIONAL -->
 *      <-- N(TEMPORARY_FAILURE)
 */
static void a_new_child_sa_that_is_deleted_before_the_peer_has_it(void **state)
{
	struct side one = SIDE_A, two = SIDE_B;

	(void)state;
	one.esp = two.esp = "aes256gcm16-x25519";
	for (unsigned stage = 0; stage < 3; stage++) {
		const struct ike_child *child;

		establish_one_of_two(&one, &two);
		b()->ke_holds = stage == 0;
		b()->install_holds = stage > 0;
		ask_for_another();
		deliver_to(1);
		child = only_sa(net, 1)->children;
		while (child->state > IKE_CHILD_INSTALLING)
			child = child->next;
		ike_terminate_child(b()->engine, net->now, child->id);
		node_drain(b());
		if (stage == 2) { /* before A has answered the delete */
			b()->install_holds = false;
			node_drain(b());
		}
		net_settle(net);
		b()->ke_holds = b()->install_holds = false;
		node_drain(b());
		net_settle(net);
		assert_int_equal(a()->child_up, 1);
		assert_int_equal(b()->child_up, 1);
		assert_int_equal(a()->child_down, 0);
		pass_time(IKE_RETRY_MS + IKE_RETRY_RAND_MS); /* it is asked for again */
		assert_int_equal(a()->child_up, 2);
		assert_goes_on();
		teardown(state);
	}
}

/* B's, of two that both had begun at once. */
static struct ike_child *one_of_two(bool leads)
{
	for (struct ike_child *c = only_sa(net, 1)->children; c; c = c->next) {
		const struct ike_child *other = c->next;

		if (strcmp(c->config->name, "d") != 0)
			continue;
		while (other && other->config != c->config)
			other = other->next;
		if (!other)
			return NULL;
		return (struct ike_child *)((c->used > other->used) == leads ? c : other);
	}
	return NULL;
}

static const struct ike_child *the_only_d(unsigned node)
{
	const struct ike_child *found = NULL;

	for (const struct ike_child *c = only_sa(net, node)->children; c; c = c->next) {
		if (strcmp(c->config->name, "d") != 0)
			continue;
		assert_null(found);
		found = c;
	}
	assert_non_null(found);
	return found;
}

/*
 * Two Child SAs have one flow, since both have asked for it at once. A rekeys the one that B
 * doesn't send on, and B deletes that, while its data path is at the successor; then the other.
 *
 *   A  CREATE_CHILD_SA {N(REKEY_SA 1)} -->   B   works on it ...
 *      <-- INFORMATIONAL D(1)
 *      INFORMATIONAL -->
 *      <-- CREATE_CHILD_SA                       2 has the flow
 *      <-- INFORMATIONAL D(2)
 *      INFORMATIONAL -->
 */
static void a_successor_that_came_beside_another_one_gets_its_flow(void **state)
{
	const struct ike_child *child;
	uint64_t id;

	(void)state;
	establish_one_of_two(&SIDE_A, &SIDE_B);
	net->watch_flow = false;
	assert_int_equal(ike_initiate(a()->engine, net->now, "net", "d", NULL, &id), 0);
	assert_int_equal(ike_initiate(b()->engine, net->now, "net", "d", NULL, &id), 0);
	node_drain(a());
	node_drain(b());
	net_settle(net);
	child = one_of_two(false);
	assert_non_null(child);
	id = one_of_two(true)->id;

	b()->install_holds = true;
	assert_int_equal(
		ike_rekey_child(
			a()->engine, net->now,
			ike_child_find_spi(only_sa(net, 0), IKE_PROTO_ESP, child->spi_in)->id),
		0);
	node_drain(a());
	deliver_to(1);
	ike_terminate_child(b()->engine, net->now, child->id);
	node_drain(b());
	net_settle(net);
	b()->install_holds = false;
	node_drain(b());
	net_settle(net);
	ike_terminate_child(b()->engine, net->now, id);
	node_drain(b());
	net_settle(net);
	pass_time(IKE_LINGER_MS + 1000);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(the_only_d(i)->state, IKE_CHILD_INSTALLED);
		assert_int_equal(the_only_d(i)->level, IKE_LEVEL_USE);
	}
	assert_int_equal(the_only_d(0)->spi_in, the_only_d(1)->spi_out);
	assert_goes_on();
}

/* A ends while its request to rekey is out; B has the successor, and hears of the end by it. */
static void shutting_down_while_the_ike_sa_is_rekeyed_strands_nobody(void **state)
{
	(void)state;
	for (unsigned delivered = 0; delivered < 2; delivered++) {
		establish(&SIDE_A, &SIDE_B);
		net->watch_flow = false;
		rekey_ike(a());
		if (delivered)
			deliver_to(1);
		ike_terminate_all(a()->engine, net->now);
		node_drain(a());
		net_settle(net);
		assert_true(nothing_left(a()));
		assert_true(nothing_left(b()));
		teardown(state);
	}
}

/* <-- N(TEMPORARY_FAILURE), as B is rekeying the IKE SA (section 2.25.2). */
static void a_new_child_sa_is_asked_for_again_when_the_peer_was_busy(void **state)
{
	(void)state;
	establish_one_of_two(&SIDE_A, &SIDE_B);
	b()->ke_holds = true;
	rekey_ike(b());
	b()->ke_holds = false;
	ask_for_another();
	node_drain(b());
	net_settle(net);
	assert_int_equal(a()->child_up, 1);
	assert_int_equal(a()->child_down, 0);
	pass_time(IKE_RETRY_MS + IKE_RETRY_RAND_MS);
	assert_int_equal(a()->child_up, 2);
	assert_int_equal(b()->child_up, 2);
	assert_goes_on();
}

/* What waits for its turn is told when the IKE SA ends before. */
static void a_child_sa_that_waits_for_its_turn_is_told_of_the_end(void **state)
{
	(void)state;
	establish_one_of_two(&SIDE_A, &SIDE_B);
	net->watch_flow = false;
	rekey(a());
	ask_for_another();
	ike_terminate(a()->engine, net->now, a()->ike_id);
	node_drain(a());
	assert_int_equal(a()->child_down, 1);
	assert_string_equal(a()->child_reason, "deleted by the operator");
	net_settle(net);
	assert_all_gone(a());
	assert_true(nothing_left(b()));
}

static void what_is_to_be_rekeyed_already_is_not_rekeyed_twice(void **state)
{
	uint64_t child;

	(void)state;
	establish_one_of_two(&SIDE_A, &SIDE_B);
	ask_for_another(); /* the rekeyings wait for it */
	child = sending_child(a())->sa.child_id;
	assert_int_equal(ike_rekey_child(a()->engine, net->now, child), 0);
	assert_int_equal(ike_rekey_child(a()->engine, net->now, child), -EBUSY);
	assert_int_equal(ike_rekey(a()->engine, net->now, a()->ike_id), 0);
	assert_int_equal(ike_rekey(a()->engine, net->now, a()->ike_id), -EBUSY);
	node_drain(a());
	net_settle(net);
	assert_int_equal(a()->rekeyed, 1);
	assert_int_equal(a()->ike_rekeyed, 1);
}

/* A waits for its turn to rekey the IKE SA, behind a liveness check that is lost, when B does it.
 */
static void a_rekeying_that_waits_is_done_with_when_the_peer_has_done_it(void **state)
{
	(void)state;
	establish(&SIDE_A, &SIDE_B);
	ike_liveness_check(a()->engine, only_sa(net, 0));
	ike_sa_advance(a()->engine, only_sa(net, 0), net->now);
	node_drain(a());
	lose_for(1);
	rekey_ike(a());
	rekey_ike(b());
	net_settle(net);
	pass_time(1000);
	assert_int_equal(a()->ike_rekeyed, 1);
	assert_int_equal(b()->ike_rekeyed, 1);
}

/* A public value that is no point: fatal on both sides (section 2.21.3). */
static void a_public_value_that_is_none_ends_the_ike_sa(void **state)
{
	struct side one = SIDE_A, two = SIDE_B;

	(void)state;
	one.ike = two.ike = "aes256gcm16-prfsha256-ecp256";
	for (unsigned fault = 0; fault < 2; fault++) {
		establish(&one, &two);
		net->watch_flow = false;
		rekey_ike(a());
		b()->ke_holds = true;
		deliver_to(1);
		assert_int_equal(b()->job_count, 1);
		if (fault)
			memset(b()->jobs[0].job->ke.peer, 0x5a, b()->jobs[0].job->ke.peer_len);
		b()->ke_holds = false;
		node_drain(b());
		net_settle(net);
		assert_int_equal(a()->ike_down, fault);
		assert_int_equal(b()->ike_down, fault);
		if (fault)
			assert_string_equal(a()->ike_reason, "INVALID_SYNTAX from peer");
		assert_all_gone(a());
		teardown(state);
	}
}

/* What was said to be down isn't replaced: its successor comes up. */
static void the_successor_of_one_that_is_down_comes_up(void **state)
{
	struct ike_child *child;

	(void)state;
	establish(&SIDE_A, &SIDE_B);
	net->watch_flow = false;
	rekey(a());
	child = ike_child_find_id(a()->engine, sending_child(a())->sa.child_id);
	ike_child_remove(a()->engine, child, net->now, "lost");
	node_drain(a());
	assert_int_equal(a()->child_down, 1);
	net_settle(net);
	pass_time(30000);
	assert_int_equal(a()->child_up, 2);
	assert_int_equal(a()->rekeyed, 0);
	assert_all_gone(a());
}

/*
 * A's rekeying is refused after it has answered B's, and then B is gone: A finds out.
 *
 *   A  CREATE_CHILD_SA 1 -->  <-- CREATE_CHILD_SA 2   B
 *      response 2 --X         <-- N(TEMPORARY_FAILURE)
 */
static void a_peer_that_dies_in_a_collision_is_found_dead(void **state)
{
	struct side one = SIDE_A;

	(void)state;
	one.dpd_ms = 10000;
	establish_one_of_two(&one, &SIDE_B);
	b()->install_holds = true;
	ask_for_another();
	deliver_to(1);
	for (unsigned step = 0; step < 2; step++) { /* B is busy with the last step of it */
		node_answer(b(), 0);
		node_drain(b());
	}
	deliver_to(0);
	rekey_ike(a());
	rekey_ike(b());
	deliver_to(0);
	deliver_to(1);
	lose_for(1);
	deliver_to(0);
	assert_int_equal(net->queued, 0);
	net->down = true;
	pass_time(600000);
	assert_true(nothing_left(a()));
	assert_int_equal(a()->ike_down, 1);
}

/*
 * B's successor goes while it isn't decided whose stays, and then B is gone: A finds out.
 *
 *   A  is at a key pair of its own        B
 *      <-- CREATE_CHILD_SA
 *      CREATE_CHILD_SA -->
 *      X-- INFORMATIONAL D(IKE)               the old one
 *      <-- INFORMATIONAL D(IKE)               the successor
 *      can't have its key pair
 */
static void an_ike_sa_whose_successor_goes_before_its_time_goes_on(void **state)
{
	struct side one = SIDE_A;

	(void)state;
	one.dpd_ms = 10000;
	establish(&one, &SIDE_B);
	net->watch_flow = false;
	a()->ke_holds = true;
	rekey_ike(a());
	rekey_ike(b());
	deliver_to(0);
	node_answer(a(), 1);
	node_drain(a());
	deliver_to(1);
	lose_for(0);
	ike_terminate(b()->engine, net->now, b()->ike_id);
	node_drain(b());
	deliver_to(0);
	net->down = true;
	pass_time(a()->engine->config.job_timeout_ms);
	a()->ke_holds = false;
	pass_time(600000);
	assert_true(nothing_left(a()));
	assert_int_equal(a()->ike_down, 1);
}

/* A has died in a collision and starts anew: both of B's that could be the successor are forgotten.
 */
static void a_peer_that_starts_anew_after_a_collision_leaves_one(void **state)
{
	uint64_t id;

	(void)state;
	establish(&SIDE_A, &SIDE_B);
	net->watch_flow = false;
	rekey_ike(a());
	rekey_ike(b());
	deliver_to(1); /* B has answered, and its own request is lost */
	lose_for(0);
	lose_for(0);
	while (a()->engine->all) {
		ike_sa_down(a()->engine, a()->engine->all, "died");
		ike_reap(a()->engine);
	}
	node_drain(a());
	assert_int_equal(ike_initiate(a()->engine, net->now, "net", "c", NULL, &id), 0);
	node_drain(a());
	net_settle(net);
	assert_int_equal(b()->ike_up, 2);
	assert_int_equal(ike_sa_count(b()->engine), 1);
	assert_int_equal(only_sa(net, 1)->child_count, 1);
	assert_true(children_agree(sending_child(a()), sending_child(b())));
}

int main(void)
{
#define T(name) cmocka_unit_test_teardown(name, teardown)
	static const struct CMUnitTest tests[] = {
		T(an_engine_may_be_freed_at_any_time),
		T(an_ike_sa_that_is_being_deleted_gets_no_successor_of_ours),
		T(an_ike_sa_that_is_being_deleted_gets_none_of_the_peers),
		T(the_peers_successor_ends_with_what_is_deleted),
		T(what_the_peer_has_moved_to_is_where_it_hears_of_the_end),
		T(what_may_not_stay_is_not_rekeyed),
		T(rekeyings_count_for_the_limit_of_ike_sas),
		T(a_loser_that_is_answered_late_is_not_used),
		T(one_whose_successors_all_come_to_nothing_goes_on),
		T(the_same_of_the_ike_sa_makes_no_second_one),
		T(a_new_child_sa_that_the_peer_deletes_while_it_is_made),
		T(a_new_child_sa_that_is_deleted_before_the_peer_has_it),
		T(a_successor_that_came_beside_another_one_gets_its_flow),
		T(shutting_down_while_the_ike_sa_is_rekeyed_strands_nobody),
		T(a_new_child_sa_is_asked_for_again_when_the_peer_was_busy),
		T(a_child_sa_that_waits_for_its_turn_is_told_of_the_end),
		T(what_is_to_be_rekeyed_already_is_not_rekeyed_twice),
		T(a_rekeying_that_waits_is_done_with_when_the_peer_has_done_it),
		T(a_public_value_that_is_none_ends_the_ike_sa),
		T(the_successor_of_one_that_is_down_comes_up),
		T(a_peer_that_dies_in_a_collision_is_found_dead),
		T(an_ike_sa_whose_successor_goes_before_its_time_goes_on),
		T(a_peer_that_starts_anew_after_a_collision_leaves_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
