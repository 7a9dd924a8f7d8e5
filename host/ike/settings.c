/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/ike/settings.h"

static const uint8_t zeros[16];

bool ike_addr_is_zero(const struct ike_addr *a)
{
	return memcmp(a->ip, zeros, sizeof(zeros)) == 0;
}

bool ike_addr_is_host(const struct ike_addr *a)
{
	static const uint8_t loopback6[16] = {[15] = 1};

	if (ike_addr_is_zero(a))
		return false;
	if (a->family == 4)
		return a->ip[0] != 0 && a->ip[0] != 127 && a->ip[0] < 224;
	return a->ip[0] != 0xff && memcmp(a->ip, loopback6, sizeof(loopback6)) != 0;
}

bool ike_domain_is_good(struct ike_slice name)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	size_t label = 0;

	if (name.len == 0 || name.len >= IKE_DOMAIN_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		bool dot = name.data[i] == '.';

		if ((dot && !label) ||
		    (!dot && (!memchr(letters, name.data[i], sizeof(letters) - 1) || ++label > 63)))
			return false;
		if (dot)
			label = 0;
	}
	return label > 0;
}

static void add(struct ike_addr *list, unsigned *count, unsigned most, uint8_t family,
		struct ike_slice ip)
{
	if (*count == most)
		return;
	list[*count] = (struct ike_addr){.family = family};
	if (ip.len)
		memcpy(list[*count].ip, ip.data, family == 4 ? 4 : 16);
	++*count;
}

static void add_subnet(struct ike_settings *s, uint8_t family, const uint8_t *network,
		       const uint8_t *mask)
{
	struct ike_ts ts = {.family = family, .port_last = 65535};
	size_t size = family == 4 ? 4 : 16;
	bool ended = false;

	for (size_t bit = 0; bit < size * 8; bit++) {
		bool set = mask[bit / 8] & 0x80 >> bit % 8;

		if (ended && set)
			return; /* it has holes */
		ended = !set;
	}
	for (size_t i = 0; i < size; i++) {
		ts.first[i] = network[i] & mask[i];
		ts.last[i] = (uint8_t)(network[i] | ~mask[i]);
	}
	if (s->subnets.count < IKE_TS_MAX)
		s->subnets.list[s->subnets.count++] = ts;
}

static void add_subnet6(struct ike_settings *s, const uint8_t *network, uint8_t prefix)
{
	uint8_t mask[16] = {0};

	for (unsigned bit = 0; bit < prefix && bit < 128; bit++)
		mask[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	if (prefix <= 128)
		add_subnet(s, 6, network, mask);
}

/* One dot at its end is as good as none. */
static void add_domain(struct ike_settings *s, struct ike_slice name)
{
	if (name.len && name.data[name.len - 1] == '.')
		name.len--;
	if (s->domain_count == IKE_DOMAINS_MAX || !ike_domain_is_good(name))
		return;
	memcpy(s->domains[s->domain_count], name.data, name.len);
	s->domains[s->domain_count++][name.len] = 0;
}

/* The octets that a value has unless it has none (sections 3.15.1 and 3.15.2); 0: any number. */
static size_t length_of(uint16_t type)
{
	switch (type) {
	case IKE_CP_IP4_ADDRESS:
	case IKE_CP_IP4_NETMASK:
	case IKE_CP_IP4_DNS:
	case IKE_CP_IP4_NBNS:
		return 4;
	case IKE_CP_IP4_SUBNET:
		return 8;
	case IKE_CP_IP6_DNS:
		return 16;
	case IKE_CP_IP6_ADDRESS:
	case IKE_CP_IP6_SUBNET:
		return 17;
	default:
		return 0;
	}
}

static void take(struct ike_settings *s, uint16_t type, struct ike_slice value)
{
	switch (type) {
	case IKE_CP_IP4_ADDRESS:
		add(s->vips, &s->vip_count, IKE_VIPS_MAX, 4, value);
		return;
	case IKE_CP_IP6_ADDRESS:
		add(s->vips, &s->vip_count, IKE_VIPS_MAX, 6, value);
		return;
	}
	if (!value.len)
		return; /* asked for */
	switch (type) {
	case IKE_CP_IP4_NETMASK:
		s->netmask.family = 4;
		memcpy(s->netmask.ip, value.data, 4);
		break;
	case IKE_CP_IP4_DNS:
		add(s->dns, &s->dns_count, IKE_SERVERS_MAX, 4, value);
		break;
	case IKE_CP_IP6_DNS:
		add(s->dns, &s->dns_count, IKE_SERVERS_MAX, 6, value);
		break;
	case IKE_CP_IP4_NBNS:
		add(s->nbns, &s->nbns_count, IKE_SERVERS_MAX, 4, value);
		break;
	case IKE_CP_IP4_SUBNET:
		add_subnet(s, 4, value.data, value.data + 4);
		break;
	case IKE_CP_IP6_SUBNET:
		add_subnet6(s, value.data, value.data[16]);
		break;
	case IKE_CP_DNS_DOMAIN:
		add_domain(s, value);
		break;
	}
}

int ike_settings_read(const struct ike_cp *cp, struct ike_settings *out)
{
	struct ike_cursor c = ike_cursor(cp->attributes);
	struct ike_attribute a;

	*out = (struct ike_settings){0};
	while (ike_next_attribute(&c, &a)) {
		size_t len = length_of(a.type);

		if (len && a.value.len && a.value.len != len)
			return IKE_N_INVALID_SYNTAX;
		if (a.type < 32)
			out->types |= 1u << a.type;
		take(out, a.type, a.value);
	}
	if (cp->type == IKE_CP_REPLY && !out->dns_count)
		out->domain_count = 0;
	return 0;
}

static void put_attribute(struct ike_writer *w, uint16_t type, const void *value, size_t len)
{
	ike_put_u16(w, type);
	ike_put_u16(w, (uint16_t)len);
	ike_put(w, value, len);
}

static void put_vip(struct ike_writer *w, const struct ike_addr *vip)
{
	uint8_t value[17] = {[16] = 128};
	bool any = ike_addr_is_zero(vip);

	memcpy(value, vip->ip, 16);
	if (vip->family == 4)
		put_attribute(w, IKE_CP_IP4_ADDRESS, value, any ? 0 : 4);
	else
		put_attribute(w, IKE_CP_IP6_ADDRESS, value, any ? 0 : 17);
}

static uint8_t prefix_of(const struct ike_ts *ts)
{
	uint8_t prefix = 0;

	while (prefix < 128 &&
	       !((ts->first[prefix / 8] ^ ts->last[prefix / 8]) & 0x80 >> prefix % 8))
		prefix++;
	return prefix;
}

static void put_subnet(struct ike_writer *w, const struct ike_ts *ts)
{
	uint8_t value[17];

	memcpy(value, ts->first, 16);
	value[16] = prefix_of(ts);
	for (unsigned i = 0; ts->family == 4 && i < 4; i++)
		value[4 + i] = (uint8_t) ~(ts->first[i] ^ ts->last[i]);
	if (ts->family == 4)
		put_attribute(w, IKE_CP_IP4_SUBNET, value, 8);
	else
		put_attribute(w, IKE_CP_IP6_SUBNET, value, 17);
}

/* What is understood, for SUPPORTED_ATTRIBUTES (section 3.15.1). */
static const uint16_t supported[] = {
	IKE_CP_IP4_ADDRESS,	     IKE_CP_IP4_NETMASK, IKE_CP_IP4_DNS,    IKE_CP_IP4_NBNS,
	IKE_CP_APPLICATION_VERSION,  IKE_CP_IP6_ADDRESS, IKE_CP_IP6_DNS,    IKE_CP_IP4_SUBNET,
	IKE_CP_SUPPORTED_ATTRIBUTES, IKE_CP_IP6_SUBNET,	 IKE_CP_DNS_DOMAIN,
};

static void put_supported(struct ike_writer *w)
{
	const size_t count = sizeof(supported) / sizeof(supported[0]);

	ike_put_u16(w, IKE_CP_SUPPORTED_ATTRIBUTES);
	ike_put_u16(w, (uint16_t)(2 * count));
	for (size_t i = 0; i < count; i++)
		ike_put_u16(w, supported[i]);
}

/* Without a value: a question, or what isn't told. */
static void put_bare(struct ike_writer *w, const struct ike_settings *s, uint16_t type, bool value)
{
	if (ike_settings_have(s, type) && !value)
		put_attribute(w, type, NULL, 0);
}

void ike_settings_write(struct ike_builder *b, uint8_t type, const struct ike_settings *s)
{
	struct ike_writer *w = &b->w;

	ike_build_begin(b, IKE_PAYLOAD_CP);
	ike_put_u8(w, type);
	ike_put_be(w, 0, 3);
	for (unsigned i = 0; i < s->vip_count; i++)
		put_vip(w, &s->vips[i]);
	if (s->netmask.family)
		put_attribute(w, IKE_CP_IP4_NETMASK, s->netmask.ip, 4);
	for (unsigned i = 0; i < s->dns_count; i++)
		put_attribute(w, s->dns[i].family == 4 ? IKE_CP_IP4_DNS : IKE_CP_IP6_DNS,
			      s->dns[i].ip, ike_addr_len(&s->dns[i]));
	for (unsigned i = 0; i < s->nbns_count; i++)
		put_attribute(w, IKE_CP_IP4_NBNS, s->nbns[i].ip, 4);
	for (unsigned i = 0; i < s->subnets.count; i++)
		put_subnet(w, &s->subnets.list[i]);
	for (unsigned i = 0; i < s->domain_count; i++)
		put_attribute(w, IKE_CP_DNS_DOMAIN, s->domains[i], strlen(s->domains[i]));
	put_bare(w, s, IKE_CP_IP4_NETMASK, s->netmask.family);
	put_bare(w, s, IKE_CP_IP4_DNS, s->dns_count);
	put_bare(w, s, IKE_CP_IP6_DNS, s->dns_count);
	put_bare(w, s, IKE_CP_IP4_NBNS, s->nbns_count);
	put_bare(w, s, IKE_CP_IP4_SUBNET, s->subnets.count);
	put_bare(w, s, IKE_CP_DNS_DOMAIN, s->domain_count);
	put_bare(w, s, IKE_CP_APPLICATION_VERSION, false);
	if (ike_settings_have(s, IKE_CP_SUPPORTED_ATTRIBUTES) && type == IKE_CP_REPLY)
		put_supported(w);
	else
		put_bare(w, s, IKE_CP_SUPPORTED_ATTRIBUTES, false);
	ike_build_end(b);
}
