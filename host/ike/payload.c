/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/ike/payload.h"

static int verdict(const struct ike_cursor *c)
{
	return ike_cursor_ok(c) ? 0 : IKE_N_INVALID_SYNTAX;
}

/* Section 3.3.5: with the high bit set, the value is the second half of the fixed four octets. */
static void parse_transform_attributes(struct ike_slice attributes, struct ike_transform *t,
				       struct ike_cursor *outer)
{
	struct ike_cursor c = ike_cursor(attributes);

	while (ike_cursor_left(&c)) {
		uint16_t type = ike_get_u16(&c);
		uint16_t value = ike_get_u16(&c);

		if (type == (IKE_ATTRIBUTE_KEY_LENGTH | 0x8000)) {
			/* A second key length, or one of zero bits, is no algorithm of ours. */
			if (t->key_bits || value == 0)
				t->usable = false;
			t->key_bits = value;
			continue;
		}
		if (!(type & 0x8000))
			ike_get_slice(&c, value);
		t->usable = false;
	}
	if (!ike_cursor_ok(&c))
		outer->failed = true;
}

static void parse_transforms(struct ike_cursor *c, unsigned count, struct ike_sa_payload *out)
{
	for (unsigned i = 0; i < count && ike_cursor_ok(c); i++) {
		uint8_t more = ike_get_u8(c);
		struct ike_transform t = {.usable = true};
		uint16_t len;

		ike_get_u8(c);
		len = ike_get_u16(c);
		t.type = ike_get_u8(c);
		ike_get_u8(c);
		t.id = ike_get_u16(c);
		if (len < 8 || more != (i + 1 < count ? 3 : 0) ||
		    out->transform_count == IKE_TRANSFORMS_MAX) {
			c->failed = true;
			return;
		}
		parse_transform_attributes(ike_get_slice(c, len - 8u), &t, c);
		out->transforms[out->transform_count++] = t;
	}
}

int ike_parse_sa(struct ike_slice body, struct ike_sa_payload *out)
{
	struct ike_cursor c = ike_cursor(body);
	uint8_t more = 2;

	out->proposal_count = 0;
	out->transform_count = 0;
	while (more == 2) {
		struct ike_received_proposal p = {.first = out->transform_count};
		uint16_t len;
		struct ike_slice inside;
		struct ike_cursor in;
		uint8_t spi_size;

		more = ike_get_u8(&c);
		ike_get_u8(&c);
		len = ike_get_u16(&c);
		inside = ike_get_slice(&c, len < 4 ? 0 : len - 4u);
		if (!ike_cursor_ok(&c) || (more != 0 && more != 2) ||
		    out->proposal_count == IKE_PROPOSALS_MAX)
			return IKE_N_INVALID_SYNTAX;
		in = ike_cursor(inside);
		p.number = ike_get_u8(&in);
		p.protocol = ike_get_u8(&in);
		spi_size = ike_get_u8(&in);
		p.count = ike_get_u8(&in);
		p.spi = ike_get_slice(&in, spi_size);
		parse_transforms(&in, p.count, out);
		if (!ike_cursor_ok(&in) || ike_cursor_left(&in))
			return IKE_N_INVALID_SYNTAX;
		out->proposals[out->proposal_count++] = p;
	}
	return ike_cursor_left(&c) ? IKE_N_INVALID_SYNTAX : 0;
}

void ike_write_sa(struct ike_builder *b, const struct ike_proposal *proposals, unsigned count,
		  uint8_t number, struct ike_slice spi)
{
	struct ike_writer *w = &b->w;

	ike_build_begin(b, IKE_PAYLOAD_SA);
	for (unsigned i = 0; i < count; i++) {
		const struct ike_proposal *p = &proposals[i];
		size_t at = w->len;

		ike_put_u8(w, i + 1 < count ? 2 : 0);
		ike_put_u8(w, 0);
		ike_put_u16(w, 0);
		ike_put_u8(w, number ? number : (uint8_t)(i + 1));
		ike_put_u8(w, p->protocol);
		ike_put_u8(w, (uint8_t)spi.len);
		ike_put_u8(w, (uint8_t)p->count);
		ike_put_slice(w, spi);
		for (unsigned k = 0; k < p->count; k++) {
			const struct ike_transform *t = &p->transforms[k];

			ike_put_u8(w, k + 1 < p->count ? 3 : 0);
			ike_put_u8(w, 0);
			ike_put_u16(w, t->key_bits ? 12 : 8);
			ike_put_u8(w, t->type);
			ike_put_u8(w, 0);
			ike_put_u16(w, t->id);
			if (t->key_bits) {
				ike_put_u16(w, IKE_ATTRIBUTE_KEY_LENGTH | 0x8000);
				ike_put_u16(w, t->key_bits);
			}
		}
		ike_patch_be(w, at + 2, w->len - at, 2);
	}
	ike_build_end(b);
}

int ike_parse_ke(struct ike_slice body, struct ike_ke *out)
{
	struct ike_cursor c = ike_cursor(body);

	out->group = ike_get_u16(&c);
	ike_get_u16(&c);
	out->data = ike_get_rest(&c);
	return verdict(&c);
}

void ike_write_ke(struct ike_builder *b, uint16_t group, struct ike_slice data)
{
	ike_build_begin(b, IKE_PAYLOAD_KE);
	ike_put_u16(&b->w, group);
	ike_put_u16(&b->w, 0);
	ike_put_slice(&b->w, data);
	ike_build_end(b);
}

int ike_parse_id(struct ike_slice body, struct ike_id_payload *out)
{
	struct ike_cursor c = ike_cursor(body);

	out->type = ike_get_u8(&c);
	ike_get_be(&c, 3);
	out->data = ike_get_rest(&c);
	return verdict(&c);
}

void ike_write_id(struct ike_builder *b, uint8_t payload, uint8_t type, struct ike_slice data)
{
	ike_build_begin(b, payload);
	ike_put_u8(&b->w, type);
	ike_put_be(&b->w, 0, 3);
	ike_put_slice(&b->w, data);
	ike_build_end(b);
}

int ike_parse_cert(struct ike_slice body, struct ike_cert *out)
{
	struct ike_cursor c = ike_cursor(body);

	out->encoding = ike_get_u8(&c);
	out->data = ike_get_rest(&c);
	return verdict(&c);
}

void ike_write_cert(struct ike_builder *b, uint8_t payload, uint8_t encoding, struct ike_slice data)
{
	ike_build_begin(b, payload);
	ike_put_u8(&b->w, encoding);
	ike_put_slice(&b->w, data);
	ike_build_end(b);
}

int ike_parse_auth(struct ike_slice body, struct ike_auth *out)
{
	struct ike_cursor c = ike_cursor(body);

	out->method = ike_get_u8(&c);
	ike_get_be(&c, 3);
	out->data = ike_get_rest(&c);
	return verdict(&c);
}

void ike_write_auth(struct ike_builder *b, uint8_t method, struct ike_slice data)
{
	ike_build_begin(b, IKE_PAYLOAD_AUTH);
	ike_put_u8(&b->w, method);
	ike_put_be(&b->w, 0, 3);
	ike_put_slice(&b->w, data);
	ike_build_end(b);
}

/* Section 3.9: between 16 and 256 octets. */
int ike_parse_nonce(struct ike_slice body, struct ike_slice *out)
{
	*out = body;
	return body.len < IKE_NONCE_MIN || body.len > IKE_NONCE_MAX ? IKE_N_INVALID_SYNTAX : 0;
}

void ike_write_nonce(struct ike_builder *b, struct ike_slice nonce)
{
	ike_build_begin(b, IKE_PAYLOAD_NONCE);
	ike_put_slice(&b->w, nonce);
	ike_build_end(b);
}

int ike_parse_notify(struct ike_slice body, struct ike_notify *out)
{
	struct ike_cursor c = ike_cursor(body);
	uint8_t spi_size;

	out->protocol = ike_get_u8(&c);
	spi_size = ike_get_u8(&c);
	out->type = ike_get_u16(&c);
	out->spi = ike_get_slice(&c, spi_size);
	out->data = ike_get_rest(&c);
	return verdict(&c);
}

void ike_write_notify(struct ike_builder *b, uint8_t protocol, struct ike_slice spi, uint16_t type,
		      struct ike_slice data)
{
	ike_build_begin(b, IKE_PAYLOAD_NOTIFY);
	ike_put_u8(&b->w, protocol);
	ike_put_u8(&b->w, (uint8_t)spi.len);
	ike_put_u16(&b->w, type);
	ike_put_slice(&b->w, spi);
	ike_put_slice(&b->w, data);
	ike_build_end(b);
}

/* Section 3.11: no SPI for IKE, four octets each for AH and ESP. */
int ike_parse_delete(struct ike_slice body, struct ike_delete *out)
{
	struct ike_cursor c = ike_cursor(body);

	out->protocol = ike_get_u8(&c);
	out->spi_size = ike_get_u8(&c);
	out->count = ike_get_u16(&c);
	out->spis = ike_get_slice(&c, (size_t)out->spi_size * out->count);
	if (ike_cursor_left(&c))
		return IKE_N_INVALID_SYNTAX;
	if (out->protocol == IKE_PROTO_IKE && out->spi_size != 0)
		return IKE_N_INVALID_SYNTAX;
	if ((out->protocol == IKE_PROTO_ESP || out->protocol == IKE_PROTO_AH) && out->spi_size != 4)
		return IKE_N_INVALID_SYNTAX;
	return verdict(&c);
}

void ike_write_delete(struct ike_builder *b, uint8_t protocol, uint8_t spi_size, uint16_t count,
		      struct ike_slice spis)
{
	ike_build_begin(b, IKE_PAYLOAD_DELETE);
	ike_put_u8(&b->w, protocol);
	ike_put_u8(&b->w, spi_size);
	ike_put_u16(&b->w, count);
	ike_put_slice(&b->w, spis);
	ike_build_end(b);
}

void ike_write_vendor(struct ike_builder *b, struct ike_slice id)
{
	ike_build_begin(b, IKE_PAYLOAD_VENDOR);
	ike_put_slice(&b->w, id);
	ike_build_end(b);
}

/*
 * All selectors are checked, but only the first IKE_TS_MAX are kept: a responder may narrow to
 * any part of what it is offered. Types that are not ranges of addresses are left out likewise.
 */
int ike_parse_ts(struct ike_slice body, struct ike_ts_list *out)
{
	struct ike_cursor c = ike_cursor(body);
	uint8_t count = ike_get_u8(&c);

	out->count = 0;
	ike_get_be(&c, 3);
	if (count == 0)
		return IKE_N_INVALID_SYNTAX;
	for (unsigned i = 0; i < count && ike_cursor_ok(&c); i++) {
		struct ike_ts ts = {0};
		uint8_t type = ike_get_u8(&c);
		struct ike_slice first, last, inside;
		struct ike_cursor in;
		uint16_t len;
		size_t size;

		ts.protocol = ike_get_u8(&c);
		len = ike_get_u16(&c);
		inside = ike_get_slice(&c, len < 4 ? 0 : len - 4u);
		if (len < 4 || !ike_cursor_ok(&c))
			return IKE_N_INVALID_SYNTAX;
		if (type != IKE_TS_IPV4_ADDR_RANGE && type != IKE_TS_IPV6_ADDR_RANGE)
			continue;
		in = ike_cursor(inside);
		ts.family = type == IKE_TS_IPV4_ADDR_RANGE ? 4 : 6;
		size = ts.family == 4 ? 4 : 16;
		ts.port_first = ike_get_u16(&in);
		ts.port_last = ike_get_u16(&in);
		first = ike_get_slice(&in, size);
		last = ike_get_slice(&in, size);
		if (!ike_cursor_ok(&in) || ike_cursor_left(&in))
			return IKE_N_INVALID_SYNTAX;
		memcpy(ts.first, first.data, size);
		memcpy(ts.last, last.data, size);
		if (memcmp(ts.first, ts.last, size) > 0)
			return IKE_N_INVALID_SYNTAX;
		if (out->count < IKE_TS_MAX)
			out->list[out->count++] = ts;
	}
	if (ike_cursor_left(&c))
		return IKE_N_INVALID_SYNTAX;
	return verdict(&c);
}

void ike_write_ts(struct ike_builder *b, uint8_t payload, const struct ike_ts_list *list)
{
	struct ike_writer *w = &b->w;

	ike_build_begin(b, payload);
	ike_put_u8(w, (uint8_t)list->count);
	ike_put_be(w, 0, 3);
	for (unsigned i = 0; i < list->count; i++) {
		const struct ike_ts *ts = &list->list[i];
		size_t size = ts->family == 4 ? 4 : 16;

		ike_put_u8(w, ts->family == 4 ? IKE_TS_IPV4_ADDR_RANGE : IKE_TS_IPV6_ADDR_RANGE);
		ike_put_u8(w, ts->protocol);
		ike_put_u16(w, (uint16_t)(8 + 2 * size));
		ike_put_u16(w, ts->port_first);
		ike_put_u16(w, ts->port_last);
		ike_put(w, ts->first, size);
		ike_put(w, ts->last, size);
	}
	ike_build_end(b);
}

/* Section 3.15: here the attribute type is 15 bits and a length always follows. */
int ike_parse_cp(struct ike_slice body, struct ike_cp *out)
{
	struct ike_cursor c = ike_cursor(body);

	out->count = 0;
	out->type = ike_get_u8(&c);
	ike_get_be(&c, 3);
	while (ike_cursor_ok(&c) && ike_cursor_left(&c)) {
		struct ike_attribute a;
		uint16_t len;

		a.type = ike_get_u16(&c) & 0x7fff;
		len = ike_get_u16(&c);
		a.value = ike_get_slice(&c, len);
		if (!ike_cursor_ok(&c) || out->count == IKE_ATTRIBUTES_MAX)
			return IKE_N_INVALID_SYNTAX;
		out->attributes[out->count++] = a;
	}
	return verdict(&c);
}

void ike_write_cp(struct ike_builder *b, const struct ike_cp *cp)
{
	ike_build_begin(b, IKE_PAYLOAD_CP);
	ike_put_u8(&b->w, cp->type);
	ike_put_be(&b->w, 0, 3);
	for (unsigned i = 0; i < cp->count; i++) {
		ike_put_u16(&b->w, cp->attributes[i].type);
		ike_put_u16(&b->w, (uint16_t)cp->attributes[i].value.len);
		ike_put_slice(&b->w, cp->attributes[i].value);
	}
	ike_build_end(b);
}

/* Section 3.16: the length inside repeats the payload's. */
int ike_parse_eap(struct ike_slice body, struct ike_eap *out)
{
	struct ike_cursor c = ike_cursor(body);
	uint16_t len;

	out->code = ike_get_u8(&c);
	out->identifier = ike_get_u8(&c);
	len = ike_get_u16(&c);
	out->data = ike_get_rest(&c);
	return len != body.len ? IKE_N_INVALID_SYNTAX : verdict(&c);
}

void ike_write_eap(struct ike_builder *b, const struct ike_eap *eap)
{
	ike_build_begin(b, IKE_PAYLOAD_EAP);
	ike_put_u8(&b->w, eap->code);
	ike_put_u8(&b->w, eap->identifier);
	ike_put_u16(&b->w, (uint16_t)(4 + eap->data.len));
	ike_put_slice(&b->w, eap->data);
	ike_build_end(b);
}

int ike_parse_skf(struct ike_slice body, struct ike_skf *out)
{
	struct ike_cursor c = ike_cursor(body);

	out->number = ike_get_u16(&c);
	out->total = ike_get_u16(&c);
	out->data = ike_get_rest(&c);
	if (out->number == 0 || out->number > out->total)
		return IKE_N_INVALID_SYNTAX;
	return verdict(&c);
}

bool ike_find_notify(const struct ike_payloads *p, uint16_t type, struct ike_notify *out)
{
	for (unsigned i = 0; i < p->count; i++) {
		if (p->list[i].type == IKE_PAYLOAD_NOTIFY &&
		    ike_parse_notify(p->list[i].body, out) == 0 && out->type == type)
			return true;
	}
	return false;
}
