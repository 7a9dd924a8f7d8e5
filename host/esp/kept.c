// SPDX-License-Identifier: BSD-2-Clause
#include "host/esp/kept.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define OCTETS sizeof(struct rvl_sa_params)

struct rvl_sa_kept {
	uint8_t marks[(OCTETS + 7) / 8]; /* a bit for each octet that isn't zero, */
	uint16_t count;
	uint8_t octets[]; /* and those */
};

_Static_assert(OCTETS <= UINT16_MAX, "all of a record can be counted");

struct rvl_sa_kept *rvl_sa_keep(const struct rvl_sa_params *params)
{
	const uint8_t *from = (const uint8_t *)params;
	struct rvl_sa_kept *kept;
	uint16_t count = 0;

	for (size_t i = 0; i < OCTETS; i++)
		count += from[i] != 0;
	kept = calloc(1, sizeof(*kept) + count);
	if (!kept)
		return NULL;
	for (size_t i = 0; i < OCTETS; i++) {
		if (!from[i])
			continue;
		kept->marks[i / 8] |= (uint8_t)(1u << i % 8);
		kept->octets[kept->count++] = from[i];
	}
	return kept;
}

void rvl_sa_kept(const struct rvl_sa_kept *kept, struct rvl_sa_params *params)
{
	uint8_t *to = (uint8_t *)params;
	size_t next = 0;

	memset(params, 0, sizeof(*params));
	for (size_t i = 0; i < OCTETS; i++)
		if (kept->marks[i / 8] >> i % 8 & 1)
			to[i] = kept->octets[next++];
}

void rvl_sa_kept_free(struct rvl_sa_kept *kept)
{
	if (!kept)
		return;
	OPENSSL_cleanse(kept->octets, kept->count);
	free(kept);
}
