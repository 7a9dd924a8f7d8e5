// SPDX-License-Identifier: BSD-2-Clause
#include "host/esp/spd.h"

#include <errno.h>
#include <stdlib.h>

struct slot {
	bool used;
	struct rvl_policy policy;
};

struct rvl_spd {
	size_t size;
	size_t end; /* one past the last slot in use */
	struct slot slots[];
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

struct rvl_spd *rvl_spd_new(size_t size)
{
	struct rvl_spd *spd = calloc(1, sizeof(*spd) + size * sizeof(spd->slots[0]));

	if (spd)
		spd->size = size;
	return spd;
}

void rvl_spd_free(struct rvl_spd *spd)
{
	free(spd);
}

int rvl_spd_set(struct rvl_spd *spd, size_t index, const struct rvl_policy *policy)
{
	if (index >= spd->size || !rvl_selector_valid(&policy->selector) ||
	    policy->action < RVL_BYPASS || policy->action > RVL_PROTECT)
		return -EINVAL;
	spd->slots[index] = (struct slot){.used = true, .policy = *policy};
	if (index >= spd->end)
		spd->end = index + 1;
	return 0;
}

int rvl_spd_clear(struct rvl_spd *spd, size_t index)
{
	if (index >= spd->size)
		return -EINVAL;
	if (!spd->slots[index].used)
		return -ENOENT;
	spd->slots[index].used = false;
	while (spd->end && !spd->slots[spd->end - 1].used)
		spd->end--;
	return 0;
}

const struct rvl_policy *rvl_spd_lookup(const struct rvl_spd *spd, const struct rvl_ip *ip)
{
	const struct rvl_policy *best = NULL;

	for (size_t i = 0; i < spd->end; i++) {
		const struct rvl_policy *policy = &spd->slots[i].policy;

		if (!spd->slots[i].used || (best && policy->priority >= best->priority))
			continue;
		if (rvl_selector_match(&policy->selector, ip, policy->action != RVL_BYPASS))
			best = policy;
	}
	return best;
}
