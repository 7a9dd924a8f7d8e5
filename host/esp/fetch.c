// SPDX-License-Identifier: BSD-2-Clause
#include "host/esp/fetch.h"

#include <assert.h>
#include <pthread.h>

#define ROWS_MAX 64 /* bits of a mask of them */

/* Written once, before any of it is read. */
static const struct rvl_algorithm *encr[ROWS_MAX];
static const struct rvl_algorithm *gmac[ROWS_MAX];
static EVP_MAC *hmac;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static const struct rvl_algorithm *fetch(const char *name)
{
	return name ? rvl_algorithm_fetch(name) : NULL;
}

static void fetch_all(void)
{
	assert(rvl_encr_count <= ROWS_MAX && rvl_integ_count <= ROWS_MAX);
	for (size_t i = 0; i < rvl_encr_count; i++)
		encr[i] = fetch(rvl_encr_table[i].cipher);
	for (size_t i = 0; i < rvl_integ_count; i++)
		gmac[i] = fetch(rvl_integ_table[i].cipher);
	hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
}

const struct rvl_algorithm *rvl_fetch_encr(const struct rvl_encr *row)
{
	pthread_once(&once, fetch_all);
	return encr[row - rvl_encr_table];
}

const struct rvl_algorithm *rvl_fetch_gmac(const struct rvl_integ *row)
{
	pthread_once(&once, fetch_all);
	return gmac[row - rvl_integ_table];
}

EVP_MAC *rvl_fetch_hmac(void)
{
	pthread_once(&once, fetch_all);
	return hmac;
}

bool rvl_fetch_has(const struct rvl_suite *suite)
{
	const struct rvl_encr *e = suite->encr;
	const struct rvl_integ *i = suite->integ;

	if (e && e->cipher && !rvl_fetch_encr(e))
		return false;
	if (i && i->cipher && !rvl_fetch_gmac(i))
		return false;
	return !i || !i->digest || rvl_fetch_hmac();
}
