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
		a()->engine->connections[0]->remote.port = ports[i];
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(whoever_fits_a_pattern_may_connect, teardown),
		cmocka_unit_test_teardown(an_initiator_takes_who_fits_its_pattern, teardown),
		cmocka_unit_test_teardown(the_connection_that_names_a_peer_best_has_it, teardown),
		cmocka_unit_test_teardown(
			a_port_of_the_peer_other_than_500_has_the_marker_from_the_start, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
