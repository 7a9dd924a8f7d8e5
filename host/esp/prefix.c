// SPDX-License-Identifier: BSD-2-Clause
#include "host/esp/prefix.h"

#include <arpa/inet.h>
#include <stdio.h>

struct rvl_addr rvl_prefix_last(const struct rvl_prefix *prefix)
{
	struct rvl_addr last = prefix->address;
	const unsigned int octets = rvl_family_bits(last.family) / 8;

	for (unsigned int i = prefix->len / 8; i < octets; i++)
		last.octets[i] |= i == prefix->len / 8 ? 0xff >> prefix->len % 8 : 0xff;
	return last;
}

uint64_t rvl_prefix_hash(const struct rvl_prefix *prefix)
{
	const struct rvl_addr_bits bits = rvl_addr_bits(&prefix->address);
	uint64_t hash = bits.high + ((uint64_t)prefix->address.family << 8 | prefix->len);

	hash *= 0x9e3779b97f4a7c15u;
	hash = (hash ^ hash >> 29 ^ bits.low) * 0xbf58476d1ce4e5b9u;
	hash = (hash ^ hash >> 31) * 0x94d049bb133111ebu;
	return hash ^ hash >> 30;
}

void rvl_prefix_text(const struct rvl_prefix *prefix, char out[RVL_PREFIX_TEXT])
{
	char address[INET6_ADDRSTRLEN];

	inet_ntop(prefix->address.family == 6 ? AF_INET6 : AF_INET, prefix->address.octets, address,
		  sizeof(address));
	snprintf(out, RVL_PREFIX_TEXT, "%s/%u", address, prefix->len);
}
