// SPDX-License-Identifier: BSD-2-Clause
// The anti-replay window against a table of edge cases, and against a model that remembers all.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/esp/replay.h"

#define MODEL 200000

static uint64_t seed = 0x5eed4303;

static uint32_t random32(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

static void window_edges_are_exact(void **state)
{
	static const struct {
		uint32_t window;
		uint32_t seq;
		bool fresh; /* start with a new window */
		bool accept;
	} steps[] = {
		{1024, 0, true, false},
		{1024, 1, false, true},
		{1024, 1, false, false},
		{1024, 1024, false, true},
		{1024, 2, false, true},
		{1024, 1025, false, true},
		{1024, 1, false, false},
		{1024, 3, false, true},
		{1024, 1027, false, true},
		{1024, 4, false, true},
		{1024, 3, false, false},
		{1024, 1026, false, true},
		{1024, 1026, false, false},
		/* a leap clears what it passes over, and only that */
		{1024, 2000000, false, true},
		{1024, 2000000 - 1023, false, true},
		{1024, 2000000 - 1024, false, false},
		{1024, 2000000 - 1, false, true},
		/* the end of the number space */
		{1024, UINT32_MAX - 1, false, true},
		{1024, UINT32_MAX, false, true},
		{1024, UINT32_MAX, false, false},
		{1024, UINT32_MAX - 1023, false, true},
		{1024, UINT32_MAX - 1024, false, false},
		{1024, 0, false, false},
		{1024, 1, false, false},
		/* the smallest, the largest and one that isn't a multiple of a word */
		{32, 100, true, true},
		{32, 69, false, true},
		{32, 68, false, false},
		{4096, 5000, true, true},
		{4096, 905, false, true},
		{4096, 904, false, false},
		{100, 300, true, true},
		{100, 201, false, true},
		{100, 200, false, false},
		/* no window: all but 0 pass */
		{0, 5, true, true},
		{0, 5, false, true},
		{0, 0, false, false},
	};
	uint64_t words[RVL_REPLAY_WORDS(RVL_REPLAY_WINDOW_MAX)];
	struct rvl_replay replay;

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (steps[i].fresh)
			rvl_replay_init(&replay, steps[i].window, 0, words);
		if (rvl_replay_check(&replay, steps[i].seq) != steps[i].accept ||
		    rvl_replay_set(&replay, steps[i].seq) != steps[i].accept)
			fail_msg("step %zu: sequence number %u", i, steps[i].seq);
	}
}

static void window_agrees_with_a_model_that_remembers_all(void **state)
{
	static uint8_t seen[MODEL];
	static const uint32_t windows[] = {32, 64, 65, 128, 1000, 1024, 4096};

	(void)state;
	for (size_t w = 0; w < sizeof(windows) / sizeof(windows[0]); w++) {
		uint64_t words[RVL_REPLAY_WORDS(RVL_REPLAY_WINDOW_MAX)];
		struct rvl_replay replay;
		uint32_t newest = 0;

		memset(seen, 0, sizeof(seen));
		rvl_replay_init(&replay, windows[w], 0, words);
		for (int i = 0; i < 100000; i++) {
			int64_t near = (int64_t)newest + random32() % (windows[w] * 2 + 8) -
				       (int64_t)windows[w] - windows[w] / 2;
			uint32_t seq;
			bool want;

			if (random32() % 5000 == 0)
				near = newest + random32() % 20000;
			if (near < 0)
				near = 0;
			if (near >= MODEL)
				break;
			seq = (uint32_t)near;
			want = seq && !seen[seq] && (seq > newest || newest - seq < windows[w]);
			assert_int_equal(rvl_replay_check(&replay, seq), want);
			if (random32() % 4 == 0)
				continue; /* forged: checked, never set */
			assert_int_equal(rvl_replay_set(&replay, seq), want);
			if (want) {
				seen[seq] = 1;
				newest = seq > newest ? seq : newest;
			}
		}
	}
}

/* RFC 4303, appendix A2: cases A (the window is of one half) and B (it is of two), at their edges.
 */
static void whole_numbers_are_those_nearest_to_the_window(void **state)
{
	static const struct {
		uint32_t window;
		uint64_t newest;
		uint32_t low;
		uint64_t want;
	} cases[] = {
		{1024, 0, 1, 1},
		{1024, 0, 1000000, 1000000},
		/* before the first there is nothing */
		{1024, 0, UINT32_MAX, 0},
		{1024, 1022, 0xffffffff, 0},
		{1024, 1022, 0xfffffffe, 0xfffffffe},
		/* A: from the bottom on it is this half, below it the next one */
		{1024, 0x500001000, 0x00001000, 0x500001000},
		{1024, 0x500001000, 0x00001001, 0x500001001},
		{1024, 0x500001000, 0xffffffff, 0x5ffffffff},
		{1024, 0x500001000, 0x00000c01, 0x500000c01},
		{1024, 0x500001000, 0x00000c00, 0x600000c00},
		{1024, 0x500001000, 0x00000000, 0x600000000},
		{1024, 0x5000003ff, 0x00000000, 0x500000000},
		{1024, 0x500000400, 0x00000000, 0x600000000},
		{1024, 0x5ffffffff, 0x00000000, 0x600000000},
		{1024, 0x5ffffffff, 0xfffffc00, 0x5fffffc00},
		{1024, 0x5ffffffff, 0xfffffbff, 0x6fffffbff},
		/* B: what is above the bottom is of the half before */
		{1024, 0x5000003fe, 0xffffffff, 0x4ffffffff},
		{1024, 0x5000003fe, 0xfffffffe, 0x5fffffffe},
		{1024, 0x500000000, 0xfffffc01, 0x4fffffc01},
		{1024, 0x500000000, 0xfffffc00, 0x5fffffc00},
		{1024, 0x500000000, 0x00000000, 0x500000000},
		{4096, 0x500000000, 0xfffff001, 0x4fffff001},
		{4096, 0x500000000, 0xfffff000, 0x5fffff000},
		{1, 0x500000000, 0xffffffff, 0x5ffffffff},
		{1, 0x500000005, 0x00000004, 0x600000004},
		/* without one, as with the largest */
		{0, 0x500000000, 0xfffff001, 0x4fffff001},
		/* and after the last there is nothing */
		{1024, UINT64_MAX, 0, 0},
		{1024, UINT64_MAX, 0xffffffff, UINT64_MAX},
	};
	uint64_t words[RVL_REPLAY_WORDS(RVL_REPLAY_WINDOW_MAX)];
	struct rvl_replay replay;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rvl_replay_init(&replay, cases[i].window, cases[i].newest, words);
		if (rvl_replay_whole(&replay, cases[i].low) != cases[i].want)
			fail_msg("case %zu: %llx", i,
				 (unsigned long long)rvl_replay_whole(&replay, cases[i].low));
	}
}

/* Within a window of the newest, and up to a whole half beyond it, every number is known again. */
static void whole_numbers_come_back_from_their_low_half(void **state)
{
	static const uint32_t windows[] = {1, 32, 64, 1000, 4096};
	uint64_t words[RVL_REPLAY_WORDS(RVL_REPLAY_WINDOW_MAX)];
	struct rvl_replay replay;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		uint32_t window = windows[random32() % 5];
		uint64_t edge = (uint64_t)(random32() % 8 + 1) << 32;
		uint64_t newest = edge + random32() % 10000 - 5000, seq;

		if (random32() & 1)
			newest = (uint64_t)random32() << 16 | random32();
		newest = newest < 4096 ? 4096 : newest;
		seq = newest - window + 1 +
		      (random32() & 1 ? random32() % (2 * window)
				      : random32() % (UINT32_MAX - window));
		rvl_replay_init(&replay, window, newest, words);
		assert_int_equal(rvl_replay_whole(&replay, (uint32_t)seq), seq);
		if (seq > newest) {
			assert_true(rvl_replay_set(&replay, seq));
			assert_false(rvl_replay_check(&replay, seq));
			assert_int_equal(replay.newest, seq);
		} else {
			assert_false(rvl_replay_check(&replay, seq));
		}
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(window_edges_are_exact),
		cmocka_unit_test(whole_numbers_are_those_nearest_to_the_window),
		cmocka_unit_test(whole_numbers_come_back_from_their_low_half),
		cmocka_unit_test(window_agrees_with_a_model_that_remembers_all),
	};
	uint64_t start = argc > 1 ? strtoull(argv[1], NULL, 0) : seed;
	int failed;

	seed = start;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (failed)
		fprintf(stderr, "seed=%llu\n", (unsigned long long)start);
	return failed;
}
