// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/fetch.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/fetch/frame.h"

#define PROGRAM "raveld-fetch"

enum {
	QUERIES_MAX = 256,
	WAITERS_MAX = 4096,
	MARGIN_MS = 2000,      /* that an answer may take, beside what it answers */
	PAUSE_MIN_MS = 1000,   /* before it is started again; twice as long each time, */
	PAUSE_MAX_MS = 60000,  /* up to this, */
	STEADY_MS = 2 * 60000, /* unless it has gone well for so long */
};

struct waiter {
	struct waiter *next;
	fetch_heard_fn *heard;
	void *context;
};

/* Something that is fetched, for all who want it. */
struct query {
	struct fetch *fetch;
	struct query *next;
	struct query **to_this;
	uint32_t id;
	uint32_t limit; /* octets */
	uv_timer_t timer;
	const char *why; /* it is given up */
	struct trust_reply *reply;
	struct waiter *waiters;
};

/* The process, and the stream to it. */
struct child {
	struct fetch *fetch; /* NULL: that isn't there any more */
	uv_process_t process;
	uv_pipe_t pipe;
	unsigned int open; /* handles */
	bool dismissed;	   /* its end is waited for */
	uint64_t began;
	struct fetch_inbox inbox;
};

struct fetch {
	uv_loop_t *loop;
	const struct log *log;
	struct conf_fetch conf;
	struct child *child;
	struct query *queries;
	size_t query_count;
	size_t waiter_count;
	uint32_t last_id;
	uint64_t pause_ms; /* 0: it goes well */
	uint64_t not_before;
	bool stopped;
};

static const char ended[] = "the process that fetches has ended", late[] = "not in time";

struct fetch *fetch_open(uv_loop_t *loop, const struct log *log)
{
	struct fetch *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->loop = loop;
	f->log = log;
	return f;
}

void fetch_configure(struct fetch *f, const struct conf_fetch *conf)
{
	f->conf = *conf;
}

bool fetch_is_on(const struct fetch *f)
{
	return f->conf.on && !f->stopped;
}

/* ----------------------------------------------------------------------------------------- queries
 */

static void free_query(uv_handle_t *timer)
{
	free(timer->data);
}

/* Each who waits has the reply. */
static void answer(struct query *q)
{
	struct fetch *f = q->fetch;
	struct waiter *waiter;

	*q->to_this = q->next;
	if (q->next)
		q->next->to_this = q->to_this;
	f->query_count--;
	while ((waiter = q->waiters)) {
		q->waiters = waiter->next;
		f->waiter_count--;
		waiter->heard(waiter->context, trust_reply_hold(q->reply));
		free(waiter);
	}
	trust_reply_release(q->reply);
	uv_close((uv_handle_t *)&q->timer, free_query);
}

static void refuse(struct query *q, const char *why, size_t len)
{
	q->reply->error = -EIO;
	snprintf(q->reply->why, sizeof(q->reply->why), "%.*s", (int)len, why);
	answer(q);
}

static void on_given_up(uv_timer_t *timer)
{
	struct query *q = timer->data;

	refuse(q, q->why, strlen(q->why));
}

/* In the loop's next turn, since who has asked for it isn't told before that. */
static void give_up(struct query *q, const char *why)
{
	q->why = why;
	uv_timer_start(&q->timer, on_given_up, 0, 0);
}

static void give_up_all(struct fetch *f, const char *why)
{
	for (struct query *q = f->queries; q; q = q->next)
		if (!q->why)
			give_up(q, why);
}

static struct query *find(struct fetch *f, uint32_t id)
{
	struct query *q = f->queries;

	while (q && (q->id != id || q->why))
		q = q->next;
	return q;
}

/* ----------------------------------------------------------------------------------------- process
 */

static void after_close(uv_handle_t *handle)
{
	struct child *child = handle->data;

	if (--child->open)
		return;
	fetch_inbox_clear(&child->inbox);
	free(child);
}

static void close_pipe(struct child *child)
{
	if (!uv_is_closing((uv_handle_t *)&child->pipe))
		uv_close((uv_handle_t *)&child->pipe, after_close);
}

/* So that what makes it end each time doesn't keep us busy. */
static void pause_child(struct fetch *f, uint64_t began)
{
	const uint64_t now = uv_now(f->loop);

	if (!f->pause_ms || now - began > STEADY_MS)
		f->pause_ms = PAUSE_MIN_MS;
	else if (f->pause_ms < PAUSE_MAX_MS)
		f->pause_ms = 2 * f->pause_ms < PAUSE_MAX_MS ? 2 * f->pause_ms : PAUSE_MAX_MS;
	f->not_before = now + f->pause_ms;
}

static void on_exit_of(uv_process_t *process, int64_t status, int number)
{
	struct child *child = process->data;
	struct fetch *f = child->fetch;

	if (!child->dismissed) {
		log_warning(f->log, "%s has ended by %s %d", PROGRAM, number ? "signal" : "status",
			    number ? number : (int)status);
		pause_child(f, child->began);
		give_up_all(f, ended);
	}
	f->child = NULL;
	close_pipe(child);
	uv_close((uv_handle_t *)process, after_close);
}

/* It does what it shouldn't, or nothing. */
static void dismiss(struct fetch *f, const char *why)
{
	struct child *child = f->child;

	if (child->dismissed)
		return;
	log_warning(f->log, "%s is ended: %s", PROGRAM, why);
	child->dismissed = true;
	close_pipe(child);
	uv_process_kill(&child->process, SIGKILL);
	pause_child(f, child->began);
	give_up_all(f, ended);
}

static void take_reply(struct fetch *f, struct fetch_inbox *inbox)
{
	struct fetch_reply reply;
	struct query *q;

	if (fetch_reply_read(ike_buffer_slice(&inbox->frame), &reply)) {
		dismiss(f, "it answers what makes no sense");
		return;
	}
	q = find(f, reply.id);
	if (!q) { /* given up */
		fetch_inbox_clear(inbox);
		return;
	}
	if (reply.good && reply.data.len > q->limit) {
		dismiss(f, "an answer is longer than it may be");
		return;
	}
	if (!reply.good) {
		refuse(q, (const char *)reply.data.data, reply.data.len);
		fetch_inbox_clear(inbox);
		return;
	}
	/* A list may be long: it stays where it is. */
	memmove(inbox->frame.data, reply.data.data, reply.data.len);
	q->reply->body = (struct ike_buffer){.data = inbox->frame.data, .len = reply.data.len};
	inbox->frame = (struct ike_buffer){0};
	fetch_inbox_clear(inbox);
	answer(q);
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct child *child = handle->data;
	uint8_t *at;
	size_t len;

	(void)suggested;
	if (fetch_inbox_room(&child->inbox, &at, &len))
		*buffer = uv_buf_init(NULL, 0); /* read with UV_ENOBUFS */
	else
		*buffer = uv_buf_init((char *)at, (unsigned int)len);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buffer)
{
	struct child *child = stream->data;
	struct fetch *f = child->fetch;
	int got;

	(void)buffer;
	if (!len || child->dismissed)
		return;
	if (len < 0) {
		if (len == UV_ENOBUFS)
			dismiss(f, "no memory for what it has fetched");
		else
			uv_read_stop(stream); /* it ends, which is told of */
		return;
	}
	got = fetch_inbox_took(&child->inbox, (size_t)len);
	if (got < 0)
		dismiss(f, "an answer is longer than any may be");
	else if (got)
		take_reply(f, &child->inbox);
}

/* Beside our own program. */
static int program_path(char path[PATH_MAX])
{
	ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - 1);
	char *slash;

	if (len < 0)
		return -errno;
	path[len] = 0;
	slash = strrchr(path, '/');
	if (!slash || (size_t)(slash - path) + sizeof("/" PROGRAM) > PATH_MAX)
		return -ENAMETOOLONG;
	strcpy(slash, "/" PROGRAM);
	return 0;
}

static int spawn(struct fetch *f, struct child *child)
{
	char path[PATH_MAX], name[] = PROGRAM;
	char *argv[] = {name, NULL}, *env[] = {NULL};
	uv_stdio_container_t stdio[] = {
		{.flags = UV_CREATE_PIPE | UV_READABLE_PIPE | UV_WRITABLE_PIPE,
		 .data.stream = (uv_stream_t *)&child->pipe},
		{.flags = UV_IGNORE},
		{.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO},
	};
	const uv_process_options_t options = {
		.file = path,
		.args = argv,
		.env = env,
		.stdio = stdio,
		.stdio_count = 3,
		.exit_cb = on_exit_of,
	};
	int err = program_path(path);

	if (err)
		return err;
	uv_pipe_init(f->loop, &child->pipe, 0);
	child->pipe.data = child->process.data = child;
	child->open = 2; /* also where it fails */
	err = uv_spawn(f->loop, &child->process, &options);
	return err ? err : uv_read_start((uv_stream_t *)&child->pipe, give_room, on_read);
}

/* The process isn't waited for. */
static void forget(struct child *child)
{
	child->fetch = NULL;
	if (!child->open) {
		free(child);
		return;
	}
	close_pipe(child);
	uv_close((uv_handle_t *)&child->process, after_close);
}

static bool start_child(struct fetch *f)
{
	struct child *child = calloc(1, sizeof(*child));
	int err;

	if (!child)
		return false;
	child->fetch = f;
	child->began = uv_now(f->loop);
	err = spawn(f, child);
	if (!err) {
		f->child = child;
		return true;
	}
	log_error(f->log, "%s can't be started: %s", PROGRAM, uv_strerror(err));
	pause_child(f, child->began);
	forget(child);
	return false;
}

/* Is there one? */
static bool have_child(struct fetch *f)
{
	if (f->child)
		return !f->child->dismissed;
	return uv_now(f->loop) >= f->not_before && start_child(f);
}

/* ------------------------------------------------------------------------------------------ asking
 */

struct sending {
	uv_write_t write;
	struct ike_buffer octets;
};

static void after_send(uv_write_t *write, int status)
{
	struct sending *sending = write->data;

	(void)status; /* a stream that fails has ended */
	ike_buffer_free(&sending->octets);
	free(sending);
}

static int send_request(struct fetch *f, const struct fetch_request *request)
{
	struct sending *sending = calloc(1, sizeof(*sending));
	struct fetch_inbox *inbox = &f->child->inbox;
	int err = sending ? fetch_request_write(request, &sending->octets) : -ENOMEM;
	uv_buf_t buffer;

	if (err) {
		free(sending);
		return err;
	}
	if (inbox->most < request->limit + FETCH_REPLY_HEADER)
		inbox->most = request->limit + FETCH_REPLY_HEADER;
	sending->write.data = sending;
	buffer = uv_buf_init((char *)sending->octets.data, (unsigned int)sending->octets.len);
	err = uv_write(&sending->write, (uv_stream_t *)&f->child->pipe, &buffer, 1, after_send);
	if (err)
		after_send(&sending->write, err);
	return err;
}

/* It answers in time, unless it can't. */
static void on_late(uv_timer_t *timer)
{
	struct query *q = timer->data;

	q->why = late;
	if (q->fetch->child)
		dismiss(q->fetch, "it doesn't answer in time");
	refuse(q, late, sizeof(late) - 1);
}

static void ask(struct query *q, const struct trust_want *want)
{
	struct fetch *f = q->fetch;
	const struct fetch_request request = {
		.id = q->id,
		.limit = want->post.len ? TRUST_OCSP_MAX : f->conf.limit,
		.timeout_ms = f->conf.timeout * 1000,
		.local = f->conf.local,
		.uri = ike_slice(want->uri, strlen(want->uri)),
		.post = ike_buffer_slice(&want->post),
	};

	q->limit = request.limit;
	if (f->query_count > QUERIES_MAX)
		give_up(q, "too much is being fetched");
	else if (!have_child(f))
		give_up(q, "the process that fetches isn't there");
	else if (send_request(f, &request))
		give_up(q, "it can't be asked for");
	else
		uv_timer_start(&q->timer, on_late, request.timeout_ms + MARGIN_MS, 0);
}

/* Of what is on its way already. */
static struct query *find_same(struct fetch *f, const struct trust_want *want)
{
	struct query *q = f->queries;

	while (q && (q->why || memcmp(q->reply->key, want->key, TRUST_WANT_KEY) != 0))
		q = q->next;
	return q;
}

static struct query *query_new(struct fetch *f, const struct trust_want *want)
{
	struct query *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	q->reply = trust_reply_new(want);
	if (!q->reply) {
		free(q);
		return NULL;
	}
	q->fetch = f;
	q->id = ++f->last_id;
	uv_timer_init(f->loop, &q->timer);
	q->timer.data = q;
	q->next = f->queries;
	q->to_this = &f->queries;
	if (q->next)
		q->next->to_this = &q->next;
	f->queries = q;
	f->query_count++;
	return q;
}

int fetch_ask(struct fetch *f, const struct trust_want *want, fetch_heard_fn *heard, void *context)
{
	struct waiter *waiter = f->waiter_count < WAITERS_MAX ? calloc(1, sizeof(*waiter)) : NULL;
	struct query *same = find_same(f, want), *q = same;

	if (waiter && !same)
		q = query_new(f, want);
	if (!waiter || !q) {
		free(waiter);
		return -ENOMEM;
	}
	*waiter = (struct waiter){.next = q->waiters, .heard = heard, .context = context};
	q->waiters = waiter;
	f->waiter_count++;
	if (!same)
		ask(q, want);
	return 0;
}

void fetch_stop(struct fetch *f)
{
	static const char ending[] = "raveld is ending";

	if (!f)
		return;
	f->stopped = true;
	while (f->queries)
		refuse(f->queries, ending, sizeof(ending) - 1);
	if (f->child) {
		uv_process_kill(&f->child->process, SIGKILL);
		forget(f->child);
		f->child = NULL;
	}
}

void fetch_free(struct fetch *f)
{
	free(f);
}
