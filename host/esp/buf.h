/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A packet in a larger buffer, with room to grow at both ends.
 */
#ifndef RVL_ESP_BUF_H
#define RVL_ESP_BUF_H

#include <stddef.h>
#include <stdint.h>

/* Octets [off, off + len) of the size octets at base hold the packet; the rest is room. Owns
 * nothing. */
struct rvl_buf {
	uint8_t *base;
	size_t size;
	size_t off;
	size_t len;
};

static inline uint8_t *rvl_buf_data(const struct rvl_buf *buf)
{
	return buf->base + buf->off;
}

static inline size_t rvl_buf_headroom(const struct rvl_buf *buf)
{
	return buf->off;
}

static inline size_t rvl_buf_tailroom(const struct rvl_buf *buf)
{
	return buf->size - buf->off - buf->len;
}

/* Give up n octets at the front; the caller has checked that there are as many. */
static inline void rvl_buf_pull(struct rvl_buf *buf, size_t n)
{
	buf->off += n;
	buf->len -= n;
}

/* Take n octets of headroom into the packet; the caller has checked that there are as many. */
static inline void rvl_buf_push(struct rvl_buf *buf, size_t n)
{
	buf->off -= n;
	buf->len += n;
}

#endif
