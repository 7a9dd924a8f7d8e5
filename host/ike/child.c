/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of a Child SA. The data path makes it in three steps, each a job: receive, have ready to
 * send, lead the flows there.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/ike/sa.h"

static void job_done(struct ike_engine *e, struct ike_waiter *waiter, uint64_t now,
		     struct ike_job *job);

struct ike_child *ike_child_new(struct ike_engine *e, struct ike_sa *sa,
				const struct ike_child_config *config, const struct ike_child *old)
{
	struct ike_child *child;
	uint32_t spi;

	if (sa->child_count == IKE_CHILDREN_MAX)
		return NULL;
	spi = e->config.alloc_spi(e->config.context, old ? old->spi_in : 0);
	if (!spi)
		return NULL;
	child = calloc(1, sizeof(*child));
	if (!child || ike_timers_reserve(e, IKE_CHILD_TIMERS)) {
		free(child);
		e->config.release_spi(e->config.context, spi);
		return NULL;
	}
	child->id = ++e->last_id;
	child->sa = sa;
	child->config = config;
	child->spi_in = spi;
	child->cpu = RVL_CPU_ANY;
	if (old) { /* RFC 9611, section 4: the same resource, whatever a rekeying says of it */
		child->group = old->group;
		child->cpu = old->cpu;
		child->full = old->full;
	}
	/* Until the answer says which of those that were offered: what its SPI is said to be of. */
	child->suite.protocol =
		config->proposal_count ? config->proposals[0].protocol : IKE_PROTO_ESP;
	child->waiter.done = job_done;
	for (unsigned i = 0; i < IKE_CHILD_TIMERS; i++)
		child->timers[i] = (struct ike_timer){.at = IKE_NEVER,
						      .kind = (uint8_t)(IKE_TIMER_CHILD_REKEY + i)};
	child->next = sa->children;
	sa->children = child;
	sa->child_count++;
	ike_child_link(e, child);
	ike_timer_set(e, &sa->timers[IKE_TIMER_CHILDLESS], IKE_NEVER);
	return child;
}

static void erase_keys(struct ike_child *child)
{
	if (child->keys)
		OPENSSL_cleanse(child->keys, 2 * sizeof(*child->keys));
	free(child->keys);
	child->keys = NULL;
}

/* Without a word to anybody. */
void ike_child_free(struct ike_engine *e, struct ike_child *child)
{
	ike_waiter_cancel(e, &child->waiter);
	ike_timers_release(e, child->timers, IKE_CHILD_TIMERS);
	ike_child_unlink(e, child);
	ike_action_free(child->remove);
	erase_keys(child);
	free(child->original);
	free(child->local_ts);
	free(child->remote_ts);
	free(child);
}

/* Instead of those that it has. Returns 0, or -ENOMEM: it has some as before. */
int ike_child_set_ts(struct ike_child *child, const struct ike_ts_list *local,
		     const struct ike_ts_list *remote)
{
	struct ike_ts_kept *local_ts = ike_ts_keep(local), *remote_ts = ike_ts_keep(remote);

	if (!local_ts || !remote_ts) {
		free(local_ts);
		free(remote_ts);
		return -ENOMEM;
	}
	free(child->local_ts);
	free(child->remote_ts);
	child->local_ts = local_ts;
	child->remote_ts = remote_ts;
	return 0;
}

struct ike_child_change ike_child_change(const struct ike_engine *e, const struct ike_child *child)
{
	return (struct ike_child_change){
		.child_id = child->id,
		.spi_in = child->spi_in,
		.spi_out = child->spi_out,
		.encap = ike_path_encap(e, &child->sa->path),
		.local = child->sa->path.local,
		.remote = child->sa->path.remote,
	};
}

static struct ike_timer *timer_of(struct ike_child *child, enum ike_timer_kind kind)
{
	return &child->timers[kind - IKE_TIMER_CHILD_REKEY];
}

static struct ike_child *alive(const struct ike_engine *e, uint64_t id)
{
	struct ike_child *child = id ? ike_child_find_id(e, id) : NULL;

	return child && child->state != IKE_CHILD_LINGERING ? child : NULL;
}

static bool within(const struct ike_ts_kept *part, const struct ike_ts_kept *whole)
{
	const struct ike_ts_list a = ike_ts_kept(part), b = ike_ts_kept(whole);

	return ike_ts_subset(&a, &b);
}

bool ike_child_is_within(const struct ike_child *part, const struct ike_child *whole)
{
	return part->config == whole->config && within(part->local_ts, whole->local_ts) &&
	       within(part->remote_ts, whole->remote_ts);
}

static void up(struct ike_engine *e, struct ike_child *child, uint64_t now);

/* Are flows led there, or going to be? The data path may have done it before its answer is here. */
static bool is_for_use(const struct ike_child *c)
{
	return c->state <= IKE_CHILD_REKEYED &&
	       (c->used || (c->waiter.token && c->wanted == IKE_LEVEL_USE));
}

static bool leads(const struct ike_child *c, const struct ike_child *child)
{
	return c != child && is_for_use(c) && ike_child_is_within(child, c);
}

static bool has_leader(const struct ike_sa *sa, const struct ike_child *child)
{
	for (const struct ike_child *c = sa->children; c; c = c->next) {
		if (leads(c, child))
			return true;
	}
	return false;
}

/* Does another one with this peer, of whatever IKE SA, have its flow? */
bool ike_child_has_other(const struct ike_engine *e, const struct ike_child *child)
{
	const struct ike_sa *sa = NULL;

	if (has_leader(child->sa, child))
		return true;
	while ((sa = ike_peer_same(e, child->sa, sa))) {
		if (has_leader(sa, child))
			return true;
	}
	return false;
}

/* Up beside one that has its flow, and not led to before the peer is known to have it. */
static bool waits(const struct ike_child *child)
{
	return child->level == IKE_LEVEL_OUTBOUND && child->state >= IKE_CHILD_INSTALLED &&
	       child->state <= IKE_CHILD_REKEYED;
}

/*
 * Responder: the peer is about to be told of a new one. The flow is led there before, so that what
 * the peer sends at once is answered; where another has it, later. Returns 0 or -ENOMEM.
 */
int ike_child_lead(struct ike_engine *e, struct ike_child *child, uint64_t now)
{
	return ike_child_has_other(e, child) ? 0
					     : ike_child_bring(e, child, now, IKE_LEVEL_USE, NULL);
}

/* Look whether the peer sends on it: soon, and ever more seldom. */
static void listen_later(struct ike_engine *e, struct ike_child *child, uint64_t now)
{
	uint64_t age = now - child->installed_at;

	ike_timer_set(e, timer_of(child, IKE_TIMER_CHILD_CONFIRM),
		      now + (age > IKE_CONFIRM_MS ? age : IKE_CONFIRM_MS));
}

/* No other one takes over before it: it is up, and has its flow unless another one has that. */
static void stand(struct ike_engine *e, struct ike_child *child, uint64_t now)
{
	if (child->waiter.token || child->state != IKE_CHILD_INSTALLING)
		return;
	up(e, child, now);
	if (!ike_child_has_other(e, child))
		ike_child_replaced(e, child, now);
}

/*
 * The peer has been told. Where both have replaced the same one, and ours was faster, it is for the
 * peer to delete this; if it doesn't, this is one more.
 */
void ike_child_told(struct ike_engine *e, struct ike_child *child, uint64_t now)
{
	if (child->predecessor && has_leader(child->sa, child)) {
		ike_timer_set(e, timer_of(child, IKE_TIMER_CHILD_CONFIRM), now + IKE_LINGER_MS);
		return;
	}
	stand(e, child, now);
	child->installed_at = now;
	listen_later(e, child, now);
}

/*
 * The peer has what it was told of by then: a further request of its shows that it has the answer
 * to the one before, and so does, well after, the answer to a request of ours.
 */
void ike_child_confirm(struct ike_engine *e, struct ike_sa *sa, uint64_t told_by, uint64_t now)
{
	bool news = false;

	for (struct ike_child *child = sa->children; child; child = child->next) {
		if (child->level < IKE_LEVEL_OUTBOUND || child->installed_at > told_by)
			continue;
		news |= !child->confirmed;
		child->confirmed = true;
	}
	if (!news)
		return;
	if (ike_sa_has_lost(e, sa)) {
		ike_sa_lost(e, sa, now);
		return;
	}
	for (struct ike_child *child = sa->children; child; child = child->next) {
		if (waits(child))
			ike_child_replaced(e, child, now);
	}
	ike_sa_won(e, sa, now);
}

/* So is it when its traffic comes. Where a flow waits for that for long, the peer is asked. */
void ike_child_listen(struct ike_engine *e, struct ike_child *child, uint64_t now)
{
	if (child->state == IKE_CHILD_INSTALLING) {
		child->predecessor = 0;
		stand(e, child, now);
	}
	if (child->confirmed || child->state > IKE_CHILD_REKEYED)
		return;
	if (e->config.heard && e->config.heard(e->config.context, child->id)) {
		ike_child_confirm(e, child->sa, now, now);
		return;
	}
	listen_later(e, child, now);
	if (waits(child) && now - child->installed_at > e->config.job_timeout_ms) {
		ike_liveness_check(e, child->sa);
		ike_sa_advance(e, child->sa, now);
	}
}

/*
 * How likely is it that the peer has it? It has if that is known, and surely begins to make it if
 * it has said anything in its IKE SA since it was told; of what isn't heard of for long it may
 * never have had the answer, and have given up.
 */
static unsigned likelihood(const struct ike_engine *e, const struct ike_child *child)
{
	const struct ike_sa *sa = child->sa;
	/* The answer that tells of the first one may have waited for other things than that. */
	uint64_t told_at =
		sa->established_at > child->installed_at ? sa->established_at : child->installed_at;
	uint64_t age = e->now - told_at;

	if (child->confirmed)
		return 3;
	if (sa->last_heard_at > told_at)
		return 2;
	if (sa->out.task && sa->out.tries > 1)
		return 0; /* it is asked, and doesn't answer */
	return age <= e->config.job_timeout_ms && age <= ike_patience(sa->conn);
}

/* Who had the flow last; or of those that never had, the one that the peer is likelier to have. */
static bool is_nearer(const struct ike_engine *e, const struct ike_child *a,
		      const struct ike_child *b)
{
	unsigned of_a = likelihood(e, a), of_b = likelihood(e, b);

	if (a->used != b->used)
		return a->used > b->used;
	return of_a != of_b ? of_a > of_b : a->id < b->id;
}

/* One of another IKE SA with this peer that has its flow, or is about to. */
static struct ike_child *heir_of(const struct ike_engine *e, const struct ike_child *child)
{
	const struct ike_sa *sa = child->sa;
	struct ike_child *heir = NULL;
	struct ike_sa *other = NULL;

	while ((other = ike_peer_same(e, sa, other))) {
		for (struct ike_child *c = other->children;
		     c && other != sa && !ike_sa_ending(other); c = c->next) {
			if ((leads(c, child) || (waits(c) && ike_child_is_within(child, c))) &&
			    (!heir || is_nearer(e, c, heir)))
				heir = c;
		}
	}
	return heir;
}

/* What waits beside one that is about to be taken out has its flow; of several, the nearest. */
static void lead_next(struct ike_engine *e, const struct ike_sa *gone, uint64_t now)
{
	struct ike_sa *sa = NULL;

	while ((sa = ike_peer_same(e, gone, sa))) {
		for (struct ike_child *child = sa->children; child; child = child->next) {
			struct ike_child *heir;

			if (!waits(child) || ike_child_has_other(e, child))
				continue;
			heir = heir_of(e, child);
			ike_child_replaced(e, heir && is_nearer(e, heir, child) ? heir : child,
					   now);
		}
	}
}

/* Does its end leave the flow without a Child SA, be it one that is being made in its IKE SA? */
static bool is_missed(const struct ike_engine *e, const struct ike_child *child)
{
	const struct ike_sa *sa = child->sa, *other = NULL;

	if (child->state == IKE_CHILD_LINGERING || ike_sa_find_id(e, sa->renews))
		return false;
	for (const struct ike_child *c = sa->children; c; c = c->next) {
		if (c != child && c->state >= IKE_CHILD_INSTALLING &&
		    c->state <= IKE_CHILD_REKEYED && ike_child_is_within(child, c))
			return false;
	}
	while ((other = ike_peer_same(e, sa, other))) {
		for (const struct ike_child *c = other->children; c && other != sa; c = c->next) {
			if (c->state >= IKE_CHILD_INSTALLED && c->state <= IKE_CHILD_REKEYED &&
			    ike_child_is_within(child, c))
				return false;
		}
	}
	return true;
}

/* The successor has gone before its time: the old one goes on, and another is made soon. */
static void carry_on(struct ike_engine *e, struct ike_child *old, uint64_t now)
{
	old->successor = 0;
	if (old->state != IKE_CHILD_REKEYED)
		return;
	old->state = IKE_CHILD_INSTALLED;
	ike_child_later(e, old, now);
}

/* It was said to be down: what was to replace it is a Child SA of its own. */
static void forget_predecessor(const struct ike_child *gone)
{
	for (struct ike_child *c = gone->sa->children; c; c = c->next) {
		if (c->predecessor == gone->id)
			c->predecessor = 0;
	}
}

/* Whoever waits for the data path to make it is told. No reason: it isn't down, something takes its
 * place. */
void ike_child_remove(struct ike_engine *e, struct ike_child *child, uint64_t now,
		      const char *reason)
{
	struct ike_child *old = alive(e, child->predecessor);
	struct ike_job deleted = {.error = -ECANCELED,
				  .reason = "it was deleted while it was made"};
	struct ike_sa *sa = child->sa;
	struct ike_child **at = &sa->children;
	struct ike_task *task = child->task;

	while (*at != child)
		at = &(*at)->next;
	*at = child->next;
	sa->child_count--;
	if (child->group && !ike_resource_is_had(sa, child->group, child->cpu))
		ike_resource_set_full(sa, child->group, false); /* there is room again */
	lead_next(e, sa, now);
	if (child->remove) {
		child->remove->removed.child_id = child->id;
		child->remove->removed.spi_in = child->spi_in;
		ike_action_queue(e, child->remove);
		child->remove = NULL;
	} else {
		e->config.release_spi(e->config.context, child->spi_in);
	}
	if (reason && is_missed(e, child)) {
		ike_emit_event(e, IKE_ACTION_CHILD_DOWN, sa, child, reason);
		forget_predecessor(child);
	}
	if (old && old->successor == child->id)
		carry_on(e, old, now);
	ike_child_free(e, child);
	/* Without a Child SA it is good for nothing, unless one is negotiated soon. */
	if (!sa->children && !sa->childless && sa->state == IKE_STATE_ESTABLISHED)
		ike_timer_set(e, &sa->timers[IKE_TIMER_CHILDLESS], now + IKE_CHILDLESS_MS);
	if (task && sa->state != IKE_STATE_DEAD)
		ike_task_resume(e, task, now, &deleted);
}

static void linger(struct ike_engine *e, struct ike_child *child, uint64_t now)
{
	child->state = IKE_CHILD_LINGERING;
	child->wanted = IKE_LEVEL_NONE; /* a job that is out is the last */
	ike_timer_set(e, timer_of(child, IKE_TIMER_CHILD_REKEY), IKE_NEVER);
	ike_timer_set(e, timer_of(child, IKE_TIMER_CHILD_CONFIRM), IKE_NEVER);
	ike_timer_set(e, timer_of(child, IKE_TIMER_CHILD_LIFE), now + IKE_LINGER_MS);
}

/* Led there and not elsewhere since: or does nothing that stays have its flow? */
static bool has_it_last(const struct ike_engine *e, const struct ike_child *child)
{
	struct ike_sa *sa = NULL;

	while ((sa = ike_peer_same(e, child->sa, sa))) {
		for (const struct ike_child *c = sa->children; c; c = c->next) {
			if (leads(c, child) && c->used > child->used)
				return false;
		}
	}
	return true;
}

static void lead_again(struct ike_engine *e, struct ike_child *child, uint64_t now)
{
	if (child->level == IKE_LEVEL_USE && !child->waiter.token)
		child->level = IKE_LEVEL_OUTBOUND;
	ike_child_replaced(e, child, now);
}

/* What had the flow goes: it is led to the one that takes over, again if it was there before. */
static void hand_over(struct ike_engine *e, const struct ike_child *gone, struct ike_child *next,
		      uint64_t now)
{
	if (has_it_last(e, gone))
		lead_again(e, next, now);
}

/* It is about to be deleted. What can be led elsewhere is, before the peer forgets it. */
void ike_child_yield(struct ike_engine *e, struct ike_child *child, uint64_t now)
{
	struct ike_child *heir = child->used ? heir_of(e, child) : NULL;

	if (heir)
		hand_over(e, child, heir, now);
}

/*
 * Its IKE SA goes down. Where another one has its flow, it goes on receiving for a while there, as
 * one that is rekeyed does: packets of the peer's may still be on their way. False: there is none.
 */
bool ike_child_linger_on(struct ike_engine *e, struct ike_child *child, uint64_t now)
{
	struct ike_child *heir = child->level > IKE_LEVEL_NONE ? heir_of(e, child) : NULL;
	struct ike_sa *sa = child->sa;

	if (!heir)
		return false;
	sa->children = child->next;
	sa->child_count--;
	child->sa = heir->sa;
	child->task = NULL;
	child->next = heir->next;
	heir->next = child;
	heir->sa->child_count++;
	if (child->state != IKE_CHILD_LINGERING)
		linger(e, child, now);
	hand_over(e, child, heir, now);
	return true;
}

/*
 * Who is to take over. Where ours came to nothing, the peer may have made another at the same time.
 */
struct ike_child *ike_child_successor(const struct ike_engine *e, const struct ike_child *child)
{
	struct ike_child *next = alive(e, child->successor);

	for (struct ike_child *c = child->sa->children; c && !next; c = c->next) {
		if (c->predecessor == child->id && c->level == IKE_LEVEL_OUTBOUND &&
		    c->state < IKE_CHILD_DELETING)
			next = c;
	}
	return next;
}

/*
 * Both sides have said that it is over. One whose flow another has goes on receiving for a while:
 * packets of the peer's may still be on their way.
 */
void ike_child_retire(struct ike_engine *e, struct ike_child *child, uint64_t now,
		      const char *reason)
{
	struct ike_child *next = ike_child_successor(e, child);

	if (!next && child->level > IKE_LEVEL_NONE)
		next = heir_of(e, child);
	if (!next) {
		ike_child_remove(e, child, now, reason);
		return;
	}
	linger(e, child, now);
	hand_over(e, child, next, now);
	if (next->level != IKE_LEVEL_OUTBOUND || next->waiter.token || next->task)
		return;
	/* Its flow is elsewhere: it waits for its turn. */
	up(e, next, now);
	listen_later(e, next, now);
}

/* Its predecessor is gone: the peer sends on this one, so we may as well. */
void ike_child_replaced(struct ike_engine *e, struct ike_child *child, uint64_t now)
{
	if (child->level != IKE_LEVEL_OUTBOUND || child->waiter.token || child->task ||
	    (ike_sa_ending(child->sa) && ike_child_has_other(e, child)))
		return;
	if (ike_child_bring(e, child, now, IKE_LEVEL_USE, NULL))
		ike_delete_child(e, child, "out of memory");
}

/* Another try after one that came to nothing, not at once and not at the peer's very moment. */
void ike_child_later(struct ike_engine *e, struct ike_child *child, uint64_t now)
{
	ike_timer_set(e, timer_of(child, IKE_TIMER_CHILD_REKEY),
		      now + IKE_RETRY_MS + ike_jitter(e, IKE_RETRY_RAND_MS));
}

void ike_child_rekey(struct ike_engine *e, struct ike_child *child, uint64_t now)
{
	struct ike_sa *sa = child->sa;
	struct ike_task *task;

	if (child->state != IKE_CHILD_INSTALLED || ike_sa_ending(sa) ||
	    ike_child_rekey_is_queued(child))
		return;
	task = ike_task_queue(e, sa, IKE_EXCHANGE_REKEY_CHILD);
	if (!task) {
		ike_child_later(e, child, now);
		return;
	}
	IKE_OWNER(task, struct ike_create_task, task)->config = child->config;
	IKE_OWNER(task, struct ike_create_task, task)->old_id = child->id;
	ike_sa_advance(e, sa, now);
}

/*
 * Its time for another try, or for its rekeying, has come. What another IKE SA has by now isn't
 * asked for any more, but to be had in the place of that.
 */
void ike_child_due(struct ike_engine *e, struct ike_child *child, uint64_t now)
{
	if (child->state != IKE_CHILD_REQUESTED) {
		ike_child_rekey(e, child, now);
		return;
	}
	if (!child->sa->renews && heir_of(e, child)) {
		ike_child_remove(e, child, now, NULL);
		return;
	}
	if (!ike_child_ask_again(e, child))
		ike_child_later(e, child, now);
	ike_sa_advance(e, child->sa, now);
}

void ike_child_expired(struct ike_engine *e, struct ike_child *child, uint64_t now)
{
	struct ike_sa *sa = child->sa;

	if (child->state == IKE_CHILD_LINGERING) {
		ike_child_remove(e, child, now, "replaced");
		return;
	}
	ike_delete_child(e, child, "its lifetime is over");
	ike_sa_advance(e, sa, now);
}

/*
 * Derive both directions' keys from what the exchange gave (section 2.17); shared NULL: it had no
 * key exchange. Returns 0 or a negative errno.
 */
int ike_child_derive(struct ike_child *child, const struct ike_secret *shared, struct ike_slice ni,
		     struct ike_slice nr, bool initiator)
{
	struct ike_sa *sa = child->sa;
	int err;

	child->keys = calloc(2, sizeof(*child->keys));
	if (!child->keys)
		return -ENOMEM;
	err = ike_keys_derive_child(sa->suite.prf, &sa->keys, &child->suite, shared, ni, nr,
				    &child->keys[initiator ? IKE_OUT : IKE_IN],
				    &child->keys[initiator ? IKE_IN : IKE_OUT]);
	if (err)
		erase_keys(child);
	return err;
}

static int describe(const struct ike_child *child, struct ike_job *job)
{
	struct ike_child_job *step = &job->child;
	const struct ike_sa *sa = child->sa;

	step->child_id = child->id;
	step->ike_id = sa->id;
	strcpy(step->connection, sa->conn->name);
	strcpy(step->child, child->config->name);
	step->local = sa->path.local;
	step->remote = sa->path.remote;
	if (job->type == IKE_JOB_CHILD_OUTBOUND)
		return 0;
	step->local_ts = ike_ts_keep_again(child->local_ts);
	step->remote_ts = ike_ts_keep_again(child->remote_ts);
	return step->local_ts && step->remote_ts ? 0 : -ENOMEM;
}

/* What only the first step needs: all that the data path has to know. */
static void hand_out(const struct ike_engine *e, const struct ike_child *child,
		     struct ike_child_job *job)
{
	job->replaces = child->predecessor;
	job->encap = ike_path_encap(e, &child->sa->path);
	job->suite = child->suite;
	job->mode = child->mode;
	if (child->original)
		job->original = *child->original;
	job->tfc = child->tfc;
	job->spi_in = child->spi_in;
	job->spi_out = child->spi_out;
	job->keys_in = child->keys[IKE_IN];
	job->keys_out = child->keys[IKE_OUT];
	job->policy = child->config->policy;
	job->group = child->group;
	job->cpu = child->cpu;
	job->line = child->sa->begun_spi;
}

/*
 * The next step of the data path. The CHILD_REMOVE is made before the first: later there may be no
 * memory for it.
 */
static int next_step(struct ike_engine *e, struct ike_child *child, uint64_t now)
{
	static const enum ike_job_type types[] = {
		[IKE_LEVEL_NONE] = IKE_JOB_CHILD_INBOUND,
		[IKE_LEVEL_INBOUND] = IKE_JOB_CHILD_OUTBOUND,
		[IKE_LEVEL_OUTBOUND] = IKE_JOB_CHILD_USE,
	};
	struct ike_job *job = ike_job_new(e, types[child->level]);

	if (!job)
		return -ENOMEM;
	if (describe(child, job)) {
		ike_job_free(job);
		return -ENOMEM;
	}
	if (child->level == IKE_LEVEL_NONE) {
		hand_out(e, child, &job->child);
		ike_child_link_outbound(e, child);
	}
	if (!child->remove)
		child->remove = ike_action_new(e, IKE_ACTION_CHILD_REMOVE);
	if (!child->remove) {
		ike_job_free(job);
		return -ENOMEM;
	}
	if (ike_job_send(e, child->sa, &child->waiter, now, job)) {
		if (child->level == IKE_LEVEL_NONE) {
			ike_action_free(child->remove);
			child->remove = NULL;
		}
		return -ENOMEM;
	}
	if (child->level == IKE_LEVEL_OUTBOUND)
		child->used = ++e->last_use;
	erase_keys(child);
	if (child->state == IKE_CHILD_REQUESTED)
		child->state = IKE_CHILD_INSTALLING;
	return 0;
}

/*
 * Have the data path come as far as `level`. `task` is resumed then, or when it refuses; without
 * one, a refused Child SA is deleted. Returns 0, -ENOMEM, or -EADDRNOTAVAIL: its IKE SA has moved
 * meanwhile to where it can't be. Then nothing is on its way.
 */
int ike_child_bring(struct ike_engine *e, struct ike_child *child, uint64_t now,
		    enum ike_child_level level, struct ike_task *task)
{
	const char *misplaced =
		child->level == IKE_LEVEL_NONE ? ike_child_misplaced(e, child) : NULL;
	int err = misplaced ? -EADDRNOTAVAIL : next_step(e, child, now);

	if (misplaced)
		ike_log(e, IKE_LOG_WARNING, child->sa, "child %s: %s", child->config->name,
			misplaced);
	if (!err) {
		child->wanted = level;
		child->task = task;
	}
	return err;
}

static void up(struct ike_engine *e, struct ike_child *child, uint64_t now)
{
	const struct ike_child_config *config = child->config;
	struct ike_action *a;

	if (child->state != IKE_CHILD_INSTALLING)
		return;
	child->state = IKE_CHILD_INSTALLED;
	child->installed_at = now;
	if (config->rekey_ms)
		ike_timer_set(e, timer_of(child, IKE_TIMER_CHILD_REKEY),
			      now + config->rekey_ms - ike_jitter(e, config->rand_ms));
	if (config->life_ms)
		ike_timer_set(e, timer_of(child, IKE_TIMER_CHILD_LIFE), now + config->life_ms);
	if (child->predecessor) {
		a = ike_emit_event(e, IKE_ACTION_CHILD_REKEYED, child->sa, child, NULL);
		if (a)
			a->event.old_id = child->predecessor;
		child->predecessor = 0;
	} else {
		ike_emit_event(e, IKE_ACTION_CHILD_UP, child->sa, child, NULL);
		ike_sa_renewal_adds(e, child, now);
	}
}

/* While its flow was being led there, it was led on to one that goes by now. */
static bool is_passed_by(const struct ike_engine *e, const struct ike_child *child)
{
	bool passed = false;
	struct ike_sa *sa = NULL;

	while ((sa = ike_peer_same(e, child->sa, sa))) {
		for (const struct ike_child *c = sa->children; c; c = c->next) {
			if (c->used <= child->used || !ike_child_is_within(child, c))
				continue;
			if (c->state <= IKE_CHILD_REKEYED && !ike_sa_ending(sa))
				return false;
			passed = true;
		}
	}
	return passed && !ike_sa_ending(child->sa);
}

static const char *refusal(const struct ike_job *job)
{
	if (*job->reason)
		return job->reason;
	return job->error == -ETIMEDOUT ? "the data path did not answer"
					: "the data path refused the Child SA";
}

static void job_done(struct ike_engine *e, struct ike_waiter *waiter, uint64_t now,
		     struct ike_job *job)
{
	struct ike_child *child = IKE_OWNER(waiter, struct ike_child, waiter);
	struct ike_task *task = child->task;
	struct ike_sa *sa = child->sa;
	char reason[IKE_REASON_MAX];

	if (!job->error) {
		child->level++;
		if (child->wanted == IKE_LEVEL_USE && ike_sa_ending(sa))
			child->wanted = IKE_LEVEL_INBOUND; /* no flow is led to what goes */
		if (child->level < child->wanted)
			job->error = next_step(e, child, now);
		if (!job->error && child->level < child->wanted)
			return;
	}
	child->task = NULL;
	if (job->error) {
		snprintf(reason, sizeof(reason), "%s", refusal(job));
		snprintf(job->reason, sizeof(job->reason), "%s", reason);
		ike_log(e, IKE_LOG_ERROR, sa, "child %s: %s", child->config->name, job->reason);
		child->used = 0; /* the flow is where it was */
	} else if (child->level == IKE_LEVEL_USE) {
		up(e, child, now);
		child->confirmed |= task != NULL; /* ours: it has answered */
		if (is_passed_by(e, child))
			lead_again(e, child, now);
	}
	if (!job->error && child->level == IKE_LEVEL_USE && child->confirmed) {
		ike_sa_renewed(e, sa, now);
		ike_sa_won(e, sa, now);
	}
	if (task) {
		ike_task_resume(e, task, now, job);
	} else if (job->error) {
		ike_delete_child(e, child, job->reason);
		ike_sa_advance(e, sa, now);
	}
}
