// SPDX-License-Identifier: GPL-2.0
/*
 * Packet offload: states.
 *
 * One rule stands above all: a pair of key and IV must not come twice, and the IV is the sequence
 * number. What was in a device that is lost is therefore never written again; its states expire,
 * and the IKE daemon makes new ones. A key that comes again while this driver lives goes on after
 * the last number it used, or is refused when nobody knows that number.
 *
 * In packet mode sequence numbers are the device's alone. With ESN the device has the high half
 * too, so xdo_dev_state_advance_esn, which the kernel needs where it counts itself, has nothing to
 * do.
 */
#include "compat.h"

#ifdef HAVE_XFRM_PACKET_OFFLOAD

#include "ipsec.h"

#define REFRESH_MS 200	    /* of a second at most, for SAs that carry nothing */
#define LAST_FRAMES_MS 1000 /* what was let through may lie in a ring */

int rvl_ipsec_failed(struct rvl_nic *nic, int ret)
{
	const char *why = ret && nic->dev ? rvl_dev_dead(nic->dev) : NULL;

	if (why)
		rvl_nic_fail(nic, why);
	return ret;
}

int rvl_ipsec_ready(struct rvl_nic *nic, struct netlink_ext_ack *extack)
{
	if (nic->state == RVL_NIC_FAILED) {
		NL_SET_ERR_MSG_FMT_MOD(extack, "the device failed: %.50s", nic->failure);
		return -EIO;
	}
	if (!rvl_ipsec_device(nic)) {
		NL_SET_ERR_MSG_MOD(extack, "the device is not there: suspended, or given up");
		return -ENETDOWN;
	}
	if (!nic->running) {
		NL_SET_ERR_MSG_MOD(extack, "the interface is down");
		return -ENETDOWN;
	}
	return 0;
}

/* ------------------------------------------------------------------------------------- counters */

/* Under nic->lock, of a state that is in the device. */
static int fetch(struct rvl_ipsec *ipsec, struct rvl_sa *sa)
{
	struct rvl_dev_sa_stats stats;
	struct rvl_dev_error err;
	int ret;

	if (!rvl_ipsec_device(ipsec->nic))
		return -EIO;
	ret = rvl_ipsec_failed(ipsec->nic, rvl_dev_sa_query(ipsec->nic->dev, sa->inbound, sa->index,
							    &stats, &err));
	if (ret) {
		netdev_err(ipsec->nic->netdev, "SA %u: %s\n", sa->index, err.text);
		return ret;
	}
	spin_lock_bh(&ipsec->lock);
	/* Of one that is damaged the last good counters stay. They never run backwards. */
	if (stats.state & RVL_SA_STATE_ERROR) {
		sa->now.state = stats.state;
	} else if (stats.packets >= sa->now.packets && stats.bytes >= sa->now.bytes) {
		if (stats.packets != sa->now.packets)
			sa->used = ktime_get_real_seconds();
		sa->now = stats;
	}
	spin_unlock_bh(&ipsec->lock);
	return 0;
}

static void tell_sequence(struct xfrm_state *x, bool inbound, u64 seq)
{
	struct xfrm_replay_state_esn *esn = x->replay_esn;

	if (esn && inbound) {
		esn->seq = lower_32_bits(seq);
		esn->seq_hi = upper_32_bits(seq);
	} else if (esn) {
		esn->oseq = lower_32_bits(seq);
		esn->oseq_hi = upper_32_bits(seq);
	} else if (inbound) {
		x->replay.seq = lower_32_bits(seq);
	} else {
		x->replay.oseq = lower_32_bits(seq);
	}
}

/* -------------------------------------------------------------------------------------- limits */

/*
 * `ip xfrm state update` writes new limits into the xfrm_state and asks no driver. The device has
 * the old ones until the state is deleted, so the driver holds the smaller of the two: it counts
 * what goes through its hands.
 */
bool rvl_ipsec_take(struct rvl_sa *sa, unsigned int octets)
{
	u64 max_packets = READ_ONCE(sa->x->lft.hard_packet_limit);
	u64 max_bytes = READ_ONCE(sa->x->lft.hard_byte_limit);
	u64 packets = atomic64_inc_return(&sa->packets) - 1;
	u64 bytes = atomic64_add_return(octets, &sa->bytes) - octets;

	/* What the device has it counts itself, and better: not what it drops. */
	if (likely((packets < max_packets || max_packets >= sa->given.hard_packet_limit) &&
		   (bytes < max_bytes || max_bytes >= sa->given.hard_byte_limit)))
		return true;
	WRITE_ONCE(sa->spent, true);
	queue_work(sa->nic->workqueue, &sa->nic->ipsec->work);
	return false;
}

static bool same_limits(const struct xfrm_lifetime_cfg *a, const struct xfrm_lifetime_cfg *b)
{
	return a->soft_byte_limit == b->soft_byte_limit &&
	       a->hard_byte_limit == b->hard_byte_limit &&
	       a->soft_packet_limit == b->soft_packet_limit &&
	       a->hard_packet_limit == b->hard_packet_limit;
}

/* Under ipsec->lock. */
static void see_limits(struct rvl_sa *sa, const struct xfrm_lifetime_cfg *lft)
{
	if (same_limits(&sa->seen, lft))
		return;
	sa->seen = *lft;
	sa->updated = true;
	if (lft->hard_byte_limit > sa->given.hard_byte_limit ||
	    lft->hard_packet_limit > sa->given.hard_packet_limit)
		netdev_warn(sa->nic->netdev,
			    "SPI 0x%x: an update raises no hard limit, the state ends at that it "
			    "was added with\n",
			    ntohl(sa->spi));
}

/*
 * What happened since xfrm was told last. It is called under any of x->lock, the state table's lock
 * and the configuration's mutex; ipsec->lock keeps those who call apart.
 */
static void update_stats(struct xfrm_state *x)
{
	struct rvl_dev_sa_stats *now, *told;
	struct rvl_ipsec *ipsec;
	struct rvl_sa *sa;

	rcu_read_lock();
	sa = rvl_sa_of(x);
	if (!sa)
		goto out;
	ipsec = sa->nic->ipsec;
	now = &sa->now;
	told = &sa->told;

	spin_lock_bh(&ipsec->lock);
	if (!sa->larval)
		see_limits(sa, &x->lft);
	if (now->packets != told->packets) {
		if (!READ_ONCE(x->curlft.use_time))
			WRITE_ONCE(x->curlft.use_time, sa->used);
		x->lastused = sa->used;
		tell_sequence(x, sa->inbound, now->seq);
	}
	x->curlft.packets += now->packets - told->packets;
	x->curlft.bytes += now->bytes - told->bytes;
	if (sa->inbound) {
		u32 icv = now->drop_icv - told->drop_icv;
		u32 replay = now->drop_replay - told->drop_replay;
		u32 format = now->drop_format - told->drop_format;

		x->stats.integrity_failed += icv;
		x->stats.replay += replay;
		XFRM_ADD_STATS(xs_net(x), LINUX_MIB_XFRMINSTATEPROTOERROR, icv);
		XFRM_ADD_STATS(xs_net(x), LINUX_MIB_XFRMINSTATESEQERROR, replay);
		XFRM_ADD_STATS(xs_net(x), LINUX_MIB_XFRMINHDRERROR, format);
	}
	*told = *now;
	spin_unlock_bh(&ipsec->lock);
out:
	rcu_read_unlock();
}

/* -------------------------------------------------------------------------------------- expiry */

/* Under nic->lock. */
static void expire(struct rvl_sa *sa, bool hard)
{
	struct rvl_ipsec *ipsec = sa->nic->ipsec;
	struct xfrm_state *x;
	bool dying;

	if (hard && sa->expired)
		return;
	if (hard) {
		sa->expired = true;
		/* The device tells this before the driver has the last frames it let through. */
		if (!sa->inbound || sa->now.state & RVL_SA_STATE_ERROR)
			WRITE_ONCE(sa->dead, true);
	}
	if (sa->now.state & RVL_SA_STATE_ERROR) {
		rvl_ipsec_count(ipsec, RVL_IPSEC_SA_DAMAGED);
		netdev_warn(ipsec->nic->netdev, "SPI 0x%x: the device's memory of it is damaged\n",
			    ntohl(sa->spi));
	}
	x = rvl_ipsec_get(sa);
	if (!x)
		return;
	spin_lock_bh(&x->lock);
	if (x->km.state != XFRM_STATE_VALID)
		goto out;
	dying = x->km.dying;
	xfrm_state_check_expire(x);
	/* What ends may be no lifetime that xfrm knows: sequence numbers, or the device. */
	if (hard) {
		x->km.state = XFRM_STATE_EXPIRED;
		hrtimer_start(&x->mtimer, ms_to_ktime(sa->dead ? 0 : LAST_FRAMES_MS),
			      HRTIMER_MODE_REL_SOFT);
		rvl_ipsec_count(ipsec, RVL_IPSEC_SA_HARD_EXPIRED);
	} else {
		if (!x->km.dying) {
			x->km.dying = 1;
			km_state_expired(x, 0, 0);
		}
		/* The watchdog and an event may both have seen it. */
		if (!dying)
			rvl_ipsec_count(ipsec, RVL_IPSEC_SA_SOFT_EXPIRED);
	}
out:
	spin_unlock_bh(&x->lock);
	xfrm_state_put(x);
}

static struct rvl_sa *find_sa(const struct rvl_ipsec *ipsec, bool inbound, u32 index)
{
	struct rvl_sa *sa;

	list_for_each_entry(sa, &ipsec->sas, list) {
		if (sa->installed && sa->inbound == inbound && sa->index == index)
			return sa;
	}
	return NULL;
}

/* A NAT has given the peer another address or port: IKE daemons are told where it is now. */
static void tell_move(struct rvl_ipsec *ipsec, const struct rvl_dev_event *event)
{
	struct rvl_sa *sa = find_sa(ipsec, true, event->index);
	xfrm_address_t source = {.a4 = htonl(lower_32_bits(event->value))};
	struct xfrm_state *x;

	/* The index may be another SA's by now. */
	if (!sa || sa->dead || ntohl(sa->spi) != event->spi)
		return;
	x = rvl_ipsec_get(sa);
	if (!x)
		return;
	km_new_mapping(x, &source, htons(event->value >> 32));
	xfrm_state_put(x);
	rvl_ipsec_count(ipsec, RVL_IPSEC_SA_MOVED);
}

void rvl_ipsec_event(struct rvl_nic *nic, const struct rvl_dev_event *event)
{
	struct rvl_ipsec *ipsec = nic->ipsec;
	struct rvl_sa *sa;
	bool damaged = event->type == RVL_EVENT_SA_ERROR;
	bool hard;

	switch (event->type) {
	case RVL_EVENT_MOVED:
		mutex_lock(&nic->lock);
		tell_move(ipsec, event);
		mutex_unlock(&nic->lock);
		return;
	case RVL_EVENT_SOFT_BYTES:
	case RVL_EVENT_SOFT_PACKETS:
	case RVL_EVENT_SEQ_NEAR_END:
		hard = false;
		break;
	case RVL_EVENT_HARD_BYTES:
	case RVL_EVENT_HARD_PACKETS:
	case RVL_EVENT_SEQ_END:
	case RVL_EVENT_SA_ERROR:
		hard = true;
		break;
	default:
		return;
	}
	mutex_lock(&nic->lock);
	sa = find_sa(ipsec, event->source, event->index);
	/* The index may be another SA's by now; what is damaged may not know its SPI. */
	if (sa && !sa->dead && (ntohl(sa->spi) == event->spi || (damaged && !event->spi))) {
		if (!fetch(ipsec, sa) && damaged && !(sa->now.state & RVL_SA_STATE_ERROR))
			goto out;
		expire(sa, hard);
		if (hard)
			rvl_ipsec_select(ipsec);
	}
out:
	mutex_unlock(&nic->lock);
}

/* What was updated may have reached a limit of which no event tells. */
static void check_updated(struct rvl_sa *sa)
{
	struct xfrm_state *x;

	if (!READ_ONCE(sa->updated) || sa->dead || !sa->now.packets)
		return;
	x = rvl_ipsec_get(sa);
	if (!x)
		return;
	spin_lock_bh(&x->lock);
	if (x->km.state == XFRM_STATE_VALID)
		xfrm_state_check_expire(x);
	spin_unlock_bh(&x->lock);
	xfrm_state_put(x);
}

/* States that the data path has found at a limit. */
static void expire_spent(struct rvl_ipsec *ipsec)
{
	bool any = false;
	struct rvl_sa *sa;

	list_for_each_entry(sa, &ipsec->sas, list) {
		if (!READ_ONCE(sa->spent) || sa->dead || sa->expired)
			continue;
		if (sa->installed)
			fetch(ipsec, sa);
		expire(sa, true);
		any = true;
	}
	if (any)
		rvl_ipsec_select(ipsec);
}

/* An event may have been lost: the state itself says what has passed. */
static void check_passed(struct rvl_sa *sa, u32 before)
{
	u32 news = sa->now.state & ~before;

	if (sa->dead)
		return;
	if (news & (RVL_SA_STATE_HARD | RVL_SA_STATE_SEQ_END | RVL_SA_STATE_ERROR))
		expire(sa, true);
	else if (news & (RVL_SA_STATE_SOFT_BYTES | RVL_SA_STATE_SOFT_PACKETS))
		expire(sa, false);
}

static int refresh(struct rvl_ipsec *ipsec, struct rvl_sa *sa)
{
	u32 before = sa->now.state;
	int ret = fetch(ipsec, sa);

	sa->round = ipsec->round;
	if (ret)
		return ret;
	check_passed(sa, before);
	check_updated(sa);
	return 0;
}

/* Has it carried packets since the last round, of which the device had not counted all then? */
static bool is_busy(struct rvl_sa *sa)
{
	u64 packets = atomic64_read(&sa->packets);

	if (packets != sa->carried)
		sa->busy = 2;
	else if (sa->busy)
		sa->busy--;
	sa->carried = packets;
	return sa->busy;
}

/*
 * First those on which the driver has seen packets; then the others, which may have dropped some,
 * in turns as far as time goes: a device answers thousands at once, a simulated one does not.
 */
void rvl_ipsec_refresh(struct rvl_nic *nic)
{
	unsigned long end = jiffies + msecs_to_jiffies(REFRESH_MS);
	struct rvl_ipsec *ipsec = nic->ipsec;
	unsigned int seen = 0;
	struct rvl_sa *sa;

	if (!ipsec || !rvl_ipsec_device(nic))
		return;
	ipsec->round++;
	list_for_each_entry(sa, &ipsec->sas, list) {
		if (sa->installed && is_busy(sa) && refresh(ipsec, sa))
			return;
	}
	list_for_each_entry(sa, &ipsec->sas, list) {
		if (seen++ < ipsec->refreshed || !sa->installed || sa->round == ipsec->round)
			continue;
		if (time_after(jiffies, end)) {
			ipsec->refreshed = seen - 1;
			return;
		}
		if (refresh(ipsec, sa))
			break;
	}
	ipsec->refreshed = 0;
}

/* ------------------------------------------------------------------------------ add and delete */

/* What received frames in clear are looked at for. */
static void watch(struct rvl_ipsec *ipsec, const struct rvl_sa *sa, int change)
{
	if (!sa->inbound)
		return;
	WRITE_ONCE(ipsec->watch, ipsec->watch + change);
	if (sa->encap)
		WRITE_ONCE(ipsec->encapsulated, ipsec->encapsulated + change);
}

static void free_sa(struct rcu_head *rcu)
{
	struct rvl_sa *sa = container_of(rcu, struct rvl_sa, rcu);

	dst_cache_destroy(&sa->route);
	kfree(sa);
}

/* All at once, so that each rule moves once. */
static void remove_dead(struct rvl_ipsec *ipsec)
{
	struct rvl_nic *nic = ipsec->nic;
	struct rvl_dev_error err;
	struct rvl_sa *sa;

	rvl_ipsec_select(ipsec);
	list_for_each_entry(sa, &ipsec->sas, list) {
		if (!sa->installed || !sa->deleted)
			continue;
		sa->installed = false;
		if (!rvl_ipsec_device(nic)) {
			rvl_ipsec_key_remember(ipsec, sa, true);
			continue;
		}
		rvl_ipsec_key_remember(ipsec, sa,
				       fetch(ipsec, sa) || sa->now.state & RVL_SA_STATE_ERROR);
		if (rvl_ipsec_failed(nic,
				     rvl_dev_sa_delete(nic->dev, sa->inbound, sa->index, &err)))
			netdev_err(nic->netdev, "SA %u: %s\n", sa->index, err.text);
		else
			rvl_ipsec_index_rest(ipsec, sa->inbound, sa->index);
	}
}

void rvl_ipsec_settle(struct rvl_ipsec *ipsec)
{
	struct rvl_sa *sa, *next;
	LIST_HEAD(freed);
	bool gone;

	rvl_ipsec_settle_rules(ipsec);
	spin_lock_bh(&ipsec->lock);
	gone = ipsec->gone;
	ipsec->gone = false;
	list_splice_init(&ipsec->freed, &freed);
	spin_unlock_bh(&ipsec->lock);
	if (gone)
		remove_dead(ipsec);
	list_for_each_entry_safe(sa, next, &freed, link) {
		list_del(&sa->list);
		watch(ipsec, sa, -1);
		call_rcu(&sa->rcu, free_sa);
	}
}

static void settle_work(struct work_struct *work)
{
	struct rvl_ipsec *ipsec = container_of(work, struct rvl_ipsec, work);

	mutex_lock(&ipsec->nic->lock);
	rvl_ipsec_settle(ipsec);
	expire_spent(ipsec);
	mutex_unlock(&ipsec->nic->lock);
}

/* It is known by its index before the device has it: its first frame may come at once. */
static int install(struct rvl_ipsec *ipsec, struct rvl_sa *sa, const struct rvl_dev_sa *want,
		   struct rvl_dev_error *err)
{
	struct rvl_nic *nic = ipsec->nic;
	int index = rvl_ipsec_index_take(ipsec, sa->inbound);
	int ret;

	if (index < 0)
		return rvl_fail(err, index, "all %u %s SAs are taken",
				ipsec->indices[sa->inbound].count,
				sa->inbound ? "inbound" : "outbound");
	sa->index = index;
	if (sa->inbound)
		rcu_assign_pointer(ipsec->inbound[index], sa);
	ret = rvl_ipsec_failed(nic, rvl_dev_sa_add(nic->dev, want, &sa->index, err));
	if (!ret) {
		sa->installed = true;
		list_add(&sa->list, &ipsec->sas);
		watch(ipsec, sa, 1);
		return 0;
	}
	if (sa->inbound)
		RCU_INIT_POINTER(ipsec->inbound[index], NULL);
	/* Whatever the device says is there, keep away from it. */
	if (ret != -EBUSY)
		rvl_ipsec_index_give(ipsec, sa->inbound, index);
	return ret;
}

static int add(struct rvl_ipsec *ipsec, struct rvl_sa *sa, struct rvl_dev_sa *want,
	       struct netlink_ext_ack *extack)
{
	struct rvl_dev_error err;
	int ret;

	rvl_ipsec_settle(ipsec);
	ret = rvl_ipsec_ready(ipsec->nic, extack);
	if (ret)
		return ret;
	sa->print = rvl_ipsec_key_print(ipsec, want);
	ret = rvl_ipsec_key_check(ipsec, want, sa->print, extack);
	if (ret)
		return ret;
	sa->now.seq = want->inbound ? want->seq : want->seq - 1;
	sa->told = sa->now;
	sa->given = sa->x->lft;
	sa->seen = sa->given;
	atomic64_set(&sa->packets, sa->x->curlft.packets);
	sa->carried = sa->x->curlft.packets;
	atomic64_set(&sa->bytes, sa->x->curlft.bytes);
	ret = install(ipsec, sa, want, &err);
	if (ret) {
		NL_SET_ERR_MSG_FMT_MOD(extack, "%.65s", err.text);
		return ret;
	}
	tell_sequence(sa->x, sa->inbound, sa->now.seq);
	if (!sa->inbound)
		rvl_ipsec_select(ipsec);
	WRITE_ONCE(sa->x->xso.offload_handle, (unsigned long)sa);
	rvl_ipsec_accept(sa);
	return 0;
}

static struct rvl_sa *new_sa(struct rvl_nic *nic, struct xfrm_state *x, gfp_t gfp)
{
	struct rvl_sa *sa = kzalloc(sizeof(*sa), gfp);

	if (!sa)
		return NULL;
	INIT_LIST_HEAD(&sa->list);
	sa->nic = nic;
	sa->x = x;
	sa->mode = x->props.mode;
	sa->family = x->props.family;
	sa->saddr = x->props.saddr;
	sa->daddr = x->id.daddr;
	sa->spi = x->id.spi;
	sa->reqid = x->props.reqid;
	sa->sel = x->sel;
	sa->encap = !!x->encap;
	return sa;
}

/* No key yet, and a caller that can't wait: xfrm waits for the IKE daemon. */
static int larval_add(struct rvl_nic *nic, struct xfrm_state *x, struct netlink_ext_ack *extack)
{
	struct rvl_sa *sa = new_sa(nic, x, GFP_ATOMIC);

	if (!sa)
		return -ENOMEM;
	sa->larval = true;
	sa->dead = true;
	WRITE_ONCE(x->xso.offload_handle, (unsigned long)sa);
	if (rvl_ipsec_accept(sa))
		return 0;
	WRITE_ONCE(x->xso.offload_handle, 0);
	kfree(sa);
	NL_SET_ERR_MSG_MOD(extack, "the interface is down");
	return -ENETDOWN;
}

static int state_add(struct net_device *netdev, struct xfrm_state *x,
		     struct netlink_ext_ack *extack)
{
	struct rvl_nic *nic = rvl_nic_of(netdev);
	struct rvl_ipsec *ipsec = nic->ipsec;
	struct rvl_dev_sa want;
	struct rvl_sa *sa;
	int ret;

	if (x->xso.flags & XFRM_DEV_OFFLOAD_FLAG_ACQ)
		return larval_add(nic, x, extack);
	ret = rvl_ipsec_check_state(nic, x, &want, extack);
	if (ret)
		goto out;
	sa = new_sa(nic, x, GFP_KERNEL);
	ret = sa ? dst_cache_init(&sa->route, GFP_KERNEL) : -ENOMEM;
	if (ret) {
		kfree(sa);
		goto out;
	}
	sa->inbound = want.inbound;

	mutex_lock(&nic->lock);
	ret = add(ipsec, sa, &want, extack);
	mutex_unlock(&nic->lock);
	if (ret)
		call_rcu(&sa->rcu, free_sa);
out:
	memzero_explicit(&want, sizeof(want));
	rvl_ipsec_count(ipsec, ret ? RVL_IPSEC_SA_REFUSED : RVL_IPSEC_SA_ADDED);
	return ret;
}

void rvl_ipsec_unhook(struct rvl_sa *sa)
{
	struct rvl_ipsec *ipsec = sa->nic->ipsec;

	spin_lock_bh(&ipsec->lock);
	if (!sa->deleted) {
		WRITE_ONCE(sa->dead, true);
		sa->deleted = true;
		if (sa->inbound && rcu_access_pointer(ipsec->inbound[sa->index]) == sa)
			RCU_INIT_POINTER(ipsec->inbound[sa->index], NULL);
		if (!sa->larval) {
			ipsec->gone = true;
			rvl_ipsec_count(ipsec, RVL_IPSEC_SA_DELETED);
		}
	}
	spin_unlock_bh(&ipsec->lock);
}

/* Under x->lock, in any context. From here on nothing passes; the device's part follows. */
static void state_delete(struct net_device *netdev, struct xfrm_state *x)
{
	struct rvl_sa *sa = rvl_sa_of(x);

	if (!sa)
		return;
	rvl_ipsec_unhook(sa);
	queue_work(sa->nic->workqueue, &sa->nic->ipsec->work);
}

/*
 * In any context when it was deleted before. If not, xfrm has given up one that it never put into
 * its tables, in a process: readers may have met it nevertheless.
 */
static void state_free(struct net_device *netdev, struct xfrm_state *x)
{
	struct rvl_sa *sa = rvl_sa_of(x);

	if (!sa)
		return;
	if (!sa->deleted && !sa->larval) {
		rvl_ipsec_unhook(sa);
		synchronize_rcu();
	}
	WRITE_ONCE(x->xso.offload_handle, 0);
	rvl_ipsec_freed(sa);
	queue_work(sa->nic->workqueue, &sa->nic->ipsec->work);
}

/* --------------------------------------------------------------------------- the device's life */

int rvl_ipsec_device_up(struct rvl_nic *nic, struct rvl_dev_error *err)
{
	return nic->ipsec ? rvl_ipsec_rules_up(nic->ipsec, err) : 0;
}

void rvl_ipsec_device_down(struct rvl_nic *nic)
{
	struct rvl_ipsec *ipsec = nic->ipsec;
	struct rvl_sa *sa;
	int dir;

	if (!ipsec)
		return;
	rvl_ipsec_rules_down(ipsec);
	list_for_each_entry(sa, &ipsec->sas, list) {
		if (!sa->installed)
			continue;
		sa->installed = false;
		sa->lost = !sa->deleted;
		rvl_ipsec_key_remember(ipsec, sa, true);
		spin_lock_bh(&ipsec->lock);
		WRITE_ONCE(sa->dead, true);
		if (sa->inbound)
			RCU_INIT_POINTER(ipsec->inbound[sa->index], NULL);
		spin_unlock_bh(&ipsec->lock);
		rvl_ipsec_count(ipsec, RVL_IPSEC_SA_LOST);
	}
	rvl_ipsec_index_wake(ipsec, true);
	for (dir = 0; dir < 2; dir++)
		bitmap_zero(ipsec->indices[dir].busy, ipsec->indices[dir].count);
}

void rvl_ipsec_expire_lost(struct rvl_nic *nic)
{
	struct rvl_ipsec *ipsec = nic->ipsec;
	struct rvl_sa *sa;

	if (!ipsec)
		return;
	mutex_lock(&nic->lock);
	list_for_each_entry(sa, &ipsec->sas, list) {
		if (sa->lost)
			expire(sa, true);
		sa->lost = false;
	}
	mutex_unlock(&nic->lock);
}

static void set_open(struct rvl_ipsec *ipsec, bool open)
{
	spin_lock_bh(&ipsec->lock);
	ipsec->open = open;
	spin_unlock_bh(&ipsec->lock);
}

void rvl_ipsec_start(struct rvl_nic *nic)
{
	if (nic->ipsec)
		set_open(nic->ipsec, true);
}

void rvl_ipsec_stop(struct rvl_nic *nic)
{
	struct rvl_ipsec *ipsec = nic->ipsec;
	struct rvl_sa *sa;

	if (!ipsec)
		return;
	set_open(ipsec, false);
	list_for_each_entry(sa, &ipsec->sas, list)
		rvl_ipsec_unhook(sa);
	rvl_ipsec_settle(ipsec);
	cancel_delayed_work_sync(&ipsec->resolve_work);
	skb_queue_purge(&ipsec->unresolved);
}

/* ----------------------------------------------------------------------------- init and exit */

#ifdef HAVE_XFRM_STATE_NETDEV
#define state_add_op state_add
#define state_delete_op state_delete
#define state_free_op state_free
#else
static struct net_device *netdev_of(const struct xfrm_state *x)
{
	return x->xso.real_dev ? x->xso.real_dev : x->xso.dev;
}

static int state_add_op(struct xfrm_state *x, struct netlink_ext_ack *extack)
{
	return state_add(netdev_of(x), x, extack);
}

static void state_delete_op(struct xfrm_state *x)
{
	state_delete(netdev_of(x), x);
}

static void state_free_op(struct xfrm_state *x)
{
	state_free(netdev_of(x), x);
}
#endif

static void advance_esn(struct xfrm_state *x)
{
}

static const struct xfrmdev_ops xfrmdev_ops = {
	.xdo_dev_state_add = state_add_op,
	.xdo_dev_state_advance_esn = advance_esn,
	.xdo_dev_state_delete = state_delete_op,
	.xdo_dev_state_free = state_free_op,
	.xdo_dev_state_update_stats = update_stats,
	.xdo_dev_offload_ok = rvl_ipsec_offload_ok,
	.xdo_dev_policy_add = rvl_ipsec_policy_add,
	.xdo_dev_policy_delete = rvl_ipsec_policy_delete,
};

static void destroy(struct rvl_ipsec *ipsec)
{
	int dir;

	for (dir = 0; dir < 2; dir++)
		bitmap_free(ipsec->indices[dir].busy);
	kvfree(ipsec->inbound);
	kfree(ipsec->slots);
	kvfree(ipsec->used);
	kfree(ipsec);
}

static int allocate(struct rvl_ipsec *ipsec, const struct rvl_dev_caps *caps)
{
	int dir;

	ipsec->indices[0].count = caps->outbound_sas;
	ipsec->indices[1].count = caps->inbound_sas;
	for (dir = 0; dir < 2; dir++) {
		ipsec->indices[dir].busy = bitmap_zalloc(ipsec->indices[dir].count, GFP_KERNEL);
		if (!ipsec->indices[dir].busy)
			return -ENOMEM;
	}
	ipsec->inbound = kvcalloc(caps->inbound_sas, sizeof(*ipsec->inbound), GFP_KERNEL);
	ipsec->slot_count = caps->policies;
	ipsec->slots = kcalloc(caps->policies, sizeof(*ipsec->slots), GFP_KERNEL);
	ipsec->used = kvcalloc(RVL_USED_KEYS, sizeof(*ipsec->used), GFP_KERNEL);
	return ipsec->inbound && ipsec->slots && ipsec->used ? 0 : -ENOMEM;
}

int rvl_ipsec_init(struct rvl_nic *nic)
{
	struct rvl_ipsec *ipsec = kzalloc(sizeof(*ipsec), GFP_KERNEL);
	int dir, ret;

	if (!ipsec)
		return -ENOMEM;
	if (allocate(ipsec, &nic->caps)) {
		destroy(ipsec);
		return -ENOMEM;
	}
	ipsec->nic = nic;
	spin_lock_init(&ipsec->lock);
	INIT_WORK(&ipsec->work, settle_work);
	INIT_LIST_HEAD(&ipsec->states);
	INIT_LIST_HEAD(&ipsec->held);
	INIT_LIST_HEAD(&ipsec->freed);
	INIT_LIST_HEAD(&ipsec->sas);
	INIT_LIST_HEAD(&ipsec->resting);
	INIT_LIST_HEAD(&ipsec->gone_rules);
	for (dir = 0; dir < XFRM_POLICY_MAX; dir++)
		INIT_LIST_HEAD(&ipsec->rules[dir]);
	get_random_bytes(&ipsec->print_key, sizeof(ipsec->print_key));
	skb_queue_head_init(&ipsec->unresolved);
	INIT_DELAYED_WORK(&ipsec->resolve_work, rvl_ipsec_resolve);
	ret = rvl_ipsec_flush_init(ipsec);
	if (ret) {
		destroy(ipsec);
		return ret;
	}
	nic->ipsec = ipsec;

	/*
	 * The kernel flushes states and policies of an interface that goes down, and IKE daemons
	 * ask for offload, only where this bit is set. It promises no more than the operations.
	 */
	nic->netdev->xfrmdev_ops = &xfrmdev_ops;
	nic->netdev->features |= NETIF_F_HW_ESP;
	return 0;
}

void rvl_ipsec_exit(struct rvl_nic *nic)
{
	struct rvl_ipsec *ipsec = nic->ipsec;

	if (!ipsec)
		return;
	rvl_ipsec_flush_exit(ipsec);
	cancel_delayed_work_sync(&ipsec->resolve_work);
	skb_queue_purge(&ipsec->unresolved);
	cancel_work_sync(&ipsec->work);
	mutex_lock(&nic->lock);
	rvl_ipsec_settle(ipsec);
	mutex_unlock(&nic->lock);
	rvl_ipsec_index_wake(ipsec, true);
	/* Callbacks of states that were freed run in this module. */
	rcu_barrier();
	nic->ipsec = NULL;
	destroy(ipsec);
}

#endif
