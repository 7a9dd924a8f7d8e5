// SPDX-License-Identifier: BSD-2-Clause
/* The lock of what all data threads read: who reads sees nothing half written, and holds nobody up
 * for good. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "host/sa/brlock.h"

enum { READERS = 4, WRITERS = 2, WRITES = 2000 };

struct bed {
	struct rvl_brlock lock;
	uint64_t *value; /* what is written: three that are the same, in another place each time */
	atomic_bool ended; /* there is nothing more to be read */
	atomic_uint torn;
	atomic_uint_fast64_t reads;
};

/* All the time, but for a moment between. */
static void *read_on(void *context)
{
	struct bed *bed = context;

	while (!atomic_load(&bed->ended)) {
		unsigned int slot = rvl_brlock_read(&bed->lock);
		const uint64_t *v = bed->value;

		if (v[0] != v[1] || v[1] != v[2])
			atomic_fetch_add(&bed->torn, 1);
		atomic_fetch_add(&bed->reads, 1);
		rvl_brlock_read_end(&bed->lock, slot);
	}
	return NULL;
}

static void *write_on(void *context)
{
	struct bed *bed = context;

	for (int i = 0; i < WRITES; i++) {
		uint64_t *old, *new = malloc(3 * sizeof(*new));

		rvl_brlock_write(&bed->lock);
		old = bed->value;
		for (int k = 0; k < 3; k++) {
			new[k] = old[0] + 1;
			if (i % 100 == 0)
				sched_yield();
		}
		bed->value = new;
		rvl_brlock_write_end(&bed->lock);
		/* Nobody reads it any more. */
		free(old);
	}
	return NULL;
}

static void readers_see_what_was_written_whole_and_writers_get_in(void **state)
{
	pthread_t readers[READERS], writers[WRITERS];
	struct bed *bed = calloc(1, sizeof(*bed));

	(void)state;
	rvl_brlock_init(&bed->lock);
	bed->value = calloc(3, sizeof(*bed->value));
	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&readers[i], NULL, read_on, bed), 0);
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_create(&writers[i], NULL, write_on, bed), 0);
	for (int i = 0; i < WRITERS; i++)
		pthread_join(writers[i], NULL);
	atomic_store(&bed->ended, true);
	for (int i = 0; i < READERS; i++)
		pthread_join(readers[i], NULL);
	assert_int_equal(atomic_load(&bed->torn), 0);
	assert_int_equal(bed->value[0], WRITERS * WRITES);
	free(bed->value);
	rvl_brlock_destroy(&bed->lock);
	free(bed);
}

/* On whatever processors: each gives back what it was given. */
static void many_may_read_at_once(void **state)
{
	struct rvl_brlock lock;
	unsigned int slots[100];

	(void)state;
	rvl_brlock_init(&lock);
	for (int i = 0; i < 100; i++) {
		slots[i] = rvl_brlock_read(&lock);
		assert_true(slots[i] < RVL_BRLOCK_SLOTS);
	}
	for (int i = 0; i < 100; i++)
		rvl_brlock_read_end(&lock, slots[i]);
	rvl_brlock_write(&lock);
	rvl_brlock_write_end(&lock);
	rvl_brlock_destroy(&lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readers_see_what_was_written_whole_and_writers_get_in),
		cmocka_unit_test(many_may_read_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
