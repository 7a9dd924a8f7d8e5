/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Selectors and policies (RFC 4301, section 4.4.1) over IPv4.
 */
#ifndef RVL_ESP_SPD_H
#define RVL_ESP_SPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/esp/ip.h"

/* No bits are set beyond its length. */
struct rvl_prefix {
	uint32_t address;
	uint8_t len;
};

static inline bool rvl_prefix_holds(struct rvl_prefix prefix, uint32_t address)
{
	return !prefix.len || !((prefix.address ^ address) >> (32 - prefix.len));
}

/* Addresses and ports in host order. A prefix has no bits set beyond its length. */
struct rvl_selector {
	uint32_t src;
	uint32_t dst;
	uint8_t src_len;
	uint8_t dst_len;
	bool any_protocol;
	uint8_t protocol;
	uint16_t src_port_first; /* 0 to 65535: any, and protocols without ports */
	uint16_t src_port_last;
	uint16_t dst_port_first;
	uint16_t dst_port_last;
};

enum rvl_action { RVL_BYPASS = 1, RVL_DISCARD = 2, RVL_PROTECT = 3 };

/* Of the policies that match, the lowest priority wins, then the lowest index in the table. */
struct rvl_policy {
	uint32_t priority;
	struct rvl_selector selector;
	enum rvl_action action;
	uint32_t sa; /* outbound SA index, with RVL_PROTECT; else whatever the owner likes */
};

/* Everything, from everywhere to everywhere. */
struct rvl_selector rvl_selector_any(void);

/* Prefixes are no longer than 32 bits with nothing set beyond, ranges aren't empty. */
bool rvl_selector_valid(const struct rvl_selector *selector);

bool rvl_selector_equal(const struct rvl_selector *a, const struct rvl_selector *b);

/* Is whatever matches part matched by whole too? */
bool rvl_selector_within(const struct rvl_selector *part, const struct rvl_selector *whole);

/* The same flow seen from the other end. */
struct rvl_selector rvl_selector_reverse(const struct rvl_selector *selector);

/*
 * Does the packet match? One that should have ports but doesn't show them (a later fragment) is
 * matched by a port range only if unseen_ports says so: a rule that protects or discards must not
 * be evaded by fragments, one that lets pass must not be won by them.
 */
bool rvl_selector_match(const struct rvl_selector *selector, const struct rvl_ip *ip,
			bool unseen_ports);

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
