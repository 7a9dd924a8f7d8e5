// SPDX-License-Identifier: BSD-2-Clause
#include "host/esp/esp.h"

#include <assert.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "host/esp/ip.h"
#include "host/esp/replay.h"

#define NEXT_HEADER_IPV4 4
#define NEXT_HEADER_NONE 59
#define TRAILER 2
#define ALIGNMENT 4

struct rvl_esp_sa {
	struct rvl_sa_params params;
	/* Made with the first packet, from the key, which is erased then: it takes more memory than
	 * all else here, and many an SA is idle. */
	EVP_CIPHER_CTX *cipher;
	uint8_t key[RVL_ENCR_KEY_MAX];
	struct rvl_esp_counters counters;
	struct rvl_replay replay;
	uint32_t seq;
	uint32_t fired;
	uint32_t pending;
	struct rvl_addr source; /* inbound, in UDP: of the last authentic packet */
	uint16_t source_port;
	uint64_t seen[]; /* of the replay window */
};

const char *rvl_drop_name(enum rvl_drop drop)
{
	static const char *const names[RVL_DROP_COUNT] = {
		[RVL_DROP_NONE] = "none",	    [RVL_DROP_CHECKSUM] = "checksum",
		[RVL_DROP_MALFORMED] = "malformed", [RVL_DROP_WINDOW] = "window",
		[RVL_DROP_REPLAY] = "replay",	    [RVL_DROP_ICV] = "icv",
		[RVL_DROP_TRAILER] = "trailer",	    [RVL_DROP_DUMMY] = "dummy",
		[RVL_DROP_INNER] = "inner",	    [RVL_DROP_ECN] = "ecn",
		[RVL_DROP_SELECTOR] = "selector",   [RVL_DROP_LIFETIME] = "lifetime",
		[RVL_DROP_SEQUENCE] = "sequence",   [RVL_DROP_TOO_BIG] = "too-big",
		[RVL_DROP_POLICY] = "policy",	    [RVL_DROP_NO_SA] = "no-sa",
	};

	return (unsigned int)drop < RVL_DROP_COUNT ? names[drop] : "unknown";
}

const struct rvl_abilities rvl_esp_abilities = {
	.protocols = 1u << RVL_PROTOCOL_ESP,
	.modes = 1u << RVL_TUNNEL,
	.outer = RVL_FAMILY_IPV4 | RVL_FAMILY_IPV6,
	.inner = RVL_FAMILY_IPV4,
	.policies = RVL_FAMILY_IPV4 | RVL_FAMILY_IPV6,
	.types = true,
	.encr = 1u << 0 | 1u << 2,
	.encap = true,
	.window = RVL_REPLAY_WINDOW_MAX,
	.events = UINT32_MAX & ~RVL_ESP_EVENT_DAMAGED,
};

static bool params_valid(const struct rvl_sa_params *p)
{
	struct rvl_suite suite;
	char lacking[1];

	return (p->direction == RVL_OUTBOUND || p->direction == RVL_INBOUND) &&
	       (unsigned int)p->protocol <= RVL_PROTOCOL_AH &&
	       (unsigned int)p->mode <= RVL_TRANSPORT && rvl_family(&p->dst) &&
	       p->src.family == p->dst.family && (p->mode == RVL_TRANSPORT || p->inner) &&
	       rvl_suite_of(p, &suite) && p->spi >= RVL_SPI_MIN && p->dscp < 64 &&
	       (unsigned int)p->df <= RVL_ESP_DF_CLEAR && p->first_seq <= rvl_sa_last_seq(p) &&
	       !rvl_abilities_lack(&rvl_esp_abilities, p, lacking, sizeof(lacking));
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
	struct rvl_esp_sa *sa;

	if (!params_valid(params))
		return -EINVAL;
	sa = OPENSSL_zalloc(size_of(params));
	if (!sa)
		return -ENOMEM;
	sa->params = *params;
	memcpy(sa->key, params->encr_key, params->encr_key_len);
	OPENSSL_cleanse(sa->params.encr_key, sizeof(sa->params.encr_key));
	if (params->first_seq > 1)
		sa->seq = (uint32_t)(params->first_seq - 1);
	sa->source = params->src;
	sa->source_port = params->src_port;
	if (params->direction == RVL_INBOUND)
		rvl_replay_init(&sa->replay, params->replay_window,
				params->first_seq ? (uint32_t)(params->first_seq - 1) : 0,
				sa->seen);
	*out = sa;
	return 0;
}

/* True when the cipher is there; false without memory. */
static bool keyed(struct rvl_esp_sa *sa)
{
	const EVP_CIPHER *algorithm =
		sa->params.encr_key_len == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm();

	if (sa->cipher)
		return true;
	sa->cipher = EVP_CIPHER_CTX_new();
	if (!sa->cipher)
		return false;
	if (EVP_CipherInit_ex(sa->cipher, algorithm, NULL, sa->key, NULL,
			      sa->params.direction == RVL_OUTBOUND) != 1) {
		EVP_CIPHER_CTX_free(sa->cipher);
		sa->cipher = NULL;
		return false;
	}
	OPENSSL_cleanse(sa->key, sizeof(sa->key));
	return true;
}

void rvl_esp_sa_free(struct rvl_esp_sa *sa)
{
	if (!sa)
		return;
	EVP_CIPHER_CTX_free(sa->cipher);
	OPENSSL_clear_free(sa, size_of(&sa->params));
}

const struct rvl_sa_params *rvl_esp_sa_params(const struct rvl_esp_sa *sa)
{
	return &sa->params;
}

const struct rvl_esp_counters *rvl_esp_sa_counters(const struct rvl_esp_sa *sa)
{
	return &sa->counters;
}

uint64_t rvl_esp_sa_seq(const struct rvl_esp_sa *sa)
{
	return sa->params.direction == RVL_OUTBOUND ? sa->seq : sa->replay.newest;
}

void rvl_esp_sa_count_drop(struct rvl_esp_sa *sa, enum rvl_drop drop)
{
	sa->counters.drops[drop]++;
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

static bool expired(const struct rvl_esp_sa *sa)
{
	const struct rvl_lifetime *life = &sa->params.lifetime;

	return reached(sa->counters.bytes, life->hard_bytes) ||
	       reached(sa->counters.packets, life->hard_packets);
}

static void count_packet(struct rvl_esp_sa *sa, size_t bytes)
{
	const struct rvl_lifetime *life = &sa->params.lifetime;

	sa->counters.packets++;
	sa->counters.bytes += bytes;
	if (reached(sa->counters.bytes, life->soft_bytes))
		fire(sa, RVL_ESP_EVENT_SOFT_BYTES);
	if (reached(sa->counters.packets, life->soft_packets))
		fire(sa, RVL_ESP_EVENT_SOFT_PACKETS);
	if (reached(sa->counters.bytes, life->hard_bytes))
		fire(sa, RVL_ESP_EVENT_HARD_BYTES);
	if (reached(sa->counters.packets, life->hard_packets))
		fire(sa, RVL_ESP_EVENT_HARD_PACKETS);
}

static enum rvl_drop dropped(struct rvl_esp_sa *sa, enum rvl_drop drop)
{
	sa->counters.drops[drop]++;
	return drop;
}

static int refuse(struct rvl_esp_sa *sa, enum rvl_drop drop, int err)
{
	dropped(sa, drop);
	return err;
}

/* Nonce = salt | IV (RFC 4106, section 4); additional data = SPI | sequence number (section 5). */
static bool gcm(struct rvl_esp_sa *sa, const uint8_t *esp, uint8_t *text, size_t len, uint8_t *icv)
{
	bool seal = sa->params.direction == RVL_OUTBOUND;
	uint8_t nonce[RVL_ESP_SALT + RVL_ESP_IV];
	int n;

	memcpy(nonce, sa->params.salt, RVL_ESP_SALT);
	memcpy(nonce + RVL_ESP_SALT, esp + RVL_ESP_HEADER, RVL_ESP_IV);
	if (EVP_CipherInit_ex(sa->cipher, NULL, NULL, NULL, nonce, -1) != 1)
		return false;
	if (!seal && EVP_CIPHER_CTX_ctrl(sa->cipher, EVP_CTRL_AEAD_SET_TAG, RVL_ESP_ICV, icv) != 1)
		return false;
	if (EVP_CipherUpdate(sa->cipher, NULL, &n, esp, RVL_ESP_HEADER) != 1 ||
	    EVP_CipherUpdate(sa->cipher, text, &n, text, (int)len) != 1 ||
	    EVP_CipherFinal_ex(sa->cipher, text + len, &n) != 1)
		return false;
	return !seal ||
	       EVP_CIPHER_CTX_ctrl(sa->cipher, EVP_CTRL_AEAD_GET_TAG, RVL_ESP_ICV, icv) == 1;
}

static size_t padding(size_t inner)
{
	return (ALIGNMENT - (inner + TRAILER) % ALIGNMENT) % ALIGNMENT;
}

static uint8_t outer_tos(const struct rvl_sa_params *params, uint8_t inner)
{
	uint8_t dscp = params->fixed_dscp ? (uint8_t)(params->dscp << 2) : inner & 0xfc;

	return (uint8_t)(dscp | (inner & RVL_ECN_MASK));
}

static bool outer_df(const struct rvl_sa_params *params, bool inner)
{
	return params->df == RVL_ESP_DF_SET || (params->df == RVL_ESP_DF_COPY && inner);
}

static size_t ip_header_len(const struct rvl_sa_params *params)
{
	return params->dst.family == 6 ? RVL_IPV6_HEADER : RVL_IP_HEADER;
}

static void write_ipv4(const struct rvl_esp_sa *sa, uint8_t *p, const struct rvl_ip *inner,
		       size_t total)
{
	const struct rvl_sa_params *params = &sa->params;

	p[0] = 0x45;
	p[1] = outer_tos(params, inner->tos);
	rvl_put_be16(p + 2, (uint16_t)total);
	rvl_put_be16(p + 4, (uint16_t)sa->seq);
	rvl_put_be16(p + 6, outer_df(params, inner->df) ? RVL_IP_DF : 0);
	p[8] = params->ttl ? params->ttl : RVL_DEFAULT_TTL;
	p[9] = params->encap ? RVL_IP_PROTO_UDP : RVL_IP_PROTO_ESP;
	rvl_put_be16(p + 10, 0);
	memcpy(p + 12, params->src.octets, 4);
	memcpy(p + 16, params->dst.octets, 4);
	rvl_put_be16(p + 10, rvl_ip_checksum(p, RVL_IP_HEADER));
}

static void write_ipv6(const struct rvl_sa_params *params, uint8_t *p, const struct rvl_ip *inner,
		       size_t total)
{
	rvl_put_be32(p, 6u << 28 | (uint32_t)outer_tos(params, inner->tos) << 20);
	rvl_put_be16(p + 4, (uint16_t)(total - RVL_IPV6_HEADER));
	p[6] = params->encap ? RVL_IP_PROTO_UDP : RVL_IP_PROTO_ESP;
	p[7] = params->ttl ? params->ttl : RVL_DEFAULT_TTL;
	memcpy(p + 8, params->src.octets, 16);
	memcpy(p + 24, params->dst.octets, 16);
}

/* The outer IP header, and UDP's where the SA has it; p points at room for both. */
static void write_outer(const struct rvl_esp_sa *sa, uint8_t *p, const struct rvl_ip *inner,
			size_t total)
{
	const struct rvl_sa_params *params = &sa->params;
	size_t header = ip_header_len(params);

	if (params->dst.family == 6)
		write_ipv6(params, p, inner, total);
	else
		write_ipv4(sa, p, inner, total);
	if (!params->encap)
		return;
	p += header;
	rvl_put_be16(p, params->src_port);
	rvl_put_be16(p + 2, params->dst_port);
	rvl_put_be16(p + 4, (uint16_t)(total - header));
	rvl_put_be16(p + 6, 0);
}

/* A complete datagram in the IPv6 packet at ip. A sum of 0 goes as its other form (RFC 768). */
static void put_udp6_checksum(uint8_t *ip, size_t total)
{
	uint8_t *udp = ip + RVL_IPV6_HEADER;
	uint16_t sum = rvl_udp6_checksum(ip, udp, total - RVL_IPV6_HEADER);

	rvl_put_be16(udp + 6, sum ? sum : UINT16_MAX);
}

int rvl_esp_encap(struct rvl_esp_sa *sa, struct rvl_buf *pkt)
{
	return rvl_esp_encap_within(sa, pkt, UINT16_MAX);
}

int rvl_esp_encap_within(struct rvl_esp_sa *sa, struct rvl_buf *pkt, size_t limit)
{
	size_t outer = ip_header_len(&sa->params) + (sa->params.encap ? RVL_UDP_HEADER : 0);
	size_t front = outer + RVL_ESP_HEADER + RVL_ESP_IV;
	size_t mtu = sa->params.mtu ? sa->params.mtu : UINT16_MAX;
	struct rvl_ip inner;
	size_t pad, text_len, total;
	uint8_t *esp, *text, *p;

	assert(sa->params.direction == RVL_OUTBOUND);
	if (!rvl_ip_parse(&inner, rvl_buf_data(pkt), pkt->len) || inner.dst.family != 4)
		return refuse(sa, RVL_DROP_MALFORMED, -EINVAL);
	if (expired(sa))
		return refuse(sa, RVL_DROP_LIFETIME, -EKEYEXPIRED);
	pad = padding(inner.total_len);
	text_len = inner.total_len + pad + TRAILER;
	total = front + text_len + RVL_ESP_ICV;
	if (total > mtu || total > limit)
		return refuse(sa, RVL_DROP_TOO_BIG, -EMSGSIZE);
	if (rvl_buf_headroom(pkt) < front ||
	    pkt->size - pkt->off < inner.total_len + pad + TRAILER + RVL_ESP_ICV)
		return -ENOBUFS;
	if (sa->seq == UINT32_MAX)
		return refuse(sa, RVL_DROP_SEQUENCE, -EOVERFLOW);
	if (!keyed(sa))
		return refuse(sa, RVL_DROP_NO_SA, -ENOMEM);
	sa->seq++;

	pkt->len = inner.total_len;
	rvl_buf_push(pkt, front);
	pkt->len = total;
	write_outer(sa, rvl_buf_data(pkt), &inner, total);
	esp = rvl_buf_data(pkt) + outer;
	rvl_put_be32(esp, sa->params.spi);
	rvl_put_be32(esp + 4, sa->seq);
	rvl_put_be32(esp + 8, 0);
	rvl_put_be32(esp + 12, sa->seq);
	text = esp + RVL_ESP_HEADER + RVL_ESP_IV;
	p = text + inner.total_len;
	for (size_t i = 1; i <= pad; i++)
		*p++ = (uint8_t)i;
	*p++ = (uint8_t)pad;
	*p++ = NEXT_HEADER_IPV4;
	/* Can't fail with a keyed context; if it does, plaintext must not leave. */
	if (!gcm(sa, esp, text, text_len, p))
		abort();
	if (sa->params.encap && sa->params.dst.family == 6)
		put_udp6_checksum(rvl_buf_data(pkt), total);
	count_packet(sa, inner.total_len);
	if (sa->seq >= rvl_sa_soon_seq(&sa->params))
		fire(sa, RVL_ESP_EVENT_SEQUENCE_SOON);
	if (sa->seq == UINT32_MAX)
		fire(sa, RVL_ESP_EVENT_SEQUENCE_END);
	return 0;
}

/* A datagram that lies in its packet, over IPv6, may not do without a sum (RFC 8200, 8.1). */
static bool udp6_wrong(const uint8_t *ip, const uint8_t *udp, size_t payload)
{
	return !rvl_get_be16(udp + 6) || rvl_udp6_checksum(ip, udp, RVL_UDP_HEADER + payload);
}

/* Length of the UDP payload at p + at, or 0 when the UDP header's length doesn't fit its packet. */
static size_t udp_payload(const uint8_t *p, size_t at, size_t end)
{
	size_t len = rvl_get_be16(p + at + 4);

	if (len < RVL_UDP_HEADER || at + len > end)
		return 0;
	return len - RVL_UDP_HEADER;
}

static bool esp_len_valid(size_t len)
{
	return len >= RVL_ESP_HEADER + RVL_ESP_IV + ALIGNMENT + RVL_ESP_ICV &&
	       (len - RVL_ESP_HEADER - RVL_ESP_IV - RVL_ESP_ICV) % ALIGNMENT == 0;
}

enum rvl_esp_find rvl_esp_find(struct rvl_esp_place *place, const struct rvl_buf *pkt,
			       uint16_t udp_port)
{
	const uint8_t *p = rvl_buf_data(pkt), *udp;
	struct rvl_ip outer;
	size_t at;
	bool encap;

	/* What has segments left is to go on to elsewhere. */
	if (!rvl_ip_read(&outer, p, pkt->len) || outer.onward)
		return RVL_ESP_ABSENT;
	encap = outer.protocol == RVL_IP_PROTO_UDP;
	if (!encap && outer.protocol != RVL_IP_PROTO_ESP)
		return RVL_ESP_ABSENT;
	if (!encap && outer.fragment)
		return RVL_ESP_FRAGMENT;
	at = outer.header_len + (encap ? RVL_UDP_HEADER : 0);
	if (outer.later_fragment || pkt->len < at + RVL_ESP_HEADER)
		return RVL_ESP_ABSENT;
	*place = (struct rvl_esp_place){
		.src = outer.src,
		.dst = outer.dst,
		.src_port = outer.src_port,
		.spi = rvl_get_be32(p + at),
		.seq = rvl_get_be32(p + at + 4),
		.outer_tos = outer.tos,
		.encap = encap,
		.esp = at,
	};
	udp = p + outer.header_len;
	/* A keepalive is one octet; four octets of zero mark IKE (RFC 3948, section 2). */
	if (encap && (rvl_get_be16(udp + 2) != udp_port || place->spi == 0 ||
		      rvl_get_be16(udp + 4) < RVL_UDP_HEADER + 4))
		return RVL_ESP_ABSENT;
	if (outer.fragment)
		return RVL_ESP_FRAGMENT;
	if (outer.total_len >= at && outer.total_len <= pkt->len)
		place->len = encap ? udp_payload(p, outer.header_len, outer.total_len)
				   : outer.total_len - at;
	place->malformed = !esp_len_valid(place->len);
	if (outer.dst.family == 4)
		place->bad_checksum = rvl_ip_checksum(p, outer.header_len) != 0;
	else
		place->bad_checksum = encap && !place->malformed && udp6_wrong(p, udp, place->len);
	return RVL_ESP_FOUND;
}

/* The trailer of the plaintext (RFC 4303, section 2.4): what is left of len, or the reason. */
static enum rvl_drop check_trailer(const uint8_t *text, size_t *len)
{
	uint8_t next_header = text[*len - 1];
	size_t pad = text[*len - 2];

	if (pad + TRAILER > *len)
		return RVL_DROP_TRAILER;
	*len -= pad + TRAILER;
	for (size_t i = 0; i < pad; i++)
		if (text[*len + i] != (uint8_t)(i + 1))
			return RVL_DROP_TRAILER;
	if (next_header == NEXT_HEADER_NONE)
		return RVL_DROP_DUMMY;
	return next_header == NEXT_HEADER_IPV4 ? RVL_DROP_NONE : RVL_DROP_TRAILER;
}

/* Authentic plaintext of text_len octets to the inner packet, of which *inner tells. */
static enum rvl_drop check_plaintext(uint8_t *text, size_t text_len, uint8_t tos,
				     struct rvl_ip *inner)
{
	enum rvl_drop drop = check_trailer(text, &text_len);
	int ecn;

	if (drop)
		return drop;
	if (!rvl_ip_parse(inner, text, text_len) || inner->dst.family != 4)
		return RVL_DROP_INNER;
	ecn = rvl_ecn_decap(inner->tos & RVL_ECN_MASK, tos & RVL_ECN_MASK);
	if (ecn < 0)
		return RVL_DROP_ECN;
	rvl_ip_set_tos(text, (uint8_t)((inner->tos & ~RVL_ECN_MASK) | ecn));
	return RVL_DROP_NONE;
}

static enum rvl_drop replay_drop(const struct rvl_replay *replay, uint32_t seq)
{
	return rvl_replay_behind(replay, seq) ? RVL_DROP_WINDOW : RVL_DROP_REPLAY;
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

enum rvl_drop rvl_esp_decap(struct rvl_esp_sa *sa, const struct rvl_esp_place *place,
			    struct rvl_buf *pkt)
{
	uint8_t *esp = rvl_buf_data(pkt) + place->esp;
	uint8_t *text = esp + RVL_ESP_HEADER + RVL_ESP_IV;
	struct rvl_ip inner;
	enum rvl_drop drop;
	size_t text_len;

	assert(sa->params.direction == RVL_INBOUND);
	if (place->bad_checksum)
		return dropped(sa, RVL_DROP_CHECKSUM);
	if (place->malformed)
		return dropped(sa, RVL_DROP_MALFORMED);
	assert(place->esp + place->len <= pkt->len && esp_len_valid(place->len));
	text_len = place->len - RVL_ESP_HEADER - RVL_ESP_IV - RVL_ESP_ICV;
	if (expired(sa))
		return dropped(sa, RVL_DROP_LIFETIME);
	if (!rvl_replay_check(&sa->replay, place->seq))
		return dropped(sa, replay_drop(&sa->replay, place->seq));
	if (!keyed(sa) || !gcm(sa, esp, text, text_len, text + text_len)) {
		OPENSSL_cleanse(text, text_len);
		return dropped(sa, RVL_DROP_ICV);
	}
	if (!rvl_replay_set(&sa->replay, place->seq))
		return dropped(sa, replay_drop(&sa->replay, place->seq));
	note_source(sa, place);
	drop = check_plaintext(text, text_len, place->outer_tos, &inner);
	if (drop)
		return dropped(sa, drop);
	rvl_buf_pull(pkt, (size_t)(text - rvl_buf_data(pkt)));
	pkt->len = inner.total_len;
	count_packet(sa, inner.total_len);
	return RVL_DROP_NONE;
}
