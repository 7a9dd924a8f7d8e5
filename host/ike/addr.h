/* SPDX-License-Identifier: BSD-2-Clause */
/* An IP address with a UDP port, without a socket header in sight. */
#ifndef RAVELIN_HOST_IKE_ADDR_H
#define RAVELIN_HOST_IKE_ADDR_H

#include "host/esp/addr.h"
#include "host/ike/cursor.h"

struct ike_addr {
	uint8_t family; /* 4, 6, or 0: any address */
	uint8_t only;	/* any address: of this family, 4 or 6; 0: of either */
	uint8_t ip[16]; /* network order; the first 4 octets for IPv4, the others then 0 */
	uint16_t port;	/* host order; 0: any */
};

static inline size_t ike_addr_len(const struct ike_addr *a)
{
	return a->family == 4 ? 4 : a->family == 6 ? 16 : 0;
}

/* Without its port. */
static inline struct rvl_addr ike_addr_ip(const struct ike_addr *a)
{
	struct rvl_addr out = {.family = a->family};

	memcpy(out.octets, a->ip, sizeof(out.octets));
	return out;
}

static inline struct ike_addr ike_addr_of(const struct rvl_addr *ip, uint16_t port)
{
	struct ike_addr out = {.family = ip->family, .port = port};

	memcpy(out.ip, ip->octets, sizeof(out.ip));
	return out;
}

/* Of an address, or of any that it stands for; 0: of either. */
static inline uint8_t ike_addr_family(const struct ike_addr *a)
{
	return a->family ? a->family : a->only;
}

/* The two ends of a way. */
struct ike_pair {
	struct ike_addr local;
	struct ike_addr remote;
};

/* "192.0.2.1", "2001:db8::1", "%any", "%any4", "%any6"; the port stays 0. 0 or -EINVAL. */
int ike_addr_parse(const char *text, struct ike_addr *out);

/* "192.0.2.1", "%any". */
enum { IKE_ADDR_TEXT = 64 };
void ike_addr_text(const struct ike_addr *a, char *out, size_t len);

bool ike_addr_same_ip(const struct ike_addr *a, const struct ike_addr *b);

/* Is it the configured address, or one that this stands for? Ports don't count. */
bool ike_addr_matches(const struct ike_addr *configured, const struct ike_addr *addr);

/* The same address, port and all; of two that stand for any the same any. */
bool ike_addr_equal(const struct ike_addr *a, const struct ike_addr *b);
bool ike_pair_equal(const struct ike_pair *a, const struct ike_pair *b);

#endif
