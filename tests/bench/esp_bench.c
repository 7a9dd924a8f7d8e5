// SPDX-License-Identifier: BSD-2-Clause
/*
 * Software ESP on one core: Gbit/s of inner packets, each way, beside AES-GCM alone on the same
 * octets with the same library calls. Prints JSON.
 *
 * usage: esp_bench [SECONDS_PER_FIGURE]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>

#include "host/esp/esp.h"
#include "host/esp/ip.h"

#define BATCH 256
#define ROOM 9216

static const size_t sizes[] = {64, 128, 256, 512, 1024, 1500, 9000};

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

static struct rvl_esp_sa *sa_of(enum rvl_direction direction, uint8_t key_len)
{
	struct rvl_sa_params params = {
		.direction = direction,
		.spi = 0x1000,
		.src = rvl_addr_of_ipv4(0xc0000201),
		.dst = rvl_addr_of_ipv4(0xc0000202),
		.inner = RVL_FAMILY_IPV4,
		.encr = IKE_ENCR_AES_GCM_16,
		.encr_key_len = key_len,
		.replay_window = direction == RVL_INBOUND ? 1024 : 0,
	};
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
	double gcm;
};

static double gbits(size_t size, uint64_t packets, double seconds)
{
	return (double)size * 8 * (double)packets / seconds / 1e9;
}

static void measure_esp(struct bench *bench, size_t size, uint8_t key_len, struct figure *figure)
{
	struct rvl_esp_sa *out = sa_of(RVL_OUTBOUND, key_len);
	struct rvl_esp_sa *in = sa_of(RVL_INBOUND, key_len);
	double encap = 0, decap = 0;
	uint64_t packets = 0;

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
		packets += BATCH;
	}
	figure->encap = gbits(size, packets, encap);
	figure->decap = gbits(size, packets, decap);
	rvl_esp_sa_free(out);
	rvl_esp_sa_free(in);
}

static void measure_gcm(struct bench *bench, size_t size, uint8_t key_len, struct figure *figure)
{
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	uint8_t key[32] = {0}, nonce[12] = {0}, tag[16];
	uint64_t packets = 0;
	double start, spent;
	int n;

	EVP_EncryptInit_ex(cipher, key_len == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm(), NULL, key,
			   NULL);
	start = now();
	do {
		for (int i = 0; i < BATCH; i++) {
			uint8_t *p = bench->rooms[i];

			nonce[11]++;
			EVP_EncryptInit_ex(cipher, NULL, NULL, NULL, nonce);
			EVP_EncryptUpdate(cipher, p, &n, p, (int)size);
			EVP_EncryptFinal_ex(cipher, p + size, &n);
			EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, sizeof(tag), tag);
		}
		packets += BATCH;
		spent = now() - start;
	} while (spent < bench->seconds);
	figure->gcm = gbits(size, packets, spent);
	EVP_CIPHER_CTX_free(cipher);
}

int main(int argc, char **argv)
{
	struct bench bench = {.seconds = argc > 1 ? strtod(argv[1], NULL) : 0.3};
	const char *separator = "";

	bench.rooms = calloc(BATCH, sizeof(*bench.rooms));
	if (!bench.rooms)
		return 1;
	printf("{\"software-esp\": [");
	for (uint8_t key_len = 16; key_len <= 32; key_len += 16) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			struct figure figure;

			measure_esp(&bench, sizes[i], key_len, &figure);
			measure_gcm(&bench, sizes[i], key_len, &figure);
			printf("%s\n  {\"cipher\": \"aes-gcm-%d\", \"octets\": %zu, "
			       "\"encap-gbit-per-second\": %.3f, \"decap-gbit-per-second\": %.3f, "
			       "\"openssl-gcm-gbit-per-second\": %.3f}",
			       separator, key_len * 8, sizes[i], figure.encap, figure.decap,
			       figure.gcm);
			separator = ",";
		}
	}
	printf("\n]}\n");
	free(bench.rooms);
	return 0;
}
