/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DNS servers behind peers, told to systemd-resolved as the netdev's own, by its `resolvectl`. It
 * forgets them with the netdev, so that nothing is left however raveld ends. One program runs at a
 * time, and none is waited for.
 */
#ifndef RVL_RAVELD_RESOLVER_H
#define RVL_RAVELD_RESOLVER_H

#include <uv.h>

#include "host/ike/settings.h"
#include "host/raveld/log.h"

struct resolver;

/* NULL without memory. */
struct resolver *resolver_new(uv_loop_t *loop, const char *netdev, const struct log *log);

/* Once the loop has closed its handles. NULL is fine. */
void resolver_free(struct resolver *resolver);

/*
 * From now on these servers are asked for names in these domains; without a domain, for all names.
 * Of the settings only those count; without a server what was told before is taken back.
 */
void resolver_set(struct resolver *resolver, const struct ike_settings *wanted);

#endif
