/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/ike/host.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static const char no_host[] = "isn't an IP address, a subnet, a range or a DNS name";

/* A whole label: letters, digits, hyphens and underscores, 1 to 63 of them. */
static bool is_label(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)text[i]) && text[i] != '-' && text[i] != '_')
			return false;
	}
	return len >= 1 && len <= 63 && text[0] != '-' && text[len - 1] != '-';
}

/* Whose last label is a number is a mistyped address. */
static bool is_name(const char *text)
{
	bool number = true;
	size_t len;

	if (strlen(text) >= IKE_HOST_NAME_MAX)
		return false;
	for (; *text; text += len + (text[len] == '.')) {
		len = strcspn(text, ".");
		if (!is_label(text, len))
			return false;
		number = strspn(text, "0123456789") == len;
	}
	return !number;
}

static struct ike_range whole(uint8_t family)
{
	struct ike_range range = {.family = family};

	memset(range.last, 0xff, family == 4 ? 4 : 16);
	return range;
}

static const char *parse(const char *text, struct ike_host *out)
{
	const char *wrong;

	*out = (struct ike_host){0};
	if (strcmp(text, "%any") == 0)
		return NULL;
	if (strcmp(text, "%any4") == 0 || strcmp(text, "%any6") == 0) {
		out->range = whole(text[4] == '4' ? 4 : 6);
		return NULL;
	}
	wrong = ike_range_parse(text, &out->range);
	if (!wrong)
		return NULL;
	out->range = (struct ike_range){0};
	if (!is_name(text))
		return strpbrk(text, "/-") ? wrong : no_host;
	out->name = strdup(text);
	return out->name ? NULL : "doesn't fit into memory";
}

/* One more item, which the list owns from now on; false: no memory, and it doesn't. */
static bool append(struct ike_hosts *hosts, const struct ike_host *host)
{
	struct ike_host *list = realloc(hosts->list, (hosts->count + 1) * sizeof(*list));

	if (!list)
		return false;
	hosts->list = list;
	list[hosts->count++] = *host;
	return true;
}

const char *ike_hosts_add(struct ike_hosts *hosts, const char *text)
{
	struct ike_host host;
	const char *wrong = hosts->count == IKE_HOSTS_MAX ? "is one too many" : parse(text, &host);

	if (wrong)
		return wrong;
	if (append(hosts, &host))
		return NULL;
	free(host.name);
	return "doesn't fit into memory";
}

const char *ike_hosts_set_one(struct ike_hosts *hosts, const char *text)
{
	const char *wrong;

	ike_hosts_clear(hosts);
	wrong = ike_hosts_add(hosts, text);
	if (wrong || ike_host_is_one(&hosts->list[0]))
		return wrong;
	ike_hosts_clear(hosts);
	return "isn't one address or DNS name";
}

int ike_hosts_copy(struct ike_hosts *to, const struct ike_hosts *from)
{
	struct ike_hosts copy = {0};

	for (unsigned i = 0; i < from->count; i++) {
		struct ike_host host = {.range = from->list[i].range};

		if (from->list[i].name)
			host.name = strdup(from->list[i].name);
		if ((from->list[i].name && !host.name) || !append(&copy, &host)) {
			free(host.name);
			ike_hosts_clear(&copy);
			return -ENOMEM;
		}
	}
	ike_hosts_clear(to);
	*to = copy;
	return 0;
}

int ike_hosts_set(struct ike_hosts *hosts, const struct ike_addr *addr)
{
	struct ike_hosts only = {0};
	struct ike_host host = {.range = {.family = addr->family}};

	memcpy(host.range.first, addr->ip, ike_addr_len(addr));
	memcpy(host.range.last, addr->ip, ike_addr_len(addr));
	if (!append(&only, &host))
		return -ENOMEM;
	ike_hosts_clear(hosts);
	*hosts = only;
	return 0;
}

void ike_hosts_clear(struct ike_hosts *hosts)
{
	for (unsigned i = 0; i < hosts->count; i++)
		free(hosts->list[i].name);
	free(hosts->list);
	*hosts = (struct ike_hosts){0};
}

static bool same_host(const struct ike_host *a, const struct ike_host *b)
{
	if (a->name || b->name)
		return a->name && b->name && strcasecmp(a->name, b->name) == 0;
	return memcmp(&a->range, &b->range, sizeof(a->range)) == 0;
}

bool ike_hosts_equal(const struct ike_hosts *a, const struct ike_hosts *b)
{
	bool same = a->count == b->count;

	for (unsigned i = 0; same && i < a->count; i++)
		same = same_host(&a->list[i], &b->list[i]);
	return same;
}

bool ike_hosts_overlap(const struct ike_hosts *a, const struct ike_hosts *b)
{
	for (unsigned i = 0; i < a->count; i++) {
		for (unsigned k = 0; k < b->count && ike_host_is_one(&a->list[i]); k++) {
			if (same_host(&a->list[i], &b->list[k]))
				return true;
		}
	}
	return false;
}

uint8_t ike_hosts_family(const struct ike_hosts *hosts)
{
	uint8_t family = hosts->count ? hosts->list[0].range.family : 0;

	for (unsigned i = 1; i < hosts->count; i++) {
		if (hosts->list[i].range.family != family)
			return 0;
	}
	return family;
}

bool ike_host_is_address(const struct ike_host *host)
{
	return !host->name && host->range.family &&
	       memcmp(host->range.first, host->range.last, sizeof(host->range.first)) == 0;
}

struct ike_addr ike_host_addr(const struct ike_host *host)
{
	struct ike_addr addr = {.family = host->range.family};

	memcpy(addr.ip, host->range.first, sizeof(addr.ip));
	return addr;
}

struct ike_addr ike_hosts_first_address(const struct ike_hosts *hosts)
{
	for (unsigned i = 0; i < hosts->count; i++) {
		if (ike_host_is_address(&hosts->list[i]))
			return ike_host_addr(&hosts->list[i]);
	}
	return (struct ike_addr){0};
}

bool ike_hosts_has_one(const struct ike_hosts *hosts)
{
	for (unsigned i = 0; i < hosts->count; i++) {
		if (ike_host_is_one(&hosts->list[i]))
			return true;
	}
	return false;
}

bool ike_hosts_are_addresses(const struct ike_hosts *hosts)
{
	for (unsigned i = 0; i < hosts->count; i++) {
		if (!ike_host_is_address(&hosts->list[i]))
			return false;
	}
	return hosts->count;
}

void ike_host_text(const struct ike_host *host, char *out, size_t len)
{
	const struct ike_range any = whole(host->range.family);
	struct ike_addr addr = ike_host_addr(host);

	if (host->name)
		snprintf(out, len, "%s", host->name);
	else if (host->range.family && memcmp(&host->range, &any, sizeof(any)) == 0)
		snprintf(out, len, "%%any%u", host->range.family);
	else if (ike_host_is_address(host) || !host->range.family)
		ike_addr_text(&addr, out, len);
	else
		ike_range_text(&host->range, out, len);
}
