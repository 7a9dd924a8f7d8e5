/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A simulated host with the NIC in it, in the test's own process: the driver core runs against the
 * RTL through rvl_sim. Time is the NIC's clock: a cycle counts as a microsecond for the driver's
 * timeouts, and passes while the driver waits.
 */
#ifndef RVL_TESTS_SIM_MACHINE_H
#define RVL_TESTS_SIM_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "driver/core/rvl_queue.h"
#include "sim/sim.h"

#define MACHINE_MEMORY (8U << 20)
#define MACHINE_BUS 0x7f0000000ULL /* beyond 4 GiB: needs 64-bit addresses */
#define MACHINE_VECTORS 16
#define MACHINE_FRAMES 256

struct machine_frame {
	uint32_t len;
	uint8_t data[10000];
};

struct machine {
	struct rvl_sim *sim;
	struct rvl_os os;
	uint8_t *memory; /* MACHINE_MEMORY octets at bus address MACHINE_BUS */
	uint32_t used;	 /* given out by machine_alloc */
	unsigned irqs[MACHINE_VECTORS];
	struct machine_frame *wire; /* the last MACHINE_FRAMES that left the NIC */
	unsigned wire_count;
	unsigned complaints; /* lines that the simulator logged; they are printed */
};

/* Power on, bus master on. options may be NULL; its callbacks are replaced. Fails the test. */
void machine_start(struct machine *m, const struct rvl_sim_options *options);
void machine_stop(struct machine *m);

/* Octets of memory, page-aligned and zero, given back all at once by setting used. */
uint8_t *machine_alloc(struct machine *m, uint32_t size, uint64_t *bus);

/* Let time pass until the NIC is idle; fails the test if it is not in time. */
void machine_settle(struct machine *m);

#endif
