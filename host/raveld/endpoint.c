// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/endpoint.h"

#include <arpa/inet.h>
#include <string.h>

socklen_t endpoint_of(const struct ike_addr *addr, union endpoint *out)
{
	*out = (union endpoint){0};
	if (addr->family == 4) {
		out->in.sin_family = AF_INET;
		out->in.sin_port = htons(addr->port);
		memcpy(&out->in.sin_addr, addr->ip, 4);
		return sizeof(out->in);
	}
	out->in6.sin6_family = AF_INET6;
	out->in6.sin6_port = htons(addr->port);
	memcpy(&out->in6.sin6_addr, addr->ip, 16);
	return sizeof(out->in6);
}

struct ike_addr endpoint_address(const union endpoint *endpoint)
{
	struct ike_addr addr = {.family = endpoint->any.sa_family == AF_INET ? 4 : 6};

	if (addr.family == 4) {
		memcpy(addr.ip, &endpoint->in.sin_addr, 4);
		addr.port = ntohs(endpoint->in.sin_port);
	} else {
		memcpy(addr.ip, &endpoint->in6.sin6_addr, 16);
		addr.port = ntohs(endpoint->in6.sin6_port);
	}
	return addr;
}

bool endpoint_is_link_local(const struct ike_addr *addr)
{
	return addr->family == 6 && addr->ip[0] == 0xfe && (addr->ip[1] & 0xc0) == 0x80;
}
