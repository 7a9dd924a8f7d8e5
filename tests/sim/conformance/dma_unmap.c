/* SPDX-License-Identifier: BSD-2-Clause */
/* DMA_UNMAP: exactly what was mapped, or all; nothing holds on to it when the reply is there. */
#include "tests/sim/conformance/conformance.h"

#define DIRTY_BITMAP 1U /* VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP */

static int unmap(struct fixture *f, uint32_t argsz, uint32_t flags, uint64_t address, uint64_t size)
{
	const struct rvl_vfio_user_dma_unmap m = {argsz, flags, address, size};

	return client_call(&f->client, RVL_VFIO_USER_DMA_UNMAP, &m, sizeof(m), NULL, 0);
}

/* "The server responds with the original DMA entry in the request." */
static void the_reply_is_the_request(void **state)
{
	const struct rvl_vfio_user_dma_unmap m = {.argsz = 4711, .address = 0x10000, .size = PAGE};
	struct fixture *f = *state;
	struct client *c = &f->client;

	assert_int_equal(client_map(c, f->memfd, 0, 0x10000, PAGE), 0);
	assert_int_equal(client_call(c, RVL_VFIO_USER_DMA_UNMAP, &m, sizeof(m), NULL, 0), 0);
	assert_int_equal(c->reply_size, sizeof(m));
	assert_memory_equal(c->reply, &m, sizeof(m));
}

/* "... the server must release all references to that DMA region before replying." */
static void the_memory_is_released_before_the_reply(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(client_map(&f->client, f->memfd, 0, 0x10000, 4 * PAGE), 0);
	assert_int_equal(mappings_of("memfd:guest"), 1);
	assert_int_equal(client_unmap(&f->client, 0x10000, 4 * PAGE), 0);
	assert_false(f->dev.answered_early);
	assert_int_equal(f->dev.maps, 0);
	assert_int_equal(mappings_of("memfd:guest"), 0);
}

/* "The address and size ... must match exactly a previous mapping." */
static void what_was_not_mapped_exactly_so_is_refused(void **state)
{
	static const struct {
		uint64_t address, pages;
	} bad[] = {
		{0x10000, 3}, {0x10000, 5}, {0x10000, 0}, {0x11000, 3},	 {0x11000, 4}, {0x13000, 1},
		{0xf000, 4},  {0xf000, 5},  {0x10000, 8}, {0, 1U << 20}, {0x18000, 4}, {0, 0},
	};
	struct fixture *f = *state;
	struct client *c = &f->client;
	size_t i;

	/* Two beside each other are not one of their size. */
	assert_int_equal(client_map(c, f->memfd, 0, 0x10000, 4 * PAGE), 0);
	assert_int_equal(client_map(c, f->memfd, 4 * PAGE, 0x14000, 4 * PAGE), 0);
	for (i = 0; i < COUNT(bad); i++)
		assert_int_equal(client_unmap(c, bad[i].address, bad[i].pages * PAGE), -ENOENT);
	assert_int_equal(client_unmap(c, 0x10000, 4 * PAGE - 1), -ENOENT);
	assert_int_equal(client_unmap(c, 0x10001, 4 * PAGE), -ENOENT);
	assert_int_equal(f->dev.maps, 2);
	assert_int_equal(client_unmap(c, 0x10000, 4 * PAGE), 0);
	assert_int_equal(client_unmap(c, 0x10000, 4 * PAGE), -ENOENT);
	assert_int_equal(f->dev.maps, 1);
	/* What it freed can be mapped again. */
	assert_int_equal(client_map(c, f->memfd, 0, 0x10000, 4 * PAGE), 0);
}

static void one_among_many_is_found(void **state)
{
	struct fixture *f = *state;
	unsigned i;

	for (i = 0; i < 64; i++)
		assert_int_equal(client_map(&f->client, -1, 0, 0x100000ULL * ((i * 37) % 64), PAGE),
				 0);
	for (i = 0; i < 64; i++) {
		assert_int_equal(client_unmap(&f->client, 0x100000ULL * ((i * 11) % 64), PAGE), 0);
		assert_int_equal(f->dev.maps, 63 - i);
	}
}

static void the_flag_for_all_removes_all(void **state)
{
	const struct rvl_vfio_user_dma_unmap all = {.argsz = sizeof(all),
						    .flags = RVL_VFIO_USER_UNMAP_ALL};
	struct fixture *f = *state;
	struct client *c = &f->client;
	unsigned i, round;

	/* Also when there is none. */
	for (round = 0; round < 2; round++) {
		assert_int_equal(
			client_call(c, RVL_VFIO_USER_DMA_UNMAP, &all, sizeof(all), NULL, 0), 0);
		assert_int_equal(c->reply_size, sizeof(all));
		assert_memory_equal(c->reply, &all, sizeof(all));
		assert_int_equal(f->dev.maps, 0);
		assert_int_equal(mappings_of("memfd:guest"), 0);
		for (i = 0; i < 8 && round == 0; i++)
			assert_int_equal(client_map(c, i % 2 ? f->memfd : -1, 0,
						    0x100000ULL * (8 - i), PAGE),
					 0);
	}
}

static void a_malformed_unmap_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(client_map(&f->client, f->memfd, 0, 0x10000, PAGE), 0);
	refuses_lengths(&f->client, RVL_VFIO_USER_DMA_UNMAP,
			sizeof(struct rvl_vfio_user_dma_unmap));
	assert_int_equal(unmap(f, 0, 0, 0x10000, PAGE), -EINVAL);
	assert_int_equal(unmap(f, 23, 0, 0x10000, PAGE), -EINVAL);
	assert_int_equal(unmap(f, 24, DIRTY_BITMAP, 0x10000, PAGE), -EINVAL);
	assert_int_equal(unmap(f, 24, 4, 0x10000, PAGE), -EINVAL);
	assert_int_equal(unmap(f, 24, 0x80000000, 0x10000, PAGE), -EINVAL);
	assert_int_equal(unmap(f, 24, RVL_VFIO_USER_UNMAP_ALL | DIRTY_BITMAP, 0, 0), -EINVAL);
	assert_int_equal(unmap(f, 24, RVL_VFIO_USER_UNMAP_ALL, 0x10000, 0), -EINVAL);
	assert_int_equal(unmap(f, 24, RVL_VFIO_USER_UNMAP_ALL, 0, PAGE), -EINVAL);
	assert_int_equal(f->dev.maps, 1);
	assert_int_equal(unmap(f, 24, 0, 0x10000, PAGE), 0);
}

int dma_unmap_tests(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_reply_is_the_request),
		TEST(the_memory_is_released_before_the_reply),
		TEST(what_was_not_mapped_exactly_so_is_refused),
		TEST(one_among_many_is_found),
		TEST(the_flag_for_all_removes_all),
		TEST(a_malformed_unmap_is_refused),
	};

	return cmocka_run_group_tests_name("DMA_UNMAP", tests, NULL, NULL);
}
