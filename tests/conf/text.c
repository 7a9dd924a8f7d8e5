/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/conf/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct conf *load(const char *format, va_list args, struct conf_error *error)
{
	struct conf *conf = NULL;
	char *text;
	int len = vasprintf(&text, format, args);

	assert_true(len >= 0);
	if (conf_load_text("t.conf", text, (size_t)len, &conf, error))
		conf = NULL;
	free(text);
	return conf;
}

struct conf *conf_of(const char *format, ...)
{
	struct conf_error error = {""};
	struct conf *conf;
	va_list args;

	va_start(args, format);
	conf = load(format, args, &error);
	va_end(args);
	if (!conf)
		fail_msg("%s", error.text);
	return conf;
}

void assert_refused(const char *message, const char *format, ...)
{
	struct conf_error error = {""};
	struct conf *conf;
	va_list args;

	va_start(args, format);
	conf = load(format, args, &error);
	va_end(args);
	if (conf)
		fail_msg("accepted, instead of: %s", message);
	assert_string_equal(error.text, message);
}
