/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What fits through a tunnel (RFC 4301, section 8). A path takes packets of so many octets: as many
 * as the link, until a router says otherwise; what it said holds for a while, then the path is
 * tried again (RFC 1191, section 6.3). A packet from the host that its SA would make too large is
 * cut before, where it may be, or its sender is told. And TCP connections through tunnels are told
 * at their begin what fits: the maximum segment size that either end gives is lowered to it.
 *
 * Data threads ask; the rest is the control thread's.
 */
#ifndef RVL_SA_FIT_H
#define RVL_SA_FIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/sa/policies.h"

/* Paths that are known to take less than the link; more are forgotten again, the oldest first. */
#define RVL_FIT_PATHS 4096

/* What a router said of a path, until the next one is asked for. */
#define RVL_FIT_HINTS 16

/* The least that a path is taken to have, whatever a router says (RFC 791, section 3.2; RFC 8200,
 * section 5). */
#define RVL_FIT_IPV4_MIN 576
#define RVL_FIT_IPV6_MIN 1280

/* How long a path is believed to take no more, milliseconds. */
#define RVL_FIT_MS 600000

struct rvl_fit;

/* The outbound SA at an index of the data path, as *params without keys; false: there is none.
 * Called on a data thread. */
typedef bool rvl_fit_sa_fn(void *context, uint32_t index, struct rvl_sa_params *params);

struct rvl_fit_hint {
	struct rvl_addr local; /* outer, from here to there */
	struct rvl_addr remote;
	uint32_t spi; /* outbound */
	uint32_t mtu;
};

struct rvl_fit_counters {
	uint64_t told;	  /* senders of packets that don't fit */
	uint64_t untold;  /* packets that don't fit whose sender can't be told */
	uint64_t cut;	  /* packets */
	uint64_t clamped; /* maximum segment sizes */
	uint64_t hints;	  /* of routers, */
	uint64_t lost;	  /* and those that there was no room for */
};

/* The policies stay the caller's. NULL without memory. */
struct rvl_fit *rvl_fit_new(struct rvl_policies *policies, rvl_fit_sa_fn *sa, void *context);
void rvl_fit_free(struct rvl_fit *fit);

/* ---- the control thread's */

/* The largest packet that the link takes, and whether segment sizes are lowered. */
void rvl_fit_set_link(struct rvl_fit *fit, size_t mtu, bool clamp);

/* There is such an outbound SA now, or soon. */
void rvl_fit_add_sa(struct rvl_fit *fit, const struct rvl_sa_params *params);

/* What a router said, the first one first. Nobody has vouched for it: whether there is such an SA
 * is the caller's to find out. False: there is nothing. */
bool rvl_fit_next(struct rvl_fit *fit, struct rvl_fit_hint *hint);

/* It is true: the path takes no more from now (milliseconds) on. Returns what is believed, or 0 if
 * nothing is new: the path was known to take no more than that, or it takes at least what the link
 * does. */
size_t rvl_fit_learn(struct rvl_fit *fit, const struct rvl_fit_hint *hint, uint64_t now_ms);

/* A probe has shown, for so long from now on, that the path takes so many and, unless `lost` is
 * UINT32_MAX, fewer than that. Several that know of each other's path nothing may ask: what is
 * believed stays if it is between these two, and nothing is then new. Returns whether it is. */
bool rvl_fit_set(struct rvl_fit *fit, const struct rvl_addr *remote, size_t mtu, size_t lost,
		 uint64_t now_ms, uint64_t hold_ms);

/* What packets to there may have. */
size_t rvl_fit_path(struct rvl_fit *fit, const struct rvl_addr *remote, uint64_t now_ms);

struct rvl_fit_counters rvl_fit_counters(struct rvl_fit *fit);

/* ---- data threads' */

enum rvl_fit_verdict {
	RVL_FIT_PASS, /* as it is now: a segment size may be another */
	RVL_FIT_CUT,  /* in fragments of its packet, of at most so many octets */
	RVL_FIT_TELL, /* not at all: its sender is told how many there may be */
};

/* Of a packet that doesn't fit. */
struct rvl_fit_limit {
	size_t l3; /* where it begins in the frame, at most 22 octets */
	size_t most;
};

/* A frame of the host's, before the data path has it. now_ms: as above. */
enum rvl_fit_verdict rvl_fit_tx(struct rvl_fit *fit, uint8_t *frame, size_t len, uint64_t now_ms,
				struct rvl_fit_limit *limit);

/* It was cut, or its sender told, or that couldn't be. */
void rvl_fit_count_cut(struct rvl_fit *fit);
void rvl_fit_count_told(struct rvl_fit *fit, bool told);

/* A frame for the host that an SA has verified: a segment size may be another one afterwards. */
void rvl_fit_rx(struct rvl_fit *fit, uint8_t *frame, size_t len, uint64_t now_ms);

/* A frame in clear for the host: does a router say in it what a path of ours takes, so that there
 * is a hint now? */
bool rvl_fit_hear(struct rvl_fit *fit, const uint8_t *frame, size_t len);

#endif
