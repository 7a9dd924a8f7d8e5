/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IKE in TCP (RFC 9329), message by message. A connects to B: it has port 0 itself, which the
 * network makes the port of its connection.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/ike/steps.h"

enum { FIRST = 40000, SECOND = 40001 };

static struct ike_sa *sa_of(struct node *node)
{
	return ike_sa_find_id(node->engine, node->ike_id);
}

static void begin(enum ike_tcp tcp, bool mobike, bool deaf)
{
	struct side one = SIDE_A, two = SIDE_B;

	one.tcp = tcp;
	one.mobike = two.mobike = mobike;
	one.dpd_ms = 300000;
	net = net_new(9329, &one, &two);
	a()->tcp_port = FIRST;
	b()->deaf = deaf;
	for (unsigned i = 0; i < 2; i++) {
		net->node[i].has_route = true;
		node_roam(&net->node[i]);
	}
	start(net, 0);
}

/* Both ends are in the connection from this port, Child SAs too. */
static void assert_in_connection(uint16_t port)
{
	const struct ike_addr *made = &sa_of(a())->path.local, *taken = &sa_of(b())->path.remote;

	assert_true(made->tcp && taken->tcp);
	assert_int_equal(made->port, 0);
	assert_int_equal(taken->port, port);
	assert_int_equal(sa_of(a())->path.remote.port, IKE_PORT_NATT);
	for (unsigned i = 0; i < 2; i++) {
		const struct child_sa *c = &present_child(&net->node[i])->sa;

		assert_true(ike_addr_equal(&c->local, &sa_of(&net->node[i])->path.local));
		assert_true(ike_addr_equal(&c->remote, &sa_of(&net->node[i])->path.remote));
		assert_false(c->encap);
	}
	assert_int_equal(a()->ike_down + b()->ike_down + a()->child_down + b()->child_down, 0);
}

static void up(enum ike_tcp tcp, bool mobike)
{
	begin(tcp, mobike, false);
	net_settle(net);
	assert_int_equal(a()->child_up + b()->child_up, 2);
}

static void all_of_it_goes_in_the_connection(void **state)
{
	(void)state;
	up(IKE_TCP_YES, true);
	assert_in_connection(FIRST);
	rekey(a());
	net_settle(net);
	rekey_ike(a());
	net_settle(net);
	rekey_ike(b());
	net_settle(net);
	assert_in_connection(FIRST);
	/* RFC 9329, section 6: a NAT, which B's hash of A's port 0 looks like, isn't kept open.
	 */
	pass_time(120000);
	assert_true(sa_of(a())->path.nat_local);
	assert_int_equal(a()->keepalives, 0);
	assert_in_connection(FIRST);
}

static void what_is_not_answered_over_udp_goes_by_tcp(void **state)
{
	(void)state;
	begin(IKE_TCP_FALLBACK, true, true);
	pass_time(60000);
	assert_int_equal(a()->child_up + b()->child_up, 2);
	assert_in_connection(FIRST);
}

static void what_is_answered_over_udp_stays_there(void **state)
{
	(void)state;
	up(IKE_TCP_FALLBACK, true);
	assert_false(sa_of(a())->path.local.tcp);
	assert_false(sa_of(b())->path.local.tcp);
}

/*
 *   A  (another connection)  INFORMATIONAL -->   B goes there
 *      <-- INFORMATIONAL
 */
static void another_connection_takes_the_place_of_the_first(void **state)
{
	(void)state;
	for (unsigned mobike = 0; mobike < 2; mobike++) {
		struct ike_pair pair;

		up(IKE_TCP_YES, mobike);
		pair = ike_path_pair(sa_of(a()));
		a()->tcp_port = SECOND;
		ike_disconnected(a()->engine, net->now, &pair);
		node_drain(a());
		net_settle(net);
		pass_time(1000);
		assert_in_connection(SECOND);
		/* Another one than its own is nothing to it. */
		pair.remote.port++;
		ike_disconnected(a()->engine, net->now, &pair);
		assert_null(sa_of(a())->out.task);
		teardown(NULL);
	}
}

/* With MOBIKE the first one is asked before, and it may be for a successor to ask. */
static void what_comes_over_another_connection_leads_there(void **state)
{
	(void)state;
	for (unsigned way = 0; way < 4; way++) {
		up(IKE_TCP_YES, way & 1);
		a()->tcp_port = SECOND;
		if (way & 2)
			rekey_ike(a());
		else
			rekey(a());
		net_settle(net);
		pass_time(60000);
		assert_in_connection(SECOND);
		teardown(NULL);
	}
}

/*
 *   A  (another connection)  INFORMATIONAL -->       B   has it before, from who has copied it,
 *      <-- INFORMATIONAL                                 and asks both
 */
static void who_copies_what_comes_over_it_can_not_keep_us_away(void **state)
{
	struct packet request, copy;
	struct ike_pair pair;

	(void)state;
	up(IKE_TCP_YES, false);
	pair = ike_path_pair(sa_of(a()));
	a()->tcp_port = SECOND;
	ike_disconnected(a()->engine, net->now, &pair);
	node_drain(a());
	request = take_for(1);
	copy = request;
	copy.remote.ip[3] = 77; /* from where nothing is sent on */
	copy.remote.port = SECOND + 1;
	net_deliver(net, &copy);
	net_deliver(net, &copy);
	net_deliver(net, &request);
	packet_free(&request);
	pass_time(60000);
	assert_in_connection(SECOND);
}

/*
 *   A  IKE_AUTH -->                              B   takes it as from the first connection,
 *      (another connection)  IKE_AUTH again -->      answers over both,
 *      <-- INFORMATIONAL                             and goes there
 */
static void the_next_connection_is_known_by_what_is_asked_again(void **state)
{
	(void)state;
	for (unsigned way = 0; way < 4; way++) {
		begin(way & 1 ? IKE_TCP_FALLBACK : IKE_TCP_YES, way & 2, false);
		a()->deaf = true; /* B has seen no NAT if it was asked over UDP first */
		b()->install_holds = true;
		while (!b()->job_count)
			pass_time(100);
		a()->tcp_port = SECOND;
		b()->install_holds = false;
		node_answer(b(), 0);
		node_drain(b());
		pass_time(20000);
		assert_int_equal(a()->child_up + b()->child_up, 2);
		assert_in_connection(SECOND);
		teardown(NULL);
	}
}

/* A request of B's that is out while there is no connection is asked again over the next one. */
static void what_is_out_goes_on_over_the_next_connection(void **state)
{
	struct ike_pair pair;

	(void)state;
	up(IKE_TCP_YES, false);
	pair = ike_path_pair(sa_of(a()));
	a()->tcp_port = SECOND;
	rekey(b());
	net_settle(net);
	assert_non_null(sa_of(b())->out.request.data);
	ike_disconnected(a()->engine, net->now, &pair);
	node_drain(a());
	pass_time(20000);
	assert_null(sa_of(b())->out.request.data);
	assert_in_connection(SECOND);
}

/* RFC 9329: in TCP there is no need for them. */
static void there_are_no_fragments(void **state)
{
	struct side one = SIDE_A, two = SIDE_B;

	(void)state;
	one.tcp = IKE_TCP_YES;
	one.fragment_size = two.fragment_size = 120;
	net = net_new(7383, &one, &two);
	a()->tcp_port = FIRST;
	start(net, 0);
	net_settle(net);
	assert_in_connection(FIRST);
	assert_int_equal(ike_engine_stats(a()->engine)->fragments_out, 0);
	assert_int_equal(ike_engine_stats(b()->engine)->fragments_out, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(all_of_it_goes_in_the_connection, teardown),
		cmocka_unit_test_teardown(what_is_not_answered_over_udp_goes_by_tcp, teardown),
		cmocka_unit_test_teardown(what_is_answered_over_udp_stays_there, teardown),
		cmocka_unit_test_teardown(another_connection_takes_the_place_of_the_first,
					  teardown),
		cmocka_unit_test_teardown(the_next_connection_is_known_by_what_is_asked_again,
					  teardown),
		cmocka_unit_test_teardown(what_comes_over_another_connection_leads_there, teardown),
		cmocka_unit_test_teardown(who_copies_what_comes_over_it_can_not_keep_us_away,
					  teardown),
		cmocka_unit_test_teardown(what_is_out_goes_on_over_the_next_connection, teardown),
		cmocka_unit_test_teardown(there_are_no_fragments, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
