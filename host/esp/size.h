/* SPDX-License-Identifier: BSD-2-Clause */
/* How large packets become in an SA. */
#ifndef RVL_ESP_SIZE_H
#define RVL_ESP_SIZE_H

#include <stddef.h>

#include "host/esp/params.h"

/*
 * The largest packet that an SA makes one of at most outer octets of: in tunnel mode what goes
 * inside, in transport mode the packet itself, whose IP header has header octets. 0: there is none,
 * or no such SA.
 */
size_t rvl_sa_fits(const struct rvl_sa_params *params, size_t outer, size_t header);

#endif
