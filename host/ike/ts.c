/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/ike/ts.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static struct ike_ts_kept *keep(const struct ike_ts *list, unsigned count)
{
	struct ike_ts_kept *kept = malloc(sizeof(*kept) + count * sizeof(kept->list[0]));

	if (!kept)
		return NULL;
	kept->count = count;
	memcpy(kept->list, list, count * sizeof(kept->list[0]));
	return kept;
}

struct ike_ts_kept *ike_ts_keep(const struct ike_ts_list *list)
{
	return keep(list->list, list->count);
}

struct ike_ts_kept *ike_ts_keep_again(const struct ike_ts_kept *kept)
{
	return keep(kept->list, kept->count);
}

struct ike_ts_list ike_ts_kept(const struct ike_ts_kept *kept)
{
	struct ike_ts_list list = {.count = kept ? kept->count : 0};

	if (kept)
		memcpy(list.list, kept->list, kept->count * sizeof(kept->list[0]));
	return list;
}

static size_t ts_size(const struct ike_ts *ts)
{
	return ts->family == 4 ? 4 : 16;
}

__attribute__((format(printf, 3, 4))) static int refuse(char *error, size_t len, const char *fmt,
							...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error, len, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static bool is_icmp(uint8_t protocol)
{
	return protocol == 1 || protocol == 58;
}

/* The part in brackets: "proto/port", "proto", "proto/first-last". */
static bool parse_protoport(char *text, struct ike_ts *out)
{
	static const struct {
		const char *name;
		uint8_t protocol;
	} names[] = {{"icmp", 1}, {"tcp", 6}, {"udp", 17}, {"ipv6-icmp", 58}, {"sctp", 132}};
	char *port = strchr(text, '/');
	unsigned long n, m;
	bool known = false;

	if (port)
		*port++ = 0;
	if (strcmp(text, "any") == 0 || strcmp(text, "%any") == 0)
		known = true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i].name) == 0) {
			out->protocol = names[i].protocol;
			known = true;
		}
	}
	if (!known) {
		if (!ike_number_parse(text, 255, &n))
			return false;
		out->protocol = (uint8_t)n;
	}
	if (!port || strcmp(port, "any") == 0 || strcmp(port, "%any") == 0)
		return true;
	if (strcmp(port, "opaque") == 0) {
		out->port_first = 65535;
		out->port_last = 0;
		return true;
	}
	text = strchr(port, '-');
	if (text)
		*text++ = 0;
	if (!ike_number_parse(port, 65535, &n) ||
	    !ike_number_parse(text ? text : port, 65535, &m) || n > m)
		return false;
	/* Of ICMP types below 256, of whatever code; else type and code (RFC 7296, section 3.13.1).
	 */
	if (is_icmp(out->protocol) && m < 256) {
		n <<= 8;
		m = m << 8 | 255;
	}
	out->port_first = (uint16_t)n;
	out->port_last = (uint16_t)m;
	return true;
}

int ike_ts_parse(const char *text, struct ike_ts *out, char *error, size_t error_len)
{
	char copy[IKE_TS_TEXT];
	struct ike_range range;
	char *bracket, *end;
	const char *wrong;

	*out = (struct ike_ts){.port_last = 65535};
	if (strlen(text) >= sizeof(copy))
		return refuse(error, error_len, "traffic selector is too long");
	strcpy(copy, text);
	bracket = strchr(copy, '[');
	if (bracket) {
		end = strchr(bracket, ']');
		if (!end || end[1] != 0)
			return refuse(error, error_len, "traffic selector \"%s\": missing \"]\"",
				      text);
		*end = 0;
		*bracket++ = 0;
		if (!parse_protoport(bracket, out))
			return refuse(error, error_len,
				      "traffic selector \"%s\": bad protocol or port", text);
	}
	if (strcmp(copy, "dynamic") == 0) {
		out->dynamic = true;
		return 0;
	}
	wrong = ike_range_parse(copy, &range);
	if (wrong)
		return refuse(error, error_len, "traffic selector \"%s\": %s", text, wrong);
	out->family = range.family;
	memcpy(out->first, range.first, sizeof(out->first));
	memcpy(out->last, range.last, sizeof(out->last));
	return 0;
}

void ike_ts_text(const struct ike_ts *ts, char *out, size_t len)
{
	uint16_t first = ts->port_first, last = ts->port_last;
	struct ike_range addresses = {.family = ts->family};
	char range[IKE_RANGE_TEXT], ports[32] = "";

	memcpy(addresses.first, ts->first, sizeof(addresses.first));
	memcpy(addresses.last, ts->last, sizeof(addresses.last));
	if (ts->dynamic)
		snprintf(range, sizeof(range), "dynamic");
	else
		ike_range_text(&addresses, range, sizeof(range));
	/* Types with all of their codes. */
	if (is_icmp(ts->protocol) && (first & 255) == 0 && (last & 255) == 255 && last < 65535) {
		first >>= 8;
		last >>= 8;
	}
	if (first > last)
		snprintf(ports, sizeof(ports), "[%u/opaque]", ts->protocol);
	else if (first == last)
		snprintf(ports, sizeof(ports), "[%u/%u]", ts->protocol, first);
	else if (first != 0 || last != 65535)
		snprintf(ports, sizeof(ports), "[%u/%u-%u]", ts->protocol, first, last);
	else if (ts->protocol)
		snprintf(ports, sizeof(ports), "[%u]", ts->protocol);
	snprintf(out, len, "%s%s", range, ports);
}

/* The configured selector of one address, or of all of its family. */
static struct ike_ts resolved(const struct ike_ts *dynamic, const struct ike_addr *addr)
{
	static const uint8_t zeros[16];
	struct ike_ts ts = *dynamic;

	ts.dynamic = false;
	ts.family = addr->family;
	memcpy(ts.first, addr->ip, sizeof(ts.first));
	memcpy(ts.last, addr->ip, sizeof(ts.last));
	if (ts.family && memcmp(addr->ip, zeros, sizeof(zeros)) == 0)
		memset(ts.last, 0xff, ts_size(&ts));
	return ts;
}

struct ike_ts_list ike_ts_resolve(const struct ike_ts_list *list, const struct ike_addr *addrs,
				  unsigned count)
{
	struct ike_ts_list in = *list, out = {.count = 0};

	if (in.count == 0) {
		in.count = 1;
		in.list[0] = (struct ike_ts){.dynamic = true, .port_last = 65535};
	}
	for (unsigned i = 0; i < in.count; i++) {
		const struct ike_ts *ts = &in.list[i];

		if (!ts->dynamic && out.count < IKE_TS_MAX)
			out.list[out.count++] = *ts;
		for (unsigned k = 0; ts->dynamic && k < count && out.count < IKE_TS_MAX; k++)
			out.list[out.count++] = resolved(ts, &addrs[k]);
	}
	return out;
}

static bool intersect(const struct ike_ts *a, const struct ike_ts *b, struct ike_ts *out)
{
	size_t size = ts_size(a);
	bool opaque_a = a->port_first > a->port_last, opaque_b = b->port_first > b->port_last;
	bool all_a = a->port_first == 0 && a->port_last == 65535;
	bool all_b = b->port_first == 0 && b->port_last == 65535;

	if (a->family != b->family)
		return false;
	*out = *a;
	if (a->protocol == 0)
		out->protocol = b->protocol;
	else if (b->protocol != 0 && b->protocol != a->protocol)
		return false;
	if (memcmp(b->first, a->first, size) > 0)
		memcpy(out->first, b->first, size);
	if (memcmp(b->last, a->last, size) < 0)
		memcpy(out->last, b->last, size);
	if (memcmp(out->first, out->last, size) > 0)
		return false;
	if (opaque_a || opaque_b) {
		/* OPAQUE is within "all ports", and meets nothing but itself otherwise. */
		if (!(opaque_a || all_a) || !(opaque_b || all_b))
			return false;
		out->port_first = 65535;
		out->port_last = 0;
		return true;
	}
	if (b->port_first > a->port_first)
		out->port_first = b->port_first;
	if (b->port_last < a->port_last)
		out->port_last = b->port_last;
	return out->port_first <= out->port_last;
}

static bool ts_equal(const struct ike_ts *a, const struct ike_ts *b)
{
	size_t size = ts_size(a);

	return a->family == b->family && a->protocol == b->protocol &&
	       a->port_first == b->port_first && a->port_last == b->port_last &&
	       memcmp(a->first, b->first, size) == 0 && memcmp(a->last, b->last, size) == 0;
}

bool ike_ts_lists_equal(const struct ike_ts_list *a, const struct ike_ts_list *b)
{
	bool equal = a->count == b->count;

	for (unsigned i = 0; equal && i < a->count; i++)
		equal = a->list[i].dynamic == b->list[i].dynamic &&
			ts_equal(&a->list[i], &b->list[i]);
	return equal;
}

static bool ts_within(const struct ike_ts *part, const struct ike_ts *whole)
{
	struct ike_ts common;

	return intersect(part, whole, &common) && ts_equal(&common, part);
}

int ike_ts_add(struct ike_ts_list *list, const struct ike_ts *ts)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < list->count; i++) {
		if (ts_within(ts, &list->list[i]))
			return 0;
	}
	/* It may cover what came before: a specific selector comes ahead of its network. */
	for (unsigned i = 0; i < list->count; i++) {
		if (!ts_within(&list->list[i], ts))
			list->list[kept++] = list->list[i];
	}
	list->count = kept;
	if (kept == IKE_TS_MAX)
		return -ENOSPC;
	list->list[list->count++] = *ts;
	return 0;
}

void ike_ts_put_first(struct ike_ts_list *list, const struct ike_ts *ts)
{
	if (list->count == IKE_TS_MAX)
		return;
	memmove(&list->list[1], &list->list[0], list->count++ * sizeof(list->list[0]));
	list->list[0] = *ts;
}

void ike_ts_narrow(const struct ike_ts *ts, const struct ike_ts_list *list, struct ike_ts_list *out)
{
	struct ike_ts common;

	for (unsigned i = 0; i < list->count; i++) {
		if (intersect(ts, &list->list[i], &common))
			ike_ts_add(out, &common);
	}
}

bool ike_ts_subset(const struct ike_ts_list *part, const struct ike_ts_list *whole)
{
	for (unsigned i = 0; i < part->count; i++) {
		unsigned k = 0;

		while (k < whole->count && !ts_within(&part->list[i], &whole->list[k]))
			k++;
		if (k == whole->count)
			return false;
	}
	return part->count > 0;
}
