// SPDX-License-Identifier: BSD-2-Clause
#include "host/esp/kept.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define OCTETS sizeof(struct rvl_sa_params)
#define MARKS (OCTETS / 8)

struct rvl_sa_kept {
	uint8_t marks[MARKS]; /* a bit for each octet that isn't zero, */
	uint16_t count;
	uint8_t octets[]; /* and those */
};

_Static_assert(OCTETS <= UINT16_MAX, "all of a record can be counted");
_Static_assert(OCTETS % 8 == 0, "a record is of whole words");

/* Which of eight octets are not 0: a bit each, the lowest for the first. */
static uint8_t marks_of(const uint8_t *octets)
{
	uint64_t word = 0;

	for (unsigned i = 0; i < 8; i++)
		word |= (uint64_t)octets[i] << 8 * i;
	word |= word >> 4;
	word |= word >> 2;
	word |= word >> 1;
	word &= 0x0101010101010101u;
	return (uint8_t)(word * 0x0102040810204080u >> 56); /* each to the place of its octet */
}

struct rvl_sa_kept *rvl_sa_keep(const struct rvl_sa_params *params)
{
	const uint8_t *from = (const uint8_t *)params;
	struct rvl_sa_kept *kept;
	uint8_t marks[MARKS];
	uint16_t count = 0;

	for (size_t i = 0; i < MARKS; i++) {
		marks[i] = marks_of(from + 8 * i);
		count += (uint16_t)__builtin_popcount(marks[i]);
	}
	kept = calloc(1, sizeof(*kept) + count);
	if (!kept)
		return NULL;
	memcpy(kept->marks, marks, sizeof(marks));
	for (size_t i = 0; i < MARKS; i++) {
		for (unsigned left = marks[i]; left; left &= left - 1)
			kept->octets[kept->count++] = from[8 * i + (size_t)__builtin_ctz(left)];
	}
	return kept;
}

void rvl_sa_kept(const struct rvl_sa_kept *kept, struct rvl_sa_params *params)
{
	uint8_t *to = (uint8_t *)params;
	size_t next = 0;

	memset(params, 0, sizeof(*params));
	for (size_t i = 0; i < MARKS; i++) {
		for (unsigned left = kept->marks[i]; left; left &= left - 1)
			to[8 * i + (size_t)__builtin_ctz(left)] = kept->octets[next++];
	}
}

void rvl_sa_kept_free(struct rvl_sa_kept *kept)
{
	if (!kept)
		return;
	OPENSSL_cleanse(kept->octets, kept->count);
	free(kept);
}
