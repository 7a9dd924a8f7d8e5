// SPDX-License-Identifier: GPL-2.0
/*
 * Packet offload: policies.
 *
 * Outbound ones are rules in the device: it drops what a rule protects and no state can carry,
 * whoever sent it. Inbound and forward ones are kept here and asked by the driver for each received
 * frame (ipsec_data.c): the kernel, seeing an offloaded policy, believes that it was done.
 *
 * Of the rules that match a frame, the lowest priority value wins, and the oldest of those. For the
 * device, that is the lowest index.
 */
#include "compat.h"

#ifdef HAVE_XFRM_PACKET_OFFLOAD

#include "ipsec.h"

/* ------------------------------------------------------------------------------- which state */

static bool fits(const struct rvl_rule *rule, const struct rvl_sa *sa)
{
	return !sa->inbound && sa->installed && !sa->dead && sa->mode == rule->mode &&
	       sa->family == rule->family &&
	       xfrm_addr_equal(&sa->daddr, &rule->tunnel_dst, sa->family) &&
	       (xfrm_addr_any(&rule->tunnel_src, sa->family) ||
		xfrm_addr_equal(&sa->saddr, &rule->tunnel_src, sa->family)) &&
	       sa->reqid == rule->reqid && (!rule->spi || sa->spi == rule->spi);
}

/* A state may be for a part of a policy's traffic only: then no rule can use it. */
static bool covers(const struct xfrm_selector *sel, const struct rvl_dev_policy *p)
{
	xfrm_address_t src, dst;

	if (!sel->family)
		return true;
	memcpy(&src, p->src, sizeof(src));
	memcpy(&dst, p->dst, sizeof(dst));
	return sel->family == (p->ipv6 ? AF_INET6 : AF_INET) && sel->prefixlen_s <= p->src_len &&
	       sel->prefixlen_d <= p->dst_len && addr_match(&src, &sel->saddr, sel->prefixlen_s) &&
	       addr_match(&dst, &sel->daddr, sel->prefixlen_d) &&
	       (!sel->proto || (!p->any_proto && sel->proto == p->proto)) && !sel->sport_mask &&
	       !sel->dport_mask;
}

/* The newest that fits: after a rekey, the state that replaces the other. */
static struct rvl_sa *choose(struct rvl_ipsec *ipsec, const struct rvl_rule *rule)
{
	struct rvl_sa *sa;

	if (rule->policy.action != RVL_POLICY_ACTION_PROTECT)
		return NULL;
	list_for_each_entry(sa, &ipsec->sas, list) {
		if (fits(rule, sa) && covers(&sa->sel, &rule->policy))
			return sa;
	}
	return NULL;
}

/* Write a rule at a slot, with the state it has now; protecting without one is to discard. */
static int write_rule(struct rvl_ipsec *ipsec, const struct rvl_rule *rule, u32 slot,
		      const struct rvl_sa *sa, struct rvl_dev_error *err)
{
	struct rvl_nic *nic = ipsec->nic;
	struct rvl_dev_policy p = rule->policy;

	if (p.action == RVL_POLICY_ACTION_PROTECT && !sa)
		p.action = RVL_POLICY_ACTION_DISCARD;
	p.sa = sa ? sa->index : 0;
	return rvl_ipsec_failed(nic, rvl_dev_policy_set(nic->dev, &p, &slot, err));
}

void rvl_ipsec_select(struct rvl_ipsec *ipsec)
{
	struct rvl_rule *rule;

	list_for_each_entry(rule, &ipsec->rules[XFRM_POLICY_OUT], list) {
		struct rvl_sa *old =
			rcu_dereference_protected(rule->sa, lockdep_is_held(&ipsec->nic->lock));
		struct rvl_sa *sa = choose(ipsec, rule);
		struct rvl_dev_error err;

		if (sa == old)
			continue;
		/*
		 * Without a state the driver drops the frame: it does so first, and the device
		 * last.
		 */
		if (!sa || !rule->installed || !rvl_ipsec_device(ipsec->nic))
			RCU_INIT_POINTER(rule->sa, NULL);
		if (!rule->installed || !rvl_ipsec_device(ipsec->nic))
			continue;
		if (write_rule(ipsec, rule, rule->slot, sa, &err)) {
			RCU_INIT_POINTER(rule->sa, NULL);
			netdev_err(ipsec->nic->netdev, "policy %u: %s\n", rule->slot, err.text);
			continue;
		}
		rcu_assign_pointer(rule->sa, sa);
	}
}

/* ------------------------------------------------------------------------------------- slots */

static int put(struct rvl_ipsec *ipsec, struct rvl_rule *rule, u32 slot, struct rvl_dev_error *err)
{
	struct rvl_sa *sa = choose(ipsec, rule);
	int ret = write_rule(ipsec, rule, slot, sa, err);

	if (ret)
		return ret;
	ipsec->slots[slot] = rule;
	rule->slot = slot;
	rule->installed = true;
	rcu_assign_pointer(rule->sa, sa);
	return 0;
}

static int clear(struct rvl_ipsec *ipsec, u32 slot)
{
	struct rvl_nic *nic = ipsec->nic;
	struct rvl_dev_error err;
	int ret;

	ipsec->slots[slot] = NULL;
	if (!rvl_ipsec_device(nic))
		return 0;
	ret = rvl_ipsec_failed(nic, rvl_dev_policy_clear(nic->dev, slot, &err));
	if (ret)
		netdev_err(nic->netdev, "policy %u: %s\n", slot, err.text);
	return ret;
}

/* Move the rules of one priority down where there is room, keeping their order. */
static int pack(struct rvl_ipsec *ipsec, u32 priority, struct rvl_dev_error *err)
{
	unsigned int free = 0;
	unsigned int i;
	int ret;

	for (i = 0; i < ipsec->slot_count; i++) {
		struct rvl_rule *rule = ipsec->slots[i];

		if (!rule || rule->policy.priority != priority)
			continue;
		while (free < i && ipsec->slots[free])
			free++;
		if (free < i) {
			/* It is in two places for a moment, which changes no decision. */
			ret = put(ipsec, rule, free, err);
			if (!ret)
				ret = clear(ipsec, i);
			if (ret)
				return ret;
		}
		free++;
	}
	return 0;
}

/* The lowest free slot above all rules of the same priority, which are older. */
static int free_slot(const struct rvl_ipsec *ipsec, u32 priority)
{
	int slot = -ENOSPC;
	unsigned int i;

	for (i = 0; i < ipsec->slot_count; i++) {
		if (ipsec->slots[i] && ipsec->slots[i]->policy.priority == priority)
			slot = -ENOSPC;
		else if (!ipsec->slots[i] && slot < 0)
			slot = i;
	}
	return slot;
}

static int take_slot(struct rvl_ipsec *ipsec, struct rvl_rule *rule, struct rvl_dev_error *err)
{
	int slot = free_slot(ipsec, rule->policy.priority);
	int ret;

	if (slot < 0) {
		ret = pack(ipsec, rule->policy.priority, err);
		if (ret)
			return ret;
		slot = free_slot(ipsec, rule->policy.priority);
	}
	if (slot < 0)
		return rvl_fail(err, slot, "all %u transmit rules of the device are taken",
				ipsec->slot_count);
	return put(ipsec, rule, slot, err);
}

int rvl_ipsec_rules_up(struct rvl_ipsec *ipsec, struct rvl_dev_error *err)
{
	unsigned int i;
	int ret;

	for (i = 0; i < ipsec->slot_count; i++) {
		if (!ipsec->slots[i])
			continue;
		ret = put(ipsec, ipsec->slots[i], i, err);
		if (ret)
			return ret;
	}
	return 0;
}

void rvl_ipsec_rules_down(struct rvl_ipsec *ipsec)
{
	unsigned int i;

	for (i = 0; i < ipsec->slot_count; i++) {
		if (!ipsec->slots[i])
			continue;
		ipsec->slots[i]->installed = false;
		RCU_INIT_POINTER(ipsec->slots[i]->sa, NULL);
	}
}

/* ------------------------------------------------------------------------------ add and delete */

/* Behind those that are asked before it. */
static void link_rule(struct rvl_ipsec *ipsec, struct rvl_rule *rule)
{
	struct list_head *before = &ipsec->rules[rule->dir];
	struct rvl_rule *other;

	list_for_each_entry(other, &ipsec->rules[rule->dir], list) {
		if (other->policy.priority > rule->policy.priority)
			break;
		before = &other->list;
	}
	list_add_rcu(&rule->list, before);
	if (rule->dir != XFRM_POLICY_OUT)
		WRITE_ONCE(ipsec->watch, ipsec->watch + 1);
}

static void unlink_rule(struct rvl_ipsec *ipsec, struct rvl_rule *rule)
{
	if (rule->dir == XFRM_POLICY_OUT)
		clear(ipsec, rule->slot);
	else
		WRITE_ONCE(ipsec->watch, ipsec->watch - 1);
	list_del_rcu(&rule->list);
}

static int add(struct rvl_ipsec *ipsec, struct rvl_rule *rule, struct netlink_ext_ack *extack)
{
	struct rvl_dev_error err;
	int ret;

	rvl_ipsec_settle(ipsec);
	ret = rvl_ipsec_ready(ipsec->nic, extack);
	if (ret)
		return ret;
	if (rule->idle)
		return 0;
	if (rule->dir == XFRM_POLICY_OUT) {
		ret = take_slot(ipsec, rule, &err);
		if (ret) {
			NL_SET_ERR_MSG_FMT_MOD(extack, "%.80s", err.text);
			return ret;
		}
	}
	link_rule(ipsec, rule);
	return 0;
}

enum state_kind { STATE_NONE, STATE_SOFTWARE, STATE_OFFLOADED };

/* Is there a state of this policy's from one end to the other? The offloaded ones come first. */
static enum state_kind find_kind(const struct xfrm_policy *xp, const xfrm_address_t *src,
				 const xfrm_address_t *dst)
{
	const struct xfrm_tmpl *t = &xp->xfrm_vec[0];
	struct xfrm_state *x;
	bool offloaded;

	x = xfrm_stateonly_find(xp_net(xp), 0, 0, (xfrm_address_t *)dst, (xfrm_address_t *)src,
				t->encap_family, t->mode, t->id.proto, t->reqid);
	if (!x)
		return STATE_NONE;
	offloaded = x->xso.type == XFRM_DEV_OFFLOAD_PACKET;
	xfrm_state_put(x);
	return offloaded ? STATE_OFFLOADED : STATE_SOFTWARE;
}

/*
 * For an offloaded policy the kernel looks at offloaded states only. An IKE daemon whose states
 * were taken in software, because they could not be offloaded, must not believe that its policy is
 * served. One that has none yet is a trap.
 */
static bool is_software(const struct xfrm_policy *xp)
{
	const struct xfrm_tmpl *t = &xp->xfrm_vec[0];
	enum state_kind there, back;

	if (xp->action != XFRM_POLICY_ALLOW || !xp->xfrm_nr)
		return false;
	there = find_kind(xp, &t->saddr, &t->id.daddr);
	back = find_kind(xp, &t->id.daddr, &t->saddr);
	return (there == STATE_SOFTWARE || back == STATE_SOFTWARE) && there != STATE_OFFLOADED &&
	       back != STATE_OFFLOADED;
}

int rvl_ipsec_policy_add(struct xfrm_policy *xp, struct netlink_ext_ack *extack)
{
	struct rvl_nic *nic = rvl_nic_of(xp->xdo.dev);
	struct rvl_ipsec *ipsec = nic->ipsec;
	struct rvl_rule *rule = kzalloc(sizeof(*rule), GFP_KERNEL);
	int ret;

	if (!rule)
		return -ENOMEM;
	ret = rvl_ipsec_check_policy(nic, xp, rule, extack);
	if (!ret && is_software(xp)) {
		NL_SET_ERR_MSG_MOD(extack, "tmpl: the states of this reqid are not offloaded");
		ret = -EOPNOTSUPP;
	}
	if (!ret) {
		mutex_lock(&nic->lock);
		ret = add(ipsec, rule, extack);
		mutex_unlock(&nic->lock);
	}
	if (ret) {
		rvl_ipsec_count(ipsec, RVL_IPSEC_POLICY_REFUSED);
		kfree(rule);
		return ret;
	}
	rvl_ipsec_count(ipsec, RVL_IPSEC_POLICY_ADDED);
	xp->xdo.offload_handle = (unsigned long)rule;
	return 0;
}

/* In any context. The rule is in force until the device's part is done. */
void rvl_ipsec_policy_delete(struct xfrm_policy *xp)
{
	struct rvl_ipsec *ipsec = rvl_nic_of(xp->xdo.dev)->ipsec;
	struct rvl_rule *rule = (struct rvl_rule *)xp->xdo.offload_handle;

	if (!rule)
		return;
	xp->xdo.offload_handle = 0;
	spin_lock_bh(&ipsec->lock);
	list_add_tail(&rule->gone, &ipsec->gone_rules);
	spin_unlock_bh(&ipsec->lock);
	rvl_ipsec_count(ipsec, RVL_IPSEC_POLICY_DELETED);
	queue_work(ipsec->nic->workqueue, &ipsec->work);
}

void rvl_ipsec_settle_rules(struct rvl_ipsec *ipsec)
{
	struct rvl_rule *rule, *next;
	LIST_HEAD(gone);

	spin_lock_bh(&ipsec->lock);
	list_splice_init(&ipsec->gone_rules, &gone);
	spin_unlock_bh(&ipsec->lock);

	list_for_each_entry_safe(rule, next, &gone, gone) {
		if (!rule->idle)
			unlink_rule(ipsec, rule);
		kfree_rcu(rule, rcu);
	}
}

#endif
