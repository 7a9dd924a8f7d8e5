/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IKE and ESP in a TCP stream (RFC 9329, section 3). Who connects sends a prefix first; then each
 * message comes behind its length, and IKE behind a marker that is no SPI as well. Octets go in as
 * they come; what they hold comes out. Sockets are the caller's.
 */
#ifndef RVL_ESP_STREAM_H
#define RVL_ESP_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RVL_STREAM_PREFIX "IKETCP"
#define RVL_STREAM_PREFIX_LEN 6
#define RVL_STREAM_HEAD_MAX 6 /* before a message: its length, and IKE's marker */

enum rvl_stream_kind {
	RVL_STREAM_IKE,	      /* from its header */
	RVL_STREAM_ESP,	      /* from its SPI, which isn't 0 */
	RVL_STREAM_KEEPALIVE, /* an octet 0xff, to be ignored (RFC 3948, section 2.3) */
};

/* A message; its octets are the callee's until it returns. */
typedef void rvl_stream_fn(void *context, enum rvl_stream_kind kind, const uint8_t *message,
			   size_t len);

struct rvl_stream;

/* One direction of a connection that was accepted, and so begins with the prefix, or that we made.
 * NULL without memory. */
struct rvl_stream *rvl_stream_new(bool accepted);

/* NULL is fine. */
void rvl_stream_free(struct rvl_stream *stream);

/*
 * The next octets of the stream: message() hears of each message that is complete. What isn't
 * waits, of at most one message. 0, or -EPROTO (another prefix, a length that no message has: the
 * connection is to be closed, and nothing more is taken from it), or -ENOMEM, likewise.
 */
int rvl_stream_take(struct rvl_stream *stream, const uint8_t *octets, size_t len,
		    rvl_stream_fn *message, void *context);

/*
 * What goes before a message of len octets; how much that is, or 0: it is too long, or there is no
 * such message. A keepalive is one octet, 0xff.
 */
size_t rvl_stream_head(enum rvl_stream_kind kind, size_t len, uint8_t head[RVL_STREAM_HEAD_MAX]);

#endif
