/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which indices of a table are free. One that is given back is given out again as late as can be:
 * whoever still holds it finds nothing for a while, and not another's.
 */
#ifndef RVL_SA_INDICES_H
#define RVL_SA_INDICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rvl_indices {
	uint32_t most;	/* that are out at a time */
	uint32_t end;	/* none from here on was ever given out */
	uint32_t free;	/* of those before, in a queue */
	uint32_t first; /* of the queue */
	uint32_t last;
	uint32_t *next; /* in the queue, of those that are free */
	size_t room;
};

/* A free one. 0, -ENOSPC, or -ENOMEM. */
int rvl_indices_take(struct rvl_indices *indices, uint32_t *index);

/* One that is out. */
void rvl_indices_give(struct rvl_indices *indices, uint32_t index);

bool rvl_indices_is_out(const struct rvl_indices *indices, uint32_t index);

/* How many are out. */
uint32_t rvl_indices_count(const struct rvl_indices *indices);

void rvl_indices_free(struct rvl_indices *indices);

#endif
