/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration space bit by bit, and as lspci decodes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "driver/core/rvl_regs.h"
#include "sim/config_space.h"

static struct rvl_config_space cs;

static uint32_t get(uint32_t offset)
{
	uint32_t v;

	rvl_config_space_read(&cs, offset, &v, sizeof(v));
	return v;
}

static bool put(uint32_t offset, uint32_t v)
{
	return rvl_config_space_write(&cs, offset, &v, sizeof(v));
}

static int setup(void **state)
{
	(void)state;
	rvl_config_space_init(&cs, 5);
	return 0;
}

static void identity_is_the_register_maps(void **state)
{
	(void)state;
	assert_int_equal(get(0x00), RVL_DEVICE_ID << 16 | RVL_VENDOR_ID);
	assert_int_equal(get(0x08), RVL_CLASS_CODE << 8 | RVL_REVISION);
	assert_int_equal(get(0x2c), RVL_SUBSYSTEM_ID << 16 | RVL_SUBSYSTEM_VENDOR_ID);
	assert_int_equal(get(0x0c) >> 16 & 0xff, 0);
	assert_int_equal(get(0x3c) >> 8 & 0xff, 0); /* no INTx */
}

static void bars_tell_their_size_when_written_with_ones(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < 6; i++)
		put(0x10 + 4 * i, ~0U);
	assert_int_equal(get(0x10), ~(RVL_BAR0_SIZE - 1) | 4);
	assert_int_equal(get(0x14), ~0U);
	assert_int_equal(get(0x18), ~(RVL_BAR2_SIZE - 1) | 4);
	assert_int_equal(get(0x1c), ~0U);
	assert_int_equal(get(0x20), 0);
	assert_int_equal(get(0x24), 0);
	put(0x30, ~0U);
	assert_int_equal(get(0x30), 0); /* no expansion ROM */
	put(0x10, 0x12345678);
	put(0x14, 0x9a);
	assert_int_equal(rvl_config_space_bar(&cs, 0), 0x9a12340000ULL);
}

static void only_the_bits_that_the_specification_names_are_writable(void **state)
{
	static const struct {
		uint32_t offset, writable;
	} expected[] = {
		{0x04, 0x00000546},  {0x0c, 0x000000ff},  {0x10, 0xffff0000},  {0x14, 0xffffffff},
		{0x18, 0xffffe000},  {0x1c, 0xffffffff},  {0x3c, 0x000000ff},  {0x44, 0x00000003},
		{0x50, 0xc0000000},  {0x68, 0x000079ff},  {0x70, 0x000000cb},  {0x90, 0x0000000f},
		{0x108, 0x0057f030}, {0x10c, 0x0057f030}, {0x114, 0x0000f1c1},
	};
	uint32_t offset, i;

	(void)state;
	for (offset = 0; offset < RVL_CONFIG_SPACE_SIZE; offset += 4) {
		uint32_t before = get(offset), set, want = 0;

		for (i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
			if (expected[i].offset == offset)
				want = expected[i].writable;
		put(offset, ~0U);
		set = get(offset);
		put(offset, 0);
		if ((set ^ get(offset)) != want || (before & ~want) != (set & ~want)) {
			print_message("offset %#x: writable %#x, not %#x\n", offset,
				      set ^ get(offset), want);
			fail();
		}
	}
}

static void status_bits_are_cleared_by_writing_one(void **state)
{
	const uint32_t hdr[4] = {0x20000001, 0x0000000f, 0, 0x1234};
	const uint32_t later[4] = {0x60000001, 0, 0, 0};

	(void)state;
	rvl_config_space_log(&cs, RVL_AER_UNSUPPORTED_REQUEST, hdr);
	rvl_config_space_log(&cs, RVL_AER_COMPLETER_ABORT, later);
	assert_int_equal(get(0x104), RVL_AER_UNSUPPORTED_REQUEST | RVL_AER_COMPLETER_ABORT);
	assert_int_equal(get(0x110), 0x2000);
	assert_int_equal(get(0x118) & 0x1f, 20);
	assert_int_equal(get(0x11c), hdr[0]); /* the first one's header stays */
	assert_int_equal(get(0x128), hdr[3]);
	assert_int_equal(get(0x68) >> 16, 0x0009);
	put(0x104, 0);
	assert_int_not_equal(get(0x104), 0);
	put(0x104, RVL_AER_UNSUPPORTED_REQUEST);
	put(0x110, ~0U);
	put(0x68, 0x000f2810);
	assert_int_equal(get(0x104), RVL_AER_COMPLETER_ABORT);
	assert_int_equal(get(0x110), 0);
	assert_int_equal(get(0x68), 0x00002810);
	rvl_config_space_log(&cs, RVL_AER_POISONED, later);
	assert_int_equal(get(0x118) & 0x1f, 12);
	assert_int_equal(get(0x11c), later[0]);
}

static void flr_resets_all_but_sticky_bits_payload_size_and_link(void **state)
{
	const uint32_t hdr[4] = {1, 2, 3, 4};

	(void)state;
	rvl_config_space_enumerate(&cs);
	put(0x04, 0x0406);
	put(0x50, 0xc0000000);
	put(0x70, 0x0048);
	put(0x108, 0);
	rvl_config_space_log(&cs, RVL_AER_POISONED, hdr);
	assert_false(put(0x68, 0x00005150));
	assert_true(put(0x68, 0x0000d150));
	assert_int_equal(get(0x68) & 0xffff, 0x5150); /* Initiate FLR reads 0 */
	rvl_config_space_flr(&cs);
	assert_int_equal(get(0x04) & 0xffff, 0);
	assert_int_equal(get(0x10), 4);
	assert_int_equal(get(0x50) >> 16, 4); /* off, 5 vectors */
	assert_int_equal(get(0x68) & 0xffff, 0x2850);
	assert_int_equal(get(0x70) & 0xffff, 0x0048);
	assert_int_equal(get(0x104), RVL_AER_POISONED);
	assert_int_equal(get(0x108), 0);
	assert_int_equal(get(0x128), 4);
}

static void wires_follow_the_registers(void **state)
{
	struct rvl_function_config w = {0};

	(void)state;
	rvl_config_space_wires(&cs, &w);
	assert_false(w.bus_master || w.msix_enable || w.msix_mask || w.ext_tag || w.rcb128);
	assert_int_equal(w.max_payload, 0);
	assert_int_equal(w.max_read, 2);
	put(0x04, 0x0006);
	put(0x50, 0xc0000000);
	put(0x68, 0x00005140);
	put(0x70, 0x0008);
	rvl_config_space_wires(&cs, &w);
	assert_true(w.bus_master && w.msix_enable && w.msix_mask && w.ext_tag && w.rcb128);
	assert_int_equal(w.max_payload, 2);
	assert_int_equal(w.max_read, 5);
	put(0x68, 0x000070e0); /* reserved encodings */
	rvl_config_space_wires(&cs, &w);
	assert_int_equal(w.max_payload, 5);
	assert_int_equal(w.max_read, 5);
	/* In D3hot nothing is answered and nothing sent; D1 and D2 are not there. */
	put(0x44, 3);
	rvl_config_space_wires(&cs, &w);
	assert_false(w.bus_master);
	assert_false(rvl_config_space_memory_enabled(&cs));
	put(0x44, 2);
	assert_int_equal(get(0x44) & 3, 3);
	put(0x44, 0);
	assert_true(rvl_config_space_memory_enabled(&cs));
}

static void accesses_of_any_size_and_place_are_safe(void **state)
{
	uint8_t buf[64];
	uint16_t id = 0;

	(void)state;
	rvl_config_space_read(&cs, 2, &id, 2);
	assert_int_equal(id, RVL_DEVICE_ID);
	rvl_config_space_read(&cs, RVL_CONFIG_SPACE_SIZE - 4, buf, sizeof(buf));
	assert_int_equal(buf[0], 0);
	assert_int_equal(buf[4], 0xff);
	rvl_config_space_read(&cs, UINT32_MAX - 2, buf, sizeof(buf));
	assert_int_equal(buf[63], 0xff);
	rvl_config_space_write(&cs, RVL_CONFIG_SPACE_SIZE - 4, buf, sizeof(buf));
	rvl_config_space_write(&cs, UINT32_MAX - 2, buf, sizeof(buf));
}

/* Compare what lspci prints with the text beside this test. */
static void lspci_decodes_it_without_complaint(void **state)
{
	static char got[16384], want[16384];
	char path[] = "/tmp/config_space_test.XXXXXX", command[128];
	FILE *f;
	size_t n;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	rvl_config_space_enumerate(&cs);
	f = fdopen(fd, "w");
	assert_int_equal(rvl_config_space_dump(&cs, 0x0100, f), 0);
	fclose(f);
	snprintf(command, sizeof(command), "lspci -n -vvv -F %s 2>/dev/null", path);
	f = popen(command, "r");
	assert_non_null(f);
	n = fread(got, 1, sizeof(got) - 1, f);
	assert_int_equal(pclose(f), 0);
	got[n] = '\0';
	unlink(path);
	f = fopen("tests/sim/lspci.expected", "r");
	assert_non_null(f);
	n = fread(want, 1, sizeof(want) - 1, f);
	want[n] = '\0';
	fclose(f);
	assert_null(strstr(got, "!!!"));
	assert_null(strstr(got, "??"));
	assert_null(strstr(got, "<chain"));
	assert_string_equal(got, want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(identity_is_the_register_maps, setup),
		cmocka_unit_test_setup(bars_tell_their_size_when_written_with_ones, setup),
		cmocka_unit_test_setup(only_the_bits_that_the_specification_names_are_writable,
				       setup),
		cmocka_unit_test_setup(status_bits_are_cleared_by_writing_one, setup),
		cmocka_unit_test_setup(flr_resets_all_but_sticky_bits_payload_size_and_link, setup),
		cmocka_unit_test_setup(wires_follow_the_registers, setup),
		cmocka_unit_test_setup(accesses_of_any_size_and_place_are_safe, setup),
		cmocka_unit_test_setup(lspci_decodes_it_without_complaint, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
