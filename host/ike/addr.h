/* SPDX-License-Identifier: BSD-2-Clause */
/* An IP address with a UDP or TCP port, without a socket header in sight. */
#ifndef RAVELIN_HOST_IKE_ADDR_H
#define RAVELIN_HOST_IKE_ADDR_H

#include "host/esp/addr.h"
#include "host/ike/cursor.h"

/* Different ports that peers listen on for TCP, of all connections. */
enum { IKE_TCP_PORTS_MAX = 8 };

struct ike_addr {
	uint8_t family; /* 4, 6, or 0: any address */
	bool tcp;	/* an end of a TCP connection (RFC 9329); else of UDP */
	uint8_t ip[16]; /* network order; the first 4 octets for IPv4, the others then 0 */
	uint16_t port;	/* host order; 0: any; of who connects by TCP: 0 */
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

/* The two ends of a way. */
struct ike_pair {
	struct ike_addr local;
	struct ike_addr remote;
};

/* "192.0.2.1", "2001:db8::1"; the port stays 0. 0 or -EINVAL. */
int ike_addr_parse(const char *text, struct ike_addr *out);

/* "192.0.2.1", "%any". */
enum { IKE_ADDR_TEXT = 64 };
void ike_addr_text(const struct ike_addr *a, char *out, size_t len);

/* Decimal digits and nothing else, up to `most`. */
bool ike_number_parse(const char *text, unsigned long most, unsigned long *out);

/* Addresses of one family, from the first to the last; unused octets are 0. */
struct ike_range {
	uint8_t family; /* 4 or 6 */
	uint8_t first[16];
	uint8_t last[16];
};

/* "10.1.0.0/16", "10.1.0.1-10.1.0.9", "192.0.2.1". NULL, or what is wrong: "bad address". */
const char *ike_range_parse(const char *text, struct ike_range *out);

/* The same again, a single address as a prefix, too; fits in IKE_RANGE_TEXT. */
enum { IKE_RANGE_TEXT = 2 * IKE_ADDR_TEXT + 2 };
void ike_range_text(const struct ike_range *range, char *out, size_t len);

bool ike_range_has(const struct ike_range *range, const struct ike_addr *addr);

/* How many bits all of it have in common from the first on: of a prefix, its length. */
unsigned ike_range_common_bits(const struct ike_range *range);

bool ike_addr_same_ip(const struct ike_addr *a, const struct ike_addr *b);

bool ike_addr_equal(const struct ike_addr *a, const struct ike_addr *b);
bool ike_pair_equal(const struct ike_pair *a, const struct ike_pair *b);

#endif
