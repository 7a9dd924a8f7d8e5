/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the host has sent and waits for its turn in the data path: at most RVL_BACKLOG_OCTETS, with
 * a queue for each flow (RFC 8290, section 4, without CoDel). A flow that has sent little comes
 * first, so what else is on the way adds no more to its delay than the frame that is being sent;
 * flows that have much share what there is. Where there is no room, the flow with the most loses
 * its oldest frame.
 *
 * A flow's frames keep their order. All fragments between two hosts are one flow.
 *
 * It belongs to one thread.
 */
#ifndef RVL_SA_BACKLOG_H
#define RVL_SA_BACKLOG_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each frame takes whole blocks. */
#define RVL_BACKLOG_BLOCK 2048
#define RVL_BACKLOG_OCTETS (512 * RVL_BACKLOG_BLOCK)

/* The longest frame: an IP packet behind an Ethernet header with two VLAN tags. */
#define RVL_BACKLOG_FRAME (22 + 65535)

struct rvl_backlog;

/* salt: random, so that nobody chooses whose queue is his too. NULL without memory. */
struct rvl_backlog *rvl_backlog_new(uint64_t salt);

/* What waits is lost; all that was there is erased. NULL is fine. */
void rvl_backlog_free(struct rvl_backlog *backlog);

/* A frame that was read and doesn't wait yet. */
struct rvl_backlog_frame {
	struct virtio_net_hdr header;
	size_t len;
	const uint8_t *first; /* octets of it, */
	size_t there;	      /* and how many */
};

/* Read the next frame from a descriptor that gives one with its struct virtio_net_hdr by a read and
 * doesn't block. Returns 1, 0 when there is none, or -errno. It is lost unless it is entered, or
 * copied, before the next one is read. */
int rvl_backlog_read(struct rvl_backlog *backlog, int fd, struct rvl_backlog_frame *read);
void rvl_backlog_enter(struct rvl_backlog *backlog, const struct rvl_backlog_frame *read);
void rvl_backlog_copy(const struct rvl_backlog *backlog, const struct rvl_backlog_frame *read,
		      uint8_t *frame);

/* A frame of at most RVL_BACKLOG_FRAME octets waits, as if it had been read. */
void rvl_backlog_put(struct rvl_backlog *backlog, const struct virtio_net_hdr *header,
		     const uint8_t *frame, size_t len);

/* The frame whose turn it is, of *len octets, to RVL_BACKLOG_FRAME octets of room. False: none
 * waits. */
bool rvl_backlog_next(struct rvl_backlog *backlog, struct virtio_net_hdr *header, uint8_t *frame,
		      size_t *len);

/* Frames that there was no room for. */
uint64_t rvl_backlog_dropped(const struct rvl_backlog *backlog);

#endif
