// SPDX-License-Identifier: BSD-2-Clause
#include "tests/rtl/crypto/gcm_residue.h"

#include "tests/rtl/crypto/gcm_oracle.h"
#include "tests/rtl/crypto/gf128_reference.h"

#include <string.h>

static uint8_t times(uint8_t a, uint8_t b)
{
	uint8_t p = 0;

	for (; b; b >>= 1) {
		if (b & 1)
			p ^= a;
		a = (uint8_t)(a << 1 ^ (a & 0x80 ? 0x1b : 0));
	}
	return p;
}

/* FIPS 197, section 5.1.1: the inverse, which is x^254, then the affine map. */
static uint8_t sub(uint8_t x)
{
	uint8_t inverse = 1, y = 0x63;

	for (int i = 0; i < 254; i++)
		inverse = times(inverse, x);
	for (int i = 0; i < 5; i++)
		y ^= (uint8_t)(inverse << i | inverse >> (8 - i));
	return y;
}

/* FIPS 197, section 5.2. */
static void expand(const uint8_t key[32], uint8_t round_key[15][16])
{
	uint8_t *w = round_key[0], rcon = 1;

	memcpy(w, key, 32);
	for (int i = 32; i < 240; i += 4) {
		uint8_t t[4];

		for (int k = 0; k < 4; k++)
			t[k] = w[i - 4 + (i % 32 == 0 ? (k + 1) % 4 : k)];
		for (int k = 0; k < 4; k++)
			t[k] = i % 16 == 0 ? sub(t[k]) : t[k];
		if (i % 32 == 0) {
			t[0] ^= rcon;
			rcon = times(rcon, 2);
		}
		for (int k = 0; k < 4; k++)
			w[i + k] = w[i - 32 + k] ^ t[k];
	}
}

void gcm_secrets_of(struct gcm_secrets *s, const uint8_t key[32])
{
	const uint8_t zero[16] = {0};
	uint8_t power[16] = {0x80}, step[16];

	expand(key, s->value);
	gcm_oracle_block(32, key, zero, step);
	for (int i = 0; i < 32 + 31; i++) {
		gf128_reference(power, step, power);
		for (int k = 0; k < 16; k++)
			s->value[15 + i][k] = power[15 - k];
		if (i == 31)
			memcpy(step, power, 16);
	}
}

unsigned int gcm_secrets_found(const struct gcm_secrets *s, const struct gcm_dut *d)
{
	size_t size;
	const void *state = gcm_dut_state(d, &size);
	unsigned int found = 0;

	for (int i = 0; i < GCM_SECRETS; i++)
		found += memmem(state, size, s->value[i], 16) != NULL;
	return found;
}
