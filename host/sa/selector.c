// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/selector.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PRIORITY_BYPASS 1
#define PRIORITY_BASE 100

/* Of one family, one after the other. */
struct prefixes {
	size_t count;
	struct rvl_prefix list[RVL_SELECTORS_MAX];
};

/* As a number. */
static unsigned __int128 value_of(const struct rvl_addr *address)
{
	const struct rvl_addr_bits bits = rvl_addr_bits(address);

	return ((unsigned __int128)bits.high << 64 | bits.low) >>
	       (128 - rvl_family_bits(address->family));
}

/* The largest prefix that begins at first and doesn't go beyond last. */
static struct rvl_prefix next_prefix(const struct rvl_addr *first, const struct rvl_addr *last)
{
	const unsigned __int128 begin = value_of(first), more = value_of(last) - begin;
	struct rvl_prefix prefix = rvl_prefix_host(first);

	/* Twice as wide each time: so many addresses beyond the first. */
	for (unsigned __int128 beyond = 1; prefix.len && !(begin & beyond) && beyond <= more;
	     beyond = 2 * beyond + 1)
		prefix.len--;
	return prefix;
}

/* False: there is none. */
static bool next_address(struct rvl_addr *address)
{
	for (size_t i = rvl_family_bits(address->family) / 8; i-- > 0;)
		if (++address->octets[i])
			return true;
	return false;
}

/* Of a range, as far as there is room. */
static int split(const struct ike_ts *ts, struct prefixes *out)
{
	struct rvl_addr first = {.family = ts->family}, last = first;
	bool more = memcmp(ts->first, ts->last, sizeof(first.octets)) <= 0;

	memcpy(first.octets, ts->first, sizeof(first.octets));
	memcpy(last.octets, ts->last, sizeof(last.octets));
	out->count = 0;
	while (more) {
		const struct rvl_prefix prefix = next_prefix(&first, &last);

		if (out->count == RVL_SELECTORS_MAX)
			return -E2BIG;
		out->list[out->count++] = prefix;
		first = rvl_prefix_last(&prefix);
		more = memcmp(first.octets, last.octets, sizeof(first.octets)) < 0 &&
		       next_address(&first);
	}
	return 0;
}

static bool any_port(const struct ike_ts *ts)
{
	return ts->port_first == 0 && ts->port_last == UINT16_MAX;
}

/* Ports, types and codes are those of a protocol that has some; OPAQUE is one of their values. */
static int check_ts(const struct ike_ts *ts)
{
	if (ts->dynamic || (ts->family != 4 && ts->family != 6))
		return -EOPNOTSUPP;
	if (ts->port_first > ts->port_last &&
	    (ts->port_first != RVL_PORT_OPAQUE_FIRST || ts->port_last != RVL_PORT_OPAQUE_LAST))
		return -EOPNOTSUPP;
	if (!any_port(ts) && !rvl_ip_has_ports(ts->protocol) && !rvl_ip_has_types(ts->protocol))
		return -EOPNOTSUPP;
	return 0;
}

static int add_pair(const struct ike_ts *local, const struct ike_ts *remote,
		    struct rvl_selectors *out)
{
	uint8_t protocol = local->protocol ? local->protocol : remote->protocol;
	struct prefixes src = {.count = 0}, dst = {.count = 0};
	int err;

	if (local->family != remote->family ||
	    (local->protocol && remote->protocol && local->protocol != remote->protocol))
		return 0;
	err = split(local, &src);
	if (!err)
		err = split(remote, &dst);
	if (err)
		return err;
	if (out->count + src.count * dst.count > RVL_SELECTORS_MAX)
		return -E2BIG;
	for (size_t i = 0; i < src.count * dst.count; i++)
		out->list[out->count++] = (struct rvl_selector){
			.src = src.list[i / dst.count],
			.dst = dst.list[i % dst.count],
			.any_protocol = !protocol,
			.protocol = protocol,
			.src_port_first = local->port_first,
			.src_port_last = local->port_last,
			.dst_port_first = remote->port_first,
			.dst_port_last = remote->port_last,
		};
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

static struct rvl_prefix join_prefixes(const struct rvl_prefix *a, const struct rvl_prefix *b)
{
	struct rvl_prefix both = a->len < b->len ? *a : *b;

	while (!rvl_prefix_over(&both, a) || !rvl_prefix_over(&both, b))
		both = rvl_prefix_of(&both.address, both.len - 1);
	return both;
}

/* Any port, unless both of its ranges are of ports. */
static void forget_others_than_ports(struct rvl_selector *s)
{
	if (!s->any_protocol && rvl_ip_has_ports(s->protocol) &&
	    s->src_port_first <= s->src_port_last && s->dst_port_first <= s->dst_port_last)
		return;
	s->src_port_first = s->dst_port_first = 0;
	s->src_port_last = s->dst_port_last = UINT16_MAX;
}

static uint16_t lower(uint16_t a, uint16_t b)
{
	return a < b ? a : b;
}

static uint16_t higher(uint16_t a, uint16_t b)
{
	return a > b ? a : b;
}

bool rvl_selectors_join(const struct rvl_selectors *selectors, struct rvl_selector *out)
{
	if (!selectors->count)
		return false;
	*out = selectors->list[0];
	forget_others_than_ports(out);
	for (size_t i = 1; i < selectors->count; i++) {
		struct rvl_selector s = selectors->list[i];

		if (rvl_selector_family(&s) != rvl_selector_family(out))
			return false;
		forget_others_than_ports(&s);
		out->src = join_prefixes(&out->src, &s.src);
		out->dst = join_prefixes(&out->dst, &s.dst);
		out->src_port_first = lower(out->src_port_first, s.src_port_first);
		out->src_port_last = higher(out->src_port_last, s.src_port_last);
		out->dst_port_first = lower(out->dst_port_first, s.dst_port_first);
		out->dst_port_last = higher(out->dst_port_last, s.dst_port_last);
		out->any_protocol |= s.any_protocol || s.protocol != out->protocol;
		forget_others_than_ports(out);
	}
	return true;
}

struct rvl_selector rvl_selector_key(const struct rvl_selector *selector)
{
	struct rvl_selector key = *selector;

	static_assert(sizeof(key) == 2 * 18 + 2 + 5 * sizeof(uint16_t),
		      "octets between its fields would be part of the key");
	if (key.any_protocol)
		key.protocol = 0;
	return key;
}

/* What a packet doesn't show is OPAQUE's before it is a port range's that it might be in. */
uint32_t rvl_selector_priority(const struct rvl_selector *s, enum rvl_action action)
{
	const uint32_t bits = rvl_family_bits(rvl_selector_family(s));
	const uint32_t wide = 2 * bits - s->src.len - s->dst.len;
	const uint32_t ports = rvl_selector_opaque(s) ? 0 : rvl_selector_any_port(s) ? 2 : 1;

	if (action == RVL_BYPASS)
		return PRIORITY_BYPASS;
	return PRIORITY_BASE + (((wide * 2 + s->any_protocol) * 3 + ports) * 2 + !s->scope) * 3 +
	       (action == RVL_DISCARD);
}

uint32_t rvl_selector_pass_priority(const struct rvl_selector *selector)
{
	return rvl_selector_priority(selector, RVL_DISCARD) + 1;
}

/* " ports 80-80 -> 0-65535" */
static void ports_text(const struct rvl_selector *s, char *out, size_t len)
{
	char src[16] = "opaque", dst[16] = "opaque";

	if (s->src_port_first <= s->src_port_last)
		snprintf(src, sizeof(src), "%u-%u", s->src_port_first, s->src_port_last);
	if (s->dst_port_first <= s->dst_port_last)
		snprintf(dst, sizeof(dst), "%u-%u", s->dst_port_first, s->dst_port_last);
	snprintf(out, len, " ports %s -> %s", src, dst);
}

void rvl_selector_text(const struct rvl_selector *s, char *out, size_t len)
{
	char src[RVL_PREFIX_TEXT], dst[RVL_PREFIX_TEXT], protocol[16] = "", ports[48] = "";

	rvl_prefix_text(&s->src, src);
	rvl_prefix_text(&s->dst, dst);
	if (!s->any_protocol)
		snprintf(protocol, sizeof(protocol), " proto %u", s->protocol);
	if (!rvl_selector_any_port(s))
		ports_text(s, ports, sizeof(ports));
	snprintf(out, len, "%s -> %s%s%s", src, dst, protocol, ports);
}
