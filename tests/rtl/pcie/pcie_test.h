/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_RTL_PCIE_TEST_H
#define TESTS_RTL_PCIE_TEST_H

#include "tests/rtl/pcie/pcie_bench.h"

struct pcie_test {
	const char *name;
	void (*run)(struct bench *b);
};

#define CHECK(b, condition, ...)                                                                   \
	do {                                                                                       \
		if (!(condition))                                                                  \
			bench_error(b, __VA_ARGS__);                                               \
	} while (0)

/* Reads use the lower half of each memory, writes the upper one. */
#define HALF (MEM_SIZE / 2)

extern const struct pcie_test pcie_dma_tests[], pcie_fault_tests[], pcie_host_tests[];
extern const unsigned pcie_dma_test_count, pcie_fault_test_count, pcie_host_test_count;

/* Any alignment and length in the half, often close to a 4 KiB boundary or short. */
void random_read(struct bench *b, enum expect expect);
void random_write(struct bench *b, uint64_t *cursor, bool irqs);

#endif
