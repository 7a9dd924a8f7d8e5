/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole chip in this process, under its driver: the Verilated NIC with root port, memory and
 * wire (sim/sim.h), and the driver core on top. Time is the clock cycle; it passes while the driver
 * waits and in chip_step().
 */
#ifndef TESTS_CHIP_CHIP_H
#define TESTS_CHIP_CHIP_H

#include "driver/user/arena.h"
#include "driver/user/rvl_frame_queue.h"
#include "sim/sim.h"

#define CHIP_QUEUES 4
#define CHIP_VECTORS (CHIP_QUEUES + 1)
#define CHIP_CONTROL_VECTOR CHIP_QUEUES

/* The driver's clock: its bounds of seconds become a million cycles. */
#define CHIP_NS_PER_CYCLE 10000

struct chip {
	struct rvl_sim *sim;
	struct rvl_os os;
	struct rvl_arena arena;
	struct rvl_dev *dev;
	struct rvl_frame_queue *queues[CHIP_QUEUES];
	unsigned int irqs[CHIP_VECTORS];
	/* Called for each frame that leaves the NIC for the wire, and for each that the host gets.
	 */
	void (*on_wire)(void *ctx, const uint8_t *frame, uint32_t len);
	void (*on_host)(void *ctx, unsigned int queue, const uint8_t *frame,
			const struct rvl_completion *c);
	void *ctx;
	/* How the function is configured before it is attached; 0: 128 octets ... 5: 4096. */
	unsigned int max_payload, max_read;
	bool rcb128;
	char text[256]; /* why something failed */
	char log[256];	/* the first thing that the simulator complained of */
};

/*
 * Power on, attach, open the device, make all queue pairs (log2 entries each), data path on.
 * options may be NULL; its callbacks are taken over. Set on_wire, on_host and ctx before. False:
 * see text.
 */
bool chip_open(struct chip *chip, const struct rvl_sim_options *options, uint8_t queue_log2);
void chip_close(struct chip *chip);

/* The parts of chip_open after power-on, and of chip_close before power-off. */
bool chip_attach(struct chip *chip, uint8_t queue_log2);
void chip_detach(struct chip *chip);

/* Let cycles pass, then take what has completed. False when the driver gave the device up. */
bool chip_step(struct chip *chip, uint64_t cycles);

/* Until nothing is in flight and nothing is left to take. False: see text. */
bool chip_drain(struct chip *chip);

#endif
