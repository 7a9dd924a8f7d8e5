// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/brlock.h"

#include <sched.h>

void rvl_brlock_init(struct rvl_brlock *lock)
{
	for (unsigned int i = 0; i < RVL_BRLOCK_SLOTS; i++)
		atomic_init(&lock->slots[i].readers, 0);
	atomic_init(&lock->wanted, false);
	pthread_mutex_init(&lock->writing, NULL);
	pthread_mutex_init(&lock->lock, NULL);
	pthread_cond_init(&lock->left, NULL);
}

void rvl_brlock_destroy(struct rvl_brlock *lock)
{
	pthread_cond_destroy(&lock->left);
	pthread_mutex_destroy(&lock->lock);
	pthread_mutex_destroy(&lock->writing);
}

/* Without a number of its processor, any will do: a mark is a count. */
static unsigned int slot_of_processor(void)
{
	int processor = sched_getcpu();

	return processor < 0 ? 0 : (unsigned int)processor % RVL_BRLOCK_SLOTS;
}

/* Either who reads sees that somebody wants to write, or that one sees the mark: both leave theirs
 * before they look, in one order for all. */
unsigned int rvl_brlock_read(struct rvl_brlock *lock)
{
	for (;;) {
		unsigned int slot = slot_of_processor();

		atomic_fetch_add(&lock->slots[slot].readers, 1);
		if (!atomic_load(&lock->wanted))
			return slot;
		rvl_brlock_read_end(lock, slot);
		pthread_mutex_lock(&lock->writing);
		pthread_mutex_unlock(&lock->writing);
	}
}

void rvl_brlock_read_end(struct rvl_brlock *lock, unsigned int slot)
{
	atomic_fetch_sub(&lock->slots[slot].readers, 1);
	if (!atomic_load(&lock->wanted))
		return;
	pthread_mutex_lock(&lock->lock);
	pthread_cond_signal(&lock->left);
	pthread_mutex_unlock(&lock->lock);
}

static bool is_read(struct rvl_brlock *lock)
{
	for (unsigned int i = 0; i < RVL_BRLOCK_SLOTS; i++)
		if (atomic_load(&lock->slots[i].readers))
			return true;
	return false;
}

void rvl_brlock_write(struct rvl_brlock *lock)
{
	pthread_mutex_lock(&lock->writing);
	atomic_store(&lock->wanted, true);
	if (!is_read(lock))
		return;
	pthread_mutex_lock(&lock->lock);
	while (is_read(lock))
		pthread_cond_wait(&lock->left, &lock->lock);
	pthread_mutex_unlock(&lock->lock);
}

void rvl_brlock_write_end(struct rvl_brlock *lock)
{
	atomic_store(&lock->wanted, false);
	pthread_mutex_unlock(&lock->writing);
}
