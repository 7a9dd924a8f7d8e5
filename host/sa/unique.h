/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers that are one's own as long as they are used, from 1 on. Who comes back gets a number that
 * was his before and that nobody uses, so that there are no more of them than there ever were users
 * at a time; nobody gets one that was another's.
 */
#ifndef RVL_SA_UNIQUE_H
#define RVL_SA_UNIQUE_H

#include <stdint.h>

struct rvl_uniques;

struct rvl_unique_user {
	uint64_t owner; /* whose it is, */
	uint64_t kind;	/* for what of his */
	uint64_t group; /* those of one group have one number; 0: nobody shares it */
};

/* NULL without memory. */
struct rvl_uniques *rvl_uniques_new(void);
void rvl_uniques_free(struct rvl_uniques *uniques);

/* 0, -ENOSPC or -ENOMEM. */
int rvl_unique_take(struct rvl_uniques *uniques, const struct rvl_unique_user *user,
		    uint32_t *number);

/* One that is used, or 0. */
void rvl_unique_give(struct rvl_uniques *uniques, uint32_t number);

/* Whose numbers nobody uses now is forgotten. */
void rvl_uniques_forget(struct rvl_uniques *uniques);

#endif
