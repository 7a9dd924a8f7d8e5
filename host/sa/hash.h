/* SPDX-License-Identifier: BSD-2-Clause */
/* uthash, whose additions may fail: element->hh.tbl is NULL afterwards, and the table as it was. */
#ifndef RVL_SA_HASH_H
#define RVL_SA_HASH_H

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#endif
