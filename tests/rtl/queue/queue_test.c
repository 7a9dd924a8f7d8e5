/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs the tests of ravelin_queue, TAP on standard output.
 *
 * usage: queue_NNN [SEED [NAME]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/rtl/queue/queue_bench.h"

static const struct queue_test *const lists[] = {queue_tests_regs, queue_tests_frames,
						 queue_tests_rings, queue_tests_all};

static bool run(const struct queue_test *t, uint64_t seed)
{
	jmp_buf jmp;
	struct bench *volatile b = bench_new(seed, &jmp);
	bool ok = !setjmp(jmp);

	if (ok)
		t->run(b);
	else
		printf("# seed=%llu\n", (unsigned long long)seed);
	bench_free(b);
	return ok;
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	unsigned int n = 0, failed = 0;

	printf("TAP version 13\n");
	for (size_t l = 0; l < sizeof(lists) / sizeof(lists[0]); l++) {
		for (const struct queue_test *t = lists[l]; t->name; t++) {
			bool ok;

			if (argc > 2 && strcmp(argv[2], t->name))
				continue;
			ok = run(t, seed);
			failed += !ok;
			printf("%sok %u - %s\n", ok ? "" : "not ", ++n, t->name);
			fflush(stdout);
		}
	}
	printf("1..%u\n", n);
	return failed ? 1 : 0;
}
