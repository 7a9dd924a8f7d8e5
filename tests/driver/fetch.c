/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/driver/fetch.h"

#include <sanitizer/asan_interface.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/driver/hostile.h"

static struct hostile *watched;

void fetch_watch(struct hostile *h)
{
	watched = h;
}

static void may_access(const void *p, size_t size, const char *how)
{
	if (!__asan_region_is_poisoned((void *)(uintptr_t)p, size))
		return;
	fprintf(stderr, "# %s of %zu octets at %p\n", how, size, p);
	__asan_describe_address((void *)(uintptr_t)p);
	abort();
}

static void before_read(const void *p, size_t size)
{
	may_access(p, size, "read");
	if (watched)
		hostile_before_read(watched, p, size);
}

static void before_write(const void *p, size_t size)
{
	may_access(p, size, "write");
}

void *fetch_copy(void *to, const void *from, size_t size)
{
	uint8_t *d = to;
	const uint8_t *s = from;
	size_t i;

	before_write(to, size);
	may_access(from, size, "read");
	for (i = 0; i < size; i++) {
		if (i % 4 == 0)
			before_read(s + i, 1);
		d[i] = s[i];
	}
	return to;
}

/* ---------------------------------------------------------- what the instrumented core calls */

#define READS(name, size)                                                                          \
	void name(const void *p);                                                                  \
	void name(const void *p)                                                                   \
	{                                                                                          \
		before_read(p, size);                                                              \
	}

#define WRITES(name, size)                                                                         \
	void name(const void *p);                                                                  \
	void name(const void *p)                                                                   \
	{                                                                                          \
		before_write(p, size);                                                             \
	}

#define SIZE(n)                                                                                    \
	READS(__tsan_read##n, n)                                                                   \
	WRITES(__tsan_write##n, n)                                                                 \
	READS(__tsan_read_write##n, n)                                                             \
	READS(__tsan_unaligned_read##n, n)                                                         \
	WRITES(__tsan_unaligned_write##n, n)                                                       \
	READS(__tsan_unaligned_read_write##n, n)

SIZE(1)
SIZE(2)
SIZE(4)
SIZE(8)
SIZE(16)

void __tsan_init(void);
void __tsan_func_entry(void *pc);
void __tsan_func_exit(void);
void __tsan_read_range(const void *p, size_t size);
void __tsan_write_range(const void *p, size_t size);
uint8_t __tsan_atomic8_load(const volatile uint8_t *p, int order);
uint32_t __tsan_atomic32_load(const volatile uint32_t *p, int order);
void __tsan_atomic32_store(volatile uint32_t *p, uint32_t v, int order);
int __tsan_atomic32_compare_exchange_strong(volatile uint32_t *p, uint32_t *old, uint32_t v,
					    int order, int order_failed);
uint32_t __tsan_atomic32_compare_exchange_val(volatile uint32_t *p, uint32_t old, uint32_t v,
					      int order, int order_failed);
void __tsan_atomic_thread_fence(int order);

void __tsan_init(void)
{
}

void __tsan_func_entry(void *pc)
{
	(void)pc;
}

void __tsan_func_exit(void)
{
}

void __tsan_read_range(const void *p, size_t size)
{
	before_read(p, size);
}

void __tsan_write_range(const void *p, size_t size)
{
	before_write(p, size);
}

uint8_t __tsan_atomic8_load(const volatile uint8_t *p, int order)
{
	(void)order;
	before_read((const void *)(uintptr_t)p, sizeof(*p));
	return __atomic_load_n(p, __ATOMIC_SEQ_CST);
}

uint32_t __tsan_atomic32_load(const volatile uint32_t *p, int order)
{
	(void)order;
	before_read((const void *)(uintptr_t)p, sizeof(*p));
	return __atomic_load_n(p, __ATOMIC_SEQ_CST);
}

void __tsan_atomic32_store(volatile uint32_t *p, uint32_t v, int order)
{
	(void)order;
	before_write((const void *)(uintptr_t)p, sizeof(*p));
	__atomic_store_n(p, v, __ATOMIC_SEQ_CST);
}

int __tsan_atomic32_compare_exchange_strong(volatile uint32_t *p, uint32_t *old, uint32_t v,
					    int order, int order_failed)
{
	(void)order;
	(void)order_failed;
	return __atomic_compare_exchange_n(p, old, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

uint32_t __tsan_atomic32_compare_exchange_val(volatile uint32_t *p, uint32_t old, uint32_t v,
					      int order, int order_failed)
{
	__tsan_atomic32_compare_exchange_strong(p, &old, v, order, order_failed);
	return old;
}

void __tsan_atomic_thread_fence(int order)
{
	(void)order;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}
