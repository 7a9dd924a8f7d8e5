/* SPDX-License-Identifier: BSD-2-Clause */
/* The Verilated ravelin_gf128_mul; elements as in a GHASH block, octet 0 first. */
#ifndef RVL_TESTS_GF128_DUT_H
#define RVL_TESTS_GF128_DUT_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct gf128_dut;

struct gf128_dut *gf128_dut_new(void);
void gf128_dut_free(struct gf128_dut *d);

/* One cycle with a pair of operands, or without (a is NULL). True when a product came out of it. */
bool gf128_dut_cycle(struct gf128_dut *d, const uint8_t a[16], const uint8_t b[16],
		     uint8_t product[16]);

#ifdef __cplusplus
}
#endif

#endif
