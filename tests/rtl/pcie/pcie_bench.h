/* SPDX-License-Identifier: BSD-2-Clause */
/* Bench of ravelin_pcie: the root port on one side, a model of the queue block on the other. */
#ifndef TESTS_RTL_PCIE_BENCH_H
#define TESTS_RTL_PCIE_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "driver/core/rvl_regs.h"
#include "sim/rootport.h"
#include "tests/rtl/pcie/pcie_dut.h"

/* Two stretches of host memory, below and above 4 GiB. */
#define MEM_SIZE 0x40000U
#define MEM_LOW 0x10000000ULL
#define MEM_HIGH 0x123400000ULL
#define MSI_BASE 0xfee00000ULL
#define READ_TIMEOUT 8000U /* the model's ReadTimeout */
#define VECTORS 5U
#define MAX_OPS 8192U

enum expect { EXPECT_DATA, EXPECT_ERR, EXPECT_EITHER };

struct read_op {
	uint64_t addr;
	uint16_t len;
	uint8_t tag;
	enum expect expect;
	bool failed; /* how it ended */
	uint64_t asked, ended;
};

struct write_op {
	uint64_t addr;
	uint16_t len;
	bool irq;
	uint8_t vector;
	uint8_t *data;
};

struct bench {
	struct pcie_dut *dut;
	struct rvl_rootport *rp;
	uint64_t seed, random, cycle;
	uint8_t mem[2][MEM_SIZE], shadow[2][MEM_SIZE];
	uint64_t hole, hole_size; /* translate refuses these */

	struct read_op reads[MAX_OPS];
	uint32_t read_count, read_asked, read_done, read_pos;
	struct write_op writes[MAX_OPS];
	uint32_t write_count, write_done, write_pos;
	uint32_t request_gap, response_stall, write_gap; /* percent */

	/* Interrupts: order of writes with irq that have not raised theirs; what came. */
	bool check_irqs;
	uint32_t irq_next; /* write operation to look at next */
	uint32_t irqs[VECTORS], irq_total;

	/* Registers */
	uint8_t regs[0x10000];
	bool reg_dead; /* never acknowledges */
	uint32_t reg_delay, reg_wait;
	uint32_t reg_accesses;

	uint64_t counters[RVL_CNT_NUM];
	bool answered;
	struct rvl_rootport_answer answer; /* the last one */
	uint8_t answer_data[64];
	uint32_t answers;
	uint32_t errors;
	bool quiet; /* do not print errors (they are expected) */
};

struct bench *bench_create(uint64_t seed);
void bench_destroy(struct bench *b);

uint32_t bench_random(struct bench *b, uint32_t n);
__attribute__((format(printf, 2, 3))) void bench_error(struct bench *b, const char *format, ...);

/* Reset, forget operations, errors and counters, fill memory. */
void bench_reset(struct bench *b);

void bench_policy(struct bench *b, const struct rvl_rootport_policy *policy);
void bench_random_policy(struct bench *b, bool stalls);

void bench_step(struct bench *b);
void bench_steps(struct bench *b, uint32_t cycles);

/* Until all operations are done and nothing is in flight; an error if that takes too long. */
void bench_drain(struct bench *b);

void bench_read(struct bench *b, uint64_t addr, uint32_t len, enum expect expect);
void bench_write(struct bench *b, uint64_t addr, uint32_t len, int vector);
uint8_t *bench_memory(struct bench *b, uint64_t addr, uint32_t len, bool shadow);

/* Host memory is as the writes should have left it. */
void bench_compare_memory(struct bench *b);

/* A request; for non-posted ones until it is answered (b->answer). */
void bench_request(struct bench *b, const struct rvl_rootport_request *r);
uint32_t bench_reg_read(struct bench *b, unsigned bar, uint32_t offset);
void bench_reg_write(struct bench *b, unsigned bar, uint32_t offset, uint32_t value);

/* Table entries of all vectors: address MSI_BASE + 16 * vector, data 0x4300 + vector, unmasked. */
void bench_enable_irqs(struct bench *b);

#endif
