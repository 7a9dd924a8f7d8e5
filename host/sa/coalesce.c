// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/coalesce.h"

#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "host/esp/engine.h"

#define FLOWS 8
#define L2_MAX 22 /* an Ethernet header with two VLAN tags */
#define PACKET_MAX 65535
#define TCP_HEADER 20
#define TCP_SEQUENCE 4
#define TCP_ACKNOWLEDGED 8
#define TCP_OFFSET 12
#define TCP_FLAGS 13
#define TCP_WINDOW 14
#define TCP_CHECKSUM 16
#define TCP_URGENT 18
#define ACK 0x10
#define PSH 0x08

/* Where what is in a frame. */
struct layout {
	size_t l3;
	size_t tcp;
	size_t data;
	size_t end;
	bool ipv6;
};

/* What one flow has come to. */
struct held {
	struct layout at;
	size_t size;	/* of the data of all but the last one */
	uint32_t next;	/* sequence number */
	uint32_t count; /* 0: it is free */
	uint8_t frame[L2_MAX + PACKET_MAX];
};

struct rvl_coalesce {
	rvl_coalesced_fn *fn;
	void *context;
	size_t turn;	  /* the one that gives way to another flow */
	size_t came;	  /* frames since all was flushed, in turns before */
	uint64_t came_ms; /* when the first of them did */
	struct held held[FLOWS];
};

struct rvl_coalesce *rvl_coalesce_new(rvl_coalesced_fn *fn, void *context)
{
	struct rvl_coalesce *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->fn = fn;
	c->context = context;
	return c;
}

void rvl_coalesce_free(struct rvl_coalesce *c)
{
	if (c)
		OPENSSL_cleanse(c->held, sizeof(c->held));
	free(c);
}

static void give(struct rvl_coalesce *c, const uint8_t *frame, size_t len)
{
	static const struct virtio_net_hdr nothing_left;

	c->fn(c->context, &nothing_left, frame, len, 1);
}

/* The sum of the pseudo header stands for the checksum, which nobody needs any more. */
static void give_large(struct rvl_coalesce *c, struct held *held)
{
	const struct layout *at = &held->at;
	uint8_t *ip = held->frame + at->l3, *tcp = held->frame + at->tcp;
	const struct virtio_net_hdr header = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = at->ipv6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4,
		.hdr_len = (uint16_t)at->data,
		.gso_size = (uint16_t)held->size,
		.csum_start = (uint16_t)at->tcp,
		.csum_offset = TCP_CHECKSUM,
	};

	if (at->ipv6) {
		rvl_put_be16(ip + 4, (uint16_t)(at->end - at->tcp));
	} else {
		rvl_put_be16(ip + 2, (uint16_t)(at->end - at->l3));
		rvl_put_be16(ip + 10, 0);
		rvl_put_be16(ip + 10, rvl_ip_checksum(ip, RVL_IP_HEADER));
	}
	rvl_put_be16(tcp + TCP_CHECKSUM, rvl_upper_sum(ip, RVL_IP_PROTO_TCP, at->end - at->tcp));
	c->fn(c->context, &header, held->frame, at->end, held->count);
}

static void release(struct rvl_coalesce *c, struct held *held)
{
	if (held->count == 1)
		give(c, held->frame, held->at.end);
	else if (held->count)
		give_large(c, held);
	held->count = 0;
}

void rvl_coalesce_flush(struct rvl_coalesce *c)
{
	for (size_t i = 0; i < FLOWS; i++)
		release(c, &c->held[i]);
	c->came = 0;
}

/* Who takes frames faster than they come finds a burst in pieces, and each large frame wakes who
 * reads it. */
void rvl_coalesce_turn(struct rvl_coalesce *c, size_t came, uint64_t now_ms)
{
	if (!c->came)
		c->came_ms = now_ms;
	c->came += came;
	if (!came || c->came >= RVL_COALESCE_FRAMES || c->came_ms != now_ms)
		rvl_coalesce_flush(c);
}

enum kind {
	OTHER,	 /* no flow's that may be held */
	UNCLEAR, /* perhaps: of TCP, or it doesn't show */
	SEGMENT, /* of TCP, and *at is known */
};

static enum kind kind_of(const uint8_t *frame, size_t len, struct layout *at)
{
	struct rvl_ip ip;
	size_t tcp_header;

	if (rvl_frame_parse(frame, len, &ip, &at->l3) != RVL_FRAME_IP)
		return OTHER;
	if (ip.fragment)
		return UNCLEAR;
	if (ip.protocol != RVL_IP_PROTO_TCP)
		return OTHER;
	at->ipv6 = ip.dst.family == 6;
	at->tcp = at->l3 + (at->ipv6 ? RVL_IPV6_HEADER : RVL_IP_HEADER);
	at->end = at->l3 + ip.total_len;
	if (at->l3 + ip.header_len != at->tcp || at->tcp + TCP_HEADER > at->end)
		return UNCLEAR;
	tcp_header = (size_t)(frame[at->tcp + TCP_OFFSET] >> 4) * 4;
	at->data = at->tcp + tcp_header;
	return tcp_header >= TCP_HEADER ? SEGMENT : UNCLEAR;
}

/* Is it data and nothing else, and right? */
static bool is_plain(const uint8_t *frame, const struct layout *at)
{
	const uint8_t *ip = frame + at->l3, *tcp = frame + at->tcp;
	size_t len = at->end - at->tcp;

	return at->data < at->end && (tcp[TCP_FLAGS] & ~PSH) == ACK && !(tcp[TCP_OFFSET] & 15) &&
	       !rvl_get_be16(tcp + TCP_URGENT) &&
	       (at->ipv6 || rvl_ip_sum(0, ip, RVL_IP_HEADER) == UINT16_MAX) &&
	       rvl_ip_sum(rvl_upper_sum(ip, RVL_IP_PROTO_TCP, len), tcp, len) == UINT16_MAX;
}

/* Octets [from, to) behind an offset are the same in both. */
static bool same(const uint8_t *a, const uint8_t *b, size_t from, size_t to)
{
	return !memcmp(a + from, b + from, to - from);
}

static struct held *find(struct rvl_coalesce *c, const uint8_t *frame, const struct layout *at)
{
	for (size_t i = 0; i < FLOWS; i++) {
		struct held *held = &c->held[i];

		/* Addresses, and the ports behind them. */
		if (held->count && held->at.ipv6 == at->ipv6 &&
		    same(held->frame + held->at.l3, frame + at->l3, at->ipv6 ? 8 : 12,
			 at->ipv6 ? RVL_IPV6_HEADER : RVL_IP_HEADER) &&
		    same(held->frame + held->at.tcp, frame + at->tcp, 0, TCP_SEQUENCE))
			return held;
	}
	return NULL;
}

/* All but lengths, checksums, identification. */
static bool same_ip(const struct held *held, const uint8_t *ip)
{
	const uint8_t *first = held->frame + held->at.l3;

	if (held->at.ipv6)
		return same(first, ip, 0, 4) && same(first, ip, 6, 8);
	/* What may be cut on its way must be one by its identification (RFC 6864, section 4). */
	return same(first, ip, 0, 2) && same(first, ip, 6, 10) &&
	       (ip[6] & RVL_IP_DF >> 8 ||
		rvl_get_be16(ip + 4) == (uint16_t)(rvl_get_be16(first + 4) + held->count));
}

static bool same_tcp(const struct held *held, const uint8_t *tcp)
{
	const uint8_t *first = held->frame + held->at.tcp;

	return rvl_get_be32(tcp + TCP_SEQUENCE) == held->next &&
	       same(first, tcp, TCP_ACKNOWLEDGED, TCP_OFFSET + 1) &&
	       same(first, tcp, TCP_WINDOW, TCP_CHECKSUM) &&
	       same(first, tcp, TCP_HEADER, held->at.data - held->at.tcp);
}

static bool joins(const struct held *held, const uint8_t *frame, const struct layout *at)
{
	size_t size = at->end - at->data;

	return held->at.l3 == at->l3 && held->at.data == at->data && size <= held->size &&
	       held->at.end - at->l3 + size <= PACKET_MAX && same(held->frame, frame, 0, at->l3) &&
	       same_ip(held, frame + at->l3) && same_tcp(held, frame + at->tcp);
}

static void join(struct rvl_coalesce *c, struct held *held, const uint8_t *frame,
		 const struct layout *at)
{
	uint8_t pushes = frame[at->tcp + TCP_FLAGS] & PSH;
	size_t size = at->end - at->data;

	memcpy(held->frame + held->at.end, frame + at->data, size);
	held->frame[at->tcp + TCP_FLAGS] |= pushes;
	held->at.end += size;
	held->next += (uint32_t)size;
	held->count++;
	if (pushes || size < held->size)
		release(c, held);
}

static void hold(struct rvl_coalesce *c, const uint8_t *frame, const struct layout *at)
{
	struct held *held = &c->held[c->turn];

	for (size_t i = 0; held->count && i < FLOWS; i++)
		if (!c->held[i].count)
			held = &c->held[i];
	if (held->count)
		c->turn = (c->turn + 1) % FLOWS;
	release(c, held);
	held->at = *at;
	held->size = at->end - at->data;
	held->next = rvl_get_be32(frame + at->tcp + TCP_SEQUENCE) + (uint32_t)held->size;
	held->count = 1;
	memcpy(held->frame, frame, at->end);
}

void rvl_coalesce_take(struct rvl_coalesce *c, const uint8_t *frame, size_t len)
{
	struct layout at;
	enum kind kind = kind_of(frame, len, &at);
	struct held *held;
	bool plain;

	if (kind == UNCLEAR)
		rvl_coalesce_flush(c);
	if (kind != SEGMENT) {
		give(c, frame, len);
		return;
	}
	held = find(c, frame, &at);
	plain = is_plain(frame, &at);
	if (held && plain && joins(held, frame, &at)) {
		join(c, held, frame, &at);
		return;
	}
	if (held)
		release(c, held);
	if (plain && !(frame[at.tcp + TCP_FLAGS] & PSH))
		hold(c, frame, &at);
	else
		give(c, frame, len);
}
