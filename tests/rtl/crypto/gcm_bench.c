// SPDX-License-Identifier: BSD-2-Clause
#include "tests/rtl/crypto/gcm_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Cycles without any progress after which a run counts as hung. */
#define HUNG 5000

static void *must_alloc(size_t n)
{
	void *p = calloc(1, n ? n : 1);

	if (!p) {
		printf("Bail out! memory\n");
		exit(1);
	}
	return p;
}

/* splitmix64 */
static uint64_t next_random(struct gcm_bench *b)
{
	uint64_t z = b->random += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

uint32_t gcm_bench_random(struct gcm_bench *b, uint32_t below)
{
	return (uint32_t)((next_random(b) >> 32) * below >> 32);
}

void gcm_bench_fill(struct gcm_bench *b, void *p, size_t n)
{
	uint8_t *to = p;

	for (size_t i = 0; i < n; i += 8) {
		uint64_t r = next_random(b);

		memcpy(to + i, &r, n - i < 8 ? n - i : 8);
	}
}

void gcm_bench_init(struct gcm_bench *b, uint64_t seed)
{
	memset(b, 0, sizeof(*b));
	b->dut = gcm_dut_new();
	b->oracle = gcm_oracle_new();
	b->slots = must_alloc(gcm_dut_slots() * sizeof(*b->slots));
	b->random = seed;
}

static void drop_packets(struct gcm_bench *b)
{
	struct gcm_packet *p = b->out_head;

	while (p) {
		struct gcm_packet *next = p->next;

		free(p->auth);
		free(p->text);
		free(p->want);
		free(p);
		p = next;
	}
	b->in_head = b->in_tail = b->out_head = b->out_tail = NULL;
	b->in_beat = b->out_beat = 0;
}

void gcm_bench_free(struct gcm_bench *b)
{
	drop_packets(b);
	free(b->slots);
	gcm_oracle_free(b->oracle);
	gcm_dut_free(b->dut);
}

unsigned int gcm_bench_reset(struct gcm_bench *b)
{
	unsigned int n = 0;

	drop_packets(b);
	memset(b->slots, 0, gcm_dut_slots() * sizeof(*b->slots));
	/* One that is erased is of zeros. */
	for (unsigned int i = 0; i < gcm_dut_slots(); i++)
		b->slots[i].key_len = 16;
	b->request_offered = b->request_taken = false;
	b->error[0] = 0;
	gcm_dut_set_in(b->dut, NULL);
	gcm_dut_set_key(b->dut, NULL);
	gcm_dut_set_reset(b->dut, true);
	gcm_dut_cycle(b->dut);
	gcm_dut_cycle(b->dut);
	gcm_dut_set_reset(b->dut, false);
	while (!gcm_dut_ready(b->dut)) {
		gcm_dut_cycle(b->dut);
		if (++n > 100000)
			return 0;
	}
	return n;
}

void gcm_bench_install(struct gcm_bench *b, unsigned int slot, unsigned int key_len,
		       const uint8_t *key, const uint8_t salt[4])
{
	struct gcm_slot *s = &b->slots[slot];

	memset(s->key, 0, sizeof(s->key));
	memcpy(s->key, key, key_len);
	memcpy(s->salt, salt, 4);
	s->key_len = key_len;
	s->busy = true;
	s->installed = true;

	b->request = (struct gcm_key){.key_len = key_len, .slot = slot};
	/* What is beyond the key is not looked at. */
	gcm_bench_fill(b, b->request.key, 32);
	memcpy(b->request.key, key, key_len);
	memcpy(b->request.salt, salt, 4);
	b->request_offered = true;
}

void gcm_bench_erase(struct gcm_bench *b, unsigned int slot)
{
	struct gcm_slot *s = &b->slots[slot];

	memset(s->key, 0, sizeof(s->key));
	memset(s->salt, 0, sizeof(s->salt));
	s->key_len = 16;
	s->busy = true;
	s->installed = false;

	b->request = (struct gcm_key){.erase = true, .slot = slot};
	gcm_bench_fill(b, b->request.key, 32);
	b->request_offered = true;
}

void gcm_bench_wait_key(struct gcm_bench *b)
{
	for (unsigned int i = 0; i < HUNG && (b->request_offered || b->request_taken); i++)
		gcm_bench_cycle(b);
	if (b->request_offered || b->request_taken)
		snprintf(b->error, sizeof(b->error), "a key request is never completed");
}

struct gcm_packet *gcm_packet_new(unsigned int auth_len, unsigned int len)
{
	struct gcm_packet *p = must_alloc(sizeof(*p));

	p->auth_len = auth_len;
	p->len = len;
	p->auth = must_alloc(auth_len);
	p->text = must_alloc(len);
	p->want = must_alloc(len);
	p->want_tag_len = 16;
	return p;
}

static unsigned int beats_of(unsigned int len)
{
	return (len + gcm_dut_octets() - 1) / gcm_dut_octets();
}

unsigned int gcm_packet_beats(const struct gcm_packet *p)
{
	unsigned int n = beats_of(p->auth_len) + beats_of(p->len);

	return n ? n : 1;
}

void gcm_bench_send(struct gcm_bench *b, struct gcm_packet *p)
{
	p->next = NULL;
	if (b->out_tail)
		b->out_tail->next = p;
	else
		b->out_head = p;
	b->out_tail = p;
	if (!b->in_head)
		b->in_head = p;
	b->in_tail = p;
	b->slots[p->slot].packets++;
}

void gcm_bench_send_random(struct gcm_bench *b, unsigned int slot, unsigned int aad_len,
			   unsigned int auth_len, unsigned int len, bool bypass)
{
	const struct gcm_slot *s = &b->slots[slot];
	struct gcm_packet *p = gcm_packet_new(auth_len, len);
	uint8_t aad[16 + GCM_MAX_TEXT], nonce[12];
	uint8_t *plain = gcm_dut_decrypts() ? p->want : p->text;
	uint8_t *cipher = gcm_dut_decrypts() ? p->text : p->want;

	p->slot = slot;
	p->bypass = bypass;
	p->aad_len = aad_len;
	gcm_bench_fill(b, p->iv, sizeof(p->iv));
	gcm_bench_fill(b, p->aad, sizeof(p->aad));
	gcm_bench_fill(b, p->auth, auth_len);
	if (bypass) {
		gcm_bench_fill(b, p->text, len);
		memcpy(p->want, p->text, len);
		memset(p->want_tag, 0, 16);
	} else {
		memcpy(nonce, s->salt, 4);
		memcpy(nonce + 4, p->iv, 8);
		memcpy(aad, p->aad, aad_len);
		memcpy(aad + aad_len, p->auth, auth_len);
		gcm_bench_fill(b, plain, len);
		gcm_oracle_seal(b->oracle, s->key_len, s->key, nonce, aad, aad_len + auth_len,
				plain, len, cipher, p->want_tag);
		if (!s->installed) {
			/* An erased slot has the zero key, and zeros for the powers of H. */
			uint8_t j0[16] = {0};

			memcpy(j0 + 4, p->iv, 8);
			j0[15] = 1;
			gcm_oracle_block(16, s->key, j0, p->want_tag);
		}
	}
	gcm_bench_send(b, p);
}

/* Beat n of p: where its octets are in the packet. */
static const uint8_t *beat_octets(const struct gcm_packet *p, unsigned int n, bool want,
				  unsigned int *bytes, bool *auth_only)
{
	unsigned int w = gcm_dut_octets(), auth_beats = beats_of(p->auth_len), off, len;
	const uint8_t *from;

	*auth_only = n < auth_beats;
	if (*auth_only) {
		from = p->auth;
		off = n * w;
		len = p->auth_len;
	} else {
		from = want ? p->want : p->text;
		off = (n - auth_beats) * w;
		len = p->len;
	}
	*bytes = len - off < w ? len - off : w;
	return from + off;
}

static void make_beat(struct gcm_bench *b, const struct gcm_packet *p, struct gcm_in *in)
{
	const uint8_t *from;

	/* What is not valid is noise. Bypassed beats have none: they pass whole. */
	if (p->bypass)
		memset(in, 0, sizeof(*in));
	else
		gcm_bench_fill(b, in, sizeof(*in));
	from = beat_octets(p, b->in_beat, false, &in->bytes, &in->auth_only);
	memcpy(in->data, from, in->bytes);
	in->sop = b->in_beat == 0;
	in->eop = b->in_beat + 1 == gcm_packet_beats(p);
	in->bypass = gcm_bench_random(b, 2);
	in->slot = gcm_bench_random(b, gcm_dut_slots());
	in->aad_len = gcm_bench_random(b, 17);
	in->auth_len = gcm_bench_random(b, 1000);
	in->len = gcm_bench_random(b, 1000);
	if (in->sop) {
		in->bypass = p->bypass;
		in->slot = p->slot;
		memcpy(in->iv, p->iv, 8);
		memcpy(in->aad, p->aad, 16);
		in->aad_len = p->aad_len;
		in->auth_len = p->auth_len;
		in->len = p->len;
	}
	if (!in->eop && !in->auth_only)
		in->bytes = gcm_bench_random(b, gcm_dut_octets() + 1);
}

static void check_beat(struct gcm_bench *b, const struct gcm_out *out)
{
	struct gcm_packet *p = b->out_head;
	uint8_t want[GCM_MAX_OCTETS] = {0};
	unsigned int bytes;
	bool auth_only, eop, tag_same;
	const uint8_t *from;

	if (b->error[0])
		return;
	if (!p || (p == b->in_head && b->out_beat >= b->in_beat)) {
		snprintf(b->error, sizeof(b->error), "a beat out of nothing");
		return;
	}
	from = beat_octets(p, b->out_beat, true, &bytes, &auth_only);
	memcpy(want, from, bytes);
	eop = b->out_beat + 1 == gcm_packet_beats(p);
	tag_same = !memcmp(out->tag, p->want_tag, p->want_tag_len);
	if (out->sop != (b->out_beat == 0) || out->eop != eop || out->bypass != p->bypass ||
	    out->bytes != bytes || memcmp(out->data, want, gcm_dut_octets()) ||
	    (eop && tag_same == p->tag_differs))
		snprintf(b->error, sizeof(b->error),
			 "packet %llu (slot %u, aad %u, auth %u, text %u%s), beat %u: %s differs",
			 (unsigned long long)b->packets_out, p->slot, p->aad_len, p->auth_len,
			 p->len, p->bypass ? ", bypass" : "", b->out_beat,
			 memcmp(out->data, want, gcm_dut_octets()) ? "data"
			 : eop && tag_same == p->tag_differs	   ? "tag"
								   : "framing");
	b->out_beat++;
	if (!eop)
		return;
	b->out_beat = 0;
	b->packets_out++;
	b->slots[p->slot].packets--;
	b->out_head = p->next;
	if (!p->next)
		b->out_tail = NULL;
	free(p->auth);
	free(p->text);
	free(p->want);
	free(p);
}

void gcm_bench_cycle(struct gcm_bench *b)
{
	bool offer = b->in_head && gcm_bench_random(b, 100) >= b->gap_percent;
	bool take = gcm_bench_random(b, 100) >= b->stall_percent;
	struct gcm_in in;
	struct gcm_out out;

	if (offer)
		make_beat(b, b->in_head, &in);
	gcm_dut_set_in(b->dut, offer ? &in : NULL);
	gcm_dut_set_out_ready(b->dut, take);
	gcm_dut_set_key(b->dut, b->request_offered ? &b->request : NULL);

	if (take && gcm_dut_get_out(b->dut, &out)) {
		check_beat(b, &out);
		b->last_out = b->cycle;
	}
	if (offer && gcm_dut_in_ready(b->dut)) {
		if (!b->taken++)
			b->first_in = b->cycle;
		b->last_in = b->cycle;
		b->in_beat++;
		if (in.eop) {
			b->in_beat = 0;
			b->in_head = b->in_head->next;
			if (!b->in_head)
				b->in_tail = NULL;
		}
	}
	if (gcm_dut_key_done(b->dut)) {
		if (!b->request_taken)
			snprintf(b->error, sizeof(b->error), "key_done_o without a request");
		b->request_taken = false;
		b->slots[b->request.slot].busy = false;
	}
	if (b->request_offered && gcm_dut_key_ready(b->dut)) {
		b->request_offered = false;
		b->request_taken = true;
	}
	gcm_dut_cycle(b->dut);
	b->cycle++;
}

bool gcm_bench_drain(struct gcm_bench *b)
{
	uint64_t moved = b->cycle;

	while (b->out_head && !b->error[0]) {
		uint64_t before = b->taken + b->packets_out + b->out_beat;

		gcm_bench_cycle(b);
		if (b->taken + b->packets_out + b->out_beat != before)
			moved = b->cycle;
		if (b->cycle - moved > HUNG)
			snprintf(b->error, sizeof(b->error), "the engine is stuck");
	}
	return !b->error[0];
}
