// SPDX-License-Identifier: BSD-2-Clause
/*
 * ravelin_ipsec_in_sa against the anti-replay window of RFC 4303, section 3.4.3, as a list of the
 * numbers seen: packets of few SAs, most of them in every cycle.
 *
 * usage: in_sa [SEED]
 */
#include "tests/rtl/sa/in_sa_dut.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SAS 3
#define NUMBERS (1U << 20)
#define LATENCY 3

struct model {
	struct in_sa sa;
	struct in_sa_counters counters;
	uint64_t base; /* of its numbers, of which seen knows how far they are from it */
	uint8_t fired;
	uint8_t seen[NUMBERS];
};

static struct model models[SAS];
static uint64_t state;

static uint32_t below(uint32_t n)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (uint32_t)((z ^ (z >> 31)) % n);
}

static uint8_t judge(const struct model *m, uint64_t seq)
{
	if (!seq || (seq <= m->counters.top && m->counters.top - seq >= m->sa.window))
		return IN_SA_WINDOW;
	return m->seen[seq - m->base] ? IN_SA_REPLAY : IN_SA_NONE;
}

static bool reached(uint64_t count, uint64_t limit)
{
	return limit && count >= limit;
}

static void receive(struct model *m, const struct in_sa_packet *p, struct in_sa_result *r)
{
	bool expired = m->fired & 0xc;
	uint8_t says = expired ? IN_SA_LIFETIME : judge(m, p->seq), now;

	*r = (struct in_sa_result){.reason = p->reason};
	if (p->reason == IN_SA_NONE)
		r->reason = !p->icv_ok ? IN_SA_ICV : says ? says : p->format;
	else if (p->reason != IN_SA_MALFORMED && says)
		r->reason = says;
	if (p->reason == IN_SA_NONE && p->icv_ok && !says) {
		m->seen[p->seq - m->base] = 1;
		if (p->seq > m->counters.top)
			m->counters.top = p->seq;
	}
	m->counters.drop_limit += r->reason == IN_SA_LIFETIME;
	m->counters.drop_format += r->reason == IN_SA_TRAILER;
	m->counters.drop_replay += r->reason == IN_SA_WINDOW || r->reason == IN_SA_REPLAY;
	m->counters.drop_icv += r->reason == IN_SA_ICV;
	if (r->reason != IN_SA_NONE)
		return;
	m->counters.packets++;
	m->counters.bytes += p->bytes;
	now = (uint8_t)(reached(m->counters.bytes, m->sa.soft_bytes) |
			reached(m->counters.packets, m->sa.soft_packets) << 1 |
			reached(m->counters.bytes, m->sa.hard_bytes) << 2 |
			reached(m->counters.packets, m->sa.hard_packets) << 3);
	r->event = now & (uint8_t)~m->fired;
	m->fired |= now;
	if (r->event) {
		r->packets = m->counters.packets;
		r->bytes = m->counters.bytes;
	}
}

static struct in_sa_packet packet(uint64_t last)
{
	static const uint8_t reasons[] = {IN_SA_MALFORMED, IN_SA_LIFETIME, IN_SA_WINDOW,
					  IN_SA_REPLAY};
	static const uint8_t formats[] = {IN_SA_TRAILER, IN_SA_DUMMY};
	static const uint32_t jumps[] = {0, 0, 0, 0, 230, 3810, 4060, 8160};
	struct in_sa_packet p = {.sa = below(4) ? 0 : below(SAS),
				 .bytes = (uint16_t)below(1500),
				 .icv_ok = below(8)};
	const struct in_sa *sa = &models[p.sa].sa;
	uint64_t base = models[p.sa].base;
	uint32_t top = (uint32_t)(models[p.sa].counters.top - base);

	p.reason = below(8) ? IN_SA_NONE : reasons[below(4)];
	p.format = below(8) ? IN_SA_NONE : formats[below(2)];
	switch (below(6)) {
	case 0:
		p.seq = last >= base && last - base < NUMBERS / 4 ? last : base;
		return p;
	case 1:
		p.seq = top > sa->window ? top - sa->window + below(4) - 1 : 0;
		break;
	case 2:
		p.seq = top ? top - below(top > 4200 ? 4200 : top) : 0;
		break;
	case 3:
		/* within a word, over some, over nearly all of the ring, all of it, and more */
		p.seq = top + jumps[below(8)] + below(64);
		break;
	default:
		p.seq = top + below(6) - (top < 2 ? top : 2);
	}
	p.seq += base;
	return p;
}

static bool run(struct in_sa_dut *dut, unsigned int packets)
{
	struct in_sa_result want[LATENCY] = {{0}};
	bool due[LATENCY] = {false};
	uint64_t last = 1;

	for (int i = 0; i < SAS; i++) {
		struct model *m = &models[i];

		memset(m, 0, sizeof(*m));
		/* Small numbers, or such as those of ESN: over a border of their halves, and the
		 * last. */
		m->base = below(2)   ? 0
			  : below(2) ? ((uint64_t)(1 + below(3)) << 32) - below(NUMBERS)
				     : -(uint64_t)NUMBERS;
		m->sa = (struct in_sa){.top = m->base + below(6000),
				       .window = i ? 32 + below(4065) : 4096};
		if (i == 0 || below(2))
			m->sa.soft_bytes = below(400000);
		if (below(2))
			m->sa.soft_packets = below(300);
		if (below(3) == 0)
			m->sa.hard_packets = 200 + below(300);
		if (below(3) == 0)
			m->sa.hard_bytes = 200000 + below(200000);
		m->counters.top = m->sa.top;
		memset(m->seen, 1, m->sa.top - m->base + 1);
		in_sa_dut_write(dut, (unsigned int)i, &m->sa);
	}
	for (unsigned int i = 0; i < packets; i++) {
		struct in_sa_packet p = packet(last);
		bool sent = below(8) && i < packets - LATENCY, came;
		struct in_sa_result result;

		last = sent ? p.seq : last;
		came = in_sa_dut_cycle(dut, sent ? &p : NULL, &result);
		memmove(want + 1, want, sizeof(want) - sizeof(want[0]));
		memmove(due + 1, due, sizeof(due) - sizeof(due[0]));
		due[0] = sent;
		if (sent)
			receive(&models[p.sa], &p, &want[0]);
		if (came != due[LATENCY - 1])
			return false;
		if (came && (result.reason != want[LATENCY - 1].reason ||
			     result.event != want[LATENCY - 1].event ||
			     (result.event && (result.packets != want[LATENCY - 1].packets ||
					       result.bytes != want[LATENCY - 1].bytes)))) {
			printf("# cycle %u: reason %u, event 0x%x, not %u, 0x%x\n", i,
			       result.reason, result.event, want[LATENCY - 1].reason,
			       want[LATENCY - 1].event);
			return false;
		}
	}
	for (unsigned int i = 0; i < SAS; i++) {
		struct in_sa_counters c = in_sa_dut_read(dut, i);

		if (memcmp(&c, &models[i].counters, sizeof(c)) != 0) {
			printf("# the counters of SA %u differ\n", i);
			return false;
		}
	}
	return true;
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : (uint64_t)time(NULL);
	struct in_sa_dut *dut = in_sa_dut_new();
	bool ok = true;

	state = seed;
	for (int i = 0; i < 200 && ok; i++)
		ok = run(dut, 1000);
	printf("TAP version 13\n1..1\n%sok 1 - "
	       "packets_in_every_cycle_are_judged_by_what_those_before_have_left\n",
	       ok ? "" : "not ");
	if (!ok)
		printf("# seed=%llu\n", (unsigned long long)seed);
	in_sa_dut_free(dut);
	return !ok;
}
