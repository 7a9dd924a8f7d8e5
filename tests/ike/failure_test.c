/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When memory runs out or a derivation fails at the worst moment. The linker puts these functions
 * before the real ones (--wrap).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/ike/member.h"

int __real_ike_keys_derive_child(uint16_t prf, const struct ike_keys *keys,
				 const struct ike_suite *child, const struct ike_secret *shared,
				 struct ike_slice ni, struct ike_slice nr,
				 struct ike_child_keys *initiator,
				 struct ike_child_keys *responder);
int __wrap_ike_keys_derive_child(uint16_t prf, const struct ike_keys *keys,
				 const struct ike_suite *child, const struct ike_secret *shared,
				 struct ike_slice ni, struct ike_slice nr,
				 struct ike_child_keys *initiator,
				 struct ike_child_keys *responder);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

static struct net *net;
static bool derivation_fails;
static bool memory_short;

int __wrap_ike_keys_derive_child(uint16_t prf, const struct ike_keys *keys,
				 const struct ike_suite *child, const struct ike_secret *shared,
				 struct ike_slice ni, struct ike_slice nr,
				 struct ike_child_keys *initiator, struct ike_child_keys *responder)
{
	if (derivation_fails)
		return -EIO;
	return __real_ike_keys_derive_child(prf, keys, child, shared, ni, nr, initiator, responder);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return memory_short ? NULL : __real_calloc(count, size);
}

static int teardown(void **state)
{
	(void)state;
	derivation_fails = memory_short = false;
	if (net)
		net_free(net);
	net = NULL;
	return 0;
}

static void deliver_next(void)
{
	struct packet p = net_take(net);

	net_deliver(net, &p);
	packet_free(&p);
}

static void a_child_sa_without_keys_never_reaches_the_data_path(void **state)
{
	(void)state;
	for (unsigned failing = 0; failing < 2; failing++) {
		net = net_new(1, &SIDE_A, &SIDE_B);
		start(net, 0);
		deliver_next();
		deliver_next();
		if (failing == 0)
			deliver_next();
		derivation_fails = true; /* at the initiator, then at the responder */
		deliver_next();
		derivation_fails = false;
		net_settle(net);
		assert_int_equal(net->node[failing].child_count, 0);
		assert_int_equal(net->node[failing].spis_out, 0);
		assert_null(present_child(&net->node[1 - failing]));
		assert_int_equal(net->node[1 - failing].spis_out, 0);
		teardown(state);
	}
}

static void a_child_sa_leaves_the_data_path_though_memory_is_short(void **state)
{
	(void)state;
	net = net_new(1, &SIDE_A, &SIDE_B);
	start(net, 0);
	net_settle(net);
	assert_non_null(present_child(&net->node[0]));
	memory_short = true;
	ike_terminate_all(net->node[0].engine, net->now);
	net->now += 3600000;
	ike_tick(net->node[0].engine, net->now);
	node_drain(&net->node[0]);
	assert_int_equal(net->node[0].engine->sa_count, 0);
	assert_null(present_child(&net->node[0]));
	assert_int_equal(net->node[0].spis_out, 0);
}

/* It asks again, and then all of it is done. */
static void a_member_of_a_cluster_is_answered_once_there_is_memory(void **state)
{
	const struct sync s = {.next = 5, .expected = 2, .delta = 1000};
	struct member member = {0};
	struct node *node;
	struct packet p;

	(void)state;
	net = net_new(1, &SIDE_A, &SIDE_B);
	start(net, 0);
	net_settle(net);
	node = &net->node[0];
	member_begin(&member, net->node[1].engine, only_sa(net, 1), &s);
	p = (struct packet){
		.local = only_sa(net, 0)->path.local,
		.remote = only_sa(net, 0)->path.remote,
		.data = member.request.data,
		.len = member.request.len,
	};
	memory_short = true;
	net_deliver(net, &p);
	memory_short = false;
	assert_int_equal(net->queued, 0);
	assert_int_equal(only_sa(net, 0)->in.next_id, 0);
	assert_int_equal(ike_engine_stats(node->engine)->syncs, 0);
	assert_true(ike_engine_stats(node->engine)->drop_memory > 0);
	net_deliver(net, &p);
	assert_int_equal(only_sa(net, 0)->in.next_id, 5);
	assert_int_equal(present_child(node)->skipped, 1000);
	p = net_take(net);
	assert_true(member_hears(&member, net->node[1].engine, ike_slice(p.data, p.len)));
	packet_free(&p);
}

static void what_only_ike_auth_needs_is_gone_after_it(void **state)
{
	static const uint8_t zeros[IKE_PRF_MAX];

	(void)state;
	net = net_new(1, &SIDE_A, &SIDE_B);
	start(net, 0);
	deliver_next();
	deliver_next();
	assert_memory_not_equal(only_sa(net, 0)->handshake->auth_keys.sk_pi, zeros, 16);
	net_settle(net);
	for (unsigned i = 0; i < 2; i++)
		assert_null(only_sa(net, i)->handshake);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_child_sa_without_keys_never_reaches_the_data_path,
					  teardown),
		cmocka_unit_test_teardown(a_child_sa_leaves_the_data_path_though_memory_is_short,
					  teardown),
		cmocka_unit_test_teardown(a_member_of_a_cluster_is_answered_once_there_is_memory,
					  teardown),
		cmocka_unit_test_teardown(what_only_ike_auth_needs_is_gone_after_it, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
