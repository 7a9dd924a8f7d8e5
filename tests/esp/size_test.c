// SPDX-License-Identifier: BSD-2-Clause
// What fits into an SA, of every algorithm, mode and family, against what encapsulation makes of
// it; and segment sizes that follow from it.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/esp/mss.h"
#include "host/esp/size.h"
#include "host/esp/suite.h"
#include "tests/esp/packet.h"

/* The largest packet, and one octet more, through encapsulation. */
static void assert_fits(const struct rvl_sa_params *params, size_t outer)
{
	static struct packet pkt;
	static uint8_t inner[65536];
	struct rvl_esp_sa *sa = packet_sa(params);
	size_t fits = rvl_sa_fits(params, outer, RVL_IP_HEADER);

	assert_true(fits > RVL_IP_HEADER);
	packet_inner(inner, fits - RVL_IP_HEADER, 0, true);
	packet_place(&pkt, inner, fits);
	assert_int_equal(rvl_esp_encap_within(sa, &pkt.buf, outer), 0);
	assert_true(pkt.buf.len <= outer);
	packet_inner(inner, fits + 1 - RVL_IP_HEADER, 0, true);
	packet_place(&pkt, inner, fits + 1);
	assert_int_equal(rvl_esp_encap_within(sa, &pkt.buf, outer), -EMSGSIZE);
	rvl_esp_sa_free(sa);
}

static void in_all_ways(struct rvl_sa_params *params)
{
	static const struct rvl_addr ipv6[2] = {{6, {0xfd, [15] = 1}}, {6, {0xfd, [15] = 2}}};
	const struct rvl_addr ipv4[2] = {params->src, params->dst};

	for (unsigned int way = 0; way < 8; way++) {
		params->mode = way & 1 ? RVL_TRANSPORT : RVL_TUNNEL;
		params->encap = way & 2 && params->protocol == RVL_PROTOCOL_ESP;
		params->src_port = params->dst_port = params->encap ? 4500 : 0;
		if (way & 4 && params->mode == RVL_TRANSPORT)
			continue;
		params->src = way & 4 ? ipv6[0] : ipv4[0];
		params->dst = way & 4 ? ipv6[1] : ipv4[1];
		for (size_t outer = 576; outer < 600; outer++)
			assert_fits(params, outer);
		assert_fits(params, 1500);
		assert_fits(params, 9000);
	}
	params->src = ipv4[0];
	params->dst = ipv4[1];
}

static void what_fits_is_what_encapsulation_takes(void **state)
{
	unsigned int suites = 0;

	(void)state;
	for (size_t e = 0; e < rvl_encr_count + 1; e++) {
		for (size_t i = 0; i < rvl_integ_count + 1; i++) {
			const struct rvl_encr *encr =
				e < rvl_encr_count ? &rvl_encr_table[e] : NULL;
			const struct rvl_integ *integ =
				i < rvl_integ_count ? &rvl_integ_table[i] : NULL;
			struct rvl_sa_params params = packet_params(RVL_OUTBOUND);
			struct rvl_suite suite;

			params.protocol = encr ? RVL_PROTOCOL_ESP : RVL_PROTOCOL_AH;
			params.encr = encr ? encr->id : IKE_ENCR_NONE;
			params.encr_key_len = encr ? encr->key : 0;
			params.integ = integ ? integ->id : IKE_INTEG_NONE;
			params.integ_key_len = integ ? integ->key : 0;
			if (!rvl_suite_of(&params, &suite))
				continue;
			suites++;
			in_all_ways(&params);
		}
	}
	assert_true(suites > 20);
}

static void nothing_fits_into_too_little(void **state)
{
	struct rvl_sa_params params = packet_params(RVL_OUTBOUND);

	(void)state;
	assert_int_equal(rvl_sa_fits(&params, 0, RVL_IP_HEADER), 0);
	assert_int_equal(rvl_sa_fits(&params, 55, RVL_IP_HEADER), 0);
	assert_int_equal(rvl_sa_fits(&params, 1500, RVL_IP_HEADER), 1446);
	params.encr_key_len = 17;
	assert_int_equal(rvl_sa_fits(&params, 1500, RVL_IP_HEADER), 0);
}

/* ------------------------------------------------------------------------------- segment sizes */

static uint16_t tcp_sum(const uint8_t *p, size_t len)
{
	size_t header = p[0] >> 4 == 4 ? 20 : 40, addresses = p[0] >> 4 == 4 ? 12 : 8;
	uint32_t sum = (uint32_t)(len - header) + RVL_IP_PROTO_TCP;

	for (size_t i = addresses; i < header; i++)
		sum += (uint32_t)p[i] << (i % 2 ? 0 : 8);
	for (size_t i = header; i < len; i++)
		sum += (uint32_t)p[i] << ((i - header) % 2 ? 0 : 8);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* A segment with these options, in all a multiple of 4 octets; its length. */
static size_t make_segment(uint8_t *p, int family, uint8_t flags, const uint8_t *options,
			   size_t count)
{
	size_t header = family == 4 ? 20 : 40, len = header + 20 + count;
	uint8_t *tcp = p + header;

	memset(p, 0, len);
	if (family == 4) {
		p[0] = 0x45;
		rvl_put_be16(p + 2, (uint16_t)len);
		p[9] = RVL_IP_PROTO_TCP;
	} else {
		p[0] = 0x60;
		rvl_put_be16(p + 4, (uint16_t)(len - header));
		p[6] = RVL_IP_PROTO_TCP;
	}
	p[header - 1] = 9; /* of the destination */
	tcp[12] = (uint8_t)((20 + count) / 4 << 4);
	tcp[13] = flags;
	memcpy(tcp + 20, options, count);
	rvl_put_be16(tcp + 16, tcp_sum(p, len));
	return len;
}

static void sizes_are_lowered(void **state)
{
	static const uint8_t plain[] = {2, 4, 0x05, 0xb4}, odd[] = {1, 2, 4, 0x05, 0xb4, 1, 1, 0},
			     late[] = {4, 2, 3, 3, 7, 8, 10, 0,	   0,	 0,
				       0, 0, 0, 0, 0, 2, 4,  0x05, 0xb4, 1};
	static const struct {
		const uint8_t *options;
		size_t count, at;
	} cases[] = {{plain, sizeof(plain), 2}, {odd, sizeof(odd), 3}, {late, sizeof(late), 17}};
	uint8_t p[128];

	(void)state;
	for (int family = 4; family <= 6; family += 2) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			size_t header = family == 4 ? 20 : 40;
			size_t len = make_segment(p, family, 2, cases[i].options, cases[i].count);

			assert_true(rvl_mss_is_syn(p, len));
			assert_false(rvl_mss_clamp(p, len, 1460 + header + 20));
			assert_true(rvl_mss_clamp(p, len, 1400));
			assert_int_equal(rvl_get_be16(p + header + 20 + cases[i].at),
					 1400 - header - 20);
			assert_int_equal(tcp_sum(p, len), 0);
			assert_false(rvl_mss_clamp(p, len, 1400));
			assert_true(rvl_mss_clamp(p, len, 0));
			assert_int_equal(tcp_sum(p, len), 0);
		}
	}
}

static void what_tells_no_size_stays(void **state)
{
	static const uint8_t none[] = {1, 1, 1, 0}, past[] = {0, 2, 4, 0xff}, cut[] = {1, 1, 2, 4},
			     empty[] = {3, 0, 2, 4, 5, 0xb4, 0, 0}, odd[] = {2, 3, 0xff, 0};
	static const struct {
		const uint8_t *options;
		size_t count;
	} cases[] = {{none, sizeof(none)},
		     {past, sizeof(past)},
		     {cut, sizeof(cut)},
		     {empty, sizeof(empty)},
		     {odd, sizeof(odd)}};
	static const uint8_t plain[] = {2, 4, 0x05, 0xb4};
	uint8_t p[128], before[128];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		len = make_segment(p, 4, 2, cases[i].options, cases[i].count);
		memcpy(before, p, len);
		assert_false(rvl_mss_clamp(p, len, 576));
		assert_memory_equal(p, before, len);
	}
	len = make_segment(p, 4, 0x10, plain, sizeof(plain));
	assert_false(rvl_mss_is_syn(p, len));
	len = make_segment(p, 4, 2, plain, sizeof(plain));
	p[6] = RVL_IP_MF >> 8;
	assert_false(rvl_mss_is_syn(p, len));
	len = make_segment(p, 4, 2, plain, sizeof(plain));
	p[20 + 12] = 15 << 4; /* a header that isn't all there */
	assert_false(rvl_mss_clamp(p, len, 576));
	for (size_t less = 0; less < 40; less++)
		assert_false(rvl_mss_is_syn(p, less));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits_is_what_encapsulation_takes),
		cmocka_unit_test(nothing_fits_into_too_little),
		cmocka_unit_test(sizes_are_lowered),
		cmocka_unit_test(what_tells_no_size_stays),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("size", tests, NULL, NULL);
}
