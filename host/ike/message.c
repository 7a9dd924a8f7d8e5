/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/ike/message.h"

#include <errno.h>

int ike_header_parse(struct ike_slice message, struct ike_header *out)
{
	struct ike_cursor c = ike_cursor(message);
	uint8_t version;

	out->spi_i = ike_get_u64(&c);
	out->spi_r = ike_get_u64(&c);
	out->next_payload = ike_get_u8(&c);
	version = ike_get_u8(&c);
	out->major = version >> 4;
	out->minor = version & 15;
	out->exchange = ike_get_u8(&c);
	out->flags = ike_get_u8(&c);
	out->message_id = ike_get_u32(&c);
	out->length = ike_get_u32(&c);
	return ike_cursor_ok(&c) ? 0 : IKE_N_INVALID_SYNTAX;
}

static void header_write(struct ike_writer *w, const struct ike_header *hdr)
{
	ike_put_u64(w, hdr->spi_i);
	ike_put_u64(w, hdr->spi_r);
	ike_put_u8(w, hdr->next_payload);
	ike_put_u8(w, (uint8_t)(hdr->major << 4 | hdr->minor));
	ike_put_u8(w, hdr->exchange);
	ike_put_u8(w, hdr->flags);
	ike_put_u32(w, hdr->message_id);
	ike_put_u32(w, hdr->length);
}

static bool payload_known(uint8_t type)
{
	return (type >= IKE_PAYLOAD_SA && type <= IKE_PAYLOAD_EAP) || type == IKE_PAYLOAD_SKF ||
	       type == IKE_PAYLOAD_PS;
}

static bool payload_encrypted(uint8_t type)
{
	return type == IKE_PAYLOAD_SK || type == IKE_PAYLOAD_SKF;
}

/* The payload that a walk has come to. SK and SKF have their "next" inside (section 3.14). */
static bool read_payload(struct ike_walk *walk, struct ike_payload *out)
{
	struct ike_cursor *c = &walk->at;
	uint16_t len;

	out->type = walk->next;
	out->next = ike_get_u8(c);
	out->critical = ike_get_u8(c) & 0x80;
	len = ike_get_u16(c);
	if (len < IKE_PAYLOAD_HEADER_LEN)
		ike_cursor_fail(c);
	out->body = ike_get_slice(c, len - (size_t)IKE_PAYLOAD_HEADER_LEN);
	walk->next =
		ike_cursor_ok(c) && !payload_encrypted(out->type) ? out->next : IKE_PAYLOAD_NONE;
	return ike_cursor_ok(c);
}

int ike_payloads_parse(struct ike_slice chain, uint8_t first, struct ike_payloads *out)
{
	struct ike_walk walk = {.at = ike_cursor(chain), .next = first};
	struct ike_payload p;

	*out = (struct ike_payloads){0};
	while (walk.next != IKE_PAYLOAD_NONE) {
		if (!read_payload(&walk, &p))
			return IKE_N_INVALID_SYNTAX;
		if (payload_known(p.type))
			out->types |= (uint64_t)1 << p.type;
		else if (p.critical) {
			out->unsupported = p.type;
			return IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD;
		}
		if (payload_encrypted(p.type)) {
			out->encrypted_type = p.type;
			out->inner_first = p.next;
			out->encrypted = p.body;
		}
	}
	if (ike_cursor_left(&walk.at))
		return IKE_N_INVALID_SYNTAX;
	out->chain = chain;
	out->first = first;
	return 0;
}

int ike_message_parse(struct ike_slice message, uint8_t first, struct ike_payloads *out)
{
	return ike_payloads_parse(
		ike_slice(message.data + IKE_HEADER_LEN, message.len - IKE_HEADER_LEN), first, out);
}

struct ike_walk ike_payloads_walk(const struct ike_payloads *p)
{
	return (struct ike_walk){.at = ike_cursor(p->chain), .next = p->first};
}

bool ike_payloads_next(struct ike_walk *walk, struct ike_payload *out)
{
	while (walk->next != IKE_PAYLOAD_NONE && read_payload(walk, out)) {
		if (payload_known(out->type))
			return true;
	}
	return false;
}

static bool has_type(const struct ike_payloads *p, uint8_t type)
{
	return p->types >> type & 1;
}

unsigned ike_payloads_count(const struct ike_payloads *p, uint8_t type)
{
	struct ike_payload payload;
	unsigned n = 0;

	if (!has_type(p, type))
		return 0;
	for (struct ike_walk w = ike_payloads_walk(p); ike_payloads_next(&w, &payload);)
		n += payload.type == type;
	return n;
}

int ike_payloads_one(const struct ike_payloads *p, uint8_t type, struct ike_slice *body)
{
	struct ike_payload payload;
	unsigned n = 0;

	*body = ike_slice(NULL, 0);
	if (!has_type(p, type))
		return IKE_N_INVALID_SYNTAX;
	for (struct ike_walk w = ike_payloads_walk(p); ike_payloads_next(&w, &payload);) {
		if (payload.type == type && n++ == 0)
			*body = payload.body;
	}
	return n == 1 ? 0 : IKE_N_INVALID_SYNTAX;
}

void ike_build_message(struct ike_builder *b, void *buf, size_t cap, const struct ike_header *hdr)
{
	*b = (struct ike_builder){.w = ike_writer(buf, cap), .has_header = true, .next_at = 16};
	header_write(&b->w, hdr);
}

void ike_build_chain(struct ike_builder *b, void *buf, size_t cap)
{
	*b = (struct ike_builder){.w = ike_writer(buf, cap)};
}

void ike_build_begin(struct ike_builder *b, uint8_t type)
{
	if (!b->has_header && b->first == IKE_PAYLOAD_NONE)
		b->first = type;
	else
		ike_patch_be(&b->w, b->next_at, type, 1);
	b->payload_at = b->w.len;
	b->next_at = b->w.len;
	ike_put_u32(&b->w, 0);
}

void ike_build_end(struct ike_builder *b)
{
	size_t len = b->w.len - b->payload_at;

	if (len > UINT16_MAX)
		b->w.failed = true;
	ike_patch_be(&b->w, b->payload_at + 2, len, 2);
}

int ike_build_finish(struct ike_builder *b)
{
	if (b->has_header)
		ike_patch_be(&b->w, 24, b->w.len, 4);
	return ike_writer_ok(&b->w) ? 0 : -EMSGSIZE;
}
