// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/own_ike.h"

#include <stdlib.h>

#include "host/esp/engine.h"
#include "host/esp/reassembly.h"

struct begun {
	struct rvl_fragment_name name;
	uint64_t until_ms;
};

struct rvl_own_ike {
	struct rvl_policies *policies;
	struct rvl_inbound *inbound;
	uint16_t ports[2];
	struct begun begun[RVL_OWN_IKE_DATAGRAMS];
	size_t next;
};

struct rvl_own_ike *rvl_own_ike_new(struct rvl_policies *policies, struct rvl_inbound *inbound,
				    const uint16_t ports[2])
{
	struct rvl_own_ike *own = calloc(1, sizeof(*own));

	if (!own)
		return NULL;
	own->policies = policies;
	own->inbound = inbound;
	own->ports[0] = ports[0];
	own->ports[1] = ports[1];
	return own;
}

void rvl_own_ike_free(struct rvl_own_ike *own)
{
	free(own);
}

/* The first fragment of one that a policy lets pass. */
static bool begins(struct rvl_own_ike *own, const struct rvl_ip *ip)
{
	struct rvl_policy policy;

	return !ip->later_fragment && ip->protocol == RVL_IP_PROTO_UDP &&
	       ip->ports == RVL_PORTS_BOTH &&
	       (ip->src_port == own->ports[0] || ip->src_port == own->ports[1]) &&
	       rvl_inbound_is_own(own->inbound, &ip->src) &&
	       rvl_policies_find(own->policies, ip, &policy) && policy.action == RVL_BYPASS;
}

static bool is_begun(const struct rvl_own_ike *own, const struct rvl_fragment_name *name,
		     uint64_t now_ms)
{
	for (size_t i = 0; i < RVL_OWN_IKE_DATAGRAMS; i++)
		if (now_ms < own->begun[i].until_ms &&
		    rvl_fragment_name_equal(&own->begun[i].name, name))
			return true;
	return false;
}

bool rvl_own_ike_goes_on(struct rvl_own_ike *own, const uint8_t *frame, size_t len, uint64_t now_ms)
{
	struct rvl_fragment_name name;
	struct rvl_ip ip;
	size_t l3;

	if (rvl_frame_parse(frame, len, &ip, &l3) != RVL_FRAME_IP || !ip.fragment ||
	    !rvl_fragment_name(frame + l3, len - l3, &name))
		return false;
	if (ip.later_fragment)
		return is_begun(own, &name, now_ms);
	if (begins(own, &ip))
		own->begun[own->next++ % RVL_OWN_IKE_DATAGRAMS] =
			(struct begun){name, now_ms + RVL_OWN_IKE_MS};
	return false;
}
