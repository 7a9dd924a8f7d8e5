/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Child SAs of one flow, for a processor each (RFC 9611). What a side says of itself in
 * SA_RESOURCE_INFO is looked at where the other one reads it (--wrap).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/ike/steps.h"

enum { PROCESSORS = 2 };

uint16_t __real_ike_resource_accept(const struct ike_engine *e, struct ike_child *child,
				    const struct ike_in *in);
uint16_t __wrap_ike_resource_accept(const struct ike_engine *e, struct ike_child *child,
				    const struct ike_in *in);
bool __real_ike_resource_complete(struct ike_engine *e, struct ike_child *child,
				  const struct ike_in *in);
bool __wrap_ike_resource_complete(struct ike_engine *e, struct ike_child *child,
				  const struct ike_in *in);

/* What was said last, in a request and in an answer: octets, or -1 for nothing. */
static int asked, answered;
static uint32_t asked_cpu, answered_cpu;
static uint8_t asked_ts[4]; /* where TSr begins */

static int read_info(const struct ike_in *in, uint32_t *cpu)
{
	struct ike_cursor c;
	struct ike_notify n;

	if (!ike_find_notify(&in->payloads, IKE_N_SA_RESOURCE_INFO, &n))
		return -1;
	assert_int_equal(n.protocol, 0);
	assert_int_equal(n.spi.len, 0);
	c = ike_cursor(n.data);
	*cpu = ike_get_u32(&c);
	return (int)n.data.len;
}

uint16_t __wrap_ike_resource_accept(const struct ike_engine *e, struct ike_child *child,
				    const struct ike_in *in)
{
	struct ike_slice body = {0};

	asked = read_info(in, &asked_cpu);
	assert_int_equal(ike_payloads_one(&in->payloads, IKE_PAYLOAD_TSR, &body), 0);
	memcpy(asked_ts, body.data + 4 + 8, 4);
	return __real_ike_resource_accept(e, child, in);
}

bool __wrap_ike_resource_complete(struct ike_engine *e, struct ike_child *child,
				  const struct ike_in *in)
{
	answered = read_info(in, &answered_cpu);
	return __real_ike_resource_complete(e, child, in);
}

static struct ike_child_config *config_of(struct node *node)
{
	return &node->engine->connections[0]->children[0];
}

static void begin_with(const struct side *one, const struct side *two, unsigned processors)
{
	net = net_new(9611, one, two);
	for (unsigned i = 0; i < 2; i++) {
		config_of(&net->node[i])->policy.per_cpu = true;
		net->node[i].engine->config.processors = processors;
	}
}

static void come_up(void)
{
	asked = answered = -2;
	start(net, 0);
	net_settle(net);
	assert_int_equal(a()->child_up, 1);
	assert_int_equal(b()->child_up, 1);
}

static void establish_both(unsigned processors)
{
	begin_with(&SIDE_A, &SIDE_B, processors);
	come_up();
}

static const struct ike_child *first_of(const struct node *node)
{
	return node->engine->all->children;
}

/* How many that are up a node has for a processor, in its only IKE SA. */
static unsigned have(const struct node *node, uint32_t cpu)
{
	unsigned count = 0;

	for (const struct ike_child *c = first_of(node); c; c = c->next)
		count += c->state == IKE_CHILD_INSTALLED && c->group && c->cpu == cpu;
	return count;
}

static struct ike_child *the_one(const struct node *node, uint32_t cpu)
{
	for (struct ike_child *c = node->engine->all->children; c; c = c->next) {
		if (c->state == IKE_CHILD_INSTALLED && c->group && c->cpu == cpu)
			return c;
	}
	fail_msg("there is none of processor %u", cpu);
	return NULL;
}

static unsigned total(const struct node *node)
{
	unsigned count = 0;

	for (const struct ike_child *c = first_of(node); c; c = c->next)
		count += c->state == IKE_CHILD_INSTALLED;
	return count;
}

static int want(struct node *node, uint32_t cpu)
{
	int err = ike_want_resource(node->engine, net->now, first_of(node)->id, cpu);

	node_drain(node);
	return err;
}

static void get(struct node *node, uint32_t cpu)
{
	assert_int_equal(want(node, cpu), 0);
	net_settle(net);
	pass_time(2000);
}

/* Each has these, of which all are of one group, and both agree in each. */
static void assert_all(unsigned processors)
{
	for (unsigned i = 0; i < 2; i++) {
		const struct node *node = &net->node[i];

		assert_int_equal(total(node), 1 + processors);
		assert_int_equal(have(node, RVL_CPU_ANY), 1);
		for (uint32_t cpu = 0; cpu < processors; cpu++)
			assert_int_equal(have(node, cpu), 1);
		for (const struct ike_child *c = first_of(node); c; c = c->next) {
			if (c->state == IKE_CHILD_INSTALLED)
				assert_true(c->group == first_of(node)->group);
		}
		assert_int_equal(node->child_down, 0);
	}
	for (unsigned i = 0; i < a()->child_count; i++) {
		bool agreed = !a()->children[i].present;

		for (unsigned k = 0; !agreed && k < b()->child_count; k++)
			agreed = b()->children[k].present &&
				 children_agree(&a()->children[i], &b()->children[k]);
		assert_true(agreed);
	}
}

/*
 *   A  IKE_AUTH ..., N(SA_RESOURCE_INFO) -->               B
 *      <-- IKE_AUTH ..., N(SA_RESOURCE_INFO)
 *      CREATE_CHILD_SA ..., N(SA_RESOURCE_INFO, 5) -->
 *      <-- CREATE_CHILD_SA ..., N(SA_RESOURCE_INFO, 0)
 */
static void the_first_is_for_all_and_more_are_for_a_processor_each(void **state)
{
	(void)state;
	establish_both(PROCESSORS);
	assert_all(0);
	assert_int_equal(asked, 0);
	assert_int_equal(answered, 0);
	get(a(), 5);
	assert_int_equal(asked, 4);
	assert_int_equal(asked_cpu, 5);
	assert_int_equal(answered, 4);
	assert_int_equal(answered_cpu, 0); /* B's own: what A says of itself is nothing to it */
	assert_int_equal(have(a(), 5), 1);
	assert_int_equal(have(b(), 0), 1);
	get(b(), 1);
	assert_int_equal(answered_cpu, 0);
	assert_int_equal(have(a(), 0), 1);
	assert_int_equal(have(b(), 1), 1);
	assert_int_equal(total(a()), 3);
	terminate_each(a());
	net_settle(net);
	assert_true(nothing_left(a()) && nothing_left(b()));
}

static void the_data_path_hears_whose_it_is_with_the_first_step(void **state)
{
	const struct ike_job *job;

	(void)state;
	establish_both(PROCESSORS);
	a()->install_holds = true;
	assert_int_equal(want(a(), 1), 0);
	net_settle(net);
	assert_int_equal(a()->job_count, 1);
	job = a()->jobs[0].job;
	assert_int_equal(job->type, IKE_JOB_CHILD_INBOUND);
	assert_int_equal(job->child.cpu, 1);
	assert_true(job->child.group && job->child.group == first_of(a())->group);
	assert_true(job->child.group != job->child.child_id);
	a()->install_holds = false;
	node_drain(a());
	net_settle(net);
	pass_time(2000);
	assert_int_equal(have(a(), 1), 1);
}

/*
 *   A  CREATE_CHILD_SA ..., N(SA_RESOURCE_INFO, 2) -->     B
 *      <-- CREATE_CHILD_SA, N(TS_MAX_QUEUE)
 */
static void beyond_its_processors_a_peer_refuses(void **state)
{
	uint64_t sent;

	(void)state;
	establish_both(PROCESSORS);
	get(a(), 0);
	get(a(), 1);
	assert_all(2);
	get(a(), 2);
	assert_all(2);
	assert_int_equal(a()->ike_down + b()->ike_down, 0);
	/* It isn't asked again. */
	sent = net->sent;
	assert_int_equal(want(a(), 2), -ENOSPC);
	assert_int_equal(want(a(), 3), -ENOSPC);
	assert_int_equal(want(a(), 1), -EISCONN);
	assert_true(net->sent == sent);
	/* Rekeying makes no room; where one goes there is some. */
	assert_int_equal(ike_rekey_child(a()->engine, net->now, the_one(a(), 0)->id), 0);
	node_drain(a());
	net_settle(net);
	pass_time(IKE_LINGER_MS + 1000);
	assert_int_equal(want(a(), 2), -ENOSPC);
	assert_int_equal(ike_terminate_child(b()->engine, net->now, the_one(b(), 0)->id), 0);
	node_drain(b());
	net_settle(net);
	assert_int_equal(total(a()), 2);
	get(a(), 2);
	assert_int_equal(have(a(), 2), 1);
	assert_int_equal(have(b(), 0), 1);
}

/* Nor is what the data path has no room for a reason to begin another IKE SA. */
static void a_data_path_that_is_full_is_the_same(void **state)
{
	(void)state;
	establish_both(PROCESSORS);
	b()->install_error = -ENOSPC;
	get(a(), 0);
	b()->install_error = 0;
	assert_int_equal(want(a(), 0), -ENOSPC);
	assert_int_equal(a()->engine->sa_count, 1);
	assert_int_equal(total(a()), 1);
	assert_int_equal(a()->child_down, 0);
	pass_time(600000);
	assert_int_equal(a()->engine->sa_count, 1);
}

static void a_side_that_has_none_has_one_for_all(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		begin_with(&SIDE_A, &SIDE_B, PROCESSORS);
		config_of(&net->node[i])->policy.per_cpu = false;
		come_up();
		assert_int_equal(asked, i ? 0 : -1);
		assert_int_equal(answered, -1);
		assert_true(!first_of(a())->group && !first_of(b())->group);
		assert_int_equal(want(a(), 0), -ENOENT);
		assert_int_equal(want(b(), 0), -ENOENT);
		rekey(a());
		net_settle(net);
		pass_time(IKE_LINGER_MS + 1000);
		assert_true(!first_of(a())->group && !first_of(b())->group);
		teardown(NULL);
	}
}

/* One more for all, which an answer without the notify is, is none that was asked for. */
static void an_answer_that_says_nothing_is_taken_back(void **state)
{
	(void)state;
	establish_both(PROCESSORS);
	config_of(b())->policy.per_cpu = false;
	get(a(), 0);
	assert_int_equal(answered, -1);
	assert_int_equal(total(a()), 1);
	assert_int_equal(total(b()), 1);
	assert_int_equal(a()->child_down, 0);
}

static void what_is_there_or_under_way_is_not_asked_for(void **state)
{
	uint64_t sent;

	(void)state;
	establish_both(PROCESSORS);
	assert_int_equal(want(a(), RVL_CPU_ANY), -EISCONN);
	assert_int_equal(want(a(), 0), 0);
	sent = net->sent;
	assert_int_equal(want(a(), 0), -EISCONN);
	assert_int_equal(want(a(), 1), 0); /* its turn comes */
	assert_int_equal(want(a(), 1), -EALREADY);
	assert_true(net->sent == sent);
	net_settle(net);
	pass_time(2000);
	assert_all(2);
}

static void rekeying_leaves_each_its_processor(void **state)
{
	(void)state;
	establish_both(PROCESSORS);
	get(a(), 0);
	get(a(), 1);
	for (unsigned round = 0; round < 3; round++) {
		for (uint32_t cpu = 0; cpu <= PROCESSORS; cpu++) {
			uint32_t whose = cpu == PROCESSORS ? RVL_CPU_ANY : cpu;

			for (unsigned i = 0; i < 2; i++) { /* by one, by the other, by both */
				struct node *node = &net->node[i];

				if (round != 2 && round != i)
					continue;
				assert_int_equal(ike_rekey_child(node->engine, net->now,
								 the_one(node, whose)->id),
						 0);
			}
			node_drain(a());
			node_drain(b());
			asked = -2;
			net_settle(net);
			pass_time(IKE_LINGER_MS + 1000);
			assert_int_equal(asked, -2); /* nothing new was negotiated */
			assert_all(2);
		}
	}
	assert_int_equal(a()->rekeyed + b()->rekeyed > 17, true);
	rekey_ike(b());
	net_settle(net);
	pass_time(IKE_LINGER_MS + 1000);
	assert_int_equal(a()->ike_rekeyed, 1);
	assert_all(2);
	assert_int_equal(want(a(), 0), -EISCONN);
	get(a(), 2);
	assert_all(2);
}

/*
 *   A  CREATE_CHILD_SA (0) -->  <-- CREATE_CHILD_SA (0)    B
 */
static void both_that_ask_at_once_have_two(void **state)
{
	(void)state;
	establish_both(PROCESSORS);
	assert_int_equal(want(a(), 0), 0);
	assert_int_equal(want(b(), 0), 0);
	net_settle(net);
	pass_time(2000);
	assert_all(2);
}

static void where_there_is_room_for_one_the_initiators_is_made(void **state)
{
	(void)state;
	establish_both(1);
	assert_int_equal(want(b(), 0), 0);
	assert_int_equal(want(a(), 0), 0);
	net_settle(net);
	pass_time(2000);
	assert_all(1);
}

static void selectors_are_those_of_the_first(void **state)
{
	struct side narrow = SIDE_B;

	(void)state;
	narrow.local_ts = "10.2.3.0/24";
	begin_with(&SIDE_A, &narrow, PROCESSORS);
	come_up();
	assert_int_equal(asked_ts[2], 0);
	get(a(), 0);
	assert_int_equal(asked_ts[2], 3);
	assert_all(1);
	for (const struct ike_child *c = first_of(a()); c; c = c->next) {
		const struct ike_ts_list ts = ike_ts_kept(c->remote_ts);

		assert_int_equal(ts.count, 1);
		assert_int_equal(ts.list[0].first[2], 3);
		assert_int_equal(ts.list[0].last[2], 3);
	}
}

static void one_for_all_that_goes_comes_back_beside_the_others(void **state)
{
	(void)state;
	establish_both(PROCESSORS);
	get(a(), 0);
	assert_int_equal(ike_terminate_child(b()->engine, net->now, the_one(b(), RVL_CPU_ANY)->id),
			 0);
	node_drain(b());
	net_settle(net);
	pass_time(IKE_LINGER_MS + 1000);
	assert_int_equal(have(a(), RVL_CPU_ANY), 0);
	get(a(), RVL_CPU_ANY);
	assert_int_equal(asked, 0);
	assert_all(1);
}

/* TEMPORARY_FAILURE: the same is asked for again. */
static void a_peer_that_is_busy_is_asked_again(void **state)
{
	(void)state;
	establish_both(PROCESSORS);
	rekey_ike(b());
	assert_int_equal(want(a(), 1), 0);
	deliver_to(1);
	net_settle(net);
	pass_time(60000);
	assert_int_equal(asked, 4);
	assert_int_equal(asked_cpu, 1);
	assert_int_equal(have(a(), 1), 1);
	assert_int_equal(have(b(), 0), 1);
	assert_int_equal(total(a()), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(the_first_is_for_all_and_more_are_for_a_processor_each,
					  teardown),
		cmocka_unit_test_teardown(the_data_path_hears_whose_it_is_with_the_first_step,
					  teardown),
		cmocka_unit_test_teardown(beyond_its_processors_a_peer_refuses, teardown),
		cmocka_unit_test_teardown(a_data_path_that_is_full_is_the_same, teardown),
		cmocka_unit_test_teardown(a_side_that_has_none_has_one_for_all, teardown),
		cmocka_unit_test_teardown(an_answer_that_says_nothing_is_taken_back, teardown),
		cmocka_unit_test_teardown(what_is_there_or_under_way_is_not_asked_for, teardown),
		cmocka_unit_test_teardown(rekeying_leaves_each_its_processor, teardown),
		cmocka_unit_test_teardown(both_that_ask_at_once_have_two, teardown),
		cmocka_unit_test_teardown(where_there_is_room_for_one_the_initiators_is_made,
					  teardown),
		cmocka_unit_test_teardown(selectors_are_those_of_the_first, teardown),
		cmocka_unit_test_teardown(one_for_all_that_goes_comes_back_beside_the_others,
					  teardown),
		cmocka_unit_test_teardown(a_peer_that_is_busy_is_asked_again, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
