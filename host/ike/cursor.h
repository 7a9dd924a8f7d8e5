/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bounded reading and writing of network-order octets.
 *
 * A cursor that is asked for more than it has gives zeros from then on and remembers that it
 * failed; a writer that is full drops what comes and remembers it. So a parser or writer runs
 * straight through and checks once, at its end.
 */
#ifndef RAVELIN_HOST_IKE_CURSOR_H
#define RAVELIN_HOST_IKE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Octets that belong to somebody else. */
struct ike_slice {
	const uint8_t *data;
	size_t len;
};

struct ike_cursor {
	const uint8_t *at;
	const uint8_t *end;
	bool failed;
};

struct ike_writer {
	uint8_t *data;
	size_t len;
	size_t cap;
	bool failed;
};

static inline struct ike_slice ike_slice(const void *data, size_t len)
{
	return (struct ike_slice){.data = data, .len = len};
}

static inline bool ike_slice_equal(struct ike_slice a, struct ike_slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline struct ike_cursor ike_cursor(struct ike_slice s)
{
	static const uint8_t nothing[1];
	const uint8_t *data = s.data ? s.data : nothing;

	return (struct ike_cursor){.at = data, .end = data + s.len};
}

static inline size_t ike_cursor_left(const struct ike_cursor *c)
{
	return (size_t)(c->end - c->at);
}

static inline bool ike_cursor_ok(const struct ike_cursor *c)
{
	return !c->failed;
}

/* What was read made no sense: nothing more comes out of this cursor. */
static inline void ike_cursor_fail(struct ike_cursor *c)
{
	c->failed = true;
	c->at = c->end;
}

static inline struct ike_slice ike_get_slice(struct ike_cursor *c, size_t len)
{
	struct ike_slice s;

	if (c->failed || len > ike_cursor_left(c)) {
		ike_cursor_fail(c);
		return ike_slice(c->end, 0);
	}
	s = ike_slice(c->at, len);
	c->at += len;
	return s;
}

static inline struct ike_slice ike_get_rest(struct ike_cursor *c)
{
	return ike_get_slice(c, ike_cursor_left(c));
}

static inline uint64_t ike_get_be(struct ike_cursor *c, size_t octets)
{
	struct ike_slice s = ike_get_slice(c, octets);
	uint64_t v = 0;

	for (size_t i = 0; i < s.len; i++)
		v = v << 8 | s.data[i];
	return v;
}

static inline uint8_t ike_get_u8(struct ike_cursor *c)
{
	return (uint8_t)ike_get_be(c, 1);
}

static inline uint16_t ike_get_u16(struct ike_cursor *c)
{
	return (uint16_t)ike_get_be(c, 2);
}

static inline uint32_t ike_get_u32(struct ike_cursor *c)
{
	return (uint32_t)ike_get_be(c, 4);
}

static inline uint64_t ike_get_u64(struct ike_cursor *c)
{
	return ike_get_be(c, 8);
}

static inline struct ike_writer ike_writer(void *data, size_t cap)
{
	return (struct ike_writer){.data = data, .cap = cap};
}

static inline bool ike_writer_ok(const struct ike_writer *w)
{
	return !w->failed;
}

static inline void ike_put(struct ike_writer *w, const void *data, size_t len)
{
	if (w->failed || len > w->cap - w->len) {
		w->failed = true;
		return;
	}
	if (len)
		memcpy(w->data + w->len, data, len);
	w->len += len;
}

static inline void ike_put_slice(struct ike_writer *w, struct ike_slice s)
{
	ike_put(w, s.data, s.len);
}

static inline void ike_put_be(struct ike_writer *w, uint64_t v, size_t octets)
{
	uint8_t out[8];

	for (size_t i = 0; i < octets; i++)
		out[i] = (uint8_t)(v >> (8 * (octets - 1 - i)));
	ike_put(w, out, octets);
}

static inline void ike_put_u8(struct ike_writer *w, uint8_t v)
{
	ike_put_be(w, v, 1);
}

static inline void ike_put_u16(struct ike_writer *w, uint16_t v)
{
	ike_put_be(w, v, 2);
}

static inline void ike_put_u32(struct ike_writer *w, uint32_t v)
{
	ike_put_be(w, v, 4);
}

static inline void ike_put_u64(struct ike_writer *w, uint64_t v)
{
	ike_put_be(w, v, 8);
}

static inline struct ike_slice ike_written(const struct ike_writer *w)
{
	return ike_slice(w->data, w->len);
}

/* Write a 16- or 32-bit length into room that was left for it. */
static inline void ike_patch_be(struct ike_writer *w, size_t at, uint64_t v, size_t octets)
{
	if (w->failed || at + octets > w->len) {
		w->failed = true;
		return;
	}
	for (size_t i = 0; i < octets; i++)
		w->data[at + i] = (uint8_t)(v >> (8 * (octets - 1 - i)));
}

#endif
