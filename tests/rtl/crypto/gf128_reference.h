/* SPDX-License-Identifier: BSD-2-Clause */
/* The product of two blocks, bit by bit (NIST SP 800-38D, section 6.3, algorithm 1). */
#ifndef RVL_TESTS_GF128_REFERENCE_H
#define RVL_TESTS_GF128_REFERENCE_H

#include <stdint.h>
#include <string.h>

static inline void gf128_reference(const uint8_t x[16], const uint8_t y[16], uint8_t product[16])
{
	uint8_t z[16] = {0}, v[16];

	memcpy(v, y, 16);
	for (int i = 0; i < 128; i++) {
		int carry = v[15] & 1;

		if (x[i / 8] >> (7 - i % 8) & 1)
			for (int k = 0; k < 16; k++)
				z[k] ^= v[k];
		for (int k = 15; k > 0; k--)
			v[k] = (uint8_t)(v[k] >> 1 | v[k - 1] << 7);
		v[0] >>= 1;
		if (carry)
			v[0] ^= 0xe1;
	}
	memcpy(product, z, 16);
}

#endif
