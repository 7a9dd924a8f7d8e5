// SPDX-License-Identifier: BSD-2-Clause
// Cutting packets and putting fragments together: by hand, at random in both directions, and with
// everything that can be wrong.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/esp/fragment.h"
#include "host/esp/ip.h"
#include "host/esp/reassembly.h"

#define PACKET 65575
#define PIECES 1200
#define TIMEOUT 30000

struct piece {
	uint8_t *octets;
	size_t len;
};

struct pieces {
	struct piece list[PIECES];
	size_t count;
};

static const struct rvl_reassembly_limits usual = {
	.datagrams = 64, .octets = 1 << 20, .timeout_ms = TIMEOUT, .source_datagrams = 16};
static uint64_t seed = 0x5eed4303;

static uint32_t random_below(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16) % n;
}

/* A packet of either family with a payload of so many octets; id is its identification. */
static size_t make_packet(uint8_t *p, int family, size_t payload, uint16_t id)
{
	size_t header = family == 4 ? RVL_IP_HEADER : RVL_IPV6_HEADER;

	memset(p, 0, header);
	if (family == 4) {
		p[0] = 0x45;
		p[1] = 2 << 2 | RVL_ECN_ECT0;
		rvl_put_be16(p + 2, (uint16_t)(header + payload));
		rvl_put_be16(p + 4, id);
		p[8] = 64;
		p[9] = RVL_IP_PROTO_UDP;
		rvl_put_be32(p + 12, 0x0a000001);
		rvl_put_be32(p + 16, 0x0a000002);
		rvl_put_be16(p + 10, rvl_ip_checksum(p, header));
	} else {
		rvl_put_be32(p, 6u << 28 | (2 << 2 | RVL_ECN_ECT0) << 20);
		rvl_put_be16(p + 4, (uint16_t)payload);
		p[6] = RVL_IP_PROTO_UDP;
		p[7] = 64;
		p[8] = p[24] = 0xfd;
		p[23] = 1;
		p[39] = 2;
	}
	for (size_t i = 0; i < payload; i++)
		p[header + i] = (uint8_t)random_below(256);
	return header + payload;
}

static int keep(void *context, const uint8_t *packet, size_t len)
{
	struct pieces *pieces = context;
	struct piece *piece = &pieces->list[pieces->count++];

	assert_true(pieces->count <= PIECES);
	piece->octets = malloc(len);
	assert_non_null(piece->octets);
	memcpy(piece->octets, packet, len);
	piece->len = len;
	return 0;
}

static void drop(struct pieces *pieces)
{
	while (pieces->count)
		free(pieces->list[--pieces->count].octets);
}

static struct rvl_reassembly *reassembly(const struct rvl_reassembly_limits *limits)
{
	struct rvl_reassembly *r = rvl_reassembly_new(limits);

	assert_non_null(r);
	return r;
}

static enum rvl_reassembly_result take(struct rvl_reassembly *r, const struct piece *piece,
				       struct rvl_buf *whole)
{
	return rvl_reassembly_take(r, piece->octets, piece->len, 0, whole);
}

static void assert_whole(const struct rvl_buf *whole, const uint8_t *packet, size_t len)
{
	assert_int_equal(whole->len, len);
	assert_true(rvl_buf_headroom(whole) >= RVL_REASSEMBLY_HEADROOM);
	assert_memory_equal(rvl_buf_data(whole), packet, len);
}

/* Of an IPv4 packet of 8-octet units "offset, units, more". */
static struct piece piece_of(uint8_t *room, uint16_t id, size_t offset, size_t units, bool more,
			     uint8_t fill)
{
	size_t len = make_packet(room, 4, units * 8, id);

	rvl_put_be16(room + 6, (uint16_t)((more ? RVL_IP_MF : 0) | offset));
	rvl_put_be16(room + 10, 0);
	rvl_put_be16(room + 10, rvl_ip_checksum(room, RVL_IP_HEADER));
	memset(room + RVL_IP_HEADER, fill, units * 8);
	return (struct piece){room, len};
}

static enum rvl_reassembly_result take_units(struct rvl_reassembly *r, uint16_t id, size_t offset,
					     size_t units, bool more, uint8_t fill)
{
	uint8_t room[2048];
	struct piece piece = piece_of(room, id, offset, units, more, fill);
	struct rvl_buf whole;

	return take(r, &piece, &whole);
}

/* RFC 791, section 3.2: 3 fragments, and what each of their headers says. */
static void a_packet_is_cut_as_the_rfc_says(void **state)
{
	static const struct {
		uint16_t total, place;
	} wanted[] = {{276, RVL_IP_MF | 0}, {276, RVL_IP_MF | 32}, {40, 64}};
	uint8_t packet[600];
	size_t len = make_packet(packet, 4, 532, 111);
	struct pieces pieces = {.count = 0};

	(void)state;
	packet[6] |= RVL_IP_DF >> 8;
	assert_int_equal(rvl_fragment(packet, len, 280, 0, keep, &pieces), 0);
	assert_int_equal(pieces.count, 3);
	for (size_t i = 0; i < 3; i++) {
		const uint8_t *p = pieces.list[i].octets;

		assert_int_equal(rvl_get_be16(p + 2), wanted[i].total);
		assert_int_equal(rvl_get_be16(p + 6), wanted[i].place);
		assert_int_equal(rvl_get_be16(p + 4), 111);
		assert_int_equal(rvl_ip_checksum(p, RVL_IP_HEADER), 0);
	}
	drop(&pieces);
}

static void options_go_along_that_say_so(void **state)
{
	/* No operation; record route, which isn't copied; loose source route, which is; end. */
	static const uint8_t options[] = {1, 7, 7, 4, 0, 0, 0, 0, 131, 7, 4, 10, 0, 0, 9, 0};
	uint8_t packet[RVL_IP_HEADER + sizeof(options) + 200], plain[RVL_IP_HEADER + 200];
	struct pieces pieces = {.count = 0};
	struct rvl_reassembly *r = reassembly(&usual);
	struct rvl_buf whole;

	(void)state;
	make_packet(plain, 4, 200, 5);
	memcpy(packet, plain, RVL_IP_HEADER);
	memcpy(packet + RVL_IP_HEADER, options, sizeof(options));
	memcpy(packet + RVL_IP_HEADER + sizeof(options), plain + RVL_IP_HEADER, 200);
	packet[0] = 0x49;
	rvl_put_be16(packet + 2, sizeof(packet));
	rvl_put_be16(packet + 10, 0);
	rvl_put_be16(packet + 10, rvl_ip_checksum(packet, 36));
	assert_int_equal(rvl_fragment(packet, sizeof(packet), 100, 0, keep, &pieces), 0);
	assert_int_equal(pieces.list[0].octets[0], 0x49);
	for (size_t i = 1; i < pieces.count; i++) {
		assert_int_equal(pieces.list[i].octets[0], 0x47);
		assert_memory_equal(pieces.list[i].octets + RVL_IP_HEADER, options + 8, 7);
		assert_int_equal(pieces.list[i].octets[27], 0);
	}
	for (size_t i = pieces.count; i-- > 1;)
		assert_int_equal(take(r, &pieces.list[i], &whole), RVL_REASSEMBLY_HELD);
	assert_int_equal(take(r, &pieces.list[0], &whole), RVL_REASSEMBLY_WHOLE);
	assert_whole(&whole, packet, sizeof(packet));
	/* One whose options go beyond its header isn't cut. */
	packet[RVL_IP_HEADER + 9] = 60;
	assert_int_equal(rvl_fragment(packet, sizeof(packet), 100, 0, keep, &pieces), -EINVAL);
	packet[RVL_IP_HEADER + 9] = 1;
	assert_int_equal(rvl_fragment(packet, sizeof(packet), 100, 0, keep, &pieces), -EINVAL);
	drop(&pieces);
	rvl_reassembly_free(r);
}

static void shuffle(struct pieces *pieces)
{
	for (size_t i = pieces->count; i > 1; i--) {
		size_t k = random_below((uint32_t)i);
		struct piece swapped = pieces->list[i - 1];

		pieces->list[i - 1] = pieces->list[k];
		pieces->list[k] = swapped;
	}
}

/* Twice cut, in any order, some of it twice: what comes out is what went in. */
static void whatever_is_cut_comes_together(void **state)
{
	uint8_t *packet = malloc(PACKET);
	struct rvl_reassembly *r = reassembly(&usual);

	(void)state;
	assert_non_null(packet);
	for (unsigned int round = 0; round < 2000; round++) {
		int family = round % 2 ? 6 : 4;
		size_t least = family == 4 ? 68 : 1280;
		size_t mtu = least + random_below(1500), header = family == 4 ? 20 : 40;
		size_t most = round % 100 < 2 ? 65535 - (family == 4 ? 20 : 0) : 8 * mtu;
		size_t payload = mtu - header + 1 + random_below((uint32_t)(most - mtu + header));
		size_t len = make_packet(packet, family, payload, (uint16_t)round);
		struct pieces first = {.count = 0}, pieces = {.count = 0};
		struct rvl_buf whole = {.len = 0};

		assert_int_equal(rvl_fragment(packet, len, mtu < 600 && payload > 9000 ? 600 : mtu,
					      round, keep, &first),
				 0);
		for (size_t i = 0; i < first.count; i++) {
			assert_true(first.list[i].len <= (mtu < 600 ? 600 : mtu));
			if (family == 4 && random_below(2) && first.count < 200)
				assert_int_equal(rvl_fragment(first.list[i].octets,
							      first.list[i].len, 68 + mtu / 2, 0,
							      keep, &pieces),
						 0);
			else
				keep(&pieces, first.list[i].octets, first.list[i].len);
		}
		shuffle(&pieces);
		for (size_t i = 0; i < pieces.count; i++) {
			bool last = i + 1 == pieces.count;

			assert_int_equal(take(r, &pieces.list[i], &whole),
					 last ? RVL_REASSEMBLY_WHOLE : RVL_REASSEMBLY_HELD);
			if (!last && !random_below(4))
				assert_int_equal(take(r,
						      &pieces.list[random_below((uint32_t)i + 1)],
						      &whole),
						 RVL_REASSEMBLY_HELD);
		}
		assert_whole(&whole, packet, len);
		drop(&first);
		drop(&pieces);
	}
	assert_int_equal(rvl_reassembly_counters(r)->whole, 2000);
	assert_int_equal(rvl_reassembly_counters(r)->refused, 0);
	rvl_reassembly_free(r);
	free(packet);
}

/* RFC 8200, section 4.5: what goes before the fragment header stays, and what it says follows. */
static void headers_before_a_fragment_header_stay(void **state)
{
	uint8_t packet[2000], first[200], second[200];
	struct rvl_reassembly *r = reassembly(&usual);
	struct rvl_buf whole;

	(void)state;
	make_packet(packet, 6, 48, 0);
	memcpy(first, packet, 40);
	first[6] = 60; /* destination options, then the fragment header */
	memcpy(first + 40, (uint8_t[]){44, 0, 1, 4, 0, 0, 0, 0}, 8);
	memcpy(first + 48, (uint8_t[]){17, 0, 0, 1, 0, 0, 0, 9}, 8);
	memcpy(second, first, 56);
	memcpy(first + 56, packet + 40, 32);
	memcpy(second + 56, packet + 72, 16);
	rvl_put_be16(second + 50, 32);
	rvl_put_be16(first + 4, 8 + 8 + 32);
	rvl_put_be16(second + 4, 8 + 8 + 16);
	assert_int_equal(rvl_reassembly_take(r, second, 72, 0, &whole), RVL_REASSEMBLY_HELD);
	assert_int_equal(rvl_reassembly_take(r, first, 88, 0, &whole), RVL_REASSEMBLY_WHOLE);
	assert_int_equal(whole.len, 40 + 8 + 48);
	assert_int_equal(rvl_get_be16(rvl_buf_data(&whole) + 4), 56);
	assert_int_equal(rvl_buf_data(&whole)[6], 60);
	assert_int_equal(rvl_buf_data(&whole)[40], 17);
	assert_memory_equal(rvl_buf_data(&whole) + 48, packet + 40, 48);
	rvl_reassembly_free(r);
}

static void overlaps_end_a_datagram(void **state)
{
	/* After units 0 to 9 and 20 to 29: offset, units, more. */
	static const struct {
		size_t offset, units;
		bool more;
	} bad[] = {
		{9, 2, true},	{19, 2, true},	{0, 30, true},
		{5, 2, true},	{20, 10, true}, /* the same place, other octets */
		{22, 1, false},			/* an end within */
		{10, 5, false},			/* an end before what is there */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct rvl_reassembly *r = reassembly(&usual);

		assert_int_equal(take_units(r, 1, 0, 10, true, 1), RVL_REASSEMBLY_HELD);
		assert_int_equal(take_units(r, 1, 20, 10, true, 1), RVL_REASSEMBLY_HELD);
		assert_int_equal(take_units(r, 1, bad[i].offset, bad[i].units, bad[i].more, 2),
				 RVL_REASSEMBLY_REFUSED);
		/* Nor does the rest make it whole, or another one. */
		assert_int_equal(take_units(r, 1, 10, 10, true, 1), RVL_REASSEMBLY_REFUSED);
		assert_int_equal(take_units(r, 1, 30, 10, false, 1), RVL_REASSEMBLY_REFUSED);
		assert_int_equal(take_units(r, 2, 0, 1, true, 1), RVL_REASSEMBLY_HELD);
		assert_int_equal(rvl_reassembly_counters(r)->overlaps, 1);
		assert_int_equal(rvl_reassembly_counters(r)->whole, 0);
		rvl_reassembly_free(r);
	}
}

static void nothing_lies_beyond_the_end(void **state)
{
	struct rvl_reassembly *r = reassembly(&usual);

	(void)state;
	assert_int_equal(take_units(r, 1, 10, 10, false, 1), RVL_REASSEMBLY_HELD);
	assert_int_equal(take_units(r, 1, 20, 1, true, 1), RVL_REASSEMBLY_REFUSED);
	assert_int_equal(take_units(r, 2, 10, 10, false, 1), RVL_REASSEMBLY_HELD);
	assert_int_equal(take_units(r, 2, 5, 4, false, 1), RVL_REASSEMBLY_REFUSED);
	rvl_reassembly_free(r);
}

/* RFC 3168, section 5.3. */
static void congestion_stays(void **state)
{
	static const struct {
		uint8_t first, second;
		int whole; /* -1: refused */
	} cases[] = {
		{RVL_ECN_ECT0, RVL_ECN_ECT0, RVL_ECN_ECT0}, {RVL_ECN_ECT0, RVL_ECN_CE, RVL_ECN_CE},
		{RVL_ECN_CE, RVL_ECN_ECT1, RVL_ECN_CE},	    {RVL_ECN_CE, RVL_ECN_CE, RVL_ECN_CE},
		{RVL_ECN_NOT_ECT, RVL_ECN_CE, -1},	    {RVL_ECN_CE, RVL_ECN_NOT_ECT, -1},
		{RVL_ECN_NOT_ECT, RVL_ECN_NOT_ECT, 0},
	};

	(void)state;
	for (int family = 4; family <= 6; family += 2) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			struct rvl_reassembly *r = reassembly(&usual);
			struct pieces pieces = {.count = 0};
			uint8_t packet[3000];
			size_t len = make_packet(packet, family, 2000, 7);
			struct rvl_buf whole;
			enum rvl_reassembly_result result = RVL_REASSEMBLY_HELD;

			assert_int_equal(rvl_fragment(packet, len, 1280, 7, keep, &pieces), 0);
			assert_int_equal(pieces.count, 2);
			for (size_t k = 0; k < 2; k++) {
				uint8_t *p = pieces.list[k].octets;
				uint8_t ecn = k ? cases[i].second : cases[i].first;

				if (family == 4)
					rvl_ip_set_tos(p, (uint8_t)(8 | ecn));
				else
					p[1] = (uint8_t)((p[1] & 0xcf) | ecn << 4);
				result = take(r, &pieces.list[k], &whole);
			}
			assert_int_equal(result, cases[i].whole < 0 ? RVL_REASSEMBLY_REFUSED
								    : RVL_REASSEMBLY_WHOLE);
			if (cases[i].whole >= 0) {
				uint8_t *p = rvl_buf_data(&whole);
				uint8_t tos = (uint8_t)(rvl_get_be16(p) >> 4);

				assert_int_equal((family == 4 ? p[1] : tos) & RVL_ECN_MASK,
						 cases[i].whole);
				if (family == 4)
					assert_int_equal(rvl_ip_checksum(p, RVL_IP_HEADER), 0);
			}
			drop(&pieces);
			rvl_reassembly_free(r);
		}
	}
}

static void what_cannot_be_is_refused(void **state)
{
	struct rvl_reassembly *r = reassembly(&usual);
	uint8_t room[2048];
	struct piece piece;
	struct rvl_buf whole;

	(void)state;
	/* Whole already. */
	piece = piece_of(room, 1, 0, 4, false, 0);
	assert_int_equal(take(r, &piece, &whole), RVL_REASSEMBLY_REFUSED);
	/* Without its last octets; of a wrong checksum. */
	piece = piece_of(room, 1, 0, 4, true, 0);
	piece.len--;
	assert_int_equal(take(r, &piece, &whole), RVL_REASSEMBLY_REFUSED);
	piece = piece_of(room, 1, 0, 4, true, 0);
	room[8]--;
	assert_int_equal(take(r, &piece, &whole), RVL_REASSEMBLY_REFUSED);
	/* Without a payload; beyond the largest packet. */
	piece = piece_of(room, 1, 4, 0, false, 0);
	assert_int_equal(take(r, &piece, &whole), RVL_REASSEMBLY_REFUSED);
	piece = piece_of(room, 1, 8189, 1, false, 0);
	assert_int_equal(take(r, &piece, &whole), RVL_REASSEMBLY_REFUSED);
	/* Of a length that leaves a hole. */
	piece = piece_of(room, 1, 0, 4, true, 0);
	rvl_put_be16(room + 2, 51);
	rvl_put_be16(room + 10, 0);
	rvl_put_be16(room + 10, rvl_ip_checksum(room, RVL_IP_HEADER));
	assert_int_equal(take(r, &piece, &whole), RVL_REASSEMBLY_REFUSED);
	assert_int_equal(rvl_reassembly_take(r, room, 0, 0, &whole), RVL_REASSEMBLY_REFUSED);
	assert_int_equal(rvl_reassembly_counters(r)->refused, 7);
	rvl_reassembly_free(r);
}

static void time_is_bounded(void **state)
{
	struct rvl_reassembly *r = reassembly(&usual);
	uint8_t first[200], second[200];
	struct piece a = piece_of(first, 1, 0, 4, true, 0), b = piece_of(second, 1, 4, 4, false, 0);
	struct rvl_buf whole;

	(void)state;
	assert_int_equal(rvl_reassembly_take(r, a.octets, a.len, 0, &whole), RVL_REASSEMBLY_HELD);
	assert_int_equal(rvl_reassembly_take(r, b.octets, b.len, TIMEOUT - 1, &whole),
			 RVL_REASSEMBLY_WHOLE);
	assert_int_equal(rvl_reassembly_take(r, a.octets, a.len, 0, &whole), RVL_REASSEMBLY_HELD);
	assert_int_equal(rvl_reassembly_take(r, b.octets, b.len, TIMEOUT, &whole),
			 RVL_REASSEMBLY_HELD);
	assert_int_equal(rvl_reassembly_counters(r)->timeouts, 1);
	rvl_reassembly_free(r);
}

/* As many datagrams as a source may have, and all: the newest ones stay. */
static void datagrams_are_bounded(void **state)
{
	struct rvl_reassembly_limits limits = usual;
	struct rvl_reassembly *r;
	uint8_t room[200];
	struct rvl_buf whole;

	(void)state;
	limits.datagrams = 8;
	limits.source_datagrams = 3;
	r = reassembly(&limits);
	for (uint16_t id = 0; id < 5; id++) {
		struct piece piece = piece_of(room, id, 0, 4, true, 0);

		assert_int_equal(rvl_reassembly_take(r, piece.octets, piece.len, id, &whole),
				 RVL_REASSEMBLY_HELD);
	}
	assert_int_equal(rvl_reassembly_counters(r)->evicted, 2);
	for (uint16_t id = 2; id < 5; id++) {
		struct piece piece = piece_of(room, id, 4, 4, false, 0);

		assert_int_equal(rvl_reassembly_take(r, piece.octets, piece.len, 5, &whole),
				 RVL_REASSEMBLY_WHOLE);
	}
	/* Other sources are none the worse until all is full. */
	for (uint16_t id = 0; id < 9; id++) {
		struct piece piece = piece_of(room, id, 0, 4, true, 0);

		room[15] = (uint8_t)(10 + id);
		rvl_put_be16(room + 10, 0);
		rvl_put_be16(room + 10, rvl_ip_checksum(room, RVL_IP_HEADER));
		assert_int_equal(rvl_reassembly_take(r, piece.octets, piece.len, 5u + id, &whole),
				 RVL_REASSEMBLY_HELD);
		assert_int_equal(rvl_reassembly_counters(r)->evicted, id < 8 ? 2 : 3);
	}
	rvl_reassembly_free(r);
}

static void memory_is_bounded(void **state)
{
	struct rvl_reassembly_limits limits = usual;
	struct rvl_reassembly *r;

	(void)state;
	limits.octets = 4096;
	r = reassembly(&limits);
	/* Others go for one that grows, */
	assert_int_equal(take_units(r, 1, 0, 100, true, 0), RVL_REASSEMBLY_HELD);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(take_units(r, 2, i * 100, 100, true, 0), RVL_REASSEMBLY_HELD);
	assert_int_equal(rvl_reassembly_counters(r)->evicted, 1);
	/* and it, when it would take all. */
	assert_int_equal(take_units(r, 2, 400, 100, true, 0), RVL_REASSEMBLY_REFUSED);
	assert_int_equal(take_units(r, 2, 500, 100, false, 0), RVL_REASSEMBLY_REFUSED);
	assert_int_equal(take_units(r, 3, 0, 100, true, 0), RVL_REASSEMBLY_HELD);
	rvl_reassembly_free(r);
}

/* Pieces of many datagrams, bent at random: nothing is read or written beyond what there is, and
 * what comes out is as long as it says. */
static void noise_is_no_danger(void **state)
{
	struct rvl_reassembly_limits limits = usual;
	struct rvl_reassembly *r;
	uint8_t packet[4096];
	unsigned int whole_count = 0;

	(void)state;
	limits.octets = 20000;
	r = reassembly(&limits);
	for (unsigned int round = 0; round < 20000; round++) {
		int family = random_below(2) ? 6 : 4;
		size_t len = make_packet(packet, family, 1300 + random_below(1200), round % 5);
		struct pieces pieces = {.count = 0};

		rvl_fragment(packet, len, 1280, round % 5, keep, &pieces);
		for (size_t i = 0; i < pieces.count; i++) {
			uint8_t *p = pieces.list[i].octets;
			size_t there = pieces.list[i].len;
			struct rvl_buf whole;

			for (unsigned int bends = random_below(3); bends; bends--)
				p[random_below(there < 60 ? (uint32_t)there : 60)] ^=
					(uint8_t)(1 << random_below(8));
			if (family == 4 && random_below(4) && (p[0] & 15) * 4u <= there) {
				rvl_put_be16(p + 10, 0);
				rvl_put_be16(p + 10, rvl_ip_checksum(p, (p[0] & 15) * 4u));
			}
			if (rvl_reassembly_take(r, p, there - random_below(2) * random_below(60),
						round, &whole) != RVL_REASSEMBLY_WHOLE)
				continue;
			whole_count++;
			p = rvl_buf_data(&whole);
			assert_int_equal(whole.len, p[0] >> 4 == 4 ? rvl_get_be16(p + 2)
								   : 40 + rvl_get_be16(p + 4));
		}
		drop(&pieces);
	}
	assert_true(whole_count > 1000);
	rvl_reassembly_free(r);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packet_is_cut_as_the_rfc_says),
		cmocka_unit_test(options_go_along_that_say_so),
		cmocka_unit_test(whatever_is_cut_comes_together),
		cmocka_unit_test(headers_before_a_fragment_header_stay),
		cmocka_unit_test(overlaps_end_a_datagram),
		cmocka_unit_test(nothing_lies_beyond_the_end),
		cmocka_unit_test(congestion_stays),
		cmocka_unit_test(what_cannot_be_is_refused),
		cmocka_unit_test(time_is_bounded),
		cmocka_unit_test(datagrams_are_bounded),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(noise_is_no_danger),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("reassembly", tests, NULL, NULL);
}
