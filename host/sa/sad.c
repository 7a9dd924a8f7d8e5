// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/sad.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "host/esp/grow.h"
#include "host/esp/kept.h"
#include "host/sa/fixed.h"
#include "host/sa/flow.h"
#include "host/sa/hash.h"
#include "host/sa/policies.h"
#include "host/sa/spis.h"

/* Sequence numbers that an outbound SA skips when it is made anew, at least: more than the data
 * path holds under way, so that none is used twice. */
#define SEQUENCE_MARGIN (1u << 16)

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

/* By index. */
struct sas {
	struct sa **list;
	size_t room;
};

/* A child and those that take its place, of which one is in use at most. */
struct line {
	uint32_t number;
	struct child *used;
	size_t children;
};

struct child {
	uint64_t id;
	struct line *line;
	struct sa in;
	struct sa out;
	enum rvl_offload offload;
	uint64_t heard_packets; /* inbound ones when last asked */
	struct rvl_claims claims;
	UT_hash_handle hh;
};

struct rvl_sad {
	struct rvl_backend *backend;
	struct rvl_abilities can;
	struct rvl_inbound *inbound;
	struct rvl_policies *policies;
	struct rvl_traps *traps;
	struct rvl_fixed_table *fixed;
	struct rvl_flow_table *flows;
	struct child *children; /* by id */
	pthread_mutex_t lock;	/* guards those below: the data thread looks at outbound ones */
	struct sas sas[2];	/* by direction: those that are there */
	struct rvl_fit *fit;
	struct rvl_spis spis; /* given out */
	size_t spi_room;
	uint32_t lines;	    /* that there were */
	size_t sa_count[2]; /* in the data path, by direction */
	bool broken;
	bool one_form; /* as the data path's information has it */
};

/* On the data thread: what leads there is whatever a policy says. */
static bool look_outbound(void *context, uint32_t index, struct rvl_sa_params *params)
{
	struct rvl_sad *sad = context;
	struct sas *sas = &sad->sas[RVL_OUTBOUND];
	bool found;

	pthread_mutex_lock(&sad->lock);
	found = index < sas->room && sas->list[index];
	if (found) {
		rvl_sa_kept(sas->list[index]->kept, params);
		OPENSSL_cleanse(params->encr_key, sizeof(params->encr_key));
		OPENSSL_cleanse(params->integ_key, sizeof(params->integ_key));
	}
	pthread_mutex_unlock(&sad->lock);
	return found;
}

struct rvl_sad *rvl_sad_new(struct rvl_backend *backend)
{
	struct rvl_sad *sad = calloc(1, sizeof(*sad));
	struct rvl_backend_info info;

	if (!sad)
		return NULL;
	backend->ops->info(backend, &info);
	sad->backend = backend;
	sad->can = info.abilities;
	sad->one_form = info.one_form;
	sad->spi_room = info.inbound_sas < info.outbound_sas ? info.inbound_sas : info.outbound_sas;
	sad->inbound = rvl_inbound_new(info.inbound_sas);
	if (!sad->inbound)
		goto free_sad;
	sad->policies = rvl_policies_new(backend);
	if (!sad->policies)
		goto free_inbound;
	sad->traps = rvl_traps_new(sad->policies, info.policies);
	if (!sad->traps)
		goto free_policies;
	sad->fixed = rvl_fixed_table_new(sad->policies, info.policies, sad->inbound);
	if (!sad->fixed)
		goto free_traps;
	sad->flows = rvl_flow_table_new(sad->policies, sad->fixed);
	if (!sad->flows)
		goto free_fixed;
	sad->fit = rvl_fit_new(sad->policies, look_outbound, sad);
	if (!sad->fit)
		goto free_flows;
	pthread_mutex_init(&sad->lock, NULL);
	return sad;

free_flows:
	rvl_flow_table_free(sad->flows);
free_fixed:
	rvl_fixed_table_free(sad->fixed);
free_traps:
	rvl_traps_free(sad->traps);
free_policies:
	rvl_policies_free(sad->policies);
free_inbound:
	rvl_inbound_free(sad->inbound);
free_sad:
	free(sad);
	return NULL;
}

void rvl_sad_free(struct rvl_sad *sad)
{
	struct rvl_backend_error ignored = {""};

	if (!sad)
		return;
	while (sad->children)
		rvl_sad_child_remove(sad, sad->children->id, &ignored);
	rvl_spis_free(&sad->spis);
	free(sad->sas[RVL_INBOUND].list);
	free(sad->sas[RVL_OUTBOUND].list);
	rvl_fit_free(sad->fit);
	rvl_flow_table_free(sad->flows);
	rvl_fixed_table_free(sad->fixed);
	rvl_traps_free(sad->traps);
	rvl_policies_free(sad->policies);
	pthread_mutex_destroy(&sad->lock);
	rvl_inbound_free(sad->inbound);
	free(sad);
}

struct rvl_inbound *rvl_sad_inbound(struct rvl_sad *sad)
{
	return sad->inbound;
}

struct rvl_fit *rvl_sad_fit(struct rvl_sad *sad)
{
	return sad->fit;
}

struct rvl_traps *rvl_sad_traps(struct rvl_sad *sad)
{
	return sad->traps;
}

size_t rvl_sad_child_count(const struct rvl_sad *sad)
{
	return HASH_COUNT(sad->children);
}

size_t rvl_sad_sa_count(const struct rvl_sad *sad, enum rvl_direction direction)
{
	return sad->sa_count[direction];
}

size_t rvl_sad_policy_count(const struct rvl_sad *sad)
{
	return rvl_fixed_count(sad->fixed) + rvl_flows_policy_count(sad->flows);
}

bool rvl_sad_broken(const struct rvl_sad *sad)
{
	return sad->broken || rvl_flows_broken(sad->flows);
}

/* ----------------------------------------------------------------------------------------- SPIs */

uint32_t rvl_sad_alloc_spi(struct rvl_sad *sad)
{
	uint32_t spi;

	if (sad->spis.count >= sad->spi_room)
		return 0;
	do {
		if (getrandom(&spi, sizeof(spi), 0) != sizeof(spi))
			return 0;
	} while (spi < RVL_SPI_MIN || rvl_spis_have(&sad->spis, spi));
	return rvl_spis_add(&sad->spis, spi) ? 0 : spi;
}

void rvl_sad_release_spi(struct rvl_sad *sad, uint32_t spi)
{
	rvl_spis_remove(&sad->spis, spi);
}

/* ---------------------------------------------------------------- what is protected, what isn't */

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

int rvl_sad_protect(struct rvl_sad *sad, const struct ike_ts_list *local,
		    const struct ike_ts_list *remote, struct rvl_backend_error *error)
{
	struct rvl_selectors selectors;
	int err = selectors_of(sad, local, remote, &selectors, error);

	for (size_t i = 0; !err && i < selectors.count; i++)
		err = rvl_fixed_add(sad->fixed, &selectors.list[i], RVL_DISCARD, error);
	return err;
}

int rvl_sad_pass(struct rvl_sad *sad, const struct ike_ts_list *local,
		 const struct ike_ts_list *remote, struct rvl_backend_error *error)
{
	struct rvl_selectors selectors;
	int err = selectors_of(sad, local, remote, &selectors, error);

	for (size_t i = 0; !err && i < selectors.count; i++)
		err = rvl_fixed_pass(sad->fixed, &selectors.list[i], error);
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

int rvl_sad_trap(struct rvl_sad *sad, uint64_t id, const struct ike_ts_list *local,
		 const struct ike_ts_list *remote, struct rvl_backend_error *error)
{
	struct rvl_selectors selectors;
	int err = selectors_of(sad, local, remote, &selectors, error);

	if (!err)
		err = rvl_traps_add(sad->traps, id, &selectors, error);
	for (size_t i = 0; !err && waits_itself(sad) && i < selectors.count; i++)
		err = rvl_fixed_trap(sad->fixed, &selectors.list[i], true, error);
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

bool rvl_sad_spring(struct rvl_sad *sad, const struct rvl_ip *packet)
{
	return rvl_traps_spring(sad->traps, packet);
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
	return rvl_fixed_release_unnamed(sad->fixed, told, context, error);
}

/* --------------------------------------------------------------------------- the SAs of a child */

static void forget_sa(struct rvl_sad *sad, struct sa *sa)
{
	pthread_mutex_lock(&sad->lock);
	if (sa->there)
		sad->sas[sa->place.direction].list[sa->place.index] = NULL;
	pthread_mutex_unlock(&sad->lock);
	sa->there = false;
}

/* Whom the data path means by this place; false: no memory. */
static bool find_again(struct rvl_sad *sad, struct sa *sa)
{
	struct sas *sas = &sad->sas[sa->place.direction];
	struct sa **grown;

	pthread_mutex_lock(&sad->lock);
	grown = rvl_grow(sas->list, &sas->room, sa->place.index, sizeof(*sas->list));
	if (grown) {
		sas->list = grown;
		sas->list[sa->place.index] = sa;
	}
	pthread_mutex_unlock(&sad->lock);
	return grown;
}

static int delete_sa(struct rvl_sad *sad, struct sa *sa, struct rvl_backend_error *error)
{
	enum rvl_direction direction = sa->place.direction;
	int err = sad->backend->ops->sa_delete(sad->backend, direction, sa->place.index, error);

	if (err)
		return err;
	sad->sa_count[direction]--;
	forget_sa(sad, sa);
	return 0;
}

/* Its SPI, or its place, is about to be another's. */
static void undo_sa(struct rvl_sad *sad, struct sa *sa)
{
	struct rvl_backend_error ignored = {""};

	if (delete_sa(sad, sa, &ignored))
		sad->broken = true;
}

static int add_sa(struct rvl_sad *sad, struct child *c, const struct rvl_sa_params *params,
		  struct rvl_backend_error *error)
{
	struct sa *sa = params->direction == RVL_OUTBOUND ? &c->out : &c->in;
	uint32_t index = RVL_BACKEND_ANY;
	struct rvl_selectors selectors;
	const struct rvl_sa_purpose purpose = {
		.selectors = &selectors,
		.line = c->line->number,
		.offload = c->offload,
	};
	int err;

	rvl_flows_selectors(&c->claims, &selectors);
	err = sad->backend->ops->sa_add(sad->backend, params, &purpose, &index, error);
	if (err)
		return err;
	sad->sa_count[params->direction]++;
	sa->place = (struct place){.direction = params->direction, .index = index};
	sa->spi = params->spi;
	sa->child = c;
	if (params->direction == RVL_OUTBOUND)
		rvl_fit_add_sa(sad->fit, params);
	sa->there = find_again(sad, sa);
	if (sa->there)
		return 0;
	undo_sa(sad, sa);
	return rvl_backend_fail(error, -ENOMEM, "out of memory");
}

/* As the data path has it now. */
static int query_now(struct rvl_sad *sad, const struct sa *sa, struct rvl_sa_stats *stats,
		     struct rvl_backend_error *error)
{
	return sad->backend->ops->sa_query(sad->backend, sa->place.direction, sa->place.index,
					   stats, error);
}

/* All but what only the SA that there is now has. */
static void add_counters(struct rvl_sa_stats *sum, const struct rvl_sa_stats *more)
{
	sum->packets += more->packets;
	sum->bytes += more->bytes;
	sum->drop_icv += more->drop_icv;
	sum->drop_replay += more->drop_replay;
	sum->drop_format += more->drop_format;
	sum->drop_limit += more->drop_limit;
}

/* With what it was before it moved. */
static int query_sa(struct rvl_sad *sad, const struct sa *sa, struct rvl_sa_stats *stats,
		    struct rvl_backend_error *error)
{
	int err;

	*stats = (struct rvl_sa_stats){0};
	err = sa->there ? query_now(sad, sa, stats, error) : 0;
	if (sa->past)
		add_counters(stats, sa->past);
	return err;
}

/* ------------------------------------------------------------------------------------- children */

static struct child *find_child(const struct rvl_sad *sad, uint64_t id)
{
	struct child *c;

	HASH_FIND(hh, sad->children, &id, sizeof(id), c);
	return c;
}

static int fail_unknown(struct rvl_backend_error *error)
{
	return rvl_backend_fail(error, -ENOENT, "no such child SA");
}

static struct line *join_line(struct rvl_sad *sad, uint64_t replaces)
{
	const struct child *other = replaces ? find_child(sad, replaces) : NULL;
	struct line *line = other ? other->line : calloc(1, sizeof(*line));

	if (line && !line->children++)
		line->number = ++sad->lines;
	return line;
}

static void leave_line(struct line *line)
{
	if (!--line->children)
		free(line);
}

/* Nothing leads to its SA any more. */
static int stop_using(struct rvl_sad *sad, struct child *c, struct rvl_backend_error *error)
{
	if (c->line->used == c)
		c->line->used = NULL;
	return rvl_flows_retire(sad->flows, &c->claims, error);
}

static void free_child(struct child *c)
{
	free(c->in.past);
	free(c->out.past);
	rvl_sa_kept_free(c->in.kept);
	rvl_sa_kept_free(c->out.kept);
	OPENSSL_cleanse(c, sizeof(*c));
	free(c);
}

static int check_child(const struct rvl_sad *sad, const struct rvl_child *child,
		       struct rvl_backend_error *error)
{
	char lacking[160];

	if (find_child(sad, child->id))
		return rvl_backend_fail(error, -EEXIST, "this child SA is there already");
	if (!child->in.dst.family || child->in.dst.family != child->in.src.family)
		return rvl_backend_fail(error, -EOPNOTSUPP, "outer addresses of two families");
	if (rvl_abilities_lack(&sad->can, &child->in, lacking, sizeof(lacking)) ||
	    rvl_abilities_lack(&sad->can, &child->out, lacking, sizeof(lacking)))
		return rvl_backend_fail(error, -EOPNOTSUPP, "the data path has no %s", lacking);
	return 0;
}

int rvl_sad_child_inbound(struct rvl_sad *sad, const struct rvl_child *child,
			  struct rvl_backend_error *error)
{
	struct rvl_selectors selectors;
	struct child *c;
	int err = check_child(sad, child, error);

	if (!err)
		err = selectors_of(sad, child->local_ts, child->remote_ts, &selectors, error);
	if (err)
		return err;
	c = calloc(1, sizeof(*c));
	if (!c)
		return rvl_backend_fail(error, -ENOMEM, "out of memory");
	c->id = child->id;
	c->offload = child->offload;
	c->out.kept = rvl_sa_keep(&child->out);
	c->in.kept = rvl_sa_keep(&child->in);
	if (!c->out.kept || !c->in.kept) {
		err = rvl_backend_fail(error, -ENOMEM, "out of memory");
		goto free_child;
	}
	c->line = join_line(sad, child->replaces);
	if (!c->line) {
		err = rvl_backend_fail(error, -ENOMEM, "out of memory");
		goto free_child;
	}
	HASH_ADD(hh, sad->children, id, sizeof(c->id), c);
	if (!c->hh.tbl) {
		err = rvl_backend_fail(error, -ENOMEM, "out of memory");
		goto leave_line;
	}
	/* The host may answer what comes in: not in clear. */
	err = rvl_flows_join(sad->flows, &c->claims, &selectors, child->owner, error);
	if (err)
		goto leave_table;
	err = add_sa(sad, c, &child->in, error);
	if (err)
		goto part;
	/* Until this is set, what the SA verifies is dropped; the peer doesn't know of it yet. */
	err = rvl_inbound_set_sa(sad->inbound, c->in.place.index, &selectors);
	if (err) {
		rvl_backend_fail(error, err, "out of memory");
		goto delete_in;
	}
	return 0;

delete_in:
	undo_sa(sad, &c->in);
	forget_sa(sad, &c->in);
part:
	rvl_flows_part(sad->flows, &c->claims);
leave_table:
	HASH_DELETE(hh, sad->children, c);
leave_line:
	leave_line(c->line);
free_child:
	free_child(c);
	return err;
}

int rvl_sad_child_outbound(struct rvl_sad *sad, uint64_t id, struct rvl_backend_error *error)
{
	struct child *c = find_child(sad, id);
	struct rvl_sa_params out;
	int err;

	if (!c)
		return fail_unknown(error);
	if (c->out.there)
		return rvl_backend_fail(error, -EALREADY, "its outbound SA is there already");
	rvl_sa_kept(c->out.kept, &out);
	err = add_sa(sad, c, &out, error);
	OPENSSL_cleanse(&out, sizeof(out));
	return err;
}

int rvl_sad_child_use(struct rvl_sad *sad, uint64_t id, struct rvl_backend_error *error)
{
	struct child *c = find_child(sad, id), *before;
	struct rvl_backend_error ignored = {""};
	int err;

	if (!c)
		return fail_unknown(error);
	if (!c->out.there)
		return rvl_backend_fail(error, -EINVAL, "it has no outbound SA");
	err = rvl_flows_use(sad->flows, &c->claims, c->out.place.index, error);
	if (err)
		return err;
	/* Its flows are this one's by now; what this one hasn't got is left to others. */
	before = c->line->used;
	if (before && before != c)
		stop_using(sad, before, &ignored);
	c->line->used = c;
	return 0;
}

int rvl_sad_child_remove(struct rvl_sad *sad, uint64_t id, struct rvl_backend_error *error)
{
	struct rvl_backend_error later = {""};
	struct child *c = find_child(sad, id);
	int first, err;

	if (!c)
		return fail_unknown(error);
	first = stop_using(sad, c, error);
	if (c->out.there) {
		err = delete_sa(sad, &c->out, first ? &later : error);
		first = first ? first : err;
	}
	if (c->in.there) {
		rvl_inbound_clear_sa(sad->inbound, c->in.place.index);
		err = delete_sa(sad, &c->in, first ? &later : error);
		first = first ? first : err;
	}
	forget_sa(sad, &c->out);
	forget_sa(sad, &c->in);
	rvl_flows_part(sad->flows, &c->claims);
	HASH_DELETE(hh, sad->children, c);
	leave_line(c->line);
	free_child(c);
	return first;
}

/* --------------------------------------------------------------------------- to other addresses */

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

static void swap_kept(struct sa *sa, struct rvl_sa_kept **kept)
{
	struct rvl_sa_kept *before = sa->kept;

	sa->kept = *kept;
	*kept = before;
}

/* Of an SA that isn't there. */
static int keep_again(struct sa *sa, const struct rvl_sa_params *params,
		      struct rvl_backend_error *error)
{
	struct rvl_sa_kept *kept = rvl_sa_keep(params);

	if (!kept)
		return rvl_backend_fail(error, -ENOMEM, "out of memory");
	swap_kept(sa, &kept);
	rvl_sa_kept_free(kept);
	return 0;
}

/*
 * An SA with other parameters but the same key. Nothing leads to it by now, and what it verifies
 * reaches nobody: the sequence number only moves by what is still under way. An outbound one skips
 * so many as are more than that; for an inbound one all that reached the host has been seen.
 */
static int renew(struct rvl_sad *sad, struct sa *sa, const struct rvl_sa_params *params,
		 uint64_t skip, struct rvl_backend_error *error)
{
	struct rvl_sa_params renewed = *params;
	bool out = params->direction == RVL_OUTBOUND;
	struct rvl_sa_kept *kept = NULL;
	struct rvl_sa_stats stats;
	uint64_t last;
	int err = query_now(sad, sa, &stats, error);

	if (err)
		goto cleanse;
	/* Which numbers it has used isn't to be believed. */
	if (stats.damaged) {
		err = rvl_backend_fail(error, -EIO, "its memory is damaged");
		goto cleanse;
	}
	last = out ? rvl_sa_soon_seq(params) : rvl_sa_last_seq(params);
	if (skip >= last || stats.seq >= last - skip ||
	    shorten_lifetime(&renewed.lifetime, stats.packets, stats.bytes)) {
		err = rvl_backend_fail(error, -EKEYEXPIRED, "it is near its end");
		goto cleanse;
	}
	if (!sa->past)
		sa->past = calloc(1, sizeof(*sa->past));
	if (!sa->past) {
		err = rvl_backend_fail(error, -ENOMEM, "out of memory");
		goto cleanse;
	}
	renewed.first_seq = stats.seq + skip + 1;
	kept = rvl_sa_keep(&renewed);
	err = kept ? delete_sa(sad, sa, error) : rvl_backend_fail(error, -ENOMEM, "out of memory");
	if (err)
		goto cleanse;
	add_counters(sa->past, &stats);
	swap_kept(sa, &kept);
	err = add_sa(sad, sa->child, &renewed, error);
cleanse:
	rvl_sa_kept_free(kept);
	OPENSSL_cleanse(&renewed, sizeof(renewed));
	return err;
}

static int renew_outbound(struct rvl_sad *sad, struct child *c, const struct rvl_sa_params *params,
			  uint64_t skip, struct rvl_backend_error *error)
{
	int err = rvl_flows_stop(sad->flows, &c->claims, error);

	if (!err)
		err = renew(sad, &c->out, params, skip, error);
	if (!err)
		err = rvl_flows_resume(sad->flows, &c->claims, c->out.place.index, error);
	return err;
}

static int move_inbound(struct rvl_sad *sad, struct child *c, const struct rvl_sa_params *params,
			struct rvl_backend_error *error)
{
	struct rvl_inbound_flows *flows = rvl_inbound_take_sa(sad->inbound, c->in.place.index);
	int err = renew(sad, &c->in, params, 0, error), given;

	/* Where it couldn't be moved it receives as before, if it is there. */
	given = rvl_inbound_give_sa(sad->inbound, c->in.there ? c->in.place.index : RVL_BACKEND_ANY,
				    flows);
	if (!err && given)
		err = rvl_backend_fail(error, given, "out of memory");
	return err;
}

static bool same_way(const struct rvl_sa_params *a, const struct rvl_sa_params *b)
{
	return rvl_addr_equal(&a->src, &b->src) && rvl_addr_equal(&a->dst, &b->dst) &&
	       a->encap == b->encap && a->src_port == b->src_port && a->dst_port == b->dst_port;
}

int rvl_sad_child_move(struct rvl_sad *sad, uint64_t id, const struct ike_addr *local,
		       const struct ike_addr *remote, bool encap, struct rvl_backend_error *error)
{
	struct child *c = find_child(sad, id);
	struct rvl_backend_error ignored = {""};
	struct rvl_sa_params in, out, before;
	int err = 0;

	if (!c)
		return fail_unknown(error);
	if (!local->family || local->family != remote->family)
		return rvl_backend_fail(error, -EOPNOTSUPP, "it can't move there");
	rvl_sa_kept(c->in.kept, &in);
	rvl_sa_kept(c->out.kept, &out);
	before = out;
	in.dst = out.src = ike_addr_ip(local);
	in.src = out.dst = ike_addr_ip(remote);
	in.encap = out.encap = encap;
	out.src_port = encap ? local->port : 0;
	out.dst_port = encap ? remote->port : 0;
	/* It is found by our address, and takes ESP from anywhere, mostly of both forms. */
	if (c->in.there &&
	    (!rvl_addr_equal(&in.dst, &before.src) || (sad->one_form && encap != before.encap)))
		err = move_inbound(sad, c, &in, error);
	if (!err && !same_way(&out, &before)) {
		if (c->out.there)
			err = renew_outbound(sad, c, &out, SEQUENCE_MARGIN, error);
		else
			err = keep_again(&c->out, &out, error);
	}
	if (err)
		stop_using(sad, c, &ignored);
	OPENSSL_cleanse(&in, sizeof(in));
	OPENSSL_cleanse(&out, sizeof(out));
	OPENSSL_cleanse(&before, sizeof(before));
	return err;
}

int rvl_sad_child_skip(struct rvl_sad *sad, uint64_t id, uint32_t packets,
		       struct rvl_backend_error *error)
{
	struct child *c = find_child(sad, id);
	struct rvl_backend_error ignored = {""};
	struct rvl_sa_params out;
	int err;

	if (!c)
		return fail_unknown(error);
	if (!c->out.there)
		return 0; /* it has used none, or is to be given up */
	rvl_sa_kept(c->out.kept, &out);
	err = renew_outbound(sad, c, &out, packets > SEQUENCE_MARGIN ? packets : SEQUENCE_MARGIN,
			     error);
	if (err)
		stop_using(sad, c, &ignored);
	OPENSSL_cleanse(&out, sizeof(out));
	return err;
}

/* ------------------------------------------------------------------------- what becomes of them */

int rvl_sad_child_query(struct rvl_sad *sad, uint64_t id, struct rvl_sa_stats *in,
			struct rvl_sa_stats *out, struct rvl_backend_error *error)
{
	const struct child *c = find_child(sad, id);
	int err;

	if (!c)
		return fail_unknown(error);
	err = query_sa(sad, &c->in, in, error);
	return err ? err : query_sa(sad, &c->out, out, error);
}

bool rvl_sad_child_heard(struct rvl_sad *sad, uint64_t id)
{
	struct rvl_backend_error ignored = {""};
	struct child *c = find_child(sad, id);
	struct rvl_sa_stats stats;
	bool heard;

	if (!c || query_sa(sad, &c->in, &stats, &ignored) || stats.damaged)
		return false;
	heard = stats.packets != c->heard_packets;
	c->heard_packets = stats.packets;
	return heard;
}

bool rvl_sad_child_of_event(const struct rvl_sad *sad, struct rvl_backend_event *event,
			    uint64_t *id)
{
	const struct sas *sas = &sad->sas[event->direction];
	const struct sa *sa = event->index < sas->room ? sas->list[event->index] : NULL;

	if (!sa || (event->spi && event->spi != sa->spi))
		return false;
	event->spi = sa->spi;
	*id = sa->child->id;
	return true;
}
