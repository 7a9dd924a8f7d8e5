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

/* Whether the data path itself is to wait. */
struct waiting {
	struct rvl_sad *sad;
	bool wait;
};

static void wait_for(void *context, const struct rvl_selector *selector)
{
	const struct waiting *waiting = context;
	struct rvl_backend_error ignored = {""};

	rvl_fixed_trap(waiting->sad->fixed, selector, waiting->wait, &ignored);
}

static void let_wait(struct rvl_sad *sad, uint64_t id, bool wait)
{
	struct waiting waiting = {sad, wait};

	if (waits_itself(sad))
		rvl_traps_each(sad->traps, id, wait_for, &waiting);
}

void rvl_sad_listen(struct rvl_sad *sad, uint64_t id)
{
	let_wait(sad, id, true);
}

void rvl_sad_untrap(struct rvl_sad *sad, uint64_t id)
{
	let_wait(sad, id, false);
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

static int bypass(struct rvl_sad *sad, const struct rvl_selector *hosts, uint8_t protocol,
		  uint16_t src_port, uint16_t dst_port, struct rvl_backend_error *error)
{
	struct rvl_selector s = *hosts;

	s.any_protocol = false;
	s.protocol = protocol;
	if (src_port)
		s.src_port_first = s.src_port_last = src_port;
	if (dst_port)
		s.dst_port_first = s.dst_port_last = dst_port;
	/* Where it has no policies over IPv6, that passes. */
	return rvl_abilities_lack_policy(&sad->can, &s)
		       ? 0
		       : rvl_fixed_add(sad->fixed, &s, RVL_BYPASS, error);
}

int rvl_sad_bypass_ike(struct rvl_sad *sad, const struct ike_addr *local,
		       const struct ike_addr *remote, const struct rvl_ike_ports *ports,
		       struct rvl_backend_error *error)
{
	struct rvl_selector hosts;
	struct rvl_addr src, dst;
	int err = 0;

	/* From any address it would let others' traffic from these ports past the tunnel too. */
	if (!local->family || (remote->family && remote->family != local->family))
		return rvl_backend_fail(error, -EINVAL, "no local address of its family is known");
	hosts = rvl_selector_any(local->family);
	src = ike_addr_ip(local);
	dst = ike_addr_ip(remote);
	hosts.src = rvl_prefix_host(&src);
	if (dst.family)
		hosts.dst = rvl_prefix_host(&dst);
	for (size_t i = 0; !err && i < 2; i++)
		err = bypass(sad, &hosts, RVL_IP_PROTO_UDP, ports->udp[i], 0, error);
	if (!err && ports->tcp)
		err = bypass(sad, &hosts, RVL_IP_PROTO_TCP, ports->tcp, 0, error);
	for (size_t i = 0; !err && i < ports->tcp_remote_count; i++)
		err = bypass(sad, &hosts, RVL_IP_PROTO_TCP, 0, ports->tcp_remote[i], error);
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
