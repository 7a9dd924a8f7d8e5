// SPDX-License-Identifier: BSD-2-Clause
#include "tests/rtl/queue/queue_dut.h"

#include <cstring>

#include "Vravelin_queue.h"
#include "verilated.h"

struct queue_dut {
	VerilatedContext context;
	Vravelin_queue top{&context};
};

struct queue_dut *queue_dut_new(void)
{
	queue_dut *d = new queue_dut;

	d->top.clk_i = 0;
	d->top.eval();
	return d;
}

void queue_dut_free(struct queue_dut *d)
{
	d->top.final();
	delete d;
}

unsigned int queue_dut_beat(void)
{
	return QUEUE_DATA_W / 8;
}

unsigned int queue_dut_pairs(void)
{
	return QUEUE_PAIRS;
}

void queue_dut_settle(struct queue_dut *d, const struct queue_in *in, struct queue_out *out)
{
	Vravelin_queue &t = d->top;

	t.rst_ni = in->rst_n;
	t.power_on_rst_ni = in->power_on_rst_n;
	t.ipsec_ready_i = in->ipsec_ready;
	t.fatal_i = 0;
	t.fatal_cause_i = 0;
	t.link_i = in->link;
	t.cfg_mac_i = in->mac;
	t.reg_valid_i = in->reg_valid;
	t.reg_write_i = in->reg_write;
	t.reg_addr_i = in->reg_addr;
	t.reg_wdata_i = in->reg_wdata;
	t.reg_be_i = in->reg_be;
	t.rd_req_ready_i = in->rd_req_ready;
	t.rd_rsp_valid_i = in->rd_rsp_valid;
	t.rd_rsp_sop_i = in->rd_rsp_sop;
	t.rd_rsp_eop_i = in->rd_rsp_eop;
	t.rd_rsp_err_i = in->rd_rsp_err;
	t.rd_rsp_tag_i = in->rd_rsp_tag;
	t.rd_rsp_bytes_i = in->rd_rsp_bytes;
	std::memcpy(&t.rd_rsp_data_i, in->rd_rsp_data, QUEUE_DATA_W / 8);
	t.wr_ready_i = in->wr_ready;
	t.cmd_ready_i = in->cmd_ready;
	t.cmd_rsp_valid_i = in->cmd_rsp_valid;
	std::memcpy(&t.cmd_rsp_i, &in->cmd_rsp, sizeof(in->cmd_rsp));
	t.ev_valid_i = in->ev_valid;
	std::memcpy(&t.ev_i, &in->ev, sizeof(in->ev));
	t.htx_ready_i = in->htx_ready;
	t.hrx_valid_i = in->hrx_valid;
	t.hrx_sop_i = in->hrx_sop;
	t.hrx_eop_i = in->hrx_eop;
	t.hrx_decrypted_i = in->hrx_decrypted;
	t.hrx_udp_i = in->hrx_udp;
	std::memcpy(&t.hrx_data_i, in->hrx_data, QUEUE_DATA_W / 8);
	t.hrx_bytes_i = in->hrx_bytes;
	t.hrx_len_i = in->hrx_len;
	t.hrx_sa_i = in->hrx_sa;
	t.hrx_hash_i = in->hrx_hash;
	t.cnt_i = in->cnt;
	t.rx_bytes_add_i = in->rx_bytes_add;
	t.eval();

	out->idle = t.idle_o;
	out->soft_reset = t.soft_reset_o;
	out->ctl_enable = t.ctl_enable_o;
	out->port_max_frame = t.ctl_port_max_frame_o;
	out->reg_ack = t.reg_ack_o;
	out->reg_rdata = t.reg_rdata_o;
	out->rd_req_valid = t.rd_req_valid_o;
	out->rd_req_addr = t.rd_req_addr_o;
	out->rd_req_len = t.rd_req_len_o;
	out->rd_req_tag = t.rd_req_tag_o;
	out->rd_rsp_ready = t.rd_rsp_ready_o;
	out->wr_valid = t.wr_valid_o;
	if (out->wr_valid) {
		out->wr_sop = t.wr_sop_o;
		out->wr_eop = t.wr_eop_o;
		out->wr_irq = t.wr_irq_o;
		out->wr_addr = t.wr_addr_o;
		out->wr_len = t.wr_len_o;
		out->wr_vector = t.wr_vector_o;
		std::memcpy(out->wr_data, &t.wr_data_o, QUEUE_DATA_W / 8);
	}
	out->cmd_valid = t.cmd_valid_o;
	std::memcpy(&out->cmd, &t.cmd_data_o, sizeof(out->cmd));
	out->ev_ready = t.ev_ready_o;
	out->htx_valid = t.htx_valid_o;
	if (out->htx_valid) {
		out->htx_sop = t.htx_sop_o;
		out->htx_eop = t.htx_eop_o;
		out->htx_sa_valid = t.htx_sa_valid_o;
		std::memcpy(out->htx_data, &t.htx_data_o, QUEUE_DATA_W / 8);
		out->htx_bytes = t.htx_bytes_o;
		out->htx_len = t.htx_len_o;
		out->htx_sa = t.htx_sa_o;
	}
	out->hrx_ready = t.hrx_ready_o;
}

void queue_dut_edge(struct queue_dut *d)
{
	d->top.clk_i = 1;
	d->top.eval();
	d->top.clk_i = 0;
	d->top.eval();
}
