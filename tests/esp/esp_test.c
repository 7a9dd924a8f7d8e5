// SPDX-License-Identifier: BSD-2-Clause
// Software ESP against known answers, against itself, and against everything that can be wrong.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/esp/packet.h"

static struct rvl_esp_sa *default_sa(enum rvl_direction direction)
{
	struct rvl_sa_params params = packet_params(direction);

	return packet_sa(&params);
}

static void outbound_packet_is_the_known_answer(void **state)
{
	struct rvl_sa_params params = packet_params(RVL_OUTBOUND);
	static struct packet pkt;
	struct rvl_esp_sa *sa;

	(void)state;
	params.encap = true;
	params.src_port = params.dst_port = RVL_ESP_PORT;
	sa = packet_sa(&params);
	packet_place_hex(
		&pkt, "45b90029123440003f1114d30a0100010a02000103e807d000150000000102030405060708"
		      "090a0b0c");
	assert_int_equal(rvl_esp_encap(sa, &pkt.buf), 0);
	/* Computed with another implementation (python3-cryptography). */
	packet_assert_hex(
		&pkt, "45b90068000140004011b5c7c0000201c00002021194119400540000c0ffee010000000100"
		      "00000000000001f516b8a77e4086b424cbb9b9716a0d8b4718995c6b881bfda9c08d5e2eff"
		      "2590effb2d196db2b0dd6c54e14f944ef4a970c3abfe1effc75bc8ee1cf4");
	rvl_esp_sa_free(sa);
}

static void packet_of_draft_mcgrew_gcm_test_verifies(void **state)
{
	/* Test case 2. What is inside says next header 1, so an authentic trailer is refused. */
	static const char body[] =
		"0000a5f80000000afacedbaddecaf888deb22cd9b07c72c16e3a65beeb8df304a5a5897d33ae530f1b"
		"a76d5d114d2a5c3de81827c10e9a4f51330d0eec416642cfbb85a5b47e48a4ec3b9ba95d918bd183b7"
		"0d3aa8bc6ee4c309e9d85a41ad4a";
	struct rvl_sa_params params = packet_params(RVL_INBOUND);
	uint8_t data[256] = {0x45, 0, 0, 0, 0, 0, 0, 0, 64, RVL_IP_PROTO_ESP};
	static struct packet pkt;
	struct rvl_esp_sa *sa;
	size_t len;

	(void)state;
	params.spi = 0xa5f8;
	params.encr_key_len = 16;
	packet_from_hex(params.encr_key, "feffe9928665731c6d6a8f9467308308");
	packet_from_hex(params.salt, "cafebabe");
	sa = packet_sa(&params);
	len = RVL_IP_HEADER + packet_from_hex(data + RVL_IP_HEADER, body);
	rvl_put_be16(data + 2, (uint16_t)len);
	rvl_put_be16(data + 10, rvl_ip_checksum(data, RVL_IP_HEADER));
	packet_place(&pkt, data, len);
	assert_int_equal(packet_receive(sa, &pkt), RVL_DROP_TRAILER);
	data[len - 1] ^= 1;
	packet_place(&pkt, data, len);
	assert_int_equal(packet_receive(sa, &pkt), RVL_DROP_REPLAY);
	assert_int_equal(rvl_esp_sa_seq(sa), 10);
	rvl_esp_sa_free(sa);
}

static void every_length_comes_back_as_it_was(void **state)
{
	static uint8_t inner[65536];
	static struct packet pkt;

	(void)state;
	for (int variant = 0; variant < 4; variant++) {
		struct rvl_sa_params params = packet_params(RVL_OUTBOUND);
		struct rvl_esp_sa *out, *in;
		uint64_t bytes = 0, packets = 0;

		params.encr_key_len = variant & 1 ? 16 : 32;
		params.encap = variant & 2;
		params.src_port = params.dst_port = params.encap ? RVL_ESP_PORT : 0;
		out = packet_sa(&params);
		params.direction = RVL_INBOUND;
		params.replay_window = 64;
		in = packet_sa(&params);
		for (size_t i = 0; i < 400; i++) {
			size_t extra = i <= 130 ? i : packet_random() % (65535 - 20 - 70);
			size_t len = packet_inner(inner, extra, (uint8_t)(packet_random() & 0xfc),
						  i & 1);
			size_t padded =
				len + packet_random() % 20; /* as short Ethernet frames are */

			packet_place(&pkt, inner, len);
			memset(rvl_buf_data(&pkt.buf) + len, 0xee, padded - len);
			pkt.buf.len = padded;
			assert_int_equal(rvl_esp_encap(out, &pkt.buf), 0);
			assert_int_equal(rvl_ip_checksum(rvl_buf_data(&pkt.buf), 20), 0);
			assert_int_equal(packet_receive(in, &pkt), RVL_DROP_NONE);
			assert_int_equal(pkt.buf.len, len);
			assert_memory_equal(rvl_buf_data(&pkt.buf), inner, len);
			bytes += len;
			packets++;
		}
		assert_int_equal(rvl_esp_sa_counters(out).bytes, bytes);
		assert_int_equal(rvl_esp_sa_counters(in).bytes, bytes);
		assert_int_equal(rvl_esp_sa_counters(in).packets, packets);
		assert_int_equal(rvl_esp_sa_seq(in), packets);
		rvl_esp_sa_free(out);
		rvl_esp_sa_free(in);
	}
}

/* An ESP packet of the given sequence number. */
static void make_packet(struct packet *pkt, uint32_t seq, size_t payload, uint8_t tos)
{
	struct rvl_sa_params params = packet_params(RVL_OUTBOUND);
	uint8_t inner[2048];
	struct rvl_esp_sa *sa;

	params.first_seq = seq;
	sa = packet_sa(&params);
	packet_place(pkt, inner, packet_inner(inner, payload, tos, false));
	assert_int_equal(rvl_esp_encap(sa, &pkt->buf), 0);
	rvl_esp_sa_free(sa);
}

static void forged_packet_does_not_move_the_replay_window(void **state)
{
	struct rvl_esp_sa *in = default_sa(RVL_INBOUND);
	static struct packet pkt;

	(void)state;
	make_packet(&pkt, 5, 40, 0);
	assert_int_equal(packet_receive(in, &pkt), RVL_DROP_NONE);
	make_packet(&pkt, 4000000000u, 40, 0);
	rvl_buf_data(&pkt.buf)[60] ^= 0x10;
	assert_int_equal(packet_receive(in, &pkt), RVL_DROP_ICV);
	assert_int_equal(rvl_esp_sa_seq(in), 5);
	make_packet(&pkt, 4, 40, 0);
	assert_int_equal(packet_receive(in, &pkt), RVL_DROP_NONE);
	make_packet(&pkt, 4000000000u, 40, 0);
	assert_int_equal(packet_receive(in, &pkt), RVL_DROP_NONE);
	rvl_esp_sa_free(in);
}

static void every_flipped_bit_is_refused(void **state)
{
	struct rvl_esp_sa *in = default_sa(RVL_INBOUND);
	static struct packet good, pkt;
	size_t esp = RVL_IP_HEADER;

	(void)state;
	make_packet(&good, 1, 20, 0);
	for (size_t bit = esp * 8; bit < good.buf.len * 8; bit++) {
		size_t at = bit / 8;

		packet_place(&pkt, rvl_buf_data(&good.buf), good.buf.len);
		rvl_buf_data(&pkt.buf)[at] ^= (uint8_t)(1 << bit % 8);
		if (at >= esp && at < esp + 4)
			continue; /* another SPI finds another SA */
		if (at >= esp + 4 && at < esp + 8 && bit == (esp + 7) * 8)
			assert_int_equal(packet_receive(in, &pkt), RVL_DROP_WINDOW); /* number 0 */
		else
			assert_int_equal(packet_receive(in, &pkt), RVL_DROP_ICV);
	}
	assert_int_equal(rvl_esp_sa_seq(in), 0);
	assert_int_equal(packet_receive(in, &good), RVL_DROP_NONE);
	rvl_esp_sa_free(in);
}

static void truncation_at_every_length_is_refused(void **state)
{
	struct rvl_esp_sa *in = default_sa(RVL_INBOUND);
	static struct packet good;

	(void)state;
	make_packet(&good, 1, 100, 0);
	for (size_t len = 0; len < good.buf.len; len++) {
		/* An exact allocation, so that the sanitizer sees an octet read beyond it. */
		for (int fix = 0; fix < 2; fix++) {
			uint8_t *copy = malloc(len + 1);
			struct rvl_buf buf = {copy, len, 0, len};
			struct rvl_esp_place at;
			enum rvl_esp_find find;

			memcpy(copy, rvl_buf_data(&good.buf), len);
			if (fix && len >= RVL_IP_HEADER) {
				rvl_put_be16(copy + 2, (uint16_t)len);
				rvl_put_be16(copy + 10, 0);
				rvl_put_be16(copy + 10, rvl_ip_checksum(copy, RVL_IP_HEADER));
			}
			find = rvl_esp_find(&at, &buf, RVL_ESP_PORT);
			if (len < RVL_IP_HEADER + RVL_ESP_HEADER)
				assert_int_equal(find, RVL_ESP_ABSENT);
			else
				assert_int_not_equal(rvl_esp_decap(in, &at, &buf), RVL_DROP_NONE);
			free(copy);
		}
	}
	assert_int_equal(rvl_esp_sa_counters(in).packets, 0);
	assert_int_equal(packet_receive(in, &good), RVL_DROP_NONE);
	rvl_esp_sa_free(in);
}

static void wrong_outer_checksum_is_refused(void **state)
{
	struct rvl_esp_sa *in = default_sa(RVL_INBOUND);
	static struct packet pkt;

	(void)state;
	make_packet(&pkt, 1, 10, 0);
	rvl_buf_data(&pkt.buf)[8]--;
	assert_int_equal(packet_receive(in, &pkt), RVL_DROP_CHECKSUM);
	rvl_esp_sa_free(in);
}

static void ike_keepalives_and_other_traffic_are_not_esp(void **state)
{
	static const struct {
		const char *hex;
		enum rvl_esp_find want;
	} cases[] = {
		/* IKE on 4500: four octets of zero */
		{"4500002400000000401100000102030405060708119411940010000000000000aabbccdd",
		 RVL_ESP_ABSENT},
		/* keepalive, and the same with the padding of a short frame */
		{"4500001d0000000040110000010203040506070811941194000900"
		 "00ff",
		 RVL_ESP_ABSENT},
		{"4500001d000000004011000001020304050607081194119400090000ff0000000000000000",
		 RVL_ESP_ABSENT},
		/* another port */
		{"450000240000000040110000010203040506070811941195001000000000100000000001",
		 RVL_ESP_ABSENT},
		/* TCP */
		{"450000240000000040060000010203040506070811941194001000000000100000000001",
		 RVL_ESP_ABSENT},
		/* a fragment of ESP, and one of ESP in UDP */
		{"450000240000200040320000010203040506070811941194001000000000100000000001",
		 RVL_ESP_FRAGMENT},
		{"450000240000200040110000010203040506070811941194001000000000100000000001",
		 RVL_ESP_FRAGMENT},
		/* a version that isn't 4, a header length that isn't one */
		{"550000240000000040320000010203040506070811941194001000000000100000000001",
		 RVL_ESP_ABSENT},
		{"440000240000000040320000010203040506070811941194001000000000100000000001",
		 RVL_ESP_ABSENT},
	};
	static struct packet pkt;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rvl_esp_place at;

		packet_place_hex(&pkt, cases[i].hex);
		assert_int_equal(rvl_esp_find(&at, &pkt.buf, RVL_ESP_PORT), cases[i].want);
	}
}

/* RFC 6040, figures 3 and 4. */
static void ecn_follows_rfc_6040(void **state)
{
	static const int figure_4[4][4] = {
		/* outer Not-ECT, ECT(1), ECT(0), CE */
		{0, 0, 0, -1},
		{1, 1, 1, 3},
		{2, 1, 2, 3},
		{3, 3, 3, 3},
	};
	static struct packet pkt;

	(void)state;
	for (uint8_t inner = 0; inner < 4; inner++) {
		for (uint8_t outer = 0; outer < 4; outer++) {
			struct rvl_esp_sa *in = default_sa(RVL_INBOUND);
			uint8_t tos = (uint8_t)(0xb8 | inner);
			int want = figure_4[inner][outer];
			uint8_t *p;

			make_packet(&pkt, 1, 64, tos);
			p = rvl_buf_data(&pkt.buf);
			assert_int_equal(p[1], tos);
			rvl_ip_set_tos(p, (uint8_t)(0xb8 | outer));
			assert_int_equal(rvl_ip_checksum(p, RVL_IP_HEADER), 0);
			assert_int_equal(packet_receive(in, &pkt),
					 want < 0 ? RVL_DROP_ECN : RVL_DROP_NONE);
			if (want >= 0) {
				p = rvl_buf_data(&pkt.buf);
				assert_int_equal(p[1], 0xb8 | want);
				assert_int_equal(rvl_ip_checksum(p, RVL_IP_HEADER), 0);
			}
			rvl_esp_sa_free(in);
		}
	}
}

static void outer_header_obeys_the_sa(void **state)
{
	static struct packet pkt;
	uint8_t inner[256];

	(void)state;
	for (int df = 0; df < 6; df++) {
		struct rvl_sa_params params = packet_params(RVL_OUTBOUND);
		bool inner_df = df & 1, want;
		struct rvl_esp_sa *sa;
		uint8_t *p;

		params.df = (enum rvl_esp_df)(df / 2);
		params.ttl = df ? (uint8_t)(df * 40) : 0;
		params.fixed_dscp = df & 1;
		params.dscp = 46;
		params.first_seq = 0x12340;
		want = params.df == RVL_ESP_DF_SET || (params.df == RVL_ESP_DF_COPY && inner_df);
		sa = packet_sa(&params);
		packet_place(&pkt, inner, packet_inner(inner, 9, 0x0a, inner_df));
		assert_int_equal(rvl_esp_encap(sa, &pkt.buf), 0);
		p = rvl_buf_data(&pkt.buf);
		assert_int_equal(p[1], df & 1 ? 46 << 2 | 2 : 0x0a);
		assert_int_equal(rvl_get_be16(p + 4), 0x2340);
		assert_int_equal(rvl_get_be16(p + 6), want ? RVL_IP_DF : 0);
		assert_int_equal(p[8], df ? df * 40 : 64);
		rvl_esp_sa_free(sa);
	}
}

/* Around a plaintext of our own choosing. */
static void seal(struct packet *pkt, uint32_t seq, const uint8_t *text, size_t len)
{
	const struct rvl_sa_params params = packet_params(RVL_OUTBOUND);

	packet_seal(pkt, &params, seq, text, len);
}

static void authentic_nonsense_is_dropped_by_its_reason(void **state)
{
	static const struct {
		const char *name;
		size_t payload; /* of the inner packet; its header always is there */
		size_t at;	/* octet of the plaintext to change, from its end when >= 1000 */
		uint8_t value;
		enum rvl_drop want;
	} cases[] = {
		{"as it should be", 24, 0, 0x45, RVL_DROP_NONE},
		{"next header TCP", 24, 1001, 6, RVL_DROP_TRAILER},
		{"next header IPv6", 24, 1001, 41, RVL_DROP_TRAILER},
		{"dummy", 24, 1001, 59, RVL_DROP_DUMMY},
		{"pad length beyond the packet", 24, 1002, 255, RVL_DROP_TRAILER},
		{"pad octet wrong", 24, 1003, 7, RVL_DROP_PADDING},
		{"first pad octet wrong", 24, 1004, 0, RVL_DROP_PADDING},
		{"inner version 6", 24, 0, 0x65, RVL_DROP_INNER},
		{"inner header length 4", 24, 0, 0x44, RVL_DROP_INNER},
		{"inner header longer than the packet", 0, 0, 0x46, RVL_DROP_INNER},
		{"inner total length too large", 24, 2, 0x01, RVL_DROP_INNER},
		{"inner total length below the header", 24, 3, 19, RVL_DROP_INNER},
		{"TFC padding", 24, 3, 40, RVL_DROP_NONE},
	};
	static struct packet pkt;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rvl_esp_sa *in = default_sa(RVL_INBOUND);
		uint8_t text[256];
		size_t len = packet_inner(text, cases[i].payload, 0, false);

		text[len++] = 1;
		text[len++] = 2;
		text[len++] = 2;
		text[len++] = 4;
		text[cases[i].at >= 1000 ? len - (cases[i].at - 1000) : cases[i].at] =
			cases[i].value;
		seal(&pkt, 1, text, len);
		if (packet_receive(in, &pkt) != cases[i].want)
			fail_msg("%s", cases[i].name);
		if (cases[i].want != RVL_DROP_NONE) {
			assert_int_equal(rvl_esp_sa_counters(in).drops[cases[i].want], 1);
			seal(&pkt, 1, text, len);
			assert_int_equal(packet_receive(in, &pkt), RVL_DROP_REPLAY);
		} else {
			assert_int_equal(pkt.buf.len, rvl_get_be16(rvl_buf_data(&pkt.buf) + 2));
		}
		rvl_esp_sa_free(in);
	}
}

static void last_sequence_number_is_the_last(void **state)
{
	struct rvl_sa_params params = packet_params(RVL_OUTBOUND);
	struct rvl_esp_sa *sa;
	static struct packet pkt;
	uint8_t inner[128], before[128];
	size_t len;

	(void)state;
	params.first_seq = rvl_sa_soon_seq(&params) - 1;
	sa = packet_sa(&params);
	len = packet_inner(inner, 30, 0, false);
	packet_place(&pkt, inner, len);
	assert_int_equal(rvl_esp_encap(sa, &pkt.buf), 0);
	assert_int_equal(rvl_esp_sa_take_events(sa), 0);
	packet_place(&pkt, inner, len);
	assert_int_equal(rvl_esp_encap(sa, &pkt.buf), 0);
	assert_int_equal(rvl_esp_sa_take_events(sa), RVL_ESP_EVENT_SEQUENCE_SOON);
	rvl_esp_sa_free(sa);

	params.first_seq = UINT32_MAX;
	sa = packet_sa(&params);
	packet_place(&pkt, inner, len);
	assert_int_equal(rvl_esp_encap(sa, &pkt.buf), 0);
	assert_int_equal(rvl_esp_sa_take_events(sa),
			 RVL_ESP_EVENT_SEQUENCE_SOON | RVL_ESP_EVENT_SEQUENCE_END);
	packet_place(&pkt, inner, len);
	memcpy(before, inner, len);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(rvl_esp_encap(sa, &pkt.buf), -EOVERFLOW);
		assert_int_equal(pkt.buf.len, len);
		assert_memory_equal(rvl_buf_data(&pkt.buf), before, len);
	}
	assert_int_equal(rvl_esp_sa_counters(sa).drops[RVL_DROP_SEQUENCE], 3);
	assert_int_equal(rvl_esp_sa_take_events(sa), 0);
	rvl_esp_sa_free(sa);
}

static void lifetimes_warn_once_and_then_stop(void **state)
{
	struct rvl_sa_params params = packet_params(RVL_OUTBOUND);
	struct rvl_esp_sa *out, *in;
	static struct packet pkt;
	uint8_t inner[128];
	size_t len = packet_inner(inner, 80, 0, false); /* 100 octets */

	(void)state;
	params.replay_window = 64;
	params.lifetime = (struct rvl_lifetime){
		.soft_packets = 2, .hard_packets = 5, .soft_bytes = 250, .hard_bytes = 1000};
	out = packet_sa(&params);
	params.direction = RVL_INBOUND;
	params.lifetime = (struct rvl_lifetime){.hard_bytes = 301};
	in = packet_sa(&params);
	for (int i = 1; i <= 6; i++) {
		static const uint32_t events[] = {0,
						  0,
						  RVL_ESP_EVENT_SOFT_PACKETS,
						  RVL_ESP_EVENT_SOFT_BYTES,
						  0,
						  RVL_ESP_EVENT_HARD_PACKETS,
						  0};

		packet_place(&pkt, inner, len);
		assert_int_equal(rvl_esp_encap(out, &pkt.buf), i <= 5 ? 0 : -EKEYEXPIRED);
		assert_int_equal(rvl_esp_sa_take_events(out), events[i]);
		if (i > 5)
			break;
		assert_int_equal(packet_receive(in, &pkt),
				 i <= 4 ? RVL_DROP_NONE : RVL_DROP_LIFETIME);
	}
	assert_int_equal(rvl_esp_sa_take_events(in), RVL_ESP_EVENT_HARD_BYTES);
	rvl_esp_sa_free(out);
	rvl_esp_sa_free(in);
}

/* Where a packet came from is told when it is authentic, new, and from elsewhere than the last. */
static void source_of_what_is_authentic_is_told(void **state)
{
	static struct packet pkt, copy;
	struct rvl_sa_params params = packet_params(RVL_OUTBOUND);
	struct rvl_esp_sa *out, *in;
	struct rvl_addr src;
	uint8_t inner[256];
	size_t len = packet_inner(inner, 80, 0, false);
	uint16_t port;

	(void)state;
	params.encap = true;
	params.src_port = params.dst_port = RVL_ESP_PORT;
	out = packet_sa(&params);
	params.direction = RVL_INBOUND;
	params.replay_window = 64;
	in = packet_sa(&params);
	for (unsigned int i = 0; i < 6; i++) {
		static const struct {
			uint8_t host;
			uint16_t port;
			bool moved;
		} from[] = {{1, 4500, false}, {1, 30001, true}, {1, 30001, false},
			    {9, 30001, true}, {1, 4500, true},	{1, 4500, false}};
		uint8_t *p;

		packet_place(&pkt, inner, len);
		assert_int_equal(rvl_esp_encap(out, &pkt.buf), 0);
		p = rvl_buf_data(&pkt.buf);
		p[15] = from[i].host;
		rvl_put_be16(p + 10, 0);
		rvl_put_be16(p + 10, rvl_ip_checksum(p, 20));
		rvl_put_be16(p + 20, from[i].port);
		packet_place(&copy, p, pkt.buf.len);
		rvl_buf_data(&copy.buf)[40] ^= 1;
		rvl_put_be16(rvl_buf_data(&copy.buf) + 20, 7);
		assert_int_equal(packet_receive(in, &copy), RVL_DROP_ICV);
		packet_place(&copy, p, pkt.buf.len);
		assert_int_equal(packet_receive(in, &pkt), RVL_DROP_NONE);
		assert_int_equal(rvl_esp_sa_take_events(in),
				 from[i].moved ? RVL_ESP_EVENT_MOVED : 0);
		rvl_put_be16(rvl_buf_data(&copy.buf) + 20, 7);
		assert_int_equal(packet_receive(in, &copy), RVL_DROP_REPLAY);
		assert_int_equal(rvl_esp_sa_take_events(in), 0);
		rvl_esp_sa_source(in, &src, &port);
		assert_int_equal(src.octets[3], from[i].host);
		assert_int_equal(port, from[i].port);
	}
	rvl_esp_sa_free(out);
	rvl_esp_sa_free(in);
}

static void packet_that_does_not_fit_is_refused_unchanged(void **state)
{
	struct rvl_sa_params params = packet_params(RVL_OUTBOUND);
	static struct packet pkt;
	struct rvl_esp_sa *sa;
	uint8_t inner[256];
	size_t len = packet_inner(inner, 78, 0, false); /* 98: no padding, 20 + 16 + 100 + 16 */

	(void)state;
	params.mtu = 151;
	sa = packet_sa(&params);
	packet_place(&pkt, inner, len);
	assert_int_equal(rvl_esp_encap(sa, &pkt.buf), -EMSGSIZE);
	assert_memory_equal(rvl_buf_data(&pkt.buf), inner, len);
	assert_int_equal(rvl_esp_sa_seq(sa), 0);
	rvl_esp_sa_free(sa);
	params.mtu = 152;
	sa = packet_sa(&params);
	assert_int_equal(rvl_esp_encap(sa, &pkt.buf), 0);
	assert_int_equal(pkt.buf.len, 152);
	packet_place(&pkt, inner, len);
	pkt.buf.size = pkt.buf.off + len + 17;
	assert_int_equal(rvl_esp_encap(sa, &pkt.buf), -ENOBUFS);
	pkt.buf.size++;
	assert_int_equal(rvl_esp_encap(sa, &pkt.buf), 0);
	pkt.buf = (struct rvl_buf){pkt.room, PACKET_ROOM, 35, len};
	memcpy(rvl_buf_data(&pkt.buf), inner, len);
	assert_int_equal(rvl_esp_encap(sa, &pkt.buf), -ENOBUFS);
	packet_place(&pkt, inner, 19);
	assert_int_equal(rvl_esp_encap(sa, &pkt.buf), -EINVAL);
	rvl_esp_sa_free(sa);
}

static void parameters_out_of_range_are_refused(void **state)
{
	struct rvl_esp_sa *sa;
	struct rvl_sa_params p;

	(void)state;
	p = packet_params(RVL_OUTBOUND), p.encr_key_len = 20;
	assert_int_equal(rvl_esp_sa_new(&p, &sa), -EINVAL);
	p = packet_params(RVL_OUTBOUND), p.spi = 255;
	assert_int_equal(rvl_esp_sa_new(&p, &sa), -EINVAL);
	p = packet_params(RVL_INBOUND), p.replay_window = 4097;
	assert_int_equal(rvl_esp_sa_new(&p, &sa), -EINVAL);
	p = packet_params(RVL_OUTBOUND), p.dscp = 64;
	assert_int_equal(rvl_esp_sa_new(&p, &sa), -EINVAL);
}

/* Whatever comes from the wire, nothing breaks and nothing gets through. */
static void random_packets_never_pass(void **state)
{
	struct rvl_esp_sa *in = default_sa(RVL_INBOUND);

	(void)state;
	for (int i = 0; i < 20000; i++) {
		size_t len = packet_random() % 160;
		uint8_t *data = malloc(len + 1);
		struct rvl_buf buf = {data, len, 0, len};
		struct rvl_esp_place at;

		for (size_t k = 0; k < len; k++)
			data[k] = (uint8_t)packet_random();
		if (len >= RVL_IP_HEADER && i & 1) {
			data[0] = 0x45 + (i & 2);
			data[9] = i & 4 ? RVL_IP_PROTO_ESP : RVL_IP_PROTO_UDP;
			rvl_put_be16(data + 2, (uint16_t)(len - (i & 8)));
			rvl_put_be16(data + 6, 0);
			rvl_put_be16(data + 10, 0);
			if ((size_t)(data[0] & 15) * 4 + 4 <= len) {
				size_t header = (size_t)(data[0] & 15) * 4;

				rvl_put_be16(data + header + 2, RVL_ESP_PORT);
				rvl_put_be16(data + 10, rvl_ip_checksum(data, header));
			}
		}
		if (rvl_esp_find(&at, &buf, RVL_ESP_PORT) == RVL_ESP_FOUND &&
		    at.protocol == RVL_PROTOCOL_ESP)
			assert_int_not_equal(rvl_esp_decap(in, &at, &buf), RVL_DROP_NONE);
		free(data);
	}
	rvl_esp_sa_free(in);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outbound_packet_is_the_known_answer),
		cmocka_unit_test(packet_of_draft_mcgrew_gcm_test_verifies),
		cmocka_unit_test(every_length_comes_back_as_it_was),
		cmocka_unit_test(forged_packet_does_not_move_the_replay_window),
		cmocka_unit_test(every_flipped_bit_is_refused),
		cmocka_unit_test(truncation_at_every_length_is_refused),
		cmocka_unit_test(wrong_outer_checksum_is_refused),
		cmocka_unit_test(ike_keepalives_and_other_traffic_are_not_esp),
		cmocka_unit_test(ecn_follows_rfc_6040),
		cmocka_unit_test(outer_header_obeys_the_sa),
		cmocka_unit_test(authentic_nonsense_is_dropped_by_its_reason),
		cmocka_unit_test(last_sequence_number_is_the_last),
		cmocka_unit_test(lifetimes_warn_once_and_then_stop),
		cmocka_unit_test(source_of_what_is_authentic_is_told),
		cmocka_unit_test(packet_that_does_not_fit_is_refused_unchanged),
		cmocka_unit_test(parameters_out_of_range_are_refused),
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
