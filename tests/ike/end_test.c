/* SPDX-License-Identifier: BSD-2-Clause */
/* Who is behind the end of an IKE SA or a Child SA. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/ike/children.h"

static void an_end_says_who_is_behind_it(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		prepare(1);
		connection(a())->dpd_delay_ms = 10000;
		bring_up("c");
		if (i == 0)
			ike_terminate(a()->engine, net->now, a()->ike_id);
		else if (i == 1)
			ike_terminate(b()->engine, net->now, b()->ike_id);
		else if (i == 2)
			ike_terminate_child(b()->engine, net->now, sending_child(b())->sa.child_id);
		else
			net->down = true;
		node_drain(a());
		node_drain(b());
		net_settle(net);
		pass_time(300000);
		assert_int_equal(a()->child_down, 1);
		assert_int_equal(a()->child_cause, i == 0  ? IKE_CAUSE_OURS
						   : i < 3 ? IKE_CAUSE_PEER
							   : IKE_CAUSE_DEAD);
		if (i < 3)
			assert_int_equal(b()->child_cause,
					 i == 0 ? IKE_CAUSE_PEER : IKE_CAUSE_OURS);
		teardown(state);
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_teardown(name, teardown)
	static const struct CMUnitTest tests[] = {
		T(an_end_says_who_is_behind_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
