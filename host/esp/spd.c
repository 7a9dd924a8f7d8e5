// SPDX-License-Identifier: BSD-2-Clause
#include "host/esp/spd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/esp/grow.h"

#define NONE UINT32_MAX
#define CHAINS_FIRST 64
#define LENGTHS 129 /* of a prefix: 0 to 128 */

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

/* Policies of one family by lengths, and of which there are any. */
struct family {
	uint32_t counts[LENGTHS][LENGTHS];
	struct lengths pairs[LENGTHS * LENGTHS];
	size_t pair_count;
};

/*
 * Policies lie in chains by their two prefixes, so that a look-up takes as long as there are pairs
 * of lengths among those of its family, which are few however many policies there are.
 */
struct rvl_spd {
	size_t size; /* at most */
	struct slot *slots;
	size_t room;	  /* of slots, so far */
	size_t used;	  /* policies */
	uint32_t *chains; /* the first slot of each */
	uint32_t chain_mask;
	struct family families[2]; /* IPv4, IPv6 */
};

struct rvl_selector rvl_selector_any(uint8_t family)
{
	return (struct rvl_selector){
		.src = rvl_prefix_all(family),
		.dst = rvl_prefix_all(family),
		.any_protocol = true,
		.src_port_last = UINT16_MAX,
		.dst_port_last = UINT16_MAX,
	};
}

static bool is_opaque(uint16_t first, uint16_t last)
{
	return first == RVL_PORT_OPAQUE_FIRST && last == RVL_PORT_OPAQUE_LAST;
}

bool rvl_selector_valid(const struct rvl_selector *s)
{
	return rvl_prefix_valid(&s->src) && rvl_prefix_valid(&s->dst) &&
	       s->src.address.family == s->dst.address.family &&
	       (s->src_port_first <= s->src_port_last ||
		is_opaque(s->src_port_first, s->src_port_last)) &&
	       (s->dst_port_first <= s->dst_port_last ||
		is_opaque(s->dst_port_first, s->dst_port_last));
}

struct rvl_selector rvl_selector_reverse(const struct rvl_selector *s)
{
	return (struct rvl_selector){
		.src = s->dst,
		.dst = s->src,
		.any_protocol = s->any_protocol,
		.protocol = s->protocol,
		.src_port_first = s->dst_port_first,
		.src_port_last = s->dst_port_last,
		.dst_port_first = s->src_port_first,
		.dst_port_last = s->src_port_last,
		.scope = s->scope,
	};
}

bool rvl_selector_equal(const struct rvl_selector *a, const struct rvl_selector *b)
{
	return rvl_prefix_equal(&a->src, &b->src) && rvl_prefix_equal(&a->dst, &b->dst) &&
	       a->any_protocol == b->any_protocol &&
	       (a->any_protocol || a->protocol == b->protocol) &&
	       a->src_port_first == b->src_port_first && a->src_port_last == b->src_port_last &&
	       a->dst_port_first == b->dst_port_first && a->dst_port_last == b->dst_port_last &&
	       a->scope == b->scope;
}

static bool all_ports(uint16_t first, uint16_t last)
{
	return first == 0 && last == UINT16_MAX;
}

/* Of the port that isn't seen there is only one, and it is among all. */
static bool ports_within(uint16_t first, uint16_t last, uint16_t whole_first, uint16_t whole_last)
{
	if (all_ports(whole_first, whole_last))
		return true;
	if (is_opaque(first, last) || is_opaque(whole_first, whole_last))
		return first == whole_first && last == whole_last;
	return first >= whole_first && last <= whole_last;
}

bool rvl_selector_within(const struct rvl_selector *part, const struct rvl_selector *whole)
{
	return whole->scope == part->scope && rvl_prefix_over(&whole->src, &part->src) &&
	       rvl_prefix_over(&whole->dst, &part->dst) &&
	       (whole->any_protocol ||
		(!part->any_protocol && part->protocol == whole->protocol)) &&
	       ports_within(part->src_port_first, part->src_port_last, whole->src_port_first,
			    whole->src_port_last) &&
	       ports_within(part->dst_port_first, part->dst_port_last, whole->dst_port_first,
			    whole->dst_port_last);
}

bool rvl_selector_any_port(const struct rvl_selector *s)
{
	return all_ports(s->src_port_first, s->src_port_last) &&
	       all_ports(s->dst_port_first, s->dst_port_last);
}

bool rvl_selector_opaque(const struct rvl_selector *s)
{
	return is_opaque(s->src_port_first, s->src_port_last) ||
	       is_opaque(s->dst_port_first, s->dst_port_last);
}

/* A later fragment may begin with an extension header: what is behind it nobody knows. */
static bool match_protocol(const struct rvl_selector *s, const struct rvl_ip *ip, bool unseen)
{
	if (s->any_protocol || ip->protocol == s->protocol)
		return true;
	return unseen && ip->later_fragment && rvl_ip_is_extension(ip->protocol);
}

/* One end's port, which isn't to be seen. */
static bool match_unseen(uint16_t first, uint16_t last, bool unseen)
{
	return unseen || all_ports(first, last) || is_opaque(first, last);
}

static bool in_range(uint16_t port, uint16_t first, uint16_t last)
{
	return port >= first && port <= last;
}

static bool match_ports(const struct rvl_selector *s, const struct rvl_ip *ip, bool unseen)
{
	const bool src = in_range(ip->src_port, s->src_port_first, s->src_port_last);
	const bool dst = in_range(ip->dst_port, s->dst_port_first, s->dst_port_last);
	/* Types are ports only to who names the protocol. */
	const uint8_t protocol = s->any_protocol ? ip->protocol : s->protocol;
	const bool types = rvl_ip_has_types(protocol) && !s->any_protocol;

	switch (ip->ports) {
	case RVL_PORTS_BOTH:
		return src && dst;
	case RVL_PORTS_SRC:
		return types && src;
	case RVL_PORTS_DST:
		return types && dst;
	case RVL_PORTS_UNSEEN:
		break;
	}
	return (types || rvl_ip_has_ports(protocol)) &&
	       match_unseen(s->src_port_first, s->src_port_last, unseen) &&
	       match_unseen(s->dst_port_first, s->dst_port_last, unseen);
}

bool rvl_selector_match(const struct rvl_selector *s, const struct rvl_ip *ip, bool unseen)
{
	return s->scope == ip->scope && !ip->on_link && rvl_prefix_holds(&s->src, &ip->src) &&
	       rvl_prefix_holds(&s->dst, &ip->dst) && match_protocol(s, ip, unseen) &&
	       (rvl_selector_any_port(s) || match_ports(s, ip, unseen));
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

static uint32_t *chain_of(const struct rvl_spd *spd, uint16_t scope, const struct rvl_prefix *src,
			  const struct rvl_prefix *dst)
{
	uint64_t hash = (rvl_prefix_hash(src) + scope) * 0x9e3779b97f4a7c15u + rvl_prefix_hash(dst);

	return &spd->chains[(hash ^ hash >> 32) & spd->chain_mask];
}

static uint32_t *chain_of_policy(const struct rvl_spd *spd, const struct rvl_policy *policy)
{
	const struct rvl_selector *s = &policy->selector;

	return chain_of(spd, s->scope, &s->src, &s->dst);
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
	struct family *family = &spd->families[rvl_selector_family(s) == 6];

	chain_slot(spd, index);
	spd->used++;
	if (!family->counts[s->src.len][s->dst.len]++)
		family->pairs[family->pair_count++] = (struct lengths){s->src.len, s->dst.len};
}

static void unlink_slot(struct rvl_spd *spd, uint32_t index)
{
	struct slot *slot = &spd->slots[index];
	const struct rvl_selector *s = &slot->policy.selector;
	struct family *family = &spd->families[rvl_selector_family(s) == 6];
	uint32_t *at = chain_of_policy(spd, &slot->policy);
	size_t pair = 0;

	while (*at != index)
		at = &spd->slots[*at].next;
	*at = slot->next;
	spd->used--;
	if (--family->counts[s->src.len][s->dst.len])
		return;
	while (family->pairs[pair].src != s->src.len || family->pairs[pair].dst != s->dst.len)
		pair++;
	family->pairs[pair] = family->pairs[--family->pair_count];
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
	const struct rvl_prefix src = rvl_prefix_of(&ip->src, lengths.src);
	const struct rvl_prefix dst = rvl_prefix_of(&ip->dst, lengths.dst);
	uint32_t at = *chain_of(spd, ip->scope, &src, &dst);

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
	const struct family *family = &spd->families[ip->dst.family == 6];
	uint32_t best = NONE;

	for (size_t i = 0; i < family->pair_count; i++)
		best = best_of(spd, family->pairs[i], ip, best);
	return best == NONE ? NULL : &spd->slots[best].policy;
}

const struct rvl_policy *rvl_spd_equal(const struct rvl_spd *spd,
				       const struct rvl_selector *selector)
{
	uint32_t at = *chain_of(spd, selector->scope, &selector->src, &selector->dst);

	while (at != NONE && !rvl_selector_equal(&spd->slots[at].policy.selector, selector))
		at = spd->slots[at].next;
	return at == NONE ? NULL : &spd->slots[at].policy;
}

static const struct rvl_policy *over_of(const struct rvl_spd *spd, struct lengths lengths,
					const struct rvl_selector *part, rvl_spd_suits_fn *suits,
					const void *context)
{
	const struct rvl_prefix src = rvl_prefix_of(&part->src.address, lengths.src);
	const struct rvl_prefix dst = rvl_prefix_of(&part->dst.address, lengths.dst);
	uint32_t at = *chain_of(spd, part->scope, &src, &dst);

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
	const struct family *family = &spd->families[rvl_selector_family(part) == 6];
	const struct rvl_policy *found = NULL;

	for (size_t i = 0; !found && i < family->pair_count; i++)
		if (family->pairs[i].src <= part->src.len && family->pairs[i].dst <= part->dst.len)
			found = over_of(spd, family->pairs[i], part, suits, context);
	return found;
}
