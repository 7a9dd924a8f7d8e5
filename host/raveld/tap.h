/* SPDX-License-Identifier: BSD-2-Clause */
/* The netdev that the host's stack sees: a TAP interface. */
#ifndef RVL_RAVELD_TAP_H
#define RVL_RAVELD_TAP_H

#include <stdint.h>

struct tap_error {
	char text[256];
};

/*
 * Make the interface, with this MAC address and MTU, set up, and with so many queues: fds are their
 * descriptors, non-blocking. 0, or -errno with *error set. It goes away with them. Frames have a
 * struct virtio_net_hdr before them, both ways: the stack leaves checksums and TCP's segmentation
 * to who reads them.
 */
int tap_open(const char *name, const uint8_t mac[6], unsigned int mtu, unsigned int queues,
	     int *fds, struct tap_error *error);

/* Give it another MTU. 0 or -errno. */
int tap_set_mtu(const char *name, unsigned int mtu);

#endif
