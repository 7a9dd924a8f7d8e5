/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What the driver core asks of its surroundings. The core includes nothing else and calls no OS.
 *
 * There are two forms, with the same names: rvl_os_user.h, for a process, and the kernel module's
 * rvl_os_linux.h. Each brings fixed-width integers, bool, size_t, offsetof, va_list, errno values,
 * memcpy, memset, memcmp, snprintf and vsnprintf, and
 *
 *	rvl_le16, rvl_le32, rvl_le64	little-endian in memory that the device shares; only
 *	rvl_cpu_to_le16() ...		these functions look inside
 *	rvl_le16_to_cpu() ...
 *	rvl_os_zalloc(count, size)	memory of the host's own, zeroed; NULL when there is none
 *	rvl_os_free(mem)		takes it back; NULL is fine
 *	rvl_memzero_explicit(mem, size)	zeroes what holds a key, whatever the compiler thinks of it
 *	rvl_dma_wmb()			what was written to shared memory is seen before what
 *					follows (a doorbell)
 *	rvl_dma_rmb()			nothing that follows is read before what was read already
 *					(a phase bit)
 *	rvl_read_once8(uint8_t *)	one read of an octet that the device may be writing
 *	rvl_atomic			a word that threads share: an int
 *	rvl_atomic_load(), _store()	acquire and release
 *	rvl_atomic_replace(p, old, v)	put v where old is; false when something else is there
 *	struct rvl_lock			a lock whose holder may sleep
 *	rvl_lock_init(), rvl_lock_destroy(), rvl_lock(), rvl_unlock()
 */
#ifndef RVL_OS_H
#define RVL_OS_H

#ifdef __KERNEL__
#include "rvl_os_linux.h"
#else
#include "rvl_os_user.h"
#endif

/* 24 bits, little-endian, in memory that the device shares: SA and policy indices. */
typedef struct {
	uint8_t octets[3];
} rvl_le24;

static inline rvl_le24 rvl_cpu_to_le24(uint32_t v)
{
	return (rvl_le24){{(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16)}};
}

static inline uint32_t rvl_le24_to_cpu(rvl_le24 v)
{
	return v.octets[0] | (uint32_t)v.octets[1] << 8 | (uint32_t)v.octets[2] << 16;
}

enum rvl_log_level { RVL_LOG_ERROR, RVL_LOG_WARNING, RVL_LOG_INFO };

/*
 * One device's surroundings. All functions may be called from any thread, also at the same time.
 *
 * read32, write32   a register of BAR0, offset a multiple of 4. A read of a device that is gone
 *                   gives all ones; neither waits without a bound.
 * dma_alloc         size octets that the device can read and write at *bus, zeroed, both addresses
 *                   4,096-octet aligned; NULL when there are none
 * dma_free          takes back what dma_alloc gave, with the same size
 * dma_off           keeps the device off memory for good (bus master off, and its function reset
 *                   where that can be done); called before memory is freed that a device which no
 *                   longer obeys could still write
 * now_ns            a clock that only goes forward
 * wait              called between two looks at something that the device will change; polls counts
 *                   them, so an implementation can spin at first and sleep later
 * log               one line, without newline; may be NULL
 */
struct rvl_os_ops {
	uint32_t (*read32)(void *ctx, uint32_t offset);
	void (*write32)(void *ctx, uint32_t offset, uint32_t value);
	void *(*dma_alloc)(void *ctx, size_t size, uint64_t *bus);
	void (*dma_free)(void *ctx, void *mem, size_t size, uint64_t bus);
	void (*dma_off)(void *ctx);
	uint64_t (*now_ns)(void *ctx);
	void (*wait)(void *ctx, unsigned int polls);
	void (*log)(void *ctx, enum rvl_log_level level, const char *text);
};

struct rvl_os {
	const struct rvl_os_ops *ops;
	void *ctx;
};

static inline uint32_t rvl_os_read32(const struct rvl_os *os, uint32_t offset)
{
	return os->ops->read32(os->ctx, offset);
}

static inline void rvl_os_write32(const struct rvl_os *os, uint32_t offset, uint32_t value)
{
	os->ops->write32(os->ctx, offset, value);
}

static inline void *rvl_os_dma_alloc(const struct rvl_os *os, size_t size, uint64_t *bus)
{
	return os->ops->dma_alloc(os->ctx, size, bus);
}

static inline void rvl_os_dma_free(const struct rvl_os *os, void *mem, size_t size, uint64_t bus)
{
	os->ops->dma_free(os->ctx, mem, size, bus);
}

static inline void rvl_os_dma_off(const struct rvl_os *os)
{
	os->ops->dma_off(os->ctx);
}

static inline uint64_t rvl_os_now_ns(const struct rvl_os *os)
{
	return os->ops->now_ns(os->ctx);
}

static inline void rvl_os_wait(const struct rvl_os *os, unsigned int polls)
{
	os->ops->wait(os->ctx, polls);
}

static inline void rvl_os_log(const struct rvl_os *os, enum rvl_log_level level, const char *text)
{
	if (os->ops->log)
		os->ops->log(os->ctx, level, text);
}

#endif
