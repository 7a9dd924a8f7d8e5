// SPDX-License-Identifier: BSD-2-Clause
#include "tests/rtl/sa/out_sa_dut.h"

#include "Vravelin_ipsec_out_sa.h"
#include "tests/rtl/sa/sa_dut.h"

#define ESN_BIT 611 // of out_cfg_t

struct out_sa_dut {
	VerilatedContext context;
	Vravelin_ipsec_out_sa top{&context};
};

struct out_sa_dut *out_sa_dut_new(void)
{
	out_sa_dut *d = new out_sa_dut;

	sa_reset(d->top);
	return d;
}

void out_sa_dut_free(struct out_sa_dut *d)
{
	d->top.final();
	delete d;
}

void out_sa_dut_write(struct out_sa_dut *d, unsigned int index, const struct out_sa *sa)
{
	const uint64_t limits[4] = {sa->soft_bytes, sa->hard_bytes, sa->soft_packets,
				    sa->hard_packets};

	sa_set_limits(d->top.op_cfg_i, limits);
	d->top.op_idx_i = index;
	d->top.op_seq_i = sa->seq;
	sa_set_bit(d->top.op_cfg_i, ESN_BIT, sa->esn);
	d->top.op_live_i = 1;
	d->top.op_write_i = 1;
	sa_clock(d->top);
	d->top.op_write_i = 0;
}

struct out_sa_counters out_sa_dut_read(struct out_sa_dut *d, unsigned int index)
{
	sa_read(d->top, index);
	return {.packets = sa_field(d->top.op_dyn_o, 0, 64),
		.bytes = sa_field(d->top.op_dyn_o, 64, 64),
		.seq = sa_field(d->top.op_dyn_o, 128, 64),
		.drop_limit = (uint32_t)sa_field(d->top.op_dyn_o, 192, 32)};
}

bool out_sa_dut_cycle(struct out_sa_dut *d, const struct out_sa_packet *packet,
		      struct out_sa_result *result)
{
	d->top.valid_i = packet != nullptr;
	if (packet) {
		d->top.use_sa_i = packet->use_sa;
		d->top.idx_i = (uint16_t)packet->sa;
		d->top.bytes_i = packet->bytes;
		d->top.frame_i = 1500;
		d->top.pad_i = 0;
		d->top.bare_i = 1;
		d->top.max_i = packet->too_big ? 1499 : 1500; // its SA adds nothing
	}
	sa_clock(d->top);
	*result = {};
	if (d->top.valid_o) {
		result->no_sa = d->top.no_sa_o;
		result->expired = d->top.expired_o;
		result->too_big = d->top.too_big_o;
		result->seq_end = d->top.seq_end_o;
		result->ok = d->top.ok_o;
		if (result->ok)
			result->seq = d->top.seq_o;
	}
	if (d->top.ev_valid_o)
		result->event = (uint8_t)sa_field(d->top.ev_o, 192, 7);
	return d->top.valid_o;
}
