/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The conformance suite of the vfio-user server: one file a message or a group of them, each
 * message in its right form and in every wrong one (QEMU, docs/interop/vfio-user.rst, version 0.0).
 *
 * Client and server run in one thread of one process, so a test decides what the server has seen at
 * which moment, and can count descriptors and mappings. Behind the server is a device that is
 * memory and remembers what was asked of it (this file), or the NIC itself (nic.h).
 */
#ifndef RVL_TESTS_SIM_CONFORMANCE_H
#define RVL_TESTS_SIM_CONFORMANCE_H

#include <errno.h>
#include <linux/vfio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/vfio_user.h"
#include "tests/sim/client.h"

#define VECTORS 40
#define PAGE 4096U
#define GUEST_PAGES 16
#define BAR0_SIZE 0x10000U
#define BAR2_SIZE 0x2000U
#define BAR4_SIZE (2U << 20) /* more than one message can carry */
#define CONFIG_SIZE 4096U

/* What is said in VERSION (docs/ravelsim.md). */
#define MAX_FDS 16
#define MAX_DATA (1U << 20)
#define MAX_MAPS 65535U

#define EVENTFD_TRIGGER (VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER)
#define NONE_TRIGGER (VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct device {
	struct rvl_vfio_user *server;
	uint8_t region[RVL_VFIO_REGIONS][BAR4_SIZE];
	uint64_t last_write[64]; /* offsets, in order */
	unsigned writes, reads;
	unsigned maps, attached, resets;
	uint64_t connected, masked; /* a bit a vector */
	unsigned mask_calls;
	bool enabled;
	uint8_t *mem; /* of the last map */
	bool readable, writable;
	int refuse;	     /* what dma_map and reset answer */
	int watched;	     /* a client's socket */
	bool answered_early; /* dma_unmap was called when the reply was there already */
	char dir[64], path[96];
};

struct fixture {
	struct device dev;
	struct client client;
	int memfd; /* GUEST_PAGES */
};

/* Of each test: a server with a connected client that has agreed on a version. */
int conformance_setup(void **state);
int conformance_teardown(void **state);
#define TEST(f) cmocka_unit_test_setup_teardown(f, conformance_setup, conformance_teardown)

struct rvl_vfio_user_device conformance_device(struct device *d);

/* Let the server do all that it can; ctx is a struct device. */
void conformance_work(void *ctx);

/* A new connection without a version, and with one. */
void conformance_reconnect(struct fixture *f);
void conformance_attach(struct fixture *f);

/* A command with `right` octets of zeros but any other length, up to 16 more, is refused: EINVAL.
 */
void refuses_lengths(struct client *c, unsigned command, size_t right);

/* Open file descriptors, and mappings of file `name`, of this process. */
unsigned open_fds(void);
unsigned mappings_of(const char *name);

/* How often an eventfd was signalled since the last time. */
uint64_t events(int fd);

/* Each runs its group and returns the number of failures. */
int version_tests(void);
int dma_map_tests(void);
int dma_unmap_tests(void);
int info_tests(void);
int set_irqs_tests(void);
int region_tests(void);
int reset_tests(void);
int other_command_tests(void);
int header_tests(void);
int descriptor_tests(void);
int connection_tests(void);
int nic_region_tests(void);
int nic_dma_tests(void);
int nic_msix_tests(void);

#endif
