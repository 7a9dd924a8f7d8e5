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
	unsigned int live; /* blocks */
	uint64_t next_bus;
	uint64_t now;
	unsigned int waits;
	unsigned int reads;
	bool dma_off;
	char last_log[256];
	uint64_t random;
	/* Called after the driver wrote a register, and while it waits; may be NULL. */
	void (*on_write)(struct attacker *a, uint32_t offset, uint32_t value);
	void (*on_wait)(struct attacker *a);
	void *plan;
};

/* A device that probes well and then does nothing. */
void attacker_init(struct attacker *a, uint64_t seed);
/* All memory that the driver didn't give back. */
void attacker_fini(struct attacker *a);

uint64_t attacker_random(struct attacker *a);

/* What lies at a bus address; NULL when nothing does. */
void *attacker_mem(struct attacker *a, uint64_t bus);

/* The ring whose base registers begin at reg_lo. */
void *attacker_ring(struct attacker *a, uint32_t reg_lo);

/* All registers read all ones from now on. */
void attacker_unplug(struct attacker *a);

/* Overwrite some octets anywhere in the memory that the device sees. */
void attacker_scribble(struct attacker *a, unsigned int octets);

#endif
