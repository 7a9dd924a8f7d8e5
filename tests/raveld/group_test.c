// SPDX-License-Identifier: BSD-2-Clause
/*
 * Children of one flow for a processor each, over a data path that chooses among their SAs as Linux
 * 7.3 does (host/sa/sad_group.c): the newer one, by the second; or what it once took by a policy;
 * and what it has asked for it waits for.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/esp/esp.h"
#include "host/sa/sad.h"

enum { ROOM = 32, CPUS = 2, DROPPED = 0, HELD = 1, MARGIN = 60000 };

struct table_sa {
	struct rvl_sa_params params; /* SPI 0: it isn't there */
	uint32_t line, cpu;
	bool shared, asks;
	uint64_t second; /* in which it was added */
	uint64_t packets, seq;
};

static struct {
	struct rvl_backend backend;
	struct table_sa sas[2][ROOM];
	struct rvl_policy policies[ROOM]; /* action 0: it isn't there */
	bool asks[ROOM];		  /* of policies */
	bool cached[ROOM][ROOM];	  /* by policy: outbound SAs */
	uint64_t second;
	bool larval[CPUS];	 /* asked for, and not there yet */
	uint64_t last[ROOM * 2]; /* number that was used, by SPI */
	unsigned int refuse;	 /* the so-manieth sa_add from now on */
	uint32_t watched;	 /* processors that send after each change: */
	unsigned int lost;
	uint32_t acquired; /* by this processor, last */
} table;

static uint32_t send_on(uint32_t cpu);

static void watch(void)
{
	for (uint32_t cpu = 0; cpu < table.watched; cpu++)
		table.lost += send_on(cpu) <= HELD;
}

static void table_info(struct rvl_backend *backend, struct rvl_backend_info *info)
{
	(void)backend;
	*info = (struct rvl_backend_info){
		.abilities = rvl_esp_abilities,
		.outbound_sas = ROOM,
		.inbound_sas = ROOM,
		.policies = ROOM,
	};
	info->abilities.per_cpu = CPUS;
}

static int table_sa_add(struct rvl_backend *backend, const struct rvl_sa_params *params,
			const struct rvl_sa_purpose *purpose, uint32_t *index,
			struct rvl_backend_error *error)
{
	struct table_sa *sa = table.sas[params->direction];

	(void)backend;
	if (table.refuse && !--table.refuse)
		return rvl_backend_fail(error, -ENOSPC, "no room");
	for (*index = 0; sa->params.spi; ++*index)
		sa++;
	*sa = (struct table_sa){
		.params = *params,
		.line = purpose->line,
		.cpu = purpose->cpu,
		.shared = purpose->shared,
		.asks = purpose->asks,
		.second = table.second,
	};
	for (size_t i = 0; params->direction == RVL_OUTBOUND && i < ROOM; i++)
		table.cached[i][*index] = false;
	if (params->direction == RVL_OUTBOUND) {
		/* More than may be on their way. */
		assert_true(params->first_seq == 1 ||
			    params->first_seq > table.last[params->spi % (2 * ROOM)] + MARGIN);
		sa->seq = params->first_seq - 1;
		if (sa->shared && sa->cpu < CPUS)
			table.larval[sa->cpu] = false;
	}
	watch();
	return 0;
}

static int table_sa_delete(struct rvl_backend *backend, enum rvl_direction direction,
			   uint32_t index, struct rvl_backend_error *error)
{
	(void)backend;
	(void)error;
	table.sas[direction][index].params.spi = 0;
	watch();
	return 0;
}

static int table_sa_query(struct rvl_backend *backend, enum rvl_direction direction, uint32_t index,
			  struct rvl_sa_stats *stats, struct rvl_backend_error *error)
{
	const struct table_sa *sa = &table.sas[direction][index];

	(void)backend;
	(void)error;
	*stats = (struct rvl_sa_stats){.packets = sa->packets, .seq = sa->seq};
	return 0;
}

static void table_sa_ask(struct rvl_backend *backend, uint32_t index, bool asks)
{
	(void)backend;
	table.sas[RVL_OUTBOUND][index].asks = asks;
}

static int table_policy_set(struct rvl_backend *backend, const struct rvl_policy *policy,
			    const struct rvl_scopes *scopes, uint32_t *index,
			    struct rvl_backend_error *error)
{
	(void)backend;
	(void)error;
	(void)scopes;
	for (uint32_t i = 0; *index == RVL_BACKEND_ANY; i++)
		if (!table.policies[i].action)
			*index = i;
	table.policies[*index] = *policy;
	table.asks[*index] =
		policy->action == RVL_PROTECT && table.sas[RVL_OUTBOUND][policy->sa].asks;
	memset(table.cached[*index], 0, sizeof(table.cached[*index]));
	watch();
	return 0;
}

static int table_policy_clear(struct rvl_backend *backend, uint32_t index,
			      struct rvl_backend_error *error)
{
	(void)backend;
	(void)error;
	memset(&table.policies[index], 0, sizeof(table.policies[index]));
	return 0;
}

static const struct rvl_backend_ops table_ops = {
	.info = table_info,
	.sa_add = table_sa_add,
	.sa_delete = table_sa_delete,
	.sa_query = table_sa_query,
	.sa_ask = table_sa_ask,
	.policy_set = table_policy_set,
	.policy_clear = table_policy_clear,
};

/* Does x take the place of the best so far? */
static bool is_better(const struct table_sa *best, const struct table_sa *x, uint32_t cpu)
{
	if (!best || best->second < x->second)
		return true;
	return best->second == x->second && best->cpu == RVL_CPU_ANY && x->cpu == cpu;
}

static struct table_sa *best_of(const struct table_sa *lead, uint32_t cpu, const bool *among)
{
	struct table_sa *best = NULL;

	for (uint32_t i = 0; i < ROOM; i++) {
		struct table_sa *x = &table.sas[RVL_OUTBOUND][i];

		if (x->params.spi && (!among || among[i]) && x->line == lead->line && x->shared &&
		    rvl_addr_equal(&x->params.dst, &lead->params.dst) &&
		    (x->cpu == cpu || x->cpu == RVL_CPU_ANY) && is_better(best, x, cpu))
			best = x;
	}
	return best;
}

/* A packet on a processor: the SPI that it leaves with, or what becomes of it. */
static uint32_t send_on(uint32_t cpu)
{
	struct table_sa *best, *x = NULL;
	const struct rvl_policy *p = NULL;
	uint32_t at = 0;

	for (uint32_t i = 0; i < ROOM; i++) {
		if (table.policies[i].action && (!p || table.policies[i].priority < p->priority)) {
			p = &table.policies[i];
			at = i;
		}
	}
	if (!p || p->action != RVL_PROTECT)
		return HELD;
	best = best_of(&table.sas[RVL_OUTBOUND][p->sa], cpu, table.cached[at]);
	if (!best)
		best = best_of(&table.sas[RVL_OUTBOUND][p->sa], cpu, NULL);
	if (!table.asks[at] || (best && best->cpu == cpu)) {
		x = best;
	} else if (!table.larval[cpu]) {
		table.larval[cpu] = true;
		table.acquired = cpu;
		x = best;
	}
	if (!x)
		return DROPPED;
	if (!table.asks[at] || x->cpu == cpu)
		table.cached[at][x - table.sas[RVL_OUTBOUND]] = true;
	x->packets++;
	table.last[x->params.spi % (2 * ROOM)] = ++x->seq;
	return x->params.spi;
}

static struct rvl_sad *sad;
static struct ike_ts_list ours, theirs;

static struct ike_ts_list ts_of(const char *text)
{
	struct ike_ts_list list = {.count = 1};
	char reason[128];

	assert_int_equal(ike_ts_parse(text, &list.list[0], reason, sizeof(reason)), 0);
	return list;
}

static int set_up(void **state)
{
	(void)state;
	memset(&table, 0, sizeof(table));
	table.backend.ops = &table_ops;
	ours = ts_of("10.1.0.0/16");
	theirs = ts_of("10.2.0.0/16");
	sad = rvl_sad_new(&table.backend);
	return sad ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	table.watched = 0;
	rvl_sad_free(sad);
	for (uint32_t i = 0; i < ROOM; i++) {
		assert_int_equal(table.sas[RVL_OUTBOUND][i].params.spi, 0);
		assert_int_equal(table.sas[RVL_INBOUND][i].params.spi, 0);
	}
	return 0;
}

enum { GROUP = 1 };

static uint32_t spi_of(uint64_t id)
{
	return (uint32_t)(0x2000 + id);
}

static void add(uint64_t id, uint32_t cpu, uint64_t replaces)
{
	struct rvl_backend_error error = {""};
	struct rvl_child child = {
		.id = id,
		.replaces = replaces,
		.owner = 7,
		.local_ts = &ours,
		.remote_ts = &theirs,
		.group = GROUP,
		.cpu = cpu,
		.in = {.direction = RVL_INBOUND,
		       .spi = (uint32_t)(0x1000 + id),
		       .src = rvl_addr_of_ipv4(0xc0000202),
		       .dst = rvl_addr_of_ipv4(0xc0000201),
		       .encr = IKE_ENCR_AES_GCM_16,
		       .encr_key_len = 16},
	};

	child.out = child.in;
	child.out.direction = RVL_OUTBOUND;
	child.out.spi = spi_of(id);
	child.out.src = child.in.dst;
	child.out.dst = child.in.src;
	child.out.first_seq = 1;
	if (rvl_sad_child_inbound(sad, &child, &error) || rvl_sad_child_outbound(sad, id, &error) ||
	    rvl_sad_child_use(sad, id, &error))
		fail_msg("%s", error.text);
}

static void drop(uint64_t id)
{
	struct rvl_backend_error error = {""};

	assert_int_equal(rvl_sad_child_remove(sad, id, &error), 0);
}

/* 1 is for all, 2 and 3 for a processor each, all of the same second. */
static void add_all(void)
{
	add(1, RVL_CPU_ANY, 0);
	add(2, 0, 0);
	add(3, 1, 0);
	assert_int_equal(send_on(0), spi_of(2));
	assert_int_equal(send_on(1), spi_of(3));
	table.watched = CPUS;
}

/* What the data path asks for is heard of. */
static void hear(bool full)
{
	rvl_sad_asked(sad, 1, table.acquired, full);
}

static void each_processor_takes_its_own_once_there_is_one(void **state)
{
	(void)state;
	add(1, RVL_CPU_ANY, 0);
	assert_int_equal(send_on(0), spi_of(1));
	assert_true(table.larval[0] && !table.larval[1]);
	assert_int_equal(send_on(0), DROPPED); /* as the data path has it, */
	hear(false);
	assert_int_equal(send_on(0), spi_of(1)); /* and as soon as that is known */
	assert_int_equal(send_on(1), spi_of(1));
	assert_false(table.larval[1]); /* one after the other */
	add(2, 0, 0);
	assert_int_equal(send_on(0), spi_of(2));
	assert_int_equal(send_on(1), spi_of(1));
	assert_true(table.larval[1]);
	hear(false);
	add(3, 1, 0);
	assert_int_equal(send_on(0), spi_of(2));
	assert_int_equal(send_on(1), spi_of(3));
	assert_false(table.larval[0] || table.larval[1]);
}

static void where_each_has_one_nothing_is_asked_for(void **state)
{
	(void)state;
	add_all();
	table.watched = 0;
	for (uint32_t i = 0; i < ROOM; i++)
		assert_false(table.asks[i]);
	/* Where one goes it is asked for, and its processor takes that for all. */
	drop(3);
	assert_int_equal(send_on(1), spi_of(1));
	assert_true(table.larval[1]);
	assert_int_equal(send_on(0), spi_of(2));
}

static void what_does_not_come_is_asked_for_again(void **state)
{
	(void)state;
	add(1, RVL_CPU_ANY, 0);
	send_on(0);
	hear(false);
	assert_true(rvl_sad_hear(sad));
	send_on(1);
	assert_false(table.larval[1]);
	table.larval[0] = false; /* its time is over */
	assert_false(rvl_sad_hear(sad));
	assert_int_equal(send_on(1), spi_of(1));
	assert_true(table.larval[1]);
	hear(false);
	assert_int_equal(send_on(0), spi_of(1));
	assert_false(table.larval[0]);
}

static void of_a_peer_that_has_no_more_none_is_asked_for_before_one_goes(void **state)
{
	(void)state;
	add(1, RVL_CPU_ANY, 0);
	add(2, 0, 0);
	send_on(1);
	hear(true);
	table.larval[1] = false;
	for (unsigned int i = 0; i < 3; i++)
		rvl_sad_hear(sad);
	assert_int_equal(send_on(1), spi_of(1));
	assert_false(table.larval[1]);
	drop(2);
	assert_int_equal(send_on(1), spi_of(1));
	assert_true(table.larval[1]);
}

static void rekeying_leaves_each_its_own_and_loses_nothing(void **state)
{
	static const uint32_t cpus[] = {RVL_CPU_ANY, 0, 1};
	uint64_t ids[] = {1, 2, 3}, next = 4;

	(void)state;
	add_all();
	for (unsigned int i = 0; i < 12; i++) {
		uint64_t *id = &ids[i % 3];

		table.second += i % 2;
		add(next, cpus[i % 3], *id);
		assert_int_equal(send_on(0), spi_of(ids[1] == *id ? next : ids[1]));
		assert_int_equal(send_on(1), spi_of(ids[2] == *id ? next : ids[2]));
		drop(*id);
		*id = next++;
		assert_int_equal(send_on(0), spi_of(ids[1]));
		assert_int_equal(send_on(1), spi_of(ids[2]));
	}
	assert_int_equal(table.lost, 0);
}

/* The one for all is newer than all others for a moment, while another one may be asked for. */
static void rekeying_beside_a_processor_without_asks_for_nothing(void **state)
{
	(void)state;
	add(1, RVL_CPU_ANY, 0);
	add(2, 0, 0);
	table.watched = 1;
	table.second++;
	add(3, RVL_CPU_ANY, 1);
	drop(1);
	assert_int_equal(table.lost, 0);
	assert_false(table.larval[0]);
	assert_int_equal(send_on(0), spi_of(2));
	assert_int_equal(send_on(1), spi_of(3));
	assert_true(table.larval[1]);
}

/* A rekeying that fails half-way goes back. */
static void one_that_was_replaced_is_used_again(void **state)
{
	struct rvl_backend_error error = {""};

	(void)state;
	add_all();
	for (uint64_t id = 1; id <= 3; id++) {
		table.second++;
		add(id + 3, id == 1 ? RVL_CPU_ANY : (uint32_t)id - 2, id);
		table.second++;
		assert_int_equal(rvl_sad_child_use(sad, id, &error), 0);
		drop(id + 3);
		assert_int_equal(send_on(0), spi_of(2));
		assert_int_equal(send_on(1), spi_of(3));
	}
	assert_int_equal(table.lost, 0);
}

static void one_that_moves_leaves_each_its_own(void **state)
{
	struct ike_addr here = {.family = 4, .ip = {192, 0, 2, 1}, .port = 500},
			there = {.family = 4, .ip = {192, 0, 2, 77}, .port = 500};
	struct rvl_backend_error error = {""};
	static const uint64_t order[] = {2, 3, 1};

	(void)state;
	add_all();
	table.watched = 0; /* its flow is held meanwhile */
	for (size_t i = 0; i < 3; i++) {
		table.second++;
		assert_int_equal(rvl_sad_child_move(sad, order[i], &here, &there, false, &error),
				 0);
	}
	assert_int_equal(send_on(0), spi_of(2));
	assert_int_equal(send_on(1), spi_of(3));
	table.second++;
	assert_int_equal(rvl_sad_child_skip(sad, 1, 1000000, &error), 0);
	assert_int_equal(send_on(0), spi_of(2));
	assert_int_equal(send_on(1), spi_of(3));
	assert_false(rvl_sad_broken(sad));
}

static void what_the_data_path_refuses_is_not_missed(void **state)
{
	(void)state;
	add_all();
	table.second++;
	/* Its two SAs, the shared one, the one before, then that of the first processor. */
	table.refuse = 5;
	add(4, RVL_CPU_ANY, 1);
	assert_int_equal(table.refuse, 0);
	assert_true(table.larval[0]);
	table.watched = 0;
	rvl_sad_asked(sad, 4, 0, false);
	assert_int_equal(send_on(1), spi_of(3));
	assert_int_equal(send_on(0), spi_of(4));
	assert_int_equal(table.lost, 0);
	drop(2);
	add(5, 0, 0);
	assert_int_equal(send_on(0), spi_of(5));
	assert_false(rvl_sad_broken(sad));
}

static void what_arrives_on_any_is_the_groups(void **state)
{
	uint32_t line;

	(void)state;
	add_all();
	line = table.sas[RVL_INBOUND][0].line;
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(table.sas[RVL_INBOUND][i].line, line);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(table.sas[RVL_OUTBOUND][i].line, line);
}

static void flows_are_held_when_the_last_one_goes(void **state)
{
	(void)state;
	add_all();
	table.watched = 0;
	drop(2);
	drop(1);
	assert_int_equal(send_on(1), spi_of(3));
	assert_int_equal(send_on(0), DROPPED); /* nothing is for all */
	drop(3);
	assert_int_equal(send_on(1), HELD);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(each_processor_takes_its_own_once_there_is_one),
		TEST(where_each_has_one_nothing_is_asked_for),
		TEST(what_does_not_come_is_asked_for_again),
		TEST(of_a_peer_that_has_no_more_none_is_asked_for_before_one_goes),
		TEST(rekeying_leaves_each_its_own_and_loses_nothing),
		TEST(rekeying_beside_a_processor_without_asks_for_nothing),
		TEST(one_that_was_replaced_is_used_again),
		TEST(one_that_moves_leaves_each_its_own),
		TEST(what_the_data_path_refuses_is_not_missed),
		TEST(what_arrives_on_any_is_the_groups),
		TEST(flows_are_held_when_the_last_one_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
