/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory that the device may reach: one sealed memfd, seen by the device through two windows,
 * one of them above 4 GiB, so that both forms of address are in use.
 */
#ifndef RVL_ARENA_H
#define RVL_ARENA_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#define RVL_ARENA_PAGE 4096
#define RVL_ARENA_WINDOWS 2
#define RVL_ARENA_LOW 0x10000000ULL
#define RVL_ARENA_HIGH 0x240000000ULL

/* A part of the arena, of `pages` pages; the device sees it at bus. */
struct rvl_arena_window {
	uint64_t bus;
	size_t first;
	size_t pages;
};

struct rvl_arena {
	int fd;
	uint8_t *mem;
	size_t size;
	struct rvl_arena_window windows[RVL_ARENA_WINDOWS];
	pthread_mutex_t lock;
	uint8_t *taken;	   /* a page each */
	unsigned int turn; /* window that the next allocation tries first */
};

/* size: a multiple of 2 pages. It is kept out of core dumps: keys pass through it. */
int rvl_arena_init(struct rvl_arena *arena, size_t size);
void rvl_arena_fini(struct rvl_arena *arena);

/* Zeroed, page-aligned, contiguous for both sides; NULL when no window has so much in one piece. */
void *rvl_arena_alloc(struct rvl_arena *arena, size_t size, uint64_t *bus);
void rvl_arena_free(struct rvl_arena *arena, void *mem, size_t size);

#endif
