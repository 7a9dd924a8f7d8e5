// SPDX-License-Identifier: BSD-2-Clause
#include "host/esp/sa.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "host/esp/fetch.h"

const char *rvl_drop_name(enum rvl_drop drop)
{
	static const char *const names[RVL_DROP_COUNT] = {
		[RVL_DROP_NONE] = "none",
		[RVL_DROP_CHECKSUM] = "checksum",
		[RVL_DROP_MALFORMED] = "malformed",
		[RVL_DROP_WINDOW] = "window",
		[RVL_DROP_REPLAY] = "replay",
		[RVL_DROP_ICV] = "icv",
		[RVL_DROP_TRAILER] = "trailer",
		[RVL_DROP_PADDING] = "padding",
		[RVL_DROP_DUMMY] = "dummy",
		[RVL_DROP_INNER] = "inner",
		[RVL_DROP_ECN] = "ecn",
		[RVL_DROP_SELECTOR] = "selector",
		[RVL_DROP_LIFETIME] = "lifetime",
		[RVL_DROP_SEQUENCE] = "sequence",
		[RVL_DROP_TOO_BIG] = "too-big",
		[RVL_DROP_FRAGMENT] = "fragment",
		[RVL_DROP_POLICY] = "policy",
		[RVL_DROP_NO_SA] = "no-sa",
	};

	return (unsigned int)drop < RVL_DROP_COUNT ? names[drop] : "unknown";
}

const struct rvl_abilities rvl_esp_abilities = {
	.protocols = 1u << RVL_PROTOCOL_ESP | 1u << RVL_PROTOCOL_AH,
	.modes = 1u << RVL_TUNNEL | 1u << RVL_TRANSPORT,
	.outer = RVL_FAMILY_IPV4 | RVL_FAMILY_IPV6,
	.inner = RVL_FAMILY_IPV4 | RVL_FAMILY_IPV6,
	.policies = RVL_FAMILY_IPV4 | RVL_FAMILY_IPV6,
	.types = true,
	.encr = UINT64_MAX,
	.integ = UINT64_MAX,
	.esn = true,
	.encap = RVL_FAMILY_IPV4 | RVL_FAMILY_IPV6,
	.nat_transport = true,
	.tfc = true,
	.headers = true,
	.window = RVL_REPLAY_WINDOW_MAX,
	.events = UINT32_MAX & ~RVL_ESP_EVENT_DAMAGED,
};

/* All that no enum and no length keeps from being wrong. */
static bool params_valid(const struct rvl_sa_params *p, struct rvl_suite *suite)
{
	bool ah = p->protocol == RVL_PROTOCOL_AH, tunnel = p->mode == RVL_TUNNEL;

	return (p->direction == RVL_OUTBOUND || p->direction == RVL_INBOUND) &&
	       (ah || p->protocol == RVL_PROTOCOL_ESP) && (tunnel || p->mode == RVL_TRANSPORT) &&
	       rvl_family(&p->dst) && p->src.family == p->dst.family && (!tunnel || p->inner) &&
	       rvl_suite_of(p, suite) && p->spi >= RVL_SPI_MIN && !(ah && p->encap) &&
	       !(p->stream && (ah || p->encap)) && p->replay_window <= RVL_REPLAY_WINDOW_MAX &&
	       p->dscp < 64 && (unsigned int)p->df <= RVL_ESP_DF_CLEAR &&
	       p->first_seq <= rvl_sa_last_seq(p);
}

static size_t replay_words(const struct rvl_sa_params *params)
{
	return params->direction == RVL_INBOUND ? RVL_REPLAY_WORDS(params->replay_window) : 0;
}

static size_t size_of(const struct rvl_sa_params *params)
{
	return sizeof(struct rvl_esp_sa) + replay_words(params) * sizeof(uint64_t);
}

int rvl_esp_sa_new(const struct rvl_sa_params *params, struct rvl_esp_sa **out)
{
	uint64_t before = params->first_seq ? params->first_seq - 1 : 0;
	struct rvl_suite suite;
	struct rvl_esp_sa *sa;

	if (!params_valid(params, &suite))
		return -EINVAL;
	if (!rvl_fetch_has(&suite))
		return -EOPNOTSUPP;
	sa = OPENSSL_zalloc(size_of(params));
	if (!sa)
		return -ENOMEM;
	sa->params = *params;
	sa->suite = suite;
	sa->seq = before;
	sa->source = params->src;
	sa->source_port = params->src_port;
	if (params->direction == RVL_INBOUND)
		rvl_replay_init(&sa->replay, params->replay_window, before, sa->seen);
	*out = sa;
	return 0;
}

void rvl_esp_sa_free(struct rvl_esp_sa *sa)
{
	if (!sa)
		return;
	rvl_cipher_free(sa->cipher);
	rvl_mac_free(sa->mac);
	free(sa->drops);
	OPENSSL_clear_free(sa, size_of(&sa->params));
}

bool rvl_sa_keyed(struct rvl_esp_sa *sa)
{
	struct rvl_sa_params *p = &sa->params;

	if (sa->mac || sa->cipher)
		return true;
	if (p->protocol == RVL_PROTOCOL_AH)
		sa->mac = rvl_mac_new(sa->suite.integ, p->integ_key, p->salt);
	else
		sa->cipher = rvl_cipher_new(&sa->suite, p, p->encr_key, p->integ_key);
	if (!sa->mac && !sa->cipher)
		return false;
	OPENSSL_cleanse(p->encr_key, sizeof(p->encr_key));
	OPENSSL_cleanse(p->integ_key, sizeof(p->integ_key));
	return true;
}

const struct rvl_sa_params *rvl_esp_sa_params(const struct rvl_esp_sa *sa)
{
	return &sa->params;
}

void rvl_esp_sa_give(struct rvl_esp_sa *sa, unsigned int owner)
{
	sa->owner = (uint16_t)owner;
}

unsigned int rvl_esp_sa_owner(const struct rvl_esp_sa *sa)
{
	return sa->owner;
}

struct rvl_esp_counters rvl_esp_sa_counters(const struct rvl_esp_sa *sa)
{
	struct rvl_esp_counters counters = {.packets = sa->packets, .bytes = sa->bytes};

	if (sa->drops)
		memcpy(counters.drops, sa->drops, sizeof(counters.drops));
	return counters;
}

uint64_t rvl_esp_sa_seq(const struct rvl_esp_sa *sa)
{
	return sa->params.direction == RVL_OUTBOUND ? sa->seq : sa->replay.newest;
}

void rvl_esp_sa_count_drop(struct rvl_esp_sa *sa, enum rvl_drop drop)
{
	/* Without memory it is only counted where it happens. */
	if (!sa->drops)
		sa->drops = calloc(RVL_DROP_COUNT, sizeof(*sa->drops));
	if (sa->drops)
		sa->drops[drop]++;
}

bool rvl_esp_sa_has_events(const struct rvl_esp_sa *sa)
{
	return sa->pending;
}

uint32_t rvl_esp_sa_take_events(struct rvl_esp_sa *sa)
{
	uint32_t events = sa->pending;

	sa->pending = 0;
	return events;
}

void rvl_esp_sa_source(const struct rvl_esp_sa *sa, struct rvl_addr *src, uint16_t *port)
{
	*src = sa->source;
	*port = sa->source_port;
}

_Static_assert(RVL_ESP_EVENT_MOVED <= UINT8_MAX, "each event has a bit");

static void fire(struct rvl_esp_sa *sa, uint32_t event)
{
	if (sa->fired & event)
		return;
	sa->fired |= event;
	sa->pending |= event;
}

static bool reached(uint64_t count, uint64_t limit)
{
	return limit && count >= limit;
}

bool rvl_sa_expired(const struct rvl_esp_sa *sa)
{
	const struct rvl_lifetime *life = &sa->params.lifetime;

	return reached(sa->bytes, life->hard_bytes) || reached(sa->packets, life->hard_packets);
}

void rvl_sa_count_packet(struct rvl_esp_sa *sa, size_t bytes)
{
	const struct rvl_lifetime *life = &sa->params.lifetime;

	sa->packets++;
	sa->bytes += bytes;
	if (reached(sa->bytes, life->soft_bytes))
		fire(sa, RVL_ESP_EVENT_SOFT_BYTES);
	if (reached(sa->packets, life->soft_packets))
		fire(sa, RVL_ESP_EVENT_SOFT_PACKETS);
	if (reached(sa->bytes, life->hard_bytes))
		fire(sa, RVL_ESP_EVENT_HARD_BYTES);
	if (reached(sa->packets, life->hard_packets))
		fire(sa, RVL_ESP_EVENT_HARD_PACKETS);
}

enum rvl_drop rvl_sa_dropped(struct rvl_esp_sa *sa, enum rvl_drop drop)
{
	rvl_esp_sa_count_drop(sa, drop);
	return drop;
}

enum rvl_drop rvl_sa_take_seq(struct rvl_esp_sa *sa)
{
	if (sa->seq == rvl_sa_last_seq(&sa->params))
		return RVL_DROP_SEQUENCE;
	if (!rvl_sa_keyed(sa))
		return RVL_DROP_NO_SA;
	sa->seq++;
	if (sa->seq >= rvl_sa_soon_seq(&sa->params))
		fire(sa, RVL_ESP_EVENT_SEQUENCE_SOON);
	if (sa->seq == rvl_sa_last_seq(&sa->params))
		fire(sa, RVL_ESP_EVENT_SEQUENCE_END);
	return RVL_DROP_NONE;
}

static enum rvl_drop replay_drop(const struct rvl_replay *replay, uint64_t seq)
{
	return rvl_replay_behind(replay, seq) ? RVL_DROP_WINDOW : RVL_DROP_REPLAY;
}

enum rvl_drop rvl_sa_admit(struct rvl_esp_sa *sa, const struct rvl_esp_place *place, uint64_t *seq)
{
	*seq = sa->params.esn ? rvl_replay_whole(&sa->replay, place->seq) : place->seq;
	if (place->bad_checksum)
		return RVL_DROP_CHECKSUM;
	if (place->malformed)
		return RVL_DROP_MALFORMED;
	if (rvl_sa_expired(sa))
		return RVL_DROP_LIFETIME;
	return rvl_replay_check(&sa->replay, *seq) ? RVL_DROP_NONE : replay_drop(&sa->replay, *seq);
}

/* The peer's NAT may have another mapping for it (RFC 7296, section 2.23). */
static void note_source(struct rvl_esp_sa *sa, const struct rvl_esp_place *place)
{
	if (!place->encap ||
	    (place->src_port == sa->source_port && rvl_addr_equal(&place->src, &sa->source)))
		return;
	sa->source = place->src;
	sa->source_port = place->src_port;
	sa->pending |= RVL_ESP_EVENT_MOVED;
}

enum rvl_drop rvl_sa_accept(struct rvl_esp_sa *sa, const struct rvl_esp_place *place, uint64_t seq)
{
	if (!rvl_replay_set(&sa->replay, seq))
		return replay_drop(&sa->replay, seq);
	note_source(sa, place);
	return RVL_DROP_NONE;
}
