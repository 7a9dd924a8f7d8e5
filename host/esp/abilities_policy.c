// SPDX-License-Identifier: BSD-2-Clause
/* What policies a data path can have. */
#include "host/esp/abilities.h"
#include "host/esp/ip.h"

const char *rvl_abilities_lack_policy(const struct rvl_abilities *can, const struct rvl_selector *s)
{
	if (rvl_family(&s->src.address) & ~can->policies)
		return rvl_selector_family(s) == 6 ? "policies over IPv6" : "policies over IPv4";
	if (can->types || rvl_selector_any_port(s))
		return NULL;
	if (rvl_selector_opaque(s))
		return "policies by OPAQUE ports";
	return rvl_ip_has_types(s->protocol) ? "policies by the type of an ICMP message" : NULL;
}

const char *rvl_abilities_lack_scopes(const struct rvl_abilities *can,
				      const struct rvl_scopes *scopes)
{
	if ((scopes->in.if_id || scopes->out.if_id) && !can->if_ids)
		return "XFRM interfaces";
	return (scopes->in.mark.mask || scopes->out.mark.mask) && !can->marks ? "marks of packets"
									      : NULL;
}
