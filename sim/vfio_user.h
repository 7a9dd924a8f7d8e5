/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A vfio-user server: a PCI device served to one client at a time over a UNIX stream socket.
 *
 * The protocol is version 0.0 of QEMU's docs/interop/vfio-user.rst. All messages are handled in the
 * order in which they arrive. A message that the protocol does not allow is answered with an error;
 * one after which the stream can't be followed (length below the header's or above the maximum, a
 * reply that nobody asked for) ends the connection. When a client goes, its DMA maps and event file
 * descriptors go with it, the device is told (detach), and the next client may come.
 *
 * Memory is reached by the file descriptors that the client sends, mapped; a map without one is
 * accepted (QEMU sends such maps for ROM and for memory that isn't shared) but the device can't
 * reach it: the server never sends DMA_READ or DMA_WRITE, because a client may be unable to answer
 * while it waits for one of our replies.
 */
#ifndef RVL_SIM_VFIO_USER_H
#define RVL_SIM_VFIO_USER_H

#include <stdbool.h>
#include <stdint.h>

/* Regions and interrupts of a PCI device, numbered as in <linux/vfio.h>. */
#define RVL_VFIO_REGIONS 9
#define RVL_VFIO_REGION_CONFIG 7
#define RVL_VFIO_IRQS 5
#define RVL_VFIO_IRQ_MSIX 2

/*
 * The device. Functions return 0 or -errno, which becomes the error of the reply.
 *
 * attach         a client has agreed on a version
 * detach         the client is gone; its maps were removed and its interrupts disconnected before
 * region_read,   count is 1 or more and within the region; a write is complete for the client when
 * region_write   the function returns, and takes effect before any later access
 * dma_map        mem is NULL for a map that can't be reached; it stays valid until dma_unmap
 * dma_unmap      when it returns, the device does not touch the memory any more
 * irq_connect    on: vector raises interrupts by rvl_vfio_user_irq; off: it doesn't. Called also
 * for a vector that is on already, with a new event irq_enable     off: the client disabled the
 * interrupt as a whole; on: before the first irq_connect irq_mask       mask or unmask one vector
 * reset          a Function Level Reset; connected vectors stay so
 */
struct rvl_vfio_user_ops {
	int (*attach)(void *ctx);
	void (*detach)(void *ctx);
	int (*region_read)(void *ctx, unsigned region, uint64_t offset, void *data, uint32_t count);
	int (*region_write)(void *ctx, unsigned region, uint64_t offset, const void *data,
			    uint32_t count);
	int (*dma_map)(void *ctx, uint64_t bus, uint64_t size, void *mem, bool readable,
		       bool writable);
	void (*dma_unmap)(void *ctx, uint64_t bus, uint64_t size);
	int (*irq_enable)(void *ctx, bool on);
	int (*irq_connect)(void *ctx, unsigned vector, bool on);
	int (*irq_mask)(void *ctx, unsigned vector, bool masked);
	int (*reset)(void *ctx);
	void (*log)(void *ctx, const char *text); /* one line, without newline */
};

struct rvl_vfio_user_device {
	const struct rvl_vfio_user_ops *ops;
	void *ctx;
	uint64_t region_size[RVL_VFIO_REGIONS]; /* 0: there is none */
	unsigned vectors;			/* MSI-X */
};

struct rvl_vfio_user;

/*
 * Listen on path. A socket that nobody listens on is removed first. The device's ctx outlives the
 * server. Returns 0, or -errno with a sentence in err: -EADDRINUSE (somebody listens there),
 * -ENAMETOOLONG, -EEXIST (the path is something other than a socket), or what the system says.
 */
int rvl_vfio_user_create(struct rvl_vfio_user **server, const char *path,
			 const struct rvl_vfio_user_device *device, char *err, unsigned err_size);

/* Disconnect, close, remove the socket. NULL is allowed. */
void rvl_vfio_user_destroy(struct rvl_vfio_user *server);

/*
 * An epoll descriptor that is readable when rvl_vfio_user_work() has something to do; the server's.
 */
int rvl_vfio_user_fd(const struct rvl_vfio_user *server);

/*
 * Handle what is there, up to `limit` messages; never blocks on the socket. Returns the number of
 * messages handled, so that less than limit means that nothing more was there.
 */
unsigned rvl_vfio_user_work(struct rvl_vfio_user *server, unsigned limit);

/* Signal an MSI-X vector to the client. Returns whether an event was connected. */
bool rvl_vfio_user_irq(struct rvl_vfio_user *server, unsigned vector);

/* Whether a client is there. */
bool rvl_vfio_user_connected(const struct rvl_vfio_user *server);

#endif
