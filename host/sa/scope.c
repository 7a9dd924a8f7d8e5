// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/scope.h"

#include <errno.h>
#include <stdlib.h>
#include <utlist.h>

#include "host/esp/grow.h"
#include "host/sa/hash.h"
#include "host/sa/indices.h"

static const struct rvl_scopes none;

struct entry {
	struct rvl_scopes scopes; /* without octets between */
	size_t held;
	uint32_t index; /* its number, less 1 */
	struct alike *alike;
	struct entry *prev; /* of those */
	struct entry *next;
	UT_hash_handle hh;
};

/* All that have one outbound scope. */
struct alike {
	struct rvl_scope out;
	struct entry *list;
	UT_hash_handle hh;
};

struct rvl_scope_table {
	struct rvl_indices indices;
	struct entry **list;
	size_t room;
	struct entry *by_scopes;
	struct alike *by_out;
};

_Static_assert(sizeof(struct rvl_scopes) == 6 * sizeof(uint32_t), "it is a key of a table");

struct rvl_scope_table *rvl_scope_table_new(void)
{
	struct rvl_scope_table *table = calloc(1, sizeof(*table));

	if (table)
		table->indices.most = UINT16_MAX;
	return table;
}

static struct entry *entry_of(const struct rvl_scope_table *table, uint16_t number)
{
	return table->list[number - 1];
}

/* There, or new; NULL without memory. */
static struct alike *alike_of(struct rvl_scope_table *table, const struct rvl_scope *out)
{
	struct alike *alike;

	HASH_FIND(hh, table->by_out, out, sizeof(*out), alike);
	if (alike)
		return alike;
	alike = calloc(1, sizeof(*alike));
	if (!alike)
		return NULL;
	alike->out = *out;
	HASH_ADD(hh, table->by_out, out, sizeof(alike->out), alike);
	if (alike->hh.tbl)
		return alike;
	free(alike);
	return NULL;
}

static void leave_alike(struct rvl_scope_table *table, struct alike *alike)
{
	if (!alike || alike->list)
		return;
	HASH_DELETE(hh, table->by_out, alike);
	free(alike);
}

/* Its place among the numbers. */
static int place(struct rvl_scope_table *table, struct entry *entry)
{
	struct entry **grown;
	int err = rvl_indices_take(&table->indices, &entry->index);

	if (err)
		return err;
	grown = rvl_grow(table->list, &table->room, entry->index, sizeof(struct entry *));
	if (grown) {
		table->list = grown;
		HASH_ADD(hh, table->by_scopes, scopes, sizeof(entry->scopes), entry);
	}
	if (entry->hh.tbl) {
		table->list[entry->index] = entry;
		return 0;
	}
	rvl_indices_give(&table->indices, entry->index);
	return -ENOMEM;
}

static int add(struct rvl_scope_table *table, const struct rvl_scopes *scopes, struct entry **out)
{
	struct entry *entry = calloc(1, sizeof(*entry));
	int err = -ENOMEM;

	if (!entry)
		return err;
	entry->scopes = *scopes;
	entry->alike = alike_of(table, &scopes->out);
	if (entry->alike)
		err = place(table, entry);
	if (err) {
		leave_alike(table, entry->alike);
		free(entry);
		return err;
	}
	DL_APPEND(entry->alike->list, entry);
	*out = entry;
	return 0;
}

void rvl_scope_table_free(struct rvl_scope_table *table)
{
	if (!table)
		return;
	HASH_CLEAR(hh, table->by_scopes);
	for (size_t i = 0; i < table->room; i++) {
		struct entry *entry = table->list[i];

		if (!entry)
			continue;
		DL_DELETE(entry->alike->list, entry);
		leave_alike(table, entry->alike);
		free(entry);
	}
	free(table->list);
	rvl_indices_free(&table->indices);
	free(table);
}

int rvl_scope_take(struct rvl_scope_table *table, const struct rvl_scopes *scopes, uint16_t *number)
{
	struct entry *entry;
	int err = 0;

	*number = 0;
	if (rvl_scopes_equal(scopes, &none))
		return 0;
	HASH_FIND(hh, table->by_scopes, scopes, sizeof(*scopes), entry);
	if (!entry)
		err = add(table, scopes, &entry);
	if (err)
		return err;
	entry->held++;
	*number = (uint16_t)(entry->index + 1);
	return 0;
}

void rvl_scope_hold(struct rvl_scope_table *table, uint16_t number)
{
	if (number)
		entry_of(table, number)->held++;
}

void rvl_scope_drop(struct rvl_scope_table *table, uint16_t number)
{
	struct entry *entry = number ? entry_of(table, number) : NULL;

	if (!entry || --entry->held)
		return;
	HASH_DELETE(hh, table->by_scopes, entry);
	DL_DELETE(entry->alike->list, entry);
	leave_alike(table, entry->alike);
	table->list[entry->index] = NULL;
	rvl_indices_give(&table->indices, entry->index);
	free(entry);
}

const struct rvl_scopes *rvl_scope_of(const struct rvl_scope_table *table, uint16_t number)
{
	return number ? &entry_of(table, number)->scopes : &none;
}

bool rvl_scope_each(const struct rvl_scope_table *table, const struct rvl_scope *out,
		    rvl_scope_each_fn *fn, void *context)
{
	bool done = rvl_scope_equal(out, &none.out) && fn(context, 0);
	struct alike *alike;

	HASH_FIND(hh, table->by_out, out, sizeof(*out), alike);
	for (const struct entry *e = alike ? alike->list : NULL; e && !done; e = e->next)
		done = fn(context, (uint16_t)(e->index + 1));
	return done;
}
