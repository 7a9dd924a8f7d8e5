/* SPDX-License-Identifier: BSD-2-Clause */
/* Usage: pcie_N [SEED] (or SEED in the environment). TAP on standard output. */
#include "tests/rtl/pcie/pcie_test.h"

#include <stdio.h>
#include <stdlib.h>

static unsigned run_all(struct bench *b, const struct pcie_test *tests, unsigned count,
			unsigned *number)
{
	unsigned failed = 0;

	for (unsigned i = 0; i < count; i++) {
		bench_reset(b);
		tests[i].run(b);
		printf("%sok %u - %s\n", b->errors ? "not " : "", ++*number, tests[i].name);
		if (b->errors)
			printf("# seed=%llu\n", (unsigned long long)b->seed);
		failed += b->errors != 0;
		fflush(stdout);
	}
	return failed;
}

int main(int argc, char **argv)
{
	const char *text = argc > 1 ? argv[1] : getenv("SEED");
	struct bench *b = bench_create(text ? strtoull(text, NULL, 0) : 1);
	unsigned failed = 0, number = 0;

	printf("TAP version 13\n1..%u\n",
	       pcie_dma_test_count + pcie_fault_test_count + pcie_host_test_count);
	failed += run_all(b, pcie_dma_tests, pcie_dma_test_count, &number);
	failed += run_all(b, pcie_fault_tests, pcie_fault_test_count, &number);
	failed += run_all(b, pcie_host_tests, pcie_host_test_count, &number);
	bench_destroy(b);
	return failed ? 1 : 0;
}
