/* SPDX-License-Identifier: BSD-2-Clause */
/* What the Verilated SA tables have in common. */
#ifndef RVL_TESTS_SA_DUT_H
#define RVL_TESTS_SA_DUT_H

#include "verilated.h"

template <typename Top> static void sa_clock(Top &top)
{
	top.clk_i = 1;
	top.eval();
	top.clk_i = 0;
	top.eval();
}

template <typename Top> static void sa_reset(Top &top)
{
	sa_clock(top);
	top.rst_ni = 1;
	do
		sa_clock(top);
	while (!top.ready_o);
}

/* The answer stands in op_*_o. */
template <typename Top> static void sa_read(Top &top, unsigned int index)
{
	top.op_idx_i = index;
	top.op_read_i = 1;
	sa_clock(top);
	top.op_read_i = 0;
	sa_clock(top);
	sa_clock(top);
}

/* limits_t, which lies at the low end of both configurations: soft octets, hard octets, soft
 * packets, hard packets. */
template <typename Wide> static void sa_set_limits(Wide &cfg, const uint64_t limits[4])
{
	for (int i = 0; i < 8; i++)
		cfg[i] = (uint32_t)(limits[i / 2] >> 32 * (i % 2));
}

template <typename Wide> static void sa_set_bit(Wide &cfg, int at, bool set)
{
	cfg[at / 32] = (cfg[at / 32] & ~(1U << at % 32)) | (uint32_t)set << at % 32;
}

template <typename Wide> static uint64_t sa_field(const Wide &from, int lsb, int bits)
{
	uint64_t value = 0;

	for (int i = 0; i < bits; i++)
		value |= (uint64_t)(from[(lsb + i) / 32] >> (lsb + i) % 32 & 1) << i;
	return value;
}

#endif
