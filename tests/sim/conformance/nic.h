/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The NIC behind the server: Verilated RTL in this process, driven through the protocol alone. Time
 * is the clock cycle; it passes inside accesses to a BAR and where a test lets it, so that a
 * message arrives at exactly the cycle at which the test wants it.
 */
#ifndef RVL_TESTS_SIM_CONFORMANCE_NIC_H
#define RVL_TESTS_SIM_CONFORMANCE_NIC_H

#include "driver/core/rvl_queue.h"
#include "sim/nic_device.h"
#include "tests/sim/conformance/conformance.h"

#define NIC_VECTORS 5
#define NIC_QUEUES (NIC_VECTORS - 1)
#define NIC_HALF (256U << 10)
#define NIC_RINGS 0x100000000ULL /* bus address: what the driver allocates */
#define NIC_BUFFERS 0x200000000ULL
#define NIC_DEVICE_CONTROL (RVL_CONFIG_PCIE + 8)
#define NIC_EXTENDED_TAGS 0x0100U

struct nic {
	struct rvl_sim *sim;
	struct rvl_nic_device *device;
	struct rvl_vfio_user *server;
	struct client client;
	char dir[64], path[96];
	int memfd;
	uint8_t *rings, *buffers; /* NIC_HALF octets each */
	uint32_t used;		  /* of the rings */
	int events[NIC_VECTORS];
	struct rvl_os os;
	struct rvl_dev *dev;
	struct rvl_queue *queues[NIC_QUEUES]; /* queue pair q has vector q + 1 */
	bool keeps;			      /* what a client leaves */
	unsigned complaints;		      /* lines that the simulator logged, not the server */
};

int nic_setup(void **state);
int nic_setup_keeping(void **state); /* as ravelsim --keep-state */
int nic_teardown(void **state);
#define NIC_TEST(f) cmocka_unit_test_setup_teardown(f, nic_setup, nic_teardown)
#define NIC_KEEPING_TEST(f) cmocka_unit_test_setup_teardown(f, nic_setup_keeping, nic_teardown)

/* Another client: version, maps of both halves, bus master on. */
void nic_attach(struct nic *n);

/* Each vector to its event. */
void nic_connect_vectors(struct nic *n);

/* The driver with all queue pairs, data path on; and its end. */
void nic_start_driver(struct nic *n);
void nic_stop_driver(struct nic *n);

/* Let the NIC work until it is idle; fails the test if that takes more than a million cycles. */
void nic_settle(struct nic *n);

/*
 * Make the NIC raise a vector, and settle: a command for 0, a frame sent by an armed queue for the
 * others. Needs the driver.
 */
void nic_raise(struct nic *n, unsigned vector);

/* Vectors whose events were signalled since the last time: a bit each; fails if one was twice. */
unsigned nic_raised(struct nic *n);

/* The pending bits, as the client reads them. */
uint64_t nic_pending(struct nic *n);

/* The vector control DW in the table. */
void nic_mask(struct nic *n, unsigned vector, bool masked);
bool nic_masked(struct nic *n, unsigned vector);

/* Two octets of the configuration space. */
uint16_t nic_config(struct nic *n, uint32_t offset);
void nic_set_config(struct nic *n, uint32_t offset, uint16_t value);

uint32_t nic_reg(struct nic *n, uint32_t offset);

/* DEVICE_RESET (flr false) or the bit in Device Control. Returns the cycles that it took. */
uint64_t nic_reset(struct nic *n, bool flr);

#endif
