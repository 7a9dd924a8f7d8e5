/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/ike/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int ike_addr_parse(const char *text, struct ike_addr *out)
{
	*out = (struct ike_addr){0};
	if (inet_pton(AF_INET, text, out->ip) == 1)
		out->family = 4;
	else if (inet_pton(AF_INET6, text, out->ip) == 1)
		out->family = 6;
	else
		return -EINVAL;
	return 0;
}

void ike_addr_text(const struct ike_addr *a, char *out, size_t len)
{
	char ip[INET6_ADDRSTRLEN] = "%any";

	if (a->family)
		inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->ip, ip, sizeof(ip));
	snprintf(out, len, "%s", ip);
}

bool ike_addr_same_ip(const struct ike_addr *a, const struct ike_addr *b)
{
	return a->family == b->family && memcmp(a->ip, b->ip, ike_addr_len(a)) == 0;
}

bool ike_addr_equal(const struct ike_addr *a, const struct ike_addr *b)
{
	return ike_addr_same_ip(a, b) && a->port == b->port && a->tcp == b->tcp;
}

bool ike_pair_equal(const struct ike_pair *a, const struct ike_pair *b)
{
	return ike_addr_equal(&a->local, &b->local) && ike_addr_equal(&a->remote, &b->remote);
}

static size_t range_len(const struct ike_range *range)
{
	return range->family == 4 ? 4 : 16;
}

bool ike_number_parse(const char *text, unsigned long most, unsigned long *out)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*out = strtoul(text, &end, 10);
	return *end == 0 && errno == 0 && *out <= most;
}

const char *ike_range_parse(const char *text, struct ike_range *out)
{
	size_t len = strcspn(text, "/-"), size;
	struct ike_addr first, last;
	char start[IKE_ADDR_TEXT];
	unsigned long prefix;

	*out = (struct ike_range){0};
	if (len >= sizeof(start))
		return "bad address";
	memcpy(start, text, len);
	start[len] = 0;
	if (ike_addr_parse(start, &first) || first.family == 0)
		return "bad address";
	last = first;
	size = ike_addr_len(&first);
	if (text[len] == '/') {
		if (!ike_number_parse(text + len + 1, size * 8, &prefix))
			return "bad prefix length";
		for (size_t bit = prefix; bit < size * 8; bit++) {
			first.ip[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
			last.ip[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
		}
	} else if (text[len] == '-') {
		if (ike_addr_parse(text + len + 1, &last) || last.family != first.family ||
		    memcmp(first.ip, last.ip, size) > 0)
			return "bad range";
	}
	out->family = first.family;
	memcpy(out->first, first.ip, size);
	memcpy(out->last, last.ip, size);
	return NULL;
}

unsigned ike_range_common_bits(const struct ike_range *range)
{
	size_t bits = range_len(range) * 8, bit = 0;

	while (bit < bits && !((range->first[bit / 8] ^ range->last[bit / 8]) & 0x80 >> bit % 8))
		bit++;
	return (unsigned)bit;
}

/* Has it all addresses with the bits that they have in common? */
static bool is_prefix(const struct ike_range *range)
{
	size_t bits = range_len(range) * 8;

	for (size_t bit = ike_range_common_bits(range); bit < bits; bit++) {
		if (range->first[bit / 8] & 0x80 >> bit % 8 ||
		    !(range->last[bit / 8] & 0x80 >> bit % 8))
			return false;
	}
	return true;
}

void ike_range_text(const struct ike_range *range, char *out, size_t len)
{
	struct ike_addr first = {.family = range->family}, last = first;
	char a[IKE_ADDR_TEXT], b[IKE_ADDR_TEXT];
	unsigned common = ike_range_common_bits(range);

	memcpy(first.ip, range->first, range_len(range));
	memcpy(last.ip, range->last, range_len(range));
	ike_addr_text(&first, a, sizeof(a));
	ike_addr_text(&last, b, sizeof(b));
	if (is_prefix(range))
		snprintf(out, len, "%s/%u", a, common);
	else
		snprintf(out, len, "%s-%s", a, b);
}

bool ike_range_has(const struct ike_range *range, const struct ike_addr *addr)
{
	size_t len = range_len(range);

	return range->family == addr->family && memcmp(addr->ip, range->first, len) >= 0 &&
	       memcmp(addr->ip, range->last, len) <= 0;
}
