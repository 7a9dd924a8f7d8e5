// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/prefix_map.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST 64

struct prefix_entry {
	struct rvl_prefix prefix;
	bool used;
	uint32_t number;
};

static size_t place_of(const struct prefix_map *map, struct rvl_prefix prefix)
{
	return rvl_prefix_hash(&prefix) & (map->room - 1);
}

static void put(struct prefix_map *map, struct rvl_prefix prefix, uint32_t number)
{
	size_t at = place_of(map, prefix);

	while (map->entries[at].used)
		at = (at + 1) & (map->room - 1);
	map->entries[at] = (struct prefix_entry){prefix, true, number};
}

/* Half of the places stay free. */
static int make_room(struct prefix_map *map)
{
	struct prefix_map wider = *map;

	if (2 * (map->count + 1) <= map->room)
		return 0;
	wider.room = map->room ? 2 * map->room : FIRST;
	wider.entries = calloc(wider.room, sizeof(*wider.entries));
	if (!wider.entries)
		return -ENOMEM;
	for (size_t i = 0; i < map->room; i++)
		if (map->entries[i].used)
			put(&wider, map->entries[i].prefix, map->entries[i].number);
	free(map->entries);
	*map = wider;
	return 0;
}

int prefix_map_add(struct prefix_map *map, struct rvl_prefix prefix, uint32_t number)
{
	int err = make_room(map);

	if (err)
		return err;
	put(map, prefix, number);
	map->count++;
	map->lengths[prefix.len] = true;
	return 0;
}

void prefix_map_free(struct prefix_map *map)
{
	free(map->entries);
	*map = (struct prefix_map){0};
}

bool prefix_map_next(const struct prefix_map *map, struct rvl_prefix prefix, size_t *at,
		     uint32_t *number)
{
	if (!map->room)
		return false;
	for (;;) {
		const struct prefix_entry *entry =
			&map->entries[(place_of(map, prefix) + *at) & (map->room - 1)];

		++*at;
		if (!entry->used)
			return false;
		if (!rvl_prefix_equal(&entry->prefix, &prefix))
			continue;
		*number = entry->number;
		return true;
	}
}

bool prefix_map_over(const struct prefix_map *map, struct rvl_prefix prefix,
		     prefix_map_suits_fn *suits, const void *context, uint32_t *number)
{
	for (int len = prefix.len; len >= 0; len--) {
		const struct rvl_prefix wide = rvl_prefix_of(&prefix.address, (uint8_t)len);
		size_t at = 0;

		if (!map->lengths[len])
			continue;
		while (prefix_map_next(map, wide, &at, number))
			if (suits(context, *number))
				return true;
	}
	return false;
}
