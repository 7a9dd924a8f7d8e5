/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shared memory that changes between two looks at it, by seed.
 *
 * The driver core is compiled with the instrumentation of ThreadSanitizer, but not linked with it:
 * fetch.c stands in its place, and so is called before each read of the core. When the read is of
 * memory that the device sees, the hostile device may change it just then. What was checked and is
 * read again to be used is then another value; AddressSanitizer's shadow says where reads and
 * writes of the core may not go.
 *
 * This file is included before each file of the core: copies become octet by octet, so that they
 * can be torn.
 */
#ifndef TESTS_DRIVER_FETCH_H
#define TESTS_DRIVER_FETCH_H

#include <stddef.h>
#include <string.h>

struct hostile;

/* The device that is asked from now on; NULL: none. */
void fetch_watch(struct hostile *h);

void *fetch_copy(void *to, const void *from, size_t size);

#ifdef FETCH_CORE
#define memcpy(to, from, size) fetch_copy(to, from, size)
#endif

#endif
