/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers by prefixes: what has just this prefix, and what holds it, however many there
 * are. */
#ifndef RVL_RAVELD_PREFIX_MAP_H
#define RVL_RAVELD_PREFIX_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/esp/prefix.h"

struct prefix_map {
	struct prefix_entry *entries; /* where their hash says, or the next free place behind */
	size_t room;		      /* a power of two, or 0 */
	size_t count;
	bool lengths[129]; /* of which there are any */
};

/* One more of that prefix. 0 or -ENOMEM. */
int prefix_map_add(struct prefix_map *map, struct rvl_prefix prefix, uint32_t number);
void prefix_map_free(struct prefix_map *map);

/* The next one of just this prefix; *at is 0 before the first. False: there is none. */
bool prefix_map_next(const struct prefix_map *map, struct rvl_prefix prefix, size_t *at,
		     uint32_t *number);

/* Of those whose prefix holds this one and that suit, one of the narrowest. False: there is none.
 */
typedef bool prefix_map_suits_fn(const void *context, uint32_t number);
bool prefix_map_over(const struct prefix_map *map, struct rvl_prefix prefix,
		     prefix_map_suits_fn *suits, const void *context, uint32_t *number);

#endif
