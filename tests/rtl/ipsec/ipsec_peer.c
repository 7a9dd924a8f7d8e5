// SPDX-License-Identifier: BSD-2-Clause
#include "tests/rtl/ipsec/ipsec_peer.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "host/esp/ip.h"

uint32_t peer_u32(struct peer_random *r)
{
	r->state ^= r->state << 13;
	r->state ^= r->state >> 7;
	r->state ^= r->state << 17;
	return (uint32_t)(r->state * 0x2545f4914f6cdd1dull >> 32);
}

uint32_t peer_below(struct peer_random *r, uint32_t n)
{
	return (uint32_t)((uint64_t)peer_u32(r) * n >> 32);
}

void peer_octets(struct peer_random *r, uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)peer_u32(r);
}

size_t peer_icv(const struct rvl_sa_params *params)
{
	return params->encr == IKE_ENCR_AES_GCM_8    ? 8
	       : params->encr == IKE_ENCR_AES_GCM_12 ? 12
						     : 16;
}

static bool is_ah(const struct rvl_sa_params *params)
{
	return params->protocol == RVL_PROTOCOL_AH;
}

static bool is_gmac(const struct rvl_sa_params *params)
{
	return is_ah(params) || params->encr == IKE_ENCR_NULL_AUTH_AES_GMAC;
}

static const uint8_t *key_of(const struct rvl_sa_params *params)
{
	return is_ah(params) ? params->integ_key : params->encr_key;
}

static size_t key_len_of(const struct rvl_sa_params *params)
{
	return is_ah(params) ? params->integ_key_len : params->encr_key_len;
}

/* Octets of the IV that is sent. */
static size_t iv_of(const struct rvl_sa_params *params)
{
	return params->encr == IKE_ENCR_AES_GCM_16_IIV ? 0 : 8;
}

struct rvl_cmd peer_sa_add(uint16_t index, const struct rvl_sa_params *params)
{
	struct rvl_cmd cmd = {
		.opcode = RVL_CMD_OP_SA_ADD,
		.index = rvl_cpu_to_le24(index),
		.spi = params->spi,
		.soft_bytes = params->lifetime.soft_bytes,
		.hard_bytes = params->lifetime.hard_bytes,
		.soft_packets = params->lifetime.soft_packets,
		.hard_packets = params->lifetime.hard_packets,
	};
	uint32_t flags = 0;

	if (key_len_of(params) != 16)
		flags |= key_len_of(params) == 32 ? RVL_SA_FLAG_AES256 : RVL_SA_FLAG_AES192;
	if (is_gmac(params))
		flags |= RVL_SA_FLAG_GMAC;
	if (is_ah(params))
		flags |= RVL_SA_FLAG_AH;
	if (!iv_of(params))
		flags |= RVL_SA_FLAG_IMPLICIT_IV;
	if (peer_icv(params) != 16)
		flags |= peer_icv(params) == 8 ? RVL_SA_FLAG_ICV_8 : RVL_SA_FLAG_ICV_12;
	if (params->encap)
		flags |= RVL_SA_FLAG_UDP;
	if (params->dst.family == 6)
		flags |= RVL_SA_FLAG_IPV6;
	if (params->mode == RVL_TRANSPORT)
		flags |= RVL_SA_FLAG_TRANSPORT;
	if (params->esn)
		flags |= RVL_SA_FLAG_ESN;
	memcpy(cmd.src, params->src.octets, sizeof(cmd.src));
	memcpy(cmd.dst, params->dst.octets, sizeof(cmd.dst));
	memcpy(&cmd.salt, params->salt, 4);
	memcpy(cmd.key, key_of(params), key_len_of(params));
	cmd.udp_sport = params->encap ? params->src_port : 0;
	if (params->direction == RVL_INBOUND) {
		flags |= RVL_SA_FLAG_INBOUND;
		cmd.window = params->replay_window;
		cmd.seq = params->first_seq ? params->first_seq - 1 : 0;
	} else {
		if (params->df == RVL_ESP_DF_SET)
			flags |= RVL_SA_FLAG_DF_SET;
		if (params->df == RVL_ESP_DF_CLEAR)
			flags |= RVL_SA_FLAG_DF_CLEAR;
		if (params->fixed_dscp)
			flags |= RVL_SA_FLAG_DSCP_FIXED | RVL_PUT(SA_FLAG_DSCP, params->dscp);
		flags |= RVL_PUT(SA_FLAG_TTL, params->ttl);
		cmd.udp_dport = params->encap ? params->dst_port : 0;
		cmd.seq = params->first_seq ? params->first_seq : 1;
	}
	cmd.sa_flags = flags;
	return cmd;
}

struct rvl_cmd peer_sa_command(uint8_t opcode, bool inbound, uint16_t index)
{
	return (struct rvl_cmd){
		.opcode = opcode,
		.index = rvl_cpu_to_le24(index),
		.sa_flags = inbound ? RVL_SA_FLAG_INBOUND : 0,
	};
}

struct rvl_cmd_policy peer_policy_set(uint16_t index, const struct rvl_policy *policy)
{
	const struct rvl_selector *s = &policy->selector;
	struct rvl_cmd_policy cmd = {
		.opcode = RVL_CMD_OP_POLICY_SET,
		.index = rvl_cpu_to_le24(index),
		.action = (uint8_t)policy->action,
		.proto = s->protocol,
		.flags = (uint16_t)((s->any_protocol ? RVL_POLICY_FLAG_ANY_PROTO : 0) |
				    (rvl_selector_family(s) == 6 ? RVL_POLICY_FLAG_IPV6 : 0)),
		.priority = policy->priority,
		.src_len = s->src.len,
		.dst_len = s->dst.len,
		.sa = rvl_cpu_to_le24(policy->sa),
		.sport_lo = s->src_port_first,
		.sport_hi = s->src_port_last,
		.dport_lo = s->dst_port_first,
		.dport_hi = s->dst_port_last,
	};

	memcpy(cmd.src, s->src.address.octets, sizeof(cmd.src));
	memcpy(cmd.dst, s->dst.address.octets, sizeof(cmd.dst));
	return cmd;
}

struct rvl_sa_params peer_params_ipv4(struct peer_random *r, enum rvl_direction direction,
				      uint32_t spi)
{
	static const uint16_t icvs[] = {IKE_ENCR_AES_GCM_16, IKE_ENCR_AES_GCM_12,
					IKE_ENCR_AES_GCM_8};
	struct rvl_sa_params params = {
		.direction = direction,
		.spi = spi,
		.src = rvl_addr_of_ipv4(peer_u32(r)),
		.dst = rvl_addr_of_ipv4(peer_u32(r)),
		.inner = RVL_FAMILY_IPV4 | RVL_FAMILY_IPV6,
		.encr = icvs[peer_below(r, 3)],
		.encr_key_len = (uint8_t)(16 + 8 * peer_below(r, 3)),
		.encap = peer_below(r, 3) == 0,
		.src_port = (uint16_t)(1 + peer_below(r, 65535)),
		.dst_port = RVL_ESP_PORT,
	};

	peer_octets(r, params.encr_key, params.encr_key_len);
	peer_octets(r, params.salt, sizeof(params.salt));
	if (direction == RVL_INBOUND) {
		params.replay_window = 32 + peer_below(r, 4096 - 32 + 1);
	} else {
		params.ttl = (uint8_t)(1 + peer_below(r, 255));
		params.df = (enum rvl_esp_df)peer_below(r, 3);
		params.fixed_dscp = peer_below(r, 3) == 0;
		params.dscp = params.fixed_dscp ? (uint8_t)peer_below(r, 64) : 0;
		params.first_seq = 1 + peer_below(r, 3) * peer_below(r, 100000);
	}
	return params;
}

void peer_transport(struct rvl_sa_params *params)
{
	params->mode = RVL_TRANSPORT;
	params->ttl = 0;
	params->df = RVL_ESP_DF_COPY;
	params->fixed_dscp = false;
	params->dscp = 0;
}

struct rvl_sa_params peer_params_ipv6(struct peer_random *r, enum rvl_direction direction,
				      uint32_t spi)
{
	struct rvl_sa_params params = peer_params_ipv4(r, direction, spi);

	params.encap = false;
	params.src.family = params.dst.family = 6;
	peer_octets(r, params.src.octets, sizeof(params.src.octets));
	peer_octets(r, params.dst.octets, sizeof(params.dst.octets));
	return params;
}

struct rvl_sa_params peer_params(struct peer_random *r, enum rvl_direction direction, uint32_t spi)
{
	return peer_below(r, 3) ? peer_params_ipv4(r, direction, spi)
				: peer_params_ipv6(r, direction, spi);
}

void peer_esn(struct peer_random *r, struct rvl_sa_params *params, uint32_t before)
{
	params->esn = true;
	params->first_seq = ((1 + (uint64_t)peer_below(r, 1000)) << 32) - before;
}

void peer_gmac(struct rvl_sa_params *params)
{
	params->encr = IKE_ENCR_NULL_AUTH_AES_GMAC;
}

void peer_ah(struct rvl_sa_params *params)
{
	params->protocol = RVL_PROTOCOL_AH;
	params->encap = false;
	params->src_port = params->dst_port = 0;
	params->integ = params->encr_key_len == 16   ? IKE_INTEG_AES_128_GMAC
			: params->encr_key_len == 24 ? IKE_INTEG_AES_192_GMAC
						     : IKE_INTEG_AES_256_GMAC;
	params->integ_key_len = params->encr_key_len;
	memcpy(params->integ_key, params->encr_key, params->encr_key_len);
	params->encr = IKE_ENCR_NONE;
	params->encr_key_len = 0;
}

struct rvl_sa_params peer_params_any(struct peer_random *r, enum rvl_direction direction,
				     uint32_t spi)
{
	struct rvl_sa_params params = peer_params(r, direction, spi);

	if (peer_below(r, 2))
		peer_transport(&params);
	if (peer_below(r, 2))
		peer_esn(r, &params, peer_below(r, 100));
	switch (peer_below(r, 6)) {
	case 0:
	case 1:
		params.encr = IKE_ENCR_AES_GCM_16_IIV;
		break;
	case 2:
		peer_gmac(&params);
		break;
	case 3: /* outbound in transport mode it wants packets of its own kind */
		if (direction == RVL_INBOUND || params.mode == RVL_TUNNEL)
			peer_ah(&params);
		break;
	default:
		break;
	}
	return params;
}

size_t peer_ethernet(struct peer_random *r, uint8_t *p, uint16_t type, unsigned int tags)
{
	size_t at = 12;

	peer_octets(r, p, 12);
	for (unsigned int i = 0; i < tags; i++, at += 4) {
		rvl_put_be16(p + at, peer_below(r, 2) ? 0x8100 : 0x88a8);
		rvl_put_be16(p + at + 2, (uint16_t)peer_u32(r));
	}
	rvl_put_be16(p + at, type);
	return at + 2;
}

struct rvl_addr peer_address(bool ipv6, uint32_t number)
{
	static const uint8_t prefix[16] = {0x20, 0x01, 0x0d, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8};
	struct rvl_addr address;

	if (!ipv6)
		return rvl_addr_of_ipv4(number);
	address = rvl_addr_of_ipv6(prefix);
	rvl_put_be32(address.octets + 12, number);
	return address;
}

uint16_t peer_type(const struct peer_ip *ip)
{
	return ip->ipv6 ? 0x86dd : 0x0800;
}

uint16_t peer_outer_type(const struct rvl_sa_params *params)
{
	return params->dst.family == 6 ? 0x86dd : 0x0800;
}

static size_t ipv4_header(struct peer_random *r, uint8_t *p, const struct peer_ip *ip,
			  size_t payload)
{
	size_t header = 20 + ip->options * 4;

	p[0] = (uint8_t)(0x40 | header / 4);
	p[1] = ip->tos;
	rvl_put_be16(p + 2, (uint16_t)(header + payload));
	rvl_put_be16(p + 4, (uint16_t)peer_u32(r));
	rvl_put_be16(p + 6, ip->fragment);
	p[8] = 64;
	p[9] = ip->protocol;
	rvl_put_be16(p + 10, 0);
	rvl_put_be32(p + 12, ip->src);
	rvl_put_be32(p + 16, ip->dst);
	peer_octets(r, p + 20, ip->options * 4);
	rvl_put_be16(p + 10, rvl_ip_checksum(p, header));
	return header;
}

/* Up to three extension headers, and one more of a fragment: 56 octets at most. */
static size_t extensions(struct peer_random *r, uint8_t *p, const struct peer_ip *ip)
{
	static const uint8_t kinds[] = {RVL_IP_PROTO_HOP_BY_HOP, RVL_IP_PROTO_ROUTING,
					RVL_IP_PROTO_DESTINATION};
	uint8_t *next = p + 6;
	size_t at = 40;

	for (unsigned int i = 0; i < (ip->options & 3); i++) {
		*next = kinds[peer_below(r, 3)];
		next = p + at;
		peer_octets(r, next, 16);
		next[1] = (uint8_t)peer_below(r, 2);
		next[3] = 0; /* segments left */
		at += 8 * (next[1] + 1u);
	}
	if (ip->fragment & 0x3fff) {
		*next = RVL_IP_PROTO_FRAGMENT;
		next = p + at;
		peer_octets(r, next, 8);
		rvl_put_be16(next + 2, (uint16_t)(ip->fragment << 3 | (ip->fragment >> 13 & 1)));
		at += 8;
	}
	*next = ip->protocol;
	return at;
}

static size_t ipv6_header(struct peer_random *r, uint8_t *p, const struct peer_ip *ip,
			  size_t payload)
{
	const struct rvl_addr src = ip->src6.family ? ip->src6 : peer_address(true, ip->src);
	const struct rvl_addr dst = ip->dst6.family ? ip->dst6 : peer_address(true, ip->dst);
	size_t header;

	rvl_put_be32(p, 6u << 28 | (uint32_t)ip->tos << 20 | peer_below(r, 1 << 20));
	p[7] = 64;
	memcpy(p + 8, src.octets, 16);
	memcpy(p + 24, dst.octets, 16);
	header = extensions(r, p, ip);
	rvl_put_be16(p + 4, (uint16_t)(header - 40 + payload));
	return header;
}

struct peer_ip peer_ip_for(struct peer_random *r, const struct rvl_sa_params *params,
			   size_t payload)
{
	struct peer_ip ip = peer_random_ip(r, payload);

	if (params->mode == RVL_TRANSPORT && peer_below(r, 16)) {
		ip.ipv6 = params->dst.family == 6;
		ip.fragment = peer_below(r, 16) ? ip.fragment & 0x4000 : ip.fragment;
	}
	if (params->mode == RVL_TRANSPORT && is_ah(params))
		ip.options = 0;
	return ip;
}

size_t peer_text(struct peer_random *r, uint8_t *p, const struct rvl_sa_params *params,
		 struct peer_seal *how, size_t payload)
{
	static const uint8_t protocols[] = {1, 4, 6, 6, 17, 17, 41, 58, 60, 44, 132};
	struct peer_ip ip = peer_random_ip(r, payload);

	if (params->mode == RVL_TUNNEL)
		return peer_packet(r, p, &ip);
	how->next_header = protocols[peer_below(r, sizeof(protocols))];
	peer_octets(r, p, payload);
	return payload;
}

static size_t ip_header(struct peer_random *r, uint8_t *p, const struct peer_ip *ip, size_t payload)
{
	return ip->ipv6 ? ipv6_header(r, p, ip, payload) : ipv4_header(r, p, ip, payload);
}

size_t peer_packet(struct peer_random *r, uint8_t *p, const struct peer_ip *ip)
{
	size_t header = ip_header(r, p, ip, ip->payload);

	peer_octets(r, p + header, ip->payload);
	if (ip->payload >= 4) {
		rvl_put_be16(p + header, ip->sport);
		rvl_put_be16(p + header + 2, ip->dport);
	}
	return header + ip->payload;
}

struct peer_ip peer_random_ip(struct peer_random *r, size_t payload)
{
	static const uint8_t protocols[] = {1, 6, 6, 17, 17, 47, 89};

	return (struct peer_ip){
		.ipv6 = peer_below(r, 3) == 0,
		.src = peer_u32(r),
		.dst = peer_u32(r),
		.protocol = protocols[peer_below(r, sizeof(protocols))],
		.tos = (uint8_t)peer_u32(r),
		.fragment = peer_below(r, 2)   ? 0x4000
			    : peer_below(r, 8) ? 0
					       : (uint16_t)peer_u32(r) & 0x3fff,
		.options = peer_below(r, 6) ? 0 : peer_below(r, 11),
		.sport = (uint16_t)peer_u32(r),
		.dport = (uint16_t)peer_u32(r),
		.payload = payload,
	};
}

struct peer_seal peer_seal_plain(uint64_t seq)
{
	return (struct peer_seal){.seq = seq, .pad_length = -1, .iv = seq};
}

/* In parts: what is authenticated alone, then the text, which becomes the ciphertext. */
static void gcm(const struct rvl_sa_params *params, const uint8_t *nonce, const uint8_t *first,
		size_t first_len, const uint8_t *second, size_t second_len, uint8_t *text,
		size_t text_len, uint8_t *icv)
{
	const size_t key = key_len_of(params);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	if (!EVP_EncryptInit_ex(ctx,
				key == 16   ? EVP_aes_128_gcm()
				: key == 24 ? EVP_aes_192_gcm()
					    : EVP_aes_256_gcm(),
				NULL, key_of(params), nonce) ||
	    !EVP_EncryptUpdate(ctx, NULL, &n, first, (int)first_len) ||
	    (second_len && !EVP_EncryptUpdate(ctx, NULL, &n, second, (int)second_len)) ||
	    (text_len && !EVP_EncryptUpdate(ctx, text, &n, text, (int)text_len)) ||
	    !EVP_EncryptFinal_ex(ctx, icv, &n) ||
	    !EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, (int)peer_icv(params), icv))
		abort();
	EVP_CIPHER_CTX_free(ctx);
}

static void seal(const struct rvl_sa_params *params, uint8_t *esp, size_t text_len, uint64_t seq)
{
	uint8_t aad[12], nonce[12], *text = esp + 8 + iv_of(params);
	size_t aad_len = params->esn ? 12 : 8;

	memcpy(nonce, params->salt, 4);
	memcpy(nonce + 4, esp + 8, 8);
	if (!iv_of(params)) { /* RFC 8750, section 4 */
		rvl_put_be32(nonce + 4, (uint32_t)(seq >> 32));
		rvl_put_be32(nonce + 8, (uint32_t)seq);
	}
	/* RFC 4106, section 5 */
	memcpy(aad, esp, 8);
	if (params->esn) {
		rvl_put_be32(aad + 4, (uint32_t)(seq >> 32));
		rvl_put_be32(aad + 8, (uint32_t)seq);
	}
	if (is_gmac(params)) /* RFC 4543, section 3.3 */
		gcm(params, nonce, aad, aad_len, esp + 8, 8 + text_len, NULL, 0, text + text_len);
	else
		gcm(params, nonce, aad, aad_len, NULL, 0, text, text_len, text + text_len);
}

/* Of a packet without options or extension headers (RFC 4302, section 3.3.3; RFC 4543, section 4).
 */
static size_t seal_ah(struct peer_random *r, uint8_t *out, const struct rvl_sa_params *params,
		      const struct peer_seal *how, const struct peer_ip *outer, uint8_t next,
		      const uint8_t *text, size_t len)
{
	static const uint8_t mutable4[] = {1, 6, 7, 8, 10, 11}, mutable6[] = {1, 2, 3, 7};
	const bool ipv6 = outer->ipv6;
	/* Peers align it to 8 octets over IPv4 too. */
	size_t ah_len = ipv6 || how->extra_pad ? 40 : 36;
	size_t header = ip_header(r, out, outer, ah_len + len), total = header + ah_len + len;
	uint8_t *ah = out + header, high[4], nonce[12], *zeroed;

	memset(ah, 0, ah_len);
	ah[0] = next;
	ah[1] = (uint8_t)(ah_len / 4 - 2);
	rvl_put_be32(ah + 4, params->spi);
	rvl_put_be32(ah + 8, (uint32_t)how->seq);
	memcpy(ah + ah_len, text, len);
	zeroed = malloc(total);
	memcpy(zeroed, out, total);
	for (size_t i = 0; i < (ipv6 ? sizeof(mutable6) : sizeof(mutable4)); i++)
		zeroed[ipv6 ? mutable6[i] : mutable4[i]] = 0;
	if (ipv6)
		zeroed[0] = 0x60;
	rvl_put_be32(ah + 12, (uint32_t)(how->iv >> 32));
	rvl_put_be32(ah + 16, (uint32_t)how->iv);
	memcpy(nonce, params->salt, 4);
	memcpy(nonce + 4, ah + 12, 8);
	rvl_put_be32(high, (uint32_t)(how->seq >> 32));
	gcm(params, nonce, zeroed, total, high, params->esn ? 4 : 0, NULL, 0, ah + 20);
	free(zeroed);
	memset(out + total, 0x77, how->trailing);
	return total + how->trailing;
}

size_t peer_seal(uint8_t *out, const struct rvl_sa_params *params, const struct peer_seal *how,
		 const uint8_t *text, size_t len)
{
	struct peer_random r = {1};
	size_t inner = len + how->tfc;
	size_t pad = (4 - (inner + 2) % 4) % 4 + how->extra_pad;
	size_t text_len = inner + pad + 2, icv = peer_icv(params), front = 8 + iv_of(params);
	bool ipv6 = params->dst.family == 6;
	size_t udp = how->udp && !ipv6 ? 8 : 0;
	struct peer_ip outer = {
		.ipv6 = ipv6,
		.src = rvl_addr_ipv4(&params->src),
		.dst = rvl_addr_ipv4(&params->dst),
		.src6 = params->src,
		.dst6 = params->dst,
		.protocol = udp ? 17 : 50,
		.tos = how->tos,
		.options = how->options,
	};
	uint8_t natural = params->mode == RVL_TRANSPORT ? 17 : text[0] >> 4 == 6 ? 41 : 4;
	uint8_t *esp, *p;
	size_t header, total;

	if (is_ah(params)) {
		outer.protocol = RVL_IP_PROTO_AH;
		outer.options = 0;
		return seal_ah(&r, out, params, how, &outer,
			       how->next_header ? how->next_header : natural, text, len);
	}
	header = ip_header(&r, out, &outer, udp + front + text_len + icv);
	total = header + udp + front + text_len + icv;
	if (udp) {
		rvl_put_be16(out + header, params->src_port);
		rvl_put_be16(out + header + 2, RVL_ESP_PORT);
		rvl_put_be16(out + header + 4, (uint16_t)(total - header));
		rvl_put_be16(out + header + 6, 0);
	}
	esp = out + header + udp;
	rvl_put_be32(esp, params->spi);
	rvl_put_be32(esp + 4, (uint32_t)how->seq);
	if (iv_of(params)) {
		rvl_put_be32(esp + 8, (uint32_t)(how->iv >> 32));
		rvl_put_be32(esp + 12, (uint32_t)how->iv);
	}
	memcpy(esp + front, text, len);
	memset(esp + front + len, 0xcc, how->tfc);
	p = esp + front + inner;
	for (size_t i = 0; i < pad; i++)
		p[i] = (uint8_t)(i + 1);
	if (how->bad_pad)
		p[(int)pad - how->bad_pad] ^= 0x40;
	p[pad] = (uint8_t)(how->pad_length >= 0 ? how->pad_length : (int)pad);
	p[pad + 1] = how->next_header ? how->next_header : natural;
	seal(params, esp, text_len, how->seq);
	memset(out + total, 0x77, how->trailing);
	return total + how->trailing;
}
