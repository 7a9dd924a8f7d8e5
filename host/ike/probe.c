/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the path takes, found out by packets of that size (RFC 8899; RFC 4821). Routers may say
 * nothing, and ESP isn't answered, so IKE asks:
 *
 *   HDR, SK {V(zeros)} in one packet that nobody may cut  -->    <--  HDR, SK {}
 *
 * A Vendor ID may be in any message, and who doesn't know it ignores it (RFC 7296, section 3.12).
 * What isn't answered is no sign that the peer is dead: the same request, octet for octet (section
 * 2.1), goes on in fragments of IP that the way takes, so that the next one has its turn. There are
 * ways on which those get lost, and then a probe could never be answered, which would end the IKE
 * SA. So the first of all asks that, by fragments of what is small enough to go on whole.
 */
#include <stdlib.h>

#include "host/ike/sa.h"

enum {
	LOSSES = 3,	    /* of a size, until it counts as too large (MAX_PROBES) */
	ENDS = 3,	    /* of IKE SAs by a probe without an answer, until there are none */
	PAUSE_MS = 3600000, /* for so long */
	CUTS = 16,	    /* octets beyond what isn't cut, of the first */
	RAISE = 10,	  /* confirmations, until larger ones are tried again (PMTU_RAISE_TIMER) */
	BEGIN_MS = 1000,  /* that the peer has until it knows the IKE SA, or its path, too */
	WAIT_MS = 1000,	  /* for an answer, at least (RFC 8899, section 5.1.1) */
	STEP = 16,	  /* octets that aren't looked for */
	LEAST_IPV4 = 576, /* packets that every way takes: those aren't doubted */
	LEAST_IPV6 = 1280,
	BASE_IPV4 = 1200, /* that nearly every way takes (BASE_PLPMTU) */
};

static const char vendor[] = "Ravelin path MTU probe";

/* What links and tunnels on the way usually take. */
static const uint16_t usual[] = {1280, 1300, 1320, 1340, 1360, 1380, 1400, 1420, 1440, 1450,
				 1460, 1472, 1480, 1492, 1500, 2000, 4352, 8192, 9000};

static uint32_t least(const struct ike_sa *sa)
{
	return sa->path.local.family == 6 ? LEAST_IPV6 : LEAST_IPV4;
}

static uint32_t base_of(const struct ike_sa *sa)
{
	return sa->path.local.family == 6 ? LEAST_IPV6 : BASE_IPV4;
}

/* 0: there is nothing to find out, or no way to. No message is larger than we would take. */
static uint32_t link_of(const struct ike_engine *e, const struct ike_sa *sa)
{
	uint32_t link;

	if (!sa->probe || !e->config.link_mtu || sa->path.local.tcp ||
	    e->now < sa->conn->unprobed_until)
		return 0;
	link = e->config.link_mtu(e->config.context, &sa->path.local);
	if (link > IKE_MESSAGE_MAX)
		link = IKE_MESSAGE_MAX;
	return link > least(sa) ? link : 0;
}

/* The largest packet of at most so many octets that there can be: a cipher may have blocks. */
static uint32_t packet_within(const struct ike_engine *e, const struct ike_sa *sa, uint32_t size)
{
	return ike_packet_len(e, sa, ike_plain_within(e, sa, size));
}

/* Of what lies between those that are known: the usual size in the middle, or else the middle. */
static uint32_t between(const struct ike_engine *e, const struct ike_sa *sa)
{
	const uint32_t low = sa->probe->low, high = sa->probe->high;
	unsigned first = 0, count = sizeof(usual) / sizeof(usual[0]), end = count;

	while (first < count && packet_within(e, sa, usual[first]) <= low)
		first++;
	while (end > first && usual[end - 1] >= high)
		end--;
	if (first < end)
		return usual[(first + end) / 2];
	return high - low > STEP ? low + (high - low) / 2 : 0;
}

/* The next size of a search; 0: it is over. */
static uint32_t next_size(const struct ike_engine *e, const struct ike_sa *sa, uint32_t link)
{
	const uint32_t base = packet_within(e, sa, base_of(sa));
	const struct ike_probe *p = sa->probe;
	uint32_t size;

	if (p->high > link)
		size = link;
	else if (!p->proven && base < p->high)
		size = base;
	else
		size = between(e, sa);
	size = packet_within(e, sa, size);
	return size > p->low || (size == base && !p->proven) ? size : 0;
}

/* What it doesn't take, as this search has found: without a loss what is beyond what there could be
 * a packet of. */
static uint32_t lost_of(const struct ike_probe *p)
{
	return p->high == UINT32_MAX ? p->low + 1 : p->high;
}

static void tell(struct ike_engine *e, const struct ike_sa *sa, uint32_t lost)
{
	struct ike_action *a = ike_emit(e, IKE_ACTION_PATH_MTU);

	if (a)
		a->path_mtu = (struct ike_path_mtu){
			.local = sa->path.local,
			.remote = sa->path.remote,
			.octets = sa->probe->low,
			.lost = lost,
			.hold_ms = 3 * sa->conn->probe_ms,
		};
}

static void plan(struct ike_engine *e, struct ike_sa *sa, uint64_t at)
{
	ike_timer_set(e, &sa->timers[IKE_TIMER_PROBE], sa->conn->probe_ms ? at : IKE_NEVER);
}

/* Any other request is sent again by then as well. */
static void be_patient(struct ike_sa *sa, uint64_t ms)
{
	const uint64_t most = sa->conn->retransmit_ms;

	ms = ms < WAIT_MS ? WAIT_MS : ms;
	sa->probe->wait_ms = (uint32_t)(ms < most ? ms : most);
}

/* From the beginning, as the path is another one or nothing was asked for yet. */
void ike_probe_begin(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	if (sa->state != IKE_STATE_ESTABLISHED)
		return;
	if (!sa->conn->probe_ms) {
		free(sa->probe);
		sa->probe = NULL;
	} else if (!sa->probe) {
		sa->probe = malloc(sizeof(*sa->probe));
	}
	if (!sa->probe) {
		plan(e, sa, IKE_NEVER);
		return;
	}
	*sa->probe = (struct ike_probe){
		.low = least(sa),
		.high = UINT32_MAX,
		.searching = true,
	};
	be_patient(sa, WAIT_MS);
	plan(e, sa, ike_later(now, BEGIN_MS + ike_jitter(e, BEGIN_MS)));
}

/* What is out or queued goes on with the new one, but an answer to the old one's says nothing. */
void ike_probe_succeed(struct ike_engine *e, struct ike_sa *old, struct ike_sa *sa, uint64_t now)
{
	uint64_t at = old->timers[IKE_TIMER_PROBE].at;

	sa->probe = old->probe;
	old->probe = NULL;
	if (sa->probe && !ike_task_find(sa, IKE_EXCHANGE_PROBE))
		plan(e, sa, at == IKE_NEVER ? ike_later(now, BEGIN_MS) : at);
}

void ike_probe_due(struct ike_engine *e, struct ike_sa *sa, uint64_t now)
{
	if (sa->state != IKE_STATE_ESTABLISHED || ike_task_find(sa, IKE_EXCHANGE_PROBE))
		return;
	if (!ike_task_queue(e, sa, IKE_EXCHANGE_PROBE))
		plan(e, sa, ike_later(now, sa->conn->probe_ms));
	ike_sa_advance(e, sa, now);
}

/* The IKE SA ends, as a request isn't answered. Was that one's fault? A host that is off answers
 * nothing either, so it takes several. */
void ike_probe_unanswered(struct ike_engine *e, const struct ike_sa *sa)
{
	if (!sa->out.is_probe || ++sa->conn->unanswered_probes < ENDS)
		return;
	sa->conn->unanswered_probes = ENDS - 1;
	sa->conn->unprobed_until = ike_later(e->now, PAUSE_MS);
	ike_log(e, IKE_LOG_WARNING, sa,
		"probes of the path stay without an answer again and again: none for an hour");
}

static struct ike_probe_task *probe_of(struct ike_task *task)
{
	return IKE_OWNER(task, struct ike_probe_task, task);
}

enum ike_step ike_probe_start(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			      uint64_t now)
{
	struct ike_probe_task *t = probe_of(task);
	uint32_t link = link_of(e, sa);
	struct ike_builder b;
	size_t len;

	/* Over several ways the answer would be of none. */
	if (!link || sa->ways) {
		plan(e, sa, ike_later(now, link ? BEGIN_MS : sa->conn->probe_ms));
		return IKE_DONE;
	}
	t->of_cuts = sa->probe->cuts != IKE_CUTS_PASS;
	t->size = t->of_cuts		 ? packet_within(e, sa, least(sa) + CUTS)
		  : sa->probe->searching ? next_size(e, sa, link)
					 : sa->probe->low;
	if (!t->size) { /* the link takes less than it did */
		ike_probe_begin(e, sa, now);
		return IKE_DONE;
	}
	t->path = ike_path_pair(sa);
	t->sent_at = now;
	len = ike_plain_within(e, sa, t->size) - IKE_PAYLOAD_HEADER_LEN;
	ike_build_chain(&b, e->inner, sizeof(e->inner));
	ike_write_padding(&b, ike_slice(vendor, sizeof(vendor) - 1), len);
	e->stats.probes++;
	return ike_request_probe(e, sa, now, &b, t->of_cuts ? IKE_PACKETS_CUT : IKE_PACKETS_WHOLE,
				 sa->probe->wait_ms);
}

static void passed(struct ike_sa *sa, const struct ike_probe_task *t, uint64_t now)
{
	struct ike_probe *p = sa->probe;

	p->losses = 0;
	be_patient(sa, 2 * (now - t->sent_at));
	if (t->of_cuts) {
		p->cuts = IKE_CUTS_PASS;
		return;
	}
	p->proven = true;
	if (p->searching) {
		p->low = t->size > least(sa) ? t->size : least(sa);
	} else if (++p->confirmed >= RAISE) {
		p->searching = true;
		p->high = UINT32_MAX;
	}
}

/* It, or its answer, or the peer was late. */
static void lost(struct ike_engine *e, struct ike_sa *sa, const struct ike_probe_task *t)
{
	struct ike_probe *p = sa->probe;

	e->stats.probes_lost++;
	if (t->of_cuts) /* how long an answer takes isn't known yet */
		be_patient(sa, 2 * (uint64_t)p->wait_ms);
	if (++p->losses < LOSSES)
		return;
	p->losses = 0;
	if (t->of_cuts) {
		if (p->cuts == IKE_CUTS_UNKNOWN)
			ike_log(e, IKE_LOG_INFO, sa,
				"fragments get lost on the way: what it takes isn't looked for");
		p->cuts = IKE_CUTS_LOST;
		return;
	}
	p->high = t->size;
	if (!p->searching) { /* the path may be another one */
		p->low = least(sa);
		p->proven = false;
		p->cuts = IKE_CUTS_UNKNOWN;
	}
	p->searching = true;
}

/* When the next one is due; 0: at once. */
static uint64_t pause_of(const struct ike_sa *sa)
{
	const struct ike_probe *p = sa->probe;

	if (p->cuts == IKE_CUTS_LOST && !p->losses)
		return RAISE * sa->conn->probe_ms;
	return p->searching || p->losses ? 0 : sa->conn->probe_ms;
}

enum ike_step ike_probe_response(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				 struct ike_in *in)
{
	const struct ike_probe_task *t = probe_of(task);
	const struct ike_pair path = ike_path_pair(sa);
	struct ike_probe *p = sa->probe;
	bool is_over, was_searching, answered = sa->out.probe_ms;
	uint64_t pause;
	uint32_t link;

	if (ike_is_refused(e, sa, in) || sa->state != IKE_STATE_ESTABLISHED)
		return IKE_DONE;
	link = link_of(e, sa);
	if (!link || sa->ways || !ike_pair_equal(&path, &t->path)) {
		plan(e, sa, ike_later(in->now, link ? BEGIN_MS : sa->conn->probe_ms));
		return IKE_DONE;
	}
	sa->conn->unanswered_probes = 0;
	if (answered)
		passed(sa, t, in->now);
	else
		lost(e, sa, t);
	was_searching = p->searching;
	is_over = !t->of_cuts && was_searching && !next_size(e, sa, link);
	if (is_over) {
		p->searching = false;
		p->confirmed = 0;
	}
	if (is_over || (answered && !t->of_cuts))
		tell(e, sa, was_searching ? lost_of(p) : UINT32_MAX);
	pause = pause_of(sa);
	if (pause || !ike_task_queue(e, sa, IKE_EXCHANGE_PROBE))
		plan(e, sa, ike_later(in->now, pause ? pause : sa->conn->probe_ms));
	return IKE_DONE;
}
