// SPDX-License-Identifier: BSD-2-Clause
/* What is protected, what isn't, and what is waited for. */
#include <errno.h>

#include "host/sa/sad_private.h"

/* Has the data path policies for all of them? */
static int check_policies(const struct rvl_sad *sad, const struct rvl_selectors *selectors,
			  struct rvl_backend_error *error)
{
	for (size_t i = 0; i < selectors->count; i++) {
		const char *lack = rvl_abilities_lack_policy(&sad->can, &selectors->list[i]);

		if (lack)
			return rvl_backend_fail(error, -EOPNOTSUPP, "the data path has no %s",
						lack);
	}
	return 0;
}

static int selectors_of(const struct rvl_sad *sad, const struct ike_ts_list *local,
			const struct ike_ts_list *remote, struct rvl_selectors *out,
			struct rvl_backend_error *error)
{
	int err = rvl_selectors_of(local, remote, out);

	switch (err) {
	case 0:
		return check_policies(sad, out, error);
	case -EOPNOTSUPP:
		return rvl_backend_fail(error, err,
					"traffic selectors with ports of a protocol that has none");
	case -E2BIG:
		return rvl_backend_fail(error, err,
					"traffic selectors that take more than %d prefixes",
					RVL_SELECTORS_MAX);
	default:
		return rvl_backend_fail(error, err, "traffic selectors that no packet matches");
	}
}

int rvl_sad_selectors(struct rvl_sad *sad, const struct rvl_scopes *scopes,
		      const struct ike_ts_list *local, const struct ike_ts_list *remote,
		      struct rvl_selectors *out, uint16_t *scope, struct rvl_backend_error *error)
{
	const char *lack = scopes ? rvl_abilities_lack_scopes(&sad->can, scopes) : NULL;
	int err;

	*scope = 0;
	if (lack)
		return rvl_backend_fail(error, -EOPNOTSUPP, "the data path has no %s", lack);
	err = selectors_of(sad, local, remote, out, error);
	if (err || !scopes)
		return err;
	err = rvl_scope_take(sad->scopes, scopes, scope);
	if (err)
		return rvl_backend_fail(error, err, "no room for more marks and XFRM interfaces");
	for (size_t i = 0; i < out->count; i++)
		out->list[i].scope = *scope;
	return 0;
}

int rvl_sad_protect(struct rvl_sad *sad, const struct rvl_scopes *scopes,
		    const struct ike_ts_list *local, const struct ike_ts_list *remote,
		    struct rvl_backend_error *error)
{
	struct rvl_selectors selectors;
	uint16_t scope;
	int err = rvl_sad_selectors(sad, scopes, local, remote, &selectors, &scope, error);

	for (size_t i = 0; !err && i < selectors.count; i++)
		err = rvl_fixed_add(sad->fixed, &selectors.list[i], RVL_DISCARD, error);
	rvl_scope_drop(sad->scopes, scope);
	return err;
}

int rvl_sad_pass(struct rvl_sad *sad, const struct rvl_scopes *scopes,
		 const struct ike_ts_list *local, const struct ike_ts_list *remote,
		 struct rvl_backend_error *error)
{
	struct rvl_selectors selectors;
	uint16_t scope;
	int err = rvl_sad_selectors(sad, scopes, local, remote, &selectors, &scope, error);

	for (size_t i = 0; !err && i < selectors.count; i++)
		err = rvl_fixed_pass(sad->fixed, &selectors.list[i], error);
	rvl_scope_drop(sad->scopes, scope);
	return err;
}

int rvl_sad_can_protect(const struct rvl_sad *sad, const struct ike_ts_list *local,
			const struct ike_ts_list *remote, struct rvl_backend_error *error)
{
	struct rvl_selectors selectors;

	return selectors_of(sad, local, remote, &selectors, error);
}

/* Where the host has no frames in its hands, the data path waits for them. */
static bool waits_itself(const struct rvl_sad *sad)
{
	return !sad->backend->frames;
}

int rvl_sad_trap(struct rvl_sad *sad, uint64_t id, const struct rvl_scopes *scopes,
		 const struct ike_ts_list *local, const struct ike_ts_list *remote,
		 struct rvl_backend_error *error)
{
	struct rvl_selectors selectors;
	uint16_t scope;
	int err = rvl_sad_selectors(sad, scopes, local, remote, &selectors, &scope, error);

	if (!err)
		err = rvl_traps_add(sad->traps, id, &selectors, error);
	for (size_t i = 0; !err && waits_itself(sad) && i < selectors.count; i++)
		err = rvl_fixed_trap(sad->fixed, &selectors.list[i], true, error);
	rvl_scope_drop(sad->scopes, scope);
	return err;
}

static void listen_to(void *context, const struct rvl_selector *selector)
{
	struct rvl_sad *sad = context;
	struct rvl_backend_error ignored = {""};

	rvl_fixed_trap(sad->fixed, selector, true, &ignored);
}

void rvl_sad_listen(struct rvl_sad *sad, uint64_t id)
{
	if (waits_itself(sad))
		rvl_traps_each(sad->traps, id, listen_to, sad);
}

static void untrap(void *context, const struct rvl_selector *selector)
{
	struct rvl_sad *sad = context;
	struct rvl_backend_error ignored = {""};

	rvl_fixed_trap(sad->fixed, selector, false, &ignored);
}

void rvl_sad_untrap(struct rvl_sad *sad, uint64_t id)
{
	if (waits_itself(sad))
		rvl_traps_each(sad->traps, id, untrap, sad);
	rvl_traps_remove(sad->traps, id);
}

/* A packet that looks for the trap of a scope. */
struct looking {
	struct rvl_traps *traps;
	struct rvl_ip packet;
};

static bool look_in(void *context, uint16_t scope)
{
	struct looking *looking = context;

	looking->packet.scope = scope;
	return rvl_traps_spring(looking->traps, &looking->packet);
}

bool rvl_sad_spring(struct rvl_sad *sad, const struct rvl_ip *packet, const struct rvl_scope *scope)
{
	struct looking looking = {sad->traps, *packet};

	return rvl_scope_each(sad->scopes, scope, look_in, &looking);
}

int rvl_sad_set_local(struct rvl_sad *sad, const struct rvl_local *local,
		      struct rvl_backend_error *error)
{
	struct rvl_backend *backend = sad->backend;
	int err = rvl_inbound_set_local(sad->inbound, local);

	if (err)
		return rvl_backend_fail(error, err, "out of memory");
	return backend->ops->set_local ? backend->ops->set_local(backend, local, error) : 0;
}

int rvl_sad_bypass_ike(struct rvl_sad *sad, const struct ike_addr *local,
		       const struct ike_addr *remote, uint16_t port, uint16_t port_nat,
		       struct rvl_backend_error *error)
{
	const uint16_t ports[] = {port, port_nat};
	int err = 0;

	/* From any address it would let others' traffic from these ports past the tunnel too. */
	if (!local->family || (remote->family && remote->family != local->family))
		return rvl_backend_fail(error, -EINVAL, "no local address of its family is known");
	for (size_t i = 0; !err && i < 2; i++) {
		struct rvl_selector s = rvl_selector_any(local->family);
		const struct rvl_addr src = ike_addr_ip(local), dst = ike_addr_ip(remote);

		s.src = rvl_prefix_host(&src);
		if (dst.family)
			s.dst = rvl_prefix_host(&dst);
		s.any_protocol = false;
		s.protocol = RVL_IP_PROTO_UDP;
		s.src_port_first = s.src_port_last = ports[i];
		/* Where it has no policies over IPv6, that passes. */
		if (!rvl_abilities_lack_policy(&sad->can, &s))
			err = rvl_fixed_add(sad->fixed, &s, RVL_BYPASS, error);
	}
	return err;
}

void rvl_sad_unname(struct rvl_sad *sad)
{
	rvl_fixed_unname(sad->fixed);
}

void rvl_sad_absorb(struct rvl_sad *sad)
{
	rvl_fixed_absorb_unnamed(sad->fixed);
}

int rvl_sad_end_passes(struct rvl_sad *sad, struct rvl_backend_error *error)
{
	return rvl_fixed_end_unnamed_passes(sad->fixed, error);
}

int rvl_sad_release(struct rvl_sad *sad, rvl_sad_told_fn *told, void *context,
		    struct rvl_backend_error *error)
{
	rvl_uniques_forget(sad->uniques);
	return rvl_fixed_release_unnamed(sad->fixed, told, context, error);
}
