// SPDX-License-Identifier: BSD-2-Clause
// What waits for the data path: whose turn it is, and who gives way where there is no room.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/esp/ip.h"
#include "host/sa/backlog.h"

enum { ETHERNET = 14, UDP = ETHERNET + 20, MARK = UDP + 8, SHORTEST = MARK + 4 };

/* What stands for the netdev, with the backlog behind it. */
struct bed {
	int fds[2];
	struct rvl_backlog *backlog;
};

static int set_up(void **state)
{
	static struct bed bed;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, bed.fds))
		return -1;
	bed.backlog = rvl_backlog_new(1);
	*state = &bed;
	return bed.backlog ? 0 : -1;
}

static int tear_down(void **state)
{
	struct bed *bed = *state;

	rvl_backlog_free(bed->backlog);
	return close(bed->fds[0]) || close(bed->fds[1]);
}

/* A frame of len octets of a UDP flow, known by its source port, with a number in it. */
static void make(uint8_t *frame, uint16_t flow, uint32_t number, size_t len)
{
	memset(frame, 0, len);
	rvl_put_be16(frame + ETHERNET - 2, 0x0800);
	frame[ETHERNET] = 0x45;
	rvl_put_be16(frame + ETHERNET + 2, (uint16_t)(len - ETHERNET));
	frame[ETHERNET + 9] = RVL_IP_PROTO_UDP;
	frame[ETHERNET + 12] = frame[ETHERNET + 16] = 10;
	frame[ETHERNET + 19] = 1;
	rvl_put_be16(frame + UDP, flow);
	rvl_put_be16(frame + UDP + 2, 7);
	rvl_put_be16(frame + UDP + 4, (uint16_t)(len - UDP));
	rvl_put_be32(frame + MARK, number);
	for (size_t i = SHORTEST; i < len; i++)
		frame[i] = (uint8_t)(number + i + i / 251);
}

/* What is to be read waits. */
static int read_one(struct bed *bed, int fd)
{
	struct rvl_backlog_frame frame;
	int err = rvl_backlog_read(bed->backlog, fd, &frame);

	if (err == 1)
		rvl_backlog_enter(bed->backlog, &frame);
	return err;
}

static void give(struct bed *bed, const uint8_t *frame, size_t len)
{
	struct virtio_net_hdr header = {.gso_size = (uint16_t)(len % 1000)};
	struct iovec parts[2] = {{&header, sizeof(header)}, {(void *)(uintptr_t)frame, len}};

	assert_int_equal(writev(bed->fds[0], parts, 2), sizeof(header) + len);
	assert_int_equal(read_one(bed, bed->fds[1]), 1);
}

static void send_one(struct bed *bed, uint16_t flow, uint32_t number, size_t len)
{
	static uint8_t frame[RVL_BACKLOG_FRAME];

	make(frame, flow, number, len);
	give(bed, frame, len);
}

/* The next one is this one, octet for octet. */
static void expect_next(struct bed *bed, uint16_t flow, uint32_t number, size_t len)
{
	static uint8_t wanted[RVL_BACKLOG_FRAME], frame[RVL_BACKLOG_FRAME];
	struct virtio_net_hdr header;
	size_t got;

	assert_true(rvl_backlog_next(bed->backlog, &header, frame, &got));
	make(wanted, flow, number, len);
	assert_int_equal(got, len);
	assert_int_equal(rvl_get_be16(frame + UDP), flow);
	assert_int_equal(rvl_get_be32(frame + MARK), number);
	assert_memory_equal(frame, wanted, len);
	assert_int_equal(header.gso_size, len % 1000);
}

static void expect_none(struct bed *bed)
{
	static uint8_t frame[RVL_BACKLOG_FRAME];
	struct virtio_net_hdr header;
	size_t len;

	assert_false(rvl_backlog_next(bed->backlog, &header, frame, &len));
}

static void frames_of_every_length_come_as_they_were(void **state)
{
	static const size_t lengths[] = {
		SHORTEST,
		RVL_BACKLOG_BLOCK - 1,
		RVL_BACKLOG_BLOCK,
		RVL_BACKLOG_BLOCK + 1,
		9234,
		2 * RVL_BACKLOG_BLOCK,
		65535,
	};
	const uint32_t count = sizeof(lengths) / sizeof(lengths[0]);
	struct bed *bed = *state;

	assert_int_equal(read_one(bed, bed->fds[1]), 0);
	for (uint32_t round = 0; round < 100; round++) {
		for (uint32_t i = 0; i < count; i++)
			send_one(bed, 1, i, lengths[i]);
		for (uint32_t i = 0; i < count; i++)
			expect_next(bed, 1, i, lengths[i]);
		expect_none(bed);
	}
	assert_int_equal(rvl_backlog_dropped(bed->backlog), 0);
}

static void who_has_sent_little_comes_first(void **state)
{
	struct bed *bed = *state;

	for (uint32_t i = 0; i < 10; i++)
		send_one(bed, 1, i, 60000);
	expect_next(bed, 1, 0, 60000);
	send_one(bed, 2, 0, 100);
	expect_next(bed, 2, 0, 100);
	expect_next(bed, 1, 1, 60000);
	send_one(bed, 2, 1, 100);
	send_one(bed, 3, 0, 100);
	expect_next(bed, 2, 1, 100);
	expect_next(bed, 3, 0, 100);
	for (uint32_t i = 2; i < 10; i++)
		expect_next(bed, 1, i, 60000);
	expect_none(bed);
}

/* One sends frames forty times as long as the other. */
static void who_has_much_shares_by_octets(void **state)
{
	static uint8_t frame[RVL_BACKLOG_FRAME];
	struct bed *bed = *state;
	size_t sums[3] = {0}, len;
	struct virtio_net_hdr header;

	for (uint32_t i = 0; i < 8; i++)
		send_one(bed, 1, i, 60000);
	for (uint32_t i = 0; i < 300; i++)
		send_one(bed, 2, i, 1500);
	while (sums[1] < 300000) {
		assert_true(rvl_backlog_next(bed->backlog, &header, frame, &len));
		sums[rvl_get_be16(frame + UDP)] += len;
	}
	assert_in_range(sums[2], 300000 - 60000, 300000 + 60000);
}

/* Two that take turns in having nothing waiting and being new again. */
static void who_comes_again_and_again_leaves_others_their_turn(void **state)
{
	static uint8_t frame[RVL_BACKLOG_FRAME];
	struct bed *bed = *state;
	struct virtio_net_hdr header;
	uint32_t others = 0;
	size_t len;

	for (uint32_t i = 0; i < 100; i++)
		send_one(bed, 1, i, 1500);
	for (uint32_t i = 0; i < 3; i++)
		expect_next(bed, 1, i, 1500);
	for (uint32_t i = 0; i < 100; i++) {
		send_one(bed, (uint16_t)(2 + i % 2), i, 1500);
		assert_true(rvl_backlog_next(bed->backlog, &header, frame, &len));
		others += rvl_get_be16(frame + UDP) == 1;
	}
	assert_in_range(others, 30, 60);
}

static void who_has_the_most_gives_way(void **state)
{
	struct bed *bed = *state;
	uint32_t given = 0, dropped;

	for (uint16_t flow = 2; flow < 12; flow++)
		send_one(bed, flow, flow, 100);
	while (!rvl_backlog_dropped(bed->backlog))
		send_one(bed, 1, given++, 60000);
	assert_in_range((size_t)given * 60000, RVL_BACKLOG_OCTETS * 3 / 4,
			RVL_BACKLOG_OCTETS + 2 * RVL_BACKLOG_FRAME);
	for (uint32_t i = 0; i < 1000; i++)
		send_one(bed, 1, given++, 60000);
	dropped = (uint32_t)rvl_backlog_dropped(bed->backlog);
	assert_in_range(given - dropped, 1, RVL_BACKLOG_OCTETS / 60000 + 1);
	for (uint16_t flow = 2; flow < 12; flow++)
		expect_next(bed, flow, flow, 100);
	/* Of the others the oldest have gone. */
	for (uint32_t i = dropped; i < given; i++)
		expect_next(bed, 1, i, 60000);
	expect_none(bed);
}

static void small_frames_are_bounded_too(void **state)
{
	struct bed *bed = *state;
	const uint32_t given = 10000;
	uint32_t dropped;

	for (uint32_t i = 0; i < given; i++)
		send_one(bed, 1, i, 60);
	dropped = (uint32_t)rvl_backlog_dropped(bed->backlog);
	assert_in_range(given - dropped, RVL_BACKLOG_OCTETS / RVL_BACKLOG_BLOCK,
			RVL_BACKLOG_OCTETS / RVL_BACKLOG_BLOCK + 1);
	for (uint32_t i = dropped; i < given; i++)
		expect_next(bed, 1, i, 60);
	expect_none(bed);
}

/* The first has ports, the others haven't. */
static void fragments_keep_their_order(void **state)
{
	static uint8_t frame[RVL_BACKLOG_FRAME];
	struct bed *bed = *state;
	struct virtio_net_hdr header;
	size_t len;

	for (uint32_t i = 0; i < 50; i++) {
		make(frame, (uint16_t)(1000 + i), i, 1500);
		rvl_put_be16(frame + ETHERNET + 6, i % 2 ? 185 : 0x2000);
		give(bed, frame, 1500);
	}
	for (uint32_t i = 0; i < 50; i++) {
		assert_true(rvl_backlog_next(bed->backlog, &header, frame, &len));
		assert_int_equal(rvl_get_be32(frame + MARK), i);
	}
}

/* Each flow's in its order, each frame whole, whatever comes when. */
static void any_mix_keeps_the_order_of_flows(void **state)
{
	static uint8_t frame[RVL_BACKLOG_FRAME], wanted[RVL_BACKLOG_FRAME];
	struct bed *bed = *state;
	uint32_t sent[300] = {0}, seen[300] = {0}, total = 0, taken = 0;
	uint64_t random = 0x9e3779b97f4a7c15u;
	struct virtio_net_hdr header;
	size_t len;

	for (int i = 0; i < 30000; i++) {
		uint16_t flow;

		random = random * 6364136223846793005u + 1442695040888963407u;
		flow = (uint16_t)((random >> 40) % 300);
		if (random >> 63) {
			len = (random >> 33) % 8 ? SHORTEST + (random >> 20) % 1500
						 : SHORTEST + (random >> 20) % 65000;
			send_one(bed, flow, sent[flow]++, len);
			total++;
		} else if (rvl_backlog_next(bed->backlog, &header, frame, &len)) {
			uint32_t number = rvl_get_be32(frame + MARK);

			flow = rvl_get_be16(frame + UDP);
			assert_true(number >= seen[flow] && number < sent[flow]);
			seen[flow] = number + 1;
			make(wanted, flow, number, len);
			assert_memory_equal(frame, wanted, len);
			taken++;
		}
	}
	while (rvl_backlog_next(bed->backlog, &header, frame, &len))
		taken++;
	assert_int_equal(taken + rvl_backlog_dropped(bed->backlog), total);
}

static void a_descriptor_that_fails_says_so(void **state)
{
	struct bed *bed = *state;
	struct virtio_net_hdr header;
	size_t len = 1;

	assert_int_equal(read_one(bed, -1), -EBADF);
	assert_int_equal(write(bed->fds[0], "short", 5), 5);
	assert_int_equal(read_one(bed, bed->fds[1]), 1);
	assert_true(rvl_backlog_next(bed->backlog, &header, (uint8_t[1]){0}, &len));
	assert_int_equal(len, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(frames_of_every_length_come_as_they_were),
		TEST(who_has_sent_little_comes_first),
		TEST(who_has_much_shares_by_octets),
		TEST(who_comes_again_and_again_leaves_others_their_turn),
		TEST(who_has_the_most_gives_way),
		TEST(small_frames_are_bounded_too),
		TEST(fragments_keep_their_order),
		TEST(any_mix_keeps_the_order_of_flows),
		TEST(a_descriptor_that_fails_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
