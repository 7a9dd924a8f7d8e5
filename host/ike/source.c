/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where strangers come from: an IPv4 address, or the /64 of an IPv6 one, within which any host has
 * as many addresses as it likes (RFC 4291, section 2.5.4; RFC 8019, section 4.2). Half-open IKE SAs
 * are counted for each, and when there are as many as may be, the oldest one goes of who has the
 * most: one source can't keep others out, and who comes back soon has had his turn.
 */
#include <errno.h>
#include <stdlib.h>

#include "host/ike/sa.h"

static struct ike_addr prefix_of(const struct ike_addr *addr)
{
	struct ike_addr prefix = *addr;

	prefix.port = 0;
	if (prefix.family == 6)
		memset(prefix.ip + 8, 0, 8);
	return prefix;
}

bool ike_same_site(const struct ike_addr *a, const struct ike_addr *b)
{
	const struct ike_addr one = prefix_of(a), other = prefix_of(b);

	return ike_addr_same_ip(&one, &other);
}

static struct ike_source *find(const struct ike_engine *e, const struct ike_addr *prefix)
{
	struct ike_link *l = ike_table_first(&e->sources, ike_ip_hash(e, prefix));

	while (l && !ike_addr_equal(&IKE_OWNER(l, struct ike_source, by_prefix)->prefix, prefix))
		l = ike_table_next(l);
	return l ? IKE_OWNER(l, struct ike_source, by_prefix) : NULL;
}

/* NULL: it has no half-open IKE SA. */
const struct ike_source *ike_source_find(const struct ike_engine *e, const struct ike_addr *remote)
{
	struct ike_addr prefix = prefix_of(remote);

	return find(e, &prefix);
}

/* Is one of the very address half-open? */
bool ike_half_open_from(const struct ike_engine *e, const struct ike_addr *remote)
{
	const struct ike_source *s = ike_source_find(e, remote);
	const struct ike_sa *sa = s ? s->oldest : NULL;

	while (sa && !ike_addr_same_ip(&sa->path.remote, remote))
		sa = sa->links.newer;
	return sa;
}

/* Sources by how many half-open IKE SAs they have; those with very many are not told apart. */

static struct ike_source **rank_of(struct ike_engine *e, const struct ike_source *s)
{
	return &e->ranks[s->count < IKE_SOURCE_RANKS ? s->count : IKE_SOURCE_RANKS - 1];
}

static void enter_rank(struct ike_engine *e, struct ike_source *s)
{
	struct ike_source **rank = rank_of(e, s);

	s->at = rank;
	s->next = *rank;
	if (s->next)
		s->next->at = &s->next;
	*rank = s;
}

static void leave_rank(struct ike_source *s)
{
	*s->at = s->next;
	if (s->next)
		s->next->at = s->at;
}

static void append(struct ike_source *s, struct ike_sa *sa)
{
	sa->links.older = s->newest;
	sa->links.newer = NULL;
	*(s->newest ? &s->newest->links.newer : &s->oldest) = sa;
	s->newest = sa;
}

static void take_out(struct ike_source *s, struct ike_sa *sa)
{
	*(sa->links.older ? &sa->links.older->links.newer : &s->oldest) = sa->links.newer;
	*(sa->links.newer ? &sa->links.newer->links.older : &s->newest) = sa->links.older;
}

/* It is half-open, or counts as such. -ENOMEM. */
int ike_half_open_add(struct ike_engine *e, struct ike_sa *sa)
{
	struct ike_addr prefix = prefix_of(&sa->path.remote);
	struct ike_source *s;

	if (sa->links.source)
		return 0;
	s = find(e, &prefix);
	if (s) {
		leave_rank(s);
	} else {
		s = calloc(1, sizeof(*s));
		if (!s)
			return -ENOMEM;
		s->prefix = prefix;
		ike_table_add(&e->sources, &s->by_prefix, ike_ip_hash(e, &prefix));
	}
	sa->links.source = s;
	s->count++;
	enter_rank(e, s);
	append(s, sa);
	ike_half_open_link(e, sa);
	return 0;
}

void ike_half_open_remove(struct ike_engine *e, struct ike_sa *sa)
{
	struct ike_source *s = sa->links.source;

	if (!s)
		return;
	ike_half_open_computing(e, sa, false);
	ike_table_remove(&e->half_open, &sa->links.pending);
	sa->links.source = NULL;
	take_out(s, sa);
	leave_rank(s);
	if (--s->count) {
		enter_rank(e, s);
		return;
	}
	ike_table_remove(&e->sources, &s->by_prefix);
	free(s);
}

/* Is there a key exchange at work for it? */
void ike_half_open_computing(struct ike_engine *e, struct ike_sa *sa, bool computing)
{
	if (!sa->links.source || sa->links.computing == computing)
		return;
	sa->links.computing = computing;
	if (computing) {
		sa->links.source->computing++;
		e->computing++;
	} else {
		sa->links.source->computing--;
		e->computing--;
	}
}

/* Of who has the most, or about as many. NULL: nobody has any. */
static struct ike_source *largest(const struct ike_engine *e)
{
	for (unsigned rank = IKE_SOURCE_RANKS; rank-- > 0;) {
		if (e->ranks[rank])
			return e->ranks[rank];
	}
	return NULL;
}

/* Nothing is at work in it that others would have to be told of. */
static bool is_idle(const struct ike_sa *sa)
{
	return (!sa->in.task || !sa->in.task->resume) &&
	       (sa->state == IKE_STATE_HALF_OPEN || sa->state == IKE_STATE_REFUSED);
}

/* The oldest that may go; those passed over count as new. NULL: none. */
static struct ike_sa *find_victim(struct ike_source *s, bool also_solved)
{
	for (unsigned n = s->count; n; n--) {
		struct ike_sa *sa = s->oldest;

		if (is_idle(sa) && (also_solved || !sa->links.solved))
			return sa;
		take_out(s, sa);
		append(s, sa);
	}
	return NULL;
}

/*
 * Room for another one: of the source with the most, the oldest goes that hasn't solved a puzzle,
 * or else the oldest. False: something is at work in all of its.
 */
static bool evict(struct ike_engine *e)
{
	struct ike_source *s = largest(e);
	struct ike_sa *victim = s ? find_victim(s, false) : NULL;

	if (!victim && s)
		victim = find_victim(s, true);
	if (!victim)
		return false;
	e->stats.half_open_evicted++;
	ike_sa_down(e, victim, "others have come since");
	return true;
}

/* Is there room for another one, or can it be made? */
bool ike_half_open_room(struct ike_engine *e)
{
	return e->half_open.count < e->config.limits.half_open || evict(e);
}
