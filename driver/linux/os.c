// SPDX-License-Identifier: GPL-2.0
/*
 * What driver/core asks of its surroundings: registers, memory, time.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/ktime.h>

#include "ravelin.h"

/* Looks that are a microsecond apart; after them the waiting process sleeps. */
#define SPIN_POLLS 20
#define SHORT_POLLS 100

static u32 read32(void *ctx, u32 offset)
{
	struct rvl_nic *nic = ctx;

	if (unlikely(READ_ONCE(nic->away)))
		return ~0U;
	return readl(nic->regs + offset);
}

static void write32(void *ctx, u32 offset, u32 value)
{
	struct rvl_nic *nic = ctx;

	if (likely(!READ_ONCE(nic->away)))
		writel(value, nic->regs + offset);
}

/* Page aligned in both address spaces: the allocator rounds to powers of two pages. */
static void *dma_get(void *ctx, size_t size, u64 *bus)
{
	struct rvl_nic *nic = ctx;
	dma_addr_t addr;
	void *mem = dma_alloc_coherent(&nic->pdev->dev, PAGE_ALIGN(size), &addr, GFP_KERNEL);

	*bus = addr;
	return mem;
}

static void dma_put(void *ctx, void *mem, size_t size, u64 bus)
{
	struct rvl_nic *nic = ctx;

	dma_free_coherent(&nic->pdev->dev, PAGE_ALIGN(size), mem, bus);
}

static void dma_off(void *ctx)
{
	struct rvl_nic *nic = ctx;
	struct pci_dev *pdev = nic->pdev;

	pci_clear_master(pdev);
	if (READ_ONCE(nic->away) || !pci_device_is_present(pdev))
		return;
	/*
	 * What it had under way may come yet, into memory that is someone else's by then; and it
	 * may still hold keys. A function level reset ends both, and often what was wrong.
	 */
	pci_save_state(pdev);
	pcie_reset_flr(pdev, PCI_RESET_DO_RESET);
	pci_restore_state(pdev);
	pci_save_state(pdev);
}

static u64 now_ns(void *ctx)
{
	return ktime_get_ns();
}

/* Whoever waits for the device may sleep: commands, starts, stops and resets. */
static void wait_a_little(void *ctx, unsigned int polls)
{
	if (polls < SPIN_POLLS)
		udelay(1);
	else if (polls < SHORT_POLLS)
		usleep_range(20, 50);
	else
		usleep_range(200, 500);
}

static void log_line(void *ctx, enum rvl_log_level level, const char *text)
{
	struct rvl_nic *nic = ctx;
	struct device *dev = &nic->pdev->dev;

	/* That a device which was left alone on purpose does not answer is no news. */
	if (READ_ONCE(nic->away))
		return;
	switch (level) {
	case RVL_LOG_ERROR:
		dev_err_ratelimited(dev, "%s\n", text);
		break;
	case RVL_LOG_WARNING:
		dev_warn_ratelimited(dev, "%s\n", text);
		break;
	default:
		dev_info_ratelimited(dev, "%s\n", text);
	}
}

static const struct rvl_os_ops os_ops = {
	.read32 = read32,
	.write32 = write32,
	.dma_alloc = dma_get,
	.dma_free = dma_put,
	.dma_off = dma_off,
	.now_ns = now_ns,
	.wait = wait_a_little,
	.log = log_line,
};

void rvl_os_init(struct rvl_nic *nic)
{
	nic->os.ops = &os_ops;
	nic->os.ctx = nic;
}
