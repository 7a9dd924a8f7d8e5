// SPDX-License-Identifier: BSD-2-Clause
/* In which lane the kernel puts what comes: frames of a packet socket, datagrams of a UDP port. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/sa/lane.h"

enum { PORT = 5000, PORT_NATT = 5001, OTHER = 5002, IKE_HEADER = 28 };

/* What is sent, and the lane that it is for. */
struct message {
	uint16_t port;
	bool marker;
	uint8_t spi_r;	/* the last octet of it */
	uint8_t spi_r0; /* the first */
	uint8_t next;
	uint8_t flags;
	size_t len; /* of all */
	enum rvl_lane frame;
	enum rvl_lane datagram;
};

static const struct message messages[] = {
	{PORT, false, 0, 0, 33, 8, 100, RVL_LANE_STRANGERS, RVL_LANE_STRANGERS},
	{PORT, false, 0, 0, 41, 8, 100, RVL_LANE_RETURNED, RVL_LANE_RETURNED},
	{PORT, false, 1, 0, 46, 8, 100, RVL_LANE_PEERS, RVL_LANE_PEERS},
	{PORT, false, 0, 1, 46, 8, 100, RVL_LANE_PEERS, RVL_LANE_PEERS},
	{PORT, false, 0, 0, 41, 0x20, 100, RVL_LANE_PEERS, RVL_LANE_PEERS},
	{PORT_NATT, true, 0, 0, 33, 8, 100, RVL_LANE_STRANGERS, RVL_LANE_STRANGERS},
	{PORT_NATT, true, 0, 0, 41, 8, 100, RVL_LANE_RETURNED, RVL_LANE_RETURNED},
	{PORT_NATT, true, 1, 0, 33, 8, 100, RVL_LANE_PEERS, RVL_LANE_PEERS},
	/* ESP in UDP, a keepalive, and what is too short for anything */
	{PORT_NATT, false, 0, 0, 33, 8, 100, RVL_LANE_FRAMES, RVL_LANE_PEERS},
	{PORT_NATT, false, 0, 0, 33, 8, 1, RVL_LANE_FRAMES, RVL_LANE_PEERS},
	{PORT_NATT, true, 0, 0, 33, 8, 4 + IKE_HEADER, RVL_LANE_STRANGERS, RVL_LANE_STRANGERS},
	{PORT_NATT, true, 0, 0, 33, 8, 3 + IKE_HEADER, RVL_LANE_FRAMES, RVL_LANE_PEERS},
	{PORT, false, 0, 0, 33, 8, 4 + IKE_HEADER, RVL_LANE_STRANGERS, RVL_LANE_STRANGERS},
	{PORT, false, 0, 0, 33, 8, 3 + IKE_HEADER, RVL_LANE_FRAMES, RVL_LANE_PEERS},
	{PORT, false, 0, 0, 33, 8, 0, RVL_LANE_FRAMES, RVL_LANE_PEERS},
	/* Another port is nobody's. */
	{OTHER, false, 0, 0, 33, 8, 100, RVL_LANE_FRAMES, RVL_LANES},
	/* In fragments */
	{PORT, false, 0, 0, 33, 8, 3000, RVL_LANE_FRAMES, RVL_LANE_STRANGERS},
};

struct bed {
	int frames[RVL_LANES];
	int datagrams[2][RVL_LANES]; /* by port, from RVL_LANE_PEERS on */
	int sender;
	int other; /* nobody's port is answered */
	int sender6;
	int sinks6[3]; /* nor are these */
};

static int set_up(void **state)
{
	struct sockaddr_ll link = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	struct sockaddr_in other = {.sin_family = AF_INET};
	struct bed *bed = calloc(1, sizeof(*bed));
	int on = 1;

	*state = bed;
	if (geteuid() || unshare(CLONE_NEWNET) || system("ip link set lo mtu 1500 up"))
		return -1;
	link.sll_ifindex = (int)if_nametoindex("lo");
	for (int lane = 0; lane < RVL_LANES; lane++) {
		int fd = bed->frames[lane] = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);

		if (fd < 0 || rvl_lane_take_frames(fd, (enum rvl_lane)lane, PORT, PORT_NATT) ||
		    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) ||
		    bind(fd, (struct sockaddr *)&link, sizeof(link)))
			return -1;
	}
	for (int i = 0; i < 2; i++) {
		struct sockaddr_in any = {.sin_family = AF_INET,
					  .sin_port = htons(i ? PORT_NATT : PORT)};

		for (int lane = RVL_LANE_PEERS; lane < RVL_LANES; lane++) {
			int fd = bed->datagrams[i][lane] =
				socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

			if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) ||
			    bind(fd, (struct sockaddr *)&any, sizeof(any)))
				return -1;
		}
		if (rvl_lane_sort_datagrams(bed->datagrams[i][RVL_LANE_STRANGERS], i))
			return -1;
	}
	bed->sender = socket(AF_INET, SOCK_DGRAM, 0);
	bed->other = socket(AF_INET, SOCK_DGRAM, 0);
	other.sin_port = htons(OTHER);
	bed->sender6 = socket(AF_INET6, SOCK_DGRAM, 0);
	for (int i = 0; i < 3; i++) {
		struct sockaddr_in6 any = {.sin6_family = AF_INET6,
					   .sin6_port = htons((uint16_t)(PORT + i))};

		bed->sinks6[i] = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		if (setsockopt(bed->sinks6[i], IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) ||
		    bind(bed->sinks6[i], (struct sockaddr *)&any, sizeof(any)))
			return -1;
	}
	return bed->sender < 0 || bind(bed->other, (struct sockaddr *)&other, sizeof(other)) ? -1
											     : 0;
}

static int tear_down(void **state)
{
	struct bed *bed = *state;

	for (int lane = 0; lane < RVL_LANES; lane++)
		close(bed->frames[lane]);
	for (int lane = RVL_LANE_PEERS; lane < RVL_LANES; lane++) {
		close(bed->datagrams[0][lane]);
		close(bed->datagrams[1][lane]);
	}
	close(bed->sender);
	close(bed->sender6);
	for (int i = 0; i < 3; i++)
		close(bed->sinks6[i]);
	close(bed->other);
	free(bed);
	return 0;
}

static void send_message(const struct bed *bed, const struct message *m, bool ipv6)
{
	struct sockaddr_in6 to6 = {.sin6_family = AF_INET6,
				   .sin6_port = htons(m->port),
				   .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(m->port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	uint8_t room[4000] = {0}, *ike = room + (m->marker ? 4 : 0);

	ike[0] = 7;
	ike[8] = m->spi_r0;
	ike[15] = m->spi_r;
	ike[16] = m->next;
	ike[19] = m->flags;
	if (ipv6)
		assert_int_equal(
			sendto(bed->sender6, room, m->len, 0, (struct sockaddr *)&to6, sizeof(to6)),
			(ssize_t)m->len);
	else
		assert_int_equal(
			sendto(bed->sender, room, m->len, 0, (struct sockaddr *)&to, sizeof(to)),
			(ssize_t)m->len);
}

/* How many there are, which are taken. On the loopback interface what is sent is there at once. */
static unsigned waiting(int fd)
{
	uint8_t room[4096];
	unsigned count = 0;

	while (recv(fd, room, sizeof(room), 0) >= 0)
		count++;
	assert_int_equal(errno, EAGAIN);
	return count;
}

static void each_message_comes_in_its_lane(void **state)
{
	const struct bed *bed = *state;

	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		const struct message *m = &messages[i];
		unsigned pieces = m->len > 1500 ? 3 : 1;

		send_message(bed, m, false);
		for (int lane = 0; lane < RVL_LANES; lane++) {
			unsigned frames = waiting(bed->frames[lane]);

			if (frames != (lane == (int)m->frame ? pieces : 0))
				fail_msg("message %zu: %u frames in lane %d", i, frames, lane);
		}
		for (int k = 0; k < 6; k++) {
			int lane = RVL_LANE_PEERS + k % 3;
			bool here =
				lane == (int)m->datagram && m->port == (k < 3 ? PORT : PORT_NATT);
			unsigned datagrams = waiting(bed->datagrams[k / 3][lane]);

			if (datagrams != here)
				fail_msg("message %zu: %u datagrams in lane %d", i, datagrams,
					 lane);
		}
	}
}

static void frames_over_ipv6_come_in_theirs(void **state)
{
	const struct bed *bed = *state;

	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		const struct message *m = &messages[i];
		unsigned pieces = m->len > 1500 ? 3 : 1;

		send_message(bed, m, true);
		for (int lane = 0; lane < RVL_LANES; lane++) {
			unsigned frames = waiting(bed->frames[lane]);

			if (frames != (lane == (int)m->frame ? pieces : 0))
				fail_msg("message %zu: %u frames in lane %d", i, frames, lane);
		}
	}
}

static void what_has_no_place_in_one_lane_takes_none_in_another(void **state)
{
	const struct bed *bed = *state;

	for (unsigned i = 0; i < 20000; i++)
		send_message(bed, &messages[0], false);
	assert_true(rvl_lane_missed(bed->datagrams[0][RVL_LANE_STRANGERS]) > 0);
	assert_true(rvl_lane_missed(bed->frames[RVL_LANE_STRANGERS]) > 0);
	for (unsigned i = 1; i < 4; i++)
		send_message(bed, &messages[i], false);
	assert_int_equal(waiting(bed->datagrams[0][RVL_LANE_RETURNED]), 1);
	assert_int_equal(waiting(bed->datagrams[0][RVL_LANE_PEERS]), 2);
	assert_int_equal(waiting(bed->frames[RVL_LANE_RETURNED]), 1);
	assert_int_equal(waiting(bed->frames[RVL_LANE_PEERS]), 2);
	assert_int_equal(rvl_lane_missed(bed->frames[RVL_LANE_PEERS]), 0);
	assert_int_equal(rvl_lane_missed(bed->datagrams[0][RVL_LANE_PEERS]), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_message_comes_in_its_lane, set_up, tear_down),
		cmocka_unit_test_setup_teardown(frames_over_ipv6_come_in_theirs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_has_no_place_in_one_lane_takes_none_in_another,
						set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
