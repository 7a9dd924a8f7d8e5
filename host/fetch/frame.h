/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What raveld and raveld-fetch say to each other, over a stream: frames behind their lengths.
 * Neither believes the other's: what doesn't hold together ends the conversation.
 */
#ifndef RVL_FETCH_FRAME_H
#define RVL_FETCH_FRAME_H

#include <stdbool.h>

#include "host/ike/buffer.h"

enum {
	FETCH_URI_MAX = 1024,
	FETCH_POST_MAX = 4096,
	FETCH_REASON_MAX = 128,
	FETCH_LIMIT_MAX = 64 << 20, /* octets of an answer, whatever is asked for */
	FETCH_TIMEOUT_MAX_MS = 60000,
	FETCH_LENGTH = 4,	/* octets before a frame */
	FETCH_REPLY_HEADER = 5, /* of a reply, before what was fetched */
};

struct fetch_request {
	uint32_t id;
	uint32_t limit; /* octets that are taken */
	uint32_t timeout_ms;
	bool local; /* this host's own addresses, and those of links, will do */
	struct ike_slice uri;
	struct ike_slice post; /* empty: GET */
};

struct fetch_reply {
	uint32_t id;
	bool good;
	struct ike_slice data; /* what was fetched, or why it wasn't, in words */
};

/* With its length before it. 0, -EMSGSIZE or -ENOMEM. */
int fetch_request_write(const struct fetch_request *request, struct ike_buffer *out);
int fetch_reply_write(const struct fetch_reply *reply, struct ike_buffer *out);

/* Of a frame, whose octets what is read points into. 0 or -EBADMSG. */
int fetch_request_read(struct ike_slice frame, struct fetch_request *out);
int fetch_reply_read(struct ike_slice frame, struct fetch_reply *out);

/* One frame that comes. */
struct fetch_inbox {
	size_t most; /* octets of a frame */
	uint8_t length[FETCH_LENGTH];
	size_t length_got;
	struct ike_buffer frame; /* its `len` have come, */
	size_t whole;		 /* of so many; */
	size_t room;		 /* and for so many there is memory */
};

/* Where what comes next goes, and how much of it at most: never beyond the frame. 0 or -ENOMEM. */
int fetch_inbox_room(struct fetch_inbox *inbox, uint8_t **at, size_t *len);

/* So much has come there. 1: the frame is whole; 0: it isn't yet; -EBADMSG: it is longer than any.
 */
int fetch_inbox_took(struct fetch_inbox *inbox, size_t len);

/* The next one begins; or it is the last. */
void fetch_inbox_clear(struct fetch_inbox *inbox);

#endif
