/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is fetched by HTTP, by a process of its own (host/fetch) that is started when it is needed
 * for the first time, and again when it has ended by itself, though less and less often.
 */
#ifndef RVL_RAVELD_FETCH_H
#define RVL_RAVELD_FETCH_H

#include <uv.h>

#include "host/conf/conf.h"
#include "host/raveld/log.h"
#include "host/trust/errand.h"

struct fetch;

/* NULL without memory. */
struct fetch *fetch_open(uv_loop_t *loop, const struct log *log);

/* From now on these hold for what is asked for. */
void fetch_configure(struct fetch *fetch, const struct conf_fetch *conf);

/* Is anything to be fetched? */
bool fetch_is_on(const struct fetch *fetch);

/* What has come, or why nothing has; the reply is the callee's. Once, never before fetch_ask()
 * returns, and when everything stops, too. */
typedef void fetch_heard_fn(void *context, struct trust_reply *reply);

/* 0 or -ENOMEM: nobody is told. */
int fetch_ask(struct fetch *fetch, const struct trust_want *want, fetch_heard_fn *heard,
	      void *context);

/* Whoever waits is told, and the process ends. NULL is fine. */
void fetch_stop(struct fetch *fetch);

/* Once the loop has run until nothing was left in it. NULL is fine. */
void fetch_free(struct fetch *fetch);

#endif
