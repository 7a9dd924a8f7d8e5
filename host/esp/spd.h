/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Selectors and policies (RFC 4301, section 4.4.1) over IPv4 and IPv6.
 */
#ifndef RVL_ESP_SPD_H
#define RVL_ESP_SPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/esp/ip.h"
#include "host/esp/prefix.h"

/*
 * What packets of one family match. Ports are in host order; for ICMP and mobility headers each
 * end's are those that it sends: type << 8 | code (RFC 4301, section 4.4.1.3).
 */
struct rvl_selector {
	struct rvl_prefix src;
	struct rvl_prefix dst; /* of the same family */
	bool any_protocol;
	uint8_t protocol;
	/* 0 to 65535: any, and protocols without ports; first > last: OPAQUE, a port that isn't
	 * seen, as RVL_PORT_OPAQUE_FIRST to RVL_PORT_OPAQUE_LAST (section 4.4.1.1). */
	uint16_t src_port_first;
	uint16_t src_port_last;
	uint16_t dst_port_first;
	uint16_t dst_port_last;
	/* What tells it apart from others of the same packets: a number that its owner has for it,
	 * and packets, too. 0: nothing. */
	uint16_t scope;
};

#define RVL_PORT_OPAQUE_FIRST UINT16_MAX
#define RVL_PORT_OPAQUE_LAST 0

enum rvl_action { RVL_BYPASS = 1, RVL_DISCARD = 2, RVL_PROTECT = 3 } __attribute__((packed));

/* Of the policies that match, the lowest priority wins, then the lowest index in the table. */
struct rvl_policy {
	uint32_t priority;
	struct rvl_selector selector;
	bool trap; /* with RVL_DISCARD: its packets are waited for */
	enum rvl_action action;
	uint32_t sa; /* outbound SA index, with RVL_PROTECT; else whatever the owner likes */
};

/* Everything of a family, from everywhere to everywhere. */
struct rvl_selector rvl_selector_any(uint8_t family);

static inline uint8_t rvl_selector_family(const struct rvl_selector *selector)
{
	return selector->src.address.family;
}

/* Two valid prefixes of one family, and ranges that begin before they end, or are OPAQUE. */
bool rvl_selector_valid(const struct rvl_selector *selector);

bool rvl_selector_equal(const struct rvl_selector *a, const struct rvl_selector *b);

/* Is whatever matches part matched by whole too? */
bool rvl_selector_within(const struct rvl_selector *part, const struct rvl_selector *whole);

/* Does it say nothing of ports? Is one of them OPAQUE? */
bool rvl_selector_any_port(const struct rvl_selector *selector);
bool rvl_selector_opaque(const struct rvl_selector *selector);

/* The same flow seen from the other end. */
struct rvl_selector rvl_selector_reverse(const struct rvl_selector *selector);

/*
 * Does the packet match? What is only for its link is nobody's. One that should have ports but
 * doesn't show them (a later fragment), or whose protocol doesn't show, is matched by a port range,
 * or a protocol, only if unseen says so: a rule that protects or discards must not be evaded by
 * fragments, one that lets pass must not be won by them.
 */
bool rvl_selector_match(const struct rvl_selector *selector, const struct rvl_ip *ip, bool unseen);

struct rvl_spd;

/* A table of at most size slots, all empty; it grows with the largest index. NULL without memory.
 */
struct rvl_spd *rvl_spd_new(size_t size);
void rvl_spd_free(struct rvl_spd *spd);

/* Write slot index; replaces what is there. -EINVAL for a bad index, selector or action; -ENOMEM,
 * which no slot that was written before gives. */
int rvl_spd_set(struct rvl_spd *spd, size_t index, const struct rvl_policy *policy);

/* Empty slot index; -ENOENT when it is, -EINVAL beyond the table. */
int rvl_spd_clear(struct rvl_spd *spd, size_t index);

/* The policy for the packet, or NULL when none matches. What is returned by this and those below
 * stays where it is until one is set. */
const struct rvl_policy *rvl_spd_lookup(const struct rvl_spd *spd, const struct rvl_ip *ip);

/* One of just this selector, or NULL. */
const struct rvl_policy *rvl_spd_equal(const struct rvl_spd *spd,
				       const struct rvl_selector *selector);

/* One that this selector is within and that suits, or NULL. */
typedef bool rvl_spd_suits_fn(const void *context, const struct rvl_policy *policy);
const struct rvl_policy *rvl_spd_over(const struct rvl_spd *spd, const struct rvl_selector *part,
				      rvl_spd_suits_fn *suits, const void *context);

#endif
