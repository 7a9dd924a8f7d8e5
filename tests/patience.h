/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long a test waits for what must happen: no test is about time, so these bounds only end one
 * that would hang.
 */
#ifndef TESTS_PATIENCE_H
#define TESTS_PATIENCE_H

#include <stdlib.h>

/* Of one event, in seconds: two minutes times how slow this machine is (tests/run). */
static inline unsigned int patience_seconds(void)
{
	const char *slow = getenv("RAVELIN_SLOW");
	double factor = slow ? strtod(slow, NULL) : 1;

	return (unsigned int)(120 * (factor > 1 && factor < 1000 ? factor : 1));
}

/* The same for poll() and its like. */
static inline int patience_ms(void)
{
	return (int)(1000 * patience_seconds());
}

#endif
