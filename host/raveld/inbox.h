/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ESP that came in TCP connections (RFC 9329), on its way from the thread that reads them to the
 * one that verifies it. Each message gets the headers that it would have on the wire.
 */
#ifndef RVL_RAVELD_INBOX_H
#define RVL_RAVELD_INBOX_H

#include <stdbool.h>

#include "host/esp/addr.h"
#include "host/esp/buf.h"

/* As many wait at most; what comes then is dropped. */
#define INBOX_ROOM 1024

struct inbox;

/* Frames are to this station. NULL without memory. */
struct inbox *inbox_new(const uint8_t station[6]);

/* NULL is fine. */
void inbox_free(struct inbox *inbox);

/* ESP from its header, between these addresses. */
void inbox_put(struct inbox *inbox, const struct rvl_addr *src, const struct rvl_addr *dst,
	       const uint8_t *esp, size_t len);

/* The next one as a frame, which is the caller's until the next call. False: there is none. */
bool inbox_next(struct inbox *inbox, struct rvl_buf *frame);

/* How many were dropped. */
uint64_t inbox_full(struct inbox *inbox);

#endif
