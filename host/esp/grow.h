/* SPDX-License-Identifier: BSD-2-Clause */
/* Arrays that grow with the largest index in use. */
#ifndef RVL_ESP_GROW_H
#define RVL_ESP_GROW_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define RVL_GROW_FIRST 64

/*
 * The array with room for the element at index, and twice what it had at least where that is more;
 * new elements are zero. *room: how many it has room for. NULL without memory: it is as it was.
 */
static inline void *rvl_grow(void *array, size_t *room, size_t index, size_t element)
{
	size_t more = *room ? *room : RVL_GROW_FIRST;
	void *grown;

	if (index < *room)
		return array;
	while (more <= index)
		more *= 2;
	/* What is new takes no memory yet where the allocator has it from the kernel. */
	grown = calloc(more, element);
	if (!grown)
		return NULL;
	if (*room)
		memcpy(grown, array, *room * element);
	free(array);
	*room = more;
	return grown;
}

#endif
