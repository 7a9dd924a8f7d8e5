/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables of things that carry their own link: adding and removing never fail and take no memory but
 * for the chains, which double as the table fills; without memory they just get longer.
 */
#ifndef RAVELIN_HOST_IKE_TABLE_H
#define RAVELIN_HOST_IKE_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct ike_link {
	struct ike_link *next;
	struct ike_link **at; /* what points here; NULL: in no table */
	uint64_t hash;
};

struct ike_table {
	struct ike_link **chains;
	unsigned size; /* a power of two */
	unsigned count;
};

/* Returns 0 or -ENOMEM. */
int ike_table_init(struct ike_table *t);
void ike_table_free(struct ike_table *t);

void ike_table_add(struct ike_table *t, struct ike_link *link, uint64_t hash);

/* One that is in no table stays so. */
void ike_table_remove(struct ike_table *t, struct ike_link *link);

/* The links of one hash, the newest first. What they belong to is the caller's to compare. */
struct ike_link *ike_table_first(const struct ike_table *t, uint64_t hash);
struct ike_link *ike_table_next(const struct ike_link *link);

/* How many links the two have returned in this thread so far, of all tables. */
uint64_t ike_table_found(void);

#define IKE_OWNER(pointer, type, member)                                                           \
	((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
