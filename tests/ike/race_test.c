/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages that overtake others, come from elsewhere or are lost at the worst moment. Found by the
 * simulation (sim_test.c); here each is drawn message by message.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/ike/steps.h"

/* The second child has a key exchange of its own, or none. */
static void establish_with(const char *esp)
{
	struct side one = SIDE_A, two = SIDE_B;

	one.esp = two.esp = esp;
	establish_one_of_two(&one, &two);
}

/* What B has of it. */
static uint64_t latest_of_b(void)
{
	const struct ike_child_config *config = &b()->engine->connections[0]->children[1];

	return ike_child_find_config(b()->engine, config, NULL)->id;
}

static void assert_both_have(unsigned children)
{
	pass_time(60000);
	assert_int_equal(receiving(a()), children);
	assert_int_equal(receiving(b()), children);
	assert_int_equal(only_sa(net, 0)->child_count, children);
	assert_int_equal(only_sa(net, 1)->child_count, children);
	assert_true(children_agree(sending_child(a()), sending_child(b())));
	assert_all_gone(a());
	assert_true(nothing_left(b()));
}

/*
 *   A  CREATE_CHILD_SA -->                B   its data path refuses the last step
 *      <-- INFORMATIONAL D(it)
 *      <-- CREATE_CHILD_SA
 */
static void a_delete_that_overtakes_the_response_is_of_what_that_makes(void **state)
{
	struct packet response;

	(void)state;
	establish_with("aes256gcm16");
	ask_for_another();
	b()->install_holds = true;
	deliver_to(1);
	for (unsigned step = 0; step < 3; step++) {
		b()->install_error = step == 2 ? -28 : 0;
		node_answer(b(), 0);
		node_drain(b());
	}
	b()->install_holds = false;
	b()->install_error = 0;
	response = net_take(net);
	deliver_to(0);
	net_put(net, &response);
	net_settle(net);
	assert_both_have(1);
}

/* The same while A computes the secret that the response has made known. */
static void a_delete_of_what_is_still_computed_is_of_that(void **state)
{
	(void)state;
	establish_with("aes256gcm16-x25519");
	ask_for_another();
	deliver_to(1);
	a()->ke_holds = true;
	deliver_to(0);
	ike_terminate_child(b()->engine, net->now, latest_of_b());
	node_drain(b());
	net_settle(net);
	a()->ke_holds = false;
	node_drain(a());
	net_settle(net);
	assert_both_have(1);
}

/*
 *   A  CREATE_CHILD_SA -->                B
 *      <-- CREATE_CHILD_SA, N(REKEY_SA)       of what A has no response for yet
 *      N(TEMPORARY_FAILURE) -->
 *      <-- CREATE_CHILD_SA                    the response
 */
static void a_rekeying_that_overtakes_the_response_is_for_later(void **state)
{
	struct packet response;

	(void)state;
	establish_with("aes256gcm16");
	ask_for_another();
	deliver_to(1);
	response = net_take(net);
	ike_rekey_child(b()->engine, net->now, latest_of_b());
	node_drain(b());
	deliver_to(0);
	net_put(net, &response);
	net_settle(net);
	assert_int_equal(a()->child_down + b()->child_down, 0);
	assert_both_have(2);
}

/*
 *   A  IKE_AUTH of one connection -->      B   its response takes long
 *      IKE_SA_INIT, IKE_AUTH of another -->
 */
static void initial_contact_is_not_said_while_another_connection_is_on_its_way(void **state)
{
	struct packet response;
	uint64_t id;

	(void)state;
	net = net_new(17, &SIDE_A, &SIDE_B);
	for (unsigned i = 0; i < 2; i++)
		add_alike(&net->node[i], "other", "d");
	start(net, 0);
	deliver_to(1);
	deliver_to(0);
	deliver_to(1);
	response = net_take(net);
	net->now += 100;
	assert_int_equal(ike_initiate(a()->engine, net->now, "other", "d", NULL, &id), 0);
	node_drain(a());
	net_settle(net);
	net_put(net, &response);
	net_settle(net);
	assert_int_equal(a()->ike_up, 2);
	assert_int_equal(b()->ike_up, 2);
	assert_int_equal(b()->ike_down, 0);
	assert_int_equal(ike_sa_count(b()->engine), 2);
}

/* With unique = keep, which is asked for by its selectors: they say which connection is meant. */
static void each_of_two_connections_keeps_its_own_ike_sa(void **state)
{
	struct side one = SIDE_A, two = SIDE_B;
	uint64_t id;

	(void)state;
	one.unique = two.unique = IKE_UNIQUE_KEEP;
	net = net_new(17, &one, &two);
	for (unsigned i = 0; i < 2; i++) {
		struct ike_child_config *config = add_alike(&net->node[i], "other", "d")->children;
		struct ike_ts *of_a = i ? config->remote_ts.list : config->local_ts.list;

		of_a->first[1] = of_a->last[1] = 3; /* 10.3.0.0/16 */
	}
	start(net, 0);
	net_settle(net);
	assert_int_equal(ike_initiate(a()->engine, net->now, "other", "d", NULL, &id), 0);
	node_drain(a());
	net_settle(net);
	assert_int_equal(b()->ike_up, 2);
	assert_int_equal(ike_sa_count(b()->engine), 2);
}

/* Somebody sends A's IKE_AUTH from where he is, and is there before A. */
static void ike_auth_from_another_address_is_not_answered_without_a_nat(void **state)
{
	struct packet p;

	(void)state;
	net = net_new(17, &SIDE_A, &SIDE_B);
	start(net, 0);
	deliver_to(1);
	deliver_to(0);
	p = net_take(net);
	p.remote.ip[3] = 66;
	net_deliver(net, &p);
	assert_int_equal(net->queued, 0);
	assert_int_equal(b()->ike_up, 0);
	p.remote.ip[3] = 1;
	net_put(net, &p);
	net_settle(net);
	assert_int_equal(b()->ike_up, 1);
	assert_true(ike_addr_same_ip(&sending_child(b())->sa.remote, &a()->addr));
}

/* What goes to the one who copies is lost; the rest is delivered. */
static void settle_without_him(void)
{
	while (net->queued) {
		struct packet p = net_take(net);

		if (p.local.ip[3] != 66)
			net_deliver(net, &p);
		packet_free(&p);
	}
}

/*
 *   A  (behind a NAT)                     B
 *      IKE_AUTH -->                           comes from somebody else first
 *      <-- INFORMATIONAL                      asks where it came from last, too
 *      INFORMATIONAL -->
 */
static void who_copies_ike_auth_does_not_stay_the_peer(void **state)
{
	struct side one = SIDE_A;
	struct packet p;

	(void)state;
	one.encap = true;
	net = net_new(17, &one, &SIDE_B);
	set_hosts(b(), b()->engine->connections[0], NULL, "");
	start(net, 0);
	deliver_to(1);
	deliver_to(0);
	p = net_take(net);
	p.remote.ip[3] = 66;
	net_deliver(net, &p);
	assert_int_equal(sending_child(b())->sa.remote.ip[3], 66);
	p.remote.ip[3] = 1;
	net_put(net, &p);
	settle_without_him();
	assert_true(ike_addr_same_ip(&sending_child(b())->sa.remote, &a()->addr));
}

/*
 * Both rekey the IKE SA, B's attempt has lost, and what B needs for A's is never computed. The IKE
 * SA goes on, and is rekeyed another time.
 */
static void a_collision_whose_winner_comes_to_nothing_stops_nothing(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed < 20; seed++) {
		net = net_new(seed, &SIDE_A, &SIDE_B);
		start(net, 0);
		net_settle(net);
		net->watch_flow = true;
		b()->ke_holds = true;
		rekey_ike(b());
		rekey_ike(a());
		node_answer(b(), 0);
		node_drain(b());
		deliver_to(1);
		deliver_to(0);
		deliver_to(1);
		assert_int_equal(b()->job_count, 2);
		node_answer(b(), 1);
		node_drain(b());
		pass_time(70000);
		b()->ke_holds = false;
		pass_time(100000);
		rekey_ike(b());
		net_settle(net);
		pass_time(200000);
		assert_int_equal(ike_sa_count(a()->engine), 1);
		assert_int_equal(ike_sa_count(b()->engine), 1);
		assert_int_equal(a()->ike_down + b()->ike_down, 0);
		teardown(state);
	}
}

/*
 * Both rekey the IKE SA, and A is told to delete it while it computes the secret of its own
 * attempt. B has taken over already, so what is to be deleted is the successor of B's making.
 */
static void who_deletes_in_a_collision_deletes_the_successor(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed < 20; seed++) {
		net = net_new(seed, &SIDE_A, &SIDE_B);
		start(net, 0);
		net_settle(net);
		a()->ke_holds = true;
		rekey_ike(a());
		rekey_ike(b());
		node_answer(a(), 0);
		node_drain(a());
		deliver_to(0);
		node_answer(a(), 0);
		node_drain(a());
		deliver_to(1);
		deliver_to(0);
		deliver_to(1);
		ike_terminate(a()->engine, net->now, a()->ike_id);
		node_drain(a());
		net_settle(net);
		a()->ke_holds = false;
		pass_time(300000);
		assert_true(nothing_left(a()));
		assert_true(nothing_left(b()));
		teardown(state);
	}
}

/* A is working at both attempts when the IKE SA ends: so do both that were to replace it. */
static void what_is_made_in_a_collision_ends_with_the_ike_sa(void **state)
{
	(void)state;
	net = net_new(17, &SIDE_A, &SIDE_B);
	start(net, 0);
	net_settle(net);
	a()->ke_holds = true;
	rekey_ike(a());
	rekey_ike(b());
	node_answer(a(), 0);
	node_drain(a());
	deliver_to(0);
	deliver_to(1);
	deliver_to(0);
	assert_int_equal(a()->job_count, 2);
	assert_int_equal(ike_sa_count(a()->engine), 3);
	net->down = true;
	ike_terminate(a()->engine, net->now, a()->ike_id);
	node_drain(a());
	pass_time(300000);
	assert_true(nothing_left(a()));
}

/* What B sends gets to A only by the mapping that A's NAT has now, and comes in at A's port. */
static void deliver_over(uint16_t mapping)
{
	struct packet p = net_take(net);

	if (p.to == 1)
		p.remote.port = mapping;
	if (p.to == 1 || p.local.port == mapping) {
		if (p.to == 0)
			p.local.port = IKE_PORT_NATT;
		net_deliver(net, &p);
	}
	packet_free(&p);
}

/*
 * B takes over while A's mapping changes: what it begins then goes to where A is.
 *
 *   A  (behind a NAT)                     B   asks to rekey the IKE SA
 *      INFORMATIONAL from elsewhere -->       and follows
 *      CREATE_CHILD_SA -->
 */
static void a_successor_goes_to_where_the_peer_has_moved(void **state)
{
	struct side one = SIDE_A;
	struct packet p;

	(void)state;
	one.encap = true;
	establish(&one, &SIDE_B);
	rekey_ike(b());
	lose_for(0);
	ike_liveness_check(a()->engine, only_sa(net, 0));
	ike_sa_advance(a()->engine, only_sa(net, 0), net->now);
	node_drain(a());
	p = net_take(net);
	p.remote.port = 50000;
	net_deliver(net, &p);
	packet_free(&p);
	lose_for(0);
	net->delay_min = net->delay_max = 1000000; /* only by hand */
	pass_time(5000);
	while (net->queued)
		deliver_over(50000);
	assert_int_equal(b()->ike_rekeyed, 1);
	assert_int_equal(ike_sa_find_id(b()->engine, b()->ike_id)->path.remote.port, 50000);
}

/*
 *   A  (behind a NAT whose mapping changes)  B
 *      INFORMATIONAL from elsewhere -->      asks both there and where A was
 *      CREATE_CHILD_SA from elsewhere -->    A rekeys the IKE SA; the successor asks both, too
 */
static void a_suspected_move_is_the_successor_s_to_clear_up(void **state)
{
	struct side one = SIDE_A;
	const struct ike_ways *ways;
	struct packet p;

	(void)state;
	one.encap = true;
	establish(&one, &SIDE_B);
	ike_liveness_check(a()->engine, only_sa(net, 0));
	ike_sa_advance(a()->engine, only_sa(net, 0), net->now);
	node_drain(a());
	for (unsigned i = 0; i < 2; i++) {
		if (i)
			rekey_ike(a());
		p = net_take(net);
		p.remote.port = 50000;
		net_deliver(net, &p);
		packet_free(&p);
		deliver_to(0);
		while (net->queued)
			lose_for(waits_for(net, 1));
	}
	assert_int_equal(b()->ike_rekeyed, 1);
	ways = ike_sa_find_id(b()->engine, b()->ike_id)->ways;
	assert_non_null(ways);
	assert_int_equal(ways->count, 2);
	assert_int_equal(ways->list[1].pair.remote.port, 50000);
}

/*
 *   A  (behind a NAT)                     B
 *      <-- CREATE_CHILD_SA                    rekeys the IKE SA
 *      CREATE_CHILD_SA -->                    is lost, and A's mapping changes
 *      INFORMATIONAL of the new one -->       B can't read it, but knows where to ask again
 *      <-- CREATE_CHILD_SA
 *      CREATE_CHILD_SA -->
 */
static void a_mapping_that_changes_while_the_ike_sa_is_rekeyed_is_found(void **state)
{
	struct side one = SIDE_A;

	(void)state;
	one.encap = true;
	one.dpd_ms = 10000;
	establish(&one, &SIDE_B);
	rekey_ike(b());
	deliver_to(0);
	lose_for(1);
	assert_int_equal(a()->ike_rekeyed, 1);
	for (unsigned i = 0; i < 20 && !b()->ike_rekeyed; i++) {
		net->delay_min = net->delay_max = 1000000; /* only by hand */
		pass_time(3000);
		while (net->queued)
			deliver_over(50000);
	}
	assert_int_equal(b()->ike_rekeyed, 1);
	assert_int_equal(a()->ike_down + b()->ike_down, 0);
}

static void an_engine_that_is_freed_owes_nobody_its_last_words(void **state)
{
	uint64_t id;

	(void)state;
	net = net_new(17, &SIDE_A, &SIDE_B);
	add_alike(a(), "other", "d");
	ike_connection_add_child(a()->engine->connections[1], "e");
	start(net, 0);
	assert_int_equal(ike_initiate(a()->engine, net->now, "other", "d", NULL, &id), 0);
	assert_int_equal(ike_initiate(a()->engine, net->now, "other", "e", NULL, &id), 0);
	node_drain(a());
}

int main(void)
{
#define T(name) cmocka_unit_test_teardown(name, teardown)
	static const struct CMUnitTest tests[] = {
		T(a_delete_that_overtakes_the_response_is_of_what_that_makes),
		T(a_delete_of_what_is_still_computed_is_of_that),
		T(a_rekeying_that_overtakes_the_response_is_for_later),
		T(initial_contact_is_not_said_while_another_connection_is_on_its_way),
		T(each_of_two_connections_keeps_its_own_ike_sa),
		T(ike_auth_from_another_address_is_not_answered_without_a_nat),
		T(who_copies_ike_auth_does_not_stay_the_peer),
		T(a_collision_whose_winner_comes_to_nothing_stops_nothing),
		T(what_is_made_in_a_collision_ends_with_the_ike_sa),
		T(who_deletes_in_a_collision_deletes_the_successor),
		T(a_successor_goes_to_where_the_peer_has_moved),
		T(a_suspected_move_is_the_successor_s_to_clear_up),
		T(a_mapping_that_changes_while_the_ike_sa_is_rekeyed_is_found),
		T(an_engine_that_is_freed_owes_nobody_its_last_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
