// SPDX-License-Identifier: GPL-2.0
/*
 * The net_device.
 *
 * What the device does not have, the stack does: checksums, segmentation, scatter-gather, VLAN
 * tags. None of them is announced. The device has no address filter either: all frames come up, and
 * the stack tells what is for whom.
 */
#include <linux/if_vlan.h>

#include "ravelin.h"

#ifdef HAVE_NETDEV_STAT_OPS
#include <net/netdev_queues.h>
#endif

#define MAX_MTU 9000

static int netdev_open(struct net_device *netdev)
{
	struct rvl_nic *nic = rvl_nic_of(netdev);
	struct rvl_dev_error err = {};
	int ret = 0;

	mutex_lock(&nic->lock);
	if (nic->state != RVL_NIC_UP)
		ret = rvl_fail(&err, -ENETDOWN, "there is no working device: %s", nic->failure);
	if (!ret)
		ret = rvl_nic_start(nic, &err);
	nic->running = !ret;
	if (nic->running)
		rvl_ipsec_start(nic);
	mutex_unlock(&nic->lock);
	if (ret)
		netdev_err(netdev, "%s\n", err.text);
	return ret;
}

static int netdev_stop(struct net_device *netdev)
{
	struct rvl_nic *nic = rvl_nic_of(netdev);

	mutex_lock(&nic->lock);
	nic->running = false;
	netif_carrier_off(netdev);
	rvl_nic_stop(nic);
	if (nic->ipsec)
		rvl_ipsec_stop(nic);
	mutex_unlock(&nic->lock);
	return 0;
}

static netdev_tx_t start_xmit(struct sk_buff *skb, struct net_device *netdev)
{
	struct rvl_nic *nic = rvl_nic_of(netdev);
	struct rvl_nic_queue *q = &nic->queues[skb_get_queue_mapping(skb)];
	bool more = netdev_xmit_more();
	u32 sa = RVL_NO_SA;

	/*
	 * There are queues as long as `started` says so (see rvl_nic_stop()); and this may be a
	 * frame for a queue that is no more, since their number was lowered.
	 */
	if (unlikely(!READ_ONCE(nic->started) || !q->queue)) {
		dev_core_stats_tx_dropped_inc(netdev);
		dev_kfree_skb_any(skb);
		return NETDEV_TX_OK;
	}
	if (nic->ipsec && rvl_ipsec_tx(nic, skb, &sa) == RVL_IPSEC_CONSUMED) {
		if (!more)
			rvl_queue_kick_tx(q->queue);
		return NETDEV_TX_OK;
	}
	return rvl_nic_queue_xmit(q, skb, sa);
}

static void add_queue_stats(const struct rvl_queue_stats *stats, struct rtnl_link_stats64 *sum)
{
	struct rtnl_link_stats64 s;
	unsigned int start;

	do {
		start = u64_stats_fetch_begin(&stats->sync);
		s.tx_packets = u64_stats_read(&stats->tx_packets);
		s.tx_bytes = u64_stats_read(&stats->tx_bytes);
		s.tx_dropped = u64_stats_read(&stats->tx_dropped);
		s.tx_errors = u64_stats_read(&stats->tx_errors);
		s.rx_packets = u64_stats_read(&stats->rx_packets);
		s.rx_bytes = u64_stats_read(&stats->rx_bytes);
		s.rx_dropped = u64_stats_read(&stats->rx_dropped);
		s.rx_errors = u64_stats_read(&stats->rx_errors);
	} while (u64_stats_fetch_retry(&stats->sync, start));

	sum->tx_packets += s.tx_packets;
	sum->tx_bytes += s.tx_bytes;
	sum->tx_dropped += s.tx_dropped;
	sum->tx_errors += s.tx_errors;
	sum->rx_packets += s.rx_packets;
	sum->rx_bytes += s.rx_bytes;
	sum->rx_dropped += s.rx_dropped;
	sum->rx_errors += s.rx_errors;
}

/* What the device dropped; as the watchdog read it last, since this may be asked for anywhere. */
static void add_device_stats(struct rvl_nic *nic, struct rtnl_link_stats64 *sum)
{
	u64 c[RVL_CNT_NUM];
	unsigned int i;

	spin_lock_bh(&nic->counters_lock);
	for (i = 0; i < RVL_CNT_NUM; i++)
		c[i] = nic->counters_base[i] + nic->counters_last[i];
	spin_unlock_bh(&nic->counters_lock);

	sum->rx_missed_errors += c[RVL_CNT_RX_DROP_NO_BUFFER];
	sum->rx_length_errors += c[RVL_CNT_RX_DROP_TOO_BIG];
	sum->rx_frame_errors += c[RVL_CNT_RX_DROP_PORT];
	sum->rx_errors += c[RVL_CNT_RX_DROP_TOO_BIG] + c[RVL_CNT_RX_DROP_PORT];
	sum->tx_dropped += c[RVL_CNT_TX_DROP_MALFORMED] + c[RVL_CNT_TX_DROP_POLICY] +
			   c[RVL_CNT_TX_DROP_NO_SA] + c[RVL_CNT_TX_DROP_SEQ] +
			   c[RVL_CNT_TX_DROP_LIFETIME] + c[RVL_CNT_TX_DROP_PARITY] +
			   c[RVL_CNT_TX_DROP_TOO_BIG];
}

static void get_stats64(struct net_device *netdev, struct rtnl_link_stats64 *sum)
{
	struct rvl_nic *nic = rvl_nic_of(netdev);
	unsigned int i;

	for (i = 0; i < nic->max_queues; i++) {
		add_queue_stats(nic->queues[i].stats_tx, sum);
		add_queue_stats(nic->queues[i].stats_rx, sum);
	}
	add_device_stats(nic, sum);
}

#ifdef HAVE_NETDEV_STAT_OPS
static void get_queue_stats_rx(struct net_device *netdev, int queue,
			       struct netdev_queue_stats_rx *out)
{
	const struct rvl_queue_stats *stats = rvl_nic_of(netdev)->queues[queue].stats_rx;
	unsigned int start;

	do {
		start = u64_stats_fetch_begin(&stats->sync);
		out->packets = u64_stats_read(&stats->rx_packets);
		out->bytes = u64_stats_read(&stats->rx_bytes);
		out->alloc_fail = u64_stats_read(&stats->rx_alloc_failed);
	} while (u64_stats_fetch_retry(&stats->sync, start));
}

static void get_queue_stats_tx(struct net_device *netdev, int queue,
			       struct netdev_queue_stats_tx *out)
{
	const struct rvl_queue_stats *stats = rvl_nic_of(netdev)->queues[queue].stats_tx;
	unsigned int start;

	do {
		start = u64_stats_fetch_begin(&stats->sync);
		out->packets = u64_stats_read(&stats->tx_packets);
		out->bytes = u64_stats_read(&stats->tx_bytes);
	} while (u64_stats_fetch_retry(&stats->sync, start));
}

/* Of queues that are not in use now. */
static void get_base_stats(struct net_device *netdev, struct netdev_queue_stats_rx *rx,
			   struct netdev_queue_stats_tx *tx)
{
	const struct rvl_nic *nic = rvl_nic_of(netdev);
	unsigned int i;

	*rx = (struct netdev_queue_stats_rx){};
	*tx = (struct netdev_queue_stats_tx){};
	for (i = nic->num_queues; i < nic->max_queues; i++) {
		struct netdev_queue_stats_rx r;
		struct netdev_queue_stats_tx t;

		get_queue_stats_rx(netdev, i, &r);
		get_queue_stats_tx(netdev, i, &t);
		rx->packets += r.packets;
		rx->bytes += r.bytes;
		rx->alloc_fail += r.alloc_fail;
		tx->packets += t.packets;
		tx->bytes += t.bytes;
	}
}

static const struct netdev_stat_ops stat_ops = {
	.get_queue_stats_rx = get_queue_stats_rx,
	.get_queue_stats_tx = get_queue_stats_tx,
	.get_base_stats = get_base_stats,
};
#endif

void rvl_nic_keep_counters(struct rvl_nic *nic)
{
	u64 counters[RVL_CNT_NUM];
	int ret = rvl_dev_last_counters(nic->dev, counters);
	unsigned int i;

	lockdep_assert_held(&nic->lock);
	spin_lock_bh(&nic->counters_lock);
	for (i = 0; i < RVL_CNT_NUM; i++) {
		if (!ret)
			nic->counters_last[i] = max(nic->counters_last[i], counters[i]);
		nic->counters_base[i] += nic->counters_last[i];
		nic->counters_last[i] = 0;
	}
	spin_unlock_bh(&nic->counters_lock);
}

int rvl_nic_counters(struct rvl_nic *nic, u64 counters[RVL_CNT_NUM])
{
	int ret = nic->dev ? rvl_dev_counters(nic->dev, counters) : -ENODEV;
	unsigned int i;

	lockdep_assert_held(&nic->lock);
	spin_lock_bh(&nic->counters_lock);
	for (i = 0; i < RVL_CNT_NUM; i++) {
		if (!ret)
			nic->counters_last[i] = counters[i];
		counters[i] = nic->counters_base[i] + nic->counters_last[i];
	}
	spin_unlock_bh(&nic->counters_lock);
	return ret;
}

/* Buffers are as long as frames: new ones, so a stop and a start. SAs and policies stay. */
static int change_mtu(struct net_device *netdev, int mtu)
{
	struct rvl_nic *nic = rvl_nic_of(netdev);
	struct rvl_dev_error err = {};
	int before = netdev->mtu;
	bool started;
	int ret = 0;

	mutex_lock(&nic->lock);
	started = nic->started;
	rvl_nic_stop(nic);
	WRITE_ONCE(netdev->mtu, mtu);
	if (started)
		ret = rvl_nic_start(nic, &err);
	if (ret) {
		netdev_err(netdev, "MTU %d: %s\n", mtu, err.text);
		WRITE_ONCE(netdev->mtu, before);
		if (rvl_nic_start(nic, &err))
			rvl_nic_fail(nic, err.text);
	}
	mutex_unlock(&nic->lock);
	return ret;
}

/* Under tx_global_lock, so there are queues as long as `started` says so. */
static void tx_timeout(struct net_device *netdev, unsigned int number)
{
	struct rvl_nic *nic = rvl_nic_of(netdev);
	struct rvl_nic_queue *q = &nic->queues[number];
	struct netdev_queue *txq = netdev_get_tx_queue(netdev, number);
	struct rvl_queue_state s;
	char why[160];

	if (!READ_ONCE(nic->started) || !q->queue)
		return;
	rvl_queue_state(q->queue, &s);
	if (s.pending && !READ_ONCE(q->rescued)) {
		/* The frames were sent, only nobody came for their completions. */
		netdev_warn(netdev, "transmit queue %u: an interrupt was lost\n", number);
		WRITE_ONCE(q->rescued, true);
		atomic_inc(&q->missed);
		txq_trans_cond_update(txq);
		napi_schedule(&q->napi);
		return;
	}
	snprintf(why, sizeof(why),
		 "transmit queue %u: no frame done in %u ms (written %u, taken %u, done %u, status "
		 "0x%x)",
		 number, jiffies_to_msecs(jiffies - READ_ONCE(txq->trans_start)), s.tx_tail,
		 s.dev_tx_tail, s.tx_head, s.dev_status);
	rvl_nic_fail(nic, why);
}

/* Nothing to set: the device has no filter, and the stack wants to be asked nevertheless. */
static void set_rx_mode(struct net_device *netdev)
{
}

/*
 * A device gets as long for a frame as for a command, and no less than the stack's usual five
 * seconds: behind a read that is lost both wait until it is given up.
 */
void rvl_netdev_set_patience(struct rvl_nic *nic)
{
	WRITE_ONCE(nic->netdev->watchdog_timeo,
		   max_t(int, 5 * HZ, msecs_to_jiffies(nic->command_timeout_ms)));
}

const struct net_device_ops rvl_netdev_ops = {
	.ndo_open = netdev_open,
	.ndo_stop = netdev_stop,
	.ndo_start_xmit = start_xmit,
	.ndo_get_stats64 = get_stats64,
	.ndo_change_mtu = change_mtu,
	.ndo_tx_timeout = tx_timeout,
	.ndo_set_rx_mode = set_rx_mode,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_validate_addr = eth_validate_addr,
};

void rvl_netdev_init(struct rvl_nic *nic)
{
	struct net_device *netdev = nic->netdev;

	netdev->netdev_ops = &rvl_netdev_ops;
	netdev->ethtool_ops = &rvl_ethtool_ops;
#ifdef HAVE_NETDEV_STAT_OPS
	netdev->stat_ops = &stat_ops;
#endif
	rvl_netdev_set_patience(nic);

	netdev->features |= NETIF_F_HIGHDMA;
	netdev->hw_features |= NETIF_F_HIGHDMA;
	netdev->vlan_features |= NETIF_F_HIGHDMA;
	/* Frames for any unicast address come up, and the address may change while they do. */
	netdev->priv_flags |= IFF_UNICAST_FLT | IFF_LIVE_ADDR_CHANGE;
	/* A frame's mapping lies in its skb, and short ones are padded. */
	netdev->priv_flags &= ~IFF_TX_SKB_SHARING;

	netdev->min_mtu = ETH_MIN_MTU;
	netdev->max_mtu = min(MAX_MTU, nic->caps.max_frame - ETH_HLEN - 2 * VLAN_HLEN);
	eth_hw_addr_set(netdev, nic->caps.mac);
	netif_carrier_off(netdev);
}
