// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "driver/user/rvl_user.h"
#include "host/raveld/devices.h"

#define DEVICES_MAX 64

int devices_print(const char *dump)
{
	struct rvl_found found[DEVICES_MAX];
	struct rvl_dev_error error = {""};
	int n = rvl_user_discover(dump, found, DEVICES_MAX, &error);

	if (n < 0) {
		fprintf(stderr, "raveld: %s\n", error.text);
		return n;
	}
	if (n == 0) {
		fprintf(stderr, "raveld: no Ravelin NIC (PCI ID %04x:%04x) %s%s\n", RVL_VENDOR_ID,
			RVL_DEVICE_ID, dump ? "in " : "on this machine", dump ? dump : "");
		return -ENODEV;
	}
	for (int i = 0; i < n && i < DEVICES_MAX; i++)
		printf("pci:%s  %04x:%04x revision %02x  BAR0 %#" PRIx64 " BAR2 %#" PRIx64
		       "  driver %s\n",
		       found[i].address, RVL_VENDOR_ID, RVL_DEVICE_ID, found[i].revision,
		       found[i].bar0, found[i].bar2, found[i].driver[0] ? found[i].driver : "none");
	if (n > DEVICES_MAX)
		fprintf(stderr, "raveld: %d more are not shown\n", n - DEVICES_MAX);
	return 0;
}
