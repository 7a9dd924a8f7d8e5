// SPDX-License-Identifier: BSD-2-Clause
/* ravelctl: one request to raveld, and its answer for people or, with --json, for programs. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "host/ctl/list.h"
#include "host/ctl/pools.h"
#include "host/ctl/release.h"

#define DEFAULT_SOCKET "/run/raveld.sock"
#define DEFAULT_TIMEOUT 60 /* seconds, but for `up` */
#define ANSWER_MAX (64u << 20)

enum {
	EXIT_OK = 0,
	EXIT_REFUSED = 1,
	EXIT_USAGE = 2,
	EXIT_NO_DAEMON = 3,
	EXIT_INTERRUPTED = 128 + SIGINT,
};

static const char usage[] =
	"usage: ravelctl [--socket PATH] [--json] [--timeout SECONDS] COMMAND\n"
	"\n"
	"  up NAME     bring up a connection or a child: waits for as long as raveld tries, and\n"
	"              shows each try; who waits no longer is told what raveld goes on doing\n"
	"  rekey NAME  negotiate successors of what a connection or a child has; they take over\n"
	"  redirect NAME --gateway ADDRESS|DNS-NAME [--peer-ip ADDRESSES] [--peer-id ID]\n"
	"              send peers of a connection to another gateway, all or those of these\n"
	"              addresses (one, a subnet, a range) and this identity (*.example.org, ...)\n"
	"  down NAME   take down a connection or a child, and wait until it is gone\n"
	"  list        IKE and ESP SAs, and what is configured\n"
	"  pools       addresses that are given to peers, and who has which\n"
	"  stats       counters of the device, the host's side of it, and IKE\n"
	"  nic         the device and what it can do\n"
	"  reload      read the configuration anew: what hasn't changed in it goes on untouched\n"
	"  stop        end raveld, and wait for its end; what it protects stays closed\n"
	"  release     open what is closed: all that a raveld which doesn't run has left, or\n"
	"              what the configuration of one that runs doesn't name\n"
	"\n"
	"  -s, --socket PATH      raveld's control socket (" DEFAULT_SOCKET ")\n"
	"  -j, --json             print JSON: up's progress, one object a line, then the answer\n"
	"  -t, --timeout SECONDS  how long to wait in all (60; up: until there is an answer)\n"
	"      --release          with stop: open all that is closed, too\n"
	"  -h, --help             this text\n"
	"\n"
	"Exit status: 0 done, 1 refused or failed, 2 usage, 3 raveld can't be reached,\n"
	"130 up was interrupted.\n";

/* What is asked, and how. */
struct request {
	const char *command;
	const char *name;			 /* or NULL */
	const char *gateway, *peer_ip, *peer_id; /* redirect; or NULL */
	bool release;
	const char *path;     /* of the socket */
	unsigned int timeout; /* in seconds; 0: none */
	bool json;
};

/* What the daemon sends, line by line. */
struct reader {
	int fd;
	uint64_t deadline; /* ms of the monotonic clock */
	sigset_t mask;	   /* while it waits */
	char *text;
	size_t len, room;
	size_t taken; /* of it, by the last line */
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

/*
 * From here on Ctrl-C ends the wait instead of the program, unless it was to be ignored. It comes
 * through while the reader waits, and at no other time.
 */
static void catch_interrupt(void)
{
	struct sigaction action = {.sa_handler = on_interrupt}, before;
	sigset_t interrupt;

	sigemptyset(&interrupt);
	sigaddset(&interrupt, SIGINT);
	if (sigaction(SIGINT, NULL, &before) || before.sa_handler == SIG_IGN)
		return;
	sigprocmask(SIG_BLOCK, &interrupt, NULL);
	sigaction(SIGINT, &action, NULL);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* A descriptor, or -errno. */
static int connect_to(const struct request *request)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const struct timeval limit = {.tv_sec = request->timeout};
	int fd, err;

	if (strlen(request->path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, request->path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* A daemon that takes no client makes connect() wait. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static const char *reason_of(int err)
{
	switch (err) {
	case EAGAIN: /* of connect() */
	case ETIMEDOUT:
		return "no answer in time";
	case EBADMSG:
		return "an answer that isn't understood";
	case ENAMETOOLONG:
		return "the path is too long for a socket";
	default:
		return strerror(err);
	}
}

static bool is_absent(int err)
{
	return err == -ENOENT || err == -ECONNREFUSED;
}

static bool send_request(int fd, const struct request *r)
{
	json_t *request =
		json_pack("{s:s, s:s*, s:s*, s:s*, s:s*}", "command", r->command, "name", r->name,
			  "gateway", r->gateway, "peer-ip", r->peer_ip, "peer-id", r->peer_id);
	char *text;
	bool sent = false;

	if (r->release)
		json_object_set_new(request, "release", json_true());
	text = request ? json_dumps(request, JSON_COMPACT) : NULL;
	if (text) {
		size_t len = strlen(text);

		text[len] = '\n';
		sent = send(fd, text, len + 1, MSG_NOSIGNAL) == (ssize_t)len + 1;
	}
	free(text);
	json_decref(request);
	return sent;
}

/* 0 when there is something to read, or errno: ETIMEDOUT, EINTR once the user interrupts. */
static int wait_readable(const struct reader *r)
{
	struct pollfd fd = {.fd = r->fd, .events = POLLIN};

	while (!interrupted) {
		uint64_t now = now_ms(), left = r->deadline > now ? r->deadline - now : 0;
		const struct timespec limit = {
			.tv_sec = (time_t)(left / 1000),
			.tv_nsec = (long)(left % 1000) * 1000000,
		};
		int ready;

		if (!left)
			return ETIMEDOUT;
		ready = ppoll(&fd, 1, r->deadline == UINT64_MAX ? NULL : &limit, &r->mask);
		if (ready > 0)
			return 0;
		if (ready < 0 && errno != EINTR)
			return errno;
	}
	return EINTR;
}

/* Some more text. 0 or errno. */
static int receive_more(struct reader *r)
{
	size_t room = r->room ? r->room * 2 : 65536;
	ssize_t n;
	int err;

	if (r->len == r->room) {
		char *grown = room <= ANSWER_MAX ? realloc(r->text, room) : NULL;

		if (!grown)
			return ENOMEM;
		r->text = grown;
		r->room = room;
	}
	err = wait_readable(r);
	if (err)
		return err;
	n = recv(r->fd, r->text + r->len, r->room - r->len, 0);
	if (n <= 0)
		return n ? errno : ECONNRESET;
	r->len += (size_t)n;
	return 0;
}

/* The next line, which is the reader's until the one after it. 0 or errno, as wait_readable(). */
static int receive_line(struct reader *r, const char **line, size_t *len)
{
	size_t searched = 0;
	char *end;
	int err;

	r->len -= r->taken;
	if (r->taken)
		memmove(r->text, r->text + r->taken, r->len);
	r->taken = 0;
	while (r->len == searched || !(end = memchr(r->text + searched, '\n', r->len - searched))) {
		searched = r->len;
		err = receive_more(r);
		if (err)
			return err;
	}
	*line = r->text;
	*len = (size_t)(end - r->text);
	r->taken = *len + 1;
	return 0;
}

static void print_value(const json_t *value)
{
	if (json_is_integer(value))
		printf("%lld\n", (long long)json_integer_value(value));
	else if (json_is_boolean(value))
		printf("%s\n", json_is_true(value) ? "yes" : "no");
	else
		printf("%s\n", json_string_value(value) ? json_string_value(value) : "-");
}

/* Keys and values a line each, groups under their names. */
static void print_object(json_t *object, int indent)
{
	for (void *i = json_object_iter(object); i; i = json_object_iter_next(object, i)) {
		const char *key = json_object_iter_key(i);
		json_t *value = json_object_iter_value(i);

		if (!strcmp(key, "ok"))
			continue;
		if (json_is_object(value)) {
			printf("%*s%s\n", indent, "", key);
			print_object(value, indent + 2);
			continue;
		}
		printf("%*s%-*s ", indent, "", 26 - indent, key);
		print_value(value);
	}
}

static void print_released(const json_t *array)
{
	for (size_t i = 0; i < json_array_size(array); i++)
		printf("released: %s\n", json_string_value(json_array_get(array, i)));
}

static int status_of(bool ok)
{
	if (interrupted)
		return EXIT_INTERRUPTED;
	return ok ? EXIT_OK : EXIT_REFUSED;
}

static int print_answer(const struct request *request, json_t *answer)
{
	bool ok = json_is_true(json_object_get(answer, "ok"));

	if (!strcmp(request->command, "list")) {
		list_end(answer, request->json);
		return status_of(ok);
	}
	if (request->json) {
		json_dumpf(answer, stdout, JSON_INDENT(2));
		printf("\n");
		return status_of(ok);
	}
	print_released(json_object_get(answer, "released"));
	if (!ok)
		fprintf(stderr, "ravelctl: %s\n", string_of(answer, "error"));
	else if (!strcmp(request->command, "pools"))
		pools_show(answer);
	else if (json_object_get(answer, "message"))
		printf("%s\n", string_of(answer, "message"));
	else
		print_object(answer, 0);
	return status_of(ok);
}

/* Shown as it comes, also to what reads from a pipe. */
static void print_progress(const struct request *request, const json_t *progress)
{
	if (!strcmp(request->command, "list")) {
		list_show(progress, request->json);
		return;
	}
	if (request->json) {
		json_dumpf(progress, stdout, JSON_COMPACT);
		printf("\n");
	} else {
		printf("%s\n", string_of(progress, "progress"));
	}
	fflush(stdout);
}

/* Nobody waits for the answer any more: what the daemon does now stands in its place. */
static json_t *unfinished(const struct request *request, const char *goes_on)
{
	json_t *text =
		interrupted ? json_sprintf("interrupted; %s", goes_on)
			    : json_sprintf("no result within %u s; %s", request->timeout, goes_on);

	return json_pack("{s:b, s:o}", "ok", 0, "error", text);
}

/* 0 and the answer, the first object that says whether all is "ok"; or errno. */
static int receive_answer(struct reader *reader, const struct request *request, json_t **answer)
{
	json_t *progress = NULL, *object;
	const char *line;
	size_t len;
	int err;

	while (!(err = receive_line(reader, &line, &len))) {
		object = json_loadb(line, len, 0, NULL);
		if (!json_is_object(object)) {
			json_decref(object);
			err = EBADMSG;
			break;
		}
		if (json_object_get(object, "ok")) {
			*answer = object;
			break;
		}
		print_progress(request, object);
		json_decref(progress);
		progress = object;
	}
	if (!*answer && (interrupted || (err == ETIMEDOUT && progress)))
		*answer = unfinished(request, progress ? string_of(progress, "goes-on")
						       : "raveld hasn't answered yet");
	json_decref(progress);
	return *answer ? 0 : err;
}

/* The daemon's answer; NULL, and why not is said. */
static json_t *ask(int fd, const struct request *request, uint64_t deadline)
{
	struct reader reader = {.fd = fd, .deadline = deadline};
	json_t *answer = NULL;
	int err;

	sigprocmask(SIG_BLOCK, NULL, &reader.mask);
	if (!strcmp(request->command, "up"))
		catch_interrupt();
	err = send_request(fd, request) ? receive_answer(&reader, request, &answer) : errno;
	free(reader.text);
	if (err)
		fprintf(stderr, "ravelctl: %s: %s\n", request->path, reason_of(err));
	return answer;
}

static int talk(const struct request *request)
{
	uint64_t deadline =
		request->timeout ? now_ms() + request->timeout * UINT64_C(1000) : UINT64_MAX;
	int fd = connect_to(request), code;
	json_t *answer;

	if (is_absent(fd) && !strcmp(request->command, "release")) {
		answer = release_without_daemon();
	} else if (fd < 0) {
		fprintf(stderr, "ravelctl: %s: %s%s\n", request->path, reason_of(-fd),
			is_absent(fd) ? " (is raveld running?)" : "");
		return EXIT_NO_DAEMON;
	} else {
		answer = ask(fd, request, deadline);
		close(fd);
	}
	if (!answer)
		return EXIT_NO_DAEMON;
	code = print_answer(request, answer);
	json_decref(answer);
	return code;
}

static int usage_error(const char *what, const char *about)
{
	fprintf(stderr, "ravelctl: %s%s%s%s\n%s", what, about ? " \"" : "", about ? about : "",
		about ? "\"" : "", usage);
	return EXIT_USAGE;
}

/* Does the command take a name? -1: there is no such command. */
static int takes_name(const char *command)
{
	static const struct {
		const char *command;
		int name;
	} commands[] = {
		{"up", 1},   {"down", 1},    {"rekey", 1},  {"redirect", 1},
		{"list", 0}, {"stats", 0},   {"nic", 0},    {"pools", 0},
		{"stop", 0}, {"release", 0}, {"reload", 0},
	};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i].command, command))
			return commands[i].name;
	return -1;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"socket", required_argument, NULL, 's'},
		{"json", no_argument, NULL, 'j'},
		{"timeout", required_argument, NULL, 't'},
		{"release", no_argument, NULL, 'r'},
		{"gateway", required_argument, NULL, 'g'},
		{"peer-ip", required_argument, NULL, 'p'},
		{"peer-id", required_argument, NULL, 'd'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	struct request request = {.path = DEFAULT_SOCKET};
	unsigned long timeout = 0;
	int option, name;
	char *end;

	while ((option = getopt_long(argc, argv, "s:jt:h", options, NULL)) != -1) {
		switch (option) {
		case 's':
			request.path = optarg;
			break;
		case 'j':
			request.json = true;
			break;
		case 't':
			timeout = strtoul(optarg, &end, 10);
			if (*end || !timeout || timeout > 86400)
				return usage_error("not a number of seconds:", optarg);
			break;
		case 'r':
			request.release = true;
			break;
		case 'g':
			request.gateway = optarg;
			break;
		case 'p':
			request.peer_ip = optarg;
			break;
		case 'd':
			request.peer_id = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_OK;
		default:
			fputs(usage, stderr);
			return EXIT_USAGE;
		}
	}
	if (optind == argc)
		return usage_error("a command is needed", NULL);
	request.command = argv[optind];
	if (!timeout && strcmp(request.command, "up") != 0)
		timeout = DEFAULT_TIMEOUT;
	request.timeout = (unsigned int)timeout;
	name = takes_name(request.command);
	if (name < 0)
		return usage_error("unknown command", request.command);
	if (argc - optind - 1 < name)
		return usage_error("which one? a name is needed after", request.command);
	if (argc - optind - 1 > name)
		return usage_error("what is", argv[optind + 1 + name]);
	if (request.release && strcmp(request.command, "stop") != 0)
		return usage_error("--release is for stop, not for", request.command);
	if (strcmp(request.command, "redirect") != 0 &&
	    (request.gateway || request.peer_ip || request.peer_id))
		return usage_error("--gateway, --peer-ip and --peer-id are for redirect, not for",
				   request.command);
	if (!strcmp(request.command, "redirect") && !request.gateway)
		return usage_error("redirect: where to? --gateway is needed", NULL);
	if (name)
		request.name = argv[optind + 1];
	return talk(&request);
}
