/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What goes wrong on purpose between host and NIC: on reads and writes of host memory, on registers
 * and on interrupts. A list of faults, each with what it hits, when it begins and how often; asked
 * by the simulator wherever something passes. The same list, seeds and traffic give the same run.
 */
#ifndef RVL_SIM_FAULTS_H
#define RVL_SIM_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/rings.h"
#include "sim/rootport.h"

/* Those of the root port (enum rvl_rootport_fault), which hit the NIC's memory reads, and: */
enum rvl_fault_kind {
	RVL_FAULT_WRITE_LOST = RVL_FAULT_KINDS, /* a memory write of the NIC */
	RVL_FAULT_DOORBELL_LOST,		/* a register write of the host */
	RVL_FAULT_REGISTER_ONES,		/* a register reads all ones */
	RVL_FAULT_REGISTER_VALUE,		/* ... or `amount` */
	RVL_FAULT_IRQ_LOST,
	RVL_FAULT_IRQ_DOUBLE,
	RVL_FAULT_IRQ_LATE, /* by `amount` cycles */
	RVL_FAULT_DMA_STOP, /* no credits, for `amount` cycles or (0) until a Function Level Reset
			     */
	RVL_FAULT_HOSTILE,  /* what the NIC writes and says becomes something else, one in `rate` */
	RVL_FAULT_ALL,
};

struct rvl_fault {
	unsigned kind;

	/*
	 * What it hits. Memory: accesses that touch the range, and one of the rings. Doorbells: by
	 * ring, or offsets of BAR0 as the range. Interrupts: the vector.
	 */
	uint64_t addr, size; /* size 0: all */
	unsigned rings;	     /* a set of enum rvl_ring; 0: all memory */
	int queue;	     /* of rings in queue pairs; -1: all */
	int vector;	     /* -1: all */

	/* When: so many cycles and frames (both directions) from now, then skip, then hit. */
	uint64_t after, after_frames;
	uint32_t skip;
	uint32_t times; /* 0: always */

	uint32_t completion; /* of a read: which one is hit */
	uint32_t amount;

	bool reads, writes; /* DMA_STOP: which streams */

	/* HOSTILE: rings are those whose entries (and RVL_RING_BUFFER: received frames) suffer. */
	uint64_t seed;
	uint32_t rate;
	bool registers, interrupts;
};

#define RVL_FAULTS 32U
#define RVL_FAULTS_LATE 64U

struct rvl_fault_slot {
	unsigned id; /* 0: free */
	struct rvl_fault fault;
	uint64_t from, from_frames;
	uint64_t random;
	uint64_t seen, hits;
};

struct rvl_faults {
	struct rvl_fault_slot slots[RVL_FAULTS];
	unsigned count, next_id;
	struct {
		unsigned vector;
		uint64_t due;
	} late[RVL_FAULTS_LATE];
	unsigned late_count;
	uint64_t counts[RVL_FAULT_ALL]; /* hits since the start */

	/* The simulator's, kept up to date by it. */
	uint64_t cycle, frames;
	unsigned vectors;
	struct rvl_rings rings;
};

/*
 * Add a fault. Returns its number, 1 or more, or -ENOSPC when RVL_FAULTS are there that are not
 * used up, -EINVAL for a kind that does not exist, a HOSTILE without rate, or an IRQ_LATE or
 * HOSTILE without anything to hit.
 */
int rvl_faults_add(struct rvl_faults *f, const struct rvl_fault *fault);

/* Returns 0 or -ENOENT. */
int rvl_faults_remove(struct rvl_faults *f, unsigned id);
void rvl_faults_clear(struct rvl_faults *f);

/* "read_poisoned", "irq_lost" and so on; -1 for no such name. */
const char *rvl_fault_name(unsigned kind);
int rvl_fault_by_name(const char *name);

/* Whether a fault has hit as often as it was to. */
bool rvl_fault_spent(const struct rvl_fault_slot *slot);

/* ------------------------------------------------------------------------- asked by the simulator
 */

/* As the hooks of struct rvl_rootport_host; counting the reads' faults is the root port's. */
bool rvl_faults_read(struct rvl_faults *f, uint64_t addr, uint64_t end,
		     struct rvl_rootport_rule *rule);
bool rvl_faults_written(struct rvl_faults *f, uint64_t addr, uint8_t *data, uint32_t len);

/* A register was read: *value may change. A register is written: false loses it. */
void rvl_faults_register_read(struct rvl_faults *f, uint64_t offset, uint32_t *value);
bool rvl_faults_register_write(struct rvl_faults *f, uint64_t offset);

/* How often to tell an interrupt now: 0 to 2; *vector may change. */
unsigned rvl_faults_irq(struct rvl_faults *f, unsigned *vector);

/* A late interrupt that is due: its vector, once; -1: none. Whether any is still to come. */
int rvl_faults_irq_due(struct rvl_faults *f);
bool rvl_faults_irq_pending(const struct rvl_faults *f);

void rvl_faults_stopped(struct rvl_faults *f, bool *reads, bool *writes);

/* A Function Level Reset, or power-on: forgets rings and late interrupts, ends DMA_STOP. */
void rvl_faults_reset(struct rvl_faults *f);

#endif
