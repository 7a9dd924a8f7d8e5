/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The only C++ of the project: Verilator's class behind the C interface of model.h. RVL_TRACE is
 * defined in the build that can write waves.
 */
#include "sim/model.h"

#include <cerrno>
#include <cstring>
#include <memory>
#include <new>

#include "Vravelin.h"
#include "Vravelin___024root.h"
#include "verilated.h"
#ifdef RVL_TRACE
#include "verilated_fst_c.h"
#endif

namespace
{

/* half a clock period, ns: 250 MHz would be 2, but waves are easier to read in tens */
constexpr uint64_t HalfPeriod = 5;

struct Model : rvl_model {
	VerilatedContext context;
	std::unique_ptr<Vravelin> top;
#ifdef RVL_TRACE
	std::unique_ptr<VerilatedFstC> trace;
#endif
};

Model *model(rvl_model *m)
{
	return static_cast<Model *>(m);
}

/* A port wider than 64 bits is an array of 32-bit words, least significant first. */
template <typename Wide> void put_data(Wide &port, const uint8_t *data)
{
	std::memcpy(&port[0], data, RVL_BEAT_OCTETS);
}

template <typename Wide> void get_data(uint8_t *data, const Wide &port)
{
	std::memcpy(data, &port[0], RVL_BEAT_OCTETS);
}

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

void drive(Vravelin &t, const rvl_model_in &in)
{
	t.rst_ni = in.rst_n;
	t.flr_i = in.flr;
	t.mutation_i = in.mutation & 0xf;
	t.cfg_mac_i = 0;
	for (int i = 0; i < 6; i++)
		t.cfg_mac_i |= static_cast<QData>(in.mac[i]) << (8 * i);
	t.cfg_requester_id_i = in.cfg.requester_id;
	t.cfg_bus_master_i = in.cfg.bus_master;
	t.cfg_max_payload_i = in.cfg.max_payload;
	t.cfg_max_read_i = in.cfg.max_read;
	t.cfg_ext_tag_i = in.cfg.ext_tag;
	t.cfg_rcb128_i = in.cfg.rcb128;
	t.cfg_msix_enable_i = in.cfg.msix_enable;
	t.cfg_msix_mask_i = in.cfg.msix_mask;
	t.port_link_i = in.link;
	t.inject_valid_i = in.damage.valid;
	t.inject_memory_i = in.damage.memory;
	t.inject_inbound_i = in.damage.inbound;
	t.inject_index_i = in.damage.index;

	t.rx_req_valid_i = in.rx_req.valid;
	if (in.rx_req.valid) {
		t.rx_req_sop_i = in.rx_req.sop;
		t.rx_req_eop_i = in.rx_req.eop;
		t.rx_req_bar_i = in.rx_req.bar;
		t.rx_req_bytes_i = in.rx_req.bytes;
		put_header(t.rx_req_hdr_i, in.rx_req.hdr);
		put_data(t.rx_req_data_i, in.rx_req.data);
	}
	/* No copy of what may be a key stays here. */
	if (t.rx_cpl_valid_i && !in.rx_cpl.valid)
		std::memset(&t.rx_cpl_data_i[0], 0, RVL_BEAT_OCTETS);
	t.rx_cpl_valid_i = in.rx_cpl.valid;
	if (in.rx_cpl.valid) {
		t.rx_cpl_sop_i = in.rx_cpl.sop;
		t.rx_cpl_eop_i = in.rx_cpl.eop;
		t.rx_cpl_bytes_i = in.rx_cpl.bytes;
		put_header(t.rx_cpl_hdr_i, in.rx_cpl.hdr);
		put_data(t.rx_cpl_data_i, in.rx_cpl.data);
	}
	t.tx_wr_ready_i = in.tx_wr_ready;
	t.tx_rd_ready_i = in.tx_rd_ready;
	t.tx_cpl_ready_i = in.tx_cpl_ready;
	t.port_rx_valid_i = in.port_rx.valid;
	if (in.port_rx.valid) {
		t.port_rx_sop_i = in.port_rx.sop;
		t.port_rx_eop_i = in.port_rx.eop;
		t.port_rx_err_i = in.port_rx.err;
		t.port_rx_bytes_i = in.port_rx.bytes;
		put_data(t.port_rx_data_i, in.port_rx.data);
	}
	t.port_tx_ready_i = in.port_tx_ready;
}

void sample(rvl_model_out &out, const Vravelin &t)
{
	out.flr_done = t.flr_done_o;
	out.datapath_reset = t.datapath_reset_o;
	out.idle = t.idle_o;
	out.rx_req_ready = t.rx_req_ready_o;
	out.rx_cpl_ready = t.rx_cpl_ready_o;
	out.port_rx_ready = t.port_rx_ready_o;

	out.tx_wr.valid = t.tx_wr_valid_o;
	if (out.tx_wr.valid) {
		out.tx_wr.sop = t.tx_wr_sop_o;
		out.tx_wr.eop = t.tx_wr_eop_o;
		out.tx_wr.bytes = t.tx_wr_bytes_o;
		get_header(out.tx_wr.hdr, t.tx_wr_hdr_o);
		get_data(out.tx_wr.data, t.tx_wr_data_o);
	}
	out.tx_rd.valid = t.tx_rd_valid_o;
	if (out.tx_rd.valid) {
		out.tx_rd.sop = true;
		out.tx_rd.eop = true;
		out.tx_rd.bytes = 0;
		get_header(out.tx_rd.hdr, t.tx_rd_hdr_o);
	}
	out.tx_cpl.valid = t.tx_cpl_valid_o;
	if (out.tx_cpl.valid) {
		out.tx_cpl.sop = t.tx_cpl_sop_o;
		out.tx_cpl.eop = t.tx_cpl_eop_o;
		out.tx_cpl.bytes = t.tx_cpl_bytes_o;
		get_header(out.tx_cpl.hdr, t.tx_cpl_hdr_o);
		get_data(out.tx_cpl.data, t.tx_cpl_data_o);
	}
	out.port_tx.valid = t.port_tx_valid_o;
	if (out.port_tx.valid) {
		out.port_tx.sop = t.port_tx_sop_o;
		out.port_tx.eop = t.port_tx_eop_o;
		out.port_tx.err = t.port_tx_err_o;
		out.port_tx.bytes = t.port_tx_bytes_o;
		get_data(out.port_tx.data, t.port_tx_data_o);
	}
}

void dump([[maybe_unused]] Model &m, [[maybe_unused]] uint64_t time)
{
#ifdef RVL_TRACE
	if (m.trace)
		m.trace->dump(time);
#endif
}

} /* namespace */

rvl_model *rvl_model_create(uint64_t seed)
{
	std::unique_ptr<Model> m(new (std::nothrow) Model());

	if (!m)
		return nullptr;
	m->context.randSeed(static_cast<int>(seed & 0x7fffffff));
#ifdef RVL_TRACE
	m->context.traceEverOn(true);
#endif
	m->top.reset(new (std::nothrow) Vravelin(&m->context, "ravelin"));
	if (!m->top)
		return nullptr;
	m->top->clk_i = 0;
	return m.release();
}

void rvl_model_destroy(rvl_model *m)
{
	if (!m)
		return;
	rvl_model_trace_close(m);
	model(m)->top->final();
	delete model(m);
}

void rvl_model_settle(rvl_model *m)
{
	Model &self = *model(m);

	drive(*self.top, m->in);
	self.top->clk_i = 0;
	self.top->eval();
	sample(m->out, *self.top);
	dump(self, 2 * HalfPeriod * m->cycle + HalfPeriod);
}

void rvl_model_clock(rvl_model *m)
{
	Model &self = *model(m);

	self.top->clk_i = 1;
	self.top->eval();
	m->cycle++;
	dump(self, 2 * HalfPeriod * m->cycle);
}

bool rvl_model_holds(const rvl_model *m, const void *octets, size_t len)
{
	const auto *root = static_cast<const Model *>(m)->top->rootp;

	return memmem(root, sizeof(*root), octets, len) != nullptr;
}

bool rvl_model_can_trace(void)
{
#ifdef RVL_TRACE
	return true;
#else
	return false;
#endif
}

int rvl_model_trace_open(rvl_model *m, const char *path)
{
#ifdef RVL_TRACE
	Model &self = *model(m);

	if (self.trace)
		return -EBUSY;
	self.trace.reset(new VerilatedFstC);
	self.top->trace(self.trace.get(), 99);
	self.trace->open(path);
	if (!self.trace->isOpen()) {
		self.trace.reset();
		return -EIO;
	}
	return 0;
#else
	(void)m;
	(void)path;
	return -ENOTSUP;
#endif
}

void rvl_model_trace_close(rvl_model *m)
{
#ifdef RVL_TRACE
	Model &self = *model(m);

	if (self.trace)
		self.trace->close();
	self.trace.reset();
#else
	(void)m;
#endif
}
