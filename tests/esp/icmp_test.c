// SPDX-License-Identifier: BSD-2-Clause
// "Packet too big" of both families: what is said of which packet, and what is believed.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/esp/icmp.h"
#include "host/esp/ip.h"

#define PACKET 1500

static void make_ipv4(uint8_t p[PACKET], uint8_t protocol)
{
	memset(p, 0x5a, PACKET);
	memset(p, 0, RVL_IP_HEADER);
	p[0] = 0x45;
	rvl_put_be16(p + 2, PACKET);
	p[6] = RVL_IP_DF >> 8;
	p[8] = 64;
	p[9] = protocol;
	rvl_put_be32(p + 12, 0x0a010001);
	rvl_put_be32(p + 16, 0x0a020001);
	rvl_put_be16(p + 10, rvl_ip_checksum(p, RVL_IP_HEADER));
}

static void make_ipv6(uint8_t p[PACKET], uint8_t next_header)
{
	memset(p, 0x5a, PACKET);
	memset(p, 0, RVL_IPV6_HEADER);
	p[0] = 6 << 4;
	rvl_put_be16(p + 4, PACKET - RVL_IPV6_HEADER);
	p[6] = next_header;
	p[8] = p[24] = 0xfd;
	p[23] = 1;
	p[39] = 2;
}

static void a_sender_is_told(void **state)
{
	uint8_t packet[PACKET], out[RVL_ICMP_TOO_BIG_MAX];
	struct rvl_icmp_told told;
	size_t len;

	(void)state;
	make_ipv4(packet, RVL_IP_PROTO_TCP);
	len = rvl_icmp_too_big(out, packet, PACKET, 1300);
	/* RFC 1812, section 4.3.2.3: as much as fits into 576 octets. */
	assert_int_equal(len, 576);
	assert_int_equal(rvl_ip_checksum(out, RVL_IP_HEADER), 0);
	assert_int_equal(rvl_ip_checksum(out + RVL_IP_HEADER, len - RVL_IP_HEADER), 0);
	assert_int_equal(rvl_get_be32(out + 12), 0x0a020001);
	assert_int_equal(rvl_get_be32(out + 16), 0x0a010001);
	assert_int_equal(rvl_get_be32(out + 20) >> 16, 3 << 8 | 4);
	assert_int_equal(rvl_get_be32(out + 24), 1300);
	assert_memory_equal(out + 28, packet, 548);
	assert_true(rvl_icmp_is_too_big(out, len, &told));
	assert_int_equal(told.mtu, 1300);
	assert_int_equal(told.quoted_len, 548);

	make_ipv6(packet, RVL_IP_PROTO_TCP);
	len = rvl_icmp_too_big(out, packet, PACKET, 1320);
	assert_int_equal(len, 1280);
	assert_int_equal(out[6], 58);
	assert_memory_equal(out + 8, packet + 24, 16);
	assert_memory_equal(out + 24, packet + 8, 16);
	assert_int_equal(rvl_get_be16(out + 40), 2 << 8);
	assert_int_equal(rvl_get_be32(out + 44), 1320);
	assert_memory_equal(out + 48, packet, 1280 - 48);
	assert_true(rvl_icmp_is_too_big(out, len, &told));
	assert_int_equal(told.mtu, 1320);
	assert_ptr_equal(told.quoted, out + 48);
}

/* Of a quote of an odd length. */
static void checksums_are_as_computed_by_hand(void **state)
{
	uint8_t packet[PACKET], out[RVL_ICMP_TOO_BIG_MAX];
	uint32_t sum = 0;
	size_t len;

	(void)state;
	make_ipv6(packet, RVL_IP_PROTO_UDP);
	rvl_put_be16(packet + 4, 3); /* an odd length */
	len = rvl_icmp_too_big(out, packet, PACKET, 1400);
	assert_int_equal(len, 40 + 8 + 43);
	for (size_t i = 0; i < 32; i++)
		sum += (uint32_t)out[8 + i] << (i % 2 ? 0 : 8);
	sum += 51 + 58;
	for (size_t i = 0; i < 51; i++)
		sum += (uint32_t)out[40 + i] << (i % 2 ? 0 : 8);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	assert_int_equal(sum, 0xffff);
}

static size_t told_of_ipv4(uint8_t protocol, size_t at, uint8_t value)
{
	uint8_t packet[PACKET], out[RVL_ICMP_TOO_BIG_MAX];

	make_ipv4(packet, protocol);
	packet[at] = value;
	return rvl_icmp_too_big(out, packet, PACKET, 1300);
}

static size_t told_of_ipv6(uint8_t next_header, size_t at, uint8_t value)
{
	uint8_t packet[PACKET], out[RVL_ICMP_TOO_BIG_MAX];

	make_ipv6(packet, next_header);
	packet[at] = value;
	return rvl_icmp_too_big(out, packet, PACKET, 1300);
}

static void nobody_is_told_where_nobody_may_be(void **state)
{
	uint8_t out[RVL_ICMP_TOO_BIG_MAX], packet[PACKET];

	(void)state;
	assert_int_not_equal(told_of_ipv4(RVL_IP_PROTO_ICMP, 20, 8), 0);
	assert_int_equal(told_of_ipv4(RVL_IP_PROTO_ICMP, 20, 3), 0);
	assert_int_equal(told_of_ipv4(RVL_IP_PROTO_UDP, 7, 1), 0); /* a later fragment */
	assert_int_equal(told_of_ipv4(RVL_IP_PROTO_UDP, 16, 224), 0);
	assert_int_equal(told_of_ipv4(RVL_IP_PROTO_UDP, 16, 255), 0);
	assert_int_equal(told_of_ipv4(RVL_IP_PROTO_UDP, 12, 127), 0);
	assert_int_equal(told_of_ipv4(RVL_IP_PROTO_UDP, 0, 0x55), 0);
	assert_int_equal(told_of_ipv4(RVL_IP_PROTO_UDP, 2, 0xff), 0); /* not all there */
	assert_int_not_equal(told_of_ipv6(58, 40, 128), 0);
	assert_int_equal(told_of_ipv6(58, 40, 1), 0);
	assert_int_equal(told_of_ipv6(RVL_IP_PROTO_UDP, 24, 0xff), 0);
	assert_int_equal(told_of_ipv6(RVL_IP_PROTO_UDP, 8, 0xff), 0);
	assert_int_equal(told_of_ipv6(RVL_IP_PROTO_UDP, 4, 0xff), 0);
	assert_int_equal(told_of_ipv6(44, 43, 8), 0);
	assert_int_equal(rvl_icmp_too_big(out, packet, 0, 1300), 0);
	/* An error behind another header. */
	make_ipv6(packet, 60);
	memcpy(packet + 40, (uint8_t[]){58, 0, 1, 4, 0, 0, 0, 0, 1}, 9);
	assert_int_equal(rvl_icmp_too_big(out, packet, PACKET, 1300), 0);
	packet[48] = 128;
	assert_int_not_equal(rvl_icmp_too_big(out, packet, PACKET, 1300), 0);
}

static void only_what_holds_together_is_believed(void **state)
{
	uint8_t packet[PACKET], good[RVL_ICMP_TOO_BIG_MAX];
	struct rvl_icmp_told told;

	(void)state;
	for (int family = 4; family <= 6; family += 2) {
		size_t len, header = family == 4 ? 20 : 40;

		if (family == 4)
			make_ipv4(packet, RVL_IP_PROTO_UDP);
		else
			make_ipv6(packet, RVL_IP_PROTO_UDP);
		len = rvl_icmp_too_big(good, packet, PACKET, 1300);
		/* No octet of the message may be another one, and none be missing. */
		for (size_t at = header; at < len; at++) {
			good[at] ^= 1;
			assert_false(rvl_icmp_is_too_big(good, len, &told));
			good[at] ^= 1;
		}
		for (size_t less = 0; less < len; less++)
			assert_false(rvl_icmp_is_too_big(good, less, &told));
		assert_true(rvl_icmp_is_too_big(good, len, &told));
	}
}

/* RFC 1191, section 7.1. */
static void plateaus(void **state)
{
	(void)state;
	assert_int_equal(rvl_icmp_plateau_below(9000), 8166);
	assert_int_equal(rvl_icmp_plateau_below(1500), 1492);
	assert_int_equal(rvl_icmp_plateau_below(1492), 1006);
	assert_int_equal(rvl_icmp_plateau_below(100), 296);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sender_is_told),
		cmocka_unit_test(checksums_are_as_computed_by_hand),
		cmocka_unit_test(nobody_is_told_where_nobody_may_be),
		cmocka_unit_test(only_what_holds_together_is_believed),
		cmocka_unit_test(plateaus),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("icmp", tests, NULL, NULL);
}
