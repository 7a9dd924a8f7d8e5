// SPDX-License-Identifier: BSD-2-Clause
// ESP over IPv6: known answers, extension headers, fragments, the UDP checksum, and noise.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/esp/packet.h"

#define HEADER RVL_IPV6_HEADER
#define HOP_BY_HOP 0
#define ROUTING 43
#define FRAGMENT 44
#define AUTHENTICATION 51
#define DESTINATION 60

/* From 2001:db8::1 to 2001:db8::2. */
static struct rvl_sa_params params6(enum rvl_direction direction, bool encap)
{
	struct rvl_sa_params params = packet_params(direction);
	uint8_t octets[16] = {0x20, 0x01, 0x0d, 0xb8};

	octets[15] = 1;
	params.src = rvl_addr_of_ipv6(octets);
	octets[15] = 2;
	params.dst = rvl_addr_of_ipv6(octets);
	params.encap = encap;
	params.src_port = params.dst_port = encap ? RVL_ESP_PORT : 0;
	return params;
}

static struct rvl_esp_sa *sa6(enum rvl_direction direction, bool encap)
{
	const struct rvl_sa_params params = params6(direction, encap);

	return packet_sa(&params);
}

/* An ESP packet of the given sequence number. */
static void make(struct packet *pkt, uint32_t seq, size_t payload, uint8_t tos, bool encap)
{
	struct rvl_sa_params params = params6(RVL_OUTBOUND, encap);
	uint8_t inner[2048];
	struct rvl_esp_sa *sa;

	params.first_seq = seq;
	sa = packet_sa(&params);
	packet_place(pkt, inner, packet_inner(inner, payload, tos, false));
	assert_int_equal(rvl_esp_encap(sa, &pkt->buf), 0);
	rvl_esp_sa_free(sa);
}

static enum rvl_esp_find find(const struct packet *pkt)
{
	struct rvl_esp_place at;

	return rvl_esp_find(&at, &pkt->buf, RVL_ESP_PORT);
}

/* Put an extension header of 8 octets and more before what follows the IPv6 header. */
static uint8_t *extend(struct packet *pkt, uint8_t kind, size_t more)
{
	uint8_t *p = rvl_buf_data(&pkt->buf), *header = p + HEADER;

	memmove(header + 8 + more, header, pkt->buf.len - HEADER);
	memset(header, 0, 8 + more);
	header[0] = p[6];
	header[1] = (uint8_t)(more / 8);
	p[6] = kind;
	rvl_put_be16(p + 4, (uint16_t)(rvl_get_be16(p + 4) + 8 + more));
	pkt->buf.len += 8 + more;
	return header;
}

static void outbound_packets_are_the_known_answers(void **state)
{
	static const char inner[] =
		"45b90029123440003f1114d30a0100010a02000103e807d000150000000102030405060708"
		"090a0b0c";
	/* Computed with another implementation (python3-cryptography). */
	static const char *const answers[] = {
		"6b900000004c324020010db800000000000000000000000120010db8000000000000000000000002"
		"c0ffee01000000010000000000000001f516b8a77e4086b424cbb9b9716a0d8b4718995c6b881bfd"
		"a9c08d5e2eff2590effb2d196db2b0dd6c54e14f944ef4a970c3abfe1effc75bc8ee1cf4",
		"6b9000000054114020010db800000000000000000000000120010db8000000000000000000000002"
		"119411940054d28cc0ffee01000000010000000000000001f516b8a77e4086b424cbb9b9716a0d8b"
		"4718995c6b881bfda9c08d5e2eff2590effb2d196db2b0dd6c54e14f944ef4a970c3abfe1effc75b"
		"c8ee1cf4",
	};
	static struct packet pkt;

	(void)state;
	for (int encap = 0; encap < 2; encap++) {
		struct rvl_esp_sa *out = sa6(RVL_OUTBOUND, encap), *in = sa6(RVL_INBOUND, encap);

		packet_place_hex(&pkt, inner);
		assert_int_equal(rvl_esp_encap(out, &pkt.buf), 0);
		packet_assert_hex(&pkt, answers[encap]);
		assert_int_equal(packet_receive(in, &pkt), RVL_DROP_NONE);
		packet_assert_hex(&pkt, inner);
		rvl_esp_sa_free(out);
		rvl_esp_sa_free(in);
	}
}

static void every_length_comes_back_as_it_was(void **state)
{
	static uint8_t inner[65536];
	static struct packet pkt;

	(void)state;
	for (int encap = 0; encap < 2; encap++) {
		struct rvl_esp_sa *out = sa6(RVL_OUTBOUND, encap), *in = sa6(RVL_INBOUND, encap);

		for (size_t i = 0; i < 300; i++) {
			size_t extra = i <= 130 ? i : packet_random() % (65535 - 20 - 90);
			size_t len =
				packet_inner(inner, extra, (uint8_t)packet_random() & 0xfc, i & 1);

			packet_place(&pkt, inner, len);
			assert_int_equal(rvl_esp_encap(out, &pkt.buf), 0);
			assert_int_equal(rvl_get_be16(rvl_buf_data(&pkt.buf) + 4),
					 pkt.buf.len - HEADER);
			pkt.buf.len += packet_random() % 20; /* as short Ethernet frames are */
			assert_int_equal(packet_receive(in, &pkt), RVL_DROP_NONE);
			assert_int_equal(pkt.buf.len, len);
			assert_memory_equal(rvl_buf_data(&pkt.buf), inner, len);
		}
		rvl_esp_sa_free(out);
		rvl_esp_sa_free(in);
	}
}

/* Of UDP, too: its checksum sees what ESP doesn't authenticate. */
static void every_flipped_bit_is_refused(void **state)
{
	static struct packet good, pkt;

	(void)state;
	for (int encap = 0; encap < 2; encap++) {
		struct rvl_esp_sa *in = sa6(RVL_INBOUND, encap);

		make(&good, 1, 20, 0, encap);
		for (size_t bit = (size_t)HEADER * 8; bit < good.buf.len * 8; bit++) {
			packet_place(&pkt, rvl_buf_data(&good.buf), good.buf.len);
			rvl_buf_data(&pkt.buf)[bit / 8] ^= (uint8_t)(1 << bit % 8);
			if (!encap && bit / 8 < HEADER + 4)
				continue; /* another SPI finds another SA */
			assert_int_not_equal(packet_receive(in, &pkt), RVL_DROP_NONE);
		}
		assert_int_equal(rvl_esp_sa_seq(in), 0);
		assert_int_equal(rvl_esp_sa_counters(in).drops[RVL_DROP_CHECKSUM] > 100, encap);
		assert_int_equal(packet_receive(in, &good), RVL_DROP_NONE);
		rvl_esp_sa_free(in);
	}
}

static void udp_has_a_checksum_that_is_never_0(void **state)
{
	struct rvl_esp_sa *in = sa6(RVL_INBOUND, true), *out = sa6(RVL_OUTBOUND, true);
	static struct packet pkt;
	unsigned int full = 0;
	uint8_t inner[64];
	uint8_t *sum;
	size_t len = packet_inner(inner, 0, 0, false);

	(void)state;
	/* A sum of 0 goes as ffff, which means the same: that happens, and is taken. */
	for (int i = 0; i < 300000; i++) {
		packet_place(&pkt, inner, len);
		assert_int_equal(rvl_esp_encap(out, &pkt.buf), 0);
		sum = rvl_buf_data(&pkt.buf) + HEADER + 6;
		assert_int_not_equal(rvl_get_be16(sum), 0);
		if (rvl_get_be16(sum) != UINT16_MAX)
			continue;
		full++;
		/* The other form of it means that there is none. */
		rvl_put_be16(sum, 0);
		assert_int_equal(packet_receive(in, &pkt), RVL_DROP_CHECKSUM);
		rvl_put_be16(sum, UINT16_MAX);
		assert_int_equal(packet_receive(in, &pkt), RVL_DROP_NONE);
	}
	assert_int_not_equal(full, 0);
	rvl_esp_sa_free(in);
	rvl_esp_sa_free(out);
}

static void truncation_at_every_length_is_refused(void **state)
{
	static struct packet good;

	(void)state;
	for (int variant = 0; variant < 4; variant++) {
		struct rvl_esp_sa *in = sa6(RVL_INBOUND, variant & 1);

		make(&good, 1, 100, 0, variant & 1);
		if (variant & 2)
			extend(&good, DESTINATION, 16);
		for (size_t len = 0; len < good.buf.len; len++) {
			/* An exact allocation, so that the sanitizer sees an octet read beyond. */
			for (int fix = 0; fix < 2; fix++) {
				uint8_t *copy = malloc(len + 1);
				struct rvl_buf buf = {copy, len, 0, len};
				struct rvl_esp_place at;

				memcpy(copy, rvl_buf_data(&good.buf), len);
				if (fix && len >= HEADER)
					rvl_put_be16(copy + 4, (uint16_t)(len - HEADER));
				if (rvl_esp_find(&at, &buf, RVL_ESP_PORT) == RVL_ESP_FOUND)
					assert_int_not_equal(rvl_esp_decap(in, &at, &buf),
							     RVL_DROP_NONE);
				free(copy);
			}
		}
		assert_int_equal(rvl_esp_sa_counters(in).packets, 0);
		assert_int_equal(packet_receive(in, &good), RVL_DROP_NONE);
		rvl_esp_sa_free(in);
	}
}

static void esp_is_found_behind_extension_headers(void **state)
{
	static struct packet pkt;

	(void)state;
	for (int encap = 0; encap < 2; encap++) {
		struct rvl_esp_sa *in = sa6(RVL_INBOUND, encap);
		struct rvl_esp_place at;

		make(&pkt, 1, 64, 0, encap);
		extend(&pkt, DESTINATION, 24);
		extend(&pkt, ROUTING, 16);
		extend(&pkt, HOP_BY_HOP, 0);
		assert_int_equal(packet_receive(in, &pkt), RVL_DROP_NONE);
		/* On its way to elsewhere. */
		make(&pkt, 2, 64, 0, encap);
		extend(&pkt, ROUTING, 16)[3] = 1;
		assert_int_equal(find(&pkt), RVL_ESP_ABSENT);
		/* Eight of them, and no more. */
		make(&pkt, 3, 64, 0, encap);
		for (int i = 0; i < 8; i++)
			extend(&pkt, DESTINATION, 0);
		assert_int_equal(find(&pkt), RVL_ESP_FOUND);
		extend(&pkt, DESTINATION, 0);
		assert_int_equal(find(&pkt), RVL_ESP_ABSENT);
		/* One that says to be longer than the packet. */
		make(&pkt, 4, 64, 0, encap);
		extend(&pkt, DESTINATION, 0)[1] = 255;
		assert_int_equal(find(&pkt), RVL_ESP_ABSENT);
		/* What lies behind AH is found when that is verified. */
		make(&pkt, 5, 64, 0, encap);
		extend(&pkt, AUTHENTICATION, 0);
		assert_int_equal(rvl_esp_find(&at, &pkt.buf, RVL_ESP_PORT), RVL_ESP_FOUND);
		assert_int_equal(at.protocol, RVL_PROTOCOL_AH);
		rvl_esp_sa_free(in);
	}
}

static void fragments_are_told_apart(void **state)
{
	static const struct {
		bool encap;
		uint16_t field; /* offset and M */
		enum rvl_esp_find want;
	} cases[] = {
		/* RFC 8200, section 4.5: a packet that is its only fragment is whole. */
		{false, 0, RVL_ESP_FOUND},	   {false, 6, RVL_ESP_FOUND}, /* reserved bits */
		{false, 1, RVL_ESP_FRAGMENT},	   {false, 8, RVL_ESP_FRAGMENT},
		{false, 0xfff8, RVL_ESP_FRAGMENT}, {true, 0, RVL_ESP_FOUND},
		{true, 1, RVL_ESP_FRAGMENT},	   {true, 8, RVL_ESP_ABSENT}, /* no ports in it */
	};
	static struct packet pkt;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make(&pkt, 1, 64, 0, cases[i].encap);
		rvl_put_be16(extend(&pkt, FRAGMENT, 0) + 2, cases[i].field);
		assert_int_equal(find(&pkt), cases[i].want);
		extend(&pkt, HOP_BY_HOP, 8);
		assert_int_equal(find(&pkt), cases[i].want);
	}
	/* What lies in a later fragment is no header. */
	make(&pkt, 1, 64, 0, false);
	extend(&pkt, DESTINATION, 0);
	rvl_put_be16(extend(&pkt, FRAGMENT, 0) + 2, 8);
	assert_int_equal(find(&pkt), RVL_ESP_ABSENT);
}

static void what_is_not_esp_is_absent(void **state)
{
	static struct packet pkt;
	uint8_t *p;

	(void)state;
	make(&pkt, 1, 64, 0, true);
	p = rvl_buf_data(&pkt.buf);
	rvl_put_be16(p + HEADER + 2, RVL_ESP_PORT + 1);
	assert_int_equal(find(&pkt), RVL_ESP_ABSENT);
	rvl_put_be16(p + HEADER + 2, RVL_ESP_PORT);
	assert_int_equal(find(&pkt), RVL_ESP_FOUND);
	/* IKE behind its marker; a keepalive, padded. */
	rvl_put_be32(p + HEADER + 8, 0);
	assert_int_equal(find(&pkt), RVL_ESP_ABSENT);
	make(&pkt, 1, 64, 0, true);
	rvl_put_be16(rvl_buf_data(&pkt.buf) + HEADER + 4, 9);
	assert_int_equal(find(&pkt), RVL_ESP_ABSENT);
	/* TCP; versions that there aren't. */
	make(&pkt, 1, 64, 0, false);
	p = rvl_buf_data(&pkt.buf);
	p[6] = RVL_IP_PROTO_TCP;
	assert_int_equal(find(&pkt), RVL_ESP_ABSENT);
	p[6] = RVL_IP_PROTO_ESP;
	for (uint8_t version = 0; version < 16; version++) {
		p[0] = (uint8_t)(version << 4);
		if (version != 4)
			assert_int_equal(find(&pkt), version == 6 ? RVL_ESP_FOUND : RVL_ESP_ABSENT);
	}
}

/* RFC 6040 on the traffic class, as on the TOS octet; DSCP by the SA; the hop limit. */
static void outer_header_obeys_the_sa(void **state)
{
	struct rvl_sa_params params = params6(RVL_OUTBOUND, false);
	static struct packet pkt;
	uint8_t inner[64], *p;
	struct rvl_esp_sa *sa;

	(void)state;
	params.ttl = 7;
	params.fixed_dscp = true;
	params.dscp = 46;
	sa = packet_sa(&params);
	packet_place(&pkt, inner, packet_inner(inner, 9, 0x0a, true));
	assert_int_equal(rvl_esp_encap(sa, &pkt.buf), 0);
	rvl_esp_sa_free(sa);
	p = rvl_buf_data(&pkt.buf);
	assert_int_equal(rvl_get_be32(p), 0x60000000 | (46 << 2 | 2) << 20);
	assert_int_equal(p[7], 7);
	for (uint8_t outer = 0; outer < 4; outer++) {
		for (uint8_t ecn = 0; ecn < 4; ecn++) {
			struct rvl_esp_sa *in = sa6(RVL_INBOUND, false);
			int want = rvl_ecn_decap(ecn, outer);

			make(&pkt, 1, 64, 0xb8 | ecn, false);
			p = rvl_buf_data(&pkt.buf);
			assert_int_equal(rvl_get_be16(p) >> 4 & 255, 0xb8 | ecn);
			p[1] = (uint8_t)((p[1] & 0xcf) | outer << 4);
			assert_int_equal(packet_receive(in, &pkt),
					 want < 0 ? RVL_DROP_ECN : RVL_DROP_NONE);
			if (want >= 0)
				assert_int_equal(rvl_buf_data(&pkt.buf)[1], 0xb8 | want);
			rvl_esp_sa_free(in);
		}
	}
}

static void the_header_counts_for_mtu_and_room(void **state)
{
	struct rvl_sa_params params = params6(RVL_OUTBOUND, false);
	static struct packet pkt;
	uint8_t inner[256];
	size_t len = packet_inner(inner, 78, 0, false); /* 98: no padding, 40 + 16 + 100 + 16 */
	struct rvl_esp_sa *sa;

	(void)state;
	params.mtu = 171;
	sa = packet_sa(&params);
	packet_place(&pkt, inner, len);
	assert_int_equal(rvl_esp_encap(sa, &pkt.buf), -EMSGSIZE);
	rvl_esp_sa_free(sa);
	params.mtu = 172;
	sa = packet_sa(&params);
	assert_int_equal(rvl_esp_encap(sa, &pkt.buf), 0);
	assert_int_equal(pkt.buf.len, 172);
	pkt.buf = (struct rvl_buf){pkt.room, PACKET_ROOM, 55, len};
	memcpy(rvl_buf_data(&pkt.buf), inner, len);
	assert_int_equal(rvl_esp_encap(sa, &pkt.buf), -ENOBUFS);
	rvl_esp_sa_free(sa);
}

static void addresses_of_two_families_are_refused(void **state)
{
	struct rvl_sa_params params = params6(RVL_OUTBOUND, false);
	struct rvl_esp_sa *sa;

	(void)state;
	params.src = rvl_addr_of_ipv4(0xc0000201);
	assert_int_equal(rvl_esp_sa_new(&params, &sa), -EINVAL);
	params.src = params.dst = (struct rvl_addr){0};
	assert_int_equal(rvl_esp_sa_new(&params, &sa), -EINVAL);
}

/* Noise that begins as ESP over IPv6 does, in exact allocations. */
static void random_packets_never_pass(void **state)
{
	static const uint8_t kinds[] = {HOP_BY_HOP, ROUTING, FRAGMENT,	    DESTINATION,
					50,	    17,	     AUTHENTICATION};
	struct rvl_esp_sa *in = sa6(RVL_INBOUND, true);
	unsigned int found = 0;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		size_t len = packet_random() % 240;
		uint8_t *data = malloc(len + 1);
		struct rvl_buf buf = {data, len, 0, len};
		struct rvl_esp_place at;

		for (size_t k = 0; k < len; k++)
			data[k] = (uint8_t)packet_random();
		for (size_t k = HEADER; k + 4 <= len; k += 8) {
			data[k] = kinds[packet_random() % sizeof(kinds)];
			data[k + 1] = packet_random() % 3;
			rvl_put_be16(data + k + 2, packet_random() % 4 ? 0 : RVL_ESP_PORT);
		}
		if (len >= HEADER) {
			data[0] = 0x60;
			data[6] = kinds[packet_random() % sizeof(kinds)];
			rvl_put_be16(data + 4, (uint16_t)(len - HEADER - i % 3));
		}
		if (rvl_esp_find(&at, &buf, RVL_ESP_PORT) == RVL_ESP_FOUND &&
		    at.protocol == RVL_PROTOCOL_ESP) {
			found++;
			assert_int_not_equal(rvl_esp_decap(in, &at, &buf), RVL_DROP_NONE);
		}
		free(data);
	}
	assert_true(found > 1000);
	rvl_esp_sa_free(in);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outbound_packets_are_the_known_answers),
		cmocka_unit_test(every_length_comes_back_as_it_was),
		cmocka_unit_test(every_flipped_bit_is_refused),
		cmocka_unit_test(udp_has_a_checksum_that_is_never_0),
		cmocka_unit_test(truncation_at_every_length_is_refused),
		cmocka_unit_test(esp_is_found_behind_extension_headers),
		cmocka_unit_test(fragments_are_told_apart),
		cmocka_unit_test(what_is_not_esp_is_absent),
		cmocka_unit_test(outer_header_obeys_the_sa),
		cmocka_unit_test(the_header_counts_for_mtu_and_room),
		cmocka_unit_test(addresses_of_two_families_are_refused),
		cmocka_unit_test(random_packets_never_pass),
	};
	uint64_t start = argc > 1 ? strtoull(argv[1], NULL, 0) : 0x5eed4303;
	int failed;

	packet_seed = start;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (failed)
		fprintf(stderr, "seed=%llu\n", (unsigned long long)start);
	return failed;
}
