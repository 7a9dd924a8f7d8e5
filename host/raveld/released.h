/* SPDX-License-Identifier: BSD-2-Clause */
/* What was released, as the answer to whoever asked: raveld's and ravelctl's are one. */
#ifndef RVL_RAVELD_RELEASED_H
#define RVL_RAVELD_RELEASED_H

#include <jansson.h>

#include "host/raveld/remains.h"

struct released {
	json_t *list;
	char failed[REMAINS_TEXT]; /* what couldn't be removed; or empty */
};

struct released released_nothing(void);

/* A remains_told_fn; its context is the struct. */
void released_told(void *context, const char *text, int err);

/*
 * Ends it: an object with `released`, and `ok` and a message; or, if err isn't 0, an `error`. The
 * message is some if anything was released, else none. NULL without memory.
 */
json_t *released_answer(struct released *released, int err, const char *some, const char *none);

/* All of it, without a raveld. */
int released_all(struct released *released);

#endif
