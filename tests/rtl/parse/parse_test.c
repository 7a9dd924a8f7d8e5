// SPDX-License-Identifier: BSD-2-Clause
/*
 * ravelin_ipsec_parse against parse_reference(): heads of all kinds, one a cycle or with gaps.
 *
 * usage: parse_frame [SEED]
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/rtl/parse/parse_reference.h"

#define HEADS 200000
#define ROOM 64 /* a power of two, more than are inside */

static uint64_t state;

static uint32_t below(uint32_t n)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (uint32_t)((z ^ (z >> 31)) % n);
}

static bool one_in(uint32_t n)
{
	return !below(n);
}

static void put_be16(uint8_t *p, unsigned int v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* ------------------------------------------------------------------------------ heads at random */

static const uint8_t uppers[] = {1, 6, 17, 33, 50, 51, 58, 59, 132, 135, 136};

static uint8_t an_upper(void)
{
	return one_in(8) ? (uint8_t)below(256) : uppers[below(sizeof(uppers))];
}

static void ethernet(struct parse_input *in, unsigned int *at)
{
	unsigned int tags = one_in(3) ? below(4) : 0;

	*at = 12;
	while (tags--) {
		put_be16(in->head + *at, one_in(2) ? 0x8100 : 0x88a8);
		*at += 4;
	}
	put_be16(in->head + *at, one_in(20) ? below(65536) : in->ipv6 ? 0x86dd : 0x0800);
	*at += 2;
}

static void ipv4(uint8_t *p, unsigned int len)
{
	unsigned int header = one_in(3) ? 5 + below(11) : 5, sum = 0;

	p[0] = (uint8_t)(0x40 | header);
	put_be16(p + 2, len);
	put_be16(p + 6, one_in(3) ? below(65536) : one_in(2) ? 0x4000 : 0);
	p[9] = an_upper();
	put_be16(p + 10, 0);
	for (unsigned int i = 0; i < header * 4; i += 2)
		sum += (unsigned int)p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	put_be16(p + 10, ~sum);
	if (one_in(6))
		p[below(header * 4)] ^= (uint8_t)(1 << below(8));
	if (one_in(8))
		p[0] = (uint8_t)below(256);
}

static const uint8_t extensions[] = {0, 43, 44, 60};

static void ipv6(uint8_t *p, unsigned int len)
{
	unsigned int count = one_in(2) ? 0 : below(8), at = 40;
	uint8_t *next = p + 6;

	p[0] = (uint8_t)(0x60 | (p[0] & 15));
	put_be16(p + 4, len - 40);
	p[7] = one_in(2) ? 255 : p[7];
	for (int i = 8; i < 40; i += 16)
		if (one_in(4)) {
			p[i] = one_in(2) ? 0xfe : 0xff;
			p[i + 1] = one_in(2) ? (uint8_t)(0x80 | below(64)) : (uint8_t)below(32);
		}
	while (count-- && at + 8 <= 40 + 64) {
		*next = extensions[below(4)];
		next = p + at;
		/* of a fragment header it is reserved */
		next[1] = one_in(12) ? (uint8_t)below(256) : (uint8_t)below(2);
		if (one_in(2))
			put_be16(next + 2, one_in(3) ? below(65536) : 0);
		at += next == p + 6 ? 8 : (next[1] + 1u) * 8;
	}
	*next = an_upper();
	if (*next == 58 && at + 4 < 104)
		p[at] = (uint8_t)(130 + below(10));
	if (one_in(20))
		p[0] = (uint8_t)below(256);
}

static struct parse_input a_head(void)
{
	struct parse_input in = {.ipv6 = one_in(2)};
	unsigned int at = 0, len = one_in(4) ? 1 + below(120) : 60 + below(1500);

	for (unsigned int i = 0; i < PARSE_HEAD; i++)
		in.head[i] = (uint8_t)below(256);
	if (parse_dut_ethernet())
		ethernet(&in, &at);
	if (in.ipv6)
		ipv6(in.head + at, len);
	else
		ipv4(in.head + at, len);
	if (!parse_dut_ethernet() && one_in(4)) {
		in.bare = true;
		in.proto = in.ipv6 && one_in(2) ? extensions[below(4)] : an_upper();
		for (int i = 0; i < 16; i++) {
			in.src[i] = (uint8_t)below(256);
			in.dst[i] = (uint8_t)below(256);
		}
		if (in.ipv6)
			memmove(in.head, in.head + 40, PARSE_HEAD - 40);
	}
	/* lengths that agree, or don't */
	in.len = (uint16_t)(at + len);
	if (one_in(4))
		in.len = (uint16_t)(in.len + below(40));
	if (one_in(4))
		in.len = (uint16_t)(in.len - below(in.len));
	if (parse_dut_ethernet() && in.len < 14)
		in.len = 14;
	return in;
}

/* ------------------------------------------------------------------------------------ judgement */

static bool differ(const char *what, unsigned long is, unsigned long should)
{
	if (is == should)
		return false;
	printf("# %s is %lu, not %lu\n", what, is, should);
	return true;
}

static bool differs(const struct parse_input *in, const struct parsed *is,
		    const struct parsed *should)
{
	bool counts = should->state == PARSE_SEEN || should->state == PARSE_HIDDEN;
	bool no = differ("state", is->state, should->state);

	if (!counts || no)
		return no;
#define FIELD(name) no = differ(#name, is->name, should->name) || no
	FIELD(whole);
	if (!in->bare)
		FIELD(bad_sum);
	FIELD(ipv6);
	FIELD(fragment);
	FIELD(later);
	FIELD(df);
	FIELD(onward);
	FIELD(on_link);
	FIELD(ports);
	FIELD(unseen);
	FIELD(l3);
	FIELD(len);
	FIELD(total);
	FIELD(hlen);
	FIELD(tos);
	FIELD(checksum);
	FIELD(proto);
	FIELD(shown);
	FIELD(names);
	FIELD(beyond);
	if (!should->beyond) {
		FIELD(front);
		FIELD(front_names);
		FIELD(behind);
	}
#undef FIELD
	no = differ("src", (unsigned long)memcmp(is->src, should->src, 16), 0) || no;
	no = differ("dst", (unsigned long)memcmp(is->dst, should->dst, 16), 0) || no;
	no = differ("upper", (unsigned long)memcmp(is->upper, should->upper, should->shown), 0) ||
	     no;
	return no;
}

static void tell(const struct parse_input *in)
{
	printf("# %u octets:", in->len);
	for (unsigned int i = 0; i < PARSE_HEAD && i < in->len; i++)
		printf(i % 4 ? "%02x" : " %02x", in->head[i]);
	printf("\n");
}

/* What has been seen, so that a generator that makes nothing of a kind is noticed. */
struct seen {
	unsigned int states[PARSE_SEEN + 1];
	unsigned int onward, on_link, later, ports, unseen, options, deep, inside, beyond, bare;
};

static void note(struct seen *seen, const struct parse_input *in, const struct parsed *p)
{
	seen->states[p->state]++;
	seen->onward += p->onward;
	seen->on_link += p->on_link;
	seen->later += p->ipv6 && p->later;
	seen->ports += p->ipv6 && p->ports && p->hlen > 40;
	seen->unseen += p->unseen;
	seen->options += !p->ipv6 && p->hlen > 20 && p->ports;
	seen->inside += p->state == PARSE_SEEN && p->front != p->hlen;
	seen->beyond += p->state == PARSE_SEEN && p->beyond;
	seen->bare += in->bare && p->ports;
	seen->deep += p->ipv6 && p->state == PARSE_SEEN && p->hlen >= 80;
}

static bool all_seen(const struct seen *s)
{
	bool tags = s->states[PARSE_OTHER] > 100 && s->states[PARSE_TAGS] > 100;

	return (tags || !parse_dut_ethernet()) && s->states[PARSE_BAD] > 1000 &&
	       s->states[PARSE_HIDDEN] > 1000 && s->states[PARSE_SEEN] > 1000 && s->onward > 100 &&
	       s->on_link > 1000 && s->later > 100 && s->ports > 1000 && s->unseen > 1000 &&
	       s->options > 1000 && s->deep > 100 && s->inside > 1000 && s->beyond > 100 &&
	       (s->bare > 1000 || parse_dut_ethernet());
}

/* ---------------------------------------------------------------------------------------- tests */

static bool run(unsigned int gaps, struct seen *seen)
{
	static struct parse_input inputs[ROOM];
	struct parse_dut *dut = parse_dut_new();
	uint32_t sent = 0, answered = 0, number;
	unsigned int cycle = 0, entered[ROOM];
	struct parsed is, should;
	bool ok = true;

	while (ok && answered < HEADS) {
		const struct parse_input *in = NULL;

		if (sent < HEADS && !(gaps && below(gaps))) {
			inputs[sent % ROOM] = a_head();
			entered[sent % ROOM] = cycle;
			in = &inputs[sent++ % ROOM];
		}
		cycle++;
		if (!parse_dut_cycle(dut, in, sent - 1, &is, &number))
			continue;
		should = parse_reference(&inputs[answered % ROOM], parse_dut_ethernet());
		ok = !differ("number", number, answered) &&
		     !differs(&inputs[answered % ROOM], &is, &should) &&
		     !differ("latency", cycle - entered[answered % ROOM], PARSE_LATENCY);
		if (!ok)
			tell(&inputs[answered % ROOM]);
		note(seen, &inputs[answered % ROOM], &should);
		answered++;
	}
	parse_dut_cycle(dut, NULL, 0, &is, &number);
	ok = ok && !parse_dut_busy(dut);
	parse_dut_free(dut);
	return ok;
}

int main(int argc, char **argv)
{
	struct seen seen = {0};
	unsigned int failed = 0;
	bool ok;

	state = argc > 1 ? strtoull(argv[1], NULL, 0) : (uint64_t)time(NULL);
	printf("TAP version 13\n1..3\n# seed=%llu\n", (unsigned long long)state);
	ok = run(0, &seen);
	failed += !ok;
	printf("%sok 1 - a head in every cycle is read as octet by octet\n", ok ? "" : "not ");
	ok = run(3, &seen);
	failed += !ok;
	printf("%sok 2 - so are heads with gaps between them\n", ok ? "" : "not ");
	ok = all_seen(&seen);
	failed += !ok;
	printf("%sok 3 - there were heads of all kinds\n", ok ? "" : "not ");
	return failed != 0;
}
