// SPDX-License-Identifier: BSD-2-Clause
#include "host/esp/size.h"

#include "host/esp/ip.h"
#include "host/esp/suite.h"

#define ESP_FIXED 8	/* SPI and sequence number */
#define ESP_TRAILER 2	/* pad length and next header */
#define ESP_ALIGNMENT 4 /* RFC 4303, section 2.4 */
#define AH_FIXED 12	/* RFC 4302, section 2, up to the ICV */

/* A multiple of 4 octets, and over IPv6 of 8 (RFC 4302, section 3.3.3.2.1). */
static size_t ah_len(const struct rvl_suite *suite, uint8_t family)
{
	size_t len = AH_FIXED + suite->integ->iv + suite->integ->icv, unit = family == 6 ? 8 : 4;

	return (len + unit - 1) / unit * unit;
}

size_t rvl_sa_fits(const struct rvl_sa_params *params, size_t outer, size_t header)
{
	bool tunnel = params->mode == RVL_TUNNEL;
	size_t ip = params->dst.family == 6 ? RVL_IPV6_HEADER : RVL_IP_HEADER;
	struct rvl_suite suite;
	size_t around, block, text;

	if (!rvl_suite_of(params, &suite))
		return 0;
	if (params->protocol == RVL_PROTOCOL_AH) {
		around = (tunnel ? ip : 0) + ah_len(&suite, params->dst.family);
		return outer > around ? outer - around : 0;
	}
	around = (tunnel ? ip : header) + (params->encap ? RVL_UDP_HEADER : 0u) + ESP_FIXED +
		 suite.encr->iv + rvl_suite_icv(&suite);
	block = suite.encr->block > ESP_ALIGNMENT ? suite.encr->block : ESP_ALIGNMENT;
	text = outer > around ? (outer - around) / block * block : 0;
	if (text < ESP_TRAILER)
		return 0;
	return text - ESP_TRAILER + (tunnel ? 0 : header);
}
