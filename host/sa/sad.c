// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "host/esp/grow.h"
#include "host/sa/sad_private.h"

/* On a data thread: what leads there is whatever a policy says. */
static bool look_outbound(void *context, uint32_t index, struct rvl_sa_params *params)
{
	struct rvl_sad *sad = context;
	struct sas *sas = &sad->sas[RVL_OUTBOUND];
	const unsigned int slot = rvl_brlock_read(&sad->lock);
	const bool found = index < sas->room && sas->list[index];

	if (found) {
		rvl_sa_kept(sas->list[index]->kept, params);
		OPENSSL_cleanse(params->encr_key, sizeof(params->encr_key));
		OPENSSL_cleanse(params->integ_key, sizeof(params->integ_key));
	}
	rvl_brlock_read_end(&sad->lock, slot);
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
	sad->threads = info.threads ? info.threads : 1;
	sad->scopes = rvl_scope_table_new();
	sad->uniques = rvl_uniques_new();
	if (!sad->scopes || !sad->uniques)
		goto free_numbers;
	sad->inbound = rvl_inbound_new(info.inbound_sas);
	if (!sad->inbound)
		goto free_numbers;
	sad->policies = rvl_policies_new(backend, sad->scopes);
	if (!sad->policies)
		goto free_inbound;
	sad->traps = rvl_traps_new(sad->policies, info.policies);
	if (!sad->traps)
		goto free_policies;
	sad->fixed = rvl_fixed_table_new(sad->policies, info.policies, sad->inbound);
	if (!sad->fixed)
		goto free_traps;
	sad->flows = rvl_flow_table_new(sad->policies, sad->fixed, info.protection_goes);
	if (!sad->flows)
		goto free_fixed;
	sad->fit = rvl_fit_new(sad->policies, look_outbound, sad);
	if (!sad->fit)
		goto free_flows;
	rvl_brlock_init(&sad->lock);
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
free_numbers:
	rvl_uniques_free(sad->uniques);
	rvl_scope_table_free(sad->scopes);
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
	rvl_brlock_destroy(&sad->lock);
	rvl_inbound_free(sad->inbound);
	rvl_uniques_free(sad->uniques);
	rvl_scope_table_free(sad->scopes);
	free(sad);
}

struct rvl_inbound *rvl_sad_inbound(struct rvl_sad *sad)
{
	return sad->inbound;
}

struct rvl_policies *rvl_sad_policies(struct rvl_sad *sad)
{
	return sad->policies;
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

/* The thread that has the fewest. */
static unsigned int idlest_thread(const struct rvl_sad *sad)
{
	unsigned int idlest = 0;

	for (unsigned int i = 1; i < sad->threads; i++)
		if (sad->spis_of[i] < sad->spis_of[idlest])
			idlest = i;
	return idlest;
}

uint32_t rvl_sad_alloc_spi(struct rvl_sad *sad, uint32_t replaces)
{
	const unsigned int owner =
		replaces ? rvl_fanout_owner(replaces, sad->threads) : idlest_thread(sad);
	uint32_t spi;

	if (sad->spis.count >= sad->spi_room)
		return 0;
	do {
		if (getrandom(&spi, sizeof(spi), 0) != sizeof(spi))
			return 0;
	} while (spi < RVL_SPI_MIN || rvl_fanout_owner(spi, sad->threads) != owner ||
		 rvl_spis_have(&sad->spis, spi));
	if (rvl_spis_add(&sad->spis, spi))
		return 0;
	sad->spis_of[owner]++;
	return spi;
}

void rvl_sad_release_spi(struct rvl_sad *sad, uint32_t spi)
{
	if (rvl_spis_have(&sad->spis, spi))
		sad->spis_of[rvl_fanout_owner(spi, sad->threads)]--;
	rvl_spis_remove(&sad->spis, spi);
}

/* --------------------------------------------------------------------------- the SAs of a child */

static void forget_sa(struct rvl_sad *sad, struct sa *sa)
{
	rvl_brlock_write(&sad->lock);
	if (sa->there)
		sad->sas[sa->place.direction].list[sa->place.index] = NULL;
	rvl_brlock_write_end(&sad->lock);
	sa->there = false;
}

/* Whom the data path means by this place; false: no memory. */
static bool find_again(struct rvl_sad *sad, struct sa *sa)
{
	struct sas *sas = &sad->sas[sa->place.direction];
	struct sa **grown;

	rvl_brlock_write(&sad->lock);
	grown = rvl_grow(sas->list, &sas->room, sa->place.index, sizeof(*sas->list));
	if (grown) {
		sas->list = grown;
		sas->list[sa->place.index] = sa;
	}
	rvl_brlock_write_end(&sad->lock);
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

void rvl_sad_undo(struct rvl_sad *sad, struct sa *sa)
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
	struct rvl_sa_purpose purpose = {
		.selectors = &selectors,
		.pair = c->in.spi,
		.line = c->line->number,
		.offload = c->offload,
		.shared = c->group && params->direction == RVL_OUTBOUND && c->shares,
		.asks = c->group && c->group->asks,
		.cpu = c->group ? c->cpu : RVL_CPU_ANY,
	};
	int err;

	/* What arrives on any of a group is the group's. */
	if (c->group && (purpose.shared || params->direction == RVL_INBOUND))
		purpose.line = c->group->number;
	rvl_flows_selectors(&c->claims, &selectors);
	purpose.scopes = rvl_scope_of(sad->scopes, rvl_flows_scope(&c->claims));
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
	rvl_sad_undo(sad, sa);
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
	sum->drop_selectors += more->drop_selectors;
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

/* Numbers that the labels of a new line want. */
static int take_numbers(struct rvl_sad *sad, const struct rvl_child *child,
			struct rvl_label_numbers *numbers)
{
	const struct rvl_unique_user alone = {.owner = child->owner, .kind = child->kind};
	const struct rvl_unique_user shared = {.owner = child->owner, .group = child->ike};
	int err = 0;

	if (rvl_labels_are_unique(&child->labels, false))
		err = rvl_unique_take(sad->uniques, &alone, &numbers->child);
	if (!err && rvl_labels_are_unique(&child->labels, true))
		err = rvl_unique_take(sad->uniques, &shared, &numbers->ike);
	if (err)
		rvl_unique_give(sad->uniques, numbers->child);
	return err;
}

static int join_line(struct rvl_sad *sad, const struct rvl_child *child, struct line **out)
{
	const struct child *other = child->replaces ? find_child(sad, child->replaces) : NULL;
	struct line *line = other ? other->line : calloc(1, sizeof(*line));
	int err = line ? 0 : -ENOMEM;

	if (line && !line->children)
		err = take_numbers(sad, child, &line->numbers);
	if (err) {
		free(line);
		return err;
	}
	if (!line->children++)
		line->number = ++sad->lines;
	*out = line;
	return 0;
}

static void leave_line(struct rvl_sad *sad, struct line *line)
{
	if (--line->children)
		return;
	rvl_unique_give(sad->uniques, line->numbers.child);
	rvl_unique_give(sad->uniques, line->numbers.ike);
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
	if (find_child(sad, child->id))
		return rvl_backend_fail(error, -EEXIST, "this child SA is there already");
	if (!child->in.dst.family || child->in.dst.family != child->in.src.family)
		return rvl_backend_fail(error, -EOPNOTSUPP, "outer addresses of two families");
	return 0;
}

/* What it is made with, both SAs with what labels say of them. */
static int keep_sas(const struct rvl_sad *sad, struct child *c, const struct rvl_labelled *labelled,
		    struct rvl_sa_params *in, struct rvl_sa_params *out,
		    struct rvl_backend_error *error)
{
	char lacking[160];

	in->if_id = labelled->scopes.in.if_id;
	in->mark = labelled->sa_in;
	in->set_mark = labelled->set_in;
	out->if_id = labelled->scopes.out.if_id;
	out->mark = labelled->scopes.out.mark;
	out->set_mark = labelled->set_out;
	if (rvl_abilities_lack(&sad->can, in, lacking, sizeof(lacking)) ||
	    rvl_abilities_lack(&sad->can, out, lacking, sizeof(lacking)))
		return rvl_backend_fail(error, -EOPNOTSUPP, "the data path has no %s", lacking);
	c->out.kept = rvl_sa_keep(out);
	c->in.kept = rvl_sa_keep(in);
	return c->out.kept && c->in.kept ? 0 : rvl_backend_fail(error, -ENOMEM, "out of memory");
}

/* It has a line and what it was made with; -errno with *error set: it is to be freed. */
static int prepare_child(struct rvl_sad *sad, struct child *c, const struct rvl_child *child,
			 struct rvl_labelled *labelled, struct rvl_backend_error *error)
{
	struct rvl_sa_params in = child->in, out = child->out;
	int err = join_line(sad, child, &c->line);

	if (err == -ENOSPC)
		return rvl_backend_fail(error, err, "no unique number is left");
	if (err)
		return rvl_backend_fail(error, err, "out of memory");
	if (rvl_sad_group_join(sad, child->group, c))
		return rvl_backend_fail(error, -ENOMEM, "out of memory");
	if (c->group && !sad->can.per_cpu)
		return rvl_backend_fail(error, -EOPNOTSUPP,
					"the data path has no SAs of processors");
	c->id = child->id;
	c->cpu = child->cpu;
	c->offload = child->offload;
	if (rvl_labels_resolve(&child->labels, c->line->numbers, labelled))
		err = keep_sas(sad, c, labelled, &in, &out, error);
	else
		err = rvl_backend_fail(error, -ENOSPC, "no unique mark is left under its mask");
	OPENSSL_cleanse(&in, sizeof(in));
	OPENSSL_cleanse(&out, sizeof(out));
	return err;
}

/* It isn't among the children. */
static void drop_child(struct rvl_sad *sad, struct child *c)
{
	if (c->line)
		leave_line(sad, c->line);
	rvl_sad_group_leave(sad, c);
	free_child(c);
}

static int add_inbound(struct rvl_sad *sad, struct child *c, const struct rvl_selectors *selectors,
		       struct rvl_backend_error *error)
{
	struct rvl_sa_params in;
	int err;

	rvl_sa_kept(c->in.kept, &in);
	err = add_sa(sad, c, &in, error);
	OPENSSL_cleanse(&in, sizeof(in));
	if (err)
		return err;
	/* Until this is set, what the SA verifies is dropped; the peer doesn't know of it yet. */
	err = rvl_inbound_set_sa(sad->inbound, c->in.place.index, selectors);
	if (!err)
		return 0;
	rvl_sad_undo(sad, &c->in);
	forget_sa(sad, &c->in);
	return rvl_backend_fail(error, err, "out of memory");
}

int rvl_sad_child_inbound(struct rvl_sad *sad, const struct rvl_child *child,
			  struct rvl_backend_error *error)
{
	struct rvl_selectors selectors;
	struct rvl_labelled labelled;
	uint16_t scope = 0;
	struct child *c;
	int err = check_child(sad, child, error);

	if (err)
		return err;
	c = calloc(1, sizeof(*c));
	if (!c)
		return rvl_backend_fail(error, -ENOMEM, "out of memory");
	err = prepare_child(sad, c, child, &labelled, error);
	if (!err)
		err = rvl_sad_selectors(sad, &labelled.scopes, child->local_ts, child->remote_ts,
					&selectors, &scope, error);
	if (err)
		goto drop_child;
	HASH_ADD(hh, sad->children, id, sizeof(c->id), c);
	if (!c->hh.tbl) {
		err = rvl_backend_fail(error, -ENOMEM, "out of memory");
		goto drop_child;
	}
	/* The host may answer what comes in: not in clear. */
	err = rvl_flows_join(sad->flows, &c->claims, &selectors, child->owner, error);
	if (err)
		goto leave_table;
	err = add_inbound(sad, c, &selectors, error);
	if (err)
		goto part;
	rvl_scope_drop(sad->scopes, scope);
	return 0;

part:
	rvl_flows_part(sad->flows, &c->claims);
leave_table:
	HASH_DELETE(hh, sad->children, c);
drop_child:
	rvl_scope_drop(sad->scopes, scope);
	drop_child(sad, c);
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
	err = rvl_sad_group_share(sad, c, error);
	if (err)
		return err;
	err = rvl_flows_use(sad->flows, &c->claims, c->out.place.index, error);
	if (err) {
		rvl_sad_group_unshare(sad, c);
		return err;
	}
	/* Its flows are this one's by now; what this one hasn't got is left to others. */
	before = c->line->used;
	if (before && before != c) {
		stop_using(sad, before, &ignored);
		rvl_sad_group_unshare(sad, before);
	}
	rvl_sad_group_settle(sad, c);
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
	rvl_sad_group_part(c);
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
	drop_child(sad, c);
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

int rvl_sad_renew(struct rvl_sad *sad, struct sa *sa, const struct rvl_sa_params *params,
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
	/* Nor are those that a NIC has used since it told. */
	if (stats.late) {
		err = rvl_backend_fail(error, -ESTALE,
				       "its NIC doesn't tell which numbers it has used");
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
		err = rvl_sad_renew(sad, &c->out, params, skip, error);
	if (!err)
		err = rvl_flows_resume(sad->flows, &c->claims, c->out.place.index, error);
	return err;
}

/* Where the data path itself judges what arrives. */
static int shut_line(struct rvl_sad *sad, uint32_t line, bool shut, struct rvl_backend_error *error)
{
	const struct rvl_backend_ops *ops = sad->backend->ops;

	return ops->line_shut ? ops->line_shut(sad->backend, line, shut, error) : 0;
}

static int move_inbound(struct rvl_sad *sad, struct child *c, const struct rvl_sa_params *params,
			struct rvl_backend_error *error)
{
	struct rvl_inbound_flows *flows = rvl_inbound_take_sa(sad->inbound, c->in.place.index);
	struct rvl_backend_error later = {""};
	const uint32_t line = c->group ? c->group->number : c->line->number;
	int err = shut_line(sad, line, true, error), given, opened;

	if (!err)
		err = rvl_sad_renew(sad, &c->in, params, 0, error);
	/* Where it couldn't be moved it receives as before, if it is there. */
	opened = shut_line(sad, line, false, err ? &later : error);
	given = rvl_inbound_give_sa(sad->inbound, c->in.there ? c->in.place.index : RVL_BACKEND_ANY,
				    flows);
	if (!err && given)
		err = rvl_backend_fail(error, given, "out of memory");
	return err ? err : opened;
}

static bool same_way(const struct rvl_sa_params *a, const struct rvl_sa_params *b)
{
	return rvl_addr_equal(&a->src, &b->src) && rvl_addr_equal(&a->dst, &b->dst) &&
	       a->encap == b->encap && a->stream == b->stream && a->src_port == b->src_port &&
	       a->dst_port == b->dst_port;
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
	if (local->tcp && !sad->can.stream)
		return rvl_backend_fail(error, -EOPNOTSUPP, "the data path has no ESP in TCP");
	rvl_sa_kept(c->in.kept, &in);
	rvl_sa_kept(c->out.kept, &out);
	before = out;
	in.dst = out.src = ike_addr_ip(local);
	in.src = out.dst = ike_addr_ip(remote);
	in.encap = out.encap = encap;
	in.stream = out.stream = local->tcp;
	out.src_port = encap || local->tcp ? local->port : 0;
	out.dst_port = encap || local->tcp ? remote->port : 0;
	/* It is found by our address, and takes ESP from anywhere, mostly of both forms. What comes
	 * in TCP may be another data path's. */
	if (c->in.there && (!rvl_addr_equal(&in.dst, &before.src) || in.stream != before.stream ||
			    (sad->one_form && encap != before.encap)))
		err = move_inbound(sad, c, &in, error);
	if (!err && !same_way(&out, &before)) {
		rvl_sad_group_hold(sad, c);
		if (c->out.there)
			err = renew_outbound(sad, c, &out, RVL_SEQUENCE_MARGIN, error);
		else
			err = keep_again(&c->out, &out, error);
	}
	if (err) {
		stop_using(sad, c, &ignored);
		rvl_sad_group_unshare(sad, c);
	}
	rvl_sad_group_settle(sad, c);
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
	rvl_sad_group_hold(sad, c);
	err = renew_outbound(sad, c, &out,
			     packets > RVL_SEQUENCE_MARGIN ? packets : RVL_SEQUENCE_MARGIN, error);
	if (err) {
		stop_using(sad, c, &ignored);
		rvl_sad_group_unshare(sad, c);
	}
	rvl_sad_group_settle(sad, c);
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

const struct rvl_scopes *rvl_sad_child_scopes(const struct rvl_sad *sad, uint64_t id)
{
	const struct child *c = find_child(sad, id);

	return c ? rvl_scope_of(sad->scopes, rvl_flows_scope(&c->claims)) : NULL;
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
