/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/driver/attacker.h"

uint64_t attacker_random(struct attacker *a)
{
	uint64_t z;

	if (a->choices) {
		uint16_t next = UINT16_MAX;

		if (a->choices_left >= sizeof(next)) {
			memcpy(&next, a->choices, sizeof(next));
			a->choices += sizeof(next);
			a->choices_left -= sizeof(next);
		}
		return next * 0x0001000100010001U;
	}
	/* splitmix64 */
	z = (a->random += 0x9e3779b97f4a7c15U);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
	return z ^ (z >> 31);
}

uint32_t attacker_pick(struct attacker *a, uint32_t n)
{
	return (uint32_t)(attacker_random(a) % n);
}

static void lose_patience(struct attacker *a)
{
	if (!a->patience || --a->patience)
		return;
	fprintf(stderr, "# a call of the driver does not end\n");
	abort();
}

static uint32_t read32(void *ctx, uint32_t offset)
{
	struct attacker *a = ctx;

	a->reads++;
	lose_patience(a);
	if (offset % 4 || offset >= RVL_BAR0_SIZE)
		abort();
	if (a->on_read)
		return a->on_read(a, offset, a->regs[offset / 4]);
	return a->regs[offset / 4];
}

static void write32(void *ctx, uint32_t offset, uint32_t value)
{
	struct attacker *a = ctx;

	a->writes++;
	lose_patience(a);
	if (offset % 4 || offset >= RVL_BAR0_SIZE)
		abort();
	/* Read-only registers keep what the attacker put there; so does a device that is gone. */
	if (a->regs[RVL_REG_ID / 4] != UINT32_MAX && offset >= RVL_REG_RX_QUEUES)
		a->regs[offset / 4] = value;
	if (a->on_write)
		a->on_write(a, offset, value);
}

static void *dma_alloc(void *ctx, size_t size, uint64_t *bus)
{
	struct attacker *a = ctx;
	unsigned int i;

	if (a->memory_lasts && !--a->memory_lasts) {
		a->memory_lasts = 1;
		return NULL;
	}
	for (i = 0; i < ATTACKER_BLOCKS; i++) {
		struct attacker_block *b = &a->blocks[i];

		if (b->mem)
			continue;
		b->mem = calloc(1, size);
		b->size = size;
		b->bus = a->next_bus;
		a->next_bus += (size + 4095) & ~(uint64_t)4095;
		a->live++;
		*bus = b->bus;
		return b->mem;
	}
	return NULL;
}

static void dma_free(void *ctx, void *mem, size_t size, uint64_t bus)
{
	struct attacker *a = ctx;
	unsigned int i;

	for (i = 0; i < ATTACKER_BLOCKS; i++) {
		struct attacker_block *b = &a->blocks[i];

		if (b->mem != mem)
			continue;
		if (b->size != size || b->bus != bus)
			abort();
		if (a->on_free)
			a->on_free(a, bus);
		free(b->mem);
		b->mem = NULL;
		a->live--;
		return;
	}
	abort();
}

static void dma_off(void *ctx)
{
	((struct attacker *)ctx)->dma_off = true;
}

static uint64_t now_ns(void *ctx)
{
	struct attacker *a = ctx;

	return __atomic_add_fetch(&a->now, 1000, __ATOMIC_RELAXED);
}

static void wait_a_little(void *ctx, unsigned int polls)
{
	struct attacker *a = ctx;

	(void)polls;
	a->waits++;
	lose_patience(a);
	__atomic_add_fetch(&a->now, 1000000, __ATOMIC_RELAXED);
	if (a->on_wait)
		a->on_wait(a);
}

static void log_line(void *ctx, enum rvl_log_level level, const char *text)
{
	struct attacker *a = ctx;

	(void)level;
	snprintf(a->last_log, sizeof(a->last_log), "%s", text);
}

static const struct rvl_os_ops ops = {
	.read32 = read32,
	.write32 = write32,
	.dma_alloc = dma_alloc,
	.dma_free = dma_free,
	.dma_off = dma_off,
	.now_ns = now_ns,
	.wait = wait_a_little,
	.log = log_line,
};

void attacker_init(struct attacker *a, uint64_t seed)
{
	memset(a, 0, sizeof(*a));
	a->os = (struct rvl_os){.ops = &ops, .ctx = a};
	a->random = seed;
	a->next_bus = 0x1fffff000; /* rings on both sides of 8 GiB */
	a->regs[RVL_REG_ID / 4] = RVL_MAGIC;
	a->regs[RVL_REG_ABI / 4] = RVL_PUT(ABI_MAJOR, RVL_ABI_MAJOR);
	a->regs[RVL_REG_FEATURES / 4] = RVL_FEATURES_ESP_MASK | RVL_FEATURES_TUNNEL_V4_MASK |
					RVL_FEATURES_UDP_ENCAP_MASK |
					RVL_FEATURES_AES_GCM_128_MASK |
					RVL_FEATURES_AES_GCM_256_MASK | RVL_FEATURES_VLAN_MASK;
	a->regs[RVL_REG_QUEUES / 4] = RVL_PUT(QUEUES_PAIRS, 4) | RVL_PUT(QUEUES_VECTORS, 5);
	a->regs[RVL_REG_RINGS / 4] = RVL_PUT(RINGS_TX_LOG2_MAX, 9) | RVL_PUT(RINGS_RX_LOG2_MAX, 9) |
				     RVL_PUT(RINGS_CQ_LOG2_MAX, 10);
	a->regs[RVL_REG_CONTROL_RINGS / 4] =
		RVL_PUT(CONTROL_RINGS_CMD_LOG2_MAX, 9) | RVL_PUT(CONTROL_RINGS_EVT_LOG2_MAX, 10);
	a->regs[RVL_REG_OUTBOUND_SAS / 4] = 16;
	a->regs[RVL_REG_INBOUND_SAS / 4] = 8;
	a->regs[RVL_REG_LINK / 4] = RVL_LINK_UP_MASK;
	a->regs[RVL_REG_POLICY_COUNT / 4] = 4;
	a->regs[RVL_REG_REPLAY_WINDOW / 4] = 1024;
	a->regs[RVL_REG_DATAPATH / 4] =
		RVL_PUT(DATAPATH_BEAT, 64) | RVL_PUT(DATAPATH_MAX_FRAME, 9234);
	a->regs[RVL_REG_STATUS / 4] = RVL_STATUS_READY_MASK;
	a->regs[RVL_REG_MAC_LO / 4] = 0x03020002;
	a->regs[RVL_REG_MAC_HI / 4] = 0x0504;
}

void attacker_fini(struct attacker *a)
{
	unsigned int i;

	for (i = 0; i < ATTACKER_BLOCKS; i++)
		free(a->blocks[i].mem);
}

void *attacker_mem(struct attacker *a, uint64_t bus, size_t size)
{
	unsigned int i;

	for (i = 0; i < ATTACKER_BLOCKS; i++) {
		struct attacker_block *b = &a->blocks[i];

		if (b->mem && bus >= b->bus && bus - b->bus < b->size)
			return size <= b->size - (bus - b->bus) ? b->mem + (bus - b->bus) : NULL;
	}
	return NULL;
}

static uint64_t ring_base(const struct attacker *a, uint32_t reg_lo)
{
	return (uint64_t)a->regs[reg_lo / 4 + 1] << 32 | a->regs[reg_lo / 4];
}

void *attacker_ring(struct attacker *a, uint32_t reg_lo)
{
	return attacker_mem(a, ring_base(a, reg_lo), 1);
}

void *attacker_entry(struct attacker *a, uint32_t reg_lo, uint32_t index, size_t size)
{
	uint64_t base = ring_base(a, reg_lo);

	return attacker_mem(a, base, 1) ? attacker_mem(a, base + index * (uint64_t)size, size)
					: NULL;
}

bool attacker_sees(const struct attacker *a, const void *octets, size_t len)
{
	unsigned int i;

	for (i = 0; i < ATTACKER_BLOCKS; i++) {
		const struct attacker_block *b = &a->blocks[i];

		if (b->mem && memmem(b->mem, b->size, octets, len))
			return true;
	}
	return false;
}

void attacker_unplug(struct attacker *a)
{
	memset(a->regs, 0xff, sizeof(a->regs));
}

void attacker_scribble(struct attacker *a, unsigned int octets)
{
	while (a->live && octets--) {
		struct attacker_block *b = &a->blocks[attacker_random(a) % ATTACKER_BLOCKS];

		if (b->mem)
			b->mem[attacker_random(a) % b->size] = (uint8_t)attacker_random(a);
	}
}
