// SPDX-License-Identifier: BSD-2-Clause
/* Frames of all lengths and shapes, both ways. */
#include <string.h>

#include "host/esp/ip.h"
#include "tests/rtl/ipsec/ipsec_tests.h"

static size_t put_ip(struct bench *b, uint8_t *frame, const struct peer_ip *ip, unsigned int tags,
		     size_t trailing)
{
	size_t at = peer_ethernet(&b->random, frame, peer_type(ip), tags);

	at += peer_packet(&b->random, frame + at, ip);
	peer_octets(&b->random, frame + at, trailing);
	return at + trailing;
}

static size_t put_packet(struct bench *b, uint8_t *frame, size_t payload, unsigned int tags,
			 size_t trailing)
{
	struct peer_ip ip = peer_random_ip(&b->random, payload);

	return put_ip(b, frame, &ip, tags, trailing);
}

#define FORMS 24

/* SAs of all forms, one after the other. */
static struct rvl_sa_params form(struct bench *b, enum rvl_direction direction, uint16_t i)
{
	struct rvl_sa_params params = i & 1 ? peer_params_ipv6(&b->random, direction, 256u + i)
					    : peer_params_ipv4(&b->random, direction, 256u + i);

	if (i & 2)
		peer_transport(&params);
	if (i & 4)
		peer_esn(&b->random, &params, 50);
	if (i < 8 && i % 3 == 2)
		params.encr = IKE_ENCR_AES_GCM_16_IIV;
	if (i >= 8 && i < 16)
		peer_gmac(&params);
	if (i >= 16)
		peer_ah(&params);
	return params;
}

/* The number of the nth packet of an SA, from 1 on. */
static uint64_t number_of(const struct rvl_sa_params *params, uint64_t n)
{
	return (params->first_seq ? params->first_seq - 1 : 0) + n;
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
	struct rvl_sa_params params[FORMS];
	uint8_t frame[PEER_FRAME_MAX];

	for (uint16_t i = 0; i < FORMS; i++) {
		params[i] = form(b, RVL_OUTBOUND, i);
		bench_sa_add(b, i * 7, &params[i]);
	}
	for (size_t i = 0; i < 2000; i++) {
		unsigned int sa = peer_below(&b->random, FORMS);
		struct peer_ip ip = peer_ip_for(&b->random, &params[sa], a_length(b, i / 2));
		size_t len = put_ip(b, frame, &ip, peer_below(&b->random, 3),
				    peer_below(&b->random, 2) ? 0 : peer_below(&b->random, 80));

		bench_tx(b, frame, len, 7 * (int)sa);
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
	struct rvl_sa_params params[FORMS];
	uint8_t frame[PEER_FRAME_MAX], packet[PEER_FRAME_MAX];

	for (uint16_t i = 0; i < FORMS; i++) {
		params[i] = form(b, RVL_INBOUND, i);
		bench_sa_add(b, i * 5, &params[i]);
	}
	for (size_t i = 0; i < 2000; i++) {
		struct peer_seal how = peer_seal_plain(number_of(&params[i % FORMS], i + 1));
		size_t len =
			peer_text(&b->random, packet, &params[i % FORMS], &how, a_length(b, i / 2));
		size_t at = peer_ethernet(&b->random, frame, peer_outer_type(&params[i % FORMS]),
					  peer_below(&b->random, 3));

		how.udp = peer_below(&b->random, 2);
		how.tos = (uint8_t)peer_u32(&b->random);
		how.options = peer_below(&b->random, 4) ? 0 : peer_below(&b->random, 11);
		how.extra_pad = peer_below(&b->random, 4) ? 0 : 4 * peer_below(&b->random, 60);
		how.tfc = peer_below(&b->random, 4) ? 0 : peer_below(&b->random, 100);
		how.trailing = peer_below(&b->random, 2) ? 0 : peer_below(&b->random, 60);
		how.iv = (uint64_t)peer_u32(&b->random) << 32 | peer_u32(&b->random);
		at += peer_seal(frame + at, &params[i % FORMS], &how, packet, len);
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
	struct rvl_sa_params in[64], out[64];
	uint32_t seq[64] = {0};
	uint8_t frame[PEER_FRAME_MAX], packet[PEER_FRAME_MAX];

	for (uint16_t i = 0; i < 64; i++) {
		out[i] = peer_params_any(&b->random, RVL_OUTBOUND, 1000 + i);
		in[i] = peer_params_any(&b->random, RVL_INBOUND, peer_u32(&b->random) | 256);
		bench_sa_add(b, i, &out[i]);
		bench_sa_add(b, 1023 - i, &in[i]);
	}
	for (size_t i = 0; i < 3000; i++) {
		size_t payload = peer_below(&b->random, 8) ? peer_below(&b->random, 200)
							   : peer_below(&b->random, 2000);
		uint32_t sa = peer_below(&b->random, 4) ? peer_below(&b->random, 3)
							: peer_below(&b->random, 64);
		struct peer_seal how = peer_seal_plain(number_of(&in[sa], ++seq[sa]));
		struct peer_ip ip = peer_ip_for(&b->random, &out[sa], payload);
		size_t len = put_ip(b, frame, &ip, peer_below(&b->random, 3), 0);

		bench_tx(b, frame, len, peer_below(&b->random, 8) ? (int)sa : IPSEC_DUT_NO_SA);
		len = peer_text(&b->random, packet, &in[sa], &how, payload);
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

/* Whatever the packets of transport mode have before what they carry: it stays there if it is near.
 */
void headers_that_reach_too_far_are_refused_by_name(struct bench *b)
{
	struct rvl_sa_params out = peer_params_ipv6(&b->random, RVL_OUTBOUND, 256);
	struct peer_ip ip = {.ipv6 = true, .src = 1, .dst = 2, .protocol = 17, .payload = 40};
	uint8_t packet[PEER_FRAME_MAX], frame[PEER_FRAME_MAX];
	size_t len = peer_packet(&b->random, packet, &ip);

	peer_transport(&out);
	bench_sa_add(b, 3, &out);
	for (unsigned int kind = 0; kind < 2; kind++)
		for (unsigned int count = 1; count < 9; count++) {
			size_t at = peer_ethernet(&b->random, frame, 0x86dd, 0), more = 8 * count;
			bool taken = count <= (kind ? 6u : 5u);

			/* Routing headers of 8 octets each, or one of so many. */
			memset(frame + at, 0, 40 + more);
			memcpy(frame + at, packet, 40);
			memcpy(frame + at + 40 + more, packet + 40, len - 40);
			frame[at + 6] = RVL_IP_PROTO_ROUTING;
			for (size_t h = 0; h < more; h += 8)
				frame[at + 40 + h] = RVL_IP_PROTO_ROUTING;
			frame[at + 40 + (kind ? 0 : more - 8)] = 17;
			frame[at + 41] = (uint8_t)(kind ? count - 1 : 0);
			rvl_put_be16(frame + at + 4, (uint16_t)(len - 40 + more));
			if (taken) {
				bench_tx(b, frame, at + more + len, 3);
				bench_settle(b);
				CHECK_EQ(b, b->sent, 1);
				continue;
			}
			ipsec_dut_host(b->dut, frame, at + more + len, 3);
			CHECK(b, ipsec_dut_run(b->dut, BENCH_CYCLES));
			CHECK_EQ(b, bench_count(b, RVL_CNT_TX_DROP_HEADERS), 1);
			b->loose = true;
			bench_settle(b);
			b->loose = false;
			CHECK_EQ(b, b->sent, 0);
		}
}

/* What other headers are made of isn't known to the NIC, so AH goes behind none of them. */
void ah_goes_behind_the_ip_header_alone(struct bench *b)
{
	uint8_t frame[PEER_FRAME_MAX], packet[PEER_FRAME_MAX];

	for (uint16_t i = 0; i < 4; i++) {
		struct rvl_sa_params out = form(b, RVL_OUTBOUND, 16 + i);
		struct rvl_sa_params in = form(b, RVL_INBOUND, 16 + i);
		const bool ipv6 = i & 1, tunnel = !(i & 2);
		struct peer_ip ip = {
			.ipv6 = ipv6, .src = 1, .dst = 2, .protocol = 17, .payload = 50};
		struct peer_seal how = peer_seal_plain(1);
		size_t at, more = ipv6 ? 8 : 4, len;
		uint8_t *header;

		bench_sa_add(b, i, &out);
		bench_sa_add(b, i, &in);
		ip.options = 1;
		len = put_ip(b, frame, &ip, 0, 0);
		if (ipv6) /* destination options would be for behind AH */
			frame[14 + 6] = RVL_IP_PROTO_HOP_BY_HOP;
		if (tunnel) {
			bench_tx(b, frame, len, i);
			bench_settle(b);
			CHECK_EQ(b, b->sent, 1);
		} else {
			ipsec_dut_host(b->dut, frame, len, i);
			CHECK(b, ipsec_dut_run(b->dut, BENCH_CYCLES));
			CHECK_EQ(b, bench_count(b, RVL_CNT_TX_DROP_HEADERS), 1);
			b->loose = true;
			bench_settle(b);
			b->loose = false;
			CHECK_EQ(b, b->sent, 0);
		}
		ip.options = 0;
		len = peer_packet(&b->random, packet, &ip);
		at = peer_ethernet(&b->random, frame, peer_outer_type(&in), 0);
		len = at + peer_seal(frame + at, &in, &how, packet, len);
		/* The same with one of them: it is not for the NIC to say what it is. */
		header = frame + at;
		memmove(header + (ipv6 ? 40 : 20) + more, header + (ipv6 ? 40 : 20),
			len - at - (ipv6 ? 40 : 20));
		memset(header + (ipv6 ? 40 : 20), ipv6 ? 0 : 1, more);
		if (ipv6) {
			header[40] = RVL_IP_PROTO_AH;
			header[6] = RVL_IP_PROTO_DESTINATION;
			rvl_put_be16(header + 4, (uint16_t)(rvl_get_be16(header + 4) + more));
		} else {
			header[0] = 0x46;
			rvl_put_be16(header + 2, (uint16_t)(rvl_get_be16(header + 2) + more));
			rvl_put_be16(header + 10, 0);
			rvl_put_be16(header + 10, rvl_ip_checksum(header, 24));
		}
		ipsec_dut_wire(b->dut, frame, len + more, false);
		CHECK(b, ipsec_dut_run(b->dut, BENCH_CYCLES));
		CHECK_EQ(b, bench_count(b, RVL_CNT_RX_HIDDEN), 1);
		CHECK_EQ(b, bench_count(b, RVL_CNT_RX_DECRYPTED), 0);
		b->loose = true;
		bench_settle(b);
		b->loose = false;
		bench_sa_delete(b, true, i);
		bench_sa_delete(b, false, i);
	}
}

/* Of nothing but headers there is a trailer to protect. */
void packets_that_carry_nothing_pass_in_transport_mode(struct bench *b)
{
	uint8_t frame[PEER_FRAME_MAX], packet[PEER_FRAME_MAX];

	for (uint16_t i = 0; i < 4; i++) {
		struct rvl_sa_params out = form(b, RVL_OUTBOUND, i | 2);
		struct rvl_sa_params in = form(b, RVL_INBOUND, i | 2);
		struct peer_ip ip = {.ipv6 = i & 1, .src = 1, .dst = 2, .protocol = 59};

		bench_sa_add(b, i, &out);
		bench_sa_add(b, i, &in);
		for (unsigned int tags = 0; tags < 3; tags++)
			for (unsigned int options = 0; options < 4; options++) {
				struct peer_seal how = peer_seal_plain(4 * tags + options + 1u);
				size_t at;

				ip.options = i & 1 ? options : 2 * options + tags;
				bench_tx(b, frame, put_ip(b, frame, &ip, tags, 0), i);
				how.options = ip.options;
				how.udp = i & 1;
				at = peer_ethernet(&b->random, frame, peer_outer_type(&in), tags);
				at += peer_seal(frame + at, &in, &how, packet, 0);
				bench_rx(b, frame, at);
			}
		bench_settle(b);
		CHECK_EQ(b, b->sent, 12);
		CHECK_EQ(b, b->received, 12);
		bench_query(b, false, i);
		bench_query(b, true, i);
		bench_sa_delete(b, true, i);
	}
}
