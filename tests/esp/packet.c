// SPDX-License-Identifier: BSD-2-Clause
#include "tests/esp/packet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

uint64_t packet_seed;

uint32_t packet_random(void)
{
	packet_seed ^= packet_seed << 13;
	packet_seed ^= packet_seed >> 7;
	packet_seed ^= packet_seed << 17;
	return (uint32_t)(packet_seed >> 16);
}

size_t packet_from_hex(uint8_t *out, const char *hex)
{
	size_t n = 0;

	for (; hex[0] && hex[1]; hex += 2) {
		char digits[3] = {hex[0], hex[1], 0};

		out[n++] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return n;
}

void packet_place(struct packet *pkt, const uint8_t *data, size_t len)
{
	pkt->buf = (struct rvl_buf){pkt->room, PACKET_ROOM, RVL_ESP_HEADROOM, len};
	memcpy(rvl_buf_data(&pkt->buf), data, len);
}

void packet_place_hex(struct packet *pkt, const char *hex)
{
	pkt->buf = (struct rvl_buf){pkt->room, PACKET_ROOM, RVL_ESP_HEADROOM, 0};
	pkt->buf.len = packet_from_hex(rvl_buf_data(&pkt->buf), hex);
}

void packet_assert_hex(const struct packet *pkt, const char *hex)
{
	uint8_t want[2048];
	size_t len = packet_from_hex(want, hex);

	assert_int_equal(pkt->buf.len, len);
	assert_memory_equal(rvl_buf_data(&pkt->buf), want, len);
}

size_t packet_inner(uint8_t *p, size_t len, uint8_t tos, bool df)
{
	static const uint8_t header[RVL_IP_HEADER] = {0x45, 0, 0,  0, 0x12, 0x34, 0,  0, 63, 6,
						      0,    0, 10, 1, 0,    1,	  10, 2, 0,  1};

	memcpy(p, header, sizeof(header));
	p[1] = tos;
	rvl_put_be16(p + 2, (uint16_t)(RVL_IP_HEADER + len));
	rvl_put_be16(p + 6, df ? RVL_IP_DF : 0);
	rvl_put_be16(p + 10, rvl_ip_checksum(p, RVL_IP_HEADER));
	for (size_t i = 0; i < len; i++)
		p[RVL_IP_HEADER + i] = (uint8_t)packet_random();
	return RVL_IP_HEADER + len;
}

struct rvl_sa_params packet_params(enum rvl_direction direction)
{
	struct rvl_sa_params params = {
		.direction = direction,
		.spi = PACKET_SPI,
		.src = rvl_addr_of_ipv4(0xc0000201),
		.dst = rvl_addr_of_ipv4(0xc0000202),
		.inner = RVL_FAMILY_IPV4,
		.encr = IKE_ENCR_AES_GCM_16,
		.encr_key_len = 32,
		.salt = {0xa0, 0xa1, 0xa2, 0xa3},
		.replay_window = direction == RVL_INBOUND ? 1024 : 0,
	};

	for (uint8_t i = 0; i < 32; i++)
		params.encr_key[i] = i;
	return params;
}

static void draw(uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)packet_random();
}

static void use_suite(struct rvl_sa_params *params, const struct rvl_encr *encr,
		      const struct rvl_integ *integ)
{
	params->protocol = encr ? RVL_PROTOCOL_ESP : RVL_PROTOCOL_AH;
	params->encr = encr ? encr->id : IKE_ENCR_NONE;
	params->encr_key_len = encr ? encr->key : 0;
	params->integ = integ ? integ->id : IKE_INTEG_NONE;
	params->integ_key_len = integ ? integ->key : 0;
	draw(params->encr_key, sizeof(params->encr_key));
	draw(params->integ_key, sizeof(params->integ_key));
	draw(params->salt, sizeof(params->salt));
}

const char *packet_suite(struct rvl_sa_params *params, size_t index)
{
	static char name[64];

	for (size_t e = 0; e <= rvl_encr_count; e++) {
		const struct rvl_encr *encr = e < rvl_encr_count ? &rvl_encr_table[e] : NULL;

		for (size_t i = 0; i <= rvl_integ_count; i++) {
			const struct rvl_integ *integ =
				i < rvl_integ_count ? &rvl_integ_table[i] : NULL;
			/* AH has one; ESP as well where its cipher has no ICV, and then by HMAC. */
			bool fits =
				encr ? (integ ? !encr->icv && integ->digest : encr->icv) : !!integ;

			if (!fits || index--)
				continue;
			use_suite(params, encr, integ);
			snprintf(name, sizeof(name), "%s %s", encr ? encr->name : "ah",
				 integ ? integ->name : "");
			return name;
		}
	}
	return NULL;
}

void packet_over_ipv6(struct rvl_sa_params *params)
{
	uint8_t octets[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};

	params->src = rvl_addr_of_ipv6(octets);
	octets[15] = 2;
	params->dst = rvl_addr_of_ipv6(octets);
}

bool packet_shape_of(unsigned int i, struct packet_shape *s)
{
	*s = (struct packet_shape){i & 1 ? RVL_TRANSPORT : RVL_TUNNEL, i & 2, i & 4, i & 8, i & 16};
	return i < 32;
}

bool packet_sa_of(const struct packet_shape *s, size_t suite, struct rvl_sa_params *out)
{
	*out = packet_params(RVL_OUTBOUND);
	if (!packet_suite(out, suite) || (out->protocol == RVL_PROTOCOL_AH && s->encap) ||
	    (s->mode == RVL_TRANSPORT && s->inner6 != s->outer6))
		return false;
	out->mode = s->mode;
	out->inner = RVL_FAMILY_IPV4 | RVL_FAMILY_IPV6;
	if (s->outer6)
		packet_over_ipv6(out);
	out->encap = s->encap;
	out->src_port = out->dst_port = s->encap ? RVL_ESP_PORT : 0;
	out->esn = s->esn;
	return true;
}

void packet_seal(struct packet *pkt, const struct rvl_sa_params *params, uint32_t seq,
		 const uint8_t *text, size_t len)
{
	uint8_t p[512] = {0x45, 0, 0, 0, 0, 0, 0, 0, 64, RVL_IP_PROTO_ESP};
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	uint8_t *esp = p + RVL_IP_HEADER;
	uint8_t nonce[12];
	int n;

	rvl_put_be16(p + 2, (uint16_t)(RVL_IP_HEADER + 16 + len + 16));
	memcpy(p + 12, params->src.octets, 4);
	memcpy(p + 16, params->dst.octets, 4);
	rvl_put_be16(p + 10, rvl_ip_checksum(p, RVL_IP_HEADER));
	rvl_put_be32(esp, params->spi);
	rvl_put_be32(esp + 4, seq);
	rvl_put_be32(esp + 12, seq);
	memcpy(nonce, params->salt, 4);
	memcpy(nonce + 4, esp + 8, 8);
	assert_int_equal(
		EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, params->encr_key, nonce), 1);
	assert_int_equal(EVP_EncryptUpdate(cipher, NULL, &n, esp, 8), 1);
	assert_int_equal(EVP_EncryptUpdate(cipher, esp + 16, &n, text, (int)len), 1);
	assert_int_equal(EVP_EncryptFinal_ex(cipher, esp + 16 + len, &n), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, 16, esp + 16 + len), 1);
	EVP_CIPHER_CTX_free(cipher);
	packet_place(pkt, p, RVL_IP_HEADER + 16 + len + 16);
}

void packet_put_checksum(uint8_t *ip, size_t len, uint8_t protocol, size_t at)
{
	bool six = ip[0] >> 4 == 6;
	size_t header = six ? RVL_IPV6_HEADER : RVL_IP_HEADER, addresses = six ? 32 : 8;
	const uint8_t *p = ip + (six ? 8 : 12);
	uint32_t sum = protocol + (uint32_t)(len - header);

	rvl_put_be16(ip + at, 0);
	for (size_t i = 0; i < addresses; i += 2)
		sum += rvl_get_be16(p + i);
	for (size_t i = header; i < len; i++)
		sum += (i - header) & 1 ? ip[i] : (uint32_t)ip[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	sum = (uint16_t)~sum;
	rvl_put_be16(ip + at, (uint16_t)(sum ? sum : 0xffff));
}

static size_t udp_behind(uint8_t *ip, size_t header, size_t len)
{
	uint8_t *udp = ip + header;

	rvl_put_be16(udp, 1000);
	rvl_put_be16(udp + 2, 2000);
	rvl_put_be16(udp + 4, (uint16_t)(RVL_UDP_HEADER + len));
	draw(udp + RVL_UDP_HEADER, len);
	packet_put_checksum(ip, header + RVL_UDP_HEADER + len, RVL_IP_PROTO_UDP, header + 6);
	return header + RVL_UDP_HEADER + len;
}

static void ipv6_header(uint8_t *p, size_t len, uint8_t tos, const struct rvl_addr *src,
			const struct rvl_addr *dst)
{
	rvl_put_be32(p, 6u << 28 | (uint32_t)tos << 20 | 0x54321);
	rvl_put_be16(p + 4, (uint16_t)(RVL_UDP_HEADER + len));
	p[6] = RVL_IP_PROTO_UDP;
	p[7] = 63;
	memcpy(p + 8, src->octets, 16);
	memcpy(p + 24, dst->octets, 16);
}

size_t packet_inner6(uint8_t *p, size_t len, uint8_t tos)
{
	struct rvl_addr src = rvl_addr_of_ipv6((const uint8_t[16]){0xfd, 1, [15] = 1});
	struct rvl_addr dst = rvl_addr_of_ipv6((const uint8_t[16]){0xfd, 2, [15] = 1});

	ipv6_header(p, len, tos, &src, &dst);
	return udp_behind(p, RVL_IPV6_HEADER, len);
}

size_t packet_of_sa(uint8_t *p, const struct rvl_sa_params *params, size_t len)
{
	if (params->dst.family == 6) {
		ipv6_header(p, len, 0x2a, &params->src, &params->dst);
		return udp_behind(p, RVL_IPV6_HEADER, len);
	}
	packet_inner(p, RVL_UDP_HEADER + len, 0x2a, true);
	p[9] = RVL_IP_PROTO_UDP;
	memcpy(p + 12, params->src.octets, 4);
	memcpy(p + 16, params->dst.octets, 4);
	rvl_put_be16(p + 10, 0);
	rvl_put_be16(p + 10, rvl_ip_checksum(p, RVL_IP_HEADER));
	return udp_behind(p, RVL_IP_HEADER, len);
}

struct rvl_sa_params packet_peer(const struct rvl_sa_params *params)
{
	struct rvl_sa_params peer = *params;

	peer.direction = params->direction == RVL_OUTBOUND ? RVL_INBOUND : RVL_OUTBOUND;
	peer.replay_window = peer.direction == RVL_INBOUND ? 64 : 0;
	return peer;
}

struct rvl_esp_sa *packet_sa(const struct rvl_sa_params *params)
{
	struct rvl_esp_sa *sa = NULL;

	assert_int_equal(rvl_esp_sa_new(params, &sa), 0);
	return sa;
}

enum rvl_drop packet_receive(struct rvl_esp_sa *sa, struct packet *pkt)
{
	struct rvl_esp_place at;

	if (rvl_esp_find(&at, &pkt->buf, RVL_ESP_PORT) != RVL_ESP_FOUND)
		return RVL_DROP_COUNT;
	return rvl_esp_decap(sa, &at, &pkt->buf);
}
