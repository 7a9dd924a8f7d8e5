/* SPDX-License-Identifier: BSD-2-Clause */
/* Values of keys: each of these returns 0, or -EINVAL with *error naming file, line, key and fault.
 */
#ifndef RVL_CONF_VALUE_H
#define RVL_CONF_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "host/conf/tree.h"
#include "host/ike/id.h"

/* Where a value stands and where what is wrong with it goes. */
struct conf_value {
	const struct conf_section *section;
	const struct conf_key *key;
	struct conf_error *error;
};

int conf_value_fail(const struct conf_value *v, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* yes, no, true, false, 1, 0, on, off, enabled, disabled; false: none of them */
bool conf_word_bool(const char *word, bool *out);
int conf_value_bool(const struct conf_value *v, bool *out);
int conf_value_id(const struct conf_value *v, struct ike_id *out);

/* A decimal number within bounds. */
int conf_value_number(const struct conf_value *v, uint64_t least, uint64_t most, uint64_t *out);

int conf_value_port(const struct conf_value *v, uint16_t *port);

/* Seconds, with s, m, h or d after the number. */
int conf_value_time(const struct conf_value *v, uint32_t *seconds);

/* A count, with k, m or g (2^10, 2^20, 2^30) after the number. */
int conf_value_size(const struct conf_value *v, uint64_t *out);

/* One of the words, of which the last is followed by NULL: *out is its place. */
int conf_value_word(const struct conf_value *v, const char *const *words, unsigned int *out);

/* Text of less than size octets, not empty. */
int conf_value_text(const struct conf_value *v, char *out, size_t size);

/* The name of a network interface. */
int conf_value_interface(const struct conf_value *v, char out[16]);

/* Call each() for every part between commas, without blanks around it. None may be empty. */
int conf_value_list(const struct conf_value *v,
		    int (*each)(const struct conf_value *v, const char *item, void *context),
		    void *context);

#endif
