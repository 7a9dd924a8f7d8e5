/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What the files of the driver core share among themselves.
 */
#ifndef RVL_PRIVATE_H
#define RVL_PRIVATE_H

#include "rvl_queue.h"

#define RVL_ALL_ONES 0xffffffffU

/* Memory that the device sees. */
struct rvl_dma {
	void *mem;
	uint64_t bus;
	size_t size;
};

/* Which indices of a device table are taken; guarded by cmd_lock. */
struct rvl_index_map {
	uint32_t *taken; /* a bit each */
	unsigned int count;
	unsigned int next; /* where the search for a free one starts */
};

enum rvl_life { RVL_ALIVE, RVL_DYING, RVL_DEAD, RVL_GONE };

struct rvl_dev {
	struct rvl_os os;
	struct rvl_dev_options options;
	struct rvl_dev_caps caps;

	/* Set once, by whoever notices first; the reason is written in RVL_DYING. */
	rvl_atomic life;
	char reason[224];

	struct rvl_lock reg_lock; /* registers whose low half latches the high half */

	struct rvl_lock cmd_lock; /* command ring, tables of indices, list of queues */
	struct rvl_dma cmd_ring;
	struct rvl_dma cpl_ring;
	uint16_t cmd_tail;
	uint16_t cmd_tag;
	struct rvl_index_map sas[2]; /* by direction: inbound is 1 */
	struct rvl_index_map policies;
	struct rvl_queue *queues[RVL_QP_MAX];
	struct rvl_queue *stuck; /* queues that didn't stop: their rings are kept until close */

	struct rvl_lock evt_lock;
	struct rvl_dma evt_ring;
	uint16_t evt_head;
	uint32_t evt_number;
};

/*
 * Mark the device dead, unless it is already, and return the error that it has from now on. Asks
 * the device first whether it is gone, which is then the reason instead.
 */
int rvl_dev_kill(struct rvl_dev *dev, const char *fmt, ...) RVL_PRINTF(2, 3);

/* The device says that it is FATAL, for this RVL_FATAL_CAUSE_*. As rvl_dev_kill(). */
int rvl_dev_fatal(struct rvl_dev *dev, uint32_t cause);

/* 0 while alive, else -EIO or -ENODEV. */
int rvl_dev_alive(const struct rvl_dev *dev);

/* Fail with the reason why the device is dead. */
int rvl_dev_dead_error(const struct rvl_dev *dev, struct rvl_dev_error *err);

/* Milliseconds since start have reached limit. */
bool rvl_dev_expired(const struct rvl_dev *dev, uint64_t start_ns, uint32_t limit_ms);

int rvl_dma_get(struct rvl_dev *dev, struct rvl_dma *dma, size_t size);
void rvl_dma_put(struct rvl_dev *dev, struct rvl_dma *dma);

static inline void rvl_write_addr(const struct rvl_dev *dev, uint32_t reg_lo, uint64_t bus)
{
	rvl_os_write32(&dev->os, reg_lo, (uint32_t)bus);
	rvl_os_write32(&dev->os, reg_lo + 4, (uint32_t)(bus >> 32));
}

/* Is an entry, whose phase this is, one of the pass over the ring that `pointer` is in? */
static inline bool rvl_phase_is(uint8_t phase, uint16_t pointer, uint8_t log2)
{
	bool first = !((pointer >> log2) & 1);

	return !!(phase & RVL_PHASE_PASS) == first;
}

int rvl_index_init(struct rvl_index_map *map, unsigned int count);
void rvl_index_free(struct rvl_index_map *map);
bool rvl_index_taken(const struct rvl_index_map *map, unsigned int index);
/* A free index, now taken; or -ENOSPC. */
int rvl_index_take(struct rvl_index_map *map);
void rvl_index_set(struct rvl_index_map *map, unsigned int index, bool taken);

/* The command ring and the event ring (their registers; the memory is there). */
void rvl_cmd_start(struct rvl_dev *dev);
void rvl_event_start(struct rvl_dev *dev);

/* Free a queue pair's memory; the device is off it. */
void rvl_queue_free(struct rvl_queue *queue);
/* The queue after it in the list of stuck ones. */
struct rvl_queue *rvl_queue_next(struct rvl_queue *queue);

#endif
