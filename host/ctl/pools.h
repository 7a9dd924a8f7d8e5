/* SPDX-License-Identifier: BSD-2-Clause */
/* What raveld answers to `pools`, for people. */
#ifndef RVL_CTL_POOLS_H
#define RVL_CTL_POOLS_H

#include <jansson.h>

void pools_show(const json_t *answer);

#endif
