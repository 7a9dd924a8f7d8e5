/* SPDX-License-Identifier: BSD-2-Clause */
/* The NICs that `device` in the configuration could name. */
#ifndef RVL_RAVELD_DEVICES_H
#define RVL_RAVELD_DEVICES_H

/*
 * Print the NICs that libpci finds on this machine, or, with dump, in a file of `lspci -xxxx` form
 * such as ravelsim writes: one a line. Returns 0, -ENODEV when there is none, or another negative
 * errno value; what is wrong is said on standard error.
 */
int devices_print(const char *dump);

#endif
