/* SPDX-License-Identifier: BSD-2-Clause */
/* From IKE's traffic selectors, which are ranges, to the data path's, which are prefixes. */
#ifndef RVL_SA_SELECTOR_H
#define RVL_SA_SELECTOR_H

#include "host/esp/spd.h"
#include "host/ike/ts.h"

#define RVL_SELECTORS_MAX 64

struct rvl_selectors {
	size_t count;
	struct rvl_selector list[RVL_SELECTORS_MAX]; /* outbound: source is local */
};

/*
 * Every pair of a local and a remote selector of one family. Returns 0, -EOPNOTSUPP for what
 * selectors can't express (ports of a protocol without any), -E2BIG when it takes more than
 * RVL_SELECTORS_MAX, -EINVAL when nothing is left.
 */
int rvl_selectors_of(const struct ike_ts_list *local, const struct ike_ts_list *remote,
		     struct rvl_selectors *out);

/*
 * One selector that holds all of these, as narrow as two prefixes, a protocol and a range of ports
 * can say it; types of ICMP and OPAQUE become any port. False: they are of both families.
 */
bool rvl_selectors_join(const struct rvl_selectors *selectors, struct rvl_selector *out);

/* The same selector, in octets that are equal when selectors are: a key of tables. */
struct rvl_selector rvl_selector_key(const struct rvl_selector *selector);

/*
 * Where its policy stands in the data path, lowest number first: IKE's bypass, then by how narrow
 * the selector is, of two alike the one that has a scope, and of those the one that protects before
 * the one that discards.
 */
uint32_t rvl_selector_priority(const struct rvl_selector *selector, enum rvl_action action);

/* The same of one whose packets are let pass, unless one that is as narrow says otherwise. */
uint32_t rvl_selector_pass_priority(const struct rvl_selector *selector);

/* "10.1.0.0/24 -> 10.2.0.0/24 proto 6 dport 80-80" */
void rvl_selector_text(const struct rvl_selector *selector, char *out, size_t len);

#endif
