/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/rtl/pcie/pcie_dut.h"

#include <cstring>
#include <new>

#include "Vravelin_pcie.h"
#include "Vravelin_pcie___024root.h"
#include "verilated.h"

namespace
{

constexpr uint32_t Width = PCIE_DATA_W / 8;

struct Dut : pcie_dut {
	VerilatedContext context;
	Vravelin_pcie *top;
};

template <typename Wide> void put_header(Wide &port, const uint32_t *hdr)
{
	for (int i = 0; i < 4; i++)
		port[i] = hdr[3 - i];
}

template <typename Wide> void get_header(uint32_t *hdr, const Wide &port)
{
	for (int i = 0; i < 4; i++)
		hdr[i] = port[3 - i];
}

} /* namespace */

pcie_dut *pcie_dut_create(uint64_t seed)
{
	Dut *d = new (std::nothrow) Dut();

	if (!d)
		return nullptr;
	d->context.randSeed(static_cast<int>(seed & 0x7fffffff));
	d->context.randReset(2);
	d->top = new Vravelin_pcie(&d->context, "ravelin_pcie");
	d->top->clk_i = 0;
	d->width = Width;
	return d;
}

void pcie_dut_destroy(pcie_dut *dut)
{
	Dut *d = static_cast<Dut *>(dut);

	if (!d)
		return;
	d->top->final();
	delete d->top;
	delete d;
}

void pcie_dut_settle(pcie_dut *dut)
{
	Vravelin_pcie &t = *static_cast<Dut *>(dut)->top;
	const rvl_model_in &in = dut->in;
	const pcie_user_in &u = dut->user;
	rvl_model_out &out = dut->out;
	pcie_user_out &f = dut->from;

	t.rst_ni = in.rst_n;
	t.flr_i = in.flr;
	t.quiesce_i = u.quiesce;
	t.cfg_requester_id_i = in.cfg.requester_id;
	t.cfg_bus_master_i = in.cfg.bus_master;
	t.cfg_max_payload_i = in.cfg.max_payload;
	t.cfg_max_read_i = in.cfg.max_read;
	t.cfg_ext_tag_i = in.cfg.ext_tag;
	t.cfg_rcb128_i = in.cfg.rcb128;
	t.cfg_msix_enable_i = in.cfg.msix_enable;
	t.cfg_msix_mask_i = in.cfg.msix_mask;
	t.rx_req_valid_i = in.rx_req.valid;
	t.rx_req_sop_i = in.rx_req.sop;
	t.rx_req_eop_i = in.rx_req.eop;
	t.rx_req_bar_i = in.rx_req.bar;
	t.rx_req_bytes_i = in.rx_req.bytes;
	put_header(t.rx_req_hdr_i, in.rx_req.hdr);
	std::memcpy(&t.rx_req_data_i[0], in.rx_req.data, Width);
	t.rx_cpl_valid_i = in.rx_cpl.valid;
	t.rx_cpl_sop_i = in.rx_cpl.sop;
	t.rx_cpl_eop_i = in.rx_cpl.eop;
	t.rx_cpl_bytes_i = in.rx_cpl.bytes;
	put_header(t.rx_cpl_hdr_i, in.rx_cpl.hdr);
	if (in.rx_cpl.valid)
		std::memcpy(&t.rx_cpl_data_i[0], in.rx_cpl.data, Width);
	else
		std::memset(&t.rx_cpl_data_i[0], 0, Width);
	t.tx_wr_ready_i = in.tx_wr_ready;
	t.tx_rd_ready_i = in.tx_rd_ready;
	t.tx_cpl_ready_i = in.tx_cpl_ready;
	t.reg_ack_i = u.reg_ack;
	t.reg_rdata_i = u.reg_rdata;
	t.rd_req_valid_i = u.rd_req_valid;
	t.rd_req_addr_i = u.rd_req_addr;
	t.rd_req_len_i = u.rd_req_len;
	t.rd_req_tag_i = u.rd_req_tag;
	t.rd_rsp_ready_i = u.rd_rsp_ready;
	t.wr_valid_i = u.wr_valid;
	t.wr_sop_i = u.wr_sop;
	t.wr_eop_i = u.wr_eop;
	t.wr_irq_i = u.wr_irq;
	t.wr_addr_i = u.wr_addr;
	t.wr_len_i = u.wr_len;
	t.wr_vector_i = u.wr_vector;
	std::memcpy(&t.wr_data_i[0], u.wr_data, Width);
	t.clk_i = 0;
	t.eval();

	out.idle = t.idle_o;
	out.rx_req_ready = t.rx_req_ready_o;
	out.rx_cpl_ready = t.rx_cpl_ready_o;
	out.tx_wr.valid = t.tx_wr_valid_o;
	out.tx_wr.sop = t.tx_wr_sop_o;
	out.tx_wr.eop = t.tx_wr_eop_o;
	out.tx_wr.bytes = t.tx_wr_bytes_o;
	get_header(out.tx_wr.hdr, t.tx_wr_hdr_o);
	std::memcpy(out.tx_wr.data, &t.tx_wr_data_o[0], Width);
	out.tx_rd.valid = t.tx_rd_valid_o;
	out.tx_rd.sop = out.tx_rd.eop = true;
	get_header(out.tx_rd.hdr, t.tx_rd_hdr_o);
	out.tx_cpl.valid = t.tx_cpl_valid_o;
	out.tx_cpl.sop = t.tx_cpl_sop_o;
	out.tx_cpl.eop = t.tx_cpl_eop_o;
	out.tx_cpl.bytes = t.tx_cpl_bytes_o;
	get_header(out.tx_cpl.hdr, t.tx_cpl_hdr_o);
	std::memcpy(out.tx_cpl.data, &t.tx_cpl_data_o[0], Width);
	f.quiesced = t.quiesced_o;
	f.reg_valid = t.reg_valid_o;
	f.reg_write = t.reg_write_o;
	f.reg_addr = t.reg_addr_o;
	f.reg_wdata = t.reg_wdata_o;
	f.reg_be = t.reg_be_o;
	f.rd_req_ready = t.rd_req_ready_o;
	f.rd_rsp_valid = t.rd_rsp_valid_o;
	f.rd_rsp_sop = t.rd_rsp_sop_o;
	f.rd_rsp_eop = t.rd_rsp_eop_o;
	f.rd_rsp_err = t.rd_rsp_err_o;
	f.rd_rsp_tag = t.rd_rsp_tag_o;
	f.rd_rsp_bytes = t.rd_rsp_bytes_o;
	std::memcpy(f.rd_rsp_data, &t.rd_rsp_data_o[0], Width);
	f.wr_ready = t.wr_ready_o;
	f.cnt = t.cnt_o;
}

bool pcie_dut_holds(const pcie_dut *dut, const void *octets, size_t len)
{
	const auto *root = static_cast<const Dut *>(dut)->top->rootp;

	return memmem(root, sizeof(*root), octets, len) != nullptr;
}

void pcie_dut_clock(pcie_dut *dut)
{
	Vravelin_pcie &t = *static_cast<Dut *>(dut)->top;

	t.clk_i = 1;
	t.eval();
}
