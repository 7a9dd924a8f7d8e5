/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A scoreboard around the engine: packets go in back to back, what comes out is compared with
 * OpenSSL's result, keys come and go meanwhile.
 */
#ifndef RVL_TESTS_GCM_BENCH_H
#define RVL_TESTS_GCM_BENCH_H

#include "tests/rtl/crypto/gcm_dut.h"
#include "tests/rtl/crypto/gcm_oracle.h"

#define GCM_MAX_TEXT 16384

/* A packet as the engine gets it, and what must come of it. */
struct gcm_packet {
	struct gcm_packet *next;
	bool bypass;
	bool tag_differs; /* want_tag is one that must not come out */
	unsigned int slot;
	uint8_t iv[8];
	uint8_t aad[16];
	unsigned int aad_len;  /* in aad */
	unsigned int auth_len; /* in auth-only beats */
	unsigned int len;
	uint8_t *auth, *text, *want;
	uint8_t want_tag[16];
	unsigned int want_tag_len;
};

struct gcm_slot {
	unsigned int key_len;
	bool busy;	      /* a request for it is under way: no packets */
	unsigned int packets; /* inside */
	uint8_t key[32];
	uint8_t salt[4];
	bool installed;
};

struct gcm_bench {
	struct gcm_dut *dut;
	struct gcm_oracle *oracle;
	struct gcm_slot *slots;
	uint64_t random;
	uint64_t cycle;

	unsigned int gap_percent, stall_percent; /* of cycles without a beat offered, taken */

	struct gcm_packet *in_head, *in_tail; /* not yet wholly in */
	unsigned int in_beat;
	struct gcm_packet *out_head, *out_tail; /* not yet wholly out */
	unsigned int out_beat;

	struct gcm_key request;
	bool request_offered, request_taken;

	uint64_t first_in, last_in, last_out; /* cycles */
	uint64_t taken, packets_out;
	char error[200]; /* the first difference, or empty */
};

void gcm_bench_init(struct gcm_bench *b, uint64_t seed);
void gcm_bench_free(struct gcm_bench *b);

/* Resets the engine and waits for ready_o; returns the cycles that took, 0 when it never rose. */
unsigned int gcm_bench_reset(struct gcm_bench *b);

uint32_t gcm_bench_random(struct gcm_bench *b, uint32_t below);
void gcm_bench_fill(struct gcm_bench *b, void *p, size_t n);

/* Starts a request; gcm_bench_cycle clears the slot's busy when it is complete. */
void gcm_bench_install(struct gcm_bench *b, unsigned int slot, unsigned int key_len,
		       const uint8_t *key, const uint8_t salt[4]);
void gcm_bench_erase(struct gcm_bench *b, unsigned int slot);
void gcm_bench_wait_key(struct gcm_bench *b);

/* A packet of random content under the slot's key, appended to those to be sent. */
void gcm_bench_send_random(struct gcm_bench *b, unsigned int slot, unsigned int aad_len,
			   unsigned int auth_len, unsigned int len, bool bypass);
/* A packet made by the caller, who fills in all but next; owned by the bench from here on. */
void gcm_bench_send(struct gcm_bench *b, struct gcm_packet *p);
struct gcm_packet *gcm_packet_new(unsigned int auth_len, unsigned int len);
unsigned int gcm_packet_beats(const struct gcm_packet *p);

void gcm_bench_cycle(struct gcm_bench *b);
/* Until all that was sent has come out, or a difference; false on difference or when nothing moves.
 */
bool gcm_bench_drain(struct gcm_bench *b);

#endif
