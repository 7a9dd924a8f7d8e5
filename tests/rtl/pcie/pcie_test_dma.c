/* SPDX-License-Identifier: BSD-2-Clause */
/* DMA reads and writes without faults. */
#include "tests/rtl/pcie/pcie_test.h"

#include <stddef.h>

static uint64_t pick_base(struct bench *b)
{
	return bench_random(b, 2) ? MEM_HIGH : MEM_LOW;
}

static uint32_t pick_len(struct bench *b, uint32_t max)
{
	static const uint32_t limits[] = {1, 4, 16, 64, 200, 600, 1600, 9300, 16383};
	uint32_t limit = limits[bench_random(b, 9)];
	uint32_t len = 1 + bench_random(b, limit);

	return len < max ? len : max;
}

void random_read(struct bench *b, enum expect expect)
{
	uint32_t len = pick_len(b, 16383);
	uint32_t offset = bench_random(b, HALF - len);

	if (bench_random(b, 3) == 0) {
		uint32_t page = 4096 * (1 + bench_random(b, HALF / 4096 - 6));
		uint32_t before = 1 + bench_random(b, 70);

		offset = page - before;
	}
	bench_read(b, pick_base(b) + offset, len, expect);
}

void random_write(struct bench *b, uint64_t *cursor, bool irqs)
{
	uint32_t len = pick_len(b, 9300);
	int vector = irqs && bench_random(b, 2) ? (int)bench_random(b, VECTORS) : -1;

	if (vector >= 0 && bench_random(b, 4) == 0)
		len = 0;
	*cursor += bench_random(b, 3) ? bench_random(b, 8) : bench_random(b, 5000);
	if (*cursor + len > HALF)
		*cursor = bench_random(b, 64);
	bench_write(b, pick_base(b) + HALF + *cursor, len, vector);
	*cursor += len;
}

static void reads_alignments(struct bench *b)
{
	for (uint32_t align = 0; align < 68; align++)
		for (uint32_t len = 1; len < 70; len += 1 + (align + len) % 3)
			bench_read(b, MEM_LOW + 4096 - 64 + align, len, EXPECT_DATA);
	bench_drain(b);
	bench_reset(b);
	for (uint32_t align = 0; align < 130; align++)
		for (uint32_t d = 0; d < 6; d++) {
			static const uint32_t lens[] = {128, 255, 257, 511, 514, 1031};

			bench_read(b, MEM_HIGH + 4096 * d + 3700 + align, lens[d] - align % 3,
				   EXPECT_DATA);
		}
	bench_drain(b);
	bench_reset(b);
	for (uint32_t i = 0; i < 8; i++)
		bench_read(b, MEM_LOW + 4096 + i, 16383 - i / 3, EXPECT_DATA);
	bench_drain(b);
}

static void writes_alignments(struct bench *b)
{
	uint32_t offset = 0;

	for (uint32_t align = 0; align < 68; align++)
		for (uint32_t len = 1; len < 70; len += 1 + (align + len) % 3) {
			bench_write(b, MEM_LOW + offset + align, len, -1);
			offset = (offset + align + len + 1) % (MEM_SIZE - 200);
		}
	bench_drain(b);
	bench_compare_memory(b);
	bench_reset(b);
	for (uint32_t align = 0; align < 130; align++)
		for (uint32_t d = 0; d < 6; d++) {
			static const uint32_t lens[] = {128, 255, 257, 511, 514, 1031};

			bench_write(b, MEM_HIGH + 4096 * (d + 6 * (align % 8)) + 3700 + align,
				    lens[d] - align % 3, -1);
		}
	bench_drain(b);
	bench_compare_memory(b);
}

static void reads_random(struct bench *b)
{
	for (int round = 0; round < 24; round++) {
		uint32_t n = 60 + bench_random(b, 120);

		if (round)
			bench_reset(b);
		bench_random_policy(b, round >= 4);
		for (uint32_t i = 0; i < n; i++)
			random_read(b, EXPECT_DATA);
		bench_drain(b);
		for (int c = RVL_CNT_PCIE_READ_UR; c <= RVL_CNT_PCIE_BAD_REQUEST; c++)
			CHECK(b, !b->counters[c], "counter %d is %llu", c,
			      (unsigned long long)b->counters[c]);
		if (b->errors)
			return;
	}
}

static void writes_random(struct bench *b)
{
	for (int round = 0; round < 24; round++) {
		uint32_t n = 60 + bench_random(b, 120);
		uint64_t cursor = 0;
		uint32_t irqs = 0;

		if (round)
			bench_reset(b);
		bench_enable_irqs(b);
		bench_random_policy(b, round >= 4);
		for (uint32_t i = 0; i < n; i++) {
			random_write(b, &cursor, true);
			irqs += b->writes[i].irq;
		}
		bench_drain(b);
		bench_compare_memory(b);
		CHECK(b, irqs == b->irq_total, "%u interrupts of %u", b->irq_total, irqs);
		if (b->errors)
			return;
	}
}

static void all_at_once(struct bench *b)
{
	for (int round = 0; round < 16; round++) {
		uint32_t n = 60 + bench_random(b, 120), accesses = 0;
		uint64_t cursor = 0;

		if (round)
			bench_reset(b);
		bench_enable_irqs(b);
		bench_random_policy(b, round >= 4);
		for (uint32_t i = 0; i < n; i++) {
			random_read(b, EXPECT_DATA);
			random_write(b, &cursor, true);
		}
		for (uint32_t i = 0; i < 100; i++) {
			uint32_t offset = 4 * bench_random(b, 0x4000);
			uint32_t value = bench_random(b, 1U << 31);

			bench_reg_write(b, 0, offset, value);
			CHECK(b, bench_reg_read(b, 0, offset) == value, "register %x", offset);
			accesses += 2;
		}
		bench_drain(b);
		bench_compare_memory(b);
		CHECK(b, b->reg_accesses == accesses, "%u register accesses of %u", b->reg_accesses,
		      accesses);
		if (b->errors)
			return;
	}
}

static void tags_in_flight(struct bench *b)
{
	struct rvl_rootport_policy p = {.latency_min = 1500, .latency_max = 1500};
	struct rvl_rootport_stats before, after;

	for (int ext = 0; ext < 2; ext++) {
		bench_reset(b);
		bench_policy(b, &p);
		b->dut->in.cfg.ext_tag = ext;
		rvl_rootport_stats(b->rp, &before);
		for (uint32_t i = 0; i < 100; i++)
			bench_read(b, MEM_LOW + 64 * i, 64, EXPECT_DATA);
		bench_steps(b, 1000);
		rvl_rootport_stats(b->rp, &after);
		CHECK(b, after.up_reads - before.up_reads == (ext ? 64 : 32),
		      "%llu reads in flight",
		      (unsigned long long)(after.up_reads - before.up_reads));
		bench_drain(b);
	}
	b->dut->in.cfg.ext_tag = true;
	for (uint32_t i = 0; i < 70; i++)
		bench_read(b, MEM_LOW + 64 * i, 64, EXPECT_DATA);
	bench_steps(b, 90); /* 64 are out */
	b->dut->in.cfg.ext_tag = false;
	bench_drain(b);
}

static void read_rate(struct bench *b)
{
	struct rvl_rootport_policy p = {.latency_min = 50, .latency_max = 50};
	uint32_t beats = 0;

	bench_policy(b, &p);
	b->dut->in.cfg.max_payload = 5;
	b->dut->in.cfg.max_read = 5;
	for (uint32_t i = 0; i < 40; i++) {
		bench_read(b, MEM_LOW + 1001 * i, 9000, EXPECT_DATA);
		beats += (9000 + b->dut->width - 1) / b->dut->width;
	}
	bench_drain(b);
	CHECK(b, b->reads[39].ended - b->reads[0].ended < beats * 21 / 20,
	      "%llu cycles for %u beats",
	      (unsigned long long)(b->reads[39].ended - b->reads[0].ended), beats);
}

static void write_rate(struct bench *b)
{
	uint32_t beats = 0;
	uint64_t begin = b->cycle;

	for (uint32_t i = 0; i < 20; i++) {
		bench_write(b, MEM_LOW + 9001 * i, 8192, -1);
		beats += 8192 / b->dut->width;
	}
	while (b->write_done < b->write_count)
		bench_step(b);
	CHECK(b, b->cycle - begin < beats * 21 / 20 + 30, "%llu cycles for %u beats",
	      (unsigned long long)(b->cycle - begin), beats);
	bench_drain(b);
	bench_compare_memory(b);
}

static void small_rate(struct bench *b)
{
	struct rvl_rootport_policy p = {.latency_min = 20, .latency_max = 20};
	uint64_t begin = b->cycle;

	bench_policy(b, &p);
	for (uint32_t i = 0; i < 1000; i++)
		bench_write(b, MEM_LOW + HALF + 16 * i, 16, -1);
	while (b->write_done < b->write_count)
		bench_step(b);
	CHECK(b, b->cycle - begin < 1050, "%llu cycles for 1000 writes of 16 octets",
	      (unsigned long long)(b->cycle - begin));
	bench_drain(b);
	bench_compare_memory(b);
	for (uint32_t i = 0; i < 1000; i++)
		bench_read(b, MEM_LOW + 16 * i, 16, EXPECT_DATA);
	bench_drain(b);
	CHECK(b, b->reads[999].ended - b->reads[0].ended < 1050,
	      "%llu cycles for 1000 reads of 16 octets",
	      (unsigned long long)(b->reads[999].ended - b->reads[0].ended));
}

const struct pcie_test pcie_dma_tests[] = {
	{"reads_of_every_alignment_and_length_give_the_octets_of_memory", reads_alignments},
	{"writes_of_every_alignment_and_length_change_just_their_octets", writes_alignments},
	{"reads_survive_any_split_order_and_delay_of_completions", reads_random},
	{"writes_are_cut_legally_and_interrupts_follow_their_data", writes_random},
	{"reads_writes_and_register_accesses_do_not_disturb_each_other", all_at_once},
	{"reads_in_flight_use_32_tags_or_all_with_extended_tags", tags_in_flight},
	{"large_reads_run_at_a_beat_a_cycle", read_rate},
	{"large_unaligned_writes_run_at_a_beat_a_cycle", write_rate},
	{"small_writes_and_reads_take_a_cycle_each", small_rate},
};
const unsigned pcie_dma_test_count = sizeof(pcie_dma_tests) / sizeof(pcie_dma_tests[0]);
