/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ICV of an integrity algorithm (suite.h): HMAC cut to its length (RFC 4868, RFC 2404), or GMAC
 * (RFC 4543). A text goes in by parts. Once it is made nothing is allocated here for a text.
 */
#ifndef RVL_ESP_MAC_H
#define RVL_ESP_MAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/esp/suite.h"

struct rvl_mac;

/* key: of row->key octets; salt: of row->salt. What is pointed to is copied. NULL without memory.
 */
struct rvl_mac *rvl_mac_new(const struct rvl_integ *row, const uint8_t *key, const uint8_t *salt);

/* Cleanses the key. NULL is fine. */
void rvl_mac_free(struct rvl_mac *mac);

/* A new text; iv: row->iv octets that no other text has with this key. */
bool rvl_mac_start(struct rvl_mac *mac, const uint8_t *iv);
bool rvl_mac_add(struct rvl_mac *mac, const uint8_t *part, size_t len);

/* The ICV, row->icv octets. */
bool rvl_mac_end(struct rvl_mac *mac, uint8_t *icv);

#endif
