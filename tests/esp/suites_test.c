// SPDX-License-Identifier: BSD-2-Clause
// Every combination of algorithms, in both modes and all mixes of families: there and back, and
// whatever can be wrong on the way.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "tests/esp/packet.h"

static size_t inner_of(const struct packet_shape *s, const struct rvl_sa_params *params, uint8_t *p,
		       size_t len)
{
	if (s->mode == RVL_TRANSPORT)
		return packet_of_sa(p, params, len);
	return s->inner6 ? packet_inner6(p, len, 0x28) : packet_inner(p, len, 0x28, true);
}

/* Runs check for each suite and shape. */
typedef void check_fn(const struct packet_shape *s, const struct rvl_sa_params *out,
		      const struct rvl_sa_params *in);

static void for_each(check_fn *check)
{
	struct rvl_sa_params params = packet_params(RVL_OUTBOUND);
	unsigned int ran = 0;

	for (size_t suite = 0; packet_suite(&params, suite); suite++) {
		struct packet_shape s;

		for (unsigned int i = 0; packet_shape_of(i, &s); i++) {
			struct rvl_sa_params out, in;

			if (!packet_sa_of(&s, suite, &out))
				continue;
			in = packet_peer(&out);
			check(&s, &out, &in);
			ran++;
		}
	}
	assert_in_range(ran, 1000, 2000);
}

static void round_trip(const struct packet_shape *s, const struct rvl_sa_params *out_params,
		       const struct rvl_sa_params *in_params)
{
	struct rvl_esp_sa *out = packet_sa(out_params), *in = packet_sa(in_params);
	static struct packet pkt;
	uint8_t inner[2048];
	uint64_t bytes = 0;

	for (size_t i = 0; i < 40; i++) {
		size_t len = inner_of(s, out_params, inner, i < 34 ? i : packet_random() % 1500);

		packet_place(&pkt, inner, len);
		memset(rvl_buf_data(&pkt.buf) + len, 0xee, 7);
		pkt.buf.len = len + 7; /* as short Ethernet frames have it */
		assert_int_equal(rvl_esp_encap(out, &pkt.buf), 0);
		assert_int_equal(rvl_buf_data(&pkt.buf)[0] >> 4, s->outer6 ? 6 : 4);
		assert_true(out_params->protocol == RVL_PROTOCOL_AH || s->encap ||
			    pkt.buf.len % 4 == 0);
		assert_int_equal(packet_receive(in, &pkt), RVL_DROP_NONE);
		assert_int_equal(pkt.buf.len, len);
		assert_memory_equal(rvl_buf_data(&pkt.buf), inner, len);
		bytes += len;
	}
	assert_int_equal(rvl_esp_sa_counters(out).bytes, bytes);
	assert_int_equal(rvl_esp_sa_counters(in).bytes, bytes);
	assert_int_equal(rvl_esp_sa_counters(in).packets, 40);
	assert_int_equal(rvl_esp_sa_seq(in), 40);
	rvl_esp_sa_free(out);
	rvl_esp_sa_free(in);
}

static void every_packet_comes_back_as_it_was(void **state)
{
	(void)state;
	for_each(round_trip);
}

/* Of the octets from ESP or AH on, no bit may change: neither a header's nor a text's. */
static void flipped(const struct packet_shape *s, const struct rvl_sa_params *out_params,
		    const struct rvl_sa_params *in_params)
{
	struct rvl_esp_sa *out = packet_sa(out_params), *in = packet_sa(in_params);
	static struct packet good, pkt;
	struct rvl_esp_place at;
	uint8_t inner[256];

	packet_place(&good, inner, inner_of(s, out_params, inner, 20 + packet_random() % 20));
	assert_int_equal(rvl_esp_encap(out, &good.buf), 0);
	assert_int_equal(rvl_esp_find(&at, &good.buf, RVL_ESP_PORT), RVL_ESP_FOUND);
	for (size_t bit = 8 * at.esp + packet_random() % 5; bit < good.buf.len * 8; bit += 5) {
		struct rvl_esp_place found;
		enum rvl_drop drop;
		uint8_t *p;

		packet_place(&pkt, rvl_buf_data(&good.buf), good.buf.len);
		p = rvl_buf_data(&pkt.buf);
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		/* Another SPI finds another SA. A datagram's checksum isn't what protects it. */
		found = at;
		found.seq = rvl_get_be32(p + at.esp + (at.protocol == RVL_PROTOCOL_AH ? 8 : 4));
		drop = rvl_esp_decap(in, &found, &pkt.buf);
		if (drop != RVL_DROP_ICV && drop != RVL_DROP_WINDOW && drop != RVL_DROP_MALFORMED)
			fail_msg("bit %zu: %s", bit, rvl_drop_name(drop));
		/* No plaintext is left of it. */
		if (out_params->encr != IKE_ENCR_NULL && out_params->protocol == RVL_PROTOCOL_ESP &&
		    out_params->encr != IKE_ENCR_NULL_AUTH_AES_GMAC)
			assert_null(memmem(pkt.room,
					   sizeof(pkt.room) < 1024 ? sizeof(pkt.room) : 1024,
					   inner + 28, 16));
	}
	assert_int_equal(rvl_esp_sa_counters(in).packets, 0);
	assert_int_equal(packet_receive(in, &good), RVL_DROP_NONE);
	rvl_esp_sa_free(out);
	rvl_esp_sa_free(in);
}

static void every_flipped_bit_is_refused(void **state)
{
	(void)state;
	for_each(flipped);
}

/* Cut at every length, with the lengths of its headers put right and not, in exact allocations. */
static void truncated(const struct packet_shape *s, const struct rvl_sa_params *out_params,
		      const struct rvl_sa_params *in_params)
{
	struct rvl_esp_sa *out = packet_sa(out_params), *in = packet_sa(in_params);
	static struct packet good;
	uint8_t inner[256];

	packet_place(&good, inner, inner_of(s, out_params, inner, 30));
	assert_int_equal(rvl_esp_encap(out, &good.buf), 0);
	for (size_t len = packet_random() % 3; len < good.buf.len; len += 3) {
		uint8_t *copy = malloc(len ? len : 1);
		struct rvl_buf buf = {copy, len, 0, len};
		struct rvl_esp_place at;

		memcpy(copy, rvl_buf_data(&good.buf), len);
		if (len & 1 && len >= RVL_IPV6_HEADER) {
			if (s->outer6)
				rvl_put_be16(copy + 4, (uint16_t)(len - RVL_IPV6_HEADER));
			else
				rvl_put_be16(copy + 2, (uint16_t)len);
			rvl_put_be16(copy + 10, s->outer6 ? rvl_get_be16(copy + 10) : 0);
			if (!s->outer6)
				rvl_put_be16(copy + 10, rvl_ip_checksum(copy, RVL_IP_HEADER));
			if (s->encap && len >= 48)
				rvl_put_be16(copy + (s->outer6 ? 44 : 24),
					     (uint16_t)(len - (s->outer6 ? 40 : 20)));
		}
		if (rvl_esp_find(&at, &buf, RVL_ESP_PORT) == RVL_ESP_FOUND)
			assert_int_not_equal(rvl_esp_decap(in, &at, &buf), RVL_DROP_NONE);
		free(copy);
	}
	assert_int_equal(packet_receive(in, &good), RVL_DROP_NONE);
	rvl_esp_sa_free(out);
	rvl_esp_sa_free(in);
}

static void truncation_at_every_length_is_refused(void **state)
{
	(void)state;
	for_each(truncated);
}

/* Noise behind a header that leads to the SA. */
static void noise(const struct packet_shape *s, const struct rvl_sa_params *out_params,
		  const struct rvl_sa_params *in_params)
{
	struct rvl_esp_sa *in = packet_sa(in_params);
	bool ah = out_params->protocol == RVL_PROTOCOL_AH;
	size_t header = s->outer6 ? RVL_IPV6_HEADER : RVL_IP_HEADER;

	for (int i = 0; i < 40; i++) {
		size_t len = header + 8 + packet_random() % 120;
		uint8_t *p = malloc(len);
		struct rvl_buf buf = {p, len, 0, len};
		struct rvl_esp_place at;

		for (size_t k = 0; k < len; k++)
			p[k] = (uint8_t)packet_random();
		p[0] = s->outer6 ? 0x60 : 0x45;
		p[s->outer6 ? 6 : 9] = ah ? RVL_IP_PROTO_AH : RVL_IP_PROTO_ESP;
		rvl_put_be16(p + (s->outer6 ? 4 : 2), (uint16_t)(s->outer6 ? len - 40 : len));
		if (!s->outer6) {
			rvl_put_be16(p + 6, 0);
			rvl_put_be16(p + 10, 0);
			rvl_put_be16(p + 10, rvl_ip_checksum(p, header));
		}
		if (ah)
			p[header + 1] = (uint8_t)(packet_random() % 14);
		if (rvl_esp_find(&at, &buf, RVL_ESP_PORT) == RVL_ESP_FOUND)
			assert_int_not_equal(rvl_esp_decap(in, &at, &buf), RVL_DROP_NONE);
		free(p);
	}
	assert_int_equal(rvl_esp_sa_seq(in), 0);
	rvl_esp_sa_free(in);
}

static void noise_never_passes(void **state)
{
	(void)state;
	for_each(noise);
}

/* Another key, salt, algorithm of the same lengths, SPI or half of the sequence number: nothing. */
static void strangers(const struct packet_shape *s, const struct rvl_sa_params *out_params,
		      const struct rvl_sa_params *in_params)
{
	struct rvl_suite suite;

	rvl_suite_of(out_params, &suite);
	for (int what = 0; what < 5; what++) {
		struct rvl_sa_params other = *in_params;
		struct rvl_esp_sa *out = packet_sa(out_params), *in;
		static struct packet pkt;
		uint8_t inner[256];
		enum rvl_drop drop;

		switch (what) {
		case 0:
			other.encr_key[0] ^= 1;
			break;
		case 1:
			other.integ_key[other.integ_key_len ? other.integ_key_len - 1 : 0] ^= 1;
			break;
		case 2:
			other.salt[3] ^= 1;
			break;
		case 3:
			other.esn = !other.esn;
			break;
		default:
			other.first_seq = 1ull << 32 | 1;
			break;
		}
		if ((what == 0 && !(suite.encr && suite.encr->key)) ||
		    (what == 1 && !suite.integ) ||
		    (what == 2 && !(suite.encr && suite.encr->salt) &&
		     !(suite.integ && suite.integ->salt)) ||
		    (what == 4 && !other.esn)) {
			rvl_esp_sa_free(out);
			continue;
		}
		in = packet_sa(&other);
		packet_place(&pkt, inner, inner_of(s, out_params, inner, 40));
		assert_int_equal(rvl_esp_encap(out, &pkt.buf), 0);
		drop = packet_receive(in, &pkt);
		/* A wrong key to decrypt with is an authentic packet of nonsense where integrity is
		 * another algorithm's. An implicit half of 0 may be the same octets. */
		if (suite.encr && !suite.encr->icv && (what == 0 || what == 2))
			assert_int_not_equal(drop, RVL_DROP_ICV);
		else if (drop != RVL_DROP_ICV && drop != RVL_DROP_WINDOW)
			fail_msg("%d: %s", what, rvl_drop_name(drop));
		rvl_esp_sa_free(out);
		rvl_esp_sa_free(in);
	}
}

static void nothing_but_its_own_sa_takes_it(void **state)
{
	(void)state;
	for_each(strangers);
}

/* ESN from where its high half changes; reordered, repeated and late. */
static void numbers_of_64_bits_go_over_the_edge(void **state)
{
	struct rvl_sa_params params = packet_params(RVL_OUTBOUND);

	(void)state;
	for (size_t suite = 0; packet_suite(&params, suite); suite++) {
		static struct packet pkts[64];
		struct rvl_sa_params in_params;
		struct rvl_esp_sa *out, *in;
		uint8_t inner[256];

		params.esn = true;
		params.first_seq = 0x2ffffffe0;
		in_params = packet_peer(&params);
		out = packet_sa(&params);
		in = packet_sa(&in_params);
		for (size_t i = 0; i < 64; i++) {
			packet_place(&pkts[i], inner, packet_inner(inner, 20, 0, false));
			assert_int_equal(rvl_esp_encap(out, &pkts[i].buf), 0);
		}
		assert_int_equal(rvl_esp_sa_seq(out), 0x30000001f);
		/* 63 first, then those before it from the last to the first. */
		for (size_t i = 64; i-- > 0;) {
			struct packet again = pkts[i];

			assert_int_equal(packet_receive(in, &pkts[i]), RVL_DROP_NONE);
			again.buf.base = again.room;
			assert_int_equal(packet_receive(in, &again), RVL_DROP_REPLAY);
		}
		assert_int_equal(rvl_esp_sa_seq(in), 0x30000001f);
		rvl_esp_sa_free(out);
		rvl_esp_sa_free(in);
	}
}

static void the_last_number_of_64_bits_is_used_once(void **state)
{
	struct rvl_sa_params params = packet_params(RVL_OUTBOUND), in_params;
	static struct packet pkt;
	struct rvl_esp_sa *out, *in;
	uint8_t inner[256];
	size_t len = packet_inner(inner, 20, 0, false);

	(void)state;
	params.esn = true;
	params.first_seq = UINT64_MAX - 1;
	in_params = packet_peer(&params);
	out = packet_sa(&params);
	in = packet_sa(&in_params);
	for (int i = 0; i < 2; i++) {
		packet_place(&pkt, inner, len);
		assert_int_equal(rvl_esp_encap(out, &pkt.buf), 0);
		assert_int_equal(packet_receive(in, &pkt), RVL_DROP_NONE);
	}
	assert_int_equal(rvl_esp_sa_take_events(out),
			 RVL_ESP_EVENT_SEQUENCE_SOON | RVL_ESP_EVENT_SEQUENCE_END);
	packet_place(&pkt, inner, len);
	assert_int_equal(rvl_esp_encap(out, &pkt.buf), -EOVERFLOW);
	assert_int_equal(rvl_esp_sa_counters(out).drops[RVL_DROP_SEQUENCE], 1);
	rvl_esp_sa_free(out);
	rvl_esp_sa_free(in);
	/* Without ESN it is the last one of 32 bits, and there are none above. */
	params.esn = false;
	params.first_seq = 1ull << 32;
	assert_int_equal(rvl_esp_sa_new(&params, &out), -EINVAL);
	params.first_seq = UINT32_MAX;
	out = packet_sa(&params);
	packet_place(&pkt, inner, len);
	assert_int_equal(rvl_esp_encap(out, &pkt.buf), 0);
	packet_place(&pkt, inner, len);
	assert_int_equal(rvl_esp_encap(out, &pkt.buf), -EOVERFLOW);
	rvl_esp_sa_free(out);
}

static void algorithms_that_do_not_fit_are_refused(void **state)
{
	static const struct {
		enum rvl_protocol protocol;
		uint16_t encr, encr_key_len, integ, integ_key_len;
	} cases[] = {
		{RVL_PROTOCOL_ESP, IKE_ENCR_AES_CBC, 16, IKE_INTEG_NONE, 0},
		{RVL_PROTOCOL_ESP, IKE_ENCR_AES_CTR, 16, IKE_INTEG_NONE, 0},
		{RVL_PROTOCOL_ESP, IKE_ENCR_NULL, 0, IKE_INTEG_NONE, 0},
		{RVL_PROTOCOL_ESP, IKE_ENCR_NONE, 0, IKE_INTEG_HMAC_SHA2_256_128, 32},
		{RVL_PROTOCOL_ESP, IKE_ENCR_AES_GCM_16, 16, IKE_INTEG_HMAC_SHA2_256_128, 32},
		{RVL_PROTOCOL_ESP, IKE_ENCR_AES_GCM_16, 20, IKE_INTEG_NONE, 0},
		{RVL_PROTOCOL_ESP, IKE_ENCR_AES_CBC, 16, IKE_INTEG_AES_128_GMAC, 16},
		{RVL_PROTOCOL_ESP, IKE_ENCR_AES_CBC, 16, IKE_INTEG_HMAC_SHA2_256_128, 31},
		{RVL_PROTOCOL_ESP, IKE_ENCR_CHACHA20_POLY1305, 16, IKE_INTEG_NONE, 0},
		{RVL_PROTOCOL_ESP, 4711, 16, IKE_INTEG_NONE, 0},
		{RVL_PROTOCOL_AH, IKE_ENCR_AES_GCM_16, 16, IKE_INTEG_NONE, 0},
		{RVL_PROTOCOL_AH, IKE_ENCR_NULL, 0, IKE_INTEG_HMAC_SHA2_256_128, 32},
		{RVL_PROTOCOL_AH, IKE_ENCR_NONE, 0, IKE_INTEG_NONE, 0},
		{RVL_PROTOCOL_AH, IKE_ENCR_NONE, 0, 4711, 32},
	};
	struct rvl_sa_params p = packet_params(RVL_INBOUND);
	struct rvl_esp_sa *sa;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		p.protocol = cases[i].protocol;
		p.encr = cases[i].encr;
		p.encr_key_len = (uint8_t)cases[i].encr_key_len;
		p.integ = cases[i].integ;
		p.integ_key_len = (uint8_t)cases[i].integ_key_len;
		if (rvl_esp_sa_new(&p, &sa) != -EINVAL)
			fail_msg("case %zu", i);
	}
	/* There is no AH in UDP. */
	p.integ = IKE_INTEG_HMAC_SHA2_256_128;
	assert_int_equal(rvl_esp_sa_new(&p, &sa), 0);
	rvl_esp_sa_free(sa);
	p.encap = true;
	assert_int_equal(rvl_esp_sa_new(&p, &sa), -EINVAL);
}

/* Authentic, but of a text that is no multiple of the cipher's block. */
static void texts_that_are_no_blocks_are_malformed(void **state)
{
	struct rvl_sa_params p = packet_params(RVL_OUTBOUND), in_params;
	const struct rvl_integ *row = rvl_integ_find(IKE_INTEG_HMAC_SHA2_256_128);
	static struct packet pkt;
	struct rvl_esp_sa *in;

	(void)state;
	p.encr = IKE_ENCR_AES_CBC;
	p.integ = row->id;
	p.integ_key_len = row->key;
	in_params = packet_peer(&p);
	in = packet_sa(&in_params);
	for (uint32_t len = 0; len <= 64; len += 4) {
		uint8_t packet[256] = {0x45, [8] = 64, [9] = RVL_IP_PROTO_ESP}, icv[64];
		size_t total = 20 + 8 + 16 + len, n;
		enum rvl_drop drop;

		rvl_put_be16(packet + 2, (uint16_t)(total + row->icv));
		memcpy(packet + 12, p.src.octets, 4);
		memcpy(packet + 16, p.dst.octets, 4);
		rvl_put_be16(packet + 10, rvl_ip_checksum(packet, RVL_IP_HEADER));
		rvl_put_be32(packet + 20, PACKET_SPI);
		rvl_put_be32(packet + 24, 1 + len);
		assert_non_null(EVP_Q_mac(NULL, "HMAC", NULL, row->digest, NULL, p.integ_key,
					  row->key, packet + 20, total - 20, icv, sizeof(icv), &n));
		memcpy(packet + total, icv, row->icv);
		packet_place(&pkt, packet, total + row->icv);
		drop = packet_receive(in, &pkt);
		if (len && len % 16 == 0) /* verified, and nonsense */
			assert_true(drop == RVL_DROP_TRAILER || drop == RVL_DROP_PADDING);
		else
			assert_int_equal(drop, RVL_DROP_MALFORMED);
	}
	rvl_esp_sa_free(in);
}

static void keys_are_cut_as_keymat_has_them(void **state)
{
	uint8_t keymat[100];

	(void)state;
	for (size_t i = 0; i < sizeof(keymat); i++)
		keymat[i] = (uint8_t)i;
	for (size_t i = 0; i < rvl_encr_count; i++) {
		const struct rvl_encr *row = &rvl_encr_table[i];
		struct rvl_sa_params p = {.encr = row->id};

		assert_true(rvl_suite_set_keys(&p, keymat, row->key + row->salt, NULL, 0));
		assert_int_equal(p.encr_key_len, row->key);
		assert_memory_equal(p.encr_key, keymat, row->key);
		assert_memory_equal(p.salt, keymat + row->key, row->salt);
		assert_false(rvl_suite_set_keys(&p, keymat, row->key + row->salt + 1u, NULL, 0));
	}
	for (size_t i = 0; i < rvl_integ_count; i++) {
		const struct rvl_integ *row = &rvl_integ_table[i];
		struct rvl_sa_params p = {.protocol = RVL_PROTOCOL_AH, .integ = row->id};

		assert_true(rvl_suite_set_keys(&p, NULL, 0, keymat, row->key + row->salt));
		assert_int_equal(p.integ_key_len, row->key);
		assert_memory_equal(p.integ_key, keymat, row->key);
		assert_memory_equal(p.salt, keymat + row->key, row->salt);
		assert_false(rvl_suite_set_keys(&p, NULL, 0, keymat, row->key + row->salt - 1u));
	}
}

/* What a data path lacks is told in words, and software lacks nothing. */
static void what_is_lacking_is_told(void **state)
{
	const struct rvl_abilities nic = {
		.protocols = 1u << RVL_PROTOCOL_ESP,
		.modes = 1u << RVL_TUNNEL,
		.outer = RVL_FAMILY_IPV4,
		.inner = RVL_FAMILY_IPV4,
		.encr = rvl_encr_bit(rvl_encr_find(IKE_ENCR_AES_GCM_16, 16)),
		.encap = RVL_FAMILY_IPV4,
		.window = 1024,
	};
	struct rvl_sa_params p = packet_params(RVL_INBOUND);
	char text[512], list[1024];

	(void)state;
	p.encr_key_len = 16;
	assert_false(rvl_abilities_lack(&nic, &p, text, sizeof(text)));
	assert_string_equal(text, "");
	p.mode = RVL_TRANSPORT;
	p.encr = IKE_ENCR_AES_CBC;
	p.integ = IKE_INTEG_HMAC_SHA2_256_128;
	assert_true(rvl_abilities_lack(&nic, &p, text, sizeof(text)));
	assert_string_equal(text, "transport mode, AES-CBC-128, HMAC-SHA2-256-128");
	/* Cut off, and ended. */
	assert_true(rvl_abilities_lack(&nic, &p, text, 10));
	assert_string_equal(text, "transport");
	p.mode = RVL_TUNNEL;
	p.inner = RVL_FAMILY_IPV4 | RVL_FAMILY_IPV6;
	packet_over_ipv6(&p);
	p.encr = IKE_ENCR_AES_GCM_16;
	p.integ = IKE_INTEG_NONE;
	p.esn = true;
	p.replay_window = 2048;
	assert_true(rvl_abilities_lack(&nic, &p, text, sizeof(text)));
	assert_string_equal(text, "ESP over IPv6, IPv6 inside, extended sequence numbers, "
				  "anti-replay window of more than 1024 packets");
	p.encap = true;
	p.esn = false;
	p.replay_window = 1024;
	p.inner = RVL_FAMILY_IPV4;
	assert_true(rvl_abilities_lack(&nic, &p, text, sizeof(text)));
	assert_string_equal(text, "ESP over IPv6, UDP encapsulation over IPv6");
	for (size_t i = 0; packet_suite(&p, i); i++)
		assert_false(rvl_abilities_lack(&rvl_esp_abilities, &p, text, sizeof(text)));
	rvl_abilities_algorithms(&nic, list, sizeof(list));
	assert_string_equal(list, "aes-gcm-128");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_packet_comes_back_as_it_was),
		cmocka_unit_test(every_flipped_bit_is_refused),
		cmocka_unit_test(truncation_at_every_length_is_refused),
		cmocka_unit_test(noise_never_passes),
		cmocka_unit_test(nothing_but_its_own_sa_takes_it),
		cmocka_unit_test(numbers_of_64_bits_go_over_the_edge),
		cmocka_unit_test(the_last_number_of_64_bits_is_used_once),
		cmocka_unit_test(algorithms_that_do_not_fit_are_refused),
		cmocka_unit_test(texts_that_are_no_blocks_are_malformed),
		cmocka_unit_test(keys_are_cut_as_keymat_has_them),
		cmocka_unit_test(what_is_lacking_is_told),
	};
	uint64_t start = argc > 1 ? strtoull(argv[1], NULL, 0) : 0x5eed4303;
	int failed;

	packet_seed = start;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (failed)
		fprintf(stderr, "seed=%llu\n", (unsigned long long)start);
	return failed;
}
