/* SPDX-License-Identifier: BSD-2-Clause */
/* Host memory that the device can reach: ranges of bus addresses and where they lie in this
 * process. */
#ifndef RVL_SIM_DMA_MAP_H
#define RVL_SIM_DMA_MAP_H

#include <stdbool.h>
#include <stdint.h>

struct rvl_dma_range {
	uint64_t bus, size;
	uint8_t *mem; /* NULL: known, but not reachable */
	bool readable, writable;
};

struct rvl_dma_map {
	struct rvl_dma_range *ranges; /* by bus address, not overlapping */
	unsigned count, room;
};

/*
 * Add a range. mem stays the caller's and must remain until the range is removed. Returns 0,
 * -EINVAL (empty, or beyond the last address), -EEXIST (overlaps another) or -ENOMEM.
 */
int rvl_dma_map_add(struct rvl_dma_map *map, const struct rvl_dma_range *range);

/* Remove exactly this range. Returns 0 or -ENOENT. */
int rvl_dma_map_remove(struct rvl_dma_map *map, uint64_t bus, uint64_t size);

void rvl_dma_map_free(struct rvl_dma_map *map);

/*
 * Where len octets (1 or more) at bus lie, if one range holds them all, it can be reached and
 * allows the access; else NULL.
 */
uint8_t *rvl_dma_map_find(const struct rvl_dma_map *map, uint64_t bus, uint32_t len, bool write);

#endif
