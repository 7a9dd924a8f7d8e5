// SPDX-License-Identifier: GPL-2.0
/*
 * A queue pair: its buffers, NAPI and interrupt.
 *
 * The device has one completion ring a pair, for both directions, in order: each poll takes what is
 * there, received frames up to the budget and sent ones as they come between. Receive buffers are
 * pieces of pages from a page pool, one for a frame, which is copied out of it.
 */
#include <linux/dma-mapping.h>
#include <linux/if_vlan.h>
#include <linux/interrupt.h>

#include "ravelin.h"

#define POLL_BATCH 16
#define TX_POLL_LIMIT 256 /* sent frames in one poll */

/* What must be known of a frame when it was sent; in skb->cb while the device has it. */
struct tx_buffer {
	dma_addr_t addr;
	u32 len;
};

static struct tx_buffer *tx_buffer(struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct tx_buffer) > sizeof(skb->cb));
	return (struct tx_buffer *)skb->cb;
}

static struct netdev_queue *txq_of(const struct rvl_nic_queue *q)
{
	return netdev_get_tx_queue(q->nic->netdev, q->number);
}

static struct device *dma_dev(const struct rvl_nic_queue *q)
{
	return &q->nic->pdev->dev;
}

/* ------------------------------------------------------------------------------------ transmit */

static void count(struct rvl_queue_stats *stats, u64_stats_t *counter)
{
	u64_stats_update_begin(&stats->sync);
	u64_stats_inc(counter);
	u64_stats_update_end(&stats->sync);
}

static void unmap(const struct rvl_nic_queue *q, struct sk_buff *skb)
{
	dma_unmap_single(dma_dev(q), tx_buffer(skb)->addr, tx_buffer(skb)->len, DMA_TO_DEVICE);
}

/* Stop before the ring is full, and look again: the poller may just have made room. */
static void stop_if_full(struct rvl_nic_queue *q, struct netdev_queue *txq)
{
	if (likely(rvl_queue_tx_room(q->queue)))
		return;
	netif_tx_stop_queue(txq);
	count(q->stats_tx, &q->stats_tx->tx_busy);
	smp_mb(); /* pairs with wake_if_room(): one of the two sees what the other did */
	if (rvl_queue_tx_room(q->queue))
		netif_tx_start_queue(txq);
}

static void wake_if_room(struct rvl_nic_queue *q)
{
	struct netdev_queue *txq = txq_of(q);

	smp_mb(); /* pairs with stop_if_full() */
	if (netif_tx_queue_stopped(txq) &&
	    rvl_queue_tx_room(q->queue) >= 1U << (q->nic->tx_log2 - 2) &&
	    READ_ONCE(q->nic->state) == RVL_NIC_UP) {
		netif_tx_wake_queue(txq);
	}
}

/* Queued for the device, or the reason why not. */
static int send(struct rvl_nic_queue *q, struct sk_buff *skb, u32 sa)
{
	struct tx_buffer *b = tx_buffer(skb);
	int ret;

	if (rvl_dev_dead(q->nic->dev))
		return -EIO;
	if (skb_linearize(skb))
		return -ENOMEM;
	b->len = skb->len;
	b->addr = dma_map_single(dma_dev(q), skb->data, b->len, DMA_TO_DEVICE);
	if (dma_mapping_error(dma_dev(q), b->addr))
		return -ENOMEM;
	ret = b->len > U16_MAX ? -EINVAL : rvl_queue_tx(q->queue, b->addr, b->len, sa, skb);
	if (ret)
		unmap(q, skb);
	return ret;
}

netdev_tx_t rvl_nic_queue_xmit(struct rvl_nic_queue *q, struct sk_buff *skb, u32 sa)
{
	struct rvl_queue_stats *stats = q->stats_tx;
	struct netdev_queue *txq = txq_of(q);
	bool more = netdev_xmit_more();
	unsigned int len;

	/* A wire wants 60 octets; the device leaves that to us. */
	if (eth_skb_pad(skb)) {
		count(stats, &stats->tx_dropped);
		goto kick;
	}
	len = skb->len;
	skb_tx_timestamp(skb);
	if (unlikely(send(q, skb, sa))) {
		dev_kfree_skb_any(skb);
		count(stats, &stats->tx_dropped);
		goto kick;
	}
	u64_stats_update_begin(&stats->sync);
	u64_stats_inc(&stats->tx_packets);
	u64_stats_add(&stats->tx_bytes, len);
	u64_stats_update_end(&stats->sync);

	stop_if_full(q, txq);
	if (__netdev_tx_sent_queue(txq, len, more))
		rvl_queue_kick_tx(q->queue);
	return NETDEV_TX_OK;

kick:
	/* Frames before this one may be waiting for it. */
	if (!more || netif_xmit_stopped(txq))
		rvl_queue_kick_tx(q->queue);
	return NETDEV_TX_OK;
}

static void sent(struct rvl_nic_queue *q, const struct rvl_completion *c, unsigned int *bytes,
		 int budget)
{
	struct sk_buff *skb = c->cookie;

	unmap(q, skb);
	*bytes += tx_buffer(skb)->len;
	if (unlikely(c->status != RVL_CQ_STATUS_OK))
		count(q->stats_rx, &q->stats_rx->tx_errors);
	napi_consume_skb(skb, budget);
}

/* ------------------------------------------------------------------------------------- receive */

static int pool_open(struct rvl_nic_queue *q)
{
	struct page_pool_params params = {
		.flags = PP_FLAG_DMA_MAP | PP_FLAG_DMA_SYNC_DEV,
		.pool_size = 1U << q->nic->rx_log2,
		.nid = dev_to_node(dma_dev(q)),
		.dev = dma_dev(q),
		.dma_dir = DMA_FROM_DEVICE,
#ifdef HAVE_PAGE_POOL_NAPI
		.napi = &q->napi,
		.netdev = q->nic->netdev,
#endif
	};
	unsigned int frame =
		max_t(unsigned int, q->nic->netdev->mtu, ETH_DATA_LEN) + ETH_HLEN + 2 * VLAN_HLEN;
	unsigned int block;

	/* As many buffers as a block of pages holds, and what is left over shared among them. */
	params.order = get_order(frame);
	block = PAGE_SIZE << params.order;
	params.max_len = block;
	q->buffer_size =
		ALIGN_DOWN(block / (block / ALIGN(frame, SMP_CACHE_BYTES)), SMP_CACHE_BYTES);
	q->buffer_len = frame;
#ifdef PP_FLAG_PAGE_FRAG
	/* These kernels count the parts of every block then, also where nobody set the count. */
	if (2 * q->buffer_size <= block)
		params.flags |= PP_FLAG_PAGE_FRAG;
#endif

	q->pool = page_pool_create(&params);
	if (!IS_ERR(q->pool))
		return 0;
	q->pool = NULL;
	return -ENOMEM;
}

static void *buffer_get(struct rvl_nic_queue *q, dma_addr_t *addr)
{
	unsigned int offset = 0;
	struct page *page;

	if (2 * q->buffer_size <= PAGE_SIZE)
		page = page_pool_dev_alloc_frag(q->pool, &offset, q->buffer_size);
	else
		page = page_pool_dev_alloc_pages(q->pool);
	if (!page)
		return NULL;
	*addr = page_pool_get_dma_addr(page) + offset;
	return page_address(page) + offset;
}

static void buffer_put(struct rvl_nic_queue *q, void *buffer)
{
	page_pool_put_full_page(q->pool, virt_to_head_page(buffer), false);
}

static void buffer_sync(const struct rvl_nic_queue *q, void *buffer, unsigned int len)
{
	struct page *page = virt_to_head_page(buffer);
	unsigned long offset = buffer - page_address(page);

	dma_sync_single_range_for_cpu(dma_dev(q), page_pool_get_dma_addr(page), offset, len,
				      DMA_FROM_DEVICE);
}

/* Fill the ring, when it is worth a doorbell. */
static void refill(struct rvl_nic_queue *q)
{
	unsigned int room = rvl_queue_rx_room(q->queue);
	unsigned int n;

	if (room < 1U << (q->nic->rx_log2 - 3))
		return;
	for (n = 0; n < room; n++) {
		dma_addr_t addr;
		void *buffer = buffer_get(q, &addr);

		if (unlikely(!buffer)) {
			count(q->stats_rx, &q->stats_rx->rx_alloc_failed);
			break;
		}
		if (WARN_ON_ONCE(rvl_queue_rx(q->queue, addr, q->buffer_len, buffer))) {
			buffer_put(q, buffer);
			break;
		}
	}
	/* With few buffers there may be no interrupt to try again at: the watchdog does. */
	WRITE_ONCE(q->starved, n < room);
	rvl_queue_kick_rx(q->queue);
}

/* What is judged, and what the stack has, mustn't be the device's to change any more. */
static struct sk_buff *copy_frame(struct rvl_nic_queue *q, void *buffer, unsigned int len)
{
	struct sk_buff *skb = napi_alloc_skb(&q->napi, len);

	if (likely(skb)) {
		buffer_sync(q, buffer, len);
		skb_put_data(skb, buffer, len);
	}
	buffer_put(q, buffer);
	return skb;
}

static void received(struct rvl_nic_queue *q, const struct rvl_completion *c)
{
	struct rvl_queue_stats *stats = q->stats_rx;
	struct net_device *netdev = q->nic->netdev;
	void *buffer = c->cookie;
	struct sk_buff *skb;

	if (unlikely(c->status != RVL_CQ_STATUS_OK)) {
		count(stats, &stats->rx_errors);
		buffer_put(q, buffer);
		return;
	}
	skb = copy_frame(q, buffer, c->len);
	if (unlikely(!skb)) {
		count(stats, &stats->rx_dropped);
		return;
	}
	u64_stats_update_begin(&stats->sync);
	u64_stats_inc(&stats->rx_packets);
	u64_stats_add(&stats->rx_bytes, c->len);
	u64_stats_update_end(&stats->sync);

	skb_record_rx_queue(skb, q->number);
	skb->protocol = eth_type_trans(skb, netdev);
	if (q->nic->ipsec ? !rvl_ipsec_rx(q->nic, skb, c->sa) : c->decrypted) {
		count(stats, &stats->rx_dropped);
		dev_kfree_skb_any(skb);
		return;
	}
	napi_gro_receive(&q->napi, skb);
}

/* ---------------------------------------------------------------------------- NAPI, interrupts */

static irqreturn_t interrupt(int irq, void *data)
{
	struct rvl_nic_queue *q = data;

	atomic_inc(&q->interrupts);
	napi_schedule_irqoff(&q->napi);
	return IRQ_HANDLED;
}

static enum hrtimer_restart moderated(struct hrtimer *timer)
{
	struct rvl_nic_queue *q = container_of(timer, struct rvl_nic_queue, moderation);

	napi_schedule_irqoff(&q->napi);
	return HRTIMER_NORESTART;
}

/* Take completions: returns the frames received, and sets *tx to those sent. */
static int take(struct rvl_nic_queue *q, int budget, unsigned int *tx)
{
	struct rvl_completion c[POLL_BATCH];
	unsigned int bytes = 0;
	int rx = 0;
	int want, got;
	int i;

	*tx = 0;
	do {
		want = min(budget - rx, POLL_BATCH);
		got = rvl_queue_poll(q->queue, c, want);
		for (i = 0; i < got; i++) {
			if (c[i].rx) {
				received(q, &c[i]);
				rx++;
			} else {
				sent(q, &c[i], &bytes, budget);
				++*tx;
			}
		}
	} while (got == want && rx < budget && *tx < TX_POLL_LIMIT);

	netdev_tx_completed_queue(txq_of(q), *tx, bytes);
	return rx;
}

/*
 * netpoll wants sent frames only, in any context. Here they stand in line with received ones: those
 * before the first of these are done. The device is judged by the next poll.
 */
static void take_sent(struct rvl_nic_queue *q)
{
	struct rvl_completion c;
	unsigned int bytes = 0;
	unsigned int n = 0;

	while (n < TX_POLL_LIMIT && rvl_queue_sent_next(q->queue) &&
	       rvl_queue_poll(q->queue, &c, 1) == 1) {
		if (unlikely(c.rx)) {
			buffer_put(q, c.cookie);
			count(q->stats_rx, &q->stats_rx->rx_dropped);
			break;
		}
		sent(q, &c, &bytes, 0);
		n++;
	}
	netdev_tx_completed_queue(txq_of(q), n, bytes);
	if (n) {
		WRITE_ONCE(q->rescued, false);
		wake_if_room(q);
	}
}

static int poll(struct napi_struct *napi, int budget)
{
	struct rvl_nic_queue *q = container_of(napi, struct rvl_nic_queue, napi);
	struct rvl_queue_stats *stats = q->stats_rx;
	const char *dead;
	unsigned int tx;
	u32 usecs;
	int rx;

	if (!budget) {
		take_sent(q);
		return 0;
	}

	u64_stats_update_begin(&stats->sync);
	u64_stats_inc(&stats->polls);
	u64_stats_add(&stats->interrupts, atomic_xchg(&q->interrupts, 0));
	u64_stats_add(&stats->missed_interrupts, atomic_xchg(&q->missed, 0));
	u64_stats_update_end(&stats->sync);

	rx = take(q, budget, &tx);
	dead = rvl_dev_dead(q->nic->dev);
	if (unlikely(dead)) {
		rvl_nic_fail(q->nic, dead);
		napi_complete(napi);
		return 0;
	}
	if (tx) {
		WRITE_ONCE(q->rescued, false);
		wake_if_room(q);
	}
	refill(q);

	if (rx == budget || tx >= TX_POLL_LIMIT)
		return budget;
	if (!napi_complete_done(napi, rx))
		return rx;
	/* The next poller may be at work already; the core says why arming beside it is fine. */
	usecs = READ_ONCE(q->nic->rx_usecs);
	if (usecs && (rx || tx))
		hrtimer_start(&q->moderation, ns_to_ktime((u64)usecs * NSEC_PER_USEC),
			      HRTIMER_MODE_REL);
	else
		rvl_queue_arm(q->queue);
	return rx;
}

static void poll_soon(struct rvl_nic_queue *q)
{
	local_bh_disable();
	napi_schedule(&q->napi);
	local_bh_enable();
}

/* What driver and device should agree about, at the latest when nothing moves any more. */
static const char *lost_between(const struct rvl_queue_state *s)
{
	if (s->dev_status & (RVL_Q_STATUS_TX_ERROR_MASK | RVL_Q_STATUS_RX_ERROR_MASK))
		return "it stopped: a descriptor could not be read";
	if (!s->pending && (u16)s->dev_cq_tail != s->cq_head)
		return "a completion never came";
	if ((u16)s->dev_tx_tail != s->tx_told || (u16)s->dev_rx_tail != s->rx_told)
		return "a doorbell was not heard";
	return NULL;
}

bool rvl_nic_queue_watch(struct rvl_nic_queue *q)
{
	struct rvl_queue_state state;
	const char *lost;
	char why[80];

	if (READ_ONCE(q->starved))
		poll_soon(q);

	rvl_queue_state(q->queue, &state);
	lost = lost_between(&state);
	if (!lost && (!state.pending || test_bit(NAPI_STATE_SCHED, &q->napi.state) ||
		      hrtimer_active(&q->moderation))) {
		q->suspect = false;
		return false;
	}
	/* It may be on its way; what is the same next time is lost. */
	if (!q->suspect || q->suspect_head != state.cq_head || q->suspect_told != state.tx_told) {
		q->suspect = true;
		q->suspect_head = state.cq_head;
		q->suspect_told = state.tx_told;
		return true;
	}
	q->suspect = false;
	if (lost) {
		snprintf(why, sizeof(why), "queue %u: %s", q->number, lost);
		rvl_nic_fail(q->nic, why);
		return false;
	}
	atomic_inc(&q->missed);
	poll_soon(q);
	return false;
}

/* ------------------------------------------------------------------------------ open and close */

/* A buffer that the device had when its queue ended. */
static void release(void *ctx, bool rx, void *cookie)
{
	struct rvl_nic_queue *q = ctx;

	if (rx) {
		buffer_put(q, cookie);
	} else {
		/* Nothing polls any more, so there is one writer. */
		count(q->stats_rx, &q->stats_rx->tx_lost);
		unmap(q, cookie);
		dev_kfree_skb_any(cookie);
	}
}

static int irq_open(struct rvl_nic_queue *q)
{
	int ret;

	snprintf(q->irq_name, sizeof(q->irq_name), "%s-%u", netdev_name(q->nic->netdev), q->number);
	ret = request_irq(q->irq, interrupt, 0, q->irq_name, q);
	if (ret)
		return ret;
	irq_set_affinity_and_hint(
		q->irq, cpumask_of(cpumask_local_spread(q->number, dev_to_node(dma_dev(q)))));
	return 0;
}

static void irq_close(struct rvl_nic_queue *q)
{
	irq_update_affinity_hint(q->irq, NULL);
	free_irq(q->irq, q);
}

int rvl_nic_queue_open(struct rvl_nic_queue *q, struct rvl_dev_error *err)
{
	const struct rvl_queue_options options = {
		.tx_log2 = q->nic->tx_log2,
		.rx_log2 = q->nic->rx_log2,
		.vector = q->number,
		.release = release,
		.release_ctx = q,
	};
	struct rvl_queue *queue;
	int ret;

	/* It did not stop when it was closed: its buffers belong to that pool until the reset. */
	if (q->pool)
		return rvl_fail(err, -EIO, "queue %u did not stop", q->number);
	ret = pool_open(q);
	if (ret)
		return rvl_fail(err, ret, "no memory for the page pool of queue %u", q->number);
	ret = rvl_queue_create(q->nic->dev, q->number, &options, &queue, err);
	if (ret)
		goto close_pool;
	ret = irq_open(q);
	if (ret) {
		rvl_fail(err, ret, "interrupt %d of queue %u: error %d", q->irq, q->number, ret);
		goto close_queue;
	}
	q->queue = queue;
	q->suspect = false;
	refill(q);
	if (rvl_queue_rx_room(queue) == 1U << options.rx_log2) {
		ret = rvl_fail(err, -ENOMEM, "no memory for receive buffers of queue %u",
			       q->number);
		goto close_irq;
	}
	napi_enable(&q->napi);
	/* The first poll arms the completion ring. */
	poll_soon(q);
	return 0;

close_irq:
	q->queue = NULL;
	irq_close(q);
close_queue:
	/* On an error the pool stays until rvl_nic_queue_release(). */
	if (rvl_queue_destroy(queue))
		return ret;
close_pool:
	rvl_nic_queue_release(q);
	return ret;
}

void rvl_nic_queue_quiesce(struct rvl_nic_queue *q)
{
	if (q->queue)
		napi_disable(&q->napi);
}

void rvl_nic_queue_close(struct rvl_nic_queue *q)
{
	int ret;

	if (!q->queue)
		return;
	hrtimer_cancel(&q->moderation);
	irq_close(q);
	ret = rvl_queue_destroy(q->queue);
	q->queue = NULL;
	netdev_tx_reset_queue(txq_of(q));
	if (!ret)
		rvl_nic_queue_release(q);
}

void rvl_nic_queue_release(struct rvl_nic_queue *q)
{
	if (q->pool)
		page_pool_destroy(q->pool);
	q->pool = NULL;
}

int rvl_nic_queues_alloc(struct rvl_nic *nic)
{
	struct rvl_queue_stats *stats;
	unsigned int i;

	nic->queues = kcalloc(nic->max_queues, sizeof(*nic->queues), GFP_KERNEL);
	stats = kcalloc(2 * nic->max_queues, sizeof(*stats), GFP_KERNEL);
	if (!nic->queues || !stats) {
		kfree(nic->queues);
		kfree(stats);
		return -ENOMEM;
	}
	for (i = 0; i < nic->max_queues; i++) {
		struct rvl_nic_queue *q = &nic->queues[i];

		q->nic = nic;
		q->number = i;
		q->irq = pci_irq_vector(nic->pdev, i);
		q->stats_tx = &stats[2 * i];
		q->stats_rx = &stats[2 * i + 1];
		u64_stats_init(&q->stats_tx->sync);
		u64_stats_init(&q->stats_rx->sync);
		hrtimer_setup(&q->moderation, moderated, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
		netif_napi_add(nic->netdev, &q->napi, poll);
		/* Now, while that needs no rtnl: resets, which open queues anew, don't take it. */
		netif_queue_set_napi(nic->netdev, i, NETDEV_QUEUE_TYPE_RX, &q->napi);
		netif_queue_set_napi(nic->netdev, i, NETDEV_QUEUE_TYPE_TX, &q->napi);
	}
	return 0;
}

void rvl_nic_queues_free(struct rvl_nic *nic)
{
	unsigned int i;

	for (i = 0; i < nic->max_queues; i++)
		netif_napi_del(&nic->queues[i].napi);
	kfree(nic->queues[0].stats_tx);
	kfree(nic->queues);
	nic->queues = NULL;
}
