/* SPDX-License-Identifier: BSD-2-Clause */
/* IKE SAs without a Child SA (RFC 6023), and how long they stay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/ike/children.h"

/*
 *   A  IKE_SA_INIT -->                    B
 *      <-- IKE_SA_INIT N(CHILDLESS_IKEV2_SUPPORTED)
 *      IKE_AUTH without SA, TSi, TSr -->
 *      <-- IKE_AUTH
 *      CREATE_CHILD_SA -->                      with a key exchange of its own
 */
static void an_ike_sa_may_be_made_without_a_child_sa(void **state)
{
	static const enum ike_childless wishes[] = {IKE_CHILDLESS_PREFER, IKE_CHILDLESS_FORCE};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		prepare(2);
		connection(a())->childless = wishes[i];
		bring_up("c");
		assert_int_equal(net->sent, 6);
		assert_int_equal(a()->child_up, 1);
		assert_true(children_agree(sending_child(a()), sending_child(b())));
		assert_true(only_sa(net, 1)->childless);
		bring_up("d");
		assert_int_equal(only_sa(net, 0)->child_count, 2);
		end();
		teardown(state);
	}
}

static void who_does_not_want_it_is_asked_the_usual_way(void **state)
{
	(void)state;
	prepare(1);
	connection(a())->childless = IKE_CHILDLESS_PREFER;
	connection(b())->childless = IKE_CHILDLESS_NEVER;
	bring_up("c");
	assert_int_equal(net->sent, 4);
	assert_true(children_agree(sending_child(a()), sending_child(b())));
	end();
	teardown(state);

	prepare(1);
	connection(a())->childless = IKE_CHILDLESS_FORCE;
	connection(b())->childless = IKE_CHILDLESS_NEVER;
	bring_up("c");
	assert_string_equal(a()->ike_reason,
			    "peer has no IKE SAs without a Child SA (childless = force)");
	teardown(state);

	prepare(1);
	connection(b())->childless = IKE_CHILDLESS_FORCE;
	bring_up("c");
	assert_int_equal(a()->ike_up, 1);
	assert_int_equal(a()->child_up, 0);
	assert_non_null(strstr(a()->child_reason, "NO_ADDITIONAL_SAS"));
}

/* It stays, as the peer may want one later; also when its Child SA has gone. */
static void a_childless_one_is_not_ended_for_having_none(void **state)
{
	(void)state;
	prepare(1);
	connection(a())->childless = IKE_CHILDLESS_PREFER;
	bring_up("c");
	ike_terminate_child(a()->engine, net->now, sending_child(a())->sa.child_id);
	node_drain(a());
	net_settle(net);
	pass_time(IKE_CHILDLESS_MS - 1);
	assert_int_equal(ike_sa_count(b()->engine), 1);
	pass_time(2);
	/* Who has begun it has no use for it any more. */
	assert_string_equal(b()->ike_reason, "deleted by peer");
}

/* Its minute goes on in the successor. */
static void rekeying_puts_off_no_end_for_want_of_a_child_sa(void **state)
{
	(void)state;
	prepare(1);
	bring_up("c");
	ike_terminate_child(a()->engine, net->now, sending_child(a())->sa.child_id);
	node_drain(a());
	net_settle(net);
	pass_time(IKE_CHILDLESS_MS - 1000);
	rekey_ike(a());
	net_settle(net);
	assert_int_equal(b()->ike_rekeyed, 1);
	pass_time(2000);
	assert_int_equal(ike_sa_count(a()->engine), 0);
	assert_int_equal(ike_sa_count(b()->engine), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_teardown(name, teardown)
	static const struct CMUnitTest tests[] = {
		T(an_ike_sa_may_be_made_without_a_child_sa),
		T(who_does_not_want_it_is_asked_the_usual_way),
		T(a_childless_one_is_not_ended_for_having_none),
		T(rekeying_puts_off_no_end_for_want_of_a_child_sa),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
