// SPDX-License-Identifier: BSD-2-Clause
/* IKE's sockets: what of the datagrams that have come is handed on, and in which order. */
#include <arpa/inet.h>
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
#include <uv.h>

#include <cmocka.h>

#include "host/raveld/sockets.h"

enum { PORT = 5000, PORT_NATT = 5001, MARKER = 4, SPI_R = 8, LEN = 100, SEEN = 256 };

/* What was handed on, by the first octet of each. */
struct bed {
	uv_loop_t loop;
	struct log log;
	struct sockets *sockets;
	int sender;
	uint16_t from; /* the sender's port */
	unsigned count;
	uint8_t seen[SEEN];
};

static void on_datagram(void *context, const struct ike_addr *local, const struct ike_addr *remote,
			struct ike_slice datagram)
{
	static const uint8_t loopback[2][16] = {{127, 0, 0, 1}, {[15] = 1}};
	struct bed *bed = context;
	const uint8_t *expected = loopback[local->family == 6];

	assert_true(bed->count < SEEN);
	assert_int_equal(datagram.len, LEN);
	assert_memory_equal(local->ip, expected, ike_addr_len(local));
	assert_memory_equal(remote->ip, expected, ike_addr_len(local));
	if (local->family == 4)
		assert_int_equal(remote->port, bed->from);
	assert_int_equal(local->port, datagram.data[1] ? PORT_NATT : PORT);
	bed->seen[bed->count++] = datagram.data[0];
}

static int set_up(void **state)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct bed *bed = calloc(1, sizeof(*bed));
	socklen_t len = sizeof(any);

	*state = bed;
	if (!bed || geteuid() || unshare(CLONE_NEWNET) || system("ip link set lo up") ||
	    uv_loop_init(&bed->loop))
		return -1;
	bed->log = log_open(LOG_LEVEL_INFO);
	bed->sender = socket(AF_INET, SOCK_DGRAM, 0);
	if (bed->sender < 0 || bind(bed->sender, (struct sockaddr *)&any, sizeof(any)) ||
	    getsockname(bed->sender, (struct sockaddr *)&any, &len))
		return -1;
	bed->from = ntohs(any.sin_port);
	return sockets_open(&bed->loop, PORT, PORT_NATT, false, &bed->log, on_datagram, bed,
			    &bed->sockets);
}

static int tear_down(void **state)
{
	struct bed *bed = *state;

	sockets_close(bed->sockets);
	uv_run(&bed->loop, UV_RUN_DEFAULT);
	uv_loop_close(&bed->loop);
	close(bed->sender);
	free(bed);
	return 0;
}

static void put(const struct bed *bed, uint16_t port, const void *data, size_t len)
{
	const struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(port),
	};

	assert_int_equal(
		sendto(bed->sender, data, len, 0, (const struct sockaddr *)&to, sizeof(to)), len);
}

/* A request of a stranger's, or of a peer's. */
static void put_request(const struct bed *bed, uint8_t which, bool natt, bool peer)
{
	uint8_t message[MARKER + LEN] = {0};

	message[MARKER] = which;
	message[MARKER + 1] = natt;
	message[MARKER + SPI_R] = peer;
	put(bed, natt ? PORT_NATT : PORT, message + (natt ? 0 : MARKER), natt ? MARKER + LEN : LEN);
}

static void take(struct bed *bed, unsigned count)
{
	while (bed->count < count)
		uv_run(&bed->loop, UV_RUN_ONCE);
}

static void all_that_has_come_is_handed_on_in_its_order(void **state)
{
	struct bed *bed = *state;

	for (unsigned i = 0; i < 100; i++)
		put_request(bed, (uint8_t)i, false, false);
	take(bed, 100);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(bed->seen[i], i);
	assert_int_equal(sockets_counters(bed->sockets).received, 100);
}

static void peers_come_before_strangers_on_whichever_port(void **state)
{
	struct bed *bed = *state;

	for (unsigned i = 0; i < 40; i++)
		put_request(bed, 0, i & 1, false);
	put_request(bed, 1, false, true);
	put_request(bed, 1, true, true);
	take(bed, 42);
	assert_int_equal(bed->seen[0] + bed->seen[1], 2);
}

/* As after a standstill. */
static void peers_come_first_where_all_are_taken_at_once(void **state)
{
	struct bed *bed = *state;

	for (unsigned i = 0; i < 40; i++)
		put_request(bed, 0, i & 1, false);
	put_request(bed, 1, true, true);
	sockets_receive(bed->sockets);
	assert_int_equal(bed->count, 41);
	assert_int_equal(bed->seen[0], 1);
}

static void both_families_are_heard_in_turn(void **state)
{
	const struct sockaddr_in6 to = {
		.sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT,
		.sin6_port = htons(PORT),
	};
	int sender = socket(AF_INET6, SOCK_DGRAM, 0);
	const uint8_t message[LEN] = {6};
	struct bed *bed = *state;

	for (unsigned i = 0; i < 4; i += 2) {
		put_request(bed, 4, false, false);
		take(bed, i + 1);
		assert_int_equal(
			sendto(sender, message, LEN, 0, (const struct sockaddr *)&to, sizeof(to)),
			LEN);
		take(bed, i + 2);
		assert_int_equal(bed->seen[i], 4);
		assert_int_equal(bed->seen[i + 1], 6);
	}
	close(sender);
}

static void what_is_no_ike_message_is_ignored(void **state)
{
	static const uint8_t esp[LEN] = {1}, keepalive[1] = {0xff};
	struct bed *bed = *state;

	put(bed, PORT_NATT, esp, sizeof(esp));
	put(bed, PORT_NATT, keepalive, sizeof(keepalive));
	put(bed, PORT_NATT, NULL, 0);
	put_request(bed, 1, true, true);
	take(bed, 1);
	assert_int_equal(bed->count, 1);
	assert_int_equal(sockets_counters(bed->sockets).ignored, 3);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		T(all_that_has_come_is_handed_on_in_its_order),
		T(peers_come_before_strangers_on_whichever_port),
		T(peers_come_first_where_all_are_taken_at_once),
		T(both_families_are_heard_in_turn),
		T(what_is_no_ike_message_is_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
