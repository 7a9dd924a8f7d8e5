/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/sim/waves.h"

#include <gtkwave/fstapi.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_BITS 20
#define TABLE_SIZE (1U << TABLE_BITS)
#define FILTER_BITS 22
#define WORD_TAG 0x9d00000000000000ULL /* keeps words and chunks apart in the hash table */
#define NAME_SIZE 200

static uint64_t hash(uint64_t v)
{
	return (v ^ v >> 32) * 0x9e3779b97f4a7c15ULL;
}

void waves_init(struct waves *w)
{
	memset(w, 0, sizeof(*w));
	w->patterns = calloc(WAVES_PATTERNS, sizeof(*w->patterns));
	w->keys = calloc(TABLE_SIZE, sizeof(*w->keys));
	w->slots = calloc(TABLE_SIZE, sizeof(*w->slots));
	w->filter = calloc(1U << FILTER_BITS, 1);
	if (!w->patterns || !w->keys || !w->slots || !w->filter)
		abort();
}

void waves_fini(struct waves *w)
{
	free(w->patterns);
	free(w->keys);
	free(w->slots);
	free(w->filter);
	memset(w, 0, sizeof(*w));
}

static void insert(struct waves *w, uint64_t key, unsigned int pattern)
{
	uint64_t h = hash(key);
	uint32_t i = (uint32_t)(h >> (64 - TABLE_BITS));

	while (w->slots[i] && w->keys[i] != key)
		i = (i + 1) % TABLE_SIZE;
	if (w->slots[i])
		return;
	w->keys[i] = key;
	w->slots[i] = pattern + 1;
	w->filter[h >> (64 - FILTER_BITS)] = 1;
}

static uint64_t reverse(uint64_t v, unsigned int bits)
{
	uint64_t r = 0;

	while (bits--) {
		r = r << 1 | (v & 1);
		v >>= 1;
	}
	return r;
}

static unsigned int add(struct waves *w, const char *name, const char *part)
{
	if (w->count == WAVES_PATTERNS)
		abort();
	snprintf(w->patterns[w->count].name, sizeof(w->patterns->name), "%.40s%s", name, part);
	return w->count++;
}

static unsigned int add_octets(struct waves *w, const uint8_t *octets, unsigned int len,
			       const char *name, const char *part)
{
	uint64_t tag = len == WAVES_WORD ? WORD_TAG : 0, up = 0, down = 0;
	unsigned int pattern = add(w, name, part);
	unsigned int i;

	for (i = 0; i < len; i++) {
		down = down << 8 | octets[i];
		up |= (uint64_t)octets[i] << (8 * i);
	}
	insert(w, down ^ tag, pattern);
	insert(w, up ^ tag, pattern);
	insert(w, reverse(down, 8 * len) ^ tag, pattern);
	insert(w, reverse(up, 8 * len) ^ tag, pattern);
	return pattern;
}

#define FORMAT(text, fmt)                                                                          \
	char text[64];                                                                             \
	va_list args;                                                                              \
	va_start(args, fmt);                                                                       \
	vsnprintf(text, sizeof(text), fmt, args);                                                  \
	va_end(args)

unsigned int waves_chunk(struct waves *w, const uint8_t *octets, const char *name, ...)
{
	FORMAT(text, name);
	return add_octets(w, octets, WAVES_CHUNK, text, "");
}

unsigned int waves_word(struct waves *w, const uint8_t *octets, const char *name, ...)
{
	FORMAT(text, name);
	return add_octets(w, octets, WAVES_WORD, text, "");
}

void waves_block(struct waves *w, const uint8_t *octets, const char *name, ...)
{
	FORMAT(text, name);
	add_octets(w, octets, WAVES_CHUNK, text, ", 0-7");
	add_octets(w, octets + 8, WAVES_CHUNK, text, ", 8-15");
}

/* --------------------------------------------------------------------------------- the signals */

struct signal {
	uint32_t width;
	char name[NAME_SIZE];
};

struct search {
	struct waves *waves;
	struct signal *signals; /* by handle, from 1 */
	fstHandle max;
};

typedef void signal_fn(void *ctx, const struct fstHierVar *var, const char *name);

static void each_signal(void *fst, signal_fn *fn, void *ctx)
{
	char scope[NAME_SIZE] = "", name[2 * NAME_SIZE];
	struct fstHier *h;

	fstReaderIterateHierRewind(fst);
	while ((h = fstReaderIterateHier(fst))) {
		size_t used = strlen(scope);

		if (h->htyp == FST_HT_SCOPE) {
			snprintf(scope + used, sizeof(scope) - used, "%s%s", used ? "." : "",
				 h->u.scope.name);
		} else if (h->htyp == FST_HT_UPSCOPE) {
			char *dot = strrchr(scope, '.');

			*(dot ? dot : scope) = 0;
		} else if (h->htyp == FST_HT_VAR) {
			snprintf(name, sizeof(name), "%s.%s", scope, h->u.var.name);
			fn(ctx, &h->u.var, name);
		}
	}
}

static void note_signal(void *ctx, const struct fstHierVar *var, const char *name)
{
	struct search *s = ctx;
	struct signal *signal = &s->signals[var->handle];

	if (var->handle > s->max || signal->width)
		return;
	signal->width = var->length;
	snprintf(signal->name, sizeof(signal->name), "%.*s", NAME_SIZE - 1, name);
	s->waves->signals++;
}

static void look_up(const struct search *s, uint64_t key, uint64_t time, fstHandle handle)
{
	struct waves *w = s->waves;
	uint64_t h = hash(key);
	struct waves_pattern *p;
	uint32_t i;

	if (!w->filter[h >> (64 - FILTER_BITS)])
		return;
	for (i = (uint32_t)(h >> (64 - TABLE_BITS)); w->slots[i]; i = (i + 1) % TABLE_SIZE) {
		if (w->keys[i] != key)
			continue;
		p = &w->patterns[w->slots[i] - 1];
		if (!p->seen++) {
			p->time = time;
			memcpy(p->where, s->signals[handle].name, sizeof(p->where));
		}
		return;
	}
}

/* A value is a string of digits, the most significant first. */
static void on_value(void *ctx, uint64_t time, fstHandle handle, const unsigned char *value)
{
	struct search *s = ctx;
	uint32_t width = s->signals[handle].width, i;
	uint64_t window = 0;

	s->waves->values++;
	s->waves->bits += width;
	for (i = 0; i < width; i++) {
		window = window << 1 | (value[i] & 1);
		if (i >= 8 * WAVES_CHUNK - 1)
			look_up(s, window, time, handle);
	}
	if (width == 8 * WAVES_WORD)
		look_up(s, window ^ WORD_TAG, time, handle);
}

bool waves_search(struct waves *w, const char *path)
{
	void *fst = fstReaderOpen(path);
	struct search s = {.waves = w};
	bool ok;

	if (!fst)
		return false;
	s.max = fstReaderGetMaxHandle(fst);
	s.signals = calloc((size_t)s.max + 1, sizeof(*s.signals));
	if (!s.signals)
		abort();
	each_signal(fst, note_signal, &s);
	fstReaderSetFacProcessMaskAll(fst);
	ok = fstReaderIterBlocks(fst, on_value, &s, NULL);
	fstReaderClose(fst);
	free(s.signals);
	return ok;
}

struct wanted {
	const char *name;
	bool found;
};

static void compare_name(void *ctx, const struct fstHierVar *var, const char *name)
{
	struct wanted *wanted = ctx;
	size_t len = strlen(wanted->name);

	(void)var;
	/* The range of a vector follows its name. */
	wanted->found |= !strncmp(name, wanted->name, len) && (!name[len] || name[len] == ' ');
}

bool waves_has_signal(const char *path, const char *name)
{
	void *fst = fstReaderOpen(path);
	struct wanted wanted = {.name = name};

	if (!fst)
		return false;
	each_signal(fst, compare_name, &wanted);
	fstReaderClose(fst);
	return wanted.found;
}
