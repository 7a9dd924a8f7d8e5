/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MS-CHAP-V2 (RFC 2759) and the keys that follow from it (RFC 3079). MD4 and DES are OpenSSL's
 * legacy provider's, loaded into a library context that nothing else uses.
 */
#ifndef RVL_EAP_MSCHAP_H
#define RVL_EAP_MSCHAP_H

#include "host/ike/cursor.h"

enum {
	MSCHAP_CHALLENGE_LEN = 16,
	MSCHAP_HASH_LEN = 16,
	MSCHAP_RESPONSE_LEN = 24,      /* NT-Response */
	MSCHAP_AUTHENTICATOR_LEN = 42, /* "S=" and 40 digits, without a 0 */
	MSCHAP_KEY_LEN = 16,	       /* of each direction */
	MSCHAP_PASSWORD_MAX = 256,     /* UTF-16 units (RFC 2759, section 4) */
};

/* Is what it takes there? Else the reason, for an operator. */
bool mschap_available(const char **why);

/* MD4 of a password in UTF-8, as UTF-16. 0, -EINVAL: it isn't UTF-8, or too long; -EIO: OpenSSL. */
int mschap_password_hash(struct ike_slice password, uint8_t out[MSCHAP_HASH_LEN]);

/* What one side knows of an exchange. */
struct mschap {
	uint8_t authenticator[MSCHAP_CHALLENGE_LEN]; /* challenge of who asks, */
	uint8_t peer[MSCHAP_CHALLENGE_LEN];	     /* and of who is asked */
	uint8_t password_hash[MSCHAP_HASH_LEN];
	struct ike_slice user; /* without a domain before it */
};

/* NT-Response (section 8.1). 0 or -EIO, as the next two. */
int mschap_response(const struct mschap *m, uint8_t out[MSCHAP_RESPONSE_LEN]);

/* By which who asks proves that it knows the password, too (section 8.7). */
int mschap_authenticator(const struct mschap *m, const uint8_t response[MSCHAP_RESPONSE_LEN],
			 char out[MSCHAP_AUTHENTICATOR_LEN]);

/* What who is asked receives with, and what it sends with (RFC 3079, section 3.3). */
int mschap_keys(const struct mschap *m, const uint8_t response[MSCHAP_RESPONSE_LEN],
		uint8_t to_asked[MSCHAP_KEY_LEN], uint8_t from_asked[MSCHAP_KEY_LEN]);

#endif
