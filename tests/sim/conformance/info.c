/* SPDX-License-Identifier: BSD-2-Clause */
/* DEVICE_GET_INFO, DEVICE_GET_REGION_INFO, DEVICE_GET_REGION_IO_FDS, DEVICE_GET_IRQ_INFO. */
#include "tests/sim/conformance/conformance.h"

static int ask(struct fixture *f, unsigned command, void *m, size_t size)
{
	int rc = client_call(&f->client, command, m, size, NULL, 0);

	if (rc == 0) {
		assert_int_equal(f->client.reply_size, size);
		memcpy(m, f->client.reply, size);
	}
	return rc;
}

static void the_device_is_pci_and_can_be_reset(void **state)
{
	/* argsz is the most that the client takes: more is as good. */
	static const uint32_t argsz[] = {16, 17, 64, UINT32_MAX};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < COUNT(argsz); i++) {
		struct rvl_vfio_user_info info = {.argsz = argsz[i]};

		assert_int_equal(ask(f, RVL_VFIO_USER_GET_INFO, &info, sizeof(info)), 0);
		assert_int_equal(info.argsz, 16);
		assert_int_equal(info.flags, VFIO_DEVICE_FLAGS_RESET | VFIO_DEVICE_FLAGS_PCI);
		assert_int_equal(info.regions, VFIO_PCI_NUM_REGIONS);
		assert_int_equal(info.irqs, VFIO_PCI_NUM_IRQS);
	}
}

static void device_info_that_is_malformed_is_refused(void **state)
{
	struct fixture *f = *state;
	struct rvl_vfio_user_info info = {.argsz = 15};

	assert_int_equal(ask(f, RVL_VFIO_USER_GET_INFO, &info, sizeof(info)), -EINVAL);
	info.argsz = 0;
	assert_int_equal(ask(f, RVL_VFIO_USER_GET_INFO, &info, sizeof(info)), -EINVAL);
	refuses_lengths(&f->client, RVL_VFIO_USER_GET_INFO, sizeof(info));
}

/*
 * Sizes as the device has them. Nothing can be mapped into the client: every access must become a
 * TLP, and QEMU posts no writes to a device with a region that can.
 */
static void regions_have_their_sizes_and_no_capabilities(void **state)
{
	static const uint64_t sizes[VFIO_PCI_NUM_REGIONS] = {
		[VFIO_PCI_BAR0_REGION_INDEX] = BAR0_SIZE,
		[VFIO_PCI_BAR2_REGION_INDEX] = BAR2_SIZE,
		[VFIO_PCI_BAR4_REGION_INDEX] = BAR4_SIZE,
		[VFIO_PCI_CONFIG_REGION_INDEX] = CONFIG_SIZE};
	static const uint32_t argsz[] = {32, 4096, UINT32_MAX};
	struct fixture *f = *state;
	uint32_t i;

	for (i = 0; i < VFIO_PCI_NUM_REGIONS * COUNT(argsz); i++) {
		uint32_t index = i % VFIO_PCI_NUM_REGIONS;
		struct rvl_vfio_user_region_info info = {.argsz = argsz[i / VFIO_PCI_NUM_REGIONS],
							 .index = index};

		assert_int_equal(ask(f, RVL_VFIO_USER_GET_REGION_INFO, &info, sizeof(info)), 0);
		assert_int_equal(info.argsz, sizeof(info));
		assert_int_equal(info.index, index);
		assert_int_equal(info.size, sizes[index]);
		assert_int_equal(info.flags, sizes[index] ? VFIO_REGION_INFO_FLAG_READ |
								    VFIO_REGION_INFO_FLAG_WRITE
							  : 0);
		assert_int_equal(info.cap_offset, 0);
	}
}

static void region_info_that_is_malformed_is_refused(void **state)
{
	static const struct {
		uint32_t argsz, index;
	} bad[] = {{0, 0},    {31, 0},	       {31, 1}, {32, VFIO_PCI_NUM_REGIONS},
		   {32, 100}, {32, UINT32_MAX}};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < COUNT(bad); i++) {
		struct rvl_vfio_user_region_info info = {.argsz = bad[i].argsz,
							 .index = bad[i].index};

		assert_int_equal(ask(f, RVL_VFIO_USER_GET_REGION_INFO, &info, sizeof(info)),
				 -EINVAL);
	}
	refuses_lengths(&f->client, RVL_VFIO_USER_GET_REGION_INFO,
			sizeof(struct rvl_vfio_user_region_info));
}

/* An optional message: there are no file descriptors for access. */
static void region_io_fds_are_not_there(void **state)
{
	struct {
		uint32_t argsz, flags, index, count;
	} m = {.argsz = 4096};
	struct fixture *f = *state;
	size_t len;

	for (m.index = 0; m.index <= VFIO_PCI_NUM_REGIONS; m.index++)
		assert_int_equal(ask(f, RVL_VFIO_USER_GET_REGION_IO_FDS, &m, sizeof(m)), -ENOTSUP);
	for (len = 0; len < sizeof(m); len++)
		assert_int_equal(ask(f, RVL_VFIO_USER_GET_REGION_IO_FDS, &m, len), -ENOTSUP);
}

static void the_only_interrupts_are_msix_vectors(void **state)
{
	struct fixture *f = *state;
	uint32_t i;

	for (i = 0; i < VFIO_PCI_NUM_IRQS; i++) {
		struct rvl_vfio_user_irq_info info = {.argsz = 16 + i, .index = i};
		bool msix = i == VFIO_PCI_MSIX_IRQ_INDEX;

		assert_int_equal(ask(f, RVL_VFIO_USER_GET_IRQ_INFO, &info, sizeof(info)), 0);
		assert_int_equal(info.argsz, sizeof(info));
		assert_int_equal(info.index, i);
		assert_int_equal(info.count, msix ? VECTORS : 0);
		/* Not NORESIZE: vectors can be connected one after the other. */
		assert_int_equal(info.flags,
				 msix ? VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE : 0);
	}
}

static void irq_info_that_is_malformed_is_refused(void **state)
{
	static const struct {
		uint32_t argsz, index;
	} bad[] = {{0, 2}, {15, 2}, {16, VFIO_PCI_NUM_IRQS}, {16, UINT32_MAX}};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < COUNT(bad); i++) {
		struct rvl_vfio_user_irq_info info = {.argsz = bad[i].argsz, .index = bad[i].index};

		assert_int_equal(ask(f, RVL_VFIO_USER_GET_IRQ_INFO, &info, sizeof(info)), -EINVAL);
	}
	refuses_lengths(&f->client, RVL_VFIO_USER_GET_IRQ_INFO,
			sizeof(struct rvl_vfio_user_irq_info));
}

/* What the client should have left zero changes no answer. */
static void fields_of_the_answer_are_not_read_in_the_question(void **state)
{
	struct rvl_vfio_user_info info = {16, 0xff, 0xff, 0xff};
	struct rvl_vfio_user_region_info region = {32, 0xff, 0, 0xff, 0xff, 0xff};
	struct rvl_vfio_user_irq_info irq = {16, 0xff, VFIO_PCI_MSIX_IRQ_INDEX, 0xff};
	struct fixture *f = *state;

	assert_int_equal(ask(f, RVL_VFIO_USER_GET_INFO, &info, sizeof(info)), 0);
	assert_int_equal(info.regions, VFIO_PCI_NUM_REGIONS);
	assert_int_equal(ask(f, RVL_VFIO_USER_GET_REGION_INFO, &region, sizeof(region)), 0);
	assert_int_equal(region.size, BAR0_SIZE);
	assert_int_equal(region.flags, 3);
	assert_int_equal(region.cap_offset, 0);
	assert_int_equal(ask(f, RVL_VFIO_USER_GET_IRQ_INFO, &irq, sizeof(irq)), 0);
	assert_int_equal(irq.count, VECTORS);
	assert_int_equal(irq.flags, 3);
}

int info_tests(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_device_is_pci_and_can_be_reset),
		TEST(device_info_that_is_malformed_is_refused),
		TEST(regions_have_their_sizes_and_no_capabilities),
		TEST(region_info_that_is_malformed_is_refused),
		TEST(region_io_fds_are_not_there),
		TEST(the_only_interrupts_are_msix_vectors),
		TEST(irq_info_that_is_malformed_is_refused),
		TEST(fields_of_the_answer_are_not_read_in_the_question),
	};

	return cmocka_run_group_tests_name("DEVICE_GET_*_INFO", tests, NULL, NULL);
}
