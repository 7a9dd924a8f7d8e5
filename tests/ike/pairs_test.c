/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A peer that takes one pair of traffic selectors in a Child SA and doesn't narrow (RFC 7296,
 * section 2.9): the linker puts such a one before ours (--wrap), for node B.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/ike/pair.h"

uint16_t __real_ike_child_accept(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in,
				 const struct ike_child_config *only, bool ke,
				 uint16_t prefer_group, struct ike_child **child,
				 const char **name);
uint16_t __wrap_ike_child_accept(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in,
				 const struct ike_child_config *only, bool ke,
				 uint16_t prefer_group, struct ike_child **child,
				 const char **name);

static bool single;	      /* it takes one pair */
static const char *unwelcome; /* and none of this network of A's */
static unsigned refused;

static struct ike_slice selectors(const struct ike_in *in, uint8_t type)
{
	struct ike_slice body = {0};

	assert_int_equal(ike_payloads_one(&in->payloads, type, &body), 0);
	return body;
}

/* Is the first selector of TSi in there? */
static bool begins_in(const struct ike_in *in, const char *network)
{
	struct ike_slice body = selectors(in, IKE_PAYLOAD_TSI);
	struct ike_addr first = {.family = 4};
	struct ike_range range;

	assert_null(ike_range_parse(network, &range));
	memcpy(first.ip, body.data + 4 + 8, 4);
	return ike_range_has(&range, &first);
}

uint16_t __wrap_ike_child_accept(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in,
				 const struct ike_child_config *only, bool ke,
				 uint16_t prefer_group, struct ike_child **child, const char **name)
{
	bool picky = single && e == b()->engine;

	*name = "c";
	if (picky && (selectors(in, IKE_PAYLOAD_TSI).data[0] > 1 ||
		      selectors(in, IKE_PAYLOAD_TSR).data[0] > 1)) {
		refused++;
		return IKE_N_SINGLE_PAIR_REQUIRED;
	}
	if (picky && unwelcome && begins_in(in, unwelcome))
		return IKE_N_TS_UNACCEPTABLE;
	return __real_ike_child_accept(e, sa, in, only, ke, prefer_group, child, name);
}

static void begin_with(const char *ours, const char *theirs)
{
	struct side one = SIDE_A, two = SIDE_B;

	one.local_ts = two.remote_ts = ours;
	one.remote_ts = two.local_ts = theirs;
	single = true;
	unwelcome = NULL;
	refused = 0;
	net = net_new(4303, &one, &two);
}

static void begin(void)
{
	begin_with("10.1.0.0/16,10.3.0.0/16", "10.2.0.0/16,10.4.0.0/16");
}

static void establish(void)
{
	begin();
	start(net, 0);
	net_settle(net);
}

/* A has each pair once, and B the same. */
static void assert_pairs(unsigned count)
{
	unsigned found = 0;

	for (unsigned i = 0; i < a()->child_count; i++) {
		const struct installed *x = &a()->children[i];
		bool agreed = false;

		if (!x->present)
			continue;
		assert_int_equal(x->sa.local_ts.count, 1);
		assert_int_equal(x->sa.remote_ts.count, 1);
		assert_true(x->up && x->used);
		for (unsigned k = 0; k < b()->child_count; k++)
			agreed |= b()->children[k].present && children_agree(x, &b()->children[k]);
		assert_true(agreed);
		for (unsigned k = 0; k < i; k++) {
			const struct installed *y = &a()->children[k];

			assert_false(y->present &&
				     ike_ts_lists_equal(&x->sa.local_ts, &y->sa.local_ts) &&
				     ike_ts_lists_equal(&x->sa.remote_ts, &y->sa.remote_ts));
		}
		found++;
	}
	assert_int_equal(found, count);
	assert_int_equal(receiving(b()), count);
}

static bool is_partial(void)
{
	return ike_is_partial(a()->engine, "net", "c");
}

static int ask_again(const struct ike_ts packet[2])
{
	uint64_t id;
	int err = ike_initiate(a()->engine, net->now, "net", "c", packet, &id);

	node_drain(a());
	net_settle(net);
	return err;
}

/*
 *   A  IKE_AUTH (a, b; x, y) -->                  B
 *      <-- IKE_AUTH, N(SINGLE_PAIR_REQUIRED)
 *      CREATE_CHILD_SA (a; x) -->
 *      <-- CREATE_CHILD_SA ...
 */
static void each_pair_has_a_child_sa(void **state)
{
	(void)state;
	establish();
	assert_int_equal(refused, 1);
	assert_int_equal(a()->child_up, 4);
	assert_int_equal(a()->child_down, 0);
	assert_pairs(4);
	assert_false(is_partial());
	assert_int_equal(ask_again(NULL), -EISCONN);
	terminate_each(a());
	net_settle(net);
	assert_true(nothing_left(a()) && nothing_left(b()));
}

static void so_it_has_in_an_ike_sa_that_is_up(void **state)
{
	(void)state;
	begin();
	a()->engine->connections[0]->childless = IKE_CHILDLESS_FORCE;
	b()->engine->connections[0]->childless = IKE_CHILDLESS_FORCE;
	start(net, 0);
	net_settle(net);
	assert_int_equal(refused, 1);
	assert_pairs(4);
}

static void a_pair_that_goes_is_made_again_alone(void **state)
{
	(void)state;
	establish();
	ike_terminate_child(b()->engine, net->now, b()->children[1].sa.child_id);
	node_drain(b());
	net_settle(net);
	pass_time(IKE_LINGER_MS + 1000);
	assert_int_equal(a()->child_down, 1);
	assert_pairs(3);
	assert_true(is_partial());
	assert_int_equal(ask_again(NULL), 0);
	assert_pairs(4);
	assert_int_equal(a()->child_up, 5);
	assert_false(is_partial());
}

static void the_pair_of_a_packet_comes_first(void **state)
{
	const struct ike_ts packet[2] = {
		{.family = 4, .first = {10, 3, 0, 7}, .last = {10, 3, 0, 7}, .port_last = 65535},
		{.family = 4, .first = {10, 4, 0, 9}, .last = {10, 4, 0, 9}, .port_last = 65535},
	};
	const struct child_sa *first;

	(void)state;
	begin();
	assert_int_equal(ask_again(packet), 0);
	assert_pairs(4);
	first = &a()->children[0].sa;
	assert_int_equal(first->local_ts.list[0].first[1], 3);
	assert_int_equal(first->remote_ts.list[0].first[1], 4);
	assert_int_equal(ask_again(packet), -EISCONN);
}

static void one_that_is_refused_leaves_the_others(void **state)
{
	(void)state;
	begin();
	unwelcome = "10.3.0.0/16";
	start(net, 0);
	net_settle(net);
	assert_pairs(2);
	assert_int_equal(a()->child_up, 2);
	assert_int_equal(a()->child_down, 2);
	assert_string_equal(a()->child_reason, "TS_UNACCEPTABLE from peer: its traffic selectors "
					       "have nothing in common with ours");
	assert_true(is_partial());
	/* They are asked for again, and only they. */
	unwelcome = NULL;
	assert_int_equal(ask_again(NULL), 0);
	assert_pairs(4);
}

static void rekeying_keeps_the_pairs(void **state)
{
	(void)state;
	establish();
	for (unsigned side = 0; side < 2; side++) {
		struct node *node = &net->node[side];
		unsigned count = node->child_count;

		for (unsigned i = 0; i < count; i++) {
			ike_rekey_child(node->engine, net->now, node->children[i].sa.child_id);
			node_drain(node);
			net_settle(net);
		}
		pass_time(IKE_LINGER_MS + 1000);
		assert_int_equal(a()->rekeyed, 4 * (side + 1));
		assert_pairs(4);
		assert_false(is_partial());
	}
	ike_rekey(a()->engine, net->now, a()->ike_id);
	node_drain(a());
	net_settle(net);
	pass_time(IKE_LINGER_MS + 1000);
	assert_pairs(4);
	assert_int_equal(ask_again(NULL), -EISCONN);
	assert_int_equal(a()->child_down, 0);
	assert_int_equal(b()->child_down, refused); /* which it says of what it refuses, too */
	/* It is still known that they are several. */
	ike_terminate_child(b()->engine, net->now, present_child(b())->sa.child_id);
	node_drain(b());
	net_settle(net);
	assert_true(is_partial());
}

/* Is each pair led somewhere? */
static bool all_are_led(void)
{
	for (unsigned i = 0; i < 4; i++) {
		struct ike_ts pair[2] = {
			{.family = 4, .first = {10, i & 1 ? 3 : 1}, .port_last = 65535},
			{.family = 4, .first = {10, i & 2 ? 4 : 2}, .port_last = 65535},
		};
		bool led = false;

		memcpy(pair[0].last, pair[0].first, 4);
		memcpy(pair[1].last, pair[1].first, 4);
		for (struct ike_sa *sa = a()->engine->all; sa; sa = sa->links.next) {
			for (struct ike_child *c = sa->children; c; c = c->next)
				led |= c->level == IKE_LEVEL_USE &&
				       c->state < IKE_CHILD_LINGERING && ike_child_carries(c, pair);
		}
		if (!led)
			return false;
	}
	return true;
}

/* Make before break: the old IKE SA goes once the new one has all pairs. */
static void renewal_keeps_the_pairs(void **state)
{
	uint64_t before;

	(void)state;
	begin();
	a()->engine->connections[0]->reauth_ms = 100000;
	start(net, 0);
	net_settle(net);
	before = only_sa(net, 0)->id;
	net->delay_min = net->delay_max = 50;
	a()->traffic = b()->traffic = true;
	while (ike_sa_find_id(a()->engine, before) && net->now < 300000) {
		pass_time(10);
		assert_true(all_are_led());
	}
	assert_null(ike_sa_find_id(a()->engine, before));
	pass_time(IKE_LINGER_MS + 1000);
	assert_pairs(4);
	assert_int_equal(a()->child_down, 0);
	assert_int_equal(b()->child_down, refused); /* which it says of what it refuses, too */
}

static void too_many_pairs_are_refused_in_words(void **state)
{
	static const char many[] = "10.1.0.0/16,10.3.0.0/16,10.5.0.0/16,10.7.0.0/16,10.9.0.0/16,"
				   "10.11.0.0/16,10.13.0.0/16,10.15.0.0/16,10.17.0.0/16";

	(void)state;
	begin_with(many, many);
	start(net, 0);
	net_settle(net);
	assert_null(present_child(a()));
	assert_int_equal(refused, 1);
	assert_string_equal(a()->child_reason,
			    "SINGLE_PAIR_REQUIRED from peer: it takes one pair of selectors in a "
			    "Child SA, and these are too many");
}

static void one_that_narrows_has_one_for_all(void **state)
{
	(void)state;
	begin();
	single = false;
	start(net, 0);
	net_settle(net);
	assert_int_equal(a()->child_up, 1);
	assert_false(is_partial());
	assert_int_equal(present_child(a())->sa.local_ts.count, 2);
	assert_int_equal(ask_again(NULL), -EISCONN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(each_pair_has_a_child_sa, teardown),
		cmocka_unit_test_teardown(so_it_has_in_an_ike_sa_that_is_up, teardown),
		cmocka_unit_test_teardown(a_pair_that_goes_is_made_again_alone, teardown),
		cmocka_unit_test_teardown(the_pair_of_a_packet_comes_first, teardown),
		cmocka_unit_test_teardown(one_that_is_refused_leaves_the_others, teardown),
		cmocka_unit_test_teardown(rekeying_keeps_the_pairs, teardown),
		cmocka_unit_test_teardown(renewal_keeps_the_pairs, teardown),
		cmocka_unit_test_teardown(too_many_pairs_are_refused_in_words, teardown),
		cmocka_unit_test_teardown(one_that_narrows_has_one_for_all, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
