// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/inbound.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "host/esp/engine.h"
#include "host/sa/backend.h"

struct rule {
	struct rvl_selector selector; /* as inbound packets have it: source is remote */
	unsigned int count;
};

struct rules {
	struct rule *list;
	size_t count;
	size_t room;
};

struct rvl_inbound {
	pthread_mutex_t lock;
	size_t sas;
	struct rvl_selectors **by_sa; /* NULL: no such SA */
	struct rules protect;
	struct rules bypass;
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

void rvl_inbound_free(struct rvl_inbound *inbound)
{
	if (!inbound)
		return;
	for (size_t i = 0; i < inbound->sas; i++)
		free(inbound->by_sa[i]);
	free(inbound->by_sa);
	free(inbound->protect.list);
	free(inbound->bypass.list);
	pthread_mutex_destroy(&inbound->lock);
	free(inbound);
}

int rvl_inbound_set_sa(struct rvl_inbound *inbound, uint16_t index,
		       const struct rvl_selectors *selectors)
{
	struct rvl_selectors *copy, *old;

	if (index >= inbound->sas)
		return -EINVAL;
	copy = malloc(sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	copy->count = selectors->count;
	for (size_t i = 0; i < selectors->count; i++)
		copy->list[i] = rvl_selector_reverse(&selectors->list[i]);
	pthread_mutex_lock(&inbound->lock);
	old = inbound->by_sa[index];
	inbound->by_sa[index] = copy;
	pthread_mutex_unlock(&inbound->lock);
	free(old);
	return 0;
}

void rvl_inbound_clear_sa(struct rvl_inbound *inbound, uint16_t index)
{
	struct rvl_selectors *old = NULL;

	if (index >= inbound->sas)
		return;
	pthread_mutex_lock(&inbound->lock);
	old = inbound->by_sa[index];
	inbound->by_sa[index] = NULL;
	pthread_mutex_unlock(&inbound->lock);
	free(old);
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

static bool any_rule(const struct rules *rules, const struct rvl_ip *ip, bool unseen_ports)
{
	for (size_t i = 0; i < rules->count; i++)
		if (rvl_selector_match(&rules->list[i].selector, ip, unseen_ports))
			return true;
	return false;
}

static bool check_verified(struct rvl_inbound *inbound, const struct rvl_ip *ip, uint16_t sa)
{
	const struct rvl_selectors *s = sa < inbound->sas ? inbound->by_sa[sa] : NULL;

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

struct rvl_inbound_counters rvl_inbound_counters(struct rvl_inbound *inbound)
{
	struct rvl_inbound_counters counters;

	pthread_mutex_lock(&inbound->lock);
	counters = inbound->counters;
	pthread_mutex_unlock(&inbound->lock);
	return counters;
}
