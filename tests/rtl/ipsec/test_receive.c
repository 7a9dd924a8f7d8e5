// SPDX-License-Identifier: BSD-2-Clause
/* What arrives wrong: refused for the right reason, and nothing of it gets through. */
#include <string.h>

#include "host/esp/ip.h"
#include "tests/rtl/ipsec/ipsec_tests.h"

#define ESP_SAS 16

struct sender {
	struct rvl_sa_params params[ESP_SAS];
	uint32_t seq[ESP_SAS];
};

static void sender_new(struct bench *b, struct sender *s)
{
	memset(s, 0, sizeof(*s));
	for (uint16_t i = 0; i < ESP_SAS; i++) {
		s->params[i] =
			peer_params_ipv4(&b->random, RVL_INBOUND, peer_u32(&b->random) | 256);
		bench_sa_add(b, (uint16_t)(i * 61), &s->params[i]);
	}
}

/* Ethernet header and sealed packet; *l3 is where the latter starts. */
static size_t sealed(struct bench *b, uint8_t *frame, size_t *l3, const struct rvl_sa_params *sa,
		     const struct peer_seal *how, size_t payload)
{
	uint8_t packet[PEER_FRAME_MAX];
	struct peer_ip ip = peer_random_ip(&b->random, payload);
	size_t len = peer_packet(&b->random, packet, &ip);

	*l3 = peer_ethernet(&b->random, frame, peer_outer_type(sa), peer_below(&b->random, 3));
	return *l3 + peer_seal(frame + *l3, sa, how, packet, len);
}

static void fix_checksum(uint8_t *ip)
{
	rvl_put_be16(ip + 10, 0);
	rvl_put_be16(ip + 10, rvl_ip_checksum(ip, (size_t)(ip[0] & 15) * 4));
}

/* One frame that is wrong in the way named; `fresh` sequence numbers except for replays. */
static void one_wrong(struct bench *b, struct sender *s)
{
	uint32_t i = peer_below(&b->random, ESP_SAS);
	struct peer_seal how = peer_seal_plain(s->seq[i] + 1);
	size_t payload = peer_below(&b->random, 300), l3, len;
	uint8_t frame[PEER_FRAME_MAX];
	uint8_t *ip;
	unsigned int way = peer_below(&b->random, 20);

	how.udp = peer_below(&b->random, 2);
	how.tos = (uint8_t)peer_u32(&b->random);
	how.extra_pad = peer_below(&b->random, 2) ? 0 : 4 * peer_below(&b->random, 62);
	switch (way) {
	case 0: /* a replay, a jump, or what lies left of the window */
		how.seq = peer_below(&b->random, 2) * peer_below(&b->random, 1100);
		how.seq = s->seq[i] > how.seq ? s->seq[i] - how.seq : 0;
		how.iv = how.seq;
		break;
	case 1:
		how.seq += peer_below(&b->random, 1500);
		break;
	case 2:
		how.extra_pad += 4;
		how.bad_pad = 1 + (int)peer_below(&b->random, (uint32_t)how.extra_pad);
		break;
	case 3:
		how.next_header = peer_below(&b->random, 2) ? 59 : (uint8_t)peer_u32(&b->random);
		break;
	case 4:
		how.pad_length = (int)peer_below(&b->random, 256);
		break;
	case 5:
		how.trailing = peer_below(&b->random, 64);
		how.tfc = peer_below(&b->random, 64);
		break;
	default:
		break;
	}
	len = sealed(b, frame, &l3, &s->params[i], &how, payload);
	ip = frame + l3;
	switch (way) {
	case 6: /* not authentic */
		ip[20 + (how.udp ? 8 : 0) + 8 +
		   peer_below(&b->random, (uint32_t)(len - l3) - 36)] ^=
			(uint8_t)(1 << peer_below(&b->random, 8));
		break;
	case 7:
		frame[len - 1 - peer_below(&b->random, 16)] ^=
			(uint8_t)(1 << peer_below(&b->random, 8));
		break;
	case 8: /* outer checksum */
		ip[peer_below(&b->random, 2) ? 10 : 4] ^= 1;
		break;
	case 9: /* cut short */
		len -= 1 + peer_below(&b->random, (uint32_t)(len - l3) - 28);
		break;
	case 10: /* total length too long, too short, odd */
		rvl_put_be16(ip + 2,
			     (uint16_t)(rvl_get_be16(ip + 2) - 40 + peer_below(&b->random, 80)));
		fix_checksum(ip);
		break;
	case 11:
		rvl_put_be16(ip + 24,
			     (uint16_t)(rvl_get_be16(ip + 24) - 40 + peer_below(&b->random, 80)));
		break;
	case 12: /* unknown SPI or destination */
		ip[how.udp ? 30 : 22] ^= 1;
		break;
	case 13:
		ip[17] ^= 1;
		break;
	case 14: /* fragments */
		rvl_put_be16(ip + 6,
			     peer_below(&b->random, 2) ? 0x2000 : (uint16_t)peer_u32(&b->random));
		fix_checksum(ip);
		break;
	case 15: /* IKE, keepalive, another port */
		if (how.udp)
			memset(ip + 28, 0, 4);
		else
			ip[9] = 51;
		break;
	case 16:
		if (how.udp) {
			rvl_put_be16(ip + 24, (uint16_t)(8 + peer_below(&b->random, 6)));
			ip[28] = 0xff;
		} else {
			ip[0] = (uint8_t)peer_u32(&b->random);
		}
		break;
	case 17:
		if (how.udp)
			rvl_put_be16(ip + 22, (uint16_t)(4496 + peer_below(&b->random, 8)));
		else
			frame[peer_below(&b->random, (uint32_t)l3)] ^= 4;
		break;
	case 18: /* anything at all */
		frame[peer_below(&b->random, (uint32_t)(l3 + 20))] = (uint8_t)peer_u32(&b->random);
		break;
	default:
		break;
	}
	if (bench_rx(b, frame, len).verdict == RVL_ENGINE_DONE || way != 0)
		if (how.seq > s->seq[i])
			s->seq[i] = how.seq;
}

void frames_wrong_in_any_way_are_refused_for_the_right_reason(struct bench *b)
{
	struct sender s;

	sender_new(b, &s);
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 500; i++)
			one_wrong(b, &s);
		bench_settle(b);
		ipsec_dut_set_stalls(b->dut, peer_below(&b->random, 60),
				     peer_below(&b->random, 60));
	}
	for (uint16_t i = 0; i < ESP_SAS; i++)
		bench_query(b, true, (uint16_t)(i * 61));
}

/* Refused frames queue up behind a long one and are then counted one a cycle. */
void bursts_of_replays_on_one_sa_are_counted_one_by_one(struct bench *b)
{
	struct sender s;
	uint8_t frame[PEER_FRAME_MAX];
	size_t l3, len;

	sender_new(b, &s);
	for (uint32_t round = 0; round < 30; round++) {
		struct peer_seal how = peer_seal_plain(++s.seq[0]);

		len = sealed(b, frame, &l3, &s.params[0], &how, 10);
		bench_rx(b, frame, len);
		bench_settle(b);
		how.seq = ++s.seq[0];
		bench_rx(b, frame,
			 sealed(b, frame, &l3, &s.params[peer_below(&b->random, 2)], &how, 8000));
		how.seq = s.seq[0] - 1;
		len = sealed(b, frame, &l3, &s.params[0], &how, 10);
		for (int i = 0; i < 40; i++)
			bench_rx(b, frame, len);
		bench_settle(b);
		bench_query(b, true, 0);
	}
}

void padding_of_every_length_is_checked_to_its_first_octet(struct bench *b)
{
	struct sender s;
	size_t l3, len;
	uint8_t frame[PEER_FRAME_MAX];

	sender_new(b, &s);
	for (size_t extra = 0; extra <= 252; extra += 4)
		for (size_t payload = 0; payload < 70; payload += 3) {
			uint32_t i = peer_below(&b->random, ESP_SAS);
			struct peer_seal how = peer_seal_plain(++s.seq[i]);

			how.extra_pad = extra;
			if (extra && peer_below(&b->random, 2))
				how.bad_pad = 1 + (int)peer_below(&b->random, (uint32_t)extra);
			len = sealed(b, frame, &l3, &s.params[i], &how, payload);
			bench_rx(b, frame, len);
		}
	bench_settle(b);
	CHECK(b, rvl_engine_counters(b->model)->rx_drops[RVL_DROP_PADDING] > 300);
}

/* Padding up to 255 octets of nothing else: no inner packet, whatever the counts say. */
void text_of_padding_alone_is_refused(struct bench *b)
{
	struct sender s;
	uint8_t frame[PEER_FRAME_MAX];

	sender_new(b, &s);
	for (size_t len = 0; len < 80; len++)
		for (int pad = -1; pad < 255; pad += 1 + (int)peer_below(&b->random, 40)) {
			uint32_t i = peer_below(&b->random, ESP_SAS);
			struct peer_seal how = peer_seal_plain(++s.seq[i]);
			uint8_t text[80];
			size_t l3 = peer_ethernet(&b->random, frame, 0x0800, 0);

			for (size_t k = 0; k < len; k++)
				text[k] = (uint8_t)(k + 1);
			how.pad_length = pad;
			l3 += peer_seal(frame + l3, &s.params[i], &how, text, len);
			bench_rx(b, frame, l3);
		}
	bench_settle(b);
}

#define WINDOWS 14

void replay_windows_of_all_sizes_agree_with_the_model(struct bench *b)
{
	static const uint32_t windows[] = {32, 33, 64, 1000, 1024, 4095, 4096};
	struct rvl_sa_params sa[WINDOWS];
	uint64_t top[WINDOWS];
	uint8_t frame[PEER_FRAME_MAX];
	size_t l3;

	/* Some with ESN begin at 0, and others before a border of the halves, the last one
	 * included. */
	for (uint16_t i = 0; i < WINDOWS; i++) {
		sa[i] = peer_params(&b->random, RVL_INBOUND, 300 + i);
		sa[i].replay_window = windows[i % 7];
		if (i >= 7)
			peer_esn(&b->random, &sa[i], peer_below(&b->random, 2000));
		if (i % 4 == 3)
			sa[i].first_seq = 0;
		if (i == 8)
			sa[i].first_seq = UINT64_MAX - 20000;
		top[i] = sa[i].first_seq ? sa[i].first_seq - 1 : 0;
		bench_sa_add(b, i, &sa[i]);
	}
	for (int n = 0; n < 16000; n++) {
		uint32_t i = peer_below(&b->random, WINDOWS);
		uint64_t seq;
		struct peer_seal how;

		switch (peer_below(&b->random, 8)) {
		case 0:
			seq = top[i] + 1 + peer_below(&b->random, 9000);
			break;
		case 1:
			seq = top[i] - peer_below(&b->random, 2) - windows[i % 7] +
			      peer_below(&b->random, 3);
			break;
		case 2:
			seq = top[i] + 1;
			break;
		default:
			seq = top[i] - peer_below(&b->random, windows[i % 7] + 4);
			break;
		}
		if (seq > top[i] && seq - top[i] > UINT32_MAX)
			seq = 0;
		/* With ESN one left of the window is taken for one that comes, once the top is
		 * known. */
		if (sa[i].esn && seq + windows[i % 7] <= top[i])
			bench_settle(b);
		how = peer_seal_plain(seq);
		bench_rx(b, frame, sealed(b, frame, &l3, &sa[i], &how, 20));
		if (seq > top[i])
			top[i] = seq;
		if (n % 1000 == 999)
			bench_settle(b);
	}
}

void sequence_numbers_up_to_the_last_are_received(struct bench *b)
{
	struct rvl_sa_params sa = peer_params(&b->random, RVL_INBOUND, 300);
	static const uint32_t seqs[] = {1,	    0xfffffbff, 0xfffffffe, 0xfffffc00, 0xffffffff,
					0xfffffbff, 0xfffffc01, 0xffffffff, 0,		1};
	uint8_t frame[PEER_FRAME_MAX];
	size_t l3;

	sa.replay_window = 1024;
	bench_sa_add(b, 5, &sa);
	for (size_t i = 0; i < sizeof(seqs) / sizeof(seqs[0]); i++) {
		struct peer_seal how = peer_seal_plain(seqs[i]);

		bench_rx(b, frame, sealed(b, frame, &l3, &sa, &how, 20));
	}
	bench_settle(b);
}

void an_inbound_sa_taken_over_accepts_nothing_up_to_its_highest_number(struct bench *b)
{
	struct rvl_sa_params sa = peer_params(&b->random, RVL_INBOUND, 300);
	struct rvl_cmd cmd = peer_sa_add(3, &sa);
	uint8_t frame[PEER_FRAME_MAX];
	size_t l3;

	cmd.seq = 5000;
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_OK);
	b->loose = true;
	for (uint32_t seq = 4990; seq < 5010; seq++) {
		struct peer_seal how = peer_seal_plain(seq);

		ipsec_dut_wire(b->dut, frame, sealed(b, frame, &l3, &sa, &how, 20), false);
	}
	CHECK(b, ipsec_dut_run(b->dut, BENCH_CYCLES));
	CHECK_EQ(b, bench_count(b, RVL_CNT_RX_DROP_REPLAY), 11);
	b->loose = true;
	bench_settle(b);
	CHECK_EQ(b, b->received, 9);
}

void forged_packets_do_not_move_the_window(struct bench *b)
{
	struct rvl_sa_params sa = peer_params(&b->random, RVL_INBOUND, 300);
	uint8_t frame[PEER_FRAME_MAX];
	size_t l3, len;

	bench_sa_add(b, 9, &sa);
	for (uint32_t i = 1; i < 200; i++) {
		struct peer_seal how = peer_seal_plain(100000 + i * 2000);

		len = sealed(b, frame, &l3, &sa, &how, 40);
		frame[len - 1] ^= 1;
		bench_rx(b, frame, len);
		how = peer_seal_plain(i);
		bench_rx(b, frame, sealed(b, frame, &l3, &sa, &how, 40));
	}
	bench_settle(b);
	CHECK_EQ(b, b->received, 199);
}

void frames_damaged_short_or_long_are_dropped_at_the_port(struct bench *b)
{
	uint8_t frame[IPSEC_DUT_FRAME_MAX] = {0};
	uint64_t dropped = 0;

	b->loose = true;
	for (int i = 0; i < 300; i++) {
		size_t len = peer_below(&b->random, 3) ? 1 + peer_below(&b->random, 200)
						       : 9200 + peer_below(&b->random, 10000);
		bool err = peer_below(&b->random, 3) == 0;

		frame[12] = 8;
		ipsec_dut_wire(b->dut, frame, len, err);
		if (err || len < 14 || len > 9234)
			dropped++;
	}
	CHECK(b, ipsec_dut_run(b->dut, BENCH_CYCLES));
	CHECK_EQ(b, bench_count(b, RVL_CNT_RX_DROP_PORT), dropped);
	CHECK_EQ(b, bench_count(b, RVL_CNT_RX_FRAMES), 300);
	bench_settle(b);
	CHECK_EQ(b, b->received, 300 - dropped);
	ipsec_dut_set_enable(b->dut, false);
	for (int i = 0; i < 20; i++)
		ipsec_dut_wire(b->dut, frame, 60 + (size_t)i, i & 1);
	CHECK(b, ipsec_dut_run(b->dut, BENCH_CYCLES));
	CHECK_EQ(b, bench_count(b, RVL_CNT_RX_DROP_DISABLED), 20);
	bench_settle(b);
	CHECK_EQ(b, b->received, 0);
}

/* No beat reaches the host before the ICV has been verified, so a forged frame leaves no trace. */
void a_forged_frame_shows_the_host_nothing_even_while_it_stalls(struct bench *b)
{
	struct sender s;
	uint8_t frame[PEER_FRAME_MAX];
	size_t l3, len;

	sender_new(b, &s);
	for (int i = 0; i < 20; i++) {
		struct peer_seal how = peer_seal_plain((uint32_t)i + 1);

		len = sealed(b, frame, &l3, &s.params[0], &how, 8000);
		frame[l3 + 60] ^= 0x10;
		bench_rx(b, frame, len);
	}
	ipsec_dut_hold(b->dut, 2);
	for (int i = 0; i < 20000; i++)
		ipsec_dut_step(b->dut);
	ipsec_dut_hold(b->dut, 0);
	bench_settle(b);
	CHECK_EQ(b, b->received, 0);
}

/* "Verifying the RSS hash calculation", Microsoft, Windows driver documentation. */
void flows_have_the_toeplitz_hash_that_others_have(struct bench *b)
{
	static const struct {
		uint32_t src, dst;
		uint16_t sport, dport;
		uint32_t hash, hash_of_addresses;
	} known[] = {
		{0x420995bb, 0xa18e6450, 2794, 1766, 0x51ccc178, 0x323e8fc2},
		{0xc75c6f02, 0x41458c53, 14230, 4739, 0xc626b0ea, 0xd718262a},
		{0x1813c65f, 0x0c16cfb8, 12898, 38024, 0x5c2b394a, 0xd2d0a5de},
		{0x261bcd1e, 0xd18ea306, 48228, 2217, 0xafc7327f, 0x82989176},
		{0x9927a3bf, 0xcabc7f02, 44251, 1303, 0x10e828a2, 0x5d1809c5},
	};
	uint8_t frame[PEER_FRAME_MAX];

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		for (int ports = 0; ports < 2; ports++) {
			struct peer_ip ip = {.src = known[i].src,
					     .dst = known[i].dst,
					     .protocol = ports ? 6 : 1,
					     .sport = known[i].sport,
					     .dport = known[i].dport,
					     .payload = 30};
			size_t at = peer_ethernet(&b->random, frame, 0x0800, 0);

			bench_rx(b, frame, at + peer_packet(&b->random, frame + at, &ip));
			bench_settle(b);
			CHECK_EQ(b, b->last_host.hash,
				 ports ? known[i].hash : known[i].hash_of_addresses);
		}
	}
}

void flows_of_ipv6_have_the_toeplitz_hash_that_others_have(struct bench *b)
{
	static const struct {
		uint8_t src[16], dst[16];
		uint16_t sport, dport;
		uint32_t hash, hash_of_addresses;
	} known[] = {
		{{0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00, 0x1f, 0xff, 0, 0, 0, 0, 0, 0, 0, 7},
		 {0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00, 0, 3, 0, 0, 0, 0, 0, 0, 0, 1},
		 2794,
		 1766,
		 0x40207d3d,
		 0x2cc18cd5},
		{{0x3f, 0xfe, 0x05, 0x01, 0, 8, 0, 0, 0x02, 0x60, 0x97, 0xff, 0xfe, 0x40, 0xef,
		  0xab},
		 {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
		 14230,
		 4739,
		 0xdde51bbf,
		 0x0f0c461c},
		{{0x3f, 0xfe, 0x19, 0, 0x45, 0x45, 0, 3, 0x02, 0, 0xf8, 0xff, 0xfe, 0x21, 0x67,
		  0xcf},
		 {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0x02, 0, 0xf8, 0xff, 0xfe, 0x21, 0x67, 0xcf},
		 44251,
		 38024,
		 0x02d1feef,
		 0x4b61e985},
	};
	uint8_t frame[PEER_FRAME_MAX];

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		for (int ports = 0; ports < 2; ports++) {
			struct peer_ip ip = {.ipv6 = true,
					     .src6 = rvl_addr_of_ipv6(known[i].src),
					     .dst6 = rvl_addr_of_ipv6(known[i].dst),
					     .protocol = ports ? 6 : 58,
					     .options = (unsigned int)i,
					     .sport = known[i].sport,
					     .dport = known[i].dport,
					     .payload = 30};
			size_t at = peer_ethernet(&b->random, frame, 0x86dd, 0);

			bench_rx(b, frame, at + peer_packet(&b->random, frame + at, &ip));
			bench_settle(b);
			CHECK_EQ(b, b->last_host.hash,
				 ports ? known[i].hash : known[i].hash_of_addresses);
		}
	}
}

/* What is to go on to another destination, and what the block doesn't look at: both as they are. */
void esp_behind_headers_that_are_not_seen_goes_to_the_host(struct bench *b)
{
	struct rvl_sa_params sa = peer_params_ipv6(&b->random, RVL_INBOUND, 300);
	struct peer_ip ip = {.src = 1, .dst = 2, .protocol = 17, .payload = 40};
	uint8_t packet[PEER_FRAME_MAX], sealed_packet[PEER_FRAME_MAX], frame[PEER_FRAME_MAX];
	size_t inner = peer_packet(&b->random, packet, &ip);

	bench_sa_add(b, 3, &sa);
	b->loose = true;
	for (unsigned int count = 0; count < 9; count++)
		for (unsigned int left = 0; left < 2; left++) {
			struct peer_seal how = peer_seal_plain(++sa.first_seq);
			size_t len = peer_seal(sealed_packet, &sa, &how, packet, inner);
			size_t at = peer_ethernet(&b->random, frame, 0x86dd, 0), more = 8 * count;
			uint64_t hidden;

			memset(frame + at, 0, 40 + more);
			memcpy(frame + at, sealed_packet, 40);
			memcpy(frame + at + 40 + more, sealed_packet + 40, len - 40);
			for (size_t h = 0; h < more; h += 8)
				frame[at + 40 + h] = RVL_IP_PROTO_DESTINATION;
			if (more) {
				frame[at + 6] = RVL_IP_PROTO_ROUTING;
				frame[at + 43] = (uint8_t)left;
				frame[at + 40 + more - 8] = RVL_IP_PROTO_ESP;
			}
			rvl_put_be16(frame + at + 4, (uint16_t)(len - 40 + more));
			ipsec_dut_wire(b->dut, frame, at + more + len, false);
			CHECK(b, ipsec_dut_run(b->dut, BENCH_CYCLES));
			hidden = bench_count(b, RVL_CNT_RX_HIDDEN);
			bench_settle(b);
			CHECK_EQ(b, b->received, 1);
			CHECK_EQ(b, b->last_host.decrypted, count <= 5 && !(count && left));
			CHECK_EQ(b, hidden, count > 5);
		}
}

void flows_hash_alike_after_decryption_and_spread_over_the_top_bits(struct bench *b)
{
	struct rvl_sa_params sa = peer_params(&b->random, RVL_INBOUND, 300);
	unsigned int seen[16] = {0};
	uint8_t frame[PEER_FRAME_MAX], packet[PEER_FRAME_MAX];

	bench_sa_add(b, 1, &sa);
	for (uint32_t i = 0; i < 256; i++) {
		struct peer_ip ip = {.src = 0x0a000001,
				     .dst = 0x0a000100 + i / 16,
				     .protocol = i & 1 ? 6 : 17,
				     .sport = (uint16_t)(1000 + i),
				     .dport = 80,
				     .payload = 30};
		struct peer_seal how = peer_seal_plain(i + 1);
		size_t len = peer_packet(&b->random, packet, &ip);
		size_t at = peer_ethernet(&b->random, frame, 0x0800, i % 3);
		uint32_t hash;

		memcpy(frame + at, packet, len);
		bench_rx(b, frame, at + len);
		bench_settle(b);
		hash = b->last_host.hash;
		at = peer_ethernet(&b->random, frame, peer_outer_type(&sa), 0);
		bench_rx(b, frame, at + peer_seal(frame + at, &sa, &how, packet, len));
		bench_settle(b);
		CHECK_EQ(b, b->last_host.decrypted, 1);
		CHECK_EQ(b, b->last_host.hash, hash);
		seen[hash >> 28]++;
	}
	for (int i = 0; i < 16; i++)
		CHECK(b, seen[i] >= 4 && seen[i] <= 40);
}

/* RFC 3948 has 4500; a peer behind a NAT that forwards another port, and IKE there, have that. */
void esp_in_udp_is_received_on_the_port_that_its_sa_names(struct bench *b)
{
	static const uint16_t ports[] = {0, 4500, 4501, 500, 65535};
	uint8_t packet[PEER_FRAME_MAX], frame[PEER_FRAME_MAX];
	struct peer_ip ip = {.src = 1, .dst = 2, .protocol = 1, .payload = 40};
	size_t inner = peer_packet(&b->random, packet, &ip);
	struct rvl_sa_params sa[5];

	b->loose = true;
	for (uint16_t i = 0; i < 5; i++) {
		struct rvl_cmd cmd;

		sa[i] = peer_params_ipv4(&b->random, RVL_INBOUND, 300 + i);
		sa[i].encap = true;
		cmd = peer_sa_add(i, &sa[i]);
		cmd.udp_dport = ports[i];
		CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_OK);
	}
	for (uint16_t i = 0; i < 5; i++)
		for (uint16_t k = 1; k < 5; k++) {
			uint16_t own = ports[i] ? ports[i] : RVL_ESP_PORT;
			struct peer_seal how = peer_seal_plain(k);
			size_t at = peer_ethernet(&b->random, frame, 0x0800, k % 3), len;

			how.udp = true;
			len = at + peer_seal(frame + at, &sa[i], &how, packet, inner);
			rvl_put_be16(frame + at + 22, ports[k]);
			ipsec_dut_wire(b->dut, frame, len, false);
			bench_settle(b);
			CHECK_EQ(b, b->received, 1);
			CHECK_EQ(b, b->last_host.decrypted, own == ports[k]);
			CHECK_EQ(b, b->last_host.udp, own == ports[k]);
		}
	/* Plain ESP on any of them; and other ports' datagrams are no ESP that has missed its SA.
	 */
	for (uint16_t i = 0; i < 5; i++) {
		struct peer_seal how = peer_seal_plain(9);
		size_t at = peer_ethernet(&b->random, frame, 0x0800, 0);

		ipsec_dut_wire(b->dut, frame,
			       at + peer_seal(frame + at, &sa[i], &how, packet, inner), false);
		bench_settle(b);
		CHECK_EQ(b, b->last_host.decrypted, 1);
		CHECK_EQ(b, b->last_host.udp, 0);
	}
}
