// SPDX-License-Identifier: BSD-2-Clause
#include "host/conf/value.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int conf_value_fail(const struct conf_value *v, const char *format, ...)
{
	char what[256];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	return conf_fail_key(v->error, v->section, v->key, "%s", what);
}

int conf_value_word(const struct conf_value *v, const char *const *words, unsigned int *out)
{
	char known[160] = "";
	size_t at = 0;

	for (unsigned int i = 0; words[i]; i++) {
		if (!strcmp(words[i], v->key->value)) {
			*out = i;
			return 0;
		}
		if (at < sizeof(known))
			at += (size_t)snprintf(known + at, sizeof(known) - at, "%s%s",
					       i ? ", " : "", words[i]);
	}
	return conf_value_fail(v, "\"%.40s\" isn't supported (%s)", v->key->value, known);
}

bool conf_word_bool(const char *word, bool *out)
{
	static const char *const words[] = {"no",  "yes",      "false",	  "true", "0", "1",
					    "off", "disabled", "enabled", "on",	  NULL};
	static const bool meanings[] = {false, true,  false, true, false,
					true,  false, false, true, true};
	unsigned int at;

	for (at = 0; words[at]; at++)
		if (!strcmp(words[at], word))
			break;
	*out = words[at] && meanings[at];
	return words[at];
}

int conf_value_id(const struct conf_value *v, struct ike_id *out)
{
	char reason[192];

	return ike_id_parse(v->key->value, out, reason, sizeof(reason))
		       ? conf_value_fail(v, "%s", reason)
		       : 0;
}

int conf_value_bool(const struct conf_value *v, bool *out)
{
	if (conf_word_bool(v->key->value, out))
		return 0;
	return conf_value_fail(v, "\"%.40s\" is neither yes nor no", v->key->value);
}

/* Digits at *text, which moves behind them; false when there are none or too many. */
static bool take_number(const char **text, uint64_t *out)
{
	const char *p = *text;
	uint64_t n = 0;

	if (!isdigit((unsigned char)*p))
		return false;
	for (; isdigit((unsigned char)*p); p++)
		if (__builtin_mul_overflow(n, 10u, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n))
			return false;
	*text = p;
	*out = n;
	return true;
}

int conf_value_number(const struct conf_value *v, uint64_t least, uint64_t most, uint64_t *out)
{
	const char *text = v->key->value;

	if (!take_number(&text, out) || *text)
		return conf_value_fail(v, "\"%.40s\" isn't a number", v->key->value);
	if (*out < least || *out > most)
		return conf_value_fail(v, "%llu isn't between %llu and %llu",
				       (unsigned long long)*out, (unsigned long long)least,
				       (unsigned long long)most);
	return 0;
}

/* A number and at most one letter of units, whose factors are given. */
static bool take_scaled(const char *text, const char *units, const uint64_t *factors, uint64_t *out)
{
	const char *unit;

	if (!take_number(&text, out))
		return false;
	if (!*text)
		return true;
	unit = strchr(units, tolower((unsigned char)*text));
	return unit && !text[1] && !__builtin_mul_overflow(*out, factors[unit - units], out);
}

int conf_value_port(const struct conf_value *v, uint16_t *port)
{
	uint64_t n;
	int err = conf_value_number(v, 1, UINT16_MAX, &n);

	if (!err)
		*port = (uint16_t)n;
	return err;
}

int conf_value_time(const struct conf_value *v, uint32_t *seconds)
{
	static const uint64_t factors[] = {1, 60, 3600, 86400};
	uint64_t n;

	if (!take_scaled(v->key->value, "smhd", factors, &n) || n > INT32_MAX)
		return conf_value_fail(v, "\"%.40s\" isn't a time (a number with s, m, h or d)",
				       v->key->value);
	*seconds = (uint32_t)n;
	return 0;
}

int conf_value_size(const struct conf_value *v, uint64_t *out)
{
	static const uint64_t factors[] = {1u << 10, 1u << 20, 1u << 30};

	if (!take_scaled(v->key->value, "kmg", factors, out))
		return conf_value_fail(v, "\"%.40s\" isn't a size (a number with k, m or g)",
				       v->key->value);
	return 0;
}

int conf_value_text(const struct conf_value *v, char *out, size_t size)
{
	size_t len = strlen(v->key->value);

	if (!len)
		return conf_value_fail(v, "is empty");
	if (len >= size)
		return conf_value_fail(v, "is longer than %zu characters", size - 1);
	memcpy(out, v->key->value, len + 1);
	return 0;
}

int conf_value_interface(const struct conf_value *v, char out[16])
{
	const char *name = v->key->value;

	if (!*name || strlen(name) > 15 || !strcmp(name, ".") || !strcmp(name, "..") ||
	    strpbrk(name, "/: \t%"))
		return conf_value_fail(v, "\"%.40s\" isn't the name of an interface", name);
	strcpy(out, name);
	return 0;
}

int conf_value_list(const struct conf_value *v,
		    int (*each)(const struct conf_value *v, const char *item, void *context),
		    void *context)
{
	const char *p = v->key->value;

	for (;;) {
		size_t len = strcspn(p, ",");
		const char *start = p, *end = p + len;
		char *item;
		int err;

		while (start < end && isspace((unsigned char)*start))
			start++;
		while (end > start && isspace((unsigned char)end[-1]))
			end--;
		if (start == end)
			return conf_value_fail(v, "has an empty item");
		item = strndup(start, (size_t)(end - start));
		if (!item)
			return conf_value_fail(v, "out of memory");
		err = each(v, item, context);
		free(item);
		if (err || !p[len])
			return err;
		p += len + 1;
	}
}
