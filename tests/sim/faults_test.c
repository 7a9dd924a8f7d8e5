/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of faults by itself: who is hit, how often, and that a seed repeats. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "driver/core/rvl_regs.h"
#include "sim/faults.h"

#define RING 0x100000000ULL

static struct rvl_faults f;

static int setup(void **state)
{
	(void)state;
	memset(&f, 0, sizeof(f));
	rvl_faults_reset(&f);
	f.vectors = 5;
	return 0;
}

static void enable_queue(unsigned q, uint64_t base, uint32_t log2)
{
	rvl_rings_write(&f.rings, RVL_REG_TX_BASE_LO(q), (uint32_t)base);
	rvl_rings_write(&f.rings, RVL_REG_TX_BASE_HI(q), (uint32_t)(base >> 32));
	rvl_rings_write(&f.rings, RVL_REG_TX_SIZE(q), log2);
	rvl_rings_write(&f.rings, RVL_REG_Q_CONTROL(q), RVL_Q_CONTROL_ENABLE_MASK);
}

static int add(const struct rvl_fault *fault)
{
	return rvl_faults_add(&f, fault);
}

static bool read_hit(uint64_t addr)
{
	struct rvl_rootport_rule rule;

	return rvl_faults_read(&f, addr, addr + 16, &rule);
}

static void rings_are_where_they_were_when_enabled(void **state)
{
	const struct rvl_ring_place *p;

	(void)state;
	assert_null(rvl_rings_find(&f.rings, RING));
	enable_queue(3, RING, 4);
	p = rvl_rings_find(&f.rings, RING + 16 * sizeof(struct rvl_tx_desc) - 1);
	assert_non_null(p);
	assert_int_equal(p->kind, RVL_RING_TX);
	assert_int_equal(p->queue, 3);
	assert_null(rvl_rings_find(&f.rings, RING + 16 * sizeof(struct rvl_tx_desc)));
	/* A base written while the ring is on counts from the next time it is switched on. */
	rvl_rings_write(&f.rings, RVL_REG_TX_BASE_LO(3), 0x1000);
	assert_non_null(rvl_rings_find(&f.rings, RING));
	rvl_rings_write(&f.rings, RVL_REG_Q_CONTROL(3), 0);
	assert_non_null(rvl_rings_find(&f.rings, RING));
	rvl_rings_write(&f.rings, RVL_REG_Q_CONTROL(3), RVL_Q_CONTROL_ENABLE_MASK);
	assert_non_null(rvl_rings_find(&f.rings, RING + 0x1000));
	assert_null(rvl_rings_find(&f.rings, RING));
	rvl_rings_write(&f.rings, RVL_REG_CONTROL, RVL_CONTROL_RESET_MASK);
	assert_null(rvl_rings_find(&f.rings, RING + 0x1000));
	/* Sizes and offsets that no ring has do nothing. */
	enable_queue(RVL_RINGS_PAIRS, RING, 4);
	enable_queue(0, RING, 64);
	assert_null(rvl_rings_find(&f.rings, RING));
}

static void a_ring_and_its_queue_decide_who_is_hit(void **state)
{
	(void)state;
	enable_queue(0, RING, 4);
	enable_queue(1, RING + 0x1000, 4);
	add(&(struct rvl_fault){.kind = RVL_FAULT_POISONED, .rings = RVL_RING_TX, .queue = 1});
	assert_false(read_hit(RING));
	assert_true(read_hit(RING + 0x1000));
	assert_false(read_hit(RING + 0x2000));
	rvl_faults_clear(&f);
	add(&(struct rvl_fault){.kind = RVL_FAULT_LOST, .rings = RVL_RING_BUFFER, .queue = -1});
	assert_false(read_hit(RING + 0x1000));
	assert_true(read_hit(RING + 0x2000));
	rvl_faults_clear(&f);
	add(&(struct rvl_fault){.kind = RVL_FAULT_LOST, .addr = 0x108, .size = 8, .queue = -1});
	assert_false(read_hit(0xf8));
	assert_true(read_hit(0xf9));
	assert_true(read_hit(0x10f));
	assert_false(read_hit(0x110));
}

static void a_fault_begins_skips_hits_and_is_used_up(void **state)
{
	int i;

	(void)state;
	add(&(struct rvl_fault){.kind = RVL_FAULT_IRQ_LOST,
				.vector = 2,
				.after = 10,
				.after_frames = 2,
				.skip = 1,
				.times = 2});
	for (i = 0; i < 8; i++) {
		unsigned other = 1, vector = 2;

		f.cycle = i >= 1 ? 10 : 9;
		f.frames = i >= 2 ? 2 : 1;
		assert_int_equal(rvl_faults_irq(&f, &other), 1);
		assert_int_equal(rvl_faults_irq(&f, &vector), i == 3 || i == 4 ? 0 : 1);
	}
	assert_int_equal(f.counts[RVL_FAULT_IRQ_LOST], 2);
	assert_true(rvl_fault_spent(&f.slots[0]));
}

static void late_interrupts_come_in_order_of_their_time(void **state)
{
	unsigned vector = 3;

	(void)state;
	add(&(struct rvl_fault){.kind = RVL_FAULT_IRQ_LATE, .vector = -1, .times = 1, .amount = 5});
	assert_int_equal(rvl_faults_irq(&f, &vector), 0);
	assert_true(rvl_faults_irq_pending(&f));
	f.cycle = 4;
	assert_int_equal(rvl_faults_irq_due(&f), -1);
	f.cycle = 5;
	assert_int_equal(rvl_faults_irq_due(&f), 3);
	assert_int_equal(rvl_faults_irq_due(&f), -1);
	assert_false(rvl_faults_irq_pending(&f));
}

static void faults_that_hit_nothing_are_refused(void **state)
{
	(void)state;
	assert_int_equal(add(&(struct rvl_fault){.kind = RVL_FAULT_ALL}), -EINVAL);
	assert_int_equal(add(&(struct rvl_fault){.kind = RVL_FAULT_HOSTILE, .rate = 1}), -EINVAL);
	assert_int_equal(add(&(struct rvl_fault){.kind = RVL_FAULT_HOSTILE, .registers = true}),
			 -EINVAL);
	assert_int_equal(add(&(struct rvl_fault){.kind = RVL_FAULT_DMA_STOP}), -EINVAL);
	assert_int_equal(rvl_faults_remove(&f, 0), -ENOENT);
}

/* What a hostile NIC makes of the same traffic; returns a digest of it. */
static uint64_t hostile_run(uint64_t seed, uint32_t rate, unsigned *changed)
{
	uint64_t digest = 0;
	int i;

	setup(NULL);
	assert_true(add(&(struct rvl_fault){.kind = RVL_FAULT_HOSTILE,
					    .rings = RVL_RING_ANY | RVL_RING_BUFFER,
					    .queue = -1,
					    .seed = seed,
					    .rate = rate,
					    .registers = true,
					    .interrupts = true}) > 0);
	*changed = 0;
	for (i = 0; i < 3000; i++) {
		uint8_t data[70], same[70];
		unsigned vector = (unsigned)i % 5, times, k;
		uint32_t value = 0x12345678, len = 1 + (uint32_t)i % 70;

		memset(data, i, sizeof(data));
		memcpy(same, data, sizeof(data));
		assert_true(rvl_faults_written(&f, RING, data, len));
		assert_memory_equal(data + len, same + len, sizeof(data) - len);
		*changed += memcmp(data, same, len) != 0;
		rvl_faults_register_read(&f, 0, &value);
		times = rvl_faults_irq(&f, &vector);
		assert_true(times <= 2 && vector < 5);
		for (k = 0; k < len; k++)
			digest = (digest ^ data[k]) * 0x100000001b3ULL;
		digest = (digest ^ value ^ (uint64_t)times << 32 ^ (uint64_t)vector << 40) *
			 0x100000001b3ULL;
	}
	return digest;
}

static void a_hostile_run_is_a_function_of_its_seed(void **state)
{
	unsigned changed, often;
	uint64_t digest = hostile_run(5, 10, &changed);

	(void)state;
	assert_true(changed > 150 && changed < 450);
	assert_true(digest == hostile_run(5, 10, &changed));
	assert_true(digest != hostile_run(6, 10, &changed));
	hostile_run(5, 1, &often);
	assert_true(often > 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(rings_are_where_they_were_when_enabled, setup),
		cmocka_unit_test_setup(a_ring_and_its_queue_decide_who_is_hit, setup),
		cmocka_unit_test_setup(a_fault_begins_skips_hits_and_is_used_up, setup),
		cmocka_unit_test_setup(late_interrupts_come_in_order_of_their_time, setup),
		cmocka_unit_test_setup(faults_that_hit_nothing_are_refused, setup),
		cmocka_unit_test_setup(a_hostile_run_is_a_function_of_its_seed, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
