/* SPDX-License-Identifier: BSD-2-Clause */
/* The model of a driver: rings in host memory, and a check of all that the device writes there. */
#include <string.h>

#include "tests/rtl/queue/queue_bench.h"

#define TX_DESC sizeof(struct rvl_tx_desc)
#define RX_DESC sizeof(struct rvl_rx_desc)
#define CQ_ENTRY sizeof(struct rvl_cq_entry)
#define CMD sizeof(struct rvl_cmd)
#define CMD_CPL sizeof(struct rvl_cmd_cpl)
#define EVENT sizeof(struct rvl_event)

static unsigned int stride(unsigned int log2)
{
	return BUFFERS_SIZE >> log2;
}

void pair_open(struct bench *b, unsigned int q, unsigned int tx_log2, unsigned int rx_log2,
	       unsigned int cq_log2)
{
	struct pair *p = &b->pair[q];
	struct pair fresh = {
		.on = true, .tx_log2 = tx_log2, .rx_log2 = rx_log2, .cq_log2 = cq_log2};

	if (!p->tx_ring) {
		p->tx_ring = host_alloc(b, TX_DESC * RING_MAX, 64, 0);
		p->rx_ring = host_alloc(b, RX_DESC * RING_MAX, 64, 0);
		p->cq_ring = host_alloc(b, CQ_ENTRY * RING_MAX * 2, 64, 0);
		p->tx_buffers = host_alloc(b, BUFFERS_SIZE, 1, 0);
		p->rx_buffers = host_alloc(b, BUFFERS_SIZE, 1, 0);
	}
	fresh.tx_ring = p->tx_ring;
	fresh.rx_ring = p->rx_ring;
	fresh.cq_ring = p->cq_ring;
	fresh.tx_buffers = p->tx_buffers;
	fresh.rx_buffers = p->rx_buffers;
	fresh.tx_serial = p->tx_serial;
	fresh.htx_serial = p->htx_serial;
	fresh.hrx_serial = p->hrx_serial;
	memcpy(fresh.sent, p->sent, sizeof(fresh.sent));
	*p = fresh;
	host_perm(b, p->tx_ring, TX_DESC << tx_log2, PERM_READ);
	host_perm(b, p->rx_ring, RX_DESC << rx_log2, PERM_READ);
	host_perm(b, p->cq_ring, CQ_ENTRY << cq_log2, PERM_WRITE);
	memset(host_ptr(b, p->cq_ring), 0, CQ_ENTRY << cq_log2);
	reg_write(b, RVL_REG_TX_BASE_LO(q), (uint32_t)p->tx_ring);
	reg_write(b, RVL_REG_TX_BASE_HI(q), (uint32_t)(p->tx_ring >> 32));
	reg_write(b, RVL_REG_TX_SIZE(q), tx_log2);
	reg_write(b, RVL_REG_RX_BASE_LO(q), (uint32_t)p->rx_ring);
	reg_write(b, RVL_REG_RX_BASE_HI(q), (uint32_t)(p->rx_ring >> 32));
	reg_write(b, RVL_REG_RX_SIZE(q), rx_log2);
	reg_write(b, RVL_REG_CQ_BASE_LO(q), (uint32_t)p->cq_ring);
	reg_write(b, RVL_REG_CQ_BASE_HI(q), (uint32_t)(p->cq_ring >> 32));
	reg_write(b, RVL_REG_CQ_SIZE(q), cq_log2);
	reg_write(b, RVL_REG_Q_CONTROL(q),
		  RVL_PUT(Q_CONTROL_ENABLE, 1) | RVL_PUT(Q_CONTROL_VECTOR, q + 1));
	CHECK_EQ(b, reg_read(b, RVL_REG_Q_CONTROL(q)),
		 RVL_PUT(Q_CONTROL_ENABLE, 1) | RVL_PUT(Q_CONTROL_VECTOR, q + 1));
	CHECK_EQ(b, reg_read(b, RVL_REG_TX_TAIL(q)), 0);
	CHECK_EQ(b, reg_read(b, RVL_REG_TX_HEAD(q)), 0);
	CHECK_EQ(b, reg_read(b, RVL_REG_RX_TAIL(q)), 0);
	CHECK_EQ(b, reg_read(b, RVL_REG_RX_HEAD(q)), 0);
	CHECK_EQ(b, reg_read(b, RVL_REG_CQ_HEAD(q)), 0);
	CHECK_EQ(b, reg_read(b, RVL_REG_CQ_TAIL(q)), 0);
}

void pair_close(struct bench *b, unsigned int q)
{
	struct pair *p = &b->pair[q];
	unsigned int limit = 20000;

	reg_write(b, RVL_REG_Q_CONTROL(q), RVL_PUT(Q_CONTROL_VECTOR, q + 1));
	while (!(reg_read(b, RVL_REG_Q_STATUS(q)) & RVL_Q_STATUS_IDLE_MASK)) {
		pair_poll(b, q, UINT32_MAX);
		if (!limit--)
			bench_fail(b, "pair %u does not come to rest", q);
	}
	host_perm(b, p->tx_ring, TX_DESC << p->tx_log2, 0);
	host_perm(b, p->rx_ring, RX_DESC << p->rx_log2, 0);
	host_perm(b, p->cq_ring, CQ_ENTRY << p->cq_log2, 0);
	host_perm(b, p->tx_buffers, BUFFERS_SIZE, 0);
	host_perm(b, p->rx_buffers, BUFFERS_SIZE, 0);
	pair_poll(b, q, UINT32_MAX);
	CHECK_EQ(b, reg_read(b, RVL_REG_CQ_TAIL(q)), p->cq_head);
	CHECK_EQ(b, reg_read(b, RVL_REG_TX_HEAD(q)), p->tx_done);
	CHECK_EQ(b, reg_read(b, RVL_REG_RX_HEAD(q)), p->rx_done);
	p->on = false;
}

unsigned int pair_tx_room(const struct pair *p)
{
	return (1u << p->tx_log2) - (uint16_t)(p->tx_tail - p->tx_done);
}

unsigned int pair_rx_room(const struct pair *p)
{
	return (1u << p->rx_log2) - (uint16_t)(p->rx_tail - p->rx_done);
}

void pair_tx_put_raw(struct bench *b, unsigned int q, struct rvl_tx_desc d)
{
	struct pair *p = &b->pair[q];
	unsigned int at = p->tx_tail & ((1u << p->tx_log2) - 1);

	CHECK(b, pair_tx_room(p));
	p->tx[at] = (struct tx_slot){.kind = TX_BAD};
	memcpy(host_ptr(b, p->tx_ring + TX_DESC * at), &d, sizeof(d));
	p->tx_tail++;
}

void pair_tx_put(struct bench *b, unsigned int q, unsigned int len, enum tx_kind kind)
{
	struct pair *p = &b->pair[q];
	unsigned int at = p->tx_tail & ((1u << p->tx_log2) - 1);
	struct tx_slot s = {.kind = kind, .len = (uint16_t)len};
	struct rvl_tx_desc d = {.len = rvl_cpu_to_le16((uint16_t)len)};
	struct rvl_tx_ext x = {0};
	uint64_t addr = p->tx_buffers + (uint64_t)at * stride(p->tx_log2);
	uint8_t *data;

	addr += bench_random(b, stride(p->tx_log2) - len);
	data = host_ptr(b, addr);
	s.serial = q << 24 | (++p->tx_serial & 0xffffff);
	s.sa_valid = bench_chance(b, 50);
	s.sa = s.sa_valid ? (uint16_t)(1023 - bench_random(b, 2) * bench_random(b, 1024)) : 0;
	d.addr = rvl_cpu_to_le64(addr);
	d.flags = rvl_cpu_to_le16(s.sa_valid ? RVL_TX_FLAG_SA : 0);
	d.sa = rvl_cpu_to_le24(s.sa);
	for (unsigned int i = 0; i < len; i++)
		data[i] = pattern(s.serial, i);
	host_perm(b, p->tx_buffers + (uint64_t)at * stride(p->tx_log2), stride(p->tx_log2), 0);
	if (kind == TX_BAD) { /* one of the ways to be wrong */
		switch (bench_random(b, 7)) {
		case 0:
			d.len = rvl_cpu_to_le16((uint16_t)bench_random(b, 14));
			break;
		case 1:
			d.len = rvl_cpu_to_le16((uint16_t)(MAX_FRAME + 1 + bench_random(b, 1000)));
			break;
		case 2:
			d.flags |= rvl_cpu_to_le16((uint16_t)(0x20u << bench_random(b, 11)));
			break;
		case 3:
			d.flags = rvl_cpu_to_le16(RVL_TX_FLAG_SA);
			d.sa = rvl_cpu_to_le24(1024 + bench_random(b, 2) *
							      bench_random(b, (1u << 24) - 1024));
			break;
		case 4:
			d.flags = 0;
			d.sa = rvl_cpu_to_le24(1 + bench_random(b, (1u << 24) - 1));
			break;
		case 5:
			d.function = (uint8_t)(1u << bench_random(b, 8));
			break;
		default: /* an extension with a flag or octet that has to be zero */
			x.flags = rvl_cpu_to_le16(RVL_TX_FLAG_EXTENSION);
			if (bench_chance(b, 50))
				x.flags |= rvl_cpu_to_le16((uint16_t)(1u << bench_random(b, 4)));
			else
				x.rsvd = (uint8_t)(1u << bench_random(b, 8));
			memcpy(&d, &x, sizeof(d));
			break;
		}
	} else if (kind == TX_UNSUPPORTED) {
		static const uint16_t flags[] = {RVL_TX_FLAG_CHECKSUM, RVL_TX_FLAG_SEGMENT,
						 RVL_TX_FLAG_LOOK_ASIDE};
		unsigned int which = bench_random(b, 4);

		if (which < 3) {
			d.flags |= rvl_cpu_to_le16(flags[which]);
		} else {
			x.flags = rvl_cpu_to_le16(RVL_TX_FLAG_EXTENSION);
			x.result = rvl_cpu_to_le64(bench_random(b, UINT32_MAX));
			x.mss = rvl_cpu_to_le16((uint16_t)bench_random(b, 65536));
			x.csum_start = (uint8_t)bench_random(b, 256);
			x.csum_at = (uint8_t)bench_random(b, 256);
			memcpy(&d, &x, sizeof(d));
		}
	} else {
		host_perm(b, addr, len, PERM_READ);
		if (kind == TX_UNREADABLE)
			host_perm(b, addr + bench_random(b, len), 1, PERM_FAIL);
	}
	pair_tx_put_raw(b, q, d);
	p->tx[at] = s;
	p->sent[s.serial % 4096] = s;
}

void pair_tx_doorbell(struct bench *b, unsigned int q)
{
	reg_write(b, RVL_REG_TX_TAIL(q), b->pair[q].tx_tail);
}

void pair_rx_put(struct bench *b, unsigned int q, unsigned int len, bool bad)
{
	struct pair *p = &b->pair[q];
	unsigned int at = p->rx_tail & ((1u << p->rx_log2) - 1);
	struct rx_slot s = {.len = (uint16_t)len, .bad = bad};
	struct rvl_rx_desc d = {.len = rvl_cpu_to_le32(len)};

	CHECK(b, pair_rx_room(p));
	s.addr = p->rx_buffers + (uint64_t)at * stride(p->rx_log2);
	host_perm(b, s.addr, stride(p->rx_log2), 0);
	s.addr += bench_random(b, stride(p->rx_log2) - len);
	d.addr = rvl_cpu_to_le64(s.addr);
	if (bad && bench_chance(b, 50))
		d.function = (uint8_t)(1u << bench_random(b, 8));
	else if (bad)
		d.rsvd.octets[bench_random(b, 3)] = (uint8_t)(1u << bench_random(b, 8));
	else
		host_perm(b, s.addr, len, PERM_WRITE);
	memcpy(host_ptr(b, p->rx_ring + RX_DESC * at), &d, sizeof(d));
	p->rx[at] = s;
	p->rx_tail++;
}

void pair_rx_doorbell(struct bench *b, unsigned int q)
{
	reg_write(b, RVL_REG_RX_TAIL(q), b->pair[q].rx_tail);
}

static void tx_done(struct bench *b, struct pair *p, const struct rvl_cq_entry *e)
{
	const struct tx_slot *s = &p->tx[p->tx_done & ((1u << p->tx_log2) - 1)];

	CHECK(b, p->tx_done != p->tx_tail);
	CHECK_EQ(b, rvl_le16_to_cpu(e->index), p->tx_done);
	CHECK(b, !e->len && !e->flags && !rvl_le24_to_cpu(e->sa));
	b->cnt[RVL_CNT_TX_FRAMES]++;
	switch (s->kind) {
	case TX_GOOD:
		CHECK_EQ(b, e->status, RVL_CQ_STATUS_OK);
		b->cnt[RVL_CNT_TX_BYTES] += s->len;
		b->tx_completed++;
		break;
	case TX_BAD:
		CHECK_EQ(b, e->status, RVL_CQ_STATUS_BAD_DESC);
		b->cnt[RVL_CNT_TX_DROP_DESC]++;
		break;
	case TX_UNSUPPORTED:
		CHECK_EQ(b, e->status, RVL_CQ_STATUS_UNSUPPORTED);
		b->cnt[RVL_CNT_TX_DROP_DESC]++;
		break;
	case TX_UNREADABLE:
		CHECK_EQ(b, e->status, RVL_CQ_STATUS_DMA_ERROR);
		b->cnt[RVL_CNT_TX_DROP_DMA]++;
		break;
	}
	p->tx_done++;
}

static void rx_done(struct bench *b, struct pair *p, const struct rvl_cq_entry *e)
{
	const struct rx_slot *s = &p->rx[p->rx_done & ((1u << p->rx_log2) - 1)];
	const uint8_t *data = host_ptr(b, s->addr);
	const struct rx_frame *f;
	uint32_t serial;
	unsigned int len = rvl_le32_to_cpu(e->len);

	CHECK(b, p->rx_done != p->rx_tail);
	CHECK_EQ(b, rvl_le16_to_cpu(e->index), p->rx_done);
	p->rx_done++;
	if (s->bad) {
		CHECK_EQ(b, e->status, RVL_CQ_STATUS_BAD_DESC);
		CHECK(b, !e->len && !e->flags && !rvl_le24_to_cpu(e->sa));
		return;
	}
	CHECK_EQ(b, e->status, RVL_CQ_STATUS_OK);
	CHECK(b, len >= 14 && len <= s->len);
	serial = data[0] | data[1] << 8 | data[2] << 16 | (uint32_t)data[3] << 24;
	CHECK(b, serial < b->hrx_serial && serial >= p->hrx_serial);
	p->hrx_serial = serial + 1;
	f = &b->frames[serial % FRAMES_MAX];
	CHECK_EQ(b, f->q, (unsigned int)(p - b->pair));
	CHECK_EQ(b, len, f->len);
	CHECK_EQ(b, rvl_le32_to_cpu(e->flags),
		 (f->decrypted ? RVL_RX_FLAG_DECRYPTED : 0) | (f->udp ? RVL_RX_FLAG_UDP : 0));
	CHECK_EQ(b, rvl_le24_to_cpu(e->sa), f->decrypted ? f->sa : 0);
	for (unsigned int i = 0; i < len; i++)
		CHECK_EQ(b, data[i], pattern(serial, i));
	b->cnt[f->decrypted ? RVL_CNT_RX_DECRYPTED : RVL_CNT_RX_PASS]++;
}

unsigned int pair_poll(struct bench *b, unsigned int q, unsigned int max)
{
	static const uint8_t zero[sizeof(struct rvl_cq_entry)];
	struct pair *p = &b->pair[q];
	unsigned int n = 0;

	for (; n < max; n++) {
		unsigned int at = p->cq_head & ((1u << p->cq_log2) - 1);
		uint8_t phase = ((p->cq_head >> p->cq_log2) & 1) ? 0 : RVL_PHASE_PASS;
		struct rvl_cq_entry e;

		memcpy(&e, host_ptr(b, p->cq_ring + CQ_ENTRY * at), sizeof(e));
		CHECK(b, (p->cq_head != p->cq_written) == (e.phase == phase));
		if (p->cq_head == p->cq_written)
			break;
		CHECK(b, !e.function && !e.csum && !e.segments);
		CHECK(b, !memcmp(e.rsvd, zero, sizeof(e.rsvd)));
		if (e.type == RVL_CQ_TYPE_TX)
			tx_done(b, p, &e);
		else if (e.type == RVL_CQ_TYPE_RX)
			rx_done(b, p, &e);
		else
			bench_fail(b, "completion of type %u", e.type);
		p->cq_head++;
	}
	return n;
}

void pair_cq_doorbell(struct bench *b, unsigned int q, bool arm)
{
	struct pair *p = &b->pair[q];

	p->cq_doorbell = p->cq_head;
	reg_write(b, RVL_REG_CQ_HEAD(q), p->cq_head | (arm ? RVL_CQ_HEAD_ARM_MASK : 0));
}

bool pair_cq_write(struct bench *b, uint64_t addr, unsigned int len)
{
	for (unsigned int q = 0; q < b->pairs; q++) {
		struct pair *p = &b->pair[q];
		unsigned int size = 1u << p->cq_log2;
		unsigned int at = p->cq_written & (size - 1);

		if (!p->on || addr < p->cq_ring || addr >= p->cq_ring + CQ_ENTRY * size)
			continue;
		CHECK_EQ(b, addr, p->cq_ring + CQ_ENTRY * at);
		CHECK(b, len && len % CQ_ENTRY == 0 && at + len / CQ_ENTRY <= size);
		p->cq_written = (uint16_t)(p->cq_written + len / CQ_ENTRY);
		CHECK(b, (uint16_t)(p->cq_written - p->cq_doorbell) <= size);
		return true;
	}
	return false;
}

void pair_htx(struct bench *b, const uint8_t *frame, unsigned int len, bool sa_valid,
	      unsigned int sa)
{
	uint32_t serial;
	const struct tx_slot *s;
	struct pair *p;

	CHECK(b, len >= 14);
	serial = frame[0] | frame[1] << 8 | frame[2] << 16 | (uint32_t)frame[3] << 24;
	CHECK(b, serial >> 24 < b->pairs);
	p = &b->pair[serial >> 24];
	s = &p->sent[serial % 4096];
	CHECK_EQ(b, serial, s->serial);
	CHECK(b, s->kind == TX_GOOD);
	CHECK(b, (serial & 0xffffff) > p->htx_serial);
	p->htx_serial = serial & 0xffffff;
	CHECK_EQ(b, len, s->len);
	CHECK_EQ(b, sa_valid, s->sa_valid);
	if (sa_valid)
		CHECK_EQ(b, sa, s->sa);
	for (unsigned int i = 0; i < len; i++)
		CHECK_EQ(b, frame[i], pattern(serial, i));
	b->htx_frames++;
	b->htx_octets += len;
	b->htx_pair[serial >> 24]++;
}

/* ------------------------------------------------------------------------------- commands */

void cmd_open(struct bench *b, unsigned int log2, unsigned int vector)
{
	if (!b->cmd_ring) {
		b->cmd_ring = host_alloc(b, CMD * 64, CMD, 0);
		b->cmd_cpl_ring = host_alloc(b, CMD_CPL * 64, CMD_CPL, 0);
	}
	b->cmd_log2 = log2;
	b->cmd_tail = 0;
	b->cmd_done = 0;
	host_perm(b, b->cmd_ring, CMD << log2, PERM_READ);
	host_perm(b, b->cmd_cpl_ring, CMD_CPL << log2, PERM_WRITE);
	memset(host_ptr(b, b->cmd_cpl_ring), 0, CMD_CPL << log2);
	reg_write(b, RVL_REG_CMD_BASE_LO, (uint32_t)b->cmd_ring);
	reg_write(b, RVL_REG_CMD_BASE_HI, (uint32_t)(b->cmd_ring >> 32));
	reg_write(b, RVL_REG_CMD_CPL_BASE_LO, (uint32_t)b->cmd_cpl_ring);
	reg_write(b, RVL_REG_CMD_CPL_BASE_HI, (uint32_t)(b->cmd_cpl_ring >> 32));
	reg_write(b, RVL_REG_CMD_SIZE, log2);
	reg_write(b, RVL_REG_CMD_CONTROL,
		  RVL_PUT(CMD_CONTROL_ENABLE, 1) | RVL_PUT(CMD_CONTROL_VECTOR, vector));
}

bool cmd_post(struct bench *b, bool unreadable)
{
	unsigned int at = b->cmd_tail & ((1u << b->cmd_log2) - 1);
	uint8_t *cmd = host_ptr(b, b->cmd_ring + CMD * at);

	if ((uint16_t)(b->cmd_tail - b->cmd_done) == 1u << b->cmd_log2)
		return false;
	for (size_t i = 0; i < CMD; i++)
		cmd[i] = (uint8_t)bench_random(b, 256);
	if (bench_chance(b, b->cmd_delete_pct))
		cmd[offsetof(struct rvl_cmd, opcode)] = RVL_CMD_OP_SA_DELETE;
	host_perm(b, b->cmd_ring + CMD * at, CMD, unreadable ? PERM_FAIL : PERM_READ);
	b->cmd_tail++;
	reg_write(b, RVL_REG_CMD_TAIL, b->cmd_tail);
	return true;
}

unsigned int cmd_poll(struct bench *b)
{
	unsigned int n = 0;

	for (;; n++) {
		unsigned int at = b->cmd_done & ((1u << b->cmd_log2) - 1);
		uint8_t phase = ((b->cmd_done >> b->cmd_log2) & 1) ? 0 : RVL_PHASE_PASS;
		struct rvl_cmd_cpl want, cpl;
		struct rvl_cmd cmd;

		memcpy(&cmd, host_ptr(b, b->cmd_ring + CMD * at), CMD);
		memcpy(&cpl, host_ptr(b, b->cmd_cpl_ring + CMD_CPL * at), CMD_CPL);
		if (b->cmd_done == b->cmd_tail || cpl.phase != phase)
			break;
		want = command_answer(&cmd);
		want.opcode = cmd.opcode;
		want.tag = cmd.tag;
		want.phase = cpl.phase;
		CHECK(b, !memcmp(&cpl, &want, CMD_CPL));
		b->cmd_done++;
	}
	return n;
}

/* --------------------------------------------------------------------------------- events */

void evt_open(struct bench *b, unsigned int log2, unsigned int vector)
{
	if (!b->evt_ring)
		b->evt_ring = host_alloc(b, EVENT * 64, 64, 0);
	b->evt_log2 = log2;
	b->evt_head = 0;
	b->evt_number = 0;
	host_perm(b, b->evt_ring, EVENT << log2, PERM_WRITE);
	memset(host_ptr(b, b->evt_ring), 0, EVENT << log2);
	reg_write(b, RVL_REG_EVT_BASE_LO, (uint32_t)b->evt_ring);
	reg_write(b, RVL_REG_EVT_BASE_HI, (uint32_t)(b->evt_ring >> 32));
	reg_write(b, RVL_REG_EVT_SIZE, log2);
	reg_write(b, RVL_REG_EVT_CONTROL,
		  RVL_PUT(EVT_CONTROL_ENABLE, 1) | RVL_PUT(EVT_CONTROL_VECTOR, vector));
}

unsigned int evt_poll(struct bench *b)
{
	unsigned int n = 0;

	for (;; n++) {
		unsigned int at = b->evt_head & ((1u << b->evt_log2) - 1);
		uint8_t phase = ((b->evt_head >> b->evt_log2) & 1) ? 0 : RVL_PHASE_PASS;
		struct rvl_event e;

		memcpy(&e, host_ptr(b, b->evt_ring + EVENT * at), EVENT);
		if (e.phase != phase)
			break;
		CHECK_EQ(b, rvl_le32_to_cpu(e.number), b->evt_number);
		CHECK(b, !e.function && !e.rsvd);
		if (e.type == RVL_EVENT_LINK) {
			CHECK(b, !rvl_le24_to_cpu(e.index) && !e.source && !e.spi);
			b->evt_links++;
			b->evt_link = rvl_le64_to_cpu(e.value);
		} else if (e.type == RVL_EVENT_QUEUE_ERROR) {
			CHECK(b, rvl_le24_to_cpu(e.index) < b->pairs && e.source <= 1);
			CHECK(b, !e.spi && !e.value);
			CHECK(b, rvl_le64_to_cpu(e.cycles) < b->cycles_register);
			b->evt_queue_errors++;
		} else {
			uint64_t v = rvl_le64_to_cpu(e.value);

			CHECK_EQ(b, e.type, RVL_EVENT_SOFT_BYTES);
			CHECK(b, v >= b->evt_last && v < b->ev_sent);
			b->evt_last = v + 1;
			CHECK_EQ(b, e.source, v & 1);
			CHECK_EQ(b, rvl_le24_to_cpu(e.index), v * 3 & 0xffffff);
			CHECK_EQ(b, rvl_le32_to_cpu(e.spi), (uint32_t)(v * 5));
			CHECK_EQ(b, rvl_le64_to_cpu(e.cycles), b->ev_cycles[v % FRAMES_MAX]);
		}
		b->evt_head++;
		b->evt_number++;
	}
	return n;
}
