// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/selector_map.h"

#include <errno.h>
#include <stdlib.h>

#include "host/esp/grow.h"
#include "host/sa/selector.h"

int rvl_selector_map_init(struct rvl_selector_map *map, bool unseen_ports)
{
	*map = (struct rvl_selector_map){
		.spd = rvl_spd_new(UINT32_MAX),
		.places = {.most = UINT32_MAX},
		.unseen_ports = unseen_ports,
	};
	return map->spd ? 0 : -ENOMEM;
}

void rvl_selector_map_free(struct rvl_selector_map *map)
{
	rvl_spd_free(map->spd);
	rvl_indices_free(&map->places);
	free(map->things);
}

int rvl_selector_map_add(struct rvl_selector_map *map, const struct rvl_selector *selector,
			 void *thing, uint32_t *place)
{
	struct rvl_policy policy = {
		.priority = rvl_selector_priority(selector, RVL_DISCARD),
		.selector = *selector,
		/* What lets pass isn't won by fragments. */
		.action = map->unseen_ports ? RVL_DISCARD : RVL_BYPASS,
	};
	void **grown;
	int err = rvl_indices_take(&map->places, place);

	if (err)
		return err;
	policy.sa = *place;
	grown = rvl_grow(map->things, &map->room, *place, sizeof(*grown));
	if (grown)
		map->things = grown;
	err = grown ? rvl_spd_set(map->spd, *place, &policy) : -ENOMEM;
	if (err)
		rvl_indices_give(&map->places, *place);
	else
		map->things[*place] = thing;
	return err;
}

void rvl_selector_map_remove(struct rvl_selector_map *map, uint32_t place)
{
	rvl_spd_clear(map->spd, place);
	map->things[place] = NULL;
	rvl_indices_give(&map->places, place);
}

static void *thing_of(const struct rvl_selector_map *map, const struct rvl_policy *policy)
{
	return policy ? map->things[policy->sa] : NULL;
}

void *rvl_selector_map_equal(const struct rvl_selector_map *map,
			     const struct rvl_selector *selector)
{
	return thing_of(map, rvl_spd_equal(map->spd, selector));
}

uint32_t rvl_selector_map_rank(const struct rvl_selector_map *map, const struct rvl_ip *ip)
{
	const struct rvl_policy *policy = rvl_spd_lookup(map->spd, ip);

	return policy ? policy->priority : UINT32_MAX;
}

void *rvl_selector_map_match(const struct rvl_selector_map *map, const struct rvl_ip *ip)
{
	return thing_of(map, rvl_spd_lookup(map->spd, ip));
}

struct wanted {
	const struct rvl_selector_map *map;
	rvl_selector_map_suits_fn *suits;
};

static bool suits(const void *context, const struct rvl_policy *policy)
{
	const struct wanted *wanted = context;

	return wanted->suits(thing_of(wanted->map, policy));
}

void *rvl_selector_map_over(const struct rvl_selector_map *map, const struct rvl_selector *part,
			    rvl_selector_map_suits_fn *fn)
{
	const struct wanted wanted = {map, fn};

	return thing_of(map, rvl_spd_over(map->spd, part, suits, &wanted));
}

void *rvl_selector_map_next(const struct rvl_selector_map *map, uint32_t *place)
{
	while (*place < map->room) {
		void *thing = map->things[(*place)++];

		if (thing)
			return thing;
	}
	return NULL;
}

size_t rvl_selector_map_count(const struct rvl_selector_map *map)
{
	return rvl_indices_count(&map->places);
}
