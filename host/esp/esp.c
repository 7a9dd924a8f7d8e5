// SPDX-License-Identifier: BSD-2-Clause
#include "host/esp/esp.h"

#include <assert.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "host/esp/ah.h"
#include "host/esp/mode.h"
#include "host/esp/sa.h"

#define NEXT_HEADER_NONE 59
#define TRAILER 2
#define ALIGNMENT 4 /* RFC 4303, section 2.4 */

/* ------------------------------------------------------------------------------------- outbound */

static size_t alignment(const struct rvl_encr *encr)
{
	return encr->block > ALIGNMENT ? encr->block : ALIGNMENT;
}

/* Octets of a text of body octets with its padding and trailer. */
static size_t padded(const struct rvl_encr *encr, size_t body)
{
	size_t align = alignment(encr);

	return (body + TRAILER + align - 1) / align * align;
}

/*
 * TFC padding: what the body becomes, of at most room octets with padding and trailer. Only a
 * packet that is all inside says how long it is (RFC 4303, section 2.7).
 */
static size_t tfc_padded(const struct rvl_esp_sa *sa, const struct rvl_text *text, size_t body,
			 size_t room)
{
	size_t most = room / alignment(sa->suite.encr) * alignment(sa->suite.encr);
	size_t want = sa->params.tfc;

	if (text->header || most < TRAILER)
		return body;
	if (want > most - TRAILER)
		want = most - TRAILER;
	return want > body ? want : body;
}

/* RFC 4303, section 2.4: 1, 2, 3; behind body octets. */
static void write_trailer(uint8_t *text, size_t body, size_t len, uint8_t next)
{
	size_t pad = len - body - TRAILER;

	for (size_t i = 0; i < pad; i++)
		text[body + i] = (uint8_t)(i + 1);
	text[len - 2] = (uint8_t)pad;
	text[len - 1] = next;
}

/* The packet of which text tells, body octets of it protected, of at most limit octets. */
static enum rvl_drop encap(struct rvl_esp_sa *sa, struct rvl_buf *pkt, const struct rvl_text *text,
			   size_t limit)
{
	const struct rvl_encr *encr = sa->suite.encr;
	size_t icv = rvl_suite_icv(&sa->suite), body = text->len - text->header;
	size_t headers = rvl_mode_headers(&sa->params, text);
	size_t front = headers + RVL_ESP_HEADER + encr->iv, padded_body, len, total, room;
	enum rvl_drop drop;
	uint8_t *esp;

	total = front + padded(encr, body) + icv;
	if (total > limit)
		return RVL_DROP_TOO_BIG;
	if (rvl_buf_headroom(pkt) < front - text->header ||
	    pkt->size - pkt->off < text->header + padded(encr, body) + icv)
		return RVL_DROP_COUNT;
	room = pkt->size - pkt->off - text->header - icv;
	padded_body =
		tfc_padded(sa, text, body, room < limit - front - icv ? room : limit - front - icv);
	len = padded(encr, padded_body);
	total = front + len + icv;
	drop = rvl_sa_take_seq(sa);
	if (drop)
		return drop;
	rvl_mode_wrap(&sa->params, text, pkt, front, total, (uint16_t)sa->seq);
	esp = rvl_buf_data(pkt) + headers;
	rvl_put_be32(esp, sa->params.spi);
	rvl_put_be32(esp + 4, (uint32_t)sa->seq);
	memset(rvl_buf_data(pkt) + front + body, 0, padded_body - body);
	write_trailer(rvl_buf_data(pkt) + front, padded_body, len, text->next);
	/* Can't fail with a keyed context; if it does, plaintext must not leave. */
	if (!rvl_cipher_seal(sa->cipher, esp, len, sa->seq))
		abort();
	rvl_mode_put_checksum(&sa->params, text, rvl_buf_data(pkt), total);
	return RVL_DROP_NONE;
}

static int error_of(enum rvl_drop drop)
{
	switch (drop) {
	case RVL_DROP_NONE:
		return 0;
	case RVL_DROP_SEQUENCE:
		return -EOVERFLOW;
	case RVL_DROP_LIFETIME:
		return -EKEYEXPIRED;
	case RVL_DROP_TOO_BIG:
		return -EMSGSIZE;
	case RVL_DROP_FRAGMENT:
		return -EOPNOTSUPP;
	case RVL_DROP_NO_SA:
		return -ENOMEM;
	default:
		return -EINVAL;
	}
}

/* What became of a packet of so many octets: counted, and as an errno. */
static int result(struct rvl_esp_sa *sa, enum rvl_drop drop, size_t bytes)
{
	if (drop == RVL_DROP_COUNT)
		return -ENOBUFS;
	if (drop)
		rvl_sa_dropped(sa, drop);
	else
		rvl_sa_count_packet(sa, bytes);
	return error_of(drop);
}

int rvl_esp_encap(struct rvl_esp_sa *sa, struct rvl_buf *pkt)
{
	return rvl_esp_encap_within(sa, pkt, UINT16_MAX);
}

int rvl_esp_encap_within(struct rvl_esp_sa *sa, struct rvl_buf *pkt, size_t limit)
{
	size_t mtu = sa->params.mtu ? sa->params.mtu : UINT16_MAX;
	struct rvl_text text = {0};
	enum rvl_drop drop;

	assert(sa->params.direction == RVL_OUTBOUND);
	if (limit > mtu)
		limit = mtu;
	drop = rvl_mode_take(&sa->params, rvl_buf_data(pkt), pkt->len, &text);
	if (!drop && rvl_sa_expired(sa))
		drop = RVL_DROP_LIFETIME;
	if (!drop)
		drop = sa->params.protocol == RVL_PROTOCOL_AH ? rvl_ah_encap(sa, pkt, &text, limit)
							      : encap(sa, pkt, &text, limit);
	return result(sa, drop, text.len);
}

int rvl_esp_dummy(struct rvl_esp_sa *sa, struct rvl_buf *pkt, size_t size)
{
	struct rvl_text text = {.next = NEXT_HEADER_NONE, .df = true};
	size_t front, body;

	assert(sa->params.direction == RVL_OUTBOUND);
	if (sa->params.protocol == RVL_PROTOCOL_AH)
		return -EOPNOTSUPP;
	front = rvl_mode_headers(&sa->params, &text) + RVL_ESP_HEADER + sa->suite.encr->iv +
		rvl_suite_icv(&sa->suite);
	if (size > UINT16_MAX || size < front + padded(sa->suite.encr, 0))
		return -EINVAL;
	body = (size - front) / alignment(sa->suite.encr) * alignment(sa->suite.encr) - TRAILER;
	if (pkt->size - pkt->off < body)
		return -ENOBUFS;
	memset(rvl_buf_data(pkt), 0, body);
	pkt->len = text.len = body;
	return result(sa, rvl_sa_expired(sa) ? RVL_DROP_LIFETIME : encap(sa, pkt, &text, size), 0);
}

/* -------------------------------------------------------------------------------------- inbound */

/* The trailer of the plaintext (RFC 4303, section 2.4): what is left of len, or the reason. */
static enum rvl_drop check_trailer(const uint8_t *text, size_t *len, uint8_t *next)
{
	size_t pad = text[*len - 2];

	*next = text[*len - 1];
	if (pad + TRAILER > *len)
		return RVL_DROP_TRAILER;
	*len -= pad + TRAILER;
	for (size_t i = 0; i < pad; i++)
		if (text[*len + i] != (uint8_t)(i + 1))
			return RVL_DROP_PADDING;
	return *next == NEXT_HEADER_NONE ? RVL_DROP_DUMMY : RVL_DROP_NONE;
}

static enum rvl_drop decap(struct rvl_esp_sa *sa, const struct rvl_esp_place *place,
			   struct rvl_buf *pkt, size_t *bytes)
{
	const struct rvl_encr *encr = sa->suite.encr;
	size_t around = RVL_ESP_HEADER + encr->iv + rvl_suite_icv(&sa->suite);
	size_t at = place->esp + RVL_ESP_HEADER + encr->iv, len;
	uint8_t *esp = rvl_buf_data(pkt) + place->esp, *text = rvl_buf_data(pkt) + at, next;
	enum rvl_drop drop;
	uint64_t seq;

	drop = rvl_sa_admit(sa, place, &seq);
	if (drop)
		return drop;
	assert(place->esp + place->len <= pkt->len);
	if (place->len < around + alignment(encr) || (place->len - around) % alignment(encr))
		return RVL_DROP_MALFORMED;
	len = place->len - around;
	if (!rvl_sa_keyed(sa) || !rvl_cipher_open(sa->cipher, esp, len, seq))
		return RVL_DROP_ICV;
	drop = rvl_sa_accept(sa, place, seq);
	if (!drop)
		drop = check_trailer(text, &len, &next);
	return drop ? drop : rvl_mode_unwrap(&sa->params, place, pkt, at, len, next, bytes);
}

enum rvl_drop rvl_esp_decap(struct rvl_esp_sa *sa, const struct rvl_esp_place *place,
			    struct rvl_buf *pkt)
{
	enum rvl_drop drop;
	size_t bytes = 0;

	assert(sa->params.direction == RVL_INBOUND && sa->params.protocol == place->protocol);
	drop = sa->params.protocol == RVL_PROTOCOL_AH ? rvl_ah_decap(sa, place, pkt, &bytes)
						      : decap(sa, place, pkt, &bytes);
	if (drop)
		return rvl_sa_dropped(sa, drop);
	rvl_sa_count_packet(sa, bytes);
	return RVL_DROP_NONE;
}
