// SPDX-License-Identifier: GPL-2.0
/*
 * ethtool operations. docs/driver.md says what each statistic means.
 */
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>

#include "ravelin.h"

#define MODERATION_MAX_USECS 10000
#define INTERRUPT_TIMEOUT_MS 1000

static void get_drvinfo(struct net_device *netdev, struct ethtool_drvinfo *info)
{
	struct rvl_nic *nic = rvl_nic_of(netdev);

	strscpy(info->driver, KBUILD_MODNAME, sizeof(info->driver));
	strscpy(info->version, RVL_DRIVER_VERSION, sizeof(info->version));
	strscpy(info->bus_info, pci_name(nic->pdev), sizeof(info->bus_info));
	snprintf(info->fw_version, sizeof(info->fw_version), "ABI %u.%u", nic->caps.abi_major,
		 nic->caps.abi_minor);
}

/* -------------------------------------------------------------------------------- statistics */

/* A counter of struct rvl_queue_stats, in the set that is written by transmit or by NAPI. */
struct queue_stat {
	const char *name;
	size_t offset;
	bool rx;
};

#define TX_STAT(name, field)                                                                       \
	{                                                                                          \
		name, offsetof(struct rvl_queue_stats, field), false                               \
	}
#define RX_STAT(name, field)                                                                       \
	{                                                                                          \
		name, offsetof(struct rvl_queue_stats, field), true                                \
	}

static const struct queue_stat queue_stats[] = {
	TX_STAT("tx_queue_%u_packets", tx_packets),
	TX_STAT("tx_queue_%u_bytes", tx_bytes),
	TX_STAT("tx_queue_%u_dropped", tx_dropped),
	RX_STAT("tx_queue_%u_errors", tx_errors),
	RX_STAT("tx_queue_%u_lost", tx_lost),
	TX_STAT("tx_queue_%u_busy", tx_busy),
	RX_STAT("rx_queue_%u_packets", rx_packets),
	RX_STAT("rx_queue_%u_bytes", rx_bytes),
	RX_STAT("rx_queue_%u_dropped", rx_dropped),
	RX_STAT("rx_queue_%u_errors", rx_errors),
	RX_STAT("rx_queue_%u_alloc_failed", rx_alloc_failed),
	RX_STAT("rx_queue_%u_interrupts", interrupts),
	RX_STAT("rx_queue_%u_missed_interrupts", missed_interrupts),
	RX_STAT("rx_queue_%u_polls", polls),
};

/* Names that other drivers gave to what some of the device's counters count, alone or summed. */
struct alias {
	const char *name;
	u64 counters; /* BIT(RVL_CNT_*) */
};

#define CNT(name) BIT_ULL(RVL_CNT_##name)

static const struct alias aliases[] = {
	{"ipsec_tx_pkts", CNT(TX_PROTECTED)},
	{"ipsec_tx_drop_pkts", CNT(TX_DROP_POLICY) | CNT(TX_DROP_NO_SA) | CNT(TX_DROP_SEQ) |
				       CNT(TX_DROP_LIFETIME) | CNT(TX_DROP_PARITY) |
				       CNT(TX_DROP_FRAGMENT) | CNT(TX_DROP_HEADERS)},
	{"ipsec_tx_drop_no_state", CNT(TX_DROP_NO_SA)},
	{"ipsec_rx_pkts", CNT(RX_DECRYPTED)},
	{"ipsec_rx_drop_pkts",
	 CNT(RX_DROP_CHECKSUM) | CNT(RX_DROP_MALFORMED) | CNT(RX_DROP_REPLAY) |
		 CNT(RX_DROP_WINDOW) | CNT(RX_DROP_ICV) | CNT(RX_DROP_TRAILER) |
		 CNT(RX_DROP_DUMMY) | CNT(RX_DROP_INNER) | CNT(RX_DROP_ECN) |
		 CNT(RX_DROP_LIFETIME) | CNT(RX_DROP_PARITY) | CNT(RX_DROP_SELECTORS)},
	{"ipsec_rx_pkts_auth_fail", CNT(RX_DROP_ICV)},
	{"ipsec_rx_pkts_replay", CNT(RX_DROP_REPLAY) | CNT(RX_DROP_WINDOW)},
	{"ipsec_rx_pkts_frame_err", CNT(RX_DROP_CHECKSUM) | CNT(RX_DROP_MALFORMED) |
					    CNT(RX_DROP_TRAILER) | CNT(RX_DROP_INNER) |
					    CNT(RX_DROP_ECN)},
	{"ipsec_rx_sadb_miss", CNT(RX_SA_MISS)},
};

static const char *const driver_stats[] = {
	"failures",
	"resets",
	"pcie_correctable_errors",
	"pcie_nonfatal_errors",
	"pcie_fatal_errors",
	"pcie_function_resets",
};

static unsigned int ipsec_stat_count(const struct rvl_nic *nic)
{
	return nic->ipsec ? rvl_ipsec_stat_count() : 0;
}

static u64 queue_stat(const struct rvl_nic_queue *q, const struct queue_stat *s)
{
	const struct rvl_queue_stats *stats = s->rx ? q->stats_rx : q->stats_tx;
	const u64_stats_t *value = (const void *)((const char *)stats + s->offset);
	unsigned int start;
	u64 v;

	do {
		start = u64_stats_fetch_begin(&stats->sync);
		v = u64_stats_read(value);
	} while (u64_stats_fetch_retry(&stats->sync, start));
	return v;
}

static void get_ethtool_stats(struct net_device *netdev, struct ethtool_stats *stats, u64 *data)
{
	struct rvl_nic *nic = rvl_nic_of(netdev);
	u64 counters[RVL_CNT_NUM];
	unsigned int i, j;

	mutex_lock(&nic->lock);
	rvl_nic_counters(nic, counters);
	mutex_unlock(&nic->lock);
	memcpy(data, counters, sizeof(counters));
	data += RVL_CNT_NUM;

	for (i = 0; i < ARRAY_SIZE(aliases); i++) {
		*data = 0;
		for (j = 0; j < RVL_CNT_NUM; j++) {
			if (aliases[i].counters & BIT_ULL(j))
				*data += counters[j];
		}
		data++;
	}

	*data++ = nic->failures;
	*data++ = nic->resets;
	*data++ = nic->pcie.correctable;
	*data++ = nic->pcie.nonfatal;
	*data++ = nic->pcie.fatal;
	*data++ = nic->pcie.function_resets;

	for (i = 0; i < ipsec_stat_count(nic); i++)
		*data++ = rvl_ipsec_stat(nic, i);

	for (i = 0; i < nic->max_queues; i++) {
		for (j = 0; j < ARRAY_SIZE(queue_stats); j++)
			*data++ = queue_stat(&nic->queues[i], &queue_stats[j]);
	}
}

/* ---------------------------------------------------------------------------------- self test */

enum self_test { TEST_ALIVE, TEST_COMMAND, TEST_INTERRUPT, TEST_REGISTER, TEST_NUM };

static const char self_tests[TEST_NUM][ETH_GSTRING_LEN] = {
	[TEST_ALIVE] = "Device status    (on/offline)",
	[TEST_COMMAND] = "Command ring     (on/offline)",
	[TEST_INTERRUPT] = "Interrupt        (on/offline)",
	[TEST_REGISTER] = "Registers        (offline)",
};

/* Each command's completion raises the control vector. */
static int test_interrupt(struct rvl_nic *nic)
{
	int before = atomic_read(&nic->control_irqs);
	unsigned long end = jiffies + msecs_to_jiffies(INTERRUPT_TIMEOUT_MS);
	int ret = rvl_dev_nop(nic->dev, NULL);

	if (ret)
		return ret;
	while (atomic_read(&nic->control_irqs) == before) {
		if (time_after(jiffies, end))
			return -ETIMEDOUT;
		usleep_range(100, 1000);
	}
	return 0;
}

static int test_pattern(struct rvl_nic *nic, u32 reg, u32 value)
{
	rvl_os_write32(&nic->os, reg, value);
	return rvl_os_read32(&nic->os, reg) == value ? 0 : -EIO;
}

/* Registers of rings that are off and of the data path hold what is written; its queues are off. */
static int test_registers(struct rvl_nic *nic)
{
	static const u32 patterns[] = {0x55555540, 0xaaaaaa80, 0xffffffc0, 0};
	u32 max_frame = rvl_os_read32(&nic->os, RVL_REG_PORT_MAX_FRAME);
	u32 rx_queues = rvl_os_read32(&nic->os, RVL_REG_RX_QUEUES);
	unsigned int i, q;
	int ret = 0;

	for (i = 0; i < ARRAY_SIZE(patterns) && !ret; i++) {
		for (q = 0; q < nic->caps.queue_pairs && !ret; q++) {
			ret = test_pattern(nic, RVL_REG_TX_BASE_LO(q), patterns[i]) ?:
			      test_pattern(nic, RVL_REG_TX_BASE_HI(q), patterns[i]) ?:
			      test_pattern(nic, RVL_REG_RX_BASE_LO(q), patterns[i]) ?:
			      test_pattern(nic, RVL_REG_RX_BASE_HI(q), patterns[i]) ?:
			      test_pattern(nic, RVL_REG_CQ_BASE_LO(q), patterns[i]) ?:
			      test_pattern(nic, RVL_REG_CQ_BASE_HI(q), patterns[i]);
		}
	}
	for (q = 1; q <= nic->caps.queue_pairs && !ret; q++)
		ret = test_pattern(nic, RVL_REG_RX_QUEUES, q);
	if (!ret)
		ret = test_pattern(nic, RVL_REG_PORT_MAX_FRAME, nic->caps.max_frame - 1);

	rvl_os_write32(&nic->os, RVL_REG_RX_QUEUES, rx_queues);
	rvl_os_write32(&nic->os, RVL_REG_PORT_MAX_FRAME, max_frame);
	return ret;
}

static void self_test(struct net_device *netdev, struct ethtool_test *test, u64 *data)
{
	struct rvl_nic *nic = rvl_nic_of(netdev);
	struct rvl_dev_error err;
	bool started;
	int ret = 0;
	unsigned int i;

	memset(data, 0, TEST_NUM * sizeof(*data));
	mutex_lock(&nic->lock);
	if (nic->state != RVL_NIC_UP) {
		data[TEST_ALIVE] = 1;
		goto out;
	}
	data[TEST_ALIVE] = !!rvl_dev_check(nic->dev);
	data[TEST_COMMAND] = !!rvl_dev_nop(nic->dev, NULL);
	data[TEST_INTERRUPT] = !!test_interrupt(nic);
	if (test->flags & ETH_TEST_FL_OFFLINE) {
		started = nic->started;
		rvl_nic_stop(nic);
		/* A queue that did not stop would go on at the address written. */
		data[TEST_REGISTER] = rvl_dev_check(nic->dev) || test_registers(nic);
		if (started)
			ret = rvl_nic_start(nic, &err);
	}
out:
	mutex_unlock(&nic->lock);
	if (ret)
		rvl_nic_fail(nic, err.text);
	for (i = 0; i < TEST_NUM; i++) {
		if (data[i])
			test->flags |= ETH_TEST_FL_FAILED;
	}
}

/* ------------------------------------------------------------------------------------ strings */

static int get_sset_count(struct net_device *netdev, int set)
{
	struct rvl_nic *nic = rvl_nic_of(netdev);

	switch (set) {
	case ETH_SS_STATS:
		return RVL_CNT_NUM + ARRAY_SIZE(aliases) + ARRAY_SIZE(driver_stats) +
		       ipsec_stat_count(nic) + nic->max_queues * ARRAY_SIZE(queue_stats);
	case ETH_SS_TEST:
		return TEST_NUM;
	default:
		return -EOPNOTSUPP;
	}
}

static void get_strings(struct net_device *netdev, u32 set, u8 *data)
{
	struct rvl_nic *nic = rvl_nic_of(netdev);
	unsigned int i, j;

	if (set == ETH_SS_TEST) {
		memcpy(data, self_tests, sizeof(self_tests));
		return;
	}
	if (set != ETH_SS_STATS)
		return;
	for (i = 0; i < RVL_CNT_NUM; i++)
		ethtool_puts(&data, rvl_counter_name(i));
	for (i = 0; i < ARRAY_SIZE(aliases); i++)
		ethtool_puts(&data, aliases[i].name);
	for (i = 0; i < ARRAY_SIZE(driver_stats); i++)
		ethtool_puts(&data, driver_stats[i]);
	for (i = 0; i < ipsec_stat_count(nic); i++)
		ethtool_puts(&data, rvl_ipsec_stat_name(i));
	for (i = 0; i < nic->max_queues; i++) {
		for (j = 0; j < ARRAY_SIZE(queue_stats); j++)
			ethtool_sprintf(&data, queue_stats[j].name, i);
	}
}

/* ----------------------------------------------------------------- queues, rings, moderation */

/* What the data path is made of. */
struct shape {
	unsigned int queues, rx_queues;
	u8 tx_log2, rx_log2;
};

static void set_shape(struct rvl_nic *nic, const struct shape *shape)
{
	nic->num_queues = shape->queues;
	nic->rx_queues = shape->rx_queues;
	nic->tx_log2 = shape->tx_log2;
	nic->rx_log2 = shape->rx_log2;
}

/*
 * Stop the data path, change what it is made of, start it again; as it was before when it can't be
 * had so. SAs stay in the device. Under rtnl.
 */
static int reshape(struct rvl_nic *nic, const struct shape *shape, struct netlink_ext_ack *extack)
{
	struct shape old = {nic->num_queues, nic->rx_queues, nic->tx_log2, nic->rx_log2};
	struct net_device *netdev = nic->netdev;
	struct rvl_dev_error err, again;
	bool lost = false;
	int ret;

	ret = netif_set_real_num_queues(netdev, shape->queues, shape->queues);
	if (ret)
		return ret;
	mutex_lock(&nic->lock);
	if (nic->started) {
		rvl_nic_stop(nic);
		set_shape(nic, shape);
		ret = rvl_nic_start(nic, &err);
		if (ret) {
			set_shape(nic, &old);
			lost = rvl_nic_start(nic, &again);
		}
	} else {
		set_shape(nic, shape);
	}
	mutex_unlock(&nic->lock);
	if (ret) {
		netif_set_real_num_queues(netdev, old.queues, old.queues);
		NL_SET_ERR_MSG_FMT_MOD(extack, "%s", err.text);
	}
	if (lost)
		rvl_nic_fail(nic, again.text);
	return ret;
}

static void get_channels(struct net_device *netdev, struct ethtool_channels *channels)
{
	struct rvl_nic *nic = rvl_nic_of(netdev);

	channels->max_combined = nic->max_queues;
	channels->combined_count = nic->num_queues;
}

static int set_channels(struct net_device *netdev, struct ethtool_channels *channels)
{
	struct rvl_nic *nic = rvl_nic_of(netdev);
	struct shape shape = {channels->combined_count, channels->combined_count, nic->tx_log2,
			      nic->rx_log2};

	/* What was set stays; the core has seen that it has its queues still. */
	if (netif_is_rxfh_configured(netdev))
		shape.rx_queues = nic->rx_queues;
	/* The core has compared the count with the largest and the others with 0. */
	if (!shape.queues)
		return -EINVAL;
	return reshape(nic, &shape, NULL);
}

static void get_ringparam(struct net_device *netdev, struct ethtool_ringparam *ring,
			  struct kernel_ethtool_ringparam *kernel_ring,
			  struct netlink_ext_ack *extack)
{
	struct rvl_nic *nic = rvl_nic_of(netdev);

	ring->tx_max_pending = 1U << rvl_nic_ring_log2_max(nic, false);
	ring->rx_max_pending = 1U << rvl_nic_ring_log2_max(nic, true);
	ring->tx_pending = 1U << nic->tx_log2;
	ring->rx_pending = 1U << nic->rx_log2;
}

static int set_ringparam(struct net_device *netdev, struct ethtool_ringparam *ring,
			 struct kernel_ethtool_ringparam *kernel_ring,
			 struct netlink_ext_ack *extack)
{
	struct rvl_nic *nic = rvl_nic_of(netdev);
	struct shape shape = {.queues = nic->num_queues, .rx_queues = nic->rx_queues};

	if (ring->tx_pending < 1U << RVL_RING_LOG2_MIN ||
	    ring->rx_pending < 1U << RVL_RING_LOG2_MIN) {
		NL_SET_ERR_MSG_FMT_MOD(extack, "a ring has %u entries at least",
				       1U << RVL_RING_LOG2_MIN);
		return -EINVAL;
	}
	/* Sizes are powers of two: the next larger one. */
	shape.tx_log2 = ilog2(roundup_pow_of_two(ring->tx_pending));
	shape.rx_log2 = ilog2(roundup_pow_of_two(ring->rx_pending));
	return reshape(nic, &shape, extack);
}

static int get_coalesce(struct net_device *netdev, struct ethtool_coalesce *coalesce,
			struct kernel_ethtool_coalesce *kernel_coalesce,
			struct netlink_ext_ack *extack)
{
	struct rvl_nic *nic = rvl_nic_of(netdev);

	coalesce->rx_coalesce_usecs = READ_ONCE(nic->rx_usecs);
	return 0;
}

static int set_coalesce(struct net_device *netdev, struct ethtool_coalesce *coalesce,
			struct kernel_ethtool_coalesce *kernel_coalesce,
			struct netlink_ext_ack *extack)
{
	struct rvl_nic *nic = rvl_nic_of(netdev);

	if (coalesce->rx_coalesce_usecs > MODERATION_MAX_USECS) {
		NL_SET_ERR_MSG_FMT_MOD(extack, "rx-usecs is %u at most", MODERATION_MAX_USECS);
		return -ERANGE;
	}
	WRITE_ONCE(nic->rx_usecs, coalesce->rx_coalesce_usecs);
	return 0;
}

/* ------------------------------------------------------------------ how received flows are spread
 */

/*
 * The device has no table: the first N queues get flows, each the same share (RX_QUEUES). As a
 * table that is `equal N`, and no other table can be had.
 */
static u32 get_rxfh_indir_size(struct net_device *netdev)
{
	return rvl_nic_of(netdev)->max_queues;
}

static void read_spread(const struct rvl_nic *nic, u32 *table, u8 *hash)
{
	unsigned int i;

	if (hash)
		*hash = ETH_RSS_HASH_TOP;
	for (i = 0; table && i < nic->max_queues; i++)
		table[i] = i % nic->rx_queues;
}

static int write_spread(struct rvl_nic *nic, const u32 *table, u8 hash,
			struct netlink_ext_ack *extack)
{
	unsigned int i, n = 0;
	int ret = 0;

	if (hash != ETH_RSS_HASH_NO_CHANGE && hash != ETH_RSS_HASH_TOP) {
		NL_SET_ERR_MSG_MOD(extack, "only hfunc toeplitz");
		return -EOPNOTSUPP;
	}
	if (!table)
		return 0;
	for (i = 0; i < nic->max_queues; i++)
		n = max(n, table[i] + 1);
	for (i = 0; i < nic->max_queues; i++) {
		if (table[i] != i % n) {
			NL_SET_ERR_MSG_MOD(
				extack, "only equal: the device gives each queue the same share");
			return -EOPNOTSUPP;
		}
	}
	mutex_lock(&nic->lock);
	if (nic->started)
		ret = rvl_dev_set_rx_queues(nic->dev, n);
	if (!ret)
		nic->rx_queues = n;
	mutex_unlock(&nic->lock);
	return ret;
}

#ifdef HAVE_ETHTOOL_RXFH_PARAM
static int get_rxfh(struct net_device *netdev, struct ethtool_rxfh_param *rxfh)
{
	read_spread(rvl_nic_of(netdev), rxfh->indir, &rxfh->hfunc);
	return 0;
}

static int set_rxfh(struct net_device *netdev, struct ethtool_rxfh_param *rxfh,
		    struct netlink_ext_ack *extack)
{
	return write_spread(rvl_nic_of(netdev), rxfh->indir, rxfh->hfunc, extack);
}
#else
static int get_rxfh(struct net_device *netdev, u32 *table, u8 *key, u8 *hash)
{
	read_spread(rvl_nic_of(netdev), table, hash);
	return 0;
}

static int set_rxfh(struct net_device *netdev, const u32 *table, const u8 *key, const u8 hash)
{
	return write_spread(rvl_nic_of(netdev), table, hash, NULL);
}
#endif

#ifdef HAVE_ETHTOOL_RX_RING_COUNT
static u32 get_rx_ring_count(struct net_device *netdev)
{
	return rvl_nic_of(netdev)->num_queues;
}
#else
static int get_rxnfc(struct net_device *netdev, struct ethtool_rxnfc *info, u32 *rules)
{
	if (info->cmd != ETHTOOL_GRXRINGS)
		return -EOPNOTSUPP;
	info->data = rvl_nic_of(netdev)->num_queues;
	return 0;
}
#endif

/* -------------------------------------------------------------------------- link, registers */

/* There is no PHY that tells of its speed: the carrier is what the board or the simulator says. */
static int get_link_ksettings(struct net_device *netdev, struct ethtool_link_ksettings *settings)
{
	ethtool_link_ksettings_zero_link_mode(settings, supported);
	ethtool_link_ksettings_zero_link_mode(settings, advertising);
	settings->base.speed = SPEED_UNKNOWN;
	settings->base.duplex = DUPLEX_FULL;
	settings->base.port = PORT_OTHER;
	settings->base.autoneg = AUTONEG_DISABLE;
	return 0;
}

#define QUEUE_WORDS (RVL_QP_STRIDE / sizeof(u32))
#define DEVICE_WORDS QUEUE_WORDS

static int get_regs_len(struct net_device *netdev)
{
	struct rvl_nic *nic = rvl_nic_of(netdev);

	return (DEVICE_WORDS + nic->caps.queue_pairs * QUEUE_WORDS) * sizeof(u32);
}

/*
 * The registers of the device, then those of each queue pair, 256 octets each, at their offsets in
 * docs/registers.md; 0 where there is none or reading it would change something. Version 0: the
 * device can't be asked.
 */
static void get_regs(struct net_device *netdev, struct ethtool_regs *regs, void *data)
{
	struct rvl_nic *nic = rvl_nic_of(netdev);
	const struct rvl_register *r;
	u32 *words = data;
	unsigned int i, q;

	memset(data, 0, regs->len);
	regs->version = 0;
	mutex_lock(&nic->lock);
	if (nic->state != RVL_NIC_UP)
		goto out;
	regs->version = RVL_ABI_MAJOR;
	for (i = 0; (r = rvl_device_register(i)); i++)
		words[r->offset / sizeof(u32)] = rvl_os_read32(&nic->os, r->offset);
	words += DEVICE_WORDS;
	for (q = 0; q < nic->caps.queue_pairs; q++, words += QUEUE_WORDS) {
		for (i = 0; (r = rvl_queue_register(i)); i++)
			words[(r->offset - RVL_REG_TX_BASE_LO(0)) / sizeof(u32)] =
				rvl_os_read32(&nic->os, r->offset + q * RVL_QP_STRIDE);
	}
out:
	mutex_unlock(&nic->lock);
}

const struct ethtool_ops rvl_ethtool_ops = {
	.supported_coalesce_params = ETHTOOL_COALESCE_RX_USECS,
	.get_drvinfo = get_drvinfo,
	.get_link = ethtool_op_get_link,
	.get_link_ksettings = get_link_ksettings,
	.get_ts_info = ethtool_op_get_ts_info,
	.get_sset_count = get_sset_count,
	.get_strings = get_strings,
	.get_ethtool_stats = get_ethtool_stats,
	.self_test = self_test,
	.get_channels = get_channels,
	.set_channels = set_channels,
#ifdef HAVE_ETHTOOL_RX_RING_COUNT
	.get_rx_ring_count = get_rx_ring_count,
#else
	.get_rxnfc = get_rxnfc,
#endif
	.get_rxfh_indir_size = get_rxfh_indir_size,
	.get_rxfh = get_rxfh,
	.set_rxfh = set_rxfh,
	.get_ringparam = get_ringparam,
	.set_ringparam = set_ringparam,
	.get_coalesce = get_coalesce,
	.set_coalesce = set_coalesce,
	.get_regs_len = get_regs_len,
	.get_regs = get_regs,
};
