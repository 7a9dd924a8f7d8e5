/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hostile device. It knows what a right one would do, and does that most of the time, or half of
 * it, or something near it, so that its lies come deep inside: registers that read differently each
 * time or all ones now and then, entries of every ring that are random, mutated, early, late,
 * doubled, of the wrong pass, memory that changes while it is looked at, resets and removal at any
 * moment. All of it follows from the attacker's choices, so a seed repeats it.
 */
#ifndef TESTS_DRIVER_HOSTILE_H
#define TESTS_DRIVER_HOSTILE_H

#include "tests/driver/attacker.h"

#define HOSTILE_REGISTERS 4
#define HOSTILE_QUEUES 4 /* that are used, of those that the device has */

enum hostile_register_kind {
	HOSTILE_RANDOM,	  /* each time another value */
	HOSTILE_FLIP,	  /* one bit is wrong, now and then */
	HOSTILE_ONES,	  /* all ones now and then */
	HOSTILE_CONSTANT, /* always the same wrong one */
	HOSTILE_KINDS,
};

/* What some devices never do. */
#define HOSTILE_NEVER_ANSWERS 1U /* a command */
#define HOSTILE_NEVER_STOPS 2U	 /* a queue */
#define HOSTILE_NEVER_RESETS 4U	 /* once the driver has it */
#define HOSTILE_FLOODS 8U	 /* events of no known type, one for each that is taken */

struct hostile_register {
	uint32_t offset;
	enum hostile_register_kind kind;
	uint32_t value;
	uint32_t often; /* one read in so many */
	uint32_t after; /* so many reads that are answered as they should be */
};

struct hostile {
	struct attacker a; /* its plan is this */
	uint32_t malice;   /* one thing in so many is a lie; 0: none is */
	uint32_t habits;
	struct hostile_register registers[HOSTILE_REGISTERS];
	unsigned int register_count;
	/* Entries written: what a right device would have done. */
	uint16_t tx_done[HOSTILE_QUEUES];
	uint16_t rx_done[HOSTILE_QUEUES];
	uint16_t cq_done[HOSTILE_QUEUES];
	uint16_t cmd_done;
	uint32_t evt_done;
	/* What it said last, when asked whether it has stopped. */
	uint32_t told_status;
	uint32_t told_q_status;
	unsigned int resets; /* that the driver asked for */
	bool acting;	     /* so that what it does isn't taken for the driver's */
	void *user;
};

/*
 * A device with capabilities of many sizes, good or bad. With choices (which stay the caller's)
 * they decide everything, else the seed does. It is in `a` that the driver finds it.
 */
void hostile_init(struct hostile *h, uint64_t seed, const uint8_t *choices, size_t len);

/* Let it do something. */
void hostile_act(struct hostile *h);

/* The driver is about to read size octets at p: shared memory may change just before. */
void hostile_before_read(struct hostile *h, const void *p, size_t size);

#endif
