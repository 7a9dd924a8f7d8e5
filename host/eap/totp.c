// SPDX-License-Identifier: BSD-2-Clause
#include "host/eap/totp.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <stdio.h>

enum { SHA1_LEN = 20, MODULUS = 1000000 };

int totp_code(struct ike_slice key, uint64_t step, char out[TOTP_DIGITS + 1])
{
	uint8_t counter[8], mac[SHA1_LEN];
	struct ike_writer w = ike_writer(counter, sizeof(counter));
	struct ike_cursor c;
	unsigned int len = 0;
	uint32_t number;

	ike_put_u64(&w, step);
	if (!HMAC(EVP_sha1(), key.data, (int)key.len, counter, sizeof(counter), mac, &len) ||
	    len != sizeof(mac))
		return -EIO;
	c = ike_cursor(ike_slice(mac + (mac[SHA1_LEN - 1] & 0xf), 4));
	number = (ike_get_u32(&c) & 0x7fffffff) % MODULUS;
	OPENSSL_cleanse(mac, sizeof(mac));
	snprintf(out, TOTP_DIGITS + 1, "%0*u", TOTP_DIGITS, number);
	return 0;
}
