/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An IP address of either family.
 */
#ifndef RVL_ESP_ADDR_H
#define RVL_ESP_ADDR_H

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

#endif
