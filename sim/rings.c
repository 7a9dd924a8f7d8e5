/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/rings.h"

#include <stddef.h>
#include <string.h>

#include "driver/core/rvl_regs.h"

enum part { BASE_LO, BASE_HI, SIZE, CONTROL };

static const struct layout {
	enum rvl_ring kind;
	uint32_t regs[4]; /* by enum part; of queue pair 0 */
	uint32_t enable;  /* in CONTROL */
	uint32_t doorbell;
	uint32_t entry; /* octets */
} layouts[] = {
	{RVL_RING_CMD,
	 {RVL_REG_CMD_BASE_LO, RVL_REG_CMD_BASE_HI, RVL_REG_CMD_SIZE, RVL_REG_CMD_CONTROL},
	 RVL_CMD_CONTROL_ENABLE_MASK,
	 RVL_REG_CMD_TAIL,
	 sizeof(struct rvl_cmd)},
	{RVL_RING_CMD_CPL,
	 {RVL_REG_CMD_CPL_BASE_LO, RVL_REG_CMD_CPL_BASE_HI, RVL_REG_CMD_SIZE, RVL_REG_CMD_CONTROL},
	 RVL_CMD_CONTROL_ENABLE_MASK,
	 0,
	 sizeof(struct rvl_cmd_cpl)},
	{RVL_RING_EVT,
	 {RVL_REG_EVT_BASE_LO, RVL_REG_EVT_BASE_HI, RVL_REG_EVT_SIZE, RVL_REG_EVT_CONTROL},
	 RVL_EVT_CONTROL_ENABLE_MASK,
	 RVL_REG_EVT_HEAD,
	 sizeof(struct rvl_event)},
	{RVL_RING_TX,
	 {RVL_REG_TX_BASE_LO(0), RVL_REG_TX_BASE_HI(0), RVL_REG_TX_SIZE(0), RVL_REG_Q_CONTROL(0)},
	 RVL_Q_CONTROL_ENABLE_MASK,
	 RVL_REG_TX_TAIL(0),
	 sizeof(struct rvl_tx_desc)},
	{RVL_RING_RX,
	 {RVL_REG_RX_BASE_LO(0), RVL_REG_RX_BASE_HI(0), RVL_REG_RX_SIZE(0), RVL_REG_Q_CONTROL(0)},
	 RVL_Q_CONTROL_ENABLE_MASK,
	 RVL_REG_RX_TAIL(0),
	 sizeof(struct rvl_rx_desc)},
	{RVL_RING_CQ,
	 {RVL_REG_CQ_BASE_LO(0), RVL_REG_CQ_BASE_HI(0), RVL_REG_CQ_SIZE(0), RVL_REG_Q_CONTROL(0)},
	 RVL_Q_CONTROL_ENABLE_MASK,
	 RVL_REG_CQ_HEAD(0),
	 sizeof(struct rvl_cq_entry)},
};

#define LAYOUTS (sizeof(layouts) / sizeof(layouts[0]))
#define SINGLE 3U /* layouts of which there is one ring; the others are in each queue pair */
#define PAIRS_AT RVL_REG_TX_BASE_LO(0)

/* Split an offset into queue pair and what it would be in pair 0. False beyond the last pair. */
static bool split(uint64_t offset, uint32_t *reg, unsigned *queue)
{
	*queue = 0;
	*reg = (uint32_t)offset;
	if (offset < PAIRS_AT)
		return true;
	if (offset >= PAIRS_AT + RVL_RINGS_PAIRS * RVL_QP_STRIDE)
		return false;
	*queue = (unsigned)((offset - PAIRS_AT) / RVL_QP_STRIDE);
	*reg = PAIRS_AT + (uint32_t)((offset - PAIRS_AT) % RVL_QP_STRIDE);
	return true;
}

static unsigned place(unsigned layout, unsigned queue)
{
	return layout < SINGLE ? layout : SINGLE + (layout - SINGLE) + 3 * queue;
}

void rvl_rings_reset(struct rvl_rings *r)
{
	unsigned i, queue;

	memset(r, 0, sizeof(*r));
	for (i = 0; i < LAYOUTS; i++) {
		for (queue = 0; queue < (i < SINGLE ? 1 : RVL_RINGS_PAIRS); queue++) {
			r->written[place(i, queue)].kind = layouts[i].kind;
			r->written[place(i, queue)].queue = queue;
		}
	}
	memcpy(r->rings, r->written, sizeof(r->rings));
}

static void write_part(struct rvl_rings *r, unsigned at, enum part part,
		       const struct layout *layout, uint32_t value)
{
	struct rvl_ring_place *p = &r->written[at];

	switch (part) {
	case BASE_LO:
		p->addr = (p->addr & ~0xffffffffULL) | value;
		break;
	case BASE_HI:
		p->addr = (p->addr & 0xffffffffULL) | (uint64_t)value << 32;
		break;
	case SIZE:
		p->size = value < 32 ? (uint64_t)layout->entry << value : 0;
		break;
	case CONTROL:
		/* The NIC takes base and size when the ring is switched on. */
		if (value & layout->enable && !r->enabled[at])
			r->rings[at] = *p;
		r->enabled[at] = value & layout->enable;
		break;
	}
}

void rvl_rings_write(struct rvl_rings *r, uint64_t offset, uint32_t value)
{
	unsigned i, part, queue;
	uint32_t reg;

	if (offset == RVL_REG_CONTROL && value & RVL_CONTROL_RESET_MASK)
		rvl_rings_reset(r);
	if (!split(offset, &reg, &queue))
		return;
	for (i = 0; i < LAYOUTS; i++)
		for (part = BASE_LO; part <= CONTROL; part++)
			if (layouts[i].regs[part] == reg)
				write_part(r, place(i, queue), part, &layouts[i], value);
}

const struct rvl_ring_place *rvl_rings_find(const struct rvl_rings *r, uint64_t addr)
{
	unsigned i;

	for (i = 0; i < RVL_RINGS; i++)
		if (addr - r->rings[i].addr < r->rings[i].size)
			return &r->rings[i];
	return NULL;
}

unsigned rvl_rings_doorbell(uint64_t offset, unsigned *queue)
{
	uint32_t reg;
	unsigned i;

	if (!split(offset, &reg, queue))
		return 0;
	for (i = 0; i < LAYOUTS; i++)
		if (layouts[i].doorbell && layouts[i].doorbell == reg)
			return layouts[i].kind;
	return 0;
}

static const struct {
	const char *name;
	unsigned kinds;
} names[] = {
	{"cmd", RVL_RING_CMD},	     {"cmd_cpl", RVL_RING_CMD_CPL}, {"evt", RVL_RING_EVT},
	{"tx", RVL_RING_TX},	     {"rx", RVL_RING_RX},	    {"cq", RVL_RING_CQ},
	{"buffer", RVL_RING_BUFFER}, {"any", RVL_RING_ANY},
};

unsigned rvl_ring_by_name(const char *name)
{
	unsigned i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i].name))
			return names[i].kinds;
	return 0;
}

const char *rvl_ring_name(enum rvl_ring kind)
{
	unsigned i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].kinds == kind)
			return names[i].name;
	return "?";
}
