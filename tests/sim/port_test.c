/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The wire port on a veth pair, on a TAP interface and on files. Needs root for the first two: the
 * test makes a network namespace of its own, which goes with it.
 */
#include <errno.h>
#include <fcntl.h>
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

#include "sim/port.h"
#include "tests/patience.h"

static uint8_t frame[RVL_PORT_MAX_FRAME];
static char err[512];

static void run(const char *command)
{
	if (system(command) != 0)
		fail_msg("%s", command);
}

/* The test is skipped, and says why, where the reason holds. */
static void skip_if(bool holds, const char *reason)
{
	if (!holds)
		return;
	print_message("# skipped: %s\n", reason);
	skip();
}

static void skip_without_root(void)
{
	skip_if(geteuid() != 0, "devices and packet sockets need root");
}

static struct rvl_port *open_port(const char *spec)
{
	struct rvl_port *p;

	if (rvl_port_open(&p, spec, err, sizeof(err)))
		fail_msg("%s: %s", spec, err);
	return p;
}

static void refused(const char *spec, int code, const char *words)
{
	struct rvl_port *p;
	int rc = rvl_port_open(&p, spec, err, sizeof(err));

	assert_null(p);
	if (!strstr(err, words) || (code && rc != code))
		fail_msg("%s: %d \"%s\", without \"%s\"", spec, rc, err, words);
}

/* The next frame with this EtherType, or with any for 0; fails when none comes. */
static uint32_t receive(struct rvl_port *p, uint16_t type)
{
	for (;;) {
		struct pollfd there = {.fd = rvl_port_fd(p), .events = POLLIN};
		uint32_t len = rvl_port_receive(p, frame);

		if (len && (type == 0 || (frame[12] << 8 | frame[13]) == type))
			return len;
		if (len == 0 && poll(&there, 1, patience_ms()) != 1)
			fail_msg("no frame of type %#x", type);
	}
}

static int raw_socket(const char *name)
{
	struct sockaddr_ll addr = {.sll_family = AF_PACKET,
				   .sll_protocol = htons(ETH_P_ALL),
				   .sll_ifindex = (int)if_nametoindex(name)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static const uint8_t experimental[64] = {2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 8, 0x88, 0xb5, 1, 2, 3};

static void frames_cross_a_veth_pair_and_do_not_come_back(void **state)
{
	struct pollfd there = {.events = POLLIN};
	struct rvl_port *p;
	uint32_t len;
	int peer;

	(void)state;
	skip_without_root();
	p = open_port("veth:ptest0");
	peer = raw_socket("ptest1");
	there.fd = peer;
	rvl_port_send(p, experimental, sizeof(experimental), 0);
	do {
		assert_int_equal(poll(&there, 1, patience_ms()), 1);
		len = (uint32_t)recv(peer, frame, sizeof(frame), 0);
	} while (len != sizeof(experimental) || frame[12] != 0x88);
	assert_memory_equal(frame, experimental, sizeof(experimental));
	/* What comes next with this type is the peer's answer, not our own frame. */
	memcpy(frame, experimental, sizeof(experimental));
	frame[20] = 99;
	assert_int_equal(send(peer, frame, 100, 0), 100);
	assert_int_equal(receive(p, 0x88b5), 100);
	assert_int_equal(frame[20], 99);
	assert_int_equal(rvl_port_stats(p)->sent, 1);
	assert_true(rvl_port_open_ended(p));
	close(peer);
	rvl_port_close(p);
}

static void vlan_tags_stay_in_the_frame(void **state)
{
	const uint8_t tagged[64] = {2, 0, 0,	0,    0,    9,	  2,	0,    0, 0,
				    0, 8, 0x81, 0x00, 0x20, 0x2a, 0x88, 0xb5, 7};
	struct rvl_port *p;
	int peer;

	(void)state;
	skip_without_root();
	p = open_port("veth:ptest0");
	peer = raw_socket("ptest1");
	assert_int_equal(send(peer, tagged, sizeof(tagged), 0), sizeof(tagged));
	assert_int_equal(receive(p, ETH_P_8021Q), sizeof(tagged));
	assert_memory_equal(frame, tagged, sizeof(tagged));
	close(peer);
	rvl_port_close(p);
}

static uint16_t internet_sum(uint32_t sum, const uint8_t *p, uint32_t len)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void checksums_that_the_stack_left_to_its_device_are_right(void **state)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(4500),
				 .sin_addr.s_addr = htonl(0x0a630002)};
	static uint8_t payload[101];
	struct rvl_port *p;
	uint32_t len, udp;
	int fd;

	(void)state;
	skip_without_root();
	p = open_port("veth:ptest0");
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(
		sendto(fd, payload, sizeof(payload), 0, (struct sockaddr *)&to, sizeof(to)),
		sizeof(payload));
	len = receive(p, ETH_P_IP);
	udp = len - 34;
	assert_int_equal(udp, 8 + sizeof(payload));
	/* Pseudo header (RFC 768): addresses, protocol, length. */
	assert_int_equal(internet_sum(internet_sum(17 + udp, frame + 26, 8), frame + 34, udp),
			 0xffff);
	close(fd);
	rvl_port_close(p);
}

static void tap_interface_is_made_and_set_up(void **state)
{
	struct rvl_port *p;
	int fd;

	(void)state;
	skip_without_root();
	skip_if(access("/dev/net/tun", R_OK | W_OK) != 0, "there is no /dev/net/tun");
	p = open_port("tap:ptesttap");
	fd = raw_socket("ptesttap");
	memcpy(frame, experimental, sizeof(experimental));
	assert_int_equal(send(fd, frame, 64, 0), 64);
	assert_int_equal(receive(p, 0x88b5), 64);
	assert_memory_equal(frame, experimental, sizeof(experimental));
	close(fd);
	rvl_port_close(p);
	assert_int_equal(if_nametoindex("ptesttap"), 0);
}

static void files_are_read_to_their_end_and_written(void **state)
{
	char dir[] = "/tmp/port_test.XXXXXX", in[64], out[64], spec[160];
	struct rvl_capture *c;
	struct rvl_port *p;
	uint32_t i;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(in, sizeof(in), "%s/in", dir);
	snprintf(out, sizeof(out), "%s/out", dir);
	assert_int_equal(rvl_capture_open(&c, in, err, sizeof(err)), 0);
	for (i = 1; i <= 100; i++) {
		memset(frame, (int)i, 14 * i);
		rvl_capture_write(c, frame, 14 * i, i);
	}
	rvl_capture_close(c);

	snprintf(spec, sizeof(spec), "pcap:%s,%s", in, out);
	p = open_port(spec);
	assert_int_equal(rvl_port_fd(p), -1);
	for (i = 1; i <= 100; i++) {
		assert_true(rvl_port_open_ended(p));
		assert_int_equal(rvl_port_receive(p, frame), 14 * i);
		assert_int_equal(frame[14 * i - 1], i);
		rvl_port_send(p, frame, 14 * i, 1000 * i);
	}
	assert_int_equal(rvl_port_receive(p, frame), 0);
	assert_false(rvl_port_open_ended(p));
	rvl_port_close(p);

	snprintf(spec, sizeof(spec), "pcap:%s,", out);
	p = open_port(spec);
	for (i = 1; i <= 100; i++)
		assert_int_equal(rvl_port_receive(p, frame), 14 * i);
	assert_int_equal(rvl_port_receive(p, frame), 0);
	rvl_port_close(p);

	/* Not a capture; and a capture that breaks off in the middle. */
	snprintf(spec, sizeof(spec), "pcap:%s,", in);
	assert_int_equal(truncate(in, 200), 0);
	p = open_port(spec);
	while (rvl_port_receive(p, frame))
		;
	assert_int_equal(rvl_port_stats(p)->receive_failed, 1);
	rvl_port_close(p);
	assert_int_equal(truncate(in, 10), 0);
	refused(spec, -EIO, in);
	unlink(in);
	refused(spec, -EIO, "No such file or directory");
	unlink(out);
	rmdir(dir);
}

static void errors_name_what_is_wrong_and_where(void **state)
{
	(void)state;
	refused("ether:eth0", -EINVAL, "\"ether:eth0\": a port is veth:IF, tap:IF");
	refused("", -EINVAL, "a port is");
	refused("veth:", -EINVAL, "not a name of an interface");
	refused("veth:sixteencharacter", -EINVAL, "sixteencharacter");
	refused("pcap:onefile", -EINVAL, "two file names");
	refused("pcap:,/no/such/dir/out", -EIO, "/no/such/dir/out");
	skip_without_root();
	refused("veth:nosuchif", -ENODEV, "interface nosuchif: No such device");
	refused("veth:lo", 0, "lo");
	refused("veth:pdown0", -ENETDOWN, "interface is not up: pdown0");
	assert_int_equal(seteuid(65534), 0);
	refused("veth:ptest0", -EPERM, "needs CAP_NET_RAW");
	assert_int_equal(seteuid(0), 0);
}

static int make_namespace(void **state)
{
	(void)state;
	if (geteuid() != 0)
		return 0;
	if (unshare(CLONE_NEWNET))
		return -1;
	run("ip link add ptest0 type veth peer name ptest1");
	run("ip link add pdown0 type veth peer name pdown1");
	run("ip link set ptest0 up && ip link set ptest1 up");
	run("ip address add 10.99.0.1/24 dev ptest1");
	run("ip neighbour add 10.99.0.2 lladdr 02:00:00:00:00:09 dev ptest1");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_cross_a_veth_pair_and_do_not_come_back),
		cmocka_unit_test(vlan_tags_stay_in_the_frame),
		cmocka_unit_test(checksums_that_the_stack_left_to_its_device_are_right),
		cmocka_unit_test(tap_interface_is_made_and_set_up),
		cmocka_unit_test(files_are_read_to_their_end_and_written),
		cmocka_unit_test(errors_name_what_is_wrong_and_where),
	};

	return cmocka_run_group_tests(tests, make_namespace, NULL);
}
