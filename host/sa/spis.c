// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/spis.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST 64

void rvl_spis_free(struct rvl_spis *spis)
{
	free(spis->places);
	*spis = (struct rvl_spis){0};
}

/* Where it is, or the free place where it would be. */
static size_t find(const struct rvl_spis *spis, uint32_t spi)
{
	size_t at = spi & spis->mask;

	while (spis->places[at] && spis->places[at] != spi)
		at = (at + 1) & spis->mask;
	return at;
}

bool rvl_spis_have(const struct rvl_spis *spis, uint32_t spi)
{
	return spis->places && spis->places[find(spis, spi)];
}

/* At most half of the places are taken. */
static int grow(struct rvl_spis *spis)
{
	size_t room = spis->places ? 2 * (spis->mask + 1) : FIRST;
	struct rvl_spis wider = {calloc(room, sizeof(*wider.places)), room - 1, spis->count};

	if (!wider.places)
		return -ENOMEM;
	for (size_t i = 0; spis->places && i <= spis->mask; i++)
		if (spis->places[i])
			wider.places[find(&wider, spis->places[i])] = spis->places[i];
	free(spis->places);
	*spis = wider;
	return 0;
}

int rvl_spis_add(struct rvl_spis *spis, uint32_t spi)
{
	int err = !spis->places || 2 * (spis->count + 1) > spis->mask + 1 ? grow(spis) : 0;

	if (err)
		return err;
	spis->places[find(spis, spi)] = spi;
	spis->count++;
	return 0;
}

void rvl_spis_remove(struct rvl_spis *spis, uint32_t spi)
{
	size_t hole, at;

	if (!rvl_spis_have(spis, spi))
		return;
	spis->count--;
	hole = at = find(spis, spi);
	/* What lies behind it may be there only because it was taken. */
	for (;;) {
		spis->places[hole] = 0;
		do {
			at = (at + 1) & spis->mask;
			if (!spis->places[at])
				return;
		} while (((at - (spis->places[at] & spis->mask)) & spis->mask) <
			 ((at - hole) & spis->mask));
		spis->places[hole] = spis->places[at];
		hole = at;
	}
}
