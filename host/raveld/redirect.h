/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RAVELIN_HOST_RAVELD_REDIRECT_H
#define RAVELIN_HOST_RAVELD_REDIRECT_H

#include <jansson.h>
#include <stddef.h>

struct daemon;

/*
 * Send peers of a connection to another gateway: the request has its "name" and the "gateway", and
 * may have "peer-ip" (an address, a subnet or a range) and "peer-id" (an identity or a pattern of
 * some), which the peers must fit. 0, and the text says how many; -EINVAL, -ENOENT (none fits, or
 * none can be redirected), -ENOMEM, and it says why.
 */
int redirect_peers(struct daemon *d, const json_t *request, char *text, size_t len);

#endif
