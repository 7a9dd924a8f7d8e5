// SPDX-License-Identifier: GPL-2.0
/*
 * Off the data path: events of the device, and a look at it every second.
 */
#include <linux/interrupt.h>

#include "ravelin.h"

#define WATCH_INTERVAL HZ
#define WATCH_AGAIN (HZ / 10)
#define EVENTS_AT_ONCE 64

static void queue_error(struct rvl_nic *nic, const struct rvl_dev_event *event)
{
	char why[80];

	snprintf(why, sizeof(why), "%s queue %u stopped: a descriptor could not be read",
		 event->source ? "receive" : "transmit", event->index);
	rvl_nic_fail(nic, why);
}

/* 1: there was one, and perhaps more; 0: none. */
static int next_event(struct rvl_nic *nic, struct rvl_dev_event *event)
{
	int ret = 0;

	mutex_lock(&nic->lock);
	if (nic->state == RVL_NIC_UP) {
		ret = rvl_dev_next_event(nic->dev, event);
		if (ret < 0)
			rvl_nic_fail(nic, rvl_dev_dead(nic->dev));
	}
	mutex_unlock(&nic->lock);
	return ret > 0;
}

static void link_changed(struct rvl_nic *nic)
{
	mutex_lock(&nic->lock);
	if (nic->state == RVL_NIC_UP)
		rvl_nic_follow_link(nic);
	mutex_unlock(&nic->lock);
}

/* Events are handled without the lock: they lead to xfrm, which has locks of its own. */
static void take_events(struct rvl_nic *nic)
{
	struct rvl_dev_event event;
	unsigned int n;

	for (n = 0; next_event(nic, &event); n++) {
		rvl_devlink_note_event(nic, &event);
		if (event.type == RVL_EVENT_QUEUE_ERROR)
			queue_error(nic, &event);
		else if (event.type == RVL_EVENT_LINK)
			link_changed(nic);
		else if (nic->ipsec)
			rvl_ipsec_event(nic, &event);
		if (n == EVENTS_AT_ONCE) {
			queue_work(nic->workqueue, &nic->event_work);
			return;
		}
	}
}

static void event_work(struct work_struct *work)
{
	take_events(container_of(work, struct rvl_nic, event_work));
}

/* Interrupts that got lost, and counters for those who can't wait for the device. */
static bool watch_queues(struct rvl_nic *nic)
{
	u64 counters[RVL_CNT_NUM];
	bool again = false;
	unsigned int i;

	if (!nic->started)
		return false;
	for (i = 0; i < nic->num_queues; i++)
		again |= rvl_nic_queue_watch(&nic->queues[i]);
	rvl_nic_counters(nic, counters);
	return again;
}

static void watchdog(struct work_struct *work)
{
	struct rvl_nic *nic = container_of(to_delayed_work(work), struct rvl_nic, watchdog);
	unsigned long interval = WATCH_INTERVAL;

	mutex_lock(&nic->lock);
	if (nic->state == RVL_NIC_UP) {
		if (rvl_dev_check(nic->dev))
			rvl_nic_fail(nic, rvl_dev_dead(nic->dev));
		else if (watch_queues(nic))
			interval = WATCH_AGAIN;
		/* The event may have been lost. */
		rvl_nic_follow_link(nic);
		if (nic->ipsec)
			rvl_ipsec_refresh(nic);
	}
	mutex_unlock(&nic->lock);
	/* The control interrupt may be lost as well. */
	take_events(nic);
	queue_delayed_work(nic->workqueue, &nic->watchdog, interval);
}

/* Commands are waited for by those who gave them; all that is left are events. */
static irqreturn_t interrupt(int irq, void *data)
{
	struct rvl_nic *nic = data;

	atomic_inc(&nic->control_irqs);
	queue_work(nic->workqueue, &nic->event_work);
	return IRQ_HANDLED;
}

int rvl_control_start(struct rvl_nic *nic)
{
	int irq = pci_irq_vector(nic->pdev, nic->vectors - 1);
	int ret;

	INIT_WORK(&nic->event_work, event_work);
	INIT_DELAYED_WORK(&nic->watchdog, watchdog);
	snprintf(nic->control_irq_name, sizeof(nic->control_irq_name), "ravelin-%s-control",
		 pci_name(nic->pdev));
	ret = request_irq(irq, interrupt, 0, nic->control_irq_name, nic);
	if (!ret)
		queue_delayed_work(nic->workqueue, &nic->watchdog, WATCH_INTERVAL);
	return ret;
}

void rvl_control_stop(struct rvl_nic *nic)
{
	free_irq(pci_irq_vector(nic->pdev, nic->vectors - 1), nic);
	cancel_delayed_work_sync(&nic->watchdog);
	cancel_work_sync(&nic->event_work);
}
