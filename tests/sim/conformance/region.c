/* SPDX-License-Identifier: BSD-2-Clause */
/* REGION_READ, REGION_WRITE and REGION_WRITE_MULTI. */
#include "tests/sim/conformance/conformance.h"

#include <stdlib.h>

static const struct {
	uint32_t index, size;
} regions[] = {{0, BAR0_SIZE}, {2, BAR2_SIZE}, {4, BAR4_SIZE}, {7, CONFIG_SIZE}};

static void fill(struct device *d)
{
	uint32_t i, j;

	for (i = 0; i < COUNT(regions); i++)
		for (j = 0; j < regions[i].size; j++)
			d->region[regions[i].index][j] = (uint8_t)(j * 7 + j / 256 + i);
}

static void every_size_at_every_offset_of_every_region_is_read(void **state)
{
	struct fixture *f = *state;
	uint32_t i, offset, size;
	uint8_t data[16];

	fill(&f->dev);
	for (i = 0; i < COUNT(regions); i++) {
		const uint8_t *region = f->dev.region[regions[i].index];

		for (size = 1; size <= sizeof(data); size++) {
			uint32_t last = regions[i].size - size;

			for (offset = 0; offset < 9; offset++) {
				assert_int_equal(client_read(&f->client, regions[i].index, offset,
							     data, size),
						 0);
				assert_memory_equal(data, region + offset, size);
				assert_int_equal(client_read(&f->client, regions[i].index,
							     last - offset, data, size),
						 0);
				assert_memory_equal(data, region + last - offset, size);
			}
		}
	}
}

static void every_size_at_every_offset_of_every_region_is_written(void **state)
{
	static const uint8_t data[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
	static const uint8_t zero[32];
	struct fixture *f = *state;
	uint32_t i, offset, size;

	for (i = 0; i < COUNT(regions); i++) {
		uint8_t *region = f->dev.region[regions[i].index];

		for (size = 1; size <= sizeof(data); size++) {
			for (offset = 0; offset < 9; offset++) {
				memset(region, 0, 32);
				assert_int_equal(client_write(&f->client, regions[i].index, offset,
							      data, size),
						 0);
				assert_memory_equal(region + offset, data, size);
				assert_memory_equal(region, zero, offset);
				assert_memory_equal(region + offset + size, zero,
						    32 - offset - size);
			}
		}
		region = f->dev.region[regions[i].index] + regions[i].size - 8;
		assert_int_equal(
			client_write(&f->client, regions[i].index, regions[i].size - 8, data, 8),
			0);
		assert_memory_equal(region, data, 8);
	}
}

/* The replies name what was accessed: offset, region, count, and a read's data. */
static void replies_name_the_access(void **state)
{
	struct {
		struct rvl_vfio_user_access a;
		uint8_t data[8];
	} m = {.a = {.offset = 0x1003, .region = 2, .count = 8}, .data = {9, 8, 7, 6, 5}};
	struct fixture *f = *state;
	struct client *c = &f->client;

	assert_int_equal(client_call(c, RVL_VFIO_USER_REGION_WRITE, &m, sizeof(m), NULL, 0), 0);
	assert_int_equal(c->reply_size, sizeof(m.a));
	assert_memory_equal(c->reply, &m, sizeof(m.a));
	assert_int_equal(client_call(c, RVL_VFIO_USER_REGION_READ, &m, sizeof(m.a), NULL, 0), 0);
	assert_int_equal(c->reply_size, sizeof(m));
	assert_memory_equal(c->reply, &m, sizeof(m));
}

static void as_much_as_was_promised_goes_into_one_message_and_no_more(void **state)
{
	struct fixture *f = *state;
	struct client *c = &f->client;
	struct rvl_vfio_user_access a = {.offset = 3, .region = 4, .count = MAX_DATA};
	uint8_t *m = malloc(sizeof(a) + MAX_DATA + 1);

	fill(&f->dev);
	memcpy(m, &a, sizeof(a));
	assert_int_equal(client_call(c, RVL_VFIO_USER_REGION_READ, m, sizeof(a), NULL, 0), 0);
	assert_int_equal(c->reply_size, sizeof(a) + MAX_DATA);
	assert_memory_equal(c->reply + sizeof(a), f->dev.region[4] + 3, MAX_DATA);
	memset(m + sizeof(a), 0x5a, MAX_DATA + 1);
	assert_int_equal(
		client_call(c, RVL_VFIO_USER_REGION_WRITE, m, sizeof(a) + MAX_DATA, NULL, 0), 0);
	assert_memory_equal(f->dev.region[4] + 3, m + sizeof(a), MAX_DATA);

	a.count++;
	memcpy(m, &a, sizeof(a));
	f->dev.reads = 0;
	f->dev.writes = 0;
	assert_int_equal(client_call(c, RVL_VFIO_USER_REGION_READ, m, sizeof(a), NULL, 0), -EINVAL);
	assert_int_equal(
		client_call(c, RVL_VFIO_USER_REGION_WRITE, m, sizeof(a) + MAX_DATA + 1, NULL, 0),
		-EINVAL);
	assert_int_equal(f->dev.reads + f->dev.writes, 0);
	free(m);
}

static void an_access_that_leaves_its_region_is_refused(void **state)
{
	static const struct {
		uint32_t region;
		uint64_t offset;
		uint32_t count;
	} bad[] = {
		{0, BAR0_SIZE, 1},
		{0, BAR0_SIZE - 1, 2},
		{0, BAR0_SIZE - 3, 4},
		{0, 0, BAR0_SIZE + 1},
		{0, UINT64_MAX, 1},
		{0, UINT64_MAX - 3, 4},
		{0, UINT64_MAX - 3, 8},
		{0, 1ULL << 32, 4},
		{2, BAR2_SIZE - 1, 2},
		{7, CONFIG_SIZE, 4},
		{7, CONFIG_SIZE - 2, 4},
		{0, 0, 0},
		{0, BAR0_SIZE, 0},
		{1, 0, 4},
		{3, 0, 4},
		{6, 0, 4},
		{8, 0, 4},
		{9, 0, 4},
		{UINT32_MAX, 0, 4},
		{0x80000000, 0, 4},
	};
	struct fixture *f = *state;
	struct client *c = &f->client;
	static uint8_t m[16 + BAR0_SIZE + 1];
	size_t i;

	for (i = 0; i < COUNT(bad); i++) {
		const struct rvl_vfio_user_access a = {bad[i].offset, bad[i].region, bad[i].count};

		memcpy(m, &a, sizeof(a));
		assert_int_equal(client_call(c, RVL_VFIO_USER_REGION_READ, m, sizeof(a), NULL, 0),
				 -EINVAL);
		assert_int_equal(
			client_call(c, RVL_VFIO_USER_REGION_WRITE, m, sizeof(a) + a.count, NULL, 0),
			-EINVAL);
	}
	assert_int_equal(f->dev.reads + f->dev.writes, 0);
}

static void reads_of_the_wrong_length_are_refused(void **state)
{
	struct fixture *f = *state;

	refuses_lengths(&f->client, RVL_VFIO_USER_REGION_READ, sizeof(struct rvl_vfio_user_access));
}

static void a_write_whose_length_and_count_differ_is_refused(void **state)
{
	static const uint32_t counts[] = {0, 1, 8, 47, 48, UINT32_MAX, UINT32_MAX - 15};
	struct {
		struct rvl_vfio_user_access a;
		uint8_t data[48];
	} m = {.a = {.offset = 0}};
	struct fixture *f = *state;
	unsigned right = 0;
	size_t i, len;

	for (i = 0; i < COUNT(counts); i++) {
		m.a.count = counts[i];
		for (len = 0; len <= sizeof(m); len++) {
			bool fits = len > sizeof(m.a) && len - sizeof(m.a) == counts[i];

			right += fits;
			assert_int_equal(client_call(&f->client, RVL_VFIO_USER_REGION_WRITE, &m,
						     len, NULL, 0),
					 fits ? 0 : -EINVAL);
		}
	}
	assert_int_equal(right, 4);
	assert_int_equal(f->dev.writes, right);
}

static void posted_writes_are_not_answered_and_stay_in_order(void **state)
{
	struct fixture *f = *state;
	struct client *c = &f->client;
	uint32_t v, i;

	for (i = 0; i < 32; i++)
		assert_int_equal(client_post(c, 0, 4 * ((i * 11) % 32), &i, 4), 0);
	/* Refused, and not answered either. */
	assert_int_equal(client_post(c, 0, BAR0_SIZE, &i, 4), 0);
	assert_true(client_hears_nothing(c));
	assert_int_equal(f->dev.writes, 32);
	for (i = 0; i < 32; i++)
		assert_int_equal(f->dev.last_write[i], 4 * ((i * 11) % 32));
	assert_int_equal(client_read(c, 0, 4 * 11, &v, 4), 0);
	assert_int_equal(v, 1);
}

/*
 * All sent before the server looks: reads and writes, posted or not, are done in the order in which
 * they came, and answered in that order.
 */
static void pipelined_accesses_are_done_in_order(void **state)
{
	struct fixture *f = *state;
	struct client *c = &f->client;
	struct rvl_vfio_user_access a = {.offset = 8, .region = 0, .count = 4};
	int ids[2 * 20];
	uint32_t i, v;

	c->pump = NULL;
	for (i = 0; i < 20; i++) {
		struct {
			struct rvl_vfio_user_access a;
			uint32_t v;
		} w = {a, i};

		ids[2 * i] =
			client_send(c, RVL_VFIO_USER_REGION_WRITE,
				    i % 2 ? RVL_VFIO_USER_NO_REPLY : 0, &w, sizeof(a) + 4, NULL, 0);
		ids[2 * i + 1] =
			client_send(c, RVL_VFIO_USER_REGION_READ, 0, &a, sizeof(a), NULL, 0);
	}
	c->pump = conformance_work;
	for (i = 0; i < 20; i++) {
		if (i % 2 == 0)
			assert_int_equal(client_receive(c, ids[2 * i], RVL_VFIO_USER_REGION_WRITE),
					 0);
		assert_int_equal(client_receive(c, ids[2 * i + 1], RVL_VFIO_USER_REGION_READ), 0);
		memcpy(&v, c->reply + sizeof(a), 4);
		assert_int_equal(v, i);
	}
	assert_true(client_hears_nothing(c));
}

struct multi {
	uint64_t count;
	struct rvl_vfio_user_write_one one[3];
};

static const struct multi three = {
	.count = 3,
	.one = {{.offset = 0, .region = 0, .count = 8, .data = {1, 2, 3, 4, 5, 6, 7, 8}},
		{.offset = 8, .region = 0, .count = 1, .data = {9, 99, 99}},
		{.offset = 12, .region = 2, .count = 4, .data = {10, 11, 12, 13}}}};

static void several_writes_in_one_message_are_done_in_order(void **state)
{
	struct fixture *f = *state;
	struct client *c = &f->client;
	struct multi m = three;
	uint64_t done;

	assert_int_equal(client_call(c, RVL_VFIO_USER_WRITE_MULTI, &m, sizeof(m), NULL, 0), 0);
	assert_int_equal(c->reply_size, sizeof(done));
	memcpy(&done, c->reply, sizeof(done));
	assert_int_equal(done, 3);
	assert_memory_equal(f->dev.region[0], "\1\2\3\4\5\6\7\10\11\0\0", 11);
	assert_memory_equal(f->dev.region[2] + 12, "\12\13\14\15", 4);
	assert_int_equal(f->dev.last_write[0], 0);
	assert_int_equal(f->dev.last_write[1], 8);
	assert_int_equal(f->dev.last_write[2], 12);
	/* Posted, as QEMU sends them. */
	m.one[2].data[0] = 77;
	assert_true(client_send(c, RVL_VFIO_USER_WRITE_MULTI, RVL_VFIO_USER_NO_REPLY, &m, sizeof(m),
				NULL, 0) >= 0);
	assert_true(client_hears_nothing(c));
	assert_int_equal(f->dev.region[2][12], 77);
	/* None at all. */
	m.count = 0;
	assert_int_equal(client_call(c, RVL_VFIO_USER_WRITE_MULTI, &m, 8, NULL, 0), 0);
	assert_int_equal(f->dev.writes, 6);
}

static void several_writes_with_one_that_is_wrong_are_not_done(void **state)
{
	struct fixture *f = *state;
	struct client *c = &f->client;
	struct multi m;
	unsigned i;
	size_t len;

	for (len = 0; len < sizeof(m); len++)
		assert_int_equal(client_call(c, RVL_VFIO_USER_WRITE_MULTI, &three, len, NULL, 0),
				 -EINVAL);
	for (i = 0; i < 9; i++) {
		m = three;
		switch (i) {
		case 0:
			m.one[2].count = 9;
			break;
		case 1:
			m.one[2].count = 0;
			break;
		case 2:
			m.one[2].region = 5;
			break;
		case 3:
			m.one[2].region = UINT32_MAX;
			break;
		case 4:
			m.one[2].offset = BAR2_SIZE - 3;
			break;
		case 5:
			m.one[2].offset = UINT64_MAX;
			break;
		case 6:
			m.count = 2;
			break;
		case 7:
			m.count = 3 + (1ULL << 61); /* times 24 is as for 3 */
			break;
		default:
			m.count = UINT64_MAX;
			break;
		}
		assert_int_equal(client_call(c, RVL_VFIO_USER_WRITE_MULTI, &m, sizeof(m), NULL, 0),
				 -EINVAL);
	}
	assert_int_equal(f->dev.writes, 0);
}

/*
 * A count whose product with the size of a write wraps to the right length. What lies behind the
 * message in the server's buffer are good writes of the message before it, to the buffer's end.
 */
static void a_count_of_writes_that_wraps_is_refused(void **state)
{
	static uint8_t full[MAX_DATA + 4096 - sizeof(struct rvl_vfio_user_hdr)];
	const uint64_t many = (sizeof(full) - 8) / sizeof(three.one[0]);
	struct fixture *f = *state;
	struct client *c = &f->client;
	struct multi m = three;
	uint64_t i;

	memcpy(full, &many, 8);
	for (i = 0; i < many; i++)
		memcpy(full + 8 + i * sizeof(m.one[0]), &three.one[0], sizeof(m.one[0]));
	assert_int_equal(client_call(c, RVL_VFIO_USER_WRITE_MULTI, full,
				     8 + many * sizeof(m.one[0]), NULL, 0),
			 0);
	assert_int_equal(f->dev.writes, many);
	m.count = 3 + (1ULL << 61);
	assert_int_equal(client_call(c, RVL_VFIO_USER_WRITE_MULTI, &m, sizeof(m), NULL, 0),
			 -EINVAL);
	assert_int_equal(f->dev.writes, many);
}

int region_tests(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_size_at_every_offset_of_every_region_is_read),
		TEST(every_size_at_every_offset_of_every_region_is_written),
		TEST(replies_name_the_access),
		TEST(as_much_as_was_promised_goes_into_one_message_and_no_more),
		TEST(an_access_that_leaves_its_region_is_refused),
		TEST(reads_of_the_wrong_length_are_refused),
		TEST(a_write_whose_length_and_count_differ_is_refused),
		TEST(posted_writes_are_not_answered_and_stay_in_order),
		TEST(pipelined_accesses_are_done_in_order),
		TEST(several_writes_in_one_message_are_done_in_order),
		TEST(several_writes_with_one_that_is_wrong_are_not_done),
		TEST(a_count_of_writes_that_wraps_is_refused),
	};

	return cmocka_run_group_tests_name("REGION_READ, REGION_WRITE", tests, NULL, NULL);
}
