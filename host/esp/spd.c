// SPDX-License-Identifier: BSD-2-Clause
#include "host/esp/spd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/esp/grow.h"

#define NONE UINT32_MAX
#define CHAINS_FIRST 64
#define LENGTHS 33 /* of a prefix: 0 to 32 */

struct slot {
	bool used;
	struct rvl_policy policy;
	uint32_t next; /* in its chain */
};

/* Lengths of the two prefixes of a selector. */
struct lengths {
	uint8_t src;
	uint8_t dst;
};

/*
 * Policies lie in chains by their two prefixes, so that a look-up takes as long as there are pairs
 * of lengths among them, which are few however many policies there are.
 */
struct rvl_spd {
	size_t size; /* at most */
	struct slot *slots;
	size_t room;	  /* of slots, so far */
	size_t used;	  /* policies */
	uint32_t *chains; /* the first slot of each */
	uint32_t chain_mask;
	uint32_t counts[LENGTHS][LENGTHS];	 /* policies by lengths, */
	struct lengths pairs[LENGTHS * LENGTHS]; /* and of which there are any */
	size_t pair_count;
};

static uint32_t prefix_mask(uint8_t len)
{
	return len ? UINT32_MAX << (32 - len) : 0;
}

struct rvl_selector rvl_selector_any(void)
{
	return (struct rvl_selector){
		.any_protocol = true,
		.src_port_last = UINT16_MAX,
		.dst_port_last = UINT16_MAX,
	};
}

bool rvl_selector_valid(const struct rvl_selector *s)
{
	return s->src_len <= 32 && s->dst_len <= 32 && !(s->src & ~prefix_mask(s->src_len)) &&
	       !(s->dst & ~prefix_mask(s->dst_len)) && s->src_port_first <= s->src_port_last &&
	       s->dst_port_first <= s->dst_port_last;
}

struct rvl_selector rvl_selector_reverse(const struct rvl_selector *s)
{
	return (struct rvl_selector){
		.src = s->dst,
		.dst = s->src,
		.src_len = s->dst_len,
		.dst_len = s->src_len,
		.any_protocol = s->any_protocol,
		.protocol = s->protocol,
		.src_port_first = s->dst_port_first,
		.src_port_last = s->dst_port_last,
		.dst_port_first = s->src_port_first,
		.dst_port_last = s->src_port_last,
	};
}

bool rvl_selector_equal(const struct rvl_selector *a, const struct rvl_selector *b)
{
	return a->src == b->src && a->dst == b->dst && a->src_len == b->src_len &&
	       a->dst_len == b->dst_len && a->any_protocol == b->any_protocol &&
	       (a->any_protocol || a->protocol == b->protocol) &&
	       a->src_port_first == b->src_port_first && a->src_port_last == b->src_port_last &&
	       a->dst_port_first == b->dst_port_first && a->dst_port_last == b->dst_port_last;
}

bool rvl_selector_within(const struct rvl_selector *part, const struct rvl_selector *whole)
{
	return part->src_len >= whole->src_len && part->dst_len >= whole->dst_len &&
	       (part->src & prefix_mask(whole->src_len)) == whole->src &&
	       (part->dst & prefix_mask(whole->dst_len)) == whole->dst &&
	       (whole->any_protocol ||
		(!part->any_protocol && part->protocol == whole->protocol)) &&
	       part->src_port_first >= whole->src_port_first &&
	       part->src_port_last <= whole->src_port_last &&
	       part->dst_port_first >= whole->dst_port_first &&
	       part->dst_port_last <= whole->dst_port_last;
}

static bool any_port(const struct rvl_selector *s)
{
	return s->src_port_first == 0 && s->src_port_last == UINT16_MAX && s->dst_port_first == 0 &&
	       s->dst_port_last == UINT16_MAX;
}

bool rvl_selector_match(const struct rvl_selector *s, const struct rvl_ip *ip, bool unseen_ports)
{
	if ((ip->src & prefix_mask(s->src_len)) != s->src ||
	    (ip->dst & prefix_mask(s->dst_len)) != s->dst ||
	    (!s->any_protocol && ip->protocol != s->protocol))
		return false;
	if (any_port(s))
		return true;
	if (!ip->ports)
		return unseen_ports && rvl_ip_has_ports(ip->protocol);
	return ip->src_port >= s->src_port_first && ip->src_port <= s->src_port_last &&
	       ip->dst_port >= s->dst_port_first && ip->dst_port <= s->dst_port_last;
}

static uint32_t *new_chains(uint32_t count)
{
	uint32_t *chains = malloc(count * sizeof(*chains));

	if (chains)
		memset(chains, 0xff, count * sizeof(*chains));
	return chains;
}

struct rvl_spd *rvl_spd_new(size_t size)
{
	struct rvl_spd *spd = calloc(1, sizeof(*spd));

	if (!spd)
		return NULL;
	spd->size = size;
	spd->chain_mask = CHAINS_FIRST - 1;
	spd->chains = new_chains(CHAINS_FIRST);
	if (!spd->chains) {
		free(spd);
		return NULL;
	}
	return spd;
}

void rvl_spd_free(struct rvl_spd *spd)
{
	if (!spd)
		return;
	free(spd->slots);
	free(spd->chains);
	free(spd);
}

static uint32_t *chain_of(const struct rvl_spd *spd, struct lengths lengths, uint32_t src,
			  uint32_t dst)
{
	uint64_t hash = ((uint64_t)src << 32 | dst) + ((uint64_t)lengths.src << 8 | lengths.dst);

	hash *= 0x9e3779b97f4a7c15u;
	return &spd->chains[(hash >> 32) & spd->chain_mask];
}

static uint32_t *chain_of_policy(const struct rvl_spd *spd, const struct rvl_policy *policy)
{
	const struct rvl_selector *s = &policy->selector;

	return chain_of(spd, (struct lengths){s->src_len, s->dst_len}, s->src, s->dst);
}

static void chain_slot(struct rvl_spd *spd, uint32_t index)
{
	uint32_t *chain = chain_of_policy(spd, &spd->slots[index].policy);

	spd->slots[index].next = *chain;
	*chain = index;
}

/* As many chains as there are policies, or those that there are if there is no memory. */
static void add_chains(struct rvl_spd *spd)
{
	uint32_t *wider;

	if (spd->used <= spd->chain_mask)
		return;
	wider = new_chains(2 * (spd->chain_mask + 1));
	if (!wider)
		return;
	free(spd->chains);
	spd->chains = wider;
	spd->chain_mask = 2 * spd->chain_mask + 1;
	for (uint32_t i = 0; i < spd->room; i++)
		if (spd->slots[i].used)
			chain_slot(spd, i);
}

static void link_slot(struct rvl_spd *spd, uint32_t index)
{
	const struct rvl_selector *s = &spd->slots[index].policy.selector;

	chain_slot(spd, index);
	spd->used++;
	if (!spd->counts[s->src_len][s->dst_len]++)
		spd->pairs[spd->pair_count++] = (struct lengths){s->src_len, s->dst_len};
}

static void unlink_slot(struct rvl_spd *spd, uint32_t index)
{
	struct slot *slot = &spd->slots[index];
	const struct rvl_selector *s = &slot->policy.selector;
	uint32_t *at = chain_of_policy(spd, &slot->policy);
	size_t pair = 0;

	while (*at != index)
		at = &spd->slots[*at].next;
	*at = slot->next;
	spd->used--;
	if (--spd->counts[s->src_len][s->dst_len])
		return;
	while (spd->pairs[pair].src != s->src_len || spd->pairs[pair].dst != s->dst_len)
		pair++;
	spd->pairs[pair] = spd->pairs[--spd->pair_count];
}

int rvl_spd_set(struct rvl_spd *spd, size_t index, const struct rvl_policy *policy)
{
	struct slot *grown;

	if (index >= spd->size || !rvl_selector_valid(&policy->selector) ||
	    policy->action < RVL_BYPASS || policy->action > RVL_PROTECT)
		return -EINVAL;
	grown = rvl_grow(spd->slots, &spd->room, index, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	spd->slots = grown;
	add_chains(spd);
	if (spd->slots[index].used)
		unlink_slot(spd, (uint32_t)index);
	spd->slots[index] = (struct slot){.used = true, .policy = *policy};
	link_slot(spd, (uint32_t)index);
	return 0;
}

static bool is_used(const struct rvl_spd *spd, size_t index)
{
	return index < spd->room && spd->slots[index].used;
}

int rvl_spd_clear(struct rvl_spd *spd, size_t index)
{
	if (index >= spd->size)
		return -EINVAL;
	if (!is_used(spd, index))
		return -ENOENT;
	unlink_slot(spd, (uint32_t)index);
	spd->slots[index].used = false;
	return 0;
}

/* Of those whose prefixes are the packet's addresses cut to these lengths. */
static uint32_t best_of(const struct rvl_spd *spd, struct lengths lengths, const struct rvl_ip *ip,
			uint32_t best)
{
	uint32_t src = ip->src & prefix_mask(lengths.src), dst = ip->dst & prefix_mask(lengths.dst);
	uint32_t at = *chain_of(spd, lengths, src, dst);

	for (; at != NONE; at = spd->slots[at].next) {
		const struct rvl_policy *policy = &spd->slots[at].policy;
		const struct rvl_policy *other = best == NONE ? NULL : &spd->slots[best].policy;

		if (other && (policy->priority > other->priority ||
			      (policy->priority == other->priority && at > best)))
			continue;
		if (rvl_selector_match(&policy->selector, ip, policy->action != RVL_BYPASS))
			best = at;
	}
	return best;
}

const struct rvl_policy *rvl_spd_lookup(const struct rvl_spd *spd, const struct rvl_ip *ip)
{
	uint32_t best = NONE;

	for (size_t i = 0; i < spd->pair_count; i++)
		best = best_of(spd, spd->pairs[i], ip, best);
	return best == NONE ? NULL : &spd->slots[best].policy;
}

const struct rvl_policy *rvl_spd_equal(const struct rvl_spd *spd,
				       const struct rvl_selector *selector)
{
	const struct lengths lengths = {selector->src_len, selector->dst_len};
	uint32_t at = *chain_of(spd, lengths, selector->src, selector->dst);

	while (at != NONE && !rvl_selector_equal(&spd->slots[at].policy.selector, selector))
		at = spd->slots[at].next;
	return at == NONE ? NULL : &spd->slots[at].policy;
}

static const struct rvl_policy *over_of(const struct rvl_spd *spd, struct lengths lengths,
					const struct rvl_selector *part, rvl_spd_suits_fn *suits,
					const void *context)
{
	uint32_t at = *chain_of(spd, lengths, part->src & prefix_mask(lengths.src),
				part->dst & prefix_mask(lengths.dst));

	for (; at != NONE; at = spd->slots[at].next) {
		const struct rvl_policy *policy = &spd->slots[at].policy;

		if (rvl_selector_within(part, &policy->selector) && suits(context, policy))
			return policy;
	}
	return NULL;
}

const struct rvl_policy *rvl_spd_over(const struct rvl_spd *spd, const struct rvl_selector *part,
				      rvl_spd_suits_fn *suits, const void *context)
{
	const struct rvl_policy *found = NULL;

	for (size_t i = 0; !found && i < spd->pair_count; i++)
		if (spd->pairs[i].src <= part->src_len && spd->pairs[i].dst <= part->dst_len)
			found = over_of(spd, spd->pairs[i], part, suits, context);
	return found;
}
