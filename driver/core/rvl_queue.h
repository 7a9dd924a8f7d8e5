/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * A queue pair: transmit, receive and completion ring.
 *
 * Threads: each queue pair belongs to one data thread at a time, which calls everything here but
 * create and destroy without a lock. Create and destroy are a control thread's, while the data
 * thread isn't running. Different queue pairs don't know of each other.
 *
 * The buffers are the caller's; a cookie (any pointer) goes in with each and comes back with its
 * completion. Nothing is copied.
 */
#ifndef RVL_QUEUE_H
#define RVL_QUEUE_H

#include "rvl_dev.h"

struct rvl_queue_options {
	uint8_t tx_log2; /* log2 of the entries; RVL_RING_LOG2_MIN to ring_log2_max - 1 */
	uint8_t rx_log2;
	uint8_t vector; /* MSI-X vector of completions */
};

#define RVL_RING_LOG2_MIN 3

struct rvl_queue;

/*
 * Make and start queue pair `number`. -EINVAL (options, number), -EBUSY (there is one), -ENOMEM, or
 * as a dead device.
 */
int rvl_queue_create(struct rvl_dev *dev, unsigned int number,
		     const struct rvl_queue_options *options, struct rvl_queue **queue,
		     struct rvl_dev_error *err);

/*
 * Stop a queue pair and free it. 0: the device no longer touches its buffers, they may be freed.
 * An error: the device didn't stop in time and is dead; the buffers may be freed only after
 * rvl_dev_close(). Either way the queue is gone for the caller. NULL is fine.
 */
int rvl_queue_destroy(struct rvl_queue *queue);

unsigned int rvl_queue_number(const struct rvl_queue *queue);

/* Free descriptors. */
unsigned int rvl_queue_tx_room(const struct rvl_queue *queue);
unsigned int rvl_queue_rx_room(const struct rvl_queue *queue);

#define RVL_NO_SA 0xffffU

/*
 * Queue a frame of len octets at bus address addr, from its Ethernet header, without FCS. sa: the
 * outbound SA to protect it with, or RVL_NO_SA to ask the policies. The buffer is the device's
 * until its completion. -ENOSPC: no room; -EINVAL: len or sa out of range.
 */
int rvl_queue_tx(struct rvl_queue *queue, uint64_t addr, uint16_t len, uint16_t sa, void *cookie);

/* Give the device a receive buffer of len octets. -ENOSPC: no room; -EINVAL: too short for a frame.
 */
int rvl_queue_rx(struct rvl_queue *queue, uint64_t addr, uint16_t len, void *cookie);

/* Tell the device about descriptors queued, and completions taken, since the last time. */
void rvl_queue_kick(struct rvl_queue *queue);

struct rvl_completion {
	bool rx;
	uint8_t status; /* RVL_CQ_STATUS_* */
	uint16_t len;	/* received: octets, at most the buffer's; 0 unless status is OK */
	bool decrypted; /* received as ESP on inbound SA `sa`, and verified */
	bool udp;	/* it was ESP in UDP */
	uint16_t sa;	/* in range; RVL_NO_SA unless decrypted */
	void *cookie;
};

/* Take up to max completions, in order per direction. Returns how many, or as a dead device. */
int rvl_queue_poll(struct rvl_queue *queue, struct rvl_completion *completions, int max);

/*
 * Ask for one interrupt with the next completion, or at once if there is one already: arm, then
 * sleep, then poll until there is nothing, and arm again.
 */
void rvl_queue_arm(struct rvl_queue *queue);

#endif
