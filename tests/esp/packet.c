// SPDX-License-Identifier: BSD-2-Clause
#include "tests/esp/packet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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
