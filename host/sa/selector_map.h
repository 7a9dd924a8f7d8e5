/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Things by their selectors, one for each: found by the same selector, by what lies within it, and
 * by a packet, each in a time that depends on how many pairs of prefix lengths there are, and not
 * on how many selectors.
 */
#ifndef RVL_SA_SELECTOR_MAP_H
#define RVL_SA_SELECTOR_MAP_H

#include "host/esp/spd.h"
#include "host/sa/indices.h"

struct rvl_selector_map {
	struct rvl_spd *spd;
	struct rvl_indices places;
	void **things; /* by place; NULL: none */
	size_t room;
	bool unseen_ports; /* as in rvl_selector_match() */
};

/* 0 or -ENOMEM. What it holds stays the caller's. */
int rvl_selector_map_init(struct rvl_selector_map *map, bool unseen_ports);
void rvl_selector_map_free(struct rvl_selector_map *map);

/* The thing's place, by which it is removed. 0 or -ENOMEM. */
int rvl_selector_map_add(struct rvl_selector_map *map, const struct rvl_selector *selector,
			 void *thing, uint32_t *place);
void rvl_selector_map_remove(struct rvl_selector_map *map, uint32_t place);

/* NULL: there is none. */
void *rvl_selector_map_equal(const struct rvl_selector_map *map,
			     const struct rvl_selector *selector);
void *rvl_selector_map_match(const struct rvl_selector_map *map, const struct rvl_ip *ip);

/* How narrow the narrowest is that a packet matches, the lower the narrower; UINT32_MAX: there is
 * none. */
uint32_t rvl_selector_map_rank(const struct rvl_selector_map *map, const struct rvl_ip *ip);

/* One whose selector holds all of this one, and that suits. */
typedef bool rvl_selector_map_suits_fn(const void *thing);
void *rvl_selector_map_over(const struct rvl_selector_map *map, const struct rvl_selector *part,
			    rvl_selector_map_suits_fn *suits);

/* One after the other, from *place 0 on; NULL after the last one. The one that was returned last
 * may be removed meanwhile. */
void *rvl_selector_map_next(const struct rvl_selector_map *map, uint32_t *place);

size_t rvl_selector_map_count(const struct rvl_selector_map *map);

#endif
