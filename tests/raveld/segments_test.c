// SPDX-License-Identifier: BSD-2-Clause
// Large frames: of TCP, cut as TCP would have cut them (RFC 9293), and put together so that cutting
// gives what came; and of UDP, made of ESP.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/esp/ip.h"
#include "host/sa/backend.h"
#include "host/sa/coalesce.h"
#include "host/sa/segments.h"
#include "host/sa/train.h"

enum {
	ROOM = 22 + 65535,
	FIN = 1,
	SYN = 2,
	RST = 4,
	PSH = 8,
	ACK = 16,
	URG = 32,
	ECE = 64,
	CWR = 128,
};

static uint64_t seed = 0x5e63e475;

static uint32_t random32(void)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	return (uint32_t)(z >> 32);
}

/* What a frame of TCP is made of. */
struct tcp {
	bool ipv6;
	bool tagged;
	bool may_fragment; /* IPv4 without DF */
	uint16_t port;
	uint16_t id;
	uint32_t seq;
	uint8_t flags;
	size_t options; /* octets, a multiple of 4 */
	size_t payload;
};

/* RFC 1071, octet for octet. */
static uint16_t plain_sum(uint32_t sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static uint16_t pseudo(const uint8_t *ip, size_t len, uint8_t protocol)
{
	uint8_t numbers[4] = {0, protocol, (uint8_t)(len >> 8), (uint8_t)len};
	uint16_t sum = plain_sum(0, numbers, 4);

	return ip[0] >> 4 == 6 ? plain_sum(sum, ip + 8, 32) : plain_sum(sum, ip + 12, 8);
}

static size_t l3_of(const struct tcp *t)
{
	return t->tagged ? 18 : 14;
}

static size_t tcp_of(const struct tcp *t)
{
	return l3_of(t) + (t->ipv6 ? 40 : 20);
}

static size_t data_of(const struct tcp *t)
{
	return tcp_of(t) + 20 + t->options;
}

static void seal(const struct tcp *t, uint8_t *frame)
{
	uint8_t *ip = frame + l3_of(t), *tcp = frame + tcp_of(t);
	size_t len = 20 + t->options + t->payload;

	rvl_put_be16(tcp + 16, 0);
	rvl_put_be16(tcp + 16, (uint16_t)~plain_sum(pseudo(ip, len, 6), tcp, len));
	if (t->ipv6)
		return;
	rvl_put_be16(ip + 10, 0);
	rvl_put_be16(ip + 10, (uint16_t)~plain_sum(0, ip, 20));
}

/* The frame, its payload counted on from its sequence number. Returns its length. */
static size_t build(const struct tcp *t, uint8_t *frame)
{
	uint8_t *ip = frame + l3_of(t), *tcp = frame + tcp_of(t), *data = frame + data_of(t);
	size_t len = data_of(t) + t->payload;

	memset(frame, 0, data_of(t));
	memcpy(frame, "\x02\0\0\0\0\x01\x02\0\0\0\0\x02", 12);
	if (t->tagged)
		rvl_put_be32(frame + 12, 0x81000007);
	rvl_put_be16(ip - 2, t->ipv6 ? 0x86dd : 0x0800);
	if (t->ipv6) {
		rvl_put_be32(ip, 0x60212345);
		rvl_put_be16(ip + 4, (uint16_t)(len - tcp_of(t)));
		ip[6] = 6;
		ip[7] = 61;
		ip[8] = ip[24] = 0x20;
		ip[23] = 1;
		ip[39] = 2;
	} else {
		ip[0] = 0x45;
		ip[1] = 2;
		rvl_put_be16(ip + 2, (uint16_t)(len - l3_of(t)));
		rvl_put_be16(ip + 4, t->id);
		ip[6] = t->may_fragment ? 0 : 0x40;
		ip[8] = 61;
		ip[9] = 6;
		rvl_put_be32(ip + 12, 0x0a010001);
		rvl_put_be32(ip + 16, 0x0a020001);
	}
	rvl_put_be16(tcp, t->port);
	rvl_put_be16(tcp + 2, 443);
	rvl_put_be32(tcp + 4, t->seq);
	rvl_put_be32(tcp + 8, 0x01020304);
	tcp[12] = (uint8_t)((20 + t->options) / 4 << 4);
	tcp[13] = t->flags;
	rvl_put_be16(tcp + 14, 501);
	memset(tcp + 20, 1, t->options);
	for (size_t i = 0; i < t->payload; i++)
		data[i] = (uint8_t)((t->seq + i) * 2654435761u >> 24);
	seal(t, frame);
	return len;
}

/* As a stack leaves it to its interface. */
static struct virtio_net_hdr leave(const struct tcp *t, uint8_t *frame, size_t size)
{
	uint8_t *tcp = frame + tcp_of(t);

	rvl_put_be16(tcp + 16, pseudo(frame + l3_of(t), 20 + t->options + t->payload, 6));
	return (struct virtio_net_hdr){
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type =
			(uint8_t)((t->ipv6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4) |
				  (t->flags & CWR ? VIRTIO_NET_HDR_GSO_ECN : 0)),
		.hdr_len = (uint16_t)data_of(t),
		.gso_size = (uint16_t)size,
		.csum_start = (uint16_t)tcp_of(t),
		.csum_offset = 16,
	};
}

/* ------------------------------------------------------------------------------------- cutting */

/* The example of RFC 1071, section 3, and an odd octet. */
static void sums_are_as_written(void **state)
{
	static const uint8_t octets[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7, 0x12};

	(void)state;
	assert_int_equal(rvl_ip_sum(0, octets, 8), 0xddf2);
	assert_int_equal(rvl_ip_sum(0, octets, 9), 0xeff2);
	assert_int_equal(rvl_ip_sum(0xfffe, octets, 2), 0xffff);
}

static void every_sum_is_the_one_of_octets(void **state)
{
	uint8_t octets[200];

	(void)state;
	for (int i = 0; i < 20000; i++) {
		size_t len = random32() % sizeof(octets),
		       from = random32() % (sizeof(octets) - len);
		uint32_t before = random32() & 0xffffff;

		for (size_t k = 0; k < sizeof(octets); k++)
			octets[k] = i % 3 ? (uint8_t)random32() : 0xff;
		assert_int_equal(rvl_ip_sum(before, octets + from, len),
				 plain_sum(before, octets + from, len));
	}
}

static void check_cut(const struct tcp *large, size_t size)
{
	static uint8_t frame[ROOM], wanted[ROOM], got[ROOM];
	size_t len = build(large, frame), sent = 0;
	const struct virtio_net_hdr header = leave(large, frame, size);
	struct rvl_segments segments;

	assert_true(rvl_segments_begin(&segments, &header, frame, len));
	for (uint16_t i = 0; rvl_segments_left(&segments); i++) {
		struct tcp small = *large;

		small.payload = large->payload - sent < size ? large->payload - sent : size;
		small.seq += (uint32_t)sent;
		small.id = (uint16_t)(small.id + i);
		sent += small.payload;
		if (i)
			small.flags &= (uint8_t)~CWR;
		if (sent < large->payload)
			small.flags &= (uint8_t) ~(FIN | PSH);
		assert_int_equal(rvl_segments_next(&segments, got), build(&small, wanted));
		assert_memory_equal(got, wanted, data_of(&small) + small.payload);
	}
	assert_int_equal(sent, large->payload);
}

static void segments_are_those_that_tcp_would_send(void **state)
{
	(void)state;
	for (int i = 0; i < 400; i++) {
		struct tcp large = {
			.ipv6 = i & 1,
			.tagged = i & 2,
			.id = i & 4 ? 0xfffe : 7,
			.port = 40000,
			.seq = i & 8 ? 0xffffff00 : random32(),
			.flags = (uint8_t)(ACK | (i & 16 ? PSH : 0) | (i & 32 ? FIN : 0) |
					   (i & 64 ? CWR : 0) | (i & 128 ? ECE : 0)),
			.options = random32() % 11 * 4,
			.payload = 1 + random32() % 60000,
		};

		check_cut(&large, i % 5 ? 48 + random32() % 8000 : large.payload % 9000 + 48);
	}
}

static void the_largest_frame_is_cut(void **state)
{
	const struct tcp large = {.flags = ACK, .payload = 65535 - 40};

	(void)state;
	check_cut(&large, 1448);
}

/* 192.0.2.1 to 192.0.2.2, UDP; the sum of the pseudo header by hand. */
static void a_checksum_that_was_left_is_completed(void **state)
{
	uint8_t frame[64] = {[12] = 0x08, [14] = 0x45, [17] = 33, [22] = 64, [23] = 17, 192, 0};
	const struct virtio_net_hdr header = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 34, .csum_offset = 6};
	const size_t len = 34 + 13;
	uint8_t *udp = frame + 34, out[RVL_BACKEND_FRAME];
	struct rvl_segments segments;
	uint16_t seeded;

	(void)state;
	memcpy(frame + 26, "\xc0\0\x02\x01\xc0\0\x02\x02", 8);
	memcpy(udp, "\x01\xf4\x01\xf4\0\x0d\0\0hello", 13);
	/* c000 + 0201 + c000 + 0202 + 0011 + 000d = 8421 (with its carry) */
	seeded = pseudo(frame + 14, 13, 17);
	assert_int_equal(seeded, 0x8422);
	rvl_put_be16(udp + 6, seeded);
	assert_true(rvl_segments_begin(&segments, &header, frame, len));
	assert_int_equal(rvl_segments_next(&segments, out), len);
	assert_false(rvl_segments_left(&segments));
	assert_int_equal(plain_sum(pseudo(out + 14, 13, 17), out + 34, 13), 0xffff);
	/* One that comes to 0 is sent in its other form (RFC 768). */
	rvl_put_be16(udp + 6, 0);
	rvl_put_be16(udp + 8, (uint16_t)~plain_sum(plain_sum(seeded, udp, 8), udp + 10, 3));
	rvl_put_be16(udp + 6, seeded);
	assert_true(rvl_segments_complete(&header, frame, len));
	assert_int_equal(rvl_get_be16(udp + 6), 0xffff);
	/* Without its flag nothing is touched. */
	rvl_put_be16(udp + 6, 0x1234);
	assert_true(rvl_segments_complete(&(struct virtio_net_hdr){0}, frame, len));
	assert_int_equal(rvl_get_be16(udp + 6), 0x1234);
}

static void what_makes_no_sense_is_refused(void **state)
{
	const struct tcp t = {.flags = ACK, .options = 12, .payload = 3000};
	static uint8_t frame[ROOM], bad[ROOM];
	size_t len = build(&t, frame);
	const struct virtio_net_hdr good = leave(&t, frame, 1000);
	struct rvl_segments s;
	struct virtio_net_hdr h;

	(void)state;
#define REFUSED(change)                                                                            \
	do {                                                                                       \
		h = good;                                                                          \
		memcpy(bad, frame, len);                                                           \
		change;                                                                            \
		assert_false(rvl_segments_begin(&s, &h, bad, len));                                \
	} while (0)
	h = good;
	assert_true(rvl_segments_begin(&s, &h, frame, len));
	REFUSED(h.flags = 0);
	REFUSED(h.gso_size = 0);
	REFUSED(h.gso_size = 2);
	REFUSED(h.gso_size = RVL_BACKEND_FRAME);
	REFUSED(h.gso_type = VIRTIO_NET_HDR_GSO_TCPV6);
	REFUSED(h.gso_type = VIRTIO_NET_HDR_GSO_UDP);
	REFUSED(h.csum_start++);
	REFUSED(h.csum_offset = 6);
	REFUSED(bad[14] = 0x46);
	REFUSED(bad[20] |= 0x20);
	REFUSED(bad[23] = 17);
	REFUSED(rvl_put_be16(bad + 16, (uint16_t)(len - 14 + 1)));
	REFUSED(rvl_put_be16(bad + 16, 20 + 19));
	REFUSED(rvl_put_be16(bad + 16, 20 + 32));
	REFUSED(bad[14 + 20 + 12] = 4 << 4);
	REFUSED(bad[12] = 0x86);
	for (size_t cut = 0; cut < len; cut++)
		assert_false(rvl_segments_begin(&s, &good, frame, cut));
	h = (struct virtio_net_hdr){.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM};
	h.csum_start = 100;
	h.csum_offset = 6;
	assert_false(rvl_segments_begin(&s, &h, frame, 100));
	assert_false(rvl_segments_begin(&s, &h, frame, 107));
	assert_true(rvl_segments_begin(&s, &h, frame, 108));
	h = (struct virtio_net_hdr){0};
	assert_false(rvl_segments_begin(&s, &h, frame, RVL_BACKEND_FRAME + 1));
#undef REFUSED
}

/* ------------------------------------------------------------------------------------ coalescing
 */

/* What the stack was given, cut again: frames as they came. */
struct stack {
	uint8_t *frames; /* each behind its length, of four octets */
	size_t len;
	size_t room;
	size_t writes;
	size_t large;
};

static void note(struct stack *s, const uint8_t *frame, size_t len)
{
	if (s->len + 4 + len > s->room) {
		s->room = 2 * (s->len + 4 + len);
		s->frames = realloc(s->frames, s->room);
		assert_non_null(s->frames);
	}
	rvl_put_be32(s->frames + s->len, (uint32_t)len);
	memcpy(s->frames + s->len + 4, frame, len);
	s->len += 4 + len;
}

static void given(void *context, const struct virtio_net_hdr *header, const uint8_t *frame,
		  size_t len, uint32_t count)
{
	uint8_t copy[ROOM + 64], out[RVL_BACKEND_FRAME];
	struct rvl_segments segments;
	struct stack *s = context;

	s->writes++;
	s->large += count > 1;
	assert_int_equal(header->gso_type != VIRTIO_NET_HDR_GSO_NONE, count > 1);
	if (count == 1) {
		note(s, frame, len);
		return;
	}
	memcpy(copy, frame, len);
	assert_true(rvl_segments_begin(&segments, header, copy, len));
	for (; rvl_segments_left(&segments); count--) {
		size_t one = rvl_segments_next(&segments, out);

		note(s, out, one);
	}
	assert_int_equal(count, 0);
}

struct bed {
	struct rvl_coalesce *coalesce;
	struct stack got;
};

static struct bed new_bed(void)
{
	return (struct bed){0};
}

static void start(struct bed *bed)
{
	bed->coalesce = rvl_coalesce_new(given, &bed->got);
	assert_non_null(bed->coalesce);
}

static void end(struct bed *bed)
{
	rvl_coalesce_free(bed->coalesce);
	free(bed->got.frames);
}

static void take(struct bed *bed, const struct tcp *t)
{
	static uint8_t frame[ROOM];
	size_t len = build(t, frame);

	rvl_coalesce_take(bed->coalesce, frame, len);
}

static void segments_become_one_large_frame(void **state)
{
	(void)state;
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct tcp t = {.ipv6 = ipv6, .flags = ACK, .options = 12, .payload = 1000};
		struct bed bed = new_bed();

		start(&bed);
		for (int i = 0; i < 30; i++, t.seq += 1000, t.id++)
			take(&bed, &t);
		assert_int_equal(bed.got.writes, 0);
		rvl_coalesce_flush(bed.coalesce);
		assert_int_equal(bed.got.writes, 1);
		assert_int_equal(bed.got.large, 1);
		rvl_coalesce_flush(bed.coalesce);
		assert_int_equal(bed.got.writes, 1);
		end(&bed);
	}
}

static void a_burst_ends_with_what_is_pushed_or_short(void **state)
{
	(void)state;
	for (int pushed = 0; pushed < 2; pushed++) {
		struct tcp t = {.flags = ACK, .payload = 1000};
		struct bed bed = new_bed();

		start(&bed);
		take(&bed, &t);
		t.seq += 1000;
		t.id++;
		t.payload -= !pushed;
		t.flags |= pushed ? PSH : 0;
		take(&bed, &t);
		assert_int_equal(bed.got.writes, 1);
		assert_int_equal(bed.got.large, 1);
		end(&bed);
	}
}

static void large_frames_have_room_for_their_length(void **state)
{
	struct tcp t = {.flags = ACK, .payload = 1400};
	struct bed bed = new_bed();

	(void)state;
	start(&bed);
	for (int i = 0; i < 47; i++, t.seq += 1400, t.id++)
		take(&bed, &t);
	assert_int_equal(bed.got.writes, 1);
	rvl_coalesce_flush(bed.coalesce);
	assert_int_equal(bed.got.writes, 2);
	end(&bed);
}

/* A burst that comes in pieces. */
static void segments_of_several_turns_become_one(void **state)
{
	struct tcp t = {.flags = ACK, .payload = 1000};
	struct bed bed = new_bed();

	(void)state;
	start(&bed);
	for (int i = 0; i < 30; i++, t.seq += 1000, t.id++) {
		take(&bed, &t);
		rvl_coalesce_turn(bed.coalesce, 1, 7);
	}
	assert_int_equal(bed.got.writes, 0);
	rvl_coalesce_turn(bed.coalesce, 0, 7);
	assert_int_equal(bed.got.writes, 1);
	assert_int_equal(bed.got.large, 1);
	end(&bed);
}

/* Whatever else comes meanwhile. */
static void what_is_held_waits_for_so_many_frames_or_a_millisecond(void **state)
{
	struct tcp t = {.flags = ACK, .payload = 1000};
	struct bed bed = new_bed();

	(void)state;
	start(&bed);
	for (size_t i = 1; i < 4; i++) {
		take(&bed, &t);
		rvl_coalesce_turn(bed.coalesce, RVL_COALESCE_FRAMES - 1, 7);
		assert_int_equal(bed.got.writes, i - 1);
		rvl_coalesce_turn(bed.coalesce, 1, 7);
		assert_int_equal(bed.got.writes, i);
	}
	for (uint64_t now = 7; now < 10; now++) {
		take(&bed, &t);
		rvl_coalesce_turn(bed.coalesce, 1, now);
		rvl_coalesce_turn(bed.coalesce, 1, now);
		assert_int_equal(bed.got.writes, now - 4);
		rvl_coalesce_turn(bed.coalesce, 1, now + 1);
		assert_int_equal(bed.got.writes, now - 3);
	}
	end(&bed);
}

/* Each way in which a second segment may differ from what would be the first one's continuation. */
static void what_differs_stays_apart(void **state)
{
	static const struct {
		size_t at; /* from the IP header */
		uint8_t bits;
	} changes[] = {
		{1, 1},	      /* ECN */
		{1, 4},	      /* DSCP */
		{6, 0x40},    /* DF */
		{8, 1},	      /* TTL */
		{12, 1},      /* source */
		{16, 1},      /* destination */
		{20, 1},      /* source port */
		{22, 1},      /* destination port */
		{20 + 7, 1},  /* sequence number */
		{20 + 11, 1}, /* acknowledged */
		{20 + 12, 1}, /* reserved */
		{20 + 13, FIN}, {20 + 13, SYN}, {20 + 13, RST}, {20 + 13, ACK},
		{20 + 13, URG}, {20 + 13, ECE}, {20 + 13, CWR}, {20 + 15, 1}, /* window */
		{20 + 19, 1},						      /* urgent pointer */
		{20 + 20, 1},						      /* options */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]) + 3; i++) {
		struct tcp t = {
			.flags = ACK, .options = 12, .payload = 1000, .may_fragment = i == 0};
		struct bed bed = new_bed();
		static uint8_t frame[ROOM];
		size_t len;

		start(&bed);
		take(&bed, &t);
		t.seq += 1000;
		t.id += 1;
		len = build(&t, frame);
		if (i < sizeof(changes) / sizeof(changes[0])) {
			frame[14 + changes[i].at] ^= changes[i].bits;
			seal(&t, frame);
		} else {
			/* Checksums that are wrong, and another Ethernet header. */
			frame[(const size_t[]){14 + 10, 14 + 20 + 16,
					       5}[i - sizeof(changes) / sizeof(changes[0])]] ^= 1;
		}
		rvl_coalesce_take(bed.coalesce, frame, len);
		rvl_coalesce_flush(bed.coalesce);
		assert_int_equal(bed.got.writes, 2);
		assert_int_equal(bed.got.large, 0);
		end(&bed);
	}
}

/* What says more than "here is data" of itself, or hides what it is, joins nothing, not even its
 * like. */
static void what_is_no_plain_data_stays_apart(void **state)
{
	static const struct {
		size_t at; /* from the IP header */
		uint8_t bits;
	} changes[] = {
		{6, 0x20},	 /* more fragments */
		{7, 1},		 /* a later one */
		{20 + 12, 1},	 /* reserved */
		{20 + 12, 0xf0}, /* more options than there are octets */
		{20 + 13, FIN},	 {20 + 13, SYN}, {20 + 13, RST}, {20 + 13, ACK},
		{20 + 13, URG},	 {20 + 13, ECE}, {20 + 13, CWR}, {20 + 19, 1}, /* urgent pointer */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct tcp t = {.flags = ACK, .payload = 24};
		struct bed bed = new_bed();
		static uint8_t frame[ROOM];

		start(&bed);
		for (int k = 0; k < 2; k++, t.seq += 24, t.id++) {
			size_t len = build(&t, frame);

			frame[14 + changes[i].at] ^= changes[i].bits;
			seal(&t, frame);
			rvl_coalesce_take(bed.coalesce, frame, len);
		}
		rvl_coalesce_flush(bed.coalesce);
		assert_int_equal(bed.got.large, 0);
		assert_int_equal(bed.got.writes, 2);
		end(&bed);
	}
}

/* A fragment doesn't show whose it is. */
static void a_fragment_overtakes_nothing(void **state)
{
	struct tcp t = {.flags = ACK, .payload = 1000, .may_fragment = true};
	struct bed bed = new_bed();
	static uint8_t frame[ROOM];
	size_t len;

	(void)state;
	start(&bed);
	take(&bed, &t);
	t.payload = 996;
	len = build(&t, frame);
	frame[20] |= 0x20;
	seal(&t, frame);
	rvl_coalesce_take(bed.coalesce, frame, len);
	assert_int_equal(bed.got.writes, 2);
	assert_int_equal(rvl_get_be32(bed.got.frames), 1054);
	end(&bed);
}

static void what_may_be_cut_on_its_way_counts_its_identification(void **state)
{
	(void)state;
	for (uint16_t step = 0; step < 3; step++) {
		struct tcp t = {.flags = ACK, .payload = 1000, .may_fragment = true, .id = 0xffff};
		struct bed bed = new_bed();

		start(&bed);
		take(&bed, &t);
		t.seq += 1000;
		t.id = (uint16_t)(t.id + step);
		take(&bed, &t);
		rvl_coalesce_flush(bed.coalesce);
		assert_int_equal(bed.got.large, step == 1);
		end(&bed);
	}
}

static void an_ack_alone_waits_for_nothing_and_overtakes_nothing(void **state)
{
	struct tcp data = {.flags = ACK, .payload = 1000}, ack = {.flags = ACK};
	struct bed bed = new_bed();

	(void)state;
	start(&bed);
	take(&bed, &ack);
	assert_int_equal(bed.got.writes, 1);
	take(&bed, &data);
	ack.seq = 1000;
	take(&bed, &ack);
	assert_int_equal(bed.got.writes, 3);
	assert_int_equal(rvl_get_be32(bed.got.frames + 58), 1054);
	end(&bed);
}

static void frames_that_are_short_or_padded_pass(void **state)
{
	struct tcp t = {.flags = ACK, .payload = 3};
	static uint8_t frame[ROOM];
	struct bed bed = new_bed();
	size_t len = build(&t, frame);

	(void)state;
	start(&bed);
	for (size_t cut = 0; cut <= len; cut++)
		rvl_coalesce_take(bed.coalesce, frame, cut);
	rvl_coalesce_flush(bed.coalesce);
	assert_int_equal(bed.got.writes, len + 1);
	end(&bed);
}

/*
 * Streams at random, with gaps, repetitions, flags and damage: cut again, all that the stack got is
 * what came, flow for flow in the same order, octet for octet.
 */
static void the_stack_sees_what_came(void **state)
{
	enum { STREAMS = 11 };
	struct tcp streams[STREAMS];
	struct stack in[STREAMS] = {0}, out[STREAMS] = {0};
	struct bed bed = new_bed();
	static uint8_t frame[ROOM];

	(void)state;
	start(&bed);
	for (int i = 0; i < STREAMS; i++)
		streams[i] = (struct tcp){.ipv6 = i % 2,
					  .tagged = i % 3 == 0,
					  .may_fragment = i % 5 == 0,
					  .port = (uint16_t)i,
					  .seq = random32(),
					  .id = (uint16_t)random32(),
					  .options = random32() % 4 * 4};
	for (int i = 0; i < 30000; i++) {
		uint32_t roll = random32() % 100,
			 which = roll < 70 ? i / 20 % STREAMS : random32() % STREAMS;
		struct tcp *t = &streams[which];
		size_t len;

		t->flags = random32() % 8 ? ACK : random32() % 2 ? ACK | PSH : (uint8_t)random32();
		t->payload = random32() % 8 ? 1000 : random32() % 1001;
		len = build(t, frame);
		/* Damage that leaves it its flow's: others may overtake. */
		if (random32() % 40 == 0)
			frame[tcp_of(t) + 4 + random32() % (len - tcp_of(t) - 4)] ^=
				(uint8_t)(1u << random32() % 8);
		if (random32() % 40 == 0)
			frame[l3_of(t) + 1] ^= 2;
		frame[11] = (uint8_t)which;
		note(&in[which], frame, len);
		rvl_coalesce_take(bed.coalesce, frame, len);
		if (random32() % 16) {
			t->seq += (uint32_t)t->payload;
			t->id++;
		}
		if (random32() % 64 == 0)
			rvl_coalesce_flush(bed.coalesce);
	}
	rvl_coalesce_flush(bed.coalesce);
	for (size_t at = 0; at < bed.got.len;) {
		size_t len = rvl_get_be32(bed.got.frames + at);
		const uint8_t *one = bed.got.frames + at + 4;

		note(&out[one[11]], one, len);
		at += 4 + len;
	}
	print_message("%zu frames in %zu writes, %zu of them large\n", (size_t)30000,
		      bed.got.writes, bed.got.large);
	assert_true(bed.got.large > 500);
	for (int i = 0; i < STREAMS; i++) {
		assert_int_equal(in[i].len, out[i].len);
		assert_memory_equal(in[i].frames, out[i].frames, in[i].len);
		free(in[i].frames);
		free(out[i].frames);
	}
	end(&bed);
}

/* ---------------------------------------------------------------------------------------- trains
 */

enum { CARS = 64 };

struct yard {
	uint8_t rooms[CARS][2000];
	struct rvl_buf frames[CARS];
};

/* ESP in UDP: text octets behind the UDP header, without a checksum, as it is over IPv4. */
static void couple(struct yard *y, int i, bool ipv6, size_t text)
{
	uint8_t *frame = y->rooms[i] + 100, *ip = frame + 14, *udp = ip + (ipv6 ? 40 : 20);
	struct tcp t = {.ipv6 = ipv6, .id = (uint16_t)(0xfff0 + i), .port = 4500};

	build(&t, frame);
	if (ipv6) {
		ip[6] = 17;
		rvl_put_be16(ip + 4, (uint16_t)(8 + text));
	} else {
		ip[9] = 17;
		rvl_put_be16(ip + 2, (uint16_t)(28 + text));
		rvl_put_be16(ip + 10, 0);
		rvl_put_be16(ip + 10, (uint16_t)~plain_sum(0, ip, 20));
	}
	rvl_put_be16(udp + 2, 4500);
	rvl_put_be16(udp + 4, (uint16_t)(8 + text));
	rvl_put_be16(udp + 6, 0);
	for (size_t k = 0; k < text; k++)
		udp[8 + k] = (uint8_t)random32();
	y->frames[i] = (struct rvl_buf){y->rooms[i], sizeof(y->rooms[i]), 100,
					(size_t)(udp + 8 + text - frame)};
}

static void line_up(struct yard *y, bool ipv6, size_t text, size_t last)
{
	for (int i = 0; i < CARS; i++)
		couple(y, i, ipv6, i < CARS - 1 ? text : last);
}

/* What the kernel makes of a train of so many is what they were, with checksums. */
static void check_train(struct yard *y, bool ipv6, int wanted)
{
	static uint8_t large[ROOM], out[RVL_BACKEND_FRAME];
	static struct yard before;
	struct rvl_segments segments;
	struct rvl_train train;
	size_t len = 0, udp = 14 + (ipv6 ? 40 : 20);

	memcpy(before.rooms, y->rooms, sizeof(before.rooms));
	assert_int_equal(rvl_train_make(&train, y->frames, CARS), wanted);
	for (int i = 0; i < wanted; i++) {
		size_t skip = i ? train.front : 0;

		memcpy(large + len, rvl_buf_data(&y->frames[i]) + skip, y->frames[i].len - skip);
		len += y->frames[i].len - skip;
	}
	assert_true(rvl_segments_begin(&segments, &train.header, large, len));
	for (int i = 0; i < wanted; i++) {
		size_t one = rvl_segments_next(&segments, out);

		assert_int_equal(one, y->frames[i].len);
		assert_int_equal(plain_sum(pseudo(out + 14, one - udp, 17), out + udp, one - udp),
				 0xffff);
		rvl_put_be16(out + udp + 6, 0);
		assert_memory_equal(out, before.rooms[i] + 100, one);
	}
	assert_false(rvl_segments_left(&segments));
	rvl_train_undo(&train, &y->frames[0]);
	assert_memory_equal(y->rooms, before.rooms, sizeof(before.rooms));
}

static void a_train_is_cut_to_what_it_was_made_of(void **state)
{
	static struct yard y;

	(void)state;
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		line_up(&y, ipv6, 1000, 1000);
		check_train(&y, ipv6, CARS);
		line_up(&y, ipv6, 1000, 40);
		check_train(&y, ipv6, CARS);
		/* A packet has 65,535 octets at most. */
		line_up(&y, ipv6, 1400, 1400);
		check_train(&y, ipv6, 46);
		/* Behind a shorter one comes another train. */
		line_up(&y, ipv6, 1000, 1000);
		couple(&y, 9, ipv6, 996);
		check_train(&y, ipv6, 10);
		/* A longer one is another train's. */
		line_up(&y, ipv6, 1000, 1000);
		couple(&y, 5, ipv6, 1004);
		check_train(&y, ipv6, 5);
	}
}

static void what_differs_is_no_train(void **state)
{
	static const struct {
		bool ipv6;
		size_t at; /* in the second frame */
	} changes[] = {
		{false, 0},	  {false, 6},	    {false, 12},      {false, 14 + 1},
		{false, 14 + 5},  {false, 14 + 6},  {false, 14 + 8},  {false, 14 + 9},
		{false, 14 + 12}, {false, 14 + 16}, {false, 14 + 20}, {false, 14 + 23},
		{true, 14 + 1},	  {true, 14 + 3},   {true, 14 + 6},   {true, 14 + 7},
		{true, 14 + 8},	  {true, 14 + 24},  {true, 14 + 40},
	};
	static struct yard y;
	struct rvl_train train;

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		line_up(&y, changes[i].ipv6, 1000, 1000);
		rvl_buf_data(&y.frames[1])[changes[i].at] ^= 1;
		assert_int_equal(rvl_train_make(&train, y.frames, CARS), 1);
	}
	line_up(&y, false, 1000, 1000);
	assert_int_equal(rvl_train_make(&train, y.frames, 1), 1);
	assert_int_equal(rvl_train_make(&train, y.frames, 2), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_are_as_written),
		cmocka_unit_test(every_sum_is_the_one_of_octets),
		cmocka_unit_test(segments_are_those_that_tcp_would_send),
		cmocka_unit_test(the_largest_frame_is_cut),
		cmocka_unit_test(a_checksum_that_was_left_is_completed),
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(segments_become_one_large_frame),
		cmocka_unit_test(a_burst_ends_with_what_is_pushed_or_short),
		cmocka_unit_test(large_frames_have_room_for_their_length),
		cmocka_unit_test(segments_of_several_turns_become_one),
		cmocka_unit_test(what_is_held_waits_for_so_many_frames_or_a_millisecond),
		cmocka_unit_test(what_differs_stays_apart),
		cmocka_unit_test(what_is_no_plain_data_stays_apart),
		cmocka_unit_test(a_fragment_overtakes_nothing),
		cmocka_unit_test(what_may_be_cut_on_its_way_counts_its_identification),
		cmocka_unit_test(an_ack_alone_waits_for_nothing_and_overtakes_nothing),
		cmocka_unit_test(frames_that_are_short_or_padded_pass),
		cmocka_unit_test(the_stack_sees_what_came),
		cmocka_unit_test(a_train_is_cut_to_what_it_was_made_of),
		cmocka_unit_test(what_differs_is_no_train),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
