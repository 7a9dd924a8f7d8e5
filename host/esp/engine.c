// SPDX-License-Identifier: BSD-2-Clause
#include "host/esp/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ETHERNET_HEADER 14
#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd
#define ETHERTYPE_VLAN 0x8100
#define ETHERTYPE_SERVICE_VLAN 0x88a8
#define VLAN_TAG 4
#define VLAN_TAGS_MAX 2

struct rvl_engine {
	struct rvl_engine_config config;
	struct rvl_spd *spd;
	struct rvl_esp_sa **outbound;
	struct rvl_esp_sa **inbound;
	uint16_t *buckets; /* inbound SAs by SPI: the first index of each chain */
	uint16_t *chain;   /* the next index after each */
	uint32_t bucket_mask;
	struct rvl_engine_counters counters;
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

size_t rvl_frame_ipv4(const uint8_t *frame, size_t len)
{
	uint16_t type;
	size_t l3 = frame_payload(frame, len, &type);

	return l3 && type == ETHERTYPE_IPV4 ? l3 : 0;
}

/* The same of what may hold ESP, where the packet's version agrees. */
static size_t frame_outer(const struct rvl_engine *engine, const uint8_t *frame, size_t len)
{
	uint16_t type;
	size_t l3 = frame_payload(frame, len, &type);

	if (!l3 || l3 >= len)
		return 0;
	if (type == ETHERTYPE_IPV4)
		return frame[l3] >> 4 == 4 ? l3 : 0;
	return engine->config.outer_ipv6 && type == ETHERTYPE_IPV6 && frame[l3] >> 4 == 6 ? l3 : 0;
}

/* After an outer header has come or gone. */
static void put_type(uint8_t *frame, size_t l3, uint8_t family)
{
	rvl_put_be16(frame + l3 - 2, family == 6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4);
}

struct rvl_engine *rvl_engine_new(const struct rvl_engine_config *config)
{
	struct rvl_engine *engine = calloc(1, sizeof(*engine));
	uint32_t buckets = 1;

	if (!engine)
		return NULL;
	engine->config = *config;
	if (!engine->config.udp_port)
		engine->config.udp_port = RVL_ESP_PORT;
	if (!engine->config.max_frame)
		engine->config.max_frame = UINT16_MAX;
	while (buckets < config->inbound_sas)
		buckets *= 2;
	engine->bucket_mask = buckets - 1;
	engine->spd = rvl_spd_new(config->policies);
	engine->outbound = calloc(config->outbound_sas + 1u, sizeof(*engine->outbound));
	engine->inbound = calloc(config->inbound_sas + 1u, sizeof(*engine->inbound));
	engine->buckets = malloc(buckets * sizeof(*engine->buckets));
	engine->chain = calloc(config->inbound_sas + 1u, sizeof(*engine->chain));
	if (!engine->spd || !engine->outbound || !engine->inbound || !engine->buckets ||
	    !engine->chain) {
		rvl_engine_free(engine);
		return NULL;
	}
	memset(engine->buckets, 0xff, buckets * sizeof(*engine->buckets));
	return engine;
}

void rvl_engine_free(struct rvl_engine *engine)
{
	if (!engine)
		return;
	for (size_t i = 0; engine->outbound && i < engine->config.outbound_sas; i++)
		rvl_esp_sa_free(engine->outbound[i]);
	for (size_t i = 0; engine->inbound && i < engine->config.inbound_sas; i++)
		rvl_esp_sa_free(engine->inbound[i]);
	rvl_spd_free(engine->spd);
	free(engine->outbound);
	free(engine->inbound);
	free(engine->buckets);
	free(engine->chain);
	free(engine);
}

static struct rvl_esp_sa **slot_of(struct rvl_engine *engine, enum rvl_direction direction,
				   uint16_t index)
{
	if (direction == RVL_OUTBOUND)
		return index < engine->config.outbound_sas ? &engine->outbound[index] : NULL;
	return index < engine->config.inbound_sas ? &engine->inbound[index] : NULL;
}

static uint16_t *bucket_of(struct rvl_engine *engine, uint32_t spi)
{
	return &engine->buckets[(spi * 2654435761u >> 12) & engine->bucket_mask];
}

static uint16_t find_inbound(struct rvl_engine *engine, const struct rvl_addr *dst, uint32_t spi)
{
	uint16_t index = *bucket_of(engine, spi);

	while (index != RVL_ENGINE_NO_SA) {
		const struct rvl_esp_params *params = rvl_esp_sa_params(engine->inbound[index]);

		if (params->spi == spi && rvl_addr_equal(&params->dst, dst))
			break;
		index = engine->chain[index];
	}
	return index;
}

int rvl_engine_sa_add(struct rvl_engine *engine, uint16_t index,
		      const struct rvl_esp_params *params)
{
	struct rvl_esp_sa **slot = slot_of(engine, params->direction, index);
	int err;

	if (!slot || (params->dst.family == 6 && !engine->config.outer_ipv6))
		return -EINVAL;
	if (*slot)
		return -EBUSY;
	if (params->direction == RVL_INBOUND &&
	    find_inbound(engine, &params->dst, params->spi) != RVL_ENGINE_NO_SA)
		return -EEXIST;
	err = rvl_esp_sa_new(params, slot);
	if (err)
		return err;
	if (params->direction == RVL_INBOUND) {
		uint16_t *bucket = bucket_of(engine, params->spi);

		engine->chain[index] = *bucket;
		*bucket = index;
	}
	return 0;
}

int rvl_engine_sa_delete(struct rvl_engine *engine, enum rvl_direction direction, uint16_t index)
{
	struct rvl_esp_sa **slot = slot_of(engine, direction, index);

	if (!slot || !*slot)
		return -ENOENT;
	if (direction == RVL_INBOUND) {
		uint16_t *link = bucket_of(engine, rvl_esp_sa_params(*slot)->spi);

		while (*link != index)
			link = &engine->chain[*link];
		*link = engine->chain[index];
	}
	rvl_esp_sa_free(*slot);
	*slot = NULL;
	return 0;
}

struct rvl_esp_sa *rvl_engine_sa(struct rvl_engine *engine, enum rvl_direction direction,
				 uint16_t index)
{
	struct rvl_esp_sa **slot = slot_of(engine, direction, index);

	return slot ? *slot : NULL;
}

int rvl_engine_policy_set(struct rvl_engine *engine, uint16_t index,
			  const struct rvl_policy *policy)
{
	return rvl_spd_set(engine->spd, index, policy);
}

int rvl_engine_policy_clear(struct rvl_engine *engine, uint16_t index)
{
	return rvl_spd_clear(engine->spd, index);
}

static struct rvl_engine_result tx_drop(struct rvl_engine *engine, enum rvl_drop drop, uint16_t sa)
{
	engine->counters.tx_drops[drop]++;
	return (struct rvl_engine_result){.verdict = RVL_ENGINE_DROP, .drop = drop, .sa = sa};
}

static struct rvl_engine_result tx_pass(struct rvl_engine *engine, const struct rvl_buf *frame)
{
	if (frame->len > engine->config.max_frame)
		return tx_drop(engine, RVL_DROP_TOO_BIG, RVL_ENGINE_NO_SA);
	engine->counters.tx_bypass++;
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
	case -ENOMEM:
		return RVL_DROP_NO_SA;
	default:
		return RVL_DROP_MALFORMED;
	}
}

/* l3 is at most an Ethernet header and two tags: rvl_frame_ipv4() found it. */
static struct rvl_engine_result protect(struct rvl_engine *engine, struct rvl_buf *frame, size_t l3,
					uint16_t index)
{
	struct rvl_esp_sa *sa = rvl_engine_sa(engine, RVL_OUTBOUND, index);
	uint8_t header[ETHERNET_HEADER + VLAN_TAGS_MAX * VLAN_TAG];
	int err;

	if (!sa)
		return tx_drop(engine, RVL_DROP_NO_SA, index);
	/* The outer header is going to be written over it. */
	memcpy(header, rvl_buf_data(frame), l3);
	rvl_buf_pull(frame, l3);
	/* Decided before a sequence number is spent, as the NIC does. */
	err = rvl_esp_encap_within(
		sa, frame, engine->config.max_frame > l3 ? engine->config.max_frame - l3 : 0);
	if (err) {
		rvl_buf_push(frame, l3);
		return tx_drop(engine, encap_drop(err), index);
	}
	rvl_buf_push(frame, l3);
	memcpy(rvl_buf_data(frame), header, l3);
	put_type(rvl_buf_data(frame), l3, rvl_esp_sa_params(sa)->dst.family);
	engine->counters.tx_protected++;
	return (struct rvl_engine_result){.verdict = RVL_ENGINE_DONE, .sa = index};
}

struct rvl_engine_result rvl_engine_tx(struct rvl_engine *engine, struct rvl_buf *frame,
				       uint16_t sa)
{
	size_t l3 = rvl_frame_ipv4(rvl_buf_data(frame), frame->len);
	const struct rvl_policy *policy;
	struct rvl_ip ip;

	engine->counters.tx_frames++;
	engine->counters.tx_bytes += frame->len;
	if (!l3 && sa == RVL_ENGINE_NO_SA && !too_many_tags(rvl_buf_data(frame), frame->len))
		return tx_pass(engine, frame);
	if (!l3 || !rvl_ip_parse(&ip, rvl_buf_data(frame) + l3, frame->len - l3))
		return tx_drop(engine, RVL_DROP_MALFORMED, sa);
	if (sa != RVL_ENGINE_NO_SA)
		return protect(engine, frame, l3, sa);
	policy = rvl_spd_lookup(engine->spd, &ip);
	if (!policy || policy->action == RVL_BYPASS)
		return tx_pass(engine, frame);
	if (policy->action == RVL_DISCARD)
		return tx_drop(engine, RVL_DROP_POLICY, RVL_ENGINE_NO_SA);
	return protect(engine, frame, l3, policy->sa);
}

static struct rvl_engine_result rx_pass(struct rvl_engine *engine)
{
	engine->counters.rx_pass++;
	return (struct rvl_engine_result){.verdict = RVL_ENGINE_PASS, .sa = RVL_ENGINE_NO_SA};
}

static struct rvl_engine_result unprotect(struct rvl_engine *engine, struct rvl_buf *packet,
					  const struct rvl_esp_place *place, size_t l3)
{
	uint16_t index = find_inbound(engine, &place->dst, place->spi);
	uint8_t *header = rvl_buf_data(packet) - l3;
	struct rvl_engine_result result = {.sa = index, .encap = place->encap};

	if (index == RVL_ENGINE_NO_SA) {
		engine->counters.rx_sa_miss++;
		rvl_buf_push(packet, l3);
		return rx_pass(engine);
	}
	result.drop = rvl_esp_decap(engine->inbound[index], place, packet);
	rvl_buf_push(packet, l3);
	if (result.drop) {
		engine->counters.rx_drops[result.drop]++;
		result.verdict = RVL_ENGINE_DROP;
		return result;
	}
	memmove(rvl_buf_data(packet), header, l3);
	put_type(rvl_buf_data(packet), l3, 4);
	engine->counters.rx_decrypted++;
	result.verdict = RVL_ENGINE_DONE;
	return result;
}

struct rvl_engine_result rvl_engine_rx(struct rvl_engine *engine, struct rvl_buf *frame)
{
	size_t l3 = frame_outer(engine, rvl_buf_data(frame), frame->len);
	struct rvl_esp_place place;
	enum rvl_esp_find find;

	engine->counters.rx_frames++;
	engine->counters.rx_bytes += frame->len;
	if (!l3)
		return rx_pass(engine);
	rvl_buf_pull(frame, l3);
	find = rvl_esp_find(&place, frame, engine->config.udp_port);
	if (find == RVL_ESP_FOUND)
		return unprotect(engine, frame, &place, l3);
	if (find == RVL_ESP_FRAGMENT)
		engine->counters.rx_fragment++;
	rvl_buf_push(frame, l3);
	return rx_pass(engine);
}

const struct rvl_engine_counters *rvl_engine_counters(const struct rvl_engine *engine)
{
	return &engine->counters;
}
