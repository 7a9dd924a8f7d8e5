// SPDX-License-Identifier: BSD-2-Clause
/*
 * The AES-GCM engine against NIST's vectors and OpenSSL. Built once for each configuration.
 *
 * usage: gcm_... [SEED]
 */
#include "tests/rtl/crypto/gcm_bench.h"
#include "tests/rtl/crypto/gcm_residue.h"
#include "tests/rtl/crypto/gcm_vectors.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What ravelin_gcm.sv promises, in cycles from a beat taken to the beat offered. */
#define LATENCY_BEAT 20
#define LATENCY_TAG (gcm_dut_decrypts() ? 20 : 25)

struct tests {
	struct gcm_bench bench;
	uint64_t seed;
	unsigned int number, failed;
};

static void result(struct tests *t, const char *name, bool ok)
{
	printf("%sok %u - %s\n", ok ? "" : "not ", ++t->number, name);
	if (!ok) {
		t->failed++;
		printf("# %s\n# seed=%llu\n",
		       t->bench.error[0] ? t->bench.error : "see the lines above",
		       (unsigned long long)t->seed);
	}
	fflush(stdout);
}

static void note(const char *what, unsigned long long have, unsigned long long want)
{
	printf("# %s: %llu, not %llu\n", what, have, want);
}

static void install_random(struct gcm_bench *b, unsigned int slot)
{
	uint8_t key[32], salt[4];

	gcm_bench_fill(b, key, sizeof(key));
	gcm_bench_fill(b, salt, sizeof(salt));
	gcm_bench_install(b, slot, 16 + 8 * gcm_bench_random(b, 3), key, salt);
}

static bool reset_is_swept(struct tests *t)
{
	struct gcm_bench *b = &t->bench;
	unsigned int cycles;
	bool ok = true;

	/* Keys are there, a packet is inside, when the reset comes. */
	gcm_bench_reset(b);
	for (unsigned int s = 0; s < gcm_dut_slots(); s += gcm_dut_slots() / 16) {
		install_random(b, s);
		gcm_bench_wait_key(b);
	}
	gcm_bench_send_random(b, 0, 8, 0, 200, false);
	for (int i = 0; i < 12; i++)
		gcm_bench_cycle(b);
	cycles = gcm_bench_reset(b);
	if (cycles == 0 || cycles > 4 * gcm_dut_slots() + 60) {
		note("cycles of the sweep", cycles, 4 * gcm_dut_slots() + 60);
		ok = false;
	}
	for (unsigned int s = 0; s < gcm_dut_slots(); s += gcm_dut_slots() / 16)
		gcm_bench_send_random(b, s, 8, 0, 100 + s % 64, false);
	return gcm_bench_drain(b) && ok;
}

/* Every length of text, additional data before it, and every key length. */
static bool every_length(struct tests *t)
{
	static const unsigned int auth[] = {0, 1, 15, 16, 17, 32, 63, 64, 65, 100};
	struct gcm_bench *b = &t->bench;
	uint8_t key[32], salt[4];

	gcm_bench_reset(b);
	for (unsigned int s = 0; s < 3; s++) {
		gcm_bench_fill(b, key, 32);
		gcm_bench_fill(b, salt, 4);
		gcm_bench_install(b, s, 16 + 8 * s, key, salt);
		gcm_bench_wait_key(b);
	}
	for (unsigned int len = 0; len <= 130; len++) {
		for (unsigned int aad = 0; aad <= 16; aad++)
			gcm_bench_send_random(b, (len + aad) % 3, aad, 0, len, false);
		for (unsigned int i = 0; i < sizeof(auth) / sizeof(auth[0]); i++) {
			gcm_bench_send_random(b, (len + i) % 3, 16, auth[i], len, false);
			gcm_bench_send_random(b, (len + i + 1) % 3, 0, auth[i], len, false);
		}
		if (!gcm_bench_drain(b))
			return false;
	}
	return true;
}

/* The number of blocks decides on the powers: each one up to the longest once. */
static bool every_block_count(struct tests *t)
{
	struct gcm_bench *b = &t->bench;

	gcm_bench_reset(b);
	for (unsigned int s = 0; s < 4; s++) {
		install_random(b, s);
		gcm_bench_wait_key(b);
	}
	for (unsigned int blocks = 1; blocks <= 1024; blocks += blocks < 620 ? 1 : 13) {
		unsigned int len = 16 * blocks - gcm_bench_random(b, 16);

		if (len > 16383)
			len = 16383;
		gcm_bench_send_random(b, blocks % 4, 8, 0, len, false);
		if (!gcm_bench_drain(b))
			return false;
	}
	gcm_bench_send_random(b, 0, 16, 16383, 0, false);
	gcm_bench_send_random(b, 1, 16, 500, 16383, false);
	gcm_bench_send_random(b, 2, 12, 0, 16383, false);
	return gcm_bench_drain(b);
}

static unsigned int random_length(struct gcm_bench *b)
{
	switch (gcm_bench_random(b, 8)) {
	case 0:
		return gcm_bench_random(b, 9051);
	case 1:
	case 2:
		return gcm_bench_random(b, 1501);
	default:
		return gcm_bench_random(b, 131);
	}
}

static void send_any(struct gcm_bench *b, unsigned int slot)
{
	bool bypass = gcm_bench_random(b, 8) == 0;
	unsigned int len = random_length(b);

	if (bypass) {
		gcm_bench_send_random(b, slot, 0, 0, len, true);
	} else if (gcm_bench_random(b, 8) == 0) {
		unsigned int auth = gcm_bench_random(b, 4) ? gcm_bench_random(b, 100)
							   : gcm_bench_random(b, 2000);

		gcm_bench_send_random(b, slot, gcm_bench_random(b, 2) ? 16 : 0, auth,
				      gcm_bench_random(b, 2) ? len : 0, false);
	} else {
		gcm_bench_send_random(b, slot, gcm_bench_random(b, 17), 0, len, false);
	}
}

/* Packets of many slots with gaps and stalls, while other slots get and lose their keys. */
static bool random_packets(struct tests *t, unsigned int packets)
{
	static const unsigned int percents[] = {0, 0, 10, 50, 90};
	struct gcm_bench *b = &t->bench;
	unsigned int slots = gcm_dut_slots() < 48 ? gcm_dut_slots() : 48;
	unsigned int stride = gcm_dut_slots() / slots;
	bool key_wanted = false, erase = false;
	unsigned int key_slot = 0, sent = 0, key_requests = 0;

	gcm_bench_reset(b);
	for (unsigned int s = 0; s < slots; s += 2) {
		install_random(b, s * stride);
		gcm_bench_wait_key(b);
	}
	while (!b->error[0] && (sent < packets || b->out_head)) {
		unsigned int queued = 0;

		if (gcm_bench_random(b, 512) == 0) {
			b->gap_percent = percents[gcm_bench_random(b, 5)];
			b->stall_percent = percents[gcm_bench_random(b, 5)];
		}
		/* A slot whose key changes first runs dry: draining is the owner's work. */
		if (!key_wanted && !b->request_offered && !b->request_taken &&
		    gcm_bench_random(b, 64) == 0) {
			key_wanted = true;
			key_slot = gcm_bench_random(b, slots) * stride;
			erase = gcm_bench_random(b, 3) == 0;
		}
		if (key_wanted && b->slots[key_slot].packets == 0) {
			key_wanted = false;
			key_requests++;
			if (erase)
				gcm_bench_erase(b, key_slot);
			else
				install_random(b, key_slot);
		}
		for (const struct gcm_packet *p = b->in_head; p && queued < 4; p = p->next)
			queued++;
		while (queued < 4 && sent < packets) {
			unsigned int slot = gcm_bench_random(b, slots) * stride;

			if (b->slots[slot].busy || (key_wanted && slot == key_slot))
				break;
			send_any(b, slot);
			queued++;
			sent++;
		}
		gcm_bench_cycle(b);
	}
	b->gap_percent = b->stall_percent = 0;
	gcm_bench_wait_key(b);
	printf("# %u packets, %llu beats, %u key requests meanwhile\n", sent,
	       (unsigned long long)b->taken, key_requests);
	return gcm_bench_drain(b);
}

/* N packets back to back take one cycle a beat, and the latency once. */
static bool throughput(struct tests *t)
{
	struct gcm_bench *b = &t->bench;
	unsigned int beats = 0;
	bool ok = true;

	gcm_bench_reset(b);
	for (unsigned int s = 0; s < 8; s++) {
		install_random(b, s);
		gcm_bench_wait_key(b);
	}
	b->taken = 0;
	for (unsigned int i = 0; i < 2000; i++) {
		unsigned int len = i < 1000 ? gcm_bench_random(b, 65) : random_length(b);

		gcm_bench_send_random(b, gcm_bench_random(b, 8), 8, 0, len, i % 16 == 5);
		beats += gcm_packet_beats(b->out_tail);
	}
	/* The first packet in the pipeline to the last: the last one must bring a tag. */
	gcm_bench_send_random(b, 0, 8, 0, 64, false);
	beats += gcm_packet_beats(b->out_tail);
	if (!gcm_bench_drain(b))
		return false;
	if (b->last_in - b->first_in + 1 != beats) {
		note("cycles that the beats took to enter", b->last_in - b->first_in + 1, beats);
		ok = false;
	}
	if (b->last_out - b->first_in != beats - 1 + LATENCY_TAG) {
		note("cycles from the first beat in to the last out", b->last_out - b->first_in,
		     beats - 1 + LATENCY_TAG);
		ok = false;
	}
	return ok;
}

static bool latency(struct tests *t)
{
	struct gcm_bench *b = &t->bench;
	bool ok = true;

	gcm_bench_reset(b);
	install_random(b, 3);
	gcm_bench_wait_key(b);
	for (unsigned int len = 0; len <= gcm_dut_octets(); len++) {
		b->taken = 0;
		gcm_bench_send_random(b, 3, 8, 0, len, false);
		if (!gcm_bench_drain(b))
			return false;
		if (b->last_out - b->first_in != LATENCY_TAG) {
			note("latency of the tag", b->last_out - b->first_in, LATENCY_TAG);
			ok = false;
		}
	}
	/* The first beat of a longer packet does not wait for the tag. */
	b->taken = 0;
	gcm_bench_send_random(b, 3, 8, 0, 40 * gcm_dut_octets(), false);
	while (b->out_beat == 0 && !b->error[0])
		gcm_bench_cycle(b);
	if (b->last_out - b->first_in != LATENCY_BEAT) {
		note("latency of a beat", b->last_out - b->first_in, LATENCY_BEAT);
		ok = false;
	}
	return gcm_bench_drain(b) && ok;
}

/* Packets of other slots flow while one is erased. */
static bool erased_slot_is_empty(struct tests *t, unsigned int mutation)
{
	struct gcm_bench *b = &t->bench;

	gcm_bench_reset(b);
	for (unsigned int s = 4; s < 8; s++) {
		install_random(b, s);
		gcm_bench_wait_key(b);
	}
	gcm_bench_send_random(b, 5, 8, 0, 1000, false);
	if (!gcm_bench_drain(b))
		return false;
	gcm_dut_set_mutation(b->dut, mutation);
	for (unsigned int i = 0; i < 50; i++)
		gcm_bench_send_random(b, i % 2 ? 4 : 6, 8, 0, 20 * i, false);
	gcm_bench_erase(b, 5);
	gcm_bench_wait_key(b);
	gcm_dut_set_mutation(b->dut, 0);
	for (unsigned int i = 0; i < 20; i++)
		gcm_bench_send_random(b, 4 + i % 4, 8, 0, 65 * i, false);
	return gcm_bench_drain(b);
}

static bool kept_key_is_noticed(struct tests *t)
{
	bool noticed = !erased_slot_is_empty(t, 4);

	printf("# noticed: %s\n", t->bench.error);
	t->bench.error[0] = 0;
	return noticed;
}

/* A key under which packets of many lengths have passed; false when they differ. */
static bool use_key(struct gcm_bench *b, unsigned int slot, const uint8_t key[32])
{
	static const uint8_t salt[4] = {1, 2, 3, 4};

	gcm_bench_install(b, slot, 32, key, salt);
	gcm_bench_wait_key(b);
	for (unsigned int len = 0; len < 2000; len += 77)
		gcm_bench_send_random(b, slot, 8, 0, len, false);
	return gcm_bench_drain(b);
}

/* Not only the slot: no register on the way may keep the key, a round key or a power of H. */
static bool nothing_is_left(struct tests *t)
{
	const struct gcm_key none = {0};
	struct gcm_bench *b = &t->bench;
	struct gcm_secrets secrets;
	uint8_t key[32];
	unsigned int used[2], erased, swept;

	gcm_bench_reset(b);
	install_random(b, 2);
	gcm_bench_wait_key(b);
	gcm_bench_fill(b, key, sizeof(key));
	gcm_secrets_of(&secrets, key);
	if (!use_key(b, 9, key))
		return false;
	used[0] = gcm_secrets_found(&secrets, b->dut);
	gcm_bench_erase(b, 9);
	gcm_bench_wait_key(b);
	erased = gcm_secrets_found(&secrets, b->dut);
	if (!use_key(b, 9, key))
		return false;
	used[1] = gcm_secrets_found(&secrets, b->dut);
	gcm_dut_set_key(b->dut, &none);
	gcm_bench_reset(b);
	swept = gcm_secrets_found(&secrets, b->dut);
	printf("# of %u values that come of the key %u and %u were there, %u after the erase, "
	       "%u after the reset\n",
	       GCM_SECRETS, used[0], used[1], erased, swept);
	return used[0] == GCM_SECRETS && used[1] == GCM_SECRETS && erased == 0 && swept == 0;
}

static bool idle_is_told(struct tests *t)
{
	struct gcm_bench *b = &t->bench;
	bool ok;

	gcm_bench_reset(b);
	ok = gcm_dut_idle(b->dut);
	install_random(b, 1);
	gcm_bench_cycle(b);
	ok = ok && !gcm_dut_idle(b->dut);
	gcm_bench_wait_key(b);
	gcm_bench_cycle(b);
	ok = ok && gcm_dut_idle(b->dut);
	gcm_bench_send_random(b, 1, 8, 0, 1000, false);
	gcm_bench_cycle(b);
	while (b->out_head && !b->error[0]) {
		ok = ok && !gcm_dut_idle(b->dut);
		gcm_bench_cycle(b);
	}
	gcm_bench_cycle(b);
	return ok && gcm_dut_idle(b->dut) && !b->error[0];
}

struct counts {
	unsigned int read, run, rejected, iv_length;
};

/* One vector through OpenSSL and the engine. */
static void send_vector(struct tests *t, const struct gcm_vector *v, bool *agree)
{
	struct gcm_bench *b = &t->bench;
	bool decrypts = gcm_dut_decrypts();
	uint8_t out[GCM_VECTOR_MAX], tag[16];
	const struct gcm_field *text = decrypts ? &v->cipher : &v->plain;
	unsigned int in_first = v->aad.len <= 16 ? v->aad.len : 16;
	struct gcm_packet *p = gcm_packet_new(v->aad.len - in_first, text->len);

	if (decrypts) {
		bool opened = gcm_oracle_open(b->oracle, v->key.len, v->key.octets, v->iv.octets,
					      v->aad.octets, v->aad.len, v->cipher.octets,
					      v->cipher.len, v->tag.octets, v->tag.len, out);

		*agree = *agree && opened == !v->fail &&
			 (v->fail || !memcmp(out, v->plain.octets, v->plain.len));
		/* What a wrong tag withholds comes out of the engine all the same. */
		memcpy(p->want, out, text->len);
	} else {
		gcm_oracle_seal(b->oracle, v->key.len, v->key.octets, v->iv.octets, v->aad.octets,
				v->aad.len, v->plain.octets, v->plain.len, out, tag);
		*agree = *agree && !memcmp(out, v->cipher.octets, v->cipher.len) &&
			 !memcmp(tag, v->tag.octets, v->tag.len);
		memcpy(p->want, v->cipher.octets, text->len);
	}
	p->slot = v->count % gcm_dut_slots();
	p->tag_differs = v->fail;
	memcpy(p->iv, v->iv.octets + 4, 8);
	memcpy(p->aad, v->aad.octets, in_first);
	p->aad_len = in_first;
	memcpy(p->auth, v->aad.octets + in_first, v->aad.len - in_first);
	memcpy(p->text, text->octets, text->len);
	memcpy(p->want_tag, v->tag.octets, v->tag.len);
	p->want_tag_len = v->tag.len;
	gcm_bench_install(b, p->slot, v->key.len, v->key.octets, v->iv.octets);
	gcm_bench_wait_key(b);
	gcm_bench_send(b, p);
}

static bool vectors_of(struct tests *t, const char *file, struct counts *c)
{
	const char *folder = getenv("RAVELIN_GCM_VECTORS");
	char path[4096];
	struct gcm_vector v;
	bool agree = true;
	FILE *f;
	int got;

	snprintf(path, sizeof(path), "%s/%s", folder ? folder : GCM_VECTORS, file);
	f = fopen(path, "r");
	if (!f) {
		printf("# %s: %s\n", path, strerror(errno));
		return false;
	}
	while ((got = gcm_vector_next(f, &v)) == 1) {
		c->read++;
		if (v.iv.len != 12) {
			c->iv_length++;
		} else {
			c->run++;
			c->rejected += v.fail;
			send_vector(t, &v, &agree);
			if (!gcm_bench_drain(&t->bench))
				break;
		}
	}
	fclose(f);
	if (got < 0)
		printf("# %s: not understood\n", path);
	if (!agree)
		printf("# %s: OpenSSL does not agree\n", path);
	if (t->bench.error[0])
		printf("# %s: count %u\n", path, v.count);
	return got == 0 && agree;
}

static bool nist_vectors(struct tests *t)
{
	static const char *const encrypt[] = {"gcmEncryptExtIV128.rsp", "gcmEncryptExtIV192.rsp",
					      "gcmEncryptExtIV256.rsp"};
	static const char *const decrypt[] = {"gcmDecrypt128.rsp", "gcmDecrypt192.rsp",
					      "gcmDecrypt256.rsp"};
	struct counts c = {0};
	bool ok = true;

	gcm_bench_reset(&t->bench);
	for (unsigned int i = 0; i < 3 && ok; i++)
		ok = vectors_of(t, gcm_dut_decrypts() ? decrypt[i] : encrypt[i], &c);
	printf("# NIST CAVP: %u vectors read, %u run (%u of them with a wrong tag); "
	       "not run: %u with an IV that is not 96 bits\n",
	       c.read, c.run, c.rejected, c.iv_length);
	return ok && c.run > 0 && c.read == c.run + c.iv_length &&
	       (c.rejected > 0) == gcm_dut_decrypts();
}

int main(int argc, char **argv)
{
	size_t size;
	struct tests t = {.seed = argc > 1 ? strtoull(argv[1], NULL, 0) : (uint64_t)time(NULL)};

	gcm_bench_init(&t.bench, t.seed);
	printf("TAP version 13\n# %s, %u bits a beat, %u slots, seed=%llu\n",
	       gcm_dut_decrypts() ? "decrypt" : "encrypt", 8 * gcm_dut_octets(), gcm_dut_slots(),
	       (unsigned long long)t.seed);
	result(&t, "after_reset_every_slot_is_empty_within_the_promised_cycles",
	       reset_is_swept(&t));
	result(&t, "nist_cavp_vectors_match_and_wrong_tags_do_not", nist_vectors(&t));
	result(&t, "every_length_up_to_130_octets_matches_openssl", every_length(&t));
	result(&t, "every_block_count_up_to_a_jumbo_frame_matches_openssl", every_block_count(&t));
	result(&t, "random_packets_of_many_keys_with_stalls_match_openssl",
	       random_packets(&t, 4000));
	result(&t, "packets_back_to_back_take_one_cycle_a_beat", throughput(&t));
	result(&t, "latency_is_as_documented", latency(&t));
	result(&t, "an_erased_slot_has_no_key_while_others_work_on", erased_slot_is_empty(&t, 0));
	if (gcm_dut_state(t.bench.dut, &size))
		result(&t, "erase_and_reset_leave_nothing_derived_from_the_key_in_any_register",
		       nothing_is_left(&t));
	result(&t, "a_key_that_an_erase_leaves_is_noticed", kept_key_is_noticed(&t));
	result(&t, "idle_means_that_nothing_is_inside", idle_is_told(&t));
	printf("1..%u\n", t.number);
	gcm_bench_free(&t.bench);
	return t.failed != 0;
}
