// SPDX-License-Identifier: BSD-2-Clause
/* Transmit policies against the model. */
#include <string.h>

#include "host/esp/ip.h"
#include "tests/rtl/ipsec/ipsec_tests.h"

static uint32_t near_address(struct bench *b)
{
	return 0x0a000000 | (peer_below(&b->random, 4) << 8) | peer_below(&b->random, 4);
}

static uint16_t near_port(struct bench *b)
{
	return peer_below(&b->random, 6) ? (uint16_t)(1000 + peer_below(&b->random, 6))
					 : (uint16_t)(peer_below(&b->random, 2) ? 0 : 65535);
}

static struct rvl_prefix near_network(struct bench *b, bool ipv6)
{
	static const uint8_t lengths[] = {0, 8, 24, 31, 32, 32};
	const struct rvl_addr address = peer_address(ipv6, near_address(b));
	uint8_t len = lengths[peer_below(&b->random, 6)];

	return rvl_prefix_of(&address, ipv6 && len ? len + 96 : len);
}

static void ports(struct bench *b, uint16_t *first, uint16_t *last)
{
	*first = 0;
	*last = UINT16_MAX;
	if (peer_below(&b->random, 2))
		return;
	*first = near_port(b);
	*last = near_port(b);
	if (*first > *last) {
		uint16_t swap = *first;

		*first = *last;
		*last = swap;
	}
}

static struct rvl_policy a_policy(struct bench *b)
{
	static const uint8_t protocols[] = {6, 17, 1};
	struct rvl_policy p = {
		.priority = peer_below(&b->random, 6) ? peer_below(&b->random, 5)
						      : peer_u32(&b->random),
		.action = (enum rvl_action)(1 + peer_below(&b->random, 3)),
		.sa = (uint16_t)peer_below(&b->random, 10),
	};
	struct rvl_selector *s = &p.selector;
	bool ipv6 = peer_below(&b->random, 2);

	s->any_protocol = peer_below(&b->random, 2);
	s->protocol = s->any_protocol ? 0 : protocols[peer_below(&b->random, 3)];
	s->src = near_network(b, ipv6);
	s->dst = near_network(b, ipv6);
	ports(b, &s->src_port_first, &s->src_port_last);
	ports(b, &s->dst_port_first, &s->dst_port_last);
	/* Rules by the type of an ICMP message are only software's. */
	if (s->protocol == RVL_IP_PROTO_ICMP) {
		s->src_port_first = s->dst_port_first = 0;
		s->src_port_last = s->dst_port_last = UINT16_MAX;
	}
	return p;
}

static struct peer_ip near_ip(struct bench *b)
{
	static const uint8_t protocols[] = {6, 6, 17, 17, 1, 47};
	struct peer_ip ip = peer_random_ip(&b->random, peer_below(&b->random, 40));

	ip.src = near_address(b);
	ip.dst = near_address(b);
	ip.protocol = protocols[peer_below(&b->random, 6)];
	ip.sport = near_port(b);
	ip.dport = near_port(b);
	ip.fragment = peer_below(&b->random, 4) ? 0 : (uint16_t)peer_u32(&b->random) & 0x2003;
	return ip;
}

static void a_frame(struct bench *b)
{
	uint8_t frame[PEER_FRAME_MAX];
	struct peer_ip ip = near_ip(b);
	size_t at = peer_ethernet(&b->random, frame, peer_type(&ip), peer_below(&b->random, 3));

	at += peer_packet(&b->random, frame + at, &ip);
	bench_tx(b, frame, at, peer_below(&b->random, 20) ? IPSEC_DUT_NO_SA : 3);
}

void policies_match_as_in_the_model(struct bench *b)
{
	for (uint16_t i = 0; i < 8; i++) { /* SAs 8 and 9 are named, but not there */
		struct rvl_sa_params params = peer_params_any(&b->random, RVL_OUTBOUND, 256 + i);

		bench_sa_add(b, i, &params);
	}
	for (int round = 0; round < 120; round++) {
		unsigned int changes = 1 + peer_below(&b->random, round ? 12 : 80);

		for (unsigned int i = 0; i < changes; i++) {
			uint16_t index = (uint16_t)peer_below(&b->random, BENCH_POLICIES);

			if (peer_below(&b->random, 4)) {
				struct rvl_policy policy = a_policy(b);

				bench_policy(b, index, &policy);
			} else {
				struct rvl_cmd_policy cmd = {.opcode = RVL_CMD_OP_POLICY_CLEAR,
							     .index = rvl_cpu_to_le24(index)};
				unsigned int status = bench_command(b, &cmd);
				int should = rvl_engine_policy_clear(b->model, index);

				CHECK_EQ(b, status,
					 should ? RVL_CMD_STATUS_NOT_FOUND : RVL_CMD_STATUS_OK);
			}
		}
		for (int i = 0; i < 150; i++)
			a_frame(b);
		bench_settle(b);
	}
	CHECK(b, rvl_engine_counters(b->model)->tx_drops[RVL_DROP_POLICY] > 300);
	CHECK(b, rvl_engine_counters(b->model)->tx_drops[RVL_DROP_NO_SA] > 50);
}

/* Rules change while frames are on their way: each frame meets the old rule or the new, no mixture.
 */
void a_rule_is_replaced_in_one_step(struct bench *b)
{
	struct rvl_policy protect = {
		.priority = 5, .selector = rvl_selector_any(4), .action = RVL_PROTECT, .sa = 0};
	struct rvl_policy discard = {
		.priority = 9, .selector = rvl_selector_any(4), .action = RVL_DISCARD};
	struct rvl_sa_params params = peer_params(&b->random, RVL_OUTBOUND, 256);
	uint8_t frame[PEER_FRAME_MAX];

	bench_sa_add(b, 0, &params);
	bench_policy(b, 1, &protect);
	bench_policy(b, 2, &discard);
	b->loose = true;
	for (int i = 0; i < 2000; i++) {
		struct peer_ip ip = peer_random_ip(&b->random, 20);
		size_t at = peer_ethernet(&b->random, frame, 0x0800, 0);

		ip.ipv6 = false;
		at += peer_packet(&b->random, frame + at, &ip);
		ipsec_dut_host(b->dut, frame, at, IPSEC_DUT_NO_SA);
	}
	for (int i = 0; i < 40; i++) {
		struct rvl_policy p = i & 1 ? protect : discard;
		struct rvl_cmd_policy cmd;

		p.priority = peer_below(&b->random, 20);
		cmd = peer_policy_set(1, &p);
		CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_OK);
		p = discard;
		p.priority = peer_below(&b->random, 20);
		cmd = peer_policy_set((uint16_t)(i & 1 ? 2 : 0), &p);
		CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_OK);
	}
	CHECK(b, ipsec_dut_run(b->dut, BENCH_CYCLES));
	CHECK_EQ(b, bench_count(b, RVL_CNT_TX_BYPASS), 0);
	CHECK_EQ(b, bench_count(b, RVL_CNT_TX_PROTECTED) + bench_count(b, RVL_CNT_TX_DROP_POLICY),
		 2000);
	bench_settle(b);
}

void malformed_frames_from_the_host_are_dropped(struct bench *b)
{
	struct rvl_sa_params params = peer_params(&b->random, RVL_OUTBOUND, 256);
	uint8_t frame[PEER_FRAME_MAX];

	bench_sa_add(b, 0, &params);
	for (int i = 0; i < 6000; i++) {
		struct peer_ip ip = peer_random_ip(&b->random, peer_below(&b->random, 60));
		size_t l3 =
			peer_ethernet(&b->random, frame, peer_type(&ip), peer_below(&b->random, 4));
		size_t len = l3 + peer_packet(&b->random, frame + l3, &ip);

		switch (peer_below(&b->random, 5)) {
		case 0:
			len = 14 + peer_below(&b->random, (uint32_t)len - 14);
			break;
		case 1:
			frame[l3] = (uint8_t)peer_u32(&b->random);
			break;
		case 2:
			rvl_put_be16(frame + l3 + (ip.ipv6 ? 4 : 2),
				     (uint16_t)peer_below(&b->random, 160));
			break;
		case 3:
			frame[peer_below(&b->random, (uint32_t)l3)] = (uint8_t)peer_u32(&b->random);
			break;
		default:
			break;
		}
		bench_tx(b, frame, len, peer_below(&b->random, 2) ? 0 : IPSEC_DUT_NO_SA);
	}
	bench_settle(b);
}

/* RFC 4301, section 4.4.1.1: any protocol with ports, here those beyond the model's TCP and UDP. */
void rules_see_the_ports_of_sctp_dccp_and_udp_lite(struct bench *b)
{
	static const uint8_t protocols[] = {33, 132, 136};
	struct rvl_policy discard = {.selector = rvl_selector_any(4), .action = RVL_DISCARD};
	struct rvl_cmd_policy cmd;
	uint8_t frame[PEER_FRAME_MAX];

	discard.selector.dst_port_first = 80;
	discard.selector.dst_port_last = 90;
	cmd = peer_policy_set(17, &discard);
	CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_OK);
	b->loose = true;
	for (unsigned int i = 0; i < 3; i++)
		for (uint16_t port = 75; port < 95; port++)
			for (uint16_t fragment = 0; fragment < 2; fragment++) {
				struct peer_ip ip = {.src = 1,
						     .dst = 2,
						     .protocol = protocols[i],
						     .fragment = fragment,
						     .options = port % 11,
						     .dport = port,
						     .payload = 24};
				size_t at = peer_ethernet(&b->random, frame, 0x0800, i);

				at += peer_packet(&b->random, frame + at, &ip);
				ipsec_dut_host(b->dut, frame, at, IPSEC_DUT_NO_SA);
			}
	CHECK(b, ipsec_dut_run(b->dut, BENCH_CYCLES));
	/* of whole packets those with the ports, and every later fragment */
	CHECK_EQ(b, bench_count(b, RVL_CNT_TX_DROP_POLICY), 3 * (11 + 20));
	bench_settle(b);
	CHECK_EQ(b, b->sent, 3 * 9);
}

static void put_selector(struct rvl_cmd *cmd, const struct rvl_selector *s)
{
	cmd->sa_flags |= RVL_SA_FLAG_SELECTORS |
			 (rvl_selector_family(s) == 6 ? RVL_SA_FLAG_SEL_IPV6 : 0) |
			 (s->any_protocol ? RVL_SA_FLAG_SEL_ANY_PROTO : 0);
	memcpy(cmd->sel_src, s->src.address.octets, sizeof(cmd->sel_src));
	memcpy(cmd->sel_dst, s->dst.address.octets, sizeof(cmd->sel_dst));
	cmd->sel_src_len = s->src.len;
	cmd->sel_dst_len = s->dst.len;
	cmd->sel_proto = s->any_protocol ? 0 : s->protocol;
	cmd->sel_sport_lo = s->src_port_first;
	cmd->sel_sport_hi = s->src_port_last;
	cmd->sel_dport_lo = s->dst_port_first;
	cmd->sel_dport_hi = s->dst_port_last;
}

/* An SA of transport mode whose addresses are near those of a selector, if they may be. */
static struct rvl_sa_params transport_near(struct bench *b, const struct rvl_selector *s,
					   uint32_t spi)
{
	struct rvl_sa_params sa = rvl_selector_family(s) == 6
					  ? peer_params_ipv6(&b->random, RVL_INBOUND, spi)
					  : peer_params_ipv4(&b->random, RVL_INBOUND, spi);

	sa.encap = false;
	if (peer_below(&b->random, 4)) {
		sa.src = s->src.address;
		sa.dst = s->dst.address;
	}
	peer_transport(&sa);
	return sa;
}

/* RFC 4301, section 5.2, as rvl_selector_match() judges it. */
void what_comes_out_of_an_sa_fits_its_selector(struct bench *b)
{
	struct rvl_sa_params sa[16];
	struct rvl_selector selectors[16];
	uint8_t frame[PEER_FRAME_MAX], packet[PEER_FRAME_MAX];
	struct rvl_cmd query;
	uint64_t fits[16] = {0}, sent[16] = {0};

	b->loose = true;
	for (uint16_t i = 0; i < 16; i++) {
		struct rvl_cmd cmd;

		selectors[i] = a_policy(b).selector;
		sa[i] = i & 4 ? transport_near(b, &selectors[i], 300 + i)
			      : peer_params(&b->random, RVL_INBOUND, 300 + i);
		if (i & 1)
			selectors[i].src = rvl_prefix_all(rvl_selector_family(&selectors[i]));
		if (i & 2)
			selectors[i].dst = rvl_prefix_all(rvl_selector_family(&selectors[i]));
		cmd = peer_sa_add(i, &sa[i]);
		put_selector(&cmd, &selectors[i]);
		CHECK_EQ(b, bench_command(b, &cmd), RVL_CMD_STATUS_OK);
	}
	for (uint32_t n = 0; n < 6000; n++) {
		uint32_t i = peer_below(&b->random, 16);
		struct peer_ip ip = near_ip(b);
		struct peer_seal how = peer_seal_plain((uint32_t)sent[i] + 1);
		size_t len = peer_packet(&b->random, packet, &ip);
		size_t at = peer_ethernet(&b->random, frame, peer_outer_type(&sa[i]), 0);
		struct rvl_ip seen;

		CHECK(b, rvl_ip_parse(&seen, packet, len));
		if (sa[i].mode == RVL_TRANSPORT) {
			/* what is inside, between the addresses outside */
			seen.src = sa[i].src;
			seen.dst = sa[i].dst;
			how.next_header = seen.protocol;
			memmove(packet, packet + seen.header_len, len - seen.header_len);
			len -= seen.header_len;
			if (len < 4 || seen.later_fragment)
				continue;
		}
		sent[i]++;
		fits[i] += rvl_selector_match(&selectors[i], &seen, true);
		at += peer_seal(frame + at, &sa[i], &how, packet, len);
		ipsec_dut_wire(b->dut, frame, at, false);
	}
	CHECK(b, ipsec_dut_run(b->dut, BENCH_CYCLES));
	for (uint16_t i = 0; i < 16; i++) {
		query = peer_sa_command(RVL_CMD_OP_SA_QUERY, true, i);
		CHECK_EQ(b, bench_command(b, &query), RVL_CMD_STATUS_OK);
		CHECK_EQ(b, b->response.packets, fits[i]);
		CHECK_EQ(b, b->response.drop_selectors, sent[i] - fits[i]);
		CHECK_EQ(b, b->response.drop_format, 0);
		CHECK_EQ(b, b->response.seq, sent[i]);
	}
	CHECK(b, bench_count(b, RVL_CNT_RX_DROP_SELECTORS) > 1000);
	bench_settle(b);
	CHECK(b, b->received > 100);
}

/* Neighbour discovery and what else doesn't leave its link is nobody's (RFC 4301, section 4.4.1).
 */
void what_is_only_for_its_link_meets_no_rule(struct bench *b)
{
	static const struct {
		uint8_t dst[2], hops, type;
		bool passes;
	} packets[] = {
		{{0xfe, 0x80}, 64, 128, true},	 {{0xfe, 0xbf}, 64, 128, true},
		{{0xfe, 0xc0}, 64, 128, false},	 {{0xff, 0x02}, 255, 128, true},
		{{0xff, 0x05}, 255, 128, false}, {{0x20, 0x01}, 255, 135, true},
		{{0x20, 0x01}, 254, 135, false}, {{0x20, 0x01}, 255, 132, false},
	};
	struct rvl_policy discard = {.selector = rvl_selector_any(6), .action = RVL_DISCARD};
	uint8_t frame[PEER_FRAME_MAX];
	uint64_t passed = 0;

	bench_policy(b, 0, &discard);
	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
		struct peer_ip ip = {.ipv6 = true, .protocol = 58, .payload = 24};
		size_t at = peer_ethernet(&b->random, frame, 0x86dd, i % 3), len;

		len = at + peer_packet(&b->random, frame + at, &ip);
		frame[at + 7] = packets[i].hops;
		memcpy(frame + at + 24, packets[i].dst, 2);
		frame[at + 40] = packets[i].type;
		bench_tx(b, frame, len, IPSEC_DUT_NO_SA);
		passed += packets[i].passes;
	}
	bench_settle(b);
	CHECK_EQ(b, b->sent, passed);
}

/* Packets to TCP port 80 behind one to eight extension headers. */
static void behind_extensions(struct bench *b)
{
	uint8_t frame[PEER_FRAME_MAX];

	for (unsigned int count = 1; count < 9; count++) {
		struct peer_ip ip = {.ipv6 = true, .protocol = 60, .payload = 100};
		size_t at = peer_ethernet(&b->random, frame, 0x86dd, 0), len;
		uint8_t *header = frame + at + 40;

		len = at + peer_packet(&b->random, frame + at, &ip);
		for (unsigned int i = 0; i < count; i++, header += 8) {
			header[0] = i == count - 1 ? RVL_IP_PROTO_TCP : 60;
			header[1] = 0;
		}
		rvl_put_be16(header + 2, 80);
		ipsec_dut_host(b->dut, frame, len, IPSEC_DUT_NO_SA);
	}
	CHECK(b, ipsec_dut_run(b->dut, BENCH_CYCLES));
}

/* More extension headers than the five that the block looks past: rules that protect or discard
 * have them, whatever their protocol and ports are, those that let pass don't. */
void headers_that_are_not_seen_evade_no_rule(struct bench *b)
{
	struct rvl_policy web = {.selector = rvl_selector_any(6), .action = RVL_DISCARD};
	struct rvl_policy rest = web;

	web.selector.any_protocol = false;
	web.selector.protocol = RVL_IP_PROTO_TCP;
	web.selector.dst_port_first = web.selector.dst_port_last = 80;
	rest.priority = 1;
	b->loose = true;
	bench_policy(b, 0, &web);
	behind_extensions(b);
	CHECK_EQ(b, bench_count(b, RVL_CNT_TX_DROP_POLICY), 8);
	bench_settle(b);
	web.action = RVL_BYPASS;
	bench_policy(b, 0, &web);
	bench_policy(b, 1, &rest);
	behind_extensions(b);
	CHECK_EQ(b, bench_count(b, RVL_CNT_TX_BYPASS), 5);
	CHECK_EQ(b, bench_count(b, RVL_CNT_TX_DROP_POLICY), 3);
	bench_settle(b);
}
