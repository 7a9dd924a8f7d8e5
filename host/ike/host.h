/* SPDX-License-Identifier: BSD-2-Clause */
/* Where one end of a connection may be: a list as local_addrs and remote_addrs of swanctl.conf. */
#ifndef RAVELIN_HOST_IKE_HOST_H
#define RAVELIN_HOST_IKE_HOST_H

#include "host/ike/addr.h"

enum {
	IKE_HOSTS_MAX = 16,	 /* in a list */
	IKE_HOST_NAME_MAX = 254, /* octets of a DNS name (RFC 1035, section 2.3.4), with the 0 */
	IKE_RESOLVED_MAX = 8,	 /* addresses of a name that are looked at */
};

struct ike_lookup;

struct ike_host {
	/*
	 * An address is a range of one. Family 0: any address. Of a name only the family counts,
	 * which it is to be looked up for; 0: both.
	 */
	struct ike_range range;
	char *name;		   /* DNS; NULL: the range counts */
	struct ike_lookup *lookup; /* the engine's business */
};

/* An empty list is any address, too. */
struct ike_hosts {
	unsigned count;
	struct ike_host *list;
};

/*
 * Add an item: "192.0.2.1", "10.0.0.0/8", "10.1.0.1-10.1.0.9", "%any", "%any4", "%any6" or a DNS
 * name. Returns NULL, or what is wrong: "isn't an IP address, ...".
 */
const char *ike_hosts_add(struct ike_hosts *hosts, const char *text);

/* Become a copy, or a list of nothing but this address, instead of what it is. 0 or -ENOMEM. */
int ike_hosts_copy(struct ike_hosts *to, const struct ike_hosts *from);
int ike_hosts_set(struct ike_hosts *hosts, const struct ike_addr *addr);

/* Become a list of one address or name that can be gone to. NULL, or what is wrong, as above. */
const char *ike_hosts_set_one(struct ike_hosts *hosts, const char *text);

/* Becomes empty. */
void ike_hosts_clear(struct ike_hosts *hosts);

/* The same items in the same order? */
bool ike_hosts_equal(const struct ike_hosts *a, const struct ike_hosts *b);

/* Is some address or name in both, so that they may mean the same host? */
bool ike_hosts_overlap(const struct ike_hosts *a, const struct ike_hosts *b);

/* Of all of them, 4 or 6; 0: of either. */
uint8_t ike_hosts_family(const struct ike_hosts *hosts);

bool ike_host_is_address(const struct ike_host *host);
struct ike_addr ike_host_addr(const struct ike_host *host); /* of one that is an address */

/* An address or a name: nothing else can be gone to. */
static inline bool ike_host_is_one(const struct ike_host *host)
{
	return host->name || ike_host_is_address(host);
}

/* The first that is an address, family 0 if none is; and has it an address or a name at all? */
struct ike_addr ike_hosts_first_address(const struct ike_hosts *hosts);
bool ike_hosts_has_one(const struct ike_hosts *hosts);

/* Is each of them an address? Not of an empty list. */
bool ike_hosts_are_addresses(const struct ike_hosts *hosts);

/* "192.0.2.1", "10.0.0.0/8", "%any", a name; fits in IKE_HOST_TEXT. */
enum { IKE_HOST_TEXT = IKE_HOST_NAME_MAX };
void ike_host_text(const struct ike_host *host, char *out, size_t len);

#endif
