// SPDX-License-Identifier: BSD-2-Clause
#include "tests/rtl/parse/parse_dut.h"

#include <cstring>

#include "Vparse_fields.h"
#include "verilated.h"

struct parse_dut {
	VerilatedContext context;
	Vparse_fields top{&context};
};

static void clock(parse_dut *d)
{
	d->top.clk_i = 1;
	d->top.eval();
	d->top.clk_i = 0;
	d->top.eval();
}

struct parse_dut *parse_dut_new(void)
{
	parse_dut *d = new parse_dut;

	clock(d);
	d->top.rst_ni = 1;
	return d;
}

void parse_dut_free(struct parse_dut *d)
{
	d->top.final();
	delete d;
}

bool parse_dut_ethernet(void)
{
	return PARSE_ETHERNET;
}

bool parse_dut_busy(const struct parse_dut *d)
{
	return d->top.busy_o;
}

template <typename Wide> static void put_address(Wide &number, const uint8_t *octets)
{
	for (int i = 0; i < 4; i++)
		number[3 - i] = (uint32_t)octets[4 * i] << 24 | octets[4 * i + 1] << 16 |
				octets[4 * i + 2] << 8 | octets[4 * i + 3];
}

// A number's octets, the first on top.
template <typename Wide> static void address(uint8_t *octets, const Wide &number)
{
	for (int i = 0; i < 16; i++)
		octets[i] = (uint8_t)(number[3 - i / 4] >> (24 - i % 4 * 8));
}

bool parse_dut_cycle(struct parse_dut *d, const struct parse_input *input, uint32_t number,
		     struct parsed *parsed, uint32_t *answers)
{
	const auto &top = d->top;

	d->top.valid_i = input != nullptr;
	if (input) {
		memcpy(&d->top.head_i, input->head, PARSE_HEAD);
		d->top.len_i = input->len;
		d->top.head_ipv6_i = input->ipv6;
		d->top.head_bare_i = input->bare;
		d->top.head_proto_i = input->proto;
		put_address(d->top.head_src_i, input->src);
		put_address(d->top.head_dst_i, input->dst);
		d->top.side_i = number;
	}
	clock(d);
	if (!top.valid_o)
		return false;
	*answers = top.side_o;
	*parsed = {.state = (enum parse_state)top.state_o,
		   .whole = (bool)top.whole_o,
		   .bad_sum = (bool)top.bad_sum_o,
		   .ipv6 = (bool)top.ipv6_o,
		   .fragment = (bool)top.fragment_o,
		   .later = (bool)top.later_o,
		   .df = (bool)top.df_o,
		   .onward = (bool)top.onward_o,
		   .on_link = (bool)top.on_link_o,
		   .ports = (bool)top.ports_o,
		   .unseen = (bool)top.unseen_o,
		   .l3 = top.l3_o,
		   .len = top.len_o,
		   .total = top.total_o,
		   .hlen = top.hlen_o,
		   .tos = top.tos_o,
		   .checksum = top.checksum_o,
		   .proto = top.proto_o,
		   .shown = top.shown_o,
		   .beyond = (bool)top.beyond_o,
		   .names = top.names_o,
		   .front = top.front_o,
		   .front_names = top.front_names_o,
		   .behind = top.behind_o,
		   .src = {},
		   .dst = {},
		   .upper = {}};
	address(parsed->src, top.src_o);
	address(parsed->dst, top.dst_o);
	memcpy(parsed->upper, &top.upper_o, PARSE_UPPER);
	return true;
}
