/* SPDX-License-Identifier: BSD-2-Clause */
/* Who a peer is and where, as connections say it: patterns of identities, ports. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/ike/pair.h"

static void begin(const struct side *one, const struct side *two)
{
	net = net_new(4303, one, two);
}

static void assert_both_up(void)
{
	struct installed *x = present_child(a()), *y = present_child(b());

	assert_non_null(x);
	assert_non_null(y);
	assert_true(x->up && y->up);
	assert_true(children_agree(x, y));
}

static void whoever_fits_a_pattern_may_connect(void **state)
{
	static const struct {
		const char *id;
		const char *pattern;
	} good[] =
		{
			{"moon.example.org", "*.example.org"},
			{"carol@example.org", "*@example.org"},
			{NULL, "192.0.2.0/30"}, /* its address */
			{"10.1.0.7", "10.1.0.1-10.1.0.9"},
			{"C=CH, O=Ravelin, CN=moon", "C=CH, O=Ravelin, CN=*"},
			{"C=CH, O=Ravelin, CN=moon", "C=CH, O=Ravelin, CN=moon"},
			{"{11}:#c0ffee", "keyid:#c0ffee"},
		},
	  bad[] = {
		  {"moon.example.com", "*.example.org"},
		  {"10.1.0.10", "10.1.0.1-10.1.0.9"},
		  {"C=CH, O=Rivelin, CN=moon", "C=CH, O=Ravelin, CN=*"},
	  };
	struct side one = SIDE_A, two = SIDE_B;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		one.id = good[i].id;
		two.peer_id = good[i].pattern;
		begin(&one, &two);
		start(net, 0);
		net_settle(net);
		assert_both_up();
		net_free(net);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		one.id = bad[i].id;
		two.peer_id = bad[i].pattern;
		begin(&one, &two);
		start(net, 0);
		net_settle(net);
		assert_null(present_child(a()));
		assert_int_equal(ike_engine_stats(b()->engine)->auth_failed, 1);
		net_free(net);
	}
	net = NULL;
}

/* It asks for nobody by name, and takes whom it reaches if that one fits. */
static void an_initiator_takes_who_fits_its_pattern(void **state)
{
	struct side one = SIDE_A, two = SIDE_B;
	struct ike_id owner;
	char error[256];

	(void)state;
	one.peer_id = "*.example.org";
	begin(&one, &two);
	start(net, 0);
	net_settle(net);
	assert_both_up();
	net_free(net);

	two.id = "sun.example.com";
	begin(&one, &two);
	start(net, 0);
	net_settle(net);
	assert_null(present_child(a()));
	assert_string_equal(a()->ike_reason,
			    "peer is \"sun.example.com\", which isn't who it should be");
	net_free(net);

	/* The key that says the same of whose it is. */
	two.id = "sun.example.org";
	one.psk = NULL;
	begin(&one, &two);
	assert_int_equal(ike_id_parse("*.example.org", &owner, error, sizeof(error)), 0);
	assert_int_equal(
		ike_engine_add_psk(a()->engine, &owner, 1, ike_slice("a shared secret", 15)), 0);
	start(net, 0);
	net_settle(net);
	assert_both_up();
}

static void the_connection_that_names_a_peer_best_has_it(void **state)
{
	static const char *const ids[] = {"%any", "*.example.org", "moon.example.org"};
	static const char *const names[] = {"any", "pattern", "one"};

	(void)state;
	/* In whichever order they stand. */
	for (unsigned first = 0; first < 3; first++) {
		struct side two = SIDE_B;

		two.peer_id = ids[first];
		begin(&SIDE_A, &two);
		for (unsigned i = 0; i < 3; i++) {
			char error[256];
			struct ike_connection *conn = add_alike(b(), names[i], "c");

			assert_int_equal(
				ike_id_parse(ids[i], &conn->remote_id, error, sizeof(error)), 0);
		}
		start(net, 0);
		net_settle(net);
		assert_both_up();
		assert_string_equal(only_sa(net, 1)->conn->name, first == 2 ? "net" : "one");
		net_free(net);
	}
	net = NULL;
}

/*
 *   A:4500  IKE_SA_INIT -->        B:4500
 *           <-- ...
 */
static void a_port_of_the_peer_other_than_500_has_the_marker_from_the_start(void **state)
{
	static const uint16_t ports[] = {4500, 4501, 0, 500};

	(void)state;
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		uint16_t own = i < 2 ? IKE_PORT_NATT : IKE_PORT;

		begin(&SIDE_A, &SIDE_B);
		a()->engine->connections[0]->remote_port = ports[i];
		start(net, 0);
		/* As the receiver sees it; the marker goes with the port, which the network checks.
		 */
		assert_int_equal(net->queue[0].remote.port, own);
		assert_int_equal(net->queue[0].local.port, ports[i] ? ports[i] : IKE_PORT);
		net_settle(net);
		if (ports[i] != 4501) { /* where B doesn't listen */
			assert_both_up();
			assert_int_equal(only_sa(net, 1)->path.local.port, own);
			assert_int_equal(only_sa(net, 0)->path.remote.port, own);
			/* There is no NAT. */
			assert_false(present_child(a())->sa.encap);
		}
		net_free(net);
	}
	net = NULL;
}

static struct ike_connection *connection_of(struct node *node)
{
	return node->engine->connections[0];
}

/* Long enough for a try to come to nothing. */
static void exhaust(void)
{
	pass_time(300000);
}

static void try_again(void)
{
	start(net, 0);
	net_settle(net);
}

static void tell(struct node *node, unsigned index, const char *text, unsigned count,
		 const struct ike_addr *list)
{
	node->names[index] = (struct dns_name){.text = text, .count = count};
	memcpy(node->names[index].list, list, count * sizeof(*list));
}

static const struct ike_addr nowhere = {.family = 4, .ip = {198, 18, 0, 1}};

static void each_try_goes_to_another_address_until_one_works(void **state)
{
	(void)state;
	begin(&SIDE_A, &SIDE_B);
	set_hosts(a(), connection_of(a()), NULL, "10.0.0.0/8, 198.18.0.1, 198.18.0.2, 192.0.2.2");
	for (unsigned tries = 1; tries <= 3; tries++) {
		assert_null(present_child(a()));
		try_again();
		exhaust();
		assert_int_equal(a()->child_down, tries < 3 ? tries : 2);
	}
	assert_both_up();
	/* What works stays. */
	for (unsigned i = 0; i < 2; i++) {
		terminate_each(a());
		net_settle(net);
		try_again();
		assert_both_up();
	}
	/* One that was up and is dead is tried first, too. */
	net->down = true;
	terminate_each(b());
	connection_of(a())->dpd_delay_ms = 0;
	ike_rekey(a()->engine, net->now, a()->ike_id);
	exhaust();
	net->down = false;
	assert_null(present_child(a()));
	try_again();
	assert_both_up();
}

static void a_try_that_an_operator_ends_has_not_failed(void **state)
{
	char next[IKE_HOST_TEXT];

	(void)state;
	begin(&SIDE_A, &SIDE_B);
	set_hosts(a(), connection_of(a()), NULL, "198.18.0.1, 192.0.2.2");
	try_again();
	ike_next_peer(a()->engine, "net", next, sizeof(next));
	assert_string_equal(next, "198.18.0.1");
	terminate_each(a());
	ike_next_peer(a()->engine, "net", next, sizeof(next));
	assert_string_equal(next, "198.18.0.1");
	try_again();
	exhaust();
	ike_next_peer(a()->engine, "net", next, sizeof(next));
	assert_string_equal(next, "192.0.2.2");
	ike_next_peer(a()->engine, "nothing", next, sizeof(next));
	assert_string_equal(next, "");
}

static void a_name_is_looked_up_at_each_try(void **state)
{
	uint64_t id;

	(void)state;
	begin(&SIDE_A, &SIDE_B);
	set_hosts(a(), connection_of(a()), NULL, "b.test");
	/* Nobody knows it. */
	try_again();
	assert_string_equal(a()->child_reason, "b.test isn't resolved");
	assert_string_equal(a()->ike_reason, "b.test isn't resolved");
	assert_int_equal(a()->engine->sa_count, 0);
	/* Nobody is there. */
	tell(a(), 0, "b.test", 1, &nowhere);
	try_again();
	exhaust();
	assert_int_equal(a()->child_down, 2);
	/* It is somewhere else by now. */
	tell(a(), 0, "b.test", 1, &b()->addr);
	a()->names_hold = true;
	try_again();
	assert_int_equal(ike_initiate(a()->engine, net->now, "net", "c", NULL, &id), -EALREADY);
	assert_int_equal(net->queued, 0);
	a()->names_hold = false;
	node_drain(a());
	net_settle(net);
	assert_both_up();
	assert_int_equal(a()->lookups, 3);
	/* The answer doesn't come. */
	terminate_each(a());
	net_settle(net);
	a()->names_hold = true;
	try_again();
	exhaust();
	assert_string_equal(a()->child_reason, "its name wasn't resolved in time");
	a()->names_hold = false;
	node_drain(a());
	assert_true(nothing_left(a()));
	/* Nor is it wanted any more. */
	a()->names_hold = true;
	try_again();
	terminate_each(a());
	assert_int_equal(a()->job_count, 1);
	a()->names_hold = false;
	node_drain(a());
	assert_true(nothing_left(a()));
}

static void the_addresses_of_a_name_are_taken_in_turn(void **state)
{
	struct ike_addr both[] = {nowhere, {.family = 4, .ip = {192, 0, 2, 2}}};

	(void)state;
	begin(&SIDE_A, &SIDE_B);
	set_hosts(a(), connection_of(a()), NULL, "b.test, 198.18.0.9");
	tell(a(), 0, "b.test", 2, both);
	try_again();
	exhaust();
	assert_null(present_child(a()));
	try_again();
	assert_both_up();
	terminate_each(a());
	net_settle(net);
	/* Fewer than before. */
	tell(a(), 0, "b.test", 1, &both[1]);
	try_again();
	assert_both_up();
	terminate_each(a());
	net_settle(net);
	/* All of them, the other item, and from the beginning. */
	tell(a(), 0, "b.test", 1, both);
	for (unsigned i = 0; i < 2; i++) {
		try_again();
		exhaust();
		assert_null(present_child(a()));
	}
	tell(a(), 0, "b.test", 1, &both[1]);
	try_again();
	assert_both_up();
}

static void our_end_is_one_that_goes_with_the_peers(void **state)
{
	struct ike_addr six = {.family = 6, .ip = {0x20, 1, 0x0d, 0xb8, [15] = 1}};
	uint64_t id;

	(void)state;
	begin(&SIDE_A, &SIDE_B);
	set_hosts(a(), connection_of(a()), "2001:db8::1, 192.0.2.1", NULL);
	try_again();
	assert_both_up();
	assert_int_equal(only_sa(net, 0)->path.local.family, 4);
	terminate_each(a());
	net_settle(net);

	set_hosts(a(), connection_of(a()), "2001:db8::1", NULL);
	assert_int_equal(ike_initiate(a()->engine, net->now, "net", "c", NULL, &id),
			 -EADDRNOTAVAIL);

	/* A range says which the route's may be. */
	a()->has_route = true;
	set_hosts(a(), connection_of(a()), "10.0.0.0/8", NULL);
	assert_int_equal(ike_initiate(a()->engine, net->now, "net", "c", NULL, &id),
			 -EADDRNOTAVAIL);
	set_hosts(a(), connection_of(a()), "192.0.2.0/24", NULL);
	try_again();
	assert_both_up();
	terminate_each(a());
	net_settle(net);

	set_hosts(a(), connection_of(a()), "a.test", "b.test");
	tell(a(), 0, "a.test", 1, &a()->addr);
	tell(a(), 1, "b.test", 1, &b()->addr);
	try_again();
	assert_both_up();
	assert_int_equal(a()->lookups, 2);
	terminate_each(a());
	net_settle(net);

	a()->names[0].text = NULL;
	try_again();
	assert_string_equal(a()->child_reason, "our end: a.test isn't resolved");

	set_hosts(a(), connection_of(a()), "10.0.0.0/8", NULL);
	try_again();
	assert_string_equal(a()->child_reason, "no address of ours leads to 192.0.2.2");
	tell(a(), 1, "b.test", 1, &six);
	try_again();
	assert_string_equal(a()->child_reason, "no address of ours leads to 2001:db8::1");
}

/* Which connection of B takes A, of those with these lists? */
static const char *taken_by(const char *const lists[][2], unsigned count)
{
	static char name[IKE_NAME_MAX];
	struct side two = SIDE_B;

	begin(&SIDE_A, &two);
	set_hosts(b(), connection_of(b()), "10.9.9.9", NULL);
	for (unsigned i = 0; i < count; i++) {
		char text[2] = {(char)('0' + i), 0};
		struct ike_connection *conn = add_alike(b(), text, "c");

		set_hosts(b(), conn, lists[i][0], lists[i][1]);
	}
	start(net, 0);
	net_settle(net);
	snprintf(name, sizeof(name), "%s",
		 present_child(b()) ? only_sa(net, 1)->conn->name : "nobody");
	net_free(net);
	net = NULL;
	return name;
}

static void the_connection_that_says_best_where_a_peer_is_has_it(void **state)
{
	static const char *const peers[][2] = {
		{"", ""},
		{"", "%any4"},
		{"", "192.0.0.0/8"},
		{"", "192.0.2.1-192.0.2.9"},
		{"", "198.18.0.1, 192.0.2.1"},
	};
	static const char *const ours[][2] = {
		{"", "192.0.2.0/24"},
		{"192.0.2.0/24", "192.0.2.0/24"},
		{"192.0.2.2", "192.0.2.0/24"},
	};
	static const char *const other[][2] = {
		{"", "192.0.2.2-192.0.2.9"},
		{"192.0.2.1", "192.0.2.1"},
		{"", "10.0.0.0/8, %any6"},
	};
	static const char *const alike[][2] = {
		{"", "192.0.2.1"},
		{"", "192.0.2.1, 192.0.2.2"},
		{"", "192.0.2.0/24, 192.0.2.1"},
	};

	(void)state;
	for (unsigned count = 1; count <= 5; count++) {
		char best[2] = {(char)('0' + count - 1), 0};

		assert_string_equal(taken_by(peers, count), best);
	}
	for (unsigned count = 1; count <= 3; count++) {
		char best[2] = {(char)('0' + count - 1), 0};

		assert_string_equal(taken_by(ours, count), best);
	}
	assert_string_equal(taken_by(other, 3), "nobody");
	/* The first of several. */
	assert_string_equal(taken_by(alike, 3), "0");
	assert_string_equal(taken_by(alike + 1, 2), "0");
}

/*
 *   A  IKE_SA_INIT -->        B: what does a.test stand for?
 *                             ...
 *      <-- IKE_SA_INIT
 */
static void a_stranger_waits_until_names_are_known(void **state)
{
	(void)state;
	begin(&SIDE_A, &SIDE_B);
	set_hosts(b(), connection_of(b()), NULL, "a.test");
	tell(b(), 0, "a.test", 1, &a()->addr);
	b()->names_hold = true;
	start(net, 0);
	net_settle(net);
	assert_int_equal(net->sent, 1);
	assert_int_equal(b()->engine->sa_count, 0);
	/* Asking again neither helps nor harms. */
	pass_time(5000);
	assert_int_equal(net->sent, 2);
	assert_int_equal(b()->lookups, 1);
	assert_int_equal(b()->engine->held_count, 1);
	assert_int_equal(ike_engine_stats(b()->engine)->retransmissions_in, 1);
	b()->names_hold = false;
	node_drain(b());
	net_settle(net);
	assert_both_up();
	assert_int_equal(b()->engine->held_count, 0);

	/* It is known for a while, */
	terminate_each(a());
	net_settle(net);
	try_again();
	assert_both_up();
	assert_int_equal(b()->lookups, 1);
	terminate_each(a());
	net_settle(net);

	/* and then looked up again: it is elsewhere by now. */
	tell(b(), 0, "a.test", 1, &nowhere);
	pass_time(IKE_LOOKUP_FRESH_MS);
	try_again();
	assert_int_equal(b()->lookups, 2);
	assert_null(present_child(b()));
	pass_time(IKE_INIT_ERROR_MS);
	assert_string_equal(
		a()->ike_reason,
		"NO_PROPOSAL_CHOSEN from peer in IKE_SA_INIT: it accepts none of our IKE "
		"proposals, or has no connection for our address");
	/* Of somebody else nothing is asked again so soon. */
	try_again();
	assert_int_equal(b()->lookups, 2);
	exhaust();
	/* Who has an address may be meant by a name as well. */
	set_hosts(b(), connection_of(b()), NULL, "a.test, 192.0.2.1");
	b()->names_hold = true;
	try_again();
	assert_int_equal(b()->engine->held_count, 1);
	b()->names_hold = false;
	node_drain(b());
	net_settle(net);
	assert_both_up();
	assert_int_equal(b()->lookups, 3);
}

/* Two connections with the same peer, as far as IKE_AUTH tells. */
static void a_name_and_an_address_may_mean_the_same(void **state)
{
	struct ike_connection *named;

	(void)state;
	begin(&SIDE_A, &SIDE_B);
	named = add_alike(b(), "named", "other");
	connection_of(b())->children[0].local_ts.list[0].first[1] = 99;
	connection_of(b())->children[0].local_ts.list[0].last[1] = 99;
	set_hosts(b(), named, NULL, "a.test");
	tell(b(), 0, "a.test", 1, &a()->addr);
	try_again();
	assert_both_up();
	assert_string_equal(only_sa(net, 1)->conn->name, "named");
}

static void a_stranger_of_any_address_waits_for_names_but_not_for_ever(void **state)
{
	struct ike_connection *any;

	(void)state;
	begin(&SIDE_A, &SIDE_B);
	set_hosts(b(), connection_of(b()), NULL, "a.test");
	any = add_alike(b(), "any", "c");
	set_hosts(b(), any, NULL, "");
	tell(b(), 0, "a.test", 1, &a()->addr);
	try_again();
	assert_string_equal(only_sa(net, 1)->conn->name, "net");
	terminate_each(a());
	net_settle(net);

	/* The name's answer gets lost, and that is told in time. */
	pass_time(IKE_LOOKUP_FRESH_MS);
	set_hosts(b(), connection_of(b()), NULL, "a.test");
	b()->names_hold = true;
	connection_of(a())->retransmit_tries = 100;
	try_again();
	assert_int_equal(b()->engine->held_count, 1);
	pass_time(61000);
	assert_int_equal(b()->engine->held_count, 0);
	assert_both_up();
	assert_string_equal(only_sa(net, 1)->conn->name, "any");
	b()->names_hold = false;
	node_drain(b());
}

static void strangers_that_wait_are_bounded(void **state)
{
	(void)state;
	begin(&SIDE_A, &SIDE_B);
	set_hosts(b(), connection_of(b()), NULL, "a.test");
	b()->names_hold = true;
	b()->engine->config.limits.cookie_threshold = 1000;
	for (unsigned i = 0; i < 100; i++) {
		struct packet p;

		start(net, 0);
		p = net_take(net);
		p.remote.ip[3] = (uint8_t)(i / 10 + 20); /* ten of each address */
		net_deliver(net, &p);
		packet_free(&p);
		terminate_each(a());
	}
	assert_int_equal(b()->engine->held_count, 10 * IKE_HELD_PER_SITE);
	assert_int_equal(ike_engine_stats(b()->engine)->drop_limit, 60);
	for (unsigned i = 0; i < 40; i++) {
		struct packet p;

		start(net, 0);
		p = net_take(net);
		p.remote.ip[3] = (uint8_t)(i + 100);
		net_deliver(net, &p);
		packet_free(&p);
		terminate_each(a());
	}
	assert_int_equal(b()->engine->held_count, IKE_HELD_MAX);
	assert_int_equal(b()->lookups, 1);
	/* With many that wait, cookies are asked for. */
	b()->engine->config.limits.cookie_threshold = 30;
	start(net, 0);
	net_settle(net);
	assert_int_equal(ike_engine_stats(b()->engine)->cookies_sent, 1);
	/* There is room for no more, so who has an address goes without. */
	set_hosts(b(), add_alike(b(), "known", "k"), NULL, "192.0.2.1");
	b()->engine->config.limits.cookie_threshold = 1000;
	pass_time(5000);
	assert_both_up();
	assert_string_equal(only_sa(net, 1)->conn->name, "known");
	terminate_each(a());
	net_settle(net);
	/* What they belonged to goes. */
	assert_int_equal(ike_engine_remove_connection(b()->engine, "net"), 0);
	assert_int_equal(b()->engine->lookups_out, 0);
	assert_int_equal(b()->engine->held_count, 0);
	b()->names_hold = false;
	node_drain(b());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(whoever_fits_a_pattern_may_connect, teardown),
		cmocka_unit_test_teardown(an_initiator_takes_who_fits_its_pattern, teardown),
		cmocka_unit_test_teardown(the_connection_that_names_a_peer_best_has_it, teardown),
		cmocka_unit_test_teardown(each_try_goes_to_another_address_until_one_works,
					  teardown),
		cmocka_unit_test_teardown(a_try_that_an_operator_ends_has_not_failed, teardown),
		cmocka_unit_test_teardown(a_name_is_looked_up_at_each_try, teardown),
		cmocka_unit_test_teardown(the_addresses_of_a_name_are_taken_in_turn, teardown),
		cmocka_unit_test_teardown(our_end_is_one_that_goes_with_the_peers, teardown),
		cmocka_unit_test_teardown(the_connection_that_says_best_where_a_peer_is_has_it,
					  teardown),
		cmocka_unit_test_teardown(a_stranger_waits_until_names_are_known, teardown),
		cmocka_unit_test_teardown(a_name_and_an_address_may_mean_the_same, teardown),
		cmocka_unit_test_teardown(
			a_stranger_of_any_address_waits_for_names_but_not_for_ever, teardown),
		cmocka_unit_test_teardown(strangers_that_wait_are_bounded, teardown),
		cmocka_unit_test_teardown(
			a_port_of_the_peer_other_than_500_has_the_marker_from_the_start, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
