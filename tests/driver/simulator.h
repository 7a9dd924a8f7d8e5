/* SPDX-License-Identifier: BSD-2-Clause */
/* ravelsim as a process of a test's. What fails ends the test. */
#ifndef TESTS_DRIVER_SIMULATOR_H
#define TESTS_DRIVER_SIMULATOR_H

#include <sys/types.h>

struct simulator {
	pid_t pid;
	char socket[96], control[112], capture[112]; /* what the NIC sends is captured */
	char address[128];			     /* as rvl_user_open() takes it */
};

/* Beside the tests: build/tests and build/bin. argv0: of the test. */
void simulator_find(const char *argv0);

/* When this returns, clients may connect. */
void simulator_start(struct simulator *s);

/* The same with a NIC that says that it lacks these FEATURES; NULL: none. */
void simulator_start_without(struct simulator *s, const char *features);

/* End it, and remove what it has left. */
void simulator_stop(struct simulator *s, int signal);

/* Ask its control socket for something, as JSON. */
void simulator_tell(const struct simulator *s, const char *request);

#endif
