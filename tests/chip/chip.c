/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/chip/chip.h"

#include <linux/pci_regs.h>

#define ARENA_SIZE ((size_t)128 << 20)
#define WAIT_CYCLES 32
#define DRAIN_CYCLES 4000000
#define POLL_BUDGET 4096

static uint32_t read32(void *ctx, uint32_t offset)
{
	return rvl_sim_read32(((struct chip *)ctx)->sim, 0, offset);
}

static void write32(void *ctx, uint32_t offset, uint32_t value)
{
	rvl_sim_write32(((struct chip *)ctx)->sim, 0, offset, value);
}

static void *dma_alloc(void *ctx, size_t size, uint64_t *bus)
{
	return rvl_arena_alloc(&((struct chip *)ctx)->arena, size, bus);
}

static void dma_free(void *ctx, void *mem, size_t size, uint64_t bus)
{
	(void)bus;
	rvl_arena_free(&((struct chip *)ctx)->arena, mem, size);
}

static void dma_off(void *ctx)
{
	rvl_sim_set_bus_master(((struct chip *)ctx)->sim, false);
}

static uint64_t now_ns(void *ctx)
{
	return rvl_sim_cycle(((struct chip *)ctx)->sim) * CHIP_NS_PER_CYCLE;
}

static void wait_a_little(void *ctx, unsigned int polls)
{
	(void)polls;
	rvl_sim_step(((struct chip *)ctx)->sim, WAIT_CYCLES);
}

static const struct rvl_os_ops os_ops = {
	.read32 = read32,
	.write32 = write32,
	.dma_alloc = dma_alloc,
	.dma_free = dma_free,
	.dma_off = dma_off,
	.now_ns = now_ns,
	.wait = wait_a_little,
};

static void on_irq(void *ctx, unsigned int vector)
{
	struct chip *chip = ctx;

	if (vector < CHIP_VECTORS)
		chip->irqs[vector]++;
}

static void on_tx(void *ctx, const uint8_t *frame, uint32_t len)
{
	struct chip *chip = ctx;

	if (chip->on_wire)
		chip->on_wire(chip->ctx, frame, len);
}

static void on_log(void *ctx, const char *text)
{
	struct chip *chip = ctx;

	if (!chip->log[0])
		snprintf(chip->log, sizeof(chip->log), "%s", text);
}

static bool failed(struct chip *chip, const char *what, int code)
{
	size_t used = strlen(chip->text);

	snprintf(chip->text + used, sizeof(chip->text) - used, "%s%s (%d)", used ? ": " : "", what,
		 code);
	return false;
}

static void configure(struct chip *chip)
{
	uint16_t link;

	rvl_sim_set_payload(chip->sim, chip->max_payload, chip->max_read);
	rvl_sim_config_read(chip->sim, RVL_CONFIG_PCIE + PCI_EXP_LNKCTL, &link, sizeof(link));
	link = (uint16_t)(chip->rcb128 ? link | PCI_EXP_LNKCTL_RCB : link & ~PCI_EXP_LNKCTL_RCB);
	rvl_sim_config_write(chip->sim, RVL_CONFIG_PCIE + PCI_EXP_LNKCTL, &link, sizeof(link));
	rvl_sim_set_bus_master(chip->sim, true);
}

bool chip_attach(struct chip *chip, uint8_t queue_log2)
{
	const struct rvl_dev_options dev_options = {.control_vector = CHIP_CONTROL_VECTOR};
	struct rvl_dev_error err = {""};
	unsigned int i;
	int ret;

	chip->text[0] = 0;
	configure(chip);
	for (i = 0; i < CHIP_VECTORS; i++)
		rvl_sim_irq_connect(chip->sim, i, true);
	ret = rvl_dev_open(&chip->os, &dev_options, &chip->dev, &err);
	if (ret)
		return failed(chip, err.text, ret);
	for (i = 0; i < CHIP_QUEUES && queue_log2; i++) {
		const struct rvl_queue_options options = {
			.tx_log2 = queue_log2,
			.rx_log2 = queue_log2,
			.vector = (uint8_t)i,
		};

		ret = rvl_frame_queue_create(&chip->os, chip->dev, i, &options, &chip->queues[i],
					     &err);
		if (ret)
			return failed(chip, err.text, ret);
	}
	ret = rvl_dev_set_rx_queues(chip->dev, CHIP_QUEUES);
	if (!ret)
		ret = rvl_dev_enable(chip->dev, true);
	return ret ? failed(chip, "enable", ret) : true;
}

void chip_detach(struct chip *chip)
{
	unsigned int i;

	for (i = 0; i < CHIP_QUEUES; i++) {
		rvl_frame_queue_destroy(chip->queues[i]);
		chip->queues[i] = NULL;
	}
	rvl_dev_close(chip->dev);
	chip->dev = NULL;
}

bool chip_open(struct chip *chip, const struct rvl_sim_options *given, uint8_t queue_log2)
{
	struct rvl_sim_options options = given ? *given : RVL_SIM_OPTIONS_DEFAULT;
	unsigned int i;
	int ret;

	chip->os = (struct rvl_os){.ops = &os_ops, .ctx = chip};
	ret = rvl_arena_init(&chip->arena, ARENA_SIZE);
	if (ret)
		return failed(chip, "memory", ret);
	options.irq = on_irq;
	options.tx = on_tx;
	options.log = on_log;
	options.ctx = chip;
	ret = rvl_sim_create(&chip->sim, &options, chip->text, sizeof(chip->text));
	if (ret)
		return failed(chip, "power on", ret);
	for (i = 0; i < RVL_ARENA_WINDOWS; i++) {
		const struct rvl_arena_window *w = &chip->arena.windows[i];
		const struct rvl_dma_range range = {
			.bus = w->bus,
			.size = w->pages * RVL_ARENA_PAGE,
			.mem = chip->arena.mem + w->first * RVL_ARENA_PAGE,
			.readable = true,
			.writable = true,
		};

		ret = rvl_sim_map(chip->sim, &range);
		if (ret)
			return failed(chip, "map", ret);
	}
	return chip_attach(chip, queue_log2);
}

void chip_close(struct chip *chip)
{
	if (chip->sim)
		chip_detach(chip);
	rvl_sim_destroy(chip->sim);
	if (chip->arena.mem)
		rvl_arena_fini(&chip->arena);
	chip->sim = NULL;
	chip->arena.mem = NULL;
}

struct delivery {
	struct chip *chip;
	unsigned int queue;
};

static void deliver(void *ctx, uint8_t *frame, const struct rvl_completion *c)
{
	struct delivery *d = ctx;

	if (d->chip->on_host)
		d->chip->on_host(d->chip->ctx, d->queue, frame, c);
}

/* How many completions there were, or the error of a dead device. */
static int take(struct chip *chip)
{
	int sum = 0;
	unsigned int i;

	for (i = 0; i < CHIP_QUEUES; i++) {
		struct delivery d = {.chip = chip, .queue = i};
		int ret;

		if (!chip->queues[i])
			continue;
		ret = rvl_frame_queue_poll(chip->queues[i], POLL_BUDGET, deliver, &d);
		if (ret < 0) {
			snprintf(chip->text, sizeof(chip->text), "%s", rvl_dev_dead(chip->dev));
			return ret;
		}
		if (ret)
			rvl_queue_kick(rvl_frame_queue_rings(chip->queues[i]));
		sum += ret;
	}
	return sum;
}

bool chip_step(struct chip *chip, uint64_t cycles)
{
	rvl_sim_step(chip->sim, cycles);
	return take(chip) >= 0;
}

bool chip_drain(struct chip *chip)
{
	for (;;) {
		int ret;

		if (!rvl_sim_run(chip->sim, DRAIN_CYCLES)) {
			snprintf(chip->text, sizeof(chip->text), "not idle after %u cycles",
				 DRAIN_CYCLES);
			return false;
		}
		ret = take(chip);
		if (ret <= 0 && rvl_sim_idle(chip->sim))
			return ret == 0;
	}
}
