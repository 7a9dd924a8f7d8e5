/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What the core asks of its surroundings (rvl_os.h), in a process.
 */
#ifndef RVL_OS_USER_H
#define RVL_OS_USER_H

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
static inline uint8_t rvl_read_once8(const uint8_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
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
