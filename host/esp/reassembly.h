/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fragments put together (RFC 791, section 3.2; RFC 8200, section 4.5).
 *
 * Memory and time are bounded: of too many datagrams under way, or octets of them, the oldest goes,
 * first of those from the same source where that has more than its share. Fragments that overlap
 * end their datagram, and what of it comes later is refused too (RFC 5722, section 4); the same
 * fragment once more does nothing. The header is that of the fragment that is first in the
 * datagram; congestion that any fragment has met stays (RFC 3168, section 5.3).
 *
 * A reassembly belongs to one thread at a time.
 */
#ifndef RVL_ESP_REASSEMBLY_H
#define RVL_ESP_REASSEMBLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/esp/addr.h"
#include "host/esp/buf.h"

/* Room in front of a packet that is whole. */
#define RVL_REASSEMBLY_HEADROOM 128

struct rvl_reassembly_limits {
	size_t datagrams;	 /* under way, at least 4 */
	size_t octets;		 /* of memory for fragments under way */
	uint64_t timeout_ms;	 /* from the first fragment that comes to the last */
	size_t source_datagrams; /* of one source, at least 1 */
};

/* Datagrams, but for refused: fragments. */
struct rvl_reassembly_counters {
	uint64_t whole;
	uint64_t refused; /* malformed, of a datagram that is, or without memory */
	uint64_t overlaps;
	uint64_t timeouts; /* not all of it came in time */
	uint64_t evicted;  /* there was no room for it any more */
};

enum rvl_reassembly_result {
	RVL_REASSEMBLY_HELD,
	RVL_REASSEMBLY_WHOLE,
	RVL_REASSEMBLY_REFUSED,
};

/* What all fragments of a datagram, and of no other one at a time, have (RFC 791, section 3.2; RFC
 * 8200, section 4.5). */
struct rvl_fragment_name {
	struct rvl_addr src;
	struct rvl_addr dst;
	uint32_t id;
	uint8_t protocol; /* IPv6: 0, as its fragments needn't show it */
};

/* Of the IPv4 or IPv6 packet at p; false: it is no fragment, or what it says can't be. */
bool rvl_fragment_name(const uint8_t *p, size_t len, struct rvl_fragment_name *name);
bool rvl_fragment_name_equal(const struct rvl_fragment_name *a, const struct rvl_fragment_name *b);

struct rvl_reassembly;

/* NULL without memory. */
struct rvl_reassembly *rvl_reassembly_new(const struct rvl_reassembly_limits *limits);

/* NULL is fine. */
void rvl_reassembly_free(struct rvl_reassembly *reassembly);

/*
 * Take a fragment: the IPv4 or IPv6 packet of len octets at packet, trailing octets allowed; one
 * that isn't a fragment is refused. now_ms: of any clock that doesn't go back.
 *
 * RVL_REASSEMBLY_WHOLE: *whole is the packet, with RVL_REASSEMBLY_HEADROOM octets before it, and
 * the reassembly's until the next call.
 */
enum rvl_reassembly_result rvl_reassembly_take(struct rvl_reassembly *reassembly,
					       const uint8_t *packet, size_t len, uint64_t now_ms,
					       struct rvl_buf *whole);

const struct rvl_reassembly_counters *
rvl_reassembly_counters(const struct rvl_reassembly *reassembly);

#endif
