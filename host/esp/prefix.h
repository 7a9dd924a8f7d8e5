/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Networks: the addresses of one family that begin with the same bits.
 */
#ifndef RVL_ESP_PREFIX_H
#define RVL_ESP_PREFIX_H

#include <stddef.h>

#include "host/esp/addr.h"

/* No bits are set beyond its length. */
struct rvl_prefix {
	struct rvl_addr address;
	uint8_t len; /* 0 to rvl_family_bits() */
};

/* Of the family's addresses. */
static inline uint8_t rvl_family_bits(uint8_t family)
{
	return family == 6 ? 128 : 32;
}

/* The first len bits, the others 0. */
static inline struct rvl_addr_bits rvl_bits_cut(struct rvl_addr_bits bits, unsigned int len)
{
	if (len < 64)
		return (struct rvl_addr_bits){len ? bits.high & UINT64_MAX << (64 - len) : 0, 0};
	if (len < 128)
		bits.low &= len == 64 ? 0 : UINT64_MAX << (128 - len);
	return bits;
}

/* The network of that length that the address is in. */
static inline struct rvl_prefix rvl_prefix_of(const struct rvl_addr *address, uint8_t len)
{
	const struct rvl_addr_bits bits = rvl_bits_cut(rvl_addr_bits(address), len);

	return (struct rvl_prefix){rvl_addr_of_bits(address->family, bits), len};
}

/* The address alone. */
static inline struct rvl_prefix rvl_prefix_host(const struct rvl_addr *address)
{
	return (struct rvl_prefix){*address, rvl_family_bits(address->family)};
}

/* All addresses of a family. */
static inline struct rvl_prefix rvl_prefix_all(uint8_t family)
{
	return (struct rvl_prefix){{.family = family}, 0};
}

static inline struct rvl_prefix rvl_prefix_ipv4(uint32_t address, uint8_t len)
{
	return (struct rvl_prefix){rvl_addr_of_ipv4(address), len};
}

static inline bool rvl_prefix_equal(const struct rvl_prefix *a, const struct rvl_prefix *b)
{
	return a->len == b->len && rvl_addr_equal(&a->address, &b->address);
}

static inline bool rvl_prefix_holds(const struct rvl_prefix *prefix, const struct rvl_addr *address)
{
	const struct rvl_addr_bits p = rvl_addr_bits(&prefix->address);
	const struct rvl_addr_bits a = rvl_bits_cut(rvl_addr_bits(address), prefix->len);

	return prefix->address.family == address->family && p.high == a.high && p.low == a.low;
}

/* Is all of part in it? */
static inline bool rvl_prefix_over(const struct rvl_prefix *whole, const struct rvl_prefix *part)
{
	return whole->len <= part->len && rvl_prefix_holds(whole, &part->address);
}

/* A family, a length that it has, and nothing set beyond. */
static inline bool rvl_prefix_valid(const struct rvl_prefix *prefix)
{
	const uint8_t family = prefix->address.family;

	return (family == 4 || family == 6) && prefix->len <= rvl_family_bits(family) &&
	       rvl_prefix_holds(prefix, &prefix->address);
}

/* The last address in it. */
struct rvl_addr rvl_prefix_last(const struct rvl_prefix *prefix);

/* A number that is likely another one for another prefix. */
uint64_t rvl_prefix_hash(const struct rvl_prefix *prefix);

/* "10.1.0.0/16", "2001:db8::/32"; fits in RVL_PREFIX_TEXT. */
#define RVL_PREFIX_TEXT 52
void rvl_prefix_text(const struct rvl_prefix *prefix, char out[RVL_PREFIX_TEXT]);

#endif
