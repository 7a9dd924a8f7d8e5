// SPDX-License-Identifier: GPL-2.0
/*
 * Packet offload: what a frame shows of its packet, and which rule it meets. As the device reads
 * frames (docs/registers.md, POLICY_SET), but for extension headers, of which it looks past five.
 */
#include "compat.h"

#ifdef HAVE_XFRM_PACKET_OFFLOAD

#include <linux/if_vlan.h>
#include <net/addrconf.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "ipsec.h"

bool rvl_ipsec_has_ports(u8 proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_DCCP ||
	       proto == IPPROTO_SCTP || proto == IPPROTO_UDPLITE;
}

/* RFC 4301, section 4.4.1.1: AH and ESP count as upper headers. */
static bool is_extension(u8 proto)
{
	return proto == NEXTHDR_HOP || proto == NEXTHDR_ROUTING || proto == NEXTHDR_FRAGMENT ||
	       proto == NEXTHDR_DEST;
}

static bool read_ipv4(const u8 *p, const u8 *end, struct rvl_flow *f)
{
	const struct iphdr *ip = (const struct iphdr *)p;

	if (p + sizeof(*ip) > end || ip->version != 4 || ip->ihl < 5)
		return false;
	f->src = (const u8 *)&ip->saddr;
	f->dst = (const u8 *)&ip->daddr;
	f->proto = ip->protocol;
	f->fragment = ip_is_fragment(ip);
	f->later = ip->frag_off & htons(IP_OFFSET);
	f->upper = p + ip->ihl * 4;
	f->end = min(end, p + ntohs(ip->tot_len));
	return true;
}

/* Past extension headers, as far as they are there. */
static void walk(struct rvl_flow *f)
{
	while (is_extension(f->proto) && !f->later && f->upper + 8 <= f->end) {
		const u8 *header = f->upper;

		if (f->proto == NEXTHDR_FRAGMENT) {
			__be16 offset = ((const struct frag_hdr *)header)->frag_off;

			if (offset & htons(IP6_OFFSET | IP6_MF))
				f->fragment = true;
			f->later = offset & htons(IP6_OFFSET);
			f->upper += sizeof(struct frag_hdr);
		} else {
			f->upper += ipv6_optlen((const struct ipv6_opt_hdr *)header);
		}
		f->proto = header[0];
	}
	f->proto_unseen = is_extension(f->proto);
}

/* Neighbour discovery that can't have crossed a router (RFC 4861, section 6.1), and in no fragment
 * (RFC 6980).
 */
static bool is_discovery(const struct rvl_flow *f, u8 hops)
{
	return hops == 255 && !f->proto_unseen && f->proto == IPPROTO_ICMPV6 && !f->fragment &&
	       f->upper + 4 <= f->end && f->upper[0] >= NDISC_ROUTER_SOLICITATION &&
	       f->upper[0] <= NDISC_REDIRECT;
}

static bool read_ipv6(const u8 *p, const u8 *end, struct rvl_flow *f)
{
	const struct ipv6hdr *ip = (const struct ipv6hdr *)p;

	if (p + sizeof(*ip) > end || ip->version != 6)
		return false;
	f->ipv6 = true;
	f->src = ip->saddr.s6_addr;
	f->dst = ip->daddr.s6_addr;
	f->proto = ip->nexthdr;
	f->upper = p + sizeof(*ip);
	f->end = min(end, f->upper + ntohs(ip->payload_len));
	walk(f);
	f->on_link = ipv6_addr_type(&ip->saddr) & IPV6_ADDR_LINKLOCAL ||
		     ipv6_addr_type(&ip->daddr) & IPV6_ADDR_LINKLOCAL ||
		     (ipv6_addr_is_multicast(&ip->daddr) &&
		      IPV6_ADDR_MC_SCOPE(&ip->daddr) <= IPV6_ADDR_SCOPE_LINKLOCAL) ||
		     is_discovery(f, ip->hop_limit);
	return true;
}

bool rvl_ipsec_flow(const struct sk_buff *skb, unsigned int offset, __be16 type, unsigned int tags,
		    struct rvl_flow *f)
{
	const u8 *end = skb->data + skb_headlen(skb);
	const __be16 *ports;

	while (eth_type_vlan(type)) {
		const struct vlan_hdr *vlan = (const struct vlan_hdr *)(skb->data + offset);

		if (!tags-- || offset + sizeof(*vlan) > skb_headlen(skb))
			return false;
		type = vlan->h_vlan_encapsulated_proto;
		offset += sizeof(*vlan);
	}
	memset(f, 0, sizeof(*f));
	if (type == htons(ETH_P_IP)
		    ? !read_ipv4(skb->data + offset, end, f)
		    : type != htons(ETH_P_IPV6) || !read_ipv6(skb->data + offset, end, f))
		return false;

	ports = (const __be16 *)f->upper;
	f->ports = !f->proto_unseen && rvl_ipsec_has_ports(f->proto) && !f->later &&
		   (const u8 *)(ports + 2) <= f->end;
	f->ports_unseen = f->proto_unseen || (rvl_ipsec_has_ports(f->proto) && !f->ports);
	f->sport = f->ports ? ntohs(ports[0]) : 0;
	f->dport = f->ports ? ntohs(ports[1]) : 0;
	return true;
}

static bool in_prefix(const struct rvl_flow *f, const u8 *addr, const u8 *prefix, u8 len)
{
	__be32 a, p;

	if (f->ipv6)
		return ipv6_prefix_equal((const struct in6_addr *)addr,
					 (const struct in6_addr *)prefix, len);
	memcpy(&a, addr, sizeof(a));
	memcpy(&p, prefix, sizeof(p));
	return addr4_match(a, p, len);
}

/*
 * What a packet does not show, the protocol or ports, a rule that protects or discards takes for
 * its own, so that none is evaded, and one that lets pass does not. But for later fragments that
 * come in: without the first one, which shows all, they are of no use.
 */
static bool matches(const struct rvl_rule *rule, const struct rvl_flow *f)
{
	const struct rvl_dev_policy *p = &rule->policy;
	bool unseen =
		p->action != RVL_POLICY_ACTION_BYPASS || (rule->dir != XFRM_POLICY_OUT && f->later);
	bool any_port =
		!p->sport_lo && !p->dport_lo && p->sport_hi == U16_MAX && p->dport_hi == U16_MAX;

	if (f->on_link || f->ipv6 != p->ipv6 || !in_prefix(f, f->src, p->src, p->src_len) ||
	    !in_prefix(f, f->dst, p->dst, p->dst_len))
		return false;
	if (!p->any_proto && (f->proto_unseen ? !unseen : p->proto != f->proto))
		return false;
	if (any_port)
		return true;
	if (!f->ports)
		return f->ports_unseen && unseen;
	return f->sport >= p->sport_lo && f->sport <= p->sport_hi && f->dport >= p->dport_lo &&
	       f->dport <= p->dport_hi;
}

struct rvl_rule *rvl_ipsec_find_rule(const struct rvl_ipsec *ipsec, int dir,
				     const struct rvl_flow *f)
{
	struct rvl_rule *rule;

	list_for_each_entry_rcu(rule, &ipsec->rules[dir], list) {
		if (matches(rule, f))
			return rule;
	}
	return NULL;
}

/* Is it for this machine, or to be forwarded? */
int rvl_ipsec_direction(const struct rvl_nic *nic, const struct rvl_flow *f)
{
	struct net_device *netdev = nic->netdev;
	struct in6_addr dst6;
	__be32 dst;

	if (f->ipv6) {
		memcpy(&dst6, f->dst, sizeof(dst6));
		return ipv6_addr_is_multicast(&dst6) ||
				       ipv6_chk_addr(dev_net(netdev), &dst6, netdev, 0)
			       ? XFRM_POLICY_IN
			       : XFRM_POLICY_FWD;
	}
	memcpy(&dst, f->dst, sizeof(dst));
	switch (inet_addr_type_dev_table(dev_net(netdev), netdev, dst)) {
	case RTN_LOCAL:
	case RTN_BROADCAST:
	case RTN_MULTICAST:
	case RTN_ANYCAST:
		return XFRM_POLICY_IN;
	default:
		return XFRM_POLICY_FWD;
	}
}

#endif
