// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/inbound.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "host/esp/engine.h"
#include "host/esp/grow.h"
#include "host/sa/backend.h"
#include "host/sa/brlock.h"
#include "host/sa/selector_map.h"

struct rule {
	uint32_t place;
	unsigned int count;
};

/* What an SA may carry, as inbound packets have it. */
struct rvl_inbound_flows {
	size_t count;
	struct rvl_selector list[];
};

/* Sorted, the shortest first. */
struct prefixes {
	struct rvl_prefix *list;
	size_t count;
	bool lengths[129]; /* of which there are any */
};

/* As struct rvl_local. */
struct local {
	struct rvl_addr *addresses; /* sorted */
	size_t address_count;
	struct prefixes networks;
	struct prefixes named;
};

/* What is counted by who reads on a processor. */
struct counted {
	atomic_uint_fast64_t accepted_protected;
	atomic_uint_fast64_t accepted_clear;
	atomic_uint_fast64_t drop_selector;
	atomic_uint_fast64_t drop_clear;
	atomic_uint_fast64_t drop_malformed;
	atomic_uint_fast64_t drop_decrypted;
	uint8_t apart[64];
};

struct rvl_inbound {
	struct rvl_brlock lock;
	struct counted counted[RVL_BRLOCK_SLOTS];
	size_t sas;			  /* at most */
	struct rvl_inbound_flows **by_sa; /* NULL: no such SA */
	size_t room;
	/* Rules by selectors as inbound packets have them: the source is remote. */
	struct rvl_selector_map protect;
	struct rvl_selector_map sources; /* of those that protect, to anywhere */
	struct rvl_selector_map bypass;
	struct rvl_selector_map pass; /* unless one that protects is as narrow */
	struct local local;
};

struct rvl_inbound *rvl_inbound_new(size_t sas)
{
	struct rvl_inbound *inbound = calloc(1, sizeof(*inbound));

	if (!inbound)
		return NULL;
	inbound->sas = sas;
	rvl_brlock_init(&inbound->lock);
	if (!rvl_selector_map_init(&inbound->protect, true) &&
	    !rvl_selector_map_init(&inbound->sources, true) &&
	    !rvl_selector_map_init(&inbound->bypass, false) &&
	    !rvl_selector_map_init(&inbound->pass, false))
		return inbound;
	rvl_inbound_free(inbound);
	return NULL;
}

static void free_rules(struct rvl_selector_map *map)
{
	struct rule *rule;
	uint32_t place = 0;

	while ((rule = rvl_selector_map_next(map, &place)))
		free(rule);
	rvl_selector_map_free(map);
}

static void free_local(struct local *local)
{
	free(local->addresses);
	free(local->networks.list);
	free(local->named.list);
}

void rvl_inbound_free(struct rvl_inbound *inbound)
{
	if (!inbound)
		return;
	for (size_t i = 0; i < inbound->room; i++)
		free(inbound->by_sa[i]);
	free(inbound->by_sa);
	free_rules(&inbound->protect);
	free_rules(&inbound->sources);
	free_rules(&inbound->bypass);
	free_rules(&inbound->pass);
	free_local(&inbound->local);
	rvl_brlock_destroy(&inbound->lock);
	free(inbound);
}

struct rvl_inbound_flows *rvl_inbound_take_sa(struct rvl_inbound *inbound, uint32_t index)
{
	struct rvl_inbound_flows *flows;

	if (index >= inbound->room)
		return NULL;
	rvl_brlock_write(&inbound->lock);
	flows = inbound->by_sa[index];
	inbound->by_sa[index] = NULL;
	rvl_brlock_write_end(&inbound->lock);
	return flows;
}

/* Only who changes it grows it: a look at its room needs no lock there. */
static int make_room(struct rvl_inbound *inbound, uint32_t index)
{
	struct rvl_inbound_flows **grown;

	if (index >= inbound->sas)
		return -EINVAL;
	rvl_brlock_write(&inbound->lock);
	grown = rvl_grow(inbound->by_sa, &inbound->room, index, sizeof(*grown));
	if (grown)
		inbound->by_sa = grown;
	rvl_brlock_write_end(&inbound->lock);
	return grown ? 0 : -ENOMEM;
}

int rvl_inbound_give_sa(struct rvl_inbound *inbound, uint32_t index,
			struct rvl_inbound_flows *flows)
{
	struct rvl_inbound_flows *old = flows;
	int err = make_room(inbound, index);

	if (!err) {
		rvl_brlock_write(&inbound->lock);
		old = inbound->by_sa[index];
		inbound->by_sa[index] = flows;
		rvl_brlock_write_end(&inbound->lock);
	}
	free(old);
	return err;
}

int rvl_inbound_set_sa(struct rvl_inbound *inbound, uint32_t index,
		       const struct rvl_selectors *selectors)
{
	struct rvl_inbound_flows *flows =
		malloc(sizeof(*flows) + selectors->count * sizeof(flows->list[0]));

	if (!flows)
		return -ENOMEM;
	flows->count = selectors->count;
	for (size_t i = 0; i < selectors->count; i++)
		flows->list[i] = rvl_selector_reverse(&selectors->list[i]);
	return rvl_inbound_give_sa(inbound, index, flows);
}

void rvl_inbound_clear_sa(struct rvl_inbound *inbound, uint32_t index)
{
	free(rvl_inbound_take_sa(inbound, index));
}

static int add_rule(struct rvl_selector_map *map, const struct rvl_selector *selector)
{
	struct rule *rule = rvl_selector_map_equal(map, selector);
	int err;

	if (rule) {
		rule->count++;
		return 0;
	}
	rule = malloc(sizeof(*rule));
	if (!rule)
		return -ENOMEM;
	rule->count = 1;
	err = rvl_selector_map_add(map, selector, rule, &rule->place);
	if (err)
		free(rule);
	return err;
}

static void remove_rule(struct rvl_selector_map *map, const struct rvl_selector *selector)
{
	struct rule *rule = rvl_selector_map_equal(map, selector);

	if (!rule || --rule->count)
		return;
	rvl_selector_map_remove(map, rule->place);
	free(rule);
}

/* Wherever it goes. */
static struct rvl_selector source_of(const struct rvl_selector *selector)
{
	struct rvl_selector source = *selector;

	source.dst = rvl_prefix_all(rvl_selector_family(selector));
	source.dst_port_first = 0;
	source.dst_port_last = UINT16_MAX;
	return source;
}

int rvl_inbound_add(struct rvl_inbound *inbound, const struct rvl_selector *selector, bool bypass)
{
	const struct rvl_selector reverse = rvl_selector_reverse(selector);
	const struct rvl_selector source = source_of(&reverse);
	int err;

	rvl_brlock_write(&inbound->lock);
	err = add_rule(bypass ? &inbound->bypass : &inbound->protect, &reverse);
	if (!err && !bypass) {
		err = add_rule(&inbound->sources, &source);
		if (err)
			remove_rule(&inbound->protect, &reverse);
	}
	rvl_brlock_write_end(&inbound->lock);
	return err;
}

void rvl_inbound_remove(struct rvl_inbound *inbound, const struct rvl_selector *selector,
			bool bypass)
{
	const struct rvl_selector reverse = rvl_selector_reverse(selector);
	const struct rvl_selector source = source_of(&reverse);

	rvl_brlock_write(&inbound->lock);
	remove_rule(bypass ? &inbound->bypass : &inbound->protect, &reverse);
	if (!bypass)
		remove_rule(&inbound->sources, &source);
	rvl_brlock_write_end(&inbound->lock);
}

int rvl_inbound_pass(struct rvl_inbound *inbound, const struct rvl_selector *selector)
{
	const struct rvl_selector reverse = rvl_selector_reverse(selector);
	int err;

	rvl_brlock_write(&inbound->lock);
	err = add_rule(&inbound->pass, &reverse);
	rvl_brlock_write_end(&inbound->lock);
	return err;
}

void rvl_inbound_pass_no_more(struct rvl_inbound *inbound, const struct rvl_selector *selector)
{
	const struct rvl_selector reverse = rvl_selector_reverse(selector);

	rvl_brlock_write(&inbound->lock);
	remove_rule(&inbound->pass, &reverse);
	rvl_brlock_write_end(&inbound->lock);
}

static int compare_addresses(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct rvl_addr));
}

/* One more octet: none at all is no failure. */
static void *copy_of(const void *list, size_t size)
{
	void *copy = malloc(size + 1);

	if (copy && size)
		memcpy(copy, list, size);
	return copy;
}

static int compare_prefixes(const void *a, const void *b)
{
	const struct rvl_prefix *x = a, *y = b;

	return x->len != y->len ? x->len - y->len : compare_addresses(&x->address, &y->address);
}

static int copy_prefixes(const struct rvl_prefix *list, size_t count, struct prefixes *out)
{
	*out = (struct prefixes){.list = copy_of(list, count * sizeof(*list)), .count = count};
	if (!out->list)
		return -ENOMEM;
	qsort(out->list, count, sizeof(*list), compare_prefixes);
	for (size_t i = 0; i < count; i++)
		out->lengths[list[i].len] = true;
	return 0;
}

int rvl_inbound_set_local(struct rvl_inbound *inbound, const struct rvl_local *local)
{
	struct local copy = {.address_count = local->address_count}, old;
	size_t size = local->address_count * sizeof(*local->addresses);

	copy.addresses = copy_of(local->addresses, size);
	if (!copy.addresses ||
	    copy_prefixes(local->networks, local->network_count, &copy.networks) ||
	    copy_prefixes(local->named, local->named_count, &copy.named)) {
		free_local(&copy);
		return -ENOMEM;
	}
	qsort(copy.addresses, copy.address_count, sizeof(*copy.addresses), compare_addresses);
	rvl_brlock_write(&inbound->lock);
	old = inbound->local;
	inbound->local = copy;
	rvl_brlock_write_end(&inbound->lock);
	free_local(&old);
	return 0;
}

/* ---- All below: by who reads. */

static void count(atomic_uint_fast64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static bool is_own_address(const struct rvl_inbound *inbound, const struct rvl_addr *address)
{
	return inbound->local.address_count &&
	       bsearch(address, inbound->local.addresses, inbound->local.address_count,
		       sizeof(*address), compare_addresses);
}

/* Of these, the length of the narrowest one that holds the address; -1: none does. */
static int narrowest(const struct prefixes *prefixes, const struct rvl_addr *address)
{
	struct rvl_prefix network;

	for (int len = rvl_family_bits(address->family); len >= 0; len--) {
		if (!prefixes->lengths[len])
			continue;
		network = rvl_prefix_of(address, (uint8_t)len);
		if (bsearch(&network, prefixes->list, prefixes->count, sizeof(network),
			    compare_prefixes))
			return len;
	}
	return -1;
}

static bool is_exempt(const struct rvl_inbound *inbound, const struct rvl_addr *address)
{
	int connected = narrowest(&inbound->local.networks, address);

	return connected >= 0 && connected > narrowest(&inbound->local.named, address);
}

static bool check_verified(struct rvl_inbound *inbound, struct counted *counted,
			   const struct rvl_ip *ip, uint32_t sa)
{
	const struct rvl_inbound_flows *s = sa < inbound->room ? inbound->by_sa[sa] : NULL;

	if (ip && is_exempt(inbound, &ip->src))
		ip = NULL;
	/* A later fragment doesn't show its ports; its SA vouches for them (section 7). */
	for (size_t i = 0; s && ip && i < s->count; i++) {
		if (rvl_selector_match(&s->list[i], ip, true)) {
			count(&counted->accepted_protected);
			return true;
		}
	}
	count(&counted->drop_selector);
	return false;
}

static bool check_clear(const struct rvl_inbound *inbound, struct counted *counted,
			const struct rvl_ip *ip)
{
	if (!rvl_selector_map_match(&inbound->bypass, ip) &&
	    rvl_selector_map_match(&inbound->protect, ip) &&
	    rvl_selector_map_rank(&inbound->pass, ip) >=
		    rvl_selector_map_rank(&inbound->protect, ip)) {
		count(&counted->drop_clear);
		return false;
	}
	count(&counted->accepted_clear);
	return true;
}

bool rvl_inbound_check(struct rvl_inbound *inbound, const uint8_t *frame, size_t len, uint32_t sa)
{
	struct rvl_ip ip;
	size_t l3;
	const enum rvl_frame kind = rvl_frame_parse(frame, len, &ip, &l3);
	const unsigned int slot = rvl_brlock_read(&inbound->lock);
	struct counted *counted = &inbound->counted[slot];
	bool accepted;

	if (sa != RVL_BACKEND_CLEAR) {
		accepted = check_verified(inbound, counted, kind == RVL_FRAME_IP ? &ip : NULL, sa);
	} else if (kind == RVL_FRAME_IP) {
		accepted = check_clear(inbound, counted, &ip);
	} else {
		/* What isn't IP is nobody's business here; what only says so is refused. */
		accepted = kind == RVL_FRAME_OTHER;
		count(accepted ? &counted->accepted_clear : &counted->drop_malformed);
	}
	rvl_brlock_read_end(&inbound->lock, slot);
	return accepted;
}

/* Only a host that looks for an address sends from none (RFC 1122, section 3.2.1.3; RFC 4291,
 * section 2.5.2). */
static bool is_unspecified(const struct rvl_addr *address)
{
	const struct rvl_addr none = {.family = address->family};

	return rvl_addr_equal(address, &none);
}

/* Whatever its destination has become meanwhile. */
static bool is_from_tunnel(const struct rvl_inbound *inbound, const struct rvl_ip *ip)
{
	return !is_unspecified(&ip->src) && !is_own_address(inbound, &ip->src) &&
	       !is_exempt(inbound, &ip->src) && rvl_selector_map_match(&inbound->sources, ip);
}

/* Is it an ICMP error about a packet that only a tunnel can have brought? Whose headers aren't all
 * there might have come so. */
static bool quotes_tunnel(const struct rvl_inbound *inbound, const struct rvl_ip *ip,
			  const uint8_t *packet)
{
	const size_t quote = rvl_ip_quote(ip, packet);
	struct rvl_ip quoted;

	if (!quote)
		return false;
	if (!rvl_ip_parse_quoted(&quoted, packet + quote, ip->total_len - quote))
		return true;
	return rvl_selector_map_match(&inbound->protect, &quoted) &&
	       !is_exempt(inbound, &quoted.src);
}

static bool is_protected(const struct rvl_inbound *inbound, const struct rvl_ip *ip)
{
	const struct rvl_ip back = rvl_ip_reverse(ip);

	return rvl_selector_map_match(&inbound->protect, &back);
}

bool rvl_inbound_may_leave(struct rvl_inbound *inbound, const uint8_t *frame, size_t len)
{
	unsigned int slot;
	struct rvl_ip ip;
	size_t l3;
	bool may;

	if (rvl_frame_parse(frame, len, &ip, &l3) != RVL_FRAME_IP)
		return true;
	slot = rvl_brlock_read(&inbound->lock);
	may = is_protected(inbound, &ip) ||
	      (!is_from_tunnel(inbound, &ip) && !quotes_tunnel(inbound, &ip, frame + l3));
	if (!may)
		count(&inbound->counted[slot].drop_decrypted);
	rvl_brlock_read_end(&inbound->lock, slot);
	return may;
}

bool rvl_inbound_is_own(struct rvl_inbound *inbound, const struct rvl_addr *address)
{
	const unsigned int slot = rvl_brlock_read(&inbound->lock);
	const bool own = is_own_address(inbound, address);

	rvl_brlock_read_end(&inbound->lock, slot);
	return own;
}

struct rvl_inbound_counters rvl_inbound_counters(struct rvl_inbound *inbound)
{
	struct rvl_inbound_counters sum = {0};

	for (int i = 0; i < RVL_BRLOCK_SLOTS; i++) {
		const struct counted *c = &inbound->counted[i];

		sum.accepted_protected += atomic_load(&c->accepted_protected);
		sum.accepted_clear += atomic_load(&c->accepted_clear);
		sum.drop_selector += atomic_load(&c->drop_selector);
		sum.drop_clear += atomic_load(&c->drop_clear);
		sum.drop_malformed += atomic_load(&c->drop_malformed);
		sum.drop_decrypted += atomic_load(&c->drop_decrypted);
	}
	return sum;
}
