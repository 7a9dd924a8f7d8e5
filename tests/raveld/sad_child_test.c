// SPDX-License-Identifier: BSD-2-Clause
// The steps of child SAs, and who has a flow: over software ESP, with a peer that sends.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/raveld/sad_bed.h"

/* ------------------------------------------------------------------------------------ the steps */

static void first_step_lets_in_what_the_peer_sends_and_sends_nothing(void **state)
{
	struct rvl_backend_error error = {""};
	struct rvl_sa_stats in, out;
	struct bed *bed = *state;

	assert_false(child_comes_in(bed, 1));
	child_inbound(bed, 1, 0);
	assert_counts(bed, 1, 1, 0, 1);
	assert_false(rvl_sad_child_heard(bed->sad, 1));
	assert_true(child_comes_in(bed, 1));
	assert_true(rvl_sad_child_heard(bed->sad, 1));
	assert_false(rvl_sad_child_heard(bed->sad, 1));
	memset(&out, 0x5a, sizeof(out));
	assert_int_equal(rvl_sad_child_query(bed->sad, 1, &in, &out, &error), 0);
	assert_int_equal(in.packets, 1);
	assert_int_equal(in.seq, 2); /* the first one found no SA */
	assert_int_equal(out.packets, 0);
	assert_int_equal(out.bytes, 0);
	assert_int_equal(out.drop_limit, 0);
	assert_int_equal(out.seq, 0);
	assert_int_equal(spi_on_the_wire(bed), BED_HELD);
	assert_false(clear_comes_in(bed, 1024));
}

static void second_step_sends_nothing_yet(void **state)
{
	struct rvl_backend_error error = {""};
	struct rvl_sa_stats in, out;
	struct bed *bed = *state;

	take_steps(bed, 1, 0, 2);
	assert_counts(bed, 1, 1, 1, 1);
	assert_int_equal(spi_on_the_wire(bed), BED_HELD);
	assert_true(child_comes_in(bed, 1));
	assert_true(rvl_sad_child_heard(bed->sad, 1));
	assert_false(clear_comes_in(bed, 1024));
	assert_int_equal(rvl_sad_child_query(bed->sad, 1, &in, &out, &error), 0);
	assert_int_equal(in.packets, 1);
	assert_int_equal(out.packets, 0);
}

static void third_step_leads_the_flow(void **state)
{
	struct rvl_backend_error error = {""};
	struct rvl_sa_stats in, out;
	struct bed *bed = *state;

	take_steps(bed, 1, 0, 3);
	assert_counts(bed, 1, 1, 1, 1);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 1);
	assert_true(child_comes_in(bed, 1));
	assert_true(rvl_sad_child_heard(bed->sad, 1));
	assert_false(clear_comes_in(bed, 1024));
	assert_int_equal(rvl_sad_child_query(bed->sad, 1, &in, &out, &error), 0);
	assert_int_equal(in.packets, 1);
	assert_int_equal(out.packets, 1);
}

static void steps_out_of_order_are_refused_by_name(void **state)
{
	struct bed *bed = *state;
	struct rvl_child child = child_of(1, &bed->ours, &bed->theirs);
	struct rvl_backend_error error = {""};
	struct rvl_sa_stats in, out;

	assert_int_equal(rvl_sad_child_outbound(bed->sad, 1, &error), -ENOENT);
	assert_string_equal(error.text, "no such child SA");
	assert_int_equal(rvl_sad_child_use(bed->sad, 1, &error), -ENOENT);
	assert_int_equal(rvl_sad_child_remove(bed->sad, 1, &error), -ENOENT);
	assert_int_equal(rvl_sad_child_query(bed->sad, 1, &in, &out, &error), -ENOENT);
	assert_false(rvl_sad_child_heard(bed->sad, 1));
	child_inbound(bed, 1, 0);
	assert_int_equal(rvl_sad_child_inbound(bed->sad, &child, &error), -EEXIST);
	assert_string_equal(error.text, "this child SA is there already");
	assert_int_equal(rvl_sad_child_use(bed->sad, 1, &error), -EINVAL);
	assert_string_equal(error.text, "it has no outbound SA");
	child_outbound(bed, 1);
	assert_int_equal(rvl_sad_child_outbound(bed->sad, 1, &error), -EALREADY);
	assert_string_equal(error.text, "its outbound SA is there already");
	child_use(bed, 1);
	child_use(bed, 1);
	assert_counts(bed, 1, 1, 1, 1);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 1);
}

/* What `dynamic` stands for is known with the first step. */
static void flow_is_held_from_the_first_step_on(void **state)
{
	struct bed *bed = *state;

	assert_int_equal(spi_on_the_wire(bed), BED_CLEAR);
	child_inbound(bed, 1, 0);
	assert_int_equal(spi_on_the_wire(bed), BED_HELD);
	assert_false(clear_comes_in(bed, 1024));
	child_outbound(bed, 1);
	assert_int_equal(spi_on_the_wire(bed), BED_HELD);
	assert_counts(bed, 1, 1, 1, 1);
}

static void flow_of_a_child_that_was_never_used_is_let_go_with_it(void **state)
{
	struct bed *bed = *state;

	for (int steps = 1; steps <= 2; steps++) {
		take_steps(bed, 1, 0, steps);
		child_inbound(bed, 2, 0);
		child_remove(bed, 1);
		assert_false(clear_comes_in(bed, 1024));
		assert_int_equal(spi_on_the_wire(bed), BED_HELD);
		child_remove(bed, 2);
		assert_true(clear_comes_in(bed, 1024));
		assert_int_equal(spi_on_the_wire(bed), BED_CLEAR);
		assert_counts(bed, 0, 0, 0, 0);
	}
	take_steps(bed, 1, 0, 3);
	child_inbound(bed, 2, 0);
	child_remove(bed, 1);
	child_remove(bed, 2);
	assert_false(clear_comes_in(bed, 1024));
	assert_int_equal(spi_on_the_wire(bed), BED_HELD);
	assert_counts(bed, 0, 0, 0, 1);
}

/* Two flows stand on one discard, which was learned with the wider of them. */
static void learned_discard_stays_until_the_last_of_its_flows_goes(void **state)
{
	struct bed *bed = *state;
	struct ike_ts_list wide = bed->theirs, narrow = ts_of("10.2.0.0/24");

	for (uint64_t first = 1; first <= 2; first++) {
		bed->theirs = wide;
		child_inbound(bed, 1, 0);
		bed->theirs = narrow;
		child_inbound(bed, 2, 0);
		assert_counts(bed, 2, 2, 0, 1);
		child_remove(bed, first);
		assert_counts(bed, 1, 1, 0, 1);
		assert_int_equal(spi_on_the_wire(bed), BED_HELD);
		assert_false(clear_comes_in(bed, 1024));
		child_remove(bed, 3 - first);
		assert_counts(bed, 0, 0, 0, 0);
	}
}

static void what_was_protected_once_is_never_forgotten(void **state)
{
	struct bed *bed = *state;

	take_steps(bed, 1, 0, 3);
	child_remove(bed, 1);
	child_inbound(bed, 2, 0);
	for (unsigned int i = 0; i < 70; i++) {
		char text[32];

		snprintf(text, sizeof(text), "10.3.0.%u", i);
		bed->theirs = ts_of(text);
		take_steps(bed, 3, 0, 3);
		child_remove(bed, 3);
	}
	assert_counts(bed, 1, 1, 0, 1 + 70);
	assert_int_equal(spi_on_the_wire(bed), BED_HELD);
	assert_false(clear_comes_in(bed, 1024));
	child_remove(bed, 2);
	assert_counts(bed, 0, 0, 0, 1 + 70);
	assert_int_equal(spi_on_the_wire(bed), BED_HELD);
}

/* A discard that was learned and is configured then is no other one, and stays. */
static void learned_discard_becomes_a_configured_one(void **state)
{
	struct rvl_backend_error error = {""};
	struct bed *bed = *state;

	child_inbound(bed, 1, 0);
	assert_int_equal(rvl_sad_protect(bed->sad, NULL, &bed->ours, &bed->theirs, &error), 0);
	child_remove(bed, 1);
	assert_counts(bed, 0, 0, 0, 1);
	bed->theirs = ts_of("10.3.0.0/16");
	take_steps(bed, 2, 0, 3);
	child_remove(bed, 2);
	assert_counts(bed, 0, 0, 0, 2);
	assert_int_equal(rvl_sad_protect(bed->sad, NULL, &bed->ours, &bed->theirs, &error), 0);
	assert_counts(bed, 0, 0, 0, 2);
	for (unsigned int i = 0; i < 300; i++) {
		char text[32];

		snprintf(text, sizeof(text), "10.4.%u.%u", i / 100, i % 100);
		bed->theirs = ts_of(text);
		take_steps(bed, 3, 0, 3);
		child_remove(bed, 3);
	}
	assert_counts(bed, 0, 0, 0, 2 + 300);
	assert_int_equal(spi_on_the_wire(bed), BED_HELD);
	assert_false(clear_comes_in(bed, 1024));
}

/* ------------------------------------------------------------------------------- removal, rekey */

static void child_that_is_not_in_use_comes_and_goes_without_disturbing_the_other(void **state)
{
	struct bed *bed = *state;

	take_steps(bed, 1, 0, 3);
	for (uint64_t replaces = 0; replaces <= 1; replaces++) {
		for (int steps = 1; steps <= 2; steps++) {
			bed_watch(bed, 1, 0);
			take_steps(bed, 2, replaces, steps);
			assert_int_equal(spi_on_the_wire(bed), BED_OUT + 1);
			child_remove(bed, 2);
			assert_int_equal(spi_on_the_wire(bed), BED_OUT + 1);
			assert_int_equal(bed->looks, 1 + 2 * steps);
			bed->watch = NULL;
			assert_counts(bed, 1, 1, 1, 1);
			/* Nor is it led anywhere when the other goes. */
			take_steps(bed, 2, replaces, steps);
			child_remove(bed, 1);
			assert_int_equal(spi_on_the_wire(bed), BED_HELD);
			assert_true(child_comes_in(bed, 2));
			child_remove(bed, 2);
			assert_counts(bed, 0, 0, 0, 1);
			take_steps(bed, 1, 0, 3);
		}
	}
}

/* As who starts it: the new one is used at once, and the old one goes when the peer has deleted it.
 */
static void rekey_loses_no_packet(void **state)
{
	struct bed *bed = *state;

	take_steps(bed, 1, 0, 3);
	bed_watch(bed, 1, 0);
	child_inbound(bed, 2, 1);
	bed->receiving[1] = 2;
	bed_look(bed);
	child_outbound(bed, 2);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 1);
	child_use(bed, 2);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 2);
	bed_look(bed);
	assert_true(rvl_sad_child_heard(bed->sad, 1));
	assert_true(rvl_sad_child_heard(bed->sad, 2));
	assert_counts(bed, 2, 2, 2, 1);
	bed->receiving[0] = 0;
	child_remove(bed, 1);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 2);
	bed->watch = NULL;
	assert_true(bed->looks >= 8);
	assert_false(child_comes_in(bed, 1));
	assert_counts(bed, 1, 1, 1, 1);
	child_remove(bed, 2);
	assert_counts(bed, 0, 0, 0, 1);
}

/* The one that answers sends on the old SA until it hears the new one. */
static void peer_that_uses_the_new_sa_is_heard_before_it_is_used(void **state)
{
	struct bed *bed = *state;

	take_steps(bed, 1, 0, 3);
	take_steps(bed, 2, 1, 2);
	assert_true(child_comes_in(bed, 1));
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 1);
	assert_false(rvl_sad_child_heard(bed->sad, 2));
	assert_true(child_comes_in(bed, 2));
	assert_true(rvl_sad_child_heard(bed->sad, 2));
	bed_watch(bed, 1, 2);
	child_use(bed, 2);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 2);
	bed->receiving[0] = 0;
	child_remove(bed, 1);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 2);
}

static void thousand_rekeys_lose_no_packet(void **state)
{
	struct bed *bed = *state;

	take_steps(bed, 1, 0, 3);
	bed->watch = bed_look;
	for (unsigned int i = 0; i < 1000; i++) {
		uint64_t old = 1 + i % 50, new = 1 + (i + 1) % 50;

		take_steps(bed, new, old, 3);
		assert_int_equal(spi_on_the_wire(bed), BED_OUT + new);
		child_remove(bed, old);
	}
	bed->watch = NULL;
	assert_counts(bed, 1, 1, 1, 1);
}

static void retired_child_receives_and_gets_no_flow_back(void **state)
{
	struct bed *bed = *state;

	take_steps(bed, 1, 0, 3);
	take_steps(bed, 2, 1, 3);
	child_remove(bed, 2);
	assert_int_equal(spi_on_the_wire(bed), BED_HELD);
	assert_true(child_comes_in(bed, 1));
	assert_false(clear_comes_in(bed, 1024));
	assert_counts(bed, 1, 1, 1, 1);
	/* But by a use of its own. */
	child_use(bed, 1);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 1);
	child_remove(bed, 1);
	assert_int_equal(spi_on_the_wire(bed), BED_HELD);
	assert_counts(bed, 0, 0, 0, 1);
}

static void use_goes_back_to_the_old_child(void **state)
{
	struct bed *bed = *state;

	for (int old_first = 0; old_first <= 1; old_first++) {
		take_steps(bed, 1, 0, 3);
		take_steps(bed, 2, 1, 3);
		bed_watch(bed, 1, 2);
		child_use(bed, 1);
		assert_int_equal(spi_on_the_wire(bed), BED_OUT + 1);
		if (old_first) {
			/* The new one is out of use by now, and stays so. */
			bed->watch = NULL;
			child_remove(bed, 1);
			assert_int_equal(spi_on_the_wire(bed), BED_HELD);
			assert_true(child_comes_in(bed, 2));
			child_remove(bed, 2);
		} else {
			bed->receiving[1] = 0;
			child_remove(bed, 2);
			assert_int_equal(spi_on_the_wire(bed), BED_OUT + 1);
			bed->watch = NULL;
			child_remove(bed, 1);
		}
		assert_counts(bed, 0, 0, 0, 1);
	}
}

/* Two negotiated the same flow, neither in the other's place. */
static void flow_goes_to_the_child_of_another_line_that_was_used_before(void **state)
{
	struct bed *bed = *state;

	take_steps(bed, 1, 0, 2);
	take_steps(bed, 2, 0, 3);
	child_use(bed, 1);
	bed_watch(bed, 1, 2);
	take_steps(bed, 3, 0, 3);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 3);
	/* The order is that of use, not of age. */
	child_remove(bed, 3);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 1);
	child_use(bed, 2);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 2);
	bed->receiving[0] = 0;
	child_remove(bed, 1);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 2);
	take_steps(bed, 4, 2, 3);
	bed->receiving[0] = 4;
	take_steps(bed, 5, 0, 3);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 5);
	/* 2 is retired: it is passed over, also when the last in use goes. */
	child_remove(bed, 5);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 4);
	bed->watch = NULL;
	child_remove(bed, 4);
	assert_int_equal(spi_on_the_wire(bed), BED_HELD);
	assert_true(child_comes_in(bed, 2));
	assert_counts(bed, 1, 1, 1, 1);
}

/* 2 takes the place of 1 and 3 that of 2 before 2 was used: the peer is faster. */
static void line_has_one_child_in_use_whatever_its_length(void **state)
{
	struct bed *bed = *state;

	take_steps(bed, 1, 0, 3);
	take_steps(bed, 2, 1, 2);
	take_steps(bed, 3, 2, 2);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 1);
	child_remove(bed, 2);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 1);
	child_use(bed, 3);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 3);
	child_remove(bed, 3);
	assert_int_equal(spi_on_the_wire(bed), BED_HELD);
	assert_true(child_comes_in(bed, 1));
	child_use(bed, 1);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 1);
	child_remove(bed, 1);
	/* What it replaces is gone: a line of its own. */
	take_steps(bed, 4, 3, 3);
	take_steps(bed, 5, 3, 3);
	child_remove(bed, 5);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 4);
}

/* Both ends rekeyed 1 at once, into 2 and 3; 3 turns out to be the one too many. */
static void rekeys_that_collide_leave_the_one_that_is_used(void **state)
{
	struct bed *bed = *state;

	take_steps(bed, 1, 0, 3);
	bed_watch(bed, 1, 0);
	take_steps(bed, 2, 1, 2);
	take_steps(bed, 3, 1, 3);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 3);
	child_use(bed, 2);
	bed->receiving[1] = 2;
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 2);
	child_remove(bed, 3);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 2);
	bed->receiving[0] = 0;
	child_remove(bed, 1);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 2);
	bed->watch = NULL;
	assert_counts(bed, 1, 1, 1, 1);
}

static void every_order_of_removal_leaves_nothing(void **state)
{
	static const uint64_t orders[][3] = {{1, 2, 3}, {1, 3, 2}, {2, 1, 3},
					     {2, 3, 1}, {3, 1, 2}, {3, 2, 1}};
	struct bed *bed = *state;

	for (unsigned int steps = 0; steps < 27; steps++) {
		for (size_t i = 0; i < 6; i++) {
			take_steps(bed, 1, 0, 1 + (int)(steps % 3));
			take_steps(bed, 2, 1, 1 + (int)(steps / 3 % 3));
			take_steps(bed, 3, steps % 2 ? 2 : 0, 1 + (int)(steps / 9));
			for (size_t k = 0; k < 3; k++) {
				child_remove(bed, orders[i][k]);
				assert_false(clear_comes_in(bed, 1024));
				assert_int_not_equal(spi_on_the_wire(bed), BED_CLEAR);
				assert_int_equal(rvl_sad_sa_count(bed->sad, RVL_INBOUND), 2 - k);
			}
			assert_int_equal(spi_on_the_wire(bed), BED_HELD);
			assert_counts(bed, 0, 0, 0, 1);
		}
	}
}

static void child_with_a_selector_twice_is_like_any_other(void **state)
{
	struct bed *bed = *state;

	take_steps(bed, 1, 0, 3);
	bed->theirs.list[bed->theirs.count++] = bed->theirs.list[0];
	bed_watch(bed, 1, 0);
	take_steps(bed, 2, 0, 3);
	child_use(bed, 2);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 2);
	assert_int_equal(rvl_sad_policy_count(bed->sad), 1);
	child_remove(bed, 2);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 1);
	take_steps(bed, 2, 1, 3);
	bed->receiving[0] = 2;
	child_remove(bed, 1);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 2);
	bed->watch = NULL;
	child_remove(bed, 2);
	assert_int_equal(spi_on_the_wire(bed), BED_HELD);
	assert_counts(bed, 0, 0, 0, 1);
}

/* A narrower selector comes before a wider one: it mustn't keep what is no more in use. */
static void child_with_wider_selectors_has_the_whole_flow(void **state)
{
	struct bed *bed = *state;
	struct ike_ts_list wide = bed->theirs;

	bed->theirs = ts_of("10.2.0.0/24");
	take_steps(bed, 1, 0, 3);
	bed->theirs = wide;
	bed_watch(bed, 1, 0);
	take_steps(bed, 2, 1, 3);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 2);
	bed->receiving[1] = 2;
	child_use(bed, 1);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 1);
	child_use(bed, 2);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 2);
	bed->receiving[0] = 0;
	child_remove(bed, 1);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 2);
	bed->watch = NULL;
	assert_counts(bed, 1, 1, 1, 1);
}

/* RFC 7296, section 2.9.2 has a peer not do it; what the new SA doesn't protect is held. */
static void what_a_child_has_no_more_is_held(void **state)
{
	struct bed *bed = *state;
	struct ike_ts_list wide = bed->theirs;

	take_steps(bed, 1, 0, 3);
	bed->theirs = ts_of("10.2.1.0/24"); /* 10.2.0.1 isn't in it */
	take_steps(bed, 2, 1, 2);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 1);
	child_use(bed, 2);
	assert_int_equal(spi_on_the_wire(bed), BED_HELD);
	assert_true(child_comes_in(bed, 1));
	assert_false(child_comes_in(bed, 2));
	bed->theirs = wide;
	child_use(bed, 1);
	assert_int_equal(spi_on_the_wire(bed), BED_OUT + 1);
	child_remove(bed, 1);
	child_remove(bed, 2);
	assert_counts(bed, 0, 0, 0, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROTECTED(first_step_lets_in_what_the_peer_sends_and_sends_nothing),
		PROTECTED(second_step_sends_nothing_yet),
		PROTECTED(third_step_leads_the_flow),
		PROTECTED(steps_out_of_order_are_refused_by_name),
		OPEN(flow_is_held_from_the_first_step_on),
		OPEN(flow_of_a_child_that_was_never_used_is_let_go_with_it),
		OPEN(learned_discard_stays_until_the_last_of_its_flows_goes),
		OPEN(what_was_protected_once_is_never_forgotten),
		OPEN(learned_discard_becomes_a_configured_one),
		PROTECTED(child_that_is_not_in_use_comes_and_goes_without_disturbing_the_other),
		PROTECTED(rekey_loses_no_packet),
		PROTECTED(peer_that_uses_the_new_sa_is_heard_before_it_is_used),
		PROTECTED(thousand_rekeys_lose_no_packet),
		PROTECTED(retired_child_receives_and_gets_no_flow_back),
		PROTECTED(use_goes_back_to_the_old_child),
		PROTECTED(flow_goes_to_the_child_of_another_line_that_was_used_before),
		PROTECTED(line_has_one_child_in_use_whatever_its_length),
		PROTECTED(rekeys_that_collide_leave_the_one_that_is_used),
		PROTECTED(every_order_of_removal_leaves_nothing),
		PROTECTED(child_with_a_selector_twice_is_like_any_other),
		PROTECTED(child_with_wider_selectors_has_the_whole_flow),
		PROTECTED(what_a_child_has_no_more_is_held),
	};

	if (geteuid()) {
		printf("1..0 # skip network namespaces need root\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
