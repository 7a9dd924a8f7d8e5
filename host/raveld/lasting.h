/* SPDX-License-Identifier: BSD-2-Clause */
/* A secret that outlives raveld, in a file of its own. */
#ifndef RVL_RAVELD_LASTING_H
#define RVL_RAVELD_LASTING_H

#include <stdint.h>

#include "host/raveld/log.h"

#define LASTING_SECRET_LEN 32

/*
 * Read it; made of random octets, with mode 0600, if it isn't there, and its folder too. 0, or
 * -errno with the reason in the log: -EPERM where others may read or write it, -EBADMSG where it
 * isn't one.
 */
int lasting_secret(const char *path, const struct log *log, uint8_t out[LASTING_SECRET_LEN]);

#endif
