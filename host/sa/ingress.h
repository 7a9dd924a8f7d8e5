/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shut an interface's way into the kernel's own stack for IPv4 (tc(8): a filter at its ingress,
 * behind packet sockets). Frames that are a data path's would else be routed by the kernel as well,
 * only to be dropped there, which costs as much as to receive them.
 */
#ifndef RVL_SA_INGRESS_H
#define RVL_SA_INGRESS_H

#include <stdbool.h>

/* Has the interface filters at its ingress, whoever's? Then they stay as they are. */
bool rvl_ingress_is_used(unsigned int interface);

/* 0 or -errno: the kernel hasn't it, for instance. */
int rvl_ingress_shut(unsigned int interface);

/* As it was before. */
void rvl_ingress_open(unsigned int interface);

#endif
