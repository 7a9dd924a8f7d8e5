// SPDX-License-Identifier: BSD-2-Clause
/* Numbers by prefixes, against a look at all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "host/raveld/prefix_map.h"

enum { MOST = 500, ROUNDS = 5000 };

static uint64_t seed;

static uint32_t random32(void)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	return (uint32_t)(z >> 32);
}

/* Of both families, whose addresses begin with the same octets. */
static struct rvl_prefix some_prefix(void)
{
	static const uint8_t lengths[] = {0, 8, 16, 24, 30, 31, 32, 33, 64, 65, 127, 128};
	const bool ipv6 = random32() % 2;
	struct rvl_addr address = rvl_addr_of_ipv4(0x0a000000 | (random32() % 3) << 16 |
						   (random32() % 3) << 8 | random32() % 8);

	if (ipv6) {
		address.family = 6;
		address.octets[8] = (uint8_t)(random32() % 3 << 6);
		address.octets[15] = (uint8_t)(random32() % 4);
	}
	return rvl_prefix_of(&address, lengths[random32() % (ipv6 ? 12 : 7)]);
}

/* Only some of them suit, which the context says. */
static bool suits(const void *context, uint32_t number)
{
	return number % *(const uint32_t *)context == 0;
}

static void what_is_found_is_what_a_look_at_all_finds(void **state)
{
	struct rvl_prefix all[MOST];
	struct prefix_map map = {0};
	uint32_t count = 0;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct rvl_prefix p = some_prefix();
		uint32_t number = 0, exact = 0, every = 1 + random32() % 5;
		int narrowest = -1;
		size_t at = 0;
		bool found;

		if (count < MOST && random32() % 4 == 0) {
			all[count] = some_prefix();
			assert_int_equal(prefix_map_add(&map, all[count], count), 0);
			count++;
		}
		for (uint32_t i = 0; i < count; i++) {
			exact += rvl_prefix_equal(&all[i], &p);
			if (rvl_prefix_over(&all[i], &p) && suits(&every, i) &&
			    all[i].len > narrowest)
				narrowest = all[i].len;
		}
		while (prefix_map_next(&map, p, &at, &number)) {
			assert_true(rvl_prefix_equal(&all[number], &p));
			exact--;
		}
		assert_int_equal(exact, 0);
		found = prefix_map_over(&map, p, suits, &every, &number);
		assert_int_equal(found, narrowest >= 0);
		if (!found)
			continue;
		assert_true(suits(&every, number));
		assert_int_equal(all[number].len, narrowest);
		assert_true(rvl_prefix_holds(&all[number], &p.address));
	}
	prefix_map_free(&map);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_found_is_what_a_look_at_all_finds),
	};
	uint64_t start = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	int failed;

	seed = start;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (failed)
		fprintf(stderr, "seed=%llu\n", (unsigned long long)start);
	return failed;
}
