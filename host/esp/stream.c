// SPDX-License-Identifier: BSD-2-Clause
#include "host/esp/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/esp/ip.h"

#define LENGTH 2 /* of the field, which counts itself */
#define MARKER 4
#define KEEPALIVE 0xff

struct rvl_stream {
	bool prefix; /* it is still to come */
	int error;
	/* What has come of a prefix or a message, with its length. */
	size_t waiting;
	size_t room;
	uint8_t *octets;
};

struct rvl_stream *rvl_stream_new(bool accepted)
{
	struct rvl_stream *stream = calloc(1, sizeof(*stream));

	if (stream)
		stream->prefix = accepted;
	return stream;
}

void rvl_stream_free(struct rvl_stream *stream)
{
	if (!stream)
		return;
	free(stream->octets);
	free(stream);
}

/* Octets that what begins here has in all, as far as these tell; 0: it is nothing that there is. */
static size_t wanted(const struct rvl_stream *stream, const uint8_t *octets, size_t len)
{
	if (stream->prefix)
		return memcmp(octets, RVL_STREAM_PREFIX,
			      len < RVL_STREAM_PREFIX_LEN ? len : RVL_STREAM_PREFIX_LEN)
			       ? 0
			       : RVL_STREAM_PREFIX_LEN;
	if (len < LENGTH)
		return LENGTH;
	/* Lengths of 0 and 1 aren't any, and 2 is a message of nothing. */
	return rvl_get_be16(octets) > LENGTH ? rvl_get_be16(octets) : 0;
}

static int give(struct rvl_stream *stream, const uint8_t *octets, size_t len,
		rvl_stream_fn *message, void *context)
{
	const uint8_t *payload = octets + LENGTH;
	size_t size = len - LENGTH;

	if (stream->prefix) {
		stream->prefix = false;
		return 0;
	}
	if (size == 1 && payload[0] == KEEPALIVE)
		message(context, RVL_STREAM_KEEPALIVE, payload, size);
	else if (size < MARKER)
		return -EPROTO;
	else if (rvl_get_be32(payload))
		message(context, RVL_STREAM_ESP, payload, size);
	else
		message(context, RVL_STREAM_IKE, payload + MARKER, size - MARKER);
	return 0;
}

/* Keep what is there of what has want octets in all. */
static int keep(struct rvl_stream *stream, const uint8_t *octets, size_t len, size_t want)
{
	uint8_t *more;

	if (want > stream->room) {
		more = realloc(stream->octets, want);
		if (!more)
			return -ENOMEM;
		stream->octets = more;
		stream->room = want;
	}
	memcpy(stream->octets + stream->waiting, octets, len);
	stream->waiting += len;
	return 0;
}

/* Take octets to what waits, until that is complete or its length is known; how many, or -errno. */
static long complete(struct rvl_stream *stream, const uint8_t *octets, size_t len,
		     rvl_stream_fn *message, void *context)
{
	size_t want = wanted(stream, stream->octets, stream->waiting);
	size_t taken = want - stream->waiting < len ? want - stream->waiting : len;
	int err = keep(stream, octets, taken, want);

	if (err)
		return err;
	want = wanted(stream, stream->octets, stream->waiting);
	if (!want)
		return -EPROTO;
	if (stream->waiting == want) {
		err = give(stream, stream->octets, want, message, context);
		stream->waiting = 0;
	}
	return err ? err : (long)taken;
}

int rvl_stream_take(struct rvl_stream *stream, const uint8_t *octets, size_t len,
		    rvl_stream_fn *message, void *context)
{
	while (len && !stream->error) {
		size_t want = stream->waiting ? 0 : wanted(stream, octets, len);
		long taken;

		if (stream->waiting) {
			taken = complete(stream, octets, len, message, context);
		} else if (!want) {
			taken = -EPROTO;
		} else if (want <= len && (stream->prefix || len >= LENGTH)) {
			taken = give(stream, octets, want, message, context);
			taken = taken ? taken : (long)want;
		} else {
			taken = keep(stream, octets, len, want);
			taken = taken ? taken : (long)len;
		}
		if (taken < 0) {
			stream->error = (int)taken;
			break;
		}
		octets += taken;
		len -= (size_t)taken;
	}
	return stream->error;
}

size_t rvl_stream_head(enum rvl_stream_kind kind, size_t len, uint8_t head[RVL_STREAM_HEAD_MAX])
{
	size_t size = kind == RVL_STREAM_IKE ? LENGTH + MARKER : LENGTH;

	if (len > UINT16_MAX - size || (kind == RVL_STREAM_KEEPALIVE && len != 1) ||
	    (kind == RVL_STREAM_ESP && len < MARKER))
		return 0;
	memset(head, 0, size);
	rvl_put_be16(head, (uint16_t)(size + len));
	return size;
}
