/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/rtl/queue/queue_bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bench_fail(struct bench *b, const char *fmt, ...)
{
	va_list ap;

	printf("# cycle %llu: ", (unsigned long long)b->cycle);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	longjmp(*b->jmp, 1);
}

uint32_t bench_random(struct bench *b, uint32_t below)
{
	b->rng ^= b->rng << 13;
	b->rng ^= b->rng >> 7;
	b->rng ^= b->rng << 17;
	return below ? (uint32_t)(((b->rng >> 32) * below) >> 32) : 0;
}

bool bench_chance(struct bench *b, unsigned int pct)
{
	return pct >= 100 || (pct && bench_random(b, 100) < pct);
}

/* --------------------------------------------------------------------------- host memory */

uint64_t host_alloc(struct bench *b, size_t len, size_t align, unsigned int perm)
{
	size_t at = (b->mem_used + align - 1) / align * align;

	CHECK(b, at + len <= HOST_SIZE);
	b->mem_used = at + len;
	host_perm(b, HOST_BASE + at, len, perm);
	return HOST_BASE + at;
}

void *host_ptr(struct bench *b, uint64_t addr)
{
	return b->mem + (addr - HOST_BASE);
}

void host_perm(struct bench *b, uint64_t addr, size_t len, unsigned int perm)
{
	memset(b->perm + (addr - HOST_BASE), (int)perm, len);
}

static void host_check(struct bench *b, uint64_t addr, unsigned int len, unsigned int perm)
{
	if (addr < HOST_BASE || addr + len > HOST_BASE + HOST_SIZE)
		bench_fail(b, "access of %u octets at %#llx, outside memory", len,
			   (unsigned long long)addr);
	for (unsigned int i = 0; i < len; i++)
		if (!(b->perm[addr - HOST_BASE + i] & perm))
			bench_fail(b, "octet %u of %u at %#llx: access not allowed", i, len,
				   (unsigned long long)addr);
}

/* Reads are answered in order, each some cycles after it was asked. */
static void reads_drive(struct bench *b)
{
	struct queue_in *in = &b->in;
	const struct host_read *r = &b->reads[b->read_head];
	unsigned int n;

	in->rd_req_ready = b->read_count < READS_MAX && !b->read_frozen &&
			   bench_chance(b, b->read_req_ready_pct);
	if (in->rd_rsp_valid)
		return;
	if (!b->read_count || r->due > b->cycle || bench_chance(b, b->read_gap_pct))
		return;
	in->rd_rsp_valid = true;
	in->rd_rsp_tag = r->tag;
	in->rd_rsp_sop = b->read_off == 0;
	in->rd_rsp_err = r->fail;
	n = r->len - b->read_off < b->beat ? r->len - b->read_off : b->beat;
	in->rd_rsp_eop = r->fail || b->read_off + n == r->len;
	in->rd_rsp_bytes = (uint8_t)n;
	for (unsigned int i = 0; i < b->beat; i++)
		in->rd_rsp_data[i] = (uint8_t)bench_random(b, 256);
	if (!r->fail)
		memcpy(in->rd_rsp_data, host_ptr(b, r->addr + b->read_off), n);
}

static void reads_observe(struct bench *b)
{
	const struct queue_out *out = &b->out;

	if (out->rd_req_valid && b->in.rd_req_ready) {
		struct host_read *r = &b->reads[(b->read_head + b->read_count) % READS_MAX];

		CHECK(b, out->rd_req_len >= 1);
		host_check(b, out->rd_req_addr, out->rd_req_len, PERM_READ | PERM_FAIL);
		r->addr = out->rd_req_addr;
		r->len = out->rd_req_len;
		r->tag = out->rd_req_tag;
		r->due = b->cycle + 1 + b->read_latency_min + bench_random(b, b->read_latency);
		r->fail = false;
		for (unsigned int i = 0; i < r->len; i++)
			r->fail |= b->perm[r->addr - HOST_BASE + i] & PERM_FAIL;
		for (unsigned int q = 0; q < b->pairs; q++) {
			const struct pair *p = &b->pair[q];

			unsigned int size = 0;

			if (r->addr - p->tx_ring < sizeof(struct rvl_tx_desc) << p->tx_log2)
				size = sizeof(struct rvl_tx_desc);
			if (r->addr - p->rx_ring < sizeof(struct rvl_rx_desc) << p->rx_log2)
				size = sizeof(struct rvl_rx_desc);
			if (p->on && size) {
				CHECK(b, r->len % size == 0 && r->len <= 16 * size);
				b->desc_reads++;
				b->desc_read_octets += r->len;
			}
		}
		b->read_count++;
		if (b->read_count > b->read_max)
			b->read_max = b->read_count;
	}
	if (b->in.rd_rsp_valid) {
		if (out->rd_rsp_ready) {
			b->read_stall = 0;
			b->in.rd_rsp_valid = false;
			b->read_off += b->beat;
			if (b->in.rd_rsp_eop) {
				b->read_off = 0;
				b->read_head = (b->read_head + 1) % READS_MAX;
				b->read_count--;
			}
		} else if (++b->read_stall > 66) {
			bench_fail(b, "an answer is not taken");
		}
	}
}

static void writes_observe(struct bench *b)
{
	const struct queue_out *out = &b->out;
	unsigned int n;

	if (!out->wr_valid || !b->in.wr_ready)
		return;
	CHECK(b, out->wr_sop == !b->wr_open);
	if (out->wr_sop) {
		b->wr_addr = out->wr_addr;
		b->wr_len = out->wr_len;
		b->wr_off = 0;
		b->wr_open = true;
		CHECK(b, out->wr_len || (out->wr_eop && out->wr_irq));
		CHECK(b, out->wr_len <= MAX_FRAME);
		if (b->wr_len)
			host_check(b, b->wr_addr, b->wr_len, PERM_WRITE);
	}
	n = b->wr_len - b->wr_off < b->beat ? b->wr_len - b->wr_off : b->beat;
	memcpy(b->wr_data + b->wr_off, out->wr_data, n);
	b->wr_off += n;
	CHECK(b, out->wr_eop == (b->wr_off == b->wr_len));
	if (out->wr_eop) {
		b->wr_open = false;
		if (b->wr_len)
			memcpy(host_ptr(b, b->wr_addr), b->wr_data, b->wr_len);
		if (b->wr_len && pair_cq_write(b, b->wr_addr, b->wr_len))
			CHECK(b, !out->wr_irq);
		if (out->wr_irq)
			b->irqs[out->wr_vector]++;
	}
}

/* What is offered and not taken must stand unchanged. */
static void stability_check(struct bench *b)
{
	const struct queue_out *o = &b->out, *l = &b->last;

	if (l->rd_req_valid)
		CHECK(b, o->rd_req_valid && o->rd_req_addr == l->rd_req_addr &&
				 o->rd_req_len == l->rd_req_len && o->rd_req_tag == l->rd_req_tag);
	if (l->wr_valid)
		CHECK(b, o->wr_valid && o->wr_sop == l->wr_sop && o->wr_eop == l->wr_eop &&
				 o->wr_irq == l->wr_irq && o->wr_addr == l->wr_addr &&
				 o->wr_len == l->wr_len &&
				 !memcmp(o->wr_data, l->wr_data, b->beat));
	if (l->htx_valid)
		CHECK(b, o->htx_valid && o->htx_sop == l->htx_sop && o->htx_eop == l->htx_eop &&
				 o->htx_len == l->htx_len &&
				 !memcmp(o->htx_data, l->htx_data, b->beat));
	if (l->cmd_valid)
		CHECK(b, o->cmd_valid && !memcmp(&o->cmd, &l->cmd, sizeof(o->cmd)));
	b->last = *o;
	b->last.rd_req_valid &= !b->in.rd_req_ready;
	b->last.wr_valid &= !b->in.wr_ready;
	b->last.htx_valid &= !b->in.htx_ready;
	b->last.cmd_valid &= !b->in.cmd_ready;
}

void bench_cycle(struct bench *b)
{
	reads_drive(b);
	b->in.wr_ready = !b->wr_frozen && bench_chance(b, b->wr_ready_pct);
	peers_drive(b);
	queue_dut_settle(b->dut, &b->in, &b->out);
	if (b->in.rst_n) {
		stability_check(b);
		reads_observe(b);
		writes_observe(b);
		peers_observe(b);
	} else {
		memset(&b->last, 0, sizeof(b->last));
	}
	b->cycles_register = b->in.power_on_rst_n ? b->cycles_register + 1 : 0;
	queue_dut_edge(b->dut);
	if (++b->cycle > CYCLES_MAX)
		bench_fail(b, "no end");
}

void bench_run(struct bench *b, unsigned int cycles)
{
	while (cycles--)
		bench_cycle(b);
}

void bench_until_idle(struct bench *b, unsigned int limit)
{
	bench_run(b, 4);
	while (!(b->out.idle && !b->read_count && !b->hrx_open && !b->cmd_running)) {
		if (!limit--)
			bench_fail(b, "not idle");
		bench_cycle(b);
	}
}

void bench_reset(struct bench *b, bool power_on)
{
	b->in.rst_n = false;
	b->in.power_on_rst_n = !power_on;
	b->in.reg_valid = false;
	b->in.rd_rsp_valid = false;
	b->in.hrx_valid = false;
	b->in.cmd_rsp_valid = false;
	b->read_count = 0;
	b->read_off = 0;
	b->hrx_open = false;
	b->cmd_running = false;
	b->wr_open = false;
	b->htx_len = 0;
	b->ev_left = 0;
	b->hrx_left = 0;
	memset(b->cnt, 0, sizeof(b->cnt));
	memset(b->pair, 0, sizeof(b->pair));
	bench_run(b, 16);
	b->in.rst_n = true;
	b->in.power_on_rst_n = true;
	bench_run(b, 2);
}

struct bench *bench_new(uint64_t seed, jmp_buf *jmp)
{
	struct bench *b = calloc(1, sizeof(*b));

	b->jmp = jmp;
	b->rng = seed * 0x9e3779b97f4a7c15ULL + 0x1234567;
	b->dut = queue_dut_new();
	b->beat = queue_dut_beat();
	b->pairs = queue_dut_pairs();
	b->mem = calloc(1, HOST_SIZE);
	b->perm = calloc(1, HOST_SIZE);
	b->frames = calloc(FRAMES_MAX, sizeof(*b->frames));
	b->ev_cycles = calloc(FRAMES_MAX, sizeof(*b->ev_cycles));
	b->mem_used = 64;
	b->read_latency = 60;
	b->read_req_ready_pct = 80;
	b->read_gap_pct = 10;
	b->wr_ready_pct = 80;
	b->htx_ready_pct = 80;
	b->hrx_pct = 50;
	b->hrx_gap_pct = 10;
	b->hrx_min = 14;
	b->hrx_max = 600;
	b->hrx_only_q = -1;
	b->rx_queues = 1;
	b->cmd_delay = 20;
	b->cmd_delete_pct = 30;
	b->ev_pct = 20;
	b->in.ipsec_ready = true;
	b->in.mac = 0x665544332211ULL;
	bench_reset(b, true);
	return b;
}

void bench_free(struct bench *b)
{
	queue_dut_free(b->dut);
	free(b->mem);
	free(b->perm);
	free(b->frames);
	free(b->ev_cycles);
	free(b);
}

/* ----------------------------------------------------------------------------- registers */

static uint32_t reg_access(struct bench *b, uint32_t reg, bool write, uint32_t value,
			   unsigned int be)
{
	unsigned int limit = 8;

	b->in.reg_valid = true;
	b->in.reg_write = write;
	b->in.reg_addr = (uint16_t)reg;
	b->in.reg_wdata = value;
	b->in.reg_be = (uint8_t)be;
	do {
		if (!limit--)
			bench_fail(b, "register %#x: no answer", reg);
		bench_cycle(b);
	} while (!b->out.reg_ack);
	b->in.reg_valid = false;
	return b->out.reg_rdata;
}

uint32_t reg_read(struct bench *b, uint32_t reg)
{
	return reg_access(b, reg, false, bench_random(b, UINT32_MAX), 0xf);
}

void reg_write(struct bench *b, uint32_t reg, uint32_t value)
{
	reg_access(b, reg, true, value, 0xf);
}

void reg_write_be(struct bench *b, uint32_t reg, uint32_t value, unsigned int be)
{
	reg_access(b, reg, true, value, be);
}

uint64_t counter_read(struct bench *b, unsigned int counter)
{
	uint32_t reg = RVL_COUNTER_OFFSET + counter * RVL_COUNTER_STRIDE;
	uint64_t low = reg_read(b, reg);

	return low | (uint64_t)reg_read(b, reg + 4) << 32;
}

void counters_check(struct bench *b)
{
	for (unsigned int i = 0; i < RVL_CNT_NUM; i++) {
		uint64_t got = counter_read(b, i);

		if (got != b->cnt[i])
			bench_fail(b, "counter %u is %llu, not %llu", i, (unsigned long long)got,
				   (unsigned long long)b->cnt[i]);
	}
}
