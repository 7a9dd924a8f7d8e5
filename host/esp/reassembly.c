// SPDX-License-Identifier: BSD-2-Clause
#include "host/esp/reassembly.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "host/esp/addr.h"
#include "host/esp/ip.h"

#define PACKET_MAX 65535
#define IPV6_PAYLOAD_MAX 65535
#define IPV6_NEXT_HEADER 6
#define EXTENSION_HEADERS_MAX 8
#define FRAGMENT_HEADER 8
#define UNIT 8 /* offsets count so many octets */

/* What the headers of a fragment say. */
struct head {
	struct rvl_fragment_name name;
	uint8_t ecn;
	bool more;
	size_t offset;	      /* of its part in the datagram's payload */
	size_t header_len;    /* that the whole packet has, too */
	size_t next_header;   /* IPv6: where in the header the type of the payload goes, */
	uint8_t payload_type; /* and that */
	const uint8_t *part;
	size_t part_len;
};

struct part {
	struct part *prev, *next;
	size_t offset;
	size_t len;
	uint8_t octets[];
};

struct datagram {
	bool used;
	bool ended; /* fragments of it overlapped: all that comes is refused */
	uint64_t since_ms;
	struct head head; /* of the fragment that is first in it; before that, of any */
	uint8_t *header;  /* NULL before that one has come */
	size_t memory;
	size_t total; /* of its payload; 0: not known yet */
	size_t have;
	unsigned int ecns;  /* a bit for each that was seen */
	struct part *parts; /* by offset */
};

struct rvl_reassembly {
	struct rvl_reassembly_limits limits;
	struct rvl_reassembly_counters counters;
	size_t memory;
	uint8_t room[RVL_REASSEMBLY_HEADROOM + IPV6_PAYLOAD_MAX + RVL_IPV6_HEADER];
	struct datagram list[];
};

struct rvl_reassembly *rvl_reassembly_new(const struct rvl_reassembly_limits *limits)
{
	struct rvl_reassembly *r = calloc(1, sizeof(*r) + limits->datagrams * sizeof(r->list[0]));

	if (r)
		r->limits = *limits;
	return r;
}

static void drop_parts(struct rvl_reassembly *r, struct datagram *d)
{
	struct part *part = d->parts, *next;

	for (; part; part = next) {
		next = part->next;
		free(part);
	}
	free(d->header);
	r->memory -= d->memory;
	d->memory = 0;
	d->parts = NULL;
	d->header = NULL;
}

static void forget(struct rvl_reassembly *r, struct datagram *d)
{
	drop_parts(r, d);
	d->used = false;
}

void rvl_reassembly_free(struct rvl_reassembly *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->limits.datagrams; i++)
		forget(r, &r->list[i]);
	free(r);
}

const struct rvl_reassembly_counters *rvl_reassembly_counters(const struct rvl_reassembly *r)
{
	return &r->counters;
}

static bool read_ipv4(const uint8_t *p, size_t len, struct head *h)
{
	size_t total;
	uint16_t fragment;

	if (len < RVL_IP_HEADER)
		return false;
	fragment = rvl_get_be16(p + 6);
	total = rvl_get_be16(p + 2);
	*h = (struct head){
		.name =
			{
				.src = rvl_addr_of_ipv4(rvl_get_be32(p + 12)),
				.dst = rvl_addr_of_ipv4(rvl_get_be32(p + 16)),
				.id = rvl_get_be16(p + 4),
				.protocol = p[9],
			},
		.ecn = p[1] & RVL_ECN_MASK,
		.more = fragment & RVL_IP_MF,
		.offset = (size_t)(fragment & RVL_IP_FRAGMENT_OFFSET) * UNIT,
		.header_len = (size_t)(p[0] & 15) * 4,
	};
	/* The whole packet has a checksum of ours, which must not vouch for a damaged header. */
	if (h->header_len < RVL_IP_HEADER || h->header_len > total || total > len ||
	    rvl_ip_checksum(p, h->header_len))
		return false;
	h->part = p + h->header_len;
	h->part_len = total - h->header_len;
	return h->offset || h->more;
}

static bool read_fragment_header(const uint8_t *p, size_t at, size_t next_header, size_t total,
				 struct head *h)
{
	uint16_t place = rvl_get_be16(p + at + 2);

	h->header_len = at;
	h->next_header = next_header;
	h->payload_type = p[at];
	h->offset = place & ~(UNIT - 1u);
	h->more = place & 1;
	h->name.id = rvl_get_be32(p + at + 4);
	h->part = p + at + FRAGMENT_HEADER;
	h->part_len = total - at - FRAGMENT_HEADER;
	return h->offset || h->more;
}

static bool read_ipv6(const uint8_t *p, size_t len, struct head *h)
{
	size_t at = RVL_IPV6_HEADER, next_header = IPV6_NEXT_HEADER, total;

	if (len < RVL_IPV6_HEADER)
		return false;
	total = RVL_IPV6_HEADER + rvl_get_be16(p + 4);
	if (total > len)
		return false;
	*h = (struct head){
		.name = {.src = rvl_addr_of_ipv6(p + 8), .dst = rvl_addr_of_ipv6(p + 24)},
		.ecn = p[1] >> 4 & RVL_ECN_MASK,
	};
	for (int i = 0; i < EXTENSION_HEADERS_MAX && at + UNIT <= total; i++) {
		uint8_t type = p[next_header];

		if (type == RVL_IP_PROTO_FRAGMENT)
			return read_fragment_header(p, at, next_header, total, h);
		if (!rvl_ip_is_extension(type))
			return false;
		next_header = at;
		at += (p[at + 1] + 1u) * UNIT;
	}
	return false;
}

/* Is it a fragment, and is what it says possible? */
static bool read_head(const uint8_t *packet, size_t len, struct head *h)
{
	size_t most;

	if (!len || !(packet[0] >> 4 == 4   ? read_ipv4(packet, len, h)
		      : packet[0] >> 4 == 6 ? read_ipv6(packet, len, h)
					    : false))
		return false;
	most = h->name.src.family == 6 ? IPV6_PAYLOAD_MAX - (h->header_len - RVL_IPV6_HEADER)
				       : PACKET_MAX - h->header_len;
	return h->part_len && (!h->more || h->part_len % UNIT == 0) &&
	       h->offset + h->part_len <= most;
}

bool rvl_fragment_name(const uint8_t *p, size_t len, struct rvl_fragment_name *name)
{
	struct head h;

	if (!read_head(p, len, &h))
		return false;
	*name = h.name;
	return true;
}

bool rvl_fragment_name_equal(const struct rvl_fragment_name *a, const struct rvl_fragment_name *b)
{
	return a->id == b->id && a->protocol == b->protocol && rvl_addr_equal(&a->src, &b->src) &&
	       rvl_addr_equal(&a->dst, &b->dst);
}

static void expire(struct rvl_reassembly *r, uint64_t now_ms)
{
	for (size_t i = 0; i < r->limits.datagrams; i++) {
		struct datagram *d = &r->list[i];

		if (!d->used || now_ms - d->since_ms < r->limits.timeout_ms)
			continue;
		r->counters.timeouts += !d->ended;
		forget(r, d);
	}
}

static void evict(struct rvl_reassembly *r, struct datagram *d)
{
	r->counters.evicted += !d->ended;
	forget(r, d);
}

/* The oldest one from a source, or (NULL) of all, but for `spared`; *count: how many there are. */
static struct datagram *oldest(struct rvl_reassembly *r, const struct rvl_addr *src,
			       const struct datagram *spared, size_t *count)
{
	struct datagram *found = NULL;

	*count = 0;
	for (size_t i = 0; i < r->limits.datagrams; i++) {
		struct datagram *d = &r->list[i];

		if (!d->used || (src && !rvl_addr_equal(&d->head.name.src, src)))
			continue;
		++*count;
		if (d != spared && (!found || d->since_ms < found->since_ms))
			found = d;
	}
	return found;
}

static struct datagram *find(struct rvl_reassembly *r, const struct head *h)
{
	for (size_t i = 0; i < r->limits.datagrams; i++)
		if (r->list[i].used && rvl_fragment_name_equal(&r->list[i].head.name, &h->name))
			return &r->list[i];
	return NULL;
}

static struct datagram *begin(struct rvl_reassembly *r, const struct head *h, uint64_t now_ms)
{
	size_t count;
	struct datagram *old = oldest(r, &h->name.src, NULL, &count), *d = r->list;

	if (count >= r->limits.source_datagrams)
		evict(r, old);
	old = oldest(r, NULL, NULL, &count);
	if (count == r->limits.datagrams)
		evict(r, old);
	while (d->used)
		d++;
	*d = (struct datagram){.used = true, .since_ms = now_ms, .head = *h};
	return d;
}

/* Memory for more of this one, at the cost of others. */
static bool make_room(struct rvl_reassembly *r, struct datagram *d, size_t octets)
{
	size_t count;

	while (r->memory + octets > r->limits.octets) {
		struct datagram *old = oldest(r, NULL, d, &count);

		if (!old)
			return false;
		evict(r, old);
	}
	r->memory += octets;
	d->memory += octets;
	return true;
}

static bool keep_header(struct rvl_reassembly *r, struct datagram *d, const struct head *h,
			const uint8_t *packet)
{
	if (h->offset || d->header)
		return true;
	d->header = make_room(r, d, h->header_len) ? malloc(h->header_len) : NULL;
	if (!d->header)
		return false;
	memcpy(d->header, packet, h->header_len);
	d->head = *h;
	return true;
}

enum fit { FITS, AGAIN, OVERLAPS };

/* *after: the part that it comes behind, or NULL. */
static enum fit fit(const struct datagram *d, const struct head *h, struct part **after)
{
	size_t end = h->offset + h->part_len;
	struct part *part;

	*after = NULL;
	/* Its end is where the last fragment says, and nothing lies beyond. */
	if (d->total && (end > d->total || (!h->more && end != d->total)))
		return OVERLAPS;
	for (part = d->parts; part; part = part->next) {
		if (part->offset == h->offset && part->len == h->part_len &&
		    !memcmp(part->octets, h->part, h->part_len))
			return AGAIN;
		if (part->offset < end && h->offset < part->offset + part->len)
			return OVERLAPS;
		if (!h->more && part->offset >= end)
			return OVERLAPS;
		if (part->offset < h->offset)
			*after = part;
	}
	return FITS;
}

static bool add_part(struct rvl_reassembly *r, struct datagram *d, const struct head *h,
		     struct part *after)
{
	size_t size = sizeof(struct part) + h->part_len;
	struct part *part = make_room(r, d, size) ? malloc(size) : NULL;

	if (!part)
		return false;
	part->offset = h->offset;
	part->len = h->part_len;
	memcpy(part->octets, h->part, h->part_len);
	if (after)
		DL_APPEND_ELEM(d->parts, after, part);
	else
		DL_PREPEND(d->parts, part);
	d->have += h->part_len;
	if (!h->more)
		d->total = h->offset + h->part_len;
	return true;
}

/* What the fragments met on their ways; -1: they say what can't be together. */
static int common_ecn(const struct datagram *d)
{
	const unsigned int not_ect = 1u << RVL_ECN_NOT_ECT, ce = 1u << RVL_ECN_CE;

	if (!(d->ecns & ce))
		return d->head.ecn;
	return d->ecns & not_ect ? -1 : RVL_ECN_CE;
}

static void put_lengths(uint8_t *p, const struct datagram *d, int ecn)
{
	size_t total = d->head.header_len + d->total;

	if (d->head.name.src.family == 6) {
		rvl_put_be16(p + 4, (uint16_t)(total - RVL_IPV6_HEADER));
		p[d->head.next_header] = d->head.payload_type;
		p[1] = (uint8_t)((p[1] & ~(RVL_ECN_MASK << 4)) | ecn << 4);
		return;
	}
	p[1] = (uint8_t)((p[1] & ~RVL_ECN_MASK) | ecn);
	rvl_put_be16(p + 2, (uint16_t)total);
	rvl_put_be16(p + 6, rvl_get_be16(p + 6) & RVL_IP_DF);
	rvl_put_be16(p + 10, 0);
	rvl_put_be16(p + 10, rvl_ip_checksum(p, d->head.header_len));
}

static bool assemble(struct rvl_reassembly *r, const struct datagram *d, struct rvl_buf *whole)
{
	uint8_t *p = r->room + RVL_REASSEMBLY_HEADROOM;
	size_t total = d->head.header_len + d->total;
	int ecn = common_ecn(d);
	struct part *part;

	/* Only now is it known how long the header is that this payload comes behind. */
	if (ecn < 0 || total > (d->head.name.src.family == 6 ? RVL_IPV6_HEADER + IPV6_PAYLOAD_MAX
							     : PACKET_MAX))
		return false;
	memcpy(p, d->header, d->head.header_len);
	for (part = d->parts; part; part = part->next)
		memcpy(p + d->head.header_len + part->offset, part->octets, part->len);
	put_lengths(p, d, ecn);
	*whole = (struct rvl_buf){r->room, sizeof(r->room), RVL_REASSEMBLY_HEADROOM, total};
	return true;
}

static enum rvl_reassembly_result refuse(struct rvl_reassembly *r)
{
	r->counters.refused++;
	return RVL_REASSEMBLY_REFUSED;
}

/* It stays for as long as it would have, so that none of it becomes another datagram. */
static enum rvl_reassembly_result end(struct rvl_reassembly *r, struct datagram *d)
{
	drop_parts(r, d);
	d->ended = true;
	return refuse(r);
}

enum rvl_reassembly_result rvl_reassembly_take(struct rvl_reassembly *r, const uint8_t *packet,
					       size_t len, uint64_t now_ms, struct rvl_buf *whole)
{
	struct datagram *d;
	struct part *after;
	struct head h;
	bool good;

	expire(r, now_ms);
	if (!read_head(packet, len, &h))
		return refuse(r);
	d = find(r, &h);
	if (!d)
		d = begin(r, &h, now_ms);
	if (d->ended)
		return refuse(r);
	switch (fit(d, &h, &after)) {
	case AGAIN:
		return RVL_REASSEMBLY_HELD;
	case OVERLAPS:
		r->counters.overlaps++;
		return end(r, d);
	case FITS:
		break;
	}
	if (!keep_header(r, d, &h, packet) || !add_part(r, d, &h, after))
		return end(r, d);
	d->ecns |= 1u << h.ecn;
	if (!d->total || d->have < d->total)
		return RVL_REASSEMBLY_HELD;
	good = assemble(r, d, whole);
	forget(r, d);
	if (!good)
		return refuse(r);
	r->counters.whole++;
	return RVL_REASSEMBLY_WHOLE;
}
