/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/ike/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

int ike_addr_parse(const char *text, struct ike_addr *out)
{
	*out = (struct ike_addr){0};
	if (strcmp(text, "%any") == 0 || strcmp(text, "%any4") == 0 || strcmp(text, "%any6") == 0)
		return 0;
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
	return ike_addr_same_ip(a, b) && a->port == b->port;
}
