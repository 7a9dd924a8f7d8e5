// SPDX-License-Identifier: BSD-2-Clause
#include "host/conf/bind.h"

#include <string.h>

static bool name_fits(const char *pattern, bool prefix, const char *name)
{
	return prefix ? !strncmp(pattern, name, strlen(pattern)) : !strcmp(pattern, name);
}

int conf_bind(const struct conf_section *section, const struct conf_binding *table, void *object,
	      struct conf_error *error)
{
	for (size_t i = 0; i < section->key_count; i++) {
		const struct conf_value v = {section, &section->keys[i], error};
		const struct conf_binding *b = table;
		int err;

		while (b->name && !name_fits(b->name, b->prefix, v.key->name))
			b++;
		if (!b->name)
			return conf_value_fail(&v, "unknown key");
		if (!v.key->value)
			continue;
		err = b->set(&v, object);
		if (err)
			return err;
	}
	return 0;
}

int conf_only_sections(const struct conf_section *section, const char *const *names,
		       struct conf_error *error)
{
	for (size_t i = 0; i < section->section_count; i++) {
		const char *const *known = names;

		for (; *known; known++) {
			size_t len = strcspn(*known, "*");

			if ((*known)[len] ? !strncmp(*known, section->sections[i]->name, len)
					  : !strcmp(*known, section->sections[i]->name))
				break;
		}
		if (!*known)
			return conf_fail_section(error, section->sections[i], "unknown section");
	}
	return 0;
}

int conf_bind_name(const struct conf_section *section, char out[CONF_NAME_MAX],
		   struct conf_error *error)
{
	if (strlen(section->name) >= CONF_NAME_MAX)
		return conf_fail_section(error, section, "the name is longer than %d characters",
					 CONF_NAME_MAX - 1);
	strcpy(out, section->name);
	return 0;
}

struct proposals {
	uint8_t protocol;
	struct ike_proposal *list;
	unsigned int *count;
};

static int add_proposal(const struct conf_value *v, const char *item, void *context)
{
	struct proposals *p = context;
	char reason[128];
	int err;

	if (!strcmp(item, "default")) {
		struct ike_proposal defaults[IKE_PROPOSAL_DEFAULTS];
		unsigned int n = ike_proposal_defaults(p->protocol, defaults);

		if (*p->count + n > CONF_PROPOSALS_MAX)
			return conf_value_fail(v, "more than %d proposals", CONF_PROPOSALS_MAX);
		memcpy(p->list + *p->count, defaults, n * sizeof(*defaults));
		*p->count += n;
		return 0;
	}
	if (*p->count == CONF_PROPOSALS_MAX)
		return conf_value_fail(v, "more than %d proposals", CONF_PROPOSALS_MAX);
	err = ike_proposal_parse(item, p->protocol, &p->list[*p->count], reason, sizeof(reason));
	if (err)
		return conf_value_fail(v, "%s", reason);
	++*p->count;
	return 0;
}

int conf_bind_proposals(const struct conf_value *v, uint8_t protocol,
			struct ike_proposal proposals[CONF_PROPOSALS_MAX], unsigned int *count)
{
	struct proposals p = {protocol, proposals, count};

	*count = 0;
	return conf_value_list(v, add_proposal, &p);
}

int conf_check_addr(const struct conf_value *v, const char *item, const struct ike_addr *addr)
{
	static const struct {
		uint8_t prefix[16];
		uint8_t bits;
		const char *what;
	} unfit[] = {
		{{0}, 128, "no address of anybody (%any6 is any)"},
		{{[10] = 0xff, 0xff}, 96, "mapped from IPv4: write that address"},
		{{0xfe, 0x80}, 10, "link-local, which doesn't say on which link"},
		{{0xff}, 8, "multicast"},
	};

	for (size_t i = 0; addr->family == 6 && i < sizeof(unfit) / sizeof(unfit[0]); i++) {
		size_t bit = 0;

		while (bit < unfit[i].bits &&
		       !((addr->ip[bit / 8] ^ unfit[i].prefix[bit / 8]) & 0x80 >> bit % 8))
			bit++;
		if (bit == unfit[i].bits)
			return conf_value_fail(v, "\"%.60s\" is %s", item, unfit[i].what);
	}
	return 0;
}
