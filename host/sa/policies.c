// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/policies.h"

#include <stdlib.h>

#include "host/sa/brlock.h"

struct rvl_policies {
	struct rvl_backend *backend;
	struct rvl_scope_table *scopes;
	struct rvl_brlock lock;
	struct rvl_spd *copy; /* at the indices that they have in the data path */
};

struct rvl_policies *rvl_policies_new(struct rvl_backend *backend, struct rvl_scope_table *scopes)
{
	struct rvl_policies *policies = calloc(1, sizeof(*policies));
	struct rvl_backend_info info;

	if (!policies)
		return NULL;
	backend->ops->info(backend, &info);
	policies->backend = backend;
	policies->scopes = scopes;
	policies->copy = rvl_spd_new(info.policies);
	if (!policies->copy) {
		free(policies);
		return NULL;
	}
	rvl_brlock_init(&policies->lock);
	return policies;
}

void rvl_policies_free(struct rvl_policies *policies)
{
	if (!policies)
		return;
	rvl_spd_free(policies->copy);
	rvl_brlock_destroy(&policies->lock);
	free(policies);
}

struct rvl_scope_table *rvl_policies_scopes(const struct rvl_policies *policies)
{
	return policies->scopes;
}

int rvl_policies_set(struct rvl_policies *policies, const struct rvl_policy *policy,
		     uint32_t *index, struct rvl_backend_error *error)
{
	struct rvl_backend *backend = policies->backend;
	const struct rvl_scopes *scopes = rvl_scope_of(policies->scopes, policy->selector.scope);
	struct rvl_backend_error ignored = {""};
	bool is_new = *index == RVL_BACKEND_ANY;
	int err = backend->ops->policy_set(backend, policy, scopes, index, error);

	if (err)
		return err;
	rvl_brlock_write(&policies->lock);
	err = rvl_spd_set(policies->copy, *index, policy);
	rvl_brlock_write_end(&policies->lock);
	if (!err)
		return 0;
	/* Only a new one can need memory. */
	if (is_new && !backend->ops->policy_clear(backend, *index, &ignored))
		*index = RVL_BACKEND_ANY;
	return rvl_backend_fail(error, err, "out of memory");
}

int rvl_policies_clear(struct rvl_policies *policies, uint32_t index,
		       struct rvl_backend_error *error)
{
	int err = policies->backend->ops->policy_clear(policies->backend, index, error);

	if (err)
		return err;
	rvl_brlock_write(&policies->lock);
	rvl_spd_clear(policies->copy, index);
	rvl_brlock_write_end(&policies->lock);
	return 0;
}

bool rvl_policies_find(struct rvl_policies *policies, const struct rvl_ip *ip,
		       struct rvl_policy *policy)
{
	const unsigned int slot = rvl_brlock_read(&policies->lock);
	const struct rvl_policy *found = rvl_spd_lookup(policies->copy, ip);

	if (found)
		*policy = *found;
	rvl_brlock_read_end(&policies->lock, slot);
	return found;
}

bool rvl_policies_discard(struct rvl_policies *policies, const struct rvl_ip *ip,
			  uint32_t *priority)
{
	struct rvl_policy policy;

	if (!rvl_policies_find(policies, ip, &policy) || policy.action != RVL_DISCARD)
		return false;
	*priority = policy.priority;
	return true;
}
