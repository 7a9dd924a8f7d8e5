// SPDX-License-Identifier: GPL-2.0
/*
 * Packet offload: the places of SAs in the device. One that was left rests until no ring holds a
 * frame any more that speaks of the SA that was there.
 */
#include "compat.h"

#ifdef HAVE_XFRM_PACKET_OFFLOAD

#include "ipsec.h"

#define REST_WAIT_MS 200 /* for a place, when all others are taken */

/*
 * A queue's rings have passed what was in them when the mark was set. An empty one has, whatever
 * the pointers say: they may have gone halfway round since, or begun anew.
 */
static bool passed(const struct rvl_nic *nic, const struct rvl_resting *r, unsigned int n)
{
	struct rvl_queue_state state;

	if (n >= nic->num_queues || !nic->queues[n].queue)
		return true;
	rvl_queue_state(nic->queues[n].queue, &state);
	if (r->inbound ? (u16)state.dev_cq_tail == state.cq_head : state.tx_tail == state.tx_head)
		return true;
	return (s16)((r->inbound ? state.cq_head : state.tx_head) - r->mark[n]) >= 0;
}

static void set_marks(const struct rvl_nic *nic, struct rvl_resting *r)
{
	unsigned int n;

	for (n = 0; n < nic->num_queues; n++) {
		struct rvl_queue_state state;

		if (!nic->queues[n].queue)
			continue;
		rvl_queue_state(nic->queues[n].queue, &state);
		r->mark[n] = r->inbound ? state.dev_cq_tail : state.tx_tail;
		r->waits |= BIT_ULL(n);
	}
	r->marked = true;
}

static bool rested(const struct rvl_nic *nic, struct rvl_resting *r)
{
	unsigned int n;

	if (!r->marked) {
		if (!poll_state_synchronize_rcu(r->grace))
			return false;
		set_marks(nic, r);
	}
	for (n = 0; n < RVL_QP_MAX; n++) {
		if (r->waits & BIT_ULL(n) && passed(nic, r, n))
			r->waits &= ~BIT_ULL(n);
	}
	if (r->waits)
		return false;
	/* A poll may hold completions that it has taken and not looked up yet. */
	if (!r->passed) {
		r->grace = start_poll_synchronize_rcu();
		r->passed = true;
	}
	return poll_state_synchronize_rcu(r->grace);
}

void rvl_ipsec_index_wake(struct rvl_ipsec *ipsec, bool all)
{
	struct rvl_resting *r, *next;

	list_for_each_entry_safe(r, next, &ipsec->resting, list) {
		if (!all && !rested(ipsec->nic, r))
			continue;
		clear_bit(r->index, ipsec->indices[r->inbound].busy);
		list_del(&r->list);
		kfree(r);
	}
}

void rvl_ipsec_index_rest(struct rvl_ipsec *ipsec, bool inbound, u32 index)
{
	struct rvl_resting *r = kzalloc(sizeof(*r), GFP_KERNEL);

	/* Without memory it stays taken until the next reset. */
	if (!r)
		return;
	r->inbound = inbound;
	r->index = index;
	r->grace = start_poll_synchronize_rcu();
	list_add_tail(&r->list, &ipsec->resting);
}

static int next_index(struct rvl_ipsec *ipsec, bool inbound)
{
	struct rvl_indices *all = &ipsec->indices[inbound];
	unsigned int index;

	rvl_ipsec_index_wake(ipsec, false);
	index = find_next_zero_bit(all->busy, all->count, all->next);
	if (index >= all->count)
		index = find_first_zero_bit(all->busy, all->count);
	if (index >= all->count)
		return -ENOSPC;
	set_bit(index, all->busy);
	all->next = index + 1;
	return index;
}

int rvl_ipsec_index_take(struct rvl_ipsec *ipsec, bool inbound)
{
	unsigned int waited;
	int index;

	for (waited = 0; waited < REST_WAIT_MS; waited++) {
		index = next_index(ipsec, inbound);
		if (index >= 0 || list_empty(&ipsec->resting))
			return index;
		usleep_range(1000, 1100);
	}
	return index;
}

void rvl_ipsec_index_give(struct rvl_ipsec *ipsec, bool inbound, u32 index)
{
	clear_bit(index, ipsec->indices[inbound].busy);
}

#endif
