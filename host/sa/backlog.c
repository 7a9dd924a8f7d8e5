// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/backlog.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "host/esp/engine.h"

#define FLOWS 256
#define QUANTUM 1514 /* octets of a flow's turn */
#define FRAME_BLOCKS ((RVL_BACKLOG_FRAME + RVL_BACKLOG_BLOCK - 1) / RVL_BACKLOG_BLOCK)
#define BLOCKS (RVL_BACKLOG_OCTETS / RVL_BACKLOG_BLOCK + FRAME_BLOCKS)
#define NONE UINT16_MAX

_Static_assert(BLOCKS < NONE, "blocks are numbered");

/* A frame is a chain of blocks, and known by the first of them. */
struct frame {
	struct virtio_net_hdr header;
	uint32_t len;
	uint16_t behind; /* the flow's next frame */
};

struct flow {
	uint16_t first; /* frame */
	uint16_t last;
	uint16_t blocks; /* of its frames */
	uint16_t behind; /* the next flow of its list */
	int32_t deficit; /* octets that are left of its turn */
	bool listed;
};

/* Flows in the order of their turns. */
struct list {
	uint16_t first;
	uint16_t last;
};

struct rvl_backlog {
	uint64_t salt;
	uint16_t vacant; /* the first block of those, */
	uint16_t vacant_count;
	uint16_t next[BLOCKS]; /* and what follows each block */
	struct frame frames[BLOCKS];
	struct flow flows[FLOWS];
	struct list fresh; /* flows that had nothing waiting before */
	struct list old;
	uint64_t dropped;
	uint8_t octets[BLOCKS][RVL_BACKLOG_BLOCK];
};

struct rvl_backlog *rvl_backlog_new(uint64_t salt)
{
	struct rvl_backlog *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->salt = salt;
	for (uint16_t i = 0; i < BLOCKS; i++)
		b->next[i] = i + 1 < BLOCKS ? (uint16_t)(i + 1) : NONE;
	b->vacant_count = BLOCKS;
	b->fresh = b->old = (struct list){NONE, NONE};
	for (size_t i = 0; i < FLOWS; i++)
		b->flows[i].first = NONE;
	return b;
}

void rvl_backlog_free(struct rvl_backlog *b)
{
	if (b)
		OPENSSL_cleanse(b->octets, sizeof(b->octets));
	free(b);
}

/* ------------------------------------------------------------------------------------- flows */

static uint64_t mix(uint64_t hash, uint64_t more)
{
	hash = (hash ^ more) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 32;
}

static uint64_t mix_address(uint64_t hash, const struct rvl_addr *address)
{
	uint64_t halves[2];

	memcpy(halves, address->octets, sizeof(halves));
	return mix(mix(hash, halves[0]), halves[1]);
}

/* By the first octets of a frame; what isn't IP is one flow. */
static struct flow *flow_of(struct rvl_backlog *b, const uint8_t *frame, size_t len)
{
	uint64_t hash = b->salt;
	struct rvl_ip ip;
	size_t l3;

	if (rvl_frame_read(frame, len, &ip, &l3) == RVL_FRAME_IP) {
		bool ports = ip.ports == RVL_PORTS_BOTH && !ip.fragment;

		hash = mix_address(mix_address(hash, &ip.src), &ip.dst);
		hash = mix(hash, (uint64_t)ip.protocol << 32 |
					 (ports ? (uint32_t)ip.src_port << 16 | ip.dst_port : 0));
	}
	return &b->flows[mix(hash, 0) % FLOWS];
}

static uint16_t number_of(const struct rvl_backlog *b, const struct flow *flow)
{
	return (uint16_t)(flow - b->flows);
}

static void append(struct rvl_backlog *b, struct list *list, struct flow *flow)
{
	uint16_t number = number_of(b, flow);

	flow->behind = NONE;
	if (list->first == NONE)
		list->first = number;
	else
		b->flows[list->last].behind = number;
	list->last = number;
}

static void take_first(struct rvl_backlog *b, struct list *list)
{
	list->first = b->flows[list->first].behind;
}

/* ------------------------------------------------------------------------------------ frames */

static uint16_t blocks_of(size_t len)
{
	return (uint16_t)(len ? (len + RVL_BACKLOG_BLOCK - 1) / RVL_BACKLOG_BLOCK : 1);
}

/* The flow's first frame goes, and its blocks are vacant. */
static void remove_first(struct rvl_backlog *b, struct flow *flow)
{
	uint16_t first = flow->first, last = first;
	uint16_t count = blocks_of(b->frames[first].len);

	flow->first = b->frames[first].behind;
	flow->blocks = (uint16_t)(flow->blocks - count);
	for (uint16_t i = 1; i < count; i++)
		last = b->next[last];
	b->next[last] = b->vacant;
	b->vacant = first;
	b->vacant_count = (uint16_t)(b->vacant_count + count);
}

static void make_room(struct rvl_backlog *b)
{
	while (b->vacant_count < FRAME_BLOCKS) {
		struct flow *most = b->flows;

		for (size_t i = 1; i < FLOWS; i++)
			if (b->flows[i].blocks > most->blocks)
				most = &b->flows[i];
		remove_first(b, most);
		b->dropped++;
	}
}

void rvl_backlog_enter(struct rvl_backlog *b, const struct rvl_backlog_frame *read)
{
	uint16_t first = b->vacant, last = first, count = blocks_of(read->len);
	struct flow *flow = flow_of(b, read->first, read->there);

	for (uint16_t i = 1; i < count; i++)
		last = b->next[last];
	b->vacant = b->next[last];
	b->vacant_count = (uint16_t)(b->vacant_count - count);
	b->frames[first] = (struct frame){read->header, (uint32_t)read->len, NONE};
	if (flow->first == NONE)
		flow->first = first;
	else
		b->frames[flow->last].behind = first;
	flow->last = first;
	flow->blocks = (uint16_t)(flow->blocks + count);
	if (flow->listed)
		return;
	flow->listed = true;
	flow->deficit = QUANTUM;
	append(b, &b->fresh, flow);
}

static struct rvl_backlog_frame first_vacant(const struct rvl_backlog *b,
					     const struct virtio_net_hdr *header, size_t len)
{
	return (struct rvl_backlog_frame){
		.header = *header,
		.len = len,
		.first = b->octets[b->vacant],
		.there = len < RVL_BACKLOG_BLOCK ? len : RVL_BACKLOG_BLOCK,
	};
}

int rvl_backlog_read(struct rvl_backlog *b, int fd, struct rvl_backlog_frame *read)
{
	struct iovec parts[1 + FRAME_BLOCKS];
	struct virtio_net_hdr header = {0};
	uint16_t block;
	ssize_t len;

	make_room(b);
	block = b->vacant;
	parts[0] = (struct iovec){&header, sizeof(header)};
	for (size_t i = 1; i <= FRAME_BLOCKS; i++, block = b->next[block])
		parts[i] = (struct iovec){b->octets[block], RVL_BACKLOG_BLOCK};
	len = readv(fd, parts, 1 + FRAME_BLOCKS);
	if (len < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if ((size_t)len > sizeof(header) + RVL_BACKLOG_FRAME)
		return -EMSGSIZE;
	*read = first_vacant(b, &header,
			     (size_t)len > sizeof(header) ? (size_t)len - sizeof(header) : 0);
	return 1;
}

static size_t piece(size_t len, size_t at)
{
	return len - at < RVL_BACKLOG_BLOCK ? len - at : RVL_BACKLOG_BLOCK;
}

/* Of len octets, which begin with this block. */
static void copy_blocks(const struct rvl_backlog *b, uint16_t block, size_t len, uint8_t *frame)
{
	for (size_t at = 0; at < len; at += RVL_BACKLOG_BLOCK, block = b->next[block])
		memcpy(frame + at, b->octets[block], piece(len, at));
}

void rvl_backlog_copy(const struct rvl_backlog *b, const struct rvl_backlog_frame *read,
		      uint8_t *frame)
{
	copy_blocks(b, b->vacant, read->len, frame);
}

void rvl_backlog_put(struct rvl_backlog *b, const struct virtio_net_hdr *header,
		     const uint8_t *frame, size_t len)
{
	struct rvl_backlog_frame read;
	uint16_t block;

	make_room(b);
	block = b->vacant;
	for (size_t at = 0; at < len; at += RVL_BACKLOG_BLOCK, block = b->next[block])
		memcpy(b->octets[block], frame + at, piece(len, at));
	read = first_vacant(b, header, len);
	rvl_backlog_enter(b, &read);
}

bool rvl_backlog_next(struct rvl_backlog *b, struct virtio_net_hdr *header, uint8_t *frame,
		      size_t *len)
{
	for (;;) {
		struct list *list = b->fresh.first != NONE ? &b->fresh : &b->old;
		struct flow *flow;

		if (list->first == NONE)
			return false;
		flow = &b->flows[list->first];
		if (flow->deficit > 0 && flow->first != NONE) {
			*header = b->frames[flow->first].header;
			*len = b->frames[flow->first].len;
			copy_blocks(b, flow->first, *len, frame);
			flow->deficit -= (int32_t)*len;
			remove_first(b, flow);
			return true;
		}
		take_first(b, list);
		if (flow->deficit <= 0) {
			flow->deficit += QUANTUM;
			append(b, &b->old, flow);
		} else if (list == &b->fresh) {
			/* Else it would come first again and again (RFC 8290, section 4.2). */
			append(b, &b->old, flow);
		} else {
			flow->listed = false;
		}
	}
}

uint64_t rvl_backlog_dropped(const struct rvl_backlog *b)
{
	return b->dropped;
}
