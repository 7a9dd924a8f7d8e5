// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/selector.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

#define PRIORITY_BYPASS 1
#define PRIORITY_BASE 100

/* The largest prefix that begins at first and doesn't go beyond last. */
static struct rvl_prefix next_prefix(uint32_t first, uint32_t last)
{
	struct rvl_prefix p = {first, 32};

	while (p.len) {
		uint8_t shorter = (uint8_t)(p.len - 1);
		uint32_t host = shorter ? UINT32_MAX >> shorter : UINT32_MAX;

		if ((first & host) || (first | host) > last)
			break;
		p.len = shorter;
	}
	return p;
}

static uint32_t prefix_end(struct rvl_prefix p)
{
	return p.address | (p.len == 32 ? 0 : UINT32_MAX >> p.len);
}

static bool any_port(const struct ike_ts *ts)
{
	return ts->port_first == 0 && ts->port_last == UINT16_MAX;
}

static int check_ts(const struct ike_ts *ts)
{
	if (ts->dynamic || ts->family != 4 || ts->port_first > ts->port_last)
		return -EOPNOTSUPP;
	if (!any_port(ts) && ts->protocol != RVL_IP_PROTO_TCP && ts->protocol != RVL_IP_PROTO_UDP)
		return -EOPNOTSUPP;
	return 0;
}

static int add_pair(const struct ike_ts *local, const struct ike_ts *remote,
		    struct rvl_selectors *out)
{
	uint32_t local_last = rvl_get_be32(local->last), remote_last = rvl_get_be32(remote->last);
	uint8_t protocol = local->protocol ? local->protocol : remote->protocol;
	uint64_t l, r;

	if (local->protocol && remote->protocol && local->protocol != remote->protocol)
		return 0;
	for (l = rvl_get_be32(local->first); l <= local_last;) {
		struct rvl_prefix src = next_prefix((uint32_t)l, local_last);

		for (r = rvl_get_be32(remote->first); r <= remote_last;) {
			struct rvl_prefix dst = next_prefix((uint32_t)r, remote_last);

			if (out->count == RVL_SELECTORS_MAX)
				return -E2BIG;
			out->list[out->count++] = (struct rvl_selector){
				.src = src.address,
				.src_len = src.len,
				.dst = dst.address,
				.dst_len = dst.len,
				.any_protocol = !protocol,
				.protocol = protocol,
				.src_port_first = local->port_first,
				.src_port_last = local->port_last,
				.dst_port_first = remote->port_first,
				.dst_port_last = remote->port_last,
			};
			r = (uint64_t)prefix_end(dst) + 1;
		}
		l = (uint64_t)prefix_end(src) + 1;
	}
	return 0;
}

int rvl_selectors_of(const struct ike_ts_list *local, const struct ike_ts_list *remote,
		     struct rvl_selectors *out)
{
	out->count = 0;
	for (unsigned int i = 0; i < local->count; i++) {
		for (unsigned int k = 0; k < remote->count; k++) {
			int err = check_ts(&local->list[i]);

			if (!err)
				err = check_ts(&remote->list[k]);
			if (!err)
				err = add_pair(&local->list[i], &remote->list[k], out);
			if (err)
				return err;
		}
	}
	return out->count ? 0 : -EINVAL;
}

struct rvl_selector rvl_selector_key(const struct rvl_selector *selector)
{
	struct rvl_selector key = *selector;

	static_assert(sizeof(key) == 2 * sizeof(uint32_t) + 4 + 4 * sizeof(uint16_t),
		      "octets between its fields would be part of the key");
	if (key.any_protocol)
		key.protocol = 0;
	return key;
}

uint32_t rvl_selector_priority(const struct rvl_selector *s, enum rvl_action action)
{
	uint32_t wide = 64u - s->src_len - s->dst_len;
	bool ports = s->src_port_first || s->src_port_last != UINT16_MAX || s->dst_port_first ||
		     s->dst_port_last != UINT16_MAX;

	if (action == RVL_BYPASS)
		return PRIORITY_BYPASS;
	return PRIORITY_BASE + ((wide * 2 + s->any_protocol) * 2 + !ports) * 2 +
	       (action == RVL_DISCARD);
}

void rvl_selector_text(const struct rvl_selector *s, char *out, size_t len)
{
	char protocol[16] = "", ports[48] = "";

	if (!s->any_protocol)
		snprintf(protocol, sizeof(protocol), " proto %u", s->protocol);
	if (s->src_port_first || s->src_port_last != UINT16_MAX || s->dst_port_first ||
	    s->dst_port_last != UINT16_MAX)
		snprintf(ports, sizeof(ports), " ports %u-%u -> %u-%u", s->src_port_first,
			 s->src_port_last, s->dst_port_first, s->dst_port_last);
	snprintf(out, len, "%u.%u.%u.%u/%u -> %u.%u.%u.%u/%u%s%s", s->src >> 24, s->src >> 16 & 255,
		 s->src >> 8 & 255, s->src & 255, s->src_len, s->dst >> 24, s->dst >> 16 & 255,
		 s->dst >> 8 & 255, s->dst & 255, s->dst_len, protocol, ports);
}
