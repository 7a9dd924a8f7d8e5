/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is remembered of a user with one-time codes: no code is taken twice (RFC 6238, section 5.2),
 * and who guesses has few tries (RFC 4226, section 7.3). It outlives a reload; any thread may use
 * it.
 */
#ifndef RVL_EAP_ACCOUNT_H
#define RVL_EAP_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

enum {
	ACCOUNT_TRIES = 5, /* that are wrong, */
	ACCOUNT_PAUSE =
		300, /* in so many seconds, before there is no other one until they are over */
};

struct account;

/* NULL without memory. */
struct account *account_new(void);

/* It goes with the last that holds it. NULL is fine. */
struct account *account_hold(struct account *account);
void account_release(struct account *account);

/* At this second somebody has said the code of this step; wrong: no code that is one. NULL: he may
 * come in; else why not. */
const char *account_judge(struct account *account, uint64_t now, bool wrong, uint64_t step);

#endif
