/* SPDX-License-Identifier: BSD-2-Clause */
/* What is inside of a sad. */
#ifndef RVL_SA_SAD_PRIVATE_H
#define RVL_SA_SAD_PRIVATE_H

#include "host/sa/brlock.h"
#include "host/sa/fanout.h"
#include "host/sa/fixed.h"
#include "host/sa/flow.h"
#include "host/sa/policies.h"
#include "host/sa/sad.h"
#include "host/sa/scope.h"
#include "host/sa/spis.h"
#include "host/sa/unique.h"

struct sa;
struct child;

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

#endif
