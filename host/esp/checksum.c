// SPDX-License-Identifier: BSD-2-Clause
#include "host/esp/checksum.h"

#include <stdbool.h>

#include "host/esp/ip.h"

/* Where a protocol has its checksum over the pseudo header. */
static const struct {
	uint8_t protocol;
	uint8_t at;
	bool optional; /* 0: there is none */
} fields[] = {
	{RVL_IP_PROTO_TCP, 16, false},	   {RVL_IP_PROTO_UDP, 6, true},
	{RVL_IP_PROTO_UDP_LITE, 6, false}, {RVL_IP_PROTO_DCCP, 6, false},
	{RVL_IP_PROTO_ICMPV6, 2, false},   {RVL_IP_PROTO_MOBILITY, 4, false},
};

void rvl_checksum_readdress(uint8_t *p, size_t len, uint8_t protocol, const struct rvl_addr *from,
			    const struct rvl_addr *to)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		uint8_t *field = p + fields[i].at;
		uint32_t sum;

		if (fields[i].protocol != protocol || from->family != to->family ||
		    len < fields[i].at + 2u || (fields[i].optional && !rvl_get_be16(field)))
			continue;
		sum = (uint16_t)~rvl_get_be16(field);
		for (size_t k = 0; k < sizeof(from->octets); k += 2)
			sum += (uint16_t)~rvl_get_be16(from->octets + k) +
			       rvl_get_be16(to->octets + k);
		while (sum >> 16)
			sum = (sum & 0xffff) + (sum >> 16);
		sum = (uint16_t)~sum;
		rvl_put_be16(field, (uint16_t)(!sum && fields[i].optional ? UINT16_MAX : sum));
	}
}
