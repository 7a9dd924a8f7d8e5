// SPDX-License-Identifier: BSD-2-Clause
#include "tests/rtl/crypto/gf128_dut.h"

#include "Vravelin_gf128_mul.h"
#include "verilated.h"

struct gf128_dut {
	VerilatedContext context;
	Vravelin_gf128_mul top{&context};
};

// The engine holds octet 0 in the top octet.
template <typename Wide> static void set_element(Wide &to, const uint8_t from[16])
{
	for (int i = 0; i < 4; i++)
		to[3 - i] = (uint32_t)from[4 * i] << 24 | (uint32_t)from[4 * i + 1] << 16 |
			    (uint32_t)from[4 * i + 2] << 8 | from[4 * i + 3];
}

struct gf128_dut *gf128_dut_new(void)
{
	gf128_dut *d = new gf128_dut;

	d->top.rst_ni = 0;
	d->top.valid_i = 0;
	d->top.clk_i = 1;
	d->top.eval();
	d->top.clk_i = 0;
	d->top.eval();
	d->top.clk_i = 1;
	d->top.eval();
	d->top.clk_i = 0;
	d->top.eval();
	d->top.rst_ni = 1;
	return d;
}

void gf128_dut_free(struct gf128_dut *d)
{
	d->top.final();
	delete d;
}

bool gf128_dut_cycle(struct gf128_dut *d, const uint8_t a[16], const uint8_t b[16],
		     uint8_t product[16])
{
	d->top.valid_i = a != nullptr;
	if (a) {
		set_element(d->top.a_i, a);
		set_element(d->top.b_i, b);
	}
	d->top.clk_i = 1;
	d->top.eval();
	d->top.clk_i = 0;
	d->top.eval();
	if (!d->top.valid_o)
		return false;
	for (int i = 0; i < 16; i++)
		product[i] = (uint8_t)(d->top.product_o[3 - i / 4] >> (24 - 8 * (i % 4)));
	return true;
}
