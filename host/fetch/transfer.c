// SPDX-License-Identifier: BSD-2-Clause
#include "host/fetch/transfer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/fetch/address.h"

enum {
	REDIRECTS_MAX = 3,
	HEADERS_MAX = 64 << 10, /* octets, of all answers on the way */
	FIRST_ROOM = 16 << 10,
};

struct transfer *transfer_new(struct ike_buffer *frame, uint64_t now, int *err)
{
	struct transfer *t = calloc(1, sizeof(*t));

	*err = t ? 0 : -ENOMEM;
	if (t) {
		t->frame = *frame;
		*err = fetch_request_read(ike_buffer_slice(frame), &t->request);
		t->until = now + t->request.timeout_ms;
	} else {
		free(frame->data);
	}
	*frame = (struct ike_buffer){0};
	if (!*err)
		return t;
	if (t)
		transfer_free(t);
	return NULL;
}

void transfer_free(struct transfer *t)
{
	curl_easy_cleanup(t->curl);
	curl_slist_free_all(t->headers);
	ike_buffer_free(&t->frame);
	ike_buffer_free(&t->body);
	free(t);
}

/* Where a name has led to is known here, after all redirections and whatever DNS has said. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *t = context;

	(void)purpose;
	if (!t->request.local && fetch_address_is_local(&address->addr)) {
		t->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t take_header(char *octets, size_t size, size_t count, void *context)
{
	struct transfer *t = context;

	(void)octets;
	t->header_octets += size * count;
	t->too_large |= t->header_octets > HEADERS_MAX;
	return t->too_large ? 0 : size * count;
}

/* What a Content-Length promises isn't believed, so memory comes as it is needed. */
static bool make_room(struct transfer *t, size_t len)
{
	size_t room = t->room ? t->room : FIRST_ROOM;
	uint8_t *data;

	while (room < t->body.len + len)
		room *= 2;
	if (room == t->room)
		return true;
	data = realloc(t->body.data, room);
	if (!data)
		return false;
	t->body.data = data;
	t->room = room;
	return true;
}

static size_t take_body(char *octets, size_t size, size_t count, void *context)
{
	struct transfer *t = context;
	const size_t len = size * count;

	if (len > t->request.limit - t->body.len) {
		t->too_large = true;
		return 0;
	}
	if (!make_room(t, len))
		return 0;
	memcpy(t->body.data + t->body.len, octets, len);
	t->body.len += len;
	return len;
}

static int set_post(struct transfer *t)
{
	t->headers = curl_slist_append(NULL, "Content-Type: application/ocsp-request");
	if (!t->headers)
		return -ENOMEM;
	if (curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, t->headers) ||
	    curl_easy_setopt(t->curl, CURLOPT_POSTREDIR, (long)CURL_REDIR_POST_ALL) ||
	    curl_easy_setopt(t->curl, CURLOPT_POSTFIELDSIZE, (long)t->request.post.len) ||
	    curl_easy_setopt(t->curl, CURLOPT_POSTFIELDS, t->request.post.data))
		return -ENOMEM;
	return 0;
}

int transfer_set_up(struct transfer *t, uint32_t left_ms)
{
	char uri[FETCH_URI_MAX + 1];
	CURL *curl = curl_easy_init();

	snprintf(uri, sizeof(uri), "%.*s", (int)t->request.uri.len,
		 (const char *)t->request.uri.data);
	t->curl = curl;
	if (!curl || curl_easy_setopt(curl, CURLOPT_URL, uri) ||
	    curl_easy_setopt(curl, CURLOPT_PRIVATE, t) ||
	    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http") ||
	    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http") ||
	    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L) ||
	    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX) ||
	    curl_easy_setopt(curl, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L) ||
	    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) ||
	    curl_easy_setopt(curl, CURLOPT_PROXY, "") ||
	    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) ||
	    curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L) ||
	    curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L) ||
	    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)left_ms) ||
	    curl_easy_setopt(curl, CURLOPT_MAXFILESIZE, (long)t->request.limit) ||
	    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket) ||
	    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, t) ||
	    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header) ||
	    curl_easy_setopt(curl, CURLOPT_HEADERDATA, t) ||
	    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body) ||
	    curl_easy_setopt(curl, CURLOPT_WRITEDATA, t))
		return -ENOMEM;
	return t->request.post.len ? set_post(t) : 0;
}

int transfer_refuse(const struct transfer *t, const char *why, struct ike_buffer *out)
{
	const struct fetch_reply reply = {.id = t->request.id,
					  .data = ike_slice(why, strnlen(why, FETCH_REASON_MAX))};

	return fetch_reply_write(&reply, out);
}

int transfer_answer(const struct transfer *t, CURLcode result, struct ike_buffer *out)
{
	const struct fetch_reply reply = {
		.id = t->request.id, .good = true, .data = ike_buffer_slice(&t->body)};
	char why[FETCH_REASON_MAX];
	long status = 0;

	if (t->refused)
		return transfer_refuse(t, "its address is of this host or of a link (fetch_local)",
				       out);
	if (t->too_large || result == CURLE_FILESIZE_EXCEEDED)
		return transfer_refuse(t, "it is larger than the limit", out);
	if (result)
		return transfer_refuse(t, curl_easy_strerror(result), out);
	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status == 200)
		return fetch_reply_write(&reply, out);
	snprintf(why, sizeof(why), "HTTP status %ld", status);
	return transfer_refuse(t, why, out);
}
