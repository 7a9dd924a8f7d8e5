/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MSI-X of the NIC through eventfds: masks of vectors and of the function, and pending bits that
 * tell the truth (PCIe 6.0, section 6.1.4; PCI 3.0, section 6.8.2).
 */
#include "tests/sim/conformance/nic.h"

#define MSIX_CONTROL (0x50U + 2)
#define FUNCTION_MASK 0x4000U
#define MSIX_ENABLE 0x8000U
#define ALL ((1U << NIC_VECTORS) - 1)

static void start(struct nic *n)
{
	nic_connect_vectors(n);
	nic_start_driver(n);
	nic_raised(n);
}

static void each_vector_reaches_its_own_event(void **state)
{
	struct nic *n = *state;
	unsigned v, times;

	start(n);
	for (times = 0; times < 3; times++) {
		for (v = 0; v < NIC_VECTORS; v++) {
			nic_raise(n, v);
			assert_int_equal(nic_raised(n), 1U << v);
			assert_int_equal(nic_pending(n), 0);
		}
	}
	assert_true(nic_config(n, MSIX_CONTROL) & MSIX_ENABLE);
}

static void set_mask_by_message(struct nic *n, unsigned vector, bool masked)
{
	assert_int_equal(
		client_set_irqs(&n->client,
				VFIO_IRQ_SET_DATA_NONE | (masked ? VFIO_IRQ_SET_ACTION_MASK
								 : VFIO_IRQ_SET_ACTION_UNMASK),
				vector, 1, NULL, 0),
		0);
	nic_settle(n);
}

/* Pending is set however often it is raised, and raises once when the mask falls. */
static void a_masked_vector_is_pending_and_raised_once_when_unmasked(void **state)
{
	static void (*const mask[])(struct nic *, unsigned, bool) = {nic_mask, set_mask_by_message};
	struct nic *n = *state;
	unsigned v, other, by;

	start(n);
	for (by = 0; by < COUNT(mask); by++) {
		for (v = 0; v < NIC_VECTORS; v++) {
			other = (v + 1) % NIC_VECTORS;
			mask[by](n, v, true);
			assert_true(nic_masked(n, v));
			assert_false(nic_masked(n, other));
			assert_int_equal(nic_pending(n), 0);
			nic_raise(n, v);
			assert_int_equal(nic_pending(n), 1U << v);
			nic_raise(n, v);
			nic_raise(n, other);
			assert_int_equal(nic_raised(n), 1U << other);
			assert_int_equal(nic_pending(n), 1U << v);
			mask[by](n, v, false);
			assert_int_equal(nic_raised(n), 1U << v);
			assert_int_equal(nic_pending(n), 0);
			/* Nothing is left over for the next time. */
			mask[by](n, v, true);
			mask[by](n, v, false);
			assert_int_equal(nic_raised(n), 0);
		}
	}
}

static void the_function_mask_holds_all_vectors(void **state)
{
	struct nic *n = *state;
	unsigned v;

	start(n);
	nic_mask(n, 3, true);
	nic_set_config(n, MSIX_CONTROL, MSIX_ENABLE | FUNCTION_MASK);
	for (v = 0; v < NIC_VECTORS; v++) {
		nic_raise(n, v);
		assert_int_equal(nic_pending(n), (2U << v) - 1);
	}
	assert_int_equal(nic_raised(n), 0);
	/* The mask of a vector does nothing while that of the function is set. */
	nic_mask(n, 1, true);
	nic_mask(n, 1, false);
	assert_int_equal(nic_raised(n), 0);
	/* When it falls, those with a mask of their own stay pending. */
	nic_set_config(n, MSIX_CONTROL, MSIX_ENABLE);
	nic_settle(n);
	assert_int_equal(nic_raised(n), ALL & ~(1U << 3));
	assert_int_equal(nic_pending(n), 1U << 3);
	nic_mask(n, 3, false);
	assert_int_equal(nic_raised(n), 1U << 3);
	assert_int_equal(nic_pending(n), 0);
}

static void nothing_is_raised_while_msix_is_off(void **state)
{
	struct nic *n = *state;

	start(n);
	nic_set_config(n, MSIX_CONTROL, 0);
	nic_raise(n, 0);
	nic_raise(n, 2);
	assert_int_equal(nic_raised(n), 0);
	nic_set_config(n, MSIX_CONTROL, MSIX_ENABLE);
	nic_settle(n);
	nic_raised(n);
	nic_raise(n, 0);
	assert_int_equal(nic_raised(n), 1);
	/* The client disables it as a whole, and connects again. */
	assert_int_equal(client_set_irqs(&n->client, NONE_TRIGGER, 0, 0, NULL, 0), 0);
	assert_int_equal(nic_config(n, MSIX_CONTROL) & MSIX_ENABLE, 0);
	nic_raise(n, 1);
	assert_int_equal(nic_raised(n), 0);
	nic_connect_vectors(n);
	nic_settle(n);
	nic_raised(n);
	nic_raise(n, 1);
	assert_int_equal(nic_raised(n), 2);
}

static void pending_bits_are_read_in_every_size_and_not_written(void **state)
{
	const uint64_t ones = UINT64_MAX, zero = 0;
	struct nic *n = *state;
	uint8_t octet;
	uint32_t dw;

	start(n);
	nic_mask(n, 1, true);
	nic_mask(n, 4, true);
	nic_raise(n, 1);
	nic_raise(n, 4);
	assert_int_equal(client_write(&n->client, 2, RVL_MSIX_PBA_OFFSET, &zero, 8), 0);
	assert_int_equal(nic_pending(n), 0x12);
	assert_int_equal(client_write(&n->client, 2, RVL_MSIX_PBA_OFFSET, &ones, 8), 0);
	assert_int_equal(nic_pending(n), 0x12);
	assert_int_equal(client_read(&n->client, 2, RVL_MSIX_PBA_OFFSET, &dw, 4), 0);
	assert_int_equal(dw, 0x12);
	assert_int_equal(client_read(&n->client, 2, RVL_MSIX_PBA_OFFSET, &octet, 1), 0);
	assert_int_equal(octet, 0x12);
	assert_int_equal(client_read(&n->client, 2, RVL_MSIX_PBA_OFFSET + 4, &dw, 4), 0);
	assert_int_equal(dw, 0);
	assert_int_equal(nic_raised(n), 0);
}

/* Address and data of a vector are the host's: the client's are kept, and lead nowhere. */
static void what_the_client_writes_as_address_is_kept_and_leads_nowhere(void **state)
{
	struct nic *n = *state;
	unsigned v, i;

	start(n);
	memset(n->buffers + PAGE, 0xa5, PAGE);
	for (v = 0; v < NIC_VECTORS; v++) {
		const uint64_t address = NIC_BUFFERS + PAGE + 4 * v;
		const uint32_t data = 0x1000 + v;
		uint8_t got[12], expected[12];

		memcpy(expected, &address, 8);
		memcpy(expected + 8, &data, 4);
		assert_int_equal(
			client_write(&n->client, 2, RVL_MSIX_TABLE_OFFSET + 16 * v, expected, 12),
			0);
		assert_int_equal(
			client_read(&n->client, 2, RVL_MSIX_TABLE_OFFSET + 16 * v, got, 12), 0);
		assert_memory_equal(got, expected, 12);
		nic_raise(n, v);
		assert_int_equal(nic_raised(n), 1U << v);
	}
	for (i = 0; i < PAGE; i++)
		assert_int_equal(n->buffers[PAGE + i], 0xa5);
	assert_int_equal(n->complaints, 0);
}

/*
 * A vector that has no event, enabled and unmasked by the client in the table or by message: its
 * message goes nowhere, not to memory at whatever address the NIC has for it.
 */
static void a_vector_without_an_event_touches_no_memory(void **state)
{
	struct nic *n = *state;
	struct rvl_rootport_stats before, after;
	struct rvl_sim_stats stats;
	unsigned v, i;

	assert_int_equal(client_map(&n->client, n->memfd, NIC_HALF, 0, 16 * PAGE), 0);
	nic_set_config(n, MSIX_CONTROL, MSIX_ENABLE);
	nic_start_driver(n);
	for (v = 0; v < NIC_VECTORS; v++) {
		if (v % 2)
			nic_mask(n, v, false);
		else
			set_mask_by_message(n, v, false);
	}
	memset(n->buffers, 0xa5, 16 * PAGE);
	rvl_sim_stats(n->sim, &stats);
	before = stats.pcie;
	for (v = 0; v < NIC_VECTORS; v++)
		nic_raise(n, v);
	rvl_sim_stats(n->sim, &stats);
	after = stats.pcie;
	for (i = 0; i < 16 * PAGE; i++)
		assert_int_equal(n->buffers[i], 0xa5);
	assert_int_equal(after.bad_writes, before.bad_writes);
	assert_int_equal(after.up_messages - before.up_messages, NIC_VECTORS);
	assert_int_equal(nic_raised(n), 0);
}

static void a_vector_that_is_disconnected_waits_for_its_next_event(void **state)
{
	struct nic *n = *state;

	start(n);
	assert_int_equal(client_set_irqs(&n->client, EVENTFD_TRIGGER, 2, 1, NULL, 0), 0);
	nic_settle(n);
	assert_true(nic_masked(n, 2));
	nic_raise(n, 2);
	nic_raise(n, 3);
	assert_int_equal(nic_raised(n), 1U << 3);
	assert_int_equal(nic_pending(n), 1U << 2);
	/* One event for another: what was pending goes to the new one. */
	assert_int_equal(client_set_irqs(&n->client, EVENTFD_TRIGGER, 2, 1, &n->events[4], 1), 0);
	nic_settle(n);
	assert_int_equal(nic_raised(n), 1U << 4);
	nic_raise(n, 2);
	assert_int_equal(nic_raised(n), 1U << 4);
	assert_int_equal(nic_pending(n), 0);
}

static void what_is_pending_when_a_client_goes_waits_for_the_next(void **state)
{
	struct nic *n = *state;

	start(n);
	nic_mask(n, 1, true);
	nic_raise(n, 1);
	client_close(&n->client);
	nic_attach(n);
	assert_int_equal(nic_pending(n), 1U << 1);
	nic_connect_vectors(n);
	nic_settle(n);
	assert_int_equal(nic_raised(n), 1U << 1);
	nic_raise(n, 1);
	assert_int_equal(nic_raised(n), 1U << 1);
}

/*
 * Both kinds of reset: nothing is pending or masked that was before, address and data are zero, and
 * vectors with events stay with them.
 */
static void a_reset_forgets_masks_and_pending_bits_and_keeps_events(void **state)
{
	struct nic *n = *state;
	unsigned flr, v;

	for (flr = 0; flr < 2; flr++) {
		const uint64_t address = 0xfeedfacecafebeefULL;
		uint64_t got;

		start(n);
		assert_int_equal(client_set_irqs(&n->client, EVENTFD_TRIGGER, 4, 1, NULL, 0), 0);
		assert_int_equal(client_write(&n->client, 2, RVL_MSIX_TABLE_OFFSET, &address, 8),
				 0);
		nic_mask(n, 1, true);
		nic_raise(n, 1);
		nic_raise(n, 4);
		assert_int_equal(nic_pending(n), 0x12);
		nic_reset(n, flr);
		assert_int_equal(nic_pending(n), 0);
		assert_int_equal(client_read(&n->client, 2, RVL_MSIX_TABLE_OFFSET, &got, 8), 0);
		assert_true(got == 0);
		for (v = 0; v < NIC_VECTORS; v++)
			assert_true(nic_masked(n, v) == (v == 4));
		assert_int_equal(nic_config(n, MSIX_CONTROL) & (MSIX_ENABLE | FUNCTION_MASK),
				 MSIX_ENABLE);
		assert_int_equal(nic_raised(n), 0);
		nic_set_config(n, 0x04, 6);
		nic_stop_driver(n);
		nic_start_driver(n);
		nic_raised(n);
		for (v = 0; v < NIC_VECTORS; v++)
			nic_raise(n, v);
		assert_int_equal(nic_raised(n), ALL & ~(1U << 4));
		assert_int_equal(nic_pending(n), 1U << 4);
		nic_stop_driver(n);
	}
}

int nic_msix_tests(void)
{
	const struct CMUnitTest tests[] = {
		NIC_TEST(each_vector_reaches_its_own_event),
		NIC_TEST(a_masked_vector_is_pending_and_raised_once_when_unmasked),
		NIC_TEST(the_function_mask_holds_all_vectors),
		NIC_TEST(nothing_is_raised_while_msix_is_off),
		NIC_TEST(pending_bits_are_read_in_every_size_and_not_written),
		NIC_TEST(what_the_client_writes_as_address_is_kept_and_leads_nowhere),
		NIC_TEST(a_vector_without_an_event_touches_no_memory),
		NIC_TEST(a_vector_that_is_disconnected_waits_for_its_next_event),
		NIC_KEEPING_TEST(what_is_pending_when_a_client_goes_waits_for_the_next),
		NIC_TEST(a_reset_forgets_masks_and_pending_bits_and_keeps_events),
	};

	return cmocka_run_group_tests_name("the NIC's MSI-X", tests, NULL, NULL);
}
