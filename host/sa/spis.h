/* SPDX-License-Identifier: BSD-2-Clause */
/* SPIs that are given out. */
#ifndef RVL_SA_SPIS_H
#define RVL_SA_SPIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed before the first one. SPIs are random, so each is its own hash; 0 is a free place. */
struct rvl_spis {
	uint32_t *places;
	size_t mask; /* places less one, a power of two */
	size_t count;
};

void rvl_spis_free(struct rvl_spis *spis);

bool rvl_spis_have(const struct rvl_spis *spis, uint32_t spi);

/* One that isn't 0 and isn't there. 0 or -ENOMEM. */
int rvl_spis_add(struct rvl_spis *spis, uint32_t spi);

/* Nothing happens if it isn't there. */
void rvl_spis_remove(struct rvl_spis *spis, uint32_t spi);

#endif
