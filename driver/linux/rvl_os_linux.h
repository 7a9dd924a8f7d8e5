/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What driver/core asks of its surroundings (core/rvl_os.h), in the kernel.
 */
#ifndef RVL_OS_LINUX_H
#define RVL_OS_LINUX_H

#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/stdarg.h>
#include <linux/string.h>
#include <linux/types.h>

typedef __le16 rvl_le16;
typedef __le32 rvl_le32;
typedef __le64 rvl_le64;

#define rvl_cpu_to_le16(v) cpu_to_le16(v)
#define rvl_cpu_to_le32(v) cpu_to_le32(v)
#define rvl_cpu_to_le64(v) cpu_to_le64(v)
#define rvl_le16_to_cpu(v) le16_to_cpu(v)
#define rvl_le32_to_cpu(v) le32_to_cpu(v)
#define rvl_le64_to_cpu(v) le64_to_cpu(v)

static inline void *rvl_os_zalloc(size_t count, size_t size)
{
	return kvcalloc(count, size, GFP_KERNEL);
}

static inline void rvl_os_free(void *mem)
{
	kvfree(mem);
}

static inline void rvl_memzero_explicit(void *mem, size_t size)
{
	memzero_explicit(mem, size);
}

static inline void rvl_dma_wmb(void)
{
	dma_wmb();
}

static inline void rvl_dma_rmb(void)
{
	dma_rmb();
}

static inline u8 rvl_read_once8(const u8 *p)
{
	return READ_ONCE(*p);
}

typedef atomic_t rvl_atomic;

static inline int rvl_atomic_load(const rvl_atomic *p)
{
	return atomic_read_acquire(p);
}

static inline void rvl_atomic_store(rvl_atomic *p, int v)
{
	atomic_set_release(p, v);
}

static inline bool rvl_atomic_replace(rvl_atomic *p, int old, int v)
{
	return atomic_try_cmpxchg(p, &old, v);
}

struct rvl_lock {
	struct mutex mutex; /* sleeps: commands wait for the device under it */
};

/* A macro, so that lockdep tells locks apart by where they are made. */
#define rvl_lock_init(l) mutex_init(&(l)->mutex)

static inline void rvl_lock_destroy(struct rvl_lock *l)
{
	mutex_destroy(&l->mutex);
}

static inline void rvl_lock(struct rvl_lock *l)
{
	mutex_lock(&l->mutex);
}

static inline void rvl_unlock(struct rvl_lock *l)
{
	mutex_unlock(&l->mutex);
}

#endif
