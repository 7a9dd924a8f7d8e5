/* SPDX-License-Identifier: BSD-2-Clause */
/* What is inside of a sad. */
#ifndef RVL_SA_SAD_PRIVATE_H
#define RVL_SA_SAD_PRIVATE_H

#include "host/esp/kept.h"
#include "host/sa/brlock.h"
#include "host/sa/fanout.h"
#include "host/sa/fixed.h"
#include "host/sa/flow.h"
#include "host/sa/hash.h"
#include "host/sa/policies.h"
#include "host/sa/sad.h"
#include "host/sa/scope.h"
#include "host/sa/spis.h"
#include "host/sa/unique.h"

/* Sequence numbers that an outbound SA skips when it is made anew, at least: more than the data
 * path holds under way, so that none is used twice. */
#define RVL_SEQUENCE_MARGIN (1u << 16)

#define RVL_GROUP_CPUS 1024

/* Where an SA is in the data path. */
struct place {
	enum rvl_direction direction;
	uint32_t index;
};

struct sa {
	struct place place;
	bool there;
	uint32_t spi;
	struct rvl_sa_stats *past; /* counters from before it moved; NULL: it never did */
	struct rvl_sa_kept *kept;  /* its parameters: the key is needed again for a move */
	struct child *child;
};

/* A child and those that take its place, of which one is in use at most. */
struct line {
	uint32_t number;
	uint32_t children;
	struct child *used;
	struct rvl_label_numbers numbers;
};

/* Children that have the same flows at once, each for a processor. */
struct group {
	uint64_t id;
	uint32_t number; /* among those of lines */
	struct child *children;
	bool asks;  /* policies that lead there ask for those that are missing */
	bool full;  /* there will be no more, until one goes */
	bool newer; /* the one for all is newer than those of processors */
	bool old;   /* it doesn't ask since before rvl_sad_hear() was last called */
	/* Asked for and not there yet, by a bit each, of the lowest ones of their numbers. */
	uint64_t asked[RVL_GROUP_CPUS / 64];
	UT_hash_handle hh;
};

struct child {
	uint64_t id;
	struct line *line;
	struct group *group; /* or NULL */
	uint32_t cpu;
	bool shares;	    /* its outbound SA is among those of its group */
	bool shared;	    /* it ever was */
	struct child *prev; /* of the group */
	struct child *next;
	struct sa in;
	struct sa out;
	enum rvl_offload offload;
	uint64_t heard_packets; /* inbound ones when last asked */
	struct rvl_claims claims;
	UT_hash_handle hh;
};

/* By index. */
struct sas {
	struct sa **list;
	size_t room;
};

struct rvl_sad {
	struct rvl_backend *backend;
	struct rvl_abilities can;
	struct rvl_scope_table *scopes;
	struct rvl_uniques *uniques;
	struct rvl_inbound *inbound;
	struct rvl_policies *policies;
	struct rvl_traps *traps;
	struct rvl_fixed_table *fixed;
	struct rvl_flow_table *flows;
	struct child *children; /* by id */
	struct group *groups;	/* by id */
	struct rvl_brlock lock; /* guards those below: data threads look at outbound ones */
	struct sas sas[2];	/* by direction: those that are there */
	struct rvl_fit *fit;
	struct rvl_spis spis; /* given out */
	size_t spi_room;
	unsigned int threads;		/* that carry frames */
	size_t spis_of[RVL_FANOUT_MAX]; /* of SPIs, those whose SAs are a thread's (fanout.h) */
	uint32_t lines;			/* that there were */
	size_t sa_count[2];		/* in the data path, by direction */
	bool broken;
	bool one_form; /* as the data path's information has it */
};

/* The selectors of flows in a scope (NULL: none), which is held until rvl_scope_drop(). -errno with
 * *error set: the data path has no such ones, or no room; nothing is held. */
int rvl_sad_selectors(struct rvl_sad *sad, const struct rvl_scopes *scopes,
		      const struct ike_ts_list *local, const struct ike_ts_list *remote,
		      struct rvl_selectors *out, uint16_t *scope, struct rvl_backend_error *error);

/*
 * An SA with other parameters but the same key. Nothing leads to it by now, and what it verifies
 * reaches nobody: the sequence number only moves by what is still under way. An outbound one skips
 * so many as are more than that; for an inbound one all that reached the host has been seen.
 */
int rvl_sad_renew(struct rvl_sad *sad, struct sa *sa, const struct rvl_sa_params *params,
		  uint64_t skip, struct rvl_backend_error *error);

/* Its SPI, or its place, is about to be another's. */
void rvl_sad_undo(struct rvl_sad *sad, struct sa *sa);

/* sad_group.c: children that have the same flows at once. A child of none passes all of these. */
int rvl_sad_group_join(struct rvl_sad *sad, uint64_t id, struct child *c);
void rvl_sad_group_leave(struct rvl_sad *sad, struct child *c);
int rvl_sad_group_share(struct rvl_sad *sad, struct child *c, struct rvl_backend_error *error);
void rvl_sad_group_unshare(struct rvl_sad *sad, struct child *c);
void rvl_sad_group_part(struct child *c);
void rvl_sad_group_hold(struct rvl_sad *sad, struct child *c);
void rvl_sad_group_settle(struct rvl_sad *sad, struct child *c);

#endif
