/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames that a data thread has, and that are another's to carry: what waits for that one. There is
 * a bound to it; what comes then is dropped and counted. From one thread to another frames keep
 * their order.
 */
#ifndef RVL_RAVELD_HANDOVER_H
#define RVL_RAVELD_HANDOVER_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/esp/buf.h"

/* So many frames and octets of them wait at most. */
#define HANDOVER_FRAMES 1024
#define HANDOVER_OCTETS (1u << 20)

struct handover;

/* Where a frame is on its way. */
enum handover_point {
	HANDOVER_READ,	   /* the netdev gave it, with its header: before its turn */
	HANDOVER_OUTBOUND, /* before the data path: nothing but that is left to do */
	HANDOVER_INBOUND,  /* the wire gave it: before the data path */
	HANDOVER_CLEAR,	   /* the wire's too, of which the data path has nothing to say */
};

#define HANDOVER_POINTS (HANDOVER_CLEAR + 1)

struct handed {
	enum handover_point point;
	struct virtio_net_hdr header; /* of HANDOVER_READ */
	struct rvl_buf frame;	      /* with room before and behind it for ESP */
};

/* NULL without memory. */
struct handover *handover_new(void);

/* What waits is lost. NULL is fine. */
void handover_free(struct handover *handover);

/* A copy of a frame is the other thread's. header: NULL unless HANDOVER_READ. Returns whether it is
 * to be woken: nothing was waiting before. */
bool handover_put(struct handover *handover, enum handover_point point,
		  const struct virtio_net_hdr *header, const uint8_t *frame, size_t len);

/* The other thread's: the next one, which is the caller's until the next call. False: there is
 * none. */
bool handover_next(struct handover *handover, struct handed *handed);

/* How many were handed over, and how many more there was no room for, by where they were. */
struct handover_counters {
	uint64_t frames;
	uint64_t full[HANDOVER_POINTS];
};
struct handover_counters handover_counters(struct handover *handover);

#endif
