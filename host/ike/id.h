/* SPDX-License-Identifier: BSD-2-Clause */
/* Identities (RFC 7296, section 3.5). */
#ifndef RAVELIN_HOST_IKE_ID_H
#define RAVELIN_HOST_IKE_ID_H

#include "host/ike/addr.h"
#include "host/ike/wire.h"

struct ike_id {
	uint8_t type; /* enum ike_id_type */
	/*
	 * Only in configuration: it stands for many of that type. Of an address the data are the
	 * first and the last one; a name begins with a *; a distinguished name has values "*".
	 */
	bool pattern;
	uint16_t len;
	uint8_t data[IKE_ID_MAX];
};

/* An identity in no more memory than it takes. */
struct ike_id_kept {
	uint8_t type;
	uint16_t len;
	uint8_t data[];
};

/* Keep a copy at *at instead of what is there; -ENOMEM: that stays. Freed with free(). */
int ike_id_keep(struct ike_id_kept **at, const struct ike_id *id);

/* What is kept; NULL is "any". */
struct ike_id ike_id_kept(const struct ike_id_kept *kept);

/*
 * Parse an identity as swanctl.conf writes it: "192.0.2.1", "2001:db8::1", "moon.example.org",
 * "carol@example.org", "C=CH, O=Ravelin, CN=moon", "@name" (FQDN), "@@user@host" (RFC822),
 * "@#c0ffee" (KEY_ID); "%any", "%any6", "*" or "" (any); or with the type before it: "fqdn:",
 * "dns:", "email:", "rfc822:", "userfqdn:", "ipv4:", "ipv6:", "asn1dn:", "asn1gn:", "keyid:", or
 * its number in braces, where "#" begins hexadecimal data. Patterns: "10.0.0.0/8",
 * "10.1.0.1-10.1.0.9", also after "ipv4net:", "ipv4range:" and the same for IPv6,
 * "*.example.org", "*@example.org", "C=CH, O=Ravelin, CN=*".
 * Returns 0, or -EINVAL with what is wrong in `error`.
 */
int ike_id_parse(const char *text, struct ike_id *out, char *error, size_t error_len);

/* From the wire. -EINVAL when it is too long to keep or has the wrong length for its type. */
int ike_id_set(struct ike_id *id, uint8_t type, struct ike_slice data);
struct ike_id ike_id_from_addr(const struct ike_addr *addr);

/* Readable on one line whatever the peer sent; fits in IKE_ID_TEXT. */
enum { IKE_ID_TEXT = 3 * IKE_ID_MAX };
void ike_id_text(const struct ike_id *id, char *out, size_t len);

bool ike_id_equal(const struct ike_id *a, const struct ike_id *b);

/* How well an identity fits a configured one: the better, the more. */
enum {
	IKE_ID_MATCH_NONE = 0,
	IKE_ID_MATCH_ANY = 1,
	IKE_ID_MATCH_RANGE = 2,
	IKE_ID_MATCH_WILDCARD = 19, /* one; less for each other one in a distinguished name */
	IKE_ID_MATCH_EXACT = 20,
};
unsigned ike_id_match(const struct ike_id *configured, const struct ike_id *id);

static inline bool ike_id_matches(const struct ike_id *configured, const struct ike_id *id)
{
	return ike_id_match(configured, id) != IKE_ID_MATCH_NONE;
}

/* Is it known who is meant? */
static inline bool ike_id_is_one(const struct ike_id *configured)
{
	return configured->type != IKE_ID_ANY && !configured->pattern;
}

static inline struct ike_slice ike_id_slice(const struct ike_id *id)
{
	return ike_slice(id->data, id->len);
}

#endif
