/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/ike/buffer.h"

#include <errno.h>
#include <stdlib.h>

int ike_buffer_set(struct ike_buffer *b, struct ike_slice s)
{
	uint8_t *copy = malloc(s.len ? s.len : 1);

	if (!copy)
		return -ENOMEM;
	if (s.len)
		memcpy(copy, s.data, s.len);
	free(b->data);
	*b = (struct ike_buffer){.data = copy, .len = s.len};
	return 0;
}

void ike_buffer_free(struct ike_buffer *b)
{
	free(b->data);
	*b = (struct ike_buffer){0};
}
