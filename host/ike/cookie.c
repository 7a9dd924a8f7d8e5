/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stateless cookies (RFC 7296, section 2.6): version | HMAC(secret, Ni | IPi | port | SPIi).
 * The secret changes every minute; the one before is believed for another.
 */
#include <openssl/crypto.h>

#include "host/ike/sa.h"

enum { COOKIE_LEN = 1 + 16 };

static int rotate(struct ike_engine *e, uint64_t now)
{
	bool stale = now >= e->cookie_rotate_at + IKE_COOKIE_LIFETIME_MS;
	int err;

	if (e->cookie_rotate_at && now < e->cookie_rotate_at)
		return 0;
	memcpy(e->cookie_secrets[1], e->cookie_secrets[0], IKE_COOKIE_SECRET_LEN);
	e->cookie_previous = e->cookie_rotate_at && !stale;
	err = ike_random_fill(&e->config.random, e->cookie_secrets[0], IKE_COOKIE_SECRET_LEN);
	if (err) {
		e->cookie_rotate_at = 0;
		return err;
	}
	e->cookie_version++;
	e->cookie_rotate_at = now + IKE_COOKIE_LIFETIME_MS;
	return 0;
}

static int compute(const struct ike_engine *e, unsigned which, const struct ike_in *in,
		   struct ike_slice ni, uint8_t out[COOKIE_LEN])
{
	uint8_t where[16 + 2 + 8], mac[16];
	struct ike_writer w = ike_writer(where, sizeof(where));
	struct ike_slice parts[] = {ni, ike_slice(where, sizeof(where))};
	int err;

	ike_put(&w, in->remote.ip, sizeof(in->remote.ip));
	ike_put_u16(&w, in->remote.port);
	ike_put_u64(&w, in->hdr.spi_i);
	err = ike_integ(IKE_INTEG_HMAC_SHA2_256_128,
			ike_slice(e->cookie_secrets[which], IKE_COOKIE_SECRET_LEN), parts, 2, mac);
	out[0] = (uint8_t)(e->cookie_version - which);
	memcpy(out + 1, mac, sizeof(mac));
	return err;
}

int ike_cookie_make(struct ike_engine *e, uint64_t now, const struct ike_in *in,
		    struct ike_slice ni, uint8_t out[IKE_COOKIE_MAX], size_t *len)
{
	int err = rotate(e, now);

	*len = COOKIE_LEN;
	return err ? err : compute(e, 0, in, ni, out);
}

bool ike_cookie_valid(struct ike_engine *e, uint64_t now, const struct ike_in *in,
		      struct ike_slice ni, struct ike_slice cookie)
{
	uint8_t expected[COOKIE_LEN];
	unsigned which;

	if (cookie.len != COOKIE_LEN || !e->cookie_rotate_at || rotate(e, now))
		return false;
	which = (uint8_t)(e->cookie_version - cookie.data[0]);
	if (which > 1 || (which == 1 && !e->cookie_previous))
		return false;
	return compute(e, which, in, ni, expected) == 0 &&
	       CRYPTO_memcmp(expected, cookie.data, COOKIE_LEN) == 0;
}
