/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/sim/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PAGE 4096U

static uint32_t os_read32(void *ctx, uint32_t offset)
{
	return rvl_sim_read32(((struct machine *)ctx)->sim, 0, offset);
}

static void os_write32(void *ctx, uint32_t offset, uint32_t value)
{
	rvl_sim_write32(((struct machine *)ctx)->sim, 0, offset, value);
}

uint8_t *machine_alloc(struct machine *m, uint32_t size, uint64_t *bus)
{
	uint32_t at = m->used;

	size = (size + PAGE - 1) & ~(PAGE - 1);
	if (size > MACHINE_MEMORY - at)
		return NULL;
	m->used += size;
	memset(m->memory + at, 0, size);
	*bus = MACHINE_BUS + at;
	return m->memory + at;
}

static void *os_alloc(void *ctx, size_t size, uint64_t *bus)
{
	return size > MACHINE_MEMORY ? NULL : machine_alloc(ctx, (uint32_t)size, bus);
}

static void os_free(void *ctx, void *mem, size_t size, uint64_t bus)
{
	(void)ctx;
	(void)mem;
	(void)size;
	(void)bus;
}

static void os_dma_off(void *ctx)
{
	rvl_sim_set_bus_master(((struct machine *)ctx)->sim, false);
}

static uint64_t os_now(void *ctx)
{
	return rvl_sim_cycle(((struct machine *)ctx)->sim) * 1000;
}

static void os_wait(void *ctx, unsigned polls)
{
	(void)polls;
	rvl_sim_step(((struct machine *)ctx)->sim, 16);
}

static const struct rvl_os_ops os_ops = {
	.read32 = os_read32,
	.write32 = os_write32,
	.dma_alloc = os_alloc,
	.dma_free = os_free,
	.dma_off = os_dma_off,
	.now_ns = os_now,
	.wait = os_wait,
};

static void on_irq(void *ctx, unsigned vector)
{
	struct machine *m = ctx;

	assert_true(vector < MACHINE_VECTORS);
	m->irqs[vector]++;
}

static void on_frame(void *ctx, const uint8_t *frame, uint32_t len)
{
	struct machine *m = ctx;
	struct machine_frame *f = &m->wire[m->wire_count++ % MACHINE_FRAMES];

	assert_true(len <= sizeof(f->data));
	f->len = len;
	memcpy(f->data, frame, len);
}

static void on_log(void *ctx, const char *text)
{
	((struct machine *)ctx)->complaints++;
	print_message("simulator: %s\n", text);
}

void machine_start(struct machine *m, const struct rvl_sim_options *options)
{
	struct rvl_sim_options o = options ? *options : RVL_SIM_OPTIONS_DEFAULT;
	char err[256];

	memset(m, 0, sizeof(*m));
	m->memory = aligned_alloc(PAGE, MACHINE_MEMORY);
	m->wire = calloc(MACHINE_FRAMES, sizeof(*m->wire));
	m->os = (struct rvl_os){.ops = &os_ops, .ctx = m};
	assert_true(m->memory && m->wire);
	o.irq = on_irq;
	o.tx = on_frame;
	o.log = on_log;
	o.ctx = m;
	if (rvl_sim_create(&m->sim, &o, err, sizeof(err)))
		fail_msg("%s", err);
	rvl_sim_map(m->sim, &(struct rvl_dma_range){.bus = MACHINE_BUS,
						    .size = MACHINE_MEMORY,
						    .mem = m->memory,
						    .readable = true,
						    .writable = true});
	rvl_sim_set_bus_master(m->sim, true);
}

void machine_stop(struct machine *m)
{
	rvl_sim_destroy(m->sim);
	free(m->memory);
	free(m->wire);
}

void machine_settle(struct machine *m)
{
	if (!rvl_sim_run(m->sim, 200000))
		fail_msg("the NIC is not idle after 200,000 cycles");
}
