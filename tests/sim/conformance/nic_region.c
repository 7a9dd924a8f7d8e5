/* SPDX-License-Identifier: BSD-2-Clause */
/* Accesses of every size and alignment, down to the NIC's registers and its configuration space. */
#include "tests/sim/conformance/nic.h"

static const struct {
	uint32_t region, offset, size;
} read_only[] = {
	{0, RVL_REG_ID, 32},
	{2, 0, 5 * 16},
	{2, RVL_MSIX_PBA_OFFSET, 8},
	{RVL_VFIO_REGION_CONFIG, 0, 64},
};

/* What is read in one go, in DWs and in octets at any alignment is the same. */
static void every_size_and_alignment_reads_the_same(void **state)
{
	struct nic *n = *state;
	size_t i;

	for (i = 0; i < COUNT(read_only); i++) {
		uint32_t region = read_only[i].region, from = read_only[i].offset;
		uint8_t whole[128], part[16];
		uint32_t at, size;

		assert_int_equal(client_read(&n->client, region, from, whole, read_only[i].size),
				 0);
		for (size = 1; size <= 16; size++) {
			for (at = 0; at + size <= read_only[i].size;
			     at += size < 3 ? 1 : size - 1) {
				assert_int_equal(
					client_read(&n->client, region, from + at, part, size), 0);
				assert_memory_equal(part, whole + at, size);
			}
		}
	}
	assert_int_equal(n->complaints, 0);
}

/* Octets, words and quadwords put together what one DW access shows, and touch nothing beside. */
static void every_size_and_alignment_writes_its_octets_alone(void **state)
{
	static const struct {
		uint32_t region, offset;
	} places[] = {
		{0, RVL_REG_CMD_BASE_LO}, /* and HI */
		{2, RVL_MSIX_TABLE_OFFSET + 2 * 16},
		{RVL_VFIO_REGION_CONFIG, 0x10}, /* a BAR's address */
	};
	struct nic *n = *state;
	size_t i;

	for (i = 0; i < COUNT(places); i++) {
		uint8_t ones[8], bits[8], expected[8], got[8];
		uint32_t at, size;
		unsigned j;

		/* Which bits can be written at all. */
		memset(ones, 0xff, sizeof(ones));
		assert_int_equal(
			client_write(&n->client, places[i].region, places[i].offset, ones, 8), 0);
		assert_int_equal(
			client_read(&n->client, places[i].region, places[i].offset, bits, 8), 0);
		assert_memory_not_equal(bits, "\0\0\0\0\0\0\0\0", 8);
		memcpy(expected, bits, 8);
		for (size = 1; size <= 8; size++) {
			for (at = 0; at + size <= 8; at++) {
				uint8_t data[8];

				for (j = 0; j < size; j++) {
					data[j] = (uint8_t)(at * 37 + size * 11 + j * 3);
					expected[at + j] =
						(uint8_t)((expected[at + j] & ~bits[at + j]) |
							  (data[j] & bits[at + j]));
				}
				assert_int_equal(client_write(&n->client, places[i].region,
							      places[i].offset + at, data, size),
						 0);
				assert_int_equal(client_read(&n->client, places[i].region,
							     places[i].offset, got, 8),
						 0);
				if (places[i].region == RVL_VFIO_REGION_CONFIG)
					got[0] = expected[0] = 0; /* the BAR's kind, read-only */
				assert_memory_equal(got, expected, 8);
			}
		}
	}
	assert_int_equal(n->complaints, 0);
}

/* A read that the NIC does not answer: ones and no error, as on a host. A write is lost. */
static void reads_give_ones_while_memory_space_is_off(void **state)
{
	const uint64_t before = 0x0123456789abcde0ULL, lost = 0xfedcba9876543210ULL;
	struct nic *n = *state;
	uint64_t v;

	assert_int_equal(client_write(&n->client, 0, RVL_REG_CMD_BASE_LO, &before, 8), 0);
	assert_int_equal(client_write(&n->client, 2, RVL_MSIX_TABLE_OFFSET, &before, 8), 0);
	nic_set_config(n, 0x04, 0);
	assert_int_equal(nic_reg(n, RVL_REG_ID), UINT32_MAX);
	assert_int_equal(client_read(&n->client, 2, RVL_MSIX_TABLE_OFFSET, &v, 8), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(client_write(&n->client, 0, RVL_REG_CMD_BASE_LO, &lost, 8), 0);
	assert_int_equal(client_write(&n->client, 2, RVL_MSIX_TABLE_OFFSET, &lost, 8), 0);
	nic_set_config(n, 0x04, 2);
	assert_int_equal(nic_reg(n, RVL_REG_ID), RVL_MAGIC);
	assert_int_equal(nic_reg(n, RVL_REG_CMD_BASE_HI), before >> 32);
	assert_int_equal(client_read(&n->client, 2, RVL_MSIX_TABLE_OFFSET, &v, 8), 0);
	assert_true(v == before);
}

static void posted_writes_arrive_before_the_read_behind_them(void **state)
{
	struct nic *n = *state;
	uint32_t i, v;

	for (i = 1; i < 100; i++) {
		v = i << 12;
		assert_int_equal(client_post(&n->client, 0, RVL_REG_CMD_BASE_LO, &v, 4), 0);
		assert_int_equal(nic_reg(n, RVL_REG_CMD_BASE_LO), v);
	}
}

int nic_region_tests(void)
{
	const struct CMUnitTest tests[] = {
		NIC_TEST(every_size_and_alignment_reads_the_same),
		NIC_TEST(every_size_and_alignment_writes_its_octets_alone),
		NIC_TEST(reads_give_ones_while_memory_space_is_off),
		NIC_TEST(posted_writes_arrive_before_the_read_behind_them),
	};

	return cmocka_run_group_tests_name("the NIC's regions", tests, NULL, NULL);
}
