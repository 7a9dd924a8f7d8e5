// SPDX-License-Identifier: BSD-2-Clause
/* ravelctl: one request to raveld, and its answer for people or, with --json, for programs. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/ctl/release.h"

#define DEFAULT_SOCKET "/run/raveld.sock"
#define ANSWER_MAX (64u << 20)

enum { EXIT_OK = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_NO_DAEMON = 3 };

static const char usage[] =
	"usage: ravelctl [--socket PATH] [--json] [--timeout SECONDS] COMMAND\n"
	"\n"
	"  up NAME     bring up a connection or a child, and wait for the result\n"
	"  rekey NAME  negotiate successors of what a connection or a child has; they take over\n"
	"  down NAME   take down a connection or a child, and wait until it is gone\n"
	"  list        IKE and ESP SAs, and what is configured\n"
	"  stats       counters of the device, the host's side of it, and IKE\n"
	"  nic         the device and what it can do\n"
	"  stop        end raveld, and wait for its end; what it protects stays closed\n"
	"  release     open what is closed: all that a raveld which doesn't run has left, or\n"
	"              what the configuration of one that runs doesn't name\n"
	"\n"
	"  -s, --socket PATH      raveld's control socket (" DEFAULT_SOCKET ")\n"
	"  -j, --json             print the answer as JSON\n"
	"  -t, --timeout SECONDS  how long to wait for it (60)\n"
	"      --release          with stop: open all that is closed, too\n"
	"  -h, --help             this text\n"
	"\n"
	"Exit status: 0 done, 1 refused or failed, 2 usage, 3 raveld can't be reached.\n";

/* What is asked, and how. */
struct request {
	const char *command;
	const char *name; /* or NULL */
	bool release;
	const char *path; /* of the socket */
	unsigned int timeout;
	bool json;
};

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
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static bool is_absent(int err)
{
	return err == -ENOENT || err == -ECONNREFUSED;
}

static bool send_request(int fd, const struct request *r)
{
	json_t *request = json_pack("{s:s, s:s*}", "command", r->command, "name", r->name);
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

/* One line, or NULL with errno. */
static char *receive_line(int fd, size_t *len)
{
	size_t room = 65536;
	char *text = malloc(room);

	*len = 0;
	while (text) {
		ssize_t n;

		if (*len == room) {
			char *grown = room < ANSWER_MAX ? realloc(text, room *= 2) : NULL;

			if (!grown)
				break;
			text = grown;
		}
		n = recv(fd, text + *len, room - *len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n ? errno : ECONNRESET;
			break;
		}
		*len += (size_t)n;
		if (text[*len - 1] == '\n')
			return text;
	}
	free(text);
	return NULL;
}

static const char *string_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "-";
}

static long long number_of(const json_t *object, const char *key)
{
	return (long long)json_integer_value(json_object_get(object, key));
}

static void print_list_of(const json_t *array)
{
	for (size_t i = 0; i < json_array_size(array); i++)
		printf("%s%s", i ? ", " : "", json_string_value(json_array_get(array, i)));
}

static void print_child(const json_t *c)
{
	printf("  %s: %s, %s, ESP%s, SPI %s in, %s out\n", string_of(c, "name"),
	       string_of(c, "state"), string_of(c, "suite"),
	       json_is_true(json_object_get(c, "encap")) ? " in UDP" : "", string_of(c, "spi-in"),
	       string_of(c, "spi-out"));
	printf("    in  %lld packets, %lld octets; dropped: %lld ICV, %lld replay, %lld format\n",
	       number_of(c, "packets-in"), number_of(c, "bytes-in"), number_of(c, "drops-icv-in"),
	       number_of(c, "drops-replay-in"), number_of(c, "drops-format-in"));
	printf("    out %lld packets, %lld octets\n", number_of(c, "packets-out"),
	       number_of(c, "bytes-out"));
	printf("    ");
	print_list_of(json_object_get(c, "local-ts"));
	printf(" === ");
	print_list_of(json_object_get(c, "remote-ts"));
	printf("%s\n", json_is_true(json_object_get(c, "additional-ts-possible"))
			       ? " (more of what was asked for is possible in another one)"
			       : "");
}

static void print_sa(const json_t *sa)
{
	const json_t *children = json_object_get(sa, "child-sas");

	printf("%s: %s, %s, %s, %lld s\n",
	       *string_of(sa, "connection") ? string_of(sa, "connection") : "(unknown)",
	       string_of(sa, "state"),
	       json_is_true(json_object_get(sa, "initiator")) ? "initiator" : "responder",
	       string_of(sa, "suite"), number_of(sa, "established-seconds"));
	printf("  local  %s [%lld] %s\n", string_of(sa, "local-host"), number_of(sa, "local-port"),
	       string_of(sa, "local-id"));
	printf("  remote %s [%lld] %s\n", string_of(sa, "remote-host"),
	       number_of(sa, "remote-port"), string_of(sa, "remote-id"));
	for (size_t i = 0; i < json_array_size(children); i++)
		print_child(json_array_get(children, i));
}

static void print_configured(const json_t *connection)
{
	const json_t *children = json_object_get(connection, "children");

	for (size_t i = 0; i < json_array_size(children); i++) {
		const json_t *child = json_array_get(children, i);

		if (!json_is_true(json_object_get(child, "up")))
			printf("%s.%s: configured, not up%s\n", string_of(connection, "name"),
			       string_of(child, "name"),
			       json_is_true(json_object_get(child, "trap"))
				       ? "; its traffic brings it up"
				       : "");
	}
}

static void print_list(const json_t *answer)
{
	const json_t *sas = json_object_get(answer, "ike-sas");
	const json_t *connections = json_object_get(answer, "connections");

	for (size_t i = 0; i < json_array_size(sas); i++)
		print_sa(json_array_get(sas, i));
	for (size_t i = 0; i < json_array_size(connections); i++)
		print_configured(json_array_get(connections, i));
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

static int print_answer(const struct request *request, json_t *answer)
{
	bool ok = json_is_true(json_object_get(answer, "ok"));

	if (request->json) {
		json_dumpf(answer, stdout, JSON_INDENT(2));
		printf("\n");
		return ok ? EXIT_OK : EXIT_REFUSED;
	}
	print_released(json_object_get(answer, "released"));
	if (!ok)
		fprintf(stderr, "ravelctl: %s\n", string_of(answer, "error"));
	else if (!strcmp(request->command, "list"))
		print_list(answer);
	else if (json_object_get(answer, "message"))
		printf("%s\n", string_of(answer, "message"));
	else
		print_object(answer, 0);
	return ok ? EXIT_OK : EXIT_REFUSED;
}

/* The daemon's answer; NULL, and why not is said. */
static json_t *ask(int fd, const struct request *request)
{
	json_error_t error;
	json_t *answer;
	char *text = NULL;
	size_t len = 0;

	if (send_request(fd, request))
		text = receive_line(fd, &len);
	if (!text) {
		fprintf(stderr, "ravelctl: %s: %s\n", request->path,
			errno == EAGAIN ? "no answer in time" : strerror(errno));
		return NULL;
	}
	answer = json_loadb(text, len, 0, &error);
	free(text);
	if (json_is_object(answer))
		return answer;
	fprintf(stderr, "ravelctl: %s: an answer that isn't understood\n", request->path);
	json_decref(answer);
	return NULL;
}

static int talk(const struct request *request)
{
	int fd = connect_to(request), code;
	json_t *answer;

	if (is_absent(fd) && !strcmp(request->command, "release")) {
		answer = release_without_daemon();
	} else if (fd < 0) {
		fprintf(stderr, "ravelctl: %s: %s%s\n", request->path,
			fd == -ENAMETOOLONG ? "the path is too long for a socket" : strerror(-fd),
			is_absent(fd) ? " (is raveld running?)" : "");
		return EXIT_NO_DAEMON;
	} else {
		answer = ask(fd, request);
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
		{"up", 1},    {"down", 1}, {"rekey", 1}, {"list", 0},
		{"stats", 0}, {"nic", 0},  {"stop", 0},	 {"release", 0},
	};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i].command, command))
			return commands[i].name;
	return -1;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"socket", required_argument, NULL, 's'},  {"json", no_argument, NULL, 'j'},
		{"timeout", required_argument, NULL, 't'}, {"release", no_argument, NULL, 'r'},
		{"help", no_argument, NULL, 'h'},	   {0},
	};
	struct request request = {.path = DEFAULT_SOCKET};
	unsigned long timeout = 60;
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
	if (name)
		request.name = argv[optind + 1];
	return talk(&request);
}
