/* SPDX-License-Identifier: BSD-2-Clause */
/* Octets that are cleansed when they are given up. */
#ifndef RAVELIN_HOST_IKE_SECRET_H
#define RAVELIN_HOST_IKE_SECRET_H

#include <openssl/crypto.h>

#include "host/ike/cursor.h"

enum { IKE_SECRET_MAX = 512 }; /* the shared secret of MODP-4096 */

struct ike_secret {
	size_t len;
	uint8_t data[IKE_SECRET_MAX];
};

static inline struct ike_slice ike_secret_slice(const struct ike_secret *s)
{
	return ike_slice(s->data, s->len);
}

static inline void ike_secret_clear(struct ike_secret *s)
{
	OPENSSL_cleanse(s, sizeof(*s));
}

#endif
