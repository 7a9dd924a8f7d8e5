/* SPDX-License-Identifier: BSD-2-Clause */
/* Octets of one's own. */
#ifndef RAVELIN_HOST_IKE_BUFFER_H
#define RAVELIN_HOST_IKE_BUFFER_H

#include "host/ike/cursor.h"

struct ike_buffer {
	uint8_t *data;
	size_t len;
};

/* A copy of these instead of what it has, which may be among them. 0 or -ENOMEM: it is as it was.
 */
int ike_buffer_set(struct ike_buffer *b, struct ike_slice s);
void ike_buffer_free(struct ike_buffer *b);

static inline struct ike_slice ike_buffer_slice(const struct ike_buffer *b)
{
	return ike_slice(b->data, b->len);
}

#endif
