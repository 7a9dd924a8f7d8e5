/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * A queue pair: transmit, receive and completion ring.
 *
 * Threads, of one queue pair; different pairs don't know of each other:
 *
 *	transmitter	tx, tx_room, kick_tx
 *	poller		poll, rx, rx_room, kick_rx, and kick, which is for a transmitter that is
 *			also the poller
 *	control		create and destroy, while neither of the others runs
 *	any		number, pending, state
 *
 * There is one transmitter and one poller at a time, without a lock; the two may run side by side,
 * or be the same thread. The poller may also see whether there is tx_room, to wake the transmitter.
 *
 * arm is the poller's too, but may be late: a poller that has handed over to the next (NAPI, which
 * arms when it is complete) may arm beside it. At worst the device then raises an interrupt at
 *which there is nothing to do, and hears of the completions taken when the next poller arms.
 *
 * The buffers are the caller's; a cookie (any pointer) goes in with each and comes back with its
 * completion. Nothing is copied.
 */
#ifndef RVL_QUEUE_H
#define RVL_QUEUE_H

#include "rvl_dev.h"

struct rvl_queue_options {
	/* log2 of the entries; RVL_RING_LOG2_MIN to tx_log2_max and rx_log2_max, below cq_log2_max
	 */
	uint8_t tx_log2;
	uint8_t rx_log2;
	uint8_t vector; /* MSI-X vector of completions */

	/*
	 * May be NULL. Called for each buffer that the device did not complete, as soon as it can't
	 * touch it any more: from rvl_queue_destroy(), or from rvl_dev_close() for a queue that
	 * did not stop or was not destroyed. It may not call the core.
	 */
	void (*release)(void *ctx, bool rx, void *cookie);
	void *release_ctx;
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

#define RVL_NO_SA 0xffffffffU

/*
 * Queue a frame of len octets at bus address addr, from its Ethernet header, without FCS. sa: the
 * outbound SA to protect it with, or RVL_NO_SA to ask the policies. The buffer is the device's
 * until its completion. -ENOSPC: no room; -EINVAL: len or sa out of range.
 */
int rvl_queue_tx(struct rvl_queue *queue, uint64_t addr, uint16_t len, uint32_t sa, void *cookie);

/* Give the device a receive buffer of len octets. -ENOSPC: no room; -EINVAL: too short for a frame.
 */
int rvl_queue_rx(struct rvl_queue *queue, uint64_t addr, uint16_t len, void *cookie);

/* Tell the device about descriptors queued since the last time: frames, and receive buffers. */
void rvl_queue_kick_tx(struct rvl_queue *queue);
void rvl_queue_kick_rx(struct rvl_queue *queue);

/* Both, and completions taken: those are otherwise told by poll, at times, and by arm. */
void rvl_queue_kick(struct rvl_queue *queue);

struct rvl_completion {
	bool rx;
	uint8_t status; /* RVL_CQ_STATUS_* */
	uint16_t len;	/* received: octets, at most the buffer's; 0 unless status is OK */
	bool decrypted; /* received as ESP on inbound SA `sa`, and verified */
	bool udp;	/* it was ESP in UDP */
	uint32_t sa;	/* in range; RVL_NO_SA unless decrypted */
	void *cookie;
};

/*
 * Take up to max completions, in order per direction. Returns how many, or as a dead device: what
 * was good before a completion that kills it is returned first, the error with the next call.
 */
int rvl_queue_poll(struct rvl_queue *queue, struct rvl_completion *completions, int max);

/* Is the next completion that of a sent frame? What rvl_queue_poll() then says it is, counts. */
bool rvl_queue_sent_next(const struct rvl_queue *queue);

/*
 * Ask for one interrupt with the next completion, or at once if there is one already: arm, then
 * sleep, then poll until there is nothing, and arm again.
 */
void rvl_queue_arm(struct rvl_queue *queue);

/* Is there a completion that was not taken yet? Never of a dead device. */
bool rvl_queue_pending(const struct rvl_queue *queue);

/* For people who look for what went wrong: pointers as the driver and as the device has them. */
struct rvl_queue_state {
	uint16_t tx_tail, tx_head, rx_tail, rx_head, cq_head;
	uint16_t tx_told, rx_told; /* tails that the device was told */
	bool pending;
	/* registers of the same names; zero when the device is dead */
	uint32_t dev_tx_tail, dev_tx_head, dev_rx_tail, dev_rx_head;
	uint32_t dev_cq_head, dev_cq_tail, dev_status;
};

void rvl_queue_state(const struct rvl_queue *queue, struct rvl_queue_state *state);

#endif
