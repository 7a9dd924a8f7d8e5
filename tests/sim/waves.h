/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Search for octets in every value of every signal of an FST file, at any bit position and in any
 * order that a register may hold them in: first octet at the top or at the bottom, bits of the
 * whole either way round.
 */
#ifndef TESTS_SIM_WAVES_H
#define TESTS_SIM_WAVES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WAVES_CHUNK 8 /* octets: too many to be met by chance */
#define WAVES_WORD 4  /* octets of a key in a register of their own, of exactly this width */
#define WAVES_PATTERNS 65536U

struct waves_pattern {
	char name[48];
	uint64_t seen;	 /* how often */
	uint64_t time;	 /* first, ns */
	char where[200]; /* first, the signal's full name */
};

struct waves {
	struct waves_pattern *patterns; /* count of them */
	unsigned int count;
	uint64_t *keys; /* hash table: what to compare with, and the pattern + 1; 0: free */
	uint32_t *slots;
	uint8_t *filter; /* a bit for each hash */
	uint64_t signals, values, bits;
};

void waves_init(struct waves *w);
void waves_fini(struct waves *w);

/*
 * Look for these WAVES_CHUNK octets; waves_word for these WAVES_WORD as the whole value of a
 * signal. name is printf's. Returns the pattern's number.
 */
unsigned int waves_chunk(struct waves *w, const uint8_t *octets, const char *name, ...)
	__attribute__((format(printf, 3, 4)));
unsigned int waves_word(struct waves *w, const uint8_t *octets, const char *name, ...)
	__attribute__((format(printf, 3, 4)));

/* Both halves of 16 octets. Names of more than 40 characters are cut. */
void waves_block(struct waves *w, const uint8_t *octets, const char *name, ...)
	__attribute__((format(printf, 3, 4)));

/* Search the file; false when it can't be read. */
bool waves_search(struct waves *w, const char *path);

/* Whether the file has a signal of this full name, such as "ravelin.ravelin.htx_data". */
bool waves_has_signal(const char *path, const char *name);

#endif
