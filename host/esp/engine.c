// SPDX-License-Identifier: BSD-2-Clause
#include "host/esp/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/esp/grow.h"

#define BUCKETS_FIRST 64
#define ETHERNET_HEADER 14
#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd
#define ETHERTYPE_VLAN 0x8100
#define ETHERTYPE_SERVICE_VLAN 0x88a8
#define VLAN_TAG 4
#define VLAN_TAGS_MAX 2

/* SAs of one direction by index. */
struct table {
	struct rvl_esp_sa **list;
	size_t room;
	size_t most;
};

/* What a thread counts: nobody else's are on its cache lines. */
struct counted {
	struct rvl_engine_counters counters;
	uint8_t apart[64];
};

struct rvl_engine {
	struct rvl_engine_config config;
	struct rvl_spd *spd;
	struct table tables[2];
	uint32_t *buckets; /* inbound SAs by SPI: the first index of each chain */
	uint32_t bucket_mask;
	uint32_t *chain; /* the next index after each */
	size_t chain_room;
	size_t inbound_count;
	struct counted *counted; /* by thread */
};

static bool is_tag(const uint8_t *type)
{
	uint16_t t = rvl_get_be16(type);

	return t == ETHERTYPE_VLAN || t == ETHERTYPE_SERVICE_VLAN;
}

/* More tags than are looked past: what lies behind them is unknown. */
static bool too_many_tags(const uint8_t *frame, size_t len)
{
	size_t at = ETHERNET_HEADER - 2;
	unsigned int tags = 0;

	while (tags <= VLAN_TAGS_MAX && at + 2 <= len && is_tag(frame + at)) {
		tags++;
		at += VLAN_TAG;
	}
	return tags > VLAN_TAGS_MAX;
}

/* What follows the EtherType behind at most two tags; 0 when it isn't there. */
static size_t frame_payload(const uint8_t *frame, size_t len, uint16_t *type)
{
	size_t at = ETHERNET_HEADER - 2;

	for (unsigned int tags = 0; tags <= VLAN_TAGS_MAX && at + 2 <= len; tags++) {
		*type = rvl_get_be16(frame + at);
		if (!is_tag(frame + at))
			return at + 2;
		at += VLAN_TAG;
	}
	return 0;
}

static uint8_t family_of_type(uint16_t type)
{
	return type == ETHERTYPE_IPV4 ? 4 : type == ETHERTYPE_IPV6 ? 6 : 0;
}

typedef bool read_fn(struct rvl_ip *ip, const uint8_t *p, size_t len);

static enum rvl_frame frame_of(const uint8_t *frame, size_t len, struct rvl_ip *ip, size_t *l3,
			       read_fn *read)
{
	uint16_t type;
	uint8_t family;

	*l3 = frame_payload(frame, len, &type);
	family = *l3 ? family_of_type(type) : 0;
	if (!family)
		return RVL_FRAME_OTHER;
	return read(ip, frame + *l3, len - *l3) && ip->dst.family == family ? RVL_FRAME_IP
									    : RVL_FRAME_BAD;
}

enum rvl_frame rvl_frame_parse(const uint8_t *frame, size_t len, struct rvl_ip *ip, size_t *l3)
{
	return frame_of(frame, len, ip, l3, rvl_ip_parse);
}

enum rvl_frame rvl_frame_read(const uint8_t *frame, size_t len, struct rvl_ip *ip, size_t *l3)
{
	return frame_of(frame, len, ip, l3, rvl_ip_read);
}

/* Where the packet starts that may hold ESP, if its version agrees; 0: there is none. */
static size_t frame_outer(const struct rvl_engine *engine, const uint8_t *frame, size_t len)
{
	uint16_t type;
	size_t l3 = frame_payload(frame, len, &type);
	uint8_t family = l3 && l3 < len ? family_of_type(type) : 0;

	if (!family || (family == 6 && !engine->config.ipv6) || frame[l3] >> 4 != family)
		return 0;
	return l3;
}

/* After an outer header has come or gone. */
static void put_type(uint8_t *frame, size_t l3, uint8_t family)
{
	rvl_put_be16(frame + l3 - 2, family == 6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4);
}

static uint32_t *new_buckets(uint32_t count)
{
	uint32_t *buckets = malloc(count * sizeof(*buckets));

	if (buckets)
		memset(buckets, 0xff, count * sizeof(*buckets));
	return buckets;
}

struct rvl_engine *rvl_engine_new(const struct rvl_engine_config *config)
{
	struct rvl_engine *engine = calloc(1, sizeof(*engine));

	if (!engine)
		return NULL;
	engine->config = *config;
	if (!engine->config.udp_port)
		engine->config.udp_port = RVL_ESP_PORT;
	if (!engine->config.max_frame)
		engine->config.max_frame = UINT16_MAX;
	if (!engine->config.threads)
		engine->config.threads = 1;
	engine->tables[RVL_OUTBOUND].most = config->outbound_sas;
	engine->tables[RVL_INBOUND].most = config->inbound_sas;
	engine->bucket_mask = BUCKETS_FIRST - 1;
	engine->buckets = new_buckets(BUCKETS_FIRST);
	engine->spd = rvl_spd_new(config->policies);
	engine->counted = calloc(engine->config.threads, sizeof(*engine->counted));
	if (!engine->spd || !engine->buckets || !engine->counted) {
		rvl_engine_free(engine);
		return NULL;
	}
	return engine;
}

void rvl_engine_free(struct rvl_engine *engine)
{
	if (!engine)
		return;
	for (int direction = 0; direction < 2; direction++) {
		for (size_t i = 0; i < engine->tables[direction].room; i++)
			rvl_esp_sa_free(engine->tables[direction].list[i]);
		free(engine->tables[direction].list);
	}
	rvl_spd_free(engine->spd);
	free(engine->buckets);
	free(engine->chain);
	free(engine->counted);
	free(engine);
}

static struct rvl_esp_sa **slot_of(struct rvl_engine *engine, enum rvl_direction direction,
				   uint32_t index)
{
	struct table *table = &engine->tables[direction];

	return index < table->room ? &table->list[index] : NULL;
}

/* Room for an SA at index. */
static int make_slot(struct rvl_engine *engine, enum rvl_direction direction, uint32_t index)
{
	struct table *table = &engine->tables[direction];
	struct rvl_esp_sa **list;
	uint32_t *chain;

	if (index >= table->most)
		return -EINVAL;
	list = rvl_grow(table->list, &table->room, index, sizeof(*list));
	if (!list)
		return -ENOMEM;
	table->list = list;
	if (direction == RVL_OUTBOUND)
		return 0;
	chain = rvl_grow(engine->chain, &engine->chain_room, index, sizeof(*chain));
	if (!chain)
		return -ENOMEM;
	engine->chain = chain;
	return 0;
}

static uint32_t *bucket_of(struct rvl_engine *engine, uint32_t spi)
{
	return &engine->buckets[(spi * 2654435761u >> 12) & engine->bucket_mask];
}

static struct rvl_esp_sa *inbound(const struct rvl_engine *engine, uint32_t index)
{
	return engine->tables[RVL_INBOUND].list[index];
}

static uint32_t find_inbound(struct rvl_engine *engine, const struct rvl_addr *dst,
			     enum rvl_protocol protocol, uint32_t spi)
{
	uint32_t index = *bucket_of(engine, spi);

	while (index != RVL_ENGINE_NO_SA) {
		const struct rvl_sa_params *params = rvl_esp_sa_params(inbound(engine, index));

		if (params->spi == spi && params->protocol == protocol &&
		    rvl_addr_equal(&params->dst, dst))
			break;
		index = engine->chain[index];
	}
	return index;
}

static void chain_inbound(struct rvl_engine *engine, uint32_t index)
{
	uint32_t *bucket = bucket_of(engine, rvl_esp_sa_params(inbound(engine, index))->spi);

	engine->chain[index] = *bucket;
	*bucket = index;
}

/* As many buckets as there are SAs, or those that there are if there is no memory. */
static void add_buckets(struct rvl_engine *engine)
{
	uint32_t *wider;

	if (engine->inbound_count <= engine->bucket_mask)
		return;
	wider = new_buckets(2 * (engine->bucket_mask + 1));
	if (!wider)
		return;
	free(engine->buckets);
	engine->buckets = wider;
	engine->bucket_mask = 2 * engine->bucket_mask + 1;
	for (uint32_t i = 0; i < engine->tables[RVL_INBOUND].room; i++)
		if (inbound(engine, i))
			chain_inbound(engine, i);
}

int rvl_engine_sa_add(struct rvl_engine *engine, uint32_t index, const struct rvl_sa_params *params,
		      unsigned int owner)
{
	struct rvl_esp_sa **slot;
	int err;

	if ((params->dst.family == 6 && !engine->config.ipv6) ||
	    (params->protocol == RVL_PROTOCOL_AH && !engine->config.ah) ||
	    owner >= engine->config.threads)
		return -EINVAL;
	err = make_slot(engine, params->direction, index);
	if (err)
		return err;
	slot = slot_of(engine, params->direction, index);
	if (*slot)
		return -EBUSY;
	if (params->direction == RVL_INBOUND &&
	    find_inbound(engine, &params->dst, params->protocol, params->spi) != RVL_ENGINE_NO_SA)
		return -EEXIST;
	if (params->direction == RVL_INBOUND)
		add_buckets(engine);
	err = rvl_esp_sa_new(params, slot);
	if (err)
		return err;
	rvl_esp_sa_give(*slot, owner);
	if (params->direction == RVL_INBOUND) {
		chain_inbound(engine, index);
		engine->inbound_count++;
	}
	return 0;
}

int rvl_engine_sa_delete(struct rvl_engine *engine, enum rvl_direction direction, uint32_t index)
{
	struct rvl_esp_sa **slot = slot_of(engine, direction, index);

	if (!slot || !*slot)
		return -ENOENT;
	if (direction == RVL_INBOUND) {
		uint32_t *link = bucket_of(engine, rvl_esp_sa_params(*slot)->spi);

		while (*link != index)
			link = &engine->chain[*link];
		*link = engine->chain[index];
		engine->inbound_count--;
	}
	rvl_esp_sa_free(*slot);
	*slot = NULL;
	return 0;
}

struct rvl_esp_sa *rvl_engine_sa(struct rvl_engine *engine, enum rvl_direction direction,
				 uint32_t index)
{
	struct rvl_esp_sa **slot = slot_of(engine, direction, index);

	return slot ? *slot : NULL;
}

int rvl_engine_policy_set(struct rvl_engine *engine, uint32_t index,
			  const struct rvl_policy *policy)
{
	return rvl_spd_set(engine->spd, index, policy);
}

int rvl_engine_policy_clear(struct rvl_engine *engine, uint32_t index)
{
	return rvl_spd_clear(engine->spd, index);
}

static struct rvl_engine_counters *counters_of(struct rvl_engine *engine, unsigned int thread)
{
	return &engine->counted[thread].counters;
}

static struct rvl_engine_result elsewhere(const struct rvl_esp_sa *sa, uint32_t index)
{
	return (struct rvl_engine_result){
		.verdict = RVL_ENGINE_ELSEWHERE, .sa = index, .owner = rvl_esp_sa_owner(sa)};
}

static struct rvl_engine_result tx_drop(struct rvl_engine_counters *counters, enum rvl_drop drop,
					uint32_t sa)
{
	counters->tx_drops[drop]++;
	return (struct rvl_engine_result){.verdict = RVL_ENGINE_DROP, .drop = drop, .sa = sa};
}

static struct rvl_engine_result tx_pass(const struct rvl_engine *engine,
					struct rvl_engine_counters *counters,
					const struct rvl_buf *frame)
{
	if (frame->len > engine->config.max_frame)
		return tx_drop(counters, RVL_DROP_TOO_BIG, RVL_ENGINE_NO_SA);
	counters->tx_bypass++;
	return (struct rvl_engine_result){.verdict = RVL_ENGINE_PASS, .sa = RVL_ENGINE_NO_SA};
}

static enum rvl_drop encap_drop(int err)
{
	switch (err) {
	case -EOVERFLOW:
		return RVL_DROP_SEQUENCE;
	case -EKEYEXPIRED:
		return RVL_DROP_LIFETIME;
	case -EMSGSIZE:
	case -ENOBUFS:
		return RVL_DROP_TOO_BIG;
	case -EOPNOTSUPP:
		return RVL_DROP_FRAGMENT;
	case -ENOMEM:
		return RVL_DROP_NO_SA;
	default:
		return RVL_DROP_MALFORMED;
	}
}

/* l3 is at most an Ethernet header and two tags: rvl_frame_parse() found it. */
static struct rvl_engine_result protect(const struct rvl_engine *engine,
					struct rvl_engine_counters *counters, struct rvl_buf *frame,
					size_t l3, struct rvl_esp_sa *sa, uint32_t index)
{
	uint8_t header[ETHERNET_HEADER + VLAN_TAGS_MAX * VLAN_TAG];
	int err;

	/* The outer header is going to be written over it. */
	memcpy(header, rvl_buf_data(frame), l3);
	rvl_buf_pull(frame, l3);
	/* Decided before a sequence number is spent, as the NIC does. */
	err = rvl_esp_encap_within(
		sa, frame, engine->config.max_frame > l3 ? engine->config.max_frame - l3 : 0);
	if (err) {
		rvl_buf_push(frame, l3);
		return tx_drop(counters, encap_drop(err), index);
	}
	rvl_buf_push(frame, l3);
	memcpy(rvl_buf_data(frame), header, l3);
	put_type(rvl_buf_data(frame), l3, rvl_esp_sa_params(sa)->dst.family);
	counters->tx_protected++;
	return (struct rvl_engine_result){.verdict = RVL_ENGINE_DONE,
					  .sa = index,
					  .encap = rvl_esp_sa_params(sa)->encap,
					  .stream = rvl_esp_sa_params(sa)->stream};
}

/* What is to become of a frame from the host. */
struct way {
	enum rvl_action action;
	enum rvl_drop drop; /* with RVL_DISCARD */
	size_t l3;
	uint32_t index;	       /* of an SA, or RVL_ENGINE_NO_SA */
	struct rvl_esp_sa *sa; /* with RVL_PROTECT */
};

static struct way way_on(struct rvl_engine *engine, size_t l3, uint32_t index)
{
	struct rvl_esp_sa *sa = rvl_engine_sa(engine, RVL_OUTBOUND, index);

	if (!sa)
		return (struct way){.action = RVL_DISCARD, .drop = RVL_DROP_NO_SA, .index = index};
	return (struct way){.action = RVL_PROTECT, .l3 = l3, .index = index, .sa = sa};
}

/* By its first octets, of which read() says whether they are enough. Without IPv6 of its own a
 * packet of it is like any other frame. */
static struct way way_of(struct rvl_engine *engine, const uint8_t *frame, size_t len, uint32_t sa,
			 read_fn *read)
{
	const struct way pass = {.action = RVL_BYPASS, .index = RVL_ENGINE_NO_SA};
	const struct rvl_policy *policy;
	enum rvl_frame kind;
	uint16_t type = 0;
	struct rvl_ip ip;
	size_t l3;

	if (sa == RVL_ENGINE_CLEAR)
		return pass;
	frame_payload(frame, len, &type);
	kind = type == ETHERTYPE_IPV6 && !engine->config.ipv6
		       ? RVL_FRAME_OTHER
		       : frame_of(frame, len, &ip, &l3, read);
	if (kind == RVL_FRAME_OTHER && sa == RVL_ENGINE_NO_SA && !too_many_tags(frame, len))
		return pass;
	if (kind != RVL_FRAME_IP)
		return (struct way){.action = RVL_DISCARD, .drop = RVL_DROP_MALFORMED, .index = sa};
	if (sa != RVL_ENGINE_NO_SA)
		return way_on(engine, l3, sa);
	policy = rvl_spd_lookup(engine->spd, &ip);
	if (!policy || policy->action == RVL_BYPASS)
		return pass;
	if (policy->action == RVL_DISCARD)
		return (struct way){
			.action = RVL_DISCARD, .drop = RVL_DROP_POLICY, .index = RVL_ENGINE_NO_SA};
	return way_on(engine, l3, policy->sa);
}

unsigned int rvl_engine_owner(struct rvl_engine *engine, const uint8_t *frame, size_t len)
{
	const struct way way = way_of(engine, frame, len, RVL_ENGINE_NO_SA, rvl_ip_read);

	return way.action == RVL_PROTECT ? rvl_esp_sa_owner(way.sa) : 0;
}

struct rvl_engine_result rvl_engine_tx(struct rvl_engine *engine, unsigned int thread,
				       struct rvl_buf *frame, uint32_t sa)
{
	struct rvl_engine_counters *counters = counters_of(engine, thread);
	const struct way way = way_of(engine, rvl_buf_data(frame), frame->len, sa, rvl_ip_parse);

	if (way.action == RVL_PROTECT && rvl_esp_sa_owner(way.sa) != thread)
		return elsewhere(way.sa, way.index);
	counters->tx_frames++;
	counters->tx_bytes += frame->len;
	if (way.action == RVL_BYPASS)
		return tx_pass(engine, counters, frame);
	if (way.action == RVL_DISCARD)
		return tx_drop(counters, way.drop, way.index);
	return protect(engine, counters, frame, way.l3, way.sa, way.index);
}

static struct rvl_engine_result rx_pass(struct rvl_engine_counters *counters)
{
	counters->rx_pass++;
	return (struct rvl_engine_result){.verdict = RVL_ENGINE_PASS, .sa = RVL_ENGINE_NO_SA};
}

static void count_rx(struct rvl_engine_counters *counters, size_t len)
{
	counters->rx_frames++;
	counters->rx_bytes += len;
}

static struct rvl_engine_result unprotect(struct rvl_engine *engine, unsigned int thread,
					  struct rvl_buf *packet, const struct rvl_esp_place *place,
					  size_t l3)
{
	struct rvl_engine_counters *counters = counters_of(engine, thread);
	uint32_t index = find_inbound(engine, &place->dst, place->protocol, place->spi);
	struct rvl_esp_sa *sa = index == RVL_ENGINE_NO_SA ? NULL : inbound(engine, index);
	uint8_t *header = rvl_buf_data(packet) - l3;
	struct rvl_engine_result result = {.sa = index, .encap = place->encap};

	if (sa && rvl_esp_sa_owner(sa) != thread) {
		rvl_buf_push(packet, l3);
		return elsewhere(sa, index);
	}
	count_rx(counters, packet->len + l3);
	if (!sa) {
		counters->rx_sa_miss++;
		rvl_buf_push(packet, l3);
		return rx_pass(counters);
	}
	result.drop = rvl_esp_decap(sa, place, packet);
	rvl_buf_push(packet, l3);
	if (result.drop) {
		counters->rx_drops[result.drop]++;
		result.verdict = RVL_ENGINE_DROP;
		return result;
	}
	memmove(rvl_buf_data(packet), header, l3);
	put_type(rvl_buf_data(packet), l3, rvl_buf_data(packet)[l3] >> 4);
	counters->rx_decrypted++;
	result.verdict = RVL_ENGINE_DONE;
	return result;
}

struct rvl_engine_result rvl_engine_rx(struct rvl_engine *engine, unsigned int thread,
				       struct rvl_buf *frame)
{
	struct rvl_engine_counters *counters = counters_of(engine, thread);
	size_t l3 = frame_outer(engine, rvl_buf_data(frame), frame->len), len = frame->len;
	enum rvl_esp_find find = RVL_ESP_ABSENT;
	struct rvl_esp_place place;

	if (l3) {
		rvl_buf_pull(frame, l3);
		find = rvl_esp_find(&place, frame, engine->config.udp_port);
		if (find != RVL_ESP_ABSENT && place.protocol == RVL_PROTOCOL_AH &&
		    !engine->config.ah)
			find = RVL_ESP_ABSENT;
		if (find == RVL_ESP_FOUND)
			return unprotect(engine, thread, frame, &place, l3);
		rvl_buf_push(frame, l3);
	}
	count_rx(counters, len);
	counters->rx_fragment += find == RVL_ESP_FRAGMENT;
	return rx_pass(counters);
}

void rvl_engine_add_counters(const struct rvl_engine *engine, unsigned int thread,
			     struct rvl_engine_counters *sum)
{
	const struct rvl_engine_counters *c = &engine->counted[thread].counters;

	sum->tx_frames += c->tx_frames;
	sum->tx_bytes += c->tx_bytes;
	sum->tx_bypass += c->tx_bypass;
	sum->tx_protected += c->tx_protected;
	sum->rx_frames += c->rx_frames;
	sum->rx_bytes += c->rx_bytes;
	sum->rx_pass += c->rx_pass;
	sum->rx_decrypted += c->rx_decrypted;
	sum->rx_sa_miss += c->rx_sa_miss;
	sum->rx_fragment += c->rx_fragment;
	for (int drop = 0; drop < RVL_DROP_COUNT; drop++) {
		sum->tx_drops[drop] += c->tx_drops[drop];
		sum->rx_drops[drop] += c->rx_drops[drop];
	}
}

const struct rvl_engine_counters *rvl_engine_counters(const struct rvl_engine *engine)
{
	return &engine->counted[0].counters;
}
