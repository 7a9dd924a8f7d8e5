// SPDX-License-Identifier: BSD-2-Clause
#include "tests/rtl/ipsec/ipsec_dut.h"

#include <cstring>
#include <deque>
#include <vector>

#include "Vravelin_ipsec.h"
#include "verilated.h"

#include "rvl_regs.h"

static constexpr unsigned int octets = IPSEC_DATA_W / 8;
static constexpr uint64_t ready_bound = 100000;

namespace
{

struct in_frame {
	std::vector<uint8_t> data;
	int sa;
	bool err;
};

struct out_stream {
	const char *name;
	bool inside = false;
	bool stalled = false;
	std::vector<uint8_t> beat = {}; // as it stood when it was not taken
	ipsec_dut_frame frame = {};
	std::deque<ipsec_dut_frame> done = {};
};

} // namespace

struct ipsec_dut {
	VerilatedContext context;
	Vravelin_ipsec top{&context};
	uint64_t random;
	uint64_t cycles = 0;
	unsigned int stall_in = 0, stall_out = 0, hold = 0;
	std::deque<in_frame> host_in, wire_in;
	size_t host_at = 0, wire_at = 0;
	bool host_on = false, wire_on = false; // offered, not taken yet
	std::deque<std::vector<uint8_t>> commands;
	out_stream port{"port"}, host{"host"};
	std::deque<rvl_cmd_cpl> responses;
	std::deque<rvl_event> events;
	unsigned int commands_inside = 0;
	uint64_t counters[RVL_CNT_NUM] = {};
	uint64_t spoilt = 0;
	const char *fault = nullptr;
};

static unsigned int percent(struct ipsec_dut *d)
{
	d->random ^= d->random << 13;
	d->random ^= d->random >> 7;
	d->random ^= d->random << 17;
	return static_cast<unsigned int>((d->random >> 20) % 100);
}

static void clear_inputs(struct ipsec_dut *d)
{
	d->top.cmd_valid_i = 0;
	d->top.htx_valid_i = 0;
	d->top.port_rx_valid_i = 0;
	d->top.ev_ready_i = 0;
	d->top.hrx_ready_i = 0;
	d->top.port_tx_ready_i = 0;
}

static void clock(struct ipsec_dut *d)
{
	d->top.clk_i = 1;
	d->top.eval();
	d->top.clk_i = 0;
	d->top.eval();
	d->cycles++;
}

bool ipsec_dut_reset(struct ipsec_dut *d)
{
	d->host_in.clear();
	d->wire_in.clear();
	d->commands.clear();
	d->responses.clear();
	d->events.clear();
	d->port.done.clear();
	d->host.done.clear();
	d->port.inside = d->port.stalled = d->host.inside = d->host.stalled = false;
	d->host_at = d->wire_at = 0;
	d->host_on = d->wire_on = false;
	d->commands_inside = 0;
	clear_inputs(d);
	d->top.htx_taken_i = 0;
	d->top.rst_ni = 0;
	for (int i = 0; i < 16; i++)
		clock(d);
	d->top.rst_ni = 1;
	for (uint64_t i = 0; i < ready_bound && !d->top.ready_o; i++)
		clock(d);
	return d->top.ready_o;
}

struct ipsec_dut *ipsec_dut_new(uint64_t seed)
{
	ipsec_dut *d = new ipsec_dut;

	d->random = seed * 2 + 1;
	d->top.clk_i = 0;
	d->top.mutation_i = 0;
	d->top.damage_i = 0;
	d->top.ctl_enable_i = 1;
	d->top.ctl_port_max_frame_i = 9234;
	if (!ipsec_dut_reset(d)) {
		delete d;
		return nullptr;
	}
	return d;
}

void ipsec_dut_free(struct ipsec_dut *d)
{
	if (!d)
		return;
	d->top.final();
	delete d;
}

unsigned int ipsec_dut_octets(void)
{
	return octets;
}

void ipsec_dut_set_stalls(struct ipsec_dut *d, unsigned int in, unsigned int out)
{
	d->stall_in = in;
	d->stall_out = out;
}

void ipsec_dut_hold(struct ipsec_dut *d, unsigned int mask)
{
	d->hold = mask;
}

void ipsec_dut_set_enable(struct ipsec_dut *d, bool enable)
{
	d->top.ctl_enable_i = enable;
}

void ipsec_dut_set_max_frame(struct ipsec_dut *d, uint16_t len)
{
	d->top.ctl_port_max_frame_i = len;
}

void ipsec_dut_set_mutation(struct ipsec_dut *d, unsigned int mutation)
{
	d->top.mutation_i = mutation;
}

void ipsec_dut_damage(struct ipsec_dut *d, unsigned int memory, bool inbound, uint16_t index)
{
	d->top.damage_i =
		1u << 21 | memory << 17 | static_cast<unsigned int>(inbound) << 16 | index;
	ipsec_dut_step(d);
	d->top.damage_i = 0;
}

int ipsec_dut_fatal(const struct ipsec_dut *d)
{
	return d->top.fatal_o ? d->top.fatal_cause_o : -1;
}

uint64_t ipsec_dut_spoilt(const struct ipsec_dut *d)
{
	return d->spoilt;
}

void ipsec_dut_host(struct ipsec_dut *d, const uint8_t *data, size_t len, int sa)
{
	d->host_in.push_back({std::vector<uint8_t>(data, data + len), sa, false});
	d->top.htx_taken_i++;
}

void ipsec_dut_wire(struct ipsec_dut *d, const uint8_t *data, size_t len, bool err)
{
	d->wire_in.push_back({std::vector<uint8_t>(data, data + len), IPSEC_DUT_NO_SA, err});
}

void ipsec_dut_command(struct ipsec_dut *d, const void *cmd)
{
	const uint8_t *p = static_cast<const uint8_t *>(cmd);

	d->commands.emplace_back(p, p + sizeof(rvl_cmd));
}

// A beat of the frame from octet `at` on; octets beyond its end are not zero, as they may be
// anything.
static size_t fill_beat(const in_frame &frame, size_t at, void *beat)
{
	size_t n = frame.data.size() - at < octets ? frame.data.size() - at : octets;

	memset(beat, 0xa5, octets);
	memcpy(beat, frame.data.data() + at, n);
	return n;
}

static void offer(struct ipsec_dut *d)
{
	if (!d->host_in.empty() && (d->host_on || percent(d) >= d->stall_in)) {
		const in_frame &frame = d->host_in.front();
		size_t n = fill_beat(frame, d->host_at, &d->top.htx_data_i);

		d->host_on = true;
		d->top.htx_sop_i = d->host_at == 0;
		d->top.htx_eop_i = d->host_at + n == frame.data.size();
		d->top.htx_bytes_i = n;
		d->top.htx_len_i = frame.data.size();
		d->top.htx_sa_valid_i = frame.sa != IPSEC_DUT_NO_SA;
		d->top.htx_sa_i = frame.sa;
	}
	d->top.htx_valid_i = d->host_on;
	if (!d->wire_in.empty() && (d->wire_on || percent(d) >= d->stall_in)) {
		const in_frame &frame = d->wire_in.front();
		size_t n = fill_beat(frame, d->wire_at, &d->top.port_rx_data_i);

		d->wire_on = true;
		d->top.port_rx_sop_i = d->wire_at == 0;
		d->top.port_rx_eop_i = d->wire_at + n == frame.data.size();
		d->top.port_rx_bytes_i = n;
		d->top.port_rx_err_i = d->top.port_rx_eop_i && frame.err;
	}
	d->top.port_rx_valid_i = d->wire_on;
	d->top.cmd_valid_i = !d->commands.empty() && d->commands_inside == 0;
	if (d->top.cmd_valid_i)
		memcpy(&d->top.cmd_data_i, d->commands.front().data(), sizeof(rvl_cmd));
	d->top.port_tx_ready_i = !(d->hold & 1) && percent(d) >= d->stall_out;
	d->top.hrx_ready_i = !(d->hold & 2) && percent(d) >= d->stall_out;
	d->top.ev_ready_i = !(d->hold & 4) && percent(d) >= d->stall_out;
}

static void take_beat(struct ipsec_dut *d, out_stream *s, bool valid, bool ready, bool sop,
		      bool eop, const void *data, unsigned int bytes, bool err)
{
	std::vector<uint8_t> now(static_cast<const uint8_t *>(data),
				 static_cast<const uint8_t *>(data) + octets);

	now.push_back(sop);
	now.push_back(eop);
	now.push_back(eop ? bytes : octets);
	now.push_back(eop && err);
	if (s->stalled && (!valid || now != s->beat))
		d->fault = "a beat that was not taken changed";
	s->stalled = valid && !ready;
	s->beat = now;
	if (!valid || !ready)
		return;
	if (sop == s->inside)
		d->fault = "sop and eop do not alternate";
	if (eop && (bytes == 0 || bytes > octets))
		d->fault = "bytes of the last beat out of range";
	if (sop)
		s->frame.len = 0;
	s->inside = !eop;
	unsigned int n = eop ? bytes : octets;
	if (s->frame.len + n > sizeof(s->frame.data)) {
		d->fault = "a frame without end";
		s->frame.len = 0;
	}
	memcpy(s->frame.data + s->frame.len, data, n);
	s->frame.len += n;
	if (eop)
		s->done.push_back(s->frame);
}

static void advance(size_t *at, bool last, std::deque<in_frame> *queue)
{
	*at += octets;
	if (last) {
		queue->pop_front();
		*at = 0;
	}
}

void ipsec_dut_step(struct ipsec_dut *d)
{
	offer(d);
	d->top.eval();
	bool host_taken = d->top.htx_valid_i && d->top.htx_ready_o;
	bool wire_taken = d->top.port_rx_valid_i && d->top.port_rx_ready_o;
	size_t sent = d->port.done.size();

	take_beat(d, &d->port, d->top.port_tx_valid_o, d->top.port_tx_ready_i, d->top.port_tx_sop_o,
		  d->top.port_tx_eop_o, &d->top.port_tx_data_o, d->top.port_tx_bytes_o,
		  d->top.port_tx_err_o);
	if (d->port.done.size() != sent && d->top.port_tx_err_o) {
		d->port.done.pop_back();
		d->spoilt++;
	}
	if (d->top.hrx_valid_o && d->top.hrx_ready_i && d->top.hrx_sop_o) {
		d->host.frame.decrypted = d->top.hrx_decrypted_o;
		d->host.frame.udp = d->top.hrx_udp_o;
		d->host.frame.sa = d->top.hrx_sa_o;
		d->host.frame.hash = d->top.hrx_hash_o;
	}
	unsigned int said = d->top.hrx_len_o;
	size_t before = d->host.done.size();
	take_beat(d, &d->host, d->top.hrx_valid_o, d->top.hrx_ready_i, d->top.hrx_sop_o,
		  d->top.hrx_eop_o, &d->top.hrx_data_o, d->top.hrx_bytes_o, false);
	if (d->host.done.size() != before && d->host.done.back().len != said)
		d->fault = "hrx_len is not the frame's length";
	if (d->top.ev_valid_o && d->top.ev_ready_i) {
		rvl_event event;

		memcpy(&event, &d->top.ev_o, sizeof(event));
		d->events.push_back(event);
	}
	if (d->top.cmd_valid_i && d->top.cmd_ready_o) {
		d->commands.pop_front();
		d->commands_inside++;
	}
	if (d->top.cmd_rsp_valid_o) {
		rvl_cmd_cpl response;

		memcpy(&response, &d->top.cmd_rsp_o, sizeof(response));
		d->responses.push_back(response);
		d->commands_inside--;
	}
	uint64_t pulses = d->top.cnt_o;
	for (unsigned int i = 0; pulses; i++, pulses >>= 1)
		if (pulses & 1) {
			d->counters[i]++;
			if (i == RVL_CNT_RX_FRAMES)
				d->counters[RVL_CNT_RX_BYTES] += d->top.rx_bytes_add_o;
		}
	bool host_last = d->top.htx_eop_i, wire_last = d->top.port_rx_eop_i;

	clock(d);
	if (host_taken) {
		d->host_on = false;
		advance(&d->host_at, host_last, &d->host_in);
	}
	if (wire_taken) {
		d->wire_on = false;
		advance(&d->wire_at, wire_last, &d->wire_in);
	}
}

bool ipsec_dut_run(struct ipsec_dut *d, uint64_t max)
{
	for (uint64_t i = 0; i < max; i++) {
		ipsec_dut_step(d);
		if (d->host_in.empty() && d->wire_in.empty() && d->commands.empty() &&
		    !d->commands_inside && d->top.idle_o) {
			ipsec_dut_step(d);
			if (d->top.idle_o)
				return true;
		}
	}
	return false;
}

bool ipsec_dut_wait(struct ipsec_dut *d, uint64_t max)
{
	for (uint64_t i = 0; i < max && d->responses.empty(); i++)
		ipsec_dut_step(d);
	return !d->responses.empty();
}

static bool take_frame(std::deque<ipsec_dut_frame> *queue, struct ipsec_dut_frame *frame)
{
	if (queue->empty())
		return false;
	*frame = queue->front();
	queue->pop_front();
	return true;
}

bool ipsec_dut_take_port(struct ipsec_dut *d, struct ipsec_dut_frame *frame)
{
	return take_frame(&d->port.done, frame);
}

bool ipsec_dut_take_host(struct ipsec_dut *d, struct ipsec_dut_frame *frame)
{
	return take_frame(&d->host.done, frame);
}

bool ipsec_dut_take_response(struct ipsec_dut *d, struct rvl_cmd_cpl *response)
{
	if (d->responses.empty())
		return false;
	*response = d->responses.front();
	d->responses.pop_front();
	return true;
}

bool ipsec_dut_take_event(struct ipsec_dut *d, struct rvl_event *event)
{
	if (d->events.empty())
		return false;
	*event = d->events.front();
	d->events.pop_front();
	return true;
}

uint64_t ipsec_dut_counter(const struct ipsec_dut *d, unsigned int index)
{
	return d->counters[index];
}

uint64_t ipsec_dut_cycles(const struct ipsec_dut *d)
{
	return d->cycles;
}

const char *ipsec_dut_fault(const struct ipsec_dut *d)
{
	return d->fault;
}
