// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/xfrm_rule.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAG_OURS 0x52000000u
#define PRIORITY_OURS 0x52000000u
#define PIECES_MAX 30 /* that a range of 16 bits takes, at most */

static const uint8_t directions[] = {XFRM_POLICY_IN, XFRM_POLICY_OUT, XFRM_POLICY_FWD};

int xfrm_tags_take(struct xfrm_tags *tags, struct xfrm_rule *rule)
{
	int err = rvl_indices_take(&tags->indices, &rule->tag);

	rule->tag += tags->first;
	return err;
}

void xfrm_tags_give(struct xfrm_tags *tags, const struct xfrm_rule *rule)
{
	rvl_indices_give(&tags->indices, rule->tag - tags->first);
}

/* Ports whose bits under the mask are these. */
struct piece {
	uint16_t value;
	uint16_t mask;
};

/* A range in as few of them as can be. */
static size_t cut(uint32_t first, uint32_t last, struct piece pieces[PIECES_MAX])
{
	size_t count = 0;

	while (first <= last) {
		uint32_t size = 1;

		while (!(first & size) && size <= UINT16_MAX && first + 2 * size - 1 <= last)
			size *= 2;
		pieces[count++] = (struct piece){(uint16_t)first, (uint16_t) ~(size - 1)};
		first += size;
	}
	return count;
}

/* The kernel has type and code of ICMP as two ports of the packet. */
static void fill_types(struct piece sent, struct xfrm_selector *out)
{
	out->sport = htons(sent.value >> 8);
	out->sport_mask = htons(sent.mask >> 8);
	out->dport = htons(sent.value & 0xff);
	out->dport_mask = htons(sent.mask & 0xff);
}

static void fill_selector(const struct rvl_selector *s, struct piece sport, struct piece dport,
			  bool inbound, uint32_t tag, struct xfrm_selector *out)
{
	const struct rvl_prefix *src = inbound ? &s->dst : &s->src;
	const struct rvl_prefix *dst = inbound ? &s->src : &s->dst;

	/* The kernel compares all of its octets. */
	memset(out, 0, sizeof(*out));
	out->saddr = xfrm_address(&src->address);
	out->daddr = xfrm_address(&dst->address);
	out->prefixlen_s = src->len;
	out->prefixlen_d = dst->len;
	out->family = xfrm_family(&src->address);
	out->proto = s->any_protocol ? 0 : s->protocol;
	if (!s->any_protocol && rvl_ip_has_types(s->protocol)) {
		fill_types(inbound ? dport : sport, out);
	} else {
		out->sport = htons(inbound ? dport.value : sport.value);
		out->sport_mask = htons(inbound ? dport.mask : sport.mask);
		out->dport = htons(inbound ? sport.value : dport.value);
		out->dport_mask = htons(inbound ? sport.mask : dport.mask);
	}
	out->user = tag;
}

bool xfrm_rule_is_one(const struct rvl_selector *s)
{
	struct piece pieces[PIECES_MAX];

	return cut(s->src_port_first, s->src_port_last, pieces) == 1 &&
	       cut(s->dst_port_first, s->dst_port_last, pieces) == 1;
}

void xfrm_rule_selector(const struct rvl_selector *s, bool inbound, struct xfrm_selector *out)
{
	struct piece sports[PIECES_MAX], dports[PIECES_MAX];

	cut(s->src_port_first, s->src_port_last, sports);
	cut(s->dst_port_first, s->dst_port_last, dports);
	fill_selector(s, sports[0], dports[0], inbound, 0, out);
}

/* ---------------------------------------------------------------------------- a kernel's policy */

static void put_template(struct nlmsghdr *message, const struct xfrm_rule *rule)
{
	const struct xfrm_user_tmpl tmpl = {
		.id = {.daddr = xfrm_address(&rule->state.dst),
		       .spi = rule->state.shared ? 0 : htonl(rule->state.spi),
		       .proto = xfrm_protocol(&rule->state)},
		.family = xfrm_family(&rule->state.dst),
		.saddr = xfrm_address(&rule->state.src),
		.reqid = rule->state.reqid,
		.mode = xfrm_mode(&rule->state),
		.aalgos = UINT32_MAX,
		.ealgos = UINT32_MAX,
		.calgos = UINT32_MAX,
	};

	mnl_attr_put(message, XFRMA_TMPL, sizeof(tmpl), &tmpl);
}

static void fill_policy(struct xfrm_userpolicy_info *body)
{
	body->lft.soft_byte_limit = body->lft.hard_byte_limit = XFRM_INF;
	body->lft.soft_packet_limit = body->lft.hard_packet_limit = XFRM_INF;
}

const struct rvl_scope *xfrm_rule_scope(const struct xfrm_rule *rule, uint8_t direction)
{
	return direction == XFRM_POLICY_OUT ? &rule->scopes.out : &rule->scopes.in;
}

static int set_one(struct xfrm_netlink *netlink, const struct xfrm_rule *rule,
		   const struct xfrm_selector *selector, uint8_t direction,
		   struct rvl_backend_error *error)
{
	struct nlmsghdr *message =
		xfrm_netlink_start(netlink, XFRM_MSG_UPDPOLICY, NLM_F_ACK | NLM_F_CREATE,
				   sizeof(struct xfrm_userpolicy_info));
	struct xfrm_userpolicy_info *body = mnl_nlmsg_get_payload(message);
	char words[128];
	int err;

	fill_policy(body);
	body->sel = *selector;
	body->priority = PRIORITY_OURS + rule->priority;
	body->dir = direction;
	body->action = rule->action == XFRM_RULE_BLOCK ? XFRM_POLICY_BLOCK : XFRM_POLICY_ALLOW;
	/* An ICMP error about a packet goes the way of the packet's answers. */
	if (rule->action != XFRM_RULE_ALLOW)
		body->flags = XFRM_POLICY_ICMP;
	if (rule->action == XFRM_RULE_PROTECT)
		put_template(message, rule);
	if (rule->state.shared && rule->state.asks)
		body->flags |= RVL_XFRM_POLICY_CPU_ACQUIRE;
	xfrm_scope_put(message, xfrm_rule_scope(rule, direction));
	if (rule->ifindex && direction != XFRM_POLICY_FWD) {
		const struct xfrm_user_offload offload = {
			.ifindex = (int)rule->ifindex,
			.flags = XFRM_OFFLOAD_PACKET,
		};

		mnl_attr_put(message, XFRMA_OFFLOAD_DEV, sizeof(offload), &offload);
	}
	err = xfrm_netlink_ask(netlink, message, NULL, NULL, words, sizeof(words));
	return err ? rvl_backend_fail(error, err, "the kernel refuses a policy: %s",
				      words[0] ? words : strerror(-err))
		   : 0;
}

/* The kernel finds it by all of these. */
static int delete_one(struct xfrm_netlink *netlink, const struct xfrm_selector *selector,
		      uint8_t direction, const struct rvl_scope *scope)
{
	struct nlmsghdr *message = xfrm_netlink_start(netlink, XFRM_MSG_DELPOLICY, NLM_F_ACK,
						      sizeof(struct xfrm_userpolicy_id));
	struct xfrm_userpolicy_id *body = mnl_nlmsg_get_payload(message);
	int err;

	body->sel = *selector;
	body->dir = direction;
	xfrm_scope_put(message, scope);
	err = xfrm_netlink_ask(netlink, message, NULL, NULL, NULL, 0);
	return err == -ENOENT || err == -ESRCH ? 0 : err;
}

/* ------------------------------------------------------------------------------------- its pieces
 */

int xfrm_rule_each(const struct xfrm_rule *rule, unsigned int wanted, xfrm_rule_each_fn *fn,
		   void *context)
{
	struct piece sports[PIECES_MAX], dports[PIECES_MAX];
	const struct rvl_selector *s = &rule->selector;
	const size_t sport_count = cut(s->src_port_first, s->src_port_last, sports);
	const size_t dport_count = cut(s->dst_port_first, s->dst_port_last, dports);
	int err = 0;

	for (size_t d = 0; d < sizeof(directions); d++) {
		if (!(wanted & 1u << directions[d]))
			continue;
		for (size_t i = 0; !err && i < sport_count * dport_count; i++) {
			struct xfrm_selector selector;

			fill_selector(s, sports[i / dport_count], dports[i % dport_count],
				      directions[d] != XFRM_POLICY_OUT, TAG_OURS + rule->tag,
				      &selector);
			err = fn(context, rule, &selector, directions[d]);
		}
	}
	return err;
}

struct setting {
	struct xfrm_netlink *netlink;
	struct rvl_backend_error *error;
};

static int set_each(void *context, const struct xfrm_rule *rule,
		    const struct xfrm_selector *selector, uint8_t direction)
{
	const struct setting *setting = context;

	return set_one(setting->netlink, rule, selector, direction, setting->error);
}

static int delete_each(void *context, const struct xfrm_rule *rule,
		       const struct xfrm_selector *selector, uint8_t direction)
{
	return delete_one(context, selector, direction, xfrm_rule_scope(rule, direction));
}

int xfrm_rule_set(struct xfrm_netlink *netlink, const struct xfrm_rule *rule,
		  struct rvl_backend_error *error)
{
	struct setting setting = {netlink, error};

	return xfrm_rule_each(rule, rule->directions, set_each, &setting);
}

int xfrm_rule_clear(struct xfrm_netlink *netlink, const struct xfrm_rule *rule, unsigned int from)
{
	return xfrm_rule_each(rule, from, delete_each, netlink);
}

/* ------------------------------------------------------------------------------- what there is */

bool xfrm_rule_is_ours(const struct xfrm_selector *selector)
{
	return (selector->user & ~(XFRM_RULE_TAGS - 1)) == TAG_OURS;
}

static int take_ours(const struct nlmsghdr *message, void *context)
{
	struct xfrm_userpolicy_info body;
	struct xfrm_remains *remains = context;

	/* Those of sockets have other directions. */
	if (!xfrm_netlink_body(message, &body, sizeof(body)) || body.dir >= XFRM_POLICY_MAX ||
	    !xfrm_rule_is_ours(&body.sel))
		return MNL_CB_OK;
	if (remains->count == remains->room) {
		size_t room = remains->room ? 2 * remains->room : 64;
		struct xfrm_remain *grown = realloc(remains->list, room * sizeof(*grown));

		if (!grown) {
			errno = ENOMEM;
			return MNL_CB_ERROR;
		}
		remains->list = grown;
		remains->room = room;
	}
	remains->list[remains->count++] = (struct xfrm_remain){
		.policy = body,
		.scope = xfrm_scope_get(message, sizeof(body)),
		.protects = xfrm_netlink_attr(message, sizeof(body), XFRMA_TMPL),
	};
	return MNL_CB_OK;
}

int xfrm_remains_read(struct xfrm_netlink *netlink, struct xfrm_remains *remains)
{
	struct nlmsghdr *message = xfrm_netlink_start(netlink, XFRM_MSG_GETPOLICY, NLM_F_DUMP, 0);

	*remains = (struct xfrm_remains){0};
	return xfrm_netlink_ask(netlink, message, take_ours, remains, NULL, 0);
}

void xfrm_remains_free(struct xfrm_remains *remains)
{
	free(remains->list);
	*remains = (struct xfrm_remains){0};
}

int xfrm_remains_close(struct xfrm_netlink *netlink, const struct xfrm_remain *remain)
{
	const struct xfrm_userpolicy_info *policy = &remain->policy;
	struct nlmsghdr *message =
		xfrm_netlink_start(netlink, XFRM_MSG_UPDPOLICY, NLM_F_ACK | NLM_F_CREATE,
				   sizeof(struct xfrm_userpolicy_info));
	struct xfrm_userpolicy_info *body = mnl_nlmsg_get_payload(message);

	fill_policy(body);
	body->sel = policy->sel;
	body->priority = policy->priority;
	body->dir = policy->dir;
	body->action = XFRM_POLICY_BLOCK;
	xfrm_scope_put(message, &remain->scope);
	return xfrm_netlink_ask(netlink, message, NULL, NULL, NULL, 0);
}

int xfrm_remains_delete(struct xfrm_netlink *netlink, const struct xfrm_remain *remain)
{
	return delete_one(netlink, &remain->policy.sel, remain->policy.dir, &remain->scope);
}

uint32_t xfrm_remains_tag(const struct xfrm_remain *remain)
{
	return remain->policy.sel.user - TAG_OURS;
}

void xfrm_remains_text(const struct xfrm_remain *remain, char text[XFRM_REMAINS_TEXT])
{
	const struct xfrm_userpolicy_info *policy = &remain->policy;
	static const char *const names[] = {
		[XFRM_POLICY_IN] = "in", [XFRM_POLICY_OUT] = "out", [XFRM_POLICY_FWD] = "fwd"};
	const struct xfrm_selector *s = &policy->sel;
	char src[INET6_ADDRSTRLEN] = "", dst[INET6_ADDRSTRLEN] = "", scope[RVL_SCOPE_TEXT];

	inet_ntop(s->family, &s->saddr, src, sizeof(src));
	inet_ntop(s->family, &s->daddr, dst, sizeof(dst));
	rvl_scope_text(&remain->scope, scope);
	snprintf(text, XFRM_REMAINS_TEXT, "%s %s %s/%u -> %s/%u%s%s",
		 policy->action == XFRM_POLICY_BLOCK ? "block" : "allow", names[policy->dir], src,
		 s->prefixlen_s, dst, s->prefixlen_d, scope[0] ? " " : "", scope);
}
