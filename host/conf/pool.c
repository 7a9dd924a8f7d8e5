// SPDX-License-Identifier: BSD-2-Clause
/* Sections pools.*: addresses that are given to peers, and what they are told with them. */
#include <stdio.h>
#include <string.h>

#include "host/conf/bind.h"
#include "host/esp/prefix.h"

#define ADDRESSES_MAX (1u << 24) /* a /8 of IPv4; of IPv6 the first ones */

/* The address that comes so many after another one. */
static struct rvl_addr address_after(const struct rvl_addr *address, uint32_t number)
{
	struct rvl_addr out = *address;
	size_t at = rvl_family_bits(address->family) / 8;
	uint64_t sum = number;

	while (at-- > 0 && sum) {
		sum += out.octets[at];
		out.octets[at] = (uint8_t)sum;
		sum >>= 8;
	}
	return out;
}

/* How many come before it from the first one on: the most that there may be if it is more. */
static uint32_t distance(const struct rvl_addr *first, const struct rvl_addr *address)
{
	const size_t octets = rvl_family_bits(first->family) / 8;
	uint64_t sum = 0;

	for (size_t i = 0; i < octets; i++) {
		sum = (sum << 8) + address->octets[i] - first->octets[i];
		if ((int64_t)sum > UINT32_MAX)
			return UINT32_MAX;
	}
	return sum < ADDRESSES_MAX ? (uint32_t)sum : UINT32_MAX;
}

/* As many as there may be at most. */
static uint32_t count_to(const struct rvl_addr *first, const struct rvl_addr *last)
{
	const uint32_t count = distance(first, last);

	return count == UINT32_MAX ? ADDRESSES_MAX : count + 1;
}

struct rvl_addr conf_pool_address(const struct conf_pool *pool, uint32_t number)
{
	return address_after(&pool->first, number);
}

bool conf_pool_has(const struct conf_pool *pool, const struct rvl_addr *address)
{
	return address->family == pool->first.family &&
	       memcmp(address->octets, pool->first.octets, sizeof(address->octets)) >= 0 &&
	       distance(&pool->first, address) < pool->size;
}

/* What a network gives are its hosts, from the address that is written on. Of IPv6 only its first
 * address isn't one: it is its routers' (RFC 4291, section 2.6.1). */
static void leave_out_network(const char *text, const struct rvl_addr *last, struct conf_pool *pool)
{
	char address[IKE_TS_TEXT];
	struct ike_addr written;
	struct rvl_addr from;
	uint32_t broadcast;

	snprintf(address, sizeof(address), "%.*s", (int)strcspn(text, "/"), text);
	if (pool->size < 4 || ike_addr_parse(address, &written))
		return;
	from = ike_addr_ip(&written);
	if (rvl_addr_equal(&from, &pool->first))
		from = address_after(&from, 1);
	broadcast = from.family == 4;
	pool->first = from;
	pool->size = count_to(&from, last) - broadcast;
}

static int set_addrs(const struct conf_value *v, void *object)
{
	struct conf_pool *pool = object;
	const char *text = v->key->value;
	struct rvl_addr ends[2];
	char reason[128];

	if (strpbrk(text, "[,") || ike_ts_parse(text, &pool->network, reason, sizeof(reason)) ||
	    pool->network.dynamic)
		return conf_value_fail(v, "\"%.60s\" is neither a network nor a range", text);
	for (int i = 0; i < 2; i++) {
		ends[i] = (struct rvl_addr){.family = pool->network.family};
		memcpy(ends[i].octets, i ? pool->network.last : pool->network.first,
		       sizeof(ends[i].octets));
	}
	if (pool->network.family == 4 && distance(&ends[0], &ends[1]) == UINT32_MAX)
		return conf_value_fail(v, "\"%.60s\" is larger than a /8", text);
	pool->first = ends[0];
	pool->size = count_to(&ends[0], &ends[1]);
	if (strchr(text, '/'))
		leave_out_network(text, &ends[1], pool);
	if (!pool->size)
		return conf_value_fail(v, "\"%.60s\" has no address for a host", text);
	for (int i = 0; i < 2; i++) {
		const struct rvl_addr end = conf_pool_address(pool, i ? pool->size - 1 : 0);
		const struct ike_addr addr = ike_addr_of(&end, 0);

		if (!ike_addr_is_host(&addr))
			return conf_value_fail(v, "\"%.60s\" has addresses that no host may have",
					       text);
	}
	snprintf(pool->addrs, sizeof(pool->addrs), "%s", text);
	return 0;
}

static int parse_server(const struct conf_value *v, const char *item, struct ike_addr *addr)
{
	if (ike_addr_parse(item, addr) || !addr->family)
		return conf_value_fail(v, "\"%.60s\" isn't an IP address", item);
	return 0;
}

/* What a peer is told of only in IPv4 (RFC 7296, section 3.15.1). */
static int only_ipv4(const struct conf_value *v, const char *item, const struct ike_addr *addr)
{
	return addr->family == 4 ? 0 : conf_value_fail(v, "\"%.60s\": there is none of IPv6", item);
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

static int add_nbns(const struct conf_value *v, const char *item, void *context)
{
	struct servers *servers = context;
	int err = add_server(v, item, context);

	return err ? err : only_ipv4(v, item, &servers->list[*servers->count - 1]);
}

static int set_nbns(const struct conf_value *v, void *object)
{
	struct ike_settings *s = &((struct conf_pool *)object)->settings;
	struct servers servers = {s->nbns, &s->nbns_count};

	s->nbns_count = 0;
	return conf_value_list(v, add_nbns, &servers);
}

static int set_netmask(const struct conf_value *v, void *object)
{
	struct ike_addr *netmask = &((struct conf_pool *)object)->settings.netmask;
	int err = parse_server(v, v->key->value, netmask);

	return err ? err : only_ipv4(v, v->key->value, netmask);
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
