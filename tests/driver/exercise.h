/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver core against a hostile device, every call checked. Whatever the device does:
 *
 *	- each call ends in bounded time, and waits only if it is one that may;
 *	- a dead device stays dead, for the same reason, and is not touched before it is closed;
 *	- every buffer comes back once: with a completion, in order, or when its queue is freed;
 *	- memory is given back only after the device said that it has stopped, or was kept off
 *memory;
 *	- no key stays in memory that the device sees;
 *	- nothing out of range is handed on.
 *
 * A check that fails says which, with the seed, and aborts.
 */
#ifndef TESTS_DRIVER_EXERCISE_H
#define TESTS_DRIVER_EXERCISE_H

#include "tests/driver/hostile.h"

/*
 * One device from open to close, with so many steps between. what names the run in a failure
 * ("seed=7"). Returns whether it was opened and still alive at the end.
 */
bool exercise(struct hostile *h, unsigned int steps, const char *what);

#endif
