// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/indices.h"

#include <errno.h>
#include <stdlib.h>

#include "host/esp/grow.h"

#define OUT UINT32_MAX

/* So many stay free as long as there are others. */
#define REST 1024

int rvl_indices_take(struct rvl_indices *indices, uint32_t *index)
{
	bool fresh = indices->end < indices->most && indices->free < REST;
	uint32_t *grown;

	if (!fresh && !indices->free)
		return -ENOSPC;
	if (!fresh) {
		*index = indices->first;
		indices->first = indices->next[*index];
		indices->next[*index] = OUT;
		indices->free--;
		return 0;
	}
	grown = rvl_grow(indices->next, &indices->room, indices->end, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	indices->next = grown;
	*index = indices->end++;
	indices->next[*index] = OUT;
	return 0;
}

void rvl_indices_give(struct rvl_indices *indices, uint32_t index)
{
	if (indices->free++)
		indices->next[indices->last] = index;
	else
		indices->first = index;
	indices->last = index;
	indices->next[index] = 0;
}

bool rvl_indices_is_out(const struct rvl_indices *indices, uint32_t index)
{
	return index < indices->end && indices->next[index] == OUT;
}

uint32_t rvl_indices_count(const struct rvl_indices *indices)
{
	return indices->end - indices->free;
}

void rvl_indices_free(struct rvl_indices *indices)
{
	free(indices->next);
}
