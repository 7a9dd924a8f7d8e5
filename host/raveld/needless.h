/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What closes and is left of an earlier configuration stays, but for what is in the way of what is
 * wanted now, where that closes for the same packets.
 */
#ifndef RVL_RAVELD_NEEDLESS_H
#define RVL_RAVELD_NEEDLESS_H

#include "host/raveld/remains.h"

/* Does a wanted dead end close it, with nothing narrower between that lets it out? One that is left
 * within a wider one would have the packets of the wider one's tunnel. */
bool needless_route(const struct netlink_route *route, const struct remains *wanted);

/*
 * The same of a rule. One that leads to a table: does a wanted one lead the same packets to another
 * one? What the host sends without a source has another way, or none. One that drops: is all of it
 * led to a wanted dead end, or is it only no longer about what has no source?
 */
bool needless_rule(const struct netlink_rule *rule, const struct remains *wanted);

#endif
