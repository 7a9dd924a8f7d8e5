/* SPDX-License-Identifier: BSD-2-Clause */
/* The simulated NIC as the device behind a vfio-user server. */
#ifndef RVL_SIM_NIC_DEVICE_H
#define RVL_SIM_NIC_DEVICE_H

#include "sim/sim.h"
#include "sim/vfio_user.h"

struct rvl_nic_device;

/*
 * Describe sim for rvl_vfio_user_create(). log and ctx as in sim.h. keep: a client that goes leaves
 * all of the device as it is, for its next one to look at; otherwise the function is reset then.
 * The result is freed after the server and before the simulator. NULL: out of memory.
 */
struct rvl_nic_device *rvl_nic_device_create(struct rvl_sim *sim, bool keep, rvl_sim_log_fn *log,
					     void *ctx, struct rvl_vfio_user_device *description);
void rvl_nic_device_destroy(struct rvl_nic_device *device);

#endif
