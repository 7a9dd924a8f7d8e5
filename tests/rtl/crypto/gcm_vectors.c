// SPDX-License-Identifier: BSD-2-Clause
#include "tests/rtl/crypto/gcm_vectors.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

static bool parse_hex(const char *s, struct gcm_field *to)
{
	to->len = 0;
	while (isxdigit((unsigned char)*s)) {
		int hi = hex_digit(s[0]), lo = hex_digit(s[1]);

		if (hi < 0 || lo < 0 || to->len == GCM_VECTOR_MAX)
			return false;
		to->octets[to->len++] = (uint8_t)(hi << 4 | lo);
		s += 2;
	}
	return true;
}

/* A vector begins with Count and ends with an empty line or the file. */
int gcm_vector_next(FILE *f, struct gcm_vector *v)
{
	char line[2 * GCM_VECTOR_MAX + 32];
	bool inside = false;

	while (fgets(line, sizeof(line), f)) {
		const struct {
			const char *name;
			struct gcm_field *field;
		} fields[] = {
			{"Key = ", &v->key},  {"IV = ", &v->iv},     {"AAD = ", &v->aad},
			{"PT = ", &v->plain}, {"CT = ", &v->cipher}, {"Tag = ", &v->tag},
		};

		if (!strncmp(line, "Count = ", 8)) {
			memset(v, 0, sizeof(*v));
			v->count = (unsigned int)strtoul(line + 8, NULL, 10);
			inside = true;
			continue;
		}
		if (!inside)
			continue;
		if (line[0] == '\n' || line[0] == '\r')
			return 1;
		if (!strncmp(line, "FAIL", 4)) {
			v->fail = true;
			continue;
		}
		for (size_t i = 0;; i++) {
			if (i == sizeof(fields) / sizeof(fields[0]))
				return -1;
			if (strncmp(line, fields[i].name, strlen(fields[i].name)) != 0)
				continue;
			if (!parse_hex(line + strlen(fields[i].name), fields[i].field))
				return -1;
			break;
		}
	}
	return inside;
}
