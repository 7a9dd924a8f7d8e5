/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A device under an attacker's control, as the driver core sees it: registers that say anything,
 * DMA memory that changes at any moment. It knows where the rings are because the driver tells it.
 * Time passes only while the driver looks at the clock or waits.
 */
#ifndef TESTS_DRIVER_ATTACKER_H
#define TESTS_DRIVER_ATTACKER_H

#include "rvl_queue.h"

#define ATTACKER_BLOCKS 64

struct attacker_block {
	uint8_t *mem; /* of malloc, so that the sanitizer sees its edges */
	size_t size;
	uint64_t bus;
};

struct attacker {
	struct rvl_os os;
	uint32_t regs[RVL_BAR0_SIZE / 4];
	struct attacker_block blocks[ATTACKER_BLOCKS];
	unsigned int live;	   /* blocks */
	unsigned int memory_lasts; /* so many allocations; 0: all */
	uint64_t next_bus;
	uint64_t now;
	unsigned int waits;
	unsigned int reads;
	unsigned int writes;
	/* Reads, writes and waits until the driver is said to go on for ever; 0: no such limit. */
	unsigned int patience;
	bool dma_off;
	char last_log[256];
	uint64_t random;
	/* Choices come from here instead, two octets each, zero when they are used up; may be NULL.
	 */
	const uint8_t *choices;
	size_t choices_left;
	/*
	 * Called when the driver reads a register (what is returned is what it reads), after it
	 * wrote one, while it waits, and before it gives memory back; may be NULL.
	 */
	uint32_t (*on_read)(struct attacker *a, uint32_t offset, uint32_t value);
	void (*on_write)(struct attacker *a, uint32_t offset, uint32_t value);
	void (*on_wait)(struct attacker *a);
	void (*on_free)(struct attacker *a, uint64_t bus);
	void *plan;
};

/* A device that probes well and then does nothing. */
void attacker_init(struct attacker *a, uint64_t seed);
/* All memory that the driver didn't give back. */
void attacker_fini(struct attacker *a);

uint64_t attacker_random(struct attacker *a);

/* A number below n, which is at most 65,536. */
uint32_t attacker_pick(struct attacker *a, uint32_t n);

/* What lies at a bus address, size octets of it; NULL when nothing does. */
void *attacker_mem(struct attacker *a, uint64_t bus, size_t size);

/* The ring whose base registers begin at reg_lo: its beginning. */
void *attacker_ring(struct attacker *a, uint32_t reg_lo);

/* Entry `index` of that ring, which has entries of so many octets; NULL when none lies there. */
void *attacker_entry(struct attacker *a, uint32_t reg_lo, uint32_t index, size_t size);

/* Whether len octets lie anywhere in the memory that the device sees. */
bool attacker_sees(const struct attacker *a, const void *octets, size_t len);

/* All registers read all ones from now on. */
void attacker_unplug(struct attacker *a);

/* Overwrite some octets anywhere in the memory that the device sees. */
void attacker_scribble(struct attacker *a, unsigned int octets);

#endif
