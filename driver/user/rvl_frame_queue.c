/* SPDX-License-Identifier: BSD-2-Clause */
#include "rvl_frame_queue.h"

/* Frames start two octets into a buffer, which aligns their IPv4 header. */
#define FRAME_OFFSET 2
#define BUFFER_ALIGN 64
#define POLL_BATCH 32

struct buffers {
	uint8_t *mem;
	uint64_t bus;
	size_t size;
	unsigned int count;
	unsigned int next; /* descriptors complete in order, so buffers are used in a circle */
};

struct rvl_frame_queue {
	struct rvl_os os;
	struct rvl_queue *rings;
	struct buffers tx;
	struct buffers rx;
	size_t stride;
	uint16_t max_frame;
	uint64_t tx_errors;
	uint64_t rx_errors;
};

static int buffers_init(struct rvl_frame_queue *q, struct buffers *b, uint8_t log2)
{
	b->count = 1U << log2;
	b->size = b->count * q->stride;
	b->mem = rvl_os_dma_alloc(&q->os, b->size, &b->bus);
	return b->mem ? 0 : -ENOMEM;
}

static void buffers_free(struct rvl_frame_queue *q, struct buffers *b)
{
	if (b->mem)
		rvl_os_dma_free(&q->os, b->mem, b->size, b->bus);
}

static uint64_t buffer_bus(const struct buffers *b, const uint8_t *buffer)
{
	return b->bus + (uint64_t)(buffer - b->mem) + FRAME_OFFSET;
}

static uint8_t *buffer_next(const struct rvl_frame_queue *q, const struct buffers *b)
{
	return b->mem + b->next * q->stride;
}

static int give_buffer(struct rvl_frame_queue *q, uint8_t *buffer)
{
	return rvl_queue_rx(q->rings, buffer_bus(&q->rx, buffer), q->max_frame, buffer);
}

int rvl_frame_queue_create(const struct rvl_os *os, struct rvl_dev *dev, unsigned int number,
			   const struct rvl_queue_options *options, struct rvl_frame_queue **queuep,
			   struct rvl_dev_error *err)
{
	struct rvl_frame_queue *q = calloc(1, sizeof(*q));
	unsigned int i;
	int ret;

	*queuep = NULL;
	if (!q)
		return -ENOMEM;
	q->os = *os;
	q->max_frame = rvl_dev_caps(dev)->max_frame;
	if (q->max_frame > RVL_FRAME_QUEUE_MAX)
		q->max_frame = RVL_FRAME_QUEUE_MAX;
	q->stride = (q->max_frame + FRAME_OFFSET + BUFFER_ALIGN - 1U) & ~(BUFFER_ALIGN - 1U);
	ret = rvl_queue_create(dev, number, options, &q->rings, err);
	if (!ret && (buffers_init(q, &q->tx, options->tx_log2) ||
		     buffers_init(q, &q->rx, options->rx_log2))) {
		ret = rvl_fail(err, -ENOMEM,
			       "DMA memory has no room for the buffers of queue pair %u", number);
	}
	if (ret) {
		rvl_frame_queue_destroy(q);
		return ret;
	}
	for (i = 0; i < q->rx.count; i++)
		give_buffer(q, q->rx.mem + i * q->stride);
	rvl_queue_kick(q->rings);
	*queuep = q;
	return 0;
}

void rvl_frame_queue_destroy(struct rvl_frame_queue *q)
{
	if (!q)
		return;
	if (!rvl_queue_destroy(q->rings)) {
		buffers_free(q, &q->tx);
		buffers_free(q, &q->rx);
	}
	free(q);
}

struct rvl_queue *rvl_frame_queue_rings(struct rvl_frame_queue *q)
{
	return q->rings;
}

void *rvl_frame_queue_tx_buffer(struct rvl_frame_queue *q, size_t *room)
{
	if (!rvl_queue_tx_room(q->rings))
		return NULL;
	*room = q->max_frame;
	return buffer_next(q, &q->tx) + FRAME_OFFSET;
}

int rvl_frame_queue_tx(struct rvl_frame_queue *q, size_t len, uint32_t sa)
{
	uint8_t *buffer = buffer_next(q, &q->tx);
	int ret;

	if (len > q->max_frame)
		return -EINVAL;
	ret = rvl_queue_tx(q->rings, buffer_bus(&q->tx, buffer), (uint16_t)len, sa, buffer);
	if (!ret)
		q->tx.next = (q->tx.next + 1) % q->tx.count;
	return ret;
}

int rvl_frame_queue_send(struct rvl_frame_queue *q, const void *frame, size_t len, uint32_t sa)
{
	size_t room;
	void *buffer = rvl_frame_queue_tx_buffer(q, &room);

	if (!buffer)
		return -ENOSPC;
	if (len > room)
		return -EINVAL;
	memcpy(buffer, frame, len);
	return rvl_frame_queue_tx(q, len, sa);
}

int rvl_frame_queue_poll(struct rvl_frame_queue *q, int budget, rvl_frame_received *received,
			 void *ctx)
{
	struct rvl_completion c[POLL_BATCH];
	int done = 0;

	while (done < budget) {
		int want = budget - done < POLL_BATCH ? budget - done : POLL_BATCH;
		int got = rvl_queue_poll(q->rings, c, want);
		int i;

		if (got < 0)
			return got;
		for (i = 0; i < got; i++) {
			if (!c[i].rx) {
				q->tx_errors += c[i].status != RVL_CQ_STATUS_OK;
				continue;
			}
			if (c[i].status == RVL_CQ_STATUS_OK)
				received(ctx, (uint8_t *)c[i].cookie + FRAME_OFFSET, &c[i]);
			else
				q->rx_errors++;
			give_buffer(q, c[i].cookie);
		}
		done += got;
		if (got < want)
			break;
	}
	return done;
}

uint64_t rvl_frame_queue_tx_errors(const struct rvl_frame_queue *q)
{
	return q->tx_errors;
}

uint64_t rvl_frame_queue_rx_errors(const struct rvl_frame_queue *q)
{
	return q->rx_errors;
}
