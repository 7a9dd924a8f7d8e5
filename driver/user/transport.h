/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a user-space driver reaches a PCI device: VFIO for a board, vfio-user for ravelsim. One
 * interface over both; numbers are those of <linux/vfio.h>.
 *
 * Functions return 0 or a negative errno value; -ENODEV once the device is gone, from then on at
 * once. All may be called from any thread, except close.
 */
#ifndef RVL_TRANSPORT_H
#define RVL_TRANSPORT_H

#include <stdint.h>

#include "rvl_dev.h"

struct rvl_transport;

/*
 * read, write  region: a BAR's number, or VFIO_PCI_CONFIG_REGION_INDEX. A write may be posted: it
 *              takes effect before any later access, its failure shows there.
 * dma_map      size octets of memory at mem, which are those of the file fd from fd_offset on,
 * become the device's at bus address `bus` set_irqs     MSI-X vector i signals the event descriptor
 * fds[i], for i below count; enables MSI-X reset        a Function Level Reset; mappings and
 * vectors stay service      look at what came unasked (the other side went away, for example);
 * never waits close        frees the transport
 */
struct rvl_transport_ops {
	int (*read)(struct rvl_transport *t, unsigned int region, uint64_t offset, void *data,
		    uint32_t len);
	int (*write)(struct rvl_transport *t, unsigned int region, uint64_t offset,
		     const void *data, uint32_t len);
	int (*dma_map)(struct rvl_transport *t, void *mem, int fd, uint64_t fd_offset, uint64_t bus,
		       uint64_t size);
	int (*dma_unmap)(struct rvl_transport *t, uint64_t bus, uint64_t size);
	int (*set_irqs)(struct rvl_transport *t, const int *fds, unsigned int count);
	int (*reset)(struct rvl_transport *t);
	int (*service)(struct rvl_transport *t);
	void (*close)(struct rvl_transport *t);
};

struct rvl_transport {
	const struct rvl_transport_ops *ops;
	volatile uint32_t *bar0; /* mapped, or NULL: read and write are to be used */
	unsigned int vectors;	 /* MSI-X vectors */
	int poll_fd;		 /* readable: call service; -1: nothing ever comes */
};

/* address: "DDDD:BB:DD.F", bound to vfio-pci. */
int rvl_vfio_open(const char *address, struct rvl_transport **transport, struct rvl_dev_error *err);

/* path: of the server's socket; timeout_ms bounds the wait for each of its replies. */
int rvl_vfio_user_open(const char *path, uint32_t timeout_ms, struct rvl_transport **transport,
		       struct rvl_dev_error *err);

#endif
