// SPDX-License-Identifier: BSD-2-Clause
/*
 * ravelin_ipsec against the software ESP of host/esp. The seed is the first argument, or SEED.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/rtl/ipsec/ipsec_tests.h"

static const struct {
	const char *name;
	void (*run)(struct bench *b);
} tests[] = {
#define TEST(name) {#name, name},
	IPSEC_TESTS(TEST)};

int main(int argc, char **argv)
{
	const char *given = argc > 1 ? argv[1] : getenv("SEED");
	const char *only = argc > 2 ? argv[2] : NULL;
	uint64_t seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
	size_t count = sizeof(tests) / sizeof(tests[0]);
	unsigned int failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n1..%zu\n# seed=%llu\n", count, (unsigned long long)seed);
	for (size_t i = 0; i < count; i++) {
		struct bench *b = malloc(sizeof(*b));

		if (only && !strstr(tests[i].name, only)) {
			free(b);
			continue;
		}
		bench_new(b, seed + i);
		tests[i].run(b);
		printf("%sok %zu - %s\n", b->failed ? "not " : "", i + 1, tests[i].name);
		if (b->failed) {
			printf("# seed=%llu\n", (unsigned long long)seed);
			failed++;
		}
		bench_free(b);
		free(b);
	}
	return failed ? 1 : 0;
}
