/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening what a raveld that doesn't run any more has left closed. */
#ifndef RVL_CTL_RELEASE_H
#define RVL_CTL_RELEASE_H

#include <jansson.h>

/* The answer, as raveld would give it; NULL without memory. */
json_t *release_without_daemon(void);

#endif
