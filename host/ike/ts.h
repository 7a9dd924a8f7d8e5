/* SPDX-License-Identifier: BSD-2-Clause */
/* Traffic selectors (RFC 7296, sections 2.9 and 3.13). */
#ifndef RAVELIN_HOST_IKE_TS_H
#define RAVELIN_HOST_IKE_TS_H

#include "host/ike/addr.h"
#include "host/ike/wire.h"

struct ike_ts {
	uint8_t family;	  /* 4 or 6; 0 while `dynamic` */
	uint8_t protocol; /* 0: any */
	bool dynamic;	  /* only in configuration: the address of that end of the IKE SA */
	uint16_t port_first;
	uint16_t port_last; /* first > last: OPAQUE (section 3.13.1) */
	uint8_t first[16];
	uint8_t last[16];
};

struct ike_ts_list {
	unsigned count;
	struct ike_ts list[IKE_TS_MAX];
};

/* A list in no more memory than it takes. */
struct ike_ts_kept {
	unsigned count;
	struct ike_ts list[];
};

/* A copy to keep, freed with free(), and a copy of that; NULL without memory. */
struct ike_ts_kept *ike_ts_keep(const struct ike_ts_list *list);
struct ike_ts_kept *ike_ts_keep_again(const struct ike_ts_kept *kept);

/* What is kept; NULL is an empty list. */
struct ike_ts_list ike_ts_kept(const struct ike_ts_kept *kept);

/*
 * Parse one selector as swanctl.conf writes it: "10.1.0.0/16", "10.1.0.1-10.1.0.9", "fec0::/64",
 * "dynamic", each with an optional "[proto/port]": "10.1.0.0/16[tcp/80]", "dynamic[17/1024-2047]".
 * Returns 0, or -EINVAL with what is wrong in `error`.
 */
int ike_ts_parse(const char *text, struct ike_ts *out, char *error, size_t error_len);

/* "10.1.0.0/16[6/80]"; fits in IKE_TS_TEXT. */
enum { IKE_TS_TEXT = 128 };
void ike_ts_text(const struct ike_ts *ts, char *out, size_t len);

/*
 * A copy of a configured list with `dynamic` replaced by the addresses of that end, as far as there
 * is room; one of zeros is any of its family.
 */
struct ike_ts_list ike_ts_resolve(const struct ike_ts_list *list, const struct ike_addr *addrs,
				  unsigned count);

/*
 * Add a selector to a list in which none lies within another: nothing happens when one covers it,
 * and what it covers goes. Returns 0, or -ENOSPC when IKE_TS_MAX others are there.
 */
int ike_ts_add(struct ike_ts_list *list, const struct ike_ts *ts);

/* Put a selector ahead of all others, if there is room: what it lies within stays. */
void ike_ts_put_first(struct ike_ts_list *list, const struct ike_ts *ts);

/*
 * Add to `out` what `ts` and the selectors of a list both allow, as far as there is room: a
 * responder may narrow to any part of what it is offered (section 2.9).
 */
void ike_ts_narrow(const struct ike_ts *ts, const struct ike_ts_list *list,
		   struct ike_ts_list *out);

/* Are they the same selectors in the same order? */
bool ike_ts_lists_equal(const struct ike_ts_list *a, const struct ike_ts_list *b);

/* Is every selector of `part` within one of `whole`? */
bool ike_ts_subset(const struct ike_ts_list *part, const struct ike_ts_list *whole);

#endif
