// SPDX-License-Identifier: BSD-2-Clause
/*
 * raveld-fetch: lists of revoked certificates and answers of OCSP, by HTTP, for raveld, which
 * starts it with a stream as its standard input (frame.h). It knows nothing and decides nothing:
 * what it brings is judged by who has asked.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "host/fetch/confine.h"
#include "host/fetch/transfer.h"

enum {
	AT_ONCE = 8,	   /* transfers, and answers that wait to be taken */
	WAITING_MAX = 256, /* requests; the stream isn't read while there are more */
	REQUEST_MAX = 64 + FETCH_URI_MAX + FETCH_POST_MAX,
	WAIT_MAX_MS = 1000,
	STREAM = STDIN_FILENO,
};

struct answer {
	struct answer *next;
	struct ike_buffer octets;
	size_t sent;
};

struct fetcher {
	CURLM *multi;
	struct fetch_inbox inbox;
	struct transfer *waiting;
	struct transfer **last_waiting;
	unsigned int waiting_count;
	unsigned int running_count;
	struct answer *answers;
	struct answer **last_answer;
	unsigned int answer_count;
};

static const char no_memory[] = "out of memory", too_late[] = "not in time";

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Not even an answer can be made: whoever waits for one learns it by our end. */
static void give_up(const char *why)
{
	dprintf(STDERR_FILENO, "raveld-fetch: %s\n", why);
	_exit(1);
}

/* ----------------------------------------------------------------------------------------- answers
 */

static void add_answer(struct fetcher *f, const struct ike_buffer *octets)
{
	struct answer *answer = calloc(1, sizeof(*answer));

	if (!answer)
		give_up(no_memory);
	answer->octets = *octets;
	*f->last_answer = answer;
	f->last_answer = &answer->next;
	f->answer_count++;
}

static void send_answers(struct fetcher *f)
{
	while (f->answers) {
		struct answer *answer = f->answers;
		ssize_t n = write(STREAM, answer->octets.data + answer->sent,
				  answer->octets.len - answer->sent);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) /* raveld has gone */
			_exit(0);
		answer->sent += (size_t)n;
		if (answer->sent < answer->octets.len)
			continue;
		f->answers = answer->next;
		if (!f->answers)
			f->last_answer = &f->answers;
		f->answer_count--;
		ike_buffer_free(&answer->octets);
		free(answer);
	}
}

static void refuse(struct fetcher *f, struct transfer *t, const char *why)
{
	struct ike_buffer octets;

	if (transfer_refuse(t, why, &octets))
		give_up(no_memory);
	add_answer(f, &octets);
	transfer_free(t);
}

/* --------------------------------------------------------------------------------------- transfers
 */

static void start(struct fetcher *f, struct transfer *t)
{
	const uint64_t now = now_ms();

	if (now >= t->until) {
		refuse(f, t, too_late);
		return;
	}
	if (transfer_set_up(t, (uint32_t)(t->until - now)) ||
	    curl_multi_add_handle(f->multi, t->curl)) {
		refuse(f, t, no_memory);
		return;
	}
	f->running_count++;
}

static void start_next(struct fetcher *f)
{
	while (f->waiting && f->running_count + f->answer_count < AT_ONCE) {
		struct transfer *t = f->waiting;

		f->waiting = t->next;
		if (!f->waiting)
			f->last_waiting = &f->waiting;
		f->waiting_count--;
		start(f, t);
	}
}

/* Of those that wait for their turn. */
static void drop_late(struct fetcher *f)
{
	struct transfer **at = &f->waiting;
	const uint64_t now = now_ms();

	while (*at) {
		struct transfer *t = *at;

		if (now < t->until) {
			at = &t->next;
			continue;
		}
		*at = t->next;
		f->waiting_count--;
		refuse(f, t, too_late);
	}
	f->last_waiting = at;
}

static void finish(struct fetcher *f, CURL *curl, CURLcode result)
{
	struct ike_buffer octets;
	struct transfer *t;
	char *private;

	curl_easy_getinfo(curl, CURLINFO_PRIVATE, &private);
	t = (struct transfer *)(void *)private;
	if (transfer_answer(t, result, &octets))
		give_up(no_memory);
	add_answer(f, &octets);
	curl_multi_remove_handle(f->multi, curl);
	transfer_free(t);
	f->running_count--;
}

static void run_transfers(struct fetcher *f)
{
	int running, left;
	CURLMsg *said;

	curl_multi_perform(f->multi, &running);
	while ((said = curl_multi_info_read(f->multi, &left)))
		if (said->msg == CURLMSG_DONE)
			finish(f, said->easy_handle, said->data.result);
}

/* ---------------------------------------------------------------------------------------- requests
 */

static void take_request(struct fetcher *f)
{
	int err;
	struct transfer *t = transfer_new(&f->inbox.frame, now_ms(), &err);

	fetch_inbox_clear(&f->inbox);
	if (!t)
		give_up(err == -EBADMSG ? "a request is malformed" : no_memory);
	*f->last_waiting = t;
	f->last_waiting = &t->next;
	f->waiting_count++;
}

static bool may_read(const struct fetcher *f)
{
	return f->waiting_count < WAITING_MAX;
}

static void read_requests(struct fetcher *f)
{
	while (may_read(f)) {
		uint8_t *at;
		size_t room;
		ssize_t n;
		int got;

		if (fetch_inbox_room(&f->inbox, &at, &room))
			give_up(no_memory);
		n = read(STREAM, at, room);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) /* raveld has gone */
			_exit(0);
		got = fetch_inbox_took(&f->inbox, (size_t)n);
		if (got < 0)
			give_up("a request is too long");
		if (got)
			take_request(f);
	}
}

static int wait_ms(const struct fetcher *f)
{
	return f->waiting ? WAIT_MAX_MS / 10 : WAIT_MAX_MS;
}

static void serve(struct fetcher *f)
{
	for (;;) {
		struct curl_waitfd stream = {.fd = STREAM,
					     .events =
						     (short)((may_read(f) ? CURL_WAIT_POLLIN : 0) |
							     (f->answers ? CURL_WAIT_POLLOUT : 0))};

		if (curl_multi_poll(f->multi, &stream, 1, wait_ms(f), NULL))
			give_up("it can't wait");
		send_answers(f);
		read_requests(f);
		drop_late(f);
		start_next(f);
		run_transfers(f);
		send_answers(f);
	}
}

static bool is_stream(void)
{
	socklen_t len = sizeof(int);
	int type;

	return !getsockopt(STREAM, SOL_SOCKET, SO_TYPE, &type, &len) && type == SOCK_STREAM &&
	       !fcntl(STREAM, F_SETFL, O_NONBLOCK);
}

int main(void)
{
	struct fetcher f = {.inbox.most = REQUEST_MAX};
	const char *what;
	int err;

	f.last_waiting = &f.waiting;
	f.last_answer = &f.answers;
	if (!is_stream()) {
		fprintf(stderr, "raveld-fetch is raveld's own, which starts it\n");
		return 2;
	}
	err = confine(&what);
	if (err) {
		fprintf(stderr, "raveld-fetch: %s: %s\n", what, strerror(-err));
		return 1;
	}
	if (curl_global_init(CURL_GLOBAL_NOTHING) || !(f.multi = curl_multi_init())) {
		fprintf(stderr, "raveld-fetch: libcurl doesn't start\n");
		return 1;
	}
	serve(&f);
}
