// SPDX-License-Identifier: BSD-2-Clause
#include "host/fetch/frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	REQUEST_HEADER = 15,
	LOCAL = 1,
	FIRST_ROOM = 4096, /* the rest is made as it comes, whatever a length promises */
};

static struct ike_writer begin(size_t len, struct ike_buffer *out)
{
	*out = (struct ike_buffer){.data = malloc(FETCH_LENGTH + len), .len = FETCH_LENGTH + len};
	return ike_writer(out->data, out->data ? out->len : 0);
}

int fetch_request_write(const struct fetch_request *request, struct ike_buffer *out)
{
	const size_t len = REQUEST_HEADER + request->uri.len + request->post.len;
	struct ike_writer w;

	if (request->uri.len > FETCH_URI_MAX || request->post.len > FETCH_POST_MAX)
		return -EMSGSIZE;
	w = begin(len, out);
	if (!out->data)
		return -ENOMEM;
	ike_put_u32(&w, (uint32_t)len);
	ike_put_u32(&w, request->id);
	ike_put_u32(&w, request->limit);
	ike_put_u32(&w, request->timeout_ms);
	ike_put_u8(&w, request->local ? LOCAL : 0);
	ike_put_u16(&w, (uint16_t)request->uri.len);
	ike_put_slice(&w, request->uri);
	ike_put_slice(&w, request->post);
	return 0;
}

/* Text for curl: visible characters alone. */
static bool is_text(struct ike_slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.data[i] <= ' ' || s.data[i] >= 0x7f)
			return false;
	return s.len;
}

int fetch_request_read(struct ike_slice frame, struct fetch_request *out)
{
	struct ike_cursor c = ike_cursor(frame);
	uint8_t flags;

	out->id = ike_get_u32(&c);
	out->limit = ike_get_u32(&c);
	out->timeout_ms = ike_get_u32(&c);
	flags = ike_get_u8(&c);
	out->local = flags & LOCAL;
	out->uri = ike_get_slice(&c, ike_get_u16(&c));
	out->post = ike_get_rest(&c);
	if (!ike_cursor_ok(&c) || flags & ~LOCAL || out->uri.len > FETCH_URI_MAX ||
	    !is_text(out->uri) || out->post.len > FETCH_POST_MAX || !out->limit ||
	    out->limit > FETCH_LIMIT_MAX || !out->timeout_ms ||
	    out->timeout_ms > FETCH_TIMEOUT_MAX_MS)
		return -EBADMSG;
	return 0;
}

int fetch_reply_write(const struct fetch_reply *reply, struct ike_buffer *out)
{
	const size_t len = FETCH_REPLY_HEADER + reply->data.len;
	struct ike_writer w;

	if (reply->data.len > FETCH_LIMIT_MAX)
		return -EMSGSIZE;
	w = begin(len, out);
	if (!out->data)
		return -ENOMEM;
	ike_put_u32(&w, (uint32_t)len);
	ike_put_u32(&w, reply->id);
	ike_put_u8(&w, reply->good);
	ike_put_slice(&w, reply->data);
	return 0;
}

int fetch_reply_read(struct ike_slice frame, struct fetch_reply *out)
{
	struct ike_cursor c = ike_cursor(frame);
	uint8_t good;

	out->id = ike_get_u32(&c);
	good = ike_get_u8(&c);
	out->good = good;
	out->data = ike_get_rest(&c);
	if (!ike_cursor_ok(&c) || good > 1 || (!good && out->data.len > FETCH_REASON_MAX))
		return -EBADMSG;
	return 0;
}

int fetch_inbox_room(struct fetch_inbox *in, uint8_t **at, size_t *len)
{
	if (in->length_got < FETCH_LENGTH) {
		*at = in->length + in->length_got;
		*len = FETCH_LENGTH - in->length_got;
		return 0;
	}
	if (in->frame.len == in->room) {
		size_t room = in->room ? 2 * in->room : FIRST_ROOM;
		uint8_t *data;

		if (room > in->whole)
			room = in->whole;
		data = realloc(in->frame.data, room);
		if (!data)
			return -ENOMEM;
		in->frame.data = data;
		in->room = room;
	}
	*at = in->frame.data + in->frame.len;
	*len = in->room - in->frame.len;
	return 0;
}

int fetch_inbox_took(struct fetch_inbox *in, size_t len)
{
	struct ike_cursor c;

	if (in->length_got == FETCH_LENGTH) {
		in->frame.len += len;
		return in->frame.len == in->whole;
	}
	in->length_got += len;
	if (in->length_got < FETCH_LENGTH)
		return 0;
	c = ike_cursor(ike_slice(in->length, FETCH_LENGTH));
	in->whole = ike_get_u32(&c);
	return in->whole && in->whole <= in->most ? 0 : -EBADMSG;
}

void fetch_inbox_clear(struct fetch_inbox *in)
{
	const size_t most = in->most;

	ike_buffer_free(&in->frame);
	*in = (struct fetch_inbox){.most = most};
}
