/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/rtl/pcie/pcie_bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint32_t bench_random(struct bench *b, uint32_t n)
{
	uint64_t z = b->random += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return (uint32_t)(((z ^ (z >> 31)) >> 32) * n >> 32);
}

void bench_error(struct bench *b, const char *format, ...)
{
	va_list args;

	if (!b->quiet && b->errors < 8) {
		printf("# cycle %llu: ", (unsigned long long)b->cycle);
		va_start(args, format);
		vprintf(format, args);
		va_end(args);
		printf("\n");
	}
	b->errors++;
}

uint8_t *bench_memory(struct bench *b, uint64_t addr, uint32_t len, bool shadow)
{
	for (int i = 0; i < 2; i++) {
		uint64_t base = i ? MEM_HIGH : MEM_LOW;

		if (addr >= base && addr + len <= base + MEM_SIZE)
			return (shadow ? b->shadow[i] : b->mem[i]) + (addr - base);
	}
	return NULL;
}

static uint8_t *translate(void *ctx, uint64_t addr, uint32_t len, bool write)
{
	struct bench *b = ctx;

	(void)write;
	if (b->hole_size && addr < b->hole + b->hole_size && addr + len > b->hole)
		return NULL;
	return bench_memory(b, addr, len, false);
}

static bool message(void *ctx, uint64_t addr, uint32_t data)
{
	struct bench *b = ctx;
	uint32_t vector = data - 0x4300;

	if (addr < MSI_BASE || addr >= MSI_BASE + 0x1000)
		return false;
	if (vector >= VECTORS || addr != MSI_BASE + 16 * vector) {
		bench_error(b, "interrupt with address %llx, data %x", (unsigned long long)addr,
			    data);
		return true;
	}
	b->irqs[vector]++;
	b->irq_total++;
	if (!b->check_irqs)
		return true;
	while (b->irq_next < b->write_count && !b->writes[b->irq_next].irq)
		b->irq_next++;
	if (b->irq_next == b->write_count) {
		bench_error(b, "interrupt that nobody raised");
	} else {
		const struct write_op *w = &b->writes[b->irq_next++];

		if (w->vector != vector)
			bench_error(b, "vector %u, not %u", vector, w->vector);
		if (w->len && memcmp(bench_memory(b, w->addr, w->len, false), w->data, w->len))
			bench_error(b, "interrupt before the data of its write");
	}
	return true;
}

static void answered(void *ctx, const struct rvl_rootport_answer *answer)
{
	struct bench *b = ctx;

	b->answer = *answer;
	b->answered = true;
	b->answers++;
	memset(b->answer_data, 0, sizeof(b->answer_data));
	if (answer->data)
		memcpy(b->answer_data, answer->data, answer->dws * 4U);
	b->answer.data = b->answer_data;
}

static void violation(void *ctx, const char *text)
{
	bench_error(ctx, "%s", text);
}

struct bench *bench_create(uint64_t seed)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct rvl_rootport_policy policy = RVL_ROOTPORT_POLICY_DEFAULT;
	const struct rvl_rootport_host host = {.ctx = b,
					       .translate = translate,
					       .message = message,
					       .answered = answered,
					       .violation = violation};

	if (!b)
		abort();
	b->seed = seed;
	b->random = seed;
	policy.seed = seed ^ 0x5555;
	b->dut = pcie_dut_create(seed);
	b->rp = rvl_rootport_create(&policy, &host, b->dut->width);
	if (!b->rp)
		abort();
	return b;
}

void bench_destroy(struct bench *b)
{
	for (uint32_t i = 0; i < b->write_count; i++)
		free(b->writes[i].data);
	rvl_rootport_destroy(b->rp);
	pcie_dut_destroy(b->dut);
	free(b);
}

void bench_policy(struct bench *b, const struct rvl_rootport_policy *policy)
{
	rvl_rootport_set_policy(b->rp, policy);
}

void bench_reset(struct bench *b)
{
	struct rvl_rootport_policy policy = RVL_ROOTPORT_POLICY_DEFAULT;

	for (uint32_t i = 0; i < b->write_count; i++)
		free(b->writes[i].data);
	b->read_count = b->read_asked = b->read_done = b->read_pos = 0;
	b->write_count = b->write_done = b->write_pos = 0;
	b->request_gap = b->response_stall = b->write_gap = 0;
	b->check_irqs = true;
	b->irq_next = b->irq_total = 0;
	memset(b->irqs, 0, sizeof(b->irqs));
	b->reg_dead = false;
	b->reg_delay = 1;
	b->hole_size = 0;
	b->errors = 0;
	b->quiet = false;
	rvl_rootport_clear_rules(b->rp);
	rvl_rootport_reset(b->rp);
	bench_policy(b, &policy);
	for (int i = 0; i < 2; i++)
		for (uint32_t j = 0; j < MEM_SIZE; j++)
			b->mem[i][j] = b->shadow[i][j] = (uint8_t)bench_random(b, 256);
	for (uint32_t j = 0; j < sizeof(b->regs); j++)
		b->regs[j] = (uint8_t)bench_random(b, 256);
	memset(&b->dut->in, 0, sizeof(b->dut->in));
	memset(&b->dut->user, 0, sizeof(b->dut->user));
	b->dut->in.cfg = (struct rvl_function_config){.requester_id = 0x0300,
						      .bus_master = true,
						      .max_payload = 1,
						      .max_read = 2,
						      .ext_tag = true};
	for (int i = 0; i < 3; i++) {
		pcie_dut_settle(b->dut);
		pcie_dut_clock(b->dut);
	}
	b->dut->in.rst_n = true;
	memset(b->counters, 0, sizeof(b->counters));
	bench_steps(b, 16384 / b->dut->width + 20); /* its buffer is being erased */
	b->answers = 0;
	b->reg_accesses = 0;
}

void bench_random_policy(struct bench *b, bool stalls)
{
	struct rvl_rootport_policy p = {.seed = bench_random(b, 1U << 31)};
	struct rvl_function_config *cfg = &b->dut->in.cfg;

	p.latency_min = bench_random(b, 100);
	p.latency_max = p.latency_min + bench_random(b, 4) * bench_random(b, 100);
	p.reorder = bench_random(b, 4) != 0;
	p.split_percent = (uint32_t[]){0, 20, 60, 100}[bench_random(b, 4)];
	if (stalls) {
		p.request_gap_percent = bench_random(b, 80);
		p.completion_gap_percent = bench_random(b, 2) * bench_random(b, 50);
		p.write_stall_percent = bench_random(b, 2) * bench_random(b, 60);
		p.read_stall_percent = bench_random(b, 2) * bench_random(b, 60);
		p.completion_stall_percent = bench_random(b, 60);
		p.stall_cycles = 1 + bench_random(b, 8);
		b->request_gap = bench_random(b, 2) * bench_random(b, 80);
		b->response_stall = bench_random(b, 2) * bench_random(b, 80);
		b->write_gap = bench_random(b, 2) * bench_random(b, 80);
	}
	bench_policy(b, &p);
	cfg->rcb128 = bench_random(b, 2);
	cfg->max_payload = (uint8_t)bench_random(b, 6);
	cfg->max_read = (uint8_t)bench_random(b, 6);
	cfg->ext_tag = bench_random(b, 2);
	b->reg_delay = bench_random(b, 6);
}

static bool chance(struct bench *b, uint32_t percent)
{
	return percent && bench_random(b, 100) < percent;
}

static void step_reads(struct bench *b)
{
	struct pcie_user_in *u = &b->dut->user;
	const struct pcie_user_out *f = &b->dut->from;

	if (u->rd_req_valid && f->rd_req_ready) {
		b->reads[b->read_asked++].asked = b->cycle;
		u->rd_req_valid = false;
	}
	if (f->rd_rsp_valid && u->rd_rsp_ready) {
		struct read_op *r = &b->reads[b->read_done];

		if (b->read_done >= b->read_asked) {
			bench_error(b, "data that nobody asked for");
			return;
		}
		if (f->rd_rsp_sop != (b->read_pos == 0))
			bench_error(b, "read %u: sop at octet %u", b->read_done, b->read_pos);
		if (f->rd_rsp_tag != r->tag)
			bench_error(b, "read %u: tag %u, not %u", b->read_done, f->rd_rsp_tag,
				    r->tag);
		if (f->rd_rsp_err) {
			if (r->expect == EXPECT_DATA)
				bench_error(b, "read %u (%u octets at %llx) failed", b->read_done,
					    r->len, (unsigned long long)r->addr);
			if (!f->rd_rsp_eop || !f->rd_rsp_sop)
				bench_error(b, "read %u: an error is one beat", b->read_done);
			r->failed = true;
		} else {
			uint32_t n = f->rd_rsp_eop ? f->rd_rsp_bytes : b->dut->width;
			const uint8_t *mem = bench_memory(b, r->addr, r->len, false);

			if (r->expect == EXPECT_ERR)
				bench_error(b, "read %u did not fail", b->read_done);
			if (b->read_pos + n > r->len ||
			    f->rd_rsp_eop != (b->read_pos + n == r->len))
				bench_error(b, "read %u: %u octets, eop %u, at octet %u of %u",
					    b->read_done, n, f->rd_rsp_eop, b->read_pos, r->len);
			else if (memcmp(mem + b->read_pos, f->rd_rsp_data, n))
				bench_error(b,
					    "read %u (%u octets at %llx): wrong data at octet %u",
					    b->read_done, r->len, (unsigned long long)r->addr,
					    b->read_pos);
			b->read_pos += n;
		}
		if (f->rd_rsp_eop) {
			r->ended = b->cycle;
			b->read_done++;
			b->read_pos = 0;
		}
	}
	if (!u->rd_req_valid && b->read_asked < b->read_count && !chance(b, b->request_gap)) {
		const struct read_op *r = &b->reads[b->read_asked];

		u->rd_req_valid = true;
		u->rd_req_addr = r->addr;
		u->rd_req_len = r->len;
		u->rd_req_tag = r->tag;
	}
	u->rd_rsp_ready = !chance(b, b->response_stall);
}

static void step_writes(struct bench *b)
{
	struct pcie_user_in *u = &b->dut->user;
	const struct pcie_user_out *f = &b->dut->from;
	const struct write_op *w;
	uint32_t n;

	if (u->wr_valid && f->wr_ready) {
		b->write_pos += b->dut->width;
		if (u->wr_eop) {
			b->write_done++;
			b->write_pos = 0;
		}
		u->wr_valid = false;
	}
	if (u->wr_valid || b->write_done == b->write_count || chance(b, b->write_gap))
		return;
	w = &b->writes[b->write_done];
	n = w->len - b->write_pos < b->dut->width ? w->len - b->write_pos : b->dut->width;
	u->wr_valid = true;
	u->wr_sop = b->write_pos == 0;
	u->wr_eop = w->len - b->write_pos <= b->dut->width;
	u->wr_addr = u->wr_sop ? w->addr : ~0ULL;
	u->wr_len = u->wr_sop ? w->len : 0xffff;
	u->wr_irq = u->wr_sop ? w->irq : !w->irq;
	u->wr_vector = u->wr_sop ? w->vector : 0xff;
	memset(u->wr_data, 0xee, sizeof(u->wr_data));
	if (n)
		memcpy(u->wr_data, w->data + b->write_pos, n);
}

static void step_regs(struct bench *b)
{
	struct pcie_user_in *u = &b->dut->user;
	const struct pcie_user_out *f = &b->dut->from;

	if (u->reg_ack || !f->reg_valid || b->reg_dead) {
		u->reg_ack = false;
		b->reg_wait = 0;
		return;
	}
	if (b->reg_wait++ < b->reg_delay)
		return;
	u->reg_ack = true;
	b->reg_accesses++;
	if (f->reg_write) {
		for (int i = 0; i < 4; i++)
			if (f->reg_be >> i & 1)
				b->regs[f->reg_addr + i] = (uint8_t)(f->reg_wdata >> (8 * i));
	} else {
		memcpy(&u->reg_rdata, &b->regs[f->reg_addr], 4);
	}
}

void bench_step(struct bench *b)
{
	uint64_t cnt;

	pcie_dut_settle(b->dut);
	for (cnt = b->dut->from.cnt; cnt; cnt &= cnt - 1)
		b->counters[__builtin_ctzll(cnt)]++;
	rvl_rootport_clock(b->rp, &b->dut->in, &b->dut->out);
	step_reads(b);
	step_writes(b);
	step_regs(b);
	pcie_dut_clock(b->dut);
	b->cycle++;
}

void bench_steps(struct bench *b, uint32_t cycles)
{
	while (cycles--)
		bench_step(b);
}

void bench_drain(struct bench *b)
{
	uint64_t end = b->cycle + 4000000;
	uint32_t still = 0;

	while (still < 4) {
		bool idle = b->read_done == b->read_count && b->write_done == b->write_count &&
			    rvl_rootport_idle(b->rp);

		bench_step(b);
		still = idle && b->dut->out.idle ? still + 1 : 0;
		if (b->cycle == end) {
			bench_error(b, "stuck: %u of %u reads, %u of %u writes done", b->read_done,
				    b->read_count, b->write_done, b->write_count);
			return;
		}
	}
}

void bench_read(struct bench *b, uint64_t addr, uint32_t len, enum expect expect)
{
	if (b->read_count == MAX_OPS)
		abort();
	b->reads[b->read_count++] = (struct read_op){.addr = addr,
						     .len = (uint16_t)len,
						     .tag = (uint8_t)bench_random(b, 256),
						     .expect = expect};
}

void bench_write(struct bench *b, uint64_t addr, uint32_t len, int vector)
{
	struct write_op *w = &b->writes[b->write_count];
	uint8_t *shadow = bench_memory(b, addr, len, true);

	if (b->write_count++ == MAX_OPS)
		abort();
	*w = (struct write_op){.addr = addr,
			       .len = (uint16_t)len,
			       .irq = vector >= 0,
			       .vector = vector >= 0 ? (uint8_t)vector : 0};
	w->data = malloc(len + 1);
	if (!w->data)
		abort();
	for (uint32_t i = 0; i < len; i++)
		w->data[i] = (uint8_t)bench_random(b, 256);
	if (shadow && len)
		memcpy(shadow, w->data, len);
}

void bench_compare_memory(struct bench *b)
{
	for (int i = 0; i < 2; i++)
		for (uint32_t j = 0; j < MEM_SIZE; j++)
			if (b->mem[i][j] != b->shadow[i][j]) {
				bench_error(b, "memory %d differs at %x: %02x, not %02x", i, j,
					    b->mem[i][j], b->shadow[i][j]);
				return;
			}
}

void bench_request(struct bench *b, const struct rvl_rootport_request *r)
{
	uint64_t end = b->cycle + 20000;

	b->answered = false;
	while (rvl_rootport_request(b->rp, r) && b->cycle < end)
		bench_step(b);
	while ((rvl_rootport_requests_queued(b->rp) || rvl_rootport_requests_unanswered(b->rp)) &&
	       b->cycle < end)
		bench_step(b);
	if (b->cycle >= end)
		bench_error(b, "no answer to a request of type %02x", r->type);
}

uint32_t bench_reg_read(struct bench *b, unsigned bar, uint32_t offset)
{
	uint32_t value;
	const struct rvl_rootport_request r = {.type = RVL_TLP_MEM_READ,
					       .bar = (uint8_t)bar,
					       .first_be = 0xf,
					       .dws = 1,
					       .addr = 0xe0000000 + offset};

	bench_request(b, &r);
	if (!b->answered || b->answer.status != RVL_CPL_SUCCESS || b->answer.dws != 1) {
		bench_error(b, "read of BAR%u %x was not answered", bar, offset);
		return 0;
	}
	memcpy(&value, b->answer_data, 4);
	return value;
}

void bench_reg_write(struct bench *b, unsigned bar, uint32_t offset, uint32_t value)
{
	while (rvl_rootport_write32(b->rp, bar, 0xe0000000 + offset, value))
		bench_step(b);
}

void bench_enable_irqs(struct bench *b)
{
	for (uint32_t i = 0; i < VECTORS; i++) {
		bench_reg_write(b, 2, 16 * i, MSI_BASE + 16 * i);
		bench_reg_write(b, 2, 16 * i + 4, 0);
		bench_reg_write(b, 2, 16 * i + 8, 0x4300 + i);
		bench_reg_write(b, 2, 16 * i + 12, 0);
	}
	bench_reg_read(b, 2, 0);
	b->dut->in.cfg.msix_enable = true;
}
