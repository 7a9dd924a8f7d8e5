/* SPDX-License-Identifier: BSD-2-Clause */
/* Distinguished names (X.501) as identities: ID_DER_ASN1_DN of RFC 7296, section 3.5. */
#ifndef RAVELIN_HOST_IKE_DN_H
#define RAVELIN_HOST_IKE_DN_H

#include "host/ike/cursor.h"

/*
 * Encode a name as swanctl.conf writes it: "C=CH, O=Ravelin, CN=moon", or with slashes when it
 * begins with one: "/C=CH/O=Ravelin/CN=moon". Returns 0 with the DER encoding and its length,
 * -EINVAL, -EMSGSIZE when there is no room for it, or -ENOMEM.
 */
int ike_dn_parse(const char *text, uint8_t *out, size_t room, size_t *len);

/* Is some value of it "*"? */
bool ike_dn_is_pattern(struct ike_slice name);

/*
 * Do two encodings name the same? As RFC 5280, section 7.1 has it: without case, and however
 * strings are encoded. A value "*" in the pattern stands for every value of that attribute:
 * *wildcards says how many do. False too when one of them is malformed.
 */
bool ike_dn_matches(struct ike_slice pattern, struct ike_slice name, unsigned *wildcards);

/* "C=CH, O=Ravelin, CN=moon", printable on one line. False: it is malformed. */
bool ike_dn_text(struct ike_slice name, char *out, size_t len);

#endif
