/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/dma_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Index of the first range whose end lies at bus or beyond. */
static unsigned find(const struct rvl_dma_map *map, uint64_t bus)
{
	unsigned low = 0, high = map->count;

	while (low < high) {
		unsigned mid = low + (high - low) / 2;

		if (map->ranges[mid].bus + (map->ranges[mid].size - 1) < bus)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

int rvl_dma_map_add(struct rvl_dma_map *map, const struct rvl_dma_range *range)
{
	uint64_t last = range->bus + (range->size - 1);
	unsigned at;

	if (range->size == 0 || last < range->bus)
		return -EINVAL;
	at = find(map, range->bus);
	if (at < map->count && map->ranges[at].bus <= last)
		return -EEXIST;
	if (map->count == map->room) {
		unsigned room = map->room ? 2 * map->room : 16;
		void *ranges = realloc(map->ranges, room * sizeof(*map->ranges));

		if (!ranges)
			return -ENOMEM;
		map->ranges = ranges;
		map->room = room;
	}
	memmove(map->ranges + at + 1, map->ranges + at, (map->count - at) * sizeof(*map->ranges));
	map->ranges[at] = *range;
	map->count++;
	return 0;
}

int rvl_dma_map_remove(struct rvl_dma_map *map, uint64_t bus, uint64_t size)
{
	unsigned at = find(map, bus);

	if (at == map->count || map->ranges[at].bus != bus || map->ranges[at].size != size)
		return -ENOENT;
	map->count--;
	memmove(map->ranges + at, map->ranges + at + 1, (map->count - at) * sizeof(*map->ranges));
	return 0;
}

void rvl_dma_map_free(struct rvl_dma_map *map)
{
	free(map->ranges);
	memset(map, 0, sizeof(*map));
}

uint8_t *rvl_dma_map_find(const struct rvl_dma_map *map, uint64_t bus, uint32_t len, bool write)
{
	const struct rvl_dma_range *r;
	unsigned at = find(map, bus);

	if (at == map->count)
		return NULL;
	r = &map->ranges[at];
	if (bus < r->bus || len > r->size - (bus - r->bus) || !r->mem)
		return NULL;
	if (write ? !r->writable : !r->readable)
		return NULL;
	return r->mem + (bus - r->bus);
}
