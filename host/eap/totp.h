/* SPDX-License-Identifier: BSD-2-Clause */
/* One-time codes by time (RFC 6238, with HMAC-SHA-1, six digits and steps of 30 seconds, as
 * applications on phones have it). */
#ifndef RVL_EAP_TOTP_H
#define RVL_EAP_TOTP_H

#include "host/conf/conf.h"
#include "host/ike/cursor.h"

enum { TOTP_DIGITS = CONF_CODE_LEN, TOTP_PERIOD = 30 /* seconds */ };

/* The code of a step (HOTP, RFC 4226, section 5.3), with a 0 behind it. -EIO: OpenSSL fails. */
int totp_code(struct ike_slice key, uint64_t step, char out[TOTP_DIGITS + 1]);

#endif
