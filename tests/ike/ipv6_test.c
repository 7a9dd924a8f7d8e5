/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is different where addresses are IPv6: who counts as one, which connection is meant, and
 * what goes into a tunnel.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/ike/pair.h"

static struct ike_connection *connection_of(struct node *node)
{
	return node->engine->connections[0];
}

static void begin(struct side one, struct side two)
{
	one.ipv6 = two.ipv6 = true;
	net = net_new(1, &one, &two);
}

static void bring_up(void)
{
	start(net, 0);
	net_settle(net);
}

/* A's next IKE_SA_INIT, with another last and another eighth octet of its address. */
static void knock(uint8_t host, uint8_t site)
{
	struct packet p;

	start(net, 0);
	p = net_take(net);
	p.remote.ip[7] = site;
	p.remote.ip[15] = host;
	net_deliver(net, &p);
	packet_free(&p);
	terminate_each(a());
	while (net->queued) {
		p = net_take(net);
		packet_free(&p);
	}
}

static void a_site_counts_as_one_address(void **state)
{
	struct side two = SIDE_B;

	(void)state;
	two.max_half_open = 5;
	begin(SIDE_A, two);
	b()->engine->config.limits.cookie_threshold_ip = IKE_NO_LIMIT;
	set_hosts(b(), connection_of(b()), NULL, "%any6");
	for (uint8_t i = 0; i < 9; i++)
		knock(i, 0);
	assert_int_equal(b()->engine->half_open.count, 5);
	assert_int_equal(ike_engine_stats(b()->engine)->drop_limit, 4);
	knock(0, 1);
	assert_int_equal(b()->engine->half_open.count, 6);
	assert_int_equal(ike_engine_stats(b()->engine)->drop_limit, 4);
}

/* The same IKE_SA_INIT from two addresses of a site is of two hosts: each has its own answer. */
static void hosts_of_a_site_are_told_apart(void **state)
{
	struct packet p;

	(void)state;
	begin(SIDE_A, SIDE_B);
	set_hosts(b(), connection_of(b()), NULL, "%any6");
	start(net, 0);
	p = net_take(net);
	net_deliver(net, &p);
	net_deliver(net, &p);
	assert_int_equal(b()->engine->half_open.count, 1);
	p.remote.ip[15] = 77;
	net_deliver(net, &p);
	assert_int_equal(b()->engine->half_open.count, 2);
	packet_free(&p);
}

/* Another peer of the same site that is on its way doesn't keep one from saying that it is new. */
static void a_neighbour_is_not_the_peer(void **state)
{
	struct ike_addr neighbour;

	(void)state;
	begin(SIDE_A, SIDE_B);
	set_hosts(b(), connection_of(b()), NULL, "%any6");
	knock(77, 0);
	neighbour = a()->addr;
	assert_false(ike_half_open_from(b()->engine, &neighbour));
	neighbour.ip[15] = 77;
	assert_true(ike_half_open_from(b()->engine, &neighbour));
}

static void any_of_a_family_is_of_that_family(void **state)
{
	(void)state;
	for (unsigned family = 4; family <= 6; family += 2) {
		for (unsigned only = 4; only <= 6; only += 2) {
			struct side one = SIDE_A, two = SIDE_B;

			one.ipv6 = two.ipv6 = family == 6;
			net = net_new(1, &one, &two);
			set_hosts(b(), connection_of(b()), only == 4 ? "%any4" : "%any6", NULL);
			bring_up();
			assert_int_equal(b()->child_up, family == only);
			net_free(net);
			net = net_new(1, &one, &two);
			set_hosts(b(), connection_of(b()), NULL, only == 4 ? "%any4" : "%any6");
			bring_up();
			assert_int_equal(b()->child_up, family == only);
			net_free(net);
			net = NULL;
		}
	}
}

static void an_address_of_another_family_does_not_begin(void **state)
{
	uint64_t id;

	(void)state;
	begin(SIDE_A, SIDE_B);
	a()->has_route = true;
	set_hosts(a(), connection_of(a()), "%any4", NULL);
	assert_int_equal(ike_initiate(a()->engine, net->now, "net", "c", NULL, &id),
			 -EADDRNOTAVAIL);
	set_hosts(a(), connection_of(a()), "%any6", NULL);
	assert_int_equal(ike_initiate(a()->engine, net->now, "net", "c", NULL, &id), 0);
}

static const struct side dynamic = {
	.id = "mars.example.org",
	.psk = "secret",
	.local_ts = "dynamic",
	.remote_ts = "dynamic",
};

/* Its own address is IPv6, which its data path doesn't have inside. */
static void dynamic_selectors_come_to_nothing(void **state)
{
	uint64_t id;

	(void)state;
	begin(dynamic, dynamic);
	bring_up();
	assert_int_equal(b()->child_up, 1);
	net_free(net);
	begin(dynamic, dynamic);
	b()->engine->can.inner = RVL_FAMILY_IPV4;
	bring_up();
	assert_int_equal(b()->child_up, 0);
	assert_string_equal(a()->child_reason, "TS_UNACCEPTABLE from peer: its traffic "
					       "selectors have nothing in common with ours");
	terminate_each(a());
	net_settle(net);
	a()->engine->can.inner = RVL_FAMILY_IPV4;
	assert_int_equal(ike_initiate(a()->engine, net->now, "net", "c", NULL, &id), -EAFNOSUPPORT);
	node_drain(a());
	assert_int_equal(net->queued, 0);
	assert_true(nothing_left(a()));
}

static void they_are_narrowed_away_beside_others(void **state)
{
	struct side one = dynamic, two = dynamic;
	char text[IKE_TS_TEXT];

	(void)state;
	one.local_ts = "dynamic,10.1.0.0/24";
	two.local_ts = "10.2.0.0/24";
	one.remote_ts = "10.0.0.0/8";
	two.remote_ts = "dynamic,10.0.0.0/8";
	for (unsigned who = 0; who < 2; who++) {
		begin(one, two);
		net->node[who].engine->can.inner = RVL_FAMILY_IPV4;
		bring_up();
		assert_int_equal(a()->child_up, 1);
		assert_int_equal(present_child(a())->sa.local_ts.count, 1);
		assert_int_equal(present_child(b())->sa.remote_ts.count, 1);
		ike_ts_text(&present_child(a())->sa.local_ts.list[0], text, sizeof(text));
		assert_string_equal(text, "10.1.0.0/24");
		net_free(net);
		net = NULL;
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_teardown(name, teardown)
	const struct CMUnitTest tests[] = {
		T(a_site_counts_as_one_address),
		T(hosts_of_a_site_are_told_apart),
		T(a_neighbour_is_not_the_peer),
		T(any_of_a_family_is_of_that_family),
		T(an_address_of_another_family_does_not_begin),
		T(dynamic_selectors_come_to_nothing),
		T(they_are_narrowed_away_beside_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
