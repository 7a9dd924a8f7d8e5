// SPDX-License-Identifier: BSD-2-Clause
// Traps: which packets they catch, what they hold, and what becomes of it.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/raveld/sad_bed.h"

#define OURS 0x0a010001u
#define THEIRS 0x0a020001u
#define TRAP 7

static struct rvl_traps *traps_of(struct bed *bed)
{
	return rvl_sad_traps(bed->sad);
}

static void set_trap(struct bed *bed, uint64_t id, const char *local, const char *remote)
{
	const struct ike_ts_list ours = ts_of(local), theirs = ts_of(remote);
	struct rvl_backend_error error = {""};

	if (rvl_sad_trap(bed->sad, id, NULL, &ours, &theirs, &error))
		fail_msg("%s", error.text);
}

static void protect(struct bed *bed, const char *local, const char *remote)
{
	const struct ike_ts_list ours = ts_of(local), theirs = ts_of(remote);
	struct rvl_backend_error error = {""};

	assert_int_equal(rvl_sad_protect(bed->sad, NULL, &ours, &theirs, &error), 0);
}

/* A packet to this address and port from the host: is it caught, and does it spring a trap? */
static bool caught_to(struct bed *bed, uint32_t dst, uint16_t port, bool *sprung)
{
	uint8_t frame[60];

	udp_frame(frame, OURS, dst, 1024, port);
	return rvl_traps_catch(traps_of(bed), frame, sizeof(frame), sprung);
}

static bool caught(struct bed *bed)
{
	bool sprung;

	return caught_to(bed, THEIRS, 53, &sprung);
}

/* The trap that is told of next; 0: none. */
static uint64_t told(struct bed *bed, struct rvl_ip *packet)
{
	uint64_t id;

	return rvl_traps_next(traps_of(bed), &id, packet) ? id : 0;
}

static void assert_counted(struct bed *bed, uint64_t held, uint64_t dropped)
{
	const struct rvl_trap_counters counters = rvl_traps_counters(traps_of(bed));

	assert_int_equal(counters.held, held);
	assert_int_equal(counters.dropped, dropped);
}

static void a_trap_catches_while_no_sa_has_the_flow(void **state)
{
	struct bed *bed = *state;
	struct rvl_ip packet;
	bool sprung;

	assert_false(caught(bed));
	set_trap(bed, TRAP, "10.1.0.0/16", "10.2.0.0/16");
	assert_true(caught_to(bed, THEIRS, 53, &sprung));
	assert_true(sprung);
	assert_int_equal(told(bed, &packet), TRAP);
	assert_int_equal(rvl_addr_ipv4(&packet.src), OURS);
	assert_int_equal(rvl_addr_ipv4(&packet.dst), THEIRS);
	assert_int_equal(packet.dst_port, 53);
	assert_int_equal(told(bed, &packet), 0);
	/* It goes on to hold, and says nothing more. */
	assert_true(caught_to(bed, THEIRS, 54, &sprung));
	assert_false(sprung);
	assert_int_equal(told(bed, &packet), 0);
	take_steps(bed, 1, 0, 2);
	assert_true(caught(bed));
	child_use(bed, 1);
	assert_false(caught(bed));
	rvl_traps_release(traps_of(bed), TRAP);
	take_steps(bed, 2, 1, 3);
	assert_false(caught(bed));
	child_remove(bed, 1);
	assert_false(caught(bed));
	child_remove(bed, 2);
	assert_true(caught_to(bed, THEIRS, 53, &sprung));
	assert_true(sprung);
	assert_counted(bed, 4, 0);
}

static void what_is_released_comes_in_order_and_once(void **state)
{
	struct bed *bed = *state;
	uint8_t frame[RVL_BACKEND_FRAME];
	bool sprung;

	set_trap(bed, TRAP, "10.1.0.0/16", "10.2.0.0/16");
	for (uint16_t port = 1; port <= 3; port++)
		assert_true(caught_to(bed, THEIRS, port, &sprung));
	assert_false(rvl_traps_released(traps_of(bed)));
	assert_int_equal(rvl_traps_take(traps_of(bed), NULL, NULL, frame), 0);
	rvl_traps_release(traps_of(bed), TRAP);
	rvl_traps_release(traps_of(bed), TRAP + 1);
	for (uint16_t port = 1; port <= 3; port++) {
		assert_true(rvl_traps_released(traps_of(bed)));
		assert_int_equal(rvl_traps_take(traps_of(bed), NULL, NULL, frame), 60);
		assert_int_equal(rvl_get_be16(frame + 36), port);
	}
	assert_false(rvl_traps_released(traps_of(bed)));
	assert_int_equal(rvl_traps_take(traps_of(bed), NULL, NULL, frame), 0);
}

static void a_trap_that_is_given_up_is_deaf_until_it_listens(void **state)
{
	struct bed *bed = *state;
	struct rvl_ip packet;
	bool sprung;

	set_trap(bed, TRAP, "10.1.0.0/16", "10.2.0.0/16");
	assert_true(caught(bed));
	rvl_traps_give_up(traps_of(bed), TRAP);
	assert_int_equal(told(bed, &packet), 0);
	assert_counted(bed, 1, 1);
	assert_false(caught(bed));
	rvl_traps_listen(traps_of(bed), TRAP);
	assert_true(caught_to(bed, THEIRS, 53, &sprung));
	assert_true(sprung);
	/* One that holds goes on to. */
	rvl_traps_listen(traps_of(bed), TRAP);
	assert_true(caught_to(bed, THEIRS, 53, &sprung));
	assert_false(sprung);
}

static void only_what_its_policy_discards_is_caught(void **state)
{
	const struct ike_addr local = addr_of("10.1.0.1"), remote = addr_of("10.2.0.1");
	const struct rvl_ike_ports ports = {.udp = {1024, 1024}};
	struct rvl_backend_error error = {""};
	struct bed *bed = *state;
	struct rvl_ip packet;
	uint8_t frame[60];
	bool sprung;

	set_trap(bed, TRAP, "10.1.0.0/16", "10.2.0.0/16");
	set_trap(bed, TRAP + 1, "10.1.0.0/16", "10.2.7.0/24");
	protect(bed, "10.1.0.0/16", "10.2.7.0/24");
	protect(bed, "10.1.0.0/16", "10.2.8.0/24");
	assert_int_equal(rvl_sad_bypass_ike(bed->sad, &local, &remote, &ports, &error), 0);
	/* IKE, another flow, a narrower one that has no trap, no IPv4, half a packet */
	assert_false(caught(bed));
	assert_false(caught_to(bed, 0x0a030001, 53, &sprung));
	assert_false(caught_to(bed, 0x0a020801, 53, &sprung));
	udp_frame(frame, OURS, THEIRS + 1, 1024, 53);
	rvl_put_be16(frame + 12, 0x88b5);
	assert_false(rvl_traps_catch(traps_of(bed), frame, sizeof(frame), &sprung));
	rvl_put_be16(frame + 12, 0x0800);
	assert_false(rvl_traps_catch(traps_of(bed), frame, 40, &sprung));
	assert_true(rvl_traps_catch(traps_of(bed), frame, sizeof(frame), &sprung));
	/* a narrower one with a trap of its own */
	assert_true(caught_to(bed, 0x0a020701, 53, &sprung));
	assert_int_equal(told(bed, &packet), TRAP);
	assert_int_equal(told(bed, &packet), TRAP + 1);
	/* A wider SA doesn't have what is discarded before it. */
	take_steps(bed, 1, 0, 3);
	assert_false(caught_to(bed, THEIRS + 1, 53, &sprung));
	assert_true(caught_to(bed, 0x0a020701, 53, &sprung));
}

static void there_is_room_for_so_many(void **state)
{
	struct bed *bed = *state;
	bool sprung;

	for (uint16_t i = 0; i < 20; i++) {
		char remote[32];

		snprintf(remote, sizeof(remote), "10.2.0.0/16[udp/%u]", i + 1);
		set_trap(bed, i + 1, "10.1.0.0/16[udp]", remote);
		protect(bed, "10.1.0.0/16[udp]", remote);
	}
	for (unsigned int n = 0; n < RVL_TRAP_FRAMES + 1; n++)
		assert_true(caught_to(bed, THEIRS, 1, &sprung));
	assert_counted(bed, RVL_TRAP_FRAMES, 1);
	for (uint16_t i = 1; i < 20; i++)
		for (unsigned int n = 0; n < RVL_TRAP_FRAMES; n++)
			assert_true(caught_to(bed, THEIRS, i + 1, &sprung));
	assert_counted(bed, RVL_TRAPS_FRAMES, 1 + 20 * RVL_TRAP_FRAMES - RVL_TRAPS_FRAMES);
	/* Where room comes back, it is used. */
	rvl_traps_give_up(traps_of(bed), 1);
	assert_true(caught_to(bed, THEIRS, 20, &sprung));
	assert_int_equal(rvl_traps_counters(traps_of(bed)).held, RVL_TRAPS_FRAMES + 1);
}

static void flows_beyond_the_policy_table_get_no_trap(void **state)
{
	struct rvl_selectors selectors = {.count = 64};
	struct rvl_backend_error error = {""};
	struct bed *bed = *state;
	int err = 0;

	for (unsigned int i = 0; i < 64; i++)
		selectors.list[i] = rvl_selector_any(4);
	for (uint64_t id = 0; !err && id < BED_POLICIES; id++)
		err = rvl_traps_add(traps_of(bed), id, &selectors, &error);
	assert_int_equal(err, -ENOSPC);
	assert_non_null(strstr(error.text, "no room for more than 16384 flows"));
	assert_true(rvl_traps_is_set(traps_of(bed), BED_POLICIES / 64 - 1));
	assert_false(rvl_traps_is_set(traps_of(bed), BED_POLICIES / 64));
}

static void a_trap_that_is_removed_leaves_its_flows_discarded(void **state)
{
	struct bed *bed = *state;
	struct rvl_ip packet;
	bool sprung;

	rvl_traps_remove(traps_of(bed), TRAP);
	set_trap(bed, TRAP, "10.1.0.0/16", "10.2.0.0/16");
	assert_true(caught(bed));
	rvl_traps_remove(traps_of(bed), TRAP);
	assert_false(rvl_traps_is_set(traps_of(bed), TRAP));
	assert_int_equal(told(bed, &packet), 0);
	assert_counted(bed, 1, 1);
	assert_false(caught(bed));
	assert_int_equal(spi_on_the_wire(bed), BED_HELD);
	/* Of two, the other one has the flow then. */
	set_trap(bed, TRAP, "10.1.0.0/16", "10.2.0.0/16");
	set_trap(bed, TRAP + 1, "10.1.0.0/16", "10.2.0.0/16");
	set_trap(bed, TRAP + 2, "10.1.0.0/16", "10.2.0.0/16");
	rvl_traps_remove(traps_of(bed), TRAP);
	assert_true(caught_to(bed, THEIRS, 53, &sprung));
	assert_int_equal(told(bed, &packet), TRAP + 1);
	rvl_traps_remove(traps_of(bed), TRAP + 2);
	rvl_traps_remove(traps_of(bed), TRAP + 1);
	assert_false(caught(bed));
}

static void room_of_removed_traps_is_used_again(void **state)
{
	struct rvl_selectors selectors = {.count = 64};
	struct rvl_backend_error error = {""};
	struct bed *bed = *state;
	bool sprung;

	for (unsigned int i = 0; i < 64; i++)
		selectors.list[i] = rvl_selector_any(4);
	for (uint64_t id = 0; id < BED_POLICIES / 64; id++)
		assert_int_equal(rvl_traps_add(traps_of(bed), id, &selectors, &error), 0);
	for (unsigned int times = 0; times < 3; times++) {
		for (uint64_t id = 1; id < 6; id += 2)
			rvl_traps_remove(traps_of(bed), id);
		for (uint64_t id = 1; id < 6; id += 2)
			assert_int_equal(rvl_traps_add(traps_of(bed), id, &selectors, &error), 0);
		assert_int_equal(rvl_traps_add(traps_of(bed), BED_POLICIES, &selectors, &error),
				 -ENOSPC);
	}
	for (uint64_t id = 0; id < BED_POLICIES / 64; id++)
		rvl_traps_remove(traps_of(bed), id);
	set_trap(bed, TRAP, "10.1.0.0/16", "10.2.0.0/16");
	assert_true(caught_to(bed, THEIRS, 53, &sprung));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROTECTED(a_trap_catches_while_no_sa_has_the_flow),
		PROTECTED(what_is_released_comes_in_order_and_once),
		PROTECTED(a_trap_that_is_given_up_is_deaf_until_it_listens),
		PROTECTED(only_what_its_policy_discards_is_caught),
		PROTECTED(there_is_room_for_so_many),
		PROTECTED(flows_beyond_the_policy_table_get_no_trap),
		PROTECTED(a_trap_that_is_removed_leaves_its_flows_discarded),
		PROTECTED(room_of_removed_traps_is_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
