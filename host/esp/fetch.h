/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The library's implementations of the algorithms of suite.h, fetched once for the process.
 */
#ifndef RVL_ESP_FETCH_H
#define RVL_ESP_FETCH_H

#include <openssl/evp.h>

#include "host/esp/keyed.h"
#include "host/esp/suite.h"

/* NULL where the row has none, or the library doesn't have it. */
const struct rvl_algorithm *rvl_fetch_encr(const struct rvl_encr *row);
const struct rvl_algorithm *rvl_fetch_gmac(const struct rvl_integ *row);
EVP_MAC *rvl_fetch_hmac(void);

/* Does the library have all that the suite takes? */
bool rvl_fetch_has(const struct rvl_suite *suite);

#endif
