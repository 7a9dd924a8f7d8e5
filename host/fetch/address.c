// SPDX-License-Identifier: BSD-2-Clause
#include "host/fetch/address.h"

#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

static bool is_local_ipv4(uint32_t ip)
{
	const uint32_t net = ip >> 24;

	return net == 0 || net == 127 || net >= 224 || ip >> 16 == 0xa9fe; /* 169.254/16 */
}

static uint32_t ipv4_at(const uint8_t *octets)
{
	return (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 | (uint32_t)octets[2] << 8 |
	       octets[3];
}

/* ::, ::1 and the old IPv4-compatible ones; ::ffff:0:0/96 and the well-known prefix of NAT64. */
static bool is_local_ipv6(const struct in6_addr *ip)
{
	static const uint8_t zeros[12], mapped[12] = {[10] = 0xff, [11] = 0xff},
					nat64[12] = {0, 0x64, 0xff, 0x9b};
	const uint8_t *octets = ip->s6_addr;

	if (!memcmp(octets, zeros, sizeof(zeros)))
		return true;
	if (!memcmp(octets, mapped, sizeof(mapped)) || !memcmp(octets, nat64, sizeof(nat64)))
		return is_local_ipv4(ipv4_at(octets + 12));
	return IN6_IS_ADDR_LINKLOCAL(ip) || IN6_IS_ADDR_MULTICAST(ip);
}

bool fetch_address_is_local(const struct sockaddr *address)
{
	struct sockaddr_in four;
	struct sockaddr_in6 six;

	switch (address->sa_family) {
	case AF_INET:
		memcpy(&four, address, sizeof(four));
		return is_local_ipv4(ntohl(four.sin_addr.s_addr));
	case AF_INET6:
		memcpy(&six, address, sizeof(six));
		return is_local_ipv6(&six.sin6_addr);
	default:
		return true;
	}
}
