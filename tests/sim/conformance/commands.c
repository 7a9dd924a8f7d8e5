/* SPDX-License-Identifier: BSD-2-Clause */
/* DEVICE_RESET; the commands that this server does not have; No_reply with each that it has. */
#include "tests/sim/conformance/conformance.h"

#include <sys/eventfd.h>
#include <unistd.h>

static void reset_reaches_the_device_once_and_has_no_payload(void **state)
{
	struct fixture *f = *state;

	refuses_lengths(&f->client, RVL_VFIO_USER_RESET, 0);
	assert_int_equal(f->dev.resets, 0);
	assert_int_equal(client_call(&f->client, RVL_VFIO_USER_RESET, NULL, 0, NULL, 0), 0);
	assert_int_equal(f->client.reply_size, 0);
	assert_int_equal(f->dev.resets, 1);
}

static void reset_leaves_maps_and_events(void **state)
{
	struct fixture *f = *state;
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	assert_int_equal(client_map(&f->client, f->memfd, 0, 0x10000, PAGE), 0);
	assert_int_equal(client_set_irqs(&f->client, EVENTFD_TRIGGER, 3, 1, &fd, 1), 0);
	assert_int_equal(client_call(&f->client, RVL_VFIO_USER_RESET, NULL, 0, NULL, 0), 0);
	assert_int_equal(f->dev.maps, 1);
	assert_true(rvl_vfio_user_irq(f->dev.server, 3));
	assert_int_equal(events(fd), 1);
	assert_int_equal(client_unmap(&f->client, 0x10000, PAGE), 0);
	close(fd);
}

static void a_reset_that_fails_is_told(void **state)
{
	struct fixture *f = *state;

	f->dev.refuse = -ETIMEDOUT;
	assert_int_equal(client_call(&f->client, RVL_VFIO_USER_RESET, NULL, 0, NULL, 0),
			 -ETIMEDOUT);
	f->dev.refuse = 0;
	assert_int_equal(client_call(&f->client, RVL_VFIO_USER_RESET, NULL, 0, NULL, 0), 0);
}

int reset_tests(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reset_reaches_the_device_once_and_has_no_payload),
		TEST(reset_leaves_maps_and_events),
		TEST(a_reset_that_fails_is_told),
	};

	return cmocka_run_group_tests_name("DEVICE_RESET", tests, NULL, NULL);
}

static void commands_that_are_not_there_are_refused_whatever_they_carry(void **state)
{
	/* 14 was DIRTY_PAGES; 16 to 18 are DEVICE_FEATURE and MIG_DATA_READ and _WRITE. */
	static const unsigned unknown[] = {0,  6,  14,	16,  17,  18,	  19,	 20,
					   31, 32, 255, 256, 257, 0x8001, 0xffff};
	static const uint8_t zero[64];
	struct fixture *f = *state;
	size_t i, len;
	uint32_t v;

	for (i = 0; i < COUNT(unknown); i++)
		for (len = 0; len <= sizeof(zero); len++)
			assert_int_equal(client_call(&f->client, unknown[i], zero, len, NULL, 0),
					 -ENOTSUP);
	assert_int_equal(client_read(&f->client, 0, 0, &v, 4), 0);
}

/* Commands of the server to the client are none of the client's. */
static void dma_read_and_write_are_not_the_clients_to_send(void **state)
{
	struct {
		uint64_t address, count;
		uint8_t data[8];
	} m = {.address = 0x10000, .count = 8};
	struct fixture *f = *state;

	assert_int_equal(client_map(&f->client, f->memfd, 0, 0x10000, PAGE), 0);
	assert_int_equal(client_call(&f->client, RVL_VFIO_USER_DMA_READ, &m, 16, NULL, 0),
			 -ENOTSUP);
	assert_int_equal(client_call(&f->client, RVL_VFIO_USER_DMA_WRITE, &m, sizeof(m), NULL, 0),
			 -ENOTSUP);
}

/* Get, set and probe of each feature of migration and dirty logging, which no answer claims. */
static void no_feature_is_there(void **state)
{
	struct {
		uint32_t argsz, flags;
		uint8_t data[32];
	} m = {.argsz = sizeof(m)};
	struct fixture *f = *state;
	uint32_t feature, action;

	for (feature = 0; feature < 10; feature++)
		for (action = 0; action < 8; action++) {
			m.flags = feature | action << 16;
			assert_int_equal(client_call(&f->client, RVL_VFIO_USER_FEATURE, &m,
						     sizeof(m), NULL, 0),
					 -ENOTSUP);
		}
}

static void no_reply_is_obeyed_by_every_command(void **state)
{
	const struct rvl_vfio_user_dma_map map = {
		.argsz = sizeof(map), .flags = 3, .address = 0x10000, .size = PAGE};
	const struct rvl_vfio_user_dma_unmap unmap = {
		.argsz = sizeof(unmap), .address = 0x10000, .size = PAGE};
	const struct rvl_vfio_user_set_irqs irqs = {.argsz = sizeof(irqs),
						    .flags = EVENTFD_TRIGGER,
						    .index = VFIO_PCI_MSIX_IRQ_INDEX,
						    .count = 1};
	struct fixture *f = *state;
	struct client *c = &f->client;
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	unsigned command;
	uint32_t v;

	client_send(c, RVL_VFIO_USER_DMA_MAP, RVL_VFIO_USER_NO_REPLY, &map, sizeof(map), &f->memfd,
		    1);
	assert_int_equal(f->dev.maps, 1);
	client_send(c, RVL_VFIO_USER_SET_IRQS, RVL_VFIO_USER_NO_REPLY, &irqs, sizeof(irqs), &fd, 1);
	assert_true(f->dev.connected == 1);
	client_send(c, RVL_VFIO_USER_DMA_UNMAP, RVL_VFIO_USER_NO_REPLY, &unmap, sizeof(unmap), NULL,
		    0);
	assert_int_equal(f->dev.maps, 0);
	client_send(c, RVL_VFIO_USER_RESET, RVL_VFIO_USER_NO_REPLY, NULL, 0, NULL, 0);
	assert_int_equal(f->dev.resets, 1);
	/* Refused or not there: no reply either. */
	for (command = 0; command < 32; command++)
		if (command != RVL_VFIO_USER_RESET)
			client_send(c, command, RVL_VFIO_USER_NO_REPLY, "x", 1, NULL, 0);
	assert_true(client_hears_nothing(c));
	assert_int_equal(client_read(c, 0, 0, &v, 4), 0);
	close(fd);
}

int other_command_tests(void)
{
	const struct CMUnitTest tests[] = {
		TEST(commands_that_are_not_there_are_refused_whatever_they_carry),
		TEST(dma_read_and_write_are_not_the_clients_to_send),
		TEST(no_feature_is_there),
		TEST(no_reply_is_obeyed_by_every_command),
	};

	return cmocka_run_group_tests_name("commands that are not there, No_reply", tests, NULL,
					   NULL);
}
