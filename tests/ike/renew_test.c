/* SPDX-License-Identifier: BSD-2-Clause */
/* IKE SAs that are made anew beside the old one, from when it is due until it has taken over. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/ike/children.h"

/*
 *   A  IKE_SA_INIT, IKE_AUTH -->          B     beside the old one
 *      <-- ...                                  A sends on the new one, B as soon as A is known to
 *      INFORMATIONAL D(IKE), old -->
 */
static void reauthentication_makes_before_it_breaks(void **state)
{
	static const enum ike_unique policies[] = {IKE_UNIQUE_NO, IKE_UNIQUE_NEVER,
						   IKE_UNIQUE_REPLACE, IKE_UNIQUE_KEEP};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		uint64_t first;

		prepare(1);
		connection(a())->reauth_ms = 3600000;
		connection(a())->over_ms = 360000;
		connection(b())->unique = policies[i];
		bring_up("c");
		first = only_sa(net, 0)->spi_i;
		net->watch_flow = true;
		net->delay_min = net->delay_max = 50;
		pass_time(3600000 + 1000);
		assert_int_equal(a()->ike_up, 2);
		assert_int_not_equal(only_sa(net, 0)->spi_i, first);
		assert_int_equal(only_sa(net, 1)->spi_i, only_sa(net, 0)->spi_i);
		assert_int_equal(a()->child_down + b()->child_down, 0);
		assert_true(children_agree(sending_child(a()), sending_child(b())));
		pass_time(3600000); /* and so on, for ever */
		assert_int_equal(a()->ike_up, 3);
		pass_time(36000000);
		assert_in_range(a()->ike_up, 12, 13);
		assert_int_equal(a()->child_down + b()->child_down, 0);
		end();
		teardown(state);
	}
}

/*
 * Whatever `unique` says: A begins the same at another address of B's, and what is to replace the
 * old one is refused by B's data path, or by A's own, or late.
 *
 *   A  IKE_SA_INIT, IKE_AUTH -->          B
 *      <-- IKE_AUTH, N(NO_ADDITIONAL_SAS)
 */
static void what_we_begin_beside_it_replaces_nothing_before_it_is_up(void **state)
{
	const struct ike_addr second = {.family = 4, .ip = {198, 51, 100, 2}};

	(void)state;
	for (unsigned who = 0; who < 3; who++) {
		struct ike_start start = {.pair = {.remote = second}};
		uint64_t id;

		prepare(1);
		b()->other = second;
		connection(a())->unique = IKE_UNIQUE_REPLACE;
		set_hosts(b(), connection(b()), "", NULL);
		bring_up("c");
		net->watch_flow = true;
		if (who < 2)
			net->node[who].install_error = -ENOSPC;
		a()->install_holds = who == 2;
		start.conn = connection(a());
		start.config = &start.conn->children[0];
		start.pair.local = a()->addr;
		assert_int_equal(ike_sa_begin(a()->engine, net->now, &start, &id), 0);
		node_drain(a());
		net_settle(net);
		assert_int_equal(a()->ike_up, 2);
		pass_time(20000);
		a()->install_holds = false;
		node_drain(a());
		pass_time(100000);
		assert_int_equal(ike_sa_count(a()->engine), 1);
		assert_int_equal(ike_addr_same_ip(&sending_child(a())->sa.remote, &second),
				 who == 2);
		end();
		teardown(state);
	}
}

/*
 * Nor does what the peer begins from elsewhere, as long as the peer doesn't have it.
 *
 *   A  IKE_SA_INIT, IKE_AUTH from elsewhere -->   B   has it, and sends on the old one
 *      <-- IKE_AUTH                                   is lost, and the next one isn't
 */
static void what_the_peer_begins_from_elsewhere_replaces_nothing_before_it_has_it(void **state)
{
	const struct ike_addr second = {.family = 4, .ip = {198, 51, 100, 1}};
	struct ike_start start = {0};
	uint64_t id;

	(void)state;
	prepare(1);
	a()->other = second;
	connection(b())->unique = IKE_UNIQUE_REPLACE;
	set_hosts(b(), connection(b()), NULL, "");
	set_hosts(a(), connection(a()), "", NULL);
	a()->has_route = true;
	bring_up("c");
	net->watch_flow = true;
	start.conn = connection(a());
	start.config = &start.conn->children[0];
	start.pair = (struct ike_pair){.local = second, .remote = b()->addr};
	assert_int_equal(ike_sa_begin(a()->engine, net->now, &start, &id), 0);
	node_drain(a());
	deliver_to(1);
	deliver_to(0);
	deliver_to(1);
	assert_int_equal(b()->ike_up, 2);
	lose_for(0);
	net_settle(net);
	assert_int_equal(ike_sa_count(b()->engine), 2);
	pass_time(100000);
	assert_int_equal(ike_sa_count(a()->engine), 1);
	assert_int_equal(ike_sa_count(b()->engine), 1);
	assert_true(ike_addr_same_ip(&sending_child(b())->sa.remote, &second));
	end();
}

/* Rekeying proves nothing anew: it is counted from when the peer authenticated. */
static void rekeying_does_not_put_off_reauthentication(void **state)
{
	(void)state;
	prepare(1);
	connection(a())->reauth_ms = 3600000;
	connection(a())->rekey_ms = 1000000;
	connection(b())->rekey_ms = 1500000;
	connection(a())->over_ms = 360000;
	bring_up("c");
	net->watch_flow = true;
	pass_time(36000000 + 100000);
	assert_in_range(a()->ike_up, 10, 11);
	assert_true(a()->ike_rekeyed >= 20);
	assert_int_equal(a()->child_down + b()->child_down, 0);
	assert_int_equal(ike_sa_count(a()->engine), 1);
	end();
}

static void all_child_sas_are_renewed_with_their_ike_sa(void **state)
{
	(void)state;
	for (unsigned replace = 0; replace < 2; replace++) {
		prepare(5);
		connection(a())->reauth_ms = 3600000;
		connection(b())->unique = replace ? IKE_UNIQUE_REPLACE : IKE_UNIQUE_NO;
		for (unsigned i = 0; i < 5; i++)
			bring_up((char[]){(char)('c' + i), 0});
		assert_int_equal(only_sa(net, 1)->child_count, 5);
		net->delay_min = net->delay_max = 20;
		pass_time(3600000 + 60000);
		assert_int_equal(a()->ike_up, 2);
		assert_int_equal(only_sa(net, 0)->child_count, 5);
		assert_int_equal(only_sa(net, 1)->child_count, 5);
		assert_int_equal(a()->child_up, 10);
		assert_int_equal(a()->child_down + b()->child_down, 0);
		end();
		teardown(state);
	}
}

/* B isn't to be reached for IKE_SA_INIT: the old one goes on, is rekeyed, and renewed later. */
static void what_can_not_be_renewed_goes_on(void **state)
{
	(void)state;
	prepare(1);
	connection(a())->reauth_ms = 3600000;
	connection(a())->over_ms = 3600000;
	bring_up("c");
	net->watch_flow = true;
	b()->engine->stopping = true;
	pass_time(3600000 + 1000000);
	assert_int_equal(a()->ike_up, 1);
	assert_int_equal(a()->child_down, 0);
	b()->engine->stopping = false;
	pass_time(400000);
	assert_int_equal(a()->ike_up, 2);
	assert_int_equal(ike_sa_count(a()->engine), 1);
	end();
}

/*
 * B makes nothing after IKE_AUTH (section 1.3):
 *
 *   A  CREATE_CHILD_SA N(REKEY_SA) -->    B
 *      <-- N(NO_ADDITIONAL_SAS)               twice
 *      IKE_SA_INIT, IKE_AUTH -->
 */
static void a_peer_that_rekeys_nothing_gets_another_ike_sa(void **state)
{
	(void)state;
	prepare(1);
	bring_up("c");
	net->watch_flow = true;
	b()->install_error = -28;
	rekey(a());
	net_settle(net);
	assert_int_equal(a()->ike_up, 1);
	rekey(a());
	deliver_to(1);
	b()->install_error = 0;
	net_settle(net);
	pass_time(60000);
	assert_int_equal(a()->ike_up, 2);
	assert_int_equal(ike_sa_count(a()->engine), 1);
	assert_int_equal(a()->child_down + b()->child_down, 0);
	assert_true(children_agree(sending_child(a()), sending_child(b())));
	end();
}

/*
 *   A  CREATE_CHILD_SA d -->              B
 *   A  is to delete the IKE SA, as its connection goes
 *      <-- N(NO_ADDITIONAL_SAS)
 *      INFORMATIONAL D(IKE) -->               and begins no other one for d
 */
static void one_that_is_to_end_gets_no_other_one(void **state)
{
	uint64_t id;

	(void)state;
	prepare(2);
	bring_up("c");
	b()->install_error = -28;
	assert_int_equal(ike_initiate(a()->engine, net->now, "net", "d", NULL, &id), 0);
	node_drain(a());
	assert_int_equal(ike_engine_remove_connection(a()->engine, "net"), 0);
	assert_int_equal(ike_terminate(a()->engine, net->now, id), 0);
	node_drain(a());
	net_settle(net);
	assert_int_equal(a()->ike_up, 1);
	assert_int_equal(ike_sa_count(a()->engine), 0);
	assert_int_equal(ike_sa_count(b()->engine), 0);
}

static void wait_for_sas(unsigned count)
{
	for (unsigned i = 0; i < 10000 && ike_sa_count(a()->engine) != count; i++)
		pass_time(100);
	assert_int_equal(ike_sa_count(a()->engine), count);
}

/*
 *   A  CREATE_CHILD_SA N(REKEY_SA) -->    B
 *      <-- N(NO_ADDITIONAL_SAS)               twice
 *      IKE_SA_INIT -->                        isn't to be reached for it: again, and once more
 *      CREATE_CHILD_SA N(REKEY_SA) -->        has room
 *      <-- CREATE_CHILD_SA
 */
static void a_peer_that_rekeys_again_gets_no_other_ike_sa(void **state)
{
	(void)state;
	prepare(1);
	connection(a())->reauth_ms = 7200000;
	bring_up("c");
	net->watch_flow = true;
	b()->engine->stopping = true;
	b()->install_error = -28;
	rekey(a());
	for (unsigned i = 0; i < 2; i++) {
		wait_for_sas(2);
		b()->install_error = i ? 0 : -28;
		wait_for_sas(1);
	}
	rekey(a());
	net_settle(net);
	assert_int_equal(a()->rekeyed, 1);
	b()->engine->stopping = false;
	pass_time(3600000);
	assert_int_equal(a()->ike_up, 1);
	pass_time(3600000); /* but its time comes as ever */
	assert_int_equal(a()->ike_up, 2);
	end();
}

static void another_child_sa_that_the_peer_makes_not_there_gets_an_ike_sa_of_its_own(void **state)
{
	(void)state;
	prepare(2);
	bring_up("c");
	b()->install_error = -28;
	{
		uint64_t id;

		ike_initiate(a()->engine, net->now, "net", "d", NULL, &id);
		node_drain(a());
		deliver_to(1);
		b()->install_error = 0;
		net_settle(net);
	}
	assert_int_equal(a()->child_up, 2);
	assert_int_equal(b()->child_up, 2);
	assert_int_equal(a()->child_down, 0);
	assert_int_equal(ike_sa_count(a()->engine), 2);
	end();
}

int main(void)
{
#define T(name) cmocka_unit_test_teardown(name, teardown)
	static const struct CMUnitTest tests[] = {
		T(reauthentication_makes_before_it_breaks),
		T(what_we_begin_beside_it_replaces_nothing_before_it_is_up),
		T(what_the_peer_begins_from_elsewhere_replaces_nothing_before_it_has_it),
		T(rekeying_does_not_put_off_reauthentication),
		T(all_child_sas_are_renewed_with_their_ike_sa),
		T(what_can_not_be_renewed_goes_on),
		T(a_peer_that_rekeys_nothing_gets_another_ike_sa),
		T(one_that_is_to_end_gets_no_other_one),
		T(a_peer_that_rekeys_again_gets_no_other_ike_sa),
		T(another_child_sa_that_the_peer_makes_not_there_gets_an_ike_sa_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
