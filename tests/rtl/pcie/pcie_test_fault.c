/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads that go wrong: only they fail, with the right counter. */
#include "tests/rtl/pcie/pcie_test.h"

#include <stddef.h>
#include <string.h>

struct fault_case {
	enum rvl_rootport_fault fault;
	uint32_t amount;
	enum expect expect;
	int counter; /* that goes up by `count`, the others by 0; -1: none */
	int count;
};

static const struct fault_case fault_cases[] = {
	{RVL_FAULT_UNSUPPORTED, 0, EXPECT_ERR, RVL_CNT_PCIE_READ_UR, 1},
	{RVL_FAULT_RETRY, 0, EXPECT_ERR, RVL_CNT_PCIE_READ_UR, 1},
	{RVL_FAULT_ABORT, 0, EXPECT_ERR, RVL_CNT_PCIE_READ_CA, 1},
	{RVL_FAULT_POISONED, 0, EXPECT_ERR, RVL_CNT_PCIE_READ_POISONED, 1},
	{RVL_FAULT_LOST, 0, EXPECT_ERR, RVL_CNT_PCIE_READ_TIMEOUT, 1},
	{RVL_FAULT_LATE, 1000, EXPECT_DATA, -1, 0},
	{RVL_FAULT_DUPLICATE, 0, EXPECT_DATA, RVL_CNT_PCIE_UNEXPECTED_COMPLETION, 1},
	{RVL_FAULT_BYTE_COUNT, 1, EXPECT_ERR, RVL_CNT_PCIE_UNEXPECTED_COMPLETION, 1},
	{RVL_FAULT_BYTE_COUNT, (uint32_t)-1, EXPECT_ERR, RVL_CNT_PCIE_UNEXPECTED_COMPLETION, 1},
	{RVL_FAULT_BYTE_COUNT, (uint32_t)-64, EXPECT_ERR, RVL_CNT_PCIE_UNEXPECTED_COMPLETION, 1},
	{RVL_FAULT_TOO_LONG, 1, EXPECT_ERR, RVL_CNT_PCIE_UNEXPECTED_COMPLETION, 1},
	{RVL_FAULT_TOO_LONG, 64, EXPECT_ERR, RVL_CNT_PCIE_UNEXPECTED_COMPLETION, 1},
};

#define FAULT_CASES (sizeof(fault_cases) / sizeof(fault_cases[0]))

static void check_counters(struct bench *b, const struct fault_case *c)
{
	for (int i = RVL_CNT_PCIE_READ_UR; i <= RVL_CNT_PCIE_BAD_REQUEST; i++) {
		uint64_t want = i == c->counter ? (uint64_t)c->count : 0;

		CHECK(b, b->counters[i] == want, "fault %d: counter %d is %llu, not %llu", c->fault,
		      i, (unsigned long long)b->counters[i], (unsigned long long)want);
	}
}

static void fault_alone(struct bench *b)
{
	for (unsigned i = 0; i < FAULT_CASES; i++) {
		const struct fault_case *c = &fault_cases[i];
		const struct rvl_rootport_rule rule = {
			.fault = c->fault, .times = 1, .amount = c->amount};

		bench_reset(b);
		rvl_rootport_add_rule(b->rp, &rule);
		bench_read(b, MEM_LOW + 259, 150, c->expect);
		bench_drain(b);
		for (int k = 0; k < 70; k++)
			bench_read(b, MEM_LOW + 131 * (uint32_t)k, 150, EXPECT_DATA);
		bench_drain(b);
		check_counters(b, c);
	}
}

static void fault_in_a_later_part(struct bench *b)
{
	for (unsigned i = 0; i < FAULT_CASES; i++) {
		const struct fault_case *c = &fault_cases[i];
		const struct rvl_rootport_rule rule = {.fault = c->fault,
						       .skip = 2,
						       .times = 1,
						       .completion = 1,
						       .amount = c->amount};
		struct fault_case want = *c;

		bench_reset(b);
		b->dut->in.cfg.max_payload = 1; /* reads of 512 octets, completions of 256 */
		rvl_rootport_add_rule(b->rp, &rule);
		bench_read(b, MEM_LOW + 4096, 4096, c->expect);
		bench_read(b, MEM_LOW + 8192, 4096, EXPECT_DATA);
		bench_drain(b);
		check_counters(b, &want);
	}
}

/* Many faults among much traffic: a read fails if, and only if, one of its TLPs was hit. */
static void faults_among_others(struct bench *b)
{
	for (int round = 0; round < 40; round++) {
		const struct fault_case *c = &fault_cases[(unsigned)round % FAULT_CASES];
		const struct rvl_rootport_rule rule = {.fault = c->fault,
						       .addr = MEM_LOW + 0x5000,
						       .size = 0x800,
						       .completion = bench_random(b, 2),
						       .amount = c->amount};
		uint64_t cursor = 0;
		uint32_t n = 40 + bench_random(b, 60);

		bench_reset(b);
		bench_enable_irqs(b);
		bench_random_policy(b, round % 2);
		rvl_rootport_add_rule(b->rp, &rule);
		for (uint32_t i = 0; i < n; i++) {
			struct read_op *r = &b->reads[b->read_count];

			random_read(b, EXPECT_DATA);
			if (r->addr < rule.addr + rule.size && r->addr + r->len > rule.addr)
				r->expect = rule.completion || c->expect == EXPECT_DATA
						    ? EXPECT_EITHER
						    : EXPECT_ERR;
			random_write(b, &cursor, true);
		}
		bench_drain(b);
		bench_compare_memory(b);
		CHECK(b, !b->counters[RVL_CNT_PCIE_BAD_REQUEST], "bad requests counted");
		if (b->errors)
			return;
	}
}

/* What was read may be a key: once it is given back, or has failed, none of it is left. */
static void nothing_read_stays(struct bench *b)
{
	for (unsigned i = 0; i < 2 * FAULT_CASES + 1; i++) {
		const struct fault_case *c = &fault_cases[i % FAULT_CASES];
		const struct rvl_rootport_rule rule = {.fault = c->fault,
						       .skip = i < FAULT_CASES ? 0 : 1,
						       .times = i < 2 * FAULT_CASES,
						       .completion = 1,
						       .amount = c->amount};
		const uint8_t *p;
		unsigned held = 0;

		bench_reset(b);
		b->dut->in.cfg.max_payload = 0; /* completions of 128 octets */
		b->dut->in.cfg.max_read = 1;
		if (rule.times)
			rvl_rootport_add_rule(b->rp, &rule);
		bench_read(b, MEM_LOW + 4, 600, EXPECT_EITHER);
		bench_drain(b);
		p = bench_memory(b, MEM_LOW + 4, 600, false);
		for (unsigned at = 0; at < 600; at += 4)
			held += pcie_dut_holds(b->dut, p + at, 4);
		CHECK(b, !held, "fault %d: %u DWs of 150 are left", c->fault, held);
	}
}

static void late_completions(struct bench *b)
{
	const struct rvl_rootport_rule rule = {
		.fault = RVL_FAULT_LATE, .times = 20, .amount = READ_TIMEOUT * 2};
	const struct rvl_rootport_policy p = {
		.latency_min = 10, .latency_max = 40, .reorder = true, .split_percent = 50};

	bench_policy(b, &p);
	rvl_rootport_add_rule(b->rp, &rule);
	for (uint32_t i = 0; i < 20; i++)
		bench_read(b, MEM_LOW + 512 * i, 512, EXPECT_ERR);
	for (uint32_t i = 0; i < 20; i++)
		bench_read(b, MEM_LOW + 512 * i, 512, EXPECT_DATA);
	while (b->read_done < 40 && b->cycle < 100000000)
		bench_step(b);
	CHECK(b, b->counters[RVL_CNT_PCIE_READ_TIMEOUT] == 20, "%llu timeouts",
	      (unsigned long long)b->counters[RVL_CNT_PCIE_READ_TIMEOUT]);
	/* The buffer is in use by others while the late ones come. */
	for (uint32_t i = 0; i < 3000; i++)
		bench_read(b, MEM_LOW + 700 + 5 * i, 600, EXPECT_DATA);
	bench_drain(b);
	CHECK(b, b->counters[RVL_CNT_PCIE_UNEXPECTED_COMPLETION] >= 20, "late ones not counted");
	/* All tags are back. */
	b->dut->in.cfg.max_read = 0;
	for (uint32_t i = 0; i < 200; i++)
		bench_read(b, MEM_LOW + 64 * i, 64, EXPECT_DATA);
	bench_drain(b);
}

static void timeout_bound(struct bench *b)
{
	const struct rvl_rootport_rule rule = {.fault = RVL_FAULT_LOST, .times = 64};
	struct rvl_rootport_stats before, after;

	rvl_rootport_add_rule(b->rp, &rule);
	for (uint32_t i = 0; i < 64; i++)
		bench_read(b, MEM_LOW + 64 * i, 64, EXPECT_ERR);
	bench_drain(b);
	for (uint32_t i = 0; i < 64; i++) {
		uint64_t took = b->reads[i].ended - b->reads[i].asked;

		CHECK(b, took >= READ_TIMEOUT && took < READ_TIMEOUT + READ_TIMEOUT / 8,
		      "read %u took %llu cycles", i, (unsigned long long)took);
	}
	/* All tags rest now; they come back though their completions never do. */
	rvl_rootport_stats(b->rp, &before);
	for (uint32_t i = 0; i < 64; i++)
		bench_read(b, MEM_LOW + 64 * i, 64, EXPECT_DATA);
	bench_steps(b, 10 * READ_TIMEOUT);
	rvl_rootport_stats(b->rp, &after);
	CHECK(b, after.up_reads == before.up_reads, "a resting tag was used");
	bench_drain(b);
	CHECK(b, b->cycle - b->reads[64].asked < 18 * READ_TIMEOUT, "tags rested too long");
}

/* A read that was sent ends in time though the next one has no credits to follow it. */
static void timeout_without_credits(struct bench *b)
{
	const struct rvl_rootport_rule rule = {.fault = RVL_FAULT_LOST, .times = 8};
	struct rvl_rootport_policy p = {.latency_min = 10, .latency_max = 10};
	uint64_t since;

	rvl_rootport_add_rule(b->rp, &rule);
	for (uint32_t i = 0; i < 8; i++)
		bench_read(b, MEM_LOW + 64 * i, 64, EXPECT_ERR);
	bench_steps(b, 100);
	since = b->cycle;
	p.read_stall_percent = 100;
	p.stall_cycles = 4 * READ_TIMEOUT;
	bench_policy(b, &p);
	for (uint32_t i = 0; i < 8; i++)
		bench_read(b, MEM_LOW + 64 * i, 64, EXPECT_DATA);
	while (b->read_done < 8 && b->cycle < since + 2 * READ_TIMEOUT)
		bench_step(b);
	CHECK(b, b->read_done == 8, "%u of 8 lost reads have ended", b->read_done);
	CHECK(b, !b->dut->out.tx_rd.valid || !b->dut->in.tx_rd_ready, "credits came");
	p.read_stall_percent = 0;
	bench_policy(b, &p);
	bench_drain(b);
}

static void stray_completions(struct bench *b)
{
	static const uint8_t data[512];
	uint32_t hdr[4] = {0x4a000010, 64, 0x03000000, 0};
	uint32_t sent = 0;

	for (uint32_t i = 0; i < 300; i++) {
		bench_read(b, MEM_LOW + 600 * i % 0x8000, 600, EXPECT_DATA);
		hdr[0] = 0x4a000000 | (1 + bench_random(b, 128));
		/* unknown requester, or a tag that is never given out, or no completion at all */
		switch (bench_random(b, 4)) {
		case 0:
			hdr[2] = 0x03010000 | bench_random(b, 64) << 8;
			break;
		case 1:
			hdr[2] = 0x03000000 | (64 + bench_random(b, 192)) << 8;
			break;
		case 2:
			hdr[2] = 0x03000000 | bench_random(b, 64) << 8;
			hdr[0] |= 0x00800000;
			break;
		default:
			hdr[2] = 0x03000000 | bench_random(b, 64) << 8;
			hdr[0] = (hdr[0] & 0x3ff) | (bench_random(b, 2) ? 0x4b000000 : 0x40000000);
			break;
		}
		rvl_rootport_stray_completion(b->rp, hdr, data, (hdr[0] & 0x3ff) * 4);
		sent++;
		bench_steps(b, 20);
	}
	bench_drain(b);
	CHECK(b, b->counters[RVL_CNT_PCIE_UNEXPECTED_COMPLETION] == sent, "%llu of %u counted",
	      (unsigned long long)b->counters[RVL_CNT_PCIE_UNEXPECTED_COMPLETION], sent);
}

static void short_completion(struct bench *b)
{
	const struct rvl_rootport_rule rule = {.fault = RVL_FAULT_LOST, .times = 1};
	const uint8_t data[64] = {0};
	uint32_t hdr[4] = {0x4a000040, 256, 0, 0};

	/* Fewer beats than Length says, for a read that is in flight: the right tag, as it was
	 * sent. */
	rvl_rootport_add_rule(b->rp, &rule);
	bench_read(b, MEM_LOW, 256, EXPECT_ERR);
	while (!b->dut->out.tx_rd.valid)
		bench_step(b);
	hdr[2] = 0x03000000 | (b->dut->out.tx_rd.hdr[1] & 0xff00);
	rvl_rootport_stray_completion(b->rp, hdr, data, 64);
	bench_drain(b);
	CHECK(b, b->counters[RVL_CNT_PCIE_UNEXPECTED_COMPLETION] == 1, "not counted");
	bench_read(b, MEM_LOW, 256, EXPECT_DATA);
	bench_drain(b);
}

static void memory_hole(struct bench *b)
{
	b->hole = MEM_LOW + 0x3000;
	b->hole_size = 0x1000;
	bench_read(b, MEM_LOW + 0x2f00, 0x100, EXPECT_DATA);
	bench_read(b, MEM_LOW + 0x2f00, 0x101, EXPECT_ERR);
	bench_read(b, MEM_LOW + 0x3fff, 5000, EXPECT_ERR);
	bench_read(b, MEM_LOW + 0x4000, 5000, EXPECT_DATA);
	bench_drain(b);
}

static void bus_master_off(struct bench *b)
{
	struct rvl_rootport_stats before, after;

	bench_enable_irqs(b);
	rvl_rootport_stats(b->rp, &before);
	b->dut->in.cfg.bus_master = false;
	for (uint32_t i = 0; i < 30; i++) {
		bench_read(b, MEM_LOW + 64 * i, 600, EXPECT_ERR);
		bench_write(b, MEM_LOW + HALF + 777 * i, 700, -1);
	}
	bench_drain(b);
	rvl_rootport_stats(b->rp, &after);
	CHECK(b, after.up_reads == before.up_reads && after.up_writes == before.up_writes,
	      "TLPs were sent");
	CHECK(b, b->reads[29].ended - b->reads[0].asked < 200, "failing took long");
	/* What was dropped is not in memory. */
	memcpy(b->shadow, b->mem, sizeof(b->shadow));
	/* Off and on amid traffic: nothing cut, nothing sent while it is off (the root port looks).
	 */
	for (int round = 0; round < 40; round++) {
		for (int i = 0; i < 5; i++) {
			random_read(b, EXPECT_EITHER);
			bench_write(b, MEM_LOW + HALF + 5000, 3000, -1);
		}
		b->dut->in.cfg.bus_master = round & 1;
		bench_steps(b, 60 + bench_random(b, 100));
	}
	b->dut->in.cfg.bus_master = true;
	bench_drain(b);
	for (uint32_t i = 0; i < 30; i++)
		bench_read(b, MEM_LOW + 64 * i, 600, EXPECT_DATA);
	bench_write(b, MEM_LOW + HALF + 5000, 3000, -1);
	bench_drain(b);
	bench_compare_memory(b);
}

const struct pcie_test pcie_fault_tests[] = {
	{"a_fault_fails_its_read_alone_and_is_counted_by_kind", fault_alone},
	{"a_fault_in_a_part_fails_the_whole_operation_and_no_other", fault_in_a_later_part},
	{"faults_among_traffic_fail_only_the_reads_that_were_hit", faults_among_others},
	{"nothing_of_a_read_is_left_whether_it_failed_or_not", nothing_read_stays},
	{"late_completions_of_reads_given_up_do_no_harm", late_completions},
	{"lost_reads_end_in_time_and_their_tags_rest_and_return", timeout_bound},
	{"a_lost_read_ends_in_time_while_others_wait_for_credits", timeout_without_credits},
	{"completions_that_answer_nothing_are_counted_and_dropped", stray_completions},
	{"a_completion_shorter_than_its_header_says_fails_the_read", short_completion},
	{"a_read_that_touches_a_hole_in_memory_fails", memory_hole},
	{"without_bus_master_reads_fail_at_once_and_writes_are_dropped", bus_master_off},
};
const unsigned pcie_fault_test_count = sizeof(pcie_fault_tests) / sizeof(pcie_fault_tests[0]);
