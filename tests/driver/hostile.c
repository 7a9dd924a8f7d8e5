/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/driver/hostile.h"

static uint32_t pick(struct hostile *h, uint32_t n)
{
	return attacker_pick(&h->a, n);
}

static bool lie(struct hostile *h)
{
	return h->malice && !pick(h, h->malice);
}

static uint32_t any32(struct hostile *h)
{
	return (uint32_t)(attacker_random(&h->a) ^ attacker_random(&h->a) << 16);
}

static void noise(struct hostile *h, void *to, size_t size)
{
	uint8_t *p = to;
	size_t i;

	for (i = 0; i < size; i++)
		p[i] = (uint8_t)attacker_random(&h->a);
}

static uint8_t phase(uint32_t pointer, uint32_t log2)
{
	return pointer >> (log2 & 15) & 1 ? 0 : RVL_PHASE_PASS;
}

/* ------------------------------------------------------------------------------------- entries */

enum way { HONEST, SKIPPED, NOISE, NOISE_OF_NO_PASS, MUTATED, DOUBLED, OLD_PASS, EARLY, WAYS };

static enum way choose_way(struct hostile *h)
{
	return lie(h) ? (enum way)pick(h, WAYS) : HONEST;
}

/* As a device's write arrives: whoever sees the phase sees all of the entry. */
static void publish(void *to, const uint8_t *entry, size_t size, size_t phase_at)
{
	uint8_t *shared = to;

	memcpy(shared, entry, phase_at);
	memcpy(shared + phase_at + 1, entry + phase_at + 1, size - phase_at - 1);
	__atomic_store_n(shared + phase_at, entry[phase_at], __ATOMIC_RELEASE);
}

/*
 * Put a right entry of a ring in its place, in one of the ways. `phase_at` is where in it the phase
 * lies; before is the entry that went before it.
 */
static void put(struct hostile *h, enum way way, void *to, const void *right, const void *before,
		size_t size, size_t phase_at)
{
	uint8_t entry[128];

	memcpy(entry, right, size);
	switch (way) {
	case NOISE:
		noise(h, entry, size);
		entry[phase_at] = ((const uint8_t *)right)[phase_at];
		break;
	case NOISE_OF_NO_PASS:
		noise(h, entry, size);
		break;
	case MUTATED:
		entry[pick(h, (uint32_t)size)] ^= (uint8_t)(1U << pick(h, 8));
		break;
	case DOUBLED:
		if (before)
			memcpy(entry, before, size);
		entry[phase_at] = ((const uint8_t *)right)[phase_at];
		break;
	case OLD_PASS:
		entry[phase_at] ^= RVL_PHASE_PASS;
		break;
	default:
		break;
	}
	publish(to, entry, size, phase_at);
}

/* Octets that fit the next receive buffer. */
static uint16_t received(struct hostile *h, unsigned int q)
{
	uint32_t mask = (1U << (h->a.regs[RVL_REG_RX_SIZE(q) / 4] & 15)) - 1;
	const struct rvl_rx_desc *desc =
		attacker_entry(&h->a, RVL_REG_RX_BASE_LO(q), h->rx_done[q] & mask, sizeof(*desc));
	uint16_t len = desc ? (uint16_t)rvl_le32_to_cpu(desc->len) : 0;

	return len > 14 ? (uint16_t)(14 + pick(h, len - 13U)) : len;
}

static void complete_descriptor(struct hostile *h)
{
	unsigned int q = pick(h, HOSTILE_QUEUES);
	bool rx = pick(h, 2);
	uint16_t *done = rx ? &h->rx_done[q] : &h->tx_done[q];
	uint32_t tail = h->a.regs[(rx ? RVL_REG_RX_TAIL(q) : RVL_REG_TX_TAIL(q)) / 4];
	uint32_t log2 = h->a.regs[RVL_REG_CQ_SIZE(q) / 4] & 15;
	uint32_t mask = (1U << log2) - 1;
	uint16_t at = h->cq_done[q];
	enum way way = choose_way(h);
	struct rvl_cq_entry right, *to;

	if ((uint16_t)tail == *done && way != EARLY && way != NOISE)
		return;
	to = attacker_entry(&h->a, RVL_REG_CQ_BASE_LO(q), at & mask, sizeof(right));
	if (!to)
		return;
	right = (struct rvl_cq_entry){
		.type = rx ? RVL_CQ_TYPE_RX : RVL_CQ_TYPE_TX,
		.status = pick(h, 8) ? 0 : (uint8_t)pick(h, RVL_CQ_STATUS_UNSUPPORTED + 1),
		.index = rvl_cpu_to_le16(*done),
		.len = rvl_cpu_to_le32(rx ? received(h, q) : 0),
		.flags = rvl_cpu_to_le32(pick(h, 4)),
		.phase = phase(at, log2),
	};
	if (lie(h))
		right.len = rvl_cpu_to_le32(any32(h));
	if (lie(h))
		right.sa = rvl_cpu_to_le24(any32(h));
	if (way != SKIPPED)
		put(h, way, to, &right,
		    attacker_entry(&h->a, RVL_REG_CQ_BASE_LO(q), (at - 1U) & mask, sizeof(right)),
		    sizeof(right), offsetof(struct rvl_cq_entry, phase));
	h->cq_done[q]++;
	(*done)++;
	h->a.regs[RVL_REG_CQ_TAIL(q) / 4] = h->cq_done[q];
}

static void complete_command(struct hostile *h)
{
	uint32_t log2 = h->a.regs[RVL_REG_CMD_SIZE / 4] & 15;
	uint32_t at = h->cmd_done & ((1U << log2) - 1);
	struct rvl_cmd *cmd = attacker_entry(&h->a, RVL_REG_CMD_BASE_LO, at, sizeof(*cmd));
	enum way way = choose_way(h);
	struct rvl_cmd_cpl right, *to;

	to = attacker_entry(&h->a, RVL_REG_CMD_CPL_BASE_LO, at, sizeof(right));
	if (!cmd || !to || h->habits & HOSTILE_NEVER_ANSWERS)
		return;
	if ((uint16_t)h->a.regs[RVL_REG_CMD_TAIL / 4] == h->cmd_done && way != EARLY)
		return;
	noise(h, &right, sizeof(right));
	right.opcode = cmd->opcode;
	right.tag = cmd->tag;
	right.status = pick(h, 4) ? RVL_CMD_STATUS_OK
				  : (uint8_t)pick(h, lie(h) ? 64 : RVL_CMD_STATUS_FATAL);
	right.phase = phase(h->cmd_done, log2);
	if (way != SKIPPED)
		put(h, way, to, &right,
		    attacker_entry(&h->a, RVL_REG_CMD_CPL_BASE_LO, (at - 1) & ((1U << log2) - 1),
				   sizeof(right)),
		    sizeof(right), offsetof(struct rvl_cmd_cpl, phase));
	h->cmd_done++;
	h->a.regs[RVL_REG_CMD_HEAD / 4] = h->cmd_done;
}

static void raise_event(struct hostile *h)
{
	uint32_t log2 = h->a.regs[RVL_REG_EVT_SIZE / 4] & 15;
	uint32_t mask = (1U << log2) - 1;
	bool flood = h->habits & HOSTILE_FLOODS;
	enum way way = flood ? HONEST : choose_way(h);
	struct rvl_event right, *to;

	to = attacker_entry(&h->a, RVL_REG_EVT_BASE_LO, h->evt_done & mask, sizeof(right));
	if (!to)
		return;
	/* The ring is full: a right device drops it. */
	if ((uint16_t)(h->evt_done - h->a.regs[RVL_REG_EVT_HEAD / 4]) > mask && !lie(h))
		return;
	noise(h, &right, sizeof(right));
	right.type = flood ? 0xff : (uint8_t)pick(h, lie(h) ? 16 : RVL_EVENT_FATAL);
	if (!flood && !pick(h, 8))
		right.type = RVL_EVENT_LINK;
	right.source = (uint8_t)pick(h, 2);
	right.index = rvl_cpu_to_le24(0);
	if (right.type == RVL_EVENT_LINK)
		right.value = rvl_cpu_to_le64(pick(h, 2));
	right.number = rvl_cpu_to_le32(h->evt_done);
	right.phase = phase(h->evt_done, log2);
	if (way != SKIPPED)
		put(h, way, to, &right,
		    attacker_entry(&h->a, RVL_REG_EVT_BASE_LO, (h->evt_done - 1) & mask,
				   sizeof(right)),
		    sizeof(right), offsetof(struct rvl_event, phase));
	h->evt_done++;
	h->a.regs[RVL_REG_EVT_TAIL / 4] = (uint16_t)h->evt_done;
}

/* ---------------------------------------------------------------------------------- everything */

void hostile_act(struct hostile *h)
{
	/* Threads may call this at once (race_test.c): one acts then. */
	if (__atomic_exchange_n(&h->acting, true, __ATOMIC_ACQUIRE))
		return;
	if (lie(h)) {
		switch (pick(h, 6)) {
		case 0:
			attacker_scribble(&h->a, 1 + pick(h, 64));
			break;
		case 1:
			h->a.regs[pick(h, 0x30)] = any32(h);
			break;
		case 2:
			h->a.regs[(0x1000 + pick(h, 0x200)) / 4] = any32(h);
			break;
		case 3: /* a reset of its own */
			h->a.regs[RVL_REG_CMD_CONTROL / 4] = 0;
			h->a.regs[RVL_REG_STATUS / 4] =
				pick(h, 2) ? RVL_STATUS_RESETTING_MASK : RVL_STATUS_READY_MASK;
			break;
		case 4:
			h->a.regs[RVL_REG_STATUS / 4] |=
				RVL_STATUS_FATAL_MASK | RVL_PUT(STATUS_FATAL_CAUSE, pick(h, 4));
			break;
		default:
			if (!pick(h, 8))
				attacker_unplug(&h->a);
			break;
		}
	}
	complete_descriptor(h);
	complete_command(h);
	/* One that floods does so when an event is taken. */
	if (!(h->habits & HOSTILE_FLOODS) && !pick(h, 16))
		raise_event(h);
	__atomic_store_n(&h->acting, false, __ATOMIC_RELEASE);
}

/* Any octet of the shared memory, most often one that is being read. */
void hostile_before_read(struct hostile *h, const void *p, size_t size)
{
	unsigned int i;

	if (h->acting)
		return;
	for (i = 0; i < ATTACKER_BLOCKS; i++) {
		struct attacker_block *b = &h->a.blocks[i];
		size_t at;

		if (!b->mem || (uintptr_t)p < (uintptr_t)b->mem ||
		    (uintptr_t)p >= (uintptr_t)b->mem + b->size)
			continue;
		if (!lie(h))
			return;
		at = (size_t)((uintptr_t)p - (uintptr_t)b->mem) + pick(h, (uint32_t)size);
		if (at < b->size)
			b->mem[at] = pick(h, 2) ? (uint8_t)attacker_random(&h->a)
						: b->mem[at] ^ (uint8_t)(1U << pick(h, 8));
		if (!pick(h, 4))
			hostile_act(h);
		return;
	}
}

static void on_write(struct attacker *a, uint32_t offset, uint32_t value)
{
	struct hostile *h = a->plan;
	unsigned int q;

	for (q = 0; q < HOSTILE_QUEUES; q++) {
		if (offset != RVL_REG_Q_CONTROL(q))
			continue;
		h->tx_done[q] = 0;
		h->rx_done[q] = 0;
		h->cq_done[q] = 0;
		a->regs[RVL_REG_TX_TAIL(q) / 4] = 0;
		a->regs[RVL_REG_RX_TAIL(q) / 4] = 0;
		a->regs[RVL_REG_Q_STATUS(q) / 4] =
			value || h->habits & HOSTILE_NEVER_STOPS ? 0 : RVL_Q_STATUS_IDLE_MASK;
	}
	if (offset == RVL_REG_CONTROL && value & RVL_CONTROL_RESET_MASK &&
	    a->regs[RVL_REG_ID / 4] == RVL_MAGIC)
		a->regs[RVL_REG_STATUS / 4] = h->habits & HOSTILE_NEVER_RESETS && h->resets
						      ? RVL_STATUS_RESETTING_MASK
						      : RVL_STATUS_READY_MASK;
	if (offset == RVL_REG_CONTROL && value & RVL_CONTROL_RESET_MASK)
		h->resets++;
	if (offset == RVL_REG_EVT_HEAD && h->habits & HOSTILE_FLOODS && !h->acting)
		raise_event(h);
	hostile_act(h);
}

static uint32_t on_read(struct attacker *a, uint32_t offset, uint32_t value)
{
	struct hostile *h = a->plan;
	unsigned int i;

	for (i = 0; i < h->register_count; i++) {
		struct hostile_register *r = &h->registers[i];

		if (r->offset != offset)
			continue;
		if (r->after) {
			r->after--;
			continue;
		}
		if (pick(h, r->often))
			continue;
		switch (r->kind) {
		case HOSTILE_RANDOM:
			value = any32(h);
			break;
		case HOSTILE_FLIP:
			value ^= 1U << pick(h, 32);
			break;
		case HOSTILE_ONES:
			value = UINT32_MAX;
			break;
		default:
			value = r->value;
			break;
		}
	}
	if (offset == RVL_REG_STATUS)
		h->told_status = value;
	if (offset >= RVL_REG_Q_STATUS(0) && offset <= RVL_REG_Q_STATUS(RVL_QP_MAX - 1) &&
	    (offset - RVL_REG_Q_STATUS(0)) % RVL_QP_STRIDE == 0)
		h->told_q_status = value;
	if (!pick(h, 8))
		hostile_act(h);
	return value;
}

static void on_wait(struct attacker *a)
{
	hostile_act(a->plan);
}

/* Any of those that the driver reads. */
static uint32_t some_register(struct hostile *h)
{
	static const uint32_t often_read[] = {
		RVL_REG_ID,	      RVL_REG_ABI,	     RVL_REG_FEATURES,
		RVL_REG_QUEUES,	      RVL_REG_OUTBOUND_SAS,  RVL_REG_INBOUND_SAS,
		RVL_REG_RINGS,	      RVL_REG_CONTROL_RINGS, RVL_REG_LINK,
		RVL_REG_POLICY_COUNT, RVL_REG_REPLAY_WINDOW, RVL_REG_DATAPATH,
		RVL_REG_STATUS,	      RVL_REG_STATUS,	     RVL_REG_MAC_LO,
		RVL_REG_MAC_HI,	      RVL_REG_CYCLES_LO,     RVL_REG_CYCLES_HI,
		RVL_REG_CMD_CONTROL,  RVL_REG_CMD_HEAD,
	};
	uint32_t which = pick(h, 28);

	if (which < sizeof(often_read) / sizeof(often_read[0]))
		return often_read[which];
	if (which < 24)
		return RVL_REG_Q_STATUS(pick(h, HOSTILE_QUEUES));
	if (which < 26)
		return 0x1000 + pick(h, RVL_QP_STRIDE / 4) * 4;
	return RVL_COUNTER_OFFSET + RVL_COUNTER_STRIDE * pick(h, RVL_CNT_NUM);
}

/* Capabilities at the ends of their ranges too. */
static void vary_capabilities(struct hostile *h)
{
	static const uint32_t counts[] = {1, 2, 31, 32, 33, 64, 1000, 65536, RVL_INDICES_MAX};
	uint32_t *regs = h->a.regs;

	if (!pick(h, 4))
		regs[RVL_REG_QUEUES / 4] =
			RVL_PUT(QUEUES_PAIRS, HOSTILE_QUEUES + pick(h, RVL_QP_MAX - 3)) |
			RVL_PUT(QUEUES_VECTORS, 1 + pick(h, 255));
	if (!pick(h, 4))
		regs[RVL_REG_RINGS / 4] = RVL_PUT(RINGS_TX_LOG2_MAX, 3 + pick(h, 13)) |
					  RVL_PUT(RINGS_RX_LOG2_MAX, 3 + pick(h, 13)) |
					  RVL_PUT(RINGS_CQ_LOG2_MAX, 4 + pick(h, 12));
	if (!pick(h, 4))
		regs[RVL_REG_CONTROL_RINGS / 4] =
			RVL_PUT(CONTROL_RINGS_CMD_LOG2_MAX, 3 + pick(h, 13)) |
			RVL_PUT(CONTROL_RINGS_EVT_LOG2_MAX, 3 + pick(h, 13));
	if (!pick(h, 4))
		regs[RVL_REG_OUTBOUND_SAS / 4] = counts[pick(h, 9)];
	if (!pick(h, 4))
		regs[RVL_REG_INBOUND_SAS / 4] = counts[pick(h, 9)];
	if (!pick(h, 4))
		regs[RVL_REG_POLICY_COUNT / 4] = counts[pick(h, 9)];
	if (!pick(h, 8))
		regs[RVL_REG_FEATURES / 4] = any32(h);
	if (!pick(h, 8))
		regs[RVL_REG_DATAPATH / 4] = 64 | (1518 + pick(h, 64018)) << 16;
	if (!pick(h, 16))
		regs[pick(h, 0x1c)] ^= 1U << pick(h, 32);
}

void hostile_init(struct hostile *h, uint64_t seed, const uint8_t *choices, size_t len)
{
	unsigned int q;

	memset(h, 0, sizeof(*h));
	attacker_init(&h->a, seed);
	h->a.choices = choices;
	h->a.choices_left = len;
	h->a.plan = h;
	h->malice = 2U << pick(h, 15);
	vary_capabilities(h);
	for (q = 0; q < 4; q++)
		h->habits |= pick(h, 24) ? 0 : 1U << q;
	for (q = 0; q < RVL_QP_MAX; q++)
		h->a.regs[RVL_REG_Q_STATUS(q) / 4] = RVL_Q_STATUS_IDLE_MASK;
	for (; h->register_count < HOSTILE_REGISTERS && !pick(h, 3); h->register_count++)
		h->registers[h->register_count] =
			(struct hostile_register){.offset = some_register(h),
						  .kind = pick(h, HOSTILE_KINDS),
						  .value = any32(h),
						  .often = 1U << pick(h, 8),
						  .after = pick(h, 2) ? 0 : pick(h, 300)};
	h->a.on_read = on_read;
	h->a.on_write = on_write;
	h->a.on_wait = on_wait;
}
