/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/ike/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

static const struct {
	const char *text;
	uint8_t only;
} any[] = {{"%any", 0}, {"%any4", 4}, {"%any6", 6}};

int ike_addr_parse(const char *text, struct ike_addr *out)
{
	*out = (struct ike_addr){0};
	for (unsigned i = 0; i < sizeof(any) / sizeof(any[0]); i++) {
		if (strcmp(text, any[i].text) == 0) {
			out->only = any[i].only;
			return 0;
		}
	}
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
	char ip[INET6_ADDRSTRLEN] = "";
	unsigned i = 0;

	if (a->family) {
		inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->ip, ip, sizeof(ip));
		snprintf(out, len, "%s", ip);
		return;
	}
	while (any[i].only != a->only)
		i++;
	snprintf(out, len, "%s", any[i].text);
}

bool ike_addr_same_ip(const struct ike_addr *a, const struct ike_addr *b)
{
	return a->family == b->family && memcmp(a->ip, b->ip, ike_addr_len(a)) == 0;
}

bool ike_addr_matches(const struct ike_addr *configured, const struct ike_addr *addr)
{
	if (configured->family)
		return ike_addr_same_ip(configured, addr);
	return !configured->only || configured->only == addr->family;
}

bool ike_addr_equal(const struct ike_addr *a, const struct ike_addr *b)
{
	return ike_addr_same_ip(a, b) && a->only == b->only && a->port == b->port;
}

bool ike_pair_equal(const struct ike_pair *a, const struct ike_pair *b)
{
	return ike_addr_equal(&a->local, &b->local) && ike_addr_equal(&a->remote, &b->remote);
}
