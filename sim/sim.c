/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/sim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "driver/core/rvl_regs.h"
#include "sim/model.h"
#include "sim/wire.h"

/* Bounds, in cycles, of what the NIC must do in time. */
/* Half a second and three: a client of vfio-user gives up after five (QEMU, x-msg-timeout). */
#define READY_LIMIT 600000U  /* reset and the sweep of all tables; a reset waits for reads too */
#define ANSWER_LIMIT 100000U /* a register */
#define RESET_CYCLES 8U

/* A change of the NIC's inputs shows in its idle output after so many cycles at the latest. */
#define QUIET 8U

#define TIMEOUTS 32U /* completion timeouts that may be under way */

struct rvl_sim {
	struct rvl_sim_options options;
	struct rvl_model *model;
	struct rvl_rootport *rootport;
	struct rvl_wire wire;
	struct rvl_config_space config;
	struct rvl_dma_map dma;
	unsigned vectors;
	bool *connected; /* a vector each: its table entry is written after a reset too */
	unsigned quiet;	 /* cycles since something was in flight, up to QUIET */

	bool waiting; /* for the answer to a read */
	uint8_t answer_status;
	uint32_t answer;

	struct rvl_faults faults;
	bool unplugged;
	struct timeout {
		uint64_t due;
		uint32_t hdr[4];
	} timeouts[TIMEOUTS]; /* of reads whose completions were lost, by time */
	unsigned timeout_count;

	uint64_t host_ns, interrupts, resets, hash;
	uint64_t unplugs, aer[4]; /* messages, by enum rvl_aer_message */
};

const struct rvl_sim_options RVL_SIM_OPTIONS_DEFAULT = {
	.seed = 1,
	.mac = {0x52, 0x56, 0x4c, 0x4e, 0x00, 0x01},
	.requester_id = 0x0100,
	.rootport = {.latency_min = 64, .latency_max = 64},
};

static void log_line(const struct rvl_sim *s, const char *text)
{
	if (s->options.log)
		s->options.log(s->options.ctx, text);
}

/* --------------------------------------------------------------------------- what the NIC reaches
 */

static bool is_interrupt(uint64_t bus)
{
	return bus - RVL_SIM_MSIX_ADDRESS < 4096U * 4;
}

static void tell_interrupt(struct rvl_sim *s, unsigned vector, unsigned times)
{
	for (; times && s->options.irq; times--)
		s->options.irq(s->options.ctx, vector);
}

/* A memory write of one DW: is it an interrupt? */
static bool host_message(void *ctx, uint64_t bus, uint32_t data)
{
	struct rvl_sim *s = ctx;
	uint64_t vector = (bus - RVL_SIM_MSIX_ADDRESS) / 4;
	unsigned told = (unsigned)vector, times;

	if (!is_interrupt(bus))
		return false;
	if (bus % 4 || data != vector || vector >= s->vectors) {
		log_line(s, "an interrupt with the wrong address or data");
		return true;
	}
	s->interrupts++;
	times = rvl_faults_irq(&s->faults, &told);
	tell_interrupt(s, told, times);
	return true;
}

static uint8_t *host_translate(void *ctx, uint64_t bus, uint32_t len, bool write)
{
	return rvl_dma_map_find(&((struct rvl_sim *)ctx)->dma, bus, len, write);
}

static void host_answered(void *ctx, const struct rvl_rootport_answer *answer)
{
	struct rvl_sim *s = ctx;

	s->waiting = false;
	s->answer_status = answer->status;
	if (answer->dws)
		memcpy(&s->answer, answer->data, sizeof(s->answer));
}

static bool host_read_fault(void *ctx, uint64_t addr, uint64_t end, struct rvl_rootport_rule *rule)
{
	return rvl_faults_read(&((struct rvl_sim *)ctx)->faults, addr, end, rule);
}

static bool host_written(void *ctx, uint64_t addr, uint8_t *data, uint32_t len)
{
	return rvl_faults_written(&((struct rvl_sim *)ctx)->faults, addr, data, len);
}

/* What a function logs of what came back for its reads (PCIe, sections 6.2.3 and 7.5.1.1.4). */
static void host_faulted(void *ctx, enum rvl_rootport_fault fault, const uint32_t hdr[4])
{
	struct rvl_sim *s = ctx;
	struct timeout *t;

	switch (fault) {
	case RVL_FAULT_UNSUPPORTED:
		rvl_config_space_status(&s->config, RVL_STATUS_MASTER_ABORT);
		break;
	case RVL_FAULT_ABORT:
		rvl_config_space_status(&s->config, RVL_STATUS_TARGET_ABORT);
		break;
	case RVL_FAULT_POISONED:
		rvl_config_space_status(&s->config, RVL_STATUS_PARITY);
		rvl_sim_aer(s, false, true, RVL_AER_POISONED, hdr);
		break;
	case RVL_FAULT_DUPLICATE:
		rvl_sim_aer(s, false, true, RVL_AER_UNEXPECTED_COMPLETION, hdr);
		break;
	case RVL_FAULT_RETRY:
	case RVL_FAULT_BYTE_COUNT:
	case RVL_FAULT_TOO_LONG:
		rvl_sim_aer(s, false, false, RVL_AER_MALFORMED, hdr);
		break;
	case RVL_FAULT_LOST:
		if (s->timeout_count == TIMEOUTS)
			break;
		t = &s->timeouts[s->timeout_count++];
		t->due = s->model->cycle + RVL_SIM_COMPLETION_TIMEOUT;
		memcpy(t->hdr, hdr, sizeof(t->hdr));
		break;
	case RVL_FAULT_LATE:
	case RVL_FAULT_KINDS:
		break;
	}
}

/* Late interrupts and completion timeouts that are due. */
static void run_timers(struct rvl_sim *s)
{
	int vector;

	while ((vector = rvl_faults_irq_due(&s->faults)) >= 0)
		tell_interrupt(s, (unsigned)vector, 1);
	while (s->timeout_count && s->timeouts[0].due <= s->model->cycle) {
		rvl_sim_aer(s, false, false, RVL_AER_COMPLETION_TIMEOUT, s->timeouts[0].hdr);
		s->timeout_count--;
		memmove(s->timeouts, s->timeouts + 1, s->timeout_count * sizeof(s->timeouts[0]));
	}
}

static void host_violation(void *ctx, const char *text)
{
	log_line(ctx, text);
}

/* ---------------------------------------------------------------------------------------- time */

static void mix(struct rvl_sim *s, uint64_t v)
{
	s->hash = (s->hash ^ v) * 0x9e3779b97f4a7c15ULL;
	s->hash ^= s->hash >> 29;
}

static void mix_beat(struct rvl_sim *s, unsigned stream, const uint32_t *hdr, const uint8_t *data,
		     uint32_t bytes)
{
	uint32_t i;

	mix(s, s->model->cycle << 3 | stream);
	for (i = 0; hdr && i < 4; i++)
		mix(s, hdr[i]);
	for (i = 0; i < bytes && i < RVL_BEAT_OCTETS; i += 8) {
		uint64_t v = 0;

		memcpy(&v, data + i, bytes - i < 8 ? bytes - i : 8);
		mix(s, v);
	}
}

/* What moves out of the NIC in this cycle, into the digest. */
static void digest(struct rvl_sim *s)
{
	const struct rvl_model_in *in = &s->model->in;
	const struct rvl_model_out *out = &s->model->out;

	if (out->tx_wr.valid && in->tx_wr_ready)
		mix_beat(s, 0, out->tx_wr.sop ? out->tx_wr.hdr : NULL, out->tx_wr.data,
			 out->tx_wr.eop ? out->tx_wr.bytes : RVL_BEAT_OCTETS);
	if (out->tx_rd.valid && in->tx_rd_ready)
		mix_beat(s, 1, out->tx_rd.hdr, NULL, 0);
	if (out->tx_cpl.valid && in->tx_cpl_ready)
		mix_beat(s, 2, out->tx_cpl.hdr, out->tx_cpl.data,
			 out->tx_cpl.hdr[0] >> 30 & 1 ? out->tx_cpl.bytes : 0);
	if (out->port_tx.valid && in->port_tx_ready)
		mix_beat(s, 3, NULL, out->port_tx.data,
			 out->port_tx.eop ? out->port_tx.bytes : RVL_BEAT_OCTETS);
}

static void cycle(struct rvl_sim *s)
{
	struct rvl_model *m = s->model;
	bool timers, reads, writes;

	s->faults.cycle = m->cycle;
	s->faults.frames = s->wire.rx_frames + s->wire.tx_frames;
	rvl_faults_stopped(&s->faults, &reads, &writes);
	rvl_rootport_stop(s->rootport, reads, writes);
	if (s->options.trace && m->cycle == s->options.trace_from)
		rvl_model_trace_open(m, s->options.trace);
	rvl_model_settle(m);
	digest(s);
	rvl_wire_clock(&s->wire, &m->in, &m->out);
	rvl_rootport_clock(s->rootport, &m->in, &m->out);
	rvl_model_clock(m);
	timers = s->timeout_count || rvl_faults_irq_pending(&s->faults);
	if (timers)
		run_timers(s);
	if (timers || !m->out.idle || !rvl_rootport_idle(s->rootport) || !rvl_wire_idle(&s->wire))
		s->quiet = 0;
	else if (s->quiet < QUIET)
		s->quiet++;
}

/* Let time pass until done() or for `limit` cycles. Returns what done() says then. */
static bool pass(struct rvl_sim *s, uint64_t limit, bool (*done)(const struct rvl_sim *s))
{
	struct timespec from, to;
	uint64_t i;

	if (s->unplugged || (done && done(s)))
		return true;
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (i = 0; i < limit && (i == 0 || !done || !done(s)); i++)
		cycle(s);
	clock_gettime(CLOCK_MONOTONIC, &to);
	s->host_ns += (uint64_t)(to.tv_sec - from.tv_sec) * 1000000000U + (uint64_t)to.tv_nsec -
		      (uint64_t)from.tv_nsec;
	return done && done(s);
}

bool rvl_sim_idle(const struct rvl_sim *s)
{
	return s->quiet == QUIET || s->unplugged;
}

void rvl_sim_step(struct rvl_sim *s, uint64_t cycles)
{
	pass(s, cycles, NULL);
}

bool rvl_sim_run(struct rvl_sim *s, uint64_t cycles)
{
	return pass(s, cycles, rvl_sim_idle);
}

uint64_t rvl_sim_cycle(const struct rvl_sim *s)
{
	return s->model->cycle;
}

/* ------------------------------------------------------------------------ memory-mapped access */

static bool is_drained(const struct rvl_sim *s)
{
	return rvl_rootport_requests_queued(s->rootport) == 0;
}

static bool is_answered(const struct rvl_sim *s)
{
	return !s->waiting;
}

/* Queue a request; time passes while the queue is full. */
static int request(struct rvl_sim *s, const struct rvl_rootport_request *r)
{
	uint32_t i;
	int rc;

	s->quiet = 0;
	for (i = 0; i < ANSWER_LIMIT; i++) {
		rc = rvl_rootport_request(s->rootport, r);
		if (rc != -EAGAIN)
			return rc;
		rvl_sim_step(s, 1);
	}
	log_line(s, "the NIC does not take accesses to its BARs any more");
	return -ETIMEDOUT;
}

static int read_dw(struct rvl_sim *s, unsigned bar, uint64_t offset, uint32_t *value)
{
	const struct rvl_rootport_request r = {.type = RVL_TLP_MEM_READ,
					       .bar = (uint8_t)bar,
					       .first_be = 0xf,
					       .dws = 1,
					       .addr = rvl_config_space_bar(&s->config, bar) +
						       offset};
	int rc;

	*value = ~0U;
	if (s->unplugged || !rvl_config_space_memory_enabled(&s->config))
		return -EIO;
	rc = request(s, &r);
	if (rc)
		return rc;
	s->waiting = true;
	if (!pass(s, ANSWER_LIMIT, is_answered)) {
		log_line(s, "a read of a BAR was not answered");
		s->waiting = false;
		rvl_rootport_forget_requests(s->rootport);
		return -ETIMEDOUT;
	}
	if (s->answer_status == RVL_CPL_UNSUPPORTED) {
		const uint32_t hdr[4] = {(uint32_t)r.type << 24 | r.dws, r.first_be,
					 (uint32_t)r.addr, 0};

		rvl_sim_aer(s, false, true, RVL_AER_UNSUPPORTED_REQUEST, hdr);
	}
	if (s->answer_status != RVL_CPL_SUCCESS)
		return -EIO;
	*value = s->answer;
	return 0;
}

/* As the host sees it. */
static int host_read_dw(struct rvl_sim *s, unsigned bar, uint64_t offset, uint32_t *value)
{
	int rc = read_dw(s, bar, offset, value);

	if (!rc && bar == 0 && offset == RVL_REG_FEATURES)
		*value &= ~s->options.hidden;
	if (bar == 0 && !s->unplugged)
		rvl_faults_register_read(&s->faults, offset, value);
	return rc;
}

int rvl_sim_read(struct rvl_sim *s, unsigned bar, uint64_t offset, void *data, uint32_t len)
{
	uint8_t *out = data;
	uint64_t at = offset & ~3ULL;
	int rc = 0;

	for (; at < offset + len; at += 4) {
		uint32_t value, i;
		int dw = host_read_dw(s, bar, at, &value);

		rc = rc ? rc : dw;
		for (i = 0; i < 4; i++)
			if (at + i >= offset && at + i < offset + len)
				out[at + i - offset] = (uint8_t)(value >> (8 * i));
	}
	return rc;
}

/* Learn what a register write says about rings. False: a fault has lost it. */
static bool host_write_passes(struct rvl_sim *s, const struct rvl_rootport_request *r, uint64_t at)
{
	uint32_t value;

	if (!rvl_faults_register_write(&s->faults, at))
		return false;
	memcpy(&value, r->data, sizeof(value));
	if (r->first_be == 0xf)
		rvl_rings_write(&s->faults.rings, at, value);
	return true;
}

int rvl_sim_write(struct rvl_sim *s, unsigned bar, uint64_t offset, const void *data, uint32_t len)
{
	const uint8_t *in = data;
	uint64_t at = offset & ~3ULL;

	if (s->unplugged || !rvl_config_space_memory_enabled(&s->config))
		return -EIO;
	for (; at < offset + len; at += 4) {
		struct rvl_rootport_request r = {.type = RVL_TLP_MEM_WRITE,
						 .bar = (uint8_t)bar,
						 .dws = 1,
						 .addr = rvl_config_space_bar(&s->config, bar) +
							 at};
		uint8_t dw[4] = {0};
		uint32_t i;

		for (i = 0; i < 4; i++) {
			if (at + i < offset || at + i >= offset + len)
				continue;
			dw[i] = in[at + i - offset];
			r.first_be |= (uint8_t)(1U << i);
		}
		r.data = dw;
		if (bar == 0 && !host_write_passes(s, &r, at))
			continue;
		if (request(s, &r))
			return -EIO;
	}
	return 0;
}

uint32_t rvl_sim_read32(struct rvl_sim *s, unsigned bar, uint32_t offset)
{
	uint32_t value;

	host_read_dw(s, bar, offset, &value);
	return value;
}

void rvl_sim_write32(struct rvl_sim *s, unsigned bar, uint32_t offset, uint32_t value)
{
	rvl_sim_write(s, bar, offset, &value, sizeof(value));
}

/* ------------------------------------------------------------------------- configuration space */

static void update_wires(struct rvl_sim *s)
{
	s->quiet = 0;
	rvl_config_space_wires(&s->config, &s->model->in.cfg);
}

void rvl_sim_config_read(const struct rvl_sim *s, uint32_t offset, void *data, uint32_t len)
{
	if (s->unplugged)
		memset(data, 0xff, len);
	else
		rvl_config_space_read(&s->config, offset, data, len);
}

int rvl_sim_config_write(struct rvl_sim *s, uint32_t offset, const void *data, uint32_t len)
{
	bool flr;

	if (s->unplugged)
		return 0;
	pass(s, ANSWER_LIMIT, is_drained);
	flr = rvl_config_space_write(&s->config, offset, data, len);
	update_wires(s);
	return flr ? rvl_sim_flr(s) : 0;
}

int rvl_sim_config_dump(const struct rvl_sim *s, FILE *f)
{
	return rvl_config_space_dump(&s->config, s->options.requester_id, f);
}

void rvl_sim_set_bus_master(struct rvl_sim *s, bool on)
{
	uint8_t command;

	rvl_sim_config_read(s, 0x04, &command, 1);
	command = (uint8_t)((command & ~4) | (on ? 4 : 0));
	rvl_sim_config_write(s, 0x04, &command, 1);
}

void rvl_sim_set_payload(struct rvl_sim *s, unsigned max_payload, unsigned max_read)
{
	uint8_t control[2];

	rvl_sim_config_read(s, RVL_CONFIG_PCIE + 8, control, 2);
	control[0] = (uint8_t)((control[0] & 0x1f) | max_payload << 5);
	control[1] = (uint8_t)((control[1] & 0x0f) | max_read << 4);
	rvl_sim_config_write(s, RVL_CONFIG_PCIE + 8, control, 2);
}

/* ---------------------------------------------------------------------------------- interrupts */

unsigned rvl_sim_vectors(const struct rvl_sim *s)
{
	return s->vectors;
}

static void write_entry(struct rvl_sim *s, unsigned vector)
{
	const uint64_t address = RVL_SIM_MSIX_ADDRESS + 4ULL * vector;
	const uint32_t at = RVL_MSIX_TABLE_OFFSET + 16 * vector;

	/* Masked while it changes, so that no message has half of an old entry. */
	rvl_sim_write32(s, 2, at + 12, 1);
	rvl_sim_write32(s, 2, at, (uint32_t)address);
	rvl_sim_write32(s, 2, at + 4, (uint32_t)(address >> 32));
	rvl_sim_write32(s, 2, at + 8, vector);
	rvl_sim_write32(s, 2, at + 12, 0);
}

void rvl_sim_irq_enable(struct rvl_sim *s, bool on)
{
	struct rvl_function_config wires = {0};

	if (s->unplugged)
		return;
	pass(s, ANSWER_LIMIT, is_drained);
	rvl_config_space_wires(&s->config, &wires);
	rvl_config_space_set_msix(&s->config, on, wires.msix_mask);
	update_wires(s);
}

int rvl_sim_irq_connect(struct rvl_sim *s, unsigned vector, bool on)
{
	struct rvl_function_config wires = {0};

	if (vector >= s->vectors)
		return -EINVAL;
	if (s->unplugged)
		return 0;
	s->connected[vector] = on;
	if (!on)
		return rvl_sim_irq_mask(s, vector, true);
	write_entry(s, vector);
	rvl_config_space_wires(&s->config, &wires);
	if (!wires.msix_enable)
		rvl_sim_irq_enable(s, true);
	return 0;
}

int rvl_sim_irq_mask(struct rvl_sim *s, unsigned vector, bool masked)
{
	if (vector >= s->vectors)
		return -EINVAL;
	/* An entry that was never written has an address too: that of the guest's first memory. */
	if (!masked && !s->connected[vector])
		write_entry(s, vector);
	else
		rvl_sim_write32(s, 2, RVL_MSIX_TABLE_OFFSET + 16 * vector + 12, masked);
	return 0;
}

/* --------------------------------------------------------------------------------------- reset */

static bool is_reset(const struct rvl_sim *s)
{
	return s->model->out.flr_done;
}

int rvl_sim_flr(struct rvl_sim *s)
{
	bool done, any = false;
	unsigned i;

	if (s->unplugged)
		return -ENODEV;
	rvl_faults_reset(&s->faults);
	pass(s, ANSWER_LIMIT, is_drained);
	s->resets++;
	s->model->in.flr = true;
	done = pass(s, READY_LIMIT, is_reset);
	rvl_config_space_flr(&s->config);
	rvl_config_space_enumerate(&s->config);
	update_wires(s);
	s->model->in.flr = false;
	pass(s, QUIET, NULL);
	if (!done) {
		log_line(s, "a Function Level Reset did not end");
		return -ETIMEDOUT;
	}
	/* The table is cleared: a host restores it. */
	for (i = 0; i < s->vectors; i++) {
		if (s->connected[i])
			write_entry(s, i);
		any |= s->connected[i];
	}
	if (any)
		rvl_sim_irq_enable(s, true);
	return 0;
}

/* ------------------------------------------------------------------------------ memory and wire */

int rvl_sim_map(struct rvl_sim *s, const struct rvl_dma_range *range)
{
	if (range->size && range->bus + (range->size - 1) >= RVL_SIM_MSIX_ADDRESS &&
	    range->bus < RVL_SIM_MSIX_ADDRESS + 4096U * 4)
		return -EINVAL;
	return rvl_dma_map_add(&s->dma, range);
}

int rvl_sim_unmap(struct rvl_sim *s, uint64_t bus, uint64_t size)
{
	return rvl_dma_map_remove(&s->dma, bus, size);
}

int rvl_sim_rx(struct rvl_sim *s, const uint8_t *frame, uint32_t len, bool err)
{
	if (s->unplugged)
		return 0;
	s->quiet = 0;
	return rvl_wire_put(&s->wire, frame, len, err);
}

void rvl_sim_link(struct rvl_sim *s, bool up)
{
	rvl_wire_link(&s->wire, up, s->wire.sent || s->model->in.port_rx.valid);
	s->quiet = 0;
	if (s->unplugged)
		return;
	s->model->in.link = up;
	/* The beat that is on offer may be its frame's last. */
	if (s->model->in.port_rx.valid && s->model->in.port_rx.eop && !up)
		s->model->in.port_rx.err = true;
	pass(s, 1, NULL);
}

unsigned rvl_sim_rx_room(const struct rvl_sim *s)
{
	return RVL_WIRE_QUEUE - s->wire.count;
}

/* ---------------------------------------------------------------------------------------------- */

enum rvl_aer_message rvl_sim_aer(struct rvl_sim *s, bool correctable, bool advisory, uint32_t error,
				 const uint32_t hdr[4])
{
	enum rvl_aer_message message;

	if (s->unplugged)
		return RVL_AER_NONE;
	if (!advisory)
		message = rvl_config_space_error(&s->config, correctable, error, hdr);
	else
		message = rvl_config_space_log(&s->config, error, hdr);
	s->aer[message]++;
	return message;
}

struct rvl_faults *rvl_sim_faults(struct rvl_sim *s)
{
	return &s->faults;
}

uint32_t rvl_sim_peek32(struct rvl_sim *s, uint32_t offset)
{
	uint32_t value;

	read_dw(s, 0, offset, &value);
	return value;
}

int rvl_sim_spurious_irq(struct rvl_sim *s, unsigned vector)
{
	if (vector >= s->vectors)
		return -EINVAL;
	if (!s->unplugged)
		tell_interrupt(s, vector, 1);
	return 0;
}

int rvl_sim_inject_parity(struct rvl_sim *s, enum rvl_model_memory memory, bool inbound,
			  unsigned index)
{
	uint32_t count = rvl_sim_read32(s, 0, inbound ? RVL_REG_INBOUND_SAS : RVL_REG_OUTBOUND_SAS);
	bool inbound_only = memory == RVL_MEMORY_WINDOW || memory == RVL_MEMORY_PRE_WINDOW ||
			    memory == RVL_MEMORY_RING || memory == RVL_MEMORY_PRE_RING ||
			    memory == RVL_MEMORY_LOOKUP || memory == RVL_MEMORY_NAME;

	if ((unsigned)memory >= RVL_MEMORY_COUNT || (inbound_only && !inbound) || index >= count)
		return -EINVAL;
	s->model->in.damage = (struct rvl_model_damage){
		.valid = true,
		.inbound = inbound,
		.memory = (uint8_t)memory,
		.index = (uint16_t)index,
	};
	pass(s, 1, NULL);
	s->model->in.damage.valid = false;
	return 0;
}

bool rvl_sim_holds(const struct rvl_sim *s, const void *octets, size_t len)
{
	return rvl_model_holds(s->model, octets, len);
}

struct rvl_rootport *rvl_sim_rootport(struct rvl_sim *s)
{
	return s->rootport;
}

void rvl_sim_stats(const struct rvl_sim *s, struct rvl_sim_stats *stats)
{
	struct rvl_rootport_stats pcie;

	rvl_rootport_stats(s->rootport, &pcie);
	*stats = (struct rvl_sim_stats){
		.cycles = s->model->cycle,
		.host_ns = s->host_ns,
		.wire_rx_frames = s->wire.rx_frames,
		.wire_rx_bytes = s->wire.rx_bytes,
		.wire_tx_frames = s->wire.tx_frames,
		.wire_tx_bytes = s->wire.tx_bytes,
		.wire_lost = s->wire.lost,
		.wire_tx_cut = s->wire.tx_cut,
		.wire_violations = s->wire.violations,
		.interrupts = s->interrupts,
		.resets = s->resets,
		.unplugs = s->unplugs,
		.aer_correctable = s->aer[RVL_AER_CORRECTABLE],
		.aer_non_fatal = s->aer[RVL_AER_NON_FATAL],
		.aer_fatal = s->aer[RVL_AER_FATAL],
		.pcie = pcie,
		.hash = s->hash,
	};
}

static int open_trace(const struct rvl_sim_options *o, char *err, unsigned err_size)
{
	FILE *f;

	if (!o->trace)
		return 0;
	if (!rvl_model_can_trace()) {
		snprintf(err, err_size, "%s: this build of the model can't write waves", o->trace);
		return -ENOTSUP;
	}
	/* The file is opened at the cycle asked for; whether it can be is said now. */
	f = fopen(o->trace, "w");
	if (!f) {
		snprintf(err, err_size, "%s: %s", o->trace, strerror(errno));
		return -EIO;
	}
	fclose(f);
	return 0;
}

/* Reset, until the NIC is ready. */
static int power_on(struct rvl_sim *s, char *err, unsigned err_size)
{
	memcpy(s->model->in.mac, s->options.mac, sizeof(s->options.mac));
	s->model->in.cfg.requester_id = s->options.requester_id;
	s->model->in.mutation = s->options.mutation;
	s->model->in.link = !s->wire.down;
	rvl_config_space_init(&s->config, s->vectors ? s->vectors : 1);
	rvl_config_space_enumerate(&s->config);
	update_wires(s);
	pass(s, RESET_CYCLES, NULL);
	s->model->in.rst_n = true;
	s->quiet = 0;
	if (rvl_sim_run(s, READY_LIMIT))
		return 0;
	snprintf(err, err_size, "the NIC is not ready after %u cycles", READY_LIMIT);
	return -ETIMEDOUT;
}

/* What the configuration space says depends on the RTL. */
static int identify(struct rvl_sim *s, char *err, unsigned err_size)
{
	s->vectors = RVL_GET(QUEUES_VECTORS, rvl_sim_peek32(s, RVL_REG_QUEUES));
	if (s->vectors == 0 || rvl_sim_peek32(s, RVL_REG_ID) != RVL_MAGIC) {
		snprintf(err, err_size, "the NIC's registers do not read as they should");
		return -EIO;
	}
	s->connected = calloc(s->vectors, sizeof(*s->connected));
	if (!s->connected)
		return -ENOMEM;
	s->faults.vectors = s->vectors;
	rvl_config_space_init(&s->config, s->vectors);
	rvl_config_space_enumerate(&s->config);
	update_wires(s);
	return 0;
}

int rvl_sim_unplug(struct rvl_sim *s)
{
	if (s->unplugged)
		return -EALREADY;
	s->unplugged = true;
	s->unplugs++;
	return 0;
}

int rvl_sim_replug(struct rvl_sim *s)
{
	char err[128];
	int rc;

	if (!s->unplugged)
		return -EALREADY;
	s->unplugged = false;
	s->waiting = false;
	s->timeout_count = 0;
	rvl_faults_reset(&s->faults);
	rvl_rootport_reset(s->rootport);
	rvl_wire_reset(&s->wire);
	memset(s->connected, 0, s->vectors * sizeof(*s->connected));
	memset(&s->model->in, 0, sizeof(s->model->in));
	rc = power_on(s, err, sizeof(err));
	if (rc)
		log_line(s, err);
	return rc;
}

bool rvl_sim_unplugged(const struct rvl_sim *s)
{
	return s->unplugged;
}

int rvl_sim_create(struct rvl_sim **sim, const struct rvl_sim_options *options, char *err,
		   unsigned err_size)
{
	struct rvl_sim *s = calloc(1, sizeof(*s));
	struct rvl_rootport_host host = {.ctx = s,
					 .translate = host_translate,
					 .message = host_message,
					 .answered = host_answered,
					 .violation = host_violation,
					 .read_fault = host_read_fault,
					 .written = host_written,
					 .faulted = host_faulted};
	struct rvl_rootport_policy policy = options->rootport;
	int rc;

	*sim = NULL;
	snprintf(err, err_size, "out of memory");
	if (!s)
		return -ENOMEM;
	s->options = *options;
	rvl_faults_reset(&s->faults);
	rc = open_trace(options, err, err_size);
	if (rc)
		goto fail;
	rc = -ENOMEM;
	s->model = rvl_model_create(options->seed);
	if (!s->model || rvl_wire_init(&s->wire, options->seed))
		goto fail;
	policy.seed = options->seed;
	s->wire.idle_percent = options->wire_idle_percent;
	s->wire.tx = options->tx;
	s->wire.tx_ctx = options->ctx;
	s->rootport = rvl_rootport_create(&policy, &host, RVL_BEAT_OCTETS);
	if (!s->rootport)
		goto fail;
	rc = power_on(s, err, err_size);
	if (!rc)
		rc = identify(s, err, err_size);
	if (rc)
		goto fail;
	*sim = s;
	return 0;
fail:
	rvl_sim_destroy(s);
	return rc;
}

void rvl_sim_destroy(struct rvl_sim *s)
{
	if (!s)
		return;
	rvl_rootport_destroy(s->rootport);
	rvl_model_destroy(s->model);
	rvl_wire_free(&s->wire);
	rvl_dma_map_free(&s->dma);
	free(s->connected);
	free(s);
}
