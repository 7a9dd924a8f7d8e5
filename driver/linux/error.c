// SPDX-License-Identifier: GPL-2.0
/*
 * The device goes away and comes back: PCI errors, function level reset, suspend, shutdown.
 *
 * Whatever the way, the keys are gone afterwards and an SA is never written a second time; ipsec.c
 * keeps what a policy protects from leaving, and tells userland of the states that were lost.
 *
 * All of these callbacks run in a process, with the device lock of the driver core held.
 */
#include <linux/rtnetlink.h>

#include "ravelin.h"

static void detach_netdev(struct rvl_nic *nic)
{
	rtnl_lock();
	netif_device_detach(nic->netdev);
	rtnl_unlock();
}

void rvl_nic_detach(struct rvl_nic *nic, bool touch)
{
	detach_netdev(nic);
	mutex_lock(&nic->lock);
	rvl_nic_down(nic, touch);
	mutex_unlock(&nic->lock);
}

int rvl_nic_attach(struct rvl_nic *nic, struct rvl_dev_error *err)
{
	int ret = 0;

	mutex_lock(&nic->lock);
	/* A reset that was under way may have brought it back already. */
	if (!nic->dev) {
		ret = rvl_nic_up(nic, err);
		if (!ret)
			nic->resets++;
	}
	mutex_unlock(&nic->lock);

	/* Also a device that failed has a netdev, without carrier: ethtool and devlink see it. */
	rtnl_lock();
	netif_device_attach(nic->netdev);
	rtnl_unlock();
	if (ret)
		rvl_nic_fail(nic, err->text);
	if (nic->ipsec)
		rvl_ipsec_expire_lost(nic);
	return ret;
}

/* A device that works is asked to erase its keys; one that doesn't is not waited for. */
static bool obeys(struct rvl_nic *nic)
{
	return READ_ONCE(nic->state) == RVL_NIC_UP && pci_device_is_present(nic->pdev);
}

/* Attach after the PCI core is done; whether it worked is told to the log and to devlink. */
static void come_back(struct rvl_nic *nic)
{
	struct rvl_dev_error err;

	if (rvl_nic_attach(nic, &err))
		netdev_err(nic->netdev, "did not come back: %s\n", err.text);
	else
		rvl_devlink_report_recovered(nic);
}

/* ---------------------------------------------------------------------------- error recovery */

static pci_ers_result_t error_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	struct rvl_nic *nic = pci_get_drvdata(pdev);

	switch (state) {
	case pci_channel_io_normal:
		/* One transaction was lost; mmio_enabled asks whether the device is well. */
		nic->pcie.nonfatal++;
		return PCI_ERS_RESULT_CAN_RECOVER;
	case pci_channel_io_frozen:
		nic->pcie.fatal++;
		rvl_nic_detach(nic, false);
		return PCI_ERS_RESULT_NEED_RESET;
	default:
		netdev_err(nic->netdev, "given up by the PCI core\n");
		rvl_nic_detach(nic, false);
		if (nic->ipsec)
			rvl_ipsec_expire_lost(nic);
		return PCI_ERS_RESULT_DISCONNECT;
	}
}

/*
 * After an error that was not fatal. The device drops the frame whose read failed, and counts it;
 * a command or a descriptor that could not be read stops its ring. Here only registers may be asked
 * (Documentation/PCI/pci-error-recovery.rst), and a command needs DMA.
 */
static pci_ers_result_t mmio_enabled(struct pci_dev *pdev)
{
	struct rvl_nic *nic = pci_get_drvdata(pdev);
	bool works;

	mutex_lock(&nic->lock);
	works = nic->state == RVL_NIC_UP && !rvl_dev_check(nic->dev);
	mutex_unlock(&nic->lock);
	if (works)
		return PCI_ERS_RESULT_RECOVERED;
	rvl_nic_detach(nic, true);
	return PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t slot_reset(struct pci_dev *pdev)
{
	pci_restore_state(pdev);
	pci_save_state(pdev);
	pci_set_master(pdev);
	return pci_device_is_present(pdev) ? PCI_ERS_RESULT_RECOVERED : PCI_ERS_RESULT_DISCONNECT;
}

static void resume_traffic(struct pci_dev *pdev)
{
	struct rvl_nic *nic = pci_get_drvdata(pdev);

	struct rvl_dev_error err;

	if (READ_ONCE(nic->state) == RVL_NIC_DOWN || !netif_device_present(nic->netdev)) {
		come_back(nic);
		return;
	}
	mutex_lock(&nic->lock);
	if (nic->state == RVL_NIC_UP && rvl_dev_nop(nic->dev, &err))
		rvl_nic_fail(nic, err.text);
	mutex_unlock(&nic->lock);
}

#ifdef HAVE_PCI_COR_ERROR_DETECTED
static void cor_error_detected(struct pci_dev *pdev)
{
	struct rvl_nic *nic = pci_get_drvdata(pdev);

	nic->pcie.correctable++;
}
#endif

/* ----------------------------------------------------------------------- function level reset */

static void reset_prepare(struct pci_dev *pdev)
{
	struct rvl_nic *nic = pci_get_drvdata(pdev);

	rvl_nic_detach(nic, obeys(nic));
}

static void reset_done(struct pci_dev *pdev)
{
	struct rvl_nic *nic = pci_get_drvdata(pdev);

	nic->pcie.function_resets++;
	come_back(nic);
}

const struct pci_error_handlers rvl_error_handlers = {
	.error_detected = error_detected,
	.mmio_enabled = mmio_enabled,
	.slot_reset = slot_reset,
	.resume = resume_traffic,
	.reset_prepare = reset_prepare,
	.reset_done = reset_done,
#ifdef HAVE_PCI_COR_ERROR_DETECTED
	.cor_error_detected = cor_error_detected,
#endif
};

/* ------------------------------------------------------------------------------ power, kexec */

static int suspend(struct device *device)
{
	struct rvl_nic *nic = dev_get_drvdata(device);

	rvl_nic_detach(nic, obeys(nic));
	return 0;
}

static int resume(struct device *device)
{
	come_back(dev_get_drvdata(device));
	return 0;
}

DEFINE_SIMPLE_DEV_PM_OPS(rvl_pm_ops, suspend, resume);

/* Power off, or another kernel takes over: that one finds no key and a device that is silent. */
void rvl_shutdown(struct pci_dev *pdev)
{
	struct rvl_nic *nic = pci_get_drvdata(pdev);

	rvl_nic_detach(nic, obeys(nic));
	pci_clear_master(pdev);
}
