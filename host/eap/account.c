// SPDX-License-Identifier: BSD-2-Clause
#include "host/eap/account.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct account {
	atomic_uint references;
	pthread_mutex_t lock; /* guards all below */
	uint64_t last;	      /* step whose code was taken, like all before it */
	uint64_t since;	      /* second of the first wrong try of those that count */
	unsigned wrong;
};

struct account *account_new(void)
{
	struct account *account = calloc(1, sizeof(*account));

	if (!account)
		return NULL;
	atomic_init(&account->references, 1);
	pthread_mutex_init(&account->lock, NULL);
	return account;
}

struct account *account_hold(struct account *account)
{
	if (account)
		atomic_fetch_add(&account->references, 1);
	return account;
}

void account_release(struct account *account)
{
	if (!account || atomic_fetch_sub(&account->references, 1) != 1)
		return;
	pthread_mutex_destroy(&account->lock);
	free(account);
}

/* Called with the lock held. */
static const char *judge(struct account *a, uint64_t now, bool wrong, uint64_t step)
{
	/* A clock that goes back ends no pause, and begins none that is longer. */
	if (now < a->since)
		a->since = now;
	if (now - a->since >= ACCOUNT_PAUSE)
		a->wrong = 0;
	if (a->wrong >= ACCOUNT_TRIES)
		return "too many wrong tries, for some minutes";
	if (!wrong && step > a->last) {
		a->last = step;
		a->wrong = 0;
		return NULL;
	}
	if (!a->wrong++)
		a->since = now;
	return wrong ? "wrong password or code" : "its code was used before";
}

const char *account_judge(struct account *account, uint64_t now, bool wrong, uint64_t step)
{
	const char *why;

	pthread_mutex_lock(&account->lock);
	why = judge(account, now, wrong, step);
	pthread_mutex_unlock(&account->lock);
	return why;
}
