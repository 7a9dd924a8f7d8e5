/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole simulated machine around one NIC: the Verilated model, a PCIe root port with the
 * function's configuration space, host memory, interrupts, and the wire. ravelsim serves it over
 * vfio-user; tests use it in their own process:
 *
 *	struct rvl_sim_options options = RVL_SIM_OPTIONS_DEFAULT;
 *
 *	options.irq = on_interrupt;
 *	options.tx = on_frame;
 *	options.ctx = test;
 *	err = rvl_sim_create(&sim, &options, text, sizeof(text));
 *	rvl_sim_map(sim, &(struct rvl_dma_range){.bus = 0x10000, .size = sizeof(mem), .mem = mem,
 *						 .readable = true, .writable = true});
 *	rvl_sim_set_bus_master(sim, true);
 *	rvl_sim_irq_connect(sim, 0, true);
 *	rvl_sim_write32(sim, 0, RVL_REG_CONTROL, RVL_CONTROL_ENABLE_MASK);
 *	rvl_sim_run(sim, 100000); -- the write is posted: the device isn't enabled before it arrives
 *	rvl_sim_rx(sim, frame, len, false);
 *	rvl_sim_run(sim, 100000);
 *
 * Time is the clock cycle, and it passes only inside rvl_sim_step(), rvl_sim_run() and the calls
 * that say so. A run is a function of the options and of what is called at which cycle: the same
 * calls give the same run, bit for bit (rvl_sim_stats().hash). Nothing here is thread-safe; one
 * thread uses one simulator, but a process may have many of them.
 */
#ifndef RVL_SIM_SIM_H
#define RVL_SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sim/config_space.h"
#include "sim/dma_map.h"
#include "sim/faults.h"
#include "sim/model.h"
#include "sim/rootport.h"

struct rvl_sim;

/* MSI-X vector raised. May be called inside every function in which time passes. */
typedef void rvl_sim_irq_fn(void *ctx, unsigned vector);

/* A frame has left the NIC for the wire, or was put on the wire towards it. Do not keep the
 * pointer. */
typedef void rvl_sim_frame_fn(void *ctx, const uint8_t *frame, uint32_t len);

/* One line about something that should not happen, without newline. */
typedef void rvl_sim_log_fn(void *ctx, const char *text);

struct rvl_sim_options {
	uint64_t seed;	       /* of every random choice below */
	uint8_t mac[6];	       /* of the NIC's port */
	uint16_t requester_id; /* bus 15:8, device 7:3, function 2:0 */
	uint8_t mutation;      /* see the top level; needs libravelin_model_mut */
	uint32_t hidden;       /* FEATURES that the host reads as 0; the NIC behind has them */

	/* How the root port and host memory behave: latency, splits, order, credits. */
	struct rvl_rootport_policy rootport;

	/* Percentage of cycles in which the wire neither gives nor takes a beat. */
	unsigned wire_idle_percent;

	/* Waves into this file from this cycle on; needs libravelin_model_trace. NULL: none. */
	const char *trace;
	uint64_t trace_from;

	/* Any of these may be NULL. */
	rvl_sim_irq_fn *irq;
	rvl_sim_frame_fn *tx;
	rvl_sim_log_fn *log;
	void *ctx;
};

extern const struct rvl_sim_options RVL_SIM_OPTIONS_DEFAULT;

struct rvl_sim_stats {
	uint64_t cycles;			/* clock cycles that were simulated */
	uint64_t host_ns;			/* time that simulating them took */
	uint64_t wire_rx_frames, wire_rx_bytes; /* taken by the NIC */
	uint64_t wire_tx_frames, wire_tx_bytes; /* sent by it */
	uint64_t wire_lost;	  /* frames of both directions while the wire was out */
	uint64_t wire_tx_cut;	  /* frames that a reset cut, or the NIC gave up */
	uint64_t wire_violations; /* beats against the stream's rules */
	uint64_t interrupts;
	uint64_t resets; /* Function Level Resets */
	uint64_t unplugs;
	uint64_t aer_correctable, aer_non_fatal, aer_fatal; /* error messages that it would send */

	struct rvl_rootport_stats pcie;

	/* A digest of all that left the NIC and when. Equal for equal runs. */
	uint64_t hash;
};

/*
 * Power on: reset, then run until the NIC is ready. The configuration space is as firmware leaves
 * it (rvl_config_space_enumerate): BARs assigned, memory space enabled, bus master and MSI-X off.
 * Returns 0, or -errno with a sentence in err: -ENOMEM, -ENOTSUP and -EIO (waves), -ETIMEDOUT (the
 * NIC does not become ready).
 */
int rvl_sim_create(struct rvl_sim **sim, const struct rvl_sim_options *options, char *err,
		   unsigned err_size);
void rvl_sim_destroy(struct rvl_sim *sim); /* NULL is allowed */

/* ---------------------------------------------------------------------------------------- time */

/* Let `cycles` clock cycles pass. */
void rvl_sim_step(struct rvl_sim *sim, uint64_t cycles);

/*
 * Let time pass until the simulator is idle, but at most `cycles` clock cycles. Returns whether it
 * is idle.
 */
bool rvl_sim_run(struct rvl_sim *sim, uint64_t cycles);

/*
 * Whether nothing is in flight in the NIC, the root port and on the wire: until something is called
 * that gives the NIC work, nothing will happen, however much time passes.
 */
bool rvl_sim_idle(const struct rvl_sim *sim);

uint64_t rvl_sim_cycle(const struct rvl_sim *sim);

/* ------------------------------------------------------------------------ memory-mapped access */

/*
 * Read BAR 0 or 2: any offset and length within it; every DW that holds an octet of the range is
 * read once, in rising order. Time passes. Returns 0; or, with ones in data for what could not be
 * read, -EIO (refused by the NIC, or memory space is off) or -ETIMEDOUT (no completion).
 */
int rvl_sim_read(struct rvl_sim *sim, unsigned bar, uint64_t offset, void *data, uint32_t len);

/*
 * Write BAR 0 or 2: posted, as one write for each DW (byte enables for less than a DW), in order
 * with each other and with reads. Time passes only while the root port's queue is full. Returns 0,
 * or -EIO when memory space is off (the write is lost).
 */
int rvl_sim_write(struct rvl_sim *sim, unsigned bar, uint64_t offset, const void *data,
		  uint32_t len);

/* A register of BAR 0 or 2. A read that fails gives ones. */
uint32_t rvl_sim_read32(struct rvl_sim *sim, unsigned bar, uint32_t offset);
void rvl_sim_write32(struct rvl_sim *sim, unsigned bar, uint32_t offset, uint32_t value);

/*
 * Configuration space. A write is ordered behind earlier writes to the BARs (time passes until the
 * NIC has taken them) and performs a Function Level Reset if it asks for one; returns 0 or what
 * that returns.
 */
void rvl_sim_config_read(const struct rvl_sim *sim, uint32_t offset, void *data, uint32_t len);
int rvl_sim_config_write(struct rvl_sim *sim, uint32_t offset, const void *data, uint32_t len);
int rvl_sim_config_dump(const struct rvl_sim *sim, FILE *f);

/* Shorthands for writes of the command and device control registers. */
void rvl_sim_set_bus_master(struct rvl_sim *sim, bool on);
void rvl_sim_set_payload(struct rvl_sim *sim, unsigned max_payload, unsigned max_read);

/*
 * Function Level Reset: time passes until it is complete and the NIC ready again. Bus master, MSI-X
 * and BARs are off afterwards as PCIe demands; then the configuration space is enumerated anew.
 * Interrupts stay connected. Returns 0 or -ETIMEDOUT.
 */
int rvl_sim_flr(struct rvl_sim *sim);

/* --------------------------------------------------------------------------- memory, interrupts */

/* See dma_map.h. -EINVAL also for a range that holds the addresses of interrupts (below). */
int rvl_sim_map(struct rvl_sim *sim, const struct rvl_dma_range *range);
int rvl_sim_unmap(struct rvl_sim *sim, uint64_t bus, uint64_t size);

/*
 * Interrupts. As a host does for its devices (and as <linux/vfio.h> does for its users), the
 * simulator writes the NIC's MSI-X table itself: vector N becomes a write of N to
 * RVL_SIM_MSIX_ADDRESS + 4 * N, which no memory can have. So whatever a client of vfio-user writes
 * as address and data (QEMU writes nothing: its guest's table is its own) has no influence on which
 * vector is told to it, while masks and the pending bits are the NIC's own and in force.
 *
 * rvl_sim_irq_enable    MSI-X Enable in the configuration space; off masks nothing, but no vector
 * is raised while it is off rvl_sim_irq_connect   write the table entry: address and data as above,
 * unmasked; off: masked. on also enables MSI-X rvl_sim_irq_mask      the vector's mask bit
 *
 * They return 0 or -EINVAL for a vector that the NIC doesn't have. All are ordered with accesses.
 */
#define RVL_SIM_MSIX_ADDRESS 0xfffffee000000000ULL

unsigned rvl_sim_vectors(const struct rvl_sim *sim);
void rvl_sim_irq_enable(struct rvl_sim *sim, bool on);
int rvl_sim_irq_connect(struct rvl_sim *sim, unsigned vector, bool on);
int rvl_sim_irq_mask(struct rvl_sim *sim, unsigned vector, bool masked);

/* ---------------------------------------------------------------------------------------- wire */

/*
 * Put a frame on the wire towards the NIC, marked as damaged if err. Returns 0, -EAGAIN when too
 * many wait (let time pass), -EMSGSIZE when it is empty or impossibly long.
 */
int rvl_sim_rx(struct rvl_sim *sim, const uint8_t *frame, uint32_t len, bool err);

/* Pull the wire (false) or plug it in: the NIC's link goes down or up. A cycle passes. */
void rvl_sim_link(struct rvl_sim *sim, bool up);

/* Frames that may be put without -EAGAIN. */
unsigned rvl_sim_rx_room(const struct rvl_sim *sim);

/* --------------------------------------------------------------------------------------- tests */

/* The root port, to inject faults and to change its policy (rootport.h). */
struct rvl_rootport *rvl_sim_rootport(struct rvl_sim *sim);

/* The list of faults between host and NIC (faults.h), to add to; also where the rings are. */
struct rvl_faults *rvl_sim_faults(struct rvl_sim *sim);

/*
 * Log an error in the function's AER registers, as rvl_config_space_error and, advisory,
 * rvl_config_space_log do. Returns the message that the function sends; how it reaches the host's
 * root port is the caller's business. The root port's faults log what a function sees of them:
 * poisoned, unexpected and malformed completions, and a lost one after RVL_SIM_COMPLETION_TIMEOUT.
 */
#define RVL_SIM_COMPLETION_TIMEOUT                                                                 \
	250000U /* cycles; as the NIC's own (ravelin.sv, ReadTimeout)                              \
		 */

enum rvl_aer_message rvl_sim_aer(struct rvl_sim *sim, bool correctable, bool advisory,
				 uint32_t error, const uint32_t hdr[4]);

/*
 * Surprise removal: from now on reads of anything give ones, writes are lost, there are no
 * interrupts, frames from the wire are gone, and no time passes. -EALREADY if it is out.
 * replug: power on anew, with nothing left of before but maps of memory; -EALREADY, -ETIMEDOUT.
 */
int rvl_sim_unplug(struct rvl_sim *sim);
int rvl_sim_replug(struct rvl_sim *sim);
bool rvl_sim_unplugged(const struct rvl_sim *sim);

/* A register of BAR0 as the NIC has it, past all faults; ones when it is unplugged. Time passes. */
uint32_t rvl_sim_peek32(struct rvl_sim *sim, uint32_t offset);

/* Raise an interrupt that the NIC has not sent. -EINVAL for a vector that it doesn't have. */
int rvl_sim_spurious_irq(struct rvl_sim *sim, unsigned vector);

/*
 * Damage a bit in a memory of an SA (enum rvl_model_memory, model.h): it is read wrong until the SA
 * is deleted, the NIC reset, or another bit damaged. Time passes: a register is read, and a cycle.
 * Returns 0, or -EINVAL for a memory or index that doesn't exist in that direction.
 */
int rvl_sim_inject_parity(struct rvl_sim *sim, enum rvl_model_memory memory, bool inbound,
			  unsigned index);

/* rvl_model_holds(): octets left behind that should have been erased. */
bool rvl_sim_holds(const struct rvl_sim *sim, const void *octets, size_t len);

void rvl_sim_stats(const struct rvl_sim *sim, struct rvl_sim_stats *stats);

#endif
