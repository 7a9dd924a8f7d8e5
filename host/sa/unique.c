// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/unique.h"

#include <errno.h>
#include <stdlib.h>
#include <utlist.h>

#include "host/sa/hash.h"

/* Half of what a number of 32 bits can be: two values are made of each. */
#define MOST (UINT32_MAX / 2 - 1)

struct unique {
	uint32_t number;
	uint32_t users;
	uint64_t group;
	struct family *family;
	struct unique *prev; /* of the same family */
	struct unique *next;
	UT_hash_handle hh;
};

/* All of one owner's for one thing. */
struct family {
	struct {
		uint64_t owner;
		uint64_t kind;
	} key;
	struct unique *list;
	UT_hash_handle hh;
};

struct rvl_uniques {
	uint32_t last; /* number that was given */
	struct unique *by_number;
	struct family *families;
};

struct rvl_uniques *rvl_uniques_new(void)
{
	return calloc(1, sizeof(struct rvl_uniques));
}

static void forget(struct rvl_uniques *uniques, struct unique *unique)
{
	struct family *family = unique->family;

	DL_DELETE(family->list, unique);
	HASH_DELETE(hh, uniques->by_number, unique);
	free(unique);
	if (family->list)
		return;
	HASH_DELETE(hh, uniques->families, family);
	free(family);
}

void rvl_uniques_free(struct rvl_uniques *uniques)
{
	while (uniques && uniques->by_number)
		forget(uniques, uniques->by_number);
	free(uniques);
}

static struct family *family_of(struct rvl_uniques *uniques, const struct rvl_unique_user *user)
{
	const struct family like = {.key = {user->owner, user->kind}};
	struct family *family;

	HASH_FIND(hh, uniques->families, &like.key, sizeof(like.key), family);
	if (family)
		return family;
	family = calloc(1, sizeof(*family));
	if (!family)
		return NULL;
	family->key = like.key;
	HASH_ADD(hh, uniques->families, key, sizeof(family->key), family);
	if (family->hh.tbl)
		return family;
	free(family);
	return NULL;
}

/* The group's; or one that nobody uses; NULL: there is none. */
static struct unique *find(const struct family *family, uint64_t group)
{
	struct unique *free_one = NULL;

	for (struct unique *unique = family->list; unique; unique = unique->next) {
		if (unique->users && group && unique->group == group)
			return unique;
		if (!unique->users && !free_one)
			free_one = unique;
	}
	return free_one;
}

static int add(struct rvl_uniques *uniques, struct family *family, struct unique **out)
{
	struct unique *unique;

	if (uniques->last == MOST)
		return -ENOSPC;
	unique = calloc(1, sizeof(*unique));
	if (!unique)
		return -ENOMEM;
	unique->number = uniques->last + 1;
	unique->family = family;
	HASH_ADD(hh, uniques->by_number, number, sizeof(unique->number), unique);
	if (!unique->hh.tbl) {
		free(unique);
		return -ENOMEM;
	}
	DL_APPEND(family->list, unique);
	uniques->last++;
	*out = unique;
	return 0;
}

int rvl_unique_take(struct rvl_uniques *uniques, const struct rvl_unique_user *user,
		    uint32_t *number)
{
	struct family *family = family_of(uniques, user);
	struct unique *unique = family ? find(family, user->group) : NULL;
	int err = !family ? -ENOMEM : unique ? 0 : add(uniques, family, &unique);

	if (family && !family->list) {
		HASH_DELETE(hh, uniques->families, family);
		free(family);
	}
	if (err)
		return err;
	unique->group = user->group;
	unique->users++;
	*number = unique->number;
	return 0;
}

void rvl_unique_give(struct rvl_uniques *uniques, uint32_t number)
{
	struct unique *unique;

	HASH_FIND(hh, uniques->by_number, &number, sizeof(number), unique);
	if (unique)
		unique->users--;
}

void rvl_uniques_forget(struct rvl_uniques *uniques)
{
	struct unique *next;

	for (struct unique *unique = uniques->by_number; unique; unique = next) {
		next = unique->hh.next;
		if (!unique->users)
			forget(uniques, unique);
	}
}
