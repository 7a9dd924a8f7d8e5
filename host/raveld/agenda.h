/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When which wish is due: the earliest one is found however many there are.
 */
#ifndef RVL_RAVELD_AGENDA_H
#define RVL_RAVELD_AGENDA_H

#include <stddef.h>
#include <stdint.h>

struct wish;

struct agenda {
	struct wish **heap; /* those that are planned */
	size_t count;
	size_t room;
	uint64_t planned; /* so many times, which tells the order of those due at once */
};

/* Room for so many wishes in all. 0 or -ENOMEM. */
int agenda_reserve(struct agenda *agenda, size_t wishes);
void agenda_free(struct agenda *agenda);

/* To be negotiated again, or its trap to listen again, at this time of the loop's clock in ms; 0:
 * not planned. There is room for it. */
void agenda_retry(struct agenda *agenda, struct wish *w, uint64_t at);
void agenda_listen(struct agenda *agenda, struct wish *w, uint64_t at);

/* The earliest one and when it is due; of those at once, the one planned first. NULL: none is
 * planned. */
struct wish *agenda_first(const struct agenda *agenda, uint64_t *at);

#endif
