/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packet offload: what its files share.
 *
 * A state (struct rvl_sa) and a policy (struct rvl_rule) are made by xfrm's add and unhooked by its
 * delete, which comes in any context and under spinlocks. From delete on, nothing passes on a
 * state, whatever the device still holds. The device's part is done by a work item soon after, at
 * the latest when the next one is added; xfrm's free waits for nothing. So a struct rvl_sa outlives
 * its xfrm_state, and has a copy of what is asked of it.
 *
 *	ipsec->sas, rules, slots, indices; what is in the device	nic->lock
 *	ipsec->states, held, freed, gone*, sa->x; a state's counters	ipsec->lock
 *	ipsec->inbound[], ipsec->rules[], rule->sa, for readers		RCU
 *
 * The data path may use sa->x of a state that it found not to be dead, until its RCU section ends.
 */
#ifndef RAVELIN_IPSEC_H
#define RAVELIN_IPSEC_H

#include <linux/siphash.h>
#include <net/dst_cache.h>
#include <net/xfrm.h>

#include "ravelin.h"

enum rvl_ipsec_stat {
	RVL_IPSEC_SA_ADDED,
	RVL_IPSEC_SA_DELETED,
	RVL_IPSEC_SA_REFUSED,
	RVL_IPSEC_SA_LOST,
	RVL_IPSEC_SA_DAMAGED,
	RVL_IPSEC_SA_MOVED,
	RVL_IPSEC_SA_SOFT_EXPIRED,
	RVL_IPSEC_SA_HARD_EXPIRED,
	RVL_IPSEC_POLICY_ADDED,
	RVL_IPSEC_POLICY_DELETED,
	RVL_IPSEC_POLICY_REFUSED,
	RVL_IPSEC_TX_QUEUED_NEIGHBOUR,
	RVL_IPSEC_TX_DROP_NO_NEIGHBOUR,
	RVL_IPSEC_TX_DROP_STATE_GONE,
	RVL_IPSEC_TX_DROP_ROUTE,
	RVL_IPSEC_TX_DROP_NO_MEMORY,
	RVL_IPSEC_RX_DROP_SADB_MISS,
	RVL_IPSEC_RX_DROP_SP_ALLOC,
	RVL_IPSEC_RX_DROP_POLICY,
	RVL_IPSEC_RX_DROP_CLEAR,
	RVL_IPSEC_RX_DROP_ESP,
	RVL_IPSEC_STATS,
};

struct rvl_sa {
	struct list_head list; /* ipsec->sas, newest first */
	struct list_head link; /* ipsec->states, held or freed */
	struct rcu_head rcu;
	struct rvl_nic *nic;
	struct xfrm_state *x; /* NULL once xfrm has freed it */
	bool inbound;
	bool larval;	/* an acquire in progress: dead, and never in the device */
	bool installed; /* in the device, at index */
	bool dead;	/* nothing passes: deleted, hard-expired outbound or lost with the device */
	bool expired;	/* a hard limit is reached: the device lets no more through */
	bool deleted;	/* by xfrm, or about to be */
	bool held;	/* by us, while xfrm flushes */
	bool freed;	/* by xfrm */
	bool lost;	/* with the device, and userland was not told yet */
	bool encap;
	u8 mode; /* XFRM_MODE_* */
	u32 index;
	u16 family;
	xfrm_address_t saddr, daddr; /* as of the xfrm_state, as the following */
	__be32 spi;
	u32 reqid;
	struct xfrm_selector sel;
	u64 print;			   /* of the key */
	struct rvl_dev_sa_stats now, told; /* what the device said last; what xfrm was told */
	struct xfrm_lifetime_cfg given;	   /* limits that the device has */
	struct xfrm_lifetime_cfg seen;	   /* limits that xfrm had last: an update changes them */
	atomic64_t packets, bytes; /* through the driver's hands, and before the state was added */
	u64 carried;		   /* packets, in the last round of asking for counters, */
	unsigned int busy;	   /* rounds to come in which it is asked for these, */
	unsigned int round;	   /* and the last one in which it was */
	bool updated;		   /* seen differs, or did, from given */
	bool spent;		   /* a limit is reached that the device doesn't have */
	time64_t used;		   /* when packets were last seen to have moved */
	struct dst_cache route;	   /* outbound: to the other end of the tunnel */
};

struct rvl_rule {
	struct list_head list; /* ipsec->rules[], in the order in which they are asked */
	struct list_head gone; /* ipsec->gone_rules */
	struct rcu_head rcu;
	u8 dir;	   /* XFRM_POLICY_* */
	bool idle; /* lets through what the device does anyway: it is in no list */
	struct rvl_dev_policy policy;
	u8 mode; /* of the template, as the following */
	u16 family;
	xfrm_address_t tunnel_src, tunnel_dst; /* no source: any */
	__be32 spi;			       /* 0: any */
	u32 reqid;
	bool installed; /* OUT: in the device, at slot */
	u32 slot;
	struct rvl_sa __rcu *sa; /* OUT, PROTECT: NULL means the device discards */
};

/* A key that was in the device, in one direction. */
struct rvl_used_key {
	u64 print;
	u64 seq;   /* none above was used, or received */
	bool lost; /* nobody knows which were used */
};

#define RVL_USED_KEYS 4096 /* a power of two */

/*
 * An index whose last frames may still lie in a ring: not yet for another SA. Outbound, a frame
 * that names it may be waiting for the device; inbound, its completion may be waiting for the
 * driver.
 */
struct rvl_resting {
	struct list_head list;
	bool inbound;
	bool marked;
	bool passed; /* by all rings */
	u32 index;
	unsigned long grace;  /* when nobody transmits on it any more; then, when nobody polls */
	u64 waits;	      /* queues that have not passed their mark yet, a bit each */
	u16 mark[RVL_QP_MAX]; /* pointers in those queues' rings */
};

/* The indices of one direction. */
struct rvl_indices {
	unsigned long *busy; /* taken, or resting */
	unsigned int count;
	unsigned int next; /* they are given out in a circle */
};

struct rvl_ipsec {
	struct rvl_nic *nic;
	spinlock_t lock;	 /* as said above */
	struct work_struct work; /* the device's part of deletions */

	bool open;		 /* the interface is up: states are taken */
	bool gone;		 /* states were deleted, the device's part is still to be done */
	struct list_head states; /* that xfrm has not freed, larval ones among them, */
	struct list_head held;	 /* those of them that we hold while it flushes, */
	struct list_head freed;	 /* and those that it has freed */
	struct notifier_block before_flush, after_flush;

	struct list_head sas; /* without larval ones; freed ones until the device's part is done */
	struct list_head resting;
	struct rvl_indices indices[2]; /* by direction: inbound is 1 */
	struct rvl_sa __rcu **inbound; /* by the device's index */
	unsigned int watch;	   /* inbound states and policies: are clear frames looked at? */
	unsigned int encapsulated; /* inbound states with ESP in UDP */
	unsigned int refreshed;	   /* idle states up to here were asked for their counters */
	unsigned int round;	   /* of asking */

	struct list_head rules[XFRM_POLICY_MAX]; /* by direction */
	struct list_head gone_rules;
	struct rvl_rule **slots; /* by the device's index */
	unsigned int slot_count;

	siphash_key_t print_key;
	struct rvl_used_key *used;
	unsigned int used_next;

	struct sk_buff_head unresolved; /* frames that wait for a neighbour */
	struct delayed_work resolve_work;

	atomic64_t stats[RVL_IPSEC_STATS];
};

static inline void rvl_ipsec_count(struct rvl_ipsec *ipsec, enum rvl_ipsec_stat stat)
{
	atomic64_inc(&ipsec->stats[stat]);
}

/* The state that xfrm's handle stands for; NULL once xfrm has freed it. Under RCU. */
static inline struct rvl_sa *rvl_sa_of(const struct xfrm_state *x)
{
	return (struct rvl_sa *)READ_ONCE(x->xso.offload_handle);
}

static inline bool rvl_ipsec_has_ipv6(const struct rvl_nic *nic)
{
	return IS_ENABLED(CONFIG_IPV6) && nic->caps.features & RVL_FEATURES_IPV6_MASK;
}

static inline bool rvl_ipsec_has_mode(const struct rvl_nic *nic, u8 mode)
{
	return (mode == XFRM_MODE_TUNNEL && nic->caps.features & RVL_FEATURES_TUNNEL_V4_MASK) ||
	       (mode == XFRM_MODE_TRANSPORT && nic->caps.features & RVL_FEATURES_TRANSPORT_MASK);
}

/* There is a device that takes commands. Under nic->lock. */
static inline bool rvl_ipsec_device(const struct rvl_nic *nic)
{
	return nic->state == RVL_NIC_UP && nic->dev && !rvl_dev_dead(nic->dev);
}

/* After a command failed: if that was the device's end, say so. Returns ret. */
int rvl_ipsec_failed(struct rvl_nic *nic, int ret);

/* Why there is no device, in words, or 0. Under nic->lock. */
int rvl_ipsec_ready(struct rvl_nic *nic, struct netlink_ext_ack *extack);

/* The device's part of what xfrm has deleted. Under nic->lock. */
void rvl_ipsec_settle(struct rvl_ipsec *ipsec);

/* Nothing passes on it from here on; the device's part is left to rvl_ipsec_settle(). */
void rvl_ipsec_unhook(struct rvl_sa *sa);

/*
 * Is there room for one more packet within limits that an update has made smaller than the
 * device's? false: no, and the state is about to expire. Under RCU, of a state that is not dead.
 */
bool rvl_ipsec_take(struct rvl_sa *sa, unsigned int octets);

/* ------------------------------------------------------------------------------ ipsec_flush.c */

/* A state becomes xfrm's, until it frees it. false: not now, the interface is down. */
bool rvl_ipsec_accept(struct rvl_sa *sa);

/* xfrm frees it: it is left to rvl_ipsec_settle(). */
void rvl_ipsec_freed(struct rvl_sa *sa);

/*
 * The xfrm_state, held, so that it can be made to expire; NULL when xfrm has freed it. In a
 * process.
 */
struct xfrm_state *rvl_ipsec_get(struct rvl_sa *sa);

/* Before register_netdev(); after unregister_netdev(). */
int rvl_ipsec_flush_init(struct rvl_ipsec *ipsec);
void rvl_ipsec_flush_exit(struct rvl_ipsec *ipsec);

/* -------------------------------------------------------------------------------- ipsec_key.c */

u64 rvl_ipsec_key_print(const struct rvl_ipsec *ipsec, const struct rvl_dev_sa *want);

/* Where a state must start, so that none of its numbers was used, or received, with its key. */
int rvl_ipsec_key_check(const struct rvl_ipsec *ipsec, struct rvl_dev_sa *want, u64 print,
			struct netlink_ext_ack *extack);

/* A state leaves the device; lost: nobody knows how far it came. */
void rvl_ipsec_key_remember(struct rvl_ipsec *ipsec, const struct rvl_sa *sa, bool lost);

/* ------------------------------------------------------------------------------ ipsec_index.c */

/* A free index, or -ENOSPC; unused, it is given back. */
int rvl_ipsec_index_take(struct rvl_ipsec *ipsec, bool inbound);
void rvl_ipsec_index_give(struct rvl_ipsec *ipsec, bool inbound, u32 index);

/* The SA at this index was deleted. */
void rvl_ipsec_index_rest(struct rvl_ipsec *ipsec, bool inbound, u32 index);

/* Those that have rested; all: because there are no rings any more. */
void rvl_ipsec_index_wake(struct rvl_ipsec *ipsec, bool all);

/* ------------------------------------------------------------------------------ ipsec_check.c */

/*
 * What xfrm wants, as the device takes it; -EINVAL or -EOPNOTSUPP with the reason in extack when
 * it can't. The sequence number of an outbound one is the first to use as far as xfrm knows.
 */
int rvl_ipsec_check_state(const struct rvl_nic *nic, const struct xfrm_state *x,
			  struct rvl_dev_sa *sa, struct netlink_ext_ack *extack);
int rvl_ipsec_check_policy(const struct rvl_nic *nic, const struct xfrm_policy *xp,
			   struct rvl_rule *rule, struct netlink_ext_ack *extack);

/* ------------------------------------------------------------------------------ ipsec_policy.c */

int rvl_ipsec_policy_add(struct xfrm_policy *xp, struct netlink_ext_ack *extack);
void rvl_ipsec_policy_delete(struct xfrm_policy *xp);

/* An outbound state came or went: let each rule use the one it should. Under nic->lock. */
void rvl_ipsec_select(struct rvl_ipsec *ipsec);

/* All rules into a device just opened, without states; and forget that they were in one. */
int rvl_ipsec_rules_up(struct rvl_ipsec *ipsec, struct rvl_dev_error *err);
void rvl_ipsec_rules_down(struct rvl_ipsec *ipsec);

/* The device's part of deleted policies. Under nic->lock. */
void rvl_ipsec_settle_rules(struct rvl_ipsec *ipsec);

/* -------------------------------------------------------------------------------- ipsec_flow.c */

/* What a frame shows of the packet in it; pointers lead into the frame. */
struct rvl_flow {
	bool ipv6;
	bool on_link;	   /* IPv6 that is only for its link, so no policy's */
	bool fragment;	   /* there are others */
	bool later;	   /* not the first of them */
	bool proto_unseen; /* proto is an extension header: what follows is not there */
	bool ports;	   /* sport and dport are seen */
	bool ports_unseen; /* there are some, or may be, but not here */
	u8 proto;
	u16 sport, dport;
	const u8 *src, *dst;
	const u8 *upper, *end; /* the upper header; the end of what is there */
};

/*
 * Read the packet behind an EtherType and at most so many VLAN tags. false: no IPv4 or IPv6, or its
 * header is not whole.
 */
bool rvl_ipsec_flow(const struct sk_buff *skb, unsigned int offset, __be16 type, unsigned int tags,
		    struct rvl_flow *f);

bool rvl_ipsec_has_ports(u8 proto);

/* Under RCU. */
struct rvl_rule *rvl_ipsec_find_rule(const struct rvl_ipsec *ipsec, int dir,
				     const struct rvl_flow *f);

/* XFRM_POLICY_IN or _FWD. */
int rvl_ipsec_direction(const struct rvl_nic *nic, const struct rvl_flow *f);

/* -------------------------------------------------------------------------------- ipsec_data.c */

bool rvl_ipsec_offload_ok(struct sk_buff *skb, struct xfrm_state *x);
void rvl_ipsec_resolve(struct work_struct *work);

#endif
