// SPDX-License-Identifier: BSD-2-Clause
/* Sections pools.*: addresses that are given to peers, and what they are told with them. */
#include <stdio.h>
#include <string.h>

#include "host/conf/bind.h"
#include "host/esp/ip.h"

#define ADDRESSES_MAX (1u << 24) /* a /8 */

/* What a network gives are its hosts, from the address that is written on. */
static void leave_out_network(const char *text, struct conf_pool *pool)
{
	struct ike_addr written;
	char address[IKE_TS_TEXT];

	snprintf(address, sizeof(address), "%.*s", (int)strcspn(text, "/"), text);
	if (pool->last - pool->first < 3 || ike_addr_parse(address, &written))
		return;
	pool->last--;
	if (rvl_get_be32(written.ip) > pool->first)
		pool->first = rvl_get_be32(written.ip);
	else
		pool->first++;
}

static int set_addrs(const struct conf_value *v, void *object)
{
	struct conf_pool *pool = object;
	const char *text = v->key->value;
	struct ike_addr ends[2] = {{.family = 4}, {.family = 4}};
	char reason[128];

	if (strpbrk(text, "[,") || ike_ts_parse(text, &pool->network, reason, sizeof(reason)) ||
	    pool->network.dynamic)
		return conf_value_fail(v, "\"%.60s\" is neither a network nor a range", text);
	if (pool->network.family == 6)
		return conf_value_fail(v, "\"%.60s\": IPv6 isn't supported inside tunnels", text);
	pool->first = rvl_get_be32(pool->network.first);
	pool->last = rvl_get_be32(pool->network.last);
	if (pool->last - pool->first >= ADDRESSES_MAX)
		return conf_value_fail(v, "\"%.60s\" is larger than a /8", text);
	if (strchr(text, '/'))
		leave_out_network(text, pool);
	rvl_put_be32(ends[0].ip, pool->first);
	rvl_put_be32(ends[1].ip, pool->last);
	if (!ike_addr_is_host(&ends[0]) || !ike_addr_is_host(&ends[1]))
		return conf_value_fail(v, "\"%.60s\" has addresses that no host may have", text);
	snprintf(pool->addrs, sizeof(pool->addrs), "%s", text);
	return 0;
}

static int parse_server(const struct conf_value *v, const char *item, struct ike_addr *addr)
{
	if (ike_addr_parse(item, addr) || !addr->family)
		return conf_value_fail(v, "\"%.60s\" isn't an IP address", item);
	if (addr->family == 6)
		return conf_value_fail(v, "\"%.60s\": IPv6 isn't supported inside tunnels", item);
	return 0;
}

struct servers {
	struct ike_addr *list;
	unsigned int *count;
};

static int add_server(const struct conf_value *v, const char *item, void *context)
{
	struct servers *servers = context;

	if (*servers->count == IKE_SERVERS_MAX)
		return conf_value_fail(v, "more than %d servers", IKE_SERVERS_MAX);
	return parse_server(v, item, &servers->list[(*servers->count)++]);
}

static int set_dns(const struct conf_value *v, void *object)
{
	struct ike_settings *s = &((struct conf_pool *)object)->settings;
	struct servers servers = {s->dns, &s->dns_count};

	s->dns_count = 0;
	return conf_value_list(v, add_server, &servers);
}

static int set_nbns(const struct conf_value *v, void *object)
{
	struct ike_settings *s = &((struct conf_pool *)object)->settings;
	struct servers servers = {s->nbns, &s->nbns_count};

	s->nbns_count = 0;
	return conf_value_list(v, add_server, &servers);
}

static int set_netmask(const struct conf_value *v, void *object)
{
	return parse_server(v, v->key->value, &((struct conf_pool *)object)->settings.netmask);
}

static int add_subnet(const struct conf_value *v, const char *item, void *context)
{
	struct ike_ts_list *list = context;
	struct ike_ts *ts = &list->list[list->count];
	char reason[128];

	if (list->count == IKE_TS_MAX)
		return conf_value_fail(v, "more than %d networks", IKE_TS_MAX);
	if (strpbrk(item, "[-") || ike_ts_parse(item, ts, reason, sizeof(reason)) || ts->dynamic)
		return conf_value_fail(v, "\"%.60s\" isn't a network", item);
	if (ts->family == 6)
		return conf_value_fail(v, "\"%.60s\": IPv6 isn't supported inside tunnels", item);
	list->count++;
	return 0;
}

static int set_subnet(const struct conf_value *v, void *object)
{
	struct ike_ts_list *list = &((struct conf_pool *)object)->settings.subnets;

	list->count = 0;
	return conf_value_list(v, add_subnet, list);
}

static int add_domain(const struct conf_value *v, const char *item, void *context)
{
	struct ike_settings *s = context;

	if (s->domain_count == IKE_DOMAINS_MAX)
		return conf_value_fail(v, "more than %d domains", IKE_DOMAINS_MAX);
	if (!ike_domain_is_good(ike_slice(item, strlen(item))))
		return conf_value_fail(v, "\"%.60s\" isn't a domain name", item);
	strcpy(s->domains[s->domain_count++], item);
	return 0;
}

static int set_domains(const struct conf_value *v, void *object)
{
	struct ike_settings *s = &((struct conf_pool *)object)->settings;

	s->domain_count = 0;
	return conf_value_list(v, add_domain, s);
}

static int refuse_split(const struct conf_value *v, void *object)
{
	(void)object;
	return conf_value_fail(v, "is IKEv1's and isn't supported (subnet)");
}

static int refuse_other(const struct conf_value *v, void *object)
{
	(void)object;
	return conf_value_fail(v, "isn't supported (dns, nbns, netmask, subnet, 25)");
}

static const struct conf_binding keys[] = {
	{"addrs", set_addrs, false},
	{"dns", set_dns, false},
	{"nbns", set_nbns, false},
	{"netmask", set_netmask, false},
	{"subnet", set_subnet, false},
	{"25", set_domains, false}, /* INTERNAL_DNS_DOMAIN (RFC 8598) has no other name */
	{"split_", refuse_split, true},
	{"dhcp", refuse_other, false},
	{"server", refuse_other, false},
	{NULL, NULL, false},
};

int conf_bind_pool(const struct conf_section *section, struct conf_pool *pool,
		   struct conf_error *error)
{
	static const char *const no_sections[] = {NULL};
	int err;

	*pool = (struct conf_pool){.file = section->file, .line = section->line};
	err = conf_bind_name(section, pool->name, error);
	if (!err)
		err = conf_only_sections(section, no_sections, conf_absent_none, error);
	if (!err)
		err = conf_bind(section, keys, conf_absent_none, pool, error);
	if (!err && !*pool->addrs)
		return conf_fail_section(error, section, "needs the key \"addrs\"");
	/* RFC 8598, section 3.2 */
	if (!err && pool->settings.domain_count && !pool->settings.dns_count)
		return conf_fail_section(error, section, "\"25\" needs the key \"dns\"");
	return err;
}
