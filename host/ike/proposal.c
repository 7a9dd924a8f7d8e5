/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/ike/payload.h"

#include <stdio.h>

bool ike_encr_is_aead(uint16_t encr)
{
	switch (encr) {
	case IKE_ENCR_AES_GCM_8:
	case IKE_ENCR_AES_GCM_12:
	case IKE_ENCR_AES_GCM_16:
	case IKE_ENCR_AES_GCM_16_IIV:
	case IKE_ENCR_NULL_AUTH_AES_GMAC:
	case IKE_ENCR_CHACHA20_POLY1305:
	case IKE_ENCR_CHACHA20_POLY1305_IIV:
		return true;
	default:
		return false;
	}
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

void ike_proposal_remove(struct ike_proposal *p, uint8_t type, uint16_t id)
{
	unsigned count = p->count;

	p->count = 0;
	for (unsigned i = 0; i < count; i++) {
		if (p->transforms[i].type != type || p->transforms[i].id != id)
			p->transforms[p->count++] = p->transforms[i];
	}
}

static bool proposal_equal(const struct ike_proposal *a, const struct ike_proposal *b)
{
	bool equal = a->protocol == b->protocol && a->count == b->count;

	for (unsigned i = 0; equal && i < a->count; i++) {
		const struct ike_transform *s = &a->transforms[i], *t = &b->transforms[i];

		equal = s->type == t->type && s->usable == t->usable && s->id == t->id &&
			s->key_bits == t->key_bits;
	}
	return equal;
}

bool ike_proposals_equal(const struct ike_proposal *a, unsigned a_count,
			 const struct ike_proposal *b, unsigned b_count)
{
	bool equal = a_count == b_count;

	for (unsigned i = 0; equal && i < a_count; i++)
		equal = proposal_equal(&a[i], &b[i]);
	return equal;
}

static const struct form {
	bool child; /* for ESP or AH, else for IKE */
	uint8_t spi_size;
	uint64_t spi_min; /* below: reserved (RFC 7296, section 3.1; RFC 4303, section 2.1) */
	bool ke;
} forms[] = {
	[IKE_PURPOSE_INIT] = {false, 0, 0, true},
	[IKE_PURPOSE_REKEY] = {false, 8, 1, true},
	[IKE_PURPOSE_AUTH] = {true, 4, 256, false},
	[IKE_PURPOSE_CHILD] = {true, 4, 256, true},
};

bool ike_protocol_is_child(uint8_t protocol)
{
	return protocol == IKE_PROTO_ESP || protocol == IKE_PROTO_AH;
}

static bool form_fits(const struct form *form, const struct ike_received_proposal *p, uint64_t *spi)
{
	struct ike_cursor c = ike_cursor(p->spi);

	if (p->spi.len != form->spi_size ||
	    (form->child ? !ike_protocol_is_child(p->protocol) : p->protocol != IKE_PROTO_IKE))
		return false;
	*spi = ike_get_be(&c, form->spi_size);
	return *spi >= form->spi_min;
}

/* Section 3.3.3: which transform types there are for a protocol. */
static bool type_known(uint8_t protocol, uint8_t type)
{
	switch (type) {
	case IKE_TRANSFORM_INTEG:
	case IKE_TRANSFORM_KE:
		return true;
	case IKE_TRANSFORM_ENCR:
		return protocol != IKE_PROTO_AH;
	case IKE_TRANSFORM_PRF:
		return protocol == IKE_PROTO_IKE;
	case IKE_TRANSFORM_ESN:
		return ike_protocol_is_child(protocol);
	default:
		return false;
	}
}

/* Types whose ID 0 is what a proposal without that type means: NONE, or ESNs that aren't used. */
static bool type_optional(uint8_t type)
{
	return type == IKE_TRANSFORM_INTEG || type == IKE_TRANSFORM_KE || type == IKE_TRANSFORM_ESN;
}

static uint16_t *suite_id(struct ike_suite *suite, uint8_t type)
{
	switch (type) {
	case IKE_TRANSFORM_ENCR:
		return &suite->encr;
	case IKE_TRANSFORM_PRF:
		return &suite->prf;
	case IKE_TRANSFORM_INTEG:
		return &suite->integ;
	case IKE_TRANSFORM_KE:
		return &suite->group;
	default:
		return &suite->esn;
	}
}

static void suite_set(struct ike_suite *suite, const struct ike_transform *t)
{
	*suite_id(suite, t->type) = t->id;
	suite->types |= (uint8_t)(1 << t->type);
	if (t->type == IKE_TRANSFORM_ENCR)
		suite->encr_bits = t->key_bits;
}

static struct ike_transform suite_get(struct ike_suite suite, uint8_t type)
{
	return (struct ike_transform){.type = type,
				      .usable = true,
				      .id = *suite_id(&suite, type),
				      .key_bits = type == IKE_TRANSFORM_ENCR ? suite.encr_bits : 0};
}

static bool suite_complete(const struct ike_suite *s)
{
	if (s->protocol == IKE_PROTO_AH)
		return s->integ != IKE_INTEG_NONE;
	if (!s->encr || ike_encr_is_aead(s->encr) != (s->integ == IKE_INTEG_NONE))
		return false;
	return s->protocol != IKE_PROTO_IKE || (s->prf && s->group);
}

static bool same_transform(const struct ike_transform *a, const struct ike_transform *b)
{
	return a->type == b->type && a->id == b->id && a->key_bits == b->key_bits;
}

static bool has_type(const struct ike_proposal *p, uint8_t type)
{
	for (unsigned i = 0; i < p->count; i++) {
		if (p->transforms[i].type == type)
			return true;
	}
	return false;
}

/* Of what a proposal of the peer has for each type. */
struct offer {
	bool any[IKE_TRANSFORM_ESN + 1];
	bool zero[IKE_TRANSFORM_ESN + 1];
	const struct ike_transform *best[IKE_TRANSFORM_ESN + 1]; /* of ours */
};

static bool preferred(const struct ike_transform *t, const struct ike_transform *best,
		      uint16_t group)
{
	if (!best)
		return true;
	if (t->type == IKE_TRANSFORM_KE && (t->id == group) != (best->id == group))
		return t->id == group;
	return t < best;
}

/* Returns false when there is a type that can't be answered, such as ADDKE1 of RFC 9370. */
static bool read_offer(const struct ike_received_proposal *peer, const struct ike_proposal *own,
		       uint16_t group, struct offer *out)
{
	struct ike_cursor c = ike_cursor(peer->transforms);
	struct ike_transform t;

	*out = (struct offer){0};
	while (ike_next_transform(&c, &t)) {
		if (!type_known(peer->protocol, t.type))
			return false;
		out->any[t.type] = true;
		if (!t.usable)
			continue;
		out->zero[t.type] |= t.id == 0 && t.key_bits == 0;
		for (unsigned i = 0; i < own->count; i++) {
			const struct ike_transform *mine = &own->transforms[i];

			if (same_transform(mine, &t) && preferred(mine, out->best[t.type], group))
				out->best[t.type] = mine;
		}
	}
	return true;
}

/* A type that says nothing here: its NONE is answered where it is offered, the rest is not. */
static bool type_idle(const struct form *form, const struct ike_suite *suite, uint8_t type)
{
	return (type == IKE_TRANSFORM_INTEG && ike_encr_is_aead(suite->encr)) ||
	       (type == IKE_TRANSFORM_KE && !form->ke);
}

/* Choose one transform of a type, or none where neither side has any or one means so. */
static bool select_type(const struct form *form, const struct ike_proposal *own,
			const struct offer *peer, uint8_t type, struct ike_suite *suite)
{
	struct ike_transform zero = {.type = type};
	bool own_any = has_type(own, type);

	if (type_idle(form, suite, type)) {
		if (peer->zero[type])
			suite_set(suite, &zero);
		return true;
	}
	if (peer->best[type]) {
		suite_set(suite, peer->best[type]);
		return true;
	}
	if (!own_any && !peer->any[type])
		return true;
	if (!type_optional(type) || (own_any && !ike_proposal_has(own, type, 0)) ||
	    (peer->any[type] && !peer->zero[type]))
		return false;
	if (peer->any[type])
		suite_set(suite, &zero);
	return true;
}

static bool match(const struct form *form, const struct ike_proposal *own,
		  const struct ike_received_proposal *peer, uint16_t group, struct ike_suite *suite)
{
	struct offer offer;

	*suite = (struct ike_suite){.protocol = peer->protocol, .number = peer->number};
	if (own->protocol != peer->protocol || !read_offer(peer, own, group, &offer))
		return false;
	for (uint8_t type = IKE_TRANSFORM_ENCR; type <= IKE_TRANSFORM_ESN; type++) {
		if (!select_type(form, own, &offer, type, suite))
			return false;
	}
	return suite_complete(suite);
}

int ike_proposal_select(enum ike_purpose purpose, const struct ike_proposal *own,
			unsigned own_count, const struct ike_sa_payload *peer, uint16_t group,
			struct ike_suite *suite, uint64_t *spi)
{
	const struct form *form = &forms[purpose];

	for (unsigned i = 0; i < own_count; i++) {
		struct ike_cursor c = ike_cursor(peer->proposals);
		struct ike_received_proposal p;

		while (ike_next_proposal(&c, &p)) {
			if (form_fits(form, &p, spi) && match(form, &own[i], &p, group, suite))
				return 0;
		}
	}
	return IKE_N_NO_PROPOSAL_CHOSEN;
}

bool ike_proposal_allows(const struct ike_proposal *own, const struct ike_suite *suite)
{
	if (own->protocol != suite->protocol)
		return false;
	for (uint8_t type = IKE_TRANSFORM_ENCR; type <= IKE_TRANSFORM_ESN; type++) {
		struct ike_transform t = suite_get(*suite, type);
		bool found = t.id == 0 && !has_type(own, type);

		for (unsigned i = 0; i < own->count; i++)
			found |= same_transform(&own->transforms[i], &t);
		if (!found)
			return false;
	}
	return true;
}

/* The transforms of an answer, one of a type. */
static bool read_answer(const struct ike_received_proposal *answer, struct ike_suite *suite)
{
	struct ike_cursor c = ike_cursor(answer->transforms);
	struct ike_transform t;

	*suite = (struct ike_suite){.protocol = answer->protocol, .number = answer->number};
	while (ike_next_transform(&c, &t)) {
		if (!t.usable || !type_known(answer->protocol, t.type) ||
		    (suite->types & 1 << t.type) || (t.key_bits && t.type != IKE_TRANSFORM_ENCR))
			return false;
		suite_set(suite, &t);
	}
	return suite_complete(suite);
}

int ike_proposal_check_answer(enum ike_purpose purpose, const struct ike_proposal *own,
			      unsigned own_count, const struct ike_sa_payload *answer,
			      struct ike_suite *suite, uint64_t *spi)
{
	const struct form *form = &forms[purpose];
	struct ike_cursor c = ike_cursor(answer->proposals);
	struct ike_received_proposal p;
	struct ike_proposal offered;

	if (!ike_next_proposal(&c, &p) || ike_cursor_left(&c) || p.number < 1 ||
	    p.number > own_count || !form_fits(form, &p, spi) || !read_answer(&p, suite))
		return IKE_N_NO_PROPOSAL_CHOSEN;
	offered = form->ke ? own[p.number - 1]
			   : ike_proposal_without(&own[p.number - 1], IKE_TRANSFORM_KE);
	return ike_proposal_allows(&offered, suite) ? 0 : IKE_N_NO_PROPOSAL_CHOSEN;
}

struct ike_proposal ike_suite_proposal(const struct ike_suite *s)
{
	struct ike_proposal p = {.protocol = s->protocol};

	for (uint8_t type = IKE_TRANSFORM_ENCR; type <= IKE_TRANSFORM_ESN; type++) {
		if (s->types & (1 << type))
			p.transforms[p.count++] = suite_get(*s, type);
	}
	return p;
}

void ike_suite_text(const struct ike_suite *s, char *out, size_t len)
{
	size_t at = 0;

	*out = 0;
	for (uint8_t type = IKE_TRANSFORM_ENCR; type <= IKE_TRANSFORM_ESN && at < len; type++) {
		struct ike_transform t = suite_get(*s, type);
		char bits[16] = "";

		if (!t.id)
			continue;
		if (t.key_bits)
			snprintf(bits, sizeof(bits), "-%u", t.key_bits);
		at += (size_t)snprintf(out + at, len - at, "%s%s%s", at ? "/" : "",
				       ike_algorithm_name(t.type, t.id), bits);
	}
}
