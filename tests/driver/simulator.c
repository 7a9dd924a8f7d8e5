/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/driver/simulator.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/patience.h"

static char program[512];

void simulator_find(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');

	snprintf(program, sizeof(program), "%.*s../bin/ravelsim",
		 slash ? (int)(slash - argv0 + 1) : 0, argv0);
}

void simulator_start(struct simulator *s)
{
	simulator_start_without(s, NULL);
}

void simulator_start_without(struct simulator *s, const char *features)
{
	char port[160], ready[16], line[8];
	struct pollfd p = {.events = POLLIN};
	int fds[2];

	memset(s, 0, sizeof(*s));
	snprintf(s->socket, sizeof(s->socket), "/tmp/rvl-simulator-%d.sock", (int)getpid());
	snprintf(s->control, sizeof(s->control), "%s.control", s->socket);
	snprintf(s->capture, sizeof(s->capture), "%s.pcap", s->socket);
	snprintf(s->address, sizeof(s->address), "vfio-user:%s", s->socket);
	snprintf(port, sizeof(port), "pcap:,%s", s->capture);
	assert_int_equal(pipe(fds), 0);
	snprintf(ready, sizeof(ready), "%d", fds[1]);
	s->pid = fork();
	assert_true(s->pid >= 0);
	if (!s->pid) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		close(fds[0]);
		execl(program, "ravelsim", "--socket", s->socket, "--control", s->control, "--port",
		      port, "--ready-fd", ready, features ? "--without" : NULL, features,
		      (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	p.fd = fds[0];
	assert_int_equal(poll(&p, 1, patience_ms()), 1);
	assert_true(read(fds[0], line, sizeof(line)) > 0);
	close(fds[0]);
}

void simulator_stop(struct simulator *s, int signal)
{
	kill(s->pid, signal);
	waitpid(s->pid, NULL, 0);
	unlink(s->capture);
	unlink(s->control);
	unlink(s->socket);
}

void simulator_tell(const struct simulator *s, const char *request)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct pollfd p = {.fd = socket(AF_UNIX, SOCK_STREAM, 0), .events = POLLIN};
	char answer[512];
	ssize_t n;

	memcpy(address.sun_path, s->control, strlen(s->control) + 1);
	assert_int_equal(connect(p.fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(write(p.fd, request, strlen(request)), strlen(request));
	assert_int_equal(write(p.fd, "\n", 1), 1);
	assert_int_equal(poll(&p, 1, patience_ms()), 1);
	n = read(p.fd, answer, sizeof(answer) - 1);
	close(p.fd);
	assert_true(n > 0);
	answer[n] = '\0';
	if (!strstr(answer, "\"ok\":true"))
		fail_msg("%s: %s", request, answer);
}
