// SPDX-License-Identifier: GPL-2.0
/*
 * Packet offload: can the device do what xfrm wants? Refusals name the field as `ip xfrm` does.
 */
#include "compat.h"

#ifdef HAVE_XFRM_PACKET_OFFLOAD

#include <linux/inetdevice.h>
#include <net/addrconf.h>
#include <net/ndisc.h>

#include "ipsec.h"

#define REPLAY_WINDOW_MIN 32
#define SALT_LEN 4
#define ENCAP_PORT 4500 /* RFC 3948: some devices look for ESP on no other */

#define REFUSE(extack, code, text)                                                                 \
	({                                                                                         \
		NL_SET_ERR_MSG_MOD(extack, text);                                                  \
		(code);                                                                            \
	})

/* ---------------------------------------------------------------------------------- states */

static int check_kind(const struct rvl_nic *nic, const struct xfrm_state *x,
		      struct netlink_ext_ack *extack)
{
	/* Nothing is wrong with it: the kernel does it in software then. */
	if (x->xso.type != XFRM_DEV_OFFLOAD_PACKET)
		return REFUSE(extack, -EOPNOTSUPP, "only packet offload; no crypto offload");
	if (x->xso.dev != nic->netdev)
		return REFUSE(extack, -EOPNOTSUPP, "the device must be the NIC itself, no bond");
	if (x->xso.dir != XFRM_DEV_OFFLOAD_IN && x->xso.dir != XFRM_DEV_OFFLOAD_OUT)
		return REFUSE(extack, -EINVAL, "dir must be in or out");
	if (x->id.proto != IPPROTO_ESP || !(nic->caps.features & RVL_FEATURES_ESP_MASK))
		return REFUSE(extack, -EOPNOTSUPP, "only proto esp");
	if (!rvl_ipsec_has_mode(nic, x->props.mode))
		return REFUSE(extack, -EOPNOTSUPP, "the device has no such mode");
	if (x->props.family != AF_INET && !rvl_ipsec_has_ipv6(nic))
		return REFUSE(extack, -EOPNOTSUPP, "only IPv4 tunnel addresses");
	if (x->sel.family && x->sel.family != AF_INET && !rvl_ipsec_has_ipv6(nic))
		return REFUSE(extack, -EOPNOTSUPP, "only IPv4 in sel");
	if (ntohl(x->id.spi) < 256)
		return REFUSE(extack, -EINVAL, "spi must be 0x100 or more");
	if (xfrm_addr_any(&x->props.saddr, x->props.family) ||
	    xfrm_addr_any(&x->id.daddr, x->props.family))
		return REFUSE(extack, -EINVAL, "src and dst must be given");
	return 0;
}

/* The ciphers that the device has, by the length of their key. */
static u32 cipher_feature(unsigned int key_len)
{
	switch (key_len) {
	case 16:
		return RVL_FEATURES_AES_GCM_128_MASK;
	case 24:
		return RVL_FEATURES_AES_GCM_192_MASK;
	default:
		return RVL_FEATURES_AES_GCM_256_MASK;
	}
}

static bool is_gmac(const struct xfrm_state *x)
{
	return !strcmp(x->aead->alg_name, "rfc4543(gcm(aes))");
}

static int check_cipher(const struct rvl_nic *nic, const struct xfrm_state *x,
			struct netlink_ext_ack *extack)
{
	unsigned int key_len;

	if (x->ealg || x->aalg || !x->aead ||
	    (!is_gmac(x) && strcmp(x->aead->alg_name, "rfc4106(gcm(aes))")))
		return REFUSE(extack, -EOPNOTSUPP,
			      "only aead rfc4106(gcm(aes)) or rfc4543(gcm(aes))");
	if (is_gmac(x) && !(nic->caps.features & RVL_FEATURES_GMAC_MASK))
		return REFUSE(extack, -EOPNOTSUPP, "the device has no rfc4543(gcm(aes))");
	if (x->calg)
		return REFUSE(extack, -EOPNOTSUPP, "no comp");
	if (x->aead->alg_icv_len != 128 && !(nic->caps.features & RVL_FEATURES_ICV_SHORT_MASK))
		return REFUSE(extack, -EOPNOTSUPP,
			      "only AES-GCM with a 16-octet ICV (RFC 4106): aead ICV length 128");
	key_len = x->aead->alg_key_len / 8 - SALT_LEN;
	if (key_len != 16 && key_len != 24 && key_len != 32)
		return REFUSE(extack, -EOPNOTSUPP,
			      "only aead keys of 16, 24 or 32 octets and a salt of 4");
	if (!(nic->caps.features & cipher_feature(key_len)))
		return REFUSE(extack, -EOPNOTSUPP,
			      "the device has no AES-GCM with this key length");
	return 0;
}

static int check_encap(const struct rvl_nic *nic, const struct xfrm_state *x,
		       struct netlink_ext_ack *extack)
{
	if (!x->encap)
		return 0;
	if (x->encap->encap_type != UDP_ENCAP_ESPINUDP)
		return REFUSE(extack, -EOPNOTSUPP, "only encap espinudp");
	if (!(nic->caps.features & RVL_FEATURES_UDP_ENCAP_MASK))
		return REFUSE(extack, -EOPNOTSUPP, "the device has no encap espinudp");
	if (x->props.family == AF_INET6 && !(nic->caps.features & RVL_FEATURES_UDP_ENCAP_V6_MASK))
		return REFUSE(extack, -EOPNOTSUPP, "the device has no encap espinudp over IPv6");
	if (!x->encap->encap_sport || !x->encap->encap_dport)
		return REFUSE(extack, -EINVAL, "encap ports must not be 0");
	if (x->xso.dir == XFRM_DEV_OFFLOAD_IN && x->encap->encap_dport != htons(ENCAP_PORT) &&
	    !(nic->caps.features & RVL_FEATURES_UDP_PORTS_MASK))
		return REFUSE(extack, -EOPNOTSUPP,
			      "only encap dport 4500: the device receives on no other");
	return 0;
}

static int check_flags(const struct rvl_nic *nic, const struct xfrm_state *x,
		       struct netlink_ext_ack *extack)
{
	bool in = x->xso.dir == XFRM_DEV_OFFLOAD_IN;

	if (x->props.flags & XFRM_STATE_ESN && !(nic->caps.features & RVL_FEATURES_ESN_MASK))
		return REFUSE(extack, -EOPNOTSUPP,
			      "no flag esn: the device has 32-bit sequence numbers");
	if (x->props.flags & XFRM_STATE_ESN && !x->replay_esn)
		return REFUSE(extack, -EINVAL, "flag esn needs a replay-window of its kind");
	if (x->props.flags & XFRM_STATE_WILDRECV)
		return REFUSE(extack, -EOPNOTSUPP, "no flag wildrecv");
	if (x->props.flags & XFRM_STATE_NOECN)
		return REFUSE(extack, -EOPNOTSUPP, "no flag noecn: the device follows RFC 6040");
	if (in && x->props.flags & XFRM_STATE_DECAP_DSCP)
		return REFUSE(extack, -EOPNOTSUPP, "no flag decap-dscp");
	if (x->props.extra_flags & XFRM_SA_XFLAG_OSEQ_MAY_WRAP)
		return REFUSE(extack, -EOPNOTSUPP, "no extra-flag oseq-may-wrap");
	if (x->tfcpad)
		return REFUSE(extack, -EOPNOTSUPP, "no tfcpad");
	if (x->mark.m || x->mark.v)
		return REFUSE(extack, -EOPNOTSUPP, "no mark");
	if (x->props.smark.m || x->props.smark.v)
		return REFUSE(extack, -EOPNOTSUPP, "no output-mark");
	if (x->if_id)
		return REFUSE(extack, -EOPNOTSUPP, "no if_id");
	if (x->coaddr)
		return REFUSE(extack, -EOPNOTSUPP, "no coa");
	if (x->security)
		return REFUSE(extack, -EOPNOTSUPP, "no ctx");
	return 0;
}

/* The limit as the device counts it, from zero; 0: never. */
static u64 remaining(u64 limit, u64 used)
{
	if (limit == XFRM_INF)
		return 0;
	return limit > used ? limit - used : 1;
}

static int check_limits(const struct xfrm_state *x, struct rvl_dev_sa *sa,
			struct netlink_ext_ack *extack)
{
	const struct xfrm_lifetime_cfg *l = &x->lft;

	if (!l->soft_byte_limit || !l->hard_byte_limit || !l->soft_packet_limit ||
	    !l->hard_packet_limit)
		return REFUSE(extack, -EINVAL, "limit byte and packet must not be 0");
	if (l->hard_byte_limit != XFRM_INF && l->soft_byte_limit != XFRM_INF &&
	    l->soft_byte_limit > l->hard_byte_limit)
		return REFUSE(extack, -EINVAL, "limit byte-soft is beyond byte-hard");
	if (l->hard_packet_limit != XFRM_INF && l->soft_packet_limit != XFRM_INF &&
	    l->soft_packet_limit > l->hard_packet_limit)
		return REFUSE(extack, -EINVAL, "limit packet-soft is beyond packet-hard");

	sa->hard_bytes = remaining(l->hard_byte_limit, x->curlft.bytes);
	sa->hard_packets = remaining(l->hard_packet_limit, x->curlft.packets);
	sa->soft_bytes = remaining(l->soft_byte_limit, x->curlft.bytes);
	sa->soft_packets = remaining(l->soft_packet_limit, x->curlft.packets);
	return 0;
}

static int check_replay(const struct rvl_nic *nic, const struct xfrm_state *x,
			struct rvl_dev_sa *sa, struct netlink_ext_ack *extack)
{
	const struct xfrm_replay_state_esn *esn = x->replay_esn;
	u64 oseq = esn ? esn->oseq : x->replay.oseq;
	u64 seq = esn ? esn->seq : x->replay.seq;

	sa->esn = x->props.flags & XFRM_STATE_ESN;
	if (sa->esn) {
		oseq |= (u64)esn->oseq_hi << 32;
		seq |= (u64)esn->seq_hi << 32;
	}
	if (!sa->inbound) {
		if (oseq == (sa->esn ? U64_MAX : U32_MAX))
			return REFUSE(extack, -EINVAL, "replay-oseq: sequence numbers are used up");
		sa->seq = oseq + 1;
		return 0;
	}
	sa->seq = seq;
	sa->window = x->replay_esn ? x->replay_esn->replay_window : x->props.replay_window;
	if (sa->window < REPLAY_WINDOW_MIN || sa->window > nic->caps.replay_window) {
		NL_SET_ERR_MSG_FMT_MOD(extack,
				       "replay-window must be %u to %u: replays are refused always",
				       REPLAY_WINDOW_MIN, nic->caps.replay_window);
		return -EINVAL;
	}
	return 0;
}

/* IPv4 in the first 4 octets, the others 0. */
static void put_address(u8 *to, const xfrm_address_t *from, bool ipv6)
{
	memcpy(to, from, ipv6 ? sizeof(from->in6) : sizeof(from->a4));
}

static u8 hop_limit(const struct net_device *netdev)
{
	const struct inet6_dev *idev;
	u8 hops = IPV6_DEFAULT_HOPLIMIT;

	rcu_read_lock();
	idev = __in6_dev_get(netdev);
	if (idev && READ_ONCE(idev->cnf.hop_limit) > 0)
		hops = READ_ONCE(idev->cnf.hop_limit);
	rcu_read_unlock();
	return hops;
}

/* The outer header, as net/xfrm makes it in software. */
static void outer_header(const struct rvl_nic *nic, const struct xfrm_state *x,
			 struct rvl_dev_sa *sa)
{
	if (sa->ipv6) {
		sa->ttl = hop_limit(nic->netdev);
	} else {
		sa->ttl = READ_ONCE(dev_net(nic->netdev)->ipv4.sysctl_ip_default_ttl);
		sa->df_clear = x->props.flags & XFRM_STATE_NOPMTUDISC;
	}
	sa->dscp_fixed = x->props.extra_flags & XFRM_SA_XFLAG_DONT_ENCAP_DSCP;
}

int rvl_ipsec_check_state(const struct rvl_nic *nic, const struct xfrm_state *x,
			  struct rvl_dev_sa *sa, struct netlink_ext_ack *extack)
{
	int ret;

	memset(sa, 0, sizeof(*sa));
	ret = check_kind(nic, x, extack);
	if (!ret)
		ret = check_cipher(nic, x, extack);
	if (!ret)
		ret = check_encap(nic, x, extack);
	if (!ret)
		ret = check_flags(nic, x, extack);
	if (!ret)
		ret = check_limits(x, sa, extack);
	if (ret)
		return ret;

	sa->inbound = x->xso.dir == XFRM_DEV_OFFLOAD_IN;
	ret = check_replay(nic, x, sa, extack);
	if (ret)
		return ret;
	sa->udp = !!x->encap;
	if (sa->udp) {
		sa->udp_sport = ntohs(x->encap->encap_sport);
		sa->udp_dport = ntohs(x->encap->encap_dport);
	}
	sa->transport = x->props.mode == XFRM_MODE_TRANSPORT;
	sa->spi = ntohl(x->id.spi);
	sa->ipv6 = x->props.family == AF_INET6;
	put_address(sa->src, &x->props.saddr, sa->ipv6);
	put_address(sa->dst, &x->id.daddr, sa->ipv6);
	if (!sa->inbound && !sa->transport)
		outer_header(nic, x, sa);
	sa->gmac = is_gmac(x);
	sa->icv_len = x->aead->alg_icv_len / 8;
	sa->key_len = x->aead->alg_key_len / 8 - SALT_LEN;
	memcpy(sa->key, x->aead->alg_key, sa->key_len);
	memcpy(sa->salt, x->aead->alg_key + sa->key_len, sizeof(sa->salt));
	return 0;
}

/* --------------------------------------------------------------------------------- policies */

/* A port under a mask is a range when the mask is a prefix. */
static int port_range(__be16 port, __be16 mask, u16 *lo, u16 *hi)
{
	u16 free = ~ntohs(mask);

	if (free & (free + 1))
		return -EOPNOTSUPP;
	*lo = ntohs(port & mask);
	*hi = *lo | free;
	return 0;
}

static int check_prefix(const xfrm_address_t *addr, u8 len, bool ipv6, u8 *prefix)
{
	__be32 bits;

	if (len > (ipv6 ? 128 : 32))
		return -EINVAL;
	if (ipv6) {
		ipv6_addr_prefix((struct in6_addr *)prefix, &addr->in6, len);
		return 0;
	}
	bits = len ? addr->a4 & inet_make_mask(len) : 0;
	memcpy(prefix, &bits, sizeof(bits));
	return 0;
}

static int check_selector(const struct rvl_nic *nic, const struct xfrm_selector *sel,
			  struct rvl_dev_policy *p, struct netlink_ext_ack *extack)
{
	p->ipv6 = sel->family == AF_INET6;
	if (sel->family != AF_INET && !rvl_ipsec_has_ipv6(nic))
		return REFUSE(extack, -EOPNOTSUPP, "only IPv4 src and dst");
	if (sel->ifindex && sel->ifindex != nic->netdev->ifindex)
		return REFUSE(extack, -EOPNOTSUPP, "no other dev in the selector");
	if (check_prefix(&sel->saddr, sel->prefixlen_s, p->ipv6, p->src) ||
	    check_prefix(&sel->daddr, sel->prefixlen_d, p->ipv6, p->dst))
		return REFUSE(extack, -EINVAL, "src or dst has a prefix longer than an address");
	p->src_len = sel->prefixlen_s;
	p->dst_len = sel->prefixlen_d;
	p->any_proto = !sel->proto;
	p->proto = sel->proto;
	p->sport_hi = U16_MAX;
	p->dport_hi = U16_MAX;
	if (!sel->sport_mask && !sel->dport_mask)
		return 0;
	if (!rvl_ipsec_has_ports(sel->proto))
		return REFUSE(extack, -EOPNOTSUPP,
			      "sport and dport only for tcp, udp, udplite, sctp, dccp");
	if (port_range(sel->sport, sel->sport_mask, &p->sport_lo, &p->sport_hi) ||
	    port_range(sel->dport, sel->dport_mask, &p->dport_lo, &p->dport_hi))
		return REFUSE(extack, -EOPNOTSUPP,
			      "sport and dport only with masks that are ranges");
	return 0;
}

static int check_template(const struct rvl_nic *nic, const struct xfrm_tmpl *t,
			  struct rvl_rule *rule, struct netlink_ext_ack *extack)
{
	if (t->id.proto != IPPROTO_ESP)
		return REFUSE(extack, -EOPNOTSUPP, "tmpl: only proto esp");
	if (!rvl_ipsec_has_mode(nic, t->mode))
		return REFUSE(extack, -EOPNOTSUPP, "tmpl: the device has no such mode");
	if (t->encap_family != AF_INET && !rvl_ipsec_has_ipv6(nic))
		return REFUSE(extack, -EOPNOTSUPP, "tmpl: only IPv4 src and dst");
	if (t->optional)
		return REFUSE(extack, -EOPNOTSUPP, "tmpl: no level use");
	if (xfrm_addr_any(&t->id.daddr, t->encap_family) && rule->dir == XFRM_POLICY_OUT)
		return REFUSE(extack, -EINVAL, "tmpl: dst must be given");
	rule->mode = t->mode;
	rule->family = t->encap_family;
	rule->tunnel_src = t->saddr;
	rule->tunnel_dst = t->id.daddr;
	rule->spi = t->id.spi;
	rule->reqid = t->reqid;
	return 0;
}

/* What the device does anyway, whatever its rules say. */
static bool is_idle(const struct rvl_nic *nic, const struct xfrm_policy *xp)
{
	const struct xfrm_selector *sel = &xp->selector;
	u16 type = ntohs(sel->sport);

	if (sel->family != AF_INET6 || xp->action != XFRM_POLICY_ALLOW || xp->xfrm_nr)
		return false;
	/* Neighbour discovery is no rule's; the kernel asks its policies nevertheless. */
	return !rvl_ipsec_has_ipv6(nic) ||
	       (sel->proto == IPPROTO_ICMPV6 && sel->sport_mask == htons(U16_MAX) &&
		type >= NDISC_ROUTER_SOLICITATION && type <= NDISC_REDIRECT);
}

static int check_action(const struct rvl_nic *nic, const struct xfrm_policy *xp,
			struct rvl_rule *rule, struct netlink_ext_ack *extack)
{
	if (xp->action == XFRM_POLICY_BLOCK) {
		rule->policy.action = RVL_POLICY_ACTION_DISCARD;
		return 0;
	}
	if (!xp->xfrm_nr) {
		rule->policy.action = RVL_POLICY_ACTION_BYPASS;
		return 0;
	}
	if (xp->xfrm_nr > 1)
		return REFUSE(extack, -EOPNOTSUPP, "only one tmpl");
	rule->policy.action = RVL_POLICY_ACTION_PROTECT;
	return check_template(nic, &xp->xfrm_vec[0], rule, extack);
}

int rvl_ipsec_check_policy(const struct rvl_nic *nic, const struct xfrm_policy *xp,
			   struct rvl_rule *rule, struct netlink_ext_ack *extack)
{
	int ret;

	switch (xp->xdo.dir) {
	case XFRM_DEV_OFFLOAD_IN:
		rule->dir = XFRM_POLICY_IN;
		break;
	case XFRM_DEV_OFFLOAD_OUT:
		rule->dir = XFRM_POLICY_OUT;
		break;
	case XFRM_DEV_OFFLOAD_FWD:
		rule->dir = XFRM_POLICY_FWD;
		break;
	default:
		return REFUSE(extack, -EINVAL, "dir must be in, out or fwd");
	}
	if (xp->xdo.dev != nic->netdev)
		return REFUSE(extack, -EOPNOTSUPP, "the device must be the NIC itself, no bond");
	if (xp->type != XFRM_POLICY_TYPE_MAIN)
		return REFUSE(extack, -EOPNOTSUPP, "only ptype main");
	if (xp->mark.m || xp->mark.v)
		return REFUSE(extack, -EOPNOTSUPP, "no mark");
	if (xp->if_id)
		return REFUSE(extack, -EOPNOTSUPP, "no if_id");
	if (xp->security)
		return REFUSE(extack, -EOPNOTSUPP, "no ctx");

	rule->idle = is_idle(nic, xp);
	if (rule->idle)
		return 0;
	rule->policy.priority = xp->priority;
	ret = check_selector(nic, &xp->selector, &rule->policy, extack);
	return ret ? ret : check_action(nic, xp, rule, extack);
}

#endif
