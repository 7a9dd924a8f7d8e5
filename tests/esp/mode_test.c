// SPDX-License-Identifier: BSD-2-Clause
// Tunnel and transport mode: which headers stay outside and what becomes of them, NATs, TFC,
// dummies.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/esp/checksum.h"
#include "host/esp/cipher.h"
#include "host/esp/engine.h"
#include "tests/esp/packet.h"

#define MOST 2048

static struct rvl_sa_params params_of(bool ipv6, enum rvl_mode mode)
{
	struct rvl_sa_params p = packet_params(RVL_OUTBOUND);

	p.mode = mode;
	p.inner = RVL_FAMILY_IPV4 | RVL_FAMILY_IPV6;
	if (ipv6)
		packet_over_ipv6(&p);
	return p;
}

static void encap(const struct rvl_sa_params *params, struct packet *pkt, const uint8_t *inner,
		  size_t len, int want)
{
	struct rvl_esp_sa *sa = packet_sa(params);

	packet_place(pkt, inner, len);
	assert_int_equal(rvl_esp_encap(sa, &pkt->buf), want);
	if (want) { /* it is as it was */
		assert_int_equal(pkt->buf.len, len);
		assert_memory_equal(rvl_buf_data(&pkt->buf), inner, len);
	}
	rvl_esp_sa_free(sa);
}

static void decap(const struct rvl_sa_params *params, struct packet *pkt, enum rvl_drop want)
{
	const struct rvl_sa_params peer = packet_peer(params);
	struct rvl_esp_sa *sa = packet_sa(&peer);

	assert_int_equal(packet_receive(sa, pkt), want);
	assert_int_equal(rvl_esp_sa_counters(sa).drops[want], want != RVL_DROP_NONE);
	rvl_esp_sa_free(sa);
}

/* --------------------------------------------------------------------------------- tunnel mode */

/* DSCP outwards by rule, and inwards only where the SA says so. */
static void dscp_is_copied_by_rule(void **state)
{
	static struct packet pkt;
	uint8_t inner[MOST];

	(void)state;
	for (int i = 0; i < 32; i++) {
		bool out6 = i & 1, in6 = i & 2, fixed = i & 4, into = i & 8, no_ecn = i & 16;
		struct rvl_sa_params p = params_of(out6, RVL_TUNNEL);
		size_t len =
			in6 ? packet_inner6(inner, 30, 0x2a) : packet_inner(inner, 30, 0x2a, 0);
		uint8_t *o, tos;

		p.fixed_dscp = fixed;
		p.dscp = fixed ? 46 : 0;
		p.copy_dscp_in = into;
		p.no_ecn = no_ecn;
		encap(&p, &pkt, inner, len, 0);
		o = rvl_buf_data(&pkt.buf);
		tos = out6 ? (uint8_t)(rvl_get_be16(o) >> 4) : o[1];
		assert_int_equal(tos, (fixed ? 46 << 2 : 0x28) | (no_ecn ? 0 : 2));
		/* Remarked to CS1, and congested, on its way. */
		rvl_ip_set_tos(o, 0x20 | 3);
		decap(&p, &pkt, RVL_DROP_NONE);
		o = rvl_buf_data(&pkt.buf);
		tos = in6 ? (uint8_t)(rvl_get_be16(o) >> 4) : o[1];
		assert_int_equal(tos, (into ? 0x20 : 0x28) | (no_ecn ? 2 : 3));
		if (!in6)
			assert_int_equal(rvl_ip_checksum(o, RVL_IP_HEADER), 0);
	}
}

/* RFC 6040, figure 4, for all mixes of families; with no ECN the outer one says nothing. */
static void ecn_is_that_of_rfc_6040(void **state)
{
	static struct packet pkt;
	uint8_t inner[MOST];

	(void)state;
	for (int i = 0; i < 128; i++) {
		uint8_t ecn = i & 3, outer = i >> 2 & 3;
		bool out6 = i & 16, in6 = i & 32, none = i & 64;
		struct rvl_sa_params p = params_of(out6, RVL_TUNNEL);
		size_t len = in6 ? packet_inner6(inner, 9, ecn) : packet_inner(inner, 9, ecn, 0);
		int want = none ? ecn : rvl_ecn_decap(ecn, outer);
		uint8_t *o;

		p.no_ecn = none;
		encap(&p, &pkt, inner, len, 0);
		rvl_ip_set_tos(rvl_buf_data(&pkt.buf), outer);
		decap(&p, &pkt, want < 0 ? RVL_DROP_ECN : RVL_DROP_NONE);
		o = rvl_buf_data(&pkt.buf);
		if (want >= 0)
			assert_int_equal(in6 ? rvl_get_be16(o) >> 4 & 255 : o[1], want);
	}
}

static void flow_label_ttl_and_df_obey_the_sa(void **state)
{
	static struct packet pkt;
	uint8_t inner[MOST], *o;

	(void)state;
	for (int i = 0; i < 8; i++) {
		bool in6 = i & 1, copy = i & 2, ttl = i & 4;
		struct rvl_sa_params p = params_of(true, RVL_TUNNEL);
		size_t len = in6 ? packet_inner6(inner, 9, 0) : packet_inner(inner, 9, 0, 0);

		p.copy_flow_label = copy;
		p.ttl = ttl ? 7 : 0;
		encap(&p, &pkt, inner, len, 0);
		o = rvl_buf_data(&pkt.buf);
		assert_int_equal(rvl_get_be32(o) & 0xfffff, copy && in6 ? 0x54321 : 0);
		assert_int_equal(o[7], ttl ? 7 : RVL_DEFAULT_TTL);
		decap(&p, &pkt, RVL_DROP_NONE);
		assert_memory_equal(rvl_buf_data(&pkt.buf), inner, len);
	}
	/* IPv6 is like a packet with DF. */
	for (int i = 0; i < 9; i++) {
		struct rvl_sa_params p = params_of(false, RVL_TUNNEL);
		size_t len =
			i % 3 == 2 ? packet_inner6(inner, 9, 0) : packet_inner(inner, 9, 0, i % 3);

		p.df = (enum rvl_esp_df)(i / 3);
		encap(&p, &pkt, inner, len, 0);
		assert_int_equal(rvl_get_be16(rvl_buf_data(&pkt.buf) + 6),
				 p.df == RVL_ESP_DF_SET || (p.df == RVL_ESP_DF_COPY && i % 3)
					 ? RVL_IP_DF
					 : 0);
	}
}

/* Frames with a VLAN tag, in all mixes of families: the EtherType is that of the packet behind it.
 */
static void ether_type_follows_the_packet(void **state)
{
	const struct rvl_engine_config config = {.outbound_sas = 1, .inbound_sas = 1, .ipv6 = true};
	static struct packet pkt;
	uint8_t inner[MOST];

	(void)state;
	for (int i = 0; i < 4; i++) {
		bool out6 = i & 1, in6 = i & 2;
		struct rvl_engine *engine = rvl_engine_new(&config);
		struct rvl_sa_params p = params_of(out6, RVL_TUNNEL), peer = packet_peer(&p);
		size_t len = in6 ? packet_inner6(inner, 30, 0) : packet_inner(inner, 30, 0, 0);
		const uint8_t header[18] = {2,
					    0,
					    0,
					    0,
					    0,
					    1,
					    2,
					    0,
					    0,
					    0,
					    0,
					    2,
					    0x81,
					    0,
					    0,
					    7,
					    in6 ? 0x86 : 8,
					    in6 ? 0xdd : 0};
		const uint8_t *p_out;

		assert_int_equal(rvl_engine_sa_add(engine, 0, &p, 0), 0);
		assert_int_equal(rvl_engine_sa_add(engine, 0, &peer, 0), 0);
		packet_place(&pkt, inner, len);
		rvl_buf_push(&pkt.buf, sizeof(header));
		memcpy(rvl_buf_data(&pkt.buf), header, sizeof(header));
		assert_int_equal(rvl_engine_tx(engine, 0, &pkt.buf, 0).verdict, RVL_ENGINE_DONE);
		p_out = rvl_buf_data(&pkt.buf);
		assert_memory_equal(p_out, header, 16);
		assert_int_equal(rvl_get_be16(p_out + 16), out6 ? 0x86dd : 0x0800);
		assert_int_equal(rvl_engine_rx(engine, 0, &pkt.buf).verdict, RVL_ENGINE_DONE);
		p_out = rvl_buf_data(&pkt.buf);
		assert_int_equal(pkt.buf.len, sizeof(header) + len);
		assert_memory_equal(p_out, header, sizeof(header));
		assert_memory_equal(p_out + sizeof(header), inner, len);
		rvl_engine_free(engine);
	}
}

static void families_that_an_sa_has_not_inside_are_refused(void **state)
{
	static struct packet pkt;
	uint8_t four[MOST], six[MOST];
	size_t four_len = packet_inner(four, 9, 0, 0), six_len = packet_inner6(six, 9, 0);
	struct rvl_sa_params only4 = params_of(false, RVL_TUNNEL), only6 = only4, both = only4;

	(void)state;
	only4.inner = RVL_FAMILY_IPV4;
	only6.inner = RVL_FAMILY_IPV6;
	encap(&only4, &pkt, six, six_len, -EINVAL);
	encap(&only6, &pkt, four, four_len, -EINVAL);
	encap(&both, &pkt, six, six_len, 0);
	decap(&only4, &pkt, RVL_DROP_TRAILER);
	encap(&both, &pkt, four, four_len, 0);
	decap(&only6, &pkt, RVL_DROP_TRAILER);
	only4.inner = 0;
	assert_int_equal(rvl_esp_sa_new(&only4, &(struct rvl_esp_sa *){NULL}), -EINVAL);
}

/* The next header says one family, and the packet inside is of the other. */
static void packets_of_another_family_than_said_are_dropped(void **state)
{
	static struct packet pkt;
	uint8_t inner[MOST];

	(void)state;
	for (int six = 0; six < 2; six++) {
		struct rvl_sa_params p = params_of(false, RVL_TUNNEL);
		struct rvl_suite suite;
		struct rvl_cipher *c;
		size_t len = six ? packet_inner6(inner, 30, 0) : packet_inner(inner, 58, 0, 0), end;
		uint8_t *esp;

		assert_true(rvl_suite_of(&p, &suite));
		encap(&p, &pkt, inner, len, 0);
		/* Sealed anew around the same plaintext, but for its last octet. */
		esp = rvl_buf_data(&pkt.buf) + RVL_IP_HEADER;
		end = pkt.buf.len - RVL_IP_HEADER - 16 - 16;
		memcpy(esp + 16, inner, len);
		memcpy(esp + 16 + len, (const uint8_t[]){1, 2, 3, 4}, end - len - 2);
		esp[16 + end - 2] = (uint8_t)(end - len - 2);
		esp[16 + end - 1] = six ? 4 : 41;
		c = rvl_cipher_new(&suite, &p, p.encr_key, p.integ_key);
		assert_true(rvl_cipher_seal(c, esp, end, 1));
		rvl_cipher_free(c);
		decap(&p, &pkt, RVL_DROP_INNER);
	}
}

/* ------------------------------------------------------------------------------ transport mode */

/* Put an extension header of 8 octets behind the IPv6 header, or behind that one's others at `at`.
 */
static void extend(uint8_t *p, size_t *len, size_t at, size_t named_at, uint8_t kind)
{
	memmove(p + at + 8, p + at, *len - at);
	memset(p + at, 0, 8);
	p[at] = p[named_at];
	if (kind != RVL_IP_PROTO_FRAGMENT && kind != RVL_IP_PROTO_ROUTING) {
		p[at + 2] = 1; /* PadN */
		p[at + 3] = 4;
	}
	p[named_at] = kind;
	*len += 8;
	rvl_put_be16(p + 4, (uint16_t)(*len - RVL_IPV6_HEADER));
}

/* RFC 4303, section 3.1.1: what is for those on the way stays outside, and nothing else. */
static void extension_headers_stay_outside_that_are_for_the_way(void **state)
{
	static const struct {
		uint8_t kinds[4];
		size_t outside; /* of them */
	} cases[] = {
		{{0}, 0},
		{{RVL_IP_PROTO_DESTINATION}, 0},
		{{RVL_IP_PROTO_ROUTING}, 1},
		{{RVL_IP_PROTO_ROUTING, RVL_IP_PROTO_DESTINATION}, 1},
		{{RVL_IP_PROTO_DESTINATION, RVL_IP_PROTO_ROUTING}, 2},
		{{RVL_IP_PROTO_DESTINATION, RVL_IP_PROTO_ROUTING, RVL_IP_PROTO_DESTINATION}, 2},
		{{RVL_IP_PROTO_FRAGMENT, RVL_IP_PROTO_DESTINATION}, 1},
		{{RVL_IP_PROTO_DESTINATION, RVL_IP_PROTO_DESTINATION}, 0},
	};
	static struct packet pkt;

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		struct rvl_sa_params p = params_of(true, RVL_TRANSPORT);
		const uint8_t *kinds = cases[i / 2].kinds;
		size_t len, at = RVL_IPV6_HEADER, named = 6, front;
		uint8_t inner[MOST], last;

		len = packet_of_sa(inner, &p, 50);
		for (int k = 0; k < 4 && kinds[k]; k++) {
			extend(inner, &len, at, named, kinds[k]);
			named = at;
			at += 8;
		}
		/* Hop-by-hop options before all the others, every other time. */
		if (i & 1)
			extend(inner, &len, RVL_IPV6_HEADER, 6, RVL_IP_PROTO_HOP_BY_HOP);
		front = RVL_IPV6_HEADER + 8 * (cases[i / 2].outside + (i & 1));
		encap(&p, &pkt, inner, len, 0);
		/* All that stays is as it was, but for the length and the last name. */
		last = front == RVL_IPV6_HEADER ? 6 : (uint8_t)(front - 8);
		inner[last] = RVL_IP_PROTO_ESP;
		assert_memory_equal(rvl_buf_data(&pkt.buf), inner, 4);
		assert_memory_equal(rvl_buf_data(&pkt.buf) + 6, inner + 6, front - 6);
		assert_int_equal(rvl_get_be32(rvl_buf_data(&pkt.buf) + front), PACKET_SPI);
		decap(&p, &pkt, RVL_DROP_NONE);
		assert_int_equal(pkt.buf.len, len);
		assert_memory_equal(rvl_buf_data(&pkt.buf) + front, inner + front, len - front);
		assert_int_equal(rvl_get_be16(rvl_buf_data(&pkt.buf) + 4), len - RVL_IPV6_HEADER);
	}
}

static void ipv4_options_stay_outside(void **state)
{
	static struct packet pkt;
	struct rvl_sa_params p = params_of(false, RVL_TRANSPORT);
	uint8_t inner[MOST], *o;
	size_t len = packet_of_sa(inner, &p, 50);

	(void)state;
	memmove(inner + 28, inner + 20, len - 20);
	memcpy(inner + 20, (const uint8_t[]){0x94, 4, 0, 0, 1, 1, 1, 0}, 8); /* router alert */
	len += 8;
	inner[0] = 0x47;
	rvl_put_be16(inner + 2, (uint16_t)len);
	rvl_put_be16(inner + 10, 0);
	rvl_put_be16(inner + 10, rvl_ip_checksum(inner, 28));
	encap(&p, &pkt, inner, len, 0);
	o = rvl_buf_data(&pkt.buf);
	assert_int_equal(o[0], 0x47);
	assert_int_equal(o[9], RVL_IP_PROTO_ESP);
	assert_int_equal(rvl_ip_checksum(o, 28), 0);
	assert_memory_equal(o + 12, inner + 12, 16);
	assert_int_equal(rvl_get_be32(o + 28), PACKET_SPI);
	assert_int_equal(rvl_get_be16(o + 2), pkt.buf.len);
	/* The TTL goes down, and congestion is what the receiver sees. */
	o[8]--;
	o[1] |= 3;
	rvl_put_be16(o + 10, 0);
	rvl_put_be16(o + 10, rvl_ip_checksum(o, 28));
	decap(&p, &pkt, RVL_DROP_NONE);
	o = rvl_buf_data(&pkt.buf);
	assert_int_equal(pkt.buf.len, len);
	assert_int_equal(o[8], inner[8] - 1);
	assert_int_equal(o[1] & 3, 3);
	assert_int_equal(o[9], RVL_IP_PROTO_UDP);
	assert_int_equal(rvl_ip_checksum(o, 28), 0);
	assert_memory_equal(o + 20, inner + 20, len - 20);
}

static void fragments_have_no_transport_mode(void **state)
{
	static struct packet pkt;
	uint8_t inner[MOST];

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct rvl_sa_params p = params_of(i & 1, RVL_TRANSPORT);
		size_t len = packet_of_sa(inner, &p, 50);

		if (i & 1) {
			extend(inner, &len, RVL_IPV6_HEADER, 6, RVL_IP_PROTO_FRAGMENT);
			rvl_put_be16(inner + 42, i & 2 ? 8 : 1);
		} else {
			rvl_put_be16(inner + 6, i & 2 ? 1 : RVL_IP_MF);
		}
		encap(&p, &pkt, inner, len, -EOPNOTSUPP);
		/* A tunnel takes them. */
		p.mode = RVL_TUNNEL;
		encap(&p, &pkt, inner, len, 0);
	}
}

/* ------------------------------------------------------------------------------------- NATs */

/* Is the checksum of the UDP or TCP in this packet right for the addresses that it has? */
static bool upper_right(const uint8_t *p, size_t len, uint8_t protocol)
{
	bool six = p[0] >> 4 == 6;
	size_t header = six ? RVL_IPV6_HEADER : RVL_IP_HEADER, count = six ? 32 : 8;
	const uint8_t *addresses = p + (six ? 8 : 12);
	uint32_t sum = protocol + (uint32_t)(len - header);

	for (size_t i = 0; i < count; i += 2)
		sum += rvl_get_be16(addresses + i);
	for (size_t i = header; i < len; i++)
		sum += (i - header) & 1 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

/* What a NAT does to ESP in UDP: another source, and the datagram's own checksum put right. */
static void translate(struct packet *pkt, const struct rvl_addr *src, const struct rvl_addr *dst)
{
	uint8_t *p = rvl_buf_data(&pkt->buf);
	uint16_t sum;

	if (src->family == 4) {
		memcpy(p + 12, src->octets, 4);
		memcpy(p + 16, dst->octets, 4);
		rvl_put_be16(p + 10, 0);
		rvl_put_be16(p + 10, rvl_ip_checksum(p, RVL_IP_HEADER));
		return;
	}
	memcpy(p + 8, src->octets, 16);
	memcpy(p + 24, dst->octets, 16);
	rvl_put_be16(p + 46, 0);
	sum = rvl_udp6_checksum(p, p + 40, pkt->buf.len - 40);
	rvl_put_be16(p + 46, sum ? sum : 0xffff);
}

/* RFC 3948, section 3.1.2: checksums over the addresses before the NAT are over those after it. */
static void checksums_are_mended_behind_a_nat(void **state)
{
	static struct packet pkt;
	uint8_t inner[MOST];

	(void)state;
	for (int i = 0; i < 4000; i++) {
		bool six = i & 1, tcp = i & 2, none = !six && !tcp && i % 7 == 0;
		struct rvl_sa_params p = params_of(six, RVL_TRANSPORT), in;
		size_t header = six ? RVL_IPV6_HEADER : RVL_IP_HEADER, len;
		size_t at = header + (tcp ? 16 : 6);
		struct rvl_addr src = p.src, dst = p.dst;
		struct rvl_esp_sa *sa;
		uint8_t *o;

		p.encap = true;
		p.src_port = p.dst_port = RVL_ESP_PORT;
		len = packet_of_sa(inner, &p, 20 + packet_random() % 40);
		if (tcp) {
			inner[six ? 6 : 9] = RVL_IP_PROTO_TCP;
			if (!six) {
				rvl_put_be16(inner + 10, 0);
				rvl_put_be16(inner + 10, rvl_ip_checksum(inner, 20));
			}
			packet_put_checksum(inner, len, RVL_IP_PROTO_TCP, at);
		}
		if (none)
			rvl_put_be16(inner + at, 0);
		assert_true(none || upper_right(inner, len, tcp ? 6 : 17));
		encap(&p, &pkt, inner, len, 0);
		for (int k = 0; k < (six ? 16 : 4); k++) {
			src.octets[k] = (uint8_t)packet_random();
			if (i & 4)
				dst.octets[k] = (uint8_t)packet_random();
		}
		translate(&pkt, &src, &dst);
		in = packet_peer(&p);
		in.src = src;
		in.dst = dst;
		in.original_src = p.src;
		if (i & 4)
			in.original_dst = p.dst;
		sa = packet_sa(&in);
		assert_int_equal(packet_receive(sa, &pkt), RVL_DROP_NONE);
		o = rvl_buf_data(&pkt.buf);
		assert_int_equal(pkt.buf.len, len);
		if (none)
			assert_int_equal(rvl_get_be16(o + at), 0);
		else
			assert_true(upper_right(o, len, tcp ? 6 : 17));
		assert_true(none || tcp || rvl_get_be16(o + at));
		/* Nothing else has changed. */
		memcpy(inner + at, o + at, 2);
		assert_memory_equal(o + header, inner + header, len - header);
		rvl_esp_sa_free(sa);
	}
}

/* A sum that becomes 0 goes as its other form where 0 says that there is none (RFC 768), and only
 * there. */
static void checksums_of_0_are_told_from_none(void **state)
{
	(void)state;
	for (int tcp = 0; tcp < 2; tcp++) {
		uint8_t upper[20] = {0}, *field = upper + (tcp ? 16 : 6);
		struct rvl_addr from = rvl_addr_of_ipv4(0x0a000001), to = from;

		/* ~(~0x0001 + ~0x0001 + 0x0002) is 0 as the sum folds. */
		rvl_put_be16(field, 0x0001);
		to.octets[3] = 2;
		rvl_checksum_readdress(upper, sizeof(upper),
				       tcp ? RVL_IP_PROTO_TCP : RVL_IP_PROTO_UDP, &from, &to);
		assert_int_equal(rvl_get_be16(field), tcp ? 0 : 0xffff);
	}
}

/* What is too short to have a checksum, or has none over addresses, is as it was. */
static void what_has_no_checksum_is_not_mended(void **state)
{
	static const uint8_t protocols[] = {RVL_IP_PROTO_TCP, RVL_IP_PROTO_UDP, RVL_IP_PROTO_SCTP,
					    47, RVL_IP_PROTO_ICMP};
	static struct packet pkt;
	uint8_t inner[MOST];

	(void)state;
	for (size_t i = 0; i < sizeof(protocols); i++) {
		for (size_t len = 0; len < 24; len++) {
			struct rvl_sa_params p = params_of(false, RVL_TRANSPORT), in;
			struct rvl_esp_sa *sa;
			size_t total = packet_inner(inner, len, 0, false);

			if ((protocols[i] == RVL_IP_PROTO_TCP && len >= 18) ||
			    (protocols[i] == RVL_IP_PROTO_UDP && len >= 8))
				continue;
			p.encap = true;
			p.src_port = p.dst_port = RVL_ESP_PORT;
			inner[9] = protocols[i];
			memcpy(inner + 12, p.src.octets, 4);
			memcpy(inner + 16, p.dst.octets, 4);
			encap(&p, &pkt, inner, total, 0);
			in = packet_peer(&p);
			in.original_src = rvl_addr_of_ipv4(0x0a000001);
			in.original_dst = rvl_addr_of_ipv4(0x0a000002);
			sa = packet_sa(&in);
			assert_int_equal(packet_receive(sa, &pkt), RVL_DROP_NONE);
			assert_int_equal(pkt.buf.len, total);
			assert_memory_equal(rvl_buf_data(&pkt.buf) + 20, inner + 20, len);
			rvl_esp_sa_free(sa);
		}
	}
}

/* --------------------------------------------------------------------------- TFC and dummies */

static void tfc_padding_hides_the_length_and_goes_again(void **state)
{
	static struct packet pkt;
	uint8_t inner[MOST];

	(void)state;
	for (size_t i = 0; packet_suite(&(struct rvl_sa_params){0}, i); i++) {
		for (int k = 0; k < 60; k++) {
			struct rvl_sa_params p = params_of(k & 1, RVL_TUNNEL);
			size_t len, most = 0;

			packet_suite(&p, i);
			if (p.protocol == RVL_PROTOCOL_AH)
				continue;
			p.mtu = 1400;
			p.tfc = k & 2 ? UINT16_MAX : 700;
			len = k & 4 ? packet_inner6(inner, packet_random() % 1200, 0)
				    : packet_inner(inner, packet_random() % 1200, 0, 0);
			memset(pkt.room, 0xee, sizeof(pkt.room));
			encap(&p, &pkt, inner, len, 0);
			/* What is behind the packet isn't what was there before. */
			if (pkt.buf.len > len + 200) {
				struct packet copy = pkt;
				const uint8_t *end;

				copy.buf.base = copy.room;
				decap(&p, &copy, RVL_DROP_NONE);
				end = rvl_buf_data(&copy.buf) + len;
				assert_true(!end[0] && !memcmp(end, end + 1, 60));
			}
			most = k & 2 ? 1400 : len > 700 ? 0 : 700 + 110;
			if (k & 2) /* as near to the MTU as a block allows */
				assert_in_range(pkt.buf.len, 1400 - 15, 1400);
			else if (most)
				assert_in_range(pkt.buf.len, 700 + 36, most);
			decap(&p, &pkt, RVL_DROP_NONE);
			assert_int_equal(pkt.buf.len, len);
			assert_memory_equal(rvl_buf_data(&pkt.buf), inner, len);
		}
	}
	/* Only a packet that is all inside says where it ends; and where there is no room there is
	 * none. */
	struct rvl_sa_params p = params_of(false, RVL_TRANSPORT);
	struct rvl_esp_sa *sa;
	size_t len = packet_of_sa(inner, &p, 50);

	p.tfc = UINT16_MAX;
	p.mtu = 1400;
	encap(&p, &pkt, inner, len, 0);
	assert_in_range(pkt.buf.len, len, len + 40);
	p.mode = RVL_TUNNEL;
	sa = packet_sa(&p);
	packet_place(&pkt, inner, len);
	pkt.buf.size = pkt.buf.off + len + RVL_ESP_TAILROOM;
	assert_int_equal(rvl_esp_encap(sa, &pkt.buf), 0);
	assert_true(pkt.buf.off + pkt.buf.len <= pkt.buf.size);
	rvl_esp_sa_free(sa);
}

static void dummies_are_of_the_size_that_was_asked_for_and_dropped(void **state)
{
	static struct packet pkt;

	(void)state;
	for (size_t i = 0; packet_suite(&(struct rvl_sa_params){0}, i); i++) {
		for (size_t size = 0; size < 1700; size += 1 + packet_random() % 60) {
			struct rvl_sa_params p =
				params_of(size & 1, size & 2 ? RVL_TUNNEL : RVL_TRANSPORT);
			struct rvl_esp_sa *sa;
			int err;

			packet_suite(&p, i);
			p.mtu = 600; /* which they may be to find out about */
			p.encap = p.protocol == RVL_PROTOCOL_ESP && size & 4;
			p.src_port = p.dst_port = p.encap ? RVL_ESP_PORT : 0;
			sa = packet_sa(&p);
			pkt.buf = (struct rvl_buf){pkt.room, PACKET_ROOM, RVL_ESP_HEADROOM, 0};
			err = rvl_esp_dummy(sa, &pkt.buf, size);
			if (p.protocol == RVL_PROTOCOL_AH) {
				assert_int_equal(err, -EOPNOTSUPP);
			} else if (err) {
				assert_int_equal(err, -EINVAL);
				assert_true(size < 40 + 8 + 8 + 16 + 16 + 32);
			} else {
				assert_in_range(pkt.buf.len, size - 15, size);
				if (!(size & 1))
					assert_int_equal(rvl_get_be16(rvl_buf_data(&pkt.buf) + 6),
							 RVL_IP_DF);
				assert_int_equal(rvl_esp_sa_seq(sa), 1);
				decap(&p, &pkt, RVL_DROP_DUMMY);
			}
			rvl_esp_sa_free(sa);
		}
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dscp_is_copied_by_rule),
		cmocka_unit_test(ecn_is_that_of_rfc_6040),
		cmocka_unit_test(flow_label_ttl_and_df_obey_the_sa),
		cmocka_unit_test(ether_type_follows_the_packet),
		cmocka_unit_test(families_that_an_sa_has_not_inside_are_refused),
		cmocka_unit_test(packets_of_another_family_than_said_are_dropped),
		cmocka_unit_test(extension_headers_stay_outside_that_are_for_the_way),
		cmocka_unit_test(ipv4_options_stay_outside),
		cmocka_unit_test(fragments_have_no_transport_mode),
		cmocka_unit_test(checksums_are_mended_behind_a_nat),
		cmocka_unit_test(checksums_of_0_are_told_from_none),
		cmocka_unit_test(what_has_no_checksum_is_not_mended),
		cmocka_unit_test(tfc_padding_hides_the_length_and_goes_again),
		cmocka_unit_test(dummies_are_of_the_size_that_was_asked_for_and_dropped),
	};
	uint64_t start = argc > 1 ? strtoull(argv[1], NULL, 0) : 0x5eed4303;
	int failed;

	packet_seed = start;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (failed)
		fprintf(stderr, "seed=%llu\n", (unsigned long long)start);
	return failed;
}
