/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A big-reader lock: what many threads look at for every packet, and one changes now and then. Who
 * reads leaves a mark on a cache line of its processor's own, and shares none with others who do.
 * Who writes waits until nobody reads, and comes before whoever begins to.
 *
 * Who reads neither reads nor writes the same one again meanwhile.
 */
#ifndef RVL_SA_BRLOCK_H
#define RVL_SA_BRLOCK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Processors beyond these share with others. */
#define RVL_BRLOCK_SLOTS 16

struct rvl_brlock {
	struct {
		atomic_uint readers;
		uint8_t apart[60];
	} slots[RVL_BRLOCK_SLOTS];
	atomic_bool wanted;	 /* by who writes, or waits for that */
	pthread_mutex_t writing; /* held by that one */
	pthread_mutex_t lock;	 /* of what follows: */
	pthread_cond_t left;	 /* somebody who read */
};

void rvl_brlock_init(struct rvl_brlock *lock);
void rvl_brlock_destroy(struct rvl_brlock *lock);

/* To read: what to give back afterwards, a number below RVL_BRLOCK_SLOTS that nobody else has who
 * reads on another processor now. */
unsigned int rvl_brlock_read(struct rvl_brlock *lock);
void rvl_brlock_read_end(struct rvl_brlock *lock, unsigned int slot);

/* To write. */
void rvl_brlock_write(struct rvl_brlock *lock);
void rvl_brlock_write_end(struct rvl_brlock *lock);

#endif
