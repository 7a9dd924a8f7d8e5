// SPDX-License-Identifier: BSD-2-Clause
/*
 * Every form with packets of every size and everything that can be wrong with them: each of these
 * points is hit, in random order, and after them random ones until there were as many packets as
 * PACKETS says.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/chip/traffic.h"
#include "tests/rtl/ipsec/ipsec_tests.h"

#define PACKETS 20000
#define SETTLE 250 /* packets at once */
#define FORMS 24   /* three kinds, two modes, two families, with and without ESN */
#define BEGIN 9000 /* numbers of inbound SAs: what lies left of the window there is */

enum kind { GCM, GMAC, AH };

/* What is wrong with a packet from the wire, two ways of repeating its number, and that it is of
 * the other protocol, whose SPIs are others. */
#define AGAIN ESP_FAULTS
#define OLD (ESP_FAULTS + 1)
#define OTHER (ESP_FAULTS + 2)
#define FAULTS (ESP_FAULTS + 3)

static const struct {
	const char *name;
	uint32_t least, most; /* octets of payload */
} sizes[] = {
	{"none", 0, 0},	     {"a block", 1, 16},    {"a beat", 17, 64},
	{"beats", 65, 1500}, {"large", 1501, 8800},
};

#define SIZES (sizeof(sizes) / sizeof(sizes[0]))
#define POINTS (FORMS * SIZES * FAULTS)
#define OUTCOMES (RVL_DROP_COUNT + 1)
#define PASSED RVL_DROP_COUNT /* unchanged */

struct mixed {
	struct bench *b;
	struct random r;
	struct rvl_sa_params in[FORMS], out[FORMS];
	uint64_t top[FORMS];  /* highest number sent */
	uint64_t seen[FORMS]; /* of the last authentic packet */
	uint32_t spi;
	unsigned int order[POINTS];
	uint64_t inbound[FORMS][SIZES][FAULTS][OUTCOMES];
	uint64_t outbound[FORMS][SIZES];
	struct frame frame;
	uint8_t inner[FRAME_ROOM];
};

static enum kind kind_of(unsigned int form)
{
	return (enum kind)(form / 8);
}

static bool is_transport(unsigned int form)
{
	return form & 1;
}

static bool is_ipv6(unsigned int form)
{
	return form & 2;
}

static bool is_esn(unsigned int form)
{
	return form & 4;
}

/* What becomes of it; PADDING and TRAILER are one to the block. */
static unsigned int outcome_of(unsigned int form, unsigned int fault)
{
	const bool ah = kind_of(form) == AH, tunnel = !is_transport(form);

	switch (fault) {
	case ESP_BAD_ICV:
		return RVL_DROP_ICV;
	case ESP_BAD_CHECKSUM:
		return is_ipv6(form) ? RVL_DROP_NONE : RVL_DROP_CHECKSUM;
	case ESP_BAD_LENGTH:
		return RVL_DROP_MALFORMED;
	case ESP_BAD_PADDING:
		return ah ? RVL_DROP_NONE : RVL_DROP_PADDING;
	case ESP_BAD_NEXT_HEADER:
		return tunnel ? RVL_DROP_TRAILER : RVL_DROP_NONE;
	case ESP_DUMMY:
		return ah ? RVL_DROP_NONE : RVL_DROP_DUMMY;
	case ESP_BAD_INNER:
		return tunnel ? RVL_DROP_INNER : RVL_DROP_NONE;
	case ESP_BAD_ECN:
		return tunnel ? RVL_DROP_ECN : RVL_DROP_NONE;
	case ESP_FRAGMENT:
	case OTHER:
		return PASSED;
	case AGAIN:
		return RVL_DROP_REPLAY;
	case OLD: /* of numbers of 64 bits it is taken for one far ahead (RFC 4303, appendix A2.2)
		   */
		return is_esn(form) ? RVL_DROP_ICV : RVL_DROP_WINDOW;
	default:
		return RVL_DROP_NONE;
	}
}

static bool is_authentic(unsigned int outcome)
{
	return outcome == RVL_DROP_NONE || outcome == RVL_DROP_TRAILER ||
	       outcome == RVL_DROP_PADDING || outcome == RVL_DROP_DUMMY ||
	       outcome == RVL_DROP_INNER || outcome == RVL_DROP_ECN;
}

/* Its like in the other protocol. */
static struct rvl_sa_params other_of(const struct rvl_sa_params *params)
{
	struct rvl_sa_params p = *params;

	if (p.protocol == RVL_PROTOCOL_ESP) {
		traffic_sa_ah(&p);
		return p;
	}
	p.protocol = RVL_PROTOCOL_ESP;
	p.encr = IKE_ENCR_AES_GCM_16;
	p.encr_key_len = p.integ_key_len;
	memcpy(p.encr_key, p.integ_key, p.integ_key_len);
	p.integ = IKE_INTEG_NONE;
	p.integ_key_len = 0;
	return p;
}

static struct rvl_sa_params a_form(struct mixed *m, enum rvl_direction direction, unsigned int form)
{
	static const uint16_t gcm[] = {IKE_ENCR_AES_GCM_16, IKE_ENCR_AES_GCM_12, IKE_ENCR_AES_GCM_8,
				       IKE_ENCR_AES_GCM_16_IIV};
	struct rvl_sa_params p;

	traffic_sa(&m->r, &p, direction, m->spi++);
	p.encr = gcm[random_below(&m->r, 4)];
	p.first_seq = direction == RVL_INBOUND ? BEGIN + 1 : 1 + random_below(&m->r, 1000);
	if (is_ipv6(form))
		traffic_sa_ipv6(&m->r, &p);
	if (is_transport(form))
		traffic_sa_transport(&p);
	if (is_esn(form)) {
		p.esn = true;
		p.first_seq =
			((uint64_t)(1 + random_below(&m->r, 1000)) << 32) - random_below(&m->r, 60);
	}
	if (kind_of(form) == GMAC)
		traffic_sa_gmac(&p);
	if (kind_of(form) == AH)
		traffic_sa_ah(&p);
	return p;
}

static void put_in(struct mixed *m, unsigned int form)
{
	m->in[form] = a_form(m, RVL_INBOUND, form);
	m->out[form] = a_form(m, RVL_OUTBOUND, form);
	m->top[form] = m->in[form].first_seq - 1;
	bench_sa_add(m->b, (uint16_t)(form * 31), &m->in[form]);
	bench_sa_add(m->b, (uint16_t)(1023 - form * 17), &m->out[form]);
}

static size_t a_packet(struct mixed *m, uint8_t *p, bool ipv6, bool bare, size_t payload)
{
	return ipv6 ? traffic_ipv6(&m->r, p, payload, m->spi, bare)
		    : traffic_ipv4(&m->r, p, payload, m->spi, bare);
}

static size_t a_size(struct mixed *m, unsigned int size)
{
	return sizes[size].least + random_below(&m->r, sizes[size].most - sizes[size].least + 1);
}

static void receive(struct mixed *m, unsigned int form, unsigned int size, unsigned int fault)
{
	const struct rvl_sa_params *p = &m->in[form];
	uint64_t seq = m->top[form] + 1;
	struct rvl_engine_result result;
	struct rvl_sa_params other;
	unsigned int outcome;
	size_t len = a_size(m, size);

	if (is_transport(form))
		random_fill(&m->r, m->inner, len);
	else
		len = a_packet(m, m->inner, random_one_in(&m->r, 2), false, len);
	if (fault == AGAIN)
		seq = m->seen[form];
	else if (fault == OLD)
		seq = m->seen[form] - p->replay_window - random_below(&m->r, 1000);
	else
		m->top[form] = seq += random_one_in(&m->r, 8) ? random_below(&m->r, 100) : 0;
	/* On arrival the window says which number it has: for that it is to be as the model's is.
	 */
	if (fault == OLD && is_esn(form))
		bench_settle(m->b);
	if (fault == OTHER)
		other = other_of(p);
	traffic_esp(&m->r, &m->frame, fault == OTHER ? &other : p, seq, m->inner, len,
		    fault != OTHER && p->encap && random_one_in(&m->r, 2),
		    fault < ESP_FAULTS ? (enum esp_fault)fault : ESP_GOOD);
	result = bench_rx(m->b, frame_data(&m->frame), m->frame.len);
	outcome = result.verdict == RVL_ENGINE_PASS ? PASSED : result.drop;
	m->inbound[form][size][fault][outcome]++;
	if (outcome != outcome_of(form, fault))
		bench_fail(m->b, __FILE__, __LINE__, "form %u, %s, fault %u: %u, not %u", form,
			   sizes[size].name, fault, outcome, outcome_of(form, fault));
	if (is_authentic(outcome))
		m->seen[form] = seq;
}

static void transmit(struct mixed *m, unsigned int form, unsigned int size)
{
	const bool ipv6 = is_transport(form) ? is_ipv6(form) : random_one_in(&m->r, 2);
	size_t l2 = traffic_ethernet(&m->r, frame_data(&m->frame), ipv6 ? 0x86dd : 0x0800, true);
	uint8_t *ip = frame_data(&m->frame) + l2;
	struct rvl_engine_result result;

	m->frame.len = l2 + a_packet(m, ip, ipv6, is_transport(form) && kind_of(form) == AH,
				     a_size(m, size));
	result = bench_tx(m->b, frame_data(&m->frame), m->frame.len, 1023 - (int)form * 17);
	if (result.verdict == RVL_ENGINE_DONE)
		m->outbound[form][size]++;
}

static void shuffle(struct mixed *m)
{
	for (unsigned int i = 0; i < POINTS; i++) {
		unsigned int other = random_below(&m->r, i + 1);

		m->order[i] = m->order[other];
		m->order[other] = i;
	}
}

/* The first packet of each has a number that may come again. */
static void start(struct mixed *m, unsigned int form)
{
	put_in(m, form);
	receive(m, form, 1, ESP_GOOD);
	transmit(m, form, 1);
}

/* Its SAs go, and others with other keys come to their places. */
static void replace(struct mixed *m, unsigned int form)
{
	bench_sa_delete(m->b, true, (uint16_t)(form * 31));
	bench_sa_delete(m->b, false, (uint16_t)(1023 - form * 17));
	start(m, form);
}

static void count_points(struct mixed *m)
{
	unsigned int hit = 0, sent = 0;

	for (unsigned int form = 0; form < FORMS; form++)
		for (unsigned int size = 0; size < SIZES; size++) {
			for (unsigned int fault = 0; fault < FAULTS; fault++)
				hit += m->inbound[form][size][fault][outcome_of(form, fault)] != 0;
			sent += m->outbound[form][size] != 0;
		}
	printf("# %u of %u points of form, size and fault received, %u of %u of form and size "
	       "sent\n",
	       hit, (unsigned int)POINTS, sent, (unsigned int)(FORMS * SIZES));
	CHECK_EQ(m->b, hit, POINTS);
	CHECK_EQ(m->b, sent, FORMS * SIZES);
}

void every_form_meets_every_size_and_every_fault(struct bench *b)
{
	const char *given = getenv("PACKETS");
	unsigned long packets = given ? strtoul(given, NULL, 0) : PACKETS;
	struct mixed *m = calloc(1, sizeof(*m));

	if (!m)
		abort();
	m->b = b;
	m->r.state = (uint64_t)peer_u32(&b->random) << 32 | peer_u32(&b->random);
	m->spi = 256;
	shuffle(m);
	for (unsigned int form = 0; form < FORMS; form++)
		start(m, form);
	for (unsigned long i = 0; i < packets / 2 && !b->failed; i++) {
		unsigned int point = i < POINTS ? m->order[i] : random_below(&m->r, POINTS);
		unsigned int form = point % FORMS, size = point / FORMS % SIZES;

		/* Large ones are seldom, once each has been. */
		if (i >= POINTS && size == SIZES - 1 && !random_one_in(&m->r, 8))
			size--;
		receive(m, form, size, point / (FORMS * SIZES));
		transmit(m, (form + 7) % FORMS, size);
		if (i % SETTLE != SETTLE - 1)
			continue;
		bench_settle(b);
		ipsec_dut_set_stalls(b->dut, random_below(&m->r, 60), random_below(&m->r, 60));
		if (i >= POINTS)
			replace(m, random_below(&m->r, FORMS));
	}
	bench_settle(b);
	count_points(m);
	for (unsigned int form = 0; form < FORMS; form++) {
		bench_query(b, true, (uint16_t)(form * 31));
		bench_query(b, false, (uint16_t)(1023 - form * 17));
	}
	free(m);
}
