// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/lane.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

/* Where things are in an Ethernet frame, and from the start of an IKE header. */
enum {
	ETHERTYPE = 12,
	IP = 14,
	IP_FRAGMENT = IP + 6,
	IP_PROTOCOL = IP + 9,
	IPV6_NEXT_HEADER = IP + 6,
	IPV6_HEADER = 40,
	UDP_PORT = IP + 2, /* behind an IP header of no length */
	UDP_DATA = IP + 8,
	MARKER = 4,
	SPI_R = 8,
	NEXT_PAYLOAD = 16,
	FLAGS = 19,
	IKE_HEADER = 28,

	MORE_OR_OFFSET = 0x3fff,
	RESPONSE = 0x20,
	NOTIFY = 41,

	SHORTEST = IP + 20 + 8,
};

#define LOAD(size, from) BPF_STMT(BPF_LD | (size) | BPF_ABS, from)
#define LOAD_X(size, from) BPF_STMT(BPF_LD | (size) | BPF_IND, from)
#define LEN BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0)
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, value)
#define IF_EQUAL(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no)
#define IF_ANY(bits, yes, no) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, yes, no)
#define IF_LEAST(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, value, yes, no)

/* The lane of the IKE message that begins at X, and what is returned for each. */
#define LANE_OF_MESSAGE(peers, returned, strangers)                                                \
	LOAD_X(BPF_B, FLAGS), IF_ANY(RESPONSE, 6, 0), LOAD_X(BPF_W, SPI_R), IF_EQUAL(0, 0, 4),     \
		LOAD_X(BPF_W, SPI_R + 4), IF_EQUAL(0, 0, 2), LOAD_X(BPF_B, NEXT_PAYLOAD),          \
		IF_EQUAL(NOTIFY, 1, 2), RETURN(peers), RETURN(returned), RETURN(strangers)

static int attach(int fd, int option, struct sock_filter *code, size_t len)
{
	const struct sock_fprog program = {.len = (unsigned short)len, .filter = code};

	return setsockopt(fd, SOL_SOCKET, option, &program, sizeof(program)) ? -errno : 0;
}

int rvl_lane_take_frames(int fd, enum rvl_lane lane, uint16_t port, uint16_t port_natt)
{
	const uint32_t peers = lane == RVL_LANE_PEERS ? UINT32_MAX : 0;
	const uint32_t returned = lane == RVL_LANE_RETURNED ? UINT32_MAX : 0;
	const uint32_t strangers = lane == RVL_LANE_STRANGERS ? UINT32_MAX : 0;
	const uint32_t frames = lane == RVL_LANE_FRAMES ? UINT32_MAX : 0;
	struct sock_filter code[] = {
		/* 0: is it UDP over IPv6, as the first header? */
		LEN,
		IF_LEAST(SHORTEST, 0, 42),
		LOAD(BPF_H, ETHERTYPE),
		IF_EQUAL(ETH_P_IP, 5, 0),
		IF_EQUAL(ETH_P_IPV6, 0, 39),
		LOAD(BPF_B, IPV6_NEXT_HEADER),
		IF_EQUAL(IPPROTO_UDP, 0, 37),
		BPF_STMT(BPF_LDX | BPF_IMM, IPV6_HEADER),
		BPF_STMT(BPF_JMP | BPF_JA, 5),
		/* 9: or over IPv4, in one piece? */
		LOAD(BPF_B, IP_PROTOCOL),
		IF_EQUAL(IPPROTO_UDP, 0, 33),
		LOAD(BPF_H, IP_FRAGMENT),
		IF_ANY(MORE_OR_OFFSET, 31, 0),
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, IP),
		/* 14: has it room for a marker and an IKE header behind an IP header of X octets?
		 */
		BPF_STMT(BPF_STX, 1),
		BPF_STMT(BPF_MISC | BPF_TXA, 0),
		BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, UDP_DATA + MARKER + IKE_HEADER),
		BPF_STMT(BPF_ST, 0),
		LEN,
		BPF_STMT(BPF_LDX | BPF_W | BPF_MEM, 0),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_X, 0, 0, 23),
		/* 21: is it to one of the ports, and behind a marker no ESP? */
		BPF_STMT(BPF_LDX | BPF_W | BPF_MEM, 1),
		LOAD_X(BPF_H, UDP_PORT),
		IF_EQUAL(port, 6, 0),
		IF_EQUAL(port_natt, 0, 19),
		LOAD_X(BPF_W, UDP_DATA),
		IF_EQUAL(0, 0, 17),
		BPF_STMT(BPF_MISC | BPF_TXA, 0),
		BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, MARKER),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		/* 30 */
		BPF_STMT(BPF_MISC | BPF_TXA, 0),
		BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, UDP_DATA),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		LANE_OF_MESSAGE(peers, returned, strangers),
		/* 44 */
		RETURN(frames),
	};

	return attach(fd, SO_ATTACH_FILTER, code, sizeof(code) / sizeof(code[0]));
}

int rvl_lane_take_none(int fd)
{
	struct sock_filter code[] = {RETURN(0)};

	return attach(fd, SO_ATTACH_FILTER, code, 1);
}

int rvl_lane_sort_datagrams(int fd, bool marked)
{
	struct sock_filter code[] = {
		/* 0: is it long enough, and behind a marker no ESP? */
		LEN,
		IF_LEAST(MARKER + IKE_HEADER, 0, 13),
		BPF_STMT(BPF_LDX | BPF_IMM, 0),
		BPF_STMT(BPF_JMP | BPF_JA, marked ? 0 : 3),
		LOAD(BPF_W, 0),
		IF_EQUAL(0, 0, 9),
		BPF_STMT(BPF_LDX | BPF_IMM, MARKER),
		/* 7; what is no IKE message goes with the peers' */
		LANE_OF_MESSAGE(0, RVL_LANE_RETURNED - RVL_LANE_PEERS,
				RVL_LANE_STRANGERS - RVL_LANE_PEERS),
	};

	return attach(fd, SO_ATTACH_REUSEPORT_CBPF, code, sizeof(code) / sizeof(code[0]));
}

uint32_t rvl_lane_missed(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = {0};
	socklen_t len = sizeof(info);

	return getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) ? 0 : info[SK_MEMINFO_DROPS];
}
