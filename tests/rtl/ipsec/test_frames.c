// SPDX-License-Identifier: BSD-2-Clause
/* Frames of all lengths and shapes, both ways. */
#include <string.h>

#include "host/esp/ip.h"
#include "tests/rtl/ipsec/ipsec_tests.h"

static size_t put_packet(struct bench *b, uint8_t *frame, size_t payload, unsigned int tags,
			 size_t trailing)
{
	struct peer_ip ip = peer_random_ip(&b->random, payload);
	size_t at = peer_ethernet(&b->random, frame, peer_type(&ip), tags);

	at += peer_packet(&b->random, frame + at, &ip);
	peer_octets(&b->random, frame + at, trailing);
	return at + trailing;
}

void frames_without_policy_pass_unchanged(struct bench *b)
{
	static const uint16_t types[] = {0x0806, 0x86dd, 0x0800, 0x88cc};
	uint8_t frame[PEER_FRAME_MAX];

	for (int round = 0; round < 3; round++) {
		ipsec_dut_set_stalls(b->dut, round * 30, round * 40);
		for (size_t len = 14; len < 300; len++) {
			uint16_t type = types[peer_below(&b->random, 4)];
			unsigned int tags = peer_below(&b->random, 4);
			size_t at = peer_ethernet(&b->random, frame, type, tags);

			if (at > len)
				at = peer_ethernet(&b->random, frame, type, 0);
			peer_octets(&b->random, frame + at, len - at);
			bench_rx(b, frame, len);
			bench_tx(b, frame, len, IPSEC_DUT_NO_SA);
		}
		for (size_t len = 9220; len <= 9234; len++) {
			size_t at = put_packet(b, frame, 9000, 0, 0);

			peer_octets(&b->random, frame + at, len - at);
			bench_rx(b, frame, len);
			bench_tx(b, frame, len, IPSEC_DUT_NO_SA);
		}
		bench_settle(b);
	}
}

static size_t a_length(struct bench *b, size_t i)
{
	return i < 400 ? i : i < 500 ? 9000 - (i - 400) : peer_below(&b->random, 9001);
}

void every_inner_length_is_encapsulated(struct bench *b)
{
	uint8_t frame[PEER_FRAME_MAX];

	for (uint16_t i = 0; i < 6; i++) {
		struct rvl_sa_params params = peer_params(&b->random, RVL_OUTBOUND, 256 + i);

		bench_sa_add(b, i * 7, &params);
	}
	for (size_t i = 0; i < 700; i++) {
		size_t len = put_packet(b, frame, a_length(b, i), peer_below(&b->random, 3),
					peer_below(&b->random, 2) ? 0 : peer_below(&b->random, 80));

		bench_tx(b, frame, len, 7 * (int)peer_below(&b->random, 6));
		if (i % 200 == 199) {
			bench_settle(b);
			ipsec_dut_set_stalls(b->dut, peer_below(&b->random, 90),
					     peer_below(&b->random, 90));
		}
	}
	bench_settle(b);
}

void every_inner_length_is_decapsulated(struct bench *b)
{
	struct rvl_sa_params params[6];
	uint8_t frame[PEER_FRAME_MAX], packet[PEER_FRAME_MAX];

	for (uint16_t i = 0; i < 6; i++) {
		params[i] = peer_params(&b->random, RVL_INBOUND, 256 + i);
		bench_sa_add(b, i * 5, &params[i]);
	}
	for (size_t i = 0; i < 700; i++) {
		struct peer_ip ip = peer_random_ip(&b->random, a_length(b, i));
		struct peer_seal how = peer_seal_plain((uint32_t)i + 1);
		size_t len = peer_packet(&b->random, packet, &ip);
		size_t at = peer_ethernet(&b->random, frame, peer_outer_type(&params[i % 6]),
					  peer_below(&b->random, 3));

		how.udp = peer_below(&b->random, 2);
		how.tos = (uint8_t)peer_u32(&b->random);
		how.options = peer_below(&b->random, 4) ? 0 : peer_below(&b->random, 11);
		how.extra_pad = peer_below(&b->random, 4) ? 0 : 4 * peer_below(&b->random, 60);
		how.tfc = peer_below(&b->random, 4) ? 0 : peer_below(&b->random, 100);
		how.trailing = peer_below(&b->random, 2) ? 0 : peer_below(&b->random, 60);
		how.iv = (uint64_t)peer_u32(&b->random) << 32 | peer_u32(&b->random);
		at += peer_seal(frame + at, &params[i % 6], &how, packet, len);
		if (at > 9234)
			at -= how.trailing;
		if (at <= 9234)
			bench_rx(b, frame, at);
		if (i % 200 == 199) {
			bench_settle(b);
			ipsec_dut_set_stalls(b->dut, peer_below(&b->random, 90),
					     peer_below(&b->random, 90));
		}
	}
	bench_settle(b);
}

void random_frames_both_ways_with_many_sas(struct bench *b)
{
	struct rvl_sa_params in[64];
	uint32_t seq[64] = {0};
	uint8_t frame[PEER_FRAME_MAX], packet[PEER_FRAME_MAX];

	for (uint16_t i = 0; i < 64; i++) {
		struct rvl_sa_params out = peer_params(&b->random, RVL_OUTBOUND, 1000 + i);

		in[i] = peer_params(&b->random, RVL_INBOUND, peer_u32(&b->random) | 256);
		bench_sa_add(b, i, &out);
		bench_sa_add(b, 1023 - i, &in[i]);
	}
	for (size_t i = 0; i < 3000; i++) {
		size_t payload = peer_below(&b->random, 8) ? peer_below(&b->random, 200)
							   : peer_below(&b->random, 2000);
		struct peer_ip ip = peer_random_ip(&b->random, payload);
		uint32_t sa = peer_below(&b->random, 4) ? peer_below(&b->random, 3)
							: peer_below(&b->random, 64);
		struct peer_seal how = peer_seal_plain(++seq[sa]);
		size_t len = put_packet(b, frame, payload, peer_below(&b->random, 3), 0);

		bench_tx(b, frame, len, peer_below(&b->random, 8) ? (int)sa : IPSEC_DUT_NO_SA);
		len = peer_packet(&b->random, packet, &ip);
		how.udp = peer_below(&b->random, 2);
		how.tos = (uint8_t)peer_u32(&b->random);
		len = peer_seal(packet + 6000, &in[sa], &how, packet, len);
		size_t at = peer_ethernet(&b->random, frame, peer_outer_type(&in[sa]),
					  peer_below(&b->random, 3));
		memcpy(frame + at, packet + 6000, len);
		bench_rx(b, frame, at + len);
		if (peer_below(&b->random, 10) == 0) {
			len = put_packet(b, frame, payload, peer_below(&b->random, 3), 0);
			bench_rx(b, frame, len);
		}
		if (i % 500 == 499) {
			bench_settle(b);
			ipsec_dut_set_stalls(b->dut, peer_below(&b->random, 60),
					     peer_below(&b->random, 60));
		}
	}
	bench_settle(b);
	for (uint16_t i = 0; i < 64; i++) {
		bench_query(b, false, i);
		bench_query(b, true, 1023 - i);
	}
}
