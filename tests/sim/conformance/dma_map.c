/* SPDX-License-Identifier: BSD-2-Clause */
/* DMA_MAP: memory that the device may reach. */
#include "tests/sim/conformance/conformance.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct rvl_vfio_user_dma_map good = {.argsz = sizeof(good),
						  .flags = RVL_VFIO_USER_DMA_READABLE |
							   RVL_VFIO_USER_DMA_WRITABLE,
						  .address = 0x10000,
						  .size = PAGE};

static int map(struct fixture *f, const struct rvl_vfio_user_dma_map *m, int fd)
{
	return client_call(&f->client, RVL_VFIO_USER_DMA_MAP, m, sizeof(*m), &fd, fd >= 0);
}

static void mapped_memory_is_the_files_at_the_offset(void **state)
{
	struct fixture *f = *state;
	unsigned before = open_fds();
	char byte = 0;

	assert_int_equal(client_map(&f->client, f->memfd, PAGE, 0x10000, 2 * PAGE), 0);
	assert_int_equal(f->client.reply_size, 0); /* "There is no payload in the reply message." */
	assert_non_null(f->dev.mem);
	f->dev.mem[5] = 42;
	assert_int_equal(pread(f->memfd, &byte, 1, PAGE + 5), 1);
	assert_int_equal(byte, 42);
	byte = 43;
	assert_int_equal(pwrite(f->memfd, &byte, 1, 3 * PAGE - 1), 1);
	assert_int_equal(f->dev.mem[2 * PAGE - 1], 43);
	/* The mapping stays, the descriptor does not. */
	assert_int_equal(open_fds(), before);
	assert_int_equal(mappings_of("memfd:guest"), 1);
}

static void a_map_without_a_descriptor_is_accepted_and_not_reachable(void **state)
{
	struct fixture *f = *state;

	f->dev.mem = f->dev.region[0];
	assert_int_equal(map(f, &good, -1), 0);
	assert_null(f->dev.mem);
	assert_int_equal(f->dev.maps, 1);
	assert_int_equal(map(f, &good, -1), -EEXIST);
	assert_int_equal(client_unmap(&f->client, good.address, good.size), 0);
	assert_int_equal(f->dev.maps, 0);
}

static void flags_say_what_the_device_may_do(void **state)
{
	struct rvl_vfio_user_dma_map m = good;
	struct fixture *f = *state;
	char path[64];
	int read_only;

	m.flags = RVL_VFIO_USER_DMA_READABLE;
	assert_int_equal(map(f, &m, f->memfd), 0);
	assert_true(f->dev.readable && !f->dev.writable);
	m.address += PAGE;
	m.flags = RVL_VFIO_USER_DMA_WRITABLE;
	assert_int_equal(map(f, &m, f->memfd), 0);
	assert_true(!f->dev.readable && f->dev.writable);
	f->dev.mem[0] = 1;
	/* A descriptor that gives less than the flags ask for. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", f->memfd);
	read_only = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(read_only >= 0);
	m.address += PAGE;
	assert_int_equal(map(f, &m, read_only), -EACCES);
	m.flags = RVL_VFIO_USER_DMA_READABLE | RVL_VFIO_USER_DMA_WRITABLE;
	assert_int_equal(map(f, &m, read_only), -EACCES);
	m.flags = RVL_VFIO_USER_DMA_READABLE;
	assert_int_equal(map(f, &m, read_only), 0);
	assert_int_equal(f->dev.maps, 3);
	close(read_only);
}

/* "A command to map over an existing region must be failed by the server with EEXIST." */
static void an_overlap_of_any_kind_is_refused_with_eexist(void **state)
{
	static const struct {
		uint64_t address, pages;
	} over[] = {
		{0x10000, 4},  /* the same */
		{0x10000, 1},  /* its beginning */
		{0x13000, 1},  /* its end */
		{0x11000, 2},  /* inside */
		{0xf000, 2},   /* across its beginning */
		{0x13000, 2},  /* across its end */
		{0xf000, 6},   /* around it */
		{0x1f000, 2},  /* across the beginning of another */
		{0x14000, 13}, /* from its end into another */
		{0x0, 1U << 20},
	};
	struct rvl_vfio_user_dma_map m = good;
	struct fixture *f = *state;
	struct client *c = &f->client;
	unsigned i;

	assert_int_equal(client_map(c, f->memfd, 0, 0x10000, 4 * PAGE), 0);
	assert_int_equal(client_map(c, f->memfd, 0, 0x20000, 4 * PAGE), 0);
	for (i = 0; i < 2 * COUNT(over); i++) {
		m.address = over[i / 2].address;
		m.size = over[i / 2].pages * PAGE;
		/* Reachable or not. A file too small is told by another error: none is needed. */
		if (m.size > GUEST_PAGES * PAGE || i % 2)
			assert_int_equal(map(f, &m, -1), -EEXIST);
		else
			assert_int_equal(map(f, &m, f->memfd), -EEXIST);
	}
	assert_int_equal(mappings_of("memfd:guest"), 2);
	/* Side by side is no overlap. */
	assert_int_equal(client_map(c, f->memfd, 0, 0x14000, 12 * PAGE), 0);
	assert_int_equal(client_map(c, f->memfd, 0, 0xf000, PAGE), 0);
	assert_int_equal(f->dev.maps, 4);
}

static void the_highest_addresses_can_be_mapped(void **state)
{
	struct rvl_vfio_user_dma_map m = good;
	struct fixture *f = *state;

	m.address = 0 - (uint64_t)PAGE;
	assert_int_equal(map(f, &m, f->memfd), 0);
	assert_int_equal(map(f, &m, f->memfd), -EEXIST);
	m.address = 0;
	assert_int_equal(map(f, &m, f->memfd), 0);
	assert_int_equal(client_unmap(&f->client, 0 - (uint64_t)PAGE, PAGE), 0);
	assert_int_equal(client_unmap(&f->client, 0, PAGE), 0);
}

static void a_malformed_map_is_refused(void **state)
{
	static const struct {
		const char *what;
		struct rvl_vfio_user_dma_map m;
	} bad[] = {
		{"argsz 0", {0, 3, 0, 0x10000, PAGE}},
		{"argsz too small", {31, 3, 0, 0x10000, PAGE}},
		{"no access", {32, 0, 0, 0x10000, PAGE}},
		{"unknown flag 4", {32, 4, 0, 0x10000, PAGE}},
		{"unknown flag beside others", {32, 7, 0, 0x10000, PAGE}},
		{"unknown flag 31", {32, 0x80000003, 0, 0x10000, PAGE}},
		{"empty", {32, 3, 0, 0x10000, 0}},
		{"size not of pages", {32, 3, 0, 0x10000, PAGE - 1}},
		{"size not of pages, more", {32, 3, 0, 0x10000, PAGE + 1}},
		{"address not of pages", {32, 3, 0, 0x10001, PAGE}},
		{"address not of pages, more", {32, 3, 0, 0x10800, PAGE}},
		{"offset not of pages", {32, 3, 1, 0x10000, PAGE}},
		{"offset not of pages, more", {32, 3, 0x800, 0x10000, PAGE}},
		{"address wraps", {32, 3, 0, 0 - (uint64_t)PAGE, 2 * PAGE}},
		{"all but one page", {32, 3, 0, PAGE, 0 - (uint64_t)PAGE}},
		{"size of everything", {32, 3, 0, 0, 0 - (uint64_t)PAGE}},
		{"file too small", {32, 3, 0, 0x10000, (GUEST_PAGES + 1) * PAGE}},
		{"offset at the end", {32, 3, GUEST_PAGES * PAGE, 0x10000, PAGE}},
		{"offset in the last page", {32, 3, (GUEST_PAGES - 1) * PAGE, 0x10000, 2 * PAGE}},
		{"offset wraps", {32, 3, 0 - (uint64_t)PAGE, 0x10000, PAGE}},
		{"offset wraps to within", {32, 3, 0 - (uint64_t)PAGE, 0x10000, 2 * PAGE}},
	};
	struct fixture *f = *state;
	unsigned before = open_fds();
	size_t i;

	for (i = 0; i < COUNT(bad); i++)
		if (map(f, &bad[i].m, f->memfd) != -EINVAL)
			fail_msg("%s: not refused", bad[i].what);
	/* Those that have nothing to do with the file, without one too. */
	for (i = 0; i < COUNT(bad); i++)
		if (!strstr(bad[i].what, "file") && !strstr(bad[i].what, "offset") &&
		    map(f, &bad[i].m, -1) != -EINVAL)
			fail_msg("%s, without a descriptor: not refused", bad[i].what);
	assert_int_equal(f->dev.maps, 0);
	assert_int_equal(open_fds(), before);
	assert_int_equal(mappings_of("memfd:guest"), 0);
	assert_int_equal(map(f, &good, f->memfd), 0);
}

static void a_map_of_the_wrong_length_is_refused(void **state)
{
	struct fixture *f = *state;

	refuses_lengths(&f->client, RVL_VFIO_USER_DMA_MAP, sizeof(good));
	assert_int_equal(f->dev.maps, 0);
}

static void a_descriptor_that_is_no_file_is_refused(void **state)
{
	struct fixture *f = *state;
	int pipes[2], fds[6];
	size_t i;

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	fds[0] = pipes[0];
	fds[1] = pipes[1];
	fds[2] = eventfd(0, EFD_CLOEXEC);
	fds[3] = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fds[4] = open("/dev/zero", O_RDWR | O_CLOEXEC);
	fds[5] = memfd_create("empty", MFD_CLOEXEC);
	for (i = 0; i < COUNT(fds); i++) {
		assert_true(fds[i] >= 0);
		assert_int_equal(map(f, &good, fds[i]), -EINVAL);
	}
	assert_int_equal(f->dev.maps, 0);
	for (i = 0; i < COUNT(fds); i++)
		close(fds[i]);
}

static void more_than_one_descriptor_is_refused(void **state)
{
	struct fixture *f = *state;
	unsigned before = open_fds(), n;
	int fds[20];

	for (n = 0; n < COUNT(fds); n++)
		fds[n] = f->memfd;
	for (n = 2; n <= COUNT(fds); n++)
		assert_int_equal(
			client_call(&f->client, RVL_VFIO_USER_DMA_MAP, &good, sizeof(good), fds, n),
			-EINVAL);
	assert_int_equal(f->dev.maps, 0);
	assert_int_equal(open_fds(), before);
}

static void what_the_device_refuses_leaves_no_mapping(void **state)
{
	struct fixture *f = *state;

	f->dev.refuse = -EPERM;
	assert_int_equal(map(f, &good, f->memfd), -EPERM);
	assert_int_equal(mappings_of("memfd:guest"), 0);
	f->dev.refuse = 0;
	assert_int_equal(map(f, &good, f->memfd), 0);
}

static void as_many_maps_as_were_promised_fit_and_no_more(void **state)
{
	struct rvl_vfio_user_dma_map m = good;
	struct fixture *f = *state;
	uint32_t i;

	for (i = 0; i < MAX_MAPS; i++) {
		m.address = (uint64_t)i * 2 * PAGE;
		assert_int_equal(map(f, &m, -1), 0);
	}
	m.address = (uint64_t)i * 2 * PAGE;
	assert_int_equal(map(f, &m, -1), -ENOSPC);
	assert_int_equal(f->dev.maps, MAX_MAPS);
	assert_int_equal(client_unmap(&f->client, 2 * PAGE, PAGE), 0);
	assert_int_equal(map(f, &m, -1), 0);
}

int dma_map_tests(void)
{
	const struct CMUnitTest tests[] = {
		TEST(mapped_memory_is_the_files_at_the_offset),
		TEST(a_map_without_a_descriptor_is_accepted_and_not_reachable),
		TEST(flags_say_what_the_device_may_do),
		TEST(an_overlap_of_any_kind_is_refused_with_eexist),
		TEST(the_highest_addresses_can_be_mapped),
		TEST(a_malformed_map_is_refused),
		TEST(a_map_of_the_wrong_length_is_refused),
		TEST(a_descriptor_that_is_no_file_is_refused),
		TEST(more_than_one_descriptor_is_refused),
		TEST(what_the_device_refuses_leaves_no_mapping),
		TEST(as_many_maps_as_were_promised_fit_and_no_more),
	};

	return cmocka_run_group_tests_name("DMA_MAP", tests, NULL, NULL);
}
