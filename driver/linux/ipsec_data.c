// SPDX-License-Identifier: GPL-2.0
/*
 * Packet offload: frames out and in.
 *
 * Out. The kernel decides on a state and gives the plain packet to the NIC without saying which; in
 * tunnel mode the Ethernet header may be missing too, since the way to the inner destination is not
 * the way that the packet goes. So where the kernel asks whether the offload can be done, the
 * packet is marked with its state. With the mark the frame names its SA to the device; without one,
 * the device's rules decide, so that nothing they protect leaves in clear, whoever sent it.
 *
 * In. The kernel believes that the NIC has asked the policies: it asks none of a frame that came on
 * an offloaded state, and lets clear frames through that an offloaded policy wants protected. Both
 * are done here, before GRO can mix frames: the first by the kernel's own check.
 */
#include "compat.h"

#ifdef HAVE_XFRM_PACKET_OFFLOAD

#include <net/ip.h>
#include <net/ip6_fib.h>
#include <net/ip6_route.h>
#include <net/neighbour.h>
#include <net/route.h>

#include "ipsec.h"

#define MARK 0x4e4c5652 /* "RVLN" */
#define UNRESOLVED_MAX 128
#define UNRESOLVED_WAIT (3 * HZ)
#define RESOLVE_EVERY 2 /* jiffies */
#define VLAN_TAGS_MAX 2 /* that the device looks behind */

/* ------------------------------------------------------------------------------------- the mark */

/*
 * A security path that nobody reads on the way out (its olen is 0), with a word of ours in the room
 * for the first offload. It holds a reference to the state, and segments inherit it. ready: the
 * frame gets its Ethernet header from the stack.
 */
static bool set_mark(struct sk_buff *skb, struct xfrm_state *x, bool ready)
{
	struct sec_path *sp;

	/* The packet may have come through a tunnel; that is over. */
	secpath_reset(skb);
	sp = secpath_set(skb);
	if (!sp)
		return false;
	/* One that is just being freed may stand in a rule for a moment. */
	if (!refcount_inc_not_zero(&x->refcnt))
		return false;
	sp->xvec[sp->len++] = x;
	sp->ovec[0].seq.low = MARK;
	sp->ovec[0].seq.hi = ready;
	return true;
}

static struct xfrm_state *marked(const struct sk_buff *skb)
{
	const struct sec_path *sp = skb_sec_path(skb);

	return sp && sp->len == 1 && !sp->olen && sp->ovec[0].seq.low == MARK ? sp->xvec[0] : NULL;
}

/* ------------------------------------------------------------------------------------- the way */

/*
 * Does the kernel's path lead to the tunnel's other end, by a router, whose Ethernet address the
 * stack then puts before the packet? The path is of the inner family: in a tunnel of the other one
 * the kernel looked for what the first octets of its addresses say.
 */
static bool has_router(const struct dst_entry *path, const struct xfrm_state *x)
{
	if (path->ops->family != x->props.family)
		return false;
	if (path->ops->family == AF_INET6)
		return ((const struct rt6_info *)path)->rt6i_flags & RTF_GATEWAY;
	return ((const struct rtable *)path)->rt_gw_family;
}

/* The kernel asks before it gives up the packet; false drops it. */
bool rvl_ipsec_offload_ok(struct sk_buff *skb, struct xfrm_state *x)
{
	const struct dst_entry *path = xfrm_dst_path(skb_dst(skb));
	/* In transport mode the way of the packet is the way to the other end. */
	bool direct = x->props.mode == XFRM_MODE_TRANSPORT || has_router(path, x);
	struct rvl_sa *sa;
	bool ok = false;

	rcu_read_lock();
	sa = rvl_sa_of(x);
	if (!sa)
		goto out;
	if (READ_ONCE(sa->dead)) {
		rvl_ipsec_count(sa->nic->ipsec, RVL_IPSEC_TX_DROP_STATE_GONE);
		goto out;
	}
	/* In a tunnel in this one, behind a VLAN or elsewhere the device can't do it. */
	if (path->dev != sa->nic->netdev || xfrm_dst_child(skb_dst(skb))->xfrm ||
	    (ip_hdr(skb)->version != 4 && !rvl_ipsec_has_ipv6(sa->nic))) {
		rvl_ipsec_count(sa->nic->ipsec, RVL_IPSEC_TX_DROP_ROUTE);
		goto out;
	}
	if (!set_mark(skb, x, skb->sk && direct)) {
		rvl_ipsec_count(sa->nic->ipsec, RVL_IPSEC_TX_DROP_NO_MEMORY);
		goto out;
	}
	/*
	 * What a local socket sends goes through IP output once more for its Ethernet header. Where
	 * no router stands between, that would look for the inner destination of a tunnel on the
	 * link. A packet without a socket goes straight to the device.
	 */
	if (skb->sk && !direct)
		skb_orphan(skb);
	ok = true;
out:
	rcu_read_unlock();
	return ok;
}

static struct dst_entry *find_route4(struct rvl_sa *sa)
{
	struct net_device *netdev = sa->nic->netdev;
	struct flowi4 fl4 = {
		.flowi4_oif = netdev->ifindex,
		.daddr = sa->daddr.a4,
		.saddr = sa->saddr.a4,
	};
	struct rtable *rt;
	__be32 saddr;

	rt = dst_cache_get_ip4(&sa->route, &saddr);
	if (rt)
		return &rt->dst;
	rt = __ip_route_output_key(dev_net(netdev), &fl4);
	if (IS_ERR(rt))
		return NULL;
	if (rt->dst.dev != netdev || rt->rt_type != RTN_UNICAST) {
		ip_rt_put(rt);
		return NULL;
	}
	dst_cache_set_ip4(&sa->route, &rt->dst, fl4.saddr);
	return &rt->dst;
}

#if IS_ENABLED(CONFIG_IPV6)
static struct dst_entry *find_route6(struct rvl_sa *sa)
{
	struct net_device *netdev = sa->nic->netdev;
	struct flowi6 fl6 = {
		.flowi6_oif = netdev->ifindex,
		.daddr = sa->daddr.in6,
		.saddr = sa->saddr.in6,
	};
	struct dst_entry *dst;
	struct in6_addr saddr;

	dst = dst_cache_get_ip6(&sa->route, &saddr);
	if (dst)
		return dst;
	dst = ip6_route_output(dev_net(netdev), NULL, &fl6);
	if (dst->error || dst->dev != netdev) {
		dst_release(dst);
		return NULL;
	}
	dst_cache_set_ip6(&sa->route, dst, &fl6.saddr);
	return dst;
}
#else
static struct dst_entry *find_route6(struct rvl_sa *sa)
{
	return NULL;
}
#endif

/* The route to the tunnel's other end, held. Bottom halves are off. */
static struct dst_entry *find_route(struct rvl_sa *sa)
{
	return sa->family == AF_INET6 ? find_route6(sa) : find_route4(sa);
}

/*
 * The Ethernet address of the way to the tunnel's other end. ask: send a question if it isn't
 * known, which ndo_start_xmit must not. -EAGAIN: not known yet.
 */
static int find_neighbour(struct rvl_sa *sa, u8 *ha, bool ask)
{
	struct dst_entry *dst = find_route(sa);
	struct neighbour *n;
	int ret = -EAGAIN;
	u8 state;

	if (!dst)
		return -EHOSTUNREACH;
	n = dst_neigh_lookup(dst, &sa->daddr);
	dst_release(dst);
	if (!n)
		return -EHOSTUNREACH;
	state = READ_ONCE(n->nud_state);
	if (state & NUD_VALID) {
		neigh_ha_snapshot(ha, n, sa->nic->netdev);
		ret = 0;
	}
	/* A stale one is only told that it is in use. */
	if (ask || (state & NUD_STALE))
		neigh_event_send(n, NULL);
	neigh_release(n);
	return ret;
}

static void write_header(struct rvl_nic *nic, struct sk_buff *skb, const u8 *ha)
{
	struct ethhdr *eth = (struct ethhdr *)skb->data;

	ether_addr_copy(eth->h_dest, ha);
	ether_addr_copy(eth->h_source, nic->netdev->dev_addr);
	if (marked(skb))
		eth->h_proto = skb->protocol;
}

/* ------------------------------------------------------------------------- frames that wait */

struct waiting {
	unsigned long until;
};

static struct waiting *waiting(struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct waiting) > sizeof(skb->cb));
	return (struct waiting *)skb->cb;
}

static void keep(struct rvl_ipsec *ipsec, struct sk_buff *skb)
{
	if (skb_queue_len_lockless(&ipsec->unresolved) >= UNRESOLVED_MAX) {
		rvl_ipsec_count(ipsec, RVL_IPSEC_TX_DROP_NO_NEIGHBOUR);
		dev_kfree_skb_any(skb);
		return;
	}
	rvl_ipsec_count(ipsec, RVL_IPSEC_TX_QUEUED_NEIGHBOUR);
	waiting(skb)->until = jiffies + UNRESOLVED_WAIT;
	skb_queue_tail(&ipsec->unresolved, skb);
	schedule_delayed_work(&ipsec->resolve_work, 0);
}

/* Send it, keep it, or drop it: 0, -EAGAIN, or why not. */
static int try_again(struct sk_buff *skb)
{
	struct rvl_sa *sa;
	u8 ha[MAX_ADDR_LEN];
	int ret = -ENOENT;

	rcu_read_lock_bh();
	sa = rvl_sa_of(marked(skb));
	if (sa && !READ_ONCE(sa->dead))
		ret = find_neighbour(sa, ha, true);
	rcu_read_unlock_bh();
	if (ret == -EAGAIN && time_after(jiffies, waiting(skb)->until))
		ret = -EHOSTUNREACH;
	return ret;
}

void rvl_ipsec_resolve(struct work_struct *work)
{
	struct rvl_ipsec *ipsec =
		container_of(to_delayed_work(work), struct rvl_ipsec, resolve_work);
	struct sk_buff_head frames;
	struct sk_buff *skb;

	__skb_queue_head_init(&frames);
	spin_lock_bh(&ipsec->unresolved.lock);
	skb_queue_splice_init(&ipsec->unresolved, &frames);
	spin_unlock_bh(&ipsec->unresolved.lock);

	while ((skb = __skb_dequeue(&frames))) {
		switch (try_again(skb)) {
		case 0:
			dev_queue_xmit(skb);
			break;
		case -EAGAIN:
			skb_queue_tail(&ipsec->unresolved, skb);
			break;
		default:
			rvl_ipsec_count(ipsec, RVL_IPSEC_TX_DROP_NO_NEIGHBOUR);
			kfree_skb(skb);
		}
	}
	if (!skb_queue_empty(&ipsec->unresolved))
		schedule_delayed_work(&ipsec->resolve_work, RESOLVE_EVERY);
}

/* ------------------------------------------------------------------------------------------ out */

static enum rvl_ipsec_verdict drop(struct rvl_ipsec *ipsec, struct sk_buff *skb,
				   enum rvl_ipsec_stat stat)
{
	rvl_ipsec_count(ipsec, stat);
	dev_kfree_skb_any(skb);
	return RVL_IPSEC_CONSUMED;
}

/* The way to the other end of this state's tunnel. */
static enum rvl_ipsec_verdict send_on(struct rvl_sa *sa, struct sk_buff *skb)
{
	struct rvl_ipsec *ipsec = sa->nic->ipsec;
	u8 ha[MAX_ADDR_LEN];

	switch (find_neighbour(sa, ha, false)) {
	case 0:
		break;
	case -EAGAIN:
		/* A frame that lacks the mark would be another one when it comes again. */
		if (!marked(skb) && !set_mark(skb, sa->x, false))
			return drop(ipsec, skb, RVL_IPSEC_TX_DROP_NO_MEMORY);
		keep(ipsec, skb);
		return RVL_IPSEC_CONSUMED;
	default:
		return drop(ipsec, skb, RVL_IPSEC_TX_DROP_NO_NEIGHBOUR);
	}
	if (skb_cow_head(skb, 0))
		return drop(ipsec, skb, RVL_IPSEC_TX_DROP_NO_MEMORY);
	write_header(sa->nic, skb, ha);
	return RVL_IPSEC_SEND;
}

/* ready: it has its Ethernet header. A frame that is kept back counts when it comes again. */
static enum rvl_ipsec_verdict protect(struct rvl_sa *sa, struct sk_buff *skb, bool ready)
{
	enum rvl_ipsec_verdict verdict = ready ? RVL_IPSEC_SEND : send_on(sa, skb);

	if (verdict == RVL_IPSEC_SEND && !rvl_ipsec_take(sa, skb->len - ETH_HLEN))
		return drop(sa->nic->ipsec, skb, RVL_IPSEC_TX_DROP_STATE_GONE);
	return verdict;
}

static enum rvl_ipsec_verdict transmit(struct rvl_nic *nic, struct sk_buff *skb, u32 *index)
{
	struct rvl_ipsec *ipsec = nic->ipsec;
	struct xfrm_state *x = marked(skb);
	const struct rvl_rule *rule;
	struct rvl_flow flow;
	struct rvl_sa *sa;

	*index = RVL_NO_SA;
	if (x) {
		sa = rvl_sa_of(x);
		if (!sa || sa->nic != nic || READ_ONCE(sa->dead))
			return drop(ipsec, skb, RVL_IPSEC_TX_DROP_STATE_GONE);
		*index = sa->index;
		return protect(sa, skb, skb_sec_path(skb)->ovec[0].seq.hi);
	}
	if (list_empty(&ipsec->rules[XFRM_POLICY_OUT]))
		return RVL_IPSEC_SEND;
	/* The device wants it in one piece as well. */
	if (skb_linearize(skb))
		return drop(ipsec, skb, RVL_IPSEC_TX_DROP_NO_MEMORY);

	if (!rvl_ipsec_flow(skb, ETH_HLEN, ((const struct ethhdr *)skb->data)->h_proto,
			    VLAN_TAGS_MAX, &flow))
		return RVL_IPSEC_SEND;
	rule = rvl_ipsec_find_rule(ipsec, XFRM_POLICY_OUT, &flow);
	if (!rule || rule->policy.action != RVL_POLICY_ACTION_PROTECT)
		return RVL_IPSEC_SEND;
	sa = rcu_dereference(rule->sa);
	if (!sa || READ_ONCE(sa->dead))
		return drop(ipsec, skb, RVL_IPSEC_TX_DROP_STATE_GONE);
	return protect(sa, skb, false);
}

enum rvl_ipsec_verdict rvl_ipsec_tx(struct rvl_nic *nic, struct sk_buff *skb, u32 *index)
{
	enum rvl_ipsec_verdict verdict;

	rcu_read_lock();
	verdict = transmit(nic, skb, index);
	rcu_read_unlock();
	return verdict;
}

/* ------------------------------------------------------------------------------------------- in */

/*
 * ESP that the device left alone: in fragments, or for a state that it has lost. The kernel would
 * decrypt it in software, with a replay window that knows nothing of the device's: what was
 * received once would be taken again. Later fragments are of no use without the first.
 */
static bool esp_ok(struct rvl_nic *nic, const struct rvl_flow *f)
{
	u16 family = f->ipv6 ? AF_INET6 : AF_INET;
	const struct udphdr *udp = NULL;
	const u8 *esp = f->upper;
	xfrm_address_t daddr = {};
	struct xfrm_state *x;
	bool ok = true;
	__be32 spi;

	if (f->later)
		return true;
	if (f->proto == IPPROTO_UDP) {
		if (!READ_ONCE(nic->ipsec->encapsulated))
			return true;
		udp = (const struct udphdr *)esp;
		esp += sizeof(*udp);
	}
	/* Nobody makes such a first fragment but to hide what it is. */
	if (esp + sizeof(spi) > f->end)
		return !f->fragment;
	memcpy(&spi, esp, sizeof(spi));
	memcpy(&daddr, f->dst, f->ipv6 ? sizeof(daddr.in6) : sizeof(daddr.a4));
	x = xfrm_state_lookup(dev_net(nic->netdev), 0, &daddr, spi, IPPROTO_ESP, family);
	if (!x)
		return true;
	if (x->xso.type == XFRM_DEV_OFFLOAD_PACKET)
		ok = udp && (!x->encap || x->encap->encap_dport != udp->dest);
	xfrm_state_put(x);
	return ok;
}

static bool clear_ok(struct rvl_nic *nic, const struct sk_buff *skb)
{
	struct rvl_ipsec *ipsec = nic->ipsec;
	const struct rvl_rule *rule;
	struct rvl_flow flow;

	if (!READ_ONCE(ipsec->watch))
		return true;
	if (!rvl_ipsec_flow(skb, 0, skb->protocol, UINT_MAX, &flow))
		return true;
	if (!flow.proto_unseen) {
		if (flow.proto == IPPROTO_AH)
			return true;
		if ((flow.proto == IPPROTO_ESP || flow.proto == IPPROTO_UDP) &&
		    !esp_ok(nic, &flow)) {
			rvl_ipsec_count(ipsec, RVL_IPSEC_RX_DROP_ESP);
			return false;
		}
		/* The policies ask nobody for IPsec itself, but for what it holds. */
		if (flow.proto == IPPROTO_ESP)
			return true;
	}
	rule = rvl_ipsec_find_rule(ipsec, rvl_ipsec_direction(nic, &flow), &flow);
	if (!rule || rule->policy.action != RVL_POLICY_ACTION_PROTECT)
		return true;
	rvl_ipsec_count(ipsec, RVL_IPSEC_RX_DROP_CLEAR);
	return false;
}

/* As of a frame that the kernel decrypted itself: the state's selector, the policies' templates. */
static bool policy_ok(struct rvl_nic *nic, struct sk_buff *skb)
{
	struct rvl_flow flow;

	skb_reset_network_header(skb);
	return rvl_ipsec_flow(skb, 0, skb->protocol, UINT_MAX, &flow) &&
	       __xfrm_policy_check(NULL, rvl_ipsec_direction(nic, &flow), skb,
				   flow.ipv6 ? AF_INET6 : AF_INET);
}

static bool set_path(struct rvl_ipsec *ipsec, struct sk_buff *skb, struct xfrm_state *x)
{
	struct sec_path *sp = secpath_set(skb);
	struct xfrm_offload *xo;

	if (!sp)
		return false;
	sp->xvec[sp->len++] = x;
	sp->olen++;
	xo = xfrm_offload(skb);
	xo->flags = CRYPTO_DONE;
	xo->status = CRYPTO_SUCCESS;
	return true;
}

static bool decrypted_ok(struct rvl_nic *nic, struct sk_buff *skb, u32 index)
{
	struct rvl_ipsec *ipsec = nic->ipsec;
	struct rvl_sa *sa;

	sa = index < ipsec->indices[1].count ? rcu_dereference(ipsec->inbound[index]) : NULL;
	if (!sa || READ_ONCE(sa->dead) || !rvl_ipsec_take(sa, skb->len) ||
	    !refcount_inc_not_zero(&sa->x->refcnt)) {
		rvl_ipsec_count(ipsec, RVL_IPSEC_RX_DROP_SADB_MISS);
		return false;
	}
	if (!set_path(ipsec, skb, sa->x)) {
		xfrm_state_put(sa->x);
		rvl_ipsec_count(ipsec, RVL_IPSEC_RX_DROP_SP_ALLOC);
		return false;
	}
	if (!policy_ok(nic, skb)) {
		rvl_ipsec_count(ipsec, RVL_IPSEC_RX_DROP_POLICY);
		return false;
	}
	/* Checksums are over addresses that a NAT has changed since (RFC 3948, section 3.1.2). */
	if (sa->encap && sa->mode == XFRM_MODE_TRANSPORT)
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	/* GRO looks at no path: a hash keeps these from frames in clear, which have none. */
	skb_get_hash(skb);
	return true;
}

bool rvl_ipsec_rx(struct rvl_nic *nic, struct sk_buff *skb, u32 index)
{
	bool ok;

	rcu_read_lock();
	ok = index == RVL_NO_SA ? clear_ok(nic, skb) : decrypted_ok(nic, skb, index);
	rcu_read_unlock();
	return ok;
}

/* ----------------------------------------------------------------------------------- statistics */

static const char *const stat_names[RVL_IPSEC_STATS] = {
	[RVL_IPSEC_SA_ADDED] = "ipsec_sa_added",
	[RVL_IPSEC_SA_DELETED] = "ipsec_sa_deleted",
	[RVL_IPSEC_SA_REFUSED] = "ipsec_sa_refused",
	[RVL_IPSEC_SA_LOST] = "ipsec_sa_lost",
	[RVL_IPSEC_SA_DAMAGED] = "ipsec_sa_damaged",
	[RVL_IPSEC_SA_MOVED] = "ipsec_sa_moved",
	[RVL_IPSEC_SA_SOFT_EXPIRED] = "ipsec_sa_soft_expired",
	[RVL_IPSEC_SA_HARD_EXPIRED] = "ipsec_sa_hard_expired",
	[RVL_IPSEC_POLICY_ADDED] = "ipsec_policy_added",
	[RVL_IPSEC_POLICY_DELETED] = "ipsec_policy_deleted",
	[RVL_IPSEC_POLICY_REFUSED] = "ipsec_policy_refused",
	[RVL_IPSEC_TX_QUEUED_NEIGHBOUR] = "ipsec_tx_queued_neighbour",
	[RVL_IPSEC_TX_DROP_NO_NEIGHBOUR] = "ipsec_tx_drop_no_neighbour",
	[RVL_IPSEC_TX_DROP_STATE_GONE] = "ipsec_tx_drop_state_gone",
	[RVL_IPSEC_TX_DROP_ROUTE] = "ipsec_tx_drop_route",
	[RVL_IPSEC_TX_DROP_NO_MEMORY] = "ipsec_tx_drop_no_memory",
	[RVL_IPSEC_RX_DROP_SADB_MISS] = "ipsec_rx_drop_sadb_miss",
	[RVL_IPSEC_RX_DROP_SP_ALLOC] = "ipsec_rx_drop_sp_alloc",
	[RVL_IPSEC_RX_DROP_POLICY] = "ipsec_rx_drop_policy",
	[RVL_IPSEC_RX_DROP_CLEAR] = "ipsec_rx_drop_clear",
	[RVL_IPSEC_RX_DROP_ESP] = "ipsec_rx_drop_esp",
};

unsigned int rvl_ipsec_stat_count(void)
{
	return RVL_IPSEC_STATS;
}

const char *rvl_ipsec_stat_name(unsigned int n)
{
	return n < RVL_IPSEC_STATS ? stat_names[n] : NULL;
}

u64 rvl_ipsec_stat(const struct rvl_nic *nic, unsigned int n)
{
	return nic->ipsec && n < RVL_IPSEC_STATS ? atomic64_read(&nic->ipsec->stats[n]) : 0;
}

#endif
