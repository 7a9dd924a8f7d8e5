// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/fit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "host/esp/engine.h"
#include "host/esp/icmp.h"
#include "host/esp/mss.h"
#include "host/esp/size.h"
#include "host/sa/hash.h"

/* What an SA puts around a packet at most, of all algorithms: outer IPv6 header, UDP, SPI and
 * sequence number, IV, padding with its length and next header, ICV. */
#define AROUND_MAX (40 + 8 + 8 + 16 + 15 + 2 + 32)

struct path {
	struct rvl_addr remote;
	size_t mtu;
	uint64_t until_ms;
	UT_hash_handle hh;
};

struct rvl_fit {
	struct rvl_policies *policies;
	rvl_fit_sa_fn *sa;
	void *context;
	atomic_bool clamp;
	atomic_size_t whole;  /* packets up to so many octets fit, whichever SA has them */
	pthread_mutex_t lock; /* guards all below */
	size_t link;
	size_t least;	    /* of what fits into any SA over the link */
	struct path *paths; /* the oldest first */
	struct rvl_fit_hint hints[RVL_FIT_HINTS];
	size_t hint_first;
	size_t hint_count;
	struct rvl_fit_counters counters;
};

struct rvl_fit *rvl_fit_new(struct rvl_policies *policies, rvl_fit_sa_fn *sa, void *context)
{
	struct rvl_fit *fit = calloc(1, sizeof(*fit));

	if (!fit)
		return NULL;
	fit->policies = policies;
	fit->sa = sa;
	fit->context = context;
	fit->link = fit->least = SIZE_MAX;
	atomic_init(&fit->whole, SIZE_MAX);
	pthread_mutex_init(&fit->lock, NULL);
	return fit;
}

static void forget(struct rvl_fit *fit, struct path *path)
{
	HASH_DELETE(hh, fit->paths, path);
	free(path);
}

void rvl_fit_free(struct rvl_fit *fit)
{
	if (!fit)
		return;
	while (fit->paths)
		forget(fit, fit->paths);
	pthread_mutex_destroy(&fit->lock);
	free(fit);
}

/* ---- All below, up to the next line like this: with the lock held. */

/* With a path that takes less any SA may be on it. */
static void note_whole(struct rvl_fit *fit)
{
	size_t whole = fit->least;

	for (const struct path *path = fit->paths; path; path = path->hh.next)
		if (path->mtu - AROUND_MAX < whole)
			whole = path->mtu - AROUND_MAX;
	atomic_store(&fit->whole, whole);
}

/* One that is still believed. */
static struct path *find(struct rvl_fit *fit, const struct rvl_addr *remote, uint64_t now_ms)
{
	struct path *path;

	HASH_FIND(hh, fit->paths, remote, sizeof(*remote), path);
	if (!path || now_ms < path->until_ms)
		return path;
	forget(fit, path);
	note_whole(fit);
	return NULL;
}

static bool add(struct rvl_fit *fit, const struct rvl_addr *remote, size_t mtu, uint64_t until_ms)
{
	struct path *path;

	if (HASH_COUNT(fit->paths) >= RVL_FIT_PATHS)
		forget(fit, fit->paths);
	path = malloc(sizeof(*path));
	if (!path)
		return false;
	*path = (struct path){.remote = *remote, .mtu = mtu, .until_ms = until_ms};
	HASH_ADD(hh, fit->paths, remote, sizeof(path->remote), path);
	if (path->hh.tbl)
		return true;
	free(path);
	return false;
}

/* ---- */

void rvl_fit_set_link(struct rvl_fit *fit, size_t mtu, bool clamp)
{
	pthread_mutex_lock(&fit->lock);
	fit->link = mtu;
	pthread_mutex_unlock(&fit->lock);
	atomic_store(&fit->clamp, clamp);
}

void rvl_fit_add_sa(struct rvl_fit *fit, const struct rvl_sa_params *params)
{
	size_t most;

	pthread_mutex_lock(&fit->lock);
	most = rvl_sa_fits(params, fit->link, RVL_IP_HEADER);
	if (most < fit->least) {
		fit->least = most;
		note_whole(fit);
	}
	pthread_mutex_unlock(&fit->lock);
}

bool rvl_fit_next(struct rvl_fit *fit, struct rvl_fit_hint *hint)
{
	bool found;

	pthread_mutex_lock(&fit->lock);
	found = fit->hint_count;
	if (found) {
		*hint = fit->hints[fit->hint_first];
		fit->hint_first = (fit->hint_first + 1) % RVL_FIT_HINTS;
		fit->hint_count--;
	}
	pthread_mutex_unlock(&fit->lock);
	return found;
}

size_t rvl_fit_learn(struct rvl_fit *fit, const struct rvl_fit_hint *hint, uint64_t now_ms)
{
	size_t min = hint->remote.family == 6 ? RVL_FIT_IPV6_MIN : RVL_FIT_IPV4_MIN;
	size_t mtu = hint->mtu < min ? min : hint->mtu;
	struct path *path;
	bool is_new;

	pthread_mutex_lock(&fit->lock);
	path = find(fit, &hint->remote, now_ms);
	is_new = mtu < (path ? path->mtu : fit->link);
	if (is_new) {
		if (path)
			forget(fit, path);
		is_new = add(fit, &hint->remote, mtu, now_ms + RVL_FIT_MS);
		note_whole(fit);
	}
	pthread_mutex_unlock(&fit->lock);
	return is_new ? mtu : 0;
}

bool rvl_fit_set(struct rvl_fit *fit, const struct rvl_addr *remote, size_t mtu, size_t lost,
		 uint64_t now_ms, uint64_t hold_ms)
{
	struct path *path;
	size_t believed;
	bool is_new;

	pthread_mutex_lock(&fit->lock);
	if (mtu > fit->link)
		mtu = fit->link;
	path = find(fit, remote, now_ms);
	believed = path ? path->mtu : fit->link;
	is_new = believed < mtu || believed >= lost;
	/* Whoever has found it says so again. */
	if (path && (is_new || believed == mtu))
		forget(fit, path);
	if (mtu < fit->link && (is_new || (path && believed == mtu)))
		add(fit, remote, mtu, now_ms + hold_ms);
	if (is_new)
		note_whole(fit);
	pthread_mutex_unlock(&fit->lock);
	return is_new;
}

size_t rvl_fit_path(struct rvl_fit *fit, const struct rvl_addr *remote, uint64_t now_ms)
{
	const struct path *path;
	size_t mtu;

	pthread_mutex_lock(&fit->lock);
	path = find(fit, remote, now_ms);
	mtu = path ? path->mtu : fit->link;
	pthread_mutex_unlock(&fit->lock);
	return mtu;
}

struct rvl_fit_counters rvl_fit_counters(struct rvl_fit *fit)
{
	struct rvl_fit_counters counters;

	pthread_mutex_lock(&fit->lock);
	counters = fit->counters;
	pthread_mutex_unlock(&fit->lock);
	return counters;
}

static void count(struct rvl_fit *fit, uint64_t *counter)
{
	pthread_mutex_lock(&fit->lock);
	++*counter;
	pthread_mutex_unlock(&fit->lock);
}

void rvl_fit_count_told(struct rvl_fit *fit, bool told)
{
	count(fit, told ? &fit->counters.told : &fit->counters.untold);
}

/* What the SA of a packet takes of its kind, seen from here; 0: it has none. */
static size_t most_of(struct rvl_fit *fit, const struct rvl_ip *ip, uint64_t now_ms,
		      struct rvl_sa_params *sa)
{
	struct rvl_policy policy;

	if (!rvl_policies_find(fit->policies, ip, &policy) || policy.action != RVL_PROTECT ||
	    !fit->sa(fit->context, policy.sa, sa))
		return 0;
	return rvl_sa_fits(sa, rvl_fit_path(fit, &sa->dst, now_ms), ip->header_len);
}

static void clamp(struct rvl_fit *fit, uint8_t *packet, size_t len, size_t most)
{
	if (rvl_mss_clamp(packet, len, most))
		count(fit, &fit->counters.clamped);
}

/* The verdict on a packet of which its SA takes so much at most. Every link takes 1,280 octets of
 * IPv6, be it in fragments of what is outside (RFC 8200, section 5). */
static enum rvl_fit_verdict judge(const struct rvl_ip *ip, const struct rvl_sa_params *sa,
				  size_t *most)
{
	bool ipv6 = ip->src.family == 6;

	if (ipv6 && *most < RVL_FIT_IPV6_MIN)
		*most = RVL_FIT_IPV6_MIN;
	if (ip->total_len <= *most)
		return RVL_FIT_PASS;
	if (ip->df || ipv6)
		return RVL_FIT_TELL;
	/* In transport mode there is no ESP for fragments (RFC 4303, section 3.3.4). */
	return sa->mode == RVL_TUNNEL ? RVL_FIT_CUT : RVL_FIT_PASS;
}

enum rvl_fit_verdict rvl_fit_tx(struct rvl_fit *fit, uint8_t *frame, size_t len, uint64_t now_ms,
				struct rvl_fit_limit *limit)
{
	struct rvl_sa_params sa;
	struct rvl_ip ip;
	size_t l3;
	bool syn;

	if (rvl_frame_parse(frame, len, &ip, &l3) != RVL_FRAME_IP)
		return RVL_FIT_PASS;
	syn = atomic_load(&fit->clamp) && rvl_mss_is_syn(frame + l3, len - l3);
	if (ip.total_len <= atomic_load(&fit->whole) && !syn)
		return RVL_FIT_PASS;
	*limit = (struct rvl_fit_limit){l3, most_of(fit, &ip, now_ms, &sa)};
	if (!limit->most)
		return RVL_FIT_PASS;
	if (syn)
		clamp(fit, frame + l3, len - l3, limit->most);
	return judge(&ip, &sa, &limit->most);
}

void rvl_fit_count_cut(struct rvl_fit *fit)
{
	count(fit, &fit->counters.cut);
}

void rvl_fit_rx(struct rvl_fit *fit, uint8_t *frame, size_t len, uint64_t now_ms)
{
	struct rvl_sa_params sa;
	struct rvl_ip ip, answer;
	size_t l3, most;

	if (!atomic_load(&fit->clamp) || rvl_frame_parse(frame, len, &ip, &l3) != RVL_FRAME_IP ||
	    !rvl_mss_is_syn(frame + l3, len - l3))
		return;
	answer = rvl_ip_reverse(&ip);
	most = most_of(fit, &answer, now_ms, &sa);
	if (most)
		clamp(fit, frame + l3, len - l3, most);
}

/* ------------------------------------------------------------------------ what routers say */

/* Of the protocol at p: the SPI of an SA of ours; 0: it isn't there. */
static uint32_t quoted_spi(uint8_t protocol, const uint8_t *p, size_t len)
{
	switch (protocol) {
	case RVL_IP_PROTO_ESP:
		return len >= 4 ? rvl_get_be32(p) : 0;
	case RVL_IP_PROTO_AH:
		return len >= 8 ? rvl_get_be32(p + 4) : 0;
	case RVL_IP_PROTO_UDP:
		return len >= RVL_UDP_HEADER + 4 ? rvl_get_be32(p + RVL_UDP_HEADER) : 0;
	default:
		return 0;
	}
}

/* From the packet that is quoted, which is one of ours. */
static bool hint_of(const struct rvl_icmp_told *told, struct rvl_fit_hint *hint)
{
	struct rvl_ip ip;

	if (!rvl_ip_read(&ip, told->quoted, told->quoted_len) || ip.later_fragment ||
	    ip.header_len > told->quoted_len)
		return false;
	*hint = (struct rvl_fit_hint){
		.local = ip.src,
		.remote = ip.dst,
		.spi = quoted_spi(ip.protocol, told->quoted + ip.header_len,
				  told->quoted_len - ip.header_len),
		.mtu = told->mtu ? told->mtu : rvl_icmp_plateau_below(ip.total_len),
	};
	return hint->spi;
}

bool rvl_fit_hear(struct rvl_fit *fit, const uint8_t *frame, size_t len)
{
	struct rvl_icmp_told told;
	struct rvl_fit_hint hint;
	struct rvl_ip ip;
	bool is_lost;
	size_t l3;

	if (rvl_frame_parse(frame, len, &ip, &l3) != RVL_FRAME_IP ||
	    !rvl_icmp_is_too_big(frame + l3, len - l3, &told) || !hint_of(&told, &hint))
		return false;
	pthread_mutex_lock(&fit->lock);
	fit->counters.hints++;
	is_lost = fit->hint_count == RVL_FIT_HINTS;
	fit->counters.lost += is_lost;
	if (!is_lost)
		fit->hints[(fit->hint_first + fit->hint_count++) % RVL_FIT_HINTS] = hint;
	pthread_mutex_unlock(&fit->lock);
	return !is_lost;
}
