/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Flows: one for each selector that children have. A flow has one policy in the data path, which
 * leads to the outbound SA of the child that was used last of those in use that have this selector.
 * While none is in use a discard holds it (fixed.h). Where that has the same selector, its policy
 * is the flow's for as long: one place in the data path's table, where a write leads the flow and
 * another one holds it. Else the flow's policy comes and goes before the discard.
 *
 * A flow changes hands in one step: its policy is written anew, never cleared between.
 */
#ifndef RVL_SA_FLOW_H
#define RVL_SA_FLOW_H

#include "host/sa/fixed.h"
#include "host/sa/selector.h"

struct rvl_flow_table;
struct rvl_claim;

/* What a child has of its flows. Zeroed before it joins. */
struct rvl_claims {
	bool used;   /* it has its flows, or will when those used after it are gone */
	uint32_t sa; /* index of its outbound SA, once used */
	size_t count;
	struct rvl_claim *list;
};

/* Policies and fixed policies stay the caller's. beneath: a discard has to stay beneath what
 * protects (backend.h, protection_goes). NULL without memory. */
struct rvl_flow_table *rvl_flow_table_new(struct rvl_policies *policies,
					  struct rvl_fixed_table *fixed, bool beneath);

/* All claims have parted; a policy that the data path didn't take back stays. NULL is fine. */
void rvl_flow_table_free(struct rvl_flow_table *table);

/* From now on these flows are held, for this owner (fixed.h). -errno with *error set: nothing has
 * changed. */
int rvl_flows_join(struct rvl_flow_table *table, struct rvl_claims *claims,
		   const struct rvl_selectors *selectors, uint64_t owner,
		   struct rvl_backend_error *error);

/* The flows that it has claims on. */
void rvl_flows_selectors(const struct rvl_claims *claims, struct rvl_selectors *out);

/* Their scope, which is one for all. */
uint16_t rvl_flows_scope(const struct rvl_claims *claims);

/* Claims that aren't used end. */
void rvl_flows_part(struct rvl_flow_table *table, struct rvl_claims *claims);

/* Lead the flows to this outbound SA. -errno with *error set: all are led where they were. */
int rvl_flows_use(struct rvl_flow_table *table, struct rvl_claims *claims, uint32_t sa,
		  struct rvl_backend_error *error);

/*
 * Nothing leads to the SA of these claims any more: what did goes to the ones used before, or is
 * left to the discard that holds it. Claims that weren't used are none the worse. -errno with
 * *error set: a flow discards for good, or the table is broken.
 */
int rvl_flows_retire(struct rvl_flow_table *table, struct rvl_claims *claims,
		     struct rvl_backend_error *error);

/*
 * Discard what is led to these claims, until it is led to an SA, to which they have moved. -errno
 * with *error set: some flows discard, and the claims are to be retired.
 */
int rvl_flows_stop(struct rvl_flow_table *table, const struct rvl_claims *claims,
		   struct rvl_backend_error *error);
int rvl_flows_resume(struct rvl_flow_table *table, struct rvl_claims *claims, uint32_t sa,
		     struct rvl_backend_error *error);

/* A policy leads to an SA that it mustn't, and the data path won't have it changed. */
bool rvl_flows_broken(const struct rvl_flow_table *table);

/* Policies of their own in the data path. */
size_t rvl_flows_policy_count(const struct rvl_flow_table *table);

#endif
