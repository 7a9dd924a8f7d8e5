// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/xfrm_arrivals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "host/sa/hash.h"

struct arrival {
	struct rvl_selector selector; /* an rvl_selector_key() */
	struct xfrm_rule rule;
	struct xfrm_claim *claims; /* the newest first */
	struct line *line;	   /* the newest one's; NULL: it has had none yet */
	struct arrival *prev;	   /* in line->arrivals */
	struct arrival *next;
	UT_hash_handle hh;
};

/* SAs of one reqid, and the arrivals that are theirs. */
struct line {
	uint32_t reqid;
	bool shut;
	struct arrival *arrivals;
	UT_hash_handle hh;
};

struct xfrm_claim {
	struct arrival *arrival;
	const struct xfrm_claims *of;
	struct xfrm_claim *prev; /* in arrival->claims */
	struct xfrm_claim *next;
};

struct xfrm_arrivals {
	struct xfrm_netlink *netlink;
	struct xfrm_tags *tags;
	struct arrival *list; /* by selector */
	struct line *lines;   /* by reqid: that have arrivals, or are shut */
};

struct xfrm_arrivals *xfrm_arrivals_new(struct xfrm_netlink *netlink, struct xfrm_tags *tags)
{
	struct xfrm_arrivals *arrivals = calloc(1, sizeof(*arrivals));

	if (!arrivals)
		return NULL;
	arrivals->netlink = netlink;
	arrivals->tags = tags;
	return arrivals;
}

void xfrm_arrivals_free(struct xfrm_arrivals *arrivals)
{
	free(arrivals);
}

static struct line *find_line(struct xfrm_arrivals *x, uint32_t reqid)
{
	struct line *line;

	HASH_FIND(hh, x->lines, &reqid, sizeof(reqid), line);
	return line;
}

static struct line *make_line(struct xfrm_arrivals *x, uint32_t reqid)
{
	struct line *line = calloc(1, sizeof(*line));

	if (!line)
		return NULL;
	line->reqid = reqid;
	HASH_ADD(hh, x->lines, reqid, sizeof(line->reqid), line);
	if (line->hh.tbl)
		return line;
	free(line);
	return NULL;
}

static void free_unused(struct xfrm_arrivals *x, struct line *line)
{
	if (line->arrivals || line->shut)
		return;
	HASH_DELETE(hh, x->lines, line);
	free(line);
}

static void leave_line(struct xfrm_arrivals *x, struct arrival *a)
{
	struct line *line = a->line;

	if (!line)
		return;
	DL_DELETE(line->arrivals, a);
	a->line = NULL;
	free_unused(x, line);
}

static int join_line(struct xfrm_arrivals *x, struct arrival *a, uint32_t reqid)
{
	struct line *line = find_line(x, reqid);

	if (line && line == a->line)
		return 0;
	if (!line)
		line = make_line(x, reqid);
	if (!line)
		return -ENOMEM;
	leave_line(x, a);
	DL_APPEND(line->arrivals, a);
	a->line = line;
	return 0;
}

/* It is in the kernel, unless its line is shut. */
static int put(struct xfrm_arrivals *x, const struct arrival *a, struct rvl_backend_error *error)
{
	int err;

	if (!a->line->shut)
		return xfrm_rule_set(x->netlink, &a->rule, error);
	err = xfrm_rule_clear(x->netlink, &a->rule, a->rule.directions);
	return err ? rvl_backend_fail(error, err, "a policy stays: %s", strerror(-err)) : 0;
}

/* The rule is that of the newest. */
static int lead(struct xfrm_arrivals *x, struct arrival *a, struct rvl_backend_error *error)
{
	const struct xfrm_claims *of = a->claims->of;

	if (join_line(x, a, of->state.reqid))
		return rvl_backend_fail(error, -ENOMEM, "out of memory");
	a->rule.ifindex = of->ifindex;
	a->rule.state = (struct xfrm_state){
		.protocol = of->state.protocol,
		.mode = of->state.mode,
		.reqid = of->state.reqid,
	};
	/* A device wants to know the ends; all others take any of their family. */
	a->rule.state.src.family = a->rule.state.dst.family = of->state.dst.family;
	if (of->ifindex) {
		a->rule.state.src = of->state.src;
		a->rule.state.dst = of->state.dst;
	}
	return put(x, a, error);
}

static void free_arrival(struct xfrm_arrivals *x, struct arrival *a)
{
	leave_line(x, a);
	HASH_DELETE(hh, x->list, a);
	xfrm_tags_give(x->tags, &a->rule);
	free(a);
}

static struct arrival *make_arrival(struct xfrm_arrivals *x, const struct rvl_selector *key,
				    const struct rvl_scopes *scopes)
{
	struct arrival *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->selector = *key;
	a->rule = (struct xfrm_rule){
		.selector = *key,
		.scopes = *scopes,
		.priority = xfrm_rule_order(rvl_selector_priority(key, RVL_PROTECT),
					    XFRM_ORDER_ARRIVAL),
		.directions = XFRM_RULE_IN,
		.action = XFRM_RULE_PROTECT,
	};
	if (xfrm_tags_take(x->tags, &a->rule))
		goto free_a;
	HASH_ADD(hh, x->list, selector, sizeof(a->selector), a);
	if (a->hh.tbl)
		return a;
	xfrm_tags_give(x->tags, &a->rule);
free_a:
	free(a);
	return NULL;
}

/* The claim goes, and with the last one the rule. */
static int drop_claim(struct xfrm_arrivals *x, struct xfrm_claim *claim,
		      struct rvl_backend_error *error)
{
	struct arrival *a = claim->arrival;
	bool first = a->claims == claim;
	int err = 0;

	DL_DELETE(a->claims, claim);
	if (!a->claims) {
		err = xfrm_rule_clear(x->netlink, &a->rule, a->rule.directions);
		free_arrival(x, a);
		return err ? rvl_backend_fail(error, err, "a policy stays: %s", strerror(-err)) : 0;
	}
	return first ? lead(x, a, error) : 0;
}

int xfrm_arrivals_drop(struct xfrm_arrivals *x, struct xfrm_claims *claims,
		       struct rvl_backend_error *error)
{
	int first = 0;

	while (claims->count) {
		int err = drop_claim(x, &claims->list[--claims->count], error);

		first = first ? first : err;
	}
	free(claims->list);
	claims->list = NULL;
	return first;
}

int xfrm_arrivals_add(struct xfrm_arrivals *x, struct xfrm_claims *claims,
		      const struct rvl_selectors *selectors, struct rvl_backend_error *error)
{
	struct rvl_backend_error ignored = {""};
	int err = 0;

	claims->list = calloc(selectors->count, sizeof(*claims->list));
	if (!claims->list)
		return rvl_backend_fail(error, -ENOMEM, "out of memory");
	for (size_t i = 0; !err && i < selectors->count; i++) {
		const struct rvl_selector key = rvl_selector_key(&selectors->list[i]);
		struct xfrm_claim *claim = &claims->list[i];
		struct arrival *a;

		HASH_FIND(hh, x->list, &key, sizeof(key), a);
		if (!a)
			a = make_arrival(x, &key, &claims->scopes);
		if (!a) {
			err = rvl_backend_fail(error, -ENOMEM, "no room for another policy");
			break;
		}
		*claim = (struct xfrm_claim){.arrival = a, .of = claims};
		DL_PREPEND(a->claims, claim);
		claims->count++;
		err = lead(x, a, error);
	}
	if (err)
		xfrm_arrivals_drop(x, claims, &ignored);
	return err;
}

int xfrm_arrivals_shut(struct xfrm_arrivals *x, uint32_t reqid, bool shut,
		       struct rvl_backend_error *error)
{
	struct line *line = find_line(x, reqid);
	struct rvl_backend_error later = {""};
	int first = 0;

	if (!line)
		return 0;
	line->shut = shut;
	for (struct arrival *a = line->arrivals; a; a = a->next) {
		int err = put(x, a, first ? &later : error);

		first = first ? first : err;
	}
	free_unused(x, line);
	return first;
}

int xfrm_arrivals_restore(struct xfrm_arrivals *x)
{
	struct rvl_backend_error ignored = {""};
	int first = 0;

	for (struct arrival *a = x->list; a; a = a->hh.next) {
		int err = put(x, a, &ignored);

		first = first ? first : err;
	}
	return first;
}
