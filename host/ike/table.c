/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/ike/table.h"

#include <errno.h>
#include <stdlib.h>

enum { TABLE_FIRST = 64 };

int ike_table_init(struct ike_table *t)
{
	*t = (struct ike_table){.size = TABLE_FIRST};
	t->chains = calloc(t->size, sizeof(struct ike_link *));
	return t->chains ? 0 : -ENOMEM;
}

void ike_table_free(struct ike_table *t)
{
	free(t->chains);
	*t = (struct ike_table){0};
}

/* Before what is there. */
static void put(struct ike_table *t, struct ike_link *link)
{
	struct ike_link **at = &t->chains[link->hash & (t->size - 1)];

	link->next = *at;
	link->at = at;
	if (link->next)
		link->next->at = &link->next;
	*at = link;
}

static void grow(struct ike_table *t)
{
	struct ike_table wider = {.size = t->size * 2, .count = t->count};

	wider.chains = calloc(wider.size, sizeof(struct ike_link *));
	if (!wider.chains)
		return;
	for (unsigned i = 0; i < t->size; i++) {
		struct ike_link *oldest = NULL;

		/* Turned round first: put() turns it again. */
		while (t->chains[i]) {
			struct ike_link *link = t->chains[i];

			t->chains[i] = link->next;
			link->next = oldest;
			oldest = link;
		}
		while (oldest) {
			struct ike_link *link = oldest;

			oldest = link->next;
			put(&wider, link);
		}
	}
	free(t->chains);
	*t = wider;
}

void ike_table_add(struct ike_table *t, struct ike_link *link, uint64_t hash)
{
	if (t->count >= t->size)
		grow(t);
	link->hash = hash;
	put(t, link);
	t->count++;
}

void ike_table_remove(struct ike_table *t, struct ike_link *link)
{
	if (!link->at)
		return;
	*link->at = link->next;
	if (link->next)
		link->next->at = link->at;
	link->at = NULL;
	t->count--;
}

static _Thread_local uint64_t found;

uint64_t ike_table_found(void)
{
	return found;
}

static struct ike_link *of_hash(struct ike_link *link, uint64_t hash)
{
	while (link && link->hash != hash)
		link = link->next;
	found += link != NULL;
	return link;
}

struct ike_link *ike_table_first(const struct ike_table *t, uint64_t hash)
{
	return of_hash(t->chains[hash & (t->size - 1)], hash);
}

struct ike_link *ike_table_next(const struct ike_link *link)
{
	return of_hash(link->next, link->hash);
}
