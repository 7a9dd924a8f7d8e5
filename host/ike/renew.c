/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Renewal: another IKE SA from IKE_SA_INIT on, with all Child SAs that one has, and then its end
 * (RFC 7296, section 2.8.3). Make before break: the flows are on the new one when the old one goes.
 * It is how identities are proven anew (reauth_time), and how a peer that makes nothing in an IKE
 * SA after its first Child SA is kept up with (NO_ADDITIONAL_SAS, section 1.3).
 *
 * Meanwhile nothing is rekeyed in the old one: a successor there would take the flow back.
 */
#include <errno.h>

#include "host/ike/sa.h"

static struct ike_sa *renewal_of(const struct ike_engine *e, const struct ike_sa *sa)
{
	struct ike_sa *made = sa->renewal ? ike_sa_find_id(e, sa->renewal) : NULL;

	return made && made->renews == sa->id ? made : NULL;
}

bool ike_sa_is_renewed(const struct ike_engine *e, const struct ike_sa *sa)
{
	return renewal_of(e, sa);
}

static bool is_idle(const struct ike_sa *sa)
{
	return !sa->out.task && !sa->out.queue && !sa->in.task && !ike_sa_is_busy(sa);
}

static bool counts(const struct ike_child *child)
{
	return child->state < IKE_CHILD_DELETING;
}

/* Nor is a successor waiting for its predecessor to go. */
static bool is_settled(const struct ike_sa *sa)
{
	for (const struct ike_child *child = sa->children; child; child = child->next) {
		if (counts(child) && child->state != IKE_CHILD_INSTALLED)
			return false;
	}
	return is_idle(sa);
}

static bool has_or_asks(const struct ike_sa *sa, const struct ike_child_config *config)
{
	for (const struct ike_child *child = sa->children; child; child = child->next) {
		if (counts(child) && child->config == config)
			return true;
	}
	return ike_child_is_queued(sa, config);
}

/* Each configured child once, however often it is there. */
static int ask_for_all(struct ike_engine *e, const struct ike_sa *old, struct ike_sa *sa)
{
	for (const struct ike_child *child = old->children; child; child = child->next) {
		if (counts(child) && !has_or_asks(sa, child->config) &&
		    !ike_child_queue(e, sa, child->config, NULL))
			return -ENOMEM;
	}
	return 0;
}

static bool add(struct ike_engine *e, struct ike_sa *made, const struct ike_child_config *config,
		const struct ike_ask *ask, uint64_t now)
{
	if (ike_sa_ending(made))
		return false;
	if (has_or_asks(made, config))
		return true;
	if (!ike_child_queue(e, made, config, ask))
		return false;
	ike_sa_advance(e, made, now);
	return true;
}

/* Another Child SA is up: if its IKE SA is being renewed, the new one needs it as well. */
void ike_sa_renewal_adds(struct ike_engine *e, const struct ike_child *child, uint64_t now)
{
	struct ike_sa *made = renewal_of(e, child->sa);

	if (made)
		add(e, made, child->config, NULL, now);
}

/* One that the peer doesn't make any more: is it had in the new one? If that isn't up, it is only
 * if it is to be made there anyway. */
bool ike_sa_renewal_takes(struct ike_engine *e, const struct ike_sa *sa,
			  const struct ike_child_config *config, const struct ike_ask *ask,
			  uint64_t now)
{
	struct ike_sa *made = renewal_of(e, sa);

	return made && (made->state == IKE_STATE_ESTABLISHED || has_or_asks(made, config)) &&
	       add(e, made, config, ask, now);
}

/* By us: who is called is known, and it isn't the peer who has to ask for an address. */
bool ike_sa_can_be_begun_again(const struct ike_sa *sa)
{
	return ike_hosts_has_one(&sa->conn->remote) && (!sa->lease || sa->lease->ours);
}

static void begin(struct ike_engine *e, struct ike_sa *sa, uint64_t now, const char *why)
{
	const struct ike_child *first = sa->children;
	struct ike_start start = {.conn = sa->conn, .pair = ike_path_pair(sa)};
	struct ike_sa *made;
	uint64_t id;

	while (first && !counts(first))
		first = first->next;
	if (!first)
		return;
	if (!ike_sa_can_be_begun_again(sa)) {
		ike_log(e, IKE_LOG_WARNING, sa, "isn't renewed (%s): %s, so the peer has to begin",
			why,
			sa->lease ? "we have given the peer an address"
				  : "the peer's address is not configured");
		return;
	}
	sa->renewed_at = now;
	start.config = first->config;
	if (sa->redirect && sa->redirect->tries++ == IKE_REDIRECT_TRIES) {
		ike_log(e, IKE_LOG_WARNING, sa, "stays: it isn't had where the peer has sent us");
		ike_redirect_free(sa->redirect);
		sa->redirect = NULL;
		ike_sa_alive(e, sa, now);
		return;
	}
	if (sa->redirect) {
		why = "the peer has sent us to another gateway";
		start.pair = (struct ike_pair){.remote = ike_redirect_addr(sa->redirect)};
		start.redirect = ike_redirect_copy(sa->redirect);
		if (!start.redirect)
			return;
	}
	ike_log(e, IKE_LOG_INFO, sa, "is renewed: %s", why);
	if (ike_sa_begin(e, now, &start, &id))
		return;
	made = ike_sa_find_id(e, id);
	made->renews = sa->id;
	sa->renewal = id;
	if (ask_for_all(e, sa, made))
		ike_sa_down(e, made, "out of memory");
}

/* Has the peer begun to? A second one beside its own would be one too many. */
static bool peer_renews(const struct ike_engine *e, const struct ike_sa *sa, uint64_t now)
{
	const struct ike_sa *other = NULL;

	while ((other = ike_peer_same(e, sa, other))) {
		if (!other->began && other->conn == sa->conn &&
		    other->authenticated_at > sa->authenticated_at &&
		    now - other->authenticated_at < IKE_RENEW_RETRY_MS)
			return true;
	}
	return false;
}

/* The old one is to go on: does it first get a flow back that is on the new one? */
static bool takes_back(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	bool taken = false;

	for (struct ike_child *child = sa->children; child; child = child->next) {
		if (child->state != IKE_CHILD_INSTALLED || !child->confirmed ||
		    child->level == IKE_LEVEL_USE)
			continue;
		ike_child_replaced(e, child, now);
		taken = true;
	}
	return taken;
}

/*
 * One that is up and has nothing more to do, and yet not all of it: the old one goes on. What has
 * been made there meanwhile that the old one hasn't stays, and what the old one has, but the peer
 * perhaps not yet: in the new one it surely has it.
 */
static void give_up(struct ike_engine *e, struct ike_sa *sa, struct ike_sa *made, uint64_t now)
{
	ike_timer_set(e, &sa->timers[IKE_TIMER_REAUTH],
		      now + (sa->redirect ? IKE_REDIRECT_RETRY_MS : 10 * IKE_RENEW_RETRY_MS));
	made->renews = 0;
	ike_log(e, IKE_LOG_WARNING, sa, "isn't renewed: the peer makes not all of its Child SAs");
	ike_sa_cede(e, made, sa, now, "it can't take over from the IKE SA that it was to renew");
	if (!ike_sa_ending(made))
		ike_sa_cede(e, sa, made, now, "it is in the IKE SA that was to renew this one");
}

/*
 * What it was to make is made, or refused. If the old one was asking for the same at the end, that
 * kept it from being replaced; and what that one still asks for may be there already.
 */
static void look(struct ike_engine *e, struct ike_sa *sa, struct ike_sa *made, uint64_t now)
{
	ike_sa_renewed(e, made, now);
	if (made->renews && !ike_sa_gets_more(sa) && !takes_back(e, sa, now))
		give_up(e, sa, made, now);
}

static void look_soon(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	ike_timer_set(e, &sa->timers[IKE_TIMER_REAUTH],
		      now + IKE_RETRY_MS + ike_jitter(e, IKE_RETRY_RAND_MS));
}

static bool is_left(const struct ike_engine *e, const struct ike_sa *sa)
{
	return sa->renews && !ike_sa_find_id(e, sa->renews);
}

/* Is it up, and what it was to renew gone? Then it stands on its own feet or is one too many. */
void ike_sa_renewal_left(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	if (sa->state == IKE_STATE_ESTABLISHED && is_left(e, sa))
		look_soon(e, sa, now);
}

/* Is it a newer one of the same, and where the peer has sent us if it has? */
static bool is_instead(const struct ike_sa *other, const struct ike_sa *sa)
{
	struct ike_addr to;

	if (other->conn != sa->conn || other->authenticated_at <= sa->authenticated_at ||
	    ike_sa_ending(other))
		return false;
	if (!sa->redirect)
		return true;
	to = ike_redirect_addr(sa->redirect);
	return ike_addr_same_ip(&other->path.remote, &to);
}

/*
 * What was to renew another one has itself been renewed by the peer, before it had all of that: the
 * peer's is to have all of it instead. Each of the two ends would otherwise renew the old one
 * again.
 */
static void pass_on(struct ike_engine *e, const struct ike_sa *sa, struct ike_sa *old)
{
	struct ike_sa *other = NULL;

	while (sa->conn->unique != IKE_UNIQUE_NEVER && (other = ike_peer_same(e, sa, other))) {
		if (other->began || other->renews || other->state != IKE_STATE_ESTABLISHED ||
		    other->authenticated_at <= sa->authenticated_at || !is_instead(other, old))
			continue;
		other->renews = old->id;
		old->renewal = other->id;
		if (ask_for_all(e, old, other))
			ike_sa_down(e, other, "out of memory");
		else
			ike_sa_advance(e, other, e->now);
		return;
	}
}

void ike_sa_renewal_leave(struct ike_engine *e, const struct ike_sa *sa)
{
	struct ike_sa *made = sa->renewal ? ike_sa_find_id(e, sa->renewal) : NULL;
	struct ike_sa *old = sa->renews ? ike_sa_find_id(e, sa->renews) : NULL;

	if (made)
		ike_sa_renewal_left(e, made, e->now);
	if (old && old->renewal == sa->id)
		pass_on(e, sa, old);
}

/* Is another one about to have more of the flows? What waits there for its turn isn't led to yet.
 */
static bool another_gets_more(const struct ike_engine *e, const struct ike_sa *sa)
{
	const struct ike_sa *other = NULL;

	while ((other = ike_peer_same(e, sa, other))) {
		if (other == sa || other->conn != sa->conn || ike_sa_ending(other))
			continue;
		for (const struct ike_child *child = other->children; child; child = child->next) {
			if (counts(child) && !child->used)
				return true;
		}
	}
	return false;
}

/*
 * All that it has may be in another one, in which the peer or we have renewed the same. Of two that
 * have the same the older goes: it is the one that the peer would have replaced.
 */
static void stand_alone(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	struct ike_sa *other = NULL;

	if (!is_settled(sa) || another_gets_more(e, sa)) {
		look_soon(e, sa, now);
		return;
	}
	sa->renews = 0;
	while ((other = ike_peer_same(e, sa, other))) {
		if (other == sa || other->conn != sa->conn || ike_sa_ending(other) ||
		    !ike_sa_covers(other, sa))
			continue;
		if (other->authenticated_at >= sa->authenticated_at || !ike_sa_covers(sa, other)) {
			ike_sa_leave(e, sa, now, "another IKE SA has all of it");
			return;
		}
		ike_sa_leave(e, other, now, "a newer IKE SA has all of it");
	}
	ike_sa_alive(e, sa, now);
}

/* An attempt that came to nothing is not so long ago. */
static bool waits(const struct ike_sa *sa, uint64_t now)
{
	return sa->renewed_at &&
	       now - sa->renewed_at < (sa->redirect ? IKE_REDIRECT_RETRY_MS : IKE_RENEW_RETRY_MS);
}

/*
 * What was begun in its place has gone, perhaps since the peer has renewed that one: what a newer
 * one has by now isn't made once more.
 */
static void cede_to_newer(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	const struct ike_sa *other = NULL;

	while (sa->renewed_at && sa->conn->unique != IKE_UNIQUE_NEVER && !ike_sa_ending(sa) &&
	       (other = ike_peer_same(e, sa, other))) {
		if (is_instead(other, sa))
			ike_sa_cede(e, sa, other, now, "it is in a newer IKE SA");
	}
}

/* One after another that has come to nothing: the peer may make more in the old one again. */
static bool is_wanted(const struct ike_sa *sa, uint64_t now)
{
	return !sa->renewed_at || sa->redirect || sa->no_more || sa->reauth_at <= now;
}

/* There is none, and nobody is at it. */
static void begin_anew(struct ike_engine *e, struct ike_sa *sa, uint64_t now, const char *why)
{
	cede_to_newer(e, sa, now);
	if (ike_sa_ending(sa))
		return;
	if (!is_wanted(sa, now))
		ike_timer_set(e, &sa->timers[IKE_TIMER_REAUTH], sa->reauth_at);
	else if (is_idle(sa) && !waits(sa, now))
		begin(e, sa, now, why);
}

/* Is it to renew another one, and hasn't all of it yet? */
static bool is_renewing(const struct ike_engine *e, const struct ike_sa *sa)
{
	const struct ike_sa *old = sa->renews ? ike_sa_find_id(e, sa->renews) : NULL;

	return old && renewal_of(e, old) == sa;
}

/*
 * Begin, or look how far it has come; an attempt that has come to nothing is made again. What is
 * a renewal itself comes after that is done: of two steps at once each would make all of it.
 */
void ike_sa_renew(struct ike_engine *e, struct ike_sa *sa, uint64_t now, const char *why)
{
	struct ike_sa *made = renewal_of(e, sa);

	if (sa->state != IKE_STATE_ESTABLISHED || ike_sa_ending(sa) || e->stopping)
		return;
	if (is_left(e, sa)) {
		stand_alone(e, sa, now);
		return;
	}
	look_soon(e, sa, now);
	if (is_renewing(e, sa) || peer_renews(e, sa, now))
		return;
	if (!made && is_idle(sa))
		begin_anew(e, sa, now, why);
	else if (made && made->state == IKE_STATE_ESTABLISHED && is_settled(made))
		look(e, sa, made, now);
}

/* At the gateway that the peer has sent us to: as soon as nothing else is at work. */
void ike_sa_renew_elsewhere(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	sa->renewed_at = 0;
	ike_timer_set(e, &sa->timers[IKE_TIMER_REAUTH], now);
}

/* Either of the two is rekeyed meanwhile. */
void ike_sa_renewal_moves(struct ike_engine *e, struct ike_sa *old, struct ike_sa *sa)
{
	struct ike_sa *made = renewal_of(e, old), *renewed = ike_sa_find_id(e, old->renews);

	sa->renewal = old->renewal;
	sa->renewed_at = old->renewed_at;
	sa->renews = old->renews;
	sa->redirect = old->redirect;
	old->redirect = NULL;
	if (sa->redirect && !made)
		ike_sa_renew_elsewhere(e, sa, e->now);
	if (made)
		made->renews = sa->id;
	if (renewed)
		renewed->renewal = sa->id;
}

/* Called whenever a Child SA has come into use: is it the last that was missing? */
void ike_sa_renewed(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	struct ike_sa *old = sa->renews ? ike_sa_find_id(e, sa->renews) : NULL;

	if (!old || !ike_sa_covers(sa, old))
		return;
	sa->renews = 0;
	ike_log(e, IKE_LOG_INFO, sa, "has taken over from IKE SA %llu",
		(unsigned long long)old->id);
	ike_sa_leave(e, old, now, "renewed");
}
