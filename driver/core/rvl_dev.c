/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The device as a whole: probe, reset, life and death, global registers and counters.
 */
#include "rvl_private.h"

#define DEFAULT_COMMAND_RING_LOG2 4
#define DEFAULT_EVENT_RING_LOG2 8
#define DEFAULT_TIMEOUT_MS 10000

/* Pointers are 16 bits: with 2^15 entries a full ring still differs from an empty one. */
#define RING_LOG2_LIMIT 15
#define REPLAY_WINDOW_MIN 32
#define REPLAY_WINDOW_LIMIT 65536
#define BEAT_MIN 8
#define BEAT_LIMIT 4096
#define MAX_FRAME_MIN 1518 /* a full Ethernet frame with a VLAN tag, without FCS */

int rvl_fail(struct rvl_dev_error *err, int code, const char *fmt, ...)
{
	va_list args;

	if (err) {
		va_start(args, fmt);
		vsnprintf(err->text, sizeof(err->text), fmt, args);
		va_end(args);
	}
	return code;
}

int rvl_dev_alive(const struct rvl_dev *dev)
{
	switch (rvl_atomic_load(&dev->life)) {
	case RVL_ALIVE:
		return 0;
	case RVL_GONE:
		return -ENODEV;
	default:
		return -EIO;
	}
}

const char *rvl_dev_dead(const struct rvl_dev *dev)
{
	switch (rvl_atomic_load(&dev->life)) {
	case RVL_ALIVE:
		return NULL;
	case RVL_DYING:
		return "the device is being given up";
	default:
		return dev->reason;
	}
}

int rvl_dev_dead_error(const struct rvl_dev *dev, struct rvl_dev_error *err)
{
	return rvl_fail(err, rvl_dev_alive(dev), "device is dead: %s", rvl_dev_dead(dev));
}

int rvl_dev_kill(struct rvl_dev *dev, const char *fmt, ...)
{
	va_list args;
	bool gone;

	if (!rvl_atomic_replace(&dev->life, RVL_ALIVE, RVL_DYING))
		return rvl_dev_alive(dev);

	gone = rvl_os_read32(&dev->os, RVL_REG_ID) == RVL_ALL_ONES;
	if (gone) {
		snprintf(dev->reason, sizeof(dev->reason),
			 "the device is gone (registers read all ones)");
	} else {
		va_start(args, fmt);
		vsnprintf(dev->reason, sizeof(dev->reason), fmt, args);
		va_end(args);
	}
	rvl_atomic_store(&dev->life, gone ? RVL_GONE : RVL_DEAD);
	rvl_os_log(&dev->os, RVL_LOG_ERROR, dev->reason);
	return gone ? -ENODEV : -EIO;
}

bool rvl_dev_expired(const struct rvl_dev *dev, uint64_t start_ns, uint32_t limit_ms)
{
	return rvl_os_now_ns(&dev->os) - start_ns >= (uint64_t)limit_ms * 1000000;
}

int rvl_dma_get(struct rvl_dev *dev, struct rvl_dma *dma, size_t size)
{
	dma->mem = rvl_os_dma_alloc(&dev->os, size, &dma->bus);
	dma->size = size;
	return dma->mem ? 0 : -ENOMEM;
}

void rvl_dma_put(struct rvl_dev *dev, struct rvl_dma *dma)
{
	if (dma->mem)
		rvl_os_dma_free(&dev->os, dma->mem, dma->size, dma->bus);
	dma->mem = NULL;
}

const struct rvl_dev_caps *rvl_dev_caps(const struct rvl_dev *dev)
{
	return &dev->caps;
}

/* One capability, within limits or not. */
struct capability {
	const char *name;
	uint32_t value, min, max;
};

static int check_range(const struct capability *c, struct rvl_dev_error *err)
{
	if (c->value >= c->min && c->value <= c->max)
		return 0;
	return rvl_fail(err, -EPROTO, "capability %s is %u, this driver supports %u to %u", c->name,
			c->value, c->min, c->max);
}

static int read_identity(struct rvl_dev *dev, struct rvl_dev_error *err)
{
	uint32_t id = rvl_os_read32(&dev->os, RVL_REG_ID);
	uint32_t abi;

	if (id == RVL_ALL_ONES)
		return rvl_fail(err, -ENODEV,
				"the device does not answer (registers read all ones)");
	if (id != RVL_MAGIC)
		return rvl_fail(err, -ENODEV,
				"not a Ravelin: ID register is 0x%08x, expected 0x%08x", id,
				RVL_MAGIC);

	abi = rvl_os_read32(&dev->os, RVL_REG_ABI);
	dev->caps.abi_major = (uint16_t)RVL_GET(ABI_MAJOR, abi);
	dev->caps.abi_minor = (uint16_t)RVL_GET(ABI_MINOR, abi);
	if (dev->caps.abi_major != RVL_ABI_MAJOR)
		return rvl_fail(err, -EPROTO,
				"the device has ABI version %u.%u, this driver needs version %u.x",
				dev->caps.abi_major, dev->caps.abi_minor, RVL_ABI_MAJOR);
	return 0;
}

static int read_mac(struct rvl_dev *dev, struct rvl_dev_error *err)
{
	static const uint8_t none[6];
	uint32_t lo = rvl_os_read32(&dev->os, RVL_REG_MAC_LO);
	uint32_t hi = rvl_os_read32(&dev->os, RVL_REG_MAC_HI);
	unsigned int i;

	for (i = 0; i < sizeof(dev->caps.mac); i++)
		dev->caps.mac[i] = (uint8_t)((i < 4 ? lo : hi) >> (8 * (i % 4)));
	if ((dev->caps.mac[0] & 1) || !memcmp(dev->caps.mac, none, sizeof(none)))
		return rvl_fail(err, -EPROTO,
				"MAC address %02x:%02x:%02x:%02x:%02x:%02x is no unicast address",
				dev->caps.mac[0], dev->caps.mac[1], dev->caps.mac[2],
				dev->caps.mac[3], dev->caps.mac[4], dev->caps.mac[5]);
	return 0;
}

static int read_capabilities(struct rvl_dev *dev, struct rvl_dev_error *err)
{
	struct rvl_dev_caps *caps = &dev->caps;
	uint32_t queues = rvl_os_read32(&dev->os, RVL_REG_QUEUES);
	uint32_t rings = rvl_os_read32(&dev->os, RVL_REG_RINGS);
	uint32_t control = rvl_os_read32(&dev->os, RVL_REG_CONTROL_RINGS);
	uint32_t datapath = rvl_os_read32(&dev->os, RVL_REG_DATAPATH);
	const struct capability ranges[] = {
		{"QUEUES.PAIRS", RVL_GET(QUEUES_PAIRS, queues), 1, RVL_QP_MAX},
		{"QUEUES.VECTORS", RVL_GET(QUEUES_VECTORS, queues), 1, 255},
		{"RINGS.TX_LOG2_MAX", RVL_GET(RINGS_TX_LOG2_MAX, rings), RVL_RING_LOG2_MIN,
		 RING_LOG2_LIMIT},
		{"RINGS.RX_LOG2_MAX", RVL_GET(RINGS_RX_LOG2_MAX, rings), RVL_RING_LOG2_MIN,
		 RING_LOG2_LIMIT},
		{"RINGS.CQ_LOG2_MAX", RVL_GET(RINGS_CQ_LOG2_MAX, rings), RVL_RING_LOG2_MIN + 1,
		 RING_LOG2_LIMIT},
		{"CONTROL_RINGS.CMD_LOG2_MAX", RVL_GET(CONTROL_RINGS_CMD_LOG2_MAX, control),
		 RVL_RING_LOG2_MIN, RING_LOG2_LIMIT},
		{"CONTROL_RINGS.EVT_LOG2_MAX", RVL_GET(CONTROL_RINGS_EVT_LOG2_MAX, control),
		 RVL_RING_LOG2_MIN, RING_LOG2_LIMIT},
		{"OUTBOUND_SAS", rvl_os_read32(&dev->os, RVL_REG_OUTBOUND_SAS), 1, RVL_INDICES_MAX},
		{"INBOUND_SAS", rvl_os_read32(&dev->os, RVL_REG_INBOUND_SAS), 1, RVL_INDICES_MAX},
		{"POLICY_COUNT", rvl_os_read32(&dev->os, RVL_REG_POLICY_COUNT), 1, RVL_INDICES_MAX},
		{"REPLAY_WINDOW", rvl_os_read32(&dev->os, RVL_REG_REPLAY_WINDOW), REPLAY_WINDOW_MIN,
		 REPLAY_WINDOW_LIMIT},
		{"DATAPATH.BEAT", RVL_GET(DATAPATH_BEAT, datapath), BEAT_MIN, BEAT_LIMIT},
		{"DATAPATH.MAX_FRAME", RVL_GET(DATAPATH_MAX_FRAME, datapath), MAX_FRAME_MIN,
		 0xffff},
	};
	unsigned int i;
	int ret;

	for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		ret = check_range(&ranges[i], err);
		if (ret)
			return ret;
	}
	caps->queue_pairs = (uint16_t)ranges[0].value;
	caps->vectors = (uint16_t)ranges[1].value;
	caps->tx_log2_max = (uint8_t)ranges[2].value;
	caps->rx_log2_max = (uint8_t)ranges[3].value;
	caps->cq_log2_max = (uint8_t)ranges[4].value;
	caps->cmd_log2_max = (uint8_t)ranges[5].value;
	caps->evt_log2_max = (uint8_t)ranges[6].value;
	caps->outbound_sas = ranges[7].value;
	caps->inbound_sas = ranges[8].value;
	caps->policies = ranges[9].value;
	caps->replay_window = ranges[10].value;
	caps->beat = (uint16_t)ranges[11].value;
	caps->max_frame = (uint16_t)ranges[12].value;

	/* A device that lacks one of these is of less use, not of none: who asks for it is told. */
	caps->features = rvl_os_read32(&dev->os, RVL_REG_FEATURES);
	if (caps->features == RVL_ALL_ONES)
		return rvl_fail(err, -ENODEV, "the device went away (registers read all ones)");
	return read_mac(dev, err);
}

/* Wait until the bits under mask in STATUS are value. */
static int wait_status(struct rvl_dev *dev, uint32_t mask, uint32_t value, uint32_t *status)
{
	uint64_t start = rvl_os_now_ns(&dev->os);
	unsigned int polls;

	for (polls = 0;; polls++) {
		bool last = rvl_dev_expired(dev, start, dev->options.reset_timeout_ms);

		*status = rvl_os_read32(&dev->os, RVL_REG_STATUS);
		if (*status == RVL_ALL_ONES)
			return -ENODEV;
		if ((*status & mask) == value)
			return 0;
		if (last)
			return -ETIMEDOUT;
		rvl_os_wait(&dev->os, polls);
	}
}

/*
 * Reset all but PCIe. A reset that is under way is waited for first: asking for another meanwhile
 * would have no effect.
 */
static int reset(struct rvl_dev *dev, struct rvl_dev_error *err)
{
	uint32_t status;
	int ret;

	ret = wait_status(dev, RVL_STATUS_RESETTING_MASK, 0, &status);
	if (!ret) {
		rvl_os_write32(&dev->os, RVL_REG_CONTROL, RVL_CONTROL_RESET_MASK);
		ret = wait_status(dev,
				  RVL_STATUS_READY_MASK | RVL_STATUS_RESETTING_MASK |
					  RVL_STATUS_FATAL_MASK,
				  RVL_STATUS_READY_MASK, &status);
	}
	if (ret == -ENODEV)
		return rvl_fail(err, ret, "the device went away in its reset");
	if (ret)
		return rvl_fail(err, ret,
				"the device is not ready %u ms after reset (STATUS 0x%08x)",
				dev->options.reset_timeout_ms, status);
	return 0;
}

static int check_options(const struct rvl_dev *dev, struct rvl_dev_error *err)
{
	const struct rvl_dev_options *o = &dev->options;
	const struct rvl_dev_caps *caps = &dev->caps;

	if (o->command_ring_log2 < RVL_RING_LOG2_MIN || o->command_ring_log2 > caps->cmd_log2_max)
		return rvl_fail(err, -EINVAL, "command_ring_log2 is %u, the device has %u to %u",
				o->command_ring_log2, RVL_RING_LOG2_MIN, caps->cmd_log2_max);
	if (o->event_ring_log2 < RVL_RING_LOG2_MIN || o->event_ring_log2 > caps->evt_log2_max)
		return rvl_fail(err, -EINVAL, "event_ring_log2 is %u, the device has %u to %u",
				o->event_ring_log2, RVL_RING_LOG2_MIN, caps->evt_log2_max);
	if (o->control_vector >= caps->vectors)
		return rvl_fail(err, -EINVAL, "control_vector is %u, the device has %u",
				o->control_vector, caps->vectors);
	return 0;
}

static void set_defaults(struct rvl_dev_options *o)
{
	if (!o->command_ring_log2)
		o->command_ring_log2 = DEFAULT_COMMAND_RING_LOG2;
	if (!o->event_ring_log2)
		o->event_ring_log2 = DEFAULT_EVENT_RING_LOG2;
	if (!o->command_timeout_ms)
		o->command_timeout_ms = DEFAULT_TIMEOUT_MS;
	if (!o->reset_timeout_ms)
		o->reset_timeout_ms = DEFAULT_TIMEOUT_MS;
}

static int allocate(struct rvl_dev *dev)
{
	size_t commands = (size_t)1 << dev->options.command_ring_log2;
	size_t events = (size_t)1 << dev->options.event_ring_log2;

	if (rvl_index_init(&dev->sas[0], dev->caps.outbound_sas) ||
	    rvl_index_init(&dev->sas[1], dev->caps.inbound_sas) ||
	    rvl_index_init(&dev->policies, dev->caps.policies) ||
	    rvl_dma_get(dev, &dev->cmd_ring, commands * sizeof(struct rvl_cmd)) ||
	    rvl_dma_get(dev, &dev->cpl_ring, commands * sizeof(struct rvl_cmd_cpl)) ||
	    rvl_dma_get(dev, &dev->evt_ring, events * sizeof(struct rvl_event)))
		return -ENOMEM;
	return 0;
}

static void destroy(struct rvl_dev *dev)
{
	rvl_dma_put(dev, &dev->evt_ring);
	rvl_dma_put(dev, &dev->cpl_ring);
	rvl_dma_put(dev, &dev->cmd_ring);
	rvl_index_free(&dev->policies);
	rvl_index_free(&dev->sas[1]);
	rvl_index_free(&dev->sas[0]);
	rvl_lock_destroy(&dev->evt_lock);
	rvl_lock_destroy(&dev->cmd_lock);
	rvl_lock_destroy(&dev->reg_lock);
	rvl_os_free(dev);
}

int rvl_dev_open(const struct rvl_os *os, const struct rvl_dev_options *options,
		 struct rvl_dev **devp, struct rvl_dev_error *err)
{
	struct rvl_dev *dev = rvl_os_zalloc(1, sizeof(*dev));
	int ret;

	*devp = NULL;
	if (!dev)
		return rvl_fail(err, -ENOMEM, "no memory for the device");
	dev->os = *os;
	if (options)
		dev->options = *options;
	set_defaults(&dev->options);
	rvl_lock_init(&dev->reg_lock);
	rvl_lock_init(&dev->cmd_lock);
	rvl_lock_init(&dev->evt_lock);

	ret = read_identity(dev, err);
	if (!ret)
		ret = reset(dev, err);
	if (!ret)
		ret = read_capabilities(dev, err);
	if (!ret)
		ret = check_options(dev, err);
	if (!ret && allocate(dev))
		ret = rvl_fail(err, -ENOMEM, "no memory for the command and event rings");
	if (ret) {
		destroy(dev);
		return ret;
	}
	rvl_cmd_start(dev);
	rvl_event_start(dev);
	*devp = dev;
	return 0;
}

void rvl_dev_close(struct rvl_dev *dev)
{
	struct rvl_dev_error err;
	unsigned int i;

	if (!dev)
		return;

	/* The reset stops all rings, ends what is in flight and erases every SA and key. */
	if (rvl_dev_alive(dev) == -ENODEV || reset(dev, &err)) {
		rvl_os_log(&dev->os, RVL_LOG_WARNING,
			   "the device could not be reset; it is kept off memory");
		rvl_os_dma_off(&dev->os);
	}
	for (i = 0; i < RVL_QP_MAX; i++) {
		if (dev->queues[i])
			rvl_queue_free(dev->queues[i]);
	}
	while (dev->stuck) {
		struct rvl_queue *queue = dev->stuck;

		dev->stuck = rvl_queue_next(queue);
		rvl_queue_free(queue);
	}
	destroy(dev);
}

int rvl_dev_fatal(struct rvl_dev *dev, uint32_t cause)
{
	switch (cause) {
	case RVL_FATAL_CAUSE_LOOKUP:
		return rvl_dev_kill(dev,
				    "the device stopped: FATAL, parity of the SA lookup table");
	case RVL_FATAL_CAUSE_NAMES:
		return rvl_dev_kill(dev, "the device stopped: FATAL, parity of an SA's name");
	default:
		return rvl_dev_kill(dev, "the device stopped: FATAL, cause %u", cause);
	}
}

/* Nobody else has reset it since rvl_dev_open(). */
static bool is_ours(struct rvl_dev *dev, uint32_t status)
{
	return status & RVL_STATUS_READY_MASK &&
	       rvl_os_read32(&dev->os, RVL_REG_CMD_CONTROL) & RVL_CMD_CONTROL_ENABLE_MASK;
}

int rvl_dev_check(struct rvl_dev *dev)
{
	int ret = rvl_dev_alive(dev);
	uint32_t status;

	if (ret)
		return ret;
	status = rvl_os_read32(&dev->os, RVL_REG_STATUS);
	if (status == RVL_ALL_ONES)
		return rvl_dev_kill(dev, "STATUS reads all ones");
	if (status & RVL_STATUS_FATAL_MASK)
		return rvl_dev_fatal(dev, RVL_GET(STATUS_FATAL_CAUSE, status));
	if (!is_ours(dev, status))
		return rvl_dev_kill(dev, "the device was reset behind the driver's back");
	return 0;
}

static int write_register(struct rvl_dev *dev, uint32_t reg, uint32_t value)
{
	int ret = rvl_dev_alive(dev);

	if (!ret)
		rvl_os_write32(&dev->os, reg, value);
	return ret;
}

int rvl_dev_enable(struct rvl_dev *dev, bool on)
{
	return write_register(dev, RVL_REG_CONTROL, on ? RVL_CONTROL_ENABLE_MASK : 0);
}

int rvl_dev_set_rx_queues(struct rvl_dev *dev, unsigned int n)
{
	if (n < 1 || n > dev->caps.queue_pairs)
		return -EINVAL;
	return write_register(dev, RVL_REG_RX_QUEUES, n);
}

void rvl_dev_set_command_timeout(struct rvl_dev *dev, uint32_t ms)
{
	rvl_lock(&dev->cmd_lock);
	dev->options.command_timeout_ms = ms;
	rvl_unlock(&dev->cmd_lock);
}

int rvl_dev_set_port_max_frame(struct rvl_dev *dev, unsigned int octets)
{
	if (octets < MAX_FRAME_MIN || octets > dev->caps.max_frame)
		return -EINVAL;
	return write_register(dev, RVL_REG_PORT_MAX_FRAME, octets);
}

int rvl_dev_link(struct rvl_dev *dev, bool *up)
{
	int ret = rvl_dev_alive(dev);
	uint32_t link;

	if (ret)
		return ret;
	link = rvl_os_read32(&dev->os, RVL_REG_LINK);
	if (link == RVL_ALL_ONES)
		return rvl_dev_kill(dev, "LINK reads all ones");
	*up = link & RVL_LINK_UP_MASK;
	return 0;
}

/* The low half latches the high half, so the two reads belong together. */
static uint64_t read_latched(struct rvl_dev *dev, uint32_t reg)
{
	uint32_t lo, hi;

	rvl_lock(&dev->reg_lock);
	lo = rvl_os_read32(&dev->os, reg);
	hi = rvl_os_read32(&dev->os, reg + 4);
	rvl_unlock(&dev->reg_lock);
	return (uint64_t)hi << 32 | lo;
}

int rvl_dev_cycles(struct rvl_dev *dev, uint64_t *cycles)
{
	int ret = rvl_dev_alive(dev);

	if (ret)
		return ret;
	*cycles = read_latched(dev, RVL_REG_CYCLES_LO);
	return rvl_dev_check(dev);
}

static void read_counters(struct rvl_dev *dev, uint64_t counters[RVL_CNT_NUM])
{
	unsigned int i;

	for (i = 0; i < RVL_CNT_NUM; i++)
		counters[i] = read_latched(dev, RVL_COUNTER_OFFSET + i * RVL_COUNTER_STRIDE);
}

int rvl_dev_counters(struct rvl_dev *dev, uint64_t counters[RVL_CNT_NUM])
{
	int ret = rvl_dev_alive(dev);

	if (ret)
		return ret;
	read_counters(dev, counters);
	return rvl_dev_check(dev);
}

int rvl_dev_last_counters(struct rvl_dev *dev, uint64_t counters[RVL_CNT_NUM])
{
	uint32_t status;

	if (rvl_dev_alive(dev) == -ENODEV)
		return -ENODEV;
	read_counters(dev, counters);
	status = rvl_os_read32(&dev->os, RVL_REG_STATUS);
	if (status == RVL_ALL_ONES || !is_ours(dev, status))
		return -ENODEV;
	return 0;
}

#define COUNTER_NAME(name, description) #name,
#define COUNTER_DESCRIPTION(name, description) description,

const char *rvl_counter_name(unsigned int counter)
{
	static const char *const names[] = {RVL_COUNTERS(COUNTER_NAME)};

	return counter < RVL_CNT_NUM ? names[counter] : NULL;
}

const char *rvl_counter_description(unsigned int counter)
{
	static const char *const descriptions[] = {RVL_COUNTERS(COUNTER_DESCRIPTION)};

	return counter < RVL_CNT_NUM ? descriptions[counter] : NULL;
}
