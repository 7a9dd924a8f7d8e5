/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keys and sections of swanctl.conf for what raveld doesn't have. A value that says that it isn't
 * wanted is taken; another is refused in words. Tables end with a NULL name.
 */
#ifndef RVL_CONF_ABSENT_H
#define RVL_CONF_ABSENT_H

#include "host/conf/value.h"

struct conf_absent {
	const char *name; /* with a * at its end: all that begin so */
	/*
	 * Values that are taken, separated by blanks: "no" and "yes" stand for all words that mean
	 * so, "0" for whatever is zero. An empty value always is.
	 */
	const char *taken;
	const char *words; /* what is said of others: "mediation isn't supported" */
};

extern const struct conf_absent conf_absent_connection[];
extern const struct conf_absent conf_absent_local[]; /* sections local* ... */
extern const struct conf_absent conf_absent_remote[];
extern const struct conf_absent conf_absent_child[];
extern const struct conf_absent conf_absent_none[];

/* Sections: of local* and remote*, of secrets, and at the top. One that is empty is taken. */
extern const struct conf_absent conf_absent_auth_sections[];
extern const struct conf_absent conf_absent_secret_sections[];
extern const struct conf_absent conf_absent_top_sections[];

/* NULL: the table doesn't have it. */
const struct conf_absent *conf_absent_find(const struct conf_absent *table, const char *name);

/* 0, or -EINVAL with *error of the value set. */
int conf_absent_key(const struct conf_absent *absent, const struct conf_value *v);
int conf_absent_section(const struct conf_absent *absent, const struct conf_section *section,
			struct conf_error *error);

#endif
