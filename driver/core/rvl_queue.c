/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Queue pairs.
 *
 * Ring pointers are free-running 16-bit counters (the entry is pointer mod size), so tail - head is
 * what is queued, also across the wrap.
 *
 * What the transmitting and the polling thread share are the pointers of the transmit ring: the
 * transmitter writes tail and told, the poller head. A slot is written before told says so, and the
 * poller looks at it only then; it is read before head says so, and reused only then.
 */
#include "rvl_private.h"

#define FRAME_MIN 14 /* an Ethernet header */

struct slot {
	void *cookie;
	uint16_t len;
};

struct ring {
	struct rvl_dma dma;
	struct slot *slots;
	uint8_t log2;
	rvl_atomic tail; /* descriptors written */
	rvl_atomic head; /* descriptors completed */
	rvl_atomic told; /* tail that the device knows */
};

struct rvl_queue {
	struct rvl_dev *dev;
	unsigned int number;
	struct ring tx;
	struct ring rx;
	struct rvl_dma cq;
	uint8_t cq_log2;
	rvl_atomic cq_head; /* completions taken */
	rvl_atomic cq_told; /* cq_head that the device knows */
	void (*release)(void *ctx, bool rx, void *cookie);
	void *release_ctx;
	struct rvl_queue *next; /* in the list of stuck queues */
};

static uint16_t get(const rvl_atomic *pointer)
{
	return (uint16_t)rvl_atomic_load(pointer);
}

static unsigned int ring_used(const struct ring *ring)
{
	return (uint16_t)(get(&ring->tail) - get(&ring->head));
}

static unsigned int ring_room(const struct ring *ring)
{
	return (1U << ring->log2) - ring_used(ring);
}

static unsigned int ring_slot(const struct ring *ring, uint16_t pointer)
{
	return pointer & ((1U << ring->log2) - 1);
}

static int ring_init(struct rvl_dev *dev, struct ring *ring, uint8_t log2, size_t desc_size)
{
	ring->log2 = log2;
	ring->slots = rvl_os_zalloc((size_t)1 << log2, sizeof(*ring->slots));
	if (!ring->slots)
		return -ENOMEM;
	return rvl_dma_get(dev, &ring->dma, desc_size << log2);
}

static void ring_free(struct rvl_queue *queue, struct ring *ring)
{
	uint16_t at = get(&ring->head);

	for (; queue->release && ring->slots && at != get(&ring->tail); at++)
		queue->release(queue->release_ctx, ring == &queue->rx,
			       ring->slots[ring_slot(ring, at)].cookie);
	rvl_dma_put(queue->dev, &ring->dma);
	rvl_os_free(ring->slots);
}

void rvl_queue_free(struct rvl_queue *queue)
{
	ring_free(queue, &queue->tx);
	ring_free(queue, &queue->rx);
	rvl_dma_put(queue->dev, &queue->cq);
	rvl_os_free(queue);
}

struct rvl_queue *rvl_queue_next(struct rvl_queue *queue)
{
	return queue->next;
}

static int check_options(const struct rvl_dev *dev, unsigned int number,
			 const struct rvl_queue_options *o, struct rvl_dev_error *err)
{
	/* The completion ring is twice as large as the larger of the two. */
	unsigned int cq = dev->caps.cq_log2_max - 1U;
	unsigned int tx = dev->caps.tx_log2_max < cq ? dev->caps.tx_log2_max : cq;
	unsigned int rx = dev->caps.rx_log2_max < cq ? dev->caps.rx_log2_max : cq;

	if (number >= dev->caps.queue_pairs)
		return rvl_fail(err, -EINVAL, "queue pair %u, the device has %u", number,
				dev->caps.queue_pairs);
	if (o->tx_log2 < RVL_RING_LOG2_MIN || o->tx_log2 > tx)
		return rvl_fail(err, -EINVAL, "tx_log2 is %u, the device has %u to %u", o->tx_log2,
				RVL_RING_LOG2_MIN, tx);
	if (o->rx_log2 < RVL_RING_LOG2_MIN || o->rx_log2 > rx)
		return rvl_fail(err, -EINVAL, "rx_log2 is %u, the device has %u to %u", o->rx_log2,
				RVL_RING_LOG2_MIN, rx);
	if (o->vector >= dev->caps.vectors)
		return rvl_fail(err, -EINVAL, "vector %u, the device has %u", o->vector,
				dev->caps.vectors);
	return 0;
}

static void start(struct rvl_queue *queue, uint8_t vector)
{
	const struct rvl_dev *dev = queue->dev;
	const struct rvl_os *os = &dev->os;
	unsigned int n = queue->number;

	rvl_write_addr(dev, RVL_REG_TX_BASE_LO(n), queue->tx.dma.bus);
	rvl_write_addr(dev, RVL_REG_RX_BASE_LO(n), queue->rx.dma.bus);
	rvl_write_addr(dev, RVL_REG_CQ_BASE_LO(n), queue->cq.bus);
	rvl_os_write32(os, RVL_REG_TX_SIZE(n), queue->tx.log2);
	rvl_os_write32(os, RVL_REG_RX_SIZE(n), queue->rx.log2);
	rvl_os_write32(os, RVL_REG_CQ_SIZE(n), queue->cq_log2);
	rvl_os_write32(os, RVL_REG_Q_CONTROL(n),
		       RVL_PUT(Q_CONTROL_ENABLE, 1) | RVL_PUT(Q_CONTROL_VECTOR, vector));
}

int rvl_queue_create(struct rvl_dev *dev, unsigned int number,
		     const struct rvl_queue_options *options, struct rvl_queue **queuep,
		     struct rvl_dev_error *err)
{
	struct rvl_queue *queue = NULL;
	int ret;

	*queuep = NULL;
	if (rvl_dev_alive(dev))
		return rvl_dev_dead_error(dev, err);
	ret = check_options(dev, number, options, err);
	if (ret)
		return ret;

	rvl_lock(&dev->cmd_lock);
	if (dev->queues[number]) {
		ret = rvl_fail(err, -EBUSY, "queue pair %u is in use", number);
		goto unlock;
	}
	queue = rvl_os_zalloc(1, sizeof(*queue));
	if (!queue) {
		ret = rvl_fail(err, -ENOMEM, "no memory for queue pair %u", number);
		goto unlock;
	}
	queue->dev = dev;
	queue->number = number;
	queue->release = options->release;
	queue->release_ctx = options->release_ctx;
	/* Room for a completion of every descriptor that can be queued. */
	queue->cq_log2 =
		(options->tx_log2 > options->rx_log2 ? options->tx_log2 : options->rx_log2) + 1;
	if (ring_init(dev, &queue->tx, options->tx_log2, sizeof(struct rvl_tx_desc)) ||
	    ring_init(dev, &queue->rx, options->rx_log2, sizeof(struct rvl_rx_desc)) ||
	    rvl_dma_get(dev, &queue->cq, sizeof(struct rvl_cq_entry) << queue->cq_log2)) {
		ret = rvl_fail(err, -ENOMEM, "no memory for the rings of queue pair %u", number);
		rvl_queue_free(queue);
		goto unlock;
	}
	start(queue, options->vector);
	dev->queues[number] = queue;
	*queuep = queue;
unlock:
	rvl_unlock(&dev->cmd_lock);
	return ret;
}

/* Off, and nothing in flight. That IDLE could be read means that writes before it have landed. */
static int stop(struct rvl_queue *queue)
{
	struct rvl_dev *dev = queue->dev;
	uint64_t begin = rvl_os_now_ns(&dev->os);
	unsigned int polls;
	int ret = rvl_dev_alive(dev);

	if (ret)
		return ret;
	rvl_os_write32(&dev->os, RVL_REG_Q_CONTROL(queue->number), 0);
	for (polls = 0;; polls++) {
		bool last = rvl_dev_expired(dev, begin, dev->options.reset_timeout_ms);
		uint32_t status = rvl_os_read32(&dev->os, RVL_REG_Q_STATUS(queue->number));

		if (status == RVL_ALL_ONES)
			return rvl_dev_kill(dev, "Q_STATUS of queue pair %u reads all ones",
					    queue->number);
		if (status & RVL_Q_STATUS_IDLE_MASK)
			return 0;
		if (last)
			return rvl_dev_kill(dev, "queue pair %u did not stop in %u ms",
					    queue->number, dev->options.reset_timeout_ms);
		rvl_os_wait(&dev->os, polls);
	}
}

int rvl_queue_destroy(struct rvl_queue *queue)
{
	struct rvl_dev *dev;
	int ret;

	if (!queue)
		return 0;
	dev = queue->dev;
	rvl_lock(&dev->cmd_lock);
	ret = stop(queue);
	dev->queues[queue->number] = NULL;
	if (ret) {
		queue->next = dev->stuck;
		dev->stuck = queue;
	} else {
		rvl_queue_free(queue);
	}
	rvl_unlock(&dev->cmd_lock);
	return ret;
}

unsigned int rvl_queue_number(const struct rvl_queue *queue)
{
	return queue->number;
}

unsigned int rvl_queue_tx_room(const struct rvl_queue *queue)
{
	return ring_room(&queue->tx);
}

unsigned int rvl_queue_rx_room(const struct rvl_queue *queue)
{
	return ring_room(&queue->rx);
}

static void ring_push(struct ring *ring, uint16_t len, void *cookie)
{
	uint16_t tail = get(&ring->tail);
	struct slot *slot = &ring->slots[ring_slot(ring, tail)];

	slot->cookie = cookie;
	slot->len = len;
	rvl_atomic_store(&ring->tail, (uint16_t)(tail + 1));
}

int rvl_queue_tx(struct rvl_queue *queue, uint64_t addr, uint16_t len, uint32_t sa, void *cookie)
{
	struct ring *ring = &queue->tx;
	struct rvl_tx_desc *desc;

	if (len < FRAME_MIN || len > queue->dev->caps.max_frame)
		return -EINVAL;
	if (sa != RVL_NO_SA && sa >= queue->dev->caps.outbound_sas)
		return -EINVAL;
	if (!ring_room(ring))
		return -ENOSPC;
	desc = (struct rvl_tx_desc *)ring->dma.mem + ring_slot(ring, get(&ring->tail));
	*desc = (struct rvl_tx_desc){
		.addr = rvl_cpu_to_le64(addr),
		.len = rvl_cpu_to_le16(len),
		.flags = rvl_cpu_to_le16(sa != RVL_NO_SA ? RVL_TX_FLAG_SA : 0),
		.sa = rvl_cpu_to_le24(sa != RVL_NO_SA ? sa : 0),
	};
	ring_push(ring, len, cookie);
	return 0;
}

int rvl_queue_rx(struct rvl_queue *queue, uint64_t addr, uint16_t len, void *cookie)
{
	struct ring *ring = &queue->rx;
	struct rvl_rx_desc *desc;

	if (len < FRAME_MIN)
		return -EINVAL;
	if (!ring_room(ring))
		return -ENOSPC;
	desc = (struct rvl_rx_desc *)ring->dma.mem + ring_slot(ring, get(&ring->tail));
	*desc = (struct rvl_rx_desc){
		.addr = rvl_cpu_to_le64(addr),
		.len = rvl_cpu_to_le32(len),
	};
	ring_push(ring, len, cookie);
	return 0;
}

/* Completions taken; with ARM, or disarmed: whoever took one has used the interrupt up. */
static void tell_cq_head(struct rvl_queue *queue, uint32_t arm)
{
	uint16_t head = get(&queue->cq_head);

	rvl_atomic_store(&queue->cq_told, head);
	rvl_os_write32(&queue->dev->os, RVL_REG_CQ_HEAD(queue->number), head | arm);
}

/* told is stored first: the completion may be there before the write has returned. */
static void tell_tail(struct rvl_queue *queue, struct ring *ring, uint32_t reg)
{
	uint16_t tail = get(&ring->tail);

	if (get(&ring->told) == tail)
		return;
	rvl_atomic_store(&ring->told, tail);
	rvl_dma_wmb();
	rvl_os_write32(&queue->dev->os, reg, tail);
}

void rvl_queue_kick_tx(struct rvl_queue *queue)
{
	if (!rvl_dev_alive(queue->dev))
		tell_tail(queue, &queue->tx, RVL_REG_TX_TAIL(queue->number));
}

void rvl_queue_kick_rx(struct rvl_queue *queue)
{
	if (!rvl_dev_alive(queue->dev))
		tell_tail(queue, &queue->rx, RVL_REG_RX_TAIL(queue->number));
}

void rvl_queue_kick(struct rvl_queue *queue)
{
	if (rvl_dev_alive(queue->dev))
		return;
	/* Completion entries first: descriptors that follow need room for theirs. */
	if (get(&queue->cq_told) != get(&queue->cq_head))
		tell_cq_head(queue, 0);
	tell_tail(queue, &queue->rx, RVL_REG_RX_TAIL(queue->number));
	tell_tail(queue, &queue->tx, RVL_REG_TX_TAIL(queue->number));
}

void rvl_queue_arm(struct rvl_queue *queue)
{
	if (!rvl_dev_alive(queue->dev))
		tell_cq_head(queue, RVL_CQ_HEAD_ARM_MASK);
}

/* What a receive completion says, against the buffer of its descriptor. */
static int take_rx(struct rvl_queue *queue, const struct rvl_cq_entry *entry, uint16_t buffer,
		   struct rvl_completion *c)
{
	struct rvl_dev *dev = queue->dev;
	uint32_t flags = rvl_le32_to_cpu(entry->flags);
	uint32_t len = rvl_le32_to_cpu(entry->len);

	if (len < FRAME_MIN || len > buffer)
		return rvl_dev_kill(dev, "queue pair %u: received %u octets into a buffer of %u",
				    queue->number, len, buffer);
	c->len = (uint16_t)len;
	if (!(flags & RVL_RX_FLAG_DECRYPTED))
		return 0;
	c->decrypted = true;
	c->udp = flags & RVL_RX_FLAG_UDP;
	c->sa = rvl_le24_to_cpu(entry->sa);
	if (c->sa >= dev->caps.inbound_sas)
		return rvl_dev_kill(dev, "queue pair %u: received on SA %u of %u", queue->number,
				    c->sa, dev->caps.inbound_sas);
	return 0;
}

static int take(struct rvl_queue *queue, const struct rvl_cq_entry *entry, struct rvl_completion *c)
{
	struct rvl_dev *dev = queue->dev;
	uint16_t index = rvl_le16_to_cpu(entry->index);
	struct ring *ring;
	struct slot *slot;
	uint16_t head, told;
	int ret = 0;

	switch (entry->type) {
	case RVL_CQ_TYPE_TX:
		ring = &queue->tx;
		break;
	case RVL_CQ_TYPE_RX:
		ring = &queue->rx;
		break;
	default:
		return rvl_dev_kill(dev, "queue pair %u: completion of type %u", queue->number,
				    entry->type);
	}
	/* Against told, not tail: what the device hasn't been told of it can't have done. */
	head = get(&ring->head);
	told = get(&ring->told);
	if (head == told || index != head)
		return rvl_dev_kill(
			dev, "queue pair %u: completion of %s descriptor %u, expected %u of %u",
			queue->number, ring == &queue->tx ? "transmit" : "receive", index, head,
			told);
	if (entry->status > RVL_CQ_STATUS_UNSUPPORTED)
		return rvl_dev_kill(dev, "queue pair %u: completion with status %u", queue->number,
				    entry->status);

	slot = &ring->slots[ring_slot(ring, head)];
	*c = (struct rvl_completion){
		.rx = ring == &queue->rx,
		.status = entry->status,
		.sa = RVL_NO_SA,
		.cookie = slot->cookie,
	};
	if (c->rx && c->status == RVL_CQ_STATUS_OK)
		ret = take_rx(queue, entry, slot->len, c);
	if (!ret)
		rvl_atomic_store(&ring->head, (uint16_t)(head + 1));
	return ret;
}

static const struct rvl_cq_entry *cq_next(const struct rvl_queue *queue, uint16_t head)
{
	const struct rvl_cq_entry *ring = queue->cq.mem;
	const struct rvl_cq_entry *entry = &ring[head & ((1U << queue->cq_log2) - 1)];

	return rvl_phase_is(rvl_read_once8(&entry->phase), head, queue->cq_log2) ? entry : NULL;
}

int rvl_queue_poll(struct rvl_queue *queue, struct rvl_completion *completions, int max)
{
	unsigned int size = 1U << queue->cq_log2;
	uint16_t head = get(&queue->cq_head);
	int n;
	int ret = rvl_dev_alive(queue->dev);

	if (ret)
		return ret;
	for (n = 0; n < max; n++) {
		const struct rvl_cq_entry *shared = cq_next(queue, head);
		struct rvl_cq_entry entry;

		if (!shared)
			break;
		rvl_dma_rmb();
		memcpy(&entry, shared, sizeof(entry));
		ret = take(queue, &entry, &completions[n]);
		/* Those before it are taken: their cookies come back nowhere else. */
		if (ret)
			return n ? n : ret;
		rvl_atomic_store(&queue->cq_head, ++head);
	}
	if ((uint16_t)(head - get(&queue->cq_told)) >= size / 2)
		tell_cq_head(queue, 0);
	return n;
}

bool rvl_queue_sent_next(const struct rvl_queue *queue)
{
	const struct rvl_cq_entry *entry =
		rvl_dev_alive(queue->dev) ? NULL : cq_next(queue, get(&queue->cq_head));

	if (!entry)
		return false;
	rvl_dma_rmb();
	return rvl_read_once8(&entry->type) == RVL_CQ_TYPE_TX;
}

bool rvl_queue_pending(const struct rvl_queue *queue)
{
	return !rvl_dev_alive(queue->dev) && cq_next(queue, get(&queue->cq_head));
}

void rvl_queue_state(const struct rvl_queue *queue, struct rvl_queue_state *state)
{
	const struct rvl_os *os = &queue->dev->os;
	unsigned int n = queue->number;

	*state = (struct rvl_queue_state){
		.tx_tail = get(&queue->tx.tail),
		.tx_head = get(&queue->tx.head),
		.rx_tail = get(&queue->rx.tail),
		.rx_head = get(&queue->rx.head),
		.cq_head = get(&queue->cq_head),
		.tx_told = get(&queue->tx.told),
		.rx_told = get(&queue->rx.told),
		.pending = rvl_queue_pending(queue),
	};
	if (rvl_dev_alive(queue->dev))
		return;
	state->dev_tx_tail = rvl_os_read32(os, RVL_REG_TX_TAIL(n));
	state->dev_tx_head = rvl_os_read32(os, RVL_REG_TX_HEAD(n));
	state->dev_rx_tail = rvl_os_read32(os, RVL_REG_RX_TAIL(n));
	state->dev_rx_head = rvl_os_read32(os, RVL_REG_RX_HEAD(n));
	state->dev_cq_head = rvl_os_read32(os, RVL_REG_CQ_HEAD(n));
	state->dev_cq_tail = rvl_os_read32(os, RVL_REG_CQ_TAIL(n));
	state->dev_status = rvl_os_read32(os, RVL_REG_Q_STATUS(n));
}
