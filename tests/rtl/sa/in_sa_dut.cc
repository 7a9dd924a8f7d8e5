// SPDX-License-Identifier: BSD-2-Clause
#include "tests/rtl/sa/in_sa_dut.h"

#include "Vravelin_ipsec_in_sa.h"
#include "tests/rtl/sa/sa_dut.h"

struct in_sa_dut {
	VerilatedContext context;
	Vravelin_ipsec_in_sa top{&context};
	struct in_sa_packet last; // whose SA has been read
	bool checked[3] = {};	  // one to be checked now, and those of the cycles before
};

struct in_sa_dut *in_sa_dut_new(void)
{
	in_sa_dut *d = new in_sa_dut;

	sa_reset(d->top);
	return d;
}

void in_sa_dut_free(struct in_sa_dut *d)
{
	d->top.final();
	delete d;
}

void in_sa_dut_write(struct in_sa_dut *d, unsigned int index, const struct in_sa *sa)
{
	const uint64_t limits[4] = {sa->soft_bytes, sa->hard_bytes, sa->soft_packets,
				    sa->hard_packets};

	sa_set_limits(d->top.op_cfg_i, limits);
	d->top.op_idx_i = index;
	d->top.op_seq_i = sa->top;
	d->top.op_window_i = sa->window;
	d->top.op_write_i = 1;
	sa_clock(d->top);
	d->top.op_write_i = 0;
	while (d->top.op_busy_o)
		sa_clock(d->top);
}

struct in_sa_counters in_sa_dut_read(struct in_sa_dut *d, unsigned int index)
{
	sa_read(d->top, index);
	return {.packets = sa_field(d->top.op_dyn_o, 0, 64),
		.bytes = sa_field(d->top.op_dyn_o, 64, 64),
		.drop_limit = (uint32_t)sa_field(d->top.op_dyn_o, 128, 32),
		.drop_format = (uint32_t)sa_field(d->top.op_dyn_o, 160, 32),
		.drop_replay = (uint32_t)sa_field(d->top.op_dyn_o, 192, 32),
		.drop_icv = (uint32_t)sa_field(d->top.op_dyn_o, 224, 32),
		.top = d->top.op_seq_o};
}

bool in_sa_dut_cycle(struct in_sa_dut *d, const struct in_sa_packet *packet,
		     struct in_sa_result *result)
{
	d->top.chk_valid_i = d->checked[0];
	if (d->checked[0]) {
		d->top.chk_known_i = 1;
		d->top.chk_reason_i = d->last.reason;
		d->top.chk_icv_ok_i = d->last.icv_ok;
		d->top.chk_format_i = d->last.format;
		d->top.chk_seq_i = d->last.seq;
		d->top.chk_bytes_i = d->last.bytes;
	}
	d->top.rd_valid_i = packet != nullptr;
	if (packet) {
		d->top.rd_idx_i = packet->sa;
		d->top.rd_seq_i = packet->seq;
		d->last = *packet;
	}
	sa_clock(d->top);
	d->checked[2] = d->checked[1];
	d->checked[1] = d->checked[0];
	d->checked[0] = packet != nullptr;
	*result = {};
	if (d->top.ev_valid_o) {
		result->event = (uint8_t)sa_field(d->top.ev_o, 192, 7);
		result->packets = sa_field(d->top.ev_o, 128, 64);
		result->bytes = sa_field(d->top.ev_o, 64, 64);
	}
	result->reason = d->top.reason_o;
	return d->checked[2];
}
