/* SPDX-License-Identifier: BSD-2-Clause */
/* The host's side: completer, MSI-X, quiescing. */
#include "tests/rtl/pcie/pcie_test.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define BAR 0xe0000000ULL

static uint32_t reg32(const struct bench *b, uint32_t offset)
{
	uint32_t value;

	memcpy(&value, b->regs + offset, 4);
	return value;
}

/* All byte enables of 1 and 2 DW accesses; the root port checks byte count, address and the rest.
 */
static void completer_accesses(struct bench *b)
{
	const uint8_t data[8] = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88};

	for (uint32_t be = 0; be < 256; be++) {
		uint32_t first = be & 15, last = be >> 4;
		struct rvl_rootport_request r = {.bar = 0,
						 .first_be = (uint8_t)first,
						 .last_be = (uint8_t)last,
						 .dws = last ? 2 : 1,
						 .tc = be % 8,
						 .attr = be / 3 % 8,
						 .addr = (be % 5 ? BAR : 0x8800000000ULL) + 0x100 +
							 8 * be + be % 2 * 4,
						 .data = data};
		uint32_t offset = (uint32_t)r.addr & 0xffff, value[2], n = r.dws;

		if (last && !first)
			continue;
		r.type = RVL_TLP_MEM_READ;
		bench_request(b, &r);
		value[0] = first ? reg32(b, offset) : 0;
		value[1] = reg32(b, offset + 4);
		CHECK(b, b->answered && b->answer.status == RVL_CPL_SUCCESS && b->answer.dws == n,
		      "byte enables %02x: status %u, %u DWs", be, b->answer.status, b->answer.dws);
		CHECK(b, !memcmp(value, b->answer_data, n * 4), "byte enables %02x: wrong data",
		      be);
		for (uint32_t i = 0; i < n * 4; i++)
			if ((i < 4 ? first : last) >> (i % 4) & 1)
				((uint8_t *)value)[i] = data[i];
		if (!first)
			value[0] = reg32(b, offset);
		r.type = RVL_TLP_MEM_WRITE;
		bench_request(b, &r);
		bench_reg_read(b, 0, 0);
		CHECK(b,
		      reg32(b, offset) == value[0] && (n == 1 || reg32(b, offset + 4) == value[1]),
		      "byte enables %02x: wrong octets written", be);
	}
	CHECK(b, !b->counters[RVL_CNT_PCIE_BAD_REQUEST], "%llu refused",
	      (unsigned long long)b->counters[RVL_CNT_PCIE_BAD_REQUEST]);
}

static void completer_refuses(struct bench *b)
{
	static const struct {
		uint8_t type, bar, first_be, last_be, poisoned;
		uint16_t dws;
		int status; /* -1: posted */
		uint32_t offset;
	} cases[] = {
		{RVL_TLP_MEM_READ, 0, 15, 15, 0, 3, RVL_CPL_ABORT, 0},
		{RVL_TLP_MEM_READ, 0, 15, 15, 0, 64, RVL_CPL_ABORT, 0},
		{RVL_TLP_MEM_READ, 0, 15, 15, 0, 1024, RVL_CPL_ABORT, 0},
		{RVL_TLP_MEM_READ, 2, 15, 15, 0, 16, RVL_CPL_ABORT, 0},
		{RVL_TLP_MEM_READ, 0, 15, 1, 0, 1, RVL_CPL_ABORT, 0},
		{RVL_TLP_MEM_READ, 0, 15, 0, 0, 2, RVL_CPL_ABORT, 0},
		{RVL_TLP_MEM_READ, 0, 15, 15, 0, 2, RVL_CPL_ABORT, 0xffc},
		{RVL_TLP_MEM_READ, 1, 15, 0, 0, 1, RVL_CPL_UNSUPPORTED, 0},
		{RVL_TLP_MEM_READ, 4, 15, 0, 0, 1, RVL_CPL_UNSUPPORTED, 0},
		{RVL_TLP_MEM_READ, 7, 15, 0, 0, 1, RVL_CPL_UNSUPPORTED, 0},
		{RVL_TLP_MEM_READ_LOCKED, 0, 15, 0, 0, 1, RVL_CPL_UNSUPPORTED, 0},
		{RVL_TLP_IO_READ, 0, 15, 0, 0, 1, RVL_CPL_UNSUPPORTED, 0},
		{RVL_TLP_IO_WRITE, 0, 15, 0, 0, 1, RVL_CPL_UNSUPPORTED, 0},
		{RVL_TLP_CFG_READ0, 0, 15, 0, 0, 1, RVL_CPL_UNSUPPORTED, 0},
		{RVL_TLP_CFG_WRITE0, 0, 15, 0, 0, 1, RVL_CPL_UNSUPPORTED, 0},
		{RVL_TLP_CFG_READ1, 0, 15, 0, 0, 1, RVL_CPL_UNSUPPORTED, 0},
		{RVL_TLP_CFG_WRITE1, 0, 15, 0, 0, 1, RVL_CPL_UNSUPPORTED, 0},
		{RVL_TLP_FETCH_ADD, 0, 15, 15, 0, 2, RVL_CPL_UNSUPPORTED, 0},
		{RVL_TLP_SWAP, 0, 15, 0, 0, 1, RVL_CPL_UNSUPPORTED, 0},
		{RVL_TLP_CAS, 0, 15, 15, 0, 4, RVL_CPL_UNSUPPORTED, 0},
		{RVL_TLP_MEM_WRITE, 0, 15, 0, 1, 1, -1, 0},
		{RVL_TLP_MEM_WRITE, 0, 15, 15, 1, 2, -1, 0},
		{RVL_TLP_MEM_WRITE, 0, 15, 15, 0, 3, -1, 0},
		{RVL_TLP_MEM_WRITE, 0, 15, 15, 0, 33, -1, 0},
		{RVL_TLP_MEM_WRITE, 2, 15, 15, 0, 64, -1, 0},
		{RVL_TLP_MEM_WRITE, 0, 15, 0, 0, 2, -1, 0},
		{RVL_TLP_MEM_WRITE, 0, 15, 7, 0, 1, -1, 0},
		{RVL_TLP_MEM_WRITE, 0, 15, 15, 0, 2, -1, 0xffc},
		{RVL_TLP_MEM_WRITE, 1, 15, 0, 0, 1, -1, 0},
		{RVL_TLP_MEM_WRITE, 3, 15, 15, 0, 2, -1, 0},
		{RVL_TLP_MESSAGE, 0, 15, 15, 0, 1, -1, 0},
		{RVL_TLP_MESSAGE + 3, 0, 15, 15, 0, 1, -1, 0},
		{RVL_TLP_MESSAGE_DATA + 4, 0, 15, 15, 0, 20, -1, 0},
	};
	static const uint8_t data[4096];
	uint32_t n = sizeof(cases) / sizeof(cases[0]);

	for (uint32_t i = 0; i < n; i++) {
		const struct rvl_rootport_request r = {.type = cases[i].type,
						       .bar = cases[i].bar,
						       .first_be = cases[i].first_be,
						       .last_be = cases[i].last_be,
						       .poisoned = cases[i].poisoned,
						       .dws = cases[i].dws,
						       .tc = i % 8,
						       .addr = BAR + cases[i].offset,
						       .data = data};

		bench_request(b, &r);
		if (cases[i].status < 0)
			CHECK(b, !b->answered, "case %u was answered", i);
		else
			CHECK(b,
			      b->answered && b->answer.status == cases[i].status &&
				      b->answer.dws == 0,
			      "case %u: status %u", i, b->answer.status);
	}
	CHECK(b, bench_reg_read(b, 0, 0x40) == reg32(b, 0x40), "the completer does not recover");
	CHECK(b, b->reg_accesses == 1, "a refused request reached the registers");
	CHECK(b, b->counters[RVL_CNT_PCIE_BAD_REQUEST] == n, "%llu of %u counted",
	      (unsigned long long)b->counters[RVL_CNT_PCIE_BAD_REQUEST], n);
}

static void completer_order(struct bench *b)
{
	struct rvl_rootport_policy p = {.completion_stall_percent = 50, .stall_cycles = 20};
	uint32_t order[4] = {3, 1, 4, 1};

	bench_policy(b, &p);
	for (uint32_t round = 0; round < 200; round++) {
		for (uint32_t i = 0; i < 4; i++)
			rvl_rootport_write32(b->rp, 0, BAR + 0x200, order[i] + round);
		CHECK(b, bench_reg_read(b, 0, 0x200) == 1 + round, "a read passed a write");
	}
}

/* Posted requests are taken though no completion may leave (PCIe, deadlock avoidance). */
static void completer_no_deadlock(struct bench *b)
{
	struct rvl_rootport_policy p = {.completion_stall_percent = 100};

	bench_policy(b, &p);
	for (uint32_t i = 0; i < 32; i++)
		rvl_rootport_read32(b->rp, 0, BAR + 4 * i, i);
	for (uint32_t i = 0; i < 50; i++)
		rvl_rootport_write32(b->rp, 0, BAR + 0x300 + 4 * i, i);
	bench_steps(b, 3000);
	CHECK(b, !rvl_rootport_requests_queued(b->rp), "%u requests wait",
	      rvl_rootport_requests_queued(b->rp));
	CHECK(b, reg32(b, 0x300 + 4 * 49) == 49 && !b->answers, "not as it should be");
	p.completion_stall_percent = 0;
	bench_policy(b, &p);
	bench_drain(b);
	CHECK(b, b->answers == 32, "%u answers", b->answers);
}

static void completion_behind_writes(struct bench *b)
{
	struct rvl_rootport_policy p = {.write_stall_percent = 100};

	for (uint32_t round = 0; round < 20; round++) {
		uint32_t len = 1 + bench_random(b, 3000);

		p.write_stall_percent = 100;
		bench_policy(b, &p);
		bench_write(b, MEM_LOW + HALF + 64 * round, len, -1);
		while (b->write_done < b->write_count)
			bench_step(b);
		b->answered = false;
		rvl_rootport_read32(b->rp, 0, BAR, 0);
		bench_steps(b, 200);
		CHECK(b, !b->answered, "the completion passed the write");
		p.write_stall_percent = 50;
		bench_policy(b, &p);
		while (!b->answered)
			bench_step(b);
		bench_compare_memory(b);
	}
}

static void dead_registers(struct bench *b)
{
	uint64_t begin;

	b->reg_dead = true;
	begin = b->cycle;
	CHECK(b, bench_reg_read(b, 0, 0x20) == ~0U, "not all ones");
	CHECK(b, b->cycle - begin < 400, "%llu cycles", (unsigned long long)(b->cycle - begin));
	bench_reg_write(b, 0, 0x20, 5);
	bench_steps(b, 400);
	b->reg_dead = false;
	CHECK(b, bench_reg_read(b, 0, 0x24) == reg32(b, 0x24), "register after that");
	CHECK(b, b->reg_accesses == 1, "the dropped write came late");
}

static void msix_table(struct bench *b)
{
	struct rvl_rootport_request r = {.type = RVL_TLP_MEM_WRITE,
					 .bar = 2,
					 .first_be = 15,
					 .last_be = 15,
					 .dws = 2,
					 .addr = BAR};
	uint32_t value[2];

	for (uint32_t i = 0; i < VECTORS; i++) {
		CHECK(b, bench_reg_read(b, 2, 16 * i + 12) == 1, "vector %u: not masked at reset",
		      i);
		value[0] = 0xfee00ff3 + i;
		value[1] = 0x12 + i;
		r.addr = BAR + 16 * i;
		r.data = (uint8_t *)value;
		bench_request(b, &r);
		bench_reg_write(b, 2, 16 * i + 8, 0x80000043 + i);
		bench_reg_write(b, 2, 16 * i + 12, 0xfffffffe + (i & 1));
	}
	for (uint32_t i = 0; i < VECTORS; i++) {
		CHECK(b, bench_reg_read(b, 2, 16 * i) == ((0xfee00ff3 + i) & ~3U), "address");
		CHECK(b, bench_reg_read(b, 2, 16 * i + 4) == 0x12 + i, "upper address");
		CHECK(b, bench_reg_read(b, 2, 16 * i + 8) == 0x80000043 + i, "data");
		CHECK(b, bench_reg_read(b, 2, 16 * i + 12) == (i & 1), "vector control");
	}
	CHECK(b, bench_reg_read(b, 2, 16 * VECTORS) == 0, "beyond the table");
	CHECK(b, bench_reg_read(b, 2, 16 * VECTORS + 12) == 0, "beyond the table");
	CHECK(b, bench_reg_read(b, 2, 0x1000) == 0, "pending bits");
	CHECK(b, bench_reg_read(b, 2, 0x1ffc) == 0, "beyond the pending bits");
	r.dws = 1;
	r.last_be = 0;
	r.first_be = 2;
	r.addr = BAR + 8;
	value[0] = 0x0000aa00;
	bench_request(b, &r);
	CHECK(b, bench_reg_read(b, 2, 8) == 0x8000aa43, "byte write to data");
	b->dut->in.flr = true;
	bench_steps(b, 4);
	b->dut->in.flr = false;
	bench_steps(b, 40);
	for (uint32_t i = 0; i < VECTORS; i++)
		CHECK(b,
		      bench_reg_read(b, 2, 16 * i + 12) == 1 &&
			      bench_reg_read(b, 2, 16 * i + 8) == 0,
		      "vector %u after FLR", i);
}

static void raise_all(struct bench *b)
{
	for (uint32_t i = 0; i < VECTORS; i++)
		bench_write(b, MEM_LOW + HALF, 0, (int)i);
	bench_drain(b);
}

static void expect_irqs(struct bench *b, const char *when, uint32_t set, uint32_t pending)
{
	uint32_t got = 0;

	for (uint32_t i = 0; i < VECTORS; i++) {
		CHECK(b, b->irqs[i] < 2, "%s: vector %u came %u times", when, i, b->irqs[i]);
		got |= (uint32_t)(b->irqs[i] != 0) << i;
		b->irqs[i] = 0;
	}
	CHECK(b, got == set, "%s: vectors %02x, not %02x", when, got, set);
	CHECK(b, bench_reg_read(b, 2, 0x1000) == pending, "%s: pending bits are not %02x", when,
	      pending);
}

static void msix_masks(struct bench *b)
{
	struct rvl_function_config *cfg = &b->dut->in.cfg;

	b->check_irqs = false;
	bench_enable_irqs(b);
	raise_all(b);
	expect_irqs(b, "all on", 0x1f, 0);
	bench_reg_write(b, 2, 16 * 1 + 12, 1);
	bench_reg_write(b, 2, 16 * 3 + 12, 1);
	bench_reg_read(b, 2, 0);
	raise_all(b);
	raise_all(b);
	CHECK(b, b->irqs[0] == 2 && b->irqs[2] == 2 && b->irqs[4] == 2,
	      "unmasked ones came once each");
	b->irqs[0] = b->irqs[2] = b->irqs[4] = 0;
	expect_irqs(b, "1 and 3 masked", 0, 0x0a);
	bench_reg_write(b, 2, 16 * 3 + 12, 0);
	bench_reg_read(b, 2, 0);
	bench_drain(b);
	expect_irqs(b, "3 unmasked", 0x08, 0x02);
	cfg->msix_mask = true;
	raise_all(b);
	expect_irqs(b, "function masked", 0, 0x1f);
	cfg->msix_mask = false;
	bench_drain(b);
	expect_irqs(b, "function unmasked", 0x1d, 0x02);
	cfg->msix_enable = false;
	raise_all(b);
	expect_irqs(b, "MSI-X off", 0, 0x1f);
	cfg->msix_enable = true;
	bench_drain(b);
	expect_irqs(b, "MSI-X on", 0x1d, 0x02);
	cfg->bus_master = false;
	raise_all(b);
	expect_irqs(b, "bus master off", 0, 0x1f);
	cfg->bus_master = true;
	bench_drain(b);
	expect_irqs(b, "bus master on", 0x1d, 0x02);
	bench_write(b, MEM_LOW + HALF, 0, 200); /* no such vector */
	bench_drain(b);
	expect_irqs(b, "vector 200", 0, 0x02);
	b->dut->in.flr = true;
	bench_steps(b, 4);
	b->dut->in.flr = false;
	bench_steps(b, 40);
	expect_irqs(b, "after FLR", 0, 0);
	for (uint32_t i = 0; i < VECTORS; i++)
		CHECK(b, bench_reg_read(b, 2, 16 * i + 12) == 1, "not masked after FLR");
	/* above 4 GiB: the root port checks the form of the header */
	bench_enable_irqs(b);
	bench_reg_write(b, 2, 4, 0x77);
	bench_reg_read(b, 2, 0);
	bench_write(b, MEM_LOW + HALF, 0, 0);
	bench_drain(b);
	expect_irqs(b, "elsewhere", 0, 0);
}

/* Masking and unmasking amid interrupts: none is lost, none comes while it is masked for long. */
static void msix_mask_race(struct bench *b)
{
	b->check_irqs = false;
	bench_enable_irqs(b);
	for (int round = 0; round < 300; round++) {
		uint32_t v = bench_random(b, VECTORS), raised = 0;

		memset(b->irqs, 0, sizeof(b->irqs));
		for (uint32_t i = bench_random(b, 4); i > 0; i--, raised++)
			bench_write(b, MEM_LOW + HALF + bench_random(b, 4096), bench_random(b, 300),
				    (int)v);
		bench_steps(b, bench_random(b, 20));
		bench_reg_write(b, 2, 16 * v + 12, 1);
		bench_steps(b, bench_random(b, 20));
		bench_reg_write(b, 2, 16 * v + 12, 0);
		bench_drain(b);
		CHECK(b, b->irqs[v] <= raised && (b->irqs[v] > 0) == (raised > 0),
		      "%u interrupts came of %u", b->irqs[v], raised);
		if (b->write_count > MAX_OPS - 10)
			return;
	}
}

/* As ravelin_reset does it: quiesce until quiesced, some cycles more (the queue is in reset). */
static void quiesce(struct bench *b)
{
	uint64_t end = b->cycle + 3 * READ_TIMEOUT;

	b->dut->user.quiesce = true;
	do {
		bench_step(b);
	} while (!b->dut->from.quiesced && b->cycle < end);
	CHECK(b, b->dut->from.quiesced, "not quiesced in time");
	/* the queue block forgets everything */
	for (uint32_t i = 0; i < b->write_count; i++)
		b->writes[i].irq = false;
	b->read_count = b->read_asked = b->read_done = b->read_pos = 0;
	while (b->write_count > b->write_done)
		free(b->writes[--b->write_count].data);
	b->write_pos = 0;
	b->dut->user.rd_req_valid = false;
	b->dut->user.wr_valid = false;
	b->irq_next = b->write_count;
	for (int i = 0; i < 20; i++) {
		bench_step(b);
		CHECK(b, b->dut->from.quiesced, "quiesced fell");
		CHECK(b, i == 0 || !b->dut->from.rd_rsp_valid, "stale data");
	}
	b->dut->user.quiesce = false;
}

static void quiesce_amid_traffic(struct bench *b)
{
	for (int round = 0; round < 60; round++) {
		const struct rvl_rootport_rule lost = {
			.fault = RVL_FAULT_LOST, .skip = 20, .times = 2};
		const struct rvl_rootport_rule late = {.fault = RVL_FAULT_LATE,
						       .skip = 30,
						       .times = 2,
						       .amount = READ_TIMEOUT + 900};
		struct rvl_rootport_stats before, after;
		uint64_t cursor = 0;

		bench_reset(b);
		bench_enable_irqs(b);
		bench_random_policy(b, round & 1);
		b->dut->in.cfg.max_read = (uint8_t)(round % 3);
		if (round % 4 == 0) {
			rvl_rootport_add_rule(b->rp, &lost);
			rvl_rootport_add_rule(b->rp, &late);
		}
		for (uint32_t i = 0; i < 60; i++) {
			random_read(b, round % 4 ? EXPECT_DATA : EXPECT_EITHER);
			random_write(b, &cursor, true);
		}
		bench_steps(b, 1 + bench_random(b, 800));
		/* Operations that quiescing ends may fail; irqs of forgotten writes may not come.
		 */
		for (uint32_t i = 0; i < b->read_count; i++)
			b->reads[i].expect = EXPECT_EITHER;
		rvl_rootport_read32(b->rp, 0, BAR + 0x40, 0);
		quiesce(b);
		bench_steps(b, 50);
		rvl_rootport_stats(b->rp, &before);
		CHECK(b, b->answers > 0, "the completer did not answer");
		bench_steps(b, 500);
		rvl_rootport_stats(b->rp, &after);
		CHECK(b, after.up_writes == before.up_writes && after.up_reads == before.up_reads,
		      "something came out after it");
		/* What of the dropped writes arrived does not matter now. */
		memcpy(b->shadow, b->mem, sizeof(b->shadow));
		rvl_rootport_clear_rules(b->rp);
		for (uint32_t i = 0; i < 40; i++) {
			random_read(b, EXPECT_DATA);
			random_write(b, &cursor, true);
		}
		bench_drain(b);
		bench_compare_memory(b);
		if (b->errors)
			return;
	}
}

static void idle_is_idle(struct bench *b)
{
	bench_enable_irqs(b);
	bench_drain(b);
	CHECK(b, b->dut->out.idle, "not idle at rest");
	for (uint32_t i = 0; i < 200; i++) {
		uint32_t kind = bench_random(b, 3);

		if (kind == 0)
			bench_read(b, MEM_LOW + i, 1 + bench_random(b, 500), EXPECT_DATA);
		else if (kind == 1)
			bench_write(b, MEM_LOW + HALF + i, bench_random(b, 300),
				    (int)(i % VECTORS));
		else
			rvl_rootport_read32(b->rp, 0, BAR, 0);
		/* From its first cycle until it is over, only waiting for the outside may be idle.
		 */
		for (uint32_t k = 0; k < 1000; k++) {
			bool under_way = b->read_done < b->read_count || b->dut->out.tx_wr.valid ||
					 b->dut->out.tx_cpl.valid;

			bench_step(b);
			CHECK(b,
			      !(b->dut->out.idle && under_way && b->read_asked == b->read_count &&
				b->read_done < b->read_count),
			      "idle with a read under way");
			CHECK(b,
			      !(b->dut->out.idle &&
				(b->dut->out.tx_wr.valid || b->dut->out.tx_rd.valid ||
				 b->dut->out.tx_cpl.valid || b->dut->from.rd_rsp_valid ||
				 b->dut->from.cnt)),
			      "idle with a TLP on its way");
			if (b->dut->out.idle && !under_way && k > 3)
				break;
		}
	}
	bench_drain(b);
}

const struct pcie_test pcie_host_tests[] = {
	{"registers_are_read_and_written_with_all_byte_enables", completer_accesses},
	{"other_requests_are_refused_and_counted", completer_refuses},
	{"register_reads_do_not_pass_writes", completer_order},
	{"posted_requests_are_taken_while_completions_have_no_credits", completer_no_deadlock},
	{"a_completion_does_not_pass_the_writes_before_it", completion_behind_writes},
	{"registers_that_do_not_answer_read_as_ones_in_bounded_time", dead_registers},
	{"msix_table_is_read_written_and_reset", msix_table},
	{"masked_vectors_are_pending_until_they_are_unmasked", msix_masks},
	{"masking_amid_interrupts_loses_none", msix_mask_race},
	{"nothing_stale_comes_out_after_quiescing_amid_traffic", quiesce_amid_traffic},
	{"idle_means_that_nothing_is_under_way", idle_is_idle},
};
const unsigned pcie_host_test_count = sizeof(pcie_host_tests) / sizeof(pcie_host_tests[0]);
