/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/ike/ability.h"

#include <stdio.h>

const struct rvl_abilities ike_every_ability = {
	.protocols = 1u << RVL_PROTOCOL_ESP | 1u << RVL_PROTOCOL_AH,
	.modes = 1u << RVL_TUNNEL | 1u << RVL_TRANSPORT,
	.outer = RVL_FAMILY_IPV4 | RVL_FAMILY_IPV6,
	.inner = RVL_FAMILY_IPV4 | RVL_FAMILY_IPV6,
	.encr = UINT64_MAX,
	.integ = UINT64_MAX,
	.esn = true,
	.encap = RVL_FAMILY_IPV4 | RVL_FAMILY_IPV6,
	.nat_transport = true,
	.tfc = true,
	.headers = true,
	.if_ids = true,
	.marks = true,
	.per_cpu = UINT32_MAX,
	.window = UINT32_MAX,
	.events = UINT32_MAX,
};

const struct rvl_encr *ike_encr_row(const struct ike_transform *t)
{
	/* What has keys of one length has no attribute that says it (RFC 7634, section 4). */
	bool chacha =
		t->id == IKE_ENCR_CHACHA20_POLY1305 || t->id == IKE_ENCR_CHACHA20_POLY1305_IIV;

	return t->type == IKE_TRANSFORM_ENCR ? rvl_encr_find(t->id, chacha ? 32 : t->key_bits / 8u)
					     : NULL;
}

static bool has_protocol(const struct ike_proposal *p, const struct rvl_abilities *can)
{
	return can->protocols >>
		       (p->protocol == IKE_PROTO_AH ? RVL_PROTOCOL_AH : RVL_PROTOCOL_ESP) &
	       1;
}

static bool has(const struct ike_transform *t, const struct rvl_abilities *can)
{
	switch (t->type) {
	case IKE_TRANSFORM_ENCR:
		return can->encr & rvl_encr_bit(ike_encr_row(t));
	case IKE_TRANSFORM_INTEG:
		return rvl_can_integ(can, t->id);
	case IKE_TRANSFORM_ESN:
		return t->id != IKE_ESN_YES || can->esn;
	default:
		return true;
	}
}

bool ike_proposal_fit(struct ike_proposal *p, const struct rvl_abilities *can)
{
	const struct ike_proposal all = *p;
	uint8_t before = 0, after = 0; /* 1 << type */

	p->count = 0;
	for (unsigned i = 0; i < all.count; i++) {
		const struct ike_transform *t = &all.transforms[i];

		before |= (uint8_t)(1 << t->type);
		if (!has(t, can))
			continue;
		after |= (uint8_t)(1 << t->type);
		p->transforms[p->count++] = *t;
	}
	return before == after && has_protocol(p, can);
}

bool ike_proposal_lacks(const struct ike_proposal *p, const struct rvl_abilities *can, char *text,
			size_t size)
{
	if (size)
		*text = 0;
	if (!has_protocol(p, can)) {
		snprintf(text, size, "%s", p->protocol == IKE_PROTO_AH ? "AH" : "ESP");
		return true;
	}
	for (unsigned i = 0; i < p->count; i++) {
		const struct ike_transform *t = &p->transforms[i];
		const struct rvl_encr *encr = ike_encr_row(t);
		const struct rvl_integ *integ = rvl_integ_find(t->id);

		if (has(t, can))
			continue;
		if (t->type == IKE_TRANSFORM_ESN)
			snprintf(text, size, "extended sequence numbers (esn)");
		else if (t->type == IKE_TRANSFORM_ENCR && encr)
			snprintf(text, size, "%s (%s)", encr->title, encr->name);
		else if (t->type == IKE_TRANSFORM_INTEG && integ)
			snprintf(text, size, "%s (%s)", integ->title, integ->name);
		else
			snprintf(text, size, "%s", ike_algorithm_name(t->type, t->id));
		return true;
	}
	return false;
}
