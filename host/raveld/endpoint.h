/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses of ends as sockets have them. */
#ifndef RVL_RAVELD_ENDPOINT_H
#define RVL_RAVELD_ENDPOINT_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "host/ike/addr.h"

union endpoint {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* Its length. */
socklen_t endpoint_of(const struct ike_addr *addr, union endpoint *out);

/* Of IPv4 or IPv6, without saying which transport it is of. */
struct ike_addr endpoint_address(const union endpoint *endpoint);

/* On one link only, which no address here has room for. */
bool endpoint_is_link_local(const struct ike_addr *addr);

#endif
