// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/inbound.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "host/esp/engine.h"
#include "host/sa/backend.h"

#define ICMP_QUOTE 8 /* octets of an error before what it quotes */

struct rule {
	struct rvl_selector selector; /* as inbound packets have it: source is remote */
	unsigned int count;
};

struct rules {
	struct rule *list;
	size_t count;
	size_t room;
};

/* What an SA may carry, as inbound packets have it. */
struct rvl_inbound_flows {
	size_t count;
	struct rvl_selector list[];
};

struct rvl_inbound {
	pthread_mutex_t lock;
	size_t sas;
	struct rvl_inbound_flows **by_sa; /* NULL: no such SA */
	struct rules protect;
	struct rules bypass;
	struct rvl_local local; /* addresses sorted */
	struct rvl_inbound_counters counters;
};

struct rvl_inbound *rvl_inbound_new(size_t sas)
{
	struct rvl_inbound *inbound = calloc(1, sizeof(*inbound));

	if (!inbound)
		return NULL;
	inbound->sas = sas;
	inbound->by_sa = calloc(sas + 1, sizeof(*inbound->by_sa));
	if (!inbound->by_sa) {
		free(inbound);
		return NULL;
	}
	pthread_mutex_init(&inbound->lock, NULL);
	return inbound;
}

static void free_local(struct rvl_local *local)
{
	free(local->addresses);
	free(local->networks);
	free(local->named);
}

void rvl_inbound_free(struct rvl_inbound *inbound)
{
	if (!inbound)
		return;
	for (size_t i = 0; i < inbound->sas; i++)
		free(inbound->by_sa[i]);
	free(inbound->by_sa);
	free(inbound->protect.list);
	free(inbound->bypass.list);
	free_local(&inbound->local);
	pthread_mutex_destroy(&inbound->lock);
	free(inbound);
}

struct rvl_inbound_flows *rvl_inbound_take_sa(struct rvl_inbound *inbound, uint16_t index)
{
	struct rvl_inbound_flows *flows;

	if (index >= inbound->sas)
		return NULL;
	pthread_mutex_lock(&inbound->lock);
	flows = inbound->by_sa[index];
	inbound->by_sa[index] = NULL;
	pthread_mutex_unlock(&inbound->lock);
	return flows;
}

void rvl_inbound_give_sa(struct rvl_inbound *inbound, uint16_t index,
			 struct rvl_inbound_flows *flows)
{
	struct rvl_inbound_flows *old = flows;

	if (index < inbound->sas) {
		pthread_mutex_lock(&inbound->lock);
		old = inbound->by_sa[index];
		inbound->by_sa[index] = flows;
		pthread_mutex_unlock(&inbound->lock);
	}
	free(old);
}

int rvl_inbound_set_sa(struct rvl_inbound *inbound, uint16_t index,
		       const struct rvl_selectors *selectors)
{
	struct rvl_inbound_flows *flows;

	if (index >= inbound->sas)
		return -EINVAL;
	flows = malloc(sizeof(*flows) + selectors->count * sizeof(flows->list[0]));
	if (!flows)
		return -ENOMEM;
	flows->count = selectors->count;
	for (size_t i = 0; i < selectors->count; i++)
		flows->list[i] = rvl_selector_reverse(&selectors->list[i]);
	rvl_inbound_give_sa(inbound, index, flows);
	return 0;
}

void rvl_inbound_clear_sa(struct rvl_inbound *inbound, uint16_t index)
{
	free(rvl_inbound_take_sa(inbound, index));
}

static struct rule *find_rule(struct rules *rules, const struct rvl_selector *selector)
{
	for (size_t i = 0; i < rules->count; i++)
		if (rvl_selector_equal(&rules->list[i].selector, selector))
			return &rules->list[i];
	return NULL;
}

static int add_rule(struct rules *rules, const struct rvl_selector *selector)
{
	struct rule *rule = find_rule(rules, selector);

	if (rule) {
		rule->count++;
		return 0;
	}
	if (rules->count == rules->room) {
		size_t room = rules->room ? rules->room * 2 : 16;
		struct rule *grown = realloc(rules->list, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		rules->list = grown;
		rules->room = room;
	}
	rules->list[rules->count++] = (struct rule){.selector = *selector, .count = 1};
	return 0;
}

int rvl_inbound_add(struct rvl_inbound *inbound, const struct rvl_selector *selector, bool bypass)
{
	struct rvl_selector reverse = rvl_selector_reverse(selector);
	int err;

	pthread_mutex_lock(&inbound->lock);
	err = add_rule(bypass ? &inbound->bypass : &inbound->protect, &reverse);
	pthread_mutex_unlock(&inbound->lock);
	return err;
}

void rvl_inbound_remove(struct rvl_inbound *inbound, const struct rvl_selector *selector,
			bool bypass)
{
	struct rvl_selector reverse = rvl_selector_reverse(selector);
	struct rules *rules = bypass ? &inbound->bypass : &inbound->protect;
	struct rule *rule;

	pthread_mutex_lock(&inbound->lock);
	rule = find_rule(rules, &reverse);
	if (rule && !--rule->count)
		*rule = rules->list[--rules->count];
	pthread_mutex_unlock(&inbound->lock);
}

static int compare_addresses(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* One more octet: none at all is no failure. */
static void *copy_of(const void *list, size_t size)
{
	void *copy = malloc(size + 1);

	if (copy && size)
		memcpy(copy, list, size);
	return copy;
}

int rvl_inbound_set_local(struct rvl_inbound *inbound, const struct rvl_local *local)
{
	struct rvl_local copy = *local, old;

	copy.addresses =
		copy_of(local->addresses, local->address_count * sizeof(*local->addresses));
	copy.networks = copy_of(local->networks, local->network_count * sizeof(*local->networks));
	copy.named = copy_of(local->named, local->named_count * sizeof(*local->named));
	if (!copy.addresses || !copy.networks || !copy.named) {
		free_local(&copy);
		return -ENOMEM;
	}
	qsort(copy.addresses, copy.address_count, sizeof(*copy.addresses), compare_addresses);
	pthread_mutex_lock(&inbound->lock);
	old = inbound->local;
	inbound->local = copy;
	pthread_mutex_unlock(&inbound->lock);
	free_local(&old);
	return 0;
}

/* ---- All below: with the lock held. */

static bool is_own_address(const struct rvl_inbound *inbound, uint32_t address)
{
	return inbound->local.address_count &&
	       bsearch(&address, inbound->local.addresses, inbound->local.address_count,
		       sizeof(address), compare_addresses);
}

/* Of these, the length of the narrowest one that holds the address; -1: none does. */
static int narrowest(const struct rvl_prefix *list, size_t count, uint32_t address)
{
	int len = -1;

	for (size_t i = 0; i < count; i++)
		if (list[i].len > len && rvl_prefix_holds(list[i], address))
			len = list[i].len;
	return len;
}

static bool is_exempt(const struct rvl_inbound *inbound, uint32_t address)
{
	const struct rvl_local *local = &inbound->local;
	int connected = narrowest(local->networks, local->network_count, address);

	return connected >= 0 && connected > narrowest(local->named, local->named_count, address);
}

static bool any_rule(const struct rules *rules, const struct rvl_ip *ip, bool unseen_ports)
{
	for (size_t i = 0; i < rules->count; i++)
		if (rvl_selector_match(&rules->list[i].selector, ip, unseen_ports))
			return true;
	return false;
}

static bool check_verified(struct rvl_inbound *inbound, const struct rvl_ip *ip, uint16_t sa)
{
	const struct rvl_inbound_flows *s = sa < inbound->sas ? inbound->by_sa[sa] : NULL;

	if (ip && is_exempt(inbound, ip->src))
		ip = NULL;
	/* A later fragment doesn't show its ports; its SA vouches for them (section 7). */
	for (size_t i = 0; s && ip && i < s->count; i++) {
		if (rvl_selector_match(&s->list[i], ip, true)) {
			inbound->counters.accepted_protected++;
			return true;
		}
	}
	inbound->counters.drop_selector++;
	return false;
}

static bool check_clear(struct rvl_inbound *inbound, const struct rvl_ip *ip)
{
	if (!any_rule(&inbound->bypass, ip, false) && any_rule(&inbound->protect, ip, true)) {
		inbound->counters.drop_clear++;
		return false;
	}
	inbound->counters.accepted_clear++;
	return true;
}

bool rvl_inbound_check(struct rvl_inbound *inbound, const uint8_t *frame, size_t len, uint16_t sa)
{
	size_t l3 = rvl_frame_ipv4(frame, len);
	struct rvl_ip ip;
	bool valid = l3 && rvl_ip_parse(&ip, frame + l3, len - l3);
	bool accepted;

	pthread_mutex_lock(&inbound->lock);
	if (sa != RVL_BACKEND_CLEAR) {
		accepted = check_verified(inbound, valid ? &ip : NULL, sa);
	} else if (valid) {
		accepted = check_clear(inbound, &ip);
	} else {
		/* What isn't IPv4 is nobody's business here; what only says so is refused. */
		accepted = !l3;
		inbound->counters.accepted_clear += accepted;
		inbound->counters.drop_malformed += !accepted;
	}
	pthread_mutex_unlock(&inbound->lock);
	return accepted;
}

/* Whatever its destination has become meanwhile. The source 0.0.0.0 is only the host's (RFC 1122,
 * section 3.2.1.3), which looks for an address. */
static bool is_from_tunnel(const struct rvl_inbound *inbound, const struct rvl_ip *ip)
{
	if (!ip->src || is_own_address(inbound, ip->src) || is_exempt(inbound, ip->src))
		return false;
	for (size_t i = 0; i < inbound->protect.count; i++) {
		struct rvl_selector from = inbound->protect.list[i].selector;

		from.dst = 0;
		from.dst_len = 0;
		from.dst_port_first = 0;
		from.dst_port_last = UINT16_MAX;
		if (rvl_selector_match(&from, ip, true))
			return true;
	}
	return false;
}

/* Is it an ICMP error about a packet that only a tunnel can have brought? */
static bool quotes_tunnel(const struct rvl_inbound *inbound, const struct rvl_ip *ip,
			  const uint8_t *packet)
{
	const uint8_t *icmp = packet + ip->header_len;
	struct rvl_ip quoted;

	if (ip->protocol != RVL_IP_PROTO_ICMP || ip->later_fragment ||
	    ip->total_len < ip->header_len + ICMP_QUOTE || !rvl_icmp_is_error(icmp[0]))
		return false;
	return rvl_ip_parse_quoted(&quoted, icmp + ICMP_QUOTE,
				   ip->total_len - ip->header_len - ICMP_QUOTE) &&
	       any_rule(&inbound->protect, &quoted, true) && !is_exempt(inbound, quoted.src);
}

static bool is_protected(const struct rvl_inbound *inbound, const struct rvl_ip *ip)
{
	const struct rvl_ip back = rvl_ip_reverse(ip);

	return any_rule(&inbound->protect, &back, true);
}

bool rvl_inbound_may_leave(struct rvl_inbound *inbound, const uint8_t *frame, size_t len)
{
	size_t l3 = rvl_frame_ipv4(frame, len);
	struct rvl_ip ip;
	bool may;

	if (!l3 || !rvl_ip_parse(&ip, frame + l3, len - l3))
		return true;
	pthread_mutex_lock(&inbound->lock);
	may = is_protected(inbound, &ip) ||
	      (!is_from_tunnel(inbound, &ip) && !quotes_tunnel(inbound, &ip, frame + l3));
	inbound->counters.drop_decrypted += !may;
	pthread_mutex_unlock(&inbound->lock);
	return may;
}

struct rvl_inbound_counters rvl_inbound_counters(struct rvl_inbound *inbound)
{
	struct rvl_inbound_counters counters;

	pthread_mutex_lock(&inbound->lock);
	counters = inbound->counters;
	pthread_mutex_unlock(&inbound->lock);
	return counters;
}
