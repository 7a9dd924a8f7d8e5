/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RVL_RAVELD_CHECK_H
#define RVL_RAVELD_CHECK_H

#include "host/conf/conf.h"

/*
 * Hold a configuration against its data path, without closing or setting anything: what it hasn't
 * is refused. A NIC is asked what it has if nobody has it open. What came of it is printed; 0 or
 * -errno.
 */
int check(const char *path, struct conf *conf);

#endif
