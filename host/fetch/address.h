/* SPDX-License-Identifier: BSD-2-Clause */
/* Where whoever writes a URI may not have us connect to. */
#ifndef RVL_FETCH_ADDRESS_H
#define RVL_FETCH_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/*
 * Is it an address of this host alone, of a link, of many, or of nobody: loopback, link-local
 * (cloud providers have their metadata there), multicast, broadcast, unspecified, and IPv6's
 * spellings of IPv4 ones like that? What is neither IPv4 nor IPv6 is.
 */
bool fetch_address_is_local(const struct sockaddr *address);

#endif
