/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/chip/traffic.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "host/esp/ip.h"
#include "host/esp/suite.h"

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd

uint64_t random_next(struct random *r)
{
	/* splitmix64 */
	uint64_t z = (r->state += 0x9e3779b97f4a7c15U);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
	return z ^ (z >> 31);
}

uint32_t random_below(struct random *r, uint32_t n)
{
	return (uint32_t)((random_next(r) >> 32) * n >> 32);
}

bool random_one_in(struct random *r, uint32_t n)
{
	return !random_below(r, n);
}

void random_fill(struct random *r, void *mem, size_t len)
{
	uint8_t *p = mem;
	size_t i;

	for (i = 0; i < len; i += 8) {
		uint64_t v = random_next(r);

		memcpy(p + i, &v, len - i < 8 ? len - i : 8);
	}
}

void traffic_sa(struct random *r, struct rvl_sa_params *p, enum rvl_direction direction,
		uint32_t spi)
{
	memset(p, 0, sizeof(*p));
	p->direction = direction;
	p->spi = spi;
	p->src = rvl_addr_of_ipv4((uint32_t)random_next(r));
	p->dst = rvl_addr_of_ipv4((uint32_t)random_next(r));
	p->inner = RVL_FAMILY_IPV4 | RVL_FAMILY_IPV6;
	p->encr = IKE_ENCR_AES_GCM_16;
	p->encr_key_len = (uint8_t)(16 + 8 * random_below(r, 3));
	random_fill(r, p->encr_key, p->encr_key_len);
	random_fill(r, p->salt, sizeof(p->salt));
	p->encap = random_one_in(r, 2);
	if (direction == RVL_INBOUND) {
		p->replay_window = 32 + random_below(r, 4096 - 31);
		return;
	}
	if (p->encap) {
		p->src_port = (uint16_t)(1 + random_below(r, 65535));
		p->dst_port = (uint16_t)(1 + random_below(r, 65535));
	}
	p->ttl = (uint8_t)(1 + random_below(r, 255));
	p->df = (enum rvl_esp_df)random_below(r, 3);
	p->fixed_dscp = random_one_in(r, 3);
	p->dscp = p->fixed_dscp ? (uint8_t)random_below(r, 64) : 0;
	p->first_seq = random_one_in(r, 4) ? 1 : (uint32_t)(1 + random_below(r, 0xf0000000));
}

void traffic_sa_ipv6(struct random *r, struct rvl_sa_params *p)
{
	p->encap = false;
	p->src_port = p->dst_port = 0;
	p->src.family = p->dst.family = 6;
	random_fill(r, p->src.octets, sizeof(p->src.octets));
	random_fill(r, p->dst.octets, sizeof(p->dst.octets));
}

void traffic_sa_transport(struct rvl_sa_params *p)
{
	p->mode = RVL_TRANSPORT;
	p->ttl = 0;
	p->df = RVL_ESP_DF_COPY;
	p->fixed_dscp = false;
	p->dscp = 0;
}

void traffic_sa_gmac(struct rvl_sa_params *p)
{
	p->encr = IKE_ENCR_NULL_AUTH_AES_GMAC;
}

void traffic_sa_ah(struct rvl_sa_params *p)
{
	p->protocol = RVL_PROTOCOL_AH;
	p->encap = false;
	p->src_port = p->dst_port = 0;
	p->integ = p->encr_key_len == 32   ? IKE_INTEG_AES_256_GMAC
		   : p->encr_key_len == 24 ? IKE_INTEG_AES_192_GMAC
					   : IKE_INTEG_AES_128_GMAC;
	p->integ_key_len = p->encr_key_len;
	memcpy(p->integ_key, p->encr_key, p->encr_key_len);
	p->encr = IKE_ENCR_NONE;
	p->encr_key_len = 0;
	memset(p->encr_key, 0, sizeof(p->encr_key));
}

static bool is_ah(const struct rvl_sa_params *p)
{
	return p->protocol == RVL_PROTOCOL_AH;
}

static bool is_gmac(const struct rvl_sa_params *p)
{
	return is_ah(p) || p->encr == IKE_ENCR_NULL_AUTH_AES_GMAC;
}

static size_t iv_of(const struct rvl_sa_params *p)
{
	return is_ah(p) ? 8 : rvl_encr_find(p->encr, p->encr_key_len)->iv;
}

static uint8_t icv_of(const struct rvl_sa_params *p)
{
	return is_ah(p) ? 16 : rvl_encr_find(p->encr, p->encr_key_len)->icv;
}

struct rvl_dev_sa traffic_dev_sa(const struct rvl_sa_params *p)
{
	bool inbound = p->direction == RVL_INBOUND;
	struct rvl_dev_sa sa = {
		.inbound = inbound,
		.ah = is_ah(p),
		.gmac = is_gmac(p),
		.udp = p->encap,
		.ipv6 = p->dst.family == 6,
		.transport = p->mode == RVL_TRANSPORT,
		.esn = p->esn,
		.implicit_iv = !iv_of(p),
		.key_len = is_ah(p) ? p->integ_key_len : p->encr_key_len,
		.icv_len = icv_of(p),
		.spi = p->spi,
		.udp_sport = p->src_port,
		.udp_dport = p->dst_port,
		.seq = inbound && p->first_seq ? p->first_seq - 1 : p->first_seq,
		.window = inbound ? p->replay_window : 0,
		.ttl = p->ttl,
		.df_set = p->df == RVL_ESP_DF_SET,
		.df_clear = p->df == RVL_ESP_DF_CLEAR,
		.dscp_fixed = p->fixed_dscp,
		.dscp = p->dscp,
		.soft_bytes = p->lifetime.soft_bytes,
		.hard_bytes = p->lifetime.hard_bytes,
		.soft_packets = p->lifetime.soft_packets,
		.hard_packets = p->lifetime.hard_packets,
	};

	memcpy(sa.key, is_ah(p) ? p->integ_key : p->encr_key, sizeof(sa.key));
	memcpy(sa.salt, p->salt, sizeof(sa.salt));
	memcpy(sa.src, p->src.octets, sizeof(sa.src));
	memcpy(sa.dst, p->dst.octets, sizeof(sa.dst));
	return sa;
}

static void put_checksum(uint8_t *ip)
{
	size_t header = (size_t)(ip[0] & 15) * 4;

	rvl_put_be16(ip + 10, 0);
	rvl_put_be16(ip + 10, rvl_ip_checksum(ip, header));
}

size_t traffic_ipv4(struct random *r, uint8_t *p, size_t payload, uint32_t number, bool bare)
{
	static const uint8_t protocols[] = {1, 6, 17, 132, 253};
	size_t header = !bare && random_one_in(r, 16) ? 24 : 20;
	size_t len = header + payload;

	p[0] = (uint8_t)(0x40 | header / 4);
	p[1] = (uint8_t)random_next(r);
	rvl_put_be16(p + 2, (uint16_t)len);
	rvl_put_be16(p + 4, (uint16_t)number);
	rvl_put_be16(p + 6, random_one_in(r, 2) ? RVL_IP_DF : 0);
	if (random_one_in(r, 20))
		rvl_put_be16(p + 6, (uint16_t)(RVL_IP_MF | random_below(r, 100)));
	p[8] = (uint8_t)(1 + random_below(r, 255));
	p[9] = protocols[random_below(r, sizeof(protocols))];
	rvl_put_be32(p + 12, 0x0a000000 | (number >> 8 & 0xffffff));
	rvl_put_be32(p + 16, 0x0b000000 | random_below(r, 1 << 24));
	memset(p + 20, 1, header - 20);
	random_fill(r, p + header, payload);
	/* Never the ports of ESP in UDP: this is meant as plain traffic. */
	if (p[9] == 17 && payload >= 4)
		p[header + 2] &= 0x0f;
	put_checksum(p);
	return len;
}

/* Headers of options and of routing that has ended, behind the fixed one; the last names proto. */
static size_t put_extensions(struct random *r, uint8_t *p, unsigned int count, uint8_t proto)
{
	static const uint8_t kinds[] = {RVL_IP_PROTO_HOP_BY_HOP, RVL_IP_PROTO_ROUTING,
					RVL_IP_PROTO_DESTINATION};
	uint8_t *next = p + 6;
	size_t at = RVL_IPV6_HEADER;

	while (count--) {
		*next = kinds[random_below(r, sizeof(kinds))];
		next = p + at;
		memset(next, 0, 16);
		next[1] = (uint8_t)random_below(r, 2);
		at += 8 * (next[1] + 1u);
	}
	*next = proto;
	return at;
}

static size_t put_fragment(struct random *r, uint8_t *p, size_t at, uint8_t proto)
{
	put_extensions(r, p, 0, RVL_IP_PROTO_FRAGMENT);
	memset(p + at, 0, 8);
	p[at] = proto;
	rvl_put_be16(p + at + 2, (uint16_t)(random_below(r, 100) << 3 | 1));
	return at + 8;
}

size_t traffic_ipv6(struct random *r, uint8_t *p, size_t payload, uint32_t number, bool bare)
{
	static const uint8_t protocols[] = {58, 6, 17, 132, 253};
	static const uint8_t prefix[12] = {0x20, 0x01, 0x0d, 0xb8};
	uint8_t proto = protocols[random_below(r, sizeof(protocols))];
	size_t header;

	rvl_put_be32(p, 6u << 28 | (uint32_t)random_below(r, 1 << 28));
	p[7] = (uint8_t)(1 + random_below(r, 254));
	memcpy(p + 8, prefix, sizeof(prefix));
	memcpy(p + 24, prefix, sizeof(prefix));
	rvl_put_be32(p + 20, 0x0a000000 | (number >> 8 & 0xffffff));
	rvl_put_be32(p + 36, 0x0b000000 | random_below(r, 1 << 24));
	header = random_one_in(r, 20)
			 ? put_fragment(r, p, RVL_IPV6_HEADER, proto)
			 : put_extensions(r, p, !bare && random_one_in(r, 8) ? 2 : 0, proto);
	random_fill(r, p + header, payload);
	/* Unlike any other packet, and never the ports of ESP in UDP. */
	if (payload >= 8)
		rvl_put_be32(p + header + 4, number);
	if (proto == 17 && payload >= 4)
		p[header + 2] &= 0x0f;
	rvl_put_be16(p + 4, (uint16_t)(header - RVL_IPV6_HEADER + payload));
	return header + payload;
}

size_t traffic_ethernet(struct random *r, uint8_t *p, uint16_t type, bool tags)
{
	static const uint16_t tag_types[] = {0x8100, 0x88a8};
	unsigned int count = tags ? random_below(r, 3) : 0;
	size_t at = 12;

	random_fill(r, p, 12);
	while (count--) {
		rvl_put_be16(p + at, tag_types[random_below(r, 2)]);
		rvl_put_be16(p + at + 2, (uint16_t)random_next(r));
		at += 4;
	}
	rvl_put_be16(p + at, type);
	return at + 2;
}

size_t traffic_size(struct random *r, uint32_t number, size_t max)
{
	size_t size;

	switch (random_below(r, 8)) {
	case 0:
		size = random_below(r, (uint32_t)max + 1);
		break;
	case 1:
	case 2:
	case 3:
		size = random_below(r, 1500);
		break;
	default:
		size = number % 131;
		break;
	}
	return size < max ? size : max;
}

static const EVP_CIPHER *cipher_of(size_t key)
{
	return key == 32 ? EVP_aes_256_gcm() : key == 24 ? EVP_aes_192_gcm() : EVP_aes_128_gcm();
}

/* One after the other; the ICV goes behind the text, of which GMAC leaves all as it is. */
static void seal(const struct rvl_sa_params *params, uint64_t seq, const uint8_t *iv, uint8_t *text,
		 size_t len)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	const size_t aad_len = params->esn ? 12 : 8;
	uint8_t nonce[12], aad[20], number[8];
	int n;

	/* RFC 4106, section 5; RFC 4543, section 3.3 */
	rvl_put_be32(aad, params->spi);
	rvl_put_be32(aad + 4, (uint32_t)(params->esn ? seq >> 32 : seq));
	rvl_put_be32(aad + 8, (uint32_t)seq);
	rvl_put_be32(number, (uint32_t)(seq >> 32)); /* RFC 8750, section 4 */
	rvl_put_be32(number + 4, (uint32_t)seq);

	memcpy(nonce, params->salt, 4);
	memcpy(nonce + 4, iv_of(params) ? iv : number, 8);
	memcpy(aad + aad_len, iv, iv_of(params));
	if (!ctx ||
	    EVP_EncryptInit_ex(ctx, cipher_of(params->encr_key_len), NULL, params->encr_key,
			       nonce) != 1 ||
	    EVP_EncryptUpdate(ctx, NULL, &n, aad, (int)(aad_len + (is_gmac(params) ? 8 : 0))) !=
		    1 ||
	    EVP_EncryptUpdate(ctx, is_gmac(params) ? NULL : text, &n, text, (int)len) != 1 ||
	    EVP_EncryptFinal_ex(ctx, text + len, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, icv_of(params), text + len) != 1)
		abort();
	EVP_CIPHER_CTX_free(ctx);
}

/* The ICV of a packet of total octets with AH at ah, whose IV is there (RFC 4302, section 3.3.3;
 * RFC 4543, section 4). */
static void seal_ah(const struct rvl_sa_params *params, uint64_t seq, const uint8_t *ip,
		    size_t total, uint8_t *ah)
{
	static const uint8_t mutable_v4[] = {1, 6, 7, 8, 10, 11}, mutable_v6[] = {1, 2, 3, 7};
	const bool ipv6 = ip[0] >> 4 == 6;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t nonce[12], high[4], *copy = malloc(total);
	int n;

	if (!ctx || !copy)
		abort();
	memcpy(nonce, params->salt, 4);
	memcpy(nonce + 4, ah + 12, 8);
	memcpy(copy, ip, total);
	for (size_t i = 0; i < (ipv6 ? sizeof(mutable_v6) : sizeof(mutable_v4)); i++)
		copy[ipv6 ? mutable_v6[i] : mutable_v4[i]] = 0;
	if (ipv6)
		copy[0] = 0x60;
	memset(copy + (ah - ip) + 12, 0, 24);
	rvl_put_be32(high, (uint32_t)(seq >> 32));
	if (EVP_EncryptInit_ex(ctx, cipher_of(params->integ_key_len), NULL, params->integ_key,
			       nonce) != 1 ||
	    EVP_EncryptUpdate(ctx, NULL, &n, copy, (int)total) != 1 ||
	    (params->esn && EVP_EncryptUpdate(ctx, NULL, &n, high, 4) != 1) ||
	    EVP_EncryptFinal_ex(ctx, copy, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, 16, ah + 20) != 1)
		abort();
	EVP_CIPHER_CTX_free(ctx);
	free(copy);
}

/* Pad length and next header as they should be; the text's new length. */
static size_t put_trailer(struct random *r, uint8_t *text, size_t len, uint8_t next,
			  enum esp_fault fault)
{
	size_t pad = (4 - (len + 2) % 4) % 4;
	size_t i;

	if (random_one_in(r, 4))
		pad += 4 * (size_t)random_below(r, 60); /* more than needed: up to 255 is allowed */
	if (fault == ESP_BAD_PADDING && !pad)
		pad = 4;
	for (i = 0; i < pad; i++)
		text[len + i] = (uint8_t)(i + 1);
	if (fault == ESP_BAD_PADDING)
		text[len + random_below(r, (uint32_t)pad)] ^= (uint8_t)(1 + random_below(r, 255));
	text[len + pad] = (uint8_t)pad;
	text[len + pad + 1] = fault == ESP_DUMMY ? 59 : fault == ESP_BAD_NEXT_HEADER ? 50 : next;
	return len + pad + 2;
}

static void spoil_inner(struct random *r, uint8_t *inner, size_t len)
{
	switch (random_below(r, 3)) {
	case 0:
		inner[0] ^= 0x20; /* the other family */
		break;
	case 1:
		inner[0] = (uint8_t)random_below(r, 5);
		break;
	default:
		rvl_put_be16(inner + (inner[0] >> 4 == 6 ? 4 : 2),
			     (uint16_t)(len + 1 + random_below(r, 100)));
		break;
	}
}

static uint8_t proto_of(const struct rvl_sa_params *params)
{
	return is_ah(params) ? RVL_IP_PROTO_AH : RVL_IP_PROTO_ESP;
}

static void outer_ipv4(struct random *r, uint8_t *ip, const struct rvl_sa_params *params,
		       size_t header, size_t total, uint8_t tos, bool udp, enum esp_fault fault)
{
	memset(ip, 1, header);
	ip[0] = (uint8_t)(0x40 | header / 4);
	ip[1] = tos;
	rvl_put_be16(ip + 2, (uint16_t)total);
	rvl_put_be16(ip + 4, (uint16_t)random_next(r));
	rvl_put_be16(ip + 6, fault == ESP_FRAGMENT ? RVL_IP_MF
			     : random_one_in(r, 2) ? RVL_IP_DF
						   : 0);
	ip[8] = (uint8_t)(1 + random_below(r, 255));
	ip[9] = udp ? RVL_IP_PROTO_UDP : proto_of(params);
	memcpy(ip + 12, params->src.octets, 4);
	memcpy(ip + 16, params->dst.octets, 4);
	put_checksum(ip);
	if (fault == ESP_BAD_CHECKSUM)
		ip[random_one_in(r, 2) ? 8 : 10] ^= (uint8_t)(1U << random_below(r, 8));
}

/* All of it but the first octets. */
static size_t outer_ipv6(struct random *r, uint8_t *ip, const struct rvl_sa_params *params,
			 enum esp_fault fault)
{
	ip[7] = (uint8_t)(1 + random_below(r, 255));
	memcpy(ip + 8, params->src.octets, 16);
	memcpy(ip + 24, params->dst.octets, 16);
	if (fault == ESP_FRAGMENT)
		return put_fragment(r, ip, RVL_IPV6_HEADER, proto_of(params));
	return put_extensions(r, ip, !is_ah(params) && random_one_in(r, 8) ? 2 : 0,
			      proto_of(params));
}

static uint8_t tos_of(const uint8_t *ip)
{
	return ip[0] >> 4 == 6 ? (uint8_t)(rvl_get_be16(ip) >> 4) : ip[1];
}

static void spoil_text(struct random *r, const struct rvl_sa_params *params, uint8_t *text,
		       size_t len, enum esp_fault fault)
{
	if (params->mode != RVL_TUNNEL)
		return;
	if (fault == ESP_BAD_INNER)
		spoil_inner(r, text, len);
	if (fault == ESP_BAD_ECN)
		rvl_ip_set_tos(text, tos_of(text) & 0xfc);
}

/* Congestion experienced would be dropped over an inner packet without ECN. */
static uint8_t outer_tos(struct random *r, enum esp_fault fault)
{
	uint8_t tos = (uint8_t)(random_below(r, 64) << 2 | random_below(r, 3));

	return fault == ESP_BAD_ECN ? tos | RVL_ECN_CE : tos;
}

static void outer_ipv6_rest(struct random *r, uint8_t *ip, uint8_t tos, size_t total)
{
	rvl_put_be32(ip, 6u << 28 | (uint32_t)tos << 20 | random_below(r, 1 << 20));
	rvl_put_be16(ip + 4, (uint16_t)(total - RVL_IPV6_HEADER));
}

static uint8_t next_of(struct random *r, const struct rvl_sa_params *params, const uint8_t *inner)
{
	static const uint8_t protocols[] = {1, 6, 17, 41, 58, 60, 132};

	return params->mode != RVL_TUNNEL ? protocols[random_below(r, sizeof(protocols))]
	       : inner[0] >> 4 == 6	  ? 41
					  : 4;
}

static void traffic_ah(struct random *r, struct frame *f, const struct rvl_sa_params *params,
		       uint64_t seq, const uint8_t *inner, size_t len, enum esp_fault fault)
{
	const bool ipv6 = params->dst.family == 6;
	size_t l2 =
		traffic_ethernet(r, frame_data(f), ipv6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4, true);
	uint8_t *ip = frame_data(f) + l2;
	size_t header = ipv6 ? outer_ipv6(r, ip, params, fault) : RVL_IP_HEADER;
	/* Peers align it to 8 octets over IPv4 too. */
	size_t ah_len = ipv6 || random_one_in(r, 4) ? 40 : 36, total = header + ah_len + len;
	uint8_t *ah = ip + header, tos = outer_tos(r, fault);

	memset(ah, 0, ah_len);
	ah[0] = fault == ESP_BAD_NEXT_HEADER ? 50 : next_of(r, params, inner);
	ah[1] = (uint8_t)(ah_len / 4 - 2);
	rvl_put_be32(ah + 4, params->spi);
	rvl_put_be32(ah + 8, (uint32_t)seq);
	random_fill(r, ah + 12, 8);
	memcpy(ah + ah_len, inner, len);
	spoil_text(r, params, ah + ah_len, len, fault);
	if (fault == ESP_BAD_LENGTH && random_one_in(r, 2))
		ah[1] = (uint8_t)(random_one_in(r, 2) ? 9 : random_below(r, 7));
	else if (fault == ESP_BAD_LENGTH)
		total = header + 20 + random_below(r, (uint32_t)ah_len - 20);
	if (ipv6)
		outer_ipv6_rest(r, ip, tos, total);
	else
		outer_ipv4(r, ip, params, header, total, tos, false, fault);
	if (fault != ESP_BAD_LENGTH)
		seal_ah(params, seq, ip, total, ah);
	/* Not the number's low octets, nor a length. */
	if (fault == ESP_BAD_ICV) {
		static const uint8_t places[] = {2, 3, 8, 12, 19, 20, 35};
		size_t at = random_one_in(r, 2) && len ? ah_len + random_below(r, (uint32_t)len)
						       : places[random_below(r, sizeof(places))];

		ah[at] ^= (uint8_t)(1U << random_below(r, 8));
	}
	f->len = l2 + total;
	while (f->len < 60)
		frame_data(f)[f->len++] = 0; /* as a MAC pads */
}

void traffic_esp(struct random *r, struct frame *f, const struct rvl_sa_params *params,
		 uint64_t seq, const uint8_t *inner, size_t len, bool udp, enum esp_fault fault)
{
	const bool ipv6 = params->dst.family == 6;
	size_t l2 =
		traffic_ethernet(r, frame_data(f), ipv6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4, true);
	uint8_t *ip = frame_data(f) + l2;
	size_t header = ipv6 ? outer_ipv6(r, ip, params, fault) : random_one_in(r, 16) ? 24 : 20;
	uint8_t *esp = ip + header + (udp ? RVL_UDP_HEADER : 0);
	uint8_t *text = esp + RVL_ESP_HEADER + iv_of(params);
	size_t sealed, total;
	uint8_t tos;

	if (is_ah(params)) {
		traffic_ah(r, f, params, seq, inner, len, fault);
		return;
	}
	memcpy(text, inner, len);
	spoil_text(r, params, text, len, fault);
	sealed = put_trailer(r, text, len, next_of(r, params, inner), fault);
	rvl_put_be32(esp, params->spi);
	rvl_put_be32(esp + 4, (uint32_t)seq);
	random_fill(r, esp + 8, iv_of(params));
	seal(params, seq, esp + 8, text, sealed);
	total = (size_t)(text - ip) + sealed + icv_of(params);
	/* Not the number's low octets: another packet of that number may be on its way. */
	if (fault == ESP_BAD_ICV) {
		size_t at =
			random_one_in(r, 8)
				? 4
				: 8 + random_below(r, (uint32_t)(total - (size_t)(esp - ip)) - 8);

		esp[at] ^= (uint8_t)(1U << random_below(r, 8));
	}
	if (fault == ESP_BAD_LENGTH)
		total -= random_one_in(r, 2) ? 1 + random_below(r, 3)
					     : sealed + 1 + random_below(r, RVL_ESP_ICV);
	if (udp) {
		rvl_put_be16(esp - 8, (uint16_t)(1 + random_below(r, 65535)));
		rvl_put_be16(esp - 6, RVL_ESP_PORT);
		rvl_put_be16(esp - 4, (uint16_t)(total - header));
		rvl_put_be16(esp - 2, 0);
	}
	tos = outer_tos(r, fault);
	if (ipv6)
		outer_ipv6_rest(r, ip, tos, total);
	else
		outer_ipv4(r, ip, params, header, total, tos, udp, fault);
	f->len = l2 + total;
	while (f->len < 60)
		frame_data(f)[f->len++] = 0; /* as a MAC pads */
}
