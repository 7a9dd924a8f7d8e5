/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The event ring.
 */
#include "rvl_private.h"

void rvl_event_start(struct rvl_dev *dev)
{
	dev->evt_head = 0;
	dev->evt_number = 0;
	rvl_write_addr(dev, RVL_REG_EVT_BASE_LO, dev->evt_ring.bus);
	rvl_os_write32(&dev->os, RVL_REG_EVT_SIZE, dev->options.event_ring_log2);
	rvl_os_write32(&dev->os, RVL_REG_EVT_HEAD, 0);
	rvl_os_write32(&dev->os, RVL_REG_EVT_CONTROL,
		       RVL_PUT(EVT_CONTROL_ENABLE, 1) |
			       RVL_PUT(EVT_CONTROL_VECTOR, dev->options.control_vector));
}

const char *rvl_event_name(uint8_t type)
{
	switch (type) {
	case RVL_EVENT_SOFT_BYTES:
		return "soft octet lifetime";
	case RVL_EVENT_SOFT_PACKETS:
		return "soft packet lifetime";
	case RVL_EVENT_HARD_BYTES:
		return "hard octet lifetime";
	case RVL_EVENT_HARD_PACKETS:
		return "hard packet lifetime";
	case RVL_EVENT_SEQ_NEAR_END:
		return "sequence numbers near their end";
	case RVL_EVENT_SEQ_END:
		return "sequence numbers used up";
	case RVL_EVENT_QUEUE_ERROR:
		return "queue stopped";
	case RVL_EVENT_SA_ERROR:
		return "memory error in an SA";
	case RVL_EVENT_FATAL:
		return "device stopped";
	case RVL_EVENT_LINK:
		return "link";
	case RVL_EVENT_MOVED:
		return "another source of packets";
	default:
		return NULL;
	}
}

/* 1: taken over; 0: of a type that isn't ours to judge; or the device is dead. */
static int check(struct rvl_dev *dev, const struct rvl_event *raw, struct rvl_dev_event *event)
{
	uint32_t limit;

	if (rvl_le32_to_cpu(raw->number) != dev->evt_number)
		return rvl_dev_kill(dev, "event number %u, expected %u",
				    rvl_le32_to_cpu(raw->number), dev->evt_number);
	if (!rvl_event_name(raw->type))
		return 0;
	if (raw->type == RVL_EVENT_FATAL)
		return rvl_dev_fatal(dev, (uint32_t)rvl_le64_to_cpu(raw->value));
	if (raw->source > 1)
		return rvl_dev_kill(dev, "event type %u with source %u", raw->type, raw->source);

	event->type = raw->type;
	event->source = raw->source;
	event->index = rvl_le24_to_cpu(raw->index);
	event->spi = rvl_le32_to_cpu(raw->spi);
	event->value = rvl_le64_to_cpu(raw->value);
	event->cycles = rvl_le64_to_cpu(raw->cycles);
	if (raw->type == RVL_EVENT_LINK && event->value > 1)
		return rvl_dev_kill(dev, "event of a link with state %llu",
				    (unsigned long long)event->value);
	if (raw->type == RVL_EVENT_MOVED && (!event->source || event->value >> 48))
		return rvl_dev_kill(dev, "event of another source %u with value %llx", raw->source,
				    (unsigned long long)event->value);
	if (raw->type == RVL_EVENT_LINK)
		limit = 1;
	else if (raw->type == RVL_EVENT_QUEUE_ERROR)
		limit = dev->caps.queue_pairs;
	else
		limit = event->source ? dev->caps.inbound_sas : dev->caps.outbound_sas;
	if (event->index >= limit)
		return rvl_dev_kill(dev, "event type %u for index %u of %u", raw->type,
				    event->index, limit);
	return 1;
}

int rvl_dev_next_event(struct rvl_dev *dev, struct rvl_dev_event *event)
{
	uint8_t log2 = dev->options.event_ring_log2;
	const struct rvl_event *ring = dev->evt_ring.mem;
	unsigned int size = 1U << log2;
	unsigned int looked;
	int ret = rvl_dev_alive(dev);

	rvl_lock(&dev->evt_lock);
	/* A ring full of unknown types must not hold the caller for ever. */
	for (looked = 0; !ret && looked < size; looked++) {
		const struct rvl_event *entry = &ring[dev->evt_head & (size - 1)];
		struct rvl_event raw;

		if (!rvl_phase_is(rvl_read_once8(&entry->phase), dev->evt_head, log2))
			break;
		rvl_dma_rmb();
		memcpy(&raw, entry, sizeof(raw));
		ret = check(dev, &raw, event);
		if (ret >= 0) {
			dev->evt_head++;
			dev->evt_number++;
			rvl_os_write32(&dev->os, RVL_REG_EVT_HEAD, dev->evt_head);
		}
	}
	rvl_unlock(&dev->evt_lock);
	return ret;
}
