/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/chip/oracle.h"

#include "tests/chip/traffic.h"

#define SAS 64 /* per direction */
#define RULES 32
#define QUEUE_LOG2 7
#define PAYLOAD_MAX 9000
#define EVENT_TYPES 8
#define MAX_SAS 1024

/* A frame that must come out. */
struct expected {
	uint8_t *data;
	uint32_t len;
	bool decrypted, udp, taken;
	uint32_t sa;
};

struct outbox {
	struct expected *frames;
	size_t count, room;
	size_t first;		/* not taken yet */
	size_t waiting, octets; /* of those */
};

struct live_sa {
	bool live;
	uint32_t index;
	struct rvl_sa_params params;
	uint64_t top;	       /* inbound: highest number sent */
	unsigned int used;     /* the batch of its last packet */
	unsigned int advanced; /* inbound: the batch in which top last moved */
};

struct oracle {
	const struct oracle_options *options;
	struct oracle_report *report;
	struct random random;
	struct chip chip;
	struct rvl_engine *engine;
	struct live_sa out[SAS], in[SAS];
	struct outbox wire[CHIP_QUEUES];
	struct outbox host;
	size_t host_last[CHIP_QUEUES]; /* index of the last one + 1 */
	unsigned int batch;	       /* counts drains */
	bool bare; /* packets have no headers before which the NIC's AH doesn't go */
	uint32_t next_spi;
	uint32_t number;
	uint64_t port_frames,
		port_bytes; /* that the port refuses, which the engine doesn't know of */
	uint16_t events_due[2][MAX_SAS][EVENT_TYPES];
	uint16_t events_seen[2][MAX_SAS][EVENT_TYPES];
	struct frame frame;
	bool ok;
};

static bool RVL_PRINTF(2, 3) differ(struct oracle *o, const char *fmt, ...)
{
	va_list args;

	if (o->ok) {
		va_start(args, fmt);
		vsnprintf(o->report->text, sizeof(o->report->text), fmt, args);
		va_end(args);
	}
	o->ok = false;
	return false;
}

/* -------------------------------------------------------------------------------- frames out */

static void expect(struct outbox *box, const struct expected *e, const uint8_t *data)
{
	struct expected *copy;

	if (box->count == box->room) {
		box->room = box->room ? 2 * box->room : 256;
		box->frames = realloc(box->frames, box->room * sizeof(*box->frames));
		if (!box->frames)
			abort();
	}
	copy = &box->frames[box->count++];
	*copy = *e;
	copy->data = malloc(e->len);
	if (!copy->data)
		abort();
	memcpy(copy->data, data, e->len);
	box->waiting++;
	box->octets += e->len;
}

static void outbox_take(struct outbox *box, size_t at)
{
	free(box->frames[at].data);
	box->frames[at].data = NULL;
	box->frames[at].taken = true;
	box->waiting--;
	box->octets -= box->frames[at].len;
	while (box->first < box->count && box->frames[box->first].taken)
		box->first++;
}

static void outbox_free(struct outbox *box)
{
	size_t i;

	for (i = 0; i < box->count; i++)
		free(box->frames[i].data);
	free(box->frames);
}

static bool same(const struct expected *e, const uint8_t *frame, uint32_t len)
{
	return !e->taken && e->len == len && !memcmp(e->data, frame, len);
}

static void describe(char *text, size_t size, const char *what, const uint8_t *frame, size_t len)
{
	size_t i;
	int n = snprintf(text, size, "%s %zu octets", what, len);

	for (i = 0; i < len && i < 64 && n > 0 && (size_t)n + 3 < size; i++)
		n += snprintf(text + n, size - (size_t)n, i % 4 ? "%02x" : " %02x", frame[i]);
}

static void on_wire(void *ctx, const uint8_t *frame, uint32_t len)
{
	struct oracle *o = ctx;
	const struct expected *nearest = NULL;
	char got[240], want[240] = "nothing";
	unsigned int q;

	for (q = 0; q < CHIP_QUEUES; q++) {
		struct outbox *box = &o->wire[q];

		if (box->first == box->count)
			continue;
		if (same(&box->frames[box->first], frame, len)) {
			outbox_take(box, box->first);
			return;
		}
		if (!nearest || !memcmp(box->frames[box->first].data, frame, 12))
			nearest = &box->frames[box->first];
	}
	describe(got, sizeof(got), "on the wire:", frame, len);
	if (nearest)
		describe(want, sizeof(want), "expected:", nearest->data, nearest->len);
	differ(o, "%s; %s", got, want);
}

static void on_host(void *ctx, unsigned int queue, const uint8_t *frame,
		    const struct rvl_completion *c)
{
	struct oracle *o = ctx;
	struct outbox *box = &o->host;
	char got[240], want[240] = "nothing";
	size_t i;

	for (i = box->first; i < box->count; i++) {
		const struct expected *e = &box->frames[i];

		if (!same(e, frame, c->len))
			continue;
		if (i + 1 <= o->host_last[queue])
			differ(o, "queue %u: frame %zu received after frame %zu", queue, i,
			       o->host_last[queue] - 1);
		else if (e->decrypted != c->decrypted || e->udp != c->udp || e->sa != c->sa)
			differ(o, "received decrypted %d udp %d sa %u, expected %d %d %u",
			       c->decrypted, c->udp, c->sa, e->decrypted, e->udp, e->sa);
		o->host_last[queue] = i + 1;
		outbox_take(box, i);
		return;
	}
	describe(got, sizeof(got), "at the host:", frame, c->len);
	if (box->first < box->count)
		describe(want, sizeof(want), "expected (or later):", box->frames[box->first].data,
			 box->frames[box->first].len);
	differ(o, "%s; %s", got, want);
}

/* ---------------------------------------------------------------------------------- SAs, rules */

static void due_events(struct oracle *o, const struct live_sa *sa)
{
	static const uint8_t types[] = {
		RVL_EVENT_SOFT_BYTES,	RVL_EVENT_SOFT_PACKETS, RVL_EVENT_HARD_BYTES,
		RVL_EVENT_HARD_PACKETS, RVL_EVENT_SEQ_NEAR_END, RVL_EVENT_SEQ_END,
	};
	bool inbound = sa->params.direction == RVL_INBOUND;
	uint32_t mask =
		rvl_esp_sa_take_events(rvl_engine_sa(o->engine, sa->params.direction, sa->index));
	unsigned int bit;

	for (bit = 0; bit < sizeof(types); bit++)
		o->events_due[inbound][sa->index][types[bit]] += mask >> bit & 1;
}

static bool same_statistics(struct oracle *o, const struct live_sa *sa)
{
	bool inbound = sa->params.direction == RVL_INBOUND;
	const struct rvl_esp_sa *model = rvl_engine_sa(o->engine, sa->params.direction, sa->index);
	const struct rvl_esp_counters c = rvl_esp_sa_counters(model);
	const uint64_t *d = c.drops;
	uint64_t replay = d[RVL_DROP_REPLAY] + d[RVL_DROP_WINDOW];
	/* A dummy packet is well formed. */
	uint64_t format =
		d[RVL_DROP_TRAILER] + d[RVL_DROP_PADDING] + d[RVL_DROP_INNER] + d[RVL_DROP_ECN];
	uint64_t limit = d[RVL_DROP_LIFETIME] + d[RVL_DROP_SEQUENCE];
	struct rvl_dev_error err = {""};
	struct rvl_dev_sa_stats s;

	if (rvl_dev_sa_query(o->chip.dev, inbound, sa->index, &s, &err))
		return differ(o, "%s", err.text);
	if (s.packets == c.packets && s.bytes == c.bytes && s.seq == rvl_esp_sa_seq(model) &&
	    s.drop_icv == d[RVL_DROP_ICV] && s.drop_replay == replay && s.drop_format == format &&
	    s.drop_limit == limit)
		return true;
	return differ(o,
		      "%s SA %u: packets %llu bytes %llu seq %llu icv %llu replay %llu format %llu "
		      "limit %llu,"
		      " expected %llu %llu %llu %llu %llu %llu %llu",
		      inbound ? "inbound" : "outbound", sa->index, (unsigned long long)s.packets,
		      (unsigned long long)s.bytes, (unsigned long long)s.seq,
		      (unsigned long long)s.drop_icv, (unsigned long long)s.drop_replay,
		      (unsigned long long)s.drop_format, (unsigned long long)s.drop_limit,
		      (unsigned long long)c.packets, (unsigned long long)c.bytes,
		      (unsigned long long)rvl_esp_sa_seq(model),
		      (unsigned long long)d[RVL_DROP_ICV], (unsigned long long)replay,
		      (unsigned long long)format, (unsigned long long)limit);
}

static void random_lifetime(struct random *r, struct rvl_sa_params *p)
{
	if (random_one_in(r, 2)) {
		p->lifetime.soft_packets = 1 + random_below(r, 20);
		if (random_one_in(r, 2))
			p->lifetime.hard_packets = p->lifetime.soft_packets + random_below(r, 20);
	} else {
		p->lifetime.soft_bytes = 1 + random_below(r, 20000);
		if (random_one_in(r, 2))
			p->lifetime.hard_bytes = p->lifetime.soft_bytes + random_below(r, 20000);
	}
}

static bool add_sa(struct oracle *o, struct live_sa *sa, enum rvl_direction direction)
{
	struct random *r = &o->random;
	struct rvl_dev_error err = {""};
	struct rvl_dev_sa dev_sa;

	traffic_sa(r, &sa->params, direction, o->next_spi++);
	if (random_one_in(r, 3))
		traffic_sa_ipv6(r, &sa->params);
	if (random_one_in(r, 3))
		traffic_sa_transport(&sa->params);
	if (random_one_in(r, 3))
		sa->params.encr = random_one_in(r, 2) ? IKE_ENCR_AES_GCM_8 : IKE_ENCR_AES_GCM_12;
	if (random_one_in(r, 6))
		sa->params.encr = IKE_ENCR_AES_GCM_16_IIV;
	if (random_one_in(r, 5))
		traffic_sa_gmac(&sa->params);
	if (random_one_in(r, 4) &&
	    (o->bare || direction == RVL_INBOUND || sa->params.mode == RVL_TUNNEL))
		traffic_sa_ah(&sa->params);
	if (random_one_in(r, 4))
		random_lifetime(r, &sa->params);
	if (random_one_in(r, 3)) {
		sa->params.esn = true;
		sa->params.first_seq =
			((uint64_t)(1 + random_below(r, 100)) << 32) - random_below(r, 60);
	}
	if (direction == RVL_OUTBOUND && random_one_in(r, 12))
		sa->params.first_seq = rvl_sa_last_seq(&sa->params) - random_below(r, 20);
	else if (direction == RVL_OUTBOUND && random_one_in(r, 12))
		sa->params.first_seq = rvl_sa_soon_seq(&sa->params) - random_below(r, 10);
	sa->top = direction == RVL_INBOUND && sa->params.esn ? sa->params.first_seq - 1 : 0;
	sa->used = o->batch - 1;
	sa->advanced = o->batch - 1;
	dev_sa = traffic_dev_sa(&sa->params);
	if (rvl_dev_sa_add(o->chip.dev, &dev_sa, &sa->index, &err))
		return differ(o, "%s", err.text);
	if (rvl_engine_sa_add(o->engine, sa->index, &sa->params, 0))
		return differ(o, "the engine refuses an SA");
	sa->live = true;
	o->report->sa_changes++;
	return true;
}

static bool delete_sa(struct oracle *o, struct live_sa *sa)
{
	bool inbound = sa->params.direction == RVL_INBOUND;
	struct rvl_dev_error err = {""};

	if (!same_statistics(o, sa))
		return false;
	due_events(o, sa);
	if (rvl_dev_sa_delete(o->chip.dev, inbound, sa->index, &err))
		return differ(o, "%s", err.text);
	rvl_engine_sa_delete(o->engine, sa->params.direction, sa->index);
	sa->live = false;
	o->report->sa_changes++;
	return true;
}

/* Delete or install one whose own packets are not in flight; other SAs' are. */
static bool change_sa(struct oracle *o)
{
	struct random *r = &o->random;
	bool inbound = random_one_in(r, 2);
	struct live_sa *sa = &(inbound ? o->in : o->out)[random_below(r, SAS)];

	if (sa->used == o->batch)
		return true;
	if (!sa->live)
		return add_sa(o, sa, inbound ? RVL_INBOUND : RVL_OUTBOUND);
	return delete_sa(o, sa) && (random_one_in(r, 3) || add_sa(o, sa, sa->params.direction));
}

/* Of what traffic_ipv4() or traffic_ipv6() has there. */
static struct rvl_prefix prefix(struct random *r, bool ipv6, uint32_t base)
{
	static const uint8_t head[16] = {0x20, 0x01, 0x0d, 0xb8};
	uint8_t len = (uint8_t)random_below(r, 17);
	uint32_t number = base | random_below(r, 1 << 24);
	struct rvl_addr address = rvl_addr_of_ipv4(number);

	if (!ipv6)
		return rvl_prefix_of(&address, len);
	address = rvl_addr_of_ipv6(head);
	rvl_put_be32(address.octets + 12, number);
	return rvl_prefix_of(&address, len ? len + 96 : 0);
}

static void port_range(struct random *r, uint16_t *first, uint16_t *last)
{
	*first = 0;
	*last = 65535;
	if (!random_one_in(r, 3))
		return;
	*first = (uint16_t)random_below(r, 40000);
	*last = (uint16_t)(*first + random_below(r, 25000));
}

static bool set_rule(struct oracle *o, uint32_t index)
{
	struct random *r = &o->random;
	struct rvl_dev_error err = {""};
	struct rvl_dev_policy d = {0};
	struct rvl_policy p = {.selector = rvl_selector_any(4)};
	struct rvl_selector *s = &p.selector;
	bool ipv6 = random_one_in(r, 2);

	p.priority = random_below(r, 8);
	p.action = (enum rvl_action)(1 + random_below(r, 3));
	/* One of queue pair 0's, or an index where no SA is. */
	p.sa = random_one_in(r, 8) ? MAX_SAS - 1 : o->out[random_below(r, SAS / 4) * 4].index;
	s->src = prefix(r, ipv6, 0x0a000000);
	s->dst = prefix(r, ipv6, 0x0b000000);
	s->any_protocol = random_one_in(r, 2);
	s->protocol = s->any_protocol ? 0 : random_one_in(r, 2) ? 6 : 17;
	port_range(r, &s->src_port_first, &s->src_port_last);
	port_range(r, &s->dst_port_first, &s->dst_port_last);

	d.action = (uint8_t)p.action;
	d.ipv6 = ipv6;
	d.any_proto = s->any_protocol;
	d.proto = s->protocol;
	d.priority = p.priority;
	memcpy(d.src, s->src.address.octets, sizeof(d.src));
	memcpy(d.dst, s->dst.address.octets, sizeof(d.dst));
	d.src_len = s->src.len;
	d.dst_len = s->dst.len;
	d.sa = p.sa;
	d.sport_lo = s->src_port_first;
	d.sport_hi = s->src_port_last;
	d.dport_lo = s->dst_port_first;
	d.dport_hi = s->dst_port_last;
	if (p.action != RVL_PROTECT)
		p.sa = 0;
	if (rvl_dev_policy_set(o->chip.dev, &d, &index, &err))
		return differ(o, "%s", err.text);
	if (rvl_engine_policy_set(o->engine, index, &p))
		return differ(o, "the engine refuses a policy");
	return true;
}

/* -------------------------------------------------------------------------------------- transmit
 */

/* An SA of this queue pair, live or not. */
static struct live_sa *queue_sa(struct oracle *o, unsigned int q)
{
	return &o->out[random_below(&o->random, SAS / CHIP_QUEUES) * CHIP_QUEUES + q];
}

static void spoil_ip(struct random *r, uint8_t *ip, size_t len)
{
	const size_t total = ip[0] >> 4 == 6 ? 4 : 2;

	switch (random_below(r, 4)) {
	case 0:
		ip[0] = (uint8_t)(0x40 | random_below(r, 5));
		break;
	case 1:
		ip[0] = (uint8_t)(random_below(r, 16) << 4 | 5);
		/* The NIC mends the checksum that there is, the engine makes a new one. */
		if (ip[0] == 0x45) {
			rvl_put_be16(ip + 10, 0);
			rvl_put_be16(ip + 10, rvl_ip_checksum(ip, 20));
		}
		break;
	case 2:
		rvl_put_be16(ip + total, (uint16_t)(len + 1 + random_below(r, 2000)));
		break;
	default:
		rvl_put_be16(ip + total, (uint16_t)random_below(r, 20));
		break;
	}
}

static size_t traffic_ip(struct oracle *o, uint8_t *p, bool ipv6, size_t payload, uint32_t number)
{
	return ipv6 ? traffic_ipv6(&o->random, p, payload, number, o->bare)
		    : traffic_ipv4(&o->random, p, payload, number, o->bare);
}

/* Make a frame; returns the SA that it names. */
static uint32_t make_tx(struct oracle *o, unsigned int q)
{
	struct random *r = &o->random;
	uint32_t number = o->number++;
	uint32_t kind = random_below(r, 100);
	bool ip = kind >= 6, ipv6 = random_one_in(r, 3);
	uint8_t *p = frame_data(&o->frame);
	size_t l2 = traffic_ethernet(r, p, !ip ? 0x0806 : ipv6 ? 0x86dd : 0x0800, true);
	size_t payload = traffic_size(r, number, PAYLOAD_MAX);
	size_t len = traffic_ip(o, p + l2, ipv6, payload, number);
	struct live_sa *sa = queue_sa(o, q);

	o->frame.len = l2 + len;
	if (kind >= 6 && kind < 12)
		spoil_ip(r, p + l2, len);
	/* Octets beyond the packet, as from a minimum-size frame. */
	if (random_one_in(r, 4)) {
		size_t more = random_below(r, 60);

		random_fill(r, p + o->frame.len, more);
		o->frame.len += more;
	}
	/* A header that isn't whole. */
	if (kind >= 12 && kind < 14)
		o->frame.len = l2 + random_below(r, 24);
	if ((q == 0 && kind >= 50) || kind < 4)
		return RVL_NO_SA;
	sa->used = o->batch;
	return sa->index;
}

static bool transmit(struct oracle *o)
{
	unsigned int q = random_below(&o->random, CHIP_QUEUES);
	struct rvl_engine_result result;
	struct rvl_buf buf;
	uint32_t sa;
	size_t i;
	int ret;

	if (!rvl_queue_tx_room(rvl_frame_queue_rings(o->chip.queues[q])))
		return true;
	sa = make_tx(o, q);
	ret = rvl_frame_queue_send(o->chip.queues[q], frame_data(&o->frame), o->frame.len, sa);
	if (ret)
		return differ(o, "the driver refuses a frame of %zu octets (%d)", o->frame.len,
			      ret);
	rvl_queue_kick(rvl_frame_queue_rings(o->chip.queues[q]));
	o->report->tx++;
	buf = frame_buf(&o->frame);
	result = rvl_engine_tx(o->engine, 0, &buf, sa == RVL_NO_SA ? RVL_ENGINE_NO_SA : sa);
	/* The one that a policy chose is in use too. */
	for (i = 0; sa == RVL_NO_SA && i < SAS; i += CHIP_QUEUES) {
		if (o->out[i].live && o->out[i].index == result.sa)
			o->out[i].used = o->batch;
	}
	if (result.verdict != RVL_ENGINE_DROP)
		expect(&o->wire[q], &(struct expected){.len = (uint32_t)buf.len},
		       rvl_buf_data(&buf));
	return true;
}

/* --------------------------------------------------------------------------------------- receive
 */

static bool may_fail(const struct live_sa *sa)
{
	return !sa->params.lifetime.hard_bytes && !sa->params.lifetime.hard_packets;
}

/* What is protected: a packet, in transport mode what it carries; unlike any other. */
static size_t make_text(struct oracle *o, const struct live_sa *sa, uint8_t *text)
{
	struct random *r = &o->random;
	size_t size = traffic_size(r, o->number, PAYLOAD_MAX - 120);

	if (sa->params.mode == RVL_TUNNEL)
		return traffic_ip(o, text, random_one_in(r, 3), size, o->number);
	random_fill(r, text, size);
	if (size >= 12)
		rvl_put_be32(text + 8, o->number);
	return size;
}

static void make_esp(struct oracle *o, struct live_sa *sa)
{
	struct random *r = &o->random;
	static uint8_t inner[FRAME_ROOM];
	size_t len = make_text(o, sa, inner);
	enum esp_fault fault = ESP_GOOD;
	uint64_t seq = sa->top + 1;

	o->number++;
	if (may_fail(sa) && random_one_in(r, 3))
		fault = (enum esp_fault)random_below(r, ESP_FAULTS);
	if (may_fail(sa) && sa->advanced != o->batch && fault == ESP_GOOD && random_one_in(r, 3)) {
		/* Seen, late, or left of the window. */
		seq = sa->top - random_below(r, sa->top < 1500 ? (uint32_t)sa->top + 1 : 1500);
	} else {
		if (random_one_in(r, 8))
			seq += random_below(r, random_one_in(r, 4) ? 3000 : 40);
		sa->top = seq;
		sa->advanced = o->batch;
	}
	sa->used = o->batch;
	traffic_esp(r, &o->frame, &sa->params, seq, inner, len,
		    sa->params.encap && !random_one_in(r, 8), fault);
}

static void make_plain(struct oracle *o)
{
	struct random *r = &o->random;
	uint8_t *p = frame_data(&o->frame);
	bool ipv6 = random_one_in(r, 3);
	size_t l2 = traffic_ethernet(r, p, ipv6 ^ random_one_in(r, 8) ? 0x86dd : 0x0800, true);
	uint32_t number = o->number++;

	o->frame.len =
		l2 + traffic_ip(o, p + l2, ipv6, traffic_size(r, number, PAYLOAD_MAX), number);
	if (random_one_in(r, 4))
		spoil_ip(r, p + l2, o->frame.len - l2);
	if (random_one_in(r, 4) && o->frame.len > 60)
		o->frame.len = 60 + random_below(r, (uint32_t)o->frame.len - 60);
}

/* UDP 4500 that is no ESP: IKE behind a non-ESP marker, or a keepalive (RFC 3948, section 2). */
static void make_ike(struct oracle *o)
{
	struct random *r = &o->random;
	uint8_t *p = frame_data(&o->frame);
	size_t l2 = traffic_ethernet(r, p, 0x0800, false);
	bool keepalive = random_one_in(r, 2);
	size_t len = keepalive ? 1 : 32 + random_below(r, 500);
	uint8_t *ip = p + l2;
	size_t header, total = traffic_ipv4(r, ip, 8 + len, o->number++, false);

	header = (size_t)(ip[0] & 15) * 4;
	rvl_put_be16(ip + 6, 0);
	ip[9] = RVL_IP_PROTO_UDP;
	rvl_put_be16(ip + header + 2, RVL_ESP_PORT);
	rvl_put_be16(ip + header + 4, (uint16_t)(8 + len));
	if (keepalive)
		ip[header + 8] = 0xff;
	else
		memset(ip + header + 8, 0, 4);
	rvl_put_be16(ip + 10, 0);
	rvl_put_be16(ip + 10, rvl_ip_checksum(ip, header));
	o->frame.len = l2 + total;
}

/* Make a frame; true if the port is to refuse it (damaged if *damaged, else too short). */
static bool make_rx(struct oracle *o, bool *damaged)
{
	struct random *r = &o->random;
	uint32_t kind = random_below(r, 100);
	struct live_sa *sa = &o->in[random_below(r, SAS)];
	struct live_sa stranger = *sa;

	*damaged = false;
	if (kind < 12) {
		make_plain(o);
	} else if (kind < 15) {
		make_ike(o);
	} else if (kind < 21 || !sa->live) {
		stranger.params.spi = 0x80000000U | (uint32_t)random_next(r);
		make_esp(o, &stranger);
	} else if (kind < 24) {
		make_esp(o, &stranger);
		o->frame.len = 14 + random_below(r, (uint32_t)o->frame.len - 14);
		sa->used = o->batch;
	} else {
		make_esp(o, sa);
		if (kind < 27) {
			*damaged = true;
			return true;
		}
	}
	if (random_one_in(r, 60))
		o->frame.len = 1 + random_below(r, 13);
	return o->frame.len < 14 || o->frame.len > rvl_dev_caps(o->chip.dev)->max_frame;
}

static bool receive(struct oracle *o)
{
	struct rvl_engine_result result;
	struct rvl_buf buf;
	bool damaged;
	bool refused = make_rx(o, &damaged);

	while (!rvl_sim_rx_room(o->chip.sim)) {
		if (!chip_step(&o->chip, 100))
			return differ(o, "%s", o->chip.text);
	}
	if (rvl_sim_rx(o->chip.sim, frame_data(&o->frame), (uint32_t)o->frame.len, damaged))
		return differ(o, "the wire refuses a frame of %zu octets", o->frame.len);
	o->report->rx++;
	if (refused) {
		o->port_frames++;
		o->port_bytes += o->frame.len;
		return true;
	}
	buf = frame_buf(&o->frame);
	result = rvl_engine_rx(o->engine, 0, &buf);
	if (result.verdict != RVL_ENGINE_DROP) {
		const bool done = result.verdict == RVL_ENGINE_DONE;
		const struct expected e = {
			.len = (uint32_t)buf.len,
			.decrypted = done,
			.udp = done && result.encap,
			.sa = done ? result.sa : RVL_NO_SA,
		};

		expect(&o->host, &e, rvl_buf_data(&buf));
	}
	return true;
}

/* -------------------------------------------------------------------------------------- the run */

static bool take_events(struct oracle *o)
{
	struct rvl_dev_event event;
	int ret;

	while ((ret = rvl_dev_next_event(o->chip.dev, &event)) > 0) {
		if (event.index >= MAX_SAS || event.type >= EVENT_TYPES)
			return differ(o, "event of type %u for index %u", event.type, event.index);
		o->events_seen[event.source][event.index][event.type]++;
		o->report->events++;
	}
	return ret ? differ(o, "%s", rvl_dev_dead(o->chip.dev)) : true;
}

static bool same_counters(struct oracle *o)
{
	static const uint8_t drops[][2] = {
		{RVL_CNT_TX_DROP_MALFORMED, RVL_DROP_MALFORMED},
		{RVL_CNT_TX_DROP_POLICY, RVL_DROP_POLICY},
		{RVL_CNT_TX_DROP_NO_SA, RVL_DROP_NO_SA},
		{RVL_CNT_TX_DROP_SEQ, RVL_DROP_SEQUENCE},
		{RVL_CNT_TX_DROP_LIFETIME, RVL_DROP_LIFETIME},
		{RVL_CNT_TX_DROP_TOO_BIG, RVL_DROP_TOO_BIG},
		{RVL_CNT_TX_DROP_FRAGMENT, RVL_DROP_FRAGMENT},
		{RVL_CNT_RX_DROP_CHECKSUM, RVL_DROP_CHECKSUM},
		{RVL_CNT_RX_DROP_MALFORMED, RVL_DROP_MALFORMED},
		{RVL_CNT_RX_DROP_REPLAY, RVL_DROP_REPLAY},
		{RVL_CNT_RX_DROP_WINDOW, RVL_DROP_WINDOW},
		{RVL_CNT_RX_DROP_ICV, RVL_DROP_ICV},
		{RVL_CNT_RX_DROP_TRAILER, RVL_DROP_TRAILER},
		{RVL_CNT_RX_DROP_TRAILER, RVL_DROP_PADDING},
		{RVL_CNT_RX_DROP_DUMMY, RVL_DROP_DUMMY},
		{RVL_CNT_RX_DROP_INNER, RVL_DROP_INNER},
		{RVL_CNT_RX_DROP_ECN, RVL_DROP_ECN},
		{RVL_CNT_RX_DROP_LIFETIME, RVL_DROP_LIFETIME},
	};
	const struct rvl_engine_counters *e = rvl_engine_counters(o->engine);
	uint64_t want[RVL_CNT_NUM] = {0};
	uint64_t *got = o->report->counters;
	uint64_t tx_sum = 0;
	uint64_t rx_sum = 0;
	char text[400];
	size_t n = 0;
	unsigned int i;

	want[RVL_CNT_TX_FRAMES] = e->tx_frames;
	want[RVL_CNT_TX_BYTES] = e->tx_bytes;
	want[RVL_CNT_TX_BYPASS] = e->tx_bypass;
	want[RVL_CNT_TX_PROTECTED] = e->tx_protected;
	want[RVL_CNT_RX_FRAMES] = e->rx_frames + o->port_frames;
	want[RVL_CNT_RX_BYTES] = e->rx_bytes + o->port_bytes;
	want[RVL_CNT_RX_PASS] = e->rx_pass;
	want[RVL_CNT_RX_DECRYPTED] = e->rx_decrypted;
	want[RVL_CNT_RX_SA_MISS] = e->rx_sa_miss;
	want[RVL_CNT_RX_FRAGMENT] = e->rx_fragment;
	want[RVL_CNT_RX_DROP_PORT] = o->port_frames;
	for (i = 0; i < sizeof(drops) / sizeof(drops[0]); i++)
		want[drops[i][0]] += strncmp(rvl_counter_name(drops[i][0]), "tx", 2)
					     ? e->rx_drops[drops[i][1]]
					     : e->tx_drops[drops[i][1]];
	if (rvl_dev_counters(o->chip.dev, got))
		return differ(o, "%s", rvl_dev_dead(o->chip.dev));
	for (i = 0; i < RVL_CNT_NUM; i++) {
		if (got[i] != want[i] && n < sizeof(text))
			n += (size_t)snprintf(text + n, sizeof(text) - n, " %s is %llu not %llu",
					      rvl_counter_name(i), (unsigned long long)got[i],
					      (unsigned long long)want[i]);
		if (!strncmp(rvl_counter_name(i), "tx_drop", 7))
			tx_sum += got[i];
		if (!strncmp(rvl_counter_name(i), "rx_drop", 7))
			rx_sum += got[i];
	}
	if (n)
		return differ(o, "counters differ:%s", text);
	if (got[RVL_CNT_TX_FRAMES] != got[RVL_CNT_TX_BYPASS] + got[RVL_CNT_TX_PROTECTED] + tx_sum ||
	    got[RVL_CNT_RX_FRAMES] != got[RVL_CNT_RX_PASS] + got[RVL_CNT_RX_DECRYPTED] + rx_sum)
		return differ(o, "counters do not add up");
	return true;
}

static bool outboxes_empty(struct oracle *o)
{
	char want[240];
	unsigned int q;

	for (q = 0; q <= CHIP_QUEUES; q++) {
		struct outbox *box = q < CHIP_QUEUES ? &o->wire[q] : &o->host;

		if (box->first == box->count)
			continue;
		/* A counter that differs says more. */
		if (!same_counters(o))
			return false;
		describe(want, sizeof(want), q < CHIP_QUEUES ? "never sent:" : "never received:",
			 box->frames[box->first].data, box->frames[box->first].len);
		return differ(o, "%s", want);
	}
	return true;
}

static bool drain(struct oracle *o)
{
	if (!chip_drain(&o->chip))
		return differ(o, "%s", o->chip.text);
	o->batch++;
	return take_events(o) && o->ok && outboxes_empty(o);
}

static bool same_events(struct oracle *o)
{
	unsigned int dir, index, type;

	for (dir = 0; dir < 2; dir++) {
		for (index = 0; index < MAX_SAS; index++) {
			for (type = 0; type < EVENT_TYPES; type++) {
				if (o->events_seen[dir][index][type] !=
				    o->events_due[dir][index][type])
					return differ(
						o, "%s SA %u: event \"%s\" %u times, expected %u",
						dir ? "inbound" : "outbound", index,
						rvl_event_name((uint8_t)type),
						o->events_seen[dir][index][type],
						o->events_due[dir][index][type]);
			}
		}
	}
	return true;
}

static bool start(struct oracle *o)
{
	const struct rvl_dev_caps *caps;
	struct rvl_engine_config config;
	unsigned int i;

	o->chip.max_payload = o->options->max_payload;
	o->chip.max_read = o->options->max_read;
	o->chip.rcb128 = o->options->rcb128;
	if (!chip_open(&o->chip, &o->options->sim, QUEUE_LOG2))
		return differ(o, "%s", o->chip.text);
	caps = rvl_dev_caps(o->chip.dev);
	if (caps->outbound_sas > MAX_SAS || caps->inbound_sas > MAX_SAS || caps->policies < RULES)
		return differ(o, "this test knows at most %u SAs", MAX_SAS);
	if (rvl_dev_set_port_max_frame(o->chip.dev, o->options->port_max_frame))
		return differ(o, "PORT_MAX_FRAME of %u refused", o->options->port_max_frame);
	config = (struct rvl_engine_config){
		.ipv6 = true,
		.ah = true,
		.outbound_sas = caps->outbound_sas,
		.inbound_sas = caps->inbound_sas,
		.policies = caps->policies,
		.max_frame = (uint16_t)o->options->port_max_frame,
	};
	o->engine = rvl_engine_new(&config);
	if (!o->engine)
		abort();
	for (i = 0; i < SAS; i++) {
		/* Distinct and spread: 5 is prime to the size of the table. */
		o->out[i].index = (uint16_t)(i * 5 % (caps->outbound_sas - 1U));
		o->in[i].index = (uint16_t)(i * 7 % (caps->inbound_sas - 1U));
		if (!add_sa(o, &o->out[i], RVL_OUTBOUND) || !add_sa(o, &o->in[i], RVL_INBOUND))
			return false;
	}
	for (i = 0; i < RULES; i++) {
		if (!set_rule(o, (uint16_t)i))
			return false;
	}
	return true;
}

/* As much as the chip can hold while this host is slow: more would be dropped, and rightly. */
static bool enough_in_flight(const struct oracle *o)
{
	return o->host.waiting >= o->options->in_flight_frames ||
	       o->host.octets >= o->options->in_flight_octets;
}

static bool traffic(struct oracle *o)
{
	struct random *r = &o->random;

	while (o->ok && o->report->tx + o->report->rx < o->options->packets) {
		uint32_t what = random_below(r, 100);
		bool ok = true;

		if (what < 45)
			ok = transmit(o);
		else if (what < 90)
			ok = receive(o);
		else if (what < 97)
			ok = chip_step(&o->chip, random_below(r, 600)) ||
			     differ(o, "%s", o->chip.text);
		else if (what < 99)
			ok = change_sa(o);
		else
			ok = drain(o) && (!random_one_in(r, 4) ||
					  set_rule(o, (uint16_t)random_below(r, RULES)));
		while (ok && o->ok && enough_in_flight(o))
			ok = chip_step(&o->chip, 100) || differ(o, "%s", o->chip.text);
		if (!ok)
			return false;
	}
	return o->ok;
}

static bool finish(struct oracle *o)
{
	unsigned int i;

	if (!drain(o))
		return false;
	for (i = 0; i < SAS; i++) {
		if ((o->out[i].live && !delete_sa(o, &o->out[i])) ||
		    (o->in[i].live && !delete_sa(o, &o->in[i])))
			return false;
	}
	return take_events(o) && same_events(o) && same_counters(o);
}

bool oracle_run(const struct oracle_options *options, struct oracle_report *report)
{
	struct oracle *o = calloc(1, sizeof(*o));
	struct rvl_sim_stats stats;
	unsigned int i;
	bool ok;

	if (!o)
		abort();
	memset(report, 0, sizeof(*report));
	o->options = options;
	o->report = report;
	o->random.state = options->seed;
	o->ok = true;
	o->batch = 1;
	o->next_spi = 256;
	o->bare = options->seed % 2;
	o->bare = options->seed % 2;
	o->chip.on_wire = on_wire;
	o->chip.on_host = on_host;
	o->chip.ctx = o;

	ok = start(o) && traffic(o) && finish(o);
	if (!ok && o->chip.dev)
		rvl_dev_counters(o->chip.dev, report->counters);
	if (o->chip.sim) {
		rvl_sim_stats(o->chip.sim, &stats);
		report->cycles = stats.cycles;
		if (ok && (stats.pcie.violations || stats.wire_violations ||
			   stats.pcie.bad_writes || stats.pcie.bad_reads))
			ok = differ(o, "the chip broke rules of PCIe or of the wire: %s",
				    o->chip.log);
	}
	/* What is left in the outboxes isn't to be judged while the chip is switched off. */
	o->chip.on_wire = NULL;
	o->chip.on_host = NULL;
	chip_close(&o->chip);
	rvl_engine_free(o->engine);
	for (i = 0; i < CHIP_QUEUES; i++)
		outbox_free(&o->wire[i]);
	outbox_free(&o->host);
	free(o);
	return ok;
}
