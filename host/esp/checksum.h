/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checksums of upper headers over addresses that a NAT has changed.
 */
#ifndef RVL_ESP_CHECKSUM_H
#define RVL_ESP_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

#include "host/esp/addr.h"

/*
 * The checksum of the upper header at p, of which len octets are there, was made with one address
 * in its pseudo header, and is to be right with another of the same family (RFC 1624, equation 3).
 * Of a protocol that has no such checksum, and where there is none, nothing happens.
 */
void rvl_checksum_readdress(uint8_t *p, size_t len, uint8_t protocol, const struct rvl_addr *from,
			    const struct rvl_addr *to);

#endif
