/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `list` shows, an object at a time while the daemon goes on, so that 100,000 tunnels hold
 * nothing up:
 *
 *   {"ike-sa": {...}}        of each IKE SA, its Child SAs in it
 *   {"connection": {...}}    of each that is configured
 *   {"ok": true}             the last
 */
#ifndef RVL_RAVELD_LISTING_H
#define RVL_RAVELD_LISTING_H

#include "host/raveld/daemon.h"

struct listing;

/* NULL without memory. */
struct listing *listing_begin(struct daemon *d);

/* The next one; nothing comes after one that has "ok". NULL without memory. */
json_t *listing_next(struct listing *listing);

/* The configuration is another one: it ends with an error. */
void listing_is_stale(struct listing *listing);

/* NULL is fine. */
void listing_end(struct listing *listing);

#endif
