/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chip against the software engine (host/esp/engine.h): random SAs, policies and frames, good
 * and bad, in both directions at once. What leaves on either side must be the same octets in the
 * same order (per queue), and so must every counter, SA statistic and event.
 *
 * The engine is sequential, the chip isn't; so that there is one right answer:
 * - an outbound SA is used from one queue pair alone, which fixes the order of its numbers;
 * policies are asked by queue pair 0 alone;
 * - an inbound packet whose verdict depends on whether the one before it has been verified already
 *   (an old number just after the window moved, a fault on an SA about to expire) isn't sent;
 * - an SA is changed while none of its own packets is in flight, but others' are.
 */
#ifndef TESTS_CHIP_ORACLE_H
#define TESTS_CHIP_ORACLE_H

#include "tests/chip/chip.h"

struct oracle_options {
	uint64_t seed;
	unsigned int packets;
	unsigned int port_max_frame;
	unsigned int max_payload, max_read; /* 0: 128 octets ... 5: 4096 */
	bool rcb128;
	unsigned int in_flight_frames, in_flight_octets; /* received, on their way to the host */
	struct rvl_sim_options sim;
};

struct oracle_report {
	char text[512];	     /* the first difference */
	unsigned int tx, rx; /* frames */
	unsigned int sa_changes, events;
	uint64_t cycles;
	uint64_t counters[RVL_CNT_NUM];
};

/*
 * Keys: while an SA is installed the chip holds its key; after its deletion, and after a Function
 * Level Reset, no copy is left anywhere in it. True if so.
 */
bool oracle_erasure(uint64_t seed, uint8_t mutation, struct oracle_report *report);

/* True when nothing differs. */
bool oracle_run(const struct oracle_options *options, struct oracle_report *report);

#endif
