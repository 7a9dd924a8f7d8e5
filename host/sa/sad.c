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

/* Discard policies that only past children had: the newest so many are kept. */
#define LEARNED_IDLE_MAX 64

/* Sequence numbers that an outbound SA skips when it moves: more than the data path holds under
 * way, so that none is used twice. */
#define SEQUENCE_MARGIN (1u << 16)

struct child {
	struct child *next;
	uint64_t id;
	uint32_t spi_in;
	uint32_t spi_out;
	uint16_t index_in;
	uint16_t index_out;	   /* RVL_BACKEND_ANY: none */
	struct rvl_esp_params out; /* with the key, for a move to other outer addresses */
	uint64_t past_packets;	   /* of the outbound SA before it moved */
	uint64_t past_bytes;
	uint64_t past_drops;
	uint64_t heard_packets; /* inbound ones when last asked */
	struct rvl_selectors selectors;
	size_t flow_count; /* the first so many selectors have their policy */
};

/* A policy that no SA ends. */
struct fixed {
	struct rvl_selector selector;
	enum rvl_action action;
	uint16_t policy;
	bool learned;	/* what a child negotiated, not what is configured */
	uint64_t maker; /* learned: the child that it was made for */
	uint64_t used;	/* learned: when a child had it last, by sad->clock */
};

/* A protect policy. Children with the same selector share it; the newest has the traffic. Without
 * an owner it discards: the data path didn't take it back. */
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
	struct fixed *fixed;
	size_t fixed_count;
	struct flow *flows;
	size_t flow_count;
	size_t sa_count[2]; /* in the data path, by direction */
	uint64_t clock;	    /* counts children that come and go */
	bool broken;
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

size_t rvl_sad_sa_count(const struct rvl_sad *sad, enum rvl_direction direction)
{
	return sad->sa_count[direction];
}

size_t rvl_sad_policy_count(const struct rvl_sad *sad)
{
	size_t count = sad->fixed_count;

	for (size_t i = 0; i < sad->flow_count; i++)
		count += sad->flows[i].policy != RVL_BACKEND_ANY;
	return count;
}

bool rvl_sad_broken(const struct rvl_sad *sad)
{
	return sad->broken;
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

static struct fixed *find_fixed(struct rvl_sad *sad, const struct rvl_selector *selector,
				enum rvl_action action)
{
	for (size_t i = 0; i < sad->fixed_count; i++)
		if (sad->fixed[i].action == action &&
		    rvl_selector_equal(&sad->fixed[i].selector, selector))
			return &sad->fixed[i];
	return NULL;
}

static int add_fixed(struct rvl_sad *sad, const struct fixed *model,
		     struct rvl_backend_error *error)
{
	struct rvl_policy policy = {.selector = model->selector, .action = model->action};
	bool bypass = model->action == RVL_BYPASS;
	struct rvl_backend_error ignored = {""};
	struct fixed *grown, *fixed;
	int err;

	policy.priority = bypass ? PRIORITY_BYPASS : priority_of(&model->selector, model->action);
	grown = realloc(sad->fixed, (sad->fixed_count + 1) * sizeof(*grown));
	if (!grown)
		return rvl_backend_fail(error, -ENOMEM, "out of memory");
	sad->fixed = grown;
	fixed = &grown[sad->fixed_count];
	*fixed = *model;
	fixed->policy = RVL_BACKEND_ANY;
	/* What the inbound half believes to be protected is let out to its policy. */
	err = sad->backend->ops->policy_set(sad->backend, &policy, &fixed->policy, error);
	if (err)
		return err;
	err = rvl_inbound_add(sad->inbound, &fixed->selector, bypass);
	if (err) {
		sad->backend->ops->policy_clear(sad->backend, fixed->policy, &ignored);
		return rvl_backend_fail(error, err, "out of memory");
	}
	sad->fixed_count++;
	return 0;
}

/* A policy that stays for good, and its inbound half; the same one again needs no other. */
static int add_configured(struct rvl_sad *sad, const struct rvl_selector *selector,
			  enum rvl_action action, struct rvl_backend_error *error)
{
	const struct fixed model = {.selector = *selector, .action = action};
	struct fixed *fixed = find_fixed(sad, selector, action);

	if (!fixed)
		return add_fixed(sad, &model, error);
	fixed->learned = false;
	return 0;
}

/* -errno: it stays, and discards as before. */
static int remove_fixed(struct rvl_sad *sad, struct fixed *fixed)
{
	struct rvl_backend_error ignored = {""};
	int err;

	rvl_inbound_remove(sad->inbound, &fixed->selector, false);
	err = sad->backend->ops->policy_clear(sad->backend, fixed->policy, &ignored);
	if (err) {
		/* The room that it had is there. */
		rvl_inbound_add(sad->inbound, &fixed->selector, false);
		return err;
	}
	*fixed = sad->fixed[--sad->fixed_count];
	return 0;
}

static bool has_flow_within(const struct rvl_sad *sad, const struct rvl_selector *selector)
{
	for (size_t i = 0; i < sad->flow_count; i++)
		if (rvl_selector_within(&sad->flows[i].selector, selector))
			return true;
	return false;
}

/* Forget the discard policy that no child has had for the longest time, if there are more than so
 * many that no child has. Returns whether one is gone. */
static bool forget_learned(struct rvl_sad *sad, size_t keep)
{
	struct fixed *oldest = NULL;
	size_t idle = 0;

	for (size_t i = 0; i < sad->fixed_count; i++) {
		struct fixed *fixed = &sad->fixed[i];

		/* The child at hand may be about to have a flow within. */
		if (!fixed->learned || fixed->used == sad->clock ||
		    has_flow_within(sad, &fixed->selector))
			continue;
		idle++;
		if (!oldest || fixed->used < oldest->used)
			oldest = fixed;
	}
	return idle > keep && !remove_fixed(sad, oldest);
}

static bool is_discarded(struct rvl_sad *sad, const struct rvl_selector *selector)
{
	bool found = false;

	for (size_t i = 0; i < sad->fixed_count; i++) {
		struct fixed *fixed = &sad->fixed[i];

		if (fixed->action != RVL_DISCARD ||
		    !rvl_selector_within(selector, &fixed->selector))
			continue;
		fixed->used = sad->clock;
		found = true;
	}
	return found;
}

/* What a child is going to protect and no configured policy holds without it (a selector that was
 * `dynamic`, say) is held from now on, and after it. */
static int learn_discards(struct rvl_sad *sad, const struct child *c,
			  struct rvl_backend_error *error)
{
	int err = 0;

	sad->clock++;
	for (size_t i = 0; !err && i < c->selectors.count; i++) {
		const struct fixed model = {
			.selector = c->selectors.list[i],
			.action = RVL_DISCARD,
			.learned = true,
			.maker = c->id,
			.used = sad->clock,
		};

		if (is_discarded(sad, &model.selector))
			continue;
		do {
			err = add_fixed(sad, &model, error);
		} while (err == -ENOSPC && forget_learned(sad, 0));
	}
	return err;
}

/* The child was refused: what was learned of it goes with it, unless others lean on it. */
static void unlearn_discards(struct rvl_sad *sad, const struct child *c)
{
	for (size_t i = sad->fixed_count; i-- > 0;) {
		struct fixed *fixed = &sad->fixed[i];

		if (fixed->learned && fixed->maker == c->id && fixed->used == sad->clock &&
		    !has_flow_within(sad, &fixed->selector))
			remove_fixed(sad, fixed);
	}
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
		err = add_configured(sad, &selectors.list[i], RVL_DISCARD, error);
	return err;
}

int rvl_sad_bypass_ike(struct rvl_sad *sad, const struct ike_addr *local,
		       const struct ike_addr *remote, uint16_t port, uint16_t port_nat,
		       struct rvl_backend_error *error)
{
	const uint16_t ports[] = {port, port_nat};
	int err = 0;

	/* From any address it would let others' traffic from these ports past the tunnel too. */
	if (local->family != 4)
		return rvl_backend_fail(error, -EINVAL, "no local IPv4 address is known");
	for (size_t i = 0; !err && i < 2; i++) {
		struct rvl_selector s = rvl_selector_any();

		s.src = rvl_get_be32(local->ip);
		s.src_len = 32;
		if (remote->family == 4) {
			s.dst = rvl_get_be32(remote->ip);
			s.dst_len = 32;
		}
		s.any_protocol = false;
		s.protocol = RVL_IP_PROTO_UDP;
		s.src_port_first = s.src_port_last = ports[i];
		err = add_configured(sad, &s, RVL_BYPASS, error);
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

static int add_sa(struct rvl_sad *sad, const struct rvl_esp_params *params, uint16_t *index,
		  struct rvl_backend_error *error)
{
	int err = sad->backend->ops->sa_add(sad->backend, params, index, error);

	sad->sa_count[params->direction] += !err;
	return err;
}

static int delete_sa(struct rvl_sad *sad, enum rvl_direction direction, uint16_t index,
		     struct rvl_backend_error *error)
{
	int err = sad->backend->ops->sa_delete(sad->backend, direction, index, error);

	sad->sa_count[direction] -= !err;
	return err;
}

static int add_inbound_sa(struct rvl_sad *sad, const struct rvl_child *child, uint16_t *index,
			  struct rvl_backend_error *error)
{
	struct rvl_esp_params params;
	int err;

	sa_params(child, RVL_INBOUND, &params);
	err = add_sa(sad, &params, index, error);
	OPENSSL_cleanse(&params, sizeof(params));
	return err;
}

static void free_child(struct child *c)
{
	OPENSSL_cleanse(c, sizeof(*c));
	free(c);
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

/* The same policy, discarding. */
static int hold_flow(struct rvl_sad *sad, struct flow *flow, struct rvl_backend_error *error)
{
	const struct rvl_policy policy = {.priority = priority_of(&flow->selector, RVL_PROTECT),
					  .selector = flow->selector,
					  .action = RVL_DISCARD};

	return sad->backend->ops->policy_set(sad->backend, &policy, &flow->policy, error);
}

/* Leave the flow to the discard policy below. One that the data path doesn't take back discards
 * from now on; if it doesn't even take that, it leads to an SA that is going to be another's. */
static int end_flow(struct rvl_sad *sad, struct flow *flow, struct rvl_backend_error *error)
{
	struct rvl_backend_error ignored = {""};
	int err = 0;

	flow->owner = NULL;
	if (flow->policy != RVL_BACKEND_ANY)
		err = sad->backend->ops->policy_clear(sad->backend, flow->policy, error);
	if (!err)
		flow->policy = RVL_BACKEND_ANY;
	else if (hold_flow(sad, flow, &ignored))
		sad->broken = true;
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
static int pass_flow_on(struct rvl_sad *sad, struct flow *flow, struct rvl_backend_error *error)
{
	struct rvl_backend_error ignored = {""};

	for (const struct child *c = sad->children; c; c = c->next)
		if (c->index_out != RVL_BACKEND_ANY && has_selector(c, &flow->selector) &&
		    !lead_flow(sad, flow, c, &ignored))
			return 0;
	return end_flow(sad, flow, error);
}

static int leave_flow(struct rvl_sad *sad, const struct child *c,
		      const struct rvl_selector *selector, struct rvl_backend_error *error)
{
	struct flow *flow = find_flow(sad, selector);
	int err = 0;

	rvl_inbound_remove(sad->inbound, selector, false);
	if (!flow)
		return 0;
	if (--flow->children)
		return flow->owner == c ? pass_flow_on(sad, flow, error) : 0;
	err = end_flow(sad, flow, error);
	if (!err)
		*flow = sad->flows[--sad->flow_count];
	return err;
}

/* The child is not, or no longer, one of sad->children. */
static int leave_flows(struct rvl_sad *sad, struct child *c, struct rvl_backend_error *error)
{
	int first = 0;

	while (c->flow_count) {
		int err;

		c->flow_count--;
		err = leave_flow(sad, c, &c->selectors.list[c->flow_count], error);
		if (!first)
			first = err;
	}
	return first;
}

static int join_flow(struct rvl_sad *sad, const struct child *c,
		     const struct rvl_selector *selector, struct rvl_backend_error *error)
{
	struct flow *flow = find_flow(sad, selector), *grown;
	bool found = flow;
	int err;

	if (!found) {
		grown = realloc(sad->flows, (sad->flow_count + 1) * sizeof(*grown));
		if (!grown)
			return rvl_backend_fail(error, -ENOMEM, "out of memory");
		sad->flows = grown;
		flow = &grown[sad->flow_count];
		*flow = (struct flow){.selector = *selector, .policy = RVL_BACKEND_ANY};
	}
	do {
		err = lead_flow(sad, flow, c, error);
	} while (err == -ENOSPC && forget_learned(sad, 0));
	if (err)
		return err;
	sad->flow_count += !found;
	flow->children++;
	return 0;
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
	sa_params(child, RVL_OUTBOUND, &c->out);
	err = selectors_of(child->local_ts, child->remote_ts, &c->selectors, error);
	if (err)
		goto free_child;
	err = add_inbound_sa(sad, child, &c->index_in, error);
	if (err)
		goto free_child;
	/* Until this is set, what the SA verifies is dropped; the peer doesn't know of it yet. */
	err = rvl_inbound_set_sa(sad->inbound, c->index_in, &c->selectors);
	if (err) {
		rvl_backend_fail(error, err, "out of memory");
		goto delete_in;
	}
	err = add_sa(sad, &c->out, &c->index_out, error);
	if (err)
		goto clear_inbound;
	err = learn_discards(sad, c, error);
	if (err)
		goto leave_flows;
	err = join_flows(sad, c, error);
	if (err)
		goto leave_flows;
	c->next = sad->children;
	sad->children = c;
	sad->child_count++;
	return 0;

leave_flows:
	leave_flows(sad, c, &ignored);
	unlearn_discards(sad, c);
	if (delete_sa(sad, RVL_OUTBOUND, c->index_out, &ignored))
		sad->broken = true;
clear_inbound:
	rvl_inbound_clear_sa(sad->inbound, c->index_in);
delete_in:
	/* Its SPI is about to be given back. */
	if (delete_sa(sad, RVL_INBOUND, c->index_in, &ignored))
		sad->broken = true;
free_child:
	free_child(c);
	return err;
}

int rvl_sad_child_remove(struct rvl_sad *sad, uint64_t id, struct rvl_backend_error *error)
{
	struct child **link = &sad->children, *c;
	int first, err;

	while (*link && (*link)->id != id)
		link = &(*link)->next;
	c = *link;
	if (!c)
		return rvl_backend_fail(error, -ENOENT, "no such child SA");
	*link = c->next;
	sad->child_count--;
	sad->clock++;
	for (size_t i = 0; i < c->selectors.count; i++)
		is_discarded(sad, &c->selectors.list[i]);
	first = leave_flows(sad, c, error);
	if (c->index_out != RVL_BACKEND_ANY) {
		err = delete_sa(sad, RVL_OUTBOUND, c->index_out, error);
		first = first ? first : err;
	}
	rvl_inbound_clear_sa(sad->inbound, c->index_in);
	err = delete_sa(sad, RVL_INBOUND, c->index_in, error);
	first = first ? first : err;
	while (forget_learned(sad, LEARNED_IDLE_MAX))
		;
	free_child(c);
	return first;
}

/* What is left of a lifetime; 0 stands for none at all. */
static int shorten_lifetime(struct rvl_lifetime *l, uint64_t packets, uint64_t bytes)
{
	if ((l->hard_packets && l->hard_packets <= packets) ||
	    (l->hard_bytes && l->hard_bytes <= bytes))
		return -EKEYEXPIRED;
	if (l->hard_packets)
		l->hard_packets -= packets;
	if (l->hard_bytes)
		l->hard_bytes -= bytes;
	l->soft_packets = l->soft_packets > packets ? l->soft_packets - packets : 0;
	l->soft_bytes = l->soft_bytes > bytes ? l->soft_bytes - bytes : 0;
	return 0;
}

/* The flow discards by now, so the sequence number only moves by what is still under way. */
static int renew_outbound(struct rvl_sad *sad, struct child *c, const struct rvl_esp_params *params,
			  struct rvl_backend_error *error)
{
	const struct rvl_backend_ops *ops = sad->backend->ops;
	struct rvl_esp_params renewed = *params;
	struct rvl_sa_stats stats;
	int err = ops->sa_query(sad->backend, RVL_OUTBOUND, c->index_out, &stats, error);

	if (err)
		goto cleanse;
	/* Which numbers it has used isn't to be believed. */
	if (stats.damaged) {
		err = rvl_backend_fail(error, -EIO, "its memory is damaged");
		goto cleanse;
	}
	if (stats.seq > RVL_ESP_SEQUENCE_SOON - SEQUENCE_MARGIN - 1 ||
	    shorten_lifetime(&renewed.lifetime, stats.packets, stats.bytes)) {
		err = rvl_backend_fail(error, -EKEYEXPIRED, "it is near its end");
		goto cleanse;
	}
	renewed.first_seq = (uint32_t)stats.seq + SEQUENCE_MARGIN + 1;
	err = delete_sa(sad, RVL_OUTBOUND, c->index_out, error);
	if (err)
		goto cleanse;
	c->index_out = RVL_BACKEND_ANY;
	c->past_packets += stats.packets;
	c->past_bytes += stats.bytes;
	c->past_drops += stats.drop_limit;
	c->out = renewed;
	err = add_sa(sad, &renewed, &c->index_out, error);
	if (err)
		c->index_out = RVL_BACKEND_ANY;
cleanse:
	OPENSSL_cleanse(&renewed, sizeof(renewed));
	return err;
}

int rvl_sad_child_move(struct rvl_sad *sad, uint64_t id, const struct ike_addr *local,
		       const struct ike_addr *remote, struct rvl_backend_error *error)
{
	struct child *c = find_child(sad, id);
	struct rvl_esp_params params;
	int err = 0;

	if (!c)
		return rvl_backend_fail(error, -ENOENT, "no such child SA");
	/* The inbound SA is found by our address. */
	if (local->family != 4 || remote->family != 4 || rvl_get_be32(local->ip) != c->out.src ||
	    c->index_out == RVL_BACKEND_ANY)
		return rvl_backend_fail(error, -EOPNOTSUPP, "it can't move there");
	params = c->out;
	params.dst = rvl_get_be32(remote->ip);
	if (params.encap) {
		params.src_port = local->port;
		params.dst_port = remote->port;
	}
	for (size_t i = 0; !err && i < sad->flow_count; i++)
		if (sad->flows[i].owner == c)
			err = hold_flow(sad, &sad->flows[i], error);
	if (!err)
		err = renew_outbound(sad, c, &params, error);
	OPENSSL_cleanse(&params, sizeof(params));
	for (size_t i = 0; !err && i < sad->flow_count; i++)
		if (sad->flows[i].owner == c)
			err = lead_flow(sad, &sad->flows[i], c, error);
	return err;
}

int rvl_sad_child_query(struct rvl_sad *sad, uint64_t id, struct rvl_sa_stats *in,
			struct rvl_sa_stats *out, struct rvl_backend_error *error)
{
	const struct rvl_backend_ops *ops = sad->backend->ops;
	const struct child *c = find_child(sad, id);
	int err;

	if (!c || c->index_out == RVL_BACKEND_ANY)
		return rvl_backend_fail(error, -ENOENT, "no such child SA");
	err = ops->sa_query(sad->backend, RVL_INBOUND, c->index_in, in, error);
	if (!err)
		err = ops->sa_query(sad->backend, RVL_OUTBOUND, c->index_out, out, error);
	if (err)
		return err;
	out->packets += c->past_packets;
	out->bytes += c->past_bytes;
	out->drop_limit += c->past_drops;
	return 0;
}

bool rvl_sad_child_heard(struct rvl_sad *sad, uint64_t id)
{
	struct rvl_backend_error ignored = {""};
	struct child *c = find_child(sad, id);
	struct rvl_sa_stats stats;
	bool heard;

	if (!c ||
	    sad->backend->ops->sa_query(sad->backend, RVL_INBOUND, c->index_in, &stats, &ignored) ||
	    stats.damaged)
		return false;
	heard = stats.packets != c->heard_packets;
	c->heard_packets = stats.packets;
	return heard;
}

bool rvl_sad_child_of_event(const struct rvl_sad *sad, struct rvl_backend_event *event,
			    uint64_t *id)
{
	bool in = event->direction == RVL_INBOUND;

	for (const struct child *c = sad->children; c; c = c->next) {
		uint32_t spi = in ? c->spi_in : c->spi_out;

		if ((in ? c->index_in : c->index_out) != event->index ||
		    (event->spi && event->spi != spi))
			continue;
		event->spi = spi;
		*id = c->id;
		return true;
	}
	return false;
}
