/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The transmit policies of a data path, and a copy of them in the host, which tells what becomes of
 * a packet there without sending it.
 *
 * One control thread changes them, data threads ask.
 */
#ifndef RVL_SA_POLICIES_H
#define RVL_SA_POLICIES_H

#include "host/sa/backend.h"
#include "host/sa/scope.h"

struct rvl_policies;

/* The backend and what scopes selectors have stay the caller's. NULL without memory. */
struct rvl_policies *rvl_policies_new(struct rvl_backend *backend, struct rvl_scope_table *scopes);

/* They stay in the data path, which is to be closed. NULL is fine. */
void rvl_policies_free(struct rvl_policies *policies);

/* Of whoever has a selector for longer than a policy. */
struct rvl_scope_table *rvl_policies_scopes(const struct rvl_policies *policies);

/* As the backend's policy_set and policy_clear. */
int rvl_policies_set(struct rvl_policies *policies, const struct rvl_policy *policy,
		     uint32_t *index, struct rvl_backend_error *error);
int rvl_policies_clear(struct rvl_policies *policies, uint32_t index,
		       struct rvl_backend_error *error);

/* The policy that the data path has for the packet; false: none. The packet's scope says in which
 * selectors it is looked for. */
bool rvl_policies_find(struct rvl_policies *policies, const struct rvl_ip *ip,
		       struct rvl_policy *policy);

/* Does the data path discard the packet? *priority: of the policy that says so. */
bool rvl_policies_discard(struct rvl_policies *policies, const struct rvl_ip *ip,
			  uint32_t *priority);

#endif
