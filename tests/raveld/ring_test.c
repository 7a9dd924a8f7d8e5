// SPDX-License-Identifier: BSD-2-Clause
/* What a packet socket's ring receives, of a veth pair. */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/esp/esp.h"
#include "host/esp/ip.h"
#include "host/sa/ring.h"
#include "tests/patience.h"

enum {
	WIRE = 1514, /* without tags */
	LONGEST = WIRE + 8,
	OCTETS = 1 << 17,
	MOST_SLOTS = OCTETS / LONGEST,
	LARGE = 20000,
	BATCH = 7,
	TYPE = 0x88b5, /* for experiments */
};

struct bed {
	struct rvl_ring *ring;
	int fd;
	int peer; /* a packet socket at the other end, whose frames have a struct virtio_net_hdr */
};

/* Two processors would each have a queue between the two ends. */
static int stay_on_one_processor(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	return sched_setaffinity(0, sizeof(one), &one);
}

static int bind_to(int fd, const char *name)
{
	const struct sockaddr_ll link = {.sll_family = AF_PACKET,
					 .sll_protocol = htons(ETH_P_ALL),
					 .sll_ifindex = (int)if_nametoindex(name)};
	const int on = 1;

	return setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) ||
	       bind(fd, (const struct sockaddr *)&link, sizeof(link));
}

static void send_left(const struct bed *bed, const struct virtio_net_hdr *left,
		      const uint8_t *frame, size_t len)
{
	const struct iovec parts[] = {{(void *)(uintptr_t)left, sizeof(*left)},
				      {(void *)(uintptr_t)frame, len}};

	assert_int_equal(writev(bed->peer, parts, 2), sizeof(*left) + len);
}

static void send_frame(const struct bed *bed, const uint8_t *frame, size_t len)
{
	send_left(bed, &(const struct virtio_net_hdr){0}, frame, len);
}

/* Of this number, and a length that depends on it; returns that. */
static size_t make(uint8_t frame[LONGEST], uint32_t number)
{
	size_t len = 60 + number * 37 % (WIRE - 60 + 1);

	for (size_t i = 0; i < len; i++)
		frame[i] = (uint8_t)(number + i);
	memset(frame, 2, 12);
	rvl_put_be16(frame + 12, TYPE);
	rvl_put_be32(frame + 14, number);
	return len;
}

static void send_number(const struct bed *bed, uint32_t number)
{
	uint8_t frame[LONGEST];

	send_frame(bed, frame, make(frame, number));
}

static void expect_frame(const struct rvl_received *received, const uint8_t *frame, size_t len)
{
	assert_int_equal(received->frame.len, len);
	assert_memory_equal(rvl_buf_data(&received->frame), frame, len);
	assert_true(rvl_buf_headroom(&received->frame) >= RVL_ESP_HEADROOM);
}

static void expect_number(const struct rvl_received *received, uint32_t number)
{
	uint8_t frame[LONGEST];
	size_t len = make(frame, number);

	expect_frame(received, frame, len);
	assert_int_equal(received->left.gso_type, VIRTIO_NET_HDR_GSO_NONE);
}

static int receive(const struct bed *bed, struct rvl_received *received, int count)
{
	return rvl_ring_receive(bed->ring, received, count);
}

static void expect_none(const struct bed *bed)
{
	struct rvl_received received;

	assert_int_equal(receive(bed, &received, 1), -EAGAIN);
}

static void wait_for(const struct bed *bed)
{
	struct pollfd ready = {bed->fd, POLLIN, 0};

	assert_int_equal(poll(&ready, 1, patience_ms()), 1);
}

/* The kernel drops what is sent until it has seen that both ends are up. */
static void wait_for_carrier(const struct bed *bed)
{
	struct rvl_received received;

	do {
		send_number(bed, 0);
		poll(NULL, 0, 1);
	} while (receive(bed, &received, 1) != 1);
	while (receive(bed, &received, 1) == 1)
		;
}

static int set_up(void **state)
{
	struct bed *bed = calloc(1, sizeof(*bed));
	const int on = 1;

	*state = bed;
	/* The kernel has nothing of its own to say there. */
	if (!bed || geteuid() || stay_on_one_processor() || unshare(CLONE_NEWNET) ||
	    system("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6; "
		   "ip link add wire0 type veth peer name wire1 && ip link set wire0 up && "
		   "ip link set wire1 up"))
		return -1;
	bed->fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);
	bed->peer = socket(AF_PACKET, SOCK_RAW, 0);
	if (setsockopt(bed->peer, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) ||
	    rvl_ring_open(bed->fd, LONGEST, OCTETS, &bed->ring) || bind_to(bed->fd, "wire0") ||
	    bind_to(bed->peer, "wire1"))
		return -1;
	wait_for_carrier(bed);
	return 0;
}

static int tear_down(void **state)
{
	struct bed *bed = *state;

	rvl_ring_close(bed->ring);
	close(bed->fd);
	close(bed->peer);
	free(bed);
	return 0;
}

static void frames_come_in_order_whole_and_once(void **state)
{
	const struct bed *bed = *state;
	struct rvl_received received[BATCH];

	for (uint32_t sent = 0, got = 0; got < 5 * MOST_SLOTS;) {
		int n;

		for (int i = 0; i < BATCH + 1; i++)
			send_number(bed, sent++);
		while ((n = receive(bed, received, BATCH)) > 0)
			for (int i = 0; i < n; i++)
				expect_number(&received[i], got++);
		assert_int_equal(n, -EAGAIN);
		assert_int_equal(got, sent);
	}
	assert_int_equal(rvl_ring_missed(bed->ring), 0);
}

/* Even while the kernel goes on. */
static void frames_stay_until_those_after_them_are_received(void **state)
{
	const struct bed *bed = *state;
	struct rvl_received first[BATCH], next[BATCH];

	for (uint32_t i = 0; i < BATCH; i++)
		send_number(bed, i);
	assert_int_equal(receive(bed, first, BATCH), BATCH);
	for (uint32_t i = 0; i < 2 * MOST_SLOTS; i++)
		send_number(bed, 1000 + i);
	for (uint32_t i = 0; i < BATCH; i++)
		expect_number(&first[i], i);
	assert_int_equal(receive(bed, next, BATCH), BATCH);
	expect_number(&next[0], 1000);
}

static void what_has_no_slot_is_counted_and_takes_none(void **state)
{
	const struct bed *bed = *state;
	struct rvl_received received;
	uint32_t sent = 0, missed;

	for (uint32_t sum = 0, round = 0; round < 3; round++) {
		const uint32_t first = sent;

		for (int i = 0; i < MOST_SLOTS + 20; i++)
			send_number(bed, sent++);
		missed = rvl_ring_missed(bed->ring) - sum;
		assert_in_range(missed, 20, MOST_SLOTS);
		sum += missed;
		for (uint32_t i = first; i < sent - missed; i++) {
			assert_int_equal(receive(bed, &received, 1), 1);
			expect_number(&received, i);
		}
		expect_none(bed);
	}
}

/* The kernel takes the outer one off. */
static void tags_are_as_they_were_on_the_wire(void **state)
{
	static const uint8_t tags[][8] = {
		{0x81, 0x00, 0x20, 0x07},
		{0x88, 0xa8, 0x0f, 0xff},
		{0x88, 0xa8, 0x00, 0x05, 0x81, 0x00, 0x60, 0x06},
	};
	const struct bed *bed = *state;
	struct rvl_received received;

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		uint8_t plain[LONGEST], frame[LONGEST + 8];
		size_t tag = tags[i][4] ? 8 : 4, len = make(plain, (uint32_t)(20 + i));

		memcpy(frame, plain, 12);
		memcpy(frame + 12, tags[i], tag);
		memcpy(frame + 12 + tag, plain + 12, len - 12);
		send_frame(bed, frame, len + tag);
		wait_for(bed);
		assert_int_equal(receive(bed, &received, 1), 1);
		expect_frame(&received, frame, len + tag);
	}
}

/* A UDP packet over IPv4, with a checksum that is left to do, and so much data behind a tag or not.
 */
static size_t make_udp(uint8_t *frame, bool tagged, size_t data, struct virtio_net_hdr *left)
{
	size_t l3 = tagged ? 18 : 14;
	uint8_t *ip = frame + l3;

	memset(frame, 2, 12);
	if (tagged)
		memcpy(frame + 12, (const uint8_t[]){0x81, 0, 0, 9}, 4);
	rvl_put_be16(frame + l3 - 2, ETH_P_IP);
	memset(ip, 0, 28);
	ip[0] = 0x45;
	rvl_put_be16(ip + 2, (uint16_t)(28 + data));
	ip[8] = 64;
	ip[9] = IPPROTO_UDP;
	rvl_put_be32(ip + 12, 0xc0000202);
	rvl_put_be32(ip + 16, 0xc0000201);
	rvl_put_be16(ip + 10, rvl_ip_checksum(ip, 20));
	rvl_put_be16(ip + 20, 1);
	rvl_put_be16(ip + 22, 2);
	rvl_put_be16(ip + 24, (uint16_t)(8 + data));
	for (size_t i = 0; i < data; i++)
		ip[28 + i] = (uint8_t)(i * 7 + i / 256);
	*left = (struct virtio_net_hdr){.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
					.csum_start = (uint16_t)(l3 + 20),
					.csum_offset = 6};
	return l3 + 28 + data;
}

static void what_is_left_to_do_is_told_from_where_the_frame_begins(void **state)
{
	const struct bed *bed = *state;

	for (int tagged = 0; tagged < 2; tagged++) {
		uint8_t frame[LONGEST];
		struct virtio_net_hdr left;
		struct rvl_received received;
		size_t len = make_udp(frame, tagged, 100, &left);

		send_left(bed, &left, frame, len);
		wait_for(bed);
		assert_int_equal(receive(bed, &received, 1), 1);
		expect_frame(&received, frame, len);
		assert_int_equal(received.left.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
		assert_int_equal(received.left.csum_start, left.csum_start);
		assert_int_equal(received.left.csum_offset, left.csum_offset);
	}
}

/* Datagrams that are one large frame so far. */
static size_t make_large(uint8_t *frame, bool tagged, struct virtio_net_hdr *left)
{
	size_t len = make_udp(frame, tagged, LARGE, left);

	left->gso_type = 5; /* VIRTIO_NET_HDR_GSO_UDP_L4, which older headers lack */
	left->gso_size = 1000;
	left->hdr_len = (uint16_t)(left->csum_start + 8);
	return len;
}

static void one_that_is_longer_than_a_slot_comes_whole_and_in_its_place(void **state)
{
	const struct bed *bed = *state;
	static uint8_t frame[LARGE + 100];

	for (uint32_t i = 0; i < 2 * MOST_SLOTS; i++) {
		struct rvl_received received[BATCH];
		struct virtio_net_hdr left;
		const bool tagged = i % 2;
		size_t len = make_large(frame, tagged, &left);

		send_number(bed, i);
		send_left(bed, &left, frame, len);
		send_left(bed, &left, frame, len);
		send_number(bed, ~i);
		/* One at a time. */
		assert_int_equal(receive(bed, received, BATCH), 2);
		expect_number(&received[0], i);
		expect_frame(&received[1], frame, len);
		assert_int_equal(received[1].left.gso_type, left.gso_type);
		assert_int_equal(received[1].left.gso_size, left.gso_size);
		assert_int_equal(received[1].left.csum_start, left.csum_start);
		assert_int_equal(receive(bed, received, BATCH), 1);
		expect_frame(&received[0], frame, len);
		assert_int_equal(receive(bed, received, BATCH), 1);
		expect_number(&received[0], ~i);
		expect_none(bed);
	}
}

/* Then its slot has but the beginning. */
static void a_longer_one_without_room_in_the_queue_is_empty(void **state)
{
	const struct bed *bed = *state;
	static uint8_t frame[LARGE + 100];
	struct rvl_received received;
	struct virtio_net_hdr left;
	size_t len = make_large(frame, false, &left);
	const int least = 0;
	int whole = 0, n;

	assert_int_equal(setsockopt(bed->fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)), 0);
	for (int i = 0; i < 4; i++)
		send_left(bed, &left, frame, len);
	send_number(bed, 7);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(receive(bed, &received, 1), 1);
		whole += received.frame.len == len;
		assert_true(received.frame.len == len || !received.frame.len);
	}
	assert_in_range(whole, 0, 3);
	n = receive(bed, &received, 1);
	assert_int_equal(n, 1);
	expect_number(&received, 7);
}

static void that_the_interface_is_down_is_told_once(void **state)
{
	const struct bed *bed = *state;
	struct rvl_received received;
	struct pollfd ready = {bed->fd, POLLIN, 0};

	send_number(bed, 1);
	assert_int_equal(system("ip link set wire0 down"), 0);
	assert_int_equal(receive(bed, &received, 1), 1);
	/* Who has had some looks again. */
	assert_int_equal(receive(bed, &received, 1), -EAGAIN);
	assert_int_equal(poll(&ready, 1, 0), 1);
	assert_int_equal(receive(bed, &received, 1), -ENETDOWN);
	assert_int_equal(receive(bed, &received, 1), -EAGAIN);
	assert_int_equal(poll(&ready, 1, 0), 0);
	assert_int_equal(system("ip link set wire0 up"), 0);
	wait_for_carrier(bed);
}

/* With memory of a size that there isn't, or of a socket that has none. */
static void what_cant_be_is_refused(void **state)
{
	const struct bed *bed = *state;
	struct rvl_ring *ring;

	assert_int_equal(rvl_ring_open(bed->peer, LONGEST, 0, &ring), -EINVAL);
	assert_int_equal(rvl_ring_open(STDERR_FILENO, LONGEST, OCTETS, &ring), -ENOTSOCK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(frames_come_in_order_whole_and_once),
		TEST(frames_stay_until_those_after_them_are_received),
		TEST(what_has_no_slot_is_counted_and_takes_none),
		TEST(tags_are_as_they_were_on_the_wire),
		TEST(what_is_left_to_do_is_told_from_where_the_frame_begins),
		TEST(one_that_is_longer_than_a_slot_comes_whole_and_in_its_place),
		TEST(a_longer_one_without_room_in_the_queue_is_empty),
		TEST(that_the_interface_is_down_is_told_once),
		TEST(what_cant_be_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
