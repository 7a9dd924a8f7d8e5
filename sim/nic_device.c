/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/nic_device.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "driver/core/rvl_regs.h"

#define ENTRY 16U   /* octets of an MSI-X table entry */
#define CONTROL 12U /* of its vector control */

/*
 * Addresses and data in the MSI-X table are the simulator's (sim.h); what a client writes there is
 * kept here and read back, as on a host that owns the table of a device it has given away. The mask
 * bits go through to the NIC.
 */
struct rvl_nic_device {
	struct rvl_sim *sim;
	rvl_sim_log_fn *log;
	void *log_ctx;
	unsigned vectors;
	uint8_t *table;
	bool keep; /* what a client leaves */
};

static int nic_attach(void *ctx)
{
	struct rvl_nic_device *d = ctx;
	uint8_t command[2];

	/* A client of VFIO finds memory space enabled: the host has enabled the device for it. */
	rvl_sim_config_read(d->sim, 0x04, command, sizeof(command));
	command[0] |= 0x02;
	return rvl_sim_config_write(d->sim, 0x04, command, sizeof(command));
}

static bool in_table(const struct rvl_nic_device *d, unsigned region, uint64_t offset)
{
	return region == 2 && offset >= RVL_MSIX_TABLE_OFFSET &&
	       offset - RVL_MSIX_TABLE_OFFSET < (uint64_t)d->vectors * ENTRY;
}

static int nic_read(void *ctx, unsigned region, uint64_t offset, void *data, uint32_t count)
{
	struct rvl_nic_device *d = ctx;
	uint8_t *out = data;
	uint32_t i;

	if (region == RVL_VFIO_REGION_CONFIG) {
		rvl_sim_config_read(d->sim, (uint32_t)offset, data, count);
		return 0;
	}
	/* A failed read gives ones, as the root port of a host does; the client sees no error. */
	if (rvl_sim_read(d->sim, region, offset, data, count))
		return 0;
	for (i = 0; i < count && in_table(d, region, offset + i); i++)
		if ((offset + i) % ENTRY < CONTROL)
			out[i] = d->table[offset + i - RVL_MSIX_TABLE_OFFSET];
	return 0;
}

static uint64_t resets(const struct rvl_nic_device *d)
{
	struct rvl_sim_stats stats;

	rvl_sim_stats(d->sim, &stats);
	return stats.resets;
}

/* A write of the configuration space can ask for a Function Level Reset. */
static int write_config(struct rvl_nic_device *d, uint32_t offset, const void *data, uint32_t count)
{
	uint64_t before = resets(d);
	int rc = rvl_sim_config_write(d->sim, offset, data, count);

	if (resets(d) != before)
		memset(d->table, 0, d->vectors * ENTRY);
	return rc;
}

static bool memory_enabled(const struct rvl_nic_device *d)
{
	uint8_t command;

	rvl_sim_config_read(d->sim, 0x04, &command, sizeof(command));
	return command & 0x02;
}

static int nic_write(void *ctx, unsigned region, uint64_t offset, const void *data, uint32_t count)
{
	struct rvl_nic_device *d = ctx;
	const uint8_t *in = data;
	uint32_t i;

	if (region == RVL_VFIO_REGION_CONFIG)
		return write_config(d, (uint32_t)offset, data, count);
	/* Lost when memory space is off, as on a bus: a posted write has no answer. */
	if (!memory_enabled(d))
		return 0;
	for (i = 0; i < count && in_table(d, region, offset + i); i++) {
		uint32_t at = (uint32_t)(offset + i - RVL_MSIX_TABLE_OFFSET);

		if (at % ENTRY < CONTROL)
			d->table[at] = in[i];
		else if (at % ENTRY == CONTROL)
			rvl_sim_irq_mask(d->sim, at / ENTRY, in[i] & 1);
	}
	if (i < count)
		rvl_sim_write(d->sim, region, offset + i, in + i, count - i);
	return 0;
}

static int nic_map(void *ctx, uint64_t bus, uint64_t size, void *mem, bool readable, bool writable)
{
	struct rvl_nic_device *d = ctx;
	const struct rvl_dma_range range = {
		.bus = bus, .size = size, .mem = mem, .readable = readable, .writable = writable};

	return rvl_sim_map(d->sim, &range);
}

static void nic_unmap(void *ctx, uint64_t bus, uint64_t size)
{
	rvl_sim_unmap(((struct rvl_nic_device *)ctx)->sim, bus, size);
}

static int nic_irq_enable(void *ctx, bool on)
{
	rvl_sim_irq_enable(((struct rvl_nic_device *)ctx)->sim, on);
	return 0;
}

static int nic_irq_connect(void *ctx, unsigned vector, bool on)
{
	return rvl_sim_irq_connect(((struct rvl_nic_device *)ctx)->sim, vector, on);
}

static int nic_irq_mask(void *ctx, unsigned vector, bool masked)
{
	return rvl_sim_irq_mask(((struct rvl_nic_device *)ctx)->sim, vector, masked);
}

static int nic_reset(void *ctx)
{
	struct rvl_nic_device *d = ctx;

	memset(d->table, 0, d->vectors * ENTRY);
	return rvl_sim_flr(d->sim);
}

/* As VFIO does when the last user of a device has closed it: no key of one is left to the next. */
static void nic_detach(void *ctx)
{
	struct rvl_nic_device *d = ctx;

	if (!d->keep)
		nic_reset(d);
}

static void nic_log(void *ctx, const char *text)
{
	struct rvl_nic_device *d = ctx;

	if (d->log)
		d->log(d->log_ctx, text);
}

static const struct rvl_vfio_user_ops nic_ops = {
	.attach = nic_attach,
	.detach = nic_detach,
	.region_read = nic_read,
	.region_write = nic_write,
	.dma_map = nic_map,
	.dma_unmap = nic_unmap,
	.irq_enable = nic_irq_enable,
	.irq_connect = nic_irq_connect,
	.irq_mask = nic_irq_mask,
	.reset = nic_reset,
	.log = nic_log,
};

struct rvl_nic_device *rvl_nic_device_create(struct rvl_sim *sim, bool keep, rvl_sim_log_fn *log,
					     void *ctx, struct rvl_vfio_user_device *description)
{
	struct rvl_nic_device *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->sim = sim;
	d->log = log;
	d->log_ctx = ctx;
	d->keep = keep;
	d->vectors = rvl_sim_vectors(sim);
	d->table = calloc(d->vectors, ENTRY);
	if (!d->table) {
		free(d);
		return NULL;
	}
	*description = (struct rvl_vfio_user_device){
		.ops = &nic_ops,
		.ctx = d,
		.region_size = {[0] = RVL_BAR0_SIZE,
				[2] = RVL_BAR2_SIZE,
				[RVL_VFIO_REGION_CONFIG] = RVL_CONFIG_SPACE_SIZE},
		.vectors = d->vectors};
	return d;
}

void rvl_nic_device_destroy(struct rvl_nic_device *d)
{
	if (!d)
		return;
	free(d->table);
	free(d);
}
