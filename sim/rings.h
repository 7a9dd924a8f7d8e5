/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the driver's rings are in host memory, learnt from what it writes to BAR0: so that a fault
 * can be told "the command ring" and need not know its address.
 */
#ifndef RVL_SIM_RINGS_H
#define RVL_SIM_RINGS_H

#include <stdbool.h>
#include <stdint.h>

#define RVL_RINGS_PAIRS 16U

/* Kinds of ring, as bits of a set. RVL_RING_BUFFER is memory that is in no ring. */
enum rvl_ring {
	RVL_RING_CMD = 0x01,
	RVL_RING_CMD_CPL = 0x02,
	RVL_RING_EVT = 0x04,
	RVL_RING_TX = 0x08,
	RVL_RING_RX = 0x10,
	RVL_RING_CQ = 0x20,
	RVL_RING_BUFFER = 0x40,
	RVL_RING_ANY = 0x3f, /* any ring; not buffers */
};

/* One ring. size is in octets; 0: it was not enabled since the last reset. */
struct rvl_ring_place {
	enum rvl_ring kind;
	unsigned queue; /* of a queue pair; else 0 */
	uint64_t addr, size;
};

#define RVL_RINGS (3 + 3 * RVL_RINGS_PAIRS)

struct rvl_rings {
	/* As last enabled, and as its base and size registers stand. */
	struct rvl_ring_place rings[RVL_RINGS], written[RVL_RINGS];
	bool enabled[RVL_RINGS];
};

/* As after a reset of the NIC. */
void rvl_rings_reset(struct rvl_rings *r);

/* The driver writes a register of BAR0. */
void rvl_rings_write(struct rvl_rings *r, uint64_t offset, uint32_t value);

/* The ring that holds this address, or NULL. */
const struct rvl_ring_place *rvl_rings_find(const struct rvl_rings *r, uint64_t addr);

/* The kind of ring that a doorbell at this offset of BAR0 belongs to, its queue in *queue; 0: it is
 * none. */
unsigned rvl_rings_doorbell(uint64_t offset, unsigned *queue);

/* "cmd", "cmd_cpl", "evt", "tx", "rx", "cq", "buffer" or "any": the bits, or 0. And back. */
unsigned rvl_ring_by_name(const char *name);
const char *rvl_ring_name(enum rvl_ring kind);

#endif
