// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/sad.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Priorities: IKE's bypass first, then by how narrow a selector is, and of two alike the one that
 * protects before the one that discards. */
#define PRIORITY_BYPASS 1
#define PRIORITY_BASE 100

struct child {
	struct child *next;
	uint64_t id;
	uint32_t spi_in;
	uint32_t spi_out;
	uint16_t index_in;
	uint16_t index_out;
	struct rvl_selectors selectors;
	size_t flow_count; /* the first so many selectors have their policy */
};

/* A protect policy. Children with the same selector share it; the newest has the traffic. */
struct flow {
	struct rvl_selector selector;
	uint16_t policy;
	const struct child *owner;
	unsigned int children;
};

struct rvl_sad {
	struct rvl_backend *backend;
	struct rvl_inbound *inbound;
	struct child *children;
	size_t child_count;
	uint32_t *spis; /* given out */
	size_t spi_count;
	size_t spi_room;
	struct rvl_selector *fixed; /* that have a policy for good */
	size_t fixed_count;
	struct flow *flows;
	size_t flow_count;
};

struct rvl_sad *rvl_sad_new(struct rvl_backend *backend)
{
	struct rvl_sad *sad = calloc(1, sizeof(*sad));
	struct rvl_backend_info info;

	if (!sad)
		return NULL;
	backend->ops->info(backend, &info);
	sad->backend = backend;
	sad->spi_room = info.inbound_sas < info.outbound_sas ? info.inbound_sas : info.outbound_sas;
	sad->spis = calloc(sad->spi_room + 1, sizeof(*sad->spis));
	sad->inbound = rvl_inbound_new(info.inbound_sas);
	if (!sad->spis || !sad->inbound) {
		rvl_inbound_free(sad->inbound);
		free(sad->spis);
		free(sad);
		return NULL;
	}
	return sad;
}

void rvl_sad_free(struct rvl_sad *sad)
{
	struct rvl_backend_error ignored = {""};

	if (!sad)
		return;
	while (sad->children)
		rvl_sad_child_remove(sad, sad->children->id, &ignored);
	rvl_inbound_free(sad->inbound);
	free(sad->spis);
	free(sad->fixed);
	free(sad->flows);
	free(sad);
}

struct rvl_inbound *rvl_sad_inbound(struct rvl_sad *sad)
{
	return sad->inbound;
}

size_t rvl_sad_child_count(const struct rvl_sad *sad)
{
	return sad->child_count;
}

size_t rvl_sad_policy_count(const struct rvl_sad *sad)
{
	return sad->fixed_count + sad->flow_count;
}

static size_t find_spi(const struct rvl_sad *sad, uint32_t spi)
{
	size_t i = 0;

	while (i < sad->spi_count && sad->spis[i] != spi)
		i++;
	return i;
}

uint32_t rvl_sad_alloc_spi(struct rvl_sad *sad)
{
	uint32_t spi;

	if (sad->spi_count >= sad->spi_room)
		return 0;
	do {
		if (getrandom(&spi, sizeof(spi), 0) != sizeof(spi))
			return 0;
	} while (spi < RVL_ESP_SPI_MIN || find_spi(sad, spi) < sad->spi_count);
	sad->spis[sad->spi_count++] = spi;
	return spi;
}

void rvl_sad_release_spi(struct rvl_sad *sad, uint32_t spi)
{
	size_t at = find_spi(sad, spi);

	if (at < sad->spi_count)
		sad->spis[at] = sad->spis[--sad->spi_count];
}

static uint32_t priority_of(const struct rvl_selector *s, enum rvl_action action)
{
	uint32_t wide = 64u - s->src_len - s->dst_len;
	bool ports = s->src_port_first || s->src_port_last != UINT16_MAX || s->dst_port_first ||
		     s->dst_port_last != UINT16_MAX;

	return PRIORITY_BASE + ((wide * 2 + s->any_protocol) * 2 + !ports) * 2 +
	       (action == RVL_DISCARD);
}

static bool fixed_already(const struct rvl_sad *sad, const struct rvl_selector *selector)
{
	for (size_t i = 0; i < sad->fixed_count; i++)
		if (rvl_selector_equal(&sad->fixed[i], selector))
			return true;
	return false;
}

/* A policy that stays for good, and its inbound half; the same one again needs no other. */
static int add_fixed(struct rvl_sad *sad, const struct rvl_selector *selector,
		     enum rvl_action action, struct rvl_backend_error *error)
{
	struct rvl_policy policy = {.selector = *selector, .action = action};
	uint16_t index = RVL_BACKEND_ANY;
	struct rvl_selector *grown;
	int err;

	if (fixed_already(sad, selector))
		return 0;
	policy.priority = action == RVL_BYPASS ? PRIORITY_BYPASS : priority_of(selector, action);
	grown = realloc(sad->fixed, (sad->fixed_count + 1) * sizeof(*grown));
	if (!grown)
		return rvl_backend_fail(error, -ENOMEM, "out of memory");
	sad->fixed = grown;
	err = rvl_inbound_add(sad->inbound, selector, action == RVL_BYPASS);
	if (err)
		return rvl_backend_fail(error, err, "out of memory");
	err = sad->backend->ops->policy_set(sad->backend, &policy, &index, error);
	if (err) {
		rvl_inbound_remove(sad->inbound, selector, action == RVL_BYPASS);
		return err;
	}
	sad->fixed[sad->fixed_count++] = *selector;
	return 0;
}

static int selectors_of(const struct ike_ts_list *local, const struct ike_ts_list *remote,
			struct rvl_selectors *out, struct rvl_backend_error *error)
{
	int err = rvl_selectors_of(local, remote, out);

	switch (err) {
	case 0:
		return 0;
	case -EOPNOTSUPP:
		return rvl_backend_fail(error, err,
					"traffic selectors that the data path doesn't have (IPv6, "
					"opaque ports, or ports of a protocol without any)");
	case -E2BIG:
		return rvl_backend_fail(error, err,
					"traffic selectors that take more than %d prefixes",
					RVL_SELECTORS_MAX);
	default:
		return rvl_backend_fail(error, err, "traffic selectors that no packet matches");
	}
}

int rvl_sad_protect(struct rvl_sad *sad, const struct ike_ts_list *local,
		    const struct ike_ts_list *remote, struct rvl_backend_error *error)
{
	struct rvl_selectors selectors;
	int err = selectors_of(local, remote, &selectors, error);

	for (size_t i = 0; !err && i < selectors.count; i++)
		err = add_fixed(sad, &selectors.list[i], RVL_DISCARD, error);
	return err;
}

int rvl_sad_bypass_ike(struct rvl_sad *sad, const struct ike_addr *local,
		       const struct ike_addr *remote, uint16_t port, uint16_t port_nat,
		       struct rvl_backend_error *error)
{
	const uint16_t ports[] = {port, port_nat};
	int err = 0;

	for (size_t i = 0; !err && i < 2; i++) {
		struct rvl_selector s = rvl_selector_any();

		if (local->family == 4) {
			s.src = rvl_get_be32(local->ip);
			s.src_len = 32;
		}
		if (remote->family == 4) {
			s.dst = rvl_get_be32(remote->ip);
			s.dst_len = 32;
		}
		s.any_protocol = false;
		s.protocol = RVL_IP_PROTO_UDP;
		s.src_port_first = s.src_port_last = ports[i];
		err = add_fixed(sad, &s, RVL_BYPASS, error);
	}
	return err;
}

static struct child *find_child(const struct rvl_sad *sad, uint64_t id)
{
	struct child *c = sad->children;

	while (c && c->id != id)
		c = c->next;
	return c;
}

static void sa_params(const struct rvl_child *child, enum rvl_direction direction,
		      struct rvl_esp_params *p)
{
	bool out = direction == RVL_OUTBOUND;
	const uint8_t *key = out ? child->key_out : child->key_in;

	*p = (struct rvl_esp_params){
		.direction = direction,
		.spi = out ? child->spi_out : child->spi_in,
		.src = rvl_get_be32(out ? child->local.ip : child->remote.ip),
		.dst = rvl_get_be32(out ? child->remote.ip : child->local.ip),
		.key_len = (uint8_t)(child->key_len - RVL_ESP_SALT),
		.encap = child->encap,
		.src_port = out && child->encap ? child->local.port : 0,
		.dst_port = out && child->encap ? child->remote.port : 0,
		.df = child->df,
		.fixed_dscp = !child->copy_dscp,
		.first_seq = out,
		.replay_window = out ? 0 : child->replay_window,
		.lifetime = child->lifetime,
	};
	memcpy(p->key, key, p->key_len);
	memcpy(p->salt, key + p->key_len, RVL_ESP_SALT);
}

static int add_sa(struct rvl_sad *sad, const struct rvl_child *child, enum rvl_direction direction,
		  uint16_t *index, struct rvl_backend_error *error)
{
	struct rvl_esp_params params;
	int err;

	sa_params(child, direction, &params);
	err = sad->backend->ops->sa_add(sad->backend, &params, index, error);
	OPENSSL_cleanse(&params, sizeof(params));
	return err;
}

static struct flow *find_flow(struct rvl_sad *sad, const struct rvl_selector *selector)
{
	for (size_t i = 0; i < sad->flow_count; i++)
		if (rvl_selector_equal(&sad->flows[i].selector, selector))
			return &sad->flows[i];
	return NULL;
}

/* Lead the flow to the child's outbound SA, in one step if there was another before. */
static int lead_flow(struct rvl_sad *sad, struct flow *flow, const struct child *c,
		     struct rvl_backend_error *error)
{
	const struct rvl_policy policy = {.priority = priority_of(&flow->selector, RVL_PROTECT),
					  .selector = flow->selector,
					  .action = RVL_PROTECT,
					  .sa = c->index_out};
	int err = sad->backend->ops->policy_set(sad->backend, &policy, &flow->policy, error);

	if (!err)
		flow->owner = c;
	return err;
}

static bool has_selector(const struct child *c, const struct rvl_selector *selector)
{
	for (size_t i = 0; i < c->flow_count; i++)
		if (rvl_selector_equal(&c->selectors.list[i], selector))
			return true;
	return false;
}

/* The owner goes: the next newest takes over, or else the discard policy below. */
static void pass_flow_on(struct rvl_sad *sad, struct flow *flow)
{
	struct rvl_backend_error ignored = {""};

	for (const struct child *c = sad->children; c; c = c->next)
		if (has_selector(c, &flow->selector) && !lead_flow(sad, flow, c, &ignored))
			return;
	flow->owner = NULL;
	sad->backend->ops->policy_clear(sad->backend, flow->policy, &ignored);
	flow->policy = RVL_BACKEND_ANY;
}

static void leave_flow(struct rvl_sad *sad, const struct child *c,
		       const struct rvl_selector *selector)
{
	struct rvl_backend_error ignored = {""};
	struct flow *flow = find_flow(sad, selector);

	rvl_inbound_remove(sad->inbound, selector, false);
	if (!flow)
		return;
	if (--flow->children) {
		if (flow->owner == c)
			pass_flow_on(sad, flow);
		return;
	}
	if (flow->policy != RVL_BACKEND_ANY)
		sad->backend->ops->policy_clear(sad->backend, flow->policy, &ignored);
	*flow = sad->flows[--sad->flow_count];
}

/* The child is not, or no longer, one of sad->children. */
static void leave_flows(struct rvl_sad *sad, struct child *c)
{
	while (c->flow_count) {
		c->flow_count--;
		leave_flow(sad, c, &c->selectors.list[c->flow_count]);
	}
}

static int join_flow(struct rvl_sad *sad, const struct child *c,
		     const struct rvl_selector *selector, struct rvl_backend_error *error)
{
	struct flow *flow = find_flow(sad, selector), *grown;
	int err;

	if (!flow) {
		grown = realloc(sad->flows, (sad->flow_count + 1) * sizeof(*grown));
		if (!grown)
			return rvl_backend_fail(error, -ENOMEM, "out of memory");
		sad->flows = grown;
		flow = &grown[sad->flow_count];
		*flow = (struct flow){.selector = *selector, .policy = RVL_BACKEND_ANY};
		err = lead_flow(sad, flow, c, error);
		sad->flow_count += !err;
	} else {
		err = lead_flow(sad, flow, c, error);
	}
	if (!err)
		flow->children++;
	return err;
}

static int join_flows(struct rvl_sad *sad, struct child *c, struct rvl_backend_error *error)
{
	for (size_t i = 0; i < c->selectors.count; i++) {
		const struct rvl_selector *s = &c->selectors.list[i];
		int err = rvl_inbound_add(sad->inbound, s, false);

		if (err)
			return rvl_backend_fail(error, err, "out of memory");
		err = join_flow(sad, c, s, error);
		if (err) {
			rvl_inbound_remove(sad->inbound, s, false);
			return err;
		}
		c->flow_count = i + 1;
	}
	return 0;
}

static int check_child(const struct rvl_sad *sad, const struct rvl_child *child,
		       struct rvl_backend_error *error)
{
	if (find_child(sad, child->id))
		return rvl_backend_fail(error, -EEXIST, "this child SA is there already");
	if (child->key_len != 16 + RVL_ESP_SALT && child->key_len != 32 + RVL_ESP_SALT)
		return rvl_backend_fail(error, -EOPNOTSUPP, "no AES-GCM key of 128 or 256 bits");
	if (child->local.family != 4 || child->remote.family != 4)
		return rvl_backend_fail(error, -EOPNOTSUPP, "outer addresses that aren't IPv4");
	return 0;
}

int rvl_sad_child_add(struct rvl_sad *sad, const struct rvl_child *child,
		      struct rvl_backend_error *error)
{
	const struct rvl_backend_ops *ops = sad->backend->ops;
	struct rvl_backend_error ignored = {""};
	struct child *c;
	int err = check_child(sad, child, error);

	if (err)
		return err;
	c = calloc(1, sizeof(*c));
	if (!c)
		return rvl_backend_fail(error, -ENOMEM, "out of memory");
	c->id = child->id;
	c->spi_in = child->spi_in;
	c->spi_out = child->spi_out;
	err = selectors_of(child->local_ts, child->remote_ts, &c->selectors, error);
	if (err)
		goto free_child;
	err = add_sa(sad, child, RVL_INBOUND, &c->index_in, error);
	if (err)
		goto free_child;
	/* Until this is set, what the SA verifies is dropped; the peer doesn't know of it yet. */
	err = rvl_inbound_set_sa(sad->inbound, c->index_in, &c->selectors);
	if (err) {
		rvl_backend_fail(error, err, "out of memory");
		goto delete_in;
	}
	err = add_sa(sad, child, RVL_OUTBOUND, &c->index_out, error);
	if (err)
		goto clear_inbound;
	err = join_flows(sad, c, error);
	if (err)
		goto leave_flows;
	c->next = sad->children;
	sad->children = c;
	sad->child_count++;
	return 0;

leave_flows:
	leave_flows(sad, c);
	ops->sa_delete(sad->backend, RVL_OUTBOUND, c->index_out, &ignored);
clear_inbound:
	rvl_inbound_clear_sa(sad->inbound, c->index_in);
delete_in:
	ops->sa_delete(sad->backend, RVL_INBOUND, c->index_in, &ignored);
free_child:
	free(c);
	return err;
}

int rvl_sad_child_remove(struct rvl_sad *sad, uint64_t id, struct rvl_backend_error *error)
{
	const struct rvl_backend_ops *ops = sad->backend->ops;
	struct child **link = &sad->children, *c;
	int err, err_in;

	while (*link && (*link)->id != id)
		link = &(*link)->next;
	c = *link;
	if (!c)
		return rvl_backend_fail(error, -ENOENT, "no such child SA");
	*link = c->next;
	sad->child_count--;
	leave_flows(sad, c);
	err = ops->sa_delete(sad->backend, RVL_OUTBOUND, c->index_out, error);
	rvl_inbound_clear_sa(sad->inbound, c->index_in);
	err_in = ops->sa_delete(sad->backend, RVL_INBOUND, c->index_in, error);
	free(c);
	return err ? err : err_in;
}

int rvl_sad_child_query(struct rvl_sad *sad, uint64_t id, struct rvl_sa_stats *in,
			struct rvl_sa_stats *out, struct rvl_backend_error *error)
{
	const struct rvl_backend_ops *ops = sad->backend->ops;
	const struct child *c = find_child(sad, id);
	int err;

	if (!c)
		return rvl_backend_fail(error, -ENOENT, "no such child SA");
	err = ops->sa_query(sad->backend, RVL_INBOUND, c->index_in, in, error);
	return err ? err : ops->sa_query(sad->backend, RVL_OUTBOUND, c->index_out, out, error);
}

bool rvl_sad_child_of_event(const struct rvl_sad *sad, const struct rvl_backend_event *event,
			    uint64_t *id)
{
	bool in = event->direction == RVL_INBOUND;

	for (const struct child *c = sad->children; c; c = c->next) {
		if ((in ? c->index_in : c->index_out) != event->index ||
		    (in ? c->spi_in : c->spi_out) != event->spi)
			continue;
		*id = c->id;
		return true;
	}
	return false;
}
