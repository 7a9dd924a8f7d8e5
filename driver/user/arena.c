/* SPDX-License-Identifier: BSD-2-Clause */
#include "arena.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t pages_of(size_t size)
{
	return (size + RVL_ARENA_PAGE - 1) / RVL_ARENA_PAGE;
}

int rvl_arena_init(struct rvl_arena *arena, size_t size)
{
	size_t half = size / RVL_ARENA_PAGE / 2;
	int err;

	memset(arena, 0, sizeof(*arena));
	arena->size = size;
	arena->fd = memfd_create("ravelin-dma", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (arena->fd < 0)
		return -errno;
	arena->mem = MAP_FAILED;
	arena->taken = calloc(2 * half, 1);
	if (!arena->taken) {
		errno = ENOMEM;
		goto fail;
	}
	/* The server gets this descriptor too: sealed, it can't cut the file under our feet. */
	if (ftruncate(arena->fd, (off_t)size) ||
	    fcntl(arena->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		goto fail;
	arena->mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, arena->fd, 0);
	if (arena->mem == MAP_FAILED || madvise(arena->mem, size, MADV_DONTDUMP))
		goto fail;
	arena->windows[0] = (struct rvl_arena_window){RVL_ARENA_LOW, 0, half};
	arena->windows[1] = (struct rvl_arena_window){RVL_ARENA_HIGH, half, half};
	pthread_mutex_init(&arena->lock, NULL);
	return 0;
fail:
	err = -errno;
	if (arena->mem != MAP_FAILED)
		munmap(arena->mem, size);
	free(arena->taken);
	close(arena->fd);
	return err;
}

void rvl_arena_fini(struct rvl_arena *arena)
{
	explicit_bzero(arena->mem, arena->size);
	munmap(arena->mem, arena->size);
	free(arena->taken);
	close(arena->fd);
	pthread_mutex_destroy(&arena->lock);
}

/* The first of `pages` free pages in a row, or SIZE_MAX. */
static size_t find(const struct rvl_arena *arena, const struct rvl_arena_window *w, size_t pages)
{
	size_t run = 0;
	size_t i;

	for (i = w->first; i < w->first + w->pages; i++) {
		run = arena->taken[i] ? 0 : run + 1;
		if (run == pages)
			return i + 1 - pages;
	}
	return SIZE_MAX;
}

void *rvl_arena_alloc(struct rvl_arena *arena, size_t size, uint64_t *bus)
{
	size_t pages = pages_of(size);
	uint8_t *mem = NULL;
	unsigned int tried;

	if (!pages)
		return NULL;
	pthread_mutex_lock(&arena->lock);
	for (tried = 0; tried < RVL_ARENA_WINDOWS && !mem; tried++) {
		const struct rvl_arena_window *w = &arena->windows[arena->turn];
		size_t first = find(arena, w, pages);

		arena->turn = (arena->turn + 1) % RVL_ARENA_WINDOWS;
		if (first == SIZE_MAX)
			continue;
		memset(&arena->taken[first], 1, pages);
		mem = arena->mem + first * RVL_ARENA_PAGE;
		*bus = w->bus + (first - w->first) * RVL_ARENA_PAGE;
	}
	pthread_mutex_unlock(&arena->lock);
	if (mem)
		memset(mem, 0, size);
	return mem;
}

void rvl_arena_free(struct rvl_arena *arena, void *mem, size_t size)
{
	size_t first = (size_t)((uint8_t *)mem - arena->mem) / RVL_ARENA_PAGE;

	pthread_mutex_lock(&arena->lock);
	memset(&arena->taken[first], 0, pages_of(size));
	pthread_mutex_unlock(&arena->lock);
}
