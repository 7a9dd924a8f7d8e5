// SPDX-License-Identifier: BSD-2-Clause
/*
 * ravelin_ipsec_out_sa: packets of few SAs, most of them in every cycle, get each number once and
 * in order, until a limit or the last number.
 *
 * usage: out_sa [SEED]
 */
#include "tests/rtl/sa/out_sa_dut.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SAS 4 /* the last of them is none */
#define LATENCY 3

struct model {
	struct out_sa sa;
	struct out_sa_counters counters;
	uint8_t fired;
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

static bool reached(uint64_t count, uint64_t limit)
{
	return limit && count >= limit;
}

static uint64_t last_of(const struct model *m)
{
	return m->sa.esn ? UINT64_MAX : UINT32_MAX;
}

static struct out_sa_result transmit(const struct out_sa_packet *p)
{
	struct model *m = &models[p->sa];
	struct out_sa_counters *c = &m->counters;
	struct out_sa_result r = {0};
	uint8_t now;

	if (!p->use_sa)
		return r;
	r.no_sa = p->sa == SAS - 1;
	r.expired = !r.no_sa && m->fired & 0xc;
	r.too_big = !r.no_sa && !r.expired && p->too_big;
	r.seq_end = !r.no_sa && !r.expired && !r.too_big && c->seq == last_of(m);
	r.ok = !r.no_sa && !r.expired && !r.too_big && !r.seq_end;
	c->drop_limit += r.expired || r.seq_end;
	if (!r.ok)
		return r;
	r.seq = ++c->seq;
	c->packets++;
	c->bytes += p->bytes;
	now = (uint8_t)(reached(c->bytes, m->sa.soft_bytes) |
			reached(c->packets, m->sa.soft_packets) << 1 |
			reached(c->bytes, m->sa.hard_bytes) << 2 |
			reached(c->packets, m->sa.hard_packets) << 3 |
			(c->seq >= last_of(m) - 0xfffff) << 4 | (c->seq == last_of(m)) << 5);
	r.event = now & (uint8_t)~m->fired;
	m->fired |= now;
	return r;
}

static bool run(struct out_sa_dut *dut, unsigned int packets)
{
	struct out_sa_result want[LATENCY], result;
	bool due[LATENCY] = {false};

	for (unsigned int i = 0; i < SAS - 1; i++) {
		struct model *m = &models[i];

		memset(m, 0, sizeof(*m));
		m->sa.esn = below(2);
		m->sa.seq = last_of(m) - (below(2) ? below(400) : 0xfffff + below(400));
		if (m->sa.esn && below(2)) /* over a border of the halves */
			m->sa.seq = ((uint64_t)below(3) << 32) + UINT32_MAX - below(400);
		m->sa.soft_bytes = below(2) * below(400000);
		m->sa.soft_packets = below(2) * below(300);
		m->sa.hard_packets = below(2) * (100 + below(300));
		m->sa.hard_bytes = below(2) * (100000 + below(200000));
		m->counters.seq = m->sa.seq;
		out_sa_dut_write(dut, i, &m->sa);
	}
	memset(want, 0, sizeof(want));
	for (unsigned int i = 0; i < packets; i++) {
		struct out_sa_packet p = {.sa = below(3) ? 0 : below(SAS),
					  .bytes = (uint16_t)below(1500),
					  .use_sa = below(16),
					  .too_big = !below(16)};
		bool sent = below(8) && i < packets - LATENCY;
		bool came = out_sa_dut_cycle(dut, sent ? &p : NULL, &result);

		memmove(want + 1, want, sizeof(want) - sizeof(want[0]));
		memmove(due + 1, due, sizeof(due) - sizeof(due[0]));
		due[0] = sent;
		memset(&want[0], 0, sizeof(want[0]));
		if (sent)
			want[0] = transmit(&p);
		if (came != due[LATENCY - 1] || result.no_sa != want[LATENCY - 1].no_sa ||
		    result.expired != want[LATENCY - 1].expired ||
		    result.too_big != want[LATENCY - 1].too_big ||
		    result.seq_end != want[LATENCY - 1].seq_end ||
		    result.ok != want[LATENCY - 1].ok || result.seq != want[LATENCY - 1].seq ||
		    result.event != want[LATENCY - 1].event) {
			printf("# cycle %u: number %llu, event 0x%x, not %llu, 0x%x\n", i,
			       (unsigned long long)result.seq, result.event,
			       (unsigned long long)want[LATENCY - 1].seq, want[LATENCY - 1].event);
			return false;
		}
	}
	for (unsigned int i = 0; i < SAS - 1; i++) {
		struct out_sa_counters c = out_sa_dut_read(dut, i);

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
	struct out_sa_dut *dut = out_sa_dut_new();
	bool ok = true;

	state = seed;
	for (int i = 0; i < 200 && ok; i++)
		ok = run(dut, 1000);
	printf("TAP version 13\n1..1\n%sok 1 - "
	       "packets_in_every_cycle_get_each_number_once_and_in_order\n",
	       ok ? "" : "not ");
	if (!ok)
		printf("# seed=%llu\n", (unsigned long long)seed);
	out_sa_dut_free(dut);
	return !ok;
}
