/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Which entries of a device table are taken. Free ones are given out in a circle, so that an index
 * just freed comes back as late as possible.
 */
#include "rvl_private.h"

int rvl_index_init(struct rvl_index_map *map, unsigned int count)
{
	map->taken = rvl_os_zalloc((count + 31) / 32, sizeof(*map->taken));
	map->count = count;
	map->next = 0;
	return map->taken ? 0 : -ENOMEM;
}

void rvl_index_free(struct rvl_index_map *map)
{
	rvl_os_free(map->taken);
	map->taken = NULL;
}

bool rvl_index_taken(const struct rvl_index_map *map, unsigned int index)
{
	return map->taken[index / 32] >> (index % 32) & 1;
}

void rvl_index_set(struct rvl_index_map *map, unsigned int index, bool taken)
{
	uint32_t bit = (uint32_t)1 << (index % 32);

	if (taken)
		map->taken[index / 32] |= bit;
	else
		map->taken[index / 32] &= ~bit;
}

int rvl_index_take(struct rvl_index_map *map)
{
	unsigned int tried;

	for (tried = 0; tried < map->count; tried++) {
		unsigned int index = map->next;

		map->next = index + 1 == map->count ? 0 : index + 1;
		if (!rvl_index_taken(map, index)) {
			rvl_index_set(map, index, true);
			return (int)index;
		}
	}
	return -ENOSPC;
}
