// SPDX-License-Identifier: GPL-2.0
/*
 * Packet offload: which states does xfrm have of us, and what happens to them when the interface
 * goes down or goes away?
 *
 * xfrm then flushes them, in a notifier. It calls xdo_dev_state_free of those that are deleted and
 * not yet collected without holding them, while its collector does the same; whoever comes second
 * takes the state off a list that it is no longer on, and the kernel dies. So two notifiers of ours
 * are around that one. The first lets the collector end what it has begun, and takes a reference to
 * every other state: the collector gets none of these before the second, which gives them back.
 * Who else holds a state, and for how long (a packet that waits in a socket does), makes no
 * difference.
 *
 * New states are refused from ndo_stop on, under the lock that also guards these lists: when the
 * first notifier has looked, there will be none that it does not know.
 */
#include "compat.h"

#ifdef HAVE_XFRM_PACKET_OFFLOAD

#include <linux/delay.h>

#include "ipsec.h"

#define WAIT_MS 10000

bool rvl_ipsec_accept(struct rvl_sa *sa)
{
	struct rvl_ipsec *ipsec = sa->nic->ipsec;
	bool open;

	spin_lock_bh(&ipsec->lock);
	open = ipsec->open;
	if (open)
		list_add_tail(&sa->link, &ipsec->states);
	spin_unlock_bh(&ipsec->lock);
	return open;
}

/* Under ipsec->lock. */
static void hand_over(struct rvl_ipsec *ipsec, struct rvl_sa *sa)
{
	sa->x = NULL;
	list_move_tail(&sa->link, &ipsec->freed);
}

void rvl_ipsec_freed(struct rvl_sa *sa)
{
	struct rvl_ipsec *ipsec = sa->nic->ipsec;

	spin_lock_bh(&ipsec->lock);
	sa->freed = true;
	if (!sa->held)
		hand_over(ipsec, sa);
	spin_unlock_bh(&ipsec->lock);
}

/*
 * A state is given to its driver before it is put into xfrm's tables, and must not expire or be
 * deleted before it is there. One that does not get there is dead.
 */
static bool in_tables(const struct xfrm_state *x)
{
	return !list_empty_careful(&x->km.all) || READ_ONCE(x->km.state) == XFRM_STATE_DEAD;
}

struct xfrm_state *rvl_ipsec_get(struct rvl_sa *sa)
{
	struct rvl_ipsec *ipsec = sa->nic->ipsec;
	struct xfrm_state *x;
	unsigned int ms;

	spin_lock_bh(&ipsec->lock);
	x = sa->x;
	if (x && !refcount_inc_not_zero(&x->refcnt))
		x = NULL;
	spin_unlock_bh(&ipsec->lock);
	if (!x)
		return NULL;
	for (ms = 0; ms < WAIT_MS; ms++) {
		if (in_tables(x))
			return x;
		usleep_range(1000, 1100);
	}
	netdev_err(sa->nic->netdev, "SPI 0x%x: xfrm does not take the state that it gave us\n",
		   ntohl(sa->spi));
	xfrm_state_put(x);
	return NULL;
}

/* ----------------------------------------------------------------------------- xfrm's flush */

static void hold_states(struct rvl_ipsec *ipsec)
{
	struct rvl_sa *sa, *next;

	spin_lock_bh(&ipsec->lock);
	list_for_each_entry_safe(sa, next, &ipsec->states, link) {
		/* Without references it is the collector's. */
		if (!refcount_inc_not_zero(&sa->x->refcnt))
			continue;
		sa->held = true;
		list_move_tail(&sa->link, &ipsec->held);
	}
	spin_unlock_bh(&ipsec->lock);
}

/* How many are still in other hands: the collector's, or those of whoever adds them. */
static unsigned int count_unsettled(struct rvl_ipsec *ipsec)
{
	unsigned int n = 0;
	struct rvl_sa *sa;

	spin_lock_bh(&ipsec->lock);
	list_for_each_entry(sa, &ipsec->states, link)
		n++;
	list_for_each_entry(sa, &ipsec->held, link)
		n += !sa->freed && !in_tables(sa->x);
	spin_unlock_bh(&ipsec->lock);
	return n;
}

static void before_flush(struct rvl_ipsec *ipsec)
{
	unsigned int ms, n;

	hold_states(ipsec);
	for (ms = 0; ms < WAIT_MS; ms++) {
		xfrm_flush_gc();
		n = count_unsettled(ipsec);
		if (!n)
			return;
		usleep_range(1000, 1100);
	}
	netdev_err(ipsec->nic->netdev, "%u IPsec states are neither xfrm's nor freed\n", n);
}

static void after_flush(struct rvl_ipsec *ipsec)
{
	struct rvl_sa *sa, *next;

	spin_lock_bh(&ipsec->lock);
	list_for_each_entry_safe(sa, next, &ipsec->held, link) {
		struct xfrm_state *x = sa->x;

		sa->held = false;
		if (sa->freed)
			hand_over(ipsec, sa);
		else
			list_move_tail(&sa->link, &ipsec->states);
		xfrm_state_put(x);
	}
	spin_unlock_bh(&ipsec->lock);
	queue_work(ipsec->nic->workqueue, &ipsec->work);
}

static bool flushes(const struct rvl_ipsec *ipsec, unsigned long event, void *info)
{
	return netdev_notifier_info_to_dev(info) == ipsec->nic->netdev &&
	       (event == NETDEV_DOWN || event == NETDEV_UNREGISTER);
}

static int before_event(struct notifier_block *nb, unsigned long event, void *info)
{
	struct rvl_ipsec *ipsec = container_of(nb, struct rvl_ipsec, before_flush);

	if (flushes(ipsec, event, info))
		before_flush(ipsec);
	return NOTIFY_DONE;
}

static int after_event(struct notifier_block *nb, unsigned long event, void *info)
{
	struct rvl_ipsec *ipsec = container_of(nb, struct rvl_ipsec, after_flush);

	if (flushes(ipsec, event, info))
		after_flush(ipsec);
	return NOTIFY_DONE;
}

int rvl_ipsec_flush_init(struct rvl_ipsec *ipsec)
{
	int ret;

	/* xfrm's own has priority 0. */
	ipsec->before_flush.notifier_call = before_event;
	ipsec->before_flush.priority = INT_MAX;
	ipsec->after_flush.notifier_call = after_event;
	ipsec->after_flush.priority = INT_MIN;
	ret = register_netdevice_notifier(&ipsec->before_flush);
	if (ret)
		return ret;
	ret = register_netdevice_notifier(&ipsec->after_flush);
	if (ret)
		unregister_netdevice_notifier(&ipsec->before_flush);
	return ret;
}

void rvl_ipsec_flush_exit(struct rvl_ipsec *ipsec)
{
	unregister_netdevice_notifier(&ipsec->after_flush);
	unregister_netdevice_notifier(&ipsec->before_flush);
}

#endif
