/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which thread has what: an SA's packets are those of one thread, both ways. Who it is follows from
 * the SPI of the child's inbound SA, which is random and ours; the kernel gives ESP and AH from the
 * wire to that thread's packet socket by the same rule (packet(7), PACKET_FANOUT), and all else,
 * fragments and what lies behind extension headers or two VLAN tags among it, to the first one.
 */
#ifndef RVL_SA_FANOUT_H
#define RVL_SA_FANOUT_H

#include <stdint.h>

/* Threads at most. */
#define RVL_FANOUT_MAX 16

static inline unsigned int rvl_fanout_owner(uint32_t spi, unsigned int threads)
{
	return spi % threads;
}

/*
 * A packet socket, which is bound, becomes the first of a group of as many as there are threads;
 * udp_port: of ESP in UDP. Returns the group, or -errno.
 */
int64_t rvl_fanout_open(int fd, unsigned int threads, uint16_t udp_port);

/* The next one of the group. 0 or -errno. */
int rvl_fanout_join(int fd, int64_t group);

#endif
