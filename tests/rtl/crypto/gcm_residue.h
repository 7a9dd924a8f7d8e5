/* SPDX-License-Identifier: BSD-2-Clause */
/* What a 256-bit key leads to inside the engine, and the search for it in the model's state. */
#ifndef RVL_TESTS_GCM_RESIDUE_H
#define RVL_TESTS_GCM_RESIDUE_H

#include "tests/rtl/crypto/gcm_dut.h"

/* 15 round keys (the first two are the key), H^1 .. H^32, H^64 .. H^1024 in steps of 32. */
#define GCM_SECRETS (15 + 32 + 31)

struct gcm_secrets {
	uint8_t value[GCM_SECRETS][16]; /* as the model holds them */
};

void gcm_secrets_of(struct gcm_secrets *s, const uint8_t key[32]);

/* How many of them are somewhere in the model. */
unsigned int gcm_secrets_found(const struct gcm_secrets *s, const struct gcm_dut *d);

#endif
