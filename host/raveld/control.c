// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/raveld/listing.h"
#include "host/raveld/redirect.h"
#include "host/raveld/released.h"

#define CLIENTS_MAX 32
#define REQUEST_MAX 4096
#define PART 65536	 /* octets of what is shown bit by bit, */
#define PART_NS 10000000 /* and what others wait for it: a NIC is asked for each SA's counters */
#define IDLE_MS 10000	 /* for a whole request, and for taking the answer */

/* What a client waits for. */
enum awaited { NOTHING, CHILD_UP, ALL_DOWN };

struct client {
	struct control *control;
	struct client *next;
	uv_pipe_t pipe;
	uv_timer_t timer;
	int open_handles;
	bool writing; /* an answer that the client hasn't taken yet; nothing is read meanwhile */
	char request[REQUEST_MAX];
	size_t len;
	enum awaited awaited;
	const struct wish *wish;  /* CHILD_UP */
	char name[CONF_NAME_MAX]; /* ALL_DOWN: as it was given; */
	struct ike_listing sas;	  /* before this one none has that name */
	json_t *held;		  /* the last progress, while the client takes nothing */
	struct listing *listing;  /* what is shown it bit by bit */
};

struct control {
	struct daemon *d;
	uv_pipe_t pipe;
	bool listening;
	struct client *clients;
	size_t client_count;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

static void release(struct control *control)
{
	if (!control->listening && !control->clients)
		free(control);
}

static void on_client_closed(uv_handle_t *handle)
{
	struct client *client = handle->data;
	struct control *control = client->control;
	struct client **link = &control->clients;

	if (--client->open_handles)
		return;
	while (*link != client)
		link = &(*link)->next;
	*link = client->next;
	control->client_count--;
	json_decref(client->held);
	free(client);
	release(control);
}

static void stop_waiting(struct client *client)
{
	if (client->awaited == ALL_DOWN)
		ike_listing_end(client->control->d->engine, &client->sas);
	client->awaited = NOTHING;
}

static void drop_client(struct client *client)
{
	stop_waiting(client);
	listing_end(client->listing);
	client->listing = NULL;
	if (uv_is_closing((uv_handle_t *)&client->pipe))
		return;
	uv_close((uv_handle_t *)&client->pipe, on_client_closed);
	uv_close((uv_handle_t *)&client->timer, on_client_closed);
}

static void on_idle(uv_timer_t *timer)
{
	drop_client(timer->data);
}

static void handle_requests(struct client *client);
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf);
static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf);

/* The next request: one that came along with the last one, or what is read from now on. */
static void listen_to(struct client *client)
{
	if (uv_is_closing((uv_handle_t *)&client->pipe))
		return;
	uv_timer_start(&client->timer, on_idle, IDLE_MS, 0);
	if (uv_read_start((uv_stream_t *)&client->pipe, on_alloc, on_read))
		drop_client(client);
	else
		handle_requests(client);
}

struct line {
	uv_write_t write;
	struct client *client;
	char *text;
};

/* Whose line it was. */
static struct client *line_free(struct line *line)
{
	struct client *client = line->client;

	free(line->text);
	free(line);
	return client;
}

/* Takes over the text; NULL stands for want of memory. False: the client is let go. */
static bool send_text(struct client *client, char *text, size_t len, uv_write_cb written)
{
	struct line *line = calloc(1, sizeof(*line));
	uv_buf_t buf;

	if (!line || !text || uv_is_closing((uv_handle_t *)&client->pipe)) {
		free(line);
		free(text);
		drop_client(client);
		return false;
	}
	line->client = client;
	line->text = text;
	line->write.data = line;
	buf = uv_buf_init(text, (unsigned int)len);
	if (uv_write(&line->write, (uv_stream_t *)&client->pipe, &buf, 1, written)) {
		line_free(line);
		drop_client(client);
		return false;
	}
	return true;
}

/* Takes over the object, and NULL for want of memory. */
static char *line_of(json_t *object, size_t *len)
{
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

	json_decref(object);
	*len = text ? strlen(text) + 1 : 0;
	/* The line's end takes the place of the string's. */
	if (text)
		text[*len - 1] = '\n';
	return text;
}

static bool send_line(struct client *client, json_t *object, uv_write_cb written)
{
	size_t len;
	char *text = line_of(object, &len);

	return send_text(client, text, len, written);
}

static void on_answered(uv_write_t *write, int status)
{
	struct client *client = line_free(write->data);

	client->writing = false;
	if (status < 0)
		drop_client(client);
	else
		listen_to(client);
}

/* As for send_line(). What the client hasn't taken of the progress doesn't matter any more. */
static void answer(struct client *client, json_t *object)
{
	stop_waiting(client);
	json_decref(client->held);
	client->held = NULL;
	if (!send_line(client, object, on_answered))
		return;
	client->writing = true;
	uv_read_stop((uv_stream_t *)&client->pipe);
	uv_timer_start(&client->timer, on_idle, IDLE_MS, 0);
}

static void on_part_sent(uv_write_t *write, int status);

/* As much as goes at once: neither one that doesn't take it nor much to be shown holds others up.
 */
static void show_more(struct client *client)
{
	char *text = malloc(PART);
	size_t len = 0, line_len;
	uint64_t end = uv_hrtime() + PART_NS;
	bool more = true;

	while (text && more && len < PART / 2 && (!len || uv_hrtime() < end)) {
		json_t *object = client->listing ? listing_next(client->listing) : NULL;
		char *line, *grown;

		more = !json_object_get(object, "ok");
		line = line_of(object, &line_len);
		grown = line && len + line_len > PART ? realloc(text, len + line_len) : text;
		if (!line || !grown) {
			free(text);
			grown = NULL;
		} else {
			memcpy(grown + len, line, line_len);
			len += line_len;
		}
		text = grown;
		free(line);
	}
	if (!send_text(client, text, len, more ? on_part_sent : on_answered))
		return;
	client->writing = true;
	uv_read_stop((uv_stream_t *)&client->pipe);
	uv_timer_start(&client->timer, on_idle, IDLE_MS, 0);
	if (!more) {
		listing_end(client->listing);
		client->listing = NULL;
	}
}

/* In another turn of the loop, which may call on_part_sent() several times in one. */
static void on_next_part(uv_timer_t *timer)
{
	show_more(timer->data);
}

static void on_part_sent(uv_write_t *write, int status)
{
	struct client *client = line_free(write->data);

	if (status < 0)
		drop_client(client);
	else if (client->listing)
		uv_timer_start(&client->timer, on_next_part, 0, 0);
}

static void on_progress_sent(uv_write_t *write, int status)
{
	struct client *client = line_free(write->data);
	json_t *held = client->held;

	if (status < 0) {
		drop_client(client);
	} else if (held) {
		client->held = NULL;
		send_line(client, held, on_progress_sent);
	}
}

static void answer_error(struct client *client, const char *text)
{
	answer(client, json_pack("{s:b, s:o}", "ok", 0, "error", report_text(text)));
}

static void answer_ok(struct client *client, const char *key, const char *value)
{
	answer(client, json_pack("{s:b, s:o}", "ok", 1, key, report_text(value)));
}

/* What the daemon does if nobody waits any more. */
static json_t *goes_on(const struct wish *w)
{
	unsigned int most = w->connection->keyingtries;

	if (w->wanted && most)
		return json_sprintf("raveld keeps trying until it is up, is taken down, or has "
				    "failed %u times in a row (keyingtries)",
				    most);
	if (w->wanted)
		return json_string("raveld keeps trying until it is up or is taken down");
	return json_string(w->retry_at ? "raveld tries once more"
				       : "raveld goes on with this try and makes no other");
}

/* Beyond what the socket has room for there is one line on its way, and the last one. */
static void show_progress(struct client *client, const char *text)
{
	json_t *object = json_pack("{s:o, s:o}", "progress", report_text(text), "goes-on",
				   goes_on(client->wish));

	if (!uv_stream_get_write_queue_size((uv_stream_t *)&client->pipe)) {
		send_line(client, object, on_progress_sent);
		return;
	}
	json_decref(client->held);
	client->held = object;
}

static void do_up(struct client *client, const char *name)
{
	struct daemon *d = client->control->d;
	char text[256];
	struct wish *w = negotiation_find(d, name, text, sizeof(text));

	if (!w) {
		answer_error(client, text);
		return;
	}
	if (w->failed) {
		snprintf(text, sizeof(text),
			 "%s: it could not be set up when it was configured; the log says why",
			 w->name);
		answer_error(client, text);
		return;
	}
	client->wish = w;
	client->awaited = CHILD_UP;
	uv_timer_stop(&client->timer);
	switch (negotiation_up(d, w)) {
	case -EISCONN:
		snprintf(text, sizeof(text), "%s.%s was up already", w->connection->name,
			 w->child->name);
		answer_ok(client, "message", text);
		break;
	case -EALREADY:
		snprintf(text, sizeof(text), "%s.%s is being negotiated already",
			 w->connection->name, w->child->name);
		show_progress(client, text);
		break;
	default:
		break;
	}
	negotiation_settle(d);
}

static void do_down(struct client *client, const char *name)
{
	struct daemon *d = client->control->d;
	char reason[256];

	if (negotiation_down(d, name, reason, sizeof(reason))) {
		answer_error(client, reason);
		return;
	}
	snprintf(client->name, sizeof(client->name), "%s", name);
	ike_listing_begin(d->engine, &client->sas);
	client->awaited = ALL_DOWN;
	uv_timer_stop(&client->timer);
	negotiation_settle(d);
}

static void do_rekey(struct client *client, const char *name)
{
	struct daemon *d = client->control->d;
	char reason[256], text[160];

	if (negotiation_rekey(d, name, reason, sizeof(reason))) {
		answer_error(client, reason);
		return;
	}
	snprintf(text, sizeof(text), "%.100s is being rekeyed", name);
	answer_ok(client, "message", text);
	negotiation_settle(d);
}

static void do_redirect(struct client *client, const json_t *request)
{
	struct daemon *d = client->control->d;
	char text[512];

	if (redirect_peers(d, request, text, sizeof(text)))
		answer_error(client, text);
	else
		answer_ok(client, "message", text);
	negotiation_settle(d);
}

static void tell_of_policy(void *context, const struct rvl_selector *selector,
			   const struct rvl_scopes *scopes, enum rvl_action action)
{
	char text[REMAINS_TEXT], flow[REMAINS_TEXT - 16 - RVL_SCOPE_TEXT], scope[RVL_SCOPE_TEXT];

	if (action != RVL_DISCARD)
		return;
	rvl_selector_text(selector, flow, sizeof(flow));
	rvl_scope_text(&scopes->out, scope);
	snprintf(text, sizeof(text), "discard %s%s%s", flow, scope[0] ? " " : "", scope);
	released_told(context, text, 0);
}

static void do_release(struct client *client)
{
	struct daemon *d = client->control->d;
	struct released released = released_nothing();
	int err = closing_release_others(d->closing, released_told, &released);
	struct rvl_backend_error error = {""};

	if (!err && d->backend->ops->release)
		err = d->backend->ops->release(d->backend, released_told, &released);
	if (!err && protect_release(d, tell_of_policy, &released, &error)) {
		json_decref(released.list);
		answer_error(client, error.text);
		return;
	}
	answer(client,
	       released_answer(&released, err, "what today's configuration doesn't name is open",
			       "nothing is left of an earlier configuration; for the rest "
			       "there is `ravelctl stop --release`"));
}

/* Whoever asks is answered by control_tell_end(), when there is no loop any more. */
static void do_stop(struct client *client, bool release_too)
{
	struct daemon *d = client->control->d;
	uv_os_fd_t fd;

	if (!uv_fileno((uv_handle_t *)&client->pipe, &fd))
		d->stop_answer = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	drop_client(client);
	d->release = release_too;
	log_info(&d->log, "ravelctl stop%s: ending", release_too ? " --release" : "");
	daemon_stop(d, EXIT_SUCCESS);
}

void control_tell_end(struct daemon *d)
{
	struct released released = released_nothing();
	int err = d->release ? released_all(&released) : 0;
	json_t *object =
		released_answer(&released, err, "raveld has ended, and nothing is closed any more",
				"raveld has ended; what it protected stays closed until `ravelctl "
				"release`");
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	size_t len = text ? strlen(text) : 0;

	if (err)
		log_error(&d->log, "not all that was closed is open: %s", strerror(-err));
	if (text && d->stop_answer >= 0) {
		text[len] = '\n';
		/* Who doesn't wait for it any more doesn't need it. */
		if (send(d->stop_answer, text, len + 1, MSG_NOSIGNAL) < 0)
			log_debug(&d->log, "nobody waits for the end");
	}
	if (d->stop_answer >= 0)
		close(d->stop_answer);
	free(text);
	json_decref(object);
}

static void answer_report(struct client *client, json_t *report)
{
	if (!report) {
		answer_error(client, "out of memory");
		return;
	}
	if (!json_object_get(report, "error"))
		json_object_set_new(report, "ok", json_true());
	answer(client, report);
}

static void handle_request(struct client *client, const char *text, size_t len)
{
	struct daemon *d = client->control->d;
	json_error_t error;
	json_t *request = json_loadb(text, len, 0, &error);
	const char *command = json_string_value(json_object_get(request, "command"));
	const char *name = json_string_value(json_object_get(request, "name"));
	char reason[160];

	if (!command) {
		answer_error(client, "a request is a JSON object with a \"command\"");
	} else if (d->stopping) {
		answer_error(client, "raveld is ending");
	} else if (!strcmp(command, "list")) {
		client->listing = listing_begin(d);
		show_more(client);
	} else if (!strcmp(command, "stats")) {
		answer_report(client, report_stats(d));
	} else if (!strcmp(command, "pools")) {
		answer_report(client, report_pools(d));
	} else if (!strcmp(command, "nic")) {
		answer_report(client, report_nic(d));
	} else if (!strcmp(command, "reload")) {
		answer(client, reload(d));
		negotiation_settle(d);
	} else if (!strcmp(command, "release")) {
		do_release(client);
	} else if (!strcmp(command, "stop")) {
		do_stop(client, json_is_true(json_object_get(request, "release")));
	} else if (strcmp(command, "up") != 0 && strcmp(command, "down") != 0 &&
		   strcmp(command, "rekey") != 0 && strcmp(command, "redirect") != 0) {
		snprintf(reason, sizeof(reason), "unknown command \"%.60s\"", command);
		answer_error(client, reason);
	} else if (!name) {
		answer_error(client, "the command needs a \"name\"");
	} else if (!strcmp(command, "up")) {
		do_up(client, name);
	} else if (!strcmp(command, "rekey")) {
		do_rekey(client, name);
	} else if (!strcmp(command, "redirect")) {
		do_redirect(client, request);
	} else {
		do_down(client, name);
	}
	json_decref(request);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct client *client = handle->data;

	(void)suggested;
	*buf = uv_buf_init(client->request + client->len,
			   (unsigned int)(sizeof(client->request) - client->len));
}

static void handle_requests(struct client *client)
{
	char *end;

	while (!client->writing && !uv_is_closing((uv_handle_t *)&client->pipe) &&
	       (end = memchr(client->request, '\n', client->len))) {
		size_t len = (size_t)(end - client->request);
		char request[REQUEST_MAX];

		/* One question at a time. */
		if (client->awaited != NOTHING) {
			drop_client(client);
			return;
		}
		memcpy(request, client->request, len);
		client->len -= len + 1;
		memmove(client->request, end + 1, client->len);
		handle_request(client, request, len);
	}
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct client *client = stream->data;

	(void)buf;
	if (n < 0) {
		/* Also when its request is longer than there is room for. */
		drop_client(client);
		return;
	}
	client->len += (size_t)n;
	handle_requests(client);
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct control *control = listener->data;
	struct client *client;

	if (status < 0)
		return;
	client = calloc(1, sizeof(*client));
	if (!client)
		return;
	client->control = control;
	client->next = control->clients;
	control->clients = client;
	control->client_count++;
	uv_pipe_init(&control->d->loop, &client->pipe, 0);
	uv_timer_init(&control->d->loop, &client->timer);
	client->pipe.data = client->timer.data = client;
	client->open_handles = 2;
	if (uv_accept(listener, (uv_stream_t *)&client->pipe) ||
	    control->client_count > CLIENTS_MAX)
		drop_client(client);
	else
		listen_to(client);
}

/* A socket that nobody answers on is a leftover. */
static int clear_leftover(struct daemon *d, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat st;
	int fd, err;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode)) {
		log_error(&d->log, "%s: is there and isn't a socket", path);
		return -EEXIST;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	strcpy(address.sun_path, path);
	err = connect(fd, (struct sockaddr *)&address, sizeof(address)) ? errno : 0;
	close(fd);
	if (err != ECONNREFUSED) {
		log_error(&d->log, "%s: raveld is running already", path);
		return -EADDRINUSE;
	}
	return unlink(path) ? -errno : 0;
}

static void on_listener_closed(uv_handle_t *handle)
{
	struct control *control = handle->data;

	control->listening = false;
	release(control);
}

/* libuv says of a folder that isn't there that permission is denied. */
static const char *bind_reason(const char *path, int err)
{
	const char *slash = strrchr(path, '/');
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];

	if (err == UV_EACCES && slash) {
		snprintf(folder, sizeof(folder), "%.*s/", (int)(slash - path), path);
		if (access(folder, W_OK))
			return strerror(errno);
	}
	return uv_strerror(err);
}

int control_open(struct daemon *d, const char *path)
{
	struct control *control = calloc(1, sizeof(*control));
	mode_t mask;
	int err;

	if (!control)
		return -ENOMEM;
	err = clear_leftover(d, path);
	if (err) {
		if (err != -EEXIST && err != -EADDRINUSE)
			log_error(&d->log, "%s: %s", path, strerror(-err));
		free(control);
		return err;
	}
	control->d = d;
	uv_pipe_init(&d->loop, &control->pipe, 0);
	control->pipe.data = control;
	control->listening = true;
	mask = umask(0177);
	err = uv_pipe_bind(&control->pipe, path);
	umask(mask);
	if (!err) {
		strcpy(control->path, path);
		err = uv_listen((uv_stream_t *)&control->pipe, 8, on_connection);
	}
	if (err) {
		log_error(&d->log, "%s: %s", path, bind_reason(path, err));
		control_close(control);
		return err;
	}
	d->control = control;
	return 0;
}

void control_close(struct control *control)
{
	struct client *client = control ? control->clients : NULL;

	if (!control)
		return;
	/* Closing is done by the loop, so the list stays as it is meanwhile. */
	for (; client; client = client->next)
		drop_client(client);
	if (control->path[0])
		unlink(control->path);
	uv_close((uv_handle_t *)&control->pipe, on_listener_closed);
}

static void answer_up(struct client *client, const char *text)
{
	answer_ok(client, "message", text);
}

/* All who wait for the child; the text goes on after its name. */
static void tell_all(struct control *control, const struct wish *w, const char *text,
		     void (*tell)(struct client *client, const char *text))
{
	char whole[512];

	snprintf(whole, sizeof(whole), "%s.%s%s", w->connection->name, w->child->name, text);
	for (struct client *c = control ? control->clients : NULL; c; c = c->next)
		if (c->awaited == CHILD_UP && c->wish == w)
			tell(c, whole);
}

void control_child_trying(struct control *control, const struct wish *w)
{
	char peer[IKE_HOST_TEXT] = "", number[24] = "", text[IKE_HOST_TEXT + 48];

	if (!control)
		return;
	ike_next_peer(control->d->engine, w->connection->name, peer, sizeof(peer));
	if (w->failures)
		snprintf(number, sizeof(number), " (try %u)", w->failures + 1);
	snprintf(text, sizeof(text), ": trying %s%s", peer, number);
	tell_all(control, w, text, show_progress);
}

void control_child_failed(struct control *control, const struct wish *w, unsigned int number,
			  const char *reason)
{
	char text[IKE_REASON_MAX + 96], again[40] = "at once";
	uint64_t now = control ? uv_now(&control->d->loop) : 0;

	if (!w->retry_at && control && traps_is_set(control->d, w)) {
		snprintf(text, sizeof(text), ": %s; raveld tries again when traffic needs it",
			 reason);
		tell_all(control, w, text, answer_error);
	} else if (!w->retry_at && number == 1) {
		snprintf(text, sizeof(text), ": %s; raveld doesn't try again", reason);
		tell_all(control, w, text, answer_error);
	} else if (!w->retry_at) {
		snprintf(text, sizeof(text),
			 ": try %u failed: %s; raveld doesn't try again (keyingtries)", number,
			 reason);
		tell_all(control, w, text, answer_error);
	} else {
		if (w->retry_at >= now + 1000)
			snprintf(again, sizeof(again), "in %llu s",
				 (unsigned long long)(w->retry_at - now) / 1000);
		snprintf(text, sizeof(text), ": try %u failed: %s; the next one %s", number, reason,
			 again);
		tell_all(control, w, text, show_progress);
	}
}

void control_child_up(struct control *control, const struct wish *w)
{
	tell_all(control, w, " is up", answer_up);
}

void control_child_changed(struct control *control, const struct wish *w)
{
	tell_all(control, w, " is configured otherwise by now, and is negotiated anew",
		 show_progress);
}

void control_child_ended(struct control *control, const struct wish *w, const char *reason)
{
	char text[128];

	snprintf(text, sizeof(text), ": %s; raveld doesn't try again", reason);
	tell_all(control, w, text, answer_error);
}

void control_configured(struct control *control)
{
	for (struct client *c = control ? control->clients : NULL; c; c = c->next)
		if (c->listing)
			listing_is_stale(c->listing);
}

void control_check_down(struct control *control)
{
	char text[160];

	for (struct client *c = control ? control->clients : NULL; c; c = c->next) {
		if (c->awaited != ALL_DOWN || !negotiation_is_down(control->d, c->name, &c->sas))
			continue;
		snprintf(text, sizeof(text), "%s is down", c->name);
		answer_ok(c, "message", text);
	}
}
