// SPDX-License-Identifier: BSD-2-Clause
#include "host/conf/bind.h"

#include <string.h>

static bool name_fits(const char *pattern, bool prefix, const char *name)
{
	return prefix ? !strncmp(pattern, name, strlen(pattern)) : !strcmp(pattern, name);
}

/* Insertions, deletions, changes and swaps of neighbours from one word to the other, up to `most`.
 */
static unsigned int distance(const char *a, const char *b, unsigned int most)
{
	unsigned int least;

	while (*a && *a == *b) {
		a++;
		b++;
	}
	if (!*a && !*b)
		return 0;
	if (!most)
		return 1;
	least = distance(*a ? a + 1 : a, *b ? b + 1 : b, most - 1);
	if (*a && *b) {
		unsigned int without_a = distance(a + 1, b, most - 1);
		unsigned int without_b = distance(a, b + 1, most - 1);

		least = without_a < least ? without_a : least;
		least = without_b < least ? without_b : least;
		if (a[0] == b[1] && a[1] == b[0]) {
			unsigned int swapped = distance(a + 2, b + 2, most - 1);

			least = swapped < least ? swapped : least;
		}
	}
	return least + 1;
}

struct nearest {
	const char *name;
	const char *known; /* NULL: none is near */
	unsigned int within;
};

static void look_at(struct nearest *n, const char *known)
{
	unsigned int d = distance(n->name, known, n->within);

	if (d > n->within || (n->known && d == n->within))
		return;
	n->known = known;
	n->within = d;
}

/* With the known key that is nearest to it, if one is near. */
static int unknown_key(const struct conf_value *v, const struct conf_binding *table,
		       const struct conf_absent *absent)
{
	size_t third = strlen(v->key->name) / 3;
	struct nearest n = {v->key->name, NULL, third < 2 ? (unsigned int)third : 2};

	for (; table->name; table++)
		look_at(&n, table->name);
	for (; absent->name; absent++)
		look_at(&n, absent->name);
	if (!n.known)
		return conf_value_fail(v, "unknown key");
	return conf_value_fail(v, "unknown key (is it \"%s\"?)", n.known);
}

int conf_bind(const struct conf_section *section, const struct conf_binding *table,
	      const struct conf_absent *absent, void *object, struct conf_error *error)
{
	for (size_t i = 0; i < section->key_count; i++) {
		const struct conf_value v = {section, &section->keys[i], error};
		const struct conf_absent *without = conf_absent_find(absent, v.key->name);
		const struct conf_binding *b = table;
		int err = 0;

		while (b->name && !name_fits(b->name, b->prefix, v.key->name))
			b++;
		if (!b->name && !without)
			return unknown_key(&v, table, absent);
		if (v.key->value)
			err = b->name ? b->set(&v, object) : conf_absent_key(without, &v);
		if (err)
			return err;
	}
	return 0;
}

int conf_only_sections(const struct conf_section *section, const char *const *names,
		       const struct conf_absent *absent, struct conf_error *error)
{
	for (size_t i = 0; i < section->section_count; i++) {
		const struct conf_section *child = section->sections[i];
		const struct conf_absent *without = conf_absent_find(absent, child->name);
		const char *const *known = names;
		int err = 0;

		for (; *known; known++) {
			size_t len = strcspn(*known, "*");

			if ((*known)[len] ? !strncmp(*known, child->name, len)
					  : !strcmp(*known, child->name))
				break;
		}
		if (!*known)
			err = without ? conf_absent_section(without, child, error)
				      : conf_fail_section(error, child, "unknown section");
		if (err)
			return err;
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

static int add_proposal(const struct conf_value *v, const char *item, void *context)
{
	struct conf_proposals *p = context;
	struct ike_proposal more[IKE_PROPOSAL_DEFAULTS];
	bool defaults = !strcmp(item, "default");
	unsigned int n = 1;
	char reason[128];

	if (defaults)
		n = ike_proposal_defaults(p->protocol, more);
	else if (ike_proposal_parse(item, p->protocol, &more[0], reason, sizeof(reason)))
		return conf_value_fail(v, "%s", reason);
	if (p->count + n > CONF_PROPOSALS_MAX)
		return conf_value_fail(v, "more than %d proposals", CONF_PROPOSALS_MAX);
	for (unsigned int i = 0; i < n; i++) {
		p->defaults |= (unsigned int)defaults << p->count;
		p->list[p->count++] = more[i];
	}
	return 0;
}

int conf_bind_gateway(const struct conf_value *v, struct ike_hosts *gateway)
{
	const char *text = v->key->value, *wrong = ike_hosts_set_one(gateway, text);

	return wrong ? conf_value_fail(v, "\"%.60s\" %s", text, wrong) : 0;
}

int conf_bind_proposals(const struct conf_value *v, uint8_t protocol,
			struct conf_proposals *proposals)
{
	proposals->protocol = protocol;
	proposals->count = proposals->defaults = 0;
	return conf_value_list(v, add_proposal, proposals);
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
