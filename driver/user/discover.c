/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding NICs with libpci.
 */
#include <pci/pci.h>
#include <setjmp.h>
#include <unistd.h>

#include "rvl_user.h"

/*
 * libpci reports what it can't go on after by calling pci_access.error, which must not return. It
 * hands over no context, hence one per thread.
 */
static _Thread_local struct {
	jmp_buf escape;
	char text[160];
} failure;

static void __attribute__((noreturn, format(printf, 1, 2))) on_error(char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(failure.text, sizeof(failure.text), fmt, args);
	va_end(args);
	longjmp(failure.escape, 1);
}

static void __attribute__((format(printf, 1, 2))) ignore(char *fmt, ...)
{
	(void)fmt;
}

/* The kernel driver bound to the device, by its link in sysfs. */
static void read_driver(struct rvl_found *f)
{
	char path[80];
	char target[256];
	const char *name;
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", f->address);
	len = readlink(path, target, sizeof(target) - 1);
	if (len <= 0)
		return;
	target[len] = 0;
	name = strrchr(target, '/');
	snprintf(f->driver, sizeof(f->driver), "%.31s", name ? name + 1 : target);
}

static void fill(struct rvl_found *f, struct pci_dev *p, bool here)
{
	memset(f, 0, sizeof(*f));
	snprintf(f->address, sizeof(f->address), "%04x:%02x:%02x.%u",
		 (unsigned int)p->domain & 0xffff, p->bus, p->dev, p->func & 7U);
	f->revision = pci_read_byte(p, PCI_REVISION_ID);
	f->subsystem_vendor_id = pci_read_word(p, PCI_SUBSYSTEM_VENDOR_ID);
	f->subsystem_id = pci_read_word(p, PCI_SUBSYSTEM_ID);
	f->bar0 = p->base_addr[0] & ~(pciaddr_t)0xf;
	f->bar2 = p->base_addr[2] & ~(pciaddr_t)0xf;
	if (here)
		read_driver(f);
}

static int scan(struct pci_access *access, struct rvl_found *found, size_t max, bool here)
{
	struct pci_dev *p;
	int count = 0;

	pci_scan_bus(access);
	for (p = access->devices; p; p = p->next) {
		pci_fill_info(p, PCI_FILL_IDENT | PCI_FILL_BASES);
		if (p->vendor_id != RVL_VENDOR_ID || p->device_id != RVL_DEVICE_ID)
			continue;
		if ((size_t)count < max)
			fill(&found[count], p, here);
		count++;
	}
	return count;
}

int rvl_user_discover(const char *dump, struct rvl_found *found, size_t max,
		      struct rvl_dev_error *err)
{
	struct pci_access *access = pci_alloc();
	int ret;

	access->error = on_error;
	access->warning = ignore;
	access->debug = ignore;
	if (setjmp(failure.escape)) {
		ret = rvl_fail(err, dump ? -EINVAL : -ENODEV, "%s: %s", dump ? dump : "PCI bus",
			       failure.text);
	} else {
		access->method = dump ? PCI_ACCESS_DUMP : PCI_ACCESS_SYS_BUS_PCI;
		if (dump)
			pci_set_param(access, "dump.name", (char *)dump);
		pci_init(access);
		ret = scan(access, found, max, !dump);
	}
	pci_cleanup(access);
	return ret;
}
