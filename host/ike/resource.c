/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Child SAs of one flow for a resource each, which is a processor (RFC 9611). The first one is for
 * all of them; when the data path has something to send on a processor that has none, one for that
 * follows. They are a group, and all of one IKE SA.
 *
 *   HDR, SK {SA, Ni, TSi, TSr, N(SA_RESOURCE_INFO)}       -->
 *                              <--  HDR, SK {SA, Nr, TSi, TSr, N(SA_RESOURCE_INFO)}
 *   HDR, SK {SA, Ni, TSi, TSr, N(SA_RESOURCE_INFO, cpu)}  -->
 *                              <--  HDR, SK {SA, Nr, TSi, TSr, N(SA_RESOURCE_INFO, cpu)}
 *                              <--  HDR, SK {N(TS_MAX_QUEUE)}
 *
 * Each side has its own processor for one; the other's number is for debugging alone (section 4).
 */
#include <errno.h>

#include "host/ike/sa.h"

/* Its flows are, or are about to be, in this group. */
static bool counts(const struct ike_child *c)
{
	return c->group && c->state <= IKE_CHILD_REKEYED;
}

struct ike_child *ike_resource_sibling(const struct ike_sa *sa, uint64_t group,
				       const struct ike_child *but)
{
	for (struct ike_child *c = sa->children; c; c = c->next) {
		if (c != but && counts(c) && c->group == group && c->state >= IKE_CHILD_INSTALLED)
			return c;
	}
	return NULL;
}

bool ike_resource_is_had(const struct ike_sa *sa, uint64_t group, uint32_t cpu)
{
	for (const struct ike_child *c = sa->children; c; c = c->next) {
		if (counts(c) && c->group == group && c->cpu == cpu)
			return true;
	}
	return false;
}

/* What the peer has said holds for all of a group, until it has one less. */
void ike_resource_set_full(struct ike_sa *sa, uint64_t group, bool full)
{
	for (struct ike_child *c = sa->children; c; c = c->next) {
		if (c->group == group)
			c->full = full;
	}
}

/* Ours: is it asked for as one of several? A rekeying says nothing. */
void ike_resource_offer(struct ike_child *child)
{
	child->resource = child->config->policy.per_cpu && !child->predecessor;
}

void ike_resource_write(struct ike_builder *b, const struct ike_child *child)
{
	static const struct ike_slice none;
	uint8_t octets[4];
	struct ike_writer w = ike_writer(octets, sizeof(octets));

	if (!child->resource)
		return;
	if (child->cpu != RVL_CPU_ANY)
		ike_put_u32(&w, child->cpu);
	ike_write_notify(b, 0, none, IKE_N_SA_RESOURCE_INFO, ike_written(&w));
}

static bool says(const struct ike_in *in)
{
	struct ike_notify n;

	return ike_find_notify(&in->payloads, IKE_N_SA_RESOURCE_INFO, &n);
}

/* One that has the same flows, or is about to. */
static struct ike_child *beside(const struct ike_child *child)
{
	for (struct ike_child *c = child->sa->children; c; c = c->next) {
		if (c != child && counts(c) && c->state >= IKE_CHILD_INSTALLING &&
		    ike_child_is_within(c, child) && ike_child_is_within(child, c))
			return c;
	}
	return NULL;
}

/* at_all: nor is one of ours asked for that may come to nothing. */
static bool is_free(const struct ike_child *child, uint64_t group, uint32_t cpu, bool at_all)
{
	for (const struct ike_child *c = child->sa->children; c; c = c->next) {
		if (c != child && counts(c) && c->group == group && c->cpu == cpu &&
		    (at_all || c->state > IKE_CHILD_REQUESTED))
			return false;
	}
	return true;
}

/* Responder: whose a new one is. 0, or the notify that says why it can't be. */
uint16_t ike_resource_accept(const struct ike_engine *e, struct ike_child *child,
			     const struct ike_in *in)
{
	const struct ike_child *other = beside(child);
	uint64_t group = other ? other->group : child->id;

	child->resource = child->config->policy.per_cpu && says(in);
	if (!child->resource)
		return 0;
	if (is_free(child, group, RVL_CPU_ANY, false)) {
		child->group = group;
		return 0;
	}
	/* Where both ask at once and there is room for one, it is the initiator's. */
	for (int at_all = 1; at_all >= child->sa->initiator; at_all--) {
		for (uint32_t cpu = 0; cpu < e->config.processors; cpu++) {
			if (!is_free(child, group, cpu, at_all))
				continue;
			child->group = group;
			child->cpu = cpu;
			return 0;
		}
	}
	return IKE_N_TS_MAX_QUEUE;
}

/* Initiator: has the peer agreed? False: it has made of one for a processor one more for all. */
bool ike_resource_complete(struct ike_engine *e, struct ike_child *child, const struct ike_in *in)
{
	if (!child->resource)
		return true;
	if (says(in)) {
		if (!child->group)
			child->group = child->id;
		return true;
	}
	if (child->group)
		return false;
	ike_log(e, IKE_LOG_INFO, child->sa,
		"child %s: the peer has one for all processors (no SA_RESOURCE_INFO)",
		child->config->name);
	return true;
}

int ike_want_resource(struct ike_engine *e, uint64_t now, uint64_t child_id, uint32_t cpu)
{
	const struct ike_child *child = ike_child_find_id(e, child_id);
	struct ike_ask ask = {.cpu = cpu};
	struct ike_sa *sa;

	e->now = now;
	if (!child || !child->group)
		return -ENOENT;
	sa = child->sa;
	ask.group = child->group;
	if (ike_resource_is_had(sa, ask.group, cpu))
		return -EISCONN;
	child = ike_resource_sibling(sa, ask.group, NULL);
	if (!child || sa->state != IKE_STATE_ESTABLISHED || ike_sa_ending(sa) || e->stopping ||
	    ike_sa_is_renewed(e, sa))
		return -EBUSY;
	if (ike_sa_is_full(sa) || (cpu != RVL_CPU_ANY && child->full))
		return -ENOSPC;
	if (ike_child_resource_is_queued(sa, ask.group, cpu))
		return -EALREADY;
	if (!ike_child_queue(e, sa, child->config, &ask))
		return -ENOMEM;
	ike_sa_advance(e, sa, now);
	ike_reap(e);
	return 0;
}
