/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A queue pair with buffers: frames in and out of ordinary memory.
 *
 * One data thread at a time uses a queue (rvl_queue.h says which calls are the control thread's).
 */
#ifndef RVL_FRAME_QUEUE_H
#define RVL_FRAME_QUEUE_H

#include <stddef.h>

#include "rvl_queue.h"

struct rvl_frame_queue;

/* A buffer holds as much as the device takes, and this at most: what is longer it drops and counts.
 */
#define RVL_FRAME_QUEUE_MAX 9234

/*
 * Make queue pair `number` of dev, with a buffer for each of its descriptors, all receive buffers
 * given to the device. os: the one that dev was opened with.
 */
int rvl_frame_queue_create(const struct rvl_os *os, struct rvl_dev *dev, unsigned int number,
			   const struct rvl_queue_options *options, struct rvl_frame_queue **queue,
			   struct rvl_dev_error *err);

/*
 * Stop and free it. When the device doesn't stop (it is then dead) the buffers are kept from reuse:
 * they go with the DMA memory as a whole. NULL is fine.
 */
void rvl_frame_queue_destroy(struct rvl_frame_queue *queue);

/* The rings below, for rvl_queue_tx_room() and such. */
struct rvl_queue *rvl_frame_queue_rings(struct rvl_frame_queue *queue);

/*
 * Where the next frame to send is to be written, of *room octets; NULL when the ring is full. It
 * may be asked for and not be used.
 */
void *rvl_frame_queue_tx_buffer(struct rvl_frame_queue *queue, size_t *room);

/*
 * Queue what was written there: len octets from the Ethernet header, without FCS; sa: RVL_NO_SA to
 * ask the policies. -EINVAL: len or sa out of range. It leaves with rvl_queue_kick().
 */
int rvl_frame_queue_tx(struct rvl_frame_queue *queue, size_t len, uint32_t sa);

/* The two in one, by copying: -ENOSPC when the ring is full. */
int rvl_frame_queue_send(struct rvl_frame_queue *queue, const void *frame, size_t len, uint32_t sa);

/* A frame received; it is the callee's to change until it returns. */
typedef void rvl_frame_received(void *ctx, uint8_t *frame, const struct rvl_completion *c);

/*
 * Take up to budget completions: received frames go to the callback and their buffers back to the
 * device (with the next rvl_queue_kick()). Returns how many, or as a dead device.
 */
int rvl_frame_queue_poll(struct rvl_frame_queue *queue, int budget, rvl_frame_received *received,
			 void *ctx);

/* Frames that the device could not send (descriptor refused or frame unreadable) or deliver. */
uint64_t rvl_frame_queue_tx_errors(const struct rvl_frame_queue *queue);
uint64_t rvl_frame_queue_rx_errors(const struct rvl_frame_queue *queue);

#endif
