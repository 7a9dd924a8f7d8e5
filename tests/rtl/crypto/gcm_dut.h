/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Verilated ravelin_gcm behind a C interface.
 *
 * Inputs are set, outputs read, then gcm_dut_cycle() passes one rising clock edge: what is read
 * before it is what the edge sees. A word of the bench is a beat of gcm_dut_octets() octets.
 */
#ifndef RVL_TESTS_GCM_DUT_H
#define RVL_TESTS_GCM_DUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GCM_MAX_OCTETS 64

struct gcm_dut;

struct gcm_in {
	bool sop, eop, auth_only, bypass;
	uint8_t data[GCM_MAX_OCTETS];
	unsigned int bytes;
	unsigned int slot;
	uint8_t iv[8];
	uint8_t aad[16];
	unsigned int aad_len, auth_len, len;
};

struct gcm_out {
	bool sop, eop, bypass;
	uint8_t data[GCM_MAX_OCTETS];
	unsigned int bytes;
	uint8_t tag[16];
};

struct gcm_key {
	bool erase;
	unsigned int key_len; /* octets */
	unsigned int slot;
	uint8_t key[32];
	uint8_t salt[4];
};

struct gcm_dut *gcm_dut_new(void);
void gcm_dut_free(struct gcm_dut *d);

/* What was built. */
unsigned int gcm_dut_octets(void);
unsigned int gcm_dut_slots(void);
bool gcm_dut_decrypts(void);

void gcm_dut_set_reset(struct gcm_dut *d, bool reset);
void gcm_dut_set_mutation(struct gcm_dut *d, unsigned int mutation);
void gcm_dut_set_in(struct gcm_dut *d, const struct gcm_in *in);    /* NULL: no beat */
void gcm_dut_set_key(struct gcm_dut *d, const struct gcm_key *key); /* NULL: no request */
void gcm_dut_set_out_ready(struct gcm_dut *d, bool ready);

bool gcm_dut_in_ready(const struct gcm_dut *d);
bool gcm_dut_key_ready(const struct gcm_dut *d);
bool gcm_dut_key_done(const struct gcm_dut *d);
bool gcm_dut_ready(const struct gcm_dut *d);
bool gcm_dut_idle(const struct gcm_dut *d);
bool gcm_dut_get_out(const struct gcm_dut *d, struct gcm_out *out); /* false: no beat */

void gcm_dut_cycle(struct gcm_dut *d);

/*
 * Every register and memory of the model as it lies in memory, for searches. NULL when Verilator's
 * optimizer is off: the model then lies in pieces, and keeps temporaries that are no registers.
 */
const void *gcm_dut_state(const struct gcm_dut *d, size_t *size);

#ifdef __cplusplus
}
#endif

#endif
