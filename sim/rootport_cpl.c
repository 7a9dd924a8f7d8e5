/* SPDX-License-Identifier: BSD-2-Clause */
/* Root port: completions for the NIC's memory reads, and what rules do to them. */
#include "sim/rootport_impl.h"

#include <string.h>

static void close_read(struct rvl_rootport *rp, struct rp_read *r)
{
	uint32_t i = 0;

	while (rp->read_order[i] != r->tag)
		i++;
	rp->read_count--;
	memmove(&rp->read_order[i], &rp->read_order[i + 1], rp->read_count - i);
	r->open = false;
}

/* The read whose turn it is, or NULL. */
static struct rp_read *choose(struct rvl_rootport *rp)
{
	uint8_t due[RP_TAGS];
	uint32_t n = 0;

	for (uint32_t i = 0; i < rp->read_count; i++) {
		struct rp_read *r = &rp->reads[rp->read_order[i]];

		if (r->due <= rp->cycle) {
			if (!rp->policy.reorder)
				return r;
			due[n++] = r->tag;
		} else if (!rp->policy.reorder && !r->late) {
			return NULL;
		}
	}
	return n ? &rp->reads[due[rp_random(rp, n)]] : NULL;
}

/* Where the next completion of a read ends: at an RCB, or the end (PCIe, completion rules). */
static uint64_t cut(struct rvl_rootport *rp, const struct rp_read *r)
{
	uint64_t rcb = rp->cfg.rcb128 ? 128 : 64;
	uint64_t limit = (r->next & ~3ULL) + (128ULL << rp->cfg.max_payload);
	uint64_t at = r->next;

	for (;;) {
		uint64_t boundary = (at / rcb + 1) * rcb;

		if (boundary > limit)
			return at;
		if (boundary >= r->end)
			return r->end;
		at = boundary;
		if (rp_chance(rp, rp->policy.split_percent))
			return at;
	}
}

static void make_header(const struct rp_read *r, uint32_t status, uint32_t dws, uint32_t byte_count,
			uint32_t hdr[4])
{
	hdr[0] = (dws ? 0x4aU : 0x0aU) << 24 | (uint32_t)r->tc << 20 |
		 (uint32_t)(r->attr >> 2) << 18 | (uint32_t)(r->attr & 3) << 12 | (dws & 0x3ff);
	hdr[1] = status << 13 | (byte_count & 0xfff); /* completer 00:00.0 */
	hdr[2] = (uint32_t)r->requester << 16 | (uint32_t)r->tag << 8 | (r->next & 0x7f);
	hdr[3] = 0;
}

static struct rp_tlp *send(struct rvl_rootport *rp, const uint32_t hdr[4], uint32_t len)
{
	struct rp_tlp *t = rp_enqueue(&rp->completions, len);

	if (!t)
		return NULL;
	memcpy(t->hdr, hdr, sizeof(t->hdr));
	rp->stats.down_completions++;
	rp->stats.down_completion_bytes += rp_link_octets(hdr, len);
	return t;
}

/* Count a fault and tell the host. */
static void apply(struct rvl_rootport *rp, const struct rp_read *r, enum rvl_rootport_fault fault)
{
	uint32_t hdr[4];

	rp->stats.faults[fault]++;
	if (!rp->host.faulted)
		return;
	make_header(r, 0, 0, (uint32_t)(r->end - r->next), hdr);
	rp->host.faulted(rp->host.ctx, fault, hdr);
}

static void send_error(struct rvl_rootport *rp, struct rp_read *r, uint32_t status)
{
	uint32_t hdr[4];

	make_header(r, status, 0, (uint32_t)(r->end - r->next), hdr);
	send(rp, hdr, 0);
	close_read(rp, r);
}

void rp_schedule_completion(struct rvl_rootport *rp)
{
	struct rp_read *r = choose(rp);
	const struct rvl_rootport_rule *rule;
	uint32_t hdr[4], dws, extra = 0;
	uint64_t end, dw_addr;
	const uint8_t *mem;
	struct rp_tlp *t;
	bool last;

	if (!r)
		return;
	rule = r->rule && r->completions == r->rule->completion ? r->rule : NULL;
	if (rule && rule->fault <= RVL_FAULT_RETRY) {
		apply(rp, r, rule->fault);
		send_error(rp, r,
			   rule->fault == RVL_FAULT_UNSUPPORTED ? RVL_CPL_UNSUPPORTED
			   : rule->fault == RVL_FAULT_ABORT	? RVL_CPL_ABORT
								: RVL_CPL_RETRY);
		return;
	}
	if (rule && rule->fault == RVL_FAULT_LOST) {
		apply(rp, r, rule->fault);
		close_read(rp, r);
		return;
	}
	if (rule && rule->fault == RVL_FAULT_LATE && !r->late) {
		apply(rp, r, rule->fault);
		r->late = true;
		r->due = rp->cycle + rule->amount;
		return;
	}

	end = cut(rp, r);
	last = end == r->end;
	mem = rp->host.translate(rp->host.ctx, r->next, (uint32_t)(end - r->next), false);
	if (!mem) {
		rp->stats.bad_reads++;
		send_error(rp, r, RVL_CPL_UNSUPPORTED);
		return;
	}
	dw_addr = r->next & ~3ULL;
	dws = (uint32_t)((end - dw_addr + 3) / 4);
	if (last && r->rule && r->rule->fault == RVL_FAULT_TOO_LONG) {
		apply(rp, r, r->rule->fault);
		extra = r->rule->amount;
	}
	make_header(r, RVL_CPL_SUCCESS, dws + extra, (uint32_t)(r->end - r->next), hdr);
	if (rule && rule->fault == RVL_FAULT_BYTE_COUNT) {
		apply(rp, r, rule->fault);
		hdr[1] = (hdr[1] & ~0xfffU) | ((hdr[1] + rule->amount) & 0xfff);
	}
	if (rule && rule->fault == RVL_FAULT_POISONED) {
		apply(rp, r, rule->fault);
		hdr[0] |= 1U << 14;
	}
	t = send(rp, hdr, (dws + extra) * 4);
	if (!t)
		return;
	/* What byte enables leave out is not zero on a real link either. */
	memset(t->data, 0xa5, t->len);
	memcpy(t->data + (r->next - dw_addr), mem, (size_t)(end - r->next));
	rp->stats.read_octets += end - r->next;
	if (last && r->rule && r->rule->fault == RVL_FAULT_DUPLICATE) {
		struct rp_tlp *twin = send(rp, hdr, t->len);

		apply(rp, r, r->rule->fault);
		if (twin)
			memcpy(twin->data, t->data, t->len);
	}
	r->completions++;
	r->next = end;
	if (last)
		close_read(rp, r);
}
