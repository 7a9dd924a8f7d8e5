/* SPDX-License-Identifier: BSD-2-Clause */
/* Post-quantum pre-shared keys (RFC 8784), with each way to prove who one is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "host/eap/method.h"
#include "tests/ike/steps.h"

static const char psk[] = "a shared secret",
		  ppk[] = "sixty-four octets that no quantum computer finds";

enum way { KEYS, A_SIGNS, B_SIGNS, BOTH_SIGN, MSCHAPV2, GTC, WAYS };

static void prove(struct side *one, struct side *two, enum way way)
{
	one->psk = two->psk = psk;
	one->sign = two->verify = way == A_SIGNS || way == BOTH_SIGN;
	two->sign = one->verify = way == B_SIGNS || way >= BOTH_SIGN;
	one->by_eap = two->asks_eap = way >= MSCHAPV2;
	if (way < MSCHAPV2)
		return;
	two->eap = one->eap = (struct eap_party){
		.methods = way == GTC ? 1 << EAP_METHOD_GTC : 1 << EAP_METHOD_MSCHAPV2,
		.user = "bob",
		.password = "opensesame",
	};
	two->eap.asks = true;
}

static void begin(const struct side *one, const struct side *two)
{
	net = net_new(1, one, two);
	start(net, 0);
	net_settle(net);
}

static bool is_up(void)
{
	if (a()->child_up + b()->child_up == 0)
		return false;
	assert_int_equal(a()->child_up, 1);
	assert_int_equal(b()->child_up, 1);
	assert_true(children_agree(sending_child(a()), sending_child(b())));
	return true;
}

static bool both_have(void)
{
	assert_int_equal(only_sa(net, 0)->has_ppk, only_sa(net, 1)->has_ppk);
	return only_sa(net, 0)->has_ppk;
}

/* Who has the key "main", and who insists. */
struct having {
	const char *ppk;
	bool required;
};

enum outcome { DOWN, WITHOUT, WITH };

static enum outcome meet(enum way way, struct having first, struct having second)
{
	struct side one = SIDE_A, two = SIDE_B;

	prove(&one, &two, way);
	one.ppk = first.ppk;
	one.ppk_id = first.ppk ? "main" : NULL;
	one.ppk_required = first.required;
	two.ppk = second.ppk;
	two.ppk_required = second.required;
	begin(&one, &two);
	if (!is_up())
		return DOWN;
	return both_have() ? WITH : WITHOUT;
}

static void keys_are_used_that_both_have(void **state)
{
	static const struct {
		struct having first, second;
		enum outcome outcome;
	} cases[] = {
		{{ppk, false}, {ppk, false}, WITH},	 {{ppk, true}, {ppk, false}, WITH},
		{{ppk, false}, {ppk, true}, WITH},	 {{ppk, true}, {ppk, true}, WITH},
		{{ppk, false}, {NULL, false}, WITHOUT},	 {{ppk, true}, {NULL, false}, DOWN},
		{{NULL, false}, {ppk, false}, WITHOUT},	 {{NULL, false}, {ppk, true}, DOWN},
		{{NULL, false}, {NULL, false}, WITHOUT}, {{ppk, false}, {"another", false}, DOWN},
		{{ppk, true}, {"another", false}, DOWN},
	};

	for (enum way way = 0; way < WAYS; way++) {
		for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			enum outcome outcome = meet(way, cases[i].first, cases[i].second);

			if (outcome != cases[i].outcome)
				fail_msg("way %u, case %u: %u", way, i, outcome);
			teardown(state);
		}
	}
}

/* A names a key that B doesn't have. */
static enum outcome miss(enum way way, bool one_insists, bool two_insists)
{
	struct side one = SIDE_A, two = SIDE_B;

	prove(&one, &two, way);
	one.ppk = two.ppk = ppk;
	one.ppk_id = "other";
	one.ppk_required = one_insists;
	two.ppk_required = two_insists;
	begin(&one, &two);
	if (!is_up())
		return DOWN;
	return both_have() ? WITH : WITHOUT;
}

static void without_the_key_it_goes_on_where_both_may(void **state)
{
	for (enum way way = 0; way < WAYS; way++) {
		assert_int_equal(miss(way, false, false), WITHOUT);
		teardown(state);
		assert_int_equal(miss(way, true, false), DOWN);
		teardown(state);
		assert_int_equal(miss(way, false, true), DOWN);
		teardown(state);
	}
}

/* Of a connection that says which key is its. */
static void another_key_than_the_connection_s_is_none(void **state)
{
	for (enum way way = 0; way < WAYS; way++) {
		struct side one = SIDE_A, two = SIDE_B;
		struct ike_id id;
		char error[256];

		prove(&one, &two, way);
		one.ppk = two.ppk = ppk;
		one.ppk_id = "main";
		two.ppk_id = "other";
		net = net_new(1, &one, &two);
		assert_int_equal(ike_id_parse("main", &id, error, sizeof(error)), 0);
		assert_int_equal(ike_engine_add_ppk(b()->engine, &id, ike_slice(ppk, strlen(ppk))),
				 0);
		start(net, 0);
		net_settle(net);
		assert_true(is_up());
		assert_false(both_have());
		teardown(state);
	}
}

/* The peer hears the same as with a wrong key. */
static void what_is_missing_is_said_to_operators_alone(void **state)
{
	(void)state;
	assert_int_equal(meet(KEYS, (struct having){NULL, false}, (struct having){ppk, true}),
			 DOWN);
	assert_non_null(strstr(a()->ike_reason, "AUTHENTICATION_FAILED"));
	teardown(state);
	assert_int_equal(meet(KEYS, (struct having){ppk, true}, (struct having){NULL, false}),
			 DOWN);
	assert_non_null(strstr(a()->ike_reason, "ppk_required"));
}

/* A responder that says that it goes without, whatever it was sent. */
static void who_insists_hears_when_it_is_left_out(void **state)
{
	for (enum way way = 0; way < WAYS; way++) {
		struct side one = SIDE_A, two = SIDE_B;

		prove(&one, &two, way);
		one.ppk = two.ppk = ppk;
		one.ppk_id = "other";
		net = net_new(1, &one, &two);
		start(net, 0);
		while (!only_sa(net, 0)->has_ppk)
			deliver_next();
		only_sa(net, 0)->conn->ppk_required = true;
		net_settle(net);
		assert_int_equal(a()->child_up, 0);
		assert_non_null(strstr(a()->ike_reason, "ppk_required"));
		teardown(state);
	}
}

/* Its successors' keys come from it. */
static void a_successor_has_it_too(void **state)
{
	struct side one = SIDE_A, two = SIDE_B;

	(void)state;
	prove(&one, &two, KEYS);
	one.ppk = two.ppk = ppk;
	one.ppk_id = "main";
	establish(&one, &two);
	assert_true(both_have());
	rekey_ike(a());
	net_settle(net);
	assert_true(both_have());
	rekey(b());
	net_settle(net);
	assert_true(children_agree(sending_child(a()), sending_child(b())));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(keys_are_used_that_both_have, teardown),
		cmocka_unit_test_teardown(without_the_key_it_goes_on_where_both_may, teardown),
		cmocka_unit_test_teardown(another_key_than_the_connection_s_is_none, teardown),
		cmocka_unit_test_teardown(what_is_missing_is_said_to_operators_alone, teardown),
		cmocka_unit_test_teardown(who_insists_hears_when_it_is_left_out, teardown),
		cmocka_unit_test_teardown(a_successor_has_it_too, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
