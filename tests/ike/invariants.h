/* SPDX-License-Identifier: BSD-2-Clause */
/* What always holds in a world of IKE cores. Each check fails the world that breaks it. */
#ifndef RAVELIN_TESTS_IKE_INVARIANTS_H
#define RAVELIN_TESTS_IKE_INVARIANTS_H

#include "tests/ike/world.h"

enum {
	HALF_OPEN_MAX = 10,
	SEARCH_MS = 60000, /* that one of what a way takes has, at most; it ends so near to it: */
	NOT_LOOKED_FOR = 31,
	SEARCH_AGAIN = 11,    /* intervals, after which larger packets are tried again */
	ON_ITS_WAY_MS = 4500, /* a packet, at most; the core has it as 5000 */
};

void check_begin(struct world *w);
void check_end(struct world *w);

/*
 * A flow that had an SA has one at every moment, on both sides, and what one sends on it the other
 * receives. Not while it is suspended: an interruption that outlasts patience, or costs what is
 * there, suspends the flows between two hosts until all that may follow from it has had its time.
 */
void check_flow(struct world *w, unsigned flow);
void check_flows(struct host *h);

/*
 * What the peer has sent on a Child SA before it led the flow away is received, as long as it may
 * be on its way and no clock has leapt meanwhile; but not what it sent before the flow was up.
 */
void check_nothing_on_its_way(struct host *h, const struct esp *child);

/* No (key, IV) pair is used twice, neither by IKE nor, where IVs are counters, by ESP. */
void check_keys_fresh(struct host *h, const struct esp *child);

/* The two ends of a Child SA have the same keys, and those of an IKE SA. */
void check_ends_agree(struct host *h, unsigned flow);
void check_ike_keys_agree(struct world *w);

/* Who is at the other end of an IKE SA that is up is who should be. */
void check_authenticated(struct host *h, uint64_t ike_id);

/*
 * What a host sends goes to an address that the peer has, or had; it is never led elsewhere. From
 * behind a NAT nobody knows where IKE_AUTH is going to come from, so that may be somebody else who
 * was faster, but not for long.
 */
void check_address(struct host *h, struct esp *child, bool moved);
void check_addresses(struct world *w);

/* An end of a Child SA whose other end is gone doesn't stay. */
void check_dead_go(struct world *w);

/*
 * An address that a host has given is of one peer, and as long as one of its IKE SAs has it; and no
 * end has one that the other hasn't given.
 */
void check_leases(struct world *w);

/* A host has few SAs, jobs and half-open IKE SAs, whatever comes in. */
void check_bounded(struct world *w);

/* When all is quiet: flows are up, ends agree, packets go where the peer is. */
void check_recovered(struct world *w);

/* And who probes knows what the ways take. */
void check_paths(struct world *w);

/* Then, when all is deleted, nothing is left. */
void check_nothing_left(struct world *w);

#endif
