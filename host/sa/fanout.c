// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/fanout.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#ifndef PACKET_FANOUT_FLAG_IGNORE_OUTGOING
#define PACKET_FANOUT_FLAG_IGNORE_OUTGOING 0x4000 /* which older headers lack */
#endif

/* From the start of an IP packet, and behind an IP header of no length. */
enum {
	IP_FRAGMENT = 6,
	IP_PROTOCOL = 9,
	IPV6_NEXT_HEADER = 6,
	IPV6_HEADER = 40,
	ESP_SPI = 0,
	AH_SPI = 4,
	UDP_PORT = 2,
	UDP_DATA = 8,

	MORE_OR_OFFSET = 0x3fff,
	HEADER_WORDS = 0xf,
};

/* The kernel hasn't put the Ethernet header back when it asks, so it is asked for the IP header's
 * place. */
#define NET(at) ((uint32_t)(SKF_NET_OFF + (at)))
#define LOAD(size, at) BPF_STMT(BPF_LD | (size) | BPF_ABS, NET(at))
#define LOAD_X(size, at) BPF_STMT(BPF_LD | (size) | BPF_IND, NET(at))
#define GO(over) BPF_STMT(BPF_JMP | BPF_JA, over)
#define IF_EQUAL(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no)
#define IF_ANY(bits, yes, no) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, yes, no)

/* What isn't there to be loaded ends the program, with 0. */
static int set_program(int fd, unsigned int threads, uint16_t udp_port)
{
	struct sock_filter code[] = {
		/* 0: X octets of IPv6 header, A the protocol behind it */
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL)),
		IF_EQUAL(ETH_P_IPV6, 0, 3),
		BPF_STMT(BPF_LDX | BPF_IMM, IPV6_HEADER),
		LOAD(BPF_B, IPV6_NEXT_HEADER),
		GO(8),
		/* 5: or of IPv4, in one piece */
		IF_EQUAL(ETH_P_IP, 0, 19),
		LOAD(BPF_H, IP_FRAGMENT),
		IF_ANY(MORE_OR_OFFSET, 17, 0),
		LOAD(BPF_B, 0),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, HEADER_WORDS),
		BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 2),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		LOAD(BPF_B, IP_PROTOCOL),
		/* 13: the SPI; behind a non-ESP marker it would be 0 */
		IF_EQUAL(IPPROTO_UDP, 0, 4),
		LOAD_X(BPF_H, UDP_PORT),
		IF_EQUAL(udp_port, 0, 9),
		LOAD_X(BPF_W, UDP_DATA),
		GO(5),
		/* 18 */
		IF_EQUAL(IPPROTO_ESP, 0, 2),
		LOAD_X(BPF_W, ESP_SPI),
		GO(2),
		/* 21 */
		IF_EQUAL(IPPROTO_AH, 0, 3),
		LOAD_X(BPF_W, AH_SPI),
		/* 23: rvl_fanout_owner() */
		BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, threads),
		BPF_STMT(BPF_RET | BPF_A, 0),
		/* 25 */
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

	return setsockopt(fd, SOL_PACKET, PACKET_FANOUT_DATA, &program, sizeof(program)) ? -errno
											 : 0;
}

int64_t rvl_fanout_open(int fd, unsigned int threads, uint16_t udp_port)
{
	const uint32_t any = (PACKET_FANOUT_CBPF | PACKET_FANOUT_FLAG_UNIQUEID |
			      PACKET_FANOUT_FLAG_IGNORE_OUTGOING)
			     << 16;
	uint32_t group;
	socklen_t len = sizeof(group);
	int err;

	if (setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &any, sizeof(any)) ||
	    getsockopt(fd, SOL_PACKET, PACKET_FANOUT, &group, &len))
		return -errno;
	err = set_program(fd, threads, udp_port);
	return err ? err : (int64_t)group;
}

int rvl_fanout_join(int fd, int64_t group)
{
	const uint32_t of = (uint32_t)group;

	return setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &of, sizeof(of)) ? -errno : 0;
}
