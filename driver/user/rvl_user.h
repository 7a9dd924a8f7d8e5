/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A Ravelin NIC from user space: find it, attach to it, and give the driver core (rvl_dev.h) its
 * surroundings.
 *
 *	rvl_user_open("vfio-user:/run/nic.sock", NULL, &user, &err);
 *	rvl_dev_open(rvl_user_os(user), NULL, &dev, &err);
 *	rvl_frame_queue_create(rvl_user_os(user), dev, 0, &options, &queue, &err);
 *	rvl_dev_enable(dev, true);
 *	...
 *	rvl_frame_queue_destroy(queue);
 *	rvl_dev_close(dev);
 *	rvl_user_close(user);
 *
 * Everything but open and close may be called from any thread.
 */
#ifndef RVL_USER_H
#define RVL_USER_H

#include <stddef.h>

#include "rvl_dev.h"

struct rvl_user;

/* Zero members take the defaults named here. */
struct rvl_user_options {
	size_t dma_size;	   /* memory for rings and buffers, octets: 64 MiB */
	uint32_t reply_timeout_ms; /* vfio-user: for each reply of the server: 5,000 */
	void (*log)(void *ctx, enum rvl_log_level level, const char *text); /* none */
	void *log_ctx;
};

/*
 * Attach to the device at address:
 *	vfio-user:PATH		the socket of ravelsim
 *	pci:DDDD:BB:DD.F	a board, bound to vfio-pci (docs/driver-user.md)
 *
 * Maps the DMA memory, connects the interrupts, sets bus master. -EINVAL: no such form of address;
 * -ENODEV: it isn't a Ravelin, or went away; -ETIMEDOUT: no answer in time; others as the system
 * says. err (may be NULL) takes the reason in words.
 */
int rvl_user_open(const char *address, const struct rvl_user_options *options,
		  struct rvl_user **user, struct rvl_dev_error *err);

/* After rvl_dev_close(). The device can't reach memory afterwards. NULL is fine. */
void rvl_user_close(struct rvl_user *user);

const struct rvl_os *rvl_user_os(struct rvl_user *user);

/* The event descriptor (non-blocking) of an MSI-X vector, owned by user; -1 beyond the last. */
int rvl_user_irq_fd(const struct rvl_user *user, unsigned int vector);

/* Readable when rvl_user_service() should be called; -1 when that is never so. */
int rvl_user_poll_fd(const struct rvl_user *user);

/* Notice that the other side has gone, without waiting. 0, or -ENODEV. */
int rvl_user_service(struct rvl_user *user);

/*
 * Function Level Reset: all rings stop, all keys are erased. Close the struct rvl_dev first and
 * open it anew afterwards.
 */
int rvl_user_reset(struct rvl_user *user);

/* Configuration space, offset and len within it. */
int rvl_user_config_read(struct rvl_user *user, uint32_t offset, void *data, uint32_t len);

/* A NIC found by libpci. */
struct rvl_found {
	char address[16]; /* DDDD:BB:DD.F */
	uint8_t revision;
	uint16_t subsystem_vendor_id;
	uint16_t subsystem_id;
	uint64_t bar0; /* bus addresses; 0: not assigned */
	uint64_t bar2;
	char driver[32]; /* of the kernel, bound to it; "": none, or not known */
};

/*
 * Look for Ravelin NICs: on this machine (dump is NULL), or in a file of `lspci -xxxx` form, such
 * as ravelsim writes. Fills in up to max, returns how many there are, or a negative errno value.
 */
int rvl_user_discover(const char *dump, struct rvl_found *found, size_t max,
		      struct rvl_dev_error *err);

#endif
