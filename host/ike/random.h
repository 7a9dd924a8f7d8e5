/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The random generator that is handed in. Everything random in this folder comes from it, so that
 * a run repeats from a seed; a daemon hands in the operating system's.
 */
#ifndef RAVELIN_HOST_IKE_RANDOM_H
#define RAVELIN_HOST_IKE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct ike_random {
	/* Fill `len` octets. Returns 0, or a negative errno: then nothing is used. */
	int (*fill)(void *context, void *out, size_t len);
	void *context;
};

static inline int ike_random_fill(const struct ike_random *r, void *out, size_t len)
{
	return r->fill(r->context, out, len);
}

#endif
