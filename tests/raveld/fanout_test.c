// SPDX-License-Identifier: BSD-2-Clause
/* Which thread's packet socket the kernel gives what comes from the wire to. */
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
#include <unistd.h>

#include <cmocka.h>

#include "host/esp/esp.h"
#include "host/esp/ip.h"
#include "host/sa/fanout.h"
#include "host/sa/wire.h"
#include "tests/patience.h"

enum { THREADS = 3, PORT = 5000, PORT_NATT = 5001, ROOM = 256, MARK = 0x4d41524b };

struct bed {
	struct rvl_wire *wire;
	int peer; /* a packet socket at the other end */
};

/* Two processors would each have a queue between the two ends. */
static int stay_on_one_processor(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	return sched_setaffinity(0, sizeof(one), &one);
}

static int set_up(void **state)
{
	struct sockaddr_ll link = {.sll_family = AF_PACKET};
	struct rvl_backend_error error = {""};
	struct bed *bed = calloc(1, sizeof(*bed));

	*state = bed;
	/* The kernel has nothing of its own to say there. */
	if (geteuid() || stay_on_one_processor() || unshare(CLONE_NEWNET) ||
	    system("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6; "
		   "ip link add wire0 type veth peer name wire1 && ip link set wire1 up"))
		return -1;
	if (rvl_wire_open("wire0", PORT, PORT_NATT, THREADS, &bed->wire, &error)) {
		fprintf(stderr, "%s\n", error.text);
		return -1;
	}
	link.sll_ifindex = (int)if_nametoindex("wire1");
	bed->peer = socket(AF_PACKET, SOCK_RAW, 0);
	return bind(bed->peer, (struct sockaddr *)&link, sizeof(link));
}

static int tear_down(void **state)
{
	struct bed *bed = *state;

	close(bed->peer);
	rvl_wire_close(bed->wire);
	free(bed);
	return 0;
}

/* What is sent, but for an SPI. */
struct form {
	const char *name;
	int family;
	unsigned int tags; /* VLAN */
	size_t options;	   /* octets behind an IPv4 header, or of an IPv6 extension header */
	uint8_t protocol;
	uint16_t fragment; /* flags and offset of IPv4 */
	uint16_t port;	   /* of UDP, to there */
	bool marked;	   /* by four octets of zero */
	size_t len;	   /* behind the IP headers; 0: 64 */
	bool firsts;	   /* it is the first thread's, whatever its SPI */
};

static const struct form forms[] = {
	{"ESP", 4, .protocol = IPPROTO_ESP},
	{"ESP behind options", 4, .options = 8, .protocol = IPPROTO_ESP},
	{"ESP behind many options", 4, .options = 40, .protocol = IPPROTO_ESP},
	{"ESP in a VLAN", 4, 1, .protocol = IPPROTO_ESP},
	{"ESP with DF", 4, .protocol = IPPROTO_ESP, .fragment = 0x4000},
	{"ESP over IPv6", 6, .protocol = IPPROTO_ESP},
	{"ESP over IPv6 in a VLAN", 6, 1, .protocol = IPPROTO_ESP},
	{"AH", 4, .protocol = IPPROTO_AH},
	{"AH behind options", 4, .options = 4, .protocol = IPPROTO_AH},
	{"AH over IPv6", 6, .protocol = IPPROTO_AH},
	{"ESP in UDP", 4, .protocol = IPPROTO_UDP, .port = PORT_NATT},
	{"ESP in UDP behind options", 4, .options = 12, .protocol = IPPROTO_UDP, .port = PORT_NATT},
	{"ESP in UDP over IPv6", 6, .protocol = IPPROTO_UDP, .port = PORT_NATT},
	{"ESP in a first fragment", 4, .protocol = IPPROTO_ESP, .fragment = 0x2000, .firsts = true},
	{"ESP in a later fragment", 4, .protocol = IPPROTO_ESP, .fragment = 0x0010, .firsts = true},
	{"ESP in UDP, a fragment", 4, .protocol = IPPROTO_UDP, .port = PORT_NATT,
	 .fragment = 0x2000, .firsts = true},
	{"ESP behind an extension header", 6, .options = 8, .protocol = IPPROTO_ESP,
	 .firsts = true},
	{"ESP that is cut in its SPI", 4, .protocol = IPPROTO_ESP, .len = 3, .firsts = true},
	{"AH that is cut there", 6, .protocol = IPPROTO_AH, .len = 7, .firsts = true},
	{"a keepalive", 4, .protocol = IPPROTO_UDP, .port = PORT_NATT, .len = 9, .firsts = true},
	{"too short to be IKE", 4, .protocol = IPPROTO_UDP, .port = PORT_NATT, .marked = true,
	 .len = 20, .firsts = true},
	{"UDP to another port", 4, .protocol = IPPROTO_UDP, .port = 53, .firsts = true},
	{"UDP to another port over IPv6", 6, .protocol = IPPROTO_UDP, .port = 53, .firsts = true},
	{"TCP", 4, .protocol = IPPROTO_TCP, .firsts = true},
	{"ICMPv6", 6, .protocol = IPPROTO_ICMPV6, .firsts = true},
	{"ESP in two VLANs", 4, 2, .protocol = IPPROTO_ESP, .firsts = true},
};

static size_t put_tags(uint8_t *p, unsigned int tags)
{
	size_t at = 12;

	for (unsigned int i = 0; i < tags; i++, at += 4) {
		rvl_put_be16(p + at, i + 1 < tags ? ETH_P_8021AD : ETH_P_8021Q);
		rvl_put_be16(p + at + 2, (uint16_t)(7 + i));
	}
	return at;
}

static size_t put_ip(uint8_t *p, const struct form *form, size_t len)
{
	size_t header = 20 + form->options;

	if (form->family == 4) {
		p[0] = (uint8_t)(0x40 + header / 4);
		rvl_put_be16(p + 2, (uint16_t)(header + len));
		rvl_put_be16(p + 6, form->fragment);
		p[8] = 64;
		p[9] = form->protocol;
		rvl_put_be32(p + 12, 0xc0000202);
		rvl_put_be32(p + 16, 0xc0000201);
		memset(p + 20, 1, form->options); /* no operation */
		rvl_put_be16(p + 10, rvl_ip_checksum(p, header));
		return header;
	}
	p[0] = 0x60;
	rvl_put_be16(p + 4, (uint16_t)(form->options + len));
	p[6] = form->options ? IPPROTO_HOPOPTS : form->protocol;
	p[7] = 64;
	p[8] = p[24] = 0x20;
	p[23] = 2;
	p[39] = 1;
	if (form->options) {
		p[40] = form->protocol;
		p[42] = 1; /* padding */
		p[43] = 4;
	}
	return 40 + form->options;
}

/* A frame of this form and SPI, with the mark in its sender's address; its length. *l3: where its
 * packet is. */
static size_t make(uint8_t p[ROOM], const struct form *form, uint32_t spi, uint32_t mark,
		   size_t *l3)
{
	size_t len = form->len ? form->len : 64, at;

	memset(p, 0, ROOM);
	memset(p, 2, 8);
	rvl_put_be32(p + 8, mark);
	at = put_tags(p, form->tags);
	rvl_put_be16(p + at, form->family == 4 ? ETH_P_IP : ETH_P_IPV6);
	*l3 = at + 2;
	at = *l3 + put_ip(p + *l3, form, len);
	if (form->protocol == IPPROTO_UDP) {
		rvl_put_be16(p + at, 4500);
		rvl_put_be16(p + at + 2, form->port);
		rvl_put_be16(p + at + 4, (uint16_t)len);
		rvl_put_be32(p + at + 8, form->marked ? 0 : spi);
	} else {
		rvl_put_be32(p + at + (form->protocol == IPPROTO_AH ? 4 : 0), spi);
	}
	return at + len;
}

static void send_frame(const struct bed *bed, const uint8_t *frame, size_t len)
{
	assert_int_equal(send(bed->peer, frame, len, 0), len);
}

/* The mark of the next frame that a thread has; 0: none. */
static uint32_t next_mark(const struct bed *bed, unsigned int thread)
{
	struct rvl_received received;
	int n = rvl_wire_receive(bed->wire, thread, RVL_LANE_FRAMES, &received, 1);

	if (n != 1)
		return 0;
	assert_true(received.frame.len >= 14);
	return rvl_get_be32(rvl_buf_data(&received.frame) + 8);
}

/* Whoever has this mark, and nobody else has any. */
static unsigned int thread_of(const struct bed *bed, uint32_t mark)
{
	unsigned int found = THREADS;

	while (found == THREADS) {
		struct pollfd fds[THREADS];

		for (unsigned int i = 0; i < THREADS; i++)
			fds[i] = (struct pollfd){rvl_wire_fd(bed->wire, i), POLLIN, 0};
		assert_true(poll(fds, THREADS, patience_ms()) > 0);
		for (unsigned int i = 0; i < THREADS; i++) {
			uint32_t got = fds[i].revents ? next_mark(bed, i) : 0;

			assert_true(!got || got == mark);
			if (got)
				found = i;
		}
	}
	return found;
}

/* Neither IP nor anything: the first thread's. */
static void send_mark(const struct bed *bed, uint32_t mark)
{
	uint8_t frame[64] = {[12] = 0x08, [13] = 0x06};

	rvl_put_be32(frame + 8, mark);
	send_frame(bed, frame, sizeof(frame));
}

/* What comes behind all else: by then all that came has a socket. */
static void expect_no_more(const struct bed *bed)
{
	send_mark(bed, MARK);
	assert_int_equal(thread_of(bed, MARK), 0);
}

/* The kernel drops what is sent until it has seen that both ends are up. */
static void wait_for_carrier(const struct bed *bed)
{
	uint32_t mark = MARK;

	do {
		send_mark(bed, ++mark);
		poll(NULL, 0, 1);
	} while (!next_mark(bed, 0));
	send_mark(bed, MARK);
	while (next_mark(bed, 0) != MARK)
		poll(NULL, 0, 1);
}

static void check_forms(const struct bed *bed)
{
	static uint32_t mark;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		for (uint32_t spi = 0xfffffff0; spi >= 0xfffffff0; spi++) {
			const unsigned int owner =
				forms[i].firsts ? 0 : rvl_fanout_owner(spi, THREADS);
			struct rvl_buf packet;
			struct rvl_esp_place place;
			uint8_t frame[ROOM];
			unsigned int had;
			size_t l3, len = make(frame, &forms[i], spi, ++mark, &l3);

			send_frame(bed, frame, len);
			had = thread_of(bed, mark);
			if (had != owner)
				fail_msg("%s of SPI %x: thread %u has it, not %u", forms[i].name,
					 spi, had, owner);
			expect_no_more(bed);
			/* It is where the data path finds the SPI. */
			packet = (struct rvl_buf){frame, len, l3, len - l3};
			if (!forms[i].firsts) {
				assert_int_equal(rvl_esp_find(&place, &packet, PORT_NATT),
						 RVL_ESP_FOUND);
				assert_int_equal(place.spi, spi);
			}
		}
	}
}

static void each_form_comes_to_the_thread_of_its_spi_once(void **state)
{
	wait_for_carrier(*state);
	check_forms(*state);
}

static void it_does_after_the_interface_was_down(void **state)
{
	struct bed *bed = *state;

	assert_int_equal(system("ip link set wire0 down && ip link set wire0 up"), 0);
	/* Each socket tells once that it was. */
	for (unsigned int i = 1; i < THREADS; i++)
		assert_int_equal(next_mark(bed, i), 0);
	wait_for_carrier(bed);
	check_forms(bed);
}

static void ike_has_its_lanes_and_is_no_threads_frame(void **state)
{
	static const struct form ike = {"IKE", 4, .protocol = IPPROTO_UDP, .port = PORT};
	static const struct form natt = {"IKE", 4, .protocol = IPPROTO_UDP, .port = PORT_NATT,
					 .marked = true};
	const struct form *both[] = {&ike, &natt};
	struct bed *bed = *state;

	wait_for_carrier(bed);
	for (uint32_t i = 0; i < 200; i++) {
		struct rvl_received received;
		uint8_t frame[ROOM];
		int n = -1;
		size_t l3;

		send_frame(bed, frame, make(frame, both[i % 2], i, 1, &l3));
		expect_no_more(bed);
		for (int lane = RVL_LANE_PEERS; lane < RVL_LANES && n != 1; lane++)
			n = rvl_wire_receive(bed->wire, 0, (enum rvl_lane)lane, &received, 1);
		assert_int_equal(n, 1);
	}
}

/* Neither by a thread nor by anybody else. */
static void what_is_sent_there_comes_to_no_thread(void **state)
{
	const struct sockaddr_ll link = {.sll_family = AF_PACKET,
					 .sll_ifindex = (int)if_nametoindex("wire0")};
	struct bed *bed = *state;
	int other = socket(AF_PACKET, SOCK_RAW, 0);
	uint8_t room[ROOM + 64];

	assert_int_equal(bind(other, (const struct sockaddr *)&link, sizeof(link)), 0);
	wait_for_carrier(bed);
	for (uint32_t spi = 0x1000; spi < 0x1000 + 2 * THREADS; spi++) {
		struct rvl_buf frame = {room, sizeof(room), 64, 0};
		const bool train = false;
		size_t l3;

		frame.len = make(room + 64, &forms[0], spi, 1, &l3);
		assert_int_equal(send(other, room + 64, frame.len, 0), frame.len);
		assert_int_equal(rvl_wire_send(bed->wire, spi % THREADS, &frame, &train, 1), 0);
		expect_no_more(bed);
	}
	close(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_form_comes_to_the_thread_of_its_spi_once),
		TEST(it_does_after_the_interface_was_down),
		TEST(what_is_sent_there_comes_to_no_thread),
		TEST(ike_has_its_lanes_and_is_no_threads_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
