/* SPDX-License-Identifier: BSD-2-Clause */
/* An IP address with a UDP port, without a socket header in sight. */
#ifndef RAVELIN_HOST_IKE_ADDR_H
#define RAVELIN_HOST_IKE_ADDR_H

#include "host/ike/cursor.h"

struct ike_addr {
	uint8_t family; /* 4, 6, or 0: any address */
	uint8_t ip[16]; /* network order; the first 4 octets for IPv4, the others then 0 */
	uint16_t port;	/* host order; 0: any */
};

static inline size_t ike_addr_len(const struct ike_addr *a)
{
	return a->family == 4 ? 4 : a->family == 6 ? 16 : 0;
}

/* "192.0.2.1", "2001:db8::1", "%any" or "%any6" (any); the port stays 0. 0 or -EINVAL. */
int ike_addr_parse(const char *text, struct ike_addr *out);

/* "192.0.2.1", "%any". */
enum { IKE_ADDR_TEXT = 64 };
void ike_addr_text(const struct ike_addr *a, char *out, size_t len);

bool ike_addr_same_ip(const struct ike_addr *a, const struct ike_addr *b);
bool ike_addr_equal(const struct ike_addr *a, const struct ike_addr *b);

#endif
