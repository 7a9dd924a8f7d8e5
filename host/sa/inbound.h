/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The inbound half of the SPD (RFC 4301, section 5.2), which is the host's for every data path:
 * what an SA has verified must match the SA's selectors, and what comes in clear must not match a
 * policy that protects. And what came in through a tunnel must not leave again in clear: that a
 * packet did, its source says, which no outbound policy asks for.
 *
 * A network that is connected to the host is no tunnel's, even if a remote network holds it: of it
 * and of what is configured the narrower one decides, and when they are the same, the tunnel's.
 * What a peer has negotiated doesn't count: it would choose.
 *
 * One control thread changes it, data threads ask it.
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
	uint64_t drop_selector;	 /* verified, but outside of its SA's selectors, or as if local */
	uint64_t drop_clear;	 /* in clear, but it must be protected */
	uint64_t drop_malformed; /* in clear, an EtherType of IP, but no such packet */
	uint64_t drop_decrypted; /* to the wire: from a tunnel, and no policy protects it */
};

/* What is the host's own. */
struct rvl_local {
	struct rvl_addr *addresses;
	size_t address_count;
	struct rvl_prefix *networks; /* connected ones that are exempt, */
	size_t network_count;
	struct rvl_prefix *named; /* unless one of these remote networks is as narrow */
	size_t named_count;
};

/* For at most so many inbound SAs. NULL without memory. */
struct rvl_inbound *rvl_inbound_new(size_t sas);
void rvl_inbound_free(struct rvl_inbound *inbound);

/* What may arrive on the SA at index; selectors are outbound ones, seen from here. 0, -EINVAL for a
 * bad index, or -ENOMEM. */
int rvl_inbound_set_sa(struct rvl_inbound *inbound, uint32_t index,
		       const struct rvl_selectors *selectors);
void rvl_inbound_clear_sa(struct rvl_inbound *inbound, uint32_t index);

/* While an SA moves nothing arrives on it: what may is taken from its old index, and given to its
 * new one, which frees what that had. NULL is fine. -EINVAL for a bad index, or -ENOMEM: it is
 * freed. */
struct rvl_inbound_flows;
struct rvl_inbound_flows *rvl_inbound_take_sa(struct rvl_inbound *inbound, uint32_t index);
int rvl_inbound_give_sa(struct rvl_inbound *inbound, uint32_t index,
			struct rvl_inbound_flows *flows);

/*
 * Clear traffic that comes the way back of this selector is dropped, or (bypass) let through
 * whatever else matches. Added ones are counted: the same number of removals takes them away.
 */
int rvl_inbound_add(struct rvl_inbound *inbound, const struct rvl_selector *selector, bool bypass);
void rvl_inbound_remove(struct rvl_inbound *inbound, const struct rvl_selector *selector,
			bool bypass);

/* The same of clear traffic that is let through unless what protects is as narrow: the narrower one
 * decides. */
int rvl_inbound_pass(struct rvl_inbound *inbound, const struct rvl_selector *selector);
void rvl_inbound_pass_no_more(struct rvl_inbound *inbound, const struct rvl_selector *selector);

/* Replace what is known to be local. 0, or -ENOMEM: it is as it was. */
int rvl_inbound_set_local(struct rvl_inbound *inbound, const struct rvl_local *local);

/* Is it an address of the host's? */
bool rvl_inbound_is_own(struct rvl_inbound *inbound, const struct rvl_addr *address);

/* May the frame go to the host? sa: the one that verified it, or RVL_BACKEND_CLEAR. Counts it. */
bool rvl_inbound_check(struct rvl_inbound *inbound, const uint8_t *frame, size_t len, uint32_t sa);

/*
 * May the host's frame go to the data path? Not if nothing protects it there and it came out of a
 * tunnel: it has a source that is remote and neither the host's nor in a connected network; or it
 * is an ICMP error about such a packet (RFC 792, RFC 4443), which quotes it. What isn't IP, or only
 * says so, is the data path's to judge. Counts what it refuses.
 */
bool rvl_inbound_may_leave(struct rvl_inbound *inbound, const uint8_t *frame, size_t len);

struct rvl_inbound_counters rvl_inbound_counters(struct rvl_inbound *inbound);

#endif
