/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a configuration payload says (RFC 7296, sections 2.19 and 3.15; RFC 8598): addresses that a
 * peer is given in the network behind the other one, and what it has to know of that network.
 */
#ifndef RAVELIN_HOST_IKE_SETTINGS_H
#define RAVELIN_HOST_IKE_SETTINGS_H

#include "host/ike/payload.h"

enum {
	IKE_VIPS_MAX = 4,     /* addresses for one peer; more aren't read */
	IKE_SERVERS_MAX = 8,  /* of a kind; the same */
	IKE_DOMAINS_MAX = 16, /* the same */
	IKE_DOMAIN_MAX = 254, /* a name, with the terminating 0 */
};

struct ike_settings {
	uint32_t types; /* bits (1 << type) of the attributes that there are, be it without a value
			 */
	/* In a request: wanted; of zeros: any one of its family. */
	unsigned vip_count;
	struct ike_addr vips[IKE_VIPS_MAX];
	struct ike_addr netmask; /* IPv4; family 0: none */
	unsigned dns_count;
	struct ike_addr dns[IKE_SERVERS_MAX];
	unsigned nbns_count;
	struct ike_addr nbns[IKE_SERVERS_MAX]; /* IPv4 */
	struct ike_ts_list subnets;	       /* with all protocols and ports */
	unsigned domain_count;
	char domains[IKE_DOMAINS_MAX][IKE_DOMAIN_MAX]; /* RFC 8598; in letters of DNS */
};

static inline bool ike_settings_have(const struct ike_settings *s, unsigned type)
{
	return s->types >> type & 1;
}

/* Has it the address of zeros, which stands for any? */
bool ike_addr_is_zero(const struct ike_addr *a);

/* May a host have this as its own: no network, no multicast, not its loopback? */
bool ike_addr_is_host(const struct ike_addr *a);

/* Is it a domain name in presentation format, of letters, digits, "-" and "_"? */
bool ike_domain_is_good(struct ike_slice name);

/*
 * Read the attributes of a payload. What is unknown is passed over, and so are values that make no
 * sense, of a netmask with holes, say, and a domain without a DNS server (RFC 8598, section 3.2).
 * Returns 0, or INVALID_SYNTAX when a value hasn't the length that its type has.
 */
int ike_settings_read(const struct ike_cp *cp, struct ike_settings *out);

/* Write a payload of a type (enum ike_cp_type) with all of it. */
void ike_settings_write(struct ike_builder *b, uint8_t type, const struct ike_settings *s);

#endif
