// SPDX-License-Identifier: BSD-2-Clause
/* Sequence numbers, lifetimes, events, sizes. */
#include <string.h>

#include "host/esp/ip.h"
#include "tests/rtl/ipsec/ipsec_tests.h"

static size_t plain(struct bench *b, uint8_t *frame, size_t payload)
{
	struct peer_ip ip = peer_random_ip(&b->random, payload);
	size_t at = peer_ethernet(&b->random, frame, peer_type(&ip), peer_below(&b->random, 3));

	return at + peer_packet(&b->random, frame + at, &ip);
}

/* Events of the block by (direction, index) as a mask of the model's; each at most once. */
static void collect(struct bench *b, uint32_t got[2][BENCH_SAS])
{
	struct rvl_event event;

	memset(got, 0, 2 * sizeof(got[0]));
	while (ipsec_dut_take_event(b->dut, &event)) {
		unsigned int index = rvl_le24_to_cpu(event.index);
		uint32_t bit = 1u << (event.type - 1);

		CHECK(b, event.type >= RVL_EVENT_SOFT_BYTES && event.type <= RVL_EVENT_SEQ_END);
		CHECK(b, event.source < 2 && index < BENCH_SAS);
		if (b->failed)
			return;
		CHECK(b, !(got[event.source][index] & bit));
		got[event.source][index] |= bit;
	}
}

static struct rvl_lifetime lifetime(struct bench *b)
{
	struct rvl_lifetime life = {0};

	if (peer_below(&b->random, 2)) {
		life.hard_packets = 1 + peer_below(&b->random, 30);
		life.soft_packets = 1 + peer_below(&b->random, (uint32_t)life.hard_packets);
	} else {
		life.soft_packets = peer_below(&b->random, 50);
	}
	if (peer_below(&b->random, 2)) {
		life.hard_bytes = 1 + peer_below(&b->random, 6000);
		life.soft_bytes = 1 + peer_below(&b->random, (uint32_t)life.hard_bytes);
	} else {
		life.soft_bytes = peer_below(&b->random, 6000);
	}
	return life;
}

void lifetimes_and_their_events_are_those_of_the_model(struct bench *b)
{
	static uint32_t got[2][BENCH_SAS];
	struct rvl_sa_params in[60];
	uint8_t frame[PEER_FRAME_MAX], packet[PEER_FRAME_MAX];
	uint32_t seq[60] = {0};

	for (uint16_t i = 0; i < 60; i++) {
		struct rvl_sa_params out = peer_params_any(&b->random, RVL_OUTBOUND, 900 + i);

		out.lifetime = lifetime(b);
		in[i] = peer_params_any(&b->random, RVL_INBOUND, 900 + i);
		in[i].lifetime = lifetime(b);
		bench_sa_add(b, i, &out);
		bench_sa_add(b, i, &in[i]);
	}
	for (int n = 0; n < 3000; n++) {
		uint32_t i = peer_below(&b->random, 60);
		struct peer_ip ip = peer_random_ip(&b->random, peer_below(&b->random, 400));
		struct peer_seal how = peer_seal_plain(++seq[i]);
		size_t len = peer_packet(&b->random, packet, &ip);
		size_t at = peer_ethernet(&b->random, frame, peer_outer_type(&in[i]), 0);

		bench_rx(b, frame, at + peer_seal(frame + at, &in[i], &how, packet, len));
		bench_tx(b, frame, plain(b, frame, peer_below(&b->random, 400)),
			 (int)peer_below(&b->random, 60));
		if (n == 1500)
			ipsec_dut_set_stalls(b->dut, 0, 80);
	}
	bench_settle(b);
	collect(b, got);
	for (uint16_t i = 0; i < 60; i++)
		for (unsigned int d = 0; d < 2; d++) {
			struct rvl_esp_sa *sa =
				rvl_engine_sa(b->model, d ? RVL_INBOUND : RVL_OUTBOUND, i);
			uint32_t events = rvl_esp_sa_take_events(sa);
			/* the model's bits are in another order */
			uint32_t bits = (events & RVL_ESP_EVENT_SOFT_BYTES ? 1u : 0) |
					(events & RVL_ESP_EVENT_SOFT_PACKETS ? 2u : 0) |
					(events & RVL_ESP_EVENT_HARD_BYTES ? 4u : 0) |
					(events & RVL_ESP_EVENT_HARD_PACKETS ? 8u : 0);

			CHECK_EQ(b, got[d][i], bits);
			bench_query(b, d, i);
			CHECK_EQ(b, b->response.state,
				 (bits & 3) | (bits & 12 ? RVL_SA_STATE_HARD : 0));
		}
}

void the_last_sequence_number_is_used_once(struct bench *b)
{
	static uint32_t got[2][BENCH_SAS];
	struct rvl_sa_params sa = peer_params(&b->random, RVL_OUTBOUND, 700);
	struct rvl_cmd query = peer_sa_command(RVL_CMD_OP_SA_QUERY, false, 77);
	uint8_t frame[PEER_FRAME_MAX];

	sa.esn = peer_below(&b->random, 2);
	sa.first_seq = rvl_sa_last_seq(&sa) - 15;
	bench_sa_add(b, 77, &sa);
	sa.first_seq = rvl_sa_soon_seq(&sa) - 4;
	bench_sa_add(b, 78, &sa);
	for (int i = 0; i < 30; i++) {
		bench_tx(b, frame, plain(b, frame, 50), 77);
		bench_tx(b, frame, plain(b, frame, 50), 78);
	}
	bench_settle(b);
	collect(b, got);
	CHECK_EQ(b, got[0][77], 0x30);
	CHECK_EQ(b, got[0][78], 0x10);
	CHECK_EQ(b, bench_command(b, &query), RVL_CMD_STATUS_OK);
	CHECK_EQ(b, b->response.state, RVL_SA_STATE_SEQ_END);
	CHECK_EQ(b, rvl_engine_counters(b->model)->tx_drops[RVL_DROP_SEQUENCE], 14);
}

void events_carry_what_they_are_about(struct bench *b)
{
	struct rvl_sa_params sa = peer_params(&b->random, RVL_OUTBOUND, 0x12345678);
	static const uint8_t types[] = {RVL_EVENT_SOFT_PACKETS, RVL_EVENT_SOFT_BYTES,
					RVL_EVENT_HARD_PACKETS};
	static const uint64_t values[] = {2, 360, 5};
	uint8_t frame[PEER_FRAME_MAX];
	struct rvl_event event;

	sa.lifetime.soft_packets = 2;
	sa.lifetime.hard_packets = 5;
	sa.lifetime.soft_bytes = 300;
	bench_sa_add(b, 0x123, &sa);
	for (int i = 0; i < 7; i++) {
		struct peer_ip ip = {.src = 1, .dst = 2, .protocol = 17, .payload = 100};
		size_t at = peer_ethernet(&b->random, frame, 0x0800, 0);

		at += peer_packet(&b->random, frame + at, &ip);
		bench_tx(b, frame, at, 0x123);
	}
	bench_settle(b);
	for (int i = 0; i < 3; i++) {
		CHECK(b, ipsec_dut_take_event(b->dut, &event));
		CHECK_EQ(b, event.type, types[i]);
		CHECK_EQ(b, event.source, 0);
		CHECK_EQ(b, rvl_le24_to_cpu(event.index), 0x123);
		CHECK_EQ(b, event.spi, 0x12345678);
		CHECK_EQ(b, event.value, values[i]);
	}
	CHECK(b, !ipsec_dut_take_event(b->dut, &event));
}

/* A packet from there, by its own number, forged or not. */
static void from(struct bench *b, struct rvl_sa_params sa, uint32_t address, uint16_t port,
		 uint64_t seq, bool udp, bool forged)
{
	uint8_t frame[PEER_FRAME_MAX], packet[PEER_FRAME_MAX];
	struct peer_ip ip = {.src = 1, .dst = 2, .protocol = 17, .payload = 4};
	struct peer_seal how = peer_seal_plain(seq);
	size_t len = peer_packet(&b->random, packet, &ip);
	size_t at = peer_ethernet(&b->random, frame, 0x0800, 0);

	how.udp = udp;
	sa.src = rvl_addr_of_ipv4(address);
	sa.src_port = port;
	len = at + peer_seal(frame + at, &sa, &how, packet, len);
	if (forged)
		frame[len - 1] ^= 1;
	bench_rx(b, frame, len);
}

static void expect_moved(struct bench *b, uint32_t index, uint32_t spi, uint32_t address,
			 uint16_t port)
{
	struct rvl_event event;
	bool there = ipsec_dut_take_event(b->dut, &event);

	CHECK(b, there);
	if (!there)
		return;
	CHECK_EQ(b, event.type, RVL_EVENT_MOVED);
	CHECK_EQ(b, event.source, 1);
	CHECK_EQ(b, rvl_le24_to_cpu(event.index), index);
	CHECK_EQ(b, event.spi, spi);
	CHECK_EQ(b, event.value, (uint64_t)port << 32 | address);
}

static struct rvl_sa_params watched(struct bench *b, uint32_t spi)
{
	struct rvl_sa_params sa = peer_params_ipv4(&b->random, RVL_INBOUND, spi);

	sa.encap = true;
	sa.src = rvl_addr_of_ipv4(0x0a000001);
	sa.src_port = 4500;
	sa.replay_window = 64;
	return sa;
}

void an_authentic_packet_from_elsewhere_is_told_once(struct bench *b)
{
	struct rvl_sa_params sa = watched(b, 0x77000001);
	struct rvl_event event;

	bench_sa_add(b, 9, &sa);
	sa.spi++;
	sa.encap = false;
	bench_sa_add(b, 10, &sa);
	from(b, sa, 0x0a000009, 9, 1, true, false); /* nobody asked for that SA */
	sa.spi--;
	sa.encap = true;
	from(b, sa, 0x0a000001, 4500, 10, true, false);	 /* as expected */
	from(b, sa, 0x0a000002, 4500, 11, true, true);	 /* forged */
	from(b, sa, 0x0a000002, 4500, 9, true, false);	 /* older */
	from(b, sa, 0x0a000002, 4500, 10, true, false);	 /* seen */
	from(b, sa, 0x0a000002, 4500, 12, false, false); /* not in UDP */
	bench_settle(b);
	CHECK(b, !ipsec_dut_take_event(b->dut, &event));
	from(b, sa, 0x0a000002, 4500, 13, true, false);
	from(b, sa, 0x0a000002, 4500, 14, true, false);
	from(b, sa, 0x0a000001, 4500, 8, true, false); /* late, from before the move */
	from(b, sa, 0x0a000002, 4500, 15, true, false);
	bench_settle(b);
	expect_moved(b, 9, sa.spi, 0x0a000002, 4500);
	CHECK(b, !ipsec_dut_take_event(b->dut, &event));
	from(b, sa, 0x0a000002, 4501, 16, true, false); /* the port alone */
	from(b, sa, 0x0a000001, 4500, 17, true, false); /* and back */
	bench_settle(b);
	expect_moved(b, 9, sa.spi, 0x0a000002, 4501);
	expect_moved(b, 9, sa.spi, 0x0a000001, 4500);
	CHECK(b, !ipsec_dut_take_event(b->dut, &event));
}

void moves_among_many_packets_are_told_as_they_came(struct bench *b)
{
	struct rvl_sa_params sa[3];
	uint32_t at[3] = {0x0a000001, 0x0a000001, 0x0a000001};
	uint64_t top[3] = {100, 100, 100};
	struct {
		uint32_t index, address;
	} told[100];
	unsigned int count;

	for (uint16_t i = 0; i < 3; i++) {
		sa[i] = watched(b, 0x500 + i);
		sa[i].first_seq = top[i] + 1;
		bench_sa_add(b, i, &sa[i]);
	}
	for (int round = 0; round < 20; round++) {
		count = 0;
		if (round == 10)
			ipsec_dut_set_stalls(b->dut, 0, 50);
		for (int n = 0; n < 100; n++) {
			uint32_t i = peer_below(&b->random, 3), kind = peer_below(&b->random, 8);
			uint32_t address = 0x0a000001 + peer_below(&b->random, 2);
			uint64_t seq = kind == 0 ? top[i] - peer_below(&b->random, 60) : top[i] + 1;

			from(b, sa[i], address, 4500, seq, true, kind == 1);
			if (kind == 1 || seq <= top[i])
				continue;
			top[i] = seq;
			if (address != at[i]) {
				told[count].index = i;
				told[count++].address = address;
				at[i] = address;
			}
		}
		bench_settle(b);
		for (unsigned int n = 0; n < count; n++)
			expect_moved(b, told[n].index, 0x500 + told[n].index, told[n].address,
				     4500);
		if (b->failed)
			return;
	}
}

void frames_too_big_for_the_port_use_no_sequence_number(struct bench *b)
{
	/* IPv4, with UDP, with AH, IPv6, with AH */
	static const size_t headers[] = {20, 20 + 8, 20 + 36, 40, 40 + 40};
	struct rvl_cmd query = peer_sa_command(RVL_CMD_OP_SA_QUERY, false, 4);
	uint8_t frame[PEER_FRAME_MAX];

	for (unsigned int form = 0; form < 5; form++) {
		struct rvl_sa_params sa = form >= 3
						  ? peer_params_ipv6(&b->random, RVL_OUTBOUND, 256)
						  : peer_params_ipv4(&b->random, RVL_OUTBOUND, 256);
		uint64_t sent = 0, big = 0;

		bench_reset(b);
		ipsec_dut_set_max_frame(b->dut, 1514);
		sa.encap = form == 1;
		sa.first_seq = 1;
		if (form == 2 || form == 4)
			peer_ah(&sa);
		bench_sa_add(b, 4, &sa);
		b->loose = true;
		for (size_t payload = 1380; payload < 1500; payload++) {
			struct peer_ip ip = {
				.src = 1, .dst = 2, .protocol = 17, .payload = payload};
			size_t l3 =
				peer_ethernet(&b->random, frame, 0x0800, peer_below(&b->random, 3));
			size_t inner = peer_packet(&b->random, frame + l3, &ip);
			size_t outer = l3 + headers[form] + inner;

			if (sa.protocol == RVL_PROTOCOL_ESP)
				outer += 16 + (4 - (inner + 2) % 4) % 4 + 2 + peer_icv(&sa);

			ipsec_dut_host(b->dut, frame, l3 + inner, 4);
			if (outer > 1514)
				big++;
			else
				sent++;
		}
		memset(frame, 0, 1515);
		ipsec_dut_host(b->dut, frame, 1514, IPSEC_DUT_NO_SA);
		ipsec_dut_host(b->dut, frame, 1515, IPSEC_DUT_NO_SA);
		CHECK(b, ipsec_dut_run(b->dut, BENCH_CYCLES));
		CHECK_EQ(b, bench_count(b, RVL_CNT_TX_PROTECTED), sent);
		CHECK_EQ(b, bench_count(b, RVL_CNT_TX_DROP_TOO_BIG), big + 1);
		CHECK_EQ(b, bench_count(b, RVL_CNT_TX_BYPASS), 1);
		CHECK_EQ(b, bench_command(b, &query), RVL_CMD_STATUS_OK);
		CHECK_EQ(b, b->response.seq, sent);
		bench_settle(b);
		b->loose = false;
	}
}
