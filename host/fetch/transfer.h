/* SPDX-License-Identifier: BSD-2-Clause */
/* One thing that is fetched by HTTP. */
#ifndef RVL_FETCH_TRANSFER_H
#define RVL_FETCH_TRANSFER_H

#include <curl/curl.h>

#include "host/fetch/frame.h"

struct transfer {
	struct transfer *next;
	CURL *curl;
	struct ike_buffer frame; /* that asked for it */
	struct fetch_request request;
	struct curl_slist *headers;
	struct ike_buffer body;
	size_t room;
	size_t header_octets;
	bool refused;	/* an address that it led to; */
	bool too_large; /* there is more than the limit */
	uint64_t until; /* ms by the monotonic clock */
};

/* Takes the frame, in any case. NULL: it makes no sense (*err is -EBADMSG), or there is no memory.
 */
struct transfer *transfer_new(struct ike_buffer *frame, uint64_t now, int *err);

/* With so many ms left. 0 or -ENOMEM. */
int transfer_set_up(struct transfer *t, uint32_t left_ms);

/* What has come of it, to be sent. 0 or -ENOMEM. */
int transfer_answer(const struct transfer *t, CURLcode result, struct ike_buffer *out);

/* The same of one that has no answer but this. */
int transfer_refuse(const struct transfer *t, const char *why, struct ike_buffer *out);

void transfer_free(struct transfer *t);

#endif
