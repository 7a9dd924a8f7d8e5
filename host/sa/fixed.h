/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Policies that no SA ends: IKE's bypasses, and the discards that hold flows while no SA has
 * them. Each has its inbound half.
 *
 * A discard is configured and stays until it is released, or it is learned: made for a flow that no
 * other one holds. A learned one stays while it holds a flow, and afterwards until it is released,
 * so that what was protected once isn't in clear for want of room; but one that no SA in use has
 * stood on goes at once. Those that were learned from one owner, a peer, are a quarter of the data
 * path's policies at most: it doesn't fill it alone.
 */
#ifndef RVL_SA_FIXED_H
#define RVL_SA_FIXED_H

#include "host/sa/inbound.h"
#include "host/sa/policies.h"

struct rvl_fixed_table;
struct rvl_fixed; /* one policy */

/* Policies, of which there is room for so many, and inbound stay the caller's. NULL without memory.
 */
struct rvl_fixed_table *rvl_fixed_table_new(struct rvl_policies *policies, uint32_t room,
					    struct rvl_inbound *inbound);

/* The policies stay in the data path, which is to be closed. NULL is fine. */
void rvl_fixed_table_free(struct rvl_fixed_table *table);

/* A configured policy, RVL_BYPASS or RVL_DISCARD; again the same one is no other. -errno with
 * *error set. */
int rvl_fixed_add(struct rvl_fixed_table *table, const struct rvl_selector *selector,
		  enum rvl_action action, struct rvl_backend_error *error);

/* One whose flows pass in clear, unless one that is as narrow protects or discards them. The same.
 */
int rvl_fixed_pass(struct rvl_fixed_table *table, const struct rvl_selector *selector,
		   struct rvl_backend_error *error);

/* The packets that a discard of this selector holds are waited for in the data path, anew if they
 * were already; or not any more. Nothing happens if there is none. -errno with *error set. */
int rvl_fixed_trap(struct rvl_fixed_table *table, const struct rvl_selector *selector, bool trap,
		   struct rvl_backend_error *error);

/* Whatever is configured counts as unnamed, and is in force as before, until it is named by
 * rvl_fixed_add() again. */
void rvl_fixed_unname(struct rvl_fixed_table *table);

/* What passes and is unnamed goes. 0, or -errno with *error set: the data path keeps some. */
int rvl_fixed_end_unnamed_passes(struct rvl_fixed_table *table, struct rvl_backend_error *error);

/* Of what is unnamed those discards go that lie within a named one, whose flows they would hide;
 * one that holds a flow goes with it. What is discarded is so afterwards. */
void rvl_fixed_absorb_unnamed(struct rvl_fixed_table *table);

/*
 * What is unnamed goes, and what was learned, but for discards that hold a flow, which are as if
 * learned; told() hears of each. Returns 0, or -errno with *error set: the data path keeps some.
 */
typedef void rvl_fixed_told_fn(void *context, const struct rvl_selector *selector,
			       const struct rvl_scopes *scopes, enum rvl_action action);
int rvl_fixed_release_unnamed(struct rvl_fixed_table *table, rvl_fixed_told_fn *told, void *context,
			      struct rvl_backend_error *error);

/*
 * A flow is to be held from now on, until rvl_fixed_release(): by *fixed, which is a discard that
 * was there or a learned one, which is the owner's. -errno with *error set: nothing has changed.
 */
int rvl_fixed_hold(struct rvl_fixed_table *table, const struct rvl_selector *flow, uint64_t owner,
		   struct rvl_fixed **fixed, struct rvl_backend_error *error);
void rvl_fixed_release(struct rvl_fixed_table *table, struct rvl_fixed *fixed);

/* Is it about this flow and no other packet? */
bool rvl_fixed_is_of(const struct rvl_fixed *fixed, const struct rvl_selector *flow);

/*
 * The policy of such a discard is the flow's from now on: it protects by this SA, or discards in
 * the place where it protected (RVL_DISCARD); until the discard has it back. Either is one write.
 * -errno with *error set: it does what it did.
 */
int rvl_fixed_lend(struct rvl_fixed_table *table, struct rvl_fixed *fixed, enum rvl_action action,
		   uint32_t sa, struct rvl_backend_error *error);
int rvl_fixed_take_back(struct rvl_fixed_table *table, struct rvl_fixed *fixed,
			struct rvl_backend_error *error);

/* An SA in use stands on it: it outlives its flows. */
void rvl_fixed_keep(struct rvl_fixed *fixed);

/* Policies in the data path. */
size_t rvl_fixed_count(const struct rvl_fixed_table *table);

#endif
