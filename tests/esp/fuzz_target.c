/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Software ESP and AH for libFuzzer. The input begins with what the SA is; the rest is, by its
 * choice, a packet from the wire, a frame from it through an engine, an authentic plaintext (so
 * that what lies behind the ICV is reached), or a packet from the host, which has to come back as
 * it was. `make fuzz` runs it.
 */
#include <stdlib.h>
#include <string.h>

#include "host/esp/cipher.h"
#include "host/esp/engine.h"
#include "host/esp/stream.h"
#include "tests/esp/packet.h"

#define CHOICES 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

/* False: there is no such SA. */
static bool params_of(const uint8_t choices[CHOICES], struct rvl_sa_params *out)
{
	static size_t suites;
	struct rvl_sa_params any = {0};

	while (packet_suite(&any, suites))
		suites++;
	*out = packet_params(RVL_OUTBOUND);
	packet_suite(out, choices[1] % suites);
	out->mode = choices[2] & 1 ? RVL_TRANSPORT : RVL_TUNNEL;
	out->inner = RVL_FAMILY_IPV4 | RVL_FAMILY_IPV6;
	if (choices[2] & 2)
		packet_over_ipv6(out);
	out->encap = choices[2] & 4;
	out->src_port = out->dst_port = out->encap ? RVL_ESP_PORT : 0;
	out->esn = choices[2] & 8;
	out->no_ecn = choices[2] & 16;
	out->copy_dscp_in = choices[2] & 32;
	out->tfc = choices[2] & 64 ? 300 : 0;
	out->copy_flow_label = choices[2] & 128;
	return out->protocol == RVL_PROTOCOL_ESP || !out->encap;
}

/* The octets in an allocation of their own, so that one too many is seen. */
static struct rvl_buf copy_of(const uint8_t *data, size_t size, size_t front, size_t behind)
{
	struct rvl_buf buf = {malloc(front + size + behind + 1), front + size + behind, front,
			      size};

	check(buf.base);
	memcpy(rvl_buf_data(&buf), data, size);
	return buf;
}

static void receive(const struct rvl_sa_params *in_params, const uint8_t *data, size_t size)
{
	struct rvl_buf buf = copy_of(data, size, 0, 0);
	struct rvl_esp_sa *in = packet_sa(in_params);
	struct rvl_esp_place at;

	if (rvl_esp_find(&at, &buf, RVL_ESP_PORT) == RVL_ESP_FOUND &&
	    at.protocol == in_params->protocol)
		check(rvl_esp_decap(in, &at, &buf) != RVL_DROP_NONE);
	rvl_esp_sa_free(in);
	free(buf.base);
}

static void receive_frame(const struct rvl_sa_params *in_params, const uint8_t *data, size_t size)
{
	const struct rvl_engine_config config = {.inbound_sas = 2, .ipv6 = true, .ah = true};
	struct rvl_engine *engine = rvl_engine_new(&config);
	struct rvl_buf buf = copy_of(data, size, 0, 0);

	check(engine && !rvl_engine_sa_add(engine, 0, in_params, 0));
	check(rvl_engine_rx(engine, 0, &buf).verdict != RVL_ENGINE_DONE);
	rvl_engine_free(engine);
	free(buf.base);
}

/* Text that the peer itself sealed. */
static void open_text(const struct rvl_sa_params *out_params, const struct rvl_sa_params *in_params,
		      const uint8_t *data, size_t size)
{
	size_t header = out_params->dst.family == 6 ? RVL_IPV6_HEADER : RVL_IP_HEADER;
	struct rvl_esp_place at = {.src = out_params->src,
				   .dst = out_params->dst,
				   .spi = out_params->spi,
				   .seq = 1,
				   .header = header};
	struct rvl_suite suite;
	struct rvl_cipher *cipher;
	struct rvl_esp_sa *in;
	struct rvl_buf buf;
	uint8_t *p;

	check(rvl_suite_of(out_params, &suite));
	if (!suite.encr || size < 16)
		return;
	size -= size % 16;
	at.esp = header + (out_params->encap ? RVL_UDP_HEADER : 0);
	at.encap = out_params->encap;
	at.len = RVL_ESP_HEADER + suite.encr->iv + size + rvl_suite_icv(&suite);
	buf = copy_of(data, size, at.esp + RVL_ESP_HEADER + suite.encr->iv, rvl_suite_icv(&suite));
	buf.off = 0;
	buf.len = buf.size;
	p = rvl_buf_data(&buf);
	memset(p, 0, at.esp);
	p[0] = header == RVL_IPV6_HEADER ? 0x60 : 0x45;
	at.outer_tos = data[0];
	rvl_put_be32(p + at.esp, at.spi);
	rvl_put_be32(p + at.esp + 4, 1);
	cipher = rvl_cipher_new(&suite, out_params, out_params->encr_key, out_params->integ_key);
	check(cipher && rvl_cipher_seal(cipher, p + at.esp, size, 1));
	in = packet_sa(in_params);
	if (!rvl_esp_decap(in, &at, &buf)) {
		struct rvl_ip ip;

		check(buf.off + buf.len <= buf.size);
		if (out_params->mode == RVL_TUNNEL)
			check(rvl_ip_parse(&ip, rvl_buf_data(&buf), buf.len));
	}
	rvl_esp_sa_free(in);
	rvl_cipher_free(cipher);
	free(buf.base);
}

/* In tunnel mode there and back without a change; ECN may only be raised by an outer header. */
static void there_and_back(const struct rvl_sa_params *out_params,
			   const struct rvl_sa_params *in_params, const uint8_t *data, size_t size)
{
	struct rvl_buf buf = copy_of(data, size, RVL_ESP_HEADROOM, RVL_ESP_TAILROOM);
	struct rvl_esp_sa *out = packet_sa(out_params), *in = packet_sa(in_params);
	struct rvl_esp_place at;
	struct rvl_ip ip;

	if (rvl_esp_encap(out, &buf)) {
		check(buf.len == size && !memcmp(rvl_buf_data(&buf), data, size));
	} else {
		check(rvl_ip_parse(&ip, data, size));
		if (out_params->mode == RVL_TUNNEL) {
			check(rvl_esp_find(&at, &buf, RVL_ESP_PORT) == RVL_ESP_FOUND);
			check(!rvl_esp_decap(in, &at, &buf));
			check(buf.len == ip.total_len &&
			      !memcmp(rvl_buf_data(&buf), data, buf.len));
		}
	}
	rvl_esp_sa_free(out);
	rvl_esp_sa_free(in);
	free(buf.base);
}

static void count_message(void *context, enum rvl_stream_kind kind, const uint8_t *message,
			  size_t len)
{
	uint32_t *sum = context;

	for (size_t i = 0; i < len; i++)
		*sum = *sum * 31 + message[i] + (uint32_t)kind;
}

/* However a stream is cut, the same comes out of it. */
static void take_stream(uint8_t choice, const uint8_t *data, size_t size)
{
	struct rvl_stream *whole = rvl_stream_new(choice & 1), *cut = rvl_stream_new(choice & 1);
	uint32_t whole_sum = 0, cut_sum = 0;
	int err = rvl_stream_take(whole, data, size, count_message, &whole_sum), cut_err = 0;
	size_t piece = 1 + choice / 2u;

	for (size_t at = 0; at < size; at += piece)
		cut_err = rvl_stream_take(cut, data + at, size - at < piece ? size - at : piece,
					  count_message, &cut_sum);
	check(err == cut_err && whole_sum == cut_sum);
	rvl_stream_free(whole);
	rvl_stream_free(cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rvl_sa_params out, in;

	packet_seed = 0x5eed4303;
	if (size < CHOICES || size > 4096 || !params_of(data, &out))
		return 0;
	in = packet_peer(&out);
	switch (data[0] % 5) {
	case 0:
		receive(&in, data + CHOICES, size - CHOICES);
		break;
	case 1:
		receive_frame(&in, data + CHOICES, size - CHOICES);
		break;
	case 2:
		open_text(&out, &in, data + CHOICES, size - CHOICES);
		break;
	case 3:
		take_stream(data[1], data + CHOICES, size - CHOICES);
		break;
	default:
		there_and_back(&out, &in, data + CHOICES, size - CHOICES);
		break;
	}
	return 0;
}
