/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What has to be fetched before a judgement can be made. Who judges says what it is, and makes no
 * answer; who fetches adds what has come; then the judgement is made once more.
 */
#ifndef RVL_TRUST_ERRAND_H
#define RVL_TRUST_ERRAND_H

#include <stdatomic.h>

#include "host/ike/buffer.h"

enum {
	TRUST_WANTS_MAX = 32,
	TRUST_WANT_KEY = 32, /* octets; of equal ones one is fetched for all */
	TRUST_WHY_MAX = 96,
	TRUST_OCSP_MAX = 64 << 10, /* octets of an answer of OCSP */
};

struct trust_known;

/* What has come; many may wait for it. */
struct trust_reply {
	atomic_uint references;
	uint8_t key[TRUST_WANT_KEY];
	int error; /* 0, or a negative errno, and why: */
	char why[TRUST_WHY_MAX];
	struct ike_buffer post; /* what was asked */
	struct ike_buffer body;
};

struct trust_want {
	uint8_t key[TRUST_WANT_KEY];
	char *uri;
	struct ike_buffer post; /* OCSP's request; empty: a list is to be got */
	struct trust_reply *reply;
};

struct trust_errand {
	struct trust_known *known; /* what was learned before */
	bool closed;		   /* nothing more is fetched: what isn't known stays so */
	bool waits;		   /* no judgement was made: what has no reply yet comes first */
	size_t count;
	struct trust_want wants[TRUST_WANTS_MAX];
};

/* To this, of which it has copies. NULL without memory. */
struct trust_reply *trust_reply_new(const struct trust_want *want);
struct trust_reply *trust_reply_hold(struct trust_reply *reply);
void trust_reply_release(struct trust_reply *reply); /* NULL is fine */

/* NULL without memory. */
struct trust_errand *trust_errand_new(struct trust_known *known);
void trust_errand_free(struct trust_errand *errand); /* NULL is fine */

/* NULL: it wasn't wanted. */
struct trust_want *trust_errand_find(struct trust_errand *errand,
				     const uint8_t key[TRUST_WANT_KEY]);

/* Takes `post`, whatever comes of it. False: nothing more is wanted, or there is no memory. */
bool trust_errand_want(struct trust_errand *errand, const uint8_t key[TRUST_WANT_KEY],
		       const char *uri, struct ike_buffer *post);

#endif
