/* SPDX-License-Identifier: BSD-2-Clause */
/* NIST CAVP files of AES-GCM (gcmEncryptExtIV*.rsp, gcmDecrypt*.rsp). */
#ifndef RVL_TESTS_GCM_VECTORS_H
#define RVL_TESTS_GCM_VECTORS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define GCM_VECTOR_MAX 256 /* octets of the longest field */

struct gcm_field {
	unsigned int len;
	uint8_t octets[GCM_VECTOR_MAX];
};

struct gcm_vector {
	unsigned int count;
	struct gcm_field key, iv, aad, plain, cipher, tag;
	bool fail; /* of a decrypt file: the tag is wrong */
};

/* The next vector: 1, 0 at the end of the file, -1 when the file is not understood. */
int gcm_vector_next(FILE *f, struct gcm_vector *v);

#endif
