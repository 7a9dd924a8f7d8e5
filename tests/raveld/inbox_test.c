// SPDX-License-Identifier: BSD-2-Clause
/* ESP from TCP connections, on its way to the data thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/esp/engine.h"
#include "host/raveld/inbox.h"

#define SPI 0x1234
#define LARGEST (65535 - RVL_IPV6_HEADER)

static const uint8_t station[6] = {2, 0, 0, 0, 0, 1};

static struct rvl_addr end_of(int family, uint8_t last)
{
	const uint8_t octets[16] = {0x20, 1, 0xd, 0xb8, [15] = last};

	return family == 6 ? rvl_addr_of_ipv6(octets) : rvl_addr_of_ipv4(0xc0000200u + last);
}

/* ESP of so many octets, with this number. */
static void put(struct inbox *inbox, int family, uint32_t number, size_t len)
{
	const struct rvl_addr src = end_of(family, 2), dst = end_of(family, 1);
	uint8_t *esp = calloc(1, len);

	assert_non_null(esp);
	rvl_put_be32(esp, SPI);
	rvl_put_be32(esp + 4, number);
	inbox_put(inbox, &src, &dst, esp, len);
	free(esp);
}

/* The next one is this. */
static void takes(struct inbox *inbox, int family, uint32_t number, size_t len)
{
	const struct rvl_addr src = end_of(family, 2), dst = end_of(family, 1);
	const uint8_t *octets;
	struct rvl_buf frame;
	struct rvl_ip ip;
	size_t l3;

	assert_true(inbox_next(inbox, &frame));
	octets = rvl_buf_data(&frame);
	assert_memory_equal(octets, station, sizeof(station));
	assert_int_equal(rvl_frame_parse(octets, frame.len, &ip, &l3), RVL_FRAME_IP);
	assert_true(rvl_addr_equal(&ip.src, &src) && rvl_addr_equal(&ip.dst, &dst));
	assert_int_equal(ip.protocol, RVL_IP_PROTO_ESP);
	assert_int_equal(frame.len, l3 + ip.header_len + len);
	assert_int_equal(rvl_get_be32(octets + l3 + ip.header_len), SPI);
	assert_int_equal(rvl_get_be32(octets + l3 + ip.header_len + 4), number);
}

static void what_is_put_comes_out_in_order_with_the_headers_of_a_wire(void **state)
{
	struct inbox *inbox = inbox_new(station);
	struct rvl_buf frame;

	(void)state;
	assert_non_null(inbox);
	for (uint32_t i = 0; i < 3 * INBOX_ROOM; i++) {
		const int family = i % 3 ? 4 : 6;

		put(inbox, family, i, 8 + i % 1400);
		takes(inbox, family, i, 8 + i % 1400);
	}
	assert_false(inbox_next(inbox, &frame));
	assert_int_equal(inbox_full(inbox), 0);
	inbox_free(inbox);
}

static void what_has_no_room_is_dropped_and_counted(void **state)
{
	struct inbox *inbox = inbox_new(station);
	struct rvl_buf frame;

	(void)state;
	assert_non_null(inbox);
	for (uint32_t i = 0; i < INBOX_ROOM; i++)
		put(inbox, 4, i, 64);
	assert_int_equal(inbox_full(inbox), 0);
	put(inbox, 4, INBOX_ROOM, 64);
	put(inbox, 4, INBOX_ROOM, 64);
	assert_int_equal(inbox_full(inbox), 2);
	takes(inbox, 4, 0, 64);
	put(inbox, 4, INBOX_ROOM, 64);
	assert_int_equal(inbox_full(inbox), 2);
	for (uint32_t i = 1; i <= INBOX_ROOM; i++)
		takes(inbox, 4, i, 64);
	assert_false(inbox_next(inbox, &frame));
	/* What waits when it ends goes with it. */
	put(inbox, 4, 0, 64);
	inbox_free(inbox);
}

static void what_is_no_packet_for_its_length_is_dropped_and_counted(void **state)
{
	struct inbox *inbox = inbox_new(station);
	struct rvl_buf frame;

	(void)state;
	assert_non_null(inbox);
	put(inbox, 6, 1, LARGEST + 1);
	assert_int_equal(inbox_full(inbox), 1);
	assert_false(inbox_next(inbox, &frame));
	put(inbox, 4, 2, LARGEST);
	put(inbox, 6, 3, LARGEST);
	takes(inbox, 4, 2, LARGEST);
	takes(inbox, 6, 3, LARGEST);
	assert_int_equal(inbox_full(inbox), 1);
	inbox_free(inbox);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_comes_out_in_order_with_the_headers_of_a_wire),
		cmocka_unit_test(what_has_no_room_is_dropped_and_counted),
		cmocka_unit_test(what_is_no_packet_for_its_length_is_dropped_and_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
