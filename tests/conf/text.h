/* SPDX-License-Identifier: BSD-2-Clause */
/* A configuration as a test writes it, in a file "t.conf", with what is formatted into it. */
#ifndef RAVELIN_TESTS_CONF_TEXT_H
#define RAVELIN_TESTS_CONF_TEXT_H

#include "host/conf/conf.h"

/* The test fails if it is refused. The caller's to free. */
struct conf *conf_of(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Refused in these words, or the test fails. */
void assert_refused(const char *message, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
