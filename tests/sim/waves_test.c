/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waves show frames, headers and state, and nothing that a key could be had from: the chip runs
 * under its driver while it writes an FST file, with keys that are known here, and then every value
 * of every signal is searched for them.
 */
#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/esp/ip.h"
#include "tests/chip/chip.h"
#include "tests/chip/traffic.h"
#include "tests/sim/waves.h"

#define SAS 4
#define FRAMES 3 /* on each SA */
#define PAYLOAD 300
#define POWERS 32 /* of H, and as many of H^32: what the engine keeps */
#define MAX_VISIBLE 64

struct run {
	uint64_t seed;
	struct random random;
	struct chip chip;
	struct rvl_sa_params sa[SAS];
	char path[512];
	struct waves waves;
	unsigned int visible[MAX_VISIBLE], visible_count;
	bool is_visible[WAVES_PATTERNS];
	unsigned int wire, host, refused;
};

/* ------------------------------------------------------------------------ what comes from a key */

static void encrypt_block(const struct rvl_sa_params *p, const uint8_t *in, uint8_t *out)
{
	const EVP_CIPHER *cipher = p->encr_key_len == 32 ? EVP_aes_256_ecb() : EVP_aes_128_ecb();
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	assert_true(ctx && EVP_EncryptInit_ex(ctx, cipher, NULL, p->encr_key, NULL) == 1 &&
		    EVP_EncryptUpdate(ctx, out, &n, in, 16) == 1 && n == 16);
	EVP_CIPHER_CTX_free(ctx);
}

static uint8_t xtime(uint8_t x)
{
	return (uint8_t)(x << 1 ^ (x & 0x80 ? 0x1b : 0));
}

/* FIPS 197, section 5.1.1: 3 generates all elements but 0, so p * q stays 1. */
static void make_sbox(uint8_t sbox[256])
{
	uint8_t p = 1, q = 1;

	do {
		p ^= xtime(p);
		q ^= (uint8_t)(q << 1);
		q ^= (uint8_t)(q << 2);
		q ^= (uint8_t)(q << 4);
		q ^= q & 0x80 ? 0x09 : 0;
		sbox[p] = (uint8_t)(q ^ (q << 1 | q >> 7) ^ (q << 2 | q >> 6) ^ (q << 3 | q >> 5) ^
				    (q << 4 | q >> 4) ^ 0x63);
	} while (p != 1);
	sbox[0] = 0x63;
}

/* FIPS 197, section 5.2. Returns the number of round keys. */
static unsigned int round_keys(const struct rvl_sa_params *p, uint8_t keys[15][16])
{
	unsigned int words = p->encr_key_len / 4, rounds = words + 7, i, j;
	uint8_t *k = &keys[0][0], sbox[256], rcon = 1;

	make_sbox(sbox);
	memcpy(k, p->encr_key, p->encr_key_len);
	for (i = words; i < 4 * rounds; i++) {
		uint8_t t[4];

		memcpy(t, k + 4 * (i - 1), 4);
		if (i % words == 0) {
			uint8_t first = t[0];

			for (j = 0; j < 4; j++)
				t[j] = sbox[j == 3 ? first : t[j + 1]];
			t[0] ^= rcon;
			rcon = xtime(rcon);
		} else if (words > 6 && i % words == 4) {
			for (j = 0; j < 4; j++)
				t[j] = sbox[t[j]];
		}
		for (j = 0; j < 4; j++)
			k[4 * i + j] = k[4 * (i - words) + j] ^ t[j];
	}
	return rounds;
}

/* The product in GF(2^128) (NIST SP 800-38D, section 6.3). */
static void multiply(uint8_t x[16], const uint8_t y[16])
{
	uint8_t z[16] = {0}, v[16];
	unsigned int i, j;

	memcpy(v, y, sizeof(v));
	for (i = 0; i < 128; i++) {
		bool low = v[15] & 1;

		for (j = 0; j < 16; j++)
			z[j] ^= x[i / 8] >> (7 - i % 8) & 1 ? v[j] : 0;
		for (j = 15; j; j--)
			v[j] = (uint8_t)(v[j] >> 1 | v[j - 1] << 7);
		v[0] = (uint8_t)(v[0] >> 1 ^ (low ? 0xe1 : 0));
	}
	memcpy(x, z, sizeof(z));
}

static void hide_key(struct run *r, unsigned int sa)
{
	static const uint8_t zero[16];
	const struct rvl_sa_params *p = &r->sa[sa];
	uint8_t keys[15][16], h[16], base[16];
	unsigned int count = round_keys(p, keys), i;

	for (i = 0; i < p->encr_key_len; i += 4)
		waves_word(&r->waves, p->encr_key + i, "SA %u: key word %u", sa, i / 4);
	waves_word(&r->waves, p->salt, "SA %u: salt", sa);
	for (i = 0; i < count; i++)
		waves_block(&r->waves, keys[i], "SA %u: round key %u", sa, i);
	encrypt_block(p, zero, h);
	memcpy(base, h, sizeof(base));
	for (i = 1; i <= POWERS; i++) {
		waves_block(&r->waves, h, "SA %u: H^%u", sa, i);
		if (i < POWERS)
			multiply(h, base);
	}
	memcpy(base, h, sizeof(base));
	for (i = 2; i <= POWERS; i++) {
		multiply(h, base);
		waves_block(&r->waves, h, "SA %u: H^%u", sa, 32 * i);
	}
}

/* The tag of a packet, from its ESP header to the last octet before its ICV. */
static void make_tag(const struct rvl_sa_params *p, const uint8_t *esp, size_t len, uint8_t *tag)
{
	const EVP_CIPHER *cipher = p->encr_key_len == 32 ? EVP_aes_256_gcm() : EVP_aes_128_gcm();
	static uint8_t text[FRAME_ROOM], sealed[FRAME_ROOM];
	size_t text_len = len - RVL_ESP_HEADER - RVL_ESP_IV;
	uint8_t nonce[12];
	int pass, n;

	memcpy(nonce, p->salt, 4);
	memcpy(nonce + 4, esp + RVL_ESP_HEADER, 8);
	memcpy(text, esp + RVL_ESP_HEADER + RVL_ESP_IV, text_len);
	/* Counter mode is its own inverse: the first pass gives the plaintext, the second the tag.
	 */
	for (pass = 0; pass < 2; pass++) {
		EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

		assert_true(ctx && EVP_EncryptInit_ex(ctx, cipher, NULL, p->encr_key, nonce) == 1 &&
			    EVP_EncryptUpdate(ctx, NULL, &n, esp, RVL_ESP_HEADER) == 1 &&
			    EVP_EncryptUpdate(ctx, sealed, &n, text, (int)text_len) == 1 &&
			    EVP_EncryptFinal_ex(ctx, sealed + text_len, &n) == 1 &&
			    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, RVL_ESP_ICV, tag) == 1);
		EVP_CIPHER_CTX_free(ctx);
		memcpy(text, sealed, text_len);
	}
}

/*
 * What the engine computes for a packet and isn't sent: the nonce begins with the salt; the mask of
 * the tag together with the tag gives a hash, and that, with the text, an equation for H. So does
 * the right tag of a forged packet.
 */
static void hide_packet(struct run *r, unsigned int sa, const uint8_t *frame, size_t len)
{
	const struct rvl_sa_params *p = &r->sa[sa];
	uint8_t spi[4], block[16], mask[16], tag[16];
	const uint8_t *esp;
	unsigned int i;

	rvl_put_be32(spi, p->spi);
	esp = memmem(frame, len, spi, sizeof(spi));
	assert_non_null(esp);
	len -= (size_t)(esp - frame) + RVL_ESP_ICV;
	memcpy(block, p->salt, 4);
	memcpy(block + 4, esp + RVL_ESP_HEADER, 8);
	rvl_put_be32(block + 12, 1);
	waves_chunk(&r->waves, block, "SA %u: nonce", sa);
	encrypt_block(p, block, mask);
	waves_block(&r->waves, mask, "SA %u: tag mask", sa);
	make_tag(p, esp, len, tag);
	for (i = 0; i < 16; i++)
		block[i] = tag[i] ^ mask[i];
	waves_block(&r->waves, block, "SA %u: hash", sa);
	if (memcmp(tag, esp + len, sizeof(tag)))
		waves_block(&r->waves, tag, "SA %u: tag of a forged packet", sa);
}

/* ---------------------------------------------------------------------------------------- a run */

static void show(struct run *r, const uint8_t *frame, size_t len, const char *what, unsigned int sa)
{
	unsigned int pattern = waves_chunk(&r->waves, frame + len - 100, "SA %u: %s", sa, what);

	assert_true(r->visible_count < MAX_VISIBLE);
	r->visible[r->visible_count++] = pattern;
	r->is_visible[pattern] = true;
}

static void on_wire(void *ctx, const uint8_t *frame, uint32_t len)
{
	struct run *r = ctx;
	unsigned int sa;

	r->wire++;
	for (sa = 0; sa < SAS; sa += 2) {
		uint8_t spi[4];

		rvl_put_be32(spi, r->sa[sa].spi);
		if (!memmem(frame, len, spi, sizeof(spi)))
			continue;
		hide_packet(r, sa, frame, len);
		show(r, frame, len, "sent ciphertext", sa);
		return;
	}
	fail_msg("a frame of no SA on the wire");
}

static void on_host(void *ctx, unsigned int queue, const uint8_t *frame,
		    const struct rvl_completion *c)
{
	struct run *r = ctx;

	(void)queue;
	(void)frame;
	(void)c;
	r->host++;
}

static void drain(struct run *r)
{
	if (!chip_drain(&r->chip))
		fail_msg("%s", r->chip.text);
}

static void send_frames(struct run *r, unsigned int sa)
{
	static struct frame f;
	unsigned int i;

	for (i = 0; i < FRAMES; i++) {
		size_t l2 = traffic_ethernet(&r->random, frame_data(&f), 0x0800, false);

		f.len = l2 + traffic_ipv4(&r->random, frame_data(&f) + l2, PAYLOAD, i, false);
		show(r, frame_data(&f), f.len, "sent plaintext", sa);
		assert_int_equal(rvl_frame_queue_send(r->chip.queues[0], frame_data(&f), f.len,
						      (uint16_t)(sa / 2)),
				 0);
	}
	rvl_queue_kick(rvl_frame_queue_rings(r->chip.queues[0]));
	drain(r);
}

static void receive_frames(struct run *r, unsigned int sa)
{
	static struct frame f;
	static uint8_t inner[FRAME_ROOM];
	unsigned int i;

	for (i = 1; i <= FRAMES; i++) {
		size_t len = traffic_ipv4(&r->random, inner, PAYLOAD, i, false);

		traffic_esp(&r->random, &f, &r->sa[sa], i, inner, len, false, ESP_GOOD);
		/* First as a forger has changed it, under the same nonce. */
		frame_data(&f)[f.len - 100] ^= 1;
		hide_packet(r, sa, frame_data(&f), f.len);
		assert_int_equal(rvl_sim_rx(r->chip.sim, frame_data(&f), (uint32_t)f.len, false),
				 0);
		frame_data(&f)[f.len - 100] ^= 1;
		hide_packet(r, sa, frame_data(&f), f.len);
		show(r, frame_data(&f), f.len, "received ciphertext", sa);
		show(r, inner, len, "received plaintext", sa);
		assert_int_equal(rvl_sim_rx(r->chip.sim, frame_data(&f), (uint32_t)f.len, false),
				 0);
		drain(r);
	}
}

static void run_sas(struct run *r)
{
	struct rvl_dev_error err = {""};
	unsigned int i;

	for (i = 0; i < SAS; i++) {
		struct rvl_sa_params *p = &r->sa[i];
		struct rvl_dev_sa sa;
		uint32_t index = (i / 2);

		traffic_sa(&r->random, p, i % 2 ? RVL_INBOUND : RVL_OUTBOUND,
			   (uint32_t)random_next(&r->random) | 1U << 31);
		p->encr_key_len = i < 2 ? 16 : 32;
		memset(p->encr_key, 0, sizeof(p->encr_key));
		random_fill(&r->random, p->encr_key, p->encr_key_len);
		p->encap = false;
		p->src_port = p->dst_port = 0;
		hide_key(r, i);
		sa = traffic_dev_sa(p);
		if (rvl_dev_sa_add(r->chip.dev, &sa, &index, &err))
			fail_msg("%s", err.text);
		if (!rvl_sim_holds(r->chip.sim, p->encr_key, p->encr_key_len))
			fail_msg("the key of SA %u isn't in the chip", i);
	}
	for (i = 0; i < SAS; i++) {
		if (i % 2)
			receive_frames(r, i);
		else
			send_frames(r, i);
	}
	for (i = 0; i < SAS; i++)
		assert_int_equal(rvl_dev_sa_delete(r->chip.dev, i % 2, (uint16_t)(i / 2), NULL), 0);
	assert_int_equal(r->wire, SAS / 2 * FRAMES);
	assert_int_equal(r->host, SAS / 2 * FRAMES);
}

static int setup(void **state)
{
	struct rvl_sim_options options = RVL_SIM_OPTIONS_DEFAULT;
	const char *seed = getenv("SEED"), *tmp = getenv("TMPDIR");
	struct run *r = calloc(1, sizeof(*r));
	int fd;

	assert_non_null(r);
	*state = r;
	r->seed = seed ? strtoull(seed, NULL, 0) : 1;
	r->random.state = r->seed;
	print_message("SEED=%llu\n", (unsigned long long)r->seed);
	waves_init(&r->waves);
	snprintf(r->path, sizeof(r->path), "%s/waves.XXXXXX", tmp ? tmp : "/tmp");
	fd = mkstemp(r->path);
	assert_true(fd >= 0);
	close(fd);
	options.trace = r->path;
	r->chip.on_wire = on_wire;
	r->chip.on_host = on_host;
	r->chip.ctx = r;
	if (!chip_open(&r->chip, &options, 5))
		fail_msg("%s", r->chip.text);
	run_sas(r);
	chip_close(&r->chip);
	if (!waves_search(&r->waves, r->path))
		fail_msg("%s: can't be read", r->path);
	print_message("%llu values of %llu signals, %llu bits\n",
		      (unsigned long long)r->waves.values, (unsigned long long)r->waves.signals,
		      (unsigned long long)r->waves.bits);
	return 0;
}

static int teardown(void **state)
{
	struct run *r = *state;

	unlink(r->path);
	waves_fini(&r->waves);
	free(r);
	return 0;
}

/* --------------------------------------------------------------------------------------- tests */

static void every_frame_is_in_the_waves_on_both_sides_of_the_nic(void **state)
{
	struct run *r = *state;
	unsigned int i;

	assert_int_equal(r->visible_count, 2 * SAS * FRAMES);
	for (i = 0; i < r->visible_count; i++) {
		const struct waves_pattern *p = &r->waves.patterns[r->visible[i]];

		if (!p->seen)
			fail_msg("%s: not found (SEED=%llu)", p->name, (unsigned long long)r->seed);
	}
}

static void nothing_that_a_key_could_be_had_from_is_in_the_waves(void **state)
{
	struct run *r = *state;
	unsigned int i, leaks = 0;

	for (i = 0; i < r->waves.count; i++) {
		const struct waves_pattern *p = &r->waves.patterns[i];

		if (!p->seen || r->is_visible[i])
			continue;
		if (leaks++ < 20)
			print_message("%s: %llu times, first in %s at %llu ns\n", p->name,
				      (unsigned long long)p->seen, p->where,
				      (unsigned long long)p->time);
	}
	if (leaks)
		fail_msg("%u leaks (SEED=%llu)", leaks, (unsigned long long)r->seed);
}

static void streams_headers_and_state_stay_visible(void **state)
{
	static const char *const names[] = {
		"port_tx_data_o", "port_rx_data_i", "htx_data",	    "hrx_data",	 "tx_rd_hdr_o",
		"rx_cpl_hdr_i",	  "tx_wr_data_o",   "rx_req_hdr_i", "cmd_valid", "rd_rsp_bytes",
	};
	struct run *r = *state;
	char name[64];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(name, sizeof(name), "ravelin.ravelin.%s", names[i]);
		if (!waves_has_signal(r->path, name))
			fail_msg("%s is missing", name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_frame_is_in_the_waves_on_both_sides_of_the_nic),
		cmocka_unit_test(nothing_that_a_key_could_be_had_from_is_in_the_waves),
		cmocka_unit_test(streams_headers_and_state_stay_visible),
	};

	return cmocka_run_group_tests_name("waves", tests, setup, teardown);
}
