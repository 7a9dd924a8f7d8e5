/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What raveld answers to `list` (host/raveld/listing.h), printed object by object as it comes: for
 * people, or as one JSON object with the arrays "ike-sas" and "connections".
 */
#ifndef RVL_CTL_LIST_H
#define RVL_CTL_LIST_H

#include <jansson.h>
#include <stdbool.h>

/* One of {"ike-sa": ...} and {"connection": ...}. */
void list_show(const json_t *object, bool json);

/* The last object, which has "ok". */
void list_end(const json_t *answer, bool json);

/* Of an object, or "-" and 0. */
const char *string_of(const json_t *object, const char *key);
long long number_of(const json_t *object, const char *key);

#endif
