// SPDX-License-Identifier: BSD-2-Clause
/* Flows of the same selectors that are told apart by XFRM interfaces and marks, and the numbers
 * that are chosen for them, over a data path that only remembers what it was told. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/esp/esp.h"
#include "host/sa/sad.h"
#include "host/sa/scope.h"
#include "host/sa/unique.h"

enum { ROOM = 64 };

static struct {
	struct rvl_backend backend;
	struct rvl_sa_params sas[2][ROOM]; /* SPI 0: it isn't there */
	struct rvl_policy policies[ROOM];  /* action 0: it isn't there */
	struct rvl_scopes scopes[ROOM];
} table;

static void table_info(struct rvl_backend *backend, struct rvl_backend_info *info)
{
	(void)backend;
	*info = (struct rvl_backend_info){
		.abilities = rvl_esp_abilities,
		.outbound_sas = ROOM,
		.inbound_sas = ROOM,
		.policies = ROOM,
	};
	info->abilities.if_ids = info->abilities.marks = true;
}

static int table_sa_add(struct rvl_backend *backend, const struct rvl_sa_params *params,
			const struct rvl_sa_purpose *purpose, uint32_t *index,
			struct rvl_backend_error *error)
{
	(void)backend;
	(void)error;
	(void)purpose;
	*index = 0;
	while (table.sas[params->direction][*index].spi)
		++*index;
	table.sas[params->direction][*index] = *params;
	return 0;
}

static int table_sa_delete(struct rvl_backend *backend, enum rvl_direction direction,
			   uint32_t index, struct rvl_backend_error *error)
{
	(void)backend;
	(void)error;
	table.sas[direction][index].spi = 0;
	return 0;
}

static int table_policy_set(struct rvl_backend *backend, const struct rvl_policy *policy,
			    const struct rvl_scopes *scopes, uint32_t *index,
			    struct rvl_backend_error *error)
{
	(void)backend;
	(void)error;
	for (uint32_t i = 0; *index == RVL_BACKEND_ANY; i++)
		if (!table.policies[i].action)
			*index = i;
	table.policies[*index] = *policy;
	table.scopes[*index] = *scopes;
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
	.policy_set = table_policy_set,
	.policy_clear = table_policy_clear,
};

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
	rvl_sad_free(sad);
	return 0;
}

/* The SPI that what is of this outbound scope leaves with; 0: it is held; 1: nothing is about it.
 */
static uint32_t way_of(struct rvl_scope scope)
{
	const struct rvl_policy *best = NULL;

	for (size_t i = 0; i < ROOM; i++) {
		const struct rvl_policy *p = &table.policies[i];

		if (p->action && rvl_scope_equal(&table.scopes[i].out, &scope) &&
		    (!best || p->priority < best->priority))
			best = p;
	}
	if (!best)
		return 1;
	return best->action == RVL_PROTECT ? table.sas[RVL_OUTBOUND][best->sa].spi : 0;
}

static struct rvl_child child_of(uint64_t id, const struct rvl_labels *labels)
{
	struct rvl_child child = {
		.id = id,
		.owner = 7,
		.local_ts = &ours,
		.remote_ts = &theirs,
		.labels = *labels,
		.in = {.direction = RVL_INBOUND,
		       .spi = (uint32_t)(0x1000 + id),
		       .src = rvl_addr_of_ipv4(0xc0000202),
		       .dst = rvl_addr_of_ipv4(0xc0000201),
		       .encr = IKE_ENCR_AES_GCM_16,
		       .encr_key_len = 16},
	};

	child.out = child.in;
	child.out.direction = RVL_OUTBOUND;
	child.out.spi = (uint32_t)(0x2000 + id);
	child.out.src = child.in.dst;
	child.out.dst = child.in.src;
	return child;
}

static void add(const struct rvl_child *child)
{
	struct rvl_backend_error error = {""};

	if (rvl_sad_child_inbound(sad, child, &error) ||
	    rvl_sad_child_outbound(sad, child->id, &error) ||
	    rvl_sad_child_use(sad, child->id, &error))
		fail_msg("%s", error.text);
}

static void drop(uint64_t id)
{
	struct rvl_backend_error error = {""};

	assert_int_equal(rvl_sad_child_remove(sad, id, &error), 0);
}

static uint32_t if_id_out(uint64_t id)
{
	return rvl_sad_child_scopes(sad, id)->out.if_id;
}

static struct rvl_labels by_if_id(uint32_t in, uint32_t out)
{
	return (struct rvl_labels){.if_id_in.value = in, .if_id_out.value = out};
}

static void each_scope_has_its_own_sa_and_its_own_discard(void **state)
{
	const struct rvl_labels five = by_if_id(50, 5), six = by_if_id(6, 6);
	const struct rvl_scopes scopes = {{.if_id = 50}, {.if_id = 5}};
	const struct rvl_child a = child_of(1, &five), b = child_of(2, &six);
	struct rvl_backend_error error = {""};

	(void)state;
	assert_int_equal(rvl_sad_protect(sad, &scopes, &ours, &theirs, &error), 0);
	assert_int_equal(way_of((struct rvl_scope){.if_id = 5}), 0);
	assert_int_equal(way_of((struct rvl_scope){.if_id = 6}), 1);
	assert_int_equal(way_of((struct rvl_scope){0}), 1);
	add(&a);
	add(&b);
	assert_int_equal(way_of((struct rvl_scope){.if_id = 5}), 0x2001);
	assert_int_equal(way_of((struct rvl_scope){.if_id = 6}), 0x2002);
	drop(1);
	assert_int_equal(way_of((struct rvl_scope){.if_id = 5}), 0);
	assert_int_equal(way_of((struct rvl_scope){.if_id = 6}), 0x2002);
	drop(2);
	/* What was protected once isn't in clear afterwards. */
	assert_int_equal(way_of((struct rvl_scope){.if_id = 6}), 0);
	assert_int_equal(way_of((struct rvl_scope){0}), 1);
}

static void sas_have_what_their_labels_say(void **state)
{
	const struct rvl_labels labels = {
		.if_id_in.value = 50,
		.if_id_out.value = 5,
		.mark_in = {.value = 7, .mask = 15},
		.mark_out = {.value = 8, .mask = 15},
		.set_mark_in = {.choice = RVL_LABEL_SAME, .mask = 3},
		.set_mark_out = {.value = 9, .mask = 255},
		.mark_in_sa = true,
	};
	const struct rvl_child child = child_of(1, &labels);
	const struct rvl_sa_params *in = &table.sas[RVL_INBOUND][0];
	const struct rvl_sa_params *out = &table.sas[RVL_OUTBOUND][0];

	(void)state;
	add(&child);
	assert_int_equal(in->if_id, 50);
	assert_int_equal(out->if_id, 5);
	assert_true(rvl_mark_equal(&in->mark, &(struct rvl_mark){7, 15}));
	assert_true(rvl_mark_equal(&out->mark, &(struct rvl_mark){8, 15}));
	assert_true(rvl_mark_equal(&in->set_mark, &(struct rvl_mark){3, 3}));
	assert_true(rvl_mark_equal(&out->set_mark, &(struct rvl_mark){9, 255}));
}

static void a_line_keeps_its_unique_number_and_gets_it_again(void **state)
{
	const struct rvl_labels labels = {.if_id_in.choice = RVL_LABEL_UNIQUE,
					  .if_id_out.choice = RVL_LABEL_UNIQUE};
	struct rvl_child child = child_of(1, &labels);
	uint32_t first, second;

	(void)state;
	add(&child);
	child = child_of(2, &labels);
	add(&child);
	first = if_id_out(1);
	second = if_id_out(2);
	assert_int_not_equal(first, 0);
	assert_int_not_equal(first, second);
	/* Who takes its place has its number; */
	child = child_of(3, &labels);
	child.replaces = 1;
	add(&child);
	assert_int_equal(if_id_out(3), first);
	assert_int_equal(way_of((struct rvl_scope){.if_id = first}), 0x2003);
	drop(1);
	assert_int_equal(way_of((struct rvl_scope){.if_id = first}), 0x2003);
	drop(3);
	/* it isn't another's meanwhile, and the same one has it again. */
	assert_int_equal(way_of((struct rvl_scope){.if_id = first}), 0);
	child = child_of(4, &labels);
	child.kind = 1;
	add(&child);
	assert_int_not_equal(if_id_out(4), first);
	child = child_of(5, &labels);
	add(&child);
	assert_int_equal(if_id_out(5), first);
}

static void children_of_an_ike_sa_share_its_number(void **state)
{
	const struct rvl_labels labels = {
		.if_id_in = {.choice = RVL_LABEL_UNIQUE_DIR, .of_ike = true},
		.if_id_out = {.choice = RVL_LABEL_UNIQUE_DIR, .of_ike = true},
	};
	struct rvl_child child = child_of(1, &labels);

	(void)state;
	child.ike = 100;
	add(&child);
	child = child_of(2, &labels);
	child.ike = 100;
	child.kind = 1;
	add(&child);
	child = child_of(3, &labels);
	child.ike = 200;
	add(&child);
	assert_int_equal(if_id_out(1), if_id_out(2));
	assert_int_not_equal(if_id_out(1), if_id_out(3));
	assert_int_not_equal(if_id_out(1), rvl_sad_child_scopes(sad, 1)->in.if_id);
}

static void a_mask_without_room_is_refused_and_leaves_nothing(void **state)
{
	const struct rvl_labels labels = {.mark_out = {.choice = RVL_LABEL_UNIQUE, .mask = 3}};
	struct rvl_backend_error error = {""};
	struct rvl_child child = child_of(1, &labels);

	(void)state;
	add(&child);
	child = child_of(2, &labels);
	assert_int_equal(rvl_sad_child_inbound(sad, &child, &error), -ENOSPC);
	assert_int_equal(rvl_sad_child_count(sad), 1);
	drop(1);
	add(&child);
}

static void told(void *context, const struct rvl_selector *selector,
		 const struct rvl_scopes *scopes, enum rvl_action action)
{
	(void)selector;
	(void)action;
	*(struct rvl_scopes *)context = *scopes;
}

static void what_is_released_says_its_scope(void **state)
{
	const struct rvl_labels five = by_if_id(50, 5);
	const struct rvl_child child = child_of(1, &five);
	struct rvl_backend_error error = {""};
	struct rvl_scopes released = {0};

	(void)state;
	add(&child);
	drop(1);
	rvl_sad_unname(sad);
	assert_int_equal(rvl_sad_release(sad, told, &released, &error), 0);
	assert_int_equal(released.in.if_id, 50);
	assert_int_equal(way_of((struct rvl_scope){.if_id = 5}), 1);
}

static void a_packet_springs_the_trap_of_its_scope(void **state)
{
	const struct rvl_scopes five = {{.if_id = 5}, {.if_id = 5}};
	const struct rvl_scopes seven = {.out.mark = {7, 15}};
	const struct rvl_ip packet = {.src = rvl_addr_of_ipv4(0x0a010001),
				      .dst = rvl_addr_of_ipv4(0x0a020001),
				      .protocol = 1};
	struct rvl_backend_error error = {""};
	struct rvl_ip sprung;
	uint64_t id;

	(void)state;
	assert_int_equal(rvl_sad_protect(sad, &five, &ours, &theirs, &error), 0);
	assert_int_equal(rvl_sad_protect(sad, &seven, &ours, &theirs, &error), 0);
	assert_int_equal(rvl_sad_trap(sad, 55, &five, &ours, &theirs, &error), 0);
	assert_int_equal(rvl_sad_trap(sad, 77, &seven, &ours, &theirs, &error), 0);
	assert_false(rvl_sad_spring(sad, &packet, &(struct rvl_scope){0}));
	assert_false(rvl_sad_spring(sad, &packet, &(struct rvl_scope){.if_id = 6}));
	assert_true(rvl_sad_spring(sad, &packet, &seven.out));
	assert_true(rvl_traps_next(rvl_sad_traps(sad), &id, &sprung));
	assert_int_equal(id, 77);
	assert_true(rvl_sad_spring(sad, &packet, &five.out));
	assert_true(rvl_traps_next(rvl_sad_traps(sad), &id, &sprung));
	assert_int_equal(id, 55);
}

static bool any(const void *context, const struct rvl_policy *policy)
{
	(void)context;
	(void)policy;
	return true;
}

static void many_scopes_of_one_selector_are_found_each(void **state)
{
	enum { MANY = 1000 };
	struct rvl_policy policy = {.action = RVL_DISCARD, .selector = rvl_selector_any(4)};
	struct rvl_ip packet = {.src = rvl_addr_of_ipv4(0x0a010001),
				.dst = rvl_addr_of_ipv4(0x0a020001),
				.protocol = 1};
	struct rvl_spd *spd = rvl_spd_new(MANY + 1);

	(void)state;
	for (uint16_t i = 1; i <= MANY; i++) {
		policy.selector.scope = i;
		policy.sa = i;
		assert_int_equal(rvl_spd_set(spd, i, &policy), 0);
	}
	for (uint16_t i = 1; i <= MANY; i++) {
		policy.selector.scope = packet.scope = i;
		assert_int_equal(rvl_spd_lookup(spd, &packet)->sa, i);
		assert_int_equal(rvl_spd_equal(spd, &policy.selector)->sa, i);
		assert_int_equal(rvl_spd_over(spd, &policy.selector, any, NULL)->sa, i);
	}
	for (uint16_t i = MANY + 1; i < 2 * MANY; i++) {
		packet.scope = i;
		assert_null(rvl_spd_lookup(spd, &packet));
	}
	rvl_spd_free(spd);
}

static void numbers_of_scopes_are_given_as_long_as_they_are_held(void **state)
{
	struct rvl_scope_table *scopes = rvl_scope_table_new();
	const struct rvl_scopes none = {0};
	uint16_t number, again;

	(void)state;
	assert_int_equal(rvl_scope_take(scopes, &none, &number), 0);
	assert_int_equal(number, 0);
	for (uint32_t i = 1; i <= UINT16_MAX; i++) {
		const struct rvl_scopes one = {.out.if_id = i};

		assert_int_equal(rvl_scope_take(scopes, &one, &number), 0);
		assert_int_not_equal(number, 0);
		assert_int_equal(rvl_scope_of(scopes, number)->out.if_id, i);
	}
	assert_int_equal(rvl_scope_take(scopes, &(struct rvl_scopes){.in.if_id = 1}, &again),
			 -ENOSPC);
	rvl_scope_hold(scopes, number);
	rvl_scope_drop(scopes, number);
	assert_int_equal(rvl_scope_of(scopes, number)->out.if_id, UINT16_MAX);
	rvl_scope_drop(scopes, number);
	assert_int_equal(rvl_scope_take(scopes, &(struct rvl_scopes){.in.if_id = 1}, &again), 0);
	assert_int_equal(again, number);
	rvl_scope_table_free(scopes);
}

static void unused_numbers_are_forgotten_and_never_come_again(void **state)
{
	struct rvl_uniques *uniques = rvl_uniques_new();
	const struct rvl_unique_user user = {.owner = 1, .kind = 2};
	uint32_t first, second, third;

	(void)state;
	assert_int_equal(rvl_unique_take(uniques, &user, &first), 0);
	assert_int_equal(rvl_unique_take(uniques, &user, &second), 0);
	rvl_unique_give(uniques, first);
	rvl_uniques_forget(uniques);
	assert_int_equal(rvl_unique_take(uniques, &user, &third), 0);
	assert_int_not_equal(third, first);
	assert_int_not_equal(third, second);
	rvl_uniques_free(uniques);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_scope_has_its_own_sa_and_its_own_discard),
		TEST(sas_have_what_their_labels_say),
		TEST(a_line_keeps_its_unique_number_and_gets_it_again),
		TEST(children_of_an_ike_sa_share_its_number),
		TEST(a_mask_without_room_is_refused_and_leaves_nothing),
		TEST(what_is_released_says_its_scope),
		TEST(a_packet_springs_the_trap_of_its_scope),
		TEST(many_scopes_of_one_selector_are_found_each),
		TEST(numbers_of_scopes_are_given_as_long_as_they_are_held),
		TEST(unused_numbers_are_forgotten_and_never_come_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
