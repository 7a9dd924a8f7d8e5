/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/ike/proposal.h"

#include <stdio.h>

bool ike_encr_is_aead(uint16_t encr)
{
	return encr == IKE_ENCR_AES_GCM_16 || encr == IKE_ENCR_CHACHA20_POLY1305;
}

struct ike_proposal ike_proposal_without(const struct ike_proposal *p, uint8_t type)
{
	struct ike_proposal out = {.protocol = p->protocol};

	for (unsigned i = 0; i < p->count; i++) {
		if (p->transforms[i].type != type)
			out.transforms[out.count++] = p->transforms[i];
	}
	return out;
}

bool ike_proposal_has(const struct ike_proposal *p, uint8_t type, uint16_t id)
{
	for (unsigned i = 0; i < p->count; i++) {
		if (p->transforms[i].type == type && p->transforms[i].id == id)
			return true;
	}
	return false;
}

static void suite_set(struct ike_suite *suite, const struct ike_transform *t)
{
	switch (t->type) {
	case IKE_TRANSFORM_ENCR:
		suite->encr = t->id;
		suite->encr_bits = t->key_bits;
		break;
	case IKE_TRANSFORM_PRF:
		suite->prf = t->id;
		break;
	case IKE_TRANSFORM_INTEG:
		suite->integ = t->id;
		break;
	case IKE_TRANSFORM_KE:
		suite->group = t->id;
		break;
	default:
		break;
	}
}

static bool peer_has(const struct ike_sa_payload *sa, const struct ike_received_proposal *p,
		     const struct ike_transform *t)
{
	for (unsigned i = p->first; i < p->first + p->count; i++) {
		const struct ike_transform *o = &sa->transforms[i];

		if (o->usable && o->type == t->type && o->id == t->id && o->key_bits == t->key_bits)
			return true;
	}
	return false;
}

/*
 * Choose one transform of a type. Returns false when the sides have that type but nothing in
 * common. A side that has none of the type is satisfied by "none" (id 0) of the other, which is
 * how KE and INTEG may be optional (section 3.3.6); ESN and the rest have no "none".
 */
static bool select_type(const struct ike_proposal *own, const struct ike_sa_payload *sa,
			const struct ike_received_proposal *peer, uint8_t type, uint16_t prefer,
			struct ike_suite *suite)
{
	bool has_none = type == IKE_TRANSFORM_KE || type == IKE_TRANSFORM_INTEG;
	struct ike_transform none = {.type = type};
	bool own_any = false, peer_any = false;
	const struct ike_transform *best = NULL;

	for (unsigned i = 0; i < own->count; i++) {
		const struct ike_transform *t = &own->transforms[i];

		if (t->type != type)
			continue;
		own_any = true;
		if (!peer_has(sa, peer, t))
			continue;
		if (!best || (t->id == prefer && best->id != prefer))
			best = t;
	}
	for (unsigned i = peer->first; i < peer->first + peer->count; i++)
		peer_any |= sa->transforms[i].type == type;
	if (best) {
		suite_set(suite, best);
		return true;
	}
	if (!own_any && !peer_any)
		return true;
	if (!own_any)
		return has_none && peer_has(sa, peer, &none);
	return !peer_any && has_none && ike_proposal_has(own, type, 0);
}

/* Which transform types must be there for a protocol (section 3.3.3). */
static bool suite_complete(const struct ike_suite *s)
{
	if (!s->encr || ike_encr_is_aead(s->encr) != (s->integ == IKE_INTEG_NONE))
		return false;
	return s->protocol != IKE_PROTO_IKE || (s->prf && s->group);
}

static bool match(const struct ike_proposal *own, const struct ike_sa_payload *sa,
		  const struct ike_received_proposal *peer, uint16_t prefer, bool ignore_ke,
		  struct ike_suite *suite)
{
	*suite = (struct ike_suite){.protocol = own->protocol, .number = peer->number};
	if (peer->protocol != own->protocol)
		return false;
	for (unsigned i = peer->first; i < peer->first + peer->count; i++) {
		uint8_t type = sa->transforms[i].type;

		/* A type that is not known, such as ADDKE1 of RFC 9370, can't be answered. */
		if (type < IKE_TRANSFORM_ENCR || type > IKE_TRANSFORM_ESN)
			return false;
	}
	for (uint8_t type = IKE_TRANSFORM_ENCR; type <= IKE_TRANSFORM_ESN; type++) {
		if (type == IKE_TRANSFORM_KE && ignore_ke)
			continue;
		if (!select_type(own, sa, peer, type, type == IKE_TRANSFORM_KE ? prefer : 0, suite))
			return false;
	}
	return suite_complete(suite);
}

static bool spi_size_fits(uint8_t protocol, size_t len)
{
	return protocol == IKE_PROTO_IKE ? len == 0 || len == 8 : len == 4;
}

int ike_proposal_select(const struct ike_proposal *own, unsigned own_count,
			const struct ike_sa_payload *peer, uint16_t prefer_group, bool ignore_ke,
			struct ike_suite *suite, struct ike_slice *spi)
{
	for (unsigned i = 0; i < own_count; i++) {
		for (unsigned k = 0; k < peer->proposal_count; k++) {
			const struct ike_received_proposal *p = &peer->proposals[k];

			if (!spi_size_fits(own[i].protocol, p->spi.len) ||
			    !match(&own[i], peer, p, prefer_group, ignore_ke, suite))
				continue;
			*spi = p->spi;
			return 0;
		}
	}
	return IKE_N_NO_PROPOSAL_CHOSEN;
}

int ike_proposal_check_answer(const struct ike_proposal *own, unsigned own_count,
			      const struct ike_sa_payload *answer, bool ignore_ke,
			      struct ike_suite *suite, struct ike_slice *spi)
{
	const struct ike_received_proposal *p = &answer->proposals[0];
	unsigned seen = 0;

	if (answer->proposal_count != 1)
		return IKE_N_NO_PROPOSAL_CHOSEN;
	for (unsigned i = p->first; i < p->first + p->count; i++) {
		unsigned bit = 1u << (answer->transforms[i].type & 31);

		if (seen & bit)
			return IKE_N_NO_PROPOSAL_CHOSEN;
		seen |= bit;
	}
	if (p->number < 1 || p->number > own_count)
		return IKE_N_NO_PROPOSAL_CHOSEN;
	return ike_proposal_select(&own[p->number - 1], 1, answer, 0, ignore_ke, suite, spi);
}

struct ike_proposal ike_suite_proposal(const struct ike_suite *s)
{
	struct ike_proposal p = {.protocol = s->protocol};

	p.transforms[p.count++] = (struct ike_transform){.type = IKE_TRANSFORM_ENCR,
							 .usable = true,
							 .id = s->encr,
							 .key_bits = s->encr_bits};
	if (s->prf)
		p.transforms[p.count++] = (struct ike_transform){
			.type = IKE_TRANSFORM_PRF, .usable = true, .id = s->prf};
	if (s->integ)
		p.transforms[p.count++] = (struct ike_transform){
			.type = IKE_TRANSFORM_INTEG, .usable = true, .id = s->integ};
	if (s->group)
		p.transforms[p.count++] = (struct ike_transform){
			.type = IKE_TRANSFORM_KE, .usable = true, .id = s->group};
	if (s->protocol == IKE_PROTO_ESP)
		p.transforms[p.count++] = (struct ike_transform){
			.type = IKE_TRANSFORM_ESN, .usable = true, .id = IKE_ESN_NO};
	return p;
}

void ike_suite_text(const struct ike_suite *s, char *out, size_t len)
{
	char bits[16] = "";

	if (s->encr_bits)
		snprintf(bits, sizeof(bits), "-%u", s->encr_bits);
	snprintf(out, len, "%s%s%s%s%s%s%s%s", ike_algorithm_name(IKE_TRANSFORM_ENCR, s->encr),
		 bits, s->integ ? "/" : "",
		 s->integ ? ike_algorithm_name(IKE_TRANSFORM_INTEG, s->integ) : "",
		 s->prf ? "/" : "", s->prf ? ike_algorithm_name(IKE_TRANSFORM_PRF, s->prf) : "",
		 s->group ? "/" : "",
		 s->group ? ike_algorithm_name(IKE_TRANSFORM_KE, s->group) : "");
}
