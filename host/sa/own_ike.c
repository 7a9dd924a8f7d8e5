// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/own_ike.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "host/esp/engine.h"
#include "host/esp/reassembly.h"
#include "host/sa/backend.h"

#define UDP_HEADER 8
#define MARKER 4
#define IPV4_DF 0x4000

struct begun {
	struct rvl_fragment_name name;
	uint64_t until_ms;
	enum rvl_own_ike_shape shape; /* that it is to have; 0: its own */
};

struct awaited {
	uint8_t header[RVL_OWN_IKE_HEADER];
	enum rvl_own_ike_shape shape;
	uint64_t until_ms; /* 0: nothing */
};

struct rvl_own_ike {
	struct rvl_policies *policies;
	struct rvl_inbound *inbound;
	uint16_t ports[2];
	struct begun begun[RVL_OWN_IKE_DATAGRAMS];
	size_t next;
	struct rvl_reassembly *parts;
	atomic_size_t awaits;
	pthread_mutex_t lock; /* guards what follows */
	struct awaited awaited[RVL_OWN_IKE_AWAITED];
};

struct rvl_own_ike *rvl_own_ike_new(struct rvl_policies *policies, struct rvl_inbound *inbound,
				    const uint16_t ports[2])
{
	static const struct rvl_reassembly_limits limits = {
		.datagrams = RVL_OWN_IKE_DATAGRAMS,
		.octets = RVL_OWN_IKE_DATAGRAMS * RVL_BACKEND_FRAME,
		.timeout_ms = RVL_OWN_IKE_MS,
		.source_datagrams = RVL_OWN_IKE_DATAGRAMS,
	};
	struct rvl_own_ike *own = calloc(1, sizeof(*own));

	if (!own)
		return NULL;
	own->parts = rvl_reassembly_new(&limits);
	if (!own->parts) {
		free(own);
		return NULL;
	}
	pthread_mutex_init(&own->lock, NULL);
	own->policies = policies;
	own->inbound = inbound;
	own->ports[0] = ports[0];
	own->ports[1] = ports[1];
	return own;
}

void rvl_own_ike_free(struct rvl_own_ike *own)
{
	if (!own)
		return;
	rvl_reassembly_free(own->parts);
	pthread_mutex_destroy(&own->lock);
	free(own);
}

/* The first fragment of one that a policy lets pass. */
static bool begins(struct rvl_own_ike *own, const struct rvl_ip *ip)
{
	struct rvl_policy policy;

	return !ip->later_fragment && ip->protocol == RVL_IP_PROTO_UDP &&
	       ip->ports == RVL_PORTS_BOTH &&
	       (ip->src_port == own->ports[0] || ip->src_port == own->ports[1]) &&
	       rvl_inbound_is_own(own->inbound, &ip->src) &&
	       rvl_policies_find(own->policies, ip, &policy) && policy.action == RVL_BYPASS;
}

bool rvl_own_ike_await(struct rvl_own_ike *own, const uint8_t header[RVL_OWN_IKE_HEADER],
		       enum rvl_own_ike_shape shape, uint64_t now_ms)
{
	struct awaited *free = NULL;

	pthread_mutex_lock(&own->lock);
	for (size_t i = 0; i < RVL_OWN_IKE_AWAITED && !free; i++)
		if (own->awaited[i].until_ms <= now_ms)
			free = &own->awaited[i];
	if (free) {
		own->awaits += !free->until_ms;
		memcpy(free->header, header, sizeof(free->header));
		free->shape = shape;
		free->until_ms = now_ms + RVL_OWN_IKE_AWAITED_MS;
	}
	pthread_mutex_unlock(&own->lock);
	return free;
}

/* Which shape is the one to have that begins so? It isn't awaited any more. 0: it wasn't. */
static enum rvl_own_ike_shape take_awaited(struct rvl_own_ike *own,
					   const uint8_t header[RVL_OWN_IKE_HEADER])
{
	enum rvl_own_ike_shape shape = 0;

	pthread_mutex_lock(&own->lock);
	for (size_t i = 0; i < RVL_OWN_IKE_AWAITED && !shape; i++) {
		struct awaited *a = &own->awaited[i];

		if (!a->until_ms || memcmp(a->header, header, sizeof(a->header)) != 0)
			continue;
		shape = a->shape;
		a->until_ms = 0;
		own->awaits--;
	}
	pthread_mutex_unlock(&own->lock);
	return shape;
}

/* The same of the packet at p, of which len octets are there, or which this is the begin of. */
static enum rvl_own_ike_shape shape_of(struct rvl_own_ike *own, const struct rvl_ip *ip,
				       const uint8_t *p, size_t len)
{
	size_t at = ip->header_len + UDP_HEADER;

	if (!atomic_load(&own->awaits) || ip->later_fragment || ip->protocol != RVL_IP_PROTO_UDP ||
	    ip->ports != RVL_PORTS_BOTH ||
	    (ip->src_port != own->ports[0] && ip->src_port != own->ports[1]))
		return 0;
	at += ip->src_port == own->ports[1] ? MARKER : 0;
	return len >= at + RVL_OWN_IKE_HEADER ? take_awaited(own, p + at) : 0;
}

static struct begun *find_begun(struct rvl_own_ike *own, const struct rvl_fragment_name *name,
				uint64_t now_ms)
{
	for (size_t i = 0; i < RVL_OWN_IKE_DATAGRAMS; i++)
		if (now_ms < own->begun[i].until_ms &&
		    rvl_fragment_name_equal(&own->begun[i].name, name))
			return &own->begun[i];
	return NULL;
}

/* RFC 1191, section 3. IPv6 is never cut on its way. */
static void forbid_cutting(uint8_t *p)
{
	if (p[0] >> 4 != 4)
		return;
	rvl_put_be16(p + 6, IPV4_DF);
	rvl_put_be16(p + 10, 0);
	rvl_put_be16(p + 10, rvl_ip_checksum(p, (size_t)(p[0] & 0xf) * 4));
}

static enum rvl_own_ike_verdict let_go(uint8_t *p, enum rvl_own_ike_shape shape)
{
	if (shape == RVL_OWN_IKE_CUT)
		return RVL_OWN_IKE_TO_CUT;
	forbid_cutting(p);
	return RVL_OWN_IKE_TO_SEND;
}

static enum rvl_own_ike_verdict put_together(struct rvl_own_ike *own, uint8_t *frame, size_t *len,
					     size_t l3, uint64_t now_ms,
					     enum rvl_own_ike_shape shape)
{
	struct rvl_buf whole;

	if (rvl_reassembly_take(own->parts, frame + l3, *len - l3, now_ms, &whole) !=
		    RVL_REASSEMBLY_WHOLE ||
	    l3 + whole.len > RVL_BACKEND_FRAME)
		return RVL_OWN_IKE_HELD;
	memcpy(frame + l3, rvl_buf_data(&whole), whole.len);
	*len = l3 + whole.len;
	return let_go(frame + l3, shape);
}

enum rvl_own_ike_verdict rvl_own_ike_take(struct rvl_own_ike *own, uint8_t *frame, size_t *len,
					  uint64_t now_ms)
{
	enum rvl_own_ike_shape shape;
	struct rvl_fragment_name name;
	struct begun *begun;
	struct rvl_ip ip;
	size_t l3;

	if (rvl_frame_parse(frame, *len, &ip, &l3) != RVL_FRAME_IP)
		return RVL_OWN_IKE_ELSE;
	shape = shape_of(own, &ip, frame + l3, *len - l3);
	if (shape && !ip.fragment)
		return let_go(frame + l3, shape);
	if (!ip.fragment || !rvl_fragment_name(frame + l3, *len - l3, &name))
		return RVL_OWN_IKE_ELSE;
	if (shape || begins(own, &ip))
		own->begun[own->next++ % RVL_OWN_IKE_DATAGRAMS] =
			(struct begun){name, now_ms + RVL_OWN_IKE_MS, shape};
	begun = shape || ip.later_fragment ? find_begun(own, &name, now_ms) : NULL;
	if (begun && begun->shape)
		return put_together(own, frame, len, l3, now_ms, begun->shape);
	return begun ? RVL_OWN_IKE_GOES_ON : RVL_OWN_IKE_ELSE;
}
