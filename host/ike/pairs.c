/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A peer that takes one pair of traffic selectors in a Child SA, and doesn't narrow to one of
 * several: SINGLE_PAIR_REQUIRED (RFC 7296, section 2.9). It gets a Child SA for each pair.
 *
 *   HDR, SK {SA, Ni, TSi(a, b), TSr(x)}  -->
 *                                        <--  HDR, SK {N(SINGLE_PAIR_REQUIRED)}
 *   HDR, SK {SA, Ni, TSi(a), TSr(x)}     -->
 *                                        <--  HDR, SK {SA, Nr, TSi(a), TSr(x)}
 *   HDR, SK {SA, Ni, TSi(b), TSr(x)}     -->  ...
 */
#include "host/ike/sa.h"

enum { PAIRS_MAX = 64 }; /* of a child */

bool ike_child_carries(const struct ike_child *child, const struct ike_ts pair[2])
{
	const struct ike_ts_list local = ike_ts_kept(child->local_ts),
				 remote = ike_ts_kept(child->remote_ts);
	const struct ike_ts_list ours = {.count = 1, .list = {pair[0]}},
				 theirs = {.count = 1, .list = {pair[1]}};

	return ike_ts_subset(&ours, &local) && ike_ts_subset(&theirs, &remote);
}

/* All pairs of a configured child, one after the other. */
struct pairs {
	struct ike_ts_list local;
	struct ike_ts_list remote;
	unsigned at;
};

static struct pairs pairs_of(const struct ike_engine *e, const struct ike_sa *sa,
			     const struct ike_child_config *config)
{
	return (struct pairs){
		.local = ike_own_ts(e, sa, config),
		.remote = ike_peer_ts(e, sa, config),
	};
}

static bool next_pair(struct pairs *p, struct ike_ts pair[2])
{
	if (p->at == p->local.count * p->remote.count)
		return false;
	pair[0] = p->local.list[p->at / p->remote.count];
	pair[1] = p->remote.list[p->at % p->remote.count];
	p->at++;
	return true;
}

/* Is there a Child SA of it that has this pair, or is going to? In this IKE SA alone, unless NULL.
 */
static bool is_there(const struct ike_engine *e, const struct ike_child_config *config,
		     const struct ike_ts pair[2], enum ike_child_state least,
		     const struct ike_sa *sa)
{
	const struct ike_child *child = NULL;

	while ((child = ike_child_find_config(e, config, child))) {
		if (child->state >= least && child->state <= IKE_CHILD_REKEYED &&
		    (!sa || child->sa == sa) && !ike_sa_ending(child->sa) &&
		    ike_child_carries(child, pair))
			return true;
	}
	return false;
}

/* Is one up that isn't one of several? Such a one may have been narrowed. */
static bool is_whole(const struct ike_engine *e, const struct ike_child_config *config)
{
	const struct ike_child *child = NULL;

	while ((child = ike_child_find_config(e, config, child))) {
		if (!child->alone && child->state >= IKE_CHILD_INSTALLED &&
		    child->state <= IKE_CHILD_REKEYED && !ike_sa_ending(child->sa))
			return true;
	}
	return false;
}

/* Is all of a child up, with who is at the other end of this IKE SA? */
bool ike_pairs_complete(const struct ike_engine *e, const struct ike_sa *sa,
			const struct ike_child_config *config)
{
	struct pairs pairs = pairs_of(e, sa, config);
	struct ike_ts pair[2];

	if (is_whole(e, config))
		return true;
	while (next_pair(&pairs, pair)) {
		if (!is_there(e, config, pair, IKE_CHILD_INSTALLED, NULL))
			return false;
	}
	return true;
}

/* Ask for those pairs that aren't there yet: those that have what was to come first, or the others.
 * How many they are, or -1 without memory. */
static int ask_for(struct ike_engine *e, struct ike_sa *sa, const struct ike_child *child,
		   bool first)
{
	const struct ike_ts_list local = ike_ts_kept(child->local_ts),
				 remote = ike_ts_kept(child->remote_ts);
	const struct ike_ts_list ours = {.count = 1, .list = {local.list[0]}};
	const struct ike_ts_list theirs = {.count = 1, .list = {remote.list[0]}};
	struct pairs pairs = pairs_of(e, sa, child->config);
	/* What is to take the place of another IKE SA is to have all that that one has. */
	const struct ike_sa *in = sa->renews ? sa : NULL;
	struct ike_ask ask = {.alone = true};
	int count = 0;

	while (next_pair(&pairs, ask.first)) {
		const struct ike_ts_list mine = {.count = 1, .list = {ask.first[0]}};
		const struct ike_ts_list peers = {.count = 1, .list = {ask.first[1]}};
		bool has_first = ike_ts_subset(&ours, &mine) && ike_ts_subset(&theirs, &peers);

		if (has_first != first ||
		    is_there(e, child->config, ask.first, IKE_CHILD_INSTALLING, in))
			continue;
		if (!ike_child_queue(e, sa, child->config, &ask))
			return -1;
		count++;
	}
	return count;
}

/*
 * The peer has refused the selectors of a new Child SA for being several: it goes, and one for each
 * pair is begun, that of a packet which waits before the others. False: they can't be.
 */
bool ike_pairs_split(struct ike_engine *e, struct ike_sa *sa, struct ike_child *child, uint64_t now)
{
	struct pairs pairs = pairs_of(e, sa, child->config);
	unsigned most = pairs.local.count * pairs.remote.count;
	int first, others;

	if (child->alone || most > PAIRS_MAX)
		return false;
	first = ask_for(e, sa, child, true);
	others = first < 0 ? -1 : ask_for(e, sa, child, false);
	if (others < 0)
		return false;
	ike_log(e, IKE_LOG_INFO, sa,
		"child %s: the peer takes one pair of selectors in a Child SA: %d are begun",
		child->config->name, first + others);
	ike_child_remove(e, child, now, NULL);
	return true;
}
