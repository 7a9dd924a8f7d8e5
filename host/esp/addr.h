/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An IP address of either family.
 */
#ifndef RVL_ESP_ADDR_H
#define RVL_ESP_ADDR_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct rvl_addr {
	uint8_t family;	    /* 4 or 6; 0: none */
	uint8_t octets[16]; /* network order; the first 4 for IPv4, the others then 0 */
};

static inline bool rvl_addr_equal(const struct rvl_addr *a, const struct rvl_addr *b)
{
	return a->family == b->family && !memcmp(a->octets, b->octets, sizeof(a->octets));
}

static inline bool rvl_addr_is_loopback(const struct rvl_addr *a)
{
	static const uint8_t ipv6[16] = {[15] = 1};

	return a->family == 4 ? a->octets[0] == 127 : !memcmp(a->octets, ipv6, sizeof(ipv6));
}

/* From and to host order. */
static inline struct rvl_addr rvl_addr_of_ipv4(uint32_t address)
{
	return (struct rvl_addr){4,
				 {(uint8_t)(address >> 24), (uint8_t)(address >> 16),
				  (uint8_t)(address >> 8), (uint8_t)address}};
}

static inline uint32_t rvl_addr_ipv4(const struct rvl_addr *a)
{
	return (uint32_t)a->octets[0] << 24 | (uint32_t)a->octets[1] << 16 |
	       (uint32_t)a->octets[2] << 8 | a->octets[3];
}

static inline struct rvl_addr rvl_addr_of_ipv6(const uint8_t octets[16])
{
	struct rvl_addr a = {.family = 6};

	memcpy(a.octets, octets, sizeof(a.octets));
	return a;
}

/* The 128 bits of its octets as two numbers, the first bit on top. */
struct rvl_addr_bits {
	uint64_t high;
	uint64_t low;
};

static inline struct rvl_addr_bits rvl_addr_bits(const struct rvl_addr *a)
{
	uint64_t words[2];

	memcpy(words, a->octets, sizeof(words));
	return (struct rvl_addr_bits){be64toh(words[0]), be64toh(words[1])};
}

static inline struct rvl_addr rvl_addr_of_bits(uint8_t family, struct rvl_addr_bits bits)
{
	const uint64_t words[2] = {htobe64(bits.high), htobe64(bits.low)};
	struct rvl_addr a = {.family = family};

	memcpy(a.octets, words, sizeof(words));
	return a;
}

#endif
