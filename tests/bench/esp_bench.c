// SPDX-License-Identifier: BSD-2-Clause
/*
 * Software ESP on one core: Gbit/s of inner packets, each way, for each kind of algorithm, beside
 * what the library takes for the same octets by itself: one AEAD operation, or encryption and HMAC.
 * And what a packet of one tunnel costs among many others, each with its SAs and its policy, beside
 * what it costs alone. Prints JSON.
 *
 * usage: esp_bench [SECONDS_PER_FIGURE]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "host/esp/engine.h"
#include "host/esp/esp.h"
#include "host/esp/ip.h"
#include "host/esp/suite.h"

#define BATCH 256
#define ROOM 9216
#define TUNNELS 16384
#define ETHERNET 14

static const size_t sizes[] = {64, 256, 512, 1024, 1408, 9000};

/* One of each kind, and those that most peers have. */
static const struct algorithm {
	const char *name;
	uint16_t encr;
	uint8_t key;
	uint16_t integ;
} algorithms[] = {
	{"aes-gcm-128", IKE_ENCR_AES_GCM_16, 16, IKE_INTEG_NONE},
	{"aes-gcm-256", IKE_ENCR_AES_GCM_16, 32, IKE_INTEG_NONE},
	{"chacha20-poly1305", IKE_ENCR_CHACHA20_POLY1305, 32, IKE_INTEG_NONE},
	{"aes-gmac-128", IKE_ENCR_NULL_AUTH_AES_GMAC, 16, IKE_INTEG_NONE},
	{"aes-cbc-128 sha2-256", IKE_ENCR_AES_CBC, 16, IKE_INTEG_HMAC_SHA2_256_128},
	{"aes-cbc-256 sha2-512", IKE_ENCR_AES_CBC, 32, IKE_INTEG_HMAC_SHA2_512_256},
	{"aes-ctr-128 sha2-256", IKE_ENCR_AES_CTR, 16, IKE_INTEG_HMAC_SHA2_256_128},
	{"null sha1", IKE_ENCR_NULL, 0, IKE_INTEG_HMAC_SHA1_96},
	{"ah sha2-256", IKE_ENCR_NONE, 0, IKE_INTEG_HMAC_SHA2_256_128},
};

struct bench {
	uint8_t (*rooms)[ROOM];
	struct rvl_buf bufs[BATCH];
	double seconds;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static struct rvl_sa_params params_of(enum rvl_direction direction, const struct algorithm *a)
{
	const struct rvl_integ *integ = rvl_integ_find(a->integ);
	struct rvl_sa_params params = {
		.direction = direction,
		.protocol = a->encr ? RVL_PROTOCOL_ESP : RVL_PROTOCOL_AH,
		.spi = 0x1000,
		.src = rvl_addr_of_ipv4(0xc0000201),
		.dst = rvl_addr_of_ipv4(0xc0000202),
		.inner = RVL_FAMILY_IPV4,
		.encr = a->encr,
		.encr_key_len = a->key,
		.integ = a->integ,
		.integ_key_len = integ ? integ->key : 0,
		.replay_window = direction == RVL_INBOUND ? 1024 : 0,
	};

	return params;
}

static struct rvl_esp_sa *sa_of(enum rvl_direction direction, const struct algorithm *a)
{
	const struct rvl_sa_params params = params_of(direction, a);
	struct rvl_esp_sa *sa;

	if (rvl_esp_sa_new(&params, &sa)) {
		fprintf(stderr, "esp_bench: no SA\n");
		exit(1);
	}
	return sa;
}

static void fill(struct bench *bench, size_t size)
{
	for (int i = 0; i < BATCH; i++) {
		uint8_t *p = bench->rooms[i] + RVL_ESP_HEADROOM;

		bench->bufs[i] = (struct rvl_buf){bench->rooms[i], ROOM, RVL_ESP_HEADROOM, size};
		memset(p, 0, RVL_IP_HEADER);
		p[0] = 0x45;
		rvl_put_be16(p + 2, (uint16_t)size);
	}
}

struct figure {
	double encap;
	double decap;
	double openssl;
};

static double gbits(size_t size, uint64_t packets, double seconds)
{
	return (double)size * 8 * (double)packets / seconds / 1e9;
}

/* The library's two contexts for an algorithm; one may be NULL. */
struct library {
	struct rvl_suite suite;
	EVP_CIPHER_CTX *cipher;
	EVP_MAC_CTX *mac;
};

static void library_open(struct library *l, const struct algorithm *a)
{
	const struct rvl_sa_params params = params_of(RVL_OUTBOUND, a);
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_CIPHER *cipher;

	*l = (struct library){0};
	if (!rvl_suite_of(&params, &l->suite))
		exit(1);
	if (l->suite.encr && l->suite.encr->cipher) {
		cipher = EVP_CIPHER_fetch(NULL, l->suite.encr->cipher, NULL);
		l->cipher = EVP_CIPHER_CTX_new();
		EVP_CipherInit_ex2(l->cipher, cipher, params.encr_key, NULL, 1, NULL);
		EVP_CIPHER_free(cipher);
	}
	if (l->suite.integ) {
		char *digest = (char *)(uintptr_t)l->suite.integ->digest;
		OSSL_PARAM digest_param[] = {
			OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
			OSSL_PARAM_construct_end(),
		};

		l->mac = EVP_MAC_CTX_new(hmac);
		EVP_MAC_init(l->mac, params.integ_key, params.integ_key_len, digest_param);
	}
	EVP_MAC_free(hmac);
}

static void library_close(struct library *l)
{
	EVP_CIPHER_CTX_free(l->cipher);
	EVP_MAC_CTX_free(l->mac);
}

/* What has to be done to a text, and nothing else; n: of the packet. */
static void library_do(struct library *l, uint8_t *p, size_t size, uint32_t n)
{
	uint8_t iv[RVL_IV_MAX] = {0}, tag[64];
	size_t tag_len;
	int len;

	memcpy(iv, &n, sizeof(n));
	if (l->cipher) {
		bool gmac = l->suite.encr->kind == RVL_CIPHER_GMAC;

		EVP_CipherInit_ex2(l->cipher, NULL, NULL, iv, -1, NULL);
		EVP_CipherUpdate(l->cipher, gmac ? NULL : p, &len, p,
				 (int)(size / l->suite.encr->block * l->suite.encr->block));
	}
	if (l->suite.encr && l->suite.encr->icv) {
		EVP_CipherFinal_ex(l->cipher, p + size, &len);
		EVP_CIPHER_CTX_ctrl(l->cipher, EVP_CTRL_AEAD_GET_TAG, l->suite.encr->icv, tag);
	}
	if (l->mac) {
		EVP_MAC_init(l->mac, NULL, 0, NULL);
		EVP_MAC_update(l->mac, p, size);
		EVP_MAC_final(l->mac, tag, &tag_len, sizeof(tag));
	}
}

/* All three by turns, so that whatever else the machine does is shared by them. */
static void measure(struct bench *bench, size_t size, const struct algorithm *a,
		    struct figure *figure)
{
	struct rvl_esp_sa *out = sa_of(RVL_OUTBOUND, a), *in = sa_of(RVL_INBOUND, a);
	double encap = 0, decap = 0, openssl = 0;
	struct library library;
	uint64_t packets = 0;

	library_open(&library, a);
	while (encap < bench->seconds || decap < bench->seconds) {
		struct rvl_esp_place at;
		double start;

		fill(bench, size);
		start = now();
		for (int i = 0; i < BATCH; i++)
			if (rvl_esp_encap(out, &bench->bufs[i]))
				exit(1);
		encap += now() - start;
		start = now();
		for (int i = 0; i < BATCH; i++)
			if (rvl_esp_find(&at, &bench->bufs[i], RVL_ESP_PORT) != RVL_ESP_FOUND ||
			    rvl_esp_decap(in, &at, &bench->bufs[i]))
				exit(1);
		decap += now() - start;
		start = now();
		for (uint32_t i = 0; i < BATCH; i++)
			library_do(&library, bench->rooms[i], size, i);
		openssl += now() - start;
		packets += BATCH;
	}
	figure->encap = gbits(size, packets, encap);
	figure->decap = gbits(size, packets, decap);
	figure->openssl = gbits(size, packets, openssl);
	library_close(&library);
	rvl_esp_sa_free(out);
	rvl_esp_sa_free(in);
}

/* A tunnel to each of so many networks, and back. */
static struct rvl_engine *engine_of(uint32_t tunnels)
{
	const struct rvl_engine_config config = {
		.outbound_sas = tunnels, .inbound_sas = tunnels, .policies = tunnels};
	struct rvl_engine *engine = rvl_engine_new(&config);

	for (uint32_t i = 0; i < tunnels; i++) {
		struct rvl_sa_params out = params_of(RVL_OUTBOUND, &algorithms[0]);
		struct rvl_sa_params in = params_of(RVL_INBOUND, &algorithms[0]);
		struct rvl_policy policy = {
			.selector = rvl_selector_any(4), .action = RVL_PROTECT, .sa = i};
		const struct rvl_addr network = rvl_addr_of_ipv4(0x0a000000 + (i << 8));

		policy.selector.dst = rvl_prefix_of(&network, 24);
		out.spi = in.spi = 0x1000 + i;
		if (!engine || rvl_engine_sa_add(engine, i, &out, 0) ||
		    rvl_engine_sa_add(engine, i, &in, 0) ||
		    rvl_engine_policy_set(engine, i, &policy))
			exit(1);
	}
	return engine;
}

/* Frames to the last of the networks, there and back: seconds. */
static double pass(struct bench *bench, struct rvl_engine *engine, uint32_t tunnels, size_t size)
{
	double start;

	for (int i = 0; i < BATCH; i++) {
		uint8_t *p = bench->rooms[i] + RVL_ESP_HEADROOM;

		bench->bufs[i] =
			(struct rvl_buf){bench->rooms[i], ROOM, RVL_ESP_HEADROOM, ETHERNET + size};
		memset(p, 0, ETHERNET + RVL_IP_HEADER);
		rvl_put_be16(p + 12, 0x0800);
		p[ETHERNET] = 0x45;
		rvl_put_be16(p + ETHERNET + 2, (uint16_t)size);
		rvl_put_be32(p + ETHERNET + 16, 0x0a000001 + ((tunnels - 1) << 8));
	}
	start = now();
	for (int i = 0; i < BATCH; i++)
		if (rvl_engine_tx(engine, 0, &bench->bufs[i], RVL_ENGINE_NO_SA).verdict !=
			    RVL_ENGINE_DONE ||
		    rvl_engine_rx(engine, 0, &bench->bufs[i]).verdict != RVL_ENGINE_DONE)
			exit(1);
	return now() - start;
}

/* By turns. */
static void measure_tunnels(struct bench *bench, size_t size, const char *separator)
{
	struct rvl_engine *one = engine_of(1), *many = engine_of(TUNNELS);
	double alone = 0, among = 0;
	uint64_t packets = 0;

	while (alone < bench->seconds || among < bench->seconds) {
		alone += pass(bench, one, 1, size);
		among += pass(bench, many, TUNNELS, size);
		packets += BATCH;
	}
	printf("%s\n  {\"octets\": %zu, \"tunnels\": %d, \"ns-there-and-back-alone\": %.1f, "
	       "\"ns-there-and-back-among-many\": %.1f, \"over-alone\": %.3f}",
	       separator, size, TUNNELS, alone / (double)packets * 1e9,
	       among / (double)packets * 1e9, among / alone);
	rvl_engine_free(one);
	rvl_engine_free(many);
}

int main(int argc, char **argv)
{
	struct bench bench = {.seconds = argc > 1 ? strtod(argv[1], NULL) : 0.15};
	const char *separator = "";

	bench.rooms = calloc(BATCH, sizeof(*bench.rooms));
	if (!bench.rooms)
		return 1;
	printf("{\"software-esp\": [");
	for (size_t k = 0; k < sizeof(algorithms) / sizeof(algorithms[0]); k++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			struct figure f;

			measure(&bench, sizes[i], &algorithms[k], &f);
			printf("%s\n  {\"cipher\": \"%s\", \"octets\": %zu, "
			       "\"encap-gbit-per-second\": %.3f, \"decap-gbit-per-second\": %.3f, "
			       "\"openssl-gbit-per-second\": %.3f, \"encap-over-openssl\": %.3f, "
			       "\"decap-over-openssl\": %.3f}",
			       separator, algorithms[k].name, sizes[i], f.encap, f.decap, f.openssl,
			       f.encap / f.openssl, f.decap / f.openssl);
			separator = ",";
		}
	}
	printf("\n], \"tunnels-in-software\": [");
	for (size_t i = 0; i < 2; i++)
		measure_tunnels(&bench, i ? 1408 : 64, i ? "," : "");
	printf("\n]}\n");
	free(bench.rooms);
	return 0;
}
