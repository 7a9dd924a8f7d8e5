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
		ike_cursor_fail(outer);
}

bool ike_next_transform(struct ike_cursor *c, struct ike_transform *out)
{
	uint8_t more;
	uint16_t len;

	if (!ike_cursor_left(c))
		return false;
	*out = (struct ike_transform){.usable = true};
	more = ike_get_u8(c);
	ike_get_u8(c);
	len = ike_get_u16(c);
	out->type = ike_get_u8(c);
	ike_get_u8(c);
	out->id = ike_get_u16(c);
	if (len < 8)
		ike_cursor_fail(c);
	parse_transform_attributes(ike_get_slice(c, len - (size_t)8), out, c);
	if (more != (ike_cursor_left(c) ? 3 : 0))
		ike_cursor_fail(c);
	return ike_cursor_ok(c);
}

bool ike_next_proposal(struct ike_cursor *c, struct ike_received_proposal *out)
{
	uint8_t more, spi_size;
	struct ike_cursor in;
	uint16_t len;

	if (!ike_cursor_left(c))
		return false;
	more = ike_get_u8(c);
	ike_get_u8(c);
	len = ike_get_u16(c);
	if (len < 4)
		ike_cursor_fail(c);
	in = ike_cursor(ike_get_slice(c, len - (size_t)4));
	out->number = ike_get_u8(&in);
	out->protocol = ike_get_u8(&in);
	spi_size = ike_get_u8(&in);
	out->transform_count = ike_get_u8(&in);
	out->spi = ike_get_slice(&in, spi_size);
	out->transforms = ike_get_rest(&in);
	if (!ike_cursor_ok(&in) || more != (ike_cursor_left(c) ? 2 : 0))
		ike_cursor_fail(c);
	return ike_cursor_ok(c);
}

static bool transforms_hold(const struct ike_received_proposal *p)
{
	struct ike_cursor c = ike_cursor(p->transforms);
	struct ike_transform t;
	unsigned n = 0;

	while (ike_next_transform(&c, &t))
		n++;
	return ike_cursor_ok(&c) && n == p->transform_count;
}

int ike_parse_sa(struct ike_slice body, struct ike_sa_payload *out)
{
	struct ike_cursor c = ike_cursor(body);
	struct ike_received_proposal p;

	out->proposals = ike_slice(NULL, 0);
	do {
		if (!ike_next_proposal(&c, &p) || !transforms_hold(&p))
			return IKE_N_INVALID_SYNTAX;
	} while (ike_cursor_left(&c));
	out->proposals = body;
	return 0;
}

static void write_proposal(struct ike_writer *w, const struct ike_proposal *p, uint8_t number,
			   bool last, struct ike_slice spi)
{
	size_t at = w->len;

	ike_put_u8(w, last ? 0 : 2);
	ike_put_u8(w, 0);
	ike_put_u16(w, 0);
	ike_put_u8(w, number);
	ike_put_u8(w, p->protocol);
	ike_put_u8(w, (uint8_t)spi.len);
	ike_put_u8(w, (uint8_t)p->count);
	ike_put_slice(w, spi);
	for (unsigned i = 0; i < p->count; i++) {
		const struct ike_transform *t = &p->transforms[i];

		ike_put_u8(w, i + 1 < p->count ? 3 : 0);
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

void ike_write_sa(struct ike_builder *b, const struct ike_proposal *proposals, unsigned count,
		  struct ike_slice spi)
{
	ike_build_begin(b, IKE_PAYLOAD_SA);
	for (unsigned i = 0; i < count; i++)
		write_proposal(&b->w, &proposals[i], (uint8_t)(i + 1), i + 1 == count, spi);
	ike_build_end(b);
}

void ike_write_sa_answer(struct ike_builder *b, const struct ike_suite *suite, struct ike_slice spi)
{
	struct ike_proposal p = ike_suite_proposal(suite);

	ike_build_begin(b, IKE_PAYLOAD_SA);
	write_proposal(&b->w, &p, suite->number, true, spi);
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

void ike_write_bare_notify(struct ike_builder *b, uint16_t type)
{
	const struct ike_slice nothing = {0};

	ike_write_notify(b, IKE_PROTO_NONE, nothing, type, nothing);
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

void ike_write_solution(struct ike_builder *b, struct ike_slice keys)
{
	ike_build_begin(b, IKE_PAYLOAD_PS);
	ike_put_slice(&b->w, keys);
	ike_build_end(b);
}

void ike_write_vendor(struct ike_builder *b, struct ike_slice id)
{
	ike_build_begin(b, IKE_PAYLOAD_VENDOR);
	ike_put_slice(&b->w, id);
	ike_build_end(b);
}

void ike_write_padding(struct ike_builder *b, struct ike_slice id, size_t len)
{
	static const uint8_t zeros[256];

	ike_build_begin(b, IKE_PAYLOAD_VENDOR);
	ike_put(&b->w, id.data, len < id.len ? len : id.len);
	for (size_t at = id.len, take; at < len; at += take) {
		take = len - at < sizeof(zeros) ? len - at : sizeof(zeros);
		ike_put(&b->w, zeros, take);
	}
	ike_build_end(b);
}

/* The family stays 0 for a type that isn't a range of addresses. */
static void read_ts(struct ike_cursor *c, struct ike_ts *out)
{
	uint8_t type = ike_get_u8(c);
	struct ike_slice first, last;
	struct ike_cursor in;
	uint16_t len;
	size_t size;

	*out = (struct ike_ts){.protocol = ike_get_u8(c)};
	len = ike_get_u16(c);
	if (len < 4)
		ike_cursor_fail(c);
	in = ike_cursor(ike_get_slice(c, len - (size_t)4));
	if (!ike_cursor_ok(c) || (type != IKE_TS_IPV4_ADDR_RANGE && type != IKE_TS_IPV6_ADDR_RANGE))
		return;
	out->family = type == IKE_TS_IPV4_ADDR_RANGE ? 4 : 6;
	size = out->family == 4 ? 4 : 16;
	out->port_first = ike_get_u16(&in);
	out->port_last = ike_get_u16(&in);
	first = ike_get_slice(&in, size);
	last = ike_get_slice(&in, size);
	if (!ike_cursor_ok(&in) || ike_cursor_left(&in) ||
	    memcmp(first.data, last.data, size) > 0) {
		ike_cursor_fail(c);
		return;
	}
	memcpy(out->first, first.data, size);
	memcpy(out->last, last.data, size);
}

bool ike_next_ts(struct ike_cursor *c, struct ike_ts *out)
{
	while (ike_cursor_left(c)) {
		read_ts(c, out);
		if (out->family)
			return ike_cursor_ok(c);
	}
	return false;
}

int ike_parse_ts(struct ike_slice body, struct ike_ts_payload *out)
{
	struct ike_cursor c = ike_cursor(body);
	uint8_t count = ike_get_u8(&c);
	struct ike_ts ts;

	*out = (struct ike_ts_payload){0};
	ike_get_be(&c, 3);
	if (count == 0)
		return IKE_N_INVALID_SYNTAX;
	for (unsigned i = 0; i < count; i++)
		read_ts(&c, &ts);
	if (!ike_cursor_ok(&c) || ike_cursor_left(&c))
		return IKE_N_INVALID_SYNTAX;
	out->selectors = ike_slice(body.data + 4, body.len - 4);
	return 0;
}

struct ike_addr ike_ts_payload_host(const struct ike_ts_payload *payload)
{
	struct ike_cursor c = ike_cursor(payload->selectors);
	struct ike_addr host = {0};
	struct ike_ts ts;

	if (ike_next_ts(&c, &ts) && memcmp(ts.first, ts.last, sizeof(ts.first)) == 0) {
		host.family = ts.family;
		memcpy(host.ip, ts.first, sizeof(host.ip));
	}
	return host;
}

void ike_ts_payload_substitute(struct ike_ts_payload *payload, const struct ike_addr *instead)
{
	payload->host = ike_ts_payload_host(payload);
	payload->instead = *instead;
}

/* The next one, with the address that stands for the peer's. */
static bool next_of(const struct ike_ts_payload *payload, struct ike_cursor *c, struct ike_ts *ts)
{
	const struct ike_addr *host = &payload->host, *instead = &payload->instead;

	if (!ike_next_ts(c, ts))
		return false;
	if (!instead->family || ts->family != host->family ||
	    memcmp(ts->first, host->ip, sizeof(host->ip)) != 0 ||
	    memcmp(ts->last, host->ip, sizeof(host->ip)) != 0)
		return true;
	ts->family = instead->family;
	memcpy(ts->first, instead->ip, sizeof(instead->ip));
	memcpy(ts->last, instead->ip, sizeof(instead->ip));
	return true;
}

unsigned ike_ts_payload_narrow(const struct ike_ts_payload *peer, const struct ike_ts_list *own,
			       struct ike_ts_list *out)
{
	struct ike_cursor c = ike_cursor(peer->selectors);
	struct ike_ts_list found = {0};
	struct ike_ts ts;

	while (next_of(peer, &c, &ts))
		ike_ts_narrow(&ts, own, &found);
	*out = found;
	return found.count;
}

bool ike_ts_payload_takes_first(const struct ike_ts_payload *peer, const struct ike_ts_list *own)
{
	struct ike_cursor c = ike_cursor(peer->selectors);
	struct ike_ts_list first = {.count = 1};

	return next_of(peer, &c, &first.list[0]) && ike_ts_subset(&first, own);
}

int ike_ts_payload_check_answer(const struct ike_ts_payload *answer,
				const struct ike_ts_list *offered, struct ike_ts_list *out)
{
	struct ike_cursor c = ike_cursor(answer->selectors);
	struct ike_ts_list found = {0};
	struct ike_ts ts;

	while (next_of(answer, &c, &ts)) {
		if (ike_ts_add(&found, &ts))
			return IKE_N_TS_UNACCEPTABLE;
	}
	if (!ike_ts_subset(&found, offered))
		return IKE_N_TS_UNACCEPTABLE;
	*out = found;
	return 0;
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
bool ike_next_attribute(struct ike_cursor *c, struct ike_attribute *out)
{
	uint16_t len;

	if (!ike_cursor_left(c))
		return false;
	out->type = ike_get_u16(c) & 0x7fff;
	len = ike_get_u16(c);
	out->value = ike_get_slice(c, len);
	return ike_cursor_ok(c);
}

int ike_parse_cp(struct ike_slice body, struct ike_cp *out)
{
	struct ike_cursor c = ike_cursor(body);
	struct ike_attribute a;

	out->type = ike_get_u8(&c);
	ike_get_be(&c, 3);
	out->attributes = ike_slice(c.at, ike_cursor_left(&c));
	while (ike_next_attribute(&c, &a))
		;
	return verdict(&c);
}

void ike_write_cp(struct ike_builder *b, uint8_t type, const struct ike_attribute *attributes,
		  unsigned count)
{
	ike_build_begin(b, IKE_PAYLOAD_CP);
	ike_put_u8(&b->w, type);
	ike_put_be(&b->w, 0, 3);
	for (unsigned i = 0; i < count; i++) {
		ike_put_u16(&b->w, attributes[i].type);
		ike_put_u16(&b->w, (uint16_t)attributes[i].value.len);
		ike_put_slice(&b->w, attributes[i].value);
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
	struct ike_payload payload;

	for (struct ike_walk w = ike_payloads_walk(p); ike_payloads_next(&w, &payload);) {
		if (payload.type == IKE_PAYLOAD_NOTIFY &&
		    ike_parse_notify(payload.body, out) == 0 && out->type == type)
			return true;
	}
	return false;
}
