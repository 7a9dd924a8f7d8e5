/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stateless cookies (RFC 7296, section 2.6; RFC 8019, section 7.1.1.3):
 *
 *   version | difficulty | PRF | HMAC(secret, Ni | IPi | port | SPIi | difficulty | PRF)
 *
 * The secret changes every minute; the one before is believed for another. What puzzle was given
 * with the cookie comes back in it; difficulty 0: none.
 */
#include <openssl/crypto.h>

#include "host/ike/sa.h"

enum { MAC_AT = 1 + 1 + 2, MAC_LEN = 16, COOKIE_LEN = MAC_AT + MAC_LEN };

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
		   struct ike_slice ni, uint8_t difficulty, uint16_t prf, uint8_t out[COOKIE_LEN])
{
	uint8_t text[16 + 2 + 8 + 1 + 2];
	struct ike_writer w = ike_writer(text, sizeof(text)), cookie = ike_writer(out, MAC_AT);
	struct ike_slice parts[] = {ni, ike_slice(text, sizeof(text))};

	ike_put(&w, in->remote.ip, sizeof(in->remote.ip));
	ike_put_u16(&w, in->remote.port);
	ike_put_u64(&w, in->hdr.spi_i);
	ike_put_u8(&w, difficulty);
	ike_put_u16(&w, prf);
	ike_put_u8(&cookie, (uint8_t)(e->cookie_version - which));
	ike_put_u8(&cookie, difficulty);
	ike_put_u16(&cookie, prf);
	return ike_integ(IKE_INTEG_HMAC_SHA2_256_128,
			 ike_slice(e->cookie_secrets[which], IKE_COOKIE_SECRET_LEN), parts, 2,
			 out + MAC_AT);
}

int ike_cookie_make(struct ike_engine *e, const struct ike_in *in, struct ike_slice ni,
		    uint8_t difficulty, uint16_t prf, uint8_t out[IKE_COOKIE_MAX], size_t *len)
{
	int err = rotate(e, in->now);

	*len = COOKIE_LEN;
	return err ? err : compute(e, 0, in, ni, difficulty, prf, out);
}

bool ike_cookie_valid(struct ike_engine *e, const struct ike_in *in, struct ike_slice ni,
		      struct ike_slice cookie, struct ike_cookie *out)
{
	struct ike_cursor c = ike_cursor(cookie);
	uint8_t expected[COOKIE_LEN], version = ike_get_u8(&c);
	unsigned which;

	out->difficulty = ike_get_u8(&c);
	out->prf = ike_get_u16(&c);
	out->id = ike_get_u64(&c);
	if (cookie.len != COOKIE_LEN || !e->cookie_rotate_at || rotate(e, in->now))
		return false;
	which = (uint8_t)(e->cookie_version - version);
	if (which > 1 || (which == 1 && !e->cookie_previous))
		return false;
	return compute(e, which, in, ni, out->difficulty, out->prf, expected) == 0 &&
	       CRYPTO_memcmp(expected, cookie.data, COOKIE_LEN) == 0;
}
