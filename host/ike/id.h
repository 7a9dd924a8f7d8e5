/* SPDX-License-Identifier: BSD-2-Clause */
/* Identities (RFC 7296, section 3.5). */
#ifndef RAVELIN_HOST_IKE_ID_H
#define RAVELIN_HOST_IKE_ID_H

#include "host/ike/addr.h"
#include "host/ike/wire.h"

struct ike_id {
	uint8_t type; /* enum ike_id_type */
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
 * "carol@example.org", "@name" (FQDN), "@@user@host" (RFC822), "@#c0ffee" (KEY_ID), "%any" or ""
 * (any), or with the type before it: "fqdn:", "email:", "rfc822:", "ipv4:", "ipv6:", "keyid:".
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

/* Does an identity fit a configured one, which may be "any"? */
bool ike_id_matches(const struct ike_id *configured, const struct ike_id *id);

static inline struct ike_slice ike_id_slice(const struct ike_id *id)
{
	return ike_slice(id->data, id->len);
}

#endif
