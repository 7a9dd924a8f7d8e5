/* SPDX-License-Identifier: BSD-2-Clause */
/* The other side of the frame, command, event and counter ports. */
#include <string.h>

#include "tests/rtl/queue/queue_bench.h"

/* Octet i of frame `serial`, of either direction: its first four are the number itself. */
uint8_t pattern(uint32_t serial, unsigned int i)
{
	if (i < 4)
		return (uint8_t)(serial >> (8 * i));
	return (uint8_t)((serial * 167u) ^ (i * 29u) ^ (i >> 7));
}

static void hrx_drive(struct bench *b)
{
	struct queue_in *in = &b->in;
	struct rx_frame *f = &b->frames[b->hrx_serial % FRAMES_MAX];
	unsigned int n;

	in->hrx_valid = false;
	if (!b->hrx_open) {
		uint64_t range = (1ULL << 32) / b->rx_queues;
		uint32_t q;

		if (!b->hrx_left || !bench_chance(b, b->hrx_pct))
			return;
		q = b->hrx_only_q >= 0 ? (uint32_t)b->hrx_only_q : bench_random(b, b->rx_queues);
		in->hrx_hash = (uint32_t)(((1ULL << 32) * q + b->rx_queues - 1) / b->rx_queues) +
			       bench_random(b, (uint32_t)(range - 1));
		f->q = (uint8_t)(((uint64_t)in->hrx_hash * b->rx_queues) >> 32);
		f->len = (uint16_t)(b->hrx_min + bench_random(b, b->hrx_max - b->hrx_min + 1));
		f->sa = (uint16_t)bench_random(b, 1024);
		f->decrypted = bench_chance(b, 50);
		f->udp = bench_chance(b, 50);
		in->hrx_len = f->len;
		in->hrx_sa = f->sa;
		in->hrx_decrypted = f->decrypted;
		in->hrx_udp = f->udp;
		b->hrx_open = true;
		b->hrx_off = 0;
		b->hrx_left--;
	} else if (bench_chance(b, b->hrx_gap_pct)) {
		return;
	}
	n = f->len - b->hrx_off < b->beat ? f->len - b->hrx_off : b->beat;
	in->hrx_valid = true;
	in->hrx_sop = b->hrx_off == 0;
	in->hrx_eop = b->hrx_off + n == f->len;
	in->hrx_bytes = (uint8_t)n;
	for (unsigned int i = 0; i < n; i++)
		in->hrx_data[i] = pattern(b->hrx_serial, b->hrx_off + i);
	if (!in->hrx_sop) {
		/* only the first beat says what the frame is */
		in->hrx_len = (uint16_t)bench_random(b, 65536);
		in->hrx_sa = (uint16_t)bench_random(b, 65536);
		in->hrx_hash = bench_random(b, UINT32_MAX);
		in->hrx_udp = bench_chance(b, 50);
		in->hrx_decrypted = bench_chance(b, 50);
	}
	b->hrx_off += n;
	if (in->hrx_eop) {
		b->hrx_open = false;
		b->hrx_serial++;
	}
}

static bool own_counter(unsigned int i)
{
	switch (i) {
	case RVL_CNT_TX_FRAMES:
	case RVL_CNT_TX_BYTES:
	case RVL_CNT_TX_DROP_DESC:
	case RVL_CNT_TX_DROP_DMA:
	case RVL_CNT_RX_BYTES:
	case RVL_CNT_RX_PASS:
	case RVL_CNT_RX_DECRYPTED:
	case RVL_CNT_RX_DROP_NO_BUFFER:
	case RVL_CNT_RX_DROP_TOO_BIG:
	case RVL_CNT_EVENTS_LOST:
		return true;
	default:
		return false;
	}
}

static void counters_drive(struct bench *b)
{
	b->in.cnt = 0;
	b->in.rx_bytes_add = (uint16_t)bench_random(b, 65536);
	if (!bench_chance(b, b->cnt_pct))
		return;
	for (unsigned int i = 0; i < RVL_CNT_NUM; i++) {
		if (own_counter(i) || bench_chance(b, 30))
			continue;
		b->in.cnt |= 1ULL << i;
		b->cnt[i]++;
		if (i == RVL_CNT_RX_FRAMES)
			b->cnt[RVL_CNT_RX_BYTES] += b->in.rx_bytes_add;
	}
}

static void events_drive(struct bench *b)
{
	struct rvl_event e = {.type = RVL_EVENT_SOFT_BYTES};

	b->in.ev_valid = false;
	if (!b->ev_left || !bench_chance(b, b->ev_pct))
		return;
	e.source = (uint8_t)(b->ev_sent & 1);
	e.index = rvl_cpu_to_le24((uint32_t)b->ev_sent * 3);
	e.spi = rvl_cpu_to_le32((uint32_t)b->ev_sent * 5);
	e.value = rvl_cpu_to_le64(b->ev_sent);
	e.cycles = bench_random(b, UINT32_MAX); /* not the peer's to say, as these */
	e.number = bench_random(b, UINT32_MAX);
	e.phase = (uint8_t)bench_random(b, 256);
	b->in.ev = e;
	b->in.ev_valid = true;
	b->ev_cycles[b->ev_sent % FRAMES_MAX] = b->cycles_register;
	b->ev_left--;
	b->ev_sent++;
}

struct rvl_cmd_cpl command_answer(const struct rvl_cmd *cmd)
{
	const uint8_t *from = (const uint8_t *)cmd;
	struct rvl_cmd_cpl cpl;
	uint8_t *to = (uint8_t *)&cpl, status = 0;

	for (size_t i = 0; i < sizeof(*cmd); i++)
		status = (uint8_t)(status * 5 + from[i]);
	for (size_t i = 0; i < sizeof(cpl); i++)
		to[i] = (uint8_t)(from[i + 8] ^ from[sizeof(*cmd) - 1 - i] ^ i);
	cpl.status = status;
	return cpl;
}

static void command_drive(struct bench *b)
{
	b->in.cmd_ready = !b->cmd_running && !b->cmd_frozen && bench_chance(b, 30);
	b->in.cmd_rsp_valid = false;
	for (size_t i = 0; i < sizeof(b->in.cmd_rsp); i++)
		((uint8_t *)&b->in.cmd_rsp)[i] = (uint8_t)bench_random(b, 256);
	if (b->cmd_running && !b->cmd_frozen && !bench_random(b, b->cmd_delay)) {
		b->in.cmd_rsp_valid = true;
		b->in.cmd_rsp = b->cmd_answer;
	}
}

void peers_drive(struct bench *b)
{
	b->in.htx_ready = bench_chance(b, b->htx_ready_pct);
	hrx_drive(b);
	counters_drive(b);
	events_drive(b);
	command_drive(b);
}

void peers_observe(struct bench *b)
{
	const struct queue_out *out = &b->out;

	CHECK(b, out->hrx_ready);
	CHECK(b, out->ev_ready);
	if (out->htx_valid && b->in.htx_ready) {
		CHECK(b, out->htx_sop == (b->htx_len == 0));
		CHECK(b, b->htx_len + b->beat <= sizeof(b->htx));
		CHECK(b, out->htx_eop ? out->htx_bytes >= 1 && out->htx_bytes <= b->beat
				      : out->htx_bytes == b->beat);
		memcpy(b->htx + b->htx_len, out->htx_data, out->htx_bytes);
		b->htx_len += out->htx_bytes;
		if (out->htx_eop) {
			CHECK_EQ(b, b->htx_len, out->htx_len);
			pair_htx(b, b->htx, b->htx_len, out->htx_sa_valid, out->htx_sa);
			b->htx_len = 0;
		}
	}
	if (b->in.cmd_rsp_valid)
		b->cmd_running = false;
	if (out->cmd_valid && b->in.cmd_ready) {
		b->cmd_answer = command_answer(&out->cmd);
		b->cmd_running = true;
		b->cmds++;
	}
	if (b->cmd_running && !out->cmd_valid) /* its key is gone from here */
		for (size_t i = 0; i < sizeof(out->cmd); i++)
			CHECK(b, !((const uint8_t *)&out->cmd)[i]);
}
