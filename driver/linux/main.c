// SPDX-License-Identifier: GPL-2.0
/*
 * PCI probe and remove, and the life of the device in between.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/module.h>

#include "ravelin.h"

#define DEFAULT_RING_LOG2 8
#define RESET_TIMEOUT_MS 3000
#define RESET_TRIES 3

/* ------------------------------------------------------------------------------- the data path */

static void close_queues(struct rvl_nic *nic, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		rvl_nic_queue_quiesce(&nic->queues[i]);
	/*
	 * A poll that was complete may still be about to arm its ring or start its timer, and
	 * transmit queues may have been woken by the last polls.
	 */
	synchronize_net();
	netif_tx_disable(nic->netdev);
	for (i = 0; i < n; i++)
		rvl_nic_queue_close(&nic->queues[i]);
}

int rvl_nic_start(struct rvl_nic *nic, struct rvl_dev_error *err)
{
	unsigned int i;
	int ret;

	lockdep_assert_held(&nic->lock);
	for (i = 0; i < nic->num_queues; i++) {
		ret = rvl_nic_queue_open(&nic->queues[i], err);
		if (ret)
			goto close;
	}
	ret = rvl_dev_set_rx_queues(nic->dev, nic->rx_queues);
	if (!ret)
		ret = rvl_dev_enable(nic->dev, true);
	if (ret) {
		rvl_fail(err, ret, "the data path can't be enabled: error %d", ret);
		goto close;
	}
	WRITE_ONCE(nic->started, true);
	/* Frames that met a stopped queue wait in the stack until it is told to look again. */
	netif_tx_wake_all_queues(nic->netdev);
	rvl_nic_follow_link(nic);
	/* It may have failed while we were at it. */
	if (READ_ONCE(nic->state) != RVL_NIC_UP) {
		netif_carrier_off(nic->netdev);
		netif_tx_stop_all_queues(nic->netdev);
	}
	return 0;

close:
	close_queues(nic, i);
	return ret;
}

void rvl_nic_follow_link(struct rvl_nic *nic)
{
	bool up;

	lockdep_assert_held(&nic->lock);
	/* A device that can't say is given up by who finds it dead. */
	if (!nic->started || READ_ONCE(nic->state) == RVL_NIC_FAILED ||
	    rvl_dev_link(nic->dev, &up) || up == netif_carrier_ok(nic->netdev))
		return;
	netdev_info(nic->netdev, "link is %s\n", up ? "up" : "down");
	if (up)
		netif_carrier_on(nic->netdev);
	else
		netif_carrier_off(nic->netdev);
	/* It may have failed while we were at it. */
	if (READ_ONCE(nic->state) == RVL_NIC_FAILED)
		netif_carrier_off(nic->netdev);
}

void rvl_nic_stop(struct rvl_nic *nic)
{
	lockdep_assert_held(&nic->lock);
	if (!nic->started)
		return;
	WRITE_ONCE(nic->started, false);
	/* Frames wait in the stack if this is followed by a start; else the caller says no carrier.
	 */
	netif_tx_disable(nic->netdev);
	rvl_dev_enable(nic->dev, false);
	close_queues(nic, nic->num_queues);
}

/* ---------------------------------------------------------------------------------- the device */

static void set_state(struct rvl_nic *nic, enum rvl_nic_state state)
{
	unsigned long flags;

	spin_lock_irqsave(&nic->state_lock, flags);
	WRITE_ONCE(nic->state, state);
	spin_unlock_irqrestore(&nic->state_lock, flags);
}

/* The first time: what there is. Later: is it still the same? */
static int check_caps(struct rvl_nic *nic, struct rvl_dev_error *err)
{
	const struct rvl_dev_caps *caps = rvl_dev_caps(nic->dev);

	if (!nic->caps.queue_pairs) {
		memcpy(&nic->caps, caps, sizeof(*caps));
		return 0;
	}
	if (!memcmp(&nic->caps, caps, sizeof(*caps)))
		return 0;
	return rvl_fail(err, -ENODEV, "the device came back with other capabilities");
}

int rvl_nic_up(struct rvl_nic *nic, struct rvl_dev_error *err)
{
	const struct rvl_dev_options options = {
		.control_vector = nic->vectors - 1,
		.command_timeout_ms = nic->command_timeout_ms,
		.reset_timeout_ms = RESET_TIMEOUT_MS,
	};
	int ret;

	lockdep_assert_held(&nic->lock);
	WRITE_ONCE(nic->away, false);
	ret = rvl_dev_open(&nic->os, &options, &nic->dev, err);
	if (ret)
		return ret;
	/* Not before its reset: rings of a kernel that crashed may still be in it. */
	pci_set_master(nic->pdev);
	ret = check_caps(nic, err);
	if (ret)
		goto close;
	set_state(nic, RVL_NIC_UP);
	if (nic->ipsec)
		ret = rvl_ipsec_device_up(nic, err);
	if (ret)
		goto close;
	if (nic->running)
		ret = rvl_nic_start(nic, err);
	if (ret)
		goto forget_ipsec;
	return 0;

forget_ipsec:
	if (nic->ipsec)
		rvl_ipsec_device_down(nic);
close:
	rvl_nic_down(nic, true);
	return ret;
}

void rvl_nic_down(struct rvl_nic *nic, bool touch)
{
	unsigned int i;

	lockdep_assert_held(&nic->lock);
	if (nic->netdev)
		netif_carrier_off(nic->netdev);
	if (nic->dev) {
		WRITE_ONCE(nic->away, !touch);
		rvl_nic_stop(nic);
		if (nic->ipsec)
			rvl_ipsec_device_down(nic);
		/* What was on its way has ended. */
		rvl_nic_keep_counters(nic);
		rvl_dev_close(nic->dev);
		nic->dev = NULL;
	}
	for (i = 0; nic->queues && i < nic->max_queues; i++)
		rvl_nic_queue_release(&nic->queues[i]);
	set_state(nic, RVL_NIC_DOWN);
}

void rvl_nic_fail(struct rvl_nic *nic, const char *why)
{
	unsigned long flags;
	bool first;

	spin_lock_irqsave(&nic->state_lock, flags);
	first = nic->state != RVL_NIC_FAILED && !nic->removing;
	if (first) {
		WRITE_ONCE(nic->state, RVL_NIC_FAILED);
		strscpy(nic->failure, why, sizeof(nic->failure));
		nic->failures++;
	}
	spin_unlock_irqrestore(&nic->state_lock, flags);
	if (!first)
		return;

	netdev_err(nic->netdev, "stopped: %s\n", why);
	netif_carrier_off(nic->netdev);
	netif_tx_stop_all_queues(nic->netdev);
	queue_work(nic->workqueue, &nic->reset_work);
}

/* One try; true: no other is to follow. */
static bool reset_once(struct rvl_nic *nic, int *ret, struct rvl_dev_error *err)
{
	bool over = false;

	mutex_lock(&nic->lock);
	if (nic->removing) {
		*ret = rvl_fail(err, -ENODEV, "the device is being removed");
		over = true;
	} else if (!netif_device_present(nic->netdev) || pci_channel_offline(nic->pdev)) {
		/* Whoever resets or suspends it at this moment says when that is through. */
		rvl_nic_down(nic, false);
		*ret = rvl_fail(err, -EBUSY, "PCI has the device");
		over = true;
	} else {
		rvl_nic_down(nic, true);
		*ret = rvl_nic_up(nic, err);
	}
	if (!*ret) {
		nic->resets++;
		over = true;
	}
	mutex_unlock(&nic->lock);
	return over;
}

/* 0.8 s, then 6.4 s, but not while someone waits for us to end. */
static void back_off(const struct rvl_nic *nic, unsigned int tries)
{
	unsigned int n;

	for (n = 0; n < 1U << (3 * tries) && !READ_ONCE(nic->removing); n++)
		msleep(100);
}

int rvl_nic_reset(struct rvl_nic *nic, const char *why, struct rvl_dev_error *err)
{
	struct rvl_dev_error text = {};
	unsigned int tries;
	int ret;

	for (tries = 1; !reset_once(nic, &ret, &text) && tries < RESET_TRIES; tries++) {
		netdev_warn(nic->netdev, "reset, try %u of %u: %s\n", tries, RESET_TRIES,
			    text.text);
		back_off(nic, tries);
	}
	if (ret) {
		netdev_err(nic->netdev, "given up after \"%s\": %s\n", why, text.text);
		if (err)
			*err = text;
	} else {
		netdev_info(nic->netdev, "reset after \"%s\"; IPsec SAs are lost\n", why);
	}
	if (nic->ipsec)
		rvl_ipsec_expire_lost(nic);
	return ret;
}

static void reset_work(struct work_struct *work)
{
	struct rvl_nic *nic = container_of(work, struct rvl_nic, reset_work);
	const char *dead = NULL;
	struct rvl_dev_error err;
	char why[sizeof(nic->failure)];
	bool left = false;
	u64 failures;

	mutex_lock(&nic->lock);
	if (nic->dev)
		dead = rvl_dev_dead(nic->dev);
	spin_lock_irq(&nic->state_lock);
	/* By now the core has said in full what it could not when it happened. */
	if (dead && nic->state == RVL_NIC_FAILED)
		strscpy(nic->failure, dead, sizeof(nic->failure));
	memcpy(why, nic->failure, sizeof(why));
	failures = nic->failures;
	spin_unlock_irq(&nic->state_lock);
	mutex_unlock(&nic->lock);

	if (READ_ONCE(nic->state) != RVL_NIC_FAILED)
		return;
	if (!rvl_devlink_report_failure(nic, why)) {
		rvl_nic_reset(nic, why, &err);
		return;
	}
	/* Devlink's user or its grace period said no: keys don't stay in a device that failed. */
	mutex_lock(&nic->lock);
	if (nic->state == RVL_NIC_FAILED && nic->failures == failures) {
		rvl_nic_down(nic, true);
		left = true;
	}
	mutex_unlock(&nic->lock);
	if (!left)
		return;
	netdev_err(nic->netdev, "stays down until devlink health recovers it\n");
	if (nic->ipsec)
		rvl_ipsec_expire_lost(nic);
}

/* --------------------------------------------------------------------------- probe and remove */

static int map_device(struct rvl_nic *nic)
{
	struct pci_dev *pdev = nic->pdev;
	int ret = pci_enable_device_mem(pdev);

	if (ret)
		return dev_err_probe(&pdev->dev, ret, "can't be enabled\n");
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret) {
		dev_err(&pdev->dev, "no 64-bit DMA\n");
		goto disable;
	}
	ret = pci_request_mem_regions(pdev, KBUILD_MODNAME);
	if (ret) {
		dev_err(&pdev->dev, "its memory regions are in use\n");
		goto disable;
	}
	if (pci_resource_len(pdev, 0) < RVL_BAR0_SIZE) {
		ret = -ENODEV;
		dev_err(&pdev->dev, "BAR0 has %llu octets, not %u\n",
			(unsigned long long)pci_resource_len(pdev, 0), RVL_BAR0_SIZE);
		goto release;
	}
	nic->regs = pci_iomap(pdev, 0, RVL_BAR0_SIZE);
	if (!nic->regs) {
		ret = -ENOMEM;
		dev_err(&pdev->dev, "BAR0 can't be mapped\n");
		goto release;
	}
	return 0;

release:
	pci_release_mem_regions(pdev);
disable:
	pci_disable_device(pdev);
	return ret;
}

static void unmap_device(struct rvl_nic *nic)
{
	pci_iounmap(nic->pdev, nic->regs);
	pci_release_mem_regions(nic->pdev);
	pci_disable_device(nic->pdev);
}

/* One vector a queue pair and one for the rest; with fewer, there are fewer queues. */
static int get_vectors(struct rvl_nic *nic)
{
	int ret = pci_msix_vec_count(nic->pdev);

	if (ret > 0)
		ret = pci_alloc_irq_vectors(nic->pdev, 2, min_t(int, ret, RVL_QP_MAX + 1),
					    PCI_IRQ_MSIX);
	if (ret < 2)
		return dev_err_probe(&nic->pdev->dev, ret < 0 ? ret : -ENOSPC,
				     "needs two MSI-X vectors\n");
	nic->vectors = ret;
	return 0;
}

static int make_netdev(struct rvl_nic *nic)
{
	struct net_device *netdev;
	int ret;

	nic->max_queues = min_t(unsigned int, nic->caps.queue_pairs, nic->vectors - 1);
	nic->num_queues = min_t(unsigned int, nic->max_queues, netif_get_num_default_rss_queues());
	nic->rx_queues = nic->num_queues;
	nic->tx_log2 = min_t(u8, DEFAULT_RING_LOG2, rvl_nic_ring_log2_max(nic, false));
	nic->rx_log2 = min_t(u8, DEFAULT_RING_LOG2, rvl_nic_ring_log2_max(nic, true));

	netdev = alloc_etherdev_mqs(sizeof(nic), nic->max_queues, nic->max_queues);
	if (!netdev)
		return -ENOMEM;
	*(struct rvl_nic **)netdev_priv(netdev) = nic;
	SET_NETDEV_DEV(netdev, &nic->pdev->dev);
	nic->netdev = netdev;

	ret = rvl_nic_queues_alloc(nic);
	if (ret)
		goto free;
	rvl_netdev_init(nic);
	ret = netif_set_real_num_tx_queues(netdev, nic->num_queues);
	if (!ret)
		ret = netif_set_real_num_rx_queues(netdev, nic->num_queues);
	if (ret)
		goto free_queues;
	return 0;

free_queues:
	rvl_nic_queues_free(nic);
free:
	free_netdev(netdev);
	nic->netdev = NULL;
	return ret;
}

static void free_nic_netdev(struct rvl_nic *nic)
{
	rvl_nic_queues_free(nic);
	free_netdev(nic->netdev);
	nic->netdev = NULL; /* a probe that failed takes the device down after this */
}

static void init_nic(struct rvl_nic *nic, struct pci_dev *pdev)
{
	nic->pdev = pdev;
	mutex_init(&nic->lock);
	spin_lock_init(&nic->state_lock);
	spin_lock_init(&nic->counters_lock);
	INIT_WORK(&nic->reset_work, reset_work);
	rvl_os_init(nic);
}

static void nic_down(struct rvl_nic *nic)
{
	mutex_lock(&nic->lock);
	rvl_nic_down(nic, !nic->away);
	mutex_unlock(&nic->lock);
}

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct rvl_dev_error err = {};
	struct rvl_nic *nic;
	int ret;

	nic = rvl_devlink_alloc(pdev);
	if (!nic)
		return -ENOMEM;
	init_nic(nic, pdev);
	pci_set_drvdata(pdev, nic);

	ret = map_device(nic);
	if (ret)
		goto free_nic;
	ret = get_vectors(nic);
	if (ret)
		goto unmap;
	nic->workqueue = alloc_ordered_workqueue("ravelin-%s", 0, pci_name(pdev));
	if (!nic->workqueue) {
		ret = -ENOMEM;
		goto free_vectors;
	}
	mutex_lock(&nic->lock);
	ret = rvl_nic_up(nic, &err);
	mutex_unlock(&nic->lock);
	if (ret) {
		dev_err_probe(&pdev->dev, ret, "%s\n", err.text);
		goto free_workqueue;
	}
	ret = make_netdev(nic);
	if (ret)
		goto down;
	ret = rvl_ipsec_init(nic);
	if (ret)
		goto free_netdev;
	ret = rvl_devlink_init(nic);
	if (ret)
		goto exit_ipsec;
	ret = rvl_control_start(nic);
	if (ret)
		goto exit_devlink;
	ret = register_netdev(nic->netdev);
	if (ret)
		goto stop_control;
	pci_save_state(pdev);
	rvl_devlink_register(nic);
	return 0;

stop_control:
	nic->removing = true;
	rvl_control_stop(nic);
	cancel_work_sync(&nic->reset_work);
exit_devlink:
	rvl_devlink_exit(nic);
exit_ipsec:
	rvl_ipsec_exit(nic);
free_netdev:
	free_nic_netdev(nic);
down:
	nic_down(nic);
free_workqueue:
	destroy_workqueue(nic->workqueue);
free_vectors:
	pci_free_irq_vectors(pdev);
unmap:
	unmap_device(nic);
free_nic:
	rvl_devlink_free(nic);
	return ret;
}

static void remove(struct pci_dev *pdev)
{
	struct rvl_nic *nic = pci_get_drvdata(pdev);

	rvl_devlink_unregister(nic);
	/* Unplugged: nothing is to wait for it. */
	if (!pci_device_is_present(pdev))
		WRITE_ONCE(nic->away, true);
	unregister_netdev(nic->netdev);

	/* From here on nobody brings a failed device back. */
	spin_lock_irq(&nic->state_lock);
	nic->removing = true;
	spin_unlock_irq(&nic->state_lock);
	rvl_control_stop(nic);
	cancel_work_sync(&nic->reset_work);

	rvl_devlink_exit(nic);
	nic_down(nic);
	rvl_ipsec_exit(nic);
	free_nic_netdev(nic);
	destroy_workqueue(nic->workqueue);
	pci_free_irq_vectors(pdev);
	unmap_device(nic);
	rvl_devlink_free(nic);
}

static const struct pci_device_id ids[] = {
	{PCI_DEVICE(RVL_VENDOR_ID, RVL_DEVICE_ID)},
	{},
};
MODULE_DEVICE_TABLE(pci, ids);

static struct pci_driver ravelin_driver = {
	.name = KBUILD_MODNAME,
	.id_table = ids,
	.probe = probe,
	.remove = remove,
	.shutdown = rvl_shutdown,
	.err_handler = &rvl_error_handlers,
	.driver.pm = pm_sleep_ptr(&rvl_pm_ops),
};
module_pci_driver(ravelin_driver);

MODULE_DESCRIPTION("Ravelin NIC with IPsec packet offload");
MODULE_LICENSE("GPL");
MODULE_VERSION(RVL_DRIVER_VERSION);
