/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The inbound half of the SPD (RFC 4301, section 5.2), which is the host's for every data path:
 * what an SA has verified must match the SA's selectors, and what comes in clear must not match a
 * policy that protects.
 *
 * One control thread changes it, one data thread asks it.
 */
#ifndef RVL_SA_INBOUND_H
#define RVL_SA_INBOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/sa/selector.h"

struct rvl_inbound;

struct rvl_inbound_counters {
	uint64_t accepted_protected;
	uint64_t accepted_clear;
	uint64_t drop_selector;	 /* verified, but outside of its SA's selectors */
	uint64_t drop_clear;	 /* in clear, but it must be protected */
	uint64_t drop_malformed; /* in clear, EtherType IPv4, but no IPv4 packet */
};

/* Room for sas inbound SAs. NULL without memory. */
struct rvl_inbound *rvl_inbound_new(size_t sas);
void rvl_inbound_free(struct rvl_inbound *inbound);

/* What may arrive on the SA at index; selectors are outbound ones, seen from here. */
int rvl_inbound_set_sa(struct rvl_inbound *inbound, uint16_t index,
		       const struct rvl_selectors *selectors);
void rvl_inbound_clear_sa(struct rvl_inbound *inbound, uint16_t index);

/*
 * Clear traffic that comes the way back of this selector is dropped, or (bypass) let through
 * whatever else matches. Added ones are counted: the same number of removals takes them away.
 */
int rvl_inbound_add(struct rvl_inbound *inbound, const struct rvl_selector *selector, bool bypass);
void rvl_inbound_remove(struct rvl_inbound *inbound, const struct rvl_selector *selector,
			bool bypass);

/* May the frame go to the host? sa: the one that verified it, or RVL_BACKEND_CLEAR. Counts it. */
bool rvl_inbound_check(struct rvl_inbound *inbound, const uint8_t *frame, size_t len, uint16_t sa);

struct rvl_inbound_counters rvl_inbound_counters(struct rvl_inbound *inbound);

#endif
