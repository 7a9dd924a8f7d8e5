/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/rootport_impl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct rvl_rootport_policy RVL_ROOTPORT_POLICY_DEFAULT = {
	.latency_min = 100,
	.latency_max = 100,
};

/* splitmix64 */
static uint64_t random64(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

uint32_t rp_random(struct rvl_rootport *rp, uint32_t n)
{
	return (uint32_t)((random64(&rp->random) >> 32) * n >> 32);
}

bool rp_chance(struct rvl_rootport *rp, uint32_t percent)
{
	return percent && rp_random(rp, 100) < percent;
}

void rp_violation(struct rvl_rootport *rp, const char *format, ...)
{
	char text[160];
	va_list args;
	int n = snprintf(text, sizeof(text), "cycle %llu: ", (unsigned long long)rp->cycle);

	va_start(args, format);
	vsnprintf(text + n, sizeof(text) - (size_t)n, format, args);
	va_end(args);
	rp->stats.violations++;
	if (rp->host.violation)
		rp->host.violation(rp->host.ctx, text);
}

uint32_t rp_link_octets(const uint32_t hdr[4], uint32_t payload)
{
	return ((rp_fmt(hdr) & 1) ? 16 : 12) + 8 + payload;
}

uint32_t rp_be_lead(const uint32_t hdr[4])
{
	uint32_t be = rp_first_be(hdr);

	return be ? (uint32_t)__builtin_ctz(be) : 0;
}

uint32_t rp_be_trail(const uint32_t hdr[4])
{
	uint32_t be = rp_dws(hdr) == 1 ? rp_first_be(hdr) : rp_last_be(hdr);

	return be ? (uint32_t)__builtin_clz(be) - 28 : 0;
}

struct rp_tlp *rp_enqueue(struct rp_queue *q, uint32_t len)
{
	struct rp_tlp *t = calloc(1, sizeof(*t) + len);

	if (!t)
		return NULL;
	t->len = len;
	if (q->tail)
		q->tail->next = t;
	else
		q->head = t;
	q->tail = t;
	q->count++;
	return t;
}

static void dequeue(struct rp_queue *q)
{
	struct rp_tlp *t = q->head;

	q->head = t->next;
	if (!q->head)
		q->tail = NULL;
	q->count--;
	q->sent = 0;
	free(t);
}

static void queue_free(struct rp_queue *q)
{
	while (q->head)
		dequeue(q);
}

struct rvl_rootport *rvl_rootport_create(const struct rvl_rootport_policy *policy,
					 const struct rvl_rootport_host *host, uint32_t width)
{
	struct rvl_rootport *rp = calloc(1, sizeof(*rp));

	if (!rp)
		return NULL;
	rp->policy = *policy;
	rp->random = policy->seed;
	rp->host = *host;
	rp->width = width;
	return rp;
}

void rvl_rootport_destroy(struct rvl_rootport *rp)
{
	if (!rp)
		return;
	queue_free(&rp->requests);
	queue_free(&rp->completions);
	free(rp);
}

void rvl_rootport_reset(struct rvl_rootport *rp)
{
	queue_free(&rp->requests);
	queue_free(&rp->completions);
	memset(rp->pending, 0, sizeof(rp->pending));
	rp->pending_count = 0;
	memset(rp->reads, 0, sizeof(rp->reads));
	rp->read_count = 0;
	rp->wr.stalled = rp->wr.in_tlp = false;
	rp->rd.stalled = rp->rd.in_tlp = false;
	rp->cpl.stalled = rp->cpl.in_tlp = false;
}

void rvl_rootport_set_policy(struct rvl_rootport *rp, const struct rvl_rootport_policy *policy)
{
	rp->policy = *policy;
}

void rvl_rootport_stop(struct rvl_rootport *rp, bool reads, bool writes)
{
	rp->stop_reads = reads;
	rp->stop_writes = writes;
}

bool rvl_rootport_idle(const struct rvl_rootport *rp)
{
	return !rp->requests.head && !rp->completions.head && !rp->pending_count &&
	       !rp->read_count && !rp->wr.in_tlp && !rp->cpl.in_tlp;
}

void rvl_rootport_stats(const struct rvl_rootport *rp, struct rvl_rootport_stats *stats)
{
	*stats = rp->stats;
}

int rvl_rootport_add_rule(struct rvl_rootport *rp, const struct rvl_rootport_rule *rule)
{
	if (rp->rule_count == RVL_ROOTPORT_RULES)
		return -ENOSPC;
	rp->rule_seen[rp->rule_count] = 0;
	rp->rules[rp->rule_count++] = *rule;
	return 0;
}

void rvl_rootport_clear_rules(struct rvl_rootport *rp)
{
	for (unsigned i = 0; i < RP_TAGS; i++)
		if (rp->reads[i].rule != &rp->reads[i].own)
			rp->reads[i].rule = NULL;
	rp->rule_count = 0;
}

/* -------------------------------------------------------------------------------- requests down */

static bool has_data(uint8_t type)
{
	return type & 0x40;
}

static bool is_posted(uint8_t type)
{
	return (type & 0xdf) == RVL_TLP_MEM_WRITE || (type & 0x18) == 0x10;
}

int rvl_rootport_request(struct rvl_rootport *rp, const struct rvl_rootport_request *r)
{
	bool posted = is_posted(r->type);
	uint8_t tag = 0;
	struct rp_tlp *t;

	if (rp->requests.count >= RP_REQUESTS || (!posted && rp->pending_count >= RP_NON_POSTED))
		return -EAGAIN;
	if (!posted) {
		while (rp->pending[rp->next_tag].open)
			rp->next_tag++;
		tag = rp->next_tag++;
	}
	t = rp_enqueue(&rp->requests, has_data(r->type) ? r->dws * 4U : 0);
	if (!t)
		return -ENOMEM;
	t->bar = r->bar;
	t->posted = posted;
	t->hdr[0] = (uint32_t)r->type << 24 | (uint32_t)r->tc << 20 |
		    (uint32_t)(r->attr >> 2) << 18 | (uint32_t)r->poisoned << 14 |
		    (uint32_t)(r->attr & 3) << 12 | (r->dws & 0x3ff);
	t->hdr[1] = (uint32_t)tag << 8 | (uint32_t)r->last_be << 4 |
		    r->first_be; /* requester 00:00.0 */
	if (r->addr >> 32 || (r->type & 0x20)) {
		t->hdr[0] |= 1U << 29;
		t->hdr[2] = (uint32_t)(r->addr >> 32);
		t->hdr[3] = (uint32_t)r->addr;
	} else {
		t->hdr[2] = (uint32_t)r->addr;
	}
	if (t->len)
		memcpy(t->data, r->data, t->len);
	if (!posted) {
		struct rp_pending *p = &rp->pending[tag];

		p->open = true;
		p->forgotten = false;
		memcpy(p->hdr, t->hdr, sizeof(p->hdr));
		p->cookie = r->cookie;
		rp->pending_count++;
		rp->stats.down_reads++;
		rp->stats.down_read_bytes += rp_link_octets(t->hdr, t->len);
	} else {
		rp->stats.down_writes++;
		rp->stats.down_write_bytes += rp_link_octets(t->hdr, t->len);
	}
	return 0;
}

int rvl_rootport_read32(struct rvl_rootport *rp, unsigned bar, uint64_t addr, uint64_t cookie)
{
	const struct rvl_rootport_request r = {.type = RVL_TLP_MEM_READ,
					       .bar = (uint8_t)bar,
					       .first_be = 0xf,
					       .dws = 1,
					       .addr = addr,
					       .cookie = cookie};

	return rvl_rootport_request(rp, &r);
}

int rvl_rootport_write32(struct rvl_rootport *rp, unsigned bar, uint64_t addr, uint32_t value)
{
	const uint8_t data[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
				 (uint8_t)(value >> 24)};
	const struct rvl_rootport_request r = {.type = RVL_TLP_MEM_WRITE,
					       .bar = (uint8_t)bar,
					       .first_be = 0xf,
					       .dws = 1,
					       .addr = addr,
					       .data = data};

	return rvl_rootport_request(rp, &r);
}

unsigned rvl_rootport_requests_queued(const struct rvl_rootport *rp)
{
	return rp->requests.count;
}

unsigned rvl_rootport_requests_unanswered(const struct rvl_rootport *rp)
{
	return rp->pending_count;
}

void rvl_rootport_forget_requests(struct rvl_rootport *rp)
{
	for (unsigned i = 0; i < RP_TAGS; i++) {
		rp->pending[i].forgotten |= rp->pending[i].open;
		rp->pending[i].open = false;
	}
	rp->pending_count = 0;
}

int rvl_rootport_stray_completion(struct rvl_rootport *rp, const uint32_t hdr[4],
				  const uint8_t *data, uint32_t len)
{
	struct rp_tlp *t = rp_enqueue(&rp->completions, len);

	if (!t)
		return -ENOMEM;
	memcpy(t->hdr, hdr, sizeof(t->hdr));
	if (len)
		memcpy(t->data, data, len);
	return 0;
}

/* --------------------------------------------------------------------------------------- streams
 */

/* A stream down: the beat in *b moved if it was valid and ready; then show the next one. */
static void stream_down(struct rvl_rootport *rp, struct rp_queue *q, struct rvl_tlp_beat *b,
			bool ready, uint32_t gap_percent)
{
	struct rp_tlp *t;
	uint32_t n;

	if (b->valid) {
		if (!ready)
			return;
		q->sent += b->eop ? b->bytes : rp->width;
		if (b->eop)
			dequeue(q);
		b->valid = false;
	}
	t = q->head;
	if (!t || rp_chance(rp, gap_percent))
		return;
	n = t->len - q->sent;
	b->valid = true;
	b->sop = q->sent == 0;
	b->eop = n <= rp->width;
	b->bar = t->bar;
	b->bytes = (uint8_t)(b->eop ? n : rp->width);
	memcpy(b->hdr, t->hdr, sizeof(b->hdr));
	memcpy(b->data, t->data + q->sent, b->bytes);
}

static void check_shown(struct rvl_rootport *rp, const char *name, struct rp_up *up,
			const struct rvl_tlp_beat *b, bool ready)
{
	if (up->stalled) {
		const struct rvl_tlp_beat *s = &up->shown;

		if (!b->valid)
			rp_violation(rp, "%s: valid fell before ready", name);
		else if (b->sop != s->sop || b->eop != s->eop ||
			 (b->sop && memcmp(b->hdr, s->hdr, sizeof(b->hdr))) ||
			 (b->eop && b->bytes != s->bytes) ||
			 memcmp(b->data, s->data, b->eop ? b->bytes : rp->width))
			rp_violation(rp, "%s: beat changed before ready", name);
	}
	if (b->valid && b->sop && !up->stalled) {
		up->bus_master_off = rp->bus_master_off;
		up->max_payload = 128U << rp->cfg.max_payload;
		up->max_read = 128U << rp->cfg.max_read;
	}
	up->stalled = b->valid && !ready;
	if (up->stalled)
		up->shown = *b;
}

/* Collect the beats of a stream up. Returns whether a TLP is complete. */
static bool collect(struct rvl_rootport *rp, const char *name, struct rp_up *up,
		    const struct rvl_tlp_beat *b)
{
	uint32_t n = b->eop ? b->bytes : rp->width;

	if (b->sop == up->in_tlp) {
		rp_violation(rp, "%s: %s", name, b->sop ? "sop within a TLP" : "beat without sop");
		if (!b->sop)
			return false;
	}
	if (b->sop) {
		memcpy(up->hdr, b->hdr, sizeof(up->hdr));
		up->len = 0;
	}
	up->in_tlp = !b->eop;
	if (n > rp->width || up->len + n > RP_MAX_PAYLOAD) {
		rp_violation(rp, "%s: payload beyond 4096 octets, or beat too long", name);
		return false;
	}
	memcpy(up->data + up->len, b->data, n);
	up->len += n;
	return b->eop;
}

static bool next_ready(struct rvl_rootport *rp, struct rp_up *up, uint32_t percent)
{
	if (up->stall_left) {
		up->stall_left--;
		return false;
	}
	if (!rp_chance(rp, percent))
		return true;
	up->stall_left = rp->policy.stall_cycles > 1 ? rp_random(rp, rp->policy.stall_cycles) : 0;
	return false;
}

void rvl_rootport_clock(struct rvl_rootport *rp, struct rvl_model_in *in,
			const struct rvl_model_out *out)
{
	rp->cycle++;
	rp->cfg = in->cfg;
	rp->bus_master_off = rp->cfg.bus_master ? 0 : rp->bus_master_off + 1;

	/* Posted requests first: what moves in the same cycle does not pass them. */
	if (out->tx_wr.valid || rp->wr.stalled) {
		check_shown(rp, "tx_wr", &rp->wr, &out->tx_wr, in->tx_wr_ready);
		if (out->tx_wr.valid && in->tx_wr_ready &&
		    collect(rp, "tx_wr", &rp->wr, &out->tx_wr))
			rp_take_write(rp, rp->wr.hdr, rp->wr.data, rp->wr.len);
	}
	if (out->tx_rd.valid || rp->rd.stalled) {
		check_shown(rp, "tx_rd", &rp->rd, &out->tx_rd, in->tx_rd_ready);
		if (out->tx_rd.valid && in->tx_rd_ready)
			rp_take_read(rp, out->tx_rd.hdr);
	}
	if (out->tx_cpl.valid || rp->cpl.stalled) {
		check_shown(rp, "tx_cpl", &rp->cpl, &out->tx_cpl, in->tx_cpl_ready);
		if (out->tx_cpl.valid && in->tx_cpl_ready &&
		    collect(rp, "tx_cpl", &rp->cpl, &out->tx_cpl))
			rp_take_completion(rp, rp->cpl.hdr, rp->cpl.data, rp->cpl.len);
	}

	/* The completion at the head may be on the pins; keep one behind it ready to follow at
	 * once. */
	if (rp->read_count && rp->completions.count < 2)
		rp_schedule_completion(rp);
	stream_down(rp, &rp->requests, &in->rx_req, out->rx_req_ready,
		    rp->policy.request_gap_percent);
	stream_down(rp, &rp->completions, &in->rx_cpl, out->rx_cpl_ready,
		    rp->policy.completion_gap_percent);
	in->tx_wr_ready =
		next_ready(rp, &rp->wr, rp->policy.write_stall_percent) && !rp->stop_writes;
	in->tx_rd_ready = next_ready(rp, &rp->rd, rp->policy.read_stall_percent) && !rp->stop_reads;
	in->tx_cpl_ready = next_ready(rp, &rp->cpl, rp->policy.completion_stall_percent);
}
