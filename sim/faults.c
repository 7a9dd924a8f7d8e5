/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/faults.h"

#include <errno.h>
#include <string.h>

static const char *const kind_names[RVL_FAULT_ALL] = {
	[RVL_FAULT_UNSUPPORTED] = "read_unsupported",
	[RVL_FAULT_ABORT] = "read_abort",
	[RVL_FAULT_RETRY] = "read_retry",
	[RVL_FAULT_POISONED] = "read_poisoned",
	[RVL_FAULT_LOST] = "read_lost",
	[RVL_FAULT_LATE] = "read_late",
	[RVL_FAULT_DUPLICATE] = "read_duplicate",
	[RVL_FAULT_BYTE_COUNT] = "read_byte_count",
	[RVL_FAULT_TOO_LONG] = "read_too_long",
	[RVL_FAULT_WRITE_LOST] = "write_lost",
	[RVL_FAULT_DOORBELL_LOST] = "doorbell_lost",
	[RVL_FAULT_REGISTER_ONES] = "register_ones",
	[RVL_FAULT_REGISTER_VALUE] = "register_value",
	[RVL_FAULT_IRQ_LOST] = "irq_lost",
	[RVL_FAULT_IRQ_DOUBLE] = "irq_double",
	[RVL_FAULT_IRQ_LATE] = "irq_late",
	[RVL_FAULT_DMA_STOP] = "dma_stop",
	[RVL_FAULT_HOSTILE] = "hostile",
};

const char *rvl_fault_name(unsigned kind)
{
	return kind < RVL_FAULT_ALL ? kind_names[kind] : "?";
}

int rvl_fault_by_name(const char *name)
{
	int i;

	for (i = 0; i < RVL_FAULT_ALL; i++)
		if (!strcmp(name, kind_names[i]))
			return i;
	return -1;
}

bool rvl_fault_spent(const struct rvl_fault_slot *slot)
{
	return slot->fault.times && slot->hits >= slot->fault.times;
}

/* splitmix64, one stream a fault */
static uint64_t random64(struct rvl_fault_slot *s)
{
	uint64_t z = s->random += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static uint32_t below(struct rvl_fault_slot *s, uint32_t n)
{
	return (uint32_t)((random64(s) >> 32) * n >> 32);
}

/* ----------------------------------------------------------------------------------- the list */

int rvl_faults_add(struct rvl_faults *f, const struct rvl_fault *fault)
{
	struct rvl_fault_slot *slot = NULL;
	unsigned i;

	if (fault->kind >= RVL_FAULT_ALL ||
	    (fault->kind == RVL_FAULT_HOSTILE &&
	     (!fault->rate || (!fault->rings && !fault->registers && !fault->interrupts))) ||
	    (fault->kind == RVL_FAULT_DMA_STOP && !fault->reads && !fault->writes))
		return -EINVAL;
	for (i = 0; i < RVL_FAULTS && !slot; i++)
		if (!f->slots[i].id)
			slot = &f->slots[i];
	for (i = 0; i < RVL_FAULTS && !slot; i++)
		if (rvl_fault_spent(&f->slots[i]))
			slot = &f->slots[i];
	if (!slot)
		return -ENOSPC;
	if (!slot->id)
		f->count++;
	*slot = (struct rvl_fault_slot){.id = ++f->next_id,
					.fault = *fault,
					.from = f->cycle + fault->after,
					.from_frames = f->frames + fault->after_frames,
					.random = fault->seed};
	return (int)slot->id;
}

int rvl_faults_remove(struct rvl_faults *f, unsigned id)
{
	unsigned i;

	for (i = 0; i < RVL_FAULTS; i++) {
		if (id && f->slots[i].id == id) {
			f->slots[i].id = 0;
			f->count--;
			return 0;
		}
	}
	return -ENOENT;
}

void rvl_faults_clear(struct rvl_faults *f)
{
	unsigned i;

	for (i = 0; i < RVL_FAULTS; i++)
		f->slots[i].id = 0;
	f->count = 0;
}

static bool armed(const struct rvl_faults *f, const struct rvl_fault_slot *s, unsigned kind)
{
	return s->id && s->fault.kind == kind && f->cycle >= s->from &&
	       f->frames >= s->from_frames && !rvl_fault_spent(s);
}

/* Something that the fault can hit has come by: does it? */
static bool hit(struct rvl_faults *f, struct rvl_fault_slot *s)
{
	if (s->seen++ < s->fault.skip)
		return false;
	s->hits++;
	f->counts[s->fault.kind]++;
	return true;
}

static bool touches(const struct rvl_fault *t, uint64_t addr, uint64_t end)
{
	return !t->size || (addr - t->addr < t->size) || (t->addr - addr < end - addr);
}

static bool on_ring(const struct rvl_faults *f, const struct rvl_fault *t, uint64_t addr)
{
	const struct rvl_ring_place *ring;

	if (!t->rings)
		return true;
	ring = rvl_rings_find(&f->rings, addr);
	if (!ring)
		return t->rings & RVL_RING_BUFFER;
	return t->rings & ring->kind && (t->queue < 0 || ring->queue == (unsigned)t->queue);
}

/* ------------------------------------------------------------------------------- host memory */

bool rvl_faults_read(struct rvl_faults *f, uint64_t addr, uint64_t end,
		     struct rvl_rootport_rule *rule)
{
	unsigned i;

	if (!f->count)
		return false;
	for (i = 0; i < RVL_FAULTS; i++) {
		struct rvl_fault_slot *s = &f->slots[i];
		const struct rvl_fault *t = &s->fault;

		if (t->kind >= RVL_FAULT_KINDS || !armed(f, s, t->kind) || !touches(t, addr, end) ||
		    !on_ring(f, t, addr) || !hit(f, s))
			continue;
		*rule = (struct rvl_rootport_rule){.fault = (enum rvl_rootport_fault)t->kind,
						   .completion = t->completion,
						   .amount = t->amount};
		return true;
	}
	return false;
}

/* Make something else of these octets. */
static void corrupt(struct rvl_fault_slot *s, uint8_t *data, uint32_t len)
{
	uint32_t at = below(s, len), i, n;

	switch (below(s, 6)) {
	case 0:
		data[at] ^= (uint8_t)(1U << below(s, 8));
		break;
	case 1:
		data[at] = (uint8_t)random64(s);
		break;
	case 2:
		at &= ~3U;
		n = len - at < 4 ? len - at : 4;
		for (i = 0; i < n; i++)
			data[at + i] = (uint8_t)random64(s);
		break;
	case 3:
		for (i = 0; i < len; i++)
			data[i] = (uint8_t)random64(s);
		break;
	case 4:
		memset(data, 0, len);
		break;
	default:
		memset(data, 0xff, len);
	}
}

static bool strikes(struct rvl_fault_slot *s)
{
	return below(s, s->fault.rate) == 0;
}

bool rvl_faults_written(struct rvl_faults *f, uint64_t addr, uint8_t *data, uint32_t len)
{
	unsigned i;

	if (!f->count)
		return true;
	for (i = 0; i < RVL_FAULTS; i++) {
		struct rvl_fault_slot *s = &f->slots[i];
		const struct rvl_fault *t = &s->fault;

		if (armed(f, s, RVL_FAULT_WRITE_LOST) && touches(t, addr, addr + len) &&
		    on_ring(f, t, addr) && hit(f, s))
			return false;
		if (armed(f, s, RVL_FAULT_HOSTILE) && t->rings && touches(t, addr, addr + len) &&
		    on_ring(f, t, addr) && strikes(s) && hit(f, s))
			corrupt(s, data, len);
	}
	return true;
}

/* --------------------------------------------------------------------------------- registers */

void rvl_faults_register_read(struct rvl_faults *f, uint64_t offset, uint32_t *value)
{
	unsigned i;

	if (!f->count)
		return;
	for (i = 0; i < RVL_FAULTS; i++) {
		struct rvl_fault_slot *s = &f->slots[i];
		const struct rvl_fault *t = &s->fault;
		uint8_t octets[4];

		if (armed(f, s, RVL_FAULT_REGISTER_ONES) && touches(t, offset, offset + 4) &&
		    hit(f, s))
			*value = ~0U;
		if (armed(f, s, RVL_FAULT_REGISTER_VALUE) && touches(t, offset, offset + 4) &&
		    hit(f, s))
			*value = t->amount;
		if (!armed(f, s, RVL_FAULT_HOSTILE) || !t->registers || !strikes(s) || !hit(f, s))
			continue;
		memcpy(octets, value, sizeof(octets));
		corrupt(s, octets, sizeof(octets));
		memcpy(value, octets, sizeof(octets));
	}
}

bool rvl_faults_register_write(struct rvl_faults *f, uint64_t offset)
{
	unsigned i, queue, kind;

	if (!f->count)
		return true;
	kind = rvl_rings_doorbell(offset, &queue);
	for (i = 0; i < RVL_FAULTS; i++) {
		struct rvl_fault_slot *s = &f->slots[i];
		const struct rvl_fault *t = &s->fault;

		if (!armed(f, s, RVL_FAULT_DOORBELL_LOST))
			continue;
		if (t->size ? !touches(t, offset, offset + 4)
			    : !(kind & (t->rings ? t->rings : RVL_RING_ANY)) ||
				      (t->queue >= 0 && queue != (unsigned)t->queue))
			continue;
		if (hit(f, s))
			return false;
	}
	return true;
}

/* -------------------------------------------------------------------------------- interrupts */

static unsigned hostile_irq(struct rvl_faults *f, struct rvl_fault_slot *s, unsigned *vector)
{
	switch (below(s, 3)) {
	case 0:
		return 0;
	case 1:
		return 2;
	default:
		*vector = f->vectors ? below(s, f->vectors) : *vector;
		return 1;
	}
}

unsigned rvl_faults_irq(struct rvl_faults *f, unsigned *vector)
{
	unsigned i;

	if (!f->count)
		return 1;
	for (i = 0; i < RVL_FAULTS; i++) {
		struct rvl_fault_slot *s = &f->slots[i];
		const struct rvl_fault *t = &s->fault;

		if (armed(f, s, RVL_FAULT_HOSTILE) && t->interrupts && strikes(s) && hit(f, s))
			return hostile_irq(f, s, vector);
		if (t->vector >= 0 && *vector != (unsigned)t->vector)
			continue;
		if (armed(f, s, RVL_FAULT_IRQ_LOST) && hit(f, s))
			return 0;
		if (armed(f, s, RVL_FAULT_IRQ_DOUBLE) && hit(f, s))
			return 2;
		if (f->late_count < RVL_FAULTS_LATE && armed(f, s, RVL_FAULT_IRQ_LATE) &&
		    hit(f, s)) {
			f->late[f->late_count].vector = *vector;
			f->late[f->late_count++].due = f->cycle + t->amount;
			return 0;
		}
	}
	return 1;
}

int rvl_faults_irq_due(struct rvl_faults *f)
{
	unsigned i;

	for (i = 0; i < f->late_count; i++) {
		if (f->late[i].due <= f->cycle) {
			int vector = (int)f->late[i].vector;

			f->late_count--;
			memmove(&f->late[i], &f->late[i + 1],
				(f->late_count - i) * sizeof(f->late[0]));
			return vector;
		}
	}
	return -1;
}

bool rvl_faults_irq_pending(const struct rvl_faults *f)
{
	return f->late_count;
}

/* ------------------------------------------------------------------------------ a stopped NIC */

void rvl_faults_stopped(struct rvl_faults *f, bool *reads, bool *writes)
{
	unsigned i;

	*reads = *writes = false;
	for (i = 0; f->count && i < RVL_FAULTS; i++) {
		struct rvl_fault_slot *s = &f->slots[i];

		if (!armed(f, s, RVL_FAULT_DMA_STOP))
			continue;
		if (!s->hits)
			hit(f, s);
		if (s->fault.amount && f->cycle >= s->from + s->fault.amount) {
			s->fault.times = 1;
			continue;
		}
		*reads |= s->fault.reads;
		*writes |= s->fault.writes;
	}
}

void rvl_faults_reset(struct rvl_faults *f)
{
	unsigned i;

	rvl_rings_reset(&f->rings);
	f->late_count = 0;
	for (i = 0; i < RVL_FAULTS; i++) {
		if (!armed(f, &f->slots[i], RVL_FAULT_DMA_STOP))
			continue;
		if (!f->slots[i].hits)
			hit(f, &f->slots[i]);
		f->slots[i].fault.times = 1;
	}
}
