/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What the driver core asks of its surroundings. The core includes nothing else and calls no OS.
 *
 * This is the user-space form: little-endian types, one table of functions for registers, memory,
 * time and log, and a lock. A kernel form provides the same names from its own headers (__le16,
 * readl, dma_alloc_coherent, ktime_get_ns, struct mutex, ...).
 */
#ifndef RVL_OS_H
#define RVL_OS_H

#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Little-endian in memory that the device shares; only the functions below look inside. */
typedef uint16_t rvl_le16;
typedef uint32_t rvl_le32;
typedef uint64_t rvl_le64;

static inline rvl_le16 rvl_cpu_to_le16(uint16_t v)
{
	return htole16(v);
}

static inline rvl_le32 rvl_cpu_to_le32(uint32_t v)
{
	return htole32(v);
}

static inline rvl_le64 rvl_cpu_to_le64(uint64_t v)
{
	return htole64(v);
}

static inline uint16_t rvl_le16_to_cpu(rvl_le16 v)
{
	return le16toh(v);
}

static inline uint32_t rvl_le32_to_cpu(rvl_le32 v)
{
	return le32toh(v);
}

static inline uint64_t rvl_le64_to_cpu(rvl_le64 v)
{
	return le64toh(v);
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
 * dma_off           keeps the device off memory for good (bus master off); called before memory is
 *                   freed that a device which no longer obeys could still write
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

/* Memory of the host's own, zeroed; NULL when there is none. */
static inline void *rvl_os_zalloc(size_t count, size_t size)
{
	return calloc(count, size);
}

static inline void rvl_os_free(void *mem)
{
	free(mem);
}

static inline void rvl_memzero_explicit(void *mem, size_t size)
{
	explicit_bzero(mem, size);
}

/* What was written to shared memory is seen before what follows (a doorbell). */
static inline void rvl_dma_wmb(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* Nothing that follows is read before what was read already (a phase bit). */
static inline void rvl_dma_rmb(void)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
}

/* One read of a word that the device may be writing. */
static inline uint32_t rvl_read_once32(const rvl_le32 *p)
{
	return rvl_le32_to_cpu(__atomic_load_n(p, __ATOMIC_RELAXED));
}

/* A word that threads share. */
typedef int rvl_atomic;

static inline int rvl_atomic_load(const rvl_atomic *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static inline void rvl_atomic_store(rvl_atomic *p, int v)
{
	__atomic_store_n(p, v, __ATOMIC_RELEASE);
}

/* Put v where old is; false when something else is there. */
static inline bool rvl_atomic_replace(rvl_atomic *p, int old, int v)
{
	return __atomic_compare_exchange_n(p, &old, v, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

struct rvl_lock {
	pthread_mutex_t mutex;
};

static inline void rvl_lock_init(struct rvl_lock *l)
{
	pthread_mutex_init(&l->mutex, NULL);
}

static inline void rvl_lock_destroy(struct rvl_lock *l)
{
	pthread_mutex_destroy(&l->mutex);
}

static inline void rvl_lock(struct rvl_lock *l)
{
	pthread_mutex_lock(&l->mutex);
}

static inline void rvl_unlock(struct rvl_lock *l)
{
	pthread_mutex_unlock(&l->mutex);
}

#endif
